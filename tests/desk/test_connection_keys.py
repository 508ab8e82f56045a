"""Keys of stored connections: in a real keyring, in memory, copied and deleted."""

from dataclasses import replace
from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.desk.tasks import TaskScope
from tests.desk.connections_rig import (
    KEY,
    OTHER_KEY,
    SECRET,
    call,
    call_failing,
    get_signers,
    make_endpoint,
    open_connections,
    texts_below,
)
from tests.keyring_session import KeyringSession, SilentPrompter
from tests.servers.fake_aws import FakeAws


async def test_a_saved_key_is_in_the_keyring_alone_and_signs(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    changes: list[None] = []
    connections.changed.connect(lambda: changes.append(None))
    info = make_endpoint(aws)
    state = await connections.save(info, KEY)
    assert state is not None
    assert state.in_keyring
    assert changes
    stored = connections.get("one")
    assert stored is not None
    assert stored.access_key_id == "AKIA…MPLE"
    assert SECRET not in texts_below(tmp_path / "desk")
    assert KEY.access_key_id not in texts_below(tmp_path / "desk")
    again = open_connections(tmp_path)  # the next start
    await call(again, again.get_all()[0])
    assert get_signers(aws) == [KEY.access_key_id]


async def test_a_key_kept_in_memory_is_nowhere_else(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    assert await connections.save(make_endpoint(aws), KEY, in_memory=True) is None
    assert connections.secrets.is_in_memory_only("one")
    await call(connections, connections.get_all()[0])
    again = open_connections(tmp_path)
    error = await call_failing(again, again.get_all()[0])
    assert error.message == "The access key of One is not on this computer."
    assert error.kind is ErrorKind.EXPIRED
    assert get_signers(aws) == [KEY.access_key_id]


async def test_without_a_keyring_saving_says_so_and_the_key_works(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    state = await connections.save(make_endpoint(aws), KEY)
    assert state is not None
    assert not state.in_keyring
    assert "in memory only" in state.message
    await call(connections, connections.get_all()[0])
    assert get_signers(aws) == [KEY.access_key_id]


async def test_an_edit_keeps_the_key_and_another_key_replaces_it(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    await call(connections, connections.get_all()[0])
    await connections.save(replace(connections.get_all()[0], name="Renamed"))
    await call(connections, connections.get_all()[0])
    await connections.save(connections.get_all()[0], OTHER_KEY)
    await call(connections, connections.get_all()[0])
    assert get_signers(aws) == [KEY.access_key_id, KEY.access_key_id, OTHER_KEY.access_key_id]
    assert [info.name for info in connections.get_all()] == ["Renamed"]


async def test_a_key_counts_although_its_id_was_only_entered_with_it(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    await connections.save(make_endpoint(aws, access_key_id=""), OTHER_KEY)
    await call(connections, connections.get_all()[0])
    assert get_signers(aws) == [OTHER_KEY.access_key_id]


async def test_a_connection_that_signs_otherwise_leaves_no_key_behind(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    await connections.save(make_endpoint(aws, access_key_id=""))
    assert await connections.secrets.load("one") is None
    await call(connections, connections.get_all()[0])
    assert get_signers(aws) == ["test"]


async def test_what_is_wrong_is_not_saved(keyring: KeyringSession, aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    with pytest.raises(UserError, match="no name"):
        await connections.save(make_endpoint(aws, name=""), KEY)
    assert connections.get_all() == ()
    assert await connections.secrets.load("one") is None


@pytest.mark.parametrize("in_memory", [False, True])
async def test_a_copy_has_a_key_of_its_own(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path, in_memory: bool
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY, in_memory=in_memory)
    copy = await connections.duplicate("one")
    assert [info.name for info in connections.get_all()] == ["One", "One (copy)"]
    assert connections.secrets.is_in_memory_only(copy.id) is in_memory
    await connections.delete("one")
    assert connections.get_all() == (connections.get(copy.id),)
    assert await connections.secrets.load("one") is None
    await call(connections, connections.get_all()[0])
    assert get_signers(aws) == [KEY.access_key_id]
    await connections.delete(copy.id)
    assert await connections.secrets.load(copy.id) is None


async def test_there_is_no_copy_without_its_key(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    keyring.lock()
    with pytest.raises(UserError, match="can't be read"):
        await connections.duplicate("one")
    assert [info.name for info in connections.get_all()] == ["One"]


async def test_what_is_in_a_locked_keyring_is_not_deleted(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    keyring.lock()
    with pytest.raises(UserError, match="may still be in the keyring"):
        await connections.delete("one")
    assert [info.name for info in connections.get_all()] == ["One"]


@pytest.mark.parametrize("work", ["duplicate", "delete"])
async def test_to_stop_waiting_for_the_keyring_leaves_all_as_it_was(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path, work: str
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    keyring.lock()
    prompter = SilentPrompter(keyring)
    scope = TaskScope(lambda _name, error: pytest.fail(str(error)))
    try:
        scope.start("work", getattr(connections, work), "one")
        await in_thread(prompter.asked.wait)
        scope.cancel("work")
        await scope.wait("work")
    finally:
        prompter.close()
        await scope.close()
    assert [info.name for info in connections.get_all()] == ["One"]
    with pytest.raises(UserError, match="locked"):  # the thread that waited has ended when this one is told
        await connections.secrets.load("one")
    keyring.stop()
    keyring.start("a password")
    assert await connections.secrets.load("one") == replace(KEY, endpoint_url=aws.url)


async def test_without_a_keyring_a_connection_is_deleted_and_its_key_told_of(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    keyring.stop()
    with pytest.raises(UserError, match="may still be in the keyring"):
        await connections.delete("one")
    assert connections.get_all() == ()


async def test_moving_keeps_the_users_order(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    for number in range(3):
        await connections.save(make_endpoint(aws, id=str(number), name=str(number), access_key_id=""))
    await connections.move("2", 0)
    assert [info.id for info in open_connections(tmp_path).get_all()] == ["2", "0", "1"]
