"""Halves: payload and result above, tabs below; where that leaves too little for each, one of them."""

from collections.abc import Callable

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSplitter, QTabWidget, QVBoxLayout, QWidget

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.named import named

RUN, RUNS = range(2)
_LOW_PX = 380  # below it, one of the two is seen at a time
_TOOL_PX = 330  # what a tool is given, unless that is more than
_TOOL_SHARE = 0.64
_ANY_PX = 16_777_215  # Qt's own "no limit"


class Halves(QSplitter):
    """Owns the tabs. The runs are glanced at and a tool is worked in, so that each of the two has its height.

    In a low window the tabs are on top, and the first one stands for payload and result.
    """

    def __init__(self, above: QWidget, runs: QWidget, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        named(self, "historySplitter")
        self._above = above
        self._builders: dict[int, Callable[[], QWidget]] = {}
        self._is_low = False
        self._of_runs: QByteArray | None = None  # the sizes beside the runs, while others are in use
        self._tool_px = 0  # as the person wants it
        self.tabs = named(QTabWidget(), "bottomTabs", "Runs and what is made of them")
        self.setChildrenCollapsible(False)
        for widget in (above, self.tabs):
            self.addWidget(widget)
        self.setStretchFactor(0, 3)
        self.setStretchFactor(1, 1)
        self.setSizes([440, 190])
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(QWidget(), "Payload and result")
        self.tabs.addTab(runs, "Runs")
        self.tabs.setTabVisible(RUN, False)
        self.tabs.setCurrentIndex(RUNS)
        self.tabs.currentChanged.connect(self._on_tab)
        self.splitterMoved.connect(self._on_moved)

    def saveState(self) -> QByteArray:
        """As it is beside the runs, which is what the next start begins with."""
        return super().saveState() if self._of_runs is None else self._of_runs

    def restoreState(self, state: QByteArray) -> bool:  # type: ignore[override]  # the stub takes more
        if self._of_runs is None:
            return super().restoreState(state)
        self._of_runs = state
        return True

    def add_tab(self, title: str, build: Callable[[], QWidget]) -> None:
        """Add a tab; `build` makes its page when it is first shown."""
        self._builders[self.tabs.addTab(QWidget(), title)] = build

    def show_tab(self, title: str) -> None:
        titles = [self.tabs.tabText(index) for index in range(self.tabs.count())]
        self.tabs.setCurrentIndex(titles.index(title))

    def show_above(self) -> None:
        """See to it that payload and result are in sight."""
        if self._is_low:
            self.tabs.setCurrentIndex(RUN)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_low = self.height() < _LOW_PX
        if is_low != self._is_low:
            self._is_low = is_low
            self._turn()

    def _turn(self) -> None:
        """The window has become low, or is so no longer."""
        if self._is_low:
            self._set_apart()
        at_first = self.tabs.currentIndex()
        self.tabs.blockSignals(True)
        self.tabs.setTabVisible(RUN, self._is_low)
        if at_first in (RUN, RUNS):
            self.tabs.setCurrentIndex(RUN if self._is_low else RUNS)
        self.tabs.blockSignals(False)
        self.insertWidget(0 if self._is_low else 1, self.tabs)
        self.setStretchFactor(self.indexOf(self._above), 3)
        self.setStretchFactor(self.indexOf(self.tabs), 1)
        self._show()

    def _on_tab(self, index: int) -> None:
        build = self._builders.pop(index, None)
        place = self.tabs.widget(index)
        if build is not None and place is not None:
            column = QVBoxLayout(place)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(theme.TIGHT)
            column.addWidget(_scrolled(build(), self.tabs.tabText(index)))
        self._show()

    def _show(self) -> None:
        index = self.tabs.currentIndex()
        is_bar = self._is_low and index == RUN
        self._above.setVisible(not self._is_low or is_bar)
        self.tabs.setMaximumHeight(self.tabs.tabBar().sizeHint().height() if is_bar else _ANY_PX)
        if self._is_low:
            return
        if index == RUNS:
            if self._of_runs is not None:
                state, self._of_runs = self._of_runs, None
                self.restoreState(state)
            return
        if self._of_runs is not None:
            super().restoreState(self._of_runs)  # a low window has left one of them without any height
        self._set_apart()
        above, tool = self.sizes()
        tool = self._tool_px or max(tool, min(_TOOL_PX, round((above + tool) * _TOOL_SHARE)))
        self.setSizes([sum(self.sizes()) - tool, tool])

    def _on_moved(self) -> None:
        if self._of_runs is not None and not self._is_low:
            self._tool_px = self.sizes()[1]

    def _set_apart(self) -> None:
        """Keep the sizes beside the runs, before there are others."""
        if self._of_runs is None:
            self._of_runs = super().saveState()


def _scrolled(page: QWidget, title: str) -> QScrollArea:
    """A page that takes what height there is, and moves no border by what it would like."""
    area = named(QScrollArea(), f"scroll{title}", title)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(page)
    return area
