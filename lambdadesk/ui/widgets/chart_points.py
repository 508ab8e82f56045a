"""Points: what a chart draws, as columns; and the scale of its values."""

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

LEAST_FOR_BANDS: Final = 5  # values that a stretch of time has percentiles from
_STEPS: Final = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_BINS_S: Final = (
    *(unit * factor for unit in (0.001, 0.01, 0.1) for factor in (1, 2, 5)),
    *(1, 2, 5, 10, 15, 30),
    *(60 * minutes for minutes in (1, 2, 5, 10, 15, 30)),
    *(3_600 * hours for hours in (1, 2, 3, 6, 12)),
    *(86_400 * days for days in (1, 2, 7, 14, 28, 84, 364)),
)
_KEPT_BINS: Final = 4_000


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Arrays with an entry for each point, in the order of time. A million take as little memory as they can.

    times_s: epoch seconds. kinds: a chart.Kind each. colds: cold starts. groups: below 8, or None.
    inits, restores: what is on top of the value of a cold start, 0 where nothing; None: no such part.
    ceilings: what the value can't exceed, NaN where not known; None: nothing of the kind.
    rows: which row of the data each is; None: each its own.
    """

    times_s: Floats
    values: Reals
    kinds: NDArray[np.int8]
    colds: Flags
    groups: NDArray[np.int16] | None = None
    inits: Reals | None = None
    restores: Reals | None = None
    ceilings: Reals | None = None
    rows: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.times_s)

    def between(self, left_s: float, right_s: float) -> tuple[int, int]:
        """The first point in a span of time, and the one behind the last."""
        first, end = np.searchsorted(self.times_s, [left_s, right_s])
        return int(first), int(end)

    def row_of(self, at: int) -> int:
        """Which row of the data a point is."""
        return int(at if self.rows is None else self.rows[at])

    def place_of(self, row: int) -> int:
        """Which point a row is, -1 where it has none."""
        if row < 0 or self.rows is None:
            return row if 0 <= row < len(self) else -1
        at = int(self.rows.searchsorted(row))
        return at if at < len(self) and int(self.rows[at]) == row else -1

    def known(self) -> "Points":
        """The points that have a value: NaN is for an invocation without this figure."""
        is_known = ~np.isnan(self.values)
        if is_known.all():
            return self
        rows = np.flatnonzero(is_known)
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        kept: dict[str, Any] = {name: None if each is None else each[rows] for name, each in columns.items()}
        return replace(self, **kept | {"rows": rows.astype(np.int32)})


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """A value that holds from each moment (epoch seconds) to the next."""

    times_s: Floats
    values: Reals

    @classmethod
    def of(cls, points: Points) -> "Steps":
        """The ceilings of points, where they change."""
        if points.ceilings is None:
            return cls(np.empty(0), np.empty(0))
        known = ~np.isnan(points.ceilings)
        values, times = points.ceilings, points.times_s
        if not known.all():
            values, times = values[known], times[known]
        starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])[: len(values)])
        return cls(times[starts], values[starts])

    def between(self, left_s: float, right_s: float) -> Reals:
        """The values that hold at any time of a span."""
        first = max(0, int(np.searchsorted(self.times_s, left_s, "right")) - 1)
        return self.values[first : int(np.searchsorted(self.times_s, right_s, "right"))]


@dataclass(frozen=True, slots=True)
class Scale:
    """How values become heights: as they are, or by their logarithm."""

    is_log: bool = False
    least: float = 0.1  # of what a logarithm is taken of: a cost of zero has none

    def up(self, values: Reals) -> Reals:
        return np.log10(np.maximum(values, self.least)) if self.is_log else values

    def down(self, height: float) -> float:
        return float(10.0**height) if self.is_log else height

    def range(self, low: float, high: float) -> tuple[float, float]:
        """The heights to show for values between these: round ones, so that they seldom change."""
        if not self.is_log:
            return 0.0, round_up(high)
        bottom = math.floor(math.log10(max(low, self.least)) * 2) / 2
        top = math.ceil(math.log10(max(high, self.least)) * 2 + 1e-9) / 2
        return bottom, max(top, bottom + 0.5)


def round_up(value: float) -> float:
    """The next round number, 1 for nothing."""
    if not value > 0 or not math.isfinite(value):
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next((unit * step for step in _STEPS if unit * step >= value * (1 - 1e-12)), 10 * unit)


def bin_width_s(span_s: float, width_px: float, least_px: float) -> float:
    """A round length of time that is at least so wide."""
    wanted = span_s * least_px / max(1.0, width_px)
    return float(next((width for width in _BINS_S if width >= wanted), _BINS_S[-1]))


class Bands:
    """Percentiles of stretches of time, each worked out once for as long as the points stay the same."""

    def __init__(self) -> None:
        self._points: Points | None = None
        self._known: dict[tuple[float, int], tuple[float, float, float]] = {}

    def get(
        self, points: Points, left_s: float, right_s: float, width_s: float
    ) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
        """Edges of the stretches (epoch seconds), and the 50th, 90th and 99th percentile of each."""
        if points is not self._points or len(self._known) > _KEPT_BINS:
            self._points, self._known = points, {}
        first, last = math.floor(left_s / width_s), math.floor(right_s / width_s)
        edges = np.arange(first, last + 2, dtype=np.float64) * width_s
        bounds = np.searchsorted(points.times_s, edges)
        found = np.empty((last - first + 1, 3))
        for at in range(len(found)):
            key = width_s, first + at
            if key not in self._known:
                self._known[key] = percentiles(points.values[bounds[at] : bounds[at + 1]])
            found[at] = self._known[key]
        return edges, (found[:, 0], found[:, 1], found[:, 2])


def percentiles(values: Reals, least: int = LEAST_FOR_BANDS) -> tuple[float, float, float]:
    """The 50th, 90th and 99th: the smallest value that so many per cent do not exceed. NaN of too few."""
    count = len(values)
    if count < least:
        return (math.nan,) * 3
    ranks = [max(0, math.ceil(count * share / 100) - 1) for share in (50, 90, 99)]
    ordered = np.partition(values, sorted(set(ranks)))
    return float(ordered[ranks[0]]), float(ordered[ranks[1]]), float(ordered[ranks[2]])
