from pathlib import Path

from lambdadesk.store.response_file import ResponseFile


def test_all_bytes_are_there_once_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "response"
    path.write_bytes(b"of an earlier run")
    file = ResponseFile(path)
    assert path.read_bytes() == b"of an earlier run"  # until something comes
    file.write(b"one ")
    file.write(b"two")
    file.close()
    file.write(b"too late")
    file.close()
    assert path.read_bytes() == b"one two"
    assert (file.saved_bytes, file.error) == (7, "")


def test_a_file_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    file = ResponseFile(tmp_path / "absent" / "response")
    file.write(b"x")
    file.write(b"y")
    file.close()
    assert (file.saved_bytes, file.error) == (0, "No such file or directory")


def test_a_disk_that_is_full_keeps_what_was_written() -> None:
    file = ResponseFile(Path("/dev/full"))
    file.write(b"x" * 1024 * 1024)
    file.close()
    assert file.error == "No space left on device"
