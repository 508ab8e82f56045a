"""An event is found in a line of a log by its shape, whoever wrote it."""

import json

import pytest

from lambdadesk.core.logged_events import find_event, is_event

SQS = {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": '{"total": 1.10}'}]}
HTTP = {"version": "2.0", "rawPath": "/orders", "requestContext": {"http": {}}, "headers": {}}
BUS = {"detail-type": "Order", "source": "shop", "detail": {"n": 1}}


@pytest.mark.parametrize("event", [SQS, HTTP, BUS])
@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "event: {}",
        "2026-01-02T03:04:05.678Z\t0f3e\tINFO\tEVENT {} end\n",
        "[INFO] {{'no': event}} and then {}",
        '{{"level": "INFO", "message": {}, "timestamp": 1}}',
        '{{"a": {{"b": {}}}}}',
    ],
)
def test_finds_it_wherever_it_stands(event: dict[str, object], line: str) -> None:
    found = find_event(line.format(json.dumps(event)))
    assert found is not None
    assert json.loads(found) == event


def test_finds_it_as_a_string_in_json_and_as_python_prints_it() -> None:
    assert json.loads(find_event(json.dumps({"message": json.dumps(SQS)})) or "") == SQS
    assert json.loads(find_event(f"{SQS | {'flag': True, 'none': None}}\n") or "") == SQS | {
        "flag": True,
        "none": None,
    }


def test_numbers_of_an_event_stay_as_they_were() -> None:
    line = 'x {"detail-type":"a","source":"b","detail":{"n":1.10,"big":12345678901234567890}}'
    found = find_event(line) or ""
    assert "1.10" in found
    assert "12345678901234567890" in found


@pytest.mark.parametrize(
    "line",
    [
        "",
        "START RequestId: 0f3e Version: $LATEST",
        '{"level": "INFO", "message": "hello"}',
        '{"Records": []}',
        '{"Records": "none"}',
        '{"Records": [1]}',
        '{"source": "x"}',
        '{"detail-type": "cut off", "source": "b", "detai',
        "{'a': __import__('os')}",
        "{'a': " + "[" * 5000,
        '{"a":' * 3000,
        "{'a" * 1000,
        '{"' * 1_000_000,
    ],
)
def test_finds_nothing_in_other_lines(line: str) -> None:
    assert find_event(line) is None


def test_shapes() -> None:
    for event in (
        {"awslogs": {"data": "x"}},
        {"triggerSource": "PreSignUp_SignUp", "userPoolId": "p"},
        {"eventSource": "aws:kafka", "records": {}},
        {"Records": [{"cf": {}}]},
        {"Records": [{"EventSource": "aws:sns"}]},
    ):
        assert is_event(event)
    for other in (None, [], "x", {"Records": [{}]}, {"awslogs": 1}):
        assert not is_event(other)
