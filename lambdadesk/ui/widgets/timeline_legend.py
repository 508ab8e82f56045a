"""TimelineLegend: what colour, height and sign say in a TimelineView."""

from collections.abc import Iterator
from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lambdadesk.core.timeline import Kind
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.timeline_paint import paint_boots, paint_kind

_BOOT, _IDLE, _DEPLOY = "boot", "idle", "deploy"
_WORDS: Final[dict[Kind | str, str]] = {
    _BOOT: "init or restore",
    Kind.OK: "succeeded",
    Kind.ERROR: "error",
    Kind.TIMEOUT: "timed out",
    Kind.OUT_OF_MEMORY: "out of memory",
    Kind.RUNNING: "running",
    Kind.UNKNOWN: "outcome unknown",
    _IDLE: "idle, from first to last seen",
    _DEPLOY: "deploy",
}


class TimelineLegend(QWidget):
    """In one line, or in as many as it takes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Legend: " + ", ".join(_WORDS.values()))
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        places = list(self._places(width))
        return round(places[-1][0].bottom())

    def sizeHint(self) -> QSize:
        return QSize(320, self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.heightForWidth(self.width()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        metrics = self.fontMetrics()
        for place, kind, word in self._places(self.width()):
            side = metrics.ascent()
            swatch = QRectF(place.left() + 0.5, place.center().y() - side / 2, 1.8 * side, side)
            if kind == _BOOT:
                paint_boots(painter, [swatch.adjusted(0, side * 0.2, 0, -side * 0.2)], colours)
            elif kind == _IDLE:
                painter.setPen(QPen(colours.handle, 1))
                y, half = swatch.center().y(), side * 0.3
                painter.drawLine(QLineF(swatch.left(), y, swatch.right(), y))
                for x in (swatch.left(), swatch.right()):
                    painter.drawLine(QLineF(x, y - half, x, y + half))
            elif kind == _DEPLOY:
                painter.setPen(QPen(colours.text, 1, Qt.PenStyle.DashLine))
                x = swatch.center().x()
                painter.drawLine(QLineF(x, place.top(), x, place.bottom()))
            elif isinstance(kind, Kind):
                slim = 0.0 if kind >= Kind.ERROR else side * 0.1
                paint_kind(painter, kind, [swatch.adjusted(0, slim, 0, -slim)], colours)
            painter.setPen(colours.dim)
            base = place.center().y() + (metrics.ascent() - metrics.descent()) / 2
            painter.drawText(QPointF(swatch.right() + theme.TIGHT, base), word)

    def _places(self, width: int) -> Iterator[tuple[QRectF, Kind | str, str]]:
        metrics = self.fontMetrics()
        x, y = 0.0, 0.0
        for kind, word in _WORDS.items():
            wide = 1.8 * metrics.ascent() + theme.TIGHT + metrics.horizontalAdvance(word)
            if x and x + wide > width:
                x, y = 0.0, y + metrics.height() + theme.TIGHT
            yield QRectF(x, y, wide, metrics.height()), kind, word
            x += wide + theme.WIDE
