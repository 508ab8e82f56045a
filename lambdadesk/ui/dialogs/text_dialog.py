"""TextDialog: a sentence over plain text that can be copied."""

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.plain import PlainLabel, show_plain_text


class TextDialog(QDialog):
    """Shown beside the window with `open()`, which returns at once; it deletes itself when closed."""

    def __init__(
        self, title: str, sentence: str, text: str, parent: QWidget | None = None, *, wraps: bool = False
    ) -> None:
        super().__init__(parent)
        self.setObjectName("textDialog")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._text = ""
        self._view = view = QPlainTextEdit(readOnly=True)
        view.setAccessibleName(title)
        view.setFont(theme.fixed_font())
        modes = QPlainTextEdit.LineWrapMode
        view.setLineWrapMode(modes.WidgetWidth if wraps else modes.NoWrap)
        self.show_text(text)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._text))
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.SPACE)
        if sentence:
            label = PlainLabel(sentence)
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addWidget(view, 1)
        layout.addWidget(buttons)
        self.resize(680, 420)
        self.finished.connect(self.deleteLater)

    def show_text(self, text: str) -> None:
        """Show another text, at the place where the one before was read."""
        if text == self._text:
            return
        self._text = text
        bars = self._view.verticalScrollBar(), self._view.horizontalScrollBar()
        places = [bar.value() for bar in bars]
        show_plain_text(self._view, text)
        for bar, place in zip(bars, places, strict=True):
            bar.setValue(place)

    def open(self) -> None:
        """Show it; unlike QDialog's own, this does not keep the window from being used."""
        self.show()
