"""The desktop's notification service, on a session bus of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lambdadesk.desk.desktop_note import tell_desktop
from tests.keyring_session import KeyringSession, keyring_session, needs_keyring
from tests.servers.notifications import notification_service


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyringSession]:
    needs_keyring()
    with keyring_session(tmp_path / "bus") as session:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session.address)
        yield session


async def test_the_service_gets_plain_text_in_the_types_it_wants(bus: KeyringSession) -> None:
    with notification_service(bus.address) as told:
        assert await tell_desktop("hello: Succeeded", "<img src=x> & more\nlines")
        ((signature, body),) = told
    assert signature == "susssasa{sv}i"
    assert body[3:5] == ("hello: Succeeded", "&lt;img src=x&gt; &amp; more ⏎ lines")


async def test_without_a_service_or_a_bus_nothing_fails(
    bus: KeyringSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not await tell_desktop("a", "b")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/at/all")
    assert not await tell_desktop("a", "b")
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    assert not await tell_desktop("a", "b")
