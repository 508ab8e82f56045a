"""StateView: what a page shows in place of its content, empty, loading, denied or failed told apart."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

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


class StateView(QWidget):
    """One picture at a time: an icon, a headline, a sentence, and what one can do about it.

    It starts as an empty state without words.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = State.EMPTY
        self.text = ""
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
        buttons = []
        if action is not None:
            buttons.append(_button(action_text, action))
        self._set(State.EMPTY, "empty", "dim", title, text, buttons)

    def show_loading(self, what: str) -> None:
        """An answer is awaited: `what` names it ("the functions of us-east-1"). Shown after 300 ms."""
        title = f"Waiting for {what}…"
        if self.state is State.LOADING and self.text == title:  # said again, and no reason to start anew
            return
        self._set(State.LOADING, "clock", "dim", title, "", [])
        self._content.hide()
        self._delay.start()

    def show_error(self, error: UserError, retry: Callable[[], object] | None = None) -> None:
        """Show a denied or a failed state, whichever the error is."""
        buttons = []
        if retry is not None:
            buttons.append(_button("Retry", retry, "refresh"))
        is_denied = error.kind is ErrorKind.DENIED
        title = "Access denied" if is_denied else error.message
        text = error.hint
        if is_denied:
            missing = f"The permission {error.action} is missing." if error.action else ""
            text = " ".join(part for part in (missing or error.message, error.hint) if part)
        icon_name, colour = look(error.kind)
        state = State.DENIED if is_denied else State.FAILED
        self._set(state, icon_name, colour, title, text, buttons, error.details)
        announce(self, f"{title} {text}", is_urgent=True)

    def _set(
        self,
        state: State,
        icon_name: str,
        colour: str,
        title: str,
        text: str,
        buttons: list[QPushButton],
        details: str = "",
    ) -> None:
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
        for button in buttons:
            row.addWidget(button)
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

    def _show_content(self) -> None:
        self._content.show()
        announce(self, self.text)


def _button(text: str, action: Callable[[], object], icon_name: str = "") -> QPushButton:
    button = QPushButton(text)
    if icon_name:
        button.setIcon(icons.icon(icon_name))
    button.clicked.connect(lambda: action())
    return button
