"""TimeRange: the last hour, say, or a stretch between two moments, in local time or in UTC."""

import time
from datetime import UTC, datetime

from PySide6.QtCore import QDate, QTime, QTimeZone, Signal
from PySide6.QtWidgets import QCheckBox, QDateTimeEdit, QHBoxLayout, QWidget

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip

_LASTS = (
    ("15 minutes", 900),
    ("1 hour", 3_600),
    ("3 hours", 3 * 3_600),
    ("24 hours", 86_400),
    ("7 days", 7 * 86_400),
)
_CUSTOM = 0


class TimeRange:
    """`choice` and `utc` are for one row, `custom` for a row of its own, which is hidden while not wanted."""

    def __init__(self, prefix: str) -> None:
        self.choice = named(CalmComboBox(), f"{prefix}Range", "Time range")
        for text, seconds in _LASTS:
            self.choice.addItem(f"Last {text}", seconds)
        self.choice.addItem("From … to …", _CUSTOM)
        self.choice.setCurrentIndex(1)
        self.utc = named(QCheckBox("UTC"), f"{prefix}Utc", "Show and enter times in UTC")
        set_plain_tooltip(self.utc, "Show and enter times in UTC instead of local time")
        self.custom = _Custom(prefix)
        self.custom.hide()
        self.choice.currentIndexChanged.connect(self._on_choice)
        self.utc.toggled.connect(self._on_utc)
        self.changed = self.custom.changed

    def get(self) -> tuple[int, int]:
        """From and to in epoch seconds, both inclusive; "last" ones end now."""
        seconds = self.choice.currentData()
        if seconds == _CUSTOM:
            is_utc = self.utc.isChecked()
            return to_epoch_s(self.custom.start, is_utc), to_epoch_s(self.custom.end, is_utc)
        now_s = int(time.time())
        return now_s - seconds, now_s

    def _on_choice(self) -> None:
        if self.choice.currentData() == _CUSTOM and not self.custom.was_used:
            now_s = int(time.time())
            self._show(now_s - 3_600, now_s)
            self.custom.was_used = True
        self.custom.setVisible(self.choice.currentData() == _CUSTOM)
        self.changed.emit()

    def _on_utc(self, is_utc: bool) -> None:
        start_s, end_s = (to_epoch_s(each, not is_utc) for each in (self.custom.start, self.custom.end))
        self._show(start_s, end_s)  # the same moments

    def _show(self, start_s: int, end_s: int) -> None:
        is_utc = self.utc.isChecked()
        for edit, at_s in ((self.custom.start, start_s), (self.custom.end, end_s)):
            edit.show_moment(at_s, is_utc=is_utc)
        self.custom.zone.setText("UTC" if is_utc else "local time")


class MomentEdit(QDateTimeEdit):
    """A date and time whose figures mean local time or UTC, whichever its owner says."""

    def __init__(self) -> None:
        super().__init__()
        self.setDisplayFormat("yyyy-MM-dd HH:mm:ss")
        self.setTimeZone(QTimeZone.utc())  # the figures as they are; what they mean is our matter
        self.setCalendarPopup(True)
        # AWS takes no moment before 1970; a day or more is left for time zones.
        self.setDateRange(QDate(1970, 1, 2), QDate(2999, 12, 31))

    def show_moment(self, at_s: int, *, is_utc: bool) -> None:
        at = datetime.fromtimestamp(at_s, UTC).astimezone(UTC if is_utc else None)
        self.blockSignals(True)
        self.setDate(QDate(at.year, at.month, at.day))
        self.setTime(QTime(at.hour, at.minute, at.second))
        self.blockSignals(False)


class _Custom(QWidget):
    changed = Signal()

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.was_used = False
        self.start = named(MomentEdit(), f"{prefix}From", "From")
        self.end = named(MomentEdit(), f"{prefix}To", "To, included")
        self.zone = PlainLabel("local time")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE)
        for text, edit in (("From", self.start), ("to", self.end)):
            edit.dateTimeChanged.connect(lambda _at: self.changed.emit())
            row.addWidget(PlainLabel(text))
            row.addWidget(edit)
        row.addWidget(self.zone)
        row.addStretch(1)


def to_epoch_s(edit: QDateTimeEdit, is_utc: bool) -> int:
    """The moment that a MomentEdit shows."""
    date, clock = edit.date(), edit.time()
    at = datetime(  # noqa: DTZ001  what was entered has no zone of its own
        date.year(), date.month(), date.day(), clock.hour(), clock.minute(), clock.second()
    )
    return int((at.replace(tzinfo=UTC) if is_utc else at.astimezone()).timestamp())
