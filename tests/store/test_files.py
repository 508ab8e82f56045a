"""A saved file is whole after a kill and after a full disk, and leaves nothing beside it."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lambdadesk.store.files import set_aside, write_atomic

SAVE_FOR_EVER = """
import sys
from pathlib import Path
from lambdadesk.store.files import write_atomic
path = Path(sys.argv[1])
print("ready", flush=True)
for count in range(10**9):
    write_atomic(path, bytes([65 + count % 26]) * 200_000)
    if count == 3:
        print("saving", flush=True)
"""


def test_content_mode_and_nothing_left_over(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.json"
    before = os.umask(0)
    try:
        write_atomic(path, b"one")
        write_atomic(path, b"two")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == ["file.json"]


def test_kill_while_saving_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", SAVE_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            assert child.stdout.readline() == "saving\n"
            child.send_signal(signal.SIGKILL)
        content = path.read_bytes()
        assert len(content) == 200_000
        assert len(set(content)) == 1


def test_full_disk_keeps_the_old_content_and_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError):  # noqa: PT011  which one differs by file system
            write_atomic(path, b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_damaged_files_are_set_aside_one_beside_the_other(tmp_path: Path) -> None:
    kept = []
    for content in (b"first", b"second"):
        path = tmp_path / "settings.json"
        path.write_bytes(content)
        kept.append(set_aside(path))
        assert not path.exists()
    assert [path.read_bytes() for path in kept] == [b"first", b"second"]
    assert all(path.name.startswith("settings.corrupt-") and path.suffix == ".json" for path in kept)
