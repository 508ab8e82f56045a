"""The arithmetic of what a function cost in a month, or in 30 days."""

from dataclasses import replace
from decimal import Decimal

from lambdadesk.core.cost import price_quantities
from lambdadesk.core.cost_text import explain_cost
from lambdadesk.core.month_view import MonthFunction, MonthRow, Period
from lambdadesk.core.prices import PriceTable


def explain_row(row: MonthRow, function: MonthFunction, period: Period, prices: PriceTable) -> str:
    """What was used in the period, each item by its price, what that sums up to, and why it is an estimate.

    row: of that function in that period. prices: those that its region has now.
    """
    start = period.first.toordinal() - function.days.first_day
    stop = period.last.toordinal() - function.days.first_day + 1
    used = {
        item: quantity
        for item, days in function.days.quantities.items()
        if (quantity := sum(days[start:stop], Decimal(0)))
    }
    cost = price_quantities(used, function.region, function.function.architecture, prices)
    notes = tuple(dict.fromkeys((*cost.notes, *row.notes)))
    whole = replace(cost, amount=row.cost, exact=row.is_exact, notes=notes)
    text = explain_cost(whole, rest="What the REPORT lines that were read tell besides")
    return f"{row.name}, {period.words}\n\n{text}"
