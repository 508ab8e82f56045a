"""DiffView, the differences of two texts: a row for each where both are JSON, else lines."""

from PySide6.QtGui import QColor, QSyntaxHighlighter, QTextCharFormat, QTextDocument
from PySide6.QtWidgets import QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from lambdadesk.core.json_diff import Change, ChangeKind, Diff
from lambdadesk.ui import theme
from lambdadesk.ui.models.rows import Column, RowTableModel
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import show_plain_text
from lambdadesk.ui.widgets.tables import make_table

_LOOKS = {
    ChangeKind.ADDED: ("ok", "ok"),
    ChangeKind.REMOVED: ("error", "error"),
    ChangeKind.CHANGED: ("warning", "warning"),
}
_TABLE, _LINES = range(2)


class DiffView(QWidget):
    """Says in words how much differs, then shows each difference. `before` and `after` name the two sides."""

    def __init__(self, before: str, after: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._before, self._after = before, after
        self.heading = named(ToneLabel(), "diffHeading", "How much differs")
        self.model = _ChangeModel(before, after)
        self.table = named(
            make_table(
                self.model, ("removed iiiiiiiii", "items[10].price_of_it", "some value of it"), stretch=3
            ),
            "diffTable",
            "Differences",
        )
        self.lines = named(QPlainTextEdit(), "diffLines", "Differences")
        self.lines.setReadOnly(True)
        self.lines.setFont(theme.fixed_font())
        self.lines.setTabChangesFocus(True)
        self.lines.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._colouring = _LineColours(self.lines.document(), self)
        self.views = QStackedWidget()
        self.views.addWidget(self.table)
        self.views.addWidget(self.lines)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.TIGHT, 0, 0)
        layout.setSpacing(theme.TIGHT)
        layout.addWidget(self.heading)
        layout.addWidget(self.views, 1)
        layout.addStretch(0)  # without views, what is said stays at the top

    def say(self, text: str, tone: str = "dim") -> None:
        """Show a sentence alone."""
        self.heading.say(text, tone)
        self.views.hide()

    def show_diff(self, diff: Diff) -> None:
        if diff.is_equal:
            same = "The two are the same, byte for byte."
            self.say(same if diff.is_same_bytes else "The same value, written in another way.", "ok")
            announce(self, self.heading.text())
            return
        self.heading.say(" ".join(part for part in (self._count(diff), diff.note) if part), "text")
        self.views.show()
        if diff.is_structural:
            self.model.show_changes(list(diff.changes))
            self.views.setCurrentIndex(_TABLE)
        else:
            show_plain_text(self.lines, "\n".join(diff.lines))
            self.views.setCurrentIndex(_LINES)
        announce(self, self.heading.text())

    def _count(self, diff: Diff) -> str:
        if not diff.is_structural:
            return "Compared line by line, since not both are JSON." if diff.lines else ""
        counts = {kind: sum(change.kind is kind for change in diff.changes) for kind in ChangeKind}
        parts = [f"{count:,} {kind.value}" for kind, count in counts.items() if count]
        count = len(diff.changes)
        return f"{count:,} {'difference' if count == 1 else 'differences'}: {', '.join(parts)}."


class _ChangeModel(RowTableModel[tuple[int, Change]]):
    def __init__(self, before: str, after: str) -> None:
        super().__init__(
            (
                Column("Change", lambda row: row[1].kind.value, status=lambda row: _LOOKS[row[1].kind]),
                Column("Path", lambda row: row[1].path or "(the whole)", tooltip=lambda row: row[1].path),
                Column(before, lambda row: row[1].before, tooltip=lambda row: row[1].before[:2_000]),
                Column(after, lambda row: row[1].after, tooltip=lambda row: row[1].after[:2_000]),
            ),
            key=lambda row: row[0],
        )

    def show_changes(self, changes: list[Change]) -> None:
        self._show(list(enumerate(changes)))


class _LineColours(QSyntaxHighlighter):
    """Colours what came, what went, and where; the sign at the line's start says the same."""

    def __init__(self, document: QTextDocument, widget: QWidget) -> None:
        super().__init__(document)
        self._widget = widget

    def highlightBlock(self, text: str) -> None:
        colours = theme.colours(self._widget.palette())
        names: dict[str, QColor] = {"+": colours.ok, "-": colours.error, "@": colours.dim}
        if colour := names.get(text[:1]):
            look = QTextCharFormat()
            look.setForeground(colour)
            self.setFormat(0, len(text), look)
