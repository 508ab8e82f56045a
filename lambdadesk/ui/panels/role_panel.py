"""RolePanel: the execution role of one function, what it allows and what it lacks."""

from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.policies import Decision, Policy, RoleReport
from lambdadesk.core.role_needs import RoleFinding
from lambdadesk.core.role_text import tell_allowed, tell_missing
from lambdadesk.core.text import one_line
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.function_details import Details
from lambdadesk.desk.function_role import FunctionRole, RoleState
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.icons import ICON_SIZE, icon
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.json_view import JsonView
from lambdadesk.ui.widgets.labels import ElidedLabel, ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import plain_tooltip

ALLOWED, MISSING = "What it allows", "What is missing"
_LIST_PX, _TEXT_PX, _LEAST_PX = 250, 530, 120


class RolePanel(QWidget):
    """Reads the role when it is built. At the left what can be looked at, at the right its text.

    What could not be read is there as well, and says why.
    """

    def __init__(self, connection: Connection, details: Details, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope = TaskScope(connection.scope.report)
        self._connection = connection
        self._details = details
        self._role = FunctionRole(connection.gateway, details)
        self._texts: list[str] = []
        self._build()
        self._disconnects = [
            self._role.changed.connect(self._show),
            connection.catalog.changed.connect(self._on_catalog_changed),
        ]
        self._function = details.function
        self.refresh()
        self._show()

    def _build(self) -> None:
        self.name = named(ElidedLabel(), "roleName", "Execution role")
        self.refresh_button = named(
            QPushButton(icon("refresh"), "Refresh"), "roleRefresh", "Read the role again"
        )
        self.refresh_button.clicked.connect(self.refresh)
        self.copy_button = named(QPushButton("Copy text"), "copyRoleText", "Copy the text shown")
        self.copy_button.clicked.connect(self._copy)
        top = QHBoxLayout()
        top.setSpacing(theme.SPACE)
        top.addWidget(self.name, 1)
        top.addWidget(self.copy_button)
        top.addWidget(self.refresh_button)
        self.trouble = named(ToneLabel("error"), "roleTrouble", "What could not be read")
        self.trouble.hide()
        self.list = named(QTreeWidget(), "rolePolicies", "Parts of the role")
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setIconSize(ICON_SIZE)
        self.list.setMinimumWidth(_LEAST_PX)
        self.list.currentItemChanged.connect(lambda _now, _before: self._show_text())
        self.view = named(JsonView(line_numbers=False), "roleView", "Role")
        parts = named(QSplitter(Qt.Orientation.Horizontal), "roleSplitter")
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.list)
        parts.addWidget(self.view)
        parts.setSizes([_LIST_PX, _TEXT_PX])  # shares of what room there is
        self.state = StateView()
        self.foot = named(ToneLabel("dim"), "roleFoot", "How fresh this is")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(top)
        layout.addWidget(self.trouble)
        self._stack = QStackedLayout()
        layout.addLayout(self._stack, 1)
        # Only now that it has a parent: it would show its first widget as a window of its own.
        self._stack.addWidget(parts)
        self._stack.addWidget(self.state)
        layout.addWidget(self.foot)

    async def close_panel(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        await self.scope.close()

    def refresh(self) -> None:
        """Ask AWS again."""
        self.scope.start("refresh", self._role.refresh)

    def _on_catalog_changed(self) -> None:
        function = self._connection.catalog.get(self._function.name)
        if function is not None and function != self._function:
            self._function = self._details.function = function
            self.refresh()

    def _show(self) -> None:
        state = self._role.state
        report = state.report
        is_empty = report is None or _is_unread(report)
        if report is not None and not is_empty:
            self._show_report(report, state)
            self._stack.setCurrentIndex(0)
        else:
            error = state.error or next(iter(report.failures if report else ()), None)
            if error is not None and not state.loading:
                self.state.show_error(error, self.refresh)
            elif error is None:
                self.state.show_loading("the execution role", lambda: self.scope.cancel("refresh"))
            self._stack.setCurrentWidget(self.state)
        self.copy_button.setEnabled(not is_empty)
        self.refresh_button.setEnabled(not state.loading)
        text = f"✖ {state.error} What was known before is shown." if state.error and not is_empty else ""
        if text and text != self.trouble.text():
            announce(self.trouble, text)
        self.trouble.setText(text)
        self.trouble.setVisible(bool(text))
        parts = [f"read at {_clock(state.loaded_ms)}"] if state.loaded_ms is not None else []
        self.foot.say(" · ".join([*parts, *(["reading…"] if state.loading else [])]), "dim")

    def _show_report(self, report: RoleReport, state: RoleState) -> None:
        self.name.setText(report.name)
        entries = [
            (ALLOWED, "", tell_allowed(report), ""),
            (_title_missing(state.findings), "", tell_missing(state.findings, state.unchecked), ""),
        ]
        policies = (report.trust, *report.policies, report.boundary)
        for policy in policies:
            if policy is not None:
                entries.append((policy.title, policy.kind, _tell(policy), "lock" if policy.error else ""))
        selected = self.list.currentIndex().row()
        self._texts = [text for _title, _kind, text, _icon in entries]
        self.list.blockSignals(True)  # the text is shown once, below
        self.list.clear()
        for title, kind, _text, icon_name in entries:
            item = QTreeWidgetItem([one_line(title)])
            item.setData(0, Qt.ItemDataRole.ToolTipRole, plain_tooltip(f"{title}\n{kind}".strip()))
            item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{one_line(title)} {kind}".strip())
            if icon_name:
                item.setIcon(0, icon(icon_name, "error"))
            self.list.addTopLevelItem(item)
        row = min(max(selected, 0), len(entries) - 1)
        self.list.setCurrentIndex(self.list.model().index(row, 0))
        self.list.blockSignals(False)
        self._show_text()

    def _show_text(self) -> None:
        text = self._texts[self.list.currentIndex().row()]
        if text.encode() != self.view.data:  # the place in it stays
            self.view.set_text(text)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.view.data.decode())
        self.foot.say("Copied the text.", "dim")
        announce(self.foot, self.foot.text())


def _is_unread(report: RoleReport) -> bool:
    """Whether nothing at all is known of the role."""
    return report.trust is None and not report.policies and bool(report.failures)


def _title_missing(findings: tuple[RoleFinding, ...]) -> str:
    lacking = sum(each.decision in (Decision.DENIED, Decision.MISSING) for each in findings)
    return f"{MISSING} ({lacking})" if lacking else MISSING


def _tell(policy: Policy) -> str:
    if policy.error is None:
        return policy.text
    text = f"\n\n{policy.text}" if policy.text else ""
    return f"{policy.name} could not be read. {policy.error}{text}"


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%H:%M:%S")
