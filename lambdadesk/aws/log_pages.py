"""Reading pages of log events faster than botocore does, which takes 10 us for each event.

botocore still signs, sends and retries the requests, and reads every answer but a success of the usual shape.
"""

import re
import time
from typing import Any

import orjson

from lambdadesk.core.types import LogColumns

_PIECE_BYTES = 256 * 1024
# Where one object of a list ends and the next begins. Within a string the quote would have a backslash before
# it, or end the string, and then no letter could follow.
_BETWEEN = re.compile(rb'\},\{(?="[A-Za-z])')
_HAND_OVER_S = 0.0002


def read_replies(client: Any) -> None:
    """Let a client of CloudWatch Logs read its pages of FilterLogEvents here."""
    client.meta.events.register("before-parse.cloudwatch-logs.FilterLogEvents", _read_reply)


def read_page(body: bytes, piece_bytes: int = _PIECE_BYTES) -> dict[str, Any] | None:
    """A page as botocore would give it, but with LogColumns as its events; None: it must read it.

    It must where anything is unusual: a key or type that is not the documented one, text that is no UTF-8.
    """
    columns: tuple[list[Any], ...] = ([], [], [], [], [])
    token: Any = None
    try:
        for number, piece in enumerate(_split(body, piece_bytes)):
            if number:
                time.sleep(_HAND_OVER_S)  # noqa: TID251  a worker, that else has the window wait for all of it
            page = orjson.loads(piece)
            for column, more in zip(columns, _to_columns(page["events"]), strict=True):
                column += more
            token = page.get("nextToken", token)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    if token is not None and type(token) is not str:
        return None
    return {"events": LogColumns(*columns)} | ({} if token is None else {"nextToken": token})


def _read_reply(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    if response_dict["status_code"] != 200:
        return
    page = read_page(response_dict["body"])
    if page is not None:
        customized_response_dict.update(page)
        response_dict["body"] = b""  # which leaves nothing for botocore to read


def _split(body: bytes, piece_bytes: int) -> list[bytes]:
    """The page as several: orjson lets no other thread run while it reads one."""
    pieces: list[bytes] = []
    start = 0
    while len(body) - start > piece_bytes:
        cut = _BETWEEN.search(body, start + piece_bytes)
        if cut is None:
            break
        pieces.append(body[start : cut.start() + 1] + b"]}")
        start = cut.start() + 2
    pieces.append(body[start:])
    return [pieces[0], *(b'{"events":[' + piece for piece in pieces[1:])]


def _to_columns(entries: list[dict[str, Any]]) -> tuple[list[Any], ...]:
    """Raises where an entry is not as documented."""
    columns = (
        [entry["timestamp"] for entry in entries],
        [entry["message"] for entry in entries],
        [entry["logStreamName"] for entry in entries],
        [entry["ingestionTime"] for entry in entries],
    )
    if not any("eventId" in entry for entry in entries):
        ids = [""] * len(entries)  # MiniStack's
    else:
        ids = [entry["eventId"] for entry in entries]
    for column, kind in zip((*columns, ids), (int, str, str, int, str), strict=True):
        if not set(map(type, column)) <= {kind}:
            raise TypeError("an event of another shape")
    return (*columns, ids)
