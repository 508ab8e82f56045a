"""One click sends one request, and the history keeps what became of it, as far as anybody knows."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.cost import invocation_cost
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.prices import load_prices
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import (
    FunctionInfo,
    InvocationType,
    InvokeRequest,
    InvokeResult,
    Outcome,
    Target,
)
from lambdadesk.desk.invoker import Invoker
from lambdadesk.desk.tailer import Tailer
from lambdadesk.store.history import History
from lambdadesk.store.history_entry import HistoryEntry
from tests.desk.test_tailer import following, poll
from tests.desk.waiting import until
from tests.limits import impatient
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.servers.faults import Exchange, Reply

HELLO = FunctionInfo("hello", timeout_s=0)
GROUP = "/aws/lambda/hello"
PAYLOAD = b'{"name": "you"}'
PRICES = load_prices()
# 13 ms of 128 MB and one request at the list price of us-east-1 (x86_64).
COST = Decimal("0.0000166667") * 128 / 1024 * 13 / 1000 + Decimal("0.0000002")


class Bench:
    """An invoker with all its parts, and what its events told."""

    def __init__(self, aws: FakeAws, limits: Limits, history: History) -> None:
        target = Target("us-east-1", endpoint_url=aws.url)
        self.gateway = Gateway(target, limits)
        self.ledger = InvocationLedger(
            lambda _name, report, kind, size: invocation_cost(
                report, HELLO, "us-east-1", PRICES, kind=kind, payload_bytes=size
            ),
            match_by_time=True,
        )
        self.history = history
        self.invoker = Invoker(self.gateway, history, self.ledger)
        self.told: list[tuple[str, HistoryEntry]] = []
        self.storage: list[UserError] = []
        self.invoker.recorded.connect(lambda entry: self.told.append(("recorded", entry)))
        self.invoker.updated.connect(lambda entry: self.told.append(("updated", entry)))
        self.invoker.storage_failed.connect(self.storage.append)

    async def invoke(
        self, kind: InvocationType = InvocationType.REQUEST_RESPONSE, payload: bytes = PAYLOAD
    ) -> HistoryEntry:
        return await self.invoker.invoke(InvokeRequest(HELLO, payload, kind))

    async def invoke_failing(self) -> UserError:
        with pytest.raises(UserError) as caught:
            await self.invoke()
        return caught.value

    def make_tail(self) -> Tailer:
        return Tailer(self.gateway, HELLO, self.ledger, poll_s=3_600)

    async def stored(self) -> HistoryEntry:
        """The only entry of the history, as the next start would read it."""
        await self.invoker.flush()
        (lean,) = await self.history.recent(self.gateway.target.key)
        entry = await self.history.entry(lean.id)
        assert entry is not None
        return entry


@asynccontextmanager
async def opened(aws: FakeAws, limits: Limits, path: Path) -> AsyncIterator[Bench]:
    aws.functions = [make_function("hello")]
    history = History(path)
    await history.open()
    bench = Bench(aws, limits, history)
    yield bench
    bench.invoker.close()
    await bench.gateway.close()
    await history.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def report_line(request_id: str) -> str:
    return (
        f"REPORT RequestId: {request_id}\tDuration: 12.34 ms\tBilled Duration: 13 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 40 MB\t\n"
    )


def answer_like_an_emulator(aws: FakeAws, request_id: str) -> faults.Fault:
    """No log tail in the answer, and another request id in the log."""

    def fault(exchange: Exchange) -> None:
        aws.add_events(GROUP, f"START RequestId: {request_id} Version: $LATEST\n", report_line(request_id))
        exchange.send(Reply(200, b'"done"', {"Content-Type": "application/json"}))

    return fault


async def test_one_post_and_everything_the_answer_tells(aws: FakeAws, quick: Limits, path: Path) -> None:
    aws.handlers["hello"] = lambda _payload: b'{"message": "hi"}'
    async with opened(aws, quick, path) as bench:
        answers: list[InvokeResult] = []
        began_ms = time.time_ns() // 1_000_000
        entry = await bench.invoker.invoke(InvokeRequest(HELLO, PAYLOAD), answers.append)
        (request,) = aws.requests("Invoke")
        assert request.body == PAYLOAD
        (answer,) = answers
        assert answer.payload == entry.response == b'{"message": "hi"}'
        assert entry.outcome is Outcome.OK
        assert entry.status_code == 200
        assert entry.request_id == answer.request_id
        assert entry.received_ms is not None
        assert began_ms <= entry.sent_ms <= entry.received_ms
        assert entry.report is not None
        assert (entry.report.billed_ms, entry.report.max_memory_mb) == (13, 40)
        assert entry.cost == COST
        assert (entry.currency, entry.cost_exact) == ("USD", True)
        assert entry.log_tail.startswith("START RequestId:")
        assert await bench.stored() == entry


async def test_events_tell_of_the_entry_before_and_after(aws: FakeAws, quick: Limits, path: Path) -> None:
    async with opened(aws, quick, path) as bench:
        entry = await bench.invoke()
        (first, recorded), (second, updated) = bench.told
        assert (first, second) == ("recorded", "updated")
        assert recorded.outcome is Outcome.RUNNING
        assert recorded.id == updated.id == entry.id > 0
        assert updated.outcome is Outcome.OK
        assert updated.cost == COST
        # The bodies may be megabytes: who wants them asks the history.
        assert {recorded.payload, updated.payload, updated.response} == {b""}


async def test_it_is_counted_once_though_its_log_is_read_too(aws: FakeAws, quick: Limits, path: Path) -> None:
    async with opened(aws, quick, path) as bench, following(bench.make_tail()) as tail:
        for _ in range(3):
            await bench.invoke()
        await poll(tail)
        assert tail.counts.received == 9
        totals = bench.ledger.totals("hello")
        assert (totals.invocations, totals.errors, totals.cost) == (3, 0, 3 * COST)
        assert all(invocation.here for invocation in bench.ledger.of("hello"))


async def test_a_report_may_come_later_through_the_log(aws: FakeAws, quick: Limits, path: Path) -> None:
    async with opened(aws, quick, path) as bench, following(bench.make_tail()) as tail:
        aws.script("Invoke", answer_like_an_emulator(aws, "11111111-2222-4333-8444-555555555555"))
        entry = await bench.invoke()
        assert entry.outcome is Outcome.OK
        assert (entry.report, entry.cost) == (None, None)
        await poll(tail)
        what, updated = bench.told[-1]
        assert what == "updated"
        assert updated.id == entry.id
        assert updated.cost == COST
        stored = await bench.stored()
        assert stored.report is not None
        assert stored.report.request_id == "11111111-2222-4333-8444-555555555555"
        assert stored.cost == COST
        assert stored.log_stream
        assert (stored.payload, stored.response) == (PAYLOAD, b'"done"')
        assert bench.ledger.totals("hello").invocations == 1


async def test_the_log_may_be_quicker_than_the_disk(aws: FakeAws, quick: Limits, path: Path) -> None:
    async with opened(aws, quick, path) as bench:
        tail = bench.make_tail()
        aws.script("Invoke", answer_like_an_emulator(aws, "11111111-2222-4333-8444-555555555555"))
        request = InvokeRequest(HELLO, PAYLOAD)
        blocker = sqlite3.connect(path, isolation_level=None)
        async with asyncio.TaskGroup() as group:
            answered = asyncio.Event()
            entry = group.create_task(bench.invoker.invoke(request, lambda _result: answered.set()))
            await until(bench.invoker.recorded, lambda: bench.told, "the record")
            blocker.execute("BEGIN IMMEDIATE")  # no update can be written
            await answered.wait()
            async with following(tail):
                assert bench.told[-1][1].cost == COST
                blocker.execute("ROLLBACK")
        blocker.close()
        assert entry.result().cost == COST
        assert (await bench.stored()).cost == COST
        assert [updated.cost for what, updated in bench.told if what == "updated"][-1] == COST


async def test_an_asynchronous_event_is_queued_until_its_log_says_more(
    aws: FakeAws, quick: Limits, path: Path
) -> None:
    async with opened(aws, quick, path) as bench, following(bench.make_tail()) as tail:
        entry = await bench.invoke(InvocationType.EVENT)
        assert (entry.outcome, entry.status_code, entry.report) == (Outcome.QUEUED, 202, None)
        await poll(tail)
        stored = await bench.stored()
        assert stored.outcome is Outcome.OK
        assert stored.report is not None
        assert stored.cost == COST
        assert bench.ledger.totals("hello").invocations == 1


async def test_a_dry_run_is_no_invocation(aws: FakeAws, quick: Limits, path: Path) -> None:
    async with opened(aws, quick, path) as bench:
        entry = await bench.invoke(InvocationType.DRY_RUN)
        assert (entry.outcome, entry.status_code, entry.cost) == (Outcome.OK, 204, None)
        assert (await bench.stored()).kind is InvocationType.DRY_RUN
        assert bench.ledger.totals("hello").invocations == 0


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b'{"errorType": "ValueError", "errorMessage": "no"}', Outcome.ERROR),
        (b'{"errorMessage": "2026-01-02T03:04:05.678Z Task timed out after 3.00 seconds"}', Outcome.TIMEOUT),
    ],
)
async def test_a_function_error_is_an_outcome_not_a_failure(
    aws: FakeAws, quick: Limits, path: Path, answer: bytes, outcome: Outcome
) -> None:
    aws.function_errors["hello"] = "Unhandled"
    aws.handlers["hello"] = lambda _payload: answer
    async with opened(aws, quick, path) as bench:
        entry = await bench.invoke()
        assert (entry.outcome, entry.function_error, entry.response) == (outcome, "Unhandled", answer)
        assert entry.error == ""
        assert entry.cost == COST  # failing is billed too
        assert await bench.stored() == entry
        assert bench.ledger.totals("hello").errors == 1


async def test_what_was_refused_did_not_run(aws: FakeAws, quick: Limits, path: Path) -> None:
    aws.script("Invoke", faults.denied("lambda:InvokeFunction"))
    async with opened(aws, quick, path) as bench:
        error = await bench.invoke_failing()
        assert error.kind is ErrorKind.DENIED
        stored = await bench.stored()
        assert (stored.outcome, stored.error) == (Outcome.ERROR, str(error))
        assert stored.received_ms is not None
        assert bench.ledger.totals("hello").invocations == 0


@pytest.mark.parametrize(
    "fault", [faults.hang, faults.cut, faults.reset, faults.error(500, "ServiceException")]
)
async def test_no_answer_leaves_the_outcome_unknown_and_sends_nothing_again(
    aws: FakeAws, quick: Limits, path: Path, fault: faults.Fault
) -> None:
    aws.always("Invoke", fault)
    limits = impatient(quick) if fault is faults.hang else quick
    async with opened(aws, limits, path) as bench:
        error = await bench.invoke_failing()
        assert error.kind is ErrorKind.OUTCOME_UNKNOWN
        assert len(aws.requests("Invoke")) == 1
        stored = await bench.stored()
        assert stored.outcome is Outcome.UNKNOWN
        assert stored.error == str(error)
        assert stored.payload == PAYLOAD


async def test_the_log_settles_an_unknown_outcome(aws: FakeAws, quick: Limits, path: Path) -> None:
    request_id = "11111111-2222-4333-8444-555555555555"

    def run_and_drop(exchange: Exchange) -> None:
        aws.add_events(GROUP, f"START RequestId: {request_id} Version: $LATEST\n", report_line(request_id))
        exchange.drop()

    aws.script("Invoke", run_and_drop)
    async with opened(aws, quick, path) as bench, following(bench.make_tail()) as tail:
        assert (await bench.invoke_failing()).kind is ErrorKind.OUTCOME_UNKNOWN
        await poll(tail)
        stored = await bench.stored()
        assert stored.outcome is Outcome.OK
        assert stored.cost == COST
        assert bench.ledger.totals("hello").invocations == 1


async def test_to_stop_waiting_is_recorded_as_unknown(aws: FakeAws, quick: Limits, path: Path) -> None:
    aws.always("Invoke", faults.hang)
    async with opened(aws, Limits(), path) as bench:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(bench.invoke())
            await in_thread(aws.wait_for_requests, "Invoke")
            waiting.cancel()
        assert waiting.cancelled()
        assert bench.told[-1][1].outcome is Outcome.UNKNOWN
        stored = await bench.stored()
        assert stored.outcome is Outcome.UNKNOWN
        assert "Stopped waiting" in stored.error
        assert stored.payload == PAYLOAD
        assert len(aws.requests("Invoke")) == 1


async def test_a_process_that_is_killed_leaves_an_unknown_outcome(
    aws: FakeAws, quick: Limits, path: Path
) -> None:
    aws.always("Invoke", faults.hang)
    async with opened(aws, Limits(), path) as bench:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(bench.invoke())
            await in_thread(aws.wait_for_requests, "Invoke")
            # What the next start finds if this one ends here.
            (found,) = await bench.history.recent(bench.gateway.target.key)
            waiting.cancel()
        assert found.outcome is Outcome.UNKNOWN
        assert found.error


async def test_a_history_that_fails_does_not_stop_the_invocation(
    aws: FakeAws, quick: Limits, path: Path
) -> None:
    async with opened(aws, quick, path) as bench:
        other = sqlite3.connect(path)
        other.execute("DROP TABLE invocation")
        other.close()
        for _ in range(2):
            entry = await bench.invoke()
            assert (entry.id, entry.outcome, entry.cost) == (0, Outcome.OK, COST)
        assert len(aws.requests("Invoke")) == 2
        (error,) = bench.storage  # said once
        assert error.kind is ErrorKind.STORAGE
        assert [what for what, _ in bench.told] == ["recorded", "updated"] * 2


async def test_a_history_that_cannot_be_opened_does_not_stop_it_either(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    (tmp_path / "in the way").touch()
    async with opened(aws, quick, tmp_path / "in the way" / "history.sqlite") as bench:
        entry = await bench.invoke()
        assert (entry.id, entry.outcome) == (0, Outcome.OK)
        assert bench.storage == []  # opening it has said so


async def test_invocations_side_by_side_keep_their_own_answers(
    aws: FakeAws, quick: Limits, path: Path
) -> None:
    async with opened(aws, quick, path) as bench:
        entries = await asyncio.gather(*(bench.invoke(payload=b"%d" % number) for number in range(6)))
        assert [entry.response for entry in entries] == [b"%d" % number for number in range(6)]
        assert len({entry.request_id for entry in entries}) == 6
        await bench.invoker.flush()
        assert len(await bench.history.recent(bench.gateway.target.key)) == 6
        assert bench.ledger.totals("hello").invocations == 6


async def test_after_close_the_log_is_not_listened_to(aws: FakeAws, quick: Limits, path: Path) -> None:
    async with opened(aws, quick, path) as bench:
        await bench.invoke(InvocationType.EVENT)
        bench.invoker.close()
        told = len(bench.told)
        async with following(bench.make_tail()):
            assert bench.ledger.totals("hello").invocations == 1
        assert len(bench.told) == told
