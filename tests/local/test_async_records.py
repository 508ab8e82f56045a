"""Records of asynchronous runs in MiniStack's own queues, buckets, topics and buses."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lambdadesk.aws.async_records import find_record
from lambdadesk.aws.async_setup import fetch_async_setup
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.async_fate import Step, StepState, Wanted
from lambdadesk.core.connections import Guard
from lambdadesk.core.cost import invocation_cost
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest, Target
from lambdadesk.desk.async_run import AsyncRun, Pace
from lambdadesk.desk.invoker import Invoker
from lambdadesk.desk.tailer import Tailer
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.local.clients import Clients
from lambdadesk.store.history import History
from tests.local.running import create_function, open_gateway

ACCOUNT = "000000000000"
REQUEST_ID = "e4b46cbf-0000-4000-8880-a18cdf61200e"
SINCE_MS = 1_800_000_000_000  # 2027-01-15T08:00:00Z
PAYLOAD = b'{"order": 1}'
FAILING = "def handler(event, context):\n    print('no')\n    raise ValueError('no')\n"
GOOD = "def handler(event, context):\n    print('yes')\n    return 1\n"


@pytest.fixture(scope="module")
def clients(clients: Clients) -> Clients:
    create_function(clients, "failing", FAILING)
    create_function(clients, "good", GOOD)
    return clients


def arn(service: str, name: str) -> str:
    place = ":" if service == "s3" else f"us-east-1:{ACCOUNT}"
    return f"arn:aws:{service}:{place}:{name}"


def make_record(request_id: str = REQUEST_ID, **context: Any) -> str:
    """As the documentation of destinations shows it."""
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": "2027-01-15T08:00:01.568Z",
            "requestContext": {
                "requestId": request_id,
                "functionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:failing:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
                **context,
            },
            "requestPayload": json.loads(PAYLOAD),
            "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
            "responsePayload": {"errorMessage": "no"},
        }
    )


WANTED = Wanted("failing", REQUEST_ID, PAYLOAD, SINCE_MS, succeeded=False)


async def look(
    url: str, where: str, guard: Guard = Guard.NORMAL, wanted: Wanted = WANTED
) -> tuple[Step, bool]:
    async with open_gateway(url, guard) as gateway:
        return await find_record(gateway, where, wanted)


def make_queue(clients: Clients, name: str, **attributes: str) -> str:
    return str(clients.get("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


def count(clients: Clients, queue: str) -> int:
    names = ["ApproximateNumberOfMessages"]
    reply = clients.get("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    return int(reply["Attributes"]["ApproximateNumberOfMessages"])


async def test_a_record_is_found_in_a_queue_and_stays_there(url: str, clients: Clients) -> None:
    queue = make_queue(clients, "records")
    for text in (make_record("another"), "no JSON", "[1]", '"x"', make_record()):
        clients.get("sqs").send_message(QueueUrl=queue, MessageBody=text)
    step, is_final = await look(url, arn("sqs", "records"))
    assert (step.title, step.state, is_final) == (
        "Its record is in the queue records",
        StepState.DONE,
        True,
    )
    assert step.detail == "It says RetriesExhausted, about 3 attempts."
    assert count(clients, queue) == 5


async def test_an_event_in_a_dead_letter_queue_is_known_by_its_attribute(url: str, clients: Clients) -> None:
    queue = make_queue(clients, "dead")
    attributes = {
        name: {"DataType": "String", "StringValue": value}
        for name, value in {"RequestID": REQUEST_ID, "ErrorMessage": "it broke"}.items()
    }
    clients.get("sqs").send_message(
        QueueUrl=queue, MessageBody=PAYLOAD.decode(), MessageAttributes=attributes
    )
    step, _ = await look(url, arn("sqs", "dead"))
    assert step.state is StepState.DONE
    assert "it broke" in step.detail


async def test_a_record_that_is_not_there_may_still_come(url: str, clients: Clients) -> None:
    queue = make_queue(clients, "others")
    clients.get("sqs").send_message(QueueUrl=queue, MessageBody=make_record("another"))
    step, is_final = await look(url, arn("sqs", "others"))
    assert (step.state, is_final) == (StepState.UNKNOWN, False)
    assert step.title == "Its record is not in the queue others now"
    assert "a consumer has taken it" in step.detail


async def test_what_a_look_would_change_is_not_looked_at(url: str, clients: Clients) -> None:
    make_queue(clients, "last")
    policy = json.dumps({"deadLetterTargetArn": arn("sqs", "last"), "maxReceiveCount": 2})
    queue = make_queue(clients, "redriven", RedrivePolicy=policy)
    clients.get("sqs").send_message(QueueUrl=queue, MessageBody=make_record())
    for _ in range(4):
        step, is_final = await look(url, arn("sqs", "redriven"))
        assert (step.title, is_final) == ("Not looked for in the queue redriven", True)
    assert count(clients, queue) == 1
    for guard in (Guard.READ_ONLY, Guard.PRODUCTION):
        step, is_final = await look(url, arn("sqs", "records"), guard)
        assert (step.title, is_final) == ("Not looked for in the queue records", True)
    step, is_final = await look(url, arn("sqs", "x.fifo"))
    assert "FIFO" in step.detail


async def test_a_queue_that_is_gone_is_said(url: str) -> None:
    step, is_final = await look(url, arn("sqs", "nowhere"))
    assert (step.state, is_final) == (StepState.UNKNOWN, True)
    assert "does not exist" in step.detail


async def test_a_record_is_found_in_a_bucket(url: str, clients: Clients) -> None:
    s3 = clients.get("s3")
    s3.create_bucket(Bucket="records")
    folder = "aws/lambda/async/failing/2027/01/15"
    for name, text in (
        ("2027-01-15T07.59.00-a", make_record()),  # before it ended: of another run
        ("2027-01-15T08.00.01-b", make_record("another")),
    ):
        s3.put_object(Bucket="records", Key=f"{folder}/{name}", Body=text)
    step, is_final = await look(url, arn("s3", "records"))
    assert (step.state, is_final) == (StepState.UNKNOWN, False)
    assert step.detail == "1 records of the function came since; 1 were read."
    s3.put_object(Bucket="records", Key=f"{folder}/2027-01-15T08.00.02-c", Body=make_record())
    step, is_final = await look(url, arn("s3", "records"))
    assert (step.title, is_final) == ("Its record is in the bucket records", True)
    assert "08.00.02-c" in step.detail


async def test_a_topic_is_never_said_to_have_been_read(url: str, clients: Clients) -> None:
    clients.get("sns").create_topic(Name="told")
    step, is_final = await look(url, arn("sns", "told"))
    assert (step.state, is_final) == (StepState.UNKNOWN, True)
    assert step.title == "Published to the topic told, as far as is known"
    assert "can't be read" in step.detail


async def test_a_bus_names_the_rules_that_take_the_event(url: str, clients: Clients) -> None:
    events = clients.get("events")
    events.create_event_bus(Name="results")
    for name, pattern in (
        ("failures", {"source": ["lambda"], "detail-type": ["Lambda Function Invocation Result - Failure"]}),
        ("successes", {"detail-type": ["Lambda Function Invocation Result - Success"]}),
    ):
        events.put_rule(Name=name, EventBusName="results", EventPattern=json.dumps(pattern))
    step, is_final = await look(url, f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/results")
    assert is_final
    assert step.detail == "A bus can't be read. Rules that take such an event: failures."


async def test_a_function_is_known_by_the_time_alone(url: str, clients: Clients) -> None:
    wanted = Wanted("failing", REQUEST_ID, PAYLOAD, SINCE_MS, succeeded=False)
    group = "/aws/lambda/receiver"
    clients.get("logs").create_log_group(logGroupName=group)
    step, is_final = await look(url, arn("lambda", "function:receiver"), wanted=wanted)
    assert (step.state, is_final) == (StepState.WAITING, False)
    clients.get("logs").create_log_stream(logGroupName=group, logStreamName="s")
    line = {"timestamp": SINCE_MS + 500, "message": "START RequestId: abc-1 Version: $LATEST\n"}
    clients.get("logs").put_log_events(logGroupName=group, logStreamName="s", logEvents=[line])
    step, is_final = await look(url, arn("lambda", "function:receiver"), wanted=wanted)
    assert (step.title, step.at_ms, is_final) == (
        "receiver ran with its record, by the time",
        SINCE_MS + 500,
        True,
    )
    assert step.detail.startswith("≈ Request abc-1")


async def test_other_places_are_said_not_to_be_looked_at(url: str) -> None:
    for where in ("arn:aws:sqs:eu-west-1:000000000000:far", "arn:aws:new:us-east-1:000000000000:x", "x"):
        step, is_final = await look(url, where)
        assert (step.state, is_final) == (StepState.UNKNOWN, True)


# --- whole runs ---


@asynccontextmanager
async def followed(url: str, name: str, folder: Path) -> AsyncIterator[AsyncRun]:
    gateway = Gateway(Target("us-east-1", endpoint_url=url))
    history = History(folder / "history.sqlite")
    await history.open()
    function, prices = FunctionInfo(name), load_prices()
    ledger = InvocationLedger(
        lambda _name, report, kind, size: invocation_cost(
            report, function, "us-east-1", prices, kind=kind, payload_bytes=size
        ),
        match_by_time=True,
    )
    invoker = Invoker(gateway, history, ledger)
    tail = Tailer(gateway, function, ledger, poll_s=0.2)
    errors: list[Exception] = []
    scope = TaskScope(lambda _name, error: errors.append(error))
    scope.start("tail", tail.run)
    entry = await invoker.invoke(InvokeRequest(function, PAYLOAD, InvocationType.EVENT))
    run = AsyncRun(gateway, tail, ledger, entry, Pace(look_s=0.2, record_every_s=0.2, record_s=10))
    disconnect = invoker.updated.connect(run.update)
    yield run
    disconnect()
    await scope.close()
    invoker.close()
    await invoker.flush()
    await gateway.close()
    await history.close()
    assert errors == []


async def test_a_failing_run_is_followed_into_its_queue(url: str, clients: Clients, tmp_path: Path) -> None:
    make_queue(clients, "failures")
    clients.get("lambda").put_function_event_invoke_config(
        FunctionName="failing",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": arn("sqs", "failures")}},
    )
    async with followed(url, "failing", tmp_path) as run:
        changes: list[int] = []
        run.changed.connect(lambda: changes.append(len(run.steps)))
        await run.run()
        assert run.sentence == "Failed after 2 attempts. Its record is in the queue failures."
        queued, first, second, record = run.steps
        assert queued.detail == "Up to 2 attempts within 6 h."
        assert (first.state, second.state) == (StepState.FAILED, StepState.FAILED)
        assert second.detail.startswith("after a wait of 1.")
        assert record.detail.endswith("Matched by its payload, since it has no request id.")
        assert len(changes) > 3  # told while it went on


async def test_a_good_run_ends_at_once(url: str, clients: Clients, tmp_path: Path) -> None:
    async with followed(url, "good", tmp_path) as run:
        await run.run()
        assert run.sentence == "Succeeded."
        assert [step.title for step in run.steps] == [
            "Queued",
            "Attempt 1 succeeded",
            "No record of it is kept",
        ]
        assert "$0.0" in run.steps[1].detail


async def test_the_setup_is_lambdas_default_where_there_is_none(url: str, clients: Clients) -> None:
    async with open_gateway(url) as gateway:
        setup = await fetch_async_setup(gateway, "good", "$LATEST")
    assert (setup.retries, setup.max_age_s, setup.on_failure, setup.unknown) == (2, 21_600, "", ())
