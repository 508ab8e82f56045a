"""Lines that leave memory can still be filtered and looked at, and what is gone for good is said."""

import asyncio
import json
import os
import resource
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.logfilter import Filter, TimeTerm, parse_filter
from lambdadesk.core.logstore import LogRow, LogStore
from lambdadesk.desk.log_archive import LogArchive, Tally
from lambdadesk.desk.log_export import all_lines, export_lines
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store import rolling_file


def make_rows(start: int, stop: int) -> list[LogRow]:
    return [
        LogRow(
            *(ms, ms + 1, f"s{ms % 3}", f"line {ms}" + " late" * (ms % 10 == 0)),
            invocation=ms // 4,
            request_id=f"r{ms // 4}",
        )
        for ms in range(start, stop)
    ]


@asynccontextmanager
async def running(archive: LogArchive) -> AsyncIterator[None]:
    def fail(_name: str, error: Exception) -> None:
        raise error

    scope = TaskScope(fail)
    scope.start("archive", archive.run)
    try:
        yield
    finally:
        await scope.close()


async def until(archive: LogArchive, is_so: Callable[[], bool]) -> None:
    changed = asyncio.Event()
    disconnect = archive.changed.connect(changed.set)
    async with asyncio.timeout(30):
        while not is_so():
            changed.clear()
            await changed.wait()
    disconnect()


async def test_what_leaves_memory_is_found_and_looked_at(tmp_path: Path) -> None:
    store = LogStore(cap=160)  # in blocks of 10
    archive = LogArchive(store, tmp_path)
    async with running(archive):
        for start in range(0, 1_000, 50):
            store.add(make_rows(start, start + 50))
            await until(archive, lambda: archive.is_settled)
        assert len(archive) == store.first == 840
        assert (archive.from_ms, archive.to_ms, archive.lost) == (0, 839, 0)
        told: list[tuple[int, int]] = []
        numbers = await archive.find(parse_filter("late -line:5"), lambda *counts: told.append(counts))
        assert list(numbers) == list(range(0, 840, 10))
        assert told[-1] == (840, 84)
        assert len(told) > 5
        loaded = await archive.load(numbers[-3:])
        rows = [loaded.row(number) for number in range(3)]
        assert rows == [make_rows(ms, ms + 1)[0] for ms in (810, 820, 830)]
        assert list(await archive.find(parse_filter("req:r117"))) == [468, 469, 470, 471]
        assert list(archive.numbers_before(840, 25)) == list(range(815, 840))
        assert list(archive.numbers_before(5, 25)) == list(range(5))
        assert list(archive.numbers_from(12, 15)) == list(range(12, 27))
        assert list(archive.numbers_from(830, 99)) == list(range(830, 840))
        assert os.name != "posix" or os.listdir(tmp_path) == []  # the file has no name
        store.clear()
        assert (len(archive), archive.from_ms) == (0, 0)
        assert list(await archive.find(Filter())) == []
        assert len(await archive.load([1, 2])) == 0
        store.add(make_rows(0, 200))
        await until(archive, lambda: archive.is_settled)
        assert len(await archive.find(Filter())) == len(archive) == 40
    assert store.keep is None


async def test_matches_are_counted_and_the_count_stays_true(tmp_path: Path) -> None:
    store = LogStore(cap=16)  # in blocks of 1
    archive = LogArchive(store, tmp_path, cap_lines=100)
    archive._file = rolling_file.RollingFile(tmp_path, segment_bytes=2_000)
    tally = Tally(parse_filter("late"))
    told: list[tuple[int, int]] = []
    async with running(archive):
        store.add(make_rows(0, 76))
        await until(archive, lambda: archive.is_settled)
        await archive.count(tally, lambda: told.append((tally.looked_at, tally.found)))
        assert (tally.looked_at, tally.found) == (60, 6)
        assert told[:2] == [(8, 0), (16, 1)]  # the newest first: lines 52 to 59, then with line 50
        for start in range(76, 400, 10):
            store.add(make_rows(start, start + 10))
            await until(archive, lambda: archive.is_settled)
        assert archive.lost
        await archive.count(tally)  # the new ones alone, without those that have gone
        assert (tally.looked_at, tally.found) == (len(archive), len(await archive.find(parse_filter("late"))))
        found = await archive.find(parse_filter("late"), tally=tally)
        assert list(found) == list(await archive.find(parse_filter("late"))) != []
        in_time = parse_filter("").narrowed(TimeTerm(archive.from_ms + 3, archive.from_ms + 8))
        assert list(await archive.find(in_time)) == list(range(archive.from_ms + 3, archive.from_ms + 8))
        store.clear()
        await archive.count(tally)
        assert (tally.looked_at, tally.found) == (0, 0)


async def test_what_is_known_to_be_without_matches_is_not_read_again(tmp_path: Path) -> None:
    store = LogStore(cap=160)  # in blocks of 10
    archive = LogArchive(store, tmp_path)
    wanted = parse_filter("/line 5$/")
    async with running(archive):
        store.add(make_rows(0, 400))
        await until(archive, lambda: archive.is_settled)
        tally = Tally(wanted)
        await archive.count(tally)
        os.truncate(archive._file._segments[0].fileno(), 400)  # only the first piece can still be read
        assert list(await archive.find(wanted, tally=tally)) == [5]
        with pytest.raises(UserError, match="can't be read from the disk") as caught:
            await archive.find(parse_filter("line"), tally=tally)  # which it was not made for
        assert caught.value.kind is ErrorKind.STORAGE


async def test_a_count_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    store = LogStore(cap=16)
    archive = LogArchive(store, tmp_path)
    scope = TaskScope(lambda name, error: pytest.fail(f"{name}: {error}"))
    tally = Tally(parse_filter("late"))

    def cancel() -> None:
        if (task := asyncio.current_task()) is not None:
            task.cancel()

    async with running(archive):
        store.add(make_rows(0, 66))
        await until(archive, lambda: archive.is_settled)
        scope.start("count", archive.count, tally, cancel)
        await scope.wait("count")
        counted = tally.looked_at
        assert counted == 8
        told: list[int] = []
        await archive.count(tally, lambda: told.append(tally.looked_at))
        assert told[0] > counted
        assert (tally.looked_at, tally.found) == (50, 5)


async def test_the_oldest_go_beyond_the_cap_and_that_is_said(tmp_path: Path) -> None:
    store = LogStore(cap=16)  # in blocks of 1
    archive = LogArchive(store, tmp_path, cap_lines=100)
    archive._file = rolling_file.RollingFile(tmp_path, segment_bytes=2_000)
    async with running(archive):
        for start in range(0, 400, 10):
            store.add(make_rows(start, start + 10))
            await until(archive, lambda: archive.is_settled)
        assert archive.lost + len(archive) == store.first == 384
        assert 50 < len(archive) <= 100
        assert archive.from_ms == archive.lost
        assert archive.lost_to_ms == archive.lost - 1
        assert list(await archive.find(Filter())) == list(range(archive.lost, 384))


@pytest.mark.skipif(os.name != "posix", reason="a limit of the file's size stands for a full disk")
async def test_a_full_disk_is_said_and_survived(tmp_path: Path) -> None:
    store = LogStore(cap=16)
    archive = LogArchive(store, tmp_path)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    async with running(archive):
        store.add(make_rows(0, 20))
        await until(archive, lambda: archive.is_settled)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (archive._file.bytes + 10, limit[1]))
            store.add(make_rows(20, 22))
            await until(archive, lambda: archive.is_settled)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
            signal.signal(signal.SIGXFSZ, before)
        assert archive.error is not None
        assert archive.error.kind is ErrorKind.STORAGE
        assert (len(archive), archive.lost, archive.lost_to_ms) == (4, 2, 5)
        assert list(await archive.find(Filter())) == [0, 1, 2, 3]
        store.add(make_rows(22, 24))
        await until(archive, lambda: archive.is_settled)
        assert archive.error is None
        assert list(await archive.find(Filter())) == [0, 1, 2, 3, 6, 7]
        assert list(archive.numbers_before(8, 3)) == [3, 6, 7]


async def test_a_disk_that_is_not_there_loses_lines_but_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = LogStore(cap=16)
    archive = LogArchive(store, tmp_path / "file" / "lines")
    async with running(archive):
        store.add(make_rows(0, 20))
        await until(archive, lambda: archive.is_settled)
        assert (len(archive), archive.lost) == (0, 4)
        assert isinstance(archive.error, UserError)
        assert len(store) == 16


async def test_what_a_slow_disk_holds_up_is_bounded(tmp_path: Path) -> None:
    store = LogStore(cap=16)
    archive = LogArchive(store, tmp_path)  # which does not run yet
    store.add(make_rows(0, 200))
    assert len(archive) == 64
    assert archive.lost == 120
    assert len(await archive.find(Filter())) == 64
    async with running(archive):
        await until(archive, lambda: archive.is_settled)
        assert len(await archive.find(Filter())) == 64


async def test_a_tail_waits_for_the_disk(tmp_path: Path) -> None:
    store = LogStore(cap=16)
    archive = LogArchive(store, tmp_path)
    store.add(make_rows(0, 75))
    async with running(archive):
        await archive.make_room()
        assert 0 < len(archive) == 59
        while store.end < 500:
            store.add(make_rows(store.end, store.end + 10))
            await archive.make_room()
        await until(archive, lambda: archive.is_settled)
        assert (len(archive), archive.lost) == (store.first, 0)


async def test_all_lines_are_exported_from_disk_and_memory(tmp_path: Path) -> None:
    """What the store drops while it is written is neither lost nor written twice."""
    store = LogStore(cap=160)
    archive = LogArchive(store, tmp_path)
    path = tmp_path / "all.ndjson"
    async with running(archive):
        for start in range(0, 1_000, 50):
            store.add(make_rows(start, start + 50))
            await until(archive, lambda: archive.is_settled)
        told: list[tuple[int, int]] = []

        def tell(count: int, total: int) -> None:
            told.append((count, total))
            store.add(make_rows(1_000, 1_100))

        assert await export_lines(store, all_lines, path, tell, older=archive) == 1_000
        assert told == [(840, 1_000), (1_000, 1_000)]
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["message"] for row in written] == [row.message for row in make_rows(0, 1_000)]
    assert [row["request_id"] for row in written[::100]] == [f"r{at // 4}" for at in range(0, 1_000, 100)]
