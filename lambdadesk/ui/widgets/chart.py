"""Chart: one point per invocation over time. pyqtgraph (0.6 s to import) comes with the first one shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessibleInterface,
    QColor,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.chart_access import describe_charts
from lambdadesk.ui.widgets.chart_span import Span
from lambdadesk.ui.widgets.labels import ElidedLabel
from lambdadesk.ui.widgets.notices import announce, wrapped_label
from lambdadesk.ui.widgets.plain import PlainLabel

if TYPE_CHECKING:
    from lambdadesk.ui.widgets.chart_layer import Aggregate
    from lambdadesk.ui.widgets.chart_plot import Plot
    from lambdadesk.ui.widgets.chart_points import Floats, Points, Reals, Scale

REDRAW_MS: Final = 50  # points that come one after the other are drawn together
_SUM_UP_MS: Final = 80  # after the last move
_ZOOM: Final = 1.25
_STEP: Final = 0.2  # of the width, by a key
_EMPTY: Final = "No invocation has this figure yet."
HELP: Final = (
    "Drag over a stretch of time to zoom into it, the wheel zooms around the mouse, Shift and drag moves.\n"
    "Left and Right walk from point to point, with Ctrl from failure to failure; with Shift they move.\n"
    "+ and - zoom, 0 or a double click shows all, Enter opens the log."
)


class Unit(StrEnum):
    """What the values are: milliseconds, megabytes, US dollars or yuan."""

    MS = "ms"
    MB = "MB"
    USD = "$"
    CNY = "¥"


class Kind(IntEnum):
    """How an invocation ended; each has a sign and a colour. The numbers are those of core's OUTCOMES."""

    OK = 0
    ERROR = 1
    TIMEOUT = 2
    OUT_OF_MEMORY = 3


KIND_WORDS: Final = {
    Kind.OK: "succeeded",
    Kind.ERROR: "error",
    Kind.TIMEOUT: "timed out",
    Kind.OUT_OF_MEMORY: "out of memory",
}


def kind_colour(kind: Kind, colours: theme.Colours) -> QColor:
    """The colour of a kind; its sign says the same."""
    return (colours.series[0], colours.error, colours.warning, colours.marks[3])[kind]


def cold_colour(colours: theme.Colours) -> QColor:
    """The colour of a cold start and of its init."""
    return colours.series[1]


def restore_colour(colours: theme.Colours) -> QColor:
    """The colour of a restore from a snapshot."""
    return colours.marks[4]


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
    """Values over time with signs for failures and cold starts, percentiles, and a histogram beside them.

    title: shown above the plot and to screen readers. span: the time shown, which linked charts share.
    ceiling_word: what the ceiling is ("memory size"). describe: the figures of a row for its card; without it
    the card gives the value alone.

    Signals:
        point_clicked(int): a point was clicked, or Enter pressed on it; its row in the columns given.
    """

    point_clicked = Signal(int)

    def __init__(
        self,
        title: str,
        unit: Unit,
        *,
        span: Span | None = None,
        ceiling_word: str = "",
        describe: Callable[[int], str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        describe_charts(Chart)
        self.unit = unit
        self.span = span or Span(self)
        self.ceiling_word = ceiling_word
        self.describe = describe
        self.points: Points | None = None
        self.aggregate: Aggregate | None = None
        self.marks: Sequence[tuple[float, str]] = ()  # moments that may have changed something
        self.has_bands = True
        self.is_log = False
        self.accessible: QAccessibleInterface | None = None  # kept alive here, never read
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 150)  # the card of a point has room

        self._plot: Plot | None = None
        self._figures_of: tuple[object, ...] = ()  # points and rows
        self._figures = ""
        self._redraw = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._redraw.timeout.connect(self._draw)
        # One linked chart after the other, so that no frame waits for all.
        wait_ms = _SUM_UP_MS * (1 + self.span.chart_count)
        self.span.chart_count += 1
        self._sum_up = QTimer(self, singleShot=True, interval=wait_ms)
        self._sum_up.timeout.connect(self._show_figures)
        self.span.changed.connect(self._sum_up.start)
        self._title = PlainLabel(title)
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self.figures = ElidedLabel("")  # of what is in sight
        self.figures.setForegroundRole(self.figures.palette().ColorRole.PlaceholderText)
        self.figures.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        head = QHBoxLayout()
        head.setSpacing(theme.WIDE)
        head.addWidget(self._title)
        head.addWidget(self.figures, 1)
        self._empty = wrapped_label(_EMPTY, is_dim=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()  # a QStackedLayout would show its first widget as a window
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.TIGHT, theme.SPACE, theme.TIGHT)
        layout.setSpacing(theme.TIGHT)
        layout.addLayout(head)
        layout.addWidget(self._stack, 1)

    @property
    def plot(self) -> Plot | None:
        """What is drawn, None while nothing ever was."""
        return self._plot

    def point_count(self) -> int:
        """How many points are drawn: those that have a value."""
        return 0 if self.points is None else len(self.points)

    def set_points(
        self,
        times_s: Sequence[float] | Floats,
        values: Sequence[float] | Reals,
        kinds: Sequence[int] | object | None = None,
        *,
        colds: object | None = None,
        groups: object | None = None,
        inits: object | None = None,
        restores: object | None = None,
        ceilings: object | None = None,
    ) -> None:
        """Replace all points: columns of one length, in the order of time; see Points.

        NaN in `values` is for an invocation without this figure: it keeps its row, and no point is drawn.
        Raises ValueError where lengths differ or time goes back.
        """
        import numpy as np

        from lambdadesk.ui.widgets.chart_points import Points

        times = np.asarray(times_s, np.float64)
        count = len(times)
        reals = {"values": values, "inits": inits, "restores": restores, "ceilings": ceilings}
        columns = {name: None if each is None else np.asarray(each) for name, each in reals.items()}
        columns = {
            name: each.astype(np.float64) if each is not None and each.dtype.kind != "f" else each
            for name, each in columns.items()
        }
        columns["kinds"] = np.asarray(np.zeros(count) if kinds is None else kinds, np.int8)
        columns["colds"] = np.asarray(np.zeros(count) if colds is None else colds, np.bool_)
        columns["groups"] = None if groups is None else np.asarray(groups, np.int16)
        if any(each is not None and len(each) != count for each in columns.values()):
            raise ValueError("the columns differ in length")
        if count and (np.diff(times) < 0).any():
            raise ValueError("the points are not in the order of time")
        self.points = Points(times, **columns).known()  # type: ignore[arg-type]  # as Points has them
        if count:
            self.span.set_extent(float(times[0]), float(times[-1]), self.span.now_s)
        self._draw_soon()

    def set_aggregate(self, aggregate: Aggregate | None) -> None:
        """Draw what was measured of stretches of time as lines besides the points."""
        self.aggregate = aggregate
        self._draw_soon()

    def set_marks(self, marks: Sequence[tuple[float, str]]) -> None:
        """Draw upright lines with a few words at these moments (epoch seconds)."""
        if list(marks) != list(self.marks):
            self.marks = marks
            if self._plot is not None:
                self._plot.show_marks(marks)

    def set_log(self, is_log: bool) -> None:
        """Show values by their logarithm."""
        self.is_log = is_log
        self._draw_soon()

    def set_bands(self, has_bands: bool) -> None:
        """Show the percentiles of stretches of time."""
        self.has_bands = has_bands
        self._draw_soon()

    @property
    def scale(self) -> Scale:
        from lambdadesk.ui.widgets.chart_points import Scale

        least = {Unit.MS: 0.1, Unit.MB: 1.0}.get(self.unit, 1e-9)
        return Scale(is_log=self.is_log, least=least)

    # -- in words

    def text_summary(self) -> str:
        """The chart in words, for a screen reader: what is in sight, of how many in all."""
        points = self.points
        if points is None or not len(points):
            return _EMPTY
        first, end = points.between(self.span.left_s, self.span.right_s)
        values, kinds = points.values[first:end], points.kinds[first:end]
        count = end - first
        of_all = "" if count == len(points) else f" in sight of {len(points):,}"
        parts = [f"scatter, {count:,} {'point' if count == 1 else 'points'}{of_all}"]
        if count:
            for word, value in (("min", values.min()), ("max", values.max()), ("last", values[-1])):
                parts.append(f"{word} {format_value(float(value), self.unit)}")
        for kind in (Kind.ERROR, Kind.TIMEOUT, Kind.OUT_OF_MEMORY):
            if failed := int((kinds == kind).sum()):
                parts.append(f"{failed:,} {KIND_WORDS[kind]}")
        if colds := int(points.colds[first:end].sum()):
            parts.append(f"{colds:,} {'cold start' if colds == 1 else 'cold starts'}")
        figures = self.figures_text()
        return ", ".join(parts) + (f"; {figures}" if figures else "")

    def figures_text(self) -> str:
        """The percentiles of what is in sight; empty where it is too little to have any."""
        if self.points is None:
            return ""
        from lambdadesk.ui.widgets.chart_points import percentiles

        rows = self.points.between(self.span.left_s, self.span.right_s)
        if self._figures_of != (self.points, rows):  # of a million they take a while
            found = percentiles(self.points.values[slice(*rows)])
            words = (
                f"p{share} {format_value(each, self.unit)}"
                for share, each in zip((50, 90, 99), found, strict=True)
            )
            self._figures_of = self.points, rows
            self._figures = "" if math.isnan(found[0]) else " · ".join(words)
        return self._figures

    def point_text(self, row: int) -> str:
        """What the card of a point says: time and how it ended, then what `describe` says, or the value."""
        points, at = self.points, self.place_of(row)
        if points is None or at < 0:
            return ""
        moment = datetime.fromtimestamp(float(points.times_s[at])).astimezone()
        word = KIND_WORDS[Kind(int(points.kinds[at]))] + (", cold start" if points.colds[at] else "")
        head = f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}, {word}"
        if self.describe is not None:
            return f"{head}\n{self.describe(row)}"
        value = format_value(float(points.values[at]), self.unit)
        if points.ceilings is not None and not math.isnan(points.ceilings[at]):
            value += f" of {format_value(float(points.ceilings[at]), self.unit)}"
        return f"{head}\n{value}"

    def place_of(self, row: int) -> int:
        """Which point a row is, -1 where it has none."""
        return -1 if self.points is None else self.points.place_of(row)

    def _show_figures(self) -> None:
        self.figures.setText(self.figures_text())
        self.setAccessibleDescription(self.text_summary())

    # -- Qt's events

    def sizeHint(self) -> QSize:
        return QSize(480, 220)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and self._plot is not None:
            self._plot.restyle(theme.colours(self.palette()))
            self._draw_soon()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plot, span, key = self._plot, self.span, Qt.Key(event.key())
        has_shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if plot is None or not self.point_count():
            super().keyPressEvent(event)
        elif key in steps and has_shift:
            span.pan(steps[key] * _STEP)
        elif key in steps:
            is_failure = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            self._point_at(plot.neighbour(steps[key], is_failure=is_failure))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._point_at(plot.outermost(is_last=key == Qt.Key.Key_End))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            span.zoom(_ZOOM if key == Qt.Key.Key_Minus else 1 / _ZOOM, plot.pointed_s())
        elif key == Qt.Key.Key_0:
            self.show_all()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and span.row >= 0:
            self.point_clicked.emit(span.row)
        elif key == Qt.Key.Key_Escape and (span.row >= 0 or span.marked >= 0):
            span.mark(-1)
            span.point_at(-1)
        else:
            super().keyPressEvent(event)

    def show_all(self) -> None:
        """Show all there is again, and follow what comes, as by hand."""
        self.span.follow()
        self.span.moved.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(colours.base)
        has_focus = self.hasFocus()
        painter.setPen(QPen(colours.accent, 2) if has_focus else QPen(colours.border, 1))
        inset = 1.0 if has_focus else 0.5
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 4, 4)

    def _point_at(self, row: int) -> None:
        if self._plot is not None and row >= 0:
            self._plot.own_card = True
            self.span.bring(self._plot.time_of(row))
            self.span.point_at(row)
            announce(self, self.point_text(row))

    def _draw_soon(self) -> None:
        if self.isVisible() and not self._redraw.isActive():
            self._redraw.start()

    def _draw(self) -> None:
        self._show_figures()
        if not self.point_count() and self.aggregate is None:
            self._stack.setCurrentWidget(self._empty)
            return
        if self._plot is None:
            from lambdadesk.ui.widgets.chart_plot import Plot

            self._plot = Plot(self)
            self._stack.addWidget(self._plot)
        self._plot.draw()
        self._stack.setCurrentWidget(self._plot)
