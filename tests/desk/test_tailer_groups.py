"""Several log groups in one tail: one order, one account, and each line knows where it comes from."""

from typing import Any

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.types import FunctionInfo, Target
from lambdadesk.desk.tailer import Tailer, TailGroup, TailState
from tests.desk.test_tailer import NEVER_S, following, invocation_lines, messages, now_ms, rows
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws

ORDERS, MAILS, SHARED = "/aws/lambda/orders", "/aws/lambda/mails", "shop/all"


def make_tail(
    aws: FakeAws, limits: Limits, *groups: TailGroup, function: Any = None, **options: Any
) -> Tailer:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)
    ledger = InvocationLedger(lambda *_: None)
    return Tailer(
        gateway, function or FunctionInfo("orders"), ledger, groups=groups or None, poll_s=NEVER_S, **options
    )


async def poll_all(tail: Tailer) -> None:
    polls: list[None] = []
    disconnect = tail.changed.connect(lambda: polls.append(None))
    tail.poll_now()
    await until(tail.changed, lambda: len(polls) >= len(tail.sources), "a poll of every group")
    disconnect()


async def test_groups_are_merged_and_each_line_knows_its_own(aws: FakeAws, quick: Limits) -> None:
    at_ms = now_ms() - 20_000
    ids = ["11111111-2222-4333-8444-555555555555", "66666666-2222-4333-8444-555555555555"]
    for offset_ms, group, stream, request_id in ((0, ORDERS, "a", ids[0]), (1, MAILS, "b", ids[1])):
        for number, line in enumerate(invocation_lines(request_id)):
            aws.add_events(group, line, timestamp_ms=at_ms + 2 * number + offset_ms, stream=stream)
    groups = (TailGroup(ORDERS, "orders"), TailGroup(MAILS, "mails"))
    async with following(make_tail(aws, quick, *groups)) as tail:
        await until(tail.changed, lambda: tail.state is TailState.FOLLOWING, "both groups")
        found = rows(tail)
        assert [row.stream for row in found] == ["a", "b"] * 3
        assert [tail.source_of(row.stream).name for row in found] == [ORDERS, MAILS] * 3
        assert [row.request_id for row in found] == ids * 3
        assert [source.index for source in tail.sources] == [0, 1]
        assert [source.counts.received for source in tail.sources] == [3, 3]
        assert (tail.counts.received, tail.counts.gaps) == (6, 0)
        moments = [source.counts.complete_to_ms for source in tail.sources]
        assert tail.counts.complete_to_ms == min(moment for moment in moments if moment)
        assert tail._ledger.totals("orders").invocations == 1
        assert tail._ledger.totals("mails").invocations == 1
        assert tail.text_of(ids[1], "b").count("\n") == 2


async def test_one_group_fails_alone(aws: FakeAws, quick: Limits) -> None:
    aws.add_events(ORDERS, "order", timestamp_ms=now_ms() - 2_000)
    groups = (TailGroup(ORDERS), TailGroup(MAILS))
    async with following(make_tail(aws, quick, *groups)) as tail:
        await until(tail.changed, lambda: tail.counts.received == 1, "the order")
        await until(tail.changed, lambda: tail.state is TailState.FOLLOWING, "the first polls")
        assert tail.sources[1].state is TailState.NO_GROUP
        assert tail.counts.complete_to_ms == tail.sources[0].counts.complete_to_ms
        aws.add_events(MAILS, "mail")
        aws.script("FilterLogEvents", faults.denied("logs:FilterLogEvents"))
        await poll_all(tail)
        assert tail.state is TailState.DENIED
        assert tail.error is not None
        assert tail.counts.gaps <= 1
        await poll_all(tail)
        assert sorted(messages(tail)) == ["mail", "order"]
        assert (tail.state, tail.counts.gaps) == (TailState.FOLLOWING, 0)


async def test_a_group_that_was_not_there_counts_while_that_was_known(aws: FakeAws, quick: Limits) -> None:
    aws.add_events(ORDERS, "order", timestamp_ms=now_ms() - 2_000)
    groups = (TailGroup(ORDERS), TailGroup(MAILS))
    async with following(make_tail(aws, quick, *groups)) as tail:
        await until(tail.changed, lambda: tail.counts.complete_to_ms, "the orders")
        await until(tail.changed, lambda: tail.sources[1].state is TailState.NO_GROUP, "no mails")
        known_ms = tail.sources[1].missing_ms
        assert known_ms is not None
        aws.always("FilterLogEvents", faults.error(500, "ServiceUnavailableException"))
        await poll_all(tail)
        await until(tail.changed, lambda: tail.sources[1].state is TailState.RETRYING, "the outage")
        assert tail.sources[1].complete_to_ms == known_ms
        read_ms = tail.sources[0].counts.complete_to_ms
        assert read_ms is not None
        assert tail.counts.complete_to_ms == min(read_ms, known_ms)


async def test_of_a_shared_group_only_the_functions_streams_are_shown(aws: FakeAws, quick: Limits) -> None:
    for stream, line in {
        "2026/01/02/orders[$LATEST]0123": "mine",
        "2026/01/01/orders[7]4567": "mine from yesterday",
        "2026/01/02/orders-retry[$LATEST]0123": "another's",
        "2026/01/02/mails[3]0123": "a third one's",
        "2026/01/02/[$LATEST]89ab": "without a name",
        "custom": "something else",
    }.items():
        aws.add_events(SHARED, line, timestamp_ms=now_ms() - 5_000, stream=stream)
    function = FunctionInfo("orders", log_group=SHARED)
    mine = ["mine", "mine from yesterday", "something else", "without a name"]
    async with following(make_tail(aws, quick, function=function)) as tail:
        assert sorted(messages(tail)) == mine
        assert tail.counts.received == 4
    async with following(make_tail(aws, quick, TailGroup(SHARED))) as tail:
        assert len(messages(tail)) == 6


async def test_equal_names_of_streams_are_told_apart(aws: FakeAws, quick: Limits) -> None:
    aws.add_events(ORDERS, "order", timestamp_ms=now_ms() - 2_000, stream="app")
    aws.add_events(MAILS, "mail", timestamp_ms=now_ms() - 1_000, stream="app")
    async with following(make_tail(aws, quick, TailGroup(ORDERS), TailGroup(MAILS))) as tail:
        await until(tail.changed, lambda: tail.counts.received == 2, "both")
        found = {row.message: tail.source_of(row.stream).name for row in rows(tail)}
        assert found == {"order": ORDERS, "mail": MAILS}


async def test_a_group_that_appears_later_is_taken_in(aws: FakeAws, quick: Limits) -> None:
    aws.add_events(ORDERS, "order", timestamp_ms=now_ms() - 2_000)
    async with following(make_tail(aws, quick, TailGroup(ORDERS))) as tail:
        aws.add_events(MAILS, "mail", timestamp_ms=now_ms() - 3_000)
        tail.take_in([TailGroup(MAILS)])
        await until(tail.changed, lambda: tail.counts.received == 2, "the mail")
        assert messages(tail) == ["mail", "order"]
        assert [source.name for source in tail.sources] == [ORDERS, MAILS]
        aws.add_events(MAILS, "another")
        await poll_all(tail)
        assert messages(tail) == ["mail", "order", "another"]
        assert (tail.counts.late, tail.counts.gaps) == (0, 0)


async def test_a_group_that_appears_later_is_read_from_where_the_others_began(
    aws: FakeAws, quick: Limits
) -> None:
    """From now on: what the new group held before it was found is newer than that."""
    aws.add_events(ORDERS, "old", timestamp_ms=now_ms() - 2_000)
    async with following(make_tail(aws, quick, TailGroup(ORDERS), lookback_ms=0)) as tail:
        await until(tail.changed, lambda: tail.state is TailState.FOLLOWING, "the first poll")
        aws.add_events(MAILS, "mail")
        tail.sources[0].begun_s = (tail.sources[0].begun_s or 0) - 30  # as if it had begun earlier
        aws.add_events(MAILS, "first mail", timestamp_ms=now_ms() - 20_000)
        tail.take_in([TailGroup(MAILS)])
        await until(tail.changed, lambda: tail.counts.received == 2, "both mails")
        assert messages(tail) == ["first mail", "mail"]
