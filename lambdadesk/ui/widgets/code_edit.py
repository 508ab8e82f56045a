"""CodeEdit, the editor under JsonEdit and JsonView: line numbers, JSON colours, exact text."""

import re

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextDocument,
)
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from lambdadesk.ui import theme

HIGHLIGHT_LIMIT = 256 * 1024  # characters of a text that still gets colours
LINE_LIMIT = 5_000  # characters of a line that still gets colours
_COLOURED = re.compile(r'("(?:[^"\\]|\\.)*+"?)(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b')
# Qt would take these for line breaks and lose them; the escape means the same within a JSON string.
_TAKEN_FOR_BREAKS = {0x2029: "\\u2029", 0xFDD0: "\\ufdd0", 0xFDD1: "\\ufdd1"}


def insertable(text: str) -> str:
    """The text as it can be put into an editor without a change of what it means as JSON."""
    return text.translate(_TAKEN_FOR_BREAKS)


def utf16_length(text: str) -> int:
    """How many units Qt counts for the text."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


class JsonHighlighter(QSyntaxHighlighter):
    """Colours keys, strings, numbers and words of JSON, line by line."""

    def __init__(self, document: QTextDocument, colours: theme.Colours) -> None:
        super().__init__(document)
        self.enabled = True
        self._set_formats(colours)

    def recolour(self, colours: theme.Colours) -> None:
        self._set_formats(colours)
        self.rehighlight()

    def _set_formats(self, colours: theme.Colours) -> None:
        self._formats = []
        for colour in (colours.key, colours.string, colours.number, colours.keyword):
            text_format = QTextCharFormat()
            text_format.setForeground(colour)
            self._formats.append(text_format)

    def highlightBlock(self, text: str) -> None:
        if not self.enabled or len(text) > LINE_LIMIT:
            return
        key, string, number, keyword = self._formats
        is_shifted = not text.isascii() and any(character > "\uffff" for character in text)
        for match in _COLOURED.finditer(text):
            start, end = match.span(1) if match[1] else match.span()
            of_string = key if match[2] else string
            chosen = of_string if match[1] else number if match[3] else keyword
            if is_shifted:  # Qt counts in UTF-16 units
                start, end = utf16_length(text[:start]), utf16_length(text[:end])
            self.setFormat(start, end - start, chosen)


class CodeEdit(QPlainTextEdit):
    """A text editor in fixed-width type that gives back exactly the text it holds.

    `toPlainText` of Qt turns no-break spaces into spaces; this one doesn't. CRLF becomes LF.
    """

    def __init__(self, parent: QWidget | None = None, *, line_numbers: bool = True) -> None:
        super().__init__(parent)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFont(theme.fixed_font())
        self.setTabStopDistance(4 * self.fontMetrics().horizontalAdvance(" "))
        self.document().setDocumentMargin(6)
        self.error_line = 0  # marked in the gutter; 0: none
        self.highlighter = JsonHighlighter(self.document(), theme.colours(self.palette()))
        self._gutter = _Gutter(self) if line_numbers else None
        if line_numbers:
            self.blockCountChanged.connect(self._make_room)
            self.updateRequest.connect(self._scroll_gutter)
            self._make_room()

    def toPlainText(self) -> str:
        return self.document().toRawText().replace("\u2029", "\n")

    def setPlainText(self, text: str) -> None:
        self.show_text(text, coloured=True)

    def show_text(self, text: str, *, coloured: bool) -> None:
        """Replace the text, with JSON colours or without; a very long one gets none."""
        self.highlighter.enabled = coloured and len(text) <= HIGHLIGHT_LIMIT
        super().setPlainText(insertable(text))

    def gutter_width(self) -> int:
        digits = max(2, len(str(self.blockCount())))
        return self.fontMetrics().horizontalAdvance("9") * (digits + 2) + theme.SPACE

    def paint_gutter(self, gutter: QWidget, area: QRect) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(gutter)
        painter.fillRect(area, colours.panel)
        painter.setFont(self.font())
        current = self.textCursor().blockNumber()
        block = self.firstVisibleBlock()
        offset = self.contentOffset()
        while block.isValid():
            box = self.blockBoundingGeometry(block).translated(offset)
            if box.top() > area.bottom():
                break
            if block.isVisible() and box.bottom() >= area.top():
                number = block.blockNumber()
                is_wrong = number + 1 == self.error_line
                painter.setPen(
                    colours.error if is_wrong else colours.text if number == current else colours.dim
                )
                first_line = QRectF(0, box.top(), gutter.width() - theme.SPACE, self.fontMetrics().height())
                painter.drawText(first_line, Qt.AlignmentFlag.AlignRight, str(number + 1))
                if is_wrong:
                    first_line.setLeft(theme.TIGHT)
                    painter.drawText(first_line, Qt.AlignmentFlag.AlignLeft, "✖")
            block = block.next()
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_gutter()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # The base class sends events from its constructor, before there is a highlighter.
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "highlighter"):
            self.highlighter.recolour(theme.colours(self.palette()))
            self.refresh_marks()
            if self._gutter:
                self._gutter.update()

    def refresh_marks(self) -> None:
        """Set the extra selections anew; subclasses have some."""

    def _make_room(self) -> None:
        self.setViewportMargins(self.gutter_width(), 0, 0, 0)
        self._place_gutter()

    def _place_gutter(self) -> None:
        if self._gutter:
            inside = self.contentsRect()
            self._gutter.setGeometry(inside.left(), inside.top(), self.gutter_width(), inside.height())

    def _scroll_gutter(self, area: QRect, dy: int) -> None:
        if self._gutter is None:
            return
        if dy:
            self._gutter.scroll(0, dy)
        else:
            self._gutter.update(0, area.y(), self._gutter.width(), area.height())


class _Gutter(QWidget):
    """The strip of line numbers."""

    def __init__(self, editor: CodeEdit) -> None:
        super().__init__(editor)
        self._editor = editor

    def sizeHint(self) -> QSize:
        return QSize(self._editor.gutter_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._editor.paint_gutter(self, event.rect())
