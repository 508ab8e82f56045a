"""The axes of a plot: TimeAxis, round moments of local time, and ValueAxis, round values with their unit."""

import math
from datetime import datetime, timedelta
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


class TimeAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """ "14:05", and where it takes that, the seconds, their thousandths, or the day."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self.enableAutoSIPrefix(False)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803
        metrics = QFontMetrics(self.style["tickFont"] or QFont())
        step = _STEPS_S[-1]
        for step in _STEPS_S:
            wide = metrics.horizontalAdvance(_sample(step)) + _APART_PX
            if (maxVal - minVal) / step * wide <= size:
                break
        offset = _local(minVal).utcoffset() or timedelta()
        first = math.ceil((minVal + offset.total_seconds()) / step) * step - offset.total_seconds()
        count = max(0, math.floor((maxVal - first) / step) + 1)
        return [(step, [first + step * number for number in range(count)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [_moment(value, spacing) for value in values]


_APART_PX: Final = 24
_STEPS_S: Final = (
    *(unit * factor for unit in (0.001, 0.01, 0.1) for factor in (1, 2, 5)),
    *(1.0, 2.0, 5.0, 10.0, 15.0, 30.0),
    *(60.0 * minutes for minutes in (1, 2, 5, 10, 15, 30)),
    *(3_600.0 * hours for hours in (1, 2, 3, 6, 12)),
    *(86_400.0 * days for days in (1, 2, 7, 14, 28, 91, 364)),
)


def _sample(step: float) -> str:
    if step >= 86_400:
        return "00-00"
    return "00:00" if step >= 60 else "00:00:00" if step >= 1 else "00:00:00.000"


def _moment(at_s: float, step: float) -> str:
    at = _local(round(at_s, 3))
    if step >= 86_400 or (step >= 3_600 and (at.hour, at.minute) == (0, 0)):
        return f"{at:%m-%d}" if step < 364 * 86_400 else f"{at:%Y-%m}"
    if step >= 60:
        return f"{at:%H:%M}"
    return f"{at:%H:%M:%S}" if step >= 1 else f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"


def _local(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s).astimezone()


def _short(value: float, unit: Unit) -> str:
    """One digit is enough for 1, 2 and 5 times a power of ten."""
    if unit is Unit.MS:
        return f"{value / 1000:,.0f} s" if value >= 999.5 else f"{value:.3g} ms"
    if unit is Unit.MB:
        return format_value(value, unit)
    places = max(0, -math.floor(math.log10(value) + 1e-9))
    return f"{unit}{value:,.{places}f}"
