"""Groups of invocations, and the figures of each."""

from decimal import Decimal

import pytest

from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.invocation_groups import (
    MOST_GROUPS,
    alias_names,
    group_by_change,
    group_by_version,
    measure_groups,
    percentile,
)
from lambdadesk.core.invocation_summary import summarise
from lambdadesk.core.types import Cost, Invocation, Outcome, Report


def run(
    number: int, version: str = "1", outcome: Outcome = Outcome.OK, *, is_priced: bool = True
) -> Invocation:
    request_id = f"0a1b2c3d-0000-4000-8000-{number:012}"
    report = Report(request_id, Decimal(10 * (number + 1)), billed_ms=10 * (number + 1), memory_mb=128)
    return Invocation(
        "f",
        request_id,
        1_790_000_000_000 + 1_000 * number,
        f"2026/11/27/[{version}]{number:032x}",
        ended_ms=1_790_000_000_500 + 1_000 * number,
        version=version,
        outcome=outcome,
        report=report,
        cost=Cost(Decimal("0.0000002")) if is_priced else None,
    )


def test_versions_are_in_their_order_and_carry_their_aliases() -> None:
    columns = InvocationColumns.from_invocations([run(0, "$LATEST"), run(1, "10"), run(2, "9"), run(3, "10")])
    groups = group_by_version(columns, {"10": "live"})
    assert groups.names == ("v9", "v10 (live)", "$LATEST")
    assert groups.codes.tolist() == [2, 1, 0, 1]


def test_more_versions_than_can_be_told_apart_become_one_group() -> None:
    columns = InvocationColumns.from_invocations([run(number, str(number + 1)) for number in range(20)])
    groups = group_by_version(columns)
    assert len(groups.names) == MOST_GROUPS
    assert groups.names[0] == "v14"  # of those that ran last
    assert groups.names[-1] == "all others"
    assert sorted(groups.codes.tolist()) == sorted([*range(7), *[7] * 13])


def test_a_change_parts_before_from_since() -> None:
    columns = InvocationColumns.from_invocations([run(number) for number in range(4)])
    groups = group_by_change(columns, 1_790_000_002_000, "v2 published")
    assert groups.names == ("before: v2 published", "since: v2 published")
    assert groups.codes.tolist() == [0, 0, 1, 1]


def test_figures_of_groups_add_up_to_the_totals() -> None:
    runs = [
        run(number, "1" if number < 3 else "2", Outcome.ERROR if number == 4 else Outcome.OK)
        for number in range(6)
    ]
    columns = InvocationColumns.from_invocations(runs)
    rows = measure_groups(columns, group_by_version(columns))
    assert [(row.name, row.invocations, row.errors) for row in rows] == [("v1", 3, 0), ("v2", 3, 1)]
    assert (rows[0].p50_ms, rows[0].p90_ms, rows[0].p99_ms) == (20, 30, 30)
    assert sum(row.cost for row in rows) == columns.totals().cost
    assert rows[0].per_million == Decimal("0.2")
    assert rows[0].is_exact


def test_what_has_no_cost_has_none_for_a_million() -> None:
    columns = InvocationColumns.from_invocations([run(0, is_priced=False)])
    (row,) = measure_groups(columns, group_by_version(columns))
    assert row.per_million is None
    assert not row.is_exact


def test_names_of_aliases_are_by_version() -> None:
    told = {"$LATEST": "", "live": "7", "blue": "7 90 %, 8 10 %", "8": ""}
    assert alias_names(told) == {"7": "live, blue", "8": "blue"}


@pytest.mark.parametrize(("share", "value"), [(50, 2.0), (90, 4.0), (99, 4.0)])
def test_a_percentile_is_a_value_that_was_seen(share: int, value: float) -> None:
    columns = InvocationColumns.from_invocations([run(number) for number in range(4)])
    assert percentile(columns.duration_ms / 10, share) == value
    assert percentile(columns.duration_ms[:0], share) is None


def test_a_summary_says_from_where_and_what_it_sums_up_to() -> None:
    columns = InvocationColumns.from_invocations(
        [run(0), run(1, outcome=Outcome.TIMEOUT), run(2, is_priced=False)]
    )
    text = summarise(columns, 3)
    assert text.startswith("3 invocations since 2026-")
    assert ", 3 seen in the log · 1 failed · " in text
    assert text.endswith(" · 0.007500 GB-s · $0.000000400 · 1 without a known cost")
    assert summarise(columns.where(slice(0, 1)), 3).startswith("In sight, of 3 in all: 1 invocation since ")
    assert summarise(columns.where(slice(0, 0)), 3) == "In sight, of 3 in all: no invocation"


def test_an_invocation_is_found_by_its_request_id() -> None:
    odd = run(1)
    odd.request_id = "not a uuid"
    columns = InvocationColumns.from_invocations([run(0), odd])
    assert columns.find(run(0).request_id) == 0
    assert columns.find("not a uuid") == 1
    assert columns.find("another") == -1
    assert columns.find("0a1b2c3d-0000-4000-8000-000000000099") == -1
