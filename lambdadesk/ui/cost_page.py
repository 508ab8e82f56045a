"""CostPage: what all functions cost, by the REPORT lines of the last hour, or by day over a month."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QRadioButton, QStackedLayout, QTableView, QVBoxLayout, QWidget

from lambdadesk.store.settings import Settings
from lambdadesk.ui import theme
from lambdadesk.ui.panels.cost_panel import CostPanel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import set_plain_tooltip

if TYPE_CHECKING:
    from lambdadesk.desk.connection import Connection
    from lambdadesk.desk.month import Months
    from lambdadesk.ui.panels.month_panel import MonthPanel


class CostPage(QWidget):
    """The last hour comes first where an endpoint is no AWS, whose metrics may say little, else the month.

    What the user chooses holds from then on.

    Signals:
        open_requested(str, str): a function's row was activated: its `Target.key` and its name.
        built(QWidget): the month was built, with its usual sizes.
        shown_changed(bool): the page came into view or left it.
        read_requested(), retry_requested(str), sizing_requested(str, str, bool): see CostPanel.
    """

    open_requested = Signal(str, str)
    built = Signal(QWidget)
    shown_changed = Signal(bool)
    read_requested = Signal()
    retry_requested = Signal(str)
    sizing_requested = Signal(str, str, bool)

    def __init__(self, settings: Settings, make_months: "Callable[[], Months]") -> None:
        super().__init__()
        self._settings = settings
        self._make_months = make_months
        self._connections: list[Connection] = []
        self.month: MonthPanel | None = None  # once it was shown
        self.live = CostPanel()
        self.live.open_requested.connect(self.open_requested)
        self.live.read_requested.connect(self.read_requested)
        self.live.retry_requested.connect(self.retry_requested)
        self.live.sizing_requested.connect(self.sizing_requested)
        self.hour_button = named(QRadioButton("Last hour and since"), "costHour", "The last hour and since")
        set_plain_tooltip(self.hour_button, "What ran in the last hour and since, summed by its REPORT lines")
        self.month_button = named(QRadioButton("30 days and month"), "costMonth", "30 days and the month")
        set_plain_tooltip(
            self.month_button,
            "What CloudWatch counted by day: the month so far, its forecast, the last 30 days",
        )
        self.hour_button.setChecked(True)
        self.hour_button.clicked.connect(lambda: self._choose("hour"))
        self.month_button.clicked.connect(lambda: self._choose("month"))
        switch = QHBoxLayout()
        switch.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, 0)
        switch.setSpacing(theme.WIDE)
        switch.addWidget(self.hour_button)
        switch.addWidget(self.month_button)
        switch.addStretch(1)
        self._stack = QStackedLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(switch)
        column.addLayout(self._stack, 1)
        self._stack.addWidget(self.live)

    @property
    def table(self) -> QTableView:
        """The table of the last hour."""
        return self.live.table

    def show_connections(self, connections: "Iterable[Connection]") -> None:
        """Show the costs of these; none: they are still being opened."""
        self._connections = list(connections)
        self.live.show_connections(self._connections)
        if self.month is not None:
            self.month.show_connections(self._connections)
        if self._connections:
            self._show_view()

    async def close_page(self) -> None:
        self.show_connections([])
        await self.live.close_panel()
        if self.month is not None:
            await self.month.close_panel()

    def _choose(self, view: str) -> None:
        self._settings.cost_view = view
        self._show_view()

    def _show_view(self) -> None:
        view = self._settings.cost_view
        if view == "automatic":
            from lambdadesk.aws.endpoints import is_aws

            view = "month" if all(is_aws(each.target) for each in self._connections) else "hour"
        self.month_button.setChecked(view == "month")
        self.hour_button.setChecked(view == "hour")
        if view == "hour":
            self._stack.setCurrentWidget(self.live)
            return
        if self.month is None:
            from lambdadesk.ui.panels.month_panel import MonthPanel

            self.month = MonthPanel(self._make_months(), self._settings)
            self.month.open_requested.connect(self.open_requested)
            self.month.sizing_requested.connect(self.sizing_requested)
            self._stack.addWidget(self.month)
            self.built.emit(self.month)
            self.month.show_connections(self._connections)
        self._stack.setCurrentWidget(self.month)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]  # a QShowEvent
        self.shown_changed.emit(True)

    def hideEvent(self, event: object) -> None:
        super().hideEvent(event)  # type: ignore[arg-type]  # a QHideEvent
        self.shown_changed.emit(False)
