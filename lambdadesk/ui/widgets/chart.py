"""Chart: one point per invocation over time. pyqtgraph (0.6 s to import) comes with the first one shown."""

import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleInterface,
    QColor,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAccessibleWidget,
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.notices import announce, wrapped_label
from lambdadesk.ui.widgets.plain import PlainLabel

if TYPE_CHECKING:
    from lambdadesk.ui.widgets.chart_plot import Plot

REDRAW_MS: Final = 50  # appended points are drawn together
_EMPTY: Final = "No invocations yet."
_EMPTY_HINT: Final = "Invoke the function or wait for its next REPORT line."


class Unit(StrEnum):
    """What the values are: milliseconds, megabytes, US dollars or yuan."""

    MS = "ms"
    MB = "MB"
    USD = "$"
    CNY = "¥"


class Kind(IntEnum):
    """How a point is drawn: each has a symbol and a colour of its own."""

    OK = 0
    ERROR = 1
    COLD_START = 2


KIND_WORDS: Final = {Kind.OK: "succeeded", Kind.ERROR: "error", Kind.COLD_START: "cold start"}


def format_value(value: float, unit: Unit) -> str:
    """A value with its unit, to three significant digits: "812 ms", "12.3 s", "187 MB", "$0.00000697"."""
    if unit is Unit.MB:
        return f"{value:,.0f} MB"
    if unit is Unit.MS:
        if value >= 10_000:
            return f"{value / 1000:,.1f} s"
        return f"{value:,.0f} ms" if value >= 100 else f"{value:.3g} ms"
    places = 2 if value <= 0 else max(2, 2 - math.floor(math.log10(value)))
    return f"{unit}{value:,.{places}f}"


class Chart(QWidget):
    """Values over time, a symbol and colour per kind, and optionally a ceiling drawn as a step line.

    title: shown above the plot and to screen readers. ceiling_word: what the ceiling is ("memory size").
    describe: the figures of a point for its card, by its index in the order given; without it the card gives
    the value alone.
    `point_clicked` carries that index. Left, Right, Home, End and Return do by keyboard what the mouse does.
    """

    point_clicked = Signal(int)

    def __init__(
        self,
        title: str,
        unit: Unit,
        *,
        ceiling_word: str = "",
        describe: Callable[[int], str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        _install_accessibility()
        self.unit = unit
        self.ceiling_word = ceiling_word
        self.describe = describe
        self.accessible: QAccessibleInterface | None = None  # kept alive here, never read
        self.times_s = array("d")
        self.values = array("d")
        self.kinds = array("b")
        self.ceilings = array("d")  # as long as the others, or empty
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 140)  # the card of a point has room

        self._plot: Plot | None = None
        self._linked: list[Chart] = [self]  # one list for all that show the same span of time
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(REDRAW_MS)
        self._redraw.timeout.connect(self._draw)
        self._legend = _Legend(self)
        self._title = PlainLabel(title)
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        head = QHBoxLayout()
        head.setSpacing(theme.WIDE)
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self._legend)
        self._empty = wrapped_label(f"{_EMPTY} {_EMPTY_HINT}", is_dim=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()  # a QStackedLayout would show its first widget as a window
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.TIGHT)
        layout.addLayout(head)
        layout.addWidget(self._stack, 1)

    def point_count(self) -> int:
        """How many points are drawn: those that have a value."""
        return len(self.values) - sum(map(math.isnan, self.values))

    def set_points(
        self,
        times_s: Iterable[float],
        values: Iterable[float],
        kinds: Iterable[int] | None = None,
        ceilings: Iterable[float] | None = None,
    ) -> None:
        """Replace all points: epoch seconds, values in the chart's unit, a Kind each, a ceiling each.

        Any order of time will do. NaN is for an invocation without this figure: it keeps its index, and no
        point is drawn. Raises ValueError where the lengths differ.
        """
        times, heights = array("d", times_s), array("d", values)
        sorts = array("b", kinds if kinds is not None else bytes(len(times)))
        tops = array("d", ceilings if ceilings is not None else ())
        if not len(times) == len(heights) == len(sorts) or len(tops) not in (0, len(times)):
            raise ValueError("times, values, kinds and ceilings differ in length")
        self.times_s, self.values, self.kinds, self.ceilings = times, heights, sorts, tops
        self._draw_soon()

    def append(self, time_s: float, value: float, kind: int = Kind.OK, ceiling: float | None = None) -> None:
        """Add one point. `ceiling` is given with every point of a chart or with none."""
        if self.times_s and (ceiling is not None) != bool(self.ceilings):
            raise ValueError("a ceiling is given with every point or with none")
        self.times_s.append(time_s)
        self.values.append(value)
        self.kinds.append(kind)
        if ceiling is not None:
            self.ceilings.append(ceiling)
        self._draw_soon()

    def link_to(self, other: "Chart") -> None:
        """Show the same span of time as another chart and all those linked to it, whichever is zoomed."""
        if other._linked is not self._linked:
            other._linked.extend(self._linked)
            for chart in self._linked:
                chart._linked = other._linked
        self._take_span()

    def share_span(self, left: float, right: float, *, is_following: bool) -> None:
        """Have the linked charts show the span that this one's plot shows now."""
        for chart in self._linked:
            if chart is not self and chart._plot is not None:
                chart._plot.show_span(left, right, is_following=is_following)

    def text_summary(self) -> str:
        """The chart in words, for a screen reader."""
        points = sorted(
            point
            for point in zip(self.times_s, self.values, self.kinds, strict=True)
            if not math.isnan(point[1])
        )
        if not points:
            return f"{_EMPTY} {_EMPTY_HINT}"
        values = [value for _, value, _ in points]
        parts = [f"scatter, {len(points):,} points"]
        for word, value in (("min", min(values)), ("max", max(values)), ("last", values[-1])):
            parts.append(f"{word} {format_value(value, self.unit)}")
        errors = sum(kind == Kind.ERROR for _, _, kind in points)
        if errors:
            parts.append(f"{errors:,} errors")
        return ", ".join(parts)

    def point_text(self, index: int) -> str:
        """What the card of a point says: time and kind, then what `describe` says, or the value."""
        moment = datetime.fromtimestamp(self.times_s[index]).astimezone()
        head = f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}, {self._word(index)}"
        if self.describe is not None:
            return f"{head}\n{self.describe(index)}"
        value = format_value(self.values[index], self.unit)
        if self.ceilings and not math.isnan(self.ceilings[index]):
            value += f" of {format_value(self.ceilings[index], self.unit)}"
        return f"{head}\n{value}"

    def reset_view(self) -> None:
        """Show all points again, and follow new ones."""
        if self._plot is not None:
            self._plot.reset_view()

    def sizeHint(self) -> QSize:
        return QSize(480, 220)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._plot is not None:
            self._plot.restyle(theme.colours(self.palette()))
            self._draw_soon()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._plot is None or not self.point_count():
            super().keyPressEvent(event)
            return
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event.key() in steps:
            self._point_at(self._plot.neighbour(steps[Qt.Key(event.key())]))
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._point_at(self._plot.outermost(is_last=event.key() == Qt.Key.Key_End))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._plot.pointed >= 0:
            self.point_clicked.emit(self._plot.pointed)
        elif event.key() == Qt.Key.Key_Escape and self._plot.pointed >= 0:
            self._plot.point_at(-1)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(colours.base)
        has_focus = self.hasFocus()
        painter.setPen(QPen(colours.accent, 2) if has_focus else QPen(colours.border, 1))
        inset = 1.0 if has_focus else 0.5
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 4, 4)

    def _point_at(self, index: int) -> None:
        if self._plot is not None:
            self._plot.point_at(index)
            announce(self, self.point_text(index))

    def _draw_soon(self) -> None:
        if self.isVisible() and not self._redraw.isActive():
            self._redraw.start()

    def _draw(self) -> None:
        self._legend.update_size()
        if not self.point_count():
            self._stack.setCurrentWidget(self._empty)
            return
        if self._plot is None:
            from lambdadesk.ui.widgets.chart_plot import Plot

            self._plot = Plot(self)
            self._stack.addWidget(self._plot)
            self._take_span()
        self._plot.draw()
        self._stack.setCurrentWidget(self._plot)

    def _take_span(self) -> None:
        """Show what the linked charts were zoomed to."""
        plots = [chart._plot for chart in self._linked if chart is not self and chart._plot is not None]
        if self._plot is not None and plots:
            self._plot.show_span(*plots[0].span, is_following=plots[0].is_following)

    def _word(self, index: int) -> str:
        return KIND_WORDS[Kind(self.kinds[index])]


def draw_symbol(painter: QPainter, kind: Kind, centre: QPointF, colours: theme.Colours) -> None:
    """The legend's symbol of a kind, as in the plot."""
    x, y = centre.x(), centre.y()
    painter.setPen(QPen(kind_colour(kind, colours), 2))
    painter.setBrush(kind_colour(kind, colours))
    if kind is Kind.ERROR:
        painter.drawLine(QPointF(x - 3, y - 3), QPointF(x + 3, y + 3))
        painter.drawLine(QPointF(x - 3, y + 3), QPointF(x + 3, y - 3))
    elif kind is Kind.COLD_START:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPolygon([QPointF(x - 4.5, y + 4), QPointF(x + 4.5, y + 4), QPointF(x, y - 4.5)])
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(centre, 3.5, 3.5)


def kind_colour(kind: Kind, colours: theme.Colours) -> QColor:
    """The colour of a kind."""
    return {Kind.OK: colours.series[0], Kind.ERROR: colours.error, Kind.COLD_START: colours.series[1]}[kind]


class _Legend(QWidget):
    """The kinds that are in the chart, small, in its upper right corner."""

    _SYMBOL_PX = 14

    def __init__(self, chart: Chart) -> None:
        super().__init__(chart)
        self._chart = chart
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def update_size(self) -> None:
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        width = sum(
            self._SYMBOL_PX + metrics.horizontalAdvance(word) + theme.WIDE for _, word in self._entries()
        )
        return QSize(max(0, width - theme.WIDE), metrics.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics, x, middle = self.fontMetrics(), 0, self.height() / 2
        for kind, word in self._entries():
            if kind is None:
                painter.setPen(QPen(colours.series[2], 1.5, Qt.PenStyle.DashLine))
                painter.drawLine(QPointF(x, middle), QPointF(x + self._SYMBOL_PX - 3, middle))
            else:
                draw_symbol(painter, kind, QPointF(x + 5, middle), colours)
            x += self._SYMBOL_PX
            painter.setPen(colours.dim)
            painter.drawText(x, int(middle + (metrics.ascent() - metrics.descent()) / 2), word)
            x += metrics.horizontalAdvance(word) + theme.WIDE

    def _entries(self) -> Sequence[tuple[Kind | None, str]]:
        entries: list[tuple[Kind | None, str]] = [
            (kind, word) for kind, word in KIND_WORDS.items() if kind in self._chart.kinds
        ]
        if self._chart.ceilings and self._chart.ceiling_word:
            entries.append((None, self._chart.ceiling_word))
        return entries


class _AccessibleChart(QAccessibleWidget):
    def __init__(self, chart: Chart) -> None:
        super().__init__(chart, QAccessible.Role.Chart, chart.accessibleName())
        self._chart = chart

    def text(self, kind: QAccessible.Text) -> str:
        if kind == QAccessible.Text.Description:
            return self._chart.text_summary()
        return super().text(kind)

    def childCount(self) -> int:
        return 0


@cache
def _install_accessibility() -> None:
    QAccessible.installFactory(_accessible)


def _accessible(key: str, thing: QObject) -> QAccessibleInterface | None:
    if not isinstance(thing, Chart):
        return None
    interface = _AccessibleChart(thing)
    # Qt owns the C++ half only: the Python half must live as long as the widget.
    thing.accessible = interface
    return interface
