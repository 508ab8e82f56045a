"""The rows of a month as layers of a picture: the dearest one by one, the rest together."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from lambdadesk.core.month_view import MonthRow

LAYERS = 7  # told apart by colour also with colour-blind eyes; the rest is one layer more


@dataclass(frozen=True, slots=True)
class Layer:
    """Costs by day. key: of its row; None: it is the rest, of `rows` rows."""

    key: tuple[str, str] | None
    title: str
    costs: tuple[Decimal, ...]
    rows: int = 1

    @property
    def total(self) -> Decimal:
        return sum(self.costs, Decimal(0))


def stack(rows: Iterable[MonthRow], currency: str) -> list[Layer]:
    """The layers of the rows in a currency, the dearest first. Rows that cost nothing make none."""
    dearest = sorted(
        (row for row in rows if row.currency == currency and row.cost), key=lambda row: (-row.cost, row.title)
    )
    shown = len(dearest) if len(dearest) <= LAYERS + 1 else LAYERS
    layers = [Layer(row.key, row.name, row.costs) for row in dearest[:shown]]
    if rest := dearest[shown:]:
        costs = tuple(sum(day, Decimal(0)) for day in zip(*(row.costs for row in rest), strict=True))
        layers.append(Layer(None, f"{len(rest):,} others", costs, len(rest)))
    return layers
