"""Invoker, one click on Invoke: sent once, measured, priced, recorded, told."""

import time
from collections.abc import Callable
from dataclasses import replace

from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.invocations import outcome_of
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
from lambdadesk.store.history import History, HistoryEntry


class Invoker:
    """Invokes functions of one connection and keeps what became of each invocation.

    An answer without a REPORT line (asynchronous runs, emulators) gets its report from the log, once the
    function's tail has seen it.

    Event recorded: a new entry, before the request is sent.
    Event updated:  the same entry (same id or, without a history file, same sent_ms) with more in it.
    """

    def __init__(self, gateway: Gateway, history: History, ledger: InvocationLedger) -> None:
        self.recorded: Event[[HistoryEntry]] = Event()
        self.updated: Event[[HistoryEntry]] = Event()
        self.storage_failed: Event[[UserError]] = Event()
        self._gateway = gateway
        self._history = history
        self._ledger = ledger
        self._awaiting: list[tuple[HistoryEntry, Invocation]] = []
        self._disconnect = ledger.changed.connect(self._on_ledger_changed)
        self._unsaved: list[HistoryEntry] = []

    def close(self) -> None:
        self._disconnect()

    async def invoke(
        self, request: InvokeRequest, answered: Callable[[InvokeResult], None] = lambda _result: None
    ) -> HistoryEntry:
        """Send one Invoke and return the finished entry; `answered` is called with the bare answer first.

        Raises UserError after it was recorded; OUTCOME_UNKNOWN means that the function may have run.
        Cancelling means "stop waiting": the entry then says that the outcome is unknown.
        """
        entry = HistoryEntry(
            target_key=self._gateway.target.key,
            function=request.function.name,
            sent_ms=int(time.time() * 1000),
            qualifier=request.qualifier,
            kind=request.kind,
            payload=request.payload,
        )
        entry = replace(entry, id=await self._add(entry))
        self.recorded.emit(entry)
        try:
            result = await self._gateway.invoke(request)
        except UserError as error:
            unknown = error.kind is ErrorKind.OUTCOME_UNKNOWN
            await self._update(
                replace(
                    entry,
                    outcome=Outcome.UNKNOWN if unknown else Outcome.ERROR,
                    error=str(error),
                    received_ms=int(time.time() * 1000),
                )
            )
            raise
        except BaseException:
            # Leaving or "Stop waiting": there is no time to await the disk, so it is only told and kept.
            stopped = replace(entry, outcome=Outcome.UNKNOWN, error="Stopped waiting; the function goes on.")
            self._unsaved.append(stopped)
            self.updated.emit(stopped)
            raise
        answered(result)
        return await self._finish(entry, request, result)

    async def flush(self) -> None:
        """Write what could not be written while its invocation was being cancelled or its report came in."""
        while self._unsaved:
            await self._update_file(self._unsaved[0])
            del self._unsaved[0]  # only now: a flush that is cancelled is done again

    async def _finish(
        self, entry: HistoryEntry, request: InvokeRequest, result: InvokeResult
    ) -> HistoryEntry:
        report = _report_in(result)
        entry = replace(
            entry,
            status_code=result.status_code,
            function_error=result.function_error,
            response=result.payload,
            log_tail=result.log_tail,
            request_id=result.request_id,
            received_ms=result.received_ms,
            outcome=_outcome(request, result, report),
        )
        if request.kind is not InvocationType.DRY_RUN:
            record = self._ledger.add_here(
                entry.function,
                entry.kind,
                entry.qualifier,
                result.request_id,
                result.sent_ms,
                result.received_ms,
                report,
                outcome=entry.outcome,
                payload_bytes=len(request.payload),
            )
            entry = _with_record(entry, record)
            if record.report is None:
                self._awaiting.append((entry, record))
        await self._update(entry)
        return entry

    def _on_ledger_changed(self, function: str) -> None:
        for waiting in tuple(self._awaiting):
            entry, record = waiting
            if entry.function == function and record.report is not None:
                self._awaiting.remove(waiting)
                entry = _with_record(entry, record)
                self._unsaved.append(entry)
                self.updated.emit(entry)

    async def _add(self, entry: HistoryEntry) -> int:
        try:
            return await self._history.add(entry)
        except UserError as error:  # the invocation matters more than its record
            self.storage_failed.emit(error)
            return 0

    async def _update(self, entry: HistoryEntry) -> None:
        await self._update_file(entry)
        self.updated.emit(entry)

    async def _update_file(self, entry: HistoryEntry) -> None:
        try:
            await self._history.update(entry)
        except UserError as error:
            self.storage_failed.emit(error)


def _with_record(entry: HistoryEntry, record: Invocation) -> HistoryEntry:
    entry = replace(entry, outcome=record.outcome, log_stream=record.stream, report=record.report)
    if record.cost is None:
        return entry
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
    if not result.function_error:
        return Outcome.OK
    failed = outcome_of(report, Outcome.ERROR) if report else Outcome.ERROR
    if failed is Outcome.ERROR and b"Task timed out after" in result.payload:
        return Outcome.TIMEOUT
    return failed
