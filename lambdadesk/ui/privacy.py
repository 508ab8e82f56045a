"""Privacy: the choice of what the history keeps, offered once and always in the File menu."""

from typing import TYPE_CHECKING, Final

from lambdadesk.desk.console import Console
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui.widgets.floating_notices import FloatingNotices
from lambdadesk.ui.widgets.named import named

if TYPE_CHECKING:
    from lambdadesk.desk.connection import Connection
    from lambdadesk.ui.dialogs.privacy_dialog import PrivacyDialog
    from lambdadesk.ui.main_window import MainWindow

OFFER: Final = "history choice"  # key of the notice


class Privacy:
    """Says once what is kept, when something is first sent elsewhere than to the Local AWS."""

    def __init__(self, console: Console, window: "MainWindow") -> None:
        self._console = console
        self._window = window
        self._dialog: PrivacyDialog | None = None
        self._notices: FloatingNotices | None = None
        console.opened.connect(self._on_opened)

    def show(self) -> None:
        """Show the choice beside the window."""
        from lambdadesk.ui.dialogs.privacy_dialog import PrivacyDialog

        self._note_offer()
        if self._dialog is None:
            self._dialog = PrivacyDialog(self._console, self._window.scope, self._window)
            self._dialog.history_deleted.connect(self._on_history_deleted)
            self._dialog.finished.connect(self._on_dialog_closed)
        self._dialog.open()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def _on_opened(self, connection: "Connection") -> None:
        if not connection.target.is_local and not self._console.settings.history_was_offered:
            connection.invoker.recorded.connect(self._offer)

    def _offer(self, _entry: HistoryEntry) -> None:
        settings = self._console.settings
        if settings.history_was_offered:
            return
        settings.history_was_offered = True
        # The person is at work just now: nothing moves, as it would below the bar of notices.
        notices = self._notices = FloatingNotices(self._window.frame)
        named(notices, "historyChoice", "What the history keeps")
        notices.show_offer(
            f"Payloads and answers are kept in {self._console.history.path}.",
            "Only your user can read them. Keep less, or for some days only, if they hold personal data.",
            "Change…",
            self.show,
            OFFER,
        )

    def _note_offer(self) -> None:
        self._console.settings.history_was_offered = True
        if self._notices is not None:
            self._notices.dismiss(OFFER)

    def _on_history_deleted(self) -> None:
        for page in self._window.tabs.pages():
            page.invoke.forget_history()

    def _on_dialog_closed(self, _result: int) -> None:
        self._dialog = None
