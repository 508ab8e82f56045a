"""LayoutMemory: the places and sizes that survive a restart."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QHeaderView, QMainWindow, QSplitter, QTableView, QTreeView, QWidget

from lambdadesk.store.settings import Settings

# Views on pages, whose columns are kept.
_VIEWS: Final = ("triggerTable", "configurationView", "monthTable")


class LayoutMemory:
    """Keeps window geometry, splitters and the headers of tables and trees in the settings, by objectName."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def restore_window(self, window: QMainWindow, splitter: QSplitter, tables: Sequence[QTableView]) -> None:
        if self.settings.window_geometry:
            window.restoreGeometry(QByteArray(self.settings.window_geometry))
        self._restore_splitter(splitter)  # the only one there is; to look for others takes 4 ms
        for table in tables:
            self._restore_header(table.objectName(), table.horizontalHeader())

    def restore_page(self, widget: QWidget) -> None:
        """A page that was just built."""
        for splitter in widget.findChildren(QSplitter):
            self._restore_splitter(splitter)
        for name, header in _find_headers(widget):
            self._restore_header(name, header)

    def keep_window(self, window: QMainWindow, tables: Sequence[QTableView]) -> None:
        self.settings.window_geometry = bytes(window.saveGeometry().data())
        self._keep_headers([(table.objectName(), table.horizontalHeader()) for table in tables])
        self.keep_page(window)

    def keep_page(self, widget: QWidget) -> None:
        saved = dict(self.settings.splitters)
        for splitter in widget.findChildren(QSplitter):
            if splitter.objectName():
                saved[splitter.objectName()] = bytes(splitter.saveState().data())
        self.settings.splitters = saved
        self._keep_headers(_find_headers(widget))

    def _restore_splitter(self, splitter: QSplitter) -> None:
        if state := self.settings.splitters.get(splitter.objectName()):
            splitter.restoreState(QByteArray(state))

    def _restore_header(self, name: str, header: QHeaderView) -> None:
        if state := self.settings.table_headers.get(_key(name, header)):
            header.restoreState(QByteArray(state))

    def _keep_headers(self, headers: Sequence[tuple[str, QHeaderView]]) -> None:
        kept = {_key(name, header): bytes(header.saveState().data()) for name, header in headers}
        self.settings.table_headers = {**self.settings.table_headers, **kept}


def _key(name: str, header: QHeaderView) -> str:
    """Widths are of columns that are there: with more or fewer of them they would be another column's."""
    return f"{name}/{header.count()}"


def _find_headers(widget: QWidget) -> list[tuple[str, QHeaderView]]:
    found: list[tuple[str, QHeaderView]] = []
    for name in _VIEWS:
        found += [(name, table.horizontalHeader()) for table in widget.findChildren(QTableView, name)]
        found += [(name, tree.header()) for tree in widget.findChildren(QTreeView, name)]
    return found
