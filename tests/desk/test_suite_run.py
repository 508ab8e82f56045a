"""Saved cases are run once each, and held against what is expected of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from lambdadesk.aws.clients import Limits
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.expectations import Case, Expectations, Verdict, parse_rules
from lambdadesk.desk.suite_run import SuiteRunner
from tests.desk.test_invoker import HELLO, Bench, answer_like_an_emulator, opened
from tests.desk.test_tailer import following
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws

ECHO = Case("echo", '{"a": 1}', expectations=Expectations("ok", response=parse_rules("a == 1")))
WRONG = Case("wrong", '{"a": 2}', expectations=Expectations("ok", response=parse_rules("a == 1")))
CHEAP = Case("cheap", "1", expectations=Expectations("ok", max_cost=Decimal("0.001")))


async def read_event(name: str) -> bytes:
    if name != "order":
        raise UserError(f"There is no event {name}.", kind=ErrorKind.NOT_FOUND)
    return b'{"order": 7}'


@asynccontextmanager
async def suite(aws: FakeAws, folder: Path) -> AsyncIterator[tuple[Bench, SuiteRunner]]:
    async with opened(aws, Limits(), folder / "history.sqlite") as bench:
        runner = SuiteRunner(bench.invoker, read_event)
        yield bench, runner
        runner.close()
        await bench.invoker.flush()


async def test_each_case_is_one_request_with_its_verdict(aws: FakeAws, tmp_path: Path) -> None:
    by_event = Case("event", "", "order", "live", Expectations("ok", response=parse_rules("order == 7")))
    gone = Case("gone", "", "not there")
    async with suite(aws, tmp_path) as (bench, runner):
        assert await runner.run(HELLO, [ECHO, WRONG, by_event, gone, CHEAP]) is None
        verdicts = {name: result.verdict for name, result in runner.results.items()}
        assert verdicts == {
            "echo": Verdict.PASSED,
            "wrong": Verdict.FAILED,
            "event": Verdict.PASSED,
            "gone": Verdict.FAILED,
            "cheap": Verdict.PASSED,
        }
        assert runner.results["gone"].for_junit().error == "There is no event not there."
        bodies = [request.body for request in aws.requests("Invoke")]
        assert bodies == [b'{"a": 1}', b'{"a": 2}', b'{"order": 7}', b"1"]
        assert aws.requests("Invoke")[2].params["Qualifier"] == "live"
        entries = await bench.history.recent(bench.gateway.target.key)
        assert {entry.origin for entry in entries} == {"case echo", "case wrong", "case event", "case cheap"}


async def test_denied_ends_all(aws: FakeAws, tmp_path: Path) -> None:
    aws.always("Invoke", faults.denied("lambda:InvokeFunction"))
    async with suite(aws, tmp_path) as (_bench, runner):
        error = await runner.run(HELLO, [ECHO, WRONG])
        assert error is not None
        assert error.kind is ErrorKind.DENIED
        assert list(runner.results) == ["echo"]
        assert len(aws.requests("Invoke")) == 1


async def test_stop_runs_no_further_case(aws: FakeAws, tmp_path: Path) -> None:
    async with suite(aws, tmp_path) as (_bench, runner):
        runner.changed.connect(runner.stop)
        await runner.run(HELLO, [ECHO, WRONG])
        assert list(runner.results) == ["echo"]


async def test_the_log_makes_known_what_was_not(aws: FakeAws, tmp_path: Path) -> None:
    aws.script("Invoke", answer_like_an_emulator(aws, "11111111-2222-4333-8444-555555555555"))
    async with suite(aws, tmp_path) as (bench, runner):
        await runner.run(HELLO, [CHEAP])
        assert runner.results["cheap"].verdict is Verdict.UNKNOWN
        async with following(bench.make_tail()):
            await until(
                runner.changed, lambda: runner.results["cheap"].verdict is Verdict.PASSED, "the report"
            )
        entry = runner.results["cheap"].entry
        assert entry is not None
        assert entry.report is not None
        assert entry.payload == CHEAP.payload.encode()
