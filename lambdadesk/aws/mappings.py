"""Event source mappings: listed, changed behind the connection's guard, and followed until they settle."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from lambdadesk.aws.failures import retell
from lambdadesk.aws.functions import fetch_pages
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.mappings import EventSourceMapping

_LARGEST_BATCH = 10_000
_LONGEST_WINDOW_S = 300
_LONGEST_PAUSE_S = 5.0
_GROWTH = 1.6


async def fetch_mappings(gateway: Gateway, function_arn: str) -> list[EventSourceMapping]:
    """All event source mappings of a function and of its versions and aliases.

    function_arn: without qualifier. Lambda's own filter leaves out those of versions and aliases.
    """
    found = []
    async for page in fetch_pages(gateway, "ListEventSourceMappings", "EventSourceMappings"):
        found += [to_mapping(entry) for entry in page]
    return [
        one
        for one in found
        if one.function_arn == function_arn or one.function_arn.startswith(f"{function_arn}:")
    ]


async def update_mapping(
    gateway: Gateway,
    uuid: str,
    *,
    enabled: bool | None = None,
    batch_size: int | None = None,
    batching_window_s: int | None = None,
    confirmed: bool = False,
) -> EventSourceMapping:
    """Change what is given of one mapping; what it is on the way to is the answer (see `follow`).

    batch_size: records, 1 to 10,000; batching_window_s: 0 to 300. Lambda has lower limits for some sources.
    confirmed: the person did what a write on a production connection asks for (see check_guard).
    UserError: DENIED by the guard or by IAM, INVALID where Lambda refuses the values.
    """
    wanted: dict[str, Any] = {}
    if enabled is not None:
        wanted["Enabled"] = enabled
    if batch_size is not None:
        _check("The batch size", batch_size, 1, _LARGEST_BATCH, "records")
        wanted["BatchSize"] = batch_size
    if batching_window_s is not None:
        _check("The batching window", batching_window_s, 0, _LONGEST_WINDOW_S, "s")
        wanted["MaximumBatchingWindowInSeconds"] = batching_window_s
    try:
        reply = await gateway.call(
            "lambda", "UpdateEventSourceMapping", UUID=uuid, confirmed=confirmed, **wanted
        )
    except UserError as error:
        raise _retell(error) from error
    return to_mapping(reply)


async def follow(
    gateway: Gateway, uuid: str, *, pause_s: float = 0.5, bound_s: float = 600.0
) -> AsyncIterator[EventSourceMapping]:
    """The mapping as it is now and each time it has changed, until its state settles.

    One that is deleted ends with the state "Deleted". pause_s: before the second look; later pauses grow to
    5 s. Throttling only makes the pauses longer. UserError TIMEOUT where it has not settled within `bound_s`.
    """
    last: EventSourceMapping | None = None
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + bound_s
    while True:
        try:
            mapping = to_mapping(await gateway.call("lambda", "GetEventSourceMapping", UUID=uuid))
        except UserError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                yield EventSourceMapping(uuid, state="Deleted")
                return
            if error.kind is not ErrorKind.THROTTLED:
                raise
        else:
            if mapping != last:
                yield mapping
            last = mapping
            if mapping.is_settled:
                return
        if loop.time() + pause_s > ends_at:
            state = last.state if last else "not known"
            raise UserError(
                f"The event source mapping has not settled; its state is {state}.",
                "Refresh in a while; Lambda goes on by itself.",
                kind=ErrorKind.TIMEOUT,
            )
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * _GROWTH, _LONGEST_PAUSE_S)


def to_mapping(entry: Mapping[str, Any]) -> EventSourceMapping:
    """An EventSourceMappingConfiguration of the API."""
    destinations = entry.get("DestinationConfig") or {}
    accesses = entry.get("SourceAccessConfigurations") or ()
    secrets = [str(each.get("URI") or "") for each in accesses]
    return EventSourceMapping(
        uuid=str(entry.get("UUID") or ""),
        function_arn=str(entry.get("FunctionArn") or ""),
        source_arn=str(entry.get("EventSourceArn") or ""),
        state=str(entry.get("State") or ""),
        reason=str(entry.get("StateTransitionReason") or ""),
        last_result=str(entry.get("LastProcessingResult") or ""),
        batch_size=entry.get("BatchSize"),
        batching_window_s=entry.get("MaximumBatchingWindowInSeconds"),
        destination_arn=str((destinations.get("OnFailure") or {}).get("Destination") or ""),
        secret_arns=tuple(dict.fromkeys(each for each in secrets if ":secretsmanager:" in each)),
        is_in_vpc=any(each.get("Type") == "VPC_SUBNET" for each in accesses),
    )


def _check(what: str, value: int, least: int, most: int, unit: str) -> None:
    if not least <= value <= most:
        raise UserError(
            f"{what} must be {least:,} to {most:,} {unit}.", "Choose another value.", kind=ErrorKind.INVALID
        )


def _retell(error: UserError) -> UserError:
    code = error.details.partition("\n")[2]
    if "ResourceInUseException" in code or "ResourceConflictException" in code:
        hint = "Wait until it has settled, then try again."
        return retell(error, "The event source mapping is just being changed.", hint, ErrorKind.INVALID)
    if error.kind is ErrorKind.NOT_FOUND:
        return retell(error, "The event source mapping does not exist any more.", "Refresh the triggers.")
    if error.kind is ErrorKind.INVALID:
        return retell(error, "Lambda refused to change the event source mapping.", error.hint)
    return error
