"""VersionRunner, one payload over several versions and aliases of a function, side by side."""

import time
from dataclasses import dataclass, field, replace
from uuid import uuid4

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.json_diff import diff
from lambdadesk.core.series_result import SeriesResult, SeriesRun, summarise
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import InvokeRequest, Outcome
from lambdadesk.desk.invoker import Invoker
from lambdadesk.desk.series_run import run_of
from lambdadesk.store.history_entry import HistoryEntry


@dataclass(slots=True)
class VersionRow:
    """What one alias or version answered.

    entry: its last run, whole; is_equal: its response is that of the first row, but for white space and the
    order of keys; None while it is not known. warm_ups are not among the runs.
    """

    qualifier: str
    runs: list[SeriesRun] = field(default_factory=list)
    entry: HistoryEntry | None = None
    error: UserError | None = None
    is_equal: bool | None = None
    is_running: bool = False

    def result(self) -> SeriesResult:
        return summarise(self.runs)


class VersionRunner:
    """Asks one version after the other, each run once.

    Event changed: a row went on, or the log told more of one of its runs.
    """

    def __init__(self, invoker: Invoker) -> None:
        self.changed: Event[[]] = Event()
        self.rows: list[VersionRow] = []
        self._invoker = invoker
        self._disconnect = invoker.updated.connect(self._on_updated)

    def close(self) -> None:
        self._disconnect()

    async def run(
        self,
        request: InvokeRequest,
        qualifiers: list[str],
        runs: int = 1,
        *,
        warm_up: bool = False,
        confirmed: bool = False,
    ) -> None:
        """Run all of them. warm_up: each begins with one more run, whose figures are left out.

        A version that can't be invoked has its `error` and does not stop the others; where nothing can be
        invoked (denied, expired), nothing more is sent. Cancelling means "stop waiting".
        """
        series = uuid4().hex
        self.rows = [VersionRow(qualifier) for qualifier in qualifiers]
        for row in self.rows:
            row.is_running = True
            self.changed.emit()
            try:
                for number in range(1 - warm_up, runs + 1):
                    await self._one(row, replace(request, qualifier=row.qualifier), number, series, confirmed)
            except UserError as error:
                row.error = error
                if error.kind in (ErrorKind.DENIED, ErrorKind.EXPIRED, ErrorKind.OFFLINE, ErrorKind.NOT_AWS):
                    break
            finally:
                row.is_running = False
                self._invoker.match(request.function.name)
                self.changed.emit()
            await self._compare(row)
        await self._invoker.flush()

    async def _one(
        self, row: VersionRow, request: InvokeRequest, number: int, series: str, confirmed: bool
    ) -> None:
        began_ms = int(time.time() * 1000)
        try:
            entry = await self._invoker.invoke(request, confirmed=confirmed, series=series)
        except UserError as error:
            if error.kind is not ErrorKind.OUTCOME_UNKNOWN:
                raise
            row.runs.append(SeriesRun(number, Outcome.UNKNOWN, began_ms, error=error.message))
            raise
        if number > 0:
            row.runs.append(run_of(entry, number))
            row.entry = entry
            self.changed.emit()

    async def _compare(self, row: VersionRow) -> None:
        first = self.rows[0].entry
        if row is self.rows[0] or first is None or row.entry is None:
            return
        row.is_equal = (await in_thread(diff, first.response, row.entry.response)).is_equal
        self.changed.emit()

    def _on_updated(self, entry: HistoryEntry) -> None:
        """The log may tell more of a run after its answer; what it tells has no response."""
        if not entry.series or not entry.id:
            return
        for row in self.rows:
            for at, run in enumerate(row.runs):
                if run.entry_id == entry.id:
                    told = run_of(entry, run.number)
                    row.runs[at] = replace(told, error_type=run.error_type, error=run.error)
                    self.changed.emit()
                    return
