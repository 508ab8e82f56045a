"""LogDetail, one log line in full."""

from datetime import UTC, datetime

import orjson
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from lambdadesk.core.logstore import Level, LogRow
from lambdadesk.core.payload import format_json
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.log_table import LEVEL_WORDS
from lambdadesk.ui.widgets.json_view import JsonView
from lambdadesk.ui.widgets.labels import ElidedLabel

DETAIL_LIMIT = 200_000  # characters of an invocation's lines
_JSON_LIMIT = 1024 * 1024  # characters of a line that is still looked at as JSON


class LogDetail(QWidget):
    """When and where a line was written, and its whole text, JSON laid out."""

    close_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.is_utc = False
        self.heading = ElidedLabel()
        self.heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.heading.setAccessibleName("Selected line")
        self.text = JsonView(line_numbers=False)
        self.text.setAccessibleName("Text of the selected line")
        close = QToolButton()
        close.setAutoRaise(True)
        close.setIcon(icon("close"))
        close.setAccessibleName("Close the selected line")
        close.setToolTip("Close (Esc)")
        close.clicked.connect(self.close_requested)
        top = QHBoxLayout()
        top.setContentsMargins(theme.SPACE, 0, theme.TIGHT, 0)
        top.addWidget(self.heading, 1)
        top.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.TIGHT, 0, 0)
        layout.setSpacing(theme.TIGHT)
        layout.addLayout(top)
        layout.addWidget(self.text)

    def set_wrapped(self, wrapped: bool) -> None:
        """Break long lines at the edge, or let them run out of sight."""
        mode = QPlainTextEdit.LineWrapMode
        self.text.setLineWrapMode(mode.WidgetWidth if wrapped else mode.NoWrap)

    def show_row(self, row: LogRow) -> None:
        when = datetime.fromtimestamp(row.timestamp_ms / 1000, UTC)
        if not self.is_utc:
            when = when.astimezone()
        parts = [
            when.isoformat(sep=" ", timespec="milliseconds"),
            LEVEL_WORDS.get(Level(row.level), ""),
            f"request {row.request_id}" if row.request_id else "",
            row.stream,
            "came late" if row.late else "",
        ]
        self.show_text("   ·   ".join(part for part in parts if part), laid_out(row.message.rstrip("\r\n")))

    def show_text(self, heading: str, text: str) -> None:
        self.heading.setText(heading)
        self.text.set_text(text)


def laid_out(text: str) -> str:
    """The text, with JSON that ends it laid out below what comes before, and gaps in a REPORT line."""
    if text.startswith("REPORT RequestId: "):
        return text.replace("\t", " " * 4)  # a tab stop may be one character away
    start = text.find("{")
    if start <= 0 or len(text) > _JSON_LIMIT:  # JSON from its first character on is laid out by the view
        return text
    try:
        orjson.loads(text[start:])
    except orjson.JSONDecodeError:
        return text
    return f"{text[:start].rstrip()}\n{format_json(text[start:])}"
