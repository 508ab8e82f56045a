"""Alerts: their number in the status bar, the list behind it, and the way to the functions."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

from lambdadesk.desk.console import Console
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import set_plain_tooltip

if TYPE_CHECKING:
    from lambdadesk.desk.alert_book import AlertBook, BookedAlert
    from lambdadesk.desk.connection import Connection
    from lambdadesk.ui.dialogs.alerts_dialog import AlertsDialog
    from lambdadesk.ui.main_window import MainWindow

_NAMED = 5  # alerts in the tooltip


class Alerts:
    """Quiet: nothing pops up. The button is there while there is an alert that is not muted."""

    def __init__(self, console: Console, window: "MainWindow") -> None:
        self._console = console
        self._window = window
        self._book: AlertBook | None = None
        self._dialog: AlertsDialog | None = None
        self.button = named(QToolButton(), "alertsButton", "Alerts")
        self.button.setIcon(icon("warning", "warning"))
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setAutoRaise(True)
        self.button.clicked.connect(self.show)
        self.button.hide()
        console.opened.connect(self._on_opened)
        console.closing.connect(self._on_closing)

    def show(self) -> None:
        """The list of alerts, and of what is muted."""
        from lambdadesk.ui.dialogs.alerts_dialog import AlertsDialog

        if self._dialog is None:
            self._dialog = AlertsDialog(self.book, self._name_place, self._window)
            self._dialog.open_requested.connect(self._open)
            self._dialog.finished.connect(self._on_dialog_closed)
        self._dialog.open()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def look_again(self) -> None:
        """Judge anew what has changed; for a clock of the window."""
        if self._book is not None:
            self._book.look_again()

    def close(self) -> None:
        if self._dialog is not None:
            self._dialog.close()
        if self._book is not None:
            self._book.close()

    @property
    def book(self) -> "AlertBook":
        if self._book is None:
            from lambdadesk.desk.alert_book import AlertBook

            self._book = AlertBook(self._window.functions.rows, self._console.settings)
            self._book.changed.connect(self._show_count)
        return self._book

    def _on_opened(self, connection: "Connection") -> None:
        self.book.add(connection)

    def _on_closing(self, connection: "Connection") -> None:
        if self._book is not None:
            self._book.remove(connection.target.key)

    def _show_count(self) -> None:
        alerts = self.book.alerts
        self.button.setVisible(bool(alerts))
        if not alerts:
            return
        text = f"{len(alerts):,} alert{'' if len(alerts) == 1 else 's'}"
        self.button.setText(text)
        self.button.setAccessibleName(text)
        named_first = [f"{each.row.function.name}: {each.alert.text}" for each in alerts[:_NAMED]]
        more = [f"and {len(alerts) - _NAMED:,} more"] if len(alerts) > _NAMED else []
        set_plain_tooltip(self.button, "\n".join((*named_first, *more, "Click for the list (Ctrl+Shift+A)")))

    def _name_place(self, key: str) -> str:
        target = self._console.get_target(key)
        return f"{target.title} {target.region}" if target is not None else key

    def _open(self, booked: "BookedAlert", page: str) -> None:
        """Go to the function, to the run that shows it best."""
        window = self._window
        window.open_row(booked.row)
        window.show_page(page.lower())
        if page == "Logs" and booked.alert.request_ids and window.tabs.page is not None:
            window.tabs.page.show_request(booked.alert.request_ids[0])
        window.activateWindow()
        window.raise_()

    def _on_dialog_closed(self, _result: int) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = None
