"""What a guarded connection lets through, decided before anything is sent."""

import re

from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError

# Names that every service uses for reads alone. "Test..." is not among them: API Gateway's TestInvokeMethod
# and Step Functions' TestState run code.
_READ_NAME = re.compile(r"(Get|List|Describe|Head|BatchGet|Lookup|Search)[A-Z0-9].*")

_OTHER_READS = frozenset(
    {
        "dynamodb:Query",
        "dynamodb:Scan",
        "dynamodb:TransactGetItems",
        "events:TestEventPattern",
        "iam:SimulateCustomPolicy",
        "iam:SimulatePrincipalPolicy",
        "logs:FilterLogEvents",
        "logs:StartLiveTail",
        "logs:StartQuery",
        "logs:StopQuery",
        "logs:TestMetricFilter",
        "sts:DecodeAuthorizationMessage",
    }
)

# They are called Get, but hand out or make something.
_NO_READS = frozenset(
    {
        "cognito-identity:GetId",
        "cognito-identity:GetOpenIdTokenForDeveloperIdentity",
        "sts:GetFederationToken",
        "sts:GetSessionToken",
    }
)


def is_read(service: str, operation: str) -> bool:
    """Whether an API operation ("logs", "FilterLogEvents") is known to change and to run nothing."""
    name = f"{service}:{operation}"
    return name in _OTHER_READS or (name not in _NO_READS and _READ_NAME.fullmatch(operation) is not None)


def check_guard(guard: Guard, service: str, operation: str, *, confirmed: bool = False) -> None:
    """Raise UserError (DENIED) where the guard forbids the operation.

    READ_ONLY lets only reads through. PRODUCTION wants each invoke and each write confirmed by the person.
    """
    if guard is Guard.NORMAL or is_read(service, operation):
        return
    details = f"{service}:{operation} was not sent."
    if guard is Guard.READ_ONLY:
        raise UserError(
            "This connection is read-only.",
            "Edit the connection to allow it, or use another one.",
            kind=ErrorKind.DENIED,
            details=details,
        )
    if not confirmed:
        raise UserError(
            "This connection is for production, and nobody confirmed this.",
            "Confirm it by typing the function's name.",
            kind=ErrorKind.DENIED,
            details=details,
        )
