"""Whether a message is the record of an asynchronous run, as Lambda writes them to destinations."""

import json
from collections.abc import Mapping
from typing import Any

from lambdadesk.aws.failures import get_plain_text
from lambdadesk.core.async_fate import Wanted


def match_record(text: str | bytes, wanted: Wanted) -> Mapping[str, Any] | None:
    """The record, if it is that of the run; None for any other message."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    context = record.get("requestContext") if isinstance(record, dict) else None
    if not isinstance(context, dict):
        return None
    if context.get("requestId"):
        return record if context["requestId"] == wanted.request_id else None
    if not wanted.trusts_payload or wanted.function not in str(context.get("functionArn", "")):
        return None
    try:
        return record if record.get("requestPayload") == json.loads(wanted.payload) else None
    except (ValueError, RecursionError):
        return None


def describe(record: Mapping[str, Any]) -> str:
    """What a record says of the run, in a sentence."""
    context = record["requestContext"]
    condition = get_plain_text(context.get("condition") or "no condition")
    count = context.get("approximateInvokeCount")
    tries = f", about {get_plain_text(count)} attempts" if count else ""
    by = "" if context.get("requestId") else " Matched by its payload, since it has no request id."
    return f"It says {condition}{tries}.{by}"
