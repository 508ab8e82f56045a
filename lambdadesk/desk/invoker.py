"""Invoker, one click on Invoke: sent once, measured, priced, recorded, told."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.reception import OnChunk, Reception
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.function_errors import parse_function_error
from lambdadesk.core.invocations import outcome_of
from lambdadesk.core.lambda_errors import explain_lambda_error
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.platform import parse_platform
from lambdadesk.core.types import (
    Invocation,
    InvocationType,
    InvokeRequest,
    InvokeResult,
    Outcome,
    Report,
)
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history import History, HistoryEntry, HistoryKeeps, Write, lean

WATCHED_S = 20 * 60.0  # how long the log may still change what is said of an invocation
ENDED_EARLY = "LambdaDesk ended before the answer came; the function may have run."
STOPPED = "Stopped waiting; the function goes on."
_WRITTEN_EVERY_S = 0.2
_WRITTEN_AT_ONCE = 200  # entries: others that use the file don't wait longer than for so many


@dataclass(slots=True)
class _Watched:
    """An invocation that the log may tell more of. The entry has no bodies if the history keeps them."""

    entry: HistoryEntry
    record: Invocation
    until_s: float


@dataclass(frozen=True, slots=True)
class _Pending:
    """A write that is still to be done; `done` has the id of the entry once it is."""

    write: Write
    entry: HistoryEntry
    done: asyncio.Future[int]


@dataclass(slots=True)
class _Lost:
    """An entry as it reads before it is answered; `id` is 0 until it is on disk."""

    history: History
    entry: HistoryEntry
    id: int = 0
    failure: UserError | None = None

    def add(self) -> None:
        """Put it on the disk, in the thread that then sends the request: no way through the loop for each."""
        try:
            self.id = self.history.add_now(self.entry)
        except UserError as error:  # the invocation matters more than its record
            self.failure = error


def _do_nothing() -> None:
    pass


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
        entry = HistoryEntry(
            target_key=self._gateway.target.key,
            function=request.function.name,
            sent_ms=int(time.time() * 1000),
            qualifier=request.qualifier,
            kind=request.kind,
            payload=request.payload,
            client_context=request.client_context,
            tenant_id=request.tenant_id,
            durable_name=request.durable_name,
            is_streamed=request.is_streaming,
            origin=request.origin,
            series=series,
        )
        # On disk it reads as lost until it is answered: the process may be killed at any moment.
        lost = _Lost(self._history, replace(entry, outcome=Outcome.UNKNOWN, error=ENDED_EARLY))
        if not series:
            lost.id = await self._add(lost.entry)
            entry = replace(entry, id=lost.id)
            self.recorded.emit(self._told(entry))
            on_entry(entry)
        before = lost.add if series else _do_nothing
        try:
            result = await self._gateway.invoke(
                request, confirmed=confirmed, reception=reception, before=before
            )
        except UserError as error:
            unknown = error.kind is ErrorKind.OUTCOME_UNKNOWN
            outcome = Outcome.UNKNOWN if unknown else Outcome.ERROR
            # Of a series that was refused before it was sent, nothing is kept yet.
            entry = replace(
                entry,
                id=lost.id or (await self._add(lost.entry) if series else 0),
                outcome=outcome,
                error=str(error),
                received_ms=_now_ms(),
            )
            if unknown:
                self._watch(entry, request)
            self._keep(entry)
            on_entry(entry)
            await self._written(series)
            raise
        except asyncio.CancelledError:
            entry = replace(entry, id=lost.id, outcome=Outcome.UNKNOWN, error=STOPPED, received_ms=_now_ms())
            if reception is not None:
                entry = _with_reception(entry, reception)
            self._watch(entry, request)
            self._keep(entry)  # written by whoever listens to `updated`, or when the connection is closed
            on_entry(entry)
            raise
        answered(result)
        if lost.failure is not None:
            self.storage_failed.emit(lost.failure)
        report = _report_in(result)
        said = result.error_details.encode() or result.payload
        failure = parse_function_error(said) if result.function_error else None
        entry = replace(
            entry,
            id=lost.id,
            status_code=result.status_code,
            function_error=result.function_error,
            response=result.payload or result.error_details.encode(),
            response_truncated=result.response_bytes > len(result.payload),
            response_bytes=result.response_bytes,
            content_type=result.content_type,
            durable_arn=result.durable_arn,
            is_partial=result.is_partial,
            error=result.problem or explain_lambda_error(failure.type if failure else result.function_error),
            log_tail=result.log_tail,
            executed_version=result.executed_version,
            request_id=result.request_id,
            sent_ms=entry.sent_ms,
            received_ms=result.received_ms,
            outcome=_outcome(request, result, report),
        )
        watched = None
        if request.kind is not InvocationType.DRY_RUN:
            watched = self._watch(entry, request, result, report)
            entry = _with_record(entry, watched.record)
        self._keep(entry)
        on_entry(entry)
        await self._written(series)
        # The log may have told more while the disk was busy.
        return _with_record(entry, watched.record) if watched and not series else entry

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
        self._later(Write.SETTLE, entry)
        self.updated.emit(entry)

    async def flush(self) -> None:
        """Write what is known of all invocations to the history, in the order in which it became known."""
        if self._writes:
            self._start_writing()
            await asyncio.wait({self._writes[-1].done})

    async def _written(self, series: str) -> None:
        if not series:
            await self.flush()

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
                    each.done.set_result(entry_id)

    def _watch(
        self,
        entry: HistoryEntry,
        request: InvokeRequest,
        result: InvokeResult | None = None,
        report: Report | None = None,
    ) -> _Watched:
        record = self._ledger.add_here(
            entry.function,
            entry.kind,
            entry.qualifier,
            entry.request_id,
            result.sent_ms if result else entry.sent_ms,
            result.received_ms if result else _now_ms(),
            report,
            outcome=entry.outcome,
            payload_bytes=len(request.payload),
            streamed_bytes=result.response_bytes if result and request.is_streaming else 0,
            match_later=bool(entry.series),
        )
        watched = _Watched(_with_record(self._told(entry), record), record, time.monotonic() + WATCHED_S)
        self._watched[id(record)] = watched
        return watched

    def _keep(self, entry: HistoryEntry) -> None:
        self._later(Write.UPDATE, entry)
        self.updated.emit(self._told(entry))

    def _on_here_changed(self, records: list[Invocation]) -> None:
        self._forget_old()
        for record in records:
            watched = self._watched.get(id(record))
            if watched is None:
                continue
            entry = _with_record(watched.entry, record)
            # Told again whenever it differs: a match by time may turn out to have been another run.
            if entry != watched.entry:
                watched.entry = entry
                self._later(Write.SETTLE, entry)
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
        done = self._later(Write.ADD, entry)
        self._start_writing()
        await asyncio.wait({done})
        return done.result()

    def _later(self, write: Write, entry: HistoryEntry) -> asyncio.Future[int]:
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._writes.append(_Pending(write, entry, done))
        return done


def _raise(error: Exception) -> None:
    raise error


def _is_same(one: HistoryEntry, other: HistoryEntry) -> bool:
    return (one.id, one.function, one.sent_ms) == (other.id, other.function, other.sent_ms)


def _with_reception(entry: HistoryEntry, reception: Reception) -> HistoryEntry:
    """The entry of a stream that nobody waited for any more, with what had come of it."""
    kept = reception.kept
    return replace(
        entry,
        response=kept,
        response_truncated=reception.total_bytes > len(kept),
        response_bytes=reception.total_bytes,
        is_partial=bool(reception.status_code),
        content_type=reception.content_type,
        request_id=reception.request_id,
        executed_version=reception.executed_version,
    )


def _now_ms() -> int:
    return int(time.time() * 1000)


def _with_record(entry: HistoryEntry, record: Invocation) -> HistoryEntry:
    cost = record.cost
    return replace(
        entry,
        outcome=record.outcome,
        log_stream=record.stream,
        report=record.report,
        cost=cost.amount if cost else None,
        currency=cost.currency if cost else entry.currency,
        cost_exact=cost.exact if cost else entry.cost_exact,
    )


def _report_in(result: InvokeResult) -> Report | None:
    """The REPORT of this very request in the 4 KB log tail."""
    for line in reversed(result.log_tail.splitlines()):
        platform = parse_platform(line)
        if platform and platform.report and platform.report.request_id == result.request_id:
            return platform.report
    return None


def _outcome(request: InvokeRequest, result: InvokeResult, report: Report | None) -> Outcome:
    if request.kind is InvocationType.EVENT:
        return Outcome.QUEUED
    if result.is_partial:
        return Outcome.UNKNOWN
    if not result.function_error:
        return Outcome.OK
    failed = outcome_of(report, Outcome.ERROR) if report else Outcome.ERROR
    said = result.payload or result.error_details.encode()
    if failed is Outcome.ERROR and (b"Task timed out after" in said or b'"Sandbox.Timedout"' in said):
        return Outcome.TIMEOUT
    return failed
