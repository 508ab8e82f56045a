"""EventBridge Scheduler and Pipes, which call with a role and are in no policy."""

import json
from collections.abc import Mapping
from typing import Any

from lambdadesk.aws.triggers.search import Search, Sighting, keep
from lambdadesk.core.triggers import Answer, DestinationKind, Evidence, Mode

_PIPES, _SCHEDULER = "Pipes", "Scheduler"


async def look_at_pipes(search: Search) -> str:
    """Pipes that end at the function."""
    async for page in search.pages("pipes", "ListPipes", "Pipes", TargetPrefix=search.arn.text):
        for entry in page:
            if search.see(entry.get("Target")) is not None:
                await _find_pipe(search, entry, is_target=True)
    return ""


async def look_at_all_pipes(search: Search) -> str:
    """Pipes that have the function on their way, which no prefix finds."""
    async for page in search.pages("pipes", "ListPipes", "Pipes"):
        for entry in page:
            if search.see(entry.get("Enrichment")) is not None:
                await _find_pipe(search, entry, is_target=False)
    return ""


async def _find_pipe(search: Search, entry: Mapping[str, Any], *, is_target: bool) -> None:
    part = "Target" if is_target else "Enrichment"
    pipe = await search.call("pipes", "DescribePipe", Name=entry["Name"])
    qualifier = search.see(pipe.get(part)) or ""
    parameters = (pipe.get("TargetParameters") or {}).get("LambdaFunctionParameters") or {}
    is_async = is_target and parameters.get("InvocationType") == "FIRE_AND_FORGET"
    search.find(
        Sighting(
            _PIPES,
            str(pipe.get("Name", "")),
            str(pipe.get("Arn", "")),
            Mode.PUSH_ASYNC if is_async else Mode.PUSH_SYNC,
            (
                Evidence("pipes:DescribePipe", Answer.OK, f"The pipe's {part.lower()} is this function."),
                await search.check_role(str(pipe.get("RoleArn") or ""), qualifier),
            ),
            qualifier=qualifier,
            state=str(pipe.get("CurrentState", "")).capitalize(),
            filter=f"from {pipe.get('Source', '')}",
            details=keep(source=pipe.get("Source"), patterns=_get_patterns(pipe)),
        )
    )


def _get_patterns(pipe: Mapping[str, Any]) -> str:
    criteria = (pipe.get("SourceParameters") or {}).get("FilterCriteria") or {}
    patterns = [str(each["Pattern"]) for each in criteria.get("Filters") or [] if each.get("Pattern")]
    return json.dumps(patterns) if patterns else ""


async def look_at_schedules(search: Search) -> str:
    """All schedules: they can't be asked for by target."""
    found: list[Mapping[str, Any]] = []
    seen = 0
    async for page in search.pages("scheduler", "ListSchedules", "Schedules", MaxResults=100):
        seen += len(page)
        search.tell(f"Schedules: {seen}")
        found += [each for each in page if search.see((each.get("Target") or {}).get("Arn")) is not None]
    await search.each(found, lambda entry: _find_schedule(search, entry))
    return ""


async def _find_schedule(search: Search, entry: Mapping[str, Any]) -> None:
    schedule = await search.call(
        "scheduler", "GetSchedule", Name=entry["Name"], GroupName=entry.get("GroupName", "default")
    )
    target = schedule.get("Target") or {}
    qualifier = search.see(target.get("Arn")) or ""
    arn = str(schedule.get("Arn") or entry.get("Arn", ""))
    search.find(
        Sighting(
            _SCHEDULER,
            str(entry["Name"]),
            arn,
            Mode.PUSH_ASYNC,
            (
                Evidence("scheduler:GetSchedule", Answer.OK, "The schedule's target is this function."),
                await search.check_role(str(target.get("RoleArn") or ""), qualifier),
            ),
            qualifier=qualifier,
            state=str(schedule.get("State", "")).capitalize(),
            filter=str(schedule.get("ScheduleExpression", "")),
            details=keep(schedule=schedule.get("ScheduleExpression"), input=target.get("Input")),
        )
    )
    dead_letters = str((target.get("DeadLetterConfig") or {}).get("Arn") or "")
    if dead_letters:
        search.add_destination(
            DestinationKind.DEAD_LETTER, dead_letters, qualifier, f"{_SCHEDULER}|{arn}|{qualifier}"
        )
