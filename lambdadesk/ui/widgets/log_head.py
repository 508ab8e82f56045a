"""LogHead, what a log page follows, from when on, and whether it goes on."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QWidget

from lambdadesk.core.log_choice import LogStart
from lambdadesk.core.text import one_line
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.calm_combo import PatientComboBox
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import set_plain_tooltip

STARTS = (("Now", 0), ("10 minutes ago", 10 * 60_000), ("1 hour ago", 3_600_000))
_MOMENT = "Date and time…"
_CHOICE_PX, _MOST_PX = 90, 320


class LogHead(QWidget):
    """Buttons for what is followed, the start, pause and Live Tail, in one row.

    Signals:
        choose_requested(): other logs are wanted.
        start_chosen(LogStart): from there on, also where that was chosen before.
        moment_requested(): a date and time is to be asked for.
        pause_requested(bool), live_requested(bool).
    """

    choose_requested = Signal()
    start_chosen = Signal(object)
    moment_requested = Signal()
    pause_requested = Signal(bool)
    live_requested = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choose = named(_Choice(), "logChoose", "Logs followed; press to choose others")
        self.choose.setIcon(icon("logs"))
        self.choose.clicked.connect(self.choose_requested)
        self.start = named(PatientComboBox(), "logStart", "Follow from")
        self._start_at = 0
        self.start.setSizeAdjustPolicy(PatientComboBox.SizeAdjustPolicy.AdjustToContents)
        for words, lookback_ms in STARTS:
            self.start.addItem(f"From {words[0].lower()}{words[1:]}", LogStart(lookback_ms))
        self.start.addItem(_MOMENT, None)
        set_plain_tooltip(self.start, "Where the log begins; choosing one again begins anew")
        self.start.decided.connect(self._on_start)
        self.pause = _toggle("Pause", "pause", "logPause", "Pause the log")
        self.pause.clicked.connect(self.pause_requested)
        self.live = _toggle("Live Tail", "clock", "logLive", "Live Tail")
        set_plain_tooltip(
            self.live, "Show lines about a second after they are written, at a price per minute; asks first"
        )
        self.live.clicked.connect(self.live_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.TIGHT)
        for widget in (self.choose, self.start, self.pause, self.live):
            row.addWidget(widget)
        row.addStretch(1)
        self.show_paused(False)

    def show_choice(self, words: str, names: str) -> None:
        """words: on the button; names: all of it, for its tooltip."""
        self.choose.show_words(one_line(words, 100))
        self.choose.setAccessibleName(f"Logs followed: {words}. Press to choose others")
        set_plain_tooltip(self.choose, f"{names}\nFollow several functions or any log groups together")

    def show_start(self, start: LogStart, words: str) -> None:
        """words: the moment, where it is one."""
        last = self.start.count() - 1
        if start.since_ms is None:
            self.start.setItemText(last, _MOMENT)
            at = next((at for at in range(last) if self.start.itemData(at) == start), -1)
        else:
            self.start.setItemText(last, words)
            at = last
        self._start_at = at
        self.start.setCurrentIndex(at)

    def show_paused(self, is_paused: bool) -> None:
        self.pause.setChecked(is_paused)
        self.pause.setText("Resume" if is_paused else "Pause")
        self.pause.setIcon(icon("invoke" if is_paused else "pause"))
        set_plain_tooltip(
            self.pause,
            "Go on: what came meanwhile is read now"
            if is_paused
            else "Ask nothing until you resume; what comes meanwhile is read then",
        )

    def show_live(self, is_on: bool) -> None:
        self.live.setChecked(is_on)

    def _on_start(self, index: int) -> None:
        start = self.start.itemData(index)
        if start is not None:
            self.start_chosen.emit(start)
        elif self.start.is_leaving:  # a question is nothing to find on the way to elsewhere
            self.start.setCurrentIndex(self._start_at)
        else:
            self.moment_requested.emit()


class _Choice(QPushButton):
    """As wide as its words, or as there is room for."""

    def __init__(self) -> None:
        super().__init__()
        self._words = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_words(self, words: str) -> None:
        self._words = words
        self.updateGeometry()
        self._elide()

    def sizeHint(self) -> QSize:
        width = self.fontMetrics().horizontalAdvance(self._words) + self._frame_px
        return QSize(max(_CHOICE_PX, min(width, _MOST_PX)), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(_CHOICE_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    @property
    def _frame_px(self) -> int:
        return self.iconSize().width() + 2 * theme.WIDE + theme.SPACE

    def _elide(self) -> None:
        room = self.width() - self._frame_px
        words = self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideMiddle, room)
        self.setText(words.replace("&", "&&"))


def _toggle(word: str, icon_name: str, object_name: str, spoken: str) -> QToolButton:
    button = named(QToolButton(), object_name, spoken)
    button.setText(word)
    button.setIcon(icon(icon_name))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setCheckable(True)
    button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    return button
