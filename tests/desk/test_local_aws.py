"""The real thing: MiniStack, its sample account, traffic, and what a connection makes of them."""

import asyncio
import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from lambdadesk.core.cost import gb_seconds
from lambdadesk.core.logstore import LineKind
from lambdadesk.core.platform import parse_platform
from lambdadesk.core.types import InvocationType, InvokeRequest, Outcome
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.console import Console
from lambdadesk.desk.local_aws import LocalAws
from lambdadesk.desk.tailer import Tailer
from lambdadesk.store.history import History
from lambdadesk.store.paths import Paths
from lambdadesk.store.settings import Settings
from tests.desk.waiting import until

SUMS_WITHIN = Decimal("1e-20")


def all_are_finished(connection: Connection, function: str, count: int) -> bool:
    """Whether that many invocations are there, each with its report."""
    invocations = connection.ledger.of(function)
    return len(invocations) == count and all(invocation.report for invocation in invocations)


def reports_agree(connection: Connection, tail: Tailer) -> bool:
    """Whether the ledger has as many invocations, and as many GB-seconds, as the log has REPORT lines."""
    numbers = range(tail.store.first, tail.store.end)
    lines = [tail.store.text(number) for number in numbers if tail.store.kind(number) == LineKind.REPORT]
    reports = [parsed.report for line in lines if (parsed := parse_platform(line)) and parsed.report]
    totals = connection.ledger.totals(tail.function.name)
    difference = abs(totals.gb_seconds - sum(map(gb_seconds, reports)))
    return totals.invocations == len(reports) and difference < SUMS_WITHIN


async def test_every_invocation_is_counted_once(tmp_path: Path) -> None:
    """Made here, made by a trigger, seen by the tail and by the dashboard: one point each."""
    paths = Paths(tmp_path / "home")
    console = Console(paths, Settings(paths.settings_file), History(paths.history_file))
    await console.history.open()
    said: list[str] = []
    console.local.progress.connect(said.append)
    assert console.local.sources == ()
    connection = await console.open_local()
    assert console.local.is_running
    assert len(said) >= 2
    assert connection.target.key == "local"
    await connection.catalog.refresh()
    assert len(connection.catalog.state.functions) == 13

    functions = {function.name: function for function in connection.catalog.state.functions}
    tails = {name: connection.follow(functions[name]) for name in ("order-worker", "hello", "always-fails")}
    connection.scope.start("costs", connection.read_costs, 0.2)
    assert "orders" in await console.local.send("sqs")
    entries = []
    for name in tails:
        payload = console.sample_event(connection.target, name).encode()
        entries.append(await connection.invoker.invoke(InvokeRequest(functions[name], payload)))
    asynchronous = await connection.invoker.invoke(
        InvokeRequest(functions["hello"], b"{}", InvocationType.EVENT)
    )
    assert [entry.outcome for entry in entries] == [Outcome.OK, Outcome.OK, Outcome.ERROR]
    assert asynchronous.status_code == 202
    for name, count in (("hello", 2), ("always-fails", 1)):
        await until(
            connection.ledger.changed,
            lambda name=name, count=count: all_are_finished(connection, name, count),
            f"{count} invocations of {name}",
        )
    # One made here and at least one by the queue, which may have cut the orders into several batches.
    await until(
        connection.ledger.changed,
        lambda: connection.ledger.totals("order-worker").invocations >= 2,
        "the invocation by the queue",
    )

    for name, tail in tails.items():
        # A bad order comes again while this looks, and the tail sees it last. A double one would stay.
        await until(tail.changed, lambda tail=tail: reports_agree(connection, tail), f"the sums of {name}")
        totals = connection.ledger.totals(name)
        costs = [invocation.cost.amount for invocation in connection.ledger.of(name) if invocation.cost]
        assert len(costs) == totals.invocations
        assert abs(totals.cost - sum(costs)) < SUMS_WITHIN, name
        assert totals.cost > 0
    assert connection.ledger.totals("always-fails").errors == 1
    assert sum(invocation.here for invocation in connection.ledger.of("hello")) == 2

    await connection.invoker.flush()
    stored = await connection.recent("hello")
    assert [entry.kind for entry in stored] == [InvocationType.EVENT, InvocationType.REQUEST_RESPONSE]
    for entry in stored:
        assert entry.outcome is Outcome.OK
        assert entry.cost is not None

    again = await console.open_local()  # it runs already
    assert again.target.endpoint_url == connection.target.endpoint_url
    async with asyncio.timeout(30):
        await console.close()
    assert not console.local.is_running
    assert os.listdir(paths.local_dir) == []


async def test_what_is_cancelled_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    local = LocalAws(tmp_path)
    begun = asyncio.Event()
    local.progress.connect(lambda _what: begun.set())
    for _ in range(5):
        begun.clear()
        async with asyncio.TaskGroup() as group:
            start = group.create_task(local.start())
            await begun.wait()
            await asyncio.sleep(0)
            start.cancel()
        assert not local.is_running
        assert os.listdir(tmp_path) == []
    await local.stop()


def test_samples_have_events_and_others_do_not(tmp_path: Path) -> None:
    local = LocalAws(tmp_path)
    assert json.loads(local.sample_event("order-worker"))["Records"]
    assert local.sample_event("my-own") == "{}"


@pytest.mark.parametrize("times", [1, 2])
async def test_stop_is_harmless_where_nothing_runs(tmp_path: Path, times: int) -> None:
    local = LocalAws(tmp_path)
    for _ in range(times):
        await local.stop()
    assert not local.is_running
    assert local.sources == ()
