"""Events that a function wrote into its log, found by their shape."""

import ast
import json
import re
from typing import Any, Final

from lambdadesk.core.payload import format_json

_READER = json.JSONDecoder()
_MOST_STARTS: Final = 20  # places of a line where JSON may begin
_DEEPEST: Final = 3  # of an event within what a logger makes of it
_DEEPEST_LITERAL: Final = 100  # brackets; Python's own reader has no limit of its own
_LONGEST: Final = 1024 * 1024  # characters
_START = re.compile(r"\{\s*[\"']")
# All of one row are keys of an event, and together of nothing else that is logged.
_SHAPES: Final = (
    ("requestContext", "headers"),
    ("requestContext", "rawPath"),
    ("requestContext", "requestPayload"),
    ("detail-type", "source", "detail"),
    ("triggerSource", "userPoolId"),
    ("eventSource", "records"),
    ("eventSource", "rmqMessagesByQueue"),
    ("eventSource", "messages"),
    ("deliveryStreamArn", "records"),
    ("RequestType", "ResponseURL"),
    ("methodArn", "type"),
    ("messageVersion", "actionGroup"),
)


def find_event(line: str) -> str | None:
    """The event that a line of a log is or holds, as formatted JSON; None where there is none.

    It may stand behind other words, within the JSON of a logger, as a string in it, or be printed by Python.
    """
    if len(line) > _LONGEST:
        return None
    at = 0
    for _attempt in range(_MOST_STARTS):
        start = _START.search(line, at)
        if start is None:
            return None
        at = start.start()
        try:
            value, end = _READER.raw_decode(line, at)
        except (ValueError, RecursionError):
            value, end = _read_literal(line[at:]), at + 1
            if is_event(value):
                return _dump(value)
        else:
            if is_event(value):
                return format_json(line[at:end])  # its numbers as they were
            if found := _search(value, _DEEPEST):
                return _dump(found)
        at = end
    return None


def is_event(value: Any) -> bool:
    """Whether a value has the shape of something that AWS hands to a function."""
    if not isinstance(value, dict):
        return False
    if any(all(key in value for key in shape) for shape in _SHAPES):
        return True
    if isinstance(value.get("awslogs"), dict):
        return True
    records = value.get("Records")
    if not isinstance(records, list) or not records or not isinstance(records[0], dict):
        return False
    return any(key in records[0] for key in ("eventSource", "EventSource", "cf"))


def _search(value: Any, depth: int) -> dict[str, Any] | None:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if not isinstance(value, dict):
        return None
    if is_event(value):
        return value
    if depth:
        for inner in value.values():
            if found := _search(inner, depth - 1):
                return found
    return None


def _read_literal(text: str) -> Any:
    """What Python's print makes of a dict."""
    if not text.startswith("{'") or _get_depth(text) > _DEEPEST_LITERAL:
        return None
    try:
        value = ast.literal_eval(text.rstrip())
        json.dumps(value, allow_nan=False)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
    return value


def _get_depth(text: str) -> int:
    depth = deepest = 0
    for bracket in re.findall(r"[\[\](){}]", text):
        depth += 1 if bracket in "[({" else -1
        deepest = max(deepest, depth)
    return deepest


def _dump(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
