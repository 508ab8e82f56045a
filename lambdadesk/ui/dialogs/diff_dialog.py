"""DiffDialog: two runs side by side, their responses, payloads and figures."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTabWidget, QVBoxLayout, QWidget

from lambdadesk.core.json_diff import diff
from lambdadesk.core.threads import in_thread
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui import theme
from lambdadesk.ui.models.history_table import figures_of, name_of
from lambdadesk.ui.models.rows import NOTHING, Column, RowTableModel
from lambdadesk.ui.widgets.diff_view import DiffView
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel
from lambdadesk.ui.widgets.screen_room import resize_within
from lambdadesk.ui.widgets.tables import make_table

_Row = tuple[str, str, str]


class DiffDialog(QDialog):
    """Shown beside the window with `open()`; its owner runs `compare` in a TaskScope. Deletes itself.

    before, after: whole entries, in the order they are shown.
    """

    closed = Signal()

    def __init__(self, before: HistoryEntry, after: HistoryEntry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("diffDialog")
        self._entries = before, after
        names = name_of(before), name_of(after)
        title = f"{names[0]} and {names[1]}"
        self.setWindowTitle("Compare two runs")
        self.setAccessibleName(f"Compare {title}")
        self.responses = DiffView(*names)
        self.payloads = DiffView(*names)
        figures = _FigureModel(*names)
        figures.show_entries(before, after)
        self.figures = named(
            make_table(figures, ("Executed version", "a value of some length"), stretch=2),
            "diffFigures",
            "Figures of both runs",
        )
        self.views = named(QTabWidget(), "diffTabs", "What is compared")
        self.views.setDocumentMode(True)
        for widget, name in (
            (self.responses, "Responses"),
            (self.payloads, "Payloads"),
            (self.figures, "Figures"),
        ):
            self.views.addTab(widget, name)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.SPACE)
        head = PlainLabel(f"{before.function}: {title}")
        head.setWordWrap(True)
        layout.addWidget(head)
        layout.addWidget(self.views, 1)
        layout.addWidget(buttons)
        resize_within(self, 820, 520)
        self.finished.connect(self.closed)
        self.finished.connect(self.deleteLater)

    def open(self) -> None:
        """Show it; unlike QDialog's own, this does not keep the window from being used."""
        self.show()

    async def compare(self) -> None:
        """Work out the differences, which takes a second for some megabytes."""
        before, after = self._entries
        for view, one, other, what in (
            (self.responses, before.response, after.response, "response"),
            (self.payloads, before.payload, after.payload, "payload"),
        ):
            if not one and not other:
                view.say(f"Neither run has a {what} that was kept.")
                continue
            view.say("Comparing…")
            found = await in_thread(diff, one, other)
            view.show_diff(found)
        if before.response_truncated or after.response_truncated:
            cut = "Of a response the history keeps the first 256 KB, which were compared."
            self.responses.heading.setText(f"{self.responses.heading.text()} {cut}")


class _FigureModel(RowTableModel[_Row]):
    def __init__(self, before: str, after: str) -> None:
        super().__init__(
            (
                Column("", lambda row: row[0]),
                Column(before, lambda row: row[1]),
                Column(after, lambda row: row[2]),
            ),
            key=lambda row: row[0],
        )

    def show_entries(self, before: HistoryEntry, after: HistoryEntry) -> None:
        one, other = figures_of(before), figures_of(after)
        self._show([(name, value, other.get(name, NOTHING)) for name, value in one.items()])
