"""WrappingRow: buttons side by side, in as many rows as it takes."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from lambdadesk.ui import theme


class WrappingRow(QWidget):
    """Asks for no more width than its widest button, so that it never takes any from what is beside it."""

    def __init__(self, buttons: Sequence[QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons = list(buttons)
        for button in self._buttons:  # also of those that are hidden, which would appear as windows
            button.setParent(self)
        self._placed: tuple[int, list[QWidget]] = (0, [])
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(theme.SPACE)
        self._place(len(self._buttons))

    def minimumSizeHint(self) -> QSize:
        widest = max((button.sizeHint().width() for button in self._shown()), default=0)
        return QSize(widest, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()

    def arrange(self) -> None:
        """Take as few rows as it takes now; for buttons whose text is another one, or that were hidden."""
        most = len(self._shown())
        fitting = [count for count in range(most, 0, -1) if self._width(count) <= self.width()]
        self._place(fitting[0] if fitting else 1)

    def _shown(self) -> list[QWidget]:
        """Those that nobody has hidden; before it is shown itself, Qt calls all of them hidden."""
        by_hand = Qt.WidgetAttribute.WA_WState_ExplicitShowHide
        return [each for each in self._buttons if not (each.testAttribute(by_hand) and each.isHidden())]

    def _width(self, columns: int) -> int:
        """What so many columns take."""
        widths = [max(button.sizeHint().width(), button.minimumWidth()) for button in self._shown()]
        widest = [max(widths[column::columns]) for column in range(columns)]
        return sum(widest) + (columns - 1) * theme.SPACE

    def _place(self, columns: int) -> None:
        shown = self._shown()
        if (columns, shown) == self._placed:
            return
        self._grid.setColumnStretch(self._placed[0], 0)
        self._placed = (columns, shown)
        for number, button in enumerate(shown):
            self._grid.addWidget(button, number // columns, number % columns)
        self._grid.setColumnStretch(columns, 1)
        self.updateGeometry()
