"""What an earlier session kept costs what it does now, wherever it is shown, or says that it doesn't."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from lambdadesk.core.invocation_summary import summarise
from lambdadesk.core.month_view import last_days, sum_rows
from lambdadesk.core.types import Invocation, Outcome, Report, Target
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.console import Console
from lambdadesk.desk.month import WORK, Months
from lambdadesk.desk.sizing import compare
from lambdadesk.store.history import History
from lambdadesk.store.month_cache import MonthCache
from lambdadesk.store.paths import Paths
from lambdadesk.store.settings import Settings
from tests.desk.test_month import ran
from tests.servers.fake_aws import FakeAws, make_function

AT_MS = int((datetime.now(UTC) - timedelta(days=1)).timestamp() * 1000)
RUNS = [
    Invocation(
        *("f", f"0000000{number}-0000-4000-8000-000000000000", AT_MS + number, "2026/11/26/[$LATEST]a"),
        ended_ms=AT_MS + number + 100,
        outcome=Outcome.OK,
        report=Report(
            f"0000000{number}-0000-4000-8000-000000000000", Decimal("90.50"), 100 + number, 128, 64
        ),
    )
    for number in range(3)
]
LISTED = Decimal(303 * 128) / 1_024_000 * Decimal("0.0000166667") + 3 * Decimal("0.0000002")


@asynccontextmanager
async def shown(folder: Path, aws: FakeAws) -> AsyncIterator[tuple[Console, Connection]]:
    paths = Paths(folder)
    settings = Settings(paths.settings_file)
    settings.load()
    console = Console(paths, settings, History(paths.history_file))
    await console.open_history()
    connection = await console.open(Target("us-east-1", endpoint_url=aws.url))
    await connection.catalog.refresh()
    yield console, connection
    settings.save_now()
    await console.close()


async def figures(months: Months, connection: Connection) -> tuple[Decimal, Decimal, Decimal, str, str]:
    """What Charts, the month and What if say that all of it costs; and the words of the first two."""
    await connection.scope.wait("price anew")
    columns = await connection.invocations.columns("f")
    (function,) = await months.price()
    (row,) = sum_rows([function], last_days(months.today))
    what_if = await compare(connection, function.function)
    assert what_if is not None
    words = summarise(columns, len(columns)), " ".join(row.notes)
    return columns.totals().cost, row.cost, what_if.cost.amount, *words


async def test_other_prices_hold_for_what_was_kept_too(aws: FakeAws, tmp_path: Path) -> None:
    aws.functions = [make_function("f")]
    ran(aws, "f", 3, days_ago=1)
    plan = {"us-east-1/x86_64/duration": Decimal("0.00001")}
    planned = LISTED - Decimal(303 * 128) / 1_024_000 * Decimal("0.0000066667")
    async with shown(tmp_path, aws) as (console, connection):
        console.settings.price_discount_percent = Decimal(10)
        connection.ledger.add_seen("f", *RUNS)
        await connection.invocations.flush()
        assert (await connection.invocations.columns("f")).totals().cost == LISTED * Decimal("0.9")
    async with shown(tmp_path, aws) as (console, connection):
        months = Months(MonthCache(tmp_path / "months"), console.prices, {}.get)
        months.show([connection])
        await connection.scope.wait("load month")
        months.read()
        await connection.scope.wait(WORK)
        for percent in (10, 0, 25):
            console.settings.price_discount_percent = Decimal(percent)
            *costs, charts, month = await figures(months, connection)
            assert costs == [LISTED * (100 - percent) / 100] * 3
            assert "ran" not in charts
            assert "as of" not in month
        console.settings.price_discount_percent = Decimal(0)
        console.settings.savings_plan_rates = plan
        *costs, charts, month = await figures(months, connection)
        assert costs == [planned] * 3
        connection.ledger.add_seen("f", *RUNS)
        await connection.invocations.flush()
        months.close()
    async with shown(tmp_path, aws) as (console, connection):
        console.settings.savings_plan_rates = {}
        months = Months(MonthCache(tmp_path / "months"), console.prices, {}.get)
        months.show([connection])
        await connection.scope.wait("load month")
        months.read()
        await connection.scope.wait(WORK)
        *costs, charts, month = await figures(months, connection)
        assert costs == [planned, planned, LISTED]
        assert charts.endswith("3 priced as of when they ran")
        assert month.startswith("3 kept invocations of earlier: priced as of when they ran")
        months.close()
