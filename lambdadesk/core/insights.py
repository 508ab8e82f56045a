"""CloudWatch Logs Insights: what a query asks of which log groups, and what becomes of it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lambdadesk.core.errors import ErrorKind, UserError

MAX_GROUPS: Final = 50
_MAX_QUERY: Final = 10_000  # characters
DEFAULT_LIMIT, MAX_LIMIT = 10_000, 100_000  # rows

COMMANDS: Final = frozenset(
    (
        *("anomaly", "dedup", "diff", "display", "fields", "filter", "filterIndex", "join", "limit"),
        *("lookup", "parse", "pattern", "sort", "source", "stats", "unmask", "unnest"),
    )
)
WORDS: Final = frozenset(("as", "by", "asc", "desc", "in", "like", "and", "or", "not"))  # within commands
_COMMENT_OR_STRING = re.compile(r"""#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`""")
_COMMAND = re.compile(r"(?:^|\|)\s*([A-Za-z]+)")


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
        if len(self.text) > _MAX_QUERY:
            raise QueryProblem(f"The query is longer than {_MAX_QUERY:,} characters.", "Shorten it.")
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


@dataclass(frozen=True, slots=True)
class LogGroupInfo:
    """A log group as DescribeLogGroups has it. retention_days 0: it never expires; created_ms 0: not told."""

    name: str
    stored_bytes: int = 0
    retention_days: int = 0
    created_ms: int = 0
    log_class: str = "STANDARD"


def get_commands(text: str) -> list[str]:
    """The commands of a query in small letters, in their order."""
    bare = _COMMENT_OR_STRING.sub(" ", text)
    return [match[1].lower() for match in _COMMAND.finditer(bare)]
