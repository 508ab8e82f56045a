"""A history in a file of its own, and entries for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from lambdadesk.core.types import InvocationType, Outcome, Report
from lambdadesk.store.history import History
from lambdadesk.store.history_entry import HistoryEntry

REPORT = Report(
    request_id="b1c0ffee-0001",
    duration_ms=Decimal("811.37"),
    billed_ms=812,
    memory_mb=512,
    max_memory_mb=187,
    init_ms=Decimal("402.10"),
    status="success",
)
FULL = HistoryEntry(
    target_key="local",
    function="image-thumbnailer",
    sent_ms=1_790_000_000_000,
    qualifier="live",
    kind=InvocationType.REQUEST_RESPONSE,
    payload='{"name": "Grüße 🖼"}\r\n'.encode(),
    outcome=Outcome.OK,
    status_code=200,
    response=b'{"ok": true}\x00\xff',
    log_tail="START\nEND\n",
    request_id="b1c0ffee-0001",
    log_stream="2026/11/23/[$LATEST]abc",
    received_ms=1_790_000_000_850,
    report=REPORT,
    cost=Decimal("0.0000069670"),
    currency="USD",
    cost_exact=False,
    error="",
    executed_version="7",
    client_context='{"client": {}}',
    tenant_id="tenant-a",
    durable_name="order-1",
    is_streamed=True,
    is_partial=True,
    origin="saved event order",
    series="s1",
    fate="succeeded",
    is_starred=True,
    note="the slow one",
)
CANARY = replace(
    FULL, client_context="canary", payload=b"canary-in", response=b"canary-out", log_tail="canary-log"
)


def plain(function: str = "hello", sent_ms: int = 1, **changes: object) -> HistoryEntry:
    return replace(HistoryEntry(target_key="local", function=function, sent_ms=sent_ms), **changes)  # type: ignore[arg-type]


@asynccontextmanager
async def opened(path: Path, busy_timeout_s: float = 5) -> AsyncIterator[History]:
    history = History(path, busy_timeout_s)
    assert await history.open() is None
    try:
        yield history
    finally:
        await history.close()


def read_files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())
