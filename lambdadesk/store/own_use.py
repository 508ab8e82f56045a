"""What LambdaDesk itself used, by day, account and region, in a small SQLite file."""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from lambdadesk.core.own_cost import OwnUse, UseRow
from lambdadesk.store.files import make_private, set_aside, storage_error

T = TypeVar("T")
_BUSY_S = 5.0
_TABLE = """
CREATE TABLE IF NOT EXISTS own_use (
    day TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, use TEXT NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (day, account, region, use)
) WITHOUT ROWID
"""
_ADD = """
INSERT INTO own_use VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET amount = amount + excluded.amount
"""
_LOAD = "SELECT day, account, region, use, amount FROM own_use WHERE day >= ? ORDER BY day"
_KEPT_DAYS = 400


class OwnUseStore:
    """Several windows may add to one file. Its methods block: call them through `in_thread`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, rows: Iterable[UseRow]) -> None:
        """Add the amounts to what the file has, all or none. Raises UserError (STORAGE)."""
        values = [(row.day, row.account, row.region, row.use.value, row.amount) for row in rows]

        def write(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany(_ADD, values)
                connection.execute(
                    "DELETE FROM own_use WHERE day < date((SELECT max(day) FROM own_use), ?)",
                    (f"-{_KEPT_DAYS} days",),
                )

        if values:
            self._use(write)

    def load(self, since_day: str) -> list[UseRow]:
        """What was used on and after a day. No file is no use. Raises UserError (STORAGE)."""

        def read(connection: sqlite3.Connection) -> list[UseRow]:
            known = set(OwnUse)
            return [
                UseRow(day, account, region, OwnUse(use), amount)
                for day, account, region, use, amount in connection.execute(_LOAD, (since_day,))
                if use in known  # a newer version may count more
            ]

        return self._use(read) if self.path.exists() else []

    def _use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run it on the file; a damaged one is set aside and begun anew."""
        try:
            try:
                return self._run(work)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):  # busy, full, read-only
                    raise
                set_aside(self.path)
                for suffix in ("-wal", "-shm", "-journal"):
                    with suppress(FileNotFoundError):
                        self.path.with_name(self.path.name + suffix).unlink()
                return self._run(work)
        except (OSError, sqlite3.Error) as error:
            raise storage_error("What LambdaDesk itself costs", error, self.path) from error

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        make_private(self.path.parent)
        with closing(sqlite3.connect(self.path, timeout=_BUSY_S)) as connection:
            connection.execute(_TABLE)
            return work(connection)
