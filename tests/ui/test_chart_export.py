"""The figures of charts as a file: whole, harmless, and stopped when one says so."""

import csv
from decimal import Decimal

import pytest

from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.types import Cost, Invocation, Outcome, Report
from lambdadesk.ui.widgets.chart_export import Stopped, to_csv


def run(number: int, error_type: str = "") -> Invocation:
    report = Report(f"r{number}", Decimal("7.50"), billed_ms=8, memory_mb=128, init_ms=Decimal("100.25"))
    return Invocation(
        *("f", f"r{number}", 1_790_000_000_000 + number, "stream"),
        ended_ms=1_790_000_000_010 + number,
        outcome=Outcome.ERROR if error_type else Outcome.OK,
        error_type=error_type,
        report=report,
        cost=Cost(Decimal("0.000000200000000000000001")),
    )


def test_each_figure_is_as_it_is_known() -> None:
    columns = InvocationColumns.from_invocations([run(0), run(1, "=cmd()")])
    shares: list[float] = []
    text = to_csv(columns, lambda share: shares.append(share) or True).decode()
    first, second = csv.DictReader(text.splitlines())
    assert first["start"] == "2026-09-21T14:13:20.000+00:00"
    assert (first["duration_ms"], first["init_ms"], first["restore_ms"]) == ("7.5", "100.25", "")
    assert Decimal(first["cost"]) == Decimal("0.000000200000000000000001")
    assert first["max_memory_mb"] == ""
    assert second["error_type"] == "'=cmd()"  # no spreadsheet runs it
    assert shares == [0]


def test_it_stops_between_two_parts() -> None:
    columns = InvocationColumns.from_invocations([run(number) for number in range(6)])
    shares: list[float] = []

    def tell(share: float) -> bool:
        shares.append(share)
        return share < 0.5

    with pytest.raises(Stopped):
        to_csv(columns, tell, rows_at_once=2)
    assert shares == [0, pytest.approx(1 / 3), pytest.approx(2 / 3)]
