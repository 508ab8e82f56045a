"""EventKeeping: the questions before a payload is saved, shared, renamed or deleted, and what comes of it."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from lambdadesk.core.connections import Guard
from lambdadesk.core.saved_events import SHARED, EventConflictError, check_event_name
from lambdadesk.core.shared_events import check_shared_name
from lambdadesk.core.types import InvocationType
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.event_sources import Choice, EventSources
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.ask_bar import AskBar
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.named import named

_SHARE: Final = "|share"  # beside the owners of saved events; no function can have this name


class EventKeeping(QObject):
    """Asks in a bar, works in the owner's scope. Where somebody else was quicker, it asks once more.

    get_payload: the payload in the editor, and how it would be sent.

    Signals:
        said(str, str): what went wrong, and the colour of it.
        kept(str, str): the key of what was written, empty for what is gone; and what to say of it.
        write_requested(str, Callable[[], None]): what is about to be done waits to be confirmed.
    """

    said = Signal(str, str)
    kept = Signal(str, str)
    write_requested = Signal(str, object)

    def __init__(
        self,
        sources: EventSources,
        scope: TaskScope,
        ask: AskBar,
        connection: Connection,
        get_payload: Callable[[], tuple[str, InvocationType]],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._sources = sources
        self._scope = scope
        self._ask = ask
        self._connection = connection
        self._get_payload = get_payload

    def write(self, verb: str, do: Callable[[bool], None], *, is_write: bool = True) -> None:
        """Do it, told whether it is confirmed; once that is so where it has to be."""
        if is_write and self._connection.info.guard is Guard.PRODUCTION:
            self.write_requested.emit(verb, partial(do, True))
        else:
            do(False)

    def ask_save(self, choice: Choice | None) -> None:
        """Ask for a name, and keep the payload under it. choice: what is selected, whose name is proposed."""
        function = self._sources.function.name
        name, place = "", function
        if choice is not None and choice.saved is not None:
            name, place = choice.saved.name, choice.saved.owner
        elif choice is not None and choice.shared is not None:
            name, place = choice.shared.name, _SHARE
        field = _NameField(name, function, place)

        def save() -> None:
            self._save(field.place, field.name, choice)

        self._ask.ask("Save the payload as:", [("eventSaveOk", "Save", save)], "Don't save", field)
        field.entered.connect(partial(self._enter, save))

    def ask_rename(self, choice: Choice) -> None:
        """Ask for another name of a saved or shared event."""
        field = named(QLineEdit(choice.title), "eventName", "New name")
        field.selectAll()
        kept = choice.saved

        def rename() -> None:
            name = field.text().strip()

            def do(confirmed: bool) -> None:
                work = partial(self._sources.rename, choice, name, confirmed=confirmed)
                key = f"saved|{kept.owner}|{name}" if kept is not None else f"shared|{name}"
                self._start(work, key, f"✔ It is called {name} now.")

            self.write("Rename a shareable test event", do, is_write=kept is None)

        self._ask.ask(f"Rename {choice.title} to:", [("eventRenameOk", "Rename", rename)], "Don't", field)
        field.returnPressed.connect(partial(self._enter, rename))

    def duplicate(self, choice: Choice) -> None:
        """Copy a saved or shared event."""

        def do(confirmed: bool) -> None:
            work = partial(self._sources.duplicate, choice, confirmed=confirmed)
            self._start(work, choice.key, f"✔ {choice.title} has a copy.")

        self.write("Duplicate a shareable test event", do, is_write=choice.saved is None)

    def ask_delete(self, choice: Choice) -> None:
        """Ask before a saved or shared event is deleted."""
        everywhere = "" if choice.saved is not None else " It is gone for everybody."
        go = partial(self._delete, choice, overwrite=False)
        self._ask.ask(f"Delete {choice.title}?{everywhere}", [("eventDeleteOk", "Delete", go)], "Keep it")

    def _enter(self, answer: Callable[[], None]) -> None:
        """Enter in the field of a question is its answer; it may ask the next one."""
        self._ask.dismiss()
        answer()

    def _save(self, place: str, name: str, choice: Choice | None, *, overwrite: bool = False) -> None:
        text, kind = self._get_payload()
        problem = check_shared_name(name) if place == _SHARE else check_event_name(name)
        if problem:
            self.said.emit(f"✖ {problem}", "error")
            return
        again = partial(self._save, place, name, choice, overwrite=True)
        if place != _SHARE:
            save = partial(self._sources.save, place, name, text, overwrite=overwrite)
            self._start(save, f"saved|{place}|{name}", f"✔ {name} is saved.", again)
            return
        replaces = choice is not None and choice.shared is not None and choice.shared.name == name
        sent = kind if kind is not InvocationType.DRY_RUN else None

        def do(confirmed: bool) -> None:
            work = partial(
                self._sources.share,
                name,
                text,
                sent,
                replaces=replaces,
                overwrite=overwrite,
                confirmed=confirmed,
            )
            self._start(work, f"shared|{name}", f"✔ {name} is shared.", again)

        self.write("Save a shareable test event", do)

    def _delete(self, choice: Choice, *, overwrite: bool) -> None:
        def do(confirmed: bool) -> None:
            work = partial(self._sources.delete, choice, overwrite=overwrite, confirmed=confirmed)
            again = partial(self._delete, choice, overwrite=True)
            self._start(work, "", f"✔ {choice.title} is deleted.", again, "Delete it all the same")

        self.write("Delete a shareable test event", do, is_write=choice.saved is None)

    def _start(
        self,
        work: Callable[[], Awaitable[str | None]],
        key: str,
        done: str,
        again: Callable[[], None] | None = None,
        again_text: str = "Overwrite it",
    ) -> None:
        """Run a write. again: the same, whatever somebody else did to the event meanwhile."""
        self._scope.start("keep", self._run, work, key, done, again, again_text)

    async def _run(
        self,
        work: Callable[[], Awaitable[str | None]],
        key: str,
        done: str,
        again: Callable[[], None] | None,
        again_text: str,
    ) -> None:
        try:
            note = await work()
        except EventConflictError as error:
            if again is None:
                raise
            self.said.emit(f"▲ {error.message}", "warning")
            self._ask.ask(error.message, [("eventAgain", again_text, again)], "Leave it as it is")
            return
        self.kept.emit(key, f"{done} {note or ''}".strip())


class _NameField(QWidget):
    """A name, and what the event is for.

    Signals:
        entered(): Enter in the name.
    """

    entered = Signal()

    def __init__(self, name: str, function: str, place: str) -> None:
        super().__init__()
        self._name = named(QLineEdit(name), "eventName", "Name of the event")
        self._name.setPlaceholderText("Name")
        self._name.selectAll()
        self._name.returnPressed.connect(self.entered)
        self._place = named(CalmComboBox(), "eventPlace", "Where to keep it")
        for title, value in (
            (f"For {function}", function),
            ("For all functions", SHARED),
            ("As shareable test event", _SHARE),
        ):
            self._place.addItem(title, value)
        self._place.setCurrentIndex(self._place.findData(place))
        self._place.setMinimumContentsLength(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.TIGHT)
        column.addWidget(self._name)
        column.addWidget(self._place)
        self.setFocusProxy(self._name)

    @property
    def name(self) -> str:
        return self._name.text().strip()

    @property
    def place(self) -> str:
        return str(self._place.currentData())
