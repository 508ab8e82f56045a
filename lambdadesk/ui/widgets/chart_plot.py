"""The plot inside a Chart. Imported with the first one shown, since pyqtgraph and numpy take their time.

pyqtgraph draws the axes and gives the view; marks are painted by our Layer, and the time shown is the Span's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.chart import HELP, Kind, Unit, format_value
from lambdadesk.ui.widgets.chart_axis import TimeAxis, ValueAxis
from lambdadesk.ui.widgets.chart_histogram import ChartHistogram
from lambdadesk.ui.widgets.chart_layer import MOST_MARKS, STRIPS_PX, Layer
from lambdadesk.ui.widgets.chart_overlay import Overlay
from lambdadesk.ui.widgets.plain import set_plain_tooltip

if TYPE_CHECKING:
    from lambdadesk.ui.widgets.chart import Chart

_REACH_PX: Final = 14  # how near the mouse must be to a point
_CARD_GAP_PX: Final = 12  # between a point and its card
_EDGE_PX: Final = 6.0
_ZOOM: Final = 1.25
_PAN: Final = 0.1  # of the width, by a notch of the wheel
_ROOM_FOR_HISTOGRAM_PX: Final = 420
_SAMPLE: Final = {Unit.MS: "10,000 ms", Unit.MB: "10,240 MB"}


class Plot(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Draws the points of its Chart, and gives what the mouse does to the Span."""

    def __init__(self, chart: Chart) -> None:
        self._box = _Box(self)
        self.axis = ValueAxis(chart.unit)
        super().__init__(viewBox=self._box, axisItems={"bottom": TimeAxis(), "left": self.axis})
        self.chart = chart
        self.span = chart.span
        self.own_card = False  # the card is shown here, not at one of the linked charts
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the Chart has the keyboard
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setFrameShape(self.Shape.NoFrame)
        item = self.getPlotItem()
        item.disableAutoRange()
        item.showGrid(y=True, alpha=1.0)
        self.layer = Layer(self._box)
        self.overlay = Overlay(self._box, self.layer, self.span)
        self.histogram = ChartHistogram(self)
        self.card = pg.TextItem()
        self.scene().addItem(self.card)  # beside the box of the points, which would clip it
        self.card.setZValue(10)
        self.card.hide()
        set_plain_tooltip(self.histogram, "How often which value was seen in the time in sight")
        chart.setToolTip("")
        self.restyle(theme.colours(chart.palette()))
        self._box.sigResized.connect(self._on_resized)
        self.scene().sigMouseMoved.connect(self._on_moved)
        self.scene().sigMouseClicked.connect(self._on_clicked)
        self.span.changed.connect(self._show_span)
        self.span.pointed.connect(self._show_pointed)
        self.setAccessibleDescription(HELP)

    def draw(self) -> None:
        """Draw the chart's points as they are now."""
        chart, layer = self.chart, self.layer
        layer.aggregate, layer.has_bands = chart.aggregate, chart.has_bands
        if chart.points is not None:
            layer.set_points(chart.points, chart.scale)
        self.axis.is_log = chart.is_log
        self.overlay.marks = chart.marks
        self._show_span()
        self._show_pointed()

    def restyle(self, colours: theme.Colours) -> None:
        """Take over the theme's colours and the font."""
        self.setBackground(colours.base)
        font = self.chart.font()
        font.setPointSizeF(font.pointSizeF() * 0.9)
        # As wide in every chart, so that the times of charts below each other are in line.
        self.axis.setWidth(QFontMetrics(font).horizontalAdvance("$0.00000000") + theme.SPACE)
        for name in ("left", "bottom"):
            axis = self.getAxis(name)
            axis.setPen(pg.mkPen(colours.border))
            axis.setTickPen(pg.mkPen(colours.grid))
            axis.setTextPen(pg.mkPen(colours.dim))
            axis.setTickFont(font)
            axis.setStyle(tickLength=0, tickTextOffset=6)
            axis.setZValue(-1)  # the grid belongs behind the points
        self.axis.setStyle(maxTickLevel=0)
        self.layer.restyle(colours)
        self.overlay.font = font
        self.overlay.update()
        self.histogram.update()
        self.card.setColor(colours.text)
        self.card.setFont(font)
        self.card.fill = pg.mkBrush(colours.raised)
        self.card.border = pg.mkPen(colours.border)

    # -- points

    def time_of(self, row: int) -> float:
        points = self.chart.points
        at = self.chart.place_of(row)
        return math.nan if points is None or at < 0 else float(points.times_s[at])

    def pointed_s(self) -> float | None:
        """The moment of the pointed one, where it is in sight."""
        at_s = self.time_of(self.span.row)
        return at_s if self.span.left_s <= at_s <= self.span.right_s else None

    def neighbour(self, step: int, *, is_failure: bool = False) -> int:
        """The row of the point before (-1) or after (1) the pointed one, or of the failure; else its own.

        Where none is pointed at: the last one in sight.
        """
        points = self.chart.points
        if points is None or not len(points):
            return -1
        at = self.chart.place_of(self.span.row)
        if at < 0:
            first, end = points.between(self.span.left_s, self.span.right_s)
            at = end - 1 if end > first else len(points) - 1
            if not is_failure or points.kinds[at] > Kind.OK:
                return points.row_of(at)
        if is_failure:
            failed = np.flatnonzero(points.kinds > Kind.OK)
            beyond = failed[failed > at] if step > 0 else failed[failed < at][::-1]
            return points.row_of(int(beyond[0]) if len(beyond) else at)
        return points.row_of(min(max(at + step, 0), len(points) - 1))

    def outermost(self, *, is_last: bool) -> int:
        """The row of the last point in time, or of the first."""
        points = self.chart.points
        return -1 if points is None or not len(points) else points.row_of(len(points) - 1 if is_last else 0)

    def nearest(self, position: QPointF) -> int:
        """The row of the point within reach of a place in the scene, -1 if there is none."""
        points = self.chart.points
        if points is None or not len(points) or not self._box.sceneBoundingRect().contains(position):
            return -1
        place, frame = self._box.mapFromScene(position), self.layer.frame()
        reach_s = _REACH_PX / frame.scale
        at_s = frame.left_s + place.x() / frame.scale
        first, end = points.between(at_s - reach_s, at_s + reach_s)
        if first == end:
            return -1
        xs, ys = frame.xs(points.times_s[first:end]), frame.ys(self.layer.heights[first:end])
        distance = np.hypot(xs - place.x(), ys - place.y())
        nearest = int(distance.argmin())
        return points.row_of(first + nearest) if distance[nearest] <= _REACH_PX else -1

    # -- what is shown

    def _show_span(self) -> None:
        low, high = self.layer.fit(self.span.left_s, self.span.right_s)
        # Room for half a mark at both ends, and for what is written at the upper one.
        above_px = _EDGE_PX + self.overlay.label_px(self.span.left_s, self.span.right_s)
        if self.layer.count_between(self.span.left_s, self.span.right_s) > MOST_MARKS:
            above_px += STRIPS_PX
        unit = (high - low) / max(40.0, self._box.height() - above_px - _EDGE_PX)
        self._box.setRange(
            xRange=(self.span.left_s, self.span.right_s),
            yRange=(low - unit * _EDGE_PX, high + unit * above_px),
            padding=0,
        )
        self._show_ceiling()
        self.layer.update()
        self.overlay.update()
        self.histogram.update()
        self._place_card()

    def show_marks(self, marks: Sequence[tuple[float, str]]) -> None:
        """Draw upright lines at these moments; see Chart."""
        self.overlay.marks = marks
        self._show_span()

    def _show_ceiling(self) -> None:
        values = self.layer.ceilings.between(self.span.left_s, self.span.right_s)
        text = ""
        if len(values):
            text = f"{self.chart.ceiling_word} {format_value(float(values[-1]), self.chart.unit)}".strip()
        self.overlay.ceiling_text = text

    def _show_pointed(self) -> None:
        self.overlay.update()
        row = self.span.row
        is_shown = self.own_card and self.chart.place_of(row) >= 0
        self.card.setVisible(is_shown)
        if is_shown:
            self.card.setText(self.chart.point_text(row))
            self._place_card()

    def _place_card(self) -> None:
        """Put the card beside its point, on the side where there is room, and wholly into the plot."""
        at, points = self.chart.place_of(self.span.row), self.chart.points
        if not self.card.isVisible() or at < 0 or points is None:
            return
        frame = self.layer.frame()
        x = float(frame.xs(points.times_s[at : at + 1])[0])
        y = float(frame.ys(self.layer.heights[at : at + 1])[0])
        place = self._box.mapToScene(QPointF(x, y))
        card, area = self.card.boundingRect(), self.sceneRect()
        if self.histogram.isVisible():  # which is over the scene
            area.setRight(self._box.sceneBoundingRect().right())
        left = place.x() + _CARD_GAP_PX
        if left + card.width() > area.right():
            left = place.x() - _CARD_GAP_PX - card.width()
        top = min(place.y() - card.height() / 2, area.bottom() - card.height())
        self.card.setPos(max(area.left(), left), max(area.top(), top))

    def box_rect(self) -> QRectF:
        """Where the points are, in this widget's pixels."""
        return QRectF(self.mapFromScene(self._box.sceneBoundingRect()).boundingRect())

    def paint_on(self, painter: QPainter, area: QRectF) -> None:
        """Paint all of it into an area of a picture, or of a drawing."""
        self.layer.setCacheMode(self.layer.CacheMode.NoCache)
        try:
            self.scene().render(painter, area, QRectF(self.viewport().rect()))
        finally:
            self.layer.setCacheMode(self.layer.CacheMode.DeviceCoordinateCache)
        if self.histogram.isVisible():
            painter.save()
            painter.translate(area.topLeft() + QPointF(self.histogram.pos()))
            self.histogram.paint(painter, self.layer.colours)
            painter.restore()

    # -- the mouse

    def _on_moved(self, position: QPointF) -> None:
        if not self._box.sceneBoundingRect().contains(position):
            self._leave()
            return
        row = self.nearest(position)
        self.own_card = self.overlay.has_mouse = True
        self.span.point_at(row, self.time_of(row) if row >= 0 else self._moment(position))

    def _moment(self, position: QPointF) -> float:
        frame = self.layer.frame()
        return frame.left_s + float(self._box.mapFromScene(position).x()) / frame.scale

    def _on_clicked(self, event: Any) -> None:
        row = self.nearest(event.scenePos())
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if event.double():
            self.chart.show_all()
        elif row >= 0:
            self.chart.point_clicked.emit(row)

    def brush(self, start_s: float, end_s: float, *, is_finished: bool) -> None:
        """Show which stretch is being chosen; zoom into it in the end."""
        self.overlay.brush = None if is_finished else (start_s, end_s)
        self.overlay.update()
        left, right = sorted((start_s, end_s))
        if is_finished and right > left:
            self.span.move(left, right)

    def scroll_by(self, delta: float, at: QPointF, *, is_pan: bool) -> None:
        """A turn of the wheel: zoom around the mouse, or move."""
        if is_pan:
            self.span.pan(-delta / 120 * _PAN)
        else:
            frame = self.layer.frame()
            self.span.zoom(_ZOOM ** (-delta / 120), frame.left_s + at.x() / frame.scale)

    def leaveEvent(self, event: Any) -> None:
        super().leaveEvent(event)
        self._leave()

    def _leave(self) -> None:
        if self.overlay.has_mouse:
            self.own_card = self.overlay.has_mouse = False
            self.span.point_at(-1)

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        if hasattr(self, "histogram"):
            self._on_resized()

    def _on_resized(self, *_: Any) -> None:
        room = ChartHistogram.WIDTH_PX if self.width() >= _ROOM_FOR_HISTOGRAM_PX else 0
        self.getPlotItem().layout.setContentsMargins(0, 0, room, 0)
        self.histogram.setVisible(room > 0)
        area = self.box_rect()
        self.histogram.setGeometry(
            round(area.right()) + 1, round(area.top()), max(0, room - 1), round(area.height()) + 1
        )
        self._show_span()


class _Box(pg.ViewBox):  # type: ignore[misc]  # pyqtgraph has no types
    """Moves nothing by itself: the plot gives what the mouse does to the Span."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(enableMenu=False)
        self._plot = plot
        self.setMouseEnabled(x=False, y=False)
        self._left_at_start = 0.0

    def wheelEvent(self, event: Any, axis: int | None = None) -> None:
        is_pan = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier) or (
            event.orientation() == Qt.Orientation.Horizontal
        )
        self._plot.scroll_by(event.delta(), self.mapFromScene(event.scenePos()), is_pan=is_pan)
        event.accept()

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:
        event.accept()
        plot, frame = self._plot, self._plot.layer.frame()
        begin, now = self.mapFromScene(event.buttonDownScenePos()), self.mapFromScene(event.scenePos())
        has_shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.button() == Qt.MouseButton.LeftButton and not has_shift:
            clamped = [min(max(0.0, place.x()), frame.width) for place in (begin, now)]
            start_s, end_s = (frame.left_s + x / frame.scale for x in clamped)
            plot.brush(start_s, end_s, is_finished=event.isFinish())
            return
        if event.isStart():
            self._left_at_start = plot.span.left_s
        left = self._left_at_start - (now.x() - begin.x()) / frame.scale
        plot.span.move(left, left + plot.span.width_s)

    def mouseClickEvent(self, event: Any) -> None:
        """Clicks are the plot's."""
