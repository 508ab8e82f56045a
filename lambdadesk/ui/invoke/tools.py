"""InvokeTools: what the Invoke page offers beside one run: events, series, versions side by side, cases."""

from contextlib import suppress

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from lambdadesk.core.errors import UserError
from lambdadesk.core.saved_events import SHARED
from lambdadesk.core.types import FunctionInfo
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.console import Console
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui.invoke.requests import fill_in
from lambdadesk.ui.panels.invoke_panel import InvokePanel


class InvokeTools(QObject):
    """Builds each of them when it is first wanted.

    Signals:
        write_requested(str, Callable[[], None], Callable[[], None]): see FunctionPage.
        not_found(): AWS does not know the function any more.
    """

    write_requested = Signal(str, object, object)
    not_found = Signal()

    def __init__(
        self, console: Console, connection: Connection, function: FunctionInfo, invoke: InvokePanel
    ) -> None:
        super().__init__(invoke)
        self.scope = TaskScope(connection.scope.report)
        self._console = console
        self._connection = connection
        self._function = function
        self._invoke = invoke
        self._built: list[QWidget] = []
        invoke.set_event_picker(self._build_picker)
        invoke.add_bottom_tab("Series", self._build_series)
        invoke.add_bottom_tab("Versions", self._build_versions)
        invoke.add_bottom_tab("Cases", self._build_cases)

    async def close(self) -> None:
        await self.scope.close()
        for panel in self._built:
            await panel.close_panel()  # type: ignore[attr-defined]  # every panel has it

    def _build_picker(self) -> QWidget:
        from lambdadesk.ui.widgets.event_picker import EventPicker

        picker = EventPicker(self._console, self._connection, self._function, self._invoke.typed)
        picker.chosen.connect(self._invoke.load_payload)
        picker.closed.connect(self._invoke.hide_events)
        picker.write_requested.connect(
            lambda verb, do: self.write_requested.emit(verb, do, picker.say_not_confirmed)
        )
        self._built.append(picker)
        return picker

    def _build_series(self) -> QWidget:
        from lambdadesk.ui.panels.series_panel import SeriesPanel

        invoke = self._invoke
        panel = SeriesPanel(
            self._connection, self._function, invoke.current_request, lambda: invoke.typed()[0]
        )
        invoke.changed.connect(panel.show_estimate)
        panel.write_requested.connect(self._ask)
        panel.not_found.connect(self.not_found)
        self._built.append(panel)
        return panel

    def _build_versions(self) -> QWidget:
        from lambdadesk.ui.panels.versions_panel import VersionsPanel

        panel = VersionsPanel(self._connection, self._function, self._invoke.current_request)
        self._invoke.changed.connect(panel.show_estimate)
        panel.write_requested.connect(self._ask)
        panel.diff_requested.connect(self._ask_compare)
        self._built.append(panel)
        return panel

    def _build_cases(self) -> QWidget:
        from lambdadesk.store.saved_cases import SavedCases
        from lambdadesk.ui.panels.cases_panel import CasesPanel

        panel = CasesPanel(
            self._connection,
            self._function,
            SavedCases(self._console.saved_events.folder),
            self._invoke.current_request,
            lambda: self._invoke.entry,
            self._read_event,
            self._list_events,
        )
        panel.write_requested.connect(self._ask)
        panel.run_shown.connect(self._invoke.show_answer)
        self._built.append(panel)
        return panel

    def _ask(self, verb: str, do: object) -> None:
        self.write_requested.emit(verb, do, self._invoke.say_not_confirmed)

    async def _read_event(self, name: str) -> bytes:
        """A saved event of this function, or else of all, with its variables filled in."""
        events = self._console.saved_events
        try:
            loaded = await events.read(self._function.name, name)
        except UserError:
            loaded = await events.read(SHARED, name)
        return fill_in(loaded.text).encode()

    async def _list_events(self) -> list[str]:
        """Saved events of this function, then of all; a folder that can't be read is left out."""
        names: dict[str, None] = {}
        for owner in (self._function.name, SHARED):
            with suppress(UserError):
                events = await self._console.saved_events.list(owner)
                names |= dict.fromkeys(each.name for each in events if not each.problem)
        return list(names)

    def _ask_compare(self, before: HistoryEntry, after: HistoryEntry) -> None:
        if not self.scope.is_running("compare"):  # a double click asks twice
            self.scope.start("compare", self._compare, before, after)

    async def _compare(self, before: HistoryEntry, after: HistoryEntry) -> None:
        from lambdadesk.ui.dialogs.diff_dialog import DiffDialog

        runs = self._connection.runs
        whole = [(await runs.entry(each.id) if each.id else None) or each for each in (before, after)]
        dialog = DiffDialog(whole[0], whole[1], self._invoke)
        dialog.open()
        self.scope.start("diff", dialog.compare)
        dialog.closed.connect(lambda: self.scope.cancel("diff"))
