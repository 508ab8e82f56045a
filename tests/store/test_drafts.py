"""Drafts survive the process, are private, and are nowhere where they may not be kept."""

import os
import stat
import threading
from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.payload import SYNC_LIMIT
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.drafts import LIMIT_BYTES, Draft, DraftStore

KEY = ("default@aws/us-east-1", "hello")
CANARY = "CANARY-typed"
DRAFT = Draft(
    f'{{"a": "{CANARY}"',
    "Event",
    "live",
    '{"custom": {}}',
    "tenant",
    "name",
    log_tail=False,
    is_streaming=True,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "drafts"


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []


async def test_the_next_start_finds_it(folder: Path) -> None:
    await DraftStore(folder).save(KEY, DRAFT)
    again = DraftStore(folder)
    assert await again.load(KEY) == DRAFT
    assert await again.load((KEY[0], "other")) is None
    assert await again.load(("default@aws/eu-west-1", "hello")) is None


async def test_only_the_owner_may_read_it(folder: Path) -> None:
    before = os.umask(0)
    try:
        await DraftStore(folder).save(KEY, DRAFT)
    finally:
        os.umask(before)
    (path,) = files(folder)
    assert [stat.S_IMODE(os.stat(each).st_mode) for each in (path, folder)] == [0o600, 0o700]
    assert "hello" not in path.name


async def test_the_newest_of_many_writes_stays(folder: Path) -> None:
    store = DraftStore(folder)
    errors: list[Exception] = []
    scope = TaskScope(lambda _name, error: errors.append(error))
    for number in range(50):
        # Each cancels the wait of the one before, whose thread goes on.
        scope.start("draft", store.save, KEY, Draft(str(number)))
        await scope.wait("nothing")
    await scope.wait("draft")
    for thread in threading.enumerate():
        if thread.name.startswith("in_thread"):
            thread.join(5)
    loaded = await DraftStore(folder).load(KEY)
    assert loaded == Draft("49")
    assert errors == []


async def test_where_nothing_may_be_kept_it_is_in_memory_alone(folder: Path) -> None:
    store = DraftStore(folder)
    store.keeps = False
    await store.save(KEY, DRAFT)
    assert await store.load(KEY) == DRAFT
    assert files(folder) == []
    await DraftStore(folder).save(KEY, DRAFT)  # of another window, or an earlier choice
    other = DraftStore(folder)
    other.keeps = False
    assert await other.load(KEY) is None


async def test_deleting_leaves_nothing(folder: Path) -> None:
    store = DraftStore(folder)
    await store.save(KEY, DRAFT)
    (folder / ".left.tmp").write_text(CANARY)
    await store.delete_all()
    assert files(folder) == []
    assert await store.load(KEY) is None
    await DraftStore(folder / "absent").delete_all()


async def test_only_what_is_too_old_is_deleted(folder: Path) -> None:
    store = DraftStore(folder)
    await store.save(KEY, DRAFT)
    (old,) = files(folder)
    os.utime(old, (1, 1))
    await store.save((KEY[0], "new"), DRAFT)
    await store.delete_older(0)
    assert len(files(folder)) == 2
    await store.delete_older(30)
    assert old not in files(folder)
    assert len(files(folder)) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"payload": 1}', b"\xff", b"[" * 5000])
async def test_a_damaged_file_is_as_good_as_none(folder: Path, content: bytes) -> None:
    store = DraftStore(folder)
    await store.save(KEY, DRAFT)
    (path,) = files(folder)
    path.write_bytes(content)
    assert await DraftStore(folder).load(KEY) is None
    assert files(folder) == []


@pytest.mark.parametrize("payload", ['{"half": "\ud800 of one"}', '["", "", ""]' * (SYNC_LIMIT // 12)])
async def test_what_can_not_be_sent_or_grows_in_the_file_is_found_again(folder: Path, payload: str) -> None:
    await DraftStore(folder).save(KEY, Draft(payload))
    assert await DraftStore(folder).load(KEY) == Draft(payload)


async def test_what_is_far_too_large_is_not_written(folder: Path) -> None:
    store = DraftStore(folder)
    await store.save(KEY, DRAFT)
    await store.save(KEY, Draft("x" * (LIMIT_BYTES + 1)))
    assert files(folder) == []


async def test_a_disk_that_fails_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "in the way").touch()
    store = DraftStore(tmp_path / "in the way" / "drafts")
    with pytest.raises(UserError) as caught:
        await store.save(KEY, DRAFT)
    assert caught.value.kind is ErrorKind.STORAGE
    await store.save(KEY, DRAFT)
    await store.delete_all()
