"""Response streams as InvokeWithResponseStream sends them: frames of AWS's event stream encoding."""

import base64
import json
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping

from tests.servers.faults import Exchange, Fault, Reply

_CHUNK = 1024


def frame(event: str, payload: bytes, content_type: str = "application/octet-stream") -> bytes:
    """One event: lengths, headers, payload and both checksums."""
    headers = b""
    named = {":event-type": event, ":content-type": content_type, ":message-type": "event"}
    for name, value in named.items():
        headers += struct.pack("!B", len(name)) + name.encode()
        headers += struct.pack("!BH", 7, len(value)) + value.encode()
    head = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    data = head + struct.pack("!I", zlib.crc32(head)) + headers + payload
    return data + struct.pack("!I", zlib.crc32(data))


def chunk(data: bytes) -> bytes:
    return frame("PayloadChunk", data)


def complete(**fields: str) -> bytes:
    """InvokeComplete: ErrorCode, ErrorDetails, LogResult."""
    return frame("InvokeComplete", json.dumps(fields).encode(), "application/json")


def to_stream(reply: Reply) -> Reply:
    """The answer to an Invoke as a stream of chunks; an error stays as it is."""
    if reply.status != 200:
        return reply
    headers = dict(reply.headers)
    content_type = headers.pop("Content-Type", "application/octet-stream")
    error, log = headers.pop("X-Amz-Function-Error", ""), headers.pop("X-Amz-Log-Result", "")
    fields = {"ErrorCode": error, "ErrorDetails": reply.body.decode()} if error else {}
    if log:
        fields["LogResult"] = log
    body = b"" if error else reply.body
    frames = [chunk(body[start : start + _CHUNK]) for start in range(0, len(body), _CHUNK)]
    return _reply(b"".join([*frames, complete(**fields)]), content_type, headers)


def _reply(body: bytes, content_type: str, headers: Mapping[str, str]) -> Reply:
    return Reply(200, body, {"Content-Type": content_type, **headers})


def _transfer(data: bytes) -> bytes:
    """A chunk of HTTP's chunked encoding, as AWS sends streams; an empty one ends it."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def streaming(
    chunks: Iterable[bytes],
    *,
    log: str = "",
    error: str = "",
    details: str = "",
    is_whole: bool = True,
    then: Callable[[Exchange], None] | None = None,
    content_type: str = "text/plain",
) -> Fault:
    """A stream of these chunks, each written when the iterable gives it. is_whole: InvokeComplete follows.

    then: what else happens to the connection, such as faults.reset.
    """

    def fault(exchange: Exchange) -> None:
        head = exchange.encode(_reply(b"", content_type, {"X-Amz-Executed-Version": "7"}))
        exchange.write(head.replace(b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n"))
        for data in chunks:
            exchange.write(_transfer(chunk(data)))
        if is_whole:
            fields = {"ErrorCode": error, "ErrorDetails": details} if error else {}
            if log:
                fields["LogResult"] = base64.b64encode(log.encode()).decode()
            exchange.write(_transfer(complete(**fields)) + _transfer(b""))
        if then is not None:
            then(exchange)
        else:
            exchange.drop()

    return fault
