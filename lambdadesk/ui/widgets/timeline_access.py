"""What a screen reader finds in a TimelineView: a list with an item for each execution environment."""

from functools import cache
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget

if TYPE_CHECKING:
    from lambdadesk.ui.widgets.timeline_view import TimelineView


@cache
def install_accessibility() -> None:
    QAccessible.installFactory(_accessible)


def _accessible(_key: str, thing: QObject) -> QAccessibleInterface | None:
    from lambdadesk.ui.widgets.timeline_view import TimelineView

    if not isinstance(thing, TimelineView):
        return None
    interface = _Lanes(thing)
    # Qt owns the C++ half only: the Python half must live as long as the widget.
    thing.accessible = interface
    return interface


class _Lanes(QAccessibleWidget):
    def __init__(self, view: "TimelineView") -> None:
        super().__init__(view, QAccessible.Role.List, view.accessibleName())
        self.view = view
        self._items: dict[int, _LaneItem] = {}

    def childCount(self) -> int:
        return len(self.view.timeline.lanes)

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        if not 0 <= index < self.childCount():
            return None
        item = self._items.get(index)
        if item is None:
            item = self._items[index] = _LaneItem(self, index)
            QAccessible.registerAccessibleInterface(item)
        return item

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return child.index if isinstance(child, _LaneItem) else -1


class _LaneItem(QAccessibleInterface):
    """One lane, by its place in the list."""

    def __init__(self, lanes: _Lanes, index: int) -> None:
        super().__init__()
        self._lanes = lanes
        self.index = index

    def isValid(self) -> bool:
        return self.index < self._lanes.childCount()

    def object(self) -> Any:
        return None

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    def text(self, kind: QAccessible.Text) -> str:
        if kind != QAccessible.Text.Name or not self.isValid():
            return ""
        return self._lanes.view.lane_text(self.index).replace("\n", ", ")

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        pass

    def state(self) -> QAccessible.State:
        return QAccessible.State()

    def rect(self) -> QRect:
        if not self.isValid():
            return QRect()
        view = self._lanes.view
        place = view.lane_rect(self.index).toRect()
        return QRect(view.viewport().mapToGlobal(place.topLeft()), place.size())

    def parent(self) -> QAccessibleInterface:
        return QAccessible.queryAccessibleInterface(self._lanes.view)

    def childCount(self) -> int:
        return 0

    def child(self, index: int) -> Any:
        return None

    def childAt(self, x: int, y: int) -> Any:
        return None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return -1
