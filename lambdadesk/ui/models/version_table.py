"""The table of versions that were asked the same, side by side."""

from decimal import Decimal
from typing import Final

from PySide6.QtCore import QObject

from lambdadesk.core.series_result import tell_cost
from lambdadesk.core.types import Outcome
from lambdadesk.desk.version_run import VersionRow
from lambdadesk.ui.models.history_table import OUTCOMES, format_duration
from lambdadesk.ui.models.rows import NOTHING, Column, RowTableModel


def _status(row: VersionRow) -> tuple[str, str, str]:
    if row.is_running:
        return OUTCOMES[Outcome.RUNNING]
    if row.error is not None and not row.runs:
        return "Not run", "error", "error"
    if not row.runs:
        return "Not asked", "clock", "dim"
    outcomes = {run.outcome for run in row.runs}
    if len(outcomes) == 1:
        return OUTCOMES[row.runs[0].outcome]
    failed = sum(run.has_failed for run in row.runs)
    return f"{failed} of {len(row.runs)} failed", "error", "error"


def _median(row: VersionRow, key: str) -> str:
    figures = getattr(row.result(), key)
    return format_duration(figures.p50) if figures else NOTHING


def _memory(row: VersionRow) -> str:
    used = [run.max_memory_mb for run in row.runs if run.max_memory_mb is not None]
    return f"{max(used):,} MB" if used else NOTHING


def _init(row: VersionRow) -> str:
    inits: list[Decimal] = [run.init_ms for run in row.runs if run.init_ms is not None]
    if inits:
        return format_duration(max(inits))
    return "none" if any(run.has_report for run in row.runs) else NOTHING


def _response(row: VersionRow) -> str:
    if row.entry is None or row.is_equal is None:
        return NOTHING if row.entry is None else "the first"
    return "the same" if row.is_equal else "differs"


def _executed(row: VersionRow) -> str:
    versions = sorted({run.version for run in row.runs if run.version} - {row.qualifier})
    return f"{row.qualifier} ({', '.join(versions)})" if versions else row.qualifier


_COLUMNS: Final = (
    Column[VersionRow]("Version", _executed),
    Column[VersionRow](
        "Status",
        lambda row: _status(row)[0],
        status=lambda row: _status(row)[1:],
        tooltip=lambda row: str(row.error or ""),
    ),
    Column[VersionRow]("Response", _response),
    Column[VersionRow]("Runs", lambda row: f"{len(row.runs):,}", is_number=True),
    Column[VersionRow]("Duration", lambda row: _median(row, "duration"), is_number=True),
    Column[VersionRow]("Billed", lambda row: _median(row, "billed"), is_number=True),
    Column[VersionRow]("Cost", lambda row: tell_cost(row.result()) if row.runs else NOTHING, is_number=True),
    Column[VersionRow]("Memory", _memory, is_number=True),
    Column[VersionRow]("Init", _init, is_number=True),
)
VERSION_SAMPLES: Final = (
    "$LATEST (12)",
    "Succeeded iiii",
    "the same",
    "100",
    "9,999 ms",
    "9,999 ms",
    "$0.000000408",
    "9,999 MB",
    "9,999 ms",
)


class VersionTableModel(RowTableModel[VersionRow]):
    """One row for each alias or version; rows change in place."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, lambda row: row.qualifier, parent)

    def set_rows(self, rows: list[VersionRow]) -> None:
        self._show(rows)
        if rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(_COLUMNS) - 1))
