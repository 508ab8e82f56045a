"""Dashboard, reads the REPORT lines of every function, so that the Cost page covers all of them."""

import asyncio
import time
from dataclasses import dataclass

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.logs import fetch_events
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.invocations import InvocationTracker
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.types import FunctionInfo
from lambdadesk.desk.catalog import Catalog

SPAN_MS = 60 * 60_000
OVERLAP_MS = 60_000
SWEEP_WINDOW_MS = 15 * 60_000  # read again every SWEEP_EVERY readings, for events that came late
SWEEP_EVERY = 10
AHEAD_MS = 60_000
SLICE = 1_000  # events taken in one go
# Everything that ends an invocation or tells that it failed, in the old and the new log format.
# START is among them since an error line without a request id belongs to what has started.
TEXT_PATTERN = (
    '?"START RequestId" ?"REPORT RequestId" ?"Task timed out" ?"[ERROR]" ?"Invoke Error" ?"Runtime exited"'
)
JSON_PATTERN = '"platform.report"'


@dataclass(slots=True)
class Reading:
    """How far one function's log has been read: to `read_to_ms` (server clock), or why it could not be."""

    tracker: InvocationTracker
    read_to_ms: int | None = None
    times: int = 0
    error: UserError | None = None


class Dashboard:
    """Sweeps the log groups of all functions, the last hour first, then what is new.

    Only the lines that end an invocation are asked for. Endpoints that are not AWS are asked for all lines,
    since not all of them filter as CloudWatch does.

    Event changed: the reading of a function went on; the invocations themselves are in the ledger.
    """

    def __init__(self, gateway: Gateway, catalog: Catalog, ledger: InvocationLedger) -> None:
        self.changed: Event[[]] = Event()
        self.since_ms = int(time.time() * 1000) - SPAN_MS
        self.readings: dict[str, Reading] = {}
        self._gateway = gateway
        self._catalog = catalog
        self._ledger = ledger

    async def run(self, interval_s: float) -> None:
        """Read again every `interval_s` seconds until cancelled."""
        while True:
            await self.read()
            await asyncio.sleep(interval_s)

    async def read(self) -> None:
        """Read every function once; a function that fails keeps its error and does not stop the others."""
        functions = self._catalog.state.functions
        names = {function.name for function in functions}
        self.readings = {name: reading for name, reading in self.readings.items() if name in names}
        async with asyncio.TaskGroup() as group:
            slots = asyncio.Semaphore(4)  # the quota is shared with the tails
            for function in functions:
                group.create_task(self._read_within(slots, function), name=f"read {function.name}")

    async def _read_within(self, slots: asyncio.Semaphore, function: FunctionInfo) -> None:
        async with slots:
            reading = self.readings.get(function.name)
            if reading is None:
                reading = self.readings[function.name] = Reading(InvocationTracker(function.name))
            try:
                await self._read(function, reading)
                reading.error = None
            except UserError as error:
                # A function that never ran has no log group: that is not a failure.
                reading.error = None if error.kind is ErrorKind.NOT_FOUND else error
                if reading.error is None:
                    reading.read_to_ms = self._gateway.server_now_ms
        self.changed.emit()

    async def _read(self, function: FunctionInfo, reading: Reading) -> None:
        start_ms = self.since_ms
        if reading.read_to_ms is not None:
            reading.times += 1
            window_ms = OVERLAP_MS if reading.times % SWEEP_EVERY else SWEEP_WINDOW_MS
            start_ms = max(start_ms, reading.read_to_ms - window_ms)
        pattern = ""
        if not self._gateway.target.endpoint_url:
            pattern = JSON_PATTERN if function.log_format == "JSON" else TEXT_PATTERN
        began_ms: int | None = None
        is_complete = True
        end_ms = max(reading.read_to_ms or 0, self._gateway.server_now_ms) + AHEAD_MS
        group = function.log_group_name
        async for page in fetch_events(self._gateway, group, start_ms, end_ms, pattern=pattern):
            began_ms = began_ms or page.server_now_ms
            is_complete = is_complete and page.complete
            for start in range(0, len(page.events), SLICE):
                fed = reading.tracker.feed_all(page.events.between(start, start + SLICE))
                invocations = (reading.tracker.invocations[index] for index in sorted(fed.changed))
                self._ledger.add_seen(function.name, *invocations)
                await asyncio.sleep(0)
        if began_ms is not None and is_complete:
            reading.read_to_ms = min(began_ms, end_ms)
