"""The upright lines of a timeline: the axis with its round local times, and deploys."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from lambdadesk.core.text import one_line
from lambdadesk.core.timeline import Mark
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.timeline_frame import Frame

_STEPS_MS: Final = (
    *(unit * factor for unit in (1, 10, 100) for factor in (1, 2, 5)),
    *(1_000 * step for step in (1, 2, 5, 10, 15, 30)),
    *(60_000 * step for step in (1, 2, 5, 10, 15, 30)),
    *(3_600_000 * step for step in (1, 2, 3, 6, 12)),
    *(86_400_000 * step for step in (1, 2, 7, 14, 30, 90, 365)),
)
_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def paint_axis(
    painter: QPainter,
    frame: Frame,
    ticks: Sequence[tuple[float, str]],
    colours: theme.Colours,
    metrics: QFontMetricsF,
) -> None:
    painter.fillRect(QRectF(0, 0, frame.width, frame.axis), colours.panel)
    painter.setPen(QPen(colours.border, 1))
    painter.drawLine(QPointF(0, frame.axis), QPointF(frame.width, frame.axis))
    painter.drawLine(QPointF(frame.labels, 0), QPointF(frame.labels, frame.height))
    painter.setPen(colours.dim)
    day = _local(frame.left_ms).strftime("%Y-%m-%d")
    painter.drawText(QRectF(theme.SPACE, 0, frame.labels - theme.SPACE, frame.axis), _LEFT, day)
    for x, text in ticks:
        width = metrics.horizontalAdvance(text)
        if x + theme.TIGHT + width <= frame.width:
            painter.drawText(QRectF(x + theme.TIGHT, 0, width + 2, frame.axis), _LEFT, text)
        painter.drawLine(QPointF(x, frame.axis * 0.6), QPointF(x, frame.axis))


def ticks_of(frame: Frame, metrics: QFontMetricsF) -> list[tuple[float, str]]:
    """Round local times, so far apart that their texts have room."""
    span = frame.right_ms - frame.left_ms
    room = metrics.horizontalAdvance("00:00:00.000") + 3 * theme.SPACE
    most = max(1.0, (frame.width - frame.labels) / room)
    step = next((step for step in _STEPS_MS if span / step <= most), _STEPS_MS[-1])
    offset = (_local(frame.left_ms).utcoffset() or timedelta()).total_seconds() * 1000
    first = math.ceil((frame.left_ms + offset) / step) * step - offset
    count = int((frame.right_ms - first) / step) + 1 if first <= frame.right_ms else 0
    form = "%H:%M:%S.%f" if step < 1_000 else "%H:%M:%S" if step < 60_000 else "%H:%M"
    found = []
    for number in range(count):
        at = first + number * step
        moment = _local(at)
        if moment == moment.replace(hour=0, minute=0, second=0, microsecond=0):
            text = moment.strftime("%Y-%m-%d")  # another day
        else:
            text = moment.strftime(form)[: -3 if step < 1_000 else None]
        found.append((frame.x(at), text))
    return found


def paint_marks(
    painter: QPainter,
    frame: Frame,
    marks: Iterable[Mark],
    colours: theme.Colours,
    metrics: QFontMetricsF,
) -> None:
    """Deploys: a line over all lanes, its words at its top where they have room."""
    taken = frame.labels
    for mark in marks:
        x = frame.x(mark.at_ms)
        if not frame.labels <= x <= frame.width:
            continue
        painter.setPen(QPen(colours.text, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, frame.axis), QPointF(x, frame.height))
        width = metrics.horizontalAdvance(one_line(mark.text, 60)) + 2 * theme.TIGHT
        left = x if x + width <= frame.width else x - width
        if left < taken:
            continue
        taken = left + width
        place = QRectF(left, frame.axis + 1, width, metrics.height())
        painter.fillRect(place, colours.line_highlight)
        painter.setPen(colours.text)
        painter.drawText(place.adjusted(theme.TIGHT, 0, 0, 0), _LEFT, one_line(mark.text, 60))


def _local(at_ms: float) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000).astimezone()
