"""LiveRun: what is seen of a run while its answer is awaited."""

import time
from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QProgressBar

from lambdadesk.core.details import format_bytes
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.desktop_note import tell_desktop
from lambdadesk.desk.likely_runs import find_likely_runs
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui.models.history_table import status
from lambdadesk.ui.widgets.result_view import ResultView

TICK_MS = 100
LONG_RUN_S = 10.0  # a run of which the desktop is told
PROBABLY = "— Probably of this run, the only one that began just then. —"


class LiveRun:
    """Shows time passed and left, the log lines that are there already, and chunks of a streamed response."""

    def __init__(
        self, connection: Connection, function: FunctionInfo, result: ResultView, progress: QProgressBar
    ) -> None:
        self._connection = connection
        self._name = function.name
        self._result = result
        self._progress = progress
        self.long_run_s = LONG_RUN_S
        self._request: InvokeRequest | None = None
        self._sent_s = 0.0
        self._sent_ms = 0
        self._came_bytes: int | None = None  # of a streamed response
        self._ticker = QTimer(progress, interval=TICK_MS)
        self._ticker.timeout.connect(self._show_time)
        self._disconnect: Callable[[], None] | None = None

    def start(self, request: InvokeRequest) -> None:
        self._request = request
        self._sent_s, self._sent_ms = time.monotonic(), time.time_ns() // 1_000_000
        self._came_bytes = None
        is_sync = request.kind is InvocationType.REQUEST_RESPONSE
        self._progress.setRange(0, max(1, request.function.timeout_s * 10))
        self._progress.setValue(0)
        self._progress.setVisible(is_sync)
        if is_sync and (tail := self._connection.tails.get(self._name)):
            self._disconnect = tail.changed.connect(self._show_log)
        self._show_time()
        self._ticker.start()

    def stop(self) -> float:
        """The answer is there, or nobody waits for it any more; returns how long it was waited for."""
        self._ticker.stop()
        self._progress.hide()
        self._request = None
        if self._disconnect is not None:
            self._disconnect()
            self._disconnect = None
        return time.monotonic() - self._sent_s

    def take_chunk(self, data: bytes, total_bytes: int) -> None:
        """Show what came of a streamed response."""
        self._came_bytes = total_bytes
        self._result.append_chunk(data)
        self._show_time()

    def _show_time(self) -> None:
        request = self._request
        if request is None:
            return
        elapsed_s = time.monotonic() - self._sent_s
        words = f"Running… {elapsed_s:.1f} s"
        if request.kind is InvocationType.REQUEST_RESPONSE:
            timeout_s = request.function.timeout_s
            left_s = timeout_s - elapsed_s
            words += f" of {timeout_s} s timeout"
            words += f", {left_s:.0f} s left" if left_s >= 0 else ", an answer should have come"
            self._progress.setValue(min(self._progress.maximum(), round(elapsed_s * 10)))
        if self._came_bytes is not None:
            words += f" · {format_bytes(self._came_bytes)} came"
        self._result.say("dim", words)

    def _show_log(self) -> None:
        """Show the lines of the run that it most likely is; its request id comes with the answer only."""
        tail = self._connection.tails.get(self._name)
        if tail is None:
            return
        ledger = self._connection.ledger
        runs = find_likely_runs(self._connection.gateway, tail, ledger, self._sent_ms)
        if len(runs) == 1:
            text = tail.text_of(runs[0].request_id, runs[0].stream)
            self._result.show_live_log(f"{PROBABLY}\n{text}")

    def log_of(self, entry: HistoryEntry) -> str:
        """The log lines of a run whose answer is there: all of them, as far as they are known."""
        tail = self._connection.tails.get(entry.function)
        if entry.report is None or tail is None:
            return entry.log_tail
        # The whole of it, where the answer holds the last 4 KB at most, and does not name its stream.
        request_id, stream = entry.report.request_id, entry.log_stream
        if not stream:
            runs = self._connection.ledger.of_request(entry.function, request_id)
            stream = next((run.stream for run in runs), "")
        return tail.text_of(request_id, stream) or entry.log_tail

    def tell_desktop(self, scope: TaskScope, waited_s: float, entry: HistoryEntry) -> None:
        """Tell of the end of a long run, if the window is in the background."""
        window = self._result.window()
        if waited_s < self.long_run_s or window.isActiveWindow():
            return
        QApplication.alert(window)

        async def tell() -> None:
            await tell_desktop(f"{self._name}: {status(entry)[0]}", f"It took {waited_s:.0f} s.")

        scope.start("tell the desktop", tell)
