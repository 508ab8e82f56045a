import random
import time
from collections import Counter

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.logs import LogGroup, LogPage, fetch_events, fetch_group, fetch_groups
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import Target
from tests.servers import faults
from tests.servers.fake_aws import FakeAws

GROUP = "/aws/lambda/hello"
T = 1_780_000_000_000
PAGE = 5
SMALL_PAGES = Limits(page_events=PAGE, attempts=1, backoff_s=0.01)


async def fetch(aws: FakeAws, limits: Limits = SMALL_PAGES, **options: str) -> list[LogPage]:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)
    try:
        return [page async for page in fetch_events(gateway, GROUP, T, T + 10_000, **options)]
    finally:
        await gateway.close()


def messages(pages: list[LogPage]) -> list[str]:
    return [event.message for page in pages for event in page.events]


async def test_reads_page_by_page_in_order_and_asks_for_the_window_only(aws: FakeAws) -> None:
    aws.add_events(GROUP, "too early", timestamp_ms=T - 1)
    aws.add_events(GROUP, *(f"line {number}" for number in range(12)), timestamp_ms=T)
    aws.add_events(GROUP, "on the edge", "too late", timestamp_ms=T + 10_000)
    pages = await fetch(aws)
    assert messages(pages) == [*(f"line {number}" for number in range(12)), "on the edge"]
    assert [len(page.events) for page in pages] == [5, 5, 3]
    assert all(page.complete for page in pages)


async def test_an_event_keeps_all_it_has(aws: FakeAws) -> None:
    aws.add_events(GROUP, "a\tb\r\nc", timestamp_ms=T, stream="2026/01/02/[7]abc")
    ((event,),) = (page.events for page in await fetch(aws))
    stored = aws.log_groups[GROUP].events[0]
    assert (event.timestamp_ms, event.message, event.stream) == (T, "a\tb\r\nc", "2026/01/02/[7]abc")
    assert (event.ingestion_ms, event.event_id) == (stored.ingestion_ms, stored.event_id)


async def test_pattern_and_stream_prefix_are_applied(aws: FakeAws) -> None:
    aws.add_events(GROUP, "yes one", "no", timestamp_ms=T, stream="2026/01/02/hello[1]a")
    aws.add_events(GROUP, "yes two", timestamp_ms=T, stream="2026/01/02/other[1]b")
    assert messages(await fetch(aws, pattern="yes", stream_prefix="2026/01/02/hello[")) == ["yes one"]


async def test_an_empty_page_with_a_token_is_not_the_end(aws: FakeAws) -> None:
    aws.add_events(GROUP, "found", timestamp_ms=T)
    aws.script(
        "FilterLogEvents",
        faults.reply(200, {"events": [], "nextToken": "a"}),
        faults.reply(200, {"events": [], "nextToken": "0"}),
    )
    assert messages(await fetch(aws)) == ["found"]
    assert [request.params.get("nextToken") for request in aws.requests()] == [None, "a", "0"]


async def test_a_repeated_token_ends_it_and_is_told(aws: FakeAws) -> None:
    aws.always("FilterLogEvents", faults.reply(200, {"events": [], "nextToken": "again"}))
    pages = await fetch(aws)
    assert [page.complete for page in pages] == [True, False]


async def test_throttling_pauses_and_goes_on_with_the_same_token(aws: FakeAws) -> None:
    aws.add_events(GROUP, *(f"line {number}" for number in range(8)), timestamp_ms=T)
    throttled = faults.error(400, "ThrottlingException", "Rate exceeded")
    aws.script("FilterLogEvents", throttled)
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), SMALL_PAGES)
    pages = fetch_events(gateway, GROUP, T, T + 10)
    first = await anext(pages)
    aws.script("FilterLogEvents", throttled, throttled)
    rest = [page async for page in pages]
    await gateway.close()
    assert messages([first, *rest]) == [f"line {number}" for number in range(8)]
    tokens = [request.params.get("nextToken") for request in aws.requests()]
    assert tokens == [None, None, "5", "5", "5"]


async def test_throttling_without_end_is_raised(aws: FakeAws) -> None:
    aws.always("FilterLogEvents", faults.error(400, "ThrottlingException", "Rate exceeded"))
    with pytest.raises(UserError) as caught:
        await fetch(aws, Limits(attempts=1, backoff_s=0.001))
    assert caught.value.kind is ErrorKind.THROTTLED
    assert len(aws.requests()) == 6


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (None, ErrorKind.NOT_FOUND),  # no such group
        (faults.denied("logs:FilterLogEvents"), ErrorKind.DENIED),
        (faults.reply(200, b"{}"), ErrorKind.NOT_AWS),
        (faults.reply(200, {"events": {"a": 1}}), ErrorKind.NOT_AWS),
        (faults.reply(200, {"events": [{"timestamp": "soon"}]}), ErrorKind.NOT_AWS),
        (faults.html(), ErrorKind.NOT_AWS),
    ],
)
async def test_what_can_not_be_read_is_told(
    aws: FakeAws, fault: faults.Fault | None, kind: ErrorKind
) -> None:
    aws.always("FilterLogEvents", fault)
    with pytest.raises(UserError) as caught:
        await fetch(aws)
    assert caught.value.kind is kind


async def test_a_missing_group_is_named(aws: FakeAws) -> None:
    with pytest.raises(UserError, match=f"The log group {GROUP} does not exist"):
        await fetch(aws)


async def test_the_time_of_a_page_is_the_servers(aws: FakeAws) -> None:
    aws.clock_ahead_s = 3600
    aws.add_events(GROUP, "x", timestamp_ms=T)
    (page,) = await fetch(aws)
    assert page.server_now_ms == pytest.approx((time.time() + 3600) * 1000, abs=30_000)


@pytest.mark.parametrize("count", [4, 5, 6, 10, 11, 23])
async def test_a_full_page_without_a_token_is_not_the_end(aws: FakeAws, count: int) -> None:
    aws.gives_tokens = aws.gives_event_ids = False
    aws.add_events(GROUP, *(f"line {number}" for number in range(count)), timestamp_ms=T)
    pages = await fetch(aws)
    assert messages(pages) == [f"line {number}" for number in range(count)]
    assert all(page.complete for page in pages)


async def test_a_storm_within_one_millisecond_is_read_to_its_end(aws: FakeAws) -> None:
    aws.gives_tokens = aws.gives_event_ids = False
    for _ in range(17):
        aws.add_events(GROUP, "same", timestamp_ms=T + 3, stream="a")
        aws.add_events(GROUP, "same", timestamp_ms=T + 3, stream="b")
    aws.add_events(GROUP, "before", timestamp_ms=T, stream="c")
    aws.add_events(GROUP, "after", timestamp_ms=T + 4, stream="c")
    pages = await fetch(aws)
    assert Counter(messages(pages)) == {"same": 34, "before": 1, "after": 1}
    assert all(page.complete for page in pages)


async def test_a_filtered_storm_says_that_it_is_not_complete(aws: FakeAws) -> None:
    aws.gives_tokens = False
    for _ in range(9):
        aws.add_events(GROUP, "same", timestamp_ms=T)
    aws.add_events(GROUP, "same later", timestamp_ms=T + 1)
    pages = await fetch(aws, pattern="same")
    assert messages(pages)[-1] == "same later"
    assert not all(page.complete for page in pages)


@pytest.mark.parametrize("gives_tokens", [True, False])
@pytest.mark.parametrize("gives_event_ids", [True, False])
async def test_nothing_is_lost_and_nothing_comes_twice(
    aws: FakeAws, gives_tokens: bool, gives_event_ids: bool
) -> None:
    aws.gives_tokens, aws.gives_event_ids = gives_tokens, gives_event_ids
    chance = random.Random(20260102)
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), SMALL_PAGES)
    for _ in range(20):
        aws.log_groups.clear()
        for _ in range(chance.randrange(40)):
            stream, offset_ms = chance.choice("ab"), chance.randrange(chance.choice((2, 8, 30)))
            aws.add_events(GROUP, chance.choice("xy"), timestamp_ms=T + offset_ms, stream=stream)
        aws.add_events(GROUP, "last", timestamp_ms=T + 40)
        pages = [page async for page in fetch_events(gateway, GROUP, T, T + 40)]
        found = Counter((e.timestamp_ms, e.stream, e.message) for page in pages for e in page.events)
        stored = aws.log_groups[GROUP].events
        assert found == Counter((e.timestamp_ms, e.stream, e.message) for e in stored)
        assert all(page.complete for page in pages)
    await gateway.close()


async def test_groups_are_found_by_name_and_by_pattern(aws: FakeAws) -> None:
    for name in ("/aws/lambda/a", "/aws/lambda/ab", "/aws/lambda/b-a", "/other/a"):
        aws.log_settings[name] = {}
    aws.log_settings["/aws/lambda/ab"] = {"logGroupClass": "INFREQUENT_ACCESS", "creationTime": 7}
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url))
    found = {
        pattern: [group.name for group in await fetch_groups(gateway, pattern)]
        for pattern in ("/aws/lambda/*", "/aws/lambda/a*", "*a", "/aws/lambda/a", "/aws/lambda/[ab]", "/aws")
    }
    # Where a name may begin with anything, AWS looks for what is in it.
    asked = [request.params.get("logGroupNamePattern") for request in aws.requests("DescribeLogGroups")]
    assert asked == [None, None, "a", None, None, None]
    limited = await fetch_groups(gateway, "/aws/lambda/*", limit=2)
    one, none = [await fetch_group(gateway, name) for name in ("/aws/lambda/ab", "/aws/lambda/c")]
    await gateway.close()
    assert found == {
        "/aws/lambda/*": ["/aws/lambda/a", "/aws/lambda/ab", "/aws/lambda/b-a"],
        "/aws/lambda/a*": ["/aws/lambda/a", "/aws/lambda/ab"],
        "*a": ["/aws/lambda/a", "/aws/lambda/b-a", "/other/a"],
        "/aws/lambda/a": ["/aws/lambda/a"],
        "/aws/lambda/[ab]": ["/aws/lambda/a"],
        "/aws": [],
    }
    assert len(limited) == 2
    assert (one, none) == (LogGroup("/aws/lambda/ab", "INFREQUENT_ACCESS", 7), None)
