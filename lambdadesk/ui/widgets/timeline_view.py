"""TimelineView: one lane per execution environment over time, like the network timeline of a browser."""

import math
from collections.abc import Sequence
from heapq import nlargest
from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame, QToolTip, QWidget

from lambdadesk.core.text import one_line
from lambdadesk.core.timeline import Mark, Timeline
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import plain_tooltip
from lambdadesk.ui.widgets.timeline_access import install_accessibility
from lambdadesk.ui.widgets.timeline_card import Card
from lambdadesk.ui.widgets.timeline_frame import Frame
from lambdadesk.ui.widgets.timeline_paint import paint
from lambdadesk.ui.widgets.timeline_walk import neighbour
from lambdadesk.ui.widgets.timeline_words import lane_text, run_text

SHORTEST_MS: Final = 5.0  # that can be zoomed into
SHORTEST_FIT_MS: Final = 1_000.0  # what is shown of a single short run
_LONGEST_LANES: Final = 12  # lines of text that a lane with many rows is high
_MEASURED: Final = 50  # of the longest titles: to measure thousands takes longer than a frame
_ZOOM: Final = 1.25
_STEP: Final = 0.2  # of the width, by a key
HELP: Final = (
    "Ctrl+wheel zooms around the mouse, the wheel scrolls the lanes, dragging moves the time.\n"
    "Arrows walk from run to run, + and - zoom, Home or a double click shows all, Enter opens the log."
)


class TimelineView(QAbstractScrollArea):
    """Paints a Timeline and lets one move in it; what is in view stays when more comes, unless it follows.

    Signals:
        run_activated(int): a run was clicked, or Enter pressed on it; its index in the timeline's runs.
        span_changed(): another span of time is in view.
        moved(): by hand, so that it follows nothing any more.
    """

    run_activated = Signal(int)
    span_changed = Signal()
    moved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        install_accessibility()
        self.accessible: object = None  # kept alive here, never read
        self.timeline = Timeline()
        self.current = -1  # the run that the keyboard is on
        self.pointed = -1  # the run under the mouse
        self.left_ms, self.right_ms = 0.0, SHORTEST_FIT_MS
        self._now_ms = 0.0
        self._follows_ms: float | None = math.inf  # the newest so much, all there is, or nothing
        self._marks: Sequence[Mark] = ()
        self.hides_idle = True  # only lanes that live in the span in view
        self._heights = np.empty(0)
        self._tops = np.zeros(1)
        self._widest_px = 0.0
        self._labels_px = 0.0
        self._press: tuple[QPointF, float, int] | None = None  # where, and what was in view then
        self._is_dragging = False
        self._wheel_at: QPointF | None = None
        self._card = Card(self.viewport())
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)

    # -- what is shown

    def point_count(self) -> int:
        """How many invocations there are in the lanes."""
        return len(self.timeline)

    def show_timeline(self, timeline: Timeline, marks: Sequence[Mark], now_ms: float) -> None:
        """Show this; called again with the same for another moment. now_ms: until when runs run."""
        lane, offset = self._top_lane()
        self._marks, self._now_ms = marks, now_ms
        if timeline is not self.timeline:
            before, self.timeline = self.timeline, timeline
            self.current, self.pointed = (self._find(before, at) for at in (self.current, self.pointed))
            self._measure()
        self._follow()
        self._lay_out()
        self._return_to(lane, offset)
        self._show_card()
        self.viewport().update()

    @property
    def is_following(self) -> bool:
        return self._follows_ms is not None

    def follow(self, width_ms: float = math.inf) -> None:
        """Show the newest part of this length, or all there is, from now on."""
        self._follows_ms = width_ms
        self._follow()

    def show_span(self, left_ms: float, right_ms: float) -> None:
        """Show a span of time, within the limits; nothing is followed any more."""
        self._follows_ms = None
        self._set_span(left_ms, right_ms)

    def hide_idle(self, hides: bool) -> None:
        """Leave out the environments that began after the span in view, or were last seen before it."""
        lane, offset = self._top_lane()
        self.hides_idle = hides
        self._lay_out()
        self._return_to(lane, offset)
        self.viewport().update()

    def zoom(self, factor: float, at_ms: float) -> None:
        """Show less (a factor below 1) or more around a moment, which stays where it is."""
        wide = self.right_ms - self.left_ms
        wanted = min(max(wide * factor, SHORTEST_MS), self._longest_ms())
        left = at_ms - (at_ms - self.left_ms) * wanted / wide
        self.show_span(left, left + wanted)
        self.moved.emit()

    def make_frame(self) -> Frame:
        """Where everything is now."""
        line = self.fontMetrics().height()
        axis = line + theme.SPACE
        size = self.viewport().size()
        return Frame(
            width=size.width(),
            height=size.height(),
            labels=self._labels_px,
            axis=axis,
            top=axis + 2.5 * line + theme.SPACE,
            left_ms=self.left_ms,
            right_ms=self.right_ms,
            now_ms=self._now_ms,
            scroll=self.verticalScrollBar().value(),
            tops=self._tops,
        )

    def run_at(self, place: QPointF) -> int:
        """The run at a place of the viewport, -1 if there is none."""
        return self.make_frame().run_at(self.timeline, place)

    def run_text(self, run: int) -> str:
        """What the card of a run says."""
        return run_text(self.timeline, run)

    def lane_text(self, lane: int) -> str:
        """What one should know of an environment."""
        return lane_text(self.timeline, lane)

    def lane_rect(self, lane: int) -> QRectF:
        """Where a lane is in the viewport."""
        frame = self.make_frame()
        return QRectF(0, frame.lane_top(lane), frame.width, frame.lane_height(lane))

    def sizeHint(self) -> QSize:
        line = self.fontMetrics().height()
        return QSize(line * 40, line * 16)

    def minimumSizeHint(self) -> QSize:
        line = self.fontMetrics().height()
        return QSize(line * 16, line * 8)

    # -- moving

    def _measure(self) -> None:
        """Heights of the lanes and width of their labels, which only fonts and lanes change."""
        metrics = self.fontMetrics()
        line = metrics.height()
        single, row = line + 1.5 * theme.SPACE, max(3.0, line * 0.5)
        depths = self.timeline.depths.astype(np.float64)
        self._heights = np.where(
            depths > 1, np.minimum(single + (depths - 1) * row, _LONGEST_LANES * line), single
        )
        titles = nlargest(_MEASURED, {lane.title for lane in self.timeline.lanes}, key=len)
        words = ["Running at once", *(one_line(title, 40) for title in titles)]
        # One pixel more, for fractions of one.
        self._widest_px = max(metrics.horizontalAdvance(each) for each in words) + 2 * theme.SPACE + 1
        self.verticalScrollBar().setSingleStep(int(single))

    def _lay_out(self) -> None:
        """Put the lanes below each other; one that is left out has no height."""
        heights = self._heights
        if self.hides_idle and len(heights):
            began, last = self.timeline.lane_begins, self.timeline.lane_lasts
            is_running = np.bincount(
                self.timeline.lane_of, np.isinf(self.timeline.ends), len(self.timeline.lanes)
            )
            alive = (began <= self.right_ms) & ((last >= self.left_ms) | (is_running > 0))
            heights = np.where(alive, heights, 0.0)
        self._tops = np.concatenate([[0.0], np.cumsum(heights)])
        self._labels_px = float(min(self._widest_px, self.viewport().width() * 0.3))
        frame = self.make_frame()
        room = frame.height - frame.top
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, math.ceil(self._tops[-1] - room)))
        bar.setPageStep(max(1, int(room)))

    def _top_lane(self) -> tuple[str, float]:
        """The lane that stays where it is when others come or go, and how far it is scrolled out.

        That under the mouse while the wheel zooms, else that of the current run where it is in sight, else
        the one at the upper edge.
        """
        scroll = self.verticalScrollBar().value()
        lanes = self.timeline.lanes
        if not lanes or (not scroll and self.current < 0 and self._wheel_at is None):
            return "", 0.0
        frame = self.make_frame()
        first, end = frame.lanes_in_sight()
        lane = first
        if self._wheel_at is not None and (under := frame.lane_at(self._wheel_at)) >= 0:
            lane = under
        elif self.current >= 0:
            of_current = int(self.timeline.lane_of[self.current])
            lane = of_current if first <= of_current < end else first
        lane = min(lane, len(lanes) - 1)
        return lanes[lane].stream, scroll - float(self._tops[lane])

    def _return_to(self, stream: str, offset: float) -> None:
        for at, lane in enumerate(self.timeline.lanes):
            if stream and lane.stream == stream:
                self.verticalScrollBar().setValue(round(float(self._tops[at]) + offset))

    def _longest_ms(self) -> float:
        first, last = self._whole()
        return max(4 * (last - first), 3_600_000.0)

    def _whole(self) -> tuple[float, float]:
        """All there is, with a margin."""
        first, last = self.timeline.span
        if np.isinf(self.timeline.ends).any():
            last = max(last, self._now_ms)
        spare = max((SHORTEST_FIT_MS - (last - first)) / 2, (last - first) * 0.03)
        return first - spare, last + spare

    def _follow(self) -> None:
        if self._follows_ms is None or not len(self.timeline):
            return
        if math.isinf(self._follows_ms):
            self._set_span(*self._whole())
        else:
            right = max(self._now_ms, self.timeline.span[1]) + self._follows_ms * 0.02
            self._set_span(right - self._follows_ms, right)

    def _set_span(self, left_ms: float, right_ms: float) -> None:
        width = min(max(right_ms - left_ms, SHORTEST_MS), self._longest_ms())
        first, last = self._whole()
        # Something is always in view, were it at the edge.
        left_ms = min(max(left_ms, first - width * 0.9), max(last, self._now_ms) - width * 0.1)
        if (left_ms, left_ms + width) != (self.left_ms, self.right_ms):
            lane, offset = self._top_lane()
            self.left_ms, self.right_ms = left_ms, left_ms + width
            if self.hides_idle and not self._is_dragging:
                self._lay_out()
                self._return_to(lane, offset)
            self.span_changed.emit()
            self._show_card()
            self.viewport().update()

    def _pan(self, share: float) -> None:
        by_ms = (self.right_ms - self.left_ms) * share
        self.show_span(self.left_ms + by_ms, self.right_ms + by_ms)
        self.moved.emit()

    def _fit(self) -> None:
        self.follow()
        self.moved.emit()

    def _on_scrolled(self) -> None:
        self._show_card()
        self.viewport().update()

    def _walk_to(self, run: int) -> None:
        """Put the keyboard on a run, bring it into view, and say it."""
        self.current, self.pointed = run, -1
        begin, end = float(self.timeline.begins[run]), min(float(self.timeline.ends[run]), self._now_ms)
        width = self.right_ms - self.left_ms
        if begin < self.left_ms or min(end, begin + width / 2) > self.right_ms:
            self.show_span(begin - width * 0.25, begin + width * 0.75)
            self.moved.emit()
        frame = self.make_frame()
        lane = int(self.timeline.lane_of[run])
        top, bottom = float(self._tops[lane]), float(self._tops[lane + 1])
        bar = self.verticalScrollBar()
        if top < frame.scroll:
            bar.setValue(math.floor(top))
        elif bottom > frame.scroll + frame.height - frame.top:
            bar.setValue(math.ceil(bottom - (frame.height - frame.top)))
        self._show_card()
        self.viewport().update()
        announce(self, self.run_text(run))

    def _find(self, before: Timeline, run: int) -> int:
        """Where a run of another timeline is in this one."""
        if run < 0:
            return -1
        return self.timeline.find(before.request_id(run), float(before.starts[run]))

    # -- Qt's events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, has_shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if not len(self.timeline):
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and has_shift:
            self._pan(-_STEP if key == Qt.Key.Key_Left else _STEP)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._walk_to(neighbour(self.timeline, self.make_frame(), self.current, Qt.Key(key)))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.zoom(_ZOOM if key == Qt.Key.Key_Minus else 1 / _ZOOM, self._zoom_centre())
        elif key == Qt.Key.Key_Home:
            self._fit()
        elif key == Qt.Key.Key_End:
            self._walk_to(int(np.argmax(self.timeline.begins)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current >= 0:
            self.run_activated.emit(self.current)
        elif key == Qt.Key.Key_Escape and self.current >= 0:
            self.current = -1
            self._show_card()
            self.viewport().update()
        else:
            super().keyPressEvent(event)

    def _zoom_centre(self) -> float:
        if self.current >= 0 and self.left_ms <= self.timeline.begins[self.current] <= self.right_ms:
            return float(self.timeline.begins[self.current])
        return (self.left_ms + self.right_ms) / 2

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._wheel_at = event.position()
            at = max(event.position().x(), self._labels_px)
            self.zoom(_ZOOM ** (-event.angleDelta().y() / 120), self.make_frame().ms(at))
            self._wheel_at = None
            event.accept()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier or event.angleDelta().x():
            delta = event.angleDelta().x() or event.angleDelta().y()
            self._pan(-delta / 120 * _STEP / 2)
            event.accept()
        else:
            super().wheelEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = event.position(), self.left_ms, self.verticalScrollBar().value()
            self._is_dragging = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            self._point_at(self.run_at(event.position()))
            return
        place, left_ms, scroll = self._press
        by = event.position() - place
        if not self._is_dragging and by.manhattanLength() < QApplication.startDragDistance():
            return
        if not self._is_dragging:
            self._is_dragging = True
            self._point_at(-1)
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        width = self.right_ms - self.left_ms
        left_ms -= by.x() / self.make_frame().scale
        self.show_span(left_ms, left_ms + width)
        self.verticalScrollBar().setValue(round(scroll - by.y()))
        self.moved.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        was_pressed, self._press = self._press is not None, None
        if self._is_dragging:
            self._is_dragging = False
            self.viewport().unsetCursor()
            self.hide_idle(self.hides_idle)
        elif was_pressed and event.button() == Qt.MouseButton.LeftButton:
            run = self.run_at(event.position())
            if run >= 0:
                self.current = run
                self.viewport().update()
                self.run_activated.emit(run)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.run_at(event.position()) < 0:
            self._fit()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._point_at(-1)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._point_at(-1)
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            frame, place = self.make_frame(), QPointF(event.pos())
            lane = frame.lane_at(place)
            text = self.lane_text(lane) if lane >= 0 and place.x() < frame.labels else HELP
            if self.pointed < 0:
                QToolTip.showText(event.globalPos(), plain_tooltip(text), self.viewport())
            return True
        return super().viewportEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._show_card()
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._show_card()
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._measure()
        self._lay_out()
        self._show_card()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._measure()
            self._lay_out()
        self.viewport().update()

    def paint_on(self, painter: QPainter) -> None:
        """Paint what is in view, without what is pointed at."""
        painter.setFont(self.font())
        paint(painter, self.make_frame(), self.timeline, self._marks, theme.colours(self.palette()))

    def paint_into(self, painter: QPainter, area: QRectF) -> None:
        """The same at a place of a picture that is as large."""
        painter.translate(area.topLeft())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self.paint_on(painter)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        frame = self.make_frame()
        painter = QPainter(self.viewport())
        self.paint_on(painter)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        lanes = QRectF(frame.labels, frame.top, frame.width - frame.labels, frame.height - frame.top)
        for run, colour, width in ((self.pointed, colours.text, 1.0), (self.current, colours.text, 2.0)):
            if run >= 0:
                ring = frame.bar(self.timeline, run).adjusted(-width, -width, width, width)
                painter.setClipRect(lanes)
                painter.setPen(QPen(colours.base, width + 2))
                painter.drawRect(ring)
                painter.setPen(QPen(colour, width))
                painter.drawRect(ring)
        painter.setClipping(False)
        has_focus = self.hasFocus()
        painter.setPen(QPen(colours.accent, 2) if has_focus else QPen(colours.border, 1))
        inset = 1.0 if has_focus else 0.5
        painter.drawRect(QRectF(0, 0, frame.width, frame.height).adjusted(inset, inset, -inset, -inset))

    # -- the card

    def _point_at(self, run: int) -> None:
        if run != self.pointed:
            self.pointed = run
            self._show_card()
            self.viewport().update()

    def _show_card(self) -> None:
        """Put the card of what is pointed at, or else of the current run, beside it."""
        run = self.pointed if self.pointed >= 0 else self.current if self.hasFocus() else -1
        frame = self.make_frame()
        bar = frame.bar(self.timeline, run) if run >= 0 else QRectF()
        if run < 0 or bar.right() < frame.labels or bar.left() > frame.width or bar.bottom() < frame.top:
            self._card.hide()
            return
        self._card.setText(self.run_text(run))
        self._card.adjustSize()
        size = self._card.size()
        left = min(max(bar.left(), frame.labels), frame.width - size.width() - theme.TIGHT)
        below, above = bar.bottom() + theme.SPACE, bar.top() - theme.SPACE - size.height()
        top = below if below + size.height() <= frame.height else max(0.0, above)
        self._card.move(round(max(left, 0.0)), round(top))
        self._card.show()
        self._card.raise_()
