"""Production: what stands between a click and a run, or a write, in production."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog

from lambdadesk.core.connections import ConnectionInfo, Guard
from lambdadesk.core.errors import UserError
from lambdadesk.core.types import InvokeRequest
from lambdadesk.desk.connection_draft import get_sign_of_production
from lambdadesk.desk.connections import source_key
from lambdadesk.desk.console import Console
from lambdadesk.store.connections import new_connection_id

if TYPE_CHECKING:
    from lambdadesk.desk.connection import Connection
    from lambdadesk.ui.dialogs.confirm_invoke_dialog import Confirmation
    from lambdadesk.ui.function_page import FunctionPage
    from lambdadesk.ui.main_window import MainWindow


class Production:
    """Has invokes and writes in production confirmed, and suggests the guard where it seems to be missing."""

    def __init__(self, console: Console, window: "MainWindow") -> None:
        self._console = console
        self._connections = console.connections
        self._window = window
        self._dialogs: dict[tuple[str, str], QDialog] = {}  # by the function's key: one question at a time

    def confirm(self, page: "FunctionPage", request: InvokeRequest) -> None:
        """Have a request confirmed, then send it; at once while the connection is unlocked."""
        connection = page.connection
        if not self._connections.needs_confirmation(connection.info):
            page.invoke.send(request, confirmed=True)
            return
        from lambdadesk.core.arns import foreign_accounts
        from lambdadesk.ui.dialogs.confirm_invoke_dialog import Confirmation

        account = connection.account
        facts = Confirmation(
            function=request.function.name,
            account=account,
            region=connection.target.region,
            connection=connection.info.name,
            alias=connection.alias,
            qualifier=request.qualifier,
            kind=request.kind.value,
            payload_bytes=len(request.payload),
            colour=connection.info.colour,
            other_accounts=foreign_accounts(request.payload.decode(errors="replace"), account),
        )
        send = partial(page.invoke.send, request, confirmed=True)
        dialog = self._ask(page, facts, send)
        dialog.rejected.connect(page.invoke.say_not_confirmed)
        dialog.open()

    def confirm_write(
        self, page: "FunctionPage", verb: str, then: Callable[[], None], declined: Callable[[], None]
    ) -> None:
        """Have another write confirmed, then do it; at once while the connection is unlocked.

        verb: what is about to be done, as the button says it ("Disable the event source mapping").
        declined: called where the person does not confirm it.
        """
        connection = page.connection
        if not self._connections.needs_confirmation(connection.info):
            then()
            return
        from lambdadesk.ui.dialogs.confirm_invoke_dialog import Confirmation

        facts = Confirmation(
            function=page.function.name,
            account=connection.account,
            region=connection.target.region,
            connection=connection.info.name,
            alias=connection.alias,
            colour=connection.info.colour,
            verb=verb,
        )
        dialog = self._ask(page, facts, then)
        dialog.rejected.connect(declined)
        dialog.open()

    def on_badge(self, connection: "Connection | None") -> None:
        """Lock a connection that was unlocked."""
        if connection is not None and self._connections.get_unlocked_s(connection.info) > 0:
            self._connections.lock_again(connection.info)

    def suggest(self, connection: "Connection") -> None:
        """Offer the guard to a connection whose names say that it is production, unless that was declined."""
        info, key = connection.info, source_key(connection.info)
        notice = f"production {key}"
        is_wanted = (
            info.guard is Guard.NORMAL
            and not connection.target.is_local
            and key not in self._console.settings.not_production
            and bool(get_sign_of_production(info, connection.alias))
        )
        if not is_wanted:
            self._window.notices.dismiss(notice)
            return
        if self._window.notices.is_shown(notice):
            return
        self._window.notices.show_offer(
            f"{info.name} looks like production.",
            "As a production connection it asks for the function's name before each invoke.",
            "Make it production",
            lambda: self._window.scope.start(f"guard {key}", self._guard, connection),
            notice,
            partial(self._decline, key),
        )

    def _ask(self, page: "FunctionPage", facts: "Confirmation", then: Callable[[], None]) -> QDialog:
        """The dialog of a page, not open yet."""
        from lambdadesk.ui.dialogs.confirm_invoke_dialog import ConfirmInvokeDialog

        earlier = self._dialogs.pop(page.key, None)
        if earlier is not None:  # what was asked may be another thing now
            earlier.blockSignals(True)
            earlier.close()
            earlier.deleteLater()
        dialog = ConfirmInvokeDialog(facts, self._window)
        self._dialogs[page.key] = dialog
        dialog.confirmed.connect(partial(self._on_confirmed, page, then))
        dialog.finished.connect(lambda _result: self._dialogs.pop(page.key, None))
        page.destroyed.connect(dialog.deleteLater)
        return dialog

    def _on_confirmed(self, page: "FunctionPage", then: Callable[[], None], unlock: bool) -> None:
        if unlock:
            self._connections.unlock(page.connection.info)
        then()

    def _decline(self, key: str) -> None:
        self._console.settings.not_production = (*self._console.settings.not_production, key)

    async def _guard(self, connection: "Connection") -> None:
        """Guard a connection; a bare profile or endpoint becomes a stored one, shown in place of itself."""
        info = replace(connection.info, guard=Guard.PRODUCTION)
        try:
            if info.id:
                await self._connections.save(info)
                return
            stored = await self._store(info, connection.target.region)
        except UserError as error:
            self._window.notices.show_error(error, None, "guard")
            return
        successor = stored.target(connection.target.region)
        self._window.tabs.successors[connection.target.key] = successor.key
        self._window.places.open_places(
            successor if each is connection else each.target for each in self._console.shown.values()
        )

    async def _store(self, info: ConnectionInfo, region: str) -> ConnectionInfo:
        taken = {each.name for each in self._connections.get_all()}
        name = info.name if info.name not in taken else f"{info.name} (production)"
        stored = replace(info, id=new_connection_id(), name=name, regions=(region,))
        await self._connections.save(stored)
        return stored
