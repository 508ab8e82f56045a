"""A cost is explained to its last digit where it is exact, and legibly where it is an estimate."""

from decimal import Decimal

from lambdadesk.core.cost_text import explain_cost
from lambdadesk.core.types import Cost


def told(*, exact: bool) -> str:
    quantity = Decimal(8) / 3
    terms = (("Duration", quantity, "GB-s", Decimal("0.0000166667")),)
    return explain_cost(Cost(quantity * terms[0][3], "USD", exact, terms=terms, sources=("here",)))


def test_an_exact_quantity_is_whole() -> None:
    assert "    2.666666666666666666666666667 GB-s x 0.0000166667 = $0.0000444\n" in told(exact=True)


def test_an_estimate_ends_at_the_ninth_place() -> None:
    assert "    2.666666667 GB-s x 0.0000166667 = $0.0000444\n" in told(exact=False)
