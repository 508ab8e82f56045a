"""LogsPanel: one function's log group, followed, filtered, and accounted for."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lambdadesk.core.errors import UserError
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.logfilter import (
    HELP,
    Filter,
    FilterProblem,
    LevelsTerm,
    Term,
    TimeTerm,
    find_in_text,
    parse_filter,
)
from lambdadesk.core.lograte import count_rate
from lambdadesk.core.tail_counts import GapState
from lambdadesk.core.types import Invocation
from lambdadesk.desk.log_export import export_lines
from lambdadesk.desk.tailer import Tailer, TailState
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.settings import Settings
from lambdadesk.ui import theme
from lambdadesk.ui.models.log_table import clock_text
from lambdadesk.ui.widgets.filter_edit import FilterEdit
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.log_find_bar import LogFindBar
from lambdadesk.ui.widgets.log_histogram import LogHistogram
from lambdadesk.ui.widgets.log_tools import LogTools
from lambdadesk.ui.widgets.log_view import LogView
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.older_lines import OlderLinesButton
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip

FILTER_DELAY_MS = 80
RATE_DELAY_MS = 200


class LogsPanel(QWidget):
    """Shows what the tail of a function receives; the tail itself belongs to the connection.

    ledger: knows what the invocations cost, and which were sent from here. settings: remember the grouping.

    Signals:
        payload_requested(str): show the payload of this request, which was sent from here.
        chart_requested(str): show the point of this request in the charts.
    """

    payload_requested = Signal(str)
    chart_requested = Signal(str)

    def __init__(
        self,
        tail: Tailer,
        ledger: InvocationLedger | None = None,
        settings: Settings | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._tail = tail
        self._ledger = ledger
        self._settings = settings
        # The arithmetic of an invocation's cost, empty where it is not known; None: nobody tells.
        self.explain_cost: Callable[[Invocation], Awaitable[str]] | None = None
        self.scope = TaskScope(self._on_failure)
        self.filter = named(
            FilterEdit("Filter: words, -without, /regex/, level>=warn, field:value"),
            "logFilter",
            "Filter log lines",
        )
        set_plain_tooltip(self.filter, HELP)
        self.count = named(PlainLabel(), "logCount", "Lines shown")
        self.older = OlderLinesButton(tail, self.scope, self._facts_of, self.filter.text)
        self.follow = named(QCheckBox("Follow"), "logFollow", "Follow the newest line")
        set_plain_tooltip(self.follow, "Keep the newest line in view (Ctrl+T)")
        self.follow.setChecked(True)
        clear = QPushButton("Clear")
        clear.setAccessibleName("Clear the lines shown")
        set_plain_tooltip(clear, "Forget the lines shown here; nothing is deleted from AWS")
        clear.clicked.connect(self._clear)
        self.problem = named(ToneLabel("error"), "logProblem", "Log problem")
        self.problem.hide()
        self.tools = named(LogTools(), "logTools", "How lines are shown")
        self.histogram = named(LogHistogram(), "logHistogram", "Lines over time")
        self.find_bar = named(LogFindBar(), "logFindBar", "Find in the lines shown")
        self.exported = named(ToneLabel("dim"), "logExport", "What became of the export")
        self.stop_export = named(QPushButton("Cancel"), "logExportCancel", "Cancel the export")
        self.stop_export.clicked.connect(lambda: self.scope.cancel("export"))
        self.exported.hide()
        self.stop_export.hide()
        self.view = named(LogView(), "logView", "Log")
        self.ledger = named(PlainLabel(), "logLedger", "Account of the tail")
        self.ledger.setForegroundRole(self.ledger.palette().ColorRole.PlaceholderText)
        self.ledger.setWordWrap(True)
        set_plain_tooltip(
            self.ledger,
            "late: came after an earlier poll had covered their time, and put in their place. "
            "duplicates: delivered twice, and dropped. gaps: stretches that are not read yet, or lost. "
            "recovered: came while nothing could be read, and were read afterwards. "
            "Events that come more than 15 minutes late are missed.",
        )
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        row.addWidget(self.filter, 1)
        row.addWidget(self.count)
        row.addWidget(self.older)
        row.addWidget(self.follow)
        row.addWidget(clear)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(row)
        layout.addWidget(self.tools)
        layout.addWidget(self.problem)
        layout.addWidget(self.histogram)
        export_row = QHBoxLayout()
        export_row.setSpacing(theme.SPACE)
        export_row.addWidget(self.exported, 1)
        export_row.addWidget(self.stop_export)
        layout.addLayout(export_row)
        layout.addWidget(self.find_bar)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.ledger)
        self._typing = QTimer(self, singleShot=True, interval=FILTER_DELAY_MS)
        self._typing.timeout.connect(self._apply_filter)
        self._filter_problem = ""
        self._wanted = Filter()  # as it was typed last without a mistake
        self._search_problem = ""
        self._range: tuple[int, int] | None = None
        self._rate_timer = QTimer(self, singleShot=True, interval=RATE_DELAY_MS)
        self._rate_timer.timeout.connect(self._show_rate)
        self.filter.textChanged.connect(self._typing.start)
        self.filter.returnPressed.connect(self._apply_filter)
        self.follow.toggled.connect(self.view.set_follow)
        self.view.follow_changed.connect(self.follow.setChecked)
        self.view.lines_changed.connect(self._show_count)
        self.view.request_filter_requested.connect(self.show_request)
        self.view.lines_changed.connect(self._rate_soon)
        self.view.payload_requested.connect(self.payload_requested)
        self.view.chart_requested.connect(self.chart_requested)
        self.view.found_changed.connect(self._show_found)
        self.view.invocation_shown.connect(lambda index: self.scope.start("cost", self._show_cost, index))
        self.find_bar.text_changed.connect(self._search)
        self.find_bar.step_requested.connect(self.view.search_step)
        self.find_bar.closed.connect(self.view.setFocus)
        self.histogram.range_selected.connect(self._use_range)
        self.histogram.range_cleared.connect(self._clear_range)
        tools = self.tools
        tools.range_cleared.connect(self._clear_range)
        tools.levels_changed.connect(self._use_filter)
        tools.grouped_changed.connect(self._use_grouping)
        tools.open_all_requested.connect(self.view.set_all_open)
        tools.context_changed.connect(self.view.set_context)
        tools.utc_changed.connect(self._use_utc)
        tools.delay_changed.connect(self.view.set_delay_shown)
        tools.wrap_changed.connect(self.view.detail.set_wrapped)
        tools.export_requested.connect(self._ask_where)
        for keys, slot in (
            ("Ctrl+F", self.find_bar.open_bar),
            ("Ctrl+Shift+F", self._focus_filter),
            ("F3", lambda: self.find_bar.step(1)),
            ("Shift+F3", lambda: self.find_bar.step(-1)),
            ("Ctrl+T", self.follow.toggle),
        ):
            shortcut = QShortcut(QKeySequence(keys), self, slot)
            # PySide6 ignores the context where it is given to the constructor together with a slot.
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.view.set_store(tail.store, facts=self._facts_of)
        tools.group.setChecked(settings is None or settings.groups_log_lines)
        self._disconnects = [
            tail.changed.connect(self._show_tail),
            tail.progressed.connect(self._show_tail),
        ]
        self._show_tail()
        self._show_count()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tail.watch(True)
        self._rate_soon()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tail.watch(False)

    async def close_panel(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        self.older.release()
        self._typing.stop()
        self._rate_timer.stop()
        await self.scope.close()

    def show_request(self, request_id: str) -> None:
        """Show the lines of one request alone."""
        self.filter.setText(f"req:{request_id}")

    def _focus_filter(self) -> None:
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def _apply_filter(self) -> None:
        self._typing.stop()
        try:
            wanted = parse_filter(self.filter.text())
        except FilterProblem as problem:  # the lines stay as the last good filter left them
            self._filter_problem = f"Column {problem.column}: {problem}"
        else:
            self._filter_problem = ""
            if wanted != self._wanted:
                self._wanted = wanted
                self._use_filter()
        self._show_tail()

    def _use_filter(self) -> None:
        """Show the lines that agree to what was typed, the levels and the range of time."""
        more: list[Term] = []
        if not self.tools.has_all_levels:
            more.append(LevelsTerm(self.tools.levels))
        if self._range is not None:
            more.append(TimeTerm(*self._range))
        self.view.set_filter(self._wanted.narrowed(*more))

    def _use_range(self, start_ms: int, end_ms: int) -> None:
        self._range = (start_ms, end_ms)
        self.histogram.show_range(start_ms, end_ms)
        self._show_range()
        self._use_filter()

    def _clear_range(self) -> None:
        self._range = None
        self.histogram.show_range(0, 0)
        self._show_range()
        self._use_filter()

    def _show_range(self) -> None:
        is_utc = self.histogram.is_utc
        words = " to ".join(clock_text(at_ms, is_utc=is_utc) for at_ms in self._range or ())
        self.tools.show_range(words.replace(".000", ""))

    def _use_utc(self, is_utc: bool) -> None:
        self.histogram.is_utc = is_utc
        self.view.set_utc(is_utc)
        self._show_range()
        self._show_rate()

    def _use_grouping(self, grouped: bool) -> None:
        self.view.set_grouped(grouped)
        if self._settings is not None:
            self._settings.groups_log_lines = grouped

    def _facts_of(self, index: int) -> Invocation | None:
        """What is known of an invocation of the log, with its cost once it has ended."""
        invocations = self._tail.tracker.invocations
        if not 0 <= index < len(invocations):
            return None
        seen = invocations[index]
        return (self._ledger and self._ledger.find(seen)) or seen

    async def _show_cost(self, index: int) -> None:
        invocation = self._facts_of(index)
        if invocation is not None and self.explain_cost is not None:
            self.view.detail.show_cost(await self.explain_cost(invocation))

    def _rate_soon(self) -> None:
        if not self._rate_timer.isActive():
            self._rate_timer.start()

    def _show_rate(self) -> None:
        if self.isVisible():
            self.histogram.show_rate(count_rate(self.view.store, self.view.lines, self.histogram.most_bins))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._rate_soon()

    def _search(self, text: str) -> None:
        try:
            wanted, self._search_problem = find_in_text(text), ""
        except FilterProblem as problem:
            wanted, self._search_problem = Filter(), problem.message
        self.view.search(wanted)
        self._show_found()

    def _show_found(self) -> None:
        position, total, is_complete = self.view.found_place()
        self.find_bar.show_count(position, total, is_complete=is_complete, problem=self._search_problem)

    def _ask_where(self, is_all: bool) -> None:
        dialog = QFileDialog(self, "Export all lines" if is_all else "Export the lines shown")
        dialog.setObjectName("logExportDialog")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["Text (*.log)", "One JSON a line (*.ndjson)", "Table (*.csv)"])
        dialog.selectFile(f"{self._tail.function.name}.log")
        dialog.filterSelected.connect(
            lambda name: dialog.setDefaultSuffix(name.rpartition(".")[2].removesuffix(")"))
        )
        dialog.setDefaultSuffix("log")
        dialog.fileSelected.connect(
            lambda path: self.scope.start("export", self._export, Path(path), is_all=is_all)
        )
        dialog.open()

    async def _export(self, path: Path, *, is_all: bool) -> None:
        store, lines = self.view.store, self.view.lines
        numbers = range(store.first, store.end) if is_all else lines.numbers(0, len(lines))
        total = len(numbers)
        self.stop_export.show()
        self._say(f"Writing {total:,} lines…")
        is_done = False
        try:
            await export_lines(
                store, numbers, path, lambda count: self._say(f"{count:,} of {total:,} lines written…")
            )
            is_done = True
        finally:
            self.stop_export.hide()
            if not is_done:
                self._say("Nothing was written.")
        self._say(f"✔ {total:,} {'line' if total == 1 else 'lines'} written to {path}.", "ok")

    def _say(self, text: str, tone: str = "dim") -> None:
        self.exported.say(text, tone)
        self.exported.show()
        if tone != "dim":
            announce(self, text)

    def _on_failure(self, name: str, error: Exception) -> None:
        if not isinstance(error, UserError):
            raise error
        self._say(f"✖ {error}", "error")

    def _clear(self) -> None:
        self._tail.store.clear()

    def _show_count(self) -> None:
        shown, total = self.view.matching_count(), self.view.total_count()
        noun = "line" if total == 1 else "lines"
        text = f"{total:,} {noun}" if shown == total else f"{shown:,} of {total:,} {noun}"
        if self._tail.archive is None and (dropped := self._tail.store.dropped):
            text += f" ({dropped:,} oldest dropped)"
        self.count.setText(text)

    def _show_tail(self) -> None:
        tail = self._tail
        is_cleared = tail.state is TailState.FOLLOWING and tail.counts.received > 0
        self.view.set_placeholder(_CLEARED if is_cleared else _EMPTY.get(tail.state, ""))
        problem = self._filter_problem
        if not problem and tail.error is not None:
            retry = "" if tail.state is TailState.DENIED else " Lines already here stay; it is tried again."
            problem = f"{tail.error}{retry}"
        text = f"✖ {problem}" if problem else ""
        if problem and text != self.problem.text():
            announce(self.problem, problem)
        self.problem.setText(text)
        self.problem.setVisible(bool(problem))
        counts = tail.counts
        complete = f"complete to {_clock(counts.complete_to_ms)}" if counts.complete_to_ms else "not read yet"
        said = [
            f"received {counts.received}, late {counts.late}, duplicates {counts.duplicates}, "
            f"gaps {counts.gaps}, {complete}"
        ]
        if counts.late:
            said.append(f"late by up to {counts.largest_delay_ms / 1000:.1f} s")
        if counts.recovered:
            said.append(f"recovered {counts.recovered} after an interruption")
        for gap in counts.interruptions:
            if gap.state is not GapState.CLOSED:
                said.append(f"gap {_clock(gap.from_ms)} to {_clock(gap.to_ms)} ({gap.state}): {gap.why}")
        if tail.scanned_to_ms is not None:
            said.append(f"reading, scanned to {_clock(tail.scanned_to_ms)}")
        said += tail.notes
        groups = len(tail.sources)
        said.append(tail.sources[0].name if groups == 1 else f"{groups} log groups")
        # Programs read this, too: plain figures, and whatever is added comes after them.
        self.ledger.setText(" · ".join(said))


_CLEARED = "Cleared. New lines appear here as they come."
_EMPTY = {
    TailState.STARTING: "Reading the log of the last 10 minutes…",
    TailState.FOLLOWING: "No line in the last 10 minutes. New lines appear here as they come.",
    TailState.NO_GROUP: "No log group yet: the function's first invocation creates it.",
    TailState.RETRYING: "The log can't be read at the moment.",
    TailState.DENIED: "The log may not be read.",
    TailState.PAUSED: "Paused. What comes meanwhile is read when it goes on.",
}


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%H:%M:%S")
