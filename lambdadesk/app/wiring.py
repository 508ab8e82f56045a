"""Builds every object once, in the order in which they need each other."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from lambdadesk.app import milestones
from lambdadesk.app.crash import CrashReporter
from lambdadesk.app.instance import Instance
from lambdadesk.app.options import Options
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.desk.console import Console
from lambdadesk.store.history import History
from lambdadesk.store.paths import Paths
from lambdadesk.store.settings import Settings
from lambdadesk.ui import theme
from lambdadesk.ui.first_paint import after_first_paint
from lambdadesk.ui.main_window import MainWindow

PRELOAD_MS = 1_500  # after the first frame, so that the first chart does not wait for its imports


@dataclass(frozen=True, slots=True)
class Parts:
    """What `run` holds on to."""

    console: Console
    window: MainWindow
    instance: Instance

    async def close(self) -> None:
        """End all work, remember the window and free the lock."""
        try:
            await self.window.close_window()
            await self.console.close()
        finally:
            with suppress(UserError):  # sizes and places; the window has told of the disk while it was there
                self.console.settings.save_now()
            self.instance.release()


def build(
    app: QApplication, options: Options, paths: Paths, crash: CrashReporter, quit_asked: Callable[[], None]
) -> Parts | None:
    """Make and show the window; None if another process has it already and was asked to show it."""
    instance = Instance(paths.state_dir, paths.lock_name, _target_name(options))
    if not options.tour and not instance.is_first() and instance.hand_over(options.function, options.page):
        return None
    settings = Settings(paths.settings_file)
    settings_message = settings.load()
    theme.apply(app, settings.theme)
    console = Console(paths, settings, History(paths.history_file))
    connections_message = console.connections.store.load()

    def report(name: str, error: Exception) -> None:
        if isinstance(error, UserError):
            window.show_failure(name, error)
        else:
            crash.report(error)

    window = MainWindow(console, report)
    console.failed.connect(report)
    window.close_requested.connect(quit_asked)
    crash.show = _crash_window(window)
    if settings_message:
        window.notices.show_info(settings_message, "settings")
    if connections_message:
        window.notices.show_info(connections_message, "connections")
    if options.function or options.page:
        window.want(options.function, options.page)
    if options.endpoint_url and not options.profile:
        # Nothing has to be looked up, so the last list is there in the first frame.
        window.places.show_cached(options.region, options.endpoint_url)
    elif _names_no_target(options):
        window.places.show_last_lists()
    if not options.tour:
        after_first_paint(window, lambda: _start(window, console, options, instance))
    if milestones.are_wanted():
        after_first_paint(window.functions.table, lambda: _note_list(console))
    window.show()
    return Parts(console, window, instance)


def _start(window: MainWindow, console: Console, options: Options, instance: Instance) -> None:
    """Everything that the first frame can do without."""
    milestones.reached("first_frame")
    console.start()
    window.scope.start("history", _open_history, window, console)
    if options.local:
        window.places.open_local()
    elif options.endpoint_url and not options.profile:
        # A turn later, since it imports much: what was painted is noted first.
        QTimer.singleShot(0, lambda: window.places.open_now(options.region, options.endpoint_url))
    elif not (_names_no_target(options) and window.places.reopen()):
        window.places.open_target(options.profile, options.region, options.endpoint_url)
    QTimer.singleShot(0, lambda: instance.listen(lambda *wish: _come_forward(window, *wish)))
    QTimer.singleShot(PRELOAD_MS, lambda: window.scope.start("preload", _preload))


def _note_list(console: Console) -> None:
    is_live = console.connection is not None and not console.connection.catalog.state.from_cache
    milestones.reached("functions_painted_live" if is_live else "functions_painted_cached")


async def _open_history(window: MainWindow, console: Console) -> None:
    message = await console.open_history()
    if message and console.history.writable:
        window.notices.show_info(message, "history")
    elif message:
        error = UserError(message, "Everything else works. Check the disk.", kind=ErrorKind.STORAGE)
        window.notices.show_error(error, None, "history")


async def _preload() -> None:
    await in_thread(import_module, "numpy")  # half of what the first chart waits for


def _come_forward(window: MainWindow, function: str, page: str) -> None:
    window.setWindowState(window.windowState() & ~window.windowState().WindowMinimized)
    window.raise_()
    window.activateWindow()
    if function or page:
        window.want(function, page)


def _crash_window(window: MainWindow) -> Callable[[str, Path | None], None]:
    def show(text: str, path: Path | None) -> None:
        from lambdadesk.ui.dialogs.text_dialog import TextDialog

        kept = f"The report below is kept in {path}." if path else "The report below could not be kept."
        sentence = f"LambdaDesk made a mistake of its own and goes on. {kept} It was sent nowhere."
        TextDialog("Unexpected error", sentence, text, window).open()

    return show


def _names_no_target(options: Options) -> bool:
    """Whether the places of the last run are to be shown again."""
    given = (options.local, options.tour, options.profile, options.region, options.endpoint_url)
    return not any(given)


def _target_name(options: Options) -> str:
    if options.local or options.tour:
        return "local"
    return f"{options.profile}@{options.endpoint_url}/{options.region}"
