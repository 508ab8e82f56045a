"""Frame: where the times and lanes of a timeline are, in pixels."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF

from lambdadesk.core.timeline import Timeline

MARGIN_PX: Final = 2.0  # above and below the bars of a lane
_REACH_PX: Final = 4  # how near the mouse must be to a bar
_BEYOND: Final = 40.0  # pixels outside: Qt takes long over very wide patterns


@dataclass(frozen=True, slots=True)
class Frame:
    """Where everything is, in the pixels of the viewport. Lanes are below `top`, times right of `labels`.

    tops: where each lane begins, and the end of the last, before scrolling by `scroll`.
    """

    width: float
    height: float
    labels: float
    axis: float
    top: float
    left_ms: float
    right_ms: float
    now_ms: float
    scroll: float
    tops: NDArray[np.float64]

    @property
    def scale(self) -> float:
        """Pixels of a millisecond."""
        return max(1.0, self.width - self.labels) / (self.right_ms - self.left_ms)

    def x(self, at_ms: float) -> float:
        return self.labels + (at_ms - self.left_ms) * self.scale

    def ms(self, x: float) -> float:
        return self.left_ms + (x - self.labels) / self.scale

    def lanes_in_sight(self) -> tuple[int, int]:
        """The first lane in sight, and the one after the last."""
        count = len(self.tops) - 1
        first = int(np.searchsorted(self.tops, self.scroll, "right")) - 1
        end = int(np.searchsorted(self.tops, self.scroll + self.height - self.top, "left"))
        return max(0, min(first, count)), max(0, min(end, count))

    @property
    def has_gaps(self) -> bool:
        """Whether lanes are left out: those have no height."""
        return bool((np.diff(self.tops) == 0).any())

    def lane_top(self, lane: int) -> float:
        return self.top + float(self.tops[lane]) - self.scroll

    def lane_height(self, lane: int) -> float:
        return float(self.tops[lane + 1] - self.tops[lane])

    def lane_at(self, place: QPointF) -> int:
        """The lane at a place, -1 if there is none."""
        if place.y() < self.top:
            return -1
        lane = int(np.searchsorted(self.tops, place.y() - self.top + self.scroll, "right")) - 1
        return lane if 0 <= lane < len(self.tops) - 1 else -1

    def run_at(self, timeline: Timeline, place: QPointF) -> int:
        """The run at a place, -1 if there is none."""
        lane = self.lane_at(place)
        if lane < 0 or place.x() < self.labels:
            return -1
        own = timeline.lanes[lane]
        part = slice(own.first, own.end)
        left, right = self.ms(place.x() - _REACH_PX), self.ms(place.x() + _REACH_PX)
        near = own.first + np.flatnonzero((timeline.begins[part] <= right) & (timeline.ends[part] >= left))
        depth = (place.y() - self.lane_top(lane)) * own.depth / self.lane_height(lane)
        near = near[timeline.rows[near] == min(int(depth), own.depth - 1)]
        if not len(near):
            return -1
        at_ms = self.ms(place.x())
        away = np.maximum(np.maximum(timeline.begins[near] - at_ms, at_ms - timeline.ends[near]), 0)
        return int(near[np.argmin(away)])

    def bar(self, timeline: Timeline, run: int) -> QRectF:
        """Where a run is painted, its init or restore included, as tall as what failed."""
        ((left, _, top, right, height),) = self.places(timeline, np.array([run])).tolist()
        return QRectF(left, top, right - left, height)

    def places(self, timeline: Timeline, runs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Where runs are painted, a row each: left, left of the handler, top, right, height."""
        lanes = timeline.lane_of[runs]
        depths = timeline.depths[lanes]
        heights = (self.tops[lanes + 1] - self.tops[lanes] - 2 * MARGIN_PX) / depths
        tops = self.top + self.tops[lanes] - self.scroll + MARGIN_PX + heights * timeline.rows[runs]
        finish = np.minimum(timeline.ends[runs], np.maximum(self.now_ms, timeline.starts[runs]))
        low, high = self.labels - _BEYOND, self.width + _BEYOND
        lefts, starts, rights = (
            np.clip(self.labels + (times - self.left_ms) * self.scale, low, high)
            for times in (timeline.begins[runs], timeline.starts[runs], finish)
        )
        return np.column_stack([lefts, starts, tops, np.maximum(rights, lefts + 2), heights])
