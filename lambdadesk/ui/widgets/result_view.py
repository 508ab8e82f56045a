"""ResultView: what became of one invocation."""

import codecs
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent, QTextCursor
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QPlainTextEdit,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.async_fate import FAILED
from lambdadesk.core.cost_text import explain_cost, explain_log_cost
from lambdadesk.core.details import format_bytes
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.function_errors import parse_function_error
from lambdadesk.core.money import format_money
from lambdadesk.core.responses import BodyKind, Response, recognise
from lambdadesk.core.text import short_lines, visible
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Cost, InvocationType, Outcome
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.body_view import BodyView
from lambdadesk.ui.widgets.error_view import ErrorView
from lambdadesk.ui.widgets.json_tree import JsonTree
from lambdadesk.ui.widgets.json_view import JsonView
from lambdadesk.ui.widgets.labels import ElidedLabel, ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip, show_plain_text

if TYPE_CHECKING:
    from lambdadesk.core.cost import CostBadge

RESPONSE, ERROR, BODY, TREE, LOG, COST = range(6)
LOG_LIMIT = 1024 * 1024  # characters of a log that are shown here
STREAM_LIMIT = 200_000  # characters of a response that are shown while they come

_LOW_PX = 230
_LEAST_LINES = 2  # of each view: what is shown moves no border, but gets what there is
_RESPONSE_PX = 140  # of it, its tabs and the status
_NO_RESPONSE_PX = 95  # the same where it is empty, as that to an event
_ANY_PX = 16_777_215  # Qt's own "no limit"


class ResultView(QWidget):
    """The outcome in words, then the response, the log of the request and the arithmetic of its cost.

    A failure, an HTTP envelope and JSON get a tab each, which is there only where there is something to see.
    `copies`, if set, gives what Copy offers for the shown invocation: a title, and its text or what gets it.

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
        self.request = named(ElidedLabel(), "resultRequest", "Request id")
        self.response = named(JsonView(), "responseView", "Response")
        self.error = ErrorView()
        self.body = BodyView()
        self.tree = JsonTree()
        self.copies: Callable[[], Mapping[str, str | Callable[[], None]]] | None = None
        self.log = named(QPlainTextEdit(), "resultLog", "Log of this request")
        self.arithmetic = named(QPlainTextEdit(), "costArithmetic", "How the cost was computed")
        for view in (self.log, self.arithmetic):
            view.setReadOnly(True)
            view.setFont(theme.fixed_font())
            view.setTabChangesFocus(True)
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.views = named(QTabWidget(), "resultTabs", "Result views")
        self.views.setDocumentMode(True)
        self.views.setUsesScrollButtons(True)  # in a narrow window
        titles = ("Response", "Error", "Body", "Tree", "Log", "Cost")
        pages = (self.response, self.error, self.body, self.tree, self.log, self.arithmetic)
        self.save_button = _tool("save", "saveResponse", "Save the response", "Save the response to a file")
        self.save_button.clicked.connect(self._ask_where)
        self.copy_button = _tool(
            "copy", "copyResult", "Copy", "Copy the response, or the invocation as a command"
        )
        self.copy_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.copy_button.clicked.connect(self._show_copies)
        top = QHBoxLayout()
        top.setSpacing(0)
        top.addWidget(self.status, 1)
        for button in (self.copy_button, self.save_button):
            top.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.saved = named(ToneLabel(), "saveOutcome", "What became of saving")
        self.saved.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.TIGHT)
        layout.addLayout(top)
        layout.addWidget(self.summary)
        layout.addWidget(self.request)
        layout.addWidget(self.views, 1)
        layout.addWidget(self.saved)
        for widget, title in zip(pages, titles, strict=True):
            widget.setMinimumHeight(_LEAST_LINES * self.fontMetrics().lineSpacing())
            self.views.addTab(widget, title)
        self._shown = (0, 0)  # id and moment of the run that is shown
        self._live_log = ""
        self._has_chunks = False  # the response shows what is in no data yet
        self._stream = codecs.getincrementaldecoder("utf-8")("replace")
        self._is_cut = False  # the history has the beginning of the response only
        self._set_response(b"")

    def say(self, tone: str, status: str, summary: str = "", request: str = "") -> None:
        """Show an outcome in words; `tone` is a colour of the theme."""
        self.status.say(status, tone)
        for label, text in ((self.summary, summary), (self.request, request)):
            label.setText(text)
            label.setVisible(bool(text))
        set_plain_tooltip(self.summary, summary)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """In a low window the response comes first: what is said above it gets what that leaves."""
        is_low = self.height() < _LOW_PX
        line_px = self.summary.fontMetrics().lineSpacing()
        kept_px = _RESPONSE_PX if self.response.data else _NO_RESPONSE_PX
        lines = max(1, (self.height() - kept_px) // line_px)
        self.summary.setMaximumHeight(lines * line_px + 1 if is_low else _ANY_PX)
        self.request.setVisible(bool(self.request.text()) and not is_low)

    def clear(self) -> None:
        self._shown = (0, 0)
        self.saved.hide()
        if self._has_chunks:
            self.response.set_data(b"")
        self._live_log, self._has_chunks = "", False
        self._stream.reset()
        self._set_response(b"")
        show_plain_text(self.log, "")
        self.arithmetic.setPlainText("")
        self.views.setTabText(LOG, "Log")

    def show_entry(
        self,
        entry: HistoryEntry,
        log: str,
        cost: Cost | None,
        why_no_report: str,
        log_cost: Cost | None = None,
        badges: "Sequence[CostBadge]" = (),
        of_all: str = "",
    ) -> None:
        """Show an invocation that was answered, or is of the history.

        log: its log lines; why_no_report: what to say where duration, memory and cost are not known.
        log_cost: of these log lines; badges: what the cost does not tell.
        of_all: what all attempts at an event took together, where there were several.
        """
        if (entry.id, entry.sent_ms) != self._shown:
            self.saved.hide()  # what was saved or copied was of another run
        self._shown = (entry.id, entry.sent_ms)
        request = f"Request {entry.request_id}" if entry.request_id else ""
        self.say(*_outcome_words(entry), _summary(entry, why_no_report, of_all), request)
        self._set_response(
            entry.response, is_cut=entry.response_truncated, has_failed=bool(entry.function_error)
        )
        show_plain_text(self.log, _beginning(log))
        self._fit()
        lines = len(log.splitlines())
        self.views.setTabText(LOG, f"Log ({lines})" if lines else "Log")
        no_cost = "A dry run costs nothing." if _is_dry(entry) else "The cost follows with the REPORT line."
        arithmetic = explain_cost(cost, badges, entry.report) if cost else no_cost
        if cost and of_all:
            arithmetic = f"{of_all}.\nThe first of them:\n\n{arithmetic}"
        if log and log_cost is not None:
            arithmetic += explain_log_cost(len(log.encode(errors="replace")), log_cost)
        self.arithmetic.setPlainText(arithmetic)
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

    def show_live_log(self, log: str) -> None:
        """Show the log of a run while it goes on."""
        if log != self._live_log:
            self._live_log = log
            show_plain_text(self.log, _beginning(log))
            self.views.setTabText(LOG, f"Log ({len(log.splitlines())})")

    def append_chunk(self, data: bytes) -> None:
        """Show what came of a response that is streamed, up to STREAM_LIMIT; `show_entry` shows it whole."""
        text = self._stream.decode(data) if data else ""
        shown = self.response.document().characterCount()
        if not text or shown > STREAM_LIMIT:
            return
        self._has_chunks = True
        cursor = QTextCursor(self.response.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(short_lines(visible(text[: STREAM_LIMIT - shown])))
        bar = self.response.verticalScrollBar()
        bar.setValue(bar.maximum())

    def say_saved(self, path: Path, count: int, error: str) -> None:
        """Say what came of saving a streamed response; error: why it is not whole."""
        if error:
            self.saved.say(f"✖ Only {format_bytes(count)} were saved to {path}: {error}.", "error")
        else:
            self.saved.say(f"✔ Saved {format_bytes(count)} to {path}.", "ok")
        self.saved.show()
        announce(self, self.saved.text(), is_urgent=bool(error))

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
        # What is seen now, whatever comes meanwhile.
        is_body = self.views.currentIndex() == BODY
        data = self.body.data if is_body else self.response.data
        dialog = QFileDialog(self, "Save the body" if is_body else "Save the response")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile("body" if is_body else "response.json")
        dialog.fileSelected.connect(lambda path: self.save_requested.emit(path, data))
        dialog.open()

    def _show_copies(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        texts: dict[str, str | Callable[[], None]] = {}
        if self.response.data:
            texts["Response"] = self.response.data.decode("utf-8", "replace")
        texts |= self.copies() if self.copies else {}
        for title, text in texts.items():
            menu.addAction(title, partial(self.copy, title, text) if isinstance(text, str) else text)
        if not texts:
            menu.addAction("Nothing to copy yet").setEnabled(False)
        menu.popup(self.copy_button.mapToGlobal(self.copy_button.rect().bottomLeft()))

    def warn(self, error: UserError) -> None:
        """Say below the result why something that was wanted with it can't be had."""
        self.saved.say(f"▲ {error}", "warning")
        self.saved.show()
        announce(self, self.saved.text(), is_urgent=True)

    def copy(self, title: str, text: str) -> None:
        """Put a text into the clipboard, and say so."""
        QGuiApplication.clipboard().setText(text)
        self.saved.say(f"✔ Copied: {title}", "ok")
        self.saved.show()
        announce(self, self.saved.text())

    def _set_response(self, data: bytes, *, is_cut: bool = False, has_failed: bool = False) -> None:
        is_same = data == self.response.data and has_failed == self.views.isTabVisible(ERROR)
        self._is_cut = is_cut
        self.save_button.setEnabled(bool(data))
        if is_same:
            return  # the log has told more of the same answer: what is unfolded or selected stays
        self.response.set_data(data)
        response = recognise(data)
        failure = parse_function_error(data) if has_failed else None
        if failure:
            self.error.show_error(failure)
        self._show_within(response)
        is_json = response.body.kind is BodyKind.JSON and data[:64].lstrip()[:1] in (b"{", b"[")
        self.tree.set_data(data if is_json else b"")
        before = self.views.currentIndex()
        for index, is_there in (
            (ERROR, failure is not None),
            (BODY, response.envelope is not None or response.inner is not None),
            (TREE, is_json),
        ):
            self.views.setTabVisible(index, is_there)
        if failure and before == RESPONSE:
            self.views.setCurrentIndex(ERROR)
        elif not self.views.isTabVisible(before):
            self.views.setCurrentIndex(RESPONSE)

    def _show_within(self, response: Response) -> None:
        if response.envelope:
            self.body.show_envelope(response.envelope)
            self.views.setTabText(BODY, f"HTTP {response.envelope.status}")
        elif response.inner:
            self.body.show_file(response.inner)
            self.views.setTabText(BODY, "File")


def _tool(icon_name: str, object_name: str, spoken: str, tooltip: str) -> QToolButton:
    button = named(QToolButton(), object_name, spoken)
    button.setIcon(icon(icon_name))  # a word would push the tabs out of a narrow window
    set_plain_tooltip(button, tooltip)
    button.setAutoRaise(True)
    return button


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
    if entry.kind is InvocationType.EVENT and entry.outcome in FAILED:
        return _attempt_words(entry)
    error_type = entry.report.error_type if entry.report else ""
    failure = f"{entry.function_error or 'failed'}" + (f" ({error_type})" if error_type else "")
    # Of a run whose answer did not come, or that nobody waited for, the log tells.
    is_answered = entry.kind is InvocationType.REQUEST_RESPONSE and code
    succeeded = f"✔ {code} Succeeded" if is_answered else "✔ Ran and succeeded, as its log shows"
    if entry.is_partial and entry.outcome is Outcome.OK:
        return "warning", "▲ Ran and succeeded, as its log shows; the response is not whole"
    return {
        Outcome.OK: ("ok", succeeded),
        Outcome.QUEUED: ("ok", f"✔ {code} Queued for asynchronous execution"),
        Outcome.TIMEOUT: ("error", f"✖ {status}Function error: timed out"),
        Outcome.OUT_OF_MEMORY: ("error", f"✖ {status}Function error: out of memory"),
        Outcome.ERROR: ("error", f"✖ {status}Function error: {failure}"),
        Outcome.RUNNING: ("dim", "Running, or interrupted before its answer was recorded"),
    }.get(entry.outcome, ("dim", f"{code} {entry.outcome}"))


def _attempt_words(entry: HistoryEntry) -> tuple[str, str]:
    """Of an event whose first attempt failed: Lambda may have tried again since."""
    if not entry.fate:
        return "warning", "▲ Its first attempt failed, as its log shows; Lambda may try again"
    came, _, _ = entry.fate.partition(". ")
    if came.startswith("Succeeded"):
        return "ok", f"✔ {came}"
    return ("error", f"✖ {came}") if came.startswith("Failed after") else ("warning", f"▲ {came}")


def _summary(entry: HistoryEntry, why_no_report: str, of_all: str) -> str:
    parts = []
    report = entry.report
    if of_all:
        parts.append(of_all)
    elif report is not None:
        is_event = entry.kind is InvocationType.EVENT and entry.outcome in FAILED
        is_first = is_event and not entry.fate.startswith("Failed after 1 attempt.")
        parts.append(f"{'First attempt: duration' if is_first else 'Duration'} {_ms(report.duration_ms)}")
        if report.billed_ms is not None:
            parts.append(f"billed {report.billed_ms:,} ms")
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
        parts.append(f"Answer after {entry.received_ms - entry.sent_ms:,} ms")
        if not _is_dry(entry):
            parts.append(why_no_report)
    if entry.error and (report is None or entry.status_code):
        goes_on = entry.is_partial and entry.status_code and report is None
        # What broke comes first, before what is still to come.
        parts.insert(0, f"{entry.error} The function may go on." if goes_on else entry.error)
    if not entry.payload and entry.outcome is not Outcome.RUNNING:
        parts.append("payload and answer were not kept")
    return " · ".join(parts)


def _ms(value: Decimal) -> str:
    return f"{value.normalize():,f} ms"
