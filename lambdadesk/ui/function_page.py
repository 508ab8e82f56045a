"""FunctionPage: one opened function with its pages."""

from collections.abc import Callable, Container
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.errors import ErrorKind
from lambdadesk.core.function_columns import get_runtime
from lambdadesk.core.function_rows import RowKey
from lambdadesk.core.text import one_line
from lambdadesk.core.types import FunctionInfo
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.log_follow import LogFollow
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.store.settings import Settings
from lambdadesk.ui import theme
from lambdadesk.ui.pages import PAGES
from lambdadesk.ui.panels.invoke_panel import InvokePanel
from lambdadesk.ui.panels.logs_panel import LogsPanel
from lambdadesk.ui.widgets.labels import ElidedLabel
from lambdadesk.ui.widgets.lamp_line import LampLine
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import set_plain_tooltip

if TYPE_CHECKING:
    from lambdadesk.core.function_facts import Facts
    from lambdadesk.desk.console import Console
    from lambdadesk.desk.function_details import Details
    from lambdadesk.desk.function_rows import FunctionRows
    from lambdadesk.ui.invoke.tools import InvokeTools
    from lambdadesk.ui.panels.charts_panel import ChartsPanel

UNREACHABLE = (ErrorKind.OFFLINE, ErrorKind.NOT_AWS)


class FunctionPage(QWidget):
    """The pages of one function. Its log is followed from the moment it is opened.

    All but Invoke are built when they are first shown: pyqtgraph takes half a second to import.

    Signals:
        reachable_changed(UserError | None): the endpoint can't be reached any more, or can again.
        confirm_requested(InvokeRequest): an invoke in production waits to be confirmed.
        write_requested(str, Callable[[], None], Callable[[], None]): so does another write: its verb, what
            does it, and what says that it was not confirmed.
        built(QWidget): a further page was built, with its usual sizes.
        sizing_requested(bool | None): Sizing is to be shown: a power sweep, what if (False), or as it was.
        closing(): its work is about to end.
        refresh_requested(): AWS does not know the function any more, so the list is out of date.
    """

    confirm_requested = Signal(object)
    write_requested = Signal(str, object, object)
    built = Signal(QWidget)
    sizing_requested = Signal(object)
    closing = Signal()
    refresh_requested = Signal()
    reachable_changed = Signal(object)

    def __init__(
        self,
        connection: Connection,
        function: FunctionInfo,
        sample_event: str,
        settings: Settings | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self.function = function
        self.connection = connection
        self._tail = connection.follow(function)
        name = named(ElidedLabel(one_line(function.name)), "functionName", "Function")
        font = name.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        name.setFont(font)
        self.about = about = named(ElidedLabel(""), "functionAbout", "About the function")
        about.setForegroundRole(about.palette().ColorRole.PlaceholderText)
        about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # the name comes first
        self.sizing = named(QPushButton("Sizing"), "sizingButton", "Sizing: what if, and power sweep")
        set_plain_tooltip(self.sizing, "What it would cost otherwise, and a power sweep that measures it")
        self.sizing.clicked.connect(lambda _checked: self.sizing_requested.emit(None))
        head = QHBoxLayout()
        head.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, 0)
        head.setSpacing(theme.SPACE)
        head.addWidget(name)
        head.addWidget(about, 1)
        head.addWidget(self.sizing)
        self.lamps = named(LampLine(), "functionLamps", "What is wrong with the function, or soon will be")
        self.lamps.setContentsMargins(theme.SPACE, 0, theme.SPACE, 0)
        self.lamps.hide()
        self._rows: FunctionRows | None = None
        self.pages = named(QTabWidget(), "pageTabs", "Pages")
        self.pages.setDocumentMode(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.TIGHT)
        layout.addLayout(head)
        layout.addWidget(self.lamps)
        layout.addWidget(self.pages, 1)
        self.invoke = InvokePanel(connection, function, sample_event, self.pages.findChild(QStackedWidget))
        self.pages.addTab(self.invoke, PAGES[0])
        self.invoke.not_found.connect(self.refresh_requested)
        self.invoke.confirm_requested.connect(self.confirm_requested)
        self._place = ""
        self._is_gone = False
        self._show_about()
        self._unreachable: str = ""  # what was said of it
        self._disconnects = [
            connection.catalog.changed.connect(self._on_catalog_changed),
            self._tail.changed.connect(self._on_tail_changed),
            connection.runs.deleted.connect(self.invoke.forget_runs),
        ]
        self.logs: LogsPanel | None = None
        self.charts: ChartsPanel | None = None
        self._tools: InvokeTools | None = None
        self._more: list[QWidget] = []  # further pages that have been built
        builders: dict[str, Callable[[], QWidget]] = {
            "Logs": self._build_logs,
            "Charts": self._build_charts,
            "Timeline": self._build_timeline,
            "Triggers": self._build_triggers,
            "Configuration": self._build_configuration,
            "Role": self._build_role,
            "History": self._build_history,
            "Query": self._build_query,
        }
        self._builders = {PAGES.index(title): build for title, build in builders.items()}
        for title in PAGES[1:]:
            self.pages.addTab(_Later(), title)
        self.pages.currentChanged.connect(self._on_page_changed)

    @property
    def key(self) -> tuple[str, str]:
        """Where the function is, as `Target.key`, and its name."""
        return self.connection.target.key, self.function.name

    def offer_tools(self, console: "Console") -> None:
        """Offer events, series, versions and cases on the Invoke page."""
        from lambdadesk.ui.invoke.tools import InvokeTools

        self._tools = InvokeTools(console, self.connection, self.function, self.invoke)
        self._tools.write_requested.connect(self.write_requested)
        self._tools.not_found.connect(self.refresh_requested)

    def follow(self, rows: "FunctionRows") -> None:
        """Show the lamps of the function's row from now on, and tell the row what the pages find out."""
        self._rows = rows
        self._disconnects.append(rows.changed.connect(self._on_rows_changed))
        rows.look_at_opened(self.key)
        self._on_rows_changed({self.key})

    def _on_rows_changed(self, keys: Container[RowKey]) -> None:
        if self._rows is not None and self.key in keys:
            row = self._rows.get(self.key)
            self.lamps.show_lamps(row.lamps if row is not None else ())

    def _tell(self, facts: "Facts | None") -> None:
        if facts is not None and self._rows is not None:
            self._rows.set_facts(self.key, facts)

    def _on_catalog_changed(self) -> None:
        """Follow changes of the function itself: it may have been updated, or deleted."""
        catalog = self.connection.catalog
        function = catalog.get(self.function.name)
        if function is not None:
            self.function = function
            self._is_gone = False
            self.invoke.show_function(function)
        elif catalog.is_settled:
            self._is_gone = True
        self._show_about()
        self.invoke.show_gone(function is None and catalog.is_settled)

    def _show_about(self) -> None:
        about = "deleted; its log can still be read" if self._is_gone else _about(self.function)
        self.about.setText(" · ".join(part for part in (self._place, about) if part))

    def _on_tail_changed(self) -> None:
        error = self._tail.error
        failure = error if error is not None and error.kind in UNREACHABLE else None
        said = str(failure or "")
        if said != self._unreachable:
            self._unreachable = said
            self.reachable_changed.emit(failure)

    def show_place(self, place: str) -> None:
        """Begin the line about the function with its place; empty: no other place is shown."""
        if place != self._place:
            self._place = place
            self._show_about()

    def show_page(self, title: str) -> None:
        """Show the page with this title ("Logs")."""
        self.pages.setCurrentIndex(PAGES.index(title))

    async def close_page(self) -> None:
        """End the work of all pages and the tail."""
        self.closing.emit()
        # Before anything is awaited: the function may be opened again meanwhile, with a tail of its own.
        self.connection.unfollow(self.function.name)
        if self.logs is not None:
            self.logs.stop_following()
        for disconnect in self._disconnects:
            disconnect()
        self._disconnects, self._rows = [], None
        if self._tools is not None:
            await self._tools.close()
        await self.invoke.close_panel()
        for panel in (self.logs, self.charts, *self._more):
            if panel is not None:
                await panel.close_panel()  # type: ignore[attr-defined]  # every panel has it

    def _on_page_changed(self, index: int) -> None:
        build = self._builders.pop(index, None)
        if build is not None:
            page = self.pages.widget(index)
            if isinstance(page, _Later):
                page.column.addWidget(build())
                self.built.emit(page)

    def _build_logs(self) -> QWidget:
        follow = LogFollow(self.connection, self.function, self._settings)
        self.logs = LogsPanel(self._tail, self.connection.ledger, self._settings, follow)
        self.logs.explain_cost = self.connection.explain_cost
        follow.take_up()
        self.logs.payload_requested.connect(self._show_payload)
        self.logs.chart_requested.connect(self._show_in_charts)
        return self.logs

    def _show_in_charts(self, request_id: str) -> None:
        self.show_page("Charts")
        if self.charts is not None:
            self.charts.mark(request_id)

    def _build_charts(self) -> QWidget:
        from lambdadesk.ui.panels.charts_panel import ChartsPanel

        self.charts = charts = ChartsPanel(self.connection, self.function, self._tail)
        charts.log_requested.connect(self.show_request)
        return charts

    def _build_timeline(self) -> QWidget:
        from lambdadesk.ui.panels.timeline_panel import TimelinePanel

        panel = TimelinePanel(self.connection, self.function, self._tail)
        panel.log_requested.connect(self.show_request)
        self._more.append(panel)
        return panel

    def _build_triggers(self) -> QWidget:
        from lambdadesk.desk.function_facts import read_scan
        from lambdadesk.ui.panels.triggers_panel import TriggersPanel

        panel = TriggersPanel(self.connection, self.function)
        panel.write_requested.connect(self.write_requested)
        self._disconnects.append(panel.scan.changed.connect(lambda: self._tell(read_scan(panel.scan))))
        self._more.append(panel)
        return panel

    def _build_configuration(self) -> QWidget:
        from lambdadesk.ui.panels.configuration_panel import ConfigurationPanel

        panel = ConfigurationPanel(self.connection, self._details)
        panel.sizing_requested.connect(self.sizing_requested)
        self._more.append(panel)
        return panel

    def _build_role(self) -> QWidget:
        from lambdadesk.ui.panels.role_panel import RolePanel

        panel = RolePanel(self.connection, self._details)
        self._more.append(panel)
        return panel

    def _build_history(self) -> QWidget:
        from lambdadesk.ui.panels.history_panel import HistoryPanel

        panel = HistoryPanel(self.connection, self.function)
        self.invoke.history.setObjectName("recentTable")  # the name of the contract is this page's now
        panel.load_requested.connect(self._load_run)
        panel.rerun_requested.connect(self._rerun)
        self._more.append(panel)
        return panel

    def _build_query(self) -> QWidget:
        from lambdadesk.ui.panels.query_panel import QueryPanel

        panel = QueryPanel(self.connection, self.function)
        self._more.append(panel)
        return panel

    def _load_run(self, entry: HistoryEntry) -> None:
        self.show_page("Invoke")
        self.invoke.load_run(entry)

    def _rerun(self, entry: HistoryEntry) -> None:
        self._load_run(entry)
        self.invoke.invoke()

    def _show_payload(self, request_id: str) -> None:
        """Put the payload of an invocation that was made here back onto the Invoke page."""
        runs = self.invoke.runs()
        entry = next((each for each in runs if request_id in _ids(each)), None)
        if entry is not None:
            self.show_page("Invoke")
            self.invoke.show_run(entry)

    @cached_property
    def _details(self) -> "Details":
        from lambdadesk.desk.function_details import Details
        from lambdadesk.desk.function_facts import read_details

        details = Details(self.connection.gateway, self.function)
        self._disconnects.append(details.changed.connect(lambda: self._tell(read_details(details))))
        return details

    def show_request(self, request_id: str, started_ms: float | None = None) -> None:
        """Show the log of an invocation. started_ms: when it began, where that may be long ago."""
        self.show_page("Logs")
        if self.logs is not None:
            self.logs.show_request(request_id, started_ms)


class _Later(QWidget):
    """The place of a page that is not built yet."""

    def __init__(self) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)


def _ids(entry: HistoryEntry) -> set[str]:
    """The request ids of a run: its answer's and its log's, which some endpoints tell apart."""
    return {entry.request_id, entry.report.request_id if entry.report is not None else entry.request_id}


def _about(function: FunctionInfo) -> str:
    parts = [
        get_runtime(function),
        function.architecture,
        f"{function.memory_mb:,} MB",
        f"{function.timeout_s:,} s timeout",
        function.description,
    ]
    return " · ".join(part for part in parts if part)
