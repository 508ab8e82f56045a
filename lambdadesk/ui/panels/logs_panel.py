"""LogsPanel: logs of one or more functions, followed, filtered, and accounted for."""

from collections.abc import Awaitable, Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lambdadesk.core.errors import UserError
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.logfilter import (
    HELP,
    Filter,
    FilterProblem,
    LevelsTerm,
    SourceTerm,
    Term,
    TimeTerm,
    find_in_text,
    parse_filter,
)
from lambdadesk.core.lograte import count_rate
from lambdadesk.core.types import Invocation
from lambdadesk.desk.log_follow import LogFollow
from lambdadesk.desk.tailer import Tailer, TailState
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.settings import Settings
from lambdadesk.ui import theme
from lambdadesk.ui.models.log_cells import clock_text
from lambdadesk.ui.models.log_sources import LogSources, short_names
from lambdadesk.ui.models.log_words import ASIDES, empty_words, problem_words
from lambdadesk.ui.widgets.filter_edit import FilterEdit
from lambdadesk.ui.widgets.labels import ElidedLabel, ToneLabel
from lambdadesk.ui.widgets.log_account import LogAccount
from lambdadesk.ui.widgets.log_export_bar import LogExportBar
from lambdadesk.ui.widgets.log_find_bar import LogFindBar
from lambdadesk.ui.widgets.log_following import LogFollowing
from lambdadesk.ui.widgets.log_histogram import LogHistogram
from lambdadesk.ui.widgets.log_legend import LogLegend
from lambdadesk.ui.widgets.log_tools import LogTools
from lambdadesk.ui.widgets.log_view import LogView
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.older_lines import OlderFilter, OlderLinesButton
from lambdadesk.ui.widgets.older_matches import OlderMatches
from lambdadesk.ui.widgets.plain import set_plain_tooltip

FILTER_DELAY_MS = 80
RATE_DELAY_MS = 200
_LOW_PX, _NARROW_PX = 420, 700


class LogsPanel(QWidget):
    """Shows what the tail of a function receives; the tail itself belongs to the connection.

    ledger: knows what the invocations cost, and which were sent from here. settings: remember the switches.
    follow: lets the user choose what is followed instead; its tail is the one to begin with.

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
        follow: LogFollow | None = None,
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
        self.count = named(ElidedLabel(), "logCount", "Lines shown")
        self.older = OlderLinesButton(tail, self.scope, self._facts_of, self._get_older_filter)
        self.older_matches = OlderMatches(self.scope)
        self.older_matches.open_requested.connect(self.older.open_dialog)
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
        self.view = named(LogView(), "logView", "Log")
        self.export = LogExportBar(self.scope, tail, self.view, self.older_matches)
        self.view.function = tail.function.name
        self.account = LogAccount()
        self.legend = named(LogLegend(), "logLegend", "Functions and log groups followed")
        self.following = LogFollowing(follow, self.view, self.scope) if follow is not None else None
        self.filter_row = QWidget()
        row = QHBoxLayout(self.filter_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE)
        row.addWidget(self.filter, 1)
        row.addWidget(self.count)
        row.addWidget(self.older)
        row.addWidget(self.follow)
        row.addWidget(clear)
        row.addWidget(self.tools.group)
        row.addWidget(self.tools.more)
        self._layout = layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        if self.following is not None:
            layout.addWidget(self.following)
            self.following.asking_changed.connect(self._fit)
        layout.addWidget(self.legend)
        layout.addWidget(self.filter_row)
        layout.addWidget(self.tools)
        layout.addWidget(self.problem)
        layout.addWidget(self.older_matches)
        layout.addWidget(self.histogram)
        layout.addWidget(self.export)
        layout.addWidget(self.find_bar)
        layout.addWidget(self.view, 1)
        if self.following is not None:
            layout.addWidget(self.following.live)
        layout.addWidget(self.account)
        self._typing = QTimer(self, singleShot=True, interval=FILTER_DELAY_MS)
        self._typing.timeout.connect(self._apply_filter)
        self._filter_problem = ""
        self._wanted = Filter()  # as it was typed last without a mistake
        self._search_problem = ""
        self._range: tuple[int, int] | None = None
        self._only = -1  # the one of several logs that is shown, by its number; -1: all
        self._left: frozenset[int] = frozenset()  # logs that are no longer followed, by their numbers
        self._hidden: frozenset[int] = frozenset()  # those of them whose lines are hidden
        self._rate_timer = QTimer(self, singleShot=True, interval=RATE_DELAY_MS)
        self._rate_timer.timeout.connect(self._show_rate)
        self._named: tuple[tuple[str, TailState], ...] = ()  # the sources that are shown
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
        for changed in (self.find_bar.opened, self.find_bar.closed, self.view.detail_changed):
            changed.connect(self._fit)
        self.histogram.range_selected.connect(self._use_range)
        self.histogram.range_cleared.connect(self._clear_range)
        tools = self.tools
        tools.range_cleared.connect(self._clear_range)
        tools.only_cleared.connect(self._show_only)
        tools.hidden_cleared.connect(self._hide)
        self.legend.source_clicked.connect(self._show_only)
        self.view.source_requested.connect(self._show_only)
        tools.levels_changed.connect(self._use_filter)
        tools.grouped_changed.connect(self._use_grouping)
        tools.open_all_requested.connect(self.view.set_all_open)
        tools.context_changed.connect(self.view.set_context)
        tools.utc_changed.connect(self._use_utc)
        tools.delay_changed.connect(self.view.set_delay_shown)
        tools.traces_changed.connect(lambda is_off: self.view.set_traces_folded(not is_off))
        tools.wrap_changed.connect(self.view.detail.set_wrapped)
        tools.export_requested.connect(self.export.ask)
        tools.export_older_requested.connect(self.export.ask_with_older)
        self.older_matches.changed.connect(self._show_older)
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
        self._disconnects: list[Callable[[], None]] = []
        self._follow = follow
        self._stop_following = (
            [
                follow.replaced.connect(self._on_replaced),
                follow.changed.connect(self._show_tail),
            ]
            if follow is not None
            else []
        )
        self._show_log()
        tools.group.setChecked(settings is None or settings.groups_log_lines)
        if settings is not None:
            tools.show_switches(settings.log_switches)
            tools.switched.connect(self._keep_switches)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tail.watch(True)
        self._rate_soon()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tail.watch(False)
        if self.following is not None:
            self.following.end_live("its page was left")

    def stop_following(self) -> None:
        """End what is followed for this page alone; the rest of closing may take a moment."""
        if self._follow is not None:
            self._follow.close()

    async def close_panel(self) -> None:
        for disconnect in (*self._disconnects, *self._stop_following):
            disconnect()
        self.older.release()
        self.older_matches.use_archive(None)
        self._typing.stop()
        self._rate_timer.stop()
        await self.scope.close()

    def show_request(self, request_id: str, started_ms: float | None = None) -> None:
        """Show the lines of one request alone. started_ms: when it began, where that may be long ago."""
        self.filter.setText(f"req:{request_id}")
        if started_ms is not None and self._follow is not None:
            self._follow.reach_back(request_id, started_ms)

    def _on_replaced(self) -> None:
        """Show another tail; the filter stays, but a range of time is of the log before."""
        self._tail.watch(False)
        self._tail = self._follow.tail if self._follow is not None else self._tail
        self._tail.watch(self.isVisible())
        if self._range is not None:
            self._clear_range()
        if self._only >= 0:
            self._show_only()
        if not self.scope.is_running("export"):
            self.export.hide()  # what it says is of the log before
        self._show_log()

    def _show_log(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        tail = self._tail
        self._disconnects = [tail.changed.connect(self._show_tail), tail.progressed.connect(self._show_tail)]
        self._named, self._left = (), frozenset()
        if self._hidden:
            self._hide()
        self.older.use_tail(tail)
        self.older_matches.use_archive(tail.archive)
        self.export.use_tail(tail)
        self.view.set_store(tail.store, facts=self._facts_of)
        self._show_tail()
        self._show_count()
        self._rate_soon()

    def _keep_switches(self) -> None:
        if self._settings is not None:
            self._settings.log_switches = self.tools.switches

    def _focus_filter(self) -> None:
        if self.filter_row.isHidden() and not self.find_bar.isHidden():
            self.find_bar.close_bar()  # it is in the place of the filter
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
        wanted = self._wanted.narrowed(*(term for term, _words in self._narrowing))
        self.view.set_filter(wanted)
        self.older_matches.use_filter(wanted)
        self._fit()

    @property
    def _narrowing(self) -> list[tuple[Term, str]]:
        """What narrows the lines besides what is typed, and in words."""
        more: list[tuple[Term, str]] = []
        if not self.tools.has_all_levels:
            levels = self.tools.levels
            names = ", ".join(level.name.lower() for level in sorted(levels, reverse=True))
            more.append((LevelsTerm(levels), f"level {names}" if names else "no level"))
        if self._only >= 0:
            sources = self.legend.sources
            more.append((SourceTerm(self._only, sources.number_of), f"only {sources.names[self._only]}"))
        if self._hidden and self._only not in self._hidden:
            more.append((self._make_left_term(self._hidden), "without logs that are no longer followed"))
        if self._range is not None:
            more.append((TimeTerm(*self._range), self._range_words))
        return more

    def _show_older(self) -> None:
        matches = self.older_matches
        self.older.show_matches(matches.short_words, are_said=not matches.isHidden())
        self.tools.offer_older(matches.is_in_use)

    def _make_left_term(self, left: frozenset[int]) -> Term:
        tail = self._tail
        return SourceTerm(1, lambda stream: int(tail.source_of(stream).index not in left))

    def _get_older_filter(self) -> OlderFilter:
        if self._typing.isActive():
            self._apply_filter()
        narrowing = self._narrowing
        terms = tuple(term for term, _words in narrowing)
        words = "; ".join(words for _term, words in narrowing)
        return OlderFilter(self._wanted.source, terms, words, self.older_matches.tally)

    def _use_range(self, start_ms: int, end_ms: int) -> None:
        self._range = (start_ms, end_ms)
        self.histogram.show_range(start_ms, end_ms)
        self._show_range()
        self._use_filter()

    def _show_only(self, source: int = -1) -> None:
        """Show one of several logs alone, by its number; -1, or the one that already is: all of them."""
        self._only = -1 if source == self._only else source
        self.tools.show_only(self.legend.sources.names[self._only] if self._only >= 0 else "")
        self._use_filter()

    def _clear_range(self) -> None:
        self._range = None
        self.histogram.show_range(0, 0)
        self._show_range()
        self._use_filter()

    def _show_range(self) -> None:
        self.tools.show_range(self._range_words)

    @property
    def _range_words(self) -> str:
        is_utc = self.histogram.is_utc
        words = " to ".join(clock_text(at_ms, is_utc=is_utc) for at_ms in self._range or ())
        return words.replace(".000", "")

    def _use_utc(self, is_utc: bool) -> None:
        self.histogram.is_utc = is_utc
        self.view.set_utc(is_utc)
        self.older.set_utc(is_utc)
        self.account.set_utc(is_utc)
        self._show_range()
        self._show_rate()

    def _use_grouping(self, grouped: bool) -> None:
        self.view.set_grouped(grouped)
        if self._settings is not None:
            self._settings.groups_log_lines = grouped

    def _facts_of(self, index: int) -> Invocation | None:
        """What is known of an invocation of the log, with its cost once it has ended."""
        invocations = self._tail.invocations
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
        self._fit()
        self._rate_soon()

    def _fit(self) -> None:
        """In a low page the lines come first: what is not in use there, and can be typed, makes room."""
        is_low = self.height() < _LOW_PX
        self.histogram.setVisible(not is_low)
        is_asking = is_low and self.following is not None and self.following.is_asking
        is_finding, is_reading = (
            is_low and not each.isHidden() for each in (self.find_bar, self.view.detail)
        )
        is_narrowed = bool(self._narrowing)
        self.tools.setVisible(not is_low or (is_narrowed and not is_asking))
        self.filter_row.setVisible(not is_asking and not is_finding)
        self.legend.set_most_lines(0 if is_asking else 1 if is_low else 2)
        self.account.set_low(is_low)
        self.account.setVisible(not is_finding and not is_reading)
        margin = theme.TIGHT if is_low else theme.SPACE
        self._layout.setContentsMargins(theme.SPACE, margin, theme.SPACE, margin)
        self._layout.setSpacing(margin)
        self.older.set_short(is_low or self.width() < _NARROW_PX)
        self.older_matches.set_low(is_low)
        if self.following is not None:
            self.following.live.set_low(is_low)
        self._layout.activate()
        self.view.set_low(is_low)

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

    def _on_failure(self, name: str, error: Exception) -> None:
        if not isinstance(error, UserError):
            raise error
        self.export.say(f"✖ {error}", "error")

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
        tail, follow = self._tail, self._follow
        self.view.set_placeholder(empty_words(tail, self._since, follow.waiting_words if follow else ""))
        problem = self._filter_problem or problem_words(tail, follow.error if follow else None)
        text = f"✖ {problem}" if problem else ""
        if problem and text != self.problem.text():
            announce(self.problem, problem)
        self.problem.setText(text)
        self.problem.setVisible(bool(problem))
        self._show_sources()
        self.account.show_tail(tail, follow.notes if follow is not None else ())
        if self.following is not None:
            self.following.show_state()

    def _show_sources(self) -> None:
        """Name the logs where there are several; their states may change, and new ones may come."""
        sources = self._tail.sources
        named = tuple((source.name, source.state) for source in sources)
        if named == self._named:
            return
        are_new = [name for name, _state in named] != [name for name, _state in self._named]
        self._named = named
        if are_new:
            tail = self._tail
            known = LogSources(short_names(sources), lambda stream: tail.source_of(stream).index)
            self.view.set_sources(known)
            self.older.sources = known
        else:
            known = self.legend.sources
        self.legend.show_sources(known, tuple(ASIDES.get(source.state, "") for source in sources))
        left = [source for source in sources if source.state is TailState.LEFT and source.counts.received]
        hidden = frozenset(source.index for source in left)
        if hidden != self._left:
            self._left = hidden
            self._hide(hidden)

    def _hide(self, sources: frozenset[int] = frozenset()) -> None:
        """Hide the lines of these logs, by their numbers, and show all others."""
        self._hidden = sources
        self.tools.show_hidden(len(sources))
        self._use_filter()

    @property
    def _since(self) -> str:
        return self.following.since_words if self.following is not None else "in the last 10 minutes"
