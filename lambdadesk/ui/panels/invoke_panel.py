"""InvokePanel: the payload, one click, and what became of it."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTableView, QWidget

from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest, InvokeResult
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.store.response_file import ResponseFile
from lambdadesk.ui.invoke.layout import InvokeLayout
from lambdadesk.ui.invoke.payload_side import PayloadSide
from lambdadesk.ui.invoke.requests import (
    fetch_curl,
    get_commands,
    make_bare_request,
    make_request,
    to_request,
)
from lambdadesk.ui.invoke.result_side import ResultSide


class InvokePanel(QWidget):
    """Invokes one function of one connection.

    sample_event: the payload to begin with where nothing was ever sent.
    Errors of this page are shown in its result area, next to the button that caused them.

    Signals:
        not_found(): AWS does not know the function any more.
        confirm_requested(InvokeRequest): the connection is for production; `send` it once it is confirmed.
        changed(): what Invoke would send is another one now.
    """

    not_found = Signal()
    confirm_requested = Signal(object)
    changed = Signal()

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
        self._asked: tuple[InvokeRequest, str] | None = None  # the last request, and what was typed for it
        self._sent: HistoryEntry | None = None  # the one that was sent last, as far as it is known
        self._is_gone = False
        self._parts = parts = InvokeLayout(self, function, connection.scope.report)
        self.result, self.bar = parts.result, parts.bar
        self._payload = PayloadSide(connection, function.name, parts, self.scope, sample_event)
        self._side = ResultSide(connection, function, parts, self.scope)
        self.result.copies = self._get_copies
        self._connect()
        self.scope.start("load", self._load)
        self.scope.start("qualifiers", self._load_qualifiers)

    def _connect(self) -> None:
        layout, bar = self._parts, self.bar
        self._payload.mended.connect(self._on_mended)
        bar.changed.connect(self.changed)
        layout.payload.edit.checked.connect(lambda _problem: self.changed.emit())
        bar.invoke_requested.connect(self.invoke)
        bar.stop_requested.connect(self._stop_waiting)
        self.result.save_requested.connect(
            lambda path, data: self.scope.start("save", self.result.save, path, data)
        )
        layout.recent.chosen.connect(
            lambda entry, with_payload: self.scope.start("entry", self._fetch_entry, entry, with_payload)
        )
        layout.add_keys(self.invoke, layout.payload.format, self._stop_waiting)
        self._disconnects = [
            self._connection.invoker.recorded.connect(self._on_recorded),
            self._connection.invoker.updated.connect(self._on_updated),
        ]

    # -- what other parts of the window use

    @property
    def entry(self) -> HistoryEntry | None:
        """The run that is shown at the right."""
        return self._side.entry

    @property
    def history(self) -> QTableView:
        return self._parts.recent.table

    def runs(self) -> list[HistoryEntry]:
        """The runs made here that the page lists, newest first, without their bodies."""
        return self._parts.recent.model.entries()

    def add_bottom_tab(self, title: str, build: Callable[[], QWidget]) -> None:
        """Add a tab beside Runs; `build` makes its page when it is first shown."""
        self._parts.add_bottom_tab(title, build)

    def show_bottom_tab(self, title: str) -> None:
        self._parts.show_bottom_tab(title)

    def set_event_picker(self, build: Callable[[], QWidget]) -> None:
        """Offer a picker of events in the pane at the left, which Ctrl+E and a button show."""
        self._parts.set_event_picker(build)

    def hide_events(self) -> None:
        self.bar.events_button.setChecked(False)
        self._parts.payload.edit.setFocus()

    def typed(self) -> tuple[str, InvocationType]:
        """The payload, and how it would be sent."""
        return self._payload.text(), self.bar.kind

    def load_payload(
        self, text: str, origin: str, template_key: str = "", kind: InvocationType | None = None
    ) -> None:
        """Put a text in place of the payload, as one step to undo.

        origin: where it comes from, in words. template_key: the template whose keys are offered while one
        types. kind: how it is to be sent, if it says so.
        """
        self._payload.load(text, origin, template_key, kind)

    def current_request(self, *, is_quiet: bool = False, is_bare: bool = False) -> InvokeRequest:
        """What Invoke would send now. UserError: why it can't be sent; see requests.make_request.

        is_bare: without the payload, which may be unusable then.
        """
        # The timeout may have been changed since the tab was opened.
        self._function = self._connection.catalog.get(self._function.name) or self._function
        if is_bare:
            return make_bare_request(self.bar, self._function, is_quiet=is_quiet)
        edit, origin = self._parts.payload.edit, self._payload.origin
        return make_request(self.bar, edit, self._function, origin, is_quiet=is_quiet)

    async def close_panel(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        self._side.live.stop()
        await self._payload.close()
        await self.scope.close()

    def draft(self) -> str | None:
        """What the user typed and did not send, None if the payload is as it was loaded."""
        return self._payload.draft()

    def set_draft(self, text: str) -> None:
        self._payload.set_draft(text)

    def load_run(self, entry: HistoryEntry) -> None:
        """Put an earlier run back, whole: its payload, how it was sent, and what became of it."""
        self._payload.put_back(entry)
        self.show_answer(entry)

    def show_answer(self, entry: HistoryEntry) -> None:
        """Show what became of an earlier run, and leave the payload as it is typed. The entry is whole."""
        self._parts.show_result()
        if not self.scope.is_running("invoke"):
            self._show_entry(entry)

    def _get_copies(self) -> dict[str, str | Callable[[], None]]:
        """The run that is shown as others would make it, for the clipboard."""
        entry = self.entry
        if entry is None or not entry.payload:
            return {}
        return {
            **get_commands(self._connection, to_request(entry, self._function)),
            "curl for the function URL": lambda: self.scope.start("curl", self._copy_curl, entry),
            **({"Request id": entry.request_id} if entry.request_id else {}),
        }

    async def _copy_curl(self, entry: HistoryEntry) -> None:
        command = await fetch_curl(self._connection, to_request(entry, self._function))
        self.result.copy("curl for the function URL", command)

    def forget_runs(self, ids: frozenset[int]) -> None:
        """These were deleted; what the page shows of the last answer stays."""
        self._parts.recent.forget(ids)

    def forget_history(self) -> None:
        """The history was deleted; what the page shows of the last answer stays."""
        self._parts.recent.forget()

    def show_function(self, function: FunctionInfo) -> None:
        """Go on with the function as it is now: a longer timeout is waited for."""
        self._function = function
        self.bar.show_function(function)

    def show_gone(self, gone: bool) -> None:
        """Turn Invoke off while AWS does not list the function any more."""
        if gone != self._is_gone:
            self._is_gone = gone
            self._show_running(self.scope.is_running("invoke"))
            if gone:
                self._side.refuse("the function has been deleted. Its log can still be read.")
            else:
                self._side.take_back_refusal(self._function)

    # -- sending

    def invoke(self) -> None:
        """Send the payload once, or have it confirmed first.

        Nothing happens while an answer is awaited, or if the payload is unusable.
        """
        if self.scope.is_running("invoke") or self._is_gone:
            return
        try:
            request = self.current_request()
        except UserError as error:
            self._parts.show_result()
            self._side.refuse(str(error))
            return
        self._asked = request, self._payload.text()
        if self._connection.info.guard is Guard.PRODUCTION:
            self.confirm_requested.emit(request)
        else:
            self.send(request)

    def send(self, request: InvokeRequest, *, confirmed: bool = False) -> None:
        """Send a request once. confirmed: the person did what production asks for."""
        if self.scope.is_running("invoke") or self._is_gone:
            return
        self._sent = None
        self._show_running(True)
        self._side.clear()
        self._parts.show_result()
        self._side.live.start(request)
        self.scope.start("invoke", self._invoke, request, confirmed)

    def say_not_confirmed(self) -> None:
        """Nobody confirmed it, so nothing was sent."""
        self._side.refuse("you did not confirm it.")

    async def _invoke(self, request: InvokeRequest, confirmed: bool) -> None:
        path = self.bar.options.save_path
        file = ResponseFile(Path(path)) if path and request.is_streaming else None
        try:
            entry = await self._connection.invoker.invoke(
                request,
                self._on_answer,
                confirmed=confirmed,
                on_chunk=self._side.live.take_chunk,
                on_entry=self._on_sent,
                sink=file.write if file else None,
            )
        finally:
            waited_s = self._side.live.stop()
            self._show_running(False)
            self._after(waited_s)
            if file is not None:
                file.close()
        # What was typed meanwhile is still to be sent, and what could not be kept is nowhere else.
        if entry.id and self._connection.keeps_payloads and self._asked and self._asked[0] is request:
            self._payload.mark_sent(self._asked[1])
        self._show_entry(entry)
        if file is not None:
            self.bar.options.set_save_path("")  # the next run would take its place
            self.result.say_saved(file.path, file.saved_bytes, file.error)

    def _on_answer(self, _result: InvokeResult) -> None:
        self._side.live.stop()

    def _on_sent(self, entry: HistoryEntry) -> None:
        self._sent = entry

    def _after(self, waited_s: float) -> None:
        """Follow what has no answer, read its log at once, and tell who has turned away meanwhile."""
        if tail := self._connection.tails.get(self._function.name):
            tail.poll_now()  # its REPORT is waited for
        if self._sent is not None:
            self._side.show_unanswered(self._sent)
            self._side.live.tell_desktop(self.scope, waited_s, self._sent)

    def _show_running(self, running: bool) -> None:
        self.bar.show_running(running, can_invoke=not self._is_gone)
        self._parts.stop_keys.setEnabled(running)

    def _stop_waiting(self) -> None:
        self.scope.cancel("invoke")
        self._side.say_stopped()

    def _on_failure(self, name: str, error: Exception) -> None:
        if not isinstance(error, UserError):
            self._connection.scope.report(name, error)
            error = UserError(
                "LambdaDesk made a mistake of its own here.",
                "The crash window has the report.",
                kind=ErrorKind.OUTCOME_UNKNOWN,  # nobody knows how far it had come
            )
        if name == "invoke":
            self._side.show_failure(error)
            if error.kind is ErrorKind.NOT_FOUND:
                self.not_found.emit()
        elif name == "draft":
            self._connection.scope.report(name, error)
        else:
            self.result.warn(error)

    def _show_entry(self, entry: HistoryEntry) -> None:
        self._side.show(entry, self._function)

    def _on_mended(self) -> None:
        if self._side.is_refused and not self._is_gone:
            self._side.take_back_refusal(self._function)

    # -- what was sent before

    async def _load(self) -> None:
        draft = await self._payload.load_draft()
        entries = await self._connection.recent(self._function.name)
        self._parts.recent.add_earlier(entries)
        entry = await self._connection.entry(entries[0].id) if entries else None
        if entry is not None and not self._payload.is_touched:
            self._payload.put_back(entry)
        if draft is not None:
            self._payload.use_draft(draft)

    async def _load_qualifiers(self) -> None:
        try:
            self.bar.set_qualifiers(await self._connection.qualifiers(self._function.name))
        except UserError as error:
            self.bar.set_no_qualifiers(str(error))

    async def _fetch_entry(self, lean: HistoryEntry, with_payload: bool) -> None:
        stored = await self._connection.entry(lean.id) if lean.id else None
        self._parts.show_result()
        # What the history does not keep whole may still be here.
        entry = stored if stored is not None and stored.payload else lean
        if with_payload:
            self._payload.put_back(entry)
        if not self.scope.is_running("invoke"):
            self._show_entry(entry)

    def show_run(self, lean: HistoryEntry) -> None:
        """Put back an earlier run of which only the figures are at hand."""
        self.scope.start("entry", self._fetch_entry, lean, True)

    def _on_recorded(self, entry: HistoryEntry) -> None:
        if entry.function == self._function.name:
            self._parts.recent.model.put(entry)

    def _on_updated(self, entry: HistoryEntry) -> None:
        if entry.function == self._function.name:
            self._parts.recent.model.put(entry)
            self._side.update(entry, self._function)
