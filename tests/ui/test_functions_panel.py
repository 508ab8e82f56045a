"""The list filters as one types, keeps its place, and tells empty, loading, denied and failed apart."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from lambdadesk.core.text import one_line
from lambdadesk.ui.widgets.empty_state import State, StateView
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.servers.faults import Exchange
from tests.ui.desk import Desk, click, click_row, press, rows, turns, until, visible_words

HELD_S = 30.0


def picture(desk: Desk) -> StateView:
    return desk.window.functions.findChildren(StateView)[0]


def words(desk: Desk) -> str:
    return visible_words(desk.window.functions)


def normal(exchange: Exchange) -> None:
    exchange.send(exchange.normal())


def type_filter(desk: Desk, text: str) -> None:
    field = desk.get("functionFilter")
    field.clear()
    QTest.keyClicks(field, text)


# --- what is listed ---


async def test_functions_are_listed_with_what_matters(desk: Desk) -> None:
    await desk.listed()
    table = rows(desk.get("functionTable"))
    assert table[0][:4] == ["hello", "python3.13", "128 MB", "3 s"]
    assert table[1][:3] == ["other", "nodejs22.x", "512 MB"]
    assert table[0][4].endswith(" ago")
    assert desk.text("functionCount") == "3 functions"


async def test_the_list_is_filtered_with_every_key(desk: Desk) -> None:
    await desk.listed()
    type_filter(desk, "o")
    assert desk.function_names() == ["other", "hello", "third"]  # by name, and python
    type_filter(desk, "node")
    assert desk.function_names() == ["other"]
    assert desk.text("functionCount") == "1 of 3 functions"
    type_filter(desk, "SAYS hell")
    assert desk.function_names() == ["hello"]
    type_filter(desk, "nothing")
    assert desk.function_names() == []
    assert picture(desk).state is State.EMPTY
    assert "No function matches the filter" in words(desk)
    press(desk.get("functionFilter"), Qt.Key.Key_Escape)
    assert desk.function_names() == ["hello", "other", "third"]
    assert desk.get("functionTable").isVisible()


async def test_arrows_and_enter_in_the_filter_open_a_function(desk: Desk) -> None:
    await desk.listed()
    field = desk.get("functionFilter")
    press(field, Qt.Key.Key_Down)
    press(field, Qt.Key.Key_Down)
    press(field, Qt.Key.Key_Return)
    assert desk.page.function.name == "other"
    type_filter(desk, "thi")
    press(field, Qt.Key.Key_Return)
    assert desk.page.function.name == "third"


async def test_enter_and_click_on_a_row_open_it_once(desk: Desk) -> None:
    await desk.listed()
    table = desk.get("functionTable")
    click_row(table, 1)
    assert desk.page.function.name == "other"
    table.setFocus()
    press(table, Qt.Key.Key_Up)
    press(table, Qt.Key.Key_Return)
    assert desk.page.function.name == "hello"
    click_row(table, 1)
    tabs = desk.get("functionTabs")
    assert [tabs.tabText(index) for index in range(tabs.count())] == ["Cost", "other", "hello"]
    assert desk.page.function.name == "other"


async def test_a_header_sorts(desk: Desk) -> None:
    await desk.listed()
    header = desk.get("functionTable").horizontalHeader()
    memory = header.sectionViewportPosition(4) + 10
    place = header.viewport().rect().center()
    place.setX(memory)
    click(header.viewport(), place)
    assert desk.function_names() == ["hello", "third", "other"]
    click(header.viewport(), place)
    assert desk.function_names()[0] == "other"


# --- many ---


async def test_a_thousand_functions_come_whole_and_one_is_found(desk: Desk, aws: FakeAws) -> None:
    desk.aws.functions = [make_function(f"function-{number:04}") for number in range(1_000)]
    await desk.listed()
    desk.window.places.refresh()
    await desk.listed()
    assert len(desk.function_names()) == 1_000
    assert desk.text("functionCount") == "1,000 functions"
    type_filter(desk, "0987")
    press(desk.get("functionFilter"), Qt.Key.Key_Return)
    assert desk.page.function.name == "function-0987"


async def test_a_refresh_keeps_selection_and_place(desk: Desk, aws: FakeAws) -> None:
    aws.functions = [make_function(f"function-{number:04}") for number in range(0, 400, 2)]
    press(desk.window, Qt.Key.Key_F5)
    await desk.listed()
    await until(lambda: len(desk.function_names()) == 200)
    table = desk.get("functionTable")
    click_row(table, 100)
    table.verticalScrollBar().setValue(90)
    before = table.rowAt(0)
    assert before == 90
    top, chosen = desk.function_names()[before], desk.function_names()[100]
    aws.functions[7]["MemorySize"] = 1024  # a change
    del aws.functions[150]  # and one gone below
    press(desk.window, Qt.Key.Key_F5)
    await desk.listed()
    await until(lambda: len(desk.function_names()) == 199)
    assert desk.function_names()[table.rowAt(0)] == top
    assert desk.function_names()[table.currentIndex().row()] == chosen
    assert table.selectionModel().isRowSelected(table.currentIndex().row())
    assert rows(table)[7][2] == "1,024 MB"


# --- empty, loading, denied, failed ---


def grab(desk: Desk) -> QImage:
    return picture(desk).grab().toImage()


async def test_empty_loading_denied_and_failed_are_four_pictures(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    aws.functions = []
    pictures: list[QImage] = []
    states: list[State] = []
    cases: dict[str, Any] = {
        "No functions here": None,
        "Waiting for the functions…": faults.slow(HELD_S),
        "Access denied": faults.denied("lambda:ListFunctions"),
        "The service could not answer ListFunctions (HTTP 500).": faults.error(500, "ServiceException"),
    }
    for number, (said, fault) in enumerate(cases.items()):
        aws.always("ListFunctions", fault)
        desk.window.places.open_target("", f"eu-west-{number + 1}", aws.url)  # a fresh list each
        await until(lambda said=said: said in words(desk), lambda: words(desk))
        pictures.append(grab(desk))
        states.append(picture(desk).state)
        assert desk.function_names() == []
    assert states == [State.EMPTY, State.LOADING, State.DENIED, State.FAILED]
    assert all(one != other for place, one in enumerate(pictures) for other in pictures[:place])


@pytest.mark.parametrize(
    ("fault", "title", "hint"),
    [
        (
            faults.denied("lambda:ListFunctions"),
            "Access denied",
            "The permission lambda:ListFunctions is missing.",
        ),
        (faults.expired(), "The credentials have expired.", "Log in again"),
        (faults.throttled(), "AWS asks for fewer ListFunctions requests.", "Wait a moment"),
        (faults.html(200), "The endpoint answered, but not as AWS does.", "wants a login"),
        (faults.html(302, location="http://127.0.0.1:9/"), "A proxy or a login page answered", "log in to"),
        (faults.reset, "The connection broke before the answer was complete.", "Retry."),
        (faults.hang, "The endpoint did not answer in time.", "Check the network"),
        (faults.garbage, "The connection broke before the answer was complete.", "Retry."),
        (
            faults.reply(200, {}),
            "The answer to ListFunctions can't be understood.",
            "Check that",
        ),
    ],
    ids=["denied", "expired", "throttled", "portal", "redirect", "reset", "hang", "garbage", "no list"],
)
@pytest.mark.usefixtures("impatient")
async def test_a_failed_list_says_why_and_retries(
    desk: Desk, aws: FakeAws, fault: faults.Fault, title: str, hint: str
) -> None:
    await until(lambda: desk.function_names())
    aws.always("ListFunctions", fault)
    desk.window.places.open_target("", "eu-west-3", aws.url)
    await until(lambda: title in words(desk), lambda: words(desk))
    assert hint in words(desk)
    assert desk.function_names() == []
    details = [each for each in picture(desk).findChildren(QPushButton) if each.text() == "Details"]
    click(details[0])
    assert "lambda:ListFunctions" in words(desk)
    aws.always("ListFunctions", None)
    (retry,) = [each for each in picture(desk).findChildren(QPushButton) if each.text() == "Retry"]
    click(retry)
    await until(lambda: desk.function_names() == ["hello", "other", "third"])
    assert desk.get("functionTable").isVisible()


async def test_a_page_that_fails_leaves_the_rows_before_it_and_says_so(desk: Desk, aws: FakeAws) -> None:
    aws.functions = [make_function(f"function-{number:03}") for number in range(120)]
    aws.script("ListFunctions", normal, faults.error(500, "ServiceException"))
    desk.window.places.open_target("", "eu-west-1", aws.url)
    await until(lambda: "partial" in desk.text("functionCount"), lambda: desk.text("functionCount"))
    assert len(desk.function_names()) == 50
    assert desk.get("functionTable").isVisible()
    foot = desk.text("functionCount")
    assert foot.startswith("50 functions · The list is partial: page 2 failed. The service could not answer")
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: desk.text("functionCount") == "120 functions")


async def test_a_failed_refresh_keeps_the_rows_and_says_how_old_they_are(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    aws.always("ListFunctions", faults.reset)
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: "Showing what is known" in desk.text("functionCount"))
    assert desk.function_names() == ["hello", "other", "third"]
    foot = desk.text("functionCount")
    assert "The connection broke before the answer was complete." in foot
    assert foot.endswith(" s ago")
    await desk.open("hello")
    assert await desk.invoke() == "✔ 200 Succeeded"  # the rest goes on working


async def test_the_list_of_the_last_run_is_there_before_the_answer(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    await until(lambda: not desk.connection.scope.is_running("refresh"))
    aws.script("ListFunctions", faults.slow(HELD_S))
    async with Desk(desk.app, aws, desk.paths.home) as again:
        await until(lambda: again.function_names() == ["hello", "other", "third"])
        assert again.connection.catalog.state.loading
        assert "refreshing… · list of " in again.text("functionCount")
        await again.open_row("hello")
        assert await again.invoke() == "✔ 200 Succeeded"
        aws.stopping.set()


# --- hostile names ---

HOSTILE = ("<b>bold</b>", "two\nlines", "pay\u202eload", "a&b && c", "x" * 1_000)


async def test_names_from_outside_are_plain_text_everywhere(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    aws.functions = [make_function(name, Description=f"<i>{name}</i>") for name in HOSTILE]
    press(desk.window, Qt.Key.Key_F5)
    await desk.listed()
    await until(lambda: len(desk.function_names()) == len(HOSTILE))
    size = desk.window.size()
    shown = desk.function_names()
    assert "two ⏎ lines" in shown
    assert "pay<U+202E>load" in shown
    table = desk.get("functionTable")
    for row in range(len(HOSTILE)):
        click_row(table, row)
        name = desk.page.function.name
        assert desk.text("functionName") == one_line(name)
        title = desk.get("functionTabs").tabText(desk.get("functionTabs").currentIndex())
        assert "\n" not in title
        assert "\u202e" not in title
        assert title.count("&") == 2 * name.count("&")  # one & would be taken for a shortcut
    await turns()
    everything = visible_words(desk.window)
    assert "\u202e" not in everything
    assert desk.window.size() == size
    assert desk.window.minimumSizeHint().width() <= 1_280
