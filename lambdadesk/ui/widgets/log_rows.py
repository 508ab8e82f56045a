"""LogRows, the table within LogView."""

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView, QWidget

from lambdadesk.ui import theme
from lambdadesk.ui.models.log_sources import MARK_PX
from lambdadesk.ui.models.log_table import (
    DELAY,
    INVOCATION,
    LEVEL,
    MESSAGE,
    SOURCE,
    TIME,
    UNFOLDED,
    LogTableModel,
)
from lambdadesk.ui.widgets.log_cells import INSET_PX, RowPainter

ONE_ROW = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows

_NAME_LENGTHS = (4, 12, 22)  # characters of a source's name that have room: always, in a narrow table, else
_NARROW_PX = 700
_FOLDS = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Return: 0, Qt.Key.Key_Enter: 0}


class LogRows(QTableView):
    """A table of fixed rows that never measures more than it shows."""

    copy_requested = Signal()
    resized = Signal()
    # 1 to open the trace or invocation of the current row, -1 to close it, 0 to turn it
    fold_requested = Signal(int)
    sign_clicked = Signal(int)  # of the trace that begins in a row: it is to be unfolded or folded

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.empty_text = ""
        self.no_match_text = ""
        self._has_widths = False
        self._longest = 0  # of the sources' names, in characters
        self._was_narrow = False
        self.painter = RowPainter()
        self.setFont(theme.fixed_font())
        self.painter.set_font(self.font())
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 6)
        columns = self.horizontalHeader()
        columns.setFont(QApplication.font())
        columns.setStretchLastSection(True)
        columns.setHighlightSections(False)
        columns.setSectionsMovable(False)

    def keep_widths(self) -> None:
        """Give the columns their widths when the first model comes; another model leaves them as they are."""
        if self._has_widths:
            return
        self._has_widths = True
        self.horizontalHeader().moveSection(DELAY, 1)  # the last one in sight takes the room that is left
        self.horizontalHeader().moveSection(SOURCE, 2)
        for column in (DELAY, SOURCE):
            self.setColumnHidden(column, True)
        for column, sample in (
            (TIME, "00:00:00.000"),
            (LEVEL, "✖ timeout"),
            (INVOCATION, "| ▾ 00000000"),
            (DELAY, "00,000 ms"),
        ):
            self.setColumnWidth(column, self.fontMetrics().horizontalAdvance(sample) + 2 * theme.SPACE + 6)

    def show_sources(self, names: Sequence[str]) -> None:
        """Give the column of the lines' sources room for these names, within bounds; none hide it."""
        self._longest = max(map(len, names), default=0)
        self.setColumnHidden(SOURCE, not names)
        self._fit_sources()

    def _fit_sources(self) -> None:
        if self._longest:
            least, narrow, most = _NAME_LENGTHS
            most = narrow if self.width() < _NARROW_PX else most
            sample = "0" * min(max(self._longest, least), most)
            width = self.fontMetrics().horizontalAdvance(sample) + MARK_PX + 2 * theme.SPACE + 12
            self.setColumnWidth(SOURCE, width)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self._sign_at(event)
        if row >= 0:
            self.sign_clicked.emit(row)
        else:
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        row = self._sign_at(event)
        if row >= 0:
            self.sign_clicked.emit(row)
        else:
            super().mouseDoubleClickEvent(event)

    def _sign_at(self, event: QMouseEvent) -> int:
        """The row whose sign of a trace is there, -1 for none."""
        at, model = event.position().toPoint(), self.model()
        row = self.rowAt(at.y())
        within = at.x() - self.columnViewportPosition(MESSAGE)
        is_plain = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
        if not is_plain or row < 0 or not isinstance(model, LogTableModel):
            return -1
        if not 0 <= within < INSET_PX + self.fontMetrics().horizontalAdvance(f"{UNFOLDED} "):
            return -1
        return row if model.folds.trace_of(model.number_at(row)) else -1

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit()
        elif event.key() == Qt.Key.Key_Escape:
            event.ignore()  # whatever is around it knows what there is to close
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and self.model().rowCount():
            row = 0 if event.key() == Qt.Key.Key_Home else self.model().rowCount() - 1
            self.selectionModel().setCurrentIndex(self.model().index(row, 0), ONE_ROW)
        elif event.key() in _FOLDS and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.fold_requested.emit(_FOLDS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        model = self.model()
        painter = QPainter(self.viewport())
        if isinstance(model, LogTableModel) and model.rowCount():
            self._paint_rows(painter, model, event.rect())
        elif text := self.no_match_text or self.empty_text:
            painter.setFont(QApplication.font())
            painter.setPen(theme.colours(self.palette()).dim)
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, text)
        painter.end()

    def _paint_rows(self, painter: QPainter, model: LogTableModel, area: QRect) -> None:
        row = self.rowAt(area.top())
        if row < 0:
            return
        header = self.horizontalHeader()
        logical = [header.logicalIndex(at) for at in range(header.count())]
        columns = [
            (column, self.columnViewportPosition(column), self.columnWidth(column))
            for column in logical
            if not self.isColumnHidden(column)
        ]
        height, width = self.verticalHeader().defaultSectionSize(), self.viewport().width()
        is_selected = self.selectionModel().isRowSelected
        top = self.rowViewportPosition(row)
        while row < model.rowCount() and top <= area.bottom():
            rect = QRect(0, top, width, height)
            self.painter.paint(painter, model, row, rect, columns, is_selected=is_selected(row))
            top += height
            row += 1

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if (is_narrow := self.width() < _NARROW_PX) != self._was_narrow:
            self._was_narrow = is_narrow
            self._fit_sources()
        self.resized.emit()
