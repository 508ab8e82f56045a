"""Treemap: what rows cost as areas, the dearest at the top left."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from lambdadesk.core.money import format_amount
from lambdadesk.core.month_stack import LAYERS
from lambdadesk.core.month_view import MonthRow
from lambdadesk.core.text import one_line
from lambdadesk.core.treemap import lay_out
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.painted_chart import PaintedChart, ink_on, layer_colour

_MOST: Final = 120  # tiles; the rest is one more
_NOTHING: Final = "Nothing cost anything on these days."

_SIGNS: Final = ("", "≈ ", "≥ ")  # of a sum, the last of its parts
_LEAST_CHARACTERS: Final = 7  # of a name that is cut: less tells nothing

Key = tuple[str, str]


class Treemap(PaintedChart):
    """The arrows go to the neighbour on that side, Home and End to the dearest and the cheapest tile.

    The dearest rows have the colours that they have in the bars by day; each tile has its name, as far as
    there is room, and a border.

    Signals:
        activated(key): a double click or Enter on the tile of a row.
    """

    activated = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tiles: list[tuple[Key | None, str, Decimal, str]] = []  # the last: the amount's sign
        self._total = Decimal(0)
        self._currency = "USD"
        self._placed: list[QRectF] = []
        self._placed_in = QSize()
        self.pointed: int | None = None
        self.setMinimumSize(240, 110)

    def sizeHint(self) -> QSize:
        return QSize(480, 190)

    def point_count(self) -> int:
        return len(self._tiles)

    def show_rows(self, rows: Iterable[MonthRow], currency: str) -> None:
        """Show the rows in a currency; those that cost nothing have no tile."""
        dearest = sorted(
            (row for row in rows if row.currency == currency and row.cost),
            key=lambda row: (-row.cost, row.title),
        )
        self._currency = currency
        self._tiles = [(row.key, row.name, row.cost, _sign([row])) for row in dearest[:_MOST]]
        if rest := dearest[_MOST:]:
            cost = sum((row.cost for row in rest), Decimal(0))
            self._tiles.append((None, f"{len(rest):,} others", cost, _sign(rest)))
            self._tiles.sort(key=lambda tile: -tile[2])
        self._total = sum((tile[2] for tile in self._tiles), Decimal(0))
        self._placed_in = QSize()
        self.pointed = None if self.pointed is None or self.pointed >= len(self._tiles) else self.pointed
        self.setAccessibleDescription(self.text_summary())
        self.update()

    def text_summary(self) -> str:
        if not self._tiles:
            return _NOTHING
        first = "; ".join(
            self._words(number).replace("\n", " ") for number in range(min(5, len(self._tiles)))
        )
        more = f"; and {len(self._tiles) - 5} smaller ones" if len(self._tiles) > 5 else ""
        total = self._money(self._total, max((tile[3] for tile in self._tiles), key=_SIGNS.index))
        return f"{len(self._tiles)} areas, {total} together: {first}{more}"

    def point_text(self) -> str:
        return "" if self.pointed is None else self._words(self.pointed)

    def _words(self, number: int) -> str:
        _, title, cost, sign = self._tiles[number]
        return f"{one_line(title, 100)}\n{self._money(cost, sign)}, {100 * cost / self._total:.1f} %"

    def _money(self, amount: Decimal, sign: str) -> str:
        return f"{sign}{format_amount(amount, self._currency)}"

    # -- painting

    def _places(self) -> list[QRectF]:
        if self._placed_in != self.size():
            self._placed_in = self.size()
            inner = QRectF(self.rect()).adjusted(3, 3, -3, -3)
            self._placed = [
                QRectF(inner.left() + tile.x, inner.top() + tile.y, tile.width, tile.height)
                for tile in lay_out([float(tile[2]) for tile in self._tiles], inner.width(), inner.height())
            ]
        return self._placed

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        self.paint_frame(painter, colours)
        if not self._tiles:
            self.paint_words(painter, colours, _NOTHING)
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        for number, place in enumerate(self._places()):
            self._paint_tile(painter, number, place.adjusted(0, 0, -1, -1), colours)
        if self.pointed is not None and self.pointed < len(self._placed):
            place = self._placed[self.pointed]
            painter.setPen(QPen(colours.text, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(place.adjusted(1, 1, -2, -2))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.paint_card(painter, colours, place.center())

    def _paint_tile(self, painter: QPainter, number: int, place: QRectF, colours: theme.Colours) -> None:
        key, title, cost, sign = self._tiles[number]
        fill = self._fill(number, key is None, colours)
        painter.fillRect(place, fill)
        metrics = self.fontMetrics()
        room = int(place.width()) - 2 * theme.TIGHT
        name = metrics.elidedText(one_line(title, 100), Qt.TextElideMode.ElideMiddle, room)
        is_told = name == title or len(name) >= _LEAST_CHARACTERS
        if not is_told or place.height() < metrics.height() + 2:
            return
        painter.setPen(ink_on(fill, colours))
        x, y = place.left() + theme.TIGHT, place.top() + metrics.ascent() + 1
        painter.drawText(QPointF(x, y), name)
        amount = self._money(cost, sign)
        if place.height() >= 2 * metrics.height() + 2 and metrics.horizontalAdvance(amount) <= room:
            painter.drawText(QPointF(x, y + metrics.height()), amount)

    def _fill(self, number: int, is_rest: bool, colours: theme.Colours) -> QColor:
        """Of the dearest their own; all others share one that keeps in the background."""
        return layer_colour(number, False, colours) if number < LAYERS and not is_rest else colours.border

    # -- pointing

    def _point_near(self, place: QPointF | None) -> None:
        pointed = None
        if place is not None:
            places = self._places()
            pointed = next((n for n, each in enumerate(places) if each.contains(place)), None)
        if pointed != self.pointed:
            self.pointed = pointed
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._point_near(event.position())
        self._activate()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.pointed is not None:
            self._activate()
        elif key == Qt.Key.Key_Home and self._tiles:
            self._go(0)
        elif key == Qt.Key.Key_End and self._tiles:
            self._go(len(self._tiles) - 1)
        elif key in _SIDES and self._tiles:
            self._go(0 if self.pointed is None else self._neighbour(self.pointed, *_SIDES[key]))
        else:
            super().keyPressEvent(event)

    def _go(self, number: int) -> None:
        self.pointed = number
        self._after_step()

    def _neighbour(self, number: int, across: int, down: int) -> int:
        """The nearest tile on a side that lies beside this one; itself where there is none."""
        places = self._places()
        here = places[number]
        best, found = float("inf"), number
        for other, place in enumerate(places):
            ahead = (place.center().x() - here.center().x()) * across + (
                place.center().y() - here.center().y()
            ) * down
            if across:
                beside = min(place.bottom(), here.bottom()) - max(place.top(), here.top())
            else:
                beside = min(place.right(), here.right()) - max(place.left(), here.left())
            if other != number and ahead > 0 and beside > 0 and ahead - min(beside, 1) < best:
                best, found = ahead - min(beside, 1), other
        return found

    def _activate(self) -> None:
        if self.pointed is not None and (key := self._tiles[self.pointed][0]) is not None:
            self.activated.emit(key)


_SIDES: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


def _sign(rows: Iterable[MonthRow]) -> str:
    """What stands before the sum of some rows."""
    return max((row.sign for row in rows), key=_SIGNS.index)
