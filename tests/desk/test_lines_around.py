"""The lines around a moment: from a tail that holds them, else from CloudWatch Logs."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.types import FunctionInfo, Target
from lambdadesk.desk.lines_around import LinesAround
from lambdadesk.desk.tailer import Tailer
from tests.servers import faults
from tests.servers.fake_aws import FakeAws

GROUP = "/aws/lambda/hello"
STREAM = "2026/01/02/[$LATEST]aa"


@asynccontextmanager
async def opened(aws: FakeAws, limits: Limits) -> AsyncIterator[Gateway]:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)
    try:
        yield gateway
    finally:
        await gateway.close()


def add_lines(aws: FakeAws, at_ms: int) -> None:
    for seconds in (-300, -121, -60, 0, 60, 119, 121):
        aws.add_events(GROUP, f"at {seconds}", timestamp_ms=at_ms + seconds * 1000, stream=STREAM)
    aws.add_events(GROUP, "of another stream", timestamp_ms=at_ms, stream=f"{STREAM}b")


async def test_a_tail_that_holds_them_is_not_asked_again(aws: FakeAws, quick: Limits) -> None:
    at_ms = time.time_ns() // 1_000_000 - 200_000
    add_lines(aws, at_ms)
    async with opened(aws, quick) as gateway:
        tail = Tailer(gateway, FunctionInfo("hello"), InvocationLedger(lambda *_: None))
        await tail._poll()
        asked = len(aws.requests("FilterLogEvents"))
        around = LinesAround(gateway, GROUP, STREAM, at_ms, tail)
        await around.load()
        assert [line.message for line in around.lines] == ["at -60", "at 0", "at 60", "at 119"]
        assert around.lines[around.nearest].message == "at 0"
        assert len(aws.requests("FilterLogEvents")) == asked
        # What it can't hold yet, or of another group, is asked for.
        for group, moment_ms in ((GROUP, at_ms + 120_000), (GROUP, at_ms - 500_000), ("/other", at_ms)):
            aws.add_events("/other", "x")
            other = LinesAround(gateway, group, STREAM, moment_ms, tail)
            await other.load()
            asked += 1
            assert len(aws.requests("FilterLogEvents")) >= asked
        assert (other.lines, other.nearest, other.error) == ([], -1, None)


async def test_pages_are_put_together_and_failures_kept(aws: FakeAws, quick: Limits) -> None:
    at_ms = 1_767_323_045_000
    add_lines(aws, at_ms)
    aws.log_page_events = 2
    async with opened(aws, quick) as gateway:
        around = LinesAround(gateway, GROUP, STREAM, at_ms)
        await around.load()
        assert [line.message for line in around.lines] == ["at -60", "at 0", "at 60", "at 119"]
        aws.always("FilterLogEvents", faults.denied("logs:FilterLogEvents"))
        await around.load()
        assert around.error is not None
        assert (around.error.kind, around.is_loading, around.lines) == (ErrorKind.DENIED, False, [])
