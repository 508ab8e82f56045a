"""LogsPanel: one function's log group, followed, filtered, and accounted for."""

from datetime import datetime

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lambdadesk.core.logfilter import HELP, FilterProblem, parse_filter
from lambdadesk.core.tail_counts import GapState
from lambdadesk.desk.tailer import Tailer, TailState
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.filter_edit import FilterEdit
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.log_view import LogView
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip

FILTER_DELAY_MS = 80


class LogsPanel(QWidget):
    """Shows what the tail of a function receives; the tail itself belongs to the connection."""

    def __init__(self, tail: Tailer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tail = tail
        self.filter = named(
            FilterEdit("Filter: words, -without, /regex/, level:warn, req:id"),
            "logFilter",
            "Filter log lines",
        )
        set_plain_tooltip(self.filter, HELP)
        self.count = named(PlainLabel(), "logCount", "Lines shown")
        self.follow = named(QCheckBox("Follow"), "logFollow", "Follow the newest line")
        set_plain_tooltip(self.follow, "Keep the newest line in view (Ctrl+T)")
        self.follow.setChecked(True)
        clear = QPushButton("Clear")
        clear.setAccessibleName("Clear the lines shown")
        set_plain_tooltip(clear, "Forget the lines shown here; nothing is deleted from AWS")
        clear.clicked.connect(self._clear)
        self.problem = named(ToneLabel("error"), "logProblem", "Log problem")
        self.problem.hide()
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
        row.addWidget(self.follow)
        row.addWidget(clear)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(row)
        layout.addWidget(self.problem)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.ledger)
        self._typing = QTimer(self, singleShot=True, interval=FILTER_DELAY_MS)
        self._typing.timeout.connect(self._apply_filter)
        self._filter_problem = ""
        self.filter.textChanged.connect(self._typing.start)
        self.filter.returnPressed.connect(self._apply_filter)
        self.follow.toggled.connect(self.view.set_follow)
        self.view.follow_changed.connect(self.follow.setChecked)
        self.view.lines_changed.connect(self._show_count)
        self.view.request_filter_requested.connect(self.show_request)
        for keys, slot in (("Ctrl+F", self._focus_filter), ("Ctrl+T", self.follow.toggle)):
            shortcut = QShortcut(QKeySequence(keys), self, slot)
            # PySide6 ignores the context where it is given to the constructor together with a slot.
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.view.set_store(tail.store)
        self._disconnects = [
            tail.changed.connect(self._show_tail),
            tail.progressed.connect(self._show_tail),
        ]
        self._show_tail()
        self._show_count()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tail.watch(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tail.watch(False)

    async def close_panel(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        self._typing.stop()

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
            self.view.set_filter(wanted)
        self._show_tail()

    def _clear(self) -> None:
        self._tail.store.clear()

    def _show_count(self) -> None:
        shown, total = self.view.matching_count(), self.view.total_count()
        noun = "line" if total == 1 else "lines"
        text = f"{total:,} {noun}" if shown == total else f"{shown:,} of {total:,} {noun}"
        if dropped := self._tail.store.dropped:
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
