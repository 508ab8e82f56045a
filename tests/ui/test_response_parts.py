"""A response is shown as what it is: a tree, a failure with its stack, an HTTP answer, a picture."""

import base64

import orjson
import pytest
from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from lambdadesk.core.types import Outcome
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui.models.json_tree import KEY, VALUE
from lambdadesk.ui.widgets.json_tree import TREE_LIMIT
from lambdadesk.ui.widgets.result_view import BODY, ERROR, RESPONSE, TREE, ResultView

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
FAILURE = orjson.dumps(
    {
        "errorType": "KeyError",
        "errorMessage": "<b>'id'</b>",
        "stackTrace": [
            '  File "/var/task/app.py", line 12, in handler\n    total(event)\n',
            '  File "/var/runtime/a.py", line 1, in call\n',
            '  File "/var/runtime/b.py", line 2, in call\n',
        ],
    }
)


@pytest.fixture
def view(qtbot: QtBot) -> ResultView:
    view = ResultView()
    qtbot.addWidget(view)
    view.resize(500, 400)
    view.show()
    return view


def show(view: ResultView, response: bytes, *, has_failed: bool = False) -> None:
    outcome = Outcome.ERROR if has_failed else Outcome.OK
    error = "Unhandled" if has_failed else ""
    view.show_entry(
        HistoryEntry("local", "f", 1, outcome=outcome, function_error=error, response=response), "", None, ""
    )


def tabs(view: ResultView) -> list[int]:
    return [tab for tab in (RESPONSE, ERROR, BODY, TREE) if view.views.isTabVisible(tab)]


def png(width: int = 8, height: int = 4) -> bytes:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


def test_there_is_a_tab_only_for_what_there_is(view: ResultView) -> None:
    assert tabs(view) == [RESPONSE]
    show(view, b"words")
    assert tabs(view) == [RESPONSE]
    show(view, b'{"a": 1}')
    assert tabs(view) == [RESPONSE, TREE]
    show(view, b'{"statusCode": 200, "body": "x"}')
    assert tabs(view) == [RESPONSE, BODY, TREE]
    view.views.setCurrentIndex(BODY)
    show(view, b"words")
    assert view.views.currentIndex() == RESPONSE
    view.clear()
    assert tabs(view) == [RESPONSE]


def test_a_failure_is_read_first_and_its_own_frames_are_open(view: ResultView, qtbot: QtBot) -> None:
    show(view, FAILURE, has_failed=True)
    assert view.views.currentIndex() == ERROR
    assert view.error.heading.text() == "KeyError: <b>'id'</b>"
    frames = view.error.frames
    own, folded = frames.topLevelItem(0), frames.topLevelItem(1)
    assert own.text(0).startswith('File "/var/task/app.py", line 12')
    assert folded.text(0) == "2 frames of the runtime and of libraries"
    assert not folded.isExpanded()
    qtbot.mouseClick(frames.viewport(), Qt.MouseButton.LeftButton, pos=frames.visualItemRect(folded).center())
    assert folded.isExpanded()
    qtbot.mouseClick(frames.viewport(), Qt.MouseButton.LeftButton, pos=frames.visualItemRect(own).center())
    assert QGuiApplication.clipboard().text() == "app.py:12"
    assert view.error.copied.text() == "Copied app.py:12"
    show(view, b"{}")
    assert view.views.currentIndex() == RESPONSE


def test_a_very_long_message_leaves_room_for_the_stack(view: ResultView) -> None:
    heading, frames = view.error.heading, view.error.frames
    area = heading.parentWidget().parentWidget()
    show(view, FAILURE, has_failed=True)
    assert area.height() >= heading.heightForWidth(heading.width())
    show(view, FAILURE.replace(b"<b>", b"word " * 50_000), has_failed=True)
    assert frames.height() >= 100
    assert area.verticalScrollBar().maximum() > 0
    assert heading.height() >= heading.heightForWidth(heading.width())
    view.resize(300, 220)
    assert frames.visibleRegion().boundingRect().height() >= frames.fontMetrics().height()


def test_a_payload_that_looks_like_a_failure_is_none(view: ResultView) -> None:
    show(view, FAILURE)
    assert ERROR not in tabs(view)


def test_more_of_the_log_leaves_what_is_unfolded(view: ResultView) -> None:
    show(view, FAILURE, has_failed=True)
    view.error.frames.topLevelItem(1).setExpanded(True)
    show(view, FAILURE, has_failed=True)
    assert view.error.frames.topLevelItem(1).isExpanded()


def test_the_tree_has_paths_and_exact_values(view: ResultView) -> None:
    show(view, b'{"items": [{"price": 1.10}, {"price": 12345678901234567890123}], "a b": "<i>x</i>"}')
    view.views.setCurrentIndex(TREE)
    model = view.tree.model
    top = model.index(0, KEY)
    items = model.index(0, KEY, top)
    price = model.index(0, KEY, model.index(1, KEY, items))
    assert model.data(items.siblingAtColumn(VALUE)) == "[ 2 elements ]"
    assert model.path_at(price) == "items[1].price"
    assert model.data(price.siblingAtColumn(VALUE)) == model.text_at(price) == "12345678901234567890123"
    text = model.index(1, KEY, top)
    assert model.path_at(text) == '["a b"]'
    assert model.text_at(text) == "<i>x</i>"
    assert model.parent(price) == model.index(1, KEY, items)
    assert view.tree.view.isExpanded(items)
    view.tree.view.setCurrentIndex(text)
    view.tree.view.actions()[0].trigger()
    assert QGuiApplication.clipboard().text() == "<i>x</i>"


def test_a_tree_of_many_opens_the_first_level_only(view: ResultView) -> None:
    show(view, orjson.dumps({"many": [{"n": each} for each in range(5_000)]}))
    view.views.setCurrentIndex(TREE)
    model = view.tree.model
    many = model.index(0, KEY, model.index(0, KEY))
    assert view.tree.view.isExpanded(model.index(0, KEY))
    assert not view.tree.view.isExpanded(many)
    assert model.rowCount(many) == 5_000


@pytest.mark.parametrize(
    ("data", "why"),
    [(b'["' + b"x" * TREE_LIMIT + b'"]', "1 MB"), (b"[" * 990 + b"]" * 990, "too deeply")],
)
def test_what_has_no_tree_says_why(view: ResultView, data: bytes, why: str) -> None:
    show(view, data)
    view.views.setCurrentIndex(TREE)
    assert view.tree.currentWidget() is view.tree.notice
    assert why in view.tree.notice.text()


def test_an_envelope_is_unwrapped(view: ResultView) -> None:
    returned = {"statusCode": 404, "headers": {"content-type": "text/html"}, "body": "<html><b>no</b></html>"}
    show(view, orjson.dumps(returned))
    view.views.setCurrentIndex(BODY)
    assert view.views.tabText(BODY) == "HTTP 404"
    assert view.body.heading.text() == "HTTP 404 · HTML · 22 bytes · shown as text"
    assert view.body.headers.toPlainText() == "content-type: text/html"
    assert view.body.text.toPlainText() == "<html><b>no</b></html>"
    assert not view.body.problem.isVisible()
    show(view, b'{"statusCode": 200, "body": [1]}')
    assert view.body.problem.isVisible()


def test_a_picture_is_drawn_and_a_huge_one_is_not(view: ResultView) -> None:
    show(view, orjson.dumps(base64.b64encode(png()).decode()))
    assert tabs(view) == [RESPONSE, BODY]
    view.views.setCurrentIndex(BODY)
    assert view.body.views.currentWidget() is view.body.picture
    assert view.body.picture.grab().toImage().pixelColor(2, 2) == QColor("red")
    assert view.body.data == png()
    show(view, orjson.dumps(base64.b64encode(png(5_000, 2)).decode()))
    assert view.body.views.currentWidget() is view.body.text
    assert view.body.text.toPlainText().startswith("00000000  89 50 4e 47")


def test_what_is_copied_is_offered_by_name(view: ResultView, qtbot: QtBot) -> None:
    show(view, b'{"a": 1}')
    view.copies = lambda: {"AWS CLI command": "aws lambda invoke"}
    qtbot.mouseClick(view.copy_button, Qt.MouseButton.LeftButton)
    menu = view.findChild(QMenu)
    assert [action.text() for action in menu.actions()] == ["Response", "AWS CLI command"]
    menu.actions()[1].trigger()
    assert QGuiApplication.clipboard().text() == "aws lambda invoke"
    menu.actions()[0].trigger()
    assert QGuiApplication.clipboard().text() == '{"a": 1}'
    menu.close()
