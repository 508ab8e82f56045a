"""A query as a page runs it: progress, cancel, what is kept, and what it costs."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.insights import QueryProblem, QueryRequest, QueryStatus
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import Target
from lambdadesk.desk.query import Query
from lambdadesk.desk.query_book import QueryBook
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.settings import Settings
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_insights import QueryScript

GROUP = "/aws/lambda/hello"
REQUEST = QueryRequest("stats count(*) by bin(1m)", (GROUP,), 100, 200)
ROWS = [{"bin(1m)": f"2026-01-02 03:0{number}:00.000", "count(*)": str(number)} for number in range(6)]


def fail(name: str, error: Exception) -> None:
    raise AssertionError(name) from error


@asynccontextmanager
async def opened(aws: FakeAws, limits: Limits) -> AsyncIterator[tuple[Query, TaskScope]]:
    aws.add_events(GROUP, "a line\n")
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)
    query, scope = Query(gateway, load_prices()), TaskScope(fail)
    try:
        yield query, scope
    finally:
        await query.close()
        await scope.close()
        await gateway.close()


async def test_a_query_tells_how_far_it_is_and_what_it_costs(aws: FakeAws, quick: Limits) -> None:
    aws.query_scripts = [QueryScript(ROWS, ["Running", "Complete"], 2 * 10**9)]
    async with opened(aws, quick) as (query, _scope):
        seen: list[tuple[QueryStatus | None, int, Decimal]] = []
        query.changed.connect(
            lambda: seen.append((query.status, query.statistics.bytes_scanned, query.cost.amount))
        )
        assert not query.has_run
        await query.run(REQUEST)
        assert seen[0] == (None, 0, 0)
        assert (QueryStatus.RUNNING, 10**9, Decimal("0.005")) in seen
        assert seen[-1] == (QueryStatus.COMPLETE, 2 * 10**9, Decimal("0.010"))
        assert (query.is_running, query.is_whole, query.has_run, query.error) == (False, True, True, None)
        assert [row[1] for row in query.table.rows] == ["0", "1", "2", "3", "4", "5"]


async def test_cancel_stops_the_query_at_aws_and_keeps_what_came(aws: FakeAws, quick: Limits) -> None:
    aws.query_scripts = [QueryScript(ROWS, ["Running"] * 50, 10**9)]
    async with opened(aws, quick) as (query, scope):
        scope.start("query", query.run, REQUEST)
        await until(query.changed, lambda: query.status is QueryStatus.RUNNING, "a poll")
        query.cancel()
        assert query.is_stopping
        await scope.wait("query")
        assert aws.queries[0].was_stopped
        assert (query.status, query.is_whole, query.is_running) == (QueryStatus.CANCELLED, False, False)


async def test_a_query_is_stopped_whatever_ends_it(aws: FakeAws, quick: Limits) -> None:
    aws.query_scripts = [QueryScript(ROWS, ["Running"] * 50)]
    async with opened(aws, quick) as (query, scope):
        scope.start("query", query.run, REQUEST)
        await until(query.changed, lambda: query.status is QueryStatus.RUNNING, "a poll")
        scope.start("query", query.run, REQUEST)  # another one in its place
        await until(query.changed, lambda: len(aws.queries) == 2 and query.status, "a poll of the second")
        await query.close()
        assert [each.was_stopped for each in aws.queries] == [True, True]


async def test_a_cancel_before_the_query_has_an_id_still_stops_it(aws: FakeAws, quick: Limits) -> None:
    aws.query_scripts = [QueryScript(ROWS, ["Running"] * 50)]
    aws.script("StartQuery", faults.slow(0.2))
    async with opened(aws, quick) as (query, scope):
        scope.start("query", query.run, REQUEST)
        await until(query.changed, lambda: query.is_running, "the start")
        query.cancel()
        await scope.wait("query")
        assert [each.was_stopped for each in aws.queries] == [True]
        assert query.status is QueryStatus.CANCELLED


async def test_a_failure_is_kept_with_the_rows_of_before(aws: FakeAws, quick: Limits) -> None:
    aws.query_scripts = [QueryScript(ROWS, ["Complete"])]
    async with opened(aws, quick) as (query, _scope):
        await query.run(REQUEST)
        aws.script("StartQuery", faults.denied("logs:StartQuery"))
        await query.run(REQUEST)
        assert query.error is not None
        assert (query.error.kind, query.has_run, len(query.table.rows)) == (ErrorKind.DENIED, False, 6)
        aws.always("GetQueryResults", faults.denied("logs:GetQueryResults"))
        await query.run(REQUEST)
        assert aws.queries[-1].was_stopped  # nobody could see what it finds


async def test_an_endpoint_that_passes_over_a_command_is_named(aws: FakeAws, quick: Limits) -> None:
    aws.query_scripts = [QueryScript([{"@message": "x", "@ptr": "p"}], ["Complete"])]
    async with opened(aws, quick) as (query, _scope):
        await query.run(REQUEST)
        assert query.ignored == "stats"


async def test_patterns_are_replaced_by_the_groups_that_fit(aws: FakeAws, quick: Limits) -> None:
    aws.log_settings = {f"/aws/lambda/orders-{number:02d}": {} for number in range(60)}
    async with opened(aws, quick) as (query, _scope):
        assert await query.expand([GROUP, "*orders-0*", GROUP]) == (
            GROUP,
            *(f"/aws/lambda/orders-{number:02d}" for number in range(10)),
        )
        for names in (["/none/*"], ["*orders-*"]):
            with pytest.raises(QueryProblem):
                await query.expand(names)


async def test_an_estimate_asks_for_each_group_once(aws: FakeAws, quick: Limits) -> None:
    aws.log_settings = {GROUP: {"storedBytes": 7_000, "retentionInDays": 7, "creationTime": 1}}
    async with opened(aws, quick) as (query, _scope):
        now_s = query._gateway.server_now_ms // 1000
        for _time in range(2):
            found = await query.estimate([GROUP, "/gone"], now_s - 86_400, now_s)
            assert abs(found.bytes_scanned - 1_000) <= 1
            assert found.unknown == ("/gone",)
        assert (
            len([r for r in aws.requests("DescribeLogGroups") if r.params["logGroupNamePrefix"] == GROUP])
            == 1
        )


async def test_results_are_written_in_the_format_of_the_ending(
    aws: FakeAws, quick: Limits, tmp_path: Path
) -> None:
    aws.query_scripts = [QueryScript(ROWS, ["Complete"])]
    async with opened(aws, quick) as (query, _scope):
        await query.run(REQUEST)
        for name in ("rows.csv", "rows.json", "rows.ndjson"):
            assert await query.export(tmp_path / name) == 6
        assert (tmp_path / "rows.csv").read_text().splitlines()[0] == "bin(1m),count(*)"
        assert json.loads((tmp_path / "rows.json").read_bytes())[5]["count(*)"] == 5
        assert len((tmp_path / "rows.ndjson").read_text().splitlines()) == 6
        (tmp_path / "file").touch()
        with pytest.raises(UserError, match="could not be exported"):
            await query.export(tmp_path / "file" / "rows.csv")


async def test_kept_queries_are_there_after_a_restart(tmp_path: Path) -> None:
    def load() -> Settings:
        settings = Settings(tmp_path / "settings.json")
        assert settings.load() is None
        return settings

    settings = load()
    book = QueryBook(settings, "here")
    book.save("one", "limit 1")
    book.save("two", "limit 2")
    book.save("one", "limit 3")
    book.note_last("hello", "limit 4")
    await settings.save()
    settings = load()
    assert QueryBook(settings, "there").saved == (("one", "limit 3"), ("two", "limit 2"))
    assert QueryBook(settings, "here").get_last("hello") == "limit 4"
    assert QueryBook(settings, "there").get_last("hello") == ""
    book = QueryBook(settings, "here")
    book.delete("one")
    for number in range(60):
        book.note_last(f"f{number}", "x")
    assert book.saved == (("two", "limit 2"),)
    assert (book.get_last("hello"), book.get_last("f59")) == ("", "x")


async def test_without_settings_queries_are_kept_for_the_connection() -> None:
    book = QueryBook(None, "here")
    book.save("one", "limit 1")
    book.note_last("hello", "limit 4")
    assert (book.saved, book.get_last("hello")) == ((("one", "limit 1"),), "limit 4")
