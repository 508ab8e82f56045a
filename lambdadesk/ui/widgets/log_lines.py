"""LogLines, the lines of a log behind a filter, followed as they come."""

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from lambdadesk.core.logfilter import Filter, FilteredLines
from lambdadesk.core.loggroups import GroupedLines
from lambdadesk.core.logstore import LogStore
from lambdadesk.core.trace_lines import TraceLines
from lambdadesk.ui import theme
from lambdadesk.ui.models.log_sources import LogSources
from lambdadesk.ui.models.log_table import DELAY, SCAN_S, Facts, LogTableModel
from lambdadesk.ui.widgets.log_places import Place, place_at, row_near, row_of
from lambdadesk.ui.widgets.log_rows import ONE_ROW, LogRows

_MANY_LINES = 50_000  # beyond these, lines that come are shown together with those of the next moment
_APPEND_MS = 40
_MANY_LATE = 2_000  # lines after a late one: they are looked at anew
_LATE_MS, _LATEST_MS = 200, 2_000
_NO_MATCH = "No line matches the filter."


class LogLines(QWidget):
    """A table of lines that keeps up with its store, following the newest while it is scrolled to its end.

    Lines may be grouped under a header for each invocation. `line_count` and `line_text` are of the lines
    that the filter leaves, in order of time, grouped or not.

    Signals:
        lines_changed(): rows came or went, or a scan with a new filter went on.
    """

    follow_changed = Signal(bool)
    lines_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._following = True
        self._updating = False  # the view moves by itself, not by the user's hand
        self._unseen = 0
        self._current: Place | None = None  # the selected line
        self._top: Place | None = None  # the uppermost visible line while not following
        self._disconnect: Callable[[], None] | None = None
        self._facts: Facts = lambda _index: None
        self._is_grouped = False
        self._are_open = True  # the groups, at first
        self._context = 0
        self._folds_traces = True
        self._is_utc = False
        self._sources: LogSources | None = None
        self.table = LogRows(self)
        self.table.setAccessibleName("Log lines")
        self.table.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.table.verticalScrollBar().rangeChanged.connect(self._on_range_changed)
        self._newer = QPushButton(self.table)
        self._newer.clicked.connect(lambda: self.set_follow(True))
        self._newer.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the End key does the same
        self._newer.hide()
        self.table.resized.connect(self._on_resized)
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
        self._traces = TraceLines(LogStore())
        self._model = self._new_model(self._traces.store, Filter())
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
        self._traces = TraceLines(store)
        self._current = self._top = None
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

    def set_traces_folded(self, folded: bool) -> None:
        """Show a stack trace whose lines came one by one as one row, or each line of it."""
        if folded != self._folds_traces:
            self._folds_traces = folded
            self._show_again()

    def set_all_open(self, are_open: bool) -> None:
        """Open or close all invocations; those to come as well."""
        self._are_open = are_open
        if self._is_grouped:
            self._show_again()

    def set_utc(self, is_utc: bool) -> None:
        """Show times in UTC, or in the local time zone."""
        self._is_utc = self._model.is_utc = is_utc
        self.table.viewport().update()

    def set_delay_shown(self, shown: bool) -> None:
        """Show how long each line took to reach CloudWatch."""
        self.table.setColumnHidden(DELAY, not shown)

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
        if self._stale_from is not None:
            self._traces.cut(self._stale_from)
        self._stale_from, self._known_first = None, store.first
        old_model, old_selection = self.table.model(), self.table.selectionModel()
        lines = FilteredLines(store, wanted, self._context)
        groups = GroupedLines(lines, are_open=self._are_open) if self._is_grouped else None
        model = LogTableModel(
            lines,
            theme.colours(self.palette()),
            self.table,
            groups=groups,
            traces=self._traces if self._folds_traces else None,
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
        self._on_new_model()
        self.table.no_match_text = "" if wanted.is_empty else _NO_MATCH
        self._show_unseen(0)
        self._scan()

    def _on_store_changed(self, first_changed: int) -> None:
        store = self._model.store
        is_new = store.first != self._known_first or not len(store)  # dropped lines, or cleared
        is_late = first_changed < self._model.lines.scanned and store.end - first_changed > _MANY_LATE
        is_late = is_late or self._stale_from is not None
        if is_late and not is_new:
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
        self._on_cut(first_changed)
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
        is_complete = self._model.is_complete and self._scan_more(until)
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

    def _on_range_changed(self, _least: int, most: int) -> None:
        if self._following:  # titles that come, say, take room from the last line
            was_updating, self._updating = self._updating, True
            self.table.verticalScrollBar().setValue(most)
            self._updating = was_updating

    def _on_resized(self) -> None:
        if self._following:  # a table that got lower would hide its last lines
            self._to_end()
        self._place_newer()

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

    # -- what a view adds

    def _on_selected(self) -> None:
        """The selection is another."""

    def _on_new_model(self) -> None:
        """Other lines are shown, or others of them are left."""

    def _on_cut(self, first_changed: int) -> None:
        """The lines from this one on are others."""

    def _scan_more(self, until_s: float) -> bool:
        """Look at the lines for more than the filter, until then; returns whether that was all."""
        return True
