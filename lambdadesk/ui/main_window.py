"""MainWindow: the frame around the functions of all places, their tabs and the Cost page."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, ParamSpec

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QSplitter, QVBoxLayout

from lambdadesk.core.connections import ConnectionInfo, Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.function_rows import FunctionRow
from lambdadesk.core.types import FunctionInfo, Target
from lambdadesk.desk.console import FALLBACK_REGION, Console
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.function_tabs import REOPENED, FunctionTabs
from lambdadesk.ui.icons import app_icon
from lambdadesk.ui.layout_memory import LayoutMemory
from lambdadesk.ui.menus import Menus
from lambdadesk.ui.panels.cost_panel import CostPanel
from lambdadesk.ui.panels.functions_panel import FunctionsPanel
from lambdadesk.ui.production import Production
from lambdadesk.ui.sign_in import SignIn
from lambdadesk.ui.status_line import IdentityLine
from lambdadesk.ui.top_bar import TopBar
from lambdadesk.ui.widgets.colour_frame import ColourFrame
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import NoticeBar
from lambdadesk.ui.widgets.plain import PlainLabel

if TYPE_CHECKING:  # brings half of the application with it, and is not needed for the first frame
    from lambdadesk.desk.connection import Connection
    from lambdadesk.ui.function_page import FunctionPage

P = ParamSpec("P")

STATUS_EVERY_MS = 5_000
READ_EVERY_S, READ_EVERY_LOCAL_S = 60.0, 3.0
SAVE_AFTER_MS = 1_000


class MainWindow(QMainWindow):
    """One window over one console.

    Signals:
        close_requested(): the user wants to leave; whoever owns the window ends all work first.
    """

    close_requested = Signal()

    def __init__(self, console: Console, report: Callable[[str, Exception], None]) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.console = console
        self.scope = TaskScope(report)
        self._follows: dict[str, list[Callable[[], None]]] = {}  # by Target.key
        self._wanted: tuple[str, str] | None = None  # function and page to open once the list is there
        self._asked: Callable[[], None] | None = None  # opens again what was asked for last
        self._is_open = False  # whether what was asked for last is what is shown
        self._remembers = False  # what is shown was chosen in the window, so the next start shows it again
        self._is_gathering = False  # several places are being opened, and shown together
        self._reopen: dict[str, list[str]] = {}  # tabs to open again, by Target.key
        self.setWindowTitle("LambdaDesk")
        self.setAccessibleName("LambdaDesk")
        self.setWindowIcon(app_icon())
        room = self.screen().availableSize()
        if QApplication.platformName() == "offscreen":  # a screen of 800 x 800 that nobody sees
            room = QSize(1280, 800)
        self.resize(min(1280, room.width()), min(800, room.height()))
        self.setMinimumSize(720, 480)
        self._memory = LayoutMemory(console.settings)
        self._build()
        self.sign_in = SignIn(console, self)
        self.production = Production(console, self)
        self.menus = Menus(self)
        self._tables = (self.cost.table,)
        self._memory.restore_window(self, self.splitter, self._tables)
        console.opened.connect(self._on_opened)
        console.closing.connect(self._on_closing)
        console.connections.changed.connect(self._on_connections_changed)
        console.connections.refreshed.connect(lambda _keys: self._ask_choices())
        console.connections.unlocked.connect(self._show_current)
        console.local.progress.connect(self._show_progress)
        console.local.died.connect(self._on_local_died)
        self._saver = QTimer(self, singleShot=True, interval=SAVE_AFTER_MS)
        self._saver.timeout.connect(lambda: self.scope.start("save settings", self._save_settings))
        console.settings.changed.connect(lambda _key: self._saver.start())
        self._clock = QTimer(self, interval=STATUS_EVERY_MS)
        self._clock.timeout.connect(self._on_clock)
        self._clock.start()
        self.functions.filter.setFocus()  # what one types first is a name

    # -- parts

    def _build(self) -> None:
        self.bar = TopBar()
        self.bar.connection_chosen.connect(self._remembering(self.open_connection))
        self.bar.region_chosen.connect(self._remembering(self.open_region))
        self.bar.local_chosen.connect(self._remembering(self.open_local))
        self.bar.places_requested.connect(self.choose_places)
        self.bar.manage_requested.connect(self.manage_connections)
        self.bar.guard_clicked.connect(lambda: self.production.on_badge(self.current))
        self.bar.refresh_requested.connect(self.refresh)
        self.notices = NoticeBar()
        named(self.notices, "noticeBar", "Notices")
        self.functions = FunctionsPanel(self.console.settings)
        self.functions.open_requested.connect(self.open_row)
        self.functions.keeps = lambda key: self.tabs.page_of(key) is not None
        self.functions.retry_requested.connect(self._retry)
        self.functions.cancel_requested.connect(self._stop_waiting)
        self.functions.sign_in_requested.connect(self._sign_in)
        self.functions.local_requested.connect(self.open_local)
        self.cost = CostPanel()
        self.cost.open_requested.connect(self._open_by_name)
        self.cost.shown_changed.connect(self._on_cost_shown)
        self.cost.read_requested.connect(self._read_costs)
        self.cost.retry_requested.connect(self._retry)
        tabs = FunctionTabs(self.cost, self.scope, self._memory)
        self.tabs = named(tabs, "functionTabs", "Opened functions")
        self.tabs.opened.connect(self._on_page_opened)
        self.tabs.closed.connect(self.functions.refresh)  # the row of a deleted function goes with its tab
        self.tabs.currentChanged.connect(self._on_tab_changed)
        self.functions.filter.opened.connect(self.tabs.focus_page)
        self.splitter = named(QSplitter(Qt.Orientation.Horizontal), "mainSplitter")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.functions)
        self.splitter.addWidget(self.tabs)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([510, 770])
        self.frame = named(ColourFrame(), "colourFrame")
        column = QVBoxLayout(self.frame)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.notices)
        column.addWidget(self.splitter, 1)
        self.setCentralWidget(self.frame)

        self.status = named(PlainLabel(), "statusMessage", "Status")
        self.statusBar().addWidget(self.status, 1)
        self.identity = IdentityLine()
        self.statusBar().addPermanentWidget(self.identity)

    # -- places: connections in regions

    @property
    def current(self) -> "Connection | None":
        """The connection of the page in front, or else the first that is shown."""
        page = self.tabs.page
        return page.connection if page is not None else self.console.connection

    def open_target(self, profile: str, region: str, endpoint_url: str) -> None:
        """Show AWS through a profile, or an endpoint."""
        self._asked = partial(self.open_target, profile, region, endpoint_url)
        self.scope.start("open", self._open_target, profile, region, endpoint_url)

    def open_connection(self, info: ConnectionInfo) -> None:
        """Show a connection alone, in the first of its regions."""
        if not info.id:
            self.open_target(info.profile, "", info.endpoint_url)
            return
        self._asked = partial(self.open_connection, info)
        self.scope.start("open", self._open_stored, info)

    def open_region(self, region: str) -> None:
        """Show all that is shown in another region."""
        self.open_places(
            target if target.is_local else self.console.in_region(target, region)
            for target in self._targets()
        )

    def open_places(self, targets: Iterable[Target]) -> None:
        """Show these side by side; what is open already stays as it is."""
        targets = list({target.key: target for target in targets}.values())
        self._asked = partial(self.open_places, targets)
        self.scope.start("open", self._open_places, targets)

    def reopen(self) -> bool:
        """Show what was shown last; False where that is not known."""
        targets = self._last_targets()
        if targets:
            self._remembers = True
            self.open_places(targets)
        return bool(targets)

    def show_last_lists(self) -> bool:
        """Show the functions of the last run in the first frame, before `reopen`."""
        lists = [(target, self.console.get_cached(target)) for target in self._last_targets()]
        if lists:
            self.bar.show_choices(self.console.connections.get_all(), (), ())
            self.bar.show_targets([target for target, _ in lists])
            self.functions.show_cached(lists)
        return bool(lists)

    def show_cached(self, region: str, endpoint_url: str) -> None:
        """Show the functions of an earlier run in the first frame, before `open_now`."""
        target = Target(region or FALLBACK_REGION, "", endpoint_url)
        self.bar.show_targets([target])
        self.functions.show_cached([(target, self.console.get_cached(target))])

    def open_now(self, region: str, endpoint_url: str) -> None:
        """Show an endpoint at once: nothing about it has to be looked up."""
        self._asked = partial(self.open_target, "", region, endpoint_url)
        try:
            self.console.open_first(Target(region or FALLBACK_REGION, "", endpoint_url))
        except UserError as error:
            self._show_not_open(error)

    def open_local(self) -> None:
        """Start the Local AWS if need be, and show it."""
        self._asked = self.open_local
        self.scope.start("open", self._open_local)

    def choose_places(self) -> None:
        """Ask which connections and regions are to be shown side by side."""
        self.scope.start("choose places", self._choose_places)

    def manage_connections(self) -> None:
        """Show the dialog in which connections are added, edited and tested."""
        from lambdadesk.ui.dialogs.connections.dialog import ConnectionsDialog

        dialog = ConnectionsDialog(self.console, self)
        dialog.open_requested.connect(self._remembering(self._open_by_id))
        dialog.open()

    def refresh(self) -> None:
        """Ask for the functions again; rows stay while that goes on."""
        for connection in self.console.shown.values():
            connection.scope.start("refresh", connection.catalog.refresh)

    async def _open_target(self, profile: str, region: str, endpoint_url: str) -> None:
        # Nothing of the earlier account stays usable under the new one's name.
        await self._leave_pages()
        self._show_nothing(Target(region, profile, endpoint_url))
        try:
            target = await self.console.resolve(profile, region, endpoint_url)
            await self.console.open(target)
        except UserError as error:
            self._show_not_open(error)

    async def _open_stored(self, info: ConnectionInfo) -> None:
        await self._leave_pages()
        self._show_nothing(info.target(info.regions[0] if info.regions else ""))
        try:
            await self.console.open(await self.console.resolve_stored(info))
        except UserError as error:
            self._show_not_open(error)

    async def _open_places(self, targets: list[Target]) -> None:
        leaving = self.console.get_leaving(targets)
        await self._leave_pages(leaving)
        try:
            targets = [await self.console.start_target(target) for target in targets]
        except UserError as error:  # the Local AWS; the others are shown all the same
            self.notices.show_error(error, partial(self.open_places, targets), "local-died")
            targets = [target for target in targets if not target.is_local]
        self._is_gathering = True
        try:
            await self.console.show(targets)
        finally:
            self._is_gathering = False
        self._show_all()

    async def _open_local(self) -> None:
        await self._leave_pages()
        self._show_nothing(None)
        try:
            await self.console.open_local()
        except UserError as error:
            self._show_not_open(error)
            return
        self.notices.dismiss("local-died")
        account = self.console.local.account
        for number, note in enumerate(account.notes if account else ()):
            self.notices.show_info(note, f"local-{number}")

    async def _choose_places(self) -> None:
        from lambdadesk.ui.dialogs.places_dialog import PlacesDialog

        infos = self.bar.choices
        usual = await self.console.get_usual_regions(infos)
        current = self.current
        regions = await current.gateway.regions() if current is not None else []
        dialog = PlacesDialog(infos, regions, self._targets(), usual, self)
        dialog.chosen.connect(self._remembering(self.open_places))
        dialog.open()

    def _remembering(self, choose: Callable[P, None]) -> Callable[P, None]:
        def chosen(*args: P.args, **kwargs: P.kwargs) -> None:
            self._remembers = True
            choose(*args, **kwargs)

        return chosen

    def _open_by_id(self, connection_id: str) -> None:
        info = self.console.connections.get(connection_id)
        if info is not None:
            self.open_connection(info)

    def _targets(self) -> list[Target]:
        """What is shown, what could not be opened included."""
        failed = [target for target, _error in self.console.failures.values()]
        return [connection.target for connection in self.console.shown.values()] + failed

    def _last_targets(self) -> list[Target]:
        found = (self.console.get_target(key) for key in self.console.settings.shown_targets)
        return [target for target in found if target is not None]

    def _show_not_open(self, error: UserError) -> None:
        self._is_open = False
        self.functions.show_failure(error)
        self.say(str(error))

    def _show_nothing(self, target: Target | None) -> None:
        """Show what is being opened; None is the Local AWS."""
        self._is_open = False
        self.bar.show_targets([target] if target else [])
        self.bar.show_freshness([])
        self.cost.show_connections([])
        self.menus.show_sources(())
        self.identity.show_connection(None)
        self.frame.set_colour("")
        self.bar.show_guard(Guard.NORMAL, 0)
        self.setWindowTitle("LambdaDesk")
        self.functions.show_waiting("the connection" if target else "the Local AWS")

    async def _leave_pages(self, connections: "Iterable[Connection] | None" = None) -> None:
        """Close the function tabs of these connections, or all, keeping what was typed in them."""
        leaving = list(self.console.shown.values() if connections is None else connections)
        opened = dict(self.console.settings.open_functions)
        for connection in leaving:
            names = [page.function.name for page in self.tabs.pages() if page.connection is connection]
            key = self.tabs.successors.get(connection.target.key, connection.target.key)
            opened[key] = tuple(names)
            self._reopen[key] = names
        self.console.settings.open_functions = opened
        await self.tabs.close_pages([page for page in self.tabs.pages() if page.connection in leaving])

    def _on_opened(self, connection: "Connection") -> None:
        key = connection.target.key
        self._is_open = True
        self._reopen.setdefault(key, list(self.console.settings.open_functions.get(key, ())))
        self._follows[key] = [
            connection.catalog.changed.connect(self._on_catalog_changed),
            connection.identified.connect(lambda: self._on_identified(connection)),
            connection.invoker.storage_failed.connect(
                lambda error: self.notices.show_error(error, None, "storage")
            ),
        ]
        self.say("")
        connection.scope.start("refresh", connection.catalog.refresh)
        connection.scope.start("identity", connection.identify)
        if not self._is_gathering:
            self._show_all()

    def _on_closing(self, connection: "Connection") -> None:
        for disconnect in self._follows.pop(connection.target.key, ()):
            disconnect()

    def _on_identified(self, connection: "Connection") -> None:
        self.tabs.recolour(connection)
        self._show_current()
        self.production.suggest(connection)

    def _on_connections_changed(self) -> None:
        """Connections were edited: go on with them as they are now, without those that were deleted."""
        self._ask_choices()
        targets = self._targets()
        if any(target.connection_id for target in targets):
            left = [now for target in targets if (now := self.console.get_target(target.key)) is not None]
            self.open_places(left)

    def _show_all(self) -> None:
        """Show what is open now."""
        shown = list(self.console.shown.values())
        targets = self._targets()
        self.bar.show_targets(targets)
        local = any(connection.target.is_local for connection in shown)
        self.menus.show_sources(self.console.local.sources if local else ())
        self.functions.show_connections(shown, self.console.failures)
        self.cost.show_connections(shown)
        if not targets:
            error = UserError("Nothing is shown.", "Choose a connection above.", kind=ErrorKind.INVALID)
            self._show_not_open(error)
        if self._remembers:
            self.console.settings.shown_targets = tuple(target.key for target in targets)
        if self.cost.isVisible():
            self._on_cost_shown(True)
        self._show_current()
        self._show_freshness()
        self._ask_choices()
        self._open_again()
        self._open_wanted()

    def _show_current(self) -> None:
        """Show whose page is in front."""
        current, targets = self.current, self._targets()
        self.identity.show_connection(current, with_name=len(targets) > 1)
        self.frame.set_colour(current.info.colour if current else "")
        guard = current.info.guard if current else Guard.NORMAL
        self.bar.show_guard(guard, self.console.connections.get_unlocked_s(current.info) if current else 0)
        names = list(dict.fromkeys(target.title for target in targets))
        if len(targets) == 1:
            title = f"{names[0]} {targets[0].region} - LambdaDesk"
        elif len(names) == 1:
            title = f"{names[0]}, {len(targets)} regions - LambdaDesk"
        else:
            title = f"{len(names)} connections - LambdaDesk" if names else "LambdaDesk"
        self.setWindowTitle(title)

    def _ask_choices(self) -> None:
        self.scope.start("choices", self._show_choices)

    async def _show_choices(self) -> None:
        current = self.current
        regions = [current.target.region] if current is not None else []
        if current is not None and not current.target.is_local:
            regions = await current.gateway.regions()
        try:
            profiles = await self.console.profiles()
        except UserError as error:  # an endpoint needs none of them
            self.notices.show_error(error, None, "profiles")
            profiles = []
        self.bar.show_choices(self.console.connections.get_all(), profiles, regions)

    def _retry(self, key: str = "") -> None:
        connection = self.console.shown.get(key)
        if connection is not None:
            connection.scope.start("refresh", connection.catalog.refresh)
        elif self._is_open and key not in self.console.failures and self.console.shown:
            self.refresh()
        elif self._asked is not None:
            self._asked()

    def _sign_in(self, key: str) -> None:
        self.sign_in.sign_in(self.console.shown.get(key))

    def _stop_waiting(self, key: str = "") -> None:
        for connection in self.console.shown.values():
            if key in ("", connection.target.key):
                connection.scope.cancel("refresh")

    def _on_catalog_changed(self) -> None:
        self._show_freshness()
        self._open_again()
        self._open_wanted()
        if self.tabs.page is not None:  # rows that came or went have moved the selection
            self.functions.select(self.tabs.page.key)

    def _open_again(self) -> None:
        """Open the tabs that a restart of the same places has closed."""
        in_front = self.tabs.page
        for key, connection in self.console.shown.items():
            if not connection.catalog.is_settled:
                continue
            for name in self._reopen.pop(key, [])[:REOPENED]:
                self._open_by_name(key, name)
        if in_front is not None:
            self.tabs.setCurrentWidget(in_front)

    def _on_clock(self) -> None:
        self._show_freshness()
        self._show_current()
        self.sign_in.look_at_expiry()

    def _show_freshness(self) -> None:
        self.bar.show_freshness([each.catalog.state for each in self.console.shown.values()])

    # -- functions and pages

    def want(self, function: str, page: str) -> None:
        """Open this function and page as soon as the function is known; either may be empty."""
        self._wanted = (function, page)
        self._open_wanted()

    def open_row(self, row: FunctionRow) -> None:
        """Show the tab of a function, opening it if need be."""
        self._open_function(row.connection_key, row.function)

    def _open_function(self, key: str, function: FunctionInfo) -> None:
        connection = self.console.shown.get(key)
        if connection is not None:
            self.tabs.open(
                connection, function, lambda: self.console.sample_event(connection.target, function.name)
            )

    def _on_page_opened(self, page: "FunctionPage") -> None:
        connection = page.connection
        page.refresh_requested.connect(lambda: self._retry(connection.target.key))
        page.reachable_changed.connect(lambda failure: self._on_reachable_changed(connection, failure))
        page.confirm_requested.connect(lambda request: self.production.confirm(page, request))

    def _on_reachable_changed(self, connection: "Connection", failure: UserError | None) -> None:
        """The tail asks all the time, so it knows first that the endpoint is gone or back."""
        notice = f"offline {connection.target.key}"
        if failure is not None:
            self.notices.show_error(failure, lambda: self._retry(connection.target.key), notice)
        elif self.notices.is_shown(notice):
            self.notices.dismiss(notice)
            self._retry(connection.target.key)

    def show_page(self, page: str) -> None:
        """Show a page of the current function, or the Cost page, by its name on the command line."""
        title = "Invoke" if page == "history" else page.capitalize()  # the history is part of the Invoke page
        if page == "cost":
            self.tabs.show_cost()
        elif not self.tabs.show_page(title):
            self.notices.show_info(f"This version has no {page} page yet.", "page")

    def _open_wanted(self) -> None:
        connections = list(self.console.shown.values())
        if self._wanted is None or not connections:
            return
        function, page = self._wanted
        if function:
            places = [connection for connection in connections if connection.catalog.get(function)]
            if not places:
                if all(connection.catalog.is_settled for connection in connections):
                    self._wanted = None
                    regions = ", ".join(dict.fromkeys(each.target.region for each in connections))
                    self.notices.show_info(
                        f"There is no function {function} in {regions}. Check its name and the region.",
                        "function",
                    )
                return
            self._open_by_name(places[0].target.key, function)
        elif page and page != "cost":
            first = self.functions.first_row()
            if first is None:
                return
            self.open_row(first)
        self._wanted = None
        if page:
            self.show_page(page)

    def _open_by_name(self, key: str, name: str) -> None:
        connection = self.console.shown.get(key)
        function = connection.catalog.get(name) if connection else None
        if function is not None:
            self._open_function(key, function)

    def _on_tab_changed(self, _index: int) -> None:
        if self.tabs.page is not None:
            self.functions.select(self.tabs.page.key)
        self._show_current()

    def _on_cost_shown(self, shown: bool) -> None:
        for connection in self.console.shown.values():
            if shown:
                every_s = READ_EVERY_LOCAL_S if connection.target.is_local else READ_EVERY_S
                connection.scope.start("read costs", connection.read_costs, every_s)
            else:
                connection.scope.cancel("read costs")

    def _read_costs(self) -> None:
        """The user wants the logs of all functions read, however many there are."""
        for connection in self.console.shown.values():
            connection.may_read_all = True
        self._on_cost_shown(True)

    def focus_filter(self) -> None:
        self.functions.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.functions.filter.selectAll()

    # -- the Local AWS

    def send_traffic(self, source: str) -> None:
        async def send() -> None:
            self.say("Sending events…")
            try:
                self.say(await self.console.local.send(source))
            except UserError as error:
                self.say(error.message)
                raise

        self._local_scope().start(f"traffic {source}", send)

    def keep_sending(self, keep: bool) -> None:
        if keep:
            self._local_scope().start("traffic flow", self.console.local.keep_sending)
            self.say("Events go through one source after the other, until you switch it off.")
        else:
            self._local_scope().cancel("traffic flow")
            self.say("No more events are sent.")

    def _local_scope(self) -> TaskScope:
        """What is sent ends with the connection to the Local AWS."""
        shown = self.console.shown.values()
        return next((each.scope for each in shown if each.target.is_local), self.scope)

    def _show_progress(self, what: str) -> None:
        self.functions.show_waiting("the Local AWS")
        self.say(f"{what}…")

    def _on_local_died(self, log_tail: str) -> None:
        error = UserError(
            "The Local AWS has ended unexpectedly.",
            "Start it again; its functions and their logs begin afresh.",
            details=log_tail,
        )
        self.notices.show_error(error, self.open_local, "local-died", retry_text="Start again")
        self.menus.show_sources(())
        self.say("The Local AWS is not running.")

    # -- frame

    def say(self, text: str) -> None:
        """Show a sentence in the status bar until the next one."""
        self.status.setText(text)

    def show_failure(self, name: str, error: Exception) -> None:
        """Show a failure that has no better place."""
        if not isinstance(error, UserError):
            return
        if name == "traffic flow":
            self.menus.stop_flow()
        key = "storage" if error.kind is ErrorKind.STORAGE else name  # a full disk is told once
        self.notices.show_error(error, None, key)

    def set_theme(self, mode: str) -> None:
        self.console.settings.theme = mode
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, mode)

    def show_shortcuts(self) -> None:
        from lambdadesk.ui.dialogs.text_dialog import TextDialog

        rows = self.menus.shortcuts()
        width = max(len(title) for title, _ in rows)
        text = "\n".join(f"{title:<{width}}  {keys}" for title, keys in rows)
        TextDialog("Keyboard shortcuts", "", text, self).open()

    def show_about(self) -> None:
        from lambdadesk import __version__
        from lambdadesk.ui.dialogs.text_dialog import TextDialog

        paths = self.console.paths
        text = (
            f"Settings  {paths.settings_file}\nHistory   {paths.history_file}\n"
            f"Cache     {paths.cache_dir}\nReports   {paths.crash_dir}\n\n"
            "Nothing leaves this machine but calls to AWS, or to the endpoint that was chosen. MIT licence."
        )
        TextDialog(
            "About LambdaDesk", f"LambdaDesk {__version__}, a desktop console for AWS Lambda.", text, self
        ).open()

    async def _save_settings(self) -> None:
        try:
            await self.console.settings.save()
        except UserError as error:
            self.notices.show_error(error, None, "storage")

    def closeEvent(self, event: QCloseEvent) -> None:
        app = QApplication.instance()
        if not (isinstance(app, QApplication) and app.isSavingSession()):  # a log-out is not to be vetoed
            event.ignore()  # the work is ended first, then the window goes
        self.close_requested.emit()

    async def close_window(self) -> None:
        """End the window's own work; the console is closed by whoever made it."""
        self._clock.stop()
        self._saver.stop()
        self._memory.keep_window(self, self._tables)
        await self._leave_pages()
        for key in list(self._follows):
            for disconnect in self._follows.pop(key):
                disconnect()
        self.functions.close_panel()
        self.cost.show_connections([])
        await self.sign_in.close()
        await self.scope.close()
