"""CalmComboBox, which the mouse wheel passes over, and PatientComboBox, whose keys decide nothing yet."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget

_DECIDE = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class CalmComboBox(QComboBox):
    """A combo box that the wheel changes only while it has the focus, which the wheel doesn't give it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class PatientComboBox(CalmComboBox):
    """For choices that cost time: on the closed box, keys and the wheel only go from one to the next.

    Signals:
        decided(int): by Enter, in the opened list, or as the focus goes; Esc goes back to what held before.
    """

    decided = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._held = -1  # what is to come back with Esc; -1: nothing else has been gone to
        self._is_going = False
        self.is_leaving = False  # it was decided since the focus goes
        self.activated.connect(self._on_activated)

    @property
    def is_undecided(self) -> bool:
        return self._held >= 0

    def event(self, event: QEvent) -> bool:
        is_undecided = self.is_undecided and event.type() == QEvent.Type.ShortcutOverride
        if is_undecided and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()  # a shortcut of the page would have it before
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.is_undecided and event.key() in _DECIDE:
            self._decide()
        elif self.is_undecided and event.key() == Qt.Key.Key_Escape:
            self.setCurrentIndex(self._held)
            self._held = -1
        else:
            self._go(super().keyPressEvent, event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._go(super().wheelEvent, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self.is_undecided and event.reason() != Qt.FocusReason.PopupFocusReason:
            self.is_leaving = True
            self._decide()
            self.is_leaving = False

    def _go(self, usual: Callable[[Any], None], event: QEvent) -> None:
        before = self.currentIndex()
        self._is_going = True
        usual(event)
        self._is_going = False
        if self.currentIndex() != before and not self.is_undecided:
            self._held = before

    def _on_activated(self, _index: int) -> None:
        if not self._is_going:
            self._decide()

    def _decide(self) -> None:
        self._held = -1
        self.decided.emit(self.currentIndex())
