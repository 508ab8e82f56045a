"""A tail shows every log event once, in its place, whatever comes late, twice or not at all for a while."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.logstore import Level, LineKind, LogRow
from lambdadesk.core.types import FunctionInfo, Outcome, Target
from lambdadesk.desk.tailer import LOOKBACK_MS, Tailer, TailState
from lambdadesk.desk.tasks import TaskScope
from tests.desk.waiting import until
from tests.limits import impatient
from tests.servers import faults
from tests.servers.fake_aws import FakeAws

GROUP = "/aws/lambda/hello"
HELLO = FunctionInfo("hello")
NEVER_S = 3_600.0  # polls come when a test asks for them
MINUTE_MS = 60_000

answered = faults.slow(0)  # a page that comes as it should


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def invocation_lines(request_id: str) -> tuple[str, str, str]:
    return (
        f"START RequestId: {request_id} Version: $LATEST\n",
        f"END RequestId: {request_id}\n",
        f"REPORT RequestId: {request_id}\tDuration: 12.34 ms\tBilled Duration: 13 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 40 MB\t\n",
    )


def make_tail(aws: FakeAws, limits: Limits, *, poll_s: float = NEVER_S) -> Tailer:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)
    return Tailer(gateway, HELLO, InvocationLedger(lambda *_: None), poll_s=poll_s)


@asynccontextmanager
async def following(tail: Tailer) -> AsyncIterator[Tailer]:
    """The tail after its first poll; it is ended afterwards, and must not have failed in an unplanned way."""
    failures: list[Exception] = []
    scope = TaskScope(lambda _name, error: failures.append(error))
    scope.start("tail", tail.run)
    try:
        await until(tail.changed, lambda: tail.state is not TailState.STARTING, "the first poll")
        yield tail
    finally:
        await scope.close()
    assert failures == []


async def poll(tail: Tailer) -> None:
    """Let the tail poll once."""
    polls: list[None] = []
    disconnect = tail.changed.connect(lambda: polls.append(None))
    tail.poll_now()
    await until(tail.changed, lambda: polls, "a poll")
    disconnect()


def rows(tail: Tailer) -> list[LogRow]:
    return [tail.store.row(number) for number in range(tail.store.first, tail.store.end)]


def messages(tail: Tailer) -> list[str]:
    return [row.message for row in rows(tail)]


async def test_begins_ten_minutes_back_and_goes_on_with_what_is_new(aws: FakeAws, quick: Limits) -> None:
    aws.add_events(GROUP, "too old", timestamp_ms=now_ms() - LOOKBACK_MS - 5_000)
    aws.add_events(GROUP, "old", timestamp_ms=now_ms() - LOOKBACK_MS + 5_000)
    began_ms = now_ms()
    async with following(make_tail(aws, quick)) as tail:
        assert messages(tail) == ["old"]
        assert tail.state is TailState.FOLLOWING
        assert tail.error is None
        assert tail.counts.complete_to_ms is not None
        assert tail.counts.complete_to_ms >= began_ms - 1_000  # the server's clock counts seconds
        aws.add_events(GROUP, "new", "newer")
        await poll(tail)
        assert messages(tail) == ["old", "new", "newer"]
        assert (tail.counts.received, tail.counts.duplicates, tail.counts.gaps) == (3, 0, 0)


async def test_polls_by_itself(aws: FakeAws, quick: Limits) -> None:
    async with following(make_tail(aws, quick, poll_s=0.01)) as tail:
        aws.add_events(GROUP, "one")
        await until(tail.store.changed, lambda: messages(tail) == ["one"], "the first line")
        aws.add_events(GROUP, "two")
        await until(tail.store.changed, lambda: messages(tail) == ["one", "two"], "the second line")


async def test_lines_know_their_kind_level_and_invocation(aws: FakeAws, quick: Limits) -> None:
    start, end, report = invocation_lines("11111111-2222-4333-8444-555555555555")
    aws.add_events(GROUP, start, "[ERROR] ValueError: no", end, report, timestamp_ms=now_ms() - 5_000)
    async with following(make_tail(aws, quick)) as tail:
        found = rows(tail)
        assert [row.kind for row in found] == [LineKind.START, LineKind.APP, LineKind.END, LineKind.REPORT]
        assert found[1].level == Level.ERROR
        assert {row.request_id for row in found} == {"11111111-2222-4333-8444-555555555555"}
        assert not any(row.late for row in found)
        (invocation,) = tail.tracker.invocations
        text = tail.text_of(invocation.request_id, invocation.stream)
        assert text.splitlines()[1] == "[ERROR] ValueError: no"
        assert tail.text_of("unknown", invocation.stream) == ""


async def test_late_events_are_put_in_their_place_and_counted(aws: FakeAws, quick: Limits) -> None:
    base_ms = now_ms() - 30_000
    aws.add_events(GROUP, "one", "two", "five", timestamp_ms=base_ms)
    aws.log_groups[GROUP].events[2].timestamp_ms = base_ms + 4
    aws.add_events(GROUP, "three", "four", timestamp_ms=base_ms + 2, hidden=True)
    async with following(make_tail(aws, quick)) as tail:
        assert messages(tail) == ["one", "two", "five"]
        assert tail.counts.late == 0
        aws.show_late_events(GROUP)
        await poll(tail)
        assert messages(tail) == ["one", "two", "three", "four", "five"]
        assert [row.late for row in rows(tail)] == [False, False, True, True, False]
        assert (tail.counts.received, tail.counts.late) == (5, 2)
        assert tail.counts.largest_delay_ms >= 29_000


async def test_what_is_read_again_is_dropped(aws: FakeAws, quick: Limits) -> None:
    request_id = "11111111-2222-4333-8444-555555555555"
    aws.add_events(GROUP, *invocation_lines(request_id), *(f"line {number}" for number in range(22)))
    async with following(make_tail(aws, quick)) as tail:
        first = rows(tail)
        polls = len(aws.requests("FilterLogEvents"))
        await poll(tail)
        await poll(tail)
        assert len(aws.requests("FilterLogEvents")) == 3 * polls  # it did read all of them again
        assert rows(tail) == first
        assert len(first) == 25
        assert (tail.counts.received, tail.counts.duplicates) == (25, 0)
        assert tail._ledger.totals("hello").invocations == 1


async def test_an_event_delivered_twice_is_shown_and_counted_once(aws: FakeAws, quick: Limits) -> None:
    aws.add_events(GROUP, "once", "twice", timestamp_ms=now_ms() - 5_000)
    aws.log_groups[GROUP].events.append(aws.log_groups[GROUP].events[1])
    async with following(make_tail(aws, quick)) as tail:
        assert messages(tail) == ["once", "twice"]
        assert tail.counts.duplicates == 1
        await poll(tail)
        await poll(tail)
        assert messages(tail) == ["once", "twice"]
        assert (tail.counts.received, tail.counts.duplicates) == (2, 1)


@pytest.mark.parametrize("gives_tokens", [True, False])
async def test_equal_lines_without_ids_are_all_kept(aws: FakeAws, quick: Limits, gives_tokens: bool) -> None:
    aws.gives_event_ids, aws.gives_tokens = False, gives_tokens
    at_ms = now_ms() - 5_000
    for _ in range(12):  # more than a page in one millisecond
        aws.add_events(GROUP, "beat", timestamp_ms=at_ms)
    for event in aws.log_groups[GROUP].events:
        event.ingestion_ms = at_ms
    async with following(make_tail(aws, quick)) as tail:
        assert messages(tail) == ["beat"] * 12
        await poll(tail)
        assert messages(tail) == ["beat"] * 12
        aws.add_events(GROUP, "beat", timestamp_ms=at_ms)
        aws.log_groups[GROUP].events[-1].ingestion_ms = at_ms
        await poll(tail)
        assert messages(tail) == ["beat"] * 13
        assert (tail.counts.received, tail.counts.duplicates, tail.counts.gaps) == (13, 0, 0)


async def test_a_group_that_is_made_later_is_followed_from_then_on(aws: FakeAws, quick: Limits) -> None:
    async with following(make_tail(aws, quick)) as tail:
        assert tail.state is TailState.NO_GROUP
        assert tail.error is None  # a function that has never run is no failure
        assert tail.counts.complete_to_ms is None
        aws.add_events(GROUP, "first")
        await poll(tail)
        assert tail.state is TailState.FOLLOWING
        assert messages(tail) == ["first"]
        assert tail.counts.late == 0


async def test_a_group_that_is_deleted_and_made_again_is_followed_again(aws: FakeAws, quick: Limits) -> None:
    aws.add_events(GROUP, "before")
    async with following(make_tail(aws, quick)) as tail:
        gone = aws.log_groups.pop(GROUP)
        await poll(tail)
        assert tail.state is TailState.NO_GROUP
        assert messages(tail) == ["before"]
        aws.add_events(GROUP, "after")
        aws.log_groups[GROUP].events[0].event_id = f"{len(gone.events) + 1:056d}"
        await poll(tail)
        assert tail.state is TailState.FOLLOWING
        assert messages(tail) == ["before", "after"]


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (faults.throttled(), TailState.RETRYING),
        (faults.error(400, "ThrottlingException", "Rate exceeded"), TailState.RETRYING),
        (faults.error(500, "ServiceUnavailableException"), TailState.RETRYING),
        (faults.reset, TailState.RETRYING),
        (faults.hang, TailState.RETRYING),
        (faults.html(), TailState.RETRYING),
        (faults.expired(), TailState.RETRYING),
        (faults.denied("logs:FilterLogEvents"), TailState.DENIED),
    ],
)
async def test_nothing_is_lost_in_an_outage(
    aws: FakeAws, quick: Limits, fault: faults.Fault, state: TailState
) -> None:
    aws.add_events(GROUP, "before", timestamp_ms=now_ms() - 1_000)
    limits = impatient(quick) if fault is faults.hang else quick
    async with following(make_tail(aws, limits)) as tail:
        complete_to_ms = tail.counts.complete_to_ms
        aws.always("FilterLogEvents", fault)
        await poll(tail)
        assert tail.state is state
        assert tail.error is not None
        assert tail.error.hint
        assert messages(tail) == ["before"]
        assert tail.counts.complete_to_ms == complete_to_ms
        aws.add_events(GROUP, *(f"during {number}" for number in range(25)))
        aws.always("FilterLogEvents", None)
        await poll(tail)
        assert tail.state is TailState.FOLLOWING
        assert tail.error is None
        assert messages(tail) == ["before", *(f"during {number}" for number in range(25))]


async def test_a_page_that_fails_is_read_again_and_the_pages_before_it_stay(
    aws: FakeAws, quick: Limits
) -> None:
    aws.add_events(GROUP, *(f"line {number}" for number in range(25)))
    aws.script("FilterLogEvents", answered, answered, faults.error(500, "ServiceUnavailableException"))
    async with following(make_tail(aws, quick)) as tail:
        assert tail.state is TailState.RETRYING
        assert len(messages(tail)) == 20
        assert tail.counts.complete_to_ms is None
        await poll(tail)
        assert messages(tail) == [f"line {number}" for number in range(25)]
        assert tail.counts.received == 25
        assert tail.counts.late == 0


async def test_pages_that_go_round_in_circles_are_a_gap_until_they_end(aws: FakeAws, quick: Limits) -> None:
    aws.add_events(GROUP, "one", "two")
    circle = faults.reply(200, {"events": [], "nextToken": "7"})
    aws.script("FilterLogEvents", circle, circle)
    async with following(make_tail(aws, quick)) as tail:
        assert tail.counts.gaps == 1
        assert tail.counts.complete_to_ms is None
        assert messages(tail) == []
        await poll(tail)
        assert tail.counts.gaps == 0
        assert tail.counts.complete_to_ms is not None
        assert messages(tail) == ["one", "two"]


async def test_a_failure_slows_the_tail_down_and_poll_now_does_not_wait(aws: FakeAws, quick: Limits) -> None:
    aws.always("FilterLogEvents", faults.denied("logs:FilterLogEvents"))
    async with following(make_tail(aws, quick, poll_s=0.05)) as tail:
        for _ in range(12):  # 0.05 s doubled this often is beyond any deadline here
            await poll(tail)
        aws.always("FilterLogEvents", None)
        aws.add_events(GROUP, "line")
        await poll(tail)
        assert messages(tail) == ["line"]
        assert tail.state is TailState.FOLLOWING
        aws.add_events(GROUP, "quick again")
        await until(tail.store.changed, lambda: len(tail.store) == 2, "a poll after the usual interval")


async def test_hours_asleep_lose_nothing(aws: FakeAws, quick: Limits) -> None:
    aws.add_events(GROUP, "before")
    async with following(make_tail(aws, quick)) as tail:
        base_ms = now_ms()
        asleep_ms = 8 * 60 * MINUTE_MS
        for number in range(40):
            at_ms = base_ms + (number + 1) * asleep_ms // 40
            aws.add_events(GROUP, f"asleep {number}", timestamp_ms=at_ms)
        aws.clock_ahead_s = asleep_ms / 1_000 + 60
        await poll(tail)  # tells the time
        await poll(tail)
        assert messages(tail) == ["before", *(f"asleep {number}" for number in range(40))]


async def test_events_that_come_late_while_nothing_could_be_read_are_found(
    aws: FakeAws, quick: Limits
) -> None:
    aws.add_events(GROUP, "before", timestamp_ms=now_ms() - 1_000)
    aws.add_events(GROUP, "late", timestamp_ms=now_ms() - 5 * MINUTE_MS, hidden=True)
    async with following(make_tail(aws, quick)) as tail:
        aws.always("FilterLogEvents", faults.expired())
        await poll(tail)
        aws.show_late_events(GROUP)  # within the sweep's reach, if the sweep goes back from the last poll
        aws.clock_ahead_s = 30 * 60
        await poll(tail)  # tells the time
        aws.always("FilterLogEvents", None)
        await poll(tail)
        await poll(tail)
        assert messages(tail) == ["late", "before"]
        assert tail.counts.late == 1


async def test_the_sweeps_find_what_comes_fourteen_minutes_late(aws: FakeAws, quick: Limits) -> None:
    began_ms = now_ms()
    late_ms = 14 * MINUTE_MS - 5_000
    aws.add_events(GROUP, "before", timestamp_ms=began_ms - 1_000)
    aws.add_events(GROUP, "late", timestamp_ms=began_ms, hidden=True)
    async with following(make_tail(aws, quick)) as tail:
        for at_ms in range(0, 16 * MINUTE_MS, 20_000):
            if at_ms >= late_ms:
                aws.show_late_events(GROUP)
            aws.clock_ahead_s = at_ms / 1_000
            await poll(tail)
        assert messages(tail) == ["before", "late"]
        assert (tail.counts.received, tail.counts.late) == (2, 1)


@pytest.mark.parametrize("ahead_s", [-3_600.0, -200.0, 200.0, 3_600.0])
async def test_the_server_has_another_time(aws: FakeAws, quick: Limits, ahead_s: float) -> None:
    aws.clock_ahead_s = ahead_s
    server_ms = now_ms() + int(ahead_s * 1_000)
    spread = {f"{ago_s} s ago": ago_s for ago_s in (500, 300, 100, 30, 1)}
    for name, ago_s in spread.items():
        aws.add_events(GROUP, name, timestamp_ms=server_ms - ago_s * 1_000)
    async with following(make_tail(aws, quick)) as tail:
        await poll(tail)
        assert messages(tail) == list(spread)
        aws.add_events(GROUP, "new", timestamp_ms=server_ms)
        await poll(tail)
        assert messages(tail) == [*spread, "new"]
        assert tail.counts.complete_to_ms is not None
        assert abs(tail.counts.complete_to_ms - server_ms) < 10_000


async def test_the_reports_of_a_log_reach_the_ledger_once(aws: FakeAws, quick: Limits) -> None:
    ids = [f"11111111-2222-4333-8444-{number:012d}" for number in range(4)]
    for number, request_id in enumerate(ids):
        aws.add_events(GROUP, *invocation_lines(request_id), timestamp_ms=now_ms() - 5_000 + number * 100)
    async with following(make_tail(aws, quick)) as tail:
        await poll(tail)
        seen = tail._ledger.of("hello")
        assert [invocation.request_id for invocation in seen] == ids
        assert {invocation.outcome for invocation in seen} == {Outcome.OK}
        assert tail._ledger.totals("hello").invocations == 4
