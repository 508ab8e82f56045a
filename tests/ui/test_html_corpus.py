"""Text from outside is shown as text: by every widget for it, and by a rule over the sources."""

import ast
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QTextDocument
from PySide6.QtWidgets import QLabel, QWidget  # noqa: TID251  shows that the corpus bites

import lambdadesk.ui
from lambdadesk.core.logstore import LogRow, LogStore
from lambdadesk.core.text import one_line, visible
from lambdadesk.ui.models.log_table import MESSAGE
from lambdadesk.ui.widgets.json_edit import JsonEdit
from lambdadesk.ui.widgets.json_view import JsonView
from lambdadesk.ui.widgets.log_view import LogView
from lambdadesk.ui.widgets.plain import PlainLabel, plain_tooltip

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

HOSTILE = (
    "<b>bold</b>",
    '<img src="{red}">',
    "<table><tr><td bgcolor=red>cell</td></tr></table>",
    "&lt;b>first line",
    "<a href='http://127.0.0.1:9/'>link</a>",
    "<!DOCTYPE html><style>* {{ color: red }}</style><h1>title</h1>",
    "<span style='font-size:0'>unseen</span>seen",
    "\x1b[31mred\x1b[0m and \x1b]8;;http://127.0.0.1:9/\x07link",
    "pay\u202eload\u2066\u200b\ufeff",
    "nul \x00 bell \x07 backspace \x08\x08\x08",
    '{{"html": "<img src=\'{red}\'>", "bidi": "\u202e"}}',
)
UNSEEN = set("\x00\x07\x08\x1b\u202e\u2066\u200b\ufeff")


@pytest.fixture(params=range(len(HOSTILE)))
def hostile(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """One hostile text; the images it names are there, and red."""
    image = QImage(64, 64, QImage.Format.Format_RGB32)
    image.fill(QColor("#ff0000"))
    path = tmp_path / "red.png"
    assert image.save(str(path))
    return HOSTILE[request.param].format(red=path)


def is_red(widget: QWidget) -> bool:
    """Whether a good part of the widget is bright red: an image or a cell that was rendered."""
    picture = widget.grab().toImage().scaled(64, 64)
    colours = [picture.pixelColor(x, y) for x in range(64) for y in range(64)]
    return sum(colour.red() > 200 > 60 > colour.green() + colour.blue() for colour in colours) > 20


def test_the_corpus_would_be_rendered_by_a_plain_qlabel(qtbot, tmp_path: Path) -> None:
    image = QImage(64, 64, QImage.Format.Format_RGB32)
    image.fill(QColor("#ff0000"))
    image.save(str(tmp_path / "red.png"))
    label = QLabel(HOSTILE[1].format(red=tmp_path / "red.png"))
    qtbot.addWidget(label)
    assert is_red(label)


def test_labels(qtbot, hostile: str) -> None:
    label = PlainLabel(hostile)
    qtbot.addWidget(label)
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert label.text() == visible(hostile)
    assert not set(label.text()) & UNSEEN
    assert not is_red(label)


def test_tooltips(qtbot, hostile: str) -> None:
    shown = plain_tooltip(hostile)
    document = QTextDocument()  # what a tooltip does with a text that it takes for HTML
    if shown.startswith("<p "):
        document.setHtml(shown)
    else:
        document.setPlainText(shown)
    assert document.toPlainText().replace("\u2029", "\n") == visible(hostile)


def test_log_lines(qtbot, hostile: str) -> None:
    store = LogStore()
    store.add([LogRow(1, 0, hostile, hostile, request_id=hostile, invocation=0)])
    view = LogView()
    qtbot.addWidget(view)
    view.resize(600, 300)
    view.show()
    view.set_store(store)
    view.table.selectRow(0)
    assert view.table.model().index(0, MESSAGE).data() == one_line(hostile)
    assert not set(str(view.table.model().index(0, MESSAGE).data())) & UNSEEN
    assert visible(hostile) in view.detail.heading.text()
    assert not set(view.detail.text.toPlainText()) & UNSEEN
    assert not is_red(view)
    assert view.line_text(0) == hostile


def test_json_views(qtbot, hostile: str) -> None:
    view = JsonView()
    qtbot.addWidget(view)
    view.resize(400, 200)
    view.set_data(hostile.encode())
    assert not set(view.toPlainText()) & UNSEEN
    assert not is_red(view)
    assert view.data == hostile.encode()


def test_json_editors(qtbot, hostile: str) -> None:
    editor = JsonEdit()
    qtbot.addWidget(editor)
    editor.resize(400, 200)
    editor.setPlainText(hostile)
    editor.check_now()
    assert editor.toPlainText() == hostile
    assert not is_red(editor)


SOURCES = sorted(Path(next(iter(lambdadesk.ui.__path__))).rglob("*.py"))
PLAIN = "plain.py"  # the one module that may
RENDERS = {"QLabel", "QMessageBox", "QErrorMessage", "QInputDialog", "QProgressDialog", "QTextBrowser"}
TAKES_HTML = {"setToolTip", "setHtml", "insertHtml", "appendHtml", "setWhatsThis"}


def offences(source: str) -> list[str]:
    """Calls that render HTML or spin a nested event loop."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = getattr(node.func.value, "id", "") if isinstance(node.func, ast.Attribute) else ""
        is_literal = all(isinstance(argument, ast.Constant) for argument in node.args)
        if (
            name in RENDERS
            or owner in RENDERS
            or name in ("exec", "exec_")
            or (name in TAKES_HTML and not is_literal)
        ):
            found.append(f"line {node.lineno}: {name}")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_module_of_the_window_renders_html(path: Path) -> None:
    if path.name != PLAIN:
        assert offences(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "QLabel(text)",
        "QtWidgets.QLabel('x')",
        "QMessageBox.warning(self, 'a', 'b')",
        "dialog.exec()",
        "menu.exec_(point)",
        "button.setToolTip(name)",
        "button.setToolTip(f'{name}')",
        "view.setHtml(text)",
    ],
)
def test_the_rule_finds_what_it_is_for(source: str) -> None:
    assert len(offences(source)) == 1


def test_the_rule_lets_the_rest_pass() -> None:
    assert (
        offences("PlainLabel(x)\nb.setToolTip('Close (Esc)')\nset_plain_tooltip(b, name)\nmenu.popup(p)")
        == []
    )
