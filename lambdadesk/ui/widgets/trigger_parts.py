"""TriggerParts: a table of triggers, the evidence below it, and the picture where there is room for it."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QSplitter, QWidget

from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import show_plain_text
from lambdadesk.ui.widgets.trigger_picture import TriggerPicture

_BESIDE_PX, _BELOW_PX, _LOW_PX = 1000, 560, 330  # of what is there, from where the picture has room


class TriggerParts(QSplitter):
    """The picture is beside the table, or beside the evidence, or nowhere; a person can fold it away."""

    def __init__(self, upper: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._told = ""
        self._has_rows = self._has_picture = False
        self.evidence = named(QPlainTextEdit(), "triggerEvidence", "Evidence of the selected trigger")
        self.evidence.setReadOnly(True)
        self.evidence.setTabChangesFocus(True)
        self.evidence.setTextInteractionFlags(
            self.evidence.textInteractionFlags() | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.picture = named(TriggerPicture(), "triggerPicture", "Sources, function and destinations")
        self._below = QSplitter(Qt.Orientation.Horizontal)
        self._below.addWidget(self.evidence)
        self._below.addWidget(self.picture)
        self._below.setCollapsible(0, False)
        column = named(QSplitter(Qt.Orientation.Vertical), "triggersSplitter")
        column.setChildrenCollapsible(False)
        column.addWidget(upper)
        column.addWidget(self._below)
        column.setSizes([300, 220])  # shares of what room there is
        self.addWidget(column)
        self.setCollapsible(0, False)

    def show_content(self, *, has_rows: bool, has_picture: bool) -> None:
        """Whether there are rows that have evidence, and something to paint."""
        self._has_rows, self._has_picture = has_rows, has_picture
        self._place()

    def show_evidence(self, text: str) -> None:
        if text != self._told:  # the place in it stays
            self._told = text
            show_plain_text(self.evidence, text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        is_wide = self.width() >= _BESIDE_PX
        place = self if is_wide else self._below
        if self.picture.parentWidget() is not place:
            place.addWidget(self.picture)
            place.setSizes([600, 400] if is_wide else [500, 500])
        has_room = is_wide or (self.width() >= _BELOW_PX and self.height() >= _LOW_PX)
        self.picture.setVisible(has_room and self._has_picture)
        self.evidence.setVisible(self._has_rows)
        self._below.setVisible(self._has_rows or (self._has_picture and has_room and not is_wide))
