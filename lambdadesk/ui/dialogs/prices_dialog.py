"""PricesDialog: where prices are from, what is paid instead, and what LambdaDesk itself costs."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Final

from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.money import format_money
from lambdadesk.core.prices import SAVINGS_PLAN_ITEMS, PriceItem
from lambdadesk.core.types import Cost
from lambdadesk.desk.console import Console
from lambdadesk.desk.price_book import RegionPrices
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui import theme
from lambdadesk.ui.models.rows import Column, RowTableModel
from lambdadesk.ui.widgets.calm_combo import CalmComboBox
from lambdadesk.ui.widgets.labels import ToneLabel
from lambdadesk.ui.widgets.named import named
from lambdadesk.ui.widgets.notices import announce, wrapped_label
from lambdadesk.ui.widgets.plain import PlainLabel
from lambdadesk.ui.widgets.screen_room import resize_within
from lambdadesk.ui.widgets.tables import make_table
from lambdadesk.ui.widgets.tabs_dialog import TabsDialog

_WIDTH_PX, _HEIGHT_PX = 800, 460
_DOWNLOAD: Final = "download prices"
_ARCHITECTURES: Final = ("x86_64", "arm64")
_NO_REGION: Final = "No region is open. Open a connection, and its region is listed here."


class _RegionModel(RowTableModel[RegionPrices]):
    def __init__(self, parent: QWidget) -> None:
        columns = (
            Column[RegionPrices]("Region", lambda row: row.region),
            Column[RegionPrices]("Currency", lambda row: row.currency),
            Column[RegionPrices](
                "Prices",
                lambda row: row.words,
                tooltip=lambda row: row.words,
                status=_state_of,
                spoken=lambda row: f"{row.words}{', old' if row.is_old else ''}",
            ),
        )
        super().__init__(columns, lambda row: row.region, parent)

    def set_rows(self, rows: list[RegionPrices]) -> None:
        self._show(rows)


def _state_of(row: RegionPrices) -> tuple[str, str]:
    if row.is_old or row.own is None:
        return ("warning", "warning")
    return ("ok", "text")


@dataclass(frozen=True, slots=True)
class _OwnRow:
    account: str
    what: str
    today: str
    month: str


class _OwnModel(RowTableModel[_OwnRow]):
    def __init__(self, parent: QWidget) -> None:
        columns = (
            Column[_OwnRow]("Account", lambda row: row.account or "not known yet"),
            Column[_OwnRow]("What for", lambda row: row.what),
            Column[_OwnRow]("Today", lambda row: row.today, is_number=True),
            Column[_OwnRow]("This month", lambda row: row.month, is_number=True),
        )
        super().__init__(columns, lambda row: (row.account, row.what), parent)

    def set_rows(self, rows: list[_OwnRow]) -> None:
        self._show(rows)


class PricesDialog(TabsDialog):
    """Shown beside the window; what is entered holds at once. Closing it ends a download."""

    def __init__(self, console: Console, scope: TaskScope, parent: QWidget | None = None) -> None:
        super().__init__("prices", "Prices and costs", "Parts of prices and costs", parent)
        self._console = console
        self._scope = scope  # the window's, which tells what goes wrong
        self._is_closed = False
        self.tabs.addTab(self._build_prices(), "Prices")
        self.tabs.addTab(self._build_overrides(), "What you pay")
        self.tabs.addTab(self._build_own(), "LambdaDesk itself")
        self.close_button.setDefault(True)
        self._disconnects = [
            console.prices.changed.connect(self._refresh_prices),
            console.own_use.changed.connect(self._refresh_own),
            console.opened.connect(lambda _connection: self._refresh()),
        ]
        self._refresh()
        self._show_downloading(self._scope.is_running(_DOWNLOAD))
        resize_within(self, _WIDTH_PX, _HEIGHT_PX)
        self.finished.connect(self._on_finished)

    # -- where prices are from

    def _build_prices(self) -> QWidget:
        self.regions = _RegionModel(self)
        samples = ("ap-northeast-1", "Currency", "")
        self.table = named(make_table(self.regions, samples, stretch=2), "pricesTable", "Prices by region")
        self.empty = wrapped_label(_NO_REGION, is_dim=True)
        self.outcome = named(ToneLabel(), "pricesOutcome", "What became of the download")
        self.outcome.hide()
        self.download = named(QPushButton("Download now"), "pricesDownload", "Download the prices now")
        self.download.setAutoDefault(False)
        self.download.clicked.connect(self._start_download)
        self.cancel = named(QPushButton("Cancel"), "pricesCancel", "Cancel the download")
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self._cancel_download)
        self.weekly = named(
            QCheckBox("Download them anew once a week"), "pricesWeekly", "Download them anew once a week"
        )
        self.weekly.setChecked(self._console.settings.downloads_prices_weekly)
        self.weekly.toggled.connect(self._on_weekly)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        row.addWidget(self.download)
        row.addWidget(self.cancel)
        row.addStretch(1)
        row.addWidget(self.weekly)
        return _page(
            wrapped_label(
                "Costs are computed with AWS's list prices. Those of the open regions can be downloaded from "
                "AWS's public price list, which takes no credentials and costs nothing."
            ),
            self.table,
            self.empty,
            self.outcome,
            row,
        )

    def _regions(self) -> list[str]:
        return sorted({connection.target.region for connection in self._console.shown.values()})

    def _refresh(self) -> None:
        self._refresh_prices()
        self._refresh_own()
        self._fill_places()

    def _refresh_prices(self) -> None:
        regions = self._regions()
        self.regions.set_rows([self._console.prices.get_region(region) for region in regions])
        self.table.setVisible(bool(regions))
        self.empty.setVisible(not regions)
        self._show_downloading(self._scope.is_running(_DOWNLOAD))
        self._fill_rates()

    def _show_downloading(self, is_downloading: bool) -> None:
        self.download.setEnabled(not is_downloading and bool(self._regions()))
        self.cancel.setVisible(is_downloading)

    def _on_weekly(self, wanted: bool) -> None:
        self._console.settings.downloads_prices_weekly = wanted

    def _start_download(self) -> None:
        self._scope.start(_DOWNLOAD, partial(self._download, self._regions()))
        self._show_downloading(True)
        self._say("Downloading…", "dim")

    def _cancel_download(self) -> None:
        self._scope.cancel(_DOWNLOAD)
        self._show_downloading(False)
        self._say("Cancelled. The prices at hand stay in use.", "dim")
        self.download.setFocus()

    async def _download(self, regions: list[str]) -> None:
        left_out: list[str] = []
        for region in regions:
            try:
                left_out += await self._console.prices.download(region, partial(self._on_progress, region))
            except UserError as error:
                tone = "warning" if error.kind is ErrorKind.STORAGE else "error"
                self._end_download(f"✖ {error}", tone)
                return
        text = f"✔ The prices of {', '.join(regions)} are those of AWS's price list now."
        if left_out:
            text += f" Not understood, and left out: {'; '.join(left_out[:5])}."
        self._end_download(text, "warning" if left_out else "ok")

    def _on_progress(self, region: str, count: int) -> None:
        if not self._is_closed:
            self.outcome.say(f"Downloading the prices of {region}… {count / 1024:,.0f} KB", "dim")

    def _end_download(self, text: str, tone: str) -> None:
        self._show_downloading(False)
        self._say(text, tone)

    def _say(self, text: str, tone: str) -> None:
        self.outcome.say(text, tone)
        self.outcome.show()
        announce(self.outcome, text, is_urgent=tone == "error")

    # -- what is paid instead

    def _build_overrides(self) -> QWidget:
        settings = self._console.settings
        self.discount = named(QDoubleSpinBox(), "priceDiscount", "Discount on all list prices, in percent")
        self.discount.setRange(0, 100)
        self.discount.setDecimals(2)
        self.discount.setSuffix(" %")
        self.discount.setSpecialValueText("none")
        self.discount.lineEdit().setAccessibleName(self.discount.accessibleName())
        self.discount.setValue(float(settings.price_discount_percent))
        self.discount.valueChanged.connect(self._on_discount)
        self.place = named(CalmComboBox(), "savingsPlanRegion", "Region of the Savings Plan rates")
        self.place.currentIndexChanged.connect(lambda _index: self._fill_rates())
        form = QFormLayout()
        form.addRow(PlainLabel("Discount on list prices"), self.discount)
        form.addRow(PlainLabel("Savings Plan rates of"), self.place)
        grid = QGridLayout()
        grid.setSpacing(theme.SPACE)
        self.rates: dict[tuple[str, PriceItem], QLineEdit] = {}
        for column, architecture in enumerate(_ARCHITECTURES, start=1):
            grid.addWidget(PlainLabel(architecture), 0, column)
        for row, item in enumerate(SAVINGS_PLAN_ITEMS, start=1):
            what, unit = item.words
            grid.addWidget(PlainLabel(f"{what}, per {unit}"), row, 0)
            for column, architecture in enumerate(_ARCHITECTURES, start=1):
                name = f"savingsPlan {item.value} {architecture}"
                edit = named(QLineEdit(), name, f"Savings Plan rate of {what}, {architecture}, per {unit}")
                edit.editingFinished.connect(partial(self._on_rate, architecture, item))
                self.rates[architecture, item] = edit
                grid.addWidget(edit, row, column)
        self.rate_error = named(ToneLabel("error"), "savingsPlanError", "What is wrong with the rate")
        self.rate_error.hide()
        self._accounts = QVBoxLayout()
        self._accounts.setSpacing(theme.TIGHT)
        return _page(
            wrapped_label(
                "What you pay instead of the list price. Every line of a cost that this changes says so."
            ),
            form,
            grid,
            self.rate_error,
            wrapped_label(
                "The free tier is one for an account. It is taken off monthly totals alone:", is_dim=True
            ),
            self._accounts,
            None,
        )

    def _fill_places(self) -> None:
        regions = self._regions()
        if [self.place.itemText(index) for index in range(self.place.count())] != regions:
            chosen = self.place.currentText()
            self.place.clear()
            self.place.addItems(regions)
            self.place.setCurrentIndex(max(0, self.place.findText(chosen)))
        self._fill_rates()
        while (item := self._accounts.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        accounts = sorted({each.account for each in self._console.shown.values() if each.account})
        for account in accounts:
            text = f"Account {account} has the free tier"
            box = named(QCheckBox(text), f"freeTier {account}", text)
            box.setChecked(self._console.prices.has_free_tier(account))
            box.toggled.connect(partial(self._console.prices.set_free_tier, account))
            self._accounts.addWidget(box)
        if not accounts:
            self._accounts.addWidget(wrapped_label("No account is known yet.", is_dim=True))

    def _fill_rates(self) -> None:
        region, book = self.place.currentText(), self._console.prices
        for (architecture, item), edit in self.rates.items():
            edit.setEnabled(bool(region))
            planned = book.get_savings_plan(region, architecture, item)
            if not edit.hasFocus():  # what is being typed stays
                edit.setText("" if planned is None else f"{planned:f}")
            price = book.table.rate(item, region, architecture).price
            edit.setPlaceholderText(f"none ({price:f})" if planned is None else "")
        self.rate_error.hide()

    def _on_discount(self, percent: float) -> None:
        self._console.settings.price_discount_percent = Decimal(f"{percent:.2f}").normalize()

    def _on_rate(self, architecture: str, item: PriceItem) -> None:
        text = self.rates[architecture, item].text().strip()
        region, book = self.place.currentText(), self._console.prices
        try:
            rate = Decimal(text) if text else None
        except InvalidOperation:
            rate = Decimal(-1)
        if rate is not None and (not rate.is_finite() or rate < 0):
            self.rate_error.setText("✖ A rate is an amount like 0.0000147; this one is not used.")
            self.rate_error.show()
            announce(self.rate_error, self.rate_error.text(), is_urgent=True)
            return
        self.rate_error.hide()
        if rate != book.get_savings_plan(region, architecture, item):
            book.set_savings_plan(region, architecture, item, rate)

    # -- what LambdaDesk itself costs

    def _build_own(self) -> QWidget:
        self.own = _OwnModel(self)
        samples = ("123456789012", "", "≈ $1,000.0000000", "≈ $1,000.0000000")
        self.own_table = named(
            make_table(self.own, samples, stretch=1), "ownUseTable", "What LambdaDesk costs"
        )
        self.nothing = wrapped_label("Nothing that costs money was asked for this month.", is_dim=True)
        self.budget = named(QDoubleSpinBox(), "ownBudget", "Budget a month and account; 0 is none")
        self.budget.setRange(0, 1_000_000)
        self.budget.setDecimals(2)
        self.budget.setPrefix("$")
        self.budget.setSpecialValueText("no budget")
        self.budget.lineEdit().setAccessibleName(self.budget.accessibleName())
        self.budget.setValue(float(self._console.settings.own_budget))
        self.budget.valueChanged.connect(self._on_budget)
        form = QFormLayout()
        form.addRow(PlainLabel("Budget a month and account"), self.budget)
        return _page(
            wrapped_label(
                "What AWS takes money for when LambdaDesk asks for it: metrics of the function list, log "
                "queries, Live Tail and the requests of Invoke, before what an account has free. "
                "What your functions cost is on the Cost page."
            ),
            self.own_table,
            self.nothing,
            form,
            wrapped_label(
                "When it is used up, figures and queries are not asked for any more; Invoke always works.",
                is_dim=True,
            ),
            None,
        )

    def _refresh_own(self) -> None:
        meter = self._console.own_use
        rows = []
        for account in meter.accounts:
            month = meter.of_month(account)
            today = _sum_up(meter.of_today(account))
            sign = "" if month.exact else "≈ "
            for (what, unit), (quantity, amount) in _sum_up(month).items():
                _, spent = today.get((what, unit), (Decimal(0), Decimal(0)))
                figure = f"{quantity:,.2f}" if quantity % 1 else f"{quantity:,.0f}"
                rows.append(
                    _OwnRow(
                        account,
                        f"{what}: {figure} {unit}",
                        f"{sign}{format_money(spent, month.currency)}",
                        f"{sign}{format_money(amount, month.currency)}",
                    )
                )
        self.own.set_rows(rows)
        self.own_table.setVisible(bool(rows))
        self.nothing.setVisible(not rows)

    def _on_budget(self, amount: float) -> None:
        self._console.settings.own_budget = Decimal(f"{amount:.2f}")

    def _on_finished(self) -> None:
        self._is_closed = True
        self._scope.cancel(_DOWNLOAD)
        for disconnect in self._disconnects:
            disconnect()
        self.deleteLater()


def _sum_up(cost: Cost) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    """Quantity and amount by what and unit; regions may have different prices."""
    sums: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for what, quantity, unit, price in cost.terms:
        quantity_before, amount_before = sums.get((what, unit), (Decimal(0), Decimal(0)))
        sums[what, unit] = (quantity_before + quantity, amount_before + quantity * price)
    return sums


def _page(*parts: "QWidget | QHBoxLayout | QVBoxLayout | QFormLayout | QGridLayout | None") -> QWidget:
    """Parts below each other; None is what room is left."""
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
    column.setSpacing(theme.SPACE)
    for part in parts:
        if part is None:
            column.addStretch(1)
        elif isinstance(part, QWidget):
            column.addWidget(part)
        else:
            column.addLayout(part)
    return page
