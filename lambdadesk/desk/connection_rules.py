"""What makes a connection usable, checked before it is saved."""

import re
from collections.abc import Iterable

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.core.errors import ErrorKind, UserError


class FieldError(UserError):
    """What was entered can't be used. field: the attribute of ConnectionInfo (or `secret`) that is wrong."""

    def __init__(self, message: str, hint: str, field: str) -> None:
        super().__init__(message, hint, kind=ErrorKind.INVALID)
        self.field = field


_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,512}")
_MFA = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:mfa/[\w+=,.@/-]{1,128}|[\w+=/:,.@-]{9,256}")
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
_KEY_ID = re.compile(r"[\w…-]{3,128}")
MIN_DURATION_S, MAX_DURATION_S, MAX_CHAINED_S = 900, 43_200, 3600


def check_connection(info: ConnectionInfo, others: Iterable[ConnectionInfo] = ()) -> None:
    """Raise FieldError with the first thing that is wrong, in one sentence; asks nobody."""
    others = [other for other in others if other.id != info.id]
    if not info.name.strip():
        raise FieldError("The connection has no name.", "Give it one that tells it from the others.", "name")
    if any(_plain(other.name) == _plain(info.name) for other in others):
        raise FieldError(
            f"Another connection is called {info.name.strip()}.", "Give it another name.", "name"
        )
    _check_targets(info)
    match info.kind:
        case ConnectionKind.ACCESS_KEY:
            _need(
                info.access_key_id,
                "The access key id is missing.",
                "It begins with AKIA and has 20 letters and digits.",
                "access_key_id",
            )
            _check_key_id(info.access_key_id)
        case ConnectionKind.ENDPOINT:
            _need(
                info.endpoint_url,
                "The endpoint has no address.",
                "Give one like http://127.0.0.1:4566.",
                "endpoint_url",
            )
            if info.access_key_id:
                _check_key_id(info.access_key_id)
        case ConnectionKind.SSO:
            _check_sso(info)
        case ConnectionKind.ASSUME_ROLE:
            _check_role(info, others)
        case _:
            pass


def _check_targets(info: ConnectionInfo) -> None:
    from lambdadesk.aws.endpoints import check_target, is_region

    for region in info.regions or ("us-east-1",):
        try:
            check_target(info.target(region), accepts_plain_http=info.accepts_plain_http)
        except UserError as error:
            field = "endpoint_url" if is_region(region) else "regions"
            raise FieldError(error.message, error.hint, field) from error


def check_sign_in(info: ConnectionInfo) -> None:
    """Raise FieldError unless a sign-in at IAM Identity Center can begin; account and role come later."""
    from lambdadesk.aws.sso import SsoSession, check_session, is_safe_url

    try:
        check_session(SsoSession(info.sso_start_url, info.sso_region, info.sso_session))
    except UserError as error:
        field = "sso_region" if is_safe_url(info.sso_start_url) else "sso_start_url"
        raise FieldError(error.message, error.hint, field) from error


def _check_sso(info: ConnectionInfo) -> None:
    check_sign_in(info)
    if not re.fullmatch("[0-9]{12}", info.sso_account_id):
        raise FieldError(
            "No account is chosen.", "Sign in and choose one, or type its 12 digits.", "sso_account_id"
        )
    _need(
        info.sso_role_name, "No role is chosen.", "Sign in and choose one, or type its name.", "sso_role_name"
    )


def _check_role(info: ConnectionInfo, others: list[ConnectionInfo]) -> None:
    by_id = {other.id: other for other in others}
    if not info.source_id or info.source_id not in by_id:
        raise FieldError(
            "No connection is chosen to assume the role with.",
            "Choose the one it is assumed with.",
            "source_id",
        )
    seen, below = {info.id}, by_id.get(info.source_id)
    while below is not None and below.kind is ConnectionKind.ASSUME_ROLE:
        if below.id in seen:
            raise FieldError(
                "These connections assume their roles with each other.", "Choose another one.", "source_id"
            )
        seen.add(below.id)
        below = by_id.get(below.source_id) if below.source_id != info.id else info
    if not _ROLE.fullmatch(info.role_arn):
        raise FieldError(
            "This is not the ARN of a role.", "It looks like arn:aws:iam::123456789012:role/name.", "role_arn"
        )
    if info.mfa_serial and not _MFA.fullmatch(info.mfa_serial):
        raise FieldError(
            "This is not the serial of an MFA device.",
            "It looks like arn:aws:iam::123456789012:mfa/me.",
            "mfa_serial",
        )
    if info.session_name and not _SESSION_NAME.fullmatch(info.session_name):
        raise FieldError(
            "The session name may have 2 to 64 letters, digits and any of _=,.@-",
            "Change it, or leave it empty.",
            "session_name",
        )
    if not MIN_DURATION_S <= info.duration_s <= MAX_DURATION_S:
        raise FieldError("A session lasts 15 minutes to 12 hours.", "Change its duration.", "duration_s")
    if by_id[info.source_id].kind is ConnectionKind.ASSUME_ROLE and info.duration_s > MAX_CHAINED_S:
        raise FieldError(
            "A role on top of another role lasts an hour at most.", "Change its duration.", "duration_s"
        )
    if len(info.session_tags) > 50 or any(not key or len(key) > 128 for key, _value in info.session_tags):
        raise FieldError(
            "A session has 50 tags at most, each with a key.",
            "Write them as key=value, with a comma between two.",
            "session_tags",
        )


def _check_key_id(text: str) -> None:
    if not _KEY_ID.fullmatch(text):
        raise FieldError(
            "The access key id has other characters than letters and digits.",
            "Copy it again.",
            "access_key_id",
        )


def _plain(name: str) -> str:
    return name.strip().casefold()


def _need(text: str, message: str, hint: str, field: str) -> None:
    if not text:
        raise FieldError(message, hint, field)
