"""FloatingNotices: news that move nothing of what one is working at."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from lambdadesk.ui.widgets.notices import NoticeBar


class FloatingNotices(NoticeBar):
    """A NoticeBar over the lower end of `over`, until its notices are closed."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        over.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over and event.type() is QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:
            self._place()
        return super().event(event)

    def _place(self) -> None:
        width = self._over.width()
        layout = self.layout()
        height = layout.totalHeightForWidth(width) if layout and layout.hasHeightForWidth() else 0
        height = height or self.sizeHint().height()
        self.setGeometry(0, self._over.height() - height, width, height)
        self.raise_()
