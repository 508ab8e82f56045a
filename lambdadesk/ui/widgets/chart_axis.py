"""ValueAxis: round values with their unit, also where they are drawn by their logarithm."""

import math
from typing import Final

import pyqtgraph as pg
from PySide6.QtGui import QFont, QFontMetrics

from lambdadesk.ui.widgets.chart import Unit, format_value

_FINE: Final = (0.0, math.log10(2), math.log10(5))  # between two powers of ten


class ValueAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """ "800 ms", "12 s", "256 MB", "$0.000002"."""

    def __init__(self, unit: Unit) -> None:
        super().__init__("left")
        self._unit = unit
        self.is_log = False
        self.enableAutoSIPrefix(False)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803  as the base class calls them
        if not self.is_log:
            values: list[tuple[float, list[float]]] = super().tickValues(minVal, maxVal, size)
            return values
        line_px = QFontMetrics(self.style["tickFont"] or QFont()).height()
        room = size / max(1e-9, maxVal - minVal)  # pixels of a power of ten
        parts = _FINE if room * math.log10(2) > 1.4 * line_px else _FINE[:1]
        step = max(1, math.ceil(1.6 * line_px / room))
        powers = range(math.floor(minVal), math.ceil(maxVal) + 1)
        found = [power + part for power in powers if power % step == 0 for part in parts]
        return [(1.0, [each for each in found if minVal <= each <= maxVal])]

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:  # noqa: N803
        """One level of ticks, at 1, 2 or 5 times a power of ten, two lines of text apart at least."""
        line_px = QFontMetrics(self.style["tickFont"] or QFont()).height()
        least = max(maxVal - minVal, 1e-300) / max(1.0, size / (2 * line_px))
        power = 10.0 ** math.floor(math.log10(least))
        return [(next(step * power for step in (1, 2, 5, 10) if step * power >= least), 0.0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self.is_log:
            return [_short(10.0**value, self._unit) for value in values]
        factor, unit = 1.0, str(self._unit)
        if self._unit is Unit.MS and self.range[1] >= 10_000:
            factor, unit = 0.001, "s"
        places = max(0, math.ceil(-math.log10(spacing * factor) - 1e-9))
        if self._unit in (Unit.USD, Unit.CNY):
            return [f"{unit}{value:,.{places}f}" if value else f"{unit}0" for value in values]
        return [f"{value * factor:,.{places}f} {unit}" if value else "0" for value in values]


def _short(value: float, unit: Unit) -> str:
    """One digit is enough for 1, 2 and 5 times a power of ten."""
    if unit is Unit.MS:
        return f"{value / 1000:,.3g} s" if value >= 999.5 else f"{value:.3g} ms"
    if unit is Unit.MB:
        return format_value(value, unit)
    places = max(0, -math.floor(math.log10(value) + 1e-9))
    return f"{unit}{value:,.{places}f}"
