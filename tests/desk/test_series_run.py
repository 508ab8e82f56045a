"""A series sends each run once, keeps to its pace and its limits, and says what became of all of it."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind
from lambdadesk.core.series import SeriesPlan
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import InvokeRequest, Outcome, Target
from lambdadesk.desk.run_entry import ENDED_AT_ITS_TURN, ENDED_EARLY
from lambdadesk.desk.series_run import Series, SeriesPhase, SeriesRunner
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history import History
from tests.desk.test_invoker import COST, HELLO, Bench, opened, report_line
from tests.desk.test_tailer import following
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.servers.faults import Exchange, Reply

REQUEST = InvokeRequest(HELLO, b"{}")


class Rig:
    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.runner = SeriesRunner(bench.invoker)
        self.failures: list[Exception] = []
        self.scope = TaskScope(lambda _name, error: self.failures.append(error))
        self.told = 0
        self.runner.changed.connect(self._count)

    def _count(self) -> None:
        self.told += 1

    def start(self, plan: SeriesPlan, *, confirmed: bool = False) -> None:
        async def run() -> None:
            await self.runner.run(plan, confirmed=confirmed)

        self.scope.start("series", run)

    async def finish(self) -> Series:
        await self.scope.wait("series")
        assert self.failures == []
        assert self.runner.series is not None
        return self.runner.series


@asynccontextmanager
async def rigged(aws: FakeAws, limits: Limits, folder: Path) -> AsyncIterator[Rig]:
    async with opened(aws, limits, folder / "history.sqlite") as bench:
        rig = Rig(bench)
        yield rig
        await rig.scope.close()
        rig.runner.close()
        await bench.invoker.flush()


async def test_each_run_is_one_request_and_one_entry(aws: FakeAws, tmp_path: Path) -> None:
    async with rigged(aws, Limits(), tmp_path) as rig:
        rig.start(SeriesPlan(REQUEST, runs=30, concurrency=7))
        series = await rig.finish()
        assert len(aws.requests("Invoke")) == 30
        entries = await rig.bench.history.recent(rig.bench.gateway.target.key)
        assert {entry.series for entry in entries} == {series.id}
        assert {entry.id for entry in entries} == {run.entry_id for run in series.runs}
        assert {entry.outcome for entry in entries} == {Outcome.OK}
        assert {entry.cost for entry in entries} == {COST}
        assert sorted(run.number for run in series.runs) == list(range(1, 31))
        result = series.result()
        assert (result.runs, result.failed, result.throttled) == (30, 0, 0)
        assert result.cost == 30 * COST
        assert result.billed is not None
        assert result.billed.p50 == 13
        assert series.phase is SeriesPhase.DONE
        assert (series.may_still_run, series.reason) == (0, "")
        assert rig.bench.ledger.totals("hello").invocations == 30
        assert rig.told >= 1


async def test_no_more_at_once_than_asked_for(aws: FakeAws, tmp_path: Path) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def handle(payload: bytes) -> bytes:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        aws.stopping.wait(0.01)
        with lock:
            inside -= 1
        return payload

    aws.handlers["hello"] = handle
    async with rigged(aws, Limits(), tmp_path) as rig:
        rig.start(SeriesPlan(REQUEST, runs=12, concurrency=3))
        await rig.finish()
    assert most == 3


async def test_a_list_is_sent_line_by_line(aws: FakeAws, tmp_path: Path) -> None:
    async with rigged(aws, Limits(), tmp_path) as rig:
        rig.start(SeriesPlan(REQUEST, payloads=(b"1", b"2", b"3"), lines=(1, 4, 5)))
        series = await rig.finish()
        assert [request.body for request in aws.requests("Invoke")] == [b"1", b"2", b"3"]
        assert [run.line for run in series.runs] == [1, 4, 5]


async def test_throttled_runs_are_counted_and_not_sent_again(aws: FakeAws, tmp_path: Path) -> None:
    aws.script("Invoke", faults.throttled(), faults.throttled())
    async with rigged(aws, Limits(), tmp_path) as rig:
        rig.start(SeriesPlan(REQUEST, runs=5, stop_after_errors=1))
        result = (await rig.finish()).result()
        assert len(aws.requests("Invoke")) == 5
        assert (result.runs, result.failed, result.throttled) == (5, 0, 2)
        assert result.cost == 3 * COST
        assert result.unknown_cost == 0


async def test_it_stops_after_so_many_errors(aws: FakeAws, tmp_path: Path) -> None:
    aws.function_errors["hello"] = "Unhandled"
    aws.handlers["hello"] = lambda _payload: b'{"errorType": "KeyError", "errorMessage": "order 7"}'
    async with rigged(aws, Limits(), tmp_path) as rig:
        rig.start(SeriesPlan(REQUEST, runs=50, stop_after_errors=2))
        series = await rig.finish()
        assert len(aws.requests("Invoke")) == 2
        assert series.reason == "Stopped after 2 errors."
        (group,) = series.result().errors
        assert (group.error_type, group.message, group.count) == ("KeyError", "order <n>", 2)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.denied("lambda:InvokeFunction"), ErrorKind.DENIED),
        (faults.error(404, "ResourceNotFoundException"), ErrorKind.NOT_FOUND),
        (faults.html(), ErrorKind.NOT_AWS),
    ],
)
async def test_what_would_fail_each_time_is_not_tried_again(
    aws: FakeAws, tmp_path: Path, fault: faults.Fault, kind: ErrorKind
) -> None:
    aws.always("Invoke", fault)
    async with rigged(aws, Limits(), tmp_path) as rig:
        rig.start(SeriesPlan(REQUEST, runs=50))
        series = await rig.finish()
        assert len(aws.requests("Invoke")) == 1
        assert series.error is not None
        assert series.error.kind is kind
        assert series.reason.startswith("Stopped: ")
        assert series.result().cost == 0


async def test_an_answer_that_is_lost_is_unknown(aws: FakeAws, tmp_path: Path) -> None:
    aws.script("Invoke", faults.reset)
    async with rigged(aws, Limits(), tmp_path) as rig:
        rig.start(SeriesPlan(REQUEST, runs=3))
        result = (await rig.finish()).result()
        assert dict(result.outcomes) == {Outcome.OK: 2, Outcome.UNKNOWN: 1}
        assert result.unknown_cost == 1


async def test_stop_sends_nothing_more_and_waits_for_answers(aws: FakeAws, tmp_path: Path) -> None:
    release = threading.Event()

    def wait(exchange: Exchange) -> None:
        release.wait(30)
        exchange.send(exchange.normal())

    aws.always("Invoke", wait)
    async with rigged(aws, Limits(), tmp_path) as rig:
        rig.start(SeriesPlan(REQUEST, runs=50, concurrency=4))
        await in_thread(aws.wait_for_requests, "Invoke", 4)
        rig.runner.stop()
        series = rig.runner.series
        assert series is not None
        assert (series.phase, series.under_way) == (SeriesPhase.STOPPING, 4)
        release.set()
        await rig.finish()
        assert len(aws.requests("Invoke")) == 4
        assert (len(series.runs), series.may_still_run, series.reason) == (4, 0, "Stopped.")


async def test_to_stop_waiting_says_how_many_may_still_run(aws: FakeAws, tmp_path: Path) -> None:
    aws.always("Invoke", faults.hang)
    async with rigged(aws, Limits(), tmp_path) as rig:
        rig.start(SeriesPlan(REQUEST, runs=50, concurrency=4))
        await in_thread(aws.wait_for_requests, "Invoke", 4)
        rig.scope.cancel("series")
        series = await rig.finish()
        assert (series.phase, series.may_still_run, series.runs) == (SeriesPhase.DONE, 4, [])
        await rig.bench.invoker.flush()
        entries = await rig.bench.history.recent(rig.bench.gateway.target.key)
        assert [entry.outcome for entry in entries] == [Outcome.UNKNOWN] * 4


async def test_a_stop_does_not_wait_for_the_pace(aws: FakeAws, tmp_path: Path) -> None:
    async with rigged(aws, Limits(), tmp_path) as rig:
        rig.start(SeriesPlan(REQUEST, runs=50, concurrency=2, per_s=0.001))
        await until(rig.runner.changed, lambda: rig.runner.series and rig.runner.series.runs, "the first run")
        rig.runner.stop()
        series = await rig.finish()
        assert series.sent == 1


async def test_production_is_confirmed_once_for_all(aws: FakeAws, tmp_path: Path) -> None:
    async with rigged(aws, Limits(), tmp_path) as rig:
        rig.bench.gateway.guard = Guard.PRODUCTION
        rig.start(SeriesPlan(REQUEST, runs=5))
        refused = await rig.finish()
        assert refused.error is not None
        assert refused.error.kind is ErrorKind.DENIED
        assert aws.requests("Invoke") == []
        rig.start(SeriesPlan(REQUEST, runs=5), confirmed=True)
        await rig.finish()
        assert len(aws.requests("Invoke")) == 5


async def test_the_log_tells_of_runs_whose_answers_do_not(aws: FakeAws, tmp_path: Path) -> None:
    """As on the Local AWS: the report comes under another id, some of it before the answer."""

    def answer(exchange: Exchange) -> None:
        request_id = f"11111111-2222-4333-8444-{len(aws.requests('Invoke')):012}"
        aws.add_events(
            "/aws/lambda/hello", f"START RequestId: {request_id} Version: $LATEST\n", report_line(request_id)
        )
        exchange.send(Reply(200, b'"done"', {"Content-Type": "application/json"}))

    aws.always("Invoke", answer)
    async with rigged(aws, Limits(), tmp_path) as rig:
        rig.start(SeriesPlan(REQUEST, runs=6))
        series = await rig.finish()
        assert series.result().unknown_cost == 6
        async with following(rig.bench.make_tail()):
            await until(
                rig.runner.changed, lambda: series.result().unknown_cost == 0, "the reports of all runs"
            )
        assert series.result().cost == 6 * COST
        assert rig.bench.ledger.totals("hello").invocations == 6


async def test_closing_in_the_middle_leaves_no_run_without_an_entry(aws: FakeAws, tmp_path: Path) -> None:
    async with rigged(aws, Limits(), tmp_path) as rig:
        rig.start(SeriesPlan(REQUEST, runs=200, concurrency=10))
        await until(rig.runner.changed, lambda: rig.runner.series and rig.runner.series.runs, "the first run")
        await rig.scope.close()
        await rig.bench.invoker.flush()
        entries = await rig.bench.history.recent(rig.bench.gateway.target.key, limit=1_000)
        # A run that was cancelled while its request was not out yet has one, too.
        assert len(entries) >= len(aws.requests("Invoke")) > 0
        assert Decimal(0) < sum(entry.cost or 0 for entry in entries)
        assert len({entry.id for entry in entries}) == len(entries)


async def test_the_order_of_the_payloads_is_kept(aws: FakeAws, tmp_path: Path) -> None:
    """Also while runs are so quick that they are recorded ahead."""
    payloads = tuple(str(number).encode() for number in range(150))
    async with rigged(aws, Limits(), tmp_path) as rig:
        rig.start(SeriesPlan(REQUEST, payloads=payloads))
        await rig.finish()
        assert tuple(request.body for request in aws.requests("Invoke")) == payloads


async def test_what_was_recorded_ahead_and_never_sent_leaves_no_entry(aws: FakeAws, tmp_path: Path) -> None:
    async with rigged(aws, Limits(), tmp_path) as rig:
        rig.start(SeriesPlan(REQUEST, runs=10_000, concurrency=10))
        await until(
            rig.runner.changed,
            lambda: rig.runner.series and len(rig.runner.series.runs) > 100,
            "a hundred answers",
        )
        rig.runner.stop()
        series = await rig.finish()
        entries = await rig.bench.history.recent(rig.bench.gateway.target.key, limit=10_000)
        assert series.sent == len(series.runs) == len(aws.requests("Invoke")) == len(entries)
        assert {entry.outcome for entry in entries} == {Outcome.OK}


async def test_an_answer_that_never_ends_holds_up_no_series(aws: FakeAws, tmp_path: Path) -> None:
    aws.script("Invoke", faults.drip(0.05))
    limits = Limits(connect_s=0.1, invoke_margin_s=2, invoke_body_s=0.1)
    async with rigged(aws, limits, tmp_path) as rig:
        rig.start(SeriesPlan(InvokeRequest(replace(HELLO, timeout_s=0), b"{}"), runs=3))
        series = await rig.finish()
        assert [run.outcome for run in series.runs] == [Outcome.UNKNOWN, Outcome.OK, Outcome.OK]
        assert "No complete answer came in time" in series.runs[0].error
        assert len(aws.requests("Invoke")) == 3


async def test_a_late_answer_brings_no_second_run_at_once(aws: FakeAws, tmp_path: Path) -> None:
    others = threading.Event()
    came: list[int] = []

    def drip(exchange: faults.Exchange) -> None:
        data = exchange.encode(exchange.normal())
        for at in range(len(data)):
            if others.wait(0.05):
                exchange.write(data[at:])
                return
            exchange.write(data[at : at + 1])

    def hold(exchange: faults.Exchange) -> None:
        others.set()
        with suppress(TimeoutError):
            aws.wait_for_requests("Invoke", 3, timeout_s=0.4)
        came.append(len(aws.requests("Invoke")))
        exchange.send(exchange.normal())

    aws.script("Invoke", drip, hold)
    limits = Limits(connect_s=0.1, invoke_margin_s=2, invoke_body_s=0.1)
    async with rigged(aws, limits, tmp_path) as rig:
        rig.start(SeriesPlan(InvokeRequest(replace(HELLO, timeout_s=0), b"{}"), runs=3))
        series = await rig.finish()
    assert came == [2]  # the third is not sent while the second is under way
    assert (len(series.runs), series.may_still_run) == (3, 0)
    assert len(aws.requests("Invoke")) == 3


async def test_the_disk_tells_what_was_sent_from_what_was_to_be(aws: FakeAws, tmp_path: Path) -> None:
    """A process that is killed leaves it so."""
    waits = threading.Event()
    answered = iter(range(200))

    def handle(payload: bytes) -> bytes:
        if next(answered, None) is None:
            waits.wait(30)
        return payload

    aws.handlers["hello"] = handle
    async with rigged(aws, Limits(), tmp_path) as rig:
        disk = sqlite3.connect(tmp_path / "history.sqlite")

        def count_unanswered() -> dict[str, int]:
            return dict(
                disk.execute("SELECT error, count(*) FROM invocation WHERE received_ms IS NULL GROUP BY 1")
            )

        rig.runner.changed.connect(rig.bench.invoker.write_soon)  # as a connection does
        rig.start(SeriesPlan(REQUEST, runs=600, concurrency=4))
        await until(
            rig.runner.changed,
            lambda: count_unanswered().get(ENDED_EARLY) == len(aws.requests("Invoke")) - 200 == 4,
            "what hangs is known to be sent",
        )
        assert set(count_unanswered()) <= {ENDED_EARLY, ENDED_AT_ITS_TURN}
        waits.set()
        await rig.finish()
        assert count_unanswered() == {}
        disk.close()


async def test_a_loop_that_is_late_comes_first(aws: FakeAws, tmp_path: Path) -> None:
    async with rigged(aws, Limits(), tmp_path) as rig:
        held = threading.Event()
        sent: list[int] = []

        def hold_up_the_loop() -> None:
            if not sent and rig.runner.series is not None and rig.runner.series.runs:
                before = len(aws.requests("Invoke"))
                held.wait(0.5)
                sent.append(len(aws.requests("Invoke")) - before)

        rig.runner.changed.connect(hold_up_the_loop)
        rig.start(SeriesPlan(REQUEST, runs=1_500, concurrency=4))
        await until(rig.runner.changed, lambda: sent, "the loop was held up")
        rig.runner.stop()
        await rig.finish()
    # Each thread goes on for 20 ms, and sends one run in 80 ms then.
    assert sent[0] < 150


KILLED = """
import asyncio, sys
from pathlib import Path
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.series import SeriesPlan
from lambdadesk.core.types import FunctionInfo, InvokeRequest, Target
from lambdadesk.desk.invoker import Invoker
from lambdadesk.desk.series_run import SeriesRunner
from lambdadesk.store.history import History

async def main():
    history = History(Path(sys.argv[1]))
    await history.open()
    gateway = Gateway(Target("us-east-1", endpoint_url=sys.argv[2]))
    invoker = Invoker(gateway, history, InvocationLedger(lambda *_args, **_more: None))
    request = InvokeRequest(FunctionInfo("hello"), b'{"n": 1}')
    await SeriesRunner(invoker).run(SeriesPlan(request, runs=50, concurrency=4))

asyncio.run(main())
"""


async def test_what_was_sent_is_on_disk_when_the_process_is_killed(aws: FakeAws, tmp_path: Path) -> None:
    aws.functions = [make_function("hello")]
    aws.always("Invoke", faults.hang)
    path = tmp_path / "history.sqlite"

    def run_and_kill() -> None:
        with subprocess.Popen([sys.executable, "-c", KILLED, str(path), aws.url]) as child:
            aws.wait_for_requests("Invoke", 4)
            child.kill()

    await in_thread(run_and_kill)
    history = History(path)
    await history.open()
    entries = await history.recent(Target("us-east-1", endpoint_url=aws.url).key, limit=100)
    assert [(entry.outcome, entry.error) for entry in entries] == [(Outcome.UNKNOWN, ENDED_EARLY)] * 4
    assert len({entry.series for entry in entries}) == 1
    whole = await history.entry(entries[0].id)
    assert whole is not None
    assert whole.payload == b'{"n": 1}'
    await history.close()
