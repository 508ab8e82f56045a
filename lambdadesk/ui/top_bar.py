"""TopBar: which connections and regions are shown, what they let happen, and how fresh the list is."""

import time
from collections.abc import Iterable, Sequence
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QToolButton, QWidget

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind, Guard, get_unsaved_info
from lambdadesk.core.types import Target
from lambdadesk.desk.catalog import CatalogState
from lambdadesk.ui import theme
from lambdadesk.ui.icons import dot, icon
from lambdadesk.ui.widgets.badge import Badge
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.labels import ElidedLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip

LOCAL: Final = "Local AWS"
MANAGE: Final = "Manage connections…"


class TopBar(QWidget):
    """The line above everything. To choose a connection or a region shows it in place of the others.

    Signals:
        connection_chosen(ConnectionInfo): to be shown alone; without an id it is a profile or endpoint.
        region_chosen(str): all that is shown moves to this region.
        local_chosen(): the Local AWS was chosen.
        places_requested(): more than one connection or region is to be shown.
        manage_requested(): connections are to be added or edited.
        guard_clicked(): the badge of the guard was clicked.
        refresh_requested(): the lists are to be asked for again.
    """

    connection_chosen = Signal(object)
    region_chosen = Signal(str)
    local_chosen = Signal()
    places_requested = Signal()
    manage_requested = Signal()
    guard_clicked = Signal()
    refresh_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._targets: list[Target] = []
        self._stored: tuple[ConnectionInfo, ...] = ()
        self._profiles: list[str] = []
        self._regions: list[str] = []
        self.connections = named(CalmComboBox(), "connectionBox", "Connection")
        self.regions = named(CalmComboBox(), "regionBox", "Region")
        for box in (self.connections, self.regions):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.setMaximumWidth(320)
            box.setMinimumContentsLength(12)
        self.connections.activated.connect(self._on_connection_chosen)
        self.regions.activated.connect(self._on_region_chosen)
        self.places = named(QToolButton(), "placesButton", "Show several connections and regions")
        self.places.setIcon(icon("places"))
        set_plain_tooltip(self.places, "Show several connections and regions in one list (Ctrl+Shift+R)")
        self.places.clicked.connect(self.places_requested)
        self.badge = named(Badge(), "guardBadge", "Guard")
        self.badge.clicked.connect(self.guard_clicked)
        self.endpoint = named(ElidedLabel(), "endpointLabel", "Endpoint")
        self.freshness = named(ElidedLabel(), "freshness", "Age of the list")
        for label in (self.endpoint, self.freshness):
            label.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        refresh = named(QPushButton(icon("refresh"), "Refresh"), "refreshButton", "Refresh the functions")
        set_plain_tooltip(refresh, "Ask for the functions again (F5)")
        refresh.clicked.connect(self.refresh_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.TIGHT)
        row.setSpacing(theme.SPACE)
        for title, box in (("Connection", self.connections), ("Region", self.regions)):
            caption = PlainLabel(title)
            caption.setBuddy(box)
            row.addWidget(caption)
            row.addWidget(box)
        row.addWidget(self.places)
        row.addWidget(self.badge)
        row.addWidget(self.endpoint, 1)
        row.addWidget(self.freshness)
        row.addWidget(refresh)
        self.show_targets(())

    def show_targets(self, targets: Sequence[Target]) -> None:
        """Show what is connected, in the user's order; nothing while the Local AWS is being started."""
        self._targets = list(targets)
        regions = {target.region for target in targets}
        self._regions = sorted(regions)
        # Without a profile the connection box names the endpoint already.
        only = targets[0] if len(targets) == 1 else None
        self.endpoint.setText(only.endpoint_url if only and (only.profile or only.connection_id) else "")
        self._fill()

    def show_choices(
        self, stored: Iterable[ConnectionInfo], profiles: Iterable[str], regions: Iterable[str]
    ) -> None:
        """Offer these connections, profiles and regions besides what is connected."""
        choices = (tuple(stored), list(profiles), list(regions))
        if choices != (self._stored, self._profiles, self._regions):  # somebody may be looking through them
            self._stored, self._profiles, self._regions = choices
            self._fill()

    @property
    def choices(self) -> list[ConnectionInfo]:
        """All that can be shown, the Local AWS left out: what is connected and not stored comes first."""
        infos = [get_unsaved_info(target) for target in self._targets if not target.connection_id]
        infos += self._stored
        infos += [get_unsaved_info(Target("", name)) for name in self._profiles]
        found: dict[tuple[str, str, str], ConnectionInfo] = {}
        for info in infos:
            if info.kind is not ConnectionKind.LOCAL:
                found.setdefault((info.id, info.profile, info.endpoint_url), info)
        return list(found.values())

    def show_guard(self, guard: Guard, unlocked_s: float) -> None:
        """Show what the connection in front lets happen; an unlocked one is locked again by a click."""
        if guard is Guard.READ_ONLY:
            self.badge.show_text("READ-ONLY", "accent", "No invoke and no write leaves this connection.")
        elif guard is Guard.PRODUCTION and unlocked_s > 0:
            text = f"UNLOCKED {max(1, round(unlocked_s / 60))} min"
            self.badge.show_text(text, "warning", "Invokes need no confirmation. Click to lock it again.")
        elif guard is Guard.PRODUCTION:
            self.badge.show_text(
                "PRODUCTION", "error", "Each invoke has to be confirmed by the function's name."
            )
        else:
            self.badge.show_text("", "text", "")

    def show_freshness(self, states: Sequence[CatalogState]) -> None:
        loaded = [state.loaded_ms for state in states if state.loaded_ms is not None]
        if not loaded:
            self.freshness.setText("")
        elif any(state.loading for state in states):
            self.freshness.setText("Refreshing…")
        elif all(state.error is not None for state in states):
            self.freshness.setText("Not refreshed")
        else:
            seconds = max(0, int(time.time() - min(loaded) / 1000))
            age = f"{seconds} s" if seconds < 60 else f"{seconds // 60} min"
            text = f"Refreshed {age if seconds < 3600 else 'over an hour'} ago"
            self.freshness.setText(f"{text}, in part" if any(state.error for state in states) else text)

    def _fill(self) -> None:
        targets = self._targets
        self.connections.clear()
        choices = self.choices
        for info in choices:
            self.connections.addItem(dot(info.colour) if info.colour else QIcon(), info.name, info)
        self.connections.addItem(LOCAL, LOCAL)
        self.connections.insertSeparator(self.connections.count())
        self.connections.addItem(MANAGE, MANAGE)
        titles = list(dict.fromkeys(target.title for target in targets))
        shown = self._row_of(targets[0]) if targets else self.connections.findText(LOCAL)
        if len(titles) > 1:  # an entry of its own, so that each other one shows that one alone
            self.connections.insertItem(0, f"{titles[0]} +{len(titles) - 1}", None)
            shown = 0
        self.connections.setCurrentIndex(shown)
        set_plain_tooltip(self.connections, "\n".join(titles) if len(titles) > 1 else "")
        self.regions.clear()
        self.regions.addItems([region for region in self._regions if region])
        regions = list(dict.fromkeys(target.region for target in targets))
        if len(regions) > 1:
            self.regions.insertItem(0, f"{len(regions)} regions")
            self.regions.setCurrentIndex(0)
        else:
            self.regions.setCurrentText(regions[0] if regions else "")
        set_plain_tooltip(self.regions, "\n".join(regions) if len(regions) > 1 else "")
        self.regions.setEnabled(self.regions.count() > 1)

    def _row_of(self, target: Target) -> int:
        for row in range(self.connections.count()):
            info = self.connections.itemData(row)
            if isinstance(info, ConnectionInfo) and _is_of(info, target):
                return row
        return self.connections.findText(LOCAL)

    def _on_connection_chosen(self, index: int) -> None:
        choice = self.connections.itemData(index)
        if choice == MANAGE:
            self._fill()  # the box goes on naming what is shown
            self.manage_requested.emit()
        elif choice == LOCAL:
            if not any(target.is_local for target in self._targets) or len(self._targets) > 1:
                self.local_chosen.emit()
        elif isinstance(choice, ConnectionInfo) and not all(_is_of(choice, each) for each in self._targets):
            self.connection_chosen.emit(choice)  # what is shown already stays as it is, tabs included

    def _on_region_chosen(self, index: int) -> None:
        region = self.regions.itemText(index)
        if region in self._regions and any(
            not target.is_local and target.region != region for target in self._targets
        ):
            self.region_chosen.emit(region)


def _is_of(info: ConnectionInfo, target: Target) -> bool:
    if info.id or target.connection_id:
        return info.id == target.connection_id
    return not target.is_local and (info.profile, info.endpoint_url) == (target.profile, target.endpoint_url)
