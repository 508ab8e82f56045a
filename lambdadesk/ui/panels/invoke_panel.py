"""InvokePanel: the payload, one click, and what became of it."""

import time
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QMouseEvent, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.payload import PayloadProblem, check_payload, check_size, payload_bytes
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest, InvokeResult
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.tailer import TailState
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history import HistoryEntry
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.history_table import WIDTH_SAMPLES, HistoryTableModel
from lambdadesk.ui.widgets.json_edit import JsonEdit
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip
from lambdadesk.ui.widgets.result_view import ResultView
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

    Signals:
        not_found(): AWS does not know the function any more.
        confirm_requested(InvokeRequest): the connection is for production; `send` it once it is confirmed.
    """

    not_found = Signal()
    confirm_requested = Signal(object)

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
        self.entry: HistoryEntry | None = None  # the one shown at the right
        self._sent_at: float | None = None
        self._is_touched = False
        self._is_refused = False  # the result area says why nothing was sent
        self._is_gone = False
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
        self._say_nothing_sent()
        self.scope.start("load", self._load)
        self.scope.start("qualifiers", self._load_qualifiers)

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
        self.invoke_button = named(_OnceButton("Invoke"), "invokeButton", "Invoke")
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
        self.problem = named(ToneLabel("dim"), "payloadProblem", "Payload check")
        left = _column("Payload", self.payload, self.problem)

        self.result = ResultView()
        self.result.save_requested.connect(
            lambda path, data: self.scope.start("save", self.result.save, path, data)
        )

        self.history_model = HistoryTableModel(self)
        self.history = named(
            make_table(self.history_model, WIDTH_SAMPLES, stretch=7),
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
        top.addWidget(self.result)
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
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = self._on_keys(keys, self.invoke)
            shortcut.setAutoRepeat(False)  # a quick function answers between two
            # From the function list, too: what is sent is in sight, and a hidden page hears nothing.
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        self._on_keys("Ctrl+Shift+I", self._format)
        # Only while it runs: the editor lets go of the focus by Esc.
        self._stop_keys = self._on_keys("Esc", self._stop_waiting)
        self._stop_keys.setEnabled(False)

    def _on_keys(self, keys: str, slot: Callable[[], None]) -> QShortcut:
        shortcut = QShortcut(QKeySequence(keys), self, slot)
        # PySide6 ignores the context where it is given to the constructor together with a slot.
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        return shortcut

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
        """Send the payload once, or have it confirmed first.

        Nothing happens while an answer is awaited, or if the payload is unusable.
        """
        if self.scope.is_running("invoke") or self._is_gone:
            return
        kind = InvocationType(self.kind.currentData())  # Qt gives a plain str back
        # Counted before anything is looked at, since that takes seconds for what is far too large.
        if too_large := check_size(self.payload.document().characterCount() - 1, kind):
            self._refuse(too_large.message)
            return
        problem = self.payload.check_now()
        if problem is not None and problem.is_error:
            self._refuse(f"the payload is not valid JSON. {problem}")
            self.payload.go_to_problem()
            return
        data = payload_bytes(self.payload.toPlainText())
        if too_large := check_size(len(data), kind):
            self._refuse(too_large.message)
            return
        # The timeout may have been changed since the tab was opened.
        self._function = self._connection.catalog.get(self._function.name) or self._function
        request = InvokeRequest(self._function, data, kind, self.qualifier.currentText())
        if self._connection.info.guard is Guard.PRODUCTION:
            self.confirm_requested.emit(request)
        else:
            self.send(request)

    def send(self, request: InvokeRequest, *, confirmed: bool = False) -> None:
        """Send a request once. confirmed: the person did what production asks for."""
        if self.scope.is_running("invoke") or self._is_gone:
            return
        self._sent_at = time.monotonic()
        self.entry = None
        self._is_refused = False
        self._show_running(True)
        self.result.clear()
        self._show_elapsed()
        self._ticker.start()
        self.scope.start("invoke", self._invoke, request, confirmed)

    def say_not_confirmed(self) -> None:
        """Nobody confirmed it, so nothing was sent."""
        self._refuse("you did not confirm it.")

    async def _invoke(self, request: InvokeRequest, confirmed: bool) -> None:
        try:
            entry = await self._connection.invoker.invoke(request, self._on_answer, confirmed=confirmed)
        finally:
            self._ticker.stop()
            self._sent_at = None
            self._show_running(False)
        # What was typed meanwhile is still to be sent, and what could not be kept is nowhere else.
        is_kept = entry.id and self._connection.keeps_payloads
        if is_kept and self.payload.toPlainText() == request.payload.decode():
            self._is_touched = False
        self._show_entry(entry)
        if tail := self._connection.tails.get(self._function.name):
            tail.poll_now()  # its REPORT is waited for

    def _show_running(self, running: bool) -> None:
        self.invoke_button.setEnabled(not running and not self._is_gone)
        self.stop_button.setVisible(running)
        self._stop_keys.setEnabled(running)

    def _on_answer(self, _result: InvokeResult) -> None:
        self._ticker.stop()

    def _stop_waiting(self) -> None:
        self.scope.cancel("invoke")
        self.result.say(
            "warning",
            "▲ Stopped waiting. The function goes on; its log shows how it ends.",
            "Look at its log before you invoke again: it may have done its work.",
        )

    def _show_elapsed(self) -> None:
        if self._sent_at is None:
            return
        elapsed_s = time.monotonic() - self._sent_at
        limit = f" of {self._function.timeout_s} s timeout" if self.kind.currentIndex() == 0 else ""
        self.result.say("dim", f"Running… {elapsed_s:.1f} s{limit}")

    # -- showing

    def _refuse(self, sentence: str) -> None:
        """Say why nothing was sent, until the payload is changed; the last result stays to be seen."""
        self._is_refused = True
        self.result.say("error", f"✖ Not sent: {sentence}")

    def _take_back_refusal(self) -> None:
        self._is_refused = False
        if self.entry is not None:
            self._show_entry(self.entry)
        else:
            self._say_nothing_sent()

    def _say_nothing_sent(self) -> None:
        self.result.say("dim", "Not invoked yet", "Ctrl+Enter sends the payload once; the answer comes here.")

    def show_function(self, function: FunctionInfo) -> None:
        """Go on with the function as it is now: a longer timeout is waited for."""
        self._function = function

    def show_gone(self, gone: bool) -> None:
        """Turn Invoke off while AWS does not list the function any more."""
        if gone != self._is_gone:
            self._is_gone = gone
            self._show_running(self.scope.is_running("invoke"))
            if gone:
                self._refuse("the function has been deleted. Its log can still be read.")
            else:
                self._take_back_refusal()

    def _on_failure(self, name: str, error: Exception) -> None:
        if not isinstance(error, UserError):
            self._connection.scope.report(name, error)
            error = UserError(
                "LambdaDesk made a mistake of its own here.",
                "The crash window has the report.",
                kind=ErrorKind.OUTCOME_UNKNOWN,  # nobody knows how far it had come
            )
        if name == "invoke":
            self.result.show_failure(error)
            if error.kind is ErrorKind.NOT_FOUND:
                self.not_found.emit()
        else:
            self.result.say("warning", f"▲ {error.message}", error.hint)

    def _show_entry(self, entry: HistoryEntry) -> None:
        self.entry = entry
        cost = self._connection.cost_of(self._function, entry)
        self.result.show_entry(entry, self._log_of(entry), cost, self._why_no_report())

    def _why_no_report(self) -> str:
        tail = self._connection.tails.get(self._function.name)
        if tail is not None and tail.state is TailState.DENIED:
            return "billed duration, memory and cost are in the log, which may not be read"
        return "billed duration, memory and cost follow with the REPORT line"

    def _log_of(self, entry: HistoryEntry) -> str:
        tail = self._connection.tails.get(entry.function)
        if entry.report is None or tail is None:
            return entry.log_tail
        # The whole of it, where the answer holds the last 4 KB at most, and does not name its stream.
        request_id, stream = entry.report.request_id, entry.log_stream
        if not stream:
            runs = self._connection.ledger.of(entry.function)
            stream = next((run.stream for run in runs if run.request_id == request_id), "")
        return tail.text_of(request_id, stream) or entry.log_tail

    # -- the payload

    def _on_typed(self) -> None:
        self._is_touched = True

    def _format(self) -> None:
        if self.payload.format() is not None:
            self.payload.go_to_problem()

    def _on_checked(self, problem: PayloadProblem | None) -> None:
        if self._is_refused and not self._is_gone and (problem is None or not problem.is_error):
            self._take_back_refusal()
        if problem is None:
            size = _size(len(payload_bytes(self.payload.toPlainText())))
            self.problem.say(f"Valid JSON · {size}", "dim")
        elif problem.is_error:
            self.problem.say(f"✖ {problem}", "error")
        else:
            self.problem.say(f"▲ {problem}", "warning")

    def _check_large(self, text: str) -> None:
        async def check() -> None:
            self.payload.finish_check(text, await in_thread(check_payload, text))

        self.scope.start("check", check)

    # -- what was sent before

    async def _load(self) -> None:
        entries = await self._connection.recent(self._function.name)
        self.history_model.set_entries([*entries, *self.history_model.entries()])  # what came meanwhile stays
        entry = await self._connection.entry(entries[0].id) if entries else None
        if entry is not None and not self._is_touched:
            self._set_payload(entry)

    async def _load_qualifiers(self) -> None:
        current = self.qualifier.currentText()
        try:
            qualifiers = await self._connection.qualifiers(self._function.name)
        except UserError as error:
            set_plain_tooltip(self.qualifier, f"Only $LATEST is offered. {error}")
            return
        self.qualifier.clear()
        self.qualifier.addItems(qualifiers)
        self.qualifier.setCurrentText(current)

    def _set_payload(self, entry: HistoryEntry) -> None:
        """Put back what was sent, and how; nothing where the payload was not kept, as none is ever empty."""
        if not entry.payload:
            return
        self.kind.setCurrentIndex(self.kind.findData(entry.kind))
        if self.qualifier.findText(entry.qualifier) < 0:
            self.qualifier.addItem(entry.qualifier)
        self.qualifier.setCurrentText(entry.qualifier)
        self.payload.setPlainText(entry.payload.decode("utf-8", "replace"))
        self._is_touched = False

    def _load_entry(self, row: int, *, with_payload: bool) -> None:
        self.scope.start("entry", self._fetch_entry, self.history_model.entry_at(row), with_payload)

    async def _fetch_entry(self, lean: HistoryEntry, with_payload: bool) -> None:
        stored = await self._connection.entry(lean.id) if lean.id else None
        # What the history does not keep whole may still be here.
        entry = stored if stored is not None and stored.payload else lean
        if with_payload:
            self._set_payload(entry)
        if not self.scope.is_running("invoke"):
            self._show_entry(entry)

    def show_run(self, lean: HistoryEntry) -> None:
        """Put back an earlier run of which only the figures are at hand."""
        self.scope.start("entry", self._fetch_entry, lean, True)

    def load_run(self, entry: HistoryEntry) -> None:
        """Put an earlier run back, whole: its payload, how it was sent, and what became of it."""
        self._set_payload(entry)
        if not self.scope.is_running("invoke"):
            self._show_entry(entry)

    def forget_runs(self, ids: frozenset[int]) -> None:
        """These were deleted; what the page shows of the last answer stays."""
        entries = self.history_model.entries()
        self.history_model.set_entries([entry for entry in entries if entry.id not in ids])

    def forget_history(self) -> None:
        """The history was deleted; what the page shows of the last answer stays."""
        self.history_model.set_entries(())

    def _on_recorded(self, entry: HistoryEntry) -> None:
        if entry.function == self._function.name:
            self.history_model.put(entry)

    def _on_updated(self, entry: HistoryEntry) -> None:
        if entry.function != self._function.name:
            return
        self.history_model.put(entry)
        shown = self.entry
        if shown is not None and (shown.id, shown.sent_ms) == (entry.id, entry.sent_ms):
            bodies = {name: getattr(shown, name) for name in ("payload", "response", "log_tail")}
            self._show_entry(replace(entry, **bodies))

    def _show_history_menu(self, position: object) -> None:
        index = self.history.indexAt(position)  # type: ignore[arg-type]  # a QPoint
        if not index.isValid():
            return
        entry = self.history_model.entry_at(index.row())

        def load() -> None:  # by the time of the click, the row may be another's
            self.scope.start("entry", self._fetch_entry, entry, True)

        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for title, action in (
            ("Load payload and result", load),
            ("Copy request id", _copier(entry.request_id)),
        ):
            menu.addAction(title).triggered.connect(action)
        menu.popup(self.history.viewport().mapToGlobal(position))  # type: ignore[call-overload]  # a QPoint


class _OnceButton(QPushButton):
    """Takes a double click for one click, since a quick function has answered by its second half."""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()


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


def _size(size_bytes: int) -> str:
    if size_bytes >= 1024 * 1024:
        return f"{size_bytes / 1024 / 1024:.1f} MB"
    return f"{size_bytes} bytes" if size_bytes < 1024 else f"{size_bytes / 1024:.1f} KB"
