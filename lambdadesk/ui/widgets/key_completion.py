"""KeyCompletion, a list of keys that could be meant where a key is being typed."""

import re
from collections.abc import Sequence

import orjson
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent, QTextBlock, QTextCursor
from PySide6.QtWidgets import QListWidget, QPlainTextEdit

from lambdadesk.ui.widgets.code_edit import first_units
from lambdadesk.ui.widgets.named import named

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+("?)|[{}\[\],:]')
_REST = re.compile(r'[^"\\{}\[\],:]*"')  # of the string that the cursor is in
_ROWS = 6
_LOOK_BACK = 500  # lines


class KeyCompletion:
    """Offers keys where one is typed: Tab or Enter takes one, Esc closes the list, Ctrl+Space asks for it."""

    def __init__(self, editor: QPlainTextEdit) -> None:
        self._editor = editor
        self._keys: tuple[str, ...] = ()
        self._typed = ""
        self.list = named(QListWidget(editor.viewport()), "keyCompletion", "Keys of the template")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setCursor(Qt.CursorShape.ArrowCursor)
        self.list.itemClicked.connect(lambda _item: self._take())
        self.list.hide()

    def set_keys(self, keys: Sequence[str]) -> None:
        self._keys = tuple(dict.fromkeys(keys))
        self.list.hide()

    def take_key(self, event: QKeyEvent) -> bool:
        """Whether the list had use for the key, before the editor sees it."""
        key = event.key()
        if key == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self._offer(asked=True)
            return True
        if not self.list.isVisible():
            return False
        if key == Qt.Key.Key_Escape:
            self.list.hide()
        elif key in (Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self._take()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            step = 1 if key == Qt.Key.Key_Down else -1
            self.list.setCurrentRow((self.list.currentRow() + step) % self.list.count())
        else:
            return False
        return True

    def after_key(self, event: QKeyEvent) -> None:
        """Follow what was typed; any key that types nothing closes the list."""
        is_typing = bool(event.text()) and event.text().isprintable()
        if is_typing or (event.key() == Qt.Key.Key_Backspace and self.list.isVisible()):
            self._offer(asked=False)
        elif event.key() not in (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_AltGr):
            self.list.hide()

    def _offer(self, *, asked: bool) -> None:
        self.list.hide()
        if not self._keys:
            return
        cursor = self._editor.textCursor()
        before = first_units(cursor.block().text(), cursor.positionInBlock())
        typed = _typed_key(cursor.block(), before)
        if typed is None or (not asked and len(typed) < 2):  # a quote and a letter
            return
        start = typed[1:].casefold()
        fitting = [key for key in self._keys if key.casefold().startswith(start) and key != typed[1:]]
        if not fitting:
            return
        self._typed = typed
        self.list.clear()
        self.list.addItems(fitting)
        self.list.setCurrentRow(0)
        self._place(typed)

    def _place(self, typed: str) -> None:
        """Below the key, or above it where there is more room; never over the line itself."""
        rows = min(_ROWS, self.list.count())
        height = rows * self.list.sizeHintForRow(0) + 2 * self.list.frameWidth()
        width = self.list.sizeHintForColumn(0) + 2 * self.list.frameWidth() + 24
        self.list.resize(min(max(width, 120), self._editor.viewport().width()), height)
        cursor = self._editor.cursorRect()
        left = cursor.left() - self._editor.fontMetrics().horizontalAdvance(typed)
        left = max(0, min(left, self._editor.viewport().width() - self.list.width()))
        top = cursor.bottom() + 2
        if top + height > self._editor.viewport().height() and cursor.top() > height:
            top = cursor.top() - height - 2
        self.list.move(QPoint(left, top))
        self.list.show()
        self.list.raise_()

    def _take(self) -> None:
        item = self.list.currentItem()
        self.list.hide()
        cursor = self._editor.textCursor()
        line = cursor.block().text()
        rest = line[len(first_units(line, cursor.positionInBlock())) :]
        closing = _REST.match(rest) if self._typed else None
        keep = QTextCursor.MoveMode.KeepAnchor
        cursor.beginEditBlock()
        cursor.movePosition(QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.MoveAnchor, len(self._typed))
        drop = len(self._typed) + (closing.end() if closing else 0)
        cursor.movePosition(QTextCursor.MoveOperation.Right, keep, drop)
        has_colon = rest[closing.end() if closing else 0 :].lstrip().startswith(":")
        cursor.insertText(orjson.dumps(item.text()).decode() + ("" if has_colon else ": "))
        cursor.endEditBlock()
        self._editor.setTextCursor(cursor)


def _typed_key(block: QTextBlock, before: str) -> str | None:
    """What stands before the cursor of a key being typed, with its quote; None where no key can be."""
    marks = list(_STRING_OR_BRACKET.finditer(before))
    typed = ""
    if marks and marks[-1][0].startswith('"') and not marks[-1][1]:
        typed = marks.pop()[0]
        if "\\" in typed:
            return None
    elif before.rstrip() and before.rstrip()[-1] not in "{,":
        return None
    depth = 0
    is_first = True
    for _line in range(_LOOK_BACK):
        for mark in reversed(marks):
            text = mark[0]
            if is_first and text not in ("{", ","):
                return None
            is_first = False
            if text in ("}", "]"):
                depth += 1
            elif text in ("{", "["):
                if depth == 0:
                    return typed if text == "{" else None
                depth -= 1
        block = block.previous()
        if not block.isValid():
            return None
        marks = list(_STRING_OR_BRACKET.finditer(block.text()))
    return None
