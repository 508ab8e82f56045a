"""A plan's limits, and its price before it is started."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.errors import UserError
from lambdadesk.core.prices import load_prices
from lambdadesk.core.series import SeriesEstimate, SeriesPlan, estimate_runs
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest

PRICES = load_prices()
HELLO = FunctionInfo("hello", memory_mb=128, timeout_s=3)
REQUEST = InvokeRequest(HELLO, b"{}")
PER_MS = Decimal("0.0000166667") * 128 / 1024 / 1000
PER_REQUEST = Decimal("0.0000002")


def estimate(plan: SeriesPlan, billed_ms: list[int], region: str = "us-east-1") -> SeriesEstimate:
    request = plan.request
    return estimate_runs(request.function, request.kind, plan.payload_bytes, billed_ms, region, PRICES)


def test_a_list_is_sent_once_each() -> None:
    plan = SeriesPlan(REQUEST, runs=7, payloads=(b"1", b"2"), lines=(4, 9))
    assert plan.count == 2
    assert [plan.request_of(number).payload for number in range(2)] == [b"1", b"2"]
    assert [plan.line_of(number) for number in range(2)] == [4, 9]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"runs": 0}, "A series has 1 to 10,000, not 0."),
        ({"runs": 10_001}, "A series has 1 to 10,000, not 10,001."),
        ({"concurrency": 101}, "Runs at once are 1 to 100, not 101."),
        ({"per_s": -1}, "Starts a second are 0 (no limit) to 1,000."),
    ],
)
def test_numbers_out_of_range_are_refused(changes: dict[str, int], message: str) -> None:
    with pytest.raises(UserError) as caught:
        SeriesPlan(REQUEST, **changes)
    assert caught.value.message == message


@given(st.integers(1, 10_000), st.lists(st.integers(1, 3_000), max_size=20))
def test_the_estimate_is_the_count_times_the_median(runs: int, billed_ms: list[int]) -> None:
    found = estimate(SeriesPlan(REQUEST, runs), billed_ms)
    assert found.lowest == runs * (PER_REQUEST + PER_MS)
    assert found.highest == runs * (PER_REQUEST + 3_000 * PER_MS)
    if billed_ms:
        assert found.likely is not None
        assert found.lowest <= found.likely <= found.highest
        assert (found.likely / runs - PER_REQUEST) / PER_MS in billed_ms
        known = len(billed_ms)
        assert (f"the last {known} runs" if known > 1 else "as billed for the last run") in str(found)
    else:
        assert found.likely is None
        assert str(found).endswith("the duration is not known: from 1 ms to 3 s, the timeout.")
    assert str(found).startswith("Estimate: ")


def test_each_large_event_is_billed_by_its_size() -> None:
    request = replace(REQUEST, kind=InvocationType.EVENT)
    payloads = (b'"' + b"x" * 300 * 1024 + b'"', b"1")
    found = estimate(SeriesPlan(request, payloads=payloads), [1])
    assert found.likely == 3 * PER_REQUEST + 2 * PER_MS


def test_dry_runs_cost_nothing() -> None:
    request = replace(REQUEST, kind=InvocationType.DRY_RUN)
    assert str(estimate(SeriesPlan(request, 5), [9])) == "5 dry runs cost nothing."


def test_managed_instances_pay_for_requests_alone() -> None:
    function = replace(HELLO, capacity_provider="arn:aws:lambda:us-east-1:000000000000:capacity-provider:a")
    found = estimate(SeriesPlan(replace(REQUEST, function=function), 10), [9])
    assert found.likely == found.highest == 10 * PER_REQUEST
    assert any("billed by the hour" in note for note in found.notes)


def test_a_price_of_another_region_is_said() -> None:
    found = estimate(SeriesPlan(REQUEST, 1), [9], "xx-nowhere-1")
    assert any("xx-nowhere-1" in note for note in found.notes)
