"""Two months of many functions by day, from CloudWatch's metrics.

GetMetricData costs $0.01 for 1,000 metrics, however many days are asked for. Each function takes 1, one that
ran takes 3 more (one of them of its log group), and a version with provisioned concurrency 2. A page of
ListMetrics costs as much as one metric.
"""

from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from lambdadesk.aws.failures import missing
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.month_cost import EPOCH, day_of
from lambdadesk.core.month_sums import (
    BYTES,
    DURATION_MS,
    ERRORS,
    HOUR_MS,
    HOURS,
    INVOCATIONS,
    Counted,
    PlaceMonth,
)
from lambdadesk.core.types import FunctionInfo

QUERIES_A_CALL = 500  # AWS's own limits
_POINTS_A_CALL = 100_800
METRICS_AT_MOST = 4  # of one function without provisioned concurrency
_HOUR_S, _DAY_S = 3_600, 86_400
_LAMBDA, _LOGS = "AWS/Lambda", "AWS/Logs"


@dataclass(frozen=True, slots=True)
class MonthStep:
    """What a call has brought: whatever is whole by now, and how far it is.

    total: calls that it takes as far as is known; functions that turn out to have run take more.
    """

    found: PlaceMonth
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A function, and the first day (ordinal) that is wanted of it."""

    function: FunctionInfo
    since: int


@dataclass(slots=True, eq=False)
class _Thing:
    """One function, log group or qualifier, while its series come."""

    store: str
    key: Any
    since: int
    pending: int = 0
    sums: dict[str, dict[int, float]] = field(default_factory=dict)
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class _Query:
    thing: _Thing
    what: str
    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    stat: str = "Sum"
    period_s: int = _DAY_S

    def to_params(self, query_id: str) -> dict[str, Any]:
        return {
            "Id": query_id,
            "MetricStat": {
                "Metric": {
                    "Namespace": self.namespace,
                    "MetricName": self.metric,
                    "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions],
                },
                "Period": self.period_s,
                "Stat": self.stat,
            },
        }

    def points(self, days: int) -> int:
        return days * _DAY_S // self.period_s


async def fetch_month(gateway: Gateway, asked: Sequence[Asked]) -> AsyncIterator[MonthStep]:
    """Ask for the days from each one's `since` to now, call by call, as many metrics in each as AWS takes.

    Only functions that ran are asked for more than their invocations. Days are UTC's. Raises UserError; what
    came before stays valid.
    """
    concurrency = await fetch_provisioned(gateway)
    fetch = _Fetch(gateway, asked, concurrency)
    done = 0
    while fetch.queue:
        found = await fetch.ask_next()
        done += 1
        yield MonthStep(found, done, done + -(-len(fetch.queue) // QUERIES_A_CALL))


def most_pages(functions: int) -> int:
    """Pages of 500 metrics that `fetch_names` asks for at most; an alias or a version has some of its own."""
    return 10 + functions // 50


async def fetch_names(gateway: Gateway, most_pages: int) -> tuple[frozenset[str], bool]:
    """The functions that ran in the last two weeks, deleted ones among them, and whether these are all.

    Each page is a request to CloudWatch, which it bills. Where they may not be listed, none is known.
    """
    params: dict[str, Any] = {
        "Namespace": _LAMBDA,
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "FunctionName"}],
    }
    found: set[str] = set()
    pages, is_whole = 0, False
    try:
        async for reply in _pages(gateway, "cloudwatch", "ListMetrics", "NextToken", "NextToken", **params):
            for metric in reply.get("Metrics") or ():
                named = {each.get("Name"): str(each.get("Value")) for each in metric.get("Dimensions") or ()}
                found.add(named.get("FunctionName", ""))
            pages, is_whole = pages + 1, not reply.get("NextToken")
            if pages == most_pages:
                break
    except UserError as error:
        if error.kind is not ErrorKind.DENIED:
            raise
    # Lambda@Edge counts its replicas as "us-east-1.name", which no function of this region is called.
    return frozenset(name for name in found if name and "." not in name), is_whole


async def fetch_provisioned(gateway: Gateway) -> dict[tuple[str, str], int] | None:
    """What is configured by (function, qualifier), of those that had any in the last two weeks; None: denied.

    Metrics name them in a call or two, so that not each function has to be asked. One whose configuration
    is gone has 0.
    """
    try:
        names = await _list_provisioned(gateway)
        configured: dict[tuple[str, str], int] = dict.fromkeys(names, 0)
        for function in sorted({name for name, _ in names}):
            configured |= await _fetch_configured(gateway, function)
    except UserError as error:
        if error.kind is ErrorKind.DENIED:
            return None
        raise
    return configured


async def _list_provisioned(gateway: Gateway) -> list[tuple[str, str]]:
    params: dict[str, Any] = {"Namespace": _LAMBDA, "MetricName": "ProvisionedConcurrencyUtilization"}
    found: dict[tuple[str, str], None] = {}
    async for reply in _pages(gateway, "cloudwatch", "ListMetrics", "NextToken", "NextToken", **params):
        for metric in reply.get("Metrics") or ():
            named = {each.get("Name"): str(each.get("Value")) for each in metric.get("Dimensions") or ()}
            function, _, qualifier = named.get("Resource", "").partition(":")
            if set(named) == {"FunctionName", "Resource"} and qualifier:
                found[function, qualifier] = None
    return list(found)


async def _fetch_configured(gateway: Gateway, function: str) -> dict[tuple[str, str], int]:
    operation = "ListProvisionedConcurrencyConfigs"
    found: dict[tuple[str, str], int] = {}
    try:
        async for reply in _pages(
            gateway, "lambda", operation, "Marker", "NextMarker", FunctionName=function
        ):
            for entry in reply.get("ProvisionedConcurrencyConfigs") or ():
                qualifier = str(entry.get("FunctionArn", "")).rpartition(":")[2]
                amount = entry.get("RequestedProvisionedConcurrentExecutions") or 0
                found[function, qualifier] = int(amount)
    except UserError as error:
        if error.kind is not ErrorKind.NOT_FOUND:  # deleted meanwhile
            raise
    return found


async def _pages(
    gateway: Gateway, service: str, operation: str, ask: str, given: str, **params: Any
) -> AsyncIterator[Mapping[str, Any]]:
    seen: set[str] = set()
    while True:
        reply = await gateway.call(service, operation, **params)
        yield reply
        token = str(reply.get(given) or "")
        if not token:
            return
        if token in seen:
            raise missing(service, operation, f"new {given}")
        seen.add(token)
        params[ask] = token


class _Fetch:
    def __init__(
        self, gateway: Gateway, asked: Sequence[Asked], concurrency: dict[tuple[str, str], int] | None
    ) -> None:
        self.queue: deque[_Query] = deque()
        self._gateway = gateway
        self._concurrency = concurrency
        self._functions: dict[str, FunctionInfo] = {}
        self._groups: dict[str, _Thing] = {}
        # Those of which less is wanted come last, so that few calls ask for more days than that.
        for each in sorted(asked, key=lambda each: each.since):
            name = each.function.name
            self._functions[name] = each.function
            self._add(_Thing("functions", name, each.since), INVOCATIONS, _LAMBDA, "Invocations", _of(name))
        for function, qualifier in concurrency or ():
            if function not in self._functions:
                continue
            since = min(each.since for each in asked if each.function.name == function)
            thing = _Thing("provisioned", (function, qualifier), since)
            named = (*_of(function), ("Resource", f"{function}:{qualifier}"))
            self._add(thing, INVOCATIONS, _LAMBDA, "ProvisionedConcurrencyInvocations", named)
            self._add(
                thing, HOURS, _LAMBDA, "ProvisionedConcurrencyUtilization", named, "SampleCount", _HOUR_S
            )

    def _add(self, thing: _Thing, *rest: Any) -> None:
        thing.pending += 1
        self.queue.append(_Query(thing, *rest))

    async def ask_next(self) -> PlaceMonth:
        """One call, to its last page; returns the things of which nothing is pending any more."""
        now_ms = self._gateway.server_now_ms
        queries = self._take(now_ms)
        since = min(query.thing.since for query in queries)
        await self._ask(queries, (since - EPOCH) * _DAY_S, -(-now_ms // HOUR_MS) * _HOUR_S)
        found = PlaceMonth(concurrency=self._concurrency)
        for query in queries:
            thing = query.thing
            thing.pending -= 1
            if thing.store == "functions" and query.what == INVOCATIONS and thing.sums.get(INVOCATIONS):
                self._ask_more(thing)
            if not thing.pending:
                counted = Counted(now_ms, thing.since, thing.sums, thing.is_complete)
                getattr(found, thing.store)[thing.key] = counted
        return found

    def _take(self, now_ms: int) -> list[_Query]:
        taken = [self.queue.popleft()]
        days = day_of(now_ms) - taken[0].thing.since + 1
        points = taken[0].points(days)
        while self.queue and len(taken) < QUERIES_A_CALL:
            points += self.queue[0].points(days)
            if points > _POINTS_A_CALL:
                break
            taken.append(self.queue.popleft())
        return taken

    def _ask_more(self, thing: _Thing) -> None:
        self._add(thing, ERRORS, _LAMBDA, "Errors", _of(thing.key))
        self._add(thing, DURATION_MS, _LAMBDA, "Duration", _of(thing.key))
        group = self._functions[thing.key].log_group_name
        if group not in self._groups:
            logs = self._groups[group] = _Thing("logs", group, thing.since)
            self._add(logs, BYTES, _LOGS, "IncomingBytes", (("LogGroupName", group),))

    async def _ask(self, queries: Sequence[_Query], start_s: int, end_s: int) -> None:
        params: dict[str, Any] = {
            "MetricDataQueries": [query.to_params(f"q{number}") for number, query in enumerate(queries)],
            "StartTime": datetime.fromtimestamp(start_s, UTC),
            "EndTime": datetime.fromtimestamp(end_s, UTC),
            "ScanBy": "TimestampAscending",
        }
        complete = [False] * len(queries)
        async for reply in _pages(
            self._gateway, "cloudwatch", "GetMetricData", "NextToken", "NextToken", **params
        ):
            results = reply.get("MetricDataResults")
            if not isinstance(results, list):
                raise missing("cloudwatch", "GetMetricData", "MetricDataResults")
            _take_results(results, queries, complete)
        for query, is_complete in zip(queries, complete, strict=True):
            query.thing.is_complete = query.thing.is_complete and is_complete


def _take_results(
    results: Iterable[Mapping[str, Any]], queries: Sequence[_Query], complete: list[bool]
) -> None:
    for result in results:
        number = str(result.get("Id", ""))[1:]
        if not number.isdecimal() or int(number) >= len(queries):
            continue
        query = queries[int(number)]
        # PartialData with a token is followed by the rest; the last status stands.
        complete[int(number)] = result.get("StatusCode") == "Complete"
        days = query.thing.sums.setdefault(query.what, {})
        for moment, value in zip(result.get("Timestamps") or (), result.get("Values") or (), strict=False):
            day = day_of(int(moment.timestamp() * 1000))
            if isfinite(value) and value and day >= query.thing.since:
                # An hour in which there was any sample is an hour.
                days[day] = days.get(day, 0.0) + (1.0 if query.what == HOURS else value)


def _of(function: str) -> tuple[tuple[str, str], ...]:
    return (("FunctionName", function),)
