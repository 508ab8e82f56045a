"""StateView: what a page shows in place of its content, empty, loading, denied or failed told apart."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.ui import icons, theme
from lambdadesk.ui.widgets.notices import announce, details_button, details_view, look, wrapped_label

LOADING_DELAY_MS: Final = 300  # what comes sooner never flashes
_ICON_PX: Final = 48
_WIDTH_PX: Final = 520


class State(StrEnum):
    EMPTY = "empty"
    LOADING = "loading"
    DENIED = "denied"
    FAILED = "failed"


class _Action(NamedTuple):
    text: str
    run: Callable[[], object]
    icon_name: str = ""


class StateView(QWidget):
    """One picture at a time: an icon, a headline, a sentence, and what one can do about it.

    It starts as an empty state without words. To ask for what is shown already changes nothing but what its
    buttons do: details stay unfolded, the focus stays, and nothing is announced again.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = State.EMPTY
        self.text = ""
        self._asked: tuple[object, ...] = ()  # all that makes the picture
        self._actions: list[_Action] = []
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(LOADING_DELAY_MS)
        self._delay.timeout.connect(self._show_content)
        self._outer = QHBoxLayout(self)
        self._outer.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.WIDE)
        self._content = QWidget()
        self._outer.addStretch(1)
        self._outer.addWidget(self._content, 100)
        self._outer.addStretch(1)

    def show_empty(
        self, title: str, text: str = "", action_text: str = "", action: Callable[[], object] | None = None
    ) -> None:
        """There is nothing, and that's a true answer: say what would put something here."""
        actions = [_Action(action_text, action)] if action is not None else []
        self._set(State.EMPTY, "empty", "dim", title, text, actions)

    def show_loading(self, what: str, cancel: Callable[[], object] | None = None) -> None:
        """An answer is awaited: `what` names it ("the functions of us-east-1"). Shown after 300 ms."""
        actions = [_Action("Cancel", cancel)] if cancel is not None else []
        if self._set(State.LOADING, "clock", "dim", f"Waiting for {what}…", "", actions):
            self._content.hide()
            self._delay.start()

    def show_error(
        self,
        error: UserError,
        retry: Callable[[], object] | None = None,
        *,
        other: tuple[str, Callable[[], object]] | None = None,
    ) -> None:
        """Show a denied or a failed state, whichever the error is. `other`: a second button beside Retry."""
        actions = [_Action("Retry", retry, "refresh")] if retry is not None else []
        if other is not None:
            actions.append(_Action(*other))
        is_denied = error.kind is ErrorKind.DENIED
        title = "Access denied" if is_denied else error.message
        text = error.hint
        if is_denied:
            missing = f"The permission {error.action} is missing." if error.action else ""
            text = " ".join(part for part in (missing or error.message, error.hint) if part)
        icon_name, colour = look(error.kind)
        state = State.DENIED if is_denied else State.FAILED
        if self._set(state, icon_name, colour, title, text, actions, error.details):
            announce(self, f"{title} {text}", is_urgent=True)

    def _set(
        self,
        state: State,
        icon_name: str,
        colour: str,
        title: str,
        text: str,
        actions: list[_Action],
        details: str = "",
    ) -> bool:
        """Make the picture; False where it is the one that is there."""
        self._actions = actions
        asked = (state, icon_name, title, text, details, *(action.text for action in actions))
        if asked == self._asked:
            return False
        self._asked = asked
        self._delay.stop()
        self.state = state
        self.text = f"{title}\n{text}".strip()
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)

        content = QWidget()
        content.setMaximumWidth(_WIDTH_PX)
        layout = QVBoxLayout(content)
        layout.setSpacing(theme.SPACE)
        layout.addStretch(2)
        layout.addWidget(icons.IconView(_ICON_PX, icon_name, colour), 0, Qt.AlignmentFlag.AlignHCenter)
        for words, is_title in ((title, True), (text, False)):
            label = wrapped_label(words, is_dim=not is_title)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            if is_title:
                font = label.font()
                font.setPointSizeF(font.pointSizeF() * 1.25)
                label.setFont(font)
            layout.addWidget(label)
        row = QHBoxLayout()
        row.addStretch(1)
        for number, action in enumerate(actions):
            row.addWidget(self._button(number, action))
        if details:
            area = details_view(details)
            row.addWidget(details_button(area, title))
        row.addStretch(1)
        layout.addLayout(row)
        if details:
            layout.addWidget(area)
        layout.addStretch(3)

        self._outer.replaceWidget(self._content, content)
        self._content.hide()
        self._content.deleteLater()
        self._content = content
        self._content.show()  # a child that comes later stays hidden by itself
        return True

    def _button(self, number: int, action: _Action) -> QPushButton:
        button = QPushButton(action.text)
        if action.icon_name:
            button.setIcon(icons.icon(action.icon_name))
        button.clicked.connect(lambda: self._actions[number].run())
        return button

    def _show_content(self) -> None:
        self._content.show()
        announce(self, self.text)
