"""The console shows one target at a time and leaves nothing of the one before."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from lambdadesk.aws.endpoints import is_aws
from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import FunctionInfo, InvokeRequest, Outcome, Target
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.console import Console
from lambdadesk.desk.tailer import TailState
from lambdadesk.store.history import History
from lambdadesk.store.history_entry import HistoryEntry, HistoryKeeps
from lambdadesk.store.paths import Paths
from lambdadesk.store.settings import Settings
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function

HELLO = FunctionInfo("hello")


@pytest.fixture
def console(tmp_path: Path) -> Console:
    paths = Paths(tmp_path / "home")
    return Console(paths, Settings(paths.settings_file), History(paths.history_file))


def target_of(aws: FakeAws, region: str = "us-east-1") -> Target:
    return Target(region, endpoint_url=aws.url)


async def test_opens_a_target_and_shows_its_last_list_at_once(console: Console, aws: FakeAws) -> None:
    await console.history.open()
    aws.functions = [make_function("hello")]
    opened: list[Connection] = []
    console.opened.connect(opened.append)
    connection = await console.open(target_of(aws))
    assert opened == [connection]
    assert console.connection is connection
    assert connection.catalog.state.functions == ()
    await connection.catalog.refresh()
    asked = len(aws.requests())
    again = await console.open(target_of(aws))
    assert again is not connection
    assert [function.name for function in again.catalog.state.functions] == ["hello"]
    assert again.catalog.state.from_cache
    assert len(aws.requests()) == asked
    await console.close()


async def test_to_switch_ends_the_work_of_the_one_before(console: Console, aws: FakeAws) -> None:
    await console.history.open()
    aws.functions = [make_function("hello")]
    earlier = await console.open(target_of(aws))
    tail = earlier.follow(HELLO)
    await until(tail.changed, lambda: tail.state is TailState.NO_GROUP, "the first poll")
    aws.always("Invoke", faults.hang)
    earlier.scope.start("invoke", earlier.invoker.invoke, InvokeRequest(HELLO, b"{}"))
    await until(earlier.invoker.recorded, lambda: True, "the record")
    seen: list[bool] = []
    console.opened.connect(lambda _connection: seen.append(earlier.scope.is_running("tail hello")))
    later = await console.open(target_of(aws, "eu-central-1"))
    assert seen == [False]
    assert later.target.region == "eu-central-1"
    assert await later.recent() == []
    (entry,) = await earlier.recent()  # written before the other was opened
    assert entry.outcome is Outcome.UNKNOWN
    await console.close()


async def test_a_switch_that_is_overtaken_closes_the_earlier_one_all_the_same(
    console: Console, aws: FakeAws
) -> None:
    await console.history.open()
    earlier = await console.open(target_of(aws))
    cleaned = asyncio.Event()
    begun = asyncio.Event()
    ended = asyncio.Event()

    async def clean_up_slowly() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await cleaned.wait()
            ended.set()

    earlier.scope.start("slow", clean_up_slowly)
    await begun.wait()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(console.open(target_of(aws, "eu-central-1")))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait({first})
        second = group.create_task(console.open(target_of(aws, "eu-west-1")))
        await asyncio.sleep(0)
        assert not second.done()
        cleaned.set()
    assert ended.is_set()
    assert console.connection is second.result()
    assert not earlier.scope.is_running("slow")
    await console.close()


@pytest.mark.parametrize(
    "target",
    [
        Target("not a region", endpoint_url="http://127.0.0.1:4566"),
        Target("us-east-1", endpoint_url="http://example.com"),
        Target("us-east-1", endpoint_url="ftp://127.0.0.1"),
    ],
)
async def test_an_unusable_target_is_said_and_nothing_is_open(console: Console, target: Target) -> None:
    with pytest.raises(UserError) as caught:
        await console.open(target)
    assert caught.value.kind is ErrorKind.INVALID
    assert console.connection is None
    await console.close()


async def test_failures_of_work_without_a_page_are_told(console: Console, aws: FakeAws) -> None:
    failures: list[tuple[str, Exception]] = []
    console.failed.connect(lambda name, error: failures.append((name, error)))
    aws.always("ListAliases", faults.denied("lambda:ListAliases"))
    connection = await console.open(target_of(aws))

    async def ask() -> None:
        await connection.qualifiers("hello")

    connection.scope.start("qualifiers", ask)
    await until(console.failed, lambda: failures, "the failure")
    ((name, error),) = failures
    assert name == "qualifiers"
    assert isinstance(error, UserError)
    assert error.kind is ErrorKind.DENIED
    await console.close()


async def test_the_region_comes_from_the_command_line_the_profile_or_the_environment(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "config").write_text(
        "[default]\nregion = eu-west-3\n[profile work]\nregion = eu-central-1\n[profile bare]\n"
    )
    assert await console.profiles() == ["bare", "default", "work"]
    assert await console.resolve("work", "", "") == Target("eu-central-1", "work")
    assert await console.resolve("work", "us-west-2", "") == Target("us-west-2", "work")
    assert (await console.resolve("", "", "")).region == "eu-west-3"
    endpoint = await console.resolve("", "", "http://127.0.0.1:4566")
    assert endpoint == Target("us-east-1", endpoint_url="http://127.0.0.1:4566")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
    assert (await console.resolve("", "", "")).region == "ap-northeast-1"
    assert is_aws(await console.resolve("", "", ""))
    await console.close()


async def test_only_the_local_aws_has_sample_events(console: Console, aws: FakeAws) -> None:
    assert console.sample_event(target_of(aws), "hello") == "{}"
    local = Target("us-east-1", endpoint_url="http://127.0.0.1:4566", is_local=True)
    assert console.sample_event(local, "hello") != "{}"
    assert console.sample_event(local, "not-a-sample") == "{}"
    await console.close()


async def test_close_is_harmless_where_nothing_is_open(console: Console) -> None:
    await console.close()
    await console.close()


async def test_the_start_deletes_what_is_older_than_the_user_wants(console: Console) -> None:
    await console.open_history()
    for sent_ms in (1, int(time.time() * 1000)):
        await console.history.add(HistoryEntry("local", "hello", sent_ms))
    console.settings.history_days = 30
    assert len(await console.history.recent("local")) == 2  # until the next start
    await console.history.close()
    await console.open_history()
    assert [entry.sent_ms > 1 for entry in await console.history.recent("local")] == [True]
    await console.close()


async def test_what_the_history_keeps_follows_the_settings(console: Console) -> None:
    await console.open_history()
    assert console.history.keeps is HistoryKeeps.FULL
    console.settings.history_keeps = "off"
    assert console.history.keeps is HistoryKeeps.OFF
    await console.close()


async def test_the_files_are_read_once_for_the_regions_of_all_profiles(
    console: Console, tmp_path: Path
) -> None:
    (tmp_path / ".aws").mkdir()
    config = tmp_path / ".aws" / "config"
    config.write_text("".join(f"[profile p{n}]\nregion = eu-west-{n}\n" for n in range(1, 4)))
    infos = [ConnectionInfo("", f"p{n}", ConnectionKind.PROFILE, profile=f"p{n}") for n in range(1, 5)] + [
        ConnectionInfo("one", "One", ConnectionKind.PROFILE, profile="p2"),
        ConnectionInfo("two", "Two", ConnectionKind.PROFILE, profile="p2", regions=("us-west-1",)),
        ConnectionInfo("three", "Three", ConnectionKind.ENDPOINT, endpoint_url="http://127.0.0.1:1"),
    ]
    reads: list[object] = []
    is_listening = True

    def listen(event: str, args: tuple[object, ...]) -> None:
        if is_listening and event == "open" and str(args[0]) == str(config):
            reads.append(args[0])

    sys.addaudithook(listen)  # for ever, so it is told when to stop
    found = await console.get_usual_regions(infos)
    is_listening = False
    assert found == {
        "p1": "eu-west-1",
        "p2": "eu-west-2",
        "p3": "eu-west-3",
        "p4": "us-east-1",
        "one": "eu-west-2",
        "three": "us-east-1",
    }
    assert len(reads) == 1
    config.write_text("[profile p1\n")
    assert set((await console.get_usual_regions(infos)).values()) == {"us-east-1"}
    await console.close()


async def test_saved_events_are_where_the_settings_say(console: Console, tmp_path: Path) -> None:
    first = console.saved_events
    assert first is console.saved_events
    assert first.folder == console.paths.events_dir
    console.settings.events_folder = str(tmp_path / "repository")
    await console.saved_events.save("hello", "a", "1", version="")
    assert (tmp_path / "repository" / "hello" / "a.json").read_text() == "1"
    console.settings.events_folder = ""
    assert console.saved_events.folder == console.paths.events_dir
