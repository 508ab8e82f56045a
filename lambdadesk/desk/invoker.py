"""Invoker, one click on Invoke: sent once, measured, priced, recorded, told."""

import asyncio
import time
from collections.abc import Awaitable, Callable
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
from lambdadesk.store.history import History, HistoryEntry, HistoryKeeps, lean

WATCHED_S = 20 * 60.0  # how long the log may still change what is said of an invocation
ENDED_EARLY = "LambdaDesk ended before the answer came; the function may have run."
STOPPED = "Stopped waiting; the function goes on."


@dataclass(slots=True)
class _Watched:
    """An invocation that the log may tell more of. The entry has no bodies if the history keeps them."""

    entry: HistoryEntry
    record: Invocation
    until_s: float


class Invoker:
    """Invokes functions of one connection and keeps what became of each invocation.

    An answer without a REPORT line (asynchronous runs, emulators, lost answers) gets its report from the log,
    once the function's tail has seen it.

    Event recorded: a new entry, before the request is sent.
    Event updated:  the same entry (same id or, without a history file, same sent_ms) with more in it.
    Both carry entries without payload, response and log tail, if the history keeps them.
    """

    def __init__(self, gateway: Gateway, history: History, ledger: InvocationLedger) -> None:
        self.recorded: Event[[HistoryEntry]] = Event()
        self.updated: Event[[HistoryEntry]] = Event()
        self.storage_failed: Event[[UserError]] = Event()
        self._gateway = gateway
        self._history = history
        self._ledger = ledger
        self._watched: list[_Watched] = []
        self._writes: list[Callable[[], Awaitable[None]]] = []
        self._writing = asyncio.Lock()
        self._disconnect = ledger.changed.connect(self._on_ledger_changed)

    def close(self) -> None:
        self._disconnect()

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
        series: names the series of runs that it belongs to.
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
        lost = replace(entry, outcome=Outcome.UNKNOWN, error=ENDED_EARLY)
        entry = replace(entry, id=await self._add(lost))
        self.recorded.emit(self._told(entry))
        on_entry(entry)
        try:
            result = await self._gateway.invoke(request, confirmed=confirmed, reception=reception)
        except UserError as error:
            unknown = error.kind is ErrorKind.OUTCOME_UNKNOWN
            outcome = Outcome.UNKNOWN if unknown else Outcome.ERROR
            entry = replace(entry, outcome=outcome, error=str(error), received_ms=_now_ms())
            if unknown:
                self._watch(entry, request)
            self._keep(entry)
            on_entry(entry)
            await self.flush()
            raise
        except asyncio.CancelledError:
            entry = replace(entry, outcome=Outcome.UNKNOWN, error=STOPPED, received_ms=_now_ms())
            if reception is not None:
                entry = _with_reception(entry, reception)
            self._watch(entry, request)
            self._keep(entry)  # written by whoever listens to `updated`, or when the connection is closed
            on_entry(entry)
            raise
        answered(result)
        report = _report_in(result)
        said = result.error_details.encode() or result.payload
        failure = parse_function_error(said) if result.function_error else None
        entry = replace(
            entry,
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
        await self.flush()
        # The log may have told more while the disk was busy.
        return _with_record(entry, watched.record) if watched else entry

    def is_watched(self, entry: HistoryEntry) -> bool:
        """Whether the log may still tell more of an invocation made by this window."""
        now_s = time.monotonic()
        return any(_is_same(watched.entry, entry) and watched.until_s > now_s for watched in self._watched)

    def tell_fate(self, entry: HistoryEntry, fate: str) -> None:
        """Keep what became of a run, in a sentence, with its entry; told by `updated`."""
        for watched in self._watched:
            if _is_same(watched.entry, entry):
                watched.entry = entry = replace(watched.entry, fate=fate)
                break
        else:
            entry = self._told(replace(entry, fate=fate))
        self._writes.append(lambda: self._history.settle(entry))
        self.updated.emit(entry)

    async def flush(self) -> None:
        """Write what is known of all invocations to the history, in the order in which it became known."""
        async with self._writing:
            while self._writes:
                try:
                    await self._writes[0]()
                except UserError as error:  # the invocation matters more than its record
                    self.storage_failed.emit(error)
                del self._writes[0]  # only now: a flush that is cancelled is done again

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
        )
        watched = _Watched(_with_record(self._told(entry), record), record, time.monotonic() + WATCHED_S)
        self._watched.append(watched)
        return watched

    def _keep(self, entry: HistoryEntry) -> None:
        self._writes.append(lambda: self._history.update(entry))
        self.updated.emit(self._told(entry))

    def _on_ledger_changed(self, function: str) -> None:
        now_s = time.monotonic()
        self._watched = [each for each in self._watched if each.until_s > now_s]
        for watched in self._watched:
            if watched.entry.function != function:
                continue
            entry = _with_record(watched.entry, watched.record)
            # Told again whenever it differs: a match by time may turn out to have been another run.
            if entry != watched.entry:
                watched.entry = entry
                self._writes.append(lambda entry=entry: self._history.settle(entry))  # type: ignore[misc]  # mypy can't type a default
                self.updated.emit(entry)

    def _told(self, entry: HistoryEntry) -> HistoryEntry:
        return lean(entry) if entry.id and self._history.keeps is HistoryKeeps.FULL else entry

    async def _add(self, entry: HistoryEntry) -> int:
        try:
            return await self._history.add(entry)
        except UserError as error:
            self.storage_failed.emit(error)
            return 0


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
    entry = replace(entry, outcome=record.outcome, log_stream=record.stream, report=record.report)
    if record.cost is None:
        return replace(entry, cost=None)
    cost = record.cost
    return replace(entry, cost=cost.amount, currency=cost.currency, cost_exact=cost.exact)


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
