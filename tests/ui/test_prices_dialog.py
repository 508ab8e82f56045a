"""Prices are downloaded, cancelled and refused in place; overrides hold at once; own costs show."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QDialog, QWidget

from lambdadesk.core.money import format_money
from lambdadesk.core.own_cost import OwnUse, UseRow
from lambdadesk.core.prices import PriceItem
from lambdadesk.store.own_use import OwnUseStore
from lambdadesk.ui.dialogs.prices_dialog import PricesDialog
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_tls import make_tls
from tests.servers.price_list import PriceListServer
from tests.ui.desk import CONTROL, REGION, Desk, click, press, rows, turns, until, visible_words
from tests.ui.test_accessibility import nameless

ACCOUNT = "000000000000"


@pytest.fixture
def prices() -> Iterator[PriceListServer]:
    with PriceListServer() as server:
        server.add_region(REGION)
        yield server


async def open_dialog(desk: Desk) -> PricesDialog:
    await desk.listed()
    desk.action("Prices and costs").trigger()
    (dialog,) = await until(lambda: desk.window.findChildren(PricesDialog))
    await until(dialog.isActiveWindow)
    return dialog


def find(dialog: QDialog, name: str) -> Any:
    (found,) = dialog.findChildren(QWidget, name)
    return found


def turn_to(dialog: PricesDialog, title: str) -> None:
    bar = dialog.tabs.tabBar()
    (index,) = [index for index in range(bar.count()) if bar.tabText(index) == title]
    click(bar, bar.tabRect(index).center())


def type_into(field: QWidget, text: str) -> None:
    field.setFocus()
    press(field, Qt.Key.Key_A, CONTROL)
    QTest.keyClicks(field, text) if text else press(field, Qt.Key.Key_Delete)
    press(field, Qt.Key.Key_Tab)


async def test_every_region_says_where_its_prices_are_from(desk: Desk) -> None:
    dialog = await open_dialog(desk)
    assert not dialog.isModal()
    (row,) = rows(dialog.table)
    assert row[:2] == [REGION, "USD"]
    assert row[2].startswith("published 2026-09-19, bundled with LambdaDesk")
    for title in ("What you pay", "LambdaDesk itself", "Prices"):
        turn_to(dialog, title)
        await turns()
        assert nameless(dialog) == []
    assert not dialog.cancel.isVisible()
    press(dialog, Qt.Key.Key_Escape)
    await until(lambda: not desk.window.findChildren(PricesDialog))


async def test_downloaded_prices_are_shown_and_used(desk: Desk, prices: PriceListServer) -> None:
    desk.console.settings.price_list_url = prices.url
    await desk.open("hello")
    await desk.invoke("{}")
    before = desk.connection.ledger.totals("hello").cost
    dialog = await open_dialog(desk)
    click(dialog.download)
    await until(lambda: dialog.outcome.text().startswith("✔"), dialog.outcome.text)
    assert dialog.outcome.text() == f"✔ The prices of {REGION} are those of AWS's price list now."
    assert "published 2026-10-01, downloaded" in rows(dialog.table)[0][2]
    assert dialog.download.isEnabled()
    assert not dialog.cancel.isVisible()
    await until(lambda: desk.connection.ledger.totals("hello").cost != before)
    gb_seconds = Decimal(13 * 128) / 1_024_000
    cost = Decimal("0.00000025") + gb_seconds * Decimal("0.00002")
    assert desk.connection.ledger.totals("hello").cost == cost
    assert (desk.paths.price_dir / f"prices-{REGION}.json").exists()


async def test_a_download_can_be_cancelled(desk: Desk, prices: PriceListServer) -> None:
    def fault(handler: Any) -> bool:
        prices.stopping.wait(30)
        handler.close_connection = True
        return True

    prices.fault = fault
    desk.console.settings.price_list_url = prices.url
    dialog = await open_dialog(desk)
    click(dialog.download)
    await until(lambda: prices.paths)
    assert not dialog.download.isEnabled()
    assert dialog.outcome.text().startswith("Downloading")
    click(dialog.cancel)
    assert dialog.outcome.text() == "Cancelled. The prices at hand stay in use."
    assert dialog.download.isEnabled()
    assert not dialog.cancel.isVisible()
    assert "bundled" in rows(dialog.table)[0][2]
    prices.stopping.set()  # the thread that waits lets go


async def test_a_failed_download_is_told_in_place(desk: Desk, prices: PriceListServer) -> None:
    prices.files.clear()
    desk.console.settings.price_list_url = prices.url
    dialog = await open_dialog(desk)
    click(dialog.download)
    await until(lambda: dialog.outcome.text().startswith("✖"), dialog.outcome.text)
    assert dialog.outcome.text() == (
        f"✖ AWS publishes no price list for {REGION}. The prices at hand stay in use."
    )
    assert dialog.download.isEnabled()
    assert not desk.get("noticeBar").isVisible()


async def test_what_is_paid_instead_holds_at_once_and_is_said(desk: Desk) -> None:
    await desk.open("hello")
    dialog = await open_dialog(desk)
    turn_to(dialog, "What you pay")
    discount = find(dialog, "priceDiscount")
    type_into(discount, "10")
    assert desk.console.settings.price_discount_percent == 10
    rate = find(dialog, "savingsPlan duration x86_64")
    assert rate.placeholderText() == "none (0.00001500003)"
    type_into(rate, "0.0000147")
    assert desk.console.prices.get_savings_plan(REGION, "x86_64", PriceItem.DURATION) == Decimal("0.0000147")
    type_into(rate, "cheap")
    assert find(dialog, "savingsPlanError").isVisible()
    assert desk.console.prices.get_savings_plan(REGION, "x86_64", PriceItem.DURATION) == Decimal("0.0000147")
    dialog.close()
    await desk.invoke("{}")
    arithmetic = desk.get("costArithmetic").toPlainText()
    assert "Requests, less 10 %\n    1 request x 0.00000018 = " in arithmetic
    assert "Duration, Savings Plan rate\n    13 ms billed x 128 MB" in arithmetic
    assert "\n    0.001625 GB-s x 0.0000147 = " in arithmetic
    assert "your Savings Plan, as entered under Prices" in arithmetic
    size = len(desk.get("resultLog").toPlainText().encode())
    amount = format_money(size * Decimal("0.45") / 1024**3)
    assert f"Apart from that, its log (at least)\n    {size} bytes x 0.450 a GB = {amount}\n" in arithmetic
    dialog = await open_dialog(desk)
    turn_to(dialog, "What you pay")
    again = find(dialog, "savingsPlan duration x86_64")
    assert again.text() == "0.0000147"
    type_into(again, "")
    assert desk.console.prices.get_savings_plan(REGION, "x86_64", PriceItem.DURATION) is None


async def test_the_free_tier_is_chosen_by_account(desk: Desk) -> None:
    await desk.listed()
    await until(lambda: desk.connection.account)
    dialog = await open_dialog(desk)
    turn_to(dialog, "What you pay")
    box = find(dialog, f"freeTier {ACCOUNT}")
    assert isinstance(box, QCheckBox)
    box.setFocus()
    press(box, Qt.Key.Key_Space)
    assert desk.console.prices.has_free_tier(ACCOUNT)
    press(box, Qt.Key.Key_Space)
    assert not desk.console.prices.has_free_tier(ACCOUNT)


async def test_weekly_downloads_are_a_choice(desk: Desk) -> None:
    dialog = await open_dialog(desk)
    dialog.weekly.setFocus()
    press(dialog.weekly, Qt.Key.Key_Space)
    assert desk.console.settings.downloads_prices_weekly


async def test_what_lambdadesk_itself_costs_is_told(desk: Desk, aws: FakeAws) -> None:
    today = datetime.now(UTC).date().isoformat()
    store = OwnUseStore(desk.paths.own_use_file)
    store.add([UseRow(today, ACCOUNT, REGION, OwnUse.METRICS, 2_400)])
    store.add([UseRow(today, ACCOUNT, REGION, OwnUse.QUERY_BYTES, 3 * 1024**3 // 2)])
    dialog = await open_dialog(desk)
    turn_to(dialog, "LambdaDesk itself")
    await until(lambda: dialog.own.rowCount() == 2)
    assert rows(dialog.own_table) == [
        [ACCOUNT, "Metrics requested: 2,400 metrics", "$0.024000", "$0.024000"],
        [ACCOUNT, "Logs scanned by Insights: 1.50 GB", "$0.007500", "$0.007500"],
    ]
    assert not desk.window.own_cost.isVisible()  # nothing that is shown is AWS itself
    type_into(find(dialog, "ownBudget"), "12.5")
    assert desk.console.settings.own_budget == Decimal("12.50")
    assert "Nothing that costs money" not in visible_words(dialog)


async def test_the_status_bar_says_what_today_cost_and_a_budget_stops_the_figures(
    desk: Desk, aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.listed()
    aws.tls, certificate = make_tls(tmp_path)
    for name, value in {
        "HTTPS_PROXY": aws.url,
        "AWS_CA_BUNDLE": str(certificate),
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }.items():
        monkeypatch.setenv(name, value)
    desk.window.places.open_target("", REGION, "")
    await until(lambda: desk.console.connection and not desk.connection.target.endpoint_url)
    await until(desk.window.own_cost.isVisible)
    assert desk.window.own_cost.text() == "LambdaDesk today: < $0.01"
    assert "$0.0000600 today" in desk.window.own_cost.toolTip()  # 2 metrics of each of 3 functions
    desk.console.settings.own_budget = Decimal("0.00001")
    asked = len(aws.requests("GetMetricData"))
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: "own budget of < $0.01 for this month is used up" in visible_words(desk.window))
    assert len(aws.requests("GetMetricData")) == asked
