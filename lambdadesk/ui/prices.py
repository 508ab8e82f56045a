"""Prices: the dialog of prices and costs, and what LambdaDesk itself costs in the status bar."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from lambdadesk.core.money import format_cents, format_money
from lambdadesk.desk.console import Console
from lambdadesk.ui.widgets.plain import set_plain_tooltip

if TYPE_CHECKING:
    from lambdadesk.desk.connection import Connection
    from lambdadesk.ui.dialogs.prices_dialog import PricesDialog
    from lambdadesk.ui.main_window import MainWindow

_GATHER_MS = 250  # hundreds of invocations a second are shown once


class Prices:
    """Shows the dialog beside the window, and keeps the status bar's figure."""

    def __init__(self, console: Console, window: "MainWindow") -> None:
        self._console = console
        self._window = window
        self._dialog: PricesDialog | None = None
        self._is_metered = False
        self._gather = QTimer(window, singleShot=True, interval=_GATHER_MS)
        self._gather.timeout.connect(self.show_own_cost)
        console.opened.connect(self._on_opened)

    def show(self) -> None:
        from lambdadesk.ui.dialogs.prices_dialog import PricesDialog

        if self._dialog is None:
            self._dialog = PricesDialog(self._console, self._window.scope, self._window)
            self._dialog.finished.connect(self._on_dialog_closed)
        self._dialog.open()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def show_own_cost(self) -> None:
        """Bring the status bar's figure up to date; there is none while nothing cost anything."""
        label = self._window.own_cost
        if not self._is_metered:
            return
        meter = self._console.own_use
        today, month = meter.of_today(), meter.of_month()
        label.setVisible(bool(today.amount))
        if today.amount:
            label.setText(f"LambdaDesk today: {format_cents(today.amount, today.currency)}")
            set_plain_tooltip(
                label,
                "What AWS takes for LambdaDesk's own calls: "
                f"{format_money(today.amount, today.currency)} today, "
                f"{format_money(month.amount, month.currency)} this month. See File, Prices and costs.",
            )

    def _on_opened(self, connection: "Connection") -> None:
        if connection.gateway.meter is not None and not self._is_metered:
            self._is_metered = True
            self._console.own_use.changed.connect(self._ask_own_cost)
            self.show_own_cost()

    def _ask_own_cost(self) -> None:
        if not self._gather.isActive():
            self._gather.start()

    def _on_dialog_closed(self, _result: int) -> None:
        self._dialog = None
