"""HoursPicker: all the time, or some hours of each day or weekday."""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QWidget

from lambdadesk.core.concurrency import Hours
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel

ALWAYS, WEEKDAYS, DAILY = "All the time", "Weekdays", "Every day"
_FIRST, _END = 8, 18  # at first
_DAY: Final = 24


class HoursPicker(QWidget):
    """Hours are those of this machine's clock; they go past midnight where the end is not after the begin.

    Signals:
        changed(): other hours were chosen.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.days = named(CalmComboBox(), "hoursDays", "When units are configured")
        self.days.addItems((ALWAYS, WEEKDAYS, DAILY))
        self.first = named(QSpinBox(), "hoursFirst", "From this hour")
        self.first.setRange(0, _DAY - 1)
        self.first.setValue(_FIRST)
        self.end = named(QSpinBox(), "hoursEnd", "To this hour")
        self.end.setRange(0, _DAY)
        self.end.setValue(_END)
        begin, until = PlainLabel("from"), PlainLabel("to")
        begin.setBuddy(self.first)
        until.setBuddy(self.end)
        self._hours = (begin, self.first, until, self.end)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE)
        label = PlainLabel("Configured")
        label.setBuddy(self.days)
        for widget in (label, self.days, *self._hours):
            row.addWidget(widget)
        row.addStretch(1)
        for box in (self.first, self.end):
            box.setSuffix(":00")
            box.setKeyboardTracking(False)
            box.lineEdit().setAccessibleName(box.accessibleName())
            box.valueChanged.connect(lambda _hour: self.changed.emit())
        self.days.currentIndexChanged.connect(lambda _index: self._on_days())
        self._show_hours()

    @property
    def when(self) -> Hours | None:
        """None: all the time."""
        if self.days.currentText() == ALWAYS:
            return None
        weekdays = self.days.currentText() == WEEKDAYS
        return Hours(self.first.value(), self.end.value(), weekdays=weekdays)

    def _on_days(self) -> None:
        self._show_hours()
        self.changed.emit()

    def _show_hours(self) -> None:
        for widget in self._hours:
            widget.setVisible(self.days.currentText() != ALWAYS)
