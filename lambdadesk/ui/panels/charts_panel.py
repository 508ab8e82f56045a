"""ChartsPanel: duration, memory and cost of one function, a point per invocation."""

from datetime import datetime

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QSplitter, QVBoxLayout, QWidget

from lambdadesk.core.money import format_money
from lambdadesk.core.types import FunctionInfo, Invocation, Outcome
from lambdadesk.desk.connection import Connection
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.chart import Chart, Kind, Unit
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel

GATHER_MS = 100


class ChartsPanel(QWidget):
    """Draws what the ledger holds of one function: runs made here and runs seen in its log, each once.

    Signals:
        log_requested(str): a point was clicked; its request id.
    """

    log_requested = Signal(str)

    def __init__(self, connection: Connection, function: FunctionInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._connection = connection
        self._function = function
        self._shown: list[Invocation] = []
        self.head = named(PlainLabel(), "chartSummary", "What the charts show")
        self.head.setWordWrap(True)
        unit = Unit.CNY if connection.currency == "CNY" else Unit.USD
        self.duration = named(Chart("Duration", Unit.MS, describe=self._describe), "durationChart")
        self.memory = named(
            Chart("Memory used", Unit.MB, ceiling_word="memory size", describe=self._describe), "memoryChart"
        )
        self.cost = named(Chart("Cost", unit, describe=self._describe), "costChart")
        self.memory.link_to(self.duration)
        self.cost.link_to(self.duration)
        charts = named(QSplitter(Qt.Orientation.Vertical), "chartSplitter")
        charts.setChildrenCollapsible(False)
        for chart in (self.duration, self.memory, self.cost):
            charts.addWidget(chart)
            chart.point_clicked.connect(self._on_point_clicked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addWidget(self.head)
        area = QScrollArea()  # a low window scrolls instead of squeezing three charts
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the chart that has the focus
        area.setWidget(charts)
        layout.addWidget(area, 1)
        # A burst of invocations is drawn once.
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self._refresh)
        self._disconnect = connection.ledger.changed.connect(self._on_changed)
        self._refresh()

    async def close_panel(self) -> None:
        self._disconnect()
        self._gather.stop()

    def _on_changed(self, function: str) -> None:
        if function == self._function.name and not self._gather.isActive():
            self._gather.start()

    def _refresh(self) -> None:
        known = self._connection.ledger.of(self._function.name)
        runs = sorted(
            (run for run in known if run.report is not None), key=lambda run: (run.started_ms, run.request_id)
        )
        self._shown = runs
        times = [run.started_ms / 1000 for run in runs]
        kinds = [_kind(run) for run in runs]
        reports = [run.report for run in runs if run.report is not None]
        self.duration.set_points(times, [float(report.duration_ms) for report in reports], kinds)
        self.memory.set_points(
            times,
            [_or_nan(report.max_memory_mb) for report in reports],
            kinds,
            [_or_nan(report.memory_mb) for report in reports],
        )
        # Decimal up to here: a float is only drawn, never added.
        costs = [float(run.cost.amount) if run.cost else float("nan") for run in runs]
        self.cost.set_points(times, costs, kinds)
        self._show_head(len(known) - len(runs))

    def _show_head(self, waiting: int) -> None:
        runs = self._shown
        if not runs:
            text = "No finished invocation is known yet."
        else:
            here = sum(run.here for run in runs)
            failed = sum(run.outcome is not Outcome.OK for run in runs)
            text = (
                f"{len(runs):,} {'invocation' if len(runs) == 1 else 'invocations'} since "
                f"{_clock(runs[0].started_ms)}, {here:,} made here, {len(runs) - here:,} seen in the log"
                f" · {failed:,} failed"
            )
        if waiting:
            text += f" · {waiting} without a REPORT line yet"
        self.head.setText(text)

    def _describe(self, point: int) -> str:
        run = self._shown[point]
        failure = "" if run.outcome in (Outcome.OK, Outcome.ERROR) else str(run.outcome)
        lines = [words for words in (failure, run.error_type) if words]
        if run.report is not None:
            report = run.report
            lines.append(f"{report.duration_ms:f} ms, billed {report.billed_ms or '—'} ms")
            lines.append(f"{report.max_memory_mb or '—'} of {report.memory_mb or '—'} MB")
        if run.cost is not None:
            sign = "" if run.cost.exact else "≈ "
            lines.append(sign + format_money(run.cost.amount, run.cost.currency))
        lines.append(run.request_id)
        return "\n".join(lines)

    def _on_point_clicked(self, point: int) -> None:
        self.log_requested.emit(self._shown[point].request_id)


def _kind(run: Invocation) -> Kind:
    if run.outcome is not Outcome.OK:
        return Kind.ERROR
    return Kind.COLD_START if run.report is not None and run.report.init_ms is not None else Kind.OK


def _or_nan(value: int | None) -> float:
    return float("nan") if value is None else float(value)


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%H:%M:%S")
