"""HistoryPanel: the runs made here as a notebook, searched, compared, repeated, kept or thrown away."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QIcon, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import FunctionInfo
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.invoke.requests import get_commands, to_request
from lambdadesk.ui.models.history_table import (
    FUNCTION_COLUMN,
    NOTEBOOK_COLUMNS,
    NOTEBOOK_SAMPLES,
    HistoryTableModel,
)
from lambdadesk.ui.widgets.ask_bar import AskBar
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.filter_edit import FilterEdit
from lambdadesk.ui.widgets.json_view import JsonView
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import set_plain_tooltip
from lambdadesk.ui.widgets.result_view import ResultView
from lambdadesk.ui.widgets.tables import make_table
from lambdadesk.ui.widgets.wrapping_row import WrappingRow

SEARCH_DELAY_MS = 200
LIMIT = 500  # runs that are shown; more are found by searching
_LOW_PX = 400
_NARROW_PX = 600


class HistoryPanel(QWidget):
    """The runs of one function, or of all functions of its connection.

    Signals:
        load_requested(HistoryEntry): put its payload back into the editor; the entry is whole.
        rerun_requested(HistoryEntry): send the same once more.
    """

    load_requested = Signal(object)
    rerun_requested = Signal(object)

    def __init__(self, connection: Connection, function: FunctionInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope = TaskScope(self._on_failure)
        self._connection = connection
        self._function = function
        self._shown: HistoryEntry | None = None  # whole, at the right
        self._build()
        self._wait = QTimer(self, singleShot=True, interval=SEARCH_DELAY_MS)
        self._wait.timeout.connect(self.search)
        runs = connection.runs
        self._disconnects = [
            connection.invoker.recorded.connect(self._on_run),
            connection.invoker.updated.connect(self._on_run),
            runs.changed.connect(self._on_changed),
            runs.deleted.connect(self._on_deleted),
        ]
        self.search()

    def _build(self) -> None:
        self._asked_to_delete: frozenset[int] = frozenset()
        self.filter = named(
            FilterEdit("Search payloads, responses, notes, request ids"), "historyFilter", "Search the runs"
        )
        self.filter.textChanged.connect(lambda _text: self._wait.start())
        self.starred_only = named(QCheckBox("Starred"), "historyStarredOnly", "Show starred runs only")
        self.everywhere = named(QCheckBox("All functions"), "historyAllFunctions", "Show all functions")
        for box in (self.starred_only, self.everywhere):
            box.toggled.connect(lambda _checked: self.search())
        top = QHBoxLayout()
        top.setSpacing(theme.SPACE)
        top.addWidget(self.filter, 1)
        top.addWidget(self.starred_only)
        top.addWidget(self.everywhere)

        self.model = HistoryTableModel(self, NOTEBOOK_COLUMNS)
        self.table = named(
            make_table(self.model, NOTEBOOK_SAMPLES, stretch=len(NOTEBOOK_SAMPLES)), "historyTable", "Runs"
        )
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.selectionModel().selectionChanged.connect(lambda *_ranges: self._on_selection())
        self.table.activated.connect(lambda _index: self._load())
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._show_menu)
        self.state = StateView()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.table)
        self.stack.addWidget(self.state)

        self.payload = named(JsonView(), "notebookPayload", "Payload of the selected run")
        self.result = ResultView()
        # Their own names belong to the Invoke page.
        for widget in self.result.findChildren(QWidget):
            if (name := widget.objectName()) and not name.startswith("qt_"):
                widget.setObjectName(f"notebook{name[0].upper()}{name[1:]}")
        self.result.copies = self._get_copies
        self.result.save_requested.connect(
            lambda path, data: self.scope.start("save", self.result.save, path, data)
        )
        self.detail = detail = named(QSplitter(Qt.Orientation.Vertical), "notebookDetailSplitter")
        detail.setChildrenCollapsible(False)
        parts = named(QSplitter(Qt.Orientation.Horizontal), "notebookSplitter")
        parts.setChildrenCollapsible(False)

        self.ask = AskBar()
        self.ask.asks.connect(lambda _asks: setattr(self, "_asked_to_delete", frozenset()))
        self.said = named(ToneLabel("dim"), "historySaid", "What was done")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(top)
        layout.addWidget(parts, 1)
        parts.addWidget(self.stack)
        parts.addWidget(detail)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        detail.addWidget(self.payload)
        detail.addWidget(self.result)
        detail.setStretchFactor(1, 2)
        detail.setSizes([140, 300])
        layout.addWidget(self._build_buttons())
        layout.addWidget(self.ask)
        layout.addWidget(self.said)
        QShortcut(QKeySequence("Ctrl+F"), self, self.filter.setFocus).setContext(
            Qt.ShortcutContext.WidgetWithChildrenShortcut
        )

    def _build_buttons(self) -> WrappingRow:
        self.buttons: dict[str, QPushButton] = {}
        self._icons: dict[str, QIcon] = {}
        for key, text, icon_name, tip, action in (
            ("load", "Load", "", "Put the payload back into the editor (Enter)", self._load),
            ("rerun", "Run again", "invoke", "Send the same once more", self._rerun),
            ("compare", "Compare", "", "Show what differs between two selected runs", self._compare),
            ("star", "Star", "star", "Mark as a favourite, or no longer (S)", self._star),
            ("note", "Note…", "", "Write a note (N)", self._ask_note),
            ("export", "Export…", "save", "Write to an NDJSON or CSV file", self._ask_where),
            ("delete", "Delete…", "", "Delete from the history (Delete)", self._ask_delete),
        ):
            button = QPushButton(text)
            self._icons[key] = icon(icon_name) if icon_name else QIcon()
            named(button, f"history{key.capitalize()}", text.rstrip("…"))
            set_plain_tooltip(button, tip)
            button.clicked.connect(action)
            self.buttons[key] = button
        for keys, action in (("S", self._star), ("N", self._ask_note), ("Delete", self._ask_delete)):
            shortcut = QShortcut(QKeySequence(keys), self.table, action)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        self._row = WrappingRow(tuple(self.buttons.values()))
        return self._row

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.payload.setVisible(self.height() >= _LOW_PX)  # in a low window the answer comes first
        is_narrow = self.width() < _NARROW_PX
        for key, button in self.buttons.items():
            button.setIcon(QIcon() if is_narrow else self._icons[key])  # all of them in one row
        self._row.arrange()

    async def close_panel(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        self._wait.stop()
        await self.scope.close()

    # -- which runs

    def search(self) -> None:
        """Look for what the fields say; a search that goes on is given up."""
        self._wait.stop()
        if not self.model.rowCount():
            self.state.show_loading("the history")
            self.stack.setCurrentWidget(self.state)
        self.scope.start("search", self._search)

    async def _search(self) -> None:
        function = "" if self.everywhere.isChecked() else self._function.name
        text = self.filter.text().strip()
        starred = self.starred_only.isChecked()
        entries = await self._connection.runs.search(function, text, starred=starred, limit=LIMIT)
        self.table.setColumnHidden(FUNCTION_COLUMN, not self.everywhere.isChecked())
        self.model.set_entries(entries)
        count = len(entries)
        if count:
            more = f" The newest {LIMIT} are shown; search to find others." if count == LIMIT else ""
            self._say(f"{count:,} {'run' if count == 1 else 'runs'}.{more}")
            self.stack.setCurrentWidget(self.table)
            self.detail.show()
            if not self.table.selectionModel().hasSelection():
                self.table.selectRow(0)
            return
        self._say("")
        if text or starred:
            self.state.show_empty("No run fits", "Fewer words, or all functions, may find one.")
        else:
            self.state.show_empty("No run yet", "What is invoked on the Invoke page is kept here.")
        self.stack.setCurrentWidget(self.state)
        self.detail.hide()
        self._on_selection()

    def _on_run(self, entry: HistoryEntry) -> None:
        """A run was made or told more of: it is in its place at once, if it fits."""
        if self.model.row_of_entry(entry) >= 0:
            self._on_changed(entry)
        elif not self._wait.isActive():
            self._wait.start()

    def _on_changed(self, entry: HistoryEntry) -> None:
        row = self.model.row_of_entry(entry)
        if row < 0:
            return
        # The invoker's copy does not know of a star that was given meanwhile.
        self.model.put(entry)
        self._show_buttons(self._selected())
        if self._shown is not None and self._shown.id == entry.id:
            self.scope.start("show", self._fetch, entry)

    def _on_deleted(self, ids: frozenset[int]) -> None:
        self.model.set_entries([entry for entry in self.model.entries() if entry.id not in ids])
        if not self.model.rowCount():
            self.search()

    # -- the selected ones

    def _selected(self) -> list[HistoryEntry]:
        """Newest first."""
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        return [self.model.entry_at(row) for row in rows]

    def _on_selection(self) -> None:
        selected = self._selected()
        if self._asked_to_delete and self._asked_to_delete != {entry.id for entry in selected}:
            self.ask.dismiss()  # what it asks about is not what is seen any more
        self._show_buttons(selected)
        if len(selected) == 1:
            self.scope.start("show", self._fetch, selected[0])
        elif not selected:
            self._shown = None
            self.payload.set_data(b"")
            self.result.clear()
            self.result.say("dim", "No run selected")

    def _show_buttons(self, selected: list[HistoryEntry]) -> None:
        kept = [entry for entry in selected if entry.id]
        for key, is_possible in (
            ("load", len(selected) == 1),
            ("rerun", len(selected) == 1),
            ("compare", len(selected) == 2),
            ("star", bool(kept)),
            ("note", len(kept) == 1),
            ("export", bool(kept)),
            ("delete", bool(kept)),
        ):
            self.buttons[key].setEnabled(is_possible)
        starred = bool(kept) and all(entry.is_starred for entry in kept)
        self.buttons["star"].setText("Unstar" if starred else "Star")

    async def _whole(self, entry: HistoryEntry) -> HistoryEntry:
        stored = await self._connection.runs.entry(entry.id) if entry.id else None
        return entry if stored is None else stored

    async def _fetch(self, entry: HistoryEntry) -> None:
        whole = await self._whole(entry)
        is_other = self._shown is None or self._shown.id != whole.id or self._shown.payload != whole.payload
        self._shown = whole
        if is_other:
            self.payload.set_data(whole.payload)
        function = self._connection.catalog.get(whole.function)
        if whole.report is not None and self._connection.provisioned.needs(whole.function, whole.qualifier):
            await self._connection.provisioned.find(whole.function)
        cost = self._connection.cost_of(function, whole) if function else None
        why = "billed duration, memory and cost are in the log, which nobody read then"
        self.result.show_entry(
            whole,
            whole.log_tail,
            cost,
            why,
            self._connection.log_cost_of(whole.log_tail),
            self._connection.badges_of(function, whole) if function else (),
        )

    def _load(self) -> None:
        self._hand_over(self.load_requested.emit)

    def _rerun(self) -> None:
        self._hand_over(self.rerun_requested.emit)

    def _hand_over(self, emit: Callable[[HistoryEntry], None]) -> None:
        selected = self._selected()
        if len(selected) == 1:
            self.scope.start("load", self._hand_over_whole, emit, selected[0])

    async def _hand_over_whole(self, emit: Callable[[HistoryEntry], None], entry: HistoryEntry) -> None:
        whole = await self._whole(entry)
        if not whole.payload:
            raise UserError(
                "The payload of this run was not kept.",
                "Privacy settings say what the history keeps.",
                kind=ErrorKind.INVALID,
            )
        emit(whole)

    def _get_copies(self) -> dict[str, str]:
        """The run that is shown as others would make it, for the clipboard."""
        shown = self._shown
        if shown is None or not shown.payload:
            return {}
        function = self._connection.catalog.get(shown.function) or FunctionInfo(shown.function)
        commands = get_commands(self._connection, to_request(shown, function))
        return commands | ({"Request id": shown.request_id} if shown.request_id else {})

    def _compare(self) -> None:
        self.scope.start("compare", self._show_difference, *reversed(self._selected()))

    async def _show_difference(self, before: HistoryEntry, after: HistoryEntry) -> None:
        from lambdadesk.ui.dialogs.diff_dialog import DiffDialog

        dialog = DiffDialog(await self._whole(before), await self._whole(after), self)
        dialog.open()
        self.scope.start("diff", dialog.compare)
        dialog.closed.connect(lambda: self.scope.cancel("diff"))

    def _star(self) -> None:
        kept = [entry for entry in self._selected() if entry.id]
        starred = not all(entry.is_starred for entry in kept)
        if kept:
            ids = [entry.id for entry in kept]
            self.scope.start("star", self._connection.runs.star, ids, starred)

    def _ask_note(self) -> None:
        kept = [entry for entry in self._selected() if entry.id]
        if len(kept) != 1:
            return
        field = named(QLineEdit(kept[0].note), "historyNoteText", "Note")
        field.setMaxLength(2_000)
        number = kept[0].id

        def keep() -> None:
            self.ask.dismiss()
            self.scope.start("note", self._connection.runs.note, number, field.text().strip())

        field.returnPressed.connect(keep)
        self.ask.ask("Note on this run", [("historyKeepNote", "Keep", keep)], "Cancel", field)

    def _ask_delete(self) -> None:
        ids = [entry.id for entry in self._selected() if entry.id]
        if not ids:
            return
        what = "this run" if len(ids) == 1 else f"these {len(ids):,} runs"
        self.ask.ask(
            f"Delete {what} from the history for good?",
            [
                (
                    "historyDeleteNow",
                    "Delete",
                    lambda: self.scope.start("delete", self._delete, frozenset(ids)),
                )
            ],
            "Keep",
        )
        self._asked_to_delete = frozenset(ids)

    async def _delete(self, ids: frozenset[int]) -> None:
        await self._connection.runs.delete(ids)
        self._say(f"Deleted {len(ids):,} {'run' if len(ids) == 1 else 'runs'}.")

    def _ask_where(self) -> None:
        ids = [entry.id for entry in self._selected() if entry.id]
        dialog = QFileDialog(self, "Export the selected runs")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["All there is, one JSON a line (*.ndjson)", "Figures (*.csv)"])
        dialog.selectFile(f"{self._function.name}-runs.ndjson")
        dialog.filterSelected.connect(
            lambda name: dialog.setDefaultSuffix("csv" if "csv" in name else "ndjson")
        )
        dialog.setDefaultSuffix("ndjson")
        dialog.fileSelected.connect(lambda path: self.scope.start("export", self._export, ids, Path(path)))
        dialog.open()

    async def _export(self, ids: list[int], path: Path) -> None:
        count = await self._connection.runs.export(ids, path)
        self._say(f"✔ {count:,} {'run' if count == 1 else 'runs'} written to {path}.", "ok")

    def _show_menu(self, place: QPoint) -> None:
        index = self.table.indexAt(place)
        if not index.isValid():
            return
        entry = self.model.entry_at(index.row())
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for key, button in self.buttons.items():
            menu.addAction(button.text(), button.click).setEnabled(button.isEnabled())
            if key in ("rerun", "note"):
                menu.addSeparator()
        menu.addSeparator()
        copy = menu.addAction(
            "Copy request id", lambda: QGuiApplication.clipboard().setText(entry.request_id)
        )
        copy.setEnabled(bool(entry.request_id))
        menu.popup(self.table.viewport().mapToGlobal(place))

    def _say(self, text: str, tone: str = "dim") -> None:
        self.said.say(text, tone)
        if tone != "dim":
            announce(self, text)

    def _on_failure(self, name: str, error: Exception) -> None:
        if not isinstance(error, UserError):
            self._connection.scope.report(name, error)
            return
        if name == "search" and not self.model.rowCount():
            self.state.show_error(error, self.search)
            self.stack.setCurrentWidget(self.state)
        else:
            self._say(f"✖ {error.message} {error.hint}", "error")
