"""MetricCurve, what CloudWatch's metrics say of one function over time: sums and percentiles."""

from dataclasses import dataclass
from typing import Final

MOST_PERIODS: Final = 1_440  # of one metric
_PERIODS_S: Final = (60, 300, 900, 3_600, 6 * 3_600, 86_400)
_DAY_S: Final = 86_400
# How long CloudWatch keeps values of each length.
_KEPT: Final = ((60, 15 * _DAY_S), (300, 63 * _DAY_S), (3_600, 455 * _DAY_S))


@dataclass(frozen=True, slots=True)
class MetricCurve:
    """Lists with an entry for each period from `start_s` (epoch seconds) on; None: nothing was measured.

    median_ms, high_ms: the 50th and 99th percentile of Duration, which leaves out init; where the endpoint
    has no percentiles (has_percentiles is False), the average, and nothing. is_complete: False where
    CloudWatch said that values are missing.
    """

    start_s: int
    period_s: int
    invocations: tuple[float, ...]
    errors: tuple[float, ...]
    median_ms: tuple[float | None, ...]
    high_ms: tuple[float | None, ...]
    has_percentiles: bool = True
    is_complete: bool = True

    def counts(self, left_s: float, right_s: float) -> tuple[int, int]:
        """Invocations and errors of the periods that have any part in a span."""
        first = max(0, int((left_s - self.start_s) // self.period_s))
        end = max(first, int((right_s - self.start_s) // self.period_s) + 1)
        return round(sum(self.invocations[first:end])), round(sum(self.errors[first:end]))


def choose_period_s(start_s: float, end_s: float, now_s: float) -> int:
    """The shortest period that CloudWatch still has for a range, and that is not too much of it."""
    age_s = now_s - start_s
    shortest = next((period for period, kept_s in _KEPT if age_s <= kept_s), 3_600)
    return next(
        (each for each in _PERIODS_S if each >= shortest and (end_s - start_s) / each <= MOST_PERIODS),
        _PERIODS_S[-1],
    )
