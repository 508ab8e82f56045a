"""PlacesDialog: which connections and regions are shown side by side."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.core.types import Target
from lambdadesk.ui import theme
from lambdadesk.ui.icons import dot
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.filter_edit import FilterEdit
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel

MANY: Final = 40  # places; each is asked for its functions
_INFO: Final = Qt.ItemDataRole.UserRole


class PlacesDialog(QDialog):
    """A tree of connections with their regions to tick.

    Signals:
        chosen(list[Target]): show these, at least one, in this order.
    """

    chosen = Signal(object)

    def __init__(
        self,
        infos: Sequence[ConnectionInfo],
        regions: Iterable[str],
        shown: Sequence[Target],
        usual_regions: Mapping[str, str],
        parent: QWidget | None = None,
    ) -> None:
        """usual_regions: of connections that name none, by their id or profile."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Connections and regions shown")
        named(self, "placesDialog", "Connections and regions shown")
        self._shown = {target.key: target for target in shown}
        self.filter = named(FilterEdit("Filter connections"), "placesFilter", "Filter connections")
        self.tree = named(QTreeWidget(), "placesTree", "Connections and regions")
        self.tree.setHeaderHidden(True)
        self.tree.setUniformRowHeights(True)
        for info in infos:
            self._add_connection(info, usual_regions.get(info.id or info.profile, ""))
        self.region = named(CalmComboBox(), "placesRegion", "Region to add")
        self.region.setEditable(True)
        self.region.addItems(list(regions))
        self.region.setCurrentText("")
        region_edit = self.region.lineEdit()
        if region_edit is not None:
            region_edit.setPlaceholderText("another region")
        add = named(QPushButton("Add region"), "placesAdd", "Add the region to the connection")
        add.setAutoDefault(False)
        add.clicked.connect(self._add_typed_region)
        self.foot = named(ToneLabel(), "placesCount", "What is ticked")
        buttons = QDialogButtonBox()
        self.show_button = named(QPushButton("Show"), "placesShow", "Show what is ticked")
        self.show_button.setDefault(True)
        buttons.addButton(self.show_button, QDialogButtonBox.ButtonRole.AcceptRole)
        cancel = named(QPushButton("Cancel"), "placesCancel", "Cancel")
        cancel.setAutoDefault(False)
        buttons.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._choose)
        buttons.rejected.connect(self.reject)
        line = QHBoxLayout()
        line.addWidget(PlainLabel("To the selected connection:"))
        line.addWidget(self.region, 1)
        line.addWidget(add)
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.SPACE)
        layout.addWidget(self.filter)
        layout.addWidget(self.tree, 1)
        layout.addLayout(line)
        layout.addWidget(self.foot)
        layout.addWidget(buttons)
        self.resize(460, 520)
        self.filter.textChanged.connect(self._filter)
        self.tree.itemChanged.connect(lambda *_: self._count())
        self._count()
        self.tree.setFocus()

    def targets(self) -> list[Target]:
        """What is ticked, from top to bottom."""
        found: list[Target] = []
        for top in _items(self.tree.topLevelItem, self.tree.topLevelItemCount()):
            for item in _items(top.child, top.childCount()):
                target: Target = item.data(0, _INFO)
                if item.checkState(0) == Qt.CheckState.Checked:
                    found.append(self._shown.get(target.key, target))
        return found

    def _add_connection(self, info: ConnectionInfo, usual_region: str) -> None:
        is_profile = not info.id and info.kind is ConnectionKind.PROFILE
        top = QTreeWidgetItem(self.tree, [f"{info.name} (profile)" if is_profile else info.name])
        top.setData(0, _INFO, info)
        top.setIcon(0, dot(info.colour) if info.colour else QIcon())
        top.setFlags(top.flags() | Qt.ItemFlag.ItemIsAutoTristate | Qt.ItemFlag.ItemIsUserCheckable)
        mine = [target.region for target in self._shown.values() if _is_of(target, info)]
        usual = [usual_region] if usual_region and not info.regions else []
        for region in dict.fromkeys((*info.regions, *usual, *mine)):
            self._add_region(top, info, region, is_ticked=region in mine)
        top.setExpanded(bool(mine))

    def _add_region(
        self, top: QTreeWidgetItem, info: ConnectionInfo, region: str, *, is_ticked: bool
    ) -> None:
        item = QTreeWidgetItem(top, [region])
        item.setData(0, _INFO, info.target(region))
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(0, Qt.CheckState.Checked if is_ticked else Qt.CheckState.Unchecked)

    def _add_typed_region(self) -> None:
        region = self.region.currentText().strip()
        item = self.tree.currentItem()
        if item is None:
            self.foot.say("Select the connection that the region is for.", "warning")
            return
        top = item.parent() or item
        info = top.data(0, _INFO)
        known = {child.text(0): child for child in _items(top.child, top.childCount())}
        if not region:
            self.foot.say("Name the region to add, like eu-central-1.", "warning")
        elif region in known:
            known[region].setCheckState(0, Qt.CheckState.Checked)
        else:
            self._add_region(top, info, region, is_ticked=True)
            self.region.setCurrentText("")
        top.setExpanded(True)

    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        for item in _items(self.tree.topLevelItem, self.tree.topLevelItemCount()):
            item.setHidden(not all(word in item.text(0).casefold() for word in words))

    def _count(self) -> None:
        count = len(self.targets())
        noun = "place" if count == 1 else "places"
        if not count:
            self.foot.say("Tick at least one region.", "text")
        elif count > MANY:
            self.foot.say(f"{count} {noun}: to ask each for its functions may take a while.", "warning")
        else:
            self.foot.say(f"{count} {noun}", "text")
        self.show_button.setEnabled(bool(count))

    def _choose(self) -> None:
        targets = self.targets()
        if targets:
            self.chosen.emit(targets)
            self.accept()


def _items(get: Callable[[int], QTreeWidgetItem | None], count: int) -> list[QTreeWidgetItem]:
    return [item for item in map(get, range(count)) if item is not None]


def _is_of(target: Target, info: ConnectionInfo) -> bool:
    if info.id or target.connection_id:
        return info.id == target.connection_id
    return (info.profile, info.endpoint_url) == (target.profile, target.endpoint_url)
