"""A log page follows what was chosen for it, says what it can't, and goes on with that the next time."""

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from lambdadesk.core.errors import ErrorKind
from lambdadesk.core.log_choice import LogChoice, LogStart
from lambdadesk.core.types import FunctionInfo
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.log_follow import LogFollow
from lambdadesk.desk.tailer import TailGroup, TailState
from lambdadesk.store.settings import Settings
from tests.desk.test_connection import connected
from tests.desk.test_tailer import messages, now_ms
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, Request, make_function

HELLO = FunctionInfo("hello")
API = LogChoice(("hello",), (), ("/aws/lambda/api-*",))


@asynccontextmanager
async def opened(aws: FakeAws, folder: Path) -> AsyncIterator[tuple[Connection, LogFollow]]:
    settings = Settings(folder / "settings.json")
    settings.load()
    async with connected(aws, folder) as connection:
        follow = LogFollow(connection, HELLO, settings, look_again_s=0.02)
        try:
            yield connection, follow
        finally:
            follow.close()
            await settings.save()


def names(follow: LogFollow) -> list[str]:
    return [source.name for source in follow.tail.sources]


async def test_a_pattern_takes_in_groups_that_appear(aws: FakeAws, tmp_path: Path) -> None:
    aws.add_events("/aws/lambda/api-one", "first", timestamp_ms=now_ms() - 2_000)
    async with opened(aws, tmp_path) as (connection, follow):
        own = follow.tail
        assert follow.is_own
        follow.use(API, LogStart())
        await until(follow.replaced, lambda: follow.tail is not own, "the other tail")
        assert names(follow) == ["/aws/lambda/hello", "/aws/lambda/api-one"]
        assert connection.all_tails == [own, follow.tail]
        assert follow.notes == ["/aws/lambda/api-* fits 1 log group; new ones are taken in within a minute."]
        aws.add_events("/aws/lambda/api-two", "second", timestamp_ms=now_ms() - 1_000)
        aws.add_events("/aws/lambda/other", "never")
        tail = follow.tail
        await until(tail.store.changed, lambda: messages(tail) == ["first", "second"], "both lines")
        assert "fits 2 log groups" in follow.notes[0]
        aws.always("DescribeLogGroups", faults.error(500, "ServiceUnavailableException"))
        await until(follow.changed, lambda: "can't be looked for" in follow.notes[0], "why not")
        assert follow.tail is tail
        follow.use(follow.own, LogStart())
        assert (follow.tail, follow.notes, connection.all_tails) == (own, [], [own])


async def test_a_choice_is_taken_up_the_next_time(aws: FakeAws, tmp_path: Path) -> None:
    aws.add_events("/aws/lambda/api-one", "first", timestamp_ms=now_ms() - 3_000_000)
    async with opened(aws, tmp_path) as (_connection, follow):
        follow.use(API, LogStart(3_600_000))
    async with opened(aws, tmp_path) as (_connection, follow):
        own = follow.tail
        follow.take_up()
        assert (follow.choice, follow.start) == (API, LogStart(3_600_000))
        await until(follow.replaced, lambda: follow.tail is not own, "the other tail")
        tail = follow.tail
        await until(tail.store.changed, lambda: messages(tail) == ["first"], "the line of an hour ago")
        follow.use(follow.own, LogStart())
    async with opened(aws, tmp_path) as (_connection, follow):
        follow.take_up()
        assert follow.is_own
        assert follow.choice == follow.own


async def test_a_pattern_that_fits_nothing_yet_waits_for_a_group(aws: FakeAws, tmp_path: Path) -> None:
    async with opened(aws, tmp_path) as (_connection, follow):
        own = follow.tail
        follow.use(LogChoice(patterns=("/aws/lambda/orders-*",)), LogStart())
        await until(follow.replaced, lambda: follow.tail is not own, "the other tail")
        tail, asked_s = follow.tail, time.time()
        assert (follow.error, names(follow), tail.state) == (None, [], TailState.NO_GROUP)
        assert follow.waiting == ["/aws/lambda/orders-*"]
        words = r"No log group matches /aws/lambda/orders-\* yet; looked again every \d+ s\."
        assert re.fullmatch(words, follow.waiting_words)
        assert follow.notes[0] == follow.waiting_words
        assert tail.counts.complete_to_ms is None
        aws.add_events("/aws/lambda/orders-new", "first")
        await until(tail.store.changed, lambda: messages(tail) == ["first"], "its line")
        assert (names(follow), follow.waiting) == (["/aws/lambda/orders-new"], [])
        (source,) = tail.sources  # it is read from when the log was asked for, not from when it was found
        assert source.begun_s is not None
        assert source.begun_s <= asked_s
        assert follow.notes == [
            "/aws/lambda/orders-* fits 1 log group; new ones are taken in within a minute."
        ]


async def test_looks_that_take_long_are_seldom(aws: FakeAws, tmp_path: Path) -> None:
    async with opened(aws, tmp_path) as (_connection, follow):
        own = follow.tail
        follow.use(LogChoice(patterns=("/aws/lambda/orders-*",)), LogStart())
        await until(follow.replaced, lambda: follow.tail is not own, "the other tail")
        follow._look_s = 12.0  # as over two hundred pages of names
        assert follow.waiting_words.endswith("looked again every 120 s.")


async def test_groups_that_may_not_be_listed_leave_what_was_followed(aws: FakeAws, tmp_path: Path) -> None:
    async with opened(aws, tmp_path) as (_connection, follow):
        own = follow.tail
        aws.always("DescribeLogGroups", faults.denied("logs:DescribeLogGroups"))
        follow.use(API, LogStart())
        assert follow.error is None
        await until(follow.changed, lambda: follow.error, "the reason")
        assert follow.error is not None
        assert follow.error.kind is ErrorKind.DENIED
        assert follow.tail is own


async def test_a_change_reads_only_what_is_new(aws: FakeAws, tmp_path: Path) -> None:
    groups = [f"/my/{name}" for name in "abc"]
    for group in groups:
        aws.add_events(group, f"{group} one", stream=group, timestamp_ms=now_ms() - 5_000)

    def reads() -> list[Request]:
        return aws.requests("FilterLogEvents")

    def asked(group: str) -> int:
        """How often it was read from where a new tail begins, and not from where an earlier poll ended."""
        starts = [each.params["startTime"] for each in reads() if each.params["logGroupName"] == group]
        return sum(start < now_ms() - 3_000_000 for start in starts)

    hour = LogStart(3_600_000)
    async with opened(aws, tmp_path) as (connection, follow):
        own = follow.tail
        follow.use(LogChoice((), (groups[0], groups[1])), hour)
        await until(follow.replaced, lambda: follow.tail is not own, "the other tail")
        tail = follow.tail
        await until(tail.changed, lambda: tail.counts.complete_to_ms, "both")
        once = [asked(group) for group in groups[:2]]
        follow.use(LogChoice((), (groups[0], groups[2])), hour)
        await until(tail.changed, lambda: "/my/c" in names(follow), "the change")
        assert follow.tail is tail
        # Nothing is claimed of the new one before it is read, and what was left counts no longer.
        assert (tail.counts.received, tail.counts.complete_to_ms) == (1, None)
        await until(tail.changed, lambda: tail.counts.complete_to_ms, "the new one")
        assert [(each.name, each.state) for each in tail.sources] == [
            ("/my/a", TailState.FOLLOWING),
            ("/my/b", TailState.LEFT),
            ("/my/c", TailState.FOLLOWING),
        ]
        assert (tail.counts.received, tail.counts.late, tail.counts.duplicates) == (2, 0, 0)
        assert sorted(messages(tail)) == ["/my/a one", "/my/b one", "/my/c one"]
        assert follow.notes == ["No longer followed: /my/b; lines read of it that stay here: 1."]
        assert [asked(group) for group in groups[:2]] == once
        # What is left is asked for nothing; where it comes back, it goes on where it was left.
        count = len(reads())
        aws.add_events("/my/b", "/my/b two", stream="/my/b")
        tail.poll_now()
        await until(tail.changed, lambda: len(reads()) >= count + 2, "a poll")
        asked_now = {each.params["logGroupName"] for each in reads()[count:]}
        assert "/my/b" not in asked_now
        follow.use(LogChoice((), tuple(groups)), hour)
        await until(tail.store.changed, lambda: "/my/b two" in messages(tail), "what came meanwhile")
        await until(tail.changed, lambda: tail.counts.complete_to_ms, "all of it")
        assert (tail.counts.received, tail.counts.late, tail.counts.gaps) == (4, 0, 0)
        assert (len(tail.store), follow.notes) == (4, [])
        assert [asked(group) for group in groups[:2]] == once
        # Another start, and the same one chosen again, begin anew.
        follow.use(LogChoice((), tuple(groups)), hour, anew=True)
        await until(follow.replaced, lambda: follow.tail is not tail, "another tail")
        assert connection.all_tails == [own, follow.tail]


async def test_groups_are_taken_for_what_they_are(aws: FakeAws, tmp_path: Path) -> None:
    async with opened(aws, tmp_path) as (connection, follow):
        logging = {"LoggingConfig": {"LogFormat": "Text", "LogGroup": "shop/all"}}
        aws.functions = [make_function("hello"), make_function("a", **logging), make_function("b", **logging)]
        await connection.catalog.refresh()
        own = follow.tail
        own.pause()
        follow.use(LogChoice(("a", "b"), ("/aws/lambda/hello", "/aws/lambda/gone")), LogStart(0))
        await until(follow.replaced, lambda: follow.tail is not own, "the other tail")
        assert [source.group for source in follow.tail.sources] == [
            TailGroup("shop/all", "a"),
            TailGroup("shop/all", "b"),
            TailGroup("/aws/lambda/hello", "hello"),
            TailGroup("/aws/lambda/gone"),
        ]
        assert own.state is not TailState.PAUSED
        assert follow.notes == [
            "shop/all is shared: streams that name no function are shown for each of the 2 followed."
        ]
        before = follow.tail
        follow.use(LogChoice(("a", "b"), ("shop/all",)), LogStart(0))
        await until(follow.replaced, lambda: follow.tail is not before, "the last tail")
        assert [source.group for source in follow.tail.sources] == [TailGroup("shop/all")]
        assert follow.notes == []


async def test_more_groups_than_can_be_followed_are_said(aws: FakeAws, tmp_path: Path) -> None:
    for number in range(60):
        aws.add_events(f"/aws/lambda/api-{number:02}", "x", timestamp_ms=1)
    async with opened(aws, tmp_path) as (_connection, follow):
        own = follow.tail
        follow.use(API, LogStart())
        await until(follow.replaced, lambda: follow.tail is not own, "the other tail")
        assert len(names(follow)) == 50
        assert "fits more than 50 log groups" in follow.notes[0]
        assert follow.notes[1] == "Only the first 50 log groups are followed."
