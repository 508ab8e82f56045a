"""The history as a notebook."""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import Outcome, Report
from lambdadesk.desk.run_history import RunHistory
from lambdadesk.store.history import History
from lambdadesk.store.history_entry import HistoryEntry

ENTRY = HistoryEntry(
    "local",
    "orders",
    1_790_000_000_123,
    payload=b'{"n": 1.10}\r\n',
    response=b"\xff",
    outcome=Outcome.OK,
    cost=Decimal("0.00000040833375"),
    report=Report("r", Decimal("12.50"), billed_ms=13, memory_mb=128, max_memory_mb=40),
    note="=1+1",
)


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncIterator[History]:
    history = History(tmp_path / "history.sqlite")
    await history.open()
    try:
        yield history
    finally:
        await history.close()


async def test_a_star_and_a_note_are_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as history:
        runs = RunHistory(history, "local")
        number = await history.add(ENTRY)
        told: list[HistoryEntry] = []
        runs.changed.connect(told.append)
        await runs.star([number], True)
        await runs.note(number, "slow")
        assert [(entry.is_starred, entry.note) for entry in told] == [(True, "=1+1"), (True, "slow")]
        assert [entry.id for entry in await runs.search(text="SLOW", starred=True)] == [number]


async def test_what_is_deleted_is_told_and_gone(tmp_path: Path) -> None:
    async with opened(tmp_path) as history:
        runs = RunHistory(history, "local")
        ids = {await history.add(ENTRY), await history.add(ENTRY)}
        told: list[frozenset[int]] = []
        runs.deleted.connect(told.append)
        await runs.delete(ids)
        assert told == [frozenset(ids)]
        assert await runs.search() == []


async def test_an_export_holds_every_byte(tmp_path: Path) -> None:
    async with opened(tmp_path) as history:
        runs = RunHistory(history, "local")
        number = await history.add(ENTRY)
        path = tmp_path / "runs.ndjson"
        assert await runs.export([number, number + 1], path) == 1
        line = path.read_bytes()
        assert b'"payload":{"n": 1.10}' in line
        assert line.count(b"\n") == 1
        record = orjson.loads(line)
        assert record["response_base64"] == "/w=="
        assert (record["sent"], record["cost"]) == ("2026-09-21T14:13:20.123+00:00", "0.00000040833375")


async def test_a_spreadsheet_runs_nothing_of_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as history:
        runs = RunHistory(history, "local")
        ids = [await history.add(replace(ENTRY, function='a,"b"\nc')), await history.add(ENTRY)]
        path = tmp_path / "runs.csv"
        assert await runs.export(ids, path) == 2
        rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))
        assert [row["function"] for row in rows] == ['a,"b"\nc', "orders"]
        assert rows[0]["note"] == "'=1+1"
        assert (rows[0]["billed_ms"], rows[0]["outcome"]) == ("13", "ok")


async def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    async with opened(tmp_path) as history:
        runs = RunHistory(history, "local")
        (tmp_path / "file").write_text("")
        with pytest.raises(UserError) as caught:
            await runs.export([await history.add(ENTRY)], tmp_path / "file" / "runs.csv")
        assert caught.value.kind is ErrorKind.STORAGE
