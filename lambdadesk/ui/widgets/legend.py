"""Legend: what signs, lines and colours say, in one line or in as many as it takes."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lambdadesk.ui import theme

_APART_PX = 4  # between a sign and its word

Draw = Callable[[QPainter, QPointF, theme.Colours], None]


class Entry(NamedTuple):
    """A word with what `draw` paints around a place; width_px: of that."""

    word: str
    draw: Draw
    width_px: int = 16


class Legend(QWidget):
    """Its words are its accessible name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: Sequence[Entry] = ()
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def words(self) -> list[str]:
        return [entry.word for entry in self._entries]

    def show_entries(self, entries: Sequence[Entry]) -> None:
        is_same = self.words == [entry.word for entry in entries]
        self._entries = list(entries)
        if not is_same:
            self.setAccessibleName("Legend: " + ", ".join(self.words))
            self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        places = list(self._places(width))
        return round(places[-1][0].bottom()) if places else 0

    def sizeHint(self) -> QSize:
        return QSize(320, self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.heightForWidth(self.width()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint(painter, self.width(), theme.colours(self.palette()))

    def paint(self, painter: QPainter, width: int, colours: theme.Colours) -> None:
        """Paint it from the upper left corner on."""
        painter.setFont(self.font())
        metrics = self.fontMetrics()
        for place, entry in self._places(width):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            entry.draw(painter, QPointF(place.left() + entry.width_px / 2, place.center().y()), colours)
            painter.setPen(colours.dim)
            base = place.center().y() + (metrics.ascent() - metrics.descent()) / 2
            painter.drawText(QPointF(place.left() + entry.width_px + _APART_PX, base), entry.word)

    def _places(self, width: int) -> Iterator[tuple[QRectF, Entry]]:
        metrics = self.fontMetrics()
        x, y = 0.0, 0.0
        for entry in self._entries:
            wide = float(entry.width_px + _APART_PX + metrics.horizontalAdvance(entry.word))
            if x and x + wide > width:
                x, y = 0.0, y + metrics.height() + theme.TIGHT
            yield QRectF(x, y, wide, metrics.height()), entry
            x += wide + theme.WIDE
