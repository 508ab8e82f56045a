"""ask_for_csv, which asks where a CSV file is to be written."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget


def ask_for_csv(parent: QWidget, title: str, file_name: str, save: Callable[[Path], object]) -> None:
    """Open the dialog with a name for the file; `save` is called with what is chosen."""
    dialog = QFileDialog(parent, title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter("Comma-separated values (*.csv)")
    dialog.setDefaultSuffix("csv")
    dialog.selectFile(file_name)
    dialog.fileSelected.connect(lambda path: save(Path(path)))
    dialog.open()
