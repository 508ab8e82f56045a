"""LinesAroundDialog: what a log stream says around one line of a query's result."""

from datetime import UTC, datetime

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.text import one_line
from lambdadesk.core.types import LogEvent
from lambdadesk.desk.lines_around import AROUND_MS, MOST_LINES, LinesAround
from lambdadesk.ui import theme
from lambdadesk.ui.models.rows import Column, RowTableModel
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.json_view import JsonView
from lambdadesk.ui.widgets.labels import ElidedLabel
from lambdadesk.ui.widgets.log_detail import laid_out
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.screen_room import resize_within
from lambdadesk.ui.widgets.tables import make_table

_Line = tuple[int, LogEvent]  # with its number


class LinesAroundDialog(QDialog):
    """Shown beside the window with `open()`; its owner runs the LinesAround. Deletes itself when closed."""

    closed = Signal()
    retry_requested = Signal()

    def __init__(self, around: LinesAround, is_utc: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("linesAroundDialog")
        self._around = around
        self._is_utc = is_utc
        self.setWindowTitle("Lines around a result")
        self.setAccessibleName("Lines around a result")
        self.heading = named(ElidedLabel(), "linesAroundHeading", "Where the lines are from")
        self.model = _LineModel(is_utc)
        self.table = named(
            make_table(self.model, ("2026-01-02 03:04:05.678", "message"), stretch=1), "linesAround", "Lines"
        )
        self.table.setFont(theme.fixed_font())
        room = self.table.fontMetrics().horizontalAdvance("2026-01-02 03:04:05.678") + 3 * theme.SPACE
        self.table.horizontalHeader().resizeSection(0, room)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.selectionModel().currentRowChanged.connect(self._show_line)
        self.text = named(JsonView(line_numbers=False), "linesAroundText", "Text of the selected line")
        self.state = StateView()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.table)
        self.stack.addWidget(self.state)
        parts = QSplitter()
        parts.setOrientation(parts.orientation().Vertical)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.stack)
        parts.addWidget(self.text)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.setAutoDefault(False)
        copy.setAccessibleName("Copy the selected lines, or all")
        copy.clicked.connect(self._copy)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.SPACE)
        layout.addWidget(self.heading)
        layout.addWidget(parts, 1)
        layout.addWidget(buttons)
        resize_within(self, 900, 560)
        disconnect = around.changed.connect(self._show)
        self.finished.connect(disconnect)
        self.finished.connect(self.closed)
        self.finished.connect(self.deleteLater)
        self._show()

    def open(self) -> None:
        """Show it; unlike QDialog's own, this does not keep the window from being used."""
        self.show()

    def _show(self) -> None:
        around = self._around
        count = f"{len(around.lines):,} lines" + (f", the first {MOST_LINES:,}" if around.is_cut else "")
        minutes = AROUND_MS // 60_000
        self.heading.setText(
            f"{count} · {minutes} min before and after {_moment(around.at_ms, self._is_utc)} · "
            f"{around.group} · {around.stream}"
        )
        had_none = self.model.rowCount() == 0
        self.model.set_lines(around.lines)
        if around.error is not None:
            self.state.show_error(around.error, self.retry_requested.emit)
        elif around.is_loading and not around.lines:
            self.state.show_loading("the lines around the result")
        elif not around.lines:
            self.state.show_empty(
                "No line is there any more", "They may have expired, or the stream was deleted."
            )
        self.stack.setCurrentWidget(self.table if around.lines else self.state)
        self.text.setVisible(bool(around.lines))
        if around.lines and (had_none or not around.is_loading):
            index = self.model.index(around.nearest, 0)
            self.table.setCurrentIndex(index)
            self.table.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
            if had_none:
                self.table.setFocus()

    def _show_line(self, now: QModelIndex) -> None:
        if now.isValid():
            self.text.set_text(laid_out(self.model.row_at(now.row())[1].message.rstrip("\r\n")))

    def _copy(self) -> None:
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        chosen = rows if len(rows) > 1 else range(self.model.rowCount())
        lines = (self.model.row_at(row)[1].message.rstrip("\r\n") for row in chosen)
        QGuiApplication.clipboard().setText("\n".join(lines))


class _LineModel(RowTableModel[_Line]):
    def __init__(self, is_utc: bool) -> None:
        columns = (
            Column[_Line]("Time", lambda line: _moment(line[1].timestamp_ms, is_utc)),
            Column[_Line]("Message", lambda line: one_line(line[1].message, 1_000)),
        )
        super().__init__(columns, key=lambda line: line[0])

    def set_lines(self, lines: list[LogEvent]) -> None:
        self._show(list(enumerate(lines)))


def _moment(at_ms: int, is_utc: bool) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    local = at if is_utc else at.astimezone()
    return local.isoformat(sep=" ", timespec="milliseconds")[:23]
