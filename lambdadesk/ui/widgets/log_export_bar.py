"""LogExportBar, log lines written to a file that the user names, with progress and cancel."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QToolButton, QWidget

from lambdadesk.core.logfilter import lines_left
from lambdadesk.desk.log_archive import LogArchive
from lambdadesk.desk.log_export import Choose, ChooseOlder, all_lines, export_lines
from lambdadesk.desk.tailer import Tailer
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.log_view import LogView
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.older_lines import gone_words
from lambdadesk.ui.widgets.older_matches import OlderMatches

_SUFFIXES = (".log", ".ndjson", ".csv")


@dataclass(frozen=True, slots=True)
class _Export:
    """What is to be written of a tail: lines of its store as it then is, and of its archive.

    older, choose_older: see `export_lines`. whole: the export that has more; None: there is none.
    """

    title: str
    tail: Tailer
    choose: Choose
    older: LogArchive | None
    choose_older: ChooseOlder | None
    whole: Callable[[], None] | None


class LogExportBar(QWidget):
    """Hidden until lines are exported; then says what became of it. Its work is the scope's "export".

    view: shows the lines in memory; matches: knows of those on disk.
    """

    def __init__(
        self,
        scope: TaskScope,
        tail: Tailer,
        view: LogView,
        matches: OlderMatches,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._scope = scope
        self._tail = tail
        self._view = view
        self._matches = matches
        self.said = named(ToneLabel("dim"), "logExport", "What became of the export")
        self.cancel = named(QPushButton("Cancel"), "logExportCancel", "Cancel the export")
        self.cancel.clicked.connect(lambda: scope.cancel("export"))
        self.cancel.hide()
        self.whole = named(
            QPushButton("With those…"), "logExportWhole", "Export again, with the lines on disk"
        )
        self.whole.clicked.connect(self._ask_for_whole)
        self.whole.hide()
        self._whole: Callable[[], None] | None = None
        self.close_sign = named(QToolButton(), "logExportClose", "Close what is said of the export")
        self.close_sign.setIcon(icon("close"))
        self.close_sign.setAutoRaise(True)
        self.close_sign.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE)
        row.addWidget(self.said, 1)
        row.addWidget(self.whole)
        row.addWidget(self.cancel)
        row.addWidget(self.close_sign)
        self.hide()

    def use_tail(self, tail: Tailer) -> None:
        """Export the lines of another tail from now on."""
        self._tail = tail
        self._whole = None
        self.whole.hide()

    def ask(self, is_all: bool) -> None:
        """Ask where to write all lines, those on disk, too, or the ones shown, which are in memory."""
        if is_all:
            self._ask_where(
                _Export("Export all lines", self._tail, all_lines, self._tail.archive, None, None)
            )
            return
        lines = self._view.lines
        choose = partial(lines_left, lines.filter, lines.context)
        self._ask_where(
            _Export("Export the lines shown", self._tail, choose, None, None, self.ask_with_older)
        )

    def ask_with_older(self) -> None:
        """Ask where to write all lines that the filter leaves, on disk and in memory."""
        wanted, archive = self._view.lines.filter, self._tail.archive
        if wanted.is_empty or archive is None:
            self.ask(True)
            return
        find = partial(archive.find, wanted, tally=self._matches.tally)
        choose = partial(lines_left, wanted, 0)
        self._ask_where(_Export("Export all that match", self._tail, choose, archive, find, None))

    def _ask_where(self, export: _Export) -> None:
        dialog = QFileDialog(self, export.title)
        dialog.setObjectName("logExportDialog")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["Text (*.log)", "One JSON a line (*.ndjson)", "Table (*.csv)"])
        dialog.selectFile(f"{export.tail.function.name}.log")
        dialog.setDefaultSuffix("log")

        def use_format(chosen: str) -> None:
            suffix = chosen.rpartition(".")[2].removesuffix(")")
            dialog.setDefaultSuffix(suffix)
            name = Path(dialog.selectedFiles()[0])
            if name.suffix in _SUFFIXES:  # the name goes with the format, which not every dialog sees to
                dialog.selectFile(name.with_suffix(f".{suffix}").name)

        dialog.filterSelected.connect(use_format)
        dialog.fileSelected.connect(
            lambda path: self._scope.start("export", self._export, Path(path), export)
        )
        dialog.open()

    def say(self, text: str, tone: str = "dim") -> None:
        self.said.say(text, tone)
        self.show()
        if tone != "dim":
            announce(self, text)

    async def _export(self, path: Path, export: _Export) -> None:
        tail = export.tail
        self.cancel.show()
        self.close_sign.hide()
        self.whole.hide()
        self.say("Writing lines…")
        is_done = False
        try:
            total = await export_lines(
                tail.store,
                export.choose,
                path,
                lambda count, of: self.say(f"{count:,} of {of:,} lines written…"),
                (lambda stream: tail.source_of(stream).name) if len(tail.sources) > 1 else None,
                export.older,
                export.choose_older,
            )
            is_done = True
        finally:
            self.cancel.hide()
            self.close_sign.show()
            if not is_done:
                self.say("Nothing was written.")
        left_out = gone_words(tail) if export.whole is None else self._matches.left_out_words
        self.say(
            f"✔ {total:,} {'line' if total == 1 else 'lines'} written to {path}. {left_out}".strip(), "ok"
        )
        self._whole = export.whole
        self.whole.setVisible(bool(left_out) and export.whole is not None)

    def _ask_for_whole(self) -> None:
        if self._whole is not None:
            self._whole()
