"""OnceKey: what a key does is done once, however long it is held."""

from collections.abc import Callable
from typing import Final, cast

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

_PAUSE_MS: Final = 60  # nobody lets a key go and presses it again within this time; a held one does, to Qt
_KEYS: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_PRESSES: Final = (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)


class OnceKey(QObject):
    """For shortcuts with Return: `press` is their slot.

    Some X servers send a release and a press for each repeat of a held key, which Qt does not always take for
    a repeat. So the key counts as held (`is_held`) until its release is followed by a pause.
    """

    def __init__(self, act: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._act = act
        self.is_held = False
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._let_go)

    def press(self) -> None:
        if not self.is_held:
            self.is_held = True
            QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]  # there is one
            self._act()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.KeyRelease and cast(QKeyEvent, event).key() in _KEYS:
            self._pause.start()
        elif kind in _PRESSES and cast(QKeyEvent, event).key() in _KEYS:
            self._pause.stop()
        elif kind == QEvent.Type.WindowDeactivate:
            self._let_go()  # its release is for another window
        return False

    def _let_go(self) -> None:
        self._pause.stop()
        self.is_held = False
        QApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]  # there is one
