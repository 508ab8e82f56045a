"""What if: what was observed has its exact cost, and what might have been lies between two ends."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdadesk.core.concurrency import Hours, compare_provisioned, observed_concurrency
from lambdadesk.core.cost import invocation_cost, sum_costs
from lambdadesk.core.headroom import with_margin
from lambdadesk.core.observed import Period, Sample, as_it_was, needed_mb, to_samples
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import FunctionInfo, Invocation, Outcome, Report
from lambdadesk.core.what_if import (
    Basis,
    Option,
    Span,
    break_even,
    compare_architectures,
    compare_sizes,
    compare_timeouts,
    scaled_ms,
)

PRICES = load_prices()
REGION = "us-east-1"
FUNCTION = FunctionInfo("hello", runtime="python3.13", memory_mb=1024)


def runs(count: int, ms: int, memory_mb: int = 1024, used_mb: int = 100, **more: object) -> list[Sample]:
    """So many alike, one after the other."""
    step = int(more.pop("step_ms", ms + 1))  # type: ignore[call-overload]
    first = int(more.pop("first_ms", 0))  # type: ignore[call-overload]
    return [
        Sample(first + number * step, Decimal(ms), ms, memory_mb, used_mb, **more)  # type: ignore[arg-type]
        for number in range(count)
    ]


def period(samples: Sequence[Sample], function: FunctionInfo = FUNCTION) -> Period:
    return Period(function, REGION, sorted(samples, key=lambda sample: sample.started_ms))


def at(options: list[Option], size: int) -> Option:
    (found,) = [option for option in options if option.memory_mb == size]
    return found


def test_samples_are_what_reports_tell_whole() -> None:
    whole = Report("a", Decimal("12.34"), 180, 128, 40, Decimal("160.1"))
    restored = Report("b", Decimal("306.34"), 610, 3009, 155, restore_ms=Decimal("511.25"))
    hourly = Report("c", Decimal(5))
    invocations = [
        Invocation("f", "b", 20, report=restored, outcome=Outcome.OK),
        Invocation("f", "c", 30, report=hourly, outcome=Outcome.OK),
        Invocation("f", "d", 40),
        Invocation("f", "a", 10, report=whole, outcome=Outcome.ERROR),
    ]
    assert to_samples(invocations) == [
        Sample(10, Decimal("12.34"), 180, 128, 40, Decimal("160.1"), outcome=Outcome.ERROR),
        Sample(20, Decimal("306.34"), 610, 3009, 155, Decimal("511.25"), True, Outcome.OK),
    ]


def test_the_pricing_pages_telemetry_example_as_it_was_and_at_half_the_memory() -> None:
    # 7,440,000 x 2 s x 1,024 MB is $1.49 + $248.00; a thousandth of it here.
    found = compare_sizes(period(runs(7_440, 2_000)), PRICES)
    present = at(found, 1024)
    assert present.is_present
    assert (present.basis, present.low.exact) == (Basis.AS_IT_WAS, True)
    assert present.low.amount == Decimal("0.249488496")
    assert [term[1] for term in present.low.terms] == [7440, 14880]
    half = at(found, 512)
    assert (half.basis, half.low.exact, half.high.exact) == (Basis.MODEL, False, False)
    # As long as it was: half the GB-s. Bound by the CPU: twice as long, and the same GB-s.
    assert half.low.amount == Decimal("0.001488") + Decimal("7440") * Decimal("0.0000166667")
    assert half.high.amount == present.low.amount
    assert half.p95 == Span(Decimal(2000), Decimal(4000))
    assert "Not bound by the CPU" in half.low.notes[-1]
    assert "Bound by one CPU" in half.high.notes[-1]


def test_above_one_cpu_more_memory_only_costs_more() -> None:
    found = compare_sizes(period(runs(10, 1_000, 1769), FunctionInfo("f", memory_mb=1769)), PRICES)
    large = at(found, 10_240)
    assert large.p50.is_one
    assert large.cost.is_one
    assert large.low.amount > at(found, 1769).low.amount


def test_a_size_that_many_runs_had_is_taken_from_these() -> None:
    slow, quick = runs(30, 1_000, 1024), runs(20, 300, 2048, first_ms=100_000)
    found = compare_sizes(period([*slow, *quick]), PRICES)
    seen = at(found, 2048)
    assert (seen.basis, seen.runs) == (Basis.OBSERVED, 20)
    gb_s = Decimal(300 * 50 * 2048) / 1024 / 1000
    assert seen.low.amount == 50 * Decimal("0.0000002") + gb_s * Decimal("0.0000166667")
    assert "The mean billed duration of the 20 runs at 2,048 MB, 300.0 ms" in seen.low.notes[-1]
    assert seen.p50 == Span(Decimal(300), Decimal(300))
    few = compare_sizes(period([*slow, *quick[1:]]), PRICES)
    assert at(few, 2048).basis is Basis.MODEL


def test_ephemeral_storage_and_restores_are_in_it() -> None:
    function = FunctionInfo("f", runtime="python3.13", memory_mb=4096, ephemeral_mb=2048)
    restored = runs(2, 280, 4096, init_ms=Decimal(9), is_restored=True)
    report = Report("r", Decimal(280), 280, 4096, restore_ms=Decimal(9))
    one = invocation_cost(report, function, REGION, PRICES)
    assert as_it_was(period(restored, function), PRICES).amount == 2 * one.amount
    assert as_it_was(period(restored, function), PRICES).terms == sum_costs([one, one]).terms


def test_the_margin_above_the_peak_is_that_of_the_headroom() -> None:
    assert [needed_mb(peak) for peak in (20, 106, 107, 500, 1000, 10_000)] == [
        128,
        128,
        192,
        640,
        1216,
        10_240,
    ]
    for peak in range(1, 10_241, 7):
        assert needed_mb(peak) == with_margin(peak)


def test_a_size_below_the_peak_and_its_margin_has_an_obstacle() -> None:
    found = compare_sizes(period(runs(5, 10, used_mb=500)), PRICES, (256, 512, 640))
    assert at(found, 256).obstacle == "The runs used up to 500 MB."
    assert at(found, 512).obstacle == "The runs used up to 500 MB; with a margin that takes 640 MB."
    assert not at(found, 640).obstacle
    killed = [*runs(5, 10, used_mb=500), Sample(99, Decimal(1), 1, 1024, 1024, outcome=Outcome.OUT_OF_MEMORY)]
    assert "at least 1,024 MB" in at(compare_sizes(period(killed), PRICES), 512).obstacle
    unknown = [sample._replace(max_memory_mb=None) for sample in runs(5, 10)]
    assert "is not known" in at(compare_sizes(period(unknown), PRICES), 512).obstacle
    assert not at(compare_sizes(period(unknown), PRICES), 1024).obstacle


def test_the_other_architecture_has_its_price_and_no_speed() -> None:
    x86, arm = compare_architectures(period(runs(1_000, 2_000)), PRICES)
    assert (x86.is_present, x86.low.exact, arm.is_present, arm.low.exact) == (True, True, False, False)
    assert arm.low.amount == Decimal("0.0002") + 2000 * Decimal("0.0000133334")
    assert "arm64 is not known" in arm.low.notes[-1]
    factor = break_even(x86.low, arm.low)
    assert factor is not None
    assert round(factor, 4) == Decimal("1.2500")


def test_a_timeout_cuts_the_runs_that_lasted_longer() -> None:
    timed_out = Sample(50_000, Decimal("3016.78"), 3101, 128, 31, Decimal(84), outcome=Outcome.TIMEOUT)
    function = FunctionInfo("f", memory_mb=128, timeout_s=3)
    found = compare_timeouts(period([*runs(3, 900, 128), *runs(2, 2_500, 128), timed_out], function), PRICES)
    by = {option.timeout_s: option for option in found}
    assert [(by[each].cut, by[each].cost.exact) for each in (1, 3, 900)] == [
        (3, False),
        (1, True),
        (0, False),
    ]
    assert by[3].is_present
    # Of the one that timed out, its INIT stays billed: 3101 - 2017.
    gb_s = Decimal(3 * 900 + 2 * 1000 + 1084) / 1000 / 8
    assert by[1].cost.amount == 6 * Decimal("0.0000002") + gb_s * Decimal("0.0000166667")
    assert "3 runs are billed up to 1 s, as if they had been cut there." in by[1].cost.notes
    assert "how long they would have gone on is not known" in by[900].cost.notes[-1]


def test_concurrency_is_counted_from_start_to_end() -> None:
    at_once = runs(3, 100, step_ms=50)  # 0-100, 50-150, 100-200: two at once, never three
    found = observed_concurrency(period(at_once))
    assert (found.peak, found.mean) == (2, Decimal("1.5"))


def test_the_pricing_pages_example_of_provisioned_concurrency() -> None:
    # 100 units of 1.5 GB for 8 hours are $18; they serve 75,000 GB-s, and 50,000 GB-s are on demand. Here
    # one unit in 1 / 100 of that: one serves 500 runs of 1 s; 333 that come meanwhile are on demand.
    function = FunctionInfo("f", memory_mb=1536)
    first = runs(500, 1_000, 1536, step_ms=57_600)
    second = runs(333, 1_000, 1536, step_ms=57_600, first_ms=1)
    (one,) = compare_provisioned(period([*first, *second], function), PRICES, [1])
    assert (one.runs, one.served, one.spilled, one.cold_avoided) == (833, 500, 333, 0)
    amounts = {what: quantity * price for what, quantity, _, price in one.cost.terms}
    assert round(amounts["Provisioned concurrency"], 4) == Decimal("0.1800")
    assert amounts["Duration on provisioned concurrency"] == 750 * Decimal("0.0000097222")
    assert amounts["Duration"] == Decimal("499.5") * Decimal("0.0000166667")
    assert one.difference > 0
    (two,) = compare_provisioned(period([*first, *second], function), PRICES, [2])
    assert two.served == 833
    assert two.share == 1


def test_units_that_are_always_busy_cost_less_and_spare_the_cold_start() -> None:
    cold = Sample(0, Decimal(1_000), 1_200, 1024, 50, Decimal(200))
    busy = [cold, *runs(599, 1_000, step_ms=1_000, first_ms=1_000)]
    (one,) = compare_provisioned(period(busy), PRICES)
    assert (one.units, one.seconds, one.cold_avoided) == (1, 600, 1)
    assert one.difference < 0
    served = {what: quantity for what, quantity, *_ in one.cost.terms}["Duration on provisioned concurrency"]
    assert served == 600  # without the INIT of 0.2 s


def moment(day: int, hour: int, minute: int = 0, zone: tzinfo = UTC) -> int:
    """A moment of November 2026, whose 27th is a Friday, in epoch milliseconds."""
    return int(datetime(2026, 11, day, hour, minute, tzinfo=zone).timestamp() * 1000)


def test_units_for_some_hours_are_billed_for_these_and_serve_no_others() -> None:
    starts = [
        moment(27, 7),
        moment(27, 8),
        moment(27, 17, 59),
        moment(27, 18),
        moment(28, 9),
        moment(30, 9),
    ]  # to Monday
    observed = period([Sample(start, Decimal(1_000), 1_000, 1024) for start in starts])
    (always,) = compare_provisioned(observed, PRICES, [1])
    assert (always.served, always.seconds) == (6, 74 * 3600 + 1)
    (weekdays,) = compare_provisioned(observed, PRICES, [1], Hours(8, 18, weekdays=True, zone=UTC))
    assert (weekdays.served, weekdays.seconds) == (3, 11 * 3600 + 1)  # 10 h on Friday, 1 h on Monday
    kept = {what: quantity for what, quantity, *_ in weekdays.cost.terms}["Provisioned concurrency"]
    assert kept == 10 * 3600 + 3600 + 300  # each stretch is rounded up to 5 minutes
    (daily,) = compare_provisioned(observed, PRICES, [1], Hours(8, 18, zone=UTC))
    assert (daily.served, daily.seconds) == (4, 31 * 3600 + 1)
    (nightly,) = compare_provisioned(observed, PRICES, [1], Hours(18, 8, weekdays=True, zone=UTC))
    # What begins on Friday night goes on into Saturday; on Monday morning Sunday's night is none.
    assert (nightly.served, nightly.seconds) == (2, 3600 + 14 * 3600)
    (none,) = compare_provisioned(
        period([Sample(moment(28, 9), Decimal(1), 1, 1024)]), PRICES, [1], Hours(8, 9, zone=UTC)
    )
    assert (none.served, none.seconds, none.difference) == (0, 0, 0)


def test_hours_are_those_of_a_clock_that_changes() -> None:
    try:
        berlin = ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        pytest.skip("no time zones here")
    begin = int(datetime(2026, 10, 24, 12, tzinfo=berlin).timestamp() * 1000)
    end = begin + 48 * 3_600_000
    night = Hours(0, 24, zone=berlin).stretches(begin, end)
    assert [(last - first) // 3_600_000 for first, last in night] == [12, 25, 11]  # summer time ends
    assert Hours(8, 18, weekdays=True).words == "on weekdays from 8:00 to 18:00"


SAMPLES = st.lists(
    st.tuples(
        st.integers(0, 100_000),
        st.integers(1, 9_000).map(lambda n: Decimal(n) / 10),
        st.integers(1, 2_000),
        st.sampled_from([128, 256, 1024, 1769, 2048, 4096]),
        st.one_of(st.none(), st.integers(1, 128)),
    ).map(lambda values: Sample(*values)),
    min_size=1,
    max_size=40,
)


@settings(max_examples=50, deadline=None)
@given(SAMPLES, st.sampled_from([128, 512, 1024, 3008, 10_240]))
def test_properties_of_the_model(samples: list[Sample], size: int) -> None:
    observed = period(samples)
    options = compare_sizes(observed, PRICES, [size])
    for option in options:
        assert option.low.amount <= option.high.amount
        assert option.p50.low <= option.p95.low <= option.p99.low
        assert option.p50.high <= option.p95.high <= option.p99.high
        # Terms and amounts agree, and nothing is exact without being as it was.
        for cost in (option.low, option.high):
            assert sum(quantity * price for _, quantity, _, price in cost.terms) == cost.amount
            assert cost.exact == (option.basis is Basis.AS_IT_WAS and not cost.notes)
        if option.memory_mb < (observed.peak_mb or 0):
            assert option.obstacle
    sums = sum_costs(
        invocation_cost(Report("", s.duration_ms, s.billed_ms, s.memory_mb), FUNCTION, REGION, PRICES)
        for s in samples
    )
    assert as_it_was(observed, PRICES).amount == sums.amount


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 900_000), st.integers(128, 10_240), st.integers(128, 10_240))
def test_properties_of_scaling(billed_ms: int, one_mb: int, other_mb: int) -> None:
    scaled = scaled_ms(billed_ms, one_mb, other_mb)
    assert scaled_ms(billed_ms, one_mb, one_mb) == billed_ms
    assert (scaled >= billed_ms) if other_mb <= one_mb else (scaled <= billed_ms)
    # Twice the CPU is at most twice as fast.
    assert scaled * min(other_mb, 1769) >= billed_ms * min(one_mb, 1769)


@settings(max_examples=50, deadline=None)
@given(SAMPLES)
def test_properties_of_provisioned_concurrency(samples: list[Sample]) -> None:
    observed = period(samples)
    peak = observed_concurrency(observed).peak
    served = [compare_provisioned(observed, PRICES, [units])[0].served for units in range(1, peak + 1)]
    assert served == sorted(served)
    assert served[-1] == len(samples)  # as many units as ever ran at once serve all
    assert observed_concurrency(observed).mean <= peak
