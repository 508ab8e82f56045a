"""The options of an invoke beside its payload, checked before anything is sent (API reference of Invoke)."""

import base64
import re
from typing import Final

import orjson

from lambdadesk.core.types import InvocationType, InvokeRequest

CLIENT_CONTEXT_LIMIT: Final = 3_583  # bytes, in base64
_TENANT: Final = re.compile(r"[a-zA-Z0-9._:/=+\-@ ]{1,256}")
_DURABLE: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def encode_client_context(text: str) -> str:
    """The client context as its header carries it: base64 of exactly the text."""
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def check_options(request: InvokeRequest) -> tuple[str, str] | None:
    """Why the request's options can't be sent, and what to do; None if they can."""
    is_sync = request.kind is InvocationType.REQUEST_RESPONSE
    if request.client_context:
        if problem := check_client_context(request.client_context):
            return problem
        if not is_sync:
            return "Only a synchronous run gets a client context.", "Clear it, or choose Request / response."
    if request.tenant_id and not _TENANT.fullmatch(request.tenant_id):
        return "This is not a tenant id.", "It has 1 to 256 letters, digits, spaces or . _ : / = + - @."
    if request.durable_name and not _DURABLE.fullmatch(request.durable_name):
        return "This is not a durable execution's name.", "It has 1 to 64 letters, digits, - or _."
    if request.is_streaming and not is_sync:
        return "Only a synchronous run has a response to stream.", "Choose one of the two."
    if request.is_streaming and request.durable_name:
        return "A durable execution's response can't be streamed.", "Clear its name, or don't stream."
    return None


def check_client_context(text: str) -> tuple[str, str] | None:
    """The problem of a client context that is not empty, and what to do; None if it has none."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return "The client context is not valid JSON.", "Correct or clear it."
    if not isinstance(found, dict):
        return "The client context is not a JSON object.", 'It looks like {"custom": {"key": "value"}}.'
    size_bytes = len(encode_client_context(text))
    if size_bytes > CLIENT_CONTEXT_LIMIT:
        limit = f"{CLIENT_CONTEXT_LIMIT:,}"
        return f"The client context has {size_bytes:,} bytes in base64.", f"Lambda takes {limit} at most."
    return None
