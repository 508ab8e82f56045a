"""Nobody else reads the history, and what it forgets, or was told not to keep, is in none of its files."""

import os
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.store.history import DAY_MS
from lambdadesk.store.history_entry import HistoryKeeps
from tests.store.history_rig import CANARY, FULL, opened, plain, read_files


async def test_the_files_are_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        async with opened(tmp_path / "data" / "history.sqlite") as history:
            await history.add(FULL)
            files = list((tmp_path / "data").iterdir())
            assert {path.suffix for path in files} == {".sqlite", ".sqlite-wal", ".sqlite-shm"}
            assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
            assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


async def test_deleting_leaves_no_byte_behind(tmp_path: Path) -> None:
    (tmp_path / "history.corrupt-20260101-000000.sqlite").write_bytes(b"canary-payload")
    async with opened(tmp_path / "history.sqlite") as history:
        for number in range(50):
            await history.add(plain(payload=b"canary-payload" * 500, sent_ms=number))
        await history.delete_all()
        assert await history.recent("local") == []
        for name in os.listdir(tmp_path):
            assert b"canary-payload" not in (tmp_path / name).read_bytes(), name
        assert await history.add(plain()) > 0


async def test_deleting_says_when_another_program_holds_the_file(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    async with opened(path, busy_timeout_s=0.1) as history:
        await history.add(FULL)
        reader = sqlite3.connect(path)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM invocation").fetchone()
        try:
            with pytest.raises(UserError) as caught:
                await history.delete_all()
        finally:
            reader.close()
        assert caught.value.kind is ErrorKind.STORAGE
        await history.delete_all()


async def test_metadata_alone_leaves_out_payload_answer_and_log(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        history.keeps = HistoryKeeps.METADATA
        entry_id = await history.add(CANARY)
        await history.update(replace(CANARY, id=entry_id))
        await history.settle(replace(CANARY, id=entry_id))
        assert b"canary" not in read_files(tmp_path)
        stored = await history.entry(entry_id)
        assert stored == replace(FULL, id=entry_id, payload=b"", client_context="", response=b"", log_tail="")
        history.keeps = HistoryKeeps.FULL
        await history.update(replace(CANARY, id=entry_id))
        assert read_files(tmp_path).count(b"canary-in") > 0  # so that the line above says something


async def test_a_history_that_is_off_writes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        earlier = await history.add(plain(payload=b"earlier"))
        history.keeps = HistoryKeeps.OFF
        before = read_files(tmp_path)
        assert await history.add(CANARY) == 0
        await history.update(CANARY)
        assert read_files(tmp_path) == before
        assert [entry.id for entry in await history.recent("local")] == [earlier]


async def test_what_is_older_than_its_days_is_deleted_without_a_trace(tmp_path: Path) -> None:
    now_ms = int(time.time() * 1000)
    async with opened(tmp_path / "history.sqlite") as history:
        for days in (0, 6, 8, 400):
            entry = plain(payload=f"canary-{days}".encode(), sent_ms=now_ms - days * DAY_MS)
            await history.add(entry)
        await history.delete_older(0)  # for ever
        assert len(await history.recent("local")) == 4
        await history.delete_older(7)
        left = [now_ms - entry.sent_ms for entry in await history.recent("local")]
        assert left == [0, 6 * DAY_MS]
        data = read_files(tmp_path)
        assert b"canary-8" not in data
        assert b"canary-400" not in data
        assert b"canary-6" in data
