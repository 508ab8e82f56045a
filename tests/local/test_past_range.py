"""A past range on the Local AWS: what ran is found once, whichever way it is read."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.connections import get_unsaved_info
from lambdadesk.core.past_runs import PastSource
from lambdadesk.core.types import FunctionInfo, InvokeRequest, Outcome, Target
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.past_range import PastRange
from lambdadesk.local.account import SeededAccount
from lambdadesk.local.clients import REGION
from lambdadesk.store.catalog_cache import CatalogCache
from lambdadesk.store.drafts import DraftStore
from lambdadesk.store.history import History


async def test_runs_made_here_and_elsewhere_are_found_once(
    url: str, account: SeededAccount, tmp_path: Path
) -> None:
    history = History(tmp_path / "history.sqlite")
    await history.open()
    target = Target(REGION, endpoint_url=url, is_local=True)
    failures: list[Exception] = []
    report: Callable[[str, Exception], None] = lambda _name, error: failures.append(error)  # noqa: E731
    connection = Connection(
        get_unsaved_info(target),
        Gateway(target),
        history,
        CatalogCache(tmp_path / "cache"),
        report,
        DraftStore(tmp_path / "drafts"),
    )
    await connection.catalog.refresh()
    function = connection.catalog.get("hello") or FunctionInfo("hello")
    start_ms = time.time_ns() // 1_000_000
    for _run in range(2):
        await connection.invoker.invoke(InvokeRequest(function, b'{"name": "x"}'))
        await connection.gateway.invoke(InvokeRequest(function, b"{}"))  # as if from elsewhere
    past = PastRange(connection, function)
    found = {}
    for by in (PastSource.LOG, PastSource.INSIGHTS):
        async with asyncio.timeout(30):  # lines of the log come after the answers
            while past.runs is None or past.runs.source is not by or len(past.runs.invocations) < 4:
                await past.load(start_ms - 60_000, time.time_ns() // 1_000_000, by)
                assert past.error is None
        found[by] = past.runs
        assert [run.outcome for run in past.runs.invocations] == [Outcome.OK] * 4
        assert sum(run.here for run in past.runs.invocations) == 2
        assert all(run.cost is not None and run.cost.amount for run in past.runs.invocations)
    read, queried = found[PastSource.LOG], found[PastSource.INSIGHTS]
    assert [run.report for run in read.invocations] == [run.report for run in queried.invocations]
    await past.close()
    await connection.close()
    await history.close()
    assert failures == []
