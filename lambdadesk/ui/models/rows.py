"""RowTableModel, the base of tables of a few thousand rows: columns declared once, changes merged in."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication

from lambdadesk.core.text import one_line
from lambdadesk.ui import icons, theme
from lambdadesk.ui.widgets.plain import plain_tooltip

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex

NOTHING: Final = "—"  # shown where there is no value
_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_ROOT: Final = QModelIndex()
_ROLE: Final = Qt.ItemDataRole
_DISPLAY, _DECORATION, _TOOLTIP = int(_ROLE.DisplayRole), int(_ROLE.DecorationRole), int(_ROLE.ToolTipRole)
_FONT, _ALIGNMENT = int(_ROLE.FontRole), int(_ROLE.TextAlignmentRole)
_FOREGROUND, _SPOKEN = int(_ROLE.ForegroundRole), int(_ROLE.AccessibleTextRole)
ROLES: Final = frozenset((_DISPLAY, _DECORATION, _TOOLTIP, _FONT, _ALIGNMENT, _FOREGROUND, _SPOKEN))
_MANY: Final = 500  # rows: so many are never told one by one
_FEW: Final = (
    16  # ranges of rows that come and go one by one; more of them take views longer than all at once
)


@dataclass(frozen=True)  # no slots: 3.11 can't instantiate Column[Row] then
class Column(Generic[Row]):
    """One column. `text` may be anything from outside: it is put on one line and made visible here.

    is_number: right aligned, in figures of one width. sort_key: what to sort by, the text where absent.
    tooltip, spoken (for a screen reader): plain text; `spoken` is the text where absent.
    status: (icon name, colour name) of a leading icon, or None. dot: "#rrggbb" of a leading dot, or empty.
    """

    title: str
    text: Callable[[Row], str]
    sort_key: Callable[[Row], Any] | None = None
    is_number: bool = False
    tooltip: Callable[[Row], str] | None = None
    spoken: Callable[[Row], str] | None = None
    status: Callable[[Row], tuple[str, str] | None] | None = None
    dot: Callable[[Row], str] | None = None


class RowTableModel(QAbstractTableModel, Generic[Row]):
    """A table of rows that are told apart by a key.

    `_show` merges a new list into what is shown, so that selection, current row and scroll position stay.
    """

    def __init__(
        self, columns: Sequence[Column[Row]], key: Callable[[Row], Hashable], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self._key = key
        self._shown: list[Row] = []
        self._keys: list[Hashable] = []  # of what is shown
        figures = QFont()
        figures.setFeature(QFont.Tag("tnum"), 1)
        self._fonts = [figures if column.is_number else None for column in self._columns]
        self._alignments = [_RIGHT if column.is_number else _LEFT for column in self._columns]

    def row_at(self, row: int) -> Row:
        return self._shown[row]

    def row_of(self, key: Hashable) -> int:
        """The row that shows the key, -1 if none does."""
        return self._keys.index(key) if key in self._keys else -1

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = _ROLE.DisplayRole) -> Any:
        # A view asks for seven of each cell, hence the quick ones first.
        if role not in ROLES or (number := index.column()) < 0:
            return None
        if role == _ALIGNMENT:
            return self._alignments[number]
        if role == _FONT:
            return self._fonts[number]
        column, row = self._columns[number], self._shown[index.row()]
        if role == _DISPLAY:
            return one_line(column.text(row))
        if role == _DECORATION:
            if column.status:
                return icons.icon(*status) if (status := column.status(row)) else None
            return icons.dot(colour) if column.dot and (colour := column.dot(row)) else None
        if role == _FOREGROUND:
            name = self._colour(row, column)
            return getattr(theme.colours(QApplication.palette()), name) if name else None
        if role == _TOOLTIP:
            return (plain_tooltip(column.tooltip(row)) or None) if column.tooltip else None
        return one_line((column.spoken or column.text)(row))

    def _colour(self, row: Row, column: Column[Row]) -> str:
        """The colour name of a cell's text; empty for the usual one."""
        status = column.status(row) if column.status else None
        return status[1] if status else ""

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        if role == _ROLE.DisplayRole:
            return self._columns[section].title
        if role == _ROLE.TextAlignmentRole:
            return _RIGHT if self._columns[section].is_number else _LEFT
        return None

    def _sorted(self, rows: list[Row], column: int, order: Qt.SortOrder) -> list[Row]:
        """Sorted by a column; equal ones by the first column, upwards. A None comes last in either order."""
        return self._sorted_on(self._by_name(rows), column, order)

    def _by_name(self, rows: Iterable[Row]) -> list[Row]:
        """Sorted by the first column, upwards."""
        first = self._columns[0]
        return sorted(rows, key=first.sort_key or first.text)

    def _sorted_on(self, rows: list[Row], column: int, order: Qt.SortOrder) -> list[Row]:
        """Sorted by a column; equal ones as they are."""
        by = self._columns[column]
        values = list(map(by.sort_key or by.text, rows))
        known = [number for number, value in enumerate(values) if value is not None]
        known.sort(key=values.__getitem__, reverse=order == Qt.SortOrder.DescendingOrder)
        unknown = [row for row, value in zip(rows, values, strict=True) if value is None]
        return [rows[number] for number in known] + unknown

    def _show(self, rows: list[Row], keys: list[Hashable] | None = None) -> None:
        """Show these rows, in this order. Keys must be unique; they are made here unless they are given."""
        keys = [self._key(row) for row in rows] if keys is None else list(keys)
        if keys != self._keys:
            if abs(len(keys) - len(self._keys)) > _MANY:
                self._replace(list(rows), keys)
                return
            new, before = set(keys), set(self._keys)
            gone = _ranges([number for number, key in enumerate(self._keys) if key not in new])
            come = _ranges([number for number, key in enumerate(keys) if key not in before])
            if len(gone) + len(come) > _FEW:
                self._replace(list(rows), keys)
                return
            for first, last in reversed(gone):
                self.beginRemoveRows(_ROOT, first, last)
                del self._shown[first : last + 1]
                del self._keys[first : last + 1]
                self.endRemoveRows()
            if come:
                staying = [number for number, key in enumerate(keys) if key in before]
                self._replace([rows[number] for number in staying], [keys[number] for number in staying])
            else:
                self._replace(list(rows), keys)
            for first, last in come:
                self.beginInsertRows(_ROOT, first, last)
                self._shown[first:first] = rows[first : last + 1]
                self._keys[first:first] = keys[first : last + 1]
                self.endInsertRows()
        old, self._shown = self._shown, list(rows)
        if old == rows:
            return
        changed = [
            number
            for number, (was, row) in enumerate(zip(old, rows, strict=True))
            if was is not row and was != row
        ]
        for first, last in _ranges(changed):
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self._columns) - 1))

    def _replace(self, rows: list[Row], keys: list[Hashable]) -> None:
        """Show other rows at once; what points to one that stays goes with it."""
        if keys == self._keys:
            return
        self.layoutAboutToBeChanged.emit()
        old = self._keys
        self._shown, self._keys = rows, keys
        if indexes := self.persistentIndexList():
            place = {key: number for number, key in enumerate(keys)}
            moved = [
                QModelIndex()
                if (row := place.get(old[index.row()])) is None
                else self.index(row, index.column())
                for index in indexes
            ]
            self.changePersistentIndexList(indexes, moved)
        self.layoutChanged.emit()


class SortedTableModel(RowTableModel[Row]):
    """Sorted by a column, the largest first, until a header is clicked; what is not known comes last."""

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], Hashable],
        sort_by: int,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(columns, key, parent)
        self._rows: list[Row] = []
        self._sorting = (sort_by, Qt.SortOrder.DescendingOrder)

    def set_rows(self, rows: Iterable[Row]) -> None:
        """Show these; rows that stay keep their selection."""
        self._rows = list(rows)
        self._show(self._sorted(self._rows, *self._sorting))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if 0 <= column < len(self._columns):
            self._sorting = (column, order)
            self._show(self._sorted(self._rows, column, order))


def _ranges(numbers: list[int]) -> list[tuple[int, int]]:
    """Ascending numbers as ranges of neighbours, both ends included: [1, 2, 5] is [(1, 2), (5, 5)]."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges
