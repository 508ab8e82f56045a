"""A day of many functions, asked for in as few calls as CloudWatch allows."""

from decimal import Decimal
from typing import Any

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.metrics import fetch_figures
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.figures import Figures
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import FunctionInfo, Target
from tests.servers import faults
from tests.servers.fake_aws import FakeAws

PRICES = load_prices()
HOUR_S = 3600


@pytest.fixture
def gateway(aws: FakeAws) -> Gateway:
    return Gateway(Target("us-east-1", endpoint_url=aws.url))


async def fetch(gateway: Gateway, *names: str, **fields: Any) -> dict[str, Figures]:
    found: dict[str, Figures] = {}
    async for part in fetch_figures(gateway, [FunctionInfo(name, **fields) for name in names], PRICES):
        found |= part
    await gateway.close()
    return found


def count(aws: FakeAws, name: str, metric: str, *values: float, at_s: float) -> None:
    aws.metrics[name, metric] += [(at_s, value) for value in values]


async def get_end_s(gateway: Gateway) -> int:
    """Where the window of a request made now ends."""
    await gateway.identity()  # from now on the server's clock is known
    return -(-gateway.server_now_ms // 300_000) * 300


async def test_a_function_that_ran(aws: FakeAws, gateway: Gateway) -> None:
    end_s = await get_end_s(gateway)
    first_s, last_s = end_s - 24 * HOUR_S, end_s - 1
    count(aws, "orders", "Invocations", 1, 1, 1, at_s=first_s)
    count(aws, "orders", "Invocations", 100, at_s=first_s - 1)  # before the day
    count(aws, "orders", "Invocations", *[1] * 17, at_s=last_s)
    count(aws, "orders", "Errors", 1, 1, at_s=last_s)
    count(aws, "orders", "Throttles", 1, at_s=first_s + 5 * HOUR_S)
    count(aws, "orders", "Duration", *[100.0] * 18, 900.0, 1900.0, at_s=last_s)
    count(aws, "orders", "ConcurrentExecutions", 3, at_s=first_s + HOUR_S)
    count(aws, "orders", "ConcurrentExecutions", 7, at_s=last_s)
    count(aws, "orders", "RecursiveInvocationsDropped", 2, at_s=last_s)
    figures = (await fetch(gateway, "orders", memory_mb=1024))["orders"]
    assert figures.end_ms == end_s * 1000
    assert (figures.invocations, figures.errors, figures.throttles) == (20, 2, 1)
    assert figures.invocations_per_hour == (3, *[0] * 22, 17)
    assert figures.errors_per_hour == (*[0] * 23, 2)
    assert figures.duration_ms == 4600
    assert figures.duration_ms_per_hour == (*[0] * 23, 4600)
    assert figures.p95_ms == 900
    assert (figures.concurrency, figures.recursions_stopped) == (7, 2)
    assert figures.error_rate == 0.1
    assert figures.is_complete
    assert figures.cost is not None
    assert not figures.cost.exact
    assert figures.cost.amount == Decimal("4.6") * Decimal("0.0000166667") + 20 * Decimal("0.0000002")


async def test_a_function_that_did_not_run_has_zeros_and_costs_two_metrics(
    aws: FakeAws, gateway: Gateway
) -> None:
    count(aws, "idle", "Throttles", 4, at_s=await get_end_s(gateway) - 10)
    figures = (await fetch(gateway, "idle"))["idle"]
    assert (figures.invocations, figures.errors, figures.throttles) == (0, 0, 4)
    assert figures.p95_ms is None
    assert figures.error_rate is None
    assert figures.is_complete
    assert figures.cost is not None
    assert figures.cost.amount == 0
    (request,) = aws.requests("GetMetricData")
    assert len(request.params["MetricDataQueries"]) == 2


async def test_clock_hours_of_another_endpoint_lose_nothing(aws: FakeAws, gateway: Gateway) -> None:
    aws.clock_hours = True
    end_s = await get_end_s(gateway)
    for at_s in range(end_s - 24 * HOUR_S, end_s, HOUR_S // 4):
        count(aws, "f", "Invocations", 1, at_s=at_s)
    figures = (await fetch(gateway, "f"))["f"]
    assert figures.invocations == 96
    assert sum(figures.invocations_per_hour) == 96
    assert len(figures.invocations_per_hour) == 24


async def test_a_clock_hour_that_began_before_the_day_counts_as_its_first(
    aws: FakeAws, gateway: Gateway
) -> None:
    aws.clock_hours = True
    count(aws, "f", "Invocations", 5, at_s=await get_end_s(gateway) - 24 * HOUR_S)
    assert (await fetch(gateway, "f"))["f"].invocations_per_hour == (5, *[0] * 23)


async def test_600_functions_take_three_parts_in_order(aws: FakeAws, gateway: Gateway) -> None:
    names = [f"f{number:03}" for number in range(600)]
    end_s = await get_end_s(gateway)
    for name in names[:150]:
        count(aws, name, "Invocations", 1, at_s=end_s - 10)
        count(aws, name, "Duration", 5, at_s=end_s - 10)
    parts = [part async for part in fetch_figures(gateway, [FunctionInfo(name) for name in names], PRICES)]
    await gateway.close()
    assert [len(part) for part in parts] == [250, 250, 100]
    assert [name for part in parts for name in part] == names
    assert [figures.invocations for figures in parts[0].values()] == [1] * 150 + [0] * 100
    assert [figures.duration_ms for figures in parts[0].values()] == [5] * 150 + [0] * 100
    sizes = [len(request.params["MetricDataQueries"]) for request in aws.requests("GetMetricData")]
    assert sizes == [500, 500, 250, 500, 200]
    windows = {
        (request.params["StartTime"], request.params["EndTime"]) for request in aws.requests("GetMetricData")
    }
    assert len(windows) == 1


async def test_pages_are_joined(aws: FakeAws, gateway: Gateway) -> None:
    end_s = await get_end_s(gateway)
    aws.metrics_page_points = 10
    for name in ("a", "b"):
        for hour in range(24):
            count(aws, name, "Invocations", hour + 1, at_s=end_s - 24 * HOUR_S + hour * HOUR_S)
    found = await fetch(gateway, "a", "b")
    for figures in found.values():
        assert figures.invocations_per_hour == tuple(range(1, 25))
        assert figures.is_complete
    assert len(aws.requests("GetMetricData")) == 5 + 1


@pytest.mark.parametrize("status", ["PartialData", "InternalError", "Forbidden"])
async def test_a_part_is_told_as_a_part(aws: FakeAws, gateway: Gateway, status: str) -> None:
    results = [
        {"Id": "q0", "Timestamps": [], "Values": [], "StatusCode": "Complete"},
        {"Id": "q1", "Timestamps": [], "Values": [], "StatusCode": status},
        {"Id": "q2", "Timestamps": [], "Values": [], "StatusCode": "Complete"},
        {"Id": "q3", "Timestamps": [], "Values": [], "StatusCode": "Complete"},
        {"Id": "q99", "Timestamps": [1], "Values": [1], "StatusCode": "Complete"},
        {"Id": "other", "Timestamps": [1], "Values": [1], "StatusCode": "Complete"},
    ]
    aws.script("GetMetricData", faults.reply(200, {"MetricDataResults": results}))
    found = await fetch(gateway, "a", "b")
    assert [found[name].is_complete for name in "ab"] == [False, True]


async def test_odd_points_are_passed_over(aws: FakeAws, gateway: Gateway) -> None:
    now_s = (await get_end_s(gateway)) - 10
    odd = {
        "Id": "q0",
        "Timestamps": [now_s, now_s, now_s],
        "Values": [2, float("nan")],
        "StatusCode": "Complete",
    }
    aws.script("GetMetricData", faults.reply(200, {"MetricDataResults": [odd]}))
    assert (await fetch(gateway, "a"))["a"].invocations == 2


async def test_denied_names_the_action(aws: FakeAws, quick: Limits) -> None:
    aws.always("GetMetricData", faults.denied("cloudwatch:GetMetricData"))
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), quick)
    with pytest.raises(UserError) as caught:
        await fetch(gateway, "a")
    await gateway.close()
    assert caught.value.kind is ErrorKind.DENIED
    assert caught.value.action == "cloudwatch:GetMetricData"


async def test_a_later_part_that_fails_leaves_the_earlier_ones(aws: FakeAws, quick: Limits) -> None:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), quick)
    parts = fetch_figures(gateway, [FunctionInfo(f"f{number}") for number in range(300)], PRICES)
    assert len(await anext(parts)) == 250
    aws.always("GetMetricData", faults.throttled())
    with pytest.raises(UserError) as caught:
        await anext(parts)
    await gateway.close()
    assert caught.value.kind is ErrorKind.THROTTLED
    assert caught.value.message.startswith("Some functions have no new figures.")


@pytest.mark.parametrize(
    "body", [{}, {"MetricDataResults": [], "NextToken": "again"}], ids=["no results", "in circles"]
)
async def test_an_answer_that_is_none_is_no_zero(
    aws: FakeAws, gateway: Gateway, body: dict[str, Any]
) -> None:
    aws.always("GetMetricData", faults.reply(200, body))
    with pytest.raises(UserError) as caught:
        await fetch(gateway, "a")
    await gateway.close()
    assert caught.value.kind is ErrorKind.NOT_AWS


async def test_no_functions_ask_nothing(aws: FakeAws, gateway: Gateway) -> None:
    assert await fetch(gateway) == {}
    assert aws.requests("GetMetricData") == []
