"""FunctionsPanel: the functions of the connection, filtered as one types."""

import time
from collections.abc import Callable

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import FunctionInfo
from lambdadesk.desk.catalog import Catalog, CatalogState
from lambdadesk.ui import theme
from lambdadesk.ui.models.function_table import FunctionTableModel
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.filter_edit import FilterEdit
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.tables import make_table

AGE_EVERY_MS = 10_000


class FunctionsPanel(QWidget):
    """The list at the left. A failed refresh leaves the rows and says so below them.

    Signals:
        open_requested(FunctionInfo): a row was clicked, or Enter pressed on it or in the filter.
        retry_requested(): Retry was pressed on a failed list.
        cancel_requested(): Cancel was pressed while the list is waited for.
        local_requested(): the Local AWS was asked for where there are no credentials.
    """

    open_requested = Signal(object)
    retry_requested = Signal()
    cancel_requested = Signal()
    local_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state: CatalogState | None = None
        self.keeps: Callable[[str], bool] = lambda _name: False  # whether a deleted function still has a row
        self._disconnect: Callable[[], None] = lambda: None
        self.filter = named(
            _FunctionFilter("Filter by name, runtime or description"),
            "functionFilter",
            "Filter functions",
        )
        self.model = FunctionTableModel(self)
        samples = ("clickstream-aggregator", "python3.12", "10,240 MB", "15 min", "12 months ago")
        self.table = named(
            make_table(self.model, samples, stretch=0, sort_by=0), "functionTable", "Functions"
        )
        self.state = StateView()
        self.foot = named(ToneLabel(), "functionCount", "Number of functions")
        self.retry = named(QPushButton("Retry"), "functionRetry", "Ask for the functions again")
        self.retry.clicked.connect(self.retry_requested)
        self.retry.hide()
        self._stack = QStackedLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.TIGHT, theme.TIGHT)
        layout.setSpacing(theme.SPACE)
        layout.addWidget(self.filter)
        layout.addLayout(self._stack, 1)
        # Only now that it has a parent: it would show its first widget as a window of its own.
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.state)
        foot = QHBoxLayout()
        foot.addWidget(self.foot, 1)
        foot.addWidget(self.retry)
        layout.addLayout(foot)
        self.filter.textChanged.connect(self._on_filter_changed)
        self.filter.opened.connect(self._open_current)
        self.filter.moved.connect(self._move)
        self.table.clicked.connect(self._on_chosen)
        self.table.activated.connect(self._on_chosen)
        self._ager = QTimer(self, interval=AGE_EVERY_MS)
        self._ager.timeout.connect(self._refresh_ages)
        self._ager.start()
        self.show_waiting("the connection")

    def show_catalog(self, catalog: Catalog) -> None:
        """Show the functions of a connection from now on."""
        self._disconnect()
        self._disconnect = catalog.changed.connect(lambda: self.show_state(catalog.state))
        self.show_state(catalog.state)

    def show_state(self, state: CatalogState) -> None:
        """Show a list as it is now."""
        self._state = state
        self.refresh()

    def show_waiting(self, what: str) -> None:
        """Show that there is no connection yet, and what is being waited for."""
        self._disconnect()
        self._state = None
        self.model.set_functions(())
        self.state.show_loading(what)
        self._stack.setCurrentWidget(self.state)
        self.foot.setText("")

    def show_failure(self, error: UserError) -> None:
        """Show why there is no connection."""
        self.show_waiting("")
        self._show_error(error)

    def select(self, name: str) -> None:
        """Mark the row of an opened function, without opening it again."""
        row = self.model.row_of(name)
        if row >= 0:
            index = self.model.index(row, 0)
            self.table.selectionModel().setCurrentIndex(
                index,
                QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
            )
            self.table.scrollTo(index)
        else:
            self.table.clearSelection()  # not to mark a neighbour of what is gone

    def refresh(self) -> None:
        """Show the list anew."""
        state = self._state
        if state is None:
            return
        gone = [function for function in state.gone if self.keeps(function.name)]
        self.model.set_functions(state.functions, gone)
        if self.model.total_count():
            if self.model.rowCount():
                self._stack.setCurrentWidget(self.table)
            else:
                self.state.show_empty(
                    "No function matches the filter", "Change the words, or clear them with Esc."
                )
                self._stack.setCurrentWidget(self.state)
        elif state.error is not None:
            self._show_error(state.error)
        elif state.loading:
            self.state.show_loading("the functions", self.cancel_requested.emit)
            self._stack.setCurrentWidget(self.state)
        else:
            self.state.show_empty(
                "No functions here", "This account has none in this region. Choose another region above."
            )
            self._stack.setCurrentWidget(self.state)
        self._show_foot(state)

    def _show_error(self, error: UserError) -> None:
        local = (
            ("Start the Local AWS", self.local_requested.emit) if error.kind is ErrorKind.EXPIRED else None
        )
        self.state.show_error(error, self.retry_requested.emit, other=local)
        self._stack.setCurrentWidget(self.state)

    def _show_foot(self, state: CatalogState) -> None:
        shown, total = self.model.rowCount(), self.model.total_count()
        text = f"{shown} of {total} functions" if shown != total else f"{total} functions"
        if total == 1:
            text = "1 function"
        failure = state.error if state.functions and not state.loading else None
        if failure is not None:
            text += f" · {failure} Showing what is known."
        elif state.loading:
            text += " · refreshing…"
        if state.loaded_ms is not None and (state.from_cache or state.error):
            text += f" · list of {_age(state.loaded_ms)} ago"
        self.foot.say(text if total else "", "error" if failure else "text")
        self.retry.setVisible(bool(total and failure))

    def _refresh_ages(self) -> None:
        if self._state is not None:
            self._show_foot(self._state)
            self.table.viewport().update()  # "3 min ago" is worked out when it is painted

    def _on_filter_changed(self, text: str) -> None:
        self.model.set_filter(text)
        self.refresh()

    def _move(self, steps: int) -> None:
        rows = self.model.rowCount()
        if rows:
            current = self.table.currentIndex()
            row = min(rows - 1, max(0, current.row() + steps if current.isValid() else 0))
            self.select(self.model.function_at(row).name)

    def _open_current(self) -> None:
        if self.model.rowCount():
            current = self.table.currentIndex()
            self._open(current.row() if current.isValid() else 0)

    def _on_chosen(self, index: QModelIndex) -> None:
        self._open(index.row())

    def _open(self, row: int) -> None:
        function: FunctionInfo = self.model.function_at(row)
        self.open_requested.emit(function)


class _FunctionFilter(FilterEdit):
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


def _age(at_ms: int) -> str:
    seconds = max(0, int(time.time() - at_ms / 1000))
    for unit_s, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit_s:
            return f"{seconds // unit_s} {unit}"
    return f"{seconds} s"
