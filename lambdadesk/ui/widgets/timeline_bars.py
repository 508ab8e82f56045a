"""Runs of a timeline as bars: how they ended is told by colour, by height, and by a sign."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from lambdadesk.core.timeline import Kind, Timeline
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.pixels import mixed
from lambdadesk.ui.widgets.timeline_frame import Frame
from lambdadesk.ui.widgets.timeline_words import format_ms

SLIM: Final = 0.18  # of the height is left off above and below what did not fail
# Which fifths of its height a failure too narrow for a sign fills: no two look the same without colour.
FIFTHS: Final = {
    Kind.ERROR: (True, True, True, True, True),
    Kind.TIMEOUT: (True, True, False, True, True),
    Kind.OUT_OF_MEMORY: (True, False, True, False, True),
}
_BY_NUMBER: Final = tuple(Kind)
_WIDE_BAR: Final = 3.0  # heights of a line: from here a bar has a sign or a text in it
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


def paint_bars(
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
        slim = 0.0 if number >= Kind.ERROR else height * SLIM
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
    painter.setBrush(mixed(colour, colours.base, 0.35))
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
        painter.setBrush(mixed(colour, colours.base, 0.2))
        painter.drawRects(rects)
        return
    painter.setPen(QPen(colours.base, 1) if kind is Kind.OK else Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRects(wide)
    painter.setPen(Qt.PenStyle.NoPen)
    fifths = FIFTHS.get(kind, (True,))
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
    if not timeline.reported[run]:
        return
    duration_ms = float(timeline.finished.duration_ms[timeline.sources[run]])
    seen = bar.intersected(QRectF(frame.labels, bar.top(), frame.width - frame.labels, bar.height()))
    seen.adjust(20 if kind >= Kind.ERROR else theme.TIGHT, 0, -2, 0)
    text = format_ms(duration_ms)
    if QFontMetricsF(painter.font()).horizontalAdvance(text) <= seen.width():
        if kind in (Kind.TIMEOUT, Kind.OUT_OF_MEMORY):  # readable over the pattern
            width = QFontMetricsF(painter.font()).horizontalAdvance(text) + 2 * theme.TIGHT
            back = QRectF(seen.left() - theme.TIGHT, seen.top() + 1, width, seen.height() - 2)
            painter.fillRect(back, colour_of(kind, colours))
        painter.setPen(colours.base)
        painter.drawText(seen, _LEFT, text)
