"""MonthPanel: what functions cost by day, from CloudWatch's metrics: 30 days, the month and its forecast."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QScrollArea,
    QSplitter,
    QStackedLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.money import format_most
from lambdadesk.core.month_arithmetic import explain_row
from lambdadesk.core.month_csv import to_csv
from lambdadesk.core.month_stack import stack
from lambdadesk.core.month_view import (
    AccountMonth,
    Grouping,
    KnownRows,
    MonthFunction,
    MonthRow,
    Period,
    forecast,
    get_tag_names,
    last_days,
    month_so_far,
    sum_rows,
)
from lambdadesk.core.month_words import (
    get_bills,
    get_figures,
    get_free_tier,
    get_group_words,
    get_main_currency,
    get_note,
    get_why,
    has_words,
)
from lambdadesk.core.threads import in_thread
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.files import write_atomic
from lambdadesk.store.settings import Settings
from lambdadesk.ui import theme
from lambdadesk.ui.models.month_table import (
    COST_COLUMN,
    COUNT_COLUMN,
    MONTH_SAMPLES,
    PLACE_COLUMNS,
    MonthTableModel,
)
from lambdadesk.ui.widgets.cost_menu import add_cost_menu
from lambdadesk.ui.widgets.day_bars import DayBars
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.figure_tiles import FigureTiles
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.month_tools import NO_PICTURE, TREEMAP, MonthTools
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce
from lambdadesk.ui.widgets.plain import PlainLabel, set_plain_tooltip
from lambdadesk.ui.widgets.save_csv import ask_for_csv
from lambdadesk.ui.widgets.tables import make_table
from lambdadesk.ui.widgets.treemap import Treemap

if TYPE_CHECKING:
    from lambdadesk.desk.connection import Connection
    from lambdadesk.desk.month import Months

GATHER_MS = 200
_TABLE_PX = 150
_ROWS_KNOWN = 6  # of a function, each of another period
_CLOCK_MS = 60_000  # an hour goes by, or a day
_TILES: Final = ("monthSoFar", "monthForecast", "monthChange", "monthErrors", "monthLogs", "monthFreeTier")


class MonthPanel(QWidget):
    """Shows what `Months` has priced, and asks it to read more on a click.

    Signals:
        open_requested(str, str): a function's row was activated: its `Target.key` and its name.
        sizing_requested(str, str, bool): what if, or a power sweep, of a function is to be shown.
    """

    open_requested = Signal(str, str)
    sizing_requested = Signal(str, str, bool)

    def __init__(self, months: "Months", settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._months = months
        self._settings = settings
        self._connections: list[Connection] = []
        self._functions: list[MonthFunction] = []
        self._bills: list[AccountMonth] = []
        self._known: KnownRows = {}
        self._is_old = False  # what is shown, by what is known
        self._has_priced = False
        self.scope = TaskScope(self._on_failure)
        self._build()
        self.tools.restore(settings.month_view)
        self._show_picture()
        self._disconnect = months.changed.connect(self._ask_refresh)
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self._refresh)
        self._clock = QTimer(self, interval=_CLOCK_MS)
        self._clock.timeout.connect(self._ask_refresh)
        self._clock.start()

    def _build(self) -> None:
        self.tools = MonthTools()
        self.tools.changed.connect(self._show)
        self.tools.picture_changed.connect(self._show_picture)
        for chosen in (self.tools.changed, self.tools.picture_changed):
            chosen.connect(self._keep_view)
        self.tools.read_requested.connect(self._months.read)
        self.tools.stop_requested.connect(self._months.cancel)
        self.tools.export_requested.connect(self._ask_where)
        self.tiles = FigureTiles(_TILES)
        self.bars = named(DayBars(), "monthBars", "Costs by day")
        self.treemap = named(Treemap(), "monthTreemap", "Costs as areas")
        self.treemap.activated.connect(self._open)
        self.pictures = QStackedWidget()
        self.pictures.addWidget(self.bars)
        self.pictures.addWidget(self.treemap)
        self.model = MonthTableModel(self)
        self.table = named(
            make_table(self.model, MONTH_SAMPLES, stretch=None, sort_by=COST_COLUMN),
            "monthTable",
            "Costs by function, or by group",
        )
        self.table.activated.connect(lambda index: self._open(self.model.row_at(index.row()).key))
        self.table.selectionModel().currentRowChanged.connect(lambda _now, _was: self._show_why())
        add_cost_menu(
            self.table,
            self._get_function,
            self.open_requested.emit,
            self.sizing_requested.emit,
            lambda row: self._explain(self.model.row_at(row)),
        )
        self.why = named(ToneLabel("dim"), "monthWhy", "How the figures of the row came about")
        self.why.hide()
        self.splitter = named(QSplitter(Qt.Orientation.Vertical), "monthSplitter")
        self.splitter.addWidget(self.pictures)
        self.splitter.addWidget(self.table)
        self.splitter.setChildrenCollapsible(False)
        self.table.setMinimumHeight(_TABLE_PX)
        self.splitter.setStretchFactor(0, 2)
        self.splitter.setStretchFactor(1, 3)
        self.bill = named(PlainLabel(), "monthBill", "Bills of the accounts so far")
        self.bill.setWordWrap(True)
        self.note = named(ToneLabel("dim"), "monthNote", "What the figures cover")
        self.trouble = named(ToneLabel("warning"), "monthTrouble", "What could not be read")
        self.trouble.hide()
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE)
        column.addWidget(self.tiles)
        column.addWidget(self.splitter, 1)
        column.addWidget(self.why)
        column.addWidget(self.bill)
        column.addWidget(self.note)
        # In a low window the parts keep their height, and are scrolled.
        self._content = named(QScrollArea(widgetResizable=True), "monthContent", "Costs of the month")
        self._content.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._content.setFrameShape(QFrame.Shape.NoFrame)
        self._content.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._content.setWidget(content)
        self.state = StateView()
        self._stack = QStackedLayout()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        outer.setSpacing(theme.SPACE)
        outer.addWidget(self.tools)
        outer.addLayout(self._stack, 1)
        # Only now that it has a parent: it would show its first widget as a window of its own.
        self._stack.addWidget(self._content)
        self._stack.addWidget(self.state)
        outer.addWidget(self.trouble)

    # -- places

    def show_connections(self, connections: "Iterable[Connection]") -> None:
        """Show the months of these; none: they are still being opened."""
        self._connections = list(connections)
        self._months.show(self._connections)
        if not self._connections:  # nothing of an account stays in sight under the next one's name
            self._functions, self._has_priced = [], False
            self._show()
        self._ask_refresh()

    async def close_panel(self) -> None:
        self._clock.stop()
        self._disconnect()
        self._months.close()
        await self.scope.close()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]  # a QShowEvent
        if self._is_old:
            self._ask_refresh()

    # -- what is known

    def _ask_refresh(self) -> None:
        self._is_old = True
        if not self._gather.isActive():
            self._gather.start()

    def _refresh(self) -> None:
        if not self.isVisible() or not self._connections:
            return
        if self.scope.is_running("price"):
            self._gather.start()  # what came meanwhile is priced after it
            return
        self._is_old = False
        self.scope.start("price", self._price)

    async def _price(self) -> None:
        self._functions = await self._months.price()
        self._bills = self._months.make_bills(self._functions)
        if len(self._known) > _ROWS_KNOWN * len(self._functions):
            self._known = {}  # those of functions and days that are gone
        self._has_priced = self._months.is_loaded
        if self._has_priced and self._months.is_free and not self._months.known[0] and self._may_read:
            self._months.read()  # nobody sends a bill for it
        self._show()

    @property
    def _may_read(self) -> bool:
        """Whether nothing was tried yet, nor goes on."""
        states = [state for _, state in self._months.states]
        return not any(state.is_loading or state.error for state in states)

    # -- what is shown

    @property
    def shown_period(self) -> Period:
        today = self._months.today
        return month_so_far(today) if self.tools.is_month else last_days(today)

    def _show(self) -> None:
        self.tools.offer_tags(get_tag_names(self._functions))
        self.tools.export.setEnabled(bool(self._functions))
        self._show_reading()
        self._show_trouble()
        if not self._functions:
            self._show_nothing()
            return
        self._stack.setCurrentWidget(self._content)
        period = self.shown_period
        by, tag = self.tools.grouping
        chosen = self._get_chosen()
        rows = sum_rows(chosen, period, by, tag, self._known)
        self.model.set_rows(rows)
        self.model.show_title(tag if by is Grouping.TAG else by.value)
        is_one = by is Grouping.FUNCTION
        self.table.setColumnHidden(COUNT_COLUMN, is_one)
        for column in PLACE_COLUMNS:
            self.table.setColumnHidden(column, not is_one or len(self._connections) < 2)
        currency = get_main_currency(chosen)
        coming = forecast(chosen, self._months.today, currency)
        layers = stack(rows, currency)
        self.bars.show_days(period.first, layers, currency, coming.days if period.is_month else ())
        self.treemap.show_rows(rows, currency)
        month_rows = sum_rows(chosen, month_so_far(self._months.today), known=self._known)
        bills = self._bills
        figures = (*get_figures(chosen, month_rows, rows, period, coming, currency), get_free_tier(bills))
        for name, figure in zip(_TILES, figures, strict=True):
            self.tiles.show_figure(name, figure)
        line, words = get_bills(bills, self._months.today)
        self.bill.setText(line)
        set_plain_tooltip(self.bill, words)
        self._show_note(chosen)
        self._show_why()

    def _get_chosen(self) -> list[MonthFunction]:
        """The functions that the filter leaves."""
        words = self.tools.words
        return [each for each in self._functions if not words or has_words(each, words)]

    def _show_why(self) -> None:
        """Say how the figures of the row came about that one is on."""
        at = self.table.currentIndex()
        text = get_why(self.model.row_at(at.row())) if at.isValid() else ""
        self.why.setText(text)
        self.why.setVisible(bool(text))

    def _keep_view(self) -> None:
        self._settings.month_view = self.tools.view

    def _show_picture(self) -> None:
        picture = self.tools.picture.currentText()
        self.pictures.setVisible(picture != NO_PICTURE)
        self.pictures.setCurrentWidget(self.treemap if picture == TREEMAP else self.bars)

    def _show_reading(self) -> None:
        months = self._months
        count, cost = months.estimate()
        known, total = months.known
        text, hint = "Read", "Read within the last hour: CloudWatch is not asked again before it is over."
        if count:
            which = f"{count:,} of {total:,} functions" if known else f"{total:,} functions"
            hint = f"Ask CloudWatch for {which}; days that are over are kept and not asked for again."
            if not months.is_free:
                text = f"Read · at most {format_most(cost.amount, cost.currency)}"
                hint += " AWS takes it for 1 metric of each function, and 3 more of those that ran."
        self.tools.show_reading(text, hint, is_reading=months.is_reading, may_read=bool(count))

    def _show_nothing(self) -> None:
        months = self._months
        known, total = months.known
        self._stack.setCurrentWidget(self.state)
        self.note.setText("")
        errors = [state.error for _, state in months.states if state.error is not None]
        lists = [each.catalog.state for each in self._connections]
        if months.is_reading:
            self.state.show_loading("CloudWatch's figures", months.cancel)
        elif not self._has_priced or (not total and any(each.loading for each in lists)):
            self.state.show_loading("the functions")
        elif not total:
            failed = next((each.error for each in lists if each.error is not None), None)
            if failed is not None:
                self.state.show_error(failed)
            else:
                self.state.show_empty("No functions here", "Without functions nothing is invoked or billed.")
        elif errors and not known:
            self._show_error(errors[0])
        else:
            count, cost = months.estimate()
            price = "This endpoint takes nothing for their figures."
            if not months.is_free:
                most = format_most(cost.amount, cost.currency)
                price = (
                    f"CloudWatch takes at most {most} for their figures. They are kept: nothing is asked for "
                    "twice within an hour, and no day again that is over."
                )
            noun = "function" if count == 1 else "functions"
            self.state.show_empty(f"{count:,} {noun} not read yet", price, "Read them", self._read_first)

    def _read_first(self) -> None:
        self.tools.period.setFocus()  # the button that had it goes with its picture
        self._months.read()

    def _show_error(self, error: UserError) -> None:
        if error.kind is ErrorKind.DENIED and not error.action:  # our own budget is no missing permission
            self.state.show_empty(error.message, error.hint, "Retry", self._months.read)
        else:
            self.state.show_error(error, self._months.read)

    def _show_trouble(self) -> None:
        states = self._months.states
        parts = []
        for connection, state in states:
            name = f"{connection.target.title} {connection.target.region}"
            if state.is_loading and state.total:
                parts.append(f"{name}: call {min(state.done + 1, state.total)} of {state.total}")
            elif state.is_loading:
                parts.append(f"{name}: being read")
            elif state.error is not None and self._functions:
                parts.append(f"▲ {name} could not be read to its end: {state.error}")
            elif connection.catalog.state.error is not None and self._functions:
                parts.append(f"▲ {name}: functions could not be listed: {connection.catalog.state.error}")
            elif state.twin:
                parts.append(f"{name}: the same account and region as {state.twin}, counted once")
        is_wrong = any(part.startswith("▲") for part in parts)
        self.trouble.say(" · ".join(parts), "warning" if is_wrong else "dim")
        self.trouble.setVisible(bool(parts))

    def _show_note(self, chosen: list[MonthFunction]) -> None:
        months = self._months
        shown = sum(not each.is_deleted for each in chosen)
        lacking = sorted({each.target.title for each in months.lacks_logs})
        self.note.setText(
            get_note(shown, *months.known, months.read_ms, lacking, months.get_gone(self._functions))
        )

    # -- what one does

    def _get_function(self, row: int) -> tuple[str, str] | None:
        """The key of the function of a row; None: the row is a group, or the function is no more."""
        found = self.model.row_at(row)
        is_there = self.tools.grouping[0] is Grouping.FUNCTION and not found.is_deleted
        return found.key if is_there else None

    def _explain(self, row: MonthRow) -> str:
        """The arithmetic of what a function cost."""
        found = next((each for each in self._functions if each.key == row.key), None)
        place = next((each for each in self._connections if each.target.key == row.key[0]), None)
        if found is None or place is None:
            return ""
        return explain_row(row, found, self.shown_period, place.prices)

    def _open(self, key: tuple[str, str]) -> None:
        if self.tools.grouping[0] is Grouping.FUNCTION:
            if any(each.key == key and each.is_deleted for each in self._functions):
                self._say(f"{key[1]} was deleted: there is no page of it.", "dim")
            else:
                self.open_requested.emit(*key)
            return
        if words := get_group_words(*self.tools.grouping, key[1]):
            self.tools.look_into(words)

    def _ask_where(self) -> None:
        period = self.shown_period
        name = f"lambda-costs-{period.first:%Y-%m-%d}-{period.last:%Y-%m-%d}.csv"
        ask_for_csv(
            self, "Export the costs", name, lambda path: self.scope.start("export", self.export_to, path)
        )

    async def export_to(self, path: Path) -> None:
        """Write the rows that are shown. Raises UserError (STORAGE)."""
        rows = self.model.get_rows()
        try:
            await in_thread(write_atomic, path, to_csv(rows, self.shown_period))
        except OSError as error:
            raise UserError(
                f"The costs could not be exported: {error.strerror or error}.",
                "Choose another folder.",
                kind=ErrorKind.STORAGE,
                details=str(path),
            ) from error
        self._say(f"✔ {len(rows):,} rows saved to {path}.", "ok")

    def _say(self, text: str, tone: str) -> None:
        self.trouble.say(text, tone)
        self.trouble.show()
        announce(self, text)

    def _on_failure(self, name: str, error: Exception) -> None:
        if isinstance(error, UserError):
            self._say(f"✖ {error.message} {error.hint}", "error")
        elif self._connections:
            self._connections[0].scope.report(name, error)
        else:
            raise error
