"""add_cost_menu, what one can do with the row of a function in a table of costs."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QTableView

from lambdadesk.ui.dialogs.text_dialog import TextDialog
from lambdadesk.ui.widgets.named import named


def add_cost_menu(
    table: QTableView,
    key_at: Callable[[int], tuple[str, str] | None],
    open_function: Callable[[str, str], object],
    size_function: Callable[[str, str, bool], object],
    explain: Callable[[int], str],
) -> None:
    """Give a table a menu. key_at: the function of a row, None where it is none that one can open.

    size_function: shows what if, or a power sweep where the last argument is True. explain: the arithmetic
    of a row's cost, empty where it is not known.
    """
    menu = named(QMenu(table), f"{table.objectName()}Menu", "Function")

    def show(place: QPoint) -> None:
        index = table.indexAt(place)
        key = key_at(index.row()) if index.isValid() else None
        if key is None:
            return
        menu.clear()
        for title, act in (
            ("Open", partial(open_function, *key)),
            ("What if…", partial(size_function, *key, False)),
            ("Power sweep…", partial(size_function, *key, True)),
        ):
            menu.addAction(title).triggered.connect(lambda _checked=False, act=act: act())
        if text := explain(index.row()):
            action = menu.addAction("How the cost came about…")
            action.triggered.connect(lambda: _show(table, key[1], text))
        menu.popup(table.viewport().mapToGlobal(place))

    table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    table.customContextMenuRequested.connect(show)


def _show(table: QTableView, function: str, text: str) -> None:
    TextDialog(f"What {function} cost", "", text, table.window(), wraps=True).open()
