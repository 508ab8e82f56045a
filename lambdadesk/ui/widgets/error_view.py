"""ErrorView, the failure of a function: type, message, and its stack with foreign frames folded away."""

from itertools import groupby

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QMenu,
    QScrollArea,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.function_errors import Frame, FunctionError
from lambdadesk.core.text import one_line
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import plain_tooltip

_MESSAGE_LIMIT = 4_000  # characters; the whole is in the response
_PLACE = Qt.ItemDataRole.UserRole


class ErrorView(QWidget):
    """A click on a frame copies its place ("app.py:12"), for the editor's own "go to file"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = named(ToneLabel("error"), "functionErrorText", "Function error")
        self.heading.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._above = named(QScrollArea(), "functionErrorScroll", "Function error")
        self._above.setWidget(self.heading)
        self._above.setWidgetResizable(True)
        self._above.setFrameShape(QFrame.Shape.NoFrame)
        self._above.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.heading.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.frames = named(QTreeWidget(), "functionErrorFrames", "Stack")
        self.frames.setHeaderHidden(True)
        self.frames.setFont(theme.fixed_font())
        self.frames.setUniformRowHeights(False)
        self.frames.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.frames.header().setStretchLastSection(False)
        self.frames.header().setSectionResizeMode(self.frames.header().ResizeMode.ResizeToContents)
        self.frames.itemClicked.connect(self._on_frame)
        self.frames.itemActivated.connect(self._on_frame)
        self.frames.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.frames.customContextMenuRequested.connect(self._show_menu)
        self.copied = named(ToneLabel("dim"), "functionErrorCopied", "What was copied")
        self.copied.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.TIGHT, 0, 0)
        layout.setSpacing(theme.TIGHT)
        layout.addWidget(self._above)
        layout.addWidget(self.frames, 1)
        layout.addWidget(self.copied)
        layout.addStretch(0)  # without frames, what is said stays at the top
        self._all = ""

    def show_error(self, error: FunctionError) -> None:
        self.copied.hide()
        self.heading.setText(_heading(error))
        self.frames.clear()
        self._all = _whole(error)
        self._add(error)
        self.frames.setVisible(self.frames.topLevelItemCount() > 0)
        self._above.verticalScrollBar().setValue(0)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """A long message is scrolled, so that the stack has room."""
        room_px = self.height() - theme.TIGHT
        if not self.frames.isHidden():
            room_px = room_px * 2 // 5
        wanted_px = self.heading.heightForWidth(self._above.viewport().width())
        least_px = self.fontMetrics().lineSpacing() + 1
        self._above.setFixedHeight(max(least_px, min(wanted_px, room_px)))

    def _add(self, error: FunctionError) -> None:
        for is_own, group in groupby(error.frames, key=lambda frame: frame.is_own):
            frames = list(group)
            # One foreign frame needs no more room than the line that would stand for it.
            if is_own or len(frames) == 1:
                for frame in frames:
                    self.frames.addTopLevelItem(self._item(frame))
                continue
            folded = QTreeWidgetItem([f"{len(frames)} frames of the runtime and of libraries"])
            folded.setForeground(0, theme.colours(self.palette()).dim)
            folded.addChildren([self._item(frame) for frame in frames])
            self.frames.addTopLevelItem(folded)
        if error.cause:
            cause = QTreeWidgetItem([one_line(f"Caused by {_heading(error.cause)}", _MESSAGE_LIMIT)])
            cause.setForeground(0, theme.colours(self.palette()).error)
            self.frames.addTopLevelItem(cause)
            self._add(error.cause)

    def _item(self, frame: Frame) -> QTreeWidgetItem:
        text = one_line("  —  ".join(line.strip() for line in frame.text.strip().splitlines()))
        item = QTreeWidgetItem([text])
        item.setData(0, _PLACE, frame.place)
        tip = f"Copy {one_line(frame.place)}" if frame.place else text
        item.setData(0, Qt.ItemDataRole.ToolTipRole, plain_tooltip(tip))
        if not frame.is_own:
            item.setForeground(0, theme.colours(self.palette()).dim)
        return item

    def _on_frame(self, item: QTreeWidgetItem) -> None:
        if item.childCount():
            item.setExpanded(not item.isExpanded())
        elif place := item.data(0, _PLACE):
            self._copy(place, f"Copied {one_line(place, 200)}")

    def _show_menu(self, at: QPoint) -> None:
        item = self.frames.itemAt(at)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if item is not None and (place := item.data(0, _PLACE)):
            menu.addAction("Copy place", lambda: self._copy(place, f"Copied {one_line(place, 200)}"))
        menu.addAction("Copy error and stack", lambda: self._copy(self._all, "Copied error and stack"))
        menu.popup(self.frames.viewport().mapToGlobal(at))

    def _copy(self, text: str, said: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.copied.setText(said)
        self.copied.show()
        announce(self, said)


def _heading(error: FunctionError) -> str:
    message = error.message
    if len(message) > _MESSAGE_LIMIT:
        left_off = len(message) - _MESSAGE_LIMIT
        message = f"{message[:_MESSAGE_LIMIT]}… (+{left_off:,} characters, in the response)"
    return ": ".join(part for part in (error.type, message) if part)


def _whole(error: FunctionError) -> str:
    lines = [": ".join(part for part in (error.type, error.message) if part)]
    lines += [frame.text for frame in error.frames]
    if error.cause:
        lines += ["Caused by " + _whole(error.cause)]
    return "\n".join(lines)
