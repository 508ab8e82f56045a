"""QueryPanel: questions to CloudWatch Logs Insights, for ranges and fleets too large to read."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.errors import UserError
from lambdadesk.core.insights import DEFAULT_LIMIT, MAX_LIMIT, QueryProblem, QueryRequest
from lambdadesk.core.query_cost import ASK_FROM_BYTES, GB, Estimate, format_bytes
from lambdadesk.core.query_table import QueryTable
from lambdadesk.core.types import FunctionInfo
from lambdadesk.core.written_queries import WRITTEN, WrittenQuery, write_query
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.query import Query
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.ask_bar import AskBar
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.once_key import OnceKey
from lambdadesk.ui.widgets.one_of_two import show_one
from lambdadesk.ui.widgets.plain import set_plain_tooltip
from lambdadesk.ui.widgets.query_edit import QueryEdit
from lambdadesk.ui.widgets.query_menu import QueryMenu
from lambdadesk.ui.widgets.query_result import QueryResult
from lambdadesk.ui.widgets.query_words import tell_about, tell_estimate, tell_status
from lambdadesk.ui.widgets.time_range import TimeRange

ESTIMATE_DELAY_MS = 400
_SEPARATORS = re.compile(r"[\s,;]+")
_EXPORTS = {
    "One JSON a line (*.ndjson)": "ndjson",
    "Table for spreadsheets (*.csv)": "csv",
    "One JSON array (*.json)": "json",
}


class QueryPanel(QWidget):
    """One query at a time. Nothing runs unasked, since AWS bills what a query scans."""

    def __init__(self, connection: Connection, function: FunctionInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope = TaskScope(self._on_failure)
        self._connection = connection
        self._function = function
        self._query = Query(connection.gateway, connection.prices)
        self._is_preparing = False
        self._was_running = False
        self._error: UserError | None = None  # why a query was not even sent
        self._estimate: tuple[tuple[str, int, int], Estimate] | None = None
        self._shown: QueryTable | None = None
        self._dialogs: list[QWidget] = []
        self._build()
        self._disconnect = self._query.changed.connect(self._show)
        self._wait = QTimer(self, singleShot=True, interval=ESTIMATE_DELAY_MS)
        self._wait.timeout.connect(self._start_estimate)
        self.source.textChanged.connect(lambda _text: self._wait.start())
        self.range.changed.connect(self._wait.start)
        self.editor.textChanged.connect(self.editor.clear_problem)
        self.range.utc.toggled.connect(self.result.set_utc)
        last = connection.queries.get_last(function.name)
        self.editor.setPlainText(last or self._written_text(WRITTEN[0]))
        self._show()

    # -- what there is

    def _build(self) -> None:
        self.source = named(QLineEdit(self._function.log_group_name), "querySource", "Log groups to query")
        self.source.setPlaceholderText("Log groups, or patterns: /aws/lambda/orders-*")
        set_plain_tooltip(self.source, "Up to 50 log groups, apart by spaces; * stands for any characters")
        choose = named(QPushButton(icon("search"), "Choose…"), "queryChoose", "Choose log groups")
        choose.clicked.connect(self._choose_groups)
        groups = QHBoxLayout()
        groups.setSpacing(theme.SPACE)
        groups.addWidget(self.source, 1)
        groups.addWidget(choose)

        self.menu_button = named(QToolButton(), "queryWritten", "Written and saved queries")
        self.menu_button.setText("Queries")
        self.menu_button.setIcon(icon("star"))
        self.menu_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QueryMenu(self._connection.queries, self)
        named(self.menu, "queryMenu", "Written and saved queries")
        self.menu.aboutToShow.connect(self._fill_menu)
        self.menu.written_chosen.connect(lambda written: self._choose_text(self._written_text(written)))
        self.menu.saved_chosen.connect(self._choose_text)
        self.menu.save_requested.connect(self._ask_name)
        self.menu_button.setMenu(self.menu)
        self.range = TimeRange("query")
        self.limit = named(CalmComboBox(), "queryLimit", "Rows at most")
        for count in (1_000, DEFAULT_LIMIT, MAX_LIMIT):
            self.limit.addItem(f"{count:,} rows", count)
        self.limit.setCurrentIndex(1)
        set_plain_tooltip(self.limit, "Rows at most; `limit` in the query may ask for fewer")
        options = QHBoxLayout()
        options.setSpacing(theme.SPACE)
        for widget in (self.menu_button, self.range.choice, self.limit, self.range.utc):
            options.addWidget(widget)
        options.addStretch(1)

        self.editor = named(QueryEdit(), "queryText", "Query")
        self.editor.setMinimumHeight(5 * self.editor.fontMetrics().height())
        self.problem = named(ToneLabel("error"), "queryProblem", "What is wrong with the query")
        self.problem.hide()
        self.estimate_label = named(ToneLabel("dim"), "queryEstimate", "What the query may scan and cost")
        self.estimate_label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.cancel_button = named(QPushButton(icon("stop"), "Cancel"), "queryCancel", "Cancel the query")
        self.cancel_button.clicked.connect(self.cancel)
        self.run_button = named(QPushButton("Run"), "queryRun", "Run the query")
        self.run_button.setDefault(True)
        set_plain_tooltip(self.run_button, "Run the query (Ctrl+Enter)")
        self.run_button.clicked.connect(self.run)
        bottom = QHBoxLayout()
        bottom.setSpacing(theme.SPACE)
        bottom.addWidget(self.estimate_label, 1)
        bottom.addWidget(self.cancel_button)
        bottom.addWidget(self.run_button)
        self.ask = AskBar()

        upper = _Fields()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, theme.TIGHT)  # the handle is below
        column.setSpacing(theme.SPACE)
        column.addLayout(groups)
        column.addLayout(options)
        column.addWidget(self.range.custom)
        column.addWidget(self.editor, 1)
        column.addWidget(self.problem)
        column.addWidget(self.ask)
        column.addLayout(bottom)

        self.status = named(ToneLabel("dim"), "queryStatus", "How far the query is")
        self.result = QueryResult()
        self.result.lines_requested.connect(self._show_lines)
        self.result.export_requested.connect(self._ask_where)
        self.state = StateView()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.result)
        self.stack.addWidget(self.state)
        lower = QWidget()
        column = QVBoxLayout(lower)
        column.setContentsMargins(0, theme.TIGHT, 0, 0)
        column.setSpacing(theme.SPACE)
        column.addWidget(self.status)
        column.addWidget(self.stack, 1)
        parts = named(QSplitter(Qt.Orientation.Vertical), "querySplitter")
        parts.setChildrenCollapsible(False)
        parts.addWidget(upper)
        parts.addWidget(lower)
        parts.setStretchFactor(1, 1)
        parts.setSizes([250, 450])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.addWidget(parts)
        once = OnceKey(self.run, self)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self, once.press)
            # From the row of tabs, too: what is run is in sight, and a hidden page hears nothing.
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)

    @property
    def query(self) -> Query:
        """What is shown."""
        return self._query

    async def close_panel(self) -> None:
        """End the work, and stop the query at AWS."""
        self._wait.stop()
        self._disconnect()
        for dialog in tuple(self._dialogs):
            dialog.close()
        await self._query.close()
        await self.scope.close()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._wait.start()

    # -- running

    def run(self) -> None:
        """Run what the fields say; where much is to be scanned, ask first."""
        if not self._is_busy:
            self.ask.dismiss()
            self._error = None
            self._is_preparing = True
            self._show()
            self.scope.start("query", self._prepare)

    def cancel(self) -> None:
        """Have the query stopped; what it has found is kept."""
        if self._is_preparing:
            self.scope.cancel("query")
            self._is_preparing = False
            self._show()
        self._query.cancel()

    @property
    def _is_busy(self) -> bool:
        return self._is_preparing or self._query.is_running

    async def _prepare(self) -> None:
        try:
            request = await self._make_request()
            request.check()
            found = await self._find_estimate(request)
        finally:
            self._is_preparing = False
            self._show()
        if found is not None and found.bytes_scanned >= ASK_FROM_BYTES:
            size, price = format_bytes(found.bytes_scanned), tell_about(self._query, found.bytes_scanned)
            question = f"The query may scan about {size}, which costs {price}. Run it?"
            run = partial(self.scope.start, "query", self._send, request)
            self.ask.ask(question, [("queryRunAnyway", "Run it", run)], "Don't run it")
        else:
            await self._send(request)

    async def _make_request(self) -> QueryRequest:
        names = [name for name in _SEPARATORS.split(self.source.text()) if name]
        text, limit = self.editor.toPlainText(), int(self.limit.currentData())
        start_s, end_s = self.range.get()
        request = QueryRequest(text, tuple(dict.fromkeys(names)), start_s, end_s, limit)
        if request.names_its_source:
            return request
        return QueryRequest(text, await self._query.expand(names), start_s, end_s, limit)

    async def _send(self, request: QueryRequest) -> None:
        self._connection.queries.note_last(self._function.name, request.text)
        await self._query.run(request)

    # -- what it may scan

    def _start_estimate(self) -> None:
        if self.isVisible() and not self._connection.target.is_local:
            self.scope.start("estimate", self._show_estimate)

    async def _show_estimate(self) -> None:
        try:
            request = await self._make_request()
            found = await self._query.estimate(request.groups, request.start_s, request.end_s)
        except UserError as error:
            self.estimate_label.setText(f"What it scans can't be estimated: {error.message}")
            return
        self.estimate_label.setText(tell_estimate(self._query, request, found))

    async def _find_estimate(self, request: QueryRequest) -> Estimate | None:
        """None where it is not known; a query is not held up by that."""
        if self._connection.target.is_local or request.names_its_source:
            return None
        try:
            return await self._query.estimate(request.groups, request.start_s, request.end_s)
        except UserError:
            return None

    # -- what is shown

    def _show(self) -> None:
        query = self._query
        error = self._error or query.error
        show_one(self.run_button, self.cancel_button, is_busy=self._is_busy, is_stopping=query.is_stopping)
        self.cancel_button.setVisible(self._is_busy)
        if query.table is not self._shown:
            self._shown = query.table
            self.result.show_table(query.table)
        is_problem = isinstance(error, QueryProblem)
        has_rows = bool(query.table.rows)
        said = f"✖ {error}" if error is not None and (is_problem or has_rows) else ""
        if has_rows and said and not self._is_busy:
            said += " The rows below are of the query before."
        if self._is_busy:
            said = ""
        if said and said != self.problem.text():
            announce(self.problem, said)
        self.problem.setText(said)
        self.problem.setVisible(bool(said))
        text, tone = self._status_words()
        self.status.say(text, tone)
        self.status.setVisible(bool(text))
        self._show_state(error)
        if self._was_running and not query.is_running:
            if isinstance(query.error, QueryProblem) and query.error.start >= 0:
                self.editor.show_problem(query.error.start, query.error.end)
            if text:
                announce(self.status, text)
        self._was_running = query.is_running

    def _show_state(self, error: UserError | None) -> None:
        query = self._query
        self.stack.setCurrentWidget(self.result if query.table.rows else self.state)
        if query.table.rows:
            return
        if self._is_busy:
            self.state.show_loading("the answer of CloudWatch Logs", self.cancel)
        elif isinstance(error, QueryProblem):
            self.state.show_empty("The query was not run", "What is wrong is said above.")
        elif error is not None:
            self.state.show_error(error, self.run)
        elif query.has_run:
            text = "Nothing in these log groups and this time fits; logs may come a minute late."
            self.state.show_empty("No rows", text)
        elif query.status is not None:
            self.state.show_empty("No rows", query.status.sentence)
        else:
            text = "Choose one under Queries, or write one; Ctrl+Enter runs it."
            if not self._connection.target.is_local:
                cost = query.price(GB)
                price = f"{'' if cost.exact else '≈ '}{cost.amount.normalize():f} {cost.currency}"
                text += f" AWS bills {price} per GB scanned."
            self.state.show_empty("No query has run yet", text)

    def _status_words(self) -> tuple[str, str]:
        query = self._query
        if self._is_preparing:
            return "Looking at the log groups…", "dim"
        if not query.is_running and (query.status is None or self._error or query.error):
            return "", "dim"
        return tell_status(query, is_free=self._connection.target.is_local)

    # -- queries that are written or kept

    def _written_text(self, written: WrittenQuery) -> str:
        start_s, end_s = self.range.get()
        region = self._connection.target.region
        return write_query(written, self._function, end_s - start_s, self._connection.prices, region)

    def _fill_menu(self) -> None:
        self.menu.can_save = bool(self.editor.toPlainText().strip())
        self.menu.fill()

    def _choose_text(self, text: str) -> None:
        self.editor.replace_text(text)
        self.editor.setFocus()

    def _ask_name(self) -> None:
        text = self.editor.toPlainText()
        field = named(QLineEdit(), "queryName", "Name of the query")
        field.setMaxLength(100)

        def save() -> None:
            if name := field.text().strip():
                self.ask.dismiss()
                self._connection.queries.save(name, text)
                self.editor.setFocus()

        field.returnPressed.connect(save)
        self.ask.ask("Save the query as", [("querySave", "Save", save)], "Cancel", field)

    # -- log groups

    def _choose_groups(self) -> None:
        from lambdadesk.ui.dialogs.log_groups_dialog import LogGroupsDialog

        names = [name for name in _SEPARATORS.split(self.source.text()) if name]
        dialog = LogGroupsDialog(names, self.window())

        async def search(pattern: str) -> None:
            try:
                dialog.show_groups(await self._query.find_groups(pattern))
            except UserError as error:
                dialog.show_failure(error)

        dialog.search_requested.connect(lambda pattern: self.scope.start("groups", search, pattern))
        dialog.accepted_groups.connect(lambda groups: self.source.setText(" ".join(groups)))
        self._open(dialog, dialog.closed.connect, "groups")
        dialog.open()

    def _open(self, dialog: QWidget, on_closed: Callable[[Callable[[], None]], object], work: str) -> None:
        """Keep a dialog until it is closed, which ends its work."""

        def close() -> None:
            self._dialogs.remove(dialog)
            self.scope.cancel(work)

        self._dialogs.append(dialog)
        on_closed(close)

    # -- rows

    def _show_lines(self, group: str, stream: str, at_ms: int) -> None:
        from lambdadesk.desk.lines_around import LinesAround
        from lambdadesk.ui.dialogs.lines_around_dialog import LinesAroundDialog

        request = self._query.request
        if not group and request is not None and len(request.groups) == 1:
            group = request.groups[0]
        if not group:
            self.status.say(
                "▲ Add @log to the fields: the row does not say which log group it is of.", "warning"
            )
            return
        tail = self._connection.tails.get(self._function.name)
        around = LinesAround(self._connection.gateway, group, stream, at_ms, tail)
        dialog = LinesAroundDialog(around, self.range.utc.isChecked(), self.window())
        work = f"lines {group} {stream} {at_ms}"
        dialog.retry_requested.connect(lambda: self.scope.start(work, around.load))
        self._open(dialog, dialog.closed.connect, work)
        dialog.open()
        self.scope.start(work, around.load)

    def _ask_where(self) -> None:
        dialog = QFileDialog(self, "Export the rows")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(list(_EXPORTS))
        dialog.selectFile(f"{self._function.name}-query.ndjson")
        dialog.filterSelected.connect(lambda name: dialog.setDefaultSuffix(_EXPORTS[name]))
        dialog.setDefaultSuffix("ndjson")
        dialog.fileSelected.connect(lambda path: self.scope.start("export", self._export, Path(path)))
        dialog.open()

    async def _export(self, path: Path) -> None:
        count = await self._query.export(path)
        self._say(f"✔ {count:,} {'row' if count == 1 else 'rows'} written to {path}.", "ok")

    def _say(self, text: str, tone: str) -> None:
        self.status.say(text, tone)
        self.status.show()
        announce(self.status, text)

    def _on_failure(self, name: str, error: Exception) -> None:
        if not isinstance(error, UserError):
            self._connection.scope.report(name, error)
        elif name == "export":
            self._say(f"✖ {error}", "error")
        else:
            self._error = error
            self._show()


class _Fields(QWidget):
    """What is above the result. A splitter does not ask lines that wrap for their height; this does."""

    def minimumSizeHint(self) -> QSize:
        hint, layout = super().minimumSizeHint(), self.layout()
        if layout is None or not layout.hasHeightForWidth():
            return hint
        return QSize(hint.width(), max(hint.height(), layout.minimumHeightForWidth(self.width())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()
