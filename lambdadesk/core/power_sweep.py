"""A power sweep: the same payload at several memory sizes, what it will cost, and which size to choose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from lambdadesk.core.cost import price_quantities
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.money import format_amount, format_money
from lambdadesk.core.observed import LARGEST_MB, SMALLEST_MB, Sample, needed_mb
from lambdadesk.core.prices import PriceItem, PriceTable
from lambdadesk.core.series_result import Percentiles, SeriesRun, percentiles
from lambdadesk.core.types import InvokeRequest, Outcome
from lambdadesk.core.what_if import scaled_ms

MOST_SIZES: Final = 10
MOST_RUNS: Final = 100  # of each size
MOST_AT_ONCE: Final = 5
USUAL_SIZES: Final = (128, 256, 512, 1024, 1769, 3008)
_MARKER: Final = "LambdaDesk power sweep"
_SNAPSHOT_S: Final = 3 * 3600  # that a version's snapshot is billed for at least


class ChangedElsewhereError(UserError):
    """Somebody else changed the function meanwhile: nothing of theirs is ever overwritten."""


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """What is to be run. Raises UserError (INVALID) where a number is out of its range.

    request: what each run sends. sizes: in MB, versions of which are made for the sweep.
    existing: instead of those, versions or aliases that differ in memory already, by size.
    """

    request: InvokeRequest
    sizes: tuple[int, ...] = ()
    runs: int = 10
    at_once: int = 1
    existing: Mapping[int, str] | None = None

    def __post_init__(self) -> None:
        _check("Sizes are", len(self.existing or self.sizes), 1, MOST_SIZES)
        _check("Runs of each size are", self.runs, 1, MOST_RUNS)
        _check("Runs at once are", self.at_once, 1, MOST_AT_ONCE)
        for size in self.sizes:
            _check("Memory is", size, SMALLEST_MB, LARGEST_MB, " MB")
        if self.request.function.capacity_provider:
            raise UserError(
                "A function on Managed Instances has no memory size that its price follows.",
                "Size its capacity provider instead.",
                kind=ErrorKind.INVALID,
            )


def _check(what: str, number: int, least: int, most: int, unit: str = "") -> None:
    if not least <= number <= most:
        raise UserError(
            f"{what} {least:,} to {most:,}{unit}, not {number:,}.", "Choose again.", kind=ErrorKind.INVALID
        )


# -- what $LATEST had


@dataclass(frozen=True, slots=True)
class LatestState:
    """What $LATEST is now. last_modified: as Lambda writes it; every change of it, but no change of state,
    makes that another.
    """

    memory_mb: int
    revision_id: str
    last_modified: str
    code_sha256: str = ""
    is_settled: bool = True
    failure: str = ""  # why its last update failed


@dataclass(frozen=True, slots=True)
class SweepEntry:
    """What has to be put right if this process ends now.

    memory_mb: what $LATEST had. set_mb: what it was set to, or is about to be; empty: it is as it was.
    last_modified: of $LATEST as it was last known; is_changing: a change is under way, so that it may differ.
    """

    id: str
    target_key: str
    function: str
    memory_mb: int
    started_ms: int
    set_mb: tuple[int, ...] = ()
    last_modified: str = ""
    is_changing: bool = False

    @property
    def description(self) -> str:
        """Of the versions that are made for this sweep, by which they are found."""
        return f"{_MARKER} {self.id}"


class Found(StrEnum):
    """What a look at $LATEST says of a sweep's change."""

    AS_IT_WAS = "as it was"
    OURS = "ours"
    CHANGED_ELSEWHERE = "changed elsewhere"


def judge(entry: SweepEntry, state: LatestState) -> Found:
    """Whether the memory that $LATEST has is the sweep's doing."""
    if not entry.set_mb or state.memory_mb == entry.memory_mb:
        return Found.AS_IT_WAS
    is_known = entry.is_changing or state.last_modified == entry.last_modified
    return Found.OURS if state.memory_mb in entry.set_mb and is_known else Found.CHANGED_ELSEWHERE


# -- what it will cost


@dataclass(frozen=True, slots=True)
class SweepEstimate:
    """What a sweep will cost before it is started, never exact: where earlier runs tell of durations, likely
    from `low` to `high`, else None; `most` with each run to its timeout.
    """

    runs: int
    low: Decimal | None
    high: Decimal | None
    most: Decimal
    currency: str
    basis: str

    def __str__(self) -> str:
        return f"Estimate: {self.short} for {self.runs:,} runs; {self.basis}."

    @property
    def short(self) -> str:
        most = format_money(self.most, self.currency)
        if self.low is None or self.high is None:
            return f"up to {most}"
        low, high = (format_money(each, self.currency) for each in (self.low, self.high))
        likely = f"≈ {low}" if low == high else f"≈ {low} to {high}"
        return f"{likely}, {most} at most"


def estimate_sweep(
    plan: SweepPlan, samples: Sequence[Sample], region: str, prices: PriceTable
) -> SweepEstimate:
    """At list price, by the median billed of earlier runs: as long at each size, or bound by the CPU.

    With SnapStart each version's snapshot is kept for 3 hours at least, but for Java.
    """
    function = plan.request.function
    sizes = sorted(plan.existing or plan.sizes)
    timeout_ms = max(1, function.timeout_s * 1000)
    samples = [sample for sample in samples if sample.memory_mb == function.memory_mb] or samples
    ordered = sorted(samples, key=lambda sample: sample.billed_ms)
    middle = ordered[(len(ordered) - 1) // 2] if ordered else None

    def cost(ms_at: Mapping[int, int]) -> Decimal:
        mb_ms = sum(size * ms_at[size] for size in sizes) * plan.runs
        quantities = {
            PriceItem.REQUEST: Decimal(plan.runs * len(sizes)),
            PriceItem.DURATION: Decimal(mb_ms) / (1024 * 1000),
        }
        if function.ephemeral_mb > 512:
            extra = sum(ms_at.values()) * plan.runs * (function.ephemeral_mb - 512)
            quantities[PriceItem.EPHEMERAL] = Decimal(extra) / (1024 * 1000)
        if function.snap_start and not plan.existing and not function.runtime.startswith("java"):
            quantities[PriceItem.SNAPSTART_CACHE] = Decimal(sum(sizes)) / 1024 * _SNAPSHOT_S
        return price_quantities(quantities, region, function.architecture, prices).amount

    count = plan.runs * len(sizes)
    currency = prices.currency(region)
    most = cost(dict.fromkeys(sizes, timeout_ms))
    if middle is None:
        basis = f"the duration is not known: each run may take {function.timeout_s:,} s, the timeout"
        return SweepEstimate(count, None, None, most, currency, basis)
    same = cost(dict.fromkeys(sizes, middle.billed_ms))
    bound = cost(
        {size: min(timeout_ms, scaled_ms(middle.billed_ms, middle.memory_mb, size)) for size in sizes}
    )
    basis = (
        f"by {middle.billed_ms:,} ms at {middle.memory_mb:,} MB, the median billed of {len(samples):,} "
        f"run{'s' * (len(samples) != 1)}; at most each run to its timeout of {function.timeout_s:,} s"
    )
    return SweepEstimate(count, min(same, bound), max(same, bound), most, currency, basis)


# -- what came of it


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One size and its runs. is_made: the version was made for the sweep. error: why it was not run."""

    memory_mb: int
    version: str = ""
    is_made: bool = False
    runs: tuple[SeriesRun, ...] = ()
    error: UserError | None = None

    @property
    def warm(self) -> list[SeriesRun]:
        """What figures are made of: runs that succeeded in an environment that was there."""
        return [run for run in self.runs if _is_good(run) and run.init_ms is None]

    @property
    def cold(self) -> list[SeriesRun]:
        return [run for run in self.runs if _is_good(run) and run.init_ms is not None]

    @property
    def failed(self) -> int:
        return sum(run.has_failed and not run.was_throttled for run in self.runs)

    @property
    def throttled(self) -> int:
        return sum(run.was_throttled for run in self.runs)

    @property
    def unreported(self) -> int:
        """Runs that succeeded, and whose REPORT line has not come."""
        return sum(not run.has_failed and not run.has_report for run in self.runs)

    @property
    def duration(self) -> Percentiles | None:
        return percentiles(run.duration_ms for run in self.warm if run.duration_ms is not None)

    @property
    def cold_ms(self) -> Percentiles | None:
        """Init and duration together, of the cold starts."""
        return percentiles(
            run.duration_ms + run.init_ms
            for run in self.cold
            if run.duration_ms is not None and run.init_ms is not None
        )

    @property
    def mean_cost(self) -> Decimal | None:
        """Of a warm run; None while no cost is known."""
        costs = [run.cost for run in self.warm if run.cost is not None]
        return sum(costs, Decimal(0)) / len(costs) if costs else None

    @property
    def spent(self) -> Decimal:
        """Of all runs whose cost is known, cold starts and failures included."""
        return sum((run.cost for run in self.runs if run.cost is not None), Decimal(0))

    @property
    def peak_mb(self) -> int | None:
        return max((run.max_memory_mb for run in self.runs if run.max_memory_mb), default=None)

    @property
    def obstacle(self) -> str:
        """Why the size can't be chosen; empty where it can."""
        if self.error is not None:
            return self.error.message
        if any(run.outcome is Outcome.OUT_OF_MEMORY for run in self.runs):
            return "a run was ended for its memory"
        if not self.runs:
            return "it was not run"
        if self.failed + self.throttled == len(self.runs):
            return "all of its runs failed"
        if self.duration is None or self.mean_cost is None:
            return "no warm run succeeded" if not self.unreported else "its REPORT lines have not come yet"
        if self.peak_mb is not None and self.memory_mb < needed_mb(self.peak_mb):
            needed = needed_mb(self.peak_mb)
            return f"runs used up to {self.peak_mb:,} MB; with a margin that takes {needed:,} MB"
        return ""


@dataclass(frozen=True, slots=True)
class Pick:
    memory_mb: int
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The sizes to choose from, None where none can be; left_out: sizes that can't, each with its reason."""

    cheapest: Pick | None
    fastest: Pick | None
    balanced: Pick | None
    left_out: tuple[Pick, ...]


def choose(points: Iterable[SweepPoint], present_mb: int, currency: str = "USD") -> Choice:
    """By the warm runs that succeeded: the mean cost, the median duration, and half of each, as shares of the
    highest. Of equals, the smaller one.
    """
    ordered = sorted(points, key=lambda point: point.memory_mb)
    left_out = tuple(Pick(point.memory_mb, point.obstacle) for point in ordered if point.obstacle)
    known = [
        (point, point.mean_cost, point.duration.p50)
        for point in ordered
        if not point.obstacle and point.mean_cost is not None and point.duration is not None
    ]
    if not known:
        return Choice(None, None, None, left_out)
    now = next((row for row in known if row[0].memory_mb == present_mb), None)
    most_cost, most_ms = max(row[1] for row in known), max(row[2] for row in known)

    def weigh(row: tuple[SweepPoint, Decimal, Decimal]) -> Decimal:
        return (row[1] / most_cost if most_cost else Decimal(0)) + (
            row[2] / most_ms if most_ms else Decimal(0)
        )

    def against(value: Decimal, present: Decimal) -> str:
        if not present or now is None:
            return ""
        percent = (value / present - 1) * 100
        if abs(percent) < Decimal("0.5"):
            return ", as at present"
        return f", {abs(percent):,.0f} % {'less' if percent < 0 else 'more'} than at present"

    def tell(row: tuple[SweepPoint, Decimal, Decimal]) -> str:
        _, cost, took_ms = row
        return (
            f"{format_amount(cost * 1_000_000, currency)} a million runs"
            f"{against(cost, now[1]) if now else ''}; median {took_ms:,.2f} ms"
            f"{against(took_ms, now[2]) if now else ''}"
        )

    picks = [
        min(known, key=lambda row: row[1]),
        min(known, key=lambda row: row[2]),
        min(known, key=weigh),
    ]
    cheapest, fastest, balanced = (Pick(row[0].memory_mb, tell(row)) for row in picks)
    return Choice(cheapest, fastest, balanced, left_out)


def _is_good(run: SeriesRun) -> bool:
    return run.has_report and not run.has_failed
