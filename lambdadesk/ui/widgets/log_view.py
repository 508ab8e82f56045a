"""LogView, the lines of a log, searched, unfolded and copied, and the selected one in full."""

import time

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QMenu, QSplitter, QVBoxLayout, QWidget

from lambdadesk.core.logfilter import Filter, FilteredLines
from lambdadesk.core.logstore import LogStore
from lambdadesk.ui.models.log_table import MESSAGE, SCAN_LINES, Facts
from lambdadesk.ui.widgets.log_detail import DETAIL_LIMIT, LogDetail
from lambdadesk.ui.widgets.log_lines import LogLines
from lambdadesk.ui.widgets.log_menu import invocation_actions, line_actions, line_with_time
from lambdadesk.ui.widgets.log_places import first_number_at, place_at
from lambdadesk.ui.widgets.log_rows import ONE_ROW

_LOW_ROWS = 5  # that stay in sight above the detail in a low page


class LogView(LogLines):
    """LogLines with a search, folds, a menu, and the selected line or invocation below them.

    Signals:
        found_changed(): the search went on, or another of its places is the current one.
        request_filter_requested(str): show this request alone.
        source_requested(int): show this one of several logs alone, see LogSources.
        payload_requested(str): show the payload of this request, which was sent from here.
        chart_requested(str): show the point of this request in the charts.
        detail_changed(): the detail came or went.
        invocation_shown(int): all lines of an invocation are in the detail; its index.
    """

    request_filter_requested = Signal(str)
    source_requested = Signal(int)
    payload_requested = Signal(str)
    chart_requested = Signal(str)
    invocation_shown = Signal(int)
    detail_changed = Signal()
    found_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.function = ""  # whose page it is on, which can show more of its invocations; empty: any's
        self._is_low = False
        self._search = Filter()
        self._found: FilteredLines | None = None  # the lines shown that the search finds
        self.table.copy_requested.connect(self.copy)
        self.table.customContextMenuRequested.connect(self._open_menu)
        self.table.fold_requested.connect(self._fold)
        self.table.sign_clicked.connect(self._on_sign_clicked)
        self.table.clicked.connect(lambda index: self._on_clicked(index.row()))
        self.detail = LogDetail()
        self.detail.close_requested.connect(self._hide_detail)
        self.detail.hide()
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.addWidget(self.table)
        self._splitter.addWidget(self.detail)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setCollapsible(0, False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._splitter)

    def set_store(self, store: LogStore, wanted: Filter | None = None, facts: Facts | None = None) -> None:
        self._hide_detail()
        super().set_store(store, wanted, facts)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not self.detail.isHidden():
            self._hide_detail()
        else:
            super().keyPressEvent(event)

    def set_utc(self, is_utc: bool) -> None:
        self.detail.is_utc = is_utc
        super().set_utc(is_utc)

    def search(self, wanted: Filter) -> None:
        """Look for this in the lines shown, and mark it; an empty filter ends that. See `found_changed`."""
        if wanted.terms != self._search.terms:
            self._search = wanted
            self._on_new_model()
            self._scan()

    def found_place(self) -> tuple[int, int, bool]:
        """Which of the lines found is the current one (from 1; 0: none), of how many, and is that final."""
        if self._found is None:
            return 0, 0, True
        number = self._current_number()
        entry = self._found.entry_of(number) if number >= 0 else len(self._found)
        is_there = entry < len(self._found) and self._found[entry] == number
        return (entry + 1 if is_there else 0), len(self._found), self._found.is_complete

    def search_step(self, direction: int) -> None:
        """Go to the next line found (1) or the one before (-1), from the last to the first and back."""
        self._catch_up()
        found = self._found
        if found is None or not len(found):
            return
        number = self._current_number()
        if number < 0 and self._model.rowCount():
            number = first_number_at(self._model, max(0, self.table.rowAt(0)))
        entry = found.entry_of(max(0, number))
        is_there = self._current_number() >= 0 and entry < len(found) and found[entry] == number
        if direction < 0:
            entry -= 1
        elif is_there:
            entry += 1
        self._show_number(found[entry % len(found)])
        self.found_changed.emit()

    def _on_new_model(self) -> None:
        """Search anew; with context, the lines that match are searched."""
        search, lines = self._search, self._model.lines
        self.table.painter.found = search.texts
        both = lines.filter.narrowed(*search.terms)
        self._found = None if search.is_empty else FilteredLines(lines.store, both)
        self.table.viewport().update()
        self.found_changed.emit()

    def _on_cut(self, first_changed: int) -> None:
        if self._found is not None:
            self._found.cut(first_changed)

    def _scan_more(self, until_s: float) -> bool:
        found = self._found
        if found is None or found.is_complete:
            return True
        while not found.is_complete and time.perf_counter() < until_s:
            found.scan(SCAN_LINES)
        self.found_changed.emit()
        return found.is_complete

    def _current_number(self) -> int:
        """The selected line, -1 for none; a header is none."""
        row = self.table.currentIndex().row()
        return self._model.number_at(row) if 0 <= row < self._model.rowCount() else -1

    def _show_number(self, number: int) -> None:
        """Select a line and bring it into sight, without opening its detail."""
        groups = self._model.groups
        if groups is not None:
            invocation = self._model.store.invocation(number)
            if invocation >= 0 and not groups.is_open(invocation):
                self._toggle(invocation)
        head = self._model.folds.fold_of(number)
        if head >= 0:
            self.toggle_trace(head)
        row = self._model.row_of(number)
        if row < 0:
            return
        if self._following:
            self.set_follow(False)
        self._updating = self.detail.isHidden()
        index = self._model.index(row, 0)
        self.table.selectionModel().setCurrentIndex(index, ONE_ROW)
        self._updating = False
        self._current = place_at(self._model, row)
        if not self.table.viewport().rect().contains(self.table.visualRect(index)):
            self._updating = True  # the end of the rows is no wish to follow
            self.table.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
            self._updating = False
        self._top = place_at(self._model, self.table.rowAt(0))

    def selected_rows(self) -> list[int]:
        """Rows of the selection, ascending; by ranges, as a million indexes take seconds."""
        ranges = self.table.selectionModel().selection()
        return sorted({row for part in ranges.toList() for row in range(part.top(), part.bottom() + 1)})

    def selected_numbers(self) -> list[int]:
        """Line numbers of the selection, ascending; of a closed invocation and a folded trace all."""
        model = self._model
        return sorted({number for row in self.selected_rows() for number in model.numbers_at(row)})

    def copy(self) -> None:
        """Put the selected lines on the clipboard as they were received."""
        QApplication.clipboard().setText("\n".join(map(self._text_of, self.selected_numbers())))

    def copy_with_time(self) -> None:
        """The same as `copy`, with the time, the request id and, where there are several, whose each is."""
        rows = map(self._model.store.row, self.selected_numbers())
        sources = self._model.sources
        lines = [line_with_time(row, sources, is_utc=self._is_utc) for row in rows]
        QApplication.clipboard().setText("\n".join(lines))

    def _on_clicked(self, row: int) -> None:
        if QApplication.keyboardModifiers() != Qt.KeyboardModifier.NoModifier:
            return
        if 0 <= row < self._model.rowCount() and (invocation := self._model.header_at(row)) >= 0:
            self._toggle(invocation)

    def _on_sign_clicked(self, row: int) -> None:
        self.toggle_trace(self._model.folds.head_at(row))

    def _fold(self, wish: int) -> None:
        """Open, close or turn the trace or invocation of the current row; closing goes to its first row."""
        model, row = self._model, self.table.currentIndex().row()
        if not 0 <= row < model.rowCount():
            return
        head, invocation, groups = model.folds.head_at(row), model.invocation_at(row), model.groups
        if head >= 0 and (wish == 0 or (wish > 0) != model.folds.is_open(head)):
            self.toggle_trace(head)
            first = model.row_of(head)
        elif groups is not None and invocation >= 0:
            if wish == 0 or (wish > 0) != groups.is_open(invocation):
                self._toggle(invocation)
            first = model.header_row(invocation)
        else:
            return
        if wish <= 0:
            self.table.selectionModel().setCurrentIndex(model.index(first, 0), ONE_ROW)

    def _toggle(self, invocation: int) -> None:
        self._updating = True
        self._model.toggle(invocation)
        self._updating = False
        groups = self._model.groups
        if groups is not None and groups.is_open(invocation):
            self._keep_in_sight(self._model.header_row(invocation))
        self.lines_changed.emit()

    def toggle_trace(self, head: int) -> None:
        """Fold the stack trace that begins with this line, or show its lines one by one."""
        self._updating = True
        self._model.toggle_trace(head)
        self._updating = False
        if self._model.folds.is_open(head):
            self._keep_in_sight(self._model.row_of(head))
        self.lines_changed.emit()

    def _keep_in_sight(self, row: int) -> None:
        """What was opened is to be read: the newest line is no longer followed where that would hide it."""
        if not self._following:
            return
        self._to_end()
        index = self._model.index(row, 0)
        if self.table.visualRect(index).top() >= 0:
            return
        self.set_follow(False)
        self._updating = True
        self.table.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtTop)
        self._updating = False
        self._top = place_at(self._model, self.table.rowAt(0))

    def _on_selected(self) -> None:
        current = self.table.currentIndex()
        # A table that gets the focus makes its first row the current one without selecting it.
        if self._updating or not self.table.selectionModel().isRowSelected(current.row()):
            return
        place = place_at(self._model, current.row())
        if place == self._current and not self.detail.isHidden():
            return
        self._current = place
        if self._found is not None:
            self.found_changed.emit()
        number = self._model.number_at(current.row())
        if number < 0:
            if not self.detail.isHidden():
                self._show_invocation(self._model.invocation_at(current.row()))
            return
        line, sources = self._model.store.row(number), self._sources
        if trace := self._model.folded_at(current.row()):
            line = line._replace(message="\n".join(map(self._text_of, trace)))
        whose = sources.names[sources.number_of(line.stream)] if sources is not None else ""
        self.detail.show_row(line, whose)
        self._open_detail()

    def set_low(self, is_low: bool) -> None:
        """Leave the lines their room in a low page: without titles, and with less of the selected one."""
        changed = is_low != self._is_low
        if changed:
            self._is_low = is_low
            self.table.horizontalHeader().setVisible(not is_low)
            self.detail.set_low(is_low)
        if changed or (is_low and self.table.height() < self._rows_px):  # else it is as the user left it
            self._share_room()

    @property
    def _rows_px(self) -> int:
        return _LOW_ROWS * self.table.verticalHeader().defaultSectionSize() + 2 * self.table.frameWidth()

    def _share_room(self) -> None:
        """Give the detail a third, or in a low page what is left by some rows."""
        if not self.detail.isHidden():
            height = self._splitter.height()
            share = min(height // 3, max(0, height - self._rows_px)) if self._is_low else height // 3
            self._splitter.setSizes([height - share, share])

    def _open_detail(self) -> None:
        if self.detail.isHidden():
            self.detail.show()
            self._share_room()
            self.table.scrollTo(self.table.currentIndex())
            self.detail_changed.emit()

    def show_cost(self, invocation: int) -> None:
        """Show the arithmetic of an invocation's cost in the detail."""
        self.detail.cost.setChecked(True)
        self._show_invocation(invocation)
        self._open_detail()

    def _show_invocation(self, invocation: int) -> None:
        """Show all lines of an invocation in the place of the detail."""
        groups = self._model.groups
        if groups is None:
            return
        texts = []
        characters = 0
        for number in groups.numbers_of(invocation):
            texts.append(self._text_of(number))
            characters += len(texts[-1])
            if characters > DETAIL_LIMIT:
                texts.append("…")
                break
        words = self._model.header_text(invocation, MESSAGE, self._facts(invocation))
        heading = f"request {self._model.store.get_request_id(invocation)}   ·   {words}"
        self.detail.show_text(heading, "\n".join(texts))
        self.invocation_shown.emit(invocation)

    def _hide_detail(self) -> None:
        if not self.detail.isHidden():
            self.detail.hide()
            self.table.setFocus()
            self.detail_changed.emit()

    def _open_menu(self, point: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        row = self.table.rowAt(point.y())
        for actions in (self.menu_actions(row), self.invocation_actions(row)):
            for action in actions:
                action.setParent(menu)
                menu.addAction(action)
            menu.addSeparator()
        if not menu.isEmpty():
            menu.popup(self.table.viewport().mapToGlobal(point))

    def menu_actions(self, row: int) -> list[QAction]:
        """What can be done with a row and the selection; none where there is no row."""
        return line_actions(self, self._model, row)

    def invocation_actions(self, row: int) -> list[QAction]:
        """What can be done with the invocation that a row is of; none where there is no row."""
        return invocation_actions(self, self._model, row)
