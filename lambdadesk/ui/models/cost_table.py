"""The table of what each function cost."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Qt

from lambdadesk.core.money import format_money
from lambdadesk.ui.models.right_size_table import saving_text, verdict_status
from lambdadesk.ui.models.rows import NOTHING, Column, Index, SortedTableModel
from lambdadesk.ui.widgets.plain import plain_tooltip

if TYPE_CHECKING:
    from lambdadesk.core.right_size import RightSize


@dataclass(frozen=True, slots=True)
class CostRow:
    """The sums of one function of one connection over whatever time the page shows.

    `cost` is in `currency`; None for it or for `gb_seconds` is "not known", which is never 0. size: what all
    known runs say of its memory.
    """

    function: str
    invocations: int
    errors: int
    gb_seconds: Decimal | None
    cost: Decimal | None
    currency: str = "USD"
    is_exact: bool = True
    connection_key: str = ""
    connection: str = ""
    region: str = ""
    colour: str = ""
    size: "RightSize | None" = None

    @property
    def key(self) -> tuple[str, str]:
        """The same as a function's row has."""
        return self.connection_key, self.function

    @property
    def per_million(self) -> Decimal | None:
        from lambdadesk.core.cost import cost_per_million  # with the prices: not for the first frame

        if self.cost is None or not self.invocations:
            return None
        return cost_per_million(self.cost, self.invocations)


def _about(row: CostRow, text: str, about: str = "≈ ") -> str:
    return text if row.is_exact else f"{about}{text}"


def _gb_seconds(row: CostRow) -> str:
    return NOTHING if row.gb_seconds is None else f"{row.gb_seconds:,.3f}"


def _cost(row: CostRow, about: str = "≈ ") -> str:
    return NOTHING if row.cost is None else _about(row, format_money(row.cost, row.currency), about)


def _cost_tooltip(row: CostRow) -> str:
    return "Not known: the log could not be read." if row.cost is None else ""


def _per_million(row: CostRow, about: str = "≈ ") -> str:
    if row.per_million is None:
        return NOTHING
    to_the_cent = format_money(row.per_million.quantize(Decimal("0.01")), row.currency).removesuffix("0000")
    return _about(row, to_the_cent, about)


def _hint(row: CostRow) -> str:
    found = row.size.headroom if row.size else None
    if found is None or found.verdict.value == "not known":
        return NOTHING
    if found.suggested_mb is None or found.suggested_mb == found.memory_mb:
        return "near its memory" if found.verdict.value == "too little" else found.verdict.value
    return f"{found.verdict.value}: {found.suggested_mb:,} MB?"


def _hint_order(row: CostRow) -> int | None:
    """What wants to be done comes first."""
    order = ("fits", "more than needed", "too little")
    return order.index(row.size.headroom.verdict.value) if row.size and _hint(row) != NOTHING else None


def _hint_tooltip(row: CostRow) -> str:
    if row.size is None:
        return "How much memory its runs used is not known yet."
    found, saving = row.size.headroom, saving_text(row.size)
    used = (
        f"Its runs used up to {found.used_most_mb:,} of {found.memory_mb:,} MB." if found.used_most_mb else ""
    )
    may = f"May save of what its known runs cost: {saving}." if saving != NOTHING else ""
    return "\n".join(filter(None, (used, *found.notes, may)))


_COLUMNS: Final = (
    Column[CostRow](
        "Function",
        lambda row: row.function,
        sort_key=lambda row: (row.function.casefold(), row.connection.casefold(), row.region),
    ),
    Column[CostRow](
        "Account",
        lambda row: row.connection,
        sort_key=lambda row: row.connection.casefold(),
        dot=lambda row: row.colour,
    ),
    Column[CostRow]("Region", lambda row: row.region),
    Column[CostRow](
        "Cost",
        _cost,
        sort_key=lambda row: row.cost,
        is_number=True,
        tooltip=_cost_tooltip,
        spoken=lambda row: "unknown" if row.cost is None else _cost(row, "about "),
    ),
    Column[CostRow](
        "Per million",
        _per_million,
        sort_key=lambda row: row.per_million,
        is_number=True,
        tooltip=lambda row: "What a million invocations like these would cost.",
        spoken=lambda row: _per_million(row, "about "),
    ),
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
        _gb_seconds,
        sort_key=lambda row: row.gb_seconds,
        is_number=True,
        spoken=lambda row: "unknown" if row.gb_seconds is None else _gb_seconds(row),
    ),
    Column[CostRow](
        "Hint",
        _hint,
        sort_key=_hint_order,
        status=lambda row: verdict_status(row.size) if row.size and _hint(row) != NOTHING else None,
        tooltip=_hint_tooltip,
        spoken=lambda row: _hint(row).replace(NOTHING, "not known"),
    ),
)
COST_COLUMN: Final = 3
PLACE_COLUMNS: Final = (1, 2)  # of no use while one place is shown


class CostTableModel(SortedTableModel[CostRow]):
    """Cost rows, the dearest first.

    explain: gives the arithmetic of a row's cost, which its tooltip shows; empty where it is not known.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, lambda row: row.key, COST_COLUMN, parent)
        self.explain: Callable[[CostRow], str] = lambda _row: ""

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == COST_COLUMN:
            row = self.row_at(index.row())
            if row.cost is not None and (text := self.explain(row)):
                return plain_tooltip(text)
        return super().data(index, role)
