"""EventBridge: rules of every bus."""

from collections.abc import Mapping
from typing import Any

from lambdadesk.aws.triggers.arns import get_name
from lambdadesk.aws.triggers.search import Search, Sighting, keep
from lambdadesk.core.arns import get_part
from lambdadesk.core.errors import UserError
from lambdadesk.core.triggers import Answer, Evidence, Mode

_SOURCE = "EventBridge"


async def look_at_rules(search: Search) -> str:
    """The rules that have the function as a target, on all buses of the account."""
    buses: list[str] = ["default"]
    failures: list[UserError] = []
    try:
        async for page in search.pages("events", "ListEventBuses", "EventBuses"):
            buses += [str(each["Name"]) for each in page if each.get("Name")]
    except UserError as error:  # those that the policies name can still be asked
        failures.append(error)
        buses += [_get_bus(grant.source_arn) for grant in search.grants if grant.principal == "events"]
    rules: dict[tuple[str, str], None] = {}  # (bus, rule), each once

    async def ask(place: tuple[str, str]) -> None:
        bus, target = place
        pages = search.pages(
            "events", "ListRuleNamesByTarget", "RuleNames", TargetArn=target, EventBusName=bus
        )
        async for page in pages:
            rules.update(((bus, str(name)), None) for name in page)

    places = [(bus, target) for bus in dict.fromkeys(buses) for target in search.get_targets()]
    for items, look in (
        (places, ask),
        (rules, lambda rule: _describe(search, *rule)),
    ):
        try:
            await search.each(items, look)
        except UserError as error:
            failures.append(error)
    named = [arn for arn in search.get_granted(_SOURCE, "events") if (_SOURCE, arn) not in search.asked]
    await search.each(named, lambda arn: _look_for(search, arn))
    if failures:
        raise failures[0]
    search.list_all(_SOURCE, "events:ListRuleNamesByTarget")
    return ""


def _get_bus(arn: str) -> str:
    parts = get_part(arn, 5).split("/")  # rule/NAME or rule/BUS/NAME
    return parts[1] if len(parts) == 3 and "*" not in parts[1] else "default"


async def _describe(search: Search, bus: str, name: str) -> None:
    rule = await search.call("events", "DescribeRule", Name=name, EventBusName=bus)
    arn = str(rule.get("Arn", ""))
    search.answer(_SOURCE, arn, "events:ListTargetsByRule", Answer.ABSENT, "The rule has other targets.")
    pages = search.pages("events", "ListTargetsByRule", "Targets", Rule=name, EventBusName=bus)
    async for page in pages:
        for target in page:
            qualifier = search.see(target.get("Arn"))
            if qualifier is not None:
                _find(search, rule, target, name, bus, qualifier)


def _find(
    search: Search, rule: Mapping[str, Any], target: Mapping[str, Any], name: str, bus: str, qualifier: str
) -> None:
    state = str(rule.get("State", ""))
    text = f"The rule on bus {bus} has this function as a target."
    search.find(
        Sighting(
            _SOURCE,
            name,
            str(rule.get("Arn", "")),
            Mode.PUSH_ASYNC,
            (Evidence("events:ListTargetsByRule", Answer.OK, text),),
            qualifier=qualifier,
            principal="events",
            state=state.capitalize(),
            filter=" ".join(
                str(rule[key]) for key in ("ScheduleExpression", "EventPattern") if rule.get(key)
            ),
            details=keep(
                pattern=rule.get("EventPattern"),
                schedule=rule.get("ScheduleExpression"),
                input=target.get("Input"),
                input_path=target.get("InputPath"),
                input_template=(target.get("InputTransformer") or {}).get("InputTemplate"),
            ),
        )
    )


async def _look_for(search: Search, arn: str) -> None:
    """A rule that a policy names but that does not have the function as a target: is it there at all?"""
    call = "events:DescribeRule"
    try:
        await search.call("events", "DescribeRule", Name=get_name(arn), EventBusName=_get_bus(arn))
    except UserError as error:
        search.trouble(_SOURCE, error, arn, call)
        return
    search.answer(_SOURCE, arn, call, Answer.ABSENT, "The rule exists, but has other targets.")
