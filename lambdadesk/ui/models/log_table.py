"""LogTableModel, a LogStore's lines behind a filter, as rows of a table."""

import json
import re
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPixmap

from lambdadesk.core.ansi import Piece, has_colours, pieces
from lambdadesk.core.invocation_words import OUTCOME_WORDS, facts_of
from lambdadesk.core.logfilter import Cut, FilteredLines
from lambdadesk.core.loggroups import GroupedLines, Splice
from lambdadesk.core.logstore import Level, LineKind, LogStore
from lambdadesk.core.text import one_line
from lambdadesk.core.types import Invocation, Outcome
from lambdadesk.ui import theme
from lambdadesk.ui.models.log_sources import LogSources

TIME, LEVEL, INVOCATION, MESSAGE, DELAY, SOURCE = range(6)
_TITLES = ("Time", "Level", "Invocation", "Message", "Delay", "From")
# What is known of an invocation, by its index in the log; None where nothing is.
Facts = Callable[[int], Invocation | None]
LEVEL_WORDS = {Level.ERROR: "✖ error", Level.WARN: "▲ warn", Level.INFO: "info", Level.DEBUG: "debug"}
CELL_LIMIT = 1_000  # characters; more than any screen shows, little enough to paint quickly
SCAN_LINES = 4_096
SCAN_S = 0.004  # how long the window may stand still for a filter
_SCREENFUL = 200  # rows
_ROWS_EVERY_S = 0.06
_GROUPED_AT_ONCE = 4_096  # lines, in some milliseconds
# What the runtimes of Python and Node put before a message: level, time, request.
_PREFIX = re.compile(
    r"(?:\[(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\]\t)?\d{4}-\d\d-\d\dT[\d:.]+Z\t([0-9a-f-]{36})\t"
    r"(?:(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\t)?"
)
_JSON_LIMIT = 16_384  # characters of a line that is taken apart to be painted
_JSON_SHOWN = ("timestamp", "level", "requestId")  # there are columns for these
_DISPLAY = Qt.ItemDataRole.DisplayRole
_FOREGROUND = Qt.ItemDataRole.ForegroundRole
_DECORATION = Qt.ItemDataRole.DecorationRole
_BACKGROUND = Qt.ItemDataRole.BackgroundRole
_FONT = Qt.ItemDataRole.FontRole
_ROLES = (_DISPLAY, _FOREGROUND, _DECORATION, _BACKGROUND, _FONT)
_NO_PARENT = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


@lru_cache(maxsize=4_096)
def _clock(epoch_s: int, is_utc: bool) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(epoch_s) if is_utc else time.localtime(epoch_s))


def clock_text(timestamp_ms: int, *, is_utc: bool = False) -> str:
    """Time of day to the millisecond, local or UTC."""
    return f"{_clock(timestamp_ms // 1000, is_utc)}.{timestamp_ms % 1000:03d}"


def _delay_text(delay_ms: int) -> str:
    return f"{delay_ms:,} ms" if delay_ms < 1_000 else f"{delay_ms / 1000:,.1f} s"


@lru_cache(maxsize=512)
def _message_first(text: str, request_id: str) -> str:
    """A line of the JSON log format as one reads it: the message, then what no other column shows."""
    try:
        return _of_fields(json.loads(text), request_id) or text
    except (ValueError, RecursionError):  # too deep, to be read or to be written again
        return text


def _of_fields(fields: dict[str, Any], request_id: str) -> str:
    """The same of a line that was read; empty where it has no message."""
    if "message" in fields:
        head = fields.pop("message")
        rest = {name: value for name, value in fields.items() if name not in _JSON_SHOWN}
    elif "type" in fields and isinstance(fields.get("record"), dict):  # the platform's own
        head, rest = fields["type"], fields["record"]
    else:
        return ""
    if fields.get("requestId", request_id) != request_id:  # another's is news
        rest["requestId"] = fields["requestId"]
    elif rest.get("requestId") == request_id:
        del rest["requestId"]
    return "  ".join(_json_text(part) for part in (head, rest) if part != {})


def _json_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


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
        facts: Facts = lambda _index: None,
        is_utc: bool = False,
        sources: LogSources | None = None,
    ) -> None:
        super().__init__(parent)
        self.lines = lines
        self.groups = groups
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
        return self.lines[row] if self.groups is None else self.groups.number_at(row)

    def invocation_at(self, row: int) -> int:
        """The invocation that a row is of, as a header or a line; -1 for none."""
        if self.groups is not None and (header := self.groups.header_at(row)) >= 0:
            return header
        return self.store.invocation(self.number_at(row))

    def row_of(self, number: int) -> int:
        """The row that shows a line, or its closed invocation; -1 where the filter leaves it out."""
        if self.groups is not None:
            return self.groups.row_of(number)
        entry = self.lines.entry_of(number)
        return entry if entry < len(self.lines) and self.lines[entry] == number else -1

    def toggle(self, invocation: int) -> None:
        """Open or close the lines of an invocation."""
        if self.groups is not None and self.groups.header_row(invocation) >= 0:
            self._apply([self.groups.toggle(invocation)])
            row = self.groups.header_row(invocation)
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
        if row >= (
            len(self.lines) if groups is None else len(groups)
        ):  # asked while rows are being taken out
            return None
        number = self.number_at(row)
        if number < 0 and groups is not None:
            return self._header_data(groups.header_at(row), column, role)
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
        number = self.lines[row] if groups is None else groups.number_at(row)
        if number < 0 and groups is not None:
            invocation = groups.header_at(row)
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
            return ("▾ " if groups.is_open(invocation) else "▸ ") + self.store.get_request_id(invocation)[:8]
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
        if number < 0:
            return []
        text = self.store.text(number)
        if not has_colours(text):
            return []
        return pieces(self._without_repeats(number), CELL_LIMIT)

    def _display(self, number: int, column: int) -> str:
        if column == MESSAGE:
            text = self._without_repeats(number)
            if has_colours(text):
                return "".join(piece.text for piece in pieces(text, CELL_LIMIT))
            return one_line(text, CELL_LIMIT)
        if column == TIME:
            return clock_text(self.store.timestamp(number), is_utc=self.is_utc)
        if column == LEVEL:
            return LEVEL_WORDS.get(Level(self.store.level(number)), "")
        if column == DELAY:
            ingestion_ms = self.store.ingestion(number)
            return _delay_text(ingestion_ms - self.store.timestamp(number)) if ingestion_ms else ""
        if column == SOURCE:
            return self._source_name(number)
        return self.store.request_id(number)[:8]

    def _without_repeats(self, number: int) -> str:
        """The message without what the other columns show already, so that what matters isn't elided."""
        text = self.store.text(number)
        request_id = self.store.request_id(number)
        if request_id and text.startswith(f"REPORT RequestId: {request_id}"):
            return "REPORT" + text[len("REPORT RequestId: ") + len(request_id) :]
        if text.startswith("{") and len(text) <= _JSON_LIMIT:
            return _message_first(text, request_id)
        prefix = _PREFIX.match(text)
        return text[prefix.end() :] if prefix and prefix[1] == request_id else text

    def _foreground(self, number: int, column: int) -> QColor | None:
        if column in (TIME, INVOCATION, DELAY):
            return self._dim
        if column == SOURCE:
            return None
        level = Level(self.store.level(number))
        if level >= Level.WARN or level == Level.DEBUG:
            return self._level_colours[level]
        return self._kind_colours.get(LineKind(self.store.kind(number)))

    def follow(self, first_changed: int) -> Cut:
        """Take out the rows that a change of the store made stale; `scan` adds the new ones.

        Returns how many rows went at the top, and how many stay.
        """
        cut = self.lines.cut(first_changed)
        if self.groups is None:
            trimmed = min(cut.trimmed, self._row_count)
            self._remove(cut.trimmed + cut.kept, self._row_count)
            self._remove(0, trimmed)
            return Cut(trimmed, self._row_count)
        splices = self.groups.cut(first_changed)
        self._apply(splices)
        trimmed = sum(removed - inserted for row, removed, inserted in splices if row == 0)
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
            if time.perf_counter() > until:
                break
        if self.lines.is_complete or self._row_count < _SCREENFUL or time.perf_counter() > self._rows_due_s:
            self._rows_due_s = time.perf_counter() + _ROWS_EVERY_S
            if self.groups is not None:
                self._apply(self.groups.extend(_GROUPED_AT_ONCE))
            else:
                self._insert(self._row_count, len(self.lines) - self._row_count)
        return self._row_count - before

    @property
    def is_complete(self) -> bool:
        """Whether every line of the store has been looked at, and every one that is wanted has its row."""
        return self.lines.is_complete and (self.groups is None or self.groups.is_complete)

    def _apply(self, splices: list[Splice]) -> None:
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
