"""ColourFrame: a border in the colour of the connection, so that one sees where one is."""

from typing import Final

from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

WIDTH_PX: Final = 3


class ColourFrame(QWidget):
    """Takes no room while there is no colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour = ""

    @property
    def colour(self) -> str:
        return self._colour

    def set_colour(self, colour: str) -> None:
        """Show a border in "#rrggbb", none for ""."""
        if colour == self._colour:
            return
        self._colour = colour
        margin = WIDTH_PX if colour else 0
        layout = self.layout()
        if layout is not None:
            layout.setContentsMargins(margin, margin, margin, margin)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._colour:
            return
        painter = QPainter(self)
        room, colour = self.rect(), QColor(self._colour)
        painter.fillRect(0, 0, room.width(), WIDTH_PX, colour)
        painter.fillRect(0, room.height() - WIDTH_PX, room.width(), WIDTH_PX, colour)
        painter.fillRect(0, 0, WIDTH_PX, room.height(), colour)
        painter.fillRect(room.width() - WIDTH_PX, 0, WIDTH_PX, room.height(), colour)
