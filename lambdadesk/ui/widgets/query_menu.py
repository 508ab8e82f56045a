"""QueryMenu, the queries that come with LambdaDesk, and those that were saved."""

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from lambdadesk.core.text import one_line
from lambdadesk.core.written_queries import WRITTEN
from lambdadesk.desk.query_book import QueryBook
from lambdadesk.ui.icons import icon


class QueryMenu(QMenu):
    """Made anew each time it is opened.

    Signals:
        written_chosen(WrittenQuery), saved_chosen(str): a saved one's text.
        save_requested(): the query at hand is to be saved.
    """

    written_chosen = Signal(object)
    saved_chosen = Signal(str)
    save_requested = Signal()

    def __init__(self, book: QueryBook, parent: QWidget) -> None:
        super().__init__(parent)
        self._book = book
        self.can_save = True
        self._deletes = QMenu("Delete", self)  # a menu that is cleared keeps its submenus alive

    def fill(self) -> None:
        book = self._book
        self.clear()
        for written in WRITTEN:
            self.addAction(written.title, partial(self.written_chosen.emit, written))
        self.addSeparator()
        for name, text in book.saved:
            self.addAction(icon("star"), _escape(name), partial(self.saved_chosen.emit, text))
        self.addAction("Save this query…", self.save_requested.emit).setEnabled(self.can_save)
        if book.saved:
            self.addMenu(self._deletes)
            self._deletes.clear()
            for name, _text in book.saved:
                self._deletes.addAction(_escape(name), partial(book.delete, name))


def _escape(text: str) -> str:
    """For a menu, which takes & for a shortcut."""
    return one_line(text, 80).replace("&", "&&")
