"""The shared AWS files: their edits are noticed, and only what changed is read anew."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.core.errors import ErrorKind
from lambdadesk.desk.connections import Connections
from lambdadesk.desk.tasks import TaskScope
from tests.desk.connections_rig import (
    call,
    call_failing,
    get_signers,
    make_role,
    open_connections,
    write_files,
)
from tests.desk.waiting import until
from tests.servers.fake_aws import FakeAws


def key_profile(name: str, key_id: str) -> str:
    return f"[{name}]\naws_access_key_id = {key_id}\naws_secret_access_key = s\n"


@asynccontextmanager
async def watching(connections: Connections) -> AsyncIterator[list[frozenset[str]]]:
    """The files are watched; what was told of them."""
    told: list[frozenset[str]] = []
    errors: list[Exception] = []
    connections.refreshed.connect(told.append)
    scope = TaskScope(lambda _name, error: errors.append(error))
    scope.start("watch", connections.watch_files, 0.01)
    try:
        yield told
    finally:
        await scope.close()
    assert errors == []


async def test_an_edit_of_the_files_is_noticed_and_only_what_changed_is_read_anew(
    aws: FakeAws, tmp_path: Path
) -> None:
    write_files(tmp_path, "", key_profile("a", "A1") + key_profile("b", "B1"))
    connections = open_connections(tmp_path)
    a, b = (
        ConnectionInfo(name, name, ConnectionKind.PROFILE, profile=name, endpoint_url=aws.url)
        for name in "ab"
    )
    on_a = make_role("a")
    for info in (a, b, on_a):
        await connections.save(info)
        connections.prompts.asked.connect(lambda question: question.cancel())
        await call(connections, info)
    other = connections.source_of(b)
    kept = other.get_credentials("us-east-1")
    async with watching(connections) as told:
        # An edit before the first look would be none, so that the files change until it is noticed.
        for number in range(2, 5_000):
            write_files(tmp_path, "", key_profile("a", f"A{number}") + key_profile("b", "B1"))
            if told:
                break
            await asyncio.sleep(0.005)
        await until(connections.refreshed, lambda: told, "an edit of the files")
    assert set().union(*told) == {"a", "role1"}
    assert other.get_credentials("us-east-1") is kept
    for info in (a, b, on_a):
        await call(connections, info)
    assert get_signers(aws)[:3] == ["A1", "B1", "ASIA1"]
    assert get_signers(aws)[3] == f"A{number}"
    assert get_signers(aws)[4:] == ["B1", "ASIA2"]


async def test_broken_and_vanished_files_are_survived(aws: FakeAws, tmp_path: Path) -> None:
    write_files(tmp_path, "", key_profile("a", "A1"))
    connections = open_connections(tmp_path)
    a = ConnectionInfo("a", "a", ConnectionKind.PROFILE, profile="a", endpoint_url=aws.url)
    await connections.save(a)
    await call(connections, a)
    told: list[frozenset[str]] = []
    connections.refreshed.connect(told.append)
    write_files(tmp_path, "[broken", "")
    await connections.reread_files()
    assert (await call_failing(connections, a)).kind is ErrorKind.INVALID
    for path in (tmp_path / ".aws").iterdir():
        path.unlink()
    await connections.reread_files()
    assert (await call_failing(connections, a)).kind is ErrorKind.EXPIRED
    write_files(tmp_path, "", key_profile("a", "A2"))
    await connections.reread_files()
    await call(connections, a)
    assert get_signers(aws) == ["A1", "A2"]
    assert told[0] == frozenset({"a"})


async def test_files_that_stay_as_they_are_are_not_read_anew(aws: FakeAws, tmp_path: Path) -> None:
    write_files(tmp_path, "", key_profile("a", "A1"))
    connections = open_connections(tmp_path)
    async with watching(connections) as told:
        for _turn in range(20):
            await asyncio.sleep(0.01)
        assert told == []
