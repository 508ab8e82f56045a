"""TriggersPanel: what starts one function and where its results go, with the evidence for it."""

from datetime import datetime
from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.mappings import MappingChange
from lambdadesk.core.trigger_text import tell_evidence, tell_looked, tell_steps, tell_time, tell_verdicts
from lambdadesk.core.triggers import Answer, Trigger
from lambdadesk.core.types import FunctionInfo
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.desk.trigger_scan import TriggerScan
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.trigger_table import FILTER_COLUMN, VERDICT_COLUMN, TriggerTableModel
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.labels import ElidedLabel, ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import set_plain_tooltip
from lambdadesk.ui.widgets.tables import make_table
from lambdadesk.ui.widgets.trigger_actions import TriggerActions
from lambdadesk.ui.widgets.trigger_parts import TriggerParts
from lambdadesk.ui.widgets.unchecked_bar import UncheckedBar

_SAMPLES = (
    "CloudWatch alarm    ",
    "heartbeat-every-minute",
    "push async",
    "Disabled mm",
    "       permitted only (source elsewhere)",
    "No records processed",
    "100, or after 5 s",
    "s3:ObjectCreated:* prefix incoming/",
    "live",
)
_DEEP = "Look also at what no policy names; this makes many calls, and may take minutes in a large account"


class TriggersPanel(QWidget):
    """Scans when it is built, on demand, and once the function was changed; what an earlier scan found stays
    until the next is through.

    Signals:
        write_requested(str, Callable[[], None], Callable[[], None]): what is about to be done waits to be
            confirmed; what does it, and what says that nobody did.
    """

    write_requested = Signal(str, object, object)

    def __init__(self, connection: Connection, function: FunctionInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope = TaskScope(connection.scope.report)
        self._connection = connection
        self._scan = TriggerScan(connection.gateway, function)
        self._trouble = ""  # of the last change of a mapping
        self._was_declined = False  # it was not confirmed
        self._is_outdated = False  # the function was changed since the last scan began
        self._changing: set[str] = set()  # UUIDs of mappings
        self._is_starting = False
        self._was_running = False
        self._foot_note = ""
        self._build()
        self._started_by = self.refresh_button  # has the keyboard again once the scan has ended
        self._disconnects = [
            self._scan.changed.connect(self._on_changed),
            connection.catalog.changed.connect(self._on_catalog_changed),
        ]
        self.refresh()

    def _build(self) -> None:
        self.summary = named(ElidedLabel(), "triggersSummary", "Triggers found")
        self.refresh_button = named(QPushButton(icon("refresh"), "Refresh"), "triggersRefresh", "Scan again")
        self.refresh_button.clicked.connect(self.refresh)
        self.deep_button = named(QPushButton(icon("search"), "Deep scan"), "triggersDeepScan", "Deep scan")
        self.deep_button.clicked.connect(self.deep_scan)
        set_plain_tooltip(self.deep_button, _DEEP)
        self.deep_button.setAccessibleDescription(_DEEP)
        self.cancel_button = named(QPushButton(icon("stop"), "Cancel"), "triggersCancel", "Cancel the scan")
        self.cancel_button.clicked.connect(self._stop)
        top = QHBoxLayout()
        top.setSpacing(theme.SPACE)
        top.addWidget(self.summary, 1)
        for button in (self.cancel_button, self.deep_button, self.refresh_button):
            top.addWidget(button)

        self.trouble = named(ToneLabel("error"), "triggersTrouble", "What went wrong")
        self.trouble.hide()
        self.unchecked = UncheckedBar()
        self.foot = named(ToneLabel("dim"), "triggersFoot", "How fresh this is")

        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(top)
        layout.addWidget(self.trouble)
        layout.addWidget(self._build_parts(), 1)
        layout.addWidget(self.unchecked)
        layout.addWidget(self.foot)

    def _build_parts(self) -> QWidget:
        self.model = TriggerTableModel(self)
        self.table = named(
            make_table(self.model, _SAMPLES, stretch=FILTER_COLUMN, sort_by=VERDICT_COLUMN),
            "triggerTable",
            "Triggers",
        )
        self.table.sortByColumn(VERDICT_COLUMN, Qt.SortOrder.AscendingOrder)
        self.table.horizontalHeader().moveSection(VERDICT_COLUMN, 2)  # in sight also where it is narrow
        self.table.selectionModel().currentRowChanged.connect(lambda _now, _before: self._show_row())
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._show_menu)
        self.state = StateView()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.state)

        self.buttons = TriggerActions()
        self.buttons.copied.connect(self._on_copied)
        self.buttons.change_requested.connect(self._change)
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE)
        column.addWidget(self._stack, 1)
        column.addWidget(self.buttons)

        self.parts = TriggerParts(upper)
        self.parts.picture.chosen.connect(self._select)
        return self.parts

    @property
    def scan(self) -> TriggerScan:
        """What is shown."""
        return self._scan

    async def close_panel(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        await self.scope.close()

    def refresh(self) -> None:
        """Make the lookups that cost little; what a deep scan found stays, with its age."""
        self._start(deep=False)

    def deep_scan(self) -> None:
        """Look everywhere."""
        self._start(deep=True)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._scan_if_outdated()

    # -- what is shown

    def _on_changed(self) -> None:
        self._is_starting = False
        self._show()
        self._scan_if_outdated()

    def _on_catalog_changed(self) -> None:
        function = self._connection.catalog.get(self._scan.function.name)
        if function is not None and function != self._scan.function:
            self._scan.function = function
            self._is_outdated = True
            self._scan_if_outdated()

    def _scan_if_outdated(self) -> None:
        """Look again where the function was changed: once the page is seen, and what runs is through."""
        if self._is_outdated and self.isVisible() and not self._is_running:
            self.refresh()

    @property
    def _is_running(self) -> bool:
        return self._scan.is_running or self._is_starting

    def _show(self) -> None:
        scan = self._scan
        focus = self.window().focusWidget()
        had_focus = self._was_running is not self._is_running and (
            focus in (self.refresh_button, self.deep_button, self.cancel_button)
            or (focus is not None and self.state.isAncestorOf(focus))
        )
        self.model.set_rows(scan.triggers)
        if scan.triggers and not self.table.currentIndex().isValid():
            self.table.selectRow(0)
        self.parts.picture.show_triggers(scan.function.name, self.model.rows, scan.destinations)
        self._show_state()
        self._show_row()
        if self._is_running:
            kind = "Deep scan" if scan.is_deep else "Scan"
            counts = f"{scan.done} of {scan.total}" if scan.total else "begins"
            self.summary.setText(" · ".join(part for part in (f"{kind}: {counts}", scan.doing) if part))
        else:
            self.summary.setText(tell_verdicts(scan.triggers) if scan.triggers or scan.was_scanned else "")
        if self._was_running and not self._is_running:
            self._foot_note = self._tell_end()
            announce(self.summary, self.summary.text())
        self._was_running = self._is_running
        self.deep_button.setText("Deep scan" if scan.deep_ms is None else "Deep scan again")
        self._show_buttons(had_focus)
        self.unchecked.show_steps(scan.unchecked)
        self._say_trouble()
        self.foot.say(self._foot_note, "dim")
        self.foot.setVisible(bool(self._foot_note))

    def _show_buttons(self, had_focus: bool) -> None:
        """had_focus: the keyboard was at a button; one that can't be pressed any more hands it on, else Qt
        would give it to another pane."""
        is_running = self._is_running
        self.cancel_button.setVisible(is_running or had_focus)
        self.refresh_button.setEnabled(not is_running)
        self.deep_button.setEnabled(not is_running)
        if had_focus:
            wanted = self.cancel_button if is_running else self._started_by
            wanted.setFocus(Qt.FocusReason.OtherFocusReason)
            self.cancel_button.setVisible(is_running)

    def _show_state(self) -> None:
        scan = self._scan
        if scan.triggers:
            self._stack.setCurrentIndex(0)
        else:
            self._stack.setCurrentIndex(1)
            denied = [step for step in scan.unchecked if step.answer is Answer.DENIED]
            if self._is_running:
                self.state.show_loading(f"the triggers of {scan.function.name}", self._stop)
            elif scan.error is not None:
                self.state.show_error(scan.error, self.refresh)
            elif denied and len(denied) == sum(step.answer is not Answer.NOT_ASKED for step in scan.steps):
                error = UserError(
                    "None of the looks is allowed.",
                    "Ask for the permission, then try again.",
                    kind=ErrorKind.DENIED,
                    action=denied[0].action,
                    details=tell_steps(denied),
                )
                self.state.show_error(error, self.refresh)
            elif scan.was_stopped or not scan.was_scanned:
                self.state.show_empty(
                    "The scan was stopped", "Nothing was found so far.", "Scan again", self.refresh
                )
            elif scan.unchecked:
                title = "Nothing was found, but not everything could be checked"
                self.state.show_empty(title, tell_looked(scan.steps), "Scan again", self.refresh)
            else:
                is_left = any(step.answer is Answer.NOT_ASKED for step in scan.steps)
                more = ("Deep scan", self.deep_scan) if is_left else ()
                title = "Nothing was found that starts this function"
                self.state.show_empty(title, tell_looked(scan.steps), *more)
        self.buttons.setVisible(bool(scan.triggers))
        self.parts.show_content(
            has_rows=bool(scan.triggers), has_picture=bool(scan.triggers or scan.destinations)
        )

    def _show_row(self) -> None:
        trigger = self._selected()
        self.parts.show_evidence(tell_evidence(trigger, self._scan.destinations) if trigger else "")
        self.parts.picture.set_selected(trigger.key if trigger else "")
        self.buttons.show_trigger(trigger, is_busy=trigger is not None and trigger.uuid in self._changing)

    def _say_trouble(self) -> None:
        error = self._scan.error
        text, tone = self._trouble, "dim" if self._was_declined else "error"
        if not text and error is not None and self._scan.triggers:
            text = f"✖ {error} What was known before is shown."
        if text and text != self.trouble.text():
            announce(self.trouble, text)
        self.trouble.say(text, tone)
        self.trouble.setVisible(bool(text))

    def _tell_end(self) -> str:
        scan = self._scan
        kind = "deep scan" if scan.is_deep else "scan"
        at = datetime.now().astimezone().strftime("%H:%M:%S")
        if scan.was_stopped:
            return f"The {kind} was stopped at {at}; what it found is shown."
        if scan.error is not None:
            return self._foot_note
        later = sum(step.answer is Answer.NOT_ASKED for step in scan.steps)
        more = f" · {later} more looks by a deep scan, which makes many calls" if later else ""
        deep = f" · what only a deep scan finds is as of {tell_time(scan.deep_ms)}" if scan.deep_ms else ""
        looks = f"{scan.done - len(scan.unchecked)} of {scan.done} looks answered"
        return f"{kind} of {at}: {looks}{deep}{more}"

    # -- what is done

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._is_running:
            self._stop()
        else:
            super().keyPressEvent(event)

    def _start(self, *, deep: bool) -> None:
        self._trouble, self._was_declined = "", False
        self._is_starting, self._is_outdated = True, False
        self._started_by = self.deep_button if deep else self.refresh_button
        self.scope.start("scan", self._scan.run, deep)
        self._show()

    def _stop(self) -> None:
        self.scope.cancel("scan")
        self._is_starting = False  # it may not have begun
        self._show()

    def _selected(self) -> Trigger | None:
        row = self.table.currentIndex().row()
        return self.model.row_at(row) if 0 <= row < self.model.rowCount() else None

    def _select(self, key: str) -> None:
        row = self.model.row_of(key)
        if row >= 0:
            self.table.selectRow(row)
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_copied(self, name: str) -> None:
        self._foot_note = f"Copied the ARN of {name}."
        self.foot.say(self._foot_note, "dim")
        announce(self.foot, self._foot_note)

    def _show_menu(self, place: QPoint) -> None:
        if self.table.indexAt(place).isValid():
            self.buttons.show_menu(self.table.viewport().mapToGlobal(place))

    def _change(self, verb: str, trigger: Trigger, change: MappingChange) -> None:
        """Change a mapping, once that is confirmed where it has to be."""
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)
        do = partial(self._start_change, trigger, change)
        if self._connection.info.guard is Guard.PRODUCTION:
            self.write_requested.emit(verb, partial(do, True), partial(self._say_declined, trigger))
        else:
            do(False)

    def _say_declined(self, trigger: Trigger) -> None:
        self._trouble = f"{trigger.name}: you did not confirm it. Nothing was changed."
        self._was_declined = True
        self._show()

    def _start_change(self, trigger: Trigger, change: MappingChange, confirmed: bool) -> None:
        self.scope.start(f"mapping {trigger.uuid}", self._run_change, trigger, change, confirmed)

    async def _run_change(self, trigger: Trigger, change: MappingChange, confirmed: bool) -> None:
        self._trouble, self._was_declined = "", False
        self._changing.add(trigger.uuid)
        self._show()
        try:
            await self._scan.change_mapping(trigger.uuid, change, confirmed=confirmed)
        except UserError as error:
            self._trouble = f"✖ {trigger.name}: {error}"
        finally:
            self._changing.discard(trigger.uuid)
        self._show()
