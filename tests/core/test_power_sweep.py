"""What a sweep will cost, and which size it leads to."""

from decimal import Decimal

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.observed import Sample
from lambdadesk.core.power_sweep import (
    Found,
    LatestState,
    SweepEntry,
    SweepPlan,
    SweepPoint,
    choose,
    estimate_sweep,
    judge,
)
from lambdadesk.core.prices import load_prices
from lambdadesk.core.series_result import SeriesRun
from lambdadesk.core.types import FunctionInfo, InvokeRequest, Outcome

PRICES = load_prices()
REQUEST = Decimal("0.0000002")
GB_S = Decimal("0.0000166667")
FUNCTION = FunctionInfo("hello", runtime="python3.13", memory_mb=128, timeout_s=3)


def plan(*sizes: int, function: FunctionInfo = FUNCTION, runs: int = 10) -> SweepPlan:
    return SweepPlan(InvokeRequest(function, b"{}"), sizes, runs)


def run(number: int, ms: int, cost: str = "0.000001", **more: object) -> SeriesRun:
    facts: dict[str, object] = {"max_memory_mb": 60, "has_report": True, **more}
    return SeriesRun(
        number,
        Outcome.OK,
        0,
        duration_ms=Decimal(ms),
        billed_ms=ms,
        cost=Decimal(cost),
        **facts,  # type: ignore[arg-type]
    )


def point(memory_mb: int, ms: int, cost: str, runs: int = 3, **more: object) -> SweepPoint:
    return SweepPoint(memory_mb, "1", True, tuple(run(number, ms, cost, **more) for number in range(runs)))


def test_the_price_before_by_earlier_runs_and_by_the_timeout() -> None:
    samples = [Sample(0, Decimal(ms), ms, 128) for ms in (700, 800, 9_000)]
    other = [Sample(0, Decimal(1), 1, 1024)] * 9  # of another size than the function has now
    found = estimate_sweep(plan(128, 1024), [*samples, *other], "us-east-1", PRICES)
    gb = Decimal("1.125")
    assert found.runs == 20
    # As long at both, or 800 ms and 100 ms: an eighth with eight times the CPU.
    assert found.high == 20 * REQUEST + 10 * Decimal("0.8") * gb * GB_S
    assert found.low == 20 * REQUEST + 10 * (Decimal("0.8") / 8 + Decimal("0.1")) * GB_S
    assert found.most == 20 * REQUEST + 10 * 3 * gb * GB_S
    assert str(found).startswith("Estimate: ≈ $0.0000")
    assert "by 800 ms at 128 MB, the median billed of 3 runs" in found.basis


def test_the_price_before_where_nothing_is_known() -> None:
    found = estimate_sweep(plan(128), [], "us-east-1", PRICES)
    assert found.low is None
    assert found.short.startswith("up to $0.0000")
    assert "3 s, the timeout" in found.basis


def test_snapshots_of_versions_are_in_the_price() -> None:
    function = FunctionInfo("hello", runtime="python3.13", memory_mb=1024, timeout_s=0, snap_start=True)
    most = estimate_sweep(plan(1024, function=function), [], "us-east-1", PRICES).most
    java = FunctionInfo("hello", runtime="java21", memory_mb=1024, timeout_s=0, snap_start=True)
    without = estimate_sweep(plan(1024, function=java), [], "us-east-1", PRICES).most
    assert most - without == 3 * 3600 * Decimal("0.0000015046")


def test_the_choice_and_its_reasons() -> None:
    points = [point(128, 800, "0.000002"), point(512, 200, "0.0000018"), point(1024, 150, "0.0000027")]
    choice = choose(points, 128)
    assert choice.cheapest is not None
    assert choice.fastest is not None
    assert choice.balanced is not None
    assert (choice.cheapest.memory_mb, choice.fastest.memory_mb, choice.balanced.memory_mb) == (
        512,
        1024,
        512,
    )
    assert choice.cheapest.reason == (
        "$1.80 a million runs, 10 % less than at present; median 200.00 ms, 75 % less than at present"
    )
    assert choice.fastest.reason.startswith("$2.70 a million runs, 35 % more than at present")
    assert choice.left_out == ()


def test_of_equals_the_smaller_one() -> None:
    choice = choose([point(1024, 5, "0.000001"), point(512, 5, "0.000001")], 512)
    assert choice.cheapest is not None
    assert choice.cheapest.memory_mb == 512
    assert "as at present" in choice.cheapest.reason


def test_failures_and_cold_starts_are_kept_apart() -> None:
    failed = SeriesRun(
        9, Outcome.ERROR, 0, duration_ms=Decimal(1), cost=Decimal(9), has_report=True, max_memory_mb=60
    )
    throttled = SeriesRun(10, Outcome.ERROR, 0, was_throttled=True, did_run=False)
    cold = run(11, 50, "0.5", init_ms=Decimal(400))
    silent = SeriesRun(12, Outcome.OK, 0)
    mixed = SweepPoint(512, "1", True, (run(0, 10), run(1, 20), run(2, 30), failed, throttled, cold, silent))
    assert (mixed.failed, mixed.throttled, mixed.unreported, len(mixed.warm)) == (1, 1, 1, 3)
    assert mixed.duration is not None
    assert mixed.duration.p50 == 20
    assert mixed.mean_cost == Decimal("0.000001")
    assert mixed.cold_ms is not None
    assert mixed.cold_ms.p50 == 450
    assert mixed.spent == Decimal("9.500003")


@pytest.mark.parametrize(
    ("left_out", "why"),
    [
        (SweepPoint(128, error=UserError("Lambda refused 128 MB.")), "Lambda refused 128 MB."),
        (SweepPoint(128), "it was not run"),
        (
            point(128, 1, "0.0000001", max_memory_mb=120),
            "runs used up to 120 MB; with a margin that takes 192 MB",
        ),
        (SweepPoint(128, runs=(SeriesRun(0, Outcome.OUT_OF_MEMORY, 0),)), "a run was ended for its memory"),
        (SweepPoint(128, runs=(SeriesRun(0, Outcome.ERROR, 0),)), "all of its runs failed"),
        (SweepPoint(128, runs=(run(0, 9, init_ms=Decimal(9)),)), "no warm run succeeded"),
        (SweepPoint(128, runs=(SeriesRun(0, Outcome.OK, 0),)), "its REPORT lines have not come yet"),
    ],
)
def test_a_size_with_an_obstacle_is_never_chosen(left_out: SweepPoint, why: str) -> None:
    choice = choose([left_out, point(512, 900, "0.5")], 512)
    assert choice.cheapest is not None
    assert choice.fastest is not None
    assert (choice.cheapest.memory_mb, choice.fastest.memory_mb) == (512, 512)
    assert [(pick.memory_mb, pick.reason) for pick in choice.left_out] == [(128, why)]
    assert choose([left_out], 512).balanced is None


@pytest.mark.parametrize(
    ("sizes", "runs", "text"),
    [
        ((), 10, "Sizes are 1 to 10"),
        ((64,), 10, "Memory is 128 to 10,240 MB, not 64"),
        ((128,), 0, "Runs of each"),
    ],
)
def test_a_plan_out_of_range_is_refused(sizes: tuple[int, ...], runs: int, text: str) -> None:
    with pytest.raises(UserError, match=text):
        plan(*sizes, runs=runs)


def test_managed_instances_can_not_be_swept() -> None:
    with pytest.raises(UserError) as caught:
        plan(128, function=FunctionInfo("hello", capacity_provider="arn"))
    assert caught.value.kind is ErrorKind.INVALID


@pytest.mark.parametrize(
    ("memory_mb", "modified", "set_mb", "is_changing", "found"),
    [
        (512, "a", (), False, Found.AS_IT_WAS),
        (3008, "b", (), False, Found.AS_IT_WAS),  # long put back: whatever came later is not the sweep's
        (512, "b", (1024,), True, Found.AS_IT_WAS),
        (1024, "a", (1024,), False, Found.OURS),
        (1024, "b", (1024,), True, Found.OURS),  # ended before it could note what came of it
        (256, "a", (256, 1024), True, Found.OURS),
        (1024, "b", (1024,), False, Found.CHANGED_ELSEWHERE),
        (2048, "b", (1024,), True, Found.CHANGED_ELSEWHERE),
    ],
)
def test_whose_doing_the_memory_is(
    memory_mb: int, modified: str, set_mb: tuple[int, ...], is_changing: bool, found: Found
) -> None:
    entry = SweepEntry("id", "key", "hello", 512, 0, set_mb, "a", is_changing)
    assert judge(entry, LatestState(memory_mb, "revision", modified)) is found
