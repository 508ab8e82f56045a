"""QueryEdit, the editor of a Logs Insights query, with the place of a mistake marked."""

import re

from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QWidget

from lambdadesk.core.insights import COMMANDS, WORDS
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.code_edit import LINE_LIMIT, CodeEdit, JsonHighlighter, utf16_length

_PARTS = re.compile(
    r"""(?P<comment>\#.*)|(?P<string>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?"""
    r"""|(?<=like\ )/(?:[^/\\]|\\.)*/?|(?<==~\ )/(?:[^/\\]|\\.)*/?|(?<=@message\ )/(?:[^/\\]|\\.)*/?)"""
    r"""|(?P<field>@[A-Za-z]+)|(?P<number>(?<![\w@.])\d+(?:\.\d+)?[smhd]?\b)|(?P<word>[A-Za-z_][\w.]*)""",
    re.VERBOSE,
)
_KEYWORDS = {word.lower() for word in COMMANDS | WORDS}


class QueryHighlighter(JsonHighlighter):
    """Colours commands, discovered fields, texts, numbers and comments, line by line."""

    def highlightBlock(self, text: str) -> None:
        if not self.enabled or len(text) > LINE_LIMIT:
            return
        key, string, number, keyword = self._formats
        chosen = {"comment": self._comment, "string": string, "field": key, "number": number, "word": keyword}
        for match in _PARTS.finditer(text):
            kind = match.lastgroup or ""
            if kind == "word" and match[0].lower() not in _KEYWORDS:
                continue
            start, end = match.span()
            if not text.isascii():  # Qt counts in UTF-16 units
                start, end = utf16_length(text[:start]), utf16_length(text[:end])
            self.setFormat(start, end - start, chosen[kind])

    def _set_formats(self, colours: theme.Colours) -> None:
        super()._set_formats(colours)
        self._comment = QTextCharFormat()
        self._comment.setForeground(colours.dim)


class QueryEdit(CodeEdit):
    """A CodeEdit whose colours are those of the query language."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.highlighter.setDocument(None)
        self.highlighter = QueryHighlighter(self.document(), theme.colours(self.palette()))

    def replace_text(self, text: str) -> None:
        """Put another text in place of this one; undo brings it back."""
        self.clear_problem()
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(self.prepared(text))
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def show_problem(self, start: int, end: int) -> None:
        """Mark the characters from start to end, and put the cursor there."""
        text = self.toPlainText()
        start = min(max(0, start), len(text))
        end = min(max(start, end), len(text))
        if start == end:  # at a place between two characters: mark the one before, or the next
            start, end = (start - 1, end) if start else (start, min(1, len(text)))
        places = [self.to_document(utf16_length(text[:at])) for at in (start, end)]
        self.error_line = text.count("\n", 0, start) + 1
        self.mark_hits([(places[0], places[1])])
        cursor = self.textCursor()
        cursor.setPosition(places[0])
        self.setTextCursor(cursor)
        self.refresh_gutter()

    def clear_problem(self) -> None:
        if self.error_line:
            self.error_line = 0
            self.mark_hits([])
            self.refresh_gutter()
