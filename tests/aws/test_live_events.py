"""Live data as far as MiniStack does not go: long lists, refusals, API Gateway."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.credentials import KeySource
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.live_events import ACTIONS, LiveEvent, fetch_live_event, fetch_logged_event, get_offer
from lambdadesk.core.connections import AccessKey
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event_templates import EventContext
from lambdadesk.core.secret import Secret
from lambdadesk.core.triggers import Mode, Trigger
from lambdadesk.core.types import FunctionInfo, Target
from tests.servers import faults
from tests.servers.fake_services import FakeServices, xml_error

ACCOUNT = "000000000000"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CONTEXT = EventContext(ACCOUNT, "us-east-1", "aws", "f", ARN, NOW, lambda: "00000000-0000-4000-8000-00000000")


@pytest.fixture
def services() -> Iterator[FakeServices]:
    with FakeServices() as server:
        yield server


def make_trigger(source: str, service: str, resource: str, **more: Any) -> Trigger:
    arn = f"arn:aws:{service}:us-east-1:{ACCOUNT}:{resource}"
    return Trigger("key", source, resource.rpartition("/")[2], Mode.POLLED, (), arn=arn, **more)


BUCKET = Trigger("key", "S3", "pictures", Mode.PUSH_ASYNC, (), arn="arn:aws:s3:::pictures")
QUEUE = make_trigger("SQS", "sqs", "orders")


async def look(services: FakeServices, trigger: Trigger, **options: bool) -> LiveEvent:
    keys = KeySource(AccessKey("AKIA1", Secret("s")), services.url)
    limits = Limits(attempts=1)
    gateway = Gateway(Target("us-east-1", endpoint_url=services.url), limits, credentials=keys)
    try:
        if trigger.source == "log":
            return await fetch_logged_event(gateway, FunctionInfo("f", ARN), datetime.now(UTC))
        return await fetch_live_event(gateway, trigger, CONTEXT, **options)
    finally:
        await gateway.close()


async def test_a_large_bucket_is_read_in_part_and_that_is_said(services: FakeServices) -> None:
    function = f"<CloudFunction>{ARN}</CloudFunction>"
    events = "<Event>s3:ObjectRemoved:*</Event>"
    notifications = f"<CloudFunctionConfiguration>{function}{events}</CloudFunctionConfiguration>"
    page = "".join(
        f"<Contents><Key>k{number}</Key><LastModified>2026-01-0{number}T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;e&quot;</ETag><Size>1</Size></Contents>"
        for number in (1, 3, 2)
    )
    asked: list[str] = []

    def answer(params: dict[str, str]) -> bytes:
        if "list-type" not in params:
            return f"<NotificationConfiguration>{notifications}</NotificationConfiguration>".encode()
        asked.append(params.get("continuation-token", ""))
        more = f"<NextContinuationToken>t{len(asked)}</NextContinuationToken>"
        return f"<ListBucketResult>{page}{more}</ListBucketResult>".encode()

    services.answers["GetBucketNotificationConfiguration"] = answer
    found = await look(services, BUCKET)
    assert asked == ["", "t1", "t2", "t3", "t4"]
    record = json.loads(found.text)["Records"][0]
    assert (record["s3"]["object"]["key"], record["eventName"]) == ("k3", "ObjectRemoved:Delete")
    assert record["eventTime"] == "2026-01-03T00:00:00.000Z"
    assert found.note == (
        "The newest of the first 15 keys; there are more. As if it were told by ObjectRemoved:Delete."
    )
    assert found.calls == ("s3:GetBucketNotificationConfiguration", "s3:ListObjectsV2 (5 times)")


async def test_a_busy_stream_is_read_in_part_and_that_is_said(services: FakeServices) -> None:
    record = {
        "SequenceNumber": "1",
        "ApproximateArrivalTimestamp": 1767322800.5,
        "Data": "e30=",
        "PartitionKey": "p",
    }
    services.answers["ListShards"] = {"Shards": [{"ShardId": f"shardId-{n}"} for n in range(6)]}
    services.answers["GetShardIterator"] = {"ShardIterator": "i"}
    services.answers["GetRecords"] = {
        "Records": [record],
        "NextShardIterator": "n",
        "MillisBehindLatest": 5000,
    }
    found = await look(services, make_trigger("Kinesis", "kinesis", "stream/clicks"))
    assert len(services.requests("GetRecords")) == 10
    assert found.note == (
        "The newest record of the last minute that was read. There are newer ones, beyond 10 reads. "
        "Only 5 shards were looked at."
    )
    assert json.loads(found.text)["Records"][0]["kinesis"]["approximateArrivalTimestamp"] == 1767322800.5


@pytest.mark.parametrize(
    ("shards", "behind_ms", "message"),
    [
        (1, 0, "clicks had no record within the last hour."),
        (9, 0, "10 reads of clicks found no record in 5 of its shards."),
        (1, 9, "10 reads of clicks found no record."),
    ],
)
async def test_no_more_is_said_of_a_stream_than_was_read(
    services: FakeServices, shards: int, behind_ms: int, message: str
) -> None:
    services.answers["ListShards"] = {"Shards": [{"ShardId": f"shardId-{n}"} for n in range(shards)]}
    services.answers["GetShardIterator"] = {"ShardIterator": "i"}
    services.answers["GetRecords"] = {
        "Records": [],
        "NextShardIterator": "n",
        "MillisBehindLatest": behind_ms,
    }
    with pytest.raises(UserError) as caught:
        await look(services, make_trigger("Kinesis", "kinesis", "stream/clicks"))
    assert (caught.value.message, caught.value.kind) == (message, ErrorKind.NOT_FOUND)


@pytest.mark.parametrize(
    ("trigger", "operation", "action"),
    [
        (QUEUE, "GetQueueUrl", "sqs:GetQueueUrl"),
        (QUEUE, "GetQueueAttributes", "sqs:GetQueueAttributes"),
        (QUEUE, "ReceiveMessage", "sqs:ReceiveMessage"),
        (make_trigger("Kinesis", "kinesis", "stream/s"), "ListShards", "kinesis:ListShards"),
        (make_trigger("DynamoDB", "dynamodb", "table/t/stream/x"), "Scan", "dynamodb:Scan"),
        (make_trigger("Scheduler", "scheduler", "schedule/g/s"), "GetSchedule", "scheduler:GetSchedule"),
        (make_trigger("API Gateway", "execute-api", "abc"), "GetStages", "apigateway:GET"),
        (make_trigger("log", "logs", "x"), "FilterLogEvents", "logs:FilterLogEvents"),
    ],
)
async def test_a_denied_look_names_its_action(
    services: FakeServices, trigger: Trigger, operation: str, action: str
) -> None:
    services.answers["GetQueueUrl"] = {"QueueUrl": f"{services.url}/{ACCOUNT}/orders"}
    services.answers["DescribeTable"] = {"Table": {}}
    services.always(operation, faults.error(403, "AccessDeniedException", "no"))
    with pytest.raises(UserError) as caught:
        await look(services, trigger)
    assert (caught.value.kind, caught.value.action) == (ErrorKind.DENIED, action)
    if trigger.source != "log":
        assert action in ACTIONS[trigger.source]


async def test_a_denied_bucket_names_its_action(services: FakeServices) -> None:
    services.always("GetBucketNotificationConfiguration", xml_error(403, "AccessDenied"))
    with pytest.raises(UserError) as caught:
        await look(services, BUCKET)
    assert caught.value.action == "s3:GetBucketNotification"


async def test_the_route_and_stage_of_an_http_api(services: FakeServices) -> None:
    services.answers["GetStages"] = {"items": [{"stageName": "$default"}, {"stageName": "test"}]}
    trigger = make_trigger("API Gateway", "execute-api", "abc", filter="PUT /orders/{id}, GET /orders")
    found = await look(services, trigger)
    event = json.loads(found.text)
    assert (event["routeKey"], event["rawPath"]) == ("PUT /orders/{id}", "/orders/1001")
    assert event["requestContext"]["http"]["method"] == "PUT"
    assert event["requestContext"]["stage"] == "$default"
    assert event["pathParameters"] == {"id": "1001"}
    assert found.note == "The route PUT /orders/{id} of the API abc. Its stages: $default, test."


async def test_the_route_and_stage_of_a_rest_api(services: FakeServices) -> None:
    services.script("GetStages", faults.error(404, "NotFoundException"))
    services.answers["GetStages"] = {"item": [{"stageName": "live"}]}
    trigger = make_trigger("API Gateway", "execute-api", "abc", filter="ANY /{proxy+} (stage live)")
    found = await look(services, trigger)
    event = json.loads(found.text)
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/{proxy+}", "/1001", "GET")
    assert event["requestContext"]["stage"] == "live"
    assert found.calls == ("apigatewayv2:GetStages", "apigateway:GetStages")


@pytest.mark.parametrize(
    ("route", "key"), [("$connect", "CONNECT"), ("$disconnect", "DISCONNECT"), ("sendMessage", "MESSAGE")]
)
async def test_a_route_of_a_websocket_api(services: FakeServices, route: str, key: str) -> None:
    services.answers["GetStages"] = {"items": [{"stageName": "prod"}]}
    found = await look(services, make_trigger("API Gateway", "execute-api", "abc", filter=route))
    assert json.loads(found.text)["requestContext"]["eventType"] == key
    assert json.loads(found.text)["requestContext"]["routeKey"] == route


async def test_what_is_elsewhere_is_not_asked(services: FakeServices) -> None:
    trigger = Trigger("k", "SQS", "q", Mode.POLLED, (), arn=f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q")
    with pytest.raises(UserError, match="q is in eu-west-1"):
        await look(services, trigger)
    assert services.requests() == []


async def test_the_log_is_read_in_part(services: FakeServices) -> None:
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    event: dict[str, Any] = {"detail-type": "a", "source": "b", "detail": {}}
    asked: list[str] = []

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        asked.append(params.get("nextToken", ""))
        line = {
            "timestamp": now_ms - 1000 + len(asked),
            "message": json.dumps({**event, "detail": {"n": len(asked)}} if "source" in event else event),
            "logStreamName": "s",
            "eventId": str(len(asked)),
        }
        return {"events": [line], "nextToken": f"t{len(asked)}"}

    services.answers["FilterLogEvents"] = answer
    found = await look(services, make_trigger("log", "logs", "x"))
    assert len(asked) == 5
    assert json.loads(found.text)["detail"] == {"n": 5}
    assert "Only the first 5 lines of the last 10 minutes were read." in found.note
    event = {"no": "event"}
    with pytest.raises(UserError, match="None of the first 5 lines of the last hour holds an event"):
        await look(services, make_trigger("log", "logs", "x"))


def test_only_what_can_be_looked_at_is_offered() -> None:
    for source in ACTIONS:
        offer = get_offer(make_trigger(source, "x", "y"))
        assert offer is not None
        assert offer.title
        assert offer.text
    assert get_offer(make_trigger("SES", "ses", "y")) is None
    assert get_offer(Trigger("k", "Kafka", "n", Mode.POLLED, ())) is None
