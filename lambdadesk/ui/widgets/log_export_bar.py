"""LogExportBar, log lines written to a file that the user names, with progress and cancel."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from lambdadesk.core.logstore import LogStore
from lambdadesk.desk.log_archive import LogArchive
from lambdadesk.desk.log_export import Choose, GroupOf, export_lines
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce


class LogExportBar(QWidget):
    """Hidden until lines are exported; then says what became of it. Its work is the scope's "export"."""

    def __init__(self, scope: TaskScope, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scope = scope
        self.said = named(ToneLabel("dim"), "logExport", "What became of the export")
        self.cancel = named(QPushButton("Cancel"), "logExportCancel", "Cancel the export")
        self.cancel.clicked.connect(lambda: scope.cancel("export"))
        self.cancel.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE)
        row.addWidget(self.said, 1)
        row.addWidget(self.cancel)
        self.hide()

    def ask_where(
        self,
        title: str,
        name: str,
        store: LogStore,
        choose: Choose,
        group_of: GroupOf | None,
        older: LogArchive | None,
    ) -> None:
        """Ask for a file, then write lines of the store as it then is; name: how the file is called at first.

        choose, group_of, older: see `export_lines`.
        """
        dialog = QFileDialog(self, title)
        dialog.setObjectName("logExportDialog")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["Text (*.log)", "One JSON a line (*.ndjson)", "Table (*.csv)"])
        dialog.selectFile(f"{name}.log")
        dialog.filterSelected.connect(
            lambda chosen: dialog.setDefaultSuffix(chosen.rpartition(".")[2].removesuffix(")"))
        )
        dialog.setDefaultSuffix("log")
        dialog.fileSelected.connect(
            lambda path: self._scope.start("export", self._export, Path(path), store, choose, group_of, older)
        )
        dialog.open()

    def say(self, text: str, tone: str = "dim") -> None:
        self.said.say(text, tone)
        self.show()
        if tone != "dim":
            announce(self, text)

    async def _export(
        self,
        path: Path,
        store: LogStore,
        choose: Choose,
        group_of: GroupOf | None,
        older: LogArchive | None,
    ) -> None:
        self.cancel.show()
        self.say("Writing lines…")
        is_done = False
        try:
            total = await export_lines(
                store,
                choose,
                path,
                lambda count, of: self.say(f"{count:,} of {of:,} lines written…"),
                group_of,
                older,
            )
            is_done = True
        finally:
            self.cancel.hide()
            if not is_done:
                self.say("Nothing was written.")
        self.say(f"✔ {total:,} {'line' if total == 1 else 'lines'} written to {path}.", "ok")
