"""EventTreeModel: where payloads come from, a section for each part, with its state in words."""

from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QModelIndex, QObject, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.shared_events import PRIVATE_NOTE
from lambdadesk.core.text import one_line
from lambdadesk.desk.event_sources import LOG, Choice, Part, PartState
from lambdadesk.ui import icons, theme
from lambdadesk.ui.models.rows import Index
from lambdadesk.ui.models.two_levels import TwoLevelModel
from lambdadesk.ui.widgets.plain import plain_tooltip

DETAIL_ROLE: Final = Qt.ItemDataRole.UserRole + 1
_ROOT: Final = QModelIndex()
_ROLE: Final = Qt.ItemDataRole
# In a row, where the pane is narrow, and then in full.
_EMPTY: Final = {
    Part.TRIGGERS: ("No trigger was found", "Nothing that was looked at starts this function."),
    Part.SAVED: ("None yet; Ctrl+S saves", "Nothing is saved yet. Ctrl+S keeps the payload here."),
    Part.SHARED: ("None is shared yet", "Nobody shared a test event of this function yet."),
    Part.RECENT: ("No run yet", "Nothing was invoked from here yet."),
}
_UNASKED: Final = {
    Part.TRIGGERS: ("Press Enter to look", "Enter looks at what starts this function."),
    Part.SHARED: ("Press Enter to look", "Not looked up yet. Enter asks EventBridge for them."),
}
_LOADING: Final = {
    Part.TRIGGERS: ("Looking…", "Looking at what starts this function…"),
    Part.SAVED: ("Reading the folder…", ""),
    Part.SHARED: ("Asking EventBridge…", ""),
    Part.RECENT: ("Reading the history…", ""),
}


@dataclass(frozen=True, slots=True)
class Note:
    """A row that says something of its section. acts: to choose it looks again; more: all of it in full."""

    part: Part
    text: str
    icon_name: str = "info"
    tone: str = "dim"
    acts: bool = False
    more: str = ""

    @property
    def whole(self) -> str:
        return self.more or self.text


Row = Choice | Note


@dataclass(frozen=True, slots=True)
class Section:
    part: Part
    rows: tuple[Row, ...]
    total: int


def tell_state(part: Part, state: PartState) -> tuple[Note, ...]:
    """What there is to say of a part besides its choices: loading, empty, denied and failed told apart."""
    has_choices = any(choice.key != LOG.key for choice in state.choices)
    notes: list[Note] = []
    if state.error is not None:
        notes.append(_tell_error(part, state.error, has_choices=has_choices))
    elif state.is_loading:
        text, more = _LOADING.get(part, ("Waiting…", ""))
        notes += [Note(part, text, "clock", more=more)] if not has_choices else []
    elif not state.was_loaded:
        text, more = _UNASKED.get(part, ("Not read yet.", ""))
        notes.append(Note(part, text, "search", acts=True, more=more))
    elif not has_choices and not state.note:
        text, more = _EMPTY.get(part, ("There is nothing.", ""))
        notes.append(Note(part, text, "empty", more=more))
    if state.note:
        notes.append(Note(part, state.note, "warning", "warning", acts=True))
    if part is Part.SHARED and state.was_loaded:
        notes.append(Note(part, PRIVATE_NOTE, "lock"))
    return tuple(notes)


def _tell_error(part: Part, error: UserError, *, has_choices: bool) -> Note:
    before = " What was known before is shown." if has_choices else ""
    if error.kind is ErrorKind.DENIED:
        what = f"the permission {error.action} is missing" if error.action else error.message
        return Note(part, f"Access denied: {what}.{before}", "lock", "error", acts=True)
    return Note(part, f"✖ {error}{before}", "error", "error", acts=True)


class EventTreeModel(TwoLevelModel):
    """Sections at the top, their rows below; what is filtered out is not in the model."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._states: dict[Part, PartState] = {}
        self._shown: list[Section] = []
        self._words: list[str] = []
        self._bold = QFont()
        self._bold.setWeight(QFont.Weight.DemiBold)

    def set_states(self, states: dict[Part, PartState]) -> bool:
        """Show these; True: rows came or went, so that the view has to be set up anew."""
        self._states = dict(states)
        return self._refresh()

    def set_filter(self, text: str) -> bool:
        """Show only choices whose title, detail or section has every word, in any case."""
        self._words = text.casefold().split()
        return self._refresh()

    @property
    def has_rows(self) -> bool:
        return bool(self._shown)

    def row_at(self, index: Index) -> Row | None:
        """The row of an index; None: a section, or nothing."""
        if not index.isValid() or not index.internalId():
            return None
        return self._shown[index.internalId() - 1].rows[index.row()]

    def part_at(self, index: Index) -> Part | None:
        """The part that an index belongs to."""
        if not index.isValid():
            return None
        return self._shown[index.internalId() - 1 if index.internalId() else index.row()].part

    def key_of(self, index: Index) -> str:
        """What an index is found again by; empty for no index."""
        row, part = self.row_at(index), self.part_at(index)
        if isinstance(row, Choice):
            return row.key
        return f"{'note' if row else 'part'}|{part}" if part else ""

    def find(self, key: str) -> QModelIndex:
        """The index of a key, an invalid one where there is none."""
        for index in self.list_indexes():
            if self.key_of(index) == key:
                return index
        return QModelIndex()

    def list_indexes(self) -> list[QModelIndex]:
        """All of them, in the order they stand in."""
        found = []
        for number, section in enumerate(self._shown):
            parent = self.index(number, 0)
            found += [parent, *(self.index(place, 0, parent) for place in range(len(section.rows)))]
        return found

    def rowCount(self, parent: Index = _ROOT) -> int:
        if not parent.isValid():
            return len(self._shown)
        return 0 if parent.internalId() else len(self._shown[parent.row()].rows)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 1

    def data(self, index: Index, role: int = _ROLE.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.row_at(index)
        if row is None:
            return self._get_section_data(self._shown[index.row()], role)
        return self._get_note_data(row, role) if isinstance(row, Note) else self._get_data(row, role)

    def _get_section_data(self, section: Section, role: int) -> Any:
        state = self._states[section.part]
        if role == _ROLE.DisplayRole:
            return section.part.value
        if role == DETAIL_ROLE:
            return "looking…" if state.is_loading and section.total else str(section.total or "")
        if role == _ROLE.AccessibleTextRole:
            return f"{section.part.value}, {section.total or 'none'}"
        return self._bold if role == _ROLE.FontRole else None

    def _get_note_data(self, note: Note, role: int) -> Any:
        if role == _ROLE.DisplayRole:
            return one_line(note.text)
        if role == _ROLE.AccessibleTextRole:
            return one_line(note.whole)
        if role == _ROLE.ToolTipRole:
            return plain_tooltip(note.whole)
        if role == _ROLE.ForegroundRole:
            return getattr(theme.colours(QApplication.palette()), note.tone)
        return icons.icon(note.icon_name, note.tone) if role == _ROLE.DecorationRole else None

    def _get_data(self, choice: Choice, role: int) -> Any:
        detail = choice.problem or choice.detail
        if role == _ROLE.DisplayRole:
            return one_line(choice.title, 300)
        if role == DETAIL_ROLE:
            return one_line(detail, 300)
        if role == _ROLE.AccessibleTextRole:
            return one_line(f"{choice.title}, {detail}" if detail else choice.title, 600)
        if role == _ROLE.ToolTipRole:
            return plain_tooltip("\n".join(one_line(part, 600) for part in (choice.title, detail) if part))
        if choice.problem and role == _ROLE.DecorationRole:
            return icons.icon("warning", "warning")
        return None

    def _refresh(self) -> bool:
        shown = [section for part in self._states if (section := self._make_section(part)) is not None]
        if _get_structure(shown) != _get_structure(self._shown):
            self.beginResetModel()
            self._shown = shown
            self.endResetModel()
            return True
        self._shown = shown
        for number, section in enumerate(shown):
            parent = self.index(number, 0)
            self.dataChanged.emit(parent, parent)
            if section.rows:
                last = self.index(len(section.rows) - 1, 0, parent)
                self.dataChanged.emit(self.index(0, 0, parent), last)
        return False

    def _make_section(self, part: Part) -> Section | None:
        state = self._states[part]
        total = sum(choice.key != LOG.key for choice in state.choices)
        if not self._words:
            return Section(part, (*tell_state(part, state), *state.choices), total)
        found = tuple(choice for choice in state.choices if self._matches(choice))
        return Section(part, found, len(found)) if found else None

    def _matches(self, choice: Choice) -> bool:
        text = f"{choice.part.value}\n{choice.title}\n{choice.detail}".casefold()
        return all(word in text for word in self._words)


def _get_structure(sections: list[Section]) -> list[tuple[str, list[str]]]:
    return [
        (section.part, [row.key if isinstance(row, Choice) else row.text for row in section.rows])
        for section in sections
    ]
