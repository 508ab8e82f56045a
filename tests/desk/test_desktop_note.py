"""The desktop's notification service, on a session bus of the test's own."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from jeepney import HeaderFields, MessageType, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

from lambdadesk.desk.desktop_note import tell_desktop
from tests.keyring_session import KeyringSession, keyring_session, needs_keyring

NAME = "org.freedesktop.Notifications"


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyringSession]:
    needs_keyring()
    with keyring_session(tmp_path / "bus") as session:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session.address)
        yield session


async def test_the_service_gets_plain_text_in_the_types_it_wants(bus: KeyringSession) -> None:
    seen: list[tuple[str, tuple[object, ...]]] = []
    is_ready = threading.Event()

    def serve() -> None:
        with open_dbus_connection(bus.address) as connection:
            connection.send_and_get_reply(message_bus.RequestName(NAME))
            is_ready.set()
            while True:
                message = connection.receive(timeout=10)
                if message.header.message_type is not MessageType.method_call:
                    continue
                seen.append((message.header.fields[HeaderFields.signature], message.body))
                connection.send(new_method_return(message, "u", (1,)))
                return

    thread = threading.Thread(target=serve)
    thread.start()
    assert is_ready.wait(10)
    assert await tell_desktop("hello: Succeeded", "<img src=x> & more\nlines")
    thread.join(10)
    ((signature, body),) = seen
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
