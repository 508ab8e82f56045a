"""Every source gives an event that is made of what its trigger tells, and says what is made up."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambdadesk.aws.triggers.merge import PRINCIPALS
from lambdadesk.aws.triggers.table import EVERY
from lambdadesk.core.event_templates import get_template
from lambdadesk.core.trigger_events.build import build_event
from lambdadesk.core.triggers import Mode, Trigger
from tests.core.trigger_event_rig import CONTEXT, HERE, build, load, tell


def test_a_bucket_with_its_notification() -> None:
    event = build(
        "S3",
        "photos",
        "arn:aws:s3:::photos",
        events="s3:ObjectCreated:*",
        prefix="uploads/",
        suffix=".jpg",
        configuration="new-photos",
    )
    record = load(event)["Records"][0]
    assert event.template_key == "s3-put"
    assert record["awsRegion"] == "eu-west-1"
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["bucket"]["arn"] == "arn:aws:s3:::photos"
    assert record["s3"]["configurationId"] == "new-photos"
    assert record["s3"]["object"]["key"] == "uploads/example.jpg"
    assert (
        "key: prefix uploads/ and suffix .jpg come from the notification's filter; the name is made up."
        in event.assumed
    )


@pytest.mark.parametrize(
    ("events", "key", "name"),
    [
        ("s3:ObjectRemoved:*", "s3-delete", "ObjectRemoved:Delete"),
        ("s3:ObjectRemoved:DeleteMarkerCreated", "s3-delete", "ObjectRemoved:DeleteMarkerCreated"),
        ("s3:ObjectCreated:Copy s3:ObjectRemoved:*", "s3-put", "ObjectCreated:Copy"),
        ("s3:ObjectTagging:*", "s3-put", "ObjectTagging:Put"),
        ("s3:LifecycleExpiration:Delete", "s3-delete", "LifecycleExpiration:Delete"),
        ("s3:ReducedRedundancyLostObject", "s3-put", "ReducedRedundancyLostObject"),
        ("", "s3-put", "ObjectCreated:Put"),
    ],
)
def test_the_event_of_a_bucket_is_one_that_is_notified(events: str, key: str, name: str) -> None:
    event = build("S3", "photos", "arn:aws:s3:::photos", events=events)
    assert event.template_key == key
    assert load(event)["Records"][0]["eventName"] == name
    assert ("eventName" in tell(event)) == (events.count("s3:") != 1 or events.endswith("*"))


def test_region_and_account_come_from_the_trigger() -> None:
    arn = "arn:aws-cn:sqs:cn-north-1:000000000000:work"
    record = load(build("SQS", "work", arn))["Records"][0]
    assert record["eventSourceARN"] == arn
    assert record["awsRegion"] == "cn-north-1"
    event = load(
        build("EventBridge", "r", "arn:aws:events:us-east-1:000000000000:rule/r", schedule="rate(1 day)")
    )
    assert (event["account"], event["region"]) == ("000000000000", "us-east-1")
    assert event["resources"] == ["arn:aws:events:us-east-1:000000000000:rule/r"]
    assert event["detail-type"] == "Scheduled Event"


@pytest.mark.parametrize(
    ("source", "name", "resource", "filter", "key", "real"),
    [
        ("SNS", "t", "sns:t", "", "sns-notification", ":123456789012:t"),
        ("ALB", "g", "elasticloadbalancing:targetgroup/g/1", "web", "alb-request", "web-"),
        ("VPC Lattice", "tg-1", "vpc-lattice:targetgroup/tg-1", "", "lattice-v2", "/tg-1"),
        (
            "CloudFront",
            "d.cloudfront.net",
            "",
            "origin-response img/*",
            "cloudfront-origin-response",
            "/img/example",
        ),
        ("AppSync", "shop", "appsync:apis/abc", "authorizer", "appsync-authorizer", '"abc"'),
        ("AppSync", "shop", "appsync:apis/abc", "orders", "appsync-resolver", ""),
        ("Cognito", "u", "cognito-idp:userpool/p_1", "UserMigration", "cognito-migrate-user", '"p_1"'),
        ("Cognito", "u", "", "PreTokenGeneration, PreTokenGenerationConfig", "cognito-pre-token-v2", ""),
        ("Cognito", "u", "", "PreSignUp, CustomMessage", "cognito-pre-sign-up", ""),
        ("Cognito Sync", "eu-west-1:x", "", "SyncTrigger", "cognito-sync", '"eu-west-1:x"'),
        ("IoT", "r", "", "SELECT a.b, topic(2) AS device FROM 'x/#'", "iot-message", '"device": "example"'),
        ("CloudWatch Logs", "/app", "", "everything", "logs-subscription", ""),
        ("CloudWatch alarm", "a", "cloudwatch:alarm:a", "OK", "alarm", '"value": "OK"'),
        ("CloudWatch dashboard", "d", "", "", "dashboard-widget", '"dashboardName": "d"'),
        ("SES", "r", "", "example.com", "ses-receipt", "example@example.com"),
        ("Config", "r", "", "ScheduledNotification", "config-scheduled", '"configRuleName": "r"'),
        ("Config", "r", "", "ConfigurationItemChangeNotification, X", "config-change", ""),
        ("CodeCommit", "c", "codecommit:c", "updateReference main", "codecommit-push", "heads/main"),
        ("CodePipeline", "p", "", "Deploy/Call", "codepipeline-job", '"p/SourceOutp'),
        ("Step Functions", "m", "", "Pay", "stepfunctions-task", ""),
        (
            "Lambda destination",
            "a:live",
            "lambda:function:a:live",
            "on failure",
            "destination-failure",
            "function:a:$LATEST",
        ),
        (
            "Lambda destination",
            "a",
            "lambda:function:a",
            "on success",
            "destination-success",
            "function:a:$LATEST",
        ),
        ("Secrets Manager", "s", "secretsmanager:secret:s-AbCdEf", "", "secrets-create", "secret:s-AbCdEf"),
        ("Firehose", "f", "firehose:deliverystream/f", "", "firehose-transform", "deliverystream/f"),
        ("S3 Batch Operations", "j", "s3:job/n-1", "", "s3-batch-v1", '"id": "n-1"'),
        ("S3 Object Lambda", "p", "s3-object-lambda:accesspoint/p", "", "s3-object-lambda", "accesspoint/p"),
        ("Lex", "B/x", "lex:bot-alias/B/A", "de_DE, en_US", "lex-v2", '"localeId": "de_DE"'),
        ("Connect", "i", "connect:instance/i", "", "connect-flow", "instance/i"),
        ("Bedrock", "A", "bedrock:agent/A", "group", "bedrock-function", '"actionGroup": "group"'),
        ("Bedrock", "f", "bedrock:flow/F", "flow", "bedrock-flow", "flow/F"),
        ("CloudFormation", "s", "cloudformation:stack/s/1", "Setup2", "cloudformation-create", "Setup2"),
        ("SageMaker", "j", "", "consolidation", "sagemaker-post", ""),
        ("SageMaker", "j", "", "before the task", "sagemaker-pre", ""),
        ("Mail Manager", "r", "", "x", "empty", ""),
    ],
)
def test_other_sources(source: str, name: str, resource: str, filter: str, key: str, real: str) -> None:
    service, _, rest = resource.partition(":")
    arn = f"arn:aws:{service}:{HERE}:{rest}" if resource else ""
    event = build(source, name, arn, filter=filter)
    load(event)
    assert event.template_key == key
    assert real in event.text
    assert event.assumed


def test_words_of_a_log_filter_are_in_the_message() -> None:
    event = build("CloudWatch Logs", "all log groups", filter="ERROR timeout")
    assert "logGroup" in tell(event)
    assert "words of the filter" in tell(event)


def test_every_source_gives_an_event_even_where_only_a_permission_is_known() -> None:
    known = {lookup.source for lookup in EVERY} | {name for name, _ in PRINCIPALS.values()}
    for source in sorted(
        {*known, "SQS", "Kinesis", "DynamoDB", "MSK", "Kafka", "MQ", "DocumentDB", "AWS account"}
    ):
        for name, arn in (("any", ""), ("*", "arn:aws:s3:::*"), ("x", ""), ("", "odd")):
            event = build(source, name, arn)
            load(event)
            assert event.assumed or (source, event.template_key) == ("Scheduler", "scheduler")
            assert get_template(event.template_key)
            assert all(each[0] and each.endswith(".") for each in event.assumed), event.assumed
            if name in ("any", "*"):
                assert "more than one source" in event.assumed[0]


WORDS = st.sampled_from(
    ["source", "detail-type", "detail", "resources", "bucket", "name", "object", "body", "event", "dynamodb"]
)
MATCHERS = st.sampled_from(
    ["aws.s3", "Object Deleted", "x", {"exists": True}, {"exists": False}, {"prefix": "a"}]
)
PATTERNS = st.recursive(
    st.lists(MATCHERS, min_size=1, max_size=2),
    lambda inner: (
        st.dictionaries(WORDS, inner, max_size=3)
        | st.lists(st.dictionaries(WORDS, inner, min_size=1), min_size=1, max_size=2).map(
            lambda each: {"$or": each}
        )
    ),
    max_leaves=6,
)
SOURCES = [
    "EventBridge",
    "SQS",
    "DynamoDB",
    "DocumentDB",
    "Kinesis",
    "MQ",
    "MSK",
    "Pipes",
    "S3",
    "API Gateway",
    "IoT",
]


@example("EventBridge", {"detail": {"bucket": ["x"]}}, "", "")
@example("EventBridge", {"detail": ["x"], "detail-type": {"a": ["x"]}}, "", "")
@example("EventBridge", {"$or": [{"resources": [{"exists": False}]}]}, "", "")
@given(st.sampled_from(SOURCES), PATTERNS, st.text(max_size=20), st.text(max_size=20))
def test_an_odd_trigger_still_gives_an_event(source: str, pattern: Any, text: str, other: str) -> None:
    odd = {"route": text, "stage": other, "kind": "HTTP API", "events": text, "prefix": other, "source": text}
    if isinstance(pattern, dict) and other < "m":
        pattern = {**pattern, "source": ["aws.s3"]}
    patterns = [json.dumps(pattern), text]
    for details in (
        {"pattern": patterns[0], "patterns": json.dumps(patterns)},
        {"pattern": patterns[0], "input_path": f"$.{text}"},
        {"patterns": text, "schedule": text, **odd},
    ):
        event = build_event(
            Trigger("k", source, text, Mode.POLLED, (), other, filter=text, details=details), CONTEXT
        )
        json.loads(event.text)
