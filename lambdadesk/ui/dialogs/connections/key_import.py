"""KeyImport: access keys that lie in the open somewhere, taken over without showing them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QClipboard, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from lambdadesk.core.connections import AccessKey, mask_key_id
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.desk.connection_draft import Draft, from_key
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.aws_files import (
    files_to_watch,
    parse_export_lines,
    plain_text_profiles,
    read_credentials_csv,
    read_profile_key,
    remove_key_from_profile,
)
from lambdadesk.ui.widgets.ask_bar import AskBar
from lambdadesk.ui.widgets.filter_combo import FilterCombo
from lambdadesk.ui.widgets.notices import NoticeBar

_CLIPBOARD_LIMIT = 100_000  # characters: nobody copies that many with a key in them


class KeyImport(QObject):
    """Reads keys from a CSV file, the clipboard or a plain-text profile.

    get_names: the names that connections have already.

    Signals:
        found(list[Draft]): new connections for what was read.
    """

    found = Signal(object)

    def __init__(
        self,
        dialog: QWidget,
        scope: TaskScope,
        asks: AskBar,
        notices: NoticeBar,
        get_names: Callable[[], list[str]],
    ) -> None:
        super().__init__(dialog)
        self._dialog = dialog
        self._scope = scope
        self._asks = asks
        self._notices = notices
        self._get_names = get_names
        self.menu = QMenu(dialog)
        self.menu.setObjectName("importMenu")
        self.menu.setAccessibleName("Import an access key")
        for object_name, title, start in (
            ("importCsv", "From a &CSV file of the AWS console…", self._choose_csv),
            ("importClipboard", "Paste from the clip&board", self._read_clipboard),
            (
                "importProfile",
                "From a plain-text &profile…",
                lambda: scope.start("import", self._offer_profiles),
            ),
        ):
            action = self.menu.addAction(title)
            action.setObjectName(object_name)
            action.triggered.connect(lambda _checked=False, start=start: start())

    def offer_removal(self, draft: Draft) -> None:
        """Offer to take a key out of the file that it was read from, now that the keyring has it."""
        if draft.origin is None:
            return
        path, profile = draft.origin
        self._asks.ask(
            f"The key of profile {profile} still lies in plain text in {path}.",
            [("removeFromFile", "Remove it there", lambda: self._remove(path, profile))],
            "Leave it",
        )

    # -- the clipboard

    def _read_clipboard(self) -> None:
        clipboard = QGuiApplication.clipboard()
        text = clipboard.text()
        try:
            key = parse_export_lines(text) if len(text) <= _CLIPBOARD_LIMIT else None
            if key is None:
                raise UserError(
                    "The clipboard holds no access key.",
                    "Copy the lines that set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and try again.",
                    kind=ErrorKind.INVALID,
                )
        except UserError as error:
            self._notices.show_error(error, None, "import")
            return
        self._tell([key])

        def clear() -> None:
            if clipboard.text() == text:
                clipboard.clear()
            if clipboard.supportsSelection() and clipboard.text(QClipboard.Mode.Selection) == text:
                clipboard.clear(QClipboard.Mode.Selection)

        self._asks.ask(
            f"The key {mask_key_id(key.access_key_id)} was taken over; the clipboard still holds its secret.",
            [("clearClipboard", "Clear the clipboard", clear)],
            "Leave it",
        )

    # -- a CSV file

    def _choose_csv(self) -> None:
        dialog = QFileDialog(self._dialog, "Access keys of the AWS console", str(Path.home()))
        dialog.setObjectName("csvDialog")
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["CSV files (*.csv)", "All files (*)"])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self._scope.start("import", self._read_csv, Path(path)))
        dialog.open()

    async def _read_csv(self, path: Path) -> None:
        self._tell(await in_thread(read_credentials_csv, path))
        self._notices.show_info(
            f"{path.name} still holds the secret in plain text.",
            "import",
            "Delete it once the connection is saved and works.",
        )

    # -- a profile

    async def _offer_profiles(self) -> None:
        places: dict[str, tuple[Path, str]] = {}
        choices: list[tuple[str, str]] = []
        for path in files_to_watch():
            for name in await in_thread(plain_text_profiles, path):
                number = str(len(places))
                places[number] = (path, name)
                choices.append((name if name not in dict(choices) else f"{name} ({path.name})", number))
        if not choices:
            self._notices.show_info(
                "No profile holds an access key in plain text.",
                "import",
                "Other profiles are used as they are: choose the kind AWS profile.",
            )
            return
        box = FilterCombo("importProfileBox", "Profile to import")
        box.set_choices(choices)
        box.set_value("0")

        def start() -> None:
            if place := places.get(box.get_value()):
                self._scope.start("import", self._read_profile, *place)

        self._asks.ask(
            "Take over the access key of a profile:",
            [("importProfileKey", "Import", start)],
            "Cancel",
            box,
        )

    async def _read_profile(self, path: Path, profile: str) -> None:
        key = await in_thread(read_profile_key, path, profile)
        self._tell([key], profile, (path, profile))

    def _remove(self, path: Path, profile: str) -> None:
        async def remove() -> None:
            backup = await in_thread(remove_key_from_profile, path, profile)
            self._notices.show_info(
                f"The key of profile {profile} was removed. The file before is kept as {backup}.",
                "import",
                "That copy still holds the key: delete it once the connection works.",
            )

        self._scope.start("import", remove)

    def _tell(self, keys: list[AccessKey], name: str = "", origin: tuple[Path, str] | None = None) -> None:
        self._notices.dismiss("import")
        names, drafts = self._get_names(), list[Draft]()
        for key in keys:
            draft = replace(from_key(key, names, name), origin=origin)
            names.append(draft.info.name)
            drafts.append(draft)
        self.found.emit(drafts)
