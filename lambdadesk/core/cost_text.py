"""The arithmetic of a cost as text: terms, prices, what it leaves out, sources and their dates."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from lambdadesk.core.money import format_money
from lambdadesk.core.types import Cost, Report

if TYPE_CHECKING:  # with the prices: not for the first frame
    from lambdadesk.core.cost import CostBadge
    from lambdadesk.core.prices import Rate


_MB_MS_PER_GB_S = 1024 * 1000
_ONE = {"requests": "request"}


def explain_cost(
    cost: Cost, badges: "Sequence[CostBadge]" = (), report: Report | None = None, rest: str = ""
) -> str:
    """How the cost of an invocation came about, over several lines. badges: what it does not tell.

    report: of the invocation, whose billed duration the GB-seconds are made of. rest: what the amount has
    besides its terms.
    """
    lines = [*_terms(cost, report)]
    beside = cost.amount - sum((quantity * price for _, quantity, _, price in cost.terms), Decimal(0))
    if rest and beside:
        lines.append(f"{rest}\n    {format_money(beside, cost.currency)}")
    total = format_money(cost.amount, cost.currency)
    lines.append(f"\n{'Total' if cost.exact else 'Total (estimate)'}\n    {total}")
    lines += [f"\n{note}" for note in cost.notes]
    lines += [f"\n{badge.value[0].upper()}{badge.value[1:]}: {badge.words}" for badge in badges]
    lines += _sources(cost)
    lines.append("\nBefore any free tier; a discount or a Savings Plan is only in it where a line says so.")
    return "\n".join(lines)


def explain_log_cost(text_bytes: int, cost: Cost) -> str:
    """The part to put below: what the log of the invocation costs besides."""
    price = cost.terms[0][3]
    lines = [
        "\n\nApart from that, its log (at least)",
        f"    {text_bytes:,} bytes x {price:f} a GB = {format_money(cost.amount, cost.currency)}",
    ]
    lines += [f"\n{note}" for note in cost.notes]
    lines += _sources(cost)
    return "\n".join(lines)


def explain_shortly(cost: Cost) -> str:
    """The same in few lines, for a tooltip."""
    prices = (f"Prices of {source}." for source in dict.fromkeys(cost.sources))
    return "\n".join((*_terms(cost), *cost.notes, *prices))


def explain_sum(
    invocations: int, gb_seconds: Decimal, amount: Decimal, request: "Rate", duration: "Rate"
) -> str:
    """How the sum over many invocations came about; each has its own arithmetic in the log.

    request, duration: the prices that hold now. What these two do not make up is said as such.
    """
    terms = (
        (request.what, Decimal(invocations), "requests", request.price),
        (duration.what, gb_seconds, "GB-s", duration.price),
    )
    known = Cost(amount, request.currency, terms=terms, sources=(request.source, duration.source))
    rest = amount - sum((quantity * price for _, quantity, _, price in terms), Decimal(0))
    lines = _terms(known)
    if rest:
        lines.append(
            "Ephemeral storage, restores, streaming, large events, and what had another price\n    "
            f"{format_money(rest, request.currency)}"
        )
    lines += [f"Total\n    {format_money(amount, request.currency)}", *_sources(known)]
    lines.append("\nSummed from REPORT lines: the log shows each invocation's own arithmetic.")
    return "\n".join(lines)


def _terms(cost: Cost, report: Report | None = None) -> list[str]:
    return [
        f"{what}\n{_made_of(quantity, unit, report)}"
        f"    {_quantity(quantity, cost)} {_ONE.get(unit, unit) if quantity == 1 else unit} x {price:f} = "
        f"{format_money(quantity * price, cost.currency)}"
        for what, quantity, unit, price in cost.terms
    ]


def _made_of(quantity: Decimal, unit: str, report: Report | None) -> str:
    """How GB-seconds of one invocation come from its billed duration, as a line."""
    if report is None or not report.billed_ms or unit != "GB-s":
        return ""
    mb = quantity * _MB_MS_PER_GB_S / report.billed_ms
    return (
        f"    {report.billed_ms:,} ms billed x {mb.normalize():,f} MB / (1,000 x 1,024) = "
        f"{quantity.normalize():,f} GB-s\n"
    )


def _quantity(quantity: Decimal, cost: Cost) -> str:
    """To its last digit, or to the ninth place where it is an estimate, which may have no last one."""
    return f"{(quantity if cost.exact else round(quantity, 9)).normalize():,f}"


def _sources(cost: Cost) -> list[str]:
    return [f"\nPrices of {source}." for source in dict.fromkeys(cost.sources)]
