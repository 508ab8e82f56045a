"""A timeline in words: its figures, a run, an environment."""

from datetime import datetime
from typing import Final

from lambdadesk.core.invocation_words import exact_ms
from lambdadesk.core.money import format_money
from lambdadesk.core.text import one_line
from lambdadesk.core.timeline import Summary, Timeline
from lambdadesk.core.types import Outcome

_ID_LIMIT: Final = 120
_WORDS: Final = {
    Outcome.OK: "succeeded",
    Outcome.ERROR: "error",
    Outcome.TIMEOUT: "timed out",
    Outcome.OUT_OF_MEMORY: "out of memory",
    Outcome.RUNNING: "running",
    Outcome.QUEUED: "queued",
    Outcome.UNKNOWN: "outcome unknown",
}


def summary_text(summary: Summary) -> str:
    """The figures in a sentence's parts; what is not known is left out."""
    if not summary.invocations:
        return "no invocation"
    parts = [_count(summary.invocations, "invocation")]
    if summary.environments:
        parts[0] += f" in {_count(summary.environments, 'environment')}"
    if summary.running:
        parts.append(f"{summary.running:,} running")
    parts.append(f"{summary.failed:,} failed")
    if summary.cold_starts and summary.cold_rate is not None:
        parts.append(f"{_count(summary.cold_starts, 'cold start')} ({100 * summary.cold_rate:.1f} %)")
    else:
        parts.append("no cold start seen")  # some endpoints report none
    if summary.per_hour is not None:
        parts.append(f"{summary.per_hour:,.3g} new environments an hour")
    if summary.reuse_most == 1:
        parts.append("no environment used twice")
    elif summary.reuse_mean is not None:
        parts.append(f"each environment used {summary.reuse_mean:,.3g} times, {summary.reuse_most:,} at most")
    parts.append(f"at most {summary.peak:,} at once")
    if summary.idle_ms:
        parts.append(f"longest idle {format_ms(summary.idle_ms)}")
    return " · ".join(parts)


def run_text(timeline: Timeline, run: int) -> str:
    """What there is to know of a run, line by line."""
    invocation, lane = timeline.run(run), timeline.lane_at(run)
    moment = datetime.fromtimestamp(invocation.started_ms / 1000).astimezone()
    lines = [f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}, {_WORDS[invocation.outcome]}"]
    report = invocation.report
    if report is not None:
        billed = f", billed {report.billed_ms:,} ms" if report.billed_ms is not None else ""
        lines.append(f"{exact_ms(report.duration_ms)}{billed}")
        if report.init_ms is not None:
            lines.append(f"init {exact_ms(report.init_ms)}")
        if report.restore_ms is not None:
            lines.append(f"restore {exact_ms(report.restore_ms)}")
        if report.max_memory_mb is not None:
            lines.append(f"{report.max_memory_mb} of {report.memory_mb or '—'} MB")
    if invocation.cost is not None:
        sign = "" if invocation.cost.exact else "≈ "
        lines.append(sign + format_money(invocation.cost.amount, invocation.cost.currency))
    lines.append(one_line(invocation.error_type, _ID_LIMIT))
    lines.append(one_line(lane.title, _ID_LIMIT))
    lines.append(one_line(invocation.request_id, _ID_LIMIT))
    return "\n".join(line for line in lines if line)


def lane_text(timeline: Timeline, lane: int) -> str:
    """What one should know of an environment."""
    own = timeline.lanes[lane]
    count = own.end - own.first
    runs = f"{count:,} {'invocation' if count == 1 else 'invocations'}"
    if not own.stream:
        return f"{one_line(own.title)}\n{runs}, known from their answers alone"
    begun = "began" if own.is_start_seen else "first seen"
    lines = [
        f"Environment {own.title}",
        f"{runs}, {begun} {_clock(own.began_ms)}, last seen {_clock(own.last_ms)}",
    ]
    if count > 1:
        lines.append(f"longest idle {format_ms(own.idle_ms)}")
    if own.depth > 1:
        lines.append(f"up to {own.depth} requests at once")
    return "\n".join(one_line(line, _ID_LIMIT) for line in [*lines, own.stream])


def format_ms(value: float) -> str:
    """A duration to three digits or so: "8.2 ms", "812 ms", "12.3 s", "4 min", "2.5 h"."""
    if value < 10:
        return f"{value:.1f} ms"
    if value < 1_000:
        return f"{value:.0f} ms"
    if value < 60_000:
        return f"{value / 1_000:.3g} s"
    return f"{value / 60_000:.3g} min" if value < 3_600_000 else f"{value / 3_600_000:.3g} h"


def _clock(at_ms: float) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%H:%M:%S")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
