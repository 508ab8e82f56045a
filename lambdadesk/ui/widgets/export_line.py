"""ExportLine: asks which file to write a page to, writes it in a thread, and says how that goes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.invocation_csv import Stopped, to_csv
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Invocation
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.files import write_atomic
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.picture import Drawn, to_png, to_svg

FORMATS: Final = {
    "Picture of what is in sight (*.png)": "png",
    "Drawing of what is in sight (*.svg)": "svg",
    "Figures of what is in sight (*.csv)": "csv",
}
_SHOWN_AFTER_MS: Final = 700  # what takes less is not said to be under way


class InSight(NamedTuple):
    """What of a page goes into a file. draw: paints it, when a picture is wanted; on Qt's thread."""

    draw: Callable[[], Drawn]
    columns: InvocationColumns
    open_runs: Sequence[Invocation] = ()  # which have not ended


class ExportLine(QWidget):
    """A line below a page, empty while there is nothing to say. noun: what is exported, "charts"."""

    def __init__(self, page: QWidget, scope: TaskScope, function_name: str, noun: str, prefix: str) -> None:
        super().__init__(page)
        self._page, self._scope, self._name, self._noun = page, scope, function_name, noun
        self._share: float | None = None  # of the file that is made; None: not known
        self._stops = False
        self.said = named(ToneLabel("dim"), f"{prefix}Said", "What was done")
        self.cancel = named(QPushButton(icon("stop"), "Cancel"), f"{prefix}Cancel", "Stop the export")
        self.cancel.clicked.connect(self._stop)
        self.cancel.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE)
        row.addWidget(self.said, 1)
        row.addWidget(self.cancel)
        self._timer = QTimer(self, interval=_SHOWN_AFTER_MS)
        self._timer.timeout.connect(self._show_progress)
        self.hide()

    def say(self, text: str, tone: str) -> None:
        self.said.say(text, tone)
        self.show()
        announce(self, text)

    def ask_where(self, seen: InSight) -> None:
        """Ask for a file, then write what was in sight into it."""
        dialog = QFileDialog(self._page, f"Export the {self._noun}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([*FORMATS])
        dialog.setDefaultSuffix("png")

        def use_format(name: str) -> None:
            dialog.setDefaultSuffix(FORMATS[name])
            chosen = Path(dialog.selectedFiles()[0])
            if chosen.suffix.removeprefix(".") in FORMATS.values():  # the name goes with the format
                dialog.selectFile(chosen.with_suffix(f".{FORMATS[name]}").name)

        dialog.filterSelected.connect(use_format)
        dialog.selectFile(f"{self._name}-{self._noun}.png")
        dialog.fileSelected.connect(lambda path: self._scope.start("export", self.export, Path(path), seen))
        dialog.open()

    async def export(self, path: Path, seen: InSight) -> None:
        """Write a file, whose ending says what. Raises UserError where that can't be."""
        kind = path.suffix.lower().removeprefix(".")
        self._share, self._stops = None, False
        try:
            data, what = await self._make(kind, seen)
            await in_thread(write_atomic, path, data)
        except Stopped:
            self.say("The export was stopped; no file was written.", "dim")
            return
        except OSError as error:
            raise UserError(
                f"The {self._noun} could not be exported: {error.strerror or error}.",
                "Choose another folder.",
                kind=ErrorKind.STORAGE,
                details=str(path),
            ) from error
        finally:
            self._timer.stop()
            self.cancel.hide()
        self.say(f"✔ {what} saved to {path}.", "ok")

    async def _make(self, kind: str, seen: InSight) -> tuple[bytes, str]:
        """The file's content, and what is in it in words."""
        if kind not in FORMATS.values():
            raise UserError(
                f"There is no export as “.{kind}”." if kind else "The file's name has no ending.",
                "End it in .png, .svg or .csv.",
                kind=ErrorKind.INVALID,
            )
        self._timer.start()
        if kind == "csv":
            self._share = 0.0
            count = len(seen.columns) + len(seen.open_runs)
            data = await in_thread(to_csv, seen.columns, self._tell, seen.open_runs)
            return data, f"{count:,} {'invocation' if count == 1 else 'invocations'}"
        data = await in_thread(to_svg if kind == "svg" else to_png, seen.draw())
        if self._stops:
            raise Stopped
        return data, "The drawing" if kind == "svg" else "The picture"

    def _tell(self, share: float) -> bool:
        """Called from the thread that writes; reading and setting a number needs no more than this."""
        self._share = share
        return not self._stops

    def _stop(self) -> None:
        self._stops = True

    def _show_progress(self) -> None:
        share = "…" if self._share is None else f": {100 * self._share:.0f} %"
        self.said.say("Stopping…" if self._stops else f"Exporting{share}", "dim")
        self.cancel.setEnabled(not self._stops)
        self.cancel.show()
        self.show()
