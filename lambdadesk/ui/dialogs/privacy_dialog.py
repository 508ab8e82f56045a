"""PrivacyDialog: what the history keeps, for how long, and how to be rid of it."""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QPushButton, QSpinBox, QVBoxLayout, QWidget

from lambdadesk.core.day_sums import KEPT_DAYS
from lambdadesk.core.errors import UserError
from lambdadesk.desk.console import Console
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history_entry import HistoryKeeps
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.ask_bar import AskBar
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce, wrapped_label
from lambdadesk.ui.widgets.plain import PlainLabel

LONGEST_DAYS: Final = 3650
_WIDTH_PX: Final = 560
# what is kept -> (title, what that means)
_CHOICES: Final = {
    HistoryKeeps.FULL: (
        "Everything",
        "Payloads, answers and log tails are kept, so that they can be looked at and sent again; "
        "so is what you type and have not sent yet.",
    ),
    HistoryKeeps.METADATA: (
        "Only what happened",
        "Time, outcome, duration and cost are kept. "
        "Payloads, answers and log tails are gone when LambdaDesk is closed, and so is what you typed.",
    ),
    HistoryKeeps.OFF: ("Nothing", "What you invoke is listed until LambdaDesk is closed."),
}


class PrivacyDialog(QDialog):
    """Shown beside the window; each choice holds at once, for what is invoked from then on.

    Signals:
        history_deleted(): every entry of every connection is gone.
    """

    history_deleted = Signal()

    def __init__(self, console: Console, scope: TaskScope, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._console = console
        self._scope = scope  # the window's: to delete goes on when the dialog is closed
        self._is_closed = False
        self.setObjectName("privacyDialog")
        self.setWindowTitle("History and privacy")
        self.setAccessibleName("History and privacy")
        settings = console.settings
        self.keeps = named(CalmComboBox(), "historyKeeps", "What the history keeps")
        for choice, (title, _) in _CHOICES.items():
            self.keeps.addItem(title, choice.value)
        self.keeps.setCurrentIndex(self.keeps.findData(settings.history_keeps))
        self.keeps.currentIndexChanged.connect(self._on_keeps_chosen)
        self.meaning = named(ToneLabel("dim"), "historyMeaning", "What that means")
        self.days = named(QSpinBox(), "historyDays", "For how many days; 0 is for ever")
        self.days.setRange(0, LONGEST_DAYS)
        self.days.setSpecialValueText("for ever")
        self.days.lineEdit().setAccessibleName(self.days.accessibleName())
        self._show_days(settings.history_days)
        self.days.valueChanged.connect(self._on_days_chosen)
        form = QFormLayout()
        form.addRow(PlainLabel("The history keeps"), self.keeps)
        form.addRow("", self.meaning)
        form.addRow(PlainLabel("It keeps it for"), self.days)
        form.addRow("", wrapped_label("What is older is deleted when LambdaDesk starts.", is_dim=True))
        self.ask = AskBar()
        self.outcome = named(ToneLabel(), "historyOutcome", "What became of deleting")
        self.outcome.hide()
        self.delete_button = named(QPushButton("Delete all history…"), "historyDeleteAll")
        self.delete_button.setAutoDefault(False)
        self.delete_button.clicked.connect(self._ask_to_delete)
        close = named(QPushButton("Close"), "privacyClose", "Close")
        close.setDefault(True)
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.SPACE)
        buttons.addWidget(self.delete_button)
        buttons.addStretch(1)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.WIDE)
        column.setSpacing(theme.SPACE)
        column.addWidget(
            wrapped_label(
                "What you invoke is kept in a history on this computer, which your user alone can read. "
                "It is sent nowhere."
            )
        )
        column.addWidget(wrapped_label(str(console.history.path), is_dim=True))
        column.addLayout(form)
        column.addWidget(
            wrapped_label(
                "Unless nothing is kept, the figures of invocations that logs show are, too, for at most "
                f"{KEPT_DAYS} days: time, duration, memory, cost, request id, log stream and type of error, "
                f"in {console.paths.invocations_file}. There is no line of a log in it.",
                is_dim=True,
            )
        )
        column.addWidget(
            wrapped_label(
                f"Saved events are files of their own in {console.saved_events.folder}; "
                "they stay until you delete them. Shared test events are kept by AWS, in the account.",
                is_dim=True,
            )
        )
        column.addWidget(self.ask)
        column.addWidget(self.outcome)
        column.addStretch(1)
        column.addLayout(buttons)
        self._show_meaning()
        self.resize(_WIDTH_PX, self.heightForWidth(_WIDTH_PX))
        self.keeps.setFocus()
        self.finished.connect(self._on_finished)

    def open(self) -> None:
        """Show it; unlike QDialog's own, this does not keep the window from being used."""
        self.show()

    def _on_keeps_chosen(self, _index: int) -> None:
        self._console.settings.history_keeps = str(self.keeps.currentData())
        self._show_meaning()

    def _on_days_chosen(self, days: int) -> None:
        self._console.settings.history_days = days
        self._show_days(days)

    def _show_days(self, days: int) -> None:
        self.days.setSuffix(" day" if days == 1 else " days")
        self.days.setValue(days)

    def _show_meaning(self) -> None:
        chosen = HistoryKeeps(self.keeps.currentData())  # Qt gives a plain str back
        earlier = "" if chosen is HistoryKeeps.FULL else " What was kept before stays until you delete it."
        self.meaning.setText(f"{_CHOICES[chosen][1]}{earlier}")

    def _ask_to_delete(self) -> None:
        self.outcome.hide()
        self.ask.ask(
            "Delete all that was ever invoked from here, and the figures of what was seen, "
            "of every connection?",
            [("confirmDeleteHistory", "Delete all history", self._start_deleting)],
            "Keep it",
        )

    def _start_deleting(self) -> None:
        self.delete_button.setEnabled(False)
        self._scope.start("delete history", self._delete)

    async def _delete(self) -> None:
        try:
            await self._console.delete_history()
        except UserError as error:
            if self._is_closed:
                raise  # told in the window
            self._say(f"✖ {error}", "error")
        else:
            self.history_deleted.emit()
            if not self._is_closed:
                self._say("✔ The history is deleted.", "ok")

    def _say(self, text: str, tone: str) -> None:
        self.delete_button.setEnabled(True)
        self.outcome.say(text, tone)
        self.outcome.show()
        announce(self.outcome, text, is_urgent=tone == "error")

    def _on_finished(self) -> None:
        self._is_closed = True
        if self._scope.is_running("delete history"):
            return  # kept by what goes on; the window takes it along
        self.deleteLater()
