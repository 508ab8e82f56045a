"""The table of functions: how wide its columns are, what is painted in them, and which rows are in sight."""

from typing import Final

from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QTableView

from lambdadesk.ui.models.function_table import PLACES, SHOWN, FunctionTableModel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.tables import make_table

# A long text for each column; the others are as wide as their header.
_WIDTHS: Final = {
    "name": "orders-clickstream-aggregator",
    "lamps": "mmmm",
    "connection": "● production-admin",
    "region": "ap-northeast-1 m",
    "runtime": "provided.al2023",
    "architecture": "x86_64",
    "memory": "10,240 MB m",
    "timeout": "15 min",
    "storage": "10,240 MB m",
    "change": "12 months ago m",
    "account": "123456789012",
    "tags": "team=core, environment=production",
    "triggers": "sqs, eventbridge",
    "invocations": "1,234,567",
    "errors": "12,345",
    "p95": "812 ms",
    "cost": "≈ $0.012345 m",
    "hours": "mmmmmmmmmm",
}


def make_function_table(model: FunctionTableModel) -> QTableView:
    """The table, sorted by name, without what `paint_cells` adds."""
    samples = [_WIDTHS.get(column.key, "") for column in SHOWN]
    return named(make_table(model, samples, stretch=None, sort_by=0), "functionTable", "Functions")


def paint_cells(table: QTableView, model: FunctionTableModel) -> None:
    """Paint lamps and bars from now on."""
    from lambdadesk.ui.widgets.function_cells import HoursCell, LampsCell  # not needed for the first frame

    table.setItemDelegateForColumn(PLACES["lamps"], LampsCell(model, table))
    table.setItemDelegateForColumn(PLACES["hours"], HoursCell(model, table))


def select_row(table: QTableView, row: int) -> None:
    """Make it the current row, and bring it into sight."""
    index = table.model().index(row, 0)
    table.selectionModel().setCurrentIndex(
        index,
        QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
    )
    table.scrollTo(index)


def get_rows_in_sight(table: QTableView) -> range:
    """The rows that can be seen; none while the table is hidden or its window minimized."""
    count = table.model().rowCount()
    if not (table.isVisible() and count) or table.window().isMinimized():
        return range(0)
    room = table.viewport().rect()
    last = table.rowAt(room.bottom())
    return range(max(0, table.rowAt(room.top())), (last if last >= 0 else count - 1) + 1)
