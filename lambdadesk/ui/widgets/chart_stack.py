"""ChartStack: duration, memory and cost of a function's invocations, over one span of time."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QSplitter, QWidget

from lambdadesk.core.invocation_columns import UNKNOWN, InvocationColumns
from lambdadesk.core.invocation_groups import Groups
from lambdadesk.core.invocation_words import exact_ms
from lambdadesk.core.money import format_money
from lambdadesk.ui.widgets import chart_legend as legend
from lambdadesk.ui.widgets.chart import Chart, Kind, Unit
from lambdadesk.ui.widgets.chart_layer import LEAST_FOR_BANDS, MOST_MARKS, Aggregate
from lambdadesk.ui.widgets.chart_span import Span
from lambdadesk.ui.widgets.legend import Entry
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.picture import Part


class ChartStack(QScrollArea):
    """A low window scrolls instead of squeezing three charts.

    Signals:
        point_clicked(int): the row of the invocation.
    """

    point_clicked = Signal(int)

    def __init__(self, currency: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.columns = InvocationColumns.empty()
        self.span = Span(self)
        self._deploys: Sequence[tuple[float, str]] = ()
        unit = Unit.CNY if currency == "CNY" else Unit.USD
        self.duration = named(
            Chart("Duration", Unit.MS, span=self.span, describe=self._describe), "durationChart"
        )
        self.memory = named(
            Chart(
                "Memory used", Unit.MB, span=self.span, ceiling_word="memory size", describe=self._describe
            ),
            "memoryChart",
        )
        self.cost = named(Chart("Cost", unit, span=self.span, describe=self._describe), "costChart")
        self.charts = (self.duration, self.memory, self.cost)
        splitter = named(QSplitter(Qt.Orientation.Vertical), "chartSplitter")
        splitter.setChildrenCollapsible(False)
        for chart in self.charts:
            splitter.addWidget(chart)
            chart.point_clicked.connect(self.point_clicked)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the chart that has the focus
        self.setWidget(splitter)

    def show_columns(self, columns: InvocationColumns, groups: Groups | None, now_s: float) -> None:
        """Draw these; what is pointed at and marked stays so. now_s: epoch seconds."""
        pointed, marked = (self._id_of(row) for row in (self.span.row, self.span.marked))
        self.columns = columns
        times = columns.started_ms / 1000
        shared = {
            "kinds": columns.outcome,
            "colds": columns.cold,
            "groups": None if groups is None else groups.codes,
        }
        inits, restores = (
            None if np.isnan(each).all() else np.nan_to_num(each).astype(np.float32)
            for each in (columns.init_ms, columns.restore_ms)
        )
        self.duration.set_points(times, columns.duration_ms, inits=inits, restores=restores, **shared)
        used, size = (
            np.where(each == UNKNOWN, np.nan, each).astype(np.float32)
            for each in (columns.max_memory_mb, columns.memory_mb)
        )
        self.memory.set_points(times, used, ceilings=size, **shared)
        self.cost.set_points(times, columns.cost, **shared)
        self.follow_now(now_s)
        self.span.mark(columns.find(marked) if marked else -1)
        self.span.point_at(columns.find(pointed) if pointed else -1, self.span.moment_s)

    def show_aggregate(self, aggregate: Aggregate | None) -> None:
        """Draw what was measured of the durations as a whole, too."""
        self.duration.set_aggregate(aggregate)
        self.follow_now(self.span.now_s)

    def show_deploys(self, deploys: Sequence[tuple[float, str]]) -> None:
        """Draw these moments (epoch seconds) in each chart, with their words in the first."""
        self._deploys = deploys
        for chart in self.charts:
            chart.set_marks(deploys if chart is self.duration else [(at_s, "") for at_s, _text in deploys])

    def follow_now(self, now_s: float) -> None:
        """What there is to show, and up to where the newest part reaches."""
        ends = [self.columns.started_ms[[0, -1]] / 1000] if len(self.columns) else []
        if self.duration.aggregate is not None:
            ends.append(self.duration.aggregate.edges_s[[0, -1]])
        if ends:
            self.span.set_extent(
                min(float(each[0]) for each in ends), max(float(each[1]) for each in ends), now_s
            )

    def in_sight(self) -> slice:
        """The rows in sight."""
        edges_ms = [self.span.left_s * 1000, self.span.right_s * 1000]
        first, end = np.searchsorted(self.columns.started_ms, edges_ms)
        return slice(int(first), int(end))

    def mark(self, row: int) -> None:
        """Mark an invocation and bring it into sight."""
        at_s = float(self.columns.started_ms[row]) / 1000
        self.span.bring(at_s)
        self.span.mark(row)
        self.span.point_at(row, at_s)
        self.duration.setFocus()

    def legend_entries(self, groups: Groups | None, *, has_bands: bool) -> list[Entry]:
        """What there is to explain of what is in sight."""
        seen = self.columns.where(self.in_sight())
        outcomes = set(np.unique(seen.outcome).tolist())
        names = groups.names if groups is not None else ()
        entries = [legend.group_entry(name, code) for code, name in enumerate(names)]
        if not entries and int(Kind.OK) in outcomes:
            entries.append(legend.point_entry())
        entries += [legend.kind_entry(kind) for kind in Kind if kind > Kind.OK and int(kind) in outcomes]
        if seen.cold.any():
            entries.append(legend.cold_entry())
        for each, is_restore in ((seen.init_ms, False), (seen.restore_ms, True)):
            if not np.isnan(each).all():
                entries.append(legend.stretch_entry(is_restore=is_restore))
        if len(seen) > MOST_MARKS:
            has_failures = bool(seen.failed.any())
            entries += legend.strip_entries(has_failures=has_failures, has_colds=bool(seen.cold.any()))
        if has_bands and len(seen) >= LEAST_FOR_BANDS:
            entries += legend.band_entries()
        if (seen.memory_mb != UNKNOWN).any():
            entries.append(legend.line_entry("memory size", lambda c: c.marks[3], Qt.PenStyle.DashLine))
        if (aggregate := self.duration.aggregate) is not None:
            styles = [Qt.PenStyle.SolidLine]
            if not np.isnan(aggregate.high).all():
                styles.append(Qt.PenStyle.DashDotLine)
            entries.append(legend.line_entry(aggregate.word, lambda c: c.marks[5], *styles))
        if any(self.span.left_s <= at_s <= self.span.right_s for at_s, _text in self._deploys):
            entries.append(legend.line_entry("deploy", lambda c: c.text, Qt.PenStyle.DashDotLine))
        return entries

    def parts(self) -> list[Part]:
        """The charts that have anything to show, to be painted elsewhere."""
        return [
            Part(f"{chart.accessibleName()}   {chart.figures_text()}", chart.plot.size(), chart.plot.paint_on)
            for chart in self.charts
            if chart.plot is not None and chart.plot.isVisible()
        ]

    def _id_of(self, row: int) -> str:
        return self.columns.request_id(row) if 0 <= row < len(self.columns) else ""

    def _describe(self, row: int) -> str:
        run = self.columns.invocation(row, "")
        lines = [run.error_type] if run.error_type else []
        report = run.report
        if report is not None:
            lines.append(f"{exact_ms(report.duration_ms)}, billed {_or_dash(report.billed_ms)} ms")
            if report.init_ms is not None:
                lines.append(f"init {exact_ms(report.init_ms)} before it")
            if report.restore_ms is not None:
                lines.append(f"restore {exact_ms(report.restore_ms)} before it")
            lines.append(f"{_or_dash(report.max_memory_mb)} of {_or_dash(report.memory_mb)} MB")
        if run.cost is not None:
            sign = "" if run.cost.exact else "≈ "
            lines.append(sign + format_money(run.cost.amount, run.cost.currency))
        lines += [f"version {run.version}", run.request_id]
        return "\n".join(lines)


def _or_dash(value: int | None) -> str:
    return "—" if value is None else f"{value:,}"
