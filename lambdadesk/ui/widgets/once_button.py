"""OnceButton, which runs something, and StopButton, which stops it: a press too many does nothing."""

from typing import Final

from PySide6.QtCore import QElapsedTimer, Qt
from PySide6.QtGui import QFocusEvent, QIcon, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QPushButton

_PAUSE_MS: Final = 60  # between a release and a press, where these are no repeat


class OnceButton(QPushButton):
    """Takes clicks that follow like those of a double click for one, however many they are, since a quick
    function has answered by the second.

    A held Space is one click, too, where its repeats come as releases and presses; see OnceKey.
    """

    _released_ms = -_PAUSE_MS
    _pressed_ms = 0  # by the mouse

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        self._released_ms = event.timestamp()
        super().keyReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if 0 < event.timestamp() < self._released_ms + _PAUSE_MS:
            event.accept()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        before_ms, self._pressed_ms = self._pressed_ms, event.timestamp()
        if before_ms and event.timestamp() - before_ms < QApplication.doubleClickInterval():
            event.accept()  # Qt takes the third click for a first one
        else:
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pressed_ms = event.timestamp()
        event.accept()


class StopButton(OnceButton):
    """Is handed the keyboard's focus by a button that starts something, and takes no key for a moment then:
    the second half of a double press would stop what was only just started.
    """

    def __init__(self, face: QIcon, text: str) -> None:
        super().__init__(face, text)
        self._handed = QElapsedTimer()

    def focusInEvent(self, event: QFocusEvent) -> None:
        if event.reason() == Qt.FocusReason.OtherFocusReason:
            self._handed.start()
        super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_early = self._handed.isValid() and self._handed.elapsed() < QApplication.doubleClickInterval()
        if is_early and event.key() == Qt.Key.Key_Space:
            event.accept()
        else:
            super().keyPressEvent(event)


def show_running(start: QPushButton, stop: QPushButton, *, is_running: bool, can_start: bool = True) -> None:
    """Show the button that can be pressed now, and let the keyboard's focus go from one to the other.

    Qt would hand it to whatever comes next, such as an editor, which then takes the keys.
    """
    had_focus, had_start = stop.hasFocus(), start.hasFocus()
    stop.setVisible(is_running or had_focus)
    if is_running and had_start:
        stop.setFocus(Qt.FocusReason.OtherFocusReason)
    start.setEnabled(can_start and not is_running)
    if not is_running and had_focus:
        start.setFocus(Qt.FocusReason.OtherFocusReason)
        stop.hide()
