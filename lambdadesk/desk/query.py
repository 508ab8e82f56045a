"""Query, one query of CloudWatch Logs Insights after another, as a page shows it."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.insights import (
    Rows,
    fetch_groups_named,
    fetch_log_groups,
    follow_query,
    start_query,
    stop_query,
)
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.insights import (
    MAX_GROUPS,
    LogGroupInfo,
    QueryProblem,
    QueryRequest,
    QueryStatistics,
    QueryStatus,
)
from lambdadesk.core.prices import PriceTable
from lambdadesk.core.query_cost import Estimate, estimate, get_price
from lambdadesk.core.query_export import to_csv, to_json, to_ndjson
from lambdadesk.core.query_table import QueryTable, find_ignored, make_table
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Cost
from lambdadesk.store.files import write_atomic

_WRITERS = {".csv": to_csv, ".json": to_json, ".ndjson": to_ndjson}
_LAST_WORDS_S = 3.0  # for a query to be stopped when its page is closed


class Query:
    """Runs one query at a time; the owner's TaskScope runs `run` and `close` ends it.

    The table of the query before stays until the next one has rows. A failure is in `error`, not raised.
    Cancelling asks AWS to stop: a query that nobody waits for would go on, and cost.

    Event changed: after any of the attributes changed.
    """

    def __init__(self, gateway: Gateway, prices: PriceTable) -> None:
        self.changed: Event[[]] = Event()
        self.request: QueryRequest | None = None  # the running or last one
        self.is_running = False
        self.is_stopping = False
        self.status: QueryStatus | None = None  # None: nothing is known yet
        self.statistics = QueryStatistics()
        self.table = QueryTable()
        self.is_whole = False  # the table has every row
        self.ignored = ""  # a command that the endpoint passed over
        self.error: UserError | None = None
        self.started_s, self.ended_s = 0.0, 0.0  # of this machine's monotonic clock
        self._gateway = gateway
        self._prices = prices
        self._stop = asyncio.Event()
        self._ended = asyncio.Event()
        self._infos: dict[str, LogGroupInfo] = {}  # of log groups, as they were told once

    @property
    def cost(self) -> Cost:
        """What has been scanned so far, at list price."""
        return self.price(self.statistics.bytes_scanned)

    def price(self, bytes_scanned: int) -> Cost:
        return get_price(bytes_scanned, self._prices, self._gateway.target.region)

    @property
    def took_s(self) -> float:
        return (time.monotonic() if self.is_running else self.ended_s) - self.started_s

    @property
    def has_run(self) -> bool:
        """Whether there is a result, perhaps an empty one, to be shown."""
        return self.status is not None and self.status.is_final and self.error is None

    async def run(self, request: QueryRequest) -> None:
        """Send a query and follow it to its end, or until `cancel`."""
        self.request = request
        self.is_running, self.is_stopping, self.error = True, False, None
        self.status, self.statistics, self.ignored = None, QueryStatistics(), ""
        self.started_s = time.monotonic()
        self._stop.clear()
        self._ended.clear()
        self.changed.emit()
        query_id = ""
        try:
            query_id = await start_query(self._gateway, request)
            await self._follow(query_id, request)
        except UserError as error:
            self.error = error
            if query_id:
                with suppress(UserError):  # the first failure is what is told
                    await stop_query(self._gateway, query_id)
        except asyncio.CancelledError:
            if query_id and not self._stop.is_set():
                with suppress(UserError):
                    await stop_query(self._gateway, query_id)
            raise
        finally:
            self.is_running = self.is_stopping = False
            self.ended_s = time.monotonic()
            self._ended.set()
            self.changed.emit()

    async def _follow(self, query_id: str, request: QueryRequest) -> None:
        rows: Rows = []
        async for reply in follow_query(self._gateway, query_id, limit=request.limit, stop=self._stop):
            rows, self.is_whole = reply.rows, reply.is_whole
            self.status, self.statistics = reply.status, reply.statistics
            self.changed.emit()
        self.table = await in_thread(make_table, rows)
        self.ignored = find_ignored(request.text, self.table)

    def cancel(self) -> None:
        """Have the query stopped; what it has found is kept."""
        if self.is_running and not self.is_stopping:
            self.is_stopping = True
            self._stop.set()
            self.changed.emit()

    async def close(self) -> None:
        """Stop what runs, and wait for that for some seconds at most."""
        if self.is_running:
            self.cancel()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_S):
                    await self._ended.wait()

    # -- log groups

    async def find_groups(self, pattern: str) -> list[LogGroupInfo]:
        """Log groups whose names fit; see aws.insights.fetch_log_groups."""
        found = await fetch_log_groups(self._gateway, pattern)
        self._infos |= {info.name: info for info in found}
        return found

    async def expand(self, names: Iterable[str]) -> tuple[str, ...]:
        """Names of log groups, each pattern with a * among them replaced by what fits it.

        Raises QueryProblem where nothing fits, or more than a query may read.
        """
        groups: dict[str, None] = {}
        for name in names:
            if "*" not in name:
                groups[name] = None
                continue
            found = await self.find_groups(name)
            if not found:
                raise QueryProblem(f"No log group fits {name}.", "Mend the pattern.")
            groups |= dict.fromkeys(info.name for info in found)
        if len(groups) > MAX_GROUPS:
            raise QueryProblem(
                f"A query reads at most {MAX_GROUPS} log groups; these are {len(groups):,}.", "Choose fewer."
            )
        return tuple(groups)

    async def estimate(self, groups: Iterable[str], start_s: int, end_s: int) -> Estimate:
        """What a query may scan; see core.insights.Estimate. Raises UserError."""
        groups = list(groups)
        if new := [name for name in groups if name not in self._infos]:
            found = await fetch_groups_named(self._gateway, new)
            self._infos |= {info.name: info for info in found}
        now_s = self._gateway.server_now_ms / 1000
        return estimate(groups, self._infos.values(), start_s, end_s, now_s)

    # -- results

    async def export(self, path: Path) -> int:
        """Write all rows, in the format that the file's ending names; returns how many."""
        table = self.table
        write = _WRITERS.get(path.suffix.lower(), to_ndjson)
        try:
            data = await in_thread(write, table)
            await in_thread(write_atomic, path, data)
        except OSError as error:
            raise UserError(
                f"The result could not be exported: {error.strerror or error}.",
                "Choose another folder.",
                kind=ErrorKind.STORAGE,
                details=str(path),
            ) from error
        return len(table.rows)
