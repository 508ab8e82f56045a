"""MainWindow: the frame around the functions of all places, their tabs and the Cost page."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ParamSpec

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QSplitter, QVBoxLayout

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.function_rows import FunctionRow, RowKey
from lambdadesk.core.types import FunctionInfo
from lambdadesk.desk.console import Console
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.alerts import Alerts
from lambdadesk.ui.cost_page import CostPage
from lambdadesk.ui.function_tabs import FunctionTabs
from lambdadesk.ui.icons import app_icon
from lambdadesk.ui.layout_memory import LayoutMemory
from lambdadesk.ui.menus import Menus
from lambdadesk.ui.panels.functions_panel import FunctionsPanel
from lambdadesk.ui.places import Places
from lambdadesk.ui.prices import Prices
from lambdadesk.ui.privacy import Privacy
from lambdadesk.ui.production import Production
from lambdadesk.ui.sign_in import SignIn
from lambdadesk.ui.sizing import Sizing
from lambdadesk.ui.status_line import IdentityLine
from lambdadesk.ui.top_bar import TopBar
from lambdadesk.ui.widgets.colour_frame import ColourFrame
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import NoticeBar
from lambdadesk.ui.widgets.plain import PlainLabel
from lambdadesk.ui.widgets.screen_room import resize_within

if TYPE_CHECKING:  # brings half of the application with it, and is not needed for the first frame
    from lambdadesk.desk.connection import Connection
    from lambdadesk.desk.month import Months
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
        self._wanted: tuple[str, str] | None = None  # function and page to open once the list is there
        self._is_closing = False
        self.setWindowTitle("LambdaDesk")
        self.setAccessibleName("LambdaDesk")
        self.setWindowIcon(app_icon())
        resize_within(self, 1280, 800)
        self.setMinimumSize(720, 480)
        self._memory = LayoutMemory(console.settings)
        self._build()
        self.places = Places(console, self)
        self.places.follow_bar()
        self.sign_in = SignIn(console, self)
        self.production = Production(console, self)
        self.privacy = Privacy(console, self)
        self.prices = Prices(console, self)
        self.sizing = Sizing(console, self)
        self.alerts = Alerts(console, self)
        self.statusBar().insertPermanentWidget(1, self.alerts.button)
        self.menus = Menus(self)
        self._tables = (self.cost.table,)
        self._memory.restore_window(self, self.splitter, self._tables)
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
        self.notices = NoticeBar()
        named(self.notices, "noticeBar", "Notices")
        self.functions = FunctionsPanel(self.console.settings)
        self.functions.open_requested.connect(self.open_row)
        self.functions.keeps = lambda key: self.tabs.page_of(key) is not None
        self.cost = CostPage(self.console.settings, self._make_months)
        self.cost.open_requested.connect(self.open_by_name)
        self.cost.built.connect(self._memory.restore_page)
        self.cost.shown_changed.connect(self.read_costs)
        self.cost.read_requested.connect(self._read_costs)
        self.cost.sizing_requested.connect(lambda *asked: self.sizing.show_named(*asked))
        tabs = FunctionTabs(self.cost, self.scope, self._memory)
        self.tabs = named(tabs, "functionTabs", "Opened functions")
        self.tabs.opened.connect(self._on_page_opened)
        self.tabs.closed.connect(self.functions.refresh)  # the row of a deleted function goes with its tab
        self.tabs.currentChanged.connect(self._on_tab_changed)
        self.functions.filter.opened.connect(self.tabs.focus_page)
        self.splitter = named(QSplitter(Qt.Orientation.Horizontal), "mainSplitter")
        self.splitter.setChildrenCollapsible(False)
        self.frame = named(ColourFrame(), "colourFrame")
        column = QVBoxLayout(self.frame)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.notices)
        column.addWidget(self.splitter, 1)
        self.setCentralWidget(self.frame)
        self.splitter.addWidget(self.functions)
        self.splitter.addWidget(self.tabs)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([510, 770])

        self.status = named(PlainLabel(), "statusMessage", "Status")
        self.statusBar().addWidget(self.status, 1)
        self.own_cost = named(PlainLabel(), "ownCostLabel", "What LambdaDesk itself costs")
        self.own_cost.hide()
        self.statusBar().addPermanentWidget(self.own_cost)
        self.identity = IdentityLine()
        self.statusBar().addPermanentWidget(self.identity)

    def _on_clock(self) -> None:
        self.places.show_freshness()
        self.places.show_current()
        self.sign_in.look_at_expiry()
        self.prices.show_own_cost()
        self.alerts.look_again()

    # -- functions and pages

    def want(self, function: str, page: str) -> None:
        """Open this function and page as soon as the function is known; either may be empty."""
        self._wanted = (function, page)
        self.open_wanted()

    def open_row(self, row: FunctionRow) -> None:
        """Show the tab of a function, opening it if need be."""
        self._open_function(row.connection_key, row.function)

    def _open_function(self, key: str, function: FunctionInfo) -> None:
        connection = self.console.shown.get(key)
        if connection is not None and not self._is_closing:  # nobody would end it
            self.tabs.open(
                connection, function, lambda: self.console.sample_event(connection.target, function.name)
            )

    def _on_page_opened(self, page: "FunctionPage") -> None:
        connection = page.connection
        page.follow(self.functions.rows)
        page.offer_tools(self.console)
        page.refresh_requested.connect(lambda: self.places.retry(connection.target.key))
        page.reachable_changed.connect(lambda failure: self._on_reachable_changed(connection, failure))
        page.confirm_requested.connect(lambda request: self.production.confirm(page, request))
        page.write_requested.connect(lambda *asked: self.production.confirm_write(page, *asked))
        page.sizing_requested.connect(lambda sweep: self.sizing.show(page, sweep=sweep))

    def _on_reachable_changed(self, connection: "Connection", failure: UserError | None) -> None:
        """The tail asks all the time, so it knows first that the endpoint is gone or back."""
        notice = f"offline {connection.target.key}"
        if failure is not None:
            self.notices.show_error(failure, lambda: self.places.retry(connection.target.key), notice)
        elif self.notices.is_shown(notice):
            self.notices.dismiss(notice)
            self.places.retry(connection.target.key)

    def show_page(self, page: str) -> None:
        """Show a page of the current function, or the Cost page, by its name on the command line."""
        if page == "cost":
            self.tabs.show_cost()
        else:
            self.tabs.show_page(page.capitalize())

    def open_wanted(self) -> None:
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
            self.open_by_name(places[0].target.key, function)
        elif page and page != "cost":
            first = self.functions.first_row()
            if first is None:
                return
            self.open_row(first)
        self._wanted = None
        if page:
            self.show_page(page)

    def open_by_name(self, key: str, name: str) -> None:
        connection = self.console.shown.get(key)
        function = connection.catalog.get(name) if connection else None
        if function is not None:
            self._open_function(key, function)

    def _on_tab_changed(self, _index: int) -> None:
        if self.tabs.page is not None:
            self.functions.select(self.tabs.page.key)
        self.places.show_current()

    def read_costs(self, shown: bool) -> None:
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
        self.read_costs(True)

    def _make_months(self) -> "Months":
        def get_tags(key: "RowKey") -> "Mapping[str, str] | None":
            row = self.functions.rows.get(key)
            return row.tags if row else None

        months = self.console.make_months(get_tags)
        self.functions.rows.changed.connect(lambda _keys: months.changed.emit())  # tags may come later
        return months

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
        self.notices.show_error(error, self.places.open_local, "local-died", retry_text="Start again")
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
        self._is_closing = True
        self._clock.stop()
        self._saver.stop()
        self._memory.keep_window(self, self._tables)
        await self.sizing.close()
        await self.places.close()
        self.alerts.close()
        self.functions.close_panel()
        await self.cost.close_page()
        await self.sign_in.close()
        await self.scope.close()
