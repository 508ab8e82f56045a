"""The figures of columns are those that plain Python finds, whatever the invocations."""

import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.invocation_stats import (
    before_and_after,
    bins,
    boot_ms,
    by_version,
    figures,
    histogram,
    known,
    percentile_bands,
    spread,
    time_edges,
)
from lambdadesk.core.types import Cost, Invocation, Outcome, Report

START_MS = 1_790_000_000_000


def make(
    number: int, at_ms: int, took: Decimal | None, init: Decimal | None, outcome: Outcome, version: str
) -> Invocation:
    report = None
    if took is not None:
        report = Report(f"r{number}", took, int(took) + 1, 512, 50 + number, init)
    return Invocation(
        *("f", f"r{number}", START_MS + at_ms, "stream", START_MS + at_ms + number, version, outcome),
        report=report,
        cost=Cost(Decimal(number) / 8) if number % 3 else None,
    )


some = st.builds(
    make,
    st.integers(0, 1_000),
    st.integers(0, 10_000),
    st.none() | st.decimals(0, 900_000, places=2),
    st.none() | st.decimals(0, 10_000, places=2),
    st.sampled_from([Outcome.OK, Outcome.ERROR, Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY]),
    st.sampled_from(["$LATEST", "7", "12", "live"]),
)
everything = settings(max_examples=50, deadline=None)


def ranked(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[max(1, math.ceil(len(ordered) * Decimal(str(percent)) / 100)) - 1]


def columns_of(runs: Sequence[Invocation]) -> tuple[InvocationColumns, list[Invocation]]:
    columns = InvocationColumns.from_invocations(runs)
    return columns, list(columns.invocations("f"))


@everything
@given(st.lists(some, max_size=40))
def test_figures(runs: Sequence[Invocation]) -> None:
    columns, rows = columns_of(runs)
    found = figures(columns)
    assert found.totals.invocations == len(rows)
    reports = [row.report for row in rows if row.report is not None]
    assert found.cold_starts == sum(report.init_ms is not None for report in reports)
    took = [float(report.duration_ms) for report in reports]
    if not took:
        assert found.handler_ms is None
        assert found.used_mb is None
        return
    assert found.handler_ms is not None
    assert found.handler_ms.count == len(took)
    assert (found.handler_ms.least, found.handler_ms.most) == (min(took), max(took))
    assert found.handler_ms.mean == pytest.approx(sum(took) / len(took))
    for name in ("p50", "p90", "p95", "p99"):
        assert getattr(found.handler_ms, name) == ranked(took, float(name[1:]))
    assert found.used_mb is not None
    assert found.used_mb.most == max(report.max_memory_mb or 0 for report in reports)
    boots = [float(report.init_ms) for report in reports if report.init_ms is not None]
    assert found.boot_ms == spread(boots)
    failed = sum(row.outcome is not Outcome.OK for row in rows)
    assert found.error_rate == failed / len(rows)


@everything
@given(st.lists(some, max_size=40), st.integers(2, 20))
def test_bins_of_time(runs: Sequence[Invocation], most: int) -> None:
    columns, rows = columns_of(runs)
    edges = time_edges(START_MS + 100, START_MS + 9_000, most)
    found = bins(columns, edges)
    bands = percentile_bands(columns, columns.duration_ms, edges, (50, 99.9))
    for place, (first, end) in enumerate(pairwise(edges.tolist())):
        inside = [row for row in rows if first <= row.started_ms < end]
        assert found.invocations[place] == len(inside)
        assert found.errors[place] == sum(row.outcome is not Outcome.OK for row in inside)
        reports = [row.report for row in inside if row.report is not None]
        assert found.cold_starts[place] == sum(report.init_ms is not None for report in reports)
        costs = [float(row.cost.amount) for row in inside if row.cost is not None]
        assert found.costs[place] == pytest.approx(sum(costs), abs=1e-9)
        took = [float(report.duration_ms) for report in reports]
        if took:
            assert bands[:, place].tolist() == [ranked(took, 50), ranked(took, 99.9)]
        else:
            assert np.isnan(bands[:, place]).all()


@everything
@given(st.integers(0, 10**12), st.integers(0, 10**11), st.integers(2, 1_000))
def test_edges_cover_the_span_at_round_times(start_ms: int, length_ms: int, most: int) -> None:
    edges = time_edges(start_ms, start_ms + length_ms, most)
    steps = set(np.diff(edges).tolist())
    assert len(steps) == 1
    (step,) = steps
    assert edges[0] % step == 0
    assert edges[0] <= start_ms < edges[0] + step
    assert edges[-1] - step < max(start_ms + length_ms, start_ms + 1) <= edges[-1]
    assert 2 <= len(edges) <= most + 1


numbers = st.decimals(0, 900_000, places=3).map(float) | st.sampled_from([0.0, 1.0, 10.0, 100.0, math.nan])


@everything
@given(st.lists(numbers, max_size=60), st.integers(1, 30), st.booleans())
def test_histogram(values: Sequence[float], count: int, is_log: bool) -> None:
    found = histogram(values, count, is_log=is_log)
    there = [value for value in values if not math.isnan(value)]
    if is_log and not any(value > 0 for value in there):
        assert len(found.counts) == 0
        return
    assert found.counts.sum() == len(there)
    edges = found.edges.tolist()
    if len(set(edges)) < len(edges):
        return  # all the same, or so near to each other that no number is between the edges
    last = len(edges) - 2
    for place, (low, high) in enumerate(pairwise(edges)):
        expected = sum(
            (low <= value or (place == 0 and value < low)) and (value < high or place == last)
            for value in there
        )
        assert found.counts[place] == expected


def test_a_value_on_an_edge_is_in_the_bin_that_begins_there() -> None:
    for high, count in ((1.1, 13), (3.3, 7), (7.7, 13), (9.9, 23)):  # where multiplying rounds down
        edges = np.linspace(0, high, count + 1)
        assert histogram(edges, count).counts.tolist() == [1] * (count - 1) + [2]


def test_a_histogram_of_one_value_and_of_none() -> None:
    same = histogram([5.0, 5.0, math.nan])
    assert (same.edges.tolist(), same.counts.tolist()) == ([5.0, 5.0], [2])
    assert len(histogram([]).counts) == len(histogram([math.nan]).counts) == 0


def test_versions_and_a_deploy() -> None:
    runs = [
        make(number, number, Decimal(number), None, Outcome.OK, version)
        for number, version in enumerate(["12", "$LATEST", "7", "12", "live"])
    ]
    columns = InvocationColumns.from_invocations(runs)
    groups = by_version(columns.between(START_MS, START_MS + 4))
    assert {name: len(rows) for name, rows in groups.items()} == {"7": 1, "12": 2, "$LATEST": 1}
    assert list(groups) == ["7", "12", "$LATEST"]
    before, after = before_and_after(columns, START_MS + 3)
    assert [len(before), len(after)] == [3, 2]
    assert after.started_ms.tolist() == [START_MS + 3, START_MS + 4]


def test_what_no_report_has_is_in_no_figure() -> None:
    runs = [make(1, 0, None, None, Outcome.OK, "7"), make(2, 1, Decimal(5), Decimal(2), Outcome.OK, "7")]
    columns = InvocationColumns.from_invocations(runs)
    assert np.isnan(boot_ms(columns)).tolist() == [True, False]
    assert np.isnan(known(columns.billed_ms)).tolist() == [True, False]
    assert figures(InvocationColumns.empty()).error_rate is None
