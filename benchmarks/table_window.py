"""Run by benchmarks.table: the window over one endpoint in several regions; prints moments as JSON.

    python benchmarks/table_window.py HOME URL REGION...

The list of one region alone is asked for before, without a window: that is the chain that nobody can avoid.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from lambdadesk.app.collector import Collector
from lambdadesk.aws.functions import fetch_functions
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.figures import Figures
from lambdadesk.core.function_rows import FunctionRow
from lambdadesk.core.types import FunctionInfo, Target
from lambdadesk.desk.catalog import Catalog, CatalogState
from lambdadesk.desk.console import Console
from lambdadesk.store.history import History
from lambdadesk.store.paths import Paths
from lambdadesk.store.settings import Settings
from lambdadesk.ui import theme
from lambdadesk.ui.main_window import MainWindow
from lambdadesk.ui.models.function_table import PLACES
from lambdadesk.ui.panels.functions_panel import FunctionsPanel

if TYPE_CHECKING:  # the application imports it when the first connection is opened, which is measured
    from lambdadesk.desk.connection import Connection

TYPED = "order-retry"
SORTED_BY = ("invocations", "errors", "memory")
PAGES = 20
MANY = 10_000
DAY = Figures(1, invocations=2_400, errors=24, invocations_per_hour=(100,) * 24, errors_per_hour=(1,) * 24)
WORDS = ("order", "shipped", "basket", "payment", "refused", "connection", "reset", "retry", "cache")


class Paints(QObject):
    """When the table was painted, and with how many rows."""

    def __init__(self, panel: FunctionsPanel, wanted: int) -> None:
        super().__init__(panel)
        self._panel = panel
        self._wanted = wanted
        self.are_whole = asyncio.Event()  # once that many rows were painted
        self.moments: list[tuple[float, int]] = []
        panel.table.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  Qt's name
        if event.type() == QEvent.Type.Paint:
            rows = self._panel.model.rowCount()
            # The filter comes before the paint, a timer after it.
            QTimer.singleShot(0, lambda: self._note(rows))
        return False

    def _note(self, rows: int) -> None:
        self.moments.append((time.perf_counter(), rows))
        if rows == self._wanted:
            self.are_whole.set()


async def ask_one_region(url: str, region: str) -> tuple[float, int]:
    gateway = Gateway(Target(region, endpoint_url=url))
    started = time.perf_counter()
    functions = [function async for page in fetch_functions(gateway) for function in page]
    seconds = time.perf_counter() - started
    await gateway.close()
    return seconds, len(functions)


async def show_all(home: Path, url: str, regions: list[str], count: int) -> dict[str, float]:
    paths = Paths(home)
    settings = Settings(paths.settings_file)
    console = Console(paths, settings, History(paths.history_file))
    window = MainWindow(console, lambda _name, error: print(error, file=sys.stderr))
    await console.history.open()
    paints = Paints(window.functions, count)
    window.show()
    answers: list[float] = []

    def note_answer(catalog: Catalog) -> None:
        if catalog.state.functions:
            answers.append(time.perf_counter())

    def follow(connection: "Connection") -> None:
        connection.catalog.changed.connect(partial(note_answer, connection.catalog))

    console.opened.connect(follow)
    started = time.perf_counter()
    window.places.open_places([Target(region, endpoint_url=url) for region in regions])
    async with asyncio.timeout(30):
        await paints.are_whole.wait()
    first = next(moment for moment, rows in paints.moments if rows)
    whole = next(moment for moment, rows in paints.moments if rows == count)
    await window.close_window()
    await console.close()
    return {"first_after_answer_s": first - answers[0], "all_s": whole - started}


def use_many(app: QApplication, home: Path) -> dict[str, list[float]]:
    """Seconds from each key or click to the end of what it caused, the paint included, among many rows."""
    panel = show_many(home)
    app.processEvents()

    def time_each(acts: Iterable[Callable[[], object]]) -> list[float]:
        taken = []
        for act in acts:
            started = time.perf_counter()
            act()
            for _ in range(3):  # a change of layout first asks for another round, and that for the paint
                app.processEvents()
            taken.append(time.perf_counter() - started)
        return taken

    table, columns = panel.table, panel.table.horizontalHeader()
    keys = time_each(partial(QTest.keyClick, panel.filter, key) for key in TYPED)
    panel.filter.clear()
    sorts = time_each(
        partial(table.sortByColumn, PLACES[key], order)
        for key in SORTED_BY
        for order in (Qt.SortOrder.DescendingOrder, Qt.SortOrder.AscendingOrder)
    )
    assert columns.sortIndicatorSection() == PLACES[SORTED_BY[-1]]
    pages = time_each([partial(QTest.keyClick, table, Qt.Key.Key_PageDown)] * PAGES)
    assert table.currentIndex().row() > PAGES
    return {"keys_s": keys, "sorts_s": sorts, "pages_s": pages}


def show_many(home: Path) -> FunctionsPanel:
    chance = random.Random(7)
    panel = FunctionsPanel(Settings(home / "typed.json"))
    panel.resize(900, 700)
    panel.show()
    names = [f"prod-{'-'.join(chance.choices(WORDS, k=3))}-{number}" for number in range(MANY)]
    functions = tuple(FunctionInfo(name, runtime="python3.13") for name in names)
    target = Target("eu-west-1")
    panel.paint_cells()
    panel.show_cached([(target, CatalogState(functions))])
    panel.model.set_rows(
        FunctionRow(
            target.key,
            "shop",
            "123456789012",
            target.region,
            function,
            figures=replace(DAY, invocations=chance.randrange(100_000), errors=chance.randrange(1_000)),
        )
        for function in functions
    )
    panel.model.prepare()  # the panel does it soon after a list has come
    return panel


async def main(app: QApplication, home: Path, url: str, regions: list[str]) -> None:
    await ask_one_region(url, regions[0])  # imports and warms up
    chain_s, count = await ask_one_region(url, regions[0])
    figures = await show_all(home, url, regions, count * len(regions))
    print(json.dumps({"chain_s": chain_s, **figures, **use_many(app, home)}))


if __name__ == "__main__":
    app = QApplication([])
    theme.apply(app, "light")
    collector = Collector()  # as the application does: garbage is collected by a timer
    with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
        runner.run(main(app, Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
