"""What the signs, lines and colours of the charts say, as entries of a legend."""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from lambdadesk.core.text import one_line
from lambdadesk.ui import theme
from lambdadesk.ui.widgets import chart_paint as ink
from lambdadesk.ui.widgets.chart import KIND_WORDS, Kind
from lambdadesk.ui.widgets.legend import Entry

_LONGEST = 48


def point_entry() -> Entry:
    return Entry(
        KIND_WORDS[Kind.OK], lambda painter, at, c: ink.draw_points(painter, *_one(at), c.series[0], 8)
    )


def kind_entry(kind: Kind) -> Entry:
    kinds = np.array([kind], np.int8)
    return Entry(KIND_WORDS[kind], lambda painter, at, c: ink.draw_failures(painter, *_one(at), kinds, 9, c))


def cold_entry() -> Entry:
    return Entry("cold start", lambda painter, at, c: ink.draw_colds(painter, *_one(at), 7, c))


def stretch_entry(*, is_restore: bool) -> Entry:
    def draw(painter: QPainter, at: QPointF, colours: theme.Colours) -> None:
        low, high = np.array([at.y() + 6]), np.array([at.y() - 6])
        ink.draw_stretches(painter, np.array([at.x()]), low, high, colours, is_restore=is_restore)

    return Entry("restore, on top of the duration" if is_restore else "init, on top of the duration", draw)


def band_entries() -> list[Entry]:
    words = ("p50", "p90", "p99")
    return [
        line_entry(word, lambda c: c.series[2], style)
        for word, style in zip(words, ink.BAND_STYLES, strict=True)
    ]


def strip_entries(*, has_failures: bool, has_colds: bool) -> list[Entry]:
    """What the strips at the upper edge say where there is no room for signs."""
    entries = []
    if has_failures:
        entries.append(
            Entry("failures, upper strip", lambda painter, at, c: _draw_strip(painter, at, c.error))
        )
    if has_colds:
        word = "cold starts, lower strip"
        entries.append(Entry(word, lambda painter, at, c: _draw_strip(painter, at, c.series[1])))
    return entries


def _draw_strip(painter: QPainter, at: QPointF, colour: QColor) -> None:
    painter.fillRect(QRectF(at.x() - 8, at.y() - ink.RUG_PX / 2, 16, ink.RUG_PX), colour)


def group_entry(name: str, code: int) -> Entry:
    return Entry(
        one_line(name, _LONGEST),
        lambda painter, at, c: ink.draw_points(painter, *_one(at), c.marks[code], 9, code),
    )


def line_entry(word: str, colour: Callable[[theme.Colours], QColor], *styles: Qt.PenStyle) -> Entry:
    """A line, or several above each other, the lowest first."""

    def draw(painter: QPainter, at: QPointF, colours: theme.Colours) -> None:
        for number, style in enumerate(styles):
            pen = QPen(colour(colours), 1.6, style)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            painter.setPen(pen)
            y = at.y() + 3 * (len(styles) - 1) - 6 * number
            painter.drawLine(QPointF(at.x() - 8, y), QPointF(at.x() + 8, y))

    return Entry(word, draw)


def _one(at: QPointF) -> tuple[ink.Floats, ink.Floats]:
    return np.array([at.x()]), np.array([at.y()])
