"""FunctionFilterBar: what one types to find functions, what of it is wrong, and the filters that are kept."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeyEvent, Qt
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QToolButton, QVBoxLayout, QWidget

from lambdadesk.core.text import one_line
from lambdadesk.store.settings import Settings
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.filter_edit import FilterEdit
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import set_plain_tooltip

if TYPE_CHECKING:  # not needed for the first frame
    from lambdadesk.core.function_filter import Problem
    from lambdadesk.ui.widgets.ask_bar import AskBar


class FunctionFilterEdit(FilterEdit):
    """Arrow keys walk the list below, Enter opens, Esc clears."""

    opened = Signal()
    moved = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 10, Qt.Key.Key_PageUp: -10}
        key = Qt.Key(event.key())
        if key in steps:
            self.moved.emit(steps[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        else:
            super().keyPressEvent(event)


class FunctionFilterBar(QWidget):
    """The filter with its saved ones and its help beside it, and below it why a part is passed over."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.edit = named(
            FunctionFilterEdit("Filter by name, runtime, errors>0, …"), "functionFilter", "Filter functions"
        )
        self.saved = named(QToolButton(), "savedFilters", "Saved filters")
        self.saved.setIcon(icon("star"))
        self.saved.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        set_plain_tooltip(self.saved, "Save this filter, or choose one that was saved")
        self.menu = named(QMenu(self), "savedFilterMenu", "Saved filters")
        self._deletes = QMenu("Delete", self)  # a menu that is cleared keeps its submenus alive
        self.menu.aboutToShow.connect(self._fill_menu)
        self.saved.setMenu(self.menu)
        self.help = named(QToolButton(), "filterHelp", "How to filter")
        self.help.setIcon(icon("help"))
        set_plain_tooltip(self.help, "What can be typed: words, /regex/, runtime:python, errors>0, …")
        self.help.clicked.connect(self._show_help)
        self.problem = named(ToneLabel("error"), "filterProblem", "What of the filter is passed over")
        self.problem.hide()
        # The list stays wide enough for what is typed, whatever page is beside it.
        self.edit.setMinimumWidth(self.edit.fontMetrics().averageCharWidth() * 16)
        self._ask: AskBar | None = None
        row = QHBoxLayout()
        row.setSpacing(theme.TIGHT)
        row.addWidget(self.edit, 1)
        row.addWidget(self.saved)
        row.addWidget(self.help)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.TIGHT)
        self._column.addLayout(row)
        self._column.addWidget(self.problem)

    def show_problems(self, problems: "Sequence[Problem]") -> None:
        """Underline what is passed over, and say why of the first."""
        self.edit.mark([(problem.start, problem.length) for problem in problems])
        text = problems[0].message if problems else ""
        self.edit.setAccessibleDescription(text)
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def _fill_menu(self) -> None:
        menu, saved, text = self.menu, self._settings.saved_filters, self.edit.text().strip()
        menu.clear()
        save = menu.addAction("Save this filter…")
        save.setEnabled(bool(text))
        save.triggered.connect(lambda: self._ask_name(text))
        if saved:
            menu.addSeparator()
            for name, wanted in saved:
                chosen = menu.addAction(_escape(f"{name}   {wanted}" if name != wanted else name))
                chosen.setCheckable(True)
                chosen.setChecked(wanted == text)
                chosen.triggered.connect(partial(self._choose, wanted))
            menu.addMenu(self._deletes)
            self._deletes.clear()
            for name, _wanted in saved:
                self._deletes.addAction(_escape(name)).triggered.connect(partial(self._delete, name))

    def _choose(self, wanted: str, _checked: bool = False) -> None:
        self.edit.setText(wanted)
        self.edit.setFocus()

    def _delete(self, name: str, _checked: bool = False) -> None:
        kept = tuple(each for each in self._settings.saved_filters if each[0] != name)
        self._settings.saved_filters = kept

    def _ask_name(self, wanted: str) -> None:
        if self._ask is None:
            from lambdadesk.ui.widgets.ask_bar import AskBar

            self._ask = AskBar()
            self._column.addWidget(self._ask)
        field = named(QLineEdit(wanted), "filterName", "Name of the filter")
        field.selectAll()
        save = partial(self._save, field, wanted)
        field.returnPressed.connect(save)
        self._ask.ask("Save the filter as", [("filterSave", "Save", save)], "Cancel", field)

    def _save(self, field: QLineEdit, wanted: str) -> None:
        name = field.text().strip() or wanted
        others = tuple(each for each in self._settings.saved_filters if each[0] != name)
        self._settings.saved_filters = (*others, (name, wanted))
        if self._ask is not None:
            self._ask.dismiss()
        self.edit.setFocus()

    def _show_help(self) -> None:
        from lambdadesk.core.function_filter import HELP
        from lambdadesk.ui.dialogs.text_dialog import TextDialog

        TextDialog("How to filter functions", "", HELP, self.window()).open()


def _escape(text: str) -> str:
    """For a menu, which takes & for a shortcut."""
    return one_line(text).replace("&", "&&")
