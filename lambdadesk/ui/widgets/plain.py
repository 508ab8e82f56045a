"""Labels and tooltips that never take text for HTML."""

from html import escape

from PySide6.QtGui import Qt
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QWidget  # noqa: TID251  the one place that may

from lambdadesk.core.text import short_lines, visible


class PlainLabel(QLabel):
    """A label that shows its text as it is, hidden characters spelt out."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(visible(text))


def plain_tooltip(text: str) -> str:
    """What to give Qt as a tooltip (a ToolTipRole, say) so that it reads as `text`.

    Qt takes some texts for HTML, unasked; only those are escaped, since it would show the escapes of others.
    """
    text = visible(text)
    if not Qt.mightBeRichText(text):
        return text
    return f'<p style="white-space:pre-wrap">{escape(text)}</p>'


def set_plain_tooltip(widget: QWidget, text: str) -> None:
    """Give the widget a tooltip that reads as `text`, whatever is in it."""
    widget.setToolTip(plain_tooltip(text))


def show_plain_text(view: QPlainTextEdit, text: str) -> None:
    """Show text from outside in a read-only view: spelt out, and no line so long that Qt stalls."""
    view.setPlainText(short_lines(visible(text)))
