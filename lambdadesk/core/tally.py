"""Tally, what the invocations of a function come to."""

from dataclasses import dataclass
from decimal import Decimal

from lambdadesk.core.cost import gb_seconds
from lambdadesk.core.types import Cost, Invocation, Outcome


@dataclass(slots=True)
class Tally:
    """The sums over the finished invocations of a function.

    memory_peak: of the run that came nearest to its memory size, (MB used, MB there).
    """

    invocations: int = 0
    errors: int = 0
    gb_seconds: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    inexact: int = 0
    unknown_cost: int = 0
    memory_peak: tuple[int, int] | None = None

    def count(self, invocation: Invocation, cost: Cost | None, sign: int) -> None:
        """Add (sign 1) or take back (-1) one finished invocation and what it costs."""
        self.invocations += sign
        self.errors += sign * (invocation.outcome is not Outcome.OK)
        if (report := invocation.report) is not None:
            self.gb_seconds += sign * gb_seconds(report)
            used_mb, memory_mb, peak = report.max_memory_mb, report.memory_mb, self.memory_peak
            if used_mb is None or not memory_mb:
                pass
            elif peak is None or used_mb * peak[1] > peak[0] * memory_mb:
                self.memory_peak = used_mb, memory_mb
        if cost is None:
            self.unknown_cost += sign
        else:
            self.cost += sign * cost.amount
            self.inexact += sign * (not cost.exact)
