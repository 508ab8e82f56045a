"""What colour, height and sign say in a TimelineView, as entries of a legend."""

from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from lambdadesk.core.timeline import Kind
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.legend import Entry
from lambdadesk.ui.widgets.timeline_bars import paint_boots, paint_kind

_WIDE_PX, _HIGH_PX = 22, 12
_WORDS: Final = {
    Kind.OK: "succeeded",
    Kind.ERROR: "error",
    Kind.TIMEOUT: "timed out",
    Kind.OUT_OF_MEMORY: "out of memory",
    Kind.RUNNING: "running",
    Kind.UNKNOWN: "outcome unknown",
}


def timeline_entries() -> list[Entry]:
    """All there can be to see."""
    return [
        Entry("init or restore", _draw_boot, _WIDE_PX),
        *(_kind_entry(kind, word) for kind, word in _WORDS.items()),
        Entry("idle, from first to last seen", _draw_idle, _WIDE_PX),
        Entry("deploy", _draw_deploy, 6),
    ]


def _kind_entry(kind: Kind, word: str) -> Entry:
    slim = 0 if kind >= Kind.ERROR else 1

    def draw(painter: QPainter, at: QPointF, colours: theme.Colours) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        paint_kind(painter, kind, [_swatch(at).adjusted(0, slim, 0, -slim)], colours)

    return Entry(word, draw, _WIDE_PX)


def _swatch(at: QPointF) -> QRectF:
    return QRectF(at.x() - _WIDE_PX / 2 + 0.5, at.y() - _HIGH_PX / 2, _WIDE_PX - 1, _HIGH_PX)


def _draw_boot(painter: QPainter, at: QPointF, colours: theme.Colours) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    paint_boots(painter, [_swatch(at).adjusted(0, 2, 0, -2)], colours)


def _draw_idle(painter: QPainter, at: QPointF, colours: theme.Colours) -> None:
    place = _swatch(at)
    painter.setPen(QPen(colours.handle, 1))
    painter.drawLine(QLineF(place.left(), at.y(), place.right(), at.y()))
    for x in (place.left(), place.right()):
        painter.drawLine(QLineF(x, at.y() - 4, x, at.y() + 4))


def _draw_deploy(painter: QPainter, at: QPointF, colours: theme.Colours) -> None:
    painter.setPen(QPen(colours.text, 1, Qt.PenStyle.DashLine))
    painter.drawLine(QLineF(at.x(), at.y() - 8, at.x(), at.y() + 8))
