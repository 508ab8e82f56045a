"""LogSources, whose each line of a merged log is: a name to read, and a mark of its own shape and colour."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF

from lambdadesk.desk.tail_source import TailSource
from lambdadesk.ui import theme

_OWN_PREFIX = "/aws/lambda/"
MARK_PX = 10
_SCALE = 2
_SHAPES = 7  # no multiple of the number of colours, so that 56 marks differ


class LogSources:
    """names: of the sources by their numbers; number_of: a source's number by a stream of the store."""

    def __init__(self, names: Sequence[str], number_of: Callable[[str], int]) -> None:
        self.names = tuple(names)
        self.number_of = number_of

    def __len__(self) -> int:
        return len(self.names)

    def mark(self, number: int, colours: theme.Colours) -> QPixmap:
        """To be painted before the name."""
        return _mark(number % _SHAPES, colours.marks[number % len(colours.marks)].rgb())


def short_names(sources: Sequence[TailSource]) -> list[str]:
    """What to call each: its function, or its group, whole where the shorter name is another's, too."""
    shorts = [source.group.function or source.name.removeprefix(_OWN_PREFIX) for source in sources]
    return [
        short if shorts.count(short) == 1 else _long_name(source)
        for short, source in zip(shorts, sources, strict=True)
    ]


def _long_name(source: TailSource) -> str:
    return f"{source.name} ({source.group.function})" if source.group.function else source.name


@lru_cache(maxsize=256)
def _mark(shape: int, rgb: int) -> QPixmap:
    pixmap = QPixmap(MARK_PX * _SCALE, MARK_PX * _SCALE)
    pixmap.setDevicePixelRatio(_SCALE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = QColor(rgb)
    is_outline = shape in (4, 5)
    painter.setPen(QPen(colour, 2) if is_outline else Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush if is_outline else colour)
    room = QRectF(0.5, 0.5, MARK_PX - 1, MARK_PX - 1)
    inner = room.adjusted(1, 1, -1, -1)
    match shape:
        case 0:
            painter.drawEllipse(room)
        case 1:
            painter.drawRect(inner)
        case 2:
            painter.drawPolygon(_polygon(room.bottomLeft(), room.bottomRight(), _top(room)))
        case 3:
            painter.drawPolygon(
                _polygon(
                    _top(room),
                    QPointF(room.right(), room.center().y()),
                    QPointF(room.center().x(), room.bottom()),
                    QPointF(room.left(), room.center().y()),
                )
            )
        case 4:
            painter.drawEllipse(inner)
        case 5:
            painter.drawRect(inner)
        case _:
            painter.drawPolygon(
                _polygon(room.topLeft(), room.topRight(), QPointF(room.center().x(), room.bottom()))
            )
    painter.end()
    return pixmap


def _polygon(*points: QPointF) -> QPolygonF:
    return QPolygonF(list(points))


def _top(room: QRectF) -> QPointF:
    return QPointF(room.center().x(), room.top())
