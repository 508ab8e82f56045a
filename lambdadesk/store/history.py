"""The invocation history: every payload sent from here with its outcome, report and cost, in SQLite."""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final, TypeVar

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.store.files import make_private, set_aside, storage_error
from lambdadesk.store.history_entry import HistoryEntry, HistoryKeeps, Write
from lambdadesk.store.history_rows import (
    MIGRATIONS,
    SEARCHED,
    SELECT,
    SELECT_LEAN,
    escape_like,
    is_kept,
    migrate,
    to_entry,
    write_all,
)

T = TypeVar("T")

DAY_MS: Final = 24 * 3600 * 1000
_STEPS: Final = 10_000  # of SQLite's machine, between two looks at whether anybody still waits
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class History:
    """The history file. Any number of windows may have it open.

    Every method runs in a thread, one at a time. Where the file can't be written, the window goes on without
    it: the first failed write raises UserError (STORAGE), further ones are dropped in silence until one
    succeeds again. `busy_timeout_s` is how long another window's write is waited for. `keeps` holds for what
    is written from then on.
    """

    def __init__(self, path: Path, busy_timeout_s: float = 5) -> None:
        self.path = path
        self.busy_timeout_s = busy_timeout_s
        self.keeps = HistoryKeeps.FULL
        self.writable = False  # False also where a newer LambdaDesk wrote the file
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._failure_was_said = False
        self._was_opened = asyncio.Event()

    async def open(self) -> str | None:
        """Open or make the file. Returns a sentence for the window if anything is out of the ordinary.

        Everything else waits until this has been done.
        """
        try:
            return await in_thread(self._locked, self._open)
        finally:
            self._was_opened.set()

    async def add(self, entry: HistoryEntry) -> int:
        """Store a new entry; returns its id, or 0 if it is not kept. Raises UserError once."""
        return (await self.write([(Write.ADD, entry)]))[0]

    def write_now(self, writes: Sequence[tuple[Write, HistoryEntry]]) -> list[int]:
        """The same as `write` for who is in a thread already; the file has to be open. Blocks."""
        keeps = self.keeps
        ids = self._write(lambda connection: write_all(connection, writes, keeps))
        return ids or [0] * len(writes)

    async def update(self, entry: HistoryEntry) -> None:
        """Store the entry with this id anew; one that was deleted meanwhile stays deleted."""
        await self.write([(Write.UPDATE, entry)])

    async def settle(self, entry: HistoryEntry) -> None:
        """Store what the log told of the entry with this id; its payload, response and log tail stay."""
        await self.write([(Write.SETTLE, entry)])

    async def write(self, writes: Sequence[tuple[Write, HistoryEntry]]) -> list[int]:
        """Do all of these in one transaction, or none of them; returns the id of each entry, 0: not kept.

        Much quicker than one by one: a thread and a commit for all, not for each. Raises UserError once.
        """
        await self._was_opened.wait()
        keeps = self.keeps
        if not any(is_kept(write, entry, keeps) for write, entry in writes):
            return [0] * len(writes)

        return await in_thread(self.write_now, writes)

    async def recent(self, target_key: str, function: str = "", limit: int = 200) -> list[HistoryEntry]:
        """The newest entries of a target, newest first, of one function or of all.

        Payload, response and log tail are left empty, since they may be megabytes: `entry` has them.
        """

        def select(connection: sqlite3.Connection) -> list[HistoryEntry]:
            where = "target_key = ? AND function = ?" if function else "target_key = ?"
            values = (target_key, function) if function else (target_key,)
            order = "ORDER BY sent_ms DESC, id DESC LIMIT ?"
            rows = connection.execute(f"{SELECT_LEAN} WHERE {where} {order}", (*values, limit))
            return [to_entry(row) for row in rows]

        await self._was_opened.wait()
        return await in_thread(self._read, select, [])

    async def search(
        self, target_key: str, function: str = "", text: str = "", *, starred: bool = False, limit: int = 500
    ) -> list[HistoryEntry]:
        """The newest entries that hold a text anywhere, newest first and without their bodies, as `recent`.

        text: of payload, response, log tail, error, note, origin, series, request id, qualifier or function;
        letters of ASCII match in either case. Takes a second for some hundred megabytes; cancelling stops it.
        """
        conditions, values = ["target_key = ?"], [target_key]
        if function:
            conditions.append("function = ?")
            values.append(function)
        if starred:
            conditions.append("is_starred")
        if text:
            # LIKE stops at a NUL byte, which a response may hold; what comes before it is searched.
            like = " OR ".join(f"CAST({column} AS TEXT) LIKE ? ESCAPE '\\'" for column in SEARCHED)
            conditions.append(f"({like})")
            values += [f"%{escape_like(text)}%"] * len(SEARCHED)
        where = " AND ".join(conditions)
        order = "ORDER BY sent_ms DESC, id DESC LIMIT ?"
        is_over = threading.Event()

        def select(connection: sqlite3.Connection) -> list[HistoryEntry]:
            connection.set_progress_handler(is_over.is_set, _STEPS)
            try:
                rows = connection.execute(f"{SELECT_LEAN} WHERE {where} {order}", (*values, limit))
                return [to_entry(row) for row in rows]
            except sqlite3.OperationalError:
                if is_over.is_set():
                    return []
                raise
            finally:
                connection.set_progress_handler(None, 0)

        await self._was_opened.wait()
        try:
            return await in_thread(self._read, select, [])
        except asyncio.CancelledError:
            is_over.set()
            raise

    async def set_starred(self, ids: Collection[int], starred: bool) -> None:
        """Mark entries as the user's favourites, or no longer. Raises UserError."""
        await self._change("is_starred = ?", int(starred), ids)

    async def set_note(self, entry_id: int, note: str) -> None:
        """Keep the user's own words with an entry. Raises UserError."""
        await self._change("note = ?", note, [entry_id])

    async def delete(self, ids: Collection[int]) -> None:
        """Delete these entries, so that no byte of them is left in any of the files. Raises UserError."""

        def run(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM invocation WHERE id = ?", [(each,) for each in ids])
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # as _delete_before

        await self._was_opened.wait()
        await in_thread(self._write_or_fail, run)

    async def _change(self, what: str, value: object, ids: Collection[int]) -> None:
        def run(connection: sqlite3.Connection) -> None:
            connection.executemany(
                f"UPDATE invocation SET {what} WHERE id = ?",  # noqa: S608  our own names only
                [(value, each) for each in ids],
            )

        await self._was_opened.wait()
        await in_thread(self._write_or_fail, run)

    async def recent_series(
        self, target_key: str, function: str, limit: int = 20
    ) -> list[tuple[str, int, int]]:
        """The newest series of a function: (its name, when its first run was sent, how many runs it has)."""

        def select(connection: sqlite3.Connection) -> list[tuple[str, int, int]]:
            return connection.execute(
                "SELECT series, min(sent_ms), count(*) FROM invocation "
                "WHERE target_key = ? AND function = ? AND series != '' "
                "GROUP BY series ORDER BY min(sent_ms) DESC LIMIT ?",
                (target_key, function, limit),
            ).fetchall()

        await self._was_opened.wait()
        return await in_thread(self._read, select, [])

    async def of_series(self, target_key: str, function: str, series: str) -> list[HistoryEntry]:
        """The runs of a series as they were sent, without payload, response and log tail."""

        def select(connection: sqlite3.Connection) -> list[HistoryEntry]:
            where = "target_key = ? AND function = ? AND series = ? ORDER BY sent_ms, id"
            rows = connection.execute(f"{SELECT_LEAN} WHERE {where}", (target_key, function, series))
            return [to_entry(row) for row in rows]

        await self._was_opened.wait()
        return await in_thread(self._read, select, [])

    async def entry(self, entry_id: int) -> HistoryEntry | None:
        """One entry whole, None if it is not there."""

        def select(connection: sqlite3.Connection) -> HistoryEntry | None:
            row = connection.execute(f"{SELECT} WHERE id = ?", (entry_id,)).fetchone()
            return to_entry(row) if row else None

        await self._was_opened.wait()
        return await in_thread(self._read, select, None)

    async def delete_older(self, days: int) -> None:
        """Delete what was sent more than so many days ago, so that no byte of it is left; 0: nothing."""
        if days > 0:
            await self._was_opened.wait()
            before_ms = int(time.time() * 1000) - days * DAY_MS
            await in_thread(self._write, lambda connection: _delete_before(connection, before_ms))

    async def delete_all(self) -> None:
        """Delete every entry of every target, so that no byte of a payload is left in any of the files.

        Files that were set aside as damaged go too. Raises UserError.
        """
        await in_thread(self._locked, self._delete_all)

    async def close(self) -> None:
        await in_thread(self._locked, self._close)

    # Below, everything runs in a thread and under the lock.

    def _locked(self, call: Callable[[], T]) -> T:
        with self._lock:
            return call()

    def _open(self) -> str | None:
        try:
            return self._open_file()
        except (OSError, sqlite3.Error) as error:
            return self._start_afresh() if _is_damage(error) else self._open_unwritable(error)

    def _open_file(self) -> str | None:
        make_private(self.path.parent)
        # SQLite gives its -wal and -shm files the mode of the main file, so make that one private first.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = self._connect("rw")
        try:
            # Before anything is written: a newer file must not be touched.
            is_newer = connection.execute("PRAGMA user_version").fetchone()[0] > len(MIGRATIONS)
            if not is_newer:
                self._use_wal(connection)
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("PRAGMA secure_delete = ON")
                migrate(connection)
            connection.execute(f"{SELECT} LIMIT 1").fetchone()
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self.writable = not is_newer
        if is_newer:
            return "The history was written by a newer LambdaDesk. It is shown, but nothing is added to it."
        return None

    def _open_unwritable(self, error: Exception) -> str:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        # A read-only folder has no room for the -shm file that WAL wants; "immutable" does without.
        for mode in ("ro", "ro&immutable=1"):
            with suppress(sqlite3.Error), ExitStack() as stack:
                connection = stack.enter_context(closing(self._connect(mode)))
                connection.execute(f"{SELECT} LIMIT 1").fetchone()
                stack.pop_all()
                self._connection = connection
                return (
                    f"The history can be read but not written ({reason}). Invocations made now are not kept."
                )
        return f"The history can't be opened ({reason}). Invocations made now are not kept."

    def _connect(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=self.busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        # The switch of a new file fails at once where another window is just opening it: SQLite's own busy
        # timeout does not hold here.
        pause, deadline = threading.Event(), time.monotonic() + self.busy_timeout_s
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            pause.wait(0.02)

    def _start_afresh(self) -> str:
        self._close()
        try:
            kept = self._set_aside()
            message = self._open_file()
        except (OSError, sqlite3.Error) as error:
            return f"The history file is damaged and could not be replaced ({error}): {self.path}"
        return (
            message or f"The history file was damaged. It is kept as {kept.name}, and a new one was started."
        )

    def _set_aside(self) -> Path:
        kept = set_aside(self.path)
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.replace(f"{self.path}{suffix}", f"{kept}{suffix}")
        return kept

    def _read(self, call: Callable[[sqlite3.Connection], T], without: T) -> T:
        with self._lock:
            if self._connection is None:
                return without
            try:
                return call(self._connection)
            except sqlite3.Error as error:
                raise self._error(error) from error

    def _write(self, call: Callable[[sqlite3.Connection], T]) -> T | None:
        with self._lock:
            if self._connection is None or not self.writable:
                return None  # `open` has said so
            try:
                result = call(self._connection)
            except sqlite3.Error as error:
                if self._failure_was_said and not _is_damage(error):
                    return None
                self._failure_was_said = True
                raise self._error(error) from error
            self._failure_was_said = False
            return result

    def _write_or_fail(self, call: Callable[[sqlite3.Connection], None]) -> None:
        """Write what somebody asked for and waits to see done: a failure is always said."""
        with self._lock:
            if self._connection is None or not self.writable:
                raise UserError(
                    "The history can't be changed now.",
                    "It could not be opened for writing; see what was said when the window started.",
                    kind=ErrorKind.STORAGE,
                )
            try:
                call(self._connection)
            except sqlite3.Error as error:
                raise self._error(error) from error

    def _error(self, error: sqlite3.Error) -> UserError:
        """Say what is wrong; a file found damaged only now is replaced first."""
        if _is_damage(error):
            return UserError(self._start_afresh(), kind=ErrorKind.STORAGE, details=f"{self.path}: {error}")
        return storage_error("The history", error, self.path)

    def _delete_all(self) -> None:
        try:
            if self._connection is None or not self.writable:
                raise PermissionError("the file is not open for writing")
            self._connection.execute("DELETE FROM invocation")
            self._connection.execute("VACUUM")
            was_busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if was_busy:
                raise TimeoutError("another program is reading the file")
            for path in self.path.parent.glob(f"{self.path.stem}.corrupt-*"):
                path.unlink()
        except (sqlite3.Error, OSError) as error:
            raise UserError(
                "The history could not be deleted completely.",
                "Close other windows of LambdaDesk and check that the disk is not full or read-only.",
                kind=ErrorKind.STORAGE,
                details=f"{self.path}: {error}",
            ) from error

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self.writable = False


def _delete_before(connection: sqlite3.Connection, before_ms: int) -> None:
    if connection.execute("DELETE FROM invocation WHERE sent_ms < ?", (before_ms,)).rowcount:
        # secure_delete overwrites what is in the file, not what is in the WAL.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _is_damage(error: Exception) -> bool:
    # The low byte of an extended code is the primary one.
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF in _DAMAGED
