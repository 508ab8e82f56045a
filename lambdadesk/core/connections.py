"""ConnectionInfo, how one signs in to AWS; it holds no secret."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from lambdadesk.core.secret import Secret
from lambdadesk.core.types import Target


class ConnectionKind(StrEnum):
    """Where the credentials come from."""

    ACCESS_KEY = "access-key"  # in the OS keyring
    PROFILE = "profile"  # of the shared AWS files, read live
    SSO = "sso"  # IAM Identity Center
    ASSUME_ROLE = "assume-role"  # on top of another connection
    ENDPOINT = "endpoint"  # any compatible URL
    LOCAL = "local"  # the Local AWS


class Guard(StrEnum):
    """What a connection lets happen."""

    NORMAL = "normal"
    READ_ONLY = "read-only"  # no invoke and no write leaves the process
    PRODUCTION = "production"  # an invoke has to be confirmed by typing the function's name


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """One connection as it is stored. Fields that its kind does not use stay empty.

    colour: "#rrggbb" or empty; regions: the first is the one it opens with; duration_s: of an assumed role.
    """

    id: str
    name: str
    kind: ConnectionKind
    colour: str = ""
    regions: tuple[str, ...] = ()
    guard: Guard = Guard.NORMAL
    access_key_id: str = ""  # access key, or endpoint with credentials
    profile: str = ""
    endpoint_url: str = ""
    accepts_plain_http: bool = False  # the user ticked that this endpoint beyond loopback may be plain http
    ca_bundle: str = ""  # path of the certificates that the endpoint's is checked with; empty: the usual ones
    source_id: str = ""  # assume role: the connection whose credentials assume it
    role_arn: str = ""
    external_id: str = ""
    mfa_serial: str = ""
    session_name: str = ""
    duration_s: int = 3600
    session_tags: tuple[tuple[str, str], ...] = ()
    sso_start_url: str = ""
    sso_region: str = ""
    sso_session: str = ""  # name of the sso-session, which the token cache is keyed by; empty: by start URL
    sso_account_id: str = ""
    sso_role_name: str = ""

    def target(self, region: str) -> Target:
        """This connection in one region."""
        return Target(
            region,
            self.profile if self.kind is ConnectionKind.PROFILE else "",
            self.endpoint_url,
            is_local=self.kind is ConnectionKind.LOCAL,
            connection_id=self.id,
            name=self.name,
        )


def get_unsaved_info(target: Target) -> ConnectionInfo:
    """The connection behind a target that none was stored for: a bare profile, an endpoint, the Local AWS.

    An endpoint without a profile gets no credentials of anybody's.
    """
    if target.is_local:
        kind = ConnectionKind.LOCAL
    elif target.endpoint_url and not target.profile:
        kind = ConnectionKind.ENDPOINT
    else:
        kind = ConnectionKind.PROFILE
    return ConnectionInfo(
        id="", name=target.title, kind=kind, profile=target.profile, endpoint_url=target.endpoint_url
    )


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key as it is entered, imported or kept in the keyring.

    endpoint_url: the only endpoint that it is signed for; empty means AWS itself.
    """

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret = field(default_factory=lambda: Secret(""))
    endpoint_url: str = ""


_PRODUCTION = re.compile(r"(^|[^a-z])(prod|production|prd|live)([^a-z]|$)", re.IGNORECASE)


def looks_like_production(*texts: str) -> bool:
    """Whether a name, account alias or tag value says that this is production."""
    return any(_PRODUCTION.search(text) for text in texts)


def mask_key_id(access_key_id: str) -> str:
    """An access key id as it is shown and stored beside a name: "AKIA…MPLE"; short ones are not AWS's own."""
    if len(access_key_id) < 16:
        return access_key_id
    return f"{access_key_id[:4]}…{access_key_id[-4:]}"
