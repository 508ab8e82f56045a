"""Queries through real boto3: progress, pages, failures, and what is said of each."""

import asyncio
from collections.abc import Iterator

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.insights import (
    QueryReply,
    fetch_groups_named,
    fetch_log_groups,
    follow_query,
    start_query,
    stop_query,
)
from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.insights import LogGroupInfo, QueryProblem, QueryRequest, QueryStatus
from lambdadesk.core.types import Target
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_insights import QueryScript

GROUP = "/aws/lambda/hello"
REQUEST = QueryRequest("fields @message", (GROUP,), 100, 200)


@pytest.fixture
def gateway(aws: FakeAws, quick: Limits) -> Iterator[Gateway]:
    aws.add_events(GROUP, "a line\n")
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), quick, guard=Guard.READ_ONLY)
    yield gateway
    asyncio.run(gateway.close())


async def follow(gateway: Gateway, query_id: str, **options: int) -> list[QueryReply]:
    return [reply async for reply in follow_query(gateway, query_id, first_poll_s=0.001, **options)]


async def refused(gateway: Gateway, request: QueryRequest = REQUEST) -> UserError:
    with pytest.raises(UserError) as refusal:
        await start_query(gateway, request)
    return refusal.value


async def test_a_query_is_sent_as_it_was_asked_and_followed_to_its_end(
    aws: FakeAws, gateway: Gateway
) -> None:
    found = [{"@message": f"line {number}", "@ptr": f"p{number}"} for number in range(4)]
    aws.query_scripts = [QueryScript(found, ["Scheduled", "Running", "Complete"], 3_000)]
    replies = await follow(gateway, await start_query(gateway, REQUEST))
    assert aws.queries[0].params == {
        "logGroupNames": [GROUP],
        "startTime": 100,
        "endTime": 200,
        "queryString": "fields @message",
        "limit": 10_000,
    }
    assert [reply.status for reply in replies] == ["Scheduled", "Running", "Complete"]
    assert [reply.statistics.bytes_scanned for reply in replies] == [1_000, 2_000, 3_000]
    assert [len(reply.rows) for reply in replies] == [0, 2, 4]
    assert [reply.is_whole for reply in replies] == [False, False, True]
    assert replies[-1].rows[0] == [("@message", "line 0"), ("@ptr", "p0")]


async def test_a_query_that_names_its_source_is_sent_without_groups(aws: FakeAws, gateway: Gateway) -> None:
    await start_query(gateway, QueryRequest("SOURCE logGroups() | limit 1", (GROUP,), 1, 2))
    assert "logGroupNames" not in aws.queries[0].params


async def test_all_pages_are_read_up_to_the_limit(aws: FakeAws, gateway: Gateway) -> None:
    aws.query_page_rows = 10
    aws.query_scripts = [QueryScript([{"n": str(number)} for number in range(35)], ["Complete"])]
    query_id = await start_query(gateway, QueryRequest("limit 100", (GROUP,), 1, 2, limit=30))
    replies = await follow(gateway, query_id, limit=30)
    assert [row[0][1] for row in replies[-1].rows] == [str(number) for number in range(30)]
    assert replies[-1].is_whole
    assert {reply.status for reply in replies[:-1]} == {QueryStatus.RUNNING}


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "Timeout"])
async def test_an_end_without_success_keeps_what_came(aws: FakeAws, gateway: Gateway, status: str) -> None:
    aws.query_scripts = [QueryScript([{"n": "1"}, {"n": "2"}], ["Running", status])]
    last = (await follow(gateway, await start_query(gateway, REQUEST)))[-1]
    assert (last.status, last.is_whole, len(last.rows)) == (status, False, 2)


async def test_a_status_that_is_not_known_ends_after_some_patience(aws: FakeAws, gateway: Gateway) -> None:
    aws.query_scripts = [QueryScript([], ["Running", "Sleeping"])]
    replies = await follow(gateway, await start_query(gateway, REQUEST))
    assert [reply.status for reply in replies] == ["Running", *["Unknown"] * 5]
    assert not replies[-1].is_whole


async def test_a_poll_that_fails_is_repeated(aws: FakeAws, gateway: Gateway) -> None:
    aws.script("GetQueryResults", faults.reset, faults.throttled(), faults.error(500, "InternalFailure"))
    replies = await follow(gateway, await start_query(gateway, REQUEST))
    assert replies[-1].status is QueryStatus.COMPLETE


@pytest.mark.parametrize(("fault", "polls"), [(faults.denied("logs:GetQueryResults"), 1), (faults.reset, 5)])
async def test_polls_that_can_not_succeed_are_told(
    aws: FakeAws, gateway: Gateway, fault: faults.Fault, polls: int
) -> None:
    query_id = await start_query(gateway, REQUEST)
    aws.always("GetQueryResults", fault)
    with pytest.raises(UserError) as failure:
        await follow(gateway, query_id)
    assert failure.value.kind in (ErrorKind.DENIED, ErrorKind.OFFLINE)
    assert len(aws.requests("GetQueryResults")) == polls


async def test_a_mistake_in_the_query_is_told_with_its_place(aws: FakeAws, gateway: Gateway) -> None:
    problem = {
        "message": "unexpected symbol found | at line 1",
        "location": {"startCharOffset": 7, "endCharOffset": 9},
    }
    aws.script("StartQuery", faults.error(400, "MalformedQueryException", "bad", queryCompileError=problem))
    error = await refused(gateway)
    assert isinstance(error, QueryProblem)
    assert (error.start, error.end, error.kind) == (7, 9, ErrorKind.INVALID)
    assert error.message == "The query can't be understood: unexpected symbol found | at line 1."
    aws.script("StartQuery", faults.error(400, "MalformedQueryException", "end is before retention"))
    error = await refused(gateway)
    assert isinstance(error, QueryProblem)
    assert (error.start, error.message.endswith("end is before retention.")) == (-1, True)


async def test_refusals_are_told_apart(aws: FakeAws, gateway: Gateway) -> None:
    aws.script(
        "StartQuery",
        faults.denied("logs:StartQuery"),
        faults.error(400, "LimitExceededException", "100 running"),
        faults.error(400, "UnknownOperationException"),
        faults.error(501, "NotImplemented"),
        faults.error(400, "InvalidParameterException", "mixed classes"),
    )
    told = [await refused(gateway) for _ in range(5)]
    assert [error.kind for error in told] == [
        ErrorKind.DENIED,
        ErrorKind.THROTTLED,
        told[2].kind,
        told[3].kind,
        ErrorKind.INVALID,
    ]
    assert told[0].action == "logs:StartQuery"
    assert "Too many queries" in told[1].message
    assert "not offered" in told[2].message
    assert "not offered" in told[3].message
    assert told[4].hint == "It says: mixed classes"
    gone = await refused(gateway, QueryRequest("limit 1", ("/gone",), 1, 2))
    assert gone.message == "The log group /gone does not exist."
    nothing = await refused(gateway, QueryRequest("limit 1", (), 1, 2))
    assert nothing.message == "No log group is chosen."
    assert len(aws.queries) == 0


async def test_stopping_is_heard_and_stopping_what_ended_is_no_error(aws: FakeAws, gateway: Gateway) -> None:
    query_id = await start_query(gateway, REQUEST)
    await stop_query(gateway, query_id)
    assert aws.queries[0].was_stopped
    assert (await follow(gateway, query_id))[-1].status is QueryStatus.CANCELLED
    await stop_query(gateway, "no such query")
    await follow(gateway, done := await start_query(gateway, REQUEST))
    await stop_query(gateway, done)
    aws.script("StopQuery", faults.denied("logs:StopQuery"))
    with pytest.raises(UserError, match="could not be stopped"):
        await stop_query(gateway, done)


async def test_log_groups_are_found_by_pattern_over_all_pages(aws: FakeAws, gateway: Gateway) -> None:
    names = [f"/aws/lambda/orders-{number:03d}" for number in range(70)]
    aws.log_settings = {name: {"storedBytes": 5, "retentionInDays": 7, "creationTime": 9} for name in names}
    found = await fetch_log_groups(gateway, "/aws/lambda/orders-*")
    assert [info.name for info in found] == names
    assert found[0] == LogGroupInfo(names[0], 5, 7, 9)
    assert len(aws.requests("DescribeLogGroups")) == 2
    assert [info.name for info in await fetch_log_groups(gateway, "ders-00")] == names[:10]
    assert [info.name for info in await fetch_log_groups(gateway, "*-*9")] == names[9::10]
    assert len(await fetch_log_groups(gateway)) == 71
    assert [info.name for info in await fetch_groups_named(gateway, [names[3], GROUP, "/gone"])] == [
        GROUP,
        names[3],
    ]
