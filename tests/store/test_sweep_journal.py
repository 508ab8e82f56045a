"""The journal of power sweeps holds what was written, whoever ends, and tells no sweep twice."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.power_sweep import SweepEntry
from lambdadesk.store.sweep_journal import SweepJournal

ENTRY = SweepEntry("id", "target/us-east-1", "hello", 512, 1, (1024,), "2026-01-02", True)
# Writes an entry and waits to be killed.
HOLDER = """
import sys, signal
from pathlib import Path
from lambdadesk.core.power_sweep import SweepEntry
from lambdadesk.store.sweep_journal import SweepJournal
journal = SweepJournal(Path(sys.argv[1]))
journal.write(SweepEntry("id", "target/us-east-1", "hello", 512, 1, (1024,)))
print("written", flush=True)
signal.pause()
"""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SweepJournal]:
    journal = SweepJournal(tmp_path / "sweeps")
    yield journal
    journal.close()


def test_what_was_written_is_there_for_the_next_one(journal: SweepJournal) -> None:
    journal.write(ENTRY)
    assert journal.load(ENTRY.target_key) == []  # while somebody works on it
    journal.close()
    again = SweepJournal(journal.folder)
    assert again.load(ENTRY.target_key) == [ENTRY]
    assert again.load("another/us-east-1") == []
    again.remove(ENTRY)
    assert list(journal.folder.iterdir()) == []


def test_what_nobody_works_on_any_more_can_be_taken_up(journal: SweepJournal) -> None:
    journal.write(ENTRY)
    journal.release(ENTRY)
    assert journal.load(ENTRY.target_key) == [ENTRY]
    journal.write(ENTRY)
    assert SweepJournal(journal.folder).load(ENTRY.target_key) == []


def test_a_living_process_keeps_its_own_and_a_killed_one_leaves_it(journal: SweepJournal) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(journal.folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "written\n"
            assert journal.load(ENTRY.target_key) == []
            with pytest.raises(UserError, match="Another window"):  # it is not to be written over, either
                journal.write(ENTRY)
        finally:
            process.kill()
    (found,) = journal.load(ENTRY.target_key)
    assert (found.function, found.memory_mb, found.set_mb) == ("hello", 512, (1024,))


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"format": 1, "function": 5}', b"\xff"])
def test_what_is_damaged_is_passed_over(journal: SweepJournal, content: bytes) -> None:
    journal.write(ENTRY)
    journal.close()
    (path,) = journal.folder.glob("*.json")
    path.write_bytes(content)
    assert journal.load(ENTRY.target_key) == []
    assert journal.load("") == []


def test_a_disk_that_takes_nothing_is_told(journal: SweepJournal) -> None:
    journal.folder.write_text("in the way")
    with pytest.raises(UserError) as caught:
        journal.write(ENTRY)
    assert caught.value.kind is ErrorKind.STORAGE
