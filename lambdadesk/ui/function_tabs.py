"""FunctionTabs: the opened functions of all connections, behind the Cost page."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QTabBar, QTabWidget, QWidget

from lambdadesk.core.text import one_line
from lambdadesk.core.types import FunctionInfo, Target
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui.icons import dot, icon
from lambdadesk.ui.layout_memory import LayoutMemory
from lambdadesk.ui.widgets.plain import plain_tooltip

if TYPE_CHECKING:  # both bring half of the application with them, and are not needed for the first frame
    from lambdadesk.desk.connection import Connection
    from lambdadesk.ui.function_page import FunctionPage

REOPENED = 8  # tabs of one target at most that a restart opens again: each follows a log
TITLE_LIMIT = 140  # characters of a tab's title, as many as a function's name may have

Key = tuple[str, str]  # Target.key, and the function's name


class FunctionTabs(QTabWidget):
    """One tab for each opened function, and the Cost page, which is always there.

    Signals:
        opened(FunctionPage): a page was made, and is about to be shown.
        closed(): a tab was closed.
    """

    opened = Signal(object)
    closed = Signal()

    def __init__(self, cost: QWidget, scope: TaskScope, memory: LayoutMemory) -> None:
        super().__init__()
        self._cost = cost
        self._scope = scope
        self._memory = memory
        self._drafts: dict[Key, str] = {}
        self.successors: dict[str, str] = {}  # Target.key of what a place goes on as, by its own
        self._names_region = self._names_title = False  # of the place, where several are shown
        self.setDocumentMode(True)
        self.setTabsClosable(True)
        self.setMovable(True)
        self.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.setUsesScrollButtons(True)
        self.tabCloseRequested.connect(self._close_tab)
        self.addTab(cost, icon("cost"), "Cost")
        for side in (QTabBar.ButtonPosition.LeftSide, QTabBar.ButtonPosition.RightSide):
            self.tabBar().setTabButton(0, side, None)

    @property
    def page(self) -> "FunctionPage | None":
        """The page in front; None while that is the Cost page."""
        return self._page_at(self.currentIndex())

    def pages(self) -> "list[FunctionPage]":
        """All pages, in the order of their tabs."""
        pages = (self._page_at(index) for index in range(self.count()))
        return [page for page in pages if page is not None]

    def page_of(self, key: Key) -> "FunctionPage | None":
        return next((page for page in self.pages() if page.key == key), None)

    def open(self, connection: "Connection", function: FunctionInfo, get_sample: Callable[[], str]) -> None:
        """Show the tab of a function, opening it if need be. get_sample: the payload it begins with."""
        key = (connection.target.key, function.name)
        page = self.page_of(key)
        if page is None:
            from lambdadesk.ui.function_page import FunctionPage

            # Built where it belongs: what is moved there afterwards is styled anew, with all that is in it.
            place = self._cost.parentWidget()
            page = FunctionPage(connection, function, get_sample(), self._memory.settings, place)
            draft = self._drafts.pop(key, None)
            if draft is not None:
                page.invoke.set_draft(draft)
            self._memory.restore_page(page)
            page.built.connect(self._memory.restore_page)
            self.addTab(page, "")
            self._show_place(page)
            self.opened.emit(page)
        self.setCurrentWidget(page)

    def show_page(self, title: str) -> None:
        """Turn the function in front, or else the last one, to a page."""
        page = self.page or next(iter(reversed(self.pages())), None)
        if page is not None:
            self.setCurrentWidget(page)
            page.show_page(title)

    def show_cost(self) -> None:
        self.setCurrentWidget(self._cost)

    def focus_page(self) -> None:
        """Give the keyboard to the page in front."""
        if self.page is not None:
            self.page.pages.currentWidget().setFocus(Qt.FocusReason.OtherFocusReason)

    def show_places(self, targets: Iterable[Target]) -> None:
        """Where several places are shown, each function says in which of them it is."""
        targets = list(targets)
        self._names_region = len(targets) > 1
        self._names_title = len({target.title for target in targets}) > 1
        for page in self.pages():
            self._show_place(page)

    def _show_place(self, page: "FunctionPage") -> None:
        """Show the place, and the name and colour that its connection has now."""
        target, colour, name = page.connection.target, page.connection.info.colour, page.function.name
        title = target.title if self._names_title else ""
        place = one_line(f"{title} {target.region}".strip(), TITLE_LIMIT) if self._names_region else ""
        page.show_place(place)
        text = one_line(name, TITLE_LIMIT)
        index = self.indexOf(page)
        # A single & would be taken for a shortcut.
        self.setTabText(index, (f"{text} · {place}" if place else text).replace("&", "&&"))
        self.setTabToolTip(index, plain_tooltip(f"{name}\n{target.title} {target.region}"))
        self.setTabIcon(index, dot(colour) if colour else QIcon())

    def close_current(self) -> None:
        self._close_tab(self.currentIndex())

    async def close_pages(self, pages: "list[FunctionPage]") -> None:
        """Close these, keeping what was typed in them, and of their sizes those of the page in front."""
        front = self.page
        for page in sorted(pages, key=lambda each: each is front):
            await self._close_page(page)

    def _page_at(self, index: int) -> "FunctionPage | None":
        widget = self.widget(index)
        return None if widget is None or widget is self._cost else cast("FunctionPage", widget)

    def _close_tab(self, index: int) -> None:
        page = self._page_at(index)
        if page is not None:
            self._scope.start(f"close {page.key}", self._close_page, page)

    async def _close_page(self, page: "FunctionPage") -> None:
        if (draft := page.invoke.draft()) is not None:
            place, name = page.key
            self._drafts[self.successors.get(place, place), name] = draft
        self._memory.keep_page(page)
        index = self.indexOf(page)
        if index >= 0:
            focused = self.window().focusWidget()
            if focused is not None and page.isAncestorOf(focused):
                self.tabBar().setFocus()  # else the choice of the connection would get it, and the next key
            self.removeTab(index)
            self.closed.emit()
        await page.close_page()
        page.deleteLater()
