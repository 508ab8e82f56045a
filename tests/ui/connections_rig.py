"""Rig, the Connections dialog over a Console of its own, driven by mouse and keys."""

from pathlib import Path
from typing import Any, Self

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QLabel,  # noqa: TID251  to look for, not to show
    QListView,
    QWidget,
)
from shiboken6 import isValid

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.desk.connections import Connections
from lambdadesk.desk.console import Console
from lambdadesk.store.connections import ConnectionStore
from lambdadesk.store.history import History
from lambdadesk.store.paths import Paths
from lambdadesk.store.secrets import SecretStore
from lambdadesk.store.settings import Settings
from lambdadesk.ui import theme
from lambdadesk.ui.dialogs.connections.dialog import ConnectionsDialog
from tests.ui.desk import CONTROL, QUICK, TRACES, click, click_row, press, until, visible_words

KEY_ID, MASKED_ID = "AKIAIOSFODNN7EXAMPLE", "AKIA…MPLE"


def profile_info(name: str, **fields: Any) -> ConnectionInfo:
    return ConnectionInfo(name, name, ConnectionKind.PROFILE, profile=name, **fields)


class Rig:
    """`async with` opens the dialog and ends everything; `opened` is what it wanted to be shown."""

    def __init__(
        self, app: QApplication, home: Path, *stored: ConnectionInfo, sso_endpoint: str = ""
    ) -> None:
        self.app = app
        self.paths = Paths(home)
        self.stored = stored
        self.sso_endpoint = sso_endpoint
        self.crashes: list[Exception] = []
        self.opened: list[str] = []

    async def __aenter__(self) -> Self:
        self.settings = Settings(self.paths.settings_file)
        theme.apply(self.app, "light")
        stores = ConnectionStore(self.paths.connections_file), SecretStore(self.paths.lock_name)
        self.connections = Connections(*stores, self.settings, sso_endpoint=self.sso_endpoint, limits=QUICK)
        history = History(self.paths.history_file)
        self.console = Console(self.paths, self.settings, history, self.connections)
        self.console.failed.connect(lambda _name, error: self.crashes.append(error))
        await history.open()
        self.console.start()
        for info in self.stored:
            await self.connections.save(info)
        await self.open()
        return self

    async def open(self) -> None:
        self.dialog = ConnectionsDialog(self.console)
        self.dialog.open_requested.connect(self.opened.append)
        self.dialog.open()
        self.dialog.activateWindow()
        await until(self.dialog.isActiveWindow)

    async def __aexit__(self, *_: object) -> None:
        shown = ""
        try:
            if self.is_open:
                shown = visible_words(self.dialog)
                await self.dialog.close_dialog()
        finally:
            await self.console.close()
        assert not self.crashes, self.crashes
        for trace in TRACES:
            assert trace not in shown, shown

    # -- what there is

    @property
    def is_open(self) -> bool:
        """Whether the dialog is there; it deletes itself when it is closed."""
        return isValid(self.dialog) and self.dialog.isVisible()

    def get(self, name: str) -> Any:
        found = self.dialog.findChildren(QWidget, name)
        assert len(found) == 1, f"{len(found)} widgets are named {name}"
        return found[0]

    def text(self, name: str) -> str:
        label = self.get(name)
        assert isinstance(label, QLabel)
        return label.text() if label.isVisible() else ""

    def names(self) -> list[str]:
        """The names in the list, "*" behind those with unsaved changes; the Local AWS at last."""
        view = self.get("connectionList")
        model = view.model()
        rows = [model.index(row, 0) for row in range(model.rowCount())]
        role = Qt.ItemDataRole.AccessibleTextRole
        return [str(row.data()) + "*" * ("unsaved" in str(row.data(role))) for row in rows]

    def info(self, name: str) -> ConnectionInfo:
        """A stored connection."""
        (found,) = [info for info in self.connections.get_all() if info.name == name]
        return found

    # -- what a user does

    def type(self, name: str, text: str) -> None:
        """Replace what is in a field by hand."""
        field = self.get(name)
        field.setFocus()
        press(field, Qt.Key.Key_A, CONTROL)
        press(field, Qt.Key.Key_Delete)
        QTest.keyClicks(field, text)

    async def choose(self, name: str, text: str) -> None:
        """Choose an entry of a combo box by the keyboard."""
        box = self.get(name)
        await until(lambda: box.findText(text) >= 0, lambda: [box.itemText(i) for i in range(box.count())])
        box.setFocus()
        for key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            for _step in range(box.count()):
                if box.currentText() == text:
                    return
                press(box, key)
        assert box.currentText() == text

    def pick(self, name: str) -> None:
        """Click on a connection in the list."""
        view: QListView = self.get("connectionList")
        click_row(view, [each.rstrip("*") for each in self.names()].index(name))

    def click(self, name: str) -> None:
        button = self.get(name)
        assert button.isVisible()
        assert button.isEnabled(), name
        click(button)

    async def idle(self, *names: str) -> None:
        """Wait until this work has ended."""
        scope = self.dialog.scope
        await until(lambda: not any(scope.is_running(name) for name in names))

    async def save(self) -> str:
        """Click on Save and wait; what the dialog says then."""
        self.click("connectionSave")
        await self.idle("save", "keyring")
        return self.text("connectionProblem")

    async def test(self) -> str:
        """Click on Test and wait; what it says of who one is."""
        self.click("connectionTest")
        await self.idle("test")
        return self.text("trialIdentity")

    async def fill_key(self, name: str, key_id: str = KEY_ID, secret: str = KEY_ID) -> None:
        """Enter an access key."""
        self.type("connectionName", name)
        await self.choose("connectionKind", "Access key")
        self.type("accessKeyId", key_id)
        self.type("secretAccessKey", secret)
