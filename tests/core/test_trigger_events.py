import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambdadesk.aws.triggers.merge import PRINCIPALS
from lambdadesk.aws.triggers.table import EVERY
from lambdadesk.core.event_filters import FilterVerdict, check_filters
from lambdadesk.core.event_templates import EventContext, get_template
from lambdadesk.core.trigger_events.build import TriggerEvent, build_event
from lambdadesk.core.trigger_events.plan import get_patterns
from lambdadesk.core.triggers import Mode, Trigger

HERE = "eu-west-1:123456789012"
CONTEXT = EventContext(
    "123456789012",
    "eu-west-1",
    "aws",
    "orders",
    f"arn:aws:lambda:{HERE}:function:orders",
    datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
    lambda: "00000000-0000-4000-8000-000000000000",
)


def build(
    source: str, name: str, arn: str = "", /, *, filter: str = "", state: str = "", **details: str
) -> TriggerEvent:
    trigger = Trigger("k", source, name, Mode.PUSH_SYNC, (), arn, filter=filter, state=state, details=details)
    event = build_event(trigger, CONTEXT)
    patterns = get_patterns(trigger)
    if patterns:
        assert check_filters(source, patterns, event.text).verdict is FilterVerdict.PASSES
    return event


def load(event: TriggerEvent) -> Any:
    assert "${" not in event.text
    found = json.loads(event.text)
    assert event.text == json.dumps(found, indent=2, ensure_ascii=False)
    return found


def tell(event: TriggerEvent) -> str:
    return "\n".join(event.assumed)


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


RULE = f"arn:aws:events:{HERE}:rule/r"


def test_an_event_for_a_rule_fits_its_pattern() -> None:
    pattern = {
        "source": ["com.example.shop"],
        "detail-type": [{"prefix": "Order"}],
        "detail": {
            "total": [{"numeric": [">=", 10, "<", 20]}],
            "state": ["new", "paid"],
            "old": [{"exists": False}],
        },
    }
    event = build("EventBridge", "r", RULE, pattern=json.dumps(pattern))
    found = load(event)
    assert found["detail"] == {"total": 10, "state": "new"}
    assert found["detail-type"] == "Order Placed"
    assert 'detail.state: "new" is chosen; the pattern wants "new" or "paid".' in event.assumed
    assert not [each for each in event.assumed if each.startswith("source")]
    made_up = build("EventBridge", "r", RULE, pattern='{"account": ["123456789012"]}')
    assert {"source: the pattern takes any; this one is made up."} < {*made_up.assumed}


def test_a_rule_on_a_bucket_gets_the_event_of_the_bucket() -> None:
    pattern: dict[str, Any] = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": ["photos"]}, "object": {"key": [{"prefix": "in/"}]}},
    }
    event = build("EventBridge", "r", RULE, pattern=json.dumps(pattern))
    found = load(event)
    assert event.template_key == "s3-eventbridge"
    assert found["resources"] == ["arn:aws:s3:::photos"]
    assert found["detail"]["object"]["key"] == "in/photo 1.jpg"
    pattern["detail-type"] = ["Object Deleted"]
    assert (
        build("EventBridge", "r", RULE, pattern=json.dumps(pattern)).template_key == "s3-eventbridge-delete"
    )


def test_what_a_rule_changes_in_the_event() -> None:
    given = build("EventBridge", "r", RULE, pattern='{"source": ["x"]}', input='{"a":1}')
    assert load(given) == {"a": 1}
    pattern = '{"detail": {"order": {"id": ["1"]}}}'
    trigger = Trigger(
        "k",
        "EventBridge",
        "r",
        Mode.PUSH_ASYNC,
        (),
        RULE,
        details={"pattern": pattern, "input_path": "$.detail.order"},
    )
    assert load(build_event(trigger, CONTEXT)) == {"id": "1"}
    missing = build("EventBridge", "r", RULE, pattern=pattern, input_path="$.detail.customer")
    assert "$.detail.customer" in tell(missing)
    assert "transformer is not applied" in tell(
        build("EventBridge", "r", RULE, pattern=pattern, input_template='"<a>"')
    )


def test_a_pattern_that_nothing_fits_is_said() -> None:
    pattern = '{"a": [1], "$or": [{"a": [2]}, {"a": [3]}]}'
    trigger = Trigger("k", "EventBridge", "r", Mode.PUSH_ASYNC, (), RULE, details={"pattern": pattern})
    assert "No event was found that fits" in tell(build_event(trigger, CONTEXT))


def test_schedules() -> None:
    arn = f"arn:aws:scheduler:{HERE}:schedule/default/nightly"
    event = load(build("Scheduler", "nightly", arn, schedule="rate(1 day)"))
    assert (event["source"], event["resources"]) == ("aws.scheduler", [arn])
    event = load(build("Scheduler", "n", arn, input='{"at":"<aws.scheduler.scheduled-time>","n":1.0}'))
    assert event == {"at": "2026-03-04T05:06:07Z", "n": 1.0}


def test_pipes_hand_over_records_of_their_source() -> None:
    queue = f"arn:aws:sqs:{HERE}:work"
    assert load(build("Pipes", "p", source=queue))[0]["eventSourceARN"] == queue
    stream = f"arn:aws:kinesis:{HERE}:stream/work"
    pattern = json.dumps(['{"data": {"a": [1]}}'])
    assert load(build("Pipes", "p", source=stream, patterns=pattern))[0]["eventSourceARN"] == stream
    table = f"arn:aws:dynamodb:{HERE}:table/t/stream/x"
    assert load(build("Pipes", "p", source=table))[0]["eventSourceARN"] == table
    assert "arn:aws:mq" in tell(build("Pipes", "p", source=f"arn:aws:mq:{HERE}:broker:b:b-1"))


API = f"arn:aws:execute-api:{HERE}:abc123"


def test_routes_of_an_http_api() -> None:
    event = build("API Gateway", "shop", API, kind="HTTP API", route="PUT /orders/{id}/{rest+}", stage="*")
    found = load(event)
    assert event.template_key == "apigateway-http"
    assert found["routeKey"] == "PUT /orders/{id}/{rest+}"
    assert found["rawPath"] == "/orders/example/example"
    assert found["pathParameters"] == {"id": "example", "rest": "example"}
    assert found["requestContext"]["http"]["method"] == "PUT"
    assert found["requestContext"]["apiId"] == "abc123"
    assert found["requestContext"]["stage"] == "$default"
    catch_all = build(
        "API Gateway", "shop", API, kind="HTTP API", route="$default", stage="*", payload_version="2.0"
    )
    found = load(catch_all)
    assert (found["routeKey"], found["rawPath"]) == ("$default", "/")
    assert "body" not in found
    assert "method: the route takes any; GET is chosen." in catch_all.assumed
    old = build("API Gateway", "s", API, kind="HTTP API", route="GET /a", stage="*", payload_version="1.0")
    assert old.template_key == "apigateway-rest"


def test_routes_of_a_rest_api_and_of_a_permission() -> None:
    event = build("API Gateway", "shop", API, kind="REST API", route="ANY /{proxy+}", stage="live")
    found = load(event)
    assert (found["resource"], found["path"], found["httpMethod"]) == ("/{proxy+}", "/example", "GET")
    assert found["requestContext"]["stage"] == "live"
    assert found["body"] is None
    granted = load(build("API Gateway", "x", f"{API}/live/POST/orders/new"))
    assert (granted["path"], granted["httpMethod"]) == ("/orders/new", "POST")
    assert granted["requestContext"]["apiId"] == "abc123"
    several = build(
        "API Gateway", "s", API, filter="GET /a, GET /b", kind="REST API", route="GET /a", stage="*"
    )
    assert "named more than once there (GET /a, GET /b)" in tell(several)


@pytest.mark.parametrize(
    ("details", "key"),
    [
        ({"kind": "WEBSOCKET API", "route": "$connect"}, "apigateway-websocket-connect"),
        ({"kind": "WEBSOCKET API", "route": "$disconnect"}, "apigateway-websocket-disconnect"),
        ({"kind": "WEBSOCKET API", "route": "say"}, "apigateway-websocket-message"),
        ({"kind": "REST API", "authorizer": "a", "authorizer_type": "TOKEN"}, "apigateway-token-authorizer"),
        (
            {"kind": "REST API", "authorizer": "a", "authorizer_type": "REQUEST"},
            "apigateway-request-authorizer",
        ),
        ({"kind": "HTTP API", "authorizer": "a", "payload_version": "2.0"}, "apigateway-http-authorizer"),
        ({"kind": "HTTP API", "authorizer": "a", "payload_version": "1.0"}, "apigateway-request-authorizer"),
    ],
)
def test_websockets_and_authorizers(details: Mapping[str, str], key: str) -> None:
    event = build("API Gateway", "shop", API, **details)
    assert event.template_key == key
    assert "abc123" in event.text
    if details.get("route") == "say":
        assert load(event)["requestContext"]["routeKey"] == "say"


def test_function_urls() -> None:
    url = "https://abc.lambda-url.eu-west-1.on.aws/"
    public = build("Function URL", url, state="public")
    assert public.template_key == "function-url"
    assert load(public)["requestContext"]["domainName"] == "abc.lambda-url.eu-west-1.on.aws"
    assert load(public)["requestContext"]["apiId"] == "abc"
    assert build("Function URL", url, state="IAM").template_key == "function-url-iam"
    assert load(build("Function URL", "anyone"))["requestContext"]["domainName"].endswith(".on.aws")


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
