"""TimelinePanel: the execution environments of one function and what ran in them."""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

import numpy as np
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from lambdadesk.core.deploys import PublishedVersion, list_deploys
from lambdadesk.core.errors import UserError
from lambdadesk.core.invocation_columns import InvocationColumns, Source
from lambdadesk.core.past_runs import PastRuns
from lambdadesk.core.threads import in_thread
from lambdadesk.core.timeline import Timeline
from lambdadesk.core.types import FunctionInfo, Invocation, Outcome
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.tailer import Tailer
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.export_line import InSight
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.picture import Drawn, Part, draw_picture
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip
from lambdadesk.ui.widgets.runs_page import RunsPage
from lambdadesk.ui.widgets.timeline_legend import timeline_entries
from lambdadesk.ui.widgets.timeline_view import HELP, TimelineView
from lambdadesk.ui.widgets.timeline_words import summary_text

_GRACE_MS: Final = 30_000  # after its timeout a run without a REPORT line is not said to run any more
_MINUTE_MS: Final = 60_000.0
_BY_HAND: Final = "By hand"
_RANGES: Final = {
    "All": math.inf,
    "Last hour": 60 * _MINUTE_MS,
    "Last 15 minutes": 15 * _MINUTE_MS,
    "Live: last minute": _MINUTE_MS,
    _BY_HAND: None,  # what was zoomed or moved to
}
_PAST: Final = "Past range…"
_LEGEND_LINES, _PAST_LINES = 20, 8


class TimelinePanel(RunsPage):
    """Shows what the ledger holds of one function, and what its log shows to be running; or a past range."""

    def __init__(
        self, connection: Connection, function: FunctionInfo, tail: Tailer, parent: QWidget | None = None
    ) -> None:
        super().__init__(connection, function, tail, "timeline", "timeline", parent)
        self._live = Timeline()
        self._past: Timeline | None = None  # of the range that was loaded last
        self._versions: list[PublishedVersion] = []
        self._build()
        self.view.span_changed.connect(self._sum_up.start)
        self._disconnects.append(tail.changed.connect(self._refresh_soon))
        self._show_state()
        self._refresh()

    def _build(self) -> None:
        self.view = named(TimelineView(), "timelineView", "Timeline of the execution environments")
        self.view.run_activated.connect(self._on_run_activated)
        self.view.moved.connect(self._on_moved)
        self.range = named(CalmComboBox(), "timelineRange", "Range of time")
        self.range.addItems([*_RANGES, _PAST])
        self.range.activated.connect(lambda _index: self._use_range())
        set_plain_tooltip(self.range, "Which time is in view; By hand and a past range follow nothing")
        self.fit = named(QPushButton("Show all"), "timelineAll", "Show all of the timeline")
        set_plain_tooltip(self.fit, "Bring all there is into view (Home, or a double click)")
        self.fit.clicked.connect(self._show_all)
        self.every_lane = named(
            QCheckBox("All environments"),
            "timelineEveryLane",
            "Show all environments, also those not in view",
        )
        set_plain_tooltip(
            self.every_lane, "Keep the lanes of environments that did not live in the time in view"
        )
        self.every_lane.toggled.connect(lambda is_on: self.view.hide_idle(not is_on))
        self.export = named(QPushButton(icon("save"), "Export…"), "timelineExport", "Export the timeline")
        set_plain_tooltip(self.export, "Write what is in view to a PNG, SVG or CSV file")
        self.export.clicked.connect(lambda: self.saver.ask_where(self.in_sight()))
        top = QHBoxLayout()
        top.setSpacing(theme.SPACE)
        top.addWidget(self.range)
        top.addWidget(self.fit)
        top.addWidget(self.every_lane)
        top.addStretch(1)
        top.addWidget(self.export)
        self.summary = named(PlainLabel(), "timelineSummary", "What the timeline shows")
        self.summary.setWordWrap(True)
        self.legend.show_entries(timeline_entries())
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE)
        column.addWidget(self.summary)
        column.addWidget(self.trouble)
        column.addWidget(self.view, 1)
        column.addWidget(self.legend)
        self.stack = QStackedWidget()
        self.stack.addWidget(content)
        self.stack.addWidget(self.state)
        self.past.loaded.connect(lambda runs: self.scope.start("past", self._load_past, runs))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(top)
        layout.addWidget(self.past)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.saver)

    @property
    def _legend_lines(self) -> int:
        return _LEGEND_LINES + (_PAST_LINES if self._is_past else 0)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.scope.is_running("versions"):
            self.scope.start("versions", self._find_versions)
        self._use_tick()

    async def _find_versions(self) -> None:
        """When versions were published; where that may not be asked, it shows when they first ran."""
        with suppress(UserError):
            self._versions = await self._connection.versions(self._function.name)
            self._show_view()

    # -- what is known

    async def _read(self) -> None:
        """The ledger's invocations, and those that have begun in the log and may be running still."""
        columns = await self._connection.invocations.session(self._function.name)
        open_runs = self._open_runs()
        known = self._live
        if columns is not known.finished or open_runs != known.open_runs:
            known = self._live = await in_thread(Timeline, columns, open_runs)
        self._is_read = True
        if not self._is_past:
            self._show_view()
            self._show_state()
            self._show_figures()
        self._use_tick()

    def _open_runs(self) -> Sequence[Invocation]:
        """Copies of what may be running still, since the records go on changing."""
        since_ms = self._connection.gateway.server_now_ms - self._function.timeout_s * 1000 - _GRACE_MS
        running = [
            run
            for run in self._tail.tracker.invocations.live()
            if run.outcome is Outcome.RUNNING and run.report is None and run.started_ms >= since_ms
        ]
        ids = {run.request_id for run in running}
        # What was sent from here without an answer yet is one of them, where the ids agree.
        waiting = self._connection.ledger.unfinished(self._function.name)
        return tuple(
            replace(run) for run in [*(run for run in waiting if run.request_id not in ids), *running]
        )

    async def _load_past(self, runs: PastRuns) -> None:
        columns = await in_thread(InvocationColumns.from_invocations, runs.invocations, Source.PAST)
        self._past = await in_thread(Timeline, columns)
        if self._is_past:
            self._show_past()

    # -- what is shown

    @property
    def _is_past(self) -> bool:
        return self.range.currentText() == _PAST

    @property
    def _timeline(self) -> Timeline:
        """What is shown."""
        return (self._past or Timeline()) if self._is_past else self._live

    def _show_view(self) -> None:
        function = self._connection.catalog.get(self._function.name) or self._function
        timeline = self._timeline
        marks = timeline.marks(list_deploys(function.last_modified, self._versions))
        now_ms = float(self._connection.gateway.server_now_ms)
        self.view.show_timeline(timeline, marks, timeline.span[1] if self._is_past else now_ms)

    def _show_past(self) -> None:
        """Show the range that was loaded, instead of what is live."""
        self._show_view()
        self.view.follow()
        self._show_state()
        self._show_figures()

    def _on_tick(self) -> None:
        if self.isVisible():
            self._refresh()
        else:
            self._tick.stop()

    def _use_tick(self) -> None:
        """What follows the clock needs one, and so does what runs still."""
        is_moving = math.isfinite(_RANGES.get(self.range.currentText()) or math.inf)
        is_running = any(run.outcome is Outcome.RUNNING for run in self._live.open_runs)
        if self.isVisible() and not self._is_past and (is_moving or is_running):
            if not self._tick.isActive():
                self._tick.start()
        else:
            self._tick.stop()

    def _show_state(self) -> None:
        """The lanes where there are any, else why not."""
        has_runs = bool(len(self._timeline))
        for widget in (self.fit, self.every_lane, self.export):
            widget.setEnabled(has_runs)
        self._show_trouble(has_any=has_runs and not self._is_past)
        self.stack.setCurrentIndex(0 if has_runs else 1)
        if has_runs:
            return
        if not self._is_past:
            self._explain_nothing("No invocation is known yet.")
        elif self._past is None:
            self.state.show_empty("No past range is loaded yet.", "Choose the time, then Load.")
        else:
            self.state.show_empty("Nothing ran in this time.", "Choose another, then Load.")

    def _show_figures(self) -> None:
        view, timeline = self.view, self.view.timeline
        first, last = timeline.span
        is_whole = view.left_ms <= first and view.right_ms >= last
        summary = timeline.summary() if is_whole else timeline.summary(view.left_ms, view.right_ms)
        text = summary_text(summary)
        if not is_whole:
            text = f"In view, of {len(timeline):,} in all: {text}"
        if text != self.summary.text():
            self.summary.setText(text)
            view.setAccessibleDescription(f"{text}. {HELP}")

    # -- what one chooses

    def _use_range(self) -> None:
        self.past.setVisible(self._is_past)
        self._show_legend()
        self._use_tick()
        if self._is_past:
            self._show_past()
            self.past.range.choice.setFocus()
            return
        self._show_view()
        width_ms = _RANGES[self.range.currentText()]
        if width_ms is None:
            self.view.show_span(self.view.left_ms, self.view.right_ms)
        else:
            self.view.follow(width_ms)
        self._show_state()
        self._show_figures()
        self._refresh()

    def _show_all(self) -> None:
        if self._is_past:
            self.view.follow()
            return
        self.range.setCurrentText("All")
        self._use_range()

    def _on_moved(self) -> None:
        if self._is_past:
            return
        self.range.setCurrentText("All" if self.view.is_following else _BY_HAND)
        self._use_tick()

    def _on_run_activated(self, run: int) -> None:
        request_id = self.view.timeline.request_id(run)
        if request_id:
            self.log_requested.emit(request_id, float(self.view.timeline.begins[run]))
        else:
            text = "No answer told the request id of this run, so its log can't be found."
            self.saver.say(text, "warning")

    # -- export

    def in_sight(self) -> InSight:
        """What goes into a file."""
        timeline = self.view.timeline
        is_seen = timeline.in_span(self.view.left_ms, self.view.right_ms)
        return InSight(self._draw_picture, *timeline.chosen(np.flatnonzero(is_seen)))

    def _draw_picture(self) -> Drawn:
        view = self.view
        part = Part("", view.viewport().size(), view.paint_into)
        return draw_picture(f"Timeline of {self._function.name}", self.summary.text(), [part], self.legend)
