"""LampLine: the lamps of one function in a line, with their words."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtWidgets import QHBoxLayout, QWidget

from lambdadesk.core.lamps import Lamp, LampLevel
from lambdadesk.ui import icons, theme
from lambdadesk.ui.widgets.labels import ElidedLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import set_plain_tooltip

LAMP_ICONS: Final = {  # name and colour
    LampLevel.ERROR: ("error", "error"),
    LampLevel.WARNING: ("warning", "warning"),
    LampLevel.NOTE: ("info", "accent"),
}


class LampLine(QWidget):
    """The gravest lamp's icon and the words of all, as the row of the function table has them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.icon = icons.IconView(icons.ICON_SIZE.width())
        self.words = named(ElidedLabel(), "functionLamps", "What is wrong with the function, or soon will be")
        line = QHBoxLayout(self)
        line.setContentsMargins(theme.SPACE, 0, theme.SPACE, 0)
        line.setSpacing(theme.TIGHT)
        line.addWidget(self.icon)
        line.addWidget(self.words, 1)
        self.hide()

    def show_lamps(self, lamps: Sequence[Lamp]) -> None:
        """lamps: the gravest first."""
        if lamps:
            self.icon.set_icon(*LAMP_ICONS[lamps[0].level])
            count = f"{len(lamps)} lamps: " if len(lamps) > 1 else ""
            self.words.setText(count + " · ".join(lamp.text for lamp in lamps))
            set_plain_tooltip(self.words, "\n".join(lamp.text for lamp in lamps))
        self.setVisible(bool(lamps))
