"""QueryResult: the rows of a query as a table and a chart, and one row in full."""

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.query_chart import get_chart_values, make_chart
from lambdadesk.core.query_export import row_to_json
from lambdadesk.core.query_table import ColumnKind, QueryTable, get_time_ms
from lambdadesk.core.text import one_line
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.query_table import QueryTableModel
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.json_tree import JsonTree
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip
from lambdadesk.ui.widgets.query_chart import QueryChart
from lambdadesk.ui.widgets.tables import make_table

_WIDEST = 60  # characters of a column at first
_LOOKED_AT = 100  # rows, for the width of a column
_SIDE_BY_SIDE_PX = 640
_NEEDS_PLACE = "Needs @timestamp and @logStream among the fields of the query"


class QueryResult(QWidget):
    """Signals:
    lines_requested(str, str, int): show the lines of a log group (empty: the only one of the query) and
        stream around a moment, in epoch milliseconds.
    export_requested(): write the rows to a file.
    """

    lines_requested = Signal(str, str, object)  # an int of Qt has 32 bits
    export_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = QueryTableModel(self)
        self.table = named(make_table(self.model, (), stretch=None), "queryTable", "Rows of the query")
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        header = self.table.horizontalHeader()
        header.setStretchLastSection(True)
        header.setSortIndicatorClearable(True)  # the third click gives back the query's own order
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.table.setSortingEnabled(True)
        self.table.selectionModel().selectionChanged.connect(lambda *_ranges: self._show_row())
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._show_menu)
        copy = self.table.addAction("Copy rows")
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)

        self.row = JsonTree()
        self.row.view.setObjectName("queryRow")
        self.row.view.setAccessibleName("Selected row as a tree")
        self.row.notice.setObjectName("queryRowNotice")
        self.row.model.top_name = "row"
        self.row.view.header().resizeSection(0, self.row.view.fontMetrics().averageCharWidth() * 20)
        self.parts = named(QSplitter(), "queryRowSplitter")
        self.parts.setChildrenCollapsible(False)
        self.parts.addWidget(self.table)
        self.parts.addWidget(self.row)
        self.parts.setStretchFactor(0, 3)
        self.parts.setStretchFactor(1, 2)

        self.tabs = named(QTabWidget(), "queryTabs", "Views of the result")
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.parts, "Table")
        self.tabs.addTab(self._build_chart(), "Chart")
        self.tabs.currentChanged.connect(lambda _index: self._draw_if_seen())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.SPACE)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(self._build_buttons())
        self._show_row()

    def _build_chart(self) -> QWidget:
        self.chart = named(QueryChart(), "queryChart", "Chart of the result")
        self.chart_value = named(CalmComboBox(), "queryChartValue", "What is drawn")
        self.chart_value.currentTextChanged.connect(lambda _text: self._draw())
        self._drawn: QueryTable | None = None
        self.chart_note = named(ToneLabel("dim"), "queryChartNote", "What the chart leaves off")
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        row.addWidget(PlainLabel("Draw"))
        row.addWidget(self.chart_value)
        row.addWidget(self.chart_note, 1)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, theme.SPACE, 0, 0)
        column.setSpacing(theme.SPACE)
        column.addLayout(row)
        column.addWidget(self.chart, 1)
        return page

    def _build_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)

        def make(name: str, text: str, icon_name: str, tip: str, do: Callable[[], None]) -> QPushButton:
            button = named(QPushButton(icon(icon_name), text), name, tip)
            set_plain_tooltip(button, tip)
            button.clicked.connect(do)
            row.addWidget(button)
            return button

        tip = "Show what the stream says around this row"
        self.around = make("queryAround", "Lines around", "logs", tip, self._ask_lines)
        make("queryCopy", "Copy", "copy", "Copy the selected rows, or all (Ctrl+C)", self.copy)
        tip = "Write all rows to a CSV, NDJSON or JSON file"
        make("queryExport", "Export…", "save", tip, self.export_requested.emit)
        row.addStretch(1)
        return row

    def show_table(self, table: QueryTable) -> None:
        """Show another result, in the order in which its rows came."""
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.model.set_table(table)
        self._fit_columns()
        self.chart_value.blockSignals(True)
        self.chart_value.clear()
        self.chart_value.addItems(get_chart_values(table))
        self.chart_value.blockSignals(False)
        self.tabs.setTabEnabled(1, self.chart_value.count() > 0)
        self._draw_if_seen()
        if table.rows:
            self.table.selectRow(0)
        self._show_row()

    def set_utc(self, is_utc: bool) -> None:
        self.model.set_utc(is_utc)
        self.chart.set_utc(is_utc)

    def copy(self) -> None:
        """Put the selected rows, or all, on the clipboard: a header and cells apart by tabs."""
        rows = self._selected()
        chosen = rows if len(rows) > 1 else range(self.model.rowCount())
        if self.table.hasFocus() and rows:
            chosen = rows
        QGuiApplication.clipboard().setText(self.model.to_tsv(chosen))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_wide = event.size().width() >= _SIDE_BY_SIDE_PX
        self.parts.setOrientation(Qt.Orientation.Horizontal if is_wide else Qt.Orientation.Vertical)

    def _fit_columns(self) -> None:
        header, metrics = self.table.horizontalHeader(), self.table.fontMetrics()
        widest = metrics.averageCharWidth() * _WIDEST
        for column, each in enumerate(self.model.table.columns):
            rows = range(min(_LOOKED_AT, self.model.rowCount()))
            texts = [one_line(self.model.cell_text(row, column), _WIDEST) for row in rows]
            width = max(map(metrics.horizontalAdvance, [f"{one_line(each.name, 80)}   ↓", *texts]))
            header.resizeSection(column, min(width, widest) + 3 * theme.SPACE)

    def _draw_if_seen(self) -> None:
        # Not before: 100,000 rows take a second.
        if self.tabs.currentIndex() == 1 and self._drawn is not self.model.table:
            self._draw()

    def _draw(self) -> None:
        self._drawn = self.model.table
        value = self.chart_value.currentText()
        chart = make_chart(self.model.table, value) if value else None
        self.chart.show_chart(chart)
        left_off = chart.left_off if chart else 0
        self.chart_note.setText(f"{left_off:,} more are left off." if left_off else "")

    def _selected(self) -> list[int]:
        # By ranges: an index for each of 100,000 rows takes a second.
        ranges = self.table.selectionModel().selection()
        return sorted({row for part in ranges.toList() for row in range(part.top(), part.bottom() + 1)})

    def _show_row(self) -> None:
        selected = self._selected()
        if selected:
            self.row.set_data(row_to_json(self.model.table, self.model.number_at(selected[0])))
        else:
            self.row.model.clear()
        can_go = self._get_place() is not None
        self.around.setEnabled(can_go)
        set_plain_tooltip(
            self.around, "Show what the stream says around this row" if can_go else _NEEDS_PLACE
        )

    def _get_place(self) -> tuple[str, str, int] | None:
        """Log group, stream and moment of the selected row."""
        selected = self._selected()
        if len(selected) != 1:
            return None
        table, number = self.model.table, self.model.number_at(selected[0])
        column = table.column_of("@timestamp")
        if column < 0 or table.columns[column].kind is not ColumnKind.TIME:
            return None
        at_ms, stream = get_time_ms(table.get(number, "@timestamp")), table.get(number, "@logStream")
        if at_ms is None or not stream:
            return None
        # @log is "ACCOUNT:/GROUP"; endpoints that are not AWS may leave the account off.
        return table.get(number, "@log").rpartition(":")[2], stream, at_ms

    def _ask_lines(self) -> None:
        place = self._get_place()
        if place is not None:
            self.lines_requested.emit(*place)

    def _show_menu(self, at: QPoint) -> None:
        index = self.table.indexAt(at)
        if not index.isValid():
            return
        text = self.model.cell_text(self.model.number_at(index.row()), index.column())
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Copy cell", lambda: QGuiApplication.clipboard().setText(text))
        menu.addAction("Copy rows", self.copy)
        menu.addAction("Lines around", self._ask_lines).setEnabled(self.around.isEnabled())
        menu.popup(self.table.viewport().mapToGlobal(at))
