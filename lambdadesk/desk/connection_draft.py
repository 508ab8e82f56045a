"""Draft, a connection while it is being edited."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from lambdadesk.core.connections import (
    AccessKey,
    ConnectionInfo,
    ConnectionKind,
    looks_like_production,
    mask_key_id,
)
from lambdadesk.core.secret import Secret
from lambdadesk.desk.connection_rules import FieldError
from lambdadesk.store.connections import new_connection_id

_OF_ALL = ("id", "name", "kind", "colour", "regions", "guard")
_OF_KIND = {
    ConnectionKind.ACCESS_KEY: ("access_key_id", "ca_bundle"),
    ConnectionKind.PROFILE: ("profile", "endpoint_url", "accepts_plain_http"),
    ConnectionKind.SSO: (
        "sso_start_url",
        "sso_region",
        "sso_session",
        "sso_account_id",
        "sso_role_name",
    ),
    ConnectionKind.ASSUME_ROLE: (
        "source_id",
        "role_arn",
        "external_id",
        "mfa_serial",
        "session_name",
        "duration_s",
        "session_tags",
    ),
    ConnectionKind.ENDPOINT: ("endpoint_url", "access_key_id", "accepts_plain_http", "ca_bundle"),
}
KINDS_WITH_KEY = (ConnectionKind.ACCESS_KEY, ConnectionKind.ENDPOINT)


@dataclass(frozen=True, slots=True)
class Draft:
    """What was entered for a connection and is not saved.

    info: fields of other kinds than its own stay until it is saved, so that changing the kind loses nothing.
    secret, token: as typed. imported: a key that was read from elsewhere, whose id `info` holds masked.
    origin: the shared file and profile that the imported key still lies in.
    """

    info: ConnectionInfo
    secret: Secret = field(default_factory=lambda: Secret(""))
    token: Secret = field(default_factory=lambda: Secret(""))
    imported: AccessKey | None = None
    origin: tuple[Path, str] | None = None

    def is_changed(self, stored: ConnectionInfo | None) -> bool:
        """Whether anything would be lost; stored: None for a new connection."""
        before = stored or get_new_info(self.info.id)
        return bool(self.secret or self.token or self.imported) or self.info != before


def get_new_info(connection_id: str = "") -> ConnectionInfo:
    """A connection in which nothing was entered yet."""
    return ConnectionInfo(connection_id or new_connection_id(), "", ConnectionKind.ACCESS_KEY)


def from_key(key: AccessKey, taken: Iterable[str], name: str = "") -> Draft:
    """A new connection for a key that was read from elsewhere, with a name that is not taken."""
    masked = mask_key_id(key.access_key_id)
    info = replace(get_new_info(), name=get_free_name(name or f"Key {masked}", taken), access_key_id=masked)
    return Draft(info, imported=key)


def get_free_name(name: str, taken: Iterable[str]) -> str:
    folded, free, count = {each.casefold() for each in taken}, name, 1
    while free.casefold() in folded:
        count += 1
        free = f"{name} {count}"
    return free


def get_info_to_save(draft: Draft) -> ConnectionInfo:
    """The connection without what other kinds than its own would need."""
    info = draft.info
    return ConnectionInfo(**{name: getattr(info, name) for name in (*_OF_ALL, *_OF_KIND[info.kind])})


def get_key_to_save(draft: Draft, stored: ConnectionInfo | None) -> AccessKey | None:
    """The key that was entered; None: the stored one stays, or there is none. Raises FieldError."""
    info = draft.info
    if info.kind not in KINDS_WITH_KEY:
        return None
    if not info.access_key_id:
        if draft.secret or draft.token:
            raise FieldError(
                "The access key id is missing.", "Enter it together with its secret.", "access_key_id"
            )
        return None
    if draft.secret:
        if "…" in info.access_key_id:
            raise FieldError(
                "The access key id is shown shortened.",
                "Enter the whole id together with its secret.",
                "access_key_id",
            )
        return AccessKey(info.access_key_id, draft.secret, draft.token)
    if draft.imported and info.access_key_id == mask_key_id(draft.imported.access_key_id):
        return draft.imported
    if stored is None or not stored.access_key_id:
        raise FieldError("The secret access key is missing.", "Enter the secret of this id.", "secret")
    if stored.access_key_id != info.access_key_id:
        raise FieldError("The access key id was changed.", "Enter the secret that belongs to it.", "secret")
    if (stored.kind, stored.endpoint_url) != (info.kind, get_info_to_save(draft).endpoint_url):
        raise FieldError(
            "The stored key is for the address that it was saved with.", "Enter its secret again.", "secret"
        )
    if draft.token:
        raise FieldError("A session token needs its own secret.", "Enter the secret, too.", "secret")
    return None


def get_sign_of_production(info: ConnectionInfo, alias: str = "") -> str:
    """The name, account alias, profile, role or tag that says that this is production; else empty."""
    tags = [value for _key, value in info.session_tags]
    texts = (info.name, alias, info.profile, info.role_arn.rpartition("/")[2], info.sso_role_name, *tags)
    return next((text for text in texts if looks_like_production(text)), "")


class Drafts:
    """All that was entered and not saved, by connection; new ones in the order they were begun in."""

    def __init__(self, get_stored: Callable[[str], ConnectionInfo | None]) -> None:
        self._get_stored = get_stored
        self._drafts: dict[str, Draft] = {}

    def get(self, connection_id: str) -> Draft:
        """What was entered for a connection, else the connection as it is stored."""
        info = self._get_stored(connection_id) or get_new_info(connection_id)
        return self._drafts.get(connection_id) or Draft(info)

    def put(self, draft: Draft) -> None:
        """Keep what was entered; of a stored connection only if it is something else than what is stored."""
        stored = self._get_stored(draft.info.id)
        if stored is None or draft.is_changed(stored):
            self._drafts[draft.info.id] = draft
        else:
            self._drafts.pop(draft.info.id, None)

    def discard(self, connection_id: str) -> None:
        self._drafts.pop(connection_id, None)

    def begin(self) -> Draft:
        """The new connection in which nothing was entered yet; there is one at most."""
        for draft in self.get_new():
            if not draft.is_changed(None):
                return draft
        draft = Draft(get_new_info())
        self._drafts[draft.info.id] = draft
        return draft

    def get_new(self) -> list[Draft]:
        return [draft for key, draft in self._drafts.items() if self._get_stored(key) is None]

    def is_changed(self, connection_id: str) -> bool:
        draft = self._drafts.get(connection_id)
        return draft is not None and draft.is_changed(self._get_stored(connection_id))

    def has_changes(self) -> bool:
        return any(self.is_changed(key) for key in self._drafts)

    def get_names(self, but: str = "") -> list[str]:
        """The names that were entered, but for one connection's."""
        return [draft.info.name for key, draft in self._drafts.items() if key != but]

    def wipe(self) -> None:
        """Forget everything, the secrets first of all."""
        self._drafts.clear()
