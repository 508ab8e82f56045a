"""Bill, a month of one account: tiers by region and architecture, the free tier as a line of its own.

Rules and examples: https://aws.amazon.com/lambda/pricing/. Tiers are counted per account (or organization),
region and architecture; the free tier is one for the account, over all regions and both architectures.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from lambdadesk.core.cost import FREE_TIER, sum_costs
from lambdadesk.core.prices import PriceItem, PriceTable
from lambdadesk.core.types import Cost

_PROVISIONED_STEP_S = 5 * 60
_SHORTEST_CACHE_MS = 3 * 3600 * 1000
_MB_MS_PER_GB_S = Decimal(1024 * 1000)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a month used of a region with an architecture; quantities are in each item's unit."""

    region: str
    architecture: str
    quantities: Mapping[PriceItem, Decimal]


@dataclass(frozen=True, slots=True)
class Bill:
    """A month in one currency. `parts` are gross, one a usage in its order; `free_tier` is never positive."""

    parts: tuple[Cost, ...]
    free_tier: Cost

    @property
    def gross(self) -> Cost:
        return sum_costs(self.parts)

    @property
    def total(self) -> Cost:
        return sum_costs((*self.parts, self.free_tier))


def make_bill(usages: Iterable[Usage], prices: PriceTable, *, free_tier: bool) -> Bill:
    """The bill of one account; all usages must be of regions of one currency (ValueError otherwise).

    The free tier takes away from what is used of it (`FREE_TIER`) at the price of the last tier reached, as
    if that much less had been used. Where its share lies in regions or architectures of different prices, AWS
    does not say which comes first: each gives in proportion to its use, and the line says so.
    """
    used = list(usages)
    parts = tuple(
        sum_costs(
            prices.cost(item, quantity, usage.region, usage.architecture)
            for item, quantity in usage.quantities.items()
        )
        for usage in used
    )
    credit = sum_costs(_credits(used, prices)) if free_tier else Cost(Decimal(0), _currency(parts))
    return Bill(parts, credit)


def provisioned_gb_s(concurrency: int, memory_mb: int, seconds: int) -> Decimal:
    """GB-s of configured provisioned concurrency; time is rounded up to 5 minutes."""
    billed_s = -(-seconds // _PROVISIONED_STEP_S) * _PROVISIONED_STEP_S
    return Decimal(concurrency * memory_mb * billed_s) / 1024


def snapstart_cache_gb_s(memory_mb: int, active_ms: int) -> Decimal:
    """GB-s that a published version's snapshot is cached for: at least 3 hours, then by the millisecond."""
    return Decimal(memory_mb * max(active_ms, _SHORTEST_CACHE_MS)) / _MB_MS_PER_GB_S


def _credits(used: list[Usage], prices: PriceTable) -> Iterable[Cost]:
    for item, free in FREE_TIER.items():
        sharing = [usage for usage in used if usage.quantities.get(item)]
        total = sum((usage.quantities[item] for usage in sharing), Decimal(0))
        rates = {prices.rate(item, usage.region, usage.architecture).price for usage in sharing}
        for usage in sharing:
            quantity = usage.quantities[item]
            share = min(free, total) * quantity / total
            yield _credit(item, quantity, share, usage, prices, is_split=len(rates) > 1)


def _credit(
    item: PriceItem, quantity: Decimal, share: Decimal, usage: Usage, prices: PriceTable, *, is_split: bool
) -> Cost:
    with_all = prices.cost(item, quantity, usage.region, usage.architecture)
    with_less = prices.cost(item, quantity - share, usage.region, usage.architecture)
    notes = list(with_all.notes)
    if is_split:
        notes.append(
            f"{item.words[0]}: AWS does not say which region or architecture the free tier is taken from "
            "first; here each gives in proportion to its use."
        )
    amount = with_less.amount - with_all.amount
    term = (f"Free tier, {item.words[0].lower()}", -share, item.words[1], -amount / share)
    return Cost(amount, with_all.currency, not notes, tuple(notes), (term,), with_all.sources[-1:])


def _currency(parts: tuple[Cost, ...]) -> str:
    return parts[0].currency if parts else "USD"
