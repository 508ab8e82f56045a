"""The console keeps figures of invocations as the user wants the history kept, and forgets them with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from lambdadesk.core.types import Invocation, Outcome, Report, Target
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.console import Console
from lambdadesk.store.history import History
from lambdadesk.store.paths import Paths
from lambdadesk.store.settings import Settings
from tests.servers.fake_aws import FakeAws

NOW_MS = int(datetime.now(UTC).timestamp() * 1000)


def seen(number: int, days_ago: int = 0) -> Invocation:
    ended_ms = NOW_MS - days_ago * 86_400_000
    stream = "2026/11/27/[$LATEST]0123456789abcdef"
    return Invocation(
        *("hello", f"r{number}", ended_ms - 16, stream),
        ended_ms=ended_ms,
        outcome=Outcome.OK,
        report=Report(f"r{number}", Decimal("15.74"), 16, 128, 56),
    )


@asynccontextmanager
async def shown(folder: Path, aws: FakeAws) -> AsyncIterator[tuple[Console, Connection]]:
    paths = Paths(folder)
    settings = Settings(paths.settings_file)
    settings.load()
    console = Console(paths, settings, History(paths.history_file))
    await console.open_history()
    yield console, await console.open(Target("us-east-1", endpoint_url=aws.url))
    settings.save_now()
    await console.close()


async def test_as_much_is_kept_as_of_the_history(aws: FakeAws, tmp_path: Path) -> None:
    async with shown(tmp_path, aws) as (console, connection):
        file = console.paths.invocations_file
        console.settings.history_keeps = "off"
        connection.ledger.add_seen("hello", seen(1))
        await connection.invocations.flush()
        assert len(await connection.invocations.columns("hello")) == 1
        assert not file.exists()
        console.settings.history_keeps = "metadata"
        connection.ledger.add_seen("hello", seen(2))
    async with shown(tmp_path, aws) as (console, connection):
        columns = await connection.invocations.columns("hello")
        assert [run.request_id for run in columns.invocations("hello")] == ["r2"]
        await console.delete_history()
        assert len(await connection.invocations.columns("hello")) == 0
        assert not file.exists()


async def test_what_is_older_than_the_history_may_be_is_deleted(aws: FakeAws, tmp_path: Path) -> None:
    async with shown(tmp_path, aws) as (console, connection):
        connection.ledger.add_seen("hello", seen(1, 10), seen(2))
        await connection.invocations.flush()
        console.settings.history_days = 5
        await console.tidy_invocations()
    async with shown(tmp_path, aws) as (_, connection):
        today = datetime.now(UTC).date()
        assert len(await connection.invocations.columns("hello")) == 1
        sums = await connection.invocations.by_function(date(2000, 1, 1), today + timedelta(days=1))
        assert sums["hello"].invocations == 1
