"""What a function did in a stretch of the past: where that is read, and what can't be found there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.insights import MAX_LIMIT, LogGroupInfo
from lambdadesk.core.query_cost import GB, format_bytes
from lambdadesk.core.query_table import QueryTable, get_time_ms
from lambdadesk.core.types import Cost, FunctionInfo, Invocation, LogColumns, LogEvent

_DAY_S: Final = 86_400
READ_UP_TO_BYTES: Final = GB // 10  # of log; more takes minutes, page by page
MOST_RUNS: Final = 100_000  # kept as objects; more take too much memory
_AHEAD_MS: Final = 60_000  # that clocks may be apart
LAG_MS: Final = 5 * 60_000  # Logs Insights sees lines some minutes after they were written
# Everything that ends an invocation or tells that it failed, in both log formats, whichever was in use then.
# START is among them since an error line without a request id belongs to what has started.
LOG_PATTERN: Final = (
    '?"START RequestId" ?"REPORT RequestId" ?"Task timed out" ?"[ERROR]" ?"Invoke Error" ?"Runtime exited"'
    ' ?"platform.report"'
)
_LINES: Final = (
    r"/^(START|REPORT) RequestId: |Task timed out after|\[ERROR\]|Invoke Error|Runtime exited"
    r"|platform\.report/"
)


class PastSource(StrEnum):
    """Where past invocations come from; the values are for settings and tests."""

    LOG = "log"
    INSIGHTS = "insights"
    HISTORY = "history"  # of what was invoked from here or seen before; nothing is asked

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    PastSource.LOG: "the log itself",
    PastSource.INSIGHTS: "Logs Insights",
    PastSource.HISTORY: "what was invoked from here, or seen before",
}


@dataclass(frozen=True, slots=True)
class PastChoice:
    """Which source fits a range, with the reason as one sentence. bytes_scanned: None where not known."""

    by: PastSource
    reason: str
    bytes_scanned: int | None = None


@dataclass(frozen=True, slots=True)
class PastRuns:
    """The finished invocations that started from `start_ms` to `end_ms` (epoch milliseconds, inclusive).

    invocations: by start, each counted once, together with what is known otherwise. source: what they were
    read from. is_complete: False where some are known to be missing. notes: a sentence each on what is
    missing, or can't be known. cost: of the query that found them; None: reading the log costs nothing.
    """

    source: PastSource
    start_ms: int
    end_ms: int
    invocations: tuple[Invocation, ...] = ()
    is_complete: bool = True
    notes: tuple[str, ...] = ()
    cost: Cost | None = None

    @property
    def note(self) -> str:
        return " ".join(self.notes)


def check_range(start_ms: int, end_ms: int, now_ms: int) -> None:
    """Raise UserError (INVALID) for a time that can't have invocations in it."""
    if end_ms < start_ms:
        raise UserError("The time ends before it begins.", "Mend From and To.", kind=ErrorKind.INVALID)
    if start_ms > now_ms + _AHEAD_MS:
        raise UserError("This time has not begun yet.", "Choose one that is past.", kind=ErrorKind.INVALID)


def choose_source(
    group: LogGroupInfo | None, bytes_scanned: int | None, price: str, *, is_aws: bool
) -> PastChoice:
    """Which way to read a range. bytes_scanned: about, None where it is not known; price: of scanning them,
    in words."""
    if not is_aws:
        return PastChoice(
            PastSource.LOG, "Reading the log costs nothing; this endpoint may not offer Logs Insights."
        )
    if group is not None and group.log_class not in ("", "STANDARD"):
        return PastChoice(
            PastSource.INSIGHTS,
            f"The log group is of the class {group.log_class}, whose events can only be queried.",
        )
    if bytes_scanned is None:
        return PastChoice(
            PastSource.LOG, "How much was logged is not known: reading the log costs nothing at any rate."
        )
    if bytes_scanned <= READ_UP_TO_BYTES:
        return PastChoice(
            PastSource.LOG,
            f"About {format_bytes(bytes_scanned)} were logged in this time: reading that is quick, "
            "and costs nothing.",
            bytes_scanned,
        )
    return PastChoice(
        PastSource.INSIGHTS,
        f"About {format_bytes(bytes_scanned)} were logged in this time: Logs Insights takes seconds "
        f"for {price}, while reading the log costs nothing and takes long.",
        bytes_scanned,
    )


def write_past_query(function: FunctionInfo) -> str:
    """The query for the lines that tell of a function's invocations, the newest first."""
    wanted = f"filter @message like {_LINES}"
    if function.shares_log_group:
        wanted = f'filter @logStream like "/{function.name}["\n| {wanted}'
    return f"{wanted}\n| fields @timestamp, @logStream, @message\n| sort @timestamp desc\n| limit {MAX_LIMIT}"


def to_events(table: QueryTable) -> LogColumns:
    """The rows of that query as log events, the oldest first; a row without time or message is left out."""
    columns = [table.column_of(name) for name in ("@timestamp", "@logStream", "@message")]
    if min(columns) < 0:
        return LogColumns.of([])
    at, stream, message = columns
    events = [
        LogEvent(at_ms, row[message] or "", row[stream] or "")
        for row in reversed(table.rows)
        if (at_ms := get_time_ms(row[at] or "")) is not None and row[message]
    ]
    return LogColumns.of(sorted(events, key=lambda event: event.timestamp_ms))


def get_limits(
    function: FunctionInfo,
    group: LogGroupInfo | None,
    source: PastSource,
    start_ms: int,
    end_ms: int,
    now_ms: int,
) -> list[str]:
    """What a range can't show, however it is read: a sentence each."""
    notes = []
    if group is not None and group.retention_days:
        kept_ms = now_ms - group.retention_days * _DAY_S * 1000
        if start_ms < kept_ms:
            notes.append(
                f"The log group keeps {group.retention_days:,} days: what was before {name_time(kept_ms)} "
                "is deleted."
            )
    if group is not None and group.created_ms > start_ms:
        notes.append(f"The log group exists since {name_time(group.created_ms)}; nothing is known before.")
    if function.log_format == "JSON" and function.system_log_level == "WARN":
        notes.append("Its system log level is WARN: only invocations that failed write a report.")
    if source is PastSource.INSIGHTS and end_ms > now_ms - LAG_MS:
        notes.append("Logs Insights may not see the last minutes yet.")
    return notes


def has_gap(function: FunctionInfo, group: LogGroupInfo | None, start_ms: int, now_ms: int) -> bool:
    """Whether invocations of the range are known to be missing from the log for good."""
    is_filtered = function.log_format == "JSON" and function.system_log_level == "WARN"
    days = group.retention_days if group is not None else 0
    return is_filtered or (days > 0 and start_ms < now_ms - days * _DAY_S * 1000)


def name_time(at_ms: float) -> str:
    """Local time, to the minute."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def within(runs: Sequence[Invocation], start_ms: int, end_ms: int) -> list[Invocation]:
    """Those that started in the range, by their start."""
    found = [run for run in runs if start_ms <= run.started_ms <= end_ms]
    return sorted(found, key=lambda run: (run.started_ms, run.ended_ms or 0, run.stream, run.request_id))
