"""The columns, lamps, hours, pins and menus of the function table, driven as a user drives them."""

import time
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu

from lambdadesk.store.settings import Settings
from lambdadesk.ui import theme
from lambdadesk.ui.models.function_table import PLACES, SHOWN
from tests.servers import faults
from tests.servers.fake_aws import ACCOUNT, FakeAws, make_function
from tests.ui.desk import CONTROL, Desk, click_row, press, until

Role = Qt.ItemDataRole


def titles(desk: Desk) -> list[str]:
    """The headers as they are on the screen, from left to right."""
    table = desk.get("functionTable")
    header = table.horizontalHeader()
    shown = [header.logicalIndex(visual) for visual in range(header.count())]
    return [SHOWN[column].title for column in shown if not table.isColumnHidden(column)]


def cell(desk: Desk, name: str, key: str, role: int = Role.DisplayRole) -> Any:
    table = desk.get("functionTable")
    return table.model().index(desk.function_names().index(name), PLACES[key]).data(role)


def window_menu(desk: Desk, title: str) -> QMenu:
    (action,) = [each for each in desk.window.menuBar().findChildren(QMenu) if each.title() == title]
    action.aboutToShow.emit()
    return action


def open_row_menu(desk: Desk, name: str) -> dict[str, Any]:
    """Right-click on a row; the entries by their texts."""
    table = desk.get("functionTable")
    place = table.visualRect(table.model().index(desk.function_names().index(name), 0)).center()
    where = table.viewport().mapToGlobal(place)
    QApplication.sendEvent(table.viewport(), QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, where))
    menu: QMenu = desk.get("functionMenu")
    assert menu.isVisible()
    return {action.text(): action for action in menu.actions() if action.text()}


def give_a_day(aws: FakeAws, name: str) -> None:
    now_s = time.time() - 600
    aws.metrics[name, "Invocations"] = [(now_s - 3600 * hour, 10 * (hour + 1)) for hour in range(20)]
    aws.metrics[name, "Errors"] = [(now_s - 3600 * 19, 80)]
    aws.metrics[name, "Throttles"] = [(now_s, 3)]


async def told(desk: Desk) -> None:
    """Until the figures have come, or failed, and are in the table."""
    await desk.listed()
    key = desk.connection.target.key
    panel = desk.window.functions
    await until(lambda: not desk.connection.scope.is_running("figures"))
    await until(lambda: not panel.rows.get_state(key).is_loading)
    panel.refresh()


async def test_the_usual_columns(desk: Desk) -> None:
    await desk.listed()
    usual = ["Function", "Lamps", "Runtime", "Memory", "Timeout", "Last change"]
    assert titles(desk) == [*usual, "Invocations", "Errors", "p95", "Cost", "24 h"]


async def test_where_a_function_is_comes_before_what_it_is(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    here = desk.connection.target
    desk.window.places.open_places([here, desk.console.in_region(here, "eu-west-1")])
    await until(lambda: len(desk.console.shown) == 2)
    await until(lambda: titles(desk)[:5] == ["Function", "Lamps", "Connection", "Region", "Runtime"])
    desk.window.places.open_places([here])
    await until(lambda: titles(desk)[:3] == ["Function", "Lamps", "Runtime"])


async def test_columns_are_chosen_moved_sorted_and_kept(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    columns = {action.text(): action for action in window_menu(desk, "Columns").actions()}
    assert not columns["Function"].isEnabled()
    columns["Architecture"].trigger()
    columns["Timeout"].trigger()
    table = desk.get("functionTable")
    header = table.horizontalHeader()
    header.moveSection(header.visualIndex(PLACES["cost"]), 1)
    header.resizeSection(PLACES["cost"], 133)
    table.sortByColumn(PLACES["memory"], Qt.SortOrder.DescendingOrder)
    before, names = titles(desk), desk.function_names()
    assert before[:3] == ["Function", "Cost", "Lamps"]
    assert "Architecture" in before
    assert "Timeout" not in before
    assert names[0] == "other"
    await desk.close()
    desk.console.settings.save_now()
    async with Desk(desk.app, aws, desk.paths.home) as again:
        await again.listed()
        assert titles(again) == before
        assert again.function_names() == names
        assert again.get("functionTable").columnWidth(PLACES["cost"]) == 133
        {action.text(): action for action in window_menu(again, "Columns").actions()}[
            "Usual columns"
        ].trigger()
        assert titles(again)[:3] == ["Function", "Lamps", "Runtime"]
        assert "Timeout" in titles(again)


async def test_columns_of_another_version_are_passed_over(desk: Desk, aws: FakeAws) -> None:
    await desk.close()
    settings = Settings(desk.paths.settings_file)
    settings.function_columns = (("name", "200 shown"), ("sky", "90 shown"), ("p95", "x hidden"))
    settings.function_sorting = ("sky", "descending")
    settings.save_now()
    async with Desk(desk.app, aws, desk.paths.home) as again:
        await again.listed()
        assert titles(again)[:2] == ["Function", "Lamps"]
        assert "p95" not in titles(again)
        assert again.get("functionTable").columnWidth(0) == 200


async def test_a_right_click_on_the_header_offers_the_columns(desk: Desk) -> None:
    await desk.listed()
    header = desk.get("functionTable").horizontalHeader()
    header.customContextMenuRequested.emit(QPoint(5, 5))
    (menu,) = [each for each in desk.get("functionTable").findChildren(QMenu) if each.title() == "Columns"]
    assert menu.isVisible()
    assert [action.text() for action in menu.actions()][:3] == ["Function", "Lamps", "Connection"]
    menu.hide()


async def test_figures_are_waited_for_and_then_shown(desk: Desk, aws: FakeAws) -> None:
    await told(desk)
    aws.functions = [make_function("busy"), make_function("idle")]
    give_a_day(aws, "busy")
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: desk.function_names() == ["busy", "idle"])
    await told(desk)
    assert cell(desk, "busy", "invocations") == "2,100"
    assert cell(desk, "busy", "errors") == "80"
    assert cell(desk, "idle", "invocations") == "0"
    spoken = "2,100 invocations, at most 200 in an hour, 80 errors"
    assert cell(desk, "busy", "hours", Role.AccessibleTextRole) == spoken
    assert spoken in cell(desk, "busy", "hours", Role.ToolTipRole)
    assert cell(desk, "idle", "hours", Role.AccessibleTextRole) == "not invoked"
    lamp = cell(desk, "busy", "lamps", Role.ToolTipRole)
    assert lamp.startswith("3 invocations were throttled in 24 h.")
    assert cell(desk, "busy", "lamps", Role.AccessibleTextRole) == lamp


async def test_hours_and_lamps_are_painted(desk: Desk, aws: FakeAws) -> None:
    aws.functions = [make_function("busy"), make_function("idle")]
    give_a_day(aws, "busy")
    desk.window.resize(1_280, 600)
    desk.window.splitter.setSizes([1_200, 80])
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: desk.function_names() == ["busy", "idle"])
    await told(desk)
    table = desk.get("functionTable")
    colours = theme.colours(desk.app.palette())

    def count(name: str, key: str, colour: QColor) -> int:
        index = table.model().index(desk.function_names().index(name), PLACES[key])
        table.scrollTo(index)
        image = table.viewport().grab(table.visualRect(index)).toImage()
        places = [(x, y) for x in range(image.width()) for y in range(image.height())]
        return sum(image.pixelColor(x, y) == colour for x, y in places)

    assert count("busy", "hours", colours.series[0]) > 100
    assert count("busy", "hours", colours.error) > 2
    assert count("idle", "hours", colours.series[0]) == 0
    assert count("busy", "lamps", colours.warning) > 0
    assert count("idle", "lamps", colours.warning) == 0


async def test_denied_figures_are_one_line_and_no_popup(desk: Desk, aws: FakeAws) -> None:
    await told(desk)
    assert not desk.get("figuresMissing").isVisible()
    aws.always("GetMetricData", faults.denied("cloudwatch:GetMetricData"))
    aws.always("GetResources", faults.denied("tag:GetResources"))
    desk.window.places.open_target("", "eu-west-1", aws.url)
    await until(lambda: desk.console.connection and desk.connection.target.region == "eu-west-1")
    await told(desk)
    said = "The figures of 24 h are not known: cloudwatch:GetMetricData is denied."
    await until(lambda: desk.text("figuresMissing") == said)
    assert desk.get("figuresMissing").isVisible()
    assert desk.function_names() == ["hello", "other", "third"]
    assert cell(desk, "hello", "invocations") == "—"
    assert not desk.get("noticeBar").isVisible()
    desk.window.functions.header.show_column("tags", True)
    desk.window.functions.refresh()
    await until(lambda: "The tags are not known: tag:GetResources is denied." in desk.text("figuresMissing"))


async def test_pinned_functions_are_first_and_stay_so(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    click_row(desk.get("functionTable"), 2)
    press(desk.window, Qt.Key.Key_D, CONTROL)
    await until(lambda: desk.function_names() == ["third", "hello", "other"])
    assert cell(desk, "third", "name", Role.AccessibleTextRole) == "third, pinned"
    assert not cell(desk, "third", "name", Role.DecorationRole).isNull()
    table = desk.get("functionTable")
    assert table.currentIndex().row() == 0
    await desk.close()
    desk.console.settings.save_now()
    async with Desk(desk.app, aws, desk.paths.home) as again:
        await again.listed()
        assert again.function_names() == ["third", "hello", "other"]
        open_row_menu(again, "third")["Unpin"].trigger()
        await until(lambda: again.function_names() == ["hello", "other", "third"])
        again.get("functionMenu").hide()


async def test_functions_opened_last_are_offered(desk: Desk) -> None:
    await desk.open("other")
    await desk.open("hello")
    recent = window_menu(desk, "Recent functions").actions()
    assert [action.text() for action in recent] == ["hello", "other"]
    recent[1].trigger()
    assert desk.page.function.name == "other"


async def test_a_row_offers_what_can_be_copied(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    entries = open_row_menu(desk, "other")
    assert list(entries) == ["Open", "Pin", "Copy name", "Copy ARN", "Copy AWS CLI command"]  # no AWS console
    copied = {}
    for what in ("name", "ARN", "AWS CLI command"):
        entries[f"Copy {what}"].trigger()
        copied[what] = QGuiApplication.clipboard().text()
    assert copied["name"] == "other"
    assert copied["ARN"] == f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:other"
    assert "aws lambda invoke --function-name other" in copied["AWS CLI command"]
    assert f"--endpoint-url {aws.url}" in copied["AWS CLI command"]
    entries["Open"].trigger()
    assert desk.page.function.name == "other"
    desk.get("functionMenu").hide()
