"""Shareable test events, as the examples of an OpenAPI document hold them.

Every change is made in the text: what is not changed stays as it is to the character, numbers included.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.payload import check_payload, format_json, minify_json
from lambdadesk.core.types import InvocationType

LIMIT: Final = 100_000  # characters of a schema's content, which is all events of a function
PRIVATE_NOTE: Final = (
    "Private test events of the AWS console can't be read by any other program; "
    "open one there and copy its text, or save it as shareable."
)
_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")  # OpenAPI's own rule for the keys of components
_SPACE = re.compile(r"[ \t\r\n]*")
_READER = json.JSONDecoder(parse_float=str, parse_int=str)  # nobody computes with them
_METADATA: Final = "x-metadata"


@dataclass(frozen=True, slots=True)
class SharedEvent:
    """One event, laid out to be read. invocation_type: None where the event does not say, or says neither.

    problem: why it can't be used, in one sentence.
    """

    name: str
    text: str
    invocation_type: InvocationType | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SharedEvents:
    """All shareable events of a function. version: of the schema that holds them; empty: there is none."""

    events: tuple[SharedEvent, ...] = ()
    version: str = ""
    content: str = ""

    def get(self, name: str) -> SharedEvent | None:
        return next((event for event in self.events if event.name == name), None)

    @property
    def characters(self) -> int:
        """How much of LIMIT is in use."""
        return len(self.content)


def check_shared_name(name: str) -> str | None:
    """Why a shareable event can't have this name, as a sentence; None if it can."""
    if _NAME.fullmatch(name):
        return None
    return "The name of a shareable event has letters, digits, dots, hyphens and underscores only."


def read_events(content: str, version: str) -> SharedEvents:
    """The events in a schema's content. UserError (INVALID) where it is no such schema."""
    spans = _get_examples(content)
    events = tuple(_read(content, name, start) for name, (start, _end) in spans.items())
    return SharedEvents(events, version, content)


def put_event(content: str, name: str, text: str, invocation_type: InvocationType | None) -> str:
    """The content with an event added or replaced; None leaves the invocation type as it is.

    What else is said of the event, and in the schema, stays. UserError (INVALID): no JSON, or no such schema.
    """
    value = to_value(text)
    if not _find_examples(content):
        content = _set_member(content, _find_components(content), "examples", "{}")
    examples = _find_examples(content)
    example = _get_members(content, examples).get(name)
    if example is None or content[example[0]] != "{":
        metadata = _to_metadata(invocation_type) if invocation_type else ""
        parts = [f'"value":{value}', *([f'"{_METADATA}":{metadata}'] if metadata else [])]
        return _set_member(content, examples, name, "{" + ",".join(parts) + "}")
    if invocation_type is not None:
        content = _set_invocation_type(content, example[0], invocation_type)
    return _set_member(content, example[0], "value", value)


def remove_event(content: str, name: str) -> str | None:
    """The content without an event; None where nothing would be left of the events."""
    if set(_get_examples(content)) <= {name}:
        return None
    return _remove_member(content, _find_examples(content), name)


def rename_event(content: str, name: str, new_name: str) -> str:
    """The content with an event under another name, with all that is said of it."""
    examples = _find_examples(content)
    start, end = _get_members(content, examples)[name]
    moved = _set_member(content, examples, new_name, content[start:end])
    return _remove_member(moved, examples, name)


def to_value(text: str) -> str:
    """An event as it goes into a schema. UserError (INVALID) for what is no JSON."""
    problem = check_payload(text)
    if problem is not None and problem.is_error:
        raise UserError("Only valid JSON can be shared.", f"Mend it first. {problem}", kind=ErrorKind.INVALID)
    return minify_json(text)


def check_limit(content: str, what: str = "All shareable events of this function together") -> None:
    """UserError (INVALID) with the figure where a schema's content would be too large."""
    if len(content) > LIMIT:
        raise UserError(
            f"{what} would have {len(content):,} characters; EventBridge takes {LIMIT:,}.",
            "Delete other shareable events, or keep this one as a saved event.",
            kind=ErrorKind.INVALID,
        )


def tell_changes(before: SharedEvents, now: SharedEvents) -> str:
    """What others did in between, in a sentence; empty where that is nothing."""
    old = {event.name: event for event in before.events}
    new = {event.name: event for event in now.events}
    found = (
        ("added", [name for name in new if name not in old]),
        ("changed", [name for name in new if name in old and new[name] != old[name]]),
        ("deleted", [name for name in old if name not in new]),
    )
    parts = [f"{word} {', '.join(names)}" for word, names in found if names]
    return f"Meanwhile somebody else {' and '.join(parts)}." if parts else ""


def _read(content: str, name: str, start: int) -> SharedEvent:
    members = _get_members(content, start) if content[start] == "{" else {}
    if "value" not in members:
        return SharedEvent(name, "", problem="This example of the schema has no value.")
    metadata: Any = None
    if _METADATA in members:
        metadata = _READER.raw_decode(content, members[_METADATA][0])[0]
    kind = metadata.get("invocationType") if isinstance(metadata, dict) else None
    known = {each.value: each for each in (InvocationType.REQUEST_RESPONSE, InvocationType.EVENT)}
    invocation_type = known.get(kind) if isinstance(kind, str) else None
    return SharedEvent(name, format_json(content[slice(*members["value"])]), invocation_type)


def _to_metadata(invocation_type: InvocationType) -> str:
    return json.dumps({"invocationType": invocation_type.value}, separators=(",", ":"))


def _set_invocation_type(content: str, example: int, invocation_type: InvocationType) -> str:
    metadata = _get_members(content, example).get(_METADATA)
    if metadata is None or content[metadata[0]] != "{":
        return _set_member(content, example, _METADATA, _to_metadata(invocation_type))
    return _set_member(content, metadata[0], "invocationType", json.dumps(invocation_type.value))


# -- a JSON text, changed in place; an object is named by where its "{" stands


def _find_components(content: str) -> int:
    start = _skip(content, 0)
    try:
        _, end = _READER.raw_decode(content, start)
        if content[start] != "{" or _skip(content, end) != len(content):
            raise ValueError("more than an object")
        components, _ = _get_members(content, start)["components"]
        if content[components] != "{":
            raise ValueError("not an object")
    except (ValueError, KeyError, IndexError, RecursionError) as error:
        raise UserError(
            "The schema of the shareable events is not one that holds test events.",
            "Look at it in the console of EventBridge; LambdaDesk leaves it as it is.",
            kind=ErrorKind.INVALID,
            details=f"{type(error).__name__}: {str(error)[:200]}",
        ) from error
    return components


def _find_examples(content: str) -> int:
    """Where the examples begin, 0 where there are none."""
    start, _end = _get_members(content, _find_components(content)).get("examples", (0, 0))
    return start if start and content[start] == "{" else 0


def _get_examples(content: str) -> dict[str, tuple[int, int]]:
    examples = _find_examples(content)
    return _get_members(content, examples) if examples else {}


def _get_members(content: str, start: int) -> dict[str, tuple[int, int]]:
    """Where the value of each key begins and ends; of a key given twice the last, as readers take it."""
    return {key: (begin, end) for key, _, begin, end in _walk(content, start)}


def _walk(content: str, start: int) -> Iterator[tuple[str, int, int, int]]:
    """Key, where the key begins, where its value begins and ends; the text is known to be JSON."""
    at = _skip(content, start + 1)
    while content[at] != "}":
        key, key_end = _READER.raw_decode(content, at)
        begin = _skip(content, _skip(content, key_end) + 1)
        _, end = _READER.raw_decode(content, begin)
        yield key, at, begin, end
        at = _skip(content, end)
        if content[at] == ",":
            at = _skip(content, at + 1)


def _skip(content: str, at: int) -> int:
    found = _SPACE.match(content, at)
    return found.end() if found else at


def _set_member(content: str, start: int, key: str, value: str) -> str:
    members = _get_members(content, start)
    if key in members:
        begin, end = members[key]
        return content[:begin] + value + content[end:]
    if members:
        end = max(end for _, end in members.values())
        return f"{content[:end]},{json.dumps(key)}:{value}{content[end:]}"
    return f"{content[: start + 1]}{json.dumps(key)}:{value}{content[start + 1 :]}"


def _remove_member(content: str, start: int, key: str) -> str:
    while True:
        walked = list(_walk(content, start))
        place = next((number for number, each in enumerate(walked) if each[0] == key), None)
        if place is None:
            return content
        if place + 1 < len(walked):
            content = content[: walked[place][1]] + content[walked[place + 1][1] :]
        elif place:
            content = content[: walked[place - 1][3]] + content[walked[place][3] :]
        else:
            content = content[: walked[place][1]] + content[walked[place][3] :]
