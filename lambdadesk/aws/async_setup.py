"""How Lambda treats a function's asynchronous events: retries, age and destinations."""

from typing import Any

from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.async_fate import AsyncSetup
from lambdadesk.core.errors import ErrorKind, UserError


async def fetch_async_setup(gateway: Gateway, name: str, qualifier: str) -> AsyncSetup:
    """The setup of a function's version or alias; what may not be read is named in `unknown`."""
    # What is set without a qualifier holds for $LATEST; MiniStack finds it without one alone.
    which: dict[str, Any] = {
        "FunctionName": name,
        **({} if qualifier == "$LATEST" else {"Qualifier": qualifier}),
    }
    unknown: list[str] = []
    config: dict[str, Any] = {}
    try:
        config = await gateway.call("lambda", "GetFunctionEventInvokeConfig", **which)
    except UserError as error:
        if error.kind is not ErrorKind.NOT_FOUND:  # there is none: the defaults hold
            unknown.append(f"Its retries and destinations could not be read. {error}")
    dead_letter = ""
    try:
        reply = await gateway.call("lambda", "GetFunctionConfiguration", **which)
        dead_letter = str((reply.get("DeadLetterConfig") or {}).get("TargetArn") or "")
    except UserError as error:
        unknown.append(f"Its dead-letter queue could not be read. {error}")
    destinations = config.get("DestinationConfig") or {}
    retries, max_age_s = config.get("MaximumRetryAttempts"), config.get("MaximumEventAgeInSeconds")
    return AsyncSetup(
        retries=retries if isinstance(retries, int) else 2,
        max_age_s=max_age_s if isinstance(max_age_s, int) else 21_600,
        on_success=str((destinations.get("OnSuccess") or {}).get("Destination") or ""),
        on_failure=str((destinations.get("OnFailure") or {}).get("Destination") or ""),
        dead_letter=dead_letter,
        unknown=tuple(unknown),
    )
