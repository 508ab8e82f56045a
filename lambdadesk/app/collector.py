"""Collector: garbage is collected on the main thread alone.

Python collects on whichever thread happens to allocate. A worker that finds a cycle with a widget in it would
destroy that widget off the main thread, which Qt does not survive.
"""

import gc

from PySide6.QtCore import QTimer

EVERY_MS = 1_000


class Collector:
    """Switches Python's own collection off and does it from a timer until `stop`."""

    def __init__(self) -> None:
        gc.disable()
        gc.freeze()  # what has been imported stays, and need not be looked through
        self._timer = QTimer(interval=EVERY_MS)
        self._timer.timeout.connect(collect_if_due)
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()


def collect_if_due() -> None:
    """Collect the oldest generation that Python would have collected by now."""
    for generation in (2, 1, 0):
        if gc.get_count()[generation] > gc.get_threshold()[generation]:
            gc.collect(generation)
            return
