"""SweepTab: a power sweep, its price before, its progress, and the choice that it leads to."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.power_sweep import (
    MOST_AT_ONCE,
    MOST_RUNS,
    USUAL_SIZES,
    SweepPlan,
    choose,
    estimate_sweep,
)
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.power_sweep import PowerSweep
from lambdadesk.desk.sizing import observe
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.sweep_journal import SweepJournal
from lambdadesk.ui import theme
from lambdadesk.ui.dialogs.sizing.sweep_words import get_picks, read_sizes, tell_choice, tell_state
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.sweep_table import SWEEP_SAMPLES, SweepModel
from lambdadesk.ui.widgets.ask_bar import AskBar
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip
from lambdadesk.ui.widgets.sweep_curve import SweepCurve
from lambdadesk.ui.widgets.tables import make_table

MADE, EXISTING = "Versions made for it", "Versions that are there"
_USUAL_RUNS: Final = 10
_SWEEP: Final = "sweep"


class SweepTab(QWidget):
    """One sweep at a time, which goes on in the connection's scope: to close this only stops it.

    get_request: what Invoke would send now, see InvokePanel.current_request.

    Signals:
        write_requested(str, Callable[[], None], Callable[[], None]): see FunctionPage.
        troubled(Sweep): something could not be put back, and has to be told in the window.
    """

    write_requested = Signal(str, object, object)
    troubled = Signal(object)

    def __init__(
        self,
        connection: Connection,
        function: FunctionInfo,
        get_request: Callable[..., InvokeRequest],
        journal: SweepJournal,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.scope = TaskScope(self._on_failure)
        self.power = PowerSweep(connection.gateway, connection.invoker, journal, connection.scope.report)
        self._connection = connection
        self._function = function
        self._get_request = get_request
        self._existing: dict[int, str] = {}
        self._is_closed = False
        self._said = ""  # what a screen reader was told
        self._build()
        self._disconnect = self.power.changed.connect(self._show)
        self._on_source()
        self._show()

    # -- building

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(self._build_settings())
        self.about = named(ToneLabel("dim"), "sweepAbout", "What a sweep does")
        self.price = named(ToneLabel("dim"), "sweepEstimate", "Estimated price")
        self.asks = named(AskBar(), "sweepAsk", "Question")
        self.progress = named(QProgressBar(), "sweepProgress", "Runs so far")
        self.progress.setTextVisible(False)
        self.progress.setMaximumHeight(theme.SPACE)
        self.status = named(ToneLabel("dim"), "sweepStatus", "State")
        for widget in (self.about, self.price, self.asks, self.progress, self.status):
            layout.addWidget(widget)
        layout.addWidget(self._build_result(), 1)
        self.choice = named(ToneLabel("text"), "sweepChoice", "The choice")
        layout.addWidget(self.choice)

    def _build_settings(self) -> QGridLayout:
        self.source = named(CalmComboBox(), "sweepSource", "What is run")
        self.source.addItems((MADE, EXISTING))
        self.source.currentIndexChanged.connect(lambda _index: self._on_source())
        self.sizes = named(QLineEdit(), "sweepSizes", "Memory sizes in MB, with commas between them")
        self.sizes.textChanged.connect(lambda _text: self.show_estimate())
        self.runs = named(QSpinBox(), "sweepRuns", "Runs of each size")
        self.runs.setRange(1, MOST_RUNS)
        self.runs.setValue(_USUAL_RUNS)
        self.at_once = named(QSpinBox(), "sweepAtOnce", "Runs at once")
        self.at_once.setRange(1, MOST_AT_ONCE)
        for box in (self.runs, self.at_once):
            box.lineEdit().setAccessibleName(box.accessibleName())
            box.valueChanged.connect(lambda _value: self.show_estimate())
        self.start_button = named(
            QPushButton(icon("invoke"), "Sweep…"), "sweepStart", "Start the power sweep"
        )
        self.start_button.setAutoDefault(False)
        self.start_button.clicked.connect(self.start)
        self.stop_button = named(QPushButton(icon("stop"), "Stop"), "sweepStop", "Stop, and put all back")
        self.stop_button.setAutoDefault(False)
        set_plain_tooltip(self.stop_button, "Begin nothing more, and put all back")
        self.stop_button.clicked.connect(self.power.stop)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.SPACE)
        grid.setVerticalSpacing(theme.TIGHT)
        for column, (title, widget) in enumerate(
            (
                ("Run", self.source),
                ("Memory sizes, MB", self.sizes),
                ("Runs of each", self.runs),
                ("At once", self.at_once),
            )
        ):
            label = PlainLabel(title)
            label.setBuddy(widget)
            grid.addWidget(label, 0, column)
            grid.addWidget(widget, 1, column)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.SPACE)
        buttons.addWidget(self.stop_button)
        buttons.addWidget(self.start_button)
        grid.addLayout(buttons, 1, 4)
        grid.setColumnStretch(1, 1)
        return grid

    def _build_result(self) -> QWidget:
        self.curve = named(SweepCurve(), "sweepCurve", "Duration and cost by memory size")
        self.model = SweepModel(self)
        self.table = named(
            make_table(self.model, SWEEP_SAMPLES, stretch=None), "sweepTable", "Memory sizes that were run"
        )
        self.splitter = named(QSplitter(Qt.Orientation.Vertical), "sweepSplitter")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.curve)
        self.splitter.addWidget(self.table)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 1)
        self.state = StateView()
        self.state.show_empty(
            "Nothing was swept yet",
            "A sweep measures what the model of “What if” can only guess: it runs the payload at each size.",
        )
        shown = QWidget()
        self._stack = QStackedLayout(shown)
        self._stack.addWidget(self.state)
        self._stack.addWidget(self.splitter)
        return shown

    async def close_tab(self) -> None:
        """Stop what runs; to put back what was changed goes on in the connection's scope."""
        self._is_closed = True
        self._disconnect()
        await self.scope.close()
        if self.power.is_running:
            self.power.stop()
        else:
            self.power.close()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.show_estimate()

    # -- what it will cost

    def _on_source(self) -> None:
        is_made = self.source.currentText() == MADE
        self.about.setVisible(True)
        self.sizes.setReadOnly(not is_made)
        if is_made:
            self._existing = {}
            self.sizes.setText(", ".join(map(str, sorted({*USUAL_SIZES, self._function.memory_mb}))))
            self.about.say(
                "Lambda gives a version the memory that $LATEST has as it is published. So $LATEST is given "
                "one size after the other, for seconds, a version is published of each, and $LATEST gets its "
                "own size back before anything is run. The versions are deleted in the end.",
                "dim",
            )
        else:
            self.about.say("Nothing is changed: what differs in memory already is run as it is.", "dim")
            self.scope.start("existing", self._load_existing)
        self.show_estimate()

    async def _load_existing(self) -> None:
        from lambdadesk.aws.sizes import fetch_sizes

        self._existing = await fetch_sizes(self._connection.gateway, self._function.name)
        self.sizes.setText(", ".join(f"{size} ({name})" for size, name in self._existing.items()))
        if len(self._existing) < 2:
            self.about.say("All versions have the same memory: there is nothing to compare.", "warning")
        self.show_estimate()

    def make_plan(self) -> SweepPlan:
        """What is set here. UserError (INVALID): why it can't be run."""
        request = replace(
            self._get_request(is_quiet=True),
            kind=InvocationType.REQUEST_RESPONSE,
            is_streaming=False,
            log_tail=True,
            durable_name="",
        )
        self._function = request.function
        if self.source.currentText() == EXISTING:
            if not self._existing:
                raise UserError("The versions are not known yet.", "Wait a moment.", kind=ErrorKind.INVALID)
            return SweepPlan(
                request, runs=self.runs.value(), at_once=self.at_once.value(), existing=self._existing
            )
        sizes = read_sizes(self.sizes.text())
        return SweepPlan(request, sizes, self.runs.value(), self.at_once.value())

    def show_estimate(self) -> None:
        """Say what a sweep would cost."""
        if self.isVisible() and not self.power.is_running:
            self.scope.start("estimate", self._show_estimate)

    async def _show_estimate(self) -> None:
        try:
            plan = self.make_plan()
        except UserError as error:
            self.start_button.setEnabled(False)
            self.price.say(f"✖ Can't be run: {error}", "error")
            return
        self.start_button.setEnabled(not self.power.is_running)
        self.price.say(f"{await self._estimate(plan)} Sent: what the Invoke page has.", "dim")

    async def _estimate(self, plan: SweepPlan) -> str:
        samples = await observe(self._connection, plan.request.function)
        return str(estimate_sweep(plan, samples, self._connection.target.region, self._connection.prices))

    # -- running

    def start(self) -> None:
        """Ask, and then run it; in production by the function's name."""
        if not self.power.is_running:
            self.scope.start("start", self._start)

    async def _start(self) -> None:
        plan = self.make_plan()
        samples = await observe(self._connection, plan.request.function)
        estimate = estimate_sweep(plan, samples, self._connection.target.region, self._connection.prices)
        name = self._function.name
        sizes = ", ".join(map(str, sorted(plan.existing or plan.sizes)))  # 1,024 would read as two
        if self._connection.info.guard is Guard.PRODUCTION:
            self.write_requested.emit(
                f"Sweep memory sizes of {name} ({estimate.short})",
                partial(self._run, plan, confirmed=True),
                self.say_not_confirmed,
            )
            return
        if plan.existing:
            question = f"Run {name} {estimate.runs:,} times with {sizes} MB ({estimate.short})?"
        else:
            question = (
                f"Run {name} {estimate.runs:,} times with {sizes} MB ({estimate.short})? While the versions "
                "are made, what invokes $LATEST gets these sizes; then it has "
                f"{self._function.memory_mb:,} MB again."
            )
        self.asks.ask(question, [("sweepYes", "Sweep", partial(self._run, plan))], "Not now")

    def say_not_confirmed(self) -> None:
        self._say("Nothing was done: it was not confirmed.", "dim")

    def _say(self, text: str, tone: str) -> None:
        self.status.say(text, tone)
        self.status.setVisible(bool(text))

    def _run(self, plan: SweepPlan, *, confirmed: bool = False) -> None:
        key = f"{_SWEEP} {self._function.name}"
        if self._connection.scope.is_running(key):
            self._say("▲ A sweep of this function is still being put back.", "warning")
            return
        self.asks.dismiss()
        self._connection.scope.start(key, self._sweep, plan, confirmed)

    async def _sweep(self, plan: SweepPlan, confirmed: bool) -> None:
        try:
            sweep = await self.power.run(plan, confirmed=confirmed)
            if sweep.trouble is not None:
                self.troubled.emit(sweep)
        finally:
            if self._is_closed:
                self.power.close()

    # -- what is shown

    def _show(self) -> None:
        sweep = self.power.sweep
        is_running = self.power.is_running
        was_running = not self.start_button.isVisibleTo(self)
        self.start_button.setVisible(not is_running)
        self.stop_button.setVisible(is_running)
        for widget in (self.source, self.sizes, self.runs, self.at_once):
            widget.setEnabled(not is_running)
        self.stop_button.setEnabled(is_running and sweep is not None and not sweep.was_stopped)
        if is_running != was_running:  # else the focus would go on to what is beside it
            (self.stop_button if is_running else self.start_button).setFocus()
        self.progress.setVisible(is_running)
        self.about.setVisible(sweep is None or self.source.currentText() == EXISTING)
        self.price.setVisible(not is_running)
        self.choice.setVisible(sweep is not None and sweep.is_over)
        self.status.setVisible(sweep is not None or bool(self.status.text()))
        if sweep is None:
            return
        self._stack.setCurrentWidget(self.splitter)
        self.progress.setRange(0, max(1, sweep.wanted))
        self.progress.setValue(sweep.done)
        currency = self._connection.currency
        choice = choose(sweep.points, sweep.former_mb or self._function.memory_mb, currency)
        found = get_picks(choice) if sweep.is_over else {}
        self.curve.show_points(sweep.points, currency)
        self.model.set_points(sweep.points, sweep.plan.runs, currency, found, is_over=sweep.is_over)
        text, tone = tell_state(sweep)
        self._say(text, tone)
        is_whole = all(point.runs or point.error is not None for point in sweep.points)
        said = tell_choice(choice, is_whole=is_whole) if sweep.is_over and sweep.done else ""
        self.choice.say(said, "text")
        if sweep.is_over and text != self._said:
            announce(self.status, f"{text} {self.choice.text()}")
            self.show_estimate()
        self._said = text

    def _on_failure(self, name: str, error: Exception) -> None:
        if isinstance(error, UserError):
            self._say(f"✖ {error}", "error")
        else:
            self._connection.scope.report(name, error)
