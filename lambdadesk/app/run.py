"""From the arguments to the exit code: the event loop, signals, and quitting."""

import asyncio
import logging
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from PySide6.QtCore import QMessageLogContext, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from lambdadesk.app.collector import Collector
from lambdadesk.app.crash import CrashReporter
from lambdadesk.app.options import Options
from lambdadesk.app.wiring import build
from lambdadesk.core.errors import UserError
from lambdadesk.store.paths import Paths

log = logging.getLogger(__name__)

CLOSE_WITHIN_S = 8.0  # for ending the Local AWS; everything else is quicker


def run(options: Options) -> int:
    """Show the window (or do the tour) until the user quits. Returns the exit code."""
    if options.tour and not _has_screen():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    elif sentence := _why_no_window():
        sys.stderr.write(f"lambdadesk: {sentence}\n")
        return 3
    qInstallMessageHandler(_on_qt_message)
    # Fusion by its name: app.setStyle() answers with a QStyle, whose enums take PySide 10 ms to make.
    app = QApplication(["lambdadesk", "-style", "fusion"])
    app.setApplicationName("LambdaDesk")
    app.setApplicationDisplayName("LambdaDesk")
    app.setDesktopFileName("lambdadesk")
    app.setQuitOnLastWindowClosed(False)  # closing the last dialog would end the event loop under its tasks
    with ExitStack() as stack:
        paths = Paths(options.home)
        if options.tour and not paths.home:
            # Not to change the user's window, history and settings.
            home = stack.enter_context(tempfile.TemporaryDirectory(prefix="lambdadesk-tour-"))
            paths = Paths(Path(home))
        runner = stack.enter_context(asyncio.Runner(loop_factory=lambda: QEventLoop(app)))
        return runner.run(_main(app, options, paths))


async def _main(app: QApplication, options: Options, paths: Paths) -> int:
    loop = asyncio.get_running_loop()
    quit_asked = asyncio.Event()
    beat = _listen_to_signals(loop, quit_asked)
    crash = CrashReporter(paths.crash_dir)
    crash.install(loop)
    # What botocore warns of comes back as an exception, too, and is shown where it happened.
    logging.getLogger("botocore").propagate = False
    parts = build(app, options, paths, crash, quit_asked.set)
    if parts is None:  # another process has this window and has been asked to show it
        return 0
    collector = Collector()
    code = 0
    try:
        if options.tour:
            from lambdadesk.app.tour import take_tour

            tour = loop.create_task(take_tour(parts.window, parts.console, options.tour))
            asked = loop.create_task(quit_asked.wait())
            await asyncio.wait((tour, asked), return_when=asyncio.FIRST_COMPLETED)
            asked.cancel()
            if tour.done():
                code = tour.result()
            else:
                tour.cancel()
                await asyncio.wait((tour,))
                code = 130
        else:
            await quit_asked.wait()
    except UserError as error:
        sys.stderr.write(f"lambdadesk: {error}\n")
        code = 1
    finally:
        collector.stop()
        if beat is not None:
            beat.stop()
        parts.window.hide()
        try:
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await parts.close()
        except TimeoutError:
            sys.stderr.write("lambdadesk: some work did not end in time and was left behind.\n")
    return code


def _listen_to_signals(loop: asyncio.AbstractEventLoop, quit_asked: asyncio.Event) -> QTimer | None:
    """Quit in order on Ctrl+C and SIGTERM. Returns the timer that lets Python notice them on Windows."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, quit_asked.set)
    except (NotImplementedError, AttributeError):
        signal.signal(signal.SIGINT, lambda *_: quit_asked.set())
        signal.signal(signal.SIGTERM, lambda *_: quit_asked.set())
        timer = QTimer()
        timer.timeout.connect(lambda: None)
        timer.start(500)
        return timer
    return None


def _on_qt_message(kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    """Qt's own messages go where ours go; what the offscreen platform can't do is no news."""
    if kind in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) or text.startswith("This plugin does not support"):
        return
    log.warning("Qt: %s", text)


def _has_screen() -> bool:
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _why_no_window() -> str:
    """What would make Qt abort the process instead of saying a word; "" if nothing would."""
    uses_x = os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY")
    if not sys.platform.startswith("linux") or not uses_x or os.environ.get("QT_QPA_PLATFORM"):
        return ""
    import ctypes

    for soname, package in (
        ("libxcb-cursor.so.0", "libxcb-cursor0"),
        ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
        ("libxcb-icccm.so.4", "libxcb-icccm4"),
        ("libxcb-keysyms.so.1", "libxcb-keysyms1"),
    ):
        try:
            ctypes.CDLL(soname)
        except OSError:
            return f"Qt needs {soname}. Install it with: sudo apt-get install {package}"
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = (ctypes.c_void_p,)
    link = xcb.xcb_connect(None, None)
    failed = xcb.xcb_connection_has_error(link)
    xcb.xcb_disconnect(link)
    if failed:
        return (
            f"The screen {os.environ['DISPLAY']} can't be opened. Set DISPLAY to one that can, "
            "or use --tour DIR, which needs none."
        )
    return ""
