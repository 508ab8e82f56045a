"""IAM Identity Center: the token of a sign-in, and the accounts and roles that it gives access to.

The token lies where the AWS CLI keeps its own, under the same names and keys: one sign-in serves both.
"""

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lambdadesk.aws.endpoints import is_loopback, is_region
from lambdadesk.aws.failures import get_code, get_plain_text, retell, to_user_error
from lambdadesk.aws.sessions import SIGN_IN_SETTINGS, create_client, open_session
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.secret import Secret
from lambdadesk.core.threads import in_thread

DEFAULT_SCOPES = ("sso:account:access",)
_REFRESH_BEFORE_S = 15 * 60  # as botocore and the AWS CLI do
_ONE_ATTEMPT = {**SIGN_IN_SETTINGS, "retries": {"mode": "standard", "total_max_attempts": 1}}
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_PAGE_LIMIT = 1000
CLIENT_NAME = "LambdaDesk"  # shown on the page where the person agrees


@dataclass(frozen=True, slots=True)
class SsoSession:
    """Where to sign in. name: of the sso-session in the shared files; empty: known by its start URL alone.

    scopes: as the sso-session names them; empty means sso:account:access.
    """

    start_url: str
    region: str
    name: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SsoToken:
    """A signed-in person's access token; expires_at is in epoch seconds."""

    access_token: Secret
    expires_at: float


@dataclass(frozen=True, slots=True)
class SsoAccount:
    """An account that the signed-in person has a role in."""

    id: str
    name: str
    email: str


class Sso:
    """The sign-in to one SsoSession. Safe to use from many threads.

    cache_dir: of the tokens; default ~/.aws/sso/cache. endpoint_url: of a server on this machine, for tests.
    """

    def __init__(self, session: SsoSession, *, cache_dir: Path | None = None, endpoint_url: str = "") -> None:
        check_session(session)
        self.session = session
        self._folder = cache_dir or Path.home() / ".aws" / "sso" / "cache"
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()  # of a refresh: a refresh token is good for one
        self._clients: dict[str, Any] = {}
        self._clients_lock = threading.Lock()

    def load_token(self) -> SsoToken | None:
        """The cached token, expired or not; None where nobody signed in. Reads disk."""
        return _to_token(self._load(self._token_key))

    def fetch_token(self) -> SsoToken:
        """A token that is still good, refreshed where it ends soon. Blocks; EXPIRED: sign in anew."""
        with self._lock:
            entry = self._load(self._token_key)
            token = _to_token(entry)
            if token is None:
                raise _signed_out("Nobody is signed in to IAM Identity Center.")
            if token.expires_at - time.time() > _REFRESH_BEFORE_S:
                return token
            refreshed = self._refresh(entry)
            if refreshed is not None:
                return refreshed
            if token.expires_at <= time.time():
                raise _signed_out("The sign-in to IAM Identity Center has expired.")
            return token

    def fetch_role_credentials(self, account_id: str, role: str) -> dict[str, Any]:
        """Temporary credentials, as botocore's refreshable credentials want them. Blocks."""
        token = self.fetch_token().access_token.reveal()
        try:
            reply = self._get_portal().get_role_credentials(
                accountId=account_id, roleName=role, accessToken=token
            )
            found = reply["roleCredentials"]
            return {
                "access_key": found["accessKeyId"],
                "secret_key": found["secretAccessKey"],
                "token": found["sessionToken"],
                "expiry_time": _format_time(found["expiration"] / 1000),
                "account_id": account_id,
            }
        except Exception as error:
            if get_code(error) in ("ForbiddenException", "AccessDeniedException"):
                raise UserError(
                    f"The role {get_plain_text(role)} of account {get_plain_text(account_id)} is not yours.",
                    "Choose another role, or ask for it to be assigned to you.",
                    kind=ErrorKind.DENIED,
                    action="sso:GetRoleCredentials",
                ) from error
            raise self._to_error(error, "sso", "GetRoleCredentials") from error

    async def list_accounts(self) -> list[SsoAccount]:
        """The accounts the signed-in person may use, by name."""
        rows = await in_thread(self._fetch_all, "list_accounts", "accountList")
        accounts = [
            SsoAccount(
                str(row["accountId"]), str(row.get("accountName", "")), str(row.get("emailAddress", ""))
            )
            for row in rows
        ]
        return sorted(accounts, key=lambda account: (account.name.casefold(), account.id))

    async def list_roles(self, account_id: str) -> list[str]:
        """The names of the roles the signed-in person has in an account, sorted."""
        rows = await in_thread(self._fetch_all, "list_account_roles", "roleList", accountId=account_id)
        return sorted(str(row["roleName"]) for row in rows)

    async def log_out(self) -> None:
        """Remove the token here, which signs the AWS CLI out, too, and end it at the service.

        A UserError means that it is removed here, but that the service could not be told.
        """
        await in_thread(self._log_out)

    # --- for SsoLogin, in its thread ---

    def get_login_url(self) -> str:
        """The address of the service that signs in, without a path. Blocks (makes a client)."""
        return str(self._get_oidc().meta.endpoint_url).rstrip("/")

    def authorize_device(self, registration: Mapping[str, Any]) -> dict[str, Any]:
        """A code to sign in with (StartDeviceAuthorization's answer). botocore's errors come through."""
        reply: dict[str, Any] = self._get_oidc().start_device_authorization(
            clientId=registration["clientId"],
            clientSecret=registration["clientSecret"],
            startUrl=self.session.start_url,
        )
        return reply

    def register(self, redirect_uri: str = "") -> dict[str, Any]:
        """This program's registration at the service: the cached one, or a new one.

        redirect_uri: for a sign-in that comes back to it; empty: for one with a code.
        """
        cached = self._load(self._registration_key)
        good_until = _parse_time(cached.get("expiresAt"))
        of_this_kind = ("authorization_code" in (cached.get("grantTypes") or ())) == bool(redirect_uri)
        if of_this_kind and good_until - time.time() > _REFRESH_BEFORE_S:
            return cached
        scopes = list(self.session.scopes or DEFAULT_SCOPES)
        asked: dict[str, Any] = {"clientName": CLIENT_NAME, "clientType": "public", "scopes": scopes}
        if redirect_uri:
            asked |= {
                "grantTypes": ["authorization_code", "refresh_token"],
                "redirectUris": [redirect_uri],
                "issuerUrl": self.session.start_url,
            }
        reply = self._get_oidc().register_client(**asked)
        registration = {
            "clientId": reply["clientId"],
            "clientSecret": reply["clientSecret"],
            "expiresAt": _format_time(reply["clientSecretExpiresAt"]),
            "scopes": scopes,
        }
        if redirect_uri:
            registration["grantTypes"] = asked["grantTypes"]
        self._save(self._registration_key, registration)
        return registration

    def forget_registration(self) -> None:
        """Register anew at the next sign-in: the service does not know this registration any more."""
        self._delete(self._registration_key)

    def create_token(self, registration: Mapping[str, Any], grant_type: str, **grant: str) -> SsoToken:
        """Trade a code or a refresh token for a token, and cache it. botocore's errors come through."""
        reply = self._get_oidc().create_token(
            grantType=grant_type,
            clientId=registration["clientId"],
            clientSecret=registration["clientSecret"],
            **grant,
        )
        entry = {
            "startUrl": self.session.start_url,
            "region": self.session.region,
            "accessToken": reply["accessToken"],
            "expiresAt": _format_time(time.time() + reply["expiresIn"]),
            "clientId": registration["clientId"],
            "clientSecret": registration["clientSecret"],
            "registrationExpiresAt": registration["expiresAt"],
        }
        if "refreshToken" in reply:
            entry["refreshToken"] = reply["refreshToken"]
        self._save(self._token_key, entry)
        return SsoToken(Secret(entry["accessToken"]), _parse_time(entry["expiresAt"]))

    # --- inside ---

    @property
    def _token_key(self) -> str:
        return _get_sha1(self.session.name or self.session.start_url)

    @property
    def _registration_key(self) -> str:
        known_by = {
            "tool": "botocore",
            "startUrl": self.session.start_url,
            "region": self.session.region,
            "scopes": list(self.session.scopes) or None,
            "session_name": self.session.name or None,
        }
        return _get_sha1(json.dumps(known_by, sort_keys=True))

    def _refresh(self, entry: dict[str, Any]) -> SsoToken | None:
        """A refreshed token, or None where only a new sign-in helps."""
        wanted = ("refreshToken", "clientId", "clientSecret", "registrationExpiresAt")
        if any(key not in entry for key in wanted):
            return None
        if _parse_time(entry["registrationExpiresAt"]) <= time.time():
            return None
        registration = {**entry, "expiresAt": entry["registrationExpiresAt"]}
        try:
            return self.create_token(registration, "refresh_token", refreshToken=entry["refreshToken"])
        except Exception as error:
            # The AWS CLI may have used the refresh token just before, and left a new token.
            newer = self._load(self._token_key)
            if newer.get("accessToken") != entry["accessToken"]:
                return _to_token(newer)
            if get_code(error):
                return None  # refused: the token itself may be good for some minutes yet
            raise to_user_error(error, "sso-oidc", "CreateToken") from error

    def _log_out(self) -> None:
        entry = self._load(self._token_key)
        self._delete(self._token_key)
        token = _to_token(entry)
        if token is None or token.expires_at <= time.time():
            return
        try:
            self._get_portal().logout(accessToken=token.access_token.reveal())
        except Exception as error:
            found = to_user_error(error, "sso", "Logout")
            if get_code(error) == "UnauthorizedException":
                return  # it had ended already
            raise retell(
                found,
                "You are signed out on this computer, but the service could not be told.",
                "The sign-in ends there by itself.",
            ) from error

    def _fetch_all(self, operation: str, key: str, **asked: Any) -> list[dict[str, Any]]:
        token = self.fetch_token().access_token.reveal()
        try:
            return list(self._fetch_pages(operation, key, {**asked, "accessToken": token}))
        except Exception as error:
            raise self._to_error(error, "sso", operation) from error

    def _fetch_pages(self, operation: str, key: str, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        call = getattr(self._get_portal(), operation)
        for _ in range(_PAGE_LIMIT):
            reply = call(**asked)
            yield from reply[key]
            if not reply.get("nextToken"):
                return
            asked["nextToken"] = reply["nextToken"]

    def _to_error(self, error: BaseException, service: str, operation: str) -> UserError:
        if get_code(error) == "UnauthorizedException":
            return _signed_out("The sign-in to IAM Identity Center has expired.")
        return to_user_error(error, service, operation)

    def _get_oidc(self) -> Any:
        """The client that registers and makes tokens: one attempt, since a code is good for one."""
        return self._get_client("sso-oidc", _ONE_ATTEMPT)

    def _get_portal(self) -> Any:
        return self._get_client("sso", SIGN_IN_SETTINGS)

    def _get_client(self, service: str, settings: dict[str, Any]) -> Any:
        with self._clients_lock:
            if service not in self._clients:
                from botocore import UNSIGNED

                self._clients[service] = create_client(
                    open_session(None),
                    service,
                    self.session.region,
                    self._endpoint_url,
                    signature_version=UNSIGNED,
                    **settings,
                )
            return self._clients[service]

    def _open_cache(self) -> Any:
        """botocore's own file cache: atomic, and readable by the owner only."""
        from botocore.utils import JSONFileCache

        return JSONFileCache(str(self._folder))

    def _load(self, key: str) -> dict[str, Any]:
        try:
            entry = self._open_cache()[key]
        except KeyError:  # not there, or not JSON
            return {}
        return entry if isinstance(entry, dict) else {}

    def _save(self, key: str, entry: dict[str, Any]) -> None:
        try:
            self._open_cache()[key] = entry
        except OSError as error:
            raise UserError(
                "The sign-in can't be saved.",
                f"Make {self._folder} writable, or free some space.",
                kind=ErrorKind.STORAGE,
                details=error.strerror or "",
            ) from error

    def _delete(self, key: str) -> None:
        (self._folder / f"{key}.json").unlink(missing_ok=True)


def is_safe_url(url: str) -> bool:
    """Whether a sign-in page may be opened: https, or a server on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not re.fullmatch(r"[!-~]+", url) or not host or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))


def check_session(session: SsoSession) -> None:
    if not is_safe_url(session.start_url):
        raise UserError(
            "The start URL is not a valid https address.",
            "It looks like https://my-company.awsapps.com/start.",
            kind=ErrorKind.INVALID,
        )
    if not is_region(session.region):
        raise UserError(
            f"{session.region[:60]!r} is not an AWS region.",
            "Give the region that IAM Identity Center is in, like eu-central-1.",
            kind=ErrorKind.INVALID,
        )


def _signed_out(message: str) -> UserError:
    return UserError(message, "Sign in again.", kind=ErrorKind.EXPIRED)


def _to_token(entry: Mapping[str, Any]) -> SsoToken | None:
    access_token = entry.get("accessToken")
    if not isinstance(access_token, str) or not access_token:
        return None
    return SsoToken(Secret(access_token), _parse_time(entry.get("expiresAt")))


def _get_sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()  # a file name, as the AWS CLI's


def _format_time(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime(_TIME_FORMAT)


def _parse_time(text: Any) -> float:
    """Epoch seconds; 0, so long ago, where the text is no time. Old AWS CLIs wrote UTC in place of Z."""
    try:
        moment = datetime.fromisoformat(str(text).replace("UTC", "Z"))
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
