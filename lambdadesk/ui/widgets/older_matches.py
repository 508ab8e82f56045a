"""OlderMatches, how many of the lines on disk the filter of a log page leaves, too."""

import time
from collections.abc import Callable
from enum import Enum

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from lambdadesk.core.errors import UserError
from lambdadesk.core.logfilter import Filter
from lambdadesk.desk.log_archive import LogArchive, Tally
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.older_lines import figure
from lambdadesk.ui.widgets.plain import set_plain_tooltip

DELAY_MS = 300  # after the last key, and between counts of what has come to the disk meanwhile
_LONG_S = 1.0  # a count that takes longer can be cancelled also where there is little room
_NAME = "count older lines"  # in the scope


class _State(Enum):
    COUNTING = 0
    DONE = 1
    STOPPED = 2  # by the user
    FAILED = 3


class OlderMatches(QWidget):
    """Hidden while there is no filter or nothing on disk. It counts within the scope, a new filter from anew.

    tally: what is known of the filter in use.

    Where there is little room, it is shown only while there is something to click: a count that takes long,
    or was not completed. Else the button of the older lines has the figure (`short_words`).

    Signals:
        changed(): after `is_in_use`, `short_words` or whether it is shown changed.
        open_requested(): the lines that match are to be shown.
    """

    changed = Signal()
    open_requested = Signal()

    def __init__(self, scope: TaskScope, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scope = scope
        self._archive: LogArchive | None = None
        self.tally = Tally(Filter())
        self._state = _State.DONE
        self._error = ""
        self._is_low = False
        self._began_s = 0.0  # counting, by the monotonic clock
        self._disconnect: Callable[[], None] | None = None
        self.said = named(ToneLabel("dim"), "logOlderMatches", "Matches among the older lines on disk")
        self.cancel = named(QPushButton("Cancel"), "logOlderCancel", "Stop counting older lines")
        self.cancel.clicked.connect(self._stop)
        self.again = named(QPushButton(), "logOlderAgain", "Go on counting older lines")
        self.again.clicked.connect(self._go_on)
        self.show_them = named(QPushButton("Older lines…"), "logOlderShow", "Show the older lines that match")
        set_plain_tooltip(self.show_them, "Open the older lines with the same filter")
        self.show_them.clicked.connect(self.open_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE)
        row.addWidget(self.said, 1)
        for button in (self.cancel, self.again, self.show_them):
            button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            row.addWidget(button)
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._count)
        self.hide()

    def use_archive(self, archive: LogArchive | None) -> None:
        """Count the lines of another archive; None: of none any more."""
        if self._disconnect is not None:
            self._disconnect()
        self._archive = archive
        self._disconnect = archive.changed.connect(self._on_changed) if archive is not None else None
        self.use_filter(self.tally.wanted)

    def use_filter(self, wanted: Filter) -> None:
        """Count what this one leaves, from anew."""
        self._scope.cancel(_NAME)
        self._timer.stop()
        self.tally = Tally(wanted)
        self._go_on()

    def set_low(self, is_low: bool) -> None:
        """Whether there is little room."""
        if is_low != self._is_low:
            self._is_low = is_low
            self._show()

    @property
    def is_in_use(self) -> bool:
        """Whether there is a filter that lines on disk may match."""
        return not self.tally.wanted.is_empty and self._archive is not None and bool(len(self._archive))

    @property
    def short_words(self) -> str:
        """How many lines on disk match, empty where there is no filter."""
        if not self.is_in_use:
            return ""
        return "… older" if self._state is _State.COUNTING else f"+ {figure(self.tally.found)} older"

    @property
    def left_out_words(self) -> str:
        """What an export of the lines in memory does not have; empty where nothing on disk is missing."""
        if self._archive is None or not (total := len(self._archive)):
            return ""
        if self.tally.wanted.is_empty:
            return f"The {figure(total)} older lines on disk are not in it."
        if self._state is not _State.DONE:
            return "Older lines on disk that match are not in it."
        return f"The matches on disk, {figure(found)}, are not in it." if (found := self.tally.found) else ""

    def _go_on(self) -> None:
        self._state, self._error = _State.COUNTING, ""
        self._began_s = time.monotonic()
        if self.is_in_use:
            self._timer.start()
        self._show()

    def _stop(self) -> None:
        self._timer.stop()
        self._scope.cancel(_NAME)
        self._state = _State.STOPPED
        self._show()

    def _on_changed(self) -> None:
        """Lines came to the disk, or went from it."""
        if not self.is_in_use:
            self._show()
        elif not self._timer.isActive() and not self._scope.is_running(_NAME):
            if self._state in (_State.STOPPED, _State.FAILED):
                self._show()
            else:
                self._timer.start()

    def _count(self) -> None:
        self._scope.start(_NAME, self._run)

    async def _run(self) -> None:
        archive, tally = self._archive, self.tally
        if archive is None:
            return
        was_counting = self._state is _State.COUNTING
        try:
            await archive.count(tally, self._show)
        except UserError as error:
            self._state, self._error = _State.FAILED, str(error)
        else:
            self._state = _State.DONE
        self._show()
        if was_counting:
            announce(self.said, self.said.text())

    def _show(self) -> None:
        archive, tally, state = self._archive, self.tally, self._state
        is_long = state is _State.COUNTING and time.monotonic() - self._began_s > _LONG_S
        is_open = is_long or state in (_State.STOPPED, _State.FAILED)
        self.setVisible(self.is_in_use and (not self._is_low or is_open))
        self.changed.emit()
        if archive is None or not self.is_in_use:
            return
        total = figure(len(archive))
        self.cancel.setVisible(state is _State.COUNTING)
        self.again.setVisible(state in (_State.STOPPED, _State.FAILED))
        self.again.setText("Try again" if state is _State.FAILED else "Count on")
        so_far = f"{figure(tally.found)} found in {figure(tally.looked_at)} of {total} older lines on disk"
        match state:
            case _State.COUNTING:
                self.said.say(f"Counting matches: {so_far}…", "dim")
            case _State.STOPPED:
                self.said.say(f"▲ Counting was stopped: {so_far}.", "warning")
            case _State.FAILED:
                self.said.say(f"✖ Not all were counted: {so_far}. {self._error}", "error")
            case _State.DONE:
                verb = "matches" if tally.found == 1 else "match"
                found = f"+ {figure(tally.found)}" if tally.found else "None"
                gone = f"; {figure(archive.lost)} older ones are gone" if archive.lost else ""
                text = f"{found} of {total} older lines on disk {verb}{gone}"
                if archive.error is None:
                    self.said.say(text, "dim")
                else:
                    self.said.say(f"▲ {text}. {archive.error}", "warning")
