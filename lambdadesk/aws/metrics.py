"""The last 24 hours of many functions, from CloudWatch's metrics.

GetMetricData costs $0.01 for 1,000 metrics. Each function takes 2 of them, and one that ran takes 5 more.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Any, TypeVar

from lambdadesk.aws.failures import missing, retell
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.cost import estimated_cost
from lambdadesk.core.errors import UserError
from lambdadesk.core.figures import HOURS, Figures
from lambdadesk.core.prices import PriceTable
from lambdadesk.core.types import FunctionInfo

_T = TypeVar("_T")
QUERIES_A_CALL = 500  # AWS's own limit
_HOUR_S = 3600
_DAY_S = HOURS * _HOUR_S
_ALIGNED_S = 300  # CloudWatch answers quicker where a window begins at a round time


@dataclass(frozen=True, slots=True)
class _Metric:
    name: str
    stat: str
    period_s: int = _DAY_S


_INVOCATIONS = _Metric("Invocations", "Sum", _HOUR_S)
_ERRORS = _Metric("Errors", "Sum", _HOUR_S)
_THROTTLES = _Metric("Throttles", "Sum")
_DURATION = _Metric("Duration", "Sum", _HOUR_S)
_P95 = _Metric("Duration", "p95")  # of the whole day: percentiles of hours can't be joined
_CONCURRENCY = _Metric("ConcurrentExecutions", "Maximum")
_RECURSIONS = _Metric("RecursiveInvocationsDropped", "Sum")
_OF_ALL = (_INVOCATIONS, _THROTTLES)
_OF_THOSE_THAT_RAN = (_ERRORS, _DURATION, _P95, _CONCURRENCY, _RECURSIONS)


@dataclass(slots=True)
class _Series:
    """The answer to one query: (seconds after the window's start, value) pairs."""

    points: list[tuple[float, float]] = field(default_factory=list)
    is_complete: bool = False

    @property
    def total(self) -> float:
        return sum(value for _, value in self.points)

    @property
    def peak(self) -> float | None:
        return max((value for _, value in self.points), default=None)

    @property
    def per_hour(self) -> tuple[float, ...]:
        hours = [0.0] * HOURS
        for at_s, value in self.points:
            # AWS counts hours from the window's start; MiniStack's are the clock's, so that the first of them
            # may begin before it.
            hours[min(max(int(at_s // _HOUR_S), 0), HOURS - 1)] += value
        return tuple(hours)

    @property
    def counts_per_hour(self) -> tuple[int, ...]:
        return tuple(map(round, self.per_hour))


_Answers = dict[tuple[str, _Metric], _Series]


async def fetch_figures(
    gateway: Gateway, functions: Sequence[FunctionInfo], prices: PriceTable
) -> AsyncIterator[dict[str, Figures]]:
    """Figures by function name, some hundred functions at a time, in the order of `functions`.

    All are of the same 24 hours. Where a later part fails, those before it stay valid: the UserError says so.
    """
    end_s = -(-gateway.server_now_ms // 1000 // _ALIGNED_S) * _ALIGNED_S
    for batch in _split(functions, QUERIES_A_CALL // len(_OF_ALL)):
        try:
            answers = await _ask(gateway, [function.name for function in batch], _OF_ALL, end_s)
            busy = [function.name for function in batch if answers[function.name, _INVOCATIONS].total]
            for names in _split(busy, QUERIES_A_CALL // len(_OF_THOSE_THAT_RAN)):
                answers |= await _ask(gateway, names, _OF_THOSE_THAT_RAN, end_s)
        except UserError as error:
            if batch[0] is functions[0]:
                raise
            message = f"Some functions have no new figures. {error.message}"
            raise retell(error, message, error.hint) from error
        region = gateway.target.region
        yield {
            function.name: _to_figures(function, answers, end_s * 1000, region, prices) for function in batch
        }


def _split(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _to_figures(
    function: FunctionInfo, answers: _Answers, end_ms: int, region: str, prices: PriceTable
) -> Figures:
    def get(metric: _Metric) -> _Series:
        return answers.get((function.name, metric)) or _Series(is_complete=True)

    invocations = round(get(_INVOCATIONS).total)
    duration_ms = get(_DURATION).total
    return Figures(
        end_ms=end_ms,
        invocations=invocations,
        errors=round(get(_ERRORS).total),
        throttles=round(get(_THROTTLES).total),
        duration_ms=duration_ms,
        p95_ms=get(_P95).peak,
        concurrency=round(get(_CONCURRENCY).peak or 0),
        recursions_stopped=round(get(_RECURSIONS).total),
        invocations_per_hour=get(_INVOCATIONS).counts_per_hour,
        errors_per_hour=get(_ERRORS).counts_per_hour,
        duration_ms_per_hour=get(_DURATION).per_hour,
        cost=estimated_cost(function, invocations, duration_ms, region, prices),
        is_complete=all(get(metric).is_complete for metric in (*_OF_ALL, *_OF_THOSE_THAT_RAN)),
    )


async def _ask(gateway: Gateway, names: Sequence[str], metrics: Sequence[_Metric], end_s: int) -> _Answers:
    """One GetMetricData over the day before `end_s`, to its last page."""
    asked = [(name, metric) for name in names for metric in metrics]
    answers = {key: _Series() for key in asked}
    params: dict[str, Any] = {
        "MetricDataQueries": [_build_query(f"q{number}", *key) for number, key in enumerate(asked)],
        "StartTime": datetime.fromtimestamp(end_s - _DAY_S, UTC),
        "EndTime": datetime.fromtimestamp(end_s, UTC),
        "ScanBy": "TimestampAscending",
    }
    tokens: set[str] = set()
    while True:
        reply = await gateway.call("cloudwatch", "GetMetricData", **params)
        results = reply.get("MetricDataResults")
        if not isinstance(results, list):
            raise missing("cloudwatch", "GetMetricData", "MetricDataResults")
        for result in results:
            _take(result, asked, answers, end_s - _DAY_S)
        token = str(reply.get("NextToken") or "")
        if not token:
            return answers
        if token in tokens:
            raise missing("cloudwatch", "GetMetricData", "new NextToken")
        tokens.add(token)
        params["NextToken"] = token


def _build_query(query_id: str, name: str, metric: _Metric) -> dict[str, Any]:
    return {
        "Id": query_id,
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Lambda",
                "MetricName": metric.name,
                "Dimensions": [{"Name": "FunctionName", "Value": name}],
            },
            "Period": metric.period_s,
            "Stat": metric.stat,
        },
    }


def _take(
    result: Mapping[str, Any], asked: Sequence[tuple[str, _Metric]], answers: _Answers, start_s: int
) -> None:
    """Add one page's part of one query. A metric without values was not counted: that is zero."""
    number = str(result.get("Id", ""))[1:]
    if not number.isdecimal() or int(number) >= len(asked):
        return
    series = answers[asked[int(number)]]
    # PartialData with a token is followed by the rest; the last status stands.
    series.is_complete = result.get("StatusCode") == "Complete"
    points = zip(result.get("Timestamps") or (), result.get("Values") or (), strict=False)
    series.points += [(moment.timestamp() - start_s, value) for moment, value in points if isfinite(value)]
