"""Runs `async def` tests, on the Qt loop where they use Qt, and fails a test that leaves anything behind."""

import asyncio
import gc
import inspect
import io
import logging
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

TEST_TIMEOUT_S = 60
PATIENCE_MS = 30_000


# The same examples in every run, so that a change is judged by what it changes; FUZZ=1 looks for new ones.
settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("fuzz", deadline=None, max_examples=1_000)


def pytest_configure() -> None:
    settings.load_profile("fuzz" if os.environ.get("FUZZ") else "steady")
    gc.disable()  # see lambdadesk/app/collector.py: only ever on the main thread


@pytest.fixture(scope="module", autouse=True)
def _quick_collections() -> None:
    """Every async test collects garbage; what the tests before it loaded need not be looked through again."""
    gc.collect()
    gc.freeze()


def pytest_runtest_teardown() -> None:
    from lambdadesk.app.collector import collect_if_due

    collect_if_due()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names if name in pyfuncitem.funcargs}
    loop_factory = None
    if "qapp" in pyfuncitem.fixturenames:
        from qasync import QEventLoop

        qapp = pyfuncitem.funcargs.get("qapp") or pyfuncitem._request.getfixturevalue("qapp")

        def loop_factory() -> asyncio.AbstractEventLoop:
            return QEventLoop(qapp)

    problems: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.get_loop().set_exception_handler(lambda _loop, context: problems.append(context))
        runner.run(_run(pyfuncitem.obj(**arguments), problems))
    assert not problems, f"the event loop reported: {problems}"
    return True


async def _run(test: Any, problems: list[dict[str, Any]]) -> None:
    try:
        async with asyncio.timeout(TEST_TIMEOUT_S):
            await test
    except BaseException as error:
        await _end_others(error)
        if problems:
            error.add_note(f"the event loop reported: {problems}")
        raise
    gc.collect(
        1
    )  # what came since the last time: exceptions of dropped tasks are reported when the task is collected
    await asyncio.sleep(0)
    left = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left, f"tasks left running: {left}"
    assert not problems, f"the event loop reported: {problems}"


async def _end_others(error: BaseException) -> None:
    """Cancel what a failed test has left; what does not end is named in a note of its error."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if not others:
        return
    _done, stuck = await asyncio.wait(others, timeout=10)
    for task in stuck:
        stack = io.StringIO()
        task.print_stack(file=stack)
        error.add_note(f"does not end when cancelled: {task!r}\n{stack.getvalue()}")
        asyncio.tasks._unregister_task(task)  # the loop's end would wait for it for ever


class _Collect(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def _no_unexpected_log_records(request: pytest.FixtureRequest) -> Iterator[None]:
    """A record of WARNING or above fails the test, unless it is marked `logs_warnings`."""
    handler = _Collect()
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)
    if request.node.get_closest_marker("logs_warnings") is None:
        assert not handler.records, [record.getMessage() for record in handler.records]


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's own files or credentials."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LAMBDADESK_HOME", str(tmp_path / "lambdadesk"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def qapp_cls() -> Any:
    from PySide6.QtWidgets import QApplication

    class Application(QApplication):
        def __init__(self, arguments: list[str]) -> None:
            super().__init__(arguments)
            self.setQuitOnLastWindowClosed(False)  # a closed dialog would otherwise stop the event loop

    return Application


@pytest.fixture
def qtbot(qapp: Any, request: pytest.FixtureRequest) -> Any:
    """pytest-qt's, which would wait for 5 s, or one for a window: too short where all processors are busy."""
    from pytestqt.qtbot import QtBot

    class PatientQtBot(QtBot):
        def waitUntil(self, callback: Any, *, timeout: int = PATIENCE_MS) -> None:  # noqa: N802
            super().waitUntil(callback, timeout=timeout)

        def waitSignal(self, signal: Any, *, timeout: int = PATIENCE_MS, **more: Any) -> Any:  # noqa: N802
            return super().waitSignal(signal, timeout=timeout, **more)

        def waitExposed(self, widget: Any, *, timeout: int = PATIENCE_MS) -> Any:  # noqa: N802
            return super().waitExposed(widget, timeout=timeout)

    return PatientQtBot(request)


@pytest.fixture(autouse=True)
def _no_leftover_windows(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "qapp" not in request.fixturenames:
        return
    from PySide6.QtWidgets import QApplication

    left = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
    assert not left, f"windows left open: {left}"


def wait_for_threads(prefix: str, within_s: float = 30.0) -> None:
    """Return once no thread has such a name: one that is done goes on under another, ready for more work."""
    ends_at, pause = time.monotonic() + within_s, threading.Event()
    while left := threads_named(prefix):
        assert time.monotonic() < ends_at, f"threads left running: {left}"
        pause.wait(0.01)


def threads_named(prefix: str) -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(prefix)]
