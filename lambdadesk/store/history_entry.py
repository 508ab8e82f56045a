"""HistoryEntry, one invocation made here as the history keeps it."""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from lambdadesk.core.types import InvocationType, Outcome, Report

RESPONSE_LIMIT_BYTES: Final = 256 * 1024


class HistoryKeeps(StrEnum):
    """How much of an invocation is written to the disk."""

    FULL = "full"
    METADATA = "metadata"  # no payload, no response, no log tail
    OFF = "off"  # nothing; what is there already stays


class Write(StrEnum):
    """What is to be done with an entry; see the methods of History of the same names."""

    ADD = "add"
    UPDATE = "update"
    SETTLE = "settle"
    SENT = "sent"  # it was added ahead; of one that has been answered since, nothing changes
    DROP = "drop"  # it was to be sent, and was not


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One invocation made from a window. `id` is 0 until it is added; times are epoch milliseconds.

    `response` is cut at RESPONSE_LIMIT_BYTES when it is stored, and `response_truncated` says so. `error` is
    the sentence that was shown where no answer came, or that explains a function error of Lambda's own
    (`status_code` tells them apart). `is_partial`: the response broke off. `origin` says
    where the payload came from, `series` which series the run belongs to, `fate` what became of an
    asynchronous run. `is_starred` and `note` are the user's own: `update` leaves them as they are on disk.
    """

    target_key: str
    function: str
    sent_ms: int
    id: int = 0
    qualifier: str = "$LATEST"
    kind: InvocationType = InvocationType.REQUEST_RESPONSE
    payload: bytes = b""
    outcome: Outcome = Outcome.RUNNING
    function_error: str = ""
    status_code: int = 0  # 0: no answer
    response: bytes = b""
    response_truncated: bool = False
    log_tail: str = ""
    request_id: str = ""
    log_stream: str = ""
    received_ms: int | None = None
    report: Report | None = None
    cost: Decimal | None = None
    currency: str = "USD"
    cost_exact: bool = True
    error: str = ""
    executed_version: str = ""
    client_context: str = ""
    tenant_id: str = ""
    durable_name: str = ""
    is_streamed: bool = False
    is_partial: bool = False
    origin: str = ""
    series: str = ""
    fate: str = ""
    is_starred: bool = False
    note: str = ""
    content_type: str = ""
    response_bytes: int = 0  # that came; `response` may be their beginning
    durable_arn: str = ""


def lean(entry: HistoryEntry) -> HistoryEntry:
    """The entry without payload, client context, response and log tail: they may be large, and secret."""
    return replace(entry, payload=b"", client_context="", response=b"", log_tail="")


def with_bodies(entry: HistoryEntry, whole: HistoryEntry) -> HistoryEntry:
    """What is told of an entry, which may be lean, with the bodies that are known of the same run."""
    return replace(
        entry,
        payload=whole.payload,
        client_context=whole.client_context,
        response=whole.response,
        log_tail=whole.log_tail,
    )
