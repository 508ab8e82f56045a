"""Observed concurrency, and what provisioned concurrency would have done for it.

Prices and rules: https://aws.amazon.com/lambda/pricing/: what is configured is billed by its time, rounded up
to 5 minutes, whether it is used or not; what it serves has a lower price by the GB-second, and no INIT.
"""

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from lambdadesk.core.bill import provisioned_gb_s
from lambdadesk.core.cost import price_quantities
from lambdadesk.core.observed import Period, Sample, as_it_was, ended_ms
from lambdadesk.core.prices import PriceItem, PriceTable
from lambdadesk.core.types import Cost

_MB_MS_PER_GB_S: Final = Decimal(1024 * 1000)
_MOST_OPTIONS: Final = 8


@dataclass(frozen=True, slots=True)
class Concurrency:
    """How many runs were under way at once: at most, and on average over the period."""

    peak: int
    mean: Decimal


@dataclass(frozen=True, slots=True)
class ProvisionedOption:
    """So many units over the whole period, against the runs that were observed.

    served: runs that would have found a unit free, so without a cold start; `spilled` would have been on
    demand. cold_avoided: cold starts among those served. cost: of all, on_demand: without any units.
    """

    units: int
    seconds: int
    runs: int
    served: int
    cold_avoided: int
    cost: Cost
    on_demand: Cost

    @property
    def spilled(self) -> int:
        return self.runs - self.served

    @property
    def share(self) -> Decimal:
        """Of the runs that are served, 0 to 1."""
        return Decimal(self.served) / self.runs

    @property
    def difference(self) -> Decimal:
        """What it costs more than on demand; below 0: less."""
        return self.cost.amount - self.on_demand.amount


def observed_concurrency(period: Period) -> Concurrency:
    """Counted from start to end of each run; a run that ends as another starts is not at once with it."""
    ends: list[int] = []
    peak, busy_ms = 0, 0
    for sample in period.samples:
        while ends and ends[0] <= sample.started_ms:
            heapq.heappop(ends)
        heapq.heappush(ends, ended_ms(sample))
        peak = max(peak, len(ends))
        busy_ms += ended_ms(sample) - sample.started_ms
    return Concurrency(peak, Decimal(busy_ms) / max(1, period.to_ms - period.from_ms))


def compare_provisioned(
    period: Period, prices: PriceTable, units: Iterable[int] = (), hours: Decimal | None = None
) -> list[ProvisionedOption]:
    """Units against what was observed. units: default: some from 1 to the peak.

    hours: how long they are configured; default: from the first run to the end of the last.
    """
    seconds = math.ceil(hours * 3600) if hours is not None else -(-(period.to_ms - period.from_ms) // 1000)
    chosen = sorted({each for each in units if each > 0}) or _some(observed_concurrency(period).peak)
    return [_option(period, prices, each, max(1, seconds)) for each in chosen]


def _some(peak: int) -> list[int]:
    if peak <= _MOST_OPTIONS:
        return list(range(1, peak + 1))
    return sorted({max(1, round(peak * step / _MOST_OPTIONS)) for step in range(1, _MOST_OPTIONS + 1)})


def _served(samples: Iterable[Sample], units: int) -> list[bool]:
    """Of each run whether a unit was free as it started."""
    ends: list[int] = []
    found = []
    for sample in samples:
        while ends and ends[0] <= sample.started_ms:
            heapq.heappop(ends)
        is_free = len(ends) < units
        if is_free:
            heapq.heappush(ends, ended_ms(sample))
        found.append(is_free)
    return found


def _option(period: Period, prices: PriceTable, units: int, seconds: int) -> ProvisionedOption:
    function, samples = period.function, period.samples
    memory_mb = function.memory_mb
    served = cold = served_mb_ms = spilled_mb_ms = extra_ms = 0
    for sample, is_served in zip(samples, _served(samples, units), strict=True):
        billed_ms = sample.billed_ms
        if is_served:
            served += 1
            cold += sample.is_cold
            # Its environment would have been there: what INIT was billed is taken off.
            if sample.is_cold:
                billed_ms = min(billed_ms, max(1, math.ceil(sample.duration_ms)))
            served_mb_ms += billed_ms * sample.memory_mb
        else:
            spilled_mb_ms += billed_ms * sample.memory_mb
        extra_ms += billed_ms
    quantities = {
        PriceItem.REQUEST: Decimal(len(samples)),
        PriceItem.PROVISIONED: provisioned_gb_s(units, memory_mb, seconds),
        PriceItem.PROVISIONED_DURATION: Decimal(served_mb_ms) / _MB_MS_PER_GB_S,
        PriceItem.DURATION: Decimal(spilled_mb_ms) / _MB_MS_PER_GB_S,
    }
    if function.ephemeral_mb > 512:
        quantities[PriceItem.EPHEMERAL] = Decimal(extra_ms * (function.ephemeral_mb - 512)) / _MB_MS_PER_GB_S
    quantities = {item: quantity for item, quantity in quantities.items() if quantity}
    priced = price_quantities(quantities, period.region, function.architecture, prices)
    why = (
        f"Which runs find one of {units:,} units free is worked out from their starts and durations; INIT is "
        "taken off those, and what initialising the units themselves is billed is not in it."
    )
    cost = Cost(priced.amount, priced.currency, False, (*priced.notes, why), priced.terms, priced.sources)
    return ProvisionedOption(units, seconds, len(samples), served, cold, cost, as_it_was(period, prices))
