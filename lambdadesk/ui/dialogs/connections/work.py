"""ConnectionWork: Test and Save, which take their time, and can be stopped."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from lambdadesk.core.connections import AccessKey, ConnectionInfo
from lambdadesk.core.errors import UserError
from lambdadesk.desk.connection_draft import (
    Draft,
    get_free_name,
    get_info_to_save,
    get_key_to_save,
)
from lambdadesk.desk.connection_rules import FieldError
from lambdadesk.desk.connection_trial import try_out
from lambdadesk.desk.console import Console
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui.dialogs.connections.frame import Frame

_STOPPABLE = ("test", "duplicate", "delete")
_IN_MEMORY = "The secret is kept in memory only, until LambdaDesk is closed."


class ConnectionWork(QObject):
    """Tries out and saves what is in the form, and tells in place how it went.

    is_shown: whether the form shows the connection with this id.

    Signals:
        saved(Draft, bool): this was saved; whether its key is in the keyring now.
        open_requested(str): a connection was saved that was to be opened then.
    """

    saved = Signal(object, bool)
    open_requested = Signal(str)

    def __init__(
        self,
        parent: QObject,
        console: Console,
        scope: TaskScope,
        frame: Frame,
        is_shown: Callable[[str], bool],
    ) -> None:
        super().__init__(parent)
        self._console = console
        self._connections = console.connections
        self._scope = scope
        self._frame = frame
        self._is_shown = is_shown
        self._saving: tuple[Draft, ConnectionInfo, AccessKey | None, bool] | None = None

    def test(self) -> None:
        """Try out what is entered; nothing is saved."""
        if self._scope.is_running("test"):
            return
        draft = self._frame.editor.get_draft()
        info = get_info_to_save(draft)
        try:
            # It needs no name for that, nor one of its own.
            name = get_free_name(info.name or "x", (other.name for other in self._connections.get_all()))
            self._connections.check(replace(info, name=name))
            key = get_key_to_save(draft, self._connections.get(info.id))
        except UserError as error:
            self._show_problem(error)
            return
        self._frame.say("")
        self._frame.say_running("Testing…")
        self._scope.start("test", self._run_test, info, key)

    def save(self, *, then_open: bool = False) -> None:
        """Save what is entered, or say what is wrong with it."""
        if self._scope.is_running("save"):
            return
        draft = self._frame.editor.get_draft()
        info = get_info_to_save(draft)
        try:
            self._connections.check(info)
            key = get_key_to_save(draft, self._connections.get(info.id))
        except UserError as error:
            self._show_problem(error)
            return
        self._frame.say("")
        self._frame.say_running("Saving…")
        in_memory = self._frame.editor.key.in_memory.isChecked()
        self._saving = (draft, info, key, then_open)
        self._scope.start("save", self._run_save, *self._saving, in_memory)

    def stop(self) -> None:
        """Stop what runs; a key that the keyring has not taken yet is kept for this session then."""
        for name in _STOPPABLE:
            self._scope.cancel(name)
        if self._saving is not None:
            self._scope.start("save", self._run_save, *self._saving, True)

    def show_waiting(self, is_waiting: bool) -> None:
        """Say that the keyring is waited for, where something of this dialog's waits."""
        if is_waiting and any(self._scope.is_running(name) for name in ("save", *_STOPPABLE)):
            self._frame.say_running("Waiting for your keyring…")

    async def _run_test(self, info: ConnectionInfo, key: AccessKey | None) -> None:
        try:
            trial = await try_out(self._console, info, key)
        except UserError as error:
            if self._is_shown(info.id):
                self._frame.editor.show_trial_failure(error)
        else:
            if self._is_shown(info.id):
                self._frame.editor.show_trial(trial)
        finally:
            self._frame.say_running("")

    async def _run_save(
        self, draft: Draft, info: ConnectionInfo, key: AccessKey | None, then_open: bool, in_memory: bool
    ) -> None:
        try:
            state = await self._connections.save(info, key, in_memory=in_memory)
        except UserError as error:
            self._show_problem(error)
            return
        finally:
            self._frame.say_running("")
        self._saving = None
        is_kept = state is not None and state.in_keyring
        self.saved.emit(draft, is_kept)
        if key is None:
            self._frame.say("Saved.", "ok")
        else:
            where = state.message if state is not None else _IN_MEMORY
            self._frame.say(f"Saved. {where}", "ok" if is_kept else "warning")
        if then_open:
            self.open_requested.emit(info.id)

    def _show_problem(self, error: UserError) -> None:
        self._saving = None
        self._frame.say(str(error), "error")
        if isinstance(error, FieldError):
            self._frame.editor.go_to(error.field)
