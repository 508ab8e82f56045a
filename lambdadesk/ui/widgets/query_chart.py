"""QueryChart: the numbers of a query's result over time as lines, or over texts as bars. Painted here."""

import math
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QWidget

from lambdadesk.core.query_chart import ResultChart
from lambdadesk.core.text import one_line
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.painted_chart import PaintedChart

_STEPS: Final = 4  # lines of the grid above zero
_DOTS_UP_TO: Final = 120  # points of a line that are drawn as dots, too
_REACH_PX: Final = 24
_TICKS_S: Final = (
    *(1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 2 * 3_600, 3 * 3_600, 6 * 3_600, 12 * 3_600),
    *(86_400, 2 * 86_400, 7 * 86_400, 28 * 86_400),
)
_NO_CHART: Final = "There is nothing to draw: a chart takes numbers over times, or over texts."


class QueryChart(PaintedChart):
    """Left and Right go from point to point, as the mouse does."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chart: ResultChart | None = None
        self.is_utc = False
        self.pointed: tuple[int, int] | None = None  # line and point
        self._base, self._top = 0.0, 1.0  # of the value axis
        self._span = 0.0, 1.0  # of the other one
        self._placed_in = QRectF()
        self._placed: list[list[QPointF]] = []
        self.setMinimumSize(240, 110)

    def sizeHint(self) -> QSize:
        return QSize(480, 240)

    def point_count(self) -> int:
        return sum(len(line.xs) for line in self.chart.lines) if self.chart else 0

    def show_chart(self, chart: ResultChart | None) -> None:
        self.chart, self.pointed = chart, None
        heights = [height for line in chart.lines for height in line.values] if chart else []
        self._base = min(0.0, min(heights, default=0.0))
        self._top = _round_up(max(heights, default=0.0), self._base)
        xs = [x for line in chart.lines for x in line.xs] if chart else []
        self._span = (min(xs), max(xs)) if xs else (0.0, 1.0)
        if chart and chart.labels:
            self._span = -0.5, len(chart.labels) - 0.5
        elif self._span[0] == self._span[1]:
            self._span = self._span[0] - 30, self._span[1] + 30
        self._placed_in = QRectF()
        self.setAccessibleDescription(self.text_summary())
        self.update()

    def set_utc(self, is_utc: bool) -> None:
        self.is_utc = is_utc
        self.update()

    def text_summary(self) -> str:
        """The chart in words, for a screen reader."""
        if self.chart is None or not self.point_count():
            return _NO_CHART
        kind = "bars" if self.chart.labels else "lines"
        heights = [height for line in self.chart.lines for height in line.values]
        names = ", ".join(one_line(line.name, 60) for line in self.chart.lines)
        return (
            f"{self.chart.value}: {kind}, {self.point_count():,} points, min {_figure(min(heights))}, "
            f"max {_figure(max(heights))}; {names}"
        )

    def point_text(self) -> str:
        """What the card of the pointed one says, empty where none is."""
        if self.chart is None or self.pointed is None:
            return ""
        line = self.chart.lines[self.pointed[0]]
        x, height = line.xs[self.pointed[1]], line.values[self.pointed[1]]
        where = self.chart.labels[int(x)] if self.chart.labels else self._moment(x)
        name = "" if line.name == self.chart.value else f"{one_line(line.name, 60)}\n"
        return f"{name}{one_line(where, 80)}\n{self.chart.value} {height:,.6g}"

    # -- where things are

    def _plot(self) -> QRectF:
        metrics = self.fontMetrics()
        left = max(metrics.horizontalAdvance(_figure(self._grid_value(n))) for n in range(_STEPS + 1))
        legend = metrics.height() + theme.SPACE if self.chart and len(self.chart.lines) > 1 else 0
        area = QRectF(self.rect()).adjusted(
            left + 2 * theme.SPACE, theme.WIDE + legend, -theme.WIDE, -metrics.height() - 2 * theme.SPACE
        )
        return area

    def _grid_value(self, number: int) -> float:
        return self._base + (self._top - self._base) * number / _STEPS

    def _places(self, line: int) -> list[QPointF]:
        """Where the points of a line are, from left to right."""
        assert self.chart is not None  # noqa: S101  the callers have one
        area, (first, last) = self._plot(), self._span
        if area != self._placed_in:
            self._placed_in = area
            across, up = area.width() / (last - first), area.height() / (self._top - self._base)
            self._placed = [
                [
                    QPointF(area.left() + across * (x - first), area.bottom() - up * (height - self._base))
                    for x, height in zip(each.xs, each.values, strict=True)
                ]
                for each in self.chart.lines
            ]
        return self._placed[line]

    # -- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        self.paint_frame(painter, colours)
        if self.chart is None or not self.point_count():
            self.paint_words(painter, colours, _NO_CHART)
            return
        area = self._plot()
        self._paint_grid(painter, area, colours)
        if self.chart.labels:
            self._paint_bars(painter, area, colours)
        else:
            self._paint_lines(painter, area, colours)
        if self.pointed is not None:
            line, point = self.pointed
            place = self._places(line)[point]
            painter.setPen(QPen(self._colour(line, colours), 2))
            painter.drawEllipse(place, 6, 6)
            self.paint_card(painter, colours, place)

    def _paint_grid(self, painter: QPainter, area: QRectF, colours: theme.Colours) -> None:
        metrics = self.fontMetrics()
        for number in range(_STEPS + 1):
            y = area.bottom() - area.height() * number / _STEPS
            painter.setPen(QPen(colours.grid, 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(colours.dim)
            box = QRectF(0, y - metrics.height() / 2, area.left() - theme.SPACE, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight, _figure(self._grid_value(number)))

    def _paint_lines(self, painter: QPainter, area: QRectF, colours: theme.Colours) -> None:
        assert self.chart is not None  # noqa: S101
        metrics = self.fontMetrics()
        first, last = self._span
        sample = metrics.horizontalAdvance("00-00 00:00") + theme.WIDE
        painter.setPen(colours.dim)
        for at in self._ticks(first, last, most=max(2, int(area.width() // sample))):
            x = area.left() + area.width() * (at - first) / (last - first)
            box = QRectF(x - sample / 2, area.bottom() + theme.TIGHT, sample, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, self._tick(at, last - first))
        x = area.left()
        for line, each in enumerate(self.chart.lines):
            colour = self._colour(line, colours)
            painter.setPen(QPen(colour, 2))
            places = _thinned(self._places(line), most=2 * int(area.width()))
            painter.drawPolyline(QPolygonF(places))
            if len(places) <= _DOTS_UP_TO:
                painter.setBrush(colour)
                for place in places:
                    painter.drawEllipse(place, 2.5, 2.5)
                painter.setBrush(Qt.BrushStyle.NoBrush)
            if len(self.chart.lines) > 1:
                name = metrics.elidedText(one_line(each.name, 200), Qt.TextElideMode.ElideLeft, 180)
                y = theme.SPACE + metrics.height() / 2
                painter.drawLine(QPointF(x, y), QPointF(x + 14, y))
                painter.setPen(colours.text)
                painter.drawText(QPointF(x + 18, y + metrics.ascent() / 2 - 1), name)
                x += 18 + metrics.horizontalAdvance(name) + theme.WIDE

    def _paint_bars(self, painter: QPainter, area: QRectF, colours: theme.Colours) -> None:
        assert self.chart is not None  # noqa: S101
        metrics = self.fontMetrics()
        width = area.width() / len(self.chart.labels)
        for top, label in zip(self._places(0), self.chart.labels, strict=True):
            zero = area.bottom() + area.height() * self._base / (self._top - self._base)
            bar = QRectF(top.x() - width * 0.35, top.y(), width * 0.7, zero - top.y())
            painter.fillRect(bar, self._colour(0, colours))
            painter.setPen(colours.dim)
            box = QRectF(top.x() - width / 2 + 2, area.bottom() + theme.TIGHT, width - 4, metrics.height())
            if box.width() > metrics.averageCharWidth() * 3:
                text = metrics.elidedText(one_line(label, 200), Qt.TextElideMode.ElideLeft, int(box.width()))
                painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, text)

    def _colour(self, line: int, colours: theme.Colours) -> QColor:
        return colours.marks[line % len(colours.marks)]

    # -- pointing

    def _point_near(self, place: QPointF | None) -> None:
        self._point_at(self._nearest(place) if place is not None else None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event.key() not in steps or self.chart is None or not self.point_count():
            super().keyPressEvent(event)
            return
        every = [(line, point) for line, each in enumerate(self.chart.lines) for point in range(len(each.xs))]
        step = steps[Qt.Key(event.key())]
        at = every.index(self.pointed) + step if self.pointed else (0 if step > 0 else -1)
        self._point_at(every[at % len(every)])
        self._after_step()

    def _nearest(self, at: QPointF) -> tuple[int, int] | None:
        if self.chart is None:
            return None
        best, found = float(_REACH_PX), None
        for line in range(len(self.chart.lines)):
            places = self._places(line)
            first = bisect_left(places, at.x() - _REACH_PX, key=QPointF.x)
            last = bisect_left(places, at.x() + _REACH_PX, key=QPointF.x)
            for point in range(first, last):
                aside = abs(places[point].x() - at.x())
                far = aside if self.chart.labels else math.hypot(aside, places[point].y() - at.y())
                if far < best:
                    best, found = far, (line, point)
        return found

    def _point_at(self, pointed: tuple[int, int] | None) -> None:
        if pointed != self.pointed:
            self.pointed = pointed
            self.update()

    def _moment(self, at_s: float) -> str:
        return self._at(at_s).strftime("%Y-%m-%d %H:%M:%S")

    def _ticks(self, first: float, last: float, most: int) -> list[float]:
        """Round moments of the zone that is shown, at most so many."""
        step = next((step for step in _TICKS_S if (last - first) / step <= most), _TICKS_S[-1] * 8.0)
        offset = (self._at(first).utcoffset() or timedelta()).total_seconds()
        begin = math.ceil((first + offset) / step) * step - offset
        return [begin + step * number for number in range(int((last - begin) / step) + 1)]

    def _tick(self, at_s: float, span_s: float) -> str:
        wanted = "%H:%M:%S" if span_s < 600 else "%H:%M" if span_s <= 86_400 else "%m-%d %H:%M"
        return self._at(at_s).strftime(wanted)

    def _at(self, at_s: float) -> datetime:
        at = datetime.fromtimestamp(at_s, UTC)
        return at if self.is_utc else at.astimezone()


def _thinned(places: list[QPointF], most: int) -> list[QPointF]:
    """The lowest and the highest place of each pixel across, where there are more than can be told apart."""
    if len(places) <= most:
        return places
    kept: list[QPointF] = []
    for _x, group in groupby(places, key=lambda place: int(place.x())):
        here = list(group)
        ends = {
            min(range(len(here)), key=lambda n: here[n].y()),
            max(range(len(here)), key=lambda n: here[n].y()),
        }
        kept += [here[number] for number in sorted(ends)]
    return kept


def _round_up(most: float, base: float) -> float:
    """The upper end of the value axis: a number that _STEPS round steps lead to."""
    if most <= 0:
        return 0.0 if base < 0 else 1.0
    step = 10.0 ** math.floor(math.log10(most / _STEPS))
    return _STEPS * next(step * n for n in (1, 2, 2.5, 5, 10, 20) if step * n * _STEPS >= most)


def _figure(value: float) -> str:
    """A number on the axis: "0", "250", "1.5 k", "3 M", "0.0002"."""
    for size, unit in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(value) >= size:
            return f"{value / (1e3 if unit == ' k' else size):.4g}{unit}"
    return f"{value:.4g}"
