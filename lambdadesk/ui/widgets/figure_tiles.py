"""FigureTiles: a few figures side by side, each under its title."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from lambdadesk.core.month_words import Figure
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip
from lambdadesk.ui.widgets.wrapping_row import WrappingRow


class _Tile(QFrame):
    def __init__(self, object_name: str) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.title = ToneLabel("dim")
        self.title.setWordWrap(False)
        self.value = named(PlainLabel(), object_name)
        font = self.value.font()
        font.setBold(True)
        self.value.setFont(font)
        self.value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE, theme.TIGHT, theme.SPACE, theme.TIGHT)
        column.setSpacing(0)
        column.addWidget(self.title)
        column.addWidget(self.value)

    def show_figure(self, figure: Figure) -> None:
        self.title.setText(figure.title)
        self.value.setText(figure.text)
        self.value.setAccessibleName(f"{figure.title}: {figure.text}")
        self.value.setAccessibleDescription(figure.hint)
        set_plain_tooltip(self, figure.hint)


class FigureTiles(WrappingRow):
    """names: the objectNames of the figures' labels."""

    def __init__(self, names: Sequence[str], parent: QWidget | None = None) -> None:
        self._tiles = {name: _Tile(name) for name in names}
        super().__init__([*self._tiles.values()], parent)

    def show_figure(self, name: str, figure: Figure) -> None:
        self._tiles[name].show_figure(figure)
        self.arrange()
