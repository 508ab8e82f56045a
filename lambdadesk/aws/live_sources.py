"""What each source of events holds just now, made into the event that it would send."""

import base64
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote_plus

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.triggers.arns import FunctionArn, get_name
from lambdadesk.core.arns import get_part
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event_templates import EventContext, render_template
from lambdadesk.core.trigger_events.build import build_event
from lambdadesk.core.triggers import Trigger

_MOST_PAGES: Final = 5  # of a bucket, 1,000 keys each
_MOST_SHARDS: Final = 5
_MOST_READS: Final = 10  # of a stream, all shards together
_RECORDS: Final = 100  # of one read
_LOOK_BACK: Final = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
_EXAMPLE: Final = "1001"  # for a parameter in a path
_SOCKET_TEMPLATES: Final = {
    "$connect": "apigateway-websocket-connect",
    "$disconnect": "apigateway-websocket-disconnect",
}


class LiveRefusedError(UserError):
    """A peek would take one of the receives after which a message goes to the dead-letter queue.

    can_accept: whether there is another receive left after it, so that a person may decide.
    """

    def __init__(self, message: str, hint: str, *, can_accept: bool) -> None:
        super().__init__(message, hint, kind=ErrorKind.INVALID)
        self.can_accept = can_accept


@dataclass(slots=True)
class Asking:
    """One look at the source of one trigger; it counts its calls."""

    gateway: Gateway
    trigger: Trigger
    context: EventContext
    accepts_receive: bool
    confirmed: bool
    _made: Counter[str] = field(default_factory=Counter)

    async def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        self._made[f"{service}:{operation}"] += 1
        return await self.gateway.call(service, operation, confirmed=self.confirmed, **params)

    @property
    def calls(self) -> tuple[str, ...]:
        return tuple(tell_calls(name, count) for name, count in self._made.items())

    def names_function(self, arn: object) -> bool:
        """Whether an ARN is that of the function with the trigger's qualifier."""
        function = FunctionArn(self.context.function_arn)
        return function.find(arn) == self.trigger.qualifier


def tell_calls(name: str, count: int) -> str:
    """An operation, and how often it was called where that was more than once."""
    return name if count == 1 else f"{name} ({count} times)"


# -- S3


async def _look_at_bucket(asking: Asking) -> tuple[str, str]:
    bucket = asking.trigger.name
    reply = await asking.call("s3", "GetBucketNotificationConfiguration", Bucket=bucket)
    entries = [
        entry
        for entry in reply.get("LambdaFunctionConfigurations") or []
        if asking.names_function(entry.get("LambdaFunctionArn"))
    ]
    if not entries:
        raise _nothing(
            f"No notification of {bucket} names this function any more.", "Scan the triggers again."
        )
    entry = next((each for each in entries if _get_event_name(each).startswith("ObjectC")), entries[0])
    prefix, suffix = _get_limits(entry)
    newest: Mapping[str, Any] | None = None
    seen, token = 0, ""
    for _page in range(_MOST_PAGES):
        more = {"ContinuationToken": token} if token else {}
        page = await asking.call("s3", "ListObjectsV2", Bucket=bucket, Prefix=prefix, MaxKeys=1000, **more)
        for each in page.get("Contents") or []:
            seen += 1
            if str(each.get("Key", "")).endswith(suffix) and (
                newest is None or each["LastModified"] > newest["LastModified"]
            ):
                newest = each
        token = str(page.get("NextContinuationToken") or "")
        if not token:
            break
    where = " ".join(
        part for part in (prefix and f"under {prefix}", suffix and f"ending in {suffix}") if part
    )
    if newest is None:
        of = f" among the first {seen:,} keys" if token else ""
        raise _nothing(
            f"{bucket} has no object{f' {where}' if where else ''}{of}.", "Put one there, or edit a template."
        )
    note = (
        f"The newest of the first {seen:,} keys; there are more."
        if token
        else f"The newest of {seen:,} keys."
    )
    name = _get_event_name(entry)
    if not name.startswith("ObjectC"):
        note += f" As if it were told by {name}."
    return _to_s3_event(asking.context, bucket, str(entry.get("Id", "")), name, newest), note


def _get_event_name(entry: Mapping[str, Any]) -> str:
    events = [str(each) for each in entry.get("Events") or []] or ["s3:ObjectCreated:*"]
    name = next((each for each in events if "ObjectCreated" in each), events[0]).removeprefix("s3:")
    usual = {"ObjectCreated:*": "ObjectCreated:Put", "ObjectRemoved:*": "ObjectRemoved:Delete"}
    return usual.get(name, name)


def _get_limits(entry: Mapping[str, Any]) -> tuple[str, str]:
    rules = ((entry.get("Filter") or {}).get("Key") or {}).get("FilterRules") or []
    limits = {str(each.get("Name", "")).lower(): str(each.get("Value", "")) for each in rules}
    return limits.get("prefix", ""), limits.get("suffix", "")


def _to_s3_event(
    context: EventContext, bucket: str, configuration: str, name: str, item: Mapping[str, Any]
) -> str:
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": context.region,
        "eventTime": to_iso(item["LastModified"]),
        "eventName": name,
        "userIdentity": {"principalId": "EXAMPLE"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "EXAMPLE", "x-amz-id-2": "EXAMPLE"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration,
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "EXAMPLE"},
                "arn": f"arn:{context.partition}:s3:::{bucket}",
            },
            "object": {
                "key": quote_plus(str(item["Key"]), safe="/"),
                "size": item.get("Size", 0),
                "eTag": str(item.get("ETag", "")).strip('"'),
                "sequencer": "0055AED6DCD90281E5",
            },
        },
    }
    return _to_text({"Records": [record]})


# -- SQS


async def _peek_at_queue(asking: Asking) -> tuple[str, str]:
    arn, name = asking.trigger.arn, asking.trigger.name
    found = await asking.call("sqs", "GetQueueUrl", QueueName=name, QueueOwnerAWSAccountId=get_part(arn, 4))
    url = str(found.get("QueueUrl", ""))
    reply = await asking.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])
    attributes = reply.get("Attributes") or {}
    most, dead_letters = _get_redrive(attributes)
    if most is not None:
        _check_receive(asking, name, most, dead_letters)
    reply = await asking.call(
        "sqs",
        "ReceiveMessage",
        QueueUrl=url,
        MaxNumberOfMessages=1,
        VisibilityTimeout=0,
        WaitTimeSeconds=1,  # asks all of the queue's servers
        AttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    messages = reply.get("Messages") or []
    if not messages:
        count = attributes.get("ApproximateNumberOfMessages", "0")
        hint = "Lambda may just be taking them." if count != "0" else "Send one, or edit a template."
        raise _nothing(f"No message of {name} could be seen (it has about {count}).", hint)
    received = int((messages[0].get("Attributes") or {}).get("ApproximateReceiveCount", 1))
    note = "The message is still in the queue. Its receipt handle is left out, so that nothing can delete it."
    if most is not None:
        note += f" It was received {received} of {most} times; each peek counts."
        if received >= most:
            note += f" The next receive moves it to {dead_letters}."
    elif attributes.get("FifoQueue") == "true":
        times = "once" if received == 1 else f"{received} times"
        note += f" It was received {times}; each peek counts."
    return _to_sqs_event(asking.context, arn, messages[0]), note


def _get_redrive(attributes: Mapping[str, Any]) -> tuple[int | None, str]:
    """After how many receives a message goes, and where to; None: never."""
    try:
        policy = json.loads(attributes.get("RedrivePolicy") or "{}")
        return int(policy["maxReceiveCount"]), get_name(str(policy.get("deadLetterTargetArn", "")))
    except (ValueError, KeyError, TypeError):
        return None, ""


def _check_receive(asking: Asking, name: str, most: int, dead_letters: str) -> None:
    """How often a message was received is told with the message alone: any peek may be the last one."""
    after = f"{name} moves a message to {dead_letters} after {most} receives, and a peek counts as one"
    if most <= 1:
        raise LiveRefusedError(
            f"{after}.", "Edit a template, or copy a message that you sent.", can_accept=False
        )
    if not asking.accepts_receive:
        raise LiveRefusedError(
            f"{after}. It could move one that failed before.",
            "Peek all the same, or edit a template.",
            can_accept=True,
        )


def _to_sqs_event(context: EventContext, arn: str, message: Mapping[str, Any]) -> str:
    record = {
        "messageId": message.get("MessageId", ""),
        "receiptHandle": "left-out-by-LambdaDesk",
        "body": message.get("Body", ""),
        "attributes": message.get("Attributes") or {},
        "messageAttributes": {
            name: _to_message_attribute(value)
            for name, value in (message.get("MessageAttributes") or {}).items()
        },
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": context.region,
    }
    return _to_text({"Records": [record]})


def _to_message_attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    if "StringValue" in value:
        found = {"stringValue": value["StringValue"], **found}
    if "BinaryValue" in value:
        found = {"binaryValue": _encode(value["BinaryValue"]), **found}
    return found | {"dataType": value.get("DataType", "String")}


# -- Kinesis


async def _look_at_stream(asking: Asking) -> tuple[str, str]:
    arn = asking.trigger.arn.partition("/consumer/")[0]
    name = get_name(arn)
    listed = await asking.call("kinesis", "ListShards", StreamName=name, MaxResults=_MOST_SHARDS + 1)
    every = [str(each["ShardId"]) for each in listed.get("Shards") or []]
    shards = every[:_MOST_SHARDS]
    reads, is_cut = 0, False
    for look_back in _LOOK_BACK:
        newest: tuple[datetime, str, Mapping[str, Any]] | None = None
        is_cut = False
        for shard in shards:
            started = await asking.call(
                "kinesis",
                "GetShardIterator",
                StreamName=name,
                ShardId=shard,
                ShardIteratorType="AT_TIMESTAMP",  # what comes after LATEST is not there yet
                Timestamp=asking.context.now - look_back,
            )
            iterator = started.get("ShardIterator")
            while iterator and reads < _MOST_READS:
                reads += 1
                page = await asking.call("kinesis", "GetRecords", ShardIterator=iterator, Limit=_RECORDS)
                for record in page.get("Records") or []:
                    at = record["ApproximateArrivalTimestamp"]
                    if newest is None or at >= newest[0]:
                        newest = at, shard, record
                iterator = page.get("NextShardIterator") if page.get("MillisBehindLatest") else None
            is_cut = is_cut or bool(iterator)
        if newest is not None:
            note = f"The newest record of the last {tell_time(look_back)} that was read."
            if is_cut:
                note += f" There are newer ones, beyond {reads} reads."
            if len(every) > len(shards):
                note += f" Only {_MOST_SHARDS} shards were looked at."
            return _to_kinesis_event(asking.context, arn, newest[1], newest[2]), note
        if is_cut:
            break
    of = f" in {len(shards)} of its shards" if len(every) > len(shards) else ""
    if is_cut:
        raise _nothing(f"{reads} reads of {name} found no record{of}.", "There may be some; try again.")
    raise _nothing(f"{name} had no record within the last hour{of}.", "Put one there, or edit a template.")


def _to_kinesis_event(context: EventContext, arn: str, shard: str, record: Mapping[str, Any]) -> str:
    sequence = str(record.get("SequenceNumber", ""))
    entry = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.get("PartitionKey", ""),
            "sequenceNumber": sequence,
            "data": _encode(record.get("Data", b"")),
            "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:{context.partition}:iam::{context.account}:role/EXAMPLE",
        "awsRegion": context.region,
        "eventSourceARN": arn,
    }
    return _to_text({"Records": [entry]})


# -- DynamoDB


async def _look_at_table(asking: Asking) -> tuple[str, str]:
    arn = asking.trigger.arn
    name = get_name(arn)
    table = (await asking.call("dynamodb", "DescribeTable", TableName=name)).get("Table") or {}
    reply = await asking.call("dynamodb", "Scan", TableName=name, Limit=1)
    items = reply.get("Items") or []
    if not items:
        raise _nothing(f"The table {name} has no item.", "Put one there, or edit a template.")
    keys = [str(each["AttributeName"]) for each in table.get("KeySchema") or []]
    view = str((table.get("StreamSpecification") or {}).get("StreamViewType") or "NEW_AND_OLD_IMAGES")
    item = _to_plain(items[0])
    change: dict[str, Any] = {
        "ApproximateCreationDateTime": int(asking.context.now.timestamp()),
        "Keys": {key: item[key] for key in keys if key in item},
    }
    if "NEW" in view:
        change["NewImage"] = item
    change |= {
        "SequenceNumber": "111",
        "SizeBytes": len(json.dumps(change, ensure_ascii=False).encode()),
        "StreamViewType": view,
    }
    record = {
        "eventID": asking.context.new_id().replace("-", ""),
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": asking.context.region,
        "dynamodb": change,
        "eventSourceARN": arn,
    }
    return _to_text(
        {"Records": [record]}
    ), f"An item of {name}, as if it had just been inserted; view {view}."


def _to_plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return _encode(value)
    if isinstance(value, dict):
        return {key: _to_plain(inner) for key, inner in value.items()}
    return [_to_plain(inner) for inner in value] if isinstance(value, list | set | tuple) else value


# -- EventBridge, Scheduler, API Gateway


async def _look_at_rule(asking: Asking) -> tuple[str, str]:
    trigger = asking.trigger
    parts = get_part(trigger.arn, 5).split("/")  # rule/NAME or rule/BUS/NAME
    bus = parts[1] if len(parts) == 3 else "default"
    rule = await asking.call("events", "DescribeRule", Name=trigger.name, EventBusName=bus)
    reply = await asking.call("events", "ListTargetsByRule", Rule=trigger.name, EventBusName=bus)
    targets = [each for each in reply.get("Targets") or [] if asking.names_function(each.get("Arn"))]
    target = targets[0] if targets else {}
    details = {
        "pattern": rule.get("EventPattern"),
        "schedule": rule.get("ScheduleExpression"),
        "input": target.get("Input"),
        "input_path": target.get("InputPath"),
        "input_template": (target.get("InputTransformer") or {}).get("InputTemplate"),
    }
    known = {name: str(value) for name, value in details.items() if value}
    found = build_event(replace(trigger, details=known), asking.context)
    what = next((name for name in ("input", "pattern", "schedule") if name in known), "name")
    notes = [f"Made of the {what} of the rule on bus {bus}.", *found.assumed]
    if not targets:
        notes.insert(1, "The rule does not have this function as a target any more.")
    return found.text, " ".join(notes)


async def _look_at_schedule(asking: Asking) -> tuple[str, str]:
    group = asking.trigger.arn.rpartition("schedule/")[2].partition("/")[0] or "default"
    schedule = await asking.call("scheduler", "GetSchedule", Name=asking.trigger.name, GroupName=group)
    text = str((schedule.get("Target") or {}).get("Input") or "")
    if not text:
        values = {"schedule": asking.trigger.name, "schedule_arn": asking.trigger.arn}
        return render_template("scheduler", asking.context, values), "The schedule has no input of its own."
    note = "The input of the schedule."
    if "<aws.scheduler." in text:
        note += " Its <aws.scheduler...> words stand for values that Scheduler fills in."
    return text, note


async def _look_at_api(asking: Asking) -> tuple[str, str]:
    api = get_part(asking.trigger.arn, 5).strip("/").split("/")[-1]
    route = asking.trigger.filter.split(", ")[0].partition(" (stage ")[0]
    is_rest = False
    try:
        found = (await asking.call("apigatewayv2", "GetStages", ApiId=api)).get("Items") or []
        stages = [str(each.get("StageName", "")) for each in found]
    except UserError as error:
        if error.kind is not ErrorKind.NOT_FOUND:
            raise
        found = (await asking.call("apigateway", "GetStages", restApiId=api)).get("item") or []
        stages, is_rest = [str(each.get("stageName", "")) for each in found], True
    more = "" if len(stages) == 1 else f" Its stages: {', '.join(stages)}." if stages else " It has no stage."
    note = f"The route {route} of the API {api}.{more}"
    values: dict[str, str | int] = {"api_id": api, **({"stage": stages[0]} if stages else {})}
    method, _, path = route.rpartition(" ")
    if not path.startswith("/"):  # of a WebSocket API, or the catch-all of an HTTP API
        key = _SOCKET_TEMPLATES.get(route, "apigateway-websocket-message")
        if route == "$default":
            key, values["route_key"] = "apigateway-http", route
        elif key == "apigateway-websocket-message":
            values["route_key"] = route
        return render_template(key, asking.context, values), note
    names = re.findall(r"\{([^}+]+)\+?\}", path)
    values |= {
        "method": "GET" if method in ("", "ANY", "*") else method,
        "path": re.sub(r"\{[^}]*\}", _EXAMPLE, path),
        "path_parameters": json.dumps(dict.fromkeys(names, _EXAMPLE)) if names else "",
        **({"resource": path} if is_rest else {"route_key": route}),
    }
    key = "apigateway-rest" if is_rest else "apigateway-http"
    return render_template(key, asking.context, values), note


LOOKS: Final[Mapping[str, Callable[[Asking], Awaitable[tuple[str, str]]]]] = {
    "S3": _look_at_bucket,
    "SQS": _peek_at_queue,
    "Kinesis": _look_at_stream,
    "DynamoDB": _look_at_table,
    "EventBridge": _look_at_rule,
    "Scheduler": _look_at_schedule,
    "API Gateway": _look_at_api,
}


def _nothing(message: str, hint: str) -> UserError:
    return UserError(message, hint, kind=ErrorKind.NOT_FOUND)


def _encode(data: Any) -> str:
    return base64.b64encode(bytes(data)).decode()


def _to_text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def to_iso(at: datetime) -> str:
    """As AWS writes it: "2026-01-02T03:04:05.678Z"."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def tell_time(time: timedelta) -> str:
    """What "the last" goes before: "minute", "10 minutes", "hour"."""
    minutes = round(time.total_seconds() / 60)
    return "hour" if minutes == 60 else "minute" if minutes == 1 else f"{minutes} minutes"
