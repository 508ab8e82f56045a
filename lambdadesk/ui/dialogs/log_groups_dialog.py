"""LogGroupsDialog: which log groups a query reads."""

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.errors import UserError
from lambdadesk.core.insights import MAX_GROUPS, LogGroupInfo
from lambdadesk.core.query_cost import format_bytes
from lambdadesk.ui import theme
from lambdadesk.ui.widgets.filter_edit import FilterEdit
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce

SEARCH_DELAY_MS = 300
_NAME = Qt.ItemDataRole.UserRole


class LogGroupsDialog(QDialog):
    """Shown beside the window with `open()`; deletes itself. What is ticked stays over other searches.

    Signals:
        search_requested(str): the owner is to look for groups and to call `show_groups` or `show_failure`.
        accepted_groups(tuple): what was chosen, by name.
    """

    search_requested = Signal(str)
    accepted_groups = Signal(object)
    closed = Signal()

    def __init__(self, chosen: Iterable[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("logGroupsDialog")
        self.setWindowTitle("Log groups to query")
        self.setAccessibleName("Log groups to query")
        self._chosen = dict.fromkeys(chosen)
        self._infos: list[LogGroupInfo] = []
        self.filter = named(
            FilterEdit("Part of a name, or a pattern: /aws/lambda/orders-*"),
            "logGroupsFilter",
            "Find log groups",
        )
        self.list = named(QListWidget(), "logGroupsList", "Log groups")
        self.list.setUniformItemSizes(True)
        self.list.itemChanged.connect(self._on_item)
        self.said = named(ToneLabel("dim"), "logGroupsSaid", "What was found and chosen")
        self.buttons = QDialogButtonBox()
        self.use = named(QPushButton("Use these"), "logGroupsUse", "Use the chosen log groups")
        self.use.setAutoDefault(False)  # Enter in the filter closes nothing
        self.buttons.addButton(self.use, QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.SPACE)
        layout.addWidget(self.filter)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.said)
        layout.addWidget(self.buttons)
        self.resize(620, 480)
        self._typing = QTimer(self, singleShot=True, interval=SEARCH_DELAY_MS)
        self._typing.timeout.connect(self._search)
        self.filter.textChanged.connect(lambda _text: self._typing.start())
        self.finished.connect(self._typing.stop)
        self.finished.connect(self.closed)
        self.finished.connect(self.deleteLater)
        self._note = ""

    def open(self) -> None:
        """Show it and look for groups; unlike QDialog's own, this lets the window be used."""
        self.show()
        self.filter.setFocus()
        self._search()

    def show_groups(self, infos: Iterable[LogGroupInfo]) -> None:
        """Show what was found, the chosen ones first."""
        found = {info.name: info for info in infos}
        rows = [found.pop(name, LogGroupInfo(name)) for name in self._chosen] + list(found.values())
        self._note = f"{len(found):,} more found. " if found else "No other found. "
        row_size = QSize(0, self.list.fontMetrics().height() + theme.ROW_PADDING)
        self.list.blockSignals(True)
        self.list.clear()
        for info in rows:
            kept = "never expires" if not info.retention_days else f"{info.retention_days} days"
            about = f"   {format_bytes(info.stored_bytes)}, {kept}" if info.stored_bytes else ""
            rare = "" if info.log_class == "STANDARD" else f"   {info.log_class}"
            item = QListWidgetItem(f"{info.name}{about}{rare}")
            item.setData(_NAME, info.name)
            item.setSizeHint(row_size)
            item.setFlags(
                Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable
            )
            item.setCheckState(
                Qt.CheckState.Checked if info.name in self._chosen else Qt.CheckState.Unchecked
            )
            if info.log_class == "DELIVERY":  # nothing reads these
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        self.list.blockSignals(False)
        self._say()

    def show_failure(self, error: UserError) -> None:
        self.show_groups(())
        self.said.say(f"✖ {error}", "error")
        announce(self.said, str(error))

    def _search(self) -> None:
        self._typing.stop()
        self.said.say("Looking for log groups…", "dim")
        self.search_requested.emit(self.filter.text().strip())

    def _on_item(self, item: QListWidgetItem) -> None:
        name = item.data(_NAME)
        if item.checkState() == Qt.CheckState.Checked:
            self._chosen[name] = None
        else:
            self._chosen.pop(name, None)
        self._say()

    def _say(self) -> None:
        count = len(self._chosen)
        is_many = count > MAX_GROUPS
        limit = f" A query reads {MAX_GROUPS} at most." if is_many else ""
        self.said.say(f"{self._note}{count:,} chosen.{limit}", "error" if is_many else "dim")
        self.use.setEnabled(0 < count <= MAX_GROUPS)

    def _accept(self) -> None:
        self.accepted_groups.emit(tuple(self._chosen))
        self.close()
