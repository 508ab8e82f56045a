"""What a screen reader finds in a Chart: one thing, described in words that follow what is in sight."""

from functools import cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget

if TYPE_CHECKING:
    from lambdadesk.ui.widgets.chart import Chart


@cache
def install_accessibility() -> None:
    QAccessible.installFactory(_accessible)


def _accessible(_key: str, thing: QObject) -> QAccessibleInterface | None:
    from lambdadesk.ui.widgets.chart import Chart

    if not isinstance(thing, Chart):
        return None
    interface = _AccessibleChart(thing)
    # Qt owns the C++ half only: the Python half must live as long as the widget.
    thing.accessible = interface
    return interface


class _AccessibleChart(QAccessibleWidget):
    def __init__(self, chart: "Chart") -> None:
        super().__init__(chart, QAccessible.Role.Chart, chart.accessibleName())
        self._chart = chart

    def text(self, kind: QAccessible.Text) -> str:
        if kind == QAccessible.Text.Description:
            return self._chart.text_summary()
        return super().text(kind)

    def childCount(self) -> int:
        return 0
