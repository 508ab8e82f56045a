"""A live session shows lines early; the polls confirm them, and nothing is shown twice or charged unseen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import Target
from lambdadesk.desk.live_overlay import LiveOverlay, price_words
from lambdadesk.desk.tailer import Tailer
from lambdadesk.desk.tasks import TaskScope
from tests.desk.test_tailer import GROUP, following, make_tail, messages, now_ms, poll
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_live import hang, pulse, session, update

ARN = f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}"


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@asynccontextmanager
async def listening(tail: Tailer, **options: object) -> AsyncIterator[LiveOverlay]:
    failures: list[Exception] = []
    overlay = LiveOverlay(tail._gateway, tail, **options)
    scope = TaskScope(lambda _name, error: failures.append(error))
    scope.start("live", overlay.run)
    try:
        yield overlay
    finally:
        await scope.close()
    assert failures == []
    assert not overlay.is_on


async def test_lines_are_provisional_until_a_poll_brings_them(aws: FakeAws, quick: Limits) -> None:
    at_ms = now_ms()
    aws.log_settings[GROUP] = {"logGroupArn": ARN}
    frames = (
        update("same", stream="s", timestamp_ms=at_ms),
        update("same", stream="s", timestamp_ms=at_ms),
        update("other", stream="s", timestamp_ms=at_ms + 1, sampled=True),
    )
    aws.script("StartLiveTail", session(*frames, end=hang))
    async with following(make_tail(aws, quick)) as tail, listening(tail) as overlay:
        await until(overlay.changed, lambda: len(overlay.lines) == 3, "the live lines")
        assert [line.message for line in overlay.lines] == ["same", "same", "other"]
        assert overlay.sampled
        aws.add_events(GROUP, "same", timestamp_ms=at_ms, stream="s")
        aws.add_events(GROUP, "other", timestamp_ms=at_ms + 1, stream="s")
        await poll(tail)
        assert messages(tail) == ["same", "other"]
        assert [line.message for line in overlay.lines] == ["same"]
        assert (tail.counts.received, tail.counts.duplicates) == (2, 0)
        (request,) = aws.requests("StartLiveTail")
        assert request.params == {"logGroupIdentifiers": [ARN]}
    assert overlay.lines == []
    assert overlay.error is None


async def test_minutes_are_counted_and_priced_and_it_ends_by_itself(aws: FakeAws, quick: Limits) -> None:
    clock = Clock()
    aws.log_settings[GROUP] = {"arn": f"{ARN}:*"}
    aws.script("StartLiveTail", session(update("x", timestamp_ms=now_ms()), end=hang))
    options = {"for_minutes": 0.02, "clock": clock}
    async with following(make_tail(aws, quick)) as tail, listening(tail, **options) as overlay:
        await until(overlay.changed, lambda: overlay.lines, "the live line")
        clock.now_s += 90
        assert (overlay.minutes, overlay.cost_usd) == (1.5, Decimal("0.015"))
        await until(overlay.changed, lambda: not overlay.is_on, "the end of its time")
        clock.now_s += 600
        assert (overlay.minutes, overlay.error) == (1.5, None)


class Meter:
    """A CallMeter with a budget in seconds."""

    def __init__(self, budget_s: int) -> None:
        self.budget_s = budget_s
        self.noted: list[int] = []

    def check(self, service: str, operation: str) -> None:
        if operation == "StartLiveTail" and sum(self.noted) >= self.budget_s:
            raise UserError("The budget is used up.", kind=ErrorKind.DENIED)

    def note(self, *_call: object) -> None: ...

    def note_invoke(self, _request: object) -> None: ...

    def note_live_tail(self, seconds: int) -> None:
        self.noted.append(seconds)


async def test_its_seconds_are_told_to_the_meter_and_a_budget_ends_it(aws: FakeAws, quick: Limits) -> None:
    clock, meter = Clock(), Meter(20)
    tail = make_tail(aws, quick)
    tail._gateway.meter = meter
    aws.log_settings[GROUP] = {"arn": f"{ARN}:*"}
    aws.script("StartLiveTail", *[session(update("x", timestamp_ms=now_ms()), end=pulse)] * 2)
    async with following(tail), listening(tail, clock=clock) as overlay:
        await until(overlay.changed, lambda: overlay.lines, "the live line")
        clock.now_s += 16.5
        await until(overlay.changed, lambda: meter.noted, "the first note")
        assert meter.noted == [17]
    assert meter.noted == [17]  # a begun second counts, once
    async with following(tail), listening(tail, clock=clock) as overlay:
        await until(overlay.changed, lambda: overlay.lines, "the live line")
        clock.now_s += 15
        await until(overlay.changed, lambda: overlay.error, "the end of the budget")
        assert overlay.error is not None
        assert (overlay.error.message, meter.noted) == ("The budget is used up.", [17, 15])


async def test_an_endpoint_without_it_says_so(aws: FakeAws, quick: Limits) -> None:
    aws.log_settings[GROUP] = {"logGroupArn": ARN}
    aws.add_events(GROUP, "x")
    async with following(make_tail(aws, quick)) as tail, listening(tail) as overlay:
        await until(overlay.changed, lambda: overlay.error, "the reason")
        assert overlay.error is not None
        assert overlay.error.message == "Live Tail is not offered by this endpoint."
        assert overlay.minutes == 0


async def test_a_provisional_line_is_told_from_where_it_is(aws: FakeAws, quick: Limits) -> None:
    aws.log_settings[GROUP] = {"logGroupArn": ARN}
    aws.script("StartLiveTail", session(update("x", stream="s", timestamp_ms=now_ms()), end=hang))
    async with following(make_tail(aws, quick)) as tail, listening(tail) as overlay:
        (line,) = await until(overlay.changed, lambda: overlay.lines, "the live line")
        assert overlay.source_of(line) == 0
        assert overlay.source_of(line._replace(stream="unknown")) == -1


async def test_a_session_that_breaks_off_is_told_and_the_tail_goes_on(aws: FakeAws, quick: Limits) -> None:
    aws.log_settings[GROUP] = {"logGroupArn": ARN}
    aws.script("StartLiveTail", session(update("x"), end=faults.reset))
    async with following(make_tail(aws, quick)) as tail, listening(tail) as overlay:
        await until(overlay.changed, lambda: overlay.error, "the end of the session")
        assert overlay.error is not None
        assert overlay.error.kind is ErrorKind.OFFLINE
        aws.add_events(GROUP, "x")
        await poll(tail)
        assert messages(tail) == ["x"]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (Target("us-east-1"), "for $0.01 a minute; an account has some minutes free each month."),
        (Target("ap-south-2"), "for about $0.01 a minute; an account has some minutes free each month."),
        (
            Target("us-east-1", endpoint_url="http://127.0.0.1:4566"),
            "and costs nothing here, since this is not AWS.",
        ),
    ],
)
def test_the_price_is_said_before_it_begins(target: Target, words: str) -> None:
    assert price_words(target, load_prices()) == words


async def test_without_a_group_there_is_nothing_to_listen_to(aws: FakeAws, quick: Limits) -> None:
    async with following(make_tail(aws, quick)) as tail, listening(tail) as overlay:
        await until(overlay.changed, lambda: overlay.error, "the reason")
        assert overlay.error is not None
        assert overlay.error.kind is ErrorKind.NOT_FOUND
        assert overlay.minutes == 0
        assert aws.requests("StartLiveTail") == []


async def test_a_line_from_before_the_tail_began_is_not_waited_for(aws: FakeAws, quick: Limits) -> None:
    aws.log_settings[GROUP] = {"logGroupArn": ARN}
    frames = (update("long ago", timestamp_ms=now_ms() - 3_600_000), update("x", timestamp_ms=now_ms()))
    aws.script("StartLiveTail", session(*frames, end=hang))
    async with following(make_tail(aws, quick)) as tail, listening(tail) as overlay:
        await until(overlay.changed, lambda: overlay.lines, "the live line")
        assert [line.message for line in overlay.lines] == ["x"]
        await poll(tail)
        assert overlay.unconfirmed == 0
