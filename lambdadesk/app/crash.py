"""What nobody expected: written to a report without local variables, shown once, never lost in silence."""

import asyncio
import faulthandler
import hashlib
import logging
import platform
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from lambdadesk import __version__
from lambdadesk.store.files import make_private, write_atomic

log = logging.getLogger(__name__)


class CrashReporter:
    """Takes over the five doors through which an unexpected exception can leave: the main thread, other
    threads, the garbage collector, the event loop, and a TaskScope (which calls `report` itself).

    A report holds frames without local variables or payloads, is kept in `folder` and is shown, through
    `show(text, path)`, once per traceback. Nothing is uploaded.
    """

    def __init__(self, folder: Path) -> None:
        self.show: Callable[[str, Path | None], None] | None = None
        self._folder = folder
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.set_exception_handler(self.on_loop)
        sys.excepthook = lambda _kind, error, frames: self.report(error, frames)
        threading.excepthook = self._on_hook
        sys.unraisablehook = self._on_hook
        if sys.stderr is not None:  # a windowed build has none
            faulthandler.enable()

    def _on_hook(self, args: Any) -> None:
        if args.exc_value is not None:
            self.report(args.exc_value, args.exc_traceback)

    def on_loop(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None:
            self.report(error)
        else:
            log.error("event loop: %s", context.get("message", "unknown problem"))

    def report(self, error: BaseException, frames: TracebackType | None = None) -> None:
        if isinstance(error, (KeyboardInterrupt, asyncio.CancelledError)):
            return
        frames = frames or error.__traceback__
        lines = _frames_of(error, frames)
        # The exception's own text may quote a payload or a credential; its type says enough with the frames.
        text = "".join(
            (
                f"LambdaDesk {__version__}, Python {platform.python_version()}, {platform.platform()}\n",
                f"{datetime.now(UTC).isoformat(timespec='seconds')}\n\n",
                "Traceback (most recent call last):\n",
                *lines,
            )
        )
        fingerprint = hashlib.sha256("".join(lines).encode()).hexdigest()[:12]
        with self._lock:
            if fingerprint in self._told:
                return
            self._told.add(fingerprint)
        log.error("unexpected %s, report %s", type(error).__qualname__, fingerprint)
        path: Path | None = self._folder / f"crash-{fingerprint}.txt"
        try:
            make_private(self._folder)
            write_atomic(self._folder / f"crash-{fingerprint}.txt", text.encode())
        except OSError:
            path = None
        if self.show and self._loop is not None and threading.current_thread() is not threading.main_thread():
            self._loop.call_soon_threadsafe(self.show, text, path)  # windows belong to the main thread
        elif self.show:
            self.show(text, path)
        elif sys.stderr is not None:
            sys.stderr.write(text)


def _frames_of(error: BaseException, frames: TracebackType | None = None) -> list[str]:
    """Frames and types of an exception, of what caused it, and of all that a group holds; never a value."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = [*_frames_of(cause), "which led to\n"] if cause is not None else []
    lines += traceback.format_list(traceback.extract_tb(frames or error.__traceback__))
    lines.append(f"{type(error).__module__}.{type(error).__qualname__}\n")
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            lines += ["which holds\n", *_frames_of(each)]
    return lines
