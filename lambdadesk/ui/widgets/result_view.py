"""ResultView: what became of one invocation."""

from decimal import Decimal
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QPlainTextEdit, QTabWidget, QToolButton, QVBoxLayout, QWidget

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.money import format_money
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Cost, InvocationType, Outcome
from lambdadesk.store.history import HistoryEntry
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.json_view import JsonView
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip, show_plain_text

RESPONSE, LOG, COST = range(3)
LOG_LIMIT = 1024 * 1024  # characters of a log that are shown here


class ResultView(QWidget):
    """The outcome in words, then the response, the log of the request and the arithmetic of its cost.

    Signals:
        save_requested(str, bytes): where to write the response; the owner runs `save` with the two.
    """

    save_requested = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.status = named(ToneLabel(), "resultStatus", "Result")
        font = self.status.font()
        font.setBold(True)
        self.status.setFont(font)
        self.summary = named(PlainLabel(), "resultSummary", "Duration, memory and cost")
        self.summary.setWordWrap(True)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.response = named(JsonView(), "responseView", "Response")
        self.log = named(QPlainTextEdit(), "resultLog", "Log of this request")
        self.arithmetic = named(QPlainTextEdit(), "costArithmetic", "How the cost was computed")
        for view in (self.log, self.arithmetic):
            view.setReadOnly(True)
            view.setFont(theme.fixed_font())
            view.setTabChangesFocus(True)
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.views = named(QTabWidget(), "resultTabs", "Result views")
        self.views.setDocumentMode(True)
        self.views.setUsesScrollButtons(False)
        for widget, title in ((self.response, "Response"), (self.log, "Log"), (self.arithmetic, "Cost")):
            self.views.addTab(widget, title)
        self.save_button = named(QToolButton(), "saveResponse", "Save the response")
        self.save_button.setIcon(icon("save"))  # a word would push the tabs out of a narrow window
        set_plain_tooltip(self.save_button, "Save the response to a file")
        self.save_button.setAutoRaise(True)
        self.save_button.clicked.connect(self._ask_where)
        self.views.setCornerWidget(self.save_button)
        self.saved = named(ToneLabel(), "saveOutcome", "What became of saving")
        self._is_cut = False  # the history has the beginning of the response only
        self._set_response(b"")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.TIGHT)
        layout.addWidget(self.status)
        layout.addWidget(self.summary)
        layout.addWidget(self.views, 1)
        layout.addWidget(self.saved)

    def say(self, tone: str, status: str, summary: str = "") -> None:
        """Show an outcome in words; `tone` is a colour of the theme."""
        self.status.say(status, tone)
        self.summary.setText(summary)
        self.summary.setVisible(bool(summary))

    def clear(self) -> None:
        self._set_response(b"")
        show_plain_text(self.log, "")
        self.arithmetic.setPlainText("")
        self.views.setTabText(LOG, "Log")

    def show_entry(self, entry: HistoryEntry, log: str, cost: Cost | None, why_no_report: str) -> None:
        """Show an invocation that was answered, or is of the history.

        log: its log lines; why_no_report: what to say where duration, memory and cost are not known.
        """
        self.say(*_outcome_words(entry), _summary(entry, why_no_report))
        self._set_response(entry.response, is_cut=entry.response_truncated)
        show_plain_text(self.log, _beginning(log))
        lines = len(log.splitlines())
        self.views.setTabText(LOG, f"Log ({lines})" if lines else "Log")
        no_cost = "A dry run costs nothing." if _is_dry(entry) else "The cost follows with the REPORT line."
        self.arithmetic.setPlainText(_arithmetic(cost) if cost else no_cost)
        announce(self, self.status.text())

    def show_failure(self, error: UserError) -> None:
        """Show that no answer came. "Not run" is never said of what may have run."""
        may_have_run = error.kind is ErrorKind.OUTCOME_UNKNOWN
        self.clear()
        head = "▲ Outcome unknown" if may_have_run else "✖ Not run"
        self.say("warning" if may_have_run else "error", f"{head}: {error.message}", error.hint)
        show_plain_text(self.log, error.details)
        if error.details:
            self.views.setTabText(LOG, "Details")
        announce(self, f"{head}: {error}", is_urgent=True)

    async def save(self, path: str, data: bytes) -> None:
        """Write a response to a file, byte for byte, and say below it what came of that."""
        try:
            await in_thread(Path(path).write_bytes, data)
        except OSError as error:
            self.saved.say(f"✖ Not saved to {path}: {error.strerror or error}.", "error")
        else:
            cut = (
                " It is the beginning only: the history keeps no more of a response." if self._is_cut else ""
            )
            self.saved.say(f"✔ Saved to {path}.{cut}", "ok")
        self.saved.show()
        announce(self, self.saved.text())

    def _ask_where(self) -> None:
        data = self.response.data  # what is seen now, whatever comes meanwhile
        dialog = QFileDialog(self, "Save the response")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile("response.json")
        dialog.fileSelected.connect(lambda path: self.save_requested.emit(path, data))
        dialog.open()

    def _set_response(self, data: bytes, *, is_cut: bool = False) -> None:
        self.response.set_data(data)
        self._is_cut = is_cut
        self.save_button.setEnabled(bool(data))
        self.saved.hide()


def _beginning(log: str) -> str:
    if len(log) <= LOG_LIMIT:
        return log
    size_mb = len(log) / LOG_LIMIT
    return f"— The first of {size_mb:.1f} MB; the rest is on the Logs page. —\n{log[:LOG_LIMIT]}"


def _is_dry(entry: HistoryEntry) -> bool:
    return entry.kind is InvocationType.DRY_RUN


def _outcome_words(entry: HistoryEntry) -> tuple[str, str]:
    """The colour and the words of a result."""
    if entry.outcome is Outcome.UNKNOWN:
        return "warning", "▲ Outcome unknown"
    if entry.error and entry.report is None and not entry.status_code:
        return "error", "✖ Not run"
    code = entry.status_code
    status = f"{code} " if code else ""
    if _is_dry(entry):
        return "ok", f"✔ {code} Dry run: permitted, parameters accepted, not run"
    error_type = entry.report.error_type if entry.report else ""
    failure = f"{entry.function_error or 'failed'}" + (f" ({error_type})" if error_type else "")
    # Of a run whose answer did not come, or that nobody waited for, the log tells.
    is_answered = entry.kind is InvocationType.REQUEST_RESPONSE and code
    succeeded = f"✔ {code} Succeeded" if is_answered else "✔ Ran and succeeded, as its log shows"
    return {
        Outcome.OK: ("ok", succeeded),
        Outcome.QUEUED: ("ok", f"✔ {code} Queued for asynchronous execution"),
        Outcome.TIMEOUT: ("error", f"✖ {status}Function error: timed out"),
        Outcome.OUT_OF_MEMORY: ("error", f"✖ {status}Function error: out of memory"),
        Outcome.ERROR: ("error", f"✖ {status}Function error: {failure}"),
        Outcome.RUNNING: ("dim", "Running, or interrupted before its answer was recorded"),
    }.get(entry.outcome, ("dim", f"{code} {entry.outcome}"))


def _summary(entry: HistoryEntry, why_no_report: str) -> str:
    parts = []
    report = entry.report
    if report is not None:
        parts.append(f"Duration {_ms(report.duration_ms)}")
        if report.billed_ms is not None:
            parts.append(f"billed {report.billed_ms} ms")
        if report.init_ms is not None:
            parts.append(f"init {_ms(report.init_ms)}")
        if report.restore_ms is not None:
            parts.append(f"restore {_ms(report.restore_ms)}")
        if report.max_memory_mb is not None and report.memory_mb is not None:
            parts.append(f"memory {report.max_memory_mb} of {report.memory_mb} MB")
        if entry.cost is not None:
            sign = "" if entry.cost_exact else "≈ "
            parts.append(f"cost {sign}{format_money(entry.cost, entry.currency)}")
    elif entry.received_ms is not None and (entry.status_code or not entry.error):
        parts.append(f"Answer after {entry.received_ms - entry.sent_ms} ms")
        if not _is_dry(entry):
            parts.append(why_no_report)
    if entry.error and (report is None or entry.status_code):
        parts.append(entry.error)
    if entry.fate:
        parts.append(entry.fate)
    if not entry.payload and entry.outcome is not Outcome.RUNNING:
        parts.append("payload and answer were not kept")
    summary = " · ".join(parts)
    return f"{summary}\nRequest {entry.request_id}" if entry.request_id else summary


def _arithmetic(cost: Cost) -> str:
    lines = []
    for what, quantity, unit, price in cost.terms:
        amount = format_money(quantity * price, cost.currency)
        lines.append(f"{what}\n    {quantity.normalize():f} {unit} x {price:f} = {amount}")
    total = format_money(cost.amount, cost.currency)
    lines.append(f"\n{'Total' if cost.exact else 'Total (estimate)'}\n    {total}")
    lines += [f"\n{note}" for note in cost.notes]
    lines.append("\nList price, before any free tier, savings plan or discount.")
    return "\n".join(lines)


def _ms(value: Decimal) -> str:
    return f"{value.normalize():f} ms"
