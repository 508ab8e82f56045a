"""The table of what each function cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from PySide6.QtCore import QObject, Qt

from lambdadesk.core.money import format_money
from lambdadesk.ui.models.rows import NOTHING, Column, RowTableModel


@dataclass(frozen=True, slots=True)
class CostRow:
    """The sums of one function over whatever time the page shows. `cost` is in `currency`."""

    function: str
    invocations: int
    errors: int
    gb_seconds: Decimal
    cost: Decimal
    currency: str = "USD"
    is_exact: bool = True

    @property
    def per_million(self) -> Decimal | None:
        from lambdadesk.core.cost import cost_per_million  # with the prices: not for the first frame

        return cost_per_million(self.cost, self.invocations) if self.invocations else None


def _about(row: CostRow, text: str, about: str = "≈ ") -> str:
    return text if row.is_exact else f"{about}{text}"


def _per_million(row: CostRow, about: str = "≈ ") -> str:
    if row.per_million is None:
        return NOTHING
    to_the_cent = format_money(row.per_million.quantize(Decimal("0.01")), row.currency).removesuffix("0000")
    return _about(row, to_the_cent, about)


_COLUMNS: Final = (
    Column[CostRow]("Function", lambda row: row.function, sort_key=lambda row: row.function.casefold()),
    Column[CostRow](
        "Invocations",
        lambda row: f"{row.invocations:,}",
        sort_key=lambda row: row.invocations,
        is_number=True,
    ),
    Column[CostRow](
        "Errors",
        lambda row: f"{row.errors:,}",
        sort_key=lambda row: row.errors,
        is_number=True,
    ),
    Column[CostRow](
        "GB-seconds",
        lambda row: f"{row.gb_seconds:,.3f}",
        sort_key=lambda row: row.gb_seconds,
        is_number=True,
    ),
    Column[CostRow](
        "Cost",
        lambda row: _about(row, format_money(row.cost, row.currency)),
        sort_key=lambda row: row.cost,
        is_number=True,
        spoken=lambda row: _about(row, format_money(row.cost, row.currency), "about "),
    ),
    Column[CostRow](
        "Per million",
        _per_million,
        sort_key=lambda row: row.per_million,
        is_number=True,
        tooltip=lambda row: "What a million invocations like these would cost.",
        spoken=lambda row: _per_million(row, "about "),
    ),
)
COST_COLUMN: Final = 4


class CostTableModel(RowTableModel[CostRow]):
    """Cost rows, dearest first until a header is clicked."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, lambda row: row.function, parent)
        self._rows: list[CostRow] = []
        self._sorting = (COST_COLUMN, Qt.SortOrder.DescendingOrder)

    def set_rows(self, rows: Iterable[CostRow]) -> None:
        """Show these sums, one a function; rows that stay keep their selection."""
        self._rows = list({row.function: row for row in rows}.values())
        self._show(self._sorted(self._rows, *self._sorting))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if 0 <= column < len(_COLUMNS):
            self._sorting = (column, order)
            self._show(self._sorted(self._rows, *self._sorting))
