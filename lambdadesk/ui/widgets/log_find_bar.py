"""LogFindBar, where one searches within what is shown."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.filter_edit import FilterEdit
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import set_plain_tooltip

DELAY_MS = 80
_NEXT_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F3)


class LogFindBar(QWidget):
    """A line with the text that is looked for, how many places have it, and the way to each; hidden at first.

    Signals:
        text_changed(str): soon after a key; empty when the bar closes.
        step_requested(int): 1 to the next place, -1 to the one before.
        opened(), closed(): by its button or Esc.
    """

    text_changed = Signal(str)
    step_requested = Signal(int)
    opened = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.edit = named(FilterEdit("Find in the lines shown"), "logFind", "Find in the lines shown")
        set_plain_tooltip(self.edit, "Text or /regular expression/; Enter for the next, Shift+Enter back")
        self.count = named(ToneLabel("dim"), "logFindCount", "Places found")
        self.count.setWordWrap(False)
        self.previous = _tool("sort-up", "logFindPrevious", "Previous place", "Previous (Shift+F3)")
        self.next = _tool("sort-down", "logFindNext", "Next place", "Next (F3)")
        close = _tool("close", "logFindClose", "Close the search", "Close (Esc)")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.TIGHT)
        row.addWidget(self.edit, 1)
        for widget in (self.count, self.previous, self.next, close):
            row.addWidget(widget)
        self._typing = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._typing.timeout.connect(lambda: self.text_changed.emit(self.edit.text()))
        self.edit.textChanged.connect(self._typing.start)
        self.previous.clicked.connect(lambda: self._step(-1))
        self.next.clicked.connect(lambda: self._step(1))
        close.clicked.connect(self.close_bar)
        self.hide()

    def open_bar(self) -> None:
        self.show()
        self.opened.emit()
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.edit.selectAll()
        self._typing.start()

    def close_bar(self) -> None:
        """Hide it; what was typed is still there the next time."""
        self._typing.stop()
        self.hide()
        self.text_changed.emit("")
        self.closed.emit()

    def step(self, direction: int) -> None:
        """Go to the next or previous place; opens the bar first where it is closed."""
        if self.isHidden():
            self.open_bar()
        self._step(direction)

    def show_count(self, position: int, total: int, *, is_complete: bool, problem: str = "") -> None:
        """position: from 1, 0 where none is selected."""
        more = "" if is_complete else "+"
        if problem:
            self.count.say(problem, "error")
        elif not self.edit.text():
            self.count.say("", "dim")
        elif not total:
            self.count.say("none" if is_complete else "…", "dim" if not is_complete else "warning")
        else:
            place = f"{position:,} of " if position else ""
            self.count.say(f"{place}{total:,}{more}", "dim")
        for button in (self.previous, self.next):
            button.setEnabled(bool(total))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_bar()
        elif event.key() in _NEXT_KEYS:
            self._step(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        else:
            super().keyPressEvent(event)

    def _step(self, direction: int) -> None:
        if self._typing.isActive():  # what was typed last counts
            self._typing.stop()
            self.text_changed.emit(self.edit.text())
        self.step_requested.emit(direction)


def _tool(icon_name: str, object_name: str, spoken: str, tooltip: str) -> QToolButton:
    button = named(QToolButton(), object_name, spoken)
    button.setAutoRaise(True)
    button.setIcon(icon(icon_name))
    set_plain_tooltip(button, tooltip)
    return button
