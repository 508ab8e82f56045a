"""The event of a trigger, built and checked."""

import json
from datetime import UTC, datetime
from typing import Any

from lambdadesk.core.event_filters import FilterVerdict, check_filters
from lambdadesk.core.event_templates import EventContext
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
