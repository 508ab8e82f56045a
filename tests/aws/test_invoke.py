import asyncio
import base64
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.invoke_failures import _REFUSALS
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest, InvokeResult, Target
from tests.limits import impatient
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function

HELLO = FunctionInfo("hello", timeout_s=0)
ENDLESS = (faults.hang, faults.stall, faults.drip(0.05))
PAYLOAD = b'{"n":1e400, "n": 1.0,\n\t"text": "\xc3\xa9"}\r\n'


@pytest.fixture(autouse=True)
def _hello(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.functions = [make_function("hello")]
    # What would make botocore send again.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")


async def invoke(
    aws: FakeAws,
    limits: Limits | None = None,
    kind: InvocationType = InvocationType.REQUEST_RESPONSE,
    qualifier: str = "$LATEST",
) -> InvokeResult:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)
    try:
        return await gateway.invoke(InvokeRequest(HELLO, PAYLOAD, kind, qualifier))
    finally:
        await gateway.close()


async def invoke_failing(aws: FakeAws, limits: Limits, *fault: faults.Fault) -> UserError:
    aws.script("Invoke", *fault)
    with pytest.raises(UserError) as caught:
        await invoke(aws, limits)
    await in_thread(aws.wait_for_requests, "Invoke")  # which may come after it was given up
    assert len(aws.requests("Invoke")) == 1
    assert "lambda:Invoke" in caught.value.details
    return caught.value


async def test_sends_the_bytes_as_they_are_and_reads_the_whole_answer(aws: FakeAws) -> None:
    before_ms = time.time_ns() // 1_000_000
    result = await invoke(aws, qualifier="live")
    (request,) = aws.requests("Invoke")
    assert request.body == PAYLOAD
    assert request.params == {"Qualifier": "live"}
    assert request.headers["x-amz-log-type"] == "Tail"
    assert result.payload == PAYLOAD
    assert result.status_code == 200
    assert result.function_error == ""
    assert result.executed_version == "$LATEST"
    assert f"REPORT RequestId: {result.request_id}\tDuration" in result.log_tail
    assert before_ms <= result.sent_ms <= result.received_ms <= time.time_ns() // 1_000_000


async def test_a_function_that_fails_is_a_normal_result(aws: FakeAws) -> None:
    aws.function_errors["hello"] = "Unhandled"
    aws.handlers["hello"] = lambda _payload: b'{"errorType": "ValueError"}'
    result = await invoke(aws)
    assert result.function_error == "Unhandled"
    assert result.payload == b'{"errorType": "ValueError"}'


@pytest.mark.parametrize(("kind", "status"), [(InvocationType.EVENT, 202), (InvocationType.DRY_RUN, 204)])
async def test_other_kinds_have_no_answer_of_the_function(
    aws: FakeAws, kind: InvocationType, status: int
) -> None:
    result = await invoke(aws, kind=kind)
    assert (result.status_code, result.payload, result.log_tail) == (status, b"", "")
    assert result.request_id
    assert "x-amz-log-type" not in aws.requests("Invoke")[0].headers


@pytest.mark.parametrize(
    "fault",
    [
        *ENDLESS,
        faults.reset,
        faults.cut,
        faults.garbage,
        faults.error(500, "ServiceException", "Internal error"),
        faults.error(503, "ServiceUnavailableException"),
        faults.html(502),
        faults.html(504),
    ],
)
async def test_one_post_and_no_claim_where_the_function_may_have_run(
    aws: FakeAws, quick: Limits, fault: faults.Fault
) -> None:
    limits = impatient(quick) if fault in ENDLESS else quick
    error = await invoke_failing(aws, limits, fault)
    assert error.kind is ErrorKind.OUTCOME_UNKNOWN
    assert error.hint == "The function may have run; look at its logs before you invoke again."


async def test_waits_as_long_as_the_function_may_take(aws: FakeAws) -> None:
    aws.script("Invoke", faults.slow(0.5))
    limits = Limits(read_s=0.2, invoke_margin_s=0.1)
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)
    result = await gateway.invoke(InvokeRequest(FunctionInfo("hello", timeout_s=60), PAYLOAD))
    await gateway.close()
    assert result.received_ms - result.sent_ms >= 499
    assert len(aws.requests("Invoke")) == 1


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("ReservedFunctionConcurrentInvocationLimitExceeded", "the function's reserved concurrency"),
        ("ConcurrentInvocationLimitExceeded", "the account's concurrent executions"),
        ("CallerRateLimitExceeded", "this caller"),
        ("SomethingNew", "too many invocations"),
    ],
)
async def test_throttling_names_the_limit_and_is_not_tried_again(
    aws: FakeAws, quick: Limits, reason: str, words: str
) -> None:
    error = await invoke_failing(aws, quick, faults.throttled(reason))
    assert error.kind is ErrorKind.THROTTLED
    assert words in error.message


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (faults.denied("lambda:InvokeFunction"), ErrorKind.DENIED, "lambda:InvokeFunction"),
        (faults.expired(), ErrorKind.EXPIRED, "expired"),
        (faults.error(404, "ResourceNotFoundException"), ErrorKind.NOT_FOUND, "hello ($LATEST)"),
        (faults.error(413, "RequestEntityTooLargeException"), ErrorKind.INVALID, "larger"),
        (faults.error(400, "InvalidRequestContentException", "x"), ErrorKind.INVALID, "JSON"),
        (faults.error(400, "SomethingNewException", "busy"), ErrorKind.OTHER, "could not invoke hello"),
        (faults.html(200), ErrorKind.NOT_AWS, "not as AWS does"),
        (faults.html(302, location="http://127.0.0.1:1/"), ErrorKind.NOT_AWS, "login page"),
        (faults.html(511), ErrorKind.NOT_AWS, "login page"),
        (faults.reply(200, b"{}", request_id=False), ErrorKind.OUTCOME_UNKNOWN, "not as AWS does"),
    ],
)
async def test_a_refusal_has_a_sentence_of_its_own(
    aws: FakeAws, quick: Limits, fault: faults.Fault, kind: ErrorKind, words: str
) -> None:
    error = await invoke_failing(aws, quick, fault)
    assert error.kind is kind
    assert words in error.message


async def test_the_reason_to_wait_is_told_with_its_time(aws: FakeAws, quick: Limits) -> None:
    def fault(exchange: faults.Exchange) -> None:
        reply = faults.error_reply(429, "TooManyRequestsException", "Rate exceeded")
        reply.headers["Retry-After"] = "7"
        exchange.send(reply)

    error = await invoke_failing(aws, quick, fault)
    assert error.hint == "Wait 7 s, then invoke again."


@pytest.mark.parametrize("code", sorted(_REFUSALS))
async def test_each_refusal_of_the_api_says_what_to_do(aws: FakeAws, quick: Limits, code: str) -> None:
    """Whatever status it comes with: Lambda refuses for these before the handler has begun."""
    error = await invoke_failing(aws, quick, faults.error(502, code, "the service's own words"))
    assert error.kind is not ErrorKind.OUTCOME_UNKNOWN
    assert error.message.startswith("Lambda did not run hello: ")
    assert error.message.endswith(".")
    assert error.hint.endswith(".")
    assert "the service's own words" not in f"{error}"
    assert "the service's own words" in error.details


def test_the_table_knows_every_error_of_the_api() -> None:
    model = botocore.session.get_session().get_service_model("lambda").operation_model("Invoke")
    told_elsewhere = {
        "EFSIOException",
        "InvalidParameterValueException",
        "RequestTooLargeException",
        "ResourceConflictException",
        "ResourceNotFoundException",
        "ResourceNotReadyException",
        "SerializedRequestEntityTooLargeException",
        "ServiceException",
        "TooManyRequestsException",
    }
    assert {shape.name for shape in model.error_shapes} <= {*_REFUSALS, *told_elsewhere}


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (
            faults.error(
                409,
                "ResourceConflictException",
                "The operation cannot be performed at this time. "
                "The function is currently in the following state: Pending",
            ),
            ErrorKind.OTHER,
            "still being made",
        ),
        (faults.error(502, "ResourceNotReadyException", "in state Inactive"), ErrorKind.OTHER, "idle"),
        (
            faults.error(409, "ResourceConflictException", "state: Failed"),
            ErrorKind.OTHER,
            "deployment failed",
        ),
        (
            faults.error(409, "ResourceConflictException", "an update is in progress"),
            ErrorKind.OTHER,
            "updated",
        ),
        (faults.error(409, "ResourceConflictException", "busy"), ErrorKind.OTHER, "not ready"),
        (
            faults.error(400, "InvalidParameterValueException", "Add a valid tenant ID in your request."),
            ErrorKind.INVALID,
            "no tenant id was given",
        ),
        (faults.error(410, "EFSIOException", "x"), ErrorKind.OUTCOME_UNKNOWN, "while the function ran"),
    ],
)
async def test_states_of_the_function_are_told_apart(
    aws: FakeAws, quick: Limits, fault: faults.Fault, kind: ErrorKind, words: str
) -> None:
    error = await invoke_failing(aws, quick, fault)
    assert error.kind is kind
    assert words in error.message


@pytest.mark.parametrize(
    ("kind", "limit"), [(InvocationType.EVENT, "1 MB"), (InvocationType.REQUEST_RESPONSE, "6 MB")]
)
async def test_a_payload_that_is_too_large_names_its_limit(
    aws: FakeAws, kind: InvocationType, limit: str
) -> None:
    aws.script("Invoke", faults.error(413, "RequestTooLargeException"))
    with pytest.raises(UserError) as caught:
        await invoke(aws, kind=kind)
    assert f"is {limit};" in caught.value.hint


async def send(aws: FakeAws, **options: Any) -> InvokeResult:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url))
    try:
        return await gateway.invoke(InvokeRequest(options.pop("function", HELLO), PAYLOAD, **options))
    finally:
        await gateway.close()


async def test_options_go_into_their_headers(aws: FakeAws) -> None:
    aws.durable_arns["hello"] = "arn:aws:lambda:us-east-1:000000000000:durable-execution:x"
    context = '{"custom": {"\u00e9": 1}}'
    result = await send(aws, client_context=context, tenant_id="a b@c", durable_name="order-1", qualifier="7")
    (request,) = aws.requests("Invoke")
    assert base64.b64decode(request.headers["x-amz-client-context"]).decode() == context
    assert request.headers["x-amz-tenant-id"] == "a b@c"
    assert request.headers["x-amz-durable-execution-name"] == "order-1"
    assert result.durable_arn.endswith(":durable-execution:x")
    assert result.executed_version == "$LATEST"
    assert result.content_type == "application/json"


@pytest.mark.parametrize(
    "options", [{"log_tail": False}, {"function": FunctionInfo("hello", capacity_provider="arn:x")}]
)
async def test_a_log_tail_is_asked_for_only_where_it_is_wanted_and_given(
    aws: FakeAws, options: dict[str, Any]
) -> None:
    assert (await send(aws, **options)).log_tail == ""
    assert "x-amz-log-type" not in aws.requests("Invoke")[0].headers


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"client_context": "{"}, "not valid JSON"),
        ({"client_context": "[1]"}, "not a JSON object"),
        ({"client_context": '{"a": "' + "x" * 2680 + '"}'}, "3,588 bytes"),
        ({"client_context": "{}", "kind": InvocationType.EVENT}, "synchronous"),
        ({"tenant_id": "a\nb"}, "not a tenant id"),
        ({"tenant_id": "x" * 257}, "not a tenant id"),
        ({"durable_name": "a b"}, "durable"),
        ({"is_streaming": True, "kind": InvocationType.EVENT}, "to stream"),
        ({"is_streaming": True, "durable_name": "a"}, "can't be streamed"),
    ],
)
async def test_options_that_lambda_would_refuse_are_not_sent(
    aws: FakeAws, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError) as caught:
        await send(aws, **options)
    assert caught.value.kind is ErrorKind.INVALID
    assert words in caught.value.message
    assert aws.requests() == []


async def test_the_longest_client_context_is_sent(aws: FakeAws) -> None:
    context = '{"a": "' + "x" * 2676 + '"}'
    await send(aws, client_context=context)
    assert len(aws.requests("Invoke")[0].headers["x-amz-client-context"]) == 3580


async def test_what_was_not_sent_did_not_run(quick: Limits) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    gateway = Gateway(Target("us-east-1", endpoint_url=f"http://127.0.0.1:{port}"), quick)
    with pytest.raises(UserError) as caught:
        await gateway.invoke(InvokeRequest(HELLO, PAYLOAD))
    assert caught.value.kind is ErrorKind.OFFLINE
    assert "was not invoked" in caught.value.message


async def test_without_credentials_nothing_is_sent(quick: Limits) -> None:
    with pytest.raises(UserError) as caught:
        await Gateway(Target("us-east-1"), quick).invoke(InvokeRequest(HELLO, PAYLOAD))
    assert caught.value.kind is ErrorKind.EXPIRED
    assert "was not invoked" in caught.value.message


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the timers of sockets are seen on Linux only")
async def test_a_waiting_connection_is_probed_every_minute(aws: FakeAws) -> None:
    due_s: list[float] = []

    def look(exchange: faults.Exchange) -> None:
        for _ in range(1_500):  # until the request is acknowledged and only the keepalive timer runs
            if due_s or exchange.stopping.wait(0.02):
                break
            due_s.extend(get_keepalives_due_s(aws.port))
        exchange.send(exchange.normal())

    aws.script("Invoke", look)
    await invoke(aws)
    assert len(due_s) == 1
    assert 30 < due_s[0] <= 60


def get_keepalives_due_s(port: int) -> list[float]:
    """Seconds until the next keepalive probe of each connection to a local port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    timers = [row[5].split(":") for row in rows if row[2].endswith(f":{port:04X}")]
    return [int(due, 16) / os.sysconf("SC_CLK_TCK") for kind, due in timers if kind == "02"]


async def test_stopping_to_wait_returns_at_once_and_sends_nothing_more(aws: FakeAws) -> None:
    aws.always("Invoke", faults.hang)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(invoke(aws, Limits(invoke_margin_s=600)))
        await in_thread(aws.wait_for_requests, "Invoke")
        task.cancel()
    assert task.cancelled()  # and the server has not answered
    assert len(aws.requests("Invoke")) == 1


async def test_invocations_run_side_by_side_and_leave_reads_alone(aws: FakeAws) -> None:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), Limits(reads_at_once=1))
    all_are_in = threading.Barrier(8 + 1)

    def meet(exchange: faults.Exchange) -> None:
        all_are_in.wait(30)  # else it breaks, and so does the answer
        exchange.send(exchange.normal())

    aws.always("Invoke", meet)
    aws.always("ListFunctions", meet)
    results = await asyncio.gather(
        *(gateway.invoke(InvokeRequest(HELLO, PAYLOAD)) for _ in range(8)),
        gateway.call("lambda", "ListFunctions"),
    )
    assert len({result.request_id for result in results[:8]}) == 8  # type: ignore[union-attr]  # the last is a list
    await gateway.close()
