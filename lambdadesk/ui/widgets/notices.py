"""NoticeBar: failures and news in a strip of the window, never in a dialog."""

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QPainter,
    QPaintEvent,
    QPalette,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.text import one_line, short_lines, visible
from lambdadesk.ui import icons, theme
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip

MAX_NOTICES: Final = 3
_TEXT_LIMIT: Final = 500  # characters: a wrapped label takes seconds over a very long word
_BAR_PX: Final = 4
_DETAILS_LINES: Final = 6
# kind -> (icon, colour); any other is an error
_LOOKS: Final = {
    ErrorKind.DENIED: ("lock", "error"),
    ErrorKind.OFFLINE: ("cloud-off", "error"),
    ErrorKind.THROTTLED: ("warning", "warning"),
    ErrorKind.OUTCOME_UNKNOWN: ("warning", "warning"),
    ErrorKind.STORAGE: ("warning", "warning"),
}


def look(kind: ErrorKind) -> tuple[str, str]:
    """Icon and colour name for a kind of error."""
    return _LOOKS.get(kind, ("error", "error"))


def announce(widget: QWidget, text: str, *, is_urgent: bool = False) -> None:
    """Have a screen reader say a text now."""
    from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent  # 3 ms of enums

    event = QAccessibleAnnouncementEvent(widget, text)
    if is_urgent:
        event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
    QAccessible.updateAccessibility(event)


def wrapped_label(text: str, *, is_dim: bool = False) -> PlainLabel:
    """A label for one sentence that breaks its lines; hidden where the text is empty."""
    label = PlainLabel(one_line(text, _TEXT_LIMIT))
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if not text:
        label.hide()  # setVisible(True) would open a window: there is no parent yet
    if is_dim:
        label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label


def details_view(text: str) -> QPlainTextEdit:
    """A hidden, read-only area for the details of an error, a few lines high."""
    view = QPlainTextEdit()
    view.setObjectName("details")
    view.setAccessibleName("Details")
    view.setReadOnly(True)
    view.setFont(theme.fixed_font())
    view.setPlainText(short_lines(visible(text)))
    view.setFixedHeight(view.fontMetrics().lineSpacing() * _DETAILS_LINES + 2 * theme.SPACE)
    view.setTabChangesFocus(True)
    view.hide()
    return view


def details_button(view: QPlainTextEdit, subject: str) -> QPushButton:
    """A button that unfolds a details view."""
    button = QPushButton("Details")
    button.setObjectName("detailsButton")
    button.setCheckable(True)
    button.setAccessibleName(f"Details of: {subject}")
    button.toggled.connect(view.setVisible)
    return button


class NoticeBar(QWidget):
    """A stack of at most three notices, newest at the bottom; takes no room while there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notices: dict[str, _Notice] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(1)
        self.hide()

    def show_error(
        self,
        error: UserError,
        retry: Callable[[], object] | None = None,
        key: str = "",
        *,
        retry_text: str = "Retry",
    ) -> None:
        """Show a failure until it is closed, retried or dismissed. One with the same key is replaced."""
        self._put(key or error.message, error, *look(error.kind), retry, retry_text)
        announce(self, str(error), is_urgent=True)

    def show_info(self, text: str, key: str = "", hint: str = "") -> None:
        """Show a piece of news. One with the same key is replaced."""
        self._put(key or text, UserError(text, hint), "info", "accent", None)
        announce(self, text)

    def show_offer(
        self,
        text: str,
        hint: str,
        action_text: str,
        action: Callable[[], object],
        key: str,
        declined: Callable[[], object] = lambda: None,
    ) -> None:
        """Show a piece of news with what can be done about it. declined: it was closed without that."""
        self._put(key, UserError(text, hint), "info", "accent", action, action_text, declined)
        announce(self, f"{text} {hint}")

    def dismiss(self, key: str) -> None:
        """Take a notice away, since what it says is no longer so; harmless where there is none."""
        notice = self._notices.pop(key, None)
        if notice is not None:
            self._layout.removeWidget(notice)
            notice.hide()
            notice.deleteLater()
        self.setVisible(bool(self._notices))

    def is_shown(self, key: str) -> bool:
        return key in self._notices

    def keys(self) -> list[str]:
        """Keys of the notices shown, oldest first."""
        return list(self._notices)

    def _put(
        self,
        key: str,
        error: UserError,
        icon_name: str,
        colour: str,
        retry: Callable[[], object] | None,
        retry_text: str = "",
        closed: Callable[[], object] = lambda: None,
    ) -> None:
        self.dismiss(key)
        while len(self._notices) >= MAX_NOTICES:
            news = [one for one, notice in self._notices.items() if notice.is_news]
            self.dismiss(news[0] if news else next(iter(self._notices)))

        def close() -> None:
            self.dismiss(key)
            closed()

        go_on = partial(self.dismiss, key)
        notice = _Notice(error, icon_name, colour, retry, retry_text, go_on, close)
        self._notices[key] = notice
        self._layout.addWidget(notice)
        self.show()


class _Notice(QFrame):
    def __init__(
        self,
        error: UserError,
        icon_name: str,
        colour: str,
        retry: Callable[[], object] | None,
        retry_text: str,
        go_on: Callable[[], None],
        close: Callable[[], None],
    ) -> None:
        super().__init__()
        self.is_news = icon_name == "info"
        self._colour = colour
        self.setAccessibleName(error.message)

        def try_again() -> None:
            go_on()
            if retry is not None:
                retry()

        texts = QVBoxLayout()
        texts.setSpacing(2)
        message = wrapped_label(error.message)
        message.setObjectName("noticeMessage")
        texts.addWidget(message)
        texts.addWidget(wrapped_label(error.hint, is_dim=True))
        line = QHBoxLayout()
        line.setSpacing(theme.SPACE)
        line.addWidget(icons.IconView(icons.ICON_SIZE.width(), icon_name, colour))
        line.addLayout(texts, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE + _BAR_PX, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(line)
        if error.details:
            area = details_view(error.details)
            layout.addWidget(area)
            line.addWidget(details_button(area, error.message))
        if retry is not None:
            button = QPushButton(retry_text)
            button.setObjectName("noticeRetry")
            if not self.is_news:
                button.setIcon(icons.icon("refresh"))
            button.setAccessibleName(f"{retry_text} after: {error.message}")
            button.clicked.connect(try_again)
            line.addWidget(button)
        cross = QToolButton()
        cross.setObjectName("noticeClose")
        cross.setAutoRaise(True)
        cross.setIcon(icons.icon("close", "dim"))
        cross.setIconSize(icons.ICON_SIZE)
        cross.setAccessibleName(f"Close notice: {error.message}")
        set_plain_tooltip(cross, "Close")
        cross.clicked.connect(close)
        line.addWidget(cross)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        painter.fillRect(self.rect(), colours.raised)
        painter.fillRect(0, 0, _BAR_PX, self.height(), getattr(colours, self._colour))
        painter.fillRect(0, self.height() - 1, self.width(), 1, colours.border)
