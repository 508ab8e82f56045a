"""UncheckedBar: what a scan could not look at, in a line, with the reasons a click away."""

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lambdadesk.core.trigger_text import tell_steps, tell_unchecked
from lambdadesk.core.triggers import ScanStep
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import details_view
from lambdadesk.ui.widgets.plain import show_plain_text


class UncheckedBar(QWidget):
    """Takes no room while everything was checked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._steps: tuple[ScanStep, ...] = ()
        self.label = named(ToneLabel("warning"), "triggersUnchecked", "What was not checked")
        self.button = named(QPushButton("Details"), "uncheckedButton", "Details of what was not checked")
        self.button.setCheckable(True)
        self.details = named(details_view(""), "uncheckedDetails", "What was not checked, and why")
        self.button.toggled.connect(self.details.setVisible)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        row.addWidget(self.label, 1)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE)
        column.addLayout(row)
        column.addWidget(self.details)
        self.hide()

    def show_steps(self, steps: Sequence[ScanStep]) -> None:
        """Show these; the place in the details stays where they are the same."""
        self.setVisible(bool(steps))
        if tuple(steps) != self._steps:
            self._steps = tuple(steps)
            self.label.setText(tell_unchecked(steps))
            show_plain_text(self.details, tell_steps(steps))
