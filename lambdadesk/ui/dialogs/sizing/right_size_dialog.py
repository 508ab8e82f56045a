"""RightSizeDialog: which functions have more memory than they need, or too little."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from lambdadesk.desk.console import Console
from lambdadesk.desk.right_size import RightSizes
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.right_size_table import (
    PLACE_COLUMNS,
    RIGHT_SIZE_SAMPLES,
    SAVING_COLUMN,
    RightSizeModel,
)
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.screen_room import resize_within
from lambdadesk.ui.widgets.tables import make_table

if TYPE_CHECKING:
    from lambdadesk.desk.right_size import RightSizeRow

_WIDTH_PX, _HEIGHT_PX = 1080, 560
_ABOUT = (
    "By the REPORT lines that were read here, now and earlier. What a size may save over that time is a "
    "model: from nothing, where code waits for the CPU, to all of the memory. A power sweep measures it."
)


class RightSizeDialog(QDialog):
    """Shown beside the window with `open()`; its owner awaits `close_tabs` once it is closed.

    Signals:
        sizing_requested(str, str): Sizing of a function is wanted: its `Target.key` and name.
    """

    sizing_requested = Signal(str, str)
    closed = Signal()

    def __init__(self, console: Console, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rightSizeDialog")
        self.setWindowTitle("Right-size all functions")
        self.setAccessibleName("Right-size all functions")
        self._console = console
        self.scope = TaskScope(console.failed.emit)
        self.found = RightSizes()
        self.model = RightSizeModel(self)
        table = make_table(self.model, RIGHT_SIZE_SAMPLES, stretch=0, sort_by=SAVING_COLUMN)
        self.table = named(table, "rightSizeTable", "Functions and the memory that they used")
        self.table.selectionModel().currentRowChanged.connect(lambda *_rows: self._show_row())
        self.table.activated.connect(lambda _index: self._ask())
        self.state = StateView()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.table)
        self.stack.addWidget(self.state)
        self.status = named(ToneLabel("dim"), "rightSizeStatus", "State")
        self.notes = named(ToneLabel("text"), "rightSizeNotes", "About the selected function")
        self.about = named(ToneLabel("dim"), "rightSizeAbout", "How it was worked out")
        self.about.say(_ABOUT, "dim")
        self.refresh_button = named(
            QPushButton(icon("refresh"), "Refresh"), "rightSizeRefresh", "Look at all functions anew"
        )
        self.refresh_button.clicked.connect(self.refresh)
        self.sizing_button = named(
            QPushButton("Sizing…"), "rightSizeSizing", "Sizing of the selected function"
        )
        self.sizing_button.clicked.connect(self._ask)
        close = named(QPushButton("Close"), "rightSizeClose", "Close")
        close.clicked.connect(self.close)
        for button in (self.refresh_button, self.sizing_button, close):
            button.setAutoDefault(False)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        row.addWidget(self.status, 1)
        row.addWidget(self.refresh_button)
        foot = QHBoxLayout()
        foot.setSpacing(theme.SPACE)
        foot.addWidget(self.notes, 1)
        foot.addWidget(self.sizing_button)
        foot.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(row)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.about)
        layout.addLayout(foot)
        resize_within(self, _WIDTH_PX, _HEIGHT_PX)
        self.setMinimumSize(620, 400)
        self.found.changed.connect(self._show)
        self.finished.connect(self.closed)
        self.table.setFocus()
        self.refresh()

    def open(self) -> None:
        """Show it; unlike QDialog's own, this does not keep the window from being used."""
        self.show()

    async def close_tabs(self) -> None:
        await self.scope.close()

    def refresh(self) -> None:
        """Look at all functions anew."""
        self.scope.start("right-size", self._refresh)

    async def _refresh(self) -> None:
        self.status.say("Reading what is known of the functions' runs…", "dim")
        self.state.show_loading("the headroom of all functions")
        if not self.model.rowCount():
            self.stack.setCurrentWidget(self.state)
        self.refresh_button.setEnabled(False)
        connections = list(self._console.shown.values())
        try:
            await self.found.run(connections)
        finally:
            self.refresh_button.setEnabled(True)
        for column in PLACE_COLUMNS:
            self.table.setColumnHidden(column, len(connections) < 2)
        self._show()
        announce(self.status, self.status.text())

    def _show(self) -> None:
        found = self.found
        self.model.set_rows(found.rows)
        is_done = found.done >= found.wanted
        count = len(found.rows)
        text = f"{count:,} function{'s' * (count != 1)}"
        if not is_done:
            text = f"{found.done:,} of {found.wanted:,} functions…"
        if found.unseen:
            text += f"; of {found.unseen:,} more no run is known yet"
        self.status.say(text, "dim")
        if not found.rows and is_done:
            self.state.show_empty(
                "No run is known yet",
                "Runs are taken from the logs that are read: open a function, or show the Cost page, which "
                "reads the logs of all.",
            )
        self.stack.setCurrentWidget(self.table if found.rows else self.state)
        if found.rows and not self.table.selectionModel().hasSelection():
            self.table.selectRow(0)
        self._show_row()

    def _row(self) -> "RightSizeRow | None":
        index = self.table.currentIndex()
        return self.model.row_at(index.row()) if index.isValid() else None

    def _show_row(self) -> None:
        row = self._row()
        self.sizing_button.setEnabled(row is not None)
        self.notes.say("" if row is None else _tell(row), "text")

    def _ask(self) -> None:
        row = self._row()
        if row is not None:
            self.sizing_requested.emit(*row.key)

    def keyPressEvent(self, event: object) -> None:
        key = event.key()  # type: ignore[attr-defined]  # a QKeyEvent
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.table.hasFocus():
            self._ask()
            return
        super().keyPressEvent(event)  # type: ignore[arg-type]


def _tell(row: "RightSizeRow") -> str:
    found = row.found.headroom
    begin = f"{row.found.function.name}: {found.verdict.value}."
    if found.suggested_mb is not None and found.suggested_mb != found.memory_mb:
        begin = f"{row.found.function.name}: {found.verdict.value}, {found.suggested_mb:,} MB are suggested."
    return " ".join([begin, *found.notes])
