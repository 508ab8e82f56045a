"""Nothing happens in production until the function's name is typed, and never by Enter."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QPushButton, QWidget
from shiboken6 import isValid

from lambdadesk.ui import theme
from lambdadesk.ui.dialogs.confirm_invoke_dialog import Confirmation, ConfirmInvokeDialog
from tests.ui.desk import CONTROL, click, press, visible_words
from tests.ui.test_accessibility import nameless

FACTS = Confirmation(
    function="orders-api",
    account="000000000000",
    region="eu-central-1",
    connection="shop",
    alias="shop-main",
    qualifier="live",
    kind="Request / response",
    payload_bytes=1_234_567,
    colour="#c2185b",
    other_accounts=("123456789012",),
)
ALT = Qt.KeyboardModifier.AltModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


class Asked:
    """An open dialog, and what it said."""

    def __init__(self, facts: Confirmation) -> None:
        self.dialog = ConfirmInvokeDialog(facts)
        self.said: list[object] = []
        self.dialog.confirmed.connect(self.said.append)
        self.dialog.rejected.connect(lambda: self.said.append("rejected"))
        self.dialog.open()
        self.dialog.activateWindow()
        QTest.qWaitForWindowActive(self.dialog, 30_000)
        self.name = self.find(QLineEdit, "confirmName")
        self.unlock = self.find(QCheckBox, "confirmUnlock")
        self.confirm = self.find(QPushButton, "confirmInvoke")

    def find(self, kind: type, name: str) -> QWidget:
        (found,) = self.dialog.findChildren(kind, name)
        return found


@pytest.fixture
def asked(qapp: QApplication) -> Iterator[Asked]:
    theme.apply(qapp, "light")
    found = Asked(FACTS)
    yield found
    if isValid(found.dialog):
        found.dialog.close()


def test_says_what_would_happen(asked: Asked) -> None:
    words = visible_words(asked.dialog)
    for fact in (
        "Invoke in production?",
        "PRODUCTION · shop",
        "Function: orders-api",
        "Qualifier: live",
        "Account: 000000000000 (shop-main)",
        "Region: eu-central-1",
        "Connection: shop",
        "Invocation type: Request / response",
        "Payload: 1,234,567 bytes",
        "another account: 123456789012",
    ):
        assert fact in words
    assert not asked.dialog.isModal()
    assert nameless(asked.dialog) == []


def test_says_nothing_of_what_is_not_there(qapp: QApplication) -> None:
    asked = Asked(Confirmation("f", "", "us-east-1", "shop", verb="Update the event source mapping"))
    words = visible_words(asked.dialog)
    assert "Update the event source mapping in production?" in words
    assert asked.confirm.text() == "Update the event source mapping"
    assert "Account: not known" in words
    for title in ("Qualifier", "Invocation type", "Payload", "other account"):
        assert title not in words
    asked.dialog.close()


def test_several_other_accounts_are_all_named(qapp: QApplication) -> None:
    asked = Asked(replace(FACTS, account="", other_accounts=("000000000000", "123456789012")))
    assert "2 other accounts: 000000000000, 123456789012." in visible_words(asked.dialog)
    asked.dialog.close()


@pytest.mark.parametrize(
    "text", ["", "orders-ap", "orders-api2", "Orders-api", " orders-api", "orders-api ", "orders\u2011api"]
)
def test_only_the_exact_name_will_do(asked: Asked, text: str) -> None:
    QTest.keyClicks(asked.name, "orders-api")
    assert asked.confirm.isEnabled()
    asked.name.setText(text)
    assert not asked.confirm.isEnabled()
    click(asked.confirm)
    press(asked.confirm, Qt.Key.Key_Space)
    assert asked.said == []


def test_a_pasted_name_will_do(asked: Asked) -> None:
    QApplication.clipboard().setText("orders-api")
    press(asked.name, Qt.Key.Key_V, CONTROL)
    click(asked.confirm)
    assert asked.said == [False]
    assert not asked.dialog.isVisible()


def test_unlocks_where_that_is_ticked(asked: Asked) -> None:
    QTest.keyClicks(asked.name, "orders-api")
    press(asked.unlock, Qt.Key.Key_Space)
    press(asked.confirm, Qt.Key.Key_Space)
    assert asked.said == [True]


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
@pytest.mark.parametrize("modifiers", [None, CONTROL, ALT, SHIFT])
def test_enter_never_confirms(asked: Asked, key: Qt.Key, modifiers: Qt.KeyboardModifier | None) -> None:
    QTest.keyClicks(asked.name, "orders-api")
    assert asked.confirm.isEnabled()
    for widget in (asked.name, asked.unlock, asked.confirm, asked.dialog):
        widget.setFocus()
        press(widget, key, modifiers)
    assert asked.said == []
    assert asked.dialog.isVisible()


def test_no_button_is_the_default(asked: Asked) -> None:
    for button in asked.dialog.findChildren(QPushButton):
        assert not button.autoDefault()
        assert not button.isDefault()
        button.setFocus()
        assert not button.isDefault()
    assert asked.dialog.findChildren(QPushButton)


def test_a_second_click_does_it_once(asked: Asked) -> None:
    QTest.keyClicks(asked.name, "orders-api")
    click(asked.confirm)
    click(asked.confirm)
    assert asked.said == [False]


@pytest.mark.parametrize("way", ["cancel", "escape", "close"])
def test_every_other_way_out_rejects(asked: Asked, way: str) -> None:
    QTest.keyClicks(asked.name, "orders-api")
    asked.unlock.click()
    if way == "cancel":
        click(asked.find(QPushButton, "confirmCancel"))
    elif way == "escape":
        press(asked.name, Qt.Key.Key_Escape)
    else:
        asked.dialog.close()
    assert asked.said == ["rejected"]


def test_the_band_has_the_connections_colour_and_can_be_read(qapp: QApplication) -> None:
    for colour, shown in (("#c2185b", "#c2185b"), ("#ffee58", "#ffee58"), ("", theme.LIGHT.error.name())):
        theme.apply(qapp, "light")
        asked = Asked(replace(FACTS, colour=colour))
        band = asked.find(QWidget, "confirmBand")
        behind = band.grab().toImage().pixelColor(2, 2)
        assert behind.name() == shown
        assert theme.contrast(band.palette().color(band.foregroundRole()), behind) >= 4.5
        assert band.width() == asked.dialog.width()
        asked.dialog.close()


def test_a_long_name_is_never_cut_off(qapp: QApplication) -> None:
    asked = Asked(replace(FACTS, function="W" * 64))
    asked.dialog.resize(100, 100)
    (label,) = [
        each
        for each in asked.dialog.findChildren(QWidget)
        if each.accessibleName() == f"Function: {'W' * 64}"
    ]
    assert label.width() >= label.fontMetrics().horizontalAdvance("W" * 64)
    assert asked.dialog.width() >= label.geometry().right()
    asked.dialog.close()


def test_what_it_shows_is_plain_and_it_goes_when_closed(qapp: QApplication) -> None:
    asked = Asked(replace(FACTS, connection="<b>shop</b>\u202e", alias="<img src=x>"))
    words = visible_words(asked.dialog)
    assert "Connection: <b>shop</b><U+202E>" in words
    assert "000000000000 (<img src=x>)" in words
    gone: list[None] = []
    asked.dialog.destroyed.connect(lambda: gone.append(None))
    asked.dialog.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert gone == [None]
