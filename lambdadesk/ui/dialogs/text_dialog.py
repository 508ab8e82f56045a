"""TextDialog: a sentence over plain text that can be copied."""

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.plain import PlainLabel, show_plain_text


class TextDialog(QDialog):
    """Shown beside the window with `open()`, which returns at once; it deletes itself when closed."""

    def __init__(self, title: str, sentence: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("textDialog")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        view = QPlainTextEdit(readOnly=True)
        view.setAccessibleName(title)
        view.setFont(theme.fixed_font())
        view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        show_plain_text(view, text)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(text))
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

    def open(self) -> None:
        """Show it; unlike QDialog's own, this does not keep the window from being used."""
        self.show()
