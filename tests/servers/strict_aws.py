"""A MiniStack that checks signatures and policies, as AWS does."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import ministack
import pytest

from lambdadesk.local.server import _build_environment, pick_free_port

START_DEADLINE_S = 30
_PRELOADS = ("usr/lib/*/faketime/libfaketimeMT.so.1", "usr/lib/faketime/libfaketimeMT.so.1")


@contextmanager
def run_strict_aws(folder: Path, clock: Path | None = None) -> Iterator[str]:
    """Its URL, on a free port of 127.0.0.1, for as long as the context lasts.

    clock: a file with the time that it lives in (see get_faketime).
    """
    port = pick_free_port()
    environment = _build_environment(folder, port, Path(ministack.__file__).parents[1]) | {"AUTH": "true"}
    if clock is not None:
        environment |= get_faketime(clock)
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_until_healthy(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def get_faketime(clock: Path) -> dict[str, str]:
    """The environment of a process that lives in the time of the file `clock`, a line like "+16m"."""
    found = [path for pattern in _PRELOADS for path in Path("/").glob(pattern)]
    if not found:
        pytest.skip("libfaketime is not installed (apt install faketime)")
    return {
        "LD_PRELOAD": str(found[0]),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def _wait_until_healthy(process: "subprocess.Popen[bytes]", port: int) -> None:
    pause = Event()
    deadline = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError):
            pause.wait(0.02)
    raise RuntimeError("MiniStack did not start")
