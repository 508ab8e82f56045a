"""A secret entered in the Connections dialog goes to the keyring and nowhere else, whatever that does."""

import logging
import os
import subprocess
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAccessible, QClipboard
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.core.types import Target
from lambdadesk.store.keyrings import KeyringKind
from lambdadesk.store.secrets import SecretStore
from tests.keyring_session import KeyringSession, SilentPrompter
from tests.servers.fake_aws import FakeAws
from tests.ui.connections_rig import KEY_ID, MASKED_ID, Rig
from tests.ui.desk import CONTROL, press, turns, until, visible_words

SECRET, TOKEN = "canary-secret+f1a9c0de", "canary-token-5ca1ab1e"
KEYRING = "GNOME Keyring / Secret Service"


async def fill_endpoint(rig: Rig, aws: FakeAws) -> None:
    rig.type("connectionName", "canary")
    await rig.choose("connectionKind", "Endpoint")
    rig.type("connectionEndpoint", aws.url)
    rig.type("connectionRegions", "us-east-1")
    rig.type("accessKeyId", KEY_ID)
    rig.type("secretAccessKey", SECRET)
    rig.type("sessionToken", TOKEN)


def spoken(top: QWidget) -> list[str]:
    """What a screen reader is told of every widget."""
    found = []
    for widget in [top, *top.findChildren(QWidget)]:
        heard = QAccessible.queryAccessibleInterface(widget)
        if heard is not None and heard.isValid():
            found += [heard.text(each) for each in QAccessible.Text if each != QAccessible.Text.UserText]
    return found


def attributes(top: QObject) -> list[str]:
    """repr of every Python attribute of a dialog's parts, and of what they hold, three steps deep."""
    found, seen = [], set[int]()

    def visit(value: object, depth: int) -> None:
        if id(value) in seen or depth > 3:
            return
        seen.add(id(value))
        found.append(repr(value))
        inner = (
            value.values()
            if isinstance(value, dict)
            else vars(value).values()
            if hasattr(value, "__dict__")
            else ()
        )
        for each in tuple(inner):
            visit(each, depth + 1)

    for part in [top, *top.findChildren(QObject)]:
        visit(part, 0)
    return found


def read_all(folder: Path) -> dict[Path, bytes]:
    """Every file below a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def child_processes() -> list[bytes]:
    """Command lines and environments of everything that this process has started."""
    pids = subprocess.run(["pgrep", "-P", str(os.getpid())], capture_output=True, text=True).stdout.split()
    found = []
    for pid in pids:
        for name in ("cmdline", "environ"):
            try:
                found.append(Path(f"/proc/{pid}/{name}").read_bytes())
            except OSError:
                continue  # pgrep itself
    return found


async def test_the_canary_is_nowhere_but_in_the_keyring(
    qapp: QApplication,
    home: Path,
    tmp_path: Path,
    aws: FakeAws,
    keyring: KeyringSession,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("botocore").setLevel(logging.DEBUG)
    shown: list[str] = []
    async with Rig(qapp, home) as rig:
        await fill_endpoint(rig, aws)
        shown += [*spoken(rig.dialog), *attributes(rig.dialog)]
        assert (await rig.test()).startswith("✔ Account")
        assert await rig.save() == f"Saved. The secret is kept in {KEYRING}."
        info = rig.info("canary")
        assert (
            await rig.test() == "✔ Account 000000000000 · root · does not expire"
        )  # with what the keyring gives
        shown += [*spoken(rig.dialog), *attributes(rig.dialog), visible_words(rig.dialog)]
        shown += [edit.text() for edit in rig.dialog.findChildren(QLineEdit)]
        await rig.console.open(
            Target("us-east-1", endpoint_url=aws.url, connection_id=info.id, name=info.name)
        )
        await rig.console.connection.catalog.refresh()  # type: ignore[union-attr]
        rig.settings.theme = "dark"
        await rig.settings.save()
        key = await SecretStore(rig.paths.lock_name).load(info.id)
        assert key is not None
        assert key.secret_access_key.reveal() == SECRET
        assert key.session_token.reveal() == TOKEN
        shown += [repr(value) for value in (key, info, rig.connections.get_all(), vars(rig.connections))]
        processes = child_processes()
        assert any(b"dbus-daemon" in text for text in processes)
        held = read_all(tmp_path)  # while the history still has its WAL
    assert {request.access_key for request in aws.requests()} == {KEY_ID}  # it did sign with it
    assert {"connections.json", "settings.json", "history.sqlite-wal", "login.keyring"} <= {
        p.name for p in held
    }
    modes = (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection)
    shown += [QApplication.clipboard().text(mode) for mode in modes]
    shown += [caplog.text, *capfd.readouterr(), *os.environ.values()]
    assert "botocore" in caplog.text
    for secret in (SECRET, TOKEN):
        assert not [path for path, data in held.items() if secret.encode() in data]
        assert not [text[:300] for text in shown if secret in text]
        assert not [text for text in processes if secret.encode() in text]
    assert not [path for path, data in held.items() if KEY_ID.encode() in data]
    assert MASKED_ID in (home / "config" / "connections.json").read_text()


async def test_a_secret_can_not_be_copied_out_nor_brought_back(
    qapp: QApplication, home: Path, aws: FakeAws, keyring: KeyringSession
) -> None:
    clipboard = QApplication.clipboard()
    clipboard.setText("before")
    async with Rig(qapp, home) as rig:
        await fill_endpoint(rig, aws)
        field = rig.get("secretAccessKey")
        field.setFocus()
        for key in (Qt.Key.Key_C, Qt.Key.Key_X):
            assert field.text() == SECRET
            press(field, Qt.Key.Key_A, CONTROL)
            press(field, key, CONTROL)
            assert clipboard.text() == "before"
        rig.type("secretAccessKey", SECRET)
        assert field.toolTip() == ""
        await rig.save()
        for _step in range(4):
            press(field, Qt.Key.Key_Z, CONTROL)
        assert field.text() == ""
        assert field.placeholderText() == f"kept in {KEYRING}"
        assert rig.get("sessionToken").text() == ""
    clipboard.clear()


async def test_closing_the_dialog_wipes_what_was_typed(qapp: QApplication, home: Path, aws: FakeAws) -> None:
    async with Rig(qapp, home) as rig:
        await fill_endpoint(rig, aws)
        field, dialog = rig.get("secretAccessKey"), rig.dialog
        rig.dialog.close()
        rig.click("discardChanges")
        assert field.text() == ""
        assert not [text for text in attributes(dialog) if "canary" in text]


async def expect_in_memory(rig: Rig, kind: KeyringKind, said: str) -> None:
    """Save a key where the keyring can't be used: it is said why, and nothing is written."""
    await rig.idle("keyring")
    assert (await rig.connections.secrets.state()).kind is kind
    await rig.fill_key("work", secret=SECRET)
    assert said in rig.text("keyringState")
    assert "kept in memory only, until LambdaDesk is closed" in rig.text("keyringState")
    answer = await rig.save()
    assert "The secret is kept in memory only, until LambdaDesk is closed." in answer
    assert answer.startswith("Saved. ")
    info = rig.info("work")
    key = await rig.connections.secrets.load(info.id)
    assert key is not None
    assert key.secret_access_key.reveal() == SECRET
    assert rig.get("secretAccessKey").placeholderText() == "kept in memory, until LambdaDesk is closed"
    held = read_all(rig.paths.config_dir.parents[1])
    assert not [path for path, data in held.items() if SECRET.encode() in data]


async def test_without_a_keyring_the_key_lives_for_the_session(qapp: QApplication, home: Path) -> None:
    async with Rig(qapp, home) as rig:
        await expect_in_memory(rig, KeyringKind.ABSENT, "No keyring is running on this computer.")


async def test_a_key_that_is_gone_with_its_session_is_to_be_entered_again(
    qapp: QApplication, home: Path
) -> None:
    info = ConnectionInfo("work", "work", ConnectionKind.ACCESS_KEY, access_key_id=MASKED_ID)
    async with Rig(qapp, home, info) as rig:
        await rig.idle("keyring")
        rig.pick("work")
        assert rig.get("secretAccessKey").placeholderText() == "not on this computer: enter it again"
        rig.type("accessKeyId", KEY_ID)
        rig.type("secretAccessKey", SECRET)
        await rig.save()
        assert rig.get("secretAccessKey").placeholderText() == "kept in memory, until LambdaDesk is closed"


async def test_a_locked_keyring_is_told_before_and_after(
    qapp: QApplication, home: Path, keyring: KeyringSession
) -> None:
    keyring.lock()
    async with Rig(qapp, home) as rig:
        await expect_in_memory(rig, KeyringKind.LOCKED, "Your keyring is locked.")


async def test_a_keyring_that_refuses_is_told(qapp: QApplication, home: Path, bus: KeyringSession) -> None:
    bus.start(None)  # it would have to ask for a password, and nobody can be asked
    async with Rig(qapp, home) as rig:
        await expect_in_memory(rig, KeyringKind.LOCKED, "Your keyring has not been set up yet.")
        assert "The keyring refused." in rig.text("connectionProblem")


@pytest.mark.parametrize("name", ["keyring.backends.fail.Keyring", "keyring.backends.null.Keyring"])
async def test_a_keyring_that_does_not_protect_is_not_used(
    qapp: QApplication, home: Path, keyring: KeyringSession, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    async with Rig(qapp, home) as rig:
        state = await rig.connections.secrets.state()
        await expect_in_memory(rig, KeyringKind.INSECURE, state.message)


async def test_while_the_keyring_asks_its_owner_nothing_is_blocked(
    qapp: QApplication, home: Path, keyring: KeyringSession, aws: FakeAws
) -> None:
    keyring.lock()
    prompter = SilentPrompter(keyring)
    try:
        async with Rig(qapp, home) as rig:
            await rig.idle("keyring")
            await rig.fill_key("work", secret=SECRET)
            rig.click("connectionSave")
            await until(prompter.asked.is_set)
            assert rig.text("connectionProgress") == "Waiting for your keyring…"
            rig.type("connectionRegions", "eu-west-1")  # the form is as usable as ever
            await turns()
            assert rig.connections.get_all() == ()
            rig.click("connectionStop")
            await rig.idle("save")
            assert "kept in memory only" in rig.text("connectionProblem")
            assert rig.info("work").regions == ()  # as it was when Save was clicked
            assert rig.get("connectionRegions").text() == "eu-west-1"
            assert rig.names() == ["work*", "Local AWS"]
            prompter.close()
    finally:
        prompter.close()


async def test_a_key_for_this_session_only_never_reaches_the_keyring(
    qapp: QApplication, home: Path, keyring: KeyringSession
) -> None:
    async with Rig(qapp, home) as rig:
        await rig.fill_key("work", secret=SECRET)
        rig.get("keepInMemory").setFocus()
        press(rig.get("keepInMemory"), Qt.Key.Key_Space)
        assert "kept in memory only" in await rig.save()
        info = rig.info("work")
        assert rig.connections.secrets.is_in_memory_only(info.id)
        assert await SecretStore(rig.paths.lock_name).load(info.id) is None


async def test_a_deleted_connection_takes_its_key_along(
    qapp: QApplication, home: Path, keyring: KeyringSession
) -> None:
    async with Rig(qapp, home) as rig:
        await rig.fill_key("work", secret=SECRET)
        await rig.save()
        info = rig.info("work")
        rig.click("deleteConnection")
        assert rig.text("askQuestion") == "Delete work and its key?"
        rig.click("confirmDelete")
        await rig.idle("delete")
        assert rig.connections.get_all() == ()
        assert await SecretStore(rig.paths.lock_name).load(info.id) is None
