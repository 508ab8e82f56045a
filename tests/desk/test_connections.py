"""Stored connections: what they lead to, how they are guarded, and whom they share a source with."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind, Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.secret import Secret
from lambdadesk.core.types import Target
from lambdadesk.desk.connections import UNLOCKED_S, Connections, source_key
from tests.desk.connections_rig import (
    KEY,
    OTHER_KEY,
    SECRET,
    Clock,
    call,
    call_failing,
    get_signers,
    make_endpoint,
    make_role,
    open_connections,
)
from tests.keyring_session import KeyringSession
from tests.servers.fake_aws import FakeAws


async def test_a_target_leads_to_its_connection_or_to_one_that_says_the_same(
    aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws, access_key_id="")
    await connections.save(info)
    assert connections.info_of(info.target("eu-west-1")) == info
    bare = connections.info_of(Target("us-east-1", profile="work"))
    assert (bare.id, bare.kind, bare.profile) == ("", ConnectionKind.PROFILE, "work")
    gone = connections.info_of(replace(info.target("us-east-1"), connection_id="gone"))
    assert (gone.id, gone.kind, gone.endpoint_url) == ("", ConnectionKind.ENDPOINT, aws.url)


async def test_bare_profiles_and_endpoints_have_sources_of_their_own(tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    infos = [
        connections.info_of(target)
        for target in (
            Target("us-east-1", profile="work"),
            Target("us-east-1", profile="play"),
            Target("us-east-1", profile="work", endpoint_url="http://127.0.0.1:1"),
            Target("us-east-1", endpoint_url="http://127.0.0.1:1"),
        )
    ]
    assert len({source_key(info) for info in infos}) == 4
    assert len({id(connections.source_of(info)) for info in infos}) == 4
    assert connections.source_of(infos[0]) is connections.source_of(infos[0])


async def test_the_guard_of_a_connection_is_in_its_gateway(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    for guard in (Guard.READ_ONLY, Guard.PRODUCTION):
        info = make_endpoint(aws, access_key_id="", guard=guard)
        await connections.save(info)
        gateway = connections.open_gateway(info, info.target("us-east-1"))
        with pytest.raises(UserError) as caught:
            await gateway.call("lambda", "PublishVersion", FunctionName="f")
        assert caught.value.kind is ErrorKind.DENIED
        await gateway.close()
    assert aws.requests() == []


def get_http_endpoint(**changes: object) -> ConnectionInfo:
    info = ConnectionInfo(
        "one", "One", ConnectionKind.ENDPOINT, endpoint_url="http://10.0.0.1:4566", accepts_plain_http=True
    )
    return replace(info, **changes)  # type: ignore[arg-type]


async def test_plain_http_is_accepted_for_every_role_above_the_endpoint(tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    roles = make_role("one", 1), make_role("role1", 2)
    for info in (get_http_endpoint(), *roles):
        await connections.save(info)
        gateway = connections.open_gateway(info, info.target("us-east-1"))
        assert gateway.target.endpoint_url == "http://10.0.0.1:4566"
    await connections.store.replace(get_http_endpoint(accepts_plain_http=False))
    for info in roles:
        with pytest.raises(UserError, match="unencrypted"):
            connections.open_gateway(info, info.target("us-east-1"))


async def test_production_is_unlocked_for_ten_minutes(aws: FakeAws, tmp_path: Path) -> None:
    clock = Clock()
    connections = open_connections(tmp_path, clock)
    told: list[None] = []
    connections.unlocked.connect(lambda: told.append(None))
    info = make_endpoint(aws, access_key_id="", guard=Guard.PRODUCTION)
    other = make_endpoint(aws, id="two", name="Two", access_key_id="", guard=Guard.PRODUCTION)
    for each in (info, other):
        await connections.save(each)
    assert connections.needs_confirmation(info)
    connections.unlock(info)
    assert not connections.needs_confirmation(info)
    assert connections.needs_confirmation(other)
    assert connections.get_unlocked_s(info) == UNLOCKED_S == 600
    clock.now_s += 599
    assert not connections.needs_confirmation(info)
    clock.now_s += 1
    assert connections.needs_confirmation(info)
    assert connections.get_unlocked_s(info) == 0
    connections.unlock(info)
    connections.lock_again(info)
    assert connections.needs_confirmation(info)
    assert len(told) == 3
    for guard in (Guard.NORMAL, Guard.READ_ONLY):
        assert not connections.needs_confirmation(replace(info, guard=guard))


async def test_an_edited_connection_is_confirmed_again(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws, access_key_id="", guard=Guard.PRODUCTION)
    await connections.save(info)
    connections.unlock(info)
    await connections.save(replace(info, name="Another"))
    assert connections.needs_confirmation(info)


async def test_a_locked_application_signs_nothing(
    keyring: KeyringSession, aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    in_keyring = make_endpoint(aws)
    in_memory = make_endpoint(aws, id="two", name="Two")
    production = make_endpoint(aws, id="three", name="Three", access_key_id="", guard=Guard.PRODUCTION)
    role = make_role("one")
    await connections.save(in_keyring, KEY)
    await connections.save(in_memory, OTHER_KEY, in_memory=True)
    await connections.save(production)
    await connections.save(role)
    for info in (in_keyring, in_memory, role):
        await call(connections, info)
    connections.unlock(production)
    refreshed: list[frozenset[str]] = []
    unlocked: list[None] = []
    connections.refreshed.connect(refreshed.append)
    connections.unlocked.connect(lambda: unlocked.append(None))
    count = len(aws.requests())
    gateway = connections.open_gateway(in_keyring, in_keyring.target("us-east-1"))

    connections.lock()
    assert connections.is_locked
    assert refreshed == [frozenset({"one", "two", "role1"})]
    assert unlocked == [None]  # production is locked again
    for info in (in_keyring, in_memory, production, role):
        assert (await call_failing(connections, info)).message == "LambdaDesk is locked."
    with pytest.raises(UserError, match="is locked"):  # one that was open before
        await gateway.call("lambda", "ListFunctions")
    assert len(aws.requests()) == count
    assert connections.needs_confirmation(production)

    connections.unlock_all()
    assert len(refreshed) == 2
    await gateway.call("lambda", "ListFunctions")
    await gateway.close()
    await call(connections, role)
    assert len(aws.requests("AssumeRole")) == 2
    assert "not on this computer" in (await call_failing(connections, in_memory)).message


async def test_all_regions_share_one_source_and_one_session(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws, access_key_id=""))
    role = make_role("one", session_name="desk", external_id="partner", duration_s=900)
    await connections.save(role)
    await asyncio.gather(*(call(connections, role, region) for region in ("us-east-1", "eu-west-1")))
    (asked,) = aws.requests("AssumeRole")
    assert asked.params["RoleSessionName"] == "desk"
    assert asked.params["ExternalId"] == "partner"
    assert asked.params["DurationSeconds"] == "900"
    assert get_signers(aws) == ["ASIA1", "ASIA1"]


async def test_a_role_on_a_role_and_what_an_edit_below_does(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    first, second = make_role("one", 1), make_role("role1", 2)
    for info in (make_endpoint(aws, access_key_id=""), first, second):
        await connections.save(info)
    await call(connections, second)
    assert [request.access_key for request in aws.requests()] == ["test", "ASIA1", "ASIA2"]
    await call(connections, first)  # what the second was assumed with serves here, too
    assert len(aws.requests("AssumeRole")) == 2
    await connections.save(make_endpoint(aws), KEY, in_memory=True)
    await call(connections, second)
    assert [request.access_key for request in aws.requests()][-3:] == [KEY.access_key_id, "ASIA3", "ASIA4"]
    await connections.delete("one")
    error = await call_failing_to_open(connections, second)
    assert error.message == "Role 1 assumes its role with a connection that does not exist any more."


async def call_failing_to_open(connections: Connections, info: ConnectionInfo) -> UserError:
    with pytest.raises(UserError) as caught:
        connections.open_gateway(info, info.target("us-east-1"))
    assert caught.value.kind is ErrorKind.INVALID
    assert caught.value.hint
    return caught.value


async def test_roles_in_a_circle_are_one_sentence(tmp_path: Path) -> None:
    """Two windows may have made it, or a hand in the file."""
    connections = open_connections(tmp_path)
    for info in (make_role("role2", 1), make_role("role1", 2), make_role("role1", 3)):
        await connections.store.add(info)
    for info in connections.get_all():
        assert "in the end with itself" in (await call_failing_to_open(connections, info)).message
        with pytest.raises(UserError, match="in the end with itself"):
            await connections.get_sso(info)


async def test_trying_out_leaves_nothing_behind(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws)
    source = connections.build_source(info, KEY)
    gateway = connections.open_gateway(info, info.target("us-east-1"), source)
    await gateway.call("lambda", "ListFunctions")
    await gateway.close()
    assert get_signers(aws) == [KEY.access_key_id]
    assert (await call_failing(connections, info)).kind is ErrorKind.EXPIRED
    assert get_signers(aws) == [KEY.access_key_id]


async def test_before_there_is_a_loop_a_key_is_a_sentence(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    await connections.save(make_endpoint(aws), KEY)
    connections.close()
    assert (await call_failing(connections, make_endpoint(aws))).message == "Nobody can be asked now."


async def test_no_secret_shows(tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    info = ConnectionInfo("one", "One", ConnectionKind.ACCESS_KEY, access_key_id=KEY.access_key_id)
    await connections.save(info, KEY, in_memory=True)
    source = connections.source_of(info)
    shown = f"{connections.__dict__}{connections.secrets.__dict__}{source.__dict__}{info}"
    assert SECRET not in shown


async def test_another_name_or_colour_keeps_the_credentials(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws, access_key_id="")
    await connections.save(info)
    source = connections.source_of(info)
    await connections.save(replace(info, name="Renamed", colour="#a01030", guard=Guard.READ_ONLY))
    assert connections.source_of(connections.get_all()[0]) is source


async def test_another_endpoint_holds_from_the_first_word_of_the_change(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws, access_key_id="")
    await connections.save(info)
    connections.source_of(info)
    seen: list[str] = []
    connections.changed.connect(
        lambda: seen.append(connections.source_of(connections.get_all()[0]).endpoint_url)
    )
    await connections.save(replace(info, endpoint_url="http://127.0.0.1:9"))
    assert seen == ["http://127.0.0.1:9"]


async def test_a_new_secret_of_the_same_id_is_told_and_used(aws: FakeAws, tmp_path: Path) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws)
    await connections.save(info, KEY, in_memory=True)
    stored = connections.get_all()[0]
    before = connections.source_of(stored)
    told: list[None] = []
    connections.changed.connect(lambda: told.append(None))
    await connections.save(stored, replace(KEY, secret_access_key=Secret("replaced")), in_memory=True)
    assert told == [None]
    assert connections.source_of(connections.get_all()[0]) is not before


async def test_a_key_is_never_signed_for_another_endpoint_than_it_was_entered_for(
    aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws)
    await connections.save(info, KEY, in_memory=True)
    moved = replace(connections.get_all()[0], endpoint_url="http://127.0.0.1:9")
    gateway = connections.open_gateway(moved, moved.target("us-east-1"))
    with pytest.raises(UserError, match="was entered for another endpoint"):
        await gateway.call("lambda", "ListFunctions")
    await gateway.close()


async def test_lock_reaches_what_was_opened_before_an_edit_and_what_is_tried_out(
    aws: FakeAws, tmp_path: Path
) -> None:
    connections = open_connections(tmp_path)
    info = make_endpoint(aws, access_key_id="")
    await connections.save(info)
    opened = connections.open_gateway(info, info.target("us-east-1"))
    tried = connections.open_gateway(info, info.target("us-east-1"), connections.build_source(info))
    for gateway in (opened, tried):
        await gateway.call("lambda", "ListFunctions")
    await connections.save(replace(info, name="Renamed"))
    asked = len(aws.requests())
    connections.lock()
    for gateway in (opened, tried):
        with pytest.raises(UserError, match="LambdaDesk is locked"):
            await gateway.call("lambda", "ListFunctions")
        await gateway.close()
    assert len(aws.requests()) == asked
