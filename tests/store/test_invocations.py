"""What was seen is kept once, summed by day to the last digit, bounded, and gone when it is to go."""

import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdadesk.core.day_sums import KEPT_DAYS, DaySums
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.invocation_columns import OUTCOMES, InvocationColumns, Source
from lambdadesk.core.types import Cost, Invocation, Outcome, Report
from lambdadesk.store.invocation_days import DAY_MS
from lambdadesk.store.invocations import InvocationStore

TODAY = datetime.now(UTC).date()
TODAY_MS = (TODAY - date(1970, 1, 1)).days * DAY_MS
STREAM = "2026/11/27/[$LATEST]0123456789abcdef"
EVER = (date(2000, 1, 1), date(2999, 1, 1))


def run(number: int, at_ms: int, took_ms: str = "15.74", stream: str = STREAM, **more: Any) -> Invocation:
    report = Report(str(UUID(int=number << 70)), Decimal(took_ms), int(Decimal(took_ms)) + 1, 128, 56)
    return (
        Invocation(
            "f",
            report.request_id,
            at_ms,
            stream,
            ended_ms=at_ms + int(Decimal(took_ms)),
            outcome=Outcome.OK,
            report=report,
            cost=Cost(Decimal("0.0000002") + Decimal(number) * Decimal("0.0000000000166667")),
        )
        if not more
        else replace(run(number, at_ms, took_ms, stream), **more)
    )


def columns(*runs: Invocation) -> InvocationColumns:
    return InvocationColumns.from_invocations(runs)


@pytest.fixture
def store(tmp_path: Path) -> InvocationStore:
    return InvocationStore(tmp_path / "data" / "invocations.sqlite")


def load(store: InvocationStore, function: str = "f", target: str = "t") -> list[Invocation]:
    return list(store.load(target, function).invocations("f"))


def test_what_is_kept_comes_back_whole(store: InvocationStore) -> None:
    cold = replace(
        run(3, TODAY_MS + 50, version="7", outcome=Outcome.ERROR, error_type="ValueError", here=True),
        report=Report(
            *(str(UUID(int=3 << 70)), Decimal("306.34"), 610, 3009, 155, None, Decimal("511.25"), 303),
            error_type="ValueError",
        ),
    )
    bare = run(5, TODAY_MS + 70, report=None, cost=None, request_id="no UUID", stream="", here=True)
    runs = [run(1, TODAY_MS), run(2, TODAY_MS + 20), cold, bare]
    assert load(store) == []
    assert store.by_function("t", *EVER) == {}
    store.tidy()
    assert not store.path.exists()
    store.write("t", [("f", columns(*runs)), ("g", columns(run(9, TODAY_MS)))])
    assert load(store) == runs
    assert load(InvocationStore(store.path), "g") == [run(9, TODAY_MS)]
    assert load(store, "h") == load(store, target="another") == []
    assert set(store.load("t", "f").source.tolist()) == {Source.KEPT}
    part = store.load("t", "f", TODAY_MS + 20, TODAY_MS + 70)
    assert list(part.invocations("f")) == [runs[1], cold]


def test_the_same_again_changes_nothing_and_more_that_is_known_does(store: InvocationStore) -> None:
    store.write("t", [("f", columns(run(1, TODAY_MS), run(2, TODAY_MS + 20)))])
    before = store.by_function("t", *EVER)
    store.write("t", [("f", columns(run(2, TODAY_MS + 20)))])
    assert store.by_function("t", *EVER) == before
    late = run(1, TODAY_MS - 10, ended_ms=run(1, TODAY_MS).ended_ms, outcome=Outcome.TIMEOUT)
    store.write("t", [("f", columns(late))])
    assert load(store) == [late, run(2, TODAY_MS + 20)]
    by_day = store.by_day("t", *EVER)
    assert [by_day[TODAY + timedelta(days=day)].errors for day in (-1, 0)] == [1, 0]
    assert [by_day[TODAY + timedelta(days=day)].invocations for day in (-1, 0)] == [1, 1]


def test_a_run_made_here_whose_log_came_later_counts_once(store: InvocationStore) -> None:
    store.write("t", [("f", columns(run(1, TODAY_MS, stream="", here=True)))])
    store.write("t", [("f", columns(run(1, TODAY_MS + 30, here=True)))])
    assert load(store) == [run(1, TODAY_MS + 30, here=True)]
    assert store.by_function("t", *EVER)["f"].invocations == 1


def test_days_are_added_up(store: InvocationStore) -> None:
    cold = Report("r", Decimal("100.50"), 301, 512, 99, Decimal("199.9"))
    store.write(
        "t",
        [
            (
                "f",
                columns(
                    run(1, TODAY_MS), run(2, TODAY_MS + 1, outcome=Outcome.ERROR), run(3, TODAY_MS - DAY_MS)
                ),
            ),
            ("g", columns(run(4, TODAY_MS, report=cold), run(5, TODAY_MS, cost=None))),
        ],
    )
    store.write("u", [("f", columns(run(6, TODAY_MS)))])
    yesterday = TODAY - timedelta(days=1)
    one, two, three = (run(number, 0).cost.amount for number in (1, 2, 3))  # type: ignore[union-attr]
    assert store.by_function("t", yesterday, TODAY)["f"] == DaySums(
        invocations=3,
        errors=1,
        mb_ms=3 * 16 * 128,
        duration_ms=15.74 + (15.74 + 15.74),
        cost=one + two + three,
        errors_cost=two,
        currency="USD",
        memory_mb=128,
        max_memory_mb=56,
    )
    g = store.by_function("t", TODAY, TODAY)["g"]
    assert (g.invocations, g.cold_starts, g.unknown_cost) == (2, 1, 1)
    assert g.cold_mb_ms == (301 - 101) * 512
    assert g.gb_seconds == Decimal(301 * 512 + 16 * 128) / 1_024_000
    assert {day: sums.invocations for day, sums in store.by_day("t", yesterday, TODAY).items()} == {
        yesterday: 1,
        TODAY: 4,
    }
    assert store.by_day("t", yesterday, TODAY, "g").keys() == {TODAY}
    each = store.by_function_and_day("t", yesterday, TODAY)
    assert each == {name: store.by_day("t", yesterday, TODAY, name) for name in ("f", "g")}
    assert store.by_function_and_day("t", TODAY, TODAY)["f"].keys() == {TODAY}


runs = st.builds(
    lambda number, at, stream, outcome, priced: run(
        *(number, TODAY_MS + at, "15.74", STREAM + stream),
        outcome=outcome,
        cost=Cost(Decimal(number) / 7, "USD", number > 4) if priced else None,
    ),
    st.integers(0, 8),
    st.integers(-3 * DAY_MS, 0),
    st.sampled_from("ab"),
    st.sampled_from(OUTCOMES),
    st.booleans(),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("fg"), st.lists(runs, max_size=5)), max_size=5))
def test_sums_equal_those_of_the_rows_whatever_was_written(
    tmp_path: Path, writes: Sequence[tuple[str, Sequence[Invocation]]]
) -> None:
    store = InvocationStore(tmp_path / "invocations.sqlite")
    store.delete_all()
    for name, part in writes:
        store.write("t", [(name, columns(*part))])
        store.by_function("t", *EVER)  # so that what is marked afterwards is all that is summed again
    for name in "fg":
        rows = store.load("t", name)
        sums = store.by_function("t", *EVER).get(name, DaySums())
        totals = rows.totals()
        assert (sums.invocations, sums.errors, sums.cost) == (totals.invocations, totals.errors, totals.cost)
        assert (sums.gb_seconds, sums.unknown_cost) == (totals.gb_seconds, totals.unknown_cost)
        by_day = store.by_day("t", *EVER, name)
        assert sum(each.invocations for each in by_day.values()) == len(rows)


def test_what_is_too_old_goes_with_every_byte(store: InvocationStore) -> None:
    old = run(1, TODAY_MS - 10 * DAY_MS, stream="a stream of long ago", error_type="OldError")
    store.write("t", [("old", columns(old)), ("f", columns(run(2, TODAY_MS)))])
    store.write("t", [("older", columns(run(3, TODAY_MS - (KEPT_DAYS + 2) * DAY_MS)))])
    assert store.by_function("t", *EVER).keys() == {"old", "older", "f"}
    store.tidy()
    assert store.by_function("t", *EVER).keys() == {"old", "f"}
    store.tidy(days=5)
    assert store.by_function("t", *EVER).keys() == {"f"}
    assert load(store) == [run(2, TODAY_MS)]
    content = store.path.read_bytes()
    assert STREAM.encode() in content
    for text in ("a stream of long ago", "OldError", "older"):
        assert text.encode() not in content
    store.delete_all()
    assert list(store.path.parent.iterdir()) == []


def test_a_full_file_loses_its_oldest_days_but_not_their_sums(tmp_path: Path) -> None:
    store = InvocationStore(tmp_path / "invocations.sqlite", most_bytes=150_000)
    for day in range(5):
        at_ms = TODAY_MS - (5 - day) * DAY_MS
        store.write("t", [("f", columns(*(run(day * 1000 + each, at_ms + each) for each in range(500))))])
    assert store.path.stat().st_size < 400_000
    kept = store.load("t", "f")
    assert 500 <= len(kept) < 2_000
    assert kept.started_ms[-1] == TODAY_MS - DAY_MS + 499
    sums = store.by_day("t", *EVER)
    assert [sums[TODAY - timedelta(days=5 - day)].invocations for day in range(5)] == [500] * 5
    store.write(
        "t", [("f", columns(run(1, TODAY_MS - 5 * DAY_MS), run(99_999, TODAY_MS)))]
    )  # a day that went
    assert store.by_function("t", *EVER)["f"].invocations == 2_501


def test_a_day_that_fills_the_file_is_told(tmp_path: Path) -> None:
    store = InvocationStore(tmp_path / "invocations.sqlite", most_bytes=50_000)
    store.write("t", [("f", columns(*(run(each, TODAY_MS + each) for each in range(500))))])
    with pytest.raises(UserError) as caught:
        store.write("t", [("f", columns(run(999, TODAY_MS)))])
    assert caught.value.kind is ErrorKind.STORAGE
    assert len(store.load("t", "f")) == 500


def test_nothing_is_written_where_the_user_keeps_nothing(store: InvocationStore) -> None:
    store.keeps = False
    store.write("t", [("f", columns(run(1, TODAY_MS)))])
    assert not store.path.exists()


def test_several_windows_write_at_once(store: InvocationStore) -> None:
    def write(window: int) -> None:
        own = InvocationStore(store.path)
        for each in range(5):
            own.write("t", [(f"f{each}", columns(run(each, TODAY_MS), run(100 + window, TODAY_MS)))])
            own.by_function("t", *EVER)

    threads = [threading.Thread(target=write, args=(window,)) for window in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {sums.invocations for sums in store.by_function("t", *EVER).values()} == {5}


def test_the_file_is_the_users_alone_and_holds_no_more_than_figures(store: InvocationStore) -> None:
    store.write("t", [("f", columns(run(1, TODAY_MS)))])
    if os.name == "posix":
        assert store.path.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(store.path) as connection:
        tables = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
    connection.close()
    assert tables == {"function", "name", "invocation", "stale", "day", "bound"}


def test_a_damaged_file_is_set_aside(store: InvocationStore) -> None:
    store.write("t", [("f", columns(run(1, TODAY_MS)))])
    store.path.write_bytes(b"this was a database once" * 400)
    assert load(store) == []
    store.write("t", [("f", columns(run(2, TODAY_MS)))])
    assert load(store) == [run(2, TODAY_MS)]
    assert len(list(store.path.parent.glob("invocations.corrupt-*.sqlite"))) == 1
    store.delete_all()
    assert list(store.path.parent.iterdir()) == []


def test_an_empty_file_is_begun(store: InvocationStore) -> None:
    store.path.parent.mkdir()
    store.path.touch()
    assert load(store) == []
    store.write("t", [("f", columns(run(2, TODAY_MS)))])
    assert load(store) == [run(2, TODAY_MS)]


def test_a_newer_file_is_left_alone(store: InvocationStore) -> None:
    store.write("t", [("f", columns(run(1, TODAY_MS)))])
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = store.path.read_bytes()
    for call in (lambda: store.load("t", "f"), lambda: store.write("t", [("f", columns(run(2, TODAY_MS)))])):
        with pytest.raises(UserError, match="newer LambdaDesk"):
            call()
    assert store.path.read_bytes() == before


# urllib is imported late by pathlib, when Python's own folder may be closed to this user.
READER = """
import os, sys, urllib.parse
from datetime import date
from pathlib import Path
from lambdadesk.core.errors import UserError
from lambdadesk.store.invocations import InvocationStore

if os.getuid() == 0:
    os.setuid(65534)  # file modes mean nothing to root
store = InvocationStore(Path(sys.argv[1]))
found = store.load("t", "f")
print(len(found), len(store.by_function("t", date(2000, 1, 1), date(2999, 1, 1))))
try:
    store.write("t", [("g", found)])
except UserError as error:
    print(error.kind.value)
"""


def test_a_read_only_file_is_read() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = InvocationStore(folder / "invocations.sqlite")
        store.write("t", [("f", columns(run(1, TODAY_MS)))])
        store.by_function("t", *EVER)
        store.write("t", [("f", columns(run(2, TODAY_MS)))])  # not summed up yet
        store.path.chmod(0o444)
        folder.chmod(0o555)
        try:
            reader = subprocess.run(
                [sys.executable, "-c", READER, str(store.path)], capture_output=True, text=True, check=True
            )
        finally:
            folder.chmod(0o700)
    assert reader.stdout.splitlines() == ["2 1", ErrorKind.STORAGE.value]


def test_a_disk_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the way")
    store = InvocationStore(tmp_path / "data" / "invocations.sqlite")
    with pytest.raises(UserError) as caught:
        store.write("t", [("f", columns(run(1, TODAY_MS)))])
    assert caught.value.kind is ErrorKind.STORAGE


def test_what_a_full_disk_broke_off_is_taken_back(store: InvocationStore) -> None:
    store.write("t", [("f", columns(run(1, TODAY_MS)))])
    many = columns(*(run(each, TODAY_MS + each) for each in range(5_000)))
    before = store.by_function("t", *EVER)

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (store.path.stat().st_size + 8_192, limit[1]))
    try:
        with pytest.raises(UserError) as caught:
            store.write("t", [("f", many)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert caught.value.kind is ErrorKind.STORAGE
    assert store.by_function("t", *EVER) == before
    store.write("t", [("f", many)])
    assert len(store.load("t", "f")) == 5_001


WRITER = """
import sys
from pathlib import Path
from lambdadesk.store.invocations import InvocationStore

store = InvocationStore(Path(sys.argv[1]))
rows = store.load("t", "f")
print("writing", flush=True)
for number in range(10**6):
    store.write("t", [(f"copy {number}", rows)])
    print(number, flush=True)
"""


def test_a_kill_while_writing_loses_nothing_that_was_written(store: InvocationStore) -> None:
    store.write("t", [("f", columns(*(run(each, TODAY_MS + each) for each in range(2_000))))])
    with subprocess.Popen([sys.executable, "-c", WRITER, str(store.path)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert [child.stdout.readline() for _line in range(3)] == [b"writing\n", b"0\n", b"1\n"]
        child.kill()
        written = 2 + len(child.stdout.readlines())
    counts = [sums.invocations for sums in store.by_function("t", *EVER).values()]
    assert set(counts) == {2_000}
    assert len(counts) in (written + 1, written + 2)  # the last may have been written and not told
