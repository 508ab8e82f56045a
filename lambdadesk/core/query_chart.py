"""The chart of a query's result: lines over its times, or bars over its texts."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lambdadesk.core.query_table import ColumnKind, QueryTable, get_time_ms

_MAX_LINES: Final = 8
_MAX_BARS: Final = 30


@dataclass(frozen=True, slots=True)
class ChartLine:
    """One line over time, or one set of bars. xs: epoch seconds, or 0, 1, 2 ... of the chart's labels."""

    name: str
    xs: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ResultChart:
    """labels: what the bars stand for; empty where the x axis is time. left_off: lines or bars beyond the
    most that are drawn."""

    value: str
    lines: tuple[ChartLine, ...]
    labels: tuple[str, ...] = ()
    left_off: int = 0


def get_chart_values(table: QueryTable) -> list[str]:
    """The columns whose numbers can be drawn, over time or over texts; empty: there is no chart."""
    kinds = {column.kind for column in table.columns}
    if ColumnKind.TIME not in kinds and ColumnKind.TEXT not in kinds:
        return []
    return [column.name for column in table.columns if column.kind is ColumnKind.NUMBER]


def make_chart(table: QueryTable, value: str) -> ResultChart:
    """Draw a column of numbers: lines over the first column of times, one for each text, or else bars."""
    y = table.column_of(value)
    times = [number for number, each in enumerate(table.columns) if each.kind is ColumnKind.TIME]
    texts = [
        number
        for number, each in enumerate(table.columns)
        if each.kind is ColumnKind.TEXT and each.name not in ("@message", "@requestId", "@logStream")
    ]
    if not times:
        texts = texts or [n for n, each in enumerate(table.columns) if each.kind is ColumnKind.TEXT]
        bars = [
            (_name_line(table, row, texts), float(row[y] or 0))
            for row in table.rows
            if row[y] not in (None, "")
        ]
        shown = bars[:_MAX_BARS]
        line = ChartLine(value, tuple(map(float, range(len(shown)))), tuple(height for _, height in shown))
        return ResultChart(value, (line,), tuple(label for label, _ in shown), len(bars) - len(shown))
    points: dict[str, list[tuple[float, float]]] = {}
    for row in table.rows:
        at_ms = get_time_ms(row[times[0]] or "")
        if at_ms is None or row[y] in (None, ""):
            continue
        height = float(row[y] or 0)
        if math.isfinite(height):
            name = _name_line(table, row, texts) or value
            points.setdefault(name, []).append((at_ms / 1000, height))
    ranked = sorted(points, key=lambda name: -sum(height for _, height in points[name]))
    lines = tuple(
        ChartLine(
            name,
            tuple(at for at, _ in sorted(points[name])),
            tuple(height for _, height in sorted(points[name])),
        )
        for name in ranked[:_MAX_LINES]
    )
    return ResultChart(value, lines, (), max(0, len(ranked) - _MAX_LINES))


def _name_line(table: QueryTable, row: Sequence[str | None], texts: Iterable[int]) -> str:
    """What the texts of a row say together; a log group without its account and usual prefix."""
    parts = []
    for number in texts:
        part = row[number] or "—"
        if table.columns[number].name == "@log":
            part = part.rpartition(":")[2].removeprefix("/aws/lambda/")
        parts.append(part)
    return " · ".join(parts)
