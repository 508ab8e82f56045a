"""ChartsPanel: duration, memory and cost of one function, a point per invocation."""

import math
from datetime import datetime
from decimal import Decimal
from time import perf_counter
from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from lambdadesk.core.deploys import Deploy, PublishedVersion, list_deploys
from lambdadesk.core.errors import UserError
from lambdadesk.core.invocation_columns import UNKNOWN, InvocationColumns, Source
from lambdadesk.core.invocation_groups import (
    Groups,
    alias_names,
    group_by_change,
    group_by_version,
    measure_groups,
)
from lambdadesk.core.money import format_money
from lambdadesk.core.past_runs import PastRuns
from lambdadesk.core.types import FunctionInfo, Outcome
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.tailer import Tailer, TailState
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.models.chart_table import GROUP_SAMPLES, POINT_SAMPLES, GroupModel, PointModel
from lambdadesk.ui.widgets import chart_legend as legend
from lambdadesk.ui.widgets.chart import Chart, Kind, Unit
from lambdadesk.ui.widgets.chart_saver import ChartSaver
from lambdadesk.ui.widgets.chart_span import Span
from lambdadesk.ui.widgets.chart_tools import (
    BY_HAND,
    COMPARE_CHANGE,
    COMPARE_NOTHING,
    COMPARE_VERSIONS,
    PAST,
    RANGES,
    TABLE_KEY,
    ChartTools,
)
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.past_bar import PastBar
from lambdadesk.ui.widgets.plain import PlainLabel
from lambdadesk.ui.widgets.tables import make_table

GATHER_MS: Final = 100
_SUM_UP_MS: Final = 120
_TICK_MS: Final = 1_000
_TABLE_ROWS: Final = 5  # of the comparison, before it scrolls


class ChartsPanel(QWidget):
    """Draws what is known of one function: runs made here and seen in its log or in a past range, each once.

    Signals:
        log_requested(str): a point was clicked; its request id.
    """

    log_requested = Signal(str)

    def __init__(
        self, connection: Connection, function: FunctionInfo, tail: Tailer, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.scope = TaskScope(self._on_failure)
        self._connection = connection
        self._function = function
        self._tail = tail
        self.columns = InvocationColumns.empty()  # of all that is drawn
        self._is_read = self._reads_again = False
        self._waiting = 0
        self._groups: Groups | None = None
        self._versions: list[PublishedVersion] = []
        self._aliases: dict[str, str] = {}
        self._deploys: tuple[Deploy, ...] = ()
        self._wanted = ""  # the request that is to be marked once it is known
        self.span = Span(self)
        self._build()
        # A burst of invocations is drawn once.
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self._refresh)
        self._sum_up = QTimer(self, singleShot=True, interval=_SUM_UP_MS)
        self._sum_up.timeout.connect(self._show_figures)
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self._follow_now)
        self.span.changed.connect(self._sum_up.start)
        self.span.moved.connect(self._on_moved)
        self._disconnects = [
            connection.ledger.changed.connect(self._on_changed),
            connection.catalog.changed.connect(self._show_deploys),
            tail.changed.connect(self._show_state),
        ]
        self._show_deploys()
        self._show_state()
        self._refresh()
        self.scope.start("versions", self._load_versions)

    def _build(self) -> None:
        self.tools = ChartTools(self)
        self.past = PastBar(self._connection, self._function, "chart")
        self.past.hide()
        self.past.loaded.connect(self._on_past_loaded)
        self.head = named(PlainLabel(), "chartSummary", "What the charts show")
        self.head.setWordWrap(True)
        self.trouble = named(ToneLabel("warning"), "chartTrouble", "What is missing from the charts")
        self.trouble.hide()
        unit = Unit.CNY if self._connection.currency == "CNY" else Unit.USD
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
            chart.point_clicked.connect(self._on_point_clicked)
        area = QScrollArea()  # a low window scrolls instead of squeezing three charts
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the chart that has the focus
        area.setWidget(splitter)
        self.points = PointModel(self)
        self.table = named(
            make_table(self.points, POINT_SAMPLES, stretch=None), "chartPoints", "Invocations in sight"
        )
        self.table.activated.connect(self._on_row_activated)
        self.state = StateView()
        self.stack = QStackedWidget()
        for view in (area, self.table, self.state):
            self.stack.addWidget(view)
        self.groups = GroupModel(self)
        self.group_table = named(
            make_table(self.groups, GROUP_SAMPLES, stretch=0), "chartGroups", "Comparison of what is in sight"
        )
        self.group_table.hide()
        self.legend = named(legend.ChartLegend(), "chartLegend")
        self.saver = ChartSaver(self, self.scope, self._function.name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        for each in (self.tools, self.past, self.head, self.trouble, self.group_table):
            layout.addWidget(each)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.legend)
        layout.addWidget(self.saver)
        tools = self.tools
        tools.range.activated.connect(lambda _index: self._use_range())
        tools.fit.clicked.connect(self.duration.show_all)
        tools.compare.activated.connect(lambda _index: self._use_comparison())
        tools.change.activated.connect(lambda _index: self._use_comparison())
        tools.bands.toggled.connect(self._use_bands)
        tools.log.toggled.connect(self._use_log)
        tools.table.toggled.connect(lambda _is_on: self._show_state())
        tools.export.clicked.connect(self._export)

    async def close_panel(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        for timer in (self._gather, self._sum_up, self._tick):
            timer.stop()
        await self.past.close_bar()
        await self.scope.close()

    def mark(self, request_id: str) -> None:
        """Mark the point of an invocation and bring it into sight; once it is known, where it is not yet."""
        row = self._find(request_id)
        if row < 0:
            self._wanted = request_id
            self.saver.say(
                "No finished invocation with this request id is known yet; it is marked once it is.", "dim"
            )
            return
        self._wanted = ""
        self.tools.table.setChecked(False)
        at_s = float(self.columns.started_ms[row]) / 1000
        self.span.bring(at_s)
        self.span.mark(row)
        self.span.point_at(row, at_s)
        self.duration.setFocus()
        announce(self, f"Marked: {self.duration.point_text(row)}")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._use_tick()

    def event(self, event: QEvent) -> bool:
        # Elsewhere in the window the same keys may do something else.
        if event.type() == QEvent.Type.ShortcutOverride and _is_table_key(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_table_key(event):
            self.tools.table.click()
        else:
            super().keyPressEvent(event)

    # -- what is known

    def _on_changed(self, function: str) -> None:
        if function == self._function.name and not self._gather.isActive():
            self._gather.start()

    def _refresh(self) -> None:
        """Read again what is known; once more where more became known meanwhile."""
        if self.scope.is_running("read"):
            self._reads_again = True
        else:
            self.scope.start("read", self._read)

    async def _read(self) -> None:
        began = perf_counter()
        name = self._function.name
        columns = await self._connection.invocations.columns(name)
        is_reported = ~np.isnan(columns.duration_ms)
        self._waiting = sum(run.report is None for run in self._connection.ledger.of(name))
        self._is_read = True
        self._draw(columns if is_reported.all() else columns.where(is_reported))
        # Many invocations take longer: a storm of them gets a tenth of the time, not all of it.
        self._gather.setInterval(max(GATHER_MS, round(10_000 * (perf_counter() - began))))
        if self._reads_again:
            self._reads_again = False
            self._gather.start()

    def _draw(self, columns: InvocationColumns) -> None:
        pointed = self._id_of(self.span.row), self._id_of(self.span.marked)
        self.columns = columns
        self._group()
        times = columns.started_ms / 1000
        shared = {
            "kinds": columns.outcome,
            "colds": columns.cold,
            "groups": None if self._groups is None else self._groups.codes,
        }
        inits, restores = (
            np.nan_to_num(each) if not np.isnan(each).all() else None
            for each in (columns.init_ms, columns.restore_ms)
        )
        self.span.now_s = self._connection.gateway.server_now_ms / 1000
        self.duration.set_points(times, columns.duration_ms, inits=inits, restores=restores, **shared)
        used, size = (
            np.where(each == UNKNOWN, np.nan, each) for each in (columns.max_memory_mb, columns.memory_mb)
        )
        self.memory.set_points(times, used, ceilings=size, **shared)
        self.cost.set_points(times, columns.cost, **shared)
        row, marked = (self._find(each) if each else -1 for each in pointed)
        self.span.mark(marked)
        self.span.point_at(row, self.span.moment_s)
        if self._wanted and self._find(self._wanted) >= 0:
            self.mark(self._wanted)
        self._show_deploys()
        self._show_legend()
        self._show_state()
        self._show_figures()

    def _id_of(self, row: int) -> str:
        return self.columns.request_id(row) if 0 <= row < len(self.columns) else ""

    def _find(self, request_id: str) -> int:
        """The last attempt at a request, -1 where none is known."""
        return self.columns.find(request_id) if len(self.columns) else -1

    async def _load_versions(self) -> None:
        """Ask once when versions were published and what aliases mean: deploys are drawn, versions named."""
        self._versions = await self._connection.versions(self._function.name)
        self._aliases = alias_names(await self._connection.qualifiers(self._function.name))
        self._show_deploys()
        if self._groups is not None:
            self._draw(self.columns)

    def _on_past_loaded(self, runs: PastRuns) -> None:
        self.scope.start("past", self._add_past, runs)

    async def _add_past(self, runs: PastRuns) -> None:
        past = InvocationColumns.from_invocations(runs.invocations, Source.PAST)
        await self._connection.invocations.add_past(self._function.name, past)
        await self.scope.wait("read")
        await self._read()
        self.span.show(runs.start_ms / 1000, runs.end_ms / 1000)
        self._show_figures()

    # -- what is shown

    def _show_state(self) -> None:
        """The charts or the table where there is anything, else why not."""
        error, state = self._tail.error, self._tail.state
        has_any = bool(len(self.columns))
        for widget in (self.tools.fit, self.tools.table, self.tools.export):
            widget.setEnabled(has_any)
        is_table = has_any and self.tools.table.isChecked()
        self.legend.setVisible(has_any and not is_table)
        trouble = f"⚠ {error.message} What was seen or made here before stays." if error and has_any else ""
        if trouble and trouble != self.trouble.text():
            announce(self.trouble, trouble)
        self.trouble.say(trouble, "warning")
        self.trouble.setVisible(bool(trouble))
        if has_any or self.duration.aggregate is not None:
            self.stack.setCurrentIndex(1 if is_table else 0)
            if is_table:
                self._fill_table()
            return
        self.stack.setCurrentWidget(self.state)
        if error is not None:
            self.state.show_error(error, self._tail.poll_now)
        elif state is TailState.STARTING or not self._is_read:
            self.state.show_loading("the log of the function")
        else:
            missing = (
                "No log group yet: the first invocation creates it."
                if state is TailState.NO_GROUP
                else "Invoke the function or wait for its next REPORT line."
            )
            self.state.show_empty("No finished invocation is known yet.", f"{missing} Or load a past range.")

    def _in_sight(self) -> InvocationColumns:
        return self.columns.between(self.span.left_s * 1000, self.span.right_s * 1000)

    def _show_figures(self) -> None:
        """The sums of what is in sight, in words and by group."""
        text = self._summary()
        if self._waiting:
            text += f" · {self._waiting:,} without a REPORT line yet"
        if text != self.head.text():
            self.head.setText(text)
        if self._groups is not None:
            first, end = np.searchsorted(
                self.columns.started_ms, [self.span.left_s * 1000, self.span.right_s * 1000]
            )
            codes = self._groups.codes[int(first) : int(end)]
            self.groups.show_rows(measure_groups(self._in_sight(), Groups(self._groups.names, codes)))
            self._fit_group_table()
        if self.stack.currentIndex() == 1:
            self._fill_table()

    def _summary(self) -> str:
        if not len(self.columns):
            return "No finished invocation is known yet."
        seen = self._in_sight()
        is_all = len(seen) == len(self.columns)
        lead = "" if is_all else f"In sight, of {len(self.columns):,} in all: "
        if not len(seen):
            return f"{lead}no invocation"
        totals = seen.totals()
        here = int(seen.here.sum())
        past, kept = (int((seen.source[~seen.here] == each).sum()) for each in (Source.PAST, Source.KEPT))
        sources = [f"{here:,} made here", f"{len(seen) - here - past - kept:,} seen in the log"]
        sources += [f"{past:,} from a past range"] * bool(past) + [f"{kept:,} kept from before"] * bool(kept)
        parts = [
            f"{lead}{len(seen):,} {'invocation' if len(seen) == 1 else 'invocations'} since "
            f"{_clock(int(seen.started_ms[0]))}, " + ", ".join(sources),
            f"{totals.errors:,} failed",
        ]
        if colds := int(seen.cold.sum()):
            parts.append(f"{colds:,} cold {'start' if colds == 1 else 'starts'}")
        parts.append(f"{totals.gb_seconds:,.6f} GB-s")
        if totals.unknown_cost < totals.invocations:
            currency = self.columns.currencies[int(seen.currency[seen.cost_nano != UNKNOWN][-1])]
            parts.append(("" if totals.exact else "≈ ") + format_money(totals.cost, currency))
        if totals.unknown_cost:
            parts.append(f"{totals.unknown_cost:,} without a known cost")
        return " · ".join(parts)

    def _show_legend(self) -> None:
        columns = self.columns
        outcomes = set(np.unique(columns.outcome).tolist())
        groups = self._groups.names if self._groups is not None else ()
        entries = [legend.group_entry(name, code) for code, name in enumerate(groups)] or [
            legend.point_entry()
        ]
        entries += [legend.kind_entry(kind) for kind in Kind if kind > Kind.OK and int(kind) in outcomes]
        if columns.cold.any():
            entries.append(legend.cold_entry())
        for each, is_restore in ((columns.init_ms, False), (columns.restore_ms, True)):
            if not np.isnan(each).all():
                entries.append(legend.stretch_entry(is_restore=is_restore))
        if self.tools.bands.isChecked():
            entries += legend.band_entries()
        if (columns.memory_mb != UNKNOWN).any():
            entries.append(legend.line_entry("memory size", lambda c: c.marks[3], Qt.PenStyle.DashLine))
        if self._deploys:
            entries.append(legend.line_entry("deploy", lambda c: c.text, Qt.PenStyle.DashDotLine))
        self.legend.show_entries(entries)

    def _show_deploys(self) -> None:
        function = self._connection.catalog.get(self._function.name) or self._function
        self._deploys = list_deploys(function.last_modified, self._versions)
        for chart in self.charts:
            chart.set_marks([(each.at_ms / 1000, each.text) for each in self._deploys])
        texts = [each.text for each in self._deploys]
        change = self.tools.change
        if texts != [change.itemText(at) for at in range(change.count())]:
            chosen = change.currentText()
            change.clear()
            change.addItems(texts)
            at = change.findText(chosen)
            change.setCurrentIndex(at if at >= 0 else change.count() - 1)

    def _fill_table(self) -> None:
        """The rows in sight; the one that is pointed at is selected."""
        self.points.show_columns(self._in_sight())
        if self.span.row >= 0:
            first = int(np.searchsorted(self.columns.started_ms, self.span.left_s * 1000))
            index = self.points.index(self.span.row - first, 0)
            if index.isValid():
                self.table.setCurrentIndex(index)
                self.table.scrollTo(index)

    def _fit_group_table(self) -> None:
        rows = min(_TABLE_ROWS, max(1, self.groups.rowCount()))
        head, row = self.group_table.horizontalHeader().sizeHint().height(), self.group_table.rowHeight(0)
        self.group_table.setFixedHeight(head + rows * max(row, 1) + 4)

    def _describe(self, row: int) -> str:
        run = self.columns.invocation(row, self._function.name)
        failure = "" if run.outcome in (Outcome.OK, Outcome.ERROR) else str(run.outcome)
        lines = [words for words in (failure, run.error_type) if words]
        report = run.report
        if report is not None:
            lines.append(f"{_ms(report.duration_ms)}, billed {_or_dash(report.billed_ms)} ms")
            if report.init_ms is not None:
                lines.append(f"init {_ms(report.init_ms)} before it")
            if report.restore_ms is not None:
                lines.append(f"restore {_ms(report.restore_ms)} before it")
            lines.append(f"{_or_dash(report.max_memory_mb)} of {_or_dash(report.memory_mb)} MB")
        if run.cost is not None:
            sign = "" if run.cost.exact else "≈ "
            lines.append(sign + format_money(run.cost.amount, run.cost.currency))
        lines.append(f"version {run.version}")
        lines.append(run.request_id)
        return "\n".join(lines)

    # -- what one chooses

    def _use_range(self) -> None:
        chosen = self.tools.range.currentText()
        self.past.setVisible(chosen == PAST)
        width_s = RANGES[chosen]
        if chosen == PAST:
            self.past.range.choice.setFocus()
        elif width_s is None:
            self.span.show(self.span.left_s, self.span.right_s)
        else:
            self.span.follow(width_s)
        self._use_tick()

    def _use_tick(self) -> None:
        """What follows the clock needs one."""
        width_s = RANGES[self.tools.range.currentText()]
        if width_s is not None and math.isfinite(width_s) and self.isVisible():
            self._tick.start()
        else:
            self._tick.stop()

    def _follow_now(self) -> None:
        if not self.isVisible():
            self._tick.stop()
        elif len(self.columns):
            now_s = self._connection.gateway.server_now_ms / 1000
            times = self.columns.started_ms
            self.span.set_extent(float(times[0]) / 1000, float(times[-1]) / 1000, now_s)

    def _on_moved(self) -> None:
        if self.tools.range.currentText() != PAST:
            self.tools.range.setCurrentText("All" if self.span.is_following else BY_HAND)
            self._use_tick()

    def _group(self) -> None:
        chosen = self.tools.compare.currentText()
        self._groups = None
        if chosen == COMPARE_VERSIONS:
            self._groups = group_by_version(self.columns, self._aliases)
        elif chosen == COMPARE_CHANGE and self._deploys:
            deploy = self._deploys[max(0, self.tools.change.currentIndex())]
            self._groups = group_by_change(self.columns, deploy.at_ms, deploy.text)

    def _use_comparison(self) -> None:
        chosen = self.tools.compare.currentText()
        self.tools.change.setVisible(chosen == COMPARE_CHANGE and bool(self._deploys))
        self.group_table.setVisible(chosen != COMPARE_NOTHING)
        if chosen == COMPARE_CHANGE and not self._deploys:
            self.saver.say(
                "It is not known when the function was changed, so there is nothing to compare.", "warning"
            )
        self._draw(self.columns)

    def _use_bands(self, has_bands: bool) -> None:
        for chart in self.charts:
            chart.set_bands(has_bands)
        self._show_legend()

    def _use_log(self, is_log: bool) -> None:
        self.duration.set_log(is_log)

    def _on_point_clicked(self, row: int) -> None:
        self.span.mark(row)
        self.log_requested.emit(self.columns.request_id(row))

    def _on_row_activated(self, index: QModelIndex) -> None:
        self.log_requested.emit(self.points.columns.request_id(index.row()))

    def _export(self) -> None:
        self.saver.ask_where(self.charts, self.legend, self.head.text(), self._in_sight())

    def _on_failure(self, name: str, error: Exception) -> None:
        if not isinstance(error, UserError):
            self._connection.scope.report(name, error)
        elif name == "versions":
            self.saver.say(f"Published versions are not marked: {error.message} {error.hint}", "dim")
        else:
            self.saver.say(f"✖ {error.message} {error.hint}", "error")


def _is_table_key(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and QKeySequence(event.keyCombination()) == QKeySequence(TABLE_KEY)


def _or_dash(value: int | None) -> str:
    return "—" if value is None else f"{value:,}"


def _ms(value: Decimal) -> str:
    """To the hundredth, as REPORT lines have it, and finer where it is known."""
    return f"{value:,.2f} ms" if round(value, 2) == value else f"{value:,f} ms"


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%H:%M:%S")
