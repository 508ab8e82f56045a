"""Places: which connections in which regions the window shows, and what it shows of them."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, ParamSpec

from lambdadesk.core.connections import ConnectionInfo, Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import Target
from lambdadesk.desk.console import FALLBACK_REGION, Console
from lambdadesk.ui.function_tabs import REOPENED

if TYPE_CHECKING:  # brings half of the application with it, and is not needed for the first frame
    from lambdadesk.desk.connection import Connection
    from lambdadesk.ui.dialogs.connections.dialog import ConnectionsDialog
    from lambdadesk.ui.main_window import MainWindow

P = ParamSpec("P")


class Places:
    """Opens connections in regions, any number side by side, and keeps bar, lists and frame true to them."""

    def __init__(self, console: Console, window: "MainWindow") -> None:
        self._console = console
        self._window = window
        self._follows: dict[str, list[Callable[[], None]]] = {}  # by Target.key
        self._asked: Callable[[], None] | None = None  # opens again what was asked for last
        self._is_open = False  # whether what was asked for last is what is shown
        self._remembers = False  # what is shown was chosen in the window, so the next start shows it again
        self._is_gathering = False  # several places are being opened, and shown together
        self._reopen: dict[str, list[str]] = {}  # tabs to open again, by Target.key
        self._dialog: ConnectionsDialog | None = None
        console.opened.connect(self._on_opened)
        console.closing.connect(self._on_closing)
        console.connections.changed.connect(self._on_connections_changed)
        console.connections.refreshed.connect(lambda _keys: self._ask_choices())
        console.connections.unlocked.connect(self.show_current)

    def follow_bar(self) -> None:
        """Do what the top bar and the function list ask for."""
        bar, functions, cost = self._window.bar, self._window.functions, self._window.cost
        bar.connection_chosen.connect(self._remembering(self.open_connection))
        bar.region_chosen.connect(self._remembering(self.open_region))
        bar.local_chosen.connect(self._remembering(self.open_local))
        bar.places_requested.connect(self.choose_places)
        bar.manage_requested.connect(self.manage_connections)
        bar.guard_clicked.connect(lambda: self._window.production.on_badge(self.current))
        bar.refresh_requested.connect(self.refresh)
        functions.retry_requested.connect(self.retry)
        functions.cancel_requested.connect(self.stop_waiting)
        functions.sign_in_requested.connect(self.sign_in)
        functions.local_requested.connect(self.open_local)
        cost.retry_requested.connect(self.retry)

    @property
    def current(self) -> "Connection | None":
        """The connection of the page in front, or else the first that is shown."""
        page = self._window.tabs.page
        return page.connection if page is not None else self._console.connection

    def open_target(self, profile: str, region: str, endpoint_url: str) -> None:
        """Show AWS through a profile, or an endpoint."""
        self._asked = partial(self.open_target, profile, region, endpoint_url)
        self._window.scope.start("open", self._open_target, profile, region, endpoint_url)

    def open_connection(self, info: ConnectionInfo) -> None:
        """Show a connection alone, in the first of its regions."""
        if not info.id:
            self.open_target(info.profile, "", info.endpoint_url)
            return
        self._asked = partial(self.open_stored, info.id)
        self._window.scope.start("open", self._open_stored, info)

    def open_region(self, region: str) -> None:
        """Show all that is shown in another region."""
        self.open_places(
            target if target.is_local else self._console.in_region(target, region)
            for target in self._targets()
        )

    def open_places(self, targets: Iterable[Target]) -> None:
        """Show these side by side; what is open already stays as it is."""
        targets = list({target.key: target for target in targets}.values())
        self._asked = partial(self.open_places, targets)
        self._window.scope.start("open", self._open_places, targets)

    def reopen(self) -> bool:
        """Show what was shown last; False where that is not known."""
        targets = self._last_targets()
        if targets:
            self._remembers = True
            self.open_places(targets)
        return bool(targets)

    def show_last_lists(self) -> bool:
        """Show the functions of the last run in the first frame, before `reopen`."""
        lists = [(target, self._console.get_cached(target)) for target in self._last_targets()]
        if lists:
            self._window.bar.show_choices(self._console.connections.get_all(), (), ())
            self._window.bar.show_targets([target for target, _ in lists])
            self._window.functions.show_cached(lists)
        return bool(lists)

    def show_cached(self, region: str, endpoint_url: str) -> None:
        """Show the functions of an earlier run in the first frame, before `open_now`."""
        target = Target(region or FALLBACK_REGION, "", endpoint_url)
        self._window.bar.show_targets([target])
        self._window.functions.show_cached([(target, self._console.get_cached(target))])

    def open_now(self, region: str, endpoint_url: str) -> None:
        """Show an endpoint at once: nothing about it has to be looked up."""
        self._asked = partial(self.open_target, "", region, endpoint_url)
        try:
            self._console.open_first(Target(region or FALLBACK_REGION, "", endpoint_url))
        except UserError as error:
            self._show_not_open(error)

    def open_local(self) -> None:
        """Start the Local AWS if need be, and show it."""
        self._asked = self.open_local
        self._window.scope.start("open", self._open_local)

    def choose_places(self) -> None:
        """Ask which connections and regions are to be shown side by side."""
        self._window.scope.start("choose places", self._choose_places)

    def manage_connections(self) -> None:
        """Show the dialog in which connections are added, edited and tested."""
        from lambdadesk.ui.dialogs.connections.dialog import ConnectionsDialog

        if self._dialog is None:
            current = self.current
            self._dialog = ConnectionsDialog(
                self._console, self._window, current.info.id if current is not None else ""
            )
            self._dialog.open_requested.connect(self._remembering(self.open_stored))
            self._dialog.finished.connect(self._on_managed)
        self._dialog.open()
        self._dialog.activateWindow()

    def _on_managed(self) -> None:
        self._dialog = None

    def refresh(self) -> None:
        """Ask for the functions again; rows stay while that goes on."""
        for connection in self._console.shown.values():
            connection.scope.start("refresh", connection.catalog.refresh)

    async def _open_target(self, profile: str, region: str, endpoint_url: str) -> None:
        # Nothing of the earlier account stays usable under the new one's name.
        await self.leave_pages()
        self._show_nothing(Target(region, profile, endpoint_url))
        try:
            target = await self._console.resolve(profile, region, endpoint_url)
            await self._console.open(target)
        except UserError as error:
            self._show_not_open(error)

    async def _open_stored(self, info: ConnectionInfo) -> None:
        await self.leave_pages()
        self._show_nothing(info.target(info.regions[0] if info.regions else ""))
        try:
            await self._console.open(await self._console.resolve_stored(info))
        except UserError as error:
            self._show_not_open(error)

    async def _open_places(self, targets: list[Target]) -> None:
        leaving = self._console.get_leaving(targets)
        await self.leave_pages(leaving)
        try:
            targets = [await self._console.start_target(target) for target in targets]
        except UserError as error:  # the Local AWS; the others are shown all the same
            self._window.notices.show_error(error, partial(self.open_places, targets), "local-died")
            targets = [target for target in targets if not target.is_local]
        self._is_gathering = True
        try:
            await self._console.show(targets)
            await asyncio.sleep(0)  # the lists are asked for before they are shown, which takes a while
        finally:
            self._is_gathering = False
        self._show_all()

    async def _open_local(self) -> None:
        await self.leave_pages()
        self._show_nothing(None)
        try:
            await self._console.open_local()
        except UserError as error:
            self._show_not_open(error)
            return
        self._window.notices.dismiss("local-died")
        account = self._console.local.account
        for number, note in enumerate(account.notes if account else ()):
            self._window.notices.show_info(note, f"local-{number}")

    async def _choose_places(self) -> None:
        from lambdadesk.ui.dialogs.places_dialog import PlacesDialog

        infos = self._window.bar.choices
        usual = await self._console.get_usual_regions(infos)
        current = self.current
        regions = await current.gateway.regions() if current is not None else []
        dialog = PlacesDialog(infos, regions, self._targets(), usual, self._window)
        dialog.chosen.connect(self._remembering(self.open_places))
        dialog.open()

    def _remembering(self, choose: Callable[P, None]) -> Callable[P, None]:
        def chosen(*args: P.args, **kwargs: P.kwargs) -> None:
            self._remembers = True
            choose(*args, **kwargs)

        return chosen

    def open_stored(self, connection_id: str) -> None:
        info = self._console.connections.get(connection_id)
        if info is not None:
            self.open_connection(info)

    def _targets(self) -> list[Target]:
        """What is shown, what could not be opened included."""
        failed = [target for target, _error in self._console.failures.values()]
        return [connection.target for connection in self._console.shown.values()] + failed

    def _last_targets(self) -> list[Target]:
        found = (self._console.get_target(key) for key in self._console.settings.shown_targets)
        return [target for target in found if target is not None]

    def _show_not_open(self, error: UserError) -> None:
        self._is_open = False
        self._window.functions.show_failure(error)
        self._window.say(str(error))

    def _show_nothing(self, target: Target | None) -> None:
        """Show what is being opened; None is the Local AWS."""
        self._is_open = False
        self._window.bar.show_targets([target] if target else [])
        self._window.bar.show_freshness([])
        self._window.cost.show_connections([])
        self._window.menus.show_sources(())
        self._window.identity.show_connection(None)
        self._window.frame.set_colour("")
        self._window.bar.show_guard(Guard.NORMAL, 0)
        self._window.setWindowTitle("LambdaDesk")
        self._window.functions.show_waiting("the connection" if target else "the Local AWS")

    async def leave_pages(self, connections: "Iterable[Connection] | None" = None) -> None:
        """Close the function tabs of these connections, or all, keeping what was typed in them."""
        leaving = list(self._console.shown.values() if connections is None else connections)
        opened = dict(self._console.settings.open_functions)
        for connection in leaving:
            names = [
                page.function.name for page in self._window.tabs.pages() if page.connection is connection
            ]
            key = self._window.tabs.successors.get(connection.target.key, connection.target.key)
            opened[key] = tuple(names)
            self._reopen[key] = names
        self._console.settings.open_functions = opened
        await self._window.tabs.close_pages(
            [page for page in self._window.tabs.pages() if page.connection in leaving]
        )

    def _on_opened(self, connection: "Connection") -> None:
        key = connection.target.key
        self._is_open = True
        self._reopen.setdefault(key, list(self._console.settings.open_functions.get(key, ())))
        self._follows[key] = [
            connection.catalog.changed.connect(self._on_catalog_changed),
            connection.identified.connect(lambda: self._on_identified(connection)),
            connection.invoker.storage_failed.connect(
                lambda error: self._window.notices.show_error(error, None, "storage")
            ),
        ]
        self._window.say("")
        connection.scope.start("refresh", connection.catalog.refresh)
        connection.scope.start("identity", connection.identify_later)
        if not self._is_gathering:
            self._show_all()

    def _on_closing(self, connection: "Connection") -> None:
        for disconnect in self._follows.pop(connection.target.key, ()):
            disconnect()

    def _on_identified(self, connection: "Connection") -> None:
        self.show_current()
        self._window.production.suggest(connection)

    def _on_connections_changed(self) -> None:
        """Connections were edited: go on with them as they are now, without those that were deleted."""
        self._ask_choices()
        targets = self._targets()
        if any(target.connection_id for target in targets):
            left = [now for target in targets if (now := self._console.get_target(target.key)) is not None]
            if self._console.failures or self._console.get_leaving(left):
                self.open_places(left)
            else:  # nothing is closed or opened, least of all what is being opened now
                self._console.rename_shown()
                self._show_all()

    def _show_all(self) -> None:
        """Show what is open now."""
        shown = list(self._console.shown.values())
        targets = self._targets()
        self._window.bar.show_targets(targets)
        local = any(connection.target.is_local for connection in shown)
        self._window.menus.show_sources(self._console.local.sources if local else ())
        self._window.functions.show_connections(shown, self._console.failures)
        self._window.cost.show_connections(shown)
        if not targets:
            error = UserError("Nothing is shown.", "Choose a connection above.", kind=ErrorKind.INVALID)
            self._show_not_open(error)
        if self._remembers:
            self._console.settings.shown_targets = tuple(target.key for target in targets)
        if self._window.cost.isVisible():
            self._window.read_costs(True)
        self.show_current()
        self.show_freshness()
        self._ask_choices()
        self._open_again()
        self._window.open_wanted()

    def show_current(self) -> None:
        """Show whose page is in front."""
        current, targets = self.current, self._targets()
        self._window.tabs.show_places(targets)
        self._window.identity.show_connection(current, with_name=len(targets) > 1)
        self._window.frame.set_colour(current.info.colour if current else "")
        guard = current.info.guard if current else Guard.NORMAL
        self._window.bar.show_guard(
            guard, self._console.connections.get_unlocked_s(current.info) if current else 0
        )
        names = list(dict.fromkeys(target.title for target in targets))
        if len(targets) == 1:
            title = f"{names[0]} {targets[0].region} - LambdaDesk"
        elif len(names) == 1:
            title = f"{names[0]}, {len(targets)} regions - LambdaDesk"
        else:
            title = f"{len(names)} connections - LambdaDesk" if names else "LambdaDesk"
        self._window.setWindowTitle(title)

    def _ask_choices(self) -> None:
        self._window.scope.start("choices", self._show_choices)

    async def _show_choices(self) -> None:
        current = self.current
        regions = [current.target.region] if current is not None else []
        if current is not None and not current.target.is_local:
            regions = await current.gateway.regions()
        try:
            profiles = await self._console.profiles()
            self._window.notices.dismiss("profiles")
        except UserError as error:  # an endpoint needs none of them
            self._window.notices.show_error(error, None, "profiles")
            profiles = []
        self._window.bar.show_choices(self._console.connections.get_all(), profiles, regions)

    def retry(self, key: str = "") -> None:
        connection = self._console.shown.get(key)
        if connection is not None:
            connection.scope.start("refresh", connection.catalog.refresh)
        elif self._is_open and key not in self._console.failures and self._console.shown:
            self.refresh()
        elif self._asked is not None:
            self._asked()

    def sign_in(self, key: str) -> None:
        self._window.sign_in.sign_in(self._console.shown.get(key))

    def stop_waiting(self, key: str = "") -> None:
        for connection in self._console.shown.values():
            if key in ("", connection.target.key):
                connection.scope.cancel("refresh")

    def _on_catalog_changed(self) -> None:
        self.show_freshness()
        self._open_again()
        self._window.open_wanted()
        if self._window.tabs.page is not None:  # rows that came or went have moved the selection
            self._window.functions.select(self._window.tabs.page.key)

    def _open_again(self) -> None:
        """Open the tabs that a restart of the same places has closed."""
        in_front = self._window.tabs.page
        for key, connection in self._console.shown.items():
            if not connection.catalog.is_settled:
                continue
            for name in self._reopen.pop(key, [])[:REOPENED]:
                self._window.open_by_name(key, name)
        if in_front is not None:
            self._window.tabs.setCurrentWidget(in_front)

    def show_freshness(self) -> None:
        self._window.bar.show_freshness([each.catalog.state for each in self._console.shown.values()])

    async def close(self) -> None:
        """Close all pages, and let go of the connections."""
        if self._dialog is not None:
            await self._dialog.close_dialog()
        await self.leave_pages()
        for key in list(self._follows):
            for disconnect in self._follows.pop(key):
                disconnect()
