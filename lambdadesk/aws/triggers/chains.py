"""Other functions whose results go to this one."""

from collections.abc import Mapping
from typing import Any

from lambdadesk.aws.functions import fetch_functions
from lambdadesk.aws.triggers.search import Search, Sighting
from lambdadesk.core.arns import get_part
from lambdadesk.core.triggers import Answer, Evidence, Mode
from lambdadesk.core.types import FunctionInfo

_SOURCE = "Lambda destination"
_CALL = "lambda:ListFunctionEventInvokeConfigs"


async def look_at_functions(search: Search) -> str:
    """The destinations of all functions of the region; they call with the role of the function they leave."""
    functions: list[FunctionInfo] = []
    async for page in fetch_functions(search.gateway):
        functions += page
    await search.each(functions, lambda function: _ask(search, function), "Destinations of functions")
    return ""


async def _ask(search: Search, function: FunctionInfo) -> None:
    pages = search.pages(
        "lambda",
        "ListFunctionEventInvokeConfigs",
        "FunctionEventInvokeConfigs",
        mark="NextMarker",
        sends="Marker",
        FunctionName=function.name,
    )
    async for page in pages:
        for entry in page:
            config = entry.get("DestinationConfig") or {}
            for key, text in (("OnSuccess", "on success"), ("OnFailure", "on failure")):
                qualifier = search.see((config.get(key) or {}).get("Destination"))
                if qualifier is not None:
                    await _find(search, function, entry, qualifier, text)


async def _find(
    search: Search, function: FunctionInfo, entry: Mapping[str, Any], qualifier: str, text: str
) -> None:
    reply = await search.call("lambda", "GetFunctionConfiguration", FunctionName=function.name)
    arn = str(entry.get("FunctionArn") or function.arn)
    leaves = [*get_part(arn, 5).split(":"), "", ""][2]
    search.find(
        Sighting(
            _SOURCE,
            function.name if leaves in ("", "$LATEST") else f"{function.name}:{leaves}",
            arn,
            Mode.PUSH_ASYNC,
            (
                Evidence(_CALL, Answer.OK, f"Its destination {text} is this function."),
                await search.check_role(str(reply.get("Role") or ""), qualifier),
            ),
            qualifier=qualifier,
            filter=text,
        )
    )
