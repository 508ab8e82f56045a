"""CloudWatch Logs Insights: what a query asks, what it answers, what it costs, and queries to begin with."""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from typing import Final

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.prices import PriceItem, PriceTable
from lambdadesk.core.types import Cost, FunctionInfo

MAX_GROUPS: Final = 50
MAX_QUERY: Final = 10_000  # characters
DEFAULT_LIMIT, MAX_LIMIT = 10_000, 100_000  # rows
GB: Final = 1_000_000_000  # bytes; AWS does not say which GB it bills, and this one never says too little
DAY_S: Final = 86_400
ASK_FROM_BYTES: Final = 10 * GB  # a query that may scan so much asks first

COMMANDS: Final = frozenset(
    (
        *("anomaly", "dedup", "diff", "display", "fields", "filter", "filterIndex", "join", "limit"),
        *("lookup", "parse", "pattern", "sort", "source", "stats", "unmask", "unnest"),
    )
)
WORDS: Final = frozenset(("as", "by", "asc", "desc", "in", "like", "and", "or", "not"))  # within commands
_COMMENT_OR_STRING = re.compile(r"""#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`""")
_COMMAND = re.compile(r"(?:^|\|)\s*([A-Za-z]+)")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?")
_NEVER_NUMBERS = {"@message", "@log", "@logStream", "@requestId", "@ptr"}
_POINTER = "@ptr"


class QueryStatus(StrEnum):
    """What becomes of a query (the API's own values)."""

    SCHEDULED = "Scheduled"
    RUNNING = "Running"
    COMPLETE = "Complete"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    TIMEOUT = "Timeout"
    UNKNOWN = "Unknown"

    @property
    def is_final(self) -> bool:
        return self in (
            QueryStatus.COMPLETE,
            QueryStatus.FAILED,
            QueryStatus.CANCELLED,
            QueryStatus.TIMEOUT,
        )

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    QueryStatus.SCHEDULED: "Waiting for its turn.",
    QueryStatus.RUNNING: "Running.",
    QueryStatus.COMPLETE: "Complete.",
    QueryStatus.FAILED: "CloudWatch Logs could not finish the query; what came of it is shown.",
    QueryStatus.CANCELLED: "Cancelled; what came of it is shown, and what it scanned is billed.",
    QueryStatus.TIMEOUT: "The query ran for an hour, which is the limit; narrow the time or the log groups.",
    QueryStatus.UNKNOWN: "CloudWatch Logs does not say what becomes of the query.",
}


class QueryProblem(UserError):  # noqa: N818  a typing mistake is no error of the application
    """A query that can't be used. start, end: where it goes wrong, in characters; -1: that is not told."""

    def __init__(
        self, message: str, hint: str = "", *, start: int = -1, end: int = -1, details: str = ""
    ) -> None:
        super().__init__(message, hint, kind=ErrorKind.INVALID, details=details)
        self.start, self.end = start, end


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """One query. groups: names of log groups; start_s, end_s: epoch seconds, both inclusive."""

    text: str
    groups: tuple[str, ...]
    start_s: int
    end_s: int
    limit: int = DEFAULT_LIMIT

    def check(self) -> None:
        """Raise QueryProblem for what can't be sent."""
        if not self.text.strip():
            raise QueryProblem("There is no query.", "Write one, or choose one that is written.")
        if len(self.text) > MAX_QUERY:
            raise QueryProblem(f"The query is longer than {MAX_QUERY:,} characters.", "Shorten it.")
        if not self.groups and not self.names_its_source:
            raise QueryProblem("No log group is chosen.", "Name at least one.")
        if len(self.groups) > MAX_GROUPS:
            raise QueryProblem(
                f"A query reads at most {MAX_GROUPS} log groups; these are {len(self.groups):,}.",
                "Choose fewer.",
            )
        if self.start_s < 0 or self.end_s < self.start_s:
            raise QueryProblem("The time ends before it begins.", "Mend From and To.")
        if not 1 <= self.limit <= MAX_LIMIT:
            raise QueryProblem(f"The limit is between 1 and {MAX_LIMIT:,} rows.", "Mend it.")

    @property
    def names_its_source(self) -> bool:
        """Whether the query says itself which log groups it reads (SOURCE)."""
        return "source" in get_commands(self.text)[:1]


@dataclass(frozen=True, slots=True)
class QueryStatistics:
    """How far a query is. Cumulative."""

    records_matched: int = 0
    records_scanned: int = 0
    bytes_scanned: int = 0


class ColumnKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    TIME = "time"  # as Insights writes it: "2026-01-02 03:04:05.678", UTC


@dataclass(frozen=True, slots=True)
class ResultColumn:
    name: str
    kind: ColumnKind


@dataclass(frozen=True, slots=True)
class QueryTable:
    """Rows of a result as they were received; None where a row lacks a field.

    pointers: of each row, the id of its log event, empty where it is a figure made of several.
    """

    columns: tuple[ResultColumn, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    pointers: tuple[str, ...] = ()

    def column_of(self, name: str) -> int:
        """The number of the column with this name, -1 if there is none."""
        return next((number for number, each in enumerate(self.columns) if each.name == name), -1)

    def get(self, row: int, name: str) -> str:
        """A field of a row, empty where there is none."""
        column = self.column_of(name)
        return (self.rows[row][column] or "") if column >= 0 else ""

    @property
    def is_raw(self) -> bool:
        """Whether rows are log events, not figures made of several."""
        return any(self.pointers)


def make_table(results: Iterable[Iterable[tuple[str, str]]]) -> QueryTable:
    """A table of what GetQueryResults gives: each row as pairs of field and value, with columns as they come.

    A column is of numbers or times where all its values are.
    """
    rows = [dict(row) for row in results]
    pointers = tuple(row.pop(_POINTER, "") for row in rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    values = tuple(tuple(row.get(name) for name in names) for row in rows)
    columns = tuple(
        ResultColumn(name, _get_kind(name, [row[number] for row in values]))
        for number, name in enumerate(names)
    )
    return QueryTable(columns, values, pointers)


def _get_kind(name: str, values: Sequence[str | None]) -> ColumnKind:
    known = [value for value in values if value]
    if not known or name in _NEVER_NUMBERS:
        return ColumnKind.TEXT
    if all(_TIME.fullmatch(value) for value in known):
        return ColumnKind.TIME
    return ColumnKind.NUMBER if all(_NUMBER.fullmatch(value) for value in known) else ColumnKind.TEXT


def sort_values(table: QueryTable, column: int) -> list[float | str | None]:
    """What to sort the rows by in a column: numbers as such; None where a row has nothing there."""
    values = [row[column] or None for row in table.rows]
    if table.columns[column].kind is ColumnKind.NUMBER:
        return [None if value is None else float(value) for value in values]
    return [None if value is None else value.casefold() for value in values]


def get_time_ms(text: str) -> int | None:
    """Epoch milliseconds of a time as Insights writes it; None where the text is none."""
    if not _TIME.fullmatch(text):
        return None
    try:
        at = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:  # the 30th of February
        return None
    return int(at.timestamp() * 1000 + 0.5)


def get_commands(text: str) -> list[str]:
    """The commands of a query in small letters, in their order."""
    bare = _COMMENT_OR_STRING.sub(" ", text)
    return [match[1].lower() for match in _COMMAND.finditer(bare)]


def find_ignored(text: str, table: QueryTable) -> str:
    """The first command that the answer shows to have been passed over; empty where there is none.

    Log events can't come of `stats`, but endpoints that are not AWS give them.
    """
    return "stats" if table.is_raw and "stats" in get_commands(text) else ""


# -- what it costs


def get_price(bytes_scanned: int, prices: PriceTable, region: str) -> Cost:
    """What scanning so many bytes costs at list price."""
    cost = prices.cost(PriceItem.LOG_INSIGHTS, Decimal(bytes_scanned) / GB, region, "x86_64")
    notes = tuple(
        f"No price of Logs Insights is known for {region}; the one of us-east-1 is used." for _ in cost.notes
    )
    return replace(cost, notes=notes)


def format_bytes(count: int) -> str:
    """ "812 bytes", "3.4 MB", "1.2 GB"; never rounded to nothing."""
    if count < 1_000:
        return f"{count} byte" + ("" if count == 1 else "s")
    for unit, size in (("kB", 1_000), ("MB", 1_000_000), ("GB", GB), ("TB", 1_000 * GB)):
        if count < 1_000 * size or unit == "TB":
            return f"{count / size:,.1f} {unit}"
    raise AssertionError("the last unit takes all")


@dataclass(frozen=True, slots=True)
class LogGroupInfo:
    """A log group as DescribeLogGroups has it. retention_days 0: it never expires; created_ms 0: not told."""

    name: str
    stored_bytes: int = 0
    retention_days: int = 0
    created_ms: int = 0
    log_class: str = "STANDARD"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a query may scan: what is stored, spread evenly over the time that it is kept for.

    A busy stretch scans more, and stored bytes are hours behind. unknown: groups of which nothing is known.
    """

    bytes_scanned: int
    unknown: tuple[str, ...] = ()


def estimate(
    groups: Iterable[str], infos: Iterable[LogGroupInfo], start_s: int, end_s: int, now_s: float
) -> Estimate:
    """How many bytes a query over these groups and seconds scans, about."""
    known = {info.name: info for info in infos}
    names = list(groups)
    total = sum(
        (_get_share(known[name], start_s, end_s, now_s) for name in names if name in known), Decimal(0)
    )
    return Estimate(
        int(total.to_integral_value(ROUND_CEILING)), tuple(name for name in names if name not in known)
    )


def _get_share(info: LogGroupInfo, start_s: int, end_s: int, now_s: float) -> Decimal:
    begins = [now_s - info.retention_days * DAY_S] if info.retention_days else []
    begins += [info.created_ms / 1000] if info.created_ms else []
    if not begins:
        return Decimal(info.stored_bytes)  # since when is not known: it may all be within
    first_s = max(begins)
    kept_s = max(1.0, now_s - first_s)
    within_s = min(float(end_s) + 1, now_s) - max(float(start_s), first_s)
    return info.stored_bytes * Decimal(max(0.0, min(within_s, kept_s))) / Decimal(kept_s)


# -- queries to begin with


@dataclass(frozen=True, slots=True)
class WrittenQuery:
    """A query to begin with, for functions that log text and for those that log JSON.

    In its texts, BIN is a stretch of time that fits the range, and COST the lines that price GB-seconds.
    """

    key: str
    title: str
    about: str
    text: str
    json: str


WRITTEN: Final = (
    WrittenQuery(
        "errors",
        "Errors",
        "Failed invocations and lines that say error, newest first",
        "filter @message like /Task timed out after|Status: timeout|Status: error|Runtime exited"
        "|Runtime.OutOfMemory|signal: killed|\\[ERROR\\]|\\tERROR\\t/\n"
        "| fields @timestamp, @requestId, @logStream, @log, @message\n"
        "| sort @timestamp desc\n"
        "| limit 200",
        'filter record.status in ["error", "failure", "timeout"]'
        ' or level in ["ERROR", "FATAL", "error", "fatal", "Error", "Critical"]\n'
        "| fields @timestamp, coalesce(requestId, record.requestId) as request, @logStream, @log, @message\n"
        "| sort @timestamp desc\n"
        "| limit 200",
    ),
    WrittenQuery(
        "slowest",
        "Slowest invocations",
        "The 100 longest, with what each was billed",
        'filter @type = "REPORT"\n'
        "| fields @timestamp, @duration, @billedDuration, @initDuration, @maxMemoryUsed / 1000000 as usedMB, "
        "@requestId, @logStream, @log\n"
        "| sort @duration desc\n"
        "| limit 100",
        'filter type = "platform.report"\n'
        "| fields @timestamp, record.metrics.durationMs as durationMs, "
        "record.metrics.billedDurationMs as billedMs, record.metrics.initDurationMs as initMs, "
        "record.metrics.maxMemoryUsedMB as usedMB, record.requestId as request, @logStream, @log\n"
        "| sort durationMs desc\n"
        "| limit 100",
    ),
    WrittenQuery(
        "cold-starts",
        "Cold starts",
        "How many over time, and how long they took",
        'filter @type = "REPORT"\n'
        "| stats count(*) as invocations, count(@initDuration) as coldStarts, "
        "coldStarts * 100 / invocations as coldPercent, avg(@initDuration) as avgInitMs, "
        "max(@initDuration) as maxInitMs by bin(BIN)",
        'filter type = "platform.report"\n'
        "| stats count(*) as invocations, count(record.metrics.initDurationMs) as coldStarts, "
        "coldStarts * 100 / invocations as coldPercent, avg(record.metrics.initDurationMs) as avgInitMs, "
        "max(record.metrics.initDurationMs) as maxInitMs by bin(BIN)",
    ),
    WrittenQuery(
        "memory",
        "Memory headroom",
        "What was used of the memory size; MB as Lambda counts them",
        'filter @type = "REPORT"\n'
        "| stats count(*) as invocations, max(@memorySize / 1000000) as memoryMB, "
        "max(@maxMemoryUsed / 1000000) as maxUsedMB, avg(@maxMemoryUsed / 1000000) as avgUsedMB, "
        "memoryMB - maxUsedMB as freeMB, maxUsedMB * 100 / memoryMB as usedPercent by @log",
        'filter type = "platform.report"\n'
        "| stats count(*) as invocations, max(record.metrics.memorySizeMB) as memoryMB, "
        "max(record.metrics.maxMemoryUsedMB) as maxUsedMB, avg(record.metrics.maxMemoryUsedMB) as avgUsedMB, "
        "memoryMB - maxUsedMB as freeMB, maxUsedMB * 100 / memoryMB as usedPercent by @log",
    ),
    WrittenQuery(
        "cost",
        "Cost and GB-seconds",
        "What each log group's invocations were billed",
        'COST\nfilter @type = "REPORT"\n'
        "| stats count(*) as invocations, sum(@billedDuration) as billedMs, "
        "sum(@billedDuration / 1000 * @memorySize / 1000000 / 1024) as gbSeconds, "
        "gbSeconds * DURATION + invocations * REQUEST as costCURRENCY by @log\n"
        "| sort gbSeconds desc",
        'COST\nfilter type = "platform.report"\n'
        "| stats count(*) as invocations, sum(record.metrics.billedDurationMs) as billedMs, "
        "sum(record.metrics.billedDurationMs / 1000 * record.metrics.memorySizeMB / 1024) as gbSeconds, "
        "gbSeconds * DURATION + invocations * REQUEST as costCURRENCY by @log\n"
        "| sort gbSeconds desc",
    ),
    WrittenQuery(
        "timeouts",
        "Timeouts",
        "Invocations that reached the function's timeout, newest first",
        "filter @message like /Task timed out after|Status: timeout/\n"
        "| fields @timestamp, @requestId, @duration, @billedDuration, @logStream, @log, @message\n"
        "| sort @timestamp desc\n"
        "| limit 200",
        'filter type = "platform.report" and record.status = "timeout"\n'
        "| fields @timestamp, record.requestId as request, record.metrics.durationMs as durationMs, "
        "record.metrics.billedDurationMs as billedMs, @logStream, @log, @message\n"
        "| sort @timestamp desc\n"
        "| limit 200",
    ),
    WrittenQuery(
        "volume",
        "Log volume",
        "Lines and their characters over time; ingestion is billed by bytes, a little more",
        "stats count(*) as lines, sum(strlen(@message)) as characters by bin(BIN)",
        "stats count(*) as lines, sum(strlen(@message)) as characters by bin(BIN)",
    ),
)


def write_query(
    query: WrittenQuery, function: FunctionInfo, range_s: int, prices: PriceTable, region: str
) -> str:
    """The text of a written query for a function: for its log format, and for its streams alone where it
    shares its log group with others."""
    text = f"# {query.about}\n{query.json if function.log_format == 'JSON' else query.text}"
    if "COST" in text:
        duration = prices.rate(PriceItem.DURATION, region, function.architecture)
        request = prices.rate(PriceItem.REQUEST, region, function.architecture)
        is_exact = duration.exact and request.exact
        whose = region if is_exact else f"us-east-1, as not all are known for {region}"
        text = text.replace(
            "COST\n",
            f"# List prices of {function.architecture} in {whose}: before free tier,\n"
            "# tiers, ephemeral storage and SnapStart.\n",
        )
        text = text.replace("DURATION", f"{duration.price:f}").replace("REQUEST", f"{request.price:f}")
        text = text.replace("CURRENCY", duration.currency)
    text = text.replace("BIN", pick_bin(range_s))
    if is_shared(function):
        text = _only_streams_of(function.name, text)
    return text


def is_shared(function: FunctionInfo) -> bool:
    """Whether the function's log group may hold the lines of others: whether it isn't the usual one."""
    return function.log_group_name != f"/aws/lambda/{function.name}"


def _only_streams_of(name: str, text: str) -> str:
    # Streams of custom groups are YYYY/MM/DD/<function>[<version>]<id>.
    lines = text.split("\n")
    first = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    wanted = f'filter @logStream like "/{name}["'
    lines[first : first + 1] = [wanted, f"| {lines[first]}"]
    return "\n".join(lines)


def pick_bin(range_s: int) -> str:
    """A stretch for bin() that cuts a range into 15 to 180 parts."""
    for most_s, width in ((3_600, "1m"), (3 * 3_600, "5m"), (DAY_S, "15m"), (8 * DAY_S, "1h")):
        if range_s <= most_s:
            return width
    return "6h" if range_s <= 45 * DAY_S else "1d"


# -- the chart of a result


@dataclass(frozen=True, slots=True)
class ChartLine:
    """One line over time, or one set of bars. xs: epoch seconds, or 0, 1, 2 ... of the chart's labels."""

    name: str
    xs: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ResultChart:
    """labels: what the bars stand for; empty where the x axis is time. left_off: lines or bars beyond the
    most that are drawn."""

    value: str
    lines: tuple[ChartLine, ...]
    labels: tuple[str, ...] = ()
    left_off: int = 0


MAX_LINES: Final = 8
MAX_BARS: Final = 30


def get_chart_values(table: QueryTable) -> list[str]:
    """The columns whose numbers can be drawn, over time or over texts; empty: there is no chart."""
    kinds = {column.kind for column in table.columns}
    if ColumnKind.TIME not in kinds and ColumnKind.TEXT not in kinds:
        return []
    return [column.name for column in table.columns if column.kind is ColumnKind.NUMBER]


def make_chart(table: QueryTable, value: str) -> ResultChart:
    """Draw a column of numbers: lines over the first column of times, one for each text, or else bars."""
    y = table.column_of(value)
    times = [number for number, each in enumerate(table.columns) if each.kind is ColumnKind.TIME]
    texts = [
        number
        for number, each in enumerate(table.columns)
        if each.kind is ColumnKind.TEXT and each.name not in ("@message", "@requestId", "@logStream")
    ]
    if not times:
        texts = texts or [n for n, each in enumerate(table.columns) if each.kind is ColumnKind.TEXT]
        bars = [
            (_name_line(table, row, texts), float(row[y] or 0))
            for row in table.rows
            if row[y] not in (None, "")
        ]
        shown = bars[:MAX_BARS]
        line = ChartLine(value, tuple(map(float, range(len(shown)))), tuple(height for _, height in shown))
        return ResultChart(value, (line,), tuple(label for label, _ in shown), len(bars) - len(shown))
    points: dict[str, list[tuple[float, float]]] = {}
    for row in table.rows:
        at_ms = get_time_ms(row[times[0]] or "")
        if at_ms is None or row[y] in (None, ""):
            continue
        height = float(row[y] or 0)
        if math.isfinite(height):
            name = _name_line(table, row, texts) or value
            points.setdefault(name, []).append((at_ms / 1000, height))
    ranked = sorted(points, key=lambda name: -sum(height for _, height in points[name]))
    lines = tuple(
        ChartLine(
            name,
            tuple(at for at, _ in sorted(points[name])),
            tuple(height for _, height in sorted(points[name])),
        )
        for name in ranked[:MAX_LINES]
    )
    return ResultChart(value, lines, (), max(0, len(ranked) - MAX_LINES))


def _name_line(table: QueryTable, row: Sequence[str | None], texts: Iterable[int]) -> str:
    """What the texts of a row say together; a log group without its account and usual prefix."""
    parts = []
    for number in texts:
        part = row[number] or "—"
        if table.columns[number].name == "@log":
            part = part.rpartition(":")[2].removeprefix("/aws/lambda/")
        parts.append(part)
    return " · ".join(parts)


# -- writing a result out


def to_csv(table: QueryTable) -> bytes:
    """The rows with a header, as RFC 4180 has it. A text that a spreadsheet would run has a ' before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    numbers = [column.kind is ColumnKind.NUMBER for column in table.columns]
    for row in table.rows:
        writer.writerow(
            [
                value if is_number else _defused(value or "")
                for value, is_number in zip(row, numbers, strict=True)
            ]
        )
    return out.getvalue().encode()


def _defused(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def to_ndjson(table: QueryTable) -> bytes:
    """One JSON object a line; numbers as they were received, absent fields left off."""
    return "".join(f"{_row_json(table, row)}\n" for row in table.rows).encode()


def to_json(table: QueryTable) -> bytes:
    """One JSON array."""
    rows = ",\n  ".join(_row_json(table, row) for row in table.rows)
    return f"[\n  {rows}\n]\n".encode() if rows else b"[]\n"


def _row_json(table: QueryTable, row: Sequence[str | None]) -> str:
    pairs = (
        f"{json.dumps(column.name)}: {value if column.kind is ColumnKind.NUMBER else json.dumps(value)}"
        for column, value in zip(table.columns, row, strict=True)
        if value is not None and not (column.kind is ColumnKind.NUMBER and value == "")
    )
    return f"{{{', '.join(pairs)}}}"


def row_to_json(table: QueryTable, number: int) -> bytes:
    """A row for a tree: its fields, those that hold JSON themselves opened up."""
    parts = []
    for column, value in zip(table.columns, table.rows[number], strict=True):
        if value is None:
            continue
        text = json.dumps(value)
        if column.kind is ColumnKind.NUMBER and value:
            text = value
        elif value.lstrip()[:1] in ("{", "["):
            try:
                json.loads(value)
                text = value
            except (ValueError, RecursionError):
                pass
        parts.append(f"{json.dumps(column.name)}: {text}")
    return f"{{{', '.join(parts)}}}".encode()
