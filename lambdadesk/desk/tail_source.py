"""TailSource, one log group of a tail: what is read of it when, and the account of that."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from operator import itemgetter, sub

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.logs import LogGroup, fetch_events, fetch_group
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.invocation_list import InvocationList
from lambdadesk.core.invocations import InvocationTracker
from lambdadesk.core.tail_counts import Gap, GapState, TailCounts
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import LogColumns
from lambdadesk.desk.seen_events import SeenEvents

LOOKBACK_MS = 10 * 60_000  # where a new tail begins
SWEEP_EVERY_MS = 60_000
SWEEP_WINDOW_MS = 15 * 60_000  # events later than this are found by no poll
AHEAD_MS = 60_000  # writers' clocks may run ahead of ours
SLICE = 300  # events taken in one go: some milliseconds, also while many runs compute
MOST_SLICE = 1_200  # where it goes quickly
LATE_SLICE = 40  # at first of late ones, each of which moves all lines after it

_MIN_OVERLAP_MS, _MAX_OVERLAP_MS = 60_000, 300_000
# Where a minute takes many pages, which all tails wait for: the sweeps find what is later.
_MIN_BUSY_OVERLAP_MS, _BUSY_PAGES = 10_000, 3
_SPARE_MS = 5_000
_TICK_MS = 1_000  # of the server's clock, as its answers tell it
_FADES = 0.99  # the largest delay, with every poll
_CHUNK_MS, _MIN_CHUNK_MS = 3_600_000, 60_000  # read before the place is noted; long stretches fail half-way
_QUICK_S, _QUICK_LATE_S = 0.002, 0.001  # a step; after a late one the window has more to do
_REMEMBER_MS = SWEEP_WINDOW_MS + 5 * 60_000

# Streams of a group that functions share: 2026/01/02/orders[$LATEST]0123; of a function's own: no name.
_NAMED_STREAM = re.compile(r"\d{4}/\d\d/\d\d/([^\[\]]+)\[")


_by_time = itemgetter(0, 3)


def _next_size(size: int, taken_s: float, least: int, quick_s: float = _QUICK_S) -> int:
    """How many events to take next, after so many were begun at this moment of the performance counter."""
    is_quick = time.perf_counter() - taken_s < quick_s
    return min(MOST_SLICE, 2 * size) if is_quick else least


class TailState(StrEnum):
    STARTING = "starting"
    FOLLOWING = "following"
    NO_GROUP = "no group"  # created by the function's first log line
    RETRYING = "retrying"
    DENIED = "denied"
    PAUSED = "paused"
    LEFT = "left"  # no longer followed; what was read of it stays


@dataclass(frozen=True, slots=True)
class TailGroup:
    """What to follow: a log group, of a shared one only the streams of a function.

    function: the function's name; empty: no function's, and all of its streams.
    """

    name: str
    function: str = ""


class TailSource:
    """Reads one group over overlapping windows, each of which starts at the last completed poll.

    So no sleep, throttling or expired credentials open a hole. Every minute a sweep reads the last
    15 minutes, for events that come later than the overlap.

    note: what can't be promised of this group, empty where nothing is known to be missing.
    scanned_to_ms: how far a long poll has come, None between polls.
    asked_ms: since when an answer is waited for; retry_ms: when it is asked again after a failure. Both by
        the server's clock, None where nothing is.
    """

    def __init__(
        self,
        gateway: Gateway,
        index: int,
        group: TailGroup,
        invocations: InvocationList,
        *,
        lookback_ms: int,
        since_ms: int | None,
        progressed: Callable[[], None],
        begun_s: float | None = None,
    ) -> None:
        """begun_s: wall clock at the first attempt to read, where that is before this one's own."""
        self.index = index
        self.group = group
        self.name = group.name
        self.counts = TailCounts()
        self.tracker = InvocationTracker(group.function, invocations)
        self.state = TailState.STARTING
        self.error: UserError | None = None
        self.note = ""
        self.missing_ms: int | None = None  # when it was known last that there was no such group
        self.scanned_to_ms: int | None = None
        self.asked_ms: int | None = None
        self.retry_ms: int | None = None
        self.pause_s = 0.0  # until the next poll
        self.is_described = False
        self.make_room: Callable[[], Awaitable[None]] | None = None  # awaited before each page is taken
        self._gateway = gateway
        self._progressed = progressed
        self._seen = SeenEvents()
        self._lookback_ms = lookback_ms
        self._since_ms = since_ms
        self.floor_ms = 0  # where it began to read
        self.begun_s = begun_s  # wall clock at the first attempt to read, None before it
        self._anchor_ms: int | None = None  # server time when the last completed poll began
        self._polled_ms = 0
        self._swept_ms = 0
        self._delay_ms = 0.0
        self._pages = 0  # of the last poll that was no sweep
        self._chunk_ms = _CHUNK_MS
        self._slice = SLICE
        self._known: LogGroup | None = None
        self._knows_time = False
        self._late: list[LogColumns] = []  # of this poll
        self._is_other: dict[str, bool] = {}  # streams of another function

    async def poll(self, show: Callable[[LogColumns], None]) -> None:
        """Read once, and show the events that are new, slice by slice; UserError where reading fails."""
        self.asked_ms = self._polled_ms = self._gateway.server_now_ms
        try:
            await self._poll(show)
        finally:
            self.asked_ms = None

    async def _poll(self, show: Callable[[LogColumns], None]) -> None:
        if self.state is TailState.NO_GROUP and self._anchor_ms is not None:
            await self._look_for_another()
        anchor_ms = self._anchor_ms
        now_ms = self._gateway.server_now_ms  # a wall clock, so that it counts the time asleep
        if anchor_ms is None:
            self.floor_ms = self._get_floor_ms()
            start_ms, sweep = self.floor_ms, True
        else:
            # By the time it is now: after an outage, the first poll has to find what came late meanwhile.
            sweep = max(anchor_ms, now_ms) - self._swept_ms >= SWEEP_EVERY_MS
            window_ms = SWEEP_WINDOW_MS if sweep else self._overlap_ms
            start_ms = max(self.floor_ms, anchor_ms - window_ms)
            if gap := self.counts.open_gap:
                gap.to_ms = max(gap.to_ms, now_ms)
        end_ms = max(anchor_ms or 0, now_ms) + AHEAD_MS
        if self._seen.is_large:
            await in_thread(self._seen.pack)
        self._seen.begin_poll()
        self._late = []
        try:
            await self._read(start_ms, end_ms, sweep, show)
            await self._show_late(show)
        finally:
            self.scanned_to_ms = None
            late, self._late = LogColumns.of(chain.from_iterable(self._late)), []
            if len(late):
                show(late)

    async def _show_late(self, show: Callable[[LogColumns], None]) -> None:
        """Show the late events in order of time, some at once: each piece of the log is touched once."""
        late = LogColumns.of(sorted(chain.from_iterable(self._late), key=_by_time))
        start, size = 0, LATE_SLICE
        while start < len(late):
            # What is left, should this be cancelled.
            self._late = [late.between(start + size, len(late))]
            taken_s = time.perf_counter()
            show(late.between(start, start + size))
            start += size
            size = _next_size(size, taken_s, LATE_SLICE, _QUICK_LATE_S)
            await asyncio.sleep(0)
        self._late = []

    async def _read(
        self, start_ms: int, end_ms: int, sweep: bool, show: Callable[[LogColumns], None]
    ) -> None:
        anchor_ms, now_ms = self._anchor_ms, end_ms - AHEAD_MS
        pages = 0
        while True:
            chunk_ms = min(end_ms, max(start_ms, anchor_ms or 0) + self._chunk_ms)
            began_ms: int | None = None
            is_complete = True
            reading = fetch_events(self._gateway, self.name, start_ms, chunk_ms, party=self)
            async with aclosing(reading):
                async for page in reading:
                    pages += 1
                    self.asked_ms = None
                    if began_ms is None:
                        began_ms = page.server_now_ms
                        if gap := self.counts.open_gap:  # nothing was read until now
                            gap.to_ms = max(gap.to_ms, began_ms)
                    is_complete = is_complete and page.complete
                    self.scanned_to_ms = max(
                        page.events.timestamps_ms, default=self.scanned_to_ms or start_ms
                    )
                    if pages > 1:
                        self._progressed()
                    if self.make_room is not None:
                        await self.make_room()
                    start = 0
                    while start < len(page.events):
                        taken_s = time.perf_counter()
                        stop = start + self._slice
                        fresh = self._put_late_aside(self._take(page.events.between(start, stop)))
                        if len(fresh):
                            show(fresh)
                        start = stop
                        self._slice = _next_size(self._slice, taken_s, SLICE)
                        await asyncio.sleep(0)  # the window stays alive under a storm
                    self.asked_ms = self._gateway.server_now_ms
            if not is_complete or began_ms is None:
                self._chunk_ms = max(_MIN_CHUNK_MS, self._chunk_ms // 2)
                self.interrupt("The pages of this stretch could not be read to their end.", end_ms=now_ms)
                break
            # Nothing beyond the end that was asked for is known, whatever the server's clock says.
            done_ms = min(began_ms, chunk_ms)
            knew_time, self._knows_time = self._knows_time, True
            if not knew_time and self._since_ms is None and began_ms < now_ms - _TICK_MS:
                break  # our clock was ahead: the next poll, which knows, is the first
            self._anchor_ms = self.counts.complete_to_ms = anchor_ms = done_ms
            if chunk_ms >= end_ms or chunk_ms >= began_ms:
                self._finish(done_ms, sweep, pages)
                break
            start_ms = chunk_ms + 1

    def _put_late_aside(self, events: LogColumns) -> LogColumns:
        """The others. Late lines are put in their places together: each change there moves many lines."""
        covered_ms = self._anchor_ms
        if covered_ms is None or min(events.timestamps_ms, default=covered_ms) >= covered_ms:
            return events
        late = [at_ms < covered_ms for at_ms in events.timestamps_ms]
        self._late.append(events.where(late))
        return events.where([not each for each in late])

    def interrupt(self, why: str, *, end_ms: int | None = None, state: GapState = GapState.OPEN) -> None:
        """Note that what came since the last completed poll could not be read; nothing before the first."""
        gap = self.counts.open_gap
        now_ms = self._gateway.server_now_ms if end_ms is None else end_ms
        if gap is None:
            from_ms = self.floor_ms if self._anchor_ms is None else self._anchor_ms
            gap = Gap(from_ms, max(from_ms, now_ms), why)
            self.counts.interruptions.append(gap)
        gap.to_ms, gap.state = max(gap.to_ms, now_ms), state
        if state is GapState.LOST:
            gap.why = why  # whatever it was before, this is why it stays

    def fail(self, error: UserError) -> None:
        """Keep why a poll failed, for people and for the account."""
        was = self.state
        if error.kind is ErrorKind.NOT_FOUND:
            self.error, self.state, self.missing_ms = None, TailState.NO_GROUP, self._polled_ms
            if self._anchor_ms is not None and was is not TailState.NO_GROUP:
                self.interrupt("The log group was deleted, with what it held by then.", state=GapState.LOST)
            return
        self.error = error
        self.state = TailState.DENIED if error.kind is ErrorKind.DENIED else TailState.RETRYING
        if self._anchor_ms is not None:
            self.interrupt(error.message)

    @property
    def complete_to_ms(self) -> int | None:
        """Up to when nothing of it is missing; None: not known."""
        moments = [each for each in (self.counts.complete_to_ms, self.missing_ms) if each is not None]
        return max(moments, default=None)

    async def describe(self) -> None:
        """Find out what kind of group it is; where that may not be asked, nothing is said."""
        self.is_described = True
        try:
            self._known = await fetch_group(self._gateway, self.name)
        except UserError:
            return
        if self._known is not None and self._known.log_class not in ("", "STANDARD"):
            self.note = (
                f"{self.name} is of the class {self._known.log_class}: its events can't be followed, "
                "and none of them is counted here."
            )

    def _get_floor_ms(self) -> int:
        """Where to begin, by what is known of the server's clock; counted from the first attempt on."""
        if self._since_ms is not None:
            return self._since_ms
        if self.begun_s is None:
            self.begun_s = time.time()
        return round((self.begun_s + self._gateway.clock_skew_s) * 1000) - self._lookback_ms

    @property
    def _overlap_ms(self) -> int:
        if self._pages > _BUSY_PAGES:
            wanted_ms = max(_MIN_BUSY_OVERLAP_MS, round(1.2 * self._delay_ms) + _SPARE_MS)
        else:
            wanted_ms = max(_MIN_OVERLAP_MS, round(2 * self._delay_ms))
        return min(_MAX_OVERLAP_MS, wanted_ms)

    def _take(self, events: LogColumns) -> LogColumns:
        """Those that are new; counts them."""
        if self.group.function:
            others = {stream for stream in set(events.streams) if self.is_anothers(stream)}
            if others:
                events = events.where([stream not in others for stream in events.streams])
        fresh, duplicates = self._seen.take(events)
        counts = self.counts
        counts.duplicates += duplicates
        counts.received += len(fresh)
        if len(fresh):
            delay_ms = max(map(sub, fresh.ingestions_ms, fresh.timestamps_ms))
            counts.largest_delay_ms = max(counts.largest_delay_ms, delay_ms)
            self._delay_ms = max(self._delay_ms, delay_ms)
            if (covered_ms := counts.complete_to_ms) is not None:
                counts.late += sum(at_ms < covered_ms for at_ms in fresh.timestamps_ms)
            if gap := counts.open_gap:
                to_ms = gap.to_ms + _TICK_MS
                found = sum(gap.from_ms <= at_ms <= to_ms for at_ms in fresh.timestamps_ms)
                gap.recovered += found
                counts.recovered += found
        return fresh

    def is_anothers(self, stream: str) -> bool:
        """Whether a stream of a group that functions share belongs to another function."""
        if not self.group.function:
            return False
        is_other = self._is_other.get(stream)
        if is_other is None:
            named = _NAMED_STREAM.match(stream)
            is_other = self._is_other[stream] = named is not None and named[1] != self.group.function
        return is_other

    def _finish(self, done_ms: int, sweep: bool, pages: int) -> None:
        if sweep:
            self._swept_ms = done_ms
        else:
            self._pages = pages
        self._delay_ms *= _FADES
        self._chunk_ms = _CHUNK_MS
        self._seen.forget(done_ms - _REMEMBER_MS)
        if gap := self.counts.open_gap:
            gap.state, gap.closed_ms = GapState.CLOSED, self._gateway.server_now_ms

    async def _look_for_another(self) -> None:
        """Where a new group has the deleted one's name, its events are new, however much they look alike."""
        try:
            group = await fetch_group(self._gateway, self.name)
        except UserError:
            return  # AWS's event ids tell them apart anyway
        if group is not None and self._known is not None and group.created_ms > self._known.created_ms:
            self._seen.clear()
        self._known = group or self._known
