"""Overlay, what is over the marks of a plot: deploys, the crosshair, rings, the ceiling's name, the brush."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from lambdadesk.core.text import one_line
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.chart_layer import STRIPS_PX, Frame, Layer
from lambdadesk.ui.widgets.chart_span import Span

_RING_PX: Final = 8.0
_LABEL_ROWS: Final = 3  # of deploys close to each other
_ID_LIMIT: Final = 40


class Overlay(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """In pixels of the view box, as the Layer below it."""

    def __init__(self, box: Any, layer: Layer, span: Span) -> None:
        super().__init__()
        self.setParentItem(box)
        self.setZValue(5)
        self._box, self._layer, self._span = box, layer, span
        self.marks: Sequence[tuple[float, str]] = ()
        self.ceiling_text = ""
        self.brush: tuple[float, float] | None = None  # epoch seconds
        self.has_mouse = False
        self.font = QFont()

    def label_px(self, left_s: float, right_s: float) -> float:
        """How high the words of the deploys in a span are, at most."""
        count = sum(1 for at_s, text in self.marks if text and left_s <= at_s <= right_s)
        return min(count, _LABEL_ROWS) * (QFontMetricsF(self.font).height() + 1)

    def boundingRect(self) -> QRectF:
        return QRectF(self._box.rect())

    def paint(self, painter: QPainter, option: object, widget: object = None) -> None:
        frame, colours = self._layer.frame(), self._layer.colours
        painter.setClipRect(self.boundingRect())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font)
        metrics = QFontMetricsF(self.font)
        self._paint_deploys(painter, frame, colours, metrics)
        self._paint_ceiling(painter, frame, colours, metrics)
        if self.brush is not None:
            fill = QColor(colours.accent)
            fill.setAlpha(45)
            left, right = frame.xs(np.array(sorted(self.brush))).tolist()
            painter.setPen(QPen(colours.accent, 1))
            painter.setBrush(fill)
            painter.drawRect(QRectF(left, -2, right - left, frame.height + 4))
        self._paint_cross(painter, frame, colours, metrics)

    def _paint_deploys(
        self, painter: QPainter, frame: Frame, colours: theme.Colours, metrics: QFontMetricsF
    ) -> None:
        """An upright line each, its words beside it in the first row that is free there."""
        free = [-math.inf] * _LABEL_ROWS
        top = STRIPS_PX if self._layer.is_dense(frame) else 0
        for at_s, text in sorted(self.marks):
            x = (at_s - frame.left_s) * frame.scale
            if not -1 <= x <= frame.width + 1:
                continue
            painter.setPen(QPen(colours.text, 1, Qt.PenStyle.DashDotLine))
            painter.drawLine(QLineF(x, 0, x, frame.height))
            if not text:
                continue
            words = one_line(text, _ID_LIMIT)
            width = metrics.horizontalAdvance(words) + 2 * theme.TIGHT
            left = x if x + width <= frame.width else x - width
            row = next((row for row in range(_LABEL_ROWS) if free[row] <= left), -1)
            if row < 0:
                continue
            free[row] = left + width
            place = QRectF(left, top + row * (metrics.height() + 1), width, metrics.height())
            self._write(painter, place, words, colours, colours.text)

    def _paint_ceiling(
        self, painter: QPainter, frame: Frame, colours: theme.Colours, metrics: QFontMetricsF
    ) -> None:
        values = self._layer.ceilings.between(frame.left_s, frame.right_s)
        if not self.ceiling_text or not len(values):
            return
        y = float(frame.ys(self._layer.scale_of_values.up(values[-1:]))[0])
        width = metrics.horizontalAdvance(self.ceiling_text) + 2 * theme.TIGHT
        place = QRectF(frame.width - width - theme.TIGHT, y - metrics.height() - 1, width, metrics.height())
        if place.top() < 0:
            place.moveTop(y + 2)
        self._write(painter, place, self.ceiling_text, colours, colours.marks[3])

    def _paint_cross(
        self, painter: QPainter, frame: Frame, colours: theme.Colours, metrics: QFontMetricsF
    ) -> None:
        span, points = self._span, self._layer.points
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for row, pen in ((span.marked, QPen(colours.accent, 3)), (span.row, QPen(colours.text, 1.5))):
            at = -1 if points is None else points.place_of(row)
            if at >= 0 and points is not None:
                x = float(frame.xs(points.times_s[at : at + 1])[0])
                y = float(frame.ys(self._layer.heights[at : at + 1])[0])
                painter.setPen(QPen(colours.base, pen.widthF() + 2))
                painter.drawEllipse(QPointF(x, y), _RING_PX, _RING_PX)
                painter.setPen(pen)
                painter.drawEllipse(QPointF(x, y), _RING_PX, _RING_PX)
        moment_s = span.moment_s
        if math.isnan(moment_s):
            return
        x = (moment_s - frame.left_s) * frame.scale
        painter.setPen(QPen(colours.dim, 1, Qt.PenStyle.DotLine))
        painter.drawLine(QLineF(x, 0, x, frame.height))
        if self.has_mouse and span.row < 0:
            moment = datetime.fromtimestamp(moment_s).astimezone()
            words = f"{moment:%Y-%m-%d %H:%M:%S}"
            width = metrics.horizontalAdvance(words) + 2 * theme.TIGHT
            left = min(max(0.0, x - width / 2), frame.width - width)
            place = QRectF(left, frame.height - metrics.height(), width, metrics.height())
            self._write(painter, place, words, colours, colours.text)

    @staticmethod
    def _write(painter: QPainter, place: QRectF, words: str, colours: theme.Colours, colour: QColor) -> None:
        """Words on a ground of their own, so that they are readable over any marks."""
        ground = QColor(colours.base)
        ground.setAlpha(215)
        painter.fillRect(place, ground)
        painter.setPen(colour)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)
