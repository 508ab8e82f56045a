"""Costs that were worked out at earlier prices, told apart by their amount: what ran is not told twice.

How an invocation was invoked, and on which architecture it ran, is not kept. But an amount that is the list
price, or a share of it, to the last digit tells both: then nothing was billed besides.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Context, Decimal, localcontext

from lambdadesk.core.cost import invocation_cost, is_edge, price_quantities
from lambdadesk.core.day_sums import DaySums
from lambdadesk.core.prices import PriceItem, PriceTable
from lambdadesk.core.types import Cost, FunctionInfo, Report

ARCHITECTURES = ("x86_64", "arm64")
WIDE = Context(prec=60)
_SHARE = Decimal("1e-6")  # a discount has four decimals of a percent at most
_FREE_EPHEMERAL_MB = 512
_DIGITS = 27  # of the amounts that are kept

Pricing = Callable[[Report], Cost]


def get_pricings(function: FunctionInfo, region: str, prices: PriceTable) -> list[tuple[Pricing, Pricing]]:
    """What an invocation costs at list price and now, on the function's architecture first."""
    others = [each for each in ARCHITECTURES if each != function.architecture]
    return [
        (
            _pricing(function, architecture, region, prices.at_list),
            _pricing(function, architecture, region, prices),
        )
        for architecture in (function.architecture, *others)
    ]


def _pricing(function: FunctionInfo, architecture: str, region: str, prices: PriceTable) -> Pricing:
    on = replace(function, architecture=architecture)
    return lambda report: invocation_cost(report, on, region, prices)


def find_share(amount: Decimal, listed: Decimal) -> Decimal | None:
    """Which share of a list price an amount is, 0 to 1; None where it is no short decimal."""
    if listed <= 0 or amount <= 0:
        return None
    share = (amount / listed).quantize(_SHARE)
    if not 0 < share <= 1 or _units(WIDE.multiply(listed, share)) != _units(amount):
        return None
    return share


def reprice_days(
    days: Mapping[int, DaySums], function: FunctionInfo, region: str, prices: PriceTable
) -> dict[int, DaySums]:
    """Sums of kept days at the prices of now; those that can't be told stay as they were, `as_ran`."""
    found = {}
    for day, sums in days.items():
        is_priced = sums.currency == prices.currency(region) and not sums.unknown_cost
        found[day] = _reprice_day(sums, function, region, prices) if is_priced else sums
    return found


def _reprice_day(sums: DaySums, function: FunctionInfo, region: str, prices: PriceTable) -> DaySums:
    edge = is_edge(function)
    quantities = {
        PriceItem.EDGE_REQUEST if edge else PriceItem.REQUEST: Decimal(sums.invocations),
        PriceItem.EDGE_DURATION if edge else PriceItem.DURATION: sums.gb_seconds,
    }
    if function.ephemeral_mb > _FREE_EPHEMERAL_MB and sums.memory_mb:
        extra_mb = function.ephemeral_mb - _FREE_EPHEMERAL_MB
        quantities[PriceItem.EPHEMERAL] = sums.gb_seconds * extra_mb / sums.memory_mb
    architectures = sorted(ARCHITECTURES, key=lambda each: each != function.architecture)
    with localcontext(WIDE):
        now = [price_quantities(quantities, region, each, prices) for each in architectures]
        if any(_units(each.amount) == _units(sums.cost) for each in now):
            return sums
        for architecture, cost in zip(architectures, now, strict=True):
            listed = price_quantities(quantities, region, architecture, prices.at_list)
            if find_share(sums.cost, listed.amount) is not None:
                return replace(
                    sums,
                    cost=cost.amount,
                    errors_cost=sums.errors_cost * cost.amount / sums.cost,
                    currency=cost.currency,
                    inexact=0 if cost.exact else sums.invocations,
                )
    return replace(sums, as_ran=sums.invocations)


def _units(amount: Decimal) -> int:
    return int(amount.scaleb(_DIGITS, WIDE))
