from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from lambdadesk.core.prices import Overrides, PriceItem, PriceSource, PriceTable, load_prices

PRICES = load_prices()


def table(**regions: Any) -> PriceTable:
    us = {"currency": "USD", "x86_64": {item.value: "1" for item in PriceItem}}
    return PriceTable(
        {"publication": "2026-01-01", "source": "test", "regions": {"us-east-1": us, **regions}}
    )


# The list prices of us-east-1, item by item.
@pytest.mark.parametrize(
    ("item", "x86_64", "arm64"),
    [
        (PriceItem.REQUEST, "0.0000002", "0.0000002"),
        (PriceItem.DURATION, "0.0000166667", "0.0000133334"),
        (PriceItem.EPHEMERAL, "0.0000000309", "0.0000000309"),
        (PriceItem.PROVISIONED, "0.0000041667", "0.0000033334"),
        (PriceItem.PROVISIONED_DURATION, "0.0000097222", "0.0000077778"),
        (PriceItem.SNAPSTART_CACHE, "0.0000015046", None),
        (PriceItem.SNAPSTART_RESTORE, "0.0001397998", None),
        (PriceItem.STREAMING, "0.008", "0.008"),
        (PriceItem.EDGE_REQUEST, "0.0000006", None),
        (PriceItem.EDGE_DURATION, "0.00005001", None),
        (PriceItem.DURABLE_OPERATION, "0.000008", "0.000008"),
        (PriceItem.DURABLE_WRITTEN, "0.25", "0.25"),
        (PriceItem.DURABLE_RETAINED, "0.15", "0.15"),
        (PriceItem.TENANT_ENVIRONMENT, "0.000166667", "0.000133333"),
        (PriceItem.KAFKA_POLLER, "0.185", None),
        (PriceItem.SQS_POLLER, "0.00925", None),
        (PriceItem.LOG_INGESTION, "0.50", None),
    ],
)
def test_list_prices(item: PriceItem, x86_64: str, arm64: str | None) -> None:
    rate = PRICES.rate(item, "us-east-1", "x86_64")
    assert (rate.price, rate.currency, rate.exact, rate.note) == (Decimal(x86_64), "USD", True, "")
    arm_rate = PRICES.rate(item, "us-east-1", "arm64")
    assert arm_rate.exact is (arm64 is not None)
    assert arm_rate.price == Decimal(arm64 or x86_64)


@pytest.mark.parametrize(
    ("region", "price", "currency"),
    [
        ("eu-central-1", "0.0000166667", "USD"),
        ("af-south-1", "0.0000221", "USD"),
        ("ap-east-1", "0.00002292", "USD"),
        ("eu-south-1", "0.0000195172", "USD"),
        ("me-south-1", "0.0000206667", "USD"),
        ("cn-north-1", "0.000113477", "CNY"),
        ("cn-northwest-1", "0.000113477", "CNY"),
    ],
)
def test_published_durations_of_other_regions(region: str, price: str, currency: str) -> None:
    rate = PRICES.rate(PriceItem.DURATION, region, "x86_64")
    assert (rate.price, rate.currency, rate.exact) == (Decimal(price), currency, True)


def test_a_price_that_is_not_published_falls_back_and_says_so() -> None:
    rate = PRICES.rate(PriceItem.DURATION, "eu-west-1", "arm64")
    assert rate.price == Decimal("0.0000133334")
    assert not rate.exact
    assert "eu-west-1 (arm64)" in rate.note
    assert "us-east-1 (arm64)" in rate.note
    assert not PRICES.rate(PriceItem.REQUEST, "af-south-1", "x86_64").exact
    assert "us-east-1 (x86_64)" in PRICES.rate(PriceItem.SNAPSTART_RESTORE, "us-east-1", "arm64").note


def test_every_item_has_a_price_in_the_region_to_fall_back_to() -> None:
    for item in PriceItem:
        assert PRICES.rate(item, "nowhere-1", "x86_64").price > 0


@pytest.mark.parametrize("gb_seconds", ["0", "1", "6000000000", "6000000001", "15000000000", "15000000001"])
def test_a_tier_ends_where_the_next_begins(gb_seconds: str) -> None:
    quantity = Decimal(gb_seconds)
    first = min(quantity, Decimal(6_000_000_000))
    second = min(max(quantity - 6_000_000_000, Decimal(0)), Decimal(9_000_000_000))
    third = max(quantity - 15_000_000_000, Decimal(0))
    expected = (
        first * Decimal("0.0000166667") + second * Decimal("0.0000150000") + third * Decimal("0.0000133334")
    )
    cost = PRICES.duration_cost(quantity, "us-east-1", "x86_64")
    assert cost.amount == expected
    assert cost.exact
    assert sum((part for _, part, _, _ in cost.terms), Decimal(0)) == quantity


def test_above_the_last_published_tier_the_cost_is_not_exact() -> None:
    cost = PRICES.duration_cost(Decimal(6_000_000_001), "ap-east-1", "x86_64")
    assert cost.amount == Decimal(6_000_000_001) * Decimal("0.00002292")
    assert not cost.exact
    assert cost.notes == ("Duration above 6,000,000,000 GB-s is at the last published price of ap-east-1.",)
    assert PRICES.duration_cost(Decimal(6_000_000_000), "ap-east-1", "x86_64").exact


def test_china_has_no_tiers() -> None:
    cost = PRICES.duration_cost(Decimal(60_000_000_000), "cn-north-1", "x86_64")
    assert (cost.amount, cost.currency, cost.exact) == (Decimal("6808620"), "CNY", True)


def test_tiers_out_of_order_are_refused() -> None:
    tiers = [{"up_to": None, "price": "1"}, {"up_to": "5", "price": "2"}]
    with pytest.raises(ValueError, match="ascending"):
        table(bad={"currency": "USD", "x86_64": {"duration": tiers}})


def test_an_unknown_item_in_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="made_up"):
        table(bad={"currency": "USD", "x86_64": {"made_up": "1"}})


def test_says_where_it_comes_from() -> None:
    assert PRICES.publication == "2026-09-19"
    assert "aws.amazon.com/lambda/pricing" in PRICES.source


def layer(publication: str, fetched: str = "", **regions: Any) -> dict[str, Any]:
    return {"publication": publication, "source": "offer", "fetched": fetched, "regions": regions}


def test_what_was_downloaded_replaces_the_bundled_prices_item_by_item() -> None:
    prices = load_prices(
        [layer("2026-10-01", "2026-11-27T10:00:00+00:00", **{"eu-central-1": {"arm64": {"duration": "0.5"}}})]
    )
    arm = prices.rate(PriceItem.DURATION, "eu-central-1", "arm64")
    assert (arm.price, arm.exact) == (Decimal("0.5"), True)
    assert arm.source == "eu-central-1: published 2026-10-01, downloaded 2026-11-27 (offer)"
    assert prices.rate(PriceItem.DURATION, "eu-central-1", "x86_64").price == Decimal("0.0000166667")
    found = prices.source_of(PriceItem.DURATION, "eu-central-1", "arm64")
    assert found is not None
    assert found.publication == "2026-10-01"
    assert prices.source_of(PriceItem.DURATION, "eu-west-1", "arm64") is None
    assert prices.publication == "2026-09-19"


def test_a_region_has_one_currency() -> None:
    with pytest.raises(ValueError, match="two currencies"):
        load_prices([layer("2026-10-01", **{"us-east-1": {"currency": "CNY", "x86_64": {}}})])


@pytest.mark.parametrize(
    ("publication", "fetched", "today", "is_old"),
    [
        ("2026-09-19", "", "2026-11-27", False),
        ("2026-09-19", "", "2027-03-21", False),
        ("2026-09-19", "", "2027-03-22", True),
        ("2025-01-01", "2027-03-01T00:00:00+00:00", "2027-03-22", False),
        ("some day", "", "2026-11-27", True),
    ],
)
def test_a_table_grows_old(publication: str, fetched: str, today: str, is_old: bool) -> None:
    assert PriceSource("", publication, fetched).is_old(date.fromisoformat(today)) is is_old


def test_a_discount_is_taken_off_every_tier_and_said() -> None:
    prices = load_prices(overrides=Overrides(Decimal(10)))
    cost = prices.duration_cost(Decimal(15_000_000_000), "us-east-1", "x86_64")
    assert cost.amount == PRICES.duration_cost(Decimal(15_000_000_000), "us-east-1", "x86_64").amount * 9 / 10
    assert [what for what, _, _, _ in cost.terms] == ["Duration, less 10 %"] * 2
    assert "list price 0.0000166667 less your discount of 10 %" in cost.sources[0]
    assert cost.exact


def test_a_savings_plan_has_rates_of_its_own() -> None:
    plan = {("us-east-1", "x86_64", PriceItem.DURATION): Decimal("0.0000147")}
    prices = load_prices(overrides=Overrides(Decimal(10), plan))
    cost = prices.duration_cost(Decimal(10_000_000_000), "us-east-1", "x86_64")
    assert cost.amount == Decimal("147000")
    assert cost.terms[0][0] == "Duration, Savings Plan rate"
    assert "Savings Plan" in cost.sources[0]
    assert prices.rate(PriceItem.DURATION, "us-east-1", "arm64").what == "Duration, less 10 %"
    assert prices.rate(PriceItem.REQUEST, "us-east-1", "x86_64").price == Decimal("0.00000018")
