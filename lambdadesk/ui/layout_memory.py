"""LayoutMemory: the places and sizes that survive a restart."""

from collections.abc import Sequence

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QMainWindow, QSplitter, QTableView, QWidget

from lambdadesk.store.settings import Settings


class LayoutMemory:
    """Keeps window geometry, splitters and table headers in the settings, by objectName."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def restore_window(self, window: QMainWindow, splitter: QSplitter, tables: Sequence[QTableView]) -> None:
        if self.settings.window_geometry:
            window.restoreGeometry(QByteArray(self.settings.window_geometry))
        self._restore_splitter(splitter)  # the only one there is; to look for others takes 4 ms
        saved = self.settings.table_headers
        for table in tables:
            if state := saved.get(table.objectName()):
                table.horizontalHeader().restoreState(QByteArray(state))

    def restore_splitters(self, widget: QWidget) -> None:
        for splitter in widget.findChildren(QSplitter):
            self._restore_splitter(splitter)

    def _restore_splitter(self, splitter: QSplitter) -> None:
        if state := self.settings.splitters.get(splitter.objectName()):
            splitter.restoreState(QByteArray(state))

    def keep_window(self, window: QMainWindow, tables: Sequence[QTableView]) -> None:
        self.settings.window_geometry = bytes(window.saveGeometry().data())
        self.keep_splitters(window)
        self.settings.table_headers = {
            table.objectName(): bytes(table.horizontalHeader().saveState().data()) for table in tables
        }

    def keep_splitters(self, widget: QWidget) -> None:
        saved = dict(self.settings.splitters)
        for splitter in widget.findChildren(QSplitter):
            if splitter.objectName():
                saved[splitter.objectName()] = bytes(splitter.saveState().data())
        self.settings.splitters = saved
