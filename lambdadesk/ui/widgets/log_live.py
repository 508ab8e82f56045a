"""LogLive, the lines of Live Tail that no poll has brought yet, and what it has cost so far."""

from collections.abc import Callable
from decimal import Decimal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QPushButton, QVBoxLayout, QWidget

from lambdadesk.core.invocations import InvocationTracker
from lambdadesk.core.logfilter import Filter, FilteredLines
from lambdadesk.core.logstore import Level, LogStore
from lambdadesk.core.money import format_money
from lambdadesk.core.types import LogColumns, LogEvent
from lambdadesk.desk.live_overlay import LiveOverlay
from lambdadesk.ui import theme
from lambdadesk.ui.models.log_sources import LogSources
from lambdadesk.ui.models.log_table import LogTableModel
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.log_rows import LogRows
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce

ROWS, LOW_ROWS = 4, 2
_MOST_LINES = 200
_LEVELS = {"error": Level.ERROR, "warn": Level.WARN, "info": Level.INFO, "debug": Level.DEBUG}


class LogLive(QWidget):
    """Hidden until a session is shown; afterwards it says why it ended until it is closed.

    Signals:
        stop_requested(): the session is to end.
    """

    stop_requested = Signal()

    def __init__(self, main: LogRows, parent: QWidget | None = None) -> None:
        """main: the table whose columns these lines keep to."""
        super().__init__(parent)
        self._main = main
        self.status = named(ToneLabel("text"), "logLiveStatus", "Live Tail")
        self.stop = named(QPushButton("Stop"), "logLiveStop", "Stop Live Tail")
        self.stop.setAutoDefault(False)
        self.stop.clicked.connect(self._on_button)
        self.rows = named(LogRows(self), "logProvisional", "Provisional lines of Live Tail")
        self.rows.horizontalHeader().hide()
        self.rows.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.rows.empty_text = "No line waits for its confirmation."
        font = self.rows.font()
        font.setItalic(True)
        self.rows.setFont(font)
        self.rows.painter.set_font(font)
        self.set_low(False)
        top = QHBoxLayout()
        top.setSpacing(theme.SPACE)
        top.addWidget(self.status, 1)
        top.addWidget(self.stop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.TIGHT)
        layout.addLayout(top)
        layout.addWidget(self.rows)
        self._is_on = False
        self._model: LogTableModel | None = None
        self.rows.hide()
        self.hide()

    def set_low(self, is_low: bool) -> None:
        """Take less room in a low page."""
        row_px = self.rows.verticalHeader().defaultSectionSize()
        self.rows.setFixedHeight((LOW_ROWS if is_low else ROWS) * row_px + 4)

    def show_session(
        self,
        overlay: LiveOverlay,
        wanted: Filter,
        sources: LogSources | None,
        *,
        costs: bool,
        is_utc: bool,
    ) -> None:
        """wanted: the filter of the lines above. costs: whether the endpoint takes money for it."""
        self._is_on = True
        lines = overlay.lines
        self._show_lines(lines[-_MOST_LINES:], wanted, sources, overlay.source_of, is_utc=is_utc)
        self.stop.setText("Stop")
        self.stop.setAccessibleName("Stop Live Tail")
        cost = f", {_price(overlay.cost_usd)} so far" if costs else ""
        parts = [
            f"Live Tail: {_duration(overlay.minutes * 60)}{cost}, ends in {_duration(overlay.remaining_s)}",
            f"{len(lines):,} provisional {'line' if len(lines) == 1 else 'lines'}, until a poll brings them",
        ]
        if overlay.unconfirmed:
            parts.append(f"{overlay.unconfirmed:,} were never confirmed by a poll")
        if overlay.sampled:
            parts.append("▲ sampled: AWS left lines out; polls bring them")
        self.status.say(" · ".join(parts), "warning" if overlay.sampled else "text")
        if lines:
            self.rows.show()  # from now on, or the log would jump with each line
        self.show()

    def show_end(self, overlay: LiveOverlay, why: str, *, costs: bool) -> None:
        """Say why it ended, and what it was; the lines are the polls' matter now."""
        self._is_on = False
        cost = f", {_price(overlay.cost_usd)}" if costs else ""
        took = f" It took {_duration(overlay.minutes * 60)} min{cost}." if overlay.minutes else ""
        failed = overlay.error is not None
        words = f"✖ {overlay.error}" if failed else f"Live Tail has ended: {why}."
        self.status.say(words + took, "error" if failed else "dim")
        announce(self.status, self.status.text())
        self.stop.setText("Close")
        self.stop.setAccessibleName("Close what is said of Live Tail")
        self.rows.hide()
        self.show()

    def line_texts(self) -> list[str]:
        """The provisional lines as they are shown."""
        model = self._model
        return (
            [model.lines.store.text(number) for number in model.lines.numbers(0, len(model.lines))]
            if model
            else []
        )

    def _on_button(self) -> None:
        if self._is_on:
            self.stop_requested.emit()
        else:
            self.hide()

    def _show_lines(
        self,
        lines: list[LogEvent],
        wanted: Filter,
        sources: LogSources | None,
        source_of: Callable[[LogEvent], int],
        *,
        is_utc: bool,
    ) -> None:
        store = _to_store(lines)
        own = _get_own_sources(lines, sources, source_of) if sources is not None else None
        model = LogTableModel(
            FilteredLines(store, wanted), theme.colours(self.palette()), self, is_utc=is_utc, sources=own
        )
        while not model.is_complete:
            model.scan()
        old, self._model = self._model, model
        self.rows.setModel(model)
        self.rows.keep_widths()
        header, own_header = self._main.horizontalHeader(), self.rows.horizontalHeader()
        own_header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        for column in range(header.count()):
            self.rows.setColumnHidden(column, self._main.isColumnHidden(column))
            if not self._main.isColumnHidden(column):
                self.rows.setColumnWidth(column, self._main.columnWidth(column))
        self.rows.scrollToBottom()
        if old is not None:
            old.deleteLater()


def _to_store(lines: list[LogEvent]) -> LogStore:
    store = LogStore()
    if lines:
        events = LogColumns.of(lines)
        fed = InvocationTracker("").feed_all(events)
        count = len(events)
        levels = bytes(_LEVELS.get(level, Level.NONE) for level in fed.levels)
        columns = (events.timestamps_ms, events.ingestions_ms, events.streams, events.messages)
        store.add_columns(*columns, bytes(count), levels, [-1] * count, bytes(count), {})
    return store


def _get_own_sources(
    lines: list[LogEvent], sources: LogSources, source_of: Callable[[LogEvent], int]
) -> LogSources:
    numbers = {line.stream: source_of(line) for line in lines}
    names = (*sources.names, "")
    return LogSources(names, lambda stream: numbers.get(stream, -1) % len(names))


def _duration(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _price(amount: Decimal) -> str:
    return f"${amount:.3f}" if amount >= Decimal("0.001") else format_money(amount)
