"""The real application with a remote control, run as `python -m tests.e2e.driven [arguments]`.

Each line on standard input asks for one thing: "click NAME" presses the button with that objectName, "read
NAME" prints the visible texts within a widget as a JSON list, "type NAME TEXT" replaces an editor's text by
hand, "turn NAME TITLE" shows a tab, "close" closes the window as a user would.
"""

import json
import os
import sys
import threading

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,  # noqa: TID251  to look for, not to show
    QPlainTextEdit,
    QTabWidget,
    QWidget,
)

from lambdadesk.cli import main


class Remote(QObject):
    """Carries the lines to the main thread."""

    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.asked.connect(self._do, Qt.ConnectionType.QueuedConnection)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        rest = b""
        while data := os.read(0, 4096):  # not sys.stdin: its lock would be held when the process ends
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self.asked.emit(line.decode())

    def _do(self, line: str) -> None:
        what, _, name = line.partition(" ")
        if what == "close":
            self._find("mainWindow").close()
        elif what == "click":
            button = self._find(name)
            assert isinstance(button, QAbstractButton)
            assert button.isEnabled()
            button.click()
        elif what == "type":
            name, _, text = name.partition(" ")
            editor = self._find(name)
            assert isinstance(editor, QPlainTextEdit)
            editor.selectAll()
            QTest.keyClicks(editor, text)
        elif what == "turn":
            name, _, title = name.partition(" ")
            tabs = self._find(name)
            assert isinstance(tabs, QTabWidget)
            tabs.setCurrentIndex([tabs.tabText(at) for at in range(tabs.count())].index(title))
        elif (editor := self._find(name)) and isinstance(editor, QPlainTextEdit):
            self._print([editor.toPlainText()])
        else:
            labels = [label for label in self._find(name).findChildren(QLabel) if label.isVisible()]
            self._print([label.text() for label in labels])

    def _print(self, texts: list[str]) -> None:
        sys.stdout.write(json.dumps(texts) + "\n")
        sys.stdout.flush()

    def _find(self, name: str) -> QWidget:
        (found,) = [widget for widget in QApplication.allWidgets() if widget.objectName() == name]
        return found


if __name__ == "__main__":
    remote = Remote()
    sys.exit(main(sys.argv[1:]))
