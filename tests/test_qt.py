"""PySide6 works with this Python: 6.12.0 on 3.11 loses a reference to None with every call."""

import sys

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

CALLS = 1_000


@pytest.mark.parametrize("value", [None, True, False])
def test_calls_lose_no_reference(qtbot: QtBot, value: bool | None) -> None:
    edit = QLineEdit()
    qtbot.addWidget(edit)
    holder = QObject()
    before = sys.getrefcount(value)
    for number in range(CALLS):
        edit.setText(str(number))
        edit.setReadOnly(True)
        edit.setReadOnly(False)
        edit.isReadOnly()
        edit.isEnabled()
        holder.setProperty("value", value)
        holder.property("value")
    # What Python itself does meanwhile moves it by a few; a reference lost per call by a thousand.
    assert sys.getrefcount(value) - before > -CALLS // 10
