"""What interrupts a tail is said, with what was found afterwards; where it begins, pauses and goes on."""

from itertools import count

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.quota import FairBucket
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.tail_counts import GapState
from lambdadesk.core.types import Target
from lambdadesk.desk.tailer import Tailer, TailState
from tests.desk.test_tailer import (
    GROUP,
    HELLO,
    MINUTE_MS,
    NEVER_S,
    following,
    make_tail,
    messages,
    now_ms,
    poll,
)
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.faults import Exchange

HOUR_MS = 60 * MINUTE_MS


class Clock:
    """A wall clock that jumps when asked to."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return now_ms() / 1_000 + self.ahead_s


def make(aws: FakeAws, limits: Limits, **options: object) -> Tailer:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)
    return Tailer(gateway, HELLO, InvocationLedger(lambda *_: None), **{"poll_s": NEVER_S, **options})


async def test_an_outage_is_a_gap_until_it_has_been_read(aws: FakeAws, quick: Limits) -> None:
    aws.add_events(GROUP, "before", timestamp_ms=now_ms() - 1_000)
    async with following(make_tail(aws, quick)) as tail:
        assert tail.counts.interruptions == []
        complete_to_ms = tail.counts.complete_to_ms
        aws.always("FilterLogEvents", faults.expired())
        await poll(tail)
        (gap,) = tail.counts.interruptions
        assert (tail.counts.gaps, gap.state, gap.from_ms) == (1, GapState.OPEN, complete_to_ms)
        assert "expired" in gap.why
        aws.add_events(GROUP, "one", "two", timestamp_ms=now_ms())
        aws.add_events(GROUP, "late", timestamp_ms=now_ms() - 30_000)
        await poll(tail)
        assert tail.counts.interruptions == [gap]  # still the same
        aws.always("FilterLogEvents", None)
        await poll(tail)
        assert (tail.counts.gaps, gap.state, gap.recovered) == (0, GapState.CLOSED, 2)
        assert (tail.counts.recovered, tail.counts.late, tail.counts.received) == (2, 1, 4)
        aws.add_events(GROUP, "new")
        await poll(tail)
        assert tail.counts.recovered == 2


async def test_a_deleted_group_is_a_loss_and_a_new_one_is_not_swallowed(aws: FakeAws, quick: Limits) -> None:
    at_ms = now_ms()
    aws.log_settings[GROUP] = {"creationTime": at_ms - 5_000}
    aws.add_events(GROUP, "same", timestamp_ms=at_ms)
    async with following(make_tail(aws, quick)) as tail:
        old = aws.log_groups.pop(GROUP)
        await poll(tail)
        (gap,) = tail.counts.interruptions
        assert (tail.state, tail.counts.gaps, gap.state) == (TailState.NO_GROUP, 1, GapState.LOST)
        aws.log_groups[GROUP] = old  # an event that looks like the one before, id included
        aws.log_settings[GROUP] = {"creationTime": at_ms + 5_000}
        await poll(tail)
        assert messages(tail) == ["same", "same"]
        assert (tail.counts.received, tail.counts.gaps) == (2, 1)
        await poll(tail)
        assert tail.counts.received == 2


async def test_a_group_that_was_only_out_of_sight_repeats_nothing(aws: FakeAws, quick: Limits) -> None:
    aws.log_settings[GROUP] = {"creationTime": 5}
    aws.add_events(GROUP, "one")
    async with following(make_tail(aws, quick)) as tail:
        group = aws.log_groups.pop(GROUP)
        await poll(tail)
        aws.log_groups[GROUP] = group
        await poll(tail)
        assert messages(tail) == ["one"]


async def test_sleep_is_noticed_and_what_came_meanwhile_is_found(aws: FakeAws, quick: Limits) -> None:
    clock = Clock()
    aws.add_events(GROUP, "before", timestamp_ms=now_ms() - 1_000)
    async with following(make(aws, quick, poll_s=0.3, clock=clock)) as tail:
        await poll(tail)
        clock.ahead_s = 3_600.0
        aws.add_events(GROUP, "asleep")
        await until(tail.store.changed, lambda: len(tail.store) == 2, "what came during the sleep")
        await until(tail.changed, lambda: tail.counts.gaps == 0, "the end of the gap")
        (gap,) = tail.counts.interruptions
        assert (gap.why, gap.state) == ("This computer was asleep.", GapState.CLOSED)
        assert gap.recovered == tail.counts.recovered


async def test_a_pause_asks_nothing_and_loses_nothing(aws: FakeAws, quick: Limits) -> None:
    async with following(make(aws, quick, poll_s=0.01)) as tail:
        tail.pause()
        assert tail.state is TailState.PAUSED
        asked = len(aws.requests("FilterLogEvents"))
        aws.add_events(GROUP, *(f"line {number}" for number in range(25)))
        tail.poll_now()
        await until(tail.changed, lambda: True, "the poll that may be under way")
        assert len(aws.requests("FilterLogEvents")) - asked <= 1
        tail.resume()
        await until(tail.store.changed, lambda: len(tail.store) == 25, "what came during the pause")
        assert (tail.counts.gaps, tail.counts.interruptions) == (0, [])


@pytest.mark.parametrize(
    ("ago_ms", "expected"),
    [(0, ["new"]), (10 * MINUTE_MS, ["minutes", "new"]), (3 * HOUR_MS, ["hours", "minutes", "new"])],
)
async def test_it_begins_where_it_is_told(
    aws: FakeAws, quick: Limits, ago_ms: int, expected: list[str]
) -> None:
    for name, at_ms in {"days": 2 * 24 * HOUR_MS, "hours": 2 * HOUR_MS, "minutes": 5 * MINUTE_MS}.items():
        aws.add_events(GROUP, name, timestamp_ms=now_ms() - at_ms)
    for options in ({"lookback_ms": ago_ms}, {"since_ms": now_ms() - ago_ms}):
        async with following(make(aws, quick, **options)) as tail:
            aws.add_events(GROUP, "new", timestamp_ms=now_ms() + 2_000)
            await poll(tail)
            assert messages(tail) == expected
            assert tail.counts.late == 0
        aws.log_groups[GROUP].events.pop()


async def test_from_now_on_means_from_the_first_attempt_on(aws: FakeAws, quick: Limits) -> None:
    began_ms = now_ms()
    async with following(make(aws, quick, lookback_ms=0)) as tail:
        assert tail.state is TailState.NO_GROUP
        aws.add_events(GROUP, "before", timestamp_ms=began_ms - 5_000)
        aws.add_events(GROUP, "first", timestamp_ms=began_ms + 1)
        aws.clock_ahead_s = 20
        await poll(tail)
        await poll(tail)
        assert messages(tail) == ["first"]


async def test_a_long_way_back_is_read_in_parts_and_gone_on_with_where_it_failed(
    aws: FakeAws, quick: Limits
) -> None:
    since_ms = now_ms() - 5 * HOUR_MS
    for hour in range(5):
        aws.add_events(GROUP, f"hour {hour}", timestamp_ms=since_ms + hour * HOUR_MS + 1_000)
    works = faults.slow(0)
    aws.script("FilterLogEvents", works, works, faults.error(500, "ServiceUnavailableException"))
    async with following(make(aws, quick, since_ms=since_ms)) as tail:
        assert tail.state is TailState.RETRYING
        assert messages(tail) == ["hour 0", "hour 1"]
        assert tail.counts.complete_to_ms == since_ms + 2 * HOUR_MS + 1
        await poll(tail)
        assert messages(tail) == [f"hour {hour}" for hour in range(5)]
        assert (tail.counts.received, tail.counts.gaps) == (5, 0)
    starts = [request.params["startTime"] for request in aws.requests("FilterLogEvents")]
    assert starts.count(since_ms) == 1  # what had been read was not read again


async def test_a_poll_of_many_pages_tells_how_far_it_has_come(aws: FakeAws, quick: Limits) -> None:
    began_ms = now_ms() - 5_000
    aws.add_events(GROUP, *(f"line {number}" for number in range(35)), timestamp_ms=began_ms)
    tail = make_tail(aws, quick)
    told: list[int | None] = []
    tail.progressed.connect(lambda: told.append(tail.scanned_to_ms))
    async with following(tail):
        assert told == [began_ms + 19, began_ms + 29, began_ms + 34]
        assert tail.scanned_to_ms is None


async def test_empty_pages_without_end_are_given_up_and_said(aws: FakeAws, quick: Limits) -> None:
    tokens = count()

    def empty(exchange: Exchange) -> None:
        faults.reply(200, {"events": [], "nextToken": str(next(tokens))})(exchange)

    aws.add_events(GROUP, "one")
    aws.always("FilterLogEvents", empty)
    async with following(make_tail(aws, quick)) as tail:
        assert len(aws.requests("FilterLogEvents")) == 100
        assert (tail.counts.gaps, tail.counts.complete_to_ms) == (1, None)
        aws.always("FilterLogEvents", None)
        await poll(tail)
        assert (messages(tail), tail.counts.gaps) == (["one"], 0)


@pytest.mark.parametrize("log_class", ["INFREQUENT_ACCESS", "DELIVERY"])
async def test_a_group_whose_events_can_not_be_followed_says_so(
    aws: FakeAws, quick: Limits, log_class: str
) -> None:
    aws.log_settings[GROUP] = {"logGroupClass": log_class}
    aws.always("FilterLogEvents", faults.error(400, "InvalidOperationException", "not supported"))
    async with following(make_tail(aws, quick)) as tail:
        await until(tail.changed, lambda: tail.notes, "the note")
        (note,) = tail.notes
        assert log_class in note
        assert GROUP in note


async def test_a_usual_group_has_nothing_to_say(aws: FakeAws, quick: Limits) -> None:
    aws.log_settings[GROUP] = {"logGroupClass": "STANDARD"}
    aws.add_events(GROUP, "one")
    async with following(make_tail(aws, quick)) as tail:
        await poll(tail)
        assert tail.notes == []
        assert len(aws.requests("DescribeLogGroups")) == 1


async def test_the_pace_follows_what_comes(aws: FakeAws, quick: Limits) -> None:
    tail = make(aws, quick, poll_s=2.0)
    assert tail._get_pause_s(2.0, found=False) == 2.0  # an endpoint has no quota to keep
    tail._gateway.logs_quota = FairBucket(1_000.0)
    assert tail._get_pause_s(2.0, found=True) == 5.0  # nobody looks
    tail.watch(True)
    assert tail._get_pause_s(2.0, found=True) == 1.0
    assert tail._get_pause_s(1.0, found=True) == 1.0
    assert tail._get_pause_s(2.0, found=False) == 2.5
    assert tail._get_pause_s(9.0, found=False) == 10.0
    tail.watch(False)
    assert tail._get_pause_s(2.0, found=True) == 5.0
    assert tail._get_pause_s(10.0, found=False) == 10.0


async def test_a_tail_that_is_looked_at_again_polls_at_once(aws: FakeAws, quick: Limits) -> None:
    async with following(make_tail(aws, quick)) as tail:
        tail._gateway.logs_quota = FairBucket(1_000.0)
        aws.add_events(GROUP, "one")
        tail.watch(True)
        await until(tail.store.changed, lambda: messages(tail) == ["one"], "the line")


async def test_after_an_outage_the_pace_is_the_usual_one_again(aws: FakeAws, quick: Limits) -> None:
    aws.always("FilterLogEvents", faults.error(500, "ServiceUnavailableException"))
    async with following(make_tail(aws, quick, poll_s=0.05)) as tail:
        tail._gateway.logs_quota = FairBucket(1_000.0)
        for _ in range(8):
            await poll(tail)
        assert tail.sources[0].pause_s > 10
        aws.always("FilterLogEvents", None)
        aws.add_events(GROUP, "one")
        await poll(tail)
        assert tail.sources[0].pause_s < 1
