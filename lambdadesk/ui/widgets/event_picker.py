"""EventPicker: a side pane with every payload there is for a function, and the keeping of new ones."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final, cast

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSplitter,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event_filters import FilterVerdict
from lambdadesk.core.text import one_line
from lambdadesk.core.types import FunctionInfo, InvocationType
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.console import Console
from lambdadesk.desk.event_sources import Choice, ChosenEvent, EventSources, Part
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.desk.trigger_scan import TriggerScan
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.event_tree import EventTreeModel, Note
from lambdadesk.ui.models.rows import Index
from lambdadesk.ui.widgets.ask_bar import AskBar
from lambdadesk.ui.widgets.event_cells import EventCell
from lambdadesk.ui.widgets.event_keeping import EventKeeping
from lambdadesk.ui.widgets.filter_edit import FilterEdit
from lambdadesk.ui.widgets.json_view import JsonView
from lambdadesk.ui.widgets.labels import ElidedLabel, ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import set_plain_tooltip

NARROWEST_PX: Final = 260
_LONGEST_NOTE: Final = 600  # characters
_VERDICTS: Final = {
    FilterVerdict.PASSES: ("✔ This event gets through the filter.", "ok"),
    FilterVerdict.FILTERED: ("▲ This event would be filtered out:", "warning"),
    FilterVerdict.PARTLY: ("▲ A part of this event would be filtered out:", "warning"),
    FilterVerdict.UNKNOWN: ("The filter could not be checked:", "dim"),
}
_HOW: Final = "Type to search, choose with the arrow keys; Enter loads the event into the payload"
_MOVES: Final = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class EventPicker(QWidget):
    """Reads saved events, the history and the triggers when it is first shown; else AWS is asked on demand.

    The tree has all the room until an event is chosen, which is then shown below it.

    get_payload: the payload in the editor and how it would be sent, for Save.

    Signals:
        chosen(str, str, str, InvocationType | None): text, where it came from in words, the template's key or
            "", and how the event says it is sent.
        write_requested(str, Callable[[], None]): what is about to be done waits to be confirmed.
        closed(): Esc, with nothing left to clear.
    """

    chosen = Signal(str, str, str, object)
    write_requested = Signal(str, object)
    closed = Signal()

    def __init__(
        self,
        console: Console,
        connection: Connection,
        function: FunctionInfo,
        get_payload: Callable[[], tuple[str, InvocationType]],
        parent: QWidget | None = None,
        *,
        scan: TriggerScan | None = None,
    ) -> None:
        super().__init__(parent)
        self.scope = TaskScope(self._on_failure)
        self.sources = EventSources(connection, function, lambda: console.saved_events, scan)
        self._console = console
        self._connection = connection
        self._function = function
        self._get_payload = get_payload
        self._preview: ChosenEvent | None = None
        self._preview_key = ""
        self._preview_of: Choice | None = None
        self._calm_s = 0.0  # until when a click may become a double click
        self._was_shown = False
        self._opened: dict[Part, bool] = {part: part is not Part.TEMPLATES for part in Part}
        self._build()
        self._disconnects = [
            self.sources.changed.connect(lambda _part: self._show()),
            console.settings.changed.connect(self._on_setting),
        ]
        self._show()

    def _build(self) -> None:
        self.search = named(FilterEdit("Search events"), "eventSearch", "Search events")
        set_plain_tooltip(self.search, _HOW)
        self.search.textChanged.connect(self._on_search)
        self.search.installEventFilter(self)
        self.setFocusProxy(self.search)
        self.refresh_button = named(
            QPushButton(icon("refresh"), ""), "eventsRefresh", "Look at everything again"
        )
        set_plain_tooltip(self.refresh_button, "Look at everything again, triggers and AWS included (F5)")
        self.refresh_button.clicked.connect(self.refresh_all)
        top = QHBoxLayout()
        top.setSpacing(theme.SPACE)
        top.addWidget(self.search, 1)
        top.addWidget(self.refresh_button)

        self.model = EventTreeModel(self)
        self.tree = named(QTreeView(), "eventTree", "Events")
        self.tree.setModel(self.model)
        self.tree.setItemDelegate(EventCell(self.tree))
        self.tree.setHeaderHidden(True)
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(theme.WIDE)
        self.tree.setTabKeyNavigation(False)
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.selectionModel().currentChanged.connect(lambda _now, _before: self._on_current())
        self.tree.pressed.connect(lambda _index: self._note_press())
        self.tree.activated.connect(self._activate)
        self.tree.expanded.connect(lambda index: self._note_opened(index, opened=True))
        self.tree.collapsed.connect(lambda index: self._note_opened(index, opened=False))
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tree.customContextMenuRequested.connect(self._show_menu)
        self.tree.installEventFilter(self)

        self.title = named(ElidedLabel(), "eventTitle", "Chosen event")
        font = self.title.font()
        font.setWeight(font.Weight.DemiBold)
        self.title.setFont(font)
        self.verdict = named(ToneLabel("dim"), "eventVerdict", "What the trigger's filter does with it")
        self.note = named(ToneLabel("dim"), "eventNote", "About this event")
        self.view = named(JsonView(line_numbers=False), "eventPreview", "Preview of the event")
        self._lower = lower = QWidget()
        column = QVBoxLayout(lower)
        column.setContentsMargins(0, theme.TIGHT, 0, 0)
        column.setSpacing(theme.TIGHT)
        column.addWidget(self.title)
        column.addWidget(self.view, 1)

        split = named(QSplitter(Qt.Orientation.Vertical), "eventSplitter")
        split.setChildrenCollapsible(False)
        split.addWidget(self.tree)
        split.addWidget(lower)
        split.setSizes([300, 200])
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        lower.hide()

        self.ask = AskBar(is_narrow=True)
        self.ask.asks.connect(self._make_room)
        self._keeping = EventKeeping(
            self.sources, self.scope, self.ask, self._connection, self._get_payload, self
        )
        self._keeping.said.connect(self._say)
        self._keeping.kept.connect(lambda key, words: self.scope.start("kept", self._show_kept, key, words))
        self._keeping.write_requested.connect(self.write_requested)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(top)
        layout.addWidget(split, 1)
        layout.addWidget(self.verdict)  # here, where it gets the height that its lines take
        layout.addWidget(self.note)
        layout.addWidget(self.ask)
        for row in self._build_buttons():
            layout.addLayout(row)
        self.setMinimumWidth(NARROWEST_PX)

    def _build_buttons(self) -> list[QHBoxLayout]:
        self.load_button = named(QPushButton("Load"), "eventLoad", "Load the event into the payload")
        self.load_button.clicked.connect(self._load_current)
        self.live_button = named(QPushButton("Use live data…"), "eventLive", "Use live data")
        self.live_button.clicked.connect(self._ask_live)
        self.save_button = named(QPushButton("Save…"), "eventSave", "Save the payload as an event")
        set_plain_tooltip(self.save_button, "Keep the payload of the editor under a name (Ctrl+S)")
        self.save_button.clicked.connect(self.save_payload)
        self.rename_button = named(QPushButton("Rename…"), "eventRename", "Rename the event")
        self.rename_button.clicked.connect(self._ask_rename)
        self.duplicate_button = named(QPushButton("Duplicate"), "eventDuplicate", "Duplicate the event")
        self.duplicate_button.clicked.connect(self._duplicate)
        self.delete_button = named(QPushButton("Delete…"), "eventDelete", "Delete the event")
        self.delete_button.clicked.connect(self._ask_delete)
        rows = []
        for buttons in (
            (self.rename_button, self.duplicate_button, self.delete_button),
            (self.load_button, self.live_button, self.save_button),
        ):
            row = QHBoxLayout()
            row.setSpacing(theme.TIGHT)
            for button in buttons:
                row.addWidget(button)
            row.addStretch(1)
            rows.append(row)
        return rows

    async def close_panel(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        self.sources.close()
        await self.scope.close()

    def refresh_all(self) -> None:
        """Look at all parts again, AWS included."""
        for part in Part:
            self._refresh(part)

    def save_payload(self) -> None:
        """Ask for a name, and keep the payload of the editor under it."""
        self._say("")
        self._keeping.ask_save(self._current())

    # -- what is shown

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            for part in (Part.SAVED, Part.RECENT):
                self._refresh(part)
            if not self.sources.scan.was_scanned and not self.sources.scan.is_running:
                self._refresh(Part.TRIGGERS)  # the cheap look, which asks about this function alone

    def _show(self) -> None:
        key = self.model.key_of(self.tree.currentIndex())
        if self.model.set_states(self.sources.states):
            self._open_sections()
            self._select(key)
        self._show_buttons()

    def _open_sections(self) -> None:
        is_searching = bool(self.search.text().strip())
        self.tree.blockSignals(True)
        for row in range(self.model.rowCount()):
            index = self.model.index(row, 0)
            part = self.model.part_at(index)
            self.tree.setExpanded(index, is_searching or (part is not None and self._opened[part]))
        self.tree.blockSignals(False)

    def _note_opened(self, index: QModelIndex, *, opened: bool) -> None:
        part = self.model.part_at(index)
        if part is not None and not self.search.text().strip():
            self._opened[part] = opened

    def _select(self, key: str) -> None:
        index = self.model.find(key) if key else QModelIndex()
        if index.isValid():
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.tree.selectionModel().setCurrentIndex(index, flags)
            self.tree.scrollTo(index)
        else:
            self._on_current()

    def _on_search(self, text: str) -> None:
        self.model.set_filter(text)
        self._open_sections()
        if text.strip():
            first = next((i for i in self.model.list_indexes() if self.model.row_at(i) is not None), None)
            if first is not None:
                self._select(self.model.key_of(first))
                return
            self.scope.cancel("preview")
            self._preview = None
            self._show_nothing(f"No event matches “{one_line(text, 60)}”.")
            announce(self.note, self.note.text())
        else:
            key = self._preview_key
            if self._preview is None:
                self._preview_key = ""  # nothing of it is seen: it is loaded anew
            self._select(key)

    def _current(self) -> Choice | None:
        row = self.model.row_at(self.tree.currentIndex())
        return row if isinstance(row, Choice) else None

    def _on_current(self) -> None:
        index = self.tree.currentIndex()
        row = self.model.row_at(index)
        key = self.model.key_of(index)
        self._show_buttons()
        if isinstance(row, Choice):
            if key != self._preview_key or _is_changed(row, self._preview_of):
                self._preview_key, self._preview_of = key, row
                self._preview = None
                self.scope.start("preview", self._load_preview, row)
            return
        self.scope.cancel("preview")
        self._preview, self._preview_key, self._preview_of = None, "", None
        self._show_nothing(row.whole if isinstance(row, Note) else "")

    def _note_press(self) -> None:
        self._calm_s = time.monotonic() + QApplication.doubleClickInterval() / 1000

    def _show_nothing(self, text: str, tone: str = "dim") -> None:
        self._lower.hide()
        self._tell_verdict("")
        self._say(text, tone)
        self.view.set_text("")

    async def _load_preview(self, choice: Choice) -> None:
        if choice.problem:
            self._show_nothing(f"✖ {choice.problem}", "error")
            return
        if choice.trigger is None and choice.saved is None and choice.part is Part.TRIGGERS:
            offer = self.sources.get_offer(choice)
            self._show_nothing(f"{offer.text} Use live data asks for it." if offer else "")
            return
        try:
            event = await self.sources.load(choice)
        except UserError as error:
            self._show_nothing(f"✖ {error}", "error")
            return
        # The preview takes room of the list: a second click is to come down on the same row.
        if self._lower.isHidden() and (wait_s := self._calm_s - time.monotonic()) > 0:
            await asyncio.sleep(wait_s)
        self._show_event(choice, event)

    def _show_event(self, choice: Choice, event: ChosenEvent) -> None:
        self._preview, self._preview_key = event, choice.key
        self.title.setText(choice.title)
        if self._lower.isHidden() and not self.ask.is_asking:
            self._lower.show()
            QTimer.singleShot(0, self, lambda: self.tree.scrollTo(self.tree.currentIndex()))
        self.view.set_text(event.text)
        self._say(" ".join(event.notes))
        outcome = self.sources.check_filters(choice, event.text)
        words, tone = _VERDICTS[outcome.verdict] if outcome else ("", "dim")
        is_refused = outcome is not None and outcome.verdict is not FilterVerdict.PASSES
        reasons = outcome.reasons if outcome is not None and is_refused else ()
        self._tell_verdict(" ".join((words, *reasons)), tone)
        self._show_buttons()

    def _tell_verdict(self, text: str, tone: str = "dim") -> None:
        self.verdict.say(one_line(text, _LONGEST_NOTE), tone)
        self.verdict.setVisible(bool(text) and not self.ask.is_asking)

    def say_not_confirmed(self) -> None:
        """Nobody confirmed what was about to be done."""
        self._say("You did not confirm it. Nothing was changed.")

    def _make_room(self, is_asking: bool) -> None:
        """A question takes the place of the preview and of what was said, so that all of it is seen."""
        self._lower.setVisible(not is_asking and self._preview is not None)
        for label in (self.verdict, self.note):
            label.setVisible(not is_asking and bool(label.text()))

    def _say(self, text: str, tone: str = "dim") -> None:
        self.note.say(one_line(text, _LONGEST_NOTE), tone)
        self.note.setVisible(bool(text) and not self.ask.is_asking)
        if tone == "error":
            announce(self.note, self.note.text(), is_urgent=True)

    def _show_buttons(self) -> None:
        choice = self._current()
        is_kept = choice is not None and (choice.saved is not None or choice.shared is not None)
        has_text = choice is not None and not choice.problem and self._is_loadable(choice)
        self.load_button.setEnabled(has_text)
        offer = self.sources.get_offer(choice) if choice is not None else None
        self.live_button.setEnabled(offer is not None and not self.scope.is_running("live"))
        for button in (self.rename_button, self.duplicate_button, self.delete_button):
            button.setVisible(is_kept)
        for button in (self.rename_button, self.delete_button):
            button.setEnabled(is_kept)
        self.duplicate_button.setEnabled(is_kept and choice is not None and not choice.problem)

    def _is_loadable(self, choice: Choice) -> bool:
        is_log = choice.part is Part.TRIGGERS and choice.trigger is None
        return not is_log or (self._preview is not None and self._preview_key == choice.key)

    # -- keys

    def event(self, event: QEvent) -> bool:
        # F5 and Ctrl+S may be shortcuts of the window or the page, too: in here they are the picker's.
        if event.type() == QEvent.Type.ShortcutOverride and self._get_action(cast(QKeyEvent, event)):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = self._get_action(event)
        if action is not None:
            action()
        else:
            super().keyPressEvent(event)

    def _get_action(self, event: QKeyEvent) -> Callable[[], None] | None:
        keys = (event.key(), event.modifiers())
        if keys == (Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier):
            return self.save_payload
        return self._refresh_part if keys == (Qt.Key.Key_F5, Qt.KeyboardModifier.NoModifier) else None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if watched is self.search and self._on_search_key(event):
                return True
            if watched is self.tree and self._on_tree_key(event):
                return True
        return super().eventFilter(watched, event)

    def _on_search_key(self, event: QKeyEvent) -> bool:
        if event.key() in _MOVES:
            QApplication.sendEvent(self.tree, event.clone())
            return True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._activate(self.tree.currentIndex())
            return True
        if event.key() == Qt.Key.Key_Escape and not self.search.text():
            self.closed.emit()
            return True
        return False

    def _on_tree_key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_F2 and self.rename_button.isEnabled():
            self._ask_rename()
            return True
        if event.key() == Qt.Key.Key_Delete and self.delete_button.isEnabled():
            self._ask_delete()
            return True
        if event.key() == Qt.Key.Key_Escape:
            self.search.setFocus()
            return True
        return False

    # -- choosing

    def _activate(self, index: Index) -> None:
        row, part = self.model.row_at(index), self.model.part_at(index)
        if isinstance(row, Note):
            if row.acts and part is not None:
                self._refresh(part)
        elif row is None and index.isValid():
            section = self.model.index(index.row(), 0)
            self.tree.setExpanded(section, not self.tree.isExpanded(section))
        elif row is not None:
            self._load_current()

    def _load_current(self) -> None:
        choice = self._current()
        if choice is None or choice.problem:
            return
        if self._preview is not None and self._preview_key == choice.key:
            self._choose(self._preview)
        elif self._is_loadable(choice):
            self.scope.start("load", self._load_and_choose, choice)
        else:
            self._ask_live()

    async def _load_and_choose(self, choice: Choice) -> None:
        self._choose(await self.sources.load(choice))

    def _choose(self, event: ChosenEvent) -> None:
        self.chosen.emit(event.text, event.origin, event.template_key, event.invocation_type)

    def _refresh_part(self) -> None:
        part = self.model.part_at(self.tree.currentIndex())
        if part is None:
            self.refresh_all()
        else:
            self._refresh(part)

    def _refresh(self, part: Part) -> None:
        self.scope.start(f"refresh {part.name}", self.sources.refresh, part)

    # -- live data

    def _ask_live(self) -> None:
        choice = self._current()
        offer = self.sources.get_offer(choice) if choice is not None else None
        if choice is not None and offer is not None:
            go = partial(self._start_live, choice, accepts_receive=False)
            self.ask.ask(offer.text, [("eventLiveOk", offer.title, go)], "Not now")

    def _start_live(self, choice: Choice, *, accepts_receive: bool) -> None:
        def do(confirmed: bool) -> None:
            self.scope.start("live", self._fetch_live, choice, accepts_receive, confirmed)
            self._say("Asking for it…")
            self._show_buttons()

        receives = choice.trigger is not None and choice.trigger.source == "SQS"
        self._keeping.write("Receive a message of the queue", do, is_write=receives)

    async def _fetch_live(self, choice: Choice, accepts_receive: bool, confirmed: bool) -> None:
        from lambdadesk.aws.live_sources import LiveRefusedError

        try:
            event = await self.sources.fetch_live(
                choice, accepts_receive=accepts_receive, confirmed=confirmed
            )
        except LiveRefusedError as error:
            self._say(f"✖ {error}", "error")
            if error.can_accept:
                go = partial(self._start_live, choice, accepts_receive=True)
                self.ask.ask(error.message, [("eventPeekOk", "Peek all the same", go)], "Leave it")
            return
        self.scope.cancel("preview")
        self._select(choice.key)
        self._show_event(choice, event)
        announce(self.note, f"{choice.title}: live data is shown")
        self.load_button.setFocus(Qt.FocusReason.OtherFocusReason)

    # -- keeping

    def _ask_rename(self) -> None:
        if choice := self._current():
            self._keeping.ask_rename(choice)

    def _duplicate(self) -> None:
        if choice := self._current():
            self._keeping.duplicate(choice)

    def _ask_delete(self) -> None:
        if choice := self._current():
            self._keeping.ask_delete(choice)

    async def _show_kept(self, key: str, words: str) -> None:
        self._preview_key = ""  # what is shown of it may be its former text
        self._select(key or self.model.key_of(self.tree.currentIndex()))
        self._on_current()
        await self.scope.wait("preview")
        self._say(words, "ok")
        announce(self.note, self.note.text())

    # -- the rest

    def _show_menu(self, place: QPoint) -> None:
        index = self.tree.indexAt(place)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if isinstance(self.model.row_at(index), Choice):
            for button in (
                self.load_button,
                self.live_button,
                self.rename_button,
                self.duplicate_button,
                self.delete_button,
            ):
                if button.isEnabled():
                    menu.addAction(button.text(), button.click)
            menu.addSeparator()
        menu.addAction("Save the payload…", self.save_payload)
        part = self.model.part_at(index)
        if part is not None and part is not Part.TEMPLATES:
            menu.addAction("Look again", partial(self._refresh, part))
        menu.addSeparator()
        menu.addAction("Folder of saved events…", self._choose_folder)
        menu.popup(self.tree.viewport().mapToGlobal(place))

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self, "Folder of saved events", str(self._console.saved_events.folder))
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._take_folder)
        dialog.open()

    def _take_folder(self, folder: str) -> None:
        self._console.settings.events_folder = folder

    def _on_setting(self, key: str) -> None:
        if key == "events_folder" and self._was_shown:
            self._refresh(Part.SAVED)

    def _on_failure(self, name: str, error: Exception) -> None:
        if not isinstance(error, UserError):
            self._connection.scope.report(name, error)
            error = UserError(
                "LambdaDesk made a mistake of its own here.",
                "The crash window has the report.",
                kind=ErrorKind.OTHER,
            )
        self._say(f"✖ {error}", "error")
        self._show_buttons()


def _is_changed(choice: Choice, before: Choice | None) -> bool:
    """Whether its text may be another one now; that of a trigger is new each time, and stays as it is."""
    return before is not None and (choice.saved, choice.shared) != (before.saved, before.shared)
