"""Which keyring this computer has, and how a connection's secret lies in it. Blocking: call it in a thread.

Only keyrings that are known to protect what they hold are used: a backend that writes plain text, or loses
what it is given, counts as none.
"""

import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend


class KeyringKind(StrEnum):
    """Whether secrets can be kept."""

    OK = "ok"
    ABSENT = "absent"
    LOCKED = "locked"
    DENIED = "denied"  # the user or the system said no
    INSECURE = "insecure"  # one that does not protect secrets is set up


@dataclass(frozen=True, slots=True)
class KeyringState:
    """What can be said of the keyring. name: its plain name ("macOS Keychain"); the rest as in UserError."""

    kind: KeyringKind
    message: str
    hint: str = ""
    name: str = ""
    details: str = ""


class KeyringUnusableError(Exception):
    """The keyring could not do it; `state` says why, in words."""

    def __init__(self, state: KeyringState) -> None:
        super().__init__(state.message)
        self.state = state


class DamagedSecretError(Exception):
    """The keyring has an entry that can't be read."""


class Vault(Protocol):
    """Where secrets lie. `name` is the keyring's plain name. Everything may raise KeyringUnusableError."""

    name: str

    def get_state(self) -> KeyringState:
        """How the keyring is, found out without a prompt."""

    def read(self, connection_id: str) -> str | None:
        """A connection's secret, None if there is none. Raises DamagedSecretError."""

    def write(self, connection_id: str, text: str) -> None:
        """Keep a connection's secret in place of the one before."""

    def remove(self, connection_id: str) -> None:
        """Forget a connection's secret; there need not be one."""


# What a keyring that protects its content is called, by the module of its backend.
PLAIN_NAMES = {
    "lambdadesk.store.secret_service": "GNOME Keyring / Secret Service",
    "keyring.backends.SecretService": "GNOME Keyring / Secret Service",
    "keyring.backends.libsecret": "GNOME Keyring / Secret Service",
    "keyring.backends.kwallet": "KWallet",
    "keyring.backends.macOS": "macOS Keychain",
    "keyring.backends.Windows": "Windows Credential Manager",
}
# CredWrite takes 2,560 bytes and keyring writes UTF-16; some room is left for its byte order mark.
WINDOWS_LIMIT_BYTES = 2400
USER = "access key"


def open_vault(service: str) -> Vault:
    """The vault of this computer's keyring. Raises KeyringUnusableError (absent, insecure)."""
    backend = _open_backend()
    module = type(backend).__module__
    if module == "keyring.backends.macOS":
        return OneItem(backend, service)
    return Entries(backend, service, WINDOWS_LIMIT_BYTES if module == "keyring.backends.Windows" else None)


def _open_backend() -> "KeyringBackend":
    """The backend that is configured for the keyring package if it is a safe one, else the platform's."""
    from keyring import core
    from keyring.backends import chainer

    with _in_words():
        try:
            configured = core.load_env() or core.load_config()
        except (ImportError, AttributeError, ValueError) as error:
            raise KeyringUnusableError(
                KeyringState(
                    KeyringKind.ABSENT,
                    "The keyring that is configured here can't be loaded.",
                    "Correct PYTHON_KEYRING_BACKEND or keyringrc.cfg.",
                    details=f"{type(error).__name__}: {error}",
                )
            ) from error
        # keyring's chain asks every backend in turn, which can open the set-up of a wallet nobody uses.
        if configured is None or isinstance(configured, chainer.ChainerBackend):
            return _platform_backend()
        kind = type(configured)
        if kind.__module__ not in PLAIN_NAMES:
            raise KeyringUnusableError(
                KeyringState(
                    KeyringKind.INSECURE,
                    "The keyring that is configured here is not known to protect secrets, so it is not used.",
                    "Remove PYTHON_KEYRING_BACKEND or keyringrc.cfg to use the system's own keyring.",
                    details=f"{kind.__module__}.{kind.__qualname__}",
                )
            )
        return _platform_backend() if kind.__module__ == "keyring.backends.SecretService" else configured


def _platform_backend() -> "KeyringBackend":
    if sys.platform == "win32":
        from keyring.backends.Windows import WinVaultKeyring

        return WinVaultKeyring()
    if sys.platform == "darwin":
        from keyring.backends.macOS import Keyring

        return Keyring()
    from lambdadesk.store.secret_service import SecretServiceKeyring

    return SecretServiceKeyring()


def split_text(text: str, limit_bytes: int | None) -> list[str]:
    """Cut a text into parts that each fit into `limit_bytes` of UTF-16; None is no limit. Nothing is lost."""
    if limit_bytes is None or len(text.encode("utf-16-le")) <= limit_bytes:
        return [text]
    size = limit_bytes // 4  # no character takes more than 4 bytes
    return [text[start : start + size] for start in range(0, len(text), size)]


class _Keeper:
    """What both ways of keeping secrets share."""

    def __init__(self, backend: "KeyringBackend", service: str) -> None:
        self.name = PLAIN_NAMES.get(type(backend).__module__, type(backend).__name__)
        self._backend = backend
        self._service = service

    def get_state(self) -> KeyringState:
        ok = KeyringState(KeyringKind.OK, f"Secrets are kept in {self.name}.", name=self.name)
        is_locked = getattr(self._backend, "is_locked", None)  # the Secret Service alone can tell
        if is_locked is None:
            return ok
        with _in_words():
            locked = is_locked()
        if locked is None:
            return KeyringState(
                KeyringKind.LOCKED,
                "Your keyring has not been set up yet.",
                "Choose a password for it when your desktop asks.",
                self.name,
            )
        return LOCKED if locked else ok


class Entries(_Keeper):
    """An entry for each connection, split where the keyring limits an entry's size.

    Each has a service name of its own: the Windows backend moves entries about that share one. A secret that
    is too long lies in numbered entries under a new random tag, and the main entry names them; so the main
    entry always tells of a whole secret, also after a kill halfway.
    """

    def __init__(self, backend: "KeyringBackend", service: str, limit_bytes: int | None = None) -> None:
        super().__init__(backend, service)
        self._limit_bytes = limit_bytes

    def read(self, connection_id: str) -> str | None:
        with _in_words():
            text = self._get(connection_id)
            names = _part_names(text)
            if not names:
                return text
            parts = [self._get(f"{connection_id}#{name}") for name in names]
        whole = [part for part in parts if part is not None]
        if len(whole) < len(names):
            raise DamagedSecretError("a part is missing")
        return "".join(whole)

    def write(self, connection_id: str, text: str) -> None:
        with _in_words():
            old = _part_names(self._get(connection_id))
            parts = split_text(text, self._limit_bytes)
            if len(parts) > 1:
                tag = secrets.token_hex(4)
                names = [f"{tag}.{number}" for number in range(1, len(parts) + 1)]
                for name, part in zip(names, parts, strict=True):
                    self._set(f"{connection_id}#{name}", part)
                text = json.dumps({"parts": names})
            self._set(connection_id, text)
            for name in old:
                self._delete(f"{connection_id}#{name}")

    def remove(self, connection_id: str) -> None:
        with _in_words():
            for name in _part_names(self._get(connection_id)):
                self._delete(f"{connection_id}#{name}")
            self._delete(connection_id)  # last: while it stands, a second try finds the parts

    def _get(self, name: str) -> str | None:
        return self._backend.get_password(f"{self._service}:{name}", USER)

    def _set(self, name: str, text: str) -> None:
        self._backend.set_password(f"{self._service}:{name}", USER, text)

    def _delete(self, name: str) -> None:
        from keyring.errors import PasswordDeleteError

        try:
            self._backend.delete_password(f"{self._service}:{name}", USER)
        except PasswordDeleteError:
            if self._get(name) is not None:
                raise


class OneItem(_Keeper):
    """All secrets in one entry, since macOS asks the user for each entry after each update of the program."""

    def read(self, connection_id: str) -> str | None:
        return self._get_all().get(connection_id)

    def write(self, connection_id: str, text: str) -> None:
        self._set_all(self._get_readable() | {connection_id: text})

    def remove(self, connection_id: str) -> None:
        every = self._get_readable()
        if every.pop(connection_id, None) is not None:
            self._set_all(every)

    def _get_readable(self) -> dict[str, str]:
        try:
            return self._get_all()
        except DamagedSecretError:
            return {}  # a damaged item would otherwise bar every connection from being saved

    def _get_all(self) -> dict[str, str]:
        with _in_words():
            text = self._backend.get_password(self._service, USER)
        if text is None:
            return {}
        try:
            every = json.loads(text)
        except ValueError:
            every = None
        if not isinstance(every, dict):
            raise DamagedSecretError("not an object")
        return every

    def _set_all(self, every: dict[str, str]) -> None:
        with _in_words():
            self._backend.set_password(self._service, USER, json.dumps(every))


def _part_names(text: str | None) -> list[str]:
    """The names of the parts if this main entry tells of parts, else none."""
    try:
        value = json.loads(text) if text else None
    except ValueError:
        return []
    names = value.get("parts") if isinstance(value, dict) else None
    return [str(name) for name in names] if isinstance(names, list) else []


LOCKED = KeyringState(
    KeyringKind.LOCKED, "Your keyring is locked.", "Unlock it with its password and try again."
)


@contextmanager
def _in_words() -> Iterator[None]:
    """Turn what a keyring raises into KeyringUnusableError."""
    try:
        yield
    except KeyringUnusableError:
        raise
    except Exception as error:
        raise KeyringUnusableError(_describe(error)) from error


def _describe(error: Exception) -> KeyringState:
    # By name: the classes come from libraries that exist on one platform only.
    names = {kind.__name__ for kind in type(error).__mro__}
    details = f"{type(error).__name__}: {error}"
    if names & {"KeyringLocked", "LockedException"}:
        return KeyringState(LOCKED.kind, LOCKED.message, LOCKED.hint, details=details)
    if names & {"NoKeyringError", "SecretServiceNotAvailableException"}:
        return KeyringState(
            KeyringKind.ABSENT,
            "No keyring is running on this computer.",
            "Start GNOME Keyring, KWallet or KeePassXC, or use an AWS profile or IAM Identity Center.",
            details=details,
        )
    return KeyringState(
        KeyringKind.DENIED,
        "The keyring refused.",
        "Allow LambdaDesk when your keyring asks, and try again.",
        details=details,
    )
