"""The table of the history: its schema, and how entries become rows and rows entries."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final

from lambdadesk.core.types import InvocationType, Outcome, Report
from lambdadesk.store.history_entry import RESPONSE_LIMIT_BYTES, HistoryEntry, HistoryKeeps, Write, lean

# Entry n brings a file from schema version n to n + 1. Never change one that was released: append.
MIGRATIONS: Final = (
    """
    CREATE TABLE invocation (
        id INTEGER PRIMARY KEY,
        target_key TEXT NOT NULL, function TEXT NOT NULL, sent_ms INTEGER NOT NULL, qualifier TEXT NOT NULL,
        kind TEXT NOT NULL, payload BLOB NOT NULL, outcome TEXT NOT NULL, function_error TEXT NOT NULL,
        status_code INTEGER NOT NULL, response BLOB NOT NULL, response_truncated INTEGER NOT NULL,
        log_tail TEXT NOT NULL, request_id TEXT NOT NULL, log_stream TEXT NOT NULL, received_ms INTEGER,
        cost TEXT, currency TEXT NOT NULL, cost_exact INTEGER NOT NULL, error TEXT NOT NULL,
        report_request_id TEXT, duration_ms TEXT, billed_ms INTEGER, memory_mb INTEGER, max_memory_mb INTEGER,
        init_ms TEXT, restore_ms TEXT, billed_restore_ms INTEGER, report_status TEXT, error_type TEXT,
        trace_id TEXT
    );
    CREATE INDEX invocation_recent ON invocation (target_key, function, sent_ms);
    """,
    """
    ALTER TABLE invocation ADD COLUMN executed_version TEXT NOT NULL DEFAULT '';
    ALTER TABLE invocation ADD COLUMN client_context TEXT NOT NULL DEFAULT '';
    ALTER TABLE invocation ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '';
    ALTER TABLE invocation ADD COLUMN durable_name TEXT NOT NULL DEFAULT '';
    ALTER TABLE invocation ADD COLUMN is_streamed INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE invocation ADD COLUMN is_partial INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE invocation ADD COLUMN origin TEXT NOT NULL DEFAULT '';
    ALTER TABLE invocation ADD COLUMN series TEXT NOT NULL DEFAULT '';
    ALTER TABLE invocation ADD COLUMN fate TEXT NOT NULL DEFAULT '';
    ALTER TABLE invocation ADD COLUMN is_starred INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE invocation ADD COLUMN note TEXT NOT NULL DEFAULT ''
    """,
    """
    ALTER TABLE invocation ADD COLUMN content_type TEXT NOT NULL DEFAULT '';
    ALTER TABLE invocation ADD COLUMN response_bytes INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE invocation ADD COLUMN durable_arn TEXT NOT NULL DEFAULT ''
    """,
)

# Report field -> column, in the order of the fields.
_REPORT_COLUMNS: Final = {name: name for name in Report._fields} | {
    "request_id": "report_request_id",
    "status": "report_status",
}
_OWN_COLUMNS: Final = tuple(
    field.name for field in fields(HistoryEntry) if field.name not in ("id", "report")
)
_COLUMNS: Final = (*_OWN_COLUMNS, *_REPORT_COLUMNS.values())
_BODIES: Final = {"payload": "x''", "client_context": "''", "response": "x''", "log_tail": "''"}
_KEPT: Final = ("is_starred", "note")  # the user may set them while the run goes on
SELECT: Final = f"SELECT id, {', '.join(_COLUMNS)} FROM invocation"  # noqa: S608  our own names only
SELECT_LEAN: Final = (
    f"SELECT id, {', '.join(_BODIES.get(column, column) for column in _COLUMNS)} FROM invocation"  # noqa: S608
)
_UPDATED: Final = tuple(column for column in _COLUMNS if column not in _KEPT)
_UPDATED_OF: Final = itemgetter(*(_COLUMNS.index(column) for column in _UPDATED))
SEARCHED: Final = (
    "payload",
    "response",
    "log_tail",
    "error",
    "error_type",
    "note",
    "origin",
    "series",
    "fate",
    "request_id",
    "qualifier",
    "function",
)
_SETTLED_COLUMNS: Final = tuple(
    column
    for column in _COLUMNS
    if column in ("outcome", "log_stream", "cost", "currency", "cost_exact", "fate")
) + tuple(_REPORT_COLUMNS.values())
_SETTLED_OF: Final = itemgetter(*(_COLUMNS.index(column) for column in _SETTLED_COLUMNS))


def migrate(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS):
        return
    connection.execute("BEGIN EXCLUSIVE")  # two windows may start at once
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for script in MIGRATIONS[version:]:
            for statement in script.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # a full disk may have ended the transaction already
            connection.execute("ROLLBACK")
        raise


def is_kept(write: Write, entry: HistoryEntry, keeps: HistoryKeeps) -> bool:
    return keeps is not HistoryKeeps.OFF if write is Write.ADD else entry.id != 0


def write_all(
    connection: sqlite3.Connection, writes: Sequence[tuple[Write, HistoryEntry]], keeps: HistoryKeeps
) -> list[int]:
    """Do all of these, or none of them; returns the id of each entry, 0: not kept.

    SQLite lets go of the interpreter's lock for each statement, and where many threads want it, it is long
    until it is had again; so that many rows go into one statement.
    """
    groups = list(_group(connection, writes, keeps))
    ids = [0] * len(writes)
    if len(groups) > 1:
        connection.execute("BEGIN IMMEDIATE")
    try:
        for write, places in groups:
            entries = [writes[place][1] for place in places]
            for place, entry_id in zip(places, _write_group(connection, write, entries, keeps), strict=True):
                ids[place] = entry_id
        if len(groups) > 1:
            connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # a full disk may have ended the transaction already
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise
    return ids


def _group(
    connection: sqlite3.Connection, writes: Sequence[tuple[Write, HistoryEntry]], keeps: HistoryKeeps
) -> Iterator[tuple[Write, list[int]]]:
    """The places of writes that one statement can do, in their order."""
    most = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // (len(_COLUMNS) + 1)
    kind, places = Write.ADD, list[int]()
    for place, (write, entry) in enumerate(writes):
        if not is_kept(write, entry, keeps):
            continue
        if places and (write is not kind or len(places) == most):
            yield kind, places
            places = []
        kind = write
        places.append(place)
    if places:
        yield kind, places


def _write_group(
    connection: sqlite3.Connection, write: Write, entries: Sequence[HistoryEntry], keeps: HistoryKeeps
) -> Sequence[int]:
    if write is Write.DROP:
        marks = ", ".join("?" * len(entries))
        connection.execute(
            f"DELETE FROM invocation WHERE id IN ({marks})",  # noqa: S608  question marks only
            [entry.id for entry in entries],
        )
        return [0] * len(entries)
    if write is Write.SENT:
        errors = {entry.id: (entry.error,) for entry in entries}
        _update(connection, ("error",), errors, "AND received_ms IS NULL")
        return [entry.id for entry in entries]
    if write is Write.SETTLE:
        _update(connection, _SETTLED_COLUMNS, {entry.id: _SETTLED_OF(_to_row(entry)) for entry in entries})
        return [entry.id for entry in entries]
    rows = [_to_row(entry if keeps is HistoryKeeps.FULL else lean(entry)) for entry in entries]
    if write is Write.UPDATE:
        picked = {entry.id: _UPDATED_OF(row) for entry, row in zip(entries, rows, strict=True)}
        _update(connection, _UPDATED, picked)
        return [entry.id for entry in entries]
    values = ", ".join([f"({', '.join('?' * len(_COLUMNS))})"] * len(rows))
    cursor = connection.execute(
        f"INSERT INTO invocation ({', '.join(_COLUMNS)}) VALUES {values}",  # noqa: S608  our own names only
        [value for row in rows for value in row],
    )
    last = cursor.lastrowid or 0
    return range(last - len(rows) + 1, last + 1)  # the rows of one statement follow each other


def _update(
    connection: sqlite3.Connection,
    columns: Sequence[str],
    rows: dict[int, tuple[Any, ...]],
    condition: str = "",
) -> None:
    """Give the entries with these ids these values; of one that is not there any more, nothing becomes."""
    names = ", ".join(columns)
    values = ", ".join([f"({', '.join('?' * (len(columns) + 1))})"] * len(rows))
    connection.execute(
        f"WITH given(given_id, {names}) AS (VALUES {values}) "  # noqa: S608  our own names only
        f"UPDATE invocation SET ({names}) = (SELECT {names} FROM given WHERE given_id = invocation.id) "
        f"WHERE id IN (SELECT given_id FROM given) {condition}",
        [value for entry_id, row in rows.items() for value in (entry_id, *row)],
    )


def _to_row(entry: HistoryEntry) -> tuple[Any, ...]:
    if len(entry.response) > RESPONSE_LIMIT_BYTES:
        entry = replace(entry, response=entry.response[:RESPONSE_LIMIT_BYTES], response_truncated=True)
    values = [getattr(entry, column) for column in _OWN_COLUMNS]
    values += [getattr(entry.report, name) if entry.report else None for name in _REPORT_COLUMNS]
    return tuple(str(value) if isinstance(value, Decimal) else value for value in values)


def to_entry(row: tuple[Any, ...]) -> HistoryEntry:
    own = dict(zip(_OWN_COLUMNS, row[1:], strict=False))
    own["kind"] = InvocationType(own["kind"])
    own["outcome"] = Outcome(own["outcome"])
    for name in ("response_truncated", "cost_exact", "is_streamed", "is_partial", "is_starred"):
        own[name] = bool(own[name])
    own["cost"] = _to_decimal(own["cost"])
    report = dict(zip(_REPORT_COLUMNS, row[1 + len(_OWN_COLUMNS) :], strict=True))
    for name in ("duration_ms", "init_ms", "restore_ms"):
        report[name] = _to_decimal(report[name])
    return HistoryEntry(
        id=row[0], report=Report(**report) if report["request_id"] is not None else None, **own
    )


def _to_decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
