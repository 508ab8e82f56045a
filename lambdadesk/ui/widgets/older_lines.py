"""OlderLinesButton, which tells of the lines that are on disk and opens them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QPushButton, QWidget

from lambdadesk.core.log_terms import Term
from lambdadesk.desk.log_archive import Tally
from lambdadesk.desk.tailer import Tailer
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui.models.log_sources import LogSources
from lambdadesk.ui.models.log_table import Facts
from lambdadesk.ui.widgets.plain import set_plain_tooltip

if TYPE_CHECKING:
    from lambdadesk.ui.dialogs.older_lines_dialog import OlderLinesDialog


@dataclass(frozen=True, slots=True)
class OlderFilter:
    """The filter of a log page, for a look at its older lines.

    text:  as it was typed.
    terms: what narrows it besides, such as the levels that are switched on; words: the same for people.
    tally: what was counted of both together.
    """

    text: str
    terms: tuple[Term, ...] = ()
    words: str = ""
    tally: Tally | None = None


class OlderLinesButton(QPushButton):
    """Hidden while there is none. scope: runs what the dialog looks for; get_filter: what it begins with."""

    def __init__(
        self,
        tail: Tailer,
        scope: TaskScope,
        facts: Facts,
        get_filter: Callable[[], OlderFilter],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("logOlder")
        self.setAccessibleName("Older lines on disk")
        self.sources: LogSources | None = None  # whose the lines are, where there are several
        self._scope = scope
        self._facts = facts
        self._get_filter = get_filter
        self.clicked.connect(self.open_dialog)
        self._dialog: OlderLinesDialog | None = None
        self._is_short = self._are_said = self._is_utc = False
        self._matches = ""
        self._disconnects: list[Callable[[], None]] = []
        self.use_tail(tail)

    def use_tail(self, tail: Tailer) -> None:
        """Tell of the lines of another tail; those of the one before are no longer there."""
        self.release()
        self._tail = tail
        self._disconnects = [tail.store.changed.connect(lambda _first: self.update_text())]
        if tail.archive is not None:
            self._disconnects.append(tail.archive.changed.connect(self.update_text))
        self.update_text()

    def release(self) -> None:
        """Let go of the tail."""
        for disconnect in self._disconnects:
            disconnect()
        self._disconnects = []
        if self._dialog is not None:
            self._dialog.close()

    def set_short(self, is_short: bool) -> None:
        """Whether it is to take little room."""
        if is_short != self._is_short:
            self._is_short = is_short
            self.update_text()

    def set_utc(self, is_utc: bool) -> None:
        """Show the times of the lines in UTC, or in the local time zone."""
        self._is_utc = is_utc
        if self._dialog is not None:
            self._dialog.view.set_utc(is_utc)

    def show_matches(self, words: str, *, are_said: bool) -> None:
        """words: how many lines match, empty where there is no filter.

        are_said: by something else, which opens them, too; then this is hidden.
        """
        if (words, are_said) != (self._matches, self._are_said):
            self._matches, self._are_said = words, are_said
            self.update_text()

    def update_text(self) -> None:
        archive = self._tail.archive
        gone = gone_words(self._tail)
        has_any = archive is not None and bool(len(archive) or archive.lost)
        self.setVisible(has_any and not self._are_said)
        if archive is None:
            return
        if self._is_short:
            text = self._matches or f"{figure(len(archive))} older"
        else:
            text = f"{len(archive):,} older on disk"
            text += f", {archive.lost:,} dropped" if archive.lost else ""
        if archive.error is not None:
            text = f"▲ {text}"
        tooltip = gone or f"{len(archive):,} older lines are on disk: look at them, and filter them"
        if (text, tooltip) != (self.text(), self.toolTip()):
            self.setText(text)
            self.setEnabled(bool(len(archive)))
            set_plain_tooltip(self, tooltip)

    def open_dialog(self) -> None:
        """Look at the lines with the page's filter, also where they are looked at already."""
        from lambdadesk.ui.dialogs.older_lines_dialog import OlderLinesDialog

        if self._dialog is not None:
            self._dialog.use_filter(self._get_filter())
            self._dialog.raise_()
            self._dialog.activateWindow()
            return
        dialog = OlderLinesDialog(self._tail, self._scope, self._facts, self._get_filter(), self.window())
        if self.sources is not None:
            dialog.view.set_sources(self.sources)
        dialog.view.set_utc(self._is_utc)
        self._dialog = dialog
        dialog.finished.connect(self._on_closed)
        dialog.open()

    def _on_closed(self) -> None:
        self._dialog = None


def gone_words(tail: Tailer) -> str:
    """What became of lines that are neither in memory nor on disk; empty where there are none."""
    archive = tail.archive
    if archive is None:
        return ""
    words = []
    if archive.lost:
        noun = "line" if archive.lost == 1 else "lines"
        until = datetime.fromtimestamp(archive.lost_to_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        words.append(f"{archive.lost:,} {noun} up to {until} are no longer kept here.")
    if archive.error is not None:
        words.append(str(archive.error))
    return " ".join(words)


def figure(count: int) -> str:
    """As "12,431"; a million and more as "9.1 M"."""
    return f"{count / 1e6:.1f} M" if count >= 1_000_000 else f"{count:,}"
