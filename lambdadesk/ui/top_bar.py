"""TopBar: what the window is connected to, and how fresh its list is."""

import time
from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

from lambdadesk.core.types import Target
from lambdadesk.desk.catalog import CatalogState
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.labels import ElidedLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip

LOCAL = "Local AWS"


class TopBar(QWidget):
    """The connection, its region and the age of the function list.

    Signals:
        target_chosen(str, str, str): profile, region and endpoint that the user chose; region "" for its own.
        local_chosen(): the Local AWS was chosen.
        refresh_requested(): the list is to be asked for again.
    """

    target_chosen = Signal(str, str, str)
    local_chosen = Signal()
    refresh_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._target: Target | None = None
        self._profiles: list[str] = []
        self._regions: list[str] = []
        self.connections = named(CalmComboBox(), "connectionBox", "Connection")
        self.regions = named(CalmComboBox(), "regionBox", "Region")
        for box in (self.connections, self.regions):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.setMaximumWidth(320)
        self.connections.activated.connect(self._on_connection_chosen)
        self.regions.activated.connect(self._on_region_chosen)
        self.endpoint = named(ElidedLabel(), "endpointLabel", "Endpoint")
        self.freshness = named(PlainLabel(), "freshness", "Age of the list")
        for label in (self.endpoint, self.freshness):
            label.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        refresh = named(QPushButton(icon("refresh"), "Refresh"), "refreshButton", "Refresh the functions")
        set_plain_tooltip(refresh, "Ask for the functions again (F5)")
        refresh.clicked.connect(self.refresh_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.TIGHT)
        row.setSpacing(theme.SPACE)
        for title, box in (("Connection", self.connections), ("Region", self.regions)):
            label = PlainLabel(title)
            label.setBuddy(box)
            row.addWidget(label)
            row.addWidget(box)
        row.addWidget(self.endpoint, 1)
        row.addWidget(self.freshness)
        row.addWidget(refresh)
        self.show_target(None)

    def show_target(self, target: Target | None) -> None:
        """Show what is connected; None while the Local AWS is being started."""
        self._target = target
        self._regions = [target.region] if target else []
        # Without a profile the connection box names the endpoint already.
        self.endpoint.setText(target.endpoint_url if target and target.profile else "")
        self._fill()

    def show_choices(self, profiles: Iterable[str], regions: Iterable[str]) -> None:
        """Offer these profiles and regions besides what is connected."""
        self._profiles, self._regions = list(profiles), list(regions)
        self._fill()

    def show_freshness(self, state: CatalogState | None) -> None:
        if state is None or state.loaded_ms is None:
            self.freshness.setText("")
        elif state.loading:
            self.freshness.setText("Refreshing…")
        elif state.error is not None:
            self.freshness.setText("Not refreshed")
        else:
            seconds = max(0, int(time.time() - state.loaded_ms / 1000))
            age = f"{seconds} s" if seconds < 60 else f"{seconds // 60} min"
            self.freshness.setText(f"Refreshed {age if seconds < 3600 else 'over an hour'} ago")

    def _fill(self) -> None:
        target = self._target
        items: list[tuple[str, tuple[str, str] | None]] = []
        if target and not target.is_local:
            items.append((target.title, (target.profile, target.endpoint_url)))
        items += [(name, (name, "")) for name in self._profiles if (name, (name, "")) not in items]
        items.append((LOCAL, None))
        self.connections.clear()
        for title, choice in items:
            self.connections.addItem(title, choice)
        self.connections.setCurrentText(target.title if target else LOCAL)
        self.regions.clear()
        self.regions.addItems([region for region in self._regions if region])
        self.regions.setCurrentText(target.region if target else "")
        self.regions.setEnabled(len(self._regions) > 1)

    def _on_connection_chosen(self, index: int) -> None:
        choice = self.connections.itemData(index)
        target = self._target
        shown = (target.profile, target.endpoint_url) if target and not target.is_local else None
        if choice == shown and target is not None:
            return  # what is shown already stays as it is, tabs included
        if choice is None:
            self.local_chosen.emit()
        else:
            self.target_chosen.emit(choice[0], "", choice[1])

    def _on_region_chosen(self, _index: int) -> None:
        target, region = self._target, self.regions.currentText()
        if target is not None and not target.is_local and region != target.region:
            self.target_chosen.emit(target.profile, region, target.endpoint_url)
