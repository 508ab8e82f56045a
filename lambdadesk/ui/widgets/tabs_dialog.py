"""TabsDialog, a window of tabs beside the main one."""

from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QTabWidget, QVBoxLayout, QWidget

from lambdadesk.ui import theme
from lambdadesk.ui.widgets.named import named


class TabsDialog(QDialog):
    """Tabs to be added to `tabs`, with a Close button below them; shown with `open()`."""

    def __init__(self, name: str, title: str, parts: str, parent: QWidget | None = None) -> None:
        """name: begins the names of its widgets. parts: what the tabs are, for a screen reader."""
        super().__init__(parent)
        self.setObjectName(f"{name}Dialog")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.tabs = named(QTabWidget(), f"{name}Tabs", parts)
        self.tabs.tabBar().setAccessibleName(parts)
        self.tabs.setDocumentMode(True)
        self.close_button = named(QPushButton("Close"), f"{name}Close", "Close")
        self.close_button.setAutoDefault(False)  # Enter belongs to what is being typed
        self.close_button.clicked.connect(self.close)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setSpacing(theme.SPACE)
        column.addWidget(self.tabs, 1)
        column.addLayout(foot)

    def open(self) -> None:
        """Show it; unlike QDialog's own, this does not keep the window from being used."""
        self.show()
