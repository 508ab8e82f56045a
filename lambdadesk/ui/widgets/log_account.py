"""LogAccount, the ledger of a log page: one line always in sight, and the whole of it behind a button."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from lambdadesk.desk.tail_account import EXPLAINED, account_text, gap_lines, is_interrupted, ledger_line
from lambdadesk.desk.tailer import Tailer
from lambdadesk.ui import theme
from lambdadesk.ui.dialogs.text_dialog import TextDialog
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip

_HOVERED_GAPS = 5


class LogAccount(QWidget):
    """`ledger` is what programs read, too: plain figures, and whatever is added comes after them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tail: Tailer | None = None
        self._notes: Sequence[str] = ()
        self._is_utc = False
        self._dialog: TextDialog | None = None
        self.ledger = named(_Ledger(), "logLedger", "Account of the tail")
        self.ledger.setForegroundRole(self.ledger.palette().ColorRole.PlaceholderText)
        self.ledger.setWordWrap(True)
        self.details = named(QToolButton(), "logAccount", "The whole account, with every gap explained")
        self.details.setText("Account…")
        self.details.setAutoRaise(True)
        self.details.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        set_plain_tooltip(self.details, "Each log group's figures, every gap, and what can't be promised")
        self.details.clicked.connect(self._open)
        self._seconds = QTimer(self, interval=1_000)  # an outage is told by the second
        self._seconds.timeout.connect(self._on_second)
        self._was_interrupted = False
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE)
        row.addWidget(self.ledger, 1)
        row.addWidget(self.details)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._seconds.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._seconds.stop()

    def _on_second(self) -> None:
        if self._tail is None:
            return
        was_interrupted, self._was_interrupted = self._was_interrupted, is_interrupted(self._tail)
        if was_interrupted or self._was_interrupted:
            self.show_tail(self._tail, self._notes)

    def set_low(self, is_low: bool) -> None:
        """Keep to one line, and cut what has no room in it; else it wraps."""
        self.ledger.setWordWrap(not is_low)
        self.ledger.updateGeometry()

    def set_utc(self, is_utc: bool) -> None:
        """Tell times in UTC, as the lines are, or in the local time zone."""
        self._is_utc = is_utc
        if self._tail is not None:
            self.show_tail(self._tail, self._notes)

    def show_tail(self, tail: Tailer, notes: Sequence[str]) -> None:
        """notes: what else is to be said of what is followed."""
        self._tail, self._notes = tail, notes
        is_utc = self._is_utc
        line = ledger_line(tail, notes, is_utc=is_utc)
        if line != self.ledger.text():
            self.ledger.setText(line)
            gaps = "\n".join(gap_lines(tail.counts, _HOVERED_GAPS, is_utc=is_utc))
            set_plain_tooltip(self.ledger, f"{gaps}\n\n{EXPLAINED}".strip())
        if self._dialog is not None:
            self._dialog.show_text(account_text(tail, notes, is_utc=is_utc))

    def _open(self) -> None:
        if self._tail is None:
            return
        if self._dialog is not None:
            self._dialog.raise_()
            self._dialog.activateWindow()
            return
        text = account_text(self._tail, self._notes, is_utc=self._is_utc)
        self._dialog = TextDialog("Account of the log", EXPLAINED, text, self.window())
        self._dialog.setObjectName("logAccountDialog")
        self._dialog.finished.connect(self._on_closed)
        self._dialog.open()

    def _on_closed(self) -> None:
        self._dialog = None


class _Ledger(PlainLabel):
    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return hint if self.wordWrap() else QSize(8 * self.fontMetrics().averageCharWidth(), hint.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.wordWrap():
            super().paintEvent(event)
            return
        room = self.contentsRect()
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
