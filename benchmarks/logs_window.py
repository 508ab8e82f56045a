"""Run by benchmarks.logs: the log page with 1,000,000 lines, offscreen; prints figures as JSON.

    python -m benchmarks.logs_window grouped|lines TEXT

TEXT is the file that the lines are written to for the peer; it is made by the first run.
"""

import asyncio
import gc
import json
import random
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy  # noqa: F401  the application has it before anybody reads a million lines
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from benchmarks.micro import FILTERS, WORDS
from lambdadesk.app.collector import Collector
from lambdadesk.app.memory import give_large_pieces_back
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.invocations import InvocationTracker
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.logstore import LogRow
from lambdadesk.core.types import FunctionInfo, LogColumns, LogEvent, Target
from lambdadesk.desk.tail_source import SLICE
from lambdadesk.desk.tailer import Tailer
from lambdadesk.ui import theme
from lambdadesk.ui.panels.logs_panel import LogsPanel

LINES = 1_000_000
PER_INVOCATION = 10
BATCH = 800  # whole invocations
START_MS = 1_760_000_000_000
ROUNDS = 3
FRAMES = 200
ARRIVING_S = 4.0
RATE = 5_000
PAGE_S = 0.1
PAGES_OF_POLL = 10


def events(count: int, start_ms: int, seed: int) -> Iterator[LogEvent]:
    """Lines of invocations, eight at a time, ten lines each, 137 bytes on average."""
    chance = random.Random(seed)
    for first in range(0, count, 8 * PER_INVOCATION):
        ids = [f"{chance.getrandbits(32):08x}-1111-4222-8333-{first + lane:012d}" for lane in range(8)]
        for at in range(PER_INVOCATION):
            for lane, request_id in enumerate(ids):
                number = first + at * 8 + lane
                yield LogEvent(
                    start_ms + number // 5,
                    _message(at, number, request_id, chance),
                    f"stream-{lane}",
                    start_ms,
                    f"{seed:08d}{number:048d}",
                )


def _message(at: int, number: int, request_id: str, chance: random.Random) -> str:
    if at == 0:
        return f"START RequestId: {request_id} Version: $LATEST\n"
    if at == PER_INVOCATION - 2:
        return f"END RequestId: {request_id}\n"
    if at == PER_INVOCATION - 1:
        return (
            f"REPORT RequestId: {request_id}\tDuration: {number % 900}.25 ms\t"
            f"Billed Duration: {number % 900 + 1} ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t\n"
        )
    words = " ".join(chance.choices(WORDS, k=9))
    timeout = " Timeout" if number % 100 == 3 else ""
    return f"2026-01-02T03:04:05.{number % 1000:03d}Z\t{request_id}\tINFO\torder {number} {words}{timeout}\n"


def resident_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


class Paints(QObject):
    """Counts the paints of the table's rows."""

    def __init__(self, panel: LogsPanel) -> None:
        super().__init__(panel)
        self.count = 0
        panel.view.table.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  Qt's name
        self.count += event.type() == QEvent.Type.Paint
        return False


def settle(app: QApplication, panel: LogsPanel) -> None:
    while panel.view.is_scanning:
        app.processEvents()


def time_filters(app: QApplication, panel: LogsPanel, paints: Paints) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for wanted, _peer in (*FILTERS, ("", [])):
        first_s, whole_s, work_s = [], [], []
        for _round in range(ROUNDS):
            panel.filter.setText("zzz nothing")
            panel._apply_filter()
            settle(app, panel)
            panel.filter.setText(wanted)
            painted = paints.count
            started, started_work = time.perf_counter(), time.thread_time()
            panel._apply_filter()
            first = None
            while panel.view.is_scanning or first is None:
                app.processEvents()
                if first is None and paints.count > painted and panel.view.line_count():
                    first = time.perf_counter() - started
            whole_s.append(time.perf_counter() - started)
            work_s.append(time.thread_time() - started_work)
            first_s.append(first)
        figures[wanted] = {
            "first_s": first_s,
            "whole_s": whole_s,
            "work_s": work_s,
            "count": panel.view.matching_count(),
        }
    return figures


def time_scrolling(app: QApplication, panel: LogsPanel) -> dict[str, list[float]]:
    bar = panel.view.table.verticalScrollBar()
    chance = random.Random(3)
    panel.follow.setChecked(False)
    taken, works = [], []
    for frame in range(FRAMES):
        # Half of them are jumps, half are steps of the wheel.
        value = chance.randrange(bar.maximum()) if frame % 2 else bar.value() + 3
        started, started_work = time.perf_counter(), time.thread_time()
        bar.setValue(value)
        app.processEvents()
        taken.append((time.perf_counter() - started) * 1000)
        works.append((time.thread_time() - started_work) * 1000)
    return {"wall_ms": _p99(taken), "work_ms": _p99(works)}


async def stalls(tail: Tailer, late_share: float, seed: int) -> dict[str, list[float]]:
    """How much later than after a millisecond the loop came back, p99 and longest, while lines arrive.

    work_ms: how long the thread itself worked meanwhile, whatever else the machine did.
    """
    loop = asyncio.get_running_loop()
    gaps: list[float] = []
    works: list[float] = []
    last, last_work = time.perf_counter(), time.thread_time()
    is_over = False

    def beat() -> None:
        nonlocal last, last_work
        now, work = time.perf_counter(), time.thread_time()
        gaps.append((now - last) * 1000 - 1)
        works.append((work - last_work) * 1000)
        last, last_work = now, work
        if not is_over:
            loop.call_later(0.001, beat)

    chance = random.Random(seed)
    per_page = int(RATE * PAGE_S)
    stream = events(10 * RATE * int(ARRIVING_S), tail.store.timestamp(tail.store.end - 1), seed)
    loop.call_later(0.001, beat)
    pages = 0
    tail.sources[0]._anchor_ms = tail.store.timestamp(tail.store.end - 1)
    ends = time.perf_counter() + ARRIVING_S
    while time.perf_counter() < ends:
        started, started_work = time.perf_counter(), time.thread_time()
        page = []
        for event in (next(stream) for _line in range(per_page)):
            late_ms = chance.randrange(30_000) if chance.random() < late_share else 0
            page.append(_at(event, late_ms))
        # Making the events is no part of the application.
        last += time.perf_counter() - started
        last_work += time.thread_time() - started_work
        pages += 1
        await take_answer(tail, page, is_last=pages % PAGES_OF_POLL == 0)
        await asyncio.sleep(max(0.0, PAGE_S - (time.perf_counter() - started)))
    is_over = True
    return {"wall_ms": _p99(gaps), "work_ms": _p99(works)}


def _p99(values: list[float]) -> list[float]:
    """The 99th percentile and the largest."""
    values = sorted(values)
    return [values[int(len(values) * 0.99)], values[-1]]


def _at(event: LogEvent, late_ms: int) -> LogEvent:
    return event._replace(timestamp_ms=event.timestamp_ms - late_ms)


def take(tail: Tailer, page: list[LogEvent]) -> None:
    """What a tail does with the events of an answer."""
    source = tail.sources[0]
    if source._seen.is_large:  # as between two polls
        source._seen.pack()
    source._seen.begin_poll()
    tail._show(source, source._take(LogColumns.of(page)))


async def take_answer(tail: Tailer, page: list[LogEvent], *, is_last: bool) -> None:
    """What a tail does with an answer of a poll, and after its last one with what came late."""
    source = tail.sources[0]
    show = partial(tail._show, source)
    for start in range(0, len(page), SLICE):
        fresh = source._put_late_aside(source._take(LogColumns.of(page[start : start + SLICE])))
        if len(fresh):
            show(fresh)
        await asyncio.sleep(0)
    if is_last:
        await source._show_late(show)
        source._anchor_ms = tail.store.timestamp(tail.store.end - 1)
        source._seen.begin_poll()


def store_alone(tail: Tailer, page: list[LogEvent]) -> None:
    """Store lines without what the tail and the ledger keep of their invocations."""
    tracker = InvocationTracker("orders")
    first = len(tail.store) // PER_INVOCATION
    rows = []
    for event in page:
        fed = tracker.feed(event)
        request_id = tracker.invocations[fed.invocation].request_id
        rows.append(
            LogRow(
                *(event.timestamp_ms, event.ingestion_ms, event.stream, event.message),
                invocation=first + fed.invocation,
                request_id=request_id,
            )
        )
    tail.store.add(rows)


async def main(app: QApplication, mode: str, text: Path) -> dict[str, Any]:
    function = FunctionInfo("orders", memory_mb=128)
    ledger = InvocationLedger(lambda *_facts: None)
    gateway = Gateway(Target("eu-west-1"))
    tail = Tailer(gateway, function, ledger)
    panel = LogsPanel(tail, ledger)
    panel.tools.group.setChecked(mode == "grouped")
    panel.resize(1000, 700)
    panel.show()
    paints = Paints(panel)
    app.processEvents()
    gc.collect()
    empty = resident_bytes()
    file = text.open("w", encoding="utf-8") if mode == "grouped" else None
    page: list[LogEvent] = []
    characters = 0
    for event in events(LINES, START_MS, 7):
        page.append(event)
        if len(page) == BATCH:
            if mode == "grouped":
                take(tail, page)
            else:
                store_alone(tail, page)
            characters += sum(len(each.message) for each in page)
            if file:
                file.writelines(each.message for each in page)
            page = []
            app.processEvents()
    if file:
        file.close()
    settle(app, panel)
    gc.collect()
    memory = resident_bytes() - empty
    figures: dict[str, Any] = {
        "lines": len(tail.store),
        "text_mb": characters / 1e6,
        "memory_to_text": memory / characters,
    }
    figures["filters"] = time_filters(app, panel, paints)
    figures["scroll_ms"] = time_scrolling(app, panel)
    panel.follow.setChecked(True)
    panel.filter.setText("order")
    panel._apply_filter()
    settle(app, panel)
    figures["stall_ms"] = await stalls(tail, 0.0, 11)
    figures["late_stall_ms"] = await stalls(tail, 0.1, 12)
    panel.hide()
    await panel.close_panel()
    await gateway.close()
    return figures


if __name__ == "__main__":
    give_large_pieces_back()
    app = QApplication([])
    theme.apply(app, "light")
    collector = Collector()  # as the application does: garbage is collected by a timer
    with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
        print(json.dumps(runner.run(main(app, sys.argv[1], Path(sys.argv[2])))))
