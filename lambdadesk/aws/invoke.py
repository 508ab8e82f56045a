"""Invoke: one click, one request, and never a claim about a function that may have run."""

import base64
import binascii
import logging
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from lambdadesk.aws.reception import Reception
from lambdadesk.core.details import format_bytes
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.invoke_options import check_options, encode_client_context
from lambdadesk.core.types import InvocationType, InvokeRequest, InvokeResult

_log = logging.getLogger(__name__)


def get_operation(request: InvokeRequest) -> str:
    """The API operation that a request is sent by."""
    return "InvokeWithResponseStream" if request.is_streaming else "Invoke"


def check_request(request: InvokeRequest) -> None:
    """Raise UserError (INVALID) for options that Lambda would refuse, before anything is sent."""
    if problem := check_options(request):
        raise UserError(*problem, kind=ErrorKind.INVALID)


def send(client: Any, request: InvokeRequest) -> InvokeResult:
    """Send one Invoke and read its whole answer; blocks for as long as the function runs."""
    sent_ms = _now_ms()
    reply: Mapping[str, Any] = client.invoke(**_to_params(request))
    with closing(reply["Payload"]) as body:
        payload = body.read()
    metadata = reply["ResponseMetadata"]
    return InvokeResult(
        request_id=metadata.get("RequestId", ""),
        status_code=reply.get("StatusCode", metadata["HTTPStatusCode"]),
        payload=payload,
        function_error=reply.get("FunctionError", ""),
        log_tail=_decode_log(reply.get("LogResult", "")),
        executed_version=reply.get("ExecutedVersion", ""),
        sent_ms=sent_ms,
        received_ms=_now_ms(),
        content_type=metadata.get("HTTPHeaders", {}).get("content-type", ""),
        durable_arn=reply.get("DurableExecutionArn", ""),
        response_bytes=len(payload),
    )


def send_streaming(client: Any, request: InvokeRequest, reception: Reception) -> InvokeResult:
    """Send one InvokeWithResponseStream and read its chunks; blocks until the stream ends.

    A stream that breaks is a result too (`is_partial`), with what came of it. UserError and errors of
    botocore are raised only where no answer began.
    """
    sent_ms = _now_ms()
    reply: Mapping[str, Any] = client.invoke_with_response_stream(**_to_params(request))
    metadata = reply["ResponseMetadata"]
    reception.request_id = metadata.get("RequestId", "")
    content_type = reply.get("ResponseStreamContentType", "")
    reception.content_type = "" if "eventstream" in content_type else content_type  # that is its wrapping
    reception.executed_version = reply.get("ExecutedVersion", "")
    reception.status_code = reply.get("StatusCode", metadata["HTTPStatusCode"])
    complete: Mapping[str, Any] | None = None
    try:
        with closing(reply["EventStream"]) as stream:
            for event in stream:
                if reception.is_stopped:
                    break
                if "PayloadChunk" in event:
                    reception.take(event["PayloadChunk"].get("Payload") or b"")
                elif "InvokeComplete" in event:
                    complete = event["InvokeComplete"]
                    break  # nothing may follow, and a connection that stays open is not waited for
    except Exception as error:  # noqa: BLE001  urllib3's, botocore's: how it broke makes no difference
        _log.debug("a response stream broke: %s", type(error).__name__)
    return to_streamed_result(reception, sent_ms, complete)


def to_streamed_result(
    reception: Reception, sent_ms: int, complete: Mapping[str, Any] | None, ended: str = "broke"
) -> InvokeResult:
    """What came of a stream. complete: its last event; None where it `ended` ("broke") before that came."""
    size = format_bytes(reception.total_bytes)
    problem = f"The stream {ended} after {size}." if complete is None else ""
    end = complete or {}
    return InvokeResult(
        request_id=reception.request_id,
        status_code=reception.status_code,
        payload=reception.kept,
        function_error=str(end.get("ErrorCode") or ""),
        log_tail=_decode_log(str(end.get("LogResult") or "")),
        executed_version=reception.executed_version,
        sent_ms=sent_ms,
        received_ms=_now_ms(),
        content_type=reception.content_type,
        error_details=str(end.get("ErrorDetails") or ""),
        is_partial=complete is None,
        problem=problem,
        response_bytes=reception.total_bytes,
    )


def _to_params(request: InvokeRequest) -> dict[str, Any]:
    is_sync = request.kind is InvocationType.REQUEST_RESPONSE
    params: dict[str, Any] = {
        "FunctionName": request.function.name,
        "Qualifier": request.qualifier,
        "InvocationType": request.kind.value,
        "Payload": request.payload,
    }
    # Managed Instances refuse the log tail.
    if is_sync and request.log_tail and not request.function.capacity_provider:
        params["LogType"] = "Tail"
    if request.client_context:
        params["ClientContext"] = encode_client_context(request.client_context)
    if request.tenant_id:
        params["TenantId"] = request.tenant_id
    if request.durable_name:
        params["DurableExecutionName"] = request.durable_name
    return params


def _decode_log(log_result: str) -> str:
    try:
        return base64.b64decode(log_result).decode(errors="replace")
    except (binascii.Error, ValueError):
        return ""  # the tail is a convenience: a spoilt one must not hide the function's result


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
