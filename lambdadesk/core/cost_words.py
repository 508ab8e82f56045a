"""A cost in words: its terms, its notes and where its prices are from."""

from lambdadesk.core.money import format_money
from lambdadesk.core.types import Cost


def explain(cost: Cost) -> str:
    """The arithmetic of a cost, line by line."""
    lines = []
    for what, quantity, unit, price in cost.terms:
        amount = format_money(quantity * price, cost.currency)
        lines.append(f"{what}\n    {quantity.normalize():,f} {unit} x {price:f} = {amount}")
    lines.append(
        f"{'Total' if cost.exact else 'Total (estimate)'}\n    {format_money(cost.amount, cost.currency)}"
    )
    lines += [f"\n{note}" for note in cost.notes]
    lines += [f"\nPrices of {source}." for source in dict.fromkeys(cost.sources)]
    return "\n".join(lines)
