"""DayBars: costs by day as stacked bars, and what is still to come in outline."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from lambdadesk.core.money import format_amount, format_cents
from lambdadesk.core.month_stack import Layer
from lambdadesk.core.text import one_line
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.painted_chart import PaintedChart, layer_colour

_STEPS: Final = 5  # lines of the grid above zero, at most
_CARD_LINES: Final = 6
_LEGEND_PX: Final = 150
_NOTHING: Final = "Nothing cost anything on these days."

Guess = tuple[Decimal, Decimal, Decimal]  # middle, low, high


class DayBars(PaintedChart):
    """Left and Right go from day to day, Home and End to the first and the last."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._first = date.min
        self._layers: list[Layer] = []
        self._coming: tuple[Guess, ...] = ()
        self._currency = "USD"
        self._days = 0
        self._top = 1.0
        self._step, self._steps = Decimal(1), 1  # the distance of the grid's lines, and how many are above 0
        self.pointed: int | None = None  # day
        self.setMinimumSize(240, 110)

    def sizeHint(self) -> QSize:
        return QSize(480, 190)

    def point_count(self) -> int:
        """Days with costs, or with a guess."""
        return (self._days + max(0, len(self._coming) - 1)) if self._layers or self._coming else 0

    def show_days(
        self, first: date, layers: Sequence[Layer], currency: str, coming: Sequence[Guess] = ()
    ) -> None:
        """Show the layers from a day on, the last of which is today; coming: guesses from today on."""
        self._first, self._layers, self._coming = first, list(layers), tuple(coming)
        self._currency = currency
        self._days = len(layers[0].costs) if layers else 0
        highest = max((self._sum(day) for day in range(self._days)), default=Decimal(0))
        highest = max((highest, *(high for _, _, high in self._coming)))
        self._step = _get_step(float(highest))
        self._steps = max(1, math.ceil(highest / self._step))
        self._top = float(self._step * self._steps)
        self.pointed = None if self.pointed is None or self.pointed >= self.point_count() else self.pointed
        self.setAccessibleDescription(self.text_summary())
        self.update()

    def text_summary(self) -> str:
        if not self.point_count():
            return _NOTHING
        sums = [self._sum(day) for day in range(self._days)]
        dearest = max(range(self._days), key=sums.__getitem__, default=0)
        words = [f"{self._days} days, {self._money(sum(sums, Decimal(0)))} together"] if self._days else []
        if self._days:
            words.append(f"the dearest is {self._day(dearest)} with {self._money(sums[dearest])}")
        words += [f"{one_line(each.title, 60)} {self._money(each.total)}" for each in self._layers]
        if len(self._coming) > 1:
            words.append(f"{len(self._coming) - 1} days to come are guessed")
        return "; ".join(words)

    def point_text(self) -> str:
        if self.pointed is None:
            return ""
        day = self.pointed
        lines = []
        if day < self._days:
            so_far = " (so far, by UTC)" if day == self._days - 1 else ""
            lines.append(f"{self._day(day)}{so_far}: {self._money(self._sum(day))}")
            parts = sorted(
                ((each.costs[day], each.title) for each in self._layers if each.costs[day]), reverse=True
            )
            lines += [f"{one_line(title, 60)} {self._money(cost)}" for cost, title in parts[:_CARD_LINES]]
            if len(parts) > _CARD_LINES:
                lines.append(f"and {len(parts) - _CARD_LINES} more")
        if self._coming and 0 <= (ahead := day - self._days + 1) < len(self._coming):
            middle, low, high = self._coming[ahead]
            name = "by the day's end" if ahead == 0 else f"{self._day(day)}"
            lines.append(f"{name} about {self._money(middle)} ({self._money(low)} to {self._money(high)})")
        return "\n".join(lines)

    # -- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        self.paint_frame(painter, colours)
        if not self.point_count():
            self.paint_words(painter, colours, _NOTHING)
            return
        area = self._plot()
        self._paint_grid(painter, area, colours)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        width = self._bar_px()
        for day in range(self.point_count()):
            left = area.left() + day * width
            if day == self.pointed:
                painter.fillRect(QRectF(left, area.top(), width, area.height()), colours.line_highlight)
            self._paint_day(painter, area, day, left, width, colours)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_dates(painter, area, width, colours)
        self._paint_legend(painter, area, colours)
        if self.pointed is not None:
            x = area.left() + (self.pointed + 0.5) * width
            self.paint_card(painter, colours, QPointF(x, area.center().y()))

    def _paint_day(
        self, painter: QPainter, area: QRectF, day: int, left: float, width: float, colours: theme.Colours
    ) -> None:
        gap = 2.0 if width >= 8 else 0.0
        bar = QRectF(left + gap / 2, 0, max(1.0, width - gap), 0)
        bottom = area.bottom()
        if day < self._days:
            for number, layer in enumerate(self._layers):
                height = float(layer.costs[day]) / self._top * area.height()
                if height < 0.5:
                    continue
                part = QRectF(bar.left(), bottom - height, bar.width(), height)
                painter.fillRect(part, layer_colour(number, layer.key is None, colours))
                if height > 3:  # a line between neighbours, so that colour is not all that tells them apart
                    painter.fillRect(QRectF(part.left(), part.top(), part.width(), 1), colours.base)
                bottom -= height
        ahead = day - self._days + 1
        if self._coming and 0 <= ahead < len(self._coming):
            middle, low, high = (float(each) / self._top * area.height() for each in self._coming[ahead])
            painter.setPen(QPen(colours.dim, 1, Qt.PenStyle.DashLine))
            painter.drawRect(
                QRectF(bar.left(), area.bottom() - middle, bar.width() - 1, middle - (area.bottom() - bottom))
            )
            painter.setPen(QPen(colours.dim, 1))
            x = bar.center().x()
            painter.drawLine(QPointF(x, area.bottom() - high), QPointF(x, area.bottom() - low))

    def _paint_grid(self, painter: QPainter, area: QRectF, colours: theme.Colours) -> None:
        metrics = self.fontMetrics()
        for number in range(self._steps + 1):
            y = area.bottom() - area.height() * number / self._steps
            painter.setPen(QPen(colours.grid, 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            if number % 2 and area.height() < metrics.height() * 1.5 * self._steps:
                continue
            painter.setPen(colours.dim)
            box = QRectF(0, y - metrics.height() / 2, area.left() - theme.TIGHT, metrics.height())
            painter.drawText(
                box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._axis(number)
            )

    def _paint_dates(self, painter: QPainter, area: QRectF, width: float, colours: theme.Colours) -> None:
        metrics = self.fontMetrics()
        sample = metrics.horizontalAdvance("00-00") + theme.SPACE
        every = max(1, math.ceil(sample / width))
        painter.setPen(colours.dim)
        for day in range(self._days - 1 if self._days else 0, -1, -every):
            self._paint_date(painter, area, day, width, sample)
        for day in range(self._days - 1 + every, self.point_count(), every):
            self._paint_date(painter, area, day, width, sample)

    def _paint_date(self, painter: QPainter, area: QRectF, day: int, width: float, sample: float) -> None:
        at = self._first + timedelta(days=day)
        x = area.left() + (day + 0.5) * width
        box = QRectF(x - sample / 2, area.bottom() + 2, sample, self.fontMetrics().height())
        if box.right() <= self.width() and box.left() >= 0:
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, f"{at:%m-%d}")

    def _paint_legend(self, painter: QPainter, area: QRectF, colours: theme.Colours) -> None:
        if not self._has_legend():
            return
        metrics = self.fontMetrics()
        left = area.right() + theme.SPACE
        room = int(self.width() - left - theme.SPACE - 14)
        lines = int(area.height() // metrics.height())
        for number, layer in enumerate(self._layers[:lines]):
            y = area.top() + number * metrics.height()
            fill = layer_colour(number, layer.key is None, colours)
            painter.fillRect(QRectF(left, y + 3, 9, metrics.height() - 6), fill)
            painter.setPen(colours.text)
            name = metrics.elidedText(one_line(layer.title, 100), Qt.TextElideMode.ElideMiddle, room)
            painter.drawText(QPointF(left + 14, y + metrics.ascent()), name)

    # -- where things are

    def _has_legend(self) -> bool:
        return self.width() > 3 * _LEGEND_PX

    def _plot(self) -> QRectF:
        metrics = self.fontMetrics()
        left = max(metrics.horizontalAdvance(self._axis(number)) for number in range(self._steps + 1))
        right = _LEGEND_PX + theme.SPACE if self._has_legend() else theme.SPACE
        return QRectF(self.rect()).adjusted(
            left + theme.WIDE, theme.WIDE, -right, -metrics.height() - theme.SPACE
        )

    def _bar_px(self) -> float:
        return self._plot().width() / max(1, self.point_count())

    def _sum(self, day: int) -> Decimal:
        return sum((layer.costs[day] for layer in self._layers), Decimal(0))

    def _axis(self, number: int) -> str:
        """A label of the money axis, with no more digits than it takes."""
        symbol = format_cents(Decimal(1), self._currency).partition("1")[0]
        amount = (self._step * number).normalize()
        return f"{symbol}{amount:,f}"

    def _day(self, day: int) -> str:
        return f"{self._first + timedelta(days=day):%a %Y-%m-%d}"

    def _money(self, amount: Decimal) -> str:
        return format_amount(amount, self._currency)

    # -- pointing

    def _point_near(self, place: QPointF | None) -> None:
        pointed = None
        area = self._plot()
        if place is not None and self.point_count() and area.left() <= place.x() < area.right():
            pointed = min(int((place.x() - area.left()) / self._bar_px()), self.point_count() - 1)
        if pointed != self.pointed:
            self.pointed = pointed
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = self.point_count() - 1
        at = self.pointed
        places = {
            Qt.Key.Key_Left: last if at is None else max(0, at - 1),
            Qt.Key.Key_Right: 0 if at is None else min(last, at + 1),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if event.key() not in places or last < 0:
            super().keyPressEvent(event)
            return
        self.pointed = places[Qt.Key(event.key())]
        self._after_step()


def _get_step(most: float) -> Decimal:
    """The distance of the grid's lines, a round number of which at most _STEPS reach over the highest bar."""
    if most <= 0:
        return Decimal(1)
    unit = Decimal(10) ** math.floor(math.log10(most / _STEPS))
    return next(
        unit * n for n in (Decimal(1), Decimal(2), Decimal("2.5"), 5, 10) if float(unit * n) * _STEPS >= most
    )
