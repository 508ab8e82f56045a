"""TimelinePanel: the execution environments of one function and what ran in them."""

import math
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.deploys import PublishedVersion, list_deploys
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.past_runs import PastRuns
from lambdadesk.core.threads import in_thread
from lambdadesk.core.timeline import Summary, Timeline
from lambdadesk.core.types import FunctionInfo, Invocation, Outcome
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.tailer import Tailer, TailState
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.files import write_atomic
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.past_bar import PastBar
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip
from lambdadesk.ui.widgets.timeline_export import FORMATS, export_view
from lambdadesk.ui.widgets.timeline_legend import TimelineLegend
from lambdadesk.ui.widgets.timeline_paint import format_ms
from lambdadesk.ui.widgets.timeline_view import HELP, TimelineView

GATHER_MS: Final = 100
_TICK_MS: Final = 1_000  # while the newest is followed, or something runs
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
_LEAST_LINES, _PAST_LINES = 16, 8  # of text that the page is high, from where on it has a legend


class TimelinePanel(QWidget):
    """Shows what the ledger holds of one function, and what its log shows to be running; or a past range.

    Signals:
        log_requested(str): a run was clicked; its request id.
    """

    log_requested = Signal(str)

    def __init__(
        self, connection: Connection, function: FunctionInfo, tail: Tailer, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.scope = TaskScope(self._on_failure)
        self._connection = connection
        self._function = function
        self._tail = tail
        self._timeline = Timeline()
        self._past: PastRuns | None = None  # what is shown instead of what is live
        self._versions: list[PublishedVersion] = []
        self._build()
        # A burst of invocations is laid out once.
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self._refresh)
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self._refresh)
        self._sum_up = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._sum_up.timeout.connect(self._show_summary)
        self.view.span_changed.connect(self._sum_up.start)
        self._disconnects = [
            connection.ledger.changed.connect(self._on_changed),
            tail.changed.connect(self._gather_soon),
        ]
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
        self.every_lane.toggled.connect(lambda checked: self.view.hide_idle(not checked))
        self.export = named(QPushButton(icon("save"), "Export…"), "timelineExport", "Export the timeline")
        set_plain_tooltip(self.export, "Write what is in view to a PNG, SVG or CSV file")
        self.export.clicked.connect(self._ask_where)
        top = QHBoxLayout()
        top.setSpacing(theme.SPACE)
        top.addWidget(self.range)
        top.addWidget(self.fit)
        top.addWidget(self.every_lane)
        top.addStretch(1)
        top.addWidget(self.export)
        self.summary = named(PlainLabel(), "timelineSummary", "What the timeline shows")
        self.summary.setWordWrap(True)
        self.trouble = named(ToneLabel("warning"), "timelineTrouble", "What is missing from the timeline")
        self.trouble.hide()
        self.legend = named(TimelineLegend(), "timelineLegend")
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE)
        column.addWidget(self.summary)
        column.addWidget(self.trouble)
        column.addWidget(self.view, 1)
        column.addWidget(self.legend)
        self.state = StateView()
        self.stack = QStackedWidget()
        self.stack.addWidget(content)
        self.stack.addWidget(self.state)
        self.past = PastBar(self._connection, self._function, "timeline")
        self.past.loaded.connect(self._show_past)
        self.past.hide()
        self.said = named(ToneLabel("dim"), "timelineSaid", "What was done")
        self.said.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(top)
        layout.addWidget(self.past)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.said)

    async def close_panel(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        for timer in (self._gather, self._tick, self._sum_up):
            timer.stop()
        await self.past.close_bar()
        await self.scope.close()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_legend()

    def _show_legend(self) -> None:
        """Where there is room for it: the lanes go first, and the card of a run says the same in words."""
        least = _LEAST_LINES + (_PAST_LINES if self._is_past else 0)
        self.legend.setVisible(self.height() >= least * self.fontMetrics().height())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.scope.is_running("versions"):
            self.scope.start("versions", self._find_versions)
        self._refresh()

    async def _find_versions(self) -> None:
        """When versions were published; where that may not be asked, it shows when they first ran."""
        with suppress(UserError):
            self._versions = await self._connection.versions(self._function.name)
            self._show_view()

    # -- what is shown

    def _on_changed(self, function: str) -> None:
        if function == self._function.name:
            self._gather_soon()

    def _gather_soon(self) -> None:
        if not self._gather.isActive():
            self._gather.start()

    def _known(self, now_ms: float) -> list[Invocation]:
        """The ledger's invocations, and those that have begun in the log and may be running still."""
        since_ms = now_ms - self._function.timeout_s * 1000 - _GRACE_MS
        running = [
            run
            for run in self._tail.tracker.invocations.live()
            if run.outcome is Outcome.RUNNING and run.report is None and run.started_ms >= since_ms
        ]
        ids = {run.request_id for run in running}
        known = self._connection.ledger.of(self._function.name)
        # What was sent from here without an answer yet is one of them, where the ids agree.
        waiting = (Outcome.QUEUED, Outcome.UNKNOWN)
        return [run for run in known if run.outcome not in waiting or run.request_id not in ids] + running

    def _show_view(self) -> None:
        function = self._connection.catalog.get(self._function.name) or self._function
        marks = self._timeline.marks(list_deploys(function.last_modified, self._versions))
        now_ms = float(self._connection.gateway.server_now_ms)
        self.view.show_timeline(self._timeline, marks, self._timeline.span[1] if self._past else now_ms)

    @property
    def _is_past(self) -> bool:
        return self.range.currentText() == _PAST

    def _show_past(self, runs: PastRuns) -> None:
        """Show a range that was loaded, instead of what is live."""
        if not self._is_past:
            return
        self._past = runs
        self._timeline.update(runs.invocations)
        self._show_view()
        self.view.follow()
        self._show_state()
        self._show_summary()

    def _refresh(self) -> None:
        if self._is_past:
            self._tick.stop()
            self._show_state()
            return
        began = perf_counter()
        now_ms = float(self._connection.gateway.server_now_ms)
        has_changed = self._timeline.update(self._known(now_ms))
        is_running = self._timeline.summary().running > 0
        if has_changed or self.view.is_following or is_running:
            self._show_view()
        needs_tick = is_running or math.isfinite(_RANGES[self.range.currentText()] or math.inf)
        if needs_tick and self.isVisible():
            if not self._tick.isActive():
                self._tick.start()
        else:
            self._tick.stop()
        self._show_state()
        self._show_summary()
        # Many invocations take longer: a storm of them gets a tenth of the time, not all of it.
        self._gather.setInterval(max(GATHER_MS, round(10_000 * (perf_counter() - began))))

    def _show_state(self) -> None:
        """The lanes where there are any, else why not."""
        has_runs = bool(len(self._timeline))
        for widget in (self.fit, self.every_lane, self.export):
            widget.setEnabled(has_runs)
        if self._is_past:
            self.trouble.hide()
            self.stack.setCurrentIndex(0 if has_runs else 1)
            if self._past is None:
                self.state.show_empty("No past range is loaded yet.", "Choose the time, then Load.")
            else:
                self.state.show_empty("Nothing ran in this time.", "Choose another, then Load.")
            return
        error, state = self._tail.error, self._tail.state
        if has_runs:
            self.stack.setCurrentIndex(0)
            trouble = f"⚠ {error.message} What was seen or made here before stays." if error else ""
            if trouble and trouble != self.trouble.text():
                announce(self.trouble, trouble)
            self.trouble.say(trouble, "warning")
            self.trouble.setVisible(bool(trouble))
            return
        self.stack.setCurrentWidget(self.state)
        if error is not None:
            self.state.show_error(error, self._tail.poll_now)
        elif state is TailState.STARTING:
            self.state.show_loading("the log of the function")
        else:
            missing = (
                "No log group yet: the first invocation creates it."
                if state is TailState.NO_GROUP
                else "Invoke the function, or wait for its next REPORT line."
            )
            self.state.show_empty("No invocation is known yet.", missing)

    def _show_summary(self) -> None:
        view = self.view
        first, last = self._timeline.span
        is_whole = view.left_ms <= first and view.right_ms >= last
        summary = (
            self._timeline.summary() if is_whole else self._timeline.summary(view.left_ms, view.right_ms)
        )
        text = summary_text(summary)
        if not is_whole:
            text = f"In view, of {len(self._timeline):,} in all: {text}"
        if text != self.summary.text():
            self.summary.setText(text)
            view.setAccessibleDescription(f"{text}. {HELP}")

    def _use_range(self) -> None:
        self.past.setVisible(self._is_past)
        self._show_legend()
        if self._is_past:
            runs, self._past = self.past.past.runs, None
            self._timeline.update(())
            if runs is not None:
                self._show_past(runs)
            self._refresh()
            self.past.range.choice.setFocus()
            return
        self._past = None
        width_ms = _RANGES[self.range.currentText()]
        if width_ms is None:
            self.view.show_span(self.view.left_ms, self.view.right_ms)
        else:
            self.view.follow(width_ms)
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

    def _on_run_activated(self, run: int) -> None:
        request_id = self._timeline.runs[run].request_id
        if request_id:
            self.log_requested.emit(request_id)
        else:
            self._say("No answer told the request id of this run, so its log can't be found.", "warning")

    # -- export

    def _ask_where(self) -> None:
        dialog = QFileDialog(self, "Export the timeline")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([*FORMATS])
        dialog.setDefaultSuffix("png")

        def use_format(name: str) -> None:
            dialog.setDefaultSuffix(FORMATS[name])
            chosen = Path(dialog.selectedFiles()[0])
            if chosen.suffix.removeprefix(".") in FORMATS.values():  # the name goes with the format
                dialog.selectFile(chosen.with_suffix(f".{FORMATS[name]}").name)

        dialog.filterSelected.connect(use_format)
        dialog.selectFile(f"{self._function.name}-timeline.png")
        dialog.fileSelected.connect(lambda path: self.scope.start("export", self._export, Path(path)))
        dialog.open()

    async def _export(self, path: Path) -> None:
        kind = path.suffix.lower().removeprefix(".")
        title = f"Timeline of {self._function.name}"
        data, what = export_view(self.view, kind, title, self.summary.text())
        try:
            await in_thread(write_atomic, path, data)
        except OSError as error:
            raise UserError(
                f"The timeline could not be exported: {error.strerror or error}.",
                "Choose another folder.",
                kind=ErrorKind.STORAGE,
                details=str(path),
            ) from error
        self._say(f"✔ {what} saved to {path}.", "ok")

    def _say(self, text: str, tone: str) -> None:
        self.said.say(text, tone)
        self.said.show()
        announce(self, text)

    def _on_failure(self, name: str, error: Exception) -> None:
        if isinstance(error, UserError):
            self._say(f"✖ {error.message} {error.hint}", "error")
        else:
            self._connection.scope.report(name, error)


def summary_text(summary: Summary) -> str:
    """The figures in a sentence's parts; what is not known is left out."""
    if not summary.invocations:
        return "no invocation"
    parts = [_count(summary.invocations, "invocation")]
    if summary.environments:
        parts[0] += f" in {_count(summary.environments, 'environment')}"
    if summary.running:
        parts.append(f"{summary.running:,} running")
    parts.append(f"{summary.failed:,} failed")
    if summary.cold_starts and summary.cold_rate is not None:
        parts.append(f"{_count(summary.cold_starts, 'cold start')} ({100 * summary.cold_rate:.1f} %)")
    else:
        parts.append("no cold start seen")  # some endpoints report none
    if summary.per_hour is not None:
        parts.append(f"{summary.per_hour:,.3g} new environments an hour")
    if summary.reuse_most == 1:
        parts.append("no environment used twice")
    elif summary.reuse_mean is not None:
        parts.append(f"each environment used {summary.reuse_mean:,.3g} times, {summary.reuse_most:,} at most")
    parts.append(f"at most {summary.peak:,} at once")
    if summary.idle_ms:
        parts.append(f"longest idle {format_ms(summary.idle_ms)}")
    return " · ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
