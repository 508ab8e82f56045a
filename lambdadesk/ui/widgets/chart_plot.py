"""The plot inside a Chart. Imported with the first one shown, since pyqtgraph and numpy take their time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.chart import Kind, Unit, format_value, kind_colour

if TYPE_CHECKING:
    from lambdadesk.ui.widgets.chart import Chart

MAX_SCATTER_POINTS: Final = 20_000  # more take hundreds of milliseconds a frame
_REACH_PX: Final = 14  # how near the mouse must be to a point
_HEADROOM_PX: Final = 24
_CARD_GAP_PX: Final = 12  # between a point and its card
_MIN_SPAN_S: Final = 60.0
_SYMBOLS: Final = {Kind.OK: ("o", 8), Kind.ERROR: ("x", 10), Kind.COLD_START: ("t1", 10)}


class Plot(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Draws the points of its Chart. Time is zoomed and moved, values always start at 0."""

    def __init__(self, chart: Chart) -> None:
        self._box = _TimeBox()
        self._axis = _ValueAxis(chart.unit)
        super().__init__(
            viewBox=self._box,
            axisItems={"bottom": pg.DateAxisItem(), "left": self._axis},
        )
        self._chart = chart
        self.pointed = -1  # index of the point whose card is shown
        self.is_following = True
        self._is_led = False  # a linked chart sets the span
        self._times = self._values = self._ceilings = np.empty(0)
        self._order = np.empty(0, dtype=int)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the Chart has the keyboard
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setFrameShape(self.Shape.NoFrame)
        item = self.getPlotItem()
        # On the item, not on the curves: those raise AttributeError with PySide6.
        item.setClipToView(True)
        item.setDownsampling(auto=True, mode="peak")
        item.disableAutoRange()
        item.showGrid(y=True, alpha=1.0)

        self._line = pg.PlotDataItem()
        self._ceiling = pg.PlotDataItem(stepMode="right")
        self._ceiling_label = pg.TextItem(anchor=(1, 1))
        self._scatters = {
            kind: pg.ScatterPlotItem(symbol=symbol, size=size, pxMode=True, antialias=True)
            for kind, (symbol, size) in _SYMBOLS.items()
        }
        self._cross = pg.InfiniteLine(angle=90)
        self._ring = pg.ScatterPlotItem(symbol="o", size=16, pxMode=True, antialias=True)
        self._card = pg.TextItem()
        for drawn in (self._ceiling, self._line, *self._scatters.values(), self._cross, self._ring):
            item.addItem(drawn)
        item.addItem(self._ceiling_label, ignoreBounds=True)
        self.scene().addItem(self._card)  # beside the box of the points, which would clip it
        self._card.setZValue(10)
        self.restyle(theme.colours(chart.palette()))
        self.point_at(-1)
        self._box.sigXRangeChanged.connect(self._on_span_changed)
        self._box.sigResized.connect(self._fit_values)
        self._box.sigTransformChanged.connect(self._place_card)
        self._box.sigRangeChangedManually.connect(self._stop_following)
        self._box.reset_requested.connect(self.reset_view)
        self.scene().sigMouseMoved.connect(self._on_moved)
        self.scene().sigMouseClicked.connect(self._on_clicked)

    def draw(self) -> None:
        """Draw the chart's points as they are now."""
        chart = self._chart
        times, values = np.array(chart.times_s), np.array(chart.values)
        kinds = np.array(chart.kinds)
        self._times, self._values = times, values
        # Indexes of the points that have a value, in order of time.
        order = np.argsort(times, kind="stable")
        self._order = order = order[~np.isnan(values[order])]
        if self.pointed not in order:
            self.point_at(-1)
        is_line = len(order) > MAX_SCATTER_POINTS
        self._line.setData(times[order], values[order]) if is_line else self._line.setData([], [])
        for kind, scatter in self._scatters.items():
            chosen = order[kinds[order] == kind]
            if is_line:
                chosen = chosen[-MAX_SCATTER_POINTS // 4 :] if kind is Kind.ERROR else chosen[:0]
            scatter.setData(times[chosen], values[chosen])
        self._ceilings = np.array(chart.ceilings)
        known = order[~np.isnan(self._ceilings[order])] if len(self._ceilings) else order[:0]
        # To well beyond the last point, so that a single one has a line too.
        steps = np.append(times[known], times[known][-1:] + 1e6)
        self._ceiling.setData(steps, self._ceilings[np.append(known, known[-1:])] if len(known) else [])
        if self.is_following:
            self.reset_view()
        else:
            self._fit_values()

    def restyle(self, colours: theme.Colours) -> None:
        """Take over the theme's colours."""
        self.setBackground(colours.base)
        font = self._chart.font()
        font.setPointSizeF(font.pointSizeF() * 0.9)
        # As wide in every chart, so that the times of charts below each other are in line.
        self._axis.setWidth(QFontMetrics(font).horizontalAdvance("$0.00000000") + theme.SPACE)
        for name in ("left", "bottom"):
            axis = self.getAxis(name)
            axis.setPen(pg.mkPen(colours.border))
            axis.setTickPen(pg.mkPen(colours.grid))
            axis.setTextPen(pg.mkPen(colours.dim))
            axis.setTickFont(font)
            axis.setStyle(tickLength=0, tickTextOffset=6)
            axis.setZValue(-1)  # the grid belongs behind the points
        self._axis.setStyle(maxTickLevel=0)
        self._line.setPen(pg.mkPen(colours.series[0], width=1))
        self._ceiling.setPen(pg.mkPen(colours.series[2], width=1, style=Qt.PenStyle.DashLine))
        self._ceiling_label.setColor(colours.series[2])
        self._ceiling_label.setFont(font)
        for kind, scatter in self._scatters.items():
            colour = kind_colour(kind, colours)
            fill = QColor(colour)
            fill.setAlpha(200)  # points on top of each other show as darker
            scatter.setBrush(pg.mkBrush(fill))
            scatter.setPen(pg.mkPen(colours.base if kind is not Kind.ERROR else colour, width=0.7))
        self._cross.setPen(pg.mkPen(colours.dim, width=1, style=Qt.PenStyle.DotLine))
        self._ring.setBrush(None)
        self._ring.setPen(pg.mkPen(colours.text, width=1.5))
        self._card.setColor(colours.text)
        self._card.setFont(font)
        self._card.fill = pg.mkBrush(colours.raised)
        self._card.border = pg.mkPen(colours.border)

    def reset_view(self) -> None:
        """Show all points, and keep doing so as they come."""
        self.is_following = True
        if len(self._times):
            first, last = float(self._times.min()), float(self._times.max())
            spare = max((_MIN_SPAN_S - (last - first)) / 2, (last - first) * 0.03)
            self._box.setXRange(first - spare, last + spare, padding=0)
        self._fit_values()
        self._share_span()

    @property
    def span(self) -> tuple[float, float]:
        """The span of time in view, epoch seconds."""
        left, right = self._box.viewRange()[0]
        return left, right

    def show_span(self, left: float, right: float, *, is_following: bool) -> None:
        """Show the span of a linked chart."""
        self._is_led = True
        self.is_following = is_following
        self._box.setXRange(left, right, padding=0)
        self._is_led = False

    def point_at(self, index: int) -> None:
        """Show the card of a point; -1 hides it."""
        self.pointed = index
        is_shown = 0 <= index < len(self._times)
        for item in (self._cross, self._ring, self._card):
            item.setVisible(is_shown)
        if not is_shown:
            return
        x, y = float(self._times[index]), float(self._values[index])
        left, right = self.span
        if not left <= x <= right:
            self.is_following = False
            self._box.setXRange(x - (right - left) / 2, x + (right - left) / 2, padding=0)
        self._cross.setPos(x)
        self._ring.setData([x], [y])
        self._card.setText(self._chart.point_text(index))
        self._place_card()

    def neighbour(self, step: int) -> int:
        """The point before (-1) or after (1) the pointed one in time; the last one if there is none."""
        if self.pointed < 0:
            return self.outermost(is_last=True)
        place = int(np.flatnonzero(self._order == self.pointed)[0]) + step
        return int(self._order[min(max(place, 0), len(self._order) - 1)])

    def outermost(self, *, is_last: bool) -> int:
        """The last point in time, or the first."""
        return int(self._order[-1 if is_last else 0])

    def _place_card(self, *_: Any) -> None:
        """Put the card beside its point, on the side where there is room, and wholly into the plot."""
        if not self._card.isVisible():
            return
        at = self._box.mapViewToScene(QPointF(self._times[self.pointed], self._values[self.pointed]))
        card, area = self._card.boundingRect(), self.sceneRect()
        left = at.x() + _CARD_GAP_PX
        if left + card.width() > area.right():
            left = at.x() - _CARD_GAP_PX - card.width()
        top = min(at.y() - card.height() / 2, area.bottom() - card.height())
        self._card.setPos(max(area.left(), left), max(area.top(), top))

    def _fit_values(self, *_: Any) -> None:
        """Let the values fill the height, from 0 to a little above the highest one in view."""
        left, right = self._box.viewRange()[0]
        times = self._times[self._order]
        in_view = self._order[(times >= left) & (times <= right)]
        top = float(self._values[in_view].max(initial=0))
        ceilings = self._ceilings[in_view] if len(self._ceilings) else self._ceilings
        ceilings = ceilings[~np.isnan(ceilings)]
        if len(ceilings):
            top = max(top, float(ceilings.max()))
            self._ceiling_label.setText(format_value(float(ceilings[-1]), self._chart.unit))
            self._ceiling_label.setPos(right, float(ceilings[-1]))
        self._ceiling_label.setVisible(bool(len(ceilings)))
        # Room for half a symbol, or for the ceiling's label above its line.
        height_px = max(self._box.height(), 4 * _HEADROOM_PX)
        self._box.setYRange(0, top * height_px / (height_px - _HEADROOM_PX) or 1.0, padding=0)

    def _on_span_changed(self, *_: Any) -> None:
        self._fit_values()
        self._share_span()

    def _stop_following(self, *_: Any) -> None:
        self.is_following = False
        self._share_span()

    def _share_span(self) -> None:
        if not self._is_led:
            self._chart.share_span(*self.span, is_following=self.is_following)

    def _nearest(self, position: QPointF) -> int:
        """The point within reach of a place in the scene, -1 if there is none."""
        if not len(self._times) or not self._box.sceneBoundingRect().contains(position):
            return -1
        at = self._box.mapSceneToView(position)
        width, height = self._box.viewPixelSize()
        if not width or not height:
            return -1
        distance = np.hypot((self._times - at.x()) / width, (self._values - at.y()) / height)
        distance[np.isnan(distance)] = np.inf
        nearest = int(distance.argmin())
        return nearest if distance[nearest] <= _REACH_PX else -1

    def _on_moved(self, position: QPointF) -> None:
        index = self._nearest(position)
        if index != self.pointed:
            self.point_at(index)

    def _on_clicked(self, event: Any) -> None:
        index = self._nearest(event.scenePos())
        if index >= 0 and event.button() == Qt.MouseButton.LeftButton and not event.double():
            self._chart.point_clicked.emit(index)

    def leaveEvent(self, event: Any) -> None:
        super().leaveEvent(event)
        self.point_at(-1)


class _TimeBox(pg.ViewBox):  # type: ignore[misc]  # pyqtgraph has no types
    """Moves and zooms in time only; a double click asks for everything again."""

    reset_requested = pg.QtCore.Signal()

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.setMouseEnabled(x=True, y=False)
        self.setLimits(minXRange=0.01)

    def mouseClickEvent(self, event: Any) -> None:
        if event.double() and event.button() == Qt.MouseButton.LeftButton:
            self.reset_requested.emit()
            event.accept()


class _ValueAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Ticks with their unit: "800 ms", "12 s", "256 MB", "$0.000002"."""

    def __init__(self, unit: Unit) -> None:
        super().__init__("left")
        self._unit = unit
        self.enableAutoSIPrefix(False)

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:  # noqa: N803  as the base class calls them
        """One level of ticks, at 1, 2 or 5 times a power of ten, two lines of text apart at least."""
        line_px = QFontMetrics(self.style["tickFont"] or QFont()).height()
        least = max(maxVal - minVal, 1e-300) / max(1.0, size / (2 * line_px))
        power = 10.0 ** math.floor(math.log10(least))
        return [(next(step * power for step in (1, 2, 5, 10) if step * power >= least), 0.0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        factor, unit = 1.0, str(self._unit)
        if self._unit is Unit.MS and self.range[1] >= 10_000:
            factor, unit = 0.001, "s"
        places = max(0, math.ceil(-math.log10(spacing * factor) - 1e-9))
        if self._unit in (Unit.USD, Unit.CNY):
            return [f"{unit}{value:,.{places}f}" if value else f"{unit}0" for value in values]
        return [f"{value * factor:,.{places}f} {unit}" if value else "0" for value in values]
