"""The Local AWS starts, answers on loopback only, and never outlives its window."""

import asyncio
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.local import server, supervisor
from lambdadesk.local.clients import Clients
from lambdadesk.local.server import PACKAGE, LocalServer, node_path, pick_free_port
from tests.local.running import (
    create_function,
    find_process,
    list_listening_addresses,
    list_processes,
    wait_until,
)

CHECKOUT = Path(__file__).parents[2]

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def get_root(server: LocalServer) -> Path:
    assert server.log_path
    return server.log_path.parent


@contextmanager
def open_window(state_dir: Path) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """A process with a LocalServer and a busy handler, and the folder of its run."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.local.window", str(state_dir)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    ) as window:
        assert window.stdout
        try:
            yield window, Path(window.stdout.readline().strip())
        finally:
            window.kill()


@contextmanager
def start_sleeping() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that leads a group and does nothing."""
    with subprocess.Popen(["sleep", "60"], process_group=0) as process:
        try:
            yield process
        finally:
            process.kill()


@linux_only
async def test_start_and_stop_leave_nothing(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "state")
    deaths: list[str] = []
    server.died.connect(deaths.append)
    assert not server.is_alive
    await server.start()
    root = get_root(server)
    assert server.is_alive
    assert server.url == f"http://127.0.0.1:{server.port}"
    assert root.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert len(list_processes(root)) == 2
    with await in_thread(urllib.request.urlopen, f"{server.url}/_ministack/health") as answer:
        assert answer.status == 200
    await server.stop()
    assert not server.is_alive
    assert server.log_path is None
    assert os.listdir(tmp_path / "state") == []
    assert list_processes(root) == {}
    assert deaths == []
    await server.stop()  # harmless


@linux_only
@pytest.mark.parametrize("victim", ["supervisor.py", "-m ministack"])
async def test_an_unexpected_end_is_told_and_it_can_start_again(tmp_path: Path, victim: str) -> None:
    server = LocalServer(tmp_path)
    died: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    server.died.connect(died.set_result)
    await server.start()
    root = get_root(server)
    os.kill(find_process(root, victim), signal.SIGKILL)
    await died
    assert not server.is_alive
    assert not root.exists()
    assert list_processes(root) == {}
    await server.start()
    assert server.is_alive
    await server.stop()


@linux_only
async def test_handlers_end_with_the_server(tmp_path: Path) -> None:
    with open_window(tmp_path) as (window, root):
        assert any("sleep 20" in command for command in list_processes(root).values())
        window.send_signal(signal.SIGUSR1)
        assert await in_thread(window.wait, 10) == 0
    assert list_processes(root) == {}
    assert not root.exists()


@linux_only
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_killed_window_takes_everything_along(tmp_path: Path, how: signal.Signals) -> None:
    with open_window(tmp_path) as (window, root):
        assert len(list_processes(root)) >= 4  # supervisor, server, handler and its child
        window.send_signal(how)
    await in_thread(wait_until, lambda: not list_processes(root), "every process ends")
    await in_thread(wait_until, lambda: not root.exists(), "the folder is deleted")


@linux_only
async def test_leftovers_of_a_killed_window_and_supervisor_are_cleared(tmp_path: Path) -> None:
    with open_window(tmp_path) as (window, root):
        guard, ministack = find_process(root, "supervisor.py"), find_process(root, "-m ministack")
        window.send_signal(signal.SIGSTOP)  # so that the supervisor does not see it go first
        os.kill(guard, signal.SIGKILL)
        window.kill()
    await in_thread(wait_until, lambda: ministack not in list_processes(root), "MiniStack dies along")
    assert list_processes(root), "the busy handler is what is left over"
    assert root.exists()
    server = LocalServer(tmp_path)
    await server.start()
    assert list_processes(root) == {}
    assert not root.exists()
    await server.stop()


@linux_only
async def test_a_recycled_pid_is_not_killed(tmp_path: Path) -> None:
    with start_sleeping() as bystander:
        root = tmp_path / "run-999999999-1-leftover"
        root.mkdir()
        (root / supervisor.RECORD).write_text(json.dumps([(bystander.pid, "1")]))
        server = LocalServer(tmp_path)
        await server.start()
        await server.stop()
        assert not root.exists()
        assert bystander.poll() is None


@linux_only
async def test_a_recorded_process_is_killed(tmp_path: Path) -> None:
    with start_sleeping() as leftover:
        root = tmp_path / "run-999999999-1-leftover"
        root.mkdir()
        record = [(leftover.pid, supervisor.get_start_time(leftover.pid))]
        (root / supervisor.RECORD).write_text(json.dumps(record))
        server = LocalServer(tmp_path)
        await server.start()
        await server.stop()
        assert await in_thread(leftover.wait, 5) == -signal.SIGKILL


async def test_two_windows_share_the_state_folder(tmp_path: Path) -> None:
    first, second = LocalServer(tmp_path), LocalServer(tmp_path)
    await first.start()
    await second.start()
    assert first.is_alive
    assert first.port != second.port
    await second.stop()
    assert first.is_alive
    await first.stop()


async def test_a_port_in_use_is_not_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        taken = occupant.getsockname()[1]
        # Another process may take a free port first, so there is always one more.
        ports = itertools.chain([taken], iter(pick_free_port, None))
        server = LocalServer(tmp_path, pick_port=lambda: next(ports))
        await server.start()
        assert server.port != taken
        assert len(os.listdir(tmp_path)) == 1
        await server.stop()


async def test_no_free_port_at_all_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        server = LocalServer(tmp_path, pick_port=lambda: occupant.getsockname()[1])
        with pytest.raises(UserError) as caught:
            await server.start()
    assert caught.value.kind is ErrorKind.LOCAL
    assert "already in use" in caught.value.details
    assert not server.is_alive
    assert os.listdir(tmp_path) == []


async def test_stopped_while_it_starts(tmp_path: Path) -> None:
    server = LocalServer(tmp_path)
    async with asyncio.TaskGroup() as group:
        start = group.create_task(_expect_refusal(server))
        await in_thread(wait_until, lambda: server.port, "the start has begun")
        await server.stop()
    assert start.result() is ErrorKind.LOCAL
    assert os.listdir(tmp_path) == []


async def _expect_refusal(server: LocalServer) -> ErrorKind:
    with pytest.raises(UserError) as caught:
        await server.start()
    return caught.value.kind


async def test_an_unusable_folder_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UserError) as caught:
        await LocalServer(file).start()
    assert caught.value.kind is ErrorKind.STORAGE


def test_a_missing_package_is_said(tmp_path: Path) -> None:
    script = (
        "import asyncio, pathlib, sys\n"
        "from lambdadesk.local.server import LocalServer\n"
        "asyncio.run(LocalServer(pathlib.Path(sys.argv[1])).start())\n"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-c", script, str(tmp_path)],  # -S: no installed packages
        env={"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
    )
    assert f"is not installed. Install it with: {sys.executable} -m pip install {PACKAGE}" in result.stderr
    assert os.listdir(tmp_path) == []


def read_what_is_known(pids: Iterable[int]) -> bytes:
    """Environments and command lines, as every process of the user can read them."""
    files = [Path(f"/proc/{pid}/{name}") for pid in pids for name in ("environ", "cmdline")]
    return b"\0".join(path.read_bytes() for path in files)


@linux_only
async def test_no_variable_of_the_user_reaches_a_handler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-in-known-name")
    monkeypatch.setenv("SOME_TOKEN", "canary-in-unknown-name")
    monkeypatch.setenv("LC_ALL", "C.UTF-8@canary")
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/canary-in-path")
    server = LocalServer(tmp_path)
    await server.start()
    clients = Clients(server.url)
    source = "import os\ndef handler(event, context):\n    print('hi')\n    return dict(os.environ)\n"
    await in_thread(create_function, clients, "environment", source)
    answer = await in_thread(clients.get("lambda").invoke, FunctionName="environment")
    processes = list_processes(get_root(server))
    assert len(processes) >= 2  # the supervisor and MiniStack
    known = await in_thread(read_what_is_known, processes)
    assert b"GATEWAY_PORT" in known
    assert b"canary" not in known
    seen = json.loads(await in_thread(answer["Payload"].read))
    await in_thread(clients.close)
    await server.stop()
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "environment"
    assert "canary" not in json.dumps(seen)


@linux_only
async def test_nothing_listens_beyond_loopback(tmp_path: Path) -> None:
    server = LocalServer(tmp_path)
    await server.start()
    clients = Clients(server.url)
    # These load the parts of MiniStack that would listen on every interface.
    await in_thread(lambda: clients.get("iot").list_things())
    await in_thread(lambda: clients.get("transfer").list_servers())
    addresses = list_listening_addresses(list(list_processes(get_root(server))))
    await in_thread(clients.close)
    await server.stop()
    assert addresses == ["127.0.0.1"]


def test_node_is_looked_for_on_path_and_where_the_handlers_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(server, "SYSTEM_FOLDERS", (str(tmp_path / "system"),))
    assert node_path() is None
    (tmp_path / "system").mkdir()
    (tmp_path / "system" / "node").touch(mode=0o755)
    assert node_path() == str(tmp_path / "system" / "node")
    node = tmp_path / "node"
    node.touch(mode=0o755)
    assert node_path() == str(node)


def test_the_package_is_the_one_that_the_project_pins() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    assert project["optional-dependencies"]["local"] == [PACKAGE]


def test_the_server_does_not_load_boto3() -> None:
    script = (
        "import sys, lambdadesk.local.server, lambdadesk.local.samples\n"
        "sys.exit(any(name in sys.modules for name in ('boto3', 'botocore', 'PySide6', 'ministack')))\n"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT).returncode == 0
