"""Where the arrow keys lead in a timeline."""

import numpy as np
from PySide6.QtCore import Qt

from lambdadesk.core.timeline import Timeline
from lambdadesk.ui.widgets.timeline_frame import Frame


def neighbour(timeline: Timeline, frame: Frame, current: int, key: Qt.Key) -> int:
    """Where an arrow leads from the current run; into the view where there is none (-1)."""
    if current < 0:
        seen = np.flatnonzero(timeline.in_span(frame.left_ms, frame.right_ms))
        among = seen if len(seen) else np.arange(len(timeline))
        first, end = frame.lanes_in_sight()
        near = among[(timeline.lane_of[among] >= first) & (timeline.lane_of[among] < end)]
        among = near if len(near) else among
        middle = (frame.left_ms + frame.right_ms) / 2
        return int(among[np.argmin(np.abs(timeline.begins[among] - middle))])
    lane = int(timeline.lane_of[current])
    if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
        step = -1 if key == Qt.Key.Key_Left else 1
        return min(max(current + step, timeline.lanes[lane].first), timeline.lanes[lane].end - 1)
    others = range(lane - 1, -1, -1) if key == Qt.Key.Key_Up else range(lane + 1, len(timeline.lanes))
    to = next((at for at in others if frame.lane_height(at) > 0), -1)
    if to < 0:
        return current
    first, end = timeline.lanes[to].first, timeline.lanes[to].end
    return first + int(np.argmin(np.abs(timeline.begins[first:end] - timeline.begins[current])))
