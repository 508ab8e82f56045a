"""Our own icons: SVG strokes tinted with the theme's colours at the moment they are painted."""

from functools import cache
from typing import Final

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPaintEvent, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QWidget

from lambdadesk.core import resources
from lambdadesk.ui import theme

ICON_SIZE: Final = QSize(18, 18)


def icon(name: str, colour: str = "text") -> QIcon:
    """An icon of resources/icons in one of the theme's colours (an attribute of `theme.Colours`).

    It follows a change of theme by itself. Raises FileNotFoundError for an unknown name.
    """
    _source(name)
    return QIcon(_TintedEngine(name, colour))


@cache
def dot(colour: str) -> QIcon:
    """A filled dot in a colour of the user's ("#rrggbb")."""
    side = 2 * ICON_SIZE.width()  # sharp on a screen of twice the density, too
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawEllipse(QRectF(side * 0.22, side * 0.22, side * 0.56, side * 0.56))
    painter.end()
    return QIcon(pixmap)


def app_icon() -> QIcon:
    """The application's own icon, in its own colours."""
    pixmaps = QIcon()
    for size in (16, 32, 48, 128, 256):
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        _renderer("lambdadesk", "").render(painter)
        painter.end()
        pixmaps.addPixmap(pixmap)
    return pixmaps


class IconView(QWidget):
    """An icon on its own, beside a text that says the same: screen readers pass over it."""

    def __init__(
        self, side: int, name: str = "info", colour: str = "text", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setFixedSize(side, side)
        self.set_icon(name, colour)

    def set_icon(self, name: str, colour: str = "text") -> None:
        self._icon = icon(name, colour)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        self._icon.paint(QPainter(self), self.rect())


class _TintedEngine(QIconEngine):
    def __init__(self, name: str, colour: str) -> None:
        super().__init__()
        self.name = name
        self.colour = colour

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        colours = theme.colours(QApplication.palette())
        colour = colours.dim if mode == QIcon.Mode.Disabled else getattr(colours, self.colour)
        side = min(rect.width(), rect.height())
        square = QRectF(0, 0, side, side)
        square.moveCenter(QRectF(rect).center())
        _renderer(self.name, colour.name()).render(painter, square)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _TintedEngine(self.name, self.colour)


@cache
def _source(name: str) -> str:
    return resources.read_text(f"icons/{name}.svg")


@cache
def _renderer(name: str, colour: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))
