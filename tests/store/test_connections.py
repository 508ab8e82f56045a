"""Connections are kept in order, whole, beside another window's, and without a secret."""

import asyncio
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind, Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.store.connections import ConnectionStore, new_connection_id

FULL = ConnectionInfo(
    id="full",
    name="Arbeit ключ 🔑",
    kind=ConnectionKind.ASSUME_ROLE,
    colour="#a01030",
    regions=("eu-central-1", "us-east-1"),
    guard=Guard.PRODUCTION,
    access_key_id="AKIA…MPLE",
    profile="work",
    endpoint_url="http://127.0.0.1:4566",
    accepts_plain_http=True,
    ca_bundle="/etc/ssl/own.pem",
    source_id="other",
    role_arn="arn:aws:iam::123456789012:role/reader",
    external_id="an id",
    mfa_serial="arn:aws:iam::123456789012:mfa/phone",
    session_name="a session",
    duration_s=900,
    session_tags=(("team", "blue"), ("cost", "1")),
    sso_start_url="https://example.awsapps.com/start",
    sso_region="eu-west-1",
    sso_session="work",
    sso_account_id="123456789012",
    sso_role_name="ReadOnly",
)


def info(name: str) -> ConnectionInfo:
    return ConnectionInfo(id=name, name=name.upper(), kind=ConnectionKind.PROFILE)


def opened(path: Path) -> ConnectionStore:
    store = ConnectionStore(path)
    assert store.load() is None
    return store


async def filled(path: Path, names: str) -> ConnectionStore:
    store = opened(path)
    for name in names:
        await store.add(info(name))
    return store


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def content_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def order(store: ConnectionStore) -> str:
    return "".join(connection.id for connection in store.get_all())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "connections.json"


async def test_every_field_comes_back(path: Path) -> None:
    assert all(getattr(FULL, field.name) != field.default for field in fields(FULL))
    store = opened(path)
    await store.add(FULL)
    assert opened(path).get_all() == (FULL,)
    assert opened(path).get("full") == FULL
    assert store.get("absent") is None
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700


async def test_only_the_masked_key_id_is_kept(path: Path) -> None:
    store = opened(path)
    await store.add(replace(FULL, access_key_id="AKIAIOSFODNN7EXAMPLE"))
    kept = store.get("full")
    assert kept is not None
    assert kept.access_key_id == "AKIA…MPLE"
    await store.replace(kept)
    assert store.get("full") == kept
    assert "AKIAIOSFODNN7EXAMPLE" not in content_of(path)


@pytest.mark.parametrize("url", ["http://user:canary@host", "http://canary@host:1/x", "http://[canary@x"])
async def test_a_password_in_a_url_is_refused(path: Path, url: str) -> None:
    store = opened(path)
    for broken in (replace(FULL, endpoint_url=url), replace(FULL, sso_start_url=url)):
        with pytest.raises(UserError) as failure:
            await store.add(broken)
        assert failure.value.kind is ErrorKind.INVALID
        assert "canary" not in str(failure.value) + failure.value.details
    assert store.get_all() == ()
    assert not list(path.parent.parent.iterdir())


@pytest.mark.parametrize(
    ("name", "index", "expected"),
    [("a", 0, "abc"), ("a", 1, "bac"), ("a", 2, "bca"), ("a", 9, "bca"), ("c", 0, "cab"), ("c", -1, "cab"),
     ("x", 1, "abc")],
)  # fmt: skip
async def test_move(path: Path, name: str, index: int, expected: str) -> None:
    store = await filled(path, "abc")
    await store.move(name, index)
    assert order(store) == order(opened(path)) == expected


async def test_replace_delete_and_duplicate(path: Path) -> None:
    store = await filled(path, "abc")
    changes: list[str] = []
    store.changed.connect(lambda: changes.append(order(store)))
    await store.replace(replace(info("b"), colour="#ffffff"))
    await store.delete("a")
    await store.delete("a")
    copy = await store.duplicate("b")
    again = await store.duplicate("b")
    assert (copy.name, again.name, copy.colour) == ("B (copy)", "B (copy 2)", "#ffffff")
    assert [connection.id for connection in store.get_all()] == ["b", again.id, copy.id, "c"]
    assert opened(path).get_all() == store.get_all()
    assert len(changes) == 4  # the second delete changed nothing
    with pytest.raises(UserError, match="deleted in another window"):
        await store.duplicate("a")


async def test_two_windows_keep_each_others_changes(path: Path) -> None:
    one = await filled(path, "abc")
    two = opened(path)
    await one.add(info("d"))
    await two.delete("a")
    await two.replace(replace(info("b"), colour="#000000"))
    await one.move("c", 0)
    assert order(one) == order(opened(path)) == "cbd"
    assert one.get("b") == replace(info("b"), colour="#000000")
    changes: list[str] = []
    two.changed.connect(lambda: changes.append(order(two)))
    assert two.load() is None
    assert two.load() is None
    assert changes == ["cbd"]


async def test_changes_at_the_same_time_are_all_kept(path: Path) -> None:
    store = opened(path)
    await asyncio.gather(*(store.add(info(name)) for name in "abcdefgh"))
    assert order(store) == order(opened(path)) == "abcdefgh"


async def test_what_a_newer_version_added_is_kept(path: Path) -> None:
    later = {"id": "z", "name": "Z", "kind": "passkey"}
    mine = {"id": "a", "name": "A", "kind": "profile", "icon": "star"}
    write(path, json.dumps({"version": 1, "groups": [1], "connections": [later, mine]}).encode())
    store = opened(path)
    assert order(store) == "a"
    await store.replace(replace(info("a"), colour="#ffffff"))
    await store.add(info("b"))
    await store.move("b", 0)
    document = json.loads(content_of(path))
    assert document["groups"] == [1]
    assert [entry["id"] for entry in document["connections"]] == ["z", "b", "a"]
    assert document["connections"][0] == later
    assert document["connections"][2]["icon"] == "star"


async def test_a_newer_file_is_read_but_not_written(path: Path) -> None:
    content = json.dumps({"version": 2, "connections": [{"id": "a", "name": "A", "kind": "profile"}]})
    write(path, content.encode())
    store = opened(path)
    assert order(store) == "a"
    with pytest.raises(UserError, match="newer LambdaDesk"):
        await store.add(info("b"))
    assert content_of(path) == content


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[1]", b"\xff\xfe", b"null", b"[" * 100_000, b'{"version": 1}',
     b'{"version": 1, "connections": [1]}', b'{"connections": []}'],
)  # fmt: skip
async def test_a_damaged_file_is_set_aside_and_said(path: Path, damage: bytes) -> None:
    write(path, damage)
    store = ConnectionStore(path)
    message = store.load()
    (kept,) = path.parent.iterdir()
    assert message == f"The file of connections was damaged. It is kept as {kept.name}."
    assert kept.read_bytes() == damage
    await store.add(info("a"))
    assert order(opened(path)) == "a"


async def test_damage_after_loading_loses_nothing_of_this_window(path: Path) -> None:
    store = await filled(path, "ab")
    write(path, b"{")
    await store.add(info("c"))
    assert order(store) == order(opened(path)) == "abc"


@pytest.mark.parametrize(
    "entry",
    [{}, {"id": "a"}, {"id": "", "name": "A", "kind": "profile"}, {"id": "a", "name": 1, "kind": "profile"},
     {"id": "a", "name": "A", "kind": "profile", "regions": "eu"},
     {"id": "a", "name": "A", "kind": "profile", "session_tags": [["one"]]},
     {"id": "a", "name": "A", "kind": "profile", "guard": "lax"},
     {"id": "a", "name": "A", "kind": "profile", "duration_s": True}],
)  # fmt: skip
def test_an_entry_that_makes_no_sense_is_left_out(path: Path, entry: dict[str, Any]) -> None:
    path.parent.mkdir()
    good = {"id": "b", "name": "B", "kind": "local"}
    path.write_text(json.dumps({"version": 1, "connections": [entry, good]}))
    assert order(opened(path)) == "b"


async def test_where_the_file_can_not_be_written_the_change_holds_and_is_written_later(
    tmp_path: Path,
) -> None:
    blocked = tmp_path / "config"
    blocked.write_text("a file where the folder should be")
    store = ConnectionStore(blocked / "connections.json")
    message = store.load()
    assert message is not None
    assert "could not be read" in message
    with pytest.raises(UserError, match="connections can't be saved") as failure:
        await store.add(info("a"))
    assert failure.value.kind is ErrorKind.STORAGE
    assert order(store) == "a"
    blocked.unlink()
    await store.add(info("b"))
    assert order(store) == order(opened(store.path)) == "ab"


def test_ids_differ() -> None:
    assert len({new_connection_id() for _ in range(100)}) == 100
