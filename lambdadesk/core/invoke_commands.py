"""An invocation as others would make it: with the AWS CLI, boto3, or curl for a function URL."""

import base64
import shlex
from typing import Any

import orjson

from lambdadesk.core.types import InvocationType, InvokeRequest, Target

LATEST = "$LATEST"
INLINE_LIMIT = 64 * 1024  # bytes of payload on a command line; Linux takes 128 KB in one word
PAYLOAD_FILE = "payload.json"
# What an endpoint that is not AWS is signed for with, so that it never sees anybody's own keys.
_PLACEHOLDER_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
_LONGEST_S = 930  # a function may run for 15 minutes
# Headers that curl writes itself, or that would be those of another request.
_NOT_SENT = {
    "host",
    "content-length",
    "x-forwarded-for",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-amzn-trace-id",
}


def cli_command(target: Target, request: InvokeRequest, *, is_aws: bool = True) -> str:
    """`aws lambda invoke ...` as one line for a POSIX shell, its words quoted where they must be.

    It holds no credentials. A payload that a command line can't hold is read from PAYLOAD_FILE.
    is_aws: False for any other endpoint: without a profile it is signed for with placeholders.
    """
    words = ["aws", "lambda", "invoke", "--function-name", request.function.name]
    if request.qualifier and request.qualifier != LATEST:
        words += ["--qualifier", request.qualifier]
    if request.kind is not InvocationType.REQUEST_RESPONSE:
        words += ["--invocation-type", request.kind]
    if request.client_context:
        words += ["--client-context", base64.b64encode(request.client_context.encode()).decode()]
    if request.tenant_id:
        words += ["--tenant-id", request.tenant_id]
    if request.durable_name:
        words += ["--durable-execution-name", request.durable_name]
    if request.payload:
        text = _inline(request.payload)
        words += ["--cli-binary-format", "raw-in-base64-out"]
        words += ["--payload", f"file://{PAYLOAD_FILE}" if text is None else text]
    words += ["--region", target.region]
    if target.profile:
        words += ["--profile", target.profile]
    if target.endpoint_url:
        words += ["--endpoint-url", target.endpoint_url]
    # Without an answer for 60 s, the CLI would send the same event again.
    words += ["--cli-read-timeout", str(_LONGEST_S), "response.json"]
    keys = {} if is_aws or target.profile else _PLACEHOLDER_KEYS
    # After an error of Lambda, too: it would send the event up to three times.
    settings = {**keys, "AWS_MAX_ATTEMPTS": "1"}
    return " ".join([*(f"{name}={value}" for name, value in settings.items()), shlex.join(words)])


def boto3_code(target: Target, request: InvokeRequest, *, is_aws: bool = True) -> str:
    """A Python program that makes this invocation once, whatever happens to its connection."""
    session = {"profile_name": target.profile} if target.profile else {}
    session["region_name"] = target.region
    client: dict[str, Any] = {"endpoint_url": target.endpoint_url} if target.endpoint_url else {}
    if not is_aws and not target.profile:
        client |= {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    params: dict[str, Any] = {"FunctionName": request.function.name}
    if request.qualifier:
        params["Qualifier"] = request.qualifier
    params["InvocationType"] = str(request.kind)
    if request.client_context:
        params["ClientContext"] = base64.b64encode(request.client_context.encode()).decode()
    if request.tenant_id:
        params["TenantId"] = request.tenant_id
    if request.durable_name:
        params["DurableExecutionName"] = request.durable_name
    text = _inline(request.payload)
    payload = f'open("{PAYLOAD_FILE}", "rb").read()' if text is None else f"{text!r}.encode()"
    operation = "invoke_with_response_stream" if request.is_streaming else "invoke"
    lines = [
        "import boto3",
        "from botocore.config import Config",
        "",
        f"session = boto3.Session({_arguments(session)})",
        "client = session.client(",
        '    "lambda",',
        *(f"    {name}={value!r}," for name, value in client.items()),
        f'    config=Config(read_timeout={_LONGEST_S}, retries={{"total_max_attempts": 1}}),',
        ")",
        f"response = client.{operation}(",
        *(f"    {name}={value!r}," for name, value in params.items()),
        f"    Payload={payload},",
        ")",
    ]
    if request.is_streaming:
        lines += [
            'for event in response["EventStream"]:',
            '    if "PayloadChunk" in event:',
            '        print(event["PayloadChunk"]["Payload"].decode(errors="replace"), end="", flush=True)',
            '    elif event.get("InvokeComplete", {}).get("ErrorCode"):',
            '        print("\\nFailed:", event["InvokeComplete"]["ErrorCode"])',
        ]
    else:
        lines += [
            'print(response["StatusCode"], response.get("FunctionError", ""))',
            'print(response["Payload"].read().decode(errors="replace"))',
        ]
    return "\n".join(lines) + "\n"


def curl_command(url: str, region: str, request: InvokeRequest, *, needs_iam: bool) -> str:
    """`curl` for a function URL, as one line for a POSIX shell; credentials are named, never given.

    Where the payload is an event of a function URL or of an HTTP API, the request it tells of is made;
    any other payload becomes the body of a POST, which the function gets within such an event.
    needs_iam: the URL's AuthType is AWS_IAM.
    """
    method, path, headers, body = _to_http(request.payload)
    words = ["curl", "--request", method]
    tail = ""
    if needs_iam:
        words += ["--aws-sigv4", f"aws:amz:{region}:lambda"]
        # For the shell to fill in, hence not quoted as the others are.
        tail = (
            ' --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"'
            ' --header "x-amz-security-token: $AWS_SESSION_TOKEN"'
        )
    for name, value in headers:
        words += ["--header", f"{name}: {value}"]
    if body:
        text = _inline(body)
        words += ["--data-binary", f"@{PAYLOAD_FILE}" if text is None or text.startswith("@") else text]
    return f"{shlex.join([*words, url.rstrip('/') + path])}{tail}"


def _to_http(payload: bytes) -> tuple[str, str, list[tuple[str, str]], bytes]:
    """Method, path with query, headers and body of the request that an event tells of."""
    plain = ("POST", "/", [("content-type", "application/json")], payload)
    try:
        event = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return plain
    http = event.get("requestContext", {}) if isinstance(event, dict) else None
    http = http.get("http") if isinstance(http, dict) else None
    if not isinstance(http, dict) or not isinstance(http.get("method"), str):
        return plain
    path = event.get("rawPath") if isinstance(event.get("rawPath"), str) else "/"
    query = event.get("rawQueryString")
    if isinstance(query, str) and query:
        path += f"?{query}"
    given = event.get("headers")
    headers = [
        (name, value)
        for name, value in (given if isinstance(given, dict) else {}).items()
        if isinstance(value, str) and name.lower() not in _NOT_SENT and "\n" not in name + value
    ]
    body = event.get("body")
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else b""
    if event.get("isBase64Encoded") is True:
        try:
            data = base64.b64decode(data)
        except ValueError:
            return plain
    return http["method"], path if path.startswith("/") else f"/{path}", headers, data


def _inline(payload: bytes) -> str | None:
    """The payload as a word of a command; None if it must be in a file."""
    if len(payload) > INLINE_LIMIT:
        return None
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _arguments(values: dict[str, str]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())
