"""The runs of a series are sent and read as botocore sends and reads them, each once."""

import hashlib
import hmac
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import quote

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.credentials import AssumeRoleSource, KeySource
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.invoke_again import InvokeAgain
from lambdadesk.core.connections import AccessKey, Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.secret import Secret
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest, InvokeResult, Target
from tests.limits import impatient
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, Request, make_function
from tests.servers.faults import Reply

HELLO = FunctionInfo("hello", timeout_s=0)
KEY = AccessKey("AKIAKEY", Secret("canary-secret"), Secret("canary-token"))
NAME = {"FunctionName": "hello", "Qualifier": "$LATEST"}
SYNC = {**NAME, "InvocationType": "RequestResponse"}
TAIL = {**SYNC, "LogType": "Tail"}
ANSWER = {"x-amzn-RequestId": "r-1", "Date": "Thu, 01 Jan 2026 00:00:00 GMT"}
JSON = {"Content-Type": "application/json", **ANSWER}
OF_RETRIES = ("RetryAttempts", "MaxAttemptsReached")
# What a request has of its own.
OF_ITS_OWN = ("authorization", "x-amz-date", "amz-sdk-invocation-id")


@pytest.fixture(autouse=True)
def _hello(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.functions = [make_function("hello")]
    # What would make botocore send again.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")


@pytest.fixture
def gateway(aws: FakeAws, quick: Limits) -> Iterator[Gateway]:
    gateway = make_gateway(aws, quick)
    yield gateway
    gateway._clients.close()


def make_gateway(aws: FakeAws, limits: Limits, guard: Guard = Guard.NORMAL) -> Gateway:
    source = KeySource(KEY, aws.url)
    return Gateway(Target("us-east-1", endpoint_url=aws.url), limits, credentials=source, guard=guard)


class Both:
    """botocore's client, and what is tested; each has sent a request of this kind before."""

    def __init__(self, gateway: Gateway, aws: FakeAws, params: dict[str, str]) -> None:
        self.client = gateway._clients.get_invoker(0)
        self.again = gateway._clients.get_series_invoker(0)
        self.whole_calls = 0  # of botocore
        self.again.invoke(**params, Payload=b'{"the": "first"}')["Payload"].read()
        self.client.meta.events.register("before-parameter-build.lambda.Invoke", self._count)
        self._aws = aws

    def _count(self, **_: Any) -> None:
        self.whole_calls += 1

    def invoke(self, params: dict[str, str], payload: bytes) -> tuple[Any, Any]:
        """The replies."""
        again = read(self.again.invoke(**params, Payload=payload))
        assert self.whole_calls == 0
        return again, read(self.client.invoke(**params, Payload=payload))

    def requests(self) -> list[Request]:
        return self._aws.requests("Invoke")[1:]


def read(reply: Mapping[str, Any]) -> dict[str, Any]:
    with closing(reply["Payload"]) as body:
        payload = body.read()
    metadata = {name: value for name, value in reply["ResponseMetadata"].items() if name not in OF_RETRIES}
    return {**reply, "ResponseMetadata": metadata, "Payload": payload}


def what_is_alike(request: Request) -> tuple[Any, ...]:
    headers = {name: value for name, value in request.headers.items() if name not in OF_ITS_OWN}
    return request.method, request.path, request.params, request.body, headers


def sign(request: Request) -> str:
    """The Authorization that it should have, by AWS's description of Signature Version 4."""

    def keyed(key: bytes, text: str) -> bytes:
        return hmac.digest(key, text.encode(), "sha256")

    signed = request.headers["authorization"].split("SignedHeaders=")[1].split(",")[0]
    date = request.headers["x-amz-date"]
    query = "&".join(f"{quote(name)}={quote(request.params[name])}" for name in sorted(request.params))
    headers = "".join(f"{name}:{request.headers[name]}\n" for name in signed.split(";"))
    digest = hashlib.sha256(request.body).hexdigest()
    canonical = "\n".join([request.method, quote(request.path), query, headers, signed, digest])
    scope = f"{date[:8]}/us-east-1/lambda/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4canary-secret"
    for part in scope.split("/"):
        key = keyed(key, part)
    signature = keyed(key, text).hex()
    return f"AWS4-HMAC-SHA256 Credential=AKIAKEY/{scope}, SignedHeaders={signed}, Signature={signature}"


@pytest.mark.parametrize(
    "params",
    [
        TAIL,
        SYNC,
        {**TAIL, "Qualifier": "live"},
        {**TAIL, "ClientContext": "eyJhIjogMX0=", "TenantId": "a b@c", "DurableExecutionName": "order-1"},
        {**NAME, "InvocationType": "Event"},
        {**NAME, "InvocationType": "DryRun"},
    ],
)
def test_requests_are_those_of_botocore(aws: FakeAws, gateway: Gateway, params: dict[str, str]) -> None:
    both = Both(gateway, aws, params)
    for payload in (b"", b'{"n":1e400,\r\n"text": "\xc3\xa9\x00"}', b"x" * 70_000):
        both.invoke(params, payload)
        ours, theirs = both.requests()[-2:]
        both.whole_calls = 0
        assert ours.body == payload
        assert what_is_alike(ours) == what_is_alike(theirs)
        assert ours.headers["amz-sdk-invocation-id"] != theirs.headers["amz-sdk-invocation-id"]
        assert ours.headers["authorization"] == sign(ours)
        assert theirs.headers["authorization"] == sign(theirs)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b'{"a": "\xc3\xa9"}', {**JSON, "X-Amz-Executed-Version": "7", "X-Amz-Log-Result": "YQ=="}),
        Reply(200, b'{"errorType": "E"}', {**JSON, "X-Amz-Function-Error": "Unhandled"}),
        Reply(200, b"", {**JSON, "X-Amz-Log-Result": "!", "X-Amz-Executed-Version": ""}),
        Reply(200, b"\x00\xff" * 100_000, {**JSON, "X-Amz-Durable-Execution-Arn": "arn:aws:x"}),
        Reply(202, b"", ANSWER),
        Reply(204, b"", ANSWER),
        Reply(200, b"{}", {"Content-Type": "application/json", "x-amz-request-id": "r-2", "X-Other": "\xe9"}),
        Reply(200, b"<html>", {**ANSWER, "Content-Type": "application/xhtml+xml"}),
    ],
)
def test_replies_are_read_as_botocore_reads_them(aws: FakeAws, gateway: Gateway, reply: Reply) -> None:
    both = Both(gateway, aws, TAIL)
    reply.request_id = False
    reply.headers.setdefault("Date", ANSWER["Date"])
    aws.always("Invoke", lambda exchange: exchange.send(reply))
    ours, theirs = both.invoke(TAIL, b"{}")
    theirs["ResponseMetadata"].pop("HostId", None)
    assert ours == theirs


def fail_twice(
    aws: FakeAws, limits: Limits, fault: faults.Fault, kind: InvocationType = InvocationType.REQUEST_RESPONSE
) -> tuple[UserError, UserError]:
    """How a run of a series fails that is the first of its kind, and one that isn't."""
    errors = []
    request = InvokeRequest(HELLO, b"{}", kind)
    for answers in ((fault,), (faults.slow(0), fault)):
        gateway = make_gateway(aws, limits)
        aws.script("Invoke", *answers)
        for _ in answers[1:]:
            gateway.invoke_now(request, lambda: None)
        before = len(aws.requests("Invoke"))
        with pytest.raises(UserError) as caught:
            gateway.invoke_now(request, lambda: None)
        assert len(aws.requests("Invoke")) == before + 1
        gateway._clients.close()
        errors.append(caught.value)
    return errors[0], errors[1]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.hang, ErrorKind.OUTCOME_UNKNOWN),
        (faults.stall, ErrorKind.OUTCOME_UNKNOWN),
        (faults.reset, ErrorKind.OUTCOME_UNKNOWN),
        (faults.cut, ErrorKind.OUTCOME_UNKNOWN),
        (faults.garbage, ErrorKind.OUTCOME_UNKNOWN),
        (faults.error(500, "ServiceException", "Internal error"), ErrorKind.OUTCOME_UNKNOWN),
        (faults.html(504), ErrorKind.OUTCOME_UNKNOWN),
        (faults.reply(200, b"{}", request_id=False), ErrorKind.OUTCOME_UNKNOWN),
        (faults.html(200), ErrorKind.NOT_AWS),
        (faults.html(302, location="http://127.0.0.1:1/"), ErrorKind.NOT_AWS),
        (faults.throttled("ConcurrentInvocationLimitExceeded"), ErrorKind.THROTTLED),
        (faults.denied("lambda:InvokeFunction"), ErrorKind.DENIED),
        (faults.expired(), ErrorKind.EXPIRED),
        (faults.error(403, "InvalidSignatureException"), ErrorKind.EXPIRED),
        (faults.error(404, "ResourceNotFoundException"), ErrorKind.NOT_FOUND),
        (faults.error(413, "RequestTooLargeException"), ErrorKind.INVALID),
        (faults.error(502, "EFSMountTimeoutException", "x", Type="User"), ErrorKind.OTHER),
    ],
)
def test_whatever_fails_is_told_the_same_and_sent_once(
    aws: FakeAws, quick: Limits, fault: faults.Fault, kind: ErrorKind
) -> None:
    limits = impatient(quick) if fault in (faults.hang, faults.stall) else quick
    first, later = fail_twice(aws, limits, fault)
    assert (later.kind, str(later), later.hint) == (first.kind, str(first), first.hint)
    assert later.kind is kind
    # But for the request's id.
    assert later.details.splitlines()[:1] == first.details.splitlines()[:1]
    assert len(later.details) == len(first.details)


def test_an_error_that_was_read_is_over(aws: FakeAws, gateway: Gateway) -> None:
    request = InvokeRequest(HELLO, b"{}")
    aws.script("Invoke", faults.slow(0), faults.throttled())
    gateway.invoke_now(request, lambda: None)
    with pytest.raises(UserError):
        gateway.invoke_now(request, lambda: None)
    assert gateway.invoke_now(request, lambda: None).payload == b"{}"
    client = gateway._clients.get_invoker(0)
    assert client.invoke(**TAIL, Payload=b"[]")["Payload"].read() == b"[]"
    *_, before_last, last = aws.requests("Invoke")
    assert [sign(each) for each in (before_last, last)] == [
        each.headers["authorization"] for each in (before_last, last)
    ]
    assert len(aws.requests("Invoke")) == 4


def test_credentials_are_renewed_between_runs(aws: FakeAws) -> None:
    aws.session_s = 300  # less than botocore wants to have left
    source = AssumeRoleSource(KeySource(KEY, aws.url), "arn:aws:iam::123456789012:role/runner")
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), credentials=source)
    for _ in range(3):
        gateway.invoke_now(InvokeRequest(HELLO, b"{}"), lambda: None)
    aws.script("Invoke", faults.throttled())
    with pytest.raises(UserError):
        gateway.invoke_now(InvokeRequest(HELLO, b"{}"), lambda: None)
    gateway._clients.close()
    keys = [request.access_key for request in aws.requests("Invoke")]
    assert len(set(keys)) == 4
    # To read an error needs no credentials.
    assert keys[-1] == f"ASIA{len(aws.requests('AssumeRole'))}"


def test_nothing_leaves_a_read_only_connection(aws: FakeAws, quick: Limits) -> None:
    gateway = make_gateway(aws, quick, Guard.READ_ONLY)
    for _ in range(2):
        with pytest.raises(UserError, match="read-only"):
            gateway._clients.get_series_invoker(0).invoke(**TAIL, Payload=b"{}")
    assert aws.requests() == []


def test_many_threads_get_each_their_own_answer(aws: FakeAws, gateway: Gateway) -> None:
    aws.handlers["hello"] = lambda payload: payload * 2
    results: dict[int, InvokeResult | UserError] = {}
    ready = threading.Barrier(8)

    def work(number: int) -> None:
        ready.wait(30)
        for step in range(5):
            run = number * 5 + step
            try:
                results[run] = gateway.invoke_now(InvokeRequest(HELLO, b"%d" % run), lambda: None)
            except UserError as error:
                results[run] = error

    aws.script("Invoke", *[faults.slow(0), faults.throttled()] * 10)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(request.body for request in aws.requests("Invoke")) == sorted(b"%d" % n for n in range(40))
    failed = [each for each in results.values() if isinstance(each, UserError)]
    assert [error.kind for error in failed] == [ErrorKind.THROTTLED] * 10
    for run, result in results.items():
        if isinstance(result, InvokeResult):
            assert result.payload == b"%d" % run * 2


def test_no_more_kinds_are_kept_than_make_sense(aws: FakeAws, gateway: Gateway) -> None:
    again: InvokeAgain = gateway._clients.get_series_invoker(0)
    for number in range(60):
        again.invoke(**NAME, DurableExecutionName=f"n-{number}", Payload=b"")["Payload"].read()
    assert len(again._kept) <= 50


def test_what_is_kept_is_of_one_kind(aws: FakeAws, gateway: Gateway) -> None:
    again = gateway._clients.get_series_invoker(0)
    kinds = [TAIL, SYNC, {**TAIL, "Qualifier": "live"}, {**TAIL, "FunctionName": "other"}]
    aws.functions.append(make_function("other"))
    for params in kinds * 2:
        again.invoke(**params, Payload=b"")["Payload"].read()
    sent = [what_is_alike(request) for request in aws.requests("Invoke")]
    assert sent[:4] == sent[4:]
    assert len({str(each) for each in sent}) == 4
