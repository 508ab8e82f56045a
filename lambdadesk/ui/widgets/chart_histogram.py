"""ChartHistogram: how often which value was seen in the time in sight, at the height of the values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.chart import format_value
from lambdadesk.ui.widgets.pixels import mixed
from lambdadesk.ui.widgets.plain import plain_tooltip

if TYPE_CHECKING:
    from lambdadesk.ui.widgets.chart_plot import Plot

_BAR_PX: Final = 6


class ChartHistogram(QWidget):
    """Bars to the right, as long as there are many; all in sight are counted."""

    WIDTH_PX: Final = 92

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self._plot = plot
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent, False)
        self.setObjectName(f"{plot.chart.objectName()}Histogram")

    def counts(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """How many are in each bar, from the top down."""
        return self._plot.layer.histogram(max(1, self.height() // _BAR_PX))

    def bar_text(self, bar: int) -> str:
        """What a bar says."""
        counts, frame = self.counts(), self._plot.layer.frame()
        total = int(counts.sum())
        if not total or not 0 <= bar < len(counts):
            return ""
        each = (frame.high - frame.low) / len(counts)
        down, unit = self._plot.layer.scale_of_values.down, self._plot.chart.unit
        high, low = down(frame.high - bar * each), down(max(frame.low, frame.high - (bar + 1) * each))
        share = 100 * int(counts[bar]) / total
        return (
            f"{format_value(max(0.0, low), unit)} to {format_value(high, unit)}: {int(counts[bar]):,} of "
            f"{total:,} ({share:.3g} %)"
        )

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            bar = int(event.pos().y() * len(self.counts()) / max(1, self.height()))
            if text := self.bar_text(bar):
                QToolTip.showText(event.globalPos(), plain_tooltip(text), self)
                return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        self.paint(painter, colours)

    def paint(self, painter: QPainter, colours: theme.Colours) -> None:
        """Paint it from its own upper left corner."""
        counts = self.counts()
        painter.setPen(QPen(colours.border, 1))
        painter.drawLine(0, 0, 0, self.height())
        most = int(counts.max(initial=0))
        if not most:
            return
        high = self.height() / len(counts)
        painter.setFont(self._plot.overlay.font)
        words = f"{most:,}"
        room = self.width() - painter.fontMetrics().horizontalAdvance(words) - 2 * theme.TIGHT - 2
        fill = mixed(colours.series[0], colours.base, 0.7)
        for at in np.flatnonzero(counts).tolist():
            length = max(1.5, room * int(counts[at]) / most)
            painter.fillRect(QRectF(2, at * high + 0.5, length, max(1.0, high - 1)), fill)
        line = painter.fontMetrics().height()
        top = min(max(0.0, (int(counts.argmax()) + 0.5) * high - line / 2), self.height() - line)
        painter.setPen(colours.dim)
        place = QRectF(room + 2 + theme.TIGHT, top, self.width() - room, line)
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft, words)
