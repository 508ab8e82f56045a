import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QToolButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.filter_edit import FilterEdit

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def edit(qtbot: QtBot, qapp: QApplication) -> FilterEdit:
    theme.apply(qapp, "light")
    window = QWidget()
    qtbot.addWidget(window)
    edit = FilterEdit("Filter by name")
    QVBoxLayout(window).addWidget(edit)
    window.show()
    window.activateWindow()
    edit.setFocus()
    qtbot.waitUntil(edit.hasFocus)
    edit.window_of_test = window  # type: ignore[attr-defined]  # else it would go with this function
    return edit


def test_esc_clears_first_and_goes_on_when_there_is_nothing_left(qtbot: QtBot, edit: FilterEdit) -> None:
    shortcut = QShortcut(QKeySequence("Esc"), edit.window())
    qtbot.keyClicks(edit, "hello")
    with qtbot.assertNotEmitted(shortcut.activated), qtbot.waitSignal(edit.textChanged) as seen:
        qtbot.keyClick(edit, Qt.Key.Key_Escape)
    assert seen.args == [""]
    with qtbot.waitSignal(shortcut.activated):
        qtbot.keyClick(edit, Qt.Key.Key_Escape)


def test_the_clear_button_is_in_the_middle(qtbot: QtBot, edit: FilterEdit) -> None:
    edit.setText("hello")
    button = edit.findChild(QToolButton)
    qtbot.waitUntil(button.isVisible)
    assert abs(button.geometry().center().y() - edit.rect().center().y()) <= 1
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert edit.text() == ""
