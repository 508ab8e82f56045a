"""Live Tail sessions for FakeAws: event streams, and how they end."""

import json
import struct
import time
import zlib
from collections.abc import Callable
from typing import Any

from tests.servers.faults import Exchange, Fault

HEAD = (
    b"HTTP/1.1 200 Whatever\r\nContent-Type: application/vnd.amazon.eventstream\r\n"
    b"x-amzn-RequestId: live\r\nTransfer-Encoding: chunked\r\n\r\n"
)
End = Callable[[Exchange], None]


def frame(event_type: str, payload: Any, kind: str = "event") -> bytes:
    """One message of an event stream, as AWS encodes it; kind "exception" ends a session."""
    name = ":exception-type" if kind == "exception" else ":event-type"
    headers = b"".join(
        struct.pack("!B", len(key)) + key.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
        for key, value in {
            ":message-type": kind,
            name: event_type,
            ":content-type": "application/json",
        }.items()
    )
    body = json.dumps(payload).encode()
    head = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
    head += struct.pack("!I", zlib.crc32(head))
    message = head + headers + body
    return message + struct.pack("!I", zlib.crc32(message))


def update(*messages: str, sampled: bool = False, stream: str = "s", timestamp_ms: int = 1) -> bytes:
    now_ms = time.time_ns() // 1_000_000
    results = [
        {
            "message": message,
            "timestamp": timestamp_ms,
            "logStreamName": stream,
            "ingestionTime": now_ms,
            "logGroupIdentifier": "000000000000:/aws/lambda/hello",
        }
        for message in messages
    ]
    return frame("sessionUpdate", {"sessionMetadata": {"sampled": sampled}, "sessionResults": results})


def session(*frames: bytes, end: End | None = None) -> Fault:
    """A session that sends these, then ends with `end`; default: as if the server had no more to say."""

    def fault(exchange: Exchange) -> None:
        exchange.write(HEAD)
        for each in (frame("initial-response", {}), frame("sessionStart", {"sessionId": "1"}), *frames):
            exchange.write(b"%x\r\n%s\r\n" % (len(each), each))
        if end is not None:
            end(exchange)
        else:
            exchange.write(b"0\r\n\r\n")

    return fault


def hang(exchange: Exchange) -> None:
    exchange.stopping.wait()
    exchange.drop()


def pulse(exchange: Exchange) -> None:
    """An update without lines again and again, as AWS sends one every second."""
    while not exchange.stopping.wait(0.02):
        beat = update()
        exchange.write(b"%x\r\n%s\r\n" % (len(beat), beat))


def cut(exchange: Exchange) -> None:
    exchange.drop()


def say(data: bytes) -> End:
    """Send this as the last chunk."""

    def end(exchange: Exchange) -> None:
        exchange.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))

    return end
