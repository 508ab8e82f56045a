"""Sizing: the Sizing windows of functions, and what a power sweep that was ended has left to put back."""

from functools import partial
from typing import TYPE_CHECKING

from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import UserError
from lambdadesk.desk.console import Console

if TYPE_CHECKING:  # not for the first frame
    from lambdadesk.desk.connection import Connection
    from lambdadesk.desk.power_sweep import Sweep
    from lambdadesk.desk.sweep_restorer import LostSweep
    from lambdadesk.ui.dialogs.sizing.dialog import SizingDialog
    from lambdadesk.ui.dialogs.sizing.right_size_dialog import RightSizeDialog
    from lambdadesk.ui.function_page import FunctionPage
    from lambdadesk.ui.main_window import MainWindow


class Sizing:
    """One window a function, closed with its tab; and an offer for each sweep that was not ended."""

    def __init__(self, console: Console, window: "MainWindow") -> None:
        self._console = console
        self._window = window
        self._dialogs: dict[tuple[str, str], SizingDialog] = {}  # by the page's key
        self._all: RightSizeDialog | None = None
        console.opened.connect(self._on_opened)

    def show(self, page: "FunctionPage | None" = None, *, sweep: bool | None = None) -> None:
        """Show the window of a function's page, by default of the one in front.

        sweep: with the power sweep in front; False: with what if; None: as it is.
        """
        page = page or self._window.tabs.page
        if page is None:
            self._window.say("Open a function first: its Sizing window is beside it.")
            return
        from lambdadesk.ui.dialogs.sizing.dialog import SizingDialog

        dialog = self._dialogs.get(page.key)
        if dialog is None:
            dialog = SizingDialog(
                page.connection,
                page.function,
                page.invoke.current_request,
                self._console.sweeps,
                self._window,
            )
            self._dialogs[page.key] = dialog
            dialog.sweep.write_requested.connect(page.write_requested)
            dialog.sweep.troubled.connect(partial(self._on_trouble, page.connection))
            dialog.closed.connect(partial(self._on_closed, page.key))
            page.closing.connect(dialog.close)
        if sweep is not None:
            dialog.tabs.setCurrentWidget(dialog.sweep if sweep else dialog.what_if)
        dialog.open()
        dialog.raise_()
        dialog.activateWindow()

    def show_all(self) -> None:
        """Show which functions have more memory than they need, or too little."""
        from lambdadesk.ui.dialogs.sizing.right_size_dialog import RightSizeDialog

        if self._all is None:
            self._all = RightSizeDialog(self._console, self._window)
            self._all.sizing_requested.connect(self.show_named)
            self._all.closed.connect(self._on_all_closed)
        self._all.open()
        self._all.raise_()
        self._all.activateWindow()

    def show_named(self, key: str, name: str, sweep: bool | None = None) -> None:
        """Open a function's page, by its `Target.key` and its name, and show its window."""
        self._window.open_by_name(key, name)
        page = self._window.tabs.page_of((key, name))
        if page is not None:
            self.show(page, sweep=sweep)

    def _on_all_closed(self) -> None:
        dialog, self._all = self._all, None
        if dialog is not None:
            self._window.scope.start("close right-size", self._close, dialog)

    def _on_closed(self, key: tuple[str, str]) -> None:
        dialog = self._dialogs.pop(key, None)
        if dialog is not None:
            self._window.scope.start(f"close sizing {key}", self._close, dialog)

    async def _close(self, dialog: "SizingDialog | RightSizeDialog") -> None:
        await dialog.close_tabs()
        dialog.deleteLater()

    async def close(self) -> None:
        """End the work of all windows; what a sweep has changed is put back as its connection is closed."""
        for dialog in self._dialogs.values():
            await dialog.close_tabs()
        if self._all is not None:
            await self._all.close_tabs()

    # -- what was left behind

    def _on_opened(self, connection: "Connection") -> None:
        self._look(connection)

    def _look(self, connection: "Connection") -> None:
        connection.scope.start("lost sweeps", self._look_for_lost, connection)

    async def _look_for_lost(self, connection: "Connection") -> None:
        from lambdadesk.desk.sweep_restorer import fetch_lost

        try:
            lost_ones = await fetch_lost(connection.gateway, self._console.sweeps)
        except UserError as error:
            begin = "A power sweep was not ended, and what it has left could not be looked up."
            told = UserError(f"{begin} {error.message}", error.hint, kind=error.kind, details=error.details)
            self._window.notices.show_error(told, partial(self._look, connection), "lost sweeps")
            return
        for lost in lost_ones:
            self._offer(connection, lost)

    def _offer(self, connection: "Connection", lost: "LostSweep") -> None:
        notices, key = self._window.notices, self._key(connection, lost.entry.function)
        ask = partial(self._ask, connection, lost)
        if lost.changes_memory:
            error = UserError(lost.message, lost.hint)
            notices.show_error(error, ask, key, retry_text=f"Set {lost.entry.memory_mb:,} MB")
        else:
            decline = partial(self._decline, connection, lost)
            notices.show_offer(lost.message, lost.hint, "Delete them", ask, key, decline)

    def _on_trouble(self, connection: "Connection", sweep: "Sweep") -> None:
        """What could not be put back is told in the window, also where Sizing was closed."""
        if sweep.trouble is None:
            return
        name, trouble = sweep.plan.request.function.name, sweep.trouble
        if sweep.error is not None:
            trouble = UserError(
                f"{trouble.message} The sweep had ended early: {sweep.error.message}",
                trouble.hint,
                kind=trouble.kind,
                details="\n".join(filter(None, (trouble.details, sweep.error.details))),
            )
        self._window.notices.show_error(
            trouble,
            partial(self._look, connection),
            self._key(connection, name),
            retry_text="Look again",
        )

    def _ask(self, connection: "Connection", lost: "LostSweep") -> None:
        """Put it back; in production once the function's name was typed, on its page."""
        function = lost.entry.function
        if connection.info.guard is not Guard.PRODUCTION:
            self._restore(connection, lost, confirmed=False)
            return
        self._window.open_by_name(connection.target.key, function)
        page = self._window.tabs.page_of((connection.target.key, function))
        if page is not None:
            self._window.production.confirm_write(
                page,
                f"Put {function} back as it was before a power sweep",
                partial(self._restore, connection, lost, confirmed=True),
                partial(self._offer, connection, lost),
            )

    def _restore(self, connection: "Connection", lost: "LostSweep", *, confirmed: bool) -> None:
        name = f"restore {lost.entry.function}"
        connection.scope.start(name, self._put_back, connection, lost, confirmed)

    async def _put_back(self, connection: "Connection", lost: "LostSweep", confirmed: bool) -> None:
        from lambdadesk.desk.sweep_restorer import Restorer

        restorer = Restorer(connection.gateway, self._console.sweeps, lost.entry, confirmed)
        key = self._key(connection, lost.entry.function)
        try:
            await restorer.restore(is_wanted=True)
            await restorer.clean()
        except UserError as error:
            self._console.sweeps.release(lost.entry)
            self._window.notices.show_error(error, partial(self._ask, connection, lost), key)
            return
        self._window.notices.dismiss(key)
        self._window.say(f"{lost.entry.function} is as it was before the power sweep.")
        connection.scope.start("refresh", connection.catalog.refresh)  # it has the memory from before that

    def _decline(self, connection: "Connection", lost: "LostSweep") -> None:
        """Versions may stay; memory that was changed is asked about again at the next start."""
        connection.scope.start(f"forget {lost.entry.function}", self._forget, lost)

    async def _forget(self, lost: "LostSweep") -> None:
        from lambdadesk.core.threads import in_thread

        await in_thread(self._console.sweeps.remove, lost.entry)

    def _key(self, connection: "Connection", function: str) -> str:
        return f"sweep {connection.target.key} {function}"
