"""AlertsDialog: what wants a look, with its evidence; what is muted, and until when."""

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.alerts import AlertKind
from lambdadesk.core.function_rows import RowKey
from lambdadesk.desk.alert_book import AlertBook, BookedAlert, MuteFor
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.alert_table import (
    ALERT_SAMPLES,
    MUTE_SAMPLES,
    PLACE_COLUMN,
    AlertTableModel,
    MuteTableModel,
    name_time,
)
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce, wrapped_label
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip
from lambdadesk.ui.widgets.tables import make_table
from lambdadesk.ui.widgets.tabs_dialog import TabsDialog

_WIDTH_PX, _HEIGHT_PX = 860, 440
_NOTHING: Final = (
    "Nothing wants a look: no function is near its timeout or memory size, none fails often, is throttled, "
    "or costs much more than before, as far as invocations and figures are known here."
)
_NOT_MUTED: Final = "Nothing is muted."


class AlertsDialog(TabsDialog):
    """Shown beside the window, and true to the book while it is open.

    Signals:
        open_requested(BookedAlert, str): the function's page with this title is to be shown.
    """

    open_requested = Signal(object, str)

    def __init__(
        self, book: AlertBook, name_place: Callable[[str], str], parent: QWidget | None = None
    ) -> None:
        """name_place: what a connection is called, by its Target.key."""
        super().__init__("alerts", "Alerts", "Alerts, or what is muted", parent)
        self._book = book
        self.tabs.addTab(self._build_alerts(), "Alerts")
        self.tabs.addTab(self._build_mutes(name_place), "Muted")
        self._disconnect = book.changed.connect(self._refresh)
        self._refresh()
        room = parent.size() if parent is not None else self.size()
        self.resize(min(_WIDTH_PX, room.width() - 40), min(_HEIGHT_PX, room.height() - 40))
        self.finished.connect(lambda _result: self._disconnect())
        (self.table if self.table.isVisibleTo(self) else self.close_button).setFocus()

    # -- parts

    def _build_alerts(self) -> QWidget:
        self.model = AlertTableModel(self)
        self.table = named(make_table(self.model, ALERT_SAMPLES, stretch=3), "alertTable", "Alerts")
        self.table.activated.connect(lambda _index: self._open(""))
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_evidence())
        self.empty = named(wrapped_label(_NOTHING, is_dim=True), "alertsNothing")
        self.evidence = named(PlainLabel(), "alertEvidence", "Evidence of the alert")
        self.evidence.setWordWrap(True)
        self.evidence.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.logs = named(QPushButton(icon("logs"), "Logs"), "alertLogs", "Show the function's log")
        self.charts = named(QPushButton(icon("chart"), "Charts"), "alertCharts", "Show the function's charts")
        self.mute = named(QPushButton("Mute"), "alertMute", "Mute this alert of the function")
        set_plain_tooltip(self.mute, "Show this kind of alert of this function no more for some time")
        menu = named(QMenu(self), "alertMuteMenu", "How long to mute it")
        for how_long in MuteFor:
            menu.addAction(how_long.value).triggered.connect(partial(self._mute, how_long))
        self.mute.setMenu(menu)
        for button, page in ((self.logs, "Logs"), (self.charts, "Charts")):
            button.setAutoDefault(False)
            button.clicked.connect(partial(self._open, page))
        self.mute.setAutoDefault(False)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        for button in (self.logs, self.charts, self.mute):
            row.addWidget(button)
        row.addStretch(1)
        return _page(self.table, self.empty, self.evidence, row)

    def _build_mutes(self, name_place: Callable[[str], str]) -> QWidget:
        self.mutes = MuteTableModel(name_place, self)
        self.mute_table = named(make_table(self.mutes, MUTE_SAMPLES, stretch=3), "muteTable", "What is muted")
        self.not_muted = wrapped_label(_NOT_MUTED, is_dim=True)
        self.unmute = named(QPushButton("Unmute"), "alertUnmute", "Show the alert again")
        self.unmute.setAutoDefault(False)
        self.unmute.clicked.connect(self._unmute)
        row = QHBoxLayout()
        row.addWidget(self.unmute)
        row.addStretch(1)
        return _page(self.mute_table, self.not_muted, row)

    # -- what is shown

    def _refresh(self) -> None:
        alerts, mutes = self._book.alerts, self._book.muted
        self.model.set_rows(alerts)
        self.mutes.set_rows(mutes)
        places = {each.row.connection_key for each in alerts}
        self.table.setColumnHidden(PLACE_COLUMN, len(places) < 2)
        self.tabs.setTabText(0, f"Alerts ({len(alerts):,})" if alerts else "Alerts")
        self.tabs.setTabText(1, f"Muted ({len(mutes):,})" if mutes else "Muted")
        self.table.setVisible(bool(alerts))
        self.empty.setVisible(not alerts)
        for widget in (self.logs, self.charts, self.mute):
            widget.setVisible(bool(alerts))
        self.mute_table.setVisible(bool(mutes))
        self.not_muted.setVisible(not mutes)
        self.unmute.setVisible(bool(mutes))
        for table, rows in ((self.table, alerts), (self.mute_table, mutes)):
            if rows and not table.currentIndex().isValid():
                table.selectRow(0)
        self._show_evidence()

    def _current(self) -> BookedAlert | None:
        index = self.table.currentIndex()
        return self.model.row_at(index.row()) if index.isValid() else None

    def _show_evidence(self) -> None:
        booked = self._current()
        self.evidence.setVisible(booked is not None)
        if booked is None:
            return
        alert = booked.alert
        how = "Counted." if alert.is_exact else "An estimate."
        runs = f"Such runs: {', '.join(alert.request_ids)}." if alert.request_ids else ""
        since = f"Since {name_time(alert.since_ms)}. {how}"
        self.evidence.setText("\n".join(part for part in (alert.text, *alert.evidence, runs, since) if part))

    # -- what is done

    def _open(self, page: str) -> None:
        if (booked := self._current()) is not None:
            self.close()  # it would lie over what is asked for
            self.open_requested.emit(booked, page or booked.alert.kind.page)

    def _mute(self, how_long: MuteFor) -> None:
        if (booked := self._current()) is not None:
            self._book.mute(*booked.key, how_long)
            announce(
                self, f"Muted: {booked.alert.kind.words} of {booked.row.function.name}, {how_long.value}"
            )

    def _unmute(self) -> None:
        index = self.mute_table.currentIndex()
        if index.isValid():
            mute = self.mutes.row_at(index.row())
            key: RowKey = mute.row_key
            kind: AlertKind = mute.kind
            self._book.unmute(key, kind)


def _page(*parts: QWidget | QHBoxLayout) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
    column.setSpacing(theme.SPACE)
    for part in parts:
        if isinstance(part, QHBoxLayout):
            column.addLayout(part)
        else:
            column.addWidget(part, 1 if part.objectName().endswith("Table") else 0)
    column.addStretch(0)
    return page
