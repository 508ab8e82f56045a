"""SizingDialog: what a function would cost otherwise, and a power sweep that measures it."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from lambdadesk.core.text import one_line
from lambdadesk.core.types import FunctionInfo, InvokeRequest
from lambdadesk.desk.connection import Connection
from lambdadesk.store.sweep_journal import SweepJournal
from lambdadesk.ui.dialogs.sizing.sweep_tab import SweepTab
from lambdadesk.ui.dialogs.sizing.what_if_tab import WhatIfTab
from lambdadesk.ui.widgets.screen_room import resize_within
from lambdadesk.ui.widgets.tabs_dialog import TabsDialog

_NAME_LIMIT = 140
_WIDTH_PX, _HEIGHT_PX = 1080, 640
_LEAST_WIDTH_PX, _LEAST_HEIGHT_PX = 680, 460


class SizingDialog(TabsDialog):
    """Shown beside the window with `open()`; its owner awaits `close_tabs` once it is closed."""

    closed = Signal()

    def __init__(
        self,
        connection: Connection,
        function: FunctionInfo,
        get_request: Callable[..., InvokeRequest],
        journal: SweepJournal,
        parent: QWidget | None = None,
    ) -> None:
        title = f"Sizing of {one_line(function.name, _NAME_LIMIT)}"
        super().__init__("sizing", title, "Parts of Sizing", parent)
        self.what_if = WhatIfTab(connection, function)
        self.sweep = SweepTab(connection, function, get_request, journal)
        self.tabs.addTab(self.what_if, "What if")
        self.tabs.addTab(self.sweep, "Power sweep")
        self.setMinimumSize(_LEAST_WIDTH_PX, _LEAST_HEIGHT_PX)
        resize_within(self, _WIDTH_PX, _HEIGHT_PX)
        self.what_if.choice.setFocus()
        self.finished.connect(self.closed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.sweep.power.is_running:
            return  # a sweep is not stopped by a key that is pressed for something else
        super().keyPressEvent(event)

    async def close_tabs(self) -> None:
        """End its work; what a sweep has changed is put back in the connection's scope."""
        await self.what_if.close_tab()
        await self.sweep.close_tab()
