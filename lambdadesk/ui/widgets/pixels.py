"""Colours in arrays: painted as an image on a screen, and as areas into a drawing, which has no pixels."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPaintEngine, QPainter, QPainterPath

Pixels = NDArray[np.uint32]  # ARGB, premultiplied; 0 is nothing

_SEAM: Final = 0.25  # pixels that areas reach under each other, so that no line shows between them


def mixed(colour: QColor, base: QColor, share: float) -> QColor:
    """A mixture, opaque."""
    return QColor.fromRgbF(
        colour.redF() * share + base.redF() * (1 - share),
        colour.greenF() * share + base.greenF() * (1 - share),
        colour.blueF() * share + base.blueF() * (1 - share),
    )


def ramp(colour: QColor, base: QColor, faintest: float, levels: int) -> Pixels:
    """So many levels, from nothing over the faintest share to the full colour."""
    strengths = np.linspace(faintest, 1, levels - 1)
    return np.array([0, *(mixed(colour, base, float(each)).rgba() for each in strengths)], np.uint32)


def is_drawing(painter: QPainter) -> bool:
    """Whether it paints into a file of lines and areas, not on a screen or a picture."""
    return painter.paintEngine().type() is not QPaintEngine.Type.Raster


def draw_pixels(painter: QPainter, place: QRectF, pixels: Pixels) -> None:
    """Fill a place with rows of pixels, each as wide and as high as all."""
    if is_drawing(painter):
        _fill_areas(painter, place, pixels)
        return
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.drawImage(place, as_image(pixels))


def as_image(pixels: Pixels) -> QImage:
    """An image that keeps its pixels alive."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
    image._pixels = pixels  # type: ignore[attr-defined]
    return image


def _fill_areas(painter: QPainter, place: QRectF, pixels: Pixels) -> None:
    """One path for each colour, of the stretches that have it."""
    height, width = pixels.shape
    begins = np.ones((height, width), np.bool_)
    begins[:, 1:] = pixels[:, 1:] != pixels[:, :-1]
    rows, firsts = np.nonzero(begins)
    ends = np.append(firsts[1:], 0)
    ends[ends == 0] = width  # the next one begins a row
    colours = pixels[rows, firsts]
    wide, high = place.width() / width, place.height() / height
    lefts, tops = place.left() + firsts * wide, place.top() + rows * high
    widths = (ends - firsts) * wide + _SEAM
    painter.setPen(Qt.PenStyle.NoPen)
    for colour in np.unique(colours[colours > 0]).tolist():
        path = QPainterPath()
        own = colours == colour
        for left, top, across in np.column_stack([lefts, tops, widths])[own].tolist():
            path.addRect(left, top, across, high + _SEAM)
        path.setFillRule(Qt.FillRule.WindingFill)  # where they reach under each other there is no hole
        painter.setBrush(QColor.fromRgba(colour))
        painter.drawPath(path)
