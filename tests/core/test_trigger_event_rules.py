"""Events of EventBridge: of its rules by their patterns, of schedules, of pipes."""

import json
from typing import Any

from lambdadesk.core.trigger_events.build import build_event
from lambdadesk.core.triggers import Mode, Trigger
from tests.core.trigger_event_rig import CONTEXT, HERE, build, load, tell

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
