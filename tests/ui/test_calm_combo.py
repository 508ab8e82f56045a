import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from lambdadesk.ui.widgets.calm_combo import CalmComboBox, PatientComboBox

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def turn_wheel(box: CalmComboBox) -> bool:
    """Whether the box took it."""
    middle = QPointF(box.rect().center())
    wheel = QWheelEvent(
        middle,
        QPointF(box.mapToGlobal(middle)),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(box, wheel)
    return wheel.isAccepted()


def test_the_wheel_changes_nothing_unless_the_box_has_the_focus(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    other, box = QLineEdit(), CalmComboBox()
    box.addItems(["us-east-1", "us-east-2", "us-west-1"])
    layout = QVBoxLayout(window)
    layout.addWidget(other)
    layout.addWidget(box)
    window.show()
    window.activateWindow()
    other.setFocus()
    qtbot.waitUntil(other.hasFocus)
    with qtbot.assertNotEmitted(box.activated):
        assert not turn_wheel(box)
    assert not box.hasFocus()
    assert box.currentIndex() == 0
    box.setFocus()
    assert turn_wheel(box)
    assert box.currentIndex() == 1


def test_keys_on_the_closed_box_decide_nothing_until_enter_or_another_focus(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    other, box = QLineEdit(), PatientComboBox()
    box.addItems(["a", "b", "c", "d"])
    layout = QVBoxLayout(window)
    layout.addWidget(other)
    layout.addWidget(box)
    window.show()
    window.activateWindow()
    box.setFocus()
    qtbot.waitUntil(box.hasFocus)
    decided: list[int] = []
    box.decided.connect(decided.append)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_C):
        qtbot.keyClick(box, key)
    turn_wheel(box)
    assert (box.currentIndex(), decided) == (3, [])
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    assert (box.currentIndex(), decided) == (0, [])
    qtbot.keyClick(box, Qt.Key.Key_Down)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    qtbot.keyClick(box, Qt.Key.Key_Return)  # nothing is left to decide
    assert decided == [1]
    qtbot.keyClick(box, Qt.Key.Key_Down)
    other.setFocus()
    assert decided == [1, 2]
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Space)  # opens the list
    qtbot.keyClick(box.view(), Qt.Key.Key_Up)
    assert decided == [1, 2]
    qtbot.keyClick(box.view(), Qt.Key.Key_Return)
    assert decided == [1, 2, 1]
    other.setFocus()
    assert decided == [1, 2, 1]
