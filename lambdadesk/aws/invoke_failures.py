"""What became of an Invoke that has no answer: not sent, refused, or perhaps run."""

import re
from typing import Any, NamedTuple

from lambdadesk.aws.failures import NotAwsError, get_code, get_plain_text, get_status, retell, to_user_error
from lambdadesk.aws.invoke import get_operation
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import InvocationType, InvokeRequest

# The limit behind a 429, by the Reason that Lambda gives.
_LIMITS = {
    "ConcurrentInvocationLimitExceeded": "the account's concurrent executions in this region are used up",
    "ReservedFunctionConcurrentInvocationLimitExceeded": "the function's reserved concurrency is used up",
    "FunctionInvocationRateLimitExceeded": "the account's invocations per second are used up",
    "ReservedFunctionInvocationRateLimitExceeded": "the function's invocations per second are used up",
    "CallerRateLimitExceeded": "too many invocations per second come from this caller",
    "ConcurrentSnapshotCreateLimitExceeded": "too many SnapStart snapshots are made at once",
}


class _Words(NamedTuple):
    """Of one error code. `message` goes on after the function's name, which did not run."""

    message: str
    hint: str
    kind: ErrorKind = ErrorKind.OTHER


_AGAIN = "Wait a minute, then invoke again."
_KEY = "Look at the KMS key of the function's environment, and give its role kms:Decrypt."
_FILES = "Check that the mount target is in the function's subnets and its security group lets NFS through."
_RUNTIME = "Choose another runtime version on the function's configuration."

# By the codes of the API reference of Invoke: what Lambda says before the handler has begun.
_REFUSALS = {
    "CodeArtifactUserDeletedException": _Words(
        "its code artifact was deleted", "Deploy it again.", ErrorKind.NOT_FOUND
    ),
    "CodeArtifactUserFailedException": _Words("its code could not be prepared", "Deploy it again."),
    "CodeArtifactUserPendingException": _Words("its code is still being prepared", _AGAIN),
    "DurableExecutionAlreadyStartedException": _Words(
        "a durable execution of this name has begun with another payload",
        "Choose another name, or send the same payload to find that execution.",
        ErrorKind.INVALID,
    ),
    "EC2AccessDeniedException": _Words(
        "its role may not make network interfaces",
        "Give the role the policy AWSLambdaVPCAccessExecutionRole.",
    ),
    "EC2ThrottledException": _Words("EC2 throttled the making of its network", _AGAIN),
    "EC2UnexpectedException": _Words("EC2 failed to make its network", _AGAIN),
    "EFSMountConnectivityException": _Words("it can't reach its EFS file system", _FILES),
    "EFSMountFailureException": _Words(
        "its EFS file system could not be mounted",
        "Check the access point, and that the role may elasticfilesystem:ClientMount.",
    ),
    "EFSMountTimeoutException": _Words("its EFS file system was not mounted in time", _FILES),
    "ENILimitReachedException": _Words(
        "the VPC has no network interface left for it", "Ask for a higher quota, or free some."
    ),
    "ENINotReadyException": _Words("its network interface is not ready yet", _AGAIN),
    "InvalidRequestContentException": _Words(
        "Lambda can't read the payload as JSON", "Correct it, then invoke again.", ErrorKind.INVALID
    ),
    "InvalidRuntimeException": _Words("its runtime is not supported any more", "Choose a newer one."),
    "InvalidSecurityGroupIDException": _Words(
        "a security group of its VPC settings does not exist", "Correct the function's VPC settings."
    ),
    "InvalidSubnetIDException": _Words(
        "a subnet of its VPC settings does not exist", "Correct the function's VPC settings."
    ),
    "InvalidZipFileException": _Words(
        "its package can't be unpacked", "Deploy it again; check a code signing by its profile and expiry."
    ),
    "KMSAccessDeniedException": _Words("it may not use the KMS key of its environment", _KEY),
    "KMSDisabledException": _Words("the KMS key of its environment is disabled", "Enable the key."),
    "KMSInvalidStateException": _Words("the KMS key of its environment can't be used now", _KEY),
    "KMSNotFoundException": _Words("the KMS key of its environment does not exist", _KEY),
    "ModeNotSupportedException": _Words(
        "it can't be invoked in this way", "Choose another type of invocation.", ErrorKind.INVALID
    ),
    "NoPublishedVersionException": _Words(
        "it has no published version", "Publish one, or choose $LATEST.", ErrorKind.NOT_FOUND
    ),
    "RecursiveInvocationException": _Words(
        "Lambda stopped what looks like a loop",
        "Look at what the function writes to; if the loop is wanted, allow it in its recursion setting.",
    ),
    "RuntimeAliasDeletedException": _Words("its runtime version was taken away", _RUNTIME),
    "RuntimeVersionDeletedException": _Words("its runtime version was taken away", _RUNTIME),
    "S3FilesMountConnectivityException": _Words("it can't reach its S3 file system", _FILES),
    "S3FilesMountFailureException": _Words(
        "its S3 file system could not be mounted", "Check its access point, and what the role may do."
    ),
    "S3FilesMountTimeoutException": _Words("its S3 file system was not mounted in time", _FILES),
    "ServiceQuotaExceededException": _Words(
        "a quota of the account is used up", "The details name it; ask for more in Service Quotas."
    ),
    "SnapStartException": _Words(
        "its after-restore hook failed", "Look at its log for the error of the hook."
    ),
    "SnapStartNotReadyException": _Words("its SnapStart snapshot is still being made", _AGAIN),
    "SnapStartRegenerationFailureException": _Words(
        "its SnapStart snapshot could not be made anew",
        "Invoke again in a few minutes; if that fails, publish a new version.",
    ),
    "SnapStartTimeoutException": _Words(
        "its SnapStart snapshot was not restored in time", "Make what runs after the restore quicker."
    ),
    "SubnetIPAddressLimitReachedException": _Words(
        "its subnets have no IP address left", "Free some, or give the function larger subnets."
    ),
    "UnsupportedMediaTypeException": _Words(
        "Lambda takes JSON alone", "Something on the way changes the content type; check the proxy."
    ),
}

# What the service's text says the function's state is -> (message, hint).
_STATES = {
    "pending": _Words("it is still being made", "Wait until its state is Active, then invoke again."),
    "inactive": _Words("it was idle for long and is being made ready", _AGAIN),
    "failed": _Words("its last deployment failed", "Its Configuration page says why; deploy it again."),
    "inprogress": _Words("it is being updated", _AGAIN),
}
_STATE = re.compile(r"\b(pending|inactive|failed|in ?progress)\b", re.IGNORECASE)


def to_invoke_error(error: BaseException, request: InvokeRequest) -> UserError:
    """What to tell about a failed Invoke. OUTCOME_UNKNOWN wherever the function may have run."""
    import botocore.exceptions as boto

    operation = get_operation(request)
    found = to_user_error(error, "lambda", operation)
    if isinstance(error, NotAwsError) and not error.is_page:
        return outcome_unknown(found.message, found.details)  # an emulator, perhaps, that gives no ids
    if isinstance(error, UserError | NotAwsError):
        return found
    if isinstance(error, boto.ClientError) and error.operation_name == operation:
        return _from_reply(error, found, request)
    if not isinstance(error, boto.ClientError) and _was_sent(error, boto):
        return outcome_unknown(_get_cause(error, boto), found.details)
    return retell(found, f"{found.message.removesuffix('.')}, so the function was not invoked.", found.hint)


def outcome_unknown(cause: str, details: str = "") -> UserError:
    return UserError(
        cause,
        "The function may have run; look at its logs before you invoke again.",
        kind=ErrorKind.OUTCOME_UNKNOWN,
        details=details,
    )


def _from_reply(error: Any, found: UserError, request: InvokeRequest) -> UserError:
    code, status = get_code(error), get_status(error)
    name = get_plain_text(request.function.name)
    text = str(error.response.get("Error", {}).get("Message") or "")
    if found.kind is ErrorKind.THROTTLED:
        return _throttled(error, found, name)
    if words := _get_words(code, text, request):
        return retell(found, f"Lambda did not run {name}: {words.message}.", words.hint, words.kind)
    if found.kind is ErrorKind.NOT_FOUND:
        return retell(
            found,
            f"The function {name} ({get_plain_text(request.qualifier)}) does not exist.",
            "It may have been deleted, or be in another region; refresh the list.",
        )
    if status == 413:
        return _too_large(found, request)
    if code == "EFSIOException":  # while it ran
        return outcome_unknown("Its EFS file system failed while the function ran.", found.details)
    if status >= 500 and status != 511:  # 511: a network wants a login
        return outcome_unknown(f"Lambda could not answer (HTTP {status}).", found.details)
    if found.kind in (ErrorKind.OTHER, ErrorKind.INVALID):
        return retell(found, f"Lambda could not invoke {name}.", found.hint)
    return found


def _throttled(error: Any, found: UserError, name: str) -> UserError:
    limit = _LIMITS.get(str(error.response.get("Reason", "")), "too many invocations at once")
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    wait_s = str(headers.get("retry-after", ""))
    hint = (
        f"Wait {wait_s} s, then invoke again."
        if wait_s.isdecimal() and int(wait_s) > 1
        else ("Wait a moment, then invoke again.")
    )
    return retell(found, f"Lambda did not run {name}: {limit}.", hint)


def _too_large(found: UserError, request: InvokeRequest) -> UserError:
    is_async = request.kind is InvocationType.EVENT
    how, limit = ("an asynchronous", "1 MB") if is_async else ("a synchronous", "6 MB")
    hint = f"The limit of {how} invocation is {limit}; put the rest into S3 and send where it is."
    return retell(found, "The payload is larger than Lambda accepts.", hint, ErrorKind.INVALID)


def _get_words(code: str, text: str, request: InvokeRequest) -> _Words | None:
    if code in ("ResourceConflictException", "ResourceNotReadyException"):
        state = _STATE.search(text)
        if state is not None:
            return _STATES[state[1].lower().replace(" ", "")]
        return _Words("it is not ready, or is being changed", _AGAIN)
    if code == "InvalidParameterValueException" and "tenant" in text.lower():
        if request.tenant_id:
            return _Words("it takes no such tenant id", "Clear the tenant id.", ErrorKind.INVALID)
        return _Words(
            "it keeps its tenants apart, and no tenant id was given",
            "Give one under Options.",
            ErrorKind.INVALID,
        )
    return _REFUSALS.get(code)


def _was_sent(error: BaseException, boto: Any) -> bool:
    """Whether the request may have reached Lambda. Only failures before the first byte are certain."""
    if isinstance(error, boto.SSLError):
        return "CERTIFICATE_VERIFY_FAILED" not in str(error) and "WRONG_VERSION_NUMBER" not in str(error)
    # HTTPClientError is a broken exchange; its sibling ConnectionError and all others come before it.
    return not isinstance(error, boto.BotoCoreError) or isinstance(
        error, boto.HTTPClientError | boto.IncompleteReadError
    )


def _get_cause(error: BaseException, boto: Any) -> str:
    if isinstance(error, boto.ReadTimeoutError):
        return "No answer came in time."
    if isinstance(error, boto.HTTPClientError | boto.IncompleteReadError | boto.SSLError):
        return "The connection broke before the answer was complete."
    return "The answer can't be understood."
