"""CostPanel: what every function costs, by the REPORT lines of the last hour and all since."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from lambdadesk.core.money import format_money
from lambdadesk.ui import theme
from lambdadesk.ui.models.cost_table import COST_COLUMN, CostRow, CostTableModel
from lambdadesk.ui.widgets.empty_state import StateView
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.plain import PlainLabel
from lambdadesk.ui.widgets.tables import make_table

if TYPE_CHECKING:
    from lambdadesk.desk.connection import Connection

GATHER_MS = 150


class CostPanel(QWidget):
    """Sums the ledger of the connection per function. The reading itself is the dashboard's.

    Signals:
        open_requested(str): a function's row was activated.
        shown_changed(bool): the page came into view or left it; reading only makes sense while it is seen.
        read_requested(): the logs of all functions of a large account are to be read.
        retry_requested(): the function list is to be asked for again.
    """

    open_requested = Signal(str)
    shown_changed = Signal(bool)
    read_requested = Signal()
    retry_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._connection: Connection | None = None
        self._disconnects: list[object] = []
        self.total = named(PlainLabel(), "costTotal", "Total cost")
        font = self.total.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        self.total.setFont(font)
        self.scope_note = named(PlainLabel(), "costScope", "What the costs cover")
        self.scope_note.setWordWrap(True)
        self.model = CostTableModel(self)
        samples = ("", "10,000,000", "1,000,000", "1,000,000.000", "$10,000.000000", "$100,000.00")
        self.table = named(
            make_table(self.model, samples, stretch=0, sort_by=COST_COLUMN), "costTable", "Cost per function"
        )
        self.table.activated.connect(
            lambda index: self.open_requested.emit(self.model.row_at(index.row()).function)
        )
        self.state = StateView()
        self._stack = QStackedLayout()
        self.trouble = named(ToneLabel("warning"), "costTrouble", "Functions that could not be read")
        self.trouble.hide()
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
        layout.addWidget(self.trouble)
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self._refresh)
        self._refresh()

    def show_connection(self, connection: "Connection | None") -> None:
        for disconnect in self._disconnects:
            disconnect()  # type: ignore[operator]  # functions of Event.connect
        self._connection = connection
        self._disconnects = []
        if connection is not None:
            self._disconnects = [
                connection.ledger.changed.connect(lambda _function: self._ask_refresh()),
                connection.dashboard.changed.connect(self._ask_refresh),
                connection.catalog.changed.connect(self._ask_refresh),
            ]
        self._refresh()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]  # a QShowEvent
        self.shown_changed.emit(True)

    def hideEvent(self, event: object) -> None:
        super().hideEvent(event)  # type: ignore[arg-type]  # a QHideEvent
        self.shown_changed.emit(False)

    def _ask_refresh(self) -> None:
        if not self._gather.isActive():
            self._gather.start()

    def _refresh(self) -> None:
        connection = self._connection
        if connection is None:
            self.total.setText("")
            self.scope_note.setText("")
            self.state.show_loading("the connection")
            self._stack.setCurrentWidget(self.state)
            return
        rows, unpriced, exact = [], 0, True
        total = Decimal(0)
        for name in connection.ledger.functions():
            sums = connection.ledger.totals(name)
            if not sums.invocations:
                continue
            is_priced = sums.unknown_cost < sums.invocations
            total += sums.cost
            unpriced += sums.unknown_cost
            exact = exact and sums.exact
            rows.append(
                CostRow(
                    name,
                    sums.invocations,
                    sums.errors,
                    sums.gb_seconds if is_priced else None,
                    sums.cost if is_priced else None,
                    connection.currency,
                    sums.exact and not sums.unknown_cost,
                )
            )
        self.model.set_rows(rows)
        sign = "" if exact and not unpriced else "≈ "
        is_known = any(row.cost is not None for row in rows)
        self.total.setText(f"{sign}{format_money(total, connection.currency)}" if is_known else "")
        self.scope_note.setText(self._describe_scope(sum(row.invocations for row in rows), unpriced))
        self._show_state(bool(rows))

    def _describe_scope(self, invocations: int, unpriced: int) -> str:
        assert self._connection is not None  # noqa: S101  the caller looked
        dashboard = self._connection.dashboard
        functions = self._connection.catalog.state.functions
        read = [reading.read_to_ms for reading in dashboard.readings.values() if reading.read_to_ms]
        noun = "invocation" if invocations == 1 else "invocations"
        parts = [f"{invocations:,} {noun} since {_clock(dashboard.since_ms)}"]
        if len(read) < len(functions):
            parts.append(f"logs read of {len(read)} of {len(functions)} functions")
        elif read:
            parts.append(f"all logs read to {_clock(min(read))}")
        if unpriced:
            parts.append(f"{unpriced} without a price yet")
        region, date = self._connection.target.region, self._connection.price_date
        prices = f"list prices of {region}, {date}"
        if not self._connection.has_own_prices:
            prices = f"estimated with list prices of us-east-1, {date}, as none are known for {region}"
        parts.append(f"{prices}, before free tier and discounts")
        return " · ".join(parts)

    def _show_state(self, has_rows: bool) -> None:
        assert self._connection is not None  # noqa: S101  the caller looked
        readings = self._connection.dashboard.readings
        failed = {name: reading.error for name, reading in readings.items() if reading.error}
        first = next(iter(failed.values()), None)
        if has_rows:
            self._stack.setCurrentWidget(self.table)
        elif first is not None and len(failed) == len(readings):
            self.state.show_error(first)
            self._stack.setCurrentWidget(self.state)
        else:
            catalog = self._connection.catalog.state
            known = catalog.functions
            if not known and catalog.error is not None:
                self.state.show_error(catalog.error, self.retry_requested.emit)
            elif not known and not catalog.loading:
                self.state.show_empty("No functions here", "Without functions nothing is invoked or billed.")
            elif self._connection.asks_before_reading:
                self.state.show_empty(
                    f"{len(known):,} functions",
                    "Reading all their logs takes most of the account's quota of log reads for minutes.",
                    "Read them",
                    self.read_requested.emit,
                )
            elif len(readings) < len(known) or not known:
                self.state.show_loading("the REPORT lines of the last hour")
            else:
                self.state.show_empty(
                    "No invocation in the last hour",
                    "Invoke a function, or wait: what runs now appears here within seconds.",
                )
            self._stack.setCurrentWidget(self.state)
        if first is not None and has_rows:
            names = ", ".join(sorted(failed)[:5]) + (" and more" if len(failed) > 5 else "")
            self.trouble.setText(f"▲ Logs not read: {names}. {first}")
        self.trouble.setVisible(first is not None and has_rows)


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%H:%M:%S")
