"""MainWindow: the frame around the functions, their tabs and the Cost page."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QSplitter,
    QTabBar,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.text import one_line
from lambdadesk.core.types import FunctionInfo, Target
from lambdadesk.desk.console import FALLBACK_REGION, Console
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.icons import app_icon, icon
from lambdadesk.ui.layout_memory import LayoutMemory
from lambdadesk.ui.menus import Menus
from lambdadesk.ui.pages import PAGES
from lambdadesk.ui.panels.cost_panel import CostPanel
from lambdadesk.ui.panels.functions_panel import FunctionsPanel
from lambdadesk.ui.top_bar import TopBar
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import NoticeBar
from lambdadesk.ui.widgets.plain import PlainLabel, plain_tooltip, set_plain_tooltip

if TYPE_CHECKING:  # both bring half of the application with them, and are not needed for the first frame
    from lambdadesk.desk.connection import Connection
    from lambdadesk.ui.function_page import FunctionPage

STATUS_EVERY_MS = 5_000
READ_EVERY_S, READ_EVERY_LOCAL_S = 60.0, 3.0
SAVE_AFTER_MS = 1_000
REOPENED = 8  # tabs at most that a restart opens again: each follows a log
TITLE_LIMIT = 140  # characters of a tab's title, as many as a function's name may have


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
        self._connection: Connection | None = None
        self._disconnects: list[Callable[[], None]] = []
        self._drafts: dict[tuple[str, str], str] = {}
        self._wanted: tuple[str, str] | None = None  # function and page to open once the list is there
        self._asked: Callable[[], None] | None = None  # opens again what was asked for last
        self._is_open = False  # whether what was asked for last is what is shown
        self._reopen: tuple[str, list[str]] = ("", [])  # target key and tabs to open again
        self.setWindowTitle("LambdaDesk")
        self.setAccessibleName("LambdaDesk")
        self.setWindowIcon(app_icon())
        room = self.screen().availableSize()
        if QApplication.platformName() == "offscreen":  # a screen of 800 x 800 that nobody sees
            room = QSize(1280, 800)
        self.resize(min(1280, room.width()), min(800, room.height()))
        self.setMinimumSize(720, 480)
        self._build()
        self.menus = Menus(self)
        self._memory = LayoutMemory(console.settings)
        self._tables = (self.functions.table, self.cost.table)
        self._memory.restore_window(self, self.splitter, self._tables)
        console.opened.connect(self._show_connection)
        console.local.progress.connect(self._show_progress)
        console.local.died.connect(self._on_local_died)
        self._saver = QTimer(self, singleShot=True, interval=SAVE_AFTER_MS)
        self._saver.timeout.connect(lambda: self.scope.start("save settings", self._save_settings))
        console.settings.changed.connect(lambda _key: self._saver.start())
        self._clock = QTimer(self, interval=STATUS_EVERY_MS)
        self._clock.timeout.connect(self._show_freshness)
        self._clock.start()
        self.functions.filter.setFocus()  # what one types first is a name

    # -- parts

    def _build(self) -> None:
        self.bar = TopBar()
        self.bar.target_chosen.connect(self.open_target)
        self.bar.local_chosen.connect(self.open_local)
        self.bar.refresh_requested.connect(self.refresh)
        self.notices = NoticeBar()
        named(self.notices, "noticeBar", "Notices")
        self.functions = FunctionsPanel()
        self.functions.open_requested.connect(self.open_function)
        self.functions.filter.opened.connect(self._focus_page)
        self.functions.keeps = lambda name: self._page_of(name) is not None
        self.functions.retry_requested.connect(self._retry)
        self.functions.cancel_requested.connect(self._stop_waiting)
        self.functions.local_requested.connect(self.open_local)
        self.tabs = named(QTabWidget(), "functionTabs", "Opened functions")
        self.tabs.setDocumentMode(True)
        self.tabs.setTabsClosable(True)
        self.tabs.setMovable(True)
        self.tabs.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.tabCloseRequested.connect(self._close_tab)
        self.tabs.currentChanged.connect(self._on_tab_changed)
        self.cost = CostPanel()
        self.cost.open_requested.connect(self._open_by_name)
        self.cost.shown_changed.connect(self._on_cost_shown)
        self.cost.read_requested.connect(self._read_costs)
        self.cost.retry_requested.connect(self._retry)
        self.tabs.addTab(self.cost, icon("cost"), "Cost")
        for side in (QTabBar.ButtonPosition.LeftSide, QTabBar.ButtonPosition.RightSide):
            self.tabs.tabBar().setTabButton(0, side, None)  # there is always a Cost page
        self.splitter = named(QSplitter(Qt.Orientation.Horizontal), "mainSplitter")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.functions)
        self.splitter.addWidget(self.tabs)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([510, 770])
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.notices)
        column.addWidget(self.splitter, 1)
        self.setCentralWidget(centre)

        self.status = named(PlainLabel(), "statusMessage", "Status")
        self.statusBar().addWidget(self.status, 1)
        self.identity = named(PlainLabel(), "identityLabel", "Signed in as")
        self.statusBar().addPermanentWidget(self.identity)

    # -- connections

    def open_target(self, profile: str, region: str, endpoint_url: str) -> None:
        """Show AWS through a profile, or an endpoint."""
        self._asked = partial(self.open_target, profile, region, endpoint_url)
        self.scope.start("open", self._open_target, profile, region, endpoint_url)

    def show_cached(self, region: str, endpoint_url: str) -> None:
        """Show the functions of an earlier run in the first frame, before `open_now`."""
        target = Target(region or FALLBACK_REGION, "", endpoint_url)
        self.bar.show_target(target)
        self.functions.show_state(self.console.get_cached(target))

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

    def want(self, function: str, page: str) -> None:
        """Open this function and page as soon as the function is known; either may be empty."""
        self._wanted = (function, page)
        self._open_wanted()

    def refresh(self) -> None:
        """Ask for the functions again; rows stay while that goes on."""
        if self._connection is not None:
            self._connection.scope.start("refresh", self._connection.catalog.refresh)

    async def _open_target(self, profile: str, region: str, endpoint_url: str) -> None:
        # Nothing of the earlier account stays usable under the new one's name.
        await self._leave_pages()
        self._show_nothing(Target(region, profile, endpoint_url))
        self.functions.show_waiting("the connection")
        try:
            target = await self.console.resolve(profile, region, endpoint_url)
            await self.console.open(target)
        except UserError as error:
            self._show_not_open(error)

    async def _open_local(self) -> None:
        await self._leave_pages()
        self._show_nothing(None)
        self.functions.show_waiting("the Local AWS")
        try:
            await self.console.open_local()
        except UserError as error:
            self._show_not_open(error)
            return
        self.notices.dismiss("local-died")
        account = self.console.local.account
        for number, note in enumerate(account.notes if account else ()):
            self.notices.show_info(note, f"local-{number}")

    def _show_not_open(self, error: UserError) -> None:
        self._is_open = False
        self.functions.show_failure(error)
        self.say(str(error))

    def _show_nothing(self, target: Target | None) -> None:
        """Show what is being opened; None is the Local AWS."""
        for disconnect in self._disconnects:
            disconnect()
        self._disconnects = []
        self._connection = None
        self._is_open = False
        self.bar.show_target(target)
        self.bar.show_freshness(None)
        self.cost.show_connection(None)
        self.menus.show_sources(())
        self.identity.setText("")
        self.setWindowTitle("LambdaDesk")

    async def _leave_pages(self) -> None:
        """Close all function tabs, keeping what was typed in them."""
        if self._connection is not None:
            names = [page.function.name for page in self._pages()]
            key = self._connection.target.key
            self._reopen = (key, names)
            self.console.settings.open_functions = {**self.console.settings.open_functions, key: tuple(names)}
        for page in self._pages():
            await self._close_page(page)

    def _show_connection(self, connection: "Connection") -> None:
        for disconnect in self._disconnects:
            disconnect()
        self._connection = connection
        self._is_open = True
        key = connection.target.key
        if self._reopen[0] != key:
            self._reopen = (key, list(self.console.settings.open_functions.get(key, ())))
        self._disconnects = [
            connection.catalog.changed.connect(self._on_catalog_changed),
            connection.invoker.storage_failed.connect(
                lambda error: self.notices.show_error(error, None, "storage")
            ),
        ]
        self.bar.show_target(connection.target)
        self.menus.show_sources(self.console.local.sources if connection.target.is_local else ())
        self.functions.show_catalog(connection.catalog)
        self.cost.show_connection(connection)
        self.identity.setText("")
        self.say("")
        self.refresh()
        connection.scope.start("identity", self._show_identity, connection)
        connection.scope.start("choices", self._show_choices, connection)
        if self.cost.isVisible():
            self._on_cost_shown(True)
        title = connection.target.title
        self.setWindowTitle(f"{title} {connection.target.region} - LambdaDesk")

    async def _show_identity(self, connection: "Connection") -> None:
        await connection.identify()
        who = connection.identity
        if who is None:
            # Not to know who one is hinders nothing; what else is wrong, the list says.
            self.identity.setText("identity unknown")
            set_plain_tooltip(self.identity, str(connection.identity_error))
            return
        principal = who.arn.rsplit(":", 1)[-1]
        place = "runs on this machine" if connection.target.is_local else ""
        self.identity.setText(" · ".join(part for part in (who.account, principal, place) if part))
        set_plain_tooltip(self.identity, who.arn)

    async def _show_choices(self, connection: "Connection") -> None:
        regions = [connection.target.region]
        if not connection.target.is_local:
            regions = await connection.gateway.regions()
        try:
            profiles = await self.console.profiles()
        except UserError as error:  # an endpoint needs none of them
            self.notices.show_error(error, None, "profiles")
            profiles = []
        self.bar.show_choices(profiles, regions)

    def _retry(self) -> None:
        if self._is_open:
            self.refresh()
        elif self._asked is not None:
            self._asked()

    def _stop_waiting(self) -> None:
        if self._connection is not None:
            self._connection.scope.cancel("refresh")

    def _on_catalog_changed(self) -> None:
        self._show_freshness()
        self._open_again()
        self._open_wanted()
        page = self._page_at(self.tabs.currentIndex())
        if page is not None:  # rows that came or went have moved the selection
            self.functions.select(page.function.name)

    def _open_again(self) -> None:
        """Open the tabs that a restart of the same target has closed."""
        key, names = self._reopen
        if self._connection is None or not self._connection.catalog.is_settled:
            return
        self._reopen = (key, [])
        shown = self._page_at(self.tabs.currentIndex())
        for name in names[:REOPENED]:
            self._open_by_name(name)
        if shown is not None:
            self.tabs.setCurrentWidget(shown)

    def _show_freshness(self) -> None:
        self.bar.show_freshness(self._connection.catalog.state if self._connection else None)

    # -- functions and pages

    def open_function(self, function: FunctionInfo) -> None:
        """Show the tab of a function, opening it if need be."""
        if self._connection is None:
            return
        page = self._page_of(function.name)
        if page is None:
            from lambdadesk.ui.function_page import FunctionPage

            target = self._connection.target
            sample = self.console.sample_event(target, function.name)
            page = FunctionPage(self._connection, function, sample)
            page.refresh_requested.connect(self.refresh)
            page.reachable_changed.connect(self._on_reachable_changed)
            draft = self._drafts.pop((target.key, function.name), None)
            if draft is not None:
                page.invoke.set_draft(draft)
            self._memory.restore_splitters(page)
            # A single & would be taken for a shortcut.
            index = self.tabs.addTab(page, one_line(function.name, TITLE_LIMIT).replace("&", "&&"))
            self.tabs.setTabToolTip(index, plain_tooltip(function.name))
        self.tabs.setCurrentWidget(page)

    def _on_reachable_changed(self, failure: UserError | None) -> None:
        """The tail asks all the time, so it knows first that the endpoint is gone or back."""
        if failure is not None:
            self.notices.show_error(failure, self.refresh, "offline")
        elif self.notices.is_shown("offline"):
            self.notices.dismiss("offline")
            self.refresh()

    def show_page(self, page: str) -> None:
        """Show a page of the current function, or the Cost page, by its name on the command line."""
        if page == "cost":
            self.tabs.setCurrentWidget(self.cost)
            return
        current = self._page_at(self.tabs.currentIndex())
        if current is None:
            pages = self._pages()
            if not pages:
                return
            current = pages[-1]
            self.tabs.setCurrentWidget(current)
        if page == "history":  # the history is part of the Invoke page
            page = "invoke"
        if page.capitalize() in PAGES:
            current.show_page(page.capitalize())
        else:
            self.notices.show_info(f"This version has no {page} page yet.", "page")

    def _open_wanted(self) -> None:
        if self._wanted is None or self._connection is None:
            return
        function, page = self._wanted
        state = self._connection.catalog.state
        if function:
            info = self._connection.catalog.get(function)
            if info is None:
                if self._connection.catalog.is_settled:
                    self._wanted = None
                    self.notices.show_info(
                        f"There is no function {function} in {self._connection.target.region}. "
                        "Check its name and the region.",
                        "function",
                    )
                return
            self.open_function(info)
        elif page and page != "cost" and state.functions:
            first = min(state.functions, key=lambda each: each.name.casefold())
            self.open_function(first)
        elif page and page != "cost":
            return
        self._wanted = None
        if page:
            self.show_page(page)

    def _open_by_name(self, name: str) -> None:
        function = self._connection.catalog.get(name) if self._connection else None
        if function is not None:
            self.open_function(function)

    def _pages(self) -> "list[FunctionPage]":
        pages = (self._page_at(index) for index in range(self.tabs.count()))
        return [page for page in pages if page is not None]

    def _page_at(self, index: int) -> "FunctionPage | None":
        """The function's page in this tab; None for the Cost page."""
        widget = self.tabs.widget(index)
        return None if widget is self.cost else cast("FunctionPage", widget)

    def _page_of(self, name: str) -> "FunctionPage | None":
        return next((page for page in self._pages() if page.function.name == name), None)

    def close_current_tab(self) -> None:
        self._close_tab(self.tabs.currentIndex())

    def _close_tab(self, index: int) -> None:
        page = self._page_at(index)
        if page is not None:
            self.scope.start(f"close {page.function.name}", self._close_page, page)

    async def _close_page(self, page: "FunctionPage") -> None:
        if self._connection is not None and (draft := page.invoke.draft()) is not None:
            self._drafts[self._connection.target.key, page.function.name] = draft
        self._memory.keep_splitters(page)
        index = self.tabs.indexOf(page)
        if index >= 0:
            self.tabs.removeTab(index)
            self.functions.refresh()  # the row of a deleted function goes with its tab
        await page.close_page()
        page.deleteLater()

    def _on_tab_changed(self, index: int) -> None:
        page = self._page_at(index)
        if page is not None:
            self.functions.select(page.function.name)

    def _on_cost_shown(self, shown: bool) -> None:
        connection = self._connection
        if connection is None:
            return
        if shown:
            every_s = READ_EVERY_LOCAL_S if connection.target.is_local else READ_EVERY_S
            connection.scope.start("read costs", connection.read_costs, every_s)
        else:
            connection.scope.cancel("read costs")

    def _read_costs(self) -> None:
        """The user wants the logs of all functions read, however many there are."""
        if self._connection is not None:
            self._connection.may_read_all = True
            self._on_cost_shown(True)

    def _focus_page(self) -> None:
        page = self._page_at(self.tabs.currentIndex())
        if page is not None:
            page.pages.currentWidget().setFocus(Qt.FocusReason.OtherFocusReason)

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

        if self._connection is not None:
            self._connection.scope.start(f"traffic {source}", send)

    def keep_sending(self, keep: bool) -> None:
        if self._connection is None:
            return
        if keep:
            self._connection.scope.start("traffic flow", self.console.local.keep_sending)
            self.say("Events go through one source after the other, until you switch it off.")
        else:
            self._connection.scope.cancel("traffic flow")
            self.say("No more events are sent.")

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
        for disconnect in self._disconnects:
            disconnect()
        self.cost.show_connection(None)
        await self.scope.close()
