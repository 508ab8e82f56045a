"""replace_large, a very long text put into an editor while the window stays alive."""

import asyncio

from PySide6.QtGui import QTextCursor

from lambdadesk.ui.widgets.code_edit import CodeEdit

_SLICE_LINES, _SLICE_CHARACTERS = 2_000, 300_000  # put in at once: some 15 ms
_SLICE_OUT_LINES = 40_000  # taken out at once


async def replace_large(edit: CodeEdit, after: str) -> None:
    """Replace the whole text by a very long one, as one step to undo; the loop turns meanwhile.

    Qt takes 7 us for each line. The text counts as replaced from the beginning, and can't be changed
    until it is in place. Cancelled, it does the rest at once: no half of a text is left.
    """
    shown = edit.prepared(after)
    edit.coming = after
    edit.setReadOnly(True)
    edit.blockSignals(True)  # what listens would look at all of it, slice by slice
    cursor = QTextCursor(edit.document())
    is_first = True  # the others are parts of the same step to undo
    start = 0
    try:
        while edit.blockCount() > _SLICE_OUT_LINES:
            first = edit.document().findBlockByNumber(edit.blockCount() - _SLICE_OUT_LINES)
            cursor.setPosition(first.position() - 1)
            cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
            _put(cursor, "", is_first=is_first)
            is_first = False
            await asyncio.sleep(0)
        cursor.select(QTextCursor.SelectionType.Document)
        while start < len(shown):
            end = _end_of_slice(shown, start)
            _put(cursor, shown[start:end], is_first=is_first)
            is_first, start = False, end
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        if not start:
            cursor.select(QTextCursor.SelectionType.Document)
        _put(cursor, shown[start:], is_first=is_first)
        raise
    finally:
        edit.coming = None
        edit.setReadOnly(False)
        edit.blockSignals(False)
        edit.make_room()
        edit.textChanged.emit()


def _put(cursor: QTextCursor, text: str, *, is_first: bool) -> None:
    """Put a text in place of the selection."""
    if is_first:
        cursor.beginEditBlock()
    else:
        cursor.joinPreviousEditBlock()
    cursor.insertText(text)
    cursor.endEditBlock()


def _end_of_slice(text: str, start: int) -> int:
    end = start
    for _ in range(_SLICE_LINES):
        end = text.find("\n", end) + 1
        if not end:
            return len(text)
        if end - start > _SLICE_CHARACTERS:
            break
    return end
