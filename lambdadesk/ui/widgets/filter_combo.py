"""FilterCombo, a combo box that one also types in, with what fits what was typed below it."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit, QWidget

from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.named import named

_SHOWN = 12  # entries at a time


class FilterCombo(CalmComboBox):
    """An editable combo box; its text need not be one of the choices.

    A choice is a text and what it stands for: "123456789012 · test" for "123456789012". What was typed stands
    for itself.
    """

    def __init__(self, object_name: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.setMaxVisibleItems(_SHOWN)
        named(self, object_name, name)
        self.edit.setAccessibleName(name)
        completer = self.completer()
        assert completer is not None  # noqa: S101  an editable one comes with it
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        completer.setMaxVisibleItems(_SHOWN)

    @property
    def edit(self) -> QLineEdit:
        edit = self.lineEdit()
        assert edit is not None  # noqa: S101  it is editable
        return edit

    def set_choices(self, choices: Iterable[tuple[str, str]]) -> None:
        """Offer these texts, each with what it stands for; what is entered stays."""
        value = self.get_value()
        self.blockSignals(True)
        self.clear()
        for text, stands_for in choices:
            self.addItem(text, stands_for)
        self.set_value(value)
        self.blockSignals(False)

    def get_value(self) -> str:
        text = self.currentText().strip()
        index = self.findText(text, Qt.MatchFlag.MatchExactly)
        return str(self.itemData(index)) if index >= 0 else text

    def set_value(self, value: str) -> None:
        index = self.findData(value)
        self.setCurrentIndex(index)
        self.setEditText(self.itemText(index) if index >= 0 else value)
        self.edit.setCursorPosition(0)
