"""However events, polls and pages fall together, a tail has each event exactly once, in order."""

import asyncio
import time
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.tail_counts import GapState
from lambdadesk.core.types import FunctionInfo, Target
from lambdadesk.desk.tailer import SWEEP_WINDOW_MS, Tailer
from tests.desk.test_tailer import NEVER_S, following, poll, rows
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_logs import LogGroup, StoredEvent

PAGE = 3
# A sweep is due each minute and begins where the poll before the last one ended, so this much is promised.
LATEST_MS = SWEEP_WINDOW_MS - 3 * 60_000


@dataclass(frozen=True)
class Written:
    """A log event; times are milliseconds after the first poll."""

    at_ms: int
    late_ms: int
    message: str
    stream: str

    @property
    def visible_ms(self) -> int:
        return self.at_ms + self.late_ms


written = st.builds(
    Written,
    # Often the same millisecond, so that pages break within one.
    at_ms=st.one_of(st.sampled_from([-1_000, 0, 5_000]), st.integers(-9 * 60_000, 40 * 60_000)),
    late_ms=st.one_of(st.just(0), st.integers(0, 5_000), st.integers(0, LATEST_MS)),
    message=st.sampled_from(["a", "b", "START RequestId: 1-2 Version: $LATEST"]),
    stream=st.sampled_from(["[1]a", "[1]b"]),
)
FAULTS = {
    "failed": faults.error(500, "ServiceUnavailableException"),
    "throttled": faults.error(400, "ThrottlingException", "Rate exceeded"),
    "reset": faults.reset,
    "cut": faults.cut,
    "login page": faults.html(),
    "expired": faults.expired(),
    "denied": faults.denied("logs:FilterLogEvents"),
    "deleted": faults.error(400, "ResourceNotFoundException"),
    "no list": faults.reply(200, {}),
    "circle": faults.reply(200, {"events": [], "nextToken": "7"}),
}
# How long until the next poll, and how it fails (after some of its pages).
steps = st.tuples(
    st.one_of(st.integers(0, 3_000), st.integers(0, 20 * 60_000)),
    st.one_of(st.none(), st.tuples(st.integers(0, 3), st.sampled_from(sorted(FAULTS)))),
)
Plan = list[tuple[int, tuple[int, str] | None]]
# (gives tokens, gives ids): AWS, MiniStack, and what lies between
kinds = st.sampled_from([(True, True), (False, False), (True, False)])


def fail_after(pages: int, fault: str) -> faults.Fault:
    """Some pages as they should be, before all of them an empty one, and then a fault without end."""
    empty = faults.reply(200, {"events": [], "nextToken": "0"})
    rest = iter([empty, *[faults.slow(0)] * pages])
    return lambda exchange: next(rest, FAULTS[fault])(exchange)


async def play(aws: FakeAws, gateway: Gateway, events: list[Written], plan: Plan) -> Tailer:
    """A tail after all the polls of the plan, and after those that find whatever is still to come."""
    tail = Tailer(gateway, FunctionInfo("hello"), InvocationLedger(lambda *_: None), poll_s=NEVER_S)
    began_ms = time.time_ns() // 1_000_000
    stored = [
        StoredEvent(
            began_ms + event.at_ms,
            event.message,
            event.stream,
            began_ms + event.visible_ms,
            f"{number:056d}",
            hidden=True,
        )
        for number, event in enumerate(events)
    ]
    aws.log_groups["/aws/lambda/hello"] = LogGroup(stored)

    async def go_to(moment_ms: int) -> None:
        aws.clock_ahead_s = moment_ms / 1_000
        for event in stored:
            event.hidden = event.ingestion_ms > began_ms + moment_ms
        await gateway.call("lambda", "ListFunctions")  # any answer tells the time

    await go_to(0)
    async with following(tail):
        moment_ms = 0
        for step_ms, failure in plan:
            moment_ms += step_ms
            await go_to(moment_ms)
            if failure is not None:
                aws.always("FilterLogEvents", fail_after(*failure))
            await poll(tail)
            aws.always("FilterLogEvents", None)
        end_ms = max([moment_ms, *(event.visible_ms for event in events)]) + 61_000
        await go_to(end_ms)
        await poll(tail)
    return tail


def test_every_event_is_there_once_and_in_order() -> None:
    limits = Limits(attempts=1, backoff_s=0.001, page_events=PAGE)
    with FakeAws() as aws, asyncio.Runner() as runner:
        gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)

        @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.lists(written, max_size=14), st.lists(steps, max_size=6), kinds)
        def check(events: list[Written], plan: Plan, kind: tuple[bool, bool]) -> None:
            aws.gives_tokens, aws.gives_event_ids = kind
            tail = runner.run(play(aws, gateway, events, plan))
            found = [(row.timestamp_ms, row.ingestion_ms, row.stream, row.message) for row in rows(tail)]
            expected = [
                (event.timestamp_ms, event.ingestion_ms, event.stream, event.message)
                for event in aws.log_groups["/aws/lambda/hello"].events
            ]
            assert found == sorted(expected, key=lambda row: row[:2])  # what is equal keeps the pages' order
            assert tail.counts.received == len(events)
            lost = [gap for gap in tail.counts.interruptions if gap.state is not GapState.CLOSED]
            assert all("deleted" in gap.why and gap.state is GapState.LOST for gap in lost)
            assert (tail.counts.duplicates, tail.counts.gaps) == (0, len(lost))

        check()
        runner.run(gateway.close())
