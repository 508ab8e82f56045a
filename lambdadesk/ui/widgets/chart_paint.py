"""How marks of invocations, bands of percentiles and what is beside them are painted, from arrays of pixels.

Nothing here knows of time or of values: places are pixels of the plot, from its upper left corner.
"""

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPath
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.chart import Kind, cold_colour, kind_colour, restore_colour
from lambdadesk.ui.widgets.pixels import Pixels, is_drawing, ramp

Floats = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

MOST_GROUPS: Final = 8  # that have a colour and a shape of their own
CELL_PX: Final = 2  # of a picture of density
_LEVELS: Final = 48
_FAINTEST: Final = 0.4  # how strong a cell with a single invocation is
_FULL: Final = 200.0  # invocations in a cell: no stronger with more
_GLYPHS_APART_PX: Final = 6  # in a picture of density: signs on top of each other tell no more than one


def draw_points(
    painter: QPainter, xs: Floats, ys: Reals, colour: QColor, size: float, shape: int = 0
) -> None:
    """Marks of what succeeded: discs, or one of the shapes that tell groups apart."""

    def draw(painter: QPainter, xs: Floats, ys: Reals) -> None:
        pen = QPen(colour, 1.4)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        is_hollow = shape >= MOST_GROUPS // 2
        painter.setPen(pen if is_hollow else Qt.PenStyle.NoPen)
        painter.setBrush(Qt.BrushStyle.NoBrush if is_hollow else colour)
        painter.drawPath(_polygons(xs, ys, _SHAPES[shape % MOST_GROUPS] * size / 2))

    _stamp(painter, xs, ys, size, ("point", shape, colour.rgba(), size), draw)


def draw_failures(
    painter: QPainter, xs: Floats, ys: Reals, kinds: NDArray[np.int8], size: float, colours: theme.Colours
) -> None:
    """A cross for an error, a clock for a timeout, a full triangle for what ran out of memory."""
    for kind in (Kind.ERROR, Kind.TIMEOUT, Kind.OUT_OF_MEMORY):
        own = kinds == kind

        def draw(painter: QPainter, xs: Floats, ys: Reals, kind: Kind = kind) -> None:
            _draw_failure(painter, xs, ys, kind, size, colours)

        _stamp(painter, xs[own], ys[own], size, (kind, colours.is_dark, size), draw)


def _draw_failure(
    painter: QPainter, xs: Floats, ys: Reals, kind: Kind, size: float, colours: theme.Colours
) -> None:
    half, colour = size / 2, kind_colour(kind, colours)
    pen = QPen(colour, max(1.4, size / 5))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    if kind is Kind.ERROR:
        painter.drawPath(_strokes(xs, ys, _CROSS * half * 0.8))
    elif kind is Kind.TIMEOUT:
        painter.setBrush(colours.base)
        painter.drawPath(_polygons(xs, ys, _DISC * half))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(_strokes(xs, ys, _HANDS * half))
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPath(_polygons(xs, ys, _TRIANGLE * half * 1.2))


def draw_colds(painter: QPainter, xs: Floats, ys: Reals, size: float, colours: theme.Colours) -> None:
    """A diamond around the mark of each cold start."""

    def draw(painter: QPainter, xs: Floats, ys: Reals) -> None:
        painter.setPen(QPen(cold_colour(colours), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(_polygons(xs, ys, _DIAMOND * size * 0.85))

    _stamp(painter, xs, ys, 2 * size, ("cold", colours.is_dark, size), draw)


def draw_stretches(
    painter: QPainter, xs: Floats, lows: Reals, highs: Reals, colours: theme.Colours, *, is_restore: bool
) -> None:
    """Init (a full bar) or restore (a hollow one) on top of what the handler took."""
    colour = restore_colour(colours) if is_restore else cold_colour(colours)
    painter.setPen(QPen(colour, 1.2) if is_restore else Qt.PenStyle.NoPen)
    painter.setBrush(colours.base if is_restore else colour)
    painter.drawRects(
        [
            QRectF(x - 2, high, 4, max(1.0, low - high))
            for x, low, high in zip(xs.tolist(), lows.tolist(), highs.tolist(), strict=True)
        ]
    )


def draw_stems(painter: QPainter, xs: Floats, ys: Reals, base: float, colour: QColor) -> None:
    """A thin line from the base to each mark."""
    faint = QColor(colour)
    faint.setAlpha(80)
    for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
        painter.fillRect(QRectF(x - 0.5, y, 1.0, base - y), faint)


def draw_rug(painter: QPainter, xs: Floats, top: float, width: int, colour: QColor) -> None:
    """Where in time there are any of a kind: the more, the stronger."""
    columns = -(-width // CELL_PX)
    counts = np.bincount(np.clip(xs / CELL_PX, 0, columns - 1).astype(np.int64), minlength=columns)
    share = np.where(
        counts > 0, 0.35 + 0.65 * np.log1p(counts) / np.log1p(max(8, counts.max(initial=0))), 0.0
    )
    for level in np.unique(np.round(share, 1)).tolist():
        if level:
            ink = QColor(colour)
            ink.setAlphaF(level)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink)
            at = np.flatnonzero(np.round(share, 1) == level)
            painter.drawRects([QRectF(x * CELL_PX, top, CELL_PX, RUG_PX) for x in at.tolist()])


RUG_PX: Final = 4.0


def draw_bands(
    painter: QPainter,
    edges: Floats,
    rows: tuple[Reals, Reals, Reals],
    colours: theme.Colours,
    *,
    has_halo: bool,
) -> None:
    """The 50th, 90th and 99th percentile of each stretch of time, as steps; NaN where there are too few.

    edges: where the stretches begin and the last one ends, so that there is one more of them. has_halo: for
    lines that are seen over a picture of density.
    """
    middle, upper, top = rows
    known = np.flatnonzero(~np.isnan(middle))
    if not len(known):
        return
    colour = colours.series[2]
    painter.setPen(Qt.PenStyle.NoPen)
    for low, high, alpha in ((middle, upper, 60), (upper, top, 30)):
        fill = QColor(colour)
        fill.setAlpha(alpha)
        path = QPainterPath()
        for at in known.tolist():
            path.addRect(QRectF(QPointF(edges[at], high[at]), QPointF(edges[at + 1], low[at])))
        painter.setBrush(fill)
        painter.drawPath(path)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for ys, style in zip(rows, BAND_STYLES, strict=True):
        pen = QPen(colour, 1.6 if style is Qt.PenStyle.SolidLine else 1.2, style)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        path = steps_path(edges, ys)
        if has_halo:
            painter.setPen(QPen(colours.base, pen.widthF() + 2.2))
            painter.drawPath(path)
        painter.setPen(pen)
        painter.drawPath(path)


# What tells the 50th, the 90th and the 99th percentile apart besides their order.
BAND_STYLES: Final = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)


def steps_path(edges: Floats, ys: Reals) -> QPainterPath:
    """A line that is level over each stretch, with gaps where there is no value."""
    known = np.flatnonzero(~np.isnan(ys))
    x = np.column_stack([edges[known], edges[known + 1]]).ravel()
    connect = np.ones(len(x), np.int32)
    connect[1::2] = np.append(np.diff(known) == 1, False)[: len(known)]
    path: QPainterPath = arrayToQPath(x, np.repeat(ys[known], 2), connect=connect, finiteCheck=False)
    return path


def density(
    bounds: Ints, ys: Reals, groups: NDArray[np.int16] | None, height: int
) -> tuple[NDArray[np.int32], NDArray[np.int16] | None]:
    """How many are in each cell of CELL_PX, row by row, and of which group the most are.

    bounds: where the columns of cells begin among the points, and the end of the last.
    """
    columns, rows = len(bounds) - 1, -(-height // CELL_PX)
    cell = (ys * (1 / CELL_PX)).astype(np.int32)
    np.clip(cell, 0, rows - 1, out=cell)
    # Column by column, so that points that are next to each other in time are next to each other here.
    cell += np.repeat(np.arange(columns, dtype=np.int32) * rows, np.diff(bounds))
    if groups is None:
        counts = np.bincount(cell, minlength=rows * columns).reshape(columns, rows).T
        return counts.astype(np.int32), None
    each = np.bincount(groups * np.int32(rows * columns) + cell, minlength=MOST_GROUPS * rows * columns)
    each = each.reshape(MOST_GROUPS, columns, rows).transpose(0, 2, 1)
    return each.sum(axis=0).astype(np.int32), each.argmax(axis=0).astype(np.int16)


def density_pixels(
    counts: NDArray[np.int32], groups: NDArray[np.int16] | None, colours: theme.Colours
) -> Pixels:
    """The cells as pixels: the more, the stronger."""
    share = np.log1p(counts) / np.log1p(_FULL)
    level = np.where(counts > 0, 1 + np.minimum(share, 1.0) * (_LEVELS - 2), 0).astype(np.int64)
    if groups is None:
        return ramp(colours.series[0], colours.base, _FAINTEST, _LEVELS)[level]
    ramps = [ramp(colours.marks[group], colours.base, _FAINTEST, _LEVELS) for group in range(MOST_GROUPS)]
    return np.stack(ramps)[groups, level]


def thin(xs: Floats, ys: Reals) -> Ints:
    """Which of many signs to draw, so that none hides another: one for each small square."""
    column = np.floor(xs / _GLYPHS_APART_PX).astype(np.int64)
    row = np.floor(ys / _GLYPHS_APART_PX).astype(np.int64)
    kept: Ints = np.unique(row * 1_000_003 + column, return_index=True)[1]
    return kept


def _stamp(
    painter: QPainter,
    xs: Floats,
    ys: Reals,
    size: float,
    key: tuple[object, ...],
    draw: Callable[[QPainter, Floats, Reals], None],
) -> None:
    """Draw the same sign at many places: as a picture on the screen, as paths into a file of lines."""
    if not len(xs):
        return
    if is_drawing(painter):
        for at in range(0, len(xs), _PATH_SIGNS):
            draw(painter, xs[at : at + _PATH_SIGNS], ys[at : at + _PATH_SIGNS])
        return
    ratio = painter.device().devicePixelRatioF()
    picture = _stamps.get((*key, ratio))
    half = math.ceil(size / 2) + 2
    if picture is None:
        if len(_stamps) > _KEPT_STAMPS:
            _stamps.clear()
        side = round(2 * half * ratio)
        picture = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        inner = QPainter(picture)
        inner.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw(inner, np.array([float(half)]), np.array([float(half)]))
        inner.end()
        _stamps[*key, ratio] = picture
    put = painter.drawImage
    for x, y in zip((xs - half).tolist(), (ys - half).tolist(), strict=True):
        put(QPointF(x, y), picture)


_stamps: dict[tuple[object, ...], QImage] = {}  # no QPixmap: those must not outlive the application
_KEPT_STAMPS: Final = 100
_PATH_SIGNS: Final = 32  # to fill a path takes longer than its parts do


def _polygons(xs: Floats, ys: Reals, corners: Floats) -> QPainterPath:
    """A closed polygon around each place; the last corner is the first."""
    x = (xs[:, None] + corners[:, 0]).ravel()
    y = (ys[:, None] + corners[:, 1]).ravel()
    connect = np.ones((len(xs), len(corners)), np.int32)
    connect[:, -1] = 0
    return _path(x, y, connect.ravel())


def _strokes(xs: Floats, ys: Reals, ends: Floats) -> QPainterPath:
    """The same strokes, pairs of ends, at each place."""
    x = (xs[:, None] + ends[:, 0]).ravel()
    y = (ys[:, None] + ends[:, 1]).ravel()
    return _path(x, y, "pairs")


def _path(x: Floats, y: Floats, connect: Any) -> QPainterPath:
    path: QPainterPath = arrayToQPath(x, y, connect=connect, finiteCheck=False)
    path.setFillRule(Qt.FillRule.WindingFill)  # marks that overlap leave no holes
    return path


def _circle(corners: int, turn: float = 0.0) -> Floats:
    angles = np.linspace(0, 2 * np.pi, corners + 1) + turn
    return np.column_stack([np.sin(angles), -np.cos(angles)])


_DISC: Final = _circle(16)
_DIAMOND: Final = _circle(4)
_SQUARE: Final = _circle(4, np.pi / 4) * 1.15
_TRIANGLE: Final = _circle(3)
_DOWNWARD: Final = _circle(3, np.pi) * 1.2
_STAR: Final = np.array(
    [point * (1.25 if at % 2 == 0 else 0.5) for at, point in enumerate(_circle(10)[:-1])] + [(0.0, -1.25)]
)
_CROSS: Final = np.array([(-1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (1.0, -1.0)])
_HANDS: Final = np.array([(0.0, -0.6), (0.0, 0.0), (0.0, 0.0), (0.5, 0.2)])
# What tells groups apart besides their colours: the first half are full, the second hollow.
_SHAPES: Final = (_DISC, _SQUARE, _DOWNWARD, _STAR, _DISC, _SQUARE, _DOWNWARD, _STAR)
