"""ChartsPanel: duration, memory and cost of one function, a point per invocation."""

import math
from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QModelIndex
from PySide6.QtGui import QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from lambdadesk.core.deploys import Deploy, PublishedVersion, list_deploys
from lambdadesk.core.errors import UserError
from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.invocation_groups import (
    Groups,
    alias_names,
    group_by_change,
    group_by_version,
    measure_groups,
)
from lambdadesk.core.invocation_summary import summarise
from lambdadesk.core.past_runs import PastRuns
from lambdadesk.core.types import FunctionInfo
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.tailer import Tailer
from lambdadesk.ui import theme
from lambdadesk.ui.models.chart_table import GROUP_SAMPLES, POINT_SAMPLES, GroupModel, PointModel
from lambdadesk.ui.widgets.chart_metrics import ChartMetrics
from lambdadesk.ui.widgets.chart_stack import ChartStack
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
from lambdadesk.ui.widgets.export_line import InSight
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.picture import Drawn, draw_picture
from lambdadesk.ui.widgets.plain import PlainLabel
from lambdadesk.ui.widgets.runs_page import RunsPage
from lambdadesk.ui.widgets.tables import make_table

_NEWEST_MS: Final = 24 * 3_600_000  # what is shown before all else
_LEGEND_LINES, _MORE_LINES = 22, 7  # with a past range, or a comparison
_GROUP_ROWS: Final = 5  # of the comparison, before it scrolls


class ChartsPanel(RunsPage):
    """Draws what is known of one function: made here, seen in its log or in a past range, each once."""

    def __init__(
        self, connection: Connection, function: FunctionInfo, tail: Tailer, parent: QWidget | None = None
    ) -> None:
        super().__init__(connection, function, tail, "chart", "charts", parent)
        self.columns = InvocationColumns.empty()  # of all that is drawn
        self._waiting = 0
        self._groups: Groups | None = None
        self._versions: list[PublishedVersion] = []
        self._aliases: dict[str, str] = {}
        self._deploys: tuple[Deploy, ...] = ()
        self._change_was_chosen = False  # by hand
        self._wanted = ""  # the request that is to be marked once it is known
        self._build()
        self.span.changed.connect(self._sum_up.start)
        self.span.moved.connect(self._on_moved)
        self._disconnects += [
            connection.catalog.changed.connect(self._show_deploys),
            tail.changed.connect(self._show_state),
        ]
        self._show_deploys()
        self._show_state()
        self._refresh()
        self.scope.start("versions", self._load_versions)

    def _build(self) -> None:
        self.stacked = ChartStack(self._connection.currency)
        self.span = self.stacked.span
        self.tools = tools = ChartTools()
        self.past.loaded.connect(lambda runs: self.scope.start("past", self._show_past, runs))
        self.metrics = ChartMetrics(self._connection, self._function, self.stacked, tools.metrics)
        self.metrics.changed.connect(self._on_metrics_changed)
        self.head = named(PlainLabel(), "chartSummary", "What the charts show")
        self.head.setWordWrap(True)
        self.stacked.point_clicked.connect(self._on_point_clicked)
        self.points = PointModel(self)
        self.table = named(
            make_table(self.points, POINT_SAMPLES, stretch=None), "chartPoints", "Invocations in sight"
        )
        self.table.activated.connect(self._on_row_activated)
        self.stack = QStackedWidget()
        for view in (self.stacked, self.table, self.state):
            self.stack.addWidget(view)
        self.groups = GroupModel(self)
        self.group_table = named(
            make_table(self.groups, GROUP_SAMPLES, stretch=None),
            "chartGroups",
            "Comparison of what is in sight",
        )
        self.group_table.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        for each in (tools, self.past, self.head, self.metrics, self.trouble, self.group_table):
            layout.addWidget(each)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.legend)
        layout.addWidget(self.saver)
        tools.range.activated.connect(lambda _index: self._use_range())
        tools.fit.clicked.connect(self.stacked.duration.show_all)
        tools.compare.activated.connect(lambda _index: self._use_comparison())
        tools.change.activated.connect(lambda _index: self._use_change())
        tools.bands.toggled.connect(self._use_bands)
        tools.log.toggled.connect(self.stacked.duration.set_log)
        tools.table.toggled.connect(lambda _is_on: self._show_state())
        tools.export.clicked.connect(lambda: self.saver.ask_where(self.in_sight()))

    async def close_panel(self) -> None:
        await super().close_panel()
        await self.metrics.close_metrics()

    def mark(self, request_id: str) -> None:
        """Mark the point of an invocation and bring it into sight; once it is known, where it is not yet."""
        row = self.columns.find(request_id)
        self._wanted = request_id if row < 0 else ""
        if row < 0:
            text = "No finished invocation with this request id is known yet; it is marked once it is."
            self.saver.say(text, "dim")
            return
        self.tools.table.setChecked(False)
        self.stacked.mark(row)
        announce(self, f"Marked: {self.stacked.duration.point_text(row)}")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._use_tick()

    @property
    def _legend_lines(self) -> int:
        if not len(self.columns) or self.tools.table.isChecked():
            return 0
        is_past, is_compared = self.tools.range.currentText() == PAST, self._groups is not None
        return _LEGEND_LINES + _MORE_LINES * (is_past + is_compared)

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

    async def _read(self) -> None:
        name = self._function.name
        if not self._is_read:  # a million may be kept: the newest are there at once
            since_ms = self._connection.gateway.server_now_ms - _NEWEST_MS
            self._take(await self._connection.invocations.columns(name, since_ms))
        self._take(await self._connection.invocations.columns(name))

    def _take(self, columns: InvocationColumns) -> None:
        is_reported = ~np.isnan(columns.duration_ms)
        self._waiting = self._connection.ledger.count_waiting(self._function.name)
        self._is_read = True
        self._draw(columns if is_reported.all() else columns.where(is_reported))

    def _draw(self, columns: InvocationColumns) -> None:
        self.columns = columns
        self._group()
        self.stacked.show_columns(columns, self._groups, self._now_s)
        if self._wanted and columns.find(self._wanted) >= 0:
            self.mark(self._wanted)
        self._show_deploys()
        self._show_state()
        self._show_figures()

    @property
    def _now_s(self) -> float:
        return self._connection.gateway.server_now_ms / 1000

    async def _load_versions(self) -> None:
        """Ask once when versions were published and what aliases mean: deploys are drawn, versions named."""
        self._versions = await self._connection.versions(self._function.name)
        self._aliases = alias_names(await self._connection.qualifiers(self._function.name))
        self._show_deploys()
        if self._groups is not None:
            self._draw(self.columns)

    async def _show_past(self, runs: PastRuns) -> None:
        """Show a range that was loaded; what is in it is with all else that is known by now."""
        await self.scope.wait("read")
        await self._read()
        self.span.show(runs.start_ms / 1000, runs.end_ms / 1000)
        self._show_figures()

    # -- what is shown

    def _show_state(self) -> None:
        """The charts or the table where there is anything, else why not."""
        has_any = bool(len(self.columns))
        for widget in (self.tools.fit, self.tools.table, self.tools.export):
            widget.setEnabled(has_any)
        is_table = has_any and self.tools.table.isChecked()
        self._show_legend()
        self._show_trouble(has_any=has_any)
        if has_any or self.stacked.duration.aggregate is not None:
            self.stack.setCurrentIndex(1 if is_table else 0)
            if is_table:
                self._fill_table()
            return
        self.stack.setCurrentWidget(self.state)
        self._explain_nothing("No finished invocation is known yet.", "Or load a past range.")

    def _show_figures(self) -> None:
        """The sums of what is in sight, in words and by group."""
        rows = self.stacked.in_sight()
        seen = self.columns.where(rows)
        is_any = bool(len(self.columns))
        text = summarise(seen, len(self.columns)) if is_any else "No finished invocation is known yet."
        if self._waiting:
            text += f" · {self._waiting:,} without a REPORT line yet"
        if text != self.head.text():
            self.head.setText(text)
        self.head.setVisible(is_any or bool(self._waiting))  # else the page says it below
        self.metrics.tell()
        entries = self.stacked.legend_entries(self._groups, has_bands=self.tools.bands.isChecked())
        self.legend.show_entries(entries)
        if self._groups is not None:
            self.groups.show_rows(measure_groups(seen, Groups(self._groups.names, self._groups.codes[rows])))
            shown = min(_GROUP_ROWS, max(1, self.groups.rowCount()))
            head = self.group_table.horizontalHeader().sizeHint().height()
            row = self.group_table.verticalHeader().defaultSectionSize()
            bar = self.group_table.horizontalScrollBar()
            more = bar.sizeHint().height() if bar.maximum() else 0
            self.group_table.setFixedHeight(head + shown * row + more + 4)
        if self.stack.currentWidget() is self.table:
            self._fill_table()

    def _show_deploys(self) -> None:
        function = self._connection.catalog.get(self._function.name) or self._function
        self._deploys = list_deploys(function.last_modified, self._versions)
        self.stacked.show_deploys([(each.at_ms / 1000, each.text) for each in self._deploys])
        texts = [each.text for each in self._deploys]
        change = self.tools.change
        if texts != [change.itemText(at) for at in range(change.count())]:
            chosen = change.currentText() if self._change_was_chosen else ""
            change.clear()
            change.addItems(texts)
            at = change.findText(chosen)
            change.setCurrentIndex(at if at >= 0 else change.count() - 1)  # else the latest

    def _fill_table(self) -> None:
        """The rows in sight; the one that is pointed at is selected."""
        rows = self.stacked.in_sight()
        self.points.show_columns(self.columns.where(rows))
        index = self.points.index(self.span.row - rows.start, 0)
        if self.span.row >= 0 and index.isValid():
            self.table.setCurrentIndex(index)
            self.table.scrollTo(index)

    def _on_metrics_changed(self) -> None:
        self._show_state()
        self._show_figures()

    # -- what one chooses

    def _use_range(self) -> None:
        chosen = self.tools.range.currentText()
        self.past.setVisible(chosen == PAST)
        self._show_legend()
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

    def _on_tick(self) -> None:
        if self.isVisible():
            self.stacked.follow_now(self._now_s)
        else:
            self._tick.stop()

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
        self.tools.change.setVisible(chosen == COMPARE_CHANGE and len(self._deploys) > 1)
        self.group_table.setVisible(chosen != COMPARE_NOTHING)
        if chosen == COMPARE_CHANGE and not self._deploys:
            self.saver.say(
                "It is not known when the function was changed, so there is nothing to compare.", "warning"
            )
        self._draw(self.columns)

    def _use_change(self) -> None:
        self._change_was_chosen = True
        self._use_comparison()

    def _use_bands(self, has_bands: bool) -> None:
        for chart in self.stacked.charts:
            chart.set_bands(has_bands)
        self._show_figures()

    def _on_point_clicked(self, row: int) -> None:
        self.span.mark(row)
        self._show_log(self.columns, row)

    def _on_row_activated(self, index: QModelIndex) -> None:
        self._show_log(self.points.columns, index.row())

    def _show_log(self, columns: InvocationColumns, row: int) -> None:
        self.log_requested.emit(columns.request_id(row), float(columns.started_ms[row]))

    def in_sight(self) -> InSight:
        """What goes into a file."""
        return InSight(self._draw_picture, self.columns.where(self.stacked.in_sight()))

    def _draw_picture(self) -> Drawn:
        parts = self.stacked.parts()
        return draw_picture(f"Charts of {self._function.name}", self.head.text(), parts, self.legend)

    def _on_failure(self, name: str, error: Exception) -> None:
        if isinstance(error, UserError) and name == "versions":
            self.saver.say(f"Published versions are not marked: {error.message} {error.hint}", "dim")
        else:
            super()._on_failure(name, error)


def _is_table_key(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and QKeySequence(event.keyCombination()) == QKeySequence(TABLE_KEY)
