"""A connection holds what belongs to one target, and closing it ends all of it at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from lambdadesk.aws.credentials import NoSource
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.connections import get_unsaved_info
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import FunctionInfo, Identity, InvokeRequest, Outcome, Target
from lambdadesk.desk.connection import READ_UNASKED, Connection
from lambdadesk.desk.tailer import TailState
from lambdadesk.store.catalog_cache import CatalogCache
from lambdadesk.store.drafts import DraftStore
from lambdadesk.store.history import History
from lambdadesk.store.invocations import InvocationStore
from tests.conftest import threads_named
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function

HELLO = FunctionInfo("hello")


def make_connection(
    target: Target,
    history: History,
    cache: CatalogCache,
    report: Callable[[str, Exception], None],
    invocations: InvocationStore | None = None,
) -> Connection:
    return Connection(
        get_unsaved_info(target),
        Gateway(target),
        history,
        cache,
        report,
        DraftStore(cache.folder / "drafts"),
        open_invocations=(lambda: invocations) if invocations else None,
    )


@asynccontextmanager
async def connected(
    aws: FakeAws, folder: Path, invocations: InvocationStore | None = None
) -> AsyncIterator[Connection]:
    """A connection to a FakeAws with the function hello, its list read."""
    aws.functions = [make_function("hello")]
    history = History(folder / "history.sqlite")
    await history.open()
    failures: list[tuple[str, Exception]] = []
    target = Target("us-east-1", endpoint_url=aws.url)
    connection = make_connection(
        target,
        history,
        CatalogCache(folder / "cache"),
        lambda name, error: failures.append((name, error)),
        invocations,
    )
    await connection.catalog.refresh()
    yield connection
    await connection.close()
    await history.close()
    assert failures == []


async def test_a_function_is_followed_once(aws: FakeAws, tmp_path: Path) -> None:
    async with connected(aws, tmp_path) as connection:
        tail = connection.follow(HELLO)
        assert connection.follow(HELLO) is tail
        await until(tail.changed, lambda: tail.state is TailState.NO_GROUP, "the first poll")
        connection.unfollow("hello")
        connection.unfollow("hello")  # harmless
        await connection.scope.wait("tail hello")
        again = connection.follow(HELLO)
        assert again is not tail
        await until(again.changed, lambda: again.state is TailState.NO_GROUP, "the first poll of the other")


async def test_an_invocation_is_priced_and_saved_without_being_asked_to(aws: FakeAws, tmp_path: Path) -> None:
    async with connected(aws, tmp_path) as connection:
        entry = await connection.invoker.invoke(InvokeRequest(HELLO, b"{}"))
        cost = connection.cost_of(HELLO, entry)
        assert cost is not None
        assert cost.amount == entry.cost
        assert connection.ledger.totals("hello").cost == entry.cost
        await connection.scope.wait("save history")
        (stored,) = await connection.recent("hello")
        assert (stored.id, stored.outcome, stored.cost) == (entry.id, Outcome.OK, entry.cost)
        assert await connection.recent("other") == []
        assert await connection.entry(entry.id) == entry
        assert await connection.entry(entry.id + 1) is None
        assert connection.currency == "USD"
        time.strptime(connection.price_date, "%Y-%m-%d")


async def test_a_report_without_a_known_function_has_no_price(aws: FakeAws, tmp_path: Path) -> None:
    async with connected(aws, tmp_path) as connection:
        deleted = FunctionInfo("deleted")
        aws.functions.append(make_function("deleted"))  # not listed again
        entry = await connection.invoker.invoke(InvokeRequest(deleted, b"{}"))
        assert entry.report is not None
        assert entry.cost is None
        totals = connection.ledger.totals("deleted")
        assert (totals.invocations, totals.unknown_cost, totals.cost) == (1, 1, Decimal(0))


async def test_costs_are_read_once_the_list_is_there(aws: FakeAws, tmp_path: Path) -> None:
    async with connected(aws, tmp_path) as connection:
        await connection.invoker.invoke(InvokeRequest(HELLO, b"{}"))
        aws.log_groups["/aws/lambda/hello"].events.clear()
        aws.add_events(
            "/aws/lambda/hello",
            "REPORT RequestId: 11111111-2222-4333-8444-555555555555\tDuration: 1.00 ms\t"
            "Billed Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t\n",
            timestamp_ms=time.time_ns() // 1_000_000 - 60_000,
        )
        connection.scope.start("read costs", connection.read_costs, 3_600.0)
        await until(
            connection.dashboard.changed,
            lambda: connection.ledger.totals("hello").invocations == 2,
            "the invocation that was made elsewhere",
        )


@pytest.mark.parametrize(("count", "asks"), [(READ_UNASKED, False), (READ_UNASKED + 1, True)])
async def test_the_logs_of_many_functions_of_aws_are_not_read_unasked(
    tmp_path: Path, count: int, asks: bool
) -> None:
    cache = CatalogCache(tmp_path / "cache")
    target = Target("us-east-1")  # AWS itself, which is never called here
    cache.save(target.key, [FunctionInfo(f"f{number}") for number in range(count)])
    connection = make_connection(target, History(tmp_path / "history.sqlite"), cache, lambda *_: None)
    connection.catalog.load_cached()
    assert connection.asks_before_reading is asks
    connection.may_read_all = True
    assert not connection.asks_before_reading
    await connection.close()


async def test_who_one_is_and_what_a_function_can_be_invoked_as(aws: FakeAws, tmp_path: Path) -> None:
    aws.aliases["hello"] = ["live"]
    aws.versions["hello"] = ["1", "2"]
    async with connected(aws, tmp_path) as connection:
        await connection.identify()
        assert connection.identity == Identity("000000000000", "arn:aws:iam::000000000000:root")
        assert list(await connection.qualifiers("hello")) == ["$LATEST", "live", "2", "1"]


@asynccontextmanager
async def regions(aws: FakeAws, folder: Path) -> AsyncIterator[list[Connection]]:
    """Three regions of one source of credentials, the lists not read."""
    aws.functions = [make_function("hello")]
    history, cache = History(folder / "history.sqlite"), CatalogCache(folder / "cache")
    source = NoSource(aws.url)
    targets = [Target(region, endpoint_url=aws.url) for region in ("us-east-1", "us-west-2", "eu-west-1")]
    made = [
        Connection(
            get_unsaved_info(target),
            Gateway(target, credentials=source),
            history,
            cache,
            fail,
            DraftStore(folder / "drafts"),
        )
        for target in targets
    ]
    yield made
    for connection in made:
        await connection.close()


def fail(name: str, error: Exception) -> None:
    raise AssertionError(name) from error


async def identify_all(connections: list[Connection]) -> None:
    async with asyncio.TaskGroup() as group:
        for connection in connections:
            group.create_task(connection.identify())


async def test_regions_of_one_source_ask_once_who_one_is(aws: FakeAws, tmp_path: Path) -> None:
    async with regions(aws, tmp_path) as connections:
        await identify_all(connections)
        assert {connection.account for connection in connections} == {"000000000000"}
        assert len(aws.requests("GetCallerIdentity")) == 1
        assert len(aws.requests("ListAccountAliases")) == 1
        connections[0].gateway.forget()  # from now on they may be another's
        await identify_all(connections)
        assert len(aws.requests("GetCallerIdentity")) == 2
        assert len(aws.requests("ListAccountAliases")) == 2


async def test_where_one_region_is_refused_the_others_ask_for_themselves(
    aws: FakeAws, tmp_path: Path
) -> None:
    async with regions(aws, tmp_path) as connections:
        aws.script("GetCallerIdentity", faults.denied("sts:GetCallerIdentity"))
        await identify_all(connections)
        assert [connection.account for connection in connections] == ["", "000000000000", "000000000000"]
        assert [connection.identity_error is None for connection in connections] == [False, True, True]
        await connections[0].identify()
        assert connections[0].account == "000000000000"
        assert connections[0].identity_error is None


async def test_the_list_comes_before_the_question_who_one_is(aws: FakeAws, tmp_path: Path) -> None:
    async with regions(aws, tmp_path) as (connection, other, _):
        connection.scope.start("identity", connection.identify_later)
        await other.identify()  # a while in which it could ask
        assert connection.identity is None
        await connection.catalog.refresh()
        await connection.scope.wait("identity")
        assert connection.account == "000000000000"


async def test_who_one_is_is_asked_all_the_same_where_the_list_is_denied(
    aws: FakeAws, tmp_path: Path
) -> None:
    async with regions(aws, tmp_path) as (connection, *_):
        aws.always("ListFunctions", faults.denied("lambda:ListFunctions"))
        connection.scope.start("identity", connection.identify_later)
        await connection.catalog.refresh()
        await connection.scope.wait("identity")
        assert connection.account == "000000000000"


async def test_close_waits_for_no_answer(aws: FakeAws, tmp_path: Path) -> None:
    aws.always("FilterLogEvents", faults.hang)
    aws.always("Invoke", faults.hang)
    async with connected(aws, tmp_path) as connection:
        connection.follow(HELLO)
        aws.always("ListFunctions", faults.hang)
        connection.scope.start("refresh", connection.catalog.refresh)
        connection.scope.start("invoke", connection.invoker.invoke, InvokeRequest(HELLO, b"{}"))
        connection.scope.start("read costs", connection.read_costs, 1.0)
        await in_thread(aws.wait_for_requests, "FilterLogEvents", 2)
        await in_thread(aws.wait_for_requests, "Invoke")
        await in_thread(aws.wait_for_requests, "ListFunctions", 2)
        await connection.close()
        waiting = threads_named("in_thread")
        assert len(waiting) >= 4  # they wait on; what counts is that nobody waits for them
        assert not any(connection.scope.is_running(name) for name in ("refresh", "invoke", "read costs"))
        (entry,) = await connection.recent()
        assert entry.outcome is Outcome.UNKNOWN
        assert "Stopped waiting" in entry.error


async def test_after_close_nothing_starts(aws: FakeAws, tmp_path: Path) -> None:
    async with connected(aws, tmp_path) as connection:
        await connection.close()
        asked = len(aws.requests())
        tail = connection.follow(HELLO)
        connection.scope.start("refresh", connection.catalog.refresh)
        await asyncio.sleep(0)
        assert tail.state is TailState.STARTING
        assert len(aws.requests()) == asked
