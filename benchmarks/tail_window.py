"""Run by benchmarks.tail: a log view that follows a busy log; prints how late its event loop was as JSON.

python -m benchmarks.tail_window URL SECONDS
"""

import asyncio
import json
import sys
import time

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from benchmarks.tail import make_tail
from lambdadesk.app.collector import Collector
from lambdadesk.core.logfilter import parse_filter
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.log_view import LogView

TICK_S = 0.002
FILTER = "order -shipped"


def main() -> None:
    url, seconds, mode = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    application = QApplication(sys.argv[:1])
    theme.apply(application, "light")
    collector = Collector()
    with asyncio.Runner(loop_factory=lambda: QEventLoop(application)) as runner:
        figures = runner.run(_measure(url, seconds, has_view=mode == "view"))
    collector.stop()
    sys.stdout.write(json.dumps(figures))


async def _measure(url: str, seconds: float, *, has_view: bool) -> dict[str, float]:
    _gateway, tail = make_tail(url, "storm")
    if has_view:
        view = LogView()
        view.resize(1_000, 700)
        view.set_store(tail.store)
        view.set_filter(parse_filter(FILTER))
        view.set_follow(True)
        view.show()
    late_ms: list[float] = []
    work_ms: list[float] = []  # of this thread between two ticks, whatever else the machine does
    async with asyncio.TaskGroup() as group:
        running = group.create_task(tail.run())
        ends_s = time.monotonic() + seconds
        while (now_s := time.monotonic()) < ends_s:
            worked_s = time.thread_time()
            await asyncio.sleep(TICK_S)
            work_ms.append((time.thread_time() - worked_s) * 1_000)
            late_ms.append(max(0.0, (time.monotonic() - now_s - TICK_S) * 1_000))
        running.cancel()
    late_ms.sort()
    work_ms.sort()
    return {
        "lines": len(tail.store),
        "ticks": len(late_ms),
        "median ms": late_ms[len(late_ms) // 2],
        "p99 ms": late_ms[len(late_ms) * 99 // 100],
        "longest ms": late_ms[-1],
        "own work p99 ms": work_ms[len(work_ms) * 99 // 100],
        "longest ms of it": work_ms[-1],
    }


if __name__ == "__main__":
    main()
