"""make_table, the look and behaviour that all tables of rows share; menu_at_current, that of their menus."""

from collections.abc import Sequence

from PySide6.QtCore import QAbstractItemModel, QEvent, QObject, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from lambdadesk.ui import theme

_ARROW_PX = 18  # the sort arrow beside a header's text
_SQUEEZED, _ENOUGH = 6, 20  # characters: of any column at least, and of a text to be told by


def make_table(
    model: QAbstractItemModel, samples: Sequence[str], *, stretch: int | None, sort_by: int | None = None
) -> QTableView:
    """A table of whole rows with fixed height and no grid.

    samples: a long text for each column, which gives its width (never less than its header needs); the column
    `stretch` takes what room is left, but as much as its sample needs, up to 20 characters (None: no column
    does): what does not fit is scrolled. sort_by: the column it is sorted by at first, None: not sortable.
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
    columns.setMinimumSectionSize(table.fontMetrics().averageCharWidth() * _SQUEEZED)
    if stretch is not None:
        _Stretch(table, stretch, samples[stretch] if stretch < len(samples) else "")
    menu_at_current(table)
    return table


def menu_at_current(view: QAbstractItemView) -> None:
    """Let the Menu key ask for the menu of the current row. Qt asks for that of whatever is in the middle."""
    view.installEventFilter(_KeyedMenu(view))


class _KeyedMenu(QObject):
    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._view = view

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QContextMenuEvent) and event.reason() is QContextMenuEvent.Reason.Keyboard:
            view = self._view
            if (index := view.currentIndex()).isValid():
                view.scrollTo(index)
                view.customContextMenuRequested.emit(view.visualRect(index).center())
                return True
        return super().eventFilter(watched, event)


class _Stretch(QObject):
    """Gives a column the room that the others leave. Qt's own Stretch has one minimum for all columns."""

    def __init__(self, table: QTableView, column: int, sample: str) -> None:
        super().__init__(table)
        self._table, self._column = table, column
        self._least_px = table.fontMetrics().horizontalAdvance(sample[:_ENOUGH]) + 2 * theme.SPACE
        table.viewport().installEventFilter(self)
        table.horizontalHeader().sectionResized.connect(self._on_resized)  # or hidden, or shown
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._fit()
        return super().eventFilter(watched, event)

    def _on_resized(self, column: int, _before: int, _now: int) -> None:
        if column != self._column:
            self._fit()

    def _fit(self) -> None:
        columns, own = self._table.horizontalHeader(), self._column
        if own >= columns.count():
            return
        fixed = QHeaderView.ResizeMode.Fixed
        if columns.sectionResizeMode(own) is not fixed:  # by a state that was kept
            columns.setSectionResizeMode(own, fixed)
        others = sum(columns.sectionSize(each) for each in range(columns.count()) if each != own)
        columns.resizeSection(
            own, max(self._least_px, columns.minimumSectionSize(), self._table.viewport().width() - others)
        )
