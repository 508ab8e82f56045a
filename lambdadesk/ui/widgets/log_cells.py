"""RowPainter, a log line in its table: in the program's own colours, and what was looked for marked."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QFontMetricsF, QPainter

from lambdadesk.core.ansi import Piece
from lambdadesk.core.logfilter import RegexTerm, TextTerm
from lambdadesk.ui.models.log_sources import MARK_PX
from lambdadesk.ui.models.log_table import INVOCATION, MESSAGE, SOURCE, LogTableModel

# What ANSI's eight colours are here: each is legible on the background of either theme.
ANSI = ("text", "error", "ok", "warning", "accent", "keyword", "number", "text")
_MOST_MARKS = 50  # in one line
MARK_OPACITY = 0.16
FIND_OPACITY = 0.26
Wanted = Sequence[TextTerm | RegexTerm]


class RowPainter:
    """Paints whole rows: a view that paints cell by cell takes three times as long.

    filtered, found: what the filter and the search ask for; it is marked.
    """

    def __init__(self) -> None:
        self.filtered: Wanted = ()
        self.found: Wanted = ()

    def set_font(self, font: QFont) -> None:
        self._font, self._bold = QFont(font), QFont(font)
        self._bold.setBold(True)
        self._metrics, self._bold_metrics = QFontMetrics(self._font), QFontMetrics(self._bold)

    def paint(
        self,
        painter: QPainter,
        model: LogTableModel,
        row: int,
        rect: QRect,
        columns: Sequence[tuple[int, int, int]],
        *,
        is_selected: bool,
    ) -> None:
        """Paint a row into a rectangle; columns: which, where from and how wide."""
        colours = model.colours
        look = model.look_at(row, [column for column, _left, _width in columns])
        if is_selected:
            painter.fillRect(rect, colours.selection)
        elif look.is_header:
            painter.fillRect(rect, colours.panel)
        font, metrics = (self._bold, self._bold_metrics) if look.is_header else (self._font, self._metrics)
        painter.setFont(font)
        for (column, left, width), (text, own) in zip(columns, look.cells, strict=True):
            area = QRect(left + INSET_PX, rect.top(), width - INSET_PX - _GAP_PX, rect.height())
            if column == INVOCATION:
                height = int(look.mark.height() / look.mark.devicePixelRatio())
                painter.drawPixmap(area.left() - 2, rect.center().y() - height // 2 + 1, look.mark)
                area.setLeft(area.left() + _MARK_PX)
            elif column == SOURCE and look.source is not None:
                painter.drawPixmap(area.left(), rect.center().y() - MARK_PX // 2, look.source)
                area.setLeft(area.left() + MARK_PX + _GAP_PX)
            if not text:
                continue
            painter.setPen(colours.on_selection if is_selected else own or colours.text)
            if column == MESSAGE and self._paint_pieces(painter, area, font, text, model, row, is_selected):
                continue
            painter.drawText(area, _MIDDLE, _fitting(text, area.width(), metrics))

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
        marks = [(span, MARK_OPACITY) for span in spans(text, self.filtered)]
        marks += [(span, FIND_OPACITY) for span in spans(text, self.found)]
        if not coloured and not marks:
            return False
        colours = model.colours
        metrics = QFontMetricsF(font)
        painter.save()
        painter.setClipRect(area)
        right, usual = area.right(), painter.pen()
        for (start, stop), opacity in marks:
            left = area.left() + metrics.horizontalAdvance(text[:start])
            if left <= right:
                width = metrics.horizontalAdvance(text[start:stop])
                box = QRectF(left, area.top() + 2, width, area.height() - 4)
                painter.fillRect(box, _see_through(colours.warning, opacity))
                if opacity == FIND_OPACITY:  # not by the shade alone
                    painter.setPen(colours.warning)
                    painter.drawRect(box.adjusted(0, 0, -1, 0))
        at = float(area.left())
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
    if room <= 2:
        return ""  # a lone … says nothing
    beginning = text[: room + 1]
    if len(beginning) < len(text):
        beginning += "…"
    return metrics.elidedText(beginning, Qt.TextElideMode.ElideRight, max(0, int(width_px)))


_MIDDLE = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine)
INSET_PX = 8  # between the edge of a cell and its text
_GAP_PX = 5  # after it
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
