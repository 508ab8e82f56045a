"""One function's metrics over time. GetMetricData costs $0.01 for 1,000 metrics: 5 of them are asked for."""

from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

from lambdadesk.aws.failures import missing
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.metric_curve import MetricCurve

METRICS: Final = (
    ("Invocations", "Sum"),
    ("Errors", "Sum"),
    ("Duration", "Average"),
    ("Duration", "p50"),
    ("Duration", "p99"),
)


async def fetch_metric_curve(
    gateway: Gateway, function: str, start_s: int, end_s: int, period_s: int
) -> MetricCurve:
    """The periods from `start_s` to `end_s` (epoch seconds), from a round one on. Raises UserError."""
    start_s -= start_s % period_s
    count = max(1, -(-(end_s - start_s) // period_s))
    values: list[dict[int, float]] = [{} for _metric in METRICS]
    statuses = ["Complete"] * len(METRICS)
    params: dict[str, Any] = {
        "MetricDataQueries": [
            {
                "Id": f"q{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/Lambda",
                        "MetricName": name,
                        "Dimensions": [{"Name": "FunctionName", "Value": function}],
                    },
                    "Period": period_s,
                    "Stat": stat,
                },
            }
            for number, (name, stat) in enumerate(METRICS)
        ],
        "StartTime": datetime.fromtimestamp(start_s, UTC),
        "EndTime": datetime.fromtimestamp(start_s + count * period_s, UTC),
        "ScanBy": "TimestampAscending",
    }
    tokens: set[str] = set()
    while True:
        reply = await gateway.call("cloudwatch", "GetMetricData", **params)
        results = reply.get("MetricDataResults")
        if not isinstance(results, list):
            raise missing("cloudwatch", "GetMetricData", "MetricDataResults")
        for result in results:
            number = str(result.get("Id", ""))[1:]
            if not number.isdecimal() or int(number) >= len(METRICS):
                continue
            statuses[int(number)] = str(result.get("StatusCode") or "")
            points = zip(result.get("Timestamps") or (), result.get("Values") or (), strict=False)
            for moment, value in points:
                at = int((moment.timestamp() - start_s) // period_s)
                if 0 <= at < count and isfinite(value):
                    values[int(number)][at] = float(value)
        token = str(reply.get("NextToken") or "")
        if not token:
            break
        if token in tokens:
            raise missing("cloudwatch", "GetMetricData", "new NextToken")
        tokens.add(token)
        params["NextToken"] = token
    invocations, errors, average, median, high = values
    has_percentiles = bool(median) or not average
    periods = range(count)
    return MetricCurve(
        start_s,
        period_s,
        tuple(invocations.get(at, 0.0) for at in periods),
        tuple(errors.get(at, 0.0) for at in periods),
        tuple((median if has_percentiles else average).get(at) for at in periods),
        tuple(high.get(at) if has_percentiles else None for at in periods),
        has_percentiles,
        all(status == "Complete" for status in statuses),
    )
