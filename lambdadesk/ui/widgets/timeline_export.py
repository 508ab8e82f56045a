"""A TimelineView written to a file: PNG and SVG as it is seen, CSV of the runs in view."""

from typing import Final

from PySide6.QtCore import QBuffer, QIODevice, QRect
from PySide6.QtGui import QPainter

from lambdadesk.core.timeline import to_csv
from lambdadesk.ui.widgets.timeline_view import TimelineView

FORMATS: Final = {
    "Picture of what is in view (*.png)": "png",
    "Drawing of what is in view (*.svg)": "svg",
    "Figures of what is in view (*.csv)": "csv",
}


def export_view(view: TimelineView, kind: str, title: str, about: str) -> tuple[bytes, str]:
    """The file's content, and what is in it in words. kind: png, svg or csv; about: what a drawing shows."""
    if kind == "csv":
        chosen = view.timeline.in_span(view.left_ms, view.right_ms).nonzero()[0].tolist()
        return to_csv(view.timeline, chosen), f"{len(chosen):,} invocations"
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if kind == "svg":
        _draw(view, buffer, title, about)
        return bytes(buffer.data().data()), "The drawing"
    view.grab().save(buffer, "PNG")
    return bytes(buffer.data().data()), "The picture"


def _draw(view: TimelineView, buffer: QBuffer, title: str, about: str) -> None:
    from PySide6.QtSvg import QSvgGenerator

    size = view.viewport().size()
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setResolution(view.logicalDpiX())
    generator.setTitle(title)
    generator.setDescription(about)
    painter = QPainter(generator)
    view.paint_on(painter)
    painter.end()
