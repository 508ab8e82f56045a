"""PayloadEditor: where a payload is written, with what there is to say about it."""

import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QDropEvent, QKeySequence, QShortcut, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lambdadesk.core.details import format_bytes
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event_variables import find_variables
from lambdadesk.core.payload import (
    ASYNC_LIMIT,
    SYNC_LIMIT,
    PayloadProblem,
    check_payload,
    format_json,
    minify_json,
)
from lambdadesk.core.payload_repair import Repair, find_repair
from lambdadesk.core.text import one_line
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import InvocationType
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.find_bar import FindBar
from lambdadesk.ui.widgets.json_edit import CHECK_HERE_LIMIT, JsonEdit
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.large_text import replace_large
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip

REPAIR_HERE_LIMIT = 20_000  # characters; longer texts are repaired off the window's thread
_NEARLY_FULL = 0.9
_FILE_NAME = re.compile(r"\s*@(\S[^\n]*?)\s*")
_DROPS = (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop)


class PayloadEditor(QWidget):
    """A JsonEdit, above it its size and a find bar, and at its foot its problem and the way to mend that.

    report: gets the name and the error of work that failed by a mistake of ours.
    Long texts are checked, repaired and laid out in threads, files are read in one; all of it belongs to the
    scope, which `close_editor` ends.
    """

    def __init__(self, report: Callable[[str, Exception], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope = TaskScope(self._on_failure)
        self._report = report
        self._kind = InvocationType.REQUEST_RESPONSE
        self._size_bytes = 0
        self._repair: Repair | None = None
        self._path = ""
        self._variables: list[str] = []
        self._remark = ("", "dim")  # of what was done last; a change of the text takes it away
        self._build()
        self.edit.textChanged.connect(self._on_edited)
        self.edit.checked.connect(self._on_checked)
        self.edit.large_check_requested.connect(self._check_large)
        self.edit.remarked.connect(lambda sentence: self._say(sentence, "dim"))
        self.edit.viewport().installEventFilter(self)
        # PySide6 ignores the context where it is given to the constructor together with a slot.
        for keys, action in (("F8", self.edit.go_to_problem), ("Ctrl+Shift+M", self.minify)):
            shortcut = QShortcut(QKeySequence(keys), self, action)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._show_size()

    def _build(self) -> None:
        self.edit = named(JsonEdit(), "payloadEditor", "Payload")
        self.edit.menu_actions = [
            ("Format\tCtrl+Shift+I", self.format),
            ("Minify\tCtrl+Shift+M", self.minify),
        ]
        self.find_bar = named(FindBar(self.edit, self), "payloadFind", "Find in the payload")
        self.problem = named(ToneLabel("dim"), "payloadProblem", "Payload check")
        self.size_label = named(ToneLabel("dim"), "payloadSize", "Size of the payload")
        self.size_label.setWordWrap(False)
        self.note = named(ToneLabel("dim"), "payloadNote", "About this payload")
        self.repair_button = named(QPushButton("Repair"), "payloadRepair")
        self.repair_button.clicked.connect(self.repair)
        self.open_button = named(QPushButton(), "payloadOpenFile")
        self.open_button.clicked.connect(lambda: self.open_file(self._path))
        foot = QHBoxLayout()
        foot.setSpacing(theme.SPACE)
        foot.addWidget(self.problem, 1)
        for button in (self.repair_button, self.open_button):
            button.setAutoDefault(False)
            button.hide()
            foot.addWidget(button)
        self.note.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.TIGHT)
        head = QHBoxLayout()
        head.addWidget(PlainLabel("Payload"), 1)
        head.addWidget(self.size_label)
        layout.addLayout(head)
        layout.addWidget(self.find_bar)
        layout.addWidget(self.edit, 1)
        layout.addLayout(foot)
        layout.addWidget(self.note)

    async def close_editor(self) -> None:
        """End all work; what was being opened is not."""
        await self.scope.close()

    def text(self) -> str:
        """The payload, as it would be sent."""
        return self.edit.toPlainText()

    def set_text(self, text: str) -> None:
        """Show another payload; there is nothing to undo after it."""
        self.edit.setPlainText(text)
        if len(text) <= CHECK_HERE_LIMIT:
            self.edit.check_now()

    def replace(self, text: str, remark: str = "") -> None:
        """Show another payload from its beginning, as one step to undo; `remark` says what there is to it."""
        if text != self.text():
            self.edit.replace_text(text)
            self.edit.moveCursor(QTextCursor.MoveOperation.Start)
            self._say(remark, "dim")

    def set_kind(self, kind: InvocationType) -> None:
        """Measure the payload against the limit of this kind of invocation."""
        self._kind = kind
        self._show_size()

    def check_now(self) -> PayloadProblem | None:
        """Check the payload on the spot, however long it is."""
        return self.edit.check_now()

    def format(self) -> None:
        """Lay the payload out in lines, as one step to undo; an error in it is gone to."""
        self._relay(format_json)

    def minify(self) -> None:
        """Put the payload on one line, as one step to undo; an error in it is gone to."""
        self._relay(minify_json)

    def repair(self) -> None:
        """Do what the Repair button offers, as one step to undo; nothing where it offers nothing."""
        repair, self._repair = self._repair, None
        if repair is not None:
            self.edit.replace_text(repair.text)
            self._say(f"✔ {repair.done}. Undo takes it back.", "ok")
            self.edit.setFocus()

    def open_file(self, path: str | Path) -> None:
        """Put the text of a file in place of the payload, as one step to undo, or say why it can't be."""
        self._say(f"Opening {path}…", "dim")
        self.scope.start("open", self._open, Path(path))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _DROPS and isinstance(event, QDropEvent):
            files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
            if files:
                event.acceptProposedAction()
                if event.type() == QEvent.Type.Drop:
                    if len(files) == 1:
                        self.open_file(files[0])
                    else:
                        self._say("▲ Drop one file: it becomes the payload.", "warning")
                return True
        return super().eventFilter(watched, event)

    # -- work

    def _relay(self, relay: Callable[[str], str]) -> None:
        if self.edit.coming is not None:
            return  # the one before is not done yet
        text = self.text()
        if len(text) > CHECK_HERE_LIMIT:
            self._say("Laying the payload out…", "dim")
            self.scope.start("relay", self._relay_large, text, relay)
        elif (problem := self.edit.check_now()) is not None and problem.is_error:
            self.edit.go_to_problem()
        else:
            self.edit.replace_text(relay(text))

    async def _relay_large(self, text: str, relay: Callable[[str], str]) -> None:
        problem = await in_thread(check_payload, text)
        after = text if problem is not None and problem.is_error else await in_thread(relay, text)
        self._say("", "dim")
        if text != self.text():
            return  # it was changed meanwhile
        if problem is not None and problem.is_error:
            self.edit.finish_check(text, problem)
            self.edit.go_to_problem()
        else:
            await self._replace_large(after)

    async def _replace_large(self, text: str) -> None:
        self._say("Putting it in place…", "dim")
        await replace_large(self.edit, text)
        self.edit.moveCursor(QTextCursor.MoveOperation.Start)

    def _check_large(self, text: str) -> None:
        self._measure(text)
        self.problem.say("Checking…", "dim")
        self.scope.start("check", self._check, text)

    async def _check(self, text: str) -> None:
        self.edit.finish_check(text, await in_thread(check_payload, text))

    async def _find_repair(self, text: str) -> None:
        self._offer_repair(text, await in_thread(find_repair, text))

    async def _open(self, path: Path) -> None:
        text = await in_thread(_read, path)
        plain = text.replace("\r\n", "\n").replace("\r", "\n")
        if len(plain) > CHECK_HERE_LIMIT:
            await self._replace_large(plain)
        else:
            self.replace(plain)
        breaks = " Its line ends (CR LF) are shown and sent as LF." if "\r" in text else ""
        self._say(f"✔ Opened {path.name}.{breaks} Undo brings back what was here.", "ok")
        announce(self, self.note.text())
        self.edit.setFocus()

    def _on_failure(self, name: str, error: Exception) -> None:
        if isinstance(error, UserError):
            self._say(f"✖ {error}", "error")
            announce(self, str(error), is_urgent=True)
        else:
            self._report(name, error)

    # -- showing

    def _on_edited(self) -> None:
        self._repair = None
        self.repair_button.hide()
        self.open_button.hide()
        self._say("", "dim")

    def _on_checked(self, problem: PayloadProblem | None) -> None:
        text = self.text()
        self._measure(text)
        self._repair = None
        self.repair_button.hide()
        named_file = _FILE_NAME.fullmatch(text) if len(text) < 5_000 else None
        self.open_button.setVisible(named_file is not None)
        if named_file is not None:
            self._offer_file(named_file[1])
        elif problem is None:
            self.problem.say("Valid JSON", "dim")
        else:
            mark, tone = ("✖", "error") if problem.is_error else ("▲", "warning")
            self.problem.say(f"{mark} {problem}", tone)
            if problem.is_error and len(text) <= REPAIR_HERE_LIMIT:
                self._offer_repair(text, find_repair(text))
            elif problem.is_error and len(text) <= SYNC_LIMIT:
                self.scope.start("repair", self._find_repair, text)

    def _offer_file(self, path: str) -> None:
        self._path = str(Path.home() / path.removeprefix("~/"))  # an absolute path stays as it is
        name = Path(path).name
        self.open_button.setText(f"Open {one_line(name, 40)}".replace("&", "&&"))
        self.open_button.setAccessibleName(f"Open {self._path}")
        set_plain_tooltip(self.open_button, f"Put the text of {self._path} here")
        self.problem.say(
            "▲ This names a file, and is not what can be sent. Open the file to send its text.", "warning"
        )

    def _offer_repair(self, text: str, repair: Repair | None) -> None:
        if repair is None or text != self.text():
            return
        self._repair = repair
        offer = repair.offer[0].upper() + repair.offer[1:]
        self.repair_button.setAccessibleName(f"Repair: {offer}")
        set_plain_tooltip(self.repair_button, f"{offer}; then it is valid JSON")
        self.repair_button.show()

    def _measure(self, text: str) -> None:
        self._size_bytes = len(text.encode("utf-8", "surrogatepass"))
        self._variables = sorted({each.text for each in find_variables(text)}) if "{{" in text else []
        self._show_size()
        self._show_note()

    def _show_size(self) -> None:
        limit = ASYNC_LIMIT if self._kind == InvocationType.EVENT else SYNC_LIMIT
        of_limit = f"{format_bytes(self._size_bytes)} of {format_bytes(limit)}"
        if self._size_bytes > limit:
            self.size_label.say(f"✖ {of_limit}: {format_bytes(self._size_bytes - limit)} too much", "error")
        elif self._size_bytes >= _NEARLY_FULL * limit:
            self.size_label.say(f"▲ {of_limit}", "warning")
        else:
            self.size_label.say(of_limit, "dim")

    def _say(self, sentence: str, tone: str) -> None:
        self._remark = sentence, tone
        self._show_note()

    def _show_note(self) -> None:
        sentence, tone = self._remark
        if not sentence and self.edit.piece_count():
            sentence = (
                "A very long line is shown in pieces, marked · at the left. It is sent as the one line it is."
            )
        if not sentence and self._variables:
            sentence = f"Filled in when it is sent: {one_line(', '.join(self._variables), 200)}"
        self.note.say(sentence, tone)
        self.note.setVisible(bool(sentence))


def _read(path: Path) -> str:
    """The text of a payload file; UserError where it is none."""
    try:
        size_bytes = path.stat().st_size
        if size_bytes > SYNC_LIMIT:
            raise UserError(
                f"{path.name} was not opened: it has {size_bytes:,} bytes, "
                f"and a payload {SYNC_LIMIT:,} at most.",
                "Put large data into S3, and send where it is.",
                kind=ErrorKind.INVALID,
            )
        if not path.is_file():
            raise UserError(f"{path.name} was not opened: it is not a file.", kind=ErrorKind.INVALID)
        with path.open("rb") as file:
            data = file.read(SYNC_LIMIT + 1)
    except OSError as error:
        raise UserError(
            f"{path.name} was not opened: {error.strerror or error}.",
            f"Look at {path}.",
            kind=ErrorKind.INVALID,
        ) from error
    try:
        return data.decode("utf-8-sig")  # Qt drops the mark, too, and then counts it
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path.name} was not opened: its byte {error.start + 1:,} is not UTF-8, so it is no JSON text.",
            "Save it as UTF-8.",
            kind=ErrorKind.INVALID,
        ) from error
