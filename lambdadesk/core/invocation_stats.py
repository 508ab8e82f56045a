"""What the columns of invocations tell: percentiles by time, histograms, versions, before and after.

Imported late, with numpy. Percentiles are by nearest rank, here as elsewhere: a value that was measured,
never one in between. Values that are not known (NaN) are left out of all. A million rows take some tens of
milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lambdadesk.core.invocation_columns import UNKNOWN, InvocationColumns
from lambdadesk.core.ledger import Totals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BAND: Final = (50.0, 90.0, 99.0)
_SECOND: Final = 1_000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
_STEPS_MS: Final = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 500),
    *(each * _SECOND for each in (1, 2, 5, 10, 15, 30)),
    *(each * _MINUTE for each in (1, 2, 5, 10, 15, 30)),
    *(each * _HOUR for each in (1, 2, 3, 6, 12, 24)),
)


@dataclass(frozen=True, slots=True)
class Spread:
    """How so many values are spread: the least, percentiles 50, 90, 95 and 99, the largest, the mean."""

    count: int
    least: float
    p50: float
    p90: float
    p95: float
    p99: float
    most: float
    mean: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of some invocations; a spread is None where no value is known.

    handler_ms: duration without init and restore. boot_ms: init and restore of the cold starts that report
    them. used_mb: the most memory used, as each reports it.
    """

    totals: Totals
    cold_starts: int
    handler_ms: Spread | None
    boot_ms: Spread | None
    billed_ms: Spread | None
    used_mb: Spread | None

    @property
    def error_rate(self) -> float | None:
        """The share that failed, 0 to 1; None where there were none."""
        return self.totals.errors / self.totals.invocations if self.totals.invocations else None


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Invocations by the time at which they started: bin n is from edges_ms[n] to edges_ms[n + 1], left out.

    invocations, errors, cold_starts: how many. costs: for drawing; what is not known counts as 0.
    """

    edges_ms: Ints
    invocations: Ints
    errors: Ints
    cold_starts: Ints
    costs: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """How many values are in each bin: from edges[n] to edges[n + 1], which is left out but for the last."""

    edges: Floats
    counts: Ints


def boot_ms(columns: InvocationColumns) -> Floats:
    """Init and restore of each invocation together; NaN where it was no cold start."""
    both = np.nan_to_num(columns.init_ms) + np.nan_to_num(columns.restore_ms)
    return np.where(columns.cold, both, np.nan)


def known(values: NDArray[np.int32]) -> Floats:
    """Whole numbers of a report as values; NaN where they are UNKNOWN."""
    return np.where(values == UNKNOWN, np.nan, values)


def spread(values: ArrayLike) -> Spread | None:
    """The spread of values; None where there is none that is known."""
    array = np.asarray(values, np.float64)
    array = array[~np.isnan(array)]
    if not len(array):
        return None
    places = [_rank(len(array), percent) for percent in (50.0, 90.0, 95.0, 99.0)]
    ordered = np.partition(array, sorted({0, len(array) - 1, *places}))
    p50, p90, p95, p99 = (float(ordered[place]) for place in places)
    return Spread(
        len(array), float(ordered[0]), p50, p90, p95, p99, float(ordered[-1]), float(array.sum() / len(array))
    )


def figures(columns: InvocationColumns) -> Figures:
    """The figures of all these invocations."""
    return Figures(
        columns.totals(),
        int(np.count_nonzero(columns.cold)),
        spread(columns.duration_ms),
        spread(boot_ms(columns)),
        spread(known(columns.billed_ms)),
        spread(known(columns.max_memory_mb)),
    )


def time_edges(start_ms: int, end_ms: int, most: int) -> Ints:
    """Edges of bins that cover a span, at most so many (at least 2), of a round length and at round times.

    Above a day the length is a number of days. Times are UTC's.
    """
    span, most = max(1, end_ms - start_ms), max(2, most)
    # One more bin is needed where the span begins in the middle of one.
    step = next((each for each in _STEPS_MS if span <= each * (most - 1)), 0)
    if not step:
        day = 24 * _HOUR
        step = day * -(-span // (day * (most - 1)))
    first = start_ms // step
    end = max(first + 1, -(-end_ms // step))
    return np.arange(first, end + 1, dtype=np.int64) * step


def bins(columns: InvocationColumns, edges_ms: Ints) -> Bins:
    """Count the invocations by the time at which they started."""
    cuts = np.searchsorted(columns.started_ms, edges_ms)

    def count(which: NDArray[Any]) -> NDArray[Any]:
        """Sums between the cuts."""
        until = np.concatenate([[0], np.cumsum(which)])
        sums: NDArray[Any] = np.diff(until[cuts])
        return sums

    return Bins(
        np.asarray(edges_ms),
        np.diff(cuts),
        count(columns.failed),
        count(columns.cold),
        count(np.nan_to_num(columns.cost)),
    )


def percentile_bands(
    columns: InvocationColumns, values: ArrayLike, edges_ms: Ints, percents: Sequence[float] = BAND
) -> Floats:
    """Percentiles of the values, one for each row, in each bin of time: a row for each percentile.

    NaN where no value of a bin is known.
    """
    array = np.asarray(values, np.float64)
    is_known = ~np.isnan(array)
    started_ms, array = columns.started_ms[is_known], array[is_known]
    cuts = np.searchsorted(started_ms, edges_ms).tolist()
    bands = np.full((len(percents), len(cuts) - 1), np.nan)
    for place, (first, end) in enumerate(pairwise(cuts)):
        if first < end:
            ranks = [_rank(end - first, percent) for percent in percents]
            bands[:, place] = np.partition(array[first:end], sorted(set(ranks)))[ranks]
    return bands


def histogram(values: ArrayLike, count: int = 60, *, is_log: bool = False) -> Histogram:
    """How often values come, in so many bins of one width; is_log: of one ratio, for values above 0.

    Of values that are all the same there is one bin, of none no bin. With is_log a value of 0 or less is
    counted in the first bin.
    """
    array = np.asarray(values, np.float64)
    array = array[~np.isnan(array)]
    positive = array[array > 0] if is_log else array
    if not len(array) or not len(positive):
        return Histogram(np.empty(0), np.empty(0, np.int64))
    low, high = float(positive.min()), float(array.max())
    if low == high:
        return Histogram(np.array([low, high]), np.array([len(array)]))
    edges = np.geomspace(low, high, count + 1) if is_log else np.linspace(low, high, count + 1)
    edges[0], edges[-1] = low, high
    if is_log:
        places = (np.log(np.maximum(array, low)) - np.log(low)) * (count / (np.log(high) - np.log(low)))
    else:
        places = (array - low) * (count / (high - low))
    found = np.clip(places.astype(np.int64), 0, count - 1)
    # What was rounded over an edge is put back.
    found -= (array < edges[found]) & (found > 0)
    found += (array >= edges[found + 1]) & (found < count - 1)
    return Histogram(edges, np.bincount(found, minlength=count))


def by_version(columns: InvocationColumns) -> dict[str, InvocationColumns]:
    """The invocations of each version that ran: numbers in their order, then "$LATEST" and other names."""
    found = {columns.versions[place]: columns.where(columns.version == place) for place in _places(columns)}
    return dict(sorted(found.items(), key=lambda each: _version_order(each[0])))


def before_and_after(columns: InvocationColumns, at_ms: float) -> tuple[InvocationColumns, InvocationColumns]:
    """What started before a moment, such as a deploy, and what did then or later."""
    return columns.between(-np.inf, at_ms), columns.between(at_ms, np.inf)


def _places(columns: InvocationColumns) -> list[int]:
    return np.flatnonzero(np.bincount(columns.version, minlength=len(columns.versions))).tolist()


def _version_order(version: str) -> tuple[bool, int, str]:
    return not version.isdigit(), int(version) if version.isdigit() else 0, version


def _rank(count: int, percent: float) -> int:
    """The place of a percentile among so many values in order; to a thousandth of a percent."""
    return max(0, -(-count * round(percent * 1_000) // 100_000) - 1)
