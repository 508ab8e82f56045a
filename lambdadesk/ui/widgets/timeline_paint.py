"""What TimelineView paints: lanes below each other, with axis, deploys and concurrency over them."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from lambdadesk.core.text import one_line
from lambdadesk.core.timeline import Mark, Timeline
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.pixels import is_drawing
from lambdadesk.ui.widgets.timeline_axis import paint_axis, paint_marks, ticks_of
from lambdadesk.ui.widgets.timeline_bars import paint_bars
from lambdadesk.ui.widgets.timeline_curve import paint_curve
from lambdadesk.ui.widgets.timeline_density import paint_density
from lambdadesk.ui.widgets.timeline_frame import Frame

MOST_BARS: Final = 500  # in sight; more are painted as pixels, which takes as long for any number
_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def paint(
    painter: QPainter,
    frame: Frame,
    timeline: Timeline,
    marks: Sequence[Mark],
    colours: theme.Colours,
) -> None:
    """Paint all but the card and the rings of what is pointed at."""
    metrics = QFontMetricsF(painter.font())
    painter.fillRect(QRectF(0, 0, frame.width, frame.height), colours.base)
    ticks = ticks_of(frame, metrics)
    painter.setPen(QPen(colours.grid, 1))
    painter.drawLines([QLineF(x, frame.axis, x, frame.height) for x, _ in ticks])
    painter.setClipRect(QRectF(0, frame.top, frame.width, frame.height - frame.top))
    _paint_lanes(painter, frame, timeline, colours, metrics)
    painter.setClipRect(QRectF(0, 0, frame.width, frame.height))
    if is_drawing(painter):  # which clips nothing: a lane that is scrolled half out is there as a whole
        painter.fillRect(QRectF(0, 0, frame.width, frame.top), colours.base)
    paint_curve(painter, frame, timeline, colours, metrics)
    paint_axis(painter, frame, ticks, colours, metrics)
    paint_marks(painter, frame, marks, colours, metrics)
    painter.setClipping(False)


def _paint_lanes(
    painter: QPainter, frame: Frame, timeline: Timeline, colours: theme.Colours, metrics: QFontMetricsF
) -> None:
    first, end = frame.lanes_in_sight()
    lanes = timeline.lanes[first:end]
    if not lanes:
        return
    separators, lives = [], []
    for at, lane in enumerate(lanes, first):
        top, height = frame.lane_top(at), frame.lane_height(at)
        if not height:
            continue
        separators.append(QLineF(0, top + height, frame.width, top + height))
        if not lane.stream or lane.depth > 1:  # rows of their own tell as much
            continue
        middle = top + height / 2
        left, right = max(frame.x(lane.began_ms), frame.labels), min(frame.x(lane.last_ms), frame.width)
        if left <= right:
            lives.append(QLineF(left, middle, right, middle))
            for edge in (lane.began_ms, lane.last_ms):
                if frame.labels <= (x := frame.x(edge)) <= frame.width:
                    lives.append(QLineF(x, middle - height / 5, x, middle + height / 5))
    painter.setPen(QPen(colours.grid, 1))
    painter.drawLines(separators)
    painter.setPen(QPen(colours.handle, 1))
    painter.drawLines(lives)
    painter.save()
    painter.setClipRect(QRectF(frame.labels, frame.top, frame.width, frame.height - frame.top))
    first_run, end_run = lanes[0].first, lanes[-1].end
    begins, ends = timeline.begins[first_run:end_run], timeline.ends[first_run:end_run]
    runs = first_run + np.flatnonzero((begins <= frame.right_ms) & (ends >= frame.left_ms))
    if frame.has_gaps:
        runs = runs[np.diff(frame.tops)[timeline.lane_of[runs]] > 0]
    if len(runs) > MOST_BARS:
        paint_density(painter, frame, timeline, runs, (first, end), colours)
    else:
        paint_bars(painter, frame, timeline, runs, colours, metrics)
    painter.restore()
    painter.fillRect(QRectF(0, frame.top, frame.labels, frame.height - frame.top), colours.panel)
    painter.setPen(QPen(colours.grid, 1))
    painter.drawLines([QLineF(0, line.y1(), frame.labels, line.y1()) for line in separators])
    room = frame.labels - 2 * theme.SPACE
    for at, lane in enumerate(lanes, first):
        if not frame.lane_height(at):
            continue
        painter.setPen(colours.text if lane.stream else colours.dim)
        title = metrics.elidedText(one_line(lane.title, 80), Qt.TextElideMode.ElideRight, room)
        place = QRectF(
            theme.SPACE, frame.lane_top(at), room, min(frame.lane_height(at), 2 * metrics.height())
        )
        painter.drawText(place, _LEFT, title)
