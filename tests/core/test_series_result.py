"""The figures of a series are those of its runs, whatever their order."""

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.series_result import (
    SeriesRun,
    group_errors,
    histogram,
    normalise,
    percentiles,
    read_error,
    summarise,
    tell,
    tell_cost,
    to_csv,
    to_json,
    to_ndjson,
)
from lambdadesk.core.types import Outcome

OK = SeriesRun(
    1,
    Outcome.OK,
    1_790_000_000_000,
    round_trip_ms=20,
    duration_ms=Decimal("12.34"),
    billed_ms=13,
    has_report=True,
    cost=Decimal("0.00000023"),
    version="7",
)
ERROR = replace(
    OK, number=2, outcome=Outcome.ERROR, version="8", error_type="ValueError", error="order 17 is not there"
)
COLD = replace(OK, number=3, round_trip_ms=400, init_ms=Decimal("251.5"))
THROTTLED = SeriesRun(
    4,
    Outcome.ERROR,
    1_790_000_000_001,
    round_trip_ms=4,
    error="Lambda did not run it.",
    was_throttled=True,
    did_run=False,
)
LOST = SeriesRun(5, Outcome.UNKNOWN, 1_790_000_000_002, round_trip_ms=9_000, error="No answer came in time.")
ALL = [OK, ERROR, COLD, THROTTLED, LOST]


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=300))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values: list[int]) -> None:
    found = percentiles(values)
    assert found is not None
    assert found.max == max(values)
    for share, value in ((50, found.p50), (90, found.p90), (95, found.p95), (99, found.p99)):
        assert value in values
        assert sum(each <= value for each in values) * 100 >= share * len(values)
        assert sum(each < value for each in values) * 100 < share * len(values)


def test_there_are_no_percentiles_of_nothing() -> None:
    assert percentiles([]) is None


@given(st.permutations(ALL))
def test_the_order_of_the_runs_makes_no_difference(runs: list[SeriesRun]) -> None:
    result = summarise(runs, 2.0)
    assert (result.runs, result.failed, result.throttled) == (5, 2, 1)
    assert dict(result.outcomes) == {Outcome.OK: 2, Outcome.ERROR: 1, Outcome.UNKNOWN: 1}
    assert result.billed is not None
    assert (result.billed.count, result.billed.max) == (3, 13)
    assert result.round_trip is not None
    assert result.round_trip.max == 400  # neither the throttled nor the lost one
    assert result.cold is not None
    assert result.warm is not None
    assert (result.cold.count, result.warm.count, result.unreported) == (1, 2, 1)
    assert result.per_s == 2.5
    assert result.cost == 3 * Decimal("0.00000023")
    assert result.unknown_cost == 1  # the lost one may have run; the throttled one costs nothing
    assert [(each.version, each.runs, each.failed) for each in result.versions] == [("7", 2, 0), ("8", 1, 1)]


def test_the_cost_says_what_is_missing_from_it() -> None:
    assert tell_cost(summarise([OK])) == "$0.000000230"
    assert tell_cost(summarise([replace(OK, cost_exact=False)])) == "≈ $0.000000230"
    assert tell_cost(summarise([OK, LOST])) == "at least $0.000000230 (1 not known)"
    assert tell_cost(summarise([LOST])) == "cost not known yet"
    assert tell_cost(summarise([THROTTLED])) == "$0"


def test_errors_that_differ_in_numbers_are_one_group() -> None:
    runs = [replace(ERROR, number=n, error=f"order {n} is not there") for n in range(1, 4)]
    first, second = group_errors([THROTTLED, *runs, OK])
    assert (first.error_type, first.message, first.count) == ("ValueError", "order <n> is not there", 3)
    assert first.example is runs[0]
    assert (second.error_type, second.count) == ("Throttled", 1)


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("Task timed out after 3.00 seconds", "Task timed out after <n> seconds"),
        ("id 11111111-2222-4333-8444-555555555555 is gone", "id <id> is gone"),
        ("at 2026-01-02T03:04:05.678Z", "at <time>"),
        ("key deadbeef0123 of facade", "key <id> of facade"),
        ("no table", "no table"),
    ],
)
def test_a_message_without_what_differs(message: str, found: str) -> None:
    assert normalise(message) == found


@pytest.mark.parametrize(
    ("response", "found"),
    [
        (b'{"errorType": "KeyError", "errorMessage": "no"}', ("KeyError", "no")),
        (b'{"errorType": 5}', ("", "")),
        (b"[]", ("", "")),
        (b"<html>\xff", ("", "<html>\ufffd")),
    ],
)
def test_the_error_of_an_answer(response: bytes, found: tuple[str, str]) -> None:
    assert read_error(response) == found


@given(st.lists(st.integers(0, 1_000), max_size=100))
def test_a_histogram_has_every_value_once(values: list[int]) -> None:
    bars = histogram(values, 10)
    assert sum(count for _, _, count in bars) == len(values)
    assert all(low <= high for low, high, _ in bars)


def test_the_text_tells_what_the_tables_show() -> None:
    text = tell(summarise(ALL, 2.0))
    assert text.startswith("5 runs · 2 ok · 1 error · 1 unknown · 1 throttled · 2.5 a second · at least")
    assert "Billed duration of 3: median 13 ms" in text
    assert "Version 8: 1 runs, 1 failed." in text
    assert "1 times ValueError: order <n> is not there" in text


@given(st.text())
def test_every_file_holds_every_run(message: str) -> None:
    runs = [OK, replace(ERROR, error=message)]
    lines = to_ndjson(runs).rstrip("\n").split("\n")
    assert json.loads(lines[0])["cost"] == "0.00000023"
    whole = json.loads(to_json(runs, summarise(runs)))
    assert whole["all"] == [json.loads(line) for line in lines]
    rows = list(csv.DictReader(io.StringIO(to_csv(runs), newline="")))
    assert [row["number"] for row in rows] == ["1", "2"]
    assert rows[1]["error"].removeprefix("'") == message.removeprefix("'")


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_spreadsheet_runs_what_a_function_said(formula: str) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv([replace(ERROR, error=formula)]), newline="")))
    assert rows[0]["error"] == f"'{formula}"
