"""A function's days: exact where REPORT lines are all there, else an estimate that says why."""

from datetime import UTC, date, datetime
from decimal import Decimal
from math import ceil

import pytest

from lambdadesk.core.cost import CostBadge, invocation_cost
from lambdadesk.core.day_sums import DaySums
from lambdadesk.core.month_cost import (
    CountedDays,
    FunctionDays,
    Provisioned,
    cost_days,
    day_of,
    join_reports,
    sum_reports,
)
from lambdadesk.core.prices import PriceItem, load_prices
from lambdadesk.core.types import FunctionInfo, Invocation, Outcome, Report

PRICES = load_prices()
REGION = "us-east-1"
GB_S, REQUEST = Decimal("0.0000166667"), Decimal("0.0000002")
DAY = date(2026, 11, 3).toordinal()
DAYS = range(DAY - 2, DAY + 1)
FUNCTION = FunctionInfo("orders", memory_mb=512)


def ms(*at: int) -> int:
    return int(datetime(*at, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]


def run(number: int, duration: str = "99.50", init: str | None = None, failed: bool = False) -> Invocation:
    billed = ceil(Decimal(duration) + Decimal(init or 0))
    report = Report(
        "",
        Decimal(duration),
        billed_ms=billed,
        memory_mb=512,
        max_memory_mb=100 + number,
        init_ms=Decimal(init) if init else None,
    )
    return Invocation(
        "orders",
        f"r{number}",
        ms(2026, 11, 3, 12) + number,
        outcome=Outcome.ERROR if failed else Outcome.OK,
        report=report,
        cost=invocation_cost(report, FUNCTION, REGION, PRICES),
    )


def cost(
    sums: CountedDays, *runs: Invocation, function: FunctionInfo = FUNCTION, region: str = REGION
) -> FunctionDays:
    return cost_days(function, sums, region, PRICES, DAYS, sum_reports(runs))


def test_days_are_those_of_the_bill() -> None:
    assert day_of(ms(2026, 10, 31, 23, 59, 59)) == date(2026, 10, 31).toordinal()
    assert day_of(ms(2026, 11, 1)) == date(2026, 11, 1).toordinal()
    late = Invocation("f", "r", ms(2026, 11, 1) - 1, outcome=Outcome.OK)
    running = Invocation("f", "s", ms(2026, 11, 1))
    assert list(sum_reports([late, running])) == [date(2026, 10, 31).toordinal()]


def test_metrics_alone_are_an_estimate_to_the_digit() -> None:
    sums = CountedDays({DAY: 10, DAY - 2: 1}, {DAY: 2}, {DAY: 1_000.5, DAY - 2: 3.0}, {DAY: 1024**3})
    days = cost(sums)
    gb_s = Decimal("1000.5") * 512 / 1024 / 1000
    assert days.gb_seconds == (Decimal(3) * 512 / 1024 / 1000, 0, gb_s)
    assert days.costs[2] == gb_s * GB_S + 10 * REQUEST
    assert days.costs[1] == 0
    assert days.error_costs[2] == days.costs[2] / 5
    assert days.log_costs == (0, 0, Decimal("0.5"))
    assert days.requests == (1, 0, 10)
    assert days.quantities == {
        PriceItem.REQUEST: (1, 0, 10),
        PriceItem.DURATION: days.gb_seconds,
    }
    assert days.exact_days == {DAY - 1}  # nothing ran
    assert days.cold_share is None
    (note,) = days.notes
    assert "leaves out INIT" in note


def test_where_every_report_was_read_the_day_is_exact() -> None:
    runs = [run(0, init="150.25"), run(1), run(2, failed=True)]
    days = cost(CountedDays({DAY: 3}, {DAY: 1}, {DAY: 298.5}), *runs)
    assert days.costs[2] == sum(each.cost.amount for each in runs if each.cost)
    assert runs[2].cost
    assert days.error_costs[2] == runs[2].cost.amount
    assert days.gb_seconds[2] == Decimal((250 + 100 + 100) * 512) / 1024 / 1000
    assert days.exact_days == set(DAYS)
    assert days.notes == ()
    assert days.cold_share == Decimal(150) / 450
    assert (days.reports.max_memory_mb, days.reports.memory_mb) == (102, 512)


def test_a_report_too_few_makes_it_an_estimate() -> None:
    days = cost(CountedDays({DAY: 4}, {}, {DAY: 400.0}), run(0), run(1), run(2))
    assert DAY not in days.exact_days
    assert days.costs[2] == Decimal("0.2") * GB_S + 4 * REQUEST
    assert "leaves out INIT" in days.notes[0]  # three are too few to scale by
    assert days.cold_share is None


def test_more_reports_than_were_counted_yet_are_used_and_not_exact() -> None:
    runs = [run(0), run(1)]
    days = cost(CountedDays({DAY: 1}, {}, {DAY: 99.5}), *runs)
    assert days.requests[2] == 2
    assert days.errors[2] == 0
    assert days.costs[2] == sum(each.cost.amount for each in runs if each.cost)
    assert DAY not in days.exact_days


def test_errors_are_those_of_the_reports_where_more_are_in_them() -> None:
    runs = [run(0), run(1, failed=True), run(2, failed=True)]
    assert cost(CountedDays({DAY: 3}), *runs).errors == (0, 0, 2)
    assert cost(CountedDays({DAY: 3}, {DAY: 3}), *runs).errors == (0, 0, 3)
    assert cost(CountedDays({DAY: 9}, {DAY: 1}), *runs).errors == (0, 0, 1)  # not all were read


def test_a_few_reports_scale_the_days_that_were_not_read() -> None:
    runs = [run(number, init="100.50" if number == 0 else None) for number in range(10)]
    days = cost(CountedDays({DAY: 20, DAY - 1: 5}, {}, {DAY: 2_000.0, DAY - 1: 500.0}), *runs)
    factor = Decimal(200 + 9 * 100) / Decimal(995)
    assert days.gb_seconds == (0, 500 * factor / 2 / 1000, 2_000 * factor / 2 / 1000)
    assert days.cold_share == Decimal(100) / 1_100
    assert "scaled by 1.106, as the 10 invocations were billed" in days.notes[0]


def test_a_report_without_a_price_is_not_exact() -> None:
    unpriced = Invocation("orders", "x", ms(2026, 11, 3), outcome=Outcome.OK)
    assert DAY not in cost(CountedDays({DAY: 1}), unpriced).exact_days


def test_ephemeral_storage_is_paid_for_beyond_512_mb() -> None:
    function = FunctionInfo("f", memory_mb=1024, ephemeral_mb=1536)
    days = cost(CountedDays({DAY: 1}, {}, {DAY: 1_000.0}), function=function)
    assert days.costs[2] == GB_S + REQUEST + Decimal("0.0000000309")


def test_provisioned_concurrency_costs_by_the_hour_and_makes_duration_cheaper() -> None:
    provisioned = Provisioned("live", 2, {DAY: 3}, {DAY: 1})
    days = cost(CountedDays({DAY: 4}, {}, {DAY: 4_000.0}, None, (provisioned,)))
    kept = Decimal(2 * 3 * 3600) / 2 * Decimal("0.0000041667")
    assert (
        days.costs[2] == kept + Decimal("1.5") * GB_S + Decimal("0.5") * Decimal("0.0000097222") + 4 * REQUEST
    )
    assert days.gb_seconds[2] == 2
    assert CostBadge.PROVISIONED in days.badges
    assert any("what is configured now" in note for note in days.notes)
    assert days.log_costs is None


def test_an_hour_of_provisioned_concurrency_costs_where_nothing_ran() -> None:
    days = cost(CountedDays(provisioned=(Provisioned("1", 1, {DAY: 1}, {}),)))
    assert days.costs[2] == 1_800 * Decimal("0.0000041667")
    assert days.exact_days == set(DAYS) - {DAY}


@pytest.mark.parametrize(
    ("function", "sums", "words"),
    [
        (
            FunctionInfo("f", capacity_provider="arn"),
            CountedDays({DAY: 2}, {}, {DAY: 9.0}),
            "Managed Instances",
        ),
        (FunctionInfo("f", snap_start=True), CountedDays({DAY: 2}, {}, {DAY: 9.0}), "SnapStart"),
        (FUNCTION, CountedDays({DAY: 2}, {}, {DAY: 9.0}, provisioned=None), "could not be read"),
        (FUNCTION, CountedDays({DAY: 2}, {}, {DAY: 9.0}, is_complete=False), "at least this much"),
    ],
)
def test_what_is_not_in_the_figures_is_said(function: FunctionInfo, sums: CountedDays, words: str) -> None:
    days = cost(sums, function=function)
    assert any(words in note for note in days.notes)
    if function.capacity_provider:
        assert days.costs[2] == 2 * REQUEST
        assert CostBadge.MANAGED_INSTANCES in days.badges


def test_a_region_without_prices_and_one_of_another_currency() -> None:
    foreign = cost(CountedDays({DAY: 1}, {}, {DAY: 1_000.0}), region="eu-isoe-west-1")
    assert any("no price is published here for eu-isoe-west-1" in note for note in foreign.notes)
    china = cost(CountedDays({DAY: 1}, {}, {DAY: 1_000.0}, {DAY: 5}), region="cn-north-1")
    assert china.currency == "CNY"
    assert china.log_costs is None  # no price in yuan
    assert china.costs[2] == Decimal("0.5") * Decimal("0.000113477") + Decimal("0.00000136")


def test_of_two_sums_of_a_day_those_that_know_more_hold() -> None:
    some, all_ = sum_reports([run(0)]), sum_reports([run(0), run(1)])
    other = {DAY - 1: DaySums(5)}
    assert join_reports(some, all_) == join_reports(all_, some) == all_
    assert join_reports(all_, other) == {DAY - 1: DaySums(5), DAY: all_[DAY]}


def test_what_was_kept_in_another_currency_is_no_cost_of_here() -> None:
    kept = {DAY: DaySums(1, cost=Decimal(7), currency="CNY")}
    days = cost_days(FUNCTION, CountedDays({DAY: 1}, {}, {DAY: 100.0}), REGION, PRICES, DAYS, kept)
    assert days.costs[2] == Decimal("0.05") * GB_S + REQUEST
