"""Memory sizes: $LATEST's is changed, versions with one are published and deleted.

Lambda takes a memory size for $LATEST alone; a version has the one that $LATEST had as it was published.
See https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html.
"""

import asyncio
from typing import Any

from lambdadesk.aws.failures import get_plain_text, retell
from lambdadesk.aws.functions import fetch_pages
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.power_sweep import ChangedElsewhereError, LatestState

_LONGEST_PAUSE_S = 5.0
_GROWTH = 1.6


async def fetch_state(gateway: Gateway, name: str, qualifier: str = "") -> LatestState:
    """What $LATEST, or a version, is now."""
    params: dict[str, Any] = {"Qualifier": qualifier} if qualifier else {}
    reply = await gateway.call("lambda", "GetFunctionConfiguration", FunctionName=name, **params)
    return _to_state(reply)


async def fetch_settled(
    gateway: Gateway, name: str, qualifier: str = "", *, pause_s: float = 0.2, bound_s: float = 600.0
) -> LatestState:
    """The same once no update of it is under way; TIMEOUT after `bound_s`. Pauses grow to 5 s."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + bound_s
    while True:
        state = await fetch_state(gateway, name, qualifier)
        if state.is_settled:
            return state
        if loop.time() + pause_s > ends_at:
            raise UserError(
                f"{get_plain_text(name)} is still being updated.",
                "Try again once Lambda has finished.",
                kind=ErrorKind.TIMEOUT,
            )
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * _GROWTH, _LONGEST_PAUSE_S)


async def update_size(
    gateway: Gateway, name: str, memory_mb: int, revision_id: str, *, confirmed: bool = False
) -> None:
    """Set $LATEST's memory, if its revision is still that one; it settles later (`fetch_settled`).

    ChangedElsewhereError where it is not, or an update is under way. INVALID where Lambda refuses the size.
    """
    try:
        await gateway.call(
            "lambda",
            "UpdateFunctionConfiguration",
            FunctionName=name,
            MemorySize=memory_mb,
            confirmed=confirmed,
            **_given(RevisionId=revision_id),
        )
    except UserError as error:
        raise _retell(error, name, f"Lambda refused {memory_mb:,} MB for {get_plain_text(name)}.") from error


async def publish_version(
    gateway: Gateway, name: str, state: LatestState, description: str, *, confirmed: bool = False
) -> tuple[str, bool]:
    """Publish $LATEST as it is in `state`; the version, and whether it was made now.

    Lambda gives back the last version where nothing has changed since that was published.
    """
    try:
        reply = await gateway.call(
            "lambda",
            "PublishVersion",
            FunctionName=name,
            Description=description,
            confirmed=confirmed,
            **_given(CodeSha256=state.code_sha256, RevisionId=state.revision_id),
        )
    except UserError as error:
        raise _retell(
            error, name, f"Lambda refused to publish a version of {get_plain_text(name)}."
        ) from error
    version = str(reply.get("Version") or "")
    memory_mb = reply.get("MemorySize")
    if not version.isdecimal() or memory_mb != state.memory_mb:
        raise ChangedElsewhereError(
            f"The version that Lambda published of {get_plain_text(name)} has not the memory asked for.",
            "Somebody may be changing the function; try again when they have finished.",
            kind=ErrorKind.INVALID,
            details=f"lambda:PublishVersion\nversion {get_plain_text(version)}, {memory_mb} MB",
        )
    return version, reply.get("Description") == description


async def delete_version(gateway: Gateway, name: str, version: str, *, confirmed: bool = False) -> None:
    """Delete one published version; it is no failure where it is gone already."""
    if not version.isdecimal():  # without a version, the whole function would be deleted
        raise ValueError(f"not the number of a version: {version!r}")
    try:
        await gateway.call(
            "lambda", "DeleteFunction", FunctionName=name, Qualifier=version, confirmed=confirmed
        )
    except UserError as error:
        if error.kind is ErrorKind.NOT_FOUND:
            return
        if "ResourceConflictException" in error.details:
            message = f"Version {version} of {get_plain_text(name)} is used by an alias."
            raise retell(error, message, "Delete it once no alias needs it.") from error
        raise


async def fetch_made(gateway: Gateway, name: str, description: str) -> list[str]:
    """The versions with exactly this description, oldest first."""
    found = []
    async for page in fetch_pages(gateway, "ListVersionsByFunction", "Versions", FunctionName=name):
        found += [
            str(entry["Version"])
            for entry in page
            if entry.get("Description") == description and str(entry.get("Version", "")).isdecimal()
        ]
    return sorted(found, key=int)


async def fetch_sizes(gateway: Gateway, name: str) -> dict[int, str]:
    """What can be run at which memory size as it is, smallest first: $LATEST, an alias of one version, or
    else the newest version.
    """
    sizes: dict[str, int] = {}
    async for page in fetch_pages(gateway, "ListVersionsByFunction", "Versions", FunctionName=name):
        sizes |= {
            str(entry["Version"]): entry["MemorySize"]
            for entry in page
            if isinstance(entry.get("MemorySize"), int) and "Version" in entry
        }
    found: dict[int, str] = {}
    for version in sorted(sizes, key=lambda each: int(each) if each.isdecimal() else 0):
        found[sizes[version]] = version
    async for page in fetch_pages(gateway, "ListAliases", "Aliases", FunctionName=name):
        for alias in page:
            weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
            size = sizes.get(str(alias.get("FunctionVersion")))
            if size is not None and not weights and alias.get("Name"):
                found[size] = str(alias["Name"])
    if "$LATEST" in sizes:
        found[sizes["$LATEST"]] = "$LATEST"
    return dict(sorted(found.items()))


def _given(**params: Any) -> dict[str, Any]:
    """Without what the endpoint did not tell: AWS always does, some others don't."""
    return {name: value for name, value in params.items() if value}


def _to_state(entry: dict[str, Any]) -> LatestState:
    status = str(entry.get("LastUpdateStatus") or "")
    state = str(entry.get("State") or "")
    reason = get_plain_text(entry.get("LastUpdateStatusReason") or entry.get("StateReason") or "")
    memory_mb = entry.get("MemorySize")
    if not isinstance(memory_mb, int):
        raise UserError("Lambda did not say how much memory the function has.", "Try again.")
    return LatestState(
        memory_mb,
        str(entry.get("RevisionId") or ""),
        str(entry.get("LastModified") or ""),
        str(entry.get("CodeSha256") or ""),
        is_settled=status != "InProgress" and state != "Pending",
        failure=reason if status == "Failed" or state == "Failed" else "",
    )


def _retell(error: UserError, name: str, refusal: str) -> UserError:
    if "PreconditionFailedException" in error.details:
        return ChangedElsewhereError(
            f"Somebody else changed {get_plain_text(name)} meanwhile.",
            "Nothing was overwritten. Try again when they have finished.",
            kind=ErrorKind.INVALID,
            details=error.details,
        )
    if "ResourceConflictException" in error.details:
        return ChangedElsewhereError(
            f"{get_plain_text(name)} is just being updated.",
            "Try again when that has finished.",
            kind=ErrorKind.INVALID,
            details=error.details,
        )
    if error.kind is ErrorKind.INVALID:
        return retell(error, refusal, error.hint)
    return error
