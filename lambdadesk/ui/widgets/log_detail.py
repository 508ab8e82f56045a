"""LogDetail, one log line in full."""

from datetime import UTC, datetime

import orjson
from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPlainTextEdit,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.logstore import Level, LogRow
from lambdadesk.core.payload import format_json
from lambdadesk.core.stack_traces import fold_frames
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.log_cells import LEVEL_WORDS
from lambdadesk.ui.widgets.json_tree import JsonTree
from lambdadesk.ui.widgets.json_view import JsonView
from lambdadesk.ui.widgets.labels import ElidedLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import set_plain_tooltip

DETAIL_LIMIT = 200_000  # characters of an invocation's lines
SHOWN_AT_FIRST = 64_000  # characters of a longer line, until all of it is asked for
_JSON_LIMIT = 1024 * 1024  # characters of a line that is still looked at as JSON


class LogDetail(QWidget):
    """When and where a line was written, and its text: JSON as a tree or laid out, long traces folded."""

    close_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.is_utc = False
        self.heading = ElidedLabel()
        self.heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.heading.setAccessibleName("Selected line")
        self.text = JsonView(line_numbers=False)
        self.text.setAccessibleName("Text of the selected line")
        self.tree = JsonTree()
        self.tree.model.top_name = "line"
        named(self.tree.view, "logTree", "The selected line as a tree")
        self.tree.notice.setObjectName("logTreeNotice")
        self._pages = QStackedWidget()
        self._pages.addWidget(self.text)
        self._pages.addWidget(self.tree)
        self.as_tree = _toggle("Tree", "logAsTree", "Show the line as a tree", "Tree or text")
        self.as_tree.setChecked(True)
        self.as_tree.toggled.connect(self._turn)
        self.frames = _toggle(
            "All frames", "logFrames", "Show all frames", "Show all frames of the stack trace"
        )
        self.frames.toggled.connect(self._show_text)
        self.whole = _toggle("", "logWhole", "Show all of this long line", "It may take a moment")
        self.whole.toggled.connect(self._show_text)
        self.cost = _toggle("Cost", "logCost", "Show how the cost was computed", "How the cost was computed")
        self.cost.toggled.connect(self._use_cost)
        self._text = self._cost_text = ""
        close = QToolButton()
        close.setAutoRaise(True)
        close.setIcon(icon("close"))
        close.setAccessibleName("Close the selected line")
        close.setToolTip("Close (Esc)")
        close.clicked.connect(self.close_requested)
        top = QHBoxLayout()
        top.setContentsMargins(theme.SPACE, 0, theme.TIGHT, 0)
        top.addWidget(self.heading, 1)
        for button in (self.whole, self.cost, self.frames, self.as_tree, close):
            top.addWidget(button)
        self._layout = layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.TIGHT, 0, 0)
        layout.setSpacing(theme.TIGHT)
        layout.addLayout(top)
        layout.addWidget(self._pages)

    def set_low(self, is_low: bool) -> None:
        """Be content with two lines of text where there is little room."""
        self._pages.setMinimumHeight(2 * self.text.fontMetrics().height() + theme.SPACE if is_low else 0)
        self._layout.setContentsMargins(0, 0 if is_low else theme.TIGHT, 0, 0)
        self._layout.setSpacing(0 if is_low else theme.TIGHT)

    def set_wrapped(self, wrapped: bool) -> None:
        """Break long lines at the edge, or let them run out of sight."""
        mode = QPlainTextEdit.LineWrapMode
        self.text.setLineWrapMode(mode.WidgetWidth if wrapped else mode.NoWrap)

    def show_row(self, row: LogRow, source: str = "") -> None:
        """source: whose line it is, where there are several."""
        when = datetime.fromtimestamp(row.timestamp_ms / 1000, UTC)
        if not self.is_utc:
            when = when.astimezone()
        parts = [
            when.isoformat(sep=" ", timespec="milliseconds"),
            LEVEL_WORDS.get(Level(row.level), ""),
            source,
            f"request {row.request_id}" if row.request_id else "",
            row.stream,
            "came late" if row.late else "",
        ]
        self.show_text("   ·   ".join(part for part in parts if part), row.message.rstrip("\r\n"))

    def show_text(self, heading: str, text: str) -> None:
        """Show a text under a heading; what is JSON as a whole is shown as a tree where that is wanted."""
        self.heading.setText(heading)
        self._text, self._cost_text = text, ""
        self._put_back(self.whole)
        self.cost.hide()
        is_json = _is_json(text)
        self.as_tree.setVisible(is_json)
        self.tree.set_data(text.encode("utf-8", "surrogatepass") if is_json else b"null")
        self._turn()
        self._show_text()

    def show_cost(self, arithmetic: str) -> None:
        """Offer the arithmetic of the cost of what is shown; empty: it is not known."""
        self._cost_text = arithmetic
        self.cost.setVisible(bool(arithmetic))
        if self.cost.isChecked():
            self._use_cost()

    def _use_cost(self) -> None:
        self._turn()
        self._show_text()

    def _turn(self) -> None:
        has_cost = bool(self._cost_text) and self.cost.isChecked()
        is_tree = self.as_tree.isChecked() and not self.as_tree.isHidden() and not has_cost
        self._pages.setCurrentWidget(self.tree if is_tree else self.text)
        self.whole.setVisible(len(self._text) > SHOWN_AT_FIRST and not is_tree and not has_cost)

    def _show_text(self) -> None:
        text, length = self._text, len(self._text)
        has_cost = bool(self._cost_text) and self.cost.isChecked()
        is_long = length > SHOWN_AT_FIRST and self._pages.currentWidget() is self.text and not has_cost
        self.whole.setVisible(is_long)
        if has_cost:
            self.frames.hide()
            self.text.set_text(self._cost_text)
            return
        if length > SHOWN_AT_FIRST and not self.whole.isChecked():
            self.whole.setText(f"Show all {length:,} characters")
            self.frames.hide()
            self.text.set_text(f"{text[:SHOWN_AT_FIRST]}… (+{length - SHOWN_AT_FIRST:,} characters)")
            return
        self.whole.setText("Show its beginning")
        folded, hidden = fold_frames(text)
        self.frames.setVisible(bool(hidden))
        self.text.set_text(laid_out(text if self.frames.isChecked() else folded))

    def _put_back(self, toggle: QToolButton) -> None:
        """Off again, for another line, without showing the one before anew."""
        toggle.blockSignals(True)
        toggle.setChecked(False)
        toggle.blockSignals(False)


def _is_json(text: str) -> bool:
    """Whether the text is an object or a list in JSON, with something in it."""
    if text[:1] not in ("{", "[") or len(text) > _JSON_LIMIT:
        return False
    try:
        return bool(orjson.loads(text))
    except orjson.JSONDecodeError:
        return False


def _toggle(word: str, object_name: str, spoken: str, tooltip: str) -> QToolButton:
    button = named(QToolButton(), object_name, spoken)
    button.setText(word)
    button.setCheckable(True)
    set_plain_tooltip(button, tooltip)
    button.hide()
    return button


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
