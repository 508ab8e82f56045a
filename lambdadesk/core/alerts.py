"""Alerts, what a function does just now that wants somebody's look, each with its evidence.

Two sources tell: the invocations of the last hour that are known here, which are exact, and CloudWatch's
figures of the last day, as the function table has them. Nothing is asked for an alert.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from lambdadesk.core.figures import HOURS, Figures
from lambdadesk.core.lamps import NEAR_MEMORY, NEAR_TIMEOUT
from lambdadesk.core.money import format_cents
from lambdadesk.core.types import Cost, FunctionInfo, Invocation, Outcome

HOUR_MS: Final = 3_600_000
WINDOW_MS: Final = HOUR_MS  # of invocations; what is older is no evidence any more
MOST_RUNS: Final = 2_000  # the newest of a function that are looked at, which takes 10 ms
RUN_NEAR_TIMEOUT: Final = 0.9  # of the timeout, by any run; 5 % of them count from NEAR_TIMEOUT on
ERROR_RATE: Final = 0.05
LEAST_ERRORS: Final = 3  # fewer are told by their own lines
RECENT_HOURS: Final = 3  # of the figures
COST_FACTOR: Final = 3  # times the cost of the time before
COST_FLOOR: Final = Decimal("0.50")  # more than that in the recent hours, in the region's currency
_JUMP_MS: Final = 15 * 60_000
_RUNS_SHOWN: Final = 3
_FAILURES: Final = (Outcome.ERROR, Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY)


class AlertKind(StrEnum):
    """What an alert is about; the values are how a mute is kept."""

    ERRORS = "errors"
    THROTTLES = "throttles"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    COST = "cost"

    @property
    def words(self) -> str:
        return _WORDS[self]

    @property
    def page(self) -> str:
        """The page of the function that shows more."""
        return "Logs" if self in (AlertKind.ERRORS, AlertKind.TIMEOUT) else "Charts"


_WORDS = {
    AlertKind.ERRORS: "Error rate",
    AlertKind.THROTTLES: "Throttles",
    AlertKind.TIMEOUT: "Near timeout",
    AlertKind.MEMORY: "Near memory size",
    AlertKind.COST: "Cost jump",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """text: one sentence on what is. evidence: further ones, what it is from first.

    since_ms: when the oldest evidence of it is from, epoch milliseconds. is_exact: counted, not estimated.
    request_ids: of the runs that show it best; empty where only figures do.
    """

    kind: AlertKind
    text: str
    evidence: tuple[str, ...]
    since_ms: int
    is_exact: bool = True
    request_ids: tuple[str, ...] = ()


def get_alerts(
    function: FunctionInfo, runs: Sequence[Invocation], figures: Figures | None, now_ms: int
) -> tuple[Alert, ...]:
    """What is to be told of a function now, at most one of a kind, in the order of AlertKind.

    runs: invocations that are known, in any order. What they show goes before what the figures do.
    """
    recent = [
        run
        for run in runs
        if run.ended_ms is not None
        and run.ended_ms > now_ms - WINDOW_MS
        and run.outcome in (Outcome.OK, *_FAILURES)
    ]
    found: dict[AlertKind, Alert] = {}
    if figures is not None and figures.end_ms > now_ms - 2 * HOUR_MS:  # else they are of another time
        found |= {alert.kind: alert for alert in _judge_figures(function, figures)}
    is_cut = len(runs) >= MOST_RUNS
    found |= {alert.kind: alert for alert in _judge_runs(function, recent, now_ms, is_cut=is_cut)}
    return tuple(found[kind] for kind in AlertKind if kind in found)


# -- by invocations


def _judge_runs(
    function: FunctionInfo, runs: Sequence[Invocation], now_ms: int, *, is_cut: bool
) -> Iterable[Alert]:
    if not runs:
        return
    which = "the newest " if is_cut else ""
    seen = (
        f"Of {which}{_count(len(runs), 'invocation')} in the last hour that are known here, "
        f"the first at {_clock(min(run.started_ms for run in runs))}."
    )
    yield from _judge_errors(runs, seen)
    yield from _judge_durations(function, runs, seen)
    yield from _judge_memory(runs, seen)
    yield from _judge_cost(runs, now_ms)


def _judge_errors(runs: Sequence[Invocation], seen: str) -> Iterable[Alert]:
    failed = [run for run in runs if run.outcome in _FAILURES]
    if len(failed) < LEAST_ERRORS or len(failed) < ERROR_RATE * len(runs):
        return
    counts = {outcome: sum(run.outcome is outcome for run in failed) for outcome in _FAILURES}
    names: dict[str, int] = {}
    for run in failed:
        if run.error_type:
            names[run.error_type] = names.get(run.error_type, 0) + 1
    most = sorted(names, key=lambda name: (-names[name], name))[:_RUNS_SHOWN]
    yield Alert(
        AlertKind.ERRORS,
        f"{len(failed):,} of {len(runs):,} invocations failed, {_percent(len(failed), len(runs))}.",
        (
            seen,
            "By outcome: "
            + ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items() if count)
            + ".",
            *([f"By type: {', '.join(f'{names[name]:,} {name}' for name in most)}."] if most else []),
        ),
        min(run.started_ms for run in failed),
        request_ids=_newest(failed),
    )


def _judge_durations(function: FunctionInfo, runs: Sequence[Invocation], seen: str) -> Iterable[Alert]:
    timeout_ms = function.timeout_s * 1000
    timed = [(float(run.report.duration_ms), run) for run in runs if run.report is not None]
    if not timed or not timeout_ms:  # an endpoint that is not AWS need not tell the timeout
        return
    near = [
        (duration_ms, run)
        for duration_ms, run in timed
        if duration_ms >= RUN_NEAR_TIMEOUT * timeout_ms or run.outcome is Outcome.TIMEOUT
    ]
    ordered = sorted(duration_ms for duration_ms, _ in timed)
    p95_ms = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    if not near and p95_ms < NEAR_TIMEOUT * timeout_ms:
        return
    slow = near or [(duration_ms, run) for duration_ms, run in timed if duration_ms >= p95_ms]
    reached = sum(run.outcome is Outcome.TIMEOUT for _, run in near)
    longest_ms = max(duration_ms for duration_ms, _ in slow)
    share = f"{RUN_NEAR_TIMEOUT:.0%}".replace("%", " %")
    text = (
        f"{len(near):,} of {len(timed):,} invocations took {share} or more of the timeout of "
        f"{function.timeout_s:,} s."
        if near
        else f"5 % of the invocations take {p95_ms / 1000:,.1f} s or more, of a timeout of "
        f"{function.timeout_s:,} s."
    )
    yield Alert(
        AlertKind.TIMEOUT,
        text,
        (
            seen,
            f"The longest took {longest_ms / 1000:,.2f} s; the 95th percentile is {p95_ms / 1000:,.2f} s.",
            *([f"{_count(reached, 'invocation')} reached the timeout."] if reached else []),
            "The timeout is the function's present one.",
        ),
        min(run.started_ms for _, run in slow),
        request_ids=_newest([run for _, run in slow]),
    )


def _judge_memory(runs: Sequence[Invocation], seen: str) -> Iterable[Alert]:
    shares = [
        (report.max_memory_mb / report.memory_mb, run)
        for run in runs
        if (report := run.report) is not None and report.memory_mb and report.max_memory_mb is not None
    ]
    near = [
        (share, run) for share, run in shares if share >= NEAR_MEMORY or run.outcome is Outcome.OUT_OF_MEMORY
    ]
    if not near:
        return
    _, most = max(near, key=lambda each: each[0])
    report = most.report
    killed = sum(run.outcome is Outcome.OUT_OF_MEMORY for _, run in near)
    share = f"{NEAR_MEMORY:.0%}".replace("%", " %")
    yield Alert(
        AlertKind.MEMORY,
        f"{len(near):,} of {len(shares):,} invocations used {share} or more of the memory size.",
        (
            seen,
            *(
                [f"The most was {report.max_memory_mb:,} of {report.memory_mb:,} MB."]
                if report is not None and report.max_memory_mb is not None and report.memory_mb
                else []
            ),
            *([f"{_count(killed, 'invocation')} ran out of memory."] if killed else []),
        ),
        min(run.started_ms for _, run in near),
        request_ids=_newest([run for _, run in near]),
    )


def _judge_cost(runs: Sequence[Invocation], now_ms: int) -> Iterable[Alert]:
    """The last quarter of an hour against the one before, where both are known."""
    priced = [run for run in runs if run.cost is not None and run.ended_ms is not None]
    if not priced or min(run.started_ms for run in priced) > now_ms - 2 * _JUMP_MS:
        return
    now = [run.cost for run in priced if run.ended_ms is not None and run.ended_ms > now_ms - _JUMP_MS]
    before = [
        run.cost
        for run in priced
        if run.ended_ms is not None and now_ms - 2 * _JUMP_MS < run.ended_ms <= now_ms - _JUMP_MS
    ]
    cost = sum((each.amount for each in now if each is not None), Decimal(0))
    was = sum((each.amount for each in before if each is not None), Decimal(0))
    if cost < COST_FACTOR * was or cost - was < COST_FLOOR:
        return
    first = next(run.cost for run in priced if run.cost is not None)
    yield Alert(
        AlertKind.COST,
        f"The last 15 minutes cost {format_cents(cost, first.currency)}, {_times(cost, was)} the "
        "15 minutes before.",
        (
            f"{_count(len(now), 'invocation')} for {format_cents(cost, first.currency)}, before that "
            f"{len(before):,} for {format_cents(was, first.currency)}, by their REPORT lines.",
            "Before any free tier; their logs are not in it.",
        ),
        now_ms - _JUMP_MS,
        all(each.exact for each in now if each is not None),
    )


# -- by figures


def _judge_figures(function: FunctionInfo, figures: Figures) -> Iterable[Alert]:
    least = "" if figures.is_complete else " CloudWatch gave only a part: there are at least as many."
    told = f"By CloudWatch's figures to {_clock(figures.end_ms)}.{least}"
    errors, invocations = figures.errors_per_hour, figures.invocations_per_hour
    failed, ran = sum(errors[-RECENT_HOURS:]), sum(invocations[-RECENT_HOURS:])
    if failed >= LEAST_ERRORS and failed >= ERROR_RATE * ran:
        yield Alert(
            AlertKind.ERRORS,
            f"{failed:,} of {ran:,} invocations failed in {RECENT_HOURS} h, {_percent(failed, ran)}.",
            (
                told,
                f"In 24 h {figures.errors:,} of {figures.invocations:,} failed, "
                f"{_percent(figures.errors, figures.invocations)}.",
            ),
            _get_since(errors, figures.end_ms),
            figures.is_complete,
        )
    if figures.throttles:
        yield Alert(
            AlertKind.THROTTLES,
            f"{_count(figures.throttles, 'invocation')} {'was' if figures.throttles == 1 else 'were'} "
            "throttled in 24 h.",
            (told, "Throttled requests are not run and not billed; most callers try again."),
            figures.end_ms - HOURS * HOUR_MS,
            figures.is_complete,
        )
    if figures.p95_ms is not None and figures.p95_ms >= NEAR_TIMEOUT * function.timeout_s * 1000:
        yield Alert(
            AlertKind.TIMEOUT,
            f"5 % of the invocations take {figures.p95_ms / 1000:,.1f} s or more, of a timeout of "
            f"{function.timeout_s:,} s.",
            (told, "The 95th percentile of 24 h, without init; the timeout is the function's present one."),
            figures.end_ms - HOURS * HOUR_MS,
            figures.is_complete,
        )
    yield from _judge_figured_cost(figures, told)


def _judge_figured_cost(figures: Figures, told: str) -> Iterable[Alert]:
    """The recent hours against as many of the hours before, by the invocations and the duration of each."""
    if figures.cost is None or not figures.invocations or not figures.is_complete:
        return
    costs = _cost_per_hour(figures, figures.cost)
    cost = sum(costs[-RECENT_HOURS:], Decimal(0))
    earlier = costs[:-RECENT_HOURS]
    was = sum(earlier, Decimal(0)) * RECENT_HOURS / len(earlier)
    if cost < COST_FACTOR * was or cost - was < COST_FLOOR:
        return
    currency = figures.cost.currency
    runs = figures.invocations_per_hour
    before = sum(runs[:-RECENT_HOURS]) * RECENT_HOURS / len(earlier)
    yield Alert(
        AlertKind.COST,
        f"The last {RECENT_HOURS} h cost ≈ {format_cents(cost, currency)}, {_times(cost, was)} "
        f"{RECENT_HOURS} h of the day before.",
        (
            told,
            f"{_count(sum(runs[-RECENT_HOURS:]), 'invocation')} for ≈ {format_cents(cost, currency)}; "
            f"before, on average of the day, {before:,.0f} for ≈ {format_cents(was, currency)}.",
            *figures.cost.notes,
        ),
        figures.end_ms - RECENT_HOURS * HOUR_MS,
        False,
    )


def _cost_per_hour(figures: Figures, cost: Cost) -> list[Decimal]:
    """The day's cost by hour: of requests by their number, of the rest by the duration."""
    requests = sum((q * price for _, q, unit, price in cost.terms if unit == "requests"), Decimal(0))
    shares = (
        (requests / figures.invocations, figures.invocations_per_hour),
        ((cost.amount - requests) / (Decimal(figures.duration_ms) or 1), figures.duration_ms_per_hour),
    )
    return [sum((share * Decimal(hours[at]) for share, hours in shares), Decimal(0)) for at in range(HOURS)]


def _get_since(per_hour: Sequence[int], end_ms: int) -> int:
    """When the hours with any began, back from the newest ones without a break."""
    hours = list(per_hour)
    while hours and not hours[-1] and len(hours) > HOURS - RECENT_HOURS:
        hours.pop()
    end = len(hours)
    while end and hours[end - 1]:
        end -= 1
    return end_ms - (HOURS - end) * HOUR_MS


# -- words


def _newest(runs: Iterable[Invocation]) -> tuple[str, ...]:
    ordered = sorted(runs, key=lambda run: (-run.started_ms, run.request_id))
    return tuple(run.request_id for run in ordered if run.request_id)[:_RUNS_SHOWN]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3g} %" if whole else "—"


def _times(cost: Decimal, was: Decimal) -> str:
    return f"{cost / was:.2g} times" if was else "after nothing in"


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().strftime("%H:%M")
