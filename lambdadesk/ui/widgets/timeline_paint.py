"""What TimelineView paints: axis, concurrency, lanes; single bars when near, an image of density when far."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QImage, QPainter, QPen, QPolygonF

from lambdadesk.core.text import one_line
from lambdadesk.core.timeline import Kind, Mark, Timeline
from lambdadesk.ui import theme

MOST_BARS: Final = 500  # in sight; more are painted as an image, which takes as long for any number
_BY_NUMBER: Final = tuple(Kind)
_LEVELS: Final = 64  # of density
_FAINTEST: Final = 0.55  # how strong a pixel is that hardly anything ran in
_WIDE_BAR: Final = 3.0  # heights of a line: from here a bar has a sign or a text in it
_STEPS_MS: Final = (
    *(unit * factor for unit in (1, 10, 100) for factor in (1, 2, 5)),
    *(1_000 * step for step in (1, 2, 5, 10, 15, 30)),
    *(60_000 * step for step in (1, 2, 5, 10, 15, 30)),
    *(3_600_000 * step for step in (1, 2, 3, 6, 12)),
    *(86_400_000 * step for step in (1, 2, 7, 14, 30, 90, 365)),
)
_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def colour_of(kind: Kind, colours: theme.Colours) -> QColor:
    """The colour of a kind; its height and sign say the same."""
    return {
        Kind.RUNNING: colours.series[2],
        Kind.OK: colours.series[0],
        Kind.UNKNOWN: colours.dim,
        Kind.ERROR: colours.error,
        Kind.TIMEOUT: colours.warning,
        Kind.OUT_OF_MEMORY: colours.marks[3],
    }[kind]


def boot_colour(colours: theme.Colours) -> QColor:
    """The colour of init and restore."""
    return colours.series[1]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where everything is, in the pixels of the viewport. Lanes are below `top`, times right of `labels`.

    tops: where each lane begins, and the end of the last, before scrolling by `scroll`.
    """

    width: float
    height: float
    labels: float
    axis: float
    top: float
    left_ms: float
    right_ms: float
    now_ms: float
    scroll: float
    tops: NDArray[np.float64]

    @property
    def scale(self) -> float:
        """Pixels of a millisecond."""
        return max(1.0, self.width - self.labels) / (self.right_ms - self.left_ms)

    def x(self, at_ms: float) -> float:
        return self.labels + (at_ms - self.left_ms) * self.scale

    def ms(self, x: float) -> float:
        return self.left_ms + (x - self.labels) / self.scale

    def lanes_in_sight(self) -> tuple[int, int]:
        """The first lane in sight, and the one after the last."""
        count = len(self.tops) - 1
        first = int(np.searchsorted(self.tops, self.scroll, "right")) - 1
        end = int(np.searchsorted(self.tops, self.scroll + self.height - self.top, "left"))
        return max(0, min(first, count)), max(0, min(end, count))

    @property
    def has_gaps(self) -> bool:
        """Whether lanes are left out: those have no height."""
        return bool((np.diff(self.tops) == 0).any())

    def lane_top(self, lane: int) -> float:
        return self.top + float(self.tops[lane]) - self.scroll

    def lane_height(self, lane: int) -> float:
        return float(self.tops[lane + 1] - self.tops[lane])

    def bar(self, timeline: Timeline, run: int) -> QRectF:
        """Where a run is painted, its init or restore included, as tall as what failed."""
        ((left, _, top, right, height),) = self.places(timeline, np.array([run])).tolist()
        return QRectF(left, top, right - left, height)

    def places(self, timeline: Timeline, runs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Where runs are painted, a row each: left, left of the handler, top, right, height."""
        lanes = timeline.lane_of[runs]
        depths = np.array([timeline.lanes[lane].depth for lane in lanes.tolist()])
        heights = (self.tops[lanes + 1] - self.tops[lanes] - 2 * _MARGIN) / depths
        tops = self.top + self.tops[lanes] - self.scroll + _MARGIN + heights * timeline.rows[runs]
        finish = np.minimum(timeline.ends[runs], np.maximum(self.now_ms, timeline.starts[runs]))
        low, high = self.labels - _BEYOND, self.width + _BEYOND
        lefts, starts, rights = (
            np.clip(self.labels + (times - self.left_ms) * self.scale, low, high)
            for times in (timeline.begins[runs], timeline.starts[runs], finish)
        )
        return np.column_stack([lefts, starts, tops, np.maximum(rights, lefts + 2), heights])


_BEYOND: Final = 40.0  # pixels outside: Qt takes long over very wide patterns
# Which fifths of its height a failure too narrow for a sign fills: no two look the same without colour.
_FIFTHS: Final = {
    Kind.ERROR: (True, True, True, True, True),
    Kind.TIMEOUT: (True, True, False, True, True),
    Kind.OUT_OF_MEMORY: (True, False, True, False, True),
}
_MARGIN: Final = 2.0  # above and below the bars of a lane
_SLIM: Final = 0.18  # of the height is left off above and below what did not fail


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
    ticks = _ticks(frame, metrics)
    painter.setPen(QPen(colours.grid, 1))
    painter.drawLines([QLineF(x, frame.axis, x, frame.height) for x, _ in ticks])
    painter.setClipRect(QRectF(0, frame.top, frame.width, frame.height - frame.top))
    _paint_lanes(painter, frame, timeline, colours, metrics)
    painter.setClipRect(QRectF(0, 0, frame.width, frame.height))
    _paint_curve(painter, frame, timeline, colours, metrics)
    _paint_axis(painter, frame, ticks, colours, metrics)
    _paint_marks(painter, frame, marks, colours, metrics)
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
        _paint_density(painter, frame, timeline, runs, (first, end), colours)
    else:
        _paint_bars(painter, frame, timeline, runs, colours, metrics)
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


def _paint_bars(
    painter: QPainter,
    frame: Frame,
    timeline: Timeline,
    runs: NDArray[np.int64],
    colours: theme.Colours,
    metrics: QFontMetricsF,
) -> None:
    bars: dict[Kind, list[QRectF]] = {kind: [] for kind in Kind}
    boots: list[QRectF] = []
    texts: list[tuple[QRectF, Kind, int]] = []
    kinds, colds = timeline.kinds[runs].tolist(), timeline.colds[runs].tolist()
    widest = _WIDE_BAR * metrics.height()
    for run, number, is_cold, (left, start, top, right, height) in zip(
        runs.tolist(), kinds, colds, frame.places(timeline, runs).tolist(), strict=True
    ):
        kind = _BY_NUMBER[number]
        slim = 0.0 if number >= Kind.ERROR else height * _SLIM
        if is_cold:  # to be seen at any zoom
            thin, left = height * 0.3, min(left, start - 2)
            boots.append(QRectF(left, top + thin, start - left, height - 2 * thin))
        bar = QRectF(start, top + slim, max(right - start, 2.0), height - 2 * slim)
        bars[kind].append(bar)
        if right - start > widest and height - 2 * slim > 0.9 * metrics.ascent():
            texts.append((bar, kind, run))
    paint_boots(painter, boots, colours)
    for kind, rects in bars.items():
        if rects:
            paint_kind(painter, kind, rects, colours)
    for bar, kind, run in texts:
        _write_on(painter, frame, bar, kind, timeline, run, colours)


def paint_boots(painter: QPainter, rects: list[QRectF], colours: theme.Colours) -> None:
    """Init and restore: hatched, and lower than a run."""
    colour = boot_colour(colours)
    painter.setPen(QPen(colour, 1))
    painter.setBrush(_over(colour, colours.base, 0.35))
    painter.drawRects(rects)
    painter.setBrush(QBrush(colour, Qt.BrushStyle.BDiagPattern))
    painter.drawRects([each for each in rects if each.width() >= 4])


def paint_kind(painter: QPainter, kind: Kind, rects: list[QRectF], colours: theme.Colours) -> None:
    """Runs of one kind: full, hatched with a sign, or hollow."""
    colour = colour_of(kind, colours)
    wide = [each for each in rects if each.width() >= 6]
    if kind in (Kind.UNKNOWN, Kind.RUNNING):  # hollow: not ended, as far as is known
        painter.setPen(
            QPen(colour, 1.5, Qt.PenStyle.DashLine if kind is Kind.UNKNOWN else Qt.PenStyle.SolidLine)
        )
        painter.setBrush(_over(colour, colours.base, 0.2))
        painter.drawRects(rects)
        return
    painter.setPen(QPen(colours.base, 1) if kind is Kind.OK else Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRects(wide)
    painter.setPen(Qt.PenStyle.NoPen)
    fifths = _FIFTHS.get(kind, (True,))
    painter.drawRects(
        [
            QRectF(each.left(), each.top() + at * each.height() / len(fifths), each.width(), part)
            for each in rects
            if each.width() < 6
            for part in (each.height() / len(fifths),)
            for at, fills in enumerate(fifths)
            if fills
        ]
    )
    pattern = {Kind.TIMEOUT: Qt.BrushStyle.FDiagPattern, Kind.OUT_OF_MEMORY: Qt.BrushStyle.DiagCrossPattern}
    if kind in pattern:
        faint = QColor(colours.base)
        faint.setAlpha(110)
        painter.setBrush(QBrush(faint, pattern[kind]))
        painter.drawRects(wide)
    if kind >= Kind.ERROR:
        for each in wide:
            side = min(each.height(), each.width(), 14.0) * 0.3
            draw_sign(painter, kind, QPointF(each.left() + side + 2, each.center().y()), side, colours.base)


def draw_sign(painter: QPainter, kind: Kind, centre: QPointF, half: float, colour: QColor) -> None:
    """The sign of a failure: a cross, a clock's hands, or a full block."""
    x, y = centre.x(), centre.y()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, max(1.4, half / 3)))
    if kind is Kind.ERROR:
        painter.drawLine(QPointF(x - half, y - half), QPointF(x + half, y + half))
        painter.drawLine(QPointF(x - half, y + half), QPointF(x + half, y - half))
    elif kind is Kind.TIMEOUT:
        painter.drawEllipse(centre, half, half)
        painter.drawPolyline(
            QPolygonF([QPointF(x, y - half * 0.6), QPointF(x, y), QPointF(x + half * 0.5, y)])
        )
    elif kind is Kind.OUT_OF_MEMORY:
        painter.setBrush(colour)
        painter.drawPolygon(
            QPolygonF([QPointF(x - half, y + half), QPointF(x + half, y + half), QPointF(x, y - half)])
        )
    painter.restore()


def _write_on(
    painter: QPainter,
    frame: Frame,
    bar: QRectF,
    kind: Kind,
    timeline: Timeline,
    run: int,
    colours: theme.Colours,
) -> None:
    """The duration in a bar that has room for it."""
    report = timeline.runs[run].report
    if report is None:
        return
    seen = bar.intersected(QRectF(frame.labels, bar.top(), frame.width - frame.labels, bar.height()))
    seen.adjust(20 if kind >= Kind.ERROR else theme.TIGHT, 0, -2, 0)
    text = format_ms(float(report.duration_ms))
    if QFontMetricsF(painter.font()).horizontalAdvance(text) <= seen.width():
        if kind in (Kind.TIMEOUT, Kind.OUT_OF_MEMORY):  # readable over the pattern
            width = QFontMetricsF(painter.font()).horizontalAdvance(text) + 2 * theme.TIGHT
            back = QRectF(seen.left() - theme.TIGHT, seen.top() + 1, width, seen.height() - 2)
            painter.fillRect(back, colour_of(kind, colours))
        painter.setPen(colours.base)
        painter.drawText(seen, _LEFT, text)


def _paint_density(
    painter: QPainter,
    frame: Frame,
    timeline: Timeline,
    runs: NDArray[np.int64],
    lanes: tuple[int, int],
    colours: theme.Colours,
) -> None:
    """All runs as one image, a row of pixels for each row of a lane: the busier, the stronger."""
    width = max(1, round(frame.width - frame.labels))  # a pixel of the screen may be half of one: too thin
    scale = width / (frame.right_ms - frame.left_ms)
    depths = np.array([lane.depth for lane in timeline.lanes[lanes[0] : lanes[1]]])
    bases = np.concatenate([[0], np.cumsum(depths)])
    height = int(bases[-1])
    line = bases[timeline.lane_of[runs] - lanes[0]] + timeline.rows[runs]
    begins = np.clip((timeline.begins[runs] - frame.left_ms) * scale, 0, width)
    starts = np.clip((timeline.starts[runs] - frame.left_ms) * scale, 0, width)
    finish = np.minimum(timeline.ends[runs], max(frame.now_ms, frame.left_ms))
    ends = np.clip((finish - frame.left_ms) * scale, 0, width)
    ends = np.maximum(ends, np.minimum(starts + 0.05, width))
    kinds = timeline.kinds[runs]
    cover = _coverage(line, starts, ends, height, width)
    image = _ramp(colour_of(Kind.OK, colours), colours.base)[
        np.where(cover > 1e-6, 1 + np.minimum(cover * (_LEVELS - 2), _LEVELS - 2), 0).astype(np.int64)
    ]
    boots = starts - begins > 0
    image[_touched(line[boots], begins[boots], starts[boots], height, width)] = boot_colour(colours).rgba()
    tall = np.zeros((height, 5, width), np.uint32)
    for kind in (Kind.UNKNOWN, Kind.RUNNING, Kind.ERROR, Kind.TIMEOUT, Kind.OUT_OF_MEMORY):
        own = kinds == kind
        if own.any():
            wide = np.minimum(np.maximum(ends[own], starts[own] + 1), width)  # two pixels, as a bar has
            touched = _touched(line[own], starts[own], wide, height, width)
            colour = colour_of(kind, colours).rgba()
            if kind in _FIFTHS:
                for at, fills in enumerate(_FIFTHS[kind]):
                    tall[:, at][touched] = colour if fills else 0
            else:
                image[touched] = colour
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    slim, full = _as_image(image), _as_image(tall.reshape(5 * height, width))
    failed = np.add.reduceat(tall.any(axis=(1, 2)), bases[:-1])
    for at in range(*lanes):
        base, depth = int(bases[at - lanes[0]]), int(depths[at - lanes[0]])
        source = QRectF(0, base, width, depth)
        place = QRectF(
            frame.labels,
            frame.lane_top(at) + _MARGIN,
            frame.width - frame.labels,
            frame.lane_height(at) - 2 * _MARGIN,
        )
        if place.height() <= 0:
            continue
        off = place.height() / depth * _SLIM if depth == 1 else 0.0
        painter.drawImage(place.adjusted(0, off, 0, -off), slim, source)
        if failed[at - lanes[0]]:
            painter.drawImage(place, full, QRectF(0, 5 * base, width, 5 * depth))


def _coverage(
    line: NDArray[np.int64],
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    height: int,
    width: int,
) -> NDArray[np.float64]:
    """Which part of each pixel is covered: the difference from pixel to pixel, summed up."""
    stride = width + 2
    change = np.zeros(height * stride)
    for edges, sign in ((starts, 1.0), (ends, -1.0)):
        pixel = np.floor(edges).astype(np.int64)
        part = edges - pixel
        at = line * stride + pixel
        change += np.bincount(at, sign * (1 - part), len(change))
        change += np.bincount(at + 1, sign * part, len(change))
    summed: NDArray[np.float64] = np.cumsum(change.reshape(height, stride), axis=1)[:, :width]
    return summed


def _touched(
    line: NDArray[np.int64],
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    height: int,
    width: int,
) -> NDArray[np.bool_]:
    """Which pixels have any part of these runs; at least one each."""
    stride = width + 2
    first = np.minimum(np.floor(starts), width - 1).astype(np.int64)
    end = np.maximum(np.ceil(ends).astype(np.int64), first + 1)
    change = np.bincount(line * stride + first, minlength=height * stride).astype(np.int64)
    change -= np.bincount(line * stride + end, minlength=height * stride)
    found: NDArray[np.bool_] = np.cumsum(change.reshape(height, stride), axis=1)[:, :width] > 0
    return found


def _ramp(colour: QColor, base: QColor) -> NDArray[np.uint32]:
    """From nothing over the faintest to the full colour."""
    strengths = np.linspace(_FAINTEST, 1, _LEVELS - 1)
    return np.array([0, *(_over(colour, base, float(each)).rgba() for each in strengths)], np.uint32)


def _over(colour: QColor, base: QColor, share: float) -> QColor:
    """A mixture, opaque."""
    return QColor.fromRgbF(
        colour.redF() * share + base.redF() * (1 - share),
        colour.greenF() * share + base.greenF() * (1 - share),
        colour.blueF() * share + base.blueF() * (1 - share),
    )


def _as_image(pixels: NDArray[np.uint32]) -> QImage:
    """An image that keeps its pixels alive."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
    image._pixels = pixels  # type: ignore[attr-defined]
    return image


def _paint_curve(
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
        image[rising >= rows - levels] = _over(colour, colours.base, 0.3).rgba()
        # The edge, also where it rises or falls.
        before = np.minimum(levels, np.concatenate([levels[:1], levels[:-1]]))
        edge = (rising >= rows - levels) & (rising <= rows - np.minimum(before, levels - 1)) & (levels > 0)
        image[edge] = colour.rgba()
        painter.drawImage(
            QRectF(frame.labels, bottom - rows, frame.width - frame.labels, rows), _as_image(image)
        )
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


def _paint_axis(
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


def _ticks(frame: Frame, metrics: QFontMetricsF) -> list[tuple[float, str]]:
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


def _paint_marks(
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


def format_ms(value: float) -> str:
    """A duration to three digits or so: "8.2 ms", "812 ms", "12.3 s", "4 min", "2.5 h"."""
    if value < 10:
        return f"{value:.1f} ms"
    if value < 1_000:
        return f"{value:.0f} ms"
    if value < 60_000:
        return f"{value / 1_000:.3g} s"
    return f"{value / 60_000:.3g} min" if value < 3_600_000 else f"{value / 3_600_000:.3g} h"


def _local(at_ms: float) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000).astimezone()
