"""Lanes, sub-rows, the concurrency curve and the figures, by example and for whatever may come."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.deploys import PublishedVersion, list_deploys
from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.timeline import Kind, Mark, Summary, Timeline
from lambdadesk.core.timeline_lanes import SLACK_MS, UNKNOWN_ENVIRONMENT, name_stream
from lambdadesk.core.types import Invocation, Outcome, Report

START_MS = 1_790_000_000_000


def stream_of(number: int, version: str = "$LATEST") -> str:
    return f"2026/11/27/[{version}]{number:08x}000000000000000000000000"


def request_id(number: int) -> str:
    return f"0a1b2c3d-0000-4000-8000-{number:012}"


def run(
    number: int,
    at_ms: int,
    length_ms: float = 100,
    stream: str = stream_of(1),
    *,
    init: str | None = None,
    restore: str | None = None,
    outcome: Outcome = Outcome.OK,
    **more: Any,
) -> Invocation:
    report = Report(
        request_id(number),
        Decimal(str(length_ms)),
        init_ms=Decimal(init) if init else None,
        restore_ms=Decimal(restore) if restore else None,
    )
    return Invocation(
        "f",
        request_id(number),
        START_MS + at_ms,
        stream,
        ended_ms=None if outcome is Outcome.RUNNING else START_MS + at_ms + int(length_ms),
        outcome=outcome,
        report=None if outcome in (Outcome.RUNNING, Outcome.QUEUED, Outcome.UNKNOWN) else report,
        **more,
    )


def timeline(*runs: Invocation) -> Timeline:
    open_runs = [run for run in runs if run.outcome in (Outcome.RUNNING, Outcome.QUEUED, Outcome.UNKNOWN)]
    return Timeline(InvocationColumns.from_invocations(runs), open_runs)


def curve(found: Timeline) -> list[tuple[float, int]]:
    return [
        (round(at - START_MS, 1), int(count)) for at, count in zip(found.curve_ms, found.curve, strict=True)
    ]


def test_nothing_is_a_timeline_too() -> None:
    empty = timeline()
    assert (len(empty), empty.lanes, empty.span) == (0, [], (0.0, 0.0))
    assert empty.summary() == Summary()
    assert empty.marks() == []
    assert empty.find(request_id(1), 0) == -1


def test_an_environment_begins_with_its_init() -> None:
    found = timeline(run(1, 1_000, 100, init="250.5"), run(2, 3_000, 50.25))
    (lane,) = found.lanes
    assert (lane.version, lane.short_id, lane.title) == ("$LATEST", "00000001", "$LATEST · 00000001")
    assert lane.is_start_seen
    assert lane.began_ms - START_MS == 749.5
    assert lane.last_ms - START_MS == 3_050.25
    assert lane.idle_ms == 1_900
    assert [begin - START_MS for begin in found.begins] == [749.5, 3_000]
    assert [start - START_MS for start in found.starts] == [1_000, 3_000]
    assert list(found.colds) == [True, False]


def test_a_restore_is_a_cold_start() -> None:
    found = timeline(run(1, 1_000, restore="40"))
    assert found.begins[0] == START_MS + 960
    assert found.summary().cold_starts == 1


def test_lanes_are_in_the_order_of_their_begin_and_the_unknown_one_is_last() -> None:
    found = timeline(
        run(1, 500, stream=stream_of(2)),
        run(2, 600, stream=stream_of(1), init="200"),
        run(3, 0, stream=""),
    )
    assert [lane.title for lane in found.lanes] == [
        "$LATEST · 00000001",
        "$LATEST · 00000002",
        UNKNOWN_ENVIRONMENT,
    ]


def test_without_a_stream_init_is_between_sending_and_answer() -> None:
    found = timeline(run(1, 0, 300, stream="", init="100"))
    assert [found.begins[0], found.starts[0], found.ends[0]] == [START_MS, START_MS + 100, START_MS + 300]


@pytest.mark.parametrize(
    ("stream", "named"),
    [
        ("2025/08/31/[$LATEST]3893aaaa7fac4485b47bb75b671a283c", ("$LATEST", "3893aaaa")),
        ("2023/07/05/[56]374cbbbb", ("56", "374cbbbb")),
        ("2025/08/31/my-function[7][0a1b2c3d-0000]", ("7", "0a1b2c3d")),
        ("anything at all", ("9", "g at all")),
        ("", ("9", "")),
    ],
)
def test_a_stream_tells_version_and_environment(stream: str, named: tuple[str, str]) -> None:
    assert name_stream(stream, "9") == named


def test_interleaved_requests_get_rows_of_their_own() -> None:
    found = timeline(run(1, 0, 100), run(2, 50, 100), run(3, 100, 20), run(4, 160, 10))
    assert found.lanes[0].depth == 2
    assert list(found.rows) == [0, 1, 0, 0]
    assert found.summary().peak == 2


def test_runs_of_one_millisecond_are_not_taken_for_parallel_ones() -> None:
    """START is logged to the millisecond, durations are not."""
    found = timeline(run(1, 0, 0.6), run(2, 0, 0.6), run(3, 1, 5))
    assert found.lanes[0].depth == 1
    assert found.summary().peak == 1
    assert all(found.begins[1:] >= found.ends[:-1])


def test_the_curve_counts_what_runs_at_once() -> None:
    found = timeline(
        run(1, 0, 100),
        run(2, 50, 100, stream_of(2), init="20"),
        run(3, 150, 10),
        run(4, 155, 0, "", outcome=Outcome.UNKNOWN),
    )
    assert curve(found) == [(0, 1), (30, 2), (100, 1), (150, 1), (160, 0)]


def test_what_runs_still_has_no_end() -> None:
    found = timeline(run(1, 0, 100), run(2, 500, outcome=Outcome.RUNNING))
    assert found.ends[1] == np.inf
    assert found.span[1] == START_MS + 500
    assert found.curve[-1] == 1
    assert found.summary().running == 1
    assert found.in_span(START_MS + 90_000, START_MS + 99_000).tolist() == [False, True]


def test_figures() -> None:
    minute = 60_000
    found = timeline(
        run(1, 0, 1_000, init="500"),
        run(2, 10 * minute, 1_000),
        run(3, 30 * minute, 1_000, outcome=Outcome.TIMEOUT),
        run(4, 30 * minute, 1_000, stream_of(2), init="100"),
        run(5, 31 * minute, 1_000, "", outcome=Outcome.QUEUED),
    )
    summary = found.summary()
    assert (summary.invocations, summary.failed, summary.environments) == (5, 1, 2)
    assert (summary.cold_starts, summary.cold_rate) == (2, 0.5)
    assert (summary.reuse_mean, summary.reuse_most) == (2.0, 3)
    assert summary.peak == 2
    assert summary.idle_ms == 20 * minute - 1_000
    assert summary.per_hour == pytest.approx(2 / (31.025 / 60), rel=0.001)
    late = found.summary(START_MS + 29 * minute)
    assert (late.invocations, late.cold_starts, late.environments) == (3, 1, 2)
    assert late.per_hour is None  # of two minutes


def test_deploys_are_marked() -> None:
    found = timeline(
        run(1, 0, stream=stream_of(1, "6")),
        run(2, 5_000, stream=stream_of(2, "7"), init="100"),
        run(3, 9_000, stream=stream_of(3, "6")),
    )
    changed = datetime.fromtimestamp(START_MS / 1000 + 2, UTC)
    assert found.marks(list_deploys(changed)) == [
        Mark(START_MS + 2_000, "function changed"),
        Mark(START_MS + 4_900, "first run of v7"),
    ]
    published = [PublishedVersion("7", changed, "faster"), PublishedVersion("$LATEST", changed)]
    assert found.marks(list_deploys(None, published)) == [Mark(START_MS + 2_000, "v7 published (faster)")]


def test_a_run_is_made_into_an_object_when_it_is_asked_for() -> None:
    finished = run(1, 0, 12.5, init="3.25", error_type="Boom", outcome=Outcome.ERROR)
    running = run(2, 500, outcome=Outcome.RUNNING)
    found = timeline(running, finished)
    assert found.run(0).report == replace(finished).report._replace(error_type="Boom")
    assert (found.run(0).outcome, found.run(0).stream) == (Outcome.ERROR, stream_of(1))
    assert found.run(0) is not found.run(0)  # thousands of them take ten times as much as columns
    assert found.run(1) is running
    assert [found.request_id(at) for at in range(2)] == [request_id(1), request_id(2)]
    columns, open_runs = found.chosen(np.array([1, 0]))
    assert (columns.request_id(0), len(columns), open_runs) == (request_id(1), 1, [running])


def test_an_attempt_at_a_request_is_found_by_its_moment() -> None:
    again = replace(run(1, 90_000), report=None, outcome=Outcome.RUNNING, ended_ms=None)
    found = timeline(run(1, 0), run(1, 60_000, stream=stream_of(2)), run(2, 30_000), again)
    at = {moment: found.find(request_id(1), START_MS + moment) for moment in (5_000, 59_000, 88_000)}
    assert {moment: found.starts[index] - START_MS for moment, index in at.items()} == {
        5_000: 0,
        59_000: 60_000,
        88_000: 90_000,
    }
    assert found.find(request_id(9), START_MS) == -1


RUNS = st.lists(
    st.builds(
        lambda at, length, stream, boot, outcome: (at, length, stream, boot, outcome),
        st.integers(0, 400),
        st.decimals(0, 200, places=2),
        st.sampled_from(["", stream_of(1), stream_of(2, "7"), "odd"]),
        st.sampled_from([None, "12.5", "80"]),
        st.sampled_from(list(Outcome)),
    ),
    max_size=40,
)


def build(rows: Sequence[tuple[Any, ...]]) -> list[Invocation]:
    return [
        run(number, at, length, stream, init=boot, outcome=outcome)
        for number, (at, length, stream, boot, outcome) in enumerate(rows)
    ]


def columns(found: Timeline) -> dict[str, Any]:
    return {
        "lanes": found.lanes,
        "runs": [found.request_id(at) for at in range(len(found))],
        **{
            name: getattr(found, name).tolist()
            for name in ("begins", "starts", "ends", "kinds", "lane_of", "rows", "colds", "curve_ms", "curve")
        },
    }


@given(RUNS, st.randoms(use_true_random=False))
def test_order_does_not_matter(rows: list[Any], chance: Any) -> None:
    runs = build(rows)
    assert columns(timeline(*chance.sample(runs, len(runs)))) == columns(timeline(*runs))


def runs_of(found: Timeline) -> list[Invocation]:
    return [found.run(at) for at in range(len(found))]


@given(RUNS)
def test_rows_are_those_that_are_free_one_run_after_the_other(rows: list[Any]) -> None:
    """What is laid out in one go is what going through the runs of each environment gives."""
    found = timeline(*build(rows))
    for lane in found.lanes:
        free_at: list[float] = []
        for at in range(lane.first, lane.end):
            started = float(found.run(at).started_ms)
            free = [row for row, until in enumerate(free_at) if until < started + SLACK_MS]
            row = min(free, default=len(free_at))
            if row == len(free_at):
                free_at.append(-np.inf)
            assert found.rows[at] == row
            handler = max(started, free_at[row])
            assert (found.starts if lane.stream else found.begins)[at] == handler
            free_at[row] = float(found.ends[at])


@given(RUNS)
def test_columns_hold_together(rows: list[Any]) -> None:
    runs = build(rows)
    found = timeline(*runs)
    assert len(found) == len(runs)
    assert [(lane.first, lane.end) for lane in found.lanes] == list(
        zip([0, *(lane.end for lane in found.lanes)][:-1], [lane.end for lane in found.lanes], strict=True)
    )
    assert np.all(found.begins <= found.starts)
    assert np.all(found.starts <= found.ends)
    for number, lane in enumerate(found.lanes):
        part = slice(lane.first, lane.end)
        assert np.all(found.lane_of[part] == number)
        assert {each.stream for each in runs_of(found)[part]} == {lane.stream}
        assert lane.depth == max(found.rows[part]) + 1
        assert lane.began_ms == min(found.begins[part])
        for row in range(lane.depth):  # no two runs share a place
            own = lane.first + np.flatnonzero(found.rows[part] == row)
            assert np.all(found.begins[own][1:] >= found.ends[own][:-1])
    for each, start in zip(runs_of(found), found.starts, strict=True):
        if each.stream:
            assert 0 <= start - each.started_ms < SLACK_MS


@given(RUNS)
def test_the_curve_is_what_counting_gives(rows: list[Any]) -> None:
    found = timeline(*build(rows))
    counted = found.kinds != Kind.UNKNOWN
    for at_ms, count in zip(found.curve_ms, found.curve, strict=True):
        assert count == int((counted & (found.begins <= at_ms) & (at_ms < found.ends)).sum())
    assert np.all(np.diff(found.curve_ms) > 0)
    if len(found.curve):
        assert found.curve[-1] == sum(each.outcome is Outcome.RUNNING for each in runs_of(found))
    assert found.summary().peak == max(found.curve, default=0)


@given(RUNS, st.integers(0, 600), st.integers(0, 600))
def test_figures_of_a_span_are_those_of_its_runs(rows: list[Any], one: int, other: int) -> None:
    found = timeline(*build(rows))
    left, right = START_MS + min(one, other), START_MS + max(one, other)
    chosen = [at for at in range(len(found)) if found.begins[at] <= right and found.ends[at] >= left]
    summary = found.summary(left, right)
    assert summary.invocations == len(chosen)
    assert summary.failed == sum(found.kinds[at] >= Kind.ERROR for at in chosen)
    assert summary.environments == len({found.run(at).stream for at in chosen} - {""})
    assert summary.cold_starts == sum(bool(found.colds[at]) for at in chosen)
    if summary.cold_rate is not None:
        assert 0 <= summary.cold_rate <= 1
