"""LampLine: the lamps of one function in a line, with their words."""

from collections.abc import Sequence
from typing import Final

from lambdadesk.core.lamps import Lamp, LampLevel
from lambdadesk.ui.widgets.labels import ElidedLabel
from lambdadesk.ui.widgets.plain import set_plain_tooltip

_SIGNS: Final = {LampLevel.ERROR: "✖", LampLevel.WARNING: "▲", LampLevel.NOTE: "ℹ"}  # noqa: RUF001


class LampLine(ElidedLabel):
    """The first sentence of each lamp, and in the tooltip all of them; hidden where there are none."""

    def show_lamps(self, lamps: Sequence[Lamp]) -> None:
        """lamps: the gravest first."""
        words = [f"{_SIGNS[lamp.level]} {lamp.text}" for lamp in lamps]
        first = [each.partition(". ")[0].removesuffix(".") for each in words]
        # In signs, not icons: an icon of a page that is open at the end makes the process crash there.
        self.setText("  ".join(first))
        set_plain_tooltip(self, "\n".join(words))
        self.setVisible(bool(lamps))
