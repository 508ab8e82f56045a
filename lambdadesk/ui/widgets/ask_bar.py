"""AskBar: a question with its answers, in place of a dialog that would stop everything else."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lambdadesk.ui import icons, theme
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce, wrapped_label

_BAR_PX = 4


class AskBar(QWidget):
    """One question at a time; takes no room while there is none. Esc is the answer that changes nothing.

    is_narrow: the answers stand below the question.

    Signals:
        asks(bool): there is a question now, or none any more.
    """

    asks = Signal(bool)

    def __init__(self, parent: QWidget | None = None, *, is_narrow: bool = False) -> None:
        super().__init__(parent)
        self._is_narrow = is_narrow
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._question: QFrame | None = None
        self._before: QWidget | None = None
        self.hide()

    def ask(
        self,
        question: str,
        answers: list[tuple[str, str, Callable[[], None]]],
        refuse: str,
        field: QWidget | None = None,
    ) -> None:
        """Show a question in place of the one before.

        answers: objectName, text and what it does. refuse: the text of the answer that does nothing, and
        that has the focus. field: a widget to fill in, between question and answers.
        """
        self.dismiss()
        self._before = self.window().focusWidget()
        frame = _Question("accent" if field is not None else "warning")
        frame.setAccessibleName(question)
        outer = QVBoxLayout(frame) if self._is_narrow else QHBoxLayout(frame)
        outer.setContentsMargins(theme.SPACE + _BAR_PX, theme.SPACE, theme.SPACE, theme.SPACE)
        outer.setSpacing(theme.SPACE)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        if field is None:  # else it asks for a name, and nothing is at risk
            row.addWidget(icons.IconView(icons.ICON_SIZE.width(), "warning", "warning"))
        row.addWidget(named(wrapped_label(question), "askQuestion"), 1)
        outer.addLayout(row, 1)
        if field is not None:
            outer.addWidget(field, 1)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        outer.addLayout(row)
        if self._is_narrow:
            row.addStretch(1)
        for object_name, text, answer in [*answers, ("askRefuse", refuse, lambda: None)]:
            button = named(QPushButton(text), object_name, f"{text}: {question}")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, answer=answer: self._answer(answer))
            row.addWidget(button)
        self._question = frame
        self._row.addWidget(frame)
        self.show()
        self.asks.emit(True)
        (field or button).setFocus()
        announce(self, question, is_urgent=True)

    @property
    def is_asking(self) -> bool:
        return self._question is not None

    def dismiss(self) -> None:
        """Take the question away, unanswered; harmless where there is none."""
        if self._question is None:
            return
        had_focus = self.isAncestorOf(self.window().focusWidget() or self.window())
        self._row.removeWidget(self._question)
        self._question.setParent(None)
        self._question.deleteLater()
        self._question = None
        self.hide()
        self.asks.emit(False)
        if had_focus and self._before is not None:
            self._before.setFocus()

    def _answer(self, answer: Callable[[], None]) -> None:
        self.dismiss()
        answer()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)


class _Question(QFrame):
    def __init__(self, tone: str) -> None:
        super().__init__()
        self._tone = tone

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours(self.palette())
        painter = QPainter(self)
        painter.fillRect(self.rect(), colours.raised)
        painter.fillRect(0, 0, _BAR_PX, self.height(), getattr(colours, self._tone))
        painter.fillRect(0, self.height() - 1, self.width(), 1, colours.border)
