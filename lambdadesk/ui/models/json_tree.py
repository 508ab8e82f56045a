"""JsonTreeModel: a JSON value as a tree, whose branches are built when they are opened."""

from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, Qt
from PySide6.QtWidgets import QApplication

from lambdadesk.core.json_values import Number, dump_json, path_to
from lambdadesk.core.text import one_line
from lambdadesk.ui import theme
from lambdadesk.ui.models.rows import Index
from lambdadesk.ui.widgets.plain import plain_tooltip

KEY, VALUE = range(2)
_TITLES: Final = ("Key", "Value")
_ROOT: Final = QModelIndex()
_ROLE: Final = Qt.ItemDataRole
_SHOWN_LENGTH: Final = 300  # characters of a value in its cell


@dataclass(slots=True, eq=False)
class _Node:
    key: str | int | None
    value: Any
    parent: "_Node | None"
    row: int
    children: "list[_Node] | None" = None  # None: not looked at yet


class JsonTreeModel(QAbstractItemModel):
    """A value of `load_json`; its own row is the only one at the top, under the name `top_name`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.top_name = "response"
        self._top: _Node | None = None

    def set_value(self, value: Any) -> None:
        self.beginResetModel()
        self._top = _Node(None, value, None, 0)
        self.endResetModel()

    def clear(self) -> None:
        self.beginResetModel()
        self._top = None
        self.endResetModel()

    def path_at(self, index: Index) -> str:
        """Where an element is, as JMESPath and most others write it: "items[2].price"."""
        keys = []
        node = self._node(index)
        while node is not None and node.key is not None:
            keys.append(node.key)
            node = node.parent
        path = ""
        for key in reversed(keys):
            path = path_to(path, key)
        return path

    def text_at(self, index: Index) -> str:
        """The value of an element: a string as it is, anything else as JSON."""
        node = self._node(index)
        if node is None:
            return ""
        value = node.value
        return value if isinstance(value, str) and not isinstance(value, Number) else dump_json(value)

    def index(self, row: int, column: int, parent: Index = _ROOT) -> QModelIndex:
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        node = self._node(parent)
        return self.createIndex(row, column, self._top if node is None else self._children(node)[row])

    def parent(self, index: Index = _ROOT) -> QModelIndex:  # type: ignore[override]  # QObject.parent, too
        node = self._node(index)
        if node is None or node.parent is None:
            return QModelIndex()
        return self.createIndex(node.parent.row, KEY, node.parent)

    def rowCount(self, parent: Index = _ROOT) -> int:
        if parent.column() > KEY:
            return 0
        node = self._node(parent)
        if node is None:
            return 0 if self._top is None else 1
        return len(node.value) if isinstance(node.value, dict | list) else 0

    def columnCount(self, parent: Index = _ROOT) -> int:
        return len(_TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == _ROLE.DisplayRole:
            return _TITLES[section]
        return None

    def data(self, index: Index, role: int = _ROLE.DisplayRole) -> Any:
        node = self._node(index)
        if node is None:
            return None
        if role == _ROLE.DisplayRole:
            return self._key(node) if index.column() == KEY else _value(node.value)
        if role == _ROLE.ToolTipRole and index.column() == VALUE and isinstance(node.value, str):
            return plain_tooltip(one_line(node.value, 2_000))
        if role == _ROLE.ForegroundRole:
            colours = theme.colours(QApplication.palette())
            if index.column() == KEY:
                return colours.key if isinstance(node.key, str) else colours.dim
            return getattr(colours, _tone(node.value))
        return None

    def _node(self, index: Index) -> _Node | None:
        return index.internalPointer() if index.isValid() else None

    def _key(self, node: _Node) -> str:
        if node.key is None:
            return self.top_name
        return f"[{node.key}]" if isinstance(node.key, int) else one_line(node.key, _SHOWN_LENGTH)

    @staticmethod
    def _children(node: _Node) -> list[_Node]:
        if node.children is None:
            value = node.value
            items = value.items() if isinstance(value, dict) else enumerate(value)
            node.children = [_Node(key, each, node, row) for row, (key, each) in enumerate(items)]
        return node.children


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {len(value):,} {'key' if len(value) == 1 else 'keys'} }}" if value else "{ }"
    if isinstance(value, list):
        return f"[ {len(value):,} {'element' if len(value) == 1 else 'elements'} ]" if value else "[ ]"
    if isinstance(value, str) and not isinstance(value, Number):
        return f'"{one_line(value, _SHOWN_LENGTH)}"'
    return one_line(dump_json(value), _SHOWN_LENGTH)


def _tone(value: Any) -> str:
    if isinstance(value, dict | list):
        return "dim"
    if isinstance(value, Number):
        return "number"
    return "string" if isinstance(value, str) else "keyword"
