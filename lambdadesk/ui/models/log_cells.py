"""What the cells of a log's table say: times, levels, and messages without what other columns show."""

import json
import re
import time
from functools import lru_cache
from typing import Any

from lambdadesk.core.logstore import Level

LEVEL_WORDS = {Level.ERROR: "✖ error", Level.WARN: "▲ warn", Level.INFO: "info", Level.DEBUG: "debug"}
# What the runtimes of Python and Node put before a message: level, time, request.
_PREFIX = re.compile(
    r"(?:\[(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\]\t)?\d{4}-\d\d-\d\dT[\d:.]+Z\t([0-9a-f-]{36})\t"
    r"(?:(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\t)?"
)
_JSON_LIMIT = 16_384  # characters of a line that is taken apart to be painted
_JSON_SHOWN = ("timestamp", "level", "requestId")  # there are columns for these


@lru_cache(maxsize=4_096)
def _clock(epoch_s: int, is_utc: bool) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(epoch_s) if is_utc else time.localtime(epoch_s))


def clock_text(timestamp_ms: int, *, is_utc: bool = False) -> str:
    """Time of day to the millisecond, local or UTC."""
    return f"{_clock(timestamp_ms // 1000, is_utc)}.{timestamp_ms % 1000:03d}"


def delay_text(delay_ms: int) -> str:
    return f"{delay_ms:,} ms" if delay_ms < 1_000 else f"{delay_ms / 1000:,.1f} s"


@lru_cache(maxsize=512)
def _message_first(text: str, request_id: str) -> str:
    """A line of the JSON log format as one reads it: the message, then what no other column shows."""
    try:
        return _of_fields(json.loads(text), request_id) or text
    except (ValueError, RecursionError):  # too deep, to be read or to be written again
        return text


def _of_fields(fields: dict[str, Any], request_id: str) -> str:
    """The same of a line that was read; empty where it has no message."""
    if "message" in fields:
        head = fields.pop("message")
        rest = {name: value for name, value in fields.items() if name not in _JSON_SHOWN}
    elif "type" in fields and isinstance(fields.get("record"), dict):  # the platform's own
        head, rest = fields["type"], fields["record"]
    else:
        return ""
    if fields.get("requestId", request_id) != request_id:  # another's is news
        rest["requestId"] = fields["requestId"]
    elif rest.get("requestId") == request_id:
        del rest["requestId"]
    return "  ".join(_json_text(part) for part in (head, rest) if part != {})


def _json_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def without_repeats(text: str, request_id: str) -> str:
    """A message without what the other columns show already, so that what matters isn't elided."""
    if request_id and text.startswith(f"REPORT RequestId: {request_id}"):
        return "REPORT" + text[len("REPORT RequestId: ") + len(request_id) :]
    if text.startswith("{") and len(text) <= _JSON_LIMIT:
        return _message_first(text, request_id)
    prefix = _PREFIX.match(text)
    return text[prefix.end() :] if prefix and prefix[1] == request_id else text
