"""FunctionHeader: which columns the function table shows, in what order, how wide, and sorted by which."""

from functools import partial
from typing import Final

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu, QTableView

from lambdadesk.core.function_columns import COLUMNS
from lambdadesk.store.settings import Settings
from lambdadesk.ui.models.function_table import PLACE_KEYS, PLACES, SHOWN

_NAME: Final = "name"
_SHOWN, _HIDDEN, _AUTOMATIC = "shown", "hidden", "automatic"
_DOWN: Final = "descending"


class FunctionHeader(QObject):
    """Lets the user choose and move columns, and keeps that in the settings, each column by its key.

    So a column that comes with a newer version changes nothing of the others. Where a function is, is shown
    while there is more than one place, unless the user chose otherwise.
    """

    def __init__(self, table: QTableView, settings: Settings) -> None:
        super().__init__(table)
        self._table = table
        self._settings = settings
        self._header = table.horizontalHeader()
        self._usual_px = [self._header.sectionSize(column) for column in range(len(SHOWN))]
        self._chosen: dict[str, bool] = {}  # what the user showed or hid
        self._has_places = False
        self._header.setSectionsMovable(True)
        self._header.setFirstSectionMovable(False)
        self._header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._header.customContextMenuRequested.connect(self._show_menu)
        self._menu = QMenu("Columns", table)
        self._order([column.key for column in COLUMNS])
        self._restore()

    def show_places(self, shown: bool) -> None:
        """Show where each function is, or hide it: a single place is named above the list already."""
        self._has_places = shown
        self._apply()

    def fill_menu(self, menu: QMenu) -> None:
        """Offer all columns, those that are shown ticked."""
        menu.clear()
        for column in COLUMNS:
            action = menu.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(self._is_shown(column.key))
            action.setEnabled(column.key != _NAME)
            action.toggled.connect(partial(self.show_column, column.key))
        menu.addSeparator()
        menu.addAction("Usual columns").triggered.connect(self.reset)

    def show_column(self, key: str, shown: bool) -> None:
        """Show or hide a column from now on."""
        self._chosen[key] = shown
        self._apply()
        self.keep()

    def reset(self) -> None:
        """The usual columns, in their usual order and width."""
        self._chosen.clear()
        self._order([column.key for column in COLUMNS])
        for column, width_px in enumerate(self._usual_px):
            self._header.resizeSection(column, width_px)
        self._apply()
        self.keep()

    def keep(self) -> None:
        """Put what is on the screen into the settings."""
        header = self._header
        kept = []
        for visual in range(len(SHOWN)):
            column = header.logicalIndex(visual)
            key = SHOWN[column].key
            choice = self._chosen.get(key)
            word = _AUTOMATIC if choice is None else _SHOWN if choice else _HIDDEN
            kept.append((key, f"{self._get_width(column)} {word}"))
        self._settings.function_columns = tuple(kept)
        is_down = header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
        key = SHOWN[header.sortIndicatorSection()].key
        self._settings.function_sorting = (key, _DOWN if is_down else "ascending")

    def _get_width(self, column: int) -> int:
        return self._header.sectionSize(column) or self._widths.get(column, self._usual_px[column])

    def _restore(self) -> None:
        self._widths: dict[int, int] = {}  # of what is hidden, which Qt says is 0 wide
        saved = [each for each in self._settings.function_columns if each[0] in PLACES]
        for key, text in saved:
            width, _, choice = text.partition(" ")
            if width.isdecimal() and int(width) >= self._header.minimumSectionSize():
                self._header.resizeSection(PLACES[key], int(width))
                self._widths[PLACES[key]] = int(width)
            if choice in (_SHOWN, _HIDDEN) and key != _NAME:
                self._chosen[key] = choice == _SHOWN
        self._order([key for key, _text in saved])
        self._apply()
        match self._settings.function_sorting:
            case (str(key), str(order)) if key in PLACES:
                is_down = order == _DOWN
                self._table.sortByColumn(
                    PLACES[key], Qt.SortOrder.DescendingOrder if is_down else Qt.SortOrder.AscendingOrder
                )

    def _order(self, keys: list[str]) -> None:
        for visual, key in enumerate(keys):
            self._header.moveSection(self._header.visualIndex(PLACES[key]), visual)

    def _apply(self) -> None:
        for key, column in PLACES.items():
            if self._table.isColumnHidden(column) is self._is_shown(key):
                if self._is_shown(key):
                    self._table.showColumn(column)
                else:
                    self._widths[column] = self._header.sectionSize(column)
                    self._table.hideColumn(column)

    def _is_shown(self, key: str) -> bool:
        usual = self._has_places if key in PLACE_KEYS else SHOWN[PLACES[key]].is_shown
        return self._chosen.get(key, usual)

    def _show_menu(self, place: QPoint) -> None:
        self.fill_menu(self._menu)
        self._menu.popup(self._header.viewport().mapToGlobal(place))
