"""A month of an account: the pricing page's examples from their own inputs, the free tier as a line."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.bill import Usage, make_bill, provisioned_gb_s, snapstart_cache_gb_s
from lambdadesk.core.cost import FREE_TIER, monthly_cost, streamed_gb
from lambdadesk.core.prices import PriceItem, load_prices

PRICES = load_prices()
CENT = Decimal("0.01")
I = PriceItem  # noqa: E741


def us(architecture: str = "x86_64", **quantities: int | str | Decimal) -> Usage:
    return Usage(
        "us-east-1", architecture, {PriceItem(item): Decimal(value) for item, value in quantities.items()}
    )


def test_example_1_with_the_free_tier_as_a_line_of_its_own() -> None:
    bill = make_bill([us(request=3_000_000, duration=540_000)], PRICES, free_tier=True)
    assert bill.gross.amount == Decimal("0.6") + 540_000 * Decimal("0.0000166667")
    assert bill.free_tier.amount == -(Decimal("0.2") + 400_000 * Decimal("0.0000166667"))
    assert bill.total.amount == Decimal("2.733338")
    assert [(what, quantity) for what, quantity, _, _ in bill.free_tier.terms] == [
        ("Free tier, requests", Decimal(-1_000_000)),
        ("Free tier, duration", Decimal(-400_000)),
    ]
    assert bill.total.exact
    assert len(bill.total.sources) == len(bill.total.terms) == 4
    assert make_bill([us(request=3_000_000)], PRICES, free_tier=False).free_tier.amount == 0


def test_example_3_with_the_free_tier_as_a_line_of_its_own() -> None:
    usage = us(request=6_000_000, duration=6_720_000, ephemeral=2_520_000)
    assert make_bill([usage], PRICES, free_tier=True).total.amount == Decimal("106.411412")


def test_example_4_from_concurrency_and_hours() -> None:
    assert provisioned_gb_s(100, 1536, 8 * 3600) == 4_320_000
    assert PRICES.cost(I.PROVISIONED, Decimal(4_320_000), "us-east-1", "x86_64").amount.quantize(CENT) == 18


@pytest.mark.parametrize(
    ("seconds", "billed_s"), [(0, 0), (1, 300), (300, 300), (301, 600), (28_800, 28_800)]
)
def test_provisioned_concurrency_is_billed_by_5_minutes(seconds: int, billed_s: int) -> None:
    assert provisioned_gb_s(1, 1024, seconds) == billed_s


def test_example_6_from_a_month_of_caching() -> None:
    month_ms = 31 * 24 * 3600 * 1000
    assert snapstart_cache_gb_s(1024, month_ms) == 2_678_400
    assert snapstart_cache_gb_s(2048, 1) == 2 * 3 * 3600
    usage = us(
        request=7_440_000, duration=14_880_000, snapstart_restore=74_400,
        snapstart_cache=snapstart_cache_gb_s(1024, month_ms),
    )  # fmt: skip
    assert make_bill([usage], PRICES, free_tier=False).total.amount == Decimal("263.91952176")


def test_streaming_is_paid_above_6_mb() -> None:
    mb = 1024**2
    assert streamed_gb(6 * mb) == 0
    assert streamed_gb(6 * mb + 1) == Decimal(1) / 1024**3
    assert streamed_gb(7 * mb) * 1_000_000 == Decimal("976.5625")  # example 7: 1 MB more, a million times


def test_example_9_parts() -> None:
    usage = us(
        "arm64", durable_operation=4_000_000, durable_written=104, durable_retained="72.8", request=10**6
    )
    (part,) = make_bill([usage], PRICES, free_tier=False).parts
    assert [quantity * price for _, quantity, _, price in part.terms] == [
        Decimal(32), Decimal(26), Decimal("10.92"), Decimal("0.2"),
    ]  # fmt: skip


def test_vended_logs_by_tier() -> None:
    (part,) = make_bill([us(log_ingestion=60_000)], PRICES, free_tier=True).parts
    assert [quantity * price for _, quantity, _, price in part.terms] == [5000, 5000, 2000, 500]
    assert part.amount == 12_500


def test_the_free_tier_is_one_for_both_architectures_and_all_regions() -> None:
    usages = [us(duration=300_000), us("arm64", duration=100_000)]
    bill = make_bill(usages, PRICES, free_tier=True)
    assert bill.total.amount == 0  # 400,000 in all
    twice = make_bill([us(duration=600_000), us("arm64", duration=200_000)], PRICES, free_tier=True)
    assert twice.free_tier.amount == -bill.gross.amount
    assert not twice.free_tier.exact
    assert "in proportion to its use" in twice.free_tier.notes[0]
    assert twice.gross.exact


def test_the_free_tier_takes_from_the_last_tier_reached() -> None:
    quantity = Decimal(6_000_200_000)
    bill = make_bill([us(duration=quantity)], PRICES, free_tier=True)
    assert bill.free_tier.amount == -(200_000 * Decimal("0.0000150000") + 200_000 * Decimal("0.0000166667"))
    assert bill.total.amount == PRICES.cost(I.DURATION, quantity - 400_000, "us-east-1", "x86_64").amount


def test_a_bill_is_in_one_currency() -> None:
    china = Usage("cn-north-1", "x86_64", {I.REQUEST: Decimal(5_000_000)})
    assert make_bill([china], PRICES, free_tier=True).total.currency == "CNY"
    with pytest.raises(ValueError, match="can't be added"):
        _ = make_bill([china, us(request=1)], PRICES, free_tier=False).gross


QUANTITIES = st.integers(0, 10**11).map(lambda number: Decimal(number) / 1000)


@given(QUANTITIES, QUANTITIES, st.sampled_from(["x86_64", "arm64"]))
def test_one_usage_costs_what_is_left_after_the_free_tier(
    requests: Decimal, duration: Decimal, architecture: str
) -> None:
    usage = us(architecture, request=requests, duration=duration)
    bill = make_bill([usage], PRICES, free_tier=True)
    netted = monthly_cost(usage.quantities, "us-east-1", architecture, PRICES, free_tier=True)
    assert bill.total.amount == netted.amount
    assert bill.total.amount >= 0
    assert all(
        -quantity <= FREE_TIER[I.DURATION] + FREE_TIER[I.REQUEST]
        for _, quantity, _, _ in bill.free_tier.terms
    )
    assert bill.total.amount.quantize(CENT, ROUND_HALF_UP) <= bill.gross.amount.quantize(CENT, ROUND_HALF_UP)
