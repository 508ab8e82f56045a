"""OnceButton and StopButton on the Invoke page, by the keyboard: what is pressed twice does nothing twice."""

import threading

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QIcon, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from lambdadesk.ui.widgets.once_button import OnceButton, StopButton, show_running
from tests.servers.fake_aws import FakeAws
from tests.servers.faults import Exchange
from tests.ui.desk import LEFT, Desk, click, until


def turn_to(desk: Desk, title: str) -> None:
    tabs = desk.get("bottomTabs")
    bar = tabs.tabBar()
    index = next(each for each in range(bar.count()) if bar.tabText(each).startswith(title))
    click(bar, bar.tabRect(index).center())


class Gate:
    """An answer that comes when it is told to."""

    def __init__(self) -> None:
        self.opened = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        self.opened.wait(30)
        exchange.send(exchange.normal())


async def test_invoke_hands_the_keyboard_to_stop_and_gets_it_back(desk: Desk, aws: FakeAws) -> None:
    gate = Gate()
    aws.script("Invoke", gate)
    await desk.open("hello")
    typed = desk.get("payloadEditor").toPlainText()
    invoke, stop = desk.get("invokeButton"), desk.get("stopWaitingButton")
    invoke.setFocus()
    QTest.keyClick(invoke, Qt.Key.Key_Space)
    await until(lambda: aws.requests("Invoke"))
    assert stop.hasFocus()
    QTest.keyClick(stop, Qt.Key.Key_Space)  # the second half of a double press
    assert stop.isVisible()
    assert desk.text("resultStatus").startswith("Running")
    gate.opened.set()
    await until(lambda: desk.text("resultStatus") == "✔ 200 Succeeded")
    assert invoke.hasFocus()
    assert not stop.isVisible()
    assert desk.get("payloadEditor").toPlainText() == typed
    assert len(aws.requests("Invoke")) == 1


async def test_stop_is_not_cut_off_in_a_narrow_window(desk: Desk, aws: FakeAws) -> None:
    gate = Gate()
    aws.script("Invoke", gate)
    await desk.open("hello")
    desk.window.resize(760, 500)
    click(desk.get("invokeButton"))
    await until(lambda: aws.requests("Invoke"))
    stop = desk.get("stopWaitingButton")
    await until(stop.isVisible)
    assert stop.width() >= stop.sizeHint().width()
    assert stop.accessibleName() == "Stop waiting"
    gate.opened.set()
    await until(lambda: desk.text("resultStatus") == "✔ 200 Succeeded")


@pytest.mark.parametrize(
    ("tab", "start_name", "stop_name", "estimate"),
    [
        ("Series", "seriesStart", "seriesStop", "seriesEstimate"),
        ("Versions", "versionsStart", "versionsStop", "versionsEstimate"),
    ],
)
async def test_the_tabs_below_do_so_too(
    desk: Desk, aws: FakeAws, tab: str, start_name: str, stop_name: str, estimate: str
) -> None:
    gate = Gate()
    aws.script("Invoke", gate)
    aws.versions["hello"] = ["1"]
    await desk.open("hello")
    turn_to(desk, tab)
    start, stop = desk.get(start_name), desk.get(stop_name)
    await until(lambda: start.isEnabled() and desk.text(estimate).startswith("Estimate"))
    start.setFocus()
    QTest.keyClick(start, Qt.Key.Key_Space)
    await until(lambda: aws.requests("Invoke"))
    assert stop.hasFocus()
    gate.opened.set()
    await until(lambda: not stop.isVisible())
    assert start.hasFocus()


def test_the_keyboard_stays_where_it_is_elsewhere(qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    edit, start, stop = QLineEdit(), OnceButton("Start"), StopButton(QIcon(), "Stop")
    stop.hide()
    for widget in (edit, start, stop):
        column.addWidget(widget)
    page.show()
    page.activateWindow()
    edit.setFocus()
    qtbot.waitUntil(edit.hasFocus)
    show_running(start, stop, is_running=True)
    assert edit.hasFocus()
    assert (start.isEnabled(), stop.isVisible()) == (False, True)
    show_running(start, stop, is_running=False, can_start=False)
    assert edit.hasFocus()
    assert (start.isEnabled(), stop.isVisible()) == (False, False)


def test_a_stop_that_was_gone_to_is_pressed_at_once(qtbot: QtBot) -> None:
    stop = StopButton(QIcon(), "Stop")
    qtbot.addWidget(stop)
    stop.show()
    stop.activateWindow()
    stop.setFocus(Qt.FocusReason.TabFocusReason)
    with qtbot.waitSignal(stop.clicked):
        QTest.keyClick(stop, Qt.Key.Key_Space)
    with qtbot.waitSignal(stop.clicked):
        click(stop)


def test_clicks_in_a_row_are_one_click(qtbot: QtBot) -> None:
    button = OnceButton("Invoke")
    qtbot.addWidget(button)
    button.show()
    clicks: list[int] = []
    button.clicked.connect(lambda: clicks.append(now_ms))
    place = QPointF(button.rect().center())
    none = Qt.KeyboardModifier.NoModifier
    kinds = QEvent.Type
    pause_ms = QApplication.doubleClickInterval() - 1
    now_ms = 5_000
    for first in (*[kinds.MouseButtonPress, kinds.MouseButtonDblClick] * 3, kinds.MouseButtonPress):
        for kind in (first, kinds.MouseButtonRelease):
            event = QMouseEvent(kind, place, button.mapToGlobal(place), LEFT, LEFT, none)
            event.setTimestamp(now_ms)
            QApplication.sendEvent(button, event)
        now_ms += pause_ms
    assert clicks == [5_000]
    now_ms += pause_ms
    event = QMouseEvent(kinds.MouseButtonPress, place, button.mapToGlobal(place), LEFT, LEFT, none)
    event.setTimestamp(now_ms)
    QApplication.sendEvent(button, event)
    assert button.isDown()
