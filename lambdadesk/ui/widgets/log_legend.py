"""LogLegend, the functions and log groups of a merged log with their marks."""

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from lambdadesk.core.text import one_line
from lambdadesk.ui import theme
from lambdadesk.ui.models.log_sources import MARK_PX, LogSources
from lambdadesk.ui.widgets.plain import plain_tooltip

_NAME_PX = 180  # a longer name is cut; its tooltip has all of it
_NO_SOURCES = LogSources((), lambda _stream: 0)


class LogLegend(QWidget):
    """Two lines at most: the names that have room, and how many more there are; hidden for a single one."""

    source_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sources = _NO_SOURCES
        self._asides: tuple[str, ...] = ()
        self._lines = 1
        self._most_lines = 2
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_sources(self, sources: LogSources, asides: tuple[str, ...]) -> None:
        """asides: what is said after each name, such as why nothing comes from there; may be empty."""
        self.sources = sources
        self._asides = asides
        self.setVisible(len(sources) > 1 and bool(self._most_lines))
        self.setAccessibleDescription(", ".join(self._words(at) for at in range(len(sources))))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def set_most_lines(self, lines: int) -> None:
        """0 hides it."""
        self._most_lines = lines
        self.setVisible(bool(lines) and len(self.sources) > 1)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(120, self._lines * self._line_px)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def shown_words(self) -> list[str]:
        """What is painted, name by name, and the word about the rest."""
        return [words for _rect, words, _number in self._layout()]

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        for rect, words, number in self._layout():
            text_room = rect
            painter.setPen(colours.text if number >= 0 else colours.dim)
            if number >= 0:
                mark = self.sources.mark(number, colours)
                painter.drawPixmap(QPoint(rect.left(), rect.center().y() - MARK_PX // 2), mark)
                text_room = rect.adjusted(MARK_PX + theme.TIGHT, 0, 0, 0)
            painter.drawText(text_room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if (
            event.button() == Qt.MouseButton.LeftButton
            and (number := self._number_at(event.position().toPoint())) >= 0
        ):
            self.source_clicked.emit(number)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        is_name = self._number_at(event.position().toPoint()) >= 0
        self.setCursor(Qt.CursorShape.PointingHandCursor if is_name else Qt.CursorShape.ArrowCursor)

    def _number_at(self, point: QPoint) -> int:
        """The source whose name is there, -1 for none."""
        return next((number for rect, _words, number in self._layout() if rect.contains(point)), -1)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            words = "\n".join(self._words(at) for at in range(len(self.sources)))
            QToolTip.showText(event.globalPos(), plain_tooltip(words), self)
            return True
        return super().event(event)

    @property
    def _line_px(self) -> int:
        return self.fontMetrics().height() + theme.TIGHT

    def _fit(self) -> None:
        lines = 2 if any(rect.top() for rect, _words, _number in self._layout()) else 1
        if lines != self._lines:
            self._lines = lines
            self.updateGeometry()
        self.update()

    def _words(self, number: int) -> str:
        aside = self._asides[number]
        name = one_line(self.sources.names[number], 300)
        return f"{name} ({aside})" if aside else name

    def _layout(self) -> list[tuple[QRect, str, int]]:
        """Where each is, its words, and the source's number; -1 for how many more there are."""
        metrics, left, top = self.fontMetrics(), 0, 0
        found: list[tuple[QRect, str, int]] = []
        count = len(self.sources)
        for number in range(count):
            name, aside = one_line(self.sources.names[number], 300), self._asides[number]
            words = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, _NAME_PX)
            words += f" ({aside})" if aside else ""
            width = MARK_PX + theme.TIGHT + metrics.horizontalAdvance(words)
            rest = f"and {count - number} more"
            is_last_line = top or self._most_lines < 2
            is_last = number == count - 1 or not is_last_line
            kept = 0 if is_last else theme.WIDE + metrics.horizontalAdvance(rest)
            if left and left + width + kept > self.width():
                if is_last_line:
                    found.append((QRect(left, top, self.width() - left, self._line_px), rest, -1))
                    break
                left, top = 0, self._line_px
            found.append((QRect(left, top, width, self._line_px), words, number))
            left += width + theme.WIDE
        return found
