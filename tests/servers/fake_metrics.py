"""The CloudWatch and tagging half of FakeAws."""

import math
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from tests.servers.faults import Reply, error_reply, json_reply

QUERIES_A_CALL = 500
METRICS_PAGE = 500
LISTED_S = 14 * 24 * 3600
TAGS_PAGE = 100
_DIMENSIONS = {"AWS/Lambda": "FunctionName", "AWS/Logs": "LogGroupName"}
_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "SampleCount": len,
    "Average": lambda values: sum(values) / len(values),
    **{
        f"p{share}": lambda values, share=share: sorted(values)[math.ceil(share * len(values) / 100) - 1]
        for share in (50, 95, 99)
    },
}


class FakeMetrics:
    """Metrics of AWS/Lambda and tags of functions, and the answers to the calls that read them."""

    def __init__(self) -> None:
        # (function, "function:qualifier" or log group, metric): (epoch seconds, value) of each datum
        self.metrics: defaultdict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
        self.metrics_page_points = 100_800
        self.clock_hours = False  # True: periods begin with the clock's hours, as MiniStack's do
        self.tags: dict[str, dict[str, str]] = {}  # by ARN

    def get_metric_data(self, params: dict[str, Any]) -> Reply:
        queries = params["MetricDataQueries"]
        if len(queries) > QUERIES_A_CALL:
            return error_reply(400, "ValidationError", "The collection MetricDataQueries is too large")
        room, skip = self.metrics_page_points, int(params.get("NextToken", 0))
        results, left_off = [], False
        at = 0
        for query in queries:
            points = self._get_points(query["MetricStat"], params["StartTime"], params["EndTime"])
            mine = points[max(0, skip - at) : max(0, skip + room - at)]
            at += len(points)
            is_cut = bool(points) and at > skip + room
            left_off = left_off or is_cut
            if skip and not mine and not is_cut:
                continue
            results.append(
                {
                    "Id": query["Id"],
                    "Label": query["Id"],
                    "Timestamps": [moment for moment, _ in mine],
                    "Values": [value for _, value in mine],
                    "StatusCode": "PartialData" if is_cut else "Complete",
                }
            )
        return json_reply(
            {"MetricDataResults": results} | ({"NextToken": str(skip + room)} if left_off else {})
        )

    def _get_points(self, asked: dict[str, Any], start_s: float, end_s: float) -> list[tuple[float, float]]:
        metric, period_s = asked["Metric"], asked["Period"]
        named = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
        subject = named.get("Resource") or named[_DIMENSIONS[metric["Namespace"]]]
        origin_s = 0 if self.clock_hours else start_s
        periods: defaultdict[float, list[float]] = defaultdict(list)
        for at_s, value in self.metrics.get((subject, metric["MetricName"]), []):
            if start_s <= at_s < end_s:
                periods[origin_s + (at_s - origin_s) // period_s * period_s].append(value)
        return [(at_s, _STATISTICS[asked["Stat"]](periods[at_s])) for at_s in sorted(periods)]

    def list_metrics(self, params: dict[str, Any]) -> Reply:
        """As AWS: the functions, versions and aliases that had a metric within two weeks."""
        since_s = time.time() - LISTED_S
        found = [
            {
                "Namespace": params["Namespace"],
                "MetricName": params["MetricName"],
                "Dimensions": [
                    {"Name": "FunctionName", "Value": subject.partition(":")[0]},
                    *([{"Name": "Resource", "Value": subject}] if ":" in subject else []),
                ],
            }
            for (subject, metric), points in self.metrics.items()
            if metric == params["MetricName"] and any(at_s > since_s for at_s, _ in points)
        ]
        start = int(params.get("NextToken") or 0)
        more = {"NextToken": str(start + METRICS_PAGE)} if start + METRICS_PAGE < len(found) else {}
        return json_reply({"Metrics": found[start : start + METRICS_PAGE], **more})

    def get_resources(self, params: dict[str, Any]) -> Reply:
        """As AWS: only what has, or had, a tag."""
        assert params["ResourceTypeFilters"] == ["lambda:function"]
        size = params.get("ResourcesPerPage", TAGS_PAGE)
        if size > TAGS_PAGE:
            return error_reply(400, "InvalidParameterException", "ResourcesPerPage is too large")
        start = int(params.get("PaginationToken") or 0)
        page = [
            {
                "ResourceARN": arn,
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
            for arn, tags in list(self.tags.items())[start : start + size]
        ]
        more = start + size < len(self.tags)
        return json_reply(
            {"ResourceTagMappingList": page, "PaginationToken": str(start + size) if more else ""}
        )
