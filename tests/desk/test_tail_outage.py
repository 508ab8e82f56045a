"""While nothing can be read, the account of a tail says since when, why, until when, and that it is over."""

import re
import time

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.core.tail_counts import Gap, GapState
from lambdadesk.core.threads import in_thread
from lambdadesk.desk.tail_account import account_text, is_interrupted, ledger_line
from lambdadesk.desk.tailer import TailGroup, TailState
from tests.desk.test_tailer import GROUP, following, make_tail, now_ms, poll
from tests.desk.test_tailer_groups import MAILS, ORDERS
from tests.desk.test_tailer_groups import make_tail as make_tail_of
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws

CLOCK = r"\d\d:\d\d:\d\d"
broken = faults.error(500, "ServiceUnavailableException")


async def test_an_outage_says_since_when_why_and_when_it_is_tried_again(aws: FakeAws, quick: Limits) -> None:
    aws.add_events(GROUP, "before", timestamp_ms=now_ms() - 1_000)
    async with following(make_tail(aws, quick)) as tail:
        assert not is_interrupted(tail)
        assert "interrupted" not in ledger_line(tail)
        aws.always("FilterLogEvents", broken)
        await poll(tail)
        assert is_interrupted(tail)
        found = re.search(rf" · interrupted since {CLOCK}: (.+?) Retry in (\d+) s · ", ledger_line(tail))
        assert found is not None, ledger_line(tail)
        assert "could not answer" in found[1]
        assert int(found[2]) <= 30
        assert " · gap " not in ledger_line(tail)  # which would say the same once more
        aws.add_events(GROUP, "meanwhile")
        aws.always("FilterLogEvents", None)
        await poll(tail)
        assert not is_interrupted(tail)
        said = ledger_line(tail)
        assert re.search(rf" · recovered at {CLOCK}, was interrupted since {CLOCK} · ", said), said
        assert "recovered 1 after an interruption" in said
        (gap,) = tail.counts.interruptions
        gap.closed_ms -= 11 * 60_000  # later on
        assert "recovered at" not in ledger_line(tail)


async def test_a_server_that_is_silent_is_said_before_it_is_given_up(aws: FakeAws, quick: Limits) -> None:
    async with following(make_tail(aws, quick)) as tail:
        tail.silent_ms = 0
        count = len(aws.requests("FilterLogEvents"))
        aws.always("FilterLogEvents", faults.hang)
        tail.poll_now()
        (source,) = tail.sources
        await in_thread(aws.wait_for_requests, "FilterLogEvents", count + 1)
        assert source.asked_ms is not None
        source.asked_ms -= 5_000
        assert is_interrupted(tail)
        assert re.search(rf" · no answer since {CLOCK}, for 5 s; still waiting · ", ledger_line(tail))


async def test_what_was_never_read_is_said_too(aws: FakeAws, quick: Limits) -> None:
    aws.always("FilterLogEvents", broken)
    async with following(make_tail(aws, quick)) as tail:
        assert tail.state is TailState.RETRYING
        assert " not read yet · could not be read so far: " in ledger_line(tail)


async def test_of_several_logs_it_says_how_many(aws: FakeAws, quick: Limits) -> None:
    aws.add_events(ORDERS, "order", timestamp_ms=now_ms() - 2_000)
    aws.add_events(MAILS, "mail", timestamp_ms=now_ms() - 2_000)
    async with following(make_tail_of(aws, quick, TailGroup(ORDERS), TailGroup(MAILS))) as tail:
        await until(tail.changed, lambda: tail.counts.complete_to_ms, "both")
        aws.always("FilterLogEvents", broken)
        tail.poll_now()
        await until(tail.changed, lambda: all(source.error for source in tail.sources), "both failures")
        assert re.search(rf" · 2 of 2 log groups interrupted since {CLOCK}: ", ledger_line(tail))


async def test_a_gap_reaches_to_the_answer_that_ended_it(aws: FakeAws, quick: Limits) -> None:
    aws.add_events(GROUP, "before", timestamp_ms=now_ms() - 1_000)
    async with following(make_tail(aws, quick)) as tail:
        aws.always("FilterLogEvents", broken)
        await poll(tail)
        aws.clock_ahead_s = 30  # the answer comes that much later
        aws.add_events(GROUP, "meanwhile", timestamp_ms=now_ms() + 20_000)
        aws.always("FilterLogEvents", None)
        await poll(tail)
        (gap,) = tail.counts.interruptions
        assert tail.counts.complete_to_ms is not None
        assert gap.to_ms >= tail.counts.complete_to_ms
        assert gap.recovered == tail.counts.recovered == 1


async def test_its_times_are_local_or_in_utc(
    aws: FakeAws, quick: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with following(make_tail(aws, quick)) as tail:
        tail.sources[0].counts.interruptions.append(Gap(3_600_000, 3_601_000, "Why.", GapState.LOST))
        tail.sources[0].counts.complete_to_ms = 3_600_000
        with monkeypatch.context() as patch:
            patch.setenv("TZ", "XXX-05:30")
            time.tzset()
            local, utc = ledger_line(tail), ledger_line(tail, is_utc=True)
            account = account_text(tail, is_utc=True)
        time.tzset()
    assert "complete to 06:30:00" in local
    assert "gap 06:30:00 to 06:30:01 (lost)" in local
    for text in (utc, account):
        assert "complete to 01:00:00" in text
        assert "01:00:00 to 01:00:01" in text
        assert "06:30" not in text
