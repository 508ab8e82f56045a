"""TwoLevelModel, the base of trees of groups with rows."""

from typing import Any, Final

from PySide6.QtCore import QAbstractItemModel, QModelIndex

from lambdadesk.ui.models.rows import Index

_ROOT: Final = QModelIndex()


class TwoLevelModel(QAbstractItemModel):
    """Tells where each index belongs: its internal id is 0 for a group, else 1 + the row of its group."""

    def index(self, row: int, column: int, parent: Index = _ROOT) -> QModelIndex:
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else 0)

    def parent(self, index: Index = _ROOT) -> Any:  # Qt has another `parent`, without an index
        if not index.isValid() or not index.internalId():
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, 0)
