"""SeriesFigures: percentiles of a series, a histogram, and its errors in groups."""

from decimal import Decimal

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QTableView, QVBoxLayout, QWidget

from lambdadesk.core.series_result import SeriesResult
from lambdadesk.ui import theme
from lambdadesk.ui.models.series_table import (
    CHANGE_SAMPLE,
    ERROR_SAMPLES,
    FIGURE_SAMPLES,
    FIRST_FIGURE,
    ErrorTableModel,
    FigureTableModel,
)
from lambdadesk.ui.widgets.histogram import Histogram
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.tables import make_table


class SeriesFigures(QWidget):
    """All figures are in sight, and the histogram is beside them where that has room, else below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_compared = False
        self.figures = FigureTableModel(self)
        self.table = named(
            make_table(self.figures, FIGURE_SAMPLES, stretch=None), "seriesFigures", "Percentiles"
        )
        self.table.setSizeAdjustPolicy(QTableView.SizeAdjustPolicy.AdjustToContents)
        self.histogram = named(Histogram(), "seriesHistogram", "Histogram")
        self.groups = ErrorTableModel(self)
        self.errors = named(make_table(self.groups, ERROR_SAMPLES, stretch=2), "seriesErrorTable", "Errors")
        self.errors.setMinimumHeight(self.errors.verticalHeader().defaultSectionSize() * 4)
        self._beside = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._beside.setSpacing(theme.SPACE)
        self._beside.addWidget(self.table)
        self._beside.addWidget(self.histogram, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE)
        column.addLayout(self._beside)
        column.addWidget(self.errors, 1)
        column.addStretch(0)

    def show_result(
        self, result: SeriesResult, earlier: SeriesResult | None, round_trips: list[int] | list[Decimal]
    ) -> None:
        """earlier: what it is compared with; round_trips: in milliseconds, of the runs that did run."""
        self._is_compared = earlier is not None
        self.figures.set_result(result, earlier)
        self.groups.set_result(result)
        self.errors.setVisible(bool(result.errors))
        self.histogram.set_values("Round trips", round_trips)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        table, metrics = self.table, self.table.fontMetrics()
        sample = CHANGE_SAMPLE if self._is_compared else FIGURE_SAMPLES[-1]
        for column in range(FIRST_FIGURE, len(FIGURE_SAMPLES)):
            table.setColumnWidth(column, metrics.horizontalAdvance(sample) + 2 * theme.SPACE)
        frame_px = 2 * table.frameWidth()
        width_px = table.horizontalHeader().length() + frame_px
        is_beside = width_px + theme.SPACE + self.histogram.minimumSizeHint().width() <= self.width()
        direction = QBoxLayout.Direction
        self._beside.setDirection(direction.LeftToRight if is_beside else direction.TopToBottom)
        table.setMaximumWidth(width_px)
        bar_px = table.horizontalScrollBar().sizeHint().height() if width_px > self.width() else 0
        rows_px = table.verticalHeader().defaultSectionSize() * self.figures.rowCount()
        header_px = table.horizontalHeader().sizeHint().height()
        table.setFixedHeight(header_px + rows_px + bar_px + frame_px)
