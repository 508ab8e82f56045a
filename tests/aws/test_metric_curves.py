"""One function's metrics over time, from a server that answers as CloudWatch does."""

import pytest

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.metric_curves import METRICS, fetch_metric_curve
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.metric_curve import MOST_PERIODS, MetricCurve, choose_period_s
from lambdadesk.core.types import Target
from tests.servers import faults
from tests.servers.fake_aws import FakeAws

START_S = 1_790_000_100 - 1_790_000_100 % 60
DAY_S = 86_400


@pytest.fixture
def gateway(aws: FakeAws) -> Gateway:
    return Gateway(Target("us-east-1", endpoint_url=aws.url))


async def fetch(gateway: Gateway, minutes: int = 10) -> MetricCurve:
    try:
        return await fetch_metric_curve(gateway, "f", START_S + 7, START_S + 60 * minutes, 60)
    finally:
        await gateway.close()


async def test_each_period_has_its_sums_and_percentiles(aws: FakeAws, gateway: Gateway) -> None:
    aws.metrics["f", "Invocations"] += [(START_S + 5, 1.0), (START_S + 6, 1.0), (START_S + 185, 1.0)]
    aws.metrics["f", "Errors"] += [(START_S + 185, 1.0)]
    aws.metrics["f", "Duration"] += [(START_S + 5, 10.0), (START_S + 6, 30.0), (START_S + 185, 500.0)]
    aws.metrics["other", "Invocations"] += [(START_S + 5, 50.0)]
    curve = await fetch(gateway)
    assert (curve.start_s, curve.period_s) == (START_S, 60)
    assert curve.invocations == (2, 0, 0, 1, *[0] * 6)
    assert curve.errors == (0, 0, 0, 1, *[0] * 6)
    assert curve.high_ms[3] == 500
    assert curve.median_ms[1] is None
    assert curve.has_percentiles
    assert curve.is_complete
    assert curve.counts(START_S, START_S + 59) == (2, 0)
    assert curve.counts(START_S - 1000, START_S + 10_000) == (3, 1)


async def test_one_load_is_one_call_of_few_metrics(aws: FakeAws, gateway: Gateway) -> None:
    await fetch(gateway)
    (request,) = aws.requests("GetMetricData")
    assert len(request.params["MetricDataQueries"]) == len(METRICS)


async def test_what_is_refused_is_said(aws: FakeAws, gateway: Gateway) -> None:
    aws.script("GetMetricData", faults.denied("cloudwatch:GetMetricData"))
    with pytest.raises(UserError) as caught:
        await fetch(gateway)
    assert caught.value.kind is ErrorKind.DENIED


@pytest.mark.parametrize(
    ("length_s", "age_s", "period_s"),
    [
        (3_600, 3_600, 60),
        (DAY_S, DAY_S, 60),
        (3 * DAY_S, 3 * DAY_S, 300),
        (3_600, 20 * DAY_S, 300),  # of that age no shorter periods are kept
        (3_600, 100 * DAY_S, 3_600),
        (400 * DAY_S, 400 * DAY_S, DAY_S),
    ],
)
def test_a_period_is_as_short_as_is_kept_and_of_use(length_s: int, age_s: int, period_s: int) -> None:
    now_s = START_S + age_s
    assert choose_period_s(START_S, START_S + length_s, now_s) == period_s
    assert length_s / period_s <= MOST_PERIODS
