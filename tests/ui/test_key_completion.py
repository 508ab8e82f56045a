import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget

from lambdadesk.ui.widgets.json_edit import JsonEdit

CONTROL = Qt.KeyboardModifier.ControlModifier
KEYS = ["Records", "recordId", "body", 'with "quotes"', "Records"]


@pytest.fixture
def editor(qtbot) -> JsonEdit:
    editor = JsonEdit()
    qtbot.addWidget(editor)
    editor.resize(400, 300)
    editor.show()
    editor.set_completion_keys(KEYS)
    return editor


def offered(editor: JsonEdit) -> list[str]:
    keys = editor.findChild(QListWidget, "keyCompletion")
    return [keys.item(row).text() for row in range(keys.count())] if keys.isVisible() else []


def test_a_key_is_offered_and_taken_by_tab(qtbot, editor: JsonEdit) -> None:
    qtbot.keyClicks(editor, '{"')
    assert offered(editor) == []
    qtbot.keyClicks(editor, "re")
    assert offered(editor) == ["Records", "recordId"]
    qtbot.keyClick(editor, Qt.Key.Key_Down)
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.toPlainText() == '{"recordId": '
    assert offered(editor) == []
    editor.undo()
    assert editor.toPlainText() == '{"re'


def test_enter_takes_it_within_a_closed_key(qtbot, editor: JsonEdit) -> None:
    editor.setPlainText('{\n  "a": [1],\n  "b": 1\n}')
    cursor = editor.document().find('"b')
    cursor.clearSelection()
    editor.setTextCursor(cursor)
    qtbot.keyClicks(editor, "o")
    assert offered(editor) == ["body"]
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert editor.toPlainText() == '{\n  "a": [1],\n  "body": 1\n}'


def test_escape_closes_the_list_and_keeps_the_focus(qtbot, editor: JsonEdit) -> None:
    editor.setFocus()
    qtbot.keyClicks(editor, '{"b')
    assert offered(editor) == ["body"]
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert offered(editor) == []
    qtbot.keyClicks(editor, "o")
    assert offered(editor) == ["body"]
    qtbot.keyClick(editor, Qt.Key.Key_Left)
    assert offered(editor) == []
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert editor.toPlainText() == '{"b\no'


@pytest.mark.parametrize(
    "text",
    [
        '["b',
        '{"a": "b',
        '{"a" "b',
        '"b',
        '{"a": ["x", "b',
        "b",
        "{b",
        '{"x\\"b',
        "{'b",
        '{"a": {}, "body',
        '{"z',
    ],
)
def test_nothing_is_offered_where_no_key_is_meant(qtbot, editor: JsonEdit, text: str) -> None:
    editor.setPlainText(text[:-1])
    editor.moveCursor(editor.textCursor().MoveOperation.End)
    qtbot.keyClicks(editor, text[-1])
    assert offered(editor) == []


@pytest.mark.parametrize(("text", "after"), [("{", '{"Records": '), ('{"a": 1, ', '{"a": 1, "Records": ')])
def test_ctrl_space_asks_for_all(qtbot, editor: JsonEdit, text: str, after: str) -> None:
    editor.setPlainText(text)
    editor.moveCursor(editor.textCursor().MoveOperation.End)
    qtbot.keyClick(editor, Qt.Key.Key_Space, CONTROL)
    assert offered(editor) == ["Records", "recordId", "body", 'with "quotes"']
    qtbot.keyClick(editor, Qt.Key.Key_Up)
    qtbot.keyClick(editor, Qt.Key.Key_Down)
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.toPlainText() == after


def test_a_key_with_quotes_is_written_as_json(qtbot, editor: JsonEdit) -> None:
    qtbot.keyClicks(editor, '{"w')
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.toPlainText() == '{"with \\"quotes\\"": '


def test_a_click_takes_a_key(qtbot, editor: JsonEdit) -> None:
    qtbot.keyClicks(editor, '{"re')
    keys = editor.completion.list
    place = keys.visualItemRect(keys.item(1)).center()
    qtbot.mouseClick(keys.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert editor.toPlainText() == '{"recordId": '


def test_without_keys_nothing_is_in_the_way(qtbot, editor: JsonEdit) -> None:
    editor.set_completion_keys([])
    qtbot.keyClicks(editor, '{"re')
    qtbot.keyClick(editor, Qt.Key.Key_Space, CONTROL)
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.toPlainText() == '{"re  '
