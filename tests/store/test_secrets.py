"""Secrets go to the real keyring and nowhere else, and where it can't be used the caller is told so."""

import asyncio
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambdadesk.core.connections import AccessKey, ConnectionInfo, ConnectionKind, mask_key_id
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.secret import Secret
from lambdadesk.core.threads import in_thread
from lambdadesk.store.connections import ConnectionStore
from lambdadesk.store.keyrings import KeyringKind, KeyringState, KeyringUnusableError
from lambdadesk.store.secrets import SecretStore
from lambdadesk.store.settings import Settings
from tests.keyring_session import KeyringSession, SilentPrompter, keyring_session, needs_keyring

CANARY = "canary/secret+f1a9c0de"
KEY = AccessKey("AKIAIOSFODNN7EXAMPLE", Secret(CANARY), Secret("canary-token-5ca1ab1e"))


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def until(event: threading.Event) -> None:
    assert await in_thread(event.wait, 20)


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyringSession]:
    needs_keyring()
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    with keyring_session(tmp_path / "keyring-home") as session:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session.address)
        yield session


@pytest.fixture
def keyring(bus: KeyringSession) -> KeyringSession:
    bus.start("a password")
    return bus


async def test_a_key_comes_back_and_goes(keyring: KeyringSession) -> None:
    store = SecretStore("lambdadesk-test")
    state = await store.state()
    assert (state.kind, state.name) == (KeyringKind.OK, "GNOME Keyring / Secret Service")
    assert await store.load("one") is None
    saved = await store.save("one", KEY)
    assert saved.in_keyring
    assert saved.message == "The secret is kept in GNOME Keyring / Secret Service."
    assert not store.is_in_memory_only("one")
    assert await store.load("one") == KEY
    replaced = AccessKey("AKIAIOSFODNN7EXAMPLE", Secret("another"))
    await store.save("one", replaced)
    assert await SecretStore("lambdadesk-test").load("one") == replaced
    assert await SecretStore("lambdadesk-other-home").load("one") is None
    await store.delete("one")
    assert await store.load("one") is None
    await store.delete("one")


async def test_a_shortened_id_is_not_saved_as_the_id() -> None:
    store = SecretStore("lambdadesk-test")
    with pytest.raises(UserError, match="shortened") as failure:
        await store.save("one", AccessKey(mask_key_id(KEY.access_key_id), Secret(CANARY)))
    assert failure.value.kind is ErrorKind.INVALID
    assert not store.is_in_memory_only("one")


@pytest.mark.parametrize("text", ["s" * 20_000, "ключ-鍵-🔑", 'quote " and \\ and\nline'])
async def test_any_text_comes_back(keyring: KeyringSession, text: str) -> None:
    key = AccessKey(f"id {text[:10]}", Secret(text))
    store = SecretStore("lambdadesk-тест")
    assert (await store.save("подключение 1", key)).in_keyring
    assert await store.load("подключение 1") == key


async def test_a_key_survives_a_restart_of_the_keyring_and_a_wrong_password_locks_it(
    keyring: KeyringSession,
) -> None:
    assert (await SecretStore("lambdadesk-test").save("one", KEY)).in_keyring
    keyring.stop()
    keyring.start("a password")
    assert await SecretStore("lambdadesk-test").load("one") == KEY
    keyring.stop()
    keyring.start("another password")
    state = await SecretStore("lambdadesk-test").state()
    assert state.kind is KeyringKind.LOCKED


async def test_the_canary_is_nowhere_but_in_the_keyring(
    keyring: KeyringSession,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    store = SecretStore("lambdadesk-test")
    connections = ConnectionStore(tmp_path / "config" / "connections.json")
    settings = Settings(tmp_path / "config" / "settings.json")
    info = ConnectionInfo("one", "Work", ConnectionKind.ACCESS_KEY, access_key_id=KEY.access_key_id)
    await connections.add(info)
    settings.theme = "dark"
    await settings.save()
    saved = await store.save("one", KEY)
    assert await store.load("one") == KEY
    shown = [repr(value) for value in (KEY, info, saved, store.__dict__, connections.get_all())]
    await store.delete("one")
    keyring.lock()
    await store.save("one", KEY)  # kept in memory
    with pytest.raises(UserError) as failure:
        await SecretStore("lambdadesk-test").load("one")
    shown += [
        repr(store.__dict__),
        str(failure.value),
        failure.value.details,
        caplog.text,
        *capfd.readouterr(),
    ]
    files = files_below(tmp_path)
    assert {"connections.json", "settings.json", "login.keyring"} <= {path.name for path in files}
    for secret in (KEY.secret_access_key.reveal(), KEY.session_token.reveal()):
        assert not [path for path in files if secret.encode() in path.read_bytes()]
        assert not [text for text in shown if secret in text]
    assert not [path for path in files if KEY.access_key_id.encode() in path.read_bytes()]


async def test_a_locked_keyring_without_a_prompt_is_told_and_nothing_is_lost(keyring: KeyringSession) -> None:
    store = SecretStore("lambdadesk-test")
    await store.save("one", KEY)
    keyring.lock()
    assert (await store.state()).kind is KeyringKind.LOCKED
    saved = await store.save("two", KEY)
    assert not saved.in_keyring
    assert saved.keyring.kind is KeyringKind.LOCKED
    assert saved.message == (
        "Your keyring is locked. The secret is kept in memory only, until LambdaDesk is closed."
    )
    assert await store.load("two") == KEY
    assert store.is_in_memory_only("two")
    with pytest.raises(UserError, match=r"can't be read: your keyring is locked\. Unlock"):
        await store.load("one")
    with pytest.raises(UserError, match="may still be in the keyring: your keyring is locked"):
        await store.delete("one")


async def test_a_keyring_that_was_never_set_up_is_told(bus: KeyringSession) -> None:
    bus.start(None)
    store = SecretStore("lambdadesk-test")
    state = await store.state()
    assert (state.kind, state.message) == (KeyringKind.LOCKED, "Your keyring has not been set up yet.")
    saved = await store.save("one", KEY)
    assert (saved.in_keyring, saved.keyring.kind) == (False, KeyringKind.DENIED)
    assert await store.load("one") == KEY


async def test_a_prompt_blocks_neither_the_loop_nor_the_one_who_stops_waiting(
    keyring: KeyringSession,
) -> None:
    store = SecretStore("lambdadesk-test")
    waiting: list[bool] = []
    store.waiting.connect(waiting.append)
    await store.save("one", KEY)
    keyring.lock()
    prompter = SilentPrompter(keyring)
    try:
        async with asyncio.TaskGroup() as group:
            saving = group.create_task(store.save("two", KEY))
            await until(prompter.asked)
            assert not saving.done()
            assert waiting == [True, False, True]
            queued = group.create_task(store.save("three", KEY))
            await asyncio.sleep(0)
            saving.cancel()
            queued.cancel()
        assert waiting == [True, False, True, False]
        assert await store.load("two") == KEY
        assert store.is_in_memory_only("two")
    finally:
        prompter.close()
    # The prompt is gone unanswered, so the next one in the queue gets its answer.
    with pytest.raises(UserError, match="your keyring is locked"):
        await store.load("one")


@pytest.mark.parametrize("address", ["", "unix:path=/nowhere/bus", "tcp:host=localhost,port=1", "nonsense"])
async def test_without_a_session_bus_there_is_no_keyring(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    if not address:
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    await _expect_absent()


async def test_on_a_bus_without_a_service_there_is_no_keyring(bus: KeyringSession) -> None:
    await _expect_absent()


async def _expect_absent() -> None:
    store = SecretStore("lambdadesk-test")
    state = await store.state()
    assert state.kind is KeyringKind.ABSENT, state.details
    assert state.hint
    saved = await store.save("one", KEY)
    assert (saved.in_keyring, saved.keyring.kind) == (False, KeyringKind.ABSENT)
    assert await store.load("one") == KEY
    await store.delete("one")
    with pytest.raises(UserError, match="no keyring is running"):
        await store.load("one")
    with pytest.raises(UserError, match="may still be in the keyring"):
        await store.delete("one")


INSECURE = """
from keyring.backend import KeyringBackend
class Plain(KeyringBackend):
    priority = 9
    def get_password(self, service, username): raise AssertionError("used")
    set_password = get_password
"""


@pytest.mark.parametrize(
    "name", ["keyring.backends.fail.Keyring", "keyring.backends.null.Keyring", "plain_text_keyring.Plain"]
)
async def test_a_keyring_that_does_not_protect_is_refused(
    keyring: KeyringSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "plain_text_keyring.py").write_text(INSECURE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    store = SecretStore("lambdadesk-test")
    state = await store.state()
    assert (state.kind, state.details) == (KeyringKind.INSECURE, name)
    assert not (await store.save("one", KEY)).in_keyring
    assert await store.load("one") == KEY
    await store.delete("one")


async def test_a_keyring_named_in_the_file_of_the_keyring_package_is_judged_too(
    keyring: KeyringSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    config = tmp_path / "python_keyring" / "keyringrc.cfg"
    config.parent.mkdir()
    config.write_text("[backend]\ndefault-keyring=keyring.backends.null.Keyring\n")
    assert (await SecretStore("lambdadesk-test").state()).kind is KeyringKind.INSECURE


@pytest.mark.parametrize(
    "name", ["keyring.backends.chainer.ChainerBackend", "keyring.backends.SecretService.Keyring"]
)
async def test_the_chain_is_passed_over_for_the_secret_service(
    keyring: KeyringSession, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    assert (await SecretStore("lambdadesk-test").save("one", KEY)).in_keyring
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    assert await SecretStore("lambdadesk-test").load("one") == KEY


@pytest.mark.parametrize("name", ["nonsense", "no.such.Module", "keyring.backends.fail.NoSuchClass"])
async def test_a_keyring_that_can_not_be_loaded_is_told(
    keyring: KeyringSession, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    state = await SecretStore("lambdadesk-test").state()
    assert (state.kind, state.message) == (
        KeyringKind.ABSENT,
        "The keyring that is configured here can't be loaded.",
    )


@pytest.mark.parametrize("content", ["", "{", "[]", '{"access_key_id": "a"}', '{"access_key_id": 1}'])
async def test_a_damaged_entry_is_one_sentence(content: str) -> None:
    with pytest.raises(UserError, match="entry for this connection is damaged") as failure:
        await SecretStore("lambdadesk-test", lambda _service: _Holding(content)).load("one")
    assert failure.value.hint == "Enter the access key again."


class _Holding:
    """A vault that holds one text for every connection."""

    name = "A keyring"

    def __init__(self, text: str) -> None:
        self.text = text

    def get_state(self) -> KeyringState:
        raise KeyringUnusableError(KeyringState(KeyringKind.ABSENT, "None."))

    def read(self, connection_id: str) -> str | None:
        return self.text

    def write(self, connection_id: str, text: str) -> None:
        self.text = text

    def remove(self, connection_id: str) -> None:
        self.text = ""


class _Slow(_Holding):
    """A vault whose first write waits to be let go; it notes who wrote, and whether two ever met."""

    def __init__(self) -> None:
        super().__init__("")
        self.entered = threading.Event()
        self.let_go = threading.Event()
        self.writing = threading.Semaphore(1)
        self.met = False
        self.written: list[str] = []

    def write(self, connection_id: str, text: str) -> None:
        if not self.writing.acquire(blocking=False):
            self.met = True
        self.entered.set()
        assert self.let_go.wait(30)
        self.written.append(connection_id)
        self.writing.release()


async def test_one_call_at_a_time_and_a_cancelled_one_in_the_queue_is_dropped() -> None:
    vault = _Slow()
    store = SecretStore("lambdadesk-test", lambda _service: vault)
    async with asyncio.TaskGroup() as group:
        group.create_task(store.save("a", KEY))
        await until(vault.entered)
        saving = {name: group.create_task(store.save(name, KEY)) for name in "bcdef"}
        await asyncio.sleep(0)
        saving["d"].cancel()
        await asyncio.wait([saving["d"]])
        vault.let_go.set()
    assert sorted(vault.written) == ["a", "b", "c", "e", "f"]
    assert not vault.met
    assert [name for name in "abcdef" if store.is_in_memory_only(name)] == ["d"]


def test_the_keyring_package_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys, lambdadesk.store.secrets\n"
        "print(sorted({'keyring', 'secretstorage', 'cryptography'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True
    )
    assert (result.stdout, result.stderr) == ("[]\n", "")
