import asyncio
import csv
import io
import json
import os
from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.logstore import Level, LogRow, LogStore
from lambdadesk.desk.log_export import LINES, all_lines, export_lines
from lambdadesk.desk.tasks import TaskScope

MESSAGES = ("plain\n", '=2+2, "quoted" \u202e', "two\nlines\r\n")


@pytest.fixture
def store() -> LogStore:
    store = LogStore()
    store.add(
        [
            LogRow(1_700_000_000_000 + ms, 1_700_000_001_000, "one", text, 0, Level.ERROR, 0, False, "r-0")
            for ms, text in enumerate(MESSAGES)
        ]
    )
    return store


async def test_text_has_time_and_message(store: LogStore, tmp_path: Path) -> None:
    path = tmp_path / "lines.log"
    assert await export_lines(store, all_lines, path) == 3
    lines = path.read_bytes().decode().split("\n")
    assert lines[0] == "2023-11-14T22:13:20.000Z plain"
    assert lines[1] == '2023-11-14T22:13:20.001Z =2+2, "quoted" \u202e'
    assert os.name != "posix" or path.stat().st_mode & 0o777 == 0o600


async def test_ndjson_and_csv_have_every_field(store: LogStore, tmp_path: Path) -> None:
    await export_lines(store, lambda _store: [0, 2], tmp_path / "lines.ndjson")
    records = [json.loads(line) for line in (tmp_path / "lines.ndjson").read_text().splitlines()]
    assert [record["message"] for record in records] == ["plain", "two\nlines"]
    assert records[0] == {
        "time": "2023-11-14T22:13:20.000Z",
        "ingestion_time": "2023-11-14T22:13:21.000Z",
        "level": "error",
        "request_id": "r-0",
        "stream": "one",
        "message": "plain",
    }
    await export_lines(store, all_lines, tmp_path / "lines.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "lines.csv").read_bytes().decode(), newline="")))
    assert rows[0] == list(records[0])
    assert [row[-1] for row in rows[1:]] == ["plain", "'" + MESSAGES[1], "two\nlines"]


async def test_what_comes_meanwhile_is_not_written(tmp_path: Path) -> None:
    store = LogStore()
    store.add([LogRow(ms, 0, "s", str(ms)) for ms in range(LINES + 10)])
    told: list[int] = []

    def tell(count: int, total: int) -> None:
        assert total == LINES + 10
        told.append(count)
        store.add([LogRow(5, 0, "s", "late")])
        store.clear()

    assert await export_lines(store, all_lines, tmp_path / "x.log", tell) == LINES + 10
    assert told == [LINES, LINES + 10]
    written = (tmp_path / "x.log").read_text().splitlines()
    assert [line.split(" ")[1] for line in written] == [str(ms) for ms in range(LINES + 10)]


async def test_a_cancelled_export_leaves_no_file(tmp_path: Path) -> None:
    store = LogStore()
    store.add([LogRow(ms, 0, "s", str(ms)) for ms in range(2 * LINES)])
    scope = TaskScope(lambda name, error: pytest.fail(f"{name}: {error}"))
    (tmp_path / "x.log").write_text("old")

    async def export() -> None:
        # Cancelling takes effect at the next await, after the first part.
        path = tmp_path / "x.log"
        await export_lines(store, all_lines, path, lambda _count, _total: bool(task[0].cancel()))

    async def cancelled_within() -> None:
        current = asyncio.current_task()
        assert current is not None
        task.append(current)
        await export()

    task: list[asyncio.Task[None]] = []
    scope.start("export", cancelled_within)
    await scope.wait("export")
    await scope.close()
    assert os.listdir(tmp_path) == ["x.log"]
    assert (tmp_path / "x.log").read_text() == "old"


async def test_a_folder_that_is_not_there_is_told(store: LogStore, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        await export_lines(store, all_lines, tmp_path / "missing" / "x.log")
    assert caught.value.kind is ErrorKind.STORAGE
    assert str(caught.value).startswith("The lines could not be exported: ")


async def test_lines_of_several_log_groups_say_which(store: LogStore, tmp_path: Path) -> None:
    for name in ("lines.log", "lines.ndjson", "lines.csv"):
        await export_lines(
            store, lambda _store: [0], tmp_path / name, group_of=lambda stream: f"/group/{stream}"
        )
    assert (tmp_path / "lines.log").read_text() == "2023-11-14T22:13:20.000Z /group/one plain\n"
    assert json.loads((tmp_path / "lines.ndjson").read_text())["log_group"] == "/group/one"
    rows = list(csv.reader(io.StringIO((tmp_path / "lines.csv").read_text())))
    assert (rows[0][-1], rows[1][-1]) == ("log_group", "/group/one")
