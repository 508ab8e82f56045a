"""Pages of log events that are read here say what botocore would say, or are left to it."""

import json
from typing import Any

import botocore.parsers
import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdadesk.aws import log_pages
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.log_pages import read_page
from lambdadesk.aws.logs import LogPage, _to_events, fetch_events
from lambdadesk.core.types import LogColumns, LogEvent, Target
from tests.servers import faults
from tests.servers.fake_aws import FakeAws

SHAPE = (
    botocore.session.get_session().get_service_model("logs").operation_model("FilterLogEvents").output_shape
)
GROUP = "/aws/lambda/hello"
PIECE_BYTES = 60

# What a page is cut at, quotes and brackets within strings, control characters, and what is no UTF-8 alone.
texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from(['},{"', '"},{"a":', '\\"},{"timestamp":', "]}", "\x00\u202e", "🦆" * 40, "\ud800"]),
)
numbers = st.integers(0, 1 << 62)
usual = st.fixed_dictionaries(
    {"timestamp": numbers, "message": texts, "logStreamName": texts, "ingestionTime": numbers},
    optional={"eventId": texts},
)
odd_values = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), texts, st.lists(texts))
odd = st.dictionaries(
    st.sampled_from(["timestamp", "message", "logStreamName", "ingestionTime", "eventId", "new"]), odd_values
)
pages = st.fixed_dictionaries(
    {"events": st.lists(usual, max_size=8)},
    optional={
        "nextToken": st.one_of(texts, st.none()),
        "searchedLogStreams": st.lists(
            st.fixed_dictionaries({"logStreamName": texts, "searchedCompletely": st.booleans()}), max_size=3
        ),
    },
)
odd_pages = st.one_of(
    pages.map(lambda page: {**page, "events": [*page["events"], {}]}),
    st.fixed_dictionaries({"events": st.lists(st.one_of(usual, odd), max_size=6)}),
    st.fixed_dictionaries({"events": odd_values, "nextToken": odd_values}),
    st.lists(texts, max_size=2),
)


def by_botocore(body: bytes) -> dict[str, Any]:
    answer = {"status_code": 200, "headers": {}, "body": body}
    return botocore.parsers.create_parser("json").parse(answer, SHAPE)


def encode(page: Any, *, escaped: bool) -> bytes:
    text = json.dumps(page, ensure_ascii=escaped, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def test_both_ways_agree() -> None:
    @settings(deadline=None, max_examples=300)
    @given(st.one_of(pages, odd_pages), st.booleans())
    def check(page: Any, escaped: bool) -> None:
        body = encode(page, escaped=escaped)
        read = read_page(body, PIECE_BYTES)
        if read is None:
            return  # botocore's to read
        reply = by_botocore(body)
        assert [*read["events"]] == [*_to_events(reply, "")]
        assert read.get("nextToken") == reply.get("nextToken")

    check()


def test_usual_pages_are_read_here() -> None:
    def is_usual(page: dict[str, Any]) -> bool:
        with_id = sum("eventId" in event for event in page["events"])
        text = json.dumps(page, ensure_ascii=False)
        return with_id in (0, len(page["events"])) and not any(0xD800 <= ord(c) < 0xE000 for c in text)

    @settings(deadline=None)
    @given(pages.filter(is_usual).map(lambda page: {"events": page["events"], "nextToken": "t"}))
    def check(page: dict[str, Any]) -> None:
        read = read_page(encode(page, escaped=False), PIECE_BYTES)
        assert read is not None
        assert len(read["events"]) == len(page["events"])
        assert read["nextToken"] == "t"

    check()


def test_a_page_of_many_pieces_is_read_whole() -> None:
    event = {"timestamp": 1, "logStreamName": "s", "ingestionTime": 2, "eventId": ""}
    events = [{**event, "message": f'{number} "}},{{"timestamp": {"x" * 90}'} for number in range(10_000)]
    body = json.dumps({"events": events, "nextToken": "t"}, separators=(",", ":")).encode()
    assert len(body) > 4 * log_pages._PIECE_BYTES
    read = read_page(body)
    assert read is not None
    assert read["events"].messages == [each["message"] for each in events]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"events": null}',
        b'{"events": {"a": 1}}',
        b'{"events": [1]}',
        b'{"events": [{"timestamp": 1.5, "message": "", "logStreamName": "", "ingestionTime": 1}]}',
        b'{"events": [{"timestamp": true, "message": "", "logStreamName": "", "ingestionTime": 1}]}',
        b'{"events": [{"timestamp": 99999999999999999999, "message": "", "logStreamName": ""}]}',
        b'{"events": [], "nextToken": 7}',
        b'{"events": [',
        b"<html>",
    ],
)
def test_anything_unusual_is_left_to_botocore(body: bytes) -> None:
    assert read_page(body) is None


async def fetch(aws: FakeAws) -> list[LogPage]:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url))
    try:
        return [page async for page in fetch_events(gateway, GROUP, 0, 10)]
    finally:
        await gateway.close()


async def test_what_botocore_reads_comes_out_the_same(aws: FakeAws) -> None:
    entry = {"timestamp": 3, "message": "m", "logStreamName": "s", "ingestionTime": 4, "eventId": "1"}
    bare = {key: value for key, value in entry.items() if key != "eventId"}
    aws.script("FilterLogEvents", faults.reply(200, {"events": [entry, bare]}))
    ((first, second),) = [page.events for page in await fetch(aws)]
    assert (first, second) == (LogEvent(3, "m", "s", 4, "1"), LogEvent(3, "m", "s", 4, ""))


async def test_the_client_reads_pages_here(aws: FakeAws) -> None:
    aws.add_events(GROUP, "x", timestamp_ms=5)
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url))
    reply = await gateway.call("logs", "FilterLogEvents", logGroupName=GROUP)
    await gateway.close()
    assert isinstance(reply["events"], LogColumns)
    assert reply["events"].messages == ["x"]
    assert reply["ResponseMetadata"]["HTTPStatusCode"] == 200
