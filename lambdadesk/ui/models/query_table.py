"""QueryTableModel, the rows of a Logs Insights result: any columns, 100,000 rows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from PySide6.QtGui import QFont

from lambdadesk.core.query_table import ColumnKind, QueryTable, get_time_ms, sort_values
from lambdadesk.core.text import one_line
from lambdadesk.ui.models.rows import NOTHING, Index
from lambdadesk.ui.widgets.plain import plain_tooltip

CELL_LIMIT: Final = 500  # characters; the whole is in the row's detail
_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_ROOT: Final = QModelIndex()
_ROLE: Final = Qt.ItemDataRole


class QueryTableModel(QAbstractTableModel):
    """Times are shown in this machine's zone or in UTC, numbers as they were received.

    Sorting by column -1 gives back the order in which the rows were received.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.table = QueryTable()
        self.is_utc = False
        self._order: list[int] = []  # rows of the table, as they are shown
        self._figures = QFont()
        self._figures.setFeature(QFont.Tag("tnum"), 1)

    def set_table(self, table: QueryTable) -> None:
        self.beginResetModel()
        self.table = table
        self._order = list(range(len(table.rows)))
        self.endResetModel()

    def set_utc(self, is_utc: bool) -> None:
        self.is_utc = is_utc
        if self._order:
            last = self.index(len(self._order) - 1, len(self.table.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def number_at(self, row: int) -> int:
        """Which row of the table is shown in a row."""
        return self._order[row]

    def cell_text(self, number: int, column: int) -> str:
        """A cell of the table in full, as it is shown."""
        value = self.table.rows[number][column]
        if value is None or value == "":
            return NOTHING
        if self.table.columns[column].kind is ColumnKind.TIME and not self.is_utc:
            at_ms = get_time_ms(value)
            if at_ms is not None:
                local = datetime.fromtimestamp(at_ms / 1000).astimezone()
                return local.isoformat(sep=" ", timespec="milliseconds")[:23]
        return value

    def to_tsv(self, rows: Iterable[int]) -> str:
        """Shown rows with a header, cells apart by tabs, each on one line."""
        columns = range(len(self.table.columns))
        lines = ["\t".join(self.table.columns[column].name for column in columns)]
        for row in rows:
            values = (self.table.rows[self._order[row]][column] or "" for column in columns)
            lines.append("\t".join(" ".join(value.split()) for value in values))
        return "\n".join(lines)

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.table.columns)

    def data(self, index: Index, role: int = _ROLE.DisplayRole) -> Any:
        if not index.isValid():
            return None
        column = index.column()
        is_number = self.table.columns[column].kind is ColumnKind.NUMBER
        if role == _ROLE.DisplayRole:
            return one_line(self.cell_text(self._order[index.row()], column), CELL_LIMIT)
        if role == _ROLE.TextAlignmentRole:
            return _RIGHT if is_number else _LEFT
        if role == _ROLE.FontRole:
            return self._figures if is_number else None
        if role == _ROLE.ToolTipRole:
            text = self.cell_text(self._order[index.row()], column)
            return plain_tooltip(text[:2_000]) if len(text) > 40 else None
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.table.columns):
            return None
        column = self.table.columns[section]
        if role == _ROLE.DisplayRole:
            return one_line(column.name, 80)
        if role == _ROLE.TextAlignmentRole:
            return _RIGHT if column.kind is ColumnKind.NUMBER else _LEFT
        if role == _ROLE.ToolTipRole:
            zone = "UTC" if self.is_utc else "local time"
            return plain_tooltip(f"{column.name} ({zone})" if column.kind is ColumnKind.TIME else column.name)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        numbers = list(range(len(self.table.rows)))
        if 0 <= column < len(self.table.columns):
            values = sort_values(self.table, column)
            known = [number for number in numbers if values[number] is not None]
            known.sort(
                key=values.__getitem__,  # type: ignore[arg-type]  # all of one kind, None left out
                reverse=order == Qt.SortOrder.DescendingOrder,
            )
            numbers = known + [number for number in numbers if values[number] is None]
        self.layoutAboutToBeChanged.emit()
        before, self._order = self._order, numbers
        if indexes := self.persistentIndexList():
            place = {number: row for row, number in enumerate(numbers)}
            moved = [self.index(place[before[index.row()]], index.column()) for index in indexes]
            self.changePersistentIndexList(indexes, moved)
        self.layoutChanged.emit()
