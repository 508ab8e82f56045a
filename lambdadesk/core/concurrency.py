"""Observed concurrency, and what provisioned concurrency would have done for it.

Prices and rules: https://aws.amazon.com/lambda/pricing/: what is configured is billed by its time, rounded up
to 5 minutes, whether it is used or not; what it serves has a lower price by the GB-second, and no INIT.
"""

import heapq
import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from lambdadesk.core.bill import provisioned_gb_s
from lambdadesk.core.cost import price_quantities
from lambdadesk.core.observed import Period, Sample, as_it_was, ended_ms
from lambdadesk.core.prices import PriceItem, PriceTable
from lambdadesk.core.types import Cost

_MB_MS_PER_GB_S: Final = Decimal(1024 * 1000)
_MOST_OPTIONS: Final = 8
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Concurrency:
    """How many runs were under way at once: at most, and on average over the period."""

    peak: int
    mean: Decimal


@dataclass(frozen=True, slots=True)
class Hours:
    """When units are configured: from hour to hour (0 to 24), past midnight where `end` is not after `first`.

    zone: whose clock that is, None for this machine's. A stretch counts to the day on which it begins.
    """

    first: int
    end: int
    weekdays: bool = False
    zone: tzinfo | None = None

    @property
    def words(self) -> str:
        days = "on weekdays" if self.weekdays else "every day"
        return f"{days} from {self.first}:00 to {self.end}:00"

    def stretches(self, from_ms: int, to_ms: int) -> list[tuple[int, int]]:
        """When that is within a time, epoch milliseconds, in order."""
        day = datetime.fromtimestamp(from_ms / 1000, self.zone).date() - timedelta(days=1)
        last = datetime.fromtimestamp(to_ms / 1000, self.zone).date()
        found: list[tuple[int, int]] = []
        while day <= last:
            if not self.weekdays or day.weekday() < _SATURDAY:
                over = self.end <= self.first
                begin, end = self._at(day, self.first), self._at(day + timedelta(days=over), self.end)
                if max(begin, from_ms) < min(end, to_ms):
                    found.append((max(begin, from_ms), min(end, to_ms)))
            day += timedelta(days=1)
        return found

    def _at(self, day: date, hour: int) -> int:
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        at = midnight.replace(hour=hour) if hour < 24 else midnight + timedelta(days=1)
        return int(at.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class ProvisionedOption:
    """So many units over the whole period, or its hours, against the runs that were observed.

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
    period: Period, prices: PriceTable, units: Iterable[int] = (), when: Hours | None = None
) -> list[ProvisionedOption]:
    """Units against what was observed. units: default: some from 1 to the peak.

    when: at what hours they are configured; default: from the first run to the end of the last.
    """
    stretches = [(period.from_ms, max(period.to_ms, period.from_ms + 1))]
    if when is not None:
        stretches = when.stretches(*stretches[0])
    chosen = sorted({each for each in units if each > 0}) or _some(observed_concurrency(period).peak)
    return [_option(period, prices, each, stretches) for each in chosen]


def _some(peak: int) -> list[int]:
    if peak <= _MOST_OPTIONS:
        return list(range(1, peak + 1))
    return sorted({max(1, round(peak * step / _MOST_OPTIONS)) for step in range(1, _MOST_OPTIONS + 1)})


def _served(samples: Iterable[Sample], units: int, stretches: Sequence[tuple[int, int]]) -> list[bool]:
    """Of each run whether a unit was configured and free as it started."""
    ends: list[int] = []
    found = []
    begins = [begin for begin, _ in stretches]
    for sample in samples:
        at = bisect_right(begins, sample.started_ms) - 1
        if at < 0 or sample.started_ms >= stretches[at][1]:
            found.append(False)
            continue
        while ends and ends[0] <= sample.started_ms:
            heapq.heappop(ends)
        is_free = len(ends) < units
        if is_free:
            heapq.heappush(ends, ended_ms(sample))
        found.append(is_free)
    return found


def _option(
    period: Period, prices: PriceTable, units: int, stretches: Sequence[tuple[int, int]]
) -> ProvisionedOption:
    function, samples = period.function, period.samples
    memory_mb = function.memory_mb
    served = cold = served_mb_ms = spilled_mb_ms = extra_ms = 0
    for sample, is_served in zip(samples, _served(samples, units, stretches), strict=True):
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
    seconds = [-(-(end - begin) // 1000) for begin, end in stretches]
    quantities = {
        PriceItem.REQUEST: Decimal(len(samples)),
        PriceItem.PROVISIONED: sum(
            (provisioned_gb_s(units, memory_mb, each) for each in seconds), Decimal(0)
        ),
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
    return ProvisionedOption(units, sum(seconds), len(samples), served, cold, cost, as_it_was(period, prices))
