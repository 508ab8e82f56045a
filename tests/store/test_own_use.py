"""What LambdaDesk used adds up over windows and restarts, and a damaged file is begun anew."""

import threading
from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.own_cost import OwnUse, UseRow
from lambdadesk.store.own_use import OwnUseStore


def row(day: str, amount: int, account: str = "123456789012", use: OwnUse = OwnUse.METRICS) -> UseRow:
    return UseRow(day, account, "us-east-1", use, amount)


def test_amounts_add_up(tmp_path: Path) -> None:
    store = OwnUseStore(tmp_path / "data" / "own-use.sqlite")
    assert store.load("2026-11-01") == []
    assert not store.path.exists()
    store.add([])
    assert not store.path.exists()
    store.add([row("2026-11-27", 5), row("2026-11-27", 7, use=OwnUse.REQUESTS)])
    OwnUseStore(store.path).add([row("2026-11-27", 10), row("2026-11-28", 1), row("2026-10-31", 99)])
    assert store.load("2026-11-01") == [
        row("2026-11-27", 15),
        row("2026-11-27", 7, use=OwnUse.REQUESTS),
        row("2026-11-28", 1),
    ]
    assert store.load("2026-12-01") == []


def test_what_is_older_than_a_year_goes(tmp_path: Path) -> None:
    store = OwnUseStore(tmp_path / "own-use.sqlite")
    store.add([row("2025-01-01", 5)])
    store.add([row("2026-11-27", 5)])
    assert store.load("2000-01-01") == [row("2026-11-27", 5)]


def test_several_windows_add_at_once(tmp_path: Path) -> None:
    path = tmp_path / "own-use.sqlite"

    def add() -> None:
        for _time in range(20):
            OwnUseStore(path).add([row("2026-11-27", 1)])

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert OwnUseStore(path).load("2026-11-01") == [row("2026-11-27", 80)]


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "own-use.sqlite"
    path.write_bytes(b"this was a database once" * 100)
    store = OwnUseStore(path)
    assert store.load("2026-11-01") == []
    store.add([row("2026-11-27", 1)])
    assert store.load("2026-11-01") == [row("2026-11-27", 1)]
    assert len(list(tmp_path.glob("own-use.corrupt-*.sqlite"))) == 1


def test_a_disk_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the way")
    with pytest.raises(UserError) as caught:
        OwnUseStore(tmp_path / "data" / "own-use.sqlite").add([row("2026-11-27", 1)])
    assert caught.value.kind is ErrorKind.STORAGE
