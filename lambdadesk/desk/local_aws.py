"""LocalAws, the sample account: started, seeded and ended with the window, with traffic on demand."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambdadesk.core.event import Event
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Target

if TYPE_CHECKING:  # all that is local is imported when a Local AWS is first asked for
    from lambdadesk.local.account import SeededAccount
    from lambdadesk.local.server import LocalServer
    from lambdadesk.local.traffic import Traffic
    from lambdadesk.local.traffic import TrafficSource as TrafficSource

TRAFFIC_EVERY_S = 4.0
REGION = "us-east-1"  # where MiniStack's account is


class LocalAws:
    """The Local AWS of this window.

    Event progress: one sentence on what is being done, while it starts.
    Event died: the server ended unasked, with the last lines of its log.
    """

    def __init__(self, state_dir: Path) -> None:
        self.progress: Event[[str]] = Event()
        self.died: Event[[str]] = Event()
        self.account: SeededAccount | None = None
        self._state_dir = state_dir
        self._server: LocalServer | None = None
        self._traffic: Traffic | None = None

    @property
    def is_running(self) -> bool:
        return self.account is not None and self._server is not None and self._server.is_alive

    @property
    def target(self) -> Target:
        assert self._server is not None  # noqa: S101  nobody asks before it was started
        return Target(region=REGION, endpoint_url=self._server.url, is_local=True)

    @property
    def sources(self) -> "tuple[TrafficSource, ...]":
        return self._traffic.sources if self._traffic else ()

    async def start(self) -> None:
        """Start the server and create the sample account. Raises UserError (LOCAL)."""
        from lambdadesk.local.server import LocalServer

        self.account = self._traffic = None  # of a run that has died
        self.progress.emit("Starting the Local AWS")
        if self._server is None:
            self._server = LocalServer(self._state_dir)
            self._server.died.connect(self.died.emit)
        try:
            await self._server.start()
            # Both import boto3, which takes a third of a second.
            account: Any = await in_thread(import_module, "lambdadesk.local.account")
            traffic: Any = await in_thread(import_module, "lambdadesk.local.traffic")
            self.account = await account.seed(self._server.url, self.progress.emit)
        except BaseException:
            await self._server.stop()
            raise
        self._traffic = traffic.Traffic(self.account, self._server.url)

    def sample_event(self, function: str) -> str:
        """The event that a sample function is made for; "{}" for any other."""
        from lambdadesk.local.samples import load_event

        return load_event(function) or "{}"

    async def send(self, source: str) -> str:
        """Send events through one source, or through all for ""; what was sent, in one sentence."""
        assert self._traffic is not None  # noqa: S101  the menu is only there while it runs
        return await (self._traffic.send(source) if source else self._traffic.send_all())

    async def keep_sending(self) -> None:
        """Send through one source after the other until cancelled."""
        while True:
            for source in self.sources:
                await self.send(source.name)
                await asyncio.sleep(TRAFFIC_EVERY_S)

    async def stop(self) -> None:
        """End the server and everything below it."""
        if self._traffic:
            await self._traffic.close()
            self._traffic = None
        self.account = None
        if self._server:
            await self._server.stop()
