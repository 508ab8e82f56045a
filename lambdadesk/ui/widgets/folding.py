"""Folding, which hides the lines between a bracket and its counterpart; the text stays what it is."""

import re

from PySide6.QtGui import QTextBlock

from lambdadesk.ui.widgets.code_edit import LINE_LIMIT, PIECE_MARK, CodeEdit, first_units

# A string may go on in the next piece of a long line, but not on the next line.
_BRACKET = re.compile(rf'"(?:[^"\\\u2029]|\\[^\u2029]|\u2029{PIECE_MARK})*+"?|([{{\[])|([}}\]])')
FOLD_LIMIT = 50_000  # lines; Qt lays out hidden ones, too, and needs a second for 100,000
_HIDDEN = 2  # a block's state, above the bit of the highlighter: how many blocks are hidden after it


class Folding:
    """The folds of one editor: kept in the states of the blocks, which move as the text does."""

    def __init__(self, editor: CodeEdit) -> None:
        self._editor = editor
        self._changed: tuple[int, int] | None = None
        self._block_count = 1
        self.has_folds = False  # or had; spares the work where there never were any
        document = editor.document()
        document.contentsChange.connect(self._note_change)
        document.contentsChanged.connect(self._mend)
        editor.cursorPositionChanged.connect(lambda: self.reveal(editor.textCursor().block()))

    def can_fold(self, block: QTextBlock) -> bool:
        """Whether a bracket of the line stays open at its end; never of a line that is shown in pieces."""
        text, after = block.text(), block.next()
        if len(text) > LINE_LIMIT or not after.isValid() or text.startswith(PIECE_MARK):
            return False
        return bool(_unclosed(text)) and not after.text().startswith(PIECE_MARK)

    def hidden_after(self, block: QTextBlock) -> int:
        """How many blocks the fold that begins here hides, 0 where none begins."""
        return max(0, block.userState()) // _HIDDEN

    def tail(self, block: QTextBlock) -> str:
        """What stands for the hidden lines, and how the last of them ends: " … 12 lines }"."""
        hidden = self.hidden_after(block)
        last = self._editor.document().findBlockByNumber(block.blockNumber() + hidden)
        end = last.text().strip()
        closes = bool(end) and end[0] in "}]"
        count = self._editor.line_number(last) - self._editor.line_number(block) - closes
        return f" … {count:,} {'line' if count == 1 else 'lines'} {end if closes else ''}".rstrip()

    def fold(self, block: QTextBlock) -> bool:
        """Hide what the first bracket that stays open on this line encloses; else what encloses the line.

        False where that has more than FOLD_LIMIT lines, and stays as it is.
        """
        document = self._editor.document()
        raw = document.toRawText()
        if not self.can_fold(block):
            number = _enclosing(raw, block.blockNumber())
            if number < 0:
                return True
            block = document.findBlockByNumber(number)
        if self.hidden_after(block) or not self.can_fold(block):
            return True
        start = len(first_units(raw, block.position()))
        depth = 0
        start += _unclosed(block.text())[0]
        for match in _BRACKET.finditer(raw, start):
            if match[1]:
                depth += 1
            elif match[2]:
                depth -= 1
                if depth == 0:
                    hidden = raw.count("\u2029", start, match.start()) - _keeps_last_line(raw, match.start())
                    if hidden > FOLD_LIMIT:
                        return False
                    self._hide(block, hidden)
                    break
        self._show_change()
        return True

    def unfold(self, block: QTextBlock) -> None:
        """Show what this fold hides; folds in it stay folded."""
        hidden = self.hidden_after(block)
        if hidden:
            self._set_hidden(block, 0)
            self._show_blocks(block.next(), hidden)
            self._show_change()

    def fold_all(self) -> None:
        """Fold what the outermost object or array holds; what that has on single lines stays."""
        document = self._editor.document()
        regions = _regions(document.toRawText())
        for first, hidden in regions:
            block = document.findBlockByNumber(first)
            if hidden <= FOLD_LIMIT and not self.hidden_after(block) and self.can_fold(block):
                self._hide(block, hidden)
        self._show_change()
        cursor = self._editor.textCursor()
        if not cursor.block().isVisible():  # else its line would open again
            cursor.setPosition(self._header(cursor.block()).position())
            self._editor.setTextCursor(cursor)

    def unfold_all(self) -> None:
        block = self._editor.document().firstBlock()
        while block.isValid():
            self._set_hidden(block, 0)
            _set_visible(block, True)
            block = block.next()
        self.has_folds = False
        self._show_change()

    def reveal(self, block: QTextBlock) -> None:
        """Unfold whatever hides the block."""
        while self.has_folds and block.isValid() and not block.isVisible():
            self.unfold(self._header(block))

    def _header(self, block: QTextBlock) -> QTextBlock:
        """The block in sight before hidden ones."""
        while block.isValid() and not block.isVisible():
            block = block.previous()
        return block

    def _hide(self, block: QTextBlock, count: int) -> None:
        if count <= 0:
            return
        self.has_folds = True
        self._set_hidden(block, count)
        cursor = self._editor.textCursor()
        number = cursor.block().blockNumber() - block.blockNumber()
        hidden = block
        for _number in range(count):
            hidden = hidden.next()
            _set_visible(hidden, False)
        if 0 < number <= count and not cursor.block().isVisible():
            cursor.setPosition(block.position() + block.length() - 1)
            self._editor.setTextCursor(cursor)

    def _show_blocks(self, block: QTextBlock, count: int) -> None:
        while count > 0 and block.isValid():
            _set_visible(block, True)
            inner = self.hidden_after(block)
            count -= 1 + inner
            if inner:
                block = self._editor.document().findBlockByNumber(block.blockNumber() + inner)
            block = block.next()

    def _show_from(self, block: QTextBlock, last: int) -> None:
        """Show all up to a block and the hidden ones after it, without any fold among them."""
        while block.isValid() and (block.blockNumber() <= last or not block.isVisible()):
            self._set_hidden(block, 0)
            _set_visible(block, True)
            block = block.next()
        self._show_change()

    def _note_change(self, position: int, _removed: int, added: int) -> None:
        if self.has_folds:
            first, last = self._changed or (position, position + added)
            self._changed = min(first, position), max(last, position + added)

    def _mend(self) -> None:
        """After a change of lines at a fold, or within one: show it, since its count may be wrong."""
        document = self._editor.document()
        is_same_count = document.blockCount() == self._block_count
        self._block_count = document.blockCount()
        changed, self._changed = self._changed, None
        if changed is None:
            return
        first, last = document.findBlock(changed[0]), document.findBlock(changed[1])
        last = last if last.isValid() else document.lastBlock()
        if is_same_count and first == last and first.isVisible():
            return  # within one line
        header = self._header(first.previous())
        hides_change = header.isValid() and (
            header.blockNumber() + self.hidden_after(header) >= first.blockNumber()
        )
        self._show_from(header if hides_change else first, last.blockNumber())

    def _set_hidden(self, block: QTextBlock, count: int) -> None:
        if self.hidden_after(block) != count:
            block.setUserState(max(0, block.userState()) % _HIDDEN + _HIDDEN * count)

    def _show_change(self) -> None:
        layout = self._editor.document().documentLayout()
        layout.documentSizeChanged.emit(layout.documentSize())  # for the scroll bar
        self._editor.viewport().update()
        self._editor.refresh_gutter()


def _set_visible(block: QTextBlock, visible: bool) -> None:
    if block.isVisible() != visible:
        block.setVisible(visible)
        block.setLineCount(1 if visible else 0)


def _unclosed(line: str) -> list[int]:
    """Where in the line, in characters, brackets stand that it doesn't close."""
    opened: list[int] = []
    for match in _BRACKET.finditer(line):
        if match[1]:
            opened.append(match.start())
        elif match[2] and opened:
            opened.pop()
    return opened


def _keeps_last_line(raw: str, close: int) -> bool:
    """Whether the line of a closing bracket has to stay in sight, since it holds more than that."""
    end = raw.find("\u2029", close)
    rest = raw[close : end if end >= 0 else len(raw)]
    before = raw[raw.rfind("\u2029", 0, close) + 1 : close]
    return bool(before.strip()) or "{" in rest or "[" in rest


def _enclosing(raw: str, number: int) -> int:
    """The line of the innermost bracket that is open where a line begins, -1 if none is."""
    opened: list[int] = []
    line = end = 0
    for match in _BRACKET.finditer(raw):
        if not (match[1] or match[2]):
            continue
        line += raw.count("\u2029", end, match.start())
        end = match.start()
        if line >= number:
            break
        if match[1]:
            opened.append(line)
        elif opened:
            opened.pop()
    return opened[-1] if opened else -1


def _regions(raw: str) -> list[tuple[int, int]]:
    """What the outermost value holds over several lines: first line and how many to hide; else itself."""
    opened: list[int] = []
    found: list[tuple[int, int]] = []
    whole: list[tuple[int, int]] = []
    line = end = 0
    for match in _BRACKET.finditer(raw):
        if not (match[1] or match[2]):
            continue
        line += raw.count("\u2029", end, match.start())
        end = match.start()
        if match[1]:
            opened.append(line)
        elif opened:
            first = opened.pop()
            hidden = line - first - _keeps_last_line(raw, end) if len(opened) < 2 and line > first else 0
            if hidden > 0 and not (found and len(opened) == 1 and found[-1][0] == first):
                (found if opened else whole).append((first, hidden))
    return found or whole
