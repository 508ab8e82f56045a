"""SuiteRunner, saved cases one after the other, each run once and held against what is expected of it."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.expectations import Case, Finding, Verdict, evaluate, verdict_of
from lambdadesk.core.junit import SuiteResult
from lambdadesk.core.series_result import SeriesRun
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import FunctionInfo, InvokeRequest, Outcome
from lambdadesk.desk.invoker import Invoker
from lambdadesk.desk.series_run import run_of
from lambdadesk.store.history_entry import HistoryEntry, with_bodies

# Of these every further case would be one more.
_HOPELESS = (ErrorKind.DENIED, ErrorKind.EXPIRED, ErrorKind.OFFLINE, ErrorKind.NOT_AWS)


@dataclass(slots=True)
class CaseResult:
    """What became of one case. error: why it was not run; entry: the run, whole."""

    case: Case
    run: SeriesRun | None = None
    entry: HistoryEntry | None = None
    findings: tuple[Finding, ...] = ()
    error: UserError | None = None

    @property
    def verdict(self) -> Verdict:
        return Verdict.FAILED if self.error else verdict_of(self.findings)

    def for_junit(self) -> SuiteResult:
        seconds = (self.run.round_trip_ms or 0) / 1000 if self.run else 0.0
        output = f"Request id: {self.entry.request_id}" if self.entry and self.entry.request_id else ""
        return SuiteResult(self.case.name, self.findings, str(self.error or ""), seconds, output)


class SuiteRunner:
    """Runs cases. `results` has those that were run, by name, also of earlier runs.

    read_event: the payload of a saved event by its name; raises UserError.

    Event changed: a case begins, or has come out, or the log told more of its run.
    """

    def __init__(self, invoker: Invoker, read_event: Callable[[str], Awaitable[bytes]]) -> None:
        self.changed: Event[[]] = Event()
        self.results: dict[str, CaseResult] = {}
        self.running = ""  # the name of the case that is under way
        self._invoker = invoker
        self._read_event = read_event
        self._is_stopping = False
        self._disconnect = invoker.updated.connect(self._on_updated)

    def close(self) -> None:
        self._disconnect()

    def stop(self) -> None:
        """Run no further case, and wait for the one that is under way."""
        self._is_stopping = True

    async def run(
        self, function: FunctionInfo, cases: Sequence[Case], *, confirmed: bool = False
    ) -> UserError | None:
        """Run the cases in their order; returns what ended it early, where it would end all of them."""
        self._is_stopping = False
        series = uuid4().hex
        for case in cases:
            self.results.pop(case.name, None)
        try:
            for case in cases:
                if self._is_stopping:
                    break
                self.running = case.name
                self.changed.emit()
                result = self.results[case.name] = await self._one(function, case, series, confirmed)
                self.changed.emit()
                if result.error is not None and result.error.kind in _HOPELESS:
                    return result.error
        finally:
            self.running = ""
            self._invoker.match(function.name)
            self.changed.emit()
        await self._invoker.flush()
        return None

    async def _one(self, function: FunctionInfo, case: Case, series: str, confirmed: bool) -> CaseResult:
        began_ms = int(time.time() * 1000)
        try:
            payload = await self._read_event(case.event) if case.event else case.payload.encode()
            request = InvokeRequest(function, payload, qualifier=case.qualifier, origin=f"case {case.name}")
            entry = await self._invoker.invoke(request, confirmed=confirmed, series=series)
        except UserError as error:
            if error.kind is not ErrorKind.OUTCOME_UNKNOWN:
                return CaseResult(case, error=error)
            run = SeriesRun(1, Outcome.UNKNOWN, began_ms, error=error.message)
            return CaseResult(case, run, findings=evaluate(case.expectations, run, b""))
        run = run_of(entry, 1)
        findings = await in_thread(evaluate, case.expectations, run, entry.response)
        return CaseResult(case, run, entry, findings)

    def _on_updated(self, entry: HistoryEntry) -> None:
        """What could not be known without a REPORT line may be known now."""
        for result in self.results.values():
            if entry.id and result.entry is not None and result.entry.id == entry.id and result.run:
                result.entry = with_bodies(entry, result.entry)
                told = run_of(entry, 1)
                result.run = replace(told, error_type=result.run.error_type, error=result.run.error)
                result.findings = evaluate(result.case.expectations, result.run, result.entry.response)
                self.changed.emit()
