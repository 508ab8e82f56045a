"""ConnectionList, the connections in the user's order."""

from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from lambdadesk.core.connections import Guard
from lambdadesk.core.text import one_line
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import plain_tooltip

Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()
_DOT_PX = 10
_BADGES = {Guard.PRODUCTION: "PROD", Guard.READ_ONLY: "READ-ONLY"}


@dataclass(frozen=True, slots=True)
class ListRow:
    """One connection as the list shows it. is_movable: it has a place of its own in the user's order."""

    id: str
    name: str
    kind: str
    colour: str = ""
    guard: Guard = Guard.NORMAL
    is_changed: bool = False
    is_movable: bool = True

    @property
    def spoken(self) -> str:
        guard = "" if self.guard is Guard.NORMAL else str(self.guard)
        changed = "unsaved changes" if self.is_changed else ""
        return ", ".join(part for part in (self.name, self.kind, guard, changed) if part)


class _Model(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[ListRow] = []

    def show(self, rows: list[ListRow]) -> None:
        if [row.id for row in rows] == [row.id for row in self.rows]:
            self.rows = rows
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, 0))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def move(self, row: int, to: int) -> None:
        self.beginMoveRows(_ROOT, row, row, _ROOT, to + 1 if to > row else to)
        self.rows.insert(to, self.rows.pop(row))
        self.endMoveRows()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return one_line(row.name)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return one_line(row.spoken)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(row.spoken)
        return None


class _Delegate(QStyledItemDelegate):
    """A dot in the connection's colour, its name over its kind, and its guard as a badge."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        line_px = option.fontMetrics.height()
        return QSize(120, 2 * line_px + 2 * theme.SPACE)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        rect: QRect = option.rect
        state = option.state
        row = index.model().rows[index.row()]  # type: ignore[attr-defined]
        colours = theme.colours(QApplication.palette())
        is_selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if is_selected:
            painter.fillRect(rect, colours.selection)
        dot = QRect(0, 0, _DOT_PX, _DOT_PX)
        dot.moveCenter(QPoint(rect.left() + theme.SPACE + _DOT_PX // 2, rect.center().y()))
        painter.setPen(colours.dim)
        painter.setBrush(QColor(row.colour) if row.colour else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(dot)
        text_rect = rect.adjusted(2 * theme.SPACE + _DOT_PX, theme.SPACE, -theme.SPACE, -theme.SPACE)
        if badge := _BADGES.get(row.guard):
            text_rect.setRight(self._paint_badge(painter, text_rect, badge, row.guard) - theme.SPACE)
        name = f"{row.name} •" if row.is_changed else row.name
        font = QFont(painter.font())
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(colours.on_selection if is_selected else colours.text)
        self._paint_line(painter, text_rect, Qt.AlignmentFlag.AlignTop, name)
        font.setWeight(QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(colours.on_selection if is_selected else colours.dim)
        detail = f"{row.kind} · unsaved changes" if row.is_changed else row.kind
        self._paint_line(painter, text_rect, Qt.AlignmentFlag.AlignBottom, detail)
        painter.restore()

    def _paint_line(self, painter: QPainter, rect: QRect, place: Qt.AlignmentFlag, text: str) -> None:
        fitting = painter.fontMetrics().elidedText(one_line(text), Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, place | Qt.AlignmentFlag.AlignLeft, fitting)

    def _paint_badge(self, painter: QPainter, rect: QRect, text: str, guard: Guard) -> int:
        """Paint it at the right and return its left edge."""
        colours = theme.colours(QApplication.palette())
        font = QFont(painter.font())
        font.setWeight(QFont.Weight.DemiBold)
        font.setPointSizeF(font.pointSizeF() * 0.8)
        painter.setFont(font)
        width = painter.fontMetrics().horizontalAdvance(text) + 2 * theme.TIGHT
        height = painter.fontMetrics().height() + 2
        badge = QRect(rect.right() - width, rect.center().y() - height // 2, width, height)
        painter.setPen(colours.error if guard is Guard.PRODUCTION else colours.dim)
        painter.setBrush(colours.base)
        painter.drawRoundedRect(badge, 3, 3)
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)
        painter.setFont(QApplication.font())
        return badge.left()


class ConnectionList(QListView):
    """The list; rows are put in another order by dragging them, or with Alt+Up and Alt+Down.

    Signals:
        chosen(str): the connection with this id is the current one now, by the user's doing.
        open_requested(str): a row was double-clicked, or Enter pressed on it.
        move_requested(str, int): the user wants a connection at this place of the list.
    """

    chosen = Signal(str)
    open_requested = Signal(str)
    move_requested = Signal(str, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "connectionList", "Connections")
        self._model = _Model()
        self.setModel(self._model)
        self.setItemDelegate(_Delegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.selectionModel().currentChanged.connect(self._on_current)
        self.doubleClicked.connect(lambda index: self.open_requested.emit(self._model.rows[index.row()].id))
        self._is_filling = False
        self._dragged = -1
        self._is_dragging = False
        self._pressed = QPoint()

    def show_rows(self, rows: list[ListRow], current: str) -> None:
        """Show these rows, the one with the id `current` selected."""
        self._is_filling = True
        self._model.show(rows)
        number = next((number for number, row in enumerate(rows) if row.id == current), -1)
        if number != self.currentIndex().row():
            self.setCurrentIndex(self._model.index(number, 0))
        self._is_filling = False

    def _on_current(self, current: QModelIndex) -> None:
        if current.isValid() and not self._is_filling:
            self.chosen.emit(self._model.rows[current.row()].id)

    # -- order

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentIndex().row()
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event.modifiers() == Qt.KeyboardModifier.AltModifier and event.key() in steps:
            to = row + steps[Qt.Key(event.key())]
            if self._move(row, to):
                self._tell_place(to)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row >= 0:
            self.open_requested.emit(self._model.rows[row].id)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        self._pressed = event.position().toPoint()
        self._dragged = (
            self.indexAt(self._pressed).row() if event.button() == Qt.MouseButton.LeftButton else -1
        )
        self._is_dragging = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        if self._dragged < 0:
            return
        far = (place - self._pressed).manhattanLength() >= QApplication.startDragDistance()
        if not self._is_dragging and far:
            self._is_dragging = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        to = self.indexAt(QPoint(self.viewport().width() // 2, place.y())).row()
        if self._is_dragging and to >= 0 and to != self._dragged and self._move(self._dragged, to):
            self._dragged = to

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self.unsetCursor()
        if self._is_dragging:
            self._tell_place(self._dragged)
        self._dragged = -1
        self._is_dragging = False

    def _move(self, row: int, to: int) -> bool:
        rows = self._model.rows
        if not (0 <= row < len(rows) and 0 <= to < len(rows)):
            return False
        if not (rows[row].is_movable and rows[to].is_movable):
            return False
        self._model.move(row, to)
        self.scrollTo(self._model.index(to, 0))
        return True

    def _tell_place(self, row: int) -> None:
        if row >= 0 and self._model.rows[row].is_movable:
            self.move_requested.emit(self._model.rows[row].id, row)
