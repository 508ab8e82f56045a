"""Menus: every action of the window with its shortcut, in one place."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu

from lambdadesk.ui import theme
from lambdadesk.ui.pages import PAGES

if TYPE_CHECKING:
    from lambdadesk.desk.local_aws import TrafficSource
    from lambdadesk.ui.main_window import MainWindow

# Shortcuts that live in a page instead of a menu.
PAGE_SHORTCUTS = (
    ("Invoke", "Ctrl+Return"),
    ("Run the query", "Ctrl+Return"),
    ("Format the payload", "Ctrl+Shift+I"),
    ("Put the payload on one line", "Ctrl+Shift+M"),
    ("Stop waiting for an answer, or a scan", "Esc"),
    ("Find in the log", "Ctrl+F"),
    ("Find the next place in the log", "F3"),
    ("Filter the log", "Ctrl+Shift+F"),
    ("Follow the newest log line", "Ctrl+T"),
)


class Menus:
    """The menu bar of a window."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        bar = window.menuBar()
        file_menu = bar.addMenu("&File")
        _act(file_menu, "Connections…", "Ctrl+Shift+C", window.places.manage_connections)
        _act(file_menu, "Show several connections…", "Ctrl+Shift+R", window.places.choose_places)
        _act(file_menu, "Sign in again", "", lambda: window.sign_in.sign_in(window.places.current))
        self._lock = _act(file_menu, "Lock", "Ctrl+Shift+L", window.sign_in.lock)
        self._unlock = _act(file_menu, "Unlock", "", window.sign_in.unlock)
        self.show_locked(False)
        _act(file_menu, "History and privacy…", "", window.privacy.show)
        _act(file_menu, "Prices and costs…", "", window.prices.show)
        file_menu.addSeparator()
        _act(file_menu, "Close tab", "Ctrl+W", window.tabs.close_current)
        quit_action = _act(file_menu, "Quit", "Ctrl+Q", window.close)
        quit_action.setMenuRole(QAction.MenuRole.QuitRole)
        view = bar.addMenu("&View")
        _act(view, "Refresh the functions", "F5", window.places.refresh)
        _act(view, "Filter functions", "Ctrl+L", window.focus_filter)
        _act(view, "Open a function…", "Ctrl+P", window.focus_filter)
        functions = window.functions
        _act(view, "Pin or unpin the function", "Ctrl+D", functions.toggle_pin)
        self._recent = view.addMenu("Recent functions")
        self._recent.aboutToShow.connect(lambda: functions.fill_recent(self._recent))
        self._columns = view.addMenu("Columns")
        self._columns.aboutToShow.connect(lambda: functions.header.fill_menu(self._columns))
        _act(view, "Alerts…", "Ctrl+Shift+A", window.alerts.show)
        view.addSeparator()
        for number, page in enumerate((*PAGES, "Cost"), start=1):
            _act(view, f"{page} page", f"Ctrl+{number % 10}", partial(window.show_page, page.lower()))
        view.addSeparator()
        _act(view, "Sizing of the function…", "Ctrl+Shift+S", window.sizing.show)
        _act(view, "Right-size all functions…", "", window.sizing.show_all)
        view.addSeparator()
        themes = view.addMenu("Theme")
        group = QActionGroup(window)
        for mode in theme.MODES:
            action = _act(themes, mode.capitalize(), "", partial(window.set_theme, mode))
            action.setCheckable(True)
            action.setChecked(window.console.settings.theme == mode)
            group.addAction(action)
        self.local = bar.addMenu("&Local")
        self.local.setObjectName("localMenu")
        self._start = _act(self.local, "Start the Local AWS", "", window.places.open_local)
        self._traffic = self.local.addMenu("Traffic")
        self._traffic.setObjectName("trafficMenu")
        self._flow = self.local.addAction("Keep traffic flowing")
        self._flow.setCheckable(True)
        self._flow.toggled.connect(window.keep_sending)
        help_menu = bar.addMenu("&Help")
        _act(help_menu, "Keyboard shortcuts", "F1", window.show_shortcuts)
        about = _act(help_menu, "About LambdaDesk", "", window.show_about)
        about.setMenuRole(QAction.MenuRole.AboutRole)
        self.show_sources(())

    def show_locked(self, locked: bool) -> None:
        self._lock.setVisible(not locked)
        self._unlock.setVisible(locked)

    def show_sources(self, sources: "Sequence[TrafficSource]") -> None:
        """Offer traffic through these sources; none: the Local AWS is not what is shown."""
        self._start.setVisible(not sources)
        self._traffic.menuAction().setVisible(bool(sources))
        self._flow.setVisible(bool(sources))
        self._flow.setChecked(False)
        self._traffic.clear()
        if sources:
            send = self._window.send_traffic
            _act(self._traffic, "Send through all sources", "Ctrl+Shift+T", partial(send, ""))
            self._traffic.addSeparator()
            for source in sources:
                _act(self._traffic, source.title, "", partial(send, source.name))

    def stop_flow(self) -> None:
        """Untick "Keep traffic flowing": it has ended."""
        self._flow.setChecked(False)

    def shortcuts(self) -> list[tuple[str, str]]:
        """What every shortcut does: (title, keys as this platform writes them)."""
        native = QKeySequence.SequenceFormat.NativeText
        rows = [
            (action.text().replace("&", ""), action.shortcut().toString(native))
            for action in self._window.findChildren(QAction)
            if not action.shortcut().isEmpty() and action.isVisible()
        ]
        return rows + [(title, QKeySequence(keys).toString(native)) for title, keys in PAGE_SHORTCUTS]


def _act(
    menu: QMenu, title: str, keys: QKeySequence.StandardKey | str, slot: Callable[[], object]
) -> QAction:
    action = menu.addAction(title)
    if keys:
        action.setShortcut(QKeySequence(keys))
    action.triggered.connect(lambda _checked=False: slot())
    return action
