"""LogTableModel, a LogStore's lines behind a filter, as rows of a table."""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPixmap

from lambdadesk.core.ansi import Piece, has_colours, pieces
from lambdadesk.core.folded_rows import FoldedRows
from lambdadesk.core.invocation_words import OUTCOME_WORDS, facts_of
from lambdadesk.core.logfilter import Cut, FilteredLines
from lambdadesk.core.loggroups import GroupedLines, Splice
from lambdadesk.core.logstore import Level, LineKind, LogStore
from lambdadesk.core.text import one_line
from lambdadesk.core.trace_lines import TraceLines, summarize_trace
from lambdadesk.core.types import Invocation, Outcome
from lambdadesk.ui import theme
from lambdadesk.ui.models.log_cells import LEVEL_WORDS, clock_text, delay_text, without_repeats
from lambdadesk.ui.models.log_sources import LogSources

TIME, LEVEL, INVOCATION, MESSAGE, DELAY, SOURCE = range(6)
_TITLES = ("Time", "Level", "Invocation", "Message", "Delay", "From")
# What is known of an invocation, by its index in the log; None where nothing is.
Facts = Callable[[int], Invocation | None]
FOLDED, UNFOLDED = "▸", "▾"
CELL_LIMIT = 1_000  # characters; more than any screen shows, little enough to paint quickly
SCAN_LINES = 4_096
SCAN_S = 0.004  # how long the window may stand still for a filter
_SCREENFUL = 200  # rows
_ROWS_EVERY_S = 0.1
_AT_ONCE, _GROUPED_AT_ONCE = 65_536, 4_096  # lines, in some milliseconds
_DISPLAY = Qt.ItemDataRole.DisplayRole
_FOREGROUND = Qt.ItemDataRole.ForegroundRole
_DECORATION = Qt.ItemDataRole.DecorationRole
_BACKGROUND = Qt.ItemDataRole.BackgroundRole
_FONT = Qt.ItemDataRole.FontRole
_ROLES = (_DISPLAY, _FOREGROUND, _DECORATION, _BACKGROUND, _FONT)
_NO_PARENT = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class RowLook(NamedTuple):
    """A row as it is painted: text and colour of each cell, None for the usual one.

    mark: of its invocation; source: of where it comes from, None where that goes without saying.
    """

    is_header: bool
    mark: QPixmap
    cells: list[tuple[str, QColor | None]]
    source: QPixmap | None


class LogTableModel(QAbstractTableModel):
    """Rows are the entries of FilteredLines; `follow` and `scan` keep them up with the store.

    With `groups`, rows are theirs: headers of invocations, told by `facts`, among the lines. `sources` tell
    whose each line is; None where all are of one. A model is made
    for one filter: with another filter comes another model, since a reset of a million rows takes seconds.
    """

    def __init__(
        self,
        lines: FilteredLines,
        colours: theme.Colours,
        parent: QObject | None = None,
        *,
        groups: GroupedLines | None = None,
        traces: TraceLines | None = None,
        facts: Facts = lambda _index: None,
        is_utc: bool = False,
        sources: LogSources | None = None,
    ) -> None:
        super().__init__(parent)
        self.lines = lines
        self.groups = groups
        self.traces = traces
        self.folds = FoldedRows(lines, groups, traces)
        self.facts = facts
        self.is_utc = is_utc
        self.sources = sources
        self.store: LogStore = lines.store
        self._row_count = 0  # as the view knows it
        self._rows_due_s = 0.0
        self._bold = QFont(theme.fixed_font())
        self._bold.setBold(True)
        self.set_colours(colours)

    def number_at(self, row: int) -> int:
        """The line number of a row, -1 for the header of an invocation."""
        return self.folds.number_behind(self.folds.behind(row))

    def header_at(self, row: int) -> int:
        """The invocation whose header the row is, -1 for the row of a line."""
        return -1 if self.groups is None else self.groups.header_at(self.folds.behind(row))

    def header_row(self, invocation: int) -> int:
        """The row of an invocation's header, -1 if it has none."""
        row = -1 if self.groups is None else self.groups.header_row(invocation)
        return self.folds.before(row) if row >= 0 else -1

    def invocation_at(self, row: int) -> int:
        """The invocation that a row is of, as a header or a line; -1 for none."""
        header = self.header_at(row)
        return header if header >= 0 else self.store.invocation(self.number_at(row))

    def numbers_at(self, row: int) -> Sequence[int]:
        """The lines that a row stands for: its own, those of its closed invocation or folded trace."""
        groups, number = self.groups, self.number_at(row)
        if number < 0 and groups is not None:
            invocation = self.header_at(row)
            return () if groups.is_open(invocation) else groups.numbers_of(invocation)
        return self.folded_at(row) or (number,)

    def folded_at(self, row: int) -> list[int]:
        """All lines of the folded trace that a row shows; empty where it shows none."""
        number = self.number_at(row)
        trace = self.folds.trace_of(number)
        return [] if not trace or self.folds.is_open(number) else trace

    def row_of(self, number: int) -> int:
        """The row that shows a line, its folded trace or closed invocation; -1 where none does."""
        return self.folds.row_of(number)

    def toggle(self, invocation: int) -> None:
        """Open or close the lines of an invocation."""
        if self.groups is not None and self.groups.header_row(invocation) >= 0:
            self._apply([self.groups.toggle(invocation)])
            self._repaint(self.header_row(invocation))

    def toggle_trace(self, head: int) -> None:
        """Fold the trace that begins with a line, or show its lines one by one."""
        self._change_rows(self.folds.toggle(head))
        self._repaint(self.row_of(head))

    def _repaint(self, row: int) -> None:
        if row >= 0:
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(_TITLES) - 1))

    def set_colours(self, colours: theme.Colours) -> None:
        self.colours = colours
        self._dim = colours.dim
        self._level_colours = {
            Level.ERROR: colours.error,
            Level.WARN: colours.warning,
            Level.DEBUG: colours.dim,
        }
        self._kind_colours = {
            LineKind.START: colours.dim,
            LineKind.END: colours.dim,
            LineKind.PLATFORM: colours.dim,
            LineKind.NOTE: colours.dim,
            LineKind.REPORT: colours.accent,
        }
        self._failure = colours.error
        self._outcome_colours = {
            Outcome.RUNNING: colours.dim,
            Outcome.QUEUED: colours.dim,
            Outcome.OK: colours.ok,
            Outcome.UNKNOWN: colours.warning,
        }
        self._header_background = colours.panel
        self._marks = [_mark(colour) for colour in colours.marks]
        self._no_mark = _mark(QColor(Qt.GlobalColor.transparent))

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else self._row_count

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(_TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if role == _DISPLAY:
                return _TITLES[section]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        # Called some seven times per visible cell and repaint: refuse the roles not served first.
        if role not in _ROLES:
            return None
        row, column = index.row(), index.column()
        groups = self.groups
        behind = self.folds.behind(row)
        if behind >= (
            len(self.lines) if groups is None else len(groups)
        ):  # asked while rows are being taken out
            return None
        number = self.folds.number_behind(behind)
        if number < 0 and groups is not None:
            return self._header_data(groups.header_at(behind), column, role)
        if role == _DISPLAY:
            return self._display(number, column)
        if role == _FOREGROUND:
            return self._dim if self._is_context(number) else self._foreground(number, column)
        if role == _DECORATION and column == INVOCATION:
            return self._mark_of(self.store.invocation(number))
        return self._source_of(number) if role == _DECORATION and column == SOURCE else None

    def look_at(self, row: int, columns: Sequence[int]) -> RowLook:
        """All that painting a row needs, at once: a view asks `data` for each thing of each cell."""
        groups = self.groups
        number = self.number_at(row)
        if number < 0 and groups is not None:
            invocation = self.header_at(row)
            facts = self.facts(invocation)
            cells = [
                (self.header_text(invocation, column, facts), self._header_colour(facts, column))
                for column in columns
            ]
            source = self._source_of(groups.first_number_of(invocation))
            return RowLook(True, self._mark_of(invocation), cells, source)
        is_dim = self._is_context(number)
        cells = [
            (self._display(number, column), self._dim if is_dim else self._foreground(number, column))
            for column in columns
        ]
        mark = self._mark_of(self.store.invocation(number))
        return RowLook(False, mark, cells, self._source_of(number))

    def _mark_of(self, invocation: int) -> QPixmap:
        return self._marks[invocation % len(self._marks)] if invocation >= 0 else self._no_mark

    def _source_of(self, number: int) -> QPixmap | None:
        if self.sources is None or not self._source_name(number):
            return None
        return self.sources.mark(self.sources.number_of(self.store.stream(number)), self.colours)

    def _source_name(self, number: int) -> str:
        if self.sources is None:
            return ""
        return one_line(self.sources.names[self.sources.number_of(self.store.stream(number))])

    def _is_context(self, number: int) -> bool:
        lines = self.lines
        return bool(lines.context) and lines.is_context(lines.entry_of(number))

    def _header_data(self, invocation: int, column: int, role: int) -> Any:
        if role == _DISPLAY:
            return self.header_text(invocation, column, self.facts(invocation))
        if role == _FOREGROUND:
            return self._header_colour(self.facts(invocation), column)
        if role == _FONT:
            return self._bold
        if role == _BACKGROUND:
            return self._header_background
        if role != _DECORATION:
            return None
        if column == SOURCE and self.groups is not None:
            return self._source_of(self.groups.first_number_of(invocation))
        return self._mark_of(invocation) if column == INVOCATION else None

    def _header_colour(self, facts: Invocation | None, column: int) -> QColor | None:
        if column in (TIME, INVOCATION, DELAY):
            return self._dim
        outcome = facts.outcome if facts is not None else Outcome.RUNNING
        return self._outcome_colours.get(outcome, self._failure) if column == LEVEL else None

    def header_text(self, invocation: int, column: int, facts: Invocation | None) -> str:
        """What the header of an invocation says in a column."""
        groups = self.groups
        if groups is None:
            return ""
        if column == TIME:
            first = groups.first_number_of(invocation)
            at_ms = facts.started_ms if facts is not None else self.store.timestamp(first)
            return clock_text(at_ms, is_utc=self.is_utc)
        if column == INVOCATION:
            return (
                f"{UNFOLDED if groups.is_open(invocation) else FOLDED} "
                + self.store.get_request_id(invocation)[:8]
            )
        if column == LEVEL:
            return OUTCOME_WORDS[facts.outcome] if facts is not None else ""
        if column == SOURCE:
            return self._source_name(groups.first_number_of(invocation))
        if column == MESSAGE:
            count = groups.size_of(invocation)
            noun = "line" if count == 1 else "lines"
            size = f"{count:,} {noun}{'' if self.lines.filter.is_empty else ' shown'}"
            return " · ".join([*(facts_of(facts) if facts is not None else ()), size])
        return ""

    def pieces_at(self, row: int) -> list[Piece]:
        """The message of a row in the colours that the program gave it; empty where it gave none."""
        number = self.number_at(row)
        if number < 0 or self.folds.trace_of(number):
            return []
        text = self.store.text(number)
        if not has_colours(text):
            return []
        return pieces(without_repeats(self.store.text(number), self.store.request_id(number)), CELL_LIMIT)

    def _display(self, number: int, column: int) -> str:
        if column == MESSAGE:
            if trace := self.folds.trace_of(number):
                return self._trace_text(number, trace)
            text = without_repeats(self.store.text(number), self.store.request_id(number))
            if has_colours(text):
                return "".join(piece.text for piece in pieces(text, CELL_LIMIT))
            return one_line(text, CELL_LIMIT)
        if column == TIME:
            return clock_text(self.store.timestamp(number), is_utc=self.is_utc)
        if column == LEVEL:
            return LEVEL_WORDS.get(self._level_of(number), "")
        if column == DELAY:
            ingestion_ms = self.store.ingestion(number)
            return delay_text(ingestion_ms - self.store.timestamp(number)) if ingestion_ms else ""
        if column == SOURCE:
            return self._source_name(number)
        return self.store.request_id(number)[:8]

    def _trace_text(self, number: int, trace: list[int]) -> str:
        """The first line of a trace as it is shown: what it says in all while it is folded."""
        if self.folds.is_open(number):
            return f"{UNFOLDED} {one_line(self.store.text(number), CELL_LIMIT)}"
        texts = [self.store.text(each) for each in trace]
        first = without_repeats(texts[0], self.store.request_id(number))
        summary = one_line(summarize_trace([first, *texts[1:]]), CELL_LIMIT)
        return f"{FOLDED} {len(trace):,} lines  {summary}"

    def _level_of(self, number: int) -> Level:
        """How severe a line is, or the worst of its folded trace."""
        trace = self.folds.trace_of(number)
        if trace and not self.folds.is_open(number):
            return Level(max(map(self.store.level, trace)))
        return Level(self.store.level(number))

    def _foreground(self, number: int, column: int) -> QColor | None:
        if column in (TIME, INVOCATION, DELAY):
            return self._dim
        if column == SOURCE:
            return None
        level = self._level_of(number)
        if level >= Level.WARN or level == Level.DEBUG:
            return self._level_colours[level]
        return self._kind_colours.get(LineKind(self.store.kind(number)))

    def follow(self, first_changed: int) -> Cut:
        """Take out the rows that a change of the store made stale; `scan` adds the new ones.

        Returns how many rows went at the top, and how many stay.
        """
        cut = self.lines.cut(first_changed)
        promoted = self.traces.cut(first_changed) if self.traces is not None else []
        if self.groups is None:
            count = self.folds.count_behind
            stay = min(count, cut.trimmed + cut.kept)
            changes = [Splice(stay, count - stay, 0), Splice(0, min(cut.trimmed, count), 0)]
        else:
            changes = self.groups.cut(first_changed)
        splices = self._apply(changes)
        self._change_rows(self.folds.promote(promoted))
        at_front = splices if self.groups is not None else splices[1:]
        trimmed = sum(removed - inserted for row, removed, inserted in at_front if row == 0)
        return Cut(max(0, trimmed), self._row_count)

    def scan(self) -> int:
        """Look at lines for a few milliseconds; returns how many rows came. Call it until `is_complete`.

        While many lines are looked at, rows come a screenful first and then now and then: each time the view
        arranges them all.
        """
        until = time.perf_counter() + SCAN_S
        before = self._row_count
        while not self.lines.is_complete:
            self.lines.scan(SCAN_LINES)
            if self.folds.traces is not None:
                self.folds.traces.scan(self.lines.scanned)
            if time.perf_counter() > until:
                break
        if self.lines.is_complete or self._row_count < _SCREENFUL or time.perf_counter() > self._rows_due_s:
            self._rows_due_s = time.perf_counter() + _ROWS_EVERY_S
            if self.groups is not None:
                self._apply(self.groups.extend(_GROUPED_AT_ONCE))
            else:
                count = self.folds.count_behind
                self._apply([Splice(count, 0, min(_AT_ONCE, len(self.lines) - count))])
        return self._row_count - before

    @property
    def is_complete(self) -> bool:
        """Whether every line of the store has been looked at, and every one that is wanted has its row."""
        has_rows = (
            self.folds.count_behind == len(self.lines) if self.groups is None else self.groups.is_complete
        )
        return self.lines.is_complete and has_rows

    def _apply(self, splices: list[Splice]) -> list[Splice]:
        """Follow changes of the lines' or groups' rows; returns what they were to the rows that are shown."""
        splices = self.folds.follow(splices)
        self._change_rows(splices)
        return splices

    def _change_rows(self, splices: list[Splice]) -> None:
        for row, removed, inserted in splices:
            self._remove(row, row + removed)
            self._insert(row, inserted)

    def _insert(self, row: int, count: int) -> None:
        if count:
            self.beginInsertRows(_NO_PARENT, row, row + count - 1)
            self._row_count += count
            self.endInsertRows()

    def _remove(self, start: int, stop: int) -> None:
        if start < stop:
            self.beginRemoveRows(_NO_PARENT, start, stop - 1)
            self._row_count -= stop - start
            self.endRemoveRows()


def _mark(colour: QColor) -> QPixmap:
    pixmap = QPixmap(8, 28)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(QRectF(0, 0, 4, 14), 2, 2)
    painter.end()
    return pixmap
