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


def allocate() -> None:
    """More than enough for Python to collect every generation on this thread."""
    kept = [[number] for number in range(200_000)]
    del kept


async def test_a_cycle_dies_on_the_main_thread_whoever_allocates(qapp: QApplication) -> None:
    collector = Collector()
    deaths: list[threading.Thread] = []
    Cycle(deaths)
    while not deaths:
        await in_thread(allocate)
        collect_if_due()
    collector.stop()
    assert deaths == [threading.main_thread()]
    assert not gc.isenabled()
