"""RunOptions: what an invoke can carry beside its payload."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QLineEdit, QPushButton, QWidget

from lambdadesk.core.text import one_line
from lambdadesk.core.types import FunctionInfo, InvocationType
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip


class RunOptions(QWidget):
    """A few fields; those that the function has no use for are hidden while they are empty.

    Signals:
        changed(): the user changed one.
    """

    changed = Signal()

    def __init__(self, function: FunctionInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._function = function
        self._kind = InvocationType.REQUEST_RESPONSE
        self._is_streaming = False
        self.client_context = named(QLineEdit(), "clientContext", "Client context, as JSON")
        self.client_context.setPlaceholderText('{"custom": {"key": "value"}}')
        set_plain_tooltip(
            self.client_context, "What a synchronous run finds in context.client_context, 3,583 bytes at most"
        )
        self.tenant_id = named(QLineEdit(), "tenantId", "Tenant id")
        self.tenant_id.setPlaceholderText("needed by this function")
        self.durable_name = named(QLineEdit(), "durableName", "Name of the durable execution")
        self.durable_name.setPlaceholderText("sent again under one name, it runs once")
        self.log_tail = named(QCheckBox("Log tail"), "logTail", "Ask for the end of the log with the answer")
        set_plain_tooltip(self.log_tail, "The last 4 KB of the log come with the answer of a synchronous run")
        self.log_tail.setChecked(True)
        self.save_path = ""  # where a streamed response is saved while it comes
        self.save_button = named(QPushButton("Save to a file…"), "streamToFile")
        self.save_button.setAutoDefault(False)
        set_plain_tooltip(self.save_button, "Save all of a streamed response, of which 6 MB are shown here")
        self.save_button.clicked.connect(self._ask_where)
        self._rows = (
            (PlainLabel("Client context"), self.client_context),
            (PlainLabel("Tenant id"), self.tenant_id),
            (PlainLabel("Durable name"), self.durable_name),
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(theme.TIGHT)
        grid.setHorizontalSpacing(theme.SPACE)
        for number, (label, field) in enumerate(self._rows):
            grid.addWidget(label, number, 0)
            grid.addWidget(field, number, 1)
            field.textChanged.connect(self._on_changed)
        grid.addWidget(self.log_tail, 0, 2)
        grid.addWidget(self.save_button, 1, 2)
        grid.setColumnStretch(1, 1)
        self.log_tail.toggled.connect(self._on_changed)
        self._show_rows()

    def show_function(self, function: FunctionInfo) -> None:
        self._function = function
        self._show_rows()

    def show_kind(self, kind: InvocationType, *, is_streaming: bool) -> None:
        """Offer what this kind of run has a use for."""
        self._kind, self._is_streaming = kind, is_streaming
        self._show_rows()

    def set_values(self, client_context: str, tenant_id: str, durable_name: str, *, log_tail: bool) -> None:
        """Put values back; nobody is told."""
        for field, text in (
            (self.client_context, client_context),
            (self.tenant_id, tenant_id),
            (self.durable_name, durable_name),
        ):
            field.blockSignals(True)
            field.setText(text)
            field.blockSignals(False)
        self.log_tail.blockSignals(True)
        self.log_tail.setChecked(log_tail)
        self.log_tail.blockSignals(False)
        self._show_rows()

    def about(self) -> str:
        """What is set, in a few words, for when the fields are out of sight; empty for nothing."""
        is_sync = self._kind is InvocationType.REQUEST_RESPONSE
        words = [
            "client context" if self.client_context.text() else "",
            f"tenant {self.tenant_id.text()}" if self.tenant_id.text() else "",
            f"durable {self.durable_name.text()}" if self.durable_name.text() else "",
            f"saved to {Path(self.save_path).name}" if self._is_streaming and self.save_path else "",
            "no log tail" if is_sync and not self.log_tail.isChecked() else "",
        ]
        if self._function.is_tenant_isolated and not self.tenant_id.text():
            words.append("a tenant id is needed")
        return ", ".join(word for word in words if word)

    def _ask_where(self) -> None:
        if self.save_path:  # a second click takes it back
            self.set_save_path("")
            return
        dialog = QFileDialog(self, "Save the streamed response")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile("response")
        dialog.fileSelected.connect(self.set_save_path)
        dialog.open()

    def set_save_path(self, path: str) -> None:
        """Save the next streamed response there as it comes; empty: only show it."""
        self.save_path = path
        name = one_line(Path(path).name, 24).replace("&", "&&")
        self.save_button.setText(f"Don't save to {name}" if path else "Save to a file…")
        self.changed.emit()

    def _on_changed(self, *_: object) -> None:
        self.changed.emit()

    def _show_rows(self) -> None:
        is_sync = self._kind is InvocationType.REQUEST_RESPONSE
        wanted = (
            is_sync,
            self._function.is_tenant_isolated,
            self._function.is_durable and not self._is_streaming,
        )
        for (label, field), is_wanted in zip(self._rows, wanted, strict=True):
            for widget in (label, field):
                widget.setVisible(is_wanted or bool(field.text()))
        self.save_button.setVisible(self._is_streaming)
        self.log_tail.setVisible(is_sync and not self._function.capacity_provider)
