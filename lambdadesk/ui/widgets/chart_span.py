"""Span, the time that all linked charts show, and the invocation that they point at."""

import math
from typing import Final

from PySide6.QtCore import QObject, Signal

LEAST_S: Final = 0.02  # that can be zoomed into
_LEAST_FIT_S: Final = 60.0  # what is shown of a single invocation
_MARGIN: Final = 0.03
_EDGE: Final = 0.1  # of the width: so much of what there is stays in sight


class Span(QObject):
    """Epoch seconds. It follows all there is, or the newest part of it, until someone moves it by hand.

    Signals:
        changed(): another span is shown.
        moved(): by hand, so that it follows nothing any more.
        pointed(): another invocation, or another moment, is pointed at.
    """

    changed = Signal()
    moved = Signal()
    pointed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.left_s, self.right_s = 0.0, _LEAST_FIT_S
        self.row = -1  # the invocation that is pointed at
        self.marked = -1  # the one that was chosen, and stays so
        self.moment_s = math.nan  # under the mouse
        self._first_s = self._last_s = 0.0
        self._is_empty = True
        self.now_s = -math.inf
        self._follows_s: float | None = math.inf  # so much of the newest, all there is, or nothing

    @property
    def is_following(self) -> bool:
        return self._follows_s is not None

    @property
    def is_whole(self) -> bool:
        """Whether all there is is in sight."""
        return self.left_s <= self._first_s and self._last_s <= self.right_s

    @property
    def width_s(self) -> float:
        return self.right_s - self.left_s

    def set_extent(self, first_s: float, last_s: float, now_s: float = -math.inf) -> None:
        """What there is to show. now_s: up to where the newest part reaches, if that is later."""
        self._first_s, self._last_s, self.now_s = first_s, last_s, now_s
        self._is_empty = False
        self._follow()

    def follow(self, width_s: float = math.inf) -> None:
        """Show the newest part of this length, or all there is, from now on."""
        self._follows_s = width_s
        self._follow()

    def show(self, left_s: float, right_s: float) -> None:
        """Show a span, within the limits; nothing is followed any more."""
        self._follows_s = None
        self._set(left_s, right_s)

    def move(self, left_s: float, right_s: float) -> None:
        """The same, by hand."""
        self.show(left_s, right_s)
        self.moved.emit()

    def zoom(self, factor: float, at_s: float | None = None) -> None:
        """Show less (a factor below 1) or more around a moment, which stays where it is."""
        at_s = (self.left_s + self.right_s) / 2 if at_s is None else at_s
        wide = min(max(self.width_s * factor, LEAST_S), self._longest_s())
        left = at_s - (at_s - self.left_s) * wide / self.width_s
        self.move(left, left + wide)

    def pan(self, share: float) -> None:
        """Move by a share of the width."""
        step = self.width_s * share
        self.move(self.left_s + step, self.right_s + step)

    def bring(self, at_s: float) -> None:
        """Move as little as it takes to have a moment in sight."""
        if not self.left_s <= at_s <= self.right_s:
            self.move(at_s - self.width_s / 2, at_s + self.width_s / 2)

    def point_at(self, row: int, moment_s: float = math.nan) -> None:
        """Point at an invocation (-1: at none), and at a moment (NaN: at none)."""
        is_same = row == self.row and (
            moment_s == self.moment_s or (math.isnan(moment_s) and math.isnan(self.moment_s))
        )
        if not is_same:
            self.row, self.moment_s = row, moment_s
            self.pointed.emit()

    def mark(self, row: int) -> None:
        """Choose an invocation; -1: none."""
        if row != self.marked:
            self.marked = row
            self.pointed.emit()

    def _longest_s(self) -> float:
        return max(4 * (self._last_s - self._first_s), 3_600.0)

    def _follow(self) -> None:
        if self._follows_s is None or self._is_empty:
            return
        length = self._last_s - self._first_s
        if math.isinf(self._follows_s):
            spare = max((_LEAST_FIT_S - length) / 2, length * _MARGIN)
            self._set(self._first_s - spare, self._last_s + spare)
        else:
            right = max(self.now_s, self._last_s) + self._follows_s * 0.02
            self._set(right - self._follows_s, right)

    def _set(self, left_s: float, right_s: float) -> None:
        width = min(max(right_s - left_s, LEAST_S), self._longest_s())
        # Something is always in sight, were it at the edge.
        low = self._first_s - width * (1 - _EDGE)
        high = max(self._last_s, self.now_s) - width * _EDGE
        left_s = min(max(left_s, low), max(low, high))
        if (left_s, left_s + width) != (self.left_s, self.right_s):
            self.left_s, self.right_s = left_s, left_s + width
            self.changed.emit()
