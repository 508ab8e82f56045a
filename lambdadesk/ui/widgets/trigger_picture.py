"""TriggerPicture: sources -> function -> destinations, painted; the table beside it says the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from lambdadesk.core.text import one_line
from lambdadesk.core.triggers import Destination, DestinationKind, Trigger, Verdict
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.trigger_table import source_icon
from lambdadesk.ui.widgets.plain import set_plain_tooltip

MOST: Final = 8  # nodes of one side; further ones are counted
_ICON_PX: Final = 16
_WIDEST_PX: Final = 220
_GAPS_PX: Final = (28, 72)  # between columns, for the lines
_ARROW_PX: Final = 7
_RADIUS_PX: Final = 5
_SAMPLE_PX: Final = 28  # of a line in the legend
_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter

# Line, colour, and what the legend says of it.
_LINES: Final = {
    Verdict.CONFIRMED: (Qt.PenStyle.SolidLine, "ok", "confirmed"),
    Verdict.PERMITTED_ONLY: (Qt.PenStyle.DashLine, "warning", "permitted only"),
    Verdict.SOURCE_ONLY: (Qt.PenStyle.DashDotLine, "warning", "source only"),
    Verdict.NOT_CHECKED: (Qt.PenStyle.DotLine, "dim", "not checked"),
}


@dataclass(frozen=True, slots=True)
class _Node:
    """trigger: key of the row that a click on it selects, empty for none; verdict: of the line to it;
    owner: the source whose failed batches go there."""

    title: str
    about: str = ""
    icon_name: str = ""
    trigger: str = ""
    verdict: Verdict | None = None
    is_source: bool = False
    owner: str = ""

    @property
    def text(self) -> str:
        about = f"{self.about} of {self.owner}" if self.owner else self.about
        return " · ".join(part for part in (self.title, about) if part)


@dataclass(frozen=True, slots=True)
class _Places:
    function: QRectF
    sources: tuple[tuple[QRectF, _Node], ...]
    destinations: tuple[tuple[QRectF, _Node], ...]


class TriggerPicture(QWidget):
    """At most `MOST` nodes a side, in the order they are given. It takes no keys: the table does.

    Signals:
        chosen(str): a node was clicked, that of the trigger with this key.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._function = ""
        self._sources: list[_Node] = []
        self._destinations: list[_Node] = []
        self._selected = ""
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_triggers(
        self, function: str, triggers: Sequence[Trigger], destinations: Sequence[Destination]
    ) -> None:
        names = {trigger.key: f"{trigger.source} {trigger.name}" for trigger in triggers}
        self._function = one_line(function)
        self._sources = [
            _Node(
                one_line(each.name or each.source),
                one_line(" ".join(part for part in (each.source, each.qualifier) if part)),
                source_icon(each.source),
                each.key,
                each.verdict,
                is_source=True,
            )
            for each in triggers
        ]
        self._destinations = [
            _Node(
                one_line(each.name),
                _short(each.kind),
                source_icon(each.service),
                each.source,
                owner=one_line(names.get(each.source, "")),
            )
            for each in destinations
        ]
        self.setAccessibleDescription(self._describe())
        self.update()

    def set_selected(self, key: str) -> None:
        """Mark the trigger of the table's selected row."""
        self._selected = key
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(360, self._node_height * 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(260, self._node_height * 3)

    @property
    def _node_height(self) -> int:
        return 2 * self.fontMetrics().lineSpacing() + theme.SPACE

    def _describe(self) -> str:
        sources = [
            f"{each.text} ({_LINES[each.verdict][2]})" for each in self._sources if each.verdict is not None
        ]
        places = [each.text for each in self._destinations]
        return (
            f"Sources: {', '.join(sources) or 'none'}. Function: {self._function}. "
            f"Destinations: {', '.join(places) or 'none'}."
        )

    # -- where things are

    def _place(self) -> _Places:
        columns = [side for side in (self._sources, None, self._destinations) if side is None or side]
        count = len(columns)
        gap = min(max(self.width() * 0.08, _GAPS_PX[0]), _GAPS_PX[1])
        gaps = gap * (count - 1)
        room = QRectF(self.rect()).adjusted(theme.SPACE, theme.SPACE, -theme.SPACE, -self._legend_height)
        width = min(_WIDEST_PX, (room.width() - gaps) / count)
        left = room.left() + (room.width() - width * count - gaps) / 2
        lefts = [left + number * (width + gap) for number in range(count)]
        middle = lefts[1 if self._sources else 0]
        height = self._node_height
        return _Places(
            QRectF(middle, room.center().y() - height / 2, width, height),
            self._stack(self._sources, lefts[0], width, room),
            self._stack(self._destinations, lefts[-1], width, room),
        )

    def _stack(
        self, nodes: list[_Node], left: float, width: float, room: QRectF
    ) -> tuple[tuple[QRectF, _Node], ...]:
        height = self._node_height
        pitch = height + theme.SPACE
        most = max(1, min(MOST, int((room.height() + theme.SPACE) // pitch)))
        if len(nodes) > most:
            left_out = len(nodes) - most + 1
            nodes = [*nodes[: most - 1], _Node(f"+{left_out} more", is_source=nodes[0].is_source)]
        top = room.center().y() - (len(nodes) * pitch - theme.SPACE) / 2
        return tuple(
            (QRectF(left, top + number * pitch, width, height), node) for number, node in enumerate(nodes)
        )

    @property
    def _legend_height(self) -> int:
        return self.fontMetrics().lineSpacing() + 2 * theme.SPACE if self._sources else theme.SPACE

    def _node_at(self, point: QPointF) -> _Node | None:
        places = self._place()
        return next(
            (node for rect, node in (*places.sources, *places.destinations) if rect.contains(point)), None
        )

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        node = self._node_at(event.position())
        set_plain_tooltip(self, node.text if node else "")
        shape = Qt.CursorShape.PointingHandCursor if node and node.trigger else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        node = self._node_at(event.position())
        if node is not None and node.trigger and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(node.trigger)

    # -- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        places = self._place()
        for number, (rect, node) in enumerate(places.sources):
            end = _port(places.function, number, len(places.sources), is_left=True)
            pen = _pen(node.verdict, colours)
            _draw_arrow(painter, QPointF(rect.right(), rect.center().y()), end, pen)
        for number, (rect, _node) in enumerate(places.destinations):
            start = _port(places.function, number, len(places.destinations), is_left=False)
            _draw_arrow(
                painter, start, QPointF(rect.left(), rect.center().y()), QPen(QColor(colours.dim), 1.4)
            )
        for rect, node in (*places.sources, *places.destinations):
            is_selected = node.is_source and bool(node.trigger) and node.trigger == self._selected
            self._draw_node(painter, rect, node, colours, colours.accent if is_selected else colours.border)
        self._draw_node(painter, places.function, _Node(self._function, "", "function"), colours, colours.dim)
        self._draw_legend(painter, colours)

    def _draw_node(
        self, painter: QPainter, rect: QRectF, node: _Node, colours: theme.Colours, edge: QColor
    ) -> None:
        is_marked = edge == colours.accent
        painter.setPen(QPen(edge, 2 if is_marked else 1))
        painter.setBrush(colours.line_highlight if is_marked else colours.raised)
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS_PX, _RADIUS_PX)
        room = rect.adjusted(theme.SPACE, theme.TIGHT, -theme.TIGHT, -theme.TIGHT)
        if node.icon_name:
            place = QRectF(0, 0, _ICON_PX, _ICON_PX)
            place.moveCenter(QPointF(room.left() + _ICON_PX / 2, rect.center().y()))
            icon(node.icon_name).paint(painter, place.toRect())
            room.setLeft(room.left() + _ICON_PX + theme.TIGHT + 2)
        lines = [(node.title, colours.text), (node.about, colours.dim)]
        lines = [line for line in lines if line[0]]
        line_px = room.height() / len(lines)
        metrics = self.fontMetrics()
        for number, (text, colour) in enumerate(lines):
            mode = Qt.TextElideMode.ElideRight if number else Qt.TextElideMode.ElideMiddle
            painter.setPen(colour)
            line = QRectF(room.left(), room.top() + number * line_px, room.width(), line_px)
            elided = metrics.elidedText(text, mode, int(room.width()))
            painter.drawText(line, _LEFT, elided)

    def _draw_legend(self, painter: QPainter, colours: theme.Colours) -> None:
        left = float(theme.SPACE)
        height = self.fontMetrics().lineSpacing()
        top = self.height() - theme.SPACE - height
        for verdict in self._legend():
            words = _LINES[verdict][2]
            width = self.fontMetrics().horizontalAdvance(words)
            painter.setPen(_pen(verdict, colours))
            y = top + height / 2
            painter.drawLine(QPointF(left, y), QPointF(left + _SAMPLE_PX, y))
            painter.setPen(colours.dim)
            painter.drawText(QRectF(left + _SAMPLE_PX + theme.TIGHT, top, width + 2, height), _LEFT, words)
            left += _SAMPLE_PX + theme.TIGHT + width + theme.WIDE

    def _legend(self) -> Iterator[Verdict]:
        shown = {node.verdict for node in self._sources}
        return (verdict for verdict in _LINES if verdict in shown)


def _short(kind: DestinationKind) -> str:
    return "DLQ" if kind is DestinationKind.DEAD_LETTER else kind.value


def _pen(verdict: Verdict | None, colours: theme.Colours) -> QPen:
    if verdict is None:
        return QPen(colours.dim, 1.4)
    style, colour, _words = _LINES[verdict]
    return QPen(getattr(colours, colour), 1.8, style, Qt.PenCapStyle.FlatCap)


def _port(rect: QRectF, number: int, count: int, *, is_left: bool) -> QPointF:
    """Where one of several lines meets the function, so that they do not all meet in one point."""
    step = min(rect.height() / (count + 1), theme.SPACE)
    y = rect.center().y() + (number - (count - 1) / 2) * step
    return QPointF(rect.left() if is_left else rect.right(), y)


def _draw_arrow(painter: QPainter, start: QPointF, end: QPointF, pen: QPen) -> None:
    tip = QPointF(end.x() - _ARROW_PX, end.y())
    half = (tip.x() - start.x()) / 2
    path = QPainterPath(start)
    path.cubicTo(QPointF(start.x() + half, start.y()), QPointF(tip.x() - half, tip.y()), tip)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen)
    painter.drawPath(path)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(pen.color())
    side = _ARROW_PX / 2
    painter.drawPolygon(QPolygonF([end, QPointF(tip.x(), tip.y() - side), QPointF(tip.x(), tip.y() + side)]))
