"""Connections: the ones the user keeps, their secrets, and the credentials they give."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

from lambdadesk.core.connections import AccessKey, ConnectionInfo, ConnectionKind, Guard, get_unsaved_info
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Target
from lambdadesk.desk.prompts import Prompts, QuestionKind
from lambdadesk.store.aws_files import files_to_watch
from lambdadesk.store.connections import ConnectionStore
from lambdadesk.store.keyrings import KeyringKind
from lambdadesk.store.secrets import SecretState, SecretStore
from lambdadesk.store.settings import Settings

if TYPE_CHECKING:  # not needed for the first frame
    from lambdadesk.aws.clients import Limits
    from lambdadesk.aws.credentials import CredentialSource
    from lambdadesk.aws.gateway import Gateway
    from lambdadesk.aws.sso import Sso

UNLOCKED_S = 600.0
WATCH_EVERY_S = 2.0


def _get_awake_and_asleep_s() -> float:
    """A clock that nobody sets, and that goes on while the computer sleeps."""
    boot_time: int | None = getattr(time, "CLOCK_BOOTTIME", None)  # Linux: monotonic stands still then
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


class Connections:
    """Stored connections and bare profiles, each with one source of credentials that all its regions share.

    Event changed: the list of stored connections is another one.
    Event refreshed: the credentials of these connections (keys as `source_key` gives) were read anew.
    Event unlocked: a production connection was unlocked, or locked again.
    """

    def __init__(
        self,
        store: ConnectionStore,
        secrets: SecretStore,
        settings: Settings,
        *,
        sso_endpoint: str = "",
        limits: "Limits | None" = None,
        clock: Callable[[], float] = _get_awake_and_asleep_s,
    ) -> None:
        self.store = store
        self.secrets = secrets
        self.prompts = Prompts()
        self.changed = store.changed
        self.refreshed: Event[[frozenset[str]]] = Event()
        self.unlocked: Event[[]] = Event()
        self.is_locked = False
        self._settings = settings
        self._sso_endpoint = sso_endpoint
        self._limits = limits
        self._clock = clock
        # With what the connections said that it was built from.
        self._sources: dict[str, tuple[CredentialSource, tuple[ConnectionInfo, ...]]] = {}
        self._given_out: WeakSet[CredentialSource] = WeakSet()  # all that a call may still be signed with
        self._unlocked_until: dict[str, float] = {}

    # -- the list

    def get_all(self) -> tuple[ConnectionInfo, ...]:
        return self.store.get_all()

    def get(self, connection_id: str) -> ConnectionInfo | None:
        return self.store.get(connection_id) if connection_id else None

    def info_of(self, target: Target) -> ConnectionInfo:
        """The connection that a target belongs to; for a bare profile or endpoint, one that says the same."""
        return self.get(target.connection_id) or get_unsaved_info(target)

    async def save(
        self, info: ConnectionInfo, key: AccessKey | None = None, *, in_memory: bool = False
    ) -> SecretState | None:
        """Store a connection, and its key if one was entered; says where the key went.

        in_memory: keep the key until the application ends, and write it nowhere. Raises UserError.
        """
        self.check(info)
        self._unlocked_until.pop(info.id, None)
        state = None
        if key is not None:
            self._drop(info.id)
            key = replace(key, endpoint_url=info.endpoint_url)
            if in_memory:
                self.secrets.keep_in_memory(info.id, key)
            else:
                state = await self.secrets.save(info.id, key)
            info = replace(info, access_key_id=key.access_key_id)
        before = self.get(info.id)
        is_told = False

        def note() -> None:
            nonlocal is_told
            is_told = True

        stop_noting = self.changed.connect(note)
        try:
            await self.store.replace(info)
        finally:
            stop_noting()
            if key is not None:
                self._drop(info.id)  # it may have been used under the old settings meanwhile
                if not is_told:
                    self.changed.emit()  # a new secret alone makes no other list
        if before is not None and before.access_key_id and not info.access_key_id:
            await self.secrets.delete(info.id)  # it signs in otherwise now
        return state

    async def duplicate(self, connection_id: str) -> ConnectionInfo:
        """A copy after the original, its key included. Raises UserError; then there is no copy."""
        original = self.get(connection_id)
        key = None
        if original is not None and original.access_key_id:
            key = await self.secrets.load(connection_id)
        copy = await self.store.duplicate(connection_id)
        if key is not None and self.secrets.is_in_memory_only(connection_id):
            self.secrets.keep_in_memory(copy.id, key)
        elif key is not None:
            await self.secrets.save(copy.id, key)
        return copy

    async def delete(self, connection_id: str) -> None:
        """Forget a connection's key, then the connection: both stay where the keyring's prompt is cancelled.

        Raises UserError where the key may still be in the keyring. The connection is gone all the same if no
        keyring can be used here, since there is nothing then that a person could allow.
        """
        info = self.get(connection_id)
        failure = None
        if info is not None and info.access_key_id:
            try:
                await self.secrets.delete(connection_id)
            except UserError as error:
                state = await self.secrets.state()
                if state.kind not in (KeyringKind.ABSENT, KeyringKind.INSECURE):
                    raise
                failure = error
        await self.store.delete(connection_id)
        self._drop(connection_id)
        if failure is not None:
            raise failure

    async def move(self, connection_id: str, index: int) -> None:
        await self.store.move(connection_id, index)

    def check(self, info: ConnectionInfo) -> None:
        """Raise UserError (INVALID) with the first thing that is wrong with what was entered."""
        from lambdadesk.desk.connection_rules import check_connection

        check_connection(info, self.get_all())

    # -- credentials

    def source_of(self, info: ConnectionInfo) -> "CredentialSource":
        """The one source of a connection's credentials. Asks nobody; raises UserError (INVALID).

        It stays the same until the connection, or one that it builds on, signs in otherwise.
        """
        key, signs_as = source_key(info), self._signs_as(info)
        source, built_as = self._sources.get(key, (None, ()))
        if source is None or built_as != signs_as:
            if source is not None:
                source.forget()
            source = self.build_source(info)
            self._sources[key] = (source, signs_as)
        return source

    def build_source(self, info: ConnectionInfo, key: AccessKey | None = None) -> "CredentialSource":
        """A source of its own, for trying out what is not saved yet. key: what was entered for it."""
        from lambdadesk.aws import credentials as aws

        source: CredentialSource
        match info.kind:
            case ConnectionKind.PROFILE:
                source = aws.ProfileSource(
                    info.profile,
                    info.endpoint_url,
                    mfa_code=partial(self.prompts.ask, QuestionKind.MFA_CODE, info.name),
                    allow_process=partial(self._allow_process, info.name),
                )
            case ConnectionKind.SSO:
                source = aws.SsoSource(self._get_sso(info), info.sso_account_id, info.sso_role_name)
            case ConnectionKind.ASSUME_ROLE:
                self._get_bottom(info)  # raises where it goes round in a circle
                below = self._get_below(info)
                source = aws.AssumeRoleSource(
                    self.source_of(below),
                    info.role_arn,
                    external_id=info.external_id,
                    mfa_serial=info.mfa_serial,
                    mfa_code=partial(self.prompts.ask, QuestionKind.MFA_CODE, info.name),
                    session_name=info.session_name,
                    duration_s=info.duration_s,
                    tags=info.session_tags,
                )
                source.ca_bundle = below.ca_bundle
            case ConnectionKind.ACCESS_KEY:
                source = aws.KeySource(key or partial(self._load_key, info))
            case _:
                has_key = key is not None or info.access_key_id
                source = (
                    aws.KeySource(key or partial(self._load_key, info), info.endpoint_url)
                    if has_key
                    else aws.NoSource(info.endpoint_url)
                )
        source.ca_bundle = source.ca_bundle or info.ca_bundle
        source.check = self._check_locked
        self._given_out.add(source)
        return source

    def open_gateway(
        self, info: ConnectionInfo, target: Target, source: "CredentialSource | None" = None
    ) -> "Gateway":
        """The door to a connection in one region, with its guard. Raises UserError (INVALID)."""
        from lambdadesk.aws.gateway import Gateway

        source = source or self.source_of(info)
        return Gateway(
            replace(target, endpoint_url=source.endpoint_url),
            self._limits,
            credentials=source,
            guard=info.guard,
            accepts_plain_http=self._accepts_plain_http(info),
        )

    async def get_sso(self, info: ConnectionInfo) -> "Sso | None":
        """Where a person signs in for this connection in the browser; None: another way. Raises UserError."""
        bottom = self._get_bottom(info)
        if bottom.kind is ConnectionKind.SSO:
            return self._get_sso(bottom)
        if bottom.kind is not ConnectionKind.PROFILE:
            return None
        from lambdadesk.aws.profiles import profile_sso

        session = await in_thread(profile_sso, bottom.profile)
        if session is None:
            return None
        from lambdadesk.aws.sso import Sso

        return Sso(session, endpoint_url=self._sso_endpoint)

    def sign_in_anew(self, info: ConnectionInfo) -> None:
        """Read the credentials anew at the next call, and ask anew for an MFA code."""
        found = self._sources.get(source_key(info))
        if found is not None:
            found[0].forget()
            self.refreshed.emit(frozenset({source_key(info)}))

    async def watch_files(self, every_s: float = WATCH_EVERY_S) -> None:
        """Notice edits of the shared AWS files until cancelled; only changed profiles are read anew."""
        seen = await in_thread(_stamps)
        while True:
            await asyncio.sleep(every_s)
            found = await in_thread(_stamps)
            if found != seen:
                seen = found
                await self.reread_files()

    async def reread_files(self) -> None:
        """Read those connections anew whose profile says something else now; the list of profiles, too."""
        sources = {key: source for key, (source, _built_as) in self._sources.items()}
        changed = await in_thread(lambda: [key for key, source in sources.items() if source.has_changed()])
        for key in changed:
            sources[key].forget()
        self.refreshed.emit(frozenset(changed))

    # -- production

    def needs_confirmation(self, info: ConnectionInfo) -> bool:
        """Whether each invoke and write has to be confirmed now."""
        return info.guard is Guard.PRODUCTION and self.get_unlocked_s(info) <= 0

    def get_unlocked_s(self, info: ConnectionInfo) -> float:
        """For how many seconds more a production connection needs no confirmation."""
        return max(0.0, self._unlocked_until.get(source_key(info), 0.0) - self._clock())

    def unlock(self, info: ConnectionInfo) -> None:
        """Need no confirmation for ten minutes."""
        self._unlocked_until[source_key(info)] = self._clock() + UNLOCKED_S
        self.unlocked.emit()

    def lock_again(self, info: ConnectionInfo) -> None:
        self._unlocked_until.pop(source_key(info), None)
        self.unlocked.emit()

    # -- the whole application

    def lock(self) -> None:
        """Drop all credentials; no call is signed until `unlock_all`. Keys of this session alone are gone."""
        self.is_locked = True
        self._unlocked_until.clear()
        self.secrets.forget_in_memory()
        for source in tuple(self._given_out):
            source.forget()
        self.unlocked.emit()
        self.refreshed.emit(frozenset(self._sources))

    def unlock_all(self) -> None:
        self.is_locked = False
        self.refreshed.emit(frozenset(self._sources))

    def close(self) -> None:
        """Let the threads go that wait for a person."""
        self.prompts.close()

    # -- inside

    def _get_sso(self, info: ConnectionInfo) -> "Sso":
        from lambdadesk.aws.sso import Sso, SsoSession

        session = SsoSession(info.sso_start_url, info.sso_region, info.sso_session)
        return Sso(session, endpoint_url=self._sso_endpoint)

    def _accepts_plain_http(self, info: ConnectionInfo) -> bool:
        return self._get_bottom(info).accepts_plain_http

    def _get_bottom(self, info: ConnectionInfo) -> ConnectionInfo:
        """The connection below all roles. Raises UserError (INVALID) where there is none."""
        seen: set[str] = set()
        while info.kind is ConnectionKind.ASSUME_ROLE:
            if info.id in seen:
                raise _no_source(f"{info.name} assumes its role in the end with itself.")
            seen.add(info.id)
            info = self._get_below(info)
        return info

    def _get_below(self, info: ConnectionInfo) -> ConnectionInfo:
        """The connection that a role is assumed with."""
        below = self.get(info.source_id)
        if below is None:
            raise _no_source(f"{info.name} assumes its role with a connection that does not exist any more.")
        return below

    def _load_key(self, info: ConnectionInfo) -> AccessKey:
        """A connection's key out of the keyring; blocks, for as long as the keyring asks its owner."""
        loop = self.prompts.loop
        key = asyncio.run_coroutine_threadsafe(self.secrets.load(info.id), loop).result()
        if key is None:
            raise UserError(
                f"The access key of {info.name} is not on this computer.",
                "Enter it in the connection.",
                kind=ErrorKind.EXPIRED,
            )
        if key.endpoint_url != info.endpoint_url:  # a save that was cut short leaves such a pair
            raise UserError(
                f"The access key of {info.name} was entered for another endpoint.",
                "Enter it again in the connection.",
                kind=ErrorKind.EXPIRED,
            )
        return key

    def _allow_process(self, name: str, command: str) -> bool:
        """Whether a credential_process may run: asked once for each command line, a changed one again."""
        digest = hashlib.sha256(command.encode()).hexdigest()
        if digest in self._settings.allowed_processes:
            return True
        try:
            self.prompts.ask(QuestionKind.PROCESS, name, command)
        except UserError:
            return False
        self.prompts.loop.call_soon_threadsafe(self._remember_process, digest)
        return True

    def _remember_process(self, digest: str) -> None:
        self._settings.allowed_processes = (*self._settings.allowed_processes, digest)

    def _check_locked(self) -> None:
        if self.is_locked:
            raise UserError("LambdaDesk is locked.", "Unlock it to go on.", kind=ErrorKind.EXPIRED)

    def _signs_as(self, info: ConnectionInfo) -> tuple[ConnectionInfo, ...]:
        """What the credentials depend on: a connection, and those that its role is assumed with."""
        chain: list[ConnectionInfo] = []
        below: ConnectionInfo | None = info
        while below is not None and below.id not in {each.id for each in chain}:
            chain.append(replace(below, name="", colour="", regions=(), guard=Guard.NORMAL))
            below = self.get(below.source_id)
        return tuple(chain)

    def _drop(self, connection_id: str) -> None:
        """Forget a connection's credentials and those of the roles that are assumed with it."""
        found = self._sources.pop(connection_id, None)
        if found is not None:
            found[0].forget()
        self._unlocked_until.pop(connection_id, None)
        for info in self.get_all():
            if info.source_id == connection_id and info.id in self._sources:
                self._drop(info.id)


def source_key(info: ConnectionInfo) -> str:
    """What the credentials of a connection are known by; the same for all its regions."""
    return info.id or f"{info.kind}:{info.profile}@{info.endpoint_url}"


def _no_source(message: str) -> UserError:
    hint = "Edit the connection and choose another one for its credentials."
    return UserError(message, hint, kind=ErrorKind.INVALID)


def _stamps() -> tuple[tuple[Path, int, int] | None, ...]:
    found: list[tuple[Path, int, int] | None] = []
    for path in files_to_watch():
        try:
            stat = path.stat()
        except OSError:
            found.append(None)
        else:
            found.append((path, stat.st_mtime_ns, stat.st_size))
    return tuple(found)
