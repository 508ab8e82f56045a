"""The table of functions at the left of the window."""

import time
from collections.abc import Hashable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Qt

from lambdadesk.core.function_columns import COLUMNS, FunctionColumn
from lambdadesk.core.function_rows import FunctionRow, RowKey
from lambdadesk.ui import icons
from lambdadesk.ui.models.rows import ROLES, Column, Index, RowTableModel

if TYPE_CHECKING:  # not needed for the first frame
    from lambdadesk.core.function_filter import FunctionFilter, Problem
    from lambdadesk.core.function_index import FilterIndex

_GONE: Final = "deleted; its log can still be read"
_PINNED: Final = "pinned"
_ROLE: Final = Qt.ItemDataRole
_DISPLAY, _DECORATION = int(_ROLE.DisplayRole), int(_ROLE.DecorationRole)
_TOOLTIP, _SPOKEN = int(_ROLE.ToolTipRole), int(_ROLE.AccessibleTextRole)
_ADDED: Final = frozenset((_DISPLAY, _DECORATION, _TOOLTIP, _SPOKEN))  # roles of which there is more to say
_NAME: Final = 0
_WAITING: Final = "…"
_FIGURES: Final = {"invocations", "errors", "p95", "throttles", "concurrency", "cost", "hours"}
PLACE_KEYS: Final = ("connection", "region")  # of no use while one place is shown
FIRST: Final = ("name", *PLACE_KEYS, "runtime", "memory", "timeout", "change")
# The model's own order, which is not the one on the screen.
SHOWN: Final = tuple(
    sorted(COLUMNS, key=lambda column: FIRST.index(column.key) if column.key in FIRST else len(FIRST))
)
PLACES: Final = {column.key: number for number, column in enumerate(SHOWN)}


def _get_text(column: FunctionColumn, row: FunctionRow) -> str:
    return column.text(row, time.time())


def _get_order(row: FunctionRow) -> tuple[str, str, str]:
    return row.function.name.casefold(), row.connection.casefold(), row.region


def _say(column: FunctionColumn, row: FunctionRow) -> str:
    if column.key == "lamps":
        return column.explain(row).replace("\n", " ")
    return (column.explain(row) if column.key == "change" else "") or _get_text(column, row)


def _make(column: FunctionColumn) -> Column[FunctionRow]:
    return Column[FunctionRow](
        column.title,
        partial(_get_text, column),
        sort_key=_get_order if column.key == "name" else column.sort_key,
        is_number=column.is_number,
        tooltip=column.explain,
        spoken=partial(_say, column),
        dot=(lambda row: row.colour) if column.key == "connection" else None,
    )


class FunctionTableModel(RowTableModel[FunctionRow]):
    """Functions, filtered and sorted here (a proxy model would be slower and lose the position).

    Pinned ones come first. What is typed is ranked by how near a name is to it, until a column is clicked.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__([_make(column) for column in SHOWN], lambda row: row.key, parent)
        self._rows: list[FunctionRow] = []  # by name
        self._total = 0
        self._order: list[FunctionRow] = []  # all of them, sorted
        self._order_keys: list[Hashable] = []  # of _order: to make them takes 5 ms
        self._index: FilterIndex | None = None  # over _order, once there is a filter
        self._wanted: FunctionFilter | None = None
        self._is_ranked = False
        self._awaited: frozenset[str] = frozenset()  # connections whose figures are asked for
        self._sorting = (0, Qt.SortOrder.AscendingOrder)

    def set_rows(self, rows: Iterable[FunctionRow]) -> None:
        """Show these; rows that stay keep their selection.

        One that is gone and exists all the same is shown once.
        """
        kept: dict[RowKey, FunctionRow] = {}
        for row in rows:
            if row.key not in kept or kept[row.key].is_gone:
                kept[row.key] = row
        self._rows = self._by_name(kept.values())
        self._total = sum(not row.is_gone for row in self._rows)
        self._sort()

    def set_awaited(self, connection_keys: Iterable[str]) -> None:
        """Say of the figures of these connections that they are waited for, where none are known."""
        awaited = frozenset(connection_keys)
        if awaited != self._awaited:
            self._awaited = awaited
            if self._shown:
                corner = self.index(len(self._shown) - 1, len(SHOWN) - 1)
                self.dataChanged.emit(self.index(0, 0), corner)

    def is_awaited(self, index: Index) -> bool:
        """Whether a cell has no figure yet, but soon may."""
        row = self.row_at(index.row())
        if row.figures is not None or row.is_gone or row.connection_key not in self._awaited:
            return False
        return SHOWN[index.column()].key in _FIGURES

    def is_gone(self, row: int) -> bool:
        """Whether the function of a row has been deleted."""
        return self.row_at(row).is_gone

    def data(self, index: Index, role: int = _ROLE.DisplayRole) -> Any:
        if role not in ROLES:
            return None
        shown = super().data(index, role)
        if role not in _ADDED or (number := index.column()) < 0:
            return shown
        row, is_name = self._shown[index.row()], number == _NAME
        if role == _DISPLAY:
            return _WAITING if self.is_awaited(index) else shown
        if role == _DECORATION:
            return icons.icon("pin", "accent") if is_name and row.is_pinned else shown
        if role == _TOOLTIP and row.is_gone:
            return f"{shown}\n{_GONE}" if shown else _GONE
        if role == _SPOKEN and is_name:
            marks = [_PINNED] * row.is_pinned + [_GONE] * row.is_gone
            return ", ".join([shown, *marks])
        if role == _SPOKEN and self.is_awaited(index):
            return "waiting"
        return shown

    def _colour(self, row: FunctionRow, column: Column[FunctionRow]) -> str:
        return "dim" if row.is_gone else super()._colour(row, column)

    def set_filter(self, text: str) -> None:
        """Show only functions that the filter lets through, the nearest names first."""
        if text.strip():
            from lambdadesk.core.function_filter import parse

            self._wanted = parse(text)
        else:
            self._wanted = None
        self._is_ranked = True
        self._filter()

    @property
    def is_ranked(self) -> bool:
        """Whether the nearest names are first, whatever column it was sorted by."""
        return self._is_ranked and self._wanted is not None and bool(self._wanted.words)

    @property
    def problems(self) -> "Sequence[Problem]":
        """What of the filter is passed over, and why."""
        if self._wanted is None:
            return ()
        return *self._wanted.problems, *(self._index.too_slow if self._index else ())

    def asks_for(self, field: str) -> bool:
        """Whether the filter has a term of this field ("trigger")."""
        terms = self._wanted.terms if self._wanted is not None else ()
        return any(getattr(term, "name", "") == field for term in terms)

    def count_known_triggers(self) -> int:
        """Of how many functions, filtered out or not, the triggers are known; deleted ones are none."""
        return sum(row.knows_triggers and not row.is_gone for row in self._rows)

    def shown_count(self) -> int:
        """How many functions have a row now; deleted ones are none."""
        if len(self._rows) == self._total:
            return len(self._shown)
        return sum(not row.is_gone for row in self._shown)

    def total_count(self) -> int:
        """How many functions there are, filtered out or not; deleted ones are none."""
        return self._total

    def has_rows(self) -> bool:
        return bool(self._rows)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if 0 <= column < len(SHOWN):
            self._sorting = (column, order)
            self._is_ranked = False
            self._sort()

    def _sort(self) -> None:
        rows = self._sorted_on(self._rows, *self._sorting)
        self._order = sorted(rows, key=lambda row: not row.is_pinned)
        self._order_keys = [row.key for row in self._order]
        self._index = None
        self._filter()

    def prepare(self) -> "FilterIndex":
        """Make ready for what will be typed, which takes some 20 ms for 10,000 functions."""
        if self._index is None:
            from lambdadesk.core.function_index import FilterIndex

            self._index = FilterIndex(self._order)
        return self._index

    def _filter(self) -> None:
        if self._wanted is None or not self._wanted.terms:
            self._show(self._order, self._order_keys)
            return
        places = self.prepare().find_places(self._wanted, ranked=self._is_ranked)
        self._show([self._order[at] for at in places], [self._order_keys[at] for at in places])
