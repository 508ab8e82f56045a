"""Invoker, one click on Invoke: sent once, measured, priced, recorded, told."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.reception import OnChunk, Reception
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.types import (
    Invocation,
    InvocationType,
    InvokeRequest,
    InvokeResult,
    Outcome,
    Report,
)
from lambdadesk.desk.run_entry import (
    ENDED_AT_ITS_TURN,
    ENDED_EARLY,
    new_entry,
    now_ms,
    report_in,
    with_answer,
    with_failure,
    with_reception,
    with_record,
    with_stop,
)
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history import History
from lambdadesk.store.history_entry import HistoryEntry, HistoryKeeps, Write, lean

WATCHED_S = 20 * 60.0  # how long the log may still change what is said of an invocation
_WRITTEN_EVERY_S = 0.2
_WRITTEN_AT_ONCE = 200  # entries: others that use the file don't wait longer than for so many


@dataclass(slots=True)
class _Watched:
    """An invocation that the log may tell more of. The entry has no bodies if the history keeps them."""

    entry: HistoryEntry
    record: Invocation
    until_s: float


@dataclass(slots=True)
class _Pending:
    """A write that is still to be done; `done`, for who waits, has the id of the entry once it is."""

    write: Write
    entry: HistoryEntry
    done: asyncio.Future[int] | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run of a series that is on disk, or could not be put there."""

    entry: HistoryEntry
    storage: UserError | None = None


@dataclass(frozen=True, slots=True)
class RunAnswer:
    """What became of one run of a series, as the thread that sent it knows it.

    entry: whole, but for what the ledger adds. storage: why the history has no such entry.
    """

    request: InvokeRequest
    entry: HistoryEntry
    result: InvokeResult | None = None
    report: Report | None = None
    error: UserError | None = None
    storage: UserError | None = None


class Invoker:
    """Invokes functions of one connection and keeps what became of each invocation.

    An answer without a REPORT line (asynchronous runs, emulators, lost answers) gets its report from the log,
    once the function's tail has seen it.

    Event recorded: a new entry, before the request is sent; not of the runs of a series.
    Event updated:  the same entry (same id or, without a history file, same sent_ms) with more in it.
    Both carry entries without payload, response and log tail, if the history keeps them.
    """

    def __init__(
        self,
        gateway: Gateway,
        history: History,
        ledger: InvocationLedger,
        report: Callable[[str, Exception], None] = lambda _name, error: _raise(error),
    ) -> None:
        self.recorded: Event[[HistoryEntry]] = Event()
        self.updated: Event[[HistoryEntry]] = Event()
        self.storage_failed: Event[[UserError]] = Event()
        self._gateway = gateway
        self._history = history
        self._ledger = ledger
        self._watched: dict[int, _Watched] = {}  # by the id() of the record, the oldest first
        self._writes: list[_Pending] = []
        self._scope = TaskScope(report)
        self._soon: asyncio.TimerHandle | None = None
        self._disconnect = ledger.here_changed.connect(self._on_here_changed)

    def close(self) -> None:
        self._disconnect()
        if self._soon is not None:
            self._soon.cancel()

    async def invoke(
        self,
        request: InvokeRequest,
        answered: Callable[[InvokeResult], None] = lambda _result: None,
        *,
        confirmed: bool = False,
        series: str = "",
        on_chunk: OnChunk | None = None,
        sink: Callable[[bytes], None] | None = None,
        on_entry: Callable[[HistoryEntry], None] = lambda _entry: None,
    ) -> HistoryEntry:
        """Send one Invoke and return the whole entry; `answered` is called with the bare answer first.

        confirmed: the person did what an invoke on a production connection asks for.
        series: names the series of runs that it belongs to. What is known of those is written while others
        run, and told once they have ended: `flush` in the end, and have the log looked through by `match`.
        on_chunk, sink: take a streamed response while it comes (see Reception).
        on_entry: called with the entry when it is recorded, and once it is known how the run ended; that
        tells of it also where this raises.

        Raises UserError after it was recorded; OUTCOME_UNKNOWN means that the function may have run.
        A stream that broke is returned with what came of it, its outcome being UNKNOWN.
        Cancelling means "stop waiting": the entry then says that the outcome is unknown.
        """
        reception = Reception(on_chunk, sink) if request.is_streaming else None
        entry = new_entry(self._gateway.target.key, request, series)
        entry_id = await self._add(entry)
        if not series:
            running = replace(entry, id=entry_id, outcome=Outcome.RUNNING, error="")
            self.recorded.emit(self._told(running))
            on_entry(running)
        try:
            result = await self._gateway.invoke(request, confirmed=confirmed, reception=reception)
        except UserError as error:
            entry = with_failure(entry, entry_id, error)
            if entry.outcome is Outcome.UNKNOWN:
                self._watch(entry, request)
            self._keep(entry)
            on_entry(entry)
            if not series:
                await self.flush()
            raise
        except asyncio.CancelledError:
            entry = with_stop(entry, entry_id)
            if reception is not None:
                entry = with_reception(entry, reception)
            self._watch(entry, request)
            self._keep(entry)  # written by whoever listens to `updated`, or when the connection is closed
            on_entry(entry)
            raise
        answered(result)
        report = report_in(result)
        entry = with_answer(entry, entry_id, request, result, report)
        watched = None
        if request.kind is not InvocationType.DRY_RUN:
            entry, watched = self._watch(entry, request, result, report)
        self._keep(entry)
        on_entry(entry)
        if series:
            return entry
        await self.flush()
        # The log may have told more while the disk was busy.
        return with_record(entry, watched.record) if watched else entry

    def record_now(
        self, requests: Sequence[InvokeRequest], series: str, *, is_ahead: bool = False
    ) -> list[Recorded]:
        """Put runs of a series on the disk, just before they are sent; for who is in a thread. Blocks.

        is_ahead: not quite yet, so that `note_sent_now` is to be told of those that take long.
        """
        entries = [new_entry(self._gateway.target.key, request, series) for request in requests]
        if is_ahead:
            entries = [replace(entry, error=ENDED_AT_ITS_TURN) for entry in entries]
        try:
            ids = self._history.write_now([(Write.ADD, entry) for entry in entries])
        except UserError as error:  # the invocation matters more than its record
            return [Recorded(entry, error) for entry in entries]
        return [Recorded(replace(entry, id=each)) for entry, each in zip(entries, ids, strict=True)]

    def invoke_now(
        self,
        request: InvokeRequest,
        series: str,
        recorded: Recorded | None = None,
        *,
        confirmed: bool = False,
        sending: Callable[[HistoryEntry], None] = lambda _entry: None,
    ) -> RunAnswer:
        """One run of a series, for who is in a thread already: recorded, sent once, waited for. Blocks.

        recorded: where `record_now` has done that. sending: called just before it is sent; what that raises,
        nothing is sent after. What comes of it is to be given to `take`, on the loop. A UserError is in the
        answer.
        """
        entry = recorded.entry if recorded else None
        storage = recorded.storage if recorded else None

        def record() -> None:
            nonlocal entry, storage
            if entry is None:
                (done,) = self.record_now([request], series)
                entry, storage = done.entry, done.storage
            else:
                entry = replace(entry, sent_ms=now_ms(), error=ENDED_EARLY)
            sending(entry)

        try:
            result = self._gateway.invoke_now(request, record, confirmed=confirmed)
        except UserError as error:
            if entry is None:  # refused before it was sent
                (done,) = self.record_now([request], series)
                entry, storage = done.entry, done.storage
            return RunAnswer(request, with_failure(entry, entry.id, error), error=error, storage=storage)
        report = report_in(result)
        sent = entry or new_entry(self._gateway.target.key, request, series)  # never: it is recorded by now
        answered = with_answer(sent, sent.id, request, result, report)
        return RunAnswer(request, answered, result, report, storage=storage)

    def note_sent(self, requests: Sequence[InvokeRequest]) -> None:
        """These were sent by `invoke_now`."""
        self._gateway.note_invokes(requests)

    def get_bound_s(self, request: InvokeRequest) -> float:
        """How long its answer may take."""
        return self._gateway.get_invoke_bound_s(request)

    def take(self, answers: Sequence[RunAnswer]) -> list[HistoryEntry]:
        """Count, price and keep runs of a series; returns their whole entries.

        Much cheaper for many together than one by one. They are written while others run: `flush` in the end,
        and have the log looked through by `match`.
        """
        if failure := next((each.storage for each in answers if each.storage), None):
            self.storage_failed.emit(failure)
        entries = []
        with self._ledger.told_together():
            for each in answers:
                entry, error, watched = each.entry, each.error, None
                is_run = error is None or error.kind is ErrorKind.OUTCOME_UNKNOWN
                if is_run and each.request.kind is not InvocationType.DRY_RUN:
                    entry, watched = self._watch(entry, each.request, each.result, each.report)
                entries.append(entry)
                self._keep(entry, watched.entry if watched else None)
        return entries

    def drop(self, entries: Sequence[HistoryEntry]) -> None:
        """These runs of a series were recorded, and are not going to be sent."""
        self._writes += [_Pending(Write.DROP, entry) for entry in entries if entry.id]

    def note_sent_now(self, entries: Sequence[HistoryEntry]) -> None:
        """These were recorded ahead, and have been sent; for who is in a thread. Blocks."""
        with suppress(UserError):
            self._history.write_now([(Write.SENT, entry) for entry in entries])

    def drop_now(self, entries: Sequence[HistoryEntry]) -> None:
        """The same for who is in a thread. Blocks."""
        with suppress(UserError):
            self._history.write_now([(Write.DROP, entry) for entry in entries])

    def match(self, function: str) -> None:
        """Look through the log for the runs of a series."""
        self._ledger.match(function)

    def is_watched(self, entry: HistoryEntry) -> bool:
        """Whether the log may still tell more of an invocation made by this window."""
        now_s = time.monotonic()
        return any(
            _is_same(watched.entry, entry) and watched.until_s > now_s for watched in self._watched.values()
        )

    def tell_fate(self, entry: HistoryEntry, fate: str) -> None:
        """Keep what became of a run, in a sentence, with its entry; told by `updated`."""
        for watched in self._watched.values():
            if _is_same(watched.entry, entry):
                watched.entry = entry = replace(watched.entry, fate=fate)
                break
        else:
            entry = self._told(replace(entry, fate=fate))
        self._writes.append(_Pending(Write.SETTLE, entry))
        self.updated.emit(entry)

    async def flush(self) -> None:
        """Write what is known of all invocations to the history, in the order in which it became known."""
        if self._writes:
            last = self._writes[-1]
            last.done = last.done or asyncio.get_running_loop().create_future()
            self._start_writing()
            await asyncio.wait({last.done})

    def write_soon(self) -> None:
        """Have what is known by then written a little later, many runs together."""
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(_WRITTEN_EVERY_S, self._write_now)

    def _write_now(self) -> None:
        self._soon = None
        if self._writes:
            self._start_writing()

    def _start_writing(self) -> None:
        # In a task of its own: who waits may be cancelled, and what is being added must not be added again.
        if not self._scope.is_running("write"):
            self._scope.start("write", self._write)

    async def _write(self) -> None:
        while self._writes:
            now = self._writes[:_WRITTEN_AT_ONCE]
            ids = [0] * len(now)
            try:
                ids = await self._history.write([(each.write, each.entry) for each in now])
            except UserError as error:  # the invocation matters more than its record
                self.storage_failed.emit(error)
            finally:
                del self._writes[: len(now)]
                for each, entry_id in zip(now, ids, strict=True):
                    if each.done is not None:
                        each.done.set_result(entry_id)

    def _watch(
        self,
        entry: HistoryEntry,
        request: InvokeRequest,
        result: InvokeResult | None = None,
        report: Report | None = None,
    ) -> tuple[HistoryEntry, _Watched]:
        """The entry with what the ledger makes of it, and what is kept to go on with."""
        record = self._ledger.add_here(
            entry.function,
            entry.kind,
            entry.qualifier,
            entry.request_id,
            result.sent_ms if result else entry.sent_ms,
            result.received_ms if result else now_ms(),
            report,
            outcome=entry.outcome,
            payload_bytes=len(request.payload),
            streamed_bytes=result.response_bytes if result and request.is_streaming else 0,
            match_later=bool(entry.series),
        )
        entry = with_record(entry, record)
        watched = _Watched(self._told(entry), record, time.monotonic() + WATCHED_S)
        self._watched[id(record)] = watched
        return entry, watched

    def _keep(self, entry: HistoryEntry, told: HistoryEntry | None = None) -> None:
        """told: the entry as it is told, where somebody has made that already."""
        self._writes.append(_Pending(Write.UPDATE, entry))
        self.updated.emit(told or self._told(entry))

    def _on_here_changed(self, records: list[Invocation]) -> None:
        self._forget_old()
        for record in records:
            watched = self._watched.get(id(record))
            if watched is None:
                continue
            entry = with_record(watched.entry, record)
            # Told again whenever it differs: a match by time may turn out to have been another run.
            if entry is not watched.entry:
                watched.entry = entry
                self._writes.append(_Pending(Write.SETTLE, entry))
                self.updated.emit(entry)

    def _forget_old(self) -> None:
        now_s = time.monotonic()
        while self._watched:
            oldest = next(iter(self._watched))
            if self._watched[oldest].until_s > now_s:
                return
            del self._watched[oldest]

    def _told(self, entry: HistoryEntry) -> HistoryEntry:
        return lean(entry) if entry.id and self._history.keeps is HistoryKeeps.FULL else entry

    async def _add(self, entry: HistoryEntry) -> int:
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._writes.append(_Pending(Write.ADD, entry, done))
        self._start_writing()
        await asyncio.wait({done})
        return done.result()


def _raise(error: Exception) -> None:
    raise error


def _is_same(one: HistoryEntry, other: HistoryEntry) -> bool:
    return (one.id, one.function, one.sent_ms) == (other.id, other.function, other.sent_ms)
