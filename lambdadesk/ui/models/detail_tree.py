"""DetailTreeModel: groups of settings with their rows, environment values masked until asked for."""

from typing import Any, Final

from PySide6.QtCore import QModelIndex, QObject, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication

from lambdadesk.core.details import NONE, DetailGroup, DetailRow
from lambdadesk.core.secret import Secret
from lambdadesk.core.text import one_line
from lambdadesk.ui import icons, theme
from lambdadesk.ui.models.rows import Index
from lambdadesk.ui.models.two_levels import TwoLevelModel
from lambdadesk.ui.widgets.plain import plain_tooltip

NAME, VALUE = range(2)
_TITLES: Final = ("Setting", "Value")
_ROOT: Final = QModelIndex()
_ROLE: Final = Qt.ItemDataRole
_UNKNOWN: Final = "not known"


class DetailTreeModel(TwoLevelModel):
    """Groups at the top, their rows below; what is filtered out is not in the model.

    The filter looks at what can be seen: a masked value is not found by its text.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._groups: tuple[DetailGroup, ...] = ()
        self._shown: list[DetailGroup] = []
        self._words: list[str] = []
        self._shows_values = False
        self._bold = QFont()
        self._bold.setWeight(QFont.Weight.DemiBold)

    def set_groups(self, groups: tuple[DetailGroup, ...]) -> bool:
        """Show these. False: only values have changed, so that the view needs no care."""
        self._groups = groups
        return self._refresh()

    def set_filter(self, text: str) -> bool:
        """Show only rows whose group, name or visible value has every word, in any case."""
        self._words = text.casefold().split()
        return self._refresh()

    def set_values_shown(self, shown: bool) -> bool:
        """Show the values of the environment, or mask them again."""
        self._shows_values = shown
        return self._refresh()

    def row_at(self, index: Index) -> DetailRow | None:
        """The row of an index; None: a group, or nothing."""
        if not index.isValid() or not index.internalId():
            return None
        return self._shown[index.internalId() - 1].rows[index.row()]

    def value_of(self, row: DetailRow) -> str:
        """The value as it may be seen now."""
        if isinstance(row.value, Secret):
            return row.value.reveal() if self._shows_values else Secret.MASK
        return row.value

    def is_masked(self, row: DetailRow) -> bool:
        return row.is_secret and not self._shows_values

    def key_of(self, index: Index) -> tuple[str, str]:
        """What an index is found again by: its group and its name; empty for no index."""
        if not index.isValid():
            return "", ""
        row = self.row_at(index)
        group = self._shown[index.internalId() - 1 if row else index.row()]
        return group.title, row.name if row else ""

    def find(self, key: tuple[str, str]) -> QModelIndex:
        """The index of a key, an invalid one where there is none."""
        for number, group in enumerate(self._shown):
            if group.title != key[0]:
                continue
            if not key[1]:
                return self.index(number, NAME)
            for place, row in enumerate(group.rows):
                if row.name == key[1]:
                    return self.index(place, NAME, self.index(number, NAME))
        return QModelIndex()

    def rowCount(self, parent: Index = _ROOT) -> int:
        if not parent.isValid():
            return len(self._shown)
        is_group = not parent.internalId() and parent.column() == NAME
        return len(self._shown[parent.row()].rows) if is_group else 0

    def columnCount(self, parent: Index = _ROOT) -> int:
        return len(_TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == _ROLE.DisplayRole:
            return _TITLES[section]
        return None

    def data(self, index: Index, role: int = _ROLE.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.row_at(index)
        if row is None:
            return self._group_data(self._shown[index.row()], index.column(), role)
        text = row.name if index.column() == NAME else self.value_of(row)
        if role == _ROLE.DisplayRole:
            return one_line(text)
        if role == _ROLE.AccessibleTextRole:
            return one_line("masked" if index.column() == VALUE and self.is_masked(row) else text)
        if role == _ROLE.ToolTipRole and index.column() == VALUE:
            return plain_tooltip("\n".join(part for part in (one_line(text, 600), row.hint) if part))
        if role == _ROLE.ForegroundRole and (index.column() == NAME or _is_nothing(row)):
            return theme.colours(QApplication.palette()).dim
        if role == _ROLE.DecorationRole and index.column() == VALUE and row.hint:
            return icons.icon("info", "dim")
        return None

    def _group_data(self, group: DetailGroup, column: int, role: int) -> Any:
        if column != NAME:
            return None
        if role in (_ROLE.DisplayRole, _ROLE.AccessibleTextRole):
            return group.title
        return self._bold if role == _ROLE.FontRole else None

    def _refresh(self) -> bool:
        shown = [filtered for group in self._groups if (filtered := self._filtered(group)).rows]
        if _structure(shown) != _structure(self._shown):
            self.beginResetModel()
            self._shown = shown
            self.endResetModel()
            return True
        self._shown = shown
        for number, group in enumerate(shown):
            parent = self.index(number, NAME)
            self.dataChanged.emit(self.index(0, NAME, parent), self.index(len(group.rows) - 1, VALUE, parent))
        return False

    def _filtered(self, group: DetailGroup) -> DetailGroup:
        if not self._words:
            return group
        found = [row for row in group.rows if self._matches(group, row)]
        return DetailGroup(group.title, tuple(found))

    def _matches(self, group: DetailGroup, row: DetailRow) -> bool:
        text = f"{group.title}\n{row.name}\n{self.value_of(row)}".casefold()
        return all(word in text for word in self._words)


def _structure(groups: list[DetailGroup]) -> list[tuple[str, list[str]]]:
    return [(group.title, [row.name for row in group.rows]) for group in groups]


def _is_nothing(row: DetailRow) -> bool:
    return not isinstance(row.value, Secret) and (row.value == NONE or row.value.startswith(_UNKNOWN))
