"""A past range: read from the log or by Logs Insights, counted once with the ledger, its limits said."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind
from lambdadesk.core.insights import LogGroupInfo, QueryStatus
from lambdadesk.core.invocation_columns import Source
from lambdadesk.core.past_runs import PastSource, choose_source, write_past_query
from lambdadesk.core.types import FunctionInfo, Invocation, InvocationType, InvokeRequest, Outcome
from lambdadesk.desk import past_range
from lambdadesk.desk.past_range import PastRange
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.invocations import InvocationStore
from tests.desk.test_connection import connected
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_insights import QueryScript

GROUP = "/aws/lambda/hello"
HELLO = FunctionInfo("hello")
HOUR_MS = 3_600_000
NOW_MS = time.time_ns() // 1_000_000
START_MS, END_MS = NOW_MS - 5 * HOUR_MS, NOW_MS - 4 * HOUR_MS


def request_id(number: int) -> str:
    return f"11111111-2222-4333-8444-{number:012d}"


def lines_of(number: int, *, failed: bool = False) -> list[str]:
    return [
        f"START RequestId: {request_id(number)} Version: 7\n",
        *(["[ERROR] KeyError: 'no'\n"] if failed else []),
        f"REPORT RequestId: {request_id(number)}\tDuration: 0.50 ms\tBilled Duration: 3 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 40 MB\t\n",
    ]


def rows_of(number: int, at_ms: int, *, failed: bool = False) -> list[dict[str, str]]:
    """The same lines as Logs Insights gives them, the newest first."""
    return [
        {
            "@timestamp": datetime.fromtimestamp((at_ms + late) / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[
                :-3
            ],
            "@logStream": "2026/01/02/[7]0123456789abcdef",
            "@message": line,
            "@ptr": f"{number}-{late}",
        }
        for late, line in reversed([*enumerate(lines_of(number, failed=failed))])
    ]


@asynccontextmanager
async def opened(aws: FakeAws, folder: Path) -> AsyncIterator[PastRange]:
    async with connected(aws, folder) as connection:
        past = PastRange(connection, HELLO)
        yield past
        await past.close()


def outcomes(past: PastRange) -> list[tuple[str, Outcome]]:
    assert past.runs is not None
    return [(run.request_id, run.outcome) for run in past.runs.invocations]


async def test_the_log_gives_what_started_in_the_range(aws: FakeAws, tmp_path: Path) -> None:
    for number, at_ms in enumerate((START_MS - 1_000, START_MS, END_MS - 1, END_MS + 2_000)):
        aws.add_events(GROUP, *lines_of(number, failed=number == 2), timestamp_ms=at_ms)
    aws.add_events(GROUP, lines_of(9)[0], timestamp_ms=END_MS - 500)  # never ended
    async with opened(aws, tmp_path) as past:
        seen: list[tuple[bool, float | None]] = []
        past.changed.connect(lambda: seen.append((past.is_loading, past.share)))
        await past.load(START_MS, END_MS)
        assert past.error is None
        assert past.runs is not None
        assert outcomes(past) == [(request_id(1), Outcome.OK), (request_id(2), Outcome.ERROR)]
        first = past.runs.invocations[0]
        assert (first.version, first.started_ms, first.ended_ms) == ("7", START_MS, START_MS + 1)
        assert first.cost is not None
        assert first.cost.amount > Decimal("0.0000002")
        assert (past.runs.source, past.runs.cost, past.runs.is_complete) == (PastSource.LOG, None, True)
        assert past.runs.note == "1 started, but the log has no REPORT line of it; it is left out."
        assert seen[0] == (True, None)
        assert seen[-1][0] is False
        assert any(share for _, share in seen)


async def test_insights_gives_the_same_and_says_what_it_cost(aws: FakeAws, tmp_path: Path) -> None:
    aws.add_events(GROUP, "a line")
    rows = [*rows_of(2, END_MS - 3, failed=True), *rows_of(1, START_MS)]
    aws.query_scripts = [QueryScript(rows, ["Running", "Complete"], 2 * 10**9)]
    async with opened(aws, tmp_path) as past:
        told: list[str] = []
        past.changed.connect(lambda: told.append(past.progress_text))
        await past.load(START_MS, END_MS, PastSource.INSIGHTS)
        assert past.error is None
        assert past.runs is not None
        assert outcomes(past) == [(request_id(1), Outcome.OK), (request_id(2), Outcome.ERROR)]
        assert past.runs.cost is not None
        assert past.runs.cost.amount == Decimal("0.010")
        assert (past.runs.is_complete, past.runs.note) == (True, "")
        assert "Logs Insights: Running. 2 lines found so far." in told
        asked = aws.queries[0].params
        assert asked["startTime"] == START_MS // 1000
        assert asked["endTime"] > END_MS // 1000  # the last ones end later
        assert asked["limit"] == 100_000
        assert aws.requests("FilterLogEvents") == []


async def test_json_reports_are_read_too(aws: FakeAws, tmp_path: Path) -> None:
    aws.add_events(
        GROUP,
        '{"time":"2026-01-02T03:04:05.000Z","type":"platform.report","record":{"requestId":"'
        + request_id(1)
        + '","status":"timeout","metrics":{"durationMs":12.5,"billedDurationMs":13,"memorySizeMB":128,'
        '"maxMemoryUsedMB":40,"initDurationMs":100.5}}}',
        timestamp_ms=START_MS + 20,
    )
    async with opened(aws, tmp_path) as past:
        await past.load(START_MS, END_MS)
        assert outcomes(past) == [(request_id(1), Outcome.TIMEOUT)]


async def test_what_the_ledger_knows_is_counted_once(aws: FakeAws, tmp_path: Path) -> None:
    aws.add_events(GROUP, *lines_of(1), timestamp_ms=START_MS)
    async with connected(aws, tmp_path) as connection:
        past = PastRange(connection, HELLO)
        await past.load(START_MS, END_MS)
        assert past.runs is not None
        (read,) = past.runs.invocations
        connection.ledger.add_seen("hello", read)
        connection.ledger.add_seen(
            "hello",
            Invocation("hello", request_id(5), START_MS + 50, "s", START_MS + 60, outcome=Outcome.ERROR),
        )
        # The same invocation as it was made here, with the id of the answer alone, and one of an old log.
        for number, sent_ms in ((1, START_MS - 1), (6, START_MS + 900)):
            connection.ledger.add_here(
                "hello",
                InvocationType.EVENT if number == 1 else InvocationType.REQUEST_RESPONSE,
                "7",
                request_id(number),
                sent_ms,
                sent_ms + 5,
                outcome=Outcome.OK,
                payload_bytes=400 * 1024 if number == 1 else 0,
            )
        await past.load(START_MS - 10, END_MS)
        assert [(run.request_id[-1], run.here) for run in past.runs.invocations] == [
            ("1", True),
            ("5", False),
            ("6", True),
        ]
        (known,) = [run for run in connection.ledger.of("hello") if run.request_id == request_id(1)]
        assert past.runs.invocations[0].cost == known.cost  # of several requests, by its payload
        assert connection.ledger.totals("hello").invocations == 3  # nothing was added to it
        await past.close()


async def test_the_history_gives_what_was_invoked_from_here(aws: FakeAws, tmp_path: Path) -> None:
    async with connected(aws, tmp_path) as connection:
        start_ms = time.time_ns() // 1_000_000
        await connection.invoker.invoke(InvokeRequest(HELLO, b"{}"))
        await connection.invoker.flush()
        await connection.close()
    async with connected(aws, tmp_path) as connection:  # another day
        past = PastRange(connection, HELLO)
        await past.load(start_ms, start_ms + HOUR_MS, PastSource.HISTORY)
        assert past.runs is not None
        assert [(run.here, run.outcome) for run in past.runs.invocations] == [(True, Outcome.OK)]
        assert past.runs.note.startswith("Only what was invoked from here")
        assert aws.requests("FilterLogEvents") == []
        await past.load(START_MS, END_MS, PastSource.HISTORY)
        assert past.runs.invocations == ()
        await connection.invoker.invoke(InvokeRequest(HELLO, b"{}"))
        await connection.invoker.flush()
        await past.load(start_ms, start_ms + HOUR_MS, PastSource.HISTORY)
        assert len(past.runs.invocations) == 2  # and the ledger's own one once


async def test_what_a_range_showed_is_kept_and_shown_another_day_without_asking(
    aws: FakeAws, tmp_path: Path
) -> None:
    for number in range(3):
        aws.add_events(GROUP, *lines_of(number, failed=number == 2), timestamp_ms=START_MS + 100 * number)
    store = InvocationStore(tmp_path / "invocations.sqlite")
    async with connected(aws, tmp_path, store) as connection:
        past = PastRange(connection, HELLO)
        await past.load(START_MS, END_MS)
        assert past.runs is not None
        first = past.runs.invocations
        columns = await connection.invocations.columns("hello")
        assert columns.source.tolist() == [Source.PAST] * 3
        await connection.close()
    asked = len(aws.requests("FilterLogEvents"))
    async with connected(aws, tmp_path, store) as connection:
        past = PastRange(connection, HELLO)
        await past.load(START_MS + 50, END_MS, PastSource.HISTORY)
        assert past.runs is not None
        assert [run.request_id for run in past.runs.invocations] == [request_id(1), request_id(2)]
        assert past.runs.invocations[0] == first[1]
        assert (past.runs.invocations[1].error_type, past.runs.invocations[1].cost) == (
            "KeyError",
            first[2].cost,
        )
        assert len(aws.requests("FilterLogEvents")) == asked


async def test_a_shared_group_gives_only_the_functions_own(aws: FakeAws, tmp_path: Path) -> None:
    shared = FunctionInfo("hello", log_group="/shared")
    for number, name in enumerate(("hello", "other")):
        stream = f"2026/01/02/{name}[$LATEST]0123456789abcdef"
        aws.add_events("/shared", *lines_of(number), timestamp_ms=START_MS, stream=stream)
    async with connected(aws, tmp_path) as connection:
        past = PastRange(connection, shared)
        await past.load(START_MS, END_MS)
        assert [run.request_id for run in (past.runs.invocations if past.runs else ())] == [request_id(0)]
        assert 'filter @logStream like "/hello["' in write_past_query(shared)


async def test_an_endpoint_without_insights_has_its_log_read(aws: FakeAws, tmp_path: Path) -> None:
    aws.add_events(GROUP, *lines_of(1), timestamp_ms=START_MS)
    aws.always("StartQuery", faults.reply(501, {"__type": "NotImplemented", "message": "no"}))
    async with opened(aws, tmp_path) as past:
        await past.load(START_MS, END_MS, PastSource.INSIGHTS)
        assert past.runs is not None
        assert (past.runs.source, past.runs.cost) == (PastSource.LOG, None)
        assert past.runs.note == "Logs Insights is not offered by this endpoint: the log itself was read."
        assert outcomes(past) == [(request_id(1), Outcome.OK)]


async def test_a_refusal_is_told_and_the_range_before_stays(aws: FakeAws, tmp_path: Path) -> None:
    aws.add_events(GROUP, *lines_of(1), timestamp_ms=START_MS)
    async with opened(aws, tmp_path) as past:
        await past.load(START_MS, END_MS)
        aws.always("FilterLogEvents", faults.denied("logs:FilterLogEvents"))
        await past.load(START_MS, END_MS)
        assert past.error is not None
        assert past.error.kind is ErrorKind.DENIED
        assert outcomes(past) == [(request_id(1), Outcome.OK)]
        for start_ms, end_ms in ((END_MS, START_MS), (NOW_MS + HOUR_MS, NOW_MS + 2 * HOUR_MS)):
            await past.load(start_ms, end_ms)
            assert past.error is not None
            assert past.error.kind is ErrorKind.INVALID


async def test_a_function_that_never_ran_has_none_and_says_why(aws: FakeAws, tmp_path: Path) -> None:
    async with opened(aws, tmp_path) as past:
        for by in (PastSource.LOG, PastSource.INSIGHTS):
            await past.load(START_MS, END_MS, by)
            assert past.runs is not None
            assert (past.error, past.runs.invocations, past.runs.is_complete) == (None, (), True)
            assert "There is no log group" in past.runs.note


async def test_cancel_keeps_what_was_read(
    aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.log_page_events = 2
    for number in range(20):
        aws.add_events(GROUP, *lines_of(number), timestamp_ms=START_MS + number * 1_000)
    async with opened(aws, tmp_path) as past:
        past.changed.connect(lambda: past.cancel() if past.found > 2 else None)
        await past.load(START_MS, END_MS)
        assert past.runs is not None
        assert 0 < len(past.runs.invocations) < 20
        assert past.runs.is_complete is False
        assert past.runs.note.startswith("Stopped: nothing after ")
    monkeypatch.setattr(past_range, "MOST_RUNS", 5)
    async with opened(aws, tmp_path / "again") as past:
        await past.load(START_MS, END_MS)
        assert past.runs is not None
        assert "More than 5 invocations: nothing after" in past.runs.note


async def test_a_cancelled_query_is_stopped_at_aws(aws: FakeAws, tmp_path: Path) -> None:
    aws.add_events(GROUP, "a line")
    aws.query_scripts = [QueryScript(rows_of(1, START_MS), ["Running"] * 50, 10**9)]
    async with opened(aws, tmp_path) as past:
        scope = TaskScope(lambda _name, error: pytest.fail(str(error)))
        scope.start("load", past.load, START_MS, END_MS, PastSource.INSIGHTS)
        await until(past.changed, lambda: past._query.status is QueryStatus.RUNNING, "a poll")
        past.cancel()
        await scope.wait("load")
        assert aws.queries[0].was_stopped
        assert past.runs is not None
        assert past.runs.is_complete is False
        assert past.runs.cost is not None
        scope.start("load", past.load, START_MS, END_MS, PastSource.INSIGHTS)
        await until(past.changed, lambda: len(aws.queries) == 2 and past._query.status, "the other")
        await scope.close()  # the page is closed
        assert aws.queries[1].was_stopped


async def test_limits_of_the_log_are_said(aws: FakeAws, tmp_path: Path) -> None:
    aws.add_events(GROUP, *lines_of(1), timestamp_ms=NOW_MS - 1_000)
    aws.log_settings = {GROUP: {"retentionInDays": 1}}
    async with opened(aws, tmp_path) as past:
        await past.load(NOW_MS - 40 * HOUR_MS, NOW_MS)
        assert past.runs is not None
        assert past.runs.is_complete is False
        assert "The log group keeps 1 days: what was before" in past.runs.note
        quiet = FunctionInfo("hello", log_format="JSON", system_log_level="WARN")
        past = PastRange(past._connection, quiet)
        await past.load(START_MS, NOW_MS)
        assert past.runs is not None
        assert (past.runs.is_complete, len(past.runs.invocations)) == (False, 1)
        assert "only invocations that failed write a report" in past.runs.note
        aws.always("DescribeLogGroups", faults.denied("logs:DescribeLogGroups"))
        past = PastRange(past._connection, HELLO)
        await past.load(START_MS, NOW_MS)
        assert past.runs is not None
        assert "not checked" in past.runs.note


async def test_more_lines_than_insights_gives_are_said(
    aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_range, "MAX_LIMIT", 2)
    aws.add_events(GROUP, "a line")
    aws.query_scripts = [QueryScript([*rows_of(2, END_MS - 3), *rows_of(1, START_MS)], ["Complete"])]
    async with opened(aws, tmp_path) as past:
        await past.load(START_MS, END_MS, PastSource.INSIGHTS)
        assert past.runs is not None
        assert outcomes(past) == [(request_id(2), Outcome.OK)]
        assert past.runs.is_complete is False
        assert "Logs Insights gives 2 lines at most" in past.runs.note


def test_the_choice_is_made_by_cost_and_time_and_says_why() -> None:
    standard = LogGroupInfo(GROUP, 10**12)
    rare = LogGroupInfo(GROUP, 10**12, log_class="INFREQUENT_ACCESS")
    cases = [
        (choose_source(standard, 10**7, "less than $0.01", is_aws=False), PastSource.LOG, "may not offer"),
        (choose_source(rare, 10**7, "less than $0.01", is_aws=True), PastSource.INSIGHTS, "only be queried"),
        (choose_source(None, None, "", is_aws=True), PastSource.LOG, "not known"),
        (choose_source(standard, 10**7, "less than $0.01", is_aws=True), PastSource.LOG, "10.0 MB"),
        (choose_source(standard, 4 * 10**9, "$0.02", is_aws=True), PastSource.INSIGHTS, "for $0.02"),
    ]
    for choice, by, words in cases:
        assert choice.by is by
        assert words in choice.reason
        assert choice.reason.endswith(".")


async def test_advice_on_another_endpoint_asks_nothing(aws: FakeAws, tmp_path: Path) -> None:
    async with opened(aws, tmp_path) as past:
        assert (await past.advise(START_MS, END_MS)).by is PastSource.LOG
        assert aws.requests("DescribeLogGroups") == []
