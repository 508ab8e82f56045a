"""PlaceList: the connections and regions whose functions are missing, each with its reason."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.ui import icons, theme
from lambdadesk.ui.widgets.labels import ElidedLabel
from lambdadesk.ui.widgets.notices import look
from lambdadesk.ui.widgets.plain import PlainLabel

_SHOWN_ROWS: Final = 3  # the others are scrolled to


@dataclass(frozen=True, slots=True)
class PlaceNote:
    """What there is to say of one place. error None: it is still waited for."""

    key: str
    title: str
    error: UserError | None
    action_text: str
    action: Callable[[], object]

    @property
    def said(self) -> tuple[str, str, str, str]:
        return self.key, self.title, str(self.error or ""), self.action_text


class PlaceList(QScrollArea):
    """A compact list; takes no room while every place has answered."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._said: tuple[tuple[str, str, str, str], ...] = ()
        self._notes: dict[str, PlaceNote] = {}
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.hide()

    def show_notes(self, notes: list[PlaceNote]) -> None:
        """Show these and no others; the same ones again change nothing that can be seen."""
        self._notes = {note.key: note for note in notes}
        said = tuple(note.said for note in notes)
        if said == self._said:
            return
        self._said = said
        content = QWidget()
        rows = QVBoxLayout(content)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(theme.TIGHT)
        widgets = [self._row(note) for note in notes]
        for widget in widgets:
            rows.addWidget(widget)
        rows.addStretch(1)
        self.setWidget(content)
        row_px = widgets[0].sizeHint().height() + theme.TIGHT if widgets else 0
        self.setFixedHeight(row_px * min(len(notes), _SHOWN_ROWS))
        self.setVisible(bool(notes))

    def _row(self, note: PlaceNote) -> QWidget:
        row = QWidget()
        row.setAccessibleName(f"{note.title}: {note.error or 'still waiting'}")
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.SPACE)
        icon_name, colour = look(note.error.kind) if note.error else ("clock", "dim")
        line.addWidget(icons.IconView(icons.ICON_SIZE.width(), icon_name, colour))
        title = PlainLabel(note.title)
        font = title.font()
        font.setWeight(font.Weight.DemiBold)
        title.setFont(font)
        line.addWidget(title)
        text = ElidedLabel()
        text.setText(_sentence(note.error))
        line.addWidget(text, 1)
        button = QPushButton(note.action_text)
        button.setAccessibleName(f"{note.action_text}: {note.title}")
        button.clicked.connect(lambda: self._notes[note.key].action())
        line.addWidget(button)
        return row


def _sentence(error: UserError | None) -> str:
    if error is None:
        return "Still waiting for an answer…"
    if error.kind is ErrorKind.DENIED and error.action:
        return f"{error.action} is denied. {error.hint}"
    return str(error)
