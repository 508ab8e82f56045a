"""after_first_paint: what must wait until something has been seen."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget


def after_first_paint(widget: QWidget, call: Callable[[], None]) -> None:
    """Call once, as soon as `widget` and all that is painted with it has been painted for the first time."""
    widget.installEventFilter(_Watcher(widget, call))


class _Watcher(QObject):
    def __init__(self, widget: QWidget, call: Callable[[], None]) -> None:
        super().__init__(widget)
        self._call = call

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(
                0, self._call
            )  # the filter comes before the paint, a timer after the whole of it
        return False
