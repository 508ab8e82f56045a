"""A secret that was copied is gone from the clipboard after a while, and nothing else is."""

from PySide6.QtWidgets import QApplication

from lambdadesk.core.secret import Secret
from lambdadesk.ui.widgets.secret_copy import copy_secret
from tests.ui.desk import turns, until


async def test_it_is_cleared_by_itself(qapp: QApplication) -> None:
    clipboard = qapp.clipboard()
    copy_secret(Secret("canary"), clear_after_ms=50)
    assert clipboard.text() == "canary"
    assert clipboard.mimeData().data("x-kde-passwordManagerHint") == b"secret"
    await until(lambda: clipboard.text() == "")


async def test_what_was_copied_since_stays(qapp: QApplication) -> None:
    clipboard = qapp.clipboard()
    copy_secret(Secret("canary"), clear_after_ms=10)
    clipboard.setText("something else")
    await turns()
    assert clipboard.text() == "something else"
    clipboard.clear()
