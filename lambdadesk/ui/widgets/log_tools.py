"""LogTools, what one switches of a log: levels, grouping, times, context, export."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget

from lambdadesk.core.logstore import Level
from lambdadesk.core.text import one_line
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import set_plain_tooltip

CONTEXTS = (0, 3, 10)
_CHIP_PX = 90  # a narrow window cuts its text
_LEVELS = {Level.ERROR: "Error", Level.WARN: "Warn", Level.INFO: "Info", Level.DEBUG: "Debug"}


class LogTools(QWidget):
    """A row of buttons: a level each, and the range of time that is in use.

    group, more: for another row: the switch for grouping, and a menu with the rest.

    Signals:
        levels_changed(): another set of levels is wanted; see `levels`.
        range_cleared(): the range of time is no longer wanted.
        only_cleared(): all logs are wanted again.
        hidden_cleared(): the lines of logs that are no longer followed are wanted again.
        grouped_changed(bool), utc_changed(bool), delay_changed(bool), wrap_changed(bool).
        traces_changed(bool): stack traces are to be shown line by line.
        context_changed(int): so many lines are to be shown around each match.
        switched(): one of the switches that are kept was turned; see `switches`.
        open_all_requested(bool): open or close all invocations.
        clear_requested(): forget the lines shown.
        export_requested(bool): write lines to a file; True: all of them, whatever the filter.
        export_older_requested(): write the lines that match, those on disk, too; see `offer_older`.
    """

    levels_changed = Signal()
    range_cleared = Signal()
    only_cleared = Signal()
    hidden_cleared = Signal()
    grouped_changed = Signal(bool)
    utc_changed = Signal(bool)
    delay_changed = Signal(bool)
    wrap_changed = Signal(bool)
    traces_changed = Signal(bool)
    context_changed = Signal(int)
    switched = Signal()
    open_all_requested = Signal(bool)
    clear_requested = Signal()
    export_requested = Signal(bool)
    export_older_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.TIGHT)
        self.buttons: dict[Level, QToolButton] = {}
        for level, word in _LEVELS.items():
            button = named(QToolButton(), f"logLevel{word}", f"Show lines of level {word.lower()}")
            button.setText(word)
            button.setCheckable(True)
            button.setChecked(True)
            more = ", and those that name no level" if level is Level.INFO else ""
            set_plain_tooltip(button, f"Lines of level {word.lower()}{more}")
            button.toggled.connect(self.levels_changed)
            self.buttons[level] = button
            row.addWidget(button)
        self.range = _chip("logRange", "Range of time in use; press to take it away")
        self.range.clicked.connect(lambda: self.range_cleared.emit())
        self.only = _chip("logOnly", "The one log that is shown; press to show all")
        self.only.clicked.connect(lambda: self.only_cleared.emit())
        self.hidden = _chip("logHidden", "Logs no longer followed are hidden; press to show their lines")
        self.hidden.clicked.connect(lambda: self.hidden_cleared.emit())
        for chip in (self.range, self.only, self.hidden):
            row.addWidget(chip)
        row.addStretch(1)
        self.group = named(QToolButton(), "logGroup", "Group lines by invocation")
        self.group.setText("Group")
        self.group.setCheckable(True)
        set_plain_tooltip(self.group, "Put the lines of each invocation together under a header")
        self.group.toggled.connect(self._on_grouped)
        self.more = named(QToolButton(), "logMenu", "How lines are shown, and export")
        self.more.setText("View")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.more)
        self._fill_menu()
        self.more.setMenu(self.menu)
        for button in (*self.buttons.values(), self.group, self.more):
            button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    @property
    def levels(self) -> frozenset[Level]:
        """The levels that are switched on."""
        return frozenset(level for level, button in self.buttons.items() if button.isChecked())

    @property
    def has_all_levels(self) -> bool:
        return len(self.levels) == len(_LEVELS)

    def show_range(self, words: str) -> None:
        """The range of time in use; empty: none."""
        self.range.setText(words)
        self.range.setVisible(bool(words))

    @property
    def switches(self) -> tuple[str, ...]:
        """What is switched on of how lines are shown."""
        return tuple(name for name, action in self._switches.items() if action.isChecked())

    def show_switches(self, names: tuple[str, ...]) -> None:
        """Switch these on and the others off."""
        for name, action in self._switches.items():
            action.setChecked(name in names)

    def show_only(self, name: str) -> None:
        """The one of the logs that is shown; empty: all."""
        self.only.setText(f"Only {one_line(name, 60)}".replace("&", "&&"))
        self.only.setVisible(bool(name))

    def show_hidden(self, count: int) -> None:
        """How many logs that are no longer followed are hidden; 0: none."""
        self.hidden.setText(f"Hidden: {count} no longer followed")
        self.hidden.setVisible(bool(count))

    def offer_older(self, is_offered: bool) -> None:
        """Whether a filter is in use that lines on disk may match."""
        self._export_older.setVisible(is_offered)

    def _on_grouped(self, grouped: bool) -> None:
        self._open_all.setEnabled(grouped)
        self._close_all.setEnabled(grouped)
        self.grouped_changed.emit(grouped)

    def _on_context(self, count: int, is_chosen: bool) -> None:
        if is_chosen:
            self.context_changed.emit(count)

    def _fill_menu(self) -> None:
        menu = self.menu
        self._open_all = menu.addAction("Open all invocations", lambda: self.open_all_requested.emit(True))
        self._close_all = menu.addAction("Close all invocations", lambda: self.open_all_requested.emit(False))
        self._open_all.setEnabled(False)
        self._close_all.setEnabled(False)
        menu.addSeparator()
        contexts = QActionGroup(menu)
        for count in CONTEXTS:
            words = f"{count} lines around each match" if count else "Matching lines only"
            action = _switch(menu, words, partial(self._on_context, count))
            contexts.addAction(action)
            action.setChecked(count == 0)
        menu.addSeparator()
        self._switches = {
            "utc": _switch(menu, "Times in UTC", self.utc_changed.emit),
            "delay": _switch(menu, "Delay until CloudWatch had the line", self.delay_changed.emit),
            "traces": _switch(menu, "Stack traces line by line", self.traces_changed.emit),
            "wrap": _switch(menu, "Wrap the selected line", self.wrap_changed.emit),
        }
        self._switches["wrap"].setChecked(True)
        for switch in self._switches.values():
            switch.toggled.connect(self.switched)
        menu.addSeparator()
        menu.addAction("Clear the lines shown", self.clear_requested.emit)
        menu.addAction("Export the lines shown…", lambda: self.export_requested.emit(False))
        self._export_older = menu.addAction("Export matches, on disk, too…", self.export_older_requested.emit)
        self._export_older.setVisible(False)
        menu.addAction("Export all lines…", lambda: self.export_requested.emit(True))


def _chip(name: str, accessible_name: str) -> QPushButton:
    chip = named(QPushButton(), name, accessible_name)
    chip.setIcon(icon("tab-close"))
    chip.setMinimumWidth(_CHIP_PX)
    chip.hide()
    return chip


def _switch(menu: QMenu, words: str, changed: Callable[[bool], object]) -> QAction:
    action = menu.addAction(words)
    action.setCheckable(True)
    action.toggled.connect(changed)
    return action
