"""The Secret Service of Linux desktops (GNOME Keyring, KWallet, KeePassXC). Import it in a thread: 0.1 s."""

from contextlib import closing
from typing import TYPE_CHECKING

import secretstorage
from keyring.backends import SecretService
from keyring.errors import KeyringLocked

if TYPE_CHECKING:
    from jeepney.io.blocking import DBusConnection


class SecretServiceKeyring(SecretService.Keyring):
    """keyring's own backend, which here closes its connection when the keyring is locked or absent."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's is not annotated

    def get_preferred_collection(self) -> secretstorage.Collection:
        """The default collection, unlocked. Blocks while the desktop asks for the password.

        Raises KeyringLocked or secretstorage's own errors.
        """
        connection = _connect()
        try:
            collection = secretstorage.get_default_collection(connection)
            if collection.is_locked():
                collection.unlock()
                if collection.is_locked():
                    raise KeyringLocked("the prompt was dismissed")
        except BaseException:
            connection.close()
            raise
        return collection

    def is_locked(self) -> bool | None:
        """Whether a use would ask for a password; None where no keyring was ever made. Never prompts."""
        with closing(_connect()) as connection:
            if not secretstorage.check_service_availability(connection):
                raise secretstorage.SecretServiceNotAvailableException("no Secret Service on the session bus")
            try:
                return secretstorage.Collection(connection).is_locked()
            except secretstorage.ItemNotFoundException:
                return None


def _connect() -> "DBusConnection":
    try:
        return secretstorage.dbus_init()
    except (OSError, RuntimeError) as error:  # no such socket, an address of another kind
        raise secretstorage.SecretServiceNotAvailableException(str(error)) from error
