"""VersionsPanel: the same payload to several versions and aliases, side by side."""

import asyncio
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QSpinBox,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.desk.version_run import VersionRunner
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.version_table import VERSION_SAMPLES, VersionTableModel
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.once_button import OnceButton, StopButton, show_running
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip
from lambdadesk.ui.widgets.tables import make_table

_MOST_RUNS = 100
_ITEM_PX = 24  # a check box has room in it
_LATEST = "$LATEST"


class VersionsPanel(QWidget):
    """Asks the versions that are ticked, one after the other, and compares what they answer.

    get_request: what Invoke would send now, see InvokePanel.current_request.

    Signals:
        diff_requested(HistoryEntry, HistoryEntry): show what differs between two responses; both are whole.
        write_requested(str, Callable[[], None]): in production all of it waits to be confirmed, once.
    """

    diff_requested = Signal(object, object)
    write_requested = Signal(str, object)

    def __init__(
        self,
        connection: Connection,
        function: FunctionInfo,
        get_request: Callable[..., InvokeRequest],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.scope = TaskScope(self._on_failure)
        self.runner = VersionRunner(connection.invoker)
        self._connection = connection
        self._function = function
        self._get_request = get_request
        self._build()
        self.runner.changed.connect(self._show)
        self._show()
        self.scope.start("qualifiers", self._load_qualifiers)

    def _build(self) -> None:
        self.list = named(QListWidget(), "versionsList", "Versions and aliases to ask")
        self.list.setSpacing(theme.TIGHT // 2)
        self.list.itemChanged.connect(lambda _item: self.show_estimate())
        self.runs = named(QSpinBox(), "versionsRuns", "Runs of each version")
        self.runs.setRange(1, _MOST_RUNS)
        self.runs.valueChanged.connect(lambda _value: self.show_estimate())
        self.warm_up = named(QCheckBox("Warm up first"), "versionsWarmUp", "Warm each version up first")
        set_plain_tooltip(self.warm_up, "One more run of each, whose figures are left out")
        self.warm_up.toggled.connect(lambda _on: self.show_estimate())
        self.start_button = named(OnceButton(icon("invoke"), "Compare"), "versionsStart", "Compare versions")
        self.start_button.clicked.connect(self.start)
        self.stop_button = named(StopButton(icon("stop"), "Stop waiting"), "versionsStop", "Stop waiting")
        self.stop_button.clicked.connect(lambda: self.scope.cancel("run"))
        self.stop_button.hide()
        self.price = named(ToneLabel("dim"), "versionsEstimate", "Estimated price")
        label = PlainLabel("Runs of each")
        label.setBuddy(self.runs)
        top = QHBoxLayout()
        top.setSpacing(theme.SPACE)
        for widget in (label, self.runs, self.warm_up):
            top.addWidget(widget)
        top.addStretch(1)
        top.addWidget(self.stop_button)
        top.addWidget(self.start_button)
        self.model = VersionTableModel(self)
        self.table = named(
            make_table(self.model, VERSION_SAMPLES, stretch=None), "versionsTable", "Versions compared"
        )
        self.table.clicked.connect(lambda index: self._ask_diff(index.row()))
        self.table.activated.connect(lambda index: self._ask_diff(index.row()))
        parts = named(QSplitter(Qt.Orientation.Horizontal), "versionsSplitter")
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.list)
        parts.addWidget(self.table)
        parts.setStretchFactor(1, 1)
        parts.setSizes([120, 630])
        self.status = named(ToneLabel("dim"), "versionsStatus", "State")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(top)
        layout.addWidget(self.price)
        layout.addWidget(parts, 1)
        layout.addWidget(self.status)

    async def close_panel(self) -> None:
        await self.scope.close()
        self.runner.close()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]  # a QShowEvent
        self.show_estimate()

    async def _load_qualifiers(self) -> None:
        names = [_LATEST]
        try:
            names = list(await self._connection.qualifiers(self._function.name))
        except UserError as error:
            self.status.say(f"Only {_LATEST} is offered. {error}", "warning")
        self.list.blockSignals(True)
        self.list.clear()
        for name in names:
            item = QListWidgetItem(name)
            item.setSizeHint(QSize(0, _ITEM_PX))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if name == _LATEST else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.list.blockSignals(False)
        if len(names) == 1 and not self.status.text().startswith("Only"):
            self.status.say(
                "The function has no versions and no aliases yet: there is nothing to compare.", "dim"
            )
        self.show_estimate()

    def _chosen(self) -> list[str]:
        items = [self.list.item(row) for row in range(self.list.count())]
        return [item.text() for item in items if item.checkState() == Qt.CheckState.Checked]

    # -- running

    def show_estimate(self) -> None:
        """Say what Compare would cost."""
        if self.isVisible() and not self.scope.is_running("run"):
            self.start_button.setEnabled(bool(self._chosen()))
            self.scope.start("estimate", self._show_estimate)

    async def _show_estimate(self) -> None:
        if not self._chosen():
            self.price.say("", "dim")
            return
        try:
            request = self._get_request(is_quiet=True)
            _check(request)
        except UserError as error:
            self.price.say(f"✖ Can't be sent: {error}", "error")
            self.start_button.setEnabled(False)
        else:
            self.price.say(await self._price(request, short=False), "dim")

    async def _price(self, request: InvokeRequest, *, short: bool) -> str:
        count = len(self._chosen()) * (self.runs.value() + self.warm_up.isChecked())
        billed_ms = await self._connection.billed_ms(self._function.name)
        sizes = [len(request.payload)] * count
        estimate = self._connection.estimate(request.function, request.kind, sizes, billed_ms)
        return f"{count:,} times (estimate {estimate.short})" if short else str(estimate)

    def start(self) -> None:
        """Ask the versions that are ticked, or have it confirmed first in production."""
        if not self.scope.is_running("run") and self._chosen():
            self.scope.start("start", self._start)

    async def _start(self) -> None:
        request = self._get_request()
        _check(request)
        if self._connection.info.guard is Guard.PRODUCTION:
            verb = f"Run versions of {self._function.name} {await self._price(request, short=True)}"
            self.write_requested.emit(verb, partial(self._start_run, request, confirmed=True))
        else:
            self._start_run(request)

    def _start_run(self, request: InvokeRequest, *, confirmed: bool = False) -> None:
        if not self.scope.is_running("run"):
            self.status.say("", "dim")
            self.scope.start("run", self._run, request, confirmed)

    async def _run(self, request: InvokeRequest, confirmed: bool) -> None:
        show_running(self.start_button, self.stop_button, is_running=True)
        try:
            await self.runner.run(
                request,
                self._chosen(),
                self.runs.value(),
                warm_up=self.warm_up.isChecked(),
                confirmed=confirmed,
            )
            self._say_end()
        except asyncio.CancelledError:
            self.status.say("▲ Stopped waiting. The run that was under way goes on.", "warning")
            raise
        finally:
            show_running(self.start_button, self.stop_button, is_running=False)

    def _say_end(self) -> None:
        rows = self.runner.rows
        error = next((row.error for row in rows if row.error), None)
        if error is not None:
            self.status.say(f"✖ {error}", "error")
        else:
            differ = [row.qualifier for row in rows if row.is_equal is False]
            text = f"{', '.join(differ)} answered otherwise than {rows[0].qualifier}; click a row to see how."
            self.status.say(text if differ else "All answered the same." if len(rows) > 1 else "", "text")
        announce(self.status, self.status.text())

    def _show(self) -> None:
        self.model.set_rows(self.runner.rows)

    def _ask_diff(self, row: int) -> None:
        first, entry = self.runner.rows[0].entry, self.runner.rows[row].entry
        if row and first is not None and entry is not None:
            self.diff_requested.emit(first, entry)

    def _on_failure(self, name: str, error: Exception) -> None:
        if isinstance(error, UserError):
            self.status.say(f"✖ {error}", "error")
        else:
            self._connection.scope.report(name, error)


def _check(request: InvokeRequest) -> None:
    """Raises UserError where no answer comes that could be compared."""
    if request.kind is not InvocationType.REQUEST_RESPONSE:
        kind = "A dry run" if request.kind is InvocationType.DRY_RUN else "An asynchronous event"
        raise UserError(
            f"{kind} has no answer to compare.", "Choose Request / response.", kind=ErrorKind.INVALID
        )
