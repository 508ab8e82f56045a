"""ConnectionsDialog: the stored connections, and the form of the one that is chosen."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QPushButton, QWidget

from lambdadesk.core.errors import UserError
from lambdadesk.desk.connection_draft import Draft, Drafts
from lambdadesk.desk.connection_trial import fetch_regions, fetch_sso_sessions
from lambdadesk.desk.console import Console
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.keyrings import KeyringKind, KeyringState
from lambdadesk.ui.dialogs.connections.connection_list import ListRow
from lambdadesk.ui.dialogs.connections.frame import Frame
from lambdadesk.ui.dialogs.connections.general_parts import KINDS
from lambdadesk.ui.dialogs.connections.key_import import KeyImport
from lambdadesk.ui.dialogs.connections.work import ConnectionWork
from lambdadesk.ui.widgets.screen_room import resize_within

LOCAL_ID = "local"
_NEW_NAME = "New connection"
_LOCAL_ROW = ListRow(LOCAL_ID, "Local AWS", "Endpoint, runs on this machine", is_movable=False)


class ConnectionsDialog(QDialog):
    """Stands beside the window: everything goes on while it is open. It deletes itself when closed.

    connection_id: the connection to begin with; empty: a new one. `close_dialog` ends it at once, unsaved
    changes or not.

    Signals:
        open_requested(str): the user wants to see this connection in the window.
    """

    open_requested = Signal(str)

    def __init__(self, console: Console, parent: QWidget | None = None, connection_id: str = "") -> None:
        super().__init__(parent)
        self.setObjectName("connectionsDialog")
        self.setWindowTitle("Connections")
        self.setAccessibleName("Connections")
        self.scope = TaskScope(self._on_failure)
        self._console = console
        self._connections = console.connections
        self._drafts = Drafts(self._connections.get)
        self._keyring: KeyringState | None = None
        self._shown: Draft | None = None  # as it was put into the form
        self._current = ""
        self._is_leaving = False
        self._ending = f"close connections {id(self)}"
        self.frame = Frame(self, self._connections, self.scope)
        self._import = KeyImport(self, self.scope, self.frame.asks, self.frame.notices, self._get_names)
        self._import.found.connect(self._add_drafts)
        self._work = ConnectionWork(
            self, console, self.scope, self.frame, lambda which: which == self._current
        )
        self._work.saved.connect(self._on_saved)
        self._work.open_requested.connect(self._open)
        self._connect_frame()
        self._disconnects = [
            self._connections.changed.connect(self._on_connections_changed),
            self._connections.secrets.waiting.connect(self._work.show_waiting),
            self._connections.refreshed.connect(lambda _keys: self._look_up()),
        ]
        self.finished.connect(self._on_finished)
        self.frame.editor.role.offer_sources(self._connections.get_all())
        self.select(connection_id if self._connections.get(connection_id) else self._drafts.begin().info.id)
        resize_within(self, 920, 640)
        self.setMinimumSize(680, 460)

    def open(self) -> None:
        """Show it; unlike QDialog's own, this does not keep the window from being used."""
        self.show()
        self._look_up()
        self.frame.editor.go_to("name")

    def select(self, connection_id: str) -> None:
        """Show a connection; what was entered for the one before stays."""
        self._current = connection_id
        self.frame.say("")
        if connection_id != LOCAL_ID:
            self._fill_editor()
        self.frame.show_local(connection_id == LOCAL_ID)
        self._show_rows()

    async def close_dialog(self) -> None:
        """Close it, unsaved changes or not, and end all its work."""
        self._is_leaving = True
        self.close()
        await self._console.scope.wait(self._ending)

    # -- parts

    def _connect_frame(self) -> None:
        frame = self.frame
        frame.list.chosen.connect(self.select)
        frame.list.open_requested.connect(self._open)
        frame.list.move_requested.connect(
            lambda which, index: self.scope.start(f"move {which}", self._connections.move, which, index)
        )
        frame.add.clicked.connect(self._add)
        frame.duplicate.clicked.connect(self._duplicate)
        frame.delete.clicked.connect(self._ask_delete)
        frame.import_.setMenu(self._import.menu)
        frame.test.clicked.connect(self._work.test)
        frame.stop.clicked.connect(self._work.stop)
        frame.save.clicked.connect(lambda: self._work.save())
        frame.save_and_open.clicked.connect(lambda: self._work.save(then_open=True))
        frame.editor.edited.connect(self._on_edited)

    def _look_up(self) -> None:
        """Find out in the background what there is to choose, and how the keyring is."""
        editor = self.frame.editor

        async def show_profiles() -> None:
            try:
                editor.profile.offer(await self._console.profiles())
                editor.sso.offer_sessions(await fetch_sso_sessions())
            except UserError as error:
                editor.profile.show_failure(error)

        async def show_regions() -> None:
            editor.place.offer_regions(await fetch_regions())

        self.scope.start("keyring", self._show_keyring)
        self.scope.start("profiles", show_profiles)
        self.scope.start("regions", show_regions)

    async def _show_keyring(self) -> None:
        self._keyring = await self._connections.secrets.state()
        self.frame.editor.key.show_keyring(self._keyring)
        if self._shown is not None:
            self.frame.editor.key.show_kept(self._where_kept(self._shown))

    # -- the list

    def _show_rows(self) -> None:
        rows = []
        stored = self._connections.get_all()
        for info in (*stored, *(draft.info for draft in self._drafts.get_new())):
            is_stored = self._connections.get(info.id) is not None
            draft = self._drafts.get(info.id).info
            name = draft.name or (info.name if is_stored else _NEW_NAME)
            changed = self._drafts.is_changed(info.id)
            kind = KINDS.get(draft.kind, "Endpoint") if is_stored or changed else "nothing entered yet"
            rows.append(ListRow(info.id, name, kind, draft.colour, draft.guard, changed, is_stored))
        self.frame.list.show_rows([*rows, _LOCAL_ROW], self._current)
        is_stored = self._connections.get(self._current) is not None
        self.frame.duplicate.setEnabled(is_stored)
        self.frame.delete.setEnabled(self._current != LOCAL_ID)

    def _fill_editor(self) -> None:
        self._shown = self._drafts.get(self._current)
        self.frame.editor.show_draft(self._shown, self._where_kept(self._shown))

    def _where_kept(self, draft: Draft) -> str:
        """Where the key is that stays if no other is entered, in words; empty: there is none."""
        if draft.imported is not None:
            return "taken over, not saved yet"
        stored = self._connections.get(draft.info.id)
        if stored is None or not stored.access_key_id:
            return ""
        if self._connections.secrets.is_in_memory_only(stored.id):
            return "kept in memory, until LambdaDesk is closed"
        if self._keyring is not None and self._keyring.kind in (KeyringKind.ABSENT, KeyringKind.INSECURE):
            return "not on this computer: enter it again"
        name = self._keyring.name if self._keyring else ""
        return f"kept in {name or 'your keyring'}"

    def _on_edited(self) -> None:
        self._drafts.put(self.frame.editor.get_draft())
        self.frame.say("")
        self._show_rows()

    def _on_connections_changed(self) -> None:
        self.frame.editor.role.offer_sources(self._connections.get_all())
        is_gone = self._connections.get(self._current) is None and self._current not in self._get_new_ids()
        if is_gone and self._current != LOCAL_ID:
            first = next(iter(self._connections.get_all()), None)
            self.select(first.id if first else self._drafts.begin().info.id)
            return
        is_other = self._shown is not None and self._drafts.get(self._current) != self._shown
        if self._current != LOCAL_ID and is_other and not self._drafts.is_changed(self._current):
            self._fill_editor()
        self._show_rows()

    def _get_new_ids(self) -> list[str]:
        return [draft.info.id for draft in self._drafts.get_new()]

    def _get_names(self) -> list[str]:
        return [*(info.name for info in self._connections.get_all()), *self._drafts.get_names()]

    def _add(self) -> None:
        self.select(self._drafts.begin().info.id)
        self.frame.editor.go_to("name")

    def _add_drafts(self, drafts: list[Draft]) -> None:
        for draft in drafts:
            self._drafts.put(draft)
        self.select(drafts[0].info.id)

    def _duplicate(self) -> None:
        async def duplicate(connection_id: str) -> None:
            try:
                self.select((await self._connections.duplicate(connection_id)).id)
            finally:
                self.frame.say_running("")

        if not self.scope.is_running("duplicate"):
            self.scope.start("duplicate", duplicate, self._current)

    def _ask_delete(self) -> None:
        which, stored = self._current, self._connections.get(self._current)
        if stored is None:
            self._discard_new(which)
            return
        users = [info.name for info in self._connections.get_all() if info.source_id == which]
        key = " and its key" if stored.access_key_id else ""
        warning = f" {', '.join(users)} could not sign in any more." if users else ""
        self.frame.asks.ask(
            f"Delete {stored.name}{key}?{warning}",
            [("confirmDelete", "Delete", lambda: self.scope.start("delete", self._delete, which))],
            "Keep it",
        )

    async def _delete(self, connection_id: str) -> None:
        self._drafts.discard(connection_id)
        try:
            await self._connections.delete(connection_id)
        finally:
            self.frame.say_running("")

    def _discard_new(self, connection_id: str) -> None:
        def discard() -> None:
            self._drafts.discard(connection_id)
            self._on_connections_changed()

        if self._drafts.is_changed(connection_id):
            name = self._drafts.get(connection_id).info.name or _NEW_NAME
            self.frame.asks.ask(
                f"Discard {name}? It was never saved.", [("confirmDelete", "Discard", discard)], "Keep it"
            )
        else:
            discard()

    def _on_saved(self, draft: Draft, is_kept: bool) -> None:
        which = draft.info.id
        if self._drafts.get(which) == draft:  # else it was edited on while the keyring was waited for
            self._drafts.discard(which)
        if self._current == which and not self._drafts.is_changed(which):
            self._fill_editor()
        self._show_rows()
        self.scope.start("keyring", self._show_keyring)
        if is_kept:
            self._import.offer_removal(draft)

    def _on_failure(self, name: str, error: Exception) -> None:
        if isinstance(error, UserError):
            self.frame.notices.show_error(error, None, name.partition(" ")[0])
        else:
            self._console.failed.emit(name, error)

    # -- leaving

    def _open(self, connection_id: str) -> None:
        if self._connections.get(connection_id) is None:
            return
        if self._drafts.is_changed(connection_id):
            self.frame.say("Save the changes first, or discard them.", "error")
            return
        self.open_requested.emit(connection_id)
        self.reject()

    def reject(self) -> None:
        """Close, but ask first where something would be lost."""
        if self._drafts.has_changes() and not self._is_leaving:
            self.frame.asks.ask(
                "Some changes are not saved.",
                [("discardChanges", "Discard them", self._leave)],
                "Keep editing",
            )
            return
        super().reject()

    def _leave(self) -> None:
        self._is_leaving = True
        self.reject()

    def _on_finished(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        self.scope.stop()  # now, in case the application ends before `_end` has its turn
        self.frame.editor.wipe()
        self._drafts.wipe()
        self._shown = None
        self._console.scope.start(self._ending, self._end)

    async def _end(self) -> None:
        await self.frame.editor.sso.end()
        await self.scope.close()
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter does what the focused button says, and nothing in a field: a save is asked for in words."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused = self.focusWidget()
            if isinstance(focused, QPushButton):
                focused.click()
            return
        super().keyPressEvent(event)
