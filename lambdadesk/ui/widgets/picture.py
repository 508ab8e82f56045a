"""Picture: what a page draws, with a title, what it shows in words, and its legend; for a file."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import QBuffer, QIODevice, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPicture

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.legend import Legend

_SCALE: Final = 2.0  # of an image: sharp on paper, too
_BEYOND: Final = 60.0  # pixels that a part may paint outside of its area
_WRAP: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap


class Part(NamedTuple):
    """A drawing with words above it, if any; `paint` is given where it belongs."""

    words: str
    size: QSize
    paint: Callable[[QPainter, QRectF], None]


class Drawn(NamedTuple):
    """What was painted, as steps that any thread may take again."""

    steps: QPicture
    size: QSize
    ground: QColor
    dots_per_inch: int
    title: str
    summary: str


def draw_picture(title: str, summary: str, parts: Sequence[Part], legend: Legend) -> Drawn:
    """Put the parts below each other. To be called on Qt's thread; `to_png` and `to_svg` then need not be."""
    width = max((part.size.width() for part in parts), default=640) + 2 * theme.SPACE
    steps = QPicture()
    painter = QPainter(steps)
    height = _paint(painter, width, title, summary, parts, legend)
    painter.end()
    ground = theme.colours(legend.palette()).base
    return Drawn(steps, QSize(width, height), ground, legend.logicalDpiX(), title, summary)


def to_png(drawn: Drawn) -> bytes:
    size = drawn.size * _SCALE
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    dots_per_metre = round(drawn.dots_per_inch / 0.0254)
    image.setDotsPerMeterX(dots_per_metre)
    image.setDotsPerMeterY(dots_per_metre)
    image.setDevicePixelRatio(_SCALE)
    image.fill(drawn.ground)
    painter = QPainter(image)
    drawn.steps.play(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # takes a device, too
    return bytes(buffer.data().data())


def to_svg(drawn: Drawn) -> bytes:
    """Lines, areas and text only, so that it is sharp at any size."""
    from PySide6.QtSvg import QSvgGenerator

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(drawn.size)
    generator.setViewBox(QRect(0, 0, drawn.size.width(), drawn.size.height()))
    generator.setResolution(drawn.dots_per_inch)
    generator.setTitle(drawn.title)
    generator.setDescription(drawn.summary)
    painter = QPainter(generator)
    painter.fillRect(QRect(QPoint(), drawn.size), drawn.ground)
    drawn.steps.play(painter)
    painter.end()
    return bytes(buffer.data().data())


def _around(area: QRectF, width: float) -> list[QRectF]:
    """What is beside an area and below it."""
    left, right, bottom = area.left(), area.right(), area.bottom()
    return [
        QRectF(0, area.top(), left, area.height()),
        QRectF(right, area.top(), width - right + _BEYOND, area.height()),
        QRectF(0, bottom, width + _BEYOND, _BEYOND),
    ]


def _paint(
    painter: QPainter, width: int, title: str, summary: str, parts: Sequence[Part], legend: Legend
) -> int:
    """How high all of it is."""
    colours = theme.colours(legend.palette())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    plain, bold = legend.font(), legend.font()
    bold.setBold(True)
    inner = width - 2 * theme.WIDE
    y = float(theme.SPACE)

    def write(text: str, font: QFont) -> None:
        nonlocal y
        high = QFontMetricsF(font).boundingRect(QRectF(0, 0, inner, 10_000), _WRAP, text).height()
        painter.setFont(font)
        painter.drawText(QRectF(theme.WIDE, y, inner, high), _WRAP, text)
        y += high + theme.TIGHT

    painter.setPen(colours.text)
    write(title, bold)
    painter.setPen(colours.dim)
    write(summary, plain)
    for part in parts:
        if part.words:
            painter.setPen(colours.text)
            write(part.words, bold)
        painter.save()
        area = QRectF(theme.SPACE, y, part.size.width(), part.size.height())
        part.paint(painter, area)
        painter.restore()
        for beyond in _around(area, width):  # a drawing clips nothing
            painter.fillRect(beyond, colours.base)
        y += part.size.height() + theme.SPACE
    painter.save()
    painter.translate(theme.WIDE, y)
    legend.paint(painter, inner, colours)
    painter.restore()
    return round(y + legend.heightForWidth(inner) + theme.WIDE)
