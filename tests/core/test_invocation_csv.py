"""Invocations as a file: whole, harmless, and stopped when one says so."""

import csv
from decimal import Decimal

import pytest

from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.invocation_csv import COLUMNS, Stopped, to_csv
from lambdadesk.core.types import Cost, Invocation, Outcome, Report


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


def test_what_has_not_ended_is_last_and_has_no_figures() -> None:
    running = Invocation("f", "=r9", 1_790_000_000_000, "stream", version="7")
    queued = Invocation("f", "r8", 1_790_000_000_000, outcome=Outcome.QUEUED, here=True)
    columns = InvocationColumns.from_invocations([run(0)])
    text = to_csv(columns, lambda _share: True, [running, queued]).decode()
    ended, *opened = csv.DictReader(text.splitlines())
    assert ended["outcome"] == "ok"
    told = ("start", "version", "outcome", "log_stream", "source", "request_id")
    start = "2026-09-21T14:13:20.000+00:00"
    assert [tuple(row[name] for name in told) for row in opened] == [
        (start, "7", "running", "stream", "log", "'=r9"),
        (start, "$LATEST", "queued", "", "answer", "r8"),
    ]
    assert not any(row[name] for row in opened for name in {*COLUMNS} - {*told})


def test_it_stops_between_two_parts() -> None:
    columns = InvocationColumns.from_invocations([run(number) for number in range(6)])
    shares: list[float] = []

    def tell(share: float) -> bool:
        shares.append(share)
        return share < 0.5

    with pytest.raises(Stopped):
        to_csv(columns, tell, rows_at_once=2)
    assert shares == [0, pytest.approx(1 / 3), pytest.approx(2 / 3)]
