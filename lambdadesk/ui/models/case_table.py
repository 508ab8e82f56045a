"""The table of saved cases with their verdicts."""

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject

from lambdadesk.core.expectations import Verdict, describe
from lambdadesk.core.money import format_money
from lambdadesk.desk.suite_run import CaseResult
from lambdadesk.store.saved_cases import SavedCase
from lambdadesk.ui.models.history_table import format_duration
from lambdadesk.ui.models.rows import NOTHING, Column, RowTableModel

_VERDICTS: Final = {
    Verdict.PASSED: ("Passed", "ok", "ok"),
    Verdict.FAILED: ("Failed", "error", "error"),
    Verdict.UNKNOWN: ("Not known", "warning", "warning"),
}


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case of the folder and what became of it; `said` are its findings as they were when it was made."""

    saved: SavedCase
    result: CaseResult | None = None
    is_running: bool = False
    said: str = ""


def make_row(saved: SavedCase, result: CaseResult | None, is_running: bool) -> CaseRow:
    said = ""
    if result is not None:
        said = str(result.error) if result.error else "\n".join(str(each) for each in result.findings)
    return CaseRow(saved, result, is_running, said)


def _status(row: CaseRow) -> tuple[str, str, str]:
    if row.saved.problem:
        return "Unusable", "warning", "warning"
    if row.is_running:
        return "Running…", "clock", "dim"
    if row.result is None:
        return "Not run", "clock", "dim"
    if row.result.error is not None:
        return "Not run", "error", "error"
    return _VERDICTS[row.result.verdict]


def _why(row: CaseRow) -> str:
    if row.saved.problem:
        return row.saved.problem
    if row.result is None:
        return describe(row.saved.case.expectations) if row.saved.case else ""
    if row.result.error is not None:
        return row.result.error.message
    wrong = [each for each in row.result.findings if each.verdict is not Verdict.PASSED]
    count = len(row.result.findings)
    return "; ".join(map(str, wrong)) or f"{count} expectation{'s' * (count != 1)} held"


def _duration(row: CaseRow) -> str:
    run = row.result.run if row.result else None
    return format_duration(run.duration_ms) if run and run.duration_ms is not None else NOTHING


def _cost(row: CaseRow) -> str:
    run = row.result.run if row.result else None
    if run is None or run.cost is None:
        return NOTHING
    return f"{'' if run.cost_exact else '≈ '}{format_money(run.cost, run.currency)}"


_COLUMNS: Final = (
    Column[CaseRow]("Case", lambda row: row.saved.name),
    Column[CaseRow]("Verdict", lambda row: _status(row)[0], status=lambda row: _status(row)[1:]),
    Column[CaseRow]("Version", lambda row: row.saved.case.qualifier if row.saved.case else NOTHING),
    Column[CaseRow]("Duration", _duration, is_number=True),
    Column[CaseRow]("Cost", _cost, is_number=True),
    Column[CaseRow]("Expectations", _why, tooltip=lambda row: row.said or row.saved.problem),
)
CASE_SAMPLES: Final = (
    "a case with a long name",
    "Not known iiii",
    "production",
    "9,999 ms",
    "≈ $0.000000408",
)


class CaseTableModel(RowTableModel[CaseRow]):
    """One row for each file, by name."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, lambda row: row.saved.name, parent)

    def set_rows(self, rows: list[CaseRow]) -> None:
        self._show(rows)
