"""The things LambdaDesk speaks of, in AWS's own words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import compress
from typing import Any, NamedTuple, Self


class InvocationType(StrEnum):
    """How Invoke is called (the API's own values)."""

    REQUEST_RESPONSE = "RequestResponse"
    EVENT = "Event"
    DRY_RUN = "DryRun"


class Outcome(StrEnum):
    """How an invocation ended, as far as is known."""

    RUNNING = "running"
    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out of memory"
    QUEUED = "queued"  # accepted for asynchronous execution; nothing more is known
    UNKNOWN = "unknown"  # sent, but no answer: it may have run


@dataclass(frozen=True, slots=True)
class Target:
    """Which AWS is asked: a profile and region of AWS itself, or any compatible endpoint.

    `is_local` marks the Local AWS, whose functions run on this machine. `connection_id` and `name` are those
    of a stored connection; without them the target was named on the command line or chosen as a profile.
    """

    region: str
    profile: str = ""
    endpoint_url: str = ""
    is_local: bool = False
    is_environment: bool = False  # the credentials are the environment's own
    connection_id: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        """Stable name of the target in history and cache; the Local AWS has a new port each time."""
        if self.is_local:
            return "local"
        if self.connection_id:
            return f"{self.connection_id}/{self.region}"
        return f"{self._who}@{self.endpoint_url or 'aws'}/{self.region}"

    @property
    def title(self) -> str:
        if self.is_local:
            return "Local AWS"
        if self.name:
            return self.name
        if self.endpoint_url:
            return self.profile or self.endpoint_url
        return self._who

    @property
    def _who(self) -> str:
        return self.profile or ("environment" if self.is_environment else "default")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the credentials belong to (sts:GetCallerIdentity)."""

    account: str
    arn: str


@dataclass(frozen=True, slots=True)
class FunctionInfo:
    """A Lambda function as ListFunctions describes it. Environment variables are never kept."""

    name: str
    arn: str = ""
    runtime: str = ""  # empty for container images
    architecture: str = "x86_64"
    memory_mb: int = 128
    timeout_s: int = 3
    ephemeral_mb: int = 512
    package_type: str = "Zip"
    code_bytes: int = 0
    last_modified: datetime | None = None  # aware, UTC
    description: str = ""
    log_group: str = ""
    log_format: str = "Text"  # or "JSON"
    system_log_level: str = ""  # JSON format only
    snap_start: bool = False
    role: str = ""  # ARN of the execution role
    handler: str = ""
    state: str = ""  # empty: not told, as by AWS's ListFunctions, which leaves out all of these four
    state_reason: str = ""
    last_update_status: str = ""
    last_update_reason: str = ""
    capacity_provider: str = ""  # ARN; runs on Managed Instances, which are billed by the hour
    is_tenant_isolated: bool = False  # every invoke needs a tenant id
    is_durable: bool = False

    @property
    def log_group_name(self) -> str:
        return self.log_group or f"/aws/lambda/{self.name}"

    @property
    def shares_log_group(self) -> bool:
        """Whether its log group may hold the lines of others: whether it isn't the usual one.

        Streams of such groups are YYYY/MM/DD/<function>[<version>]<id>.
        """
        return self.log_group_name != f"/aws/lambda/{self.name}"


class LogEvent(NamedTuple):
    """One CloudWatch Logs event. `event_id` is empty where the endpoint gives none (MiniStack)."""

    timestamp_ms: int
    message: str
    stream: str
    ingestion_ms: int = 0
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class LogColumns:
    """Many log events, a list for each field: to make an object of each takes as long as all the rest."""

    timestamps_ms: list[int]
    messages: list[str]
    streams: list[str]
    ingestions_ms: list[int]
    event_ids: list[str]

    @classmethod
    def of(cls, events: Iterable[LogEvent]) -> Self:
        rows = list(events)
        return cls(*map(list, zip(*rows, strict=True))) if rows else cls([], [], [], [], [])

    def __len__(self) -> int:
        return len(self.timestamps_ms)

    def __iter__(self) -> Iterator[LogEvent]:
        return map(LogEvent._make, zip(*self._lists, strict=True))

    def between(self, start: int, stop: int) -> Self:
        return type(self)(*(each[start:stop] for each in self._lists))

    def where(self, wanted: Sequence[bool]) -> Self:
        return type(self)(*(list(compress(each, wanted)) for each in self._lists))

    @property
    def _lists(self) -> tuple[list[Any], ...]:
        return (self.timestamps_ms, self.messages, self.streams, self.ingestions_ms, self.event_ids)


class Report(NamedTuple):
    """What a REPORT line or a platform.report record says of one invocation.

    Missing figures are None: Managed Instances report neither billed duration nor memory. A tuple,
    since a frozen dataclass takes three times as long to make, and there is one for every line.
    """

    request_id: str
    duration_ms: Decimal
    billed_ms: int | None = None
    memory_mb: int | None = None
    max_memory_mb: int | None = None
    init_ms: Decimal | None = None
    restore_ms: Decimal | None = None
    billed_restore_ms: int | None = None
    status: str = ""  # success, error, failure, timeout; empty where the line has none (old format)
    error_type: str = ""
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class InvokeRequest:
    """One click on Invoke. `payload` is sent byte for byte.

    client_context: JSON that a synchronous run finds in its context; tenant_id: for a function with tenant
    isolation; durable_name: names a durable execution, which then runs once; is_streaming: the response
    comes in chunks. `origin` says in words where the payload came from ("saved event order").
    """

    function: FunctionInfo
    payload: bytes
    kind: InvocationType = InvocationType.REQUEST_RESPONSE
    qualifier: str = "$LATEST"
    client_context: str = ""
    tenant_id: str = ""
    durable_name: str = ""
    log_tail: bool = True
    is_streaming: bool = False
    origin: str = ""


@dataclass(frozen=True, slots=True)
class InvokeResult:
    """The answer to one Invoke. Times are epoch milliseconds of this machine's clock.

    A streamed response has `payload` as its beginning, of `response_bytes` in all. `problem` is the sentence
    for a stream that broke off (`is_partial`), `error_details` what the function said of its failure in it.
    """

    request_id: str
    status_code: int
    payload: bytes
    function_error: str  # empty: the function returned normally
    log_tail: str  # at most the last 4 KB of the log
    executed_version: str
    sent_ms: int
    received_ms: int
    content_type: str = ""
    durable_arn: str = ""  # of the durable execution that it started, or found
    error_details: str = ""
    is_partial: bool = False
    problem: str = ""
    response_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one invocation, or a sum of them, costs before any free tier; at list price, unless it says so.

    `exact` is False where a term had to be assumed; `notes` say which and why, one sentence each.
    `terms` are (what, quantity, unit, unit price) rows, so that a page can show the arithmetic; `sources` say
    for each of them where its price is from, and of which date.
    """

    amount: Decimal
    currency: str = "USD"
    exact: bool = True
    notes: tuple[str, ...] = ()
    terms: tuple[tuple[str, Decimal, str, Decimal], ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(slots=True)
class Invocation:
    """One run of a function: made here, seen in the logs, or both. Counted once.

    started_ms/ended_ms are epoch milliseconds; `here` is True for a run that was started from this window.
    """

    function: str
    request_id: str
    started_ms: int
    stream: str = ""
    ended_ms: int | None = None
    version: str = "$LATEST"
    outcome: Outcome = Outcome.RUNNING
    error_type: str = ""
    report: Report | None = None
    cost: Cost | None = None
    here: bool = False
