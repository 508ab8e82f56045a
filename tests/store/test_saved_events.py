"""Saved events are plain files: byte for byte, in their folder, and nobody's change is lost unasked."""

import os
import sys
from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.saved_events import SHARED, EventConflictError
from lambdadesk.store.saved_events import SavedEvents


@pytest.fixture
def events(tmp_path: Path) -> SavedEvents:
    return SavedEvents(tmp_path / "events")


def write(events: SavedEvents, place: str, data: bytes | str) -> Path:
    path = events.folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def list_files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


async def test_the_file_is_the_payload_byte_for_byte(events: SavedEvents) -> None:
    text = '\ufeff{"a":1.0,\r\n "b": "ä😀\u00a0",  "a":1e3}\n\n'
    saved = await events.save("orders", "first order", text, version="")
    path = events.folder / "orders" / "first order.json"
    assert path.read_bytes() == text.encode()
    assert await events.read("orders", "first order") == saved
    assert saved.text == text
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    await events.save(SHARED, "ping", "{}", version="")
    assert list_files(events.folder) == ["orders/first order.json", "shared/ping.json"]


async def test_nothing_saved_yet_is_an_empty_list(events: SavedEvents) -> None:
    assert await events.list("orders") == ()
    assert await events.list(SHARED) == ()
    assert not events.folder.exists()


async def test_lists_by_name_and_leaves_out_what_is_no_event(events: SavedEvents) -> None:
    for place in ("b.json", "A.json", "c.JSON", "notes.txt", ".hidden.json", "sub.json/x.json"):
        write(events, f"orders/{place}", "{}")
    write(events, "other/d.json", "{}")
    found = await events.list("orders")
    assert [(each.owner, each.name, each.size_bytes, each.problem) for each in found] == [
        ("orders", "A", 2, ""),
        ("orders", "b", 2, ""),
    ]
    assert all(each.modified_ms > 0 for each in found)


async def test_one_bad_file_keeps_no_other_from_being_listed(events: SavedEvents) -> None:
    write(events, "orders/good.json", "{}")
    write(events, "orders/latin.json", b'{"name": "\xe4"}')
    write(events, "orders/huge.json", b"x" * (6 * 1024 * 1024 + 1))
    (events.folder / "orders" / "loop.json").symlink_to("loop.json")
    (events.folder / "orders" / "nowhere.json").symlink_to("not there")
    os.mkfifo(events.folder / "orders" / "pipe.json")
    problems = {each.name: each.problem for each in await events.list("orders")}
    assert problems.pop("good") == ""
    assert problems.pop("latin") == "The file is not text in UTF-8 (byte 11)."
    assert problems.pop("huge") == "The file has 6.0 MB; an invocation takes 6 MB at most."
    assert problems.pop("pipe") == "This is not a file."
    assert problems.pop("loop").startswith("The file can't be read (")
    assert problems.pop("nowhere") == "The file can't be read (No such file or directory)."
    assert problems == {}
    for name in ("latin", "huge", "pipe"):
        with pytest.raises(UserError) as caught:
            await events.read("orders", name)
        assert caught.value.kind is ErrorKind.STORAGE


async def test_what_may_not_be_read_is_said_at_its_row(events: SavedEvents) -> None:
    path = write(events, "orders/mine.json", "{}")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    (found,) = await events.list("orders")
    assert found.problem == "The file can't be read (Permission denied)."


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "..",
        ".",
        ".hidden",
        "../up",
        "a/b",
        "a\\b",
        "c:d",
        "what?",
        "a\0b",
        "line\nbreak",
        "zero\u200bwidth",
        "ends.",
        "ends ",
        " begins",
        "CON",
        "nul.txt",
        "com1",
        "LPT9.x",
        "COM¹",
        "a\u0308",  # two code points that macOS would make one of
        "x" * 101,
        "ä" * 101,
        "\ud800",
    ],
)
async def test_names_that_some_system_can_not_keep_are_refused(events: SavedEvents, name: str) -> None:
    for call in (
        lambda: events.save("orders", name, "{}", version=None),
        lambda: events.read("orders", name),
        lambda: events.delete("orders", name),
    ):
        with pytest.raises(UserError) as caught:
            await call()
        assert caught.value.kind is ErrorKind.INVALID
    assert not events.folder.exists()


async def test_what_a_person_put_there_under_such_a_name_can_be_read_and_renamed(events: SavedEvents) -> None:
    write(events, "orders/aux.json", "1")
    (found,) = await events.list("orders")
    assert (await events.read("orders", found.name)).text == "1"
    await events.rename("orders", found.name, "better")
    assert list_files(events.folder) == ["orders/better.json"]


async def test_no_function_can_be_mistaken_for_the_shared_folder(events: SavedEvents) -> None:
    await events.save("shared", "of the function", "1", version="")
    await events.save("Con", "x", "2", version="")
    await events.save(SHARED, "for all", "3", version="")
    assert list_files(events.folder) == [
        "Con~/x.json",
        "shared/for all.json",
        "shared~/of the function.json",
    ]
    assert [each.name for each in await events.list("shared")] == ["of the function"]


async def test_a_change_by_others_is_asked_about(events: SavedEvents) -> None:
    first = await events.save("orders", "a", "1", version="")
    second = await events.save("orders", "a", "2", version=first.version)
    write(events, "orders/a.json", "3 by git")
    with pytest.raises(EventConflictError) as caught:
        await events.save("orders", "a", "4", version=second.version)
    assert caught.value.message == "The file of a was changed since it was read."
    assert caught.value.current == "3 by git"
    assert (await events.read("orders", "a")).text == "3 by git"
    await events.save("orders", "a", "4", version=None)
    assert (await events.read("orders", "a")).text == "4"


async def test_a_name_that_is_taken_and_a_file_that_is_gone_are_asked_about_too(events: SavedEvents) -> None:
    first = await events.save("orders", "a", "1", version="")
    with pytest.raises(EventConflictError, match="There is a saved event a already") as caught:
        await events.save("orders", "a", "2", version="")
    assert caught.value.current == "1"
    (events.folder / "orders" / "a.json").unlink()
    with pytest.raises(EventConflictError, match="was deleted since it was read") as caught:
        await events.save("orders", "a", "2", version=first.version)
    assert caught.value.current is None
    assert list_files(events.folder) == []


async def test_names_that_differ_in_case_alone_are_one(events: SavedEvents) -> None:
    await events.save("orders", "Order", "1", version="")
    with pytest.raises(EventConflictError):
        await events.save("orders", "order", "2", version=None)
    await events.rename("orders", "Order", "order")  # its own name in other letters
    assert list_files(events.folder) == ["orders/order.json"]


async def test_renames_duplicates_and_deletes(events: SavedEvents) -> None:
    await events.save("orders", "a", "1", version="")
    await events.save("orders", "b", "2", version="")
    with pytest.raises(EventConflictError, match="There is a saved event b already"):
        await events.rename("orders", "a", "b")
    await events.rename("orders", "a", "c", new_owner=SHARED)
    assert list_files(events.folder) == ["orders/b.json", "shared/c.json"]
    copies = [await events.duplicate("orders", "b") for _ in range(2)]
    copies.append(await events.duplicate("orders", "b", new_owner=SHARED))
    assert [(each.owner, each.name) for each in copies] == [
        ("orders", "b copy"),
        ("orders", "b copy 2"),
        (SHARED, "b"),
    ]
    assert (await events.read("orders", "b copy 2")).text == "2"
    await events.delete("orders", "b")
    await events.delete("orders", "b")
    assert [each.name for each in await events.list("orders")] == ["b copy", "b copy 2"]
    for call in (lambda: events.read("orders", "b"), lambda: events.rename("orders", "b", "x")):
        with pytest.raises(UserError) as caught:
            await call()
        assert caught.value.kind is ErrorKind.NOT_FOUND


async def test_a_copy_of_the_longest_name_still_fits(events: SavedEvents) -> None:
    for name in ("x" * 100, "ä" * 100):
        await events.save("orders", name, "1", version="")
        copy = await events.duplicate("orders", name)
        assert copy.name.endswith(" copy")
        assert len(copy.name) <= 100


async def test_nothing_is_written_through_a_link(events: SavedEvents, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.json").write_text("secret")
    write(events, "orders/real.json", "{}")
    folder = events.folder / "orders"
    (folder / "stolen.json").symlink_to(outside / "secret.json")
    (folder / "alias.json").symlink_to("real.json")
    (events.folder / "away").symlink_to(outside)
    problems = {each.name: each.problem for each in await events.list("orders")}
    assert problems["alias"] == ""
    assert problems["stolen"] == "This is a link to a place outside the folder of saved events."
    for owner, name in (("orders", "stolen"), ("orders", "alias"), ("away", "secret"), ("away", "new")):
        with pytest.raises(UserError, match="link"):
            await events.save(owner, name, "overwritten", version=None)
    with pytest.raises(UserError, match="link"):
        await events.read("away", "secret")
    with pytest.raises(UserError, match="link"):
        await events.list("away")
    with pytest.raises(UserError, match="link"):
        await events.delete("away", "secret")
    with pytest.raises(UserError, match="link"):
        await events.rename("orders", "real", "x", new_owner="away")
    assert list_files(outside) == ["secret.json"]
    assert (outside / "secret.json").read_text() == "secret"
    await events.delete("orders", "stolen")  # the link alone
    assert (outside / "secret.json").exists()
    assert (folder / "real.json").read_text() == "{}"


async def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "link").symlink_to("repository")
    events = SavedEvents(tmp_path / "link")
    await events.save("orders", "a", "1", version="")
    assert (tmp_path / "repository" / "orders" / "a.json").read_text() == "1"


async def test_what_can_not_be_sent_is_not_saved(events: SavedEvents) -> None:
    with pytest.raises(UserError, match="takes 6,291,456 at most"):
        await events.save("orders", "a", "x" * (6 * 1024 * 1024 + 1), version="")
    with pytest.raises(UserError, match="half of a character"):
        await events.save("orders", "a", '"\ud800"', version="")
    assert not events.folder.exists()


async def test_a_disk_that_says_no_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "events").write_text("a file where the folder should be")
    events = SavedEvents(tmp_path / "events")
    with pytest.raises(UserError) as caught:
        await events.save("orders", "a", "1", version="")
    assert caught.value.kind is ErrorKind.STORAGE
    assert caught.value.message == "The event a can't be saved."
    with pytest.raises(UserError) as caught:
        await events.list("orders")
    assert caught.value.kind is ErrorKind.STORAGE


@pytest.mark.skipif(sys.platform == "win32", reason="the temporary names are POSIX's")
async def test_leaves_no_temporary_files(events: SavedEvents) -> None:
    for count in range(3):
        await events.save("orders", "a", str(count), version=None)
    assert list_files(events.folder) == ["orders/a.json"]
