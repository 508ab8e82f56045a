"""A question goes from the thread that fetches credentials to a dialog, and the answer back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QPlainTextEdit, QPushButton, QWidget

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.desk.prompts import Prompts, QuestionKind
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.dialogs.question_dialogs import MfaDialog, ProcessDialog, show_question
from tests.ui.desk import CONTROL, click, press, turns, until, visible_words
from tests.ui.test_accessibility import nameless

DEVICE = "arn:aws:iam::123456789012:mfa/phone"
COMMAND = "/usr/local/bin/get-credentials --account 123456789012"


class Asking:
    """One question, asked in a thread; `outcome` is the answer, or the error that came of it."""

    def __init__(self) -> None:
        self.prompts = Prompts()
        self.prompts.attach()
        self.prompts.asked.connect(self._show)
        self.outcome: str | UserError | None = None
        self.dialog: QDialog | None = None
        self.is_gone = False

    def _show(self, question: object) -> None:
        self.dialog = show_question(question, None)
        self.dialog.destroyed.connect(self._on_gone)

    def _on_gone(self) -> None:
        self.is_gone = True

    async def ask(self, kind: QuestionKind, connection: str, text: str) -> None:
        try:
            self.outcome = await in_thread(self.prompts.ask, kind, connection, text)
        except UserError as error:
            self.outcome = error

    def find(self, name: str, kind: type = QWidget) -> QWidget:
        (found,) = self.dialog.findChildren(kind, name)
        return found

    async def ended(self) -> str | UserError:
        """What the thread got; the dialog has closed by itself and is no more."""
        outcome = await until(lambda: self.outcome)
        await until(lambda: self.is_gone)
        return outcome


@asynccontextmanager
async def asking(
    qapp: QApplication, kind: QuestionKind, text: str, connection: str = "shop"
) -> AsyncIterator[Asking]:
    theme.apply(qapp, "light")
    found = Asking()
    errors: list[Exception] = []
    scope = TaskScope(lambda _name, error: errors.append(error))
    scope.start("ask", found.ask, kind, connection, text)
    await until(lambda: found.dialog is not None)
    await until(found.dialog.isVisible)
    try:
        yield found
    finally:
        found.prompts.close()
        await scope.wait("ask")
        await until(lambda: found.is_gone)
        await scope.close()
    assert errors == []


# --- MFA ---


async def test_a_code_is_answered_by_enter(qapp: QApplication) -> None:
    async with asking(qapp, QuestionKind.MFA_CODE, DEVICE) as asked:
        assert isinstance(asked.dialog, MfaDialog)
        assert asked.dialog.objectName() == "mfaDialog"
        assert not asked.dialog.isModal()
        assert nameless(asked.dialog) == []
        words = visible_words(asked.dialog)
        assert "The connection shop asks" in words
        assert f"Device: {DEVICE}" in words
        code = asked.find("mfaCode", QLineEdit)
        assert asked.dialog.focusWidget() is code
        QTest.keyClicks(code, "12345")
        assert not asked.find("mfaOk").isEnabled()
        press(code, Qt.Key.Key_Return)  # too early
        assert asked.dialog.isVisible()
        QTest.keyClicks(code, "6")
        press(code, Qt.Key.Key_Return)
        assert await asked.ended() == "123456"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("12a3 4-5", "12345"),
        ("1234567", "123456"),
        ("\u0661\u0662\u06633", "3"),  # digits of another script are none for AWS
    ],
)
async def test_only_six_digits_are_taken(qapp: QApplication, typed: str, kept: str) -> None:
    async with asking(qapp, QuestionKind.MFA_CODE, DEVICE) as asked:
        code = asked.find("mfaCode", QLineEdit)
        for letter in typed:
            QTest.keyClicks(code, letter) if letter.isascii() else code.insert(letter)
        assert code.text() == kept


async def test_a_code_may_be_pasted_with_spaces(qapp: QApplication) -> None:
    async with asking(qapp, QuestionKind.MFA_CODE, DEVICE) as asked:
        QApplication.clipboard().setText(" 123 456\n")
        press(asked.find("mfaCode"), Qt.Key.Key_V, CONTROL)
        click(asked.find("mfaOk"))
        assert await asked.ended() == "123456"


@pytest.mark.parametrize("way", ["cancel", "escape", "close", "elsewhere"])
@pytest.mark.parametrize("kind", QuestionKind)
async def test_every_way_out_cancels(qapp: QApplication, kind: QuestionKind, way: str) -> None:
    async with asking(qapp, kind, "text") as asked:
        dialog = asked.dialog
        match way:
            case "cancel":
                click(asked.find("mfaCancel" if kind is QuestionKind.MFA_CODE else "processRefuse"))
            case "escape":
                press(dialog, Qt.Key.Key_Escape)
            case "close":
                dialog.close()
            case "elsewhere":
                asked.prompts.close()
        outcome = await asked.ended()
        assert isinstance(outcome, UserError)
        assert outcome.kind is ErrorKind.EXPIRED


async def test_the_dialog_stays_while_nobody_answers(qapp: QApplication) -> None:
    async with asking(qapp, QuestionKind.MFA_CODE, DEVICE) as asked:
        await turns(60)  # it has looked meanwhile
        assert asked.dialog.isVisible()
        assert asked.outcome is None


# --- credential_process ---


async def test_a_program_runs_only_by_its_button(qapp: QApplication) -> None:
    async with asking(qapp, QuestionKind.PROCESS, COMMAND) as asked:
        assert isinstance(asked.dialog, ProcessDialog)
        assert not asked.dialog.isModal()
        assert nameless(asked.dialog) == []
        assert asked.dialog.focusWidget().objectName() == "processRefuse"
        words = visible_words(asked.dialog)
        assert "with all your rights" in words
        assert "this exact command line is not asked about again" in words
        command = asked.find("processCommand", QPlainTextEdit)
        assert command.toPlainText() == COMMAND
        assert command.isReadOnly()
        command.setFocus()
        press(command, Qt.Key.Key_A, CONTROL)
        press(command, Qt.Key.Key_C, CONTROL)
        assert QApplication.clipboard().text() == COMMAND
        click(asked.find("processRun"))
        assert await asked.ended() == "yes"


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
@pytest.mark.parametrize("focused", ["processRun", "processCommand", "processRefuse"])
async def test_enter_never_runs_a_program(qapp: QApplication, key: Qt.Key, focused: str) -> None:
    async with asking(qapp, QuestionKind.PROCESS, COMMAND) as asked:
        run = asked.find("processRun", QPushButton)
        assert not run.autoDefault()
        assert not run.isDefault()
        widget = asked.find(focused)
        widget.setFocus()
        press(widget, key)
        await turns()
        assert asked.outcome != "yes"


async def test_a_long_command_wraps_and_a_hostile_one_is_spelt_out(qapp: QApplication) -> None:
    text = f"run \u202e<b>x</b> \x1b[8m{'a' * 5000} END"
    async with asking(qapp, QuestionKind.PROCESS, text, connection="<img src=x>\u202e") as asked:
        command = asked.find("processCommand", QPlainTextEdit)
        shown = command.toPlainText()
        assert shown.startswith("run <U+202E><b>x</b> aaa")
        assert shown.endswith("END")
        assert command.horizontalScrollBar().maximum() == 0
        assert command.verticalScrollBar().maximum() > 0
        assert "The profile of <img src=x><U+202E> gets" in visible_words(asked.dialog)
