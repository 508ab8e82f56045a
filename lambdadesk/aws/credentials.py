"""Where the credentials of a connection come from.

A source belongs to one connection and is shared by its gateways, whatever their regions, so that an MFA code
is asked for once. botocore is imported by the first load, in its thread.
"""

import asyncio
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lambdadesk.aws.quota import RateLimits
from lambdadesk.aws.sessions import SIGN_IN_SETTINGS, allow_login_sessions, create_client, open_session
from lambdadesk.aws.sso import Sso
from lambdadesk.core.connections import AccessKey
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import Identity

# Asks the person for the code of the MFA device with this serial. Called in a worker thread, which may wait
# for as long as it takes; raises UserError where the person cancels.
MfaPrompt = Callable[[str], str]

# Whether this command line of a profile's credential_process may run. Called in a worker thread, too.
ProcessPrompt = Callable[[str], bool]


@dataclass(slots=True, eq=False)
class Owner:
    """Whose credentials a source gives, so that only the first of its regions has to ask.

    identity, alias (of the account; "": it has none, or it may not be read): None while nobody has asked.
    lock: held while one asks.
    """

    identity: Identity | None = None
    alias: str | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class CredentialSource(ABC):
    """The credentials of one connection, loaded once and shared.

    endpoint_url: the only endpoint they are signed for; empty means AWS itself.
    profile: the profile whose other settings (CA bundle, retries) hold for the clients, too; None: no file is
    read at all. ca_bundle: path of the certificates to check the endpoint's with; empty: the usual ones.
    check: called before any credentials are given out; raises UserError where nobody may have them now.
    rate_limits: what its gateways keep to together where AWS itself is asked.
    owner: another object once the credentials may be another's.
    """

    profile: str | None = None
    ca_bundle: str = ""
    check: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, endpoint_url: str = "") -> None:
        self.endpoint_url = endpoint_url
        self.rate_limits = RateLimits()
        self.owner = Owner()
        self._lock = threading.RLock()  # held while a person is being asked: never take it on the event loop
        self._credentials: Any = None
        self._generation = 0

    def get_credentials(self, region: str) -> Any:
        """botocore's credentials, which renew themselves where they can; None: there are none. Blocks."""
        self.check()
        with self._lock:
            credentials = self._credentials
            if credentials is None:
                generation = self._generation
                credentials = self._load(region)
                if generation == self._generation:  # else the files changed meanwhile
                    self._credentials = credentials
            return credentials

    @property
    def may_ask(self) -> bool:
        """Whether `sign_in` has to come before the next call."""
        return False

    def sign_in(self, region: str) -> None:  # noqa: B027  most sources ask nobody
        """Do what has to wait for a person. Blocks, without a bound."""

    def has_changed(self) -> bool:
        """Whether the files say something else than what the credentials at hand were made of. Reads disk."""
        return False

    @property
    def expires_at(self) -> float | None:
        """When the credentials at hand expire, in epoch seconds; None: never, not loaded, or not known."""
        # botocore keeps it to itself, and asking in any other way may renew them.
        expiry = getattr(self._credentials, "_expiry_time", None)
        return expiry.timestamp() if expiry is not None else None

    @property
    def renews(self) -> bool:
        """Whether the credentials at hand are renewed without asking anybody."""
        return hasattr(self._credentials, "refresh_needed")

    def forget(self) -> None:
        """Load anew, and ask anew, at the next call: the files changed, or the person wants to sign in."""
        self._renew()

    def drop(self, credentials: Any) -> None:
        """Load anew, but ask nobody, if these refused credentials are still the current ones."""
        if credentials is self._credentials:
            self._renew()

    def _renew(self) -> None:
        self._generation += 1
        self._credentials = None
        self.owner = Owner()

    @abstractmethod
    def _load(self, region: str) -> Any: ...


class NoSource(CredentialSource):
    """Placeholder credentials (test/test), for endpoints that want a signature but check none."""

    def _load(self, region: str) -> Any:
        from botocore.credentials import Credentials

        return Credentials("test", "test", method="placeholder")


class KeySource(CredentialSource):
    """An access key that was entered, or one in the keyring, which `key` reads then.

    Reading it may wait for the keyring's own prompt; it raises UserError where there is no key.
    """

    def __init__(self, key: AccessKey | Callable[[], AccessKey], endpoint_url: str = "") -> None:
        super().__init__(endpoint_url)
        self._key = key

    @property
    def may_ask(self) -> bool:
        return self._credentials is None and not isinstance(self._key, AccessKey)

    def sign_in(self, region: str) -> None:
        self.get_credentials(region)

    def _load(self, region: str) -> Any:
        from botocore.credentials import Credentials

        key = self._key if isinstance(self._key, AccessKey) else self._key()
        token = key.session_token.reveal() or None
        return Credentials(key.access_key_id, key.secret_access_key.reveal(), token, method="lambdadesk")


class ProfileSource(CredentialSource):
    """A profile of the shared AWS files; "" is the standard chain, environment and default profile first.

    mfa_code: asks for a code, once until `forget`; without it a profile that needs one fails with a sentence.
    allow_process: asks before a credential_process runs; without it, it runs as in the AWS CLI.
    """

    def __init__(
        self,
        profile: str,
        endpoint_url: str = "",
        *,
        mfa_code: MfaPrompt | None = None,
        allow_process: ProcessPrompt | None = None,
    ) -> None:
        super().__init__(endpoint_url)
        self.profile: str = profile
        self._mfa = _OneCode(mfa_code)
        self._allow_process = allow_process
        self._processes: dict[str, bool] = {}  # what the person said
        self._read: list[Mapping[str, Any]] | None = None  # what the files said

    @property
    def may_ask(self) -> bool:
        return self._credentials is None and (self._mfa.can_ask or self._allow_process is not None)

    def has_changed(self) -> bool:
        if self._read is None:
            return False
        try:
            return _get_chain(open_session(self.profile), self.profile) != self._read
        except Exception:  # noqa: BLE001  what is wrong with the files, the next call says
            return True

    def sign_in(self, region: str) -> None:
        self.check()
        with self._lock:
            if self._credentials is not None:
                return
            session = open_session(self.profile)
            chain = _get_chain(session, self.profile)
            self._check_processes(chain)
            if any("mfa_serial" in profile for profile in chain):
                self.get_credentials(region)

    def forget(self) -> None:
        self._mfa.forget()
        self._processes = {}
        super().forget()

    def _load(self, region: str) -> Any:
        session = open_session(self.profile)
        chain = self._read = _get_chain(session, self.profile)
        self._check_processes(chain)
        if any("login_session" in profile for profile in chain):
            allow_login_sessions()
        if not session.get_config_variable("region"):
            session.set_config_variable("region", region)  # for the STS that a role is assumed at
        assume_role = session.get_component("credential_provider").get_provider("assume-role")
        # botocore has no public way to say this; its own prompt waits on a terminal nobody looks at.
        assume_role._prompter = lambda text: self._mfa.ask(_get_serial(text))
        credentials = session.get_credentials()
        if any("mfa_serial" in profile for profile in chain):
            return _without_renewal(credentials)
        return credentials

    def _check_processes(self, chain: list[Mapping[str, Any]]) -> None:
        if self._allow_process is None:
            return
        for profile in chain:
            command = str(profile.get("credential_process", ""))
            if not command:
                continue
            if command not in self._processes:
                self._processes[command] = self._allow_process(command)
            if not self._processes[command]:
                raise UserError(
                    "The program that this profile gets its credentials from was not allowed to run.",
                    "Sign in again to allow it, or use another connection.",
                    kind=ErrorKind.EXPIRED,
                )


class AssumeRoleSource(CredentialSource):
    """A role that another connection's credentials assume, at the same endpoint.

    duration_s: 900 to 43200, and 3600 at most on top of another role. tags: session tags.
    mfa_code: asks for the code of `mfa_serial`, once until `forget`.
    """

    def __init__(
        self,
        source: CredentialSource,
        role_arn: str,
        *,
        external_id: str = "",
        mfa_serial: str = "",
        mfa_code: MfaPrompt | None = None,
        session_name: str = "",
        duration_s: int = 3600,
        tags: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(source.endpoint_url)
        self._source = source
        self._role_arn = role_arn
        self._mfa = _OneCode(mfa_code)
        self._mfa_serial = mfa_serial
        self._extra: dict[str, Any] = {
            "RoleSessionName": session_name or "lambdadesk",
            "DurationSeconds": duration_s,
        }
        if external_id:
            self._extra["ExternalId"] = external_id
        if mfa_serial:
            self._extra["SerialNumber"] = mfa_serial
        if tags:
            self._extra["Tags"] = [{"Key": key, "Value": value} for key, value in tags]

    @property
    def may_ask(self) -> bool:
        return self._credentials is None and (bool(self._mfa_serial) or self._source.may_ask)

    def has_changed(self) -> bool:
        return self._source.has_changed()

    def sign_in(self, region: str) -> None:
        self.check()
        with self._lock:
            self._source.sign_in(region)
            if self._mfa_serial:
                self.get_credentials(region)

    def forget(self) -> None:
        self._mfa.forget()
        self._source.forget()
        super().forget()

    def drop(self, credentials: Any) -> None:
        if credentials is self._credentials:
            self._source.drop(self._source._credentials)  # one that renews itself does so anyway
        super().drop(credentials)

    def _load(self, region: str) -> Any:
        from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
        from botocore.exceptions import NoCredentialsError

        source_credentials = self._source.get_credentials(region)
        if source_credentials is None:
            raise NoCredentialsError
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=lambda service, **keys: self._create_client(service, region, keys),
            source_credentials=source_credentials,
            role_arn=self._role_arn,
            extra_args=self._extra,
            mfa_prompter=lambda _text: self._mfa.ask(self._mfa_serial),
        )
        credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
        return _without_renewal(credentials) if self._mfa_serial else credentials

    def _create_client(self, service: str, region: str, keys: dict[str, Any]) -> Any:
        session = open_session(self._source.profile, self._source.ca_bundle)
        return create_client(session, service, region, self.endpoint_url, keys, **SIGN_IN_SETTINGS)


class SsoSource(CredentialSource):
    """A role of an account that IAM Identity Center gives access to; the sign-in itself is SsoLogin's."""

    def __init__(self, sso: Sso, account_id: str, role: str) -> None:
        super().__init__()
        self._sso = sso
        self._account_id = account_id
        self._role = role

    def _load(self, region: str) -> Any:
        from botocore.credentials import DeferredRefreshableCredentials

        return DeferredRefreshableCredentials(
            lambda: self._sso.fetch_role_credentials(self._account_id, self._role), "sso"
        )


class _OneCode:
    """Asks for an MFA code once, so that calls in the background don't open one dialog after the other."""

    def __init__(self, prompt: MfaPrompt | None) -> None:
        self._prompt = prompt
        self._asked: set[str] = set()

    @property
    def can_ask(self) -> bool:
        return self._prompt is not None

    def ask(self, serial: str) -> str:
        if self._prompt is None:
            raise UserError(
                "This profile asks for an MFA code, which can't be typed in here.",
                "Get a session with `aws sts get-session-token` or `aws sso login`, and use that profile.",
                kind=ErrorKind.EXPIRED,
            )
        if serial in self._asked:
            raise UserError("This connection needs a new MFA code.", "Sign in again.", kind=ErrorKind.EXPIRED)
        self._asked.add(serial)
        code = self._prompt(serial).strip()
        if not re.fullmatch("[0-9]{6}", code):
            raise UserError(
                "An MFA code has six digits.", "Sign in again and type it.", kind=ErrorKind.EXPIRED
            )
        return code

    def forget(self) -> None:
        self._asked = set()


def get_source(profile: str, endpoint_url: str) -> CredentialSource:
    """Credentials where none were chosen: an endpoint gets those of a named profile, or none of ours."""
    if endpoint_url and not profile:
        return NoSource(endpoint_url)
    return ProfileSource(profile, endpoint_url)


def _get_chain(session: Any, profile: str) -> list[Mapping[str, Any]]:
    """The settings of a profile and of the ones it gets its credentials from."""
    profiles = session.full_config.get("profiles", {})
    name = profile or session.get_config_variable("profile") or "default"
    chain: dict[str, Mapping[str, Any]] = {}
    while name in profiles and name not in chain:
        chain[name] = profiles[name]
        name = profiles[name].get("source_profile", "")
    return list(chain.values())


def _get_serial(prompt: str) -> str:
    """The device's serial out of botocore's "Enter MFA code for SERIAL: "."""
    return prompt.partition(" for ")[2].strip(" :")


def _without_renewal(credentials: Any) -> Any:
    """The same credentials, used until they expire.

    botocore can't renew what was made with an MFA code: it would fail 10 min early, and log it before.
    """
    from botocore.credentials import Credentials

    frozen = credentials.get_frozen_credentials()
    fixed = Credentials(frozen.access_key, frozen.secret_key, frozen.token, method="mfa")
    fixed._expiry_time = getattr(credentials, "_expiry_time", None)
    return fixed
