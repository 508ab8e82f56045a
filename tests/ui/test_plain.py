import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from lambdadesk.ui.widgets.plain import PlainLabel, plain_tooltip, set_plain_tooltip


def test_a_label_is_plain_from_the_start(qtbot) -> None:
    label = PlainLabel("<b>bold</b> \u202e")
    qtbot.addWidget(label)
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert label.text() == "<b>bold</b> <U+202E>"
    label.setText("nul \x00")
    assert label.text() == "nul <U+0000>"


@pytest.mark.parametrize("text", ["a < b & c", "INFO <module> x", "128 MB", "&amp; stays"])
def test_a_harmless_tooltip_is_not_touched(text: str) -> None:
    assert plain_tooltip(text) == text


@pytest.mark.parametrize("text", ["<b>x</b>", "x <img src='file:///etc/passwd'>", "&lt;b> first"])
def test_a_tooltip_that_qt_would_render_is_escaped(qtbot, text: str) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    set_plain_tooltip(widget, text)
    shown = widget.toolTip()
    assert "<b>" not in shown
    assert "<img" not in shown
    assert shown.startswith("<p ")
