"""OlderLinesButton, which tells of the lines that are on disk and opens them."""

from collections.abc import Callable
from datetime import datetime

from PySide6.QtWidgets import QPushButton, QWidget

from lambdadesk.desk.tailer import Tailer
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui.models.log_table import Facts
from lambdadesk.ui.widgets.plain import set_plain_tooltip


class OlderLinesButton(QPushButton):
    """Hidden while there is none. scope: runs what the dialog looks for; get_filter: what it begins with."""

    def __init__(
        self,
        tail: Tailer,
        scope: TaskScope,
        facts: Facts,
        get_filter: Callable[[], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("logOlder")
        self.setAccessibleName("Older lines on disk")
        self._scope = scope
        self._facts = facts
        self._get_filter = get_filter
        self.clicked.connect(self._open)
        self._disconnects: list[Callable[[], None]] = []
        self.show_tail(tail)

    def show_tail(self, tail: Tailer) -> None:
        """Tell of another tail."""
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

    def update_text(self) -> None:
        archive = self._tail.archive
        gone = gone_words(self._tail)
        self.setVisible(archive is not None and bool(len(archive) or archive.lost))
        if archive is None:
            return
        text = f"{len(archive):,} older on disk"
        if archive.lost:
            text += f", {archive.lost:,} dropped"
        if archive.error is not None:
            text = f"▲ {text}"
        if text != self.text() or gone != self.toolTip():
            self.setText(text)
            self.setEnabled(bool(len(archive)))
            set_plain_tooltip(self, gone or "Look at them, and filter them")

    def _open(self) -> None:
        from lambdadesk.ui.dialogs.older_lines_dialog import OlderLinesDialog

        dialog = OlderLinesDialog(self._tail, self._scope, self._facts, self._get_filter(), self.window())
        dialog.open()


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
