"""Histogram, how often which duration was measured."""

from decimal import Decimal

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from lambdadesk.core.series_result import histogram
from lambdadesk.ui import theme

_BARS = 30


class Histogram(QWidget):
    """Bars of equal ranges; what they show is told in the accessible description."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: tuple[tuple[float, float, int], ...] = ()
        self._title = ""

    def set_values(self, title: str, values: list[int] | list[Decimal]) -> None:
        """Show how milliseconds are spread; `title` says of what."""
        self._title, self._bars = title, histogram(values, _BARS)
        if self._bars:
            fullest = max(self._bars, key=lambda bar: bar[2])
            self.setAccessibleDescription(
                f"{title}: {self._bars[0][0]:,.0f} to {self._bars[-1][1]:,.0f} ms, "
                f"most often {fullest[0]:,.0f} to {fullest[1]:,.0f} ms ({fullest[2]:,} runs)"
            )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, 110)

    def minimumSizeHint(self) -> QSize:
        return QSize(140, 90)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        line = self.fontMetrics().height()
        painter.setPen(colours.dim)
        area = QRectF(0, line + theme.TIGHT, self.width(), self.height() - 2 * line - 2 * theme.TIGHT)
        painter.drawText(0, self.fontMetrics().ascent(), self._title)
        if not self._bars:
            return
        most = max(count for _, _, count in self._bars)
        width = area.width() / len(self._bars)
        for at, (_, _, count) in enumerate(self._bars):
            if count:
                height = max(2.0, area.height() * count / most)
                bar = QRectF(area.left() + at * width, area.bottom() - height, max(1.0, width - 1), height)
                painter.fillRect(bar, colours.series[0])
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        below = QRectF(0, area.bottom() + theme.TIGHT, self.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, f"{self._bars[0][0]:,.0f} ms")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, f"{self._bars[-1][1]:,.0f} ms")
