"""PaintedChart, the base of small charts that are painted here: focus, keys, a card, and words for it all."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QAccessibleInterface,
    QColor,
    QMouseEvent,
    QPainter,
    QPen,
)
from PySide6.QtWidgets import QWidget

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.chart_access import describe_charts
from lambdadesk.ui.widgets.notices import announce

_CARD_WIDTH_PX = 360


class PaintedChart(QWidget):
    """A chart with one pointed place, by mouse or keys; its words are its accessible description."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        describe_charts(PaintedChart)
        self.accessible: QAccessibleInterface | None = None  # kept alive here, never read
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)

    def text_summary(self) -> str:
        """The chart in words, for a screen reader."""
        raise NotImplementedError

    def point_text(self) -> str:
        """What the card of the pointed place says; empty where none is."""
        raise NotImplementedError

    def _point_near(self, place: QPointF | None) -> None:
        """Point to what is there; None: to nothing."""
        raise NotImplementedError

    def _after_step(self) -> None:
        """The keys have gone on."""
        self.update()
        announce(self, self.point_text().replace("\n", ", "))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_near(event.position())

    def leaveEvent(self, event: object) -> None:
        super().leaveEvent(event)  # type: ignore[arg-type]  # a QEvent
        self._point_near(None)

    def paint_frame(self, painter: QPainter, colours: theme.Colours) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(colours.base)
        painter.setPen(QPen(colours.accent, 2) if self.hasFocus() else QPen(colours.border, 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def paint_words(self, painter: QPainter, colours: theme.Colours, words: str) -> None:
        """In place of a chart."""
        painter.setPen(colours.dim)
        inner = self.rect().adjusted(theme.WIDE, 0, -theme.WIDE, 0)
        painter.drawText(inner, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)

    def paint_card(self, painter: QPainter, colours: theme.Colours, place: QPointF) -> None:
        """The card of the pointed place, beside it and inside the widget."""
        metrics = self.fontMetrics()
        lines = [
            metrics.elidedText(line, Qt.TextElideMode.ElideMiddle, _CARD_WIDTH_PX)
            for line in self.point_text().split("\n")
        ]
        width = max(map(metrics.horizontalAdvance, lines)) + 2 * theme.SPACE
        height = metrics.height() * len(lines) + 2 * theme.TIGHT
        left = place.x() + 12
        if left + width > self.width() - theme.TIGHT:
            left = max(theme.TIGHT, place.x() - 12 - width)
        top = min(max(theme.TIGHT, place.y() - height / 2), self.height() - height - theme.TIGHT)
        painter.setPen(QPen(colours.border, 1))
        painter.setBrush(colours.raised)
        painter.drawRoundedRect(QRectF(left, top, width, height), 4, 4)
        painter.setPen(colours.text)
        for number, line in enumerate(lines):
            y = top + theme.TIGHT + metrics.height() * number + metrics.ascent()
            painter.drawText(QPointF(left + theme.SPACE, y), line)


def layer_colour(number: int, is_rest: bool, colours: theme.Colours) -> QColor:
    """The colour of a layer or a tile by its rank; what is summed up as the rest is grey."""
    return colours.handle if is_rest else colours.marks[number % len(colours.marks)]


def ink_on(fill: QColor, colours: theme.Colours) -> QColor:
    """The better to read of the theme's two inks on a filled area."""
    return max((colours.text, colours.base), key=lambda ink: theme.contrast(ink, fill))
