"""Observed runs of a function over a period, as far as their REPORT lines tell, and what they cost."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from lambdadesk.core.cost import cost_per_million, price_quantities
from lambdadesk.core.prices import PriceItem, PriceTable
from lambdadesk.core.types import Cost, FunctionInfo, Invocation, Outcome

SMALLEST_MB: Final = 128
LARGEST_MB: Final = 10_240
# As core.headroom suggests sizes, which is not imported here, since that brings numpy.
_MARGIN_PERCENT: Final = 20  # above the peak
_STEP_MB: Final = 64
_FREE_EPHEMERAL_MB: Final = 512
_MB_MS_PER_GB_S: Final = Decimal(1024 * 1000)


class Sample(NamedTuple):
    """One finished run, by its REPORT. init_ms: of an init or a restore, None where it was warm."""

    started_ms: int
    duration_ms: Decimal
    billed_ms: int
    memory_mb: int
    max_memory_mb: int | None = None
    init_ms: Decimal | None = None
    is_restored: bool = False
    outcome: Outcome = Outcome.OK

    @property
    def is_cold(self) -> bool:
        return self.init_ms is not None


def to_samples(invocations: Iterable[Invocation]) -> list[Sample]:
    """Those with a whole report, in the order of their starts; what has no billed duration is left out."""
    samples = []
    for run in invocations:
        report = run.report
        if report is None or report.billed_ms is None or report.memory_mb is None:
            continue
        samples.append(
            Sample(
                run.started_ms,
                report.duration_ms,
                report.billed_ms,
                report.memory_mb,
                report.max_memory_mb or None,  # emulators report 0 where they don't know
                report.init_ms if report.init_ms is not None else report.restore_ms,
                report.restore_ms is not None,
                run.outcome,
            )
        )
    samples.sort(key=lambda sample: sample.started_ms)
    return samples


@dataclass(frozen=True, slots=True)
class Period:
    """What was observed of a function: runs by their start, of which at least one (ValueError otherwise)."""

    function: FunctionInfo
    region: str
    samples: Sequence[Sample]

    def __post_init__(self) -> None:
        if not self.samples:
            raise ValueError("nothing was observed")

    @property
    def from_ms(self) -> int:
        return self.samples[0].started_ms

    @property
    def to_ms(self) -> int:
        """When the last of them ended."""
        return max(ended_ms(sample) for sample in self.samples)

    @property
    def peak_mb(self) -> int | None:
        """The most memory that any run reports; None where none reports it."""
        return max((s.max_memory_mb for s in self.samples if s.max_memory_mb is not None), default=None)

    @property
    def needed_mb(self) -> int:
        """The least memory that may be recommended: the peak and a margin above it.

        Where a run was killed for its memory, or the peak is not known, that is the largest size observed.
        """
        peak = self.peak_mb
        largest = max(sample.memory_mb for sample in self.samples)
        if peak is None or any(sample.outcome is Outcome.OUT_OF_MEMORY for sample in self.samples):
            return largest
        return needed_mb(peak)

    def per_million(self, cost: Cost) -> Decimal:
        return cost_per_million(cost.amount, len(self.samples))


def needed_mb(peak_mb: int) -> int:
    """A peak with a margin above it, in steps of 64 MB."""
    steps = -(-peak_mb * (100 + _MARGIN_PERCENT) // (100 * _STEP_MB))
    return min(LARGEST_MB, max(SMALLEST_MB, steps * _STEP_MB))


def ended_ms(sample: Sample) -> int:
    """When the run let go of its environment. An INIT comes before the start that is logged."""
    return sample.started_ms + max(1, math.ceil(sample.duration_ms))


def as_it_was(period: Period, prices: PriceTable, architecture: str = "") -> Cost:
    """What the observed runs cost: exact, save for what a REPORT does not tell.

    architecture: at whose prices; default: the function's.
    """
    samples = period.samples
    mb_ms = sum(sample.billed_ms * sample.memory_mb for sample in samples)
    billed_ms = sum(sample.billed_ms for sample in samples)
    restored_mb = sum(sample.memory_mb for sample in samples if sample.is_restored)
    return price(period, prices, architecture or period.function.architecture, mb_ms, billed_ms, restored_mb)


def price(
    period: Period,
    prices: PriceTable,
    architecture: str,
    mb_ms: Decimal | int,
    billed_ms: Decimal | int,
    restored_mb: int,
) -> Cost:
    """The runs of the period with so many MB-ms and billed ms in all, and so many MB restored."""
    function = period.function
    quantities = {
        PriceItem.REQUEST: Decimal(len(period.samples)),
        PriceItem.DURATION: Decimal(mb_ms) / _MB_MS_PER_GB_S,
    }
    if function.ephemeral_mb > _FREE_EPHEMERAL_MB:
        extra_mb = function.ephemeral_mb - _FREE_EPHEMERAL_MB
        quantities[PriceItem.EPHEMERAL] = Decimal(billed_ms) * extra_mb / _MB_MS_PER_GB_S
    if restored_mb and not function.runtime.startswith("java"):
        quantities[PriceItem.SNAPSTART_RESTORE] = Decimal(restored_mb) / 1024
    return price_quantities(quantities, period.region, architecture, prices)
