"""RunBar: how a payload is sent, and the button that sends it."""

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest
from lambdadesk.store.drafts import Draft
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.labels import ElidedLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.once_button import OnceButton, StopButton, show_running
from lambdadesk.ui.widgets.plain import plain_tooltip, set_plain_tooltip
from lambdadesk.ui.widgets.run_options import RunOptions

_STREAM: Final = "stream"
_NARROW_PX: Final = 600
KINDS: Final = (
    (InvocationType.REQUEST_RESPONSE.value, "Request / response"),
    (InvocationType.EVENT.value, "Event (asynchronous)"),
    (InvocationType.DRY_RUN.value, "Dry run"),
    (_STREAM, "Response stream"),
)


class RunBar(QWidget):
    """Kind, qualifier and options of a run; Invoke, and Stop waiting while it runs.

    Signals:
        invoke_requested(), stop_requested(), format_requested().
        events_toggled(bool): the side pane of events is to be shown, or not.
        changed(): the user chose something else.
    """

    invoke_requested = Signal()
    stop_requested = Signal()
    format_requested = Signal()
    events_toggled = Signal(bool)
    changed = Signal()

    def __init__(self, function: FunctionInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._about: dict[str, str] = {}  # the versions behind an alias
        self._problem = ""  # why there are no qualifiers but $LATEST
        self.options = RunOptions(function)
        self.options.hide()
        self.options.changed.connect(self._on_changed)
        self._build()
        self._show_note()

    def _build(self) -> None:
        self.kind_box = named(CalmComboBox(), "invocationType", "Invocation type")
        for kind, title in KINDS:
            self.kind_box.addItem(title, kind)
        self.qualifier_box = named(CalmComboBox(), "qualifierBox", "Qualifier")
        self.qualifier_box.addItem("$LATEST")
        for box in (self.kind_box, self.qualifier_box):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.currentIndexChanged.connect(self._on_changed)
        self.events_button = named(QPushButton("Events"), "eventsButton", "Events")
        self.events_button.setCheckable(True)
        set_plain_tooltip(self.events_button, "Sample, saved and recent events (Ctrl+E)")
        self.events_button.toggled.connect(self.events_toggled)
        self.events_button.hide()
        self.options_button = named(QToolButton(), "runOptions", "Options")
        self.options_button.setText("Options")
        self.options_button.setIcon(icon("chevron-right"))
        self.options_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.options_button.setCheckable(True)
        self.options_button.setAutoRaise(True)
        self.options_button.toggled.connect(self._show_options)
        self.note = named(ElidedLabel(""), "runNote", "About the qualifier and the options")
        self.note.setForegroundRole(self.note.palette().ColorRole.PlaceholderText)
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.format_button = QPushButton("Format")
        self.format_button.setAccessibleName("Format the payload")
        set_plain_tooltip(self.format_button, "Lay the JSON out in lines (Ctrl+Shift+I)")
        self.format_button.clicked.connect(self.format_requested)
        self.stop_button = named(
            StopButton(icon("stop"), "Stop waiting"), "stopWaitingButton", "Stop waiting"
        )
        set_plain_tooltip(self.stop_button, "Stop waiting for the answer; the function itself goes on (Esc)")
        self.stop_button.clicked.connect(self.stop_requested)
        self.stop_button.hide()
        self.invoke_button = named(OnceButton("Invoke"), "invokeButton", "Invoke")
        self.invoke_button.setDefault(True)
        set_plain_tooltip(self.invoke_button, "Send this payload once (Ctrl+Enter)")
        self.invoke_button.clicked.connect(self.invoke_requested)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE)
        for widget in (self.events_button, self.kind_box, self.qualifier_box, self.options_button):
            row.addWidget(widget)
        row.addWidget(self.note, 1)
        for widget in (self.format_button, self.stop_button, self.invoke_button):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.TIGHT)
        column.addLayout(row)
        column.addWidget(self.options)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Its key and the editor's menu are there all the same, and no choice is cut off.
        is_narrow = self.width() < _NARROW_PX
        self.format_button.setVisible(not is_narrow)
        self.stop_button.setText("Stop" if is_narrow else "Stop waiting")

    # -- what is chosen

    @property
    def kind(self) -> InvocationType:
        data = self.kind_box.currentData()
        return InvocationType.REQUEST_RESPONSE if data == _STREAM else InvocationType(data)

    @property
    def is_streaming(self) -> bool:
        return bool(self.kind_box.currentData() == _STREAM)

    @property
    def qualifier(self) -> str:
        return self.qualifier_box.currentText()

    def to_draft(self, payload: str | None) -> Draft:
        """All of it, as it is kept for this function."""
        return Draft(
            payload,
            self.kind.value,
            self.qualifier,
            self.options.client_context.text(),
            self.options.tenant_id.text(),
            self.options.durable_name.text(),
            log_tail=self.options.log_tail.isChecked(),
            is_streaming=self.is_streaming,
        )

    def to_request(self, function: FunctionInfo, payload: bytes, origin: str) -> InvokeRequest:
        """A run as it is chosen, without the options that its kind has no use for."""
        options = self.options
        is_sync = self.kind is InvocationType.REQUEST_RESPONSE
        return InvokeRequest(
            function,
            payload,
            self.kind,
            self.qualifier,
            client_context=options.client_context.text() if is_sync else "",
            tenant_id=options.tenant_id.text(),
            durable_name="" if self.is_streaming else options.durable_name.text(),
            log_tail=options.log_tail.isChecked(),
            is_streaming=self.is_streaming,
            origin=origin,
        )

    def set_from(self, draft: Draft) -> None:
        """Put back how it was sent, or was to be; nobody is told."""
        wanted = _STREAM if draft.is_streaming else draft.kind
        for box in (self.kind_box, self.qualifier_box):
            box.blockSignals(True)
        self.kind_box.setCurrentIndex(max(0, self.kind_box.findData(wanted)))
        if self.qualifier_box.findText(draft.qualifier) < 0:
            self.qualifier_box.addItem(draft.qualifier)
        self.qualifier_box.setCurrentText(draft.qualifier)
        for box in (self.kind_box, self.qualifier_box):
            box.blockSignals(False)
        self.options.set_values(
            draft.client_context, draft.tenant_id, draft.durable_name, log_tail=draft.log_tail
        )
        self._show_kind()

    def set_kind(self, kind: InvocationType) -> None:
        """Choose this kind of invocation."""
        self.kind_box.setCurrentIndex(self.kind_box.findData(kind.value))

    def set_qualifiers(self, qualifiers: Mapping[str, str]) -> None:
        """Offer these; the value says which versions an alias means."""
        self._about = dict(qualifiers)
        box, current = self.qualifier_box, self.qualifier
        box.blockSignals(True)
        box.clear()
        for qualifier, versions in qualifiers.items():
            box.addItem(qualifier)
            if versions:
                tip = plain_tooltip(f"{qualifier} → {versions}")
                box.setItemData(box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        if box.findText(current) < 0:
            box.addItem(current)
        box.setCurrentText(current)
        box.blockSignals(False)
        self._show_note()

    def set_no_qualifiers(self, reason: str) -> None:
        self._problem = reason
        set_plain_tooltip(self.qualifier_box, f"Only $LATEST is offered. {reason}")

    def show_function(self, function: FunctionInfo) -> None:
        self.options.show_function(function)
        self._show_note()

    # -- what is shown

    def show_running(self, running: bool, *, can_invoke: bool) -> None:
        show_running(self.invoke_button, self.stop_button, is_running=running, can_start=can_invoke)

    def _on_changed(self, *_: object) -> None:
        self._show_kind()
        self.changed.emit()

    def _show_kind(self) -> None:
        self.options.show_kind(self.kind, is_streaming=self.is_streaming)
        self._show_note()

    def _show_options(self, shown: bool) -> None:
        self.options.setVisible(shown)
        self.options_button.setIcon(icon("chevron-down" if shown else "chevron-right"))
        self._show_note()

    def _show_note(self) -> None:
        versions = self._about.get(self.qualifier, "")
        if not self._problem:
            about = f"{self.qualifier} → {versions}" if versions else "Version or alias to invoke"
            set_plain_tooltip(self.qualifier_box, about)
        options = "" if self.options_button.isChecked() else self.options.about()
        self.note.setText(" · ".join(part for part in (f"→ {versions}" if versions else "", options) if part))


def to_draft(entry: HistoryEntry) -> Draft:
    """How an earlier run was sent, without its payload."""
    return Draft(
        None,
        entry.kind.value,
        entry.qualifier,
        entry.client_context,
        entry.tenant_id,
        entry.durable_name,
        is_streaming=entry.is_streamed,
    )
