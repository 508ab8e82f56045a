"""ConfirmInvokeDialog: what is about to happen in production, and the name to type before it does."""

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.text import one_line
from lambdadesk.ui import icons, theme
from lambdadesk.ui.widgets.labels import ElidedLabel, ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel

_FACT_LIMIT = 140  # characters: the longest name of a function, its ARN included
_WIDTH_PX = 520


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What is about to be done. Empty fields, and a payload of None, are not shown.

    verb: what the button says ("Invoke", "Update the event source mapping"); kind: the invocation type in
    words; colour: "#rrggbb" of the connection, or empty; other_accounts: ids found in the payload's ARNs.
    """

    function: str
    account: str
    region: str
    connection: str
    alias: str = ""
    qualifier: str = ""
    kind: str = ""
    payload_bytes: int | None = None
    colour: str = ""
    other_accounts: tuple[str, ...] = ()
    verb: str = "Invoke"


class ConfirmInvokeDialog(QDialog):
    """Asks for the function's name before a write in production; it deletes itself when closed.

    Only a click on its button, or Space on it, confirms. Enter never does.

    Signals:
        confirmed(bool): do it; True: and ask no more for ten minutes.
        rejected(): don't (QDialog's own).
    """

    confirmed = Signal(bool)

    def __init__(self, facts: Confirmation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._function = facts.function
        title = f"{facts.verb} in production?"
        self.setObjectName("confirmInvokeDialog")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.name = named(QLineEdit(), "confirmName", "Name of the function")
        self.name.textChanged.connect(self._check)
        self.unlock = named(QCheckBox("Ask no more for 10 minutes"), "confirmUnlock")
        self.confirm = named(QPushButton(facts.verb), "confirmInvoke", facts.verb)
        self.confirm.setEnabled(False)
        self.confirm.clicked.connect(self._on_confirm)
        cancel = named(QPushButton("Cancel"), "confirmCancel", "Cancel")
        cancel.clicked.connect(self.reject)
        for button in (self.confirm, cancel):
            button.setAutoDefault(False)  # a dialog would press it by Enter
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.SPACE)
        buttons.addStretch(1)
        buttons.addWidget(self.confirm)
        buttons.addWidget(cancel)

        inner = QVBoxLayout()
        inner.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.WIDE)
        inner.setSpacing(theme.SPACE)
        inner.addLayout(_form(facts))
        if facts.other_accounts:
            inner.addSpacing(theme.TIGHT)
            inner.addLayout(_warning(facts.other_accounts))
        inner.addSpacing(theme.SPACE)
        inner.addWidget(PlainLabel("Type the function's name to confirm:"))
        inner.addWidget(self.name)
        inner.addWidget(self.unlock)
        inner.addStretch(1)
        inner.addSpacing(theme.SPACE)
        inner.addLayout(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(_Band(facts.connection, facts.colour))
        layout.addLayout(inner)
        self.resize(_WIDTH_PX, self.heightForWidth(_WIDTH_PX))
        self.name.setFocus()
        self.finished.connect(self.deleteLater)

    def open(self) -> None:
        """Show it; unlike QDialog's own, this does not keep the window from being used."""
        self.show()

    def _check(self, text: str) -> None:
        self.confirm.setEnabled(text == self._function)

    def _on_confirm(self) -> None:
        self.confirm.setEnabled(False)  # a second click may be on its way
        self.accept()
        self.confirmed.emit(self.unlock.isChecked())


def _form(facts: Confirmation) -> QFormLayout:
    account = (
        f"{facts.account or 'not known'} ({facts.alias})" if facts.alias else facts.account or "not known"
    )
    payload = "" if facts.payload_bytes is None else f"{facts.payload_bytes:,} bytes"
    form = QFormLayout()
    form.setHorizontalSpacing(theme.WIDE)
    form.setVerticalSpacing(theme.TIGHT)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for title, text in (
        ("Function", facts.function),
        ("Qualifier", facts.qualifier),
        ("Account", account),
        ("Region", facts.region),
        ("Connection", facts.connection),
        ("Invocation type", facts.kind),
        ("Payload", payload),
    ):
        if text:
            form.addRow(_caption(title), _fact(title, text, is_main=title == "Function"))
    return form


def _caption(text: str) -> PlainLabel:
    label = PlainLabel(text)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label


def _fact(title: str, text: str, *, is_main: bool) -> PlainLabel:
    """A value that is never cut off: it wraps between words, and is as wide as its longest one."""
    label = PlainLabel(one_line(text, _FACT_LIMIT))
    label.setAccessibleName(f"{title}: {label.text()}")
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    font = label.font()
    font.setBold(is_main)
    label.setFont(font)
    metrics = label.fontMetrics()
    label.setMinimumWidth(max(metrics.horizontalAdvance(word) for word in label.text().split(" ")) + 2)
    return label


def _warning(accounts: tuple[str, ...]) -> QHBoxLayout:
    several = "another account" if len(accounts) == 1 else f"{len(accounts)} other accounts"
    label = named(ToneLabel("warning"), "confirmOtherAccounts", "Other accounts in the payload")
    label.setText(f"The payload names resources of {several}: {one_line(', '.join(accounts), 300)}.")
    line = QHBoxLayout()
    line.setSpacing(theme.SPACE)
    line.addWidget(icons.IconView(icons.ICON_SIZE.width(), "warning", "warning"))
    line.addWidget(label, 1)
    return line


class _Band(ElidedLabel):
    """A strip in the connection's colour that says PRODUCTION."""

    def __init__(self, connection: str, colour: str) -> None:
        super().__init__(f"PRODUCTION · {one_line(connection, _FACT_LIMIT)}")
        self.setObjectName("confirmBand")
        behind = QColor(colour)
        if not behind.isValid():
            behind = theme.colours(self.palette()).error
        words = max(QColor("#ffffff"), QColor("#000000"), key=lambda ink: theme.contrast(ink, behind))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, behind)
        palette.setColor(QPalette.ColorRole.WindowText, words)
        self.setPalette(palette)
        self.setAutoFillBackground(True)
        font = self.font()
        font.setBold(True)
        self.setFont(font)
        self.setContentsMargins(theme.WIDE, theme.SPACE, theme.WIDE, theme.SPACE)
