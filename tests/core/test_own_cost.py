"""What a call of LambdaDesk's own is billed by, and what it costs."""

from decimal import Decimal
from typing import Any

import pytest

from lambdadesk.core.own_cost import OwnUse, UseRow, count_call, count_invoke, held_back, own_cost
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest

PRICES = load_prices()
DAY = "2026-11-27"


def stats(count: int) -> list[dict[str, Any]]:
    return [{"Id": f"q{number}", "MetricStat": {}} for number in range(count)]


@pytest.mark.parametrize(
    ("service", "operation", "params", "reply", "uses"),
    [
        ("cloudwatch", "GetMetricData", {"MetricDataQueries": stats(500)}, {}, {OwnUse.METRICS: 500}),
        (
            "cloudwatch",
            "GetMetricData",
            {"MetricDataQueries": [{"Id": "e", "Expression": "SEARCH('...')"}]},
            {"MetricDataResults": [{}, {}, {}]},
            {OwnUse.METRICS: 3},
        ),
        (
            "cloudwatch",
            "GetMetricData",
            {"MetricDataQueries": [*stats(2), {"Id": "e", "Expression": "q0+q1"}]},
            {"MetricDataResults": [{}]},
            {OwnUse.METRICS: 2},
        ),
        ("cloudwatch", "GetMetricData", {}, {}, {OwnUse.METRICS: 0}),
        (
            "logs",
            "GetQueryResults",
            {"queryId": "a"},
            {"statistics": {"bytesScanned": 1234.0}},
            {OwnUse.QUERY_BYTES: 1234},
        ),
        ("logs", "GetQueryResults", {"queryId": "a"}, {}, {OwnUse.QUERY_BYTES: 0}),
        ("logs", "FilterLogEvents", {}, {"events": []}, {}),
        ("lambda", "ListFunctions", {}, {}, {}),
        ("cloudwatch", "ListMetrics", {}, {"Metrics": []}, {OwnUse.CLOUDWATCH_REQUESTS: 1}),
    ],
)
def test_calls(
    service: str, operation: str, params: dict[str, Any], reply: dict[str, Any], uses: dict[OwnUse, int]
) -> None:
    assert count_call(service, operation, params, reply) == uses


@pytest.mark.parametrize(
    ("kind", "size", "uses"),
    [
        (InvocationType.REQUEST_RESPONSE, 1_000_000, {OwnUse.REQUESTS: 1}),
        (InvocationType.EVENT, 1024**2, {OwnUse.REQUESTS: 13}),
        (InvocationType.DRY_RUN, 10, {}),
    ],
)
def test_invokes(kind: InvocationType, size: int, uses: dict[OwnUse, int]) -> None:
    assert count_invoke(InvokeRequest(FunctionInfo("f"), b"x" * size, kind)) == uses


def test_only_paid_refreshes_are_held_back() -> None:
    assert held_back("cloudwatch", "GetMetricData")
    assert held_back("cloudwatch", "ListMetrics")
    assert held_back("logs", "StartQuery")
    assert held_back("logs", "StartLiveTail")
    assert not held_back("logs", "GetQueryResults")  # of a query that runs and is paid for anyway
    assert not held_back("lambda", "Invoke")


def test_prices() -> None:
    rows = [
        UseRow(DAY, "123456789012", "us-east-1", OwnUse.METRICS, 4_000),
        UseRow(DAY, "123456789012", "us-east-1", OwnUse.METRICS, 1_000),
        UseRow(DAY, "123456789012", "us-east-1", OwnUse.QUERY_BYTES, 2 * 1024**3),
        UseRow(DAY, "123456789012", "us-east-1", OwnUse.LIVE_TAIL_S, 90),
        UseRow(DAY, "123456789012", "us-east-1", OwnUse.REQUESTS, 5),
        UseRow(DAY, "123456789012", "us-east-1", OwnUse.CLOUDWATCH_REQUESTS, 7),
    ]
    cost = own_cost(rows, PRICES)
    assert cost.terms == (
        ("Metrics requested", Decimal(5000), "metrics", Decimal("0.00001")),
        ("Logs scanned by Insights", Decimal(2), "GB", Decimal("0.005")),
        ("Live Tail", Decimal("1.5"), "minutes", Decimal("0.01")),
        ("Requests", Decimal(5), "requests", Decimal("0.0000002")),
        ("Requests to CloudWatch", Decimal(7), "requests", Decimal("0.00001")),
    )
    assert cost.amount == Decimal("0.05") + Decimal("0.01") + Decimal("0.015") + Decimal("0.000071")
    assert cost.exact
    assert own_cost([], PRICES).amount == 0


def test_a_thousand_functions_cost_five_cents() -> None:
    """2 metrics of each and 3 more on the average: within the aim for a cold load."""
    assert own_cost([UseRow(DAY, "", "us-east-1", OwnUse.METRICS, 5_000)], PRICES).amount == Decimal("0.05")


def test_what_has_no_price_of_its_own_is_said() -> None:
    far = own_cost([UseRow(DAY, "", "eu-west-1", OwnUse.METRICS, 1000)], PRICES)
    assert (far.amount, far.exact) == (Decimal("0.01"), False)
    rows = [UseRow(DAY, "", "cn-north-1", use, 1000) for use in (OwnUse.METRICS, OwnUse.REQUESTS)]
    china = own_cost(rows, PRICES, "CNY")
    assert (china.amount, china.currency, china.exact) == (Decimal("0.00136"), "CNY", False)
    assert "left out" in china.notes[0]
