"""Where payloads come from: every part on its own, and nothing asked of AWS unasked."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.connections import get_unsaved_info
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event_filters import FilterVerdict
from lambdadesk.core.saved_events import SHARED, EventConflictError
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest, Target
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.event_sources import LOG, Choice, EventSources, Part
from lambdadesk.store.catalog_cache import CatalogCache
from lambdadesk.store.drafts import DraftStore
from lambdadesk.store.history import History
from lambdadesk.store.history_entry import HistoryKeeps
from lambdadesk.store.saved_events import SavedEvents
from tests.aws.test_shared_events import Sam
from tests.servers import faults
from tests.servers.fake_aws import make_function
from tests.servers.fake_mappings import make_mapping
from tests.servers.fake_services import FakeServices, to_policy

ACCOUNT = "000000000000"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:hello"
HELLO = FunctionInfo("hello", ARN)
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders"
UUID = "11111111-0000-4000-8000-000000000000"


@pytest.fixture
def services() -> Iterator[FakeServices]:
    """The function hello, which a queue with a filter starts."""
    with FakeServices() as server:
        server.functions = [make_function("hello")]
        pattern = {"Filters": [{"Pattern": '{"body": {"status": ["paid"]}}'}]}
        server.mappings = [make_mapping(UUID, ARN, QUEUE, FilterCriteria=pattern)]
        server.answers["GetPolicy"] = to_policy()
        server.answers["GetQueueUrl"] = {"QueueUrl": f"{server.url}/{ACCOUNT}/orders"}
        server.answers["GetQueueAttributes"] = {"Attributes": {"QueueArn": QUEUE}}
        yield server


@asynccontextmanager
async def opened(
    services: FakeServices, folder: Path, *, is_local: bool = False
) -> AsyncIterator[EventSources]:
    history = History(folder / "history.sqlite")
    await history.open()
    failures: list[tuple[str, Exception]] = []
    target = Target("us-east-1", endpoint_url=services.url, is_local=is_local)
    connection = Connection(
        get_unsaved_info(target),
        Gateway(target),
        history,
        CatalogCache(folder / "cache"),
        lambda name, error: failures.append((name, error)),
        DraftStore(folder / "drafts"),
    )
    saved = SavedEvents(folder / "events")
    sources = EventSources(connection, HELLO, lambda: saved)
    yield sources
    sources.close()
    await connection.close()
    await history.close()
    assert failures == []


def find(sources: EventSources, part: Part, title: str) -> Choice:
    return next(each for each in sources.states[part].choices if each.title == title)


def titles(sources: EventSources, part: Part) -> list[str]:
    return [each.title for each in sources.states[part].choices]


async def test_nothing_is_asked_of_aws_before_somebody_wants_it(
    services: FakeServices, tmp_path: Path
) -> None:
    async with opened(services, tmp_path) as sources:
        assert sources.states[Part.TRIGGERS].choices == (LOG,)
        assert len(sources.states[Part.TEMPLATES].choices) > 100
        for part in (Part.SAVED, Part.RECENT, Part.TEMPLATES):
            await sources.refresh(part)
        template = find(sources, Part.TEMPLATES, "SQS: message")
        event = await sources.load(template)
        assert json.loads(event.text)["Records"][0]["eventSource"] == "aws:sqs"
        assert (event.origin, event.template_key) == ("template SQS: message", "sqs-message")
        assert not sources.states[Part.TRIGGERS].was_loaded
        assert not sources.states[Part.SHARED].was_loaded
    assert services.requests() == []


async def test_triggers_give_events_that_pass_their_filters(services: FakeServices, tmp_path: Path) -> None:
    async with opened(services, tmp_path) as sources:
        changed: list[Part] = []
        sources.changed.connect(changed.append)
        await sources.refresh(Part.TRIGGERS)
        assert Part.TRIGGERS in changed
        assert titles(sources, Part.TRIGGERS) == ["SQS orders", LOG.title]
        trigger = sources.states[Part.TRIGGERS].choices[0]
        event = await sources.load(trigger)
        record = json.loads(event.text)["Records"][0]
        assert record["eventSourceARN"] == QUEUE
        assert event.origin == "trigger SQS orders"
        passes = sources.check_filters(trigger, event.text)
        assert passes is not None
        assert passes.verdict is FilterVerdict.PASSES
        other = sources.check_filters(trigger, event.text.replace("paid", "open"))
        assert other is not None
        assert other.verdict is FilterVerdict.FILTERED
        # Templates of what starts the function come first.
        first = sources.states[Part.TEMPLATES].choices[0]
        assert (first.title, first.detail) == ("SQS: message", "fits a trigger")
        assert sources.check_filters(first, event.text) is None


async def test_one_part_that_is_denied_keeps_no_other_from_being_loaded(
    services: FakeServices, tmp_path: Path
) -> None:
    services.always("DescribeSchema", faults.error(403, "ForbiddenException"))
    async with opened(services, tmp_path) as sources:
        for part in Part:
            await sources.refresh(part)
        state = sources.states[Part.SHARED]
        assert state.error is not None
        assert (state.error.kind, state.error.action) == (ErrorKind.DENIED, "schemas:DescribeSchema")
        assert not state.is_loading
        assert sources.states[Part.TRIGGERS].was_loaded
        assert sources.states[Part.SAVED].was_loaded
        services.always("DescribeSchema", None)
        await sources.refresh(Part.SHARED)
        assert sources.states[Part.SHARED].error is None
        assert sources.states[Part.SHARED].was_loaded


async def test_saved_events_are_kept_loaded_and_not_overwritten_unasked(
    services: FakeServices, tmp_path: Path
) -> None:
    async with opened(services, tmp_path) as sources:
        await sources.save("hello", "a", "1")
        await sources.save(SHARED, "b", "2")
        assert titles(sources, Part.SAVED) == ["a", "b"]
        event = await sources.load(find(sources, Part.SAVED, "a"))
        assert (event.text, event.origin, event.invocation_type) == ("1", "saved event a", None)
        await sources.save("hello", "a", "3")  # it was loaded here
        (tmp_path / "events" / "hello" / "a.json").write_text("4")
        with pytest.raises(EventConflictError):
            await sources.save("hello", "a", "5")
        await sources.save("hello", "a", "5", overwrite=True)
        await sources.rename(find(sources, Part.SAVED, "a"), "c")
        await sources.duplicate(find(sources, Part.SAVED, "c"))
        assert titles(sources, Part.SAVED) == ["c", "c copy", "b"]
        await sources.delete(find(sources, Part.SAVED, "c"))
        assert titles(sources, Part.SAVED) == ["c copy", "b"]
        (tmp_path / "events" / "hello" / "bad.json").write_bytes(b"\xff")
        await sources.refresh(Part.SAVED)
        bad = find(sources, Part.SAVED, "bad")
        assert bad.problem.startswith("The file is not text")
        with pytest.raises(UserError, match="The file is not text"):
            await sources.load(bad)


async def test_shared_events_go_both_ways(services: FakeServices, tmp_path: Path) -> None:
    sam = Sam(services.url)
    sam.put("hello", "theirs", {"n": 1}, "Event")
    async with opened(services, tmp_path) as sources:
        await sources.refresh(Part.SHARED)
        theirs = find(sources, Part.SHARED, "theirs")
        event = await sources.load(theirs)
        assert (json.loads(event.text), event.invocation_type) == ({"n": 1}, InvocationType.EVENT)
        await sources.share("ours", "2", InvocationType.REQUEST_RESPONSE)
        assert sam.get("hello", "ours") == (2, "RequestResponse")
        with pytest.raises(EventConflictError, match="There is a shareable event ours already"):
            await sources.share("ours", "3")
        await sources.share("ours", "3", replaces=True)
        sam.put("hello", "more", 4)
        assert await sources.duplicate(theirs) == "Meanwhile somebody else added more."
        assert sam.get("hello", "theirs-copy") == ({"n": 1}, "Event")
        await sources.duplicate(find(sources, Part.SHARED, "theirs-copy"))
        await sources.duplicate(theirs)
        copies = ["theirs-copy-copy", "theirs-copy-2"]
        assert sam.names("hello")[-2:] == copies
        for name in copies:
            await sources.delete(find(sources, Part.SHARED, name))
        await sources.rename(find(sources, Part.SHARED, "ours"), "renamed")
        await sources.delete(find(sources, Part.SHARED, "more"))
        assert titles(sources, Part.SHARED) == ["theirs", "theirs-copy", "renamed"]
        sam.put("hello", "renamed", 9)
        with pytest.raises(EventConflictError):
            await sources.delete(find(sources, Part.SHARED, "renamed"))
        await sources.delete(find(sources, Part.SHARED, "renamed"), overwrite=True)
        assert sam.names("hello") == ["theirs", "theirs-copy"]
    sam.client.close()


async def test_runs_are_loaded_again(services: FakeServices, tmp_path: Path) -> None:
    async with opened(services, tmp_path) as sources:
        connection: Any = sources._connection
        request = InvokeRequest(HELLO, b'{"a": 1}', InvocationType.EVENT, origin="saved event x")
        await connection.invoker.invoke(request)
        await connection.scope.wait("save history")
        await sources.refresh(Part.RECENT)
        (run,) = sources.states[Part.RECENT].choices
        assert run.detail.endswith("saved event x")
        event = await sources.load(run)
        assert (event.text, event.invocation_type) == ('{"a": 1}', InvocationType.EVENT)
        await connection.invoker.invoke(InvokeRequest(HELLO, b"2"))
        newest, _ = sources.states[Part.RECENT].choices
        assert newest.detail == "ok"
        assert (await sources.load(newest)).text == "2"
        await connection.scope.wait("save history")
        connection._history.keeps = HistoryKeeps.METADATA
        await sources.refresh(Part.RECENT)
        assert {each.problem for each in sources.states[Part.RECENT].choices} == {
            "The history keeps no payloads."
        }


async def test_live_data_is_offered_before_it_is_asked_for(services: FakeServices, tmp_path: Path) -> None:
    services.answers["ReceiveMessage"] = {"Messages": [{"MessageId": "m", "Body": "{}", "Attributes": {}}]}
    event = json.dumps({"detail-type": "a", "source": "b", "detail": {}})
    services.add_events("/aws/lambda/hello", event)
    async with opened(services, tmp_path) as sources:
        await sources.refresh(Part.TRIGGERS)
        trigger = sources.states[Part.TRIGGERS].choices[0]
        offer = sources.get_offer(trigger)
        assert offer is not None
        assert offer.text.endswith("It calls sqs:GetQueueAttributes, sqs:GetQueueUrl, sqs:ReceiveMessage.")
        assert services.requests("ReceiveMessage") == []
        found = await sources.fetch_live(trigger)
        assert json.loads(found.text)["Records"][0]["messageId"] == "m"
        assert found.origin == "live data of SQS orders"
        assert found.notes[-1] == "Asked sqs:GetQueueUrl, sqs:GetQueueAttributes, sqs:ReceiveMessage."
        with pytest.raises(UserError, match="The log was not read yet"):
            await sources.load(LOG)
        logged = await sources.fetch_live(LOG)
        assert json.loads(logged.text) == json.loads(event)
        assert sources.get_offer(sources.states[Part.TEMPLATES].choices[0]) is None


async def test_the_local_aws_is_not_asked_for_what_it_does_not_have(
    services: FakeServices, tmp_path: Path
) -> None:
    async with opened(services, tmp_path, is_local=True) as sources:
        await sources.refresh(Part.SHARED)
        error = sources.states[Part.SHARED].error
        assert error is not None
        assert error.message == "The Local AWS has no shareable test events."
        with pytest.raises(UserError, match="The Local AWS has no shareable test events"):
            await sources.share("a", "1")
    assert services.requests() == []
