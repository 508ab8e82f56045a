"""Labels with a colour of the theme, and labels that elide."""

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QPainter, QPaintEvent, Qt
from PySide6.QtWidgets import QWidget

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip


class ToneLabel(PlainLabel):
    """A wrapping label in one of the theme's colours, also after the theme has changed."""

    def __init__(self, tone: str = "text", parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._tone = tone
        self.setWordWrap(True)
        self._colour()

    def say(self, text: str, tone: str) -> None:
        """Show a text in a colour of `theme.Colours`."""
        self._tone = tone
        self._colour()
        self.setText(text)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._colour()

    def _colour(self) -> None:
        wanted = getattr(theme.colours(self.palette()), self._tone)
        palette = self.palette()
        if palette.color(self.foregroundRole()) != wanted:
            palette.setColor(self.foregroundRole(), wanted)
            self.setPalette(palette)


class ElidedLabel(PlainLabel):
    """One line that ends in "…" where there is no room; the tooltip has the whole of it."""

    def setText(self, text: str) -> None:
        super().setText(text)
        set_plain_tooltip(self, text)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 8, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        # Not by the style's drawItemText: to touch QStyle costs 10 ms of enums at the start.
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
