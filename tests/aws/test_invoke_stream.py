"""A streamed response: told while it comes, kept as far as it came, and sent for once."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.reception import KEPT_BYTES, Reception
from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import FunctionInfo, InvokeRequest, InvokeResult, Target
from lambdadesk.desk.tasks import TaskScope
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.servers.fake_streams import streaming

OPERATION = "InvokeWithResponseStream"
REQUEST = InvokeRequest(FunctionInfo("hello", timeout_s=0), b'{"n": 1}', is_streaming=True)
IMPATIENT = Limits(invoke_margin_s=1)  # where nothing more comes


@pytest.fixture(autouse=True)
def _hello(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.functions = [make_function("hello")]
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")


async def invoke(
    aws: FakeAws, limits: Limits | None = None, reception: Reception | None = None
) -> InvokeResult:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), limits)
    try:
        return await gateway.invoke(REQUEST, reception=reception)
    finally:
        await gateway.close()


async def test_chunks_are_told_while_they_come(aws: FakeAws) -> None:
    may_go_on = threading.Event()

    def chunks() -> Iterator[bytes]:
        yield b"one "
        assert may_go_on.wait(30)  # the second is sent only after the first was seen
        yield b"two"

    told: list[tuple[bytes, int]] = []

    def on_chunk(data: bytes, total: int) -> None:
        told.append((data, total))
        may_go_on.set()

    aws.script(OPERATION, streaming(chunks(), log="REPORT RequestId: x", content_type="text/html"))
    result = await invoke(aws, None, Reception(on_chunk))
    assert told == [(b"one ", 4), (b"two", 7)]
    assert (result.payload, result.response_bytes) == (b"one two", 7)
    assert (result.content_type, result.executed_version, result.status_code) == ("text/html", "7", 200)
    assert result.log_tail == "REPORT RequestId: x"
    assert (result.function_error, result.is_partial, result.problem) == ("", False, "")
    assert result.request_id
    (request,) = aws.requests(OPERATION)
    assert request.body == REQUEST.payload
    assert request.headers["x-amz-log-type"] == "Tail"


async def test_many_chunks_are_told_in_few_batches(aws: FakeAws) -> None:
    told: list[int] = []
    aws.script(OPERATION, streaming([b"x"] * 5_000))
    result = await invoke(aws, None, Reception(lambda _data, total: told.append(total)))
    assert told[-1] == result.response_bytes == 5_000
    assert len(told) < 500


async def test_a_large_response_is_counted_and_its_beginning_kept(aws: FakeAws) -> None:
    part = bytes(range(256)) * 4096  # 1 MB
    saved = bytearray()
    told = bytearray()
    aws.script(OPERATION, streaming([part] * 9))
    reception = Reception(lambda data, _total: told.extend(data), saved.extend)
    result = await invoke(aws, reception=reception)
    assert result.response_bytes == 9 * len(part)
    assert result.payload == bytes(told) == (part * 9)[:KEPT_BYTES]
    assert bytes(saved) == part * 9


async def test_a_failure_in_the_stream_is_the_functions(aws: FakeAws) -> None:
    details = '{"errorType": "Error", "errorMessage": "no"}'
    aws.script(OPERATION, streaming([b"half"], error="Unhandled", details=details))
    result = await invoke(aws)
    assert (result.function_error, result.error_details) == ("Unhandled", details)
    assert (result.payload, result.is_partial) == (b"half", False)


@pytest.mark.parametrize("then", [None, faults.reset, faults.garbage], ids=["closed", "reset", "garbage"])
async def test_a_stream_that_breaks_keeps_what_came(aws: FakeAws, then: faults.Fault | None) -> None:
    arrived = threading.Event()

    def chunks() -> Iterator[bytes]:
        yield b"x" * 1_258_291
        assert arrived.wait(30)  # a reset would take along what was not read yet

    reception = Reception(lambda _data, _total: arrived.set())
    aws.script(OPERATION, streaming(chunks(), is_whole=False, then=then))
    result = await invoke(aws, reception=reception)
    assert result.is_partial
    assert result.problem == "The stream broke after 1.2 MB."
    assert result.payload == b"x" * 1_258_291
    assert len(aws.requests(OPERATION)) == 1


@pytest.mark.parametrize(
    ("limits", "ended"),
    [
        (IMPATIENT, "broke after 4 bytes"),  # nothing came for so long
        (Limits(connect_s=0.2, invoke_margin_s=1.5, invoke_body_s=0, stream_s=0), "did not end in time"),
    ],
)
async def test_a_stream_that_hangs_ends_with_what_came(aws: FakeAws, limits: Limits, ended: str) -> None:
    def drip() -> Iterator[bytes]:
        yield b"some"
        while "time" in ended and not aws.stopping.wait(0.1):
            yield b"."

    aws.script(OPERATION, streaming(drip(), is_whole=False, then=faults.hang))
    result = await invoke(aws, limits)
    assert result.is_partial
    assert ended in result.problem
    assert result.payload.startswith(b"some")
    assert len(aws.requests(OPERATION)) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.hang, ErrorKind.OUTCOME_UNKNOWN),
        (faults.reset, ErrorKind.OUTCOME_UNKNOWN),
        (faults.garbage, ErrorKind.OUTCOME_UNKNOWN),
        (faults.error(500, "ServiceException"), ErrorKind.OUTCOME_UNKNOWN),
        (faults.throttled(), ErrorKind.THROTTLED),
        (faults.html(200), ErrorKind.NOT_AWS),
        (faults.error(404, "ResourceNotFoundException"), ErrorKind.NOT_FOUND),
        (faults.denied("lambda:InvokeFunction"), ErrorKind.DENIED),
    ],
)
async def test_one_post_where_no_stream_begins(aws: FakeAws, fault: faults.Fault, kind: ErrorKind) -> None:
    aws.script(OPERATION, fault)
    with pytest.raises(UserError) as caught:
        await invoke(aws, IMPATIENT if fault is faults.hang else None)
    assert caught.value.kind is kind
    assert len(aws.requests(OPERATION)) == 1


async def test_stopping_to_wait_keeps_what_came_and_ends_the_reading(aws: FakeAws) -> None:
    came = asyncio.Event()
    let_go = threading.Event()

    def chunks() -> Iterator[bytes]:
        yield b"some"
        assert let_go.wait(30)
        yield b"more"

    reception = Reception(lambda _data, _total: came.set())
    aws.script(OPERATION, streaming(chunks(), is_whole=False, then=faults.hang))
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url))
    scope = TaskScope(lambda _name, error: errors.append(error))

    async def send() -> None:
        await gateway.invoke(REQUEST, reception=reception)

    errors: list[Exception] = []
    scope.start("invoke", send)
    await came.wait()
    await scope.close()
    assert errors == []
    assert reception.is_stopped
    assert reception.kept == b"some"
    let_go.set()
    await gateway.close()


@pytest.mark.parametrize("guard", [Guard.READ_ONLY, Guard.PRODUCTION])
async def test_a_guarded_connection_streams_nothing_unasked(aws: FakeAws, guard: Guard) -> None:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), guard=guard)
    with pytest.raises(UserError) as caught:
        await gateway.invoke(REQUEST)
    assert caught.value.kind is ErrorKind.DENIED
    if guard is Guard.PRODUCTION:
        assert (await gateway.invoke(REQUEST, confirmed=True)).payload == REQUEST.payload
    assert len(aws.requests()) == (guard is Guard.PRODUCTION)
    await gateway.close()
