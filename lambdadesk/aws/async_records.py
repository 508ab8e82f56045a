"""Where the record of an asynchronous run went: looked for, never taken away."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from lambdadesk.aws import async_queue, async_store
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.logs import fetch_events
from lambdadesk.core.async_fate import Step, StepState, Wanted
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.platform import LineKind, parse_platform

# What may be called, each where a run's record went there.
ACTIONS: Final = (
    "events:ListRules",
    "events:TestEventPattern",
    "s3:GetObject",
    "s3:ListBucket",
    "sns:GetTopicAttributes",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
)

_RULES: Final = 50  # of a bus that are tried at most
_NEXT_START_MS: Final = 120_000


# What is known of the record, and whether looking again would tell nothing new.
Finding = tuple[Step, bool]


async def find_record(gateway: Gateway, arn: str, wanted: Wanted) -> Finding:
    """Look for a run's record at a destination or dead-letter queue; whatever fails is said in the step."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return _unknown("Its record went to what is no ARN", arn)
    service, region, name = parts[2], parts[3], parts[5]
    if region and region != gateway.target.region:
        return _unknown(f"Its record went to {name} in {region}", "Another region is not looked at.")
    look = _LOOKS.get(service)
    if look is None:
        return _unknown(f"Its record went to {arn}", "LambdaDesk can't look there.")
    try:
        return await look(gateway, arn, wanted)
    except UserError as error:
        is_final = error.kind in (ErrorKind.DENIED, ErrorKind.NOT_FOUND)
        title = f"Not known whether its record is in {_KINDS[service]} {name.rpartition(':')[2]}"
        return Step(title, StepState.UNKNOWN, None, str(error)), is_final


def _unknown(title: str, detail: str = "") -> Finding:
    return Step(title, StepState.UNKNOWN, None, detail), True


async def _look_at_topic(gateway: Gateway, arn: str, wanted: Wanted) -> Finding:
    name = arn.rpartition(":")[2]
    attributes = (await gateway.call("sns", "GetTopicAttributes", TopicArn=arn)).get("Attributes") or {}
    count = str(attributes.get("SubscriptionsConfirmed", "?"))
    failures = await _count_failed_deliveries(gateway, wanted)
    detail = f"Its subscriptions: {count}. A topic can't be read, so whether it came is not seen."
    if failures:
        words = f"Lambda reports {failures:.0f} failed deliveries since; the role may lack sns:Publish."
        return Step(f"Perhaps not published to the topic {name}", StepState.FAILED, None, words), True
    title = f"Published to the topic {name}, as far as is known"
    return Step(title, StepState.UNKNOWN, None, detail), True


async def _count_failed_deliveries(gateway: Gateway, wanted: Wanted) -> float:
    metric = {
        "Namespace": "AWS/Lambda",
        "MetricName": "DeadLetterErrors" if wanted.is_dead_letter else "DestinationDeliveryFailures",
        "Dimensions": [{"Name": "FunctionName", "Value": wanted.function}],
    }
    start_s = wanted.since_ms // 60_000 * 60
    reply = await gateway.call(
        "cloudwatch",
        "GetMetricData",
        MetricDataQueries=[{"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}],
        StartTime=start_s,
        EndTime=start_s + max(120, time.time() - start_s),
    )
    return sum(sum(result.get("Values") or ()) for result in reply.get("MetricDataResults") or ())


async def _look_at_bus(gateway: Gateway, arn: str, wanted: Wanted) -> Finding:
    """A bus keeps nothing that could be read, but its rules tell where the event goes on to."""
    bus = arn.rpartition("/")[2]
    event = json.dumps(_to_bus_event(arn, wanted))
    reply = await gateway.call("events", "ListRules", EventBusName=bus, Limit=_RULES)
    rules = [rule for rule in reply.get("Rules") or () if rule.get("EventPattern")]
    matching: list[str] = []
    for rule in rules:
        if rule.get("State") == "DISABLED":
            continue
        tested = await gateway.call(
            "events", "TestEventPattern", EventPattern=rule["EventPattern"], Event=event
        )
        if tested.get("Result"):
            matching.append(str(rule.get("Name", "")))
    more = " It has more rules than were tried." if reply.get("NextToken") else ""
    detail = f"None of its {len(rules)} rules takes such an event, so it went no further."
    if matching:
        detail = f"A bus can't be read. Rules that take such an event: {', '.join(matching)}."
    title = f"Sent to the bus {bus}, as far as is known"
    return Step(title, StepState.UNKNOWN, None, f"{detail}{more}"), True


def _to_bus_event(arn: str, wanted: Wanted) -> Mapping[str, Any]:
    region, account = arn.split(":")[3:5]
    result = "Success" if wanted.succeeded else "Failure"
    function_arn = f"arn:{arn.split(':')[1]}:lambda:{region}:{account}:function:{wanted.function}:$LATEST"
    return {
        "version": "0",
        "id": wanted.request_id,
        "detail-type": f"Lambda Function Invocation Result - {result}",
        "source": "lambda",
        "account": account,
        "time": datetime.fromtimestamp(wanted.since_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [arn, function_arn],
        "detail": {
            "version": "1.0",
            "requestContext": {
                "requestId": wanted.request_id,
                "functionArn": function_arn,
                "condition": "Success" if wanted.succeeded else "RetriesExhausted",
                "approximateInvokeCount": 1,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        },
    }


async def _look_at_function(gateway: Gateway, arn: str, wanted: Wanted) -> Finding:
    """Its log names its own request ids alone, so that a start right after is no more than likely."""
    name = arn.split(":")[6]
    group = f"/aws/lambda/{name}"
    end_ms = wanted.since_ms + _NEXT_START_MS
    starts: list[tuple[int, str]] = []
    async for page in fetch_events(gateway, group, wanted.since_ms, end_ms):
        for event in page.events:
            line = parse_platform(event.message)
            if line is not None and line.kind is LineKind.START:
                starts.append((event.timestamp_ms, line.request_id))
    if not starts:
        title = f"No run of {name} is in its log yet"
        return Step(title, StepState.WAITING, None, f"Looked at {group}."), False
    at_ms, request_id = min(starts)
    others = f"; {len(starts) - 1} more started after it" if len(starts) > 1 else ""
    detail = f"≈ Request {request_id}, the first that started since{others}. It may be another event's."
    return Step(f"{name} ran with its record, by the time", StepState.DONE, at_ms, detail), True


_KINDS: Final = {
    "sqs": "the queue",
    "sns": "the topic",
    "s3": "the bucket",
    "lambda": "the function",
    "events": "the bus",
}
_LOOKS: Final[dict[str, Callable[[Gateway, str, Wanted], Awaitable[Finding]]]] = {
    "sqs": async_queue.look,
    "sns": _look_at_topic,
    "s3": async_store.look,
    "lambda": _look_at_function,
    "events": _look_at_bus,
}
