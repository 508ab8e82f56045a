"""Two months of many functions: as few calls and metrics as there can be, and no day twice."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.month_metrics import Asked, MonthStep, fetch_month
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.month_cost import DAYS, day_of
from lambdadesk.core.month_sums import BYTES, DURATION_MS, ERRORS, HOURS, INVOCATIONS, Counted, PlaceMonth
from lambdadesk.core.types import FunctionInfo, Target
from tests.servers import faults
from tests.servers.fake_aws import FakeAws


@pytest.fixture
def gateway(aws: FakeAws) -> Gateway:
    return Gateway(Target("us-east-1", endpoint_url=aws.url))


def today() -> int:
    return datetime.now(UTC).date().toordinal()


def second(day: int, hour: float = 1) -> float:
    at = datetime.combine(date.fromordinal(day), datetime.min.time(), UTC) + timedelta(hours=hour)
    return at.timestamp()


async def fetch(gateway: Gateway, *functions: FunctionInfo, since: int | None = None) -> PlaceMonth:
    first = today() - DAYS + 1
    found = PlaceMonth()
    async for step in fetch_month(gateway, [Asked(each, since or first) for each in functions]):
        found.update(step.found, first)
    await gateway.close()
    return found


def sizes(aws: FakeAws) -> list[int]:
    return [len(request.params["MetricDataQueries"]) for request in aws.requests("GetMetricData")]


async def test_days_are_utc_days(aws: FakeAws, gateway: Gateway) -> None:
    day = today() - 40
    aws.metrics["f", "Invocations"] += [
        (second(day) - 3_601, 7),  # the last second of the day before
        (second(day) - 3_600, 1),
        (second(day, 23.99), 2),
        (second(day, 24), 100),
    ]
    aws.metrics["f", "Errors"] += [(second(day), 2)]
    aws.metrics["f", "Duration"] += [(second(day), 10.5), (second(day, 2), 20.25)]
    aws.metrics["/aws/lambda/f", "IncomingBytes"] += [(second(day), 123.0)]
    found = await fetch(gateway, FunctionInfo("f"))
    counted = found.functions["f"]
    assert counted.get(INVOCATIONS) == {day - 1: 7, day: 3, day + 1: 100}
    assert counted.get(ERRORS) == {day: 2}
    assert counted.sums[DURATION_MS] == {day: 30.75}
    assert found.logs["/aws/lambda/f"].get(BYTES) == {day: 123}
    assert counted.is_complete
    assert found.concurrency == {}
    first, more = aws.requests("GetMetricData")
    assert first.params["StartTime"] == second(today() - DAYS + 1, 0)
    assert first.params["EndTime"] % 3_600 == 0
    assert {each["MetricStat"]["Period"] for each in more.params["MetricDataQueries"]} == {86_400}


async def test_1000_functions_that_all_ran_take_no_more_than_ceil_of_metrics_by_500_calls(
    aws: FakeAws, gateway: Gateway
) -> None:
    functions = [FunctionInfo(f"f{number:04}") for number in range(1_000)]
    for each in functions:
        aws.metrics[each.name, "Invocations"] = [(second(today() - 3), 1)]
    found = await fetch(gateway, *functions)
    assert sizes(aws) == [500] * 8
    assert len(found.functions) == len(found.logs) == 1_000
    assert sum(sizes(aws)) * 0.00001 <= 0.05


async def test_only_what_ran_is_asked_for_more(aws: FakeAws, gateway: Gateway) -> None:
    functions = [FunctionInfo(f"f{number:04}") for number in range(1_001)]
    for each in functions[:100]:
        aws.metrics[each.name, "Invocations"] = [(second(today() - 3), 1)]
    found = await fetch(gateway, *functions)
    assert sizes(aws) == [500, 500, 301]
    assert len(found.functions) == 1_001
    assert found.functions["f0999"].sums == {INVOCATIONS: {}}


async def test_a_shared_log_group_is_asked_for_once(aws: FakeAws, gateway: Gateway) -> None:
    functions = [FunctionInfo(name, log_group="/shared") for name in ("a", "b")]
    day = today() - 2
    aws.metrics["a", "Invocations"] = [(second(day), 3)]
    aws.metrics["b", "Invocations"] = [(second(day), 1)]
    aws.metrics["/shared", "IncomingBytes"] = [(second(day), 1_000)]
    found = await fetch(gateway, *functions)
    assert sizes(aws) == [2, 5]
    writers = found.get_writers(functions)
    a, b = (found.to_sums(each, writers) for each in functions)
    assert (a.log_bytes, b.log_bytes) == ({day: 750}, {day: 250})


async def test_provisioned_concurrency_is_found_by_its_metrics(aws: FakeAws, gateway: Gateway) -> None:
    day = today() - 1
    for at in (second(day, 1), second(day, 1.5), second(day, 7)):
        aws.metrics["f:live", "ProvisionedConcurrencyUtilization"].append((at, 0.0))
    aws.metrics["f:live", "ProvisionedConcurrencyInvocations"] = [(second(day), 5)]
    aws.metrics["f:9", "ProvisionedConcurrencyUtilization"] = [(second(day), 1.0)]
    aws.metrics["f", "Invocations"] = [(second(day), 6)]
    arn = "arn:aws:lambda:us-east-1:000000000000:function:f:live"
    aws.details["ListProvisionedConcurrencyConfigs", "f"] = {
        "ProvisionedConcurrencyConfigs": [{"FunctionArn": arn, "RequestedProvisionedConcurrentExecutions": 4}]
    }
    found = await fetch(gateway, FunctionInfo("f"))
    assert found.concurrency == {("f", "live"): 4, ("f", "9"): 0}
    assert found.provisioned["f", "live"].get(HOURS) == {day: 2}
    sums = found.to_sums(FunctionInfo("f"), {})
    assert sums.provisioned is not None
    live, gone = sums.provisioned
    assert (live.qualifier, live.concurrency, live.hours, live.invocations) == ("live", 4, {day: 2}, {day: 5})
    assert (gone.qualifier, gone.concurrency) == ("9", 0)
    assert sizes(aws) == [5, 3]


@pytest.mark.parametrize("operation", ["ListMetrics", "ListProvisionedConcurrencyConfigs"])
async def test_where_provisioned_concurrency_is_denied_all_else_is_told(
    aws: FakeAws, gateway: Gateway, operation: str
) -> None:
    aws.metrics["f:live", "ProvisionedConcurrencyUtilization"] = [(second(today()), 1.0)]
    aws.metrics["f", "Invocations"] = [(second(today(), 0), 6)]
    aws.always(operation, faults.denied(operation))
    found = await fetch(gateway, FunctionInfo("f"))
    assert found.concurrency is None
    sums = found.to_sums(FunctionInfo("f"), {})
    assert (sums.invocations, sums.provisioned) == ({today(): 6}, None)


async def test_pages_are_joined_and_a_part_is_told_as_a_part(aws: FakeAws, gateway: Gateway) -> None:
    for day in range(today() - 20, today()):
        for name in ("a", "b"):
            aws.metrics[name, "Invocations"].append((second(day), day % 5 + 1))
    aws.metrics_page_points = 7
    found = await fetch(gateway, FunctionInfo("a"), FunctionInfo("b"))
    expected = {day: day % 5 + 1 for day in range(today() - 20, today())}
    assert found.functions["a"].get(INVOCATIONS) == found.functions["b"].get(INVOCATIONS) == expected
    assert found.functions["a"].is_complete
    part = {"MetricDataResults": [{"Id": "q0", "Timestamps": [], "Values": [], "StatusCode": "Forbidden"}]}
    aws.script("GetMetricData", faults.reply(200, part))
    found = await fetch(Gateway(Target("us-east-1", endpoint_url=aws.url)), FunctionInfo("a"))
    assert not found.functions["a"].is_complete


async def test_what_came_before_a_failure_stays(aws: FakeAws, gateway: Gateway) -> None:
    functions = [FunctionInfo(f"f{number:04}") for number in range(600)]
    aws.script("GetMetricData", lambda exchange: exchange.send(exchange.normal()), faults.denied("x:Y"))
    steps: list[MonthStep] = []

    async def take() -> None:
        async for step in fetch_month(gateway, [Asked(each, today() - 61) for each in functions]):
            steps.append(step)

    with pytest.raises(UserError) as failure:
        await take()
    assert failure.value.kind is ErrorKind.DENIED
    assert [(len(each.found.functions), each.done, each.total) for each in steps] == [(500, 1, 2)]
    await gateway.close()


def counted(since: int, read_day: int, hour: float = 12, **sums: dict[int, float]) -> Counted:
    return Counted(int(second(read_day, hour) * 1000), since, dict(sums))


def test_past_days_are_never_asked_for_again() -> None:
    day = today()
    first = day - DAYS + 1
    assert counted(first - 1, day, 12).next_day(first) == day
    assert (
        counted(first - 1, day, 2.9).next_day(first) == day - 1
    )  # what began before midnight may have ended after
    assert counted(first - 1, day, 3.1).next_day(first) == day
    assert counted(first + 5, day).next_day(first) == first  # the beginning is not known
    partial = Counted(int(second(day, 12) * 1000), first, {}, is_complete=False)
    assert partial.next_day(first) == first


def test_a_newer_answer_replaces_its_days_alone() -> None:
    day, first = today(), today() - DAYS + 1
    old = counted(
        first - 2, day - 1, invocations={first - 1: 9.0, day - 2: 1.0, day - 1: 2.0}, errors={day - 2: 1.0}
    )
    new = counted(day - 1, day, invocations={day - 1: 5.0, day: 6.0})
    joined = old.updated(new, first)
    assert joined.sums == {INVOCATIONS: {day - 2: 1.0, day - 1: 5.0, day: 6.0}, ERRORS: {day - 2: 1.0}}
    assert (joined.since, joined.read_ms) == (first, new.read_ms)
    again = counted(first, day, invocations={})
    assert old.updated(again, first).sums == {INVOCATIONS: {}, ERRORS: {}}


def test_nothing_is_due_within_the_hour() -> None:
    functions = [FunctionInfo("a"), FunctionInfo("b")]
    place = PlaceMonth({"a": counted(1, today(), 5)})
    at_ms = int(second(today(), 5) * 1000)
    assert place.get_due(functions, at_ms + 3_599_999) == [functions[1]]
    assert place.get_due(functions, at_ms + 3_600_000) == functions


async def test_a_later_day_is_asked_for_alone(aws: FakeAws, gateway: Gateway) -> None:
    aws.metrics["f", "Invocations"] = [(second(day, 0), 1) for day in range(today() - 5, today() + 1)]
    found = await fetch(gateway, FunctionInfo("f"), since=today() - 1)
    assert found.functions["f"].get(INVOCATIONS) == {today() - 1: 1, today(): 1}
    starts: set[Any] = {request.params["StartTime"] for request in aws.requests("GetMetricData")}
    assert starts == {second(today() - 1, 0)}
    assert found.functions["f"].since == today() - 1
    assert day_of(found.functions["f"].read_ms) == today()
