"""A window is never begun larger than its screen."""

from PySide6.QtCore import QSize

from lambdadesk.ui.widgets.screen_room import fit


def test_a_window_and_its_frame_fit_on_a_small_screen() -> None:
    assert fit(QSize(1_280, 800), QSize(933, 600)) == QSize(893, 560)
    assert fit(QSize(680, 420), QSize(933, 600)) == QSize(680, 420)
