"""Events from what is in the sources just now: looked at once, when somebody asks, and changed by nothing.

To look at a queue is to receive a message, which SQS counts; see live_sources.LiveRefusedError.
"""

from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.live_sources import LOOKS, Asking, tell_calls, tell_time, to_iso
from lambdadesk.aws.logs import fetch_events
from lambdadesk.core.arns import get_part
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event_templates import EventContext
from lambdadesk.core.logged_events import find_event
from lambdadesk.core.triggers import Trigger
from lambdadesk.core.types import FunctionInfo

_MOST_PAGES: Final = 5  # of a log
_CLOCKS_APART: Final = timedelta(minutes=1)  # of the function's environment and of CloudWatch
_LOG_LOOK_BACK: Final = (timedelta(minutes=10), timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """An event made of what is there. note: what one has to know about it; calls: the operations that ran."""

    text: str
    note: str
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LiveOffer:
    """What looking would do, to be said before it is done. title: of a button."""

    title: str
    text: str


_OFFERS: Final = {
    "S3": LiveOffer(
        "Newest object",
        "Reads the bucket's notifications and lists up to 5,000 of its keys. No object is read.",
    ),
    "SQS": LiveOffer(
        "Peek at a message",
        "Receives one message with a visibility timeout of 0, so that it stays in the queue. "
        "SQS counts it as a receive.",
    ),
    "Kinesis": LiveOffer(
        "Newest record",
        "Reads the last hour at most of up to 5 shards, 10 reads in all, "
        "out of the 5 a second that all readers of a shard share.",
    ),
    "DynamoDB": LiveOffer(
        "One item", "Describes the table and scans a single item, made into the record of its stream."
    ),
    "EventBridge": LiveOffer("The rule's own event", "Reads the rule and its targets as they are now."),
    "Scheduler": LiveOffer("The schedule's input", "Reads the schedule."),
    "API Gateway": LiveOffer("Its stage and route", "Reads the stages of the API."),
}
LOG_OFFER: Final = LiveOffer(
    "Last event in the log",
    "Reads the log of the last hour, 5 pages at most, and looks for a line that holds an event. "
    "It calls logs:FilterLogEvents.",
)

# What each of them needs, by the source; for a policy.
ACTIONS: Final = {
    "S3": ("s3:GetBucketNotification", "s3:ListBucket"),
    "SQS": ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage"),
    "Kinesis": ("kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"),
    "DynamoDB": ("dynamodb:DescribeTable", "dynamodb:Scan"),
    "EventBridge": ("events:DescribeRule", "events:ListTargetsByRule"),
    "Scheduler": ("scheduler:GetSchedule",),
    "API Gateway": ("apigateway:GET",),
}


def get_offer(trigger: Trigger) -> LiveOffer | None:
    """What can be looked at for a trigger; None where there is nothing."""
    offer = _OFFERS.get(trigger.source)
    if offer is None or not trigger.arn:
        return None
    return replace(offer, text=f"{offer.text} It calls {', '.join(ACTIONS[trigger.source])}.")


async def fetch_live_event(
    gateway: Gateway,
    trigger: Trigger,
    context: EventContext,
    *,
    accepts_receive: bool = False,
    confirmed: bool = False,
) -> LiveEvent:
    """An event of a trigger, from what its source holds now.

    accepts_receive: the person knows that a message has one receive less (see live_sources.LiveRefusedError).
    confirmed: as for a write, where a queue on a production connection is received from (see check_guard).
    UserError: DENIED with the action, NOT_FOUND where there is nothing to look at, INVALID where the source
    is in another region.
    """
    look = LOOKS[trigger.source]
    region = get_part(trigger.arn, 3)
    if region and region != context.region:
        raise UserError(
            f"{trigger.name} is in {region}.", "Open the connection in that region.", kind=ErrorKind.INVALID
        )
    asking = Asking(gateway, trigger, context, accepts_receive, confirmed)
    text, note = await look(asking)
    return LiveEvent(text, note, asking.calls)


async def fetch_logged_event(gateway: Gateway, function: FunctionInfo, now: datetime) -> LiveEvent:
    """The newest event that the function wrote into its log within the last hour.

    UserError: NOT_FOUND where no line holds one, DENIED with the action.
    """
    lines, pages, is_cut = 0, 0, False
    end_ms = _to_ms(now + _CLOCKS_APART)
    for look_back in _LOG_LOOK_BACK:
        lines, found, found_ms, is_cut = 0, "", 0, False
        start_ms = _to_ms(now - look_back)
        pages_of_log = fetch_events(gateway, function.log_group_name, start_ms, end_ms)
        async with aclosing(pages_of_log) as reading:
            read = 0
            async for page in reading:
                read += 1
                lines += len(page.events)
                for event in page.events:
                    if event.timestamp_ms >= found_ms and (text := find_event(event.message)):
                        found, found_ms = text, event.timestamp_ms
                if read == _MOST_PAGES:
                    is_cut = True
                    break
        pages += read
        if found:
            at = datetime.fromtimestamp(found_ms / 1000, UTC)
            note = f"Logged at {to_iso(at)}; secrets in it would be sent again."
            if is_cut:
                note += f" Only the first {lines:,} lines of the last {tell_time(look_back)} were read."
            return LiveEvent(found, note, (tell_calls("logs:FilterLogEvents", pages),))
    part = f"None of the first {lines:,} lines" if is_cut else f"None of the {lines:,} lines"
    raise UserError(
        f"{part} of the last hour holds an event.",
        "Have the function log its event, or choose another source.",
        kind=ErrorKind.NOT_FOUND,
    )


def _to_ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
