import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from lambdadesk.core.payload import format_json
from lambdadesk.ui.widgets.find_bar import FindBar
from lambdadesk.ui.widgets.json_edit import JsonEdit
from lambdadesk.ui.widgets.json_view import JsonView
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from tests.ui.test_accessibility import nameless

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
TEXT = '{"😀 one": "One", "two": "a.b", "onE": 1}'


class Host(QWidget):
    def __init__(self, editor: JsonEdit | JsonView) -> None:
        super().__init__()
        self.editor = named(editor, "editor", "Text")
        self.bar = FindBar(editor, self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.bar)
        layout.addWidget(editor)
        self.resize(700, 400)

    def get(self, name: str, kind: type) -> QWidget:
        return self.findChild(kind, name)

    @property
    def text(self) -> QLineEdit:
        return self.findChild(QLineEdit, "findText")

    @property
    def count(self) -> str:
        return self.findChild(ToneLabel, "findCount").text()


def shown(qtbot, host: Host, text: str) -> Host:
    qtbot.addWidget(host)
    with qtbot.waitExposed(host):
        host.show()
    host.activateWindow()
    host.editor.setFocus()
    qtbot.waitUntil(host.editor.hasFocus)
    if isinstance(host.editor, JsonEdit):
        host.editor.setPlainText(text)
    else:
        host.editor.set_text(text)
    return host


@pytest.fixture
def host(qtbot) -> Host:
    return shown(qtbot, Host(JsonEdit()), TEXT)


def look_for(qtbot, host: Host, text: str) -> None:
    qtbot.keyClick(host.editor, Qt.Key.Key_F, CONTROL)
    assert host.text.hasFocus()
    host.text.clear()
    qtbot.keyClicks(host.text, text)
    qtbot.waitUntil(lambda: not host.bar._timer.isActive())


def marked(host: Host) -> list[str]:
    return [
        mark.cursor.selectedText()
        for mark in host.editor.extraSelections()
        if 0 < QColor(mark.format.background().color()).alphaF() < 1
    ]


def test_the_keys_find_on_and_back(qtbot, host: Host) -> None:
    look_for(qtbot, host, "one")
    assert host.count == "3 matches"
    assert marked(host) == ["one", "One", "onE"]
    seen = []
    for key, modifier in [
        (Qt.Key.Key_F3, None),
        (Qt.Key.Key_Return, None),
        (Qt.Key.Key_F3, None),
        (Qt.Key.Key_F3, None),
    ]:
        qtbot.keyClick(host.text, key, modifier or Qt.KeyboardModifier.NoModifier)
        seen.append((host.count, host.editor.textCursor().selectedText()))
    assert seen == [("1 of 3", "one"), ("2 of 3", "One"), ("3 of 3", "onE"), ("1 of 3", "one")]
    qtbot.keyClick(host.text, Qt.Key.Key_F3, SHIFT)
    assert host.count == "3 of 3"
    qtbot.keyClick(host.text, Qt.Key.Key_Return, SHIFT)
    assert host.count == "2 of 3"
    assert nameless(host) == []
    qtbot.keyClick(host.text, Qt.Key.Key_Escape)
    assert not host.bar.isVisible()
    assert host.editor.hasFocus()
    assert marked(host) == []
    qtbot.keyClick(host.editor, Qt.Key.Key_F3)
    assert host.bar.isVisible()


def test_capitals_and_patterns_are_told_apart_on_wish(qtbot, host: Host) -> None:
    look_for(qtbot, host, "onE")
    qtbot.mouseClick(host.get("findCase", QToolButton), Qt.MouseButton.LeftButton)
    assert marked(host) == ["onE"]
    look_for(qtbot, host, "a.b|t.o")
    assert host.count == "No match"
    qtbot.mouseClick(host.get("findRegex", QToolButton), Qt.MouseButton.LeftButton)
    assert marked(host) == ["two", "a.b"]
    look_for(qtbot, host, "(a")
    assert host.count.startswith("✖ ")
    assert not host.get("replaceAllButton", QPushButton).isEnabled()


def test_a_pattern_that_would_take_for_ever_is_given_up(qtbot, host: Host) -> None:
    host.editor.setPlainText("a" * 400_000)
    host.bar.open()
    host.bar.regex.setChecked(True)
    host.text.setText(".*.*.*.*x")
    host.bar.find_next()
    assert host.count == "✖ This takes too long to find"


def test_replace_goes_from_one_to_the_next(qtbot, host: Host) -> None:
    qtbot.keyClick(host.editor, Qt.Key.Key_H, CONTROL)
    qtbot.keyClicks(host.text, "one")
    host.bar.replacement.setFocus()
    qtbot.keyClicks(host.bar.replacement, "$1")
    for _press in range(3):
        qtbot.keyClick(host.bar.replacement, Qt.Key.Key_Return)
    assert host.editor.toPlainText() == TEXT.replace("one", "$1").replace("One", "$1")
    assert host.count == "1 of 1"
    host.editor.undo()
    host.editor.undo()
    assert host.editor.toPlainText() == TEXT


def test_replace_all_is_one_step(qtbot, host: Host) -> None:
    qtbot.keyClick(host.editor, Qt.Key.Key_H, CONTROL)
    host.bar.regex.setChecked(True)
    qtbot.keyClicks(host.text, r"(o)(n)e")
    qtbot.waitUntil(lambda: host.count == "3 matches")
    host.bar.replacement.setText("$2$1$0$9")
    qtbot.mouseClick(host.get("replaceAllButton", QPushButton), Qt.MouseButton.LeftButton)
    assert host.editor.toPlainText() == '{"😀 noone": "nOOne", "two": "a.b", "noonE": 1}'
    assert host.count == "✔ 3 replaced"
    host.editor.undo()
    assert host.editor.toPlainText() == TEXT
    host.editor.redo()
    assert "noone" in host.editor.toPlainText()


def test_what_is_selected_is_looked_for(qtbot, host: Host) -> None:
    cursor = host.editor.document().find("two")
    host.editor.setTextCursor(cursor)
    qtbot.keyClick(host.editor, Qt.Key.Key_F, CONTROL)
    assert host.text.text() == "two"
    assert host.count == "1 of 1"


def test_an_edit_is_searched_anew(qtbot, host: Host) -> None:
    look_for(qtbot, host, "one")
    host.editor.moveCursor(host.editor.textCursor().MoveOperation.End)
    qtbot.keyClicks(host.editor, "one")
    qtbot.waitUntil(lambda: host.count == "4 matches")


def test_an_empty_match_is_passed(qtbot, host: Host) -> None:
    host.editor.setPlainText("a\nb\nc")
    host.bar.open()
    host.bar.regex.setChecked(True)
    host.text.setText("^")
    places = []
    for _press in range(4):
        qtbot.keyClick(host.text, Qt.Key.Key_F3)
        places.append(host.editor.textCursor().position())
    assert sorted(set(places)) == [0, 2, 4]


def test_a_match_in_a_fold_unfolds_it(qtbot, host: Host) -> None:
    host.editor.setPlainText(format_json('{"a": {"b": "needle"}, "c": {"d": 1}}'))
    host.editor.folding.fold_all()
    look_for(qtbot, host, "needle")
    qtbot.keyClick(host.text, Qt.Key.Key_Return)
    assert host.editor.textCursor().block().isVisible()
    assert host.editor.folding.hidden_after(host.editor.document().find('"c"').block())


def test_a_view_is_only_searched(qtbot) -> None:
    host = shown(qtbot, Host(JsonView()), TEXT)
    qtbot.keyClick(host.editor, Qt.Key.Key_H, CONTROL)
    assert not host.bar.replacement.isVisible()
    qtbot.keyClicks(host.text, "one")
    qtbot.keyClick(host.text, Qt.Key.Key_Return)
    assert host.count == "1 of 3"
    assert marked(host) == ["one", "One", "onE"]
    host.bar.replacement.setText("x")
    host.bar.replace()
    host.bar.replace_all()
    assert "One" in host.editor.toPlainText()
    assert nameless(host) == []


@pytest.mark.parametrize("indent", [None, 1])
def test_megabytes_are_searched_and_replaced(qtbot, host: Host, indent: int | None) -> None:
    text = json.dumps(
        [{"id": i, "name": f"order é {i}", "tags": ["a"]} for i in range(25_000)],
        indent=indent,
        ensure_ascii=False,
    )
    assert len(text) > 1_000_000
    host.editor.setPlainText(text)
    host.bar.open(replace=True)
    host.text.setText("order é 17777")
    host.bar.find_next()
    assert host.count == "1 of 1"
    cursor = host.editor.textCursor()
    assert cursor.selectedText() == "order é 17777"
    host.text.setText('"tags"')
    host.bar.find_next()
    assert host.count.endswith((" of 25,000", "+"))  # as many as a second finds
    host.bar.replacement.setText('"t"')
    host.bar.replace_all()
    assert host.count == "✔ 25,000 replaced"
    assert host.editor.toPlainText() == text.replace('"tags"', '"t"')
    host.editor.undo()
    assert host.editor.toPlainText() == text


def test_in_a_narrow_editor_there_is_room_to_type(qtbot, host: Host) -> None:
    host.resize(370, 400)
    host.bar.open(replace=True)
    qtbot.waitUntil(lambda: host.width() == 370 and host.text.isVisible())
    host.text.setText("o")
    letter = host.fontMetrics().horizontalAdvance("m")
    assert host.text.width() >= 7 * letter
    replacement = host.get("replaceText", QLineEdit)
    assert replacement.width() >= 10 * letter
    assert replacement.x() == host.text.x()
