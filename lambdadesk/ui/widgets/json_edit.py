"""JsonEdit, where a payload is written."""

import re
from collections.abc import Callable, Sequence

from PySide6.QtCore import QMimeData, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPolygonF,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QTextEdit, QWidget

from lambdadesk.core.payload import PayloadProblem, check_payload, format_json, minify_json, utf16_offset
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.code_edit import (
    HIGHLIGHT_LIMIT,
    LINE_LIMIT,
    PIECE_MARK,
    CodeEdit,
    first_units,
    utf16_length,
)
from lambdadesk.ui.widgets.folding import FOLD_LIMIT, Folding
from lambdadesk.ui.widgets.key_completion import KeyCompletion

CHECK_DELAY_MS = 150
CHECK_HERE_LIMIT = 200_000  # characters; longer texts are checked off the window's thread
_INDENT = "  "
_PAIRS = {"{": "}", "[": "]"}
_CLOSING = {"}": "{", "]": "["}
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|([{}\[\]])')
_BRACKET_CHARACTERS = 100_000  # how far the other bracket is looked for
_TOKEN_END = re.compile(r'[\s{}\[\],:"]')
_SOLID = re.compile(r"\S+")
_FOLD_KEYS = (Qt.Key.Key_BracketLeft, Qt.Key.Key_BraceLeft)
_UNFOLD_KEYS = (Qt.Key.Key_BracketRight, Qt.Key.Key_BraceRight)


class JsonEdit(CodeEdit):
    """An editor for JSON that checks itself as one types.

    `checked` carries the PayloadProblem or None. A text above CHECK_HERE_LIMIT isn't checked here: its owner
    gets `large_check_requested`, runs check_payload in a thread and hands the result to `finish_check`.
    `remarked` carries a sentence for the person about what wasn't done.
    Tab indents; Ctrl+Tab and Esc leave the editor. Ctrl+Shift+[ and ] fold and unfold, with Alt everything.
    """

    checked = Signal(object)
    large_check_requested = Signal(object)  # a str; PySide6 drops halves of characters from its own
    remarked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._problem: PayloadProblem | None = None
        self._problem_span: tuple[int, int] | None = None  # in Qt's units; None once the text has changed
        self._checked_text: str | None = None
        self.menu_actions: list[tuple[str, Callable[[], object]]] = []  # that its menu offers besides
        self.folding = Folding(self)
        self.completion = KeyCompletion(self)
        self._timer = QTimer(self, singleShot=True, interval=CHECK_DELAY_MS)
        self._timer.timeout.connect(self._check)
        self.textChanged.connect(self._timer.start)
        self.textChanged.connect(self._drop_span)
        self.cursorPositionChanged.connect(self.refresh_marks)

    @property
    def problem(self) -> PayloadProblem | None:
        """What the last check or `set_problem` said."""
        return self._problem

    def set_problem(self, problem: PayloadProblem | None) -> None:
        """Mark a problem in the text and the gutter; None removes the mark."""
        self._problem = problem
        self.error_line = problem.line if problem and problem.is_error else 0
        self._problem_span = self._span_of(problem.position) if problem and problem.line else None
        self.refresh_marks()
        self.viewport().update()

    def check_now(self) -> PayloadProblem | None:
        """Check the text on the spot, however long it is, and tell everyone."""
        self._timer.stop()
        text = self.toPlainText()
        # Half a second of a still window, for 6 MB that a thread has checked already.
        self._tell(text, self._problem if text == self._checked_text else check_payload(text))
        return self._problem

    def finish_check(self, text: str, problem: PayloadProblem | None) -> None:
        """Take the result of a check made elsewhere, unless the text has changed since."""
        if text == self.toPlainText():
            self._tell(text, problem)

    def go_to_problem(self) -> None:
        """Put the cursor where the problem is."""
        if self._problem is None:
            return
        cursor = self.textCursor()
        cursor.setPosition(self.to_document(utf16_offset(self.toPlainText(), self._problem.position)))
        self.setTextCursor(cursor)
        self.setFocus()

    def set_completion_keys(self, keys: Sequence[str]) -> None:
        """Offer these where a key is typed."""
        self.completion.set_keys(keys)

    def format(self) -> PayloadProblem | None:
        """Lay valid JSON out in lines, as one step to undo; returns the error that kept it from that."""
        return self._relay(format_json)

    def minify(self) -> PayloadProblem | None:
        """Put valid JSON on one line, as one step to undo; returns the error that kept it from that."""
        return self._relay(minify_json)

    def replace_text(self, after: str) -> None:
        """Replace the whole text, as one step to undo; the cursor stays before the same visible character."""
        before = self.toPlainText()
        if after == before:
            return
        cursor = self.textCursor()
        solid = _count_solid(first_units(before, self.from_document(cursor.position())))
        shown = self.prepared(after)
        cursor.beginEditBlock()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(shown)
        cursor.endEditBlock()
        cursor.setPosition(self.to_document(utf16_offset(after, _place_after(after, solid))))
        self.setTextCursor(cursor)

    def _relay(self, relay: Callable[[str], str]) -> PayloadProblem | None:
        problem = self.check_now()
        if problem is not None and problem.is_error:
            return problem
        self.replace_text(relay(self.toPlainText()))
        return None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.completion.take_key(event) or self._fold_by_key(event):
            event.accept()
            return
        self._type(event)
        self.completion.after_key(event)

    def fold(self, block: QTextBlock) -> None:
        """Fold what begins on the block's line, or encloses it."""
        if not self.folding.fold(block):
            self.remarked.emit(f"More than {FOLD_LIMIT:,} lines are not folded at once.")

    def _fold_by_key(self, event: QKeyEvent) -> bool:
        modifiers = event.modifiers()
        if not modifiers & Qt.KeyboardModifier.ControlModifier:
            return False
        is_all = bool(modifiers & Qt.KeyboardModifier.AltModifier)
        if not (is_all or modifiers & Qt.KeyboardModifier.ShiftModifier):
            return False
        block = self.textCursor().block()
        if event.key() in _FOLD_KEYS:
            self.folding.fold_all() if is_all else self.fold(block)
        elif event.key() in _UNFOLD_KEYS:
            self.folding.unfold_all() if is_all else self.folding.unfold(block)
        else:
            return False
        return True

    def _type(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        has_control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if key == Qt.Key.Key_Escape or (key == Qt.Key.Key_Tab and has_control):
            self._leave(self.focusNextChild)
        elif key == Qt.Key.Key_Backtab and has_control:
            self._leave(self.focusPreviousChild)
        elif key == Qt.Key.Key_Tab:
            self._indent()
        elif key == Qt.Key.Key_Backtab:
            self._change_lines(self._dedent_line)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not has_control:
            self._break_line()
        elif event.text() in ("}", "]"):
            self._close_bracket(event.text())
        else:
            super().keyPressEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste as text, through the same door as setPlainText."""
        text = source.text()
        shown = self.prepared(text, is_whole=False)
        self._keep_off_marks()
        if shown == text:
            super().insertFromMimeData(source)  # with halves of characters, which PySide6 drops from `text`
        else:
            self.textCursor().insertText(shown)
            self.ensureCursorVisible()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.createStandardContextMenu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addSeparator()
        block = self.textCursor().block()
        for title, action in (
            *self.menu_actions,
            ("Fold\tCtrl+Shift+[", lambda: self.fold(block)),
            ("Unfold\tCtrl+Shift+]", lambda: self.folding.unfold(block)),
            ("Fold all\tCtrl+Alt+[", self.folding.fold_all),
            ("Unfold all\tCtrl+Alt+]", self.folding.unfold_all),
        ):
            menu.addAction(title).triggered.connect(action)
        menu.popup(event.globalPos())

    # -- what is drawn

    def gutter_width(self) -> int:
        return super().gutter_width() + self.fontMetrics().horizontalAdvance("9")

    def paint_line_number(self, painter: QPainter, block: QTextBlock, box: QRectF, number: str) -> None:
        fold = self.fontMetrics().horizontalAdvance("9")
        super().paint_line_number(painter, block, box.adjusted(0, 0, -fold, 0), number)
        is_folded = bool(self.folding.hidden_after(block))
        if is_folded or self.folding.can_fold(block):
            middle = QPointF(box.right() + theme.SPACE / 2 - fold / 2, box.center().y())
            half = fold / 2
            corners = [(-half / 2, -half), (-half / 2, half), (half / 2, 0)] if is_folded else []
            corners = corners or [(-half, -half / 2), (half, -half / 2), (0, half / 2)]
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(painter.pen().color())
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawPolygon(QPolygonF([middle + QPointF(x, y) for x, y in corners]))
            painter.restore()

    def click_gutter(self, block: QTextBlock) -> None:
        if self.folding.hidden_after(block):
            self.folding.unfold(block)
        elif self.folding.can_fold(block):
            self.fold(block)

    def next_shown(self, block: QTextBlock) -> QTextBlock:
        hidden = self.folding.hidden_after(block) if self.folding.has_folds else 0
        return self.document().findBlockByNumber(block.blockNumber() + hidden + 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.folding.has_folds:
            return
        painter = QPainter(self.viewport())
        painter.setFont(self.font())
        painter.setPen(theme.colours(self.palette()).dim)
        for block, box in self.blocks_in(event.rect()):
            if self.folding.hidden_after(block):
                line = block.layout().lineAt(0)
                left = box.left() + line.position().x() + line.naturalTextWidth()
                room = QRectF(left, box.top(), self.viewport().width() + left, box.height())
                painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, self.folding.tail(block))
        painter.end()

    def refresh_marks(self) -> None:
        colours = theme.colours(self.palette())
        marks = [self._line_mark(colours), *self.hit_marks()]
        marks += [self._mark(at, at + 1, background=colours.selection) for at in self._bracket_pair()]
        if self._problem is not None and self._problem_span is not None:
            colour = colours.error if self._problem.is_error else colours.warning
            marks.append(self._mark(*self._problem_span, underline=colour))
        self.setExtraSelections(marks)
        self.refresh_gutter()

    def _check(self) -> None:
        text = self.toPlainText()
        if text == self._checked_text:  # new colours count as a change of the text, too
            self.set_problem(self._problem)
            return
        self.set_coloured(len(text) <= HIGHLIGHT_LIMIT)
        if len(text) > CHECK_HERE_LIMIT:
            self.large_check_requested.emit(text)
        else:
            self._tell(text, check_payload(text))

    def _drop_span(self) -> None:
        """Take the mark away that was of the text before; the next check puts it where it belongs."""
        if self._problem_span is not None:
            self._problem_span = None
            self.refresh_marks()

    def _tell(self, text: str, problem: PayloadProblem | None) -> None:
        self._checked_text = text
        self.set_problem(problem)
        self.checked.emit(problem)

    def _span_of(self, position: int) -> tuple[int, int]:
        """The token at the position; where there is none (end of line or text), the character before."""
        text = self.toPlainText()
        end = position
        if position < len(text) and text[position] != "\n":
            following = _TOKEN_END.search(text, position + 1, position + 80)
            end = following.start() if following else min(len(text), position + 80)
        elif position > 0:
            position -= 1
        start = self.to_document(utf16_offset(text, position))
        return start, start + max(1, utf16_length(text[position:end]))

    def _line_mark(self, colours: theme.Colours) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        mark.format.setBackground(colours.line_highlight)
        mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
        mark.cursor = self.textCursor()
        mark.cursor.clearSelection()
        return mark

    def _mark(
        self, start: int, end: int, *, background: QColor | None = None, underline: QColor | None = None
    ) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        if background:
            mark.format.setBackground(background)
        if underline:
            mark.format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            mark.format.setUnderlineColor(underline)
            mark.format.setForeground(underline)
        mark.cursor = QTextCursor(self.document())
        last = self.document().characterCount() - 1  # the text may have become shorter since the check
        mark.cursor.setPosition(max(0, min(start, last)))
        mark.cursor.setPosition(max(0, min(end, last)), QTextCursor.MoveMode.KeepAnchor)
        return mark

    def _bracket_pair(self) -> tuple[int, ...]:
        """Positions of the bracket at the cursor and of its counterpart; empty where there is no pair."""
        cursor = self.textCursor()
        block = cursor.block()
        in_line = cursor.positionInBlock()
        for at, bracket in _brackets(block.text()):
            if at in (in_line, in_line - 1):
                other = self._find_other(block, at, bracket)
                return (block.position() + at, other) if other >= 0 else ()
        return ()

    @staticmethod
    def _find_other(block: QTextBlock, at: int, bracket: str) -> int:
        is_opening = bracket in _PAIRS
        depth = characters = 0
        while characters < _BRACKET_CHARACTERS:
            characters += block.length()
            found = _brackets(block.text())
            for place, other in found if is_opening else reversed(found):
                if depth == 0 and place != at:
                    continue
                depth += 1 if (other in _PAIRS) == is_opening else -1
                if depth == 0:
                    pairs = _PAIRS if is_opening else _CLOSING
                    return block.position() + place if other == pairs[bracket] else -1
            block = block.next() if is_opening else block.previous()
            if not block.isValid():
                break
        return -1

    def _leave(self, go: Callable[[], bool]) -> None:
        self.setTabChangesFocus(True)  # else the base class doesn't let go
        go()
        self.setTabChangesFocus(False)

    def _indent(self) -> None:
        cursor = self.textCursor()
        if cursor.hasSelection():
            self._change_lines(self._indent_line)
        else:
            cursor.insertText(_INDENT)

    def _change_lines(self, change: Callable[[QTextCursor], None]) -> None:
        """Change every line of the selection, as one step to undo."""
        cursor = self.textCursor()
        block = self.document().findBlock(cursor.selectionStart())
        last = (
            self.document().findBlock(max(cursor.selectionStart(), cursor.selectionEnd() - 1)).blockNumber()
        )
        cursor.beginEditBlock()
        while block.isValid() and block.blockNumber() <= last:
            change(QTextCursor(block))
            block = block.next()
        cursor.endEditBlock()

    @staticmethod
    def _indent_line(line: QTextCursor) -> None:
        if not line.block().text().startswith(PIECE_MARK):  # which would begin a line of its own
            line.insertText(_INDENT)

    @staticmethod
    def _dedent_line(line: QTextCursor) -> None:
        text = line.block().text()
        for _space in range(min(len(_INDENT), len(text) - len(text.lstrip(" ")))):
            line.deleteChar()

    def _break_line(self) -> None:
        """A new line as far in as this one, one step further after an opening bracket."""
        cursor = self.textCursor()
        cursor.beginEditBlock()
        cursor.removeSelectedText()
        before, after = self.line_around(cursor)
        after = after.lstrip()
        indent = before[: len(before) - len(before.lstrip(" \t"))]
        opened = before.rstrip()[-1:]
        cursor.insertText("\n" + indent + (_INDENT if opened in _PAIRS else ""))
        if after and after[0] == _PAIRS.get(opened):
            stay = cursor.position()
            cursor.insertText("\n" + indent)
            cursor.setPosition(stay)
        cursor.endEditBlock()
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def _close_bracket(self, bracket: str) -> None:
        """A closing bracket that begins its line goes one step back out."""
        cursor = self.textCursor()
        cursor.beginEditBlock()
        cursor.removeSelectedText()
        before = first_units(cursor.block().text(), cursor.positionInBlock())
        if not before.strip() and before.endswith(_INDENT):
            for _space in _INDENT:
                cursor.deletePreviousChar()
        cursor.insertText(bracket)
        cursor.endEditBlock()
        self.setTextCursor(cursor)


def _count_solid(text: str) -> int:
    """How many characters the text has, white space not counted."""
    return sum(len(match[0]) for match in _SOLID.finditer(text))


def _place_after(text: str, solid: int) -> int:
    """The position of the character that follows so many others, white space not counted."""
    for match in _SOLID.finditer(text):
        if solid < len(match[0]):
            return match.start() + solid
        solid -= len(match[0])
    return len(text)


def _brackets(line: str) -> list[tuple[int, str]]:
    """The brackets of a line that are not in a string, with their places in Qt's units."""
    if len(line) > LINE_LIMIT:
        return []
    found = []
    done = units = 0
    for match in _BRACKET.finditer(line):
        if match[1]:
            units += utf16_length(line[done : match.start()])
            done = match.start()
            found.append((units, match[1]))
    return found
