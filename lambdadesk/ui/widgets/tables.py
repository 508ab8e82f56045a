"""make_table, the look and behaviour that all tables of rows share."""

from collections.abc import Sequence

from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from lambdadesk.ui import theme

_ARROW_PX = 18  # the sort arrow beside a header's text


def make_table(
    model: QAbstractItemModel, samples: Sequence[str], *, stretch: int | None, sort_by: int | None = None
) -> QTableView:
    """A table of whole rows with fixed height and no grid.

    samples: a long text for each column, which gives its width (never less than its header needs); the column
    `stretch` takes what room is left (None: they are scrolled). sort_by: the column it is sorted by at
    first, None: not sortable.
    """
    table = QTableView()
    table.setModel(model)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    rows = table.verticalHeader()
    rows.hide()
    rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    rows.setDefaultSectionSize(table.fontMetrics().height() + theme.ROW_PADDING)
    columns = table.horizontalHeader()
    columns.setHighlightSections(False)
    if sort_by is not None:
        table.setSortingEnabled(True)
        order = Qt.SortOrder.AscendingOrder if sort_by == 0 else Qt.SortOrder.DescendingOrder
        table.sortByColumn(sort_by, order)
    for column, sample in enumerate(samples):
        text_px = table.fontMetrics().horizontalAdvance(sample) + 2 * theme.SPACE
        bold = columns.font()
        bold.setWeight(bold.Weight.DemiBold)
        title = str(model.headerData(column, Qt.Orientation.Horizontal))
        columns.setFont(bold)
        title_px = (
            columns.fontMetrics().horizontalAdvance(title)
            + 2 * theme.SPACE
            + (_ARROW_PX if column == sort_by else 0)
        )
        columns.resizeSection(column, max(text_px, title_px))
    columns.setMinimumSectionSize(table.fontMetrics().averageCharWidth() * 6)
    if stretch is not None:
        columns.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
    return table
