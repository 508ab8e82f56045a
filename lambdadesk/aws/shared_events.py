"""Shareable test events: read and written as the console and SAM do it, in a registry of EventBridge Schemas.

The registry itself is left when its last schema goes, as SAM leaves it: others may just be writing to it.
"""

from dataclasses import dataclass
from typing import Any, Final

from lambdadesk.aws.failures import get_plain_text, missing, retell
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.saved_events import EventConflictError
from lambdadesk.core.shared_events import (
    SharedEvent,
    SharedEvents,
    check_limit,
    check_shared_name,
    put_event,
    read_events,
    remove_event,
    rename_event,
    tell_changes,
    to_value,
)
from lambdadesk.core.types import InvocationType

REGISTRY: Final = "lambda-testevent-schemas"
_TYPE: Final = "OpenApi3"
_MOST_VERSIONS: Final = 5  # of one schema
_MOST_PAGES: Final = 10

# What the calls here need. Reading takes the first alone.
ACTIONS: Final = (
    "schemas:DescribeSchema",
    "schemas:DescribeRegistry",
    "schemas:CreateRegistry",
    "schemas:CreateSchema",
    "schemas:GetDiscoveredSchema",
    "schemas:UpdateSchema",
    "schemas:ListSchemaVersions",
    "schemas:DeleteSchemaVersion",
    "schemas:DeleteSchema",
)


@dataclass(frozen=True, slots=True)
class Saved:
    """What there is after a write. note: what others did meanwhile, in a sentence; mostly empty."""

    events: SharedEvents
    note: str = ""


def get_schema_name(function: str) -> str:
    """The schema that holds the events of a function, by its name (no ARN, no alias)."""
    return f"_{function}-schema"


async def fetch_shared_events(gateway: Gateway, function: str) -> SharedEvents:
    """The shareable events of a function; none where nobody shared one yet.

    UserError: DENIED with the action, INVALID where the schema is another thing.
    """
    try:
        reply = await gateway.call("schemas", "DescribeSchema", **_name(function))
    except UserError as error:
        if error.kind is ErrorKind.NOT_FOUND:  # the schema, or the registry
            return SharedEvents()
        raise
    content = reply.get("Content")
    if not isinstance(content, str):
        raise missing("schemas", "DescribeSchema", "Content")
    return read_events(content, str(reply.get("SchemaVersion", "")))


async def save_shared_event(
    gateway: Gateway,
    function: str,
    name: str,
    text: str,
    *,
    base: SharedEvents,
    invocation_type: InvocationType | None = None,
    is_new: bool = False,
    overwrite: bool = False,
    confirmed: bool = False,
) -> Saved:
    """Add an event, or replace the one of this name.

    base: the events as they were read. EventConflictError where somebody else changed this event since; their
    changes of other events are kept. is_new: the name has to be free. overwrite: whatever this event is now.
    invocation_type: None leaves it.
    confirmed: the person did what a write on a production connection asks for (see check_guard).
    UserError: DENIED by the guard or by IAM, INVALID where the text is no JSON or does not fit.
    """
    _check_name(name)
    value = to_value(text)
    now = await fetch_shared_events(gateway, function)
    if is_new and not overwrite:
        _check_free(now, name)
    elif not overwrite:
        _check_unchanged(base, now, name)
    if now.version:
        content = put_event(now.content, name, text, invocation_type)
        return await _update(gateway, function, base, now, content, confirmed)
    check_limit(value, "The event alone")
    found = await gateway.call("schemas", "GetDiscoveredSchema", Events=[value], Type=_TYPE)
    content = put_event(str(found.get("Content") or ""), name, text, invocation_type)
    check_limit(content)
    await _make_registry(gateway, confirmed)
    return await _write(gateway, "CreateSchema", function, base, now, content, confirmed)


async def delete_shared_event(
    gateway: Gateway,
    function: str,
    name: str,
    *,
    base: SharedEvents,
    overwrite: bool = False,
    confirmed: bool = False,
) -> Saved:
    """Delete an event, and with the last one the schema. See save_shared_event for the rest."""
    now = await fetch_shared_events(gateway, function)
    if now.get(name) is None:
        return Saved(now, tell_changes(base, now))
    if not overwrite:
        _check_unchanged(base, now, name)
    content = remove_event(now.content, name)
    if content is not None:
        return await _update(gateway, function, base, now, content, confirmed)
    await _change(gateway, "DeleteSchema", confirmed, **_name(function))
    return Saved(SharedEvents(), "")


async def rename_shared_event(
    gateway: Gateway,
    function: str,
    name: str,
    new_name: str,
    *,
    base: SharedEvents,
    confirmed: bool = False,
) -> Saved:
    """Give an event a name that is still free. See save_shared_event for the rest."""
    _check_name(new_name)
    now = await fetch_shared_events(gateway, function)
    if now.get(name) is None:
        raise UserError(
            f"The shareable event {name} does not exist any more.",
            "Refresh the list.",
            kind=ErrorKind.NOT_FOUND,
        )
    _check_free(now, new_name)
    content = rename_event(now.content, name, new_name)
    return await _update(gateway, function, base, now, content, confirmed)


def _name(function: str) -> dict[str, Any]:
    return {"RegistryName": REGISTRY, "SchemaName": get_schema_name(function)}


def _check_name(name: str) -> None:
    if problem := check_shared_name(name):
        raise UserError(problem, "Choose another name.", kind=ErrorKind.INVALID)


def _check_free(now: SharedEvents, name: str) -> None:
    if taken := now.get(name):
        raise EventConflictError(
            f"There is a shareable event {name} already.",
            "Overwrite it, or save under another name.",
            taken.text,
        )


def _check_unchanged(base: SharedEvents, now: SharedEvents, name: str) -> None:
    """EventConflictError where this one event is not as it was read, whatever became of the others."""
    before, after = base.get(name), now.get(name)
    if base.version == now.version or before == after:
        return
    versions = f"version {base.version or 'none'} was read, {now.version or 'none'} is there"
    if before is None:
        message = f"Somebody else shared an event {name} meanwhile ({versions})."
    elif after is None:
        message = f"Somebody else deleted the shareable event {name} meanwhile ({versions})."
    else:
        message = f"Somebody else changed the {_tell_difference(before, after)} of {name} ({versions})."
    raise EventConflictError(
        message, "Overwrite it, or save under another name.", after.text if after else None
    )


def _tell_difference(before: SharedEvent, after: SharedEvent) -> str:
    parts = [
        *(["payload"] if before.text != after.text else []),
        *(["invocation type"] if before.invocation_type != after.invocation_type else []),
    ]
    return " and the ".join(parts) or "content"


async def _make_registry(gateway: Gateway, confirmed: bool) -> None:
    try:
        await gateway.call("schemas", "DescribeRegistry", RegistryName=REGISTRY)
    except UserError as error:
        if error.kind is not ErrorKind.NOT_FOUND:
            raise
        await _change(gateway, "CreateRegistry", confirmed, RegistryName=REGISTRY)


async def _update(
    gateway: Gateway, function: str, base: SharedEvents, now: SharedEvents, content: str, confirmed: bool
) -> Saved:
    if content == now.content:
        return Saved(now, tell_changes(base, now))
    check_limit(content)
    await _make_room(gateway, function, now.version, confirmed)
    return await _write(gateway, "UpdateSchema", function, base, now, content, confirmed)


async def _make_room(gateway: Gateway, function: str, latest: str, confirmed: bool) -> None:
    """Delete the oldest version where the schema has as many as it may have."""
    versions: list[str] = []
    token: dict[str, Any] = {}
    for _page in range(_MOST_PAGES):
        reply = await gateway.call("schemas", "ListSchemaVersions", **_name(function), **token)
        versions += [str(each.get("SchemaVersion", "")) for each in reply.get("SchemaVersions") or []]
        if not reply.get("NextToken"):
            break
        token = {"NextToken": str(reply["NextToken"])}
    older = [version for version in versions if version.isdecimal() and version != latest]
    if len(versions) >= _MOST_VERSIONS and older:
        oldest = min(older, key=int)
        await _change(gateway, "DeleteSchemaVersion", confirmed, **_name(function), SchemaVersion=oldest)


async def _write(
    gateway: Gateway,
    operation: str,
    function: str,
    base: SharedEvents,
    now: SharedEvents,
    content: str,
    confirmed: bool,
) -> Saved:
    reply = await _change(gateway, operation, confirmed, **_name(function), Content=content, Type=_TYPE)
    version = str(reply.get("SchemaVersion", ""))
    note = tell_changes(base, now) if base.version != now.version else ""
    # There is no token to write by, so that two writers within the same second can only be noticed after it.
    if now.version.isdecimal() and version.isdecimal() and int(version) != int(now.version) + 1:
        note = (
            f"Somebody else saved at the same moment (version {now.version} was read, {version} was "
            "written); their change may be lost."
        )
    return Saved(read_events(content, version), note)


async def _change(gateway: Gateway, operation: str, confirmed: bool, **params: Any) -> dict[str, Any]:
    try:
        return await gateway.call("schemas", operation, confirmed=confirmed, **params)
    except UserError as error:
        if "ConflictException" in error.details and operation == "CreateRegistry":
            return {}  # another made it just now
        if "ConflictException" in error.details:
            raise EventConflictError(
                "Somebody else shared the first event of this function at the same moment.",
                "Refresh the list, then save again.",
                None,
            ) from error
        if error.kind in (ErrorKind.OTHER, ErrorKind.INVALID) and "HTTP 400" in error.details:
            text = get_plain_text(error.details.rpartition("\n")[2])
            raise retell(
                error, "EventBridge refused the shareable events.", f"It says: {text}", ErrorKind.INVALID
            ) from error
        raise
