"""SecretStore, the access keys in the system's keyring."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from lambdadesk.core.connections import AccessKey
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.secret import Secret
from lambdadesk.core.threads import in_thread
from lambdadesk.store.keyrings import (
    DamagedSecretError,
    KeyringKind,
    KeyringState,
    KeyringUnusableError,
    Vault,
    open_vault,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SecretState:
    """Where a saved secret went, and what the keyring said."""

    in_keyring: bool  # False: kept in memory until the application ends
    keyring: KeyringState

    @property
    def message(self) -> str:
        if self.in_keyring:
            return f"The secret is kept in {self.keyring.name}."
        return f"{self.keyring.message} The secret is kept in memory only, until LambdaDesk is closed."


class SecretStore:
    """Keeps the access key of each connection in the system's keyring, and nowhere else.

    Where the keyring can't be used a key is kept in memory until the application ends, and `save` says so.
    service: what the entries are filed under, so that homes never meet (`Paths.lock_name`).
    waiting: emitted with True when a call begins to wait for the keyring, with False when none does any more.
    A keyring may show a prompt and wait for its answer for ever; cancelling the call means "stop waiting".
    """

    def __init__(self, service: str, open_vault: Callable[[str], Vault] = open_vault) -> None:
        self.waiting: Event[[bool]] = Event()
        self._service = service
        self._open_vault = open_vault
        self._in_memory: dict[str, AccessKey] = {}
        self._callers = 0
        # Two prompts at a time would be one too many, and entries are read before they are replaced.
        self._one_at_a_time = threading.Lock()

    def is_in_memory_only(self, connection_id: str) -> bool:
        """Whether the connection's key will be gone when the application ends."""
        return connection_id in self._in_memory

    def forget_in_memory(self) -> None:
        """Drop the keys that are in no keyring; they have to be entered again."""
        self._in_memory.clear()

    async def state(self) -> KeyringState:
        """How the keyring is now; never prompts."""
        try:
            return await self._ask(lambda vault: vault.get_state())
        except KeyringUnusableError as error:
            return error.state

    def keep_in_memory(self, connection_id: str, key: AccessKey) -> None:
        """Keep a connection's key until the application ends, and write it nowhere."""
        _check_whole(key)
        self._in_memory[connection_id] = key

    async def save(self, connection_id: str, key: AccessKey) -> SecretState:
        """Keep a connection's key in place of the one before; may prompt.

        If cancelled, the key stays usable from memory, and the keyring may still get it once it is unlocked.
        Raises UserError (INVALID) for a masked id, which is all that `ConnectionStore` keeps of it.
        """
        _check_whole(key)
        self._in_memory[connection_id] = key
        text = _to_text(key)

        def write(vault: Vault) -> str:
            vault.write(connection_id, text)
            return vault.name

        try:
            name = await self._ask(write)
        except KeyringUnusableError as error:
            return SecretState(False, error.state)
        if self._in_memory.get(connection_id) is key:
            del self._in_memory[connection_id]
        return SecretState(True, KeyringState(KeyringKind.OK, f"Secrets are kept in {name}.", name=name))

    async def load(self, connection_id: str) -> AccessKey | None:
        """A connection's key, None if none was saved; may prompt. Raises UserError (EXPIRED)."""
        if key := self._in_memory.get(connection_id):
            return key
        try:
            text = await self._ask(lambda vault: vault.read(connection_id))
            return None if text is None else _from_text(text)
        except KeyringUnusableError as error:
            raise UserError(
                f"The connection's access key can't be read: {_lower(error.state.message)}",
                error.state.hint,
                kind=ErrorKind.EXPIRED,
                details=error.state.details,
            ) from error
        except DamagedSecretError as error:
            raise UserError(
                "The keyring's entry for this connection is damaged.",
                "Enter the access key again.",
                kind=ErrorKind.EXPIRED,
                details=str(error),
            ) from error

    async def delete(self, connection_id: str) -> None:
        """Forget a connection's key; there need not be one. May prompt. Raises UserError if it is left."""
        was_in_memory = self._in_memory.pop(connection_id, None) is not None
        try:
            await self._ask(lambda vault: vault.remove(connection_id))
        except KeyringUnusableError as error:
            if was_in_memory and error.state.kind in (KeyringKind.ABSENT, KeyringKind.INSECURE):
                return  # it never was anywhere else
            raise UserError(
                f"The connection's secret may still be in the keyring: {_lower(error.state.message)}",
                error.state.hint,
                kind=ErrorKind.STORAGE,
                details=error.state.details,
            ) from error

    async def _ask(self, question: Callable[[Vault], T]) -> T:
        """Ask the keyring in a thread, one question at a time."""
        cancelled = threading.Event()

        def ask() -> T:
            with self._one_at_a_time:
                if cancelled.is_set():
                    raise KeyringUnusableError(
                        KeyringState(KeyringKind.DENIED, "Nobody waits for this any more.")
                    )
                return question(self._open_vault(self._service))

        self._callers += 1
        if self._callers == 1:
            self.waiting.emit(True)
        try:
            return await in_thread(ask)
        finally:
            cancelled.set()
            self._callers -= 1
            if self._callers == 0:
                self.waiting.emit(False)


def _check_whole(key: AccessKey) -> None:
    if "…" in key.access_key_id:
        raise UserError(
            "The access key id is shown shortened.",
            "Enter the whole id together with its secret.",
            kind=ErrorKind.INVALID,
        )


def _to_text(key: AccessKey) -> str:
    values = {"access_key_id": key.access_key_id, "secret_access_key": key.secret_access_key.reveal()}
    if key.session_token:
        values["session_token"] = key.session_token.reveal()
    if key.endpoint_url:
        values["endpoint_url"] = key.endpoint_url
    return json.dumps(values)


def _from_text(text: str) -> AccessKey:
    try:
        values = json.loads(text)
        return AccessKey(
            _text_of(values["access_key_id"]),
            Secret(_text_of(values["secret_access_key"])),
            Secret(_text_of(values.get("session_token", ""))),
            _text_of(values.get("endpoint_url", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DamagedSecretError("not an access key") from None  # the cause would carry the text


def _text_of(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
