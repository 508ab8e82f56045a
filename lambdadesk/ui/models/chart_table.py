"""The charts as tables: each invocation in sight a row, and each group that is compared."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from lambdadesk.core.invocation_columns import OUTCOMES, UNKNOWN, InvocationColumns, Source
from lambdadesk.core.invocation_csv import SOURCE_WORDS
from lambdadesk.core.invocation_groups import GroupFigures
from lambdadesk.core.money import format_amount, format_money
from lambdadesk.core.text import one_line
from lambdadesk.core.types import Outcome
from lambdadesk.ui.widgets.chart import Unit, format_value

_Index = QModelIndex | QPersistentModelIndex
_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_NONE: Final = "—"
POINT_SAMPLES: Final = (
    *("2026-11-27 10:02:11.482", "out of memory", "$LATEST", "10,000.00 ms", "1,000.00 ms", "1,000.00 ms"),
    *(
        "10,000 ms",
        "10,240 MB",
        "10,240 MB",
        "≈ $0.000000408",
        "past range",
        "b1c0ffee-0000-4000-8000-000000000000",
    ),
)
_POINT_HEADS: Final = (
    *("Started", "Outcome", "Version", "Duration", "Init", "Restore", "Billed", "Memory used", "Memory size"),
    *("Cost", "Known from", "Request id"),
)
GROUP_SAMPLES: Final = (
    *("before: function changed", "100,000", "1,000 (10.1 %)", "1,000"),
    *("10,000 ms",) * 3,
    *("≈ $0.000000408", "≈ $100.00"),
)
_GROUP_HEADS: Final = ("Group", "Runs", "Failed", "Cold", "p50", "p90", "p99", "Cost", "Cost of 1 M")


class PointModel(QAbstractTableModel):
    """Rows of columns, which may be a million: each cell is made when it is looked at."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.columns = InvocationColumns.empty()
        self._made: tuple[int, tuple[str, ...]] = (-1, ())  # the row that was looked at last

    def show_columns(self, columns: InvocationColumns) -> None:
        self.beginResetModel()
        self.columns, self._made = columns, (-1, ())
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008  Qt's signature
        return 0 if parent.isValid() else len(self.columns)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(_POINT_HEADS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _POINT_HEADS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if 3 <= section <= 9 else _LEFT
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole and 3 <= index.column() <= 9:
            return _RIGHT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if self._made[0] != index.row():
            self._made = index.row(), point_cells(self.columns, index.row())
        return self._made[1][index.column()]


def point_cells(columns: InvocationColumns, row: int) -> tuple[str, ...]:
    """What a row says, cell by cell."""
    moment = datetime.fromtimestamp(int(columns.started_ms[row]) / 1000).astimezone()
    outcome = OUTCOMES[int(columns.outcome[row])]
    word = "succeeded" if outcome is Outcome.OK else str(outcome)
    error_type = columns.error_types[int(columns.error_type[row])]
    amount = columns.cost_at(row)
    cost = _NONE
    if amount is not None:
        sign = "" if columns.exact[row] else "≈ "
        cost = sign + format_money(amount, columns.currencies[int(columns.currency[row])])
    return (
        f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}",
        one_line(f"{word} ({error_type})" if error_type else word, 80),
        one_line(columns.versions[int(columns.version[row])], 80),
        *(_ms(array[row]) for array in (columns.duration_ms, columns.init_ms, columns.restore_ms)),
        _whole(columns.billed_ms[row], "ms"),
        _whole(columns.max_memory_mb[row], "MB"),
        _whole(columns.memory_mb[row], "MB"),
        cost,
        SOURCE_WORDS[Source(int(columns.source[row]))],
        one_line(columns.request_id(row), 120),
    )


class GroupModel(QAbstractTableModel):
    """A row for each group."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.rows: Sequence[GroupFigures] = ()

    def show_rows(self, rows: Sequence[GroupFigures]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(_GROUP_HEADS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _GROUP_HEADS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if section else _LEFT
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column():
            return _RIGHT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return group_cells(self.rows[index.row()])[index.column()]


def group_cells(row: GroupFigures) -> tuple[str, ...]:
    """What a group's row says, cell by cell."""
    failed = f"{row.errors:,}" + (f" ({100 * row.errors / row.invocations:.3g} %)" if row.errors else "")
    return (
        one_line(row.name, 80),
        f"{row.invocations:,}",
        failed,
        f"{row.cold_starts:,}",
        *(
            _NONE if each is None else format_value(each, Unit.MS)
            for each in (row.p50_ms, row.p90_ms, row.p99_ms)
        ),
        *(
            _NONE if row.per_million is None else ("" if row.is_exact else "≈ ") + text
            for text in (
                format_money(row.cost, row.currency),
                format_amount(row.per_million or Decimal(0), row.currency),
            )
        ),
    )


def _ms(value: float) -> str:
    return _NONE if value != value else f"{value:,.2f} ms"


def _whole(value: int, unit: str) -> str:
    return _NONE if value == UNKNOWN else f"{value:,} {unit}"
