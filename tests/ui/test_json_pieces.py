"""A line of megabytes: shown in pieces, and given back byte for byte whatever is done to it."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest

from lambdadesk.ui.widgets.code_edit import PIECE_LENGTH, PIECE_MARK, insertable
from lambdadesk.ui.widgets.json_edit import JsonEdit

LINE = json.dumps(
    [{"id": i, "name": f"order, {i} 😀", "é": "y" * (i % 7)} for i in range(300)], ensure_ascii=False
)
KEEP = QTextCursor.MoveMode.KeepAnchor
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def editor(qtbot) -> JsonEdit:
    editor = JsonEdit()
    qtbot.addWidget(editor)
    editor.resize(500, 300)
    editor.show()
    return editor


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def go_to(editor: JsonEdit, position: int, anchor: int | None = None) -> None:
    """Put the cursor before a character of the text, with what is before from `anchor` on selected."""
    text = editor.toPlainText()
    cursor = editor.textCursor()
    if anchor is not None:
        cursor.setPosition(editor.to_document(units(text[:anchor])))
    place = editor.to_document(units(text[:position]))
    cursor.setPosition(place, KEEP if anchor is not None else QTextCursor.MoveMode.MoveAnchor)
    editor.setTextCursor(cursor)


def breaks(editor: JsonEdit) -> list[int]:
    """Where in the text, in characters, a piece begins."""
    raw = editor.document().toRawText().split(f"\u2029{PIECE_MARK}")
    places, at = [], 0
    for piece in raw[:-1]:
        at += len(piece)
        places.append(at)
    return places


@pytest.mark.parametrize(
    "text",
    [
        LINE,
        f"{{\n{LINE}\n}}",
        '"' + "x" * 50_000 + '"',
        '"' + "\\" * 50_000 + '"',
        '"' * 30_001,
        "😀" * 20_000,
        "," * 20_000,
        f'"{PIECE_MARK}"' + " " * 20_000,
    ],
)
def test_the_text_comes_back_exactly(editor: JsonEdit, text: str) -> None:
    wanted = text.replace(PIECE_MARK, f"\\u{ord(PIECE_MARK):x}")
    editor.setPlainText(text)
    assert editor.toPlainText() == wanted
    assert editor.piece_count() > 2
    assert max(len(line) for line in editor.document().toRawText().split("\u2029")) <= PIECE_LENGTH + 1
    data = QMimeData()
    data.setText(text)
    editor.selectAll()
    editor.insertFromMimeData(data)
    assert editor.toPlainText() == wanted
    editor.undo()
    assert editor.toPlainText() == wanted
    editor.selectAll()
    editor.copy()
    assert QGuiApplication.clipboard().text() == wanted


def test_the_pieces_of_a_line_have_one_number(editor: JsonEdit) -> None:
    editor.setPlainText(f"[1,\n{LINE},\n2]")
    block = editor.document().firstBlock()
    numbers = []
    while block.isValid():
        numbers.append(editor.line_number(block))
        block = block.next()
    assert sorted(set(numbers)) == [1, 2, 3]
    assert numbers.count(2) == editor.piece_count() + 1 > 3
    # Cut after commas outside of strings, so that colours and brackets are right.
    for at in breaks(editor):
        assert editor.toPlainText()[at - 1] == ","
        assert editor.toPlainText()[at : at + 2] in (' "', " {")


def test_a_problem_is_named_and_marked_in_the_line_as_it_is_sent(editor: JsonEdit) -> None:
    broken = LINE.replace('"id": 250', '"id": tru')
    editor.setPlainText(broken)
    problem = editor.check_now()
    assert problem is not None
    assert (problem.line, problem.column) == (1, broken.index("tru,") + 1)
    editor.go_to_problem()
    cursor = editor.textCursor()
    cursor.movePosition(QTextCursor.MoveOperation.Right, KEEP, 4)
    assert cursor.selectedText() == "tru,"


def test_typing_deleting_and_arrows_know_no_break(qtbot, editor: JsonEdit) -> None:
    editor.setPlainText(LINE)
    at = breaks(editor)[1]
    go_to(editor, at)
    qtbot.keyClick(editor, Qt.Key.Key_Home)
    qtbot.keyClicks(editor, "x")
    assert editor.toPlainText() == LINE[:at] + "x" + LINE[at:]
    editor.undo()
    go_to(editor, at)
    qtbot.keyClick(editor, Qt.Key.Key_Backspace)
    assert editor.toPlainText() == LINE[: at - 1] + LINE[at:]
    editor.undo()
    go_to(editor, at)
    qtbot.keyClick(editor, Qt.Key.Key_Left)
    qtbot.keyClick(editor, Qt.Key.Key_Delete)
    assert editor.toPlainText() == LINE[: at - 1] + LINE[at:]
    editor.undo()
    go_to(editor, at - 1)
    qtbot.keyClick(editor, Qt.Key.Key_Right)
    qtbot.keyClick(editor, Qt.Key.Key_Delete)
    assert editor.toPlainText() == LINE[:at] + LINE[at + 1 :]
    editor.undo()
    go_to(editor, at)
    qtbot.keyClick(editor, Qt.Key.Key_Left, SHIFT)
    qtbot.keyClick(editor, Qt.Key.Key_Delete)
    assert editor.toPlainText() == LINE[: at - 1] + LINE[at:]
    editor.undo()
    editor.selectAll()
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.toPlainText() == "  " + LINE


CONTROL = Qt.KeyboardModifier.ControlModifier
KEYS = {
    "x": Qt.Key.Key_X,
    "enter": Qt.Key.Key_Return,
    "backspace": Qt.Key.Key_Backspace,
    "delete": Qt.Key.Key_Delete,
    "left": Qt.Key.Key_Left,
    "right": Qt.Key.Key_Right,
    "home": Qt.Key.Key_Home,
    "end": Qt.Key.Key_End,
    "up": Qt.Key.Key_Up,
    "down": Qt.Key.Key_Down,
}


WORDS = {"word back": Qt.Key.Key_Backspace, "word on": Qt.Key.Key_Delete}


def entered(before: str, after: str) -> str:
    """What Enter inserts: a line as far in as this one, further after a bracket, whose pair goes below."""
    line = before.rpartition("\n")[2]
    indent = line[: len(line) - len(line.lstrip(" "))]
    opened, closing = line.rstrip()[-1:], after.partition("\n")[0].lstrip()[:1]
    deeper = "  " if opened in ("{", "[") else ""
    return f"\n{indent}{deeper}" + (f"\n{indent}" if opened + closing in ("{}", "[]") else "")


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.integers(0, 5),
    st.lists(st.tuples(st.sampled_from([*KEYS, *WORDS, "undo"]), st.booleans()), max_size=15),
)
def test_any_keys_do_to_a_long_line_what_they_would_to_text(
    editor: JsonEdit, start: int, steps: list[tuple[str, bool]]
) -> None:
    """A plain string with a cursor is the model; keys that depend on the layout only move the cursor."""
    editor.setPlainText(LINE)
    go_to(editor, breaks(editor)[start] if start < 5 else 5)
    for step, shift in steps:
        before = editor.toPlainText()
        cursor = editor.textCursor()
        from_, to = sorted(
            len(before.encode("utf-16-le")[: 2 * editor.from_document(place)].decode("utf-16-le"))
            for place in (cursor.anchor(), cursor.position())
        )
        if step == "undo":
            editor.undo()
            continue
        if step in WORDS:
            QTest.keyClick(editor, WORDS[step], CONTROL)
        else:
            moves = ("left", "right", "up", "down", "home", "end")
            QTest.keyClick(editor, KEYS[step], SHIFT if shift and step in moves else NONE)
        after = editor.toPlainText()
        if step == "x":
            assert after == before[:from_] + "x" + before[to:]
        elif step == "enter":
            assert after == before[:from_] + entered(before[:from_], before[to:]) + before[to:]
        elif step in WORDS and from_ == to:  # where a word ends is Qt's to say
            gone = len(before) - len(after)
            start, end = (from_ - gone, from_) if step == "word back" else (from_, from_ + gone)
            assert after == before[:start] + before[end:]
            assert gone > 0 or start in (0, len(before))
        elif step in WORDS:
            assert after == before[:from_] + before[to:]
        elif step == "backspace":
            assert after == before[: from_ if from_ < to else max(0, from_ - 1)] + before[to:]
        elif step == "delete":
            assert after == before[:from_] + before[to if from_ < to else to + 1 :]
        else:
            assert after == before
    while editor.document().isUndoAvailable():
        editor.undo()
    assert editor.toPlainText() == LINE


def test_enter_in_any_piece_indents_as_in_the_line(qtbot, editor: JsonEdit) -> None:
    editor.setPlainText("   " + LINE)
    at = breaks(editor)[2]
    go_to(editor, at)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert editor.toPlainText() == f"   {LINE}"[:at] + "\n   " + f"   {LINE}"[at:]


def test_enter_between_brackets_knows_no_break(qtbot, editor: JsonEdit) -> None:
    editor.setPlainText("x" * 3_999 + "[" + "]" + "x" * 8_000)
    assert breaks(editor)[1] == 4_000
    go_to(editor, 4_000)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert editor.toPlainText() == "x" * 3_999 + "[\n  \n]" + "x" * 8_000


def test_an_emptied_piece_is_no_line(qtbot, editor: JsonEdit) -> None:
    editor.setPlainText(LINE)
    first, second = breaks(editor)[1:3]
    go_to(editor, second, anchor=first)
    qtbot.keyClick(editor, Qt.Key.Key_Left, SHIFT)  # so that the last character of the piece stays
    qtbot.keyClick(editor, Qt.Key.Key_Delete)
    qtbot.keyClick(editor, Qt.Key.Key_Delete)
    wanted = LINE[:first] + LINE[second:]
    assert editor.toPlainText() == wanted
    qtbot.keyClick(editor, Qt.Key.Key_Right)
    qtbot.keyClick(editor, Qt.Key.Key_Left)
    qtbot.keyClick(editor, Qt.Key.Key_Backspace)
    assert editor.toPlainText() == wanted[: first - 1] + wanted[first:]
    qtbot.keyClick(editor, Qt.Key.Key_Delete)
    assert editor.toPlainText() == wanted[: first - 1] + wanted[first + 1 :]


@pytest.mark.parametrize("off", range(5))
def test_deleting_words_leaves_the_line_one(qtbot, editor: JsonEdit, off: int) -> None:
    editor.setPlainText(LINE)
    at = breaks(editor)[1]
    for key in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete):
        go_to(editor, at - 2 + off)
        qtbot.keyClick(editor, key, CONTROL)
        assert "\n" not in editor.toPlainText()
        assert 0 < len(LINE) - len(editor.toPlainText()) < 20
        editor.undo()
        assert editor.toPlainText() == LINE


def test_a_string_in_pieces_keeps_its_colour(editor: JsonEdit) -> None:
    editor.setPlainText('{"key": "' + "x" * 12_000 + '", "n": 1}')
    block = editor.document().findBlockByNumber(2)
    (part,) = block.layout().formats()
    assert part.length == block.length() - 1
    last = editor.document().lastBlock()
    assert len(last.layout().formats()) == 3


def test_format_and_minify_are_a_step_each(editor: JsonEdit) -> None:
    editor.setPlainText(LINE)
    assert editor.format() is None
    formatted = editor.toPlainText()
    assert json.loads(formatted) == json.loads(LINE)
    assert editor.piece_count() == 0
    assert editor.minify() is None
    assert editor.toPlainText() == json.dumps(json.loads(LINE), separators=(",", ":"), ensure_ascii=False)
    editor.undo()
    assert editor.toPlainText() == formatted
    editor.undo()
    assert editor.toPlainText() == LINE
    editor.redo()
    editor.redo()
    assert "\n" not in editor.toPlainText()


def test_more_than_a_megabyte_on_one_line(qtbot, editor: JsonEdit) -> None:
    text = json.dumps([{"id": i, "name": f"order {i}", "tags": ["a", "b"]} for i in range(25_000)])
    assert len(text) > 1_000_000
    editor.setPlainText(text)
    editor.selectAll()
    data = QMimeData()
    data.setText(text)
    editor.insertFromMimeData(data)
    go_to(editor, 500_000)
    qtbot.keyClicks(editor, "x")
    editor.grab()
    assert editor.toPlainText() == text[:500_000] + "x" + text[500_000:]
    editor.undo()
    assert editor.format() is None
    assert editor.minify() is None
    assert len(editor.toPlainText()) < len(text)
    editor.undo()
    editor.undo()
    assert editor.toPlainText() == text


def test_short_lines_are_left_alone() -> None:
    assert insertable("x" * 9_000 + "\n" + "y" * 9_000) == "x" * 9_000 + "\n" + "y" * 9_000
