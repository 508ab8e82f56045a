"""The curve above the lanes of a timeline: how many ran at once."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from lambdadesk.core.timeline import Timeline
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.pixels import draw_pixels, mixed
from lambdadesk.ui.widgets.timeline_frame import Frame

_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def paint_curve(
    painter: QPainter, frame: Frame, timeline: Timeline, colours: theme.Colours, metrics: QFontMetricsF
) -> None:
    """How many ran at once, the most of each pixel, above the lanes."""
    top, bottom = frame.axis, frame.top
    painter.fillRect(QRectF(0, top, frame.labels, bottom - top), colours.panel)
    counts = _counts(frame, timeline)
    most = int(counts.max(initial=0))
    if most:
        room = bottom - top - metrics.height() * 0.9
        colour = colours.series[2]
        heights = counts * (room / most)
        rows = math.ceil(bottom - top)
        rising = np.arange(rows)[:, None]
        image = np.zeros((rows, len(counts)), np.uint32)
        levels = np.round(heights).astype(np.int64)
        image[rising >= rows - levels] = mixed(colour, colours.base, 0.3).rgba()
        # The edge, also where it rises or falls.
        before = np.minimum(levels, np.concatenate([levels[:1], levels[:-1]]))
        edge = (rising >= rows - levels) & (rising <= rows - np.minimum(before, levels - 1)) & (levels > 0)
        image[edge] = colour.rgba()
        draw_pixels(painter, QRectF(frame.labels, bottom - rows, frame.width - frame.labels, rows), image)
    painter.setPen(QPen(colours.border, 1))
    painter.drawLine(QPointF(0, bottom), QPointF(frame.width, bottom))
    room_px = frame.labels - 2 * theme.SPACE
    line = metrics.height()
    painter.setPen(colours.text)
    words = metrics.elidedText("Running at once", Qt.TextElideMode.ElideRight, room_px)
    painter.drawText(QRectF(theme.SPACE, top + theme.TIGHT, room_px, line), _LEFT, words)
    painter.setPen(colours.dim)
    painter.drawText(QRectF(theme.SPACE, top + theme.TIGHT + line, room_px, line), _LEFT, f"at most {most:,}")


def _counts(frame: Frame, timeline: Timeline) -> NDArray[np.int64]:
    """The most that ran at once in each pixel of the strip."""
    width = max(1, int(frame.width - frame.labels))
    if not len(timeline.curve):
        return np.zeros(width, np.int64)
    edges = np.linspace(frame.left_ms, frame.right_ms, width + 1)
    steps = np.concatenate([[0], timeline.curve])
    first = np.searchsorted(timeline.curve_ms, edges[:-1], "right")  # the step in force, in `steps`
    end = np.maximum(np.searchsorted(timeline.curve_ms, edges[1:], "left") + 1, first + 1)
    places = np.column_stack([first, end]).ravel()
    counts: NDArray[np.int64] = np.maximum.reduceat(np.append(steps, 0), np.minimum(places, len(steps)))[::2]
    if np.isfinite(frame.now_ms):
        counts = np.where(edges[:-1] > max(frame.now_ms, float(timeline.curve_ms[-1])), 0, counts)
    return counts
