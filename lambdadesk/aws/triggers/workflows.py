"""Step Functions and the Code services."""

import json
from typing import Any

from lambdadesk.aws.triggers.arns import get_name
from lambdadesk.aws.triggers.search import Search, Sighting
from lambdadesk.core.triggers import Answer, Evidence, Mode

_STEPS, _COMMIT, _PIPELINE = "Step Functions", "CodeCommit", "CodePipeline"
_DESCRIBE, _TRIGGERS = "states:DescribeStateMachine", "codecommit:GetRepositoryTriggers"


async def look_at_state_machines(search: Search) -> str:
    """All state machines, whose definitions say what they call; they do it with their role."""
    found = await search.read_all("stepfunctions", "ListStateMachines", "stateMachines", mark="nextToken")
    arns = [str(each["stateMachineArn"]) for each in found]
    await search.each(arns, lambda arn: _ask_machine(search, arn), "State machines")
    return ""


async def _ask_machine(search: Search, arn: str) -> None:
    reply = await search.call("stepfunctions", "DescribeStateMachine", stateMachineArn=arn)
    try:
        definition = json.loads(str(reply.get("definition") or "{}"))
    except ValueError:
        definition = {}
    for qualifier in sorted(search.see_within(definition, ("Resource", "FunctionName"))):
        search.find(
            Sighting(
                _STEPS,
                str(reply.get("name") or get_name(arn)),
                arn,
                Mode.PUSH_SYNC,
                (
                    Evidence(_DESCRIBE, Answer.OK, "A state of the definition names this function."),
                    await search.check_role(str(reply.get("roleArn") or ""), qualifier),
                ),
                qualifier=qualifier,
                state=str(reply.get("status", "")).capitalize(),
                filter=", ".join(_get_states(search, definition, qualifier)),
            )
        )


def _get_states(search: Search, part: Any, qualifier: str) -> list[str]:
    """Names of the states that call it, inner ones of Map and Parallel included."""
    names: list[str] = []
    if isinstance(part, dict):
        states = part.get("States")
        for name, state in states.items() if isinstance(states, dict) else ():
            if not isinstance(state, dict):
                continue
            own = {key: state[key] for key in ("Resource", "Parameters", "Arguments") if key in state}
            if qualifier in search.see_within(own, ("Resource", "FunctionName")):
                names.append(name)
            inner = [state.get("Iterator"), state.get("ItemProcessor"), *(state.get("Branches") or [])]
            names += [each for machine in inner for each in _get_states(search, machine, qualifier)]
    return names


async def look_at_named_repositories(search: Search) -> str:
    await search.ask_granted(_COMMIT, "codecommit", _TRIGGERS, _ask_repository)
    return ""


async def look_at_all_repositories(search: Search) -> str:
    found = await search.read_all("codecommit", "ListRepositories", "repositories", mark="nextToken")
    arns = [search.build_arn("codecommit", str(each["repositoryName"])) for each in found]
    await search.ask_all(_COMMIT, _TRIGGERS, arns, _ask_repository, "Repositories")
    return ""


async def _ask_repository(search: Search, arn: str) -> None:
    reply = await search.call("codecommit", "GetRepositoryTriggers", repositoryName=get_name(arn))
    for entry in reply.get("triggers") or []:
        qualifier = search.see(entry.get("destinationArn"))
        if qualifier is None:
            continue
        parts = [*(entry.get("events") or []), *(entry.get("branches") or [])]
        search.find(
            Sighting(
                _COMMIT,
                get_name(arn),
                arn,
                Mode.PUSH_ASYNC,
                (Evidence(_TRIGGERS, Answer.OK, "A trigger of the repository names this function."),),
                qualifier=qualifier,
                principal="codecommit",
                filter=" ".join(str(each) for each in parts),
            )
        )


async def look_at_pipelines(search: Search) -> str:
    """All pipelines with an action that calls the function."""
    found = await search.read_all("codepipeline", "ListPipelines", "pipelines", mark="nextToken")
    names = [str(each["name"]) for each in found]
    await search.each(names, lambda name: _ask_pipeline(search, name), "Pipelines")
    return ""


async def _ask_pipeline(search: Search, name: str) -> None:
    reply = await search.call("codepipeline", "GetPipeline", name=name)
    pipeline = reply.get("pipeline") or {}
    for stage in pipeline.get("stages") or []:
        for action in stage.get("actions") or []:
            if (action.get("actionTypeId") or {}).get("provider") != "Lambda":
                continue
            qualifier = search.see((action.get("configuration") or {}).get("FunctionName"))
            if qualifier is None:
                continue
            role = str(action.get("roleArn") or pipeline.get("roleArn") or "")
            search.find(
                Sighting(
                    _PIPELINE,
                    name,
                    str((reply.get("metadata") or {}).get("pipelineArn", "")),
                    Mode.PUSH_ASYNC,
                    (
                        Evidence("codepipeline:GetPipeline", Answer.OK, "An action names this function."),
                        await search.check_role(role, qualifier),
                    ),
                    qualifier=qualifier,
                    filter=f"{stage.get('name', '')}/{action.get('name', '')}",
                )
            )
