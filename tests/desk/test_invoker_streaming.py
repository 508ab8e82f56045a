"""Streamed runs, options and function errors of Lambda's own, as the history keeps them."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.core.types import InvocationType, InvokeRequest, Outcome
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.history_entry import HistoryEntry
from tests.desk.test_invoker import COST, HELLO, PAYLOAD, opened, report_line
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_streams import streaming

OPERATION = "InvokeWithResponseStream"
REQUEST = InvokeRequest(HELLO, PAYLOAD, is_streaming=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


async def test_a_stream_is_told_chunk_by_chunk_and_kept(aws: FakeAws, quick: Limits, path: Path) -> None:
    aws.script(OPERATION, streaming([b"one ", b"two"], content_type="text/plain"))
    async with opened(aws, quick, path) as bench:
        told = bytearray()
        seen: list[HistoryEntry] = []
        entry = await bench.invoker.invoke(
            REQUEST, on_chunk=lambda data, _total: told.extend(data), on_entry=seen.append
        )
        assert bytes(told) == entry.response == b"one two"
        assert (entry.outcome, entry.content_type, entry.response_bytes) == (Outcome.OK, "text/plain", 7)
        assert (entry.is_streamed, entry.is_partial, entry.executed_version) == (True, False, "7")
        assert [each.outcome for each in seen] == [Outcome.RUNNING, Outcome.OK]
        assert await bench.stored() == entry
        assert len(aws.requests(OPERATION)) == 1


async def test_a_stream_carries_its_report(aws: FakeAws, quick: Limits, path: Path) -> None:
    async with opened(aws, quick, path) as bench:
        entry = await bench.invoker.invoke(REQUEST)
        assert entry.cost == COST


async def test_a_broken_stream_is_an_unknown_outcome_with_what_came(
    aws: FakeAws, quick: Limits, path: Path
) -> None:
    aws.script(OPERATION, streaming([b"half"], is_whole=False))
    async with opened(aws, quick, path) as bench:
        entry = await bench.invoker.invoke(REQUEST)
        assert (entry.outcome, entry.is_partial, entry.response) == (Outcome.UNKNOWN, True, b"half")
        assert entry.error == "The stream broke after 4 bytes."
        assert entry.request_id
        assert bench.invoker.is_watched(entry)
        assert await bench.stored() == entry


async def test_to_stop_waiting_keeps_what_had_come(aws: FakeAws, quick: Limits, path: Path) -> None:
    came = asyncio.Event()
    let_go = threading.Event()

    def chunks() -> Iterator[bytes]:
        yield b"some"
        assert let_go.wait(30)
        yield b"more"

    aws.script(OPERATION, streaming(chunks(), is_whole=False, then=faults.hang))
    async with opened(aws, Limits(), path) as bench:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(
                bench.invoker.invoke(REQUEST, on_chunk=lambda _data, _total: came.set())
            )
            await came.wait()
            waiting.cancel()
        let_go.set()
        stored = await bench.stored()
        assert (stored.outcome, stored.response, stored.is_partial) == (Outcome.UNKNOWN, b"some", True)
        assert "Stopped waiting" in stored.error


async def test_a_large_response_is_kept_by_its_beginning(aws: FakeAws, quick: Limits, path: Path) -> None:
    part = b"x" * 1024 * 1024
    aws.script(OPERATION, streaming([part] * 8))
    async with opened(aws, Limits(), path) as bench:
        saved = path.with_name("saved")

        with saved.open("wb") as file:
            entry = await bench.invoker.invoke(REQUEST, sink=file.write)
        assert (len(entry.response), entry.response_bytes) == (6 * len(part), 8 * len(part))
        assert entry.response_truncated
        assert saved.stat().st_size == 8 * len(part)


async def test_a_failure_in_a_stream_is_the_functions(aws: FakeAws, quick: Limits, path: Path) -> None:
    details = '{"errorType": "Runtime.StreamError", "errorMessage": "no"}'
    aws.script(OPERATION, streaming([], error="Unhandled", details=details))
    async with opened(aws, quick, path) as bench:
        entry = await bench.invoker.invoke(REQUEST)
        assert (entry.outcome, entry.function_error) == (Outcome.ERROR, "Unhandled")
        assert entry.response == details.encode()
        assert entry.error.startswith("The function's stream failed half way.")


async def test_a_response_over_the_limit_says_so(aws: FakeAws, quick: Limits, path: Path) -> None:
    aws.function_errors["hello"] = "Unhandled"
    aws.handlers["hello"] = lambda _payload: b'{"errorType": "Function.ResponseSizeTooLarge"}'
    async with opened(aws, quick, path) as bench:
        entry = await bench.invoke()
        assert "6 MB" in entry.error
        assert (entry.outcome, entry.status_code) == (Outcome.ERROR, 200)


async def test_what_was_chosen_is_kept(aws: FakeAws, quick: Limits, path: Path) -> None:
    aws.durable_arns["hello"] = "arn:durable"
    request = InvokeRequest(
        HELLO, PAYLOAD, client_context="{}", tenant_id="t", durable_name="d", origin="saved event order"
    )
    async with opened(aws, quick, path) as bench:
        entry = await bench.invoker.invoke(request, series="s")
        stored = await bench.stored()
        assert (stored.client_context, stored.tenant_id, stored.durable_name) == ("{}", "t", "d")
        assert (stored.durable_arn, stored.origin, stored.series) == (
            "arn:durable",
            "saved event order",
            "s",
        )
        assert stored == entry


async def test_what_became_of_a_run_is_kept_beside_what_the_log_tells(
    aws: FakeAws, quick: Limits, path: Path
) -> None:
    async with opened(aws, quick, path) as bench:
        entry = await bench.invoke(InvocationType.EVENT)
        bench.invoker.tell_fate(entry, "Failed after 3 attempts.")
        assert bench.told[-1][1].fate == "Failed after 3 attempts."
        aws.add_events("/aws/lambda/hello", report_line(entry.request_id))
        tail = bench.make_tail()
        scope = TaskScope(lambda _name, _error: None)
        scope.start("tail", tail.run)  # its log tells of it after that
        await until(tail.changed, lambda: tail.counts.received, "the log")
        await scope.close()
        stored = await bench.stored()
        assert stored.fate == "Failed after 3 attempts."
        assert stored.outcome is Outcome.OK
        old = replace(stored, fate="", sent_ms=1)  # of an earlier start: nobody watches it
        bench.invoker.tell_fate(old, "Dropped.")
        assert (await bench.stored()).fate == "Dropped."
