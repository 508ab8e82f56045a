"""take_tour: the main job done once on the Local AWS, with a picture of every page."""

import asyncio
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtWidgets import QAbstractItemView, QApplication

from lambdadesk.core.threads import in_thread
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.console import Console
from lambdadesk.ui import theme
from lambdadesk.ui.function_page import FunctionPage
from lambdadesk.ui.main_window import MainWindow

T = TypeVar("T")

FUNCTION = "order-worker"
TITLES = ("invoke", "logs", "charts", "timeline", "triggers", "configuration", "role", "cost")
WIDE, NARROW = (1280, 800), (800, 600)
DEADLINE_S = 60.0
POLL_S = 0.05
SETTLE_S = 0.35  # for layouts, charts and delayed states to be painted


async def take_tour(window: MainWindow, console: Console, folder: Path) -> int:
    """List, invoke, follow, chart and price; prints the path of each picture. Returns the exit code."""
    try:
        await in_thread(partial(folder.mkdir, parents=True, exist_ok=True))
    except OSError as error:
        sys.stderr.write(f"lambdadesk: {folder} can't be written ({error.strerror}); give another folder.\n")
        return 1
    tour = _Tour(window, console, folder)
    try:
        await tour.run()
    except TimeoutError:
        sys.stderr.write(f"lambdadesk: the tour waited too long for {tour.waiting_for}.\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"lambdadesk: {error}\n")
        return 1
    return 0


def _has_rows(page: FunctionPage, view: str) -> bool:
    found = page.findChild(QAbstractItemView, view)
    return found is not None and found.model().rowCount() > 0


class _Tour:
    def __init__(self, window: MainWindow, console: Console, folder: Path) -> None:
        self.waiting_for = "the window"
        self._window = window
        self._console = console
        self._folder = folder

    async def run(self) -> None:
        window = self._window
        window.resize(*WIDE)
        self._say(await self._console.history.open())
        window.places.open_local()
        connection = await self._until("the sample functions", self._connected)
        self._say(f"{len(connection.catalog.state.functions)} functions are listed")
        await self._console.local.send("")
        window.want(FUNCTION, "invoke")
        page = await self._until("the function's page", lambda: window.findChild(FunctionPage))
        page.invoke.invoke()
        await self._until("the cost of the invocation", lambda: page.invoke.entry and page.invoke.entry.cost)
        self._say(f"{page.invoke.result.status.text()}: {page.invoke.result.summary.text()}")
        window.show_page("logs")
        logs = await self._until("the logs page", lambda: page.logs)
        await self._until("log lines", logs.view.line_count)
        window.show_page("charts")
        await self._until("a point in the charts", lambda: connection.ledger.totals(FUNCTION).invocations)
        for title, view in (
            ("triggers", "triggerTable"),
            ("configuration", "configurationView"),
            ("role", "rolePolicies"),
        ):
            window.show_page(title)
            await self._until(f"the {title} page", partial(_has_rows, page, view))
        window.show_page("cost")
        await self._until("the cost of all functions", lambda: window.cost.live.model.rowCount() >= 8)
        self._say(f"total cost {window.cost.live.total.text()}: {window.cost.live.scope_note.text()}")
        for mode in ("light", "dark"):
            self._use(mode)
            for title in TITLES:
                await self._show(page, title)
                await self._picture(f"{title}-{mode}")
        self._use("light")
        window.resize(*NARROW)
        for title in TITLES:
            await self._show(page, title)
            await self._picture(f"{title}-narrow")

    async def _show(self, page: FunctionPage, title: str) -> None:
        if title == "cost":
            self._window.show_page("cost")
        else:
            self._window.tabs.setCurrentWidget(page)
            self._window.show_page(title)

    def _use(self, mode: str) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, mode)

    async def _picture(self, name: str) -> None:
        await self._settle()
        path = self._folder / f"{name}.png"
        if not self._window.grab().save(str(path)):
            raise OSError(f"The picture {path} could not be written. Check that the folder is writable.")
        self._say(str(path))

    async def _settle(self) -> None:
        await asyncio.sleep(SETTLE_S)

    def _connected(self) -> Connection | None:
        if self._console.connection is None:
            return None
        state = self._console.connection.catalog.state
        if state.error is not None:
            raise state.error
        return self._console.connection if state.functions and not state.loading else None

    async def _until(self, what: str, ask: Callable[[], T | None]) -> T:
        """What `ask` returns as soon as it is something. Raises TimeoutError."""
        self.waiting_for = what
        ends_at = time.monotonic() + DEADLINE_S
        while not (found := ask()):
            if time.monotonic() > ends_at:
                raise TimeoutError
            await asyncio.sleep(POLL_S)
        return found

    def _say(self, text: str | None) -> None:
        if text:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
