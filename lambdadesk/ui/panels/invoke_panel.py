"""InvokePanel: the payload, one click, and what became of it."""

import time
from collections.abc import Callable
from decimal import Decimal

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.money import format_money
from lambdadesk.core.payload import PayloadProblem, check_payload, check_size, payload_bytes
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Cost, FunctionInfo, InvocationType, InvokeRequest, InvokeResult, Outcome
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.tailer import TailState
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history import HistoryEntry
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.history_table import HistoryTableModel
from lambdadesk.ui.widgets.json_edit import JsonEdit
from lambdadesk.ui.widgets.json_view import JsonView
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip, show_plain_text
from lambdadesk.ui.widgets.tables import make_table

KINDS = (
    (InvocationType.REQUEST_RESPONSE, "Request / response"),
    (InvocationType.EVENT, "Event (asynchronous)"),
    (InvocationType.DRY_RUN, "Dry run"),
)
TICK_MS = 100


class InvokePanel(QWidget):
    """Invokes one function of one connection.

    sample_event: the payload to begin with where nothing was ever sent.
    Errors of this page are shown in its result area, next to the button that caused them.
    """

    def __init__(
        self,
        connection: Connection,
        function: FunctionInfo,
        sample_event: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.scope = TaskScope(self._on_failure)
        self._connection = connection
        self._function = function
        self._entry: HistoryEntry | None = None  # the one shown at the right
        self._sent_at: float | None = None
        self._is_touched = False
        self._build()
        self.payload.setPlainText(sample_event)
        self.payload.check_now()
        self.payload.textChanged.connect(self._on_typed)
        self._is_touched = False
        self._ticker = QTimer(self, interval=TICK_MS)
        self._ticker.timeout.connect(self._show_elapsed)
        self._disconnects = [
            connection.invoker.recorded.connect(self._on_recorded),
            connection.invoker.updated.connect(self._on_updated),
        ]
        self._show_nothing_yet()
        self.scope.start("load", self._load)

    def _build(self) -> None:
        self.kind = named(QComboBox(), "invocationType", "Invocation type")
        for kind, title in KINDS:
            self.kind.addItem(title, kind)
        self.qualifier = named(QComboBox(), "qualifierBox", "Qualifier")
        self.qualifier.addItem("$LATEST")
        self.qualifier.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        set_plain_tooltip(self.qualifier, "Version or alias to invoke")
        format_button = QPushButton("Format")
        format_button.setAccessibleName("Format the payload")
        set_plain_tooltip(format_button, "Lay the JSON out in lines (Ctrl+Shift+I)")
        format_button.clicked.connect(self._format)
        self.stop_button = named(
            QPushButton(icon("stop"), "Stop waiting"), "stopWaitingButton", "Stop waiting"
        )
        set_plain_tooltip(self.stop_button, "Stop waiting for the answer; the function itself goes on (Esc)")
        self.stop_button.clicked.connect(self._stop_waiting)
        self.stop_button.hide()
        self.invoke_button = named(QPushButton("Invoke"), "invokeButton", "Invoke")
        self.invoke_button.setDefault(True)
        set_plain_tooltip(self.invoke_button, "Send this payload once (Ctrl+Enter)")
        self.invoke_button.clicked.connect(self.invoke)
        controls = QHBoxLayout()
        controls.setSpacing(theme.SPACE)
        for widget in (self.kind, self.qualifier, format_button):
            controls.addWidget(widget)
        controls.addStretch(1)
        controls.addWidget(self.stop_button)
        controls.addWidget(self.invoke_button)

        self.payload = named(JsonEdit(), "payloadEditor", "Payload")
        self.payload.checked.connect(self._on_checked)
        self.payload.large_check_requested.connect(self._check_large)
        self.problem = named(PlainLabel(), "payloadProblem", "Payload check")
        self.problem.setWordWrap(True)
        left = _column("Payload", self.payload, self.problem)

        self.status = named(PlainLabel(), "resultStatus", "Result")
        self.status.setWordWrap(True)
        font = self.status.font()
        font.setBold(True)
        self.status.setFont(font)
        self.summary = named(PlainLabel(), "resultSummary", "Duration, memory and cost")
        self.summary.setWordWrap(True)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.response = named(JsonView(), "responseView", "Response")
        self.log = named(QPlainTextEdit(readOnly=True), "resultLog", "Log of this request")
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.log.setFont(theme.fixed_font())
        self.arithmetic = named(QPlainTextEdit(readOnly=True), "costArithmetic", "How the cost was computed")
        self.arithmetic.setFont(theme.fixed_font())
        self.views = named(QTabWidget(), "resultTabs", "Result views")
        self.views.setDocumentMode(True)
        self.views.addTab(self.response, "Response")
        self.views.addTab(self.log, "Log")
        self.views.addTab(self.arithmetic, "Cost")
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.TIGHT)
        column.addWidget(self.status)
        column.addWidget(self.summary)
        column.addWidget(self.views, 1)

        self.history_model = HistoryTableModel(self)
        samples = (
            "00:00:00",
            "Dry run",
            "Out of memory oo",
            "10,000.00 ms",
            "100,000 ms",
            "1,000 / 10,240 MB",
        )
        self.history = named(
            make_table(self.history_model, (*samples, "≈ $0.000000408"), stretch=7),
            "historyTable",
            "Invocations made here",
        )
        self.history.activated.connect(lambda index: self._load_entry(index.row(), with_payload=True))
        self.history.clicked.connect(lambda index: self._load_entry(index.row(), with_payload=False))
        self.history.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.history.customContextMenuRequested.connect(self._show_history_menu)

        top = named(QSplitter(Qt.Orientation.Horizontal), "invokeSplitter")
        top.setChildrenCollapsible(False)
        top.addWidget(left)
        top.addWidget(right)
        top.setStretchFactor(0, 1)
        top.setStretchFactor(1, 1)
        whole = named(QSplitter(Qt.Orientation.Vertical), "historySplitter")
        whole.setChildrenCollapsible(False)
        whole.addWidget(top)
        whole.addWidget(self.history)
        whole.setStretchFactor(0, 3)
        whole.setStretchFactor(1, 1)
        whole.setSizes([440, 180])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(controls)
        layout.addWidget(whole, 1)
        for keys, slot in (("Ctrl+Return", self.invoke), ("Ctrl+Enter", self.invoke)):
            QShortcut(QKeySequence(keys), self, slot, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        QShortcut(
            QKeySequence("Ctrl+Shift+I"),
            self,
            self._format,
            context=Qt.ShortcutContext.WidgetWithChildrenShortcut,
        )

    async def close_panel(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        self._ticker.stop()
        await self.scope.close()

    def draft(self) -> str | None:
        """What the user typed and did not send, None if the payload is as it was loaded."""
        return self.payload.toPlainText() if self._is_touched else None

    def set_draft(self, text: str) -> None:
        self.payload.setPlainText(text)
        self._is_touched = True

    # -- sending

    def invoke(self) -> None:
        """Send the payload once; nothing while an answer is awaited or if the payload is unusable."""
        if self.scope.is_running("invoke"):
            return
        kind = InvocationType(self.kind.currentData())  # Qt gives a plain str back
        problem = self.payload.check_now()
        if problem is not None and problem.is_error:
            self._refuse(f"Not sent: the payload is not valid JSON. {problem}")
            self.payload.go_to_problem()
            return
        data = payload_bytes(self.payload.toPlainText())
        if too_large := check_size(len(data), kind):
            self._refuse(f"Not sent: {too_large.message}")
            return
        request = InvokeRequest(self._function, data, kind, self.qualifier.currentText())
        self._sent_at = time.monotonic()
        self._entry = None
        self.invoke_button.setEnabled(False)
        self.stop_button.show()
        self._clear_result()
        self._show_elapsed()
        self._ticker.start()
        self.scope.start("invoke", self._invoke, request)

    async def _invoke(self, request: InvokeRequest) -> None:
        try:
            entry = await self._connection.invoker.invoke(request, self._on_answer)
        finally:
            self._ticker.stop()
            self._sent_at = None
            self.stop_button.hide()
            self.invoke_button.setEnabled(True)
        self._is_touched = False
        self._show_entry(entry)
        if tail := self._connection.tails.get(self._function.name):
            tail.poll_now()  # its REPORT is waited for

    def _on_answer(self, _result: InvokeResult) -> None:
        self._ticker.stop()

    def _stop_waiting(self) -> None:
        self.scope.cancel("invoke")
        self._say(
            "warning",
            "Stopped waiting. The function goes on; its log shows how it ends.",
            "Look at its log before you invoke again: it may have done its work.",
        )

    def keyPressEvent(self, event: object) -> None:
        if event.key() == Qt.Key.Key_Escape and self.scope.is_running("invoke"):  # type: ignore[attr-defined]  # a QKeyEvent
            self._stop_waiting()
            return
        super().keyPressEvent(event)  # type: ignore[arg-type]  # idem

    def _show_elapsed(self) -> None:
        if self._sent_at is None:
            return
        elapsed_s = time.monotonic() - self._sent_at
        limit = f" of {self._function.timeout_s} s timeout" if self.kind.currentIndex() == 0 else ""
        self._say("dim", f"Running… {elapsed_s:.1f} s{limit}", "")

    # -- showing

    def _refuse(self, sentence: str) -> None:
        self._clear_result()
        self._say("error", sentence, "")

    def _on_failure(self, name: str, error: Exception) -> None:
        if not isinstance(error, UserError):
            self._connection.scope.report(name, error)
            error = UserError(
                "LambdaDesk made a mistake of its own here.", "The crash window has the report."
            )
        if name != "invoke":
            self._say("warning", str(error), "")
            return
        unknown = error.kind is ErrorKind.OUTCOME_UNKNOWN
        head = "Outcome unknown" if unknown else "Not run"
        self._clear_result()
        self._say("warning" if unknown else "error", f"{head}: {error.message}", error.hint)
        show_plain_text(self.log, error.details)
        self.views.setTabText(1, "Details")
        if error.details:
            self.views.setCurrentIndex(1)

    def _say(self, colour: str, status: str, summary: str) -> None:
        colours = theme.colours(self.palette())
        palette = self.status.palette()
        palette.setColor(self.status.foregroundRole(), getattr(colours, colour))
        self.status.setPalette(palette)
        self._status_colour = colour
        self.status.setText(status)
        self.summary.setText(summary)
        self.summary.setVisible(bool(summary))

    def _show_nothing_yet(self) -> None:
        self._clear_result()
        self._say("dim", "Not invoked yet", "Ctrl+Enter sends the payload once and shows the answer here.")

    def _clear_result(self) -> None:
        self.response.set_data(b"")
        show_plain_text(self.log, "")
        self.arithmetic.setPlainText("")
        self.views.setTabText(1, "Log")

    def _show_entry(self, entry: HistoryEntry) -> None:
        self._entry = entry
        self._show_outcome(entry)
        self.response.set_data(entry.response)
        self._show_log(entry)
        self._show_cost(entry)

    def _show_outcome(self, entry: HistoryEntry) -> None:
        colour, words = _outcome_words(entry)
        self._say(colour, words, self._summary_of(entry))

    def _summary_of(self, entry: HistoryEntry) -> str:
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
        elif entry.received_ms is not None and not entry.error:
            parts.append(f"Answer after {entry.received_ms - entry.sent_ms} ms")
            parts.append(self._why_no_report(entry))
        if entry.error:
            parts.append(entry.error)
        summary = " · ".join(part for part in parts if part)
        return f"{summary}\nRequest {entry.request_id}" if entry.request_id else summary

    def _why_no_report(self, entry: HistoryEntry) -> str:
        if entry.kind is InvocationType.DRY_RUN:
            return ""
        tail = self._connection.tails.get(self._function.name)
        if tail is not None and tail.state is TailState.DENIED:
            return "billed duration, memory and cost are in the log, which may not be read"
        return "billed duration, memory and cost follow with the REPORT line"

    def _show_log(self, entry: HistoryEntry) -> None:
        text = entry.log_tail
        tail = self._connection.tails.get(entry.function)
        if entry.report is not None and tail is not None:
            # The whole of it, where the answer holds the last 4 KB at most.
            text = tail.text_of(entry.report.request_id, entry.log_stream) or text
        show_plain_text(self.log, text)
        lines = len(text.splitlines())
        self.views.setTabText(1, f"Log ({lines})" if lines else "Log")

    def _show_cost(self, entry: HistoryEntry) -> None:
        cost = self._connection.cost_of(self._function, entry)
        self.arithmetic.setPlainText(_arithmetic(cost) if cost else "The cost follows with the REPORT line.")

    # -- the payload

    def _on_typed(self) -> None:
        self._is_touched = True

    def _format(self) -> None:
        if self.payload.format() is not None:
            self.payload.go_to_problem()

    def _on_checked(self, problem: PayloadProblem | None) -> None:
        colours = theme.colours(self.palette())
        size = len(payload_bytes(self.payload.toPlainText()))
        if problem is None:
            text, colour = f"Valid JSON · {_size(size)}", colours.dim
        elif problem.is_error:
            text, colour = f"✖ {problem}", colours.error
        else:
            text, colour = f"▲ {problem}", colours.warning
        palette = self.problem.palette()
        palette.setColor(self.problem.foregroundRole(), colour)
        self.problem.setPalette(palette)
        self.problem.setText(text)

    def _check_large(self, text: str) -> None:
        async def check() -> None:
            self.payload.finish_check(text, await in_thread(check_payload, text))

        self.scope.start("check", check)

    # -- what was sent before

    async def _load(self) -> None:
        entries = await self._connection.recent(self._function.name)
        self.history_model.set_entries(entries)
        if entries and not self._is_touched and (entry := await self._connection.entry(entries[0].id)):
            self.payload.setPlainText(entry.payload.decode("utf-8", "replace"))
            self._is_touched = False
        current = self.qualifier.currentText()
        try:
            qualifiers = await self._connection.qualifiers(self._function.name)
        except UserError as error:
            set_plain_tooltip(self.qualifier, f"Only $LATEST is offered. {error}")
            return
        self.qualifier.clear()
        self.qualifier.addItems(qualifiers)
        self.qualifier.setCurrentText(current)

    def _load_entry(self, row: int, *, with_payload: bool) -> None:
        self.scope.start("entry", self._fetch_entry, self.history_model.entry_at(row), with_payload)

    async def _fetch_entry(self, lean: HistoryEntry, with_payload: bool) -> None:
        entry = (await self._connection.entry(lean.id) if lean.id else None) or lean
        if with_payload:
            self.payload.setPlainText(entry.payload.decode("utf-8", "replace"))
            self._is_touched = False
        if not self.scope.is_running("invoke"):
            self._show_entry(entry)

    def _on_recorded(self, entry: HistoryEntry) -> None:
        if entry.function == self._function.name:
            self.history_model.put(entry)

    def _on_updated(self, entry: HistoryEntry) -> None:
        if entry.function != self._function.name:
            return
        self.history_model.put(entry)
        shown = self._entry
        if shown is not None and (shown.id, shown.sent_ms) == (entry.id, entry.sent_ms):
            self._entry = entry
            self._show_outcome(entry)
            self._show_log(entry)
            self._show_cost(entry)

    def _show_history_menu(self, position: object) -> None:
        index = self.history.indexAt(position)  # type: ignore[arg-type]  # a QPoint
        if not index.isValid():
            return
        entry = self.history_model.entry_at(index.row())
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for title, action in (
            ("Load payload and result", lambda: self._load_entry(index.row(), with_payload=True)),
            ("Copy request id", _copier(entry.request_id)),
        ):
            menu.addAction(title).triggered.connect(action)
        menu.popup(self.history.viewport().mapToGlobal(position))  # type: ignore[call-overload]  # a QPoint


def _copier(text: str) -> Callable[[], None]:
    return lambda: QGuiApplication.clipboard().setText(text)


def _column(title: str, view: QWidget, note: QWidget) -> QWidget:
    widget = QWidget()
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(theme.TIGHT)
    column.addWidget(PlainLabel(title))
    column.addWidget(view, 1)
    column.addWidget(note)
    return widget


def _outcome_words(entry: HistoryEntry) -> tuple[str, str]:
    """The colour and the words of a result; "Not run" is never said of what may have run."""
    if entry.error:
        unknown = entry.outcome is Outcome.UNKNOWN
        return ("warning", "▲ Outcome unknown") if unknown else ("error", "✖ Not run")
    if entry.kind is InvocationType.DRY_RUN:
        return "ok", f"✔ {entry.status_code} Dry run: permitted, parameters accepted, not run"
    code = entry.status_code
    error_type = entry.report.error_type if entry.report else ""
    failure = f"{entry.function_error or 'failed'}" + (f" ({error_type})" if error_type else "")
    return {
        Outcome.OK: ("ok", f"✔ {code} Succeeded"),
        Outcome.QUEUED: ("ok", f"✔ {code} Queued for asynchronous execution"),
        Outcome.TIMEOUT: ("error", f"✖ {code} Function error: timed out"),
        Outcome.OUT_OF_MEMORY: ("error", f"✖ {code} Function error: out of memory"),
        Outcome.ERROR: ("error", f"✖ {code} Function error: {failure}"),
    }.get(entry.outcome, ("dim", f"{code} {entry.outcome}"))


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


def _size(size_bytes: int) -> str:
    return f"{size_bytes} bytes" if size_bytes < 1024 else f"{size_bytes / 1024:.1f} KB"
