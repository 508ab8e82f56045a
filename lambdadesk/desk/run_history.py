"""RunHistory, the invocations made here, as a notebook: searched, starred, noted, deleted, exported."""

import base64
import csv
import io
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.threads import in_thread
from lambdadesk.store.files import write_atomic
from lambdadesk.store.history import History
from lambdadesk.store.history_entry import HistoryEntry

# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class RunHistory:
    """The kept invocations of one target. All methods raise UserError (STORAGE) where the file can't.

    Event changed: an entry has another star or note (without its bodies).
    Event deleted: the ids of entries that are gone.
    """

    def __init__(self, history: History, target_key: str) -> None:
        self.changed: Event[[HistoryEntry]] = Event()
        self.deleted: Event[[frozenset[int]]] = Event()
        self._history = history
        self._target_key = target_key

    async def search(
        self, function: str = "", text: str = "", *, starred: bool = False, limit: int = 500
    ) -> list[HistoryEntry]:
        """See History.search."""
        return await self._history.search(self._target_key, function, text, starred=starred, limit=limit)

    async def entry(self, entry_id: int) -> HistoryEntry | None:
        """One entry whole; None if it is not there."""
        return await self._history.entry(entry_id)

    async def star(self, ids: Collection[int], starred: bool) -> None:
        await self._history.set_starred(ids, starred)
        await self._tell(ids)

    async def note(self, entry_id: int, note: str) -> None:
        await self._history.set_note(entry_id, note)
        await self._tell([entry_id])

    async def delete(self, ids: Collection[int]) -> None:
        await self._history.delete(ids)
        self.deleted.emit(frozenset(ids))

    async def export(self, ids: Collection[int], path: Path) -> int:
        """Write entries to a file: CSV where its name ends so (figures only), else NDJSON with all there is.

        Returns how many were written; entries deleted meanwhile are left out.
        """
        entries = [entry for each in ids if (entry := await self._history.entry(each)) is not None]
        data = to_csv(entries) if path.suffix.lower() == ".csv" else to_ndjson(entries)
        try:
            await in_thread(write_atomic, path, data)
        except OSError as error:
            raise UserError(
                f"The runs could not be exported: {error.strerror or error}.",
                "Choose another folder.",
                kind=ErrorKind.STORAGE,
                details=str(path),
            ) from error
        return len(entries)

    async def _tell(self, ids: Collection[int]) -> None:
        for each in ids:
            if entry := await self._history.entry(each):
                self.changed.emit(entry)


def to_ndjson(entries: Collection[HistoryEntry]) -> bytes:
    """One run a line, payload and response as JSON where they are, else as text or base64."""
    return b"".join(orjson.dumps(_to_record(entry), option=orjson.OPT_APPEND_NEWLINE) for entry in entries)


def to_csv(entries: Collection[HistoryEntry]) -> bytes:
    """One run a row, without bodies. Text that a spreadsheet would run as a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    rows = [_figures(entry) for entry in entries]
    writer.writerow(_figures(HistoryEntry("", "", 0)))
    for row in rows:
        writer.writerow([_harmless(value) for value in row.values()])
    return out.getvalue().encode()


def _figures(entry: HistoryEntry) -> dict[str, Any]:
    report = entry.report
    return {
        "sent": datetime.fromtimestamp(entry.sent_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "function": entry.function,
        "qualifier": entry.qualifier,
        "executed_version": entry.executed_version,
        "type": str(entry.kind),
        "outcome": str(entry.outcome),
        "status_code": entry.status_code or None,
        "function_error": entry.function_error,
        "error": entry.error,
        "round_trip_ms": None if entry.received_ms is None else entry.received_ms - entry.sent_ms,
        "duration_ms": str(report.duration_ms) if report else None,
        "billed_ms": report.billed_ms if report else None,
        "init_ms": str(report.init_ms) if report and report.init_ms is not None else None,
        "memory_mb": report.memory_mb if report else None,
        "max_memory_mb": report.max_memory_mb if report else None,
        "cost": None if entry.cost is None else f"{entry.cost:f}",
        "currency": entry.currency if entry.cost is not None else None,
        "cost_is_exact": entry.cost_exact if entry.cost is not None else None,
        "request_id": entry.request_id,
        "origin": entry.origin,
        "series": entry.series,
        "fate": entry.fate,
        "starred": entry.is_starred,
        "note": entry.note,
    }


def _to_record(entry: HistoryEntry) -> dict[str, Any]:
    record = _figures(entry) | _body("payload", entry.payload) | _body("response", entry.response)
    if entry.response_truncated:
        record["response_is_truncated"] = True
    return record | ({"log_tail": entry.log_tail} if entry.log_tail else {})


def _body(name: str, data: bytes) -> dict[str, Any]:
    if not data:
        return {}
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    else:
        # As it is, digit by digit; within JSON a line break is nothing but white space.
        return {name: orjson.Fragment(data.replace(b"\n", b" ").replace(b"\r", b" "))}
    try:
        return {f"{name}_text": data.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(data).decode()}


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
