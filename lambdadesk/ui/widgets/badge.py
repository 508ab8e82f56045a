"""Badge: a short word in a coloured pill that can be clicked."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent, Qt
from PySide6.QtWidgets import QAbstractButton, QWidget

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.plain import set_plain_tooltip


class Badge(QAbstractButton):
    """Takes no room while it has no text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tone = "text"
        font = self.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 0.9)
        self.setFont(font)
        self.hide()

    def show_text(self, text: str, tone: str, about: str) -> None:
        """Show a word in a colour of `theme.Colours`; about: what it means, in a sentence."""
        self._tone = tone
        self.setText(text)
        self.setAccessibleName(f"Guard: {text.lower()}")
        set_plain_tooltip(self, about)
        self.setAccessibleDescription(about)
        self.setVisible(bool(text))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + 2 * theme.SPACE, metrics.height() + theme.SPACE)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        colour = getattr(colours, self._tone)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = self.rect().adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(room, theme.TIGHT, theme.TIGHT)
        painter.setPen(colours.base)
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, self.text())
        if self.hasFocus():
            painter.setPen(colours.accent)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), theme.TIGHT, theme.TIGHT)
