"""Several windows write one history at once, and one that is killed loses nothing that was written."""

import signal
import subprocess
import sys
from pathlib import Path

from tests.store.history_rig import opened

WRITER = """
import asyncio, sys
from pathlib import Path
from lambdadesk.store.history import History
from lambdadesk.store.history_entry import HistoryEntry

async def main():
    history = History(Path(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    message = await history.open()
    if message:
        sys.exit(message)
    for number in range(int(sys.argv[3])):
        await history.add(HistoryEntry("local", sys.argv[2], number, payload=b"x" * 2000))
        if number == 20:
            print("writing", flush=True)
    await history.close()

asyncio.run(main())
"""


def start_writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def let_go(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


async def test_windows_that_start_and_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    names = ("one", "two", "three")
    children = [start_writer(path, name, 50) for name in names]
    for child in children:
        let_go(child)
    for child in children:
        child.communicate()
        assert child.returncode == 0
    async with opened(path) as history:
        for name in names:
            assert len(await history.recent("local", name, limit=1000)) == 50


async def test_a_kill_while_writing_loses_nothing_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    for round_number in range(1, 4):
        child = start_writer(path, f"round {round_number}", 10**6)
        let_go(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "writing\n"
        child.send_signal(signal.SIGKILL)
        child.communicate()
        async with opened(path) as history:
            assert len(await history.recent("local", f"round {round_number}", limit=10**6)) >= 21
