"""A CloudWatch Logs of ours that is busy, late and unreliable, and counts what it sends.

`python -m benchmarks.storm_server --port-file F` runs it until it is killed. The group "storm" gets events
from a second after the start on; "pages" has 20 full pages of the usual ones. GET /stats tells what was sent.
"""

import argparse
import heapq
import json
import os
import random
import socket
import struct
import threading
import time
import uuid
from bisect import bisect_left, bisect_right, insort
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PAGE_EVENTS, PAGE_BYTES = 10_000, 1_000_000  # AWS's own
OVERHEAD_BYTES = 26  # that CloudWatch Logs counts for each event
STREAMS = 8
PAGES, FULL_PAGE = 20, 9_900  # a page of 10,000 without a token would not be taken for the last one
WORDS = ("order", "shipped", "basket", "payment", "refused", "connection", "reset", "retry", "cache")
THROTTLED, FAILED, RESET, EMPTY, REPEATED = 0.10, 0.05, 0.02, 0.05, 0.01

Key = tuple[int, int, int]  # timestamp, ingestion, number


@dataclass
class Stats:
    events: int = 0  # in the group, whether visible yet or not
    visible: int = 0
    sent: int = 0  # in pages, those that were read again included
    requests: int = 0
    faults: dict[str, int] = field(default_factory=dict)


class Storm:
    """Events that come at a rate, each visible only some time after its timestamp."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.stats = Stats(events=options.per_s * options.seconds)
        self.lock = threading.Lock()
        self.chance = random.Random(20260102)
        self.encoded: list[bytes] = []
        self.sizes: list[int] = []
        self.keys: list[Key] = []  # of what is visible, in order
        self.coming: list[tuple[int, Key]] = []  # a heap by the moment of becoming visible
        self.repeated: set[str] = set()
        self.start_ms = time.time_ns() // 1_000_000 + 1_000
        self._make_events()
        self.pages: dict[int, bytes] = {}

    def _make_events(self) -> None:
        options = self.options
        start_ms = self.start_ms
        for number in range(self.stats.events):
            # Eight in one millisecond, one of each stream.
            at_ms = start_ms + number // STREAMS * STREAMS * 1_000 // options.per_s
            is_late = self.chance.random() < 0.2
            late_ms = self.chance.randrange(options.late_s * 1_000 if is_late else 300)
            message = make_message(self.chance, number)
            event = make_event(at_ms, message, f"stream-{number % STREAMS}", at_ms + late_ms)
            if not options.no_ids:
                event["eventId"] = f"{number:056d}"
            self.encoded.append(json.dumps(event, separators=(",", ":")).encode())
            self.sizes.append(len(message) + OVERHEAD_BYTES)
            self.coming.append((at_ms + late_ms, (at_ms, at_ms + late_ms, number)))
        heapq.heapify(self.coming)

    def _make_page(self, page: int) -> bytes:
        start = page * FULL_PAGE
        return b",".join(
            json.dumps(
                make_event(
                    self.start_ms - 60_000 + number // 10,
                    make_message(self.chance, number),
                    f"stream-{number % STREAMS}",
                )
                | {"eventId": f"{number:056d}"},
                separators=(",", ":"),
            ).encode()
            for number in range(start, start + FULL_PAGE)
        )

    def answer(self, asked: dict[str, Any]) -> tuple[int, bytes]:
        """Status and body; 0: reset the connection."""
        with self.lock:
            self.stats.requests += 1
            if asked["logGroupName"] == "pages":
                return 200, self._answer_page(int(asked.get("nextToken", 0)))
            fault = self._get_fault()
            if fault is not None:
                return fault
            return 200, self._answer_events(asked)

    def _get_fault(self) -> tuple[int, bytes] | None:
        if self.options.no_faults:
            return None
        drawn = self.chance.random()
        if drawn < THROTTLED:
            self._note("throttled")
            return 400, b'{"__type":"ThrottlingException","message":"Rate exceeded"}'
        if drawn < THROTTLED + FAILED:
            self._note("failed")
            return 500, b'{"__type":"ServiceUnavailableException","message":"not now"}'
        if drawn < THROTTLED + FAILED + RESET:
            self._note("reset")
            return 0, b""
        return None

    def _answer_page(self, number: int) -> bytes:
        self.stats.sent += FULL_PAGE
        more = b"" if number + 1 == PAGES else b',"nextToken":"%d"' % (number + 1)
        if number not in self.pages:
            self.pages[number] = self._make_page(number)
        return b'{"events":[' + self.pages[number] + b"]" + more + b"}"

    def _answer_events(self, asked: dict[str, Any]) -> bytes:
        now_ms = time.time_ns() // 1_000_000
        while self.coming and self.coming[0][0] <= now_ms:
            insort(self.keys, heapq.heappop(self.coming)[1])
        self.stats.visible = len(self.keys)
        token = asked.get("nextToken", "")
        if token:
            first = bisect_right(self.keys, tuple(map(int, token.split("-")[:3])))
        else:
            first = bisect_left(self.keys, (asked.get("startTime", 0), 0, 0))
        last = bisect_left(self.keys, (asked.get("endTime", 1 << 60) + 1, 0, 0))
        drawn = 0.5 if self.options.no_faults else self.chance.random()
        if token and drawn < REPEATED and token not in self.repeated:
            self._note("repeated tokens")
            self.repeated.add(token)
            return b'{"events":[],"nextToken":"%s"}' % token.encode()
        if first < last and drawn > 1 - EMPTY and (first > 0 or token):
            self._note("empty pages")
            before = token.split("-")[:3] if token else map(str, self.keys[first - 1])
            again = "-".join([*before, uuid.uuid4().hex])
            return b'{"events":[],"nextToken":"%s"}' % again.encode()
        size, end = 0, first
        while end < last and end - first < min(PAGE_EVENTS, asked.get("limit", PAGE_EVENTS)):
            size += self.sizes[self.keys[end][2]]
            if size > PAGE_BYTES:
                break
            end += 1
        body = b",".join([self.encoded[number] for _at, _in, number in self.keys[first:end]])
        self.stats.sent += end - first
        more = ""
        if end < last:
            more = ',"nextToken":"{}"'.format("-".join(map(str, self.keys[end - 1])))
        return b'{"events":[' + body + b"]" + more.encode() + b',"searchedLogStreams":[]}'

    def _note(self, fault: str) -> None:
        self.stats.faults[fault] = self.stats.faults.get(fault, 0) + 1


def make_message(chance: random.Random, number: int) -> str:
    """About 120 bytes, with the number that tells one event from the others."""
    return f"2026-01-02T03:04:05.{number % 1_000:03d}Z order {number} {' '.join(chance.choices(WORDS, k=12))}"


def make_event(at_ms: int, message: str, stream: str, ingestion_ms: int | None = None) -> dict[str, Any]:
    return {
        "logStreamName": f"2026/01/02/[$LATEST]{stream:0>32}",
        "timestamp": at_ms,
        "message": message,
        "ingestionTime": at_ms + 500 if ingestion_ms is None else ingestion_ms,
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    storm: Storm

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are nothing special."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._send(200, json.dumps(asdict(self.server.storm.stats)).encode())

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
        if not self.headers.get("x-amz-target", "").endswith("FilterLogEvents"):
            self._send(200, b'{"logGroups":[]}')
            return
        status, body = self.server.storm.answer(asked)
        if status:
            self._send(status, body)
            return
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        os.close(self.connection.detach())  # closing it properly would send a FIN first

    def _send(self, status: int, body: bytes) -> None:
        head = (
            f"HTTP/1.1 {status} Whatever\r\nDate: {formatdate(usegmt=True)}\r\n"
            f"Content-Type: application/x-amz-json-1.1\r\nContent-Length: {len(body)}\r\n"
            f"x-amzn-RequestId: {uuid.uuid4()}\r\n\r\n"
        )
        self.wfile.write(head.encode() + body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: it counts."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Run a busy CloudWatch Logs until it is killed.")
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--per-s", type=int, default=2_000, help="events per second")
    parser.add_argument("--seconds", type=int, default=20, help="for how long they come")
    parser.add_argument("--late-s", type=int, default=10, help="the latest come this late")
    parser.add_argument("--no-ids", action="store_true", help="as MiniStack")
    parser.add_argument("--no-faults", action="store_true")
    options = parser.parse_args()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.storm = Storm(options)
    draft = options.port_file.with_suffix(".part")
    draft.write_text(str(server.server_address[1]))
    draft.replace(options.port_file)
    server.serve_forever(poll_interval=0.5)


if __name__ == "__main__":
    main()
