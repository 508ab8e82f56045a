"""CodeEdit, the editor under JsonEdit and JsonView: line numbers, JSON colours, exact text.

Qt takes seconds for a key press in a line of a megabyte. So a very long line is shown in pieces: a block that
begins with PIECE_MARK, a character without width, goes on with the line before. The mark is part of Qt's
document, where undo keeps it in step; `toPlainText` and the clipboard never hold it.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from PySide6.QtCore import QEvent, QMimeData, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from lambdadesk.ui import theme

HIGHLIGHT_LIMIT = 256 * 1024  # characters of a text that still gets colours
LINE_LIMIT = 5_000  # characters of a line that still gets colours
PIECES_FROM = 10_000  # characters of a line that is shown in pieces
PIECE_LENGTH = 2_000
PIECE_MARK = "\u2065"  # unassigned for ever, drawn as nothing
_PIECE_BREAK = "\u2029" + PIECE_MARK  # as Qt's raw text has it
_COLOURED = re.compile(r'("(?:[^"\\]|\\.)*+"?)(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b')
_CLOSED = re.compile(r'"(?:[^"\\]|\\.)*+"')
_IN_STRING = re.compile(r'(?:[^"\\]|\\.)*+("?)')
_ELEMENT = re.compile(r'[^",]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"?[^",]*+)*+,?')
# Qt would take these for line breaks and lose them; the escape means the same within a JSON string.
_TAKEN = re.compile(f"[\u2029\ufdd0\ufdd1{PIECE_MARK}]")
_GOES_ON = 1  # bit of a block's state: a string goes on in the next piece; the others are Folding's


def insertable(text: str) -> str:
    """The text as it can be put into an editor without a change of what it means as JSON."""
    if _TAKEN.search(text):
        text = _TAKEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    if len(text) <= PIECES_FROM:
        return text
    if max(map(len, text.split("\n"))) <= PIECES_FROM:
        return text
    return "\n".join(
        line if len(line) <= PIECES_FROM else f"\n{PIECE_MARK}".join(_pieces(line))
        for line in text.split("\n")
    )


def shown_text(raw: str) -> str:
    """Qt's raw text as it was put in: with line feeds, and without the breaks between pieces."""
    if PIECE_MARK in raw:
        raw = raw.replace(_PIECE_BREAK, "").replace(PIECE_MARK, "")
    return raw.replace("\u2029", "\n")


def _pieces(line: str) -> list[str]:
    """The line cut after commas outside of strings where it has some, else anywhere."""
    pieces = []
    start = 0
    for element in _ELEMENT.finditer(line):
        if element.end() - start > PIECE_LENGTH and element.start() > start:
            pieces.append(line[start : element.start()])
            start = element.start()
        while element.end() - start > PIECE_LENGTH:
            pieces.append(line[start : start + PIECE_LENGTH])
            start += PIECE_LENGTH
    if start < len(line):
        pieces.append(line[start:])
    return pieces


def first_units(text: str, count: int) -> str:
    """The text before a position that Qt gave, in UTF-16 units."""
    if text.isascii():
        return text[:count]
    return text.encode("utf-16-le", "surrogatepass")[: 2 * count].decode("utf-16-le", "surrogatepass")


def utf16_length(text: str) -> int:
    """How many units Qt counts for the text."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _with_halves(text: str, document: QTextDocument, start: int, end: int) -> str:
    """The text of a part of the document with the halves of characters, which PySide6 drops from a str."""
    if utf16_length(text) == end - start:
        return text
    units = "".join(map(document.characterAt, range(start, end)))
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


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
        at = 0
        goes_on = False
        if (
            text.startswith(PIECE_MARK)
            and self.previousBlockState() > 0
            and self.previousBlockState() & _GOES_ON
        ):
            rest = _IN_STRING.match(text)
            if rest is not None:
                at = rest.end()
                goes_on = not rest[1]
                self.setFormat(0, utf16_length(text[:at]), string)
        for match in _COLOURED.finditer(text, at):
            start, end = match.span(1) if match[1] else match.span()
            of_string = key if match[2] else string
            chosen = of_string if match[1] else number if match[3] else keyword
            goes_on = end == len(text) and bool(match[1]) and not _CLOSED.fullmatch(match[1])
            if is_shifted:  # Qt counts in UTF-16 units
                start, end = utf16_length(text[:start]), utf16_length(text[:end])
            self.setFormat(start, end - start, chosen)
        state = max(0, self.currentBlockState())
        if bool(state & _GOES_ON) != goes_on:
            self.setCurrentBlockState(state ^ _GOES_ON)


class CodeEdit(QPlainTextEdit):
    """A text editor in fixed-width type that gives back exactly the text it holds.

    `toPlainText` of Qt turns no-break spaces into spaces; this one doesn't. CRLF becomes LF. Half of a
    character (a lone surrogate) stays in the text, for its check to find.
    """

    def __init__(self, parent: QWidget | None = None, *, line_numbers: bool = True) -> None:
        super().__init__(parent)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFont(theme.fixed_font())
        self.setTabStopDistance(4 * self.fontMetrics().horizontalAdvance(" "))
        self.document().setDocumentMargin(6)
        self.error_line = 0  # marked in the gutter; 0: none
        self.highlighter = JsonHighlighter(self.document(), theme.colours(self.palette()))
        self._hits: list[tuple[int, int]] = []
        self.coming: str | None = None  # the text that is just being put in, slice by slice
        self._room_lines = 0  # while a text comes in: how many lines there will be
        self._may_have_pieces = False
        self._pieces_of = -1  # the revision that `_pieces_now` is of
        self._pieces_now: tuple[list[int], list[int], list[int]] = [], [], []
        self.document().contentsChange.connect(self._note_pieces)
        self.cursorPositionChanged.connect(self._keep_off_marks)
        self.selectionChanged.connect(self._keep_off_marks)
        self._gutter = _Gutter(self) if line_numbers else None
        if line_numbers:
            self.blockCountChanged.connect(self.make_room)
            self.updateRequest.connect(self._scroll_gutter)
            self.make_room()

    def toPlainText(self) -> str:
        if self.coming is not None:
            return self.coming
        document = self.document()
        return shown_text(_with_halves(document.toRawText(), document, 0, document.characterCount() - 1))

    def setPlainText(self, text: str) -> None:
        self.show_text(text, coloured=True)

    def show_text(self, text: str, *, coloured: bool) -> None:
        """Replace the text, with JSON colours or without; a very long one gets none."""
        self._may_have_pieces = False
        super().setPlainText(self.prepared(text, coloured=coloured))

    def prepared(self, text: str, *, coloured: bool = True, is_whole: bool = True) -> str:
        """The text as it is to be inserted, once what makes a long one slow has been put out of its way."""
        shown = insertable(text)
        before = 0 if is_whole else self.document().characterCount()
        if not coloured or before + len(shown) > HIGHLIGHT_LIMIT:
            self.set_coloured(False)
        elif is_whole:
            self.set_coloured(True)
        # A gutter that becomes wider has Qt lay out all lines again.
        self._room_lines = shown.count("\n") + (1 if is_whole else self.blockCount())
        self.make_room()
        self._room_lines = 0
        return shown

    def set_coloured(self, coloured: bool) -> None:
        """Turn the colours on or off; to be called before a very long text comes in."""
        if coloured != self.highlighter.enabled:
            self.highlighter.enabled = coloured
            # Even an idle highlighter takes a second of the window's time over 6 MB.
            self.highlighter.setDocument(self.document() if coloured else None)
            self.highlighter.rehighlight()

    # -- long lines in pieces

    def piece_count(self) -> int:
        """How many pieces after their first the very long lines are shown in, 0 if there is no such line."""
        return len(self._pieces()[0])

    def to_document(self, units: int) -> int:
        """Where a place of the text, in UTF-16 units, is in Qt's document."""
        return units + 2 * bisect_right(self._pieces()[2], units)

    def from_document(self, position: int) -> int:
        """Where a position of Qt's document is in the text, in UTF-16 units."""
        return position - 2 * bisect_left(self._pieces()[1], position)

    def line_number(self, block: QTextBlock) -> int:
        """The number of the block's line from 1; pieces of a line have the same."""
        number = block.blockNumber()
        return number + 1 - bisect_right(self._pieces()[0], number)

    def line_around(self, cursor: QTextCursor) -> tuple[str, str]:
        """What stands before and after the cursor in its line, however many pieces that is shown in."""
        block = cursor.block()
        before = [first_units(block.text(), cursor.positionInBlock())]
        after = [block.text()[len(before[0]) :]]
        if self._may_have_pieces:
            following = block.next()
            while following.text().startswith(PIECE_MARK):
                after.append(following.text())
                following = following.next()
            while before[-1].startswith(PIECE_MARK) and block.blockNumber():
                block = block.previous()
                before.append(block.text())
        return "".join(reversed(before)).replace(PIECE_MARK, ""), "".join(after).replace(PIECE_MARK, "")

    def _pieces(self) -> tuple[list[int], list[int], list[int]]:
        """Of the blocks that go on with a line: their numbers, and places in the document and the text."""
        revision = self.document().revision()
        if revision != self._pieces_of:
            self._pieces_of = revision
            raw = self.document().toRawText() if self._may_have_pieces else ""
            blocks = raw.split("\u2029") if PIECE_MARK in raw else []
            numbers = [number for number, block in enumerate(blocks) if number and block[:1] == PIECE_MARK]
            places = [self.document().findBlockByNumber(number).position() for number in numbers]
            self._pieces_now = numbers, places, [place - 1 - 2 * i for i, place in enumerate(places)]
        return self._pieces_now

    def _note_pieces(self, _position: int, _removed: int, added: int) -> None:
        if added > PIECES_FROM and not self._may_have_pieces:
            self._may_have_pieces = PIECE_MARK in self.document().toRawText()

    def _keep_off_marks(self) -> None:
        """Put the cursor after the mark of a piece: what is typed before it would break the line."""
        if not self._may_have_pieces:
            return
        cursor = self.textCursor()
        places = [cursor.anchor(), cursor.position()]
        kept = [at + 1 if self._is_piece_start(at) else at for at in places]
        if kept != places:
            cursor.setPosition(kept[0])
            cursor.setPosition(kept[1], QTextCursor.MoveMode.KeepAnchor)
            self.setTextCursor(cursor)

    def _is_piece_start(self, position: int) -> bool:
        block = self.document().findBlock(position)
        return block.position() == position and position > 0 and block.text().startswith(PIECE_MARK)

    def _step_over_break(self, event: QKeyEvent) -> None:
        """Let a key that goes or deletes across the break between two pieces do so as if there were none."""
        cursor = self.textCursor()
        is_deletion = event.key() in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete)
        if is_deletion and cursor.hasSelection():
            if self.from_document(cursor.anchor()) != self.from_document(cursor.position()):
                return
            cursor.clearSelection()  # of a break alone, which is nothing to be seen
            self.setTextCursor(cursor)
        is_selecting = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier) and not is_deletion
        keep, move = QTextCursor.MoveMode.KeepAnchor, QTextCursor.MoveMode.MoveAnchor
        position = cursor.position()
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Backspace):
            while position > 1 and self._is_piece_start(position - 1):
                position -= 2
        elif event.key() in (Qt.Key.Key_Right, Qt.Key.Key_Delete):
            while self._is_piece_start(position + 1):
                position += 2
        if position != cursor.position():
            cursor.setPosition(position, keep if is_selecting else move)
            self.setTextCursor(cursor)
        if self.isReadOnly():
            return
        # Qt deletes what is selected; a word of its own choice could have a mark in it.
        if event.matches(QKeySequence.StandardKey.DeleteStartOfWord):
            self.moveCursor(QTextCursor.MoveOperation.PreviousWord, keep)
        elif event.matches(QKeySequence.StandardKey.DeleteEndOfWord):
            self.moveCursor(QTextCursor.MoveOperation.NextWord, keep)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._may_have_pieces:
            self._step_over_break(event)
        super().keyPressEvent(event)

    def createMimeDataFromSelection(self) -> QMimeData:
        cursor = self.textCursor()
        start, end = cursor.selectionStart(), cursor.selectionEnd()
        data = QMimeData()
        data.setText(shown_text(_with_halves(cursor.selectedText(), self.document(), start, end)))
        return data

    # -- the gutter

    def gutter_width(self) -> int:
        digits = max(2, len(str(self._room_lines or self.blockCount())))
        return self.fontMetrics().horizontalAdvance("9") * (digits + 2) + theme.SPACE

    def paint_gutter(self, gutter: QWidget, area: QRect) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(gutter)
        painter.fillRect(area, colours.panel)
        painter.setFont(self.font())
        current = self.line_number(self.textCursor().block())
        for block, box in self.blocks_in(area):
            number = self.line_number(block)
            is_wrong = number == self.error_line
            painter.setPen(colours.error if is_wrong else colours.text if number == current else colours.dim)
            first_line = QRectF(0, box.top(), gutter.width() - theme.SPACE, self.fontMetrics().height())
            is_piece = self._may_have_pieces and self._is_piece_start(block.position())
            self.paint_line_number(painter, block, first_line, "·" if is_piece else str(number))
            if is_wrong and not is_piece:
                first_line.setLeft(theme.TIGHT)
                painter.drawText(first_line, Qt.AlignmentFlag.AlignLeft, "✖")
        painter.end()

    def paint_line_number(self, painter: QPainter, _block: QTextBlock, box: QRectF, number: str) -> None:
        """Draw the number of a line; subclasses leave room for more at the right."""
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, number)

    def click_gutter(self, block: QTextBlock) -> None:
        """A click on the line's place in the gutter; subclasses fold it."""

    def blocks_in(self, area: QRect) -> Iterator[tuple[QTextBlock, QRectF]]:
        """The blocks that are to be seen in a part of the viewport, and where."""
        block = self.firstVisibleBlock()
        offset = self.contentOffset()
        while block.isValid():
            if block.isVisible():
                box = self.blockBoundingGeometry(block).translated(offset)
                if box.top() > area.bottom():
                    break
                if box.bottom() >= area.top():
                    yield block, box
            block = self.next_shown(block)

    def next_shown(self, block: QTextBlock) -> QTextBlock:
        """The block after this one; subclasses leap over what they hide."""
        return block.next()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_gutter()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # The base class sends events from its constructor, before there is a highlighter.
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "highlighter"):
            self.highlighter.recolour(theme.colours(self.palette()))
            self.refresh_marks()
            self.refresh_gutter()

    def mark_hits(self, spans: Sequence[tuple[int, int]]) -> None:
        """Mark parts of the document, as what a search found: (from, to) in Qt's positions."""
        self._hits = list(spans)
        self.refresh_marks()

    def refresh_marks(self) -> None:
        """Set the extra selections anew; subclasses have more."""
        self.setExtraSelections(self.hit_marks())

    def hit_marks(self) -> list[QTextEdit.ExtraSelection]:
        colour = QColor(theme.colours(self.palette()).warning)
        colour.setAlphaF(0.3)
        marks = []
        last = self.document().characterCount() - 1
        for start, end in self._hits:
            mark = QTextEdit.ExtraSelection()
            mark.format.setBackground(colour)
            mark.cursor = QTextCursor(self.document())
            mark.cursor.setPosition(min(start, last))
            mark.cursor.setPosition(min(end, last), QTextCursor.MoveMode.KeepAnchor)
            marks.append(mark)
        return marks

    def refresh_gutter(self) -> None:
        if self._gutter:
            self._gutter.update()

    def make_room(self) -> None:
        if self._gutter is None:
            return
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

    def mousePressEvent(self, event: QMouseEvent) -> None:
        y = event.position().toPoint().y()
        for block, _box in self._editor.blocks_in(QRect(0, y, 1, 1)):
            self._editor.click_gutter(block)
            break

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()  # it is no click on the text
