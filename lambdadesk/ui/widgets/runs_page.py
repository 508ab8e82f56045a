"""RunsPage, the base of pages that draw what is known of one function's invocations."""

from time import perf_counter
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from lambdadesk.core.errors import UserError
from lambdadesk.core.types import FunctionInfo
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.tailer import Tailer, TailState
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.export_line import ExportLine
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.legend import Legend
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.past_bar import PastBar

GATHER_MS: Final = 100
_MOST_WAIT_MS: Final = 5_000  # the machine may have been busy with something else
_SUM_UP_MS: Final = 120
_TICK_MS: Final = 1_000  # for what follows the clock


class RunsPage(QWidget):
    """Reads again what is known once more is, a burst of it in one go, and only while it is seen.

    prefix: of the names of widgets. noun: what is drawn and exported, "charts".

    Signals:
        log_requested(str, float): an invocation was chosen; its request id, and when it began (epoch ms).
    """

    log_requested = Signal(str, float)

    def __init__(
        self,
        connection: Connection,
        function: FunctionInfo,
        tail: Tailer,
        prefix: str,
        noun: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.scope = TaskScope(self._on_failure)
        self._connection = connection
        self._function = function
        self._tail = tail
        self._is_read = self._reads_again = self._is_stale = False
        self.past = PastBar(connection, function, prefix)
        self.past.hide()
        self.trouble = named(ToneLabel("warning"), f"{prefix}Trouble", f"What is missing from the {noun}")
        self.trouble.hide()
        self.state = StateView()
        self.legend = named(Legend(), f"{prefix}Legend")
        self.saver = ExportLine(self, self.scope, function.name, noun, prefix)
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self._refresh)
        self._sum_up = QTimer(self, singleShot=True, interval=_SUM_UP_MS)
        self._sum_up.timeout.connect(self._show_figures)
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self._on_tick)
        self._disconnects = [
            connection.ledger.changed.connect(self._on_changed),
            connection.invocations.repriced.connect(self._on_changed),
        ]

    async def close_panel(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        for timer in (self._gather, self._sum_up, self._tick):
            timer.stop()
        await self.past.close_bar()
        await self.scope.close()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_legend()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self._is_stale = False
            self._refresh()

    # -- what a page does

    async def _read(self) -> None:
        """Read what is known and show it."""
        raise NotImplementedError

    def _show_state(self) -> None:
        """Show the drawing where there is anything, else why not."""
        raise NotImplementedError

    def _show_figures(self) -> None:
        """Say what is in sight in words."""
        raise NotImplementedError

    def _on_tick(self) -> None:
        """A second has gone by."""
        raise NotImplementedError

    @property
    def _legend_lines(self) -> int:
        """From how many lines of text on, of the page's height, a legend has room; 0: it is not wanted."""
        raise NotImplementedError

    def _show_legend(self) -> None:
        """Where there is room for it: what is drawn goes first, and the card of a run has words."""
        least = self._legend_lines
        self.legend.setVisible(bool(least) and self.height() >= least * self.fontMetrics().height())

    # -- what is known

    def _on_changed(self, function: str) -> None:
        if function == self._function.name:
            self._refresh_soon()

    def _refresh_soon(self) -> None:
        if not self.isVisible():
            self._is_stale = True  # read when someone looks
        elif not self._gather.isActive():
            self._gather.start()

    def _refresh(self) -> None:
        """Read again what is known; once more where more became known meanwhile."""
        if self.scope.is_running("read"):
            self._reads_again = True
        else:
            self.scope.start("read", self._read_in_turn)

    async def _read_in_turn(self) -> None:
        began = perf_counter()
        await self._read()
        # Many invocations take longer: a storm of them gets a tenth of the time, not all of it.
        wait_ms = round(10_000 * (perf_counter() - began))
        self._gather.setInterval(min(max(GATHER_MS, wait_ms), _MOST_WAIT_MS))
        if self._reads_again:
            self._reads_again = False
            self._gather.start()

    # -- what is missing

    def _show_trouble(self, *, has_any: bool) -> None:
        """Say what keeps the log from being followed, above what was seen before."""
        error = self._tail.error
        text = f"⚠ {error.message} What was seen or made here before stays." if error and has_any else ""
        if text and text != self.trouble.text():
            announce(self.trouble, text)
        self.trouble.say(text, "warning")
        self.trouble.setVisible(bool(text))

    def _explain_nothing(self, what: str, hint: str = "") -> None:
        """Say why nothing can be drawn. what: that nothing is known. hint: what else can be done."""
        error, state = self._tail.error, self._tail.state
        if error is not None:
            self.state.show_error(error, self._tail.poll_now)
        elif state is TailState.STARTING or not self._is_read:
            self.state.show_loading("the log of the function")
        else:
            missing = (
                "No log group yet: the first invocation creates it."
                if state is TailState.NO_GROUP
                else "Invoke the function or wait for its next REPORT line."
            )
            self.state.show_empty(what, f"{missing} {hint}".rstrip())

    def _on_failure(self, name: str, error: Exception) -> None:
        if isinstance(error, UserError):
            self.saver.say(f"✖ {error.message} {error.hint}", "error")
        else:
            self._connection.scope.report(name, error)
