"""What is in memory stays there: no core dump, no look from another process, and never a start that fails."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.application import CHECKOUT

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's own")
PR_GET_DUMPABLE = 3
ASK = (
    "import ctypes, resource\n"
    f"print(ctypes.CDLL(None).prctl({PR_GET_DUMPABLE}, 0, 0, 0, 0), "
    "resource.getrlimit(resource.RLIMIT_CORE)[0])\n"
)
# A screen that can't be opened ends the start right after its imports.
START = (
    "from lambdadesk.app.options import Options\n"
    "from lambdadesk.app.start import start\n"
    "assert start(Options()) == 3\n"
)


def run(code: str, folder: Path) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        env={"HOME": str(folder), "DISPLAY": ":65000"},
        capture_output=True,
        text=True,
        # As on a developer's machine, which keeps core dumps.
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2
        ),
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@linux_only
def test_a_start_leaves_no_core_dump_and_cannot_be_looked_into(tmp_path: Path) -> None:
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != 0:
        assert run(ASK, tmp_path) != "0 0\n"  # so that the next line says something
    assert run(START + ASK, tmp_path) == "0 0\n"


@linux_only
def test_a_child_can_be_looked_at_and_leaves_no_core_dump(tmp_path: Path) -> None:
    child = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {ASK!r}], check=True)\n"
    assert run(START + child, tmp_path) == "1 0\n"


@pytest.mark.parametrize("missing", ["resource", "_ctypes"])
def test_a_system_without_these_starts_all_the_same(tmp_path: Path, missing: str) -> None:
    code = (
        f"import sys\nsys.modules[{missing!r}] = None\n"
        "from lambdadesk.app.memory import keep_memory_private\n"
        "print(keep_memory_private())\n"
    )
    assert run(code, tmp_path) == "None\n"


@linux_only
def test_a_limit_that_may_not_be_changed_is_left(tmp_path: Path) -> None:
    refuse = (
        "import resource\n"
        "def refuse(*_):\n    raise ValueError('not allowed to raise maximum limit')\n"
        "resource.setrlimit = refuse\n"
    )
    assert run(f"{refuse}{START}print('started')\n", tmp_path) == "started\n"


@linux_only
@pytest.mark.parametrize("is_asked", [True, False])
def test_large_pieces_of_memory_go_back_to_the_system(tmp_path: Path, is_asked: bool) -> None:
    code = (
        "import ctypes\n"
        "from lambdadesk.app.memory import give_large_pieces_back\n"
        "names = ('arena', 'ordblks', 'smblks', 'hblks', 'hblkhd', 'a', 'b', 'c', 'd', 'e')\n"
        "fields = [(name, ctypes.c_size_t) for name in names]\n"
        "Info = type('Info', (ctypes.Structure,), {'_fields_': fields})\n"
        "info = getattr(ctypes.CDLL(None), 'mallinfo2', None)\n"
        f"{'give_large_pieces_back()' if is_asked else ''}\n"
        "piece = bytes(20_000_000)\n"
        "del piece\n"
        "if info is not None:\n"
        "    info.restype = Info\n"
        "    before = info().hblks\n"
        "    pieces = [bytes(500_000) for _ in range(8)]\n"
        "    print(info().hblks - before)\n"
    )
    assert run(code, tmp_path) in ("8\n" if is_asked else "0\n", "")
