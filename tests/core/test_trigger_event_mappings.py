"""Events of queues, streams and tables fit the filters of their mappings."""

import base64
import json

import pytest

from lambdadesk.core.trigger_events.build import build_event
from lambdadesk.core.triggers import Mode, Trigger
from tests.core.trigger_event_rig import CONTEXT, HERE, build, load, tell


@pytest.mark.parametrize(
    ("source", "arn", "name", "key"),
    [
        ("SQS", f"arn:aws:sqs:{HERE}:work", "body", "sqs-message"),
        ("Kinesis", f"arn:aws:kinesis:{HERE}:stream/work", "data", "kinesis-record"),
        ("MSK", f"arn:aws:kafka:{HERE}:cluster/work/abc-1", "value", "msk-record"),
        ("Kafka", "", "value", "kafka-record"),
        ("MQ", f"arn:aws:mq:{HERE}:broker:work:b-1", "data", "mq-active"),
    ],
)
def test_a_mapping_s_filter_shapes_the_payload(source: str, arn: str, name: str, key: str) -> None:
    pattern = {name: {"status": ["paid"], "total": [{"numeric": [">", 100]}]}}
    event = build(source, "work", arn, patterns=json.dumps([json.dumps(pattern), "{}"]))
    assert event.template_key == key
    assert f"{name}.total: 101 is chosen; the pattern wants a number > 100." in event.assumed
    if source == "SQS":
        assert load(event)["Records"][0]["body"] == '{"status":"paid","total":101}'
    if source == "Kinesis":
        data = load(event)["Records"][0]["kinesis"]["data"]
        assert base64.b64decode(data) == b'{"status":"paid","total":101}'
    if source != "Kinesis":
        event = build(source, "work", arn, patterns=json.dumps([json.dumps({name: [{"prefix": "Re: "}]})]))
    assert "made up" in tell(build(source, "work", arn))


def test_queues_and_topics_of_mappings() -> None:
    fifo = build("SQS", "work.fifo", f"arn:aws:sqs:{HERE}:work.fifo")
    assert load(fifo)["Records"][0]["attributes"]["MessageGroupId"]
    kafka = load(build("Kafka", "broker.example.com:9092", topic="bought"))
    assert kafka["bootstrapServers"] == "broker.example.com:9092"
    assert [*kafka["records"]] == ["bought-0"]
    rabbit = load(build("MQ", "b", f"arn:aws:mq:{HERE}:broker:b:b-1", queue="bought", virtual_host="/shop"))
    assert [*rabbit["rmqMessagesByQueue"]] == ["bought::/shop"]
    active = load(build("MQ", "b", f"arn:aws:mq:{HERE}:broker:b:b-1", queue="bought"))
    assert active["messages"][0]["destination"] == {"physicalName": "bought"}


def test_records_of_tables_and_collections_fit_their_filter() -> None:
    arn = f"arn:aws:dynamodb:{HERE}:table/bought/stream/2026-01-01T00:00:00.000"
    pattern = {"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"state": {"S": ["paid"]}}}}
    event = build("DynamoDB", "bought", arn, patterns=json.dumps([json.dumps(pattern)]))
    record = load(event)["Records"][0]
    assert event.template_key == "dynamodb-modify"
    assert record["eventSourceARN"] == arn
    assert record["dynamodb"]["NewImage"]["state"] == {"S": "paid"}
    remove = build("DynamoDB", "t", arn, patterns=json.dumps(['{"eventName": ["REMOVE"]}']))
    assert remove.template_key == "dynamodb-remove"
    for pattern in ({"operationType": ["update"]}, {"event": {"operationType": ["update"]}}):
        event = build(
            "DocumentDB",
            "shop",
            f"arn:aws:rds:{HERE}:cluster:shop",
            database="d",
            collection="c",
            patterns=json.dumps([json.dumps(pattern)]),
        )
        change = load(event)["events"][0]["event"]
        assert change["operationType"] == "update"
        assert change["ns"] == {"db": "d", "coll": "c"}


def test_a_filter_that_can_t_be_read_is_said_and_not_obeyed() -> None:
    trigger = Trigger("k", "SQS", "q", Mode.POLLED, (), details={"patterns": '["{"]'})
    assert "The pattern can't be used: it is not JSON." in build_event(trigger, CONTEXT).assumed
    trigger = Trigger("k", "DynamoDB", "t", Mode.POLLED, (), details={"patterns": '["{"]'})
    assert "The pattern can't be used: it is not JSON." in build_event(trigger, CONTEXT).assumed
    trigger = Trigger("k", "EventBridge", "r", Mode.POLLED, (), details={"pattern": "{"})
    assert "The pattern can't be used: it is not JSON." in build_event(trigger, CONTEXT).assumed
