"""TriggerActions: what can be done with the selected trigger; MappingEdit, its editor in place."""

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSpinBox, QVBoxLayout, QWidget

from lambdadesk.core.mappings import MappingChange
from lambdadesk.core.triggers import Trigger
from lambdadesk.ui import theme
from lambdadesk.ui.models.trigger_table import is_changing
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel

_MAPPING = "the event source mapping"
_LARGEST_BATCH = 10_000
_LONGEST_WINDOW_S = 300


class TriggerActions(QWidget):
    """Buttons, and the same as a menu. What changes a mapping is there for event source mappings alone.

    Signals:
        copied(str): the ARN of the source with this name is in the clipboard.
        change_requested(str, Trigger, MappingChange): with the verb, "Disable the event source mapping".
    """

    copied = Signal(str)
    change_requested = Signal(str, object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._trigger: Trigger | None = None
        self.copy = named(QPushButton("Copy ARN"), "copySourceArn", "Copy the ARN of the source")
        self.copy.clicked.connect(self._copy)
        self.switch = named(QPushButton("Disable"), "mappingSwitch")
        self.switch.clicked.connect(self._switch)
        self.edit = named(
            QPushButton("Edit batch size…"), "mappingEdit", f"Edit the batch size of {_MAPPING}"
        )
        self.edit.clicked.connect(self._edit)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        for button in (self.copy, self.switch, self.edit):
            row.addWidget(button)
        row.addStretch(1)
        self.editor = named(MappingEdit(), "mappingEditor", "Batch size and window")
        self.editor.save_requested.connect(
            lambda trigger, change: self.change_requested.emit(f"Change {_MAPPING}", trigger, change)
        )
        self.editor.closed.connect(lambda: self.edit.setFocus(Qt.FocusReason.OtherFocusReason))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE)
        column.addLayout(row)
        column.addWidget(self.editor)

    def show_trigger(self, trigger: Trigger | None, *, is_busy: bool = False) -> None:
        """Offer what can be done with it now; is_busy: its mapping is just being changed."""
        self._trigger = trigger
        self.editor.close_unless(trigger.key if trigger else "")
        self.copy.setEnabled(trigger is not None and bool(trigger.arn))
        verb = "Enable" if trigger is not None and _is_off(trigger) else "Disable"
        self.switch.setText(verb)
        self.switch.setAccessibleName(f"{verb} {_MAPPING}")
        can_change = trigger is not None and not is_busy and not is_changing(trigger)
        for button in (self.switch, self.edit):
            button.setVisible(trigger is not None and bool(trigger.uuid))
            button.setEnabled(can_change and trigger is not None and trigger.state != "Deleted")

    def show_menu(self, place: QPoint) -> None:
        """The same as a menu, at a place on the screen."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for button in (self.copy, self.switch, self.edit):
            if not button.isHidden():
                menu.addAction(button.text(), button.click).setEnabled(button.isEnabled())
        menu.popup(place)

    def _copy(self) -> None:
        if self._trigger is not None:
            QGuiApplication.clipboard().setText(self._trigger.arn)
            self.copied.emit(self._trigger.name)

    def _switch(self) -> None:
        if self._trigger is not None:
            is_off = _is_off(self._trigger)
            verb = f"{'Enable' if is_off else 'Disable'} {_MAPPING}"
            self.change_requested.emit(verb, self._trigger, MappingChange(enabled=is_off))

    def _edit(self) -> None:
        if self._trigger is not None:
            self.editor.open_for(self._trigger)


class MappingEdit(QWidget):
    """Hidden until it is opened. Enter saves, Esc closes.

    Signals:
        save_requested(Trigger, MappingChange): what was changed of it.
        closed(): it was closed while it had the keyboard, which is to go somewhere near.
    """

    save_requested = Signal(object, object)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._trigger: Trigger | None = None
        self.batch_size = named(QSpinBox(), "mappingBatchSize", "Batch size, in records")
        self.batch_size.setRange(1, _LARGEST_BATCH)
        self.window_s = named(QSpinBox(), "mappingWindow", "Batching window, in seconds")
        self.window_s.setRange(0, _LONGEST_WINDOW_S)
        self.window_s.setSuffix(" s")
        for box in (self.batch_size, self.window_s):
            box.setAccelerated(True)
            box.lineEdit().setAccessibleName(box.accessibleName())
        batch_label, window_label = PlainLabel("Batch size"), PlainLabel("Window")
        batch_label.setBuddy(self.batch_size)
        window_label.setBuddy(self.window_s)
        save = named(QPushButton("Save"), "mappingSave", "Save batch size and window")
        save.clicked.connect(self._save)
        cancel = named(QPushButton("Cancel"), "mappingCancel", "Close without saving")
        cancel.clicked.connect(self.close_editor)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE)
        for widget in (batch_label, self.batch_size, window_label, self.window_s, save, cancel):
            row.addWidget(widget)
        row.addStretch(1)
        self.hide()

    def open_for(self, trigger: Trigger) -> None:
        """Offer the values that a mapping has now."""
        self._trigger = trigger
        self.batch_size.setValue(trigger.batch_size or 1)
        self.window_s.setValue(trigger.window_s or 0)
        self.show()
        self.batch_size.setFocus(Qt.FocusReason.OtherFocusReason)
        self.batch_size.selectAll()

    def close_editor(self) -> None:
        focus = self.window().focusWidget()
        had_focus = focus is not None and self.isAncestorOf(focus)
        self._trigger = None
        self.hide()
        if had_focus:
            self.closed.emit()

    def close_unless(self, key: str) -> None:
        """Close it where it is open for another trigger than this."""
        if self._trigger is not None and self._trigger.key != key:
            self.close_editor()

    def _save(self) -> None:
        trigger = self._trigger
        if trigger is None:
            return
        size, window_s = self.batch_size.value(), self.window_s.value()
        change = MappingChange(
            batch_size=size if size != trigger.batch_size else None,
            batching_window_s=window_s if window_s != (trigger.window_s or 0) else None,
        )
        self.close_editor()
        if change != MappingChange():
            self.save_requested.emit(trigger, change)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_editor()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._save()
        else:
            super().keyPressEvent(event)


def _is_off(trigger: Trigger) -> bool:
    return trigger.state in ("Disabled", "Disabling")
