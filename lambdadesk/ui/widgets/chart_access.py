"""What a screen reader finds in a chart: one thing, described in words that follow what is in sight."""

from functools import cache
from typing import Protocol, cast

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget


class DescribedChart(Protocol):
    """accessible: the interface that is made for it, which it keeps alive and never reads."""

    accessible: QAccessibleInterface | None

    def text_summary(self) -> str:
        """The chart in words."""


@cache
def describe_charts(kind: type[DescribedChart]) -> None:
    """Have all charts of a class, which are widgets, described by their summary."""

    def make(_key: str, thing: QObject) -> QAccessibleInterface | None:
        if not isinstance(thing, kind):
            return None
        chart = cast(DescribedChart, thing)
        interface = _AccessibleChart(cast(QWidget, thing), chart)
        # Qt owns the C++ half only: the Python half must live as long as the widget.
        chart.accessible = interface
        return interface

    QAccessible.installFactory(make)


class _AccessibleChart(QAccessibleWidget):
    def __init__(self, widget: QWidget, chart: DescribedChart) -> None:
        super().__init__(widget, QAccessible.Role.Chart, widget.accessibleName())
        self._chart = chart

    def text(self, kind: QAccessible.Text) -> str:
        if kind == QAccessible.Text.Description:
            return self._chart.text_summary()
        return super().text(kind)

    def childCount(self) -> int:
        return 0
