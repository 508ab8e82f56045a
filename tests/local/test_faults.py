"""microburst between us and MiniStack: a function runs once, and no line is lost."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import FunctionInfo, InvokeRequest, Outcome
from lambdadesk.desk.invoker import Invoker
from lambdadesk.desk.tailer import Tailer, TailState
from lambdadesk.local.clients import Clients
from lambdadesk.store.history import History
from lambdadesk.store.history_entry import HistoryEntry
from tests.desk.test_tailer import following, messages, now_ms, poll
from tests.desk.waiting import until
from tests.local.running import create_function, open_gateway, wait_until
from tests.servers.microburst import Microburst, microburst

NAME = "once"
GROUP = f"/aws/lambda/{NAME}"
SOURCE = """
import time
def handler(event, context):
    time.sleep(event.get("seconds", 0))
    print("ran", event["mark"])
    return {"mark": event["mark"], "filler": "x" * 20_000}
"""
# No run is waited for longer than two seconds, and what failed is asked again at once.
LIMITS = Limits(connect_s=5, read_s=20, attempts=1, invoke_margin_s=2, invoke_body_s=20, backoff_s=0.001)
FUNCTION = FunctionInfo(NAME, f"arn:aws:lambda:us-east-1:000000000000:function:{NAME}", timeout_s=0)
INVOKE: dict[str, Any] = {"service": "lambda", "operation": "Invoke"}
STREAM: dict[str, Any] = {"service": "lambda", "operation": "InvokeWithResponseStream"}
READ: dict[str, Any] = {"service": "logs", "operation": "FilterLogEvents"}


@pytest.fixture(scope="module")
def clients(clients: Clients) -> Clients:
    create_function(clients, NAME, SOURCE)
    clients.get("lambda").invoke(FunctionName=NAME, Payload=b'{"mark": "the first"}')  # makes the log group
    return clients


@pytest.fixture(scope="module")
def one_proxy(url: str, clients: Clients) -> Iterator[Microburst]:
    with microburst(url) as proxy:
        through = Clients(proxy.url)  # its first request takes seconds: it reads all models of botocore
        through.get("lambda").list_functions()
        through.close()
        yield proxy


@pytest.fixture
def proxy(one_proxy: Microburst) -> Microburst:
    one_proxy.set_rules()
    return one_proxy


@asynccontextmanager
async def invoking(proxy: Microburst, folder: Path, guard: Guard = Guard.NORMAL) -> AsyncIterator[Invoker]:
    history = History(folder / "history.sqlite")
    await history.open()
    async with open_gateway(proxy.url, guard, LIMITS) as gateway:
        invoker = Invoker(gateway, history, InvocationLedger(lambda *_: None))
        yield invoker
        await invoker.flush()
        invoker.close()
    await history.close()


def make_request(mark: str, *, is_streaming: bool = False, **event: Any) -> InvokeRequest:
    payload = json.dumps({"mark": mark, **event}).encode()
    return InvokeRequest(FUNCTION, payload, is_streaming=is_streaming)


async def invoke_failing(invoker: Invoker, mark: str, **event: Any) -> tuple[UserError, HistoryEntry]:
    """The error, and what the history was told in the end."""
    told: list[HistoryEntry] = []
    with pytest.raises(UserError) as caught:
        await invoker.invoke(make_request(mark, **event), on_entry=told.append)
    return caught.value, told[-1]


def read_log(clients: Clients) -> list[str]:
    pages = clients.get("logs").get_paginator("filter_log_events").paginate(logGroupName=GROUP)
    return [event["message"].strip() for page in pages for event in page["events"]]


async def count_runs(clients: Clients, mark: str) -> int:
    """How often the function ran with the mark, by its log. A run after this one closes what is counted."""
    end = f"end of {mark}"
    payload = json.dumps({"mark": end})
    await in_thread(clients.get("lambda").invoke, FunctionName=NAME, Payload=payload)
    await in_thread(wait_until, lambda: f"ran {end}" in read_log(clients), "a later run")
    return (await in_thread(read_log, clients)).count(f"ran {mark}")


async def test_an_answer_that_comes_too_late(clients: Clients, proxy: Microburst, tmp_path: Path) -> None:
    async with invoking(proxy, tmp_path) as invoker:
        before = proxy.count_requests()
        error, entry = await invoke_failing(invoker, "late", seconds=3)
        assert (error.kind, entry.outcome) == (ErrorKind.OUTCOME_UNKNOWN, Outcome.UNKNOWN)
        assert "may have run" in f"{error.message} {error.hint}"
        assert proxy.count_requests() == before + 1
    await in_thread(wait_until, lambda: "ran late" in read_log(clients), "the run ends")
    assert await count_runs(clients, "late") == 1


@pytest.mark.parametrize(
    ("rule", "runs"),
    [
        pytest.param({"reset": True}, 0, id="reset-before-it-was-passed-on"),
        pytest.param({"response": {"abort_frac": 0}}, 1, id="reset-before-the-answer"),
        pytest.param({"response": {"abort_frac": 0.5}}, 1, id="reset-half-way"),
        pytest.param({"error": {"code": "ServiceException", "status": 500}}, 0, id="500"),
        pytest.param({"error": {"code": "ServiceUnavailable", "status": 503}}, 0, id="503"),
    ],
)
async def test_what_may_have_run_is_never_sent_again(
    clients: Clients,
    proxy: Microburst,
    tmp_path: Path,
    rule: dict[str, Any],
    runs: int,
    request: pytest.FixtureRequest,
) -> None:
    mark = request.node.callspec.id
    proxy.set_rules(INVOKE | rule)
    async with invoking(proxy, tmp_path) as invoker:
        error, entry = await invoke_failing(invoker, mark)
    assert len(proxy.fired) == 1
    assert (error.kind, entry.outcome) == (ErrorKind.OUTCOME_UNKNOWN, Outcome.UNKNOWN)
    assert await count_runs(clients, mark) == runs


@pytest.mark.parametrize(
    ("code", "fields", "kind", "words"),
    [
        (
            "TooManyRequestsException",
            {"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded"},
            ErrorKind.THROTTLED,
            "the function's reserved concurrency is used up",
        ),
        (
            "TooManyRequestsException",
            {"Reason": "CallerRateLimitExceeded"},
            ErrorKind.THROTTLED,
            "too many invocations per second come from this caller",
        ),
        ("KMSDisabledException", {}, ErrorKind.OTHER, "the KMS key of its environment is disabled"),
        ("ENILimitReachedException", {}, ErrorKind.OTHER, "the VPC has no network interface left for it"),
        ("SnapStartNotReadyException", {}, ErrorKind.OTHER, "its SnapStart snapshot is still being made"),
        ("InvalidZipFileException", {}, ErrorKind.OTHER, "its package can't be unpacked"),
        ("ResourceNotFoundException", {}, ErrorKind.NOT_FOUND, "once"),
    ],
)
async def test_a_refused_run_says_why_and_is_not_sent_again(
    proxy: Microburst, tmp_path: Path, code: str, fields: dict[str, str], kind: ErrorKind, words: str
) -> None:
    proxy.set_rules(INVOKE | {"error": {"code": code, "fields": fields}})
    async with invoking(proxy, tmp_path) as invoker:
        error, entry = await invoke_failing(invoker, "refused")
    assert (error.kind, entry.outcome) == (kind, Outcome.ERROR)
    assert words in error.message
    assert error.hint
    assert len(proxy.fired) == 1


@pytest.mark.parametrize(
    "surgery",
    [
        pytest.param({"event_frames": [{"at": 1, "cut": 0.5}]}, id="cut"),
        pytest.param({"event_frames": [{"at": 1, "bad_crc": True}]}, id="checksum"),
        pytest.param({"event_frames": [{"at": 1, "error": {"code": "ServiceException"}}]}, id="error"),
        pytest.param({"event_frames": [{"at": 1, "drop": True}]}, id="no-end"),
    ],
)
async def test_a_stream_that_breaks_keeps_what_came(
    proxy: Microburst, tmp_path: Path, surgery: dict[str, Any]
) -> None:
    proxy.set_rules(STREAM | {"response": surgery})
    async with invoking(proxy, tmp_path) as invoker:
        entry = await invoker.invoke(make_request("streamed", is_streaming=True))
    assert (entry.outcome, entry.is_partial) == (Outcome.UNKNOWN, True)
    assert entry.response is not None
    assert json.loads(entry.response)["mark"] == "streamed"
    assert "broke" in entry.error
    assert len(proxy.fired) == 1


@pytest.mark.parametrize(
    ("guard", "is_streaming"), [(Guard.READ_ONLY, False), (Guard.PRODUCTION, False), (Guard.PRODUCTION, True)]
)
async def test_a_guard_lets_no_request_out(
    proxy: Microburst, tmp_path: Path, guard: Guard, is_streaming: bool
) -> None:
    async with invoking(proxy, tmp_path, guard) as invoker:
        before = proxy.count_requests()
        with pytest.raises(UserError) as caught:
            await invoker.invoke(make_request("guarded", is_streaming=is_streaming))
        assert caught.value.kind is ErrorKind.DENIED
        assert proxy.count_requests() == before


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        pytest.param(
            {"error": {"code": "ThrottlingException", "message": "Rate exceeded"}},
            ErrorKind.THROTTLED,
            id="throttled",
        ),
        pytest.param({"error": {"code": "ServiceUnavailableException"}}, ErrorKind.OTHER, id="503"),
        pytest.param({"reset": True}, ErrorKind.OFFLINE, id="reset"),
        pytest.param({"response": {"abort_frac": 0.5}}, ErrorKind.OFFLINE, id="reset-half-way"),
        pytest.param({"response": {"truncate_frac": 0.5}}, ErrorKind.NOT_AWS, id="truncated"),
        pytest.param({"error": {"code": "ExpiredTokenException"}}, ErrorKind.EXPIRED, id="expired"),
    ],
)
async def test_a_tail_goes_on_where_a_fault_stopped_it(
    clients: Clients, proxy: Microburst, rule: dict[str, Any], kind: ErrorKind, request: pytest.FixtureRequest
) -> None:
    logs, group = clients.get("logs"), f"/test/{request.node.callspec.id}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="stream")
    sent: list[str] = []

    async def put(*lines: str) -> None:
        events = [{"timestamp": now_ms() - 1_000, "message": line} for line in lines]
        await in_thread(logs.put_log_events, logGroupName=group, logStreamName="stream", logEvents=events)
        sent.extend(lines)

    await put("one", "two")
    async with open_gateway(proxy.url, limits=LIMITS) as gateway:
        tail = Tailer(
            gateway,
            FunctionInfo("x", log_group=group),
            InvocationLedger(lambda *_: None),
            poll_s=3_600,
        )
        async with following(tail):
            assert messages(tail) == sent
            proxy.set_rules(READ | rule)
            await put("three")
            tail.poll_now()
            await until(tail.changed, lambda: tail.state is TailState.RETRYING, "the fault is told")
            assert tail.error
            assert tail.error.kind is kind
            assert messages(tail) == ["one", "two"]
            await put("four")
            proxy.set_rules()
            tail.poll_now()
            await until(tail.changed, lambda: tail.state is TailState.FOLLOWING, "it follows again")
            await poll(tail)
            assert messages(tail) == sent
            assert tail.counts.duplicates == 0


def has_all(tail: Tailer, sent: list[str]) -> bool:
    return len(messages(tail)) >= len(sent)


async def test_no_line_is_lost_or_twice_while_every_other_poll_fails(
    clients: Clients, proxy: Microburst
) -> None:
    logs, group = clients.get("logs"), "/test/storm"
    logs.create_log_group(logGroupName=group)
    faults = (
        {"error": {"code": "ThrottlingException"}},
        {"error": {"code": "ServiceUnavailableException"}},
        {"reset": True},
        {"response": {"truncate_frac": 0.5}},
        {"response": {"abort_frac": 0.5}},
    )
    sent: list[str] = []
    async with open_gateway(proxy.url, limits=LIMITS) as gateway:
        tail = Tailer(
            gateway, FunctionInfo("x", log_group=group), InvocationLedger(lambda *_: None), poll_s=0.01
        )
        async with following(tail):
            proxy.set_rules(*(READ | fault | {"sequence": {"fail": 1, "pass": 9}} for fault in faults))
            for batch in range(10):
                stream = f"stream-{batch % 3}"
                if batch < 3:
                    await in_thread(logs.create_log_stream, logGroupName=group, logStreamName=stream)
                lines = [f"{batch}.{number}" for number in range(30)]
                # One millisecond for all, and every second batch late.
                at_ms = now_ms() - (20_000 if batch % 2 else 1_000)
                events = [{"timestamp": at_ms, "message": line} for line in lines]
                await in_thread(
                    logs.put_log_events, logGroupName=group, logStreamName=stream, logEvents=events
                )
                sent.extend(lines)
                await until(tail.store.changed, partial(has_all, tail, sent), f"batch {batch}")
            assert sorted(messages(tail)) == sorted(sent)
            assert len(proxy.fired) >= 5
