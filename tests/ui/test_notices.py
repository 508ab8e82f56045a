"""Notices and states say what happened in place, hold at most three, and are four different pictures."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.ui.widgets.empty_state import State, StateView
from lambdadesk.ui.widgets.notices import NoticeBar
from lambdadesk.ui.widgets.plain import PlainLabel

# The offscreen platform says so of every window with a minimum size.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

OFFLINE = UserError(
    "No answer from the endpoint.",
    "Check that it runs.",
    kind=ErrorKind.OFFLINE,
    details="ListFunctions: refused",
)


def words(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(PlainLabel) if label.isVisible())


@pytest.fixture
def bar(qtbot: QtBot) -> NoticeBar:
    bar = NoticeBar()
    qtbot.addWidget(bar)
    return bar


def test_a_failure_says_what_and_what_to_do_with_details_one_click_away(bar: NoticeBar, qtbot: QtBot) -> None:
    assert not bar.isVisible()
    bar.show_error(OFFLINE)
    assert bar.isVisible()
    assert words(bar) == "No answer from the endpoint.\nCheck that it runs."
    details = bar.findChild(QPlainTextEdit, "details")
    assert not details.isVisible()
    qtbot.mouseClick(bar.findChild(QPushButton, "detailsButton"), Qt.MouseButton.LeftButton)
    assert details.isVisible()
    assert details.isReadOnly()
    assert details.toPlainText() == "ListFunctions: refused"
    assert bar.findChild(QPushButton, "noticeRetry") is None


def test_retry_takes_the_notice_away_and_runs_once(bar: NoticeBar, qtbot: QtBot) -> None:
    runs: list[list[str]] = []
    bar.show_error(OFFLINE, retry=lambda: runs.append(bar.keys()), key="list")
    qtbot.mouseClick(bar.findChild(QPushButton, "noticeRetry"), Qt.MouseButton.LeftButton)
    assert runs == [[]]
    assert not bar.isVisible()


def test_the_same_key_replaces_and_there_are_never_more_than_three(bar: NoticeBar) -> None:
    for count in range(20):
        bar.show_error(UserError(f"Failure {count}."), key="same")
    assert bar.keys() == ["same"]
    assert words(bar) == "Failure 19."
    bar.show_info("News.", key="news")
    for number in range(2):
        bar.show_error(UserError(f"Other {number}."), key=f"other {number}")
    assert bar.keys() == ["same", "other 0", "other 1"]  # news gives way before a failure
    bar.show_error(UserError("One more."))
    assert bar.keys() == ["other 0", "other 1", "One more."]


def test_close_and_dismiss(bar: NoticeBar, qtbot: QtBot) -> None:
    bar.show_info("The history was damaged.", key="history")
    bar.show_error(OFFLINE, key="offline")
    qtbot.mouseClick(bar.findChildren(QToolButton, "noticeClose")[0], Qt.MouseButton.LeftButton)
    assert bar.keys() == ["offline"]
    bar.dismiss("offline")
    bar.dismiss("never shown")
    assert not bar.isVisible()


def test_hostile_text_stays_text(bar: NoticeBar) -> None:
    bar.show_error(UserError("<b>bold</b>\x1b[31m\u202e", "x" * 100_000, details="<img src=x>\x00"))
    text = words(bar)
    assert text.startswith("<b>bold</b><U+202E>")
    assert len(text) < 2_000
    assert bar.findChild(QPlainTextEdit, "details").toPlainText() == "<img src=x>␀"


def picture(view: StateView) -> QImage:
    return view.grab().toImage()


@pytest.fixture
def view(qtbot: QtBot) -> StateView:
    view = StateView()
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show()
    return view


def test_the_four_states_differ(view: StateView, qtbot: QtBot, qapp: QApplication) -> None:
    pictures, texts = [], []
    view.show_empty("No functions in us-east-1.", "Choose another region.")
    pictures.append(picture(view))
    texts.append((view.state, words(view)))
    view.show_loading("the functions")
    assert words(view) == ""  # nothing flashes
    qtbot.waitUntil(lambda: words(view) == "Waiting for the functions…")
    pictures.append(picture(view))
    texts.append((view.state, words(view)))
    denied = UserError("No.", "Ask for it.", kind=ErrorKind.DENIED, action="lambda:ListFunctions")
    view.show_error(denied)
    pictures.append(picture(view))
    texts.append((view.state, words(view)))
    view.show_error(OFFLINE)
    pictures.append(picture(view))
    texts.append((view.state, words(view)))
    assert texts == [
        (State.EMPTY, "No functions in us-east-1.\nChoose another region."),
        (State.LOADING, "Waiting for the functions…"),
        (State.DENIED, "Access denied\nThe permission lambda:ListFunctions is missing. Ask for it."),
        (State.FAILED, "No answer from the endpoint.\nCheck that it runs."),
    ]
    assert all(one != other for one in pictures for other in pictures if one is not other)


def test_a_quick_answer_is_never_covered_by_the_loading_state(view: StateView, qtbot: QtBot) -> None:
    view.show_loading("the functions")
    view.show_empty("No functions.")
    with qtbot.assertNotEmitted(view._delay.timeout, wait=400):
        pass
    assert words(view) == "No functions."


def test_retry_and_details_of_a_failed_state(view: StateView, qtbot: QtBot) -> None:
    runs: list[str] = []
    view.show_error(OFFLINE, retry=lambda: runs.append("again"))
    buttons = {button.text(): button for button in view.findChildren(QPushButton)}
    qtbot.mouseClick(buttons["Details"], Qt.MouseButton.LeftButton)
    assert view.findChild(QPlainTextEdit, "details").toPlainText() == "ListFunctions: refused"
    qtbot.mouseClick(buttons["Retry"], Qt.MouseButton.LeftButton)
    assert runs == ["again"]


def test_long_sentences_are_not_cut(view: StateView, qapp: QApplication) -> None:
    view.resize(320, 400)
    view.show_empty("Nothing here.", "This sentence is much longer than the view is wide. " * 3)
    qapp.processEvents()
    for label in view.findChildren(PlainLabel):
        assert label.height() >= label.heightForWidth(label.width())
