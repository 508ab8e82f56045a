"""The person's side of a sign-in: a browser, and what must be left of it."""

import asyncio
import socket
import threading
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from tests.conftest import wait_for_threads
from tests.servers.fake_sso import FakeSso, get_query


class Browser:
    """Opens a page as a browser does, in a thread; `pages` are what it showed at last."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.pages: list[tuple[int, str]] = []
        self._threads: list[threading.Thread] = []

    def __call__(self, url: str) -> None:
        self.urls.append(url)
        thread = threading.Thread(target=self.visit, args=(url,))
        self._threads.append(thread)
        thread.start()

    def visit(self, url: str) -> None:
        try:
            with urllib.request.urlopen(url, timeout=30) as reply:
                self.pages.append((reply.status, reply.read().decode()))
        except urllib.error.HTTPError as error:
            with error:
                self.pages.append((error.code, error.read().decode()))

    def close(self) -> None:
        for thread in self._threads:
            thread.join(5)


class Pauses:
    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class Opened:
    """Takes the address that a browser is to open, and leaves the rest to the test."""

    def __init__(self) -> None:
        self.url = ""
        self._event = asyncio.Event()

    def __call__(self, url: str) -> None:
        self.url = url
        self._event.set()

    async def wait(self) -> int:
        """The port that waits for the browser, once it does."""
        await self._event.wait()
        return self.port

    @property
    def port(self) -> int:
        return get_port(self.url)


def get_port(url: str) -> int:
    port = urlsplit(get_query(url)["redirect_uri"]).port
    assert port is not None
    return port


def assert_no_threads_stay(server: FakeSso) -> None:
    server.stopping.set()  # what still asks gets no answer, and ends
    wait_for_threads("in_thread")


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
