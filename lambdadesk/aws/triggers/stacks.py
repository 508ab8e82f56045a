"""CloudFormation: custom resources and macros of every stack."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lambdadesk.aws.triggers.search import Search, Sighting
from lambdadesk.core.triggers import Answer, Evidence, Mode

_SOURCE = "CloudFormation"
_CALL = "cloudformation:GetTemplate"
# In YAML, which is not taken apart: the text behind the key, or the next line.
_TOKEN = re.compile(r"""["']?(?:ServiceToken|FunctionName)["']?\s*:\s*([^\n]*(?:\n\s+Fn::[^\n]*)?)""")
_REFERENCE = re.compile(r"""(?:!GetAtt|!Ref|Fn::GetAtt["']?\s*:|Ref["']?\s*:)\s*\[?\s*["']?(\w+)""")
_DEAD = ("DELETE_COMPLETE", "DELETE_IN_PROGRESS")


async def look_at_stacks(search: Search) -> str:
    """All stacks that exist, and their templates; what a stack imports from another can't be followed."""
    stacks: dict[str, Mapping[str, Any]] = {}
    async for page in search.pages("cloudformation", "ListStacks", "StackSummaries"):
        stacks |= {
            str(each["StackId"]): each for each in page if str(each.get("StackStatus", "")) not in _DEAD
        }
    await search.ask_all(_SOURCE, _CALL, stacks, lambda search, arn: _ask(search, arn, stacks[arn]), "Stacks")
    return ""


async def _ask(search: Search, arn: str, stack: Mapping[str, Any]) -> None:
    reply = await search.call("cloudformation", "GetTemplate", StackName=arn, TemplateStage="Processed")
    body = reply.get("TemplateBody")
    for name, value in dict.fromkeys(_get_tokens(body)):
        qualifier = search.see(value)
        reference = _REFERENCE.search(value)
        if qualifier is None and reference is not None:
            qualifier = await _follow(search, arn, reference[1])
        if qualifier is None:
            continue
        search.find(
            Sighting(
                _SOURCE,
                str(stack.get("StackName", "")),
                arn,
                Mode.PUSH_ASYNC,
                # Whoever changes the stack calls it, so that there is no other side to ask.
                (Evidence(_CALL, Answer.OK, "The template names this function as a service token."),),
                qualifier=qualifier,
                state=str(stack.get("StackStatus", "")),
                filter=name,
            )
        )


def _get_tokens(body: object) -> Iterator[tuple[str, str]]:
    """(resource, function) of the custom resources and macros in a template: an object, JSON or YAML."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            for found in _TOKEN.finditer(str(body)):
                yield "custom resource", found[1]
            return
    resources = body.get("Resources") if isinstance(body, Mapping) else None
    for name, entry in resources.items() if isinstance(resources, Mapping) else ():
        properties = entry.get("Properties") if isinstance(entry, Mapping) else None
        if not isinstance(properties, Mapping):
            continue
        if "ServiceToken" in properties:
            yield str(name), _to_text(properties["ServiceToken"])
        elif entry.get("Type") == "AWS::CloudFormation::Macro":
            yield str(name), _to_text(properties.get("FunctionName"))


def _to_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


async def _follow(search: Search, stack: str, logical: str) -> str | None:
    """Whether a resource of the stack is the function."""
    async for page in search.pages(
        "cloudformation", "ListStackResources", "StackResourceSummaries", StackName=stack
    ):
        for entry in page:
            if entry.get("LogicalResourceId") == logical and "Lambda" in str(entry.get("ResourceType", "")):
                return search.see(entry.get("PhysicalResourceId"))
    return None
