"""The charts of a million invocations, beside what bare pyqtgraph needs for the same points.

python -m benchmarks.charts
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from benchmarks.measure import show_table
from lambdadesk.core.invocation_columns import UNKNOWN, InvocationColumns
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.chart_stack import ChartStack

COUNTS = (10_000, 1_000_000)
FRAMES = 120
PEER_FRAMES = 5
SIZE = QSize(1_000, 760)
START_MS, SPAN_MS = 1_790_000_000_000, 30 * 86_400_000


def make_columns(count: int) -> InvocationColumns:
    """A month of a function: durations over three powers of ten, some failures and cold starts, two sizes."""
    chance = np.random.default_rng(7)
    nothing = np.full(count, np.nan)
    init = nothing.copy()
    cold = chance.random(count) < 0.02
    init[cold] = chance.normal(300, 40, int(cold.sum()))
    duration = np.round(chance.lognormal(4.5, 0.7, count), 2)
    whole = np.full(count, 256, np.int32)
    whole[: count // 2] = 128
    zeros = np.zeros(count, np.int32)
    started = np.sort(chance.integers(START_MS, START_MS + SPAN_MS, count))
    return InvocationColumns(
        started_ms=started,
        ended_ms=started + np.ceil(duration).astype(np.int64),
        duration_ms=duration,
        init_ms=init,
        restore_ms=nothing,
        billed_ms=np.ceil(duration).astype(np.int32),
        billed_restore_ms=np.full(count, UNKNOWN, np.int32),
        memory_mb=whole,
        max_memory_mb=np.minimum(whole, chance.normal(90, 10, count).astype(np.int32)),
        cost_nano=(duration * 2.1).astype(np.int64) + 200,
        cost_rest=np.zeros(count, np.int64),
        request_hi=chance.integers(1, 1 << 62, count).astype(np.uint64),
        request_lo=chance.integers(1, 1 << 62, count).astype(np.uint64),
        version=zeros,
        stream=zeros,
        error_type=zeros,
        currency=np.zeros(count, np.uint8),
        outcome=chance.choice(np.arange(4, dtype=np.uint8), count, p=[0.985, 0.01, 0.004, 0.001]),
        source=np.zeros(count, np.uint8),
        exact=np.ones(count, np.bool_),
        here=np.zeros(count, np.bool_),
        as_ran=np.zeros(count, np.bool_),
        versions=("$LATEST",),
        streams=("2026/11/27/[$LATEST]0",),
        error_types=("",),
        currencies=("USD",),
    )


def time_frames(
    move: Callable[[int], object], paint: Callable[[], object], frames: int
) -> list[tuple[float, float]]:
    """Milliseconds of each frame, to move and to paint at once: by the clock, and of the processor."""
    taken = []
    for frame in range(frames):
        clock, work = time.perf_counter(), time.process_time()
        move(frame)
        paint()
        taken.append(((time.perf_counter() - clock) * 1000, (time.process_time() - work) * 1000))
    return taken


def measure() -> dict[str, Any]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, "light")
    import pyqtgraph as pg  # its half second is measured at the start, not here

    figures: dict[str, Any] = {}
    rows = []
    for count in COUNTS:
        columns = make_columns(count)
        opened, open_work, frames, zooms = _time_ours(app, columns)
        peer_opened, peer_frames = _time_bare(app, pg, columns)
        middle = statistics.median(clock for clock, _ in frames)
        slow, slow_work = (statistics.quantiles(each, n=100)[98] for each in zip(*frames, strict=True))
        zoom = statistics.median(clock for clock, _ in zooms)
        peer = statistics.median(clock for clock, _ in peer_frames)
        rows.append(
            [
                f"{count:,}",
                f"{opened:.0f} ms",
                f"{peer_opened:.0f} ms",
                f"{middle:.1f} ms",
                f"{slow:.1f} ms",
                f"{slow_work:.1f} ms",
                f"{zoom:.1f} ms",
                f"{peer:.0f} ms",
                f"{middle / peer:.3f}",
            ]
        )
        figures[f"{count}"] = {
            "open_ms": round(opened, 1),
            "open_work_ms": round(open_work, 1),
            "pan_p99_ms": round(slow, 2),
            "pan_p99_work_ms": round(slow_work, 2),
            "zoom_ms": round(zoom, 2),
            "open_to_scatter": round(opened / peer_opened, 3),
            "pan_to_scatter": round(middle / peer, 3),
        }
    show_table(
        "Three charts with histograms and percentiles, beside one bare pyqtgraph scatter of the durations",
        ["points", "open", "scatter", "pan", "p99", "p99 of work", "zoom", "scatter", "pan to scatter"],
        rows,
    )
    return figures


def _time_ours(
    app: QApplication, columns: InvocationColumns
) -> tuple[float, float, list[tuple[float, float]], list[tuple[float, float]]]:
    window = QWidget()
    stack = ChartStack("USD")
    QVBoxLayout(window).addWidget(stack)
    window.resize(SIZE)
    clock, work = time.perf_counter(), time.process_time()
    stack.show_columns(columns, None, (START_MS + SPAN_MS) / 1000)
    window.show()
    app.processEvents()
    opened, open_work = (time.perf_counter() - clock) * 1000, (time.process_time() - work) * 1000

    def paint() -> None:
        app.sendPostedEvents()
        app.processEvents()

    stack.span.zoom(0.7)
    paint()
    frames = time_frames(lambda _frame: stack.span.pan(0.002), paint, FRAMES)
    zooms = time_frames(lambda _frame: stack.span.zoom(0.98), paint, FRAMES // 4)
    window.close()
    window.deleteLater()
    app.processEvents()
    return opened, open_work, frames, zooms


def _time_bare(
    app: QApplication, pg: Any, columns: InvocationColumns
) -> tuple[float, list[tuple[float, float]]]:
    """One plot with the durations as a scatter of pyqtgraph's own; no histogram, no percentiles."""
    plot = pg.PlotWidget()
    plot.resize(SIZE.width(), SIZE.height() // 3)
    clock = time.perf_counter()
    plot.addItem(
        pg.ScatterPlotItem(columns.started_ms / 1000, columns.duration_ms, size=5, pen=None, pxMode=True)
    )
    plot.show()
    app.processEvents()
    opened = (time.perf_counter() - clock) * 1000
    left, width = START_MS / 1000, SPAN_MS / 1000 * 0.7

    def move(frame: int) -> None:
        plot.setXRange(left + width * 0.002 * frame, left + width * (1 + 0.002 * frame), padding=0)

    frames = time_frames(move, plot.viewport().repaint, PEER_FRAMES)
    plot.close()
    return opened, frames


if __name__ == "__main__":
    measure()
