"""SeriesRunner, many runs of one function: sent at a pace, each once, counted, and stopped when asked."""

import asyncio
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import uuid4

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.series import SeriesPlan
from lambdadesk.core.series_result import SeriesResult, SeriesRun, read_error, summarise
from lambdadesk.desk.invoker import Invoker
from lambdadesk.desk.series_senders import SentRun, SeriesSenders
from lambdadesk.store.history_entry import HistoryEntry

TOLD_EVERY_S = 0.1


class SeriesPhase(StrEnum):
    """How far a series is."""

    RUNNING = "running"
    STOPPING = "stopping"  # nothing more is sent; answers are waited for
    DONE = "done"


@dataclass(slots=True)
class Series:
    """A series and what has become of it. `runs` are in the order of their answers.

    may_still_run: runs that were sent and whose answer nobody waited for. reason: why not all were sent.
    """

    id: str
    plan: SeriesPlan
    started_ms: int
    runs: list[SeriesRun]
    phase: SeriesPhase = SeriesPhase.RUNNING
    sent: int = 0
    failed: int = 0
    throttled: int = 0
    elapsed_s: float = 0.0
    may_still_run: int = 0
    reason: str = ""
    error: UserError | None = None  # the one that ended it

    @property
    def under_way(self) -> int:
        return self.sent - len(self.runs)

    @property
    def per_s(self) -> float:
        """Answers a second so far."""
        return len(self.runs) / self.elapsed_s if self.elapsed_s else 0.0

    def result(self) -> SeriesResult:
        return summarise(self.runs, self.elapsed_s)


class SeriesRunner:
    """Runs one series at a time. Every run is one request and one entry of the history.

    `run` belongs into a TaskScope; cancelling it means "stop waiting": what was sent may still run.

    Event changed: the series went on, ten times a second at most, and at its end; also later, once the log
    has told more of its runs.
    """

    def __init__(self, invoker: Invoker) -> None:
        self.changed: Event[[]] = Event()
        self.series: Series | None = None
        self._invoker = invoker
        self._places: dict[int, tuple[Series, int]] = {}  # by the entry's id: where in `runs` it is
        self._senders: SeriesSenders | None = None
        self._told_s = 0.0
        self._due: asyncio.TimerHandle | None = None
        self._disconnect = invoker.updated.connect(self._on_updated)

    def close(self) -> None:
        self._disconnect()
        if self._due is not None:
            self._due.cancel()

    @property
    def is_running(self) -> bool:
        return self.series is not None and self.series.phase is not SeriesPhase.DONE

    def stop(self, reason: str = "Stopped.") -> None:
        """Send nothing more, and wait for what is under way."""
        if self.series is not None and self.series.phase is SeriesPhase.RUNNING and self._senders is not None:
            self._senders.stop(reason)
            self._take(self.series, self._senders)
            self._tell()

    async def run(self, plan: SeriesPlan, *, confirmed: bool = False) -> Series:
        """Send all runs of the plan and return what became of them.

        confirmed: the person did what invokes on a production connection ask for, once for the whole series.
        What ends a series early is in its `error` and `reason`; nothing is raised.
        """
        series = Series(uuid4().hex, plan, int(time.time() * 1000), [])
        self.series = series
        self._places.clear()
        began_s = time.monotonic()
        senders = self._senders = SeriesSenders(self._invoker, plan, series.id, confirmed=confirmed)
        self._tell(at_once=True)

        def go_on() -> None:
            series.elapsed_s = time.monotonic() - began_s
            self._take(series, senders)
            self._tell()

        try:
            await senders.run(TOLD_EVERY_S, go_on)
        finally:
            left = senders.take_left()
            self._take(series, senders)
            self._invoker.take(left)
            series.elapsed_s = time.monotonic() - began_s
            series.phase = SeriesPhase.DONE
            if series.under_way:
                series.may_still_run = series.under_way
                series.reason = series.reason or "Stopped."
            self._invoker.match(plan.request.function.name)
            self._tell(at_once=True)
        await self._invoker.flush()
        return series

    def _take(self, series: Series, senders: SeriesSenders) -> None:
        """Bring the series to what its threads have done since the last time."""
        answers = senders.take()
        entries = self._invoker.take([each.answer for each in answers])
        for each, entry in zip(answers, entries, strict=True):
            run = _to_run(each, entry, series.plan)
            series.runs.append(run)
            if run.entry_id:
                self._places[run.entry_id] = (series, len(series.runs) - 1)
        series.sent, series.failed, series.throttled = senders.sent, senders.failed, senders.throttled
        series.error = senders.error
        if senders.reason and series.phase is SeriesPhase.RUNNING:
            series.phase, series.reason = SeriesPhase.STOPPING, senders.reason

    def _on_updated(self, entry: HistoryEntry) -> None:
        """The log may tell more of a run long after its answer."""
        place = self._places.get(entry.id)
        if place is None:
            return
        series, index = place
        run = series.runs[index]
        changed = run_of(entry, run.number, run.line)
        # What is told has no response, so that the error is not in it.
        series.runs[index] = replace(
            changed, round_trip_ms=run.round_trip_ms, error_type=run.error_type, error=run.error
        )
        self._tell()

    def _tell(self, *, at_once: bool = False) -> None:
        if at_once:
            if self._due is not None:
                self._due.cancel()
            self._tell_now()
        elif self._due is None:
            loop = asyncio.get_running_loop()
            wait_s = max(0.0, self._told_s + TOLD_EVERY_S - loop.time())
            self._due = loop.call_later(wait_s, self._tell_now)

    def _tell_now(self) -> None:
        self._due = None
        self._told_s = asyncio.get_running_loop().time()
        self.changed.emit()


def _to_run(sent: SentRun, entry: HistoryEntry, plan: SeriesPlan) -> SeriesRun:
    result, error, line = sent.answer.result, sent.answer.error, plan.line_of(sent.number)
    if result is not None:
        # Without the time that the history takes.
        round_trip_ms = result.received_ms - result.sent_ms
        return run_of(entry, sent.number + 1, line, round_trip_ms)
    is_unknown = error is None or error.kind is ErrorKind.OUTCOME_UNKNOWN
    return SeriesRun(
        sent.number + 1,
        entry.outcome,
        entry.sent_ms,
        line=line,
        round_trip_ms=(entry.received_ms or entry.sent_ms) - entry.sent_ms,
        error=error.message if error else "",
        was_throttled=error is not None and error.kind is ErrorKind.THROTTLED,
        did_run=is_unknown,
    )


def run_of(entry: HistoryEntry, number: int, line: int = 0, round_trip_ms: int | None = None) -> SeriesRun:
    """An entry of the history as a run of a series. round_trip_ms: where it is known better."""
    report = entry.report
    if round_trip_ms is None and entry.received_ms is not None:
        round_trip_ms = entry.received_ms - entry.sent_ms
    error_type, error = "", entry.error
    if entry.function_error:
        error_type, error = read_error(entry.response)
        error_type = error_type or (report.error_type if report else "") or entry.function_error
    return SeriesRun(
        number=number,
        outcome=entry.outcome,
        sent_ms=entry.sent_ms,
        entry_id=entry.id,
        line=line,
        round_trip_ms=round_trip_ms,
        duration_ms=report.duration_ms if report else None,
        billed_ms=report.billed_ms if report else None,
        init_ms=report.init_ms if report else None,
        max_memory_mb=report.max_memory_mb if report else None,
        has_report=report is not None,
        cost=entry.cost,
        currency=entry.currency,
        cost_exact=entry.cost_exact,
        version=entry.executed_version,
        request_id=entry.request_id,
        status_code=entry.status_code,
        error_type=error_type,
        error=error,
    )
