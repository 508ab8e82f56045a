"""SweepCurve: duration and cost over the memory sizes of a power sweep. Painted here."""

import math
from collections.abc import Sequence
from functools import cache
from typing import Final

from PySide6.QtCore import QObject, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleInterface,
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAccessibleWidget, QWidget

from lambdadesk.core.money import format_amount
from lambdadesk.core.power_sweep import SweepPoint
from lambdadesk.ui import theme
from lambdadesk.ui.models.history_table import format_duration
from lambdadesk.ui.widgets.notices import announce

_STEPS: Final = 4
_REACH_PX: Final = 30
_DOT_PX: Final = 4.0
_NO_CURVE: Final = "The curve comes with the first warm run that succeeds."


class SweepCurve(QWidget):
    """Circles are durations, squares are costs; Left and Right go from size to size, as the mouse does."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        _install_accessibility()
        self.accessible: QAccessibleInterface | None = None  # kept alive here, never read
        self.pointed: int | None = None
        self._currency = "USD"
        self._rows: list[tuple[SweepPoint, float, float]] = []  # median ms, and cost of a million runs
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
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
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(colours.base)
        painter.setPen(QPen(colours.accent, 2) if self.hasFocus() else QPen(colours.border, 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if not self._rows:
            painter.setPen(colours.dim)
            inner = self.rect().adjusted(theme.WIDE, 0, -theme.WIDE, 0)
            painter.drawText(inner, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, _NO_CURVE)
            return
        area = self._plot()
        self._paint_frame(painter, area, colours)
        for which in (0, 1):
            self._paint_line(painter, area, which, colours)
        if self.pointed is not None:
            self._paint_card(painter, area, colours)

    def _paint_frame(self, painter: QPainter, area: QRectF, colours: theme.Colours) -> None:
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

    def _paint_card(self, painter: QPainter, area: QRectF, colours: theme.Colours) -> None:
        assert self.pointed is not None  # noqa: S101
        metrics = self.fontMetrics()
        lines = self.point_text().split("\n")
        x = self._across(self._rows[self.pointed][0].memory_mb, area)
        painter.setPen(QPen(colours.dim, 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        width = min(
            max(map(metrics.horizontalAdvance, lines)) + 2 * theme.SPACE, self.width() - 2 * theme.TIGHT
        )
        height = metrics.height() * len(lines) + 2 * theme.TIGHT
        left = x + theme.SPACE if x + theme.SPACE + width < self.width() else x - theme.SPACE - width
        card = QRectF(max(theme.TIGHT, left), area.top(), width, height)
        painter.setPen(QPen(colours.border, 1))
        painter.setBrush(colours.raised)
        painter.drawRoundedRect(card, 4, 4)
        painter.setPen(colours.text)
        for number, line in enumerate(lines):
            y = card.top() + theme.TIGHT + metrics.height() * number + metrics.ascent()
            text = metrics.elidedText(line, Qt.TextElideMode.ElideRight, int(width) - 2 * theme.SPACE)
            painter.drawText(QPointF(card.left() + theme.SPACE, y), text)

    # -- pointing

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        area = self._plot()
        near = [
            (abs(self._across(row[0].memory_mb, area) - event.position().x()), number)
            for number, row in enumerate(self._rows)
        ]
        found = min(near, default=(math.inf, 0))
        self._point_at(found[1] if found[0] <= _REACH_PX else None)

    def leaveEvent(self, event: object) -> None:
        super().leaveEvent(event)  # type: ignore[arg-type]  # a QEvent
        self._point_at(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event.key() not in steps or not self._rows:
            super().keyPressEvent(event)
            return
        step = steps[Qt.Key(event.key())]
        at = (0 if step > 0 else -1) if self.pointed is None else self.pointed + step
        self._point_at(at % len(self._rows))
        announce(self, self.point_text())

    def _point_at(self, pointed: int | None) -> None:
        if pointed != self.pointed:
            self.pointed = pointed
            self.update()


def _round_up(most: float) -> float:
    """The upper end of an axis: a number that _STEPS round steps lead to."""
    if most <= 0:
        return 1.0
    step = 10.0 ** math.floor(math.log10(most / _STEPS))
    return _STEPS * next(step * n for n in (1, 2, 2.5, 5, 10, 20) if step * n * _STEPS >= most)


def _ms(value: float) -> str:
    return f"{value / 1000:,.4g} s" if value >= 10_000 else f"{value:,.4g} ms"


class _AccessibleCurve(QAccessibleWidget):
    def __init__(self, curve: SweepCurve) -> None:
        super().__init__(curve, QAccessible.Role.Chart, curve.accessibleName())
        self._curve = curve

    def text(self, kind: QAccessible.Text) -> str:
        if kind == QAccessible.Text.Description:
            return self._curve.text_summary()
        return super().text(kind)

    def childCount(self) -> int:
        return 0


@cache
def _install_accessibility() -> None:
    QAccessible.installFactory(_accessible)


def _accessible(key: str, thing: QObject) -> QAccessibleInterface | None:
    if not isinstance(thing, SweepCurve):
        return None
    interface = _AccessibleCurve(thing)
    # Qt owns the C++ half only: the Python half must live as long as the widget.
    thing.accessible = interface
    return interface
