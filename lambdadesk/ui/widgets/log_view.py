"""LogView, the lines of a log behind a filter, followed as they come."""

from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QMenu,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.logfilter import Filter, FilteredLines
from lambdadesk.core.logstore import LogRow, LogStore
from lambdadesk.ui import theme
from lambdadesk.ui.models.log_table import LogTableModel
from lambdadesk.ui.widgets.log_detail import LogDetail
from lambdadesk.ui.widgets.log_rows import ONE_ROW, LogRows

_NO_MATCH = "No line matches the filter."


class _Place(NamedTuple):
    """A line that is to be found again after late lines have renumbered it."""

    timestamp_ms: int
    ingestion_ms: int
    stream: str
    text: str


class LogView(QWidget):
    """A table of lines, following the newest while it is scrolled to its end, and the selected line in full.

    lines_changed: rows came or went, or a scan with a new filter went on.
    """

    follow_changed = Signal(bool)
    request_filter_requested = Signal(str)
    lines_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._following = True
        self._updating = False  # the view moves by itself, not by the user's hand
        self._unseen = 0
        self._current: _Place | None = None  # the selected line
        self._top: _Place | None = None  # the uppermost visible line while not following
        self._disconnect: Callable[[], None] | None = None
        self.table = LogRows(self)
        self.table.setAccessibleName("Log lines")
        self.table.copy_requested.connect(self.copy)
        self.table.close_requested.connect(self._hide_detail)
        self.table.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.table.customContextMenuRequested.connect(self._open_menu)
        self.detail = LogDetail()
        self.detail.close_requested.connect(self._hide_detail)
        self.detail.hide()
        self._newer = QPushButton(self.table)
        self._newer.clicked.connect(lambda: self.set_follow(True))
        self._newer.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the End key does the same
        self._newer.hide()
        self.table.resized.connect(self._on_resized)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.addWidget(self.table)
        self._splitter.addWidget(self.detail)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setCollapsible(0, False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._splitter)
        self.setFocusProxy(self.table)
        self._scan_timer = QTimer(self, singleShot=True, interval=0)
        self._scan_timer.timeout.connect(self._scan)
        self._model = self._new_model(LogStore(), Filter())
        self.destroyed.connect(self._make_release())

    @property
    def is_following(self) -> bool:
        return self._following

    @property
    def is_scanning(self) -> bool:
        """Whether a filter is still being applied to the rest of the lines."""
        return not self._model.lines.is_complete

    def line_count(self) -> int:
        """The lines that the filter leaves, as far as it has been applied."""
        return self._model.rowCount()

    def matching_count(self) -> int:
        return self._model.rowCount()

    def total_count(self) -> int:
        """All lines of the store, whatever the filter."""
        return len(self._model.store)

    def line_text(self, row: int) -> str:
        """The message of a filtered line as it was received, without its final line break."""
        return self._model.store.text(self._model.lines[row]).rstrip("\r\n")

    def set_store(self, store: LogStore, wanted: Filter | None = None) -> None:
        """Show another log, from its end on."""
        if self._disconnect:
            self._disconnect()
        self._disconnect = store.changed.connect(self._on_store_changed)
        self._current = self._top = None
        self._hide_detail()
        self._show_model(store, wanted or self._model.lines.filter)
        self.set_follow(True)

    def set_filter(self, wanted: Filter) -> None:
        """Show the lines that this filter leaves; the selected line and the place stay if they can."""
        self._show_model(self._model.store, wanted)

    def set_follow(self, follow: bool) -> None:
        """Follow the newest line, or stop doing so."""
        changed = follow != self._following
        self._following = follow
        if follow:
            self._top = None
            self._to_end()
        else:
            self._top = self._place_at(self.table.rowAt(0))
        self._show_unseen(0)
        if changed:
            self.follow_changed.emit(follow)

    def set_placeholder(self, text: str) -> None:
        """What to show while there is no line at all."""
        self.table.empty_text = text
        self.table.viewport().update()

    def selected_rows(self) -> list[int]:
        """Rows of the selection, ascending; by ranges, as a million indexes take seconds."""
        ranges = self.table.selectionModel().selection()
        return sorted({row for part in ranges.toList() for row in range(part.top(), part.bottom() + 1)})

    def copy(self) -> None:
        """Put the selected lines on the clipboard as they were received."""
        QApplication.clipboard().setText("\n".join(self.line_text(row) for row in self.selected_rows()))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_model"):
            self._model.set_colours(theme.colours(self.palette()))
            self.table.viewport().update()

    def _make_release(self) -> Callable[[], None]:
        """What lets go of the store when Qt destroys the view; it must not hold the view itself."""
        state = self.__dict__

        def release() -> None:
            disconnect = state.get("_disconnect")
            if disconnect:
                disconnect()

        return release

    def _new_model(self, store: LogStore, wanted: Filter) -> LogTableModel:
        """Put a fresh model into the table and let the old one go."""
        old_model, old_selection = self.table.model(), self.table.selectionModel()
        model = LogTableModel(FilteredLines(store, wanted), theme.colours(self.palette()), self.table)
        self._updating = True
        self.table.setModel(model)
        self._updating = False
        # Which of the two comes last depends on how a line was selected.
        self.table.selectionModel().currentRowChanged.connect(self._on_selected)
        self.table.selectionModel().selectionChanged.connect(self._on_selected)
        for old in (old_selection, old_model):  # setModel leaves both behind
            if isinstance(old, QObject):
                old.deleteLater()
        self.table.keep_widths()
        return model

    def _show_model(self, store: LogStore, wanted: Filter) -> None:
        self._model = self._new_model(store, wanted)
        self.table.no_match_text = "" if wanted.is_empty else _NO_MATCH
        self._show_unseen(0)
        self._scan()

    def _on_store_changed(self, first_changed: int) -> None:
        rows_before = self._model.rowCount()
        scroll_bar = self.table.verticalScrollBar()
        value = scroll_bar.value()
        was_complete = not self._scan_timer.isActive()  # before these lines came
        self._updating = True
        trimmed, kept = self._model.follow(first_changed)
        if trimmed and not self._following:  # the lines that are being read stay where they are
            scroll_bar.setValue(max(0, value - trimmed))
        self._updating = False
        is_append = was_complete and trimmed + kept == rows_before
        self._scan(keep_place=not is_append)
        if not self._following and was_complete:
            self._show_unseen(self._unseen + max(0, self._model.rowCount() - rows_before + trimmed))

    def _scan(self, *, keep_place: bool = True) -> None:
        self._updating = True
        self._model.scan()
        self._updating = False
        if not self._model.lines.is_complete:
            self._scan_timer.start()
        else:
            self._scan_timer.stop()
            if keep_place:
                self._restore_place()
        if self._following:
            self._to_end()
        self.lines_changed.emit()

    def _restore_place(self) -> None:
        """Select the selected line again and bring the reading place back."""
        self._updating = True
        if self._current is not None and (row := self._row_of(self._current)) >= 0:
            index = self._model.index(row, 0)
            if self.table.currentIndex() != index:
                self.table.selectionModel().setCurrentIndex(index, ONE_ROW)
        if not self._following and self._top is not None:
            self.table.verticalScrollBar().setValue(max(0, self._row_near(self._top)))
        self._updating = False

    def _row_near(self, place: _Place) -> int:
        """The row of the line, or else the first that is not earlier."""
        row = self._row_of(place)
        return row if row >= 0 else self._first_row_at(place.timestamp_ms)

    def _row_of(self, place: _Place) -> int:
        """The row that shows the line, -1 if none does."""
        for row in range(self._first_row_at(place.timestamp_ms), self._model.rowCount()):
            candidate = self._place_at(row)
            if candidate == place:
                return row
            if candidate is None or candidate.timestamp_ms > place.timestamp_ms:
                break
        return -1

    def _first_row_at(self, timestamp_ms: int) -> int:
        lines, store = self._model.lines, self._model.store
        rows = range(self._model.rowCount())
        return bisect_left(rows, timestamp_ms, key=lambda row: store.timestamp(lines[row]))

    def _place_at(self, row: int) -> _Place | None:
        if not 0 <= row < self._model.rowCount():
            return None
        return _Place(*self._row_data(row)[:4])

    def _row_data(self, row: int) -> LogRow:
        return self._model.store.row(self._model.lines[row])

    def _to_end(self) -> None:
        self._updating = True
        self.table.scrollToBottom()
        self._updating = False

    def _on_scrolled(self, value: int) -> None:
        if self._updating:
            return
        is_at_end = value >= self.table.verticalScrollBar().maximum()
        if is_at_end != self._following:
            self.set_follow(is_at_end)
        elif not is_at_end:
            self._top = self._place_at(value)

    def _on_resized(self) -> None:
        if self._following:  # a table that got lower would hide its last lines
            self._to_end()
        self._place_newer()

    def _on_selected(self) -> None:
        current = self.table.currentIndex()
        # A table that gets the focus makes its first row the current one without selecting it.
        if self._updating or not self.table.selectionModel().isRowSelected(current.row()):
            return
        place = self._place_at(current.row())
        if place == self._current and not self.detail.isHidden():
            return
        self._current = place
        self.detail.show_row(self._row_data(current.row()))
        if self.detail.isHidden():
            self.detail.show()
            height = self._splitter.height()
            self._splitter.setSizes([height - height // 3, height // 3])
            self.table.scrollTo(current)

    def _hide_detail(self) -> None:
        if not self.detail.isHidden():
            self.detail.hide()
            self.table.setFocus()

    def _open_menu(self, point: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in self.menu_actions(self.table.rowAt(point.y())):
            action.setParent(menu)
            menu.addAction(action)
        if not menu.isEmpty():
            menu.popup(self.table.viewport().mapToGlobal(point))

    def menu_actions(self, row: int) -> list[QAction]:
        """What can be done with a row and the selection; none where there is no row."""
        if not 0 <= row < self._model.rowCount():
            return []
        copy = QAction("Copy message", self)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.triggered.connect(self.copy)
        copy_all = QAction("Copy with time and request", self)
        copy_all.triggered.connect(self._copy_with_time)
        only = QAction("Filter on this request", self)
        request_id = self._row_data(row).request_id
        only.setEnabled(bool(request_id))
        only.triggered.connect(lambda: self.request_filter_requested.emit(request_id))
        return [copy, copy_all, only]

    def _copy_with_time(self) -> None:
        lines = []
        for row in map(self._row_data, self.selected_rows()):
            when = datetime.fromtimestamp(row.timestamp_ms / 1000).astimezone()
            message = row.message.rstrip("\r\n")
            lines.append(f"{when.isoformat(timespec='milliseconds')}\t{row.request_id}\t{message}")
        QApplication.clipboard().setText("\n".join(lines))

    def _show_unseen(self, count: int) -> None:
        self._unseen = count
        self._newer.setVisible(count > 0)
        if count:
            self._newer.setText(f"{count:,} new line{'s' * (count > 1)} ↓")
            self._place_newer()

    def _place_newer(self) -> None:
        self._newer.adjustSize()
        area = self.table.viewport().geometry()
        size = self._newer.size()
        self._newer.move(
            area.right() - size.width() - theme.WIDE, area.bottom() - size.height() - theme.SPACE
        )
