"""Live data of the sources that MiniStack has; afterwards they are as they were."""

import base64
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from lambdadesk.aws.live_events import fetch_live_event, fetch_logged_event
from lambdadesk.aws.live_sources import LiveRefusedError
from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event_templates import EventContext
from lambdadesk.core.triggers import Mode, Trigger
from lambdadesk.core.types import FunctionInfo
from lambdadesk.local.clients import Clients
from tests.local.running import create_function, open_gateway, wait_until

ACCOUNT = "000000000000"
NAME = "target"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{NAME}"


@pytest.fixture(scope="module")
def clients(clients: Clients) -> Clients:
    create_function(clients, NAME, "def handler(event, context):\n    print(event)\n    return 1\n")
    return clients


def make_context() -> EventContext:
    now = datetime.now(UTC)
    return EventContext(ACCOUNT, "us-east-1", "aws", NAME, ARN, now, lambda: str(uuid.uuid4()))


def make_trigger(source: str, name: str, arn: str, mode: Mode = Mode.POLLED, **more: Any) -> Trigger:
    return Trigger("key", source, name, mode, (), arn=arn, **more)


def make_queue(clients: Clients, name: str, **attributes: str) -> tuple[str, Trigger]:
    queue_url = clients.get("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return queue_url, make_trigger("SQS", name, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")


async def look(url: str, trigger: Trigger, **options: bool) -> tuple[dict[str, Any], str, tuple[str, ...]]:
    async with open_gateway(url) as gateway:
        found = await fetch_live_event(gateway, trigger, make_context(), **options)
    return json.loads(found.text)["Records"][0], found.note, found.calls


async def test_the_newest_object_under_the_prefix(clients: Clients, url: str) -> None:
    s3 = clients.get("s3")
    s3.create_bucket(Bucket="pictures")
    trigger = make_trigger("S3", "pictures", "arn:aws:s3:::pictures", Mode.PUSH_ASYNC)
    configuration = {
        "Id": "thumbnails",
        "LambdaFunctionArn": ARN,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {
            "Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".jpg"}]}
        },
    }
    with pytest.raises(UserError, match="names this function any more") as caught:
        await look(url, trigger)
    assert caught.value.kind is ErrorKind.NOT_FOUND
    s3.put_bucket_notification_configuration(
        Bucket="pictures", NotificationConfiguration={"LambdaFunctionConfigurations": [configuration]}
    )
    with pytest.raises(UserError, match=r"pictures has no object under in/ ending in \.jpg\."):
        await look(url, trigger)
    for key in ("in/old.jpg", "in/a photo+1 ä.jpg"):
        s3.put_object(Bucket="pictures", Key=key, Body=b"12345")
        second = int(datetime.now(UTC).timestamp())  # S3 tells whole ones
        wait_until(lambda second=second: int(datetime.now(UTC).timestamp()) > second, "another second")
    for key in ("out/newer.jpg", "in/newer.txt"):
        s3.put_object(Bucket="pictures", Key=key, Body=b"1")
    record, note, calls = await look(url, trigger)
    assert record["s3"]["object"]["key"] == "in/a+photo%2B1+%C3%A4.jpg"
    assert (record["s3"]["object"]["size"], record["s3"]["bucket"]["name"]) == (5, "pictures")
    assert (record["eventName"], record["s3"]["configurationId"]) == ("ObjectCreated:Put", "thumbnails")
    assert note == "The newest of 3 keys."
    assert calls == ("s3:GetBucketNotificationConfiguration", "s3:ListObjectsV2")


async def test_a_message_stays_in_its_queue(clients: Clients, url: str) -> None:
    queue_url, trigger = make_queue(clients, "orders")
    with pytest.raises(UserError, match=r"No message of orders could be seen \(it has about 0\)") as caught:
        await look(url, trigger)
    assert caught.value.kind is ErrorKind.NOT_FOUND
    sqs = clients.get("sqs")
    attributes = {
        "kind": {"DataType": "String", "StringValue": "new"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    sent = sqs.send_message(QueueUrl=queue_url, MessageBody='{"id": 1}', MessageAttributes=attributes)
    for count in (1, 2):
        record, note, calls = await look(url, trigger)
        assert (record["messageId"], record["body"]) == (sent["MessageId"], '{"id": 1}')
        assert record["attributes"]["ApproximateReceiveCount"] == str(count)
        assert record["messageAttributes"]["kind"]["stringValue"] == "new"
        assert record["messageAttributes"]["raw"]["binaryValue"] == "AP8="
        assert record["eventSourceARN"] == trigger.arn
        assert note.startswith("The message is still in the queue.")
        assert calls == ("sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
    (left,) = sqs.receive_message(QueueUrl=queue_url)["Messages"]
    assert left["MessageId"] == sent["MessageId"]
    assert left["ReceiptHandle"] not in json.dumps(record)


async def test_a_peek_that_could_move_a_message_is_refused(clients: Clients, url: str) -> None:
    sqs = clients.get("sqs")
    dead_url, _ = make_queue(clients, "dead")
    dead_arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"
    for most in (1, 3):
        redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": most})
        queue_url, trigger = make_queue(clients, f"retried-{most}", RedrivePolicy=redrive)
        sqs.send_message(QueueUrl=queue_url, MessageBody="{}")
        with pytest.raises(LiveRefusedError) as caught:
            await look(url, trigger)
        assert caught.value.message.startswith(
            f"retried-{most} moves a message to dead after {most} receives, and a peek counts as one."
        )
        assert caught.value.can_accept is (most > 1)
        if most == 1:
            with pytest.raises(LiveRefusedError):
                await look(url, trigger, accepts_receive=True)
    for count in (1, 2, 3):
        _, note, _ = await look(url, trigger, accepts_receive=True)
        assert f"It was received {count} of 3 times; each peek counts." in note
        assert ("The next receive moves it to dead." in note) is (count == 3)
    assert "Messages" not in sqs.receive_message(QueueUrl=dead_url)


async def test_a_fifo_queue_tells_that_peeks_count(clients: Clients, url: str) -> None:
    queue_url, trigger = make_queue(
        clients, "orders.fifo", FifoQueue="true", ContentBasedDeduplication="true"
    )
    clients.get("sqs").send_message(QueueUrl=queue_url, MessageBody="{}", MessageGroupId="g")
    record, note, _ = await look(url, trigger)
    assert record["attributes"]["MessageGroupId"] == "g"
    assert note.endswith("It was received once; each peek counts.")


async def test_to_receive_is_no_read_for_the_guard(clients: Clients, url: str) -> None:
    queue_url, trigger = make_queue(clients, "guarded")
    clients.get("sqs").send_message(QueueUrl=queue_url, MessageBody="{}")
    for guard in (Guard.READ_ONLY, Guard.PRODUCTION):
        async with open_gateway(url, guard) as gateway:
            with pytest.raises(UserError) as caught:
                await fetch_live_event(gateway, trigger, make_context())
            assert caught.value.kind is ErrorKind.DENIED
    async with open_gateway(url, Guard.PRODUCTION) as gateway:
        assert (await fetch_live_event(gateway, trigger, make_context(), confirmed=True)).text


async def test_the_newest_record_of_a_stream(clients: Clients, url: str) -> None:
    kinesis = clients.get("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=2)
    arn = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/clicks"
    trigger = make_trigger("Kinesis", "clicks", arn)
    with pytest.raises(UserError, match="clicks had no record within the last hour"):
        await look(url, trigger)
    for count in range(3):
        kinesis.put_record(StreamName="clicks", Data=f'{{"n": {count}}}'.encode(), PartitionKey=f"p{count}")
    record, note, calls = await look(url, trigger)
    assert record["kinesis"]["partitionKey"] == "p2"
    assert base64.b64decode(record["kinesis"]["data"]) == b'{"n": 2}'
    assert record["eventID"].startswith("shardId-")
    assert note == "The newest record of the last minute that was read."
    assert calls[0] == "kinesis:ListShards"
    consumer = make_trigger("Kinesis", "clicks", f"{arn}/consumer/fast:1")
    assert (await look(url, consumer))[0]["eventSourceARN"] == arn


async def test_an_item_as_the_record_of_its_stream(clients: Clients, url: str) -> None:
    dynamodb = clients.get("dynamodb")
    made = dynamodb.create_table(
        TableName="stock",
        AttributeDefinitions=[{"AttributeName": "sku", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "sku", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    trigger = make_trigger("DynamoDB", "stock", made["LatestStreamArn"])
    with pytest.raises(UserError, match="The table stock has no item"):
        await look(url, trigger)
    item = {"sku": {"S": "a"}, "count": {"N": "1.5"}, "raw": {"B": b"\x00\xff"}, "set": {"SS": ["x"]}}
    dynamodb.put_item(TableName="stock", Item=item)
    record, note, calls = await look(url, trigger)
    assert record["dynamodb"]["Keys"] == {"sku": {"S": "a"}}
    assert record["dynamodb"]["NewImage"] == {
        "sku": {"S": "a"},
        "count": {"N": "1.5"},
        "raw": {"B": "AP8="},
        "set": {"SS": ["x"]},
    }
    assert record["dynamodb"]["StreamViewType"] == "NEW_IMAGE"
    assert record["eventSourceARN"] == trigger.arn
    assert "view NEW_IMAGE" in note
    assert calls == ("dynamodb:DescribeTable", "dynamodb:Scan")


async def test_the_event_of_a_rule(clients: Clients, url: str) -> None:
    events = clients.get("events")
    for name, target_input in (("shop", {}), ("fixed", {"Input": '{"job": 1}'})):
        events.put_rule(Name=name, EventPattern='{"source": ["shop"], "detail": {"kind": ["order"]}}')
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": ARN, **target_input}])
    arn = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/"
    async with open_gateway(url, Guard.READ_ONLY) as gateway:
        made = await fetch_live_event(
            gateway, make_trigger("EventBridge", "shop", f"{arn}shop"), make_context()
        )
        fixed = await fetch_live_event(
            gateway, make_trigger("EventBridge", "fixed", f"{arn}fixed"), make_context()
        )
    assert json.loads(made.text)["detail"] == {"kind": "order"}
    assert json.loads(made.text)["source"] == "shop"
    assert made.note.startswith("Made of the pattern of the rule on bus default.")
    assert json.loads(fixed.text) == {"job": 1}
    assert fixed.note.startswith("Made of the input of the rule on bus default.")
    assert made.calls == ("events:DescribeRule", "events:ListTargetsByRule")


async def test_the_input_of_a_schedule(clients: Clients, url: str) -> None:
    scheduler = clients.get("scheduler")
    for name, target_input in (("nightly", {"Input": '{"job":  1.0}'}), ("bare", {})):
        scheduler.create_schedule(
            Name=name,
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": ARN, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/caller", **target_input},
        )
    arn = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/"
    async with open_gateway(url, Guard.READ_ONLY) as gateway:
        given = await fetch_live_event(
            gateway, make_trigger("Scheduler", "nightly", f"{arn}nightly"), make_context()
        )
        bare = await fetch_live_event(
            gateway, make_trigger("Scheduler", "bare", f"{arn}bare"), make_context()
        )
    assert (given.text, given.note) == ('{"job":  1.0}', "The input of the schedule.")
    assert f"{arn}bare" in bare.text
    assert bare.note == "The schedule has no input of its own."


async def test_the_last_event_in_the_log(clients: Clients, url: str) -> None:
    create_function(clients, "logs", "def handler(event, context):\n    print(event)\n")
    function = FunctionInfo("logs", f"{ARN}-logs")
    client = clients.get("lambda")
    async with open_gateway(url, Guard.READ_ONLY) as gateway:
        client.invoke(FunctionName=function.name, Payload=b'{"plain": true}')
        with pytest.raises(
            UserError, match=r"None of the \d+ lines of the last hour holds an event\."
        ) as caught:
            await fetch_logged_event(gateway, function, datetime.now(UTC))
        assert caught.value.kind is ErrorKind.NOT_FOUND
        event = {"detail-type": "Order", "source": "shop", "detail": {"n": 1, "flag": True}}
        client.invoke(FunctionName=function.name, Payload=json.dumps(event).encode())
        found = await fetch_logged_event(gateway, function, datetime.now(UTC))
    assert json.loads(found.text) == event
    assert "secrets in it would be sent again" in found.note
    assert found.calls == ("logs:FilterLogEvents",)
