"""Figures, what CloudWatch counted of a function in the last 24 hours."""

from dataclasses import dataclass

from lambdadesk.core.types import Cost

HOURS = 24
NONE_PER_HOUR = (0,) * HOURS


@dataclass(frozen=True, slots=True)
class Figures:
    """One function's day: the 24 hours before `end_ms` (epoch milliseconds, by AWS's clock).

    A function that did not run has zeros, which is not the same as having no figures. The last minutes are
    never whole: an invocation counts from its start, but is told when it has ended.

    duration_ms: of all invocations together, without INIT. p95_ms: None where none ran. concurrency: peak.
    recursions_stopped: invocations that Lambda dropped since they went in circles.
    *_per_hour: HOURS numbers, the oldest first; the hours end with `end_ms`.
    cost: an estimate, never exact; None where nothing was asked for. is_complete: False where CloudWatch gave
    only a part, so that each number may be too low.
    """

    end_ms: int
    invocations: int = 0
    errors: int = 0
    throttles: int = 0
    duration_ms: float = 0.0
    p95_ms: float | None = None
    concurrency: int = 0
    recursions_stopped: int = 0
    invocations_per_hour: tuple[int, ...] = NONE_PER_HOUR
    errors_per_hour: tuple[int, ...] = NONE_PER_HOUR
    duration_ms_per_hour: tuple[float, ...] = NONE_PER_HOUR
    cost: Cost | None = None
    is_complete: bool = True

    @property
    def error_rate(self) -> float | None:
        """The share of the invocations that failed, 0 to 1; None where there were none."""
        return self.errors / self.invocations if self.invocations else None
