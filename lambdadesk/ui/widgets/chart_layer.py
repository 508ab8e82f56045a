"""Layer, the marks in a plot: each by itself while they are few, else a picture of their density, in tiles.

A tile is a stretch of time as wide as so many pixels. It is painted once for a zoom, so that moving in time
costs what comes into sight, however many points there are.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap

from lambdadesk.ui import theme
from lambdadesk.ui.widgets import chart_paint as ink
from lambdadesk.ui.widgets.chart_points import Bands, Floats, Ints, Points, Reals, Scale, Steps, bin_width_s
from lambdadesk.ui.widgets.pixels import draw_pixels, is_drawing, mixed

MOST_MARKS: Final = 3_000  # in sight that are painted one by one
_MOST_STEMS: Final = 300
LEAST_FOR_BANDS: Final = 20  # in sight: below, the marks say it better
_BAND_PX: Final = 14.0  # how wide a stretch with percentiles is at least
_IN_A_BAND: Final = 12  # as many are in one, about
_TILE_PX: Final = 256
STRIPS_PX: Final = 2 * ink.RUG_PX + 4  # at the upper edge of a picture of density
_KEPT_TILES: Final = 48
_MARGIN_PX: Final = 8.0  # a mark reaches over the edge of its tile
_MOST_SIGNS: Final = 120  # in a tile, of failures and of cold starts each
_MARK_PX: Final = 7.0
_SMALL_MARK_PX: Final = 5.0  # in a picture of density, and where marks are many


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What was measured of stretches of time as a whole, CloudWatch's metrics say; never points.

    edges_s: where each begins, and the last one ends. middle, high: in the chart's unit, NaN where nothing is
    known. word: what they are, for the legend.
    """

    edges_s: Floats
    middle: Floats
    high: Floats
    word: str


@dataclass(frozen=True, slots=True)
class Frame:
    """Where times and heights are, in pixels of the plot from its upper left corner."""

    width: float
    height: float
    left_s: float
    right_s: float
    low: float
    high: float

    @property
    def scale(self) -> float:
        """Pixels of a second."""
        return self.width / (self.right_s - self.left_s)

    def xs(self, times_s: Floats) -> Floats:
        return (times_s - self.left_s) * self.scale

    def in_sight(self, edges_s: Floats) -> tuple[Floats, slice]:
        """Which of the stretches between these moments are in sight, and where their parts in sight are."""
        xs = self.xs(edges_s)
        first = max(0, int(np.searchsorted(xs, 0.0, "right")) - 1)
        end = max(first, min(len(xs) - 1, int(np.searchsorted(xs, self.width))))
        return np.clip(xs[first : end + 1], 0.0, self.width), slice(first, end)

    def ys(self, heights: Reals) -> Reals:
        return (self.high - heights) * (self.height / (self.high - self.low))


@dataclass(frozen=True, slots=True)
class _Tile:
    picture: QPixmap
    counts: NDArray[np.int32]  # rows of cells, columns of cells


class Layer(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """Painted in pixels of the view box that it is in, so that a window and a file show the same."""

    def __init__(self, box: Any) -> None:
        super().__init__()
        self.setParentItem(box)
        # Painted anew for what changes in it, and not for the mouse above it.
        self.setCacheMode(self.CacheMode.DeviceCoordinateCache)
        self._box = box
        self.points: Points | None = None
        self.heights: Reals = np.empty(0)  # of the points, by the scale
        self.ceilings = Steps(np.empty(0), np.empty(0))
        self._special: Ints = np.empty(0, np.int64)  # the points that failed, or were cold starts
        self.aggregate: Aggregate | None = None
        self.scale_of_values = Scale()
        self.has_bands = True
        self.is_stacked = False
        self.colours = theme.LIGHT
        self._bands = Bands()
        self._tiles: OrderedDict[int, _Tile] = OrderedDict()
        self._tiles_of: tuple[object, ...] = ()
        self._tile_scale = 1.0

    # -- what is drawn

    def set_points(self, points: Points, scale: Scale) -> None:
        self.points, self.scale_of_values = points, scale
        self.heights, self.ceilings = scale.up(points.values), Steps.of(points)
        self._special = np.flatnonzero(points.colds | (points.kinds > 0))
        self.is_stacked = points.inits is not None or points.restores is not None
        self._forget()

    def restyle(self, colours: theme.Colours) -> None:
        self.colours = colours
        self._forget()

    def _forget(self) -> None:
        self._tiles.clear()
        self.update()

    def fit(self, left_s: float, right_s: float) -> tuple[float, float]:
        """The range of heights that holds all that is in the span."""
        least, most = math.inf, 0.0
        if self.points is not None:
            first, end = self.points.between(left_s, right_s)
            if end > first:
                most = self.scale_of_values.down(float(self.heights[first:end].max()))
                cold = self._special_in(first, end) if self.is_stacked else self._special[:0]
                for part in (self.points.inits, self.points.restores):
                    if part is not None and len(cold):
                        most = max(most, float((self.points.values[cold] + part[cold]).max()))
                least = self.scale_of_values.down(float(self.heights[first:end].min()))
        most = max(most, float(self.ceilings.between(left_s, right_s).max(initial=0.0)))
        if self.aggregate is not None:
            edges = self.aggregate.edges_s
            seen = (edges[1:] > left_s) & (edges[:-1] < right_s)
            for row in (self.aggregate.middle, self.aggregate.high):
                known = row[seen & ~np.isnan(row)]
                most = max(most, float(known.max(initial=0.0)))
                least = min(least, float(known.min(initial=math.inf)))
        return self.scale_of_values.range(least if math.isfinite(least) else most, most)

    def frame(self) -> Frame:
        (left, right), (low, high) = self._box.viewRange()
        return Frame(max(1.0, self._box.width()), max(1.0, self._box.height()), left, right, low, high)

    def histogram(self, bins: int) -> NDArray[np.int64]:
        """How many points in sight are in each of so many equal ranges of height, from the top down."""
        frame, points = self.frame(), self.points
        if points is None:
            return np.zeros(bins, np.int64)
        first, end = points.between(frame.left_s, frame.right_s)
        if end - first <= MOST_MARKS:
            rows = np.clip(frame.ys(self.heights[first:end]) * (bins / frame.height), 0, bins - 1)
            return np.bincount(rows.astype(np.int64), minlength=bins)
        cells = np.zeros(-(-int(frame.height) // ink.CELL_PX), np.int64)
        for left, tile in self._tiles_in(frame):
            begin = max(0, math.floor(-left / ink.CELL_PX))
            stop = min(tile.counts.shape[1], math.ceil((frame.width - left) / ink.CELL_PX))
            if stop > begin:
                cells[: len(tile.counts)] += tile.counts[:, begin:stop].sum(axis=1)
        middle = (np.arange(len(cells)) + 0.5) * (ink.CELL_PX * bins / frame.height)
        return np.bincount(np.minimum(middle.astype(np.int64), bins - 1), cells, bins).astype(np.int64)

    def count_between(self, left_s: float, right_s: float) -> int:
        """How many points there are in a span."""
        if self.points is None:
            return 0
        first, end = self.points.between(left_s, right_s)
        return end - first

    def is_dense(self, frame: Frame) -> bool:
        """Whether there are too many in sight to be painted one by one."""
        return self.count_between(frame.left_s, frame.right_s) > MOST_MARKS

    # -- painting

    def boundingRect(self) -> QRectF:
        return QRectF(self._box.rect())

    def paint(self, painter: QPainter, option: object, widget: object = None) -> None:
        frame, points, colours = self.frame(), self.points, self.colours
        painter.setClipRect(self.boundingRect())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.aggregate is not None:
            self._paint_aggregate(painter, frame, self.aggregate)
        if points is None or not len(points):
            return
        if len(self.ceilings.values):
            self._paint_ceilings(painter, frame, points)
        if self.is_dense(frame) and is_drawing(painter):
            self._paint_density(painter, frame)
        elif self.is_dense(frame):
            for left, tile in self._tiles_in(frame):
                painter.drawPixmap(QPointF(round(left), 0.0), tile.picture)
        else:
            margin = 0.0 if is_drawing(painter) else _MARGIN_PX / frame.scale  # a drawing clips nothing
            first, end = points.between(frame.left_s - margin, frame.right_s + margin)
            size = _MARK_PX if end - first < MOST_MARKS / 5 else _SMALL_MARK_PX
            self._paint_marks(painter, frame, first, end, size)
        if self.has_bands:
            first, end = points.between(frame.left_s, frame.right_s)
            if end - first >= LEAST_FOR_BANDS:
                least_px = max(_BAND_PX, frame.width * _IN_A_BAND / (end - first))
                width_s = bin_width_s(frame.right_s - frame.left_s, frame.width, least_px)
                edges, rows = self._bands.get(points, frame.left_s, frame.right_s, width_s)
                up = self.scale_of_values.up
                low, middle, high = (frame.ys(up(row)) for row in rows)
                is_dense = self.is_dense(frame)
                xs = np.clip(frame.xs(edges), 0.0, frame.width)
                ink.draw_bands(painter, xs, (low, middle, high), colours, has_halo=is_dense)

    def _paint_marks(self, painter: QPainter, frame: Frame, first: int, end: int, size: float) -> None:
        """The marks of a slice of the points, one by one."""
        points, colours = self.points, self.colours
        assert points is not None  # noqa: S101  the callers have some
        xs, ys = frame.xs(points.times_s[first:end]), frame.ys(self.heights[first:end])
        kinds = points.kinds[first:end]
        special = self._special_in(first, end)
        if self.is_stacked:
            self._paint_stacks(painter, frame, special)
            if end - first <= _MOST_STEMS and not self.scale_of_values.is_log:
                ink.draw_stems(painter, xs, ys, float(frame.ys(np.zeros(1))[0]), colours.dim)
        is_fine = kinds == 0
        if points.groups is None:
            colour = mixed(colours.series[0], colours.base, 0.85)
            ink.draw_points(painter, xs[is_fine], ys[is_fine], colour, size)
        else:
            groups = points.groups[first:end]
            for group in np.unique(groups).tolist():
                own = is_fine & (groups == group)
                ink.draw_points(painter, xs[own], ys[own], colours.marks[group], size + 1, group)
        self._paint_signs(painter, frame, special, size)

    def _paint_signs(
        self, painter: QPainter, frame: Frame, special: Ints, size: float, most: float = math.inf
    ) -> None:
        """What marks failures and cold starts; none of a kind of which there are more than `most`."""
        points = self.points
        assert points is not None  # noqa: S101
        cold, failed = special[points.colds[special]], special[points.kinds[special] > 0]
        for chosen in (cold, failed):
            xs, ys = frame.xs(points.times_s[chosen]), frame.ys(self.heights[chosen])
            kept = _few(xs, ys, most) if math.isfinite(most) else slice(None)
            if chosen is cold:
                ink.draw_colds(painter, xs[kept], ys[kept], size, self.colours)
            else:
                kinds = points.kinds[chosen][kept]
                ink.draw_failures(painter, xs[kept], ys[kept], kinds, size + 1, self.colours)

    def _special_in(self, first: int, end: int) -> Ints:
        """The failures and cold starts of a slice."""
        begin, stop = np.searchsorted(self._special, [first, end])
        return self._special[begin:stop]

    def _paint_stacks(self, painter: QPainter, frame: Frame, special: Ints, most: float = math.inf) -> None:
        """Init and restore on top of the durations; only cold starts have any."""
        points, up = self.points, self.scale_of_values.up
        assert points is not None  # noqa: S101
        for part, is_restore in ((points.inits, False), (points.restores, True)):
            if part is None:
                continue
            own = special[part[special] > 0]
            xs = frame.xs(points.times_s[own])
            highs = frame.ys(up(points.values[own] + part[own]))
            lows = frame.ys(self.heights[own])
            kept = _few(xs, highs, most) if math.isfinite(most) else slice(None)
            ink.draw_stretches(
                painter, xs[kept], lows[kept], highs[kept], self.colours, is_restore=is_restore
            )

    def _paint_ceilings(self, painter: QPainter, frame: Frame, points: Points) -> None:
        """A step line, from one change of the ceiling to the next and on beyond the last point."""
        steps = self.ceilings
        edges, part = frame.in_sight(np.append(steps.times_s, points.times_s[-1] + 1e7))
        painter.setPen(QPen(self.colours.marks[3], 1.5, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(ink.steps_path(edges, frame.ys(self.scale_of_values.up(steps.values[part]))))

    def _paint_aggregate(self, painter: QPainter, frame: Frame, aggregate: Aggregate) -> None:
        edges, part = frame.in_sight(aggregate.edges_s)
        up, colour = self.scale_of_values.up, self.colours.marks[5]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for row, style in (
            (aggregate.middle, Qt.PenStyle.SolidLine),
            (aggregate.high, Qt.PenStyle.DashDotLine),
        ):
            painter.setPen(QPen(colour, 1.8, style))
            painter.drawPath(ink.steps_path(edges, frame.ys(up(row[part]))))

    # -- tiles

    def _tiles_in(self, frame: Frame) -> list[tuple[float, _Tile]]:
        """The tiles in sight, with where each begins."""
        points = self.points
        assert points is not None  # noqa: S101
        ratio = self.scene().views()[0].devicePixelRatioF() if self.scene() and self.scene().views() else 1.0
        look = (id(points), frame.low, frame.high, int(frame.height), ratio, self.colours.is_dark)
        if look != self._tiles_of or abs(frame.scale / self._tile_scale - 1) > 1e-7:
            self._tiles.clear()
            self._tiles_of, self._tile_scale = look, frame.scale
        zero_s = self._first_tile_s(points)
        left = (frame.left_s - zero_s) * self._tile_scale
        last = (float(points.times_s[-1]) - zero_s) * self._tile_scale + _MARGIN_PX
        begin = max(0, math.floor(left / _TILE_PX))
        stop = math.floor(min(left + frame.width, last) / _TILE_PX)
        shown = []
        for number in range(begin, stop + 1):
            tile = self._tiles.get(number)
            if tile is None:
                tile = self._tiles[number] = self._make_tile(number, frame, ratio)
            self._tiles.move_to_end(number)
            shown.append((number * _TILE_PX - left, tile))
        while len(self._tiles) > max(_KEPT_TILES, len(shown)):
            self._tiles.popitem(last=False)
        return shown

    def _first_tile_s(self, points: Points) -> float:
        """Where the first tile begins, so that the sign of the first point is not cut."""
        return float(points.times_s[0]) - _MARGIN_PX / self._tile_scale

    def _make_tile(self, number: int, frame: Frame, ratio: float) -> _Tile:
        points = self.points
        assert points is not None  # noqa: S101
        start_s = self._first_tile_s(points) + number * _TILE_PX / self._tile_scale
        end_s = start_s + _TILE_PX / self._tile_scale
        own = Frame(_TILE_PX, frame.height, start_s, end_s, frame.low, frame.high)
        picture = QPixmap(round(_TILE_PX * ratio), round(max(1, int(frame.height)) * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        counts = self._paint_density(painter, own)
        painter.end()
        return _Tile(picture, counts)

    def _paint_density(self, painter: QPainter, own: Frame) -> NDArray[np.int32]:
        """The points of a stretch of time as cells, with what is special among them; how many are in each."""
        points = self.points
        assert points is not None  # noqa: S101
        first, end = points.between(own.left_s, own.right_s)
        groups = None if points.groups is None else points.groups[first:end]
        edges = own.left_s + np.arange(math.ceil(own.width / ink.CELL_PX) + 1) * (ink.CELL_PX / own.scale)
        bounds = np.searchsorted(points.times_s[first:end], edges)
        bounds[-1] = end - first
        heights = own.ys(self.heights[first:end])
        counts, most = ink.density(bounds, heights, groups, max(1, int(own.height)))
        rows, columns = counts.shape
        place = QRectF(0, 0, columns * ink.CELL_PX, rows * ink.CELL_PX)
        draw_pixels(painter, place, ink.density_pixels(counts, most, self.colours))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        margin = _MARGIN_PX / own.scale
        near = self._special_in(*points.between(own.left_s - margin, own.right_s + margin))
        # As many for each pixel where it is not full.
        filled_s = float(points.times_s[end - 1] - points.times_s[first]) if end > first else 0.0
        most_signs = max(1.0, _MOST_SIGNS * filled_s * own.scale / _TILE_PX)
        if self.is_stacked:
            self._paint_stacks(painter, own, near, most_signs)
        self._paint_signs(painter, own, near, _SMALL_MARK_PX, most_signs)
        # Where signs would cover all else, what they say is at the upper edge.
        inside = self._special_in(first, end)
        xs, is_failed, wide = own.xs(points.times_s[inside]), points.kinds[inside] > 0, int(own.width)
        ink.draw_rug(painter, xs[is_failed], 0.0, wide, self.colours.error)
        ink.draw_rug(painter, xs[points.colds[inside]], ink.RUG_PX + 2, wide, self.colours.series[1])
        return counts


def _few(xs: Floats, ys: Reals, most: float) -> Ints:
    """Those signs that are not on another; none where they are too many to tell anything."""
    if len(xs) > 10 * most:
        return np.empty(0, np.int64)
    kept = ink.thin(xs, ys)
    return kept if len(kept) <= most else kept[:0]
