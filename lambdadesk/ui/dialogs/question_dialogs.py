"""The dialogs of desk.prompts: an MFA code, and whether a program may run for credentials."""

from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.text import one_line
from lambdadesk.desk.prompts import Question, QuestionKind
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.labels import ElidedLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import wrapped_label
from lambdadesk.ui.widgets.plain import show_plain_text

_DIGITS: Final = 6
_WIDTH_PX: Final = 520
_LOOK_EVERY_MS: Final = 200  # whether the question was cancelled elsewhere


def show_question(question: Question, parent: QWidget | None) -> QDialog:
    """Show the dialog for a question, and return at once; it answers or cancels it."""
    dialog = (
        MfaDialog(question, parent)
        if question.kind is QuestionKind.MFA_CODE
        else ProcessDialog(question, parent)
    )
    dialog.open()
    return dialog


class _QuestionDialog(QDialog):
    """Closing it in any way cancels the question; it closes by itself where the question ends elsewhere."""

    def __init__(self, question: Question, title: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.question = question
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.WIDE)
        self.column.setSpacing(theme.SPACE)
        looking = QTimer(self, interval=_LOOK_EVERY_MS)
        looking.timeout.connect(self._look)
        looking.start()
        self.finished.connect(self._on_finished)

    def open(self) -> None:
        """Show it; unlike QDialog's own, this does not keep the window from being used."""
        self.show()

    def add_buttons(self, *buttons: QPushButton) -> None:
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        row.addStretch(1)
        for button in buttons:
            row.addWidget(button)
        self.column.addSpacing(theme.SPACE)
        self.column.addLayout(row)

    def _look(self) -> None:
        if self.question.is_done:
            self.reject()

    def _on_finished(self) -> None:
        self.question.cancel()  # nothing where it was answered
        self.deleteLater()


class MfaDialog(_QuestionDialog):
    """Asks for the six digits of an MFA device."""

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(question, f"MFA code for {one_line(question.connection, 60)}", parent)
        self.setObjectName("mfaDialog")
        self.code = named(QLineEdit(), "mfaCode", "MFA code, six digits")
        self.code.setInputMethodHints(Qt.InputMethodHint.ImhDigitsOnly)
        self.code.setPlaceholderText("6 digits")
        font = theme.fixed_font()
        font.setPointSizeF(font.pointSizeF() * 1.6)
        self.code.setFont(font)
        self.code.textChanged.connect(self._on_text)
        self.ok = named(QPushButton("Sign in"), "mfaOk", "Sign in")
        self.ok.setDefault(True)
        self.ok.setEnabled(False)
        self.ok.clicked.connect(self._on_ok)
        cancel = named(QPushButton("Cancel"), "mfaCancel", "Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self.column.addWidget(
            wrapped_label(
                f"The connection {question.connection} asks for the code that your MFA device shows now."
            )
        )
        self.column.addWidget(ElidedLabel(f"Device: {one_line(question.text)}"))
        self.column.addWidget(self.code)
        self.column.addStretch(1)
        self.add_buttons(self.ok, cancel)
        self.resize(_WIDTH_PX, self.heightForWidth(_WIDTH_PX))
        self.code.setFocus()

    def _on_text(self, text: str) -> None:
        digits = "".join(letter for letter in text if letter in "0123456789")[:_DIGITS]
        if digits != text:
            self.code.setText(digits)  # comes here again
        else:
            self.ok.setEnabled(len(digits) == _DIGITS)

    def _on_ok(self) -> None:
        self.question.answer(self.code.text())
        self.accept()


class ProcessDialog(_QuestionDialog):
    """Asks whether a profile's credential_process may run. Enter never confirms."""

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(question, "Run a program for credentials?", parent)
        self.setObjectName("processDialog")
        command = named(QPlainTextEdit(readOnly=True), "processCommand", "Command line")
        command.setFont(theme.fixed_font())
        command.setTabChangesFocus(True)
        show_plain_text(command, question.text)
        run = named(QPushButton("Run it"), "processRun", "Run it")
        run.setAutoDefault(False)  # a dialog would press it by Enter
        run.clicked.connect(self._on_run)
        refuse = named(QPushButton("Don't run"), "processRefuse", "Don't run")
        refuse.setDefault(True)
        refuse.clicked.connect(self.reject)
        self.column.addWidget(
            wrapped_label(
                f"The profile of {question.connection} gets its credentials from a program. "
                "It runs with all your rights on this computer:"
            )
        )
        self.column.addWidget(command, 1)
        self.column.addWidget(
            wrapped_label(
                "If you run it, this exact command line is not asked about again; a changed one is.",
                is_dim=True,
            )
        )
        self.add_buttons(run, refuse)
        self.resize(_WIDTH_PX, 300)
        refuse.setFocus()

    def _on_run(self) -> None:
        self.question.answer("yes")
        self.accept()
