"""Desk, the real window in front of a FakeAws, driven as a user would: by mouse and keys."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QCoreApplication,
    QEvent,
    QPoint,
    QPointF,
    Qt,
)
from PySide6.QtGui import QAction, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,  # noqa: TID251  to look for, not to show
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QTableView,
    QTabWidget,
    QWidget,
)

from lambdadesk.aws.clients import Limits
from lambdadesk.core.errors import UserError
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.connections import Connections
from lambdadesk.desk.console import Console
from lambdadesk.desk.tailer import Tailer
from lambdadesk.store.connections import ConnectionStore
from lambdadesk.store.history import History
from lambdadesk.store.paths import Paths
from lambdadesk.store.secrets import SecretStore
from lambdadesk.store.settings import Settings
from lambdadesk.ui import theme
from lambdadesk.ui.function_page import FunctionPage
from lambdadesk.ui.main_window import MainWindow
from tests.servers.fake_aws import FakeAws

W = TypeVar("W", bound=QWidget)
T = TypeVar("T")

REGION = "us-east-1"
QUICK = Limits(attempts=1, backoff_s=0.01)  # where no answer comes, a test needs the fixture impatient
# What no window may ever show.
TRACES = ("Traceback", "most recent call", " object at 0x", "botocore.exceptions", "NoneType", "errno")
LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


async def until(condition: Callable[[], T], what: Callable[[], object] = str, within_s: float = 30.0) -> T:
    """Let the event loop turn until the condition holds, and return its value; `what` tells why not."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not (found := condition()):
        assert loop.time() < deadline, f"not within {within_s} s; now: {what()}"
        await asyncio.sleep(0.005)
    return found


async def turns(count: int = 20) -> None:
    """Let the event loop turn some times, for what must not happen."""
    for _turn in range(count):
        await asyncio.sleep(0.005)


def click(widget: QWidget, place: QPoint | None = None) -> None:
    QTest.mouseClick(widget, LEFT, Qt.KeyboardModifier.NoModifier, place or widget.rect().center())


def click_again(widget: QWidget) -> None:
    """The second half of a double click, as a desktop sends it."""
    place = QPointF(widget.rect().center())
    for kind in (QEvent.Type.MouseButtonDblClick, QEvent.Type.MouseButtonRelease):
        where = QPointF(widget.mapToGlobal(place))
        event = QMouseEvent(kind, place, where, LEFT, LEFT, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(widget, event)


def move(widget: QWidget, place: QPoint, buttons: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    """Move the mouse to a place.

    QTest.mouseMove would process events within the step of the test's task, and a task that wakes there is
    refused by asyncio and sleeps for ever.
    """
    at = QPointF(place)
    none = Qt.KeyboardModifier.NoModifier
    where = QPointF(widget.mapToGlobal(at))
    QApplication.sendEvent(
        widget, QMouseEvent(QEvent.Type.MouseMove, at, where, Qt.MouseButton.NoButton, buttons, none)
    )


def press(widget: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier | None = None) -> None:
    QTest.keyClick(widget, key, modifiers or Qt.KeyboardModifier.NoModifier)


def rows(view: QAbstractItemView) -> list[list[str]]:
    """What an item view shows, cell by cell; hidden columns are not shown."""
    model: QAbstractItemModel = view.model()
    columns = range(_column_count(model))
    shown = [one for one in columns if not (isinstance(view, QTableView) and view.isColumnHidden(one))]
    return [[str(model.index(row, column).data()) for column in shown] for row in range(model.rowCount())]


def _column_count(model: QAbstractItemModel) -> int:
    return 1 if isinstance(model, QAbstractListModel) else model.columnCount()  # a list's own is private


def click_row(view: QAbstractItemView, row: int) -> None:
    index = view.model().index(row, 0)
    view.scrollTo(index)
    click(view.viewport(), view.visualRect(index).center())


def visible_words(widget: QWidget) -> str:
    """All text that the widget and its visible children show; items of views as far as they are in sight."""
    found: list[str] = [widget.windowTitle(), widget.toolTip()]
    for child in [widget, *widget.findChildren(QWidget)]:
        if not child.isVisible():
            continue
        if isinstance(child, QLabel):
            found.append(child.text())
        elif isinstance(child, QPlainTextEdit):
            found.append(child.toPlainText())
        elif isinstance(child, QLineEdit):
            found.append(child.text())
        elif isinstance(child, QComboBox):
            found.append(child.currentText())
        elif isinstance(child, QTabBar):
            found += [child.tabText(index) for index in range(child.count())]
        elif isinstance(child, QAbstractItemView) and child.model() is not None:
            first = max(0, child.indexAt(QPoint(2, 2)).row())
            model = child.model()
            for row in range(first, min(first + 60, model.rowCount())):
                found += [str(model.index(row, column).data()) for column in range(_column_count(model))]
        found += [child.toolTip(), child.accessibleName(), child.accessibleDescription()]
    return "\n".join(words for words in found if words)


class Desk:
    """A Console and its MainWindow on a home of their own, wired as the application does it.

    `async with` shows and closes it. `crashes` are the errors that would have opened the crash window.
    """

    def __init__(self, app: QApplication, aws: FakeAws, home: Path, limits: Limits = QUICK) -> None:
        self.app = app
        self.aws = aws
        self.paths = Paths(home)
        self.limits = limits
        self.history = History(self.paths.history_file, busy_timeout_s=0.2)
        self.crashes: list[Exception] = []
        self.is_connected_at_start = True
        self.knows_history = True  # was told once that payloads are kept
        self.target_key = ""
        self._is_closed = False

    async def __aenter__(self) -> Self:
        settings = Settings(self.paths.settings_file)
        assert settings.load() is None
        settings.history_was_offered = self.knows_history
        theme.apply(self.app, settings.theme)
        stores = ConnectionStore(self.paths.connections_file), SecretStore(self.paths.lock_name)
        connections = Connections(*stores, settings, limits=self.limits)
        self.console = Console(self.paths, settings, self.history, connections)
        self.window = MainWindow(self.console, self._report)
        self.console.failed.connect(self._report)
        self.console.start()
        await self.console.open_history()
        self.window.show()
        self.window.activateWindow()
        await until(self.window.isActiveWindow)
        if self.is_connected_at_start:
            self.window.places.open_target("", REGION, self.aws.url)
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self._is_closed:
            await self.close()

    async def close(self, within_s: float = 20.0) -> None:
        """End all work as the application does, and see that it does not take long."""
        self._is_closed = True
        self.target_key = self.console.connection.target.key if self.console.connection else ""
        shown = visible_words(self.window)
        async with asyncio.timeout(within_s):
            await self.window.close_window()
            await self.console.close()
        self.window.hide()
        self.window.deleteLater()
        for dialog in self.app.topLevelWidgets():
            dialog.close()
        await asyncio.sleep(0)
        assert not self.crashes, self.crashes
        for trace in TRACES:
            assert trace not in shown, shown

    def _report(self, name: str, error: Exception) -> None:
        if isinstance(error, UserError):
            self.window.show_failure(name, error)
        else:
            self.crashes.append(error)

    # -- what there is

    @property
    def connection(self) -> Connection:
        assert self.console.connection is not None
        return self.console.connection

    @property
    def page(self) -> FunctionPage:
        """The function page in front."""
        page = self.get_tabs().currentWidget()
        assert isinstance(page, FunctionPage)
        return page

    @property
    def tail(self) -> Tailer:
        return self.connection.tails[self.page.function.name]

    def get(self, name: str) -> Any:
        """The one widget of that name on the page in front, or else in the window."""
        places = (self.get_tabs().currentWidget(), self.window)
        found = next(filter(None, (place.findChildren(QWidget, name) for place in places)), [])
        assert len(found) == 1, f"{len(found)} widgets are named {name}"
        return found[0]

    def get_tabs(self) -> QTabWidget:
        (tabs,) = self.window.findChildren(QTabWidget, "functionTabs")
        return tabs

    def text(self, name: str) -> str:
        """What a label says."""
        label = self.get(name)
        assert isinstance(label, QLabel)
        return label.text()

    def function_names(self) -> list[str]:
        return [row[0] for row in rows(self.get("functionTable"))]

    def notices(self) -> str:
        return visible_words(self.get("noticeBar"))

    def action(self, title: str) -> QAction:
        (found,) = [each for each in self.window.findChildren(QAction) if each.text().strip("&…") == title]
        return found

    # -- what a user does

    async def listed(self) -> None:
        """Wait until AWS has given the whole list of functions."""
        await until(lambda: self.console.connection is not None)
        await until(lambda: not self.connection.catalog.state.loading, lambda: visible_words(self.window))

    async def open(self, name: str, page: str = "Invoke") -> FunctionPage:
        """Click on the function's row, then on the title of a page."""
        await self.listed()
        return await self.open_row(name, page)

    async def open_row(self, name: str, page: str = "Invoke") -> FunctionPage:
        """The same without waiting for the whole list."""
        click_row(self.get("functionTable"), self.function_names().index(name))
        self.turn_to(page)
        if page == "Invoke":  # what was sent last, and the qualifiers, are loaded
            scope = self.page.invoke.scope
            await until(lambda: not scope.is_running("load") and not scope.is_running("qualifiers"))
        return self.page

    def turn_to(self, page: str) -> None:
        bar = self.get("pageTabs").tabBar()
        (index,) = [index for index in range(bar.count()) if bar.tabText(index) == page]
        click(bar, bar.tabRect(index).center())
        QCoreApplication.sendPostedEvents()  # a page that has just been built is shown by its layout

    def turn_to_cost(self) -> None:
        bar = self.get_tabs().tabBar()
        (index,) = [index for index in range(bar.count()) if bar.tabText(index) == "Cost"]
        click(bar, bar.tabRect(index).center())

    async def close_tab(self) -> None:
        """Close the tab in front by Ctrl+W and wait until its work has ended."""
        page = self.page
        press(self.window, Qt.Key.Key_W, CONTROL)
        await until(lambda: page not in self.window.findChildren(FunctionPage))

    def type_payload(self, text: str) -> None:
        """Replace the payload by hand; what has no key of its own is pasted."""
        editor = self.get("payloadEditor")
        editor.setFocus()
        press(editor, Qt.Key.Key_A, CONTROL)
        press(editor, Qt.Key.Key_Delete)
        if text.isascii():
            QTest.keyClicks(editor, text)
        else:
            QApplication.clipboard().setText(text)
            press(editor, Qt.Key.Key_V, CONTROL)

    async def invoke(self, payload: str = "") -> str:
        """Click on Invoke, wait for the outcome and return it."""
        if payload:
            self.type_payload(payload)
        click(self.get("invokeButton"))
        return await self.outcome()

    async def outcome(self) -> str:
        """What the result says once nothing is running any more."""
        await until(
            lambda: self.get("invokeButton").isEnabled() and not self.page.invoke.scope.is_running("invoke"),
            lambda: self.text("resultStatus"),
        )
        return self.text("resultStatus")

    async def choose(self, name: str, text: str) -> None:
        """Choose an entry of a combo box by the keyboard."""
        box = self.get(name)
        await until(lambda: box.findText(text) >= 0, lambda: [box.itemText(i) for i in range(box.count())])
        box.setFocus()
        press(box, Qt.Key.Key_Home)
        for _step in range(box.count()):
            if box.currentText() == text:
                return
            press(box, Qt.Key.Key_Down)
        raise AssertionError(f"{text} can't be chosen")

    async def polled(self) -> None:
        """Have the log of the page in front read once more, and wait until it has been."""
        changes: list[None] = []
        tail = self.tail
        disconnect = tail.changed.connect(lambda: changes.append(None))
        try:
            for polls in (1, 2):  # the first may have been under way already
                tail.poll_now()
                await until(lambda polls=polls: len(changes) >= polls, lambda: tail.state)
        finally:
            disconnect()
