"""The window of a test: shown before it, closed and awaited after it, with nothing left of it."""

import functools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.conftest import wait_for_threads
from tests.keyring_session import KeyringSession, keyring_session, needs_keyring
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.ui.desk import QUICK, Desk


@pytest.fixture(scope="session", autouse=True)
def _loaded_first() -> None:
    """The two large ones, before what is loaded is set aside from the collections of each test."""
    import botocore.session  # noqa: F401
    import pyqtgraph  # noqa: F401


@pytest.fixture(autouse=True)
def _no_threads_left() -> Iterator[None]:
    """Torn down last, when the server has let go of every call."""
    yield
    wait_for_threads("in_thread")


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    """A server with the functions hello (python, 128 MB), other (node) and third."""
    with FakeAws() as server:
        server.functions = [
            make_function("hello", Description="says hello"),
            make_function("other", Runtime="nodejs22.x", MemorySize=512),
            make_function("third"),
        ]
        yield server


@pytest.fixture
def desk(request: pytest.FixtureRequest, qapp: QApplication, aws: FakeAws, tmp_path: Path) -> Iterator[Desk]:
    """The window, shown before the (async) test begins and closed before its event loop ends.

    A fixture of pytest ends after the loop, so it is the test function that gets wrapped.
    """
    desk = Desk(qapp, aws, tmp_path / "home")
    test = request.node.obj

    @functools.wraps(test)
    async def in_window(**arguments: object) -> None:
        async with desk:
            await test(**arguments)

    request.node.obj = in_window
    yield desk
    request.node.obj = test  # pytest keeps the item, and with it would keep every window


@pytest.fixture
def impatient(desk: Desk, request: pytest.FixtureRequest) -> None:
    """A call to which no answer comes is soon given up; elsewhere that would depend on the machine.

    Of a test with faults it is for faults.hang only.
    """
    parameters = getattr(request.node, "callspec", None)
    if parameters is None or parameters.params.get("fault", faults.hang) is faults.hang:
        desk.limits = replace(QUICK, read_s=1, invoke_margin_s=1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a Rig keeps its files."""
    return tmp_path / "home"


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyringSession]:
    """A session bus without a keyring yet."""
    needs_keyring()
    with keyring_session(tmp_path / "keyring-home") as session:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session.address)
        yield session


@pytest.fixture
def keyring(bus: KeyringSession) -> KeyringSession:
    """The real GNOME Keyring, unlocked."""
    bus.start("a password")
    return bus
