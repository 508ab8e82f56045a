"""The table of functions at the left of the window."""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from PySide6.QtCore import QObject, Qt

from lambdadesk.core.function_rows import FunctionRow
from lambdadesk.core.types import FunctionInfo
from lambdadesk.ui.models.rows import NOTHING, Column, Index, RowTableModel

_AGES: Final = ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"), (86_400 * 60, 86_400, "d"))
_GONE: Final = "deleted; its log can still be read"
_TOLD: Final = (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
_MONTH_S: Final = 86_400 * 30.44


def age(moment: datetime, now_s: float) -> str:
    """How long ago that was, in its largest unit: "5 min ago". `now_s` is epoch seconds."""
    seconds = max(0.0, now_s - moment.timestamp())
    for below, unit_s, unit in _AGES:
        if seconds < below:
            return f"{int(seconds // unit_s)} {unit} ago"
    months = int(seconds // _MONTH_S)
    return f"{months} months ago" if months < 24 else f"{months // 12} years ago"


def runtime(function: FunctionInfo) -> str:
    """The runtime's name; container images have none."""
    return function.runtime or ("container image" if function.package_type == "Image" else NOTHING)


def _timeout(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{seconds} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def _full_date(function: FunctionInfo) -> str:
    if function.last_modified is None:
        return ""
    return function.last_modified.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def _about(row: FunctionRow) -> str:
    return f"{row.function.name}\n{row.function.description}".strip()


def _changed(row: FunctionRow) -> str:
    changed = row.function.last_modified
    return age(changed, time.time()) if changed else NOTHING


_COLUMNS: Final = (
    Column[FunctionRow](
        "Function",
        lambda row: row.function.name,
        sort_key=lambda row: (row.function.name.casefold(), row.connection.casefold(), row.region),
        tooltip=_about,
    ),
    Column[FunctionRow](
        "Account",
        lambda row: row.connection,
        sort_key=lambda row: row.connection.casefold(),
        tooltip=lambda row: f"{row.connection}\n{row.account}".strip(),
        dot=lambda row: row.colour,
    ),
    Column[FunctionRow]("Region", lambda row: row.region),
    Column[FunctionRow](
        "Runtime",
        lambda row: runtime(row.function),
        tooltip=lambda row: f"{runtime(row.function)}, {row.function.architecture}",
    ),
    Column[FunctionRow](
        "Memory",
        lambda row: f"{row.function.memory_mb:,} MB",
        sort_key=lambda row: row.function.memory_mb,
        is_number=True,
    ),
    Column[FunctionRow](
        "Timeout",
        lambda row: _timeout(row.function.timeout_s),
        sort_key=lambda row: row.function.timeout_s,
        is_number=True,
    ),
    Column[FunctionRow](
        "Last change",
        _changed,
        sort_key=lambda row: row.function.last_modified and row.function.last_modified.timestamp(),
        tooltip=lambda row: _full_date(row.function),
        spoken=lambda row: _full_date(row.function) or "unknown",
    ),
)
PLACE_COLUMNS: Final = (1, 2)  # of no use while one place is shown


class FunctionTableModel(RowTableModel[FunctionRow]):
    """Functions, filtered and sorted here (a proxy model would be slower and lose the position)."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, lambda row: row.key, parent)
        self._rows: list[FunctionRow] = []
        self._words: list[str] = []
        self._sorting = (0, Qt.SortOrder.AscendingOrder)

    def set_rows(self, rows: Iterable[FunctionRow]) -> None:
        """Show these; rows that stay keep their selection.

        One that is gone and exists all the same is shown once.
        """
        kept: dict[tuple[str, str], FunctionRow] = {}
        for row in rows:
            if row.key not in kept or kept[row.key].is_gone:
                kept[row.key] = row
        self._rows = list(kept.values())
        self._refresh()

    def is_gone(self, row: int) -> bool:
        """Whether the function of a row has been deleted."""
        return self.row_at(row).is_gone

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        shown = super().data(index, role)
        if role not in _TOLD or not index.isValid() or not self.is_gone(index.row()):
            return shown
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{shown}\n{_GONE}" if shown else _GONE
        return f"{shown}, {_GONE}" if index.column() == 0 else shown

    def _colour(self, row: FunctionRow, column: Column[FunctionRow]) -> str:
        return "dim" if row.is_gone else super()._colour(row, column)

    def set_filter(self, text: str) -> None:
        """Show only functions whose name, runtime, description or place has every word, in any case."""
        self._words = text.casefold().split()
        self._refresh()

    def total_count(self) -> int:
        """How many functions there are, filtered out or not; deleted ones are none."""
        return sum(not row.is_gone for row in self._rows)

    def has_rows(self) -> bool:
        return bool(self._rows)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if 0 <= column < len(_COLUMNS):
            self._sorting = (column, order)
            self._refresh()

    def _refresh(self) -> None:
        self._show(self._sorted([one for one in self._rows if self._matches(one)], *self._sorting))

    def _matches(self, row: FunctionRow) -> bool:
        if not self._words:
            return True
        one = row.function
        about = (one.name, runtime(one), one.description, row.connection, row.account, row.region)
        text = "\n".join(about).casefold()
        return all(word in text for word in self._words)
