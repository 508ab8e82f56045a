"""The tables of a series: its percentiles, and its errors in groups."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from PySide6.QtCore import QObject

from lambdadesk.core.series_result import ErrorGroup, Percentiles, SeriesResult
from lambdadesk.ui.models.history_table import format_duration
from lambdadesk.ui.models.rows import NOTHING, Column, RowTableModel


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One row of percentiles; `earlier` are those of the series that it is compared with."""

    name: str
    figures: Percentiles | None
    earlier: Percentiles | None = None


def figure_rows(result: SeriesResult, earlier: SeriesResult | None = None) -> list[FigureRow]:
    """Each kind of duration that anything is known of."""
    rows = []
    for name, key in (
        ("Billed", "billed"),
        ("Duration", "duration"),
        ("Round trip", "round_trip"),
        ("  cold starts", "cold"),
        ("  warm starts", "warm"),
    ):
        now, before = getattr(result, key), getattr(earlier, key) if earlier else None
        if now or before:
            rows.append(FigureRow(name, now, before))
    return rows


def _figure(name: str) -> Callable[[FigureRow], str]:
    def text(row: FigureRow) -> str:
        now = format_duration(getattr(row.figures, name)) if row.figures else NOTHING
        return f"{now} ({_change(row, name)})" if row.earlier else now

    return text


def _change(row: FigureRow, name: str) -> str:
    if row.figures is None or row.earlier is None:
        return "new" if row.figures else "gone"
    now, before = Decimal(getattr(row.figures, name)), Decimal(getattr(row.earlier, name))
    if now == before:
        return "="
    return f"{(now - before) / before * 100:+.0f} %" if before else "new"


FIGURE_COLUMNS: Final = (
    Column[FigureRow]("", lambda row: row.name),
    Column[FigureRow](
        "Runs", lambda row: f"{row.figures.count:,}" if row.figures else NOTHING, is_number=True
    ),
    Column[FigureRow]("Median", _figure("p50"), is_number=True),
    Column[FigureRow]("90 %", _figure("p90"), is_number=True),
    Column[FigureRow]("95 %", _figure("p95"), is_number=True),
    Column[FigureRow]("99 %", _figure("p99"), is_number=True),
    Column[FigureRow]("Longest", _figure("max"), is_number=True),
)
FIRST_FIGURE: Final = 2  # of the columns
FIGURE_SAMPLES: Final = ("  warm starts i", "10,000", *(["99,999 ms"] * 5))
CHANGE_SAMPLE: Final = "9,999 ms (+99 %)"  # of a figure that is compared

ERROR_COLUMNS: Final = (
    Column[ErrorGroup]("Runs", lambda group: f"{group.count:,}", is_number=True),
    Column[ErrorGroup]("Error", lambda group: group.error_type, status=lambda _group: ("error", "error")),
    Column[ErrorGroup](
        "Message",
        lambda group: group.message or NOTHING,
        tooltip=lambda group: f"Run {group.example.number:,}: {group.example.error}",
    ),
)
ERROR_SAMPLES: Final = ("10,000", "Runtime.ExitError i")


class FigureTableModel(RowTableModel[FigureRow]):
    """Percentiles, a row for each kind of duration."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(FIGURE_COLUMNS, lambda row: row.name, parent)

    def set_result(self, result: SeriesResult, earlier: SeriesResult | None) -> None:
        self._show(figure_rows(result, earlier))


class ErrorTableModel(RowTableModel[ErrorGroup]):
    """Groups of errors, the most frequent first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(ERROR_COLUMNS, lambda group: (group.error_type, group.message), parent)

    def set_result(self, result: SeriesResult) -> None:
        self._show(list(result.errors))
