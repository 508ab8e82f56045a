"""Offer files of the price list in their published shape, and what must not be taken for a price."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.offers import read_offer
from lambdadesk.core.prices import PriceItem, load_prices
from tests.servers.price_list import cloudwatch_offer, lambda_offer, offer, product

REGION = "eu-south-2"
# The document of the fact sheet: the real SKU and prices of us-east-1.
PUBLISHED = {
    "formatVersion": "v1.0",
    "offerCode": "AWSLambda",
    "version": "20261001000000",
    "publicationDate": "2026-10-01T00:00:00Z",
    "products": {
        "TG3M4CAGBA3NYQBH": {
            "sku": "TG3M4CAGBA3NYQBH",
            "productFamily": "Serverless",
            "attributes": {
                "servicecode": "AWSLambda",
                "location": "US East (N. Virginia)",
                "locationType": "AWS Region",
                "regionCode": "us-east-1",
                "group": "AWS-Lambda-Duration",
                "groupDescription": "Invocation duration weighted by memory, measured in GB-s",
                "usagetype": "Lambda-GB-Second",
                "operation": "",
                "servicename": "AWS Lambda",
            },
        }
    },
    "terms": {
        "OnDemand": {
            "TG3M4CAGBA3NYQBH": {
                "TG3M4CAGBA3NYQBH.JRTCKXETXF": {
                    "offerTermCode": "JRTCKXETXF",
                    "sku": "TG3M4CAGBA3NYQBH",
                    "effectiveDate": "2026-10-01T00:00:00Z",
                    "termAttributes": {},
                    "priceDimensions": {
                        "a": {
                            "beginRange": "0",
                            "endRange": "6000000000",
                            "unit": "Lambda-GB-Second",
                            "pricePerUnit": {"USD": "0.0000166667"},
                        },
                        "b": {
                            "beginRange": "6000000000",
                            "endRange": "15000000000",
                            "unit": "Lambda-GB-Second",
                            "pricePerUnit": {"USD": "0.0000150000"},
                        },
                        "c": {
                            "beginRange": "15000000000",
                            "endRange": "Inf",
                            "unit": "Lambda-GB-Second",
                            "pricePerUnit": {"USD": "0.0000133334"},
                        },
                    },
                }
            }
        }
    },
}


def test_the_published_shape_gives_the_bundled_tiers() -> None:
    found = read_offer(PUBLISHED, "us-east-1")
    assert (found.offer, found.publication, found.currency) == ("AWSLambda", "2026-10-01T00:00:00Z", "USD")
    prices = load_prices([found.to_layer("2026-11-27T00:00:00+00:00")])
    cost = prices.duration_cost(Decimal("61440000000"), "us-east-1", "x86_64")
    assert cost.amount == load_prices().duration_cost(Decimal("61440000000"), "us-east-1", "x86_64").amount
    assert cost.sources[0] == (
        "us-east-1: published 2026-10-01, downloaded 2026-11-27 (AWS Price List, offer AWSLambda)"
    )


@pytest.mark.parametrize(
    ("item", "x86_64", "arm64"),
    [
        (PriceItem.REQUEST, "0.00000025", "0.00000024"),
        (PriceItem.DURATION, "0.00002", "0.000015"),
        (PriceItem.EPHEMERAL, "0.00000004", None),
        (PriceItem.PROVISIONED, "0.000005", None),
        (PriceItem.PROVISIONED_DURATION, "0.00001", None),
        (PriceItem.STREAMING, "0.009", None),
        (PriceItem.EDGE_REQUEST, "0.0000007", "0.0000007"),
        (PriceItem.EDGE_DURATION, "0.00006", "0.00006"),
        (PriceItem.DURABLE_OPERATION, "0.000009", "0.000009"),
        (PriceItem.KAFKA_POLLER, "0.2", "0.2"),
        (PriceItem.SQS_POLLER, "0.01", "0.01"),
        (PriceItem.SNAPSTART_CACHE, "0.000002", None),
        (PriceItem.SNAPSTART_RESTORE, "0.00015", None),
        (PriceItem.LOG_INGESTION, "0.6", "0.6"),
        (PriceItem.LOG_INSIGHTS, "0.006", "0.006"),
        (PriceItem.LIVE_TAIL, "0.012", "0.012"),
        (PriceItem.METRICS_REQUESTED, "0.000012", "0.000012"),
        (PriceItem.CLOUDWATCH_REQUEST, "0.000011", "0.000011"),
    ],
)
def test_groups_are_matched_exactly(item: PriceItem, x86_64: str, arm64: str | None) -> None:
    layers = [
        read_offer(each, REGION).to_layer("") for each in (lambda_offer(REGION), cloudwatch_offer(REGION))
    ]
    prices = load_prices(layers)
    for architecture, price in (("x86_64", x86_64), ("arm64", arm64)):
        rate = prices.rate(item, REGION, architecture)
        assert rate.exact is (price is not None)
        if price is not None:
            assert rate.price == Decimal(price)


@pytest.mark.parametrize("prefix", ["", "USE1-", "EU-", "APN1-", "APS10-", "UGW1-"])
def test_usage_types_begin_with_a_place_or_not(prefix: str) -> None:
    found = read_offer(cloudwatch_offer(REGION, prefix), REGION)
    assert set(found.items["x86_64"]) == {
        "log_ingestion",
        "log_insights",
        "live_tail",
        "metrics_requested",
        "cloudwatch_request",
    }
    assert found.items["x86_64"]["log_ingestion"][1] == {"up_to": "30720", "price": "0.3"}


def test_tiers_of_logs_come_from_the_offer() -> None:
    prices = load_prices([read_offer(cloudwatch_offer(REGION), REGION).to_layer("")])
    cost = prices.cost(PriceItem.LOG_INGESTION, Decimal(40_960), REGION, "x86_64")
    assert [(part, price) for _, part, _, price in cost.terms] == [
        (10_240, Decimal("0.6")), (20_480, Decimal("0.3")), (10_240, Decimal("0.06")),
    ]  # fmt: skip


def test_another_currency_is_taken_as_it_is_published() -> None:
    layer = read_offer(lambda_offer("cn-north-1", "CNN1-", "CNY"), "cn-north-1").to_layer("")
    rate = load_prices([layer]).rate(PriceItem.DURATION, "cn-north-1", "arm64")
    assert (rate.price, rate.currency, rate.exact) == (Decimal("0.000015"), "CNY", True)


def test_a_product_with_two_prices_is_left_out() -> None:
    products = [product(REGION, "AWS-Lambda-Requests", "X-Request", price) for price in ("1", "2")]
    products.append(product(REGION, "AWS-Lambda-Duration", "X-Lambda-GB-Second", "3"))
    found = read_offer(offer("AWSLambda", products), REGION)
    assert set(found.items["x86_64"]) == {"duration"}
    assert found.left_out == ("Requests (x86_64): two different prices",)


@pytest.mark.parametrize(
    "tiers",
    [
        [("0", "10", "1"), ("20", "Inf", "2")],
        [("5", "Inf", "1")],
        [("0", "10", "1")],
        [("0", "Inf", "1"), ("10", "Inf", "2")],
        [("0", "Inf", "-1")],
        [("0", "Inf", "NaN")],
        [("0", "Inf", "")],
        [("0", "ten", "1")],
    ],
)
def test_tiers_that_are_not_clear_are_left_out(tiers: list[tuple[str, str, str]]) -> None:
    products = [
        product(REGION, "AWS-Lambda-Requests", "X-Request", tiers),
        product(REGION, "AWS-Lambda-Duration", "X-Lambda-GB-Second", "3"),
    ]
    found = read_offer(offer("AWSLambda", products), REGION)
    assert set(found.items["x86_64"]) == {"duration"}
    assert len(found.left_out) == 1


@pytest.mark.parametrize("document", [None, [], {}, {"offerCode": 1}, "text", {"products": {}, "terms": {}}])
def test_what_is_no_offer_file_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match="not an offer file"):
        read_offer(document, REGION)


def test_an_offer_without_the_region_is_refused() -> None:
    with pytest.raises(ValueError, match="no prices of the region"):
        read_offer(lambda_offer(REGION), "eu-west-9")


JUNK = st.none() | st.integers() | st.text(max_size=3) | st.just({}) | st.just([])


@given(st.data())
def test_no_damage_raises_anything_but_value_error(data: st.DataObject) -> None:
    """A random part of a good file is replaced by junk."""
    document: Any = deepcopy(PUBLISHED)
    part: Any = document
    while True:
        key = data.draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))
        if not isinstance(part[key], dict | list) or not part[key] or data.draw(st.integers(0, 6)) == 0:
            break
        part = part[key]
    part[key] = data.draw(JUNK)
    try:
        found = read_offer(document, "us-east-1")
    except ValueError:
        return
    assert found.items.get("x86_64", {}).keys() <= {"duration"}
