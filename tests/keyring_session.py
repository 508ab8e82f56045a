"""A session bus of the test's own, with the real GNOME Keyring on it where a test asks for one.

Nothing here meets the user's bus or keyring: the bus listens in a temporary folder and starts no service by
itself, so that there is no keyring and nobody to show a prompt until a test starts them.
"""

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

READY_S = 30
SECRET_SERVICE = "org.freedesktop.secrets"
PROMPTER = "org.gnome.keyring.SystemPrompter"

BUS_CONFIG = """<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>"""


def needs_keyring() -> None:
    """Skip the test where the system's packages for it are not installed, and say which."""
    missing = [name for name in ("dbus-daemon", "gnome-keyring-daemon") if not shutil.which(name)]
    if missing:
        pytest.skip(f"not installed here: {', '.join(missing)} (Debian: apt-get install dbus gnome-keyring)")


class KeyringSession:
    """A private bus; `start` and `stop` the keyring on it. `keyring_files` is where GNOME Keyring writes."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.address = f"unix:path={folder / 'bus'}"
        self.home = home
        self.keyring_files = home / "share" / "keyrings"
        self._daemon: subprocess.Popen[bytes] | None = None
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_DATA_HOME": str(home / "share"),
            "XDG_RUNTIME_DIR": str(folder),
            "DBUS_SESSION_BUS_ADDRESS": self.address,
        }

    def start(self, password: str | None) -> None:
        """Start the keyring. The first password makes the keyring, another one later leaves it locked.

        None starts it without a keyring of any sort (a fresh account that never signed in with a password).
        """
        unlock = [] if password is None else ["--unlock"]
        with self.waiting_for(SECRET_SERVICE):
            self._daemon = subprocess.Popen(
                ["gnome-keyring-daemon", "--foreground", "--components=secrets", *unlock],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # it complains about memory it may not lock in a container
            )
            assert self._daemon.stdin is not None
            with self._daemon.stdin as pipe:
                pipe.write((password or "").encode())

    def stop(self) -> None:
        if self._daemon:
            self._daemon.terminate()
            self._daemon.wait(READY_S)
            self._daemon = None

    @contextmanager
    def waiting_for(self, name: str) -> Iterator[None]:
        """On leaving, wait until somebody on the bus owns `name`."""
        from jeepney import MatchRule, message_bus
        from jeepney.io.blocking import Proxy, open_dbus_connection

        rule = MatchRule(type="signal", interface="org.freedesktop.DBus", member="NameOwnerChanged")
        rule.add_arg_condition(0, name)
        with open_dbus_connection(self.address) as connection, connection.filter(rule) as signals:
            Proxy(message_bus, connection).AddMatch(rule)
            yield
            connection.recv_until_filtered(signals, timeout=READY_S)

    def lock(self) -> None:
        """Lock the keyring, as a screen lock does."""
        import secretstorage
        from jeepney.io.blocking import open_dbus_connection

        with open_dbus_connection(self.address) as connection:
            secretstorage.get_default_collection(connection).lock()


class SilentPrompter:
    """Takes the place of the desktop's password dialog: it appears, and nobody answers it.

    `asked` is set once the keyring wants a password; `close` takes the dialog away, unanswered.
    """

    def __init__(self, session: KeyringSession) -> None:
        from jeepney import message_bus
        from jeepney.io.blocking import Proxy, open_dbus_connection

        self.asked = threading.Event()
        self._connection = open_dbus_connection(session.address)
        Proxy(message_bus, self._connection).RequestName(PROMPTER)
        self._thread = threading.Thread(target=self._serve, name="silent prompter")
        self._thread.start()

    def _serve(self) -> None:
        from jeepney import HeaderFields, new_method_return

        while True:
            try:
                message = self._connection.receive()
            except (ConnectionError, OSError):
                return
            if message.header.fields.get(HeaderFields.member) == "BeginPrompting":
                self._connection.send(new_method_return(message))
                self.asked.set()

    def close(self) -> None:
        import socket

        with suppress(OSError):
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(READY_S)
        self._connection.close()


@contextmanager
def keyring_session(home: Path) -> Iterator[KeyringSession]:
    """A running bus; the keyring is not started yet. `home` is the keyring's own and survives the session."""
    with tempfile.TemporaryDirectory(prefix="bus-") as name:  # a socket's path is limited to 107 bytes
        folder = Path(name)
        config = folder / "bus.conf"
        config.write_text(BUS_CONFIG.format(socket=folder / "bus"))
        command: list[Any] = ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"]
        bus = subprocess.Popen(
            [*command, "--print-address=1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            assert bus.stdout is not None
            with bus.stdout as output:
                assert output.readline(), "dbus-daemon did not start"
                session = KeyringSession(folder, home)
                try:
                    yield session
                finally:
                    session.stop()
        finally:
            bus.terminate()
            bus.wait(READY_S)
