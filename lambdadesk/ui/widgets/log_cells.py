"""LogCell, a log line in its table: in the program's own colours, and what was looked for marked."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from lambdadesk.core.ansi import Piece
from lambdadesk.core.logfilter import RegexTerm, TextTerm
from lambdadesk.ui.models.log_table import INVOCATION, MESSAGE, LogTableModel

# What ANSI's eight colours are here: each is legible on the background of either theme.
ANSI = ("text", "error", "ok", "warning", "accent", "keyword", "number", "text")
_MOST_MARKS = 50  # in one line
_MARK_OPACITY = 0.30
_FIND_OPACITY = 0.55
Index = QModelIndex | QPersistentModelIndex
Wanted = Sequence[TextTerm | RegexTerm]


class LogCell(QStyledItemDelegate):
    """Paints a cell by itself: the style asks the model for seven things of each, and takes twice as long."""

    filtered: Wanted = ()  # what the filter asks for
    found: Wanted = ()  # what the search asks for

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model, row, column = index.model(), index.row(), index.column()
        if not isinstance(model, LogTableModel) or row >= model.rowCount():
            return
        colours = model.colours
        rect: QRect = option.rect
        is_selected = bool(option.state & _SELECTED)
        text, own, is_header = model.cell(row, column)
        if is_selected:
            painter.fillRect(rect, colours.selection)
        elif is_header:
            painter.fillRect(rect, colours.panel)
        left = rect.left() + _INSET_PX
        if column == INVOCATION:
            mark = model.mark_at(row)
            height = int(mark.height() / mark.devicePixelRatio())
            painter.drawPixmap(left - 2, rect.center().y() - height // 2 + 1, mark)
            left += _MARK_PX
        if not text:
            return
        usual = colours.on_selection if is_selected else own or colours.text
        area = QRect(left, rect.top(), rect.right() - left - _INSET_PX + 3, rect.height())
        font: QFont = option.font
        if is_header:
            font = QFont(font)
            font.setBold(True)
        painter.setFont(font)
        painter.setPen(usual)
        if column == MESSAGE and self._paint_pieces(painter, area, font, text, model, row, is_selected):
            return
        painter.drawText(area, _MIDDLE, _fitting(text, area.width(), option.fontMetrics))

    def _paint_pieces(
        self,
        painter: QPainter,
        area: QRect,
        font: QFont,
        text: str,
        model: LogTableModel,
        row: int,
        is_selected: bool,
    ) -> bool:
        """Paint a message with colours or marks; False where it has neither."""
        coloured = model.pieces_at(row)
        if not coloured and not (self.filtered or self.found):
            return False
        marks = [(span, _MARK_OPACITY) for span in spans(text, self.filtered)]
        marks += [(span, _FIND_OPACITY) for span in spans(text, self.found)]
        if not coloured and not marks:
            return False
        colours = model.colours
        metrics = QFontMetricsF(font)
        painter.save()
        painter.setClipRect(area)
        right = area.right()
        for (start, stop), opacity in marks:
            left = area.left() + metrics.horizontalAdvance(text[:start])
            if left <= right:
                width = metrics.horizontalAdvance(text[start:stop])
                box = QRectF(left, area.top() + 2, width, area.height() - 4)
                painter.fillRect(box, _see_through(colours.warning, opacity))
        at = float(area.left())
        usual = painter.pen()
        for piece in coloured or (Piece(text, -1, False),):
            its_font, its_metrics = font, metrics
            if piece.is_bold:
                its_font = QFont(font)
                its_font.setBold(True)
                its_metrics = QFontMetricsF(its_font)
            painter.setFont(its_font)
            is_own = piece.colour >= 0 and not is_selected
            painter.setPen(getattr(colours, ANSI[piece.colour]) if is_own else usual)
            shown = _fitting(piece.text, right - at, its_metrics)
            painter.drawText(QRectF(at, area.top(), right - at + 1, area.height()), _MIDDLE, shown)
            at += its_metrics.horizontalAdvance(piece.text)
            if at > right:
                break
        painter.restore()
        return True


def _fitting(text: str, width_px: float, metrics: QFontMetrics | QFontMetricsF) -> str:
    """The text, elided where it is too wide; no more of it is measured than could ever fit."""
    room = int(width_px / max(1, metrics.averageCharWidth())) + 1
    if len(text) < room and text.isascii():  # the font is fixed
        return text
    beginning = text[: room + 1]
    if len(beginning) < len(text):
        beginning += "…"
    return metrics.elidedText(beginning, Qt.TextElideMode.ElideRight, max(0, int(width_px)))


_SELECTED = QStyle.StateFlag.State_Selected
_MIDDLE = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine)
_INSET_PX = 8  # between the edge of a cell and its text
_MARK_PX = 10


def spans(text: str, wanted: Wanted) -> list[tuple[int, int]]:
    """Where any of these is in the text, as (start, stop); the first places only where they are many."""
    found: list[tuple[int, int]] = []
    lower = text.lower()
    for term in wanted:
        within = text if term.exact_case or len(lower) != len(text) else lower
        if isinstance(term, RegexTerm):
            matches = term.pattern.finditer(within)
            for match, _ in zip(matches, range(_MOST_MARKS), strict=False):
                if match.end() > match.start():
                    found.append(match.span())
        else:
            at = within.find(term.text)
            while at >= 0 and len(found) < _MOST_MARKS:
                found.append((at, at + len(term.text)))
                at = within.find(term.text, at + max(1, len(term.text)))
    return found


def _see_through(colour: QColor, opacity: float) -> QColor:
    colour = QColor(colour)
    colour.setAlphaF(opacity)
    return colour
