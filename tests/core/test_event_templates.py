import base64
import contextlib
import gzip
import hashlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote_plus

import pytest

from lambdadesk.aws.triggers.merge import PRINCIPALS
from lambdadesk.aws.triggers.table import EVERY
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event_templates import (
    EventContext,
    chain,
    get_completion_keys,
    get_template,
    get_templates,
    render_template,
)
from lambdadesk.core.resources import files, read_text

KEYS = [template.key for template in get_templates()]
ROWS = json.loads(read_text("events/index.json"))
PLACES = [("aws", "eu-west-1"), ("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")]
ACCOUNT = "000000000000"
NOW = datetime(2026, 3, 4, 15, 6, 7, 891_234, tzinfo=UTC)


def make_context(partition: str = "aws", region: str = "eu-west-1", now: datetime = NOW) -> EventContext:
    numbers = itertools.count(0xABC)
    return EventContext(
        ACCOUNT,
        region,
        partition,
        "orders",
        f"arn:{partition}:lambda:{region}:{ACCOUNT}:function:orders",
        now,
        lambda: f"a0000000-b000-4000-8000-{next(numbers):011x}f",
    )


def render(template: str, /, **values: str | int) -> Any:
    return json.loads(render_template(template, make_context(), values))


def get_texts(value: Any) -> Iterator[str]:
    """Every text in an event, those in JSON strings, base64 and gzip included."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from get_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from get_texts(inner)
    elif isinstance(value, str):
        yield value
        try:
            data = base64.b64decode(value, validate=True)
            text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
        except ValueError:
            text = value
        if text != value:
            yield text
        if text.lstrip().startswith(("{", "[")):
            with contextlib.suppress(ValueError):
                yield from get_texts(json.loads(text))


@pytest.mark.parametrize(("partition", "region"), PLACES)
@pytest.mark.parametrize("key", KEYS)
def test_an_event_is_of_its_account_region_and_partition(key: str, partition: str, region: str) -> None:
    text = render_template(key, make_context(partition, region))
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    for each in get_texts(json.loads(text)):
        assert "${" not in each
        assert not re.fullmatch(r"\$(?!connect|disconnect|default|oid|timestamp|LATEST|\.)\w+", each)
        for found in re.findall(r"(?<![\w-])\d{12}(?![\w-])", each):
            assert found == ACCOUNT
        for arn in re.findall(r"arn:[^\s\"]+", each):
            _, found_partition, _, found_region, account, _ = arn.split(":", 5)
            assert found_partition == partition
            assert found_region in ("", region)
            assert account in ("", ACCOUNT)
        for other in {"us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"} - {region}:
            assert other not in each
        assert ("amazonaws.com.cn" in each) == (partition == "aws-cn" and "amazonaws.com" in each)


@pytest.mark.parametrize("key", KEYS)
def test_ids_are_new_each_time_and_the_rest_is_not(key: str) -> None:
    context = make_context()
    first, second = render_template(key, context), render_template(key, context)
    assert render_template(key, make_context()) == first
    has_ids = key in {row["key"] for row in ROWS if "chain" in row} or re.search(
        r"\$\{(uuid|hex|digits|upper|lower|alnum|upper_hex)\b",
        read_text(f"events/{key}.json") + json.dumps(dict(get_template(key).values)),
    )
    assert (first != second) == bool(has_ids)


def test_every_file_is_in_the_index_and_none_twice() -> None:
    found = {each.name for each in files().joinpath("events").iterdir()}
    listed = [f"{row['key']}.json" for row in ROWS if "chain" not in row]
    assert found == {*listed, "index.json"}
    assert len(KEYS) == len(set(KEYS)) > 100
    for template in get_templates():
        assert template.title
        assert template.group
        assert template.note.endswith(".")


def test_every_source_of_triggers_has_a_template_and_every_template_a_source_that_is_known() -> None:
    known = {lookup.source for lookup in EVERY} | {name for name, _ in PRINCIPALS.values()}
    known |= {"DocumentDB", "DynamoDB", "Kafka", "Kinesis", "MQ", "MSK", "SQS"}  # read by mappings
    sources = {source for template in get_templates() for source in template.sources}
    assert known - sources == {"Lambda", "Mail Manager"}
    assert sources <= known


def test_every_value_is_used() -> None:
    for template in get_templates():
        for name, default in template.values.items():
            given: str | int = '{"other": 1}' if isinstance(default, str) else 7
            changed = render_template(template.key, make_context(), {name: given})
            assert changed != render_template(template.key, make_context()), (template.key, name)


def test_times_have_the_form_and_the_unit_of_their_field() -> None:
    ms = 1_772_636_767_891
    assert render("sqs-message")["Records"][0]["attributes"]["SentTimestamp"] == str(ms - 1000)
    assert render("kinesis-record")["Records"][0]["kinesis"]["approximateArrivalTimestamp"] == ms / 1000
    assert render("dynamodb-insert")["Records"][0]["dynamodb"]["ApproximateCreationDateTime"] == ms // 1000
    assert render("s3-put")["Records"][0]["eventTime"] == "2026-03-04T15:06:07.891Z"
    assert render("eventbridge-event")["time"] == "2026-03-04T15:06:07Z"
    rest = render("apigateway-rest")["requestContext"]
    assert (rest["requestTime"], rest["requestTimeEpoch"]) == ("04/Mar/2026:15:06:07 +0000", ms)
    assert render("alarm")["time"] == "2026-03-04T15:06:07.891+0000"
    assert render("lattice-v2")["requestContext"]["timeEpoch"] == "1772636767891234"
    queue = render("mq-rabbit")["rmqMessagesByQueue"]["orders::/"][0]
    assert queue["basicProperties"]["timestamp"] == "Mar 4, 2026, 3:06:07 PM"
    mail = render("ses-receipt")["Records"][0]["ses"]["mail"]["commonHeaders"]["date"]
    assert parsedate_to_datetime(mail) == NOW.replace(microsecond=0)
    response = render("cloudfront-viewer-response")["Records"][0]["cf"]["response"]["headers"]["date"]
    assert response[0]["value"] == "Wed, 04 Mar 2026 15:06:07 GMT"
    assert render("dynamodb-insert")["Records"][0]["eventSourceARN"].endswith(
        "stream/2026-03-04T15:06:07.891"
    )


def test_another_time_zone_is_the_same_moment() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=-5)))
    for key in ("apigateway-rest", "alarm-composite", "mq-rabbit"):
        assert render_template(key, make_context(now=there)) == render_template(key, make_context())


def test_what_is_encoded_can_be_decoded() -> None:
    logs = gzip.decompress(base64.b64decode(render("logs-subscription")["awslogs"]["data"]))
    data = json.loads(logs)
    assert data["messageType"] == "DATA_MESSAGE"
    assert data["logEvents"][0]["message"] == "[ERROR] order 1001: payment refused"
    record = render("kinesis-record", data="grüße")["Records"][0]
    assert base64.b64decode(record["kinesis"]["data"]).decode() == "grüße"
    assert record["eventID"] == f"shardId-000000000000:{record['kinesis']['sequenceNumber']}"
    message = render("sqs-fifo", body="grüße")["Records"][0]
    assert message["md5OfBody"] == hashlib.md5("grüße".encode(), usedforsecurity=False).hexdigest()
    group = message["attributes"]
    assert group["MessageDeduplicationId"] == hashlib.sha256("grüße".encode()).hexdigest()
    rabbit = render("mq-rabbit", data="grüße")["rmqMessagesByQueue"]["orders::/"][0]
    assert rabbit["basicProperties"]["bodySize"] == 7


def test_s3_encodes_keys_and_eventbridge_does_not() -> None:
    key = "a b/ü+&.jpg"
    encoded = render("s3-put", key=key)["Records"][0]["s3"]["object"]["key"]
    assert encoded == "a+b/%C3%BC%2B%26.jpg"
    assert unquote_plus(encoded) == key
    assert render("s3-eventbridge", key=key)["detail"]["object"]["key"] == key


def test_values_go_where_they_belong_and_are_taken_as_they_are() -> None:
    event = render("sqs-message", queue="other", body='${account} "quoted"')
    assert event["Records"][0]["eventSourceARN"] == f"arn:aws:sqs:eu-west-1:{ACCOUNT}:other"
    assert event["Records"][0]["body"] == '${account} "quoted"'
    assert render("s3-put", size=5)["Records"][0]["s3"]["object"]["size"] == 5
    assert render("eventbridge-event", detail="[1.0, null]")["detail"] == [1.0, None]
    http = render("apigateway-http", query='{"a": ["1", "2"], "b": "x y"}', body="")
    assert http["rawQueryString"] == "a=1&a=2&b=x+y"
    assert "body" not in http
    rest = render("apigateway-rest", query="", body="", path_parameters='{"id": "1"}')
    assert rest["queryStringParameters"] is None
    assert rest["multiValueQueryStringParameters"] is None
    assert rest["body"] is None
    assert rest["pathParameters"] == {"id": "1"}
    assert render("apigateway-rest")["multiValueQueryStringParameters"] == {"page": ["1"]}


def test_a_value_that_must_be_json_says_so() -> None:
    with pytest.raises(UserError, match="value detail of this event is not JSON") as caught:
        render("eventbridge-event", detail="{'a': 1}")
    assert caught.value.kind is ErrorKind.INVALID


def test_what_there_is_not_is_an_error() -> None:
    with pytest.raises(KeyError):
        render("no-such-template")
    with pytest.raises(KeyError, match="no value colour"):
        render("sqs-message", colour="red")


def get_body(event: Mapping[str, Any]) -> str:
    record = event["Records"][0]
    body: str = record["body"] if "body" in record else record["Sns"]["Message"]
    return body


def test_chained_events_are_strings_within_each_other() -> None:
    event = render("s3-in-sns-in-sqs", bucket="photos", topic="t", queue="q")
    body = get_body(event)
    assert body.startswith('{\n  "Type" : "Notification",\n  "MessageId" : "')
    digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    assert event["Records"][0]["md5OfBody"] == digest
    assert event["Records"][0]["eventSourceARN"].endswith(":q")
    envelope = json.loads(body)
    assert envelope["Subject"] == "Amazon S3 Notification"
    assert envelope["TopicArn"].endswith(":t")
    assert envelope["Message"].startswith('{"Records":[{"eventVersion":"2.1",')
    assert json.loads(envelope["Message"])["Records"][0]["s3"]["bucket"]["name"] == "photos"
    assert json.loads(get_body(render("s3-in-sqs")))["Records"][0]["eventSource"] == "aws:s3"
    assert json.loads(get_body(render("s3-in-sns")))["Records"][0]["eventSource"] == "aws:s3"
    assert json.loads(get_body(render("s3-eventbridge-in-sqs")))["source"] == "aws.s3"
    assert "Subject" not in json.loads(get_body(render("sns-in-sqs")))
    assert "body" not in get_template("s3-in-sqs").values


def test_any_event_can_be_put_into_another() -> None:
    context = make_context()
    text = chain('{\n  "price": 1.0,\n "n": 1e3}', "sqs-message", context, {"queue": "q"})
    assert get_body(json.loads(text)) == '{"price":1.0,"n":1e3}'
    assert get_body(json.loads(chain("no json", "sns-notification", context))) == "no json"
    data = json.loads(chain("{ }", "kinesis-record", context))["Records"][0]["kinesis"]["data"]
    assert base64.b64decode(data) == b"{}"
    with pytest.raises(UserError, match="no place for another"):
        chain("{}", "s3-put", context)


def test_completion_keys_are_those_of_the_event() -> None:
    keys = get_completion_keys("s3-in-sqs")
    assert keys[0] == "Records"
    assert {"md5OfBody", "bucket", "key", "sequencer"} <= {*keys}
    assert len(keys) == len(set(keys))
    assert get_completion_keys("empty") == ()
    assert all(get_completion_keys(key) for key in KEYS if key != "empty")
