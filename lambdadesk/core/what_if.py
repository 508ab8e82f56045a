"""What a function's observed runs would have cost, and how long they would have taken, set up otherwise.

Facts: CPU is given in proportion to memory, and a function has one vCPU at 1,769 MB
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html); prices as in `core.cost`.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from lambdadesk.core.observed import Period, Sample, as_it_was, price
from lambdadesk.core.prices import PriceTable
from lambdadesk.core.types import Cost, Outcome

ONE_CPU_MB: Final = 1769  # code with one thread gets no faster above it
SIZES: Final = (128, 256, 512, 1024, 1536, 1769, 2048, 3008, 4096, 6144, 8192, 10_240)
TIMEOUTS_S: Final = (1, 3, 5, 10, 15, 30, 60, 120, 300, 600, 900)
ENOUGH_RUNS: Final = 20  # at a size, so that their mean is taken for all
_ARCHITECTURES: Final = ("x86_64", "arm64")


class Basis(StrEnum):
    """Where the figures of an option are from."""

    AS_IT_WAS = "as it was"
    OBSERVED = "observed"  # means of runs that were so
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Span:
    """A figure that lies between two ends, which are one where it is known."""

    low: Decimal
    high: Decimal

    @classmethod
    def of(cls, *values: Decimal) -> "Span":
        return cls(min(values), max(values))

    @property
    def is_one(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class Option:
    """The observed runs, set up so. `low` and `high` are what the period would have cost: with their terms,
    and why they are not exact. `p50` to `p99` are durations in ms.

    runs: how many runs the figures are from, at this very set-up where `basis` is not MODEL.
    obstacle: why it is not to be recommended; empty where nothing is known against it.
    """

    memory_mb: int
    architecture: str
    basis: Basis
    runs: int
    low: Cost
    high: Cost
    p50: Span
    p95: Span
    p99: Span
    is_present: bool = False
    obstacle: str = ""

    @property
    def cost(self) -> Span:
        return Span(self.low.amount, self.high.amount)


def compare_sizes(period: Period, prices: PriceTable, sizes: Iterable[int] = SIZES) -> list[Option]:
    """The runs at other memory sizes, smallest first; those that were observed, and the present one, besides.

    A size that enough runs had is taken from these. All others lie between "not bound by the CPU: as long as
    they were" and "bound by it: as long as one thread takes with so much of a CPU".
    """
    present = period.function.memory_mb
    seen = {sample.memory_mb for sample in period.samples}
    needed = period.needed_mb
    return [_at_size(period, prices, size, present, needed) for size in sorted({*sizes, *seen, present})]


def compare_architectures(period: Period, prices: PriceTable) -> list[Option]:
    """The runs on the present architecture and on the other one, with durations as they were."""
    options = []
    for architecture in _ARCHITECTURES:
        is_present = architecture == period.function.architecture
        cost = as_it_was(period, prices, architecture)
        if not is_present:
            why = f"How fast the code runs on {architecture} is not known: durations as they were are used."
            cost = _inexact(cost, why)
        options.append(_option(period, period.function.memory_mb, architecture, cost, is_present=is_present))
    return options


def break_even(present: Cost, other: Cost) -> Decimal | None:
    """How many times as long the runs may take under `other` before they cost more; None: not to be told.

    Requests cost the same, however long a run is.
    """
    requests = sum((q * price for _, q, unit, price in other.terms if unit == "requests"), Decimal(0))
    rest = other.amount - requests
    if rest <= 0 or present.currency != other.currency:
        return None
    return max(Decimal(0), present.amount - requests) / rest


@dataclass(frozen=True, slots=True)
class TimeoutOption:
    """What a timeout would have done: `cut` of the runs would have been ended by it, or were.

    timed_out: runs that an earlier timeout ended, of which nobody knows how long they would have taken.
    """

    timeout_s: int
    cut: int
    timed_out: int
    cost: Cost
    is_present: bool = False


def compare_timeouts(
    period: Period, prices: PriceTable, timeouts_s: Iterable[int] = TIMEOUTS_S
) -> list[TimeoutOption]:
    """How many runs each timeout would have cut, and what the period would have cost then.

    A timeout counts from the start of the handler; what INIT takes is billed besides.
    """
    present = period.function.timeout_s
    return [_with_timeout(period, prices, each, present) for each in sorted({*timeouts_s, present})]


def percentile(ordered: Sequence[Decimal], share: int) -> Decimal:
    """By nearest rank: a value that was measured. `ordered` has at least one."""
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]


def scaled_ms(billed_ms: int, from_mb: int, to_mb: int) -> int:
    """A billed duration at another size, for code that is bound by one CPU; rounded up, as AWS bills it."""
    return max(1, -(-billed_ms * min(from_mb, ONE_CPU_MB) // min(to_mb, ONE_CPU_MB)))


def _at_size(period: Period, prices: PriceTable, size: int, present: int, needed: int) -> Option:
    samples = period.samples
    own = [sample for sample in samples if sample.memory_mb == size]
    architecture = period.function.architecture
    count = len(samples)
    shortfall = _shortfall(period, size, needed)
    if len(own) == count:
        cost = as_it_was(period, prices)
        return _option(
            period, size, architecture, cost, is_present=size == present, obstacle=shortfall, own=own
        )
    restored = sum(sample.is_restored for sample in samples)
    if len(own) >= ENOUGH_RUNS:
        mean_ms = Decimal(sum(sample.billed_ms for sample in own)) / len(own)
        why = (
            f"The mean billed duration of the {len(own):,} runs at {size:,} MB, {mean_ms:,.1f} ms, is taken "
            f"for all {count:,}: that they had the same to do is assumed."
        )
        total_ms = mean_ms * count
        cost = _inexact(price(period, prices, architecture, total_ms * size, total_ms, restored * size), why)
        return _option(
            period,
            size,
            architecture,
            cost,
            basis=Basis.OBSERVED,
            is_present=size == present,
            obstacle=shortfall,
            own=own,
        )
    same_ms = sum(sample.billed_ms for sample in samples)
    bound = [_bound(sample, size) for sample in samples]
    bound_ms = sum(bound)
    costs = [
        _inexact(price(period, prices, architecture, total * size, total, restored * size), why)
        for total, why in (
            (same_ms, "Not bound by the CPU: each run takes as long as it did."),
            (
                bound_ms,
                f"Bound by one CPU: durations change with the share of it, all of which comes with "
                f"{ONE_CPU_MB:,} MB.",
            ),
        )
    ]
    low, high = sorted(costs, key=lambda each: each.amount)
    same = sorted(sample.duration_ms for sample in samples)
    scaled = sorted(_scale(sample, size) for sample in samples)
    p50, p95, p99 = (Span.of(percentile(same, share), percentile(scaled, share)) for share in (50, 95, 99))
    return Option(
        size, architecture, Basis.MODEL, count, low, high, p50, p95, p99, size == present, obstacle=shortfall
    )


def _scale(sample: Sample, size: int) -> Decimal:
    if sample.outcome is Outcome.TIMEOUT:
        return sample.duration_ms
    scaled = sample.duration_ms * min(sample.memory_mb, ONE_CPU_MB) / min(size, ONE_CPU_MB)
    return scaled.quantize(Decimal("0.01"))


def _bound(sample: Sample, size: int) -> int:
    """Where a timeout ended the run, nobody knows what it would have taken: it is left as it was."""
    if sample.outcome is Outcome.TIMEOUT:
        return sample.billed_ms
    return scaled_ms(sample.billed_ms, sample.memory_mb, size)


def _shortfall(period: Period, size: int, needed: int) -> str:
    if size >= needed:
        return ""
    peak = period.peak_mb
    if peak is None:
        return "How much memory the runs used is not known."
    if any(sample.outcome is Outcome.OUT_OF_MEMORY for sample in period.samples):
        return f"A run was ended for its memory; at least {needed:,} MB are needed."
    if size < peak:
        return f"The runs used up to {peak:,} MB."
    return f"The runs used up to {peak:,} MB; with a margin that takes {needed:,} MB."


def _option(
    period: Period,
    size: int,
    architecture: str,
    cost: Cost,
    *,
    basis: Basis | None = None,
    is_present: bool = False,
    obstacle: str = "",
    own: Sequence[Sample] | None = None,
) -> Option:
    """An option whose figures are no span."""
    samples = period.samples if own is None else own
    ordered = sorted(sample.duration_ms for sample in samples)
    p50, p95, p99 = (Span.of(percentile(ordered, share)) for share in (50, 95, 99))
    found = basis or (Basis.AS_IT_WAS if cost.exact or is_present else Basis.MODEL)
    return Option(size, architecture, found, len(samples), cost, cost, p50, p95, p99, is_present, obstacle)


def _with_timeout(period: Period, prices: PriceTable, timeout_s: int, present: int) -> TimeoutOption:
    samples = period.samples
    timed_out = sum(sample.outcome is Outcome.TIMEOUT for sample in samples)
    if timeout_s == present:
        return TimeoutOption(timeout_s, timed_out, timed_out, as_it_was(period, prices), is_present=True)
    bound_ms = timeout_s * 1000
    cut, mb_ms, total_ms = 0, 0, 0
    for sample in samples:
        over_ms = math.ceil(sample.duration_ms) - bound_ms if sample.duration_ms > bound_ms else 0
        billed_ms = max(1, sample.billed_ms - over_ms)
        cut += over_ms > 0
        mb_ms += billed_ms * sample.memory_mb
        total_ms += billed_ms
    restored_mb = sum(sample.memory_mb for sample in samples if sample.is_restored)
    cost = price(period, prices, period.function.architecture, mb_ms, total_ms, restored_mb)
    if cut:
        cost = _inexact(
            cost, f"{cut:,} runs are billed up to {timeout_s:,} s, as if they had been cut there."
        )
    if timed_out and timeout_s > present:
        why = f"{timed_out:,} runs timed out; how long they would have gone on is not known."
        cost = _inexact(cost, why)
    return TimeoutOption(timeout_s, cut, timed_out, cost)


def _inexact(cost: Cost, why: str) -> Cost:
    return Cost(cost.amount, cost.currency, False, (*cost.notes, why), cost.terms, cost.sources)
