"""Looking for a run's record in an SQS queue without taking anything out of it."""

from typing import Any, Final

from lambdadesk.aws.async_match import describe, match_record
from lambdadesk.aws.failures import missing
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.async_fate import Step, StepState, Wanted
from lambdadesk.core.connections import Guard

_ROUNDS: Final = 40  # of ten messages at most
_IDLE_ROUNDS: Final = 4  # without a message that was not seen before


async def look(gateway: Gateway, arn: str, wanted: Wanted) -> tuple[Step, bool]:
    """What is known of the record, and whether looking again would tell nothing new.

    Messages stay visible to others (VisibilityTimeout 0) and are never deleted, but SQS counts a receive of
    each; where that could move them to another queue, nothing is looked at. Raises UserError.
    """
    account, name = arn.split(":")[4:6]
    if gateway.guard is not Guard.NORMAL:
        return _not_looked(name, "On this connection nothing is done that SQS counts as a receive."), True
    if name.endswith(".fifo"):
        return _not_looked(name, "Lambda takes no FIFO queues, and a look would hold up its groups."), True
    found = await gateway.call("sqs", "GetQueueUrl", QueueName=name, QueueOwnerAWSAccountId=account)
    url = found.get("QueueUrl")
    if not url:
        raise missing("sqs", "GetQueueUrl", "QueueUrl")
    names = ["ApproximateNumberOfMessages", "RedrivePolicy"]
    reply = await gateway.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=names)
    attributes = reply.get("Attributes") or {}
    if attributes.get("RedrivePolicy"):
        detail = "It moves messages on after some receives, and a look counts as one."
        return _not_looked(name, detail), True
    seen: set[str] = set()
    idle = 0
    for _ in range(_ROUNDS):
        fresh = 0
        for message in await _receive(gateway, url):
            if message.get("MessageId", "") not in seen:
                seen.add(message.get("MessageId", ""))
                fresh += 1
                if (words := _match(message, wanted)) is not None:
                    return Step(f"Its record is in the queue {name}", StepState.DONE, None, words), True
        idle = 0 if fresh else idle + 1
        if idle == _IDLE_ROUNDS:
            break
    return _not_found(name, len(seen), str(attributes.get("ApproximateNumberOfMessages", ""))), False


async def _receive(gateway: Gateway, url: str) -> list[dict[str, Any]]:
    reply = await gateway.call(
        "sqs",
        "ReceiveMessage",
        QueueUrl=url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=0,
        WaitTimeSeconds=0,
        MessageAttributeNames=["All"],
    )
    return reply.get("Messages") or []


def _match(message: dict[str, Any], wanted: Wanted) -> str | None:
    """What the message says of the run; None where it is another's."""
    attributes = message.get("MessageAttributes") or {}
    if (attributes.get("RequestID") or {}).get("StringValue") == wanted.request_id:
        said = str((attributes.get("ErrorMessage") or {}).get("StringValue") or "no error message")
        return f"The event itself, with the error: {said[:200]}"
    record = match_record(str(message.get("Body") or ""), wanted)
    return None if record is None else describe(record)


def _not_looked(name: str, detail: str) -> Step:
    return Step(f"Not looked for in the queue {name}", StepState.UNKNOWN, detail=detail)


def _not_found(name: str, seen: int, count: str) -> Step:
    if count.isdecimal() and int(count) > seen:
        detail = f"It holds about {int(count):,} messages; the {seen:,} that were looked at are others."
        return Step(f"Not known whether its record is in the queue {name}", StepState.UNKNOWN, detail=detail)
    detail = "It may still come, or a consumer has taken it already."
    return Step(f"Its record is not in the queue {name} now", StepState.UNKNOWN, detail=detail)
