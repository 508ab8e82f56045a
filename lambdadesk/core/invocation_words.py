"""An invocation in words, as the header over its log lines has them."""

from decimal import Decimal

from lambdadesk.core.money import format_money
from lambdadesk.core.types import Invocation, Outcome

# Sign and word, short enough for a narrow column.
OUTCOME_WORDS = {
    Outcome.RUNNING: "… running",
    Outcome.OK: "✔ ok",
    Outcome.ERROR: "✖ error",
    Outcome.TIMEOUT: "✖ timeout",
    Outcome.OUT_OF_MEMORY: "✖ memory",
    Outcome.QUEUED: "… queued",
    Outcome.UNKNOWN: "▲ unknown",
}


def facts_of(invocation: Invocation) -> list[str]:
    """Duration, billed duration, memory, cold start, cost and kind of error, as far as they are known."""
    parts = []
    report = invocation.report
    if report is not None:
        parts.append(_ms(report.duration_ms))
        if report.billed_ms is not None:
            parts.append(f"billed {report.billed_ms:,} ms")
        if report.max_memory_mb is not None and report.memory_mb is not None:
            parts.append(f"{report.max_memory_mb:,}/{report.memory_mb:,} MB")
        if report.init_ms is not None:
            parts.append(f"cold start {_ms(report.init_ms)}")
        if report.restore_ms is not None:
            parts.append(f"restored in {_ms(report.restore_ms)}")
    if invocation.cost is not None:
        about = "" if invocation.cost.exact else "≈ "
        parts.append(about + format_money(invocation.cost.amount, invocation.cost.currency))
    if invocation.error_type:
        parts.append(invocation.error_type)
    if invocation.version not in ("", "$LATEST"):
        parts.append(f"version {invocation.version}")
    return parts


def exact_ms(value: Decimal) -> str:
    """To the hundredth, as REPORT lines have it, and finer where it is known."""
    return f"{value:,.2f} ms" if round(value, 2) == value else f"{value:,f} ms"


def _ms(value: Decimal) -> str:
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms"
