"""The steps of a run have the height that they need."""

import pytest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from lambdadesk.core.async_fate import Step, StepState
from lambdadesk.ui.widgets.fate_view import FateView
from lambdadesk.ui.widgets.plain import PlainLabel

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
STEPS = [Step(f"Attempt {number} failed", StepState.FAILED, 1_000, "request " * 8) for number in range(1, 4)]


def test_each_further_step_gets_room_at_once(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    view = FateView(window)
    column = QVBoxLayout(window)
    column.addStretch(1)
    column.addWidget(view)
    window.resize(360, 420)
    window.show()
    heights = []
    for count in (1, 2, 3):
        view.show_steps(STEPS[:count])
        heights.append(view.height())
        qtbot.waitUntil(lambda: view.widget().isVisible())
    assert heights[0] >= 2 * view.fontMetrics().height()  # its text takes several lines
    assert heights[0] < heights[1] <= heights[2]
    view.show_steps(STEPS)
    assert view.height() == heights[2]
    view.show_steps([])
    assert not view.isVisible()


def test_the_first_steps_are_seen_to_the_last(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    view = FateView(window)
    column = QVBoxLayout(window)
    column.addStretch(1)
    column.addWidget(view)
    window.resize(400, 420)
    window.show()
    qtbot.waitExposed(window)
    view.show_steps(
        [Step("Sent", StepState.DONE, 1_000), Step("Looking for it in the log", StepState.WAITING)]
    )
    inner = view.widget()
    (last,) = [label for label in inner.findChildren(PlainLabel) if label.text().startswith("Looking")]

    def is_inside() -> None:
        assert last.height() > 0
        assert inner.rect().contains(last.geometry())

    qtbot.waitUntil(is_inside)


def test_a_column_that_gets_lower_keeps_room_for_the_result(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    view = FateView()
    column = QVBoxLayout(window)
    column.addStretch(1)
    column.addWidget(view)
    window.resize(360, 420)
    window.show()
    qtbot.waitExposed(window)
    view.show_steps(STEPS)
    high = view.height()
    window.resize(360, 200)
    qtbot.waitUntil(lambda: view.height() == 50)  # the result's 150 are kept
    window.resize(360, 420)
    qtbot.waitUntil(lambda: view.height() == high)


def test_nothing_is_cut_off_at_the_right(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    view = FateView(window)
    column = QVBoxLayout(window)
    column.addStretch(1)
    column.addWidget(view)
    window.resize(210, 260)
    window.show()
    qtbot.waitExposed(window)
    view.show_steps([Step("Attempt 1 failed", StepState.FAILED, 1_000, f"request {'0a1b2c3d' * 5}")])
    qtbot.waitUntil(lambda: view.widget().width() == view.viewport().width())
