"""DaySums, what the invocations of a day, or of many, add up to."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

KEPT_DAYS: Final = 400  # of sums, and of the figures of invocations
_MB_MS_PER_GB_S = Decimal(1024 * 1000)


@dataclass(frozen=True, slots=True)
class DaySums:
    """Sums over finished invocations.

    mb_ms: billed milliseconds times memory size; cold_mb_ms: the part of it that was billed for init or
    restore. duration_ms: without these. cost: of those whose cost is known in `currency`; unknown_cost of
    them are missing in it, and of inexact ones a term had to be assumed. errors_cost: that of what failed.
    memory_mb, max_memory_mb: the largest, 0 where none was reported. as_ran: of how many the cost is by the
    prices of when they ran, since it can't be told what it is by those of now.
    """

    invocations: int = 0
    errors: int = 0
    cold_starts: int = 0
    mb_ms: int = 0
    cold_mb_ms: int = 0
    duration_ms: float = 0.0
    cost: Decimal = Decimal(0)
    errors_cost: Decimal = Decimal(0)
    currency: str = ""
    inexact: int = 0
    unknown_cost: int = 0
    memory_mb: int = 0
    max_memory_mb: int = 0
    as_ran: int = 0

    @property
    def gb_seconds(self) -> Decimal:
        return Decimal(self.mb_ms) / _MB_MS_PER_GB_S

    @property
    def cold_gb_seconds(self) -> Decimal:
        return Decimal(self.cold_mb_ms) / _MB_MS_PER_GB_S

    def plus(self, other: "DaySums") -> "DaySums":
        """The sums of both. Of two currencies this one's holds, and the other's costs are not known."""
        is_added = not (self.currency and other.currency) or self.currency == other.currency
        priced = other.invocations - other.unknown_cost
        return DaySums(
            self.invocations + other.invocations,
            self.errors + other.errors,
            self.cold_starts + other.cold_starts,
            self.mb_ms + other.mb_ms,
            self.cold_mb_ms + other.cold_mb_ms,
            self.duration_ms + other.duration_ms,
            self.cost + (other.cost if is_added else 0),
            self.errors_cost + (other.errors_cost if is_added else 0),
            self.currency or other.currency,
            self.inexact + (other.inexact if is_added else 0),
            self.unknown_cost + other.unknown_cost + (0 if is_added else priced),
            max(self.memory_mb, other.memory_mb),
            max(self.max_memory_mb, other.max_memory_mb),
            self.as_ran + (other.as_ran if is_added else 0),
        )
