"""Tailer, follows log groups and accounts for every event."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from operator import gt, itemgetter
from typing import Any

from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import UserError
from lambdadesk.core.event import Event
from lambdadesk.core.invocation_list import InvocationList
from lambdadesk.core.invocations import InvocationTracker
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.logstore import Level, LogStore
from lambdadesk.core.logstore import LineKind as RowKind
from lambdadesk.core.platform import LineKind
from lambdadesk.core.tail_counts import TailCounts, add_up
from lambdadesk.core.types import FunctionInfo, LogColumns
from lambdadesk.desk.log_archive import LogArchive
from lambdadesk.desk.tail_source import LOOKBACK_MS, SWEEP_WINDOW_MS, TailGroup, TailSource, TailState

__all__ = ["LOOKBACK_MS", "SWEEP_WINDOW_MS", "TailGroup", "TailState", "Tailer"]

RETRY_CEILING_S = 30.0
SILENT_MS = 4_000  # without an answer, which is worth a word
ASLEEP_S = 10.0  # a pause that took this much longer than asked

_ROW_KINDS = {LineKind.START: RowKind.START, LineKind.END: RowKind.END, LineKind.REPORT: RowKind.REPORT}
_LEVELS = {
    "": Level.NONE,
    "error": Level.ERROR,
    "warn": Level.WARN,
    "info": Level.INFO,
    "debug": Level.DEBUG,
}
_by_time = itemgetter(0, 3)


class Tailer:
    """Follows the log group of one function, or any groups, as one stream of lines (see TailSource).

    lookback_ms: where to begin, so much before now; since_ms: or at this moment, epoch milliseconds.
    poll_s: the usual time between polls. Where a quota is shared, it is half of that while lines come and up
            to five times as much while none do, and at least twice and a half where nobody watches.

    Event changed: after `state`, `error` or `counts` changed. Lines arrive through `store.changed`.
    Event arrived: with the lines of a poll that were new, once they are in the store.
    Event progressed: after each page but the first of a poll, see `scanned_to_ms`.
    """

    def __init__(
        self,
        gateway: Gateway,
        function: FunctionInfo,
        ledger: InvocationLedger,
        *,
        groups: Sequence[TailGroup] | None = None,
        poll_s: float = 2.0,
        lookback_ms: int = LOOKBACK_MS,
        since_ms: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """groups: what to follow instead of the function's own group; none where they are still to come."""
        self.function = function
        self.store = LogStore()
        self.archive: LogArchive | None = None  # takes in what the store drops
        self.changed: Event[[]] = Event()
        self.progressed: Event[[]] = Event()
        self.arrived: Event[[LogColumns]] = Event()
        self._is_watched = False
        self.invocations = InvocationList()
        self._options: dict[str, Any] = {"lookback_ms": lookback_ms, "since_ms": since_ms}
        self.sources: list[TailSource] = []
        self._source_of: dict[str, int] = {}  # by the stream's name as it is stored
        self._stored_names: dict[tuple[int, str], str] = {}
        self._gateway = gateway
        self._ledger = ledger
        self._poll_s = poll_s
        self._clock = clock
        self._nudges: list[asyncio.Event] = []
        self._tasks: asyncio.TaskGroup | None = None  # while it runs
        self._followers: dict[int, asyncio.Task[None]] = {}  # by the source's index
        self._asked_s = clock()
        self.silent_ms = SILENT_MS
        self._going = asyncio.Event()
        self._going.set()
        own = TailGroup(function.log_group_name, function.name)
        self.take_in([own] if groups is None else groups)

    @property
    def followed(self) -> list[TailSource]:
        """The sources but for those that were left."""
        return [source for source in self.sources if source.state is not TailState.LEFT]

    @property
    def tracker(self) -> InvocationTracker:
        return self.sources[0].tracker

    @property
    def state(self) -> TailState:
        """That of the source that fares worst; a group that does not exist counts where none does."""
        if not self._going.is_set():
            return TailState.PAUSED
        states = {source.state for source in self.followed}
        for state in (TailState.DENIED, TailState.RETRYING, TailState.STARTING, TailState.FOLLOWING):
            if state in states:
                return state
        return TailState.NO_GROUP

    @property
    def error(self) -> UserError | None:
        return next((source.error for source in self.followed if source.error is not None), None)

    @property
    def counts(self) -> TailCounts:
        """The ledger of what is followed; groups that do not exist are complete."""
        sources = self.followed
        if len(sources) == 1:
            return sources[0].counts
        total = add_up(source.counts for source in sources)
        there = [source.complete_to_ms for source in sources if source.state is not TailState.NO_GROUP]
        known = [moment for moment in there if moment is not None]
        total.complete_to_ms = min(known) if known and len(known) == len(there) else None
        return total

    @property
    def notes(self) -> list[str]:
        """What can't be promised, one sentence for each source that has something to say."""
        return [source.note for source in self.followed if source.note]

    @property
    def now_ms(self) -> int:
        """By the server's clock, as all moments of a tail."""
        return self._gateway.server_now_ms

    @property
    def silent_since_ms(self) -> int | None:
        """Since when an answer is waited for longer than usual; None where none is."""
        quota, sources = self._gateway.logs_quota, self.followed
        usual_ms = self.silent_ms + (2_000 * len(sources) / quota.rate_per_s if quota is not None else 0)
        moments = [source.asked_ms for source in sources if source.asked_ms is not None]
        first_ms = min(moments, default=self.now_ms)
        return first_ms if self.now_ms - first_ms > usual_ms else None

    @property
    def scanned_to_ms(self) -> int | None:
        """How far polls of many pages have come, epoch milliseconds; None where none is under way."""
        moments = [source.scanned_to_ms for source in self.followed if source.scanned_to_ms is not None]
        return min(moments) if moments else None

    def source_of(self, stream: str) -> TailSource:
        """Where a line of the store comes from, by its stream."""
        return self.sources[self._source_of.get(stream, 0)]

    def follow(self, groups: Sequence[TailGroup]) -> None:
        """Follow these and no others.

        What was read of the others stays, and those that go on are not read anew. One that was left before
        goes on where it was left.
        """
        for source in self.followed:
            if source.group not in groups:
                self._leave(source)
        self.take_in(groups)
        self.changed.emit()

    def take_in(self, groups: Sequence[TailGroup]) -> None:
        """Follow these, too, from where the others began; their lines go to their places among the others."""
        if self.sources:
            begun_s = self.sources[0].begun_s
        else:  # the first one may come long after it was asked for
            begun_s = self._asked_s if self._tasks is not None else None
        known = {source.group: source for source in self.sources}
        for group in groups:
            if group in known:
                self._come_back(known[group])
                continue
            source = TailSource(
                self._gateway,
                len(self.sources),
                group,
                self.invocations,
                **self._options,
                progressed=self.progressed.emit,
                begun_s=begun_s,
            )
            self.sources.append(source)
            self._nudges.append(asyncio.Event())
            if self._tasks is not None:
                self._start(source)

    def _leave(self, source: TailSource) -> None:
        source.state, source.error = TailState.LEFT, None
        if source.index in self._followers:
            self._followers[source.index].cancel()

    def _come_back(self, source: TailSource) -> None:
        if source.state is TailState.LEFT:
            source.state = TailState.STARTING
            if self._tasks is not None:
                self._start(source)

    def poll_now(self) -> None:
        """Poll at once instead of at the end of the interval (an invocation has just answered)."""
        for nudge in self._nudges:
            nudge.set()

    def watch(self, is_watched: bool) -> None:
        """Whether its lines are looked at; where not, and a quota is shared, it polls less often."""
        if is_watched and not self._is_watched and self._gateway.logs_quota is not None:
            self.poll_now()
        self._is_watched = is_watched

    def pause(self) -> None:
        """Ask nothing until `resume`, which then reads all that came meanwhile."""
        self._going.clear()
        self.changed.emit()

    def resume(self) -> None:
        self._going.set()
        self.poll_now()
        self.changed.emit()

    def text_of(self, request_id: str, stream: str) -> str:
        """All lines of one invocation that are still in the store, "" if it is not known here."""
        for index in reversed(self.invocations.of_request(request_id)):
            if self.invocations[index].stream == stream:
                store = self.store
                belongs = store.invocations(store.first, store.end)
                numbers = (store.first + at for at, owner in enumerate(belongs) if owner == index)
                return "\n".join(store.text(number).rstrip("\n") for number in numbers)
        return ""

    async def run(self) -> None:
        """Follow until cancelled; failures are shown in `state` and tried again, more slowly each time."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                if self.archive is not None:
                    self._tasks.create_task(self.archive.run(), name="archive")
                for source in self.sources:
                    self._start(source)
                await asyncio.Event().wait()  # also where nothing is followed by now
        finally:
            self._tasks = None
            self._followers.clear()

    def _start(self, source: TailSource) -> None:
        if self.archive is not None:
            source.make_room = self.archive.make_room
        if self._tasks is not None:
            earlier = self._followers.get(source.index)
            task = self._tasks.create_task(self._follow(source, earlier), name=f"tail {source.name}")
            self._followers[source.index] = task

    async def _follow(self, source: TailSource, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:
            await asyncio.wait([earlier])  # it was cancelled, and shows what it has
        source.pause_s = self._poll_s
        while True:
            await self._going.wait()
            received = source.counts.received
            try:
                await source.poll(partial(self._show, source))
            except UserError as error:
                source.fail(error)
                if source.state is TailState.NO_GROUP:
                    source.pause_s = self._poll_s
                else:
                    source.pause_s = min(RETRY_CEILING_S, max(source.pause_s, self._poll_s) * 2)
                    source.retry_ms = self.now_ms + round(source.pause_s * 1000)
            else:
                pause_s = source.pause_s if source.error is None else self._poll_s
                source.error = None
                source.state = TailState.FOLLOWING
                source.pause_s = self._get_pause_s(pause_s, source.counts.received > received)
                if source.counts.complete_to_ms is None and not source.counts.gaps:
                    self._nudges[source.index].set()  # it has only learnt what time it is
            self.changed.emit()
            if source.state is not TailState.NO_GROUP and not source.is_described:
                await source.describe()
                if source.note:
                    self.changed.emit()
            await self._pause(source)

    def _get_pause_s(self, pause_s: float, found: bool) -> float:
        if self._gateway.logs_quota is None:
            return self._poll_s
        fastest_s = self._poll_s * (0.5 if self._is_watched else 2.5)
        slowest_s = self._poll_s * 5
        return min(slowest_s, max(fastest_s, pause_s * (0.5 if found else 1.25)))

    async def _pause(self, source: TailSource) -> None:
        began_s = self._clock()
        nudge = self._nudges[source.index]
        try:
            async with asyncio.timeout(source.pause_s):
                await nudge.wait()
        except TimeoutError:
            pass
        nudge.clear()
        source.retry_ms = None
        if self._clock() - began_s > source.pause_s + ASLEEP_S:  # a wall clock, which goes on in sleep
            self._gateway.forget_connections()
            if source.counts.complete_to_ms is not None:
                source.interrupt("This computer was asleep.")

    def _show(self, source: TailSource, events: LogColumns) -> None:
        if any(map(gt, events.timestamps_ms, events.timestamps_ms[1:])):
            events = LogColumns.of(sorted(events, key=_by_time))
        fed = source.tracker.feed_all(events)
        kinds = bytearray(len(events))
        for at, line in fed.lines.items():
            kinds[at] = _ROW_KINDS.get(line.kind, RowKind.PLATFORM)
        covered_ms = source.counts.complete_to_ms
        lates = bytes(len(events))
        if covered_ms is not None and min(events.timestamps_ms) < covered_ms:
            lates = bytes([at_ms < covered_ms for at_ms in events.timestamps_ms])
        names = {stream: self._get_name(source, stream) for stream in set(events.streams)}
        self.store.add_columns(
            events.timestamps_ms,
            events.ingestions_ms,
            [names[stream] for stream in events.streams],
            events.messages,
            bytes(kinds),
            bytes(map(_LEVELS.__getitem__, fed.levels)),
            fed.invocations,
            lates,
            {at: self.invocations.request_id_of(at) for at in set(fed.invocations) if at >= 0},
        )
        self.arrived.emit(events)
        if source.group.function:
            changed = [self.invocations[index] for index in sorted(fed.changed)]
            self._ledger.add_seen(source.group.function, *changed)

    def _get_name(self, source: TailSource, stream: str) -> str:
        """The stream's name, with its group's where a stream of another group has the same."""
        name = self._stored_names.get((source.index, stream))
        if name is None:
            owner = self._source_of.setdefault(stream, source.index)
            name = stream if owner == source.index else f"{source.name}:{stream}"
            self._source_of[name] = source.index
            self._stored_names[source.index, stream] = name
        return name
