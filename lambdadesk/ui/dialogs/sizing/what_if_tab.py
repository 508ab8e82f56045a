"""WhatIfTab: what the observed runs would have cost with another size, architecture, timeout, or units."""

from datetime import datetime
from typing import Final

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPlainTextEdit,
    QSpinBox,
    QSplitter,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.concurrency import ProvisionedOption
from lambdadesk.core.cost_text import explain_cost
from lambdadesk.core.money import format_money
from lambdadesk.core.observed import LARGEST_MB, SMALLEST_MB
from lambdadesk.core.types import FunctionInfo
from lambdadesk.core.what_if import Option, TimeoutOption
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.sizing import MOST_RUNS, WhatIf, compare
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.dialogs.sizing.hours_picker import HoursPicker
from lambdadesk.ui.models.what_if_table import (
    OptionModel,
    ProvisionedModel,
    TimeoutModel,
    option_cost,
    per_million_text,
)
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel, show_plain_text
from lambdadesk.ui.widgets.tables import make_table

_GATHER_MS: Final = 400
_TITLES: Final = ("Memory size", "Architecture", "Timeout", "Provisioned concurrency")
# What else can be looked at: the label, the range and the unit of the box, None where there is nothing.
_MORE: Final = (
    ("Another size", SMALLEST_MB, LARGEST_MB, " MB"),
    None,
    ("Another timeout", 1, 900, " s"),
    ("Another number", 1, 10_000, ""),
)
_PROVISIONED: Final = 3


class WhatIfTab(QWidget):
    """Works it out anew, in a thread, while it is in sight and more runs become known."""

    def __init__(self, connection: Connection, function: FunctionInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope = TaskScope(connection.scope.report)
        self.what_if: WhatIf | None = None
        self._has_looked = False  # for what was observed
        self._connection = connection
        self._function = function
        self._asked: list[set[int]] = [set() for _ in _TITLES]  # what was asked for besides, by the choice
        self._build()
        self._gather = QTimer(self, singleShot=True, interval=_GATHER_MS)
        self._gather.timeout.connect(self._on_gathered)
        self._disconnects = [
            connection.ledger.changed.connect(self._on_ledger_changed),
            connection.invocations.repriced.connect(self._on_ledger_changed),
            connection.catalog.changed.connect(self.refresh),
        ]

    def _build(self) -> None:
        self.choice = named(CalmComboBox(), "whatIfChoice", "What is to be otherwise")
        self.choice.addItems(_TITLES)
        self.choice.currentIndexChanged.connect(lambda _index: self._on_choice())
        self.more_label = PlainLabel()
        self.more = named(QSpinBox(), "whatIfMore")
        self.more.setKeyboardTracking(False)
        self.more.valueChanged.connect(self._on_more)
        self.more_label.setBuddy(self.more)
        label = PlainLabel("Compare by")
        label.setBuddy(self.choice)
        top = QHBoxLayout()
        top.setSpacing(theme.SPACE)
        top.addWidget(label)
        top.addWidget(self.choice)
        top.addSpacing(theme.WIDE)
        top.addWidget(self.more_label)
        top.addWidget(self.more)
        self.hours = HoursPicker()
        self.hours.changed.connect(self.refresh)
        top.addStretch(1)
        self.head = named(ToneLabel("text"), "whatIfHead", "What was observed")
        self.note = named(ToneLabel("dim"), "whatIfNote", "How it was worked out")
        self.sizes = OptionModel(self)
        self.architectures = OptionModel(self, by_architecture=True)
        self.timeouts = TimeoutModel(self)
        self.units = ProvisionedModel(self)
        models: tuple[QAbstractItemModel, ...] = (self.sizes, self.architectures, self.timeouts, self.units)
        samples = (OptionModel.SAMPLES, OptionModel.SAMPLES, TimeoutModel.SAMPLES, ProvisionedModel.SAMPLES)
        names = ("whatIfSizes", "whatIfArchitectures", "whatIfTimeouts", "whatIfUnits")
        self.tables: list[QTableView] = []
        for model, sample, name, title in zip(models, samples, names, _TITLES, strict=True):
            table = named(make_table(model, sample, stretch=None), name, f"Compared by {title.lower()}")
            table.selectionModel().currentRowChanged.connect(self._show_detail)
            self.tables.append(table)
        self.detail = named(QPlainTextEdit(readOnly=True), "whatIfDetail", "Arithmetic of the selected row")
        self.detail.setFont(theme.fixed_font())
        self.detail.setTabChangesFocus(True)
        self.state = StateView()
        shown = QWidget()
        self._stack = QStackedLayout(shown)
        for widget in (*self.tables, self.state):
            self._stack.addWidget(widget)
        self.splitter = named(QSplitter(), "whatIfSplitter")
        self.splitter.setOrientation(self.splitter.orientation().Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(shown)
        self.splitter.addWidget(self.detail)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([260, 130])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(top)
        layout.addWidget(self.hours)
        layout.addWidget(self.head)
        layout.addWidget(self.splitter, 1)
        layout.addWidget(self.note)
        self._on_choice()

    async def close_tab(self) -> None:
        for disconnect in self._disconnects:
            disconnect()
        self._disconnects = []
        self._gather.stop()
        await self.scope.close()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._gather.stop()

    def refresh(self) -> None:
        """Work it out anew, where it is in sight."""
        if self.isVisible():
            self.scope.start("compare", self._compare)

    def _on_ledger_changed(self, function: str) -> None:
        if function == self._function.name and self.isVisible() and not self._gather.isActive():
            self._gather.start()

    def _on_gathered(self) -> None:
        if self.scope.is_running("compare"):  # its thread goes on, so that another would only be one more
            self._gather.start()
        else:
            self.refresh()

    async def _compare(self) -> None:
        self._function = self._connection.catalog.get(self._function.name) or self._function
        sizes, _, timeouts, units = self._asked
        self.what_if = await compare(
            self._connection,
            self._function,
            sizes=sizes,
            timeouts_s=timeouts,
            units=units,
            when=self.hours.when,
        )
        self._has_looked = True
        self._show()

    # -- what is shown

    def _on_choice(self) -> None:
        more = _MORE[self.choice.currentIndex()]
        for widget in (self.more_label, self.more):
            widget.setVisible(more is not None)
        self.hours.setVisible(self.choice.currentIndex() == _PROVISIONED)
        if more is not None:
            title, least, most, unit = more
            self.more_label.setText(title)
            self.more.blockSignals(True)
            self.more.setRange(least, most)
            self.more.setSuffix(unit)
            present = (self._function.memory_mb, 0, self._function.timeout_s, 1)
            self.more.setValue(present[self.choice.currentIndex()])
            self.more.blockSignals(False)
            self.more.setAccessibleName(title)
            self.more.lineEdit().setAccessibleName(title)
        self._show()

    def _on_more(self, value: int) -> None:
        """What was asked for last takes the place of what was asked for before it."""
        self._asked[self.choice.currentIndex()] = {value}
        self.refresh()

    def _show(self) -> None:
        what_if = self.what_if
        if what_if is None:
            self._show_nothing()
            return
        present = what_if.cost.amount
        self.sizes.set_rows(what_if.sizes, present)
        self.architectures.set_rows(what_if.architectures, present)
        self.timeouts.set_rows(what_if.timeouts, len(what_if.period.samples))
        self.units.set_rows(what_if.provisioned)
        self.head.say(_tell_period(what_if), "text")
        self.note.say(self._tell_model(what_if), "dim")
        table = self.tables[self.choice.currentIndex()]
        self._stack.setCurrentWidget(table)
        self.detail.setVisible(True)
        if not table.currentIndex().isValid():
            self._select_present(table)
        self._show_detail(table.currentIndex())

    def _show_nothing(self) -> None:
        self.head.say("", "dim")
        self.note.say("", "dim")
        self.detail.setVisible(False)
        self._stack.setCurrentWidget(self.state)
        if not self._has_looked:
            self.state.show_loading("the runs that were observed", None)
            return
        if self._function.capacity_provider:
            self.state.show_empty(
                "It runs on Managed Instances",
                "These are billed by the hour of their instances, not by memory and duration.",
            )
            return
        self.state.show_empty(
            "No run was observed yet",
            "Invoke the function, or wait: runs are taken from their REPORT lines while its log is followed.",
        )

    def _select_present(self, table: QTableView) -> None:
        what_if = self.what_if
        if what_if is None:
            return
        rows: tuple[Option | TimeoutOption | ProvisionedOption, ...] = (
            what_if.sizes,
            what_if.architectures,
            what_if.timeouts,
            what_if.provisioned,
        )[self.choice.currentIndex()]
        at = next((at for at, row in enumerate(rows) if getattr(row, "is_present", False)), 0)
        if rows:
            table.selectRow(at)
            table.scrollTo(table.model().index(at, 0))

    def _tell_model(self, what_if: WhatIf) -> str:
        match self.choice.currentIndex():
            case 0:
                return (
                    "From “model”: from as long as the runs were, to as long as one thread takes with its "
                    "share of a CPU, which is whole at 1,769 MB. A power sweep measures it."
                )
            case 1:
                factor = what_if.break_even
                other = next(each for each in what_if.architectures if not each.is_present)
                costs = (
                    ""
                    if factor is None
                    else (f" There it costs less as long as runs take less than {factor:,.2f} times as long.")
                )
                return (
                    f"How fast it runs on {other.architecture} is not known, nor whether its code is made "
                    f"for it.{costs}"
                )
            case 2:
                longest = max(what_if.period.samples, key=lambda sample: sample.duration_ms)
                return (
                    f"The longest run took {longest.duration_ms:,.0f} ms. A timeout is no saving: what it "
                    "cuts has failed, and is billed up to there."
                )
        concurrency, when = what_if.concurrency, self.hours.when
        billed = "for the whole period, rounded up to 5 minutes, used or not"
        if when is not None:
            seconds = what_if.provisioned[0].seconds
            billed = (
                f"{when.words} by this machine's clock, {_hours(seconds)} of this period, each stretch "
                "rounded up to 5 minutes; runs at other hours are on demand. A schedule of Application Auto "
                "Scaling does that"
            )
        return (
            f"At most {concurrency.peak:,} run{'s' * (concurrency.peak != 1)} at once, "
            f"{concurrency.mean:,.2f} on average. Units are billed {billed}."
        )

    def _show_detail(self, index: QModelIndex, _before: QModelIndex | None = None) -> None:
        what_if = self.what_if
        if what_if is None or not index.isValid():
            return
        if self._stack.currentWidget() not in self.tables or index.model() is not self._model():
            return
        row = index.row()
        match self.choice.currentIndex():
            case 0 | 1:
                model = self.sizes if self.choice.currentIndex() == 0 else self.architectures
                text = _explain_option(model.row_at(row), what_if)
            case 2:
                timeout = self.timeouts.row_at(row)
                text = f"Timeout of {timeout.timeout_s:,} s\n\n{explain_cost(timeout.cost)}"
            case _:
                units = self.units.row_at(row)
                difference = format_money(abs(units.difference), units.cost.currency)
                side = "more" if units.difference > 0 else "less"
                noun = "unit" if units.units == 1 else "units"
                text = (
                    f"{units.units:,} {noun} for {_hours(units.seconds)}: {difference} {side} than on demand"
                    f"\n\n{explain_cost(units.cost)}"
                )
        if text != self.detail.toPlainText():
            show_plain_text(self.detail, text)

    def _model(self) -> object:
        return (self.sizes, self.architectures, self.timeouts, self.units)[self.choice.currentIndex()]


def _hours(seconds: int) -> str:
    return f"{seconds / 3600:,.1f} hours" if seconds >= 3600 else f"{seconds:,} s"


def _explain_option(option: Option, what_if: WhatIf) -> str:
    lines = [
        f"{option.memory_mb:,} MB, {option.architecture}: {option_cost(option)}, or "
        f"{per_million_text(option, len(what_if.period.samples))} a million runs"
    ]
    if option.obstacle:
        lines.append(f"Not recommended: {option.obstacle}")
    if option.low == option.high:
        return "\n".join([*lines, "", explain_cost(option.low)])
    return "\n".join([*lines, "", explain_cost(option.low), "", "", explain_cost(option.high)])


def _tell_period(what_if: WhatIf) -> str:
    period = what_if.period
    count = len(period.samples)
    first, last = (datetime.fromtimestamp(at / 1000).astimezone() for at in (period.from_ms, period.to_ms))
    shape = "%H:%M:%S" if first.date() == last.date() == datetime.now().astimezone().date() else "%m-%d %H:%M"
    cut = f", the newest {MOST_RUNS:,}" if what_if.is_cut else ""
    used = "How much memory they used is not known."
    if period.peak_mb is not None:
        used = (
            f"They used at most {period.peak_mb:,} of {period.function.memory_mb:,} MB; with a margin, "
            f"{period.needed_mb:,} MB are needed."
        )
    sign = "" if what_if.cost.exact else "≈ "
    return (
        f"{count:,} run{'s' * (count != 1)}{cut} from {first.strftime(shape)} to {last.strftime(shape)}: "
        f"{sign}{format_money(what_if.cost.amount, what_if.cost.currency)} as it was. {used}"
    )
