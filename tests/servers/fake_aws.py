"""FakeAws, a protocol server of ours on loopback: Lambda, CloudWatch, tags and STS, as far as the tests go.

It does what the Local AWS can't: pages with markers, scripted faults, and a record of every request.

    with FakeAws() as aws:
        aws.functions = [make_function(f"f{n}") for n in range(120)]
        aws.script("Invoke", slow(3), reset)     # the next two requests; later ones are normal again
        ...
        assert len(aws.requests("Invoke")) == 1

`python -m tests.servers.fake_aws --port-file F --functions 200` runs it as a process, until it is killed.
"""

import argparse
import base64
import io
import json
import math
import re
import signal
import socket
import ssl
import sys
import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from tests.servers import fake_details, fake_mappings, fake_schemas, fake_sizes
from tests.servers.fake_details import FakeDetails
from tests.servers.fake_iam import FakeIam
from tests.servers.fake_insights import FakeInsights
from tests.servers.fake_logs import FakeLogs
from tests.servers.fake_mappings import FakeMappings
from tests.servers.fake_metrics import FakeMetrics
from tests.servers.fake_schemas import FakeSchemas
from tests.servers.fake_sizes import FakeSizes
from tests.servers.fake_streams import to_stream
from tests.servers.fake_sts import FakeSts
from tests.servers.faults import Exchange, Fault, Reply, error_reply, json_reply, slow

ACCOUNT = "000000000000"
_LIST_PAGE = 50  # Lambda's own, whatever MaxItems says


@dataclass(frozen=True)
class Request:
    """One request as it came in. `params` is the decoded JSON body or query string."""

    operation: str
    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    params: dict[str, Any]

    @property
    def access_key(self) -> str:
        found = re.search(r"Credential=([^/]+)/", self.headers.get("authorization", ""))
        return found[1] if found else ""


def make_function(name: str, **overrides: Any) -> dict[str, Any]:
    """A FunctionConfiguration as ListFunctions has it."""
    return {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}",
        "Runtime": "python3.13",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "Handler": "app.handler",
        "CodeSize": 1234,
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "LastModified": "2026-01-02T03:04:05.678+0000",
        "Version": "$LATEST",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
        **overrides,
    }


class FakeAws(
    FakeSts, FakeDetails, FakeIam, FakeMappings, FakeSchemas, FakeSizes, FakeInsights, FakeLogs, FakeMetrics
):
    """The server; a context manager. Its state may be changed at any time from the test's thread.

    With `tls` it is also an HTTPS proxy that answers for every host itself (see fake_tls).
    """

    def __init__(self) -> None:
        super().__init__()
        self.functions: list[dict[str, Any]] = []
        self.aliases: dict[str, list[Any]] = {}  # names, or entries as ListAliases has them
        self.versions: dict[str, list[Any]] = {}
        self.handlers: dict[str, Callable[[bytes], bytes]] = {}  # by function; default: echo
        self.function_errors: dict[str, str] = {}  # X-Amz-Function-Error, by function
        self.took_ms: dict[int, float] = {}  # how long a run takes, by the memory size; default: 12.34
        self.durable_arns: dict[str, str] = {}  # X-Amz-Durable-Execution-Arn, by function
        self.clock_ahead_s = 0.0  # of the Date header
        self.tls: ssl.SSLContext | None = None
        self.stopping = threading.Event()
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._always: dict[str, Fault] = {}
        self._requests: list[Request] = []
        self._arrived = threading.Condition()
        self._handler_threads: set[threading.Thread] = set()
        self._connections: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.aws = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="fake aws", daemon=True
        )

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for connection in tuple(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # already gone
        for thread in tuple(self._handler_threads):
            thread.join(5)

    def script(self, operation: str, *faults: Fault) -> None:
        """Answer the next requests of this operation with these faults, one each."""
        self._faults[operation].extend(faults)

    def always(self, operation: str, fault: Fault | None) -> None:
        """Answer every request of this operation (or of "*") with a fault; None ends it."""
        if fault is None:
            self._always.pop(operation, None)
        else:
            self._always[operation] = fault

    def requests(self, operation: str = "") -> list[Request]:
        """What came in so far, oldest first."""
        with self._arrived:
            return [request for request in self._requests if operation in ("", request.operation)]

    def wait_for_requests(self, operation: str, count: int = 1, timeout_s: float = 30.0) -> None:
        """Block until that many requests of the operation came in, else raise TimeoutError."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.requests(operation)) >= count, timeout_s):
                raise TimeoutError(f"{len(self.requests(operation))} of {count} {operation} requests came in")

    def record(self, request: Request) -> None:
        with self._arrived:
            self._requests.append(request)
            self._arrived.notify_all()

    def next_fault(self, operation: str) -> Fault | None:
        with self._arrived:
            if self._faults[operation]:
                return self._faults[operation].popleft()
            return self._always.get(operation) or self._always.get("*")

    # --- the normal answers ---

    def answer(self, request: Request, request_id: str) -> Reply:
        name = unquote(request.path.split("/")[3]) if request.path.count("/") >= 3 else ""
        match request.operation:
            case "ListFunctions":
                return self._page("Functions", self.functions, request)
            case "ListAliases":
                return self._page("Aliases", [_entry("Name", a) for a in self.aliases.get(name, [])], request)
            case "ListVersionsByFunction":
                function = self._find_function(name)
                latest = function | {"Version": "$LATEST"} if function else "$LATEST"
                versions = [_entry("Version", v) for v in [latest, *self.versions.get(name, [])]]
                return self._page("Versions", versions, request)
            case "GetFunctionConfiguration" | "GetFunction":
                function = self._find_function(name)
                if function is None:
                    return error_reply(404, "ResourceNotFoundException", f"Function not found: {name}")
                if request.operation == "GetFunctionConfiguration":
                    found = self.find_version(function, request.params.get("Qualifier", ""))
                    return json_reply(self.look_at(found or function))
                return json_reply(
                    {"Configuration": function, **(self.get_details("GetFunction", name) or {})}
                )
            case "GetPolicy" if name:  # else it is IAM's
                return self.get_policy(name)
            case "Invoke":
                return self._invoke(name, request, request_id)
            case "InvokeWithResponseStream":
                return to_stream(self._invoke(name, request, request_id))
            case "FilterLogEvents":
                return self.logs_filter(request.params)
            case "DescribeLogGroups":
                return self.describe_log_groups(request.params, list(self.log_groups))
            case "DescribeLogStreams":
                return self.logs_describe_streams(request.params)
            case "GetLogEvents":
                return self.logs_get_events(request.params)
            case "GetMetricData":
                return self.get_metric_data(request.params)
            case "ListMetrics":
                return self.list_metrics(request.params)
            case "GetResources":
                return self.get_resources(request.params)
            case "GetCallerIdentity":
                return Reply(200, _IDENTITY, {"Content-Type": "text/xml"})
            case "AssumeRole" | "AssumeRoleWithWebIdentity":
                return self.assume_role(request.operation, request.params)
            case "CONNECT":
                return Reply(502, b"", {}, request_id=False)
        if (details := self.get_details(request.operation, name)) is not None:
            return json_reply(details)
        reply = self.answer_mapping(request.operation, request.path, request.body, request.params)
        reply = reply or self.answer_sizes(request.operation, request.path, request.body, request.params)
        reply = reply or self.answer_schemas(
            request.operation, request.method, request.path, request.body, request.params
        )
        reply = reply or self.answer_iam(request.operation, request.params)
        reply = reply or self.answer_insights(request.operation, request.params)
        return reply or error_reply(400, "UnknownOperationException", request.operation)

    def find_operation(self, method: str, path: str, headers: dict[str, str], body: bytes) -> str:
        return _get_operation(method, path, headers, body)

    def _find_function(self, name: str) -> dict[str, Any] | None:
        return next((f for f in self.functions if f["FunctionName"] == name), None)

    def _page(self, key: str, entries: list[dict[str, Any]], request: Request) -> Reply:
        start = int(request.params.get("Marker") or 0)
        page: dict[str, Any] = {key: entries[start : start + _LIST_PAGE]}
        if start + _LIST_PAGE < len(entries):
            page["NextMarker"] = str(start + _LIST_PAGE)
        return json_reply(page)

    def _invoke(self, name: str, request: Request, request_id: str) -> Reply:
        function = self._find_function(name)
        if function is None:
            return error_reply(404, "ResourceNotFoundException", f"Function not found: {name}")
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        headers = {"Content-Type": "application/json", "X-Amz-Executed-Version": "$LATEST"}
        if name in self.durable_arns:
            headers["X-Amz-Durable-Execution-Arn"] = self.durable_arns[name]
        if kind == "DryRun":
            return Reply(204, b"", headers)
        ran = self.find_version(function, request.params.get("Qualifier", "")) or function
        memory_mb = ran["MemorySize"]
        took_ms = self.took_ms.get(memory_mb, 12.34)
        lines = [
            f"START RequestId: {request_id} Version: $LATEST\n",
            f"END RequestId: {request_id}\n",
            f"REPORT RequestId: {request_id}\tDuration: {took_ms:.2f} ms\t"
            f"Billed Duration: {math.ceil(took_ms)} ms\t"
            f"Memory Size: {memory_mb} MB\tMax Memory Used: 40 MB\t\n",
        ]
        self.add_events(f"/aws/lambda/{name}", *lines)
        handler = self.handlers.get(name)
        body = handler(request.body) if handler else request.body
        if kind == "Event":
            return Reply(202, b"", headers)
        if request.headers.get("x-amz-log-type") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode("".join(lines).encode()[-4096:]).decode()
        if name in self.function_errors:
            headers["X-Amz-Function-Error"] = self.function_errors[name]
        return Reply(200, body, headers)


def _entry(key: str, entry: Any) -> dict[str, Any]:
    return {key: entry} if isinstance(entry, str) else entry


_IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::{ACCOUNT}:root</Arn><UserId>{ACCOUNT}</UserId>
<Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>""".encode()

_LAMBDA_ROUTES = (
    ("GET", r"/2015-03-31/functions/?", "ListFunctions"),
    ("GET", r"/2015-03-31/functions/[^/]+", "GetFunction"),
    ("GET", r"/2015-03-31/functions/[^/]+/configuration", "GetFunctionConfiguration"),
    ("GET", r"/2015-03-31/functions/[^/]+/versions", "ListVersionsByFunction"),
    ("GET", r"/2015-03-31/functions/[^/]+/aliases", "ListAliases"),
    ("POST", r"/2015-03-31/functions/[^/]+/invocations", "Invoke"),
    ("POST", r"/2021-11-15/functions/[^/]+/response-streaming-invocations", "InvokeWithResponseStream"),
    *fake_mappings.ROUTES,
    *fake_details.ROUTES,
    *fake_schemas.ROUTES,
    *fake_sizes.ROUTES,
)


def _get_operation(method: str, path: str, headers: dict[str, str], body: bytes) -> str:
    if method == "CONNECT":
        return "CONNECT"
    if target := headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    if path == "/" and body.startswith(b"Action="):
        return parse_qs(body.decode())["Action"][0]
    for route_method, pattern, operation in _LAMBDA_ROUTES:
        if method == route_method and re.fullmatch(pattern, path):
            return operation
    return "?"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    aws: FakeAws

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        self.aws._handler_threads.add(threading.current_thread())
        self.aws._connections.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.aws._connections.discard(request)
            self.aws._handler_threads.discard(threading.current_thread())

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what the tests are about; anything else shows on stderr."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _SocketWriter(io.RawIOBase):
    """As socketserver's own, which is private."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._connection.sendall(data)
        return len(data)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_request(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        parts = urlsplit(self.path) if self.command != "CONNECT" else None
        path = parts.path if parts else self.path
        aws = self.server.aws
        operation = aws.find_operation(self.command, path, headers, body)
        params: dict[str, Any] = {}
        if "x-amz-target" in headers:
            params = json.loads(body or b"{}")
        elif body.startswith(b"Action="):
            params = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        elif parts:
            params = {name: values[0] for name, values in parse_qs(parts.query).items()}
        request = Request(operation, self.command, path, headers, body, params)
        aws.record(request)
        if operation == "CONNECT" and aws.tls is not None:
            self._accept_tls(aws.tls)
            return
        exchange: Exchange = _Exchange(self, request)
        fault = aws.next_fault(operation)
        if fault is not None:
            fault(exchange)
        else:
            exchange.send(exchange.normal())

    def _accept_tls(self, context: ssl.SSLContext) -> None:
        """Go on with this connection as the host that was asked for."""
        self.wfile.write(b"HTTP/1.1 200 Whatever\r\n\r\n")
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.server.aws._connections.add(self.connection)
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = _SocketWriter(self.connection)
        self.close_connection = False

    def finish(self) -> None:
        super().finish()
        if self.connection is not self.request:
            self.server.aws._connections.discard(self.connection)
            self.rfile.close()
            self.connection.close()

    do_GET = do_POST = do_PUT = do_DELETE = do_CONNECT = handle_request  # noqa: N815  the base class's names

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the requests are on record."""


class _Exchange:
    def __init__(self, handler: _Handler, request: Request) -> None:
        self._handler = handler
        self._request = request
        self._request_id = str(uuid.uuid4())
        self.stopping = handler.server.aws.stopping

    def normal(self) -> Reply:
        return self._handler.server.aws.answer(self._request, self._request_id)

    def send(self, reply: Reply) -> None:
        self.write(self.encode(reply))

    def encode(self, reply: Reply) -> bytes:
        aws = self._handler.server.aws
        headers = {
            "Date": formatdate(time.time() + aws.clock_ahead_s, usegmt=True),
            "Content-Length": str(len(reply.body)),
            **({"x-amzn-RequestId": self._request_id} if reply.request_id else {}),
            **reply.headers,
        }
        head = f"HTTP/1.1 {reply.status} Whatever\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return head.encode() + b"\r\n" + reply.body

    def write(self, data: bytes) -> None:
        self._handler.wfile.write(data)

    def connection(self) -> socket.socket:
        connection: socket.socket = self._handler.connection
        return connection

    def drop(self) -> None:
        self._handler.close_connection = True


def main() -> None:
    parser = argparse.ArgumentParser(description="Run FakeAws until it is killed.")
    parser.add_argument(
        "--port-file", type=Path, required=True, help="where to write the port once it listens"
    )
    parser.add_argument("--functions", type=int, default=200)
    parser.add_argument("--delay-ms", type=int, default=0, help="how long each answer takes")
    options = parser.parse_args()
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    with FakeAws() as aws:
        aws.functions = [make_function(f"function-{number:04d}") for number in range(options.functions)]
        if options.delay_ms:
            aws.always("*", slow(options.delay_ms / 1000))
        draft = options.port_file.with_suffix(".part")
        draft.write_text(str(aws.port))
        draft.replace(options.port_file)
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        done.wait()


if __name__ == "__main__":
    main()
