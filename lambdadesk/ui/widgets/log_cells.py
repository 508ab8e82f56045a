"""MessageCell, a log line in its table: in the program's own colours, and what was looked for marked."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from lambdadesk.core.ansi import Piece
from lambdadesk.core.logfilter import RegexTerm, TextTerm
from lambdadesk.ui import theme
from lambdadesk.ui.models.log_table import LogTableModel

# What ANSI's eight colours are here: each is legible on the background of either theme.
_ANSI = ("text", "error", "ok", "warning", "accent", "keyword", "number", "text")
_MOST_MARKS = 50  # in one line
_MARK_OPACITY = 0.30
_FIND_OPACITY = 0.55
Index = QModelIndex | QPersistentModelIndex
Wanted = Sequence[TextTerm | RegexTerm]


class MessageCell(QStyledItemDelegate):
    """Paints the plain message as usual, and one with colours or marks piece by piece."""

    filtered: Wanted = ()  # what the filter asks for
    found: Wanted = ()  # what the search asks for
    _is_plain = True  # as the option is set up now

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        if not self._is_plain:
            option.text = ""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, LogTableModel):
            return
        row = index.row()
        coloured = model.pieces_at(row) if row < model.rowCount() else []
        if not coloured and not (self.filtered or self.found):
            super().paint(painter, option, index)
            return
        text = str(index.data() or "")
        marks = [(span, False) for span in spans(text, self.filtered)]
        marks += [(span, True) for span in spans(text, self.found)]
        if not coloured and not marks:
            super().paint(painter, option, index)
            return
        self._is_plain = False
        super().paint(painter, option, index)
        self._is_plain = True
        painter.save()
        self._paint_text(painter, option, index, text, coloured or [Piece(text, -1, False)], marks)
        painter.restore()

    def _paint_text(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: Index,
        text: str,
        coloured: Sequence[Piece],
        marks: Sequence[tuple[tuple[int, int], bool]],
    ) -> None:
        self.initStyleOption(option, index)
        colours = theme.colours(option.palette)
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        area = QRectF(option.rect).adjusted(_INSET_PX, 0, -_INSET_PX, 0)
        painter.setClipRect(area)
        metrics = QFontMetricsF(option.font)
        for (start, stop), is_found in marks:
            left = area.left() + metrics.horizontalAdvance(text[:start])
            if left > area.right():
                continue
            box = QRectF(left, area.top() + 2, metrics.horizontalAdvance(text[start:stop]), area.height() - 4)
            painter.fillRect(box, _see_through(colours.warning, _FIND_OPACITY if is_found else _MARK_OPACITY))
        own = index.data(Qt.ItemDataRole.ForegroundRole)
        usual = colours.on_selection if is_selected else own if isinstance(own, QColor) else colours.text
        left = area.left()
        for piece in coloured:
            font = QFont(option.font)
            font.setBold(font.bold() or piece.is_bold)
            painter.setFont(font)
            is_own = piece.colour >= 0 and not is_selected
            painter.setPen(getattr(colours, _ANSI[piece.colour]) if is_own else usual)
            width = QFontMetricsF(font).horizontalAdvance(piece.text)
            painter.drawText(QRectF(left, area.top(), width + 1, area.height()), _MIDDLE, piece.text)
            left += width
            if left > area.right():
                break


_MIDDLE = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine)
_INSET_PX = 8.0  # where the style puts the text of a cell


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
