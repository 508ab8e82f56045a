"""The table of functions at the left of the window."""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from PySide6.QtCore import QObject, Qt

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


_COLUMNS: Final = (
    Column[FunctionInfo](
        "Function",
        lambda function: function.name,
        sort_key=lambda function: function.name.casefold(),
        tooltip=lambda function: f"{function.name}\n{function.description}".strip(),
    ),
    Column[FunctionInfo](
        "Runtime",
        runtime,
        tooltip=lambda function: f"{runtime(function)}, {function.architecture}",
    ),
    Column[FunctionInfo](
        "Memory",
        lambda function: f"{function.memory_mb:,} MB",
        sort_key=lambda function: function.memory_mb,
        is_number=True,
    ),
    Column[FunctionInfo](
        "Timeout",
        lambda function: _timeout(function.timeout_s),
        sort_key=lambda function: function.timeout_s,
        is_number=True,
    ),
    Column[FunctionInfo](
        "Last change",
        lambda function: age(function.last_modified, time.time()) if function.last_modified else NOTHING,
        sort_key=lambda function: function.last_modified and function.last_modified.timestamp(),
        tooltip=_full_date,
        spoken=lambda function: _full_date(function) or "unknown",
    ),
)


class FunctionTableModel(RowTableModel[FunctionInfo]):
    """Functions, filtered and sorted here (a proxy model would be slower and lose the position)."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, lambda function: function.name, parent)
        self._functions: list[FunctionInfo] = []
        self._gone: frozenset[str] = frozenset()
        self._words: list[str] = []
        self._sorting = (0, Qt.SortOrder.AscendingOrder)

    def set_functions(self, functions: Iterable[FunctionInfo], gone: Iterable[FunctionInfo] = ()) -> None:
        """Show these; rows that stay keep their selection.

        gone: functions that have been deleted but are still looked at; one of the same name that exists wins.
        """
        exist = {function.name: function for function in functions}
        lost = {function.name: function for function in gone if function.name not in exist}
        was_gone, self._gone = self._gone, frozenset(lost)
        self._functions = [*exist.values(), *lost.values()]
        self._refresh()
        for name in was_gone ^ self._gone:  # the same function in another colour
            if (row := self.row_of(name)) >= 0:
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(_COLUMNS) - 1))

    def is_gone(self, row: int) -> bool:
        """Whether the function of a row has been deleted."""
        return self.row_at(row).name in self._gone

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        shown = super().data(index, role)
        if role not in _TOLD or not index.isValid() or not self.is_gone(index.row()):
            return shown
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{shown}\n{_GONE}" if shown else _GONE
        return f"{shown}, {_GONE}" if index.column() == 0 else shown

    def _colour(self, row: FunctionInfo, column: Column[FunctionInfo]) -> str:
        return "dim" if row.name in self._gone else super()._colour(row, column)

    def set_filter(self, text: str) -> None:
        """Show only functions whose name, runtime or description has every word, in any case."""
        self._words = text.casefold().split()
        self._refresh()

    def function_at(self, row: int) -> FunctionInfo:
        return self.row_at(row)

    def total_count(self) -> int:
        """How many functions there are, filtered out or not; deleted ones are none."""
        return len(self._functions) - len(self._gone)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if 0 <= column < len(_COLUMNS):
            self._sorting = (column, order)
            self._refresh()

    def _refresh(self) -> None:
        self._show(self._sorted([one for one in self._functions if self._matches(one)], *self._sorting))

    def _matches(self, function: FunctionInfo) -> bool:
        text = f"{function.name}\n{runtime(function)}\n{function.description}".casefold()
        return all(word in text for word in self._words)
