import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from lambdadesk.ui.widgets.calm_combo import CalmComboBox

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
