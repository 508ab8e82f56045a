"""RecentRuns: the runs of a function that were made here, newest first."""

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui.models.history_table import WIDTH_SAMPLES, HistoryTableModel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.tables import make_table


class RecentRuns(QWidget):
    """The table and its menu.

    Signals:
        chosen(HistoryEntry, bool): a run is to be shown; True: with its payload put back.
    """

    chosen = Signal(object, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = HistoryTableModel(self)
        self.table = named(
            make_table(self.model, WIDTH_SAMPLES, stretch=7), "historyTable", "Invocations made here"
        )
        self.table.activated.connect(lambda index: self.chosen.emit(self.model.entry_at(index.row()), True))
        self.table.clicked.connect(lambda index: self.chosen.emit(self.model.entry_at(index.row()), False))
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._show_menu)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    def add_earlier(self, entries: list[HistoryEntry]) -> None:
        """Show what the history has; what came meanwhile stays."""
        self.model.set_entries([*entries, *self.model.entries()])

    def forget(self, ids: frozenset[int] | None = None) -> None:
        """These were deleted; None: all were."""
        kept = [] if ids is None else [each for each in self.model.entries() if each.id not in ids]
        self.model.set_entries(kept)

    def _show_menu(self, position: QPoint) -> None:
        index = self.table.indexAt(position)
        if not index.isValid():
            return
        entry = self.model.entry_at(index.row())  # by the time of the click, the row may be another's
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for title, action in (
            ("Load payload and result", lambda: self.chosen.emit(entry, True)),
            ("Copy request id", _copier(entry.request_id)),
        ):
            menu.addAction(title).triggered.connect(action)
        menu.popup(self.table.viewport().mapToGlobal(position))


def _copier(text: str) -> Callable[[], None]:
    return lambda: QGuiApplication.clipboard().setText(text)
