"""Notices and states say what happened in place, hold at most three, and are four different pictures."""

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAccessible, QImage
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


def test_the_button_says_what_it_does(bar: NoticeBar, qtbot: QtBot) -> None:
    runs: list[str] = []
    bar.show_error(OFFLINE, lambda: runs.append("started"), "local", retry_text="Start again")
    button = bar.findChild(QPushButton, "noticeRetry")
    assert button.text() == "Start again"
    assert button.accessibleName().startswith("Start again")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert runs == ["started"]


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
    assert bar.findChild(QPlainTextEdit, "details").toPlainText() == "<img src=x><U+0000>"


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


def test_a_quick_answer_is_never_covered_by_the_loading_state(view: StateView) -> None:
    view.show_loading("the functions")
    view.show_empty("No functions.")
    assert not view._delay.isActive()
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


def button(view: StateView, text: str) -> QPushButton:
    return next(one for one in view.findChildren(QPushButton) if one.text() == text)


def test_asking_again_for_what_is_shown_changes_only_what_the_buttons_do(
    view: StateView, qtbot: QtBot
) -> None:
    runs: list[str] = []
    view.show_error(OFFLINE, lambda: runs.append("first"))
    button(view, "Details").click()
    button(view, "Retry").setFocus()
    content = view._content
    view.show_error(OFFLINE, lambda: runs.append("second"))
    assert view._content is content
    assert view.findChild(QPlainTextEdit, "details").isVisible()
    button(view, "Retry").click()
    assert runs == ["second"]
    view.show_error(OFFLINE)  # another picture: there is nothing to press
    assert "Retry" not in [one.text() for one in view._content.findChildren(QPushButton)]


def test_a_state_is_announced_once(view: StateView, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(QAccessible, "updateAccessibility", lambda event: said.append(event.message()))
    for _ in range(3):
        view.show_error(OFFLINE)
    assert said == ["No answer from the endpoint. Check that it runs."]
    view.show_empty("No functions.")
    view.show_error(OFFLINE)
    assert len(said) == 2


def test_the_delay_is_not_started_again_by_asking_again(view: StateView, qtbot: QtBot) -> None:
    again = QTimer(interval=20)
    again.timeout.connect(lambda: view.show_loading("the functions", lambda: None))
    view.show_loading("the functions", lambda: None)
    again.start()
    with qtbot.waitSignal(view._delay.timeout):
        pass
    again.stop()
    assert words(view) == "Waiting for the functions…"


def test_waiting_can_be_cancelled_and_a_failure_has_a_second_way_out(view: StateView, qtbot: QtBot) -> None:
    runs: list[str] = []
    view.show_loading("the functions", lambda: runs.append("cancel"))
    qtbot.waitUntil(lambda: button(view, "Cancel").isVisible())
    qtbot.mouseClick(button(view, "Cancel"), Qt.MouseButton.LeftButton)
    view.show_error(
        OFFLINE, lambda: runs.append("retry"), other=("Use Local AWS", lambda: runs.append("local"))
    )
    qtbot.mouseClick(button(view, "Use Local AWS"), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(button(view, "Retry"), Qt.MouseButton.LeftButton)
    assert runs == ["cancel", "local", "retry"]
