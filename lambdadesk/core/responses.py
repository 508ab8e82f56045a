"""What a response is: JSON, text, a web page, a picture, and what an HTTP envelope holds."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

_PARSED_LIMIT = 8 * 1024 * 1024  # bytes; nothing that a synchronous invocation answers is larger
_PRELUDE_END = b"\0" * 8  # between the head and the body of a streamed HTTP response
_PRELUDE_LIMIT = 64 * 1024
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"PK\x03\x04", "application/zip"),
)
_SHORTEST_BASE64 = 64  # characters; shorter ones are words as often as not
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_HTML = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE | re.DOTALL
)
_ENVELOPE_KEYS = {
    "statusCode",
    "statusDescription",
    "headers",
    "multiValueHeaders",
    "cookies",
    "body",
    "isBase64Encoded",
}


class BodyKind(StrEnum):
    EMPTY = "empty"
    JSON = "JSON"
    TEXT = "text"
    HTML = "HTML"
    IMAGE = "image"
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes and what they are. media_type: as declared, or by their first bytes; empty: not known.

    was_base64: they came as base64 in the response.
    """

    kind: BodyKind
    data: bytes
    media_type: str = ""
    was_base64: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    """An HTTP response that API Gateway, a function URL or a load balancer makes of what was returned."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: Body
    problem: str = ""  # why the caller would get another response than this


@dataclass(frozen=True, slots=True)
class Response:
    """What a function returned, and the envelope or the file within it, if there is one."""

    body: Body
    envelope: Envelope | None = None
    inner: Body | None = None  # a file that came as a string of base64


def recognise(data: bytes, media_type: str = "") -> Response:
    """Say what a response is. Takes some 10 ms a megabyte; never raises.

    media_type: that of a streamed response, if one was declared.
    """
    head, mark, rest = data[:_PRELUDE_LIMIT].partition(_PRELUDE_END)
    if mark and isinstance(prelude := _parse(head), dict) and "statusCode" in prelude:
        headers = _headers(prelude)
        body = _body(rest + data[_PRELUDE_LIMIT:], _media_type(headers))
        return Response(Body(BodyKind.BINARY, data), Envelope(_status(prelude) or 0, headers, body))
    body = _body(data, media_type)
    if body.kind is not BodyKind.JSON:
        return Response(body)
    value = _parse(data)
    if isinstance(value, dict):
        return Response(body, _envelope(value))
    if isinstance(value, str) and len(value) >= _SHORTEST_BASE64:
        decoded = _decode(value)
        if decoded and (found := _signature(decoded)):
            return Response(body, inner=_body(decoded, found, was_base64=True))
    return Response(body)


def _envelope(value: dict[str, Any]) -> Envelope | None:
    status = _status(value)
    if status is None or not value.keys() <= _ENVELOPE_KEYS:
        return None
    headers = _headers(value)
    content = value.get("body")
    problem = ""
    if content is not None and not isinstance(content, str):
        problem = "API Gateway takes the body as a string only; it would answer 502 to this."
        data, is_base64 = orjson.dumps(content), False
    else:
        data, is_base64 = (
            (content or "").encode("utf-8", "surrogatepass"),
            value.get("isBase64Encoded") is True,
        )
    if is_base64:
        decoded = _decode(content or "")
        if decoded is None:
            problem, is_base64 = "The body is said to be base64, but it is not.", False
        else:
            data = decoded
    body = _body(data, _media_type(headers), was_base64=is_base64)
    return Envelope(status, headers, body, problem)


def _status(value: Mapping[str, Any]) -> int | None:
    status = value.get("statusCode")
    if isinstance(status, str) and len(status) == 3 and status.isascii() and status.isdigit():
        status = int(status)
    is_status = isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 599
    return status if is_status else None


def _headers(value: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    many = value.get("multiValueHeaders")
    several: Mapping[str, Any] = many if isinstance(many, dict) else {}
    one = value.get("headers")
    if isinstance(one, dict):
        found += [(name, _text(each)) for name, each in one.items() if name not in several]
    for name, each in several.items():
        found += [(name, _text(item)) for item in (each if isinstance(each, list) else [each])]
    cookies = value.get("cookies")
    if isinstance(cookies, list):
        found += [("set-cookie", _text(cookie)) for cookie in cookies]
    return tuple(found)


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _media_type(headers: tuple[tuple[str, str], ...]) -> str:
    declared = (value for name, value in headers if name.lower() == "content-type")
    return next(declared, "").partition(";")[0].strip().lower()


def _body(data: bytes, media_type: str = "", *, was_base64: bool = False) -> Body:
    media_type = media_type.partition(";")[0].strip().lower()
    found = _signature(data)
    if not data:
        kind = BodyKind.EMPTY
    elif found:
        # What it is counts, not what it is said to be.
        kind, media_type = BodyKind.IMAGE if found.startswith("image/") else BodyKind.BINARY, found
    elif _is_json(data):
        kind = BodyKind.JSON
    else:
        kind = _text_kind(data)
    return Body(kind, data, media_type, was_base64)


def _text_kind(data: bytes) -> BodyKind:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return BodyKind.BINARY
    if "\0" in text:
        return BodyKind.BINARY
    return BodyKind.HTML if _HTML.match(text[:4096]) else BodyKind.TEXT


def _signature(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    for mark, media_type in _SIGNATURES:
        # Two letters are a word, too: a bitmap says its own size after them.
        is_sure = mark != b"BM" or int.from_bytes(data[2:6], "little") == len(data)
        if data.startswith(mark) and is_sure:
            return media_type
    return ""


def _is_json(data: bytes) -> bool:
    if len(data) > _PARSED_LIMIT:
        return data.lstrip()[:1] in (b"{", b"[")  # by its looks: nobody waits for more
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True


def _parse(data: bytes) -> Any:
    if len(data) > _PARSED_LIMIT:
        return None
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


def _decode(text: str) -> bytes | None:
    text = "".join(text.split())
    if not text.isascii() or not _BASE64.fullmatch(text):
        return b"" if not text else None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
