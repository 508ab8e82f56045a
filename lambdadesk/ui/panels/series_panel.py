"""SeriesPanel: one payload many times, or a file of payloads, and the figures of all of it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import UserError
from lambdadesk.core.event_variables import find_variables
from lambdadesk.core.series import MAX_CONCURRENCY, MAX_PER_S, MAX_RUNS, SeriesPlan
from lambdadesk.core.series_result import (
    SeriesResult,
    summarise,
    tell,
    tell_shortly,
    to_csv,
    to_json,
    to_ndjson,
)
from lambdadesk.core.series_rows import Rows
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import FunctionInfo, InvokeRequest
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.series_files import write_text_file
from lambdadesk.desk.series_run import Series, SeriesPhase, SeriesRunner, run_of
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.invoke.payload_file import PayloadFile, tell_bad, tell_variables
from lambdadesk.ui.invoke.requests import fill_payload
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.once_button import OnceButton, StopButton, show_running
from lambdadesk.ui.widgets.plain import PlainLabel
from lambdadesk.ui.widgets.series_figures import SeriesFigures
from lambdadesk.ui.widgets.wrapping_row import WrappingRow

SAME, FILE = "This payload", "A file of payloads"


class SeriesPanel(QWidget):
    """Runs series of one function of a connection.

    get_request: what Invoke would send now, see InvokePanel.current_request.
    get_text: the payload as it is typed, its variables not filled in: each run has its own values.

    Signals:
        write_requested(str, Callable[[], None]): in production the whole series waits to be confirmed, once:
            what it is about, with its price, and what starts it.
        not_found(): AWS does not know the function any more.
    """

    write_requested = Signal(str, object)
    not_found = Signal()

    def __init__(
        self,
        connection: Connection,
        function: FunctionInfo,
        get_request: Callable[..., InvokeRequest],
        get_text: Callable[[], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.scope = TaskScope(self._on_failure)
        self.runner = SeriesRunner(connection.invoker)
        self._connection = connection
        self._function = function
        self._get_request = get_request
        self._get_text = get_text
        self._earlier: SeriesResult | None = None
        self._build()
        self.runner.changed.connect(self._show)
        self._on_source()
        self._show()
        self.scope.start("earlier", self._load_earlier)

    # -- building

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        self.file = PayloadFile()
        self.file.changed.connect(self.show_estimate)
        self.file.chosen.connect(self.load_file)
        layout.addLayout(self._build_settings())
        layout.addWidget(self.file)
        self.progress = named(QProgressBar(), "seriesProgress", "Answers so far")
        self.progress.setTextVisible(False)
        self.progress.setMaximumHeight(theme.SPACE)
        layout.addWidget(self.progress)
        layout.addLayout(self._build_told())
        self.result = SeriesFigures()
        self.result.hide()
        layout.addWidget(self.result, 1)
        layout.addStretch(0)

    def _build_settings(self) -> QHBoxLayout:
        self.source = named(CalmComboBox(), "seriesSource", "What is sent")
        self.source.addItems((SAME, FILE))
        self.source.currentIndexChanged.connect(lambda _index: self._on_source())
        self.runs = _spin("seriesRuns", "Number of runs", 1, MAX_RUNS, 10)
        self.concurrency = _spin("seriesConcurrency", "Runs at once", 1, MAX_CONCURRENCY, 1)
        self.rate = _spin("seriesRate", "Starts a second at most", 0, MAX_PER_S, 0)
        self.rate.setSpecialValueText("no limit")
        self.errors = _spin("seriesErrors", "Stop after so many errors", 0, MAX_RUNS, 0)
        self.errors.setSpecialValueText("never")
        self._runs_field = _field("Runs", self.runs)
        self._file_field = _field("File", self.file.button)
        self._fields = WrappingRow(
            (
                _field("Send", self.source),
                self._runs_field,
                self._file_field,
                _field("At once", self.concurrency),
                _field("A second", self.rate),
                _field("Stop after errors", self.errors),
            )
        )
        self.start_button = named(OnceButton(icon("invoke"), "Start"), "seriesStart", "Start the series")
        self.start_button.clicked.connect(self.start)
        self.stop_button = named(StopButton(icon("stop"), "Stop"), "seriesStop", "Stop the series")
        self.stop_button.clicked.connect(self.stop)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        row.addWidget(self._fields, 1)
        for button in (self.stop_button, self.start_button):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)
        for box in (self.runs, self.concurrency, self.rate, self.errors):
            box.valueChanged.connect(lambda _value: self.show_estimate())
        return row

    def _build_told(self) -> QVBoxLayout:
        """What it costs and how far it is; beside it what can be done with the figures below."""
        self.price = named(ToneLabel("dim"), "seriesEstimate", "Estimated price")
        self.status = named(ToneLabel("dim"), "seriesStatus", "Progress")
        self.compare = named(CalmComboBox(), "seriesCompare", "Compare with an earlier series")
        self.compare.addItem("Compare with…", "")
        self.compare.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.compare.activated.connect(lambda _index: self.scope.start("compare", self._compare))
        self.export_button = named(QPushButton(icon("save"), "Export…"), "seriesExport", "Export the runs")
        self.export_button.clicked.connect(self._ask_where)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        row.addWidget(self.status, 1)
        for widget in (self.compare, self.export_button):
            row.addWidget(widget)
        column = QVBoxLayout()
        column.setSpacing(theme.TIGHT)
        column.addWidget(self.price)
        column.addLayout(row)
        return column

    async def close_panel(self) -> None:
        await self.scope.close()
        self.runner.close()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]  # a QShowEvent
        self.show_estimate()  # the payload may be another one now

    # -- what is sent

    def _on_source(self) -> None:
        is_file = self.source.currentText() == FILE
        self._runs_field.setVisible(not is_file)
        self._file_field.setVisible(is_file)
        self.file.setVisible(is_file)
        self._fields.arrange()
        self.show_estimate()

    def load_file(self, path: Path) -> None:
        """Read a file of payloads: CSV by its name, else one JSON a line."""
        self.scope.start("file", self.file.load, path)

    async def _plan(self, *, is_quiet: bool = False) -> tuple[SeriesPlan, Rows] | None:
        """What Start would run, and the rows that it leaves out; None where nothing can be sent."""
        try:
            is_file = self.source.currentText() == FILE
            request, typed = self._get_request(is_quiet=is_quiet, is_bare=is_file), self._get_text()
        except UserError as error:
            self.price.say(f"✖ Can't be sent: {error}", "error")
            return None
        rows = Rows((), ())
        if is_file:
            if not self.file.name:
                self.price.say("Choose a file: one JSON a line (NDJSON), or CSV.", "dim")
                return None
            rows = await in_thread(self.file.get_reader(request.kind, typed))
            if not rows.payloads:
                self.price.say(f"Nothing of {self.file.name} can be sent. {tell_bad(rows)}", "error")
                return None
        elif find_variables(typed):
            request = replace(request, payload=typed.encode())
        plan = SeriesPlan(
            request,
            self.runs.value(),
            rows.payloads,
            rows.lines,
            self.concurrency.value(),
            float(self.rate.value()),
            self.errors.value(),
            fill_payload if not is_file or self.file.has_variables else None,
        )
        return plan, rows

    def show_estimate(self) -> None:
        """Say what Start would cost."""
        if not self.runner.is_running and self.isVisible():
            self.scope.start("estimate", self._show_estimate)

    async def _show_estimate(self) -> None:
        planned = await self._plan(is_quiet=True)
        self.start_button.setEnabled(planned is not None and not self.runner.is_running)
        if planned is None:
            self.start_button.setText("Start")
            return
        plan, rows = planned
        request = plan.request
        billed_ms = await self._connection.billed_ms(self._function.name)
        estimate = self._connection.estimate(request.function, request.kind, plan.payload_bytes, billed_ms)
        text = " ".join((str(estimate), *estimate.notes))
        text = " ".join(filter(None, (text, tell_variables(plan), tell_bad(rows))))
        self.price.say(text, "warning" if rows.bad else "dim")
        self.start_button.setText(f"Start {plan.count:,} run{'s' * (plan.count != 1)}")

    # -- running

    def start(self) -> None:
        """Start what is chosen, or have it confirmed first in production."""
        if not self.runner.is_running:
            self.scope.start("start", self._start)

    async def _start(self) -> None:
        planned = await self._plan()
        if planned is None:
            announce(self.price, self.price.text(), is_urgent=True)
            return
        plan, _rows = planned
        if self._connection.info.guard is not Guard.PRODUCTION:
            self._run(plan)
            return
        request = plan.request
        billed_ms = await self._connection.billed_ms(self._function.name)
        estimate = self._connection.estimate(request.function, request.kind, plan.payload_bytes, billed_ms)
        verb = f"Run {self._function.name} {plan.count:,} times (estimate {estimate.short})"
        self.write_requested.emit(verb, partial(self._run, plan, confirmed=True))

    def _run(self, plan: SeriesPlan, *, confirmed: bool = False) -> None:
        if not self.runner.is_running:
            self.scope.cancel("estimate")
            self._earlier = None
            self.scope.start("series", self._run_series, plan, confirmed)

    async def _run_series(self, plan: SeriesPlan, confirmed: bool) -> None:
        series = await self.runner.run(plan, confirmed=confirmed)
        announce(self.status, self.status.text())
        if series.error is not None and series.error.kind == "not-found":
            self.not_found.emit()
        await self._load_earlier()
        self.show_estimate()
        QTimer.singleShot(0, self, self._reveal_result)  # once its place is known

    def stop(self) -> None:
        """Send nothing more; the second time, don't wait for answers any more either."""
        series = self.runner.series
        if series is not None and series.phase is SeriesPhase.STOPPING:
            self.scope.cancel("series")
        else:
            self.runner.stop()

    # -- showing

    def _show(self) -> None:
        series = self.runner.series
        is_running = self.runner.is_running
        show_running(self.start_button, self.stop_button, is_running=is_running)
        is_stopping = series is not None and series.phase is SeriesPhase.STOPPING
        self.stop_button.setText("Stop waiting" if is_stopping else "Stop")
        self.progress.setVisible(is_running)
        self.price.setVisible(not is_running)  # in a low window, how far it is comes first
        self._show_tools()
        if series is None:
            self.status.say(
                "Nothing was run yet. Each run is one request, and one run in the history.", "dim"
            )
            return
        if is_running:
            self.result.hide()
            self.progress.setMaximum(series.plan.count)
            self.progress.setValue(len(series.runs))
            self.status.say(_tell_progress(series), "text")
            return
        result = series.result()
        self.status.say(_tell_end(series, result), "error" if series.error else "text")
        self.status.setAccessibleDescription(tell(result))
        self._show_result(series, result)

    def _show_result(self, series: Series, result: SeriesResult) -> None:
        self.result.setVisible(bool(series.runs))
        times = [run.round_trip_ms for run in series.runs if run.round_trip_ms is not None and run.did_run]
        self.result.show_result(result, self._earlier, times)

    def _reveal_result(self) -> None:
        """In a low window, scroll to what became of the series."""
        viewport, layout = self.parentWidget(), self.layout()
        area = viewport.parentWidget() if viewport is not None else None
        if isinstance(area, QScrollArea) and layout is not None:
            layout.activate()
            top = min(each.geometry().top() for each in (self.status, self.export_button))
            area.verticalScrollBar().setValue(top - theme.SPACE)

    async def _load_earlier(self) -> None:
        now = self.runner.series.id if self.runner.series else ""
        found = await self._connection.recent_series(self._function.name)
        with QSignalBlocker(self.compare):
            self.compare.clear()
            self.compare.addItem("Compare with…", "")
            for name, sent_ms, count in found:
                if name != now:
                    self.compare.addItem(f"{_when(sent_ms)}, {count:,} runs", name)
        self._show_tools()

    def _show_tools(self) -> None:
        """What there is no result for is not offered."""
        series = self.runner.series
        has_result = series is not None and bool(series.runs) and not self.runner.is_running
        self.export_button.setVisible(has_result)
        self.compare.setVisible(has_result and self.compare.count() > 1)

    async def _compare(self) -> None:
        name = self.compare.currentData()
        entries = await self._connection.of_series(self._function.name, name) if name else []
        self._earlier = (
            summarise([run_of(each, at) for at, each in enumerate(entries, 1)]) if entries else None
        )
        self._show()

    def _ask_where(self) -> None:
        dialog = QFileDialog(self, "Export the runs of the series")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["CSV (*.csv)", "NDJSON (*.ndjson)", "JSON with the figures (*.json)"])
        dialog.selectFile(f"{self._function.name}-series.csv")
        dialog.filterSelected.connect(lambda name: dialog.setDefaultSuffix(name.split("*.")[1].rstrip(")")))
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(lambda path: self.scope.start("export", self.export, Path(path)))
        dialog.open()

    async def export(self, path: Path) -> None:
        """Write the runs as CSV, NDJSON or JSON, by the file's name."""
        series = self.runner.series
        if series is None:
            return
        runs = sorted(series.runs, key=lambda run: run.number)
        write = {".ndjson": to_ndjson, ".jsonl": to_ndjson, ".csv": to_csv}.get(path.suffix.lower())
        text = await in_thread(write, runs) if write else await in_thread(to_json, runs, series.result())
        await write_text_file(path, text)
        self.status.say(f"✔ {len(runs):,} runs written to {path}.", "ok")

    def _on_failure(self, name: str, error: Exception) -> None:
        if not isinstance(error, UserError):
            self._connection.scope.report(name, error)
            return
        place = self.price if name in ("file", "estimate", "start") else self.status
        place.say(f"✖ {error}", "error")
        announce(place, place.text())
        with suppress(RuntimeError):
            self.start_button.setEnabled(name not in ("estimate", "start") and not self.runner.is_running)


def _field(title: str, widget: QWidget) -> QWidget:
    """A widget with its title above it."""
    field = QWidget()
    column = QVBoxLayout(field)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(theme.TIGHT)
    label = PlainLabel(title)
    label.setBuddy(widget)
    column.addWidget(label)
    column.addWidget(widget)
    column.addStretch(1)
    return field


def _spin(object_name: str, title: str, lowest: int, highest: int, value: int) -> QSpinBox:
    box = named(QSpinBox(), object_name, title)
    box.setRange(lowest, highest)
    box.setValue(value)
    box.setGroupSeparatorShown(True)
    box.setKeyboardTracking(False)
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return box


def _tell_progress(series: Series) -> str:
    parts = [f"{len(series.runs):,} of {series.plan.count:,} answered", f"{series.per_s:,.1f} a second"]
    if series.failed:
        parts.append(f"{series.failed:,} failed")
    if series.throttled:
        parts.append(f"{series.throttled:,} throttled")
    if series.phase is SeriesPhase.STOPPING:
        parts.append(f"{series.reason} {series.under_way:,} under way are waited for")
    return " · ".join(parts)


def _tell_end(series: Series, result: SeriesResult) -> str:
    parts = [tell_shortly(result)] if series.runs else []
    unsent = series.plan.count - series.sent
    if series.reason:
        hint = f" {series.error.hint}" if series.error and series.error.hint else ""
        parts.append(f"{series.reason}{hint}")
    if unsent:
        parts.append(f"{unsent:,} were not sent.")
    if series.may_still_run:
        parts.append(f"▲ {series.may_still_run:,} may still run: nobody waited for their answers.")
    return "\n".join(parts)


def _when(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%m-%d %H:%M:%S")
