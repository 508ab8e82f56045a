"""Part, some rows of the connection's form."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLineEdit, QWidget

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel


class Part(QObject):
    """Rows of one form that stand for some fields of ConnectionInfo, and are there for some kinds only.

    fields: the widget to go to, by the field's name; "secret" is one, too.

    Signals:
        changed(): something else is entered now.
    """

    changed = Signal()
    kinds: tuple[ConnectionKind, ...] = ()  # none: all of them

    def __init__(self, form: QFormLayout) -> None:
        super().__init__(form)
        self._form = form
        self._rows: list[tuple[QWidget, Callable[[], bool]]] = []
        self.fields: dict[str, QWidget] = {}

    def show_info(self, info: ConnectionInfo) -> None:
        """Fill the rows with a connection."""
        raise NotImplementedError

    def read(self, info: ConnectionInfo) -> ConnectionInfo:
        """The connection with what is entered here."""
        raise NotImplementedError

    def show_rows(self, info: ConnectionInfo) -> None:
        """Show the rows that the connection's kind has."""
        for widget, is_wanted in self._rows:
            is_shown = (not self.kinds or info.kind in self.kinds) and is_wanted()
            self._form.setRowVisible(widget, is_shown)

    # -- for building

    def add_row(
        self, title: str, widget: QWidget, field: str = "", is_wanted: Callable[[], bool] = lambda: True
    ) -> None:
        """Add a row. title: with its mnemonic, may be empty. is_wanted: whether it is shown now."""
        focus = self.fields.setdefault(field, widget) if field else widget
        label = PlainLabel(title)
        label.setBuddy(focus)
        self._form.addRow(label, widget)
        self._rows.append((widget, is_wanted))

    def line(self, object_name: str, name: str, field: str, placeholder: str = "") -> QLineEdit:
        """A line edit for a field of text."""
        edit = named(QLineEdit(), object_name, name)
        edit.setPlaceholderText(placeholder)
        edit.textChanged.connect(self.changed)
        self.fields[field] = edit
        return edit


def beside(*widgets: QWidget, stretch: int = 0) -> QWidget:
    """Widgets in one row of a form; the one at `stretch` takes the room that is left."""
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(theme.SPACE)
    for number, widget in enumerate(widgets):
        row.addWidget(widget, 1 if number == stretch else 0)
    return box
