"""JsonView, where a response or a log line is read, however large it is."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from lambdadesk.core.payload import pretty
from lambdadesk.core.text import short_lines, visible
from lambdadesk.ui.widgets.code_edit import CodeEdit

WHOLE_LIMIT = 1024 * 1024  # bytes that are shown in full
PREVIEW_LENGTH = 64 * 1024  # characters shown of anything larger
LONG_LINE = 20_000  # characters; Qt needs minutes for longer ones


class JsonView(CodeEdit):
    """Read-only text with JSON colours: visible and, if it is JSON, laid out; `data` is exact."""

    def __init__(self, parent: QWidget | None = None, *, line_numbers: bool = True) -> None:
        super().__init__(parent, line_numbers=line_numbers)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.setTextInteractionFlags(
            self.textInteractionFlags() | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._data = b""

    @property
    def data(self) -> bytes:
        """The bytes as they were received, for saving."""
        return self._data

    def set_data(self, data: bytes) -> None:
        """Show bytes: all of them up to WHOLE_LIMIT, else their beginning, with a first line that says so."""
        self._data = data
        if len(data) > WHOLE_LIMIT:
            start = data[: 4 * PREVIEW_LENGTH].decode("utf-8", "backslashreplace")[:PREVIEW_LENGTH]
            size_mb = len(data) / 1024 / 1024
            notice = f"Only the beginning of {size_mb:.1f} MB is shown; saving keeps every byte."
            self._show(start, notice, is_json=False)
            return
        text = pretty(data)
        self._show(text, "", is_json=text[:1] in ("{", "[", '"'))

    def set_text(self, text: str) -> None:
        """Show text that came as text, such as a log line."""
        self.set_data(text.encode("utf-8", "surrogatepass"))

    def _show(self, text: str, notice: str, *, is_json: bool) -> None:
        text = visible(text)
        if any(len(line) > LONG_LINE for line in text.split("\n")):
            text = short_lines(text)
            notice = notice or "Lines of this text are broken up here, since they are very long."
        self.show_text(f"— {notice} —\n{text}" if notice else text, coloured=is_json)
