"""ChartTools: what one can choose above the charts."""

import math
from typing import Final

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import set_plain_tooltip
from lambdadesk.ui.widgets.wrapping_row import WrappingRow

TABLE_KEY: Final = "Ctrl+Shift+T"
BY_HAND: Final = "By hand"
PAST: Final = "A past range…"
RANGES: Final = {
    "All": math.inf,
    "Last 24 hours": 86_400.0,
    "Last hour": 3_600.0,
    "Last 15 minutes": 900.0,
    "Live: last minute": 60.0,
    BY_HAND: None,  # what was zoomed or moved to
    PAST: None,
}
COMPARE_NOTHING: Final = "Compare nothing"
COMPARE_VERSIONS: Final = "Compare versions"
COMPARE_CHANGE: Final = "Before and after"


class ChartTools(QWidget):
    """Combo boxes, check boxes and buttons, in as many rows as it takes; the panel connects them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.range = named(CalmComboBox(), "chartRange", "Range of time")
        self.range.addItems([*RANGES])
        set_plain_tooltip(self.range, "Which time is in sight; a past range is loaded when you say so")
        self.fit = named(QPushButton("Show all"), "chartAll", "Show all of the time")
        set_plain_tooltip(self.fit, "Bring all there is into sight (0, or a double click)")
        self.compare = named(CalmComboBox(), "chartCompare", "What is compared")
        self.compare.addItems([COMPARE_NOTHING, COMPARE_VERSIONS, COMPARE_CHANGE])
        set_plain_tooltip(self.compare, "Tell versions, or before and after a deploy, apart")
        self.change = named(CalmComboBox(), "chartChange", "The deploy to compare before and after of")
        self.change.hide()
        self.bands = named(QCheckBox("Percentiles"), "chartBands", "Show the percentiles over time")
        self.bands.setChecked(True)
        set_plain_tooltip(self.bands, "p50, p90 and p99 of each stretch of time, where there are 5 or more")
        self.log = named(QCheckBox("Log scale"), "chartLog", "Show the duration by its logarithm")
        set_plain_tooltip(self.log, "Durations from milliseconds to minutes in one chart")
        self.metrics = named(QCheckBox("CloudWatch"), "chartMetrics", "Show CloudWatch's metrics, too")
        self.table = named(QPushButton("View as table"), "chartTable", "View as table")
        self.table.setCheckable(True)
        set_plain_tooltip(self.table, f"Each invocation in sight as a row ({TABLE_KEY})")
        self.export = named(QPushButton(icon("save"), "Export…"), "chartExport", "Export the charts")
        set_plain_tooltip(self.export, "Write what is in sight to a PNG, SVG or CSV file")
        self.row = WrappingRow(
            [self.range, self.fit, self.compare, self.bands, self.log, self.metrics, self.table, self.export]
        )
        change_row = QHBoxLayout()
        change_row.addWidget(self.change)
        change_row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.TIGHT)
        column.addWidget(self.row)
        column.addLayout(change_row)
