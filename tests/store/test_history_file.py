"""What becomes of the history where its file is damaged, older, newer, read-only, or on a full disk."""

import asyncio
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import InvocationType, Outcome
from lambdadesk.store.history import History
from tests.store.history_rig import FULL, opened, plain

# What version 1 of the file had.
FIRST_TABLE = """
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
    INSERT INTO invocation VALUES (7, 'local', 'hello', 5, '$LATEST', 'Event', x'7b7d', 'queued', '', 202,
        x'', 0, '', 'r-1', '', 9, NULL, 'USD', 1, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        NULL, NULL);
    PRAGMA user_version = 1;
"""


@pytest.mark.parametrize("damage", [b"not a database at all " * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
async def test_a_damaged_file_is_set_aside_and_said(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "history.sqlite"
    path.write_bytes(damage)
    history = History(path)
    message = await history.open()
    assert message is not None
    (kept,) = (name for name in os.listdir(tmp_path) if name.startswith("history.corrupt-"))
    assert kept in message
    assert (tmp_path / kept).read_bytes() == damage
    assert await history.add(FULL) > 0
    await history.close()


async def test_an_empty_file_is_a_new_history(tmp_path: Path) -> None:
    (tmp_path / "history.sqlite").touch()
    async with opened(tmp_path / "history.sqlite") as history:
        assert await history.add(FULL) > 0


async def test_damage_found_later_is_said_and_work_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    async with opened(path) as history:
        for number in range(50):
            await history.add(plain(payload=b"x" * 5000, sent_ms=number))
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(content)
    history = History(path)
    message = await history.open()
    if message is None:  # SQLite may see it only when the pages are read
        with pytest.raises(UserError) as caught:
            await history.recent("local")
        assert caught.value.kind is ErrorKind.STORAGE
        message = caught.value.message
    assert "set aside" in message or "kept as history.corrupt-" in message
    assert await history.recent("local") == []
    assert await history.add(FULL) > 0
    await history.close()


async def test_a_file_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(FIRST_TABLE)
    connection.close()
    async with opened(path) as history:
        old = await history.entry(7)
        assert old == plain(
            id=7,
            sent_ms=5,
            kind=InvocationType.EVENT,
            payload=b"{}",
            outcome=Outcome.QUEUED,
            status_code=202,
            request_id="r-1",
            received_ms=9,
        )
        new = replace(FULL, id=await history.add(FULL))
        assert await history.entry(new.id) == new


async def test_a_newer_file_is_read_and_never_written(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    async with opened(path) as history:
        await history.add(FULL)
    connection = sqlite3.connect(path)
    connection.execute("ALTER TABLE invocation ADD COLUMN from_the_future TEXT")
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    history = History(path)
    message = await history.open()
    assert message is not None
    assert "newer" in message
    assert await history.add(FULL) == 0
    assert len(await history.recent("local")) == 1
    with pytest.raises(UserError):
        await history.delete_all()
    await history.close()
    assert path.read_bytes() == before


async def test_a_newer_file_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE something_else (id INTEGER)")
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    history = History(path)
    assert "not kept" in (await history.open() or "")
    assert await history.recent("local") == []
    assert await history.add(FULL) == 0
    await history.close()
    assert os.listdir(tmp_path) == ["history.sqlite"]


async def test_what_was_asked_for_and_not_done_is_said_each_time(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    async with opened(path) as history:
        number = await history.add(FULL)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")  # of a newer LambdaDesk: not to be written
    connection.close()
    history = History(path)
    await history.open()
    for _ in range(2):
        with pytest.raises(UserError):
            await history.set_note(number, "x")
        with pytest.raises(UserError):
            await history.delete([number])
    assert len(await history.recent("local")) == 1
    await history.close()


async def test_without_a_place_to_write_the_window_goes_on(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    history = History(tmp_path / "data" / "history.sqlite")
    message = await history.open()
    assert message is not None
    assert "not kept" in message
    assert await history.add(FULL) == 0
    assert await history.recent("local") == []
    assert await history.entry(1) is None
    await history.close()


# urllib is imported late by pathlib, when Python's own folder may be closed to this user.
READER = """
import asyncio, os, sys, urllib.parse
from pathlib import Path
from lambdadesk.store.history import History

if os.getuid() == 0:
    os.setuid(65534)  # file modes mean nothing to root

async def main():
    history = History(Path(sys.argv[1]))
    print(await history.open())
    print(len(await history.recent("local")))

asyncio.run(main())
"""


def test_a_read_only_file_is_still_shown() -> None:
    async def fill(path: Path) -> None:
        async with opened(path) as history:
            await history.add(FULL)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "history.sqlite"
        asyncio.run(fill(path))
        path.chmod(0o444)
        folder.chmod(0o555)
        try:
            reader = subprocess.run(
                [sys.executable, "-c", READER, str(path)], capture_output=True, text=True, check=True
            )
        finally:
            folder.chmod(0o700)
    message, count = reader.stdout.splitlines()
    assert "can be read but not written" in message
    assert count == "1"


async def test_a_full_disk_is_said_once_and_again_after_it_worked(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        first = await history.add(FULL)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        big = plain(payload=b"x" * 500_000)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        try:
            with pytest.raises(UserError) as caught:
                await history.add(big)
            assert await history.add(big) == 0
            assert await history.entry(first) is not None
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert caught.value.kind is ErrorKind.STORAGE
        assert await history.add(big) > first
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        try:
            with pytest.raises(UserError):
                await history.add(big)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
