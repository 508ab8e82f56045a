"""MonthTools: which days, groups, picture and functions a month shows, and the buttons beside that."""

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from lambdadesk.core.month_view import Grouping
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.filter_edit import FilterEdit
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import set_plain_tooltip
from lambdadesk.ui.widgets.wrapping_row import WrappingRow

DAYS: Final = "Last 30 days"
MONTH: Final = "This month"
BARS, TREEMAP, NO_PICTURE = "By day", "Treemap", "No picture"
_FILTER_PX = 130
_BY_PX = 220  # at most: names of tags may be long


class MonthTools(WrappingRow):
    """One row, or as many as it takes.

    Signals:
        changed(): other days, another grouping or filter.
        picture_changed(): another picture is to be shown.
        read_requested(), stop_requested(), export_requested(): a button was clicked.
    """

    changed = Signal()
    picture_changed = Signal()
    read_requested = Signal()
    stop_requested = Signal()
    export_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        self.period = named(CalmComboBox(), "monthPeriod", "Days that are shown")
        self.period.addItems((DAYS, MONTH))
        self.by = named(CalmComboBox(), "monthBy", "What rows are summed by")
        self._grouping: tuple[Grouping, str] = (Grouping.FUNCTION, "")  # and the tag
        for each in Grouping:
            if each is not Grouping.TAG:
                self.by.addItem(f"By {each.value.lower()}", (each, ""))
        self.by.setSizeAdjustPolicy(CalmComboBox.SizeAdjustPolicy.AdjustToContents)
        self.by.setMaximumWidth(_BY_PX)
        self.picture = named(CalmComboBox(), "monthPicture", "Picture")
        self.picture.addItems((BARS, TREEMAP, NO_PICTURE))
        name = "Filter functions by name, place, runtime or tag"
        self.filter = named(FilterEdit("Filter"), "monthFilter", name)
        self.filter.setMinimumWidth(_FILTER_PX)
        set_plain_tooltip(
            self.filter, "Functions whose name, account, region, runtime or tag has all these words"
        )
        self.read = named(QPushButton(icon("refresh"), "Read"), "monthRead", "Read from CloudWatch")
        self.stop = named(QPushButton(icon("stop"), "Stop"), "monthStop", "Stop reading")
        self.stop.hide()
        self.export = named(QPushButton(icon("save"), "Export…"), "monthExport", "Export the rows")
        set_plain_tooltip(
            self.export, "Write the rows that are shown to a CSV file, with the cost of each day"
        )
        super().__init__(
            [self.period, self.by, self.picture, self.filter, self.read, self.stop, self.export], parent
        )
        self.period.activated.connect(lambda _index: self.changed.emit())
        self.by.activated.connect(self._on_grouping)
        self.filter.textChanged.connect(lambda _text: self.changed.emit())
        self.picture.activated.connect(lambda _index: self.picture_changed.emit())
        self.read.clicked.connect(lambda _checked: self.read_requested.emit())
        self.stop.clicked.connect(lambda _checked: self.stop_requested.emit())
        self.export.clicked.connect(lambda _checked: self.export_requested.emit())

    @property
    def view(self) -> dict[str, str]:
        """What is chosen, but for the filter; `restore` takes it up again."""
        by, tag = self._grouping
        return {
            "days": self.period.currentText(),
            "picture": self.picture.currentText(),
            "by": by.value,
            "tag": tag,
        }

    def restore(self, view: Mapping[str, str]) -> None:
        """Choose what was chosen before; what there is no more is passed over."""
        self.period.setCurrentIndex(max(0, self.period.findText(view.get("days", DAYS))))
        self.picture.setCurrentIndex(max(0, self.picture.findText(view.get("picture", BARS))))
        if (by := view.get("by", "")) in [each.value for each in Grouping]:
            self._grouping = (Grouping(by), view.get("tag", ""))
            self.offer_tags(())

    @property
    def is_month(self) -> bool:
        """Whether the calendar month is to be shown, and not the last 30 days."""
        return self.period.currentText() == MONTH

    @property
    def grouping(self) -> tuple[Grouping, str]:
        """What rows are summed by, and the tag if it is one."""
        return self._grouping

    @property
    def words(self) -> list[str]:
        """Of the filter, in lower case."""
        return self.filter.text().casefold().split()

    def look_into(self, group: str) -> None:
        """Show the functions of a group, one by one."""
        self.by.setCurrentIndex(0)
        self._grouping = (Grouping.FUNCTION, "")
        self.filter.setText(group)
        self.changed.emit()

    def offer_tags(self, names: Sequence[str]) -> None:
        """Offer these tags to group by, and the one that is chosen, whose functions may come later."""
        wanted = sorted({*names, self._grouping[1]} - {""})
        known = [self.by.itemData(index)[1] for index in range(self.by.count())]
        if wanted != [name for name in known if name]:
            self._set_tags(wanted)
        at = [self.by.itemData(index) for index in range(self.by.count())].index(self._grouping)
        self.by.setCurrentIndex(at)

    def _set_tags(self, names: Sequence[str]) -> None:
        for index in reversed(range(self.by.count())):
            if self.by.itemData(index)[1]:
                self.by.removeItem(index)
        for name in names:
            self.by.addItem(f"By tag {name}", (Grouping.TAG, name))
        view = self.by.view()
        view.setMinimumWidth(view.sizeHintForColumn(0) + 2 * theme.SPACE)  # however wide the box itself is
        self.arrange()

    def _on_grouping(self, index: int) -> None:
        by, tag = self.by.itemData(index)
        self._grouping = (by, tag)
        self.changed.emit()

    def show_reading(self, text: str, hint: str, *, is_reading: bool, may_read: bool) -> None:
        """Show the Read button with a text, or while something is read the Stop button."""
        shown, other = (self.stop, self.read) if is_reading else (self.read, self.stop)
        self.read.setEnabled(may_read)
        has_focus = other.hasFocus()
        shown.show()
        other.hide()
        if has_focus:  # else it would go on to Export
            shown.setFocus()
        self.read.setText(text)
        set_plain_tooltip(self.read, hint)
        self.arrange()
