"""Every way in which asking AWS can fail, as one sentence for people.

The service's own text goes to the details only, shortened and free of tokens: it is untrusted (a proxy's page
comes the same way) and quotes signed requests.
"""

import re
import time
from collections.abc import Mapping
from typing import Any

from lambdadesk.aws.actions import get_action
from lambdadesk.core.errors import ErrorKind, UserError

_TEXT_LIMIT = 300

_EXPIRED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "TokenRefreshRequired",
    "InvalidGrantException",
}
_UNKNOWN_KEY = {
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
}
_SIGNATURE = {
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "RequestTimeTooSkewed",
    "AuthFailure",
}
_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "ForbiddenException",
    "NotAuthorized",
    "UnauthorizedException",
}
_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "BandwidthLimitExceeded",
    "SlowDown",
}
_NOT_FOUND = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "DBClusterNotFoundFault",
    "LoadBalancerNotFound",
    "NoSuchBucket",
    "NoSuchConfigRuleException",
    "NoSuchEntity",
    "NotFound",
    "NotFoundException",
    "QueueDoesNotExist",
    "RepositoryDoesNotExistException",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "StateMachineDoesNotExist",
    "TargetGroupNotFound",
}


_CLOCK_TOLERANCE_S = 240  # AWS accepts five minutes

_SECRETS = (
    re.compile(r"(x-amz-security-token\W{1,3})\S+", re.IGNORECASE),
    re.compile(r"(Signature=)\S+"),
    re.compile(r"(Credential=)\S+"),
    re.compile(r"()\b(?:AKIA|ASIA)[A-Z0-9]{12,}"),
    re.compile(r"()[A-Za-z0-9+/=]{100,}"),
)


class NotAwsError(Exception):
    """A 2xx answer that AWS did not send."""

    def __init__(self, status: int, content_type: str) -> None:
        super().__init__(f"HTTP {status}, content type {content_type or 'not given'}, no AWS request id")
        self.is_page = content_type.startswith("text/html")  # as a login page is


def to_user_error(error: BaseException, service: str, operation: str) -> UserError:
    """What to tell about any exception of a call to `service`:`operation`; a UserError stays as it is."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, NotAwsError):
        return _not_aws(service, operation, str(error))
    import botocore.exceptions as boto

    if isinstance(error, boto.ClientError):
        # Its own operation: on the way to credentials that may have been AssumeRole.
        return _from_reply(error.response, service, error.operation_name or operation)
    found = _from_credentials(error, boto) or _from_connection(error, boto)
    if found is None and isinstance(error, boto.BotoCoreError):
        found = UserError(f"{operation} could not be sent.", "The details name the reason.")
    if found is None:
        # Anything else comes from inside botocore, while it took an answer of the wrong shape apart.
        found = _unreadable(operation)
    found.details = f"{service}:{operation}\n{type(error).__name__}: {get_plain_text(_describe(error, boto))}"
    return found


def get_plain_text(text: object) -> str:
    """Text from outside in one short printable line, with tokens and signatures cut out."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)[:8000]).split())
    for secret in _SECRETS:
        line = secret.sub(r"\1…", line)
    return line if len(line) <= _TEXT_LIMIT else line[: _TEXT_LIMIT - 1] + "…"


def get_code(error: BaseException) -> str:
    """The service's error code ("ResourceNotFoundException"), else ""."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, Mapping) else ""


def is_about_signature(error: BaseException) -> bool:
    """Whether the service refused how a request was signed: by a wrong clock, say, with good credentials."""
    return get_code(error) in _SIGNATURE


def get_status(error: BaseException) -> int:
    """The HTTP status of the service's answer, 0 where there was none."""
    response = getattr(error, "response", None)
    if not isinstance(response, Mapping):
        return 0
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def retell(error: UserError, message: str, hint: str, kind: ErrorKind | None = None) -> UserError:
    """The same failure in better words."""
    return UserError(message, hint, kind=kind or error.kind, details=error.details, action=error.action)


def missing(service: str, operation: str, key: str) -> UserError:
    """An answer without the list it exists for: never the same as an empty list."""
    error = _unreadable(operation)
    error.details = f"{service}:{operation}\nthe answer has no {key}"
    return error


def _from_reply(response: Mapping[str, Any], service: str, operation: str) -> UserError:
    metadata = response.get("ResponseMetadata", {})
    headers = metadata.get("HTTPHeaders", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    code = str(response.get("Error", {}).get("Code", "")).rpartition("#")[2]
    raw = str(response.get("Error", {}).get("Message") or "")
    text = get_plain_text(raw)
    request_id = get_plain_text(metadata.get("RequestId", "")) or "none"
    details = f"{service}:{operation}\nHTTP {status} {get_plain_text(code)}, request id {request_id}\n{text}"
    if 300 <= status < 400 or "text/html" in headers.get("content-type", "") or raw.lstrip().startswith("<"):
        return UserError(
            f"A proxy or a login page answered instead of AWS (HTTP {status}).",
            "Open a web page to log in to this network, or check the proxy and the endpoint.",
            kind=ErrorKind.NOT_AWS,
            details=details,
        )
    action = ""
    if code in _DENIED and "MultiFactorAuthentication failed" in raw:
        kind, message = ErrorKind.EXPIRED, "The MFA code was not accepted."
        hint = "Sign in again with the next code that the device shows."
    elif code in _DENIED:
        action = _get_denied_action(raw, service, operation)
        kind, message = ErrorKind.DENIED, f"These credentials are not allowed to call {action}."
        hint = f"Ask for a policy that allows {action}, then retry."
    elif code in _SIGNATURE or code == "RequestExpired":
        kind = ErrorKind.EXPIRED
        message, hint = _explain_signature(headers.get("date", ""), code)
    elif code in _EXPIRED:
        kind, message = ErrorKind.EXPIRED, "The credentials have expired."
        hint = "Log in again (`aws sso login` or `aws login`), then retry."
    elif code in _UNKNOWN_KEY:
        kind, message = ErrorKind.EXPIRED, "AWS does not know these credentials."
        hint = "Log in again, check the access key, and check that the region is enabled for the account."
    elif code in _THROTTLED or status == 429:
        kind, message = ErrorKind.THROTTLED, f"AWS asks for fewer {operation} requests."
        hint = "Wait a moment, then retry."
    elif code in _NOT_FOUND or status == 404:
        kind, message = ErrorKind.NOT_FOUND, f"What {operation} asked for does not exist."
        hint = "It may have been deleted, or be in another region or account."
    elif status >= 500:
        kind, message = ErrorKind.OTHER, f"The service could not answer {operation} (HTTP {status})."
        hint = "Retry in a moment; what is shown may be out of date."
    else:
        kind = ErrorKind.INVALID if code.startswith(("Invalid", "Validation")) else ErrorKind.OTHER
        message, hint = f"The service refused {operation}.", f"It says: {text or code or status}"
    return UserError(message, hint, kind=kind, details=details, action=action)


def _get_denied_action(text: str, service: str, operation: str) -> str:
    named = re.search(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z0-9]+)", text)
    if named:
        return named[1]
    return get_action(service, operation)


def _explain_signature(date: str, code: str) -> tuple[str, str]:
    ahead_s = _get_clock_lead_s(date)
    if abs(ahead_s) > _CLOCK_TOLERANCE_S:
        side = "ahead of" if ahead_s > 0 else "behind"
        minutes = round(abs(ahead_s) / 60)
        return f"The clock of this computer is {minutes} min {side} AWS.", "Set the clock, then retry."
    if code == "RequestExpired":
        return "The credentials or the request have expired.", "Log in again and check this computer's clock."
    return (
        "AWS does not accept the signature of these credentials.",
        "Check the secret access key and the clock of this computer.",
    )


def _get_clock_lead_s(date: str) -> float:
    from email.utils import parsedate_to_datetime  # 4 ms that the first frame does not need

    try:
        server = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return 0.0
    return time.time() - server.timestamp() if server.tzinfo is not None else 0.0


def _from_credentials(error: BaseException, boto: Any) -> UserError | None:
    expired = ErrorKind.EXPIRED
    if isinstance(error, boto.NoCredentialsError | boto.NoAuthTokenError):
        return UserError(
            "No AWS credentials were found.", "Choose a profile, or log in with the AWS CLI.", kind=expired
        )
    if isinstance(error, boto.ProfileNotFound):
        name = get_plain_text(error.kwargs.get("profile", ""))
        return UserError(
            f"The profile {name} is not in the AWS configuration.", "Choose another profile.", kind=expired
        )
    if isinstance(error, boto.PartialCredentialsError):
        return UserError(
            "The AWS credentials are incomplete.",
            "Complete the profile, or choose another one.",
            kind=expired,
        )
    if isinstance(error, boto.SSOError | boto.LoginError | boto.TokenRetrievalError):
        return UserError(
            "The sign-in has expired.",
            "Log in again (`aws sso login` or `aws login`), then retry.",
            kind=expired,
        )
    if isinstance(error, boto.RefreshWithMFAUnsupportedError):
        return UserError(
            "The session of this profile has expired, and a new one needs an MFA code.",
            "Sign in again.",
            kind=expired,
        )
    if isinstance(error, boto.CredentialRetrievalError | boto.MetadataRetrievalError):
        return UserError(
            "The credentials of this profile could not be fetched.",
            "Try the profile with `aws sts get-caller-identity`.",
            kind=expired,
        )
    if isinstance(error, boto.MissingDependencyException):
        return UserError(
            "This kind of sign-in needs the package awscrt.",
            "Install botocore[crt], then retry.",
            kind=expired,
        )
    if isinstance(error, boto.ConfigParseError | boto.ConfigNotFound | boto.InvalidConfigError):
        path = str(getattr(error, "kwargs", {}).get("path", ""))
        return UserError(
            "The AWS configuration files can't be used.",
            f"Mend {path}; it is read again then." if path else "Mend them; they are read again then.",
            kind=ErrorKind.INVALID,
        )
    return None


def _from_connection(error: BaseException, boto: Any) -> UserError | None:
    if isinstance(error, boto.EndpointConnectionError):
        return UserError(
            "The endpoint can't be reached.",
            "Check the network, the endpoint and the region, then retry.",
            kind=ErrorKind.OFFLINE,
        )
    if isinstance(error, boto.ProxyConnectionError):
        return UserError(
            "The proxy can't be reached.", "Check HTTPS_PROXY, then retry.", kind=ErrorKind.OFFLINE
        )
    if isinstance(error, boto.SSLError):
        return UserError(
            "The endpoint's TLS certificate can't be trusted.",
            "A proxy may be in between: give its certificate in AWS_CA_BUNDLE.",
            kind=ErrorKind.OFFLINE,
        )
    if isinstance(error, boto.ConnectTimeoutError | boto.ReadTimeoutError):
        return UserError(
            "The endpoint did not answer in time.", "Check the network, then retry.", kind=ErrorKind.TIMEOUT
        )
    if isinstance(error, boto.HTTPClientError | boto.IncompleteReadError):
        return UserError(
            "The connection broke before the answer was complete.", "Retry.", kind=ErrorKind.OFFLINE
        )
    if isinstance(error, boto.ParamValidationError):
        return UserError("The request is not valid.", "The details name the field.", kind=ErrorKind.INVALID)
    return None


def _describe(error: BaseException, boto: Any) -> str:
    # Its text may quote what a credential_process printed.
    if isinstance(error, boto.CredentialRetrievalError):
        return f"provider {error.kwargs.get('provider', '')}"
    return str(error)


def _not_aws(service: str, operation: str, text: str) -> UserError:
    return UserError(
        "The endpoint answered, but not as AWS does.",
        "Check the address, and whether this network wants a login or a proxy.",
        kind=ErrorKind.NOT_AWS,
        details=f"{service}:{operation}\n{get_plain_text(text)}",
    )


def _unreadable(operation: str) -> UserError:
    return UserError(
        f"The answer to {operation} can't be understood.",
        "Check that the endpoint is AWS, or compatible with it.",
        kind=ErrorKind.NOT_AWS,
    )
