"""FakeServices, a FakeAws that speaks for every service a trigger scan asks, by botocore's own models.

What no answer was given for is empty: a list without entries, in the service's own protocol.

    with FakeServices() as aws:
        aws.answers["GetPolicy"] = {"Policy": "..."}
        aws.answers["ListTargets"] = lambda params: {"items": []}     # as it is on the wire
"""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import unquote

import botocore.session

from tests.servers.fake_aws import FakeAws, Request
from tests.servers.faults import Fault, Reply, json_reply, reply

_SERVICES = (
    "apigateway",
    "apigatewayv2",
    "appsync",
    "bedrock-agent",
    "bedrock-agentcore-control",
    "cloudfront",
    "cloudwatch",
    "connect",
    "cognito-sync",
    "iot",
    "kafka",
    "lambda",
    "lexv2-models",
    "mailmanager",
    "mq",
    "pipes",
    "s3",
    "s3control",
    "scheduler",
    "vpc-lattice",
)

# The others of S3's are told apart by their query alone.
_S3 = ("GetBucketNotificationConfiguration", "ListBuckets")

Answer = dict[str, Any] | bytes | Callable[[dict[str, str]], dict[str, Any] | bytes]


class FakeServices(FakeAws):
    def __init__(self) -> None:
        super().__init__()
        _get_routes("lambda")  # reads all models, which may take longer than a request waits
        self.answers: dict[str, Answer] = {}

    def find_operation(self, method: str, path: str, headers: dict[str, str], body: bytes) -> str:
        found = super().find_operation(method, path, headers, body)
        return _find(method, path, headers)[1] if found == "?" else found

    def answer(self, request: Request, request_id: str) -> Reply:
        operation = request.operation
        _, _, params = _find(request.method, request.path, request.headers)
        answer = self.answers.get(operation)
        if callable(answer):
            answer = answer({**request.params, **params})
        if isinstance(answer, bytes):
            return Reply(200, answer, {"Content-Type": "text/xml"})
        if answer is not None:
            return json_reply(answer)
        reply = super().answer(request, request_id)
        if reply.status == 400 and b"UnknownOperationException" in reply.body:
            return _get_empty(request)
        return reply


def _get_empty(request: Request) -> Reply:
    if "smithy-protocol" in request.headers:
        headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return Reply(200, b"\xa0", headers)
    service = _find(request.method, request.path, request.headers)[0]
    if request.body.startswith(b"Action=") or service in ("s3", "s3control", "cloudfront"):
        name = request.operation
        xml = f"<{name}Response><{name}Result/></{name}Response>"
        return Reply(200, xml.encode(), {"Content-Type": "text/xml"})
    return json_reply({})


def _find(method: str, path: str, headers: dict[str, str]) -> tuple[str, str, dict[str, str]]:
    """(service, operation, parameters in the path), by the service that the request was signed for."""
    signed = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", headers.get("authorization", ""))
    if path.startswith("/service/"):
        return "", path.rpartition("/")[2], {}
    for service, operation, verb, pattern in _get_routes(signed[1] if signed else ""):
        found = pattern.fullmatch(path)
        if verb == method and found:
            return service, operation, {name: unquote(text) for name, text in found.groupdict().items()}
    return "", "?", {}


@cache
def _get_model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


@cache
def _get_routes(signing_name: str) -> list[tuple[str, str, str, re.Pattern[str]]]:
    routes = []
    for service in _SERVICES:
        model = _get_model(service)
        if model.signing_name != signing_name or not model.metadata["protocol"].startswith("rest"):
            continue
        for operation in model.operation_names:
            http = model.operation_model(operation).http
            template = http["requestUri"].partition("?")[0]
            if not operation.startswith(("Get", "List", "Describe")):
                continue
            if service == "s3" and operation not in _S3:
                continue
            parts = re.split(r"\{([\w-]+\+?)\}", template)
            parts[::2] = [re.escape(text) for text in parts[::2]]
            parts[1::2] = [_to_group(name) for name in parts[1::2]]
            routes.append((service, operation, http["method"], re.compile("".join(parts) + "/?")))
    # Those with more fixed text first: /a/b before /a/{Name}.
    return sorted(routes, key=lambda route: route[3].pattern.count("(?P"))


def _to_group(name: str) -> str:
    return f"(?P<{name.rstrip('+').replace('-', '_')}>{'.+' if name.endswith('+') else '[^/]+'})"


def to_policy(*statements: dict[str, Any]) -> dict[str, str]:
    """The answer of GetPolicy."""
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}


def get_xml(operation: str, result: str) -> bytes:
    """The answer of a service that speaks XML."""
    return (
        f"<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>".encode()
    )


def xml_error(status: int, code: str) -> Fault:
    """An error of a service that speaks XML."""
    error = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return reply(status, f"<ErrorResponse>{error}</ErrorResponse>".encode(), content_type="text/xml")
