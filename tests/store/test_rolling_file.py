"""Records come back, the oldest go first, a full disk takes nothing away, and no name is left."""

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lambdadesk.store.rolling_file import RollingFile


def test_records_come_back_until_their_segment_is_dropped(tmp_path: Path) -> None:
    file = RollingFile(tmp_path / "lines", segment_bytes=10)
    records = [file.append(f"record {number}".encode()) for number in range(5)]  # 8 bytes each
    assert [record.segment for record in records] == [0, 0, 1, 1, 2]
    assert [file.read(record) for record in records] == [f"record {number}".encode() for number in range(5)]
    assert file.bytes == 40
    file.drop_oldest()
    assert (file.first_segment, file.bytes) == (1, 24)
    assert [bool(file.read(record)) for record in records] == [False, False, True, True, True]
    file.drop_oldest()
    file.drop_oldest()  # the one that is written to stays
    assert file.read(records[4]) == b"record 4"
    file.close()
    assert file.read(records[4]) == b""
    assert file.bytes == 0


@pytest.mark.skipif(os.name != "posix", reason="a file that is open has a name there, until it is closed")
def test_nothing_is_left_even_where_the_process_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "lines"
    code = (
        "import sys; from pathlib import Path; from lambdadesk.store.rolling_file import RollingFile\n"
        "file = RollingFile(Path(sys.argv[1])); file.append(b'x' * 1000); print('written', flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="a limit of the file's size stands for a full disk"
)
def test_a_full_disk_takes_nothing_away(tmp_path: Path) -> None:
    file = RollingFile(tmp_path)
    first = file.append(b"first")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limit[1]))
        with pytest.raises(OSError) as raised:  # noqa: PT011  its number is looked at
            file.append(b"x" * 1_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    assert raised.value.errno == errno.EFBIG
    assert file.read(first) == b"first"
    second = file.append(b"second")
    assert (second.offset, file.read(second)) == (5, b"second")
    file.close()


def test_a_write_that_comes_after_the_end_opens_no_file(tmp_path: Path) -> None:
    file = RollingFile(tmp_path)
    file.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        file.append(b"late")
    assert file.bytes == 0


def test_a_record_that_the_disk_has_lost_is_no_record_that_was_dropped(tmp_path: Path) -> None:
    file = RollingFile(tmp_path / "lines")
    record = file.append(b"record")
    os.truncate(file._segments[0].fileno(), 3)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        file.read(record)
    file.close()
