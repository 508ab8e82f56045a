"""The trigger scan on the sample account: everything confirmed, until its source is taken away."""

from datetime import UTC, datetime

import pytest

from lambdadesk.aws.triggers.scan import scan
from lambdadesk.core.connections import Guard
from lambdadesk.core.event_filters import FilterVerdict, check_filters
from lambdadesk.core.event_templates import EventContext
from lambdadesk.core.trigger_events.build import build_event
from lambdadesk.core.trigger_events.plan import get_patterns
from lambdadesk.core.triggers import Answer, DestinationKind, Mode, Trigger, TriggerScanState, Verdict
from lambdadesk.core.types import FunctionInfo
from lambdadesk.local.account import SeededAccount
from lambdadesk.local.clients import Clients
from tests.local.running import open_gateway

# What MiniStack does not have.
MISSING = {
    "AgentCore",
    "CodeCommit",
    "CodePipeline",
    "Connect",
    "Lex",
    "Mail Manager",
    "S3 Batch Operations",
    "S3 Object Lambda",
    "SageMaker",
    "VPC Lattice",
}
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"


async def look(url: str, function: str, *, deep: bool = False) -> TriggerScanState:
    # Read-only, so that a look that is none is refused.
    async with open_gateway(url, Guard.READ_ONLY) as gateway:
        found = await scan(gateway, FunctionInfo(function, ARN + function), lambda _: None, deep=deep)
    failed = {step.source for step in found.steps if step.answer not in (Answer.OK, Answer.NOT_ASKED)}
    assert failed <= (MISSING if deep else set())
    return found


async def look_for_one(url: str, function: str, *, deep: bool = False) -> Trigger:
    (trigger,) = (await look(url, function, deep=deep)).triggers
    return trigger


@pytest.mark.parametrize(
    ("function", "source", "name", "mode"),
    [
        ("image-thumbnailer", "S3", "holiday-pictures", Mode.PUSH_ASYNC),
        ("post-commit-notice", "SNS", "post-commits", Mode.PUSH_ASYNC),
        ("order-worker", "SQS", "orders", Mode.POLLED),
        ("clickstream-aggregator", "Kinesis", "clickstream", Mode.POLLED),
        ("stock-auditor", "DynamoDB", "stock", Mode.POLLED),
        ("heartbeat", "EventBridge", "heartbeat-every-minute", Mode.PUSH_ASYNC),
        ("orders-api", "API Gateway", "orders", Mode.PUSH_SYNC),
        ("sign-up-check", "Cognito", "customers", Mode.PUSH_SYNC),
    ],
)
async def test_a_sample_trigger_is_confirmed_from_both_sides(
    account: SeededAccount, url: str, function: str, source: str, name: str, mode: Mode
) -> None:
    trigger = await look_for_one(url, function)
    assert (trigger.source, trigger.name, trigger.mode) == (source, name, mode)
    assert trigger.verdict is Verdict.CONFIRMED
    assert len({evidence.call for evidence in trigger.evidence}) == 2
    assert (trigger.uuid != "") is (mode is Mode.POLLED)


async def test_a_mapping_tells_its_state_batch_and_dead_letter_queue(
    account: SeededAccount, url: str
) -> None:
    found = await look(url, "order-worker")
    (trigger,) = found.triggers
    assert (trigger.state, trigger.batch_size, trigger.batch) == ("Enabled", 10, "10")
    (queue,) = found.destinations
    assert (queue.kind, queue.service, queue.name) == (
        DestinationKind.DEAD_LETTER,
        "SQS",
        "orders-dead-letters",
    )
    assert queue.source == trigger.key


async def test_filters_schedules_and_patterns_are_told(account: SeededAccount, url: str) -> None:
    bucket = await look_for_one(url, "image-thumbnailer")
    assert bucket.filter == "s3:ObjectCreated:* prefix incoming/"
    assert bucket.details.items() >= {"events": "s3:ObjectCreated:*", "prefix": "incoming/"}.items()
    rule = await look_for_one(url, "heartbeat")
    assert rule.filter == 'rate(1 minute) {"source": ["sample.monitor"]}'
    assert rule.details == {"schedule": "rate(1 minute)", "pattern": '{"source": ["sample.monitor"]}'}
    assert rule.state == "Enabled"
    api = await look_for_one(url, "orders-api")
    assert api.filter == "GET /orders, POST /orders, GET /orders/{id}"
    assert (api.details["kind"], api.details["route"]) == ("HTTP API", "GET /orders")
    assert (await look_for_one(url, "sign-up-check")).filter == "PreSignUp"


@pytest.mark.parametrize(
    ("function", "key", "real"),
    [
        ("image-thumbnailer", "s3-put", '"key": "incoming/example"'),
        ("post-commit-notice", "sns-notification", ":000000000000:post-commits"),
        ("order-worker", "sqs-message", "arn:aws:sqs:us-east-1:000000000000:orders"),
        ("clickstream-aggregator", "kinesis-record", "stream/clickstream"),
        ("stock-auditor", "dynamodb-insert", "table/stock/stream/"),
        ("heartbeat", "eventbridge-event", '"source": "sample.monitor"'),
        ("orders-api", "apigateway-http", '"rawPath": "/orders"'),
        ("sign-up-check", "cognito-pre-sign-up", '"PreSignUp_SignUp"'),
    ],
)
async def test_an_event_for_a_sample_trigger_holds_what_is_real_of_it(
    account: SeededAccount, url: str, function: str, key: str, real: str
) -> None:
    trigger = await look_for_one(url, function)
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function}"
    place = ("000000000000", "us-east-1", "aws", function, arn)
    event = build_event(trigger, EventContext(*place, datetime(2026, 1, 2, tzinfo=UTC), lambda: "id"))
    assert event.template_key == key
    assert real in event.text
    assert event.assumed
    assert check_filters(trigger.source, get_patterns(trigger), event.text).verdict is FilterVerdict.PASSES


async def test_a_function_without_triggers_has_none(account: SeededAccount, url: str) -> None:
    found = await look(url, "hello")
    assert found.triggers == ()
    assert found.done == found.total


async def test_a_custom_resource_is_found_by_a_deep_scan(account: SeededAccount, url: str) -> None:
    assert (await look(url, "stack-greeter")).triggers == ()
    trigger = await look_for_one(url, "stack-greeter", deep=True)
    assert (trigger.source, trigger.name, trigger.filter) == ("CloudFormation", "greetings", "Greeting")
    assert trigger.verdict is Verdict.CONFIRMED


@pytest.mark.parametrize("function", ["image-thumbnailer", "orders-api", "sign-up-check", "order-worker"])
async def test_a_deep_scan_finds_nothing_twice(account: SeededAccount, url: str, function: str) -> None:
    assert (await look_for_one(url, function, deep=True)).verdict is Verdict.CONFIRMED


async def test_what_waits_for_a_deep_scan_is_said(account: SeededAccount, url: str) -> None:
    found = await look(url, "hello")
    waiting = [step for step in found.steps if step.answer is Answer.NOT_ASKED]
    assert {"Step Functions", "Scheduler", "CloudFormation"} <= {step.source for step in waiting}
    assert all(step.is_deep and step.text for step in waiting)
    deep = await look(url, "hello", deep=True)
    assert [step for step in deep.steps if step.answer is Answer.NOT_ASKED] == []
    assert deep.done == deep.total == len(deep.steps)


async def test_a_verdict_changes_when_its_source_is_deleted(
    account: SeededAccount, clients: Clients, url: str
) -> None:
    """The last test: it takes the queue, the bucket and the topic away."""
    before = {
        name: await look_for_one(url, name)
        for name in ("order-worker", "image-thumbnailer", "post-commit-notice")
    }
    assert {trigger.verdict for trigger in before.values()} == {Verdict.CONFIRMED}
    clients.get("sqs").delete_queue(QueueUrl=account.queue_url)
    s3 = clients.get("s3")
    for each in s3.list_objects_v2(Bucket=account.bucket).get("Contents", []):
        s3.delete_object(Bucket=account.bucket, Key=each["Key"])
    s3.delete_bucket(Bucket=account.bucket)
    clients.get("sns").delete_topic(TopicArn=account.topic_arn)
    for name, earlier in before.items():
        trigger = await look_for_one(url, name)
        assert trigger.verdict is Verdict.PERMITTED_ONLY
        assert trigger.verdict_text == "permitted only (source gone)"
        assert (trigger.key, trigger.source, trigger.name) == (earlier.key, earlier.source, earlier.name)
        assert [evidence.answer for evidence in trigger.evidence] == [Answer.OK, Answer.GONE]
