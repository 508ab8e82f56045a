"""PastRange, the finished invocations of one function in a stretch of the past, for Charts and Timeline."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from lambdadesk.aws.endpoints import is_aws
from lambdadesk.aws.insights import fetch_groups_named, is_not_offered
from lambdadesk.aws.logs import fetch_events
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.insights import MAX_LIMIT, LogGroupInfo, QueryRequest, QueryStatus
from lambdadesk.core.invocations import InvocationTracker
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.money import format_about
from lambdadesk.core.past_runs import (
    LOG_PATTERN,
    MOST_RUNS,
    PastChoice,
    PastRuns,
    PastSource,
    check_range,
    choose_source,
    get_limits,
    has_gap,
    name_time,
    to_events,
    within,
    write_past_query,
)
from lambdadesk.core.query_cost import estimate
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Cost, FunctionInfo, Invocation, InvocationType, LogColumns, Outcome
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.query import Query
from lambdadesk.store.history_entry import HistoryEntry

if TYPE_CHECKING:
    from lambdadesk.core.invocation_columns import InvocationColumns

SLICE = 1_000  # events, or invocations, taken in one go
_GRACE_MS = 60_000  # after its timeout, an invocation has its REPORT line
_WAITING = (Outcome.RUNNING, Outcome.QUEUED, Outcome.UNKNOWN)
# Streams of a group that functions share: 2026/01/02/orders[$LATEST]0123; of a function's own: no name.
_NAMED_STREAM = re.compile(r"\d{4}/\d\d/\d\d/([^\[\]]+)\[")


class PastRange:
    """Loads one range at a time; the owner's TaskScope runs `load`, and `close` ends it.

    `runs` is the last range that was loaded, and stays until the next one is; None: none was. A failure is in
    `error`, not raised. An invocation belongs to the range in which it started. Reading goes on to where the
    last of them must have ended.

    Event changed: after any of the attributes changed.
    """

    def __init__(self, connection: Connection, function: FunctionInfo) -> None:
        self.changed: Event[[]] = Event()
        self.runs: PastRuns | None = None
        self.error: UserError | None = None
        self.is_loading = False
        self.source = PastSource.LOG  # of the running or last load
        self.share: float | None = None  # of the range that is read, 0 to 1; None: not known
        self.found = 0  # invocations so far
        self._connection = connection
        self._function = function
        self._query = Query(connection.gateway, connection.prices)
        self._query.changed.connect(self._on_query_changed)
        self._stops = False
        self._group: LogGroupInfo | None = None

    @property
    def progress_text(self) -> str:
        """How far the load is, in a sentence."""
        if not self.is_loading:
            return ""
        if self._stops:
            return "Stopping…"
        if self.source is PastSource.INSIGHTS:
            status, scanned = self._query.status, self._query.statistics
            said = status.sentence if status is not None else "Starting the query."
            return f"Logs Insights: {said} {scanned.records_matched:,} lines found so far."
        share = "" if self.share is None else f" {100 * self.share:.0f} %,"
        return f"Reading the log:{share} {self.found:,} invocations so far."

    @property
    def cost(self) -> Cost | None:
        """What the query has scanned so far, at list price; None where the log is read, which is free."""
        return self._query.cost if self.source is PastSource.INSIGHTS else None

    def price(self, bytes_scanned: int) -> Cost:
        """What a query that scans so much costs, at list price."""
        return self._query.price(bytes_scanned)

    async def advise(self, start_ms: int, end_ms: int) -> PastChoice:
        """Which source fits a range, and why; asks what is stored, which costs nothing."""
        if not is_aws(self._connection.target):
            return choose_source(None, None, "", is_aws=False)
        try:
            group = await self._describe()
        except UserError:
            group = None
        bytes_scanned, price = None, ""
        if group is not None and group.stored_bytes:  # what is stored is counted hours later
            now_s = self._now_ms / 1000
            found = estimate([group.name], [group], start_ms // 1000, end_ms // 1000, now_s)
            bytes_scanned = found.bytes_scanned
            cost = self.price(bytes_scanned)
            price = format_about(cost.amount, cost.currency)
        return choose_source(group, bytes_scanned, price, is_aws=True)

    async def load(self, start_ms: int, end_ms: int, by: PastSource = PastSource.LOG) -> None:
        """Load a range (epoch milliseconds, inclusive); where the endpoint offers no Insights, from the log.

        Nothing is paid for with PastSource.LOG. What was found before `cancel` is kept, as not complete.
        """
        self.is_loading, self._stops, self.error = True, False, None
        self.source, self.share, self.found = by, None, 0
        self.changed.emit()
        try:
            check_range(start_ms, end_ms, self._now_ms)
            self.runs = await self._load(start_ms, end_ms, by)
        except UserError as error:
            self.error = error
        finally:
            self.is_loading = False
            self.changed.emit()

    def cancel(self) -> None:
        """Stop; what was found is kept, and what a query has scanned is billed."""
        if self.is_loading and not self._stops:
            self._stops = True
            self._query.cancel()
            self.changed.emit()

    async def close(self) -> None:
        self._stops = True
        await self._query.close()

    # -- how

    @property
    def _now_ms(self) -> int:
        return self._connection.gateway.server_now_ms

    async def _describe(self) -> LogGroupInfo | None:
        """What is told of the log group, once; None where there is none."""
        if self._group is None:
            name = self._function.log_group_name
            found = await fetch_groups_named(self._connection.gateway, [name])
            self._group = found[0] if found else None
        return self._group

    async def _load(self, start_ms: int, end_ms: int, by: PastSource) -> PastRuns:
        notes: list[str] = []
        # By then the last one that started in the range has ended, or never tells that it has.
        last_ms = min(end_ms + self._function.timeout_s * 1000 + _GRACE_MS, self._now_ms + _GRACE_MS)
        last_ms = max(last_ms, end_ms)
        tracker = InvocationTracker(self._function.name)
        cost: Cost | None = None
        if by is PastSource.HISTORY:
            return await self._load_history(start_ms, end_ms)
        if by is PastSource.INSIGHTS:
            try:
                is_complete = await self._query_all(tracker, start_ms, last_ms, notes)
                cost = None if self._connection.target.is_local else self._query.cost
            except UserError as error:
                if not is_not_offered(error):
                    raise
                by = self.source = PastSource.LOG
                notes.append("Logs Insights is not offered by this endpoint: the log itself was read.")
        if by is PastSource.LOG:
            is_complete = await self._read_all(tracker, start_ms, last_ms, notes)
        group = None
        try:
            group = await self._describe()
        except UserError:  # what was found is no less for that
            notes.append("How long the log group keeps its lines was refused, and is not checked.")
        notes += get_limits(self._function, group, by, start_ms, end_ms, self._now_ms)
        is_complete = is_complete and not has_gap(self._function, group, start_ms, self._now_ms)
        in_range = within(tracker.invocations, start_ms, end_ms)
        if silent := sum(run.outcome is Outcome.RUNNING for run in in_range):
            it, left = ("it", "it is") if silent == 1 else ("them", "they are")
            notes.append(f"{silent:,} started, but the log has no REPORT line of {it}; {left} left out.")
        invocations = await self._merge(in_range, start_ms, end_ms)
        self.found = len(invocations)
        past = await in_thread(_to_columns, [run for run in invocations if run.stream])
        await self._connection.invocations.add_past(self._function.name, past)
        return PastRuns(by, start_ms, end_ms, tuple(invocations), is_complete, tuple(notes), cost)

    async def _read_all(
        self, tracker: InvocationTracker, start_ms: int, last_ms: int, notes: list[str]
    ) -> bool:
        """Feed what the log has to the tracker; False where some of it is missing."""
        gateway, function = self._connection.gateway, self._function
        # Not all endpoints filter as CloudWatch does.
        pattern = LOG_PATTERN if is_aws(gateway.target) else ""
        reading = fetch_events(
            gateway, function.log_group_name, start_ms, last_ms, pattern=pattern, party=self
        )
        is_complete, read_to_ms = True, start_ms
        try:
            async with aclosing(reading):
                async for page in reading:
                    is_complete = is_complete and page.complete
                    await self._feed(tracker, page.events)
                    read_to_ms = max(page.events.timestamps_ms, default=read_to_ms)
                    self.share = min(1.0, (read_to_ms - start_ms) / max(1, last_ms - start_ms))
                    self.found = len(tracker.invocations)
                    self.changed.emit()
                    if self._stops or len(tracker.invocations) >= MOST_RUNS:
                        why = "Stopped" if self._stops else f"More than {MOST_RUNS:,} invocations"
                        notes.append(f"{why}: nothing after {name_time(read_to_ms)} was read.")
                        return False
        except UserError as error:
            if error.kind is not ErrorKind.NOT_FOUND:
                raise
            notes.append("There is no log group: the function has not run, or its log was deleted.")
        if not is_complete:
            notes.append("Some pages of the log could not be read to their end.")
        return is_complete

    async def _query_all(
        self, tracker: InvocationTracker, start_ms: int, last_ms: int, notes: list[str]
    ) -> bool:
        """The same from Logs Insights, the newest lines where there are more than it gives."""
        query, function = self._query, self._function
        text, group = write_past_query(function), function.log_group_name
        await query.run(QueryRequest(text, (group,), start_ms // 1000, -(-last_ms // 1000), MAX_LIMIT))
        if query.error is not None:
            if query.error.kind is ErrorKind.NOT_FOUND:
                notes.append("There is no log group: the function has not run, or its log was deleted.")
                return True
            raise query.error
        events = to_events(query.table)
        await self._feed(tracker, events)
        if len(query.table.rows) >= MAX_LIMIT:
            notes.append(
                f"Logs Insights gives {MAX_LIMIT:,} lines at most, which reach back to "
                f"{name_time(events.timestamps_ms[0])}: choose a shorter time, or read the log."
            )
            return False
        if query.status is not QueryStatus.COMPLETE and query.status is not None:
            notes.append(query.status.sentence)
        return query.is_whole

    async def _feed(self, tracker: InvocationTracker, events: LogColumns) -> None:
        name = self._function.name
        if self._function.shares_log_group:
            is_own = {
                stream: (match := _NAMED_STREAM.match(stream)) is None or match[1] == name
                for stream in set(events.streams)
            }
            events = events.where([is_own[stream] for stream in events.streams])
        for start in range(0, len(events), SLICE):
            tracker.feed_all(events.between(start, start + SLICE))
            await asyncio.sleep(0)

    async def _load_history(self, start_ms: int, end_ms: int) -> PastRuns:
        entries = await self._connection.recent(self._function.name, MOST_RUNS)
        made = [_to_invocation(entry) for entry in entries if start_ms <= entry.sent_ms <= end_ms]
        made = [run for run in made if run.outcome not in _WAITING]
        seen = await self._get_kept(start_ms, end_ms)
        invocations = await self._merge(seen, start_ms, end_ms, made)
        self.found = len(invocations)
        note = "Only what was invoked from here, and what logs have shown here before."
        return PastRuns(PastSource.HISTORY, start_ms, end_ms, tuple(invocations), False, (note,))

    async def _get_kept(self, start_ms: int, end_ms: int) -> list[Invocation]:
        """What a log showed, now or earlier; the newest where there are too many."""
        name = self._function.name
        columns = await self._connection.invocations.columns(name, start_ms, end_ms + 1)
        columns = columns.where(slice(-MOST_RUNS, None))
        found: list[Invocation] = []
        for start in range(0, len(columns), SLICE):
            some = columns.where(slice(start, start + SLICE))
            found += (run for run in some.invocations(name) if run.stream)
            await asyncio.sleep(0)
        return found

    async def _merge(
        self, found: list[Invocation], start_ms: int, end_ms: int, made: Sequence[Invocation] = ()
    ) -> list[Invocation]:
        """Each invocation once, with its cost: what was found, what the ledger has of the same time, and
        what was made here before."""
        name, ledger = self._function.name, self._connection.make_ledger()
        known = [
            run
            for run in within(self._connection.ledger.between(name, start_ms, end_ms), start_ms, end_ms)
            if run.outcome not in _WAITING
        ]
        seen = [*found, *(run for run in known if run.stream)]
        for start in range(0, len(seen), SLICE):
            ledger.add_seen(name, *seen[start : start + SLICE])
            await asyncio.sleep(0)
        ids = {run.request_id for run in known if run.here}
        made = [run for run in made if run.request_id not in ids]
        for run in (*(run for run in known if not run.stream), *made):
            _add_here(ledger, run)
        ledger.match(name)
        # What was made here knows best what it cost: how it was invoked is in no log.
        here = {_key(run): run.cost for run in (*known, *made) if run.here}
        return [
            replace(run, here=True, cost=here[key] or run.cost) if (key := _key(run)) in here else run
            for run in within(ledger.between(name, start_ms, end_ms), start_ms, end_ms)
        ]

    def _on_query_changed(self) -> None:
        if self.is_loading and self.source is PastSource.INSIGHTS:
            self.changed.emit()


def _to_columns(invocations: list[Invocation]) -> "InvocationColumns":
    from lambdadesk.core.invocation_columns import InvocationColumns, Source

    return InvocationColumns.from_invocations(invocations, Source.PAST)


def _add_here(ledger: InvocationLedger, run: Invocation) -> None:
    ledger.add_here(
        run.function,
        InvocationType.REQUEST_RESPONSE,
        run.version,
        run.request_id,
        run.started_ms,
        run.ended_ms or run.started_ms,
        run.report,
        outcome=run.outcome,
        error_type=run.error_type,
        match_later=True,
    )


def _key(run: Invocation) -> tuple[str, str, int | None]:
    """What tells invocations apart: a request id comes again with a retry."""
    return (run.stream, run.request_id, run.ended_ms) if run.stream else ("", run.request_id, None)


def _to_invocation(entry: HistoryEntry) -> Invocation:
    cost = None if entry.cost is None else Cost(entry.cost, entry.currency, entry.cost_exact)
    return Invocation(
        entry.function,
        entry.request_id,
        entry.sent_ms,
        entry.log_stream,
        entry.received_ms,
        entry.executed_version or entry.qualifier,
        entry.outcome,
        entry.report.error_type if entry.report is not None else "",
        entry.report,
        cost,
        here=True,
    )
