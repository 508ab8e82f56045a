"""The table of a power sweep: one row for each memory size."""

from typing import Final

from PySide6.QtCore import QObject

from lambdadesk.core.money import format_money
from lambdadesk.core.power_sweep import SweepPoint
from lambdadesk.ui.models.history_table import format_duration
from lambdadesk.ui.models.rows import NOTHING, Column, RowTableModel

SWEEP_SAMPLES: Final = (
    "10,240 MB",
    "iiii 100 of 100 failed",
    "★ cheapest, fastest, balanced",
    "$LATEST",
    "9,999 ms",
    "9,999 ms",
    "9,999 ms",
    "9,999 MB",
    "$0.000000408",
)


class SweepModel(RowTableModel[SweepPoint]):
    """Sizes and what came of them; the words of the choice come from outside."""

    def __init__(self, parent: QObject | None = None) -> None:
        self._wanted = 0
        self._currency = "USD"
        self._picks: dict[int, str] = {}
        columns = (
            Column[SweepPoint]("Memory", lambda point: f"{point.memory_mb:,} MB", is_number=True),
            Column[SweepPoint](
                "Runs",
                lambda point: self._runs(point)[0],
                status=lambda point: self._runs(point)[1:],
                tooltip=lambda point: _about_runs(point),
                spoken=lambda point: _about_runs(point),
            ),
            Column[SweepPoint]("Choice", self._choice, tooltip=self._choice),
            Column[SweepPoint]("Version", lambda point: point.version or NOTHING),
            Column[SweepPoint]("Median", lambda point: _of(point, "p50"), is_number=True),
            Column[SweepPoint]("95 %", lambda point: _of(point, "p95"), is_number=True),
            Column[SweepPoint](
                "Cold start",
                lambda point: format_duration(point.cold_ms.p50) if point.cold_ms else NOTHING,
                is_number=True,
            ),
            Column[SweepPoint](
                "Used", lambda point: f"{point.peak_mb:,} MB" if point.peak_mb else NOTHING, is_number=True
            ),
            Column[SweepPoint](
                "Cost of a run",
                lambda point: (
                    format_money(point.mean_cost, self._currency) if point.mean_cost is not None else NOTHING
                ),
                is_number=True,
            ),
        )
        super().__init__(columns, lambda point: point.memory_mb, parent)

    def set_points(self, points: list[SweepPoint], wanted: int, currency: str, picks: dict[int, str]) -> None:
        """wanted: runs of each size. picks: what a size was chosen for, by size."""
        self._wanted, self._currency, self._picks = wanted, currency, picks
        self._show(points)
        if points:
            self.dataChanged.emit(self.index(0, 0), self.index(len(points) - 1, self.columnCount() - 1))

    def _runs(self, point: SweepPoint) -> tuple[str, str, str]:
        if point.error is not None:
            return "not run", "error", "error"
        if point.failed or point.throttled:
            bad = point.failed + point.throttled
            return f"{bad} of {len(point.runs)} failed", "warning", "warning"
        if len(point.runs) < self._wanted:
            return f"{len(point.runs)} of {self._wanted}", "clock", "dim"
        return f"{len(point.runs)}", "ok", "ok"

    def _choice(self, point: SweepPoint) -> str:
        if point.memory_mb in self._picks:
            return f"★ {self._picks[point.memory_mb]}"
        if len(point.runs) < self._wanted and point.error is None:
            return ""
        return f"▲ {point.obstacle}" if point.obstacle else ""


def _of(point: SweepPoint, key: str) -> str:
    return format_duration(getattr(point.duration, key)) if point.duration else NOTHING


def _about_runs(point: SweepPoint) -> str:
    if point.error is not None:
        return str(point.error)
    parts = [f"{len(point.warm):,} warm", f"{len(point.cold):,} cold"]
    if point.failed:
        parts.append(f"{point.failed:,} failed, left out")
    if point.throttled:
        parts.append(f"{point.throttled:,} throttled, left out")
    if point.unreported:
        parts.append(f"{point.unreported:,} without a REPORT line yet")
    return ", ".join(parts)
