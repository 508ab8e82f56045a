"""An asynchronous run as AWS does it: one request id for all attempts, known from the log."""

import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.core.async_fate import StepState
from lambdadesk.core.types import InvocationType, Outcome
from lambdadesk.desk.async_run import AsyncRun, Pace
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history_entry import HistoryEntry
from tests.desk.test_invoker import GROUP, PAYLOAD, Bench, opened
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws

REQUEST_ID = "e4b46cbf-0000-4000-8880-a18cdf61200e"
QUICK_PACE = Pace(look_s=0.02, start_s=0.3, retry_s=0.3, record_s=0.2, record_every_s=0.02)
QUEUE = "arn:aws:sqs:us-east-1:000000000000"
# Each attempt is a minute and more after the one before.
WAITS_MS = (0, 61_000, 183_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def log_attempt(aws: FakeAws, at_ms: int, number: int, *, fails: bool) -> None:
    error = "\tStatus: error\tError Type: ValueError" if fails else ""
    stream = f"2026/01/02/[7]{number:016x}"
    start = f"START RequestId: {REQUEST_ID} Version: 7\n"
    aws.add_events(GROUP, start, timestamp_ms=at_ms, stream=stream)
    report = (
        f"REPORT RequestId: {REQUEST_ID}\tDuration: 1200.00 ms\tBilled Duration: 1200 ms\t"
        f"Memory Size: 128 MB\tMax Memory Used: 40 MB{error}\t\n"
    )
    aws.add_events(GROUP, report, timestamp_ms=at_ms + 1200, stream=stream)


def set_up(aws: FakeAws, **config: object) -> None:
    aws.details["GetFunctionEventInvokeConfig", "hello"] = dict(config)


@asynccontextmanager
async def followed(
    aws: FakeAws, bench: Bench, outcomes: Sequence[bool], pace: Pace = QUICK_PACE
) -> AsyncIterator[AsyncRun]:
    """A run sent some minutes ago; `outcomes` says of each attempt whether it failed."""
    now_ms = time.time_ns() // 1_000_000
    entry = HistoryEntry(
        bench.gateway.target.key,
        "hello",
        now_ms - 240_000,
        kind=InvocationType.EVENT,
        qualifier="live",
        payload=PAYLOAD,
        outcome=Outcome.QUEUED,
        status_code=202,
        request_id=REQUEST_ID,
    )
    aws.add_events(GROUP, "of something else")
    for number, fails in enumerate(outcomes):
        log_attempt(aws, entry.sent_ms + 2_000 + WAITS_MS[number], number, fails=fails)
    tail = bench.make_tail()
    errors: list[Exception] = []
    scope = TaskScope(lambda _name, error: errors.append(error))
    scope.start("tail", tail.run)
    await until(tail.changed, lambda: tail.state != "starting", "the first poll")
    yield AsyncRun(bench.gateway, tail, bench.ledger, entry, pace)
    await scope.close()
    assert errors == []


async def test_three_attempts_with_the_waits_between_them(aws: FakeAws, quick: Limits, path: Path) -> None:
    async with opened(aws, quick, path) as bench:
        set_up(aws)
        async with followed(aws, bench, [True, True, True]) as run:
            await run.run()
        assert run.sentence == "Failed after 3 attempts."
        assert [step.title for step in run.steps] == [
            "Queued",
            "Attempt 1 failed",
            "Attempt 2 failed",
            "Attempt 3 failed",
            "No record of it is kept",
        ]
        assert run.steps[0].detail == "Up to 3 attempts within 6 h."
        assert run.steps[1].detail.startswith("2.0 s in the queue · duration 1.2 s · $0.00000270")
        assert run.steps[1].detail.endswith(" · ValueError")
        assert run.steps[2].detail.startswith("after a wait of 59.8 s")
        assert run.steps[4].state is StepState.LOST
        assert run.steps[4].detail == (
            "The function has no destination for failure, and no dead-letter queue: the event is gone."
        )
        assert run.sum == "3 attempts together: duration 3,600 ms · billed 3,600 ms · cost $0.00000810"
        (asked, *_) = aws.requests("GetFunctionEventInvokeConfig")
        assert asked.params == {"Qualifier": "live"}


async def test_a_second_attempt_may_succeed(aws: FakeAws, quick: Limits, path: Path) -> None:
    async with opened(aws, quick, path) as bench:
        set_up(aws, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=60)
        async with followed(aws, bench, [True, False]) as run:
            await run.run()
        assert run.sentence == "Succeeded at attempt 2."
        assert run.steps[0].detail == "Up to 2 attempts within 1 min."
        assert (run.steps[-1].title, run.steps[-1].state) == ("No record of it is kept", StepState.NOTE)


async def test_between_two_attempts_it_waits_and_says_so(aws: FakeAws, quick: Limits, path: Path) -> None:
    async with opened(aws, quick, path) as bench:
        set_up(aws)
        async with followed(aws, bench, [True], Pace(look_s=0.02)) as run:
            scope = TaskScope(lambda _name, error: errors.append(error))
            errors: list[Exception] = []
            scope.start("follow", run.run)
            last = await until(run.changed, lambda: len(run.steps) == 3 and run.steps[2], "the wait")
            assert last.state is StepState.WAITING
            assert last.title == "Waits a moment before attempt 2"
            await scope.close()  # the tab is closed: nothing goes on
        assert errors == []
        assert run.sentence == ""


async def test_an_attempt_that_does_not_come_is_said(aws: FakeAws, quick: Limits, path: Path) -> None:
    async with opened(aws, quick, path) as bench:
        set_up(aws)
        async with followed(aws, bench, [True]) as run:
            await run.run()
        assert run.sentence == "Failed once; a further attempt was not seen."
        assert run.steps[-1].title == "Attempt 2 was not seen"


async def test_a_run_that_is_never_seen_is_not_said_to_have_failed(
    aws: FakeAws, quick: Limits, path: Path
) -> None:
    async with opened(aws, quick, path) as bench:
        set_up(aws)
        async with followed(aws, bench, [], replace(QUICK_PACE, start_s=1)) as run:
            await run.run()
        assert run.sentence == "Not seen within 1 s."
        assert "may still wait in the queue" in run.steps[-1].detail


async def test_what_was_dropped_is_known_by_its_record(aws: FakeAws, quick: Limits, path: Path) -> None:
    record = {
        "requestContext": {"requestId": REQUEST_ID, "condition": "EventAgeExceeded"},
        "requestPayload": {},
    }
    message = {"MessageId": "1", "Body": json.dumps(record)}
    aws.always("GetQueueUrl", faults.reply(200, {"QueueUrl": f"{aws.url}/000000000000/dead"}))
    aws.always("GetQueueAttributes", faults.reply(200, {"Attributes": {}}))
    aws.always("ReceiveMessage", faults.reply(200, {"Messages": [message]}))
    async with opened(aws, quick, path) as bench:
        set_up(aws, DestinationConfig={"OnFailure": {"Destination": f"{QUEUE}:dead"}})
        async with followed(aws, bench, []) as run:
            await run.run()
        assert run.sentence == "Dropped, since it had waited too long. Its record is in the queue dead."
        assert aws.requests("ReceiveMessage")[0].params["VisibilityTimeout"] == 0
        assert not aws.requests("DeleteMessage")


async def test_a_long_queue_is_not_said_to_be_without_it(aws: FakeAws, quick: Limits, path: Path) -> None:
    aws.always("GetQueueUrl", faults.reply(200, {"QueueUrl": f"{aws.url}/000000000000/long"}))
    attributes = {"ApproximateNumberOfMessages": "5000"}
    aws.always("GetQueueAttributes", faults.reply(200, {"Attributes": attributes}))
    messages = [{"MessageId": f"{number}", "Body": "{}"} for number in range(10)]
    aws.always("ReceiveMessage", faults.reply(200, {"Messages": messages}))
    async with opened(aws, quick, path) as bench:
        set_up(aws, MaximumRetryAttempts=0)
        aws.functions[0]["DeadLetterConfig"] = {"TargetArn": f"{QUEUE}:long"}
        async with followed(aws, bench, [True]) as run:
            await run.run()
        assert run.sentence == ("Failed after 1 attempt. Not known whether its record is in the queue long.")
        assert "about 5,000 messages; the 10 that were looked at" in run.steps[-1].detail


async def test_what_may_not_be_read_is_named(aws: FakeAws, quick: Limits, path: Path) -> None:
    aws.always("GetFunctionEventInvokeConfig", faults.denied("lambda:GetFunctionEventInvokeConfig"))
    aws.always("GetQueueUrl", faults.denied("sqs:GetQueueUrl"))
    async with opened(aws, quick, path) as bench:
        aws.functions[0]["DeadLetterConfig"] = {"TargetArn": f"{QUEUE}:secret"}
        async with followed(aws, bench, [True, True, True]) as run:
            await run.run()
        assert "lambda:GetFunctionEventInvokeConfig" in run.steps[0].detail
        assert run.steps[-1].title == "Not known whether its record is in the queue secret"
        assert "sqs:GetQueueUrl" in run.steps[-1].detail


async def test_without_its_log_only_the_record_can_tell(aws: FakeAws, quick: Limits, path: Path) -> None:
    aws.always("FilterLogEvents", faults.denied("logs:FilterLogEvents"))
    async with opened(aws, quick, path) as bench:
        set_up(aws)
        async with followed(aws, bench, [False]) as run:
            await run.run()
        assert run.sentence == "Not known: its log may not be read."
        assert "logs:FilterLogEvents" in run.steps[1].detail
