"""microburst in a child process, between a client and MiniStack: what goes wrong, goes wrong AWS's way."""

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.local.running import wait_until


class Microburst:
    """A proxy that follows the rules it is given (see its README), and counts what came and what it did."""

    def __init__(self, url: str) -> None:
        self.url = url

    def set_rules(self, *rules: dict[str, Any]) -> None:
        """Follow these alone, from now on, and count anew."""
        self._ask("POST", "rules", list(rules))
        self._ask("DELETE", "fired")

    @property
    def fired(self) -> list[str]:
        """Operation and fault of every rule that was followed, in order."""
        return [f"{each['operation']} {each['action']}" for each in self._ask("GET", "fired")]

    def count_requests(self) -> int:
        """Requests of clients since the start, whatever became of them."""
        return int(self._ask("GET", "stats")["requests"]["total"])

    def is_up(self) -> bool:
        try:
            self._ask("GET", "health")
        except OSError:
            return False
        return True

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(
            f"{self.url}/_microburst/{path}", data=data, headers=headers, method=method
        )
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")


@contextmanager
def microburst(upstream: str) -> Iterator[Microburst]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", "microburst", "--upstream", upstream]
    command += ["--host", "127.0.0.1", "--port", str(port), "--no-resign"]
    process = subprocess.Popen(
        command, env={"PATH": os.environ["PATH"]}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        proxy = Microburst(f"http://127.0.0.1:{port}")
        wait_until(proxy.is_up, "microburst listens")
        yield proxy
    finally:
        process.kill()  # asked to end, it waits for its clients
        process.wait(30)
