import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest

from lambdadesk.core.payload import format_json
from lambdadesk.ui.widgets.json_edit import JsonEdit

CONTROL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)
TEXT = format_json('{"a": {"b": [1, 2], "c": {"😀": "}{"}}, "d": [3], "e": 4}')


@pytest.fixture
def editor(qtbot) -> JsonEdit:
    editor = JsonEdit()
    qtbot.addWidget(editor)
    editor.resize(400, 400)
    editor.show()
    editor.setPlainText(TEXT)
    return editor


def shown(editor: JsonEdit) -> list[str]:
    """The lines in sight, with what stands for the hidden ones."""
    lines = []
    block = editor.document().firstBlock()
    while block.isValid():
        if block.isVisible():
            tail = editor.folding.tail(block) if editor.folding.hidden_after(block) else ""
            lines.append(block.text().strip() + tail)
        block = block.next()
    return lines


def go_to(editor: JsonEdit, what: str) -> None:
    cursor = editor.document().find(what)
    cursor.setPosition(cursor.selectionStart())
    editor.setTextCursor(cursor)


def test_the_keys_fold_and_unfold(qtbot, editor: JsonEdit) -> None:
    go_to(editor, '"a"')
    with qtbot.assertNotEmitted(editor.textChanged, wait=10):
        qtbot.keyClick(editor, Qt.Key.Key_BraceLeft, CONTROL | SHIFT)
    assert shown(editor) == ["{", '"a": { … 7 lines },', '"d": [', "3", "],", '"e": 4', "}"]
    assert editor.toPlainText() == TEXT
    qtbot.keyClick(editor, Qt.Key.Key_BracketRight, CONTROL | SHIFT)
    assert len(shown(editor)) == TEXT.count("\n") + 1


def test_within_a_value_the_fold_is_around_it(qtbot, editor: JsonEdit) -> None:
    go_to(editor, "2")
    qtbot.keyClick(editor, Qt.Key.Key_BracketLeft, CONTROL | SHIFT)
    assert '"b": [ … 2 lines ],' in shown(editor)
    assert editor.textCursor().block().text().strip() == '"b": ['


def test_all_is_folded_and_unfolded(qtbot, editor: JsonEdit) -> None:
    qtbot.keyClick(editor, Qt.Key.Key_BracketLeft, CONTROL | ALT)
    assert shown(editor) == ["{", '"a": { … 7 lines },', '"d": [ … 1 line ],', '"e": 4', "}"]
    qtbot.keyClick(editor, Qt.Key.Key_BracketRight, CONTROL | ALT)
    assert len(shown(editor)) == TEXT.count("\n") + 1


def test_an_inner_fold_stays_folded(editor: JsonEdit) -> None:
    find = editor.document().find
    editor.fold(find('"b"').block())
    editor.fold(find('"a"').block())
    assert '"a": { … 7 lines },' in shown(editor)
    editor.folding.unfold(find('"a"').block())
    assert '"b": [ … 2 lines ],' in shown(editor)
    assert '"c": {' in shown(editor)


def test_a_click_on_the_triangle_folds(qtbot, editor: JsonEdit) -> None:
    gutter = editor._gutter
    assert gutter is not None
    middle = editor.blockBoundingGeometry(editor.document().findBlockByNumber(1)).translated(
        editor.contentOffset()
    )
    place = QPoint(gutter.width() - 4, int(middle.center().y()))
    unfolded = editor.grab().toImage()
    qtbot.mouseClick(gutter, Qt.MouseButton.LeftButton, pos=place)
    assert '"a": { … 7 lines },' in shown(editor)
    assert editor.grab().toImage() != unfolded
    qtbot.mouseClick(gutter, Qt.MouseButton.LeftButton, pos=place)
    assert len(shown(editor)) == TEXT.count("\n") + 1


def test_the_cursor_and_a_problem_unfold_what_they_are_in(editor: JsonEdit) -> None:
    editor.folding.fold_all()
    go_to(editor, "😀")
    assert '"😀": "}{"' in shown(editor)
    assert '"d": [ … 1 line ],' in shown(editor)
    broken = TEXT.replace("3", "tru")
    editor.setPlainText(broken)
    editor.folding.fold_all()
    editor.check_now()
    editor.go_to_problem()
    assert "tru" in shown(editor)


def test_down_leaps_over_a_fold(qtbot, editor: JsonEdit) -> None:
    go_to(editor, '"a"')
    qtbot.keyClick(editor, Qt.Key.Key_BracketLeft, CONTROL | SHIFT)
    qtbot.keyClick(editor, Qt.Key.Key_Down)
    assert editor.textCursor().block().text().strip() == '"d": ['
    assert '"a": { … 7 lines },' in shown(editor)


@pytest.mark.parametrize(
    "text", ["", "{}", "1", "]", "}\n{", "[\n", "{\n}", '["a\n{', "[" * 10_000 + "\n" + "]" * 10_000]
)
def test_what_has_nothing_to_fold_stays(editor: JsonEdit, text: str) -> None:
    editor.setPlainText(text)
    editor.fold(editor.document().firstBlock())
    editor.folding.fold_all()
    editor.grab()
    editor.folding.unfold_all()
    assert editor.toPlainText() == text
    assert len(shown(editor)) == text.count("\n") + 1


def test_typing_in_a_folded_line_keeps_the_fold_and_a_new_line_opens_it(qtbot, editor: JsonEdit) -> None:
    go_to(editor, '"a"')
    qtbot.keyClick(editor, Qt.Key.Key_BracketLeft, CONTROL | SHIFT)
    qtbot.keyClicks(editor, " ")
    assert any("7 lines" in line for line in shown(editor))
    qtbot.keyClick(editor, Qt.Key.Key_End)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert len(shown(editor)) == TEXT.count("\n") + 2


changes = st.lists(
    st.tuples(
        st.sampled_from(["fold", "all", "unfold", "type", "cut", "join", "undo", "redo", "format"]),
        st.integers(0, len(TEXT) - 2),
        st.integers(0, 30),
    ),
    max_size=12,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(changes)
def test_no_line_is_hidden_but_by_a_fold(editor: JsonEdit, steps: list[tuple[str, int, int]]) -> None:
    editor.setPlainText(TEXT)
    document = editor.document()
    for step, at, length in steps:
        cursor = QTextCursor(document)
        last = document.characterCount() - 1
        cursor.setPosition(min(at, last))
        cursor.setPosition(min(at + length, last), QTextCursor.MoveMode.KeepAnchor)
        match step:
            case "fold":
                editor.fold(cursor.block())
            case "all":
                editor.folding.fold_all()
            case "unfold":
                editor.folding.unfold(cursor.block())
            case "type":
                cursor.insertText("[\n1")
            case "cut":
                cursor.removeSelectedText()
            case "join":
                cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock)
                cursor.deleteChar()
            case "undo":
                editor.undo()
            case "redo":
                editor.redo()
            case "format":
                editor.format()
        assert editor.textCursor().block().isVisible()
        block = document.firstBlock()
        assert block.isVisible()
        while block.isValid():
            hidden = editor.folding.hidden_after(block)
            for _block in range(hidden):
                block = block.next()
                assert block.isValid()
                assert not block.isVisible()
            block = block.next()
            assert not block.isValid() or block.isVisible()
    editor.folding.unfold_all()
    assert len(shown(editor)) == document.blockCount()
    QTest.keyClick(editor, Qt.Key.Key_A)


def test_a_line_in_pieces_is_one_line_and_no_fold(editor: JsonEdit) -> None:
    line = json.dumps([{"a": "b"}] * 2_000)
    editor.setPlainText(line)
    editor.fold(editor.document().firstBlock())
    editor.folding.fold_all()
    assert not editor.folding.has_folds
    editor.setPlainText(f'{{\n"a": [\n{line},\n1]\n}}')
    editor.folding.fold_all()
    assert shown(editor) == ["{", '"a": [ … 1 line', "1]", "}"]


def test_more_than_a_megabyte_folds(editor: JsonEdit) -> None:
    text = format_json(json.dumps([{"id": i, "tags": ["a", "b"], "name": "x" * 40} for i in range(12_000)]))
    assert len(text) > 1_000_000
    editor.setPlainText(text)
    told: list[str] = []
    editor.remarked.connect(told.append)
    editor.fold(editor.document().firstBlock())
    assert told == ["More than 50,000 lines are not folded at once."]
    editor.folding.fold_all()
    block = editor.document().findBlockByNumber(1)
    assert editor.folding.tail(block) == " … 6 lines },"
    editor.grab()
    assert editor.toPlainText() == text
