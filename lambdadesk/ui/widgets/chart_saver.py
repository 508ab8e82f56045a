"""ChartSaver: asks where to, writes what is in sight, and says how that goes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.threads import in_thread
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.files import write_atomic
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.chart import Chart
from lambdadesk.ui.widgets.chart_export import FORMATS, Picture, Stopped, to_csv, to_png
from lambdadesk.ui.widgets.chart_legend import ChartLegend
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce

_SHOWN_AFTER_MS = 700  # what takes less is not said to be under way


class ChartSaver(QWidget):
    """A line below the charts, empty while there is nothing to say."""

    def __init__(self, panel: QWidget, scope: TaskScope, function_name: str) -> None:
        super().__init__(panel)
        self._panel, self._scope, self._name = panel, scope, function_name
        self._share, self._stops = 0.0, False
        self.said = named(ToneLabel("dim"), "chartSaid", "What was done")
        self.cancel = named(QPushButton(icon("stop"), "Cancel"), "chartCancel", "Stop the export")
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

    def ask_where(
        self, charts: Sequence[Chart], legend: ChartLegend, summary: str, columns: InvocationColumns
    ) -> None:
        """Ask for a file, then write the charts, or the columns, into it."""
        dialog = QFileDialog(self._panel, "Export the charts")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([*FORMATS])
        dialog.setDefaultSuffix("png")
        dialog.filterSelected.connect(lambda name: dialog.setDefaultSuffix(FORMATS[name]))
        dialog.selectFile(f"{self._name}-charts.png")
        picture = Picture(charts, legend, f"Charts of {self._name}", summary)
        dialog.fileSelected.connect(
            lambda path: self._scope.start("export", self._export, Path(path), picture, columns)
        )
        dialog.open()

    async def _export(self, path: Path, picture: Picture, columns: InvocationColumns) -> None:
        kind = path.suffix.lower()
        self._share, self._stops = 0.0, False
        try:
            if kind == ".csv":
                self._timer.start()
                data = await in_thread(partial(to_csv, columns, self._tell))
                what = f"{len(columns):,} {'invocation' if len(columns) == 1 else 'invocations'}"
            elif kind == ".svg":
                data, what = picture.to_svg(), "The drawing"
            else:
                data, what = await in_thread(to_png, picture.to_image()), "The picture"
            await in_thread(write_atomic, path, data)
        except Stopped:
            self.say("The export was stopped; no file was written.", "dim")
            return
        except OSError as error:
            raise UserError(
                f"The charts could not be exported: {error.strerror or error}.",
                "Choose another folder.",
                kind=ErrorKind.STORAGE,
                details=str(path),
            ) from error
        finally:
            self._timer.stop()
            self.cancel.hide()
        self.say(f"✔ {what} saved to {path}.", "ok")

    def _tell(self, share: float) -> bool:
        """Called from the thread that writes; reading and setting a number needs no more than this."""
        self._share = share
        return not self._stops

    def _stop(self) -> None:
        self._stops = True

    def _show_progress(self) -> None:
        self.said.say(f"Exporting: {100 * self._share:.0f} %", "dim")
        self.cancel.show()
        self.show()
