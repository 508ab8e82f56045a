"""CasesPanel: saved cases of one function, run all together and held against what is expected of them."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import UserError
from lambdadesk.core.expectations import Case, Expectations, Verdict
from lambdadesk.core.junit import to_junit
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest, Outcome
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.series_files import write_text_file
from lambdadesk.desk.suite_run import SuiteRunner
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.store.saved_cases import SavedCase, SavedCases
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.case_table import CASE_SAMPLES, CaseTableModel, make_row
from lambdadesk.ui.widgets.ask_bar import AskBar
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.once_button import OnceButton, StopButton, show_running
from lambdadesk.ui.widgets.plain import set_plain_tooltip
from lambdadesk.ui.widgets.tables import make_table
from lambdadesk.ui.widgets.wrapping_row import WrappingRow

if TYPE_CHECKING:
    from lambdadesk.ui.dialogs.case_dialog import CaseDialog


class CasesPanel(QWidget):
    """Runs and edits the cases of one function.

    get_request: what Invoke would send now, for a new case; get_entry: the run that is shown, whole, or None.
    read_event: the payload of a saved event by its name; raises UserError. list_events: all their names.

    Signals:
        run_shown(HistoryEntry): show this run, whole.
        write_requested(str, Callable[[], None]): in production all of it waits to be confirmed, once.
    """

    run_shown = Signal(object)
    write_requested = Signal(str, object)

    def __init__(
        self,
        connection: Connection,
        function: FunctionInfo,
        cases: SavedCases,
        get_request: Callable[[], InvokeRequest],
        get_entry: Callable[[], HistoryEntry | None],
        read_event: Callable[[str], Awaitable[bytes]],
        list_events: Callable[[], Awaitable[Sequence[str]]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.scope = TaskScope(self._on_failure)
        self.runner = SuiteRunner(connection.invoker, read_event)
        self._connection = connection
        self._function = function
        self._cases = cases
        self._get_request = get_request
        self._get_entry = get_entry
        self._list_events = list_events
        self._saved: tuple[SavedCase, ...] = ()
        self._dialog: CaseDialog | None = None
        self._build()
        self.runner.changed.connect(self._show)
        self.reload()

    def _build(self) -> None:
        self.buttons: dict[str, QPushButton] = {}
        for key, text, icon_name, tip, action in (
            ("RunAll", "Run all", "invoke", "Run every case once", partial(self.run, False)),
            ("Run", "Run selected", "", "Run the selected cases once", partial(self.run, True)),
            ("Stop", "Stop", "stop", "Run no further case; the one under way is waited for", self._stop),
            (
                "SaveRun",
                "Save last run as case…",
                "save",
                "A case of the payload of the run shown, and of its outcome",
                self._from_run,
            ),
            ("New", "New…", "", "A case of the payload above", self._new),
            ("Edit", "Edit…", "", "Change the selected case (Enter)", self._edit),
            ("Delete", "Delete…", "", "Delete the file of the selected case", self._ask_delete),
            ("Junit", "JUnit…", "", "Write the verdicts as JUnit XML", self._ask_where),
        ):
            make = {"Run": OnceButton, "RunAll": OnceButton, "Stop": StopButton}.get(key, QPushButton)
            button = make(icon(icon_name), text) if icon_name else make(text)
            named(button, f"cases{key}", text.rstrip("…"))
            set_plain_tooltip(button, tip)
            button.clicked.connect(lambda _checked=False, action=action: action())
            self.buttons[key] = button
        self.model = CaseTableModel(self)
        self.table = named(make_table(self.model, CASE_SAMPLES, stretch=5), "casesTable", "Saved cases")
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.selectionModel().selectionChanged.connect(lambda *_ranges: self._on_selection())
        self.table.activated.connect(lambda _index: self._edit())
        self.table.clicked.connect(lambda index: self._show_run(index.row()))
        self.state = named(ToneLabel("dim"), "casesEmpty", "Cases")
        self.state.say("No cases yet. A case sends a payload and says what it expects of the answer.", "dim")
        self.state.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.ask = AskBar()
        self.price = named(ToneLabel("dim"), "casesEstimate", "Estimated price")
        self.status = named(ToneLabel("dim"), "casesStatus", "State")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        self._row = WrappingRow(tuple(self.buttons.values()))
        layout.addWidget(self._row)
        layout.addWidget(self.price)
        self._stack = QStackedLayout()
        layout.addLayout(self._stack, 1)
        # Only now that it has a parent: it would show its first widget as a window of its own.
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.state)
        layout.addWidget(self.ask)
        layout.addWidget(self.status)

    async def close_panel(self) -> None:
        if self._dialog is not None:
            self._dialog.leave()
        await self.scope.close()
        self.runner.close()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]  # a QShowEvent
        self.reload()  # the folder may have changed

    def reload(self) -> None:
        """Read the folder again."""
        self.scope.start("load", self._load)

    async def _load(self) -> None:
        self._saved = await self._cases.list(self._function.name)
        self._show()
        await self._show_price()

    async def _show_price(self) -> None:
        cases = self._usable()
        text = await self._price(cases) if cases else ""
        self.price.say(f"All {len(cases):,}. {text}" if len(cases) > 1 else text, "dim")

    async def _price(self, cases: Sequence[Case], *, short: bool = False) -> str:
        billed_ms = await self._connection.billed_ms(self._function.name)
        sizes = [len(case.payload) for case in cases]
        kind = InvocationType.REQUEST_RESPONSE
        estimate = self._connection.estimate(self._function, kind, sizes, billed_ms)
        return estimate.short if short else str(estimate)

    def _usable(self) -> list[Case]:
        return [each.case for each in self._saved if each.case is not None]

    def _selected(self) -> list[SavedCase]:
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [self.model.row_at(row).saved for row in rows]

    # -- running

    def run(self, selected: bool = False) -> None:
        """Run all cases, or those that are selected; in production they are confirmed first, once."""
        chosen = [each.case for each in self._selected() if each.case] if selected else self._usable()
        if chosen and not self.scope.is_running("run"):
            self.scope.start("ask", self._ask_run, chosen)

    async def _ask_run(self, cases: list[Case]) -> None:
        if self._connection.info.guard is not Guard.PRODUCTION:
            self.scope.start("run", self._run, cases, False)
            return
        price = await self._price(cases, short=True)
        verb = f"Run {len(cases):,} cases of {self._function.name} (estimate {price})"
        self.write_requested.emit(verb, lambda: self.scope.start("run", self._run, cases, True))

    async def _run(self, cases: list[Case], confirmed: bool) -> None:
        function = self._connection.catalog.get(self._function.name) or self._function
        self.status.say("", "dim")
        try:
            error = await self.runner.run(function, cases, confirmed=confirmed)
        finally:
            self._show()
        self._say_end(cases, error)

    def _stop(self) -> None:
        self.runner.stop()
        self.status.say("Stopping after the case that is under way.", "dim")

    def _say_end(self, cases: list[Case], error: UserError | None) -> None:
        results = [result for case in cases if (result := self.runner.results.get(case.name))]
        counts = {verdict: sum(each.verdict is verdict for each in results) for verdict in Verdict}
        parts = [f"{count:,} {verdict}" for verdict, count in counts.items() if count]
        if len(results) < len(cases):
            parts.append(f"{len(cases) - len(results):,} not run")
        text = " · ".join(parts)
        tone = "error" if counts[Verdict.FAILED] else "warning" if counts[Verdict.UNKNOWN] else "ok"
        self.status.say(f"✖ {error} {text}" if error else text, tone)
        announce(self.status, self.status.text())

    # -- showing

    def _show(self) -> None:
        results, running = self.runner.results, self.runner.running
        rows = [make_row(each, results.get(each.name), each.name == running) for each in self._saved]
        self.model.set_rows(rows)
        self._stack.setCurrentIndex(0 if rows else 1)
        self._on_selection()

    def _on_selection(self) -> None:
        selected = self._selected()
        is_running = bool(self.runner.running)
        stop = self.buttons["Stop"]
        for key, can_start in (
            ("RunAll", bool(self._usable())),
            ("Run", any(each.case for each in selected)),
        ):
            show_running(self.buttons[key], stop, is_running=is_running, can_start=can_start)
        self._row.arrange()
        self.buttons["Edit"].setEnabled(len(selected) == 1 and selected[0].case is not None)
        self.buttons["Delete"].setEnabled(len(selected) == 1)
        self.buttons["Junit"].setEnabled(bool(self.runner.results) and not is_running)

    def _show_run(self, row: int) -> None:
        result = self.model.row_at(row).result
        if result is not None and result.entry is not None:
            self.run_shown.emit(result.entry)

    # -- editing

    def _new(self) -> None:
        try:
            request = self._get_request()
        except UserError as error:
            self.status.say(f"✖ {error}", "error")
            return
        payload = request.payload.decode(errors="replace")
        self._open(Case("", payload, qualifier=request.qualifier))

    def _from_run(self) -> None:
        entry = self._get_entry()
        if entry is None or entry.outcome not in (Outcome.OK, Outcome.ERROR):
            self.status.say("Invoke first: there is no answer to make a case of.", "warning")
            return
        expectations = Expectations("ok" if entry.outcome is Outcome.OK else "function error")
        payload = entry.payload.decode(errors="replace")
        self._open(Case("", payload, qualifier=entry.qualifier, expectations=expectations))

    def _edit(self) -> None:
        selected = self._selected()
        if len(selected) == 1 and selected[0].case is not None:
            self._open(selected[0].case)

    def _open(self, case: Case) -> None:
        from lambdadesk.ui.dialogs.case_dialog import CaseDialog

        self.status.say("", "dim")
        dialog = self._dialog = CaseDialog(case, self)
        dialog.save_requested.connect(
            lambda changed: self.scope.start("save", self._save, changed, case.name, dialog)
        )
        dialog.finished.connect(lambda _result: setattr(self, "_dialog", None))
        dialog.open()
        self.scope.start("events", self._offer_events, dialog)

    async def _offer_events(self, dialog: "CaseDialog") -> None:
        names = await self._list_events()
        if self._dialog is dialog:
            dialog.offer_events(names)

    async def _save(self, case: Case, old_name: str, dialog: "CaseDialog") -> None:
        try:
            await self._cases.save(self._function.name, case, old_name=old_name, is_new=not old_name)
        except UserError as error:
            dialog.say_problem(error)
            return
        dialog.leave()
        self.runner.results.pop(old_name or case.name, None)  # the verdict was another case's
        await self._load()

    def _ask_delete(self) -> None:
        selected = self._selected()
        if len(selected) == 1:
            name = selected[0].name
            delete = partial(self.scope.start, "delete", self._delete, name)
            self.ask.ask(f"Delete the case {name}?", [("casesReallyDelete", "Delete", delete)], "Keep")

    async def _delete(self, name: str) -> None:
        await self._cases.delete(self._function.name, name)
        self.runner.results.pop(name, None)
        await self._load()

    # -- export

    def _ask_where(self) -> None:
        dialog = QFileDialog(self, "Export the verdicts as JUnit XML")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(f"{self._function.name}-cases.xml")
        dialog.setDefaultSuffix("xml")
        dialog.fileSelected.connect(lambda path: self.scope.start("export", self.export, Path(path)))
        dialog.open()

    async def export(self, path: Path) -> None:
        """Write the verdicts of the cases that were run as JUnit XML."""
        results = [result.for_junit() for result in self.runner.results.values()]
        await write_text_file(path, to_junit(self._function.name, results))
        self.status.say(f"✔ {len(results):,} verdicts written to {path}.", "ok")

    def _on_failure(self, name: str, error: Exception) -> None:
        if isinstance(error, UserError):
            self.status.say(f"✖ {error}", "error")
            announce(self.status, self.status.text())
        else:
            self._connection.scope.report(name, error)
