"""LogTableModel, a LogStore's lines behind a filter, as rows of a table."""

import json
import re
import time
from functools import lru_cache
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

from lambdadesk.core.logfilter import Cut, FilteredLines
from lambdadesk.core.logstore import Level, LineKind, LogStore
from lambdadesk.core.text import one_line
from lambdadesk.ui import theme

TIME, LEVEL, INVOCATION, MESSAGE = range(4)
_TITLES = ("Time", "Level", "Invocation", "Message")
LEVEL_WORDS = {Level.ERROR: "✖ error", Level.WARN: "▲ warn", Level.INFO: "info", Level.DEBUG: "debug"}
CELL_LIMIT = 1_000  # characters; more than any screen shows, little enough to paint quickly
SCAN_LINES = 4_096
SCAN_S = 0.012  # how long the window may stand still for a filter
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
_NO_PARENT = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


@lru_cache(maxsize=4_096)
def _clock(epoch_s: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(epoch_s))


def clock_text(timestamp_ms: int) -> str:
    """Local time of day to the millisecond."""
    return f"{_clock(timestamp_ms // 1000)}.{timestamp_ms % 1000:03d}"


@lru_cache(maxsize=512)
def _message_first(text: str, request_id: str) -> str:
    """A line of the JSON log format as one reads it: the message, then what no other column shows."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):  # too deep
        return text
    if "message" in fields:
        head = fields.pop("message")
        rest = {name: value for name, value in fields.items() if name not in _JSON_SHOWN}
    elif "type" in fields and isinstance(fields.get("record"), dict):  # the platform's own
        head, rest = fields["type"], fields["record"]
    else:
        return text
    if fields.get("requestId", request_id) != request_id:  # another's is news
        rest["requestId"] = fields["requestId"]
    elif rest.get("requestId") == request_id:
        del rest["requestId"]
    return "  ".join(_json_text(part) for part in (head, rest) if part != {})


def _json_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class LogTableModel(QAbstractTableModel):
    """Rows are the entries of FilteredLines; `follow` and `scan` keep them up with the store.

    A model is made for one filter: with another filter comes another model, since a reset of a million rows
    takes seconds.
    """

    def __init__(self, lines: FilteredLines, colours: theme.Colours, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lines = lines
        self.store: LogStore = lines.store
        self._row_count = 0  # as the view knows it
        self.set_colours(colours)

    def set_colours(self, colours: theme.Colours) -> None:
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
        if role not in (_DISPLAY, _FOREGROUND, _DECORATION):
            return None
        row, column = index.row(), index.column()
        if row >= len(self.lines):  # asked while rows are being taken out
            return None
        number = self.lines[row]
        if role == _DISPLAY:
            return self._display(number, column)
        if role == _FOREGROUND:
            return self._foreground(number, column)
        if column == INVOCATION:
            run = self.store.invocation(number)
            return self._marks[run % len(self._marks)] if run >= 0 else self._no_mark
        return None

    def _display(self, number: int, column: int) -> str:
        if column == MESSAGE:
            return one_line(self._without_repeats(number), CELL_LIMIT)
        if column == TIME:
            return clock_text(self.store.timestamp(number))
        if column == LEVEL:
            return LEVEL_WORDS.get(Level(self.store.level(number)), "")
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
        if column in (TIME, INVOCATION):
            return self._dim
        level = Level(self.store.level(number))
        if level >= Level.WARN or level == Level.DEBUG:
            return self._level_colours[level]
        return self._kind_colours.get(LineKind(self.store.kind(number)))

    def follow(self, first_changed: int) -> Cut:
        """Take out the rows that a change of the store made stale; `scan` adds the new ones."""
        cut = self.lines.cut(first_changed)
        self._remove(cut.trimmed + cut.kept, self._row_count)
        self._remove(0, cut.trimmed)
        return cut

    def scan(self) -> int:
        """Add rows for a few milliseconds; returns how many. Call it until `lines.is_complete`."""
        until = time.perf_counter() + SCAN_S
        while not self.lines.is_complete:
            self.lines.scan(SCAN_LINES)
            if time.perf_counter() > until:
                break
        added = len(self.lines) - self._row_count
        if added:
            self.beginInsertRows(_NO_PARENT, self._row_count, self._row_count + added - 1)
            self._row_count += added
            self.endInsertRows()
        return added

    def _remove(self, start: int, stop: int) -> None:
        if start < stop:
            self.beginRemoveRows(_NO_PARENT, start, stop - 1)
            self._row_count -= stop - start
            self.endRemoveRows()


def _mark(colour: QColor) -> QPixmap:
    """The small bar that lines of one invocation share."""
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
