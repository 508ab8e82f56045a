import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.event_filters import FilterOutcome, FilterVerdict, check_filters
from lambdadesk.core.event_templates import EventContext, Value, get_templates, render_template

CONTEXT = EventContext(
    "123456789012",
    "eu-west-1",
    "aws",
    "orders",
    "arn:aws:lambda:eu-west-1:123456789012:function:orders",
    datetime(2026, 1, 2, tzinfo=UTC),
    lambda: "00000000-0000-4000-8000-000000000000",
)
PAYLOAD = '{"status": "new", "total": 42.5, "tags": ["a", "b"]}'


def check(source: str, event: object, *patterns: object) -> FilterOutcome:
    texts = [each if isinstance(each, str) else json.dumps(each) for each in patterns]
    return check_filters(source, texts, event if isinstance(event, str) else json.dumps(event))


def render(template: str, /, **values: Value) -> str:
    return render_template(template, CONTEXT, values)


@pytest.mark.parametrize(
    ("source", "key", "name"),
    [
        ("SQS", "sqs-message", "body"),
        ("Kinesis", "kinesis-record", "data"),
        ("MSK", "msk-record", "value"),
        ("Kafka", "kafka-record", "value"),
        ("MQ", "mq-active", "data"),
        ("MQ", "mq-rabbit", "data"),
        ("Pipes", "pipes-sqs", "body"),
        ("Pipes", "pipes-kinesis", "data"),
    ],
)
def test_the_payload_of_each_source_is_matched(source: str, key: str, name: str) -> None:
    event = render(key, **{name: PAYLOAD})
    good = check(source, event, {name: {"status": ["new"], "total": [{"numeric": [">", 42]}], "tags": ["b"]}})
    assert good == FilterOutcome(FilterVerdict.PASSES, ("Record 1 passes.",))
    bad = check(source, event, {name: {"status": ["paid"]}})
    assert bad.verdict is FilterVerdict.FILTERED
    assert bad.reasons == (
        f'Record 1 would be filtered out: {name}.status is "new", the pattern wants "paid".',
    )


@pytest.mark.parametrize(
    ("source", "key", "name"),
    [("SQS", "sqs-message", "body"), ("MSK", "msk-record", "value"), ("MQ", "mq-active", "data")],
)
def test_text_and_json_do_not_come_together(source: str, key: str, name: str) -> None:
    text, data = render(key, **{name: "hello"}), render(key, **{name: PAYLOAD})
    assert check(source, text, {name: [{"prefix": "hel"}]}).verdict is FilterVerdict.PASSES
    assert check(source, text, {name: ["bye"]}).verdict is FilterVerdict.FILTERED
    dropped = check(source, text, {name: {"status": ["new"]}})
    assert dropped.reasons == (
        f"Record 1 would be filtered out: the {name} is no JSON object, and the pattern is for one.",
    )
    dropped = check(source, data, {name: ["hello"]})
    assert dropped.reasons == (
        f"Record 1 would be filtered out: the {name} is a JSON object, and the pattern is for plain text.",
    )
    assert check(source, text, {}).verdict is FilterVerdict.PASSES


@pytest.mark.parametrize("text", ["5", '["a"]', "null", '"quoted"'])
def test_json_that_is_no_object_is_text(text: str) -> None:
    assert check("SQS", make_sqs(text), {"body": [text]}).verdict is FilterVerdict.PASSES
    assert check("SQS", make_sqs(text), {"body": {"a": [1]}}).verdict is FilterVerdict.FILTERED


def test_other_parts_of_a_record_are_matched_too() -> None:
    kinesis = render("kinesis-record", data="no json", partition_key="p")
    assert check("Kinesis", kinesis, {"partitionKey": ["p"]}).verdict is FilterVerdict.PASSES
    insert = render("dynamodb-insert")
    pattern = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"status": {"S": ["new"]}}}}
    assert check("DynamoDB", insert, pattern).verdict is FilterVerdict.PASSES
    assert check("DynamoDB", render("dynamodb-remove"), pattern).verdict is FilterVerdict.FILTERED
    # DynamoDB sends numbers as texts, so that no numeric operator fits.
    numeric = {"dynamodb": {"NewImage": {"total": {"N": [{"numeric": [">", 1]}]}}}}
    assert (
        check("DynamoDB", insert, numeric).reasons[0].endswith('N is "42.5", the pattern wants a number > 1.')
    )
    change = render("documentdb-change")
    assert check("DocumentDB", change, {"operationType": ["insert"]}).verdict is FilterVerdict.PASSES
    assert (
        check("DocumentDB", change, {"event": {"operationType": ["drop"]}}).verdict is FilterVerdict.FILTERED
    )


def test_a_rule_is_matched_against_the_whole_event() -> None:
    event = render("s3-eventbridge", bucket="photos", key="a.jpg")
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": ["photos"]}}}
    assert check("EventBridge", event, pattern).reasons == ("The event passes.",)
    pattern["detail"] = {"bucket": {"name": ["films"]}}
    assert check("EventBridge", event, pattern).reasons == (
        'The event would be filtered out: detail.bucket.name is "photos", the pattern wants "films".',
    )


def make_sqs(*bodies: str) -> Mapping[str, Any]:
    return {"Records": [{"eventSource": "aws:sqs", "body": body} for body in bodies]}


def test_each_record_is_judged_by_itself_and_one_pattern_is_enough() -> None:
    patterns = [{"body": {"n": [number]}} for number in (1, 2, 3)]
    outcome = check("SQS", make_sqs('{"n": 3}', '{"n": 4}'), *patterns)
    assert outcome.verdict is FilterVerdict.PARTLY
    assert outcome.reasons == (
        "Record 1 passes.",
        "Record 2 would be filtered out: body.n is 4, the pattern wants 1, "
        "and no other of the 3 patterns fits.",
    )


def test_what_is_not_known_is_said() -> None:
    for outcome, reason in (
        (check("SQS", "{", {}), "The event is not JSON."),
        (check("SQS", "[" * 100_000, {}), "The event is not JSON."),
        (check("SNS", "{}", {}), "Filters of SNS can't be checked."),
        (check("SQS", {"Records": {}}, {}), "no records in the form in which SQS sends them."),
        (check("MSK", {"records": [1]}, {}), "no records in the form"),
        (check("Kinesis", [1], {}), "no records in the form"),
        (check("Pipes", {}, {}), "no records in the form"),
        (check("SQS", make_sqs("{}"), "{"), "Record 1: The pattern can't be used: it is not JSON."),
    ):
        assert outcome.verdict is FilterVerdict.UNKNOWN
        assert reason in outcome.reasons[0]
    assert check("SQS", "{").reasons == ("There is no filter.",)
    assert check("SQS", make_sqs('{"n": 1}'), "{", {"body": {"n": [1]}}).verdict is FilterVerdict.PASSES


def test_data_that_is_not_base64_is_text() -> None:
    event = {"Records": [{"kinesis": {"data": "not base64!"}}]}
    assert check("Kinesis", event, {"data": ["not base64!"]}).verdict is FilterVerdict.PASSES
    event = {"Records": [{"kinesis": {"data": base64.b64encode(b"\xff").decode()}}]}
    assert check("Kinesis", event, {"data": {"a": [1]}}).verdict is FilterVerdict.FILTERED


def test_the_templates_of_a_source_hold_records_that_its_filters_see() -> None:
    for template in get_templates():
        for source in {*template.sources} & {
            "SQS",
            "Kinesis",
            "DynamoDB",
            "MSK",
            "Kafka",
            "MQ",
            "DocumentDB",
        }:
            assert check(source, render(template.key), {}).verdict is FilterVerdict.PASSES, template.key


@given(
    st.sampled_from(["SQS", "Kinesis", "MSK", "MQ", "DynamoDB", "DocumentDB", "EventBridge", "Pipes"]),
    st.data(),
)
def test_nothing_that_is_json_breaks_it(source: str, data: st.DataObject) -> None:
    names = st.sampled_from(
        ["Records", "records", "messages", "rmqMessagesByQueue", "events", "kinesis", "body"]
    )
    leaves = st.none() | st.integers() | st.text()
    event = data.draw(
        st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(names | st.text(), inner))
    )
    outcome = check(source, event, {"body": {"a": [1]}, "data": ["x"]})
    assert outcome.reasons
