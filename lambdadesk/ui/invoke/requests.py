"""The request that a click on Invoke sends, made of what is typed and chosen."""

import os
import uuid
from datetime import UTC, datetime

from lambdadesk.aws.endpoints import is_aws
from lambdadesk.aws.function_urls import fetch_function_url
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event_variables import expand
from lambdadesk.core.invoke_commands import boto3_code, cli_command, curl_command
from lambdadesk.core.invoke_options import check_options
from lambdadesk.core.payload import check_size, payload_bytes
from lambdadesk.core.types import FunctionInfo, InvokeRequest
from lambdadesk.desk.connection import Connection
from lambdadesk.store.history_entry import HistoryEntry
from lambdadesk.ui.widgets.json_edit import JsonEdit
from lambdadesk.ui.widgets.run_bar import RunBar


def make_request(
    bar: RunBar, payload: JsonEdit, function: FunctionInfo, origin: str, *, is_quiet: bool = False
) -> InvokeRequest:
    """Raises UserError (INVALID) for what Lambda would refuse, and goes to where that is to be mended.

    is_quiet: for an estimate: go nowhere, and believe the last check of the payload.
    """
    data, origin = _make_payload(bar, payload, origin, is_quiet)
    return _check(bar, bar.to_request(function, data, origin), is_quiet)


def make_bare_request(bar: RunBar, function: FunctionInfo, *, is_quiet: bool = False) -> InvokeRequest:
    """The same without the payload: each run has one of its own."""
    return _check(bar, bar.to_request(function, b"", ""), is_quiet)


def _check(bar: RunBar, request: InvokeRequest, is_quiet: bool) -> InvokeRequest:
    if wrong := check_options(request):
        if not is_quiet:
            bar.options_button.setChecked(True)
        raise UserError(*wrong, kind=ErrorKind.INVALID)
    return request


def _make_payload(bar: RunBar, payload: JsonEdit, origin: str, is_quiet: bool) -> tuple[bytes, str]:
    kind = bar.kind
    typed = payload.toPlainText()
    # Counted before anything is looked at, since that takes seconds for what is far too large.
    if too_large := check_size(len(typed.encode("utf-8", "surrogatepass")), kind):
        raise UserError(too_large.message, kind=ErrorKind.INVALID)
    problem = payload.problem if is_quiet else payload.check_now()
    if problem is not None and problem.is_error:
        if not is_quiet:
            payload.go_to_problem()
        if typed.lstrip().startswith("@"):  # as no JSON does
            raise UserError("the payload names a file. Open it to send its text.", kind=ErrorKind.INVALID)
        raise UserError(f"the payload is not valid JSON. {problem}", kind=ErrorKind.INVALID)
    text = fill_in(typed)
    if text != typed:
        origin = f"{origin}, variables filled in" if origin else "variables filled in"
    data = payload_bytes(text)
    if too_large := check_size(len(data), kind):
        raise UserError(too_large.message, kind=ErrorKind.INVALID)
    return data, origin


def fill_in(text: str) -> str:
    """The text with its variables filled in, as of now; see core.event_variables."""
    return expand(text, os.environ, datetime.now(UTC), lambda: str(uuid.uuid4()))


def fill_payload(payload: bytes) -> bytes:
    """The same for a payload that is JSON in UTF-8."""
    return fill_in(payload.decode()).encode()


def to_request(entry: HistoryEntry, function: FunctionInfo) -> InvokeRequest:
    """What was sent once, to be sent again or shown as a command; the entry is whole."""
    return InvokeRequest(
        function,
        entry.payload,
        entry.kind,
        entry.qualifier,
        client_context=entry.client_context,
        tenant_id=entry.tenant_id,
        durable_name=entry.durable_name,
        is_streaming=entry.is_streamed,
        origin=entry.origin,
    )


def get_commands(connection: Connection, request: InvokeRequest) -> dict[str, str]:
    """A run as the AWS CLI and boto3 would make it, by their names."""
    target = connection.target
    asks_aws = is_aws(target)
    return {
        "AWS CLI command": cli_command(target, request, is_aws=asks_aws),
        "Python (boto3)": boto3_code(target, request, is_aws=asks_aws),
    }


async def fetch_curl(connection: Connection, request: InvokeRequest) -> str:
    """The same for `curl`; asks AWS for the function's URL. Raises UserError."""
    url, needs_iam = await fetch_function_url(connection.gateway, request.function.name, request.qualifier)
    return curl_command(url, connection.target.region, request, needs_iam=needs_iam)
