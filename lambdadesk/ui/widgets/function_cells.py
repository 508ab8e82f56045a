"""Cells of the function table that are painted: the lamps, and the invocations of 24 hours."""

from typing import Final

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from lambdadesk.core.figures import HOURS, Figures
from lambdadesk.core.lamps import Lamp, LampLevel
from lambdadesk.ui import icons, theme
from lambdadesk.ui.models.function_table import FunctionTableModel

_ICON_PX: Final = 16
_MOST: Final = 3  # icons; of more lamps the gravest are shown, and how many there are
_LOOKS: Final = {
    LampLevel.ERROR: ("error", "error"),
    LampLevel.WARNING: ("warning", "warning"),
    LampLevel.NOTE: ("info", "accent"),
}
Index = QModelIndex | QPersistentModelIndex


class _Cell(QStyledItemDelegate):
    """A cell with the usual background and no text: what is painted says it, the model says it in words."""

    def __init__(self, model: FunctionTableModel, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.text = ""


class LampsCell(_Cell):
    """An icon for each lamp, by its level: a circle with a cross, a triangle, a circle with an i."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        lamps = self._model.row_at(index.row()).lamps
        if lamps:
            painter.save()
            rect: QRect = option.rect
            self._paint(painter, rect.adjusted(theme.TIGHT, 0, -2, 0), lamps)
            painter.restore()

    @staticmethod
    def _paint(painter: QPainter, rect: QRect, lamps: tuple[Lamp, ...]) -> None:
        painter.setClipRect(rect)
        shown = lamps if len(lamps) <= _MOST else lamps[: _MOST - 1]
        top = rect.center().y() - _ICON_PX // 2
        for number, lamp in enumerate(shown):
            place = QRect(rect.left() + number * (_ICON_PX + 2), top, _ICON_PX, _ICON_PX)
            icons.icon(*_LOOKS[lamp.level]).paint(painter, place)
        if len(lamps) > len(shown):
            left = rect.left() + len(shown) * (_ICON_PX + 2)
            text = f"+{len(lamps) - len(shown)}"
            painter.drawText(rect.adjusted(left - rect.left(), 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)


class HoursCell(_Cell):
    """24 bars, the last one the hour that has just ended; below is what failed, in another colour."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        figures = self._model.row_at(index.row()).figures
        if figures is None:
            QStyledItemDelegate.initStyleOption(self, option, index)  # the dash of what is not known
        else:
            super().initStyleOption(option, index)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        figures = self._model.row_at(index.row()).figures
        if figures is None:
            return
        rect: QRect = option.rect
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        colours = theme.colours(option.palette)
        bar = colours.on_selection if is_selected else colours.series[0]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._paint(painter, rect.adjusted(5, 5, -5, -5), figures, (bar, colours.error, colours.border))
        painter.restore()

    @staticmethod
    def _paint(
        painter: QPainter, rect: QRect, figures: Figures, colours: tuple[QColor, QColor, QColor]
    ) -> None:
        bar, error, base = colours
        step_px = max(2, rect.width() // HOURS)
        floor_px, room_px = rect.bottom() + 1, rect.height() - 1
        painter.fillRect(rect.left(), floor_px - 1, step_px * HOURS - 1, 1, base)
        peak = max(figures.invocations_per_hour) or 1
        pairs = zip(figures.invocations_per_hour, figures.errors_per_hour, strict=True)
        for number, (invocations, errors) in enumerate(pairs):
            if not invocations:
                continue
            left = rect.left() + number * step_px
            height = max(2, round(room_px * invocations / peak))
            painter.fillRect(left, floor_px - height, step_px - 1, height, bar)
            if errors:
                failed = min(height, max(2, round(height * errors / invocations)))
                painter.fillRect(left, floor_px - failed, step_px - 1, failed, error)
