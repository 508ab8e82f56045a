"""PastBar: which stretch of the past to load, from where, at what price; and how that went."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from lambdadesk.core.cost_text import explain_shortly
from lambdadesk.core.errors import UserError
from lambdadesk.core.money import format_about, format_money
from lambdadesk.core.past_runs import PastChoice, PastRuns, PastSource
from lambdadesk.core.query_cost import ASK_FROM_BYTES, format_bytes
from lambdadesk.core.types import FunctionInfo
from lambdadesk.desk.past_range import PastRange
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.ask_bar import AskBar
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.one_of_two import show_one
from lambdadesk.ui.widgets.plain import set_plain_tooltip
from lambdadesk.ui.widgets.time_range import TimeRange
from lambdadesk.ui.widgets.wrapping_row import WrappingRow

if TYPE_CHECKING:
    from lambdadesk.desk.connection import Connection

ADVISE_AFTER_MS = 300
_SOURCES = {
    PastSource.LOG: "Read the log (free)",
    PastSource.INSIGHTS: "Logs Insights (paid)",
    PastSource.HISTORY: "History of this machine",
}


class PastBar(QWidget):
    """Loads a past range of one function. Nothing that costs money starts by itself.

    Signals:
        loaded(object): the PastRuns that are to be shown now.
    """

    loaded = Signal(object)

    def __init__(
        self, connection: "Connection", function: FunctionInfo, prefix: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.scope = TaskScope(self._on_failure)
        self.past = PastRange(connection, function)
        self._connection = connection
        self._advice: PastChoice | None = None
        self._was_chosen = False  # the source, by hand
        self._last: PastRuns | None = None
        self._build(prefix)
        self._disconnect = self.past.changed.connect(self._show)
        self._wait = QTimer(self, singleShot=True, interval=ADVISE_AFTER_MS)
        self._wait.timeout.connect(lambda: self.scope.start("advise", self._advise))
        self.range.changed.connect(self._on_range_changed)
        self._show()

    def _build(self, prefix: str) -> None:
        self.range = TimeRange(f"{prefix}Past")
        self.source = named(CalmComboBox(), f"{prefix}PastSource", "Where to read the past from")
        for source, words in _SOURCES.items():
            self.source.addItem(words, source)
        self.source.activated.connect(self._on_source_chosen)
        self.load_button = named(QPushButton("Load"), f"{prefix}PastLoad", "Load the past range")
        set_plain_tooltip(self.load_button, "Find what ran in this time")
        self.load_button.clicked.connect(self.load)
        self.cancel_button = named(
            QPushButton(icon("stop"), "Cancel"), f"{prefix}PastCancel", "Stop loading the past range"
        )
        set_plain_tooltip(self.cancel_button, "Stop; what was found so far is kept")
        self.cancel_button.clicked.connect(self.past.cancel)
        self.row = WrappingRow(
            [self.range.choice, self.source, self.range.utc, self.load_button, self.cancel_button]
        )
        self.status = named(ToneLabel("dim"), f"{prefix}PastStatus", "What loading the past range says")
        self.ask = AskBar()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.TIGHT)
        column.addWidget(self.row)
        column.addWidget(self.range.custom)
        column.addWidget(self.ask)
        column.addWidget(self.status)

    async def close_bar(self) -> None:
        """End the work, and stop a query at AWS."""
        self._wait.stop()
        self._disconnect()
        await self.past.close()
        await self.scope.close()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._wait.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._wait.stop()

    def load(self) -> None:
        """Load what the fields say; where a query may scan much, ask first."""
        start_s, end_s = self.range.get()
        by = PastSource(self.source.currentData())

        def start() -> None:
            self.scope.start("load", self.past.load, start_s * 1000, end_s * 1000 + 999, by)

        advice = self._advice
        scanned = advice.bytes_scanned if advice is not None else None
        if by is PastSource.INSIGHTS and scanned is not None and scanned >= ASK_FROM_BYTES:
            price = format_about(self.past.price(scanned).amount, self.past.price(scanned).currency)
            question = f"The query may scan about {format_bytes(scanned)}, which costs {price}. Run it?"
            self.ask.ask(question, [("pastRunAnyway", "Run it", start)], "Don't run it")
        else:
            self.ask.dismiss()
            start()

    # -- advice

    def _on_range_changed(self) -> None:
        self._advice = None
        self._wait.start()

    def _on_source_chosen(self) -> None:
        self._was_chosen = True

    async def _advise(self) -> None:
        start_s, end_s = self.range.get()
        if end_s < start_s:
            return  # which loading says
        self._advice = await self.past.advise(start_s * 1000, end_s * 1000)
        if not self._was_chosen and not self.past.is_loading:
            self.source.setCurrentIndex(self.source.findData(self._advice.by))
        self._show()

    # -- what is shown

    def _show(self) -> None:
        past = self.past
        show_one(self.load_button, self.cancel_button, is_busy=past.is_loading)
        text, tone = self._tell()
        is_new = text != self.status.text()
        self.status.say(text, tone)
        self.status.setVisible(bool(text))
        cost = past.runs.cost if past.runs is not None else None
        set_plain_tooltip(self.status, explain_shortly(cost) if cost is not None else "")
        if is_new and not past.is_loading and (past.error or past.runs is not self._last):
            announce(self.status, text)
        if not past.is_loading and past.runs is not None and past.runs is not self._last:
            self._last = past.runs
            self.loaded.emit(past.runs)

    def _tell(self) -> tuple[str, str]:
        past = self.past
        if past.is_loading:
            return past.progress_text, "dim"
        if past.error is not None:
            kept = " The range before stays." if past.runs is not None else ""
            return f"✖ {past.error}{kept}", "error"
        if past.runs is not None:
            return tell_runs(past.runs), "dim" if past.runs.is_complete else "warning"
        return (self._advice.reason if self._advice is not None else ""), "dim"

    def _on_failure(self, name: str, error: Exception) -> None:
        if isinstance(error, UserError):
            self.status.say(f"✖ {error}", "error")
        else:
            self._connection.scope.report(name, error)


def tell_runs(runs: PastRuns) -> str:
    """What was found, from where, what is missing, and what it cost."""
    count = len(runs.invocations)
    found = f"{count:,} invocation{'' if count == 1 else 's'}" if count else "No invocation"
    cost = runs.cost
    price = ""
    if cost is not None:
        sign = "" if cost.exact else "≈ "
        price = f"; the query cost {sign}{format_money(cost.amount, cost.currency)}"
    first = f"{found}, from {runs.source.words}{price}."
    return ("" if runs.is_complete else "▲ Not all: ") + " ".join((first, *runs.notes))
