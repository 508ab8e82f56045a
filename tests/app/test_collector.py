"""Garbage is collected on the main thread alone."""

import gc
import threading
import weakref

from PySide6.QtWidgets import QApplication

from lambdadesk.app.collector import Collector, collect_if_due
from lambdadesk.core.threads import in_thread


class Cycle:
    def __init__(self, deaths: list[threading.Thread]) -> None:
        self.itself = self
        weakref.finalize(self, lambda: deaths.append(threading.current_thread()))


def allocate() -> list[list[int]]:
    """More than enough for Python to collect on this thread; what is freed again would not count."""
    return [[number] for number in range(200_000)]


async def test_a_cycle_dies_on_the_main_thread_whoever_allocates(qapp: QApplication) -> None:
    collector = Collector()
    deaths: list[threading.Thread] = []
    Cycle(deaths)
    kept = await in_thread(allocate)
    collect_if_due()
    collector.stop()
    assert deaths == [threading.main_thread()]
    assert not gc.isenabled()
    assert len(kept) == 200_000
