"""CostPanel: what every function costs, by the REPORT lines of the last hour and all since."""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from lambdadesk.core.money import format_money
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.icons import icon
from lambdadesk.ui.models.cost_table import COST_COLUMN, PLACE_COLUMNS, CostRow, CostTableModel
from lambdadesk.ui.widgets.cost_menu import add_cost_menu
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel
from lambdadesk.ui.widgets.tables import make_table

if TYPE_CHECKING:
    from lambdadesk.core.ledger import Totals
    from lambdadesk.core.right_size import RightSize
    from lambdadesk.desk.connection import Connection

GATHER_MS = 150
_MANY_MORE = 1.1  # times as many invocations
_READING_ALL = "Reading the logs of all functions takes most of the account's quota of log reads for minutes."


class CostPanel(QWidget):
    """Sums the ledgers of the connections per function. The reading itself is the dashboards'.

    Signals:
        open_requested(str, str): the row of a function was activated: its `Target.key` and its name.
        read_requested(): the logs of all functions of a large account are to be read.
        retry_requested(str): the function list of this `Target.key` is to be asked for again.
        sizing_requested(str, str, bool): what if, or a power sweep, of a function is to be shown.
    """

    open_requested = Signal(str, str)
    read_requested = Signal()
    sizing_requested = Signal(str, str, bool)
    retry_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._connections: list[Connection] = []
        self._disconnects: list[Callable[[], None]] = []
        self._sizes: dict[tuple[str, str], tuple[int, RightSize]] = {}  # and of how many invocations
        self.scope = TaskScope(self._on_failure)
        self.total = named(PlainLabel(), "costTotal", "Total cost")
        font = self.total.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        self.total.setFont(font)
        self.scope_note = named(PlainLabel(), "costScope", "What the costs cover")
        self.scope_note.setWordWrap(True)
        self.model = CostTableModel(self)
        self.model.explain = self._explain
        samples = (
            "some-function-with-a-name",
            "production-admin",
            "eu-central-1",
            "≈ $0.000000227000",
            "$100,000.00",
            "10,000,000",
            "1,000,000",
            "1,000,000.000",
            "iiii more than needed: 1,024 MB?",
        )
        self.table = named(
            make_table(self.model, samples, stretch=0, sort_by=COST_COLUMN), "costTable", "Cost per function"
        )
        self.table.activated.connect(
            lambda index: self.open_requested.emit(*self.model.row_at(index.row()).key)
        )
        add_cost_menu(
            self.table,
            lambda row: self.model.row_at(row).key,
            self.open_requested.emit,
            self.sizing_requested.emit,
            lambda row: self._explain(self.model.row_at(row)),
        )
        self.state = StateView()
        self._stack = QStackedLayout()
        self.trouble = named(ToneLabel("warning"), "costTrouble", "Functions that could not be read")
        self.retry = named(QPushButton(icon("refresh"), "Retry"), "costRetry", "Read the logs again")
        self.retry.clicked.connect(self.read_requested)
        for widget in (self.trouble, self.retry):
            widget.hide()
        head = QHBoxLayout()
        head.setSpacing(theme.WIDE)
        head.addWidget(self.total)
        head.addWidget(self.scope_note, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        layout.setSpacing(theme.SPACE)
        layout.addLayout(head)
        layout.addLayout(self._stack, 1)
        # Only now that it has a parent: it would show its first widget as a window of its own.
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.state)
        foot = QHBoxLayout()
        foot.setSpacing(theme.SPACE)
        foot.addWidget(self.trouble, 1)
        foot.addWidget(self.retry)
        layout.addLayout(foot)
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self._refresh)
        self._refresh()

    def show_connections(self, connections: "Iterable[Connection]") -> None:
        """Show the costs of these; none: they are still being opened."""
        for disconnect in self._disconnects:
            disconnect()
        self._connections = list(connections)
        self._disconnects = []
        for connection in self._connections:
            self._disconnects += [
                connection.ledger.changed.connect(lambda _function: self._ask_refresh()),
                connection.dashboard.changed.connect(self._ask_refresh),
                connection.catalog.changed.connect(self._ask_refresh),
            ]
        for column in PLACE_COLUMNS:
            self.table.setColumnHidden(column, len(self._connections) < 2)
        self._refresh()

    def _ask_refresh(self) -> None:
        if not self._gather.isActive():
            self._gather.start()

    def _refresh(self) -> None:
        if not self._connections:
            self.total.setText("")
            self.scope_note.setText("")
            self.state.show_loading("the connection")
            self._stack.setCurrentWidget(self.state)
            return
        rows: list[CostRow] = []
        totals: dict[str, Decimal] = {}  # by currency
        unpriced, exact = 0, True
        for connection in self._connections:
            for name in connection.ledger.functions():
                sums = connection.ledger.totals(name)
                if not sums.invocations:
                    continue
                known = self._sizes.get((connection.target.key, name))
                row = _row(connection, name, sums, known[1] if known else None)
                rows.append(row)
                unpriced += sums.unknown_cost
                exact = exact and sums.exact
                if row.cost is not None:
                    totals[row.currency] = totals.get(row.currency, Decimal(0)) + sums.cost
        self.model.set_rows(rows)
        sign = "" if exact and not unpriced else "≈ "
        amounts = [format_money(amount, currency) for currency, amount in sorted(totals.items())]
        self.total.setText(f"{sign}{' + '.join(amounts)}" if amounts else "")
        self.scope_note.setText(self._describe_scope(sum(row.invocations for row in rows), unpriced))
        self._show_state(bool(rows))
        if self.isVisible() and not self.scope.is_running("sizes"):
            self.scope.start("sizes", self._size, rows)

    async def _size(self, rows: "list[CostRow]") -> None:
        """Look at the memory of functions of which many more invocations are known than at the last look."""
        from lambdadesk.desk.right_size import size_function

        has_found = False
        for row in rows:
            known = self._sizes.get(row.key)
            connection = next((e for e in self._connections if e.target.key == row.connection_key), None)
            function = connection.catalog.get(row.function) if connection else None
            if connection is None or function is None:
                continue
            if known and known[1].function == function and row.invocations < _MANY_MORE * known[0]:
                continue
            self._sizes[row.key] = (row.invocations, await size_function(connection, function))
            has_found = True
        if has_found:
            self._ask_refresh()

    def _on_failure(self, name: str, error: Exception) -> None:
        if not self._connections:
            raise error
        self._connections[0].scope.report(name, error)

    async def close_panel(self) -> None:
        self._gather.stop()
        await self.scope.close()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]  # a QShowEvent
        self._ask_refresh()

    def _explain(self, row: CostRow) -> str:
        """The arithmetic of a row's cost."""
        from lambdadesk.core.cost_text import explain_sum
        from lambdadesk.core.prices import PriceItem

        found = [each for each in self._connections if each.target.key == row.connection_key]
        function = found[0].catalog.get(row.function) if found else None
        if function is None or row.cost is None or row.gb_seconds is None:
            return ""
        request, duration = (
            found[0].prices.rate(item, row.region, function.architecture)
            for item in (PriceItem.REQUEST, PriceItem.DURATION)
        )
        return explain_sum(row.invocations, row.gb_seconds, row.cost, request, duration)

    def _describe_scope(self, invocations: int, unpriced: int) -> str:
        connections = self._connections
        functions = sum(len(connection.catalog.state.functions) for connection in connections)
        read = [
            reading.read_to_ms
            for connection in connections
            for reading in connection.dashboard.readings.values()
            if reading.read_to_ms
        ]
        since_ms = min(connection.dashboard.since_ms for connection in connections)
        noun = "invocation" if invocations == 1 else "invocations"
        parts = [f"{invocations:,} {noun} since {_clock(since_ms)}"]
        if len(read) < functions:
            parts.append(f"logs read of {len(read)} of {functions} functions")
        elif read:
            parts.append(f"all logs read to {_clock(min(read))}")
        if unpriced:
            parts.append(f"{unpriced} without a price yet")
        date = connections[0].price_date
        own = _regions(connection for connection in connections if connection.has_own_prices)
        foreign = _regions(connection for connection in connections if not connection.has_own_prices)
        prices = [f"list prices of {own}, {date}"] if own else []
        if foreign:
            prices.append(f"estimated with list prices of us-east-1, {date}, as none are known for {foreign}")
        if any(connection.has_old_prices for connection in connections):
            prices.append("which may have changed since: see File, Prices and costs")
        if any(connection.pays_less for connection in connections):
            parts.append(
                f"{', '.join(prices)}, less what you entered under Prices and costs, before free tier"
            )
        else:
            parts.append(f"{', '.join(prices)}, before free tier and discounts")
        return " · ".join(parts)

    def _show_state(self, has_rows: bool) -> None:
        # Rows are named by their place where there are several.
        names = {
            (connection.target.key, name): name
            if len(self._connections) == 1
            else f"{name} ({connection.target.title} {connection.target.region})"
            for connection in self._connections
            for name in connection.dashboard.readings
        }
        readings = {
            (connection.target.key, name): reading
            for connection in self._connections
            for name, reading in connection.dashboard.readings.items()
        }
        failed = {key: reading.error for key, reading in readings.items() if reading.error}
        first = next(iter(failed.values()), None)
        if has_rows:
            self._stack.setCurrentWidget(self.table)
        elif first is not None and len(failed) == len(readings):
            self.state.show_error(first, self.read_requested.emit)
            self._stack.setCurrentWidget(self.state)
        else:
            self._show_no_rows(len(readings))
            self._stack.setCurrentWidget(self.state)
        if first is not None and has_rows:
            listed = ", ".join(sorted(names[key] for key in failed)[:5]) + (
                " and more" if len(failed) > 5 else ""
            )
            self.trouble.say(f"▲ Logs not read: {listed}. {first}", "warning")
            self.retry.setText("Retry")
        asks = first is None and any(connection.asks_before_reading for connection in self._connections)
        if asks:
            self.trouble.say(f"Only what ran from here or was followed is in it. {_READING_ALL}", "dim")
            self.retry.setText("Read them")
        for widget in (self.trouble, self.retry):
            widget.setVisible(has_rows and (first is not None or asks))

    def _show_no_rows(self, read: int) -> None:
        connections = self._connections
        known = sum(len(connection.catalog.state.functions) for connection in connections)
        failed = next((each for each in connections if each.catalog.state.error is not None), None)
        if not known and failed is not None and failed.catalog.state.error is not None:
            key = failed.target.key if len(connections) > 1 else ""
            self.state.show_error(failed.catalog.state.error, lambda: self.retry_requested.emit(key))
        elif not known and not any(connection.catalog.state.loading for connection in connections):
            self.state.show_empty("No functions here", "Without functions nothing is invoked or billed.")
        elif any(connection.asks_before_reading for connection in connections):
            self.state.show_empty(
                f"{known:,} functions",
                _READING_ALL,
                "Read them",
                self.read_requested.emit,
            )
        elif read < known or not known:
            self.state.show_loading("the REPORT lines of the last hour")
        else:
            self.state.show_empty(
                "No invocation in the last hour",
                "Invoke a function, or wait: what runs now appears here within seconds.",
            )


def _row(connection: "Connection", name: str, sums: "Totals", size: "RightSize | None") -> CostRow:
    is_priced = sums.unknown_cost < sums.invocations
    return CostRow(
        name,
        sums.invocations,
        sums.errors,
        sums.gb_seconds if is_priced else None,
        sums.cost if is_priced else None,
        connection.currency,
        sums.exact and not sums.unknown_cost,
        connection.target.key,
        connection.target.title,
        connection.target.region,
        connection.info.colour,
        size,
    )


def _regions(connections: "Iterable[Connection]") -> str:
    return ", ".join(sorted({connection.target.region for connection in connections}))


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%H:%M:%S")
