"""LogRows, the table within LogView."""

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView, QWidget

from lambdadesk.ui import theme
from lambdadesk.ui.models.log_table import DELAY, INVOCATION, LEVEL, TIME

ONE_ROW = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows

_FOLDS = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Return: 0, Qt.Key.Key_Enter: 0}


class LogRows(QTableView):
    """A table of fixed rows that never measures more than it shows."""

    copy_requested = Signal()
    close_requested = Signal()
    resized = Signal()
    fold_requested = Signal(int)  # 1 to open the invocation of the current row, -1 to close it, 0 to turn it

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.empty_text = ""
        self.no_match_text = ""
        self._has_widths = False
        self.setFont(theme.fixed_font())
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
        self.setColumnHidden(DELAY, True)
        for column, sample in (
            (TIME, "00:00:00.000"),
            (LEVEL, "✖ timeout"),
            (INVOCATION, "| ▾ 00000000"),
            (DELAY, "00,000 ms"),
        ):
            self.setColumnWidth(column, self.fontMetrics().horizontalAdvance(sample) + 2 * theme.SPACE + 6)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.close_requested.emit()
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and self.model().rowCount():
            row = 0 if event.key() == Qt.Key.Key_Home else self.model().rowCount() - 1
            self.selectionModel().setCurrentIndex(self.model().index(row, 0), ONE_ROW)
        elif event.key() in _FOLDS and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.fold_requested.emit(_FOLDS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        text = self.no_match_text or self.empty_text
        if text and not self.model().rowCount():
            painter = QPainter(self.viewport())
            painter.setFont(QApplication.font())
            painter.setPen(theme.colours(self.palette()).dim)
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, text)
            painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()
