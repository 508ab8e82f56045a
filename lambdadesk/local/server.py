"""LocalServer: MiniStack as a child process that cannot outlive the window."""

import asyncio
import http.client
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.threads import in_thread
from lambdadesk.local import supervisor

PACKAGE = "ministack==1.5.33"  # the pin of the extra `local` in pyproject.toml
PORTS_TO_TRY = 5
START_DEADLINE_S = 30.0
POLL_S = 0.02
STOP_DEADLINE_S = 5.0
LOG_TAIL_LINES = 15
SYSTEM_FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin")
SPACE_NEEDED_BYTES = 1_000_000
# The window that owns a run; the start time is empty, and the run never cleared, where it can't be known.
RUN_NAME = re.compile(r"run-(?P<pid>\d+)-(?P<start_time>\w+)-\w+")


def node_path() -> str | None:
    """The `node` that runs the Node functions of the Local AWS, if there is one."""
    found = shutil.which("node") or shutil.which("node", path=os.pathsep.join(SYSTEM_FOLDERS))
    return os.path.abspath(found) if found else None  # PATH may hold relative folders


def pick_free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class LocalServer:
    """One MiniStack on 127.0.0.1, and everything below it.

    state_dir: a private folder; each run has a folder of its own in it, deleted when the run ends.
    `died` is emitted on the event loop, with the last lines of the log, when the server ends unasked.
    """

    def __init__(self, state_dir: Path, *, pick_port: Callable[[], int] = pick_free_port) -> None:
        self.died: Event[[str]] = Event()
        self._state_dir = state_dir.resolve()
        self._pick_port = pick_port
        self._port = 0
        self._root: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._no_launch = threading.Event()  # whoever started one may have gone: its thread goes on
        self._no_launch.set()

    @property
    def port(self) -> int:
        """The server's port; 0 until it has been started."""
        return self._port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def log_path(self) -> Path | None:
        """MiniStack's own log, as long as the run's folder exists."""
        return self._root / supervisor.LOG if self._root else None

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Start MiniStack, which must not be running yet, and return when it answers.

        Clears what killed runs left behind first. UserError if the package is missing or it does not come up.
        """
        loop = asyncio.get_running_loop()
        self._stopping.clear()
        self._no_launch.clear()
        process = await in_thread(self._launch)
        threading.Thread(
            target=self._watch, args=(process, loop), daemon=True, name="local server watch"
        ).start()

    async def stop(self) -> None:
        """End MiniStack and its handlers, at once, and delete the run's folder. Harmless when not started."""
        self._stopping.set()
        await in_thread(self._shut_down)

    def _launch(self) -> "subprocess.Popen[bytes]":
        try:
            return self._launch_healthy()
        finally:
            self._no_launch.set()

    def _launch_healthy(self) -> "subprocess.Popen[bytes]":
        package = importlib.util.find_spec("ministack")
        if package is None or package.origin is None:
            raise UserError(
                "The Local AWS needs the package ministack, which is not installed.",
                f"Install it with: {sys.executable} -m pip install {PACKAGE}",
                kind=ErrorKind.LOCAL,
            )
        with self._lock:
            self._clear_leftovers()
            for attempt in range(1, PORTS_TO_TRY + 1):
                process = self._spawn(Path(package.origin).parents[1])
                if self._wait_until_healthy(process):
                    return process
                log = self._read_log_tail()
                self._end_run()
                if self._stopping.is_set():
                    raise UserError("The Local AWS was stopped while it started.", kind=ErrorKind.LOCAL)
                if "already in use" not in log.lower() or attempt == PORTS_TO_TRY:
                    break
            if shutil.disk_usage(self._state_dir).free < SPACE_NEEDED_BYTES:
                raise UserError(
                    "The Local AWS did not start, since the disk is full.",
                    f"Free some space for {self._state_dir} and start LambdaDesk again.",
                    kind=ErrorKind.STORAGE,
                    details=log,
                )
            raise UserError(
                "The Local AWS did not start.",
                "Start LambdaDesk again; if it fails again, the details say why.",
                kind=ErrorKind.LOCAL,
                details=log,
            )

    def _spawn(self, packages: Path) -> "subprocess.Popen[bytes]":
        """Start the supervisor; the folder's name says who owns the run, from its first moment."""
        owner = os.getpid()
        try:
            self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            root = Path(
                tempfile.mkdtemp(
                    prefix=f"run-{owner}-{supervisor.get_start_time(owner)}-", dir=self._state_dir
                )
            )
        except OSError as error:
            raise UserError(
                "The Local AWS has no folder to work in.",
                f"Make {self._state_dir} writable, or free some space.",
                kind=ErrorKind.STORAGE,
                details=str(error),
            ) from error
        self._root = root
        self._port = self._pick_port()
        # In a PyInstaller build sys.executable is the application itself: it needs an interpreter beside it.
        self._process = subprocess.Popen(
            [sys.executable, supervisor.__file__, str(root), "ministack"],
            cwd=root,
            env=_build_environment(root, self._port, packages),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl+C in the terminal is for the window to handle
        )
        return self._process

    def _wait_until_healthy(self, process: "subprocess.Popen[bytes]") -> bool:
        """Poll until the server answers (True), or it ended, was stopped or takes too long (False)."""
        deadline = time.monotonic() + START_DEADLINE_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                return False
            if self._is_healthy():
                return True
            if self._stopping.wait(POLL_S):
                return False
        return False

    def _is_healthy(self) -> bool:
        # MiniStack writes this file when the port is its own; until then someone else may be answering.
        if self._root is None or not (self._root / f"ministack-{self._port}.pid").exists():
            return False
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=2)
        try:
            connection.request("GET", "/_ministack/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _watch(self, process: "subprocess.Popen[bytes]", loop: asyncio.AbstractEventLoop) -> None:
        process.wait()
        with self._lock:
            if self._process is not process or self._stopping.is_set():
                return  # asked for
            log = self._read_log_tail()
            self._end_run()
        with suppress(RuntimeError):  # the loop may be gone by now
            loop.call_soon_threadsafe(self.died.emit, log)

    def _shut_down(self) -> None:
        self._no_launch.wait(STOP_DEADLINE_S)  # it soon notices `_stopping`
        with self._lock:
            self._end_run()

    def _end_run(self) -> None:
        process, root = self._process, self._root
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()  # the supervisor's sign to end
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_DEADLINE_S)
        if root is not None:
            supervisor.clear(root)  # whatever the supervisor could not do, dead or hanging
        if process is not None:
            process.kill()
            process.wait()
        self._process = None
        self._root = None

    def _clear_leftovers(self) -> None:
        """Clear the runs in the state folder whose window is gone."""
        for root in self._state_dir.glob("run-*"):
            name = RUN_NAME.fullmatch(root.name)
            if name and supervisor.get_start_time(int(name["pid"])) != name["start_time"]:
                supervisor.clear(root)

    def _read_log_tail(self) -> str:
        log_path = self.log_path
        if log_path is None or not log_path.exists():
            return ""
        lines = log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])


def _build_environment(root: Path, port: int, packages: Path) -> dict[str, str]:
    """The whole environment of the server, which it hands on to every handler: nothing of the user's.

    root: home and temporary folder. packages: where ministack and boto3 are importable from.
    """
    folders = list(SYSTEM_FOLDERS)
    if node := node_path():
        folders.insert(0, str(Path(node).parent))
    environment = {
        "PATH": os.pathsep.join(folders),
        "PYTHONPATH": str(packages),
        "HOME": str(root),
        "TMPDIR": str(root),
        "LANG": "C.UTF-8",
        "TZ": "UTC",  # as in Lambda
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "LOG_LEVEL": "WARNING",  # a line for every request would fill the disk
        "S3_DATA_DIR": str(root / "s3"),
        "STATE_DIR": str(root / "state"),
        # These listen on every interface, whatever BIND_HOST says.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # A path that is not there: MiniStack would look after containers of the user's Docker.
        "DOCKER_HOST": f"unix://{root}/no-docker.sock",
    }
    if sys.platform == "win32":  # Windows needs its own folder, and calls these two otherwise
        environment |= {"USERPROFILE": str(root), "TEMP": str(root), "TMP": str(root)}
        environment |= {name: os.environ[name] for name in ("SYSTEMROOT", "PATHEXT") if name in os.environ}
    return environment
