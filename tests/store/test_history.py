"""The history keeps what was sent, whatever happens to its file, and forgets it when told to."""

import asyncio
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import InvocationType, Outcome, Report
from lambdadesk.store.history import DAY_MS, History
from lambdadesk.store.history_entry import RESPONSE_LIMIT_BYTES, HistoryEntry, HistoryKeeps, Write

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


async def test_an_entry_comes_back_as_it_was_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "data" / "history.sqlite"
    async with opened(path) as history:
        entry_id = await history.add(FULL)
    async with opened(path) as history:
        assert await history.entry(entry_id) == replace(FULL, id=entry_id)
        assert await history.entry(entry_id + 1) is None
        (listed,) = await history.recent("local")
    assert listed == replace(FULL, id=entry_id, payload=b"", client_context="", response=b"", log_tail="")
    assert str(listed.cost) == "0.0000069670"


async def test_recent_is_newest_first_by_target_and_function(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        for sent_ms in (5, 9, 7):
            await history.add(plain("hello", sent_ms))
        await history.add(plain("other", 8))
        await history.add(replace(plain(), target_key="default@aws/us-east-1"))
        assert [entry.sent_ms for entry in await history.recent("local")] == [9, 8, 7, 5]
        assert [entry.sent_ms for entry in await history.recent("local", "hello", limit=2)] == [9, 7]
        assert await history.recent("nowhere") == []


async def test_an_update_replaces_the_entry_and_never_revives_a_deleted_one(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        running = plain(payload=b"{}")
        entry = replace(running, id=await history.add(running))
        await history.update(replace(entry, outcome=Outcome.ERROR, function_error="Unhandled", report=REPORT))
        stored = await history.entry(entry.id)
        assert stored is not None
        assert (stored.outcome, stored.report, stored.payload) == (Outcome.ERROR, REPORT, b"{}")
        await history.delete_all()
        await history.update(stored)
        assert await history.recent("local") == []


async def test_many_are_written_together_in_their_order(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        kept = replace(FULL, id=await history.add(FULL))
        changed = replace(kept, outcome=Outcome.ERROR, cost=Decimal(1))
        ids = await history.write(
            [
                (Write.ADD, plain("one", 1)),
                (Write.UPDATE, replace(kept, error="first")),
                (Write.SETTLE, changed),
                (Write.UPDATE, plain("never stored")),
                (Write.ADD, plain("two", 2)),
            ]
        )
        assert ids == [kept.id + 1, kept.id, kept.id, 0, kept.id + 2]
        assert [each.function for each in await history.recent("local")] == [
            "image-thumbnailer",
            "two",
            "one",
        ]
        assert await history.entry(kept.id) == replace(changed, error="first")


async def test_that_a_run_was_sent_changes_nothing_of_one_that_was_answered(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        waiting = replace(FULL, received_ms=None, outcome=Outcome.UNKNOWN, error="ahead")
        ids = await history.write([(Write.ADD, waiting), (Write.ADD, FULL)])
        sent = replace(waiting, error="sent", response=b"never")
        assert await history.write([(Write.SENT, replace(sent, id=each)) for each in (*ids, 0)]) == [*ids, 0]
        assert await history.entry(ids[0]) == replace(waiting, id=ids[0], error="sent")
        assert await history.entry(ids[1]) == replace(FULL, id=ids[1])


async def test_of_many_either_all_are_written_or_none(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    async with opened(path) as history:
        other = sqlite3.connect(path)
        other.execute(
            "CREATE TRIGGER no BEFORE INSERT ON invocation WHEN NEW.function = 'two' "
            "BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        other.close()
        with pytest.raises(UserError):
            await history.write([(Write.ADD, plain("one")), (Write.ADD, plain("two"))])
        assert await history.recent("local") == []
        assert await history.write([(Write.ADD, plain("one")), (Write.ADD, plain("three"))]) == [1, 2]


async def test_long_responses_are_cut_and_say_so(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        fits = await history.add(plain(response=b"x" * RESPONSE_LIMIT_BYTES))
        cut = await history.add(plain(response=b"x" * (RESPONSE_LIMIT_BYTES + 1), payload=b"p" * 6_000_000))
        first, second = await history.entry(fits), await history.entry(cut)
    assert first is not None
    assert second is not None
    assert (len(first.response), first.response_truncated) == (RESPONSE_LIMIT_BYTES, False)
    assert (len(second.response), second.response_truncated) == (RESPONSE_LIMIT_BYTES, True)
    assert len(second.payload) == 6_000_000


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


def read_files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


CANARY_ENTRY = replace(
    FULL, client_context="canary", payload=b"canary-in", response=b"canary-out", log_tail="canary-log"
)


async def test_metadata_alone_leaves_out_payload_answer_and_log(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        history.keeps = HistoryKeeps.METADATA
        entry_id = await history.add(CANARY_ENTRY)
        await history.update(replace(CANARY_ENTRY, id=entry_id))
        await history.settle(replace(CANARY_ENTRY, id=entry_id))
        assert b"canary" not in read_files(tmp_path)
        stored = await history.entry(entry_id)
        assert stored == replace(FULL, id=entry_id, payload=b"", client_context="", response=b"", log_tail="")
        history.keeps = HistoryKeeps.FULL
        await history.update(replace(CANARY_ENTRY, id=entry_id))
        assert read_files(tmp_path).count(b"canary-in") > 0  # so that the line above says something


async def test_a_history_that_is_off_writes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        earlier = await history.add(plain(payload=b"earlier"))
        history.keeps = HistoryKeeps.OFF
        before = read_files(tmp_path)
        assert await history.add(CANARY_ENTRY) == 0
        await history.update(CANARY_ENTRY)
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


async def test_an_update_leaves_what_the_user_noted(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        number = await history.add(FULL)
        await history.update(replace(FULL, id=number, is_starred=False, note="", fate="failed"))
        entry = await history.entry(number)
        assert entry == replace(FULL, id=number, fate="failed")


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


WRITER = """
import asyncio, sys
from pathlib import Path
from lambdadesk.store.history import History
from lambdadesk.store.history_entry import HistoryEntry

async def main():
    history = History(Path(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    message = await history.open()
    if message:
        sys.exit(message)
    for number in range(int(sys.argv[3])):
        await history.add(HistoryEntry("local", sys.argv[2], number, payload=b"x" * 2000))
        if number == 20:
            print("writing", flush=True)
    await history.close()

asyncio.run(main())
"""


def start_writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def let_go(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


async def test_windows_that_start_and_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    names = ("one", "two", "three")
    children = [start_writer(path, name, 50) for name in names]
    for child in children:
        let_go(child)
    for child in children:
        child.communicate()
        assert child.returncode == 0
    async with opened(path) as history:
        for name in names:
            assert len(await history.recent("local", name, limit=1000)) == 50


async def test_a_kill_while_writing_loses_nothing_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    for round_number in range(1, 4):
        child = start_writer(path, f"round {round_number}", 10**6)
        let_go(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "writing\n"
        child.send_signal(signal.SIGKILL)
        child.communicate()
        async with opened(path) as history:
            assert len(await history.recent("local", f"round {round_number}", limit=10**6)) >= 21


async def test_many_at_once_and_none_is_lost(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        ids = await asyncio.gather(*(history.add(plain(sent_ms=number)) for number in range(30)))
        assert len(set(ids)) == 30
        assert len(await history.recent("local")) == 30


async def test_a_text_is_found_wherever_it_stands(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        for number, changes in enumerate(
            [
                {"payload": b'{"order": "A-100%"}'},
                {"response": '{"city": "Zürich"}'.encode()},
                {"note": "the SLOW one"},
                {"error": "No answer came in time."},
                {"request_id": "8476a536"},
                {"function": "orders_api"},
            ]
        ):
            await history.add(replace(plain(sent_ms=number), **changes))  # type: ignore[arg-type]

        async def found(text: str, **options: object) -> list[int]:
            entries = await history.search("local", text=text, **options)  # type: ignore[arg-type]
            assert all(not entry.payload and not entry.response for entry in entries)
            return [entry.sent_ms for entry in entries]

        assert await found("") == [5, 4, 3, 2, 1, 0]
        assert await found("a-100") == [0]
        assert await found("100%") == [0]
        assert await found("Zürich") == [1]
        assert await found("slow") == [2]
        assert await found("no answer") == [3]
        assert await found("8476A5") == [4]
        assert await found("orders_a") == [5]
        assert await found("ordersXa") == []
        assert await found("", function="hello", limit=2) == [4, 3]
        assert await history.search("another") == []


async def test_stars_notes_and_deletion_hold(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    async with opened(path) as history:
        ids = [
            await history.add(replace(CANARY_ENTRY, sent_ms=number, is_starred=False)) for number in range(3)
        ]
        await history.set_starred(ids[:2], True)
        await history.set_note(ids[0], "<b>note</b>")
        assert [entry.id for entry in await history.search("local", starred=True)] == [ids[1], ids[0]]
        entry = await history.entry(ids[0])
        assert entry is not None
        assert (entry.is_starred, entry.note) == (True, "<b>note</b>")
        await history.set_starred(ids[:1], False)
        assert [entry.id for entry in await history.search("local", starred=True)] == [ids[1]]
        await history.delete(ids[:2])
        assert [entry.id for entry in await history.recent("local")] == [ids[2]]
        await history.delete(ids[2:])
        assert b"canary" not in read_files(tmp_path)


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
