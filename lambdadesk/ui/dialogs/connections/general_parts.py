"""What every connection has: name and kind on top, regions, colour and guard below."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QStringListModel, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QColorDialog, QCompleter, QFormLayout, QPushButton, QWidget

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind, Guard
from lambdadesk.desk.connection_draft import get_sign_of_production
from lambdadesk.ui.dialogs.connections.part import Part, beside
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named

KINDS: Final = {
    ConnectionKind.ACCESS_KEY: "Access key",
    ConnectionKind.PROFILE: "AWS profile",
    ConnectionKind.SSO: "IAM Identity Center",
    ConnectionKind.ASSUME_ROLE: "Assume role",
    ConnectionKind.ENDPOINT: "Endpoint",
}
COLOURS: Final = {
    "": "No colour",
    "#d13b3b": "Red",
    "#d9731a": "Orange",
    "#c9a212": "Yellow",
    "#2f9e4f": "Green",
    "#12918b": "Teal",
    "#2f6fdb": "Blue",
    "#8e4fc4": "Purple",
    "#7a8492": "Grey",
}
GUARDS: Final = {
    Guard.NORMAL: ("Normal", "One click sends one invoke."),
    Guard.READ_ONLY: ("Read-only", "No invoke and no write leaves LambdaDesk, whatever is clicked."),
    Guard.PRODUCTION: (
        "Production",
        "Each invoke has to be confirmed by typing the function's name, or all of them for ten minutes.",
    ),
}
_CUSTOM = "Other…"
_SWATCH_PX = 14


class NamePart(Part):
    """The name and the kind."""

    def __init__(self, form: QFormLayout) -> None:
        super().__init__(form)
        self.name = self.line("connectionName", "Name", "name", "prod-admin")
        self.kind = named(CalmComboBox(), "connectionKind", "Kind")
        for kind, title in KINDS.items():
            self.kind.addItem(title, kind)
        self.kind.currentIndexChanged.connect(self.changed)
        self.add_row("&Name", self.name, "name")
        self.add_row("&Kind", self.kind, "kind")

    def show_info(self, info: ConnectionInfo) -> None:
        self.name.setText(info.name)
        self.kind.setCurrentIndex(self.kind.findData(info.kind))

    def read(self, info: ConnectionInfo) -> ConnectionInfo:
        kind = ConnectionKind(self.kind.currentData())  # Qt gives a plain str back
        return replace(info, name=self.name.text().strip(), kind=kind)


class PlacePart(Part):
    """Regions and colour."""

    def __init__(self, form: QFormLayout) -> None:
        super().__init__(form)
        self.regions = self.line("connectionRegions", "Regions", "regions", "eu-central-1, us-east-1")
        self._known = QStringListModel(self)
        self.regions.setCompleter(_ListCompleter(self._known, self))
        self.colour = named(CalmComboBox(), "connectionColour", "Colour")
        for colour, title in COLOURS.items():
            self.colour.addItem(_swatch(colour), title, colour)
        self.colour.addItem(_CUSTOM, _CUSTOM)
        self.colour.currentIndexChanged.connect(self._on_colour)
        self._shown_colour = ""
        self.add_row("Re&gions", self.regions, "regions")
        self.add_row("Co&lour", self.colour, "colour")

    def offer_regions(self, names: Iterable[str]) -> None:
        self._known.setStringList(list(names))

    def show_info(self, info: ConnectionInfo) -> None:
        self.regions.setText(", ".join(info.regions))
        self._show_colour(info.colour)

    def read(self, info: ConnectionInfo) -> ConnectionInfo:
        regions = re.split(r"[,;\s]+", self.regions.text().strip())
        unique = tuple(dict.fromkeys(region for region in regions if region))
        return replace(info, regions=unique, colour=self._shown_colour)

    def _show_colour(self, colour: str) -> None:
        self._shown_colour = colour
        index = self.colour.findData(colour)
        if index < 0:
            index = self.colour.count() - 1
            self.colour.insertItem(index, _swatch(colour), colour, colour)
        self.colour.setCurrentIndex(index)

    def _on_colour(self) -> None:
        if self.colour.currentData() != _CUSTOM:
            self._shown_colour = str(self.colour.currentData())
            self.changed.emit()
            return
        self._show_colour(self._shown_colour)
        dialog = QColorDialog(QColor(self._shown_colour or "#2f6fdb"), self.colour.window())
        named(dialog, "colourDialog", "Colour of the connection")
        dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(self._on_own_colour)
        dialog.open()

    def _on_own_colour(self, colour: QColor) -> None:
        self._show_colour(colour.name())
        self.changed.emit()


class GuardPart(Part):
    """What the connection lets happen, and the suggestion to guard what looks like production.

    Signals:
    """

    def __init__(self, form: QFormLayout) -> None:
        super().__init__(form)
        self.alias = ""  # of the account, once Test has found it out
        self.guard = named(CalmComboBox(), "connectionGuard", "Guard")
        for guard, (title, _meaning) in GUARDS.items():
            self.guard.addItem(title, guard)
        self.guard.currentIndexChanged.connect(self.changed)
        self._meaning = named(ToneLabel("dim"), "guardMeaning")
        self._suggestion = named(ToneLabel("warning"), "productionHint")
        self.make_production = named(
            QPushButton("Make it production"), "makeProduction", "Make it production"
        )
        self.make_production.setAutoDefault(False)
        self.make_production.clicked.connect(
            lambda: self.guard.setCurrentIndex(self.guard.findData(Guard.PRODUCTION))
        )
        self._sign = ""
        self.add_row("Gua&rd", self.guard, "guard")
        self.add_row("", self._meaning)
        row: QWidget = beside(self._suggestion, self.make_production)
        self.add_row("", row, is_wanted=lambda: bool(self._sign))

    def show_info(self, info: ConnectionInfo) -> None:
        self.alias = ""
        self.guard.setCurrentIndex(self.guard.findData(info.guard))

    def read(self, info: ConnectionInfo) -> ConnectionInfo:
        return replace(info, guard=Guard(self.guard.currentData()))

    def show_rows(self, info: ConnectionInfo) -> None:
        self._meaning.say(GUARDS[info.guard][1], "dim")
        self._sign = get_sign_of_production(info, self.alias) if info.guard is Guard.NORMAL else ""
        self._suggestion.say(f"{self._sign} looks like production." if self._sign else "", "warning")
        super().show_rows(info)


class _ListCompleter(QCompleter):
    """Completes the last of several names with commas between them."""

    def __init__(self, model: QStringListModel, parent: Part) -> None:
        super().__init__(model, parent)
        self.setFilterMode(Qt.MatchFlag.MatchContains)
        self._typed = ""

    def splitPath(self, path: str) -> list[str]:
        self._typed, _comma, last = path.rpartition(",")
        return [last.strip()]

    def pathFromIndex(self, index: QModelIndex | QPersistentModelIndex) -> str:
        return f"{self._typed}, {index.data()}" if self._typed else str(index.data())


def _swatch(colour: str) -> QIcon:
    pixmap = QPixmap(_SWATCH_PX, _SWATCH_PX)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor("#7a8492"))
    painter.setBrush(QColor(colour) if colour else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(1, 1, _SWATCH_PX - 3, _SWATCH_PX - 3)
    painter.end()
    return QIcon(pixmap)
