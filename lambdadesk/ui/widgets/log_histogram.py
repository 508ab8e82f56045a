"""LogHistogram, the rate of a log's lines; a stretch of it is selected by dragging."""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lambdadesk.core.lograte import LogRate
from lambdadesk.ui import theme
from lambdadesk.ui.models.log_cells import clock_text
from lambdadesk.ui.widgets.plain import set_plain_tooltip

HEIGHT_PX = 44
BIN_PX = 6
_AXIS_PX = 14


class LogHistogram(QWidget):
    """Bars of all lines, on them those that the filter leaves, and errors in their colour.

    The keys Left and Right select a bin, with Shift they make the selection longer, Esc takes it back.

    Signals:
        range_selected(int, int): from and to (exclusive) in epoch milliseconds.
        range_cleared(): the user wants no range any more.
    """

    range_selected = Signal(object, object)  # 64 bits
    range_cleared = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rate = LogRate()
        self.is_utc = False
        self._range: tuple[int, int] | None = None
        self._drag: tuple[int, int] | None = None  # bins: where it began and is now
        self.setFixedHeight(HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMouseTracking(True)

    def sizeHint(self) -> QSize:
        return QSize(300, HEIGHT_PX)

    @property
    def most_bins(self) -> int:
        return max(1, self.width() // BIN_PX)

    def show_rate(self, rate: LogRate) -> None:
        self.rate = rate
        summary = self.summary()
        if summary != self.accessibleDescription():
            self.setAccessibleDescription(summary)
        self.update()

    def show_range(self, start_ms: int, end_ms: int) -> None:
        """Shade all but this stretch; an empty one takes the shade away."""
        self._range = (start_ms, end_ms) if end_ms > start_ms else None
        self.update()

    def summary(self) -> str:
        """What the picture shows, in words."""
        rate = self.rate
        if not rate.totals:
            return "No lines."
        most = max(rate.totals)
        peak_ms = rate.start_ms + rate.totals.index(most) * rate.width_ms
        shown = f", {sum(rate.matches):,} of them shown" if rate.matches else ""
        return (
            f"{sum(rate.totals):,} lines from {self._clock(rate.start_ms)} to {self._clock(rate.end_ms)}"
            f"{shown}, {sum(rate.errors):,} errors; at most {most:,} in {_width_words(rate.width_ms)}, "
            f"at {self._clock(peak_ms)}."
        )

    def bin_rect(self, at: int) -> QRectF:
        """Where a bin is, at its full height."""
        width = self._bin_px
        return QRectF(at * width, 0, width, self.height() - _AXIS_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        painter.fillRect(self.rect(), colours.base)
        rate = self.rate
        bars = QRectF(0, 2, self.width(), self.height() - _AXIS_PX - 2)
        if rate.totals:
            highest = max(rate.totals)
            pale = QColor(colours.series[0])
            pale.setAlphaF(0.35 if rate.matches else 0.75)
            strong, red = colours.series[0], colours.error
            for at, total in enumerate(rate.totals):
                if not total:
                    continue
                self._paint_bar(painter, bars, at, total / highest, pale)
                if rate.matches and rate.matches[at]:
                    self._paint_bar(painter, bars, at, rate.matches[at] / highest, strong)
                if rate.errors[at]:
                    self._paint_bar(painter, bars, at, rate.errors[at] / highest, red)
            self._paint_range(painter, bars, colours)
        painter.fillRect(QRectF(0, bars.bottom(), self.width(), 1), colours.border)
        painter.setPen(colours.dim)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.8)
        painter.setFont(font)
        self._paint_axis(painter, QRectF(2, bars.bottom() + 1, self.width() - 4, _AXIS_PX - 1))
        if self.hasFocus():
            painter.setPen(colours.accent)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_bar(self, painter: QPainter, area: QRectF, at: int, share: float, colour: QColor) -> None:
        height = max(1.0, area.height() * share)
        gap = 1.0 if self._bin_px >= 4 else 0.0
        painter.fillRect(
            QRectF(at * self._bin_px, area.bottom() - height, max(1.0, self._bin_px - gap), height), colour
        )

    def _paint_range(self, painter: QPainter, area: QRectF, colours: theme.Colours) -> None:
        shade = QColor(colours.panel)
        shade.setAlphaF(0.75)
        start, end = self._range or (self.rate.start_ms, self.rate.end_ms)
        if self._drag is not None:
            start, end = self._ms_of(self._drag)
        left = max(0.0, self._x_of(start))
        right = min(self._bin_px * len(self.rate.totals), self._x_of(end))
        if self._range is None and self._drag is None:
            return
        painter.fillRect(QRectF(0, 0, left, area.bottom()), shade)
        painter.fillRect(QRectF(right, 0, self.width() - right, area.bottom()), shade)
        for x in (left, right - 1):
            painter.fillRect(QRectF(x, 0, 1, area.bottom()), colours.accent)

    def _paint_axis(self, painter: QPainter, area: QRectF) -> None:
        rate = self.rate
        if not rate.totals:
            return
        middle = Qt.AlignmentFlag.AlignVCenter
        per_bin = f"{max(rate.totals):,} lines in {_width_words(rate.width_ms)} at most"
        start, end = self._clock(rate.start_ms), self._clock(rate.end_ms)
        painter.drawText(area, middle | Qt.AlignmentFlag.AlignLeft, start)
        painter.drawText(area, middle | Qt.AlignmentFlag.AlignRight, end)
        taken = sum(painter.fontMetrics().horizontalAdvance(text) for text in (start, end, per_bin))
        if taken + 4 * theme.SPACE < area.width():
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, per_bin)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rate.totals:
            at = self._bin_at(event.position().x())
            self._drag = (at, at)
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = self._bin_at(event.position().x())
        if self._drag is not None:
            self._drag = (self._drag[0], at)
            self.update()
        set_plain_tooltip(self, self._words_of(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None and event.button() == Qt.MouseButton.LeftButton:
            start_ms, end_ms = self._ms_of(self._drag)
            self._drag = None
            self.range_selected.emit(start_ms, end_ms)
            self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and self._range is not None:
            key = event.key() if isinstance(event, QKeyEvent) else None
            if key == Qt.Key.Key_Escape:
                event.accept()  # a shortcut of the page would have it before
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key == Qt.Key.Key_Escape and self._range is not None:
            self.range_cleared.emit()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.rate.totals:
            self._step(
                1 if key == Qt.Key.Key_Right else -1,
                longer=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier),
            )
        else:
            super().keyPressEvent(event)

    def _step(self, direction: int, *, longer: bool) -> None:
        rate, last = self.rate, len(self.rate.totals) - 1
        if self._range is None:
            at = 0 if direction > 0 else last
            first, stop = at, at
        else:
            start_ms, end_ms = self._range
            first = min(last, max(0, (start_ms - rate.start_ms) // rate.width_ms))
            stop = min(last, max(first, (end_ms - 1 - rate.start_ms) // rate.width_ms))
            if longer:
                stop = min(last, max(first, stop + direction))
            else:
                first = stop = min(last, max(0, (stop if direction > 0 else first) + direction))
        self.range_selected.emit(*self._ms_of((first, stop)))

    @property
    def _bin_px(self) -> float:
        return self.width() / max(1, len(self.rate.totals))

    def _bin_at(self, x: float) -> int:
        return min(max(0, int(x / self._bin_px)), max(0, len(self.rate.totals) - 1))

    def _x_of(self, at_ms: int) -> float:
        return (at_ms - self.rate.start_ms) / self.rate.width_ms * self._bin_px

    def _ms_of(self, bins: tuple[int, int]) -> tuple[int, int]:
        rate = self.rate
        return rate.start_ms + min(bins) * rate.width_ms, rate.start_ms + (max(bins) + 1) * rate.width_ms

    def _words_of(self, at: int) -> str:
        rate = self.rate
        if not rate.totals:
            return ""
        start_ms = rate.start_ms + at * rate.width_ms
        shown = f", {rate.matches[at]:,} shown" if rate.matches else ""
        errors = f", {rate.errors[at]:,} errors" if rate.errors[at] else ""
        until = self._clock(start_ms + rate.width_ms)
        return f"{self._clock(start_ms)} to {until}: {rate.totals[at]:,} lines{shown}{errors}"

    def _clock(self, at_ms: int) -> str:
        text = clock_text(at_ms, is_utc=self.is_utc)
        return text if self.rate.width_ms < 1_000 else text[:8]


def _width_words(width_ms: int) -> str:
    for unit_ms, unit in ((3_600_000, "h"), (60_000, "min"), (1_000, "s")):
        if width_ms >= unit_ms:
            return f"{width_ms / unit_ms:g} {unit}"
    return f"{width_ms} ms"
