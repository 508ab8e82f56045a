"""Tailer, follows one function's log group and accounts for every event."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.logs import fetch_events
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.invocations import Fed, InvocationTracker
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.logstore import Level, LogRow, LogStore
from lambdadesk.core.logstore import LineKind as RowKind
from lambdadesk.core.platform import LineKind
from lambdadesk.core.types import FunctionInfo, Invocation, LogEvent

LOOKBACK_MS = 10 * 60_000  # where a new tail begins
SWEEP_EVERY_MS = 60_000
SWEEP_WINDOW_MS = 15 * 60_000  # events later than this are found by no poll
MIN_OVERLAP_MS, MAX_OVERLAP_MS = 60_000, 300_000
AHEAD_MS = 60_000  # writers' clocks may run ahead of ours
RETRY_CEILING_S = 30.0
SLICE = 250  # events taken in one go

_ROW_KINDS = {LineKind.START: RowKind.START, LineKind.END: RowKind.END, LineKind.REPORT: RowKind.REPORT}
_LEVELS = {"error": Level.ERROR, "warn": Level.WARN, "info": Level.INFO, "debug": Level.DEBUG}


class TailState(StrEnum):
    STARTING = "starting"
    FOLLOWING = "following"
    NO_GROUP = "no group"  # created by the function's first log line
    RETRYING = "retrying"
    DENIED = "denied"


@dataclass(slots=True)
class TailCounts:
    """The ledger of a tail.

    late: came although an earlier poll had already covered their time; kept in their place.
    duplicates: delivered twice under one event id within a poll, and dropped.
    gaps: 1 while the newest stretch could not be read to its end; it is read again until it can.
    complete_to_ms: every event up to here that had been ingested is shown (server clock), None: nothing yet.
    """

    received: int = 0
    late: int = 0
    largest_delay_ms: int = 0
    duplicates: int = 0
    gaps: int = 0
    complete_to_ms: int | None = None


class Tailer:
    """Polls FilterLogEvents over overlapping windows, so that no late event is lost, and drops what it knows.

    Each window starts at the last completed poll, not at "now": sleep, throttling or expired credentials open
    no hole. Every minute a sweep reads the last 15 minutes, for events that come later than the overlap.

    Event changed: after `state`, `error` or `counts` changed. Lines arrive through `store.changed`.
    """

    def __init__(
        self,
        gateway: Gateway,
        function: FunctionInfo,
        ledger: InvocationLedger,
        *,
        poll_s: float = 2.0,
    ) -> None:
        self.function = function
        self.store = LogStore()
        self.tracker = InvocationTracker(function.name)
        self.counts = TailCounts()
        self.state = TailState.STARTING
        self.error: UserError | None = None
        self.changed: Event[[]] = Event()
        self._gateway = gateway
        self._ledger = ledger
        self._poll_s = poll_s
        self._seen: dict[object, int] = {}
        self._floor_ms = 0
        self._anchor_ms: int | None = None  # server time when the last completed poll began
        self._swept_ms = 0
        self._overlap_ms = MIN_OVERLAP_MS
        self._nudge = asyncio.Event()

    def poll_now(self) -> None:
        """Poll at once instead of at the end of the interval (an invocation has just answered)."""
        self._nudge.set()

    def text_of(self, request_id: str, stream: str) -> str:
        """All lines of one invocation that are still in the store, "" if it is not known here."""
        for index in range(len(self.tracker.invocations) - 1, -1, -1):
            invocation = self.tracker.invocations[index]
            if invocation.request_id == request_id and invocation.stream == stream:
                store = self.store
                belongs = store.invocations(store.first, store.end)
                numbers = (store.first + at for at, owner in enumerate(belongs) if owner == index)
                return "\n".join(store.text(number).rstrip("\n") for number in numbers)
        return ""

    async def run(self) -> None:
        """Follow until cancelled; failures are shown in `state` and tried again, more slowly each time."""
        wait_s = self._poll_s
        while True:
            try:
                await self._poll()
            except UserError as error:
                denied = error.kind is ErrorKind.DENIED
                missing = error.kind is ErrorKind.NOT_FOUND
                self.error = None if missing else error
                self.state = (
                    TailState.NO_GROUP if missing else TailState.DENIED if denied else TailState.RETRYING
                )
                wait_s = self._poll_s if missing else min(RETRY_CEILING_S, max(wait_s, self._poll_s) * 2)
            else:
                self.error = None
                self.state = TailState.FOLLOWING
                wait_s = self._poll_s
            self.changed.emit()
            await self._pause(wait_s)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._nudge.wait()
        except TimeoutError:
            pass
        self._nudge.clear()

    async def _poll(self) -> None:
        anchor_ms = self._anchor_ms
        now_ms = self._gateway.server_now_ms  # a wall clock, so that it counts the time asleep
        if anchor_ms is None:
            self._floor_ms = now_ms - LOOKBACK_MS
            start_ms, sweep = self._floor_ms, True
        else:
            # By the time it is now: after an outage, the first poll has to find what came late meanwhile.
            sweep = max(anchor_ms, now_ms) - self._swept_ms >= SWEEP_EVERY_MS
            window_ms = SWEEP_WINDOW_MS if sweep else self._overlap_ms
            start_ms = max(self._floor_ms, anchor_ms - window_ms)
        end_ms = max(anchor_ms or 0, now_ms) + AHEAD_MS
        began_ms: int | None = None
        is_complete = True
        delivered: Counter[object] = Counter()
        group = self.function.log_group_name
        async for page in fetch_events(self._gateway, group, start_ms, end_ms):
            if began_ms is None:
                began_ms = page.server_now_ms
            for start in range(0, len(page.events), SLICE):
                self._take(page.events[start : start + SLICE], delivered)
                await asyncio.sleep(0)  # the window stays alive under a storm
            is_complete = is_complete and page.complete
        # A gap lasts until a later poll has read the same stretch to its end.
        self.counts.gaps = 0 if is_complete else 1
        if began_ms is not None and is_complete:
            # Nothing beyond the end that was asked for is known, whatever the server's clock says.
            done_ms = min(began_ms, end_ms)
            if anchor_ms is None and done_ms - LOOKBACK_MS < self._floor_ms - 1_000:
                self._floor_ms = done_ms - LOOKBACK_MS  # the first answer told that our clock is ahead
            elif sweep:
                self._swept_ms = done_ms
            self._anchor_ms = done_ms
            self.counts.complete_to_ms = done_ms
            self._forget(done_ms - 2 * SWEEP_WINDOW_MS)

    def _take(self, events: list[LogEvent], delivered: Counter[object]) -> None:
        fresh: list[LogEvent] = []
        for event in events:
            # Without an id, equal lines of one millisecond are told apart by their order in the poll.
            same = event.event_id or (event.stream, event.timestamp_ms, event.ingestion_ms, event.message)
            copies = delivered[same]
            delivered[same] += 1
            key = (same, copies) if copies else same
            if key in self._seen:
                continue
            self._seen[key] = event.timestamp_ms
            if copies and event.event_id:
                self.counts.duplicates += 1
            else:
                fresh.append(event)
        if not fresh:
            return
        fresh.sort(key=lambda event: (event.timestamp_ms, event.ingestion_ms))
        self.counts.received += len(fresh)
        covered_ms = self.counts.complete_to_ms
        rows: list[LogRow] = []
        changed: dict[int, Invocation] = {}
        for event in fresh:
            late = covered_ms is not None and event.timestamp_ms < covered_ms
            if late:
                self.counts.late += 1
            delay_ms = max(0, event.ingestion_ms - event.timestamp_ms)
            self.counts.largest_delay_ms = max(self.counts.largest_delay_ms, delay_ms)
            fed = self.tracker.feed(event)
            rows.append(self._row(event, fed, late))
            if fed.changed:
                changed[fed.invocation] = self.tracker.invocations[fed.invocation]
        self._overlap_ms = min(MAX_OVERLAP_MS, max(MIN_OVERLAP_MS, 2 * self.counts.largest_delay_ms))
        self.store.add(rows)
        self._ledger.add_seen(self.function.name, *changed.values())

    def _forget(self, before_ms: int) -> None:
        if len(self._seen) > 20_000:
            self._seen = {key: at for key, at in self._seen.items() if at >= before_ms}

    def _row(self, event: LogEvent, fed: Fed, late: bool) -> LogRow:
        return LogRow(
            event.timestamp_ms,
            event.ingestion_ms,
            event.stream,
            event.message,
            RowKind.APP if fed.line is None else _ROW_KINDS.get(fed.line.kind, RowKind.PLATFORM),
            _LEVELS.get(fed.level, Level.NONE),
            fed.invocation,
            late,
            self.tracker.invocations[fed.invocation].request_id if fed.invocation >= 0 else "",
        )
