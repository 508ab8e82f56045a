"""Errors that are shown to the person at the window."""

from enum import StrEnum


class ErrorKind(StrEnum):
    """What sort of failure it is, so that a page can show denied, empty and broken apart."""

    DENIED = "denied"
    EXPIRED = "expired"  # credentials: absent, expired or refused
    OFFLINE = "offline"  # no answer from the endpoint at all
    NOT_AWS = "not-aws"  # something answered that is not AWS (captive portal, proxy, wrong port)
    NOT_FOUND = "not-found"
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    INVALID = "invalid"  # what the user gave can't be sent
    OUTCOME_UNKNOWN = "outcome-unknown"  # the function may have run
    STORAGE = "storage"
    LOCAL = "local"  # the Local AWS could not do it
    OTHER = "other"


class UserError(Exception):
    """A failure in one plain sentence, with what to do about it.

    message: one sentence, safe to show as it is (plain text, no secret).
    hint:    what to do, one sentence; may be empty.
    details: for the "details" click: operation, request id, the service's own text; may be empty.
    action:  the IAM action that was denied ("lambda:ListFunctions"), else empty.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        kind: ErrorKind = ErrorKind.OTHER,
        details: str = "",
        action: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.kind = kind
        self.details = details
        self.action = action

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
