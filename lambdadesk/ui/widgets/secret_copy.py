"""Puts a secret on the clipboard for a minute, marked so that clipboard histories leave it out."""

from typing import Final

from PySide6.QtCore import QCoreApplication, QMimeData, QTimer
from PySide6.QtGui import QGuiApplication

from lambdadesk.core.secret import Secret

CLEAR_AFTER_MS: Final = 60_000
# What KDE's Klipper and Windows ask for; macOS has a mark, too, but Qt can't set it by itself.
_MARKS: Final = {
    "x-kde-passwordManagerHint": b"secret",
    'application/x-qt-windows-mime;value="ExcludeClipboardContentFromMonitorProcessing"': b"1",
}


def copy_secret(secret: Secret, clear_after_ms: int = CLEAR_AFTER_MS) -> None:
    """Copy a secret; it is cleared again after a minute, unless something else was copied meanwhile."""
    data = QMimeData()
    data.setText(secret.reveal())
    for mark, value in _MARKS.items():
        data.setData(mark, value)
    clipboard = QGuiApplication.clipboard()
    clipboard.setMimeData(data)

    def clear() -> None:
        if clipboard.text() == secret.reveal():
            clipboard.clear()

    # Of the application: the page that was copied from may be closed by then.
    timer = QTimer(QCoreApplication.instance(), singleShot=True, interval=clear_after_ms)
    timer.timeout.connect(clear)
    timer.timeout.connect(timer.deleteLater)
    timer.start()
