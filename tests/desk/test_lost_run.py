"""A run whose answer was lost is looked for in the log, and never claimed without its request id."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.core.async_fate import StepState
from lambdadesk.core.types import Outcome
from lambdadesk.desk.lost_run import LostRun, Patience
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history_entry import HistoryEntry
from tests.desk.test_invoker import GROUP, Bench, opened, report_line
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws

ID = "11111111-2222-4333-8444-55555555555"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def log_run(aws: FakeAws, number: int, at_ms: int) -> None:
    request_id = f"{ID}{number}"
    start = f"START RequestId: {request_id} Version: $LATEST\n"
    aws.add_events(GROUP, start, report_line(request_id), timestamp_ms=at_ms, stream=f"s{number}")


@asynccontextmanager
async def lost(
    aws: FakeAws, bench: Bench, *ats_ms: int, request_id: str = "", log_s: float = 0
) -> AsyncIterator[LostRun]:
    """Sent a minute ago; the log has runs that began so long after that."""
    sent_ms = time.time_ns() // 1_000_000 - 60_000
    aws.add_events(GROUP, "of something else")
    for number, at_ms in enumerate(ats_ms):
        log_run(aws, number, sent_ms + at_ms)
    entry = HistoryEntry("key", "hello", sent_ms, outcome=Outcome.UNKNOWN, request_id=request_id)
    tail = bench.make_tail()
    errors: list[Exception] = []
    scope = TaskScope(lambda _name, error: errors.append(error))
    scope.start("tail", tail.run)
    await until(tail.changed, lambda: tail.state != "starting", "the first poll")
    yield LostRun(bench.gateway, tail, bench.ledger, entry, Patience(0.02, log_s))
    await scope.close()
    assert errors == []


async def test_one_run_that_began_just_then_is_probably_it(aws: FakeAws, quick: Limits, path: Path) -> None:
    async with opened(aws, quick, path) as bench, lost(aws, bench, -30_000, 800, 40_000, log_s=60) as run:
        await run.run()
        assert run.sentence == "Probably found in the log: it succeeded."
        assert run.steps[1].detail.startswith(f"Request {ID}1, the only run")


async def test_two_that_it_may_be_are_both_named(aws: FakeAws, quick: Limits, path: Path) -> None:
    async with opened(aws, quick, path) as bench, lost(aws, bench, 800, 900) as run:
        await run.run()
        assert run.sentence == "2 runs began just then, and any of them may be it."
        assert run.steps[1].detail == f"{ID}0, {ID}1"


async def test_a_request_id_leaves_no_doubt(aws: FakeAws, quick: Limits, path: Path) -> None:
    async with (
        opened(aws, quick, path) as bench,
        lost(aws, bench, 800, 900, request_id=f"{ID}1", log_s=60) as run,
    ):
        await run.run()
        assert run.sentence == "Found in the log: it succeeded."


async def test_what_is_not_there_is_not_said_not_to_have_run(aws: FakeAws, quick: Limits, path: Path) -> None:
    async with opened(aws, quick, path) as bench, lost(aws, bench) as run:
        await run.run()
        assert run.sentence == "It was not seen in the log."
        assert run.steps[1].state is StepState.UNKNOWN


async def test_a_log_that_may_not_be_read_is_said(aws: FakeAws, quick: Limits, path: Path) -> None:
    aws.always("FilterLogEvents", faults.denied("logs:FilterLogEvents"))
    async with opened(aws, quick, path) as bench, lost(aws, bench, 800, log_s=60) as run:
        await run.run()
        assert run.sentence == "It can't be looked for in the log."
