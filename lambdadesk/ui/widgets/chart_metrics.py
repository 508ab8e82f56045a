"""ChartMetrics: CloudWatch's metrics beside the points, when one wants them, and what they say."""

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QWidget

from lambdadesk.core.errors import UserError
from lambdadesk.core.metric_curve import MetricCurve
from lambdadesk.core.money import format_money
from lambdadesk.core.types import FunctionInfo
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.metric_watch import MetricWatch
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.chart_layer import Aggregate
from lambdadesk.ui.widgets.chart_stack import ChartStack
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import set_plain_tooltip

_LEAST_S = 24 * 3_600  # what is asked for costs the same, however long it is


class ChartMetrics(QWidget):
    """A line that says how CloudWatch counts what is in sight; hidden while nobody asked for it.

    Signals:
        changed(): other metrics are drawn, or none.
    """

    changed = Signal()

    def __init__(
        self, connection: Connection, function: FunctionInfo, stacked: ChartStack, box: QCheckBox
    ) -> None:
        super().__init__()
        self.scope = TaskScope(self._on_failure)
        self.watch = MetricWatch(connection, function)
        self._connection, self._stacked, self._box = connection, stacked, box
        self.said = named(ToneLabel("dim"), "chartMetricsSaid", "What CloudWatch's metrics say")
        self.again = named(
            QPushButton(icon("refresh"), "Ask again"),
            "chartMetricsAgain",
            "Ask CloudWatch for what is in sight",
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE)
        row.addWidget(self.said, 1)
        row.addWidget(self.again)
        self.hide()
        price = self.watch.price()
        cost = f"about {format_money(price.amount, price.currency)}" if price is not None else "nothing here"
        words = f"Ask CloudWatch for the metrics of this time; each time it costs {cost}"
        for widget in (box, self.again):
            set_plain_tooltip(widget, words)
        box.toggled.connect(self._use)
        self.again.clicked.connect(self._load)
        self._disconnect = self.watch.changed.connect(self._show)

    async def close_metrics(self) -> None:
        self._disconnect()
        await self.scope.close()

    def tell(self) -> None:
        """Say how CloudWatch counts what is in sight now."""
        if self._box.isChecked():
            text, tone = self._tell()
            self.said.say(text, tone)

    def _use(self, is_wanted: bool) -> None:
        self.setVisible(is_wanted)
        if is_wanted:
            self._load()
        else:
            self.scope.cancel("load")
            self.watch.forget()

    def _load(self) -> None:
        span, now_s = self._stacked.span, self._connection.gateway.server_now_ms / 1000
        left, right = (span.left_s, span.right_s) if len(self._stacked.columns) else (now_s, now_s)
        self.scope.start("load", self.watch.load, min(left, min(right, now_s) - _LEAST_S), right)

    def _show(self) -> None:
        curve = self.watch.curve
        if not self.watch.is_loading:
            self._stacked.show_aggregate(None if curve is None else _to_aggregate(curve))
        self.again.setEnabled(not self.watch.is_loading)
        self.tell()
        if not self.watch.is_loading and self._box.isChecked():
            announce(self, self.said.text())
        self.changed.emit()

    def _tell(self) -> tuple[str, str]:
        watch, curve = self.watch, self.watch.curve
        if watch.is_loading:
            return "Waiting for CloudWatch's metrics…", "dim"
        if watch.error is not None:
            return f"✖ {watch.error.message} {watch.error.hint}", "error"
        if curve is None:
            return "", "dim"
        span = self._stacked.span
        count, errors = curve.counts(span.left_s, span.right_s)
        rows = self._stacked.in_sight()
        text = (
            f"CloudWatch counts {count:,} {'invocation' if count == 1 else 'invocations'} and {errors:,} "
            f"{'error' if errors == 1 else 'errors'} in these stretches of {_length(curve.period_s)}; "
            f"{rows.stop - rows.start:,} are drawn as points."
        )
        if not any(curve.invocations):
            text = "CloudWatch has no metric of this function in this time."
        if not curve.has_percentiles:
            text += " Percentiles are not offered by this endpoint: the line is the average."
        if not curve.is_complete:
            text += " ▲ CloudWatch said that values are missing."
        return text, "dim"

    def _on_failure(self, name: str, error: Exception) -> None:
        if isinstance(error, UserError):
            self.said.say(f"✖ {error.message} {error.hint}", "error")
        else:
            self._connection.scope.report(name, error)


def _to_aggregate(curve: MetricCurve) -> Aggregate | None:
    """From the first period with a value to the last; None where nothing was measured."""
    edges = curve.start_s + np.arange(len(curve.invocations) + 1, dtype=np.float64) * curve.period_s
    middle, high = (
        np.array([np.nan if value is None else value for value in row])
        for row in (curve.median_ms, curve.high_ms)
    )
    measured = np.flatnonzero(~(np.isnan(middle) & np.isnan(high)))
    if not len(measured):
        return None
    part = slice(int(measured[0]), int(measured[-1]) + 1)
    of_what = "p50 and p99" if curve.has_percentiles else "average"
    edges = edges[part.start : part.stop + 1]
    return Aggregate(edges, middle[part], high[part], f"CloudWatch's {of_what} by {_length(curve.period_s)}")


def _length(seconds: int) -> str:
    """ "1 minute", "15 minutes", "6 hours", "1 day"."""
    size, unit = next(
        (size, unit) for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")) if seconds >= size
    )
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'}"
