"""EventCell: a title, and behind it in a dim colour what there is to say of it."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from lambdadesk.ui import theme
from lambdadesk.ui.models.event_tree import DETAIL_ROLE

Index = QModelIndex | QPersistentModelIndex


class EventCell(QStyledItemDelegate):
    """The title has its room first; what does not fit ends in "…", and the tooltip has it whole."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        detail = str(index.data(DETAIL_ROLE) or "")
        super().paint(painter, option, index)
        if not detail:
            return
        self.initStyleOption(option, index)
        title_px = option.fontMetrics.horizontalAdvance(option.text)
        icon_px = option.decorationSize.width() + theme.TIGHT if not option.icon.isNull() else 0
        left = title_px + icon_px + theme.WIDE
        room: QRect = option.rect.adjusted(left, 0, -theme.SPACE, 0)
        if room.width() < 3 * option.fontMetrics.averageCharWidth():
            return
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        role = QPalette.ColorRole.HighlightedText
        dim = theme.colours(option.palette).dim
        painter.setPen(option.palette.color(role) if is_selected else dim)
        font = option.font
        font.setWeight(font.Weight.Normal)
        painter.setFont(font)
        text = option.fontMetrics.elidedText(detail, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, option.fontMetrics.height() + theme.ROW_PADDING)  # as wide as the view
