"""FilterEdit, the line that a list is filtered by."""

from collections.abc import Sequence
from typing import Final, cast

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLineEdit, QWidget

from lambdadesk.ui import theme

_WAVE_PX: Final = 2.0


class FilterEdit(QLineEdit):
    """A line edit with a clear button; Esc clears it, and goes on to others once it is empty.

    Signals:
        down_pressed(): the Down key, which leads to what is filtered.
    """

    down_pressed = Signal()

    def __init__(self, placeholder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._marked: tuple[tuple[int, int], ...] = ()
        self.setPlaceholderText(placeholder)
        self.setClearButtonEnabled(True)

    def mark(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Underline these parts of the text as wrong: (start, length) in characters."""
        if tuple(ranges) != self._marked:
            self._marked = tuple(ranges)
            self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and self._clears(cast(QKeyEvent, event)):
            event.accept()  # a shortcut of the page would have it before the line edit
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._clears(event):
            self.clear()
        elif event.key() == Qt.Key.Key_Escape:
            event.ignore()
        else:
            if event.key() == Qt.Key.Key_Down:
                self.down_pressed.emit()
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._marked:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colours(self.palette()).error, 1.2))
        cursor = self.cursorRect()
        text, advance = self.text(), self.fontMetrics().horizontalAdvance
        # The text may be scrolled: only the cursor tells where it is.
        left_px = cursor.center().x() - advance(text[: self.cursorPosition()])
        y_px = min(cursor.bottom(), self.height() - 4) - _WAVE_PX / 2
        painter.setClipRect(self.contentsRect().adjusted(theme.TIGHT, 0, -theme.TIGHT, 0))
        for start, length in self._marked:
            from_px = left_px + advance(text[:start])
            to_px = left_px + advance(text[: start + length])
            steps = max(2, int((to_px - from_px) / _WAVE_PX))
            painter.drawPolyline(
                [
                    QPointF(from_px + step * _WAVE_PX, y_px + (_WAVE_PX / 2 if step % 2 else -_WAVE_PX / 2))
                    for step in range(steps + 1)
                ]
            )
        painter.end()

    def _clears(self, event: QKeyEvent) -> bool:
        return event.key() == Qt.Key.Key_Escape and bool(self.text())
