"""The month on the Cost page: read on a click, summed, grouped, drawn and exported; each gap is said."""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QPushButton

from lambdadesk.aws.clients import Limits
from lambdadesk.core.month_view import STACK_TAG
from lambdadesk.core.types import Target
from lambdadesk.ui.dialogs.text_dialog import TextDialog
from lambdadesk.ui.panels.month_panel import MonthPanel
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, Request, make_function
from tests.servers.fake_tls import make_tls
from tests.ui.desk import REGION, Desk, click, press, rows, until, visible_words


def get_today() -> date:
    return datetime.now(UTC).date()


def ran(aws: FakeAws, name: str, count: float, days_ago: int = 0, duration_ms: float = 100.0) -> None:
    """So many invocations at the beginning of a UTC day, each with 1 KB of log."""
    at = datetime.combine(get_today() - timedelta(days=days_ago), datetime.min.time(), UTC).timestamp()
    aws.metrics[name, "Invocations"].append((at, count))
    aws.metrics[name, "Duration"].append((at, count * duration_ms))
    aws.metrics[f"/aws/lambda/{name}", "IncomingBytes"].append((at, count * 1024))


def table(desk: Desk) -> list[list[str]]:
    return rows(desk.get("monthTable"))


async def turn_to_month(desk: Desk) -> MonthPanel:
    await desk.listed()
    desk.turn_to_cost()
    click(desk.get("costMonth"), QPoint(8, desk.get("costMonth").height() // 2))
    panel = desk.window.cost.month
    assert panel is not None
    return panel


async def read(desk: Desk, functions: int = 3) -> MonthPanel:
    """Turn to the month and wait for its rows; a place without a bill is read by itself."""
    panel = await turn_to_month(desk)
    await until(lambda: len(table(desk)) == functions, lambda: visible_words(panel))
    return panel


async def test_rows_and_figures_are_sums_of_what_cloudwatch_counted(desk: Desk, aws: FakeAws) -> None:
    ran(aws, "hello", 1_000_000, 1, 8_000.0)
    ran(aws, "hello", 500_000, 31, 8_000.0)
    ran(aws, "other", 2_000_000, 0, 1_000.0)
    aws.metrics["other", "Errors"].append((aws.metrics["other", "Invocations"][0][0], 500_000))
    await read(desk)
    titles = [
        desk.get("monthTable").model().headerData(n, Qt.Orientation.Horizontal)
        for n in range(desk.get("monthTable").model().columnCount())
        if not desk.get("monthTable").isColumnHidden(n)
    ]
    other, hello, third = table(desk)
    hello_cost = 1_000_000 * (Decimal("0.0000166667") + Decimal("0.0000002"))
    other_cost = 1_000_000 * Decimal("0.0000166667") + 2_000_000 * Decimal("0.0000002")
    assert dict(zip(titles, hello, strict=True)) == {
        "Function": "hello",
        "Cost": f"≈ ${hello_cost:.2f}",
        "Change": "+100 %",
        "Per million": "≈ $16.87",
        "Requests": "1,000,000",
        "Errors": "0",
        "GB-seconds": "1,000,000",
        "Errors' cost": "$0",
        "Cold starts": "—",
        "Logs": "$0.48",
        "Memory used": "—",
        "Basis": "estimate",
    }
    view = desk.get("monthTable")
    view.selectRow(0)
    assert desk.text("monthWhy").startswith("other: an estimate. CloudWatch's Duration leaves out INIT")
    view.selectRow(2)
    assert desk.text("monthWhy") == "third: CloudWatch counted nothing."
    assert other[:3] == ["other", f"≈ ${other_cost:.2f}", "—"]
    assert third[:2] == ["third", "$0"]
    assert third[-1] == "exact"
    assert "before free tier" in desk.get("monthSoFar").accessibleDescription()
    assert (
        desk.text("monthErrors")
        == f"≈ ${other_cost / 4:.2f} ({25 * other_cost / (hello_cost + other_cost):.1f} %)"
    )
    assert desk.text("monthLogs").startswith("≈ $1.4")
    assert "mean of the same weekdays" in desk.get("monthForecast").accessibleDescription()
    assert "requests" in desk.text("monthFreeTier")
    assert "by account, with tiers: 000000000000 ≈ $" in desk.text("monthBill")
    assert "free tier not taken off" in desk.text("monthBill")
    assert "days are UTC's" in desk.text("monthNote")


async def test_the_free_tier_is_a_line_of_its_own(desk: Desk, aws: FakeAws) -> None:
    ran(aws, "hello", 3_000_000, 0, 1_440.0)
    await read(desk)
    await until(lambda: "free tier" in desk.text("monthBill"))
    desk.console.prices.set_free_tier("000000000000", True)
    click(desk.get("monthBars"))
    desk.window.cost.month._ask_refresh()  # type: ignore[union-attr]  # as the clock does
    await until(
        lambda: "free tier -$6.87, to pay $2.73" in desk.text("monthBill"), lambda: desk.text("monthBill")
    )
    assert desk.text("monthFreeTier") == "requests all, GB-s all"


async def test_stop_is_never_a_window_of_its_own(desk: Desk, aws: FakeAws) -> None:
    await turn_to_month(desk)
    assert desk.get("monthStop").window() is desk.window  # also before it was ever shown


async def test_groups_and_tags(desk: Desk, aws: FakeAws) -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:"
    aws.tags = {f"{arn}hello": {"team": "one", STACK_TAG: "shop"}, f"{arn}other": {"team": "two"}}
    ran(aws, "hello", 3)
    ran(aws, "other", 2)
    await read(desk)
    await until(lambda: desk.get("monthBy").findText("By tag team") >= 0)
    await desk.choose("monthBy", "By runtime")
    press(desk.get("monthBy"), Qt.Key.Key_Return)
    await until(lambda: [row[0] for row in table(desk)] == ["nodejs22.x", "python3.13"] or table(desk))
    by = desk.get("monthBy")

    async def group(text: str) -> list[list[str]]:
        by.setCurrentIndex(by.findText(text))
        by.activated.emit(by.currentIndex())
        return table(desk)

    assert sorted(row[0] for row in await group("By tag team")) == ["no tag team", "one", "two"]
    assert desk.get("monthTable").model().headerData(0, Qt.Orientation.Horizontal) == "team"
    assert sorted(row[0] for row in await group("By stack")) == ["no stack", "shop"]
    assert [row[:2] for row in await group("By region")] == [["us-east-1", "3"]]
    assert [row[0] for row in await group("By account")] == ["000000000000"]
    view = desk.get("monthTable")
    view.setFocus()
    await group("By stack")
    view.selectRow([row[0] for row in table(desk)].index("shop"))
    press(view, Qt.Key.Key_Return)  # a group is looked into
    assert [row[0] for row in table(desk)] == ["hello"]
    assert desk.get("monthFilter").text() == f"{STACK_TAG}=shop"
    view.selectRow(0)
    press(view, Qt.Key.Key_Return)  # and a function opened
    assert desk.page.function.name == "hello"


async def test_the_filter_takes_words_and_tags(desk: Desk, aws: FakeAws) -> None:
    ran(aws, "hello", 3)
    ran(aws, "other", 2)
    await read(desk)
    desk.get("monthFilter").setText("NODE")
    assert [row[0] for row in table(desk)] == ["other"]
    assert "1 of 3 functions shown" in desk.text("monthNote")
    desk.get("monthFilter").setText("node hello")
    assert table(desk) == []
    assert "Nothing cost anything" in desk.get("monthBars").text_summary()


async def test_bars_and_treemap_say_what_they_show(desk: Desk, aws: FakeAws) -> None:
    ran(aws, "hello", 3_000_000, 1)
    ran(aws, "other", 1_000_000, 0)
    await read(desk)
    bars = desk.get("monthBars")
    assert bars.point_count() == 30
    bars.setFocus()
    press(bars, Qt.Key.Key_End)
    assert f"{get_today()}" in bars.point_text()
    assert "so far" in bars.point_text()
    press(bars, Qt.Key.Key_Left)
    assert f"{get_today() - timedelta(days=1)}" in bars.point_text()
    assert "hello $" in bars.point_text()
    interface = QAccessible.queryAccessibleInterface(bars)
    assert interface.role() == QAccessible.Role.Chart
    assert "30 days" in interface.text(QAccessible.Text.Description)
    box = desk.get("monthPicture")
    box.setCurrentText("Treemap")
    box.activated.emit(box.currentIndex())
    treemap = desk.get("monthTreemap")
    assert treemap.isVisible()
    assert treemap.point_count() == 2
    treemap.setFocus()
    press(treemap, Qt.Key.Key_Home)
    first = treemap.point_text()
    assert first.startswith("hello\n≈ $")  # as in the table
    press(treemap, Qt.Key.Key_Right)
    press(treemap, Qt.Key.Key_Down)
    assert treemap.point_text().startswith("other\n")
    press(treemap, Qt.Key.Key_Return)
    assert desk.page.function.name == "other"


async def test_the_rows_are_exported(desk: Desk, aws: FakeAws, tmp_path: Path) -> None:
    ran(aws, "hello", 3)
    panel = await read(desk)
    path = tmp_path / "costs.csv"
    panel.scope.start("export", panel.export_to, path)
    await panel.scope.wait("export")
    with path.open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["name"] for row in found] == [row[0] for row in table(desk)]
    assert Decimal(found[0]["cost"]) == 3 * (
        Decimal("0.0000002") + Decimal("0.0125") * Decimal("0.0000166667")
    )
    assert "3 rows saved" in desk.text("monthTrouble")
    panel.scope.start("export", panel.export_to, tmp_path / "none" / "x.csv" / "y")
    (tmp_path / "none").write_text("")
    await panel.scope.wait("export")
    assert "could not be exported" in desk.text("monthTrouble")


async def test_what_was_deleted_is_marked_and_can_not_be_opened(desk: Desk, aws: FakeAws) -> None:
    ran(aws, "hello", 3)
    ran(aws, "ci-job", 1_000_000, 1)
    await read(desk, 4)
    view = desk.get("monthTable")
    assert table(desk)[0][:2] == ["ci-job (deleted)", "≥ $0.20"]
    assert table(desk)[0][-1] == "at least"
    view.selectRow(0)
    assert "how much memory it had is not known" in desk.text("monthWhy")
    assert "1 deleted besides, of them only the requests" in desk.text("monthNote")
    menu = desk.get("monthTableMenu")
    view.customContextMenuRequested.emit(view.visualRect(view.model().index(0, 0)).center())
    assert not menu.isVisible()
    press(view, Qt.Key.Key_Return)
    assert desk.text("monthTrouble") == "ci-job was deleted: there is no page of it."
    view.customContextMenuRequested.emit(view.visualRect(view.model().index(1, 0)).center())
    assert [each.text() for each in menu.actions()][:3] == ["Open", "What if…", "Power sweep…"]
    menu.close()
    summary = desk.get("monthTreemap").text_summary()
    assert summary.startswith("2 areas, ≥ $0.20 together: ci-job (deleted) ≥ $0.20, 100.0 %; hello ≈ $0.0")
    desk.get("monthFilter").setText("deleted")
    assert [row[0] for row in table(desk)] == ["ci-job (deleted)"]


async def test_the_menu_shows_the_arithmetic_of_a_cost(desk: Desk, aws: FakeAws) -> None:
    ran(aws, "hello", 1_000_000, 1, 8_000.0)
    await read(desk)
    view = desk.get("monthTable")
    menu = desk.get("monthTableMenu")
    view.customContextMenuRequested.emit(view.visualRect(view.model().index(0, 0)).center())
    assert menu.actions()[-1].text() == "How the cost came about…"
    menu.actions()[-1].trigger()
    menu.close()
    (dialog,) = desk.window.findChildren(TextDialog)
    text = dialog.findChild(QPlainTextEdit).toPlainText()
    assert text.startswith(
        "hello, these 30 days\n\nRequests\n    1,000,000 requests x 0.0000002 = $0.200000\n"
    )
    assert (
        "Duration\n    1,000,000 GB-s x 0.0000166667 = $16.666700\n\nTotal (estimate)\n    $16.866700\n"
        in text
    )
    assert "CloudWatch's Duration leaves out INIT" in text
    assert "Prices of us-east-1: published " in text
    dialog.close()


async def test_denied_metrics_are_another_picture_than_none(desk: Desk, aws: FakeAws) -> None:
    aws.always("GetMetricData", faults.denied("cloudwatch:GetMetricData"))
    panel = await turn_to_month(desk)
    await until(lambda: "Access denied" in visible_words(panel), lambda: visible_words(panel))
    assert "cloudwatch:GetMetricData" in visible_words(panel)
    aws.always("GetMetricData", None)
    click(desk.get("monthRead"))
    await until(lambda: len(table(desk)) == 3)


async def test_an_account_without_functions_says_so(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    aws.functions = []
    desk.window.places.open_target("", "eu-west-1", aws.url)
    panel = await turn_to_month(desk)
    await until(lambda: "No functions here" in visible_words(panel), lambda: visible_words(panel))


async def test_one_denied_region_leaves_the_rest(desk: Desk, aws: FakeAws) -> None:
    ran(aws, "hello", 3)
    await read(desk)
    aws.functions.append(make_function("new"))
    desk.action("Refresh the functions").trigger()
    await until(lambda: "1 not read yet" in desk.text("monthNote"), lambda: desk.text("monthNote"))
    aws.always("GetMetricData", faults.denied("cloudwatch:GetMetricData"))
    click(desk.get("monthRead"))
    await until(lambda: "could not be read to its end" in desk.text("monthTrouble"))
    assert len(table(desk)) == 3


async def test_a_place_without_a_list_is_named_and_the_other_is_summed(desk: Desk, aws: FakeAws) -> None:
    ran(aws, "hello", 3)
    await read(desk)
    with FakeAws() as other:
        other.always("ListFunctions", faults.denied("lambda:ListFunctions"))
        targets = [desk.connection.target, Target("eu-west-1", endpoint_url=other.url)]
        desk.window.places.open_places(targets)
        await until(
            lambda: "eu-west-1: functions could not be listed" in desk.text("monthTrouble"),
            lambda: desk.text("monthTrouble"),
        )
        assert "lambda:ListFunctions" in desk.text("monthTrouble")
        name, _account, region, *_figures = table(desk)[0]  # now that there are two, each row says its place
        assert (name, region) == ("hello", "us-east-1")


async def test_nothing_of_an_account_stays_while_the_next_one_is_opened(desk: Desk, aws: FakeAws) -> None:
    ran(aws, "hello", 3)
    panel = await read(desk)
    aws.always("ListFunctions", faults.slow(30))
    desk.window.places.open_target("", "eu-west-1", aws.url)
    await until(lambda: not desk.get("monthTable").isVisible())
    assert "hello" not in visible_words(panel)
    await until(lambda: "Waiting for the functions…" in visible_words(panel), lambda: visible_words(panel))


async def test_the_choice_of_the_view_holds(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    desk.turn_to_cost()
    assert desk.get("costHour").isChecked()  # no AWS: the last hour comes first
    await turn_to_month(desk)
    assert desk.console.settings.cost_view == "month"
    click(desk.get("costHour"), QPoint(8, desk.get("costHour").height() // 2))
    assert desk.console.settings.cost_view == "hour"
    assert desk.get("costTable").parentWidget() is not None
    assert not desk.get("monthTable").isVisible()


async def test_what_the_month_is_shown_as_survives_other_places_and_a_restart(
    desk: Desk, aws: FakeAws
) -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:"
    aws.tags = {f"{arn}hello": {"team": "one"}}
    ran(aws, "hello", 3)
    await read(desk)
    await until(lambda: desk.get("monthBy").findText("By tag team") >= 0)
    for name, text in (
        ("monthPicture", "Treemap"),
        ("monthPeriod", "This month"),
        ("monthBy", "By tag team"),
    ):
        box = desk.get(name)
        box.setCurrentText(text)
        box.activated.emit(box.currentIndex())
    titles = [desk.get("monthTable").model().headerData(at, Qt.Orientation.Horizontal) for at in range(15)]
    desk.get("monthTable").sortByColumn(titles.index("Requests"), Qt.SortOrder.AscendingOrder)

    def check(where: Desk) -> bool:
        header = where.get("monthTable").horizontalHeader()
        assert where.get("monthPeriod").currentText() == "This month"
        assert where.get("monthBy").currentText() == "By tag team"
        assert where.get("monthTreemap").isVisible()
        assert (header.sortIndicatorSection(), header.sortIndicatorOrder()) == (
            titles.index("Requests"),
            Qt.SortOrder.AscendingOrder,
        )
        return [row[0] for row in table(where)] == ["no tag team", "one"]

    await until(lambda: check(desk), lambda: table(desk))
    tags, aws.tags = aws.tags, {}
    desk.window.places.open_target("", "eu-west-1", aws.url)  # whose functions have no such tag
    await until(lambda: [row[0] for row in table(desk)] == ["no tag team"], lambda: table(desk))
    aws.tags = tags
    desk.window.places.open_target("", REGION, aws.url)
    await until(lambda: len(table(desk)) == 2 and check(desk), lambda: table(desk))
    await desk.close()
    desk.console.settings.save_now()
    async with Desk(desk.app, aws, desk.paths.home) as again:
        await again.listed()
        again.turn_to_cost()
        await until(lambda: len(table(again)) == 2 and check(again), lambda: table(again))


async def test_of_aws_the_month_comes_first_and_says_what_it_takes_before_it_is_read(
    desk: Desk, aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.listed()
    aws.functions = [make_function(f"f{number:03}") for number in range(600)]
    for number in range(600):
        ran(aws, f"f{number:03}", 1_000_000, 3, 1_000.0)
    aws.tls, certificate = make_tls(tmp_path)
    for name, value in {
        "HTTPS_PROXY": aws.url,
        "AWS_CA_BUNDLE": str(certificate),
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }.items():
        monkeypatch.setenv(name, value)
    desk.window.places.open_target("", REGION, "")
    desk.turn_to_cost()
    await until(lambda: desk.window.cost.month is not None and desk.get("costMonth").isChecked())
    panel = desk.window.cost.month
    assert panel is not None
    await until(lambda: "600 functions not read yet" in visible_words(panel), lambda: visible_words(panel))
    assert "CloudWatch takes at most $0.03 for their figures." in visible_words(panel)
    assert desk.get("monthRead").text() == "Read · at most $0.03"
    await until(lambda: desk.connection.account)
    assert not month_calls(aws)  # nothing unasked

    # A budget that is used up says so, in place.
    await until(lambda: desk.console.own_use.of_month().amount > 0)  # the function list's own figures
    desk.console.settings.own_budget = Decimal("0.00001")
    buttons = [each for each in panel.findChildren(QPushButton) if each.text() == "Read them"]
    click(next(each for each in buttons if each.isVisible()))
    await until(lambda: "own budget of < $0.01" in visible_words(panel), lambda: visible_words(panel))
    assert "Access denied" not in visible_words(panel)
    assert not month_calls(aws)
    desk.console.settings.own_budget = Decimal(5)

    click(desk.get("monthRead"))
    await until(lambda: len(table(desk)) == 600, lambda: visible_words(panel))
    await until(lambda: not desk.get("monthRead").isEnabled())
    assert "600 functions" in desk.text("monthNote")


async def test_what_has_come_before_a_stop_stays(qapp: QApplication, aws: FakeAws, tmp_path: Path) -> None:
    aws.functions = [make_function(f"f{number:03}") for number in range(600)]
    desk = Desk(qapp, aws, tmp_path / "home", Limits())  # whose calls may take long
    async with desk:
        await desk.listed()
        await desk.connection.scope.wait("figures")
        aws.script("GetMetricData", lambda exchange: exchange.send(exchange.normal()), faults.slow(60))
        panel = await turn_to_month(desk)
        await until(lambda: "call 2 of 2" in desk.text("monthTrouble"), lambda: desk.text("monthTrouble"))
        click(desk.get("monthStop"))
        await until(lambda: not desk.get("monthStop").isVisible(), lambda: visible_words(panel))
        assert desk.get("monthRead").hasFocus()
        assert "100 not read yet" in desk.text("monthNote")
        assert len(table(desk)) == 500
        click(desk.get("monthRead"))
        await until(lambda: len(table(desk)) == 600, lambda: visible_words(panel))


def month_calls(aws: FakeAws) -> list[Request]:
    """The calls for days; those of the function list are for hours, or the day before now."""
    asked = [each for each in aws.requests("GetMetricData") if each.params["StartTime"] % 86_400 == 0]
    return [each for each in asked if each.params["EndTime"] - each.params["StartTime"] > 86_400]
