"""InvocationStore, the finished invocations of all functions as figures, in SQLite. Imported late: numpy.

There is no payload, no answer and no text of a log in the file; but request ids, log streams, error types.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from lambdadesk.core.day_sums import KEPT_DAYS, DaySums
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.invocation_columns import UNKNOWN, InvocationColumns
from lambdadesk.store.files import make_private, set_aside, storage_error
from lambdadesk.store.invocation_days import DAY_MS, day_to_keep, is_stale, read_sums, sum_up
from lambdadesk.store.invocation_rows import EVER_MS, key_between, load_rows, names_of, pack, unpack

T = TypeVar("T")

MOST_BYTES: Final = 500 * 1024**2  # about 4,000,000 invocations
_SPARED: Final = 0.8  # of the bytes, when it became too large
_BUSY_S: Final = 10.0
_AT_ONCE: Final = 1_000  # rows that are fetched
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_WHAT: Final = "Figures of invocations"
_EPOCH: Final = date(1970, 1, 1)

# Entry n brings a file from schema version n to n + 1. Never change one that was released: append.
_MIGRATIONS: Final = (
    """
    CREATE TABLE function (
        id INTEGER PRIMARY KEY, target_key TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (target_key, name)
    );
    CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
    CREATE TABLE invocation (key BLOB PRIMARY KEY, facts BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE stale (
        function INTEGER NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (function, day)
    ) WITHOUT ROWID;
    CREATE TABLE day (
        function INTEGER NOT NULL, day INTEGER NOT NULL, invocations INTEGER NOT NULL,
        errors INTEGER NOT NULL, cold_starts INTEGER NOT NULL, mb_ms INTEGER NOT NULL,
        cold_mb_ms INTEGER NOT NULL, duration_ms REAL NOT NULL,
        cost_1 INTEGER NOT NULL, cost_2 INTEGER NOT NULL, cost_3 INTEGER NOT NULL,
        errors_1 INTEGER NOT NULL, errors_2 INTEGER NOT NULL, errors_3 INTEGER NOT NULL,
        inexact INTEGER NOT NULL, unknown_cost INTEGER NOT NULL,
        memory_mb INTEGER NOT NULL, max_memory_mb INTEGER NOT NULL, currency TEXT NOT NULL,
        PRIMARY KEY (function, day)
    ) WITHOUT ROWID;
    CREATE TABLE bound (first_day INTEGER NOT NULL);
    INSERT INTO bound VALUES (0)
    """,
)
_WRITE: Final = """
INSERT INTO invocation VALUES (?, ?) ON CONFLICT DO UPDATE SET facts = excluded.facts
WHERE facts != excluded.facts
"""


class InvocationStore:
    """Any number of windows may have the file open. Its methods block: call them through `in_thread`.

    What is written is bounded: KEPT_DAYS, or fewer by `tidy`, and MOST_BYTES, beyond which whole days go, the
    oldest first. Their sums stay until they are too old, too. keeps: whether anything is written.
    All methods raise UserError (STORAGE); a damaged file is set aside and begun anew. Days are UTC's.
    """

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        self.path = path
        self.most_bytes = most_bytes
        self.keeps = True

    def write(self, target_key: str, rows: Iterable[tuple[str, InvocationColumns]]) -> None:
        """Add the invocations of functions, all or none; what the file has already is brought up to date.

        Raises UserError (STORAGE), also where one day alone fills the file.
        """
        batches = [(name, columns) for name, columns in rows if len(columns)]

        def add(connection: sqlite3.Connection) -> None:
            first_day = connection.execute("SELECT first_day FROM bound").fetchone()[0]
            for name, columns in batches:
                # A day that was deleted does not come back, and its sums stay as they are.
                kept = columns.where(
                    (columns.started_ms >= first_day * DAY_MS) & (columns.ended_ms != UNKNOWN)
                )
                function = _function_id(connection, target_key, name)
                ids = _name_ids(connection, names_of(kept))
                connection.executemany(_WRITE, pack(kept, function, ids))
                # A start may have moved over midnight, but never behind its end.
                days = np.unique(np.concatenate([kept.started_ms, kept.ended_ms]) // DAY_MS)
                stale = [(function, day) for day in days.tolist()]
                connection.executemany("INSERT OR IGNORE INTO stale VALUES (?, ?)", stale)

        if batches and self.keeps:
            self._make_room()
            self._change(add)

    def load(
        self, target_key: str, function: str, start_ms: int = 0, end_ms: int = EVER_MS
    ) -> InvocationColumns:
        """A function's invocations that started in a span, its end left out; their source is KEPT."""

        def read(connection: sqlite3.Connection) -> InvocationColumns:
            found = connection.execute(
                "SELECT id FROM function WHERE target_key = ? AND name = ?", (target_key, function)
            ).fetchone()
            return load_rows(connection, found[0], start_ms, end_ms) if found else InvocationColumns.empty()

        return self._read(read, InvocationColumns.empty())

    def by_function(self, target_key: str, first: date, last: date) -> dict[str, DaySums]:
        """The sums of each function that ran on these days, both included."""
        return self._sums(target_key, first, last, "function.name")

    def by_day(self, target_key: str, first: date, last: date, function: str = "") -> dict[date, DaySums]:
        """The sums of these days, both included, of a function or of all; a day without is left out."""
        found = self._sums(target_key, first, last, "day.day", function)
        return {_EPOCH + timedelta(days=day): sums for day, sums in found.items()}

    def by_function_and_day(self, target_key: str, first: date, last: date) -> dict[str, dict[date, DaySums]]:
        """The sums of each function's days, both included; a day without is left out."""
        found: dict[str, dict[date, DaySums]] = {}
        for key, sums in self._sums(target_key, first, last, "day.day || ' ' || function.name").items():
            day, _, name = key.partition(" ")
            found.setdefault(name, {})[_EPOCH + timedelta(days=int(day))] = sums
        return found

    def tidy(self, days: int = 0) -> None:
        """Delete what is older than so many days, 0: KEPT_DAYS, so that no byte of it is left."""
        before = int(time.time() * 1000) // DAY_MS - (min(days, KEPT_DAYS) if days else KEPT_DAYS)

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM day WHERE day < ?", (before,))
            _delete_before(connection, before)

        if self.path.exists():
            self._change(delete)

    def delete_all(self) -> None:
        """Delete everything of every target, files that were set aside as damaged included."""
        try:
            for path in [self.path, *self.path.parent.glob(f"{self.path.stem}.corrupt-*")]:
                path.unlink(missing_ok=True)
                Path(f"{path}-journal").unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(_WHAT, error, self.path) from error

    def _sums(
        self, target_key: str, first: date, last: date, what: str, function: str = ""
    ) -> dict[Any, DaySums]:
        span = ((first - _EPOCH).days, (last - _EPOCH).days)
        if self._read(lambda connection: is_stale(connection, *span), without=False):
            with suppress(UserError):  # of a file that can't be written the sums are those of last time
                self._change(lambda connection: sum_up(connection, *span))
        return self._read(
            lambda connection: read_sums(connection, target_key, span, what, function), dict[Any, DaySums]()
        )

    def _make_room(self) -> None:
        size = self._read(_size, 0)
        if size <= self.most_bytes:
            return

        def delete(connection: sqlite3.Connection) -> None:
            sum_up(connection, 0, EVER_MS)
            first_day = day_to_keep(connection, self.most_bytes * _SPARED / size)
            _delete_before(connection, first_day)
            connection.execute("UPDATE bound SET first_day = max(first_day, ?)", (first_day,))

        self._change(delete)
        if self._read(_size, 0) > self.most_bytes:
            raise UserError(
                "No more figures of invocations can be kept today: those of today alone fill the file.",
                "Those of this session are shown until LambdaDesk is closed.",
                kind=ErrorKind.STORAGE,
                details=f"{self.path}: {size} bytes",
            )

    # Below, everything runs on a connection of its own.

    def _read(self, work: Callable[[sqlite3.Connection], T], without: T) -> T:
        def run(connection: sqlite3.Connection) -> T:
            is_empty = connection.execute("PRAGMA user_version").fetchone()[0] == 0
            if is_empty:
                return without
            connection.execute("BEGIN")  # so that all it reads is of one moment
            return work(connection)

        def read() -> T:
            return self._run(run) if self.path.exists() else without

        return self._use(read)

    def _change(self, work: Callable[[sqlite3.Connection], None]) -> None:
        def run(connection: sqlite3.Connection) -> None:
            _migrate(connection)
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("BEGIN IMMEDIATE")
            try:
                work(connection)
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk may have ended the transaction already
                    connection.execute("ROLLBACK")
                raise

        def make() -> None:
            make_private(self.path.parent)
            # SQLite gives its journal the mode of the main file, so make that one private first.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self._run(run)

        self._use(make)

    def _use(self, work: Callable[[], T]) -> T:
        try:
            try:
                return work()
            except sqlite3.DatabaseError as error:
                if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF not in _DAMAGED:
                    raise
                set_aside(self.path)
                with suppress(FileNotFoundError):
                    os.unlink(f"{self.path}-journal")
                return work()
        except (OSError, sqlite3.Error) as error:
            raise storage_error(_WHAT, error, self.path) from error

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        # Also to read: what a killed window left half written is taken back first. A file that can't be
        # written is opened all the same.
        address = f"{self.path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_S, isolation_level=None)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > len(_MIGRATIONS):
                raise UserError(
                    "The figures of earlier invocations were written by a newer LambdaDesk.",
                    "They are neither read nor added to. Use that version to see them.",
                    kind=ErrorKind.STORAGE,
                    details=f"{self.path}: version {version}",
                )
            return work(connection)


def _migrate(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] == len(_MIGRATIONS):
        return
    connection.execute("BEGIN EXCLUSIVE")  # two windows may start at once
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for script in _MIGRATIONS[version:]:
            for statement in script.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _function_id(connection: sqlite3.Connection, target_key: str, name: str) -> int:
    connection.execute("INSERT OR IGNORE INTO function (target_key, name) VALUES (?, ?)", (target_key, name))
    found = connection.execute(
        "SELECT id FROM function WHERE target_key = ? AND name = ?", (target_key, name)
    ).fetchone()
    return int(found[0])


def _name_ids(connection: sqlite3.Connection, names: set[str]) -> dict[str, int]:
    ids = _known_ids(connection, names)
    new = [(name,) for name in names if name not in ids]
    connection.executemany("INSERT INTO name (text) VALUES (?)", new)
    return ids | _known_ids(connection, (name for (name,) in new))


def _known_ids(connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
    query = "SELECT id FROM name WHERE text = ?"
    found = ((name, connection.execute(query, (name,)).fetchone()) for name in names)
    return {name: row[0] for name, row in found if row is not None}


def _size(connection: sqlite3.Connection) -> int:
    names = ("page_count", "freelist_count", "page_size")
    pages, free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return int((pages - free) * size)


def _delete_before(connection: sqlite3.Connection, day: int) -> None:
    """Delete what started before a day. A run over midnight goes with the day on which it ended."""
    connection.execute("DELETE FROM stale WHERE day < ?", (day,))
    deleted = 0
    for (function,) in connection.execute("SELECT id FROM function").fetchall():
        span = key_between(function, 0, day * DAY_MS)
        deleted += connection.execute("DELETE FROM invocation WHERE key >= ? AND key < ?", span).rowcount
    if deleted:
        _forget_unused(connection)


def _forget_unused(connection: sqlite3.Connection) -> None:
    """Forget functions of which nothing is left, and texts that no row needs."""
    used: set[int] = set()
    functions: set[int] = {each for (each,) in connection.execute("SELECT function FROM day")}
    cursor = connection.execute("SELECT key, facts FROM invocation")
    while rows := cursor.fetchmany(_AT_ONCE):
        unpacked = unpack(*(b"".join(each) for each in zip(*rows, strict=True)))
        used |= unpacked.name_ids
        functions |= unpacked.functions
    for table, kept in (("name", used), ("function", functions)):
        every = {each for (each,) in connection.execute(f"SELECT id FROM {table}")}  # noqa: S608
        gone = [(each,) for each in every - kept]
        connection.executemany(f"DELETE FROM {table} WHERE id = ?", gone)  # noqa: S608
