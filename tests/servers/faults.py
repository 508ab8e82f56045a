"""What FakeAws can do wrong. Each fault answers one request in place of the normal answer."""

import json
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol

LOGIN_PAGE = b"<!doctype html><html><title>Hotel WiFi</title><h1>Please sign in</h1></html>"
JSON = "application/x-amz-json-1.1"


@dataclass
class Reply:
    """One HTTP answer. The server adds a request id and the Date, where `headers` don't say otherwise."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": JSON})
    request_id: bool = True


def json_reply(value: Any) -> Reply:
    return Reply(body=json.dumps(value).encode())


def error_reply(status: int, code: str, message: str, **fields: Any) -> Reply:
    """An error as AWS sends it, in both of the JSON protocols' ways."""
    body = json.dumps({"__type": code, "message": message, "Message": message, **fields}).encode()
    return Reply(status, body, {"Content-Type": JSON, "x-amzn-ErrorType": code})


class Exchange(Protocol):
    """One request that waits for its answer."""

    stopping: Event  # set when the server ends

    def normal(self) -> Reply: ...
    def send(self, reply: Reply) -> None: ...
    def encode(self, reply: Reply) -> bytes: ...
    def write(self, data: bytes) -> None: ...
    def drop(self) -> None: ...
    def connection(self) -> socket.socket: ...


Fault = Callable[[Exchange], None]


def reply(status: int, body: Any, *, request_id: bool = True, content_type: str = JSON) -> Fault:
    """Any answer; `body` is bytes, or something to put into JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def fault(exchange: Exchange) -> None:
        exchange.send(Reply(status, data, {"Content-Type": content_type}, request_id))

    return fault


def error(status: int, code: str, message: str = "", **fields: Any) -> Fault:

    def fault(exchange: Exchange) -> None:
        exchange.send(error_reply(status, code, message, **fields))

    return fault


def throttled(reason: str = "CallerRateLimitExceeded") -> Fault:
    return error(429, "TooManyRequestsException", "Rate exceeded", Reason=reason)


def denied(action: str) -> Fault:
    return error(
        403,
        "AccessDeniedException",
        f"User: arn:aws:iam::123456789012:user/test is not authorized to perform: {action} on resource: *",
    )


def expired(code: str = "ExpiredTokenException") -> Fault:
    return error(403, code, "The security token included in the request is expired")


def html(status: int = 200, *, location: str = "") -> Fault:
    """A login page, as captive portals and proxies send it."""

    def fault(exchange: Exchange) -> None:
        headers = {"Content-Type": "text/html"} | ({"Location": location} if location else {})
        exchange.send(Reply(status, LOGIN_PAGE, headers, request_id=False))

    return fault


def slow(seconds: float) -> Fault:
    """The normal answer, late (or at once, when the server ends)."""

    def fault(exchange: Exchange) -> None:
        exchange.stopping.wait(seconds)
        exchange.send(exchange.normal())

    return fault


def hang(exchange: Exchange) -> None:
    """No answer until the server ends."""
    exchange.stopping.wait()
    exchange.drop()


def drip(pause_s: float) -> Fault:
    """The normal answer, byte by byte."""

    def fault(exchange: Exchange) -> None:
        for byte in exchange.encode(exchange.normal()):
            exchange.write(bytes([byte]))
            if exchange.stopping.wait(pause_s):
                break
        exchange.drop()

    return fault


def cut(exchange: Exchange) -> None:
    """The headers and half of the body, then the connection ends."""
    data = exchange.encode(exchange.normal())
    head, _, body = data.partition(b"\r\n\r\n")
    exchange.write(head + b"\r\n\r\n" + body[: len(body) // 2])
    exchange.drop()


def stall(exchange: Exchange) -> None:
    """The headers and half of the body, then nothing until the server ends."""
    data = exchange.encode(exchange.normal())
    head, _, body = data.partition(b"\r\n\r\n")
    exchange.write(head + b"\r\n\r\n" + body[: len(body) // 2])
    exchange.stopping.wait()
    exchange.drop()


def reset(exchange: Exchange) -> None:
    """A TCP reset after the request was read."""
    connection = exchange.connection()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.drop()
    os.close(connection.detach())  # closing it properly would send a FIN first


def garbage(exchange: Exchange) -> None:
    """Not HTTP at all."""
    exchange.write(b"\x00\xff\x10SSH-2.0-OpenSSH\r\n")
    exchange.drop()
