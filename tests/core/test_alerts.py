"""Alerts: each rule at its threshold, with its evidence, exact or estimated."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from lambdadesk.core.alerts import (
    COST_FLOOR,
    HOUR_MS,
    LEAST_ERRORS,
    WINDOW_MS,
    Alert,
    AlertKind,
    get_alerts,
)
from lambdadesk.core.figures import Figures
from lambdadesk.core.types import Cost, FunctionInfo, Invocation, Outcome, Report

NOW_MS = 1_795_780_800_000
HELLO = FunctionInfo("hello", timeout_s=10)


def run(
    number: int = 0,
    *,
    ago_ms: int = 60_000,
    outcome: Outcome = Outcome.OK,
    duration_ms: str = "10",
    used_mb: int = 40,
    cost: str = "0.0001",
    error_type: str = "",
) -> Invocation:
    ended_ms = NOW_MS - ago_ms
    report = Report(f"r{number}", Decimal(duration_ms), 11, 128, used_mb)
    return Invocation(
        "hello",
        f"r{number}",
        ended_ms - 10,
        "s",
        ended_ms,
        outcome=outcome,
        error_type=error_type,
        report=report,
        cost=Cost(Decimal(cost)),
    )


def one(*runs: Invocation, figures: Figures | None = None, function: FunctionInfo = HELLO) -> Alert:
    (alert,) = get_alerts(function, runs, figures, NOW_MS)
    return alert


def test_a_healthy_function_has_none() -> None:
    assert get_alerts(HELLO, [run(number) for number in range(50)], Figures(NOW_MS), NOW_MS) == ()
    assert get_alerts(HELLO, [], None, NOW_MS) == ()


def test_errors_count_from_a_rate_and_a_number_on() -> None:
    failed = [run(number, outcome=Outcome.ERROR, error_type="KeyError") for number in range(LEAST_ERRORS)]
    fine = [run(number + 100) for number in range(57)]  # 3 of 60 are 5 %
    alert = one(*failed, *fine)
    assert (alert.kind, alert.is_exact, alert.text) == (
        AlertKind.ERRORS,
        True,
        "3 of 60 invocations failed, 5 %.",
    )
    assert "By outcome: 3 error." in alert.evidence
    assert "By type: 3 KeyError." in alert.evidence
    assert "Of 60 invocations in the last hour" in alert.evidence[0]
    assert alert.since_ms == NOW_MS - 60_010
    assert alert.request_ids == ("r0", "r1", "r2")
    assert get_alerts(HELLO, [*failed, *fine, run(999)], None, NOW_MS) == ()
    assert get_alerts(HELLO, failed[:-1], None, NOW_MS) == ()


def test_an_alert_ends_when_its_evidence_is_old() -> None:
    failed = [run(number, outcome=Outcome.ERROR, ago_ms=WINDOW_MS - 1) for number in range(LEAST_ERRORS)]
    assert len(get_alerts(HELLO, failed, None, NOW_MS)) == 1
    assert get_alerts(HELLO, failed, None, NOW_MS + 1) == ()


@pytest.mark.parametrize(
    ("duration_ms", "outcome", "is_near"),
    [("8999", Outcome.OK, False), ("9000", Outcome.OK, True), ("10", Outcome.TIMEOUT, True)],
)
def test_any_run_near_its_timeout_counts(duration_ms: str, outcome: Outcome, is_near: bool) -> None:
    fine = [run(number + 1) for number in range(99)]
    alerts = get_alerts(HELLO, [*fine, run(duration_ms=duration_ms, outcome=outcome)], None, NOW_MS)
    assert bool(alerts) is is_near
    if alerts:
        assert alerts[0].kind is AlertKind.TIMEOUT
        assert alerts[0].text == "1 of 100 invocations took 90 % or more of the timeout of 10 s."
        assert alerts[0].request_ids == ("r0",)


def test_without_a_timeout_or_a_report_nothing_is_near_it() -> None:
    unknown = replace(HELLO, timeout_s=0)
    assert get_alerts(unknown, [run(number, duration_ms="9000") for number in range(9)], None, NOW_MS) == ()
    assert get_alerts(unknown, [replace(run(), report=None)], None, NOW_MS) == ()


def test_the_95th_percentile_counts_from_where_the_lamp_does() -> None:
    slow = [run(number, duration_ms="8000") for number in range(6)]
    alert = one(*slow, *(run(number + 10) for number in range(90)))
    assert alert.text == "5 % of the invocations take 8.0 s or more, of a timeout of 10 s."
    assert get_alerts(HELLO, [*slow[:4], *(run(number + 10) for number in range(96))], None, NOW_MS) == ()


@pytest.mark.parametrize(
    ("used_mb", "outcome", "is_near"),
    [(115, Outcome.OK, False), (116, Outcome.OK, True), (50, Outcome.OUT_OF_MEMORY, True)],
)
def test_any_run_near_its_memory_size_counts(used_mb: int, outcome: Outcome, is_near: bool) -> None:
    alerts = get_alerts(HELLO, [run(), run(1, used_mb=used_mb, outcome=outcome)], None, NOW_MS)
    assert [alert.kind for alert in alerts] == ([AlertKind.MEMORY] if is_near else [])
    if is_near:
        assert f"The most was {used_mb} of 128 MB." in alerts[0].evidence
        assert ("1 invocation ran out of memory." in alerts[0].evidence) is (outcome is not Outcome.OK)


def test_cost_jumps_count_against_the_time_before_and_from_a_floor_on() -> None:
    minute = 60_000
    before = [run(number, ago_ms=20 * minute, cost="0.01") for number in range(10)]
    old = run(99, ago_ms=40 * minute)
    now = [run(number + 20, ago_ms=minute, cost="0.07") for number in range(10)]
    alert = one(old, *before, *now)
    assert alert.kind is AlertKind.COST
    assert alert.text == "The last 15 minutes cost $0.70, 7 times the 15 minutes before."
    assert "10 invocations for $0.70, before that 10 for $0.10" in alert.evidence[0]
    # Cents do not shout; nor does what nobody knows the time before of.
    cheap = [replace(each, cost=Cost(COST_FLOOR / 10)) for each in now]
    assert get_alerts(HELLO, [old, *before, *cheap], None, NOW_MS) == ()
    assert get_alerts(HELLO, [*before, *now], None, NOW_MS) == ()
    dear = [replace(each, cost=Cost(Decimal("0.03"))) for each in before]
    assert get_alerts(HELLO, [old, *dear, *now], None, NOW_MS) == ()


def hours(*last: int, before: int = 0) -> tuple[int, ...]:
    return (*([before] * (24 - len(last))), *last)


def figures(**changes: object) -> Figures:
    return replace(Figures(NOW_MS), **changes)  # type: ignore[arg-type]


def test_figures_tell_where_no_runs_are_known() -> None:
    alert = one(
        figures=figures(
            invocations=400,
            errors=30,
            invocations_per_hour=hours(100, 100, 100, 100),
            errors_per_hour=hours(0, 10, 20, 0),
        )
    )
    assert alert.kind is AlertKind.ERRORS
    assert alert.text == "30 of 300 invocations failed in 3 h, 10 %."
    assert alert.since_ms == NOW_MS - 3 * HOUR_MS
    assert alert.is_exact
    assert "In 24 h 30 of 400 failed, 7.5 %." in alert.evidence
    old = figures(errors=30, errors_per_hour=hours(30, 0, 0, 0), invocations_per_hour=hours(30, 0, 0, 0))
    assert get_alerts(HELLO, [], old, NOW_MS) == ()
    assert get_alerts(HELLO, [], figures(throttles=5), NOW_MS + 3 * HOUR_MS) == ()  # yesterday's


def test_throttles_and_percentiles_are_figures_alone() -> None:
    alert = one(figures=figures(throttles=1, is_complete=False))
    assert (alert.kind, alert.is_exact) == (AlertKind.THROTTLES, False)
    assert alert.text == "1 invocation was throttled in 24 h."
    assert "at least as many" in alert.evidence[0]
    assert one(figures=figures(p95_ms=8_000.0)).kind is AlertKind.TIMEOUT
    assert get_alerts(HELLO, [], figures(p95_ms=7_999.0), NOW_MS) == ()


def priced(runs: tuple[int, ...], ms_per_run: Sequence[float]) -> Figures:
    """A day at $0.01 a request and $1 a second."""
    durations = tuple(count * ms for count, ms in zip(runs, ms_per_run, strict=True))
    count, seconds = Decimal(sum(runs)), Decimal(sum(durations)) / 1000
    terms = (("Requests", count, "requests", Decimal("0.01")), ("Duration", seconds, "GB-s", Decimal(1)))
    amount = count * Decimal("0.01") + seconds
    return figures(
        invocations=sum(runs),
        invocations_per_hour=runs,
        duration_ms=sum(durations),
        duration_ms_per_hour=durations,
        cost=Cost(amount, exact=False, notes=("A note.",), terms=terms),
    )


def test_a_cost_jump_by_figures_compares_costs_not_counts() -> None:
    same = (1_000,) * 24
    calm, slow = (0.1,) * 24, (*[0.1] * 21, *[100.0] * 3)
    alert = one(figures=priced(same, slow))  # as many runs as before, each a thousand times as long
    assert (alert.kind, alert.is_exact) == (AlertKind.COST, False)
    assert alert.text == "The last 3 h cost ≈ $330.00, 11 times 3 h of the day before."
    assert "3,000 invocations for ≈ $330.00; before, on average of the day, 3,000 for" in alert.evidence[1]
    assert "A note." in alert.evidence
    assert get_alerts(HELLO, [], priced(same, calm), NOW_MS) == ()
    # Ten times as many that are as much shorter cost no more to speak of.
    many = hours(10_000, 10_000, 10_000, before=1_000)
    quick = (*[1_000.0] * 21, *[100.0] * 3)
    assert get_alerts(HELLO, [], priced(many, quick), NOW_MS) == ()
    assert get_alerts(HELLO, [], priced(hours(0, 0, 1), slow), NOW_MS) == ()  # below the floor


def test_what_the_runs_show_goes_before_the_figures() -> None:
    failed = [run(number, outcome=Outcome.ERROR) for number in range(4)]
    day = figures(
        invocations=9,
        errors=9,
        throttles=2,
        errors_per_hour=hours(9),
        invocations_per_hour=hours(9),
    )
    alerts = get_alerts(HELLO, failed, day, NOW_MS)
    assert [alert.kind for alert in alerts] == [AlertKind.ERRORS, AlertKind.THROTTLES]
    assert alerts[0].text.startswith("4 of 4")
