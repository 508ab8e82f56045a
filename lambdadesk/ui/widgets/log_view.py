"""LogView, the lines of a log behind a filter, followed as they come."""

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QMenu,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.logfilter import Filter, FilteredLines
from lambdadesk.core.loggroups import GroupedLines
from lambdadesk.core.logstore import LogStore
from lambdadesk.ui import theme
from lambdadesk.ui.models.log_sources import LogSources
from lambdadesk.ui.models.log_table import DELAY, MESSAGE, SCAN_LINES, SCAN_S, Facts, LogTableModel
from lambdadesk.ui.widgets.log_detail import DETAIL_LIMIT, LogDetail
from lambdadesk.ui.widgets.log_menu import invocation_actions, line_actions, line_with_time
from lambdadesk.ui.widgets.log_places import Place, first_number_at, place_at, row_near, row_of
from lambdadesk.ui.widgets.log_rows import ONE_ROW, LogRows

_MANY_LINES = 50_000  # beyond these, lines that come are shown together with those of the next moment
_APPEND_MS = 40
_MANY_LATE = 2_000  # lines after a late one: they are looked at anew
_LATE_MS, _LATEST_MS = 200, 2_000
_NO_MATCH = "No line matches the filter."


class LogView(QWidget):
    """A table of lines, following the newest while it is scrolled to its end, and the selected line in full.

    Lines may be grouped under a header for each invocation. `line_count` and `line_text` are of the lines
    that the filter leaves, in order of time, grouped or not.

    Signals:
        lines_changed(): rows came or went, or a scan with a new filter went on.
        found_changed(): the search went on, or another of its places is the current one.
        request_filter_requested(str): show this request alone.
        source_requested(int): show this one of several logs alone, see LogSources.
        payload_requested(str): show the payload of this request, which was sent from here.
        chart_requested(str): show the point of this request in the charts.
        invocation_shown(int): all lines of an invocation are in the detail; its index.
    """

    follow_changed = Signal(bool)
    request_filter_requested = Signal(str)
    source_requested = Signal(int)
    payload_requested = Signal(str)
    chart_requested = Signal(str)
    invocation_shown = Signal(int)
    lines_changed = Signal()
    found_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._following = True
        self._updating = False  # the view moves by itself, not by the user's hand
        self._unseen = 0
        self._current: Place | None = None  # the selected line
        self._top: Place | None = None  # the uppermost visible line while not following
        self._disconnect: Callable[[], None] | None = None
        self._facts: Facts = lambda _index: None
        self.function = ""  # whose page it is on, which can show more of its invocations; empty: any's
        self._is_grouped = False
        self._are_open = True  # the groups, at first
        self._context = 0
        self._is_utc = False
        self._sources: LogSources | None = None
        self._search = Filter()
        self._found: FilteredLines | None = None  # the lines shown that the search finds
        self.table = LogRows(self)
        self.table.setAccessibleName("Log lines")
        self.table.copy_requested.connect(self.copy)
        self.table.close_requested.connect(self._hide_detail)
        self.table.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.table.customContextMenuRequested.connect(self._open_menu)
        self.table.fold_requested.connect(self._fold)
        self.table.clicked.connect(lambda index: self._on_clicked(index.row()))
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
        self._append_timer = QTimer(self, singleShot=True, interval=_APPEND_MS)
        self._append_timer.timeout.connect(self._append_rows)
        self._late_timer = QTimer(self, singleShot=True, interval=_LATE_MS)
        self._late_timer.timeout.connect(self._take_late)
        self._caught_up_s: float | None = None  # when late lines were last taken in, until all is looked at
        self._stale_from: int | None = None  # the rows are not up to date from this line on
        self._known_first = 0
        self._model = self._new_model(LogStore(), Filter())
        self.destroyed.connect(self._make_release())

    def sizeHint(self) -> QSize:
        return (
            self.minimumSizeHint()
        )  # it gets what is left; where little is, nothing else is squeezed for it

    @property
    def is_following(self) -> bool:
        return self._following

    @property
    def is_scanning(self) -> bool:
        """Whether a filter is still being applied to the rest of the lines."""
        return not self._model.is_complete

    @property
    def is_grouped(self) -> bool:
        return self._is_grouped

    @property
    def is_utc(self) -> bool:
        return self._is_utc

    @property
    def sources(self) -> LogSources | None:
        """Whose the lines are; None where all are of one."""
        return self._sources

    @property
    def store(self) -> LogStore:
        return self._model.store

    @property
    def lines(self) -> FilteredLines:
        """The lines that the filter leaves, those of closed invocations with them."""
        return self._model.lines

    def line_count(self) -> int:
        """The lines that the filter leaves, as far as it has been applied; context with them."""
        self._catch_up()
        return len(self._model.lines)

    def matching_count(self) -> int:
        """The same without the lines of context."""
        return self._model.lines.match_count

    def total_count(self) -> int:
        """All lines of the store, whatever the filter."""
        return len(self._model.store)

    def line_text(self, row: int) -> str:
        """The message of a filtered line as it was received, without its final line break."""
        self._catch_up()
        return self._text_of(self._model.lines[row])

    def set_store(self, store: LogStore, wanted: Filter | None = None, facts: Facts | None = None) -> None:
        """Show another log, from its end on. facts: what is known of its invocations, by index."""
        if self._disconnect:
            self._disconnect()
        self._disconnect = store.changed.connect(self._on_store_changed)
        self._facts = facts or (lambda _index: None)
        self._current = self._top = None
        self._hide_detail()
        self._show_model(store, wanted or self._model.lines.filter)
        self.set_follow(True)

    def set_sources(self, sources: LogSources) -> None:
        """Say whose each line is, in a column of its own where there are several."""
        self._sources = self._model.sources = sources if len(sources) > 1 else None
        self.table.show_sources(sources.names if self._sources else ())
        self.table.viewport().update()

    def set_filter(self, wanted: Filter) -> None:
        """Show the lines that this filter leaves; the selected line and the place stay if they can."""
        self._show_model(self._model.store, wanted)

    def set_context(self, lines: int) -> None:
        """Show so many lines before and after each line that the filter leaves, dim."""
        if lines != self._context:
            self._context = lines
            self._show_again()

    def set_grouped(self, grouped: bool) -> None:
        """Put each invocation's lines together under a header, or all in order of time."""
        if grouped != self._is_grouped:
            self._is_grouped = grouped
            self._show_again()

    def set_all_open(self, are_open: bool) -> None:
        """Open or close all invocations; those to come as well."""
        self._are_open = are_open
        if self._is_grouped:
            self._show_again()

    def set_utc(self, is_utc: bool) -> None:
        """Show times in UTC, or in the local time zone."""
        self._is_utc = self._model.is_utc = self.detail.is_utc = is_utc
        self.table.viewport().update()

    def set_delay_shown(self, shown: bool) -> None:
        """Show how long each line took to reach CloudWatch."""
        self.table.setColumnHidden(DELAY, not shown)

    def search(self, wanted: Filter) -> None:
        """Look for this in the lines shown, and mark it; an empty filter ends that. See `found_changed`."""
        if wanted.terms != self._search.terms:
            self._search = wanted
            self._look_again()
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

    def set_follow(self, follow: bool) -> None:
        """Follow the newest line, or stop doing so."""
        changed = follow != self._following
        self._following = follow
        if follow:
            self._top = None
            self._to_end()
        else:
            self._top = place_at(self._model, self.table.rowAt(0))
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

    def selected_numbers(self) -> list[int]:
        """Line numbers of the selection, ascending; of a closed invocation all."""
        groups = self._model.groups
        if groups is None:
            return [self._model.lines[row] for row in self.selected_rows()]
        numbers: set[int] = set()
        for row in self.selected_rows():
            invocation = groups.header_at(row)
            if invocation < 0:
                numbers.add(groups.number_at(row))
            elif not groups.is_open(invocation):
                numbers.update(groups.numbers_of(invocation))
        return sorted(numbers)

    def copy(self) -> None:
        """Put the selected lines on the clipboard as they were received."""
        QApplication.clipboard().setText("\n".join(map(self._text_of, self.selected_numbers())))

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
        self._late_timer.stop()
        self._stale_from, self._known_first = None, store.first
        old_model, old_selection = self.table.model(), self.table.selectionModel()
        lines = FilteredLines(store, wanted, self._context)
        groups = GroupedLines(lines, are_open=self._are_open) if self._is_grouped else None
        model = LogTableModel(
            lines,
            theme.colours(self.palette()),
            self.table,
            groups=groups,
            facts=self._facts,
            is_utc=self._is_utc,
            sources=self._sources,
        )
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

    def _show_again(self) -> None:
        self._show_model(self._model.store, self._model.lines.filter)

    def _show_model(self, store: LogStore, wanted: Filter) -> None:
        self._model = self._new_model(store, wanted)
        self.table.painter.filtered = wanted.texts
        self._look_again()
        self.table.no_match_text = "" if wanted.is_empty else _NO_MATCH
        self._show_unseen(0)
        self._scan()

    def _look_again(self) -> None:
        """Search anew; with context, the lines that match are searched."""
        search, lines = self._search, self._model.lines
        self.table.painter.found = search.texts
        both = lines.filter.narrowed(*search.terms)
        self._found = None if search.is_empty else FilteredLines(lines.store, both)
        self.table.viewport().update()
        self.found_changed.emit()

    def _on_store_changed(self, first_changed: int) -> None:
        store = self._model.store
        is_late = first_changed < self._model.lines.scanned and store.end - first_changed > _MANY_LATE
        is_late = is_late or self._stale_from is not None
        if is_late and store.first == self._known_first:
            # A late line moves all after it: that is done for those of a moment together. Until then every
            # row still shows a line, though maybe one of its neighbours.
            self._stale_from = min(
                first_changed, first_changed if self._stale_from is None else self._stale_from
            )
            if not self._late_timer.isActive():
                self._late_timer.start()
            return
        if self._stale_from is not None:
            first_changed = min(first_changed, self._stale_from)
        self._take_change(first_changed, scan_later=is_late)

    def _catch_up(self) -> None:
        """Take in the changes that were put off."""
        if self._stale_from is not None:
            self._take_change(self._stale_from)

    def _take_late(self) -> None:
        if self._stale_from is not None:
            self._take_change(self._stale_from, scan_later=True)

    def _take_change(self, first_changed: int, *, scan_later: bool = False) -> None:
        self._late_timer.stop()
        if self._stale_from is not None:
            self._caught_up_s = time.perf_counter()
        self._stale_from = None
        self._known_first = self._model.store.first
        rows_before = self._model.rowCount()
        scroll_bar = self.table.verticalScrollBar()
        value = scroll_bar.value()
        was_complete = not self._scan_timer.isActive()  # before these lines came
        self._updating = True
        trimmed, kept = self._model.follow(first_changed)
        if trimmed and not self._following:  # the lines that are being read stay where they are
            scroll_bar.setValue(max(0, value - trimmed))
        self._updating = False
        if self._found is not None:
            self._found.cut(first_changed)
        if scan_later:  # there is much to look at, and this took its time already
            self._scan_timer.start()
            return
        is_append = was_complete and trimmed + kept == rows_before
        if is_append and len(self._model.store) > _MANY_LINES:
            if not self._append_timer.isActive():
                self._append_timer.start()  # each arrangement of so many rows takes milliseconds
            return
        self._scan(keep_place=not is_append)
        if not self._following and was_complete:
            self._show_unseen(self._unseen + max(0, self._model.rowCount() - rows_before + trimmed))

    def _append_rows(self) -> None:
        if self._stale_from is not None:
            return
        rows_before = self._model.rowCount()
        self._scan(keep_place=False)
        if not self._following:
            self._show_unseen(self._unseen + self._model.rowCount() - rows_before)

    def _scan(self, *, keep_place: bool = True) -> None:
        if self._stale_from is not None:
            return  # it goes on when the late lines are taken in
        until = time.perf_counter() + SCAN_S
        self._updating = True
        self._model.scan()
        self._updating = False
        found, is_complete = self._found, self._model.is_complete
        if found is not None and is_complete and not found.is_complete:
            while not found.is_complete and time.perf_counter() < until:
                found.scan(SCAN_LINES)
            is_complete = found.is_complete
            self.found_changed.emit()
        if not is_complete:
            self._scan_timer.start()
        else:
            self._scan_timer.stop()
            if self._caught_up_s is not None:  # a filter that takes longer is not begun anew as often
                took_ms = round((time.perf_counter() - self._caught_up_s) * 1_000)
                self._late_timer.setInterval(min(_LATEST_MS, max(_LATE_MS, 3 * took_ms)))
                self._caught_up_s = None
        if self._model.is_complete and keep_place:
            self._restore_place()
        if self._following:
            self._to_end()
        self.lines_changed.emit()

    def _restore_place(self) -> None:
        """Select the selected line again and bring the reading place back."""
        self._updating = True
        if self._current is not None and (row := row_of(self._model, self._current)) >= 0:
            index = self._model.index(row, 0)
            if self.table.currentIndex() != index:
                self.table.selectionModel().setCurrentIndex(index, ONE_ROW)
        if not self._following and self._top is not None:
            self.table.verticalScrollBar().setValue(max(0, row_near(self._model, self._top)))
        self._updating = False

    def _text_of(self, number: int) -> str:
        return self._model.store.text(number).rstrip("\r\n")

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

    def _on_clicked(self, row: int) -> None:
        groups = self._model.groups
        if groups is None or QApplication.keyboardModifiers() != Qt.KeyboardModifier.NoModifier:
            return
        if 0 <= row < self._model.rowCount() and (invocation := groups.header_at(row)) >= 0:
            self._toggle(invocation)

    def _fold(self, wish: int) -> None:
        """Open, close or turn the invocation of the current row; closing goes to its header."""
        groups, row = self._model.groups, self.table.currentIndex().row()
        if groups is None or not 0 <= row < self._model.rowCount():
            return
        invocation = self._model.invocation_at(row)
        if invocation < 0:
            return
        if wish == 0 or (wish > 0) != groups.is_open(invocation):
            self._toggle(invocation)
        if wish <= 0:
            index = self._model.index(groups.header_row(invocation), 0)
            self.table.selectionModel().setCurrentIndex(index, ONE_ROW)

    def _toggle(self, invocation: int) -> None:
        self._updating = True
        self._model.toggle(invocation)
        self._updating = False
        self.lines_changed.emit()

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
            self._top = place_at(self._model, value)

    def _on_resized(self) -> None:
        if self._following:  # a table that got lower would hide its last lines
            self._to_end()
        self._place_newer()

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
        whose = sources.names[sources.number_of(line.stream)] if sources is not None else ""
        self.detail.show_row(line, whose)
        self._open_detail()

    def _open_detail(self) -> None:
        if self.detail.isHidden():
            self.detail.show()
            height = self._splitter.height()
            self._splitter.setSizes([height - height // 3, height // 3])
            self.table.scrollTo(self.table.currentIndex())

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

    def copy_with_time(self) -> None:
        """The same as `copy`, with the time, the request id and, where there are several, whose each is."""
        rows = map(self._model.store.row, self.selected_numbers())
        sources = self._model.sources
        lines = [line_with_time(row, sources, is_utc=self._is_utc) for row in rows]
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
