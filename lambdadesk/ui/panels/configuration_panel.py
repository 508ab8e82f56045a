"""ConfigurationPanel: everything that is configured for one function, in groups."""

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication, QHideEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QPushButton,
    QStackedLayout,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.aws.endpoints import is_aws
from lambdadesk.core.console_links import console_url
from lambdadesk.core.details import Failure
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.invoke_commands import cli_command
from lambdadesk.core.secret import Secret
from lambdadesk.core.text import one_line
from lambdadesk.core.types import InvokeRequest
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.function_details import Details
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.detail_tree import NAME, DetailTreeModel
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.filter_edit import FilterEdit
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip
from lambdadesk.ui.widgets.secret_copy import copy_secret
from lambdadesk.ui.widgets.tables import menu_at_current
from lambdadesk.ui.widgets.wrapping_row import WrappingRow

_NAME_PX = 200
_SIZED = ("Memory", "Timeout", "Architecture")  # settings that Sizing compares
_DETAIL_LIMIT = 1_000  # characters of a value that are shown below the list


class ConfigurationPanel(QWidget):
    """Shows what `Details` holds, and asks for it when it is built.

    Values of the environment are masked until "Show values" is ticked, and again once the page is left.

    Signals:
        sizing_requested(bool): what if, or a power sweep, of the function is to be shown.
    """

    sizing_requested = Signal(object)

    def __init__(self, connection: Connection, details: Details, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope = TaskScope(connection.scope.report)
        self._connection = connection
        self._details = details
        self._build()
        self._disconnects = [
            details.changed.connect(self._show),
            connection.catalog.changed.connect(self._on_catalog_changed),
        ]
        if details.state.loaded_ms is None and not details.state.loading:
            self.refresh()
        self._show()

    def _build(self) -> None:
        self.filter = named(FilterEdit("Find a setting"), "configurationFilter", "Find a setting")
        self.values = named(QCheckBox("Show values"), "showValues", "Show the values of the environment")
        set_plain_tooltip(self.values, "Show the environment's values until this page is left")
        self.refresh_button = named(
            QPushButton(icon("refresh"), "Refresh"), "configurationRefresh", "Read the configuration again"
        )
        top = QHBoxLayout()
        top.setSpacing(theme.SPACE)
        top.addWidget(self.filter, 1)
        top.addWidget(self.values)
        top.addWidget(self.refresh_button)

        self.trouble = named(ToneLabel("warning"), "configurationTrouble", "What could not be read")
        self.trouble.hide()
        self.model = DetailTreeModel(self)
        self.tree = named(_make_tree(self.model), "configurationView", "Configuration")
        self.state = StateView()
        self.detail = named(PlainLabel(), "configurationDetail", "The selected setting")
        self.detail.setWordWrap(True)
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hint = named(ToneLabel("dim"), "configurationHint", "What the selected setting means")
        for label in (self.detail, self.hint):
            label.hide()

        self.console_button = named(
            QPushButton("Open in AWS console"), "openConsole", "Open in the AWS console"
        )
        self.arn_button = named(QPushButton("Copy ARN"), "copyArn")
        self.name_button = named(QPushButton("Copy name"), "copyName")
        self.cli_button = named(QPushButton("Copy CLI command"), "copyCli")
        self.value_button = named(QPushButton("Copy value"), "copyValue")
        self.foot = named(ToneLabel("dim"), "configurationFoot", "How fresh this is")
        buttons = WrappingRow(
            (self.value_button, self.name_button, self.arn_button, self.cli_button, self.console_button)
        )

        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(top)
        layout.addWidget(self.trouble)
        self._stack = QStackedLayout()
        layout.addLayout(self._stack, 1)
        # Only now that it has a parent: it would show its first widget as a window of its own.
        self._stack.addWidget(self.tree)
        self._stack.addWidget(self.state)
        layout.addWidget(self.detail)
        layout.addWidget(self.hint)
        layout.addWidget(buttons)
        layout.addWidget(self.foot)

        self.filter.textChanged.connect(self._on_filter_changed)
        self.values.toggled.connect(self._on_values_toggled)
        self.refresh_button.clicked.connect(self.refresh)
        self.tree.selectionModel().currentChanged.connect(lambda _now, _before: self._show_row())
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tree.customContextMenuRequested.connect(self._show_menu)
        menu_at_current(self.tree)
        self.value_button.clicked.connect(self._copy_value)
        self.arn_button.clicked.connect(lambda: self._copy(self._arn, "the ARN"))
        self.name_button.clicked.connect(lambda: self._copy(self._details.function.name, "the name"))
        self.cli_button.clicked.connect(lambda: self._copy(self._cli_command(), "the CLI command"))
        self.console_button.clicked.connect(self._open_console)
        find = QShortcut(QKeySequence("Ctrl+F"), self, self._focus_filter)
        copy = QShortcut(QKeySequence("Ctrl+C"), self.tree, self._copy_value)
        for shortcut in (find, copy):
            # PySide6 ignores the context where it is given to the constructor together with a slot.
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    async def close_panel(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        await self.scope.close()

    def refresh(self) -> None:
        """Ask AWS again."""
        self.scope.start("refresh", self._details.refresh)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.values.setChecked(False)

    # -- what is shown

    def _on_catalog_changed(self) -> None:
        function = self._connection.catalog.get(self._details.function.name)
        if function is not None and function != self._details.function:
            self._details.function = function
            self.refresh()

    def _show(self) -> None:
        state = self._details.state
        if state.details is not None:
            self._change(lambda: self.model.set_groups(state.details.groups if state.details else ()))
            self._show_list()
        elif state.error is not None:
            self.state.show_error(state.error, self.refresh)
            self._stack.setCurrentWidget(self.state)
        else:
            self.state.show_loading("the configuration", lambda: self.scope.cancel("refresh"))
            self._stack.setCurrentWidget(self.state)
        is_known = state.details is not None
        for widget in (self.filter, self.values):
            widget.setEnabled(is_known)
        self.refresh_button.setEnabled(not state.loading)
        self._show_trouble()
        self._show_foot()
        self._show_row()
        self._show_links()

    def _show_list(self) -> None:
        if self.model.rowCount():
            self._stack.setCurrentWidget(self.tree)
        else:
            self.state.show_empty("No setting matches", "Change the words, or clear them with Esc.")
            self._stack.setCurrentWidget(self.state)

    def _show_trouble(self) -> None:
        state = self._details.state
        text = ""
        if state.details is not None:
            # What an endpoint does not know at all is said in its row.
            failed = [each for each in state.details.failures if each.error.kind is not ErrorKind.NOT_FOUND]
            if failed:
                text = f"▲ Not read: {'; '.join(_tell(failure) for failure in failed)}."
            if state.error is not None:
                text = f"✖ {state.error} What was known before is shown."
        is_new = text != self.trouble.text()
        self.trouble.say(text, "error" if text.startswith("✖") else "warning")
        self.trouble.setVisible(bool(text))
        if text and is_new:
            announce(self.trouble, text)

    def _show_foot(self) -> None:
        state = self._details.state
        parts = []
        if state.loaded_ms is not None:
            parts.append(f"read at {_clock(state.loaded_ms)}")
        if state.loading:
            parts.append("reading…")
        self.foot.say(" · ".join(parts), "dim")

    def _show_links(self) -> None:
        is_real = is_aws(self._connection.target)
        url = console_url(self._arn) if is_real else ""
        self.console_button.setEnabled(bool(url))
        set_plain_tooltip(
            self.console_button, url or "The AWS console shows what is in AWS; this function is elsewhere."
        )
        self.arn_button.setEnabled(bool(self._arn))
        set_plain_tooltip(self.arn_button, self._arn)
        set_plain_tooltip(self.name_button, one_line(self._details.function.name, _DETAIL_LIMIT))
        set_plain_tooltip(self.cli_button, self._cli_command())

    def _show_row(self) -> None:
        row = self.model.row_at(self.tree.currentIndex())
        is_masked = row is not None and self.model.is_masked(row)
        self.value_button.setEnabled(row is not None and not is_masked)
        set_plain_tooltip(self.value_button, "Show the values first" if is_masked else "Copy it (Ctrl+C)")
        is_seen = row is not None and self._stack.currentWidget() is self.tree
        self.detail.setText(one_line(self.model.value_of(row), _DETAIL_LIMIT) if row else "")
        self.detail.setVisible(is_seen and bool(self.detail.text()))
        self.hint.say(row.hint if row else "", "dim")
        self.hint.setVisible(is_seen and bool(self.hint.text()))

    def _change(self, change: Callable[[], bool]) -> None:
        """Change the model; where its rows are others now, keep what is selected, folded and in sight."""
        tree, model = self.tree, self.model
        key = model.key_of(tree.currentIndex())
        place = tree.verticalScrollBar().value()
        indexes = [model.index(row, NAME) for row in range(model.rowCount())]
        folded = {str(index.data()) for index in indexes if not tree.isExpanded(index)}
        if not change():
            self._show_row()
            return
        for row in range(model.rowCount()):
            tree.setFirstColumnSpanned(row, QModelIndex(), True)
            index = model.index(row, NAME)
            tree.setExpanded(index, str(index.data()) not in folded)
        found = model.find(key)
        if found.isValid():
            tree.setCurrentIndex(found)
        tree.verticalScrollBar().setValue(place)
        self._show_row()

    def _on_filter_changed(self, text: str) -> None:
        self._change(lambda: self.model.set_filter(text))
        self._show_list()
        self._show_row()

    def _on_values_toggled(self, shown: bool) -> None:
        self._change(lambda: self.model.set_values_shown(shown))
        if self._details.state.details is not None:
            self._show_list()
        self._show_row()

    def _focus_filter(self) -> None:
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    # -- what is copied and opened

    @property
    def _arn(self) -> str:
        details = self._details.state.details
        return (details.arn if details else "") or self._details.function.arn

    def _cli_command(self) -> str:
        target = self._connection.target
        return cli_command(target, InvokeRequest(self._details.function, b""), is_aws=is_aws(target))

    def _copy_value(self) -> None:
        row = self.model.row_at(self.tree.currentIndex())
        if row is None or self.model.is_masked(row):
            return
        if isinstance(row.value, Secret):
            copy_secret(row.value)
            self._say_copied("the value; the clipboard is cleared in a minute")
        else:
            self._copy(self.model.value_of(row), "the value")

    def _copy(self, text: str, what: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._say_copied(what)

    def _say_copied(self, what: str) -> None:
        self.foot.say(f"Copied {what}.", "dim")
        announce(self.foot, self.foot.text())

    def _open_console(self) -> None:
        url = console_url(self._arn)
        if not QDesktopServices.openUrl(QUrl(url)):
            self._copy(url, "the address, since no browser could be opened")

    def _show_menu(self, place: QPoint) -> None:
        if self.model.row_at(self.tree.indexAt(place)) is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        copy = menu.addAction("Copy value", self._copy_value)
        copy.setEnabled(self.value_button.isEnabled())
        if self.model.key_of(self.tree.indexAt(place))[1] in _SIZED:
            menu.addSeparator()
            menu.addAction("What if…", lambda: self.sizing_requested.emit(False))
            menu.addAction("Power sweep…", lambda: self.sizing_requested.emit(True))
        menu.popup(self.tree.viewport().mapToGlobal(place))


class _HintAtTheRight(QStyledItemDelegate):
    """Keeps the values in one line, below each other."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        option.decorationPosition = QStyleOptionViewItem.Position.Right


def _make_tree(model: DetailTreeModel) -> QTreeView:
    tree = QTreeView()
    tree.setModel(model)
    tree.setItemDelegate(_HintAtTheRight(tree))
    tree.setUniformRowHeights(True)
    tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    tree.setIndentation(theme.WIDE)
    header = tree.header()
    header.setStretchLastSection(True)
    header.setHighlightSections(False)
    header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Interactive)
    header.resizeSection(NAME, _NAME_PX)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    tree.setTabKeyNavigation(False)
    return tree


def _tell(failure: Failure) -> str:
    error: UserError = failure.error
    why = f"{error.action} is denied" if error.action else error.message.rstrip(".")
    return f"{failure.part} ({why}{', shown as it was before' if failure.is_former else ''})"


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%H:%M:%S")
