"""LogFollowing, how the user says what a log page follows, from when on, and with Live Tail or without."""

import time
from datetime import UTC, datetime
from decimal import Decimal

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lambdadesk.aws.endpoints import is_aws
from lambdadesk.core.errors import UserError
from lambdadesk.core.log_choice import LogChoice, LogStart
from lambdadesk.core.logfilter import Filter
from lambdadesk.core.prices import PriceItem
from lambdadesk.desk.log_follow import MOST_GROUPS, LogFollow
from lambdadesk.desk.tailer import TailState
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.ask_bar import AskBar
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.log_head import LogHead
from lambdadesk.ui.widgets.log_live import LogLive
from lambdadesk.ui.widgets.log_view import LogView
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.time_range import MomentEdit, to_epoch_s

LIVE_MINUTES = (2, 10, 30, 60)
_MOMENT = "%Y-%m-%d %H:%M:%S"


class LogFollowing(QWidget):
    """A row of buttons, and below it a question where one is asked. `live` is to be put below the lines.

    Work is the scope's "log groups" and "live".

    Signals:
        asking_changed(): a question is asked, or is no longer.
    """

    asking_changed = Signal()

    def __init__(
        self, follow: LogFollow, view: LogView, scope: TaskScope, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._follow = follow
        self._view = view
        self._scope = scope
        self.head = LogHead()
        self.ask = AskBar(is_narrow=True)
        self.live = LogLive(view.table)
        self.live.stop_requested.connect(lambda: self.end_live("you stopped it"))
        self._stopped_by = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.SPACE)
        layout.addWidget(self.head)
        layout.addWidget(self.ask)
        self.ask.installEventFilter(self)
        self.head.choose_requested.connect(self._choose)
        self.head.start_chosen.connect(self._use_start)
        self.head.moment_requested.connect(self._ask_moment)
        self.head.pause_requested.connect(self._pause)
        self.head.live_requested.connect(self._turn_live)
        self._dialog: QWidget | None = None
        self._shown: object = None
        self.show_state()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Show, QEvent.Type.Hide):
            self.asking_changed.emit()
        return super().eventFilter(watched, event)

    @property
    def is_asking(self) -> bool:
        return self.ask.is_asking

    @property
    def since_words(self) -> str:
        """From when on the log is followed, as the end of a sentence."""
        start = self._follow.start
        if start.since_ms is not None:
            return f"since {self._moment_words(start.since_ms // 1000)}"
        minutes = start.lookback_ms // 60_000
        if not minutes:
            return "so far"
        return "in the last hour" if minutes == 60 else f"in the last {minutes} minutes"

    def show_state(self) -> None:
        """What is followed and how it fares may have changed."""
        follow = self._follow
        is_paused = follow.tail.state is TailState.PAUSED
        shown = (follow.choice, follow.start, is_paused, self._view.is_utc)
        if shown == self._shown:
            return
        self._shown = shown
        choice, start = follow.choice, follow.start
        self.head.show_choice(choice.words, "\n".join((*choice.functions, *choice.groups, *choice.patterns)))
        words = f"From {self._moment_words(start.since_ms // 1000)}" if start.since_ms is not None else ""
        self.head.show_start(start, words)
        self.head.show_paused(is_paused)

    # -- what, and from when on

    def _choose(self) -> None:
        from lambdadesk.aws.insights import fetch_log_groups
        from lambdadesk.ui.dialogs.log_choice_dialog import LogChoiceDialog

        if self._dialog is not None:
            self._dialog.raise_()
            self._dialog.activateWindow()
            return
        connection = self._follow.connection
        functions = connection.catalog.state.functions
        dialog = LogChoiceDialog(
            self._follow.choice, self._follow.function, functions, MOST_GROUPS, self.window()
        )

        async def search(part: str) -> None:
            try:
                dialog.show_groups(await fetch_log_groups(connection.gateway, part))
            except UserError as error:
                dialog.show_failure(error)

        dialog.search_requested.connect(lambda part: self._scope.start("log groups", search, part))
        dialog.chosen.connect(self._use_choice)
        dialog.closed.connect(self._on_dialog_closed)
        self._dialog = dialog
        dialog.open()

    def _on_dialog_closed(self) -> None:
        self._dialog = None
        self._scope.cancel("log groups")

    def _use_choice(self, choice: LogChoice) -> None:
        self._use(choice, self._follow.start)

    def _use_start(self, start: LogStart) -> None:
        self._use(self._follow.choice, start, anew=True)

    def _use(self, choice: LogChoice, start: LogStart, *, anew: bool = False) -> None:
        self.ask.dismiss()
        self.end_live("other logs are followed now")
        self._follow.use(choice, start, anew=anew)
        self.show_state()

    def _ask_moment(self) -> None:
        self._shown = None
        self.show_state()  # the list goes back to what holds until then
        is_utc = self._view.is_utc
        edit = named(MomentEdit(), "logMoment", "Follow from this date and time")
        since_ms = self._follow.start.since_ms
        edit.show_moment(since_ms // 1000 if since_ms else int(time.time()) - 3_600, is_utc=is_utc)
        self._ask_for_moment("", edit, is_utc=is_utc)

    def _ask_for_moment(self, problem: str, edit: MomentEdit, *, is_utc: bool) -> None:
        zone = "UTC" if is_utc else "local time"

        def begin() -> None:
            at_s = to_epoch_s(edit, is_utc)
            if at_s > time.time():
                again = named(MomentEdit(), "logMoment", "Follow from this date and time")
                again.show_moment(at_s, is_utc=is_utc)
                self._ask_for_moment("That is in the future. ", again, is_utc=is_utc)
            else:
                self._use_start(LogStart(0, at_s * 1000))

        def begin_by_key() -> None:
            self.ask.dismiss()
            begin()

        edit.lineEdit().returnPressed.connect(begin_by_key)
        question = f"{problem}Follow from which date and time ({zone})?"
        self.ask.ask(question, [("logMomentUse", "Follow", begin)], "Cancel", edit)

    def _moment_words(self, at_s: int) -> str:
        zone = UTC if self._view.is_utc else None
        return datetime.fromtimestamp(at_s, UTC).astimezone(zone).strftime(_MOMENT)

    def _pause(self, pause: bool) -> None:
        if pause:
            self.end_live("the log was paused")
            self._follow.tail.pause()
        else:
            self._follow.tail.resume()

    # -- Live Tail

    @property
    def is_live(self) -> bool:
        return self._scope.is_running("live")

    def end_live(self, why: str) -> None:
        """End the session, if there is one; its minutes end with it."""
        if self.is_live:
            self._stopped_by = why
            self._scope.cancel("live")

    def _turn_live(self, is_wanted: bool) -> None:
        self.head.show_live(self.is_live)
        if not is_wanted:
            self.end_live("you stopped it")
        elif not self.is_live:
            self._ask_live()

    def _ask_live(self) -> None:
        from lambdadesk.desk.live_overlay import MAX_GROUPS as MOST_LIVE
        from lambdadesk.desk.live_overlay import price_words

        if (count := len(self._follow.tail.followed)) > MOST_LIVE:
            self.ask.ask(
                f"Live Tail listens to {MOST_LIVE} log groups at most, and {count} are followed here. "
                "Follow fewer of them first.",
                [],
                "Close",
            )
            return
        connection = self._follow.connection
        words = price_words(connection.target, connection.prices)
        minutes = named(CalmComboBox(), "logLiveMinutes", "For how long at most")
        for count in LIVE_MINUTES:
            minutes.addItem(f"For {count} minutes{self._cost_words(count)} at most", count)
        minutes.setCurrentIndex(1)

        def start() -> None:
            self._scope.start("live", self._listen, minutes.currentData())

        self.ask.ask(
            f"Live Tail shows lines about a second after they are written, {words} It ends after "
            "the time below, when you leave this page, or when LambdaDesk's own budget is used up. Beyond "
            "500 lines a second AWS leaves some out; the log stays complete either way.",
            [("logLiveStart", "Start Live Tail", start)],
            "Cancel",
            minutes,
        )

    @property
    def _costs(self) -> bool:
        return is_aws(self._follow.connection.target)

    @property
    def _price(self) -> Decimal:
        connection = self._follow.connection
        return connection.prices.rate(PriceItem.LIVE_TAIL, connection.target.region, "x86_64").price

    def _cost_words(self, minutes: int) -> str:
        return f", ${minutes * self._price:.2f}" if self._costs else ""

    async def _listen(self, minutes: int) -> None:
        from lambdadesk.desk.live_overlay import LiveOverlay

        follow = self._follow
        overlay = LiveOverlay(
            follow.connection.gateway, follow.tail, for_minutes=float(minutes), price=self._price
        )
        self._stopped_by = ""
        follow.tail.resume()  # or no poll would ever confirm its lines
        self.head.show_live(True)

        def show() -> None:
            if overlay.is_on:
                self.live.show_session(
                    overlay, self._wanted(), self._view.sources, costs=self._costs, is_utc=self._view.is_utc
                )

        disconnect = overlay.changed.connect(show)
        try:
            await overlay.run()
        finally:
            disconnect()
            self.head.show_live(False)
            self.live.show_end(overlay, self._stopped_by or "its time was up", costs=self._costs)

    def _wanted(self) -> Filter:
        return self._view.lines.filter
