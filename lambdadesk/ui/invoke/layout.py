"""InvokeLayout: the widgets of the Invoke page and where they are."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent, QResizeEvent, QShortcut
from PySide6.QtWidgets import QProgressBar, QSplitter, QVBoxLayout, QWidget

from lambdadesk.core.types import FunctionInfo
from lambdadesk.ui import theme
from lambdadesk.ui.invoke.halves import Halves
from lambdadesk.ui.widgets.fate_view import FateView
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.once_key import OnceKey
from lambdadesk.ui.widgets.payload_editor import PayloadEditor
from lambdadesk.ui.widgets.recent_runs import RecentRuns
from lambdadesk.ui.widgets.result_view import ResultView
from lambdadesk.ui.widgets.run_bar import RunBar

_PROGRESS_PX = 4
_EVENTS_PX = 260  # of the pane of events, at least
_NARROWEST_PX = 210  # of the payload and of the result, whatever is in them: no answer moves their border


class InvokeLayout:
    """Builds the page into `page`: the run bar, payload beside result, and tabs below them."""

    def __init__(
        self, page: QWidget, function: FunctionInfo, report: Callable[[str, Exception], None]
    ) -> None:
        self._page = page
        self.bar = RunBar(function)
        self.payload = PayloadEditor(report)
        self.result = ResultView()
        self.progress = named(_ThinBar(), "runProgress", "Time until the function's timeout")
        self.progress.setFixedHeight(_PROGRESS_PX)
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # nothing jumps when it comes and goes
        self.progress.setSizePolicy(policy)
        self.progress.hide()
        self.fate = FateView()
        self.recent = RecentRuns()
        self._build()

    def _build(self) -> None:
        # From the outside in: with a style sheet, whatever gets a parent is styled anew, and all below it.
        layout = QVBoxLayout(self._page)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addWidget(self.bar)
        beside = self._beside = named(_Watched(self._fit), "eventsSplitter")
        self._halves = Halves(beside, self.recent, self._page)
        layout.addWidget(self._halves, 1)
        self._events = QWidget()  # the pane that a picker of events comes into
        self._events_column = _column(self._events)
        self._events.hide()
        top = named(QSplitter(Qt.Orientation.Horizontal), "invokeSplitter")
        left, self._right = QWidget(), QWidget()
        for splitter, widgets in (
            (beside, (self._events, top)),
            (top, (left, self._right)),
        ):
            splitter.setChildrenCollapsible(False)
            for widget in widgets:
                splitter.addWidget(widget)
        for widget in (left, self._right):
            widget.setMinimumWidth(_NARROWEST_PX)
        top.setStretchFactor(0, 1)
        top.setStretchFactor(1, 1)
        beside.setStretchFactor(1, 1)
        column = _column(left)
        column.addWidget(self.payload, 1)
        column = _column(self._right)
        column.addWidget(self.progress)
        column.addWidget(self.result, 1)
        column.addWidget(self.fate)

    def add_bottom_tab(self, title: str, build: Callable[[], QWidget]) -> None:
        """Add a tab; `build` makes its page when it is first shown."""
        self._halves.add_tab(title, build)

    def show_bottom_tab(self, title: str) -> None:
        self._halves.show_tab(title)

    def set_event_picker(self, build: Callable[[], QWidget]) -> None:
        """Show what `build` makes, when it is first wanted, in the pane at the left: a button and Ctrl+E."""
        self._build_picker = build
        self.bar.events_button.show()
        self.bar.events_toggled.connect(self._show_events)
        self._on_keys("Ctrl+E", self.bar.events_button.toggle)

    def _show_events(self, shown: bool) -> None:
        if shown:
            self._halves.show_above()
        if shown and self._events_column.isEmpty():
            picker = self._build_picker()
            self._events_column.addWidget(picker)
            self._events.setFocusProxy(picker)
        self._events.setVisible(shown)
        self._fit()
        if shown:
            self._events.setFocus()

    def _fit(self) -> None:
        """Where three columns have no room, the events are there in place of the result."""
        needed_px = _EVENTS_PX + 2 * (_NARROWEST_PX + theme.SPACE)
        has_room = self._events.isHidden() or self._beside.width() >= needed_px
        self._right.setVisible(has_room)

    def show_result(self) -> None:
        """See to it that the result is in sight."""
        self._halves.show_above()
        if self._right.isHidden():
            self.bar.events_button.setChecked(False)

    def add_keys(
        self, invoke: Callable[[], None], format_payload: Callable[[], None], stop: Callable[[], None]
    ) -> None:
        once = OnceKey(invoke, self._page)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = self._on_keys(keys, once.press)
            # Its repeats are taken, too, and not done: else the editor gets them, as ends of lines.
            # From the function list, too: what is sent is in sight, and a hidden page hears nothing.
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        self._on_keys("Ctrl+Shift+I", format_payload)
        # Only while it runs: the editor lets go of the focus by Esc.
        self.stop_keys = self._on_keys("Esc", stop)
        self.stop_keys.setEnabled(False)

    def _on_keys(self, keys: str, slot: Callable[[], None]) -> QShortcut:
        shortcut = QShortcut(QKeySequence(keys), self._page, slot)
        # PySide6 ignores the context where it is given to the constructor together with a slot.
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        return shortcut


class _Watched(QSplitter):
    """A row that says when its size has changed."""

    def __init__(self, on_resized: Callable[[], None]) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._on_resized = on_resized

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._on_resized()


class _ThinBar(QProgressBar):
    """A bar too thin for the style's frame."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        painter.fillRect(self.rect(), colours.border)
        share = self.value() / max(1, self.maximum())
        painter.fillRect(0, 0, round(self.width() * share), self.height(), colours.accent)


def _column(widget: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(theme.TIGHT)
    return column
