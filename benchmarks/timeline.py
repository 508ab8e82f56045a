"""Panning over the lanes of a timeline, beside a widget that does nothing but fill as many rectangles.

python -m benchmarks.timeline
"""

import os
import random
import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from benchmarks.measure import show_table
from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.timeline import Timeline
from lambdadesk.core.types import Invocation, Outcome, Report
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.timeline_view import TimelineView

COUNT, LANES = 10_000, 200
FRAMES = 60
ROUNDS = 2
START_MS, SPAN_MS = 1_790_000_000_000, 3_600_000
SIZES = {"1,280 x 800": (1_280, 800), "1,920 x 1,200": (1_920, 1_200)}


class Rectangles(QWidget):
    """The peer: as many rectangles, each moved and filled, and nothing else."""

    def __init__(self, places: list[tuple[float, float, float]]) -> None:
        super().__init__()
        self._places = places
        self.off = 0.0

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        painter = QPainter(self)
        colour, off = QColor("#1f62d0"), self.off
        for x, y, width in self._places:
            painter.fillRect(QRectF(x - off, y, width, 14.0), colour)


def make_runs() -> list[Invocation]:
    """As many runs in as many environments, all of them alive all the time."""
    chance = random.Random(7)
    runs = []
    for number in range(COUNT):
        lane = number % LANES
        at_ms = START_MS + SPAN_MS * (number // LANES) // (COUNT // LANES) + chance.randrange(40_000)
        took_ms = chance.randrange(20, 20_000)
        outcome = chance.choices([Outcome.OK, Outcome.ERROR, Outcome.TIMEOUT], [95, 4, 1])[0]
        report = Report(f"r{number}", Decimal(took_ms), init_ms=Decimal(300) if number < LANES else None)
        stream = f"2026/11/27/[$LATEST]{lane:032x}"
        runs.append(
            Invocation(
                *("f", f"r{number}", at_ms, stream), ended_ms=at_ms + took_ms, outcome=outcome, report=report
            )
        )
    return runs


def time_frames(widget: QWidget, move: Callable[[int], object]) -> list[tuple[float, float]]:
    """Milliseconds of each frame, to move and paint at once: by the clock, and of the processor."""
    taken = []
    for frame in range(FRAMES):
        clock, work = time.perf_counter(), time.process_time()
        move(frame)
        widget.repaint()
        taken.append(((time.perf_counter() - clock) * 1000, (time.process_time() - work) * 1000))
    return taken


def measure() -> dict[str, Any]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, "light")
    columns = InvocationColumns.from_invocations(make_runs())
    laid = []
    for _round in range(ROUNDS):
        work = time.process_time()
        timeline = Timeline(columns)
        laid.append((time.process_time() - work) * 1000)
    shown_ms = _time_refresh(app, columns)
    figures: dict[str, Any] = {
        "lay_out_ms": round(min(laid), 2),
        "refresh_ms": round(shown_ms, 2),
    }
    rows = []
    for name, size in SIZES.items():
        for share, zoom in ((1.0, "the hour"), (0.1, "6 minutes")):
            mine, peer = _compare(app, timeline, size, share)
            middle = statistics.median(clock for clock, _ in mine)
            slow, slow_work = (statistics.quantiles(each, n=100)[98] for each in zip(*mine, strict=True))
            ratio = middle / statistics.median(clock for clock, _ in peer)
            label = f"{name}, {zoom}"
            rows.append([label, f"{middle:.1f} ms", f"{slow:.1f} ms", f"{slow_work:.1f} ms", f"{ratio:.2f}"])
            figures[label] = {
                "p99_ms": round(slow, 2),
                "p99_work_ms": round(slow_work, 2),
                "to_rectangles": round(ratio, 2),
            }
    show_table(
        f"Panning over {COUNT:,} invocations in {LANES} lanes; laid out in {min(laid):.1f} ms of a thread, "
        f"shown anew in {shown_ms:.1f} ms of the loop",
        ["", "median frame", "p99", "p99 of work", f"to {COUNT:,} rectangles"],
        rows,
    )
    return figures


def _time_refresh(app: QApplication, columns: InvocationColumns) -> float:
    """Milliseconds of the processor that the loop gives to show and sum up what was laid out anew."""
    view = TimelineView()
    view.resize(*SIZES["1,280 x 800"])
    view.show()
    app.processEvents()
    taken = []
    for _round in range(2 * ROUNDS):
        timeline = Timeline(columns)
        work = time.process_time()
        view.show_timeline(timeline, timeline.marks(), timeline.span[1])
        timeline.summary()
        taken.append((time.process_time() - work) * 1000)
        app.processEvents()
    view.close()
    return statistics.median(taken)


def _compare(
    app: QApplication, timeline: Timeline, size: tuple[int, int], share: float
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    view = TimelineView()
    view.resize(*size)
    view.show_timeline(timeline, timeline.marks(), timeline.span[1])
    view.show()
    frame = view.make_frame()
    places = [
        (frame.x(float(begin)), 80.0 + 26 * int(lane), max(1.0, float(end - begin) * frame.scale))
        for begin, end, lane in zip(timeline.begins, timeline.ends, timeline.lane_of, strict=True)
    ]
    peer = Rectangles(places)
    peer.resize(*size)
    peer.show()
    app.processEvents()
    width = (timeline.span[1] - timeline.span[0]) * share
    first = timeline.span[0] + (SPAN_MS - width) / 2

    def pan(number: int) -> None:
        left = first + width * 0.002 * (number - FRAMES / 2)
        view.show_span(left, left + width)

    def push(number: int) -> None:
        peer.off = 2.0 * number

    mine: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for _round in range(ROUNDS):
        mine += time_frames(view.viewport(), pan)
        theirs += time_frames(peer, push)
    view.close()
    peer.close()
    return mine, theirs


if __name__ == "__main__":
    measure()
