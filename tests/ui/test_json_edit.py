import json

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QPalette, QTextCursor
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from lambdadesk.core.payload import PayloadProblem, check_payload
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.json_edit import JsonEdit
from lambdadesk.ui.widgets.json_view import JsonView

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def editor(qtbot) -> JsonEdit:
    editor = JsonEdit()
    qtbot.addWidget(editor)
    editor.resize(400, 300)
    editor.show()
    return editor


def put_cursor(editor: JsonEdit, position: int) -> None:
    cursor = editor.textCursor()
    cursor.setPosition(position)
    editor.setTextCursor(cursor)


def underlined(editor: JsonEdit) -> list[str]:
    wave = editor.extraSelections()[0].format.UnderlineStyle.WaveUnderline
    return [
        mark.cursor.selectedText()
        for mark in editor.extraSelections()
        if mark.format.underlineStyle() == wave
    ]


def colour_at(editor: JsonEdit | JsonView, line: int, column: int) -> str:
    for part in editor.document().findBlockByNumber(line).layout().formats():
        if part.start <= column < part.start + part.length:
            return part.format.foreground().color().name()
    return ""


def test_typing_is_checked(qtbot, editor: JsonEdit) -> None:
    with qtbot.waitSignal(editor.checked) as seen:
        qtbot.keyClicks(editor, '{"a": tru')
    assert seen.args[0].message == "the payload ends too early" or seen.args[0].line == 1
    assert editor.problem is seen.args[0]
    assert editor.error_line == 1
    with qtbot.waitSignal(editor.checked) as seen:
        qtbot.keyClicks(editor, "e}")
    assert seen.args == [None]
    assert editor.error_line == 0


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ('{"😀😀": nope}', "nope"),
        ('{"a": 1\n "b": 2}', '"b'),
        ('{"a": [1, 2', "2"),
        ('{"a": 1,}', ","),
        ('{"a": 1, "a": 2}', '"a'),
    ],
)
def test_the_problem_is_underlined_where_it_is(editor: JsonEdit, text: str, marked: str) -> None:
    editor.setPlainText(text)
    editor.check_now()
    assert underlined(editor) == [marked]
    editor.set_problem(None)
    assert underlined(editor) == []


def test_go_to_problem_counts_as_qt_does(editor: JsonEdit) -> None:
    editor.setPlainText('["😀", 01]')
    editor.check_now()
    editor.go_to_problem()
    cursor = editor.textCursor()
    cursor.setPosition(0, QTextCursor.MoveMode.KeepAnchor)
    assert cursor.selectedText() == '["😀", '


@pytest.mark.parametrize(
    "text", ["", "{}\n", '{"a": "no\u00a0break"}', '{"😀": "\u2028"}', '"\x00\ufeff\ufffd"', "  \t\n\n x"]
)
def test_the_text_comes_back_exactly(editor: JsonEdit, text: str) -> None:
    editor.setPlainText(text)
    assert editor.toPlainText() == text
    data = QMimeData()
    data.setText(text)
    editor.selectAll()
    editor.insertFromMimeData(data)
    assert editor.toPlainText() == (text or "")


@pytest.mark.parametrize("character", ["\u2029", "\ufdd0", "\ufdd1"])
def test_what_qt_takes_for_a_line_break_keeps_its_meaning(editor: JsonEdit, character: str) -> None:
    editor.setPlainText(f'"a{character}b"')
    assert json.loads(editor.toPlainText()) == f"a{character}b"


@pytest.mark.parametrize("text", ['"\ud800"', '"a\udc00b😀"', '["\ud83d", "\x00\u00a0"]', '"\\\ud800"'])
def test_half_of_a_character_is_kept_and_named(editor: JsonEdit, text: str) -> None:
    wanted = "half of a character (a lone surrogate) can't be sent"
    editor.setPlainText(text)
    assert editor.toPlainText() == text
    problem = editor.check_now()
    assert problem is not None
    assert problem.message == wanted
    editor.selectAll()
    editor.copy()
    editor.setPlainText("")
    editor.paste()
    assert editor.toPlainText() == text
    problem = editor.check_now()
    assert problem is not None
    assert problem.message == wanted
    assert "\ud800" <= text[problem.position] <= "\udfff"
    editor.replace_text(f"[{text}]")
    assert editor.toPlainText() == f"[{text}]"


def test_half_of_a_character_is_named_in_a_long_text(qtbot, editor: JsonEdit) -> None:
    text = '"' + "x" * 300_000 + "\ud800" + "y" * 20 + '"'
    with qtbot.waitSignal(editor.large_check_requested) as asked:
        editor.setPlainText(text)
    assert asked.args == [text]
    editor.finish_check(text, check_payload(text))
    assert editor.problem is not None
    assert editor.problem.column == 300_002


def test_pasted_html_is_only_text(editor: JsonEdit) -> None:
    data = QMimeData()
    data.setHtml("<b>bold</b>")
    data.setText("<b>bold</b>")
    editor.insertFromMimeData(data)
    assert editor.toPlainText() == "<b>bold</b>"


def test_enter_indents_and_brackets_go_back(qtbot, editor: JsonEdit) -> None:
    qtbot.keyClicks(editor, "{")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    editor.insertPlainText('"😀": [')
    qtbot.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(editor, "1")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.keyClicks(editor, "]")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.keyClicks(editor, "}")
    assert editor.toPlainText() == '{\n  "😀": [\n    1\n  ]\n}'


def test_enter_between_brackets_opens_a_line(qtbot, editor: JsonEdit) -> None:
    editor.setPlainText('{"a": {}}')
    put_cursor(editor, 7)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert editor.toPlainText() == '{"a": {\n  \n}}'
    assert editor.textCursor().position() == 10
    editor.undo()
    assert editor.toPlainText() == '{"a": {}}'


def test_tab_indents_and_shift_tab_goes_back(qtbot, editor: JsonEdit) -> None:
    editor.setPlainText("1\n2\n3")
    cursor = editor.textCursor()
    cursor.setPosition(0)
    cursor.setPosition(3, QTextCursor.MoveMode.KeepAnchor)
    editor.setTextCursor(cursor)
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.toPlainText() == "  1\n  2\n3"
    qtbot.keyClick(editor, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert editor.toPlainText() == "1\n2\n3"
    put_cursor(editor, 0)
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.toPlainText() == "  1\n2\n3"


@pytest.mark.parametrize(
    ("key", "modifier"),
    [
        (Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier),
    ],
)
def test_the_keyboard_can_leave(qtbot, key: Qt.Key, modifier: Qt.KeyboardModifier) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    editor, other = JsonEdit(), QLineEdit()
    layout = QVBoxLayout(window)
    layout.addWidget(editor)
    layout.addWidget(other)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    editor.setFocus()
    qtbot.waitUntil(editor.hasFocus)
    qtbot.keyClick(editor, key, modifier)
    assert other.hasFocus()
    assert editor.toPlainText() == ""


def test_format_is_one_step_and_keeps_numbers_and_cursor(editor: JsonEdit) -> None:
    text = '{"a":1.0,"b":[1e3,"😀"]}'
    editor.setPlainText(text)
    put_cursor(editor, text.index("1e3"))
    assert editor.format() is None
    assert editor.toPlainText() == '{\n  "a": 1.0,\n  "b": [\n    1e3,\n    "😀"\n  ]\n}'
    cursor = editor.textCursor()
    cursor.setPosition(0, QTextCursor.MoveMode.KeepAnchor)
    assert cursor.selectedText().split("\u2029")[-1].isspace()
    editor.undo()
    assert editor.toPlainText() == text


def test_format_refuses_invalid_json(editor: JsonEdit) -> None:
    editor.setPlainText('{"a":}')
    problem = editor.format()
    assert problem is not None
    assert problem.column == 6
    assert editor.toPlainText() == '{"a":}'


def test_a_large_text_is_checked_by_the_owner(qtbot, editor: JsonEdit) -> None:
    text = json.dumps(["x" * 50] * 4_500, indent=0)[:-1]
    with qtbot.waitSignal(editor.large_check_requested) as asked:
        editor.setPlainText(text)
    assert asked.args == [text]
    results: list[PayloadProblem | None] = []
    editor.checked.connect(results.append)
    editor.finish_check(text + " ", None)  # of an earlier text
    assert results == []
    editor.finish_check(text, check_payload(text))
    assert [problem.line for problem in results if problem] == [4_501]


def test_what_was_checked_is_not_checked_again(editor: JsonEdit) -> None:
    text = "[1]" * 2
    editor.setPlainText(text)
    said = PayloadProblem("by the owner's thread", 1, 4, 3)
    editor.finish_check(text, said)
    assert editor.check_now() is said
    editor.setPlainText(text + " ")
    assert editor.check_now() not in (None, said)


def test_brackets_are_matched_outside_of_strings(editor: JsonEdit) -> None:
    text = '{\n "}": ["😀", "]"]\n}'
    editor.setPlainText(text)

    def pair() -> list[int]:
        return [mark.cursor.selectionStart() for mark in editor.extraSelections()[1:]]

    put_cursor(editor, 0)
    assert pair() == [0, 20]
    put_cursor(editor, 21)
    assert pair() == [20, 0]
    put_cursor(editor, 8)
    assert pair() == [8, 18]
    put_cursor(editor, 4)
    assert pair() == []
    editor.setPlainText("[}")
    put_cursor(editor, 0)
    assert pair() == []


def test_colours_follow_the_palette(qtbot, editor: JsonEdit) -> None:
    editor.setPlainText('{"😀": "x", "n": 1}')
    columns = {"key": 1, "string": 7, "number": 17}
    for base, expected in (("white", theme.LIGHT), ("black", theme.DARK), ("white", theme.LIGHT)):
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Base, base)
        editor.setPalette(palette)
        seen = {name: colour_at(editor, 0, column) for name, column in columns.items()}
        assert seen == {name: getattr(expected, name).name() for name in columns}


def test_new_colours_are_no_new_text(qtbot, editor: JsonEdit) -> None:
    editor.setPlainText("{}")
    editor.check_now()
    with qtbot.assertNotEmitted(editor.checked, wait=300):
        editor.highlighter.rehighlight()


def test_gutter_marks_the_wrong_line(qtbot, editor: JsonEdit) -> None:
    editor.setPlainText("{}\n" * 3)
    clean = editor.grab().toImage()
    editor.set_problem(PayloadProblem("wrong", 2, 1, 3))
    assert editor.grab().toImage() != clean
    assert editor.viewportMargins().left() == editor.gutter_width()


def test_a_view_lays_json_out_and_keeps_the_bytes(qtbot) -> None:
    view = JsonView()
    qtbot.addWidget(view)
    data = '{"a":1.0,"b":"\u202ex"}'.encode()
    view.set_data(data)
    assert view.toPlainText() == '{\n  "a": 1.0,\n  "b": "<U+202E>x"\n}'
    assert view.data == data
    assert view.isReadOnly()
    assert colour_at(view, 1, 3) == theme.colours(view.palette()).key.name()
    view.set_data(b"Task timed out after 3.00 seconds")
    assert colour_at(view, 0, 22) == ""


@pytest.mark.parametrize("data", [b"x" * 1_000_000, b'"' + b"y" * 900_000 + b'"', b"z " * 400_000])
def test_a_view_shows_one_huge_line_at_once(qtbot, data: bytes) -> None:
    view = JsonView()
    qtbot.addWidget(view)
    view.resize(500, 300)
    view.show()
    view.set_data(data)
    view.grab()  # for minutes, were it laid out as one line
    first, _, rest = view.toPlainText().partition("\n")
    assert "very long" in first
    assert max(map(len, rest.split("\n"))) <= 4_000
    assert rest.replace("\n", "").encode() == data


def test_a_view_previews_what_is_too_large(qtbot) -> None:
    view = JsonView()
    qtbot.addWidget(view)
    data = b'{"a": "' + b"x" * 6_000_000 + b'"}'
    view.set_data(data)
    assert view.toPlainText().startswith(
        "— Only the beginning of 5.7 MB is shown; saving keeps every byte. —\n"
    )
    assert len(view.toPlainText()) < 70_000
    assert view.data == data


def test_a_marked_problem_does_not_outlive_its_text(qtbot, editor: JsonEdit) -> None:
    """pytest-qt fails the test where Qt warns of a cursor set beyond the text."""
    editor.setPlainText('{"a": 1,\n "b": tru}')
    editor.check_now()
    assert underlined(editor) != []
    editor.selectAll()
    qtbot.keyClicks(editor, "[")
    assert underlined(editor) == []  # until the next check
    with qtbot.waitSignal(editor.checked):
        qtbot.keyClicks(editor, "x")
    assert underlined(editor) == ["x"]


def test_a_change_of_colours_keeps_the_mark(qtbot, editor: JsonEdit) -> None:
    editor.setPlainText('{"a": tru}')
    editor.check_now()
    before = underlined(editor)
    editor.highlighter.rehighlight()
    qtbot.waitUntil(lambda: not editor._timer.isActive())
    assert underlined(editor) == before != []
