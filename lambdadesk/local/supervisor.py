"""The small process between the window and MiniStack, which ends MiniStack with the window.

Run as a script with two arguments: the folder of the run and the module to run. The window keeps the other
end of its standard input open; end of file means that the window is gone, however it went. Standard library
only, and nothing of lambdadesk: it has to start at once.
"""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

RECORD = "processes.json"
LOG = "ministack.log"
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def get_start_time(pid: int) -> str:
    """When the process began, in the system's own words; empty if there is none, or it can't be known.

    A pid and its start time name a process for good: a recycled pid has another start time.
    """
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        fields = stat.rpartition(")")[2].split()  # the name before it may hold blanks
        return "" if fields[0] == "Z" else fields[19]
    elif sys.platform != "win32":
        shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)
        return "".join(character for character in shown.stdout if character.isalnum())
    else:
        return ""


def get_processes_of(root: Path) -> list[int]:
    """The processes whose TMPDIR is `root`: MiniStack, its handlers and what they started (Linux only)."""
    if sys.platform != "linux":
        return []
    mark = b"\0TMPDIR=" + os.fsencode(root) + b"\0"
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        with suppress(OSError):  # of another user, or gone by now
            if mark in b"\0" + (folder / "environ").read_bytes() + b"\0":
                found.append(int(folder.name))
    return found


def clear(root: Path) -> None:
    """Kill every process of a run but this one, and delete its folder. Harmless if nothing is left."""
    with suppress(OSError, ValueError):
        for pid, start_time in json.loads((root / RECORD).read_text(encoding="utf-8")):
            if pid != os.getpid() and start_time and get_start_time(pid) == start_time:
                kill_group(pid)
    # A process may start another while it is being killed: until none is left, within reason.
    pause = threading.Event()
    for _ in range(200):
        remaining = get_processes_of(root)
        for pid in remaining:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not remaining:
            break
        pause.wait(0.01)
    shutil.rmtree(root, ignore_errors=True)


def kill_group(pid: int) -> None:
    """Kill a process that leads a group, with its group where the system has such."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], capture_output=True)
    else:
        with suppress(OSError):  # all of them have gone by themselves
            os.killpg(pid, signal.SIGKILL)


def _get_death_wish() -> Callable[[], None] | None:
    """What the server runs before anything else, so that the system kills it when this process dies."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    supervisor = os.getpid()

    def die_with_supervisor() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:  # it died before the call
            os._exit(1)

    return die_with_supervisor


def supervise(root: Path, module: str) -> int:
    """Run the module until standard input ends, SIGTERM comes or it ends by itself; then clear everything.

    The folder stays if the server ended by itself, so that its log can be read; the window clears it.
    """
    with (root / LOG).open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0 if os.name == "posix" else None,
            preexec_fn=_get_death_wish(),  # safe: this process has no other thread yet
        )
    asked = threading.Event()

    def end(*_: object) -> None:
        asked.set()
        kill_group(server.pid)

    def watch_window() -> None:
        while os.read(0, 1):
            pass
        end()

    try:
        signal.signal(signal.SIGTERM, end)
        threading.Thread(target=watch_window, daemon=True).start()
        record = [(pid, get_start_time(pid)) for pid in (os.getpid(), server.pid)]
        (root / RECORD).write_text(json.dumps(record), encoding="utf-8")
        code = server.wait()
    finally:
        kill_group(server.pid)  # its handlers; and itself, if the disk is full
    if asked.is_set():
        clear(root)
        return 0
    return code or 1


if __name__ == "__main__":
    sys.exit(supervise(Path(sys.argv[1]), sys.argv[2]))
