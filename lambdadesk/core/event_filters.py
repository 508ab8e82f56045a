"""What the filters of an event source mapping, or the pattern of a rule, would do with an event."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lambdadesk.core.errors import UserError
from lambdadesk.core.event_patterns import Json, Pattern, find_mismatch, load_json, parse_pattern


class FilterVerdict(StrEnum):
    PASSES = "passes"
    FILTERED = "filtered"  # the function would not be invoked
    PARTLY = "partly"  # it would be, with some of the records
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FilterOutcome:
    """reasons: a sentence for each record, or one for the whole event."""

    verdict: FilterVerdict
    reasons: tuple[str, ...]


# The part of a record that people fill; all but SQS bodies are base64.
PAYLOADS: Mapping[str, str] = {
    "SQS": "body",
    "Kinesis": "data",
    "MSK": "value",
    "Kafka": "value",
    "MQ": "data",
}
_BY_EVENT_SOURCE = {
    "aws:sqs": "SQS",
    "aws:kinesis": "Kinesis",
    "aws:dynamodb": "DynamoDB",
    "aws:kafka": "MSK",
    "SelfManagedKafka": "Kafka",
    "aws:amq": "MQ",
    "aws:mq": "MQ",
    "aws:rmq": "MQ",
}
FILTERED_SOURCES = (*PAYLOADS, "DynamoDB", "DocumentDB", "EventBridge", "Pipes")


def check_filters(source: str, patterns: Sequence[str], event_text: str) -> FilterOutcome:
    """Whether an event would get to the function: each record has to fit one of the patterns.

    source: as Trigger.source has it. What has the wrong format for the pattern, a body of plain text for one
    of JSON, is filtered out, as Lambda does. Source: Lambda Developer Guide, "Control which events Lambda
    sends to your function", and the pages of the sources.
    """
    if not patterns:
        return FilterOutcome(FilterVerdict.PASSES, ("There is no filter.",))
    if source not in FILTERED_SOURCES:
        return FilterOutcome(FilterVerdict.UNKNOWN, (f"Filters of {source} can't be checked.",))
    try:
        event = load_json(event_text)
    except (ValueError, RecursionError):
        return FilterOutcome(FilterVerdict.UNKNOWN, ("The event is not JSON.",))
    records = _get_records(source, event)
    if not records:
        text = f"The event holds no records in the form in which {source} sends them."
        return FilterOutcome(FilterVerdict.UNKNOWN, (text,))
    parsed: list[Pattern] = []
    broken = ""
    for text in patterns:
        try:
            parsed.append(parse_pattern(text))
        except UserError as error:
            broken = error.message
    found = [_check(source, parsed, record, broken) for record in records]
    reasons = tuple(
        _tell("The event" if source == "EventBridge" else f"Record {number}", *each)
        for number, each in enumerate(found, 1)
    )
    return FilterOutcome(_sum_up({passes for passes, _ in found}), reasons)


def _tell(what: str, passes: bool | None, reason: str) -> str:
    if passes:
        return f"{what} passes."
    return f"{what} would be filtered out: {reason}." if passes is False else f"{what}: {reason}"


def _sum_up(found: set[bool | None]) -> FilterVerdict:
    if found == {True}:
        return FilterVerdict.PASSES
    if True in found:
        return FilterVerdict.PARTLY
    return FilterVerdict.UNKNOWN if None in found else FilterVerdict.FILTERED


def _get_records(source: str, event: Json) -> list[dict[str, Json]]:
    found: object
    if source == "EventBridge":
        found = [event]
    elif source == "Pipes":
        found = event
    elif not isinstance(event, dict):
        found = []
    elif source in ("MSK", "Kafka"):
        found = _flatten(event.get("records"))
    elif source == "MQ":
        found = event.get("messages") or _flatten(event.get("rmqMessagesByQueue"))
    else:
        found = event.get("events" if source == "DocumentDB" else "Records")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _flatten(groups: object) -> list[Any]:
    """The records of all partitions or queues."""
    lists: Iterable[Any] = groups.values() if isinstance(groups, dict) else ()
    return [record for each in lists if isinstance(each, list) for record in each]


def _check(
    source: str, patterns: Sequence[Pattern], record: dict[str, Json], broken: str
) -> tuple[bool | None, str]:
    """Whether a record passes, and why not; None where that depends on a pattern that can't be used."""
    if source == "Pipes":
        source = _BY_EVENT_SOURCE.get(str(record.get("eventSource")), source)
    view, payload = get_view(source, record), PAYLOADS.get(source, "")
    reasons = [_find_format(pattern, view, payload) or find_mismatch(pattern, view) for pattern in patterns]
    if "" in reasons:
        return True, ""
    if broken:
        return None, broken
    others = f", and no other of the {len(reasons)} patterns fits" if len(reasons) > 1 else ""
    return False, reasons[0] + others


def get_view(source: str, record: Mapping[str, Json]) -> dict[str, Json]:
    """A record as its filters see it: the payload as JSON where it is an object, else as text."""
    view = dict(record)
    if source == "Kinesis" and isinstance(record.get("kinesis"), dict):
        view |= record["kinesis"]
    if source == "DocumentDB" and isinstance(record.get("event"), dict):
        view |= record["event"]
    payload = PAYLOADS.get(source, "")
    if isinstance(view.get(payload), str):
        view[payload] = _read_payload(view[payload], is_base64=source != "SQS")
    return view


def _read_payload(text: str, *, is_base64: bool) -> Json:
    if is_base64:
        try:
            text = base64.b64decode(text, validate=True).decode()
        except ValueError:
            return text
    try:
        found = load_json(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, dict) else text


def _find_format(pattern: Pattern, view: Mapping[str, Json], payload: str) -> str:
    """Why a payload and the pattern for it can't come together at all; "" where they can."""
    want, value = pattern.get(payload), view.get(payload)
    if isinstance(want, dict) and isinstance(value, str):
        return f"the {payload} is no JSON object, and the pattern is for one"
    if isinstance(want, list) and isinstance(value, dict):
        return f"the {payload} is a JSON object, and the pattern is for plain text"
    return ""


def load_patterns(text: str) -> tuple[str, ...]:
    """The patterns in a JSON array of texts, which is how a trigger keeps them; none where it is no such."""
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return ()
    return tuple(str(each) for each in found) if isinstance(found, list) else ()
