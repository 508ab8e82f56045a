"""Charts written to a file: PNG and SVG as they are seen, CSV of the invocations in sight."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from lambdadesk.core.invocation_columns import OUTCOMES, UNKNOWN, InvocationColumns, Source
from lambdadesk.ui import theme
from lambdadesk.ui.models.chart_table import SOURCE_WORDS
from lambdadesk.ui.widgets.chart import Chart
from lambdadesk.ui.widgets.chart_legend import ChartLegend

FORMATS: Final = {
    "Picture of what is in sight (*.png)": "png",
    "Drawing of what is in sight (*.svg)": "svg",
    "Figures of what is in sight (*.csv)": "csv",
}
_COLUMNS: Final = (
    *("start", "version", "outcome", "error_type", "duration_ms", "init_ms", "restore_ms", "billed_ms"),
    *(
        "memory_mb",
        "max_memory_mb",
        "cost",
        "currency",
        "cost_is_exact",
        "log_stream",
        "source",
        "request_id",
    ),
)
# What a spreadsheet would take for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ROWS_AT_ONCE: Final = 20_000
_SCALE: Final = 2.0  # of a picture: sharp on paper, too


class Stopped(Exception):  # noqa: N818  what was asked for
    """The export was cancelled."""


def to_csv(
    columns: InvocationColumns, tell: Callable[[float], bool], rows_at_once: int = _ROWS_AT_ONCE
) -> bytes:
    """A row for each invocation. tell: is given the share that is done, and says whether to go on.

    Text that a spreadsheet would run as a formula gets an apostrophe. Raises Stopped.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for first in range(0, len(columns), rows_at_once):
        if not tell(first / len(columns)):
            raise Stopped
        part = columns.where(slice(first, first + rows_at_once))
        writer.writerows(map(_to_row, [part] * len(part), range(len(part))))
    return out.getvalue().encode()


def _to_row(columns: InvocationColumns, row: int) -> list[object]:
    amount = columns.cost_at(row)
    currency = columns.currencies[int(columns.currency[row])] if amount is not None else ""
    return [
        datetime.fromtimestamp(int(columns.started_ms[row]) / 1000, UTC).isoformat(timespec="milliseconds"),
        _harmless(columns.versions[int(columns.version[row])]),
        str(OUTCOMES[int(columns.outcome[row])]),
        _harmless(columns.error_types[int(columns.error_type[row])]),
        *(
            "" if np.isnan(array[row]) else repr(float(array[row]))
            for array in (columns.duration_ms, columns.init_ms, columns.restore_ms)
        ),
        *(
            "" if array[row] == UNKNOWN else int(array[row])
            for array in (columns.billed_ms, columns.memory_mb, columns.max_memory_mb)
        ),
        "" if amount is None else f"{amount:f}",
        currency,
        "" if amount is None else bool(columns.exact[row]),
        _harmless(columns.streams[int(columns.stream[row])]),
        SOURCE_WORDS[Source(int(columns.source[row]))],
        _harmless(columns.request_id(row)),
    ]


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def to_png(image: QImage) -> bytes:
    """Packing takes longer than a frame, and may be done in a thread."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # takes a device, too
    return bytes(buffer.data().data())


class Picture:
    """The charts below each other, with a title, what they show in words, and the legend."""

    def __init__(self, charts: Sequence[Chart], legend: ChartLegend, title: str, summary: str) -> None:
        self._charts = [chart for chart in charts if chart.plot is not None and chart.plot.isVisible()]
        self._legend, self._title, self._summary = legend, title, summary
        self._width = max((chart.width() for chart in self._charts), default=640)
        self._line = legend.fontMetrics().height()
        self._legend_height = legend.heightForWidth(self._width - 2 * theme.WIDE)
        heights = sum(chart.height() + theme.SPACE for chart in self._charts)
        self._height = heights + 3 * self._line + 3 * theme.SPACE + self._legend_height + theme.WIDE

    def to_image(self) -> QImage:
        image = QImage(
            round(self._width * _SCALE),
            round(self._height * _SCALE),
            QImage.Format.Format_ARGB32_Premultiplied,
        )
        image.setDevicePixelRatio(_SCALE)
        painter = QPainter(image)
        self._paint(painter)
        painter.end()
        return image

    def to_svg(self) -> bytes:
        from PySide6.QtSvg import QSvgGenerator

        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setSize(QRect(0, 0, self._width, self._height).size())
        generator.setViewBox(QRect(0, 0, self._width, self._height))
        generator.setResolution(self._legend.logicalDpiX())
        generator.setTitle(self._title)
        generator.setDescription(self._summary)
        painter = QPainter(generator)
        self._paint(painter)
        painter.end()
        return bytes(buffer.data().data())

    def _paint(self, painter: QPainter) -> None:
        colours = theme.colours(self._legend.palette())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(QRectF(0, 0, self._width, self._height), colours.base)
        font = self._legend.font()
        y = float(theme.SPACE)
        for text, is_bold in ((self._title, True), (self._summary, False)):
            font.setBold(is_bold)
            painter.setFont(font)
            y = self._write(painter, text, y, colours.text if is_bold else colours.dim) + theme.TIGHT
        for chart in self._charts:
            plot = chart.plot
            assert plot is not None  # noqa: S101  only those were taken
            font.setBold(True)
            painter.setFont(font)
            painter.setPen(colours.text)
            words = f"{chart.accessibleName()}   {chart.figures_text()}"
            painter.drawText(QPointF(theme.WIDE, y + self._line), words)
            top = y + self._line + theme.TIGHT
            area = QRectF(theme.SPACE, top, plot.width(), plot.height())
            plot.paint_on(painter, area)
            y = area.bottom() + theme.SPACE
        painter.save()
        painter.translate(theme.WIDE, y)
        self._legend.paint(painter, self._width - 2 * theme.WIDE, colours)
        painter.restore()

    def _write(self, painter: QPainter, text: str, y: float, colour: QColor) -> float:
        painter.setPen(colour)
        elided = painter.fontMetrics().elidedText(
            text, Qt.TextElideMode.ElideRight, self._width - 2 * theme.WIDE
        )
        painter.drawText(QPointF(theme.WIDE, y + self._line), elided)
        return y + self._line
