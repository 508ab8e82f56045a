"""SweepCurve: duration and cost over the memory sizes of a power sweep. Painted here."""

import math
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from lambdadesk.core.money import format_amount
from lambdadesk.core.power_sweep import SweepPoint
from lambdadesk.ui import theme
from lambdadesk.ui.models.history_table import format_duration
from lambdadesk.ui.widgets.painted_chart import PaintedChart

_STEPS: Final = 4
_REACH_PX: Final = 30
_DOT_PX: Final = 4.0
_NO_CURVE: Final = "The curve comes with the first warm run that succeeds."


class SweepCurve(PaintedChart):
    """Circles are durations, squares are costs; Left and Right go from size to size, as the mouse does."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pointed: int | None = None
        self._currency = "USD"
        self._rows: list[tuple[SweepPoint, float, float]] = []  # median ms, and cost of a million runs
        self.setMinimumSize(220, 130)

    def sizeHint(self) -> QSize:
        return QSize(420, 200)

    def point_count(self) -> int:
        return len(self._rows)

    def show_points(self, points: Sequence[SweepPoint], currency: str) -> None:
        """Show the sizes whose duration and cost are known."""
        self._currency = currency
        self._rows = []
        for point in sorted(points, key=lambda each: each.memory_mb):
            duration, cost = point.duration, point.mean_cost
            if duration is not None and cost is not None:
                self._rows.append((point, float(duration.p50), float(cost * 1_000_000)))
        if self.pointed is not None and self.pointed >= len(self._rows):
            self.pointed = None
        self.setAccessibleDescription(self.text_summary())
        self.update()

    def text_summary(self) -> str:
        """The curve in words, for a screen reader."""
        if not self._rows:
            return _NO_CURVE
        return "Median duration and cost of a million runs: " + "; ".join(
            self._text(number).replace("\n", ", ") for number in range(len(self._rows))
        )

    def point_text(self) -> str:
        """What the card of the pointed one says, empty where none is."""
        return "" if self.pointed is None else self._text(self.pointed)

    def _text(self, number: int) -> str:
        point, _ms, _cost = self._rows[number]
        duration, cost = point.duration, point.mean_cost
        lines = [f"{point.memory_mb:,} MB"]
        if duration is not None:
            lines.append(f"median {format_duration(duration.p50)}, 95 % {format_duration(duration.p95)}")
        if cost is not None:
            lines.append(f"{format_amount(cost * 1_000_000, self._currency)} a million")
        if point.obstacle:
            lines.append(point.obstacle)
        return "\n".join(lines)

    # -- where things are

    def _tops(self) -> tuple[float, float]:
        return (
            _round_up(max((row[1] for row in self._rows), default=0.0)),
            _round_up(max((row[2] for row in self._rows), default=0.0)),
        )

    def _plot(self) -> QRectF:
        metrics = self.fontMetrics()
        top_ms, top_cost = self._tops()
        left = max(metrics.horizontalAdvance(_ms(top_ms * n / _STEPS)) for n in range(_STEPS + 1))
        right = max(metrics.horizontalAdvance(self._money(top_cost * n / _STEPS)) for n in range(_STEPS + 1))
        return QRectF(self.rect()).adjusted(
            left + 2 * theme.SPACE,
            metrics.height() + 2 * theme.SPACE,
            -right - 2 * theme.SPACE,
            -metrics.height() - 2 * theme.SPACE,
        )

    def _across(self, size: int, area: QRectF) -> float:
        """Sizes stand where their logarithms are, as each is about twice the one before."""
        sizes = [row[0].memory_mb for row in self._rows]
        first, last = math.log2(min(sizes)), math.log2(max(sizes))
        if first == last:
            return area.center().x()
        room = area.adjusted(theme.WIDE, 0, -theme.WIDE, 0)
        return room.left() + room.width() * (math.log2(size) - first) / (last - first)

    def _places(self, which: int, area: QRectF) -> list[QPointF]:
        top = self._tops()[which]
        return [
            QPointF(
                self._across(point.memory_mb, area),
                area.bottom() - area.height() * (cost if which else took_ms) / top,
            )
            for point, took_ms, cost in self._rows
        ]

    def _money(self, amount: float) -> str:
        sign = {"USD": "$", "CNY": "¥"}.get(self._currency, "")
        return f"{sign}{amount:,.4g}"

    # -- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        self.paint_frame(painter, colours)
        if not self._rows:
            self.paint_words(painter, colours, _NO_CURVE)
            return
        area = self._plot()
        self._paint_axes(painter, area, colours)
        for which in (0, 1):
            self._paint_line(painter, area, which, colours)
        if self.pointed is not None:
            x = self._across(self._rows[self.pointed][0].memory_mb, area)
            painter.setPen(QPen(colours.dim, 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            self.paint_card(painter, colours, QPointF(x, area.center().y()))

    def _paint_axes(self, painter: QPainter, area: QRectF, colours: theme.Colours) -> None:
        metrics = self.fontMetrics()
        tops = self._tops()
        for number in range(_STEPS + 1):
            y = area.bottom() - area.height() * number / _STEPS
            painter.setPen(QPen(colours.grid, 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            line = QRectF(0, y - metrics.height() / 2, area.left() - theme.SPACE, metrics.height())
            painter.setPen(colours.series[0])
            painter.drawText(line, Qt.AlignmentFlag.AlignRight, _ms(tops[0] * number / _STEPS))
            line = QRectF(area.right() + theme.SPACE, line.top(), self.width(), metrics.height())
            painter.setPen(colours.series[1])
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft, self._money(tops[1] * number / _STEPS))
        painter.setPen(colours.dim)
        last_right = 0.0
        for row in self._rows:
            text = f"{row[0].memory_mb:,}"
            width = metrics.horizontalAdvance(text)
            left = self._across(row[0].memory_mb, area) - width / 2
            if left > last_right:
                painter.drawText(QPointF(left, area.bottom() + theme.TIGHT + metrics.ascent()), text)
                last_right = left + width + theme.SPACE
        if last_right + metrics.horizontalAdvance("MB") < self.width():
            painter.drawText(QPointF(last_right, area.bottom() + theme.TIGHT + metrics.ascent()), "MB")
        y = theme.SPACE + metrics.height() / 2
        x = area.left()
        for which, text in ((0, "median duration"), (1, "cost of a million runs")):
            self._paint_dot(painter, QPointF(x + _DOT_PX, y), which, colours.series[which], is_filled=True)
            painter.setPen(colours.text)
            painter.drawText(QPointF(x + 4 * _DOT_PX, y + metrics.ascent() / 2 - 1), text)
            x += 4 * _DOT_PX + metrics.horizontalAdvance(text) + theme.WIDE

    def _paint_line(self, painter: QPainter, area: QRectF, which: int, colours: theme.Colours) -> None:
        colour = colours.series[which]
        places = self._places(which, area)
        style = Qt.PenStyle.DashLine if which else Qt.PenStyle.SolidLine
        painter.setPen(QPen(colour, 2, style))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(places)
        for (point, *_), place in zip(self._rows, places, strict=True):
            self._paint_dot(painter, place, which, colour, is_filled=not point.obstacle)

    def _paint_dot(
        self, painter: QPainter, place: QPointF, which: int, colour: QColor, *, is_filled: bool
    ) -> None:
        """Hollow: the size can't be chosen."""
        painter.setPen(QPen(colour, 2))
        painter.setBrush(colour if is_filled else theme.colours(self.palette()).base)
        if which == 0:
            painter.drawEllipse(place, _DOT_PX, _DOT_PX)
        else:
            painter.drawRect(QRectF(place.x() - _DOT_PX, place.y() - _DOT_PX, 2 * _DOT_PX, 2 * _DOT_PX))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    # -- pointing

    def _point_near(self, place: QPointF | None) -> None:
        pointed = None
        if place is not None:
            area = self._plot()
            near = [
                (abs(self._across(row[0].memory_mb, area) - place.x()), number)
                for number, row in enumerate(self._rows)
            ]
            found = min(near, default=(math.inf, 0))
            pointed = found[1] if found[0] <= _REACH_PX else None
        if pointed != self.pointed:
            self.pointed = pointed
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event.key() not in steps or not self._rows:
            super().keyPressEvent(event)
            return
        step = steps[Qt.Key(event.key())]
        at = (0 if step > 0 else -1) if self.pointed is None else self.pointed + step
        self.pointed = at % len(self._rows)
        self._after_step()


def _round_up(most: float) -> float:
    """The upper end of an axis: a number that _STEPS round steps lead to."""
    if most <= 0:
        return 1.0
    step = 10.0 ** math.floor(math.log10(most / _STEPS))
    return _STEPS * next(step * n for n in (1, 2, 2.5, 5, 10, 20) if step * n * _STEPS >= most)


def _ms(value: float) -> str:
    return f"{value / 1000:,.4g} s" if value >= 10_000 else f"{value:,.4g} ms"
