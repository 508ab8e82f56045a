"""Invoke: one click, one request, and never a claim about a function that may have run."""

import base64
import binascii
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from lambdadesk.aws.failures import NotAwsError, get_code, get_plain_text, get_status, retell, to_user_error
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import InvocationType, InvokeRequest, InvokeResult

# The limit behind a 429, by the Reason that Lambda gives.
_LIMITS = {
    "ConcurrentInvocationLimitExceeded": "the account's concurrent executions in this region are used up",
    "ReservedFunctionConcurrentInvocationLimitExceeded": "the function's reserved concurrency is used up",
    "FunctionInvocationRateLimitExceeded": "the account's invocations per second are used up",
    "ReservedFunctionInvocationRateLimitExceeded": "the function's invocations per second are used up",
    "CallerRateLimitExceeded": "too many invocations per second come from this caller",
    "ConcurrentSnapshotCreateLimitExceeded": "too many SnapStart snapshots are made at once",
}

# 5xx answers that Lambda gives before it has started the function (API reference of Invoke).
_SET_UP_FAILED = {
    "EC2AccessDeniedException",
    "EC2ThrottledException",
    "EC2UnexpectedException",
    "ENILimitReachedException",
    "ENINotReadyException",
    "InvalidRuntimeException",
    "InvalidSecurityGroupIDException",
    "InvalidSubnetIDException",
    "InvalidZipFileException",
    "KMSAccessDeniedException",
    "KMSDisabledException",
    "KMSInvalidStateException",
    "KMSNotFoundException",
    "ResourceNotReadyException",
    "SubnetIPAddressLimitReachedException",
}


def send(client: Any, request: InvokeRequest) -> InvokeResult:
    """Send one Invoke and read its whole answer; blocks for as long as the function runs."""
    params: dict[str, Any] = {
        "FunctionName": request.function.name,
        "Qualifier": request.qualifier,
        "InvocationType": request.kind.value,
        "Payload": request.payload,
    }
    if request.kind is InvocationType.REQUEST_RESPONSE:
        params["LogType"] = "Tail"
    sent_ms = time.time_ns() // 1_000_000
    reply: Mapping[str, Any] = client.invoke(**params)
    with closing(reply["Payload"]) as body:
        payload = body.read()
    received_ms = time.time_ns() // 1_000_000
    metadata = reply["ResponseMetadata"]
    return InvokeResult(
        request_id=metadata.get("RequestId", ""),
        status_code=reply.get("StatusCode", metadata["HTTPStatusCode"]),
        payload=payload,
        function_error=reply.get("FunctionError", ""),
        log_tail=_decode_log(reply.get("LogResult", "")),
        executed_version=reply.get("ExecutedVersion", ""),
        sent_ms=sent_ms,
        received_ms=received_ms,
    )


def to_invoke_error(error: BaseException, request: InvokeRequest) -> UserError:
    """What to tell about a failed Invoke: not sent, refused, or perhaps run."""
    import botocore.exceptions as boto

    found = to_user_error(error, "lambda", "Invoke")
    if isinstance(error, NotAwsError) and not error.is_page:
        return outcome_unknown(found.message, found.details)  # an emulator, perhaps, that gives no ids
    if isinstance(error, UserError | NotAwsError):
        return found
    if isinstance(error, boto.ClientError) and error.operation_name == "Invoke":
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
    if found.kind is ErrorKind.THROTTLED:
        limit = _LIMITS.get(str(error.response.get("Reason", "")), "too many invocations at once")
        return retell(found, f"Lambda did not run {name}: {limit}.", "Wait a moment, then invoke again.")
    if found.kind is ErrorKind.NOT_FOUND:
        return retell(
            found,
            f"The function {name} ({get_plain_text(request.qualifier)}) does not exist.",
            "It may have been deleted, or be in another region; refresh the list.",
        )
    if status == 413:
        return retell(
            found,
            "The payload is larger than Lambda accepts.",
            "The limit is 6 MB for a synchronous and 1 MB for an asynchronous invocation.",
            ErrorKind.INVALID,
        )
    if code == "InvalidRequestContentException":
        return retell(found, "Lambda can't read the payload as JSON.", "Correct it, then invoke again.")
    if status >= 500 and status != 511 and code not in _SET_UP_FAILED:  # 511: a network wants a login
        return outcome_unknown(f"Lambda could not answer (HTTP {status}).", found.details)
    if found.kind in (ErrorKind.OTHER, ErrorKind.INVALID):
        return retell(found, f"Lambda could not invoke {name}.", found.hint)
    return found


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


def _decode_log(log_result: str) -> str:
    try:
        return base64.b64decode(log_result).decode(errors="replace")
    except (binascii.Error, ValueError):
        return ""  # the tail is a convenience: a spoilt one must not hide the function's result
