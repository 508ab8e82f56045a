"""What is packed comes back as it was, whatever it is, and is found by its request."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdadesk.core.invocation_list import InvocationList
from lambdadesk.core.invocations import InvocationTracker
from lambdadesk.core.packed_invocations import PackedInvocations
from lambdadesk.core.request_ids import RequestIds
from lambdadesk.core.types import Invocation, LogColumns, LogEvent, Outcome, Report

A, B = (f"0a1b2c3d-0000-4000-8000-00000000000{digit}" for digit in "12")
PLAIN = Invocation(
    *("f", A, 1_000, "s", 1_100, "7", Outcome.ERROR, "Oops"),
    report=Report(A, Decimal("99.10"), 100, 128, 50, status="error", error_type="Oops"),
)

ids = st.one_of(st.uuids().map(str), st.text(max_size=5), st.sampled_from([A, B, A.upper(), f"{A}x"]))
figures = st.none() | st.integers(0, 2**40)
decimals = st.decimals(0, 2**40, allow_nan=False, allow_infinity=False)
reports = st.builds(
    Report,
    *(ids, decimals, figures, figures, figures, st.none() | decimals, st.none() | decimals, figures),
    *(st.sampled_from(["", "success"]), st.sampled_from(["", "Oops"]), st.sampled_from(["", "Root=1"])),
)
invocations = st.builds(
    Invocation,
    *(
        st.just("f"),
        ids,
        st.integers(0, 2**42),
        st.sampled_from(["s", "t"]),
        st.none() | st.integers(0, 2**42),
    ),
    *(st.sampled_from(["$LATEST", "7"]), st.sampled_from(Outcome), st.sampled_from(["", "Oops"])),
    report=st.none() | reports,
    here=st.booleans(),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), invocations), max_size=30))
def test_rows_come_back_as_they_were_put(puts: list[tuple[int, Invocation]]) -> None:
    packed = PackedInvocations()
    expected: dict[int, Invocation] = {}
    for row, invocation in puts:
        if row in expected:  # a row keeps its request id
            invocation = replace(invocation, request_id=expected[row].request_id)
        packed.put(row, invocation, note=row)
        expected[row] = invocation
    for row, invocation in expected.items():
        got = packed.get(row)
        assert got == invocation
        if invocation.report is not None and got.report is not None:
            assert str(got.report.duration_ms) == str(invocation.report.duration_ms)
        assert packed.note_of(row) == row
        assert packed.ended_of(row) == invocation.ended_ms
        same = [at for at, each in sorted(expected.items()) if each.request_id == invocation.request_id]
        assert packed.rows_of(invocation.request_id) == same
        in_stream = [at for at in same if expected[at].stream == "s"]
        assert packed.rows_of(invocation.request_id, "s") == in_stream
    within = [row for row, each in sorted(expected.items()) if 5 <= each.started_ms <= 2**41]
    assert packed.started_between(5, 2**41) == within


def test_many_rows_are_found_and_take_little() -> None:
    packed = PackedInvocations()
    names = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(1, 3_001)]
    for row, name in enumerate(names):
        packed.put(
            row,
            replace(PLAIN, request_id=name, report=PLAIN.report and PLAIN.report._replace(request_id=name)),
        )
    assert [packed.rows_of(name) for name in names] == [[row] for row in range(3_000)]
    assert not packed.odd_count
    assert packed.rows_of(A) == []


def test_a_cold_start_with_a_trace_is_not_odd() -> None:
    packed = PackedInvocations()
    told = Report(A, Decimal("1.5"), 2, 128, 50, Decimal("250.10"), trace_id="Root=1-2")
    packed.put(0, replace(PLAIN, report=told))
    packed.put(1, PLAIN)
    packed.put(0, replace(PLAIN, report=told._replace(init_ms=None)))
    assert packed.get(0).report == told._replace(init_ms=None)
    packed.put(0, PLAIN)
    assert packed.get(0) == PLAIN
    assert not packed.odd_count


def test_a_list_tells_of_the_live_and_the_packed_alike() -> None:
    runs = InvocationList()
    for at in range(4):
        runs.append(replace(PLAIN, request_id=(A, B)[at % 2], started_ms=1_000 + at))
    assert runs.pack(1, 1_005, "note")
    assert runs.pack(2, None, "")
    assert not runs.pack(3, 0, "")  # it began before it began
    assert len(runs) == 4
    assert [run.started_ms for run in runs] == [1_000, 1_001, 1_002, 1_003]
    assert [run.started_ms for run in runs[1:3]] == [1_001, 1_002]
    assert runs[-1] is runs[3]
    assert [run.started_ms for run in runs.live()] == [1_000, 1_003]
    assert runs.of_request(A) == [0, 2]
    assert runs.of_request(B) == [1, 3]
    assert runs.packed_of(B, "s") == [1]
    assert runs.packed_of(B, "t") == []
    assert [run.started_ms for run in runs.started_between(1_001, 1_003)] == [1_001, 1_002, 1_003]
    assert runs.unpack(1) == (runs[1], 1_005, "note")
    assert runs[1] is runs[1]
    runs[1].started_ms = 0
    assert [run.started_ms for run in runs.started_between(1_001, 1_003)] == [1_002, 1_003]
    with pytest.raises(IndexError):
        runs[4]


def test_a_line_that_comes_long_after_changes_a_packed_invocation() -> None:
    tracker = InvocationTracker("f")

    def feed(at_ms: int, *messages: str) -> list[int]:
        rows = [LogEvent(at_ms, message, "s") for message in messages]
        return tracker.feed_all(LogColumns.of(rows)).invocations

    names = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(1, 9)]
    for at, name in enumerate(names):
        feed(1_000 + at * 100, f"START RequestId: {name} Version: 3")
        feed(
            1_050 + at * 100,
            f"REPORT RequestId: {name}\tDuration: 50.00 ms\tBilled Duration: 50 ms\tMemory Size: 128 MB\t"
            "Max Memory Used: 40 MB",
        )
    assert len(tracker.invocations.live()) <= 2
    assert feed(1_040, f"RequestId: {names[0]} Error: Runtime exited with error: exit status 1") == [0]
    assert tracker.invocations[0].outcome is Outcome.ERROR
    assert feed(1_000, f"START RequestId: {names[0]} Version: 3") == [0]  # the same again
    assert feed(9_000, f"START RequestId: {names[0]} Version: 3") == [8]  # a retry
    assert len(tracker.invocations.live()) <= 3
    assert tracker.invocations[0].outcome is Outcome.ERROR
    assert [tracker.invocations[at].started_ms for at in tracker.invocations.of_request(names[0])] == [
        1_000,
        9_000,
    ]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), ids), max_size=30), st.integers(0, 40))
def test_request_ids_by_key(puts: list[tuple[int, str]], before: int) -> None:
    kept = RequestIds()
    expected: dict[int, str] = {}
    for key, name in puts:
        kept.put([(key, name)])
        if name:
            expected.setdefault(key, name)
    assert all(kept.get(key) == expected.get(key, "") for key in range(41))
    copy = kept.copy()
    kept.forget(before)
    assert all(kept.get(key) == (expected.get(key, "") if key >= before else "") for key in range(41))
    kept.put([(key + before, name) for key, name in puts])
    assert all(copy.get(key) == expected.get(key, "") for key in range(41))
    kept.put([(-1, A), (10**9, A)])  # far away
    assert kept.get(10**9) == A
    assert kept.get(-1) == ""
