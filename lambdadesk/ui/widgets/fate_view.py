"""FateView: what became of a run after it was sent, step by step."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QWidget

from lambdadesk.core.async_fate import Step, StepState
from lambdadesk.core.text import one_line
from lambdadesk.ui import theme
from lambdadesk.ui.icons import IconView
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce

_ICON_PX: Final = 16
_HIGHEST_PX: Final = 128
_LEAST_PX: Final = 84  # four lines, if the result has so much beside it:
_RESULT_PX: Final = 150
_LOW_PX: Final = 150  # of the whole column: there is room for the last step only
_LIMIT: Final = 400  # characters of a line: they hold text from outside
# icon, its colour, how a screen reader says it
_LOOKS: Final = {
    StepState.DONE: ("ok", "ok", "done"),
    StepState.WAITING: ("clock", "dim", "under way"),
    StepState.FAILED: ("error", "error", "failed"),
    StepState.UNKNOWN: ("warning", "warning", "not known"),
    StepState.LOST: ("warning", "warning", "lost"),
    StepState.NOTE: ("info", "dim", "note"),
}


class FateView(QScrollArea):
    """A short list: for each step its state, its time, what it is and its details. A long one is scrolled."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "fateView", "What became of the run")
        self._steps: tuple[Step, ...] = ()
        self._inner = QWidget()
        self.setWidget(self._inner)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        bar = self.verticalScrollBar()
        bar.rangeChanged.connect(lambda _lowest, highest: bar.setValue(highest))  # the newest step is last
        self._grid = QGridLayout(self._inner)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.SPACE)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(2, 1)
        self._widgets: list[QWidget] = []
        self.hide()

    def clear(self) -> None:
        self.show_steps(())

    def show_steps(self, steps: Sequence[Step]) -> None:
        """Show these steps; none hides the list. A new last step is announced."""
        if tuple(steps) == self._steps:
            return
        before, self._steps = self._steps, tuple(steps)
        for widget in self._widgets:
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._widgets = []
        for row, step in enumerate(steps):
            self._add(row, step)
        self.setVisible(bool(steps))
        self._grid.invalidate()  # else rows that are shown for the first time keep a height of before
        self._fit()
        if steps and (not before or before[-1].title != steps[-1].title):
            announce(self, steps[-1].title)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        parent = self.parentWidget()
        if event.type() in (QEvent.Type.ParentChange, QEvent.Type.Polish) and parent is not None:
            parent.installEventFilter(self)
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.parentWidget() and event.type() is QEvent.Type.Resize:
            self._fit()  # its own height is fixed, so that it hears nothing of a lower column
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        """As high as its steps need at this width, but leave room for the result.

        In a low column that is little: a run that has steps has no response, or not yet.
        """
        wanted = self._grid.totalHeightForWidth(self.viewport().width())
        parent = self.parentWidget()
        room_px = parent.height() if parent is not None else 3 * _HIGHEST_PX
        share = min(max(room_px // 3, _LEAST_PX), room_px - _RESULT_PX)
        highest = 0 if room_px < _LOW_PX else min(_HIGHEST_PX, share)
        self.setFixedHeight(max(self.fontMetrics().height() + 2, min(highest, wanted)))

    def _add(self, row: int, step: Step) -> None:
        name, colour, spoken = _LOOKS[step.state]
        mark = IconView(_ICON_PX, name, colour)
        at = "" if step.at_ms is None else datetime.fromtimestamp(step.at_ms / 1000).astimezone()
        when = ToneLabel("dim")
        when.setWordWrap(False)
        when.setText(f"{at:%H:%M:%S}" if at else "")
        tone = colour if colour in ("error", "warning") else "text"
        what = ToneLabel(tone)
        what.setMinimumWidth(1)  # else a long id makes it wider than there is room
        detail = one_line(step.detail, _LIMIT)
        title = one_line(step.title, _LIMIT)
        what.setText(f"{title}: {detail}" if detail else title)
        what.setAccessibleName(f"{what.text()} ({spoken})")
        what.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for column, widget in enumerate((mark, when, what)):
            at_top = Qt.AlignmentFlag.AlignTop if column < 2 else Qt.AlignmentFlag(0)
            self._grid.addWidget(widget, row, column, at_top)
            widget.show()  # a layout gives a hidden widget no height, and would show it later
            self._widgets.append(widget)
