"""Frame: how the Connections dialog is laid out."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.desk.connections import Connections
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.dialogs.connections.connection_list import ConnectionList
from lambdadesk.ui.dialogs.connections.editor import ConnectionEditor
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.ask_bar import AskBar
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import NoticeBar, announce


class Frame:
    """The list on the left, the form on the right, what happens to it below."""

    def __init__(self, dialog: QDialog, connections: Connections, scope: TaskScope) -> None:
        self.notices = named(NoticeBar(), "connectionNotices", "Notices")
        self.asks = named(AskBar(), "askBar", "Question")
        self.list = ConnectionList()
        self.editor = ConnectionEditor(connections, scope)
        self.add = _button("&Add", "addConnection", "Add a connection")
        self.import_ = _button("I&mport", "importKey", "Import an access key")
        self.duplicate = _button("Du&plicate", "duplicateConnection", "Duplicate the connection")
        self.delete = _button("&Delete", "deleteConnection", "Delete the connection")
        self.test = _button("&Test", "connectionTest", "Test the connection")
        self.stop = _button("Stop", "connectionStop", "Stop")
        self.stop.setIcon(icon("stop"))
        self.save = _button("&Save", "connectionSave", "Save the connection")
        self.save.setDefault(True)  # for its looks: Enter saves nothing, see ConnectionsDialog
        self.save_and_open = _button("Save and &open", "connectionSaveOpen", "Save and open the connection")
        self._progress = named(ToneLabel("dim"), "connectionProgress", "Progress")
        self._outcome = named(ToneLabel("error"), "connectionProblem", "What is wrong")
        self._pages = QStackedWidget()
        self._pages.addWidget(self._build_form())
        self._pages.addWidget(_local_page())
        splitter = named(QSplitter(Qt.Orientation.Horizontal), "connectionsSplitter")
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._build_list())
        splitter.addWidget(self._pages)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([250, 650])
        column = QVBoxLayout(dialog)
        column.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        column.setSpacing(theme.SPACE)
        column.addWidget(self.notices)
        column.addWidget(self.asks)
        column.addWidget(splitter, 1)
        self.say_running("")
        self.say("")

    def show_local(self, is_local: bool) -> None:
        """Show the page of the Local AWS in place of the form, or the form again."""
        self._pages.setCurrentIndex(int(is_local))

    def say(self, text: str, tone: str = "dim") -> None:
        """Show what is wrong, or how it went, above the buttons; empty takes it away."""
        self._outcome.say(text, tone)
        self._outcome.setVisible(bool(text))
        if text:
            announce(self._outcome, text, is_urgent=tone == "error")

    def say_running(self, text: str) -> None:
        """Show what goes on, with a Stop button; empty: nothing does."""
        self._progress.say(text, "dim")
        for widget in (self._progress, self.stop):
            widget.setVisible(bool(text))
        for button in (self.test, self.save, self.save_and_open):
            button.setEnabled(not text)
        if text:
            announce(self._progress, text)

    def _build_list(self) -> QWidget:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, theme.SPACE, 0)
        column.setSpacing(theme.SPACE)
        column.addWidget(self.list, 1)
        buttons = QGridLayout()
        buttons.setSpacing(theme.SPACE)
        for number, button in enumerate((self.add, self.import_, self.duplicate, self.delete)):
            buttons.addWidget(button, number // 2, number % 2)
        column.addLayout(buttons)
        return side

    def _build_form(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(theme.SPACE, 0, 0, 0)
        column.setSpacing(theme.SPACE)
        column.addWidget(self.editor, 1)
        column.addWidget(self._outcome)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        row.addWidget(self.test)
        row.addWidget(self.stop)
        row.addWidget(self._progress, 1)
        row.addStretch(0)
        row.addWidget(self.save_and_open)
        row.addWidget(self.save)
        column.addLayout(row)
        return page


def _button(text: str, object_name: str, name: str) -> QPushButton:
    button = named(QPushButton(text), object_name, name)
    button.setAutoDefault(False)
    return button


def _local_page() -> StateView:
    page = named(StateView(), "localPage")
    page.show_empty(
        "The Local AWS runs on this machine",
        "It needs no credentials, and nothing about it can be set. Start it from the Local menu.",
    )
    return page
