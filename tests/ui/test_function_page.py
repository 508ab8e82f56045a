"""One opened function: its head, its pages, and its tail that ends with it."""

import gc
import weakref

import pytest
from PySide6.QtCore import Qt

from lambdadesk.ui.pages import PAGES
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.ui.desk import CONTROL, Desk, click, press, turns, until


async def test_the_head_says_what_the_function_is(desk: Desk) -> None:
    await desk.open("hello")
    assert desk.text("functionName") == "hello"
    assert desk.text("functionAbout") == "python3.13 · x86_64 · 128 MB · 3 s timeout · says hello"


@pytest.mark.usefixtures("impatient")
async def test_a_change_of_the_function_holds_from_the_next_refresh_on(desk: Desk, aws: FakeAws) -> None:
    aws.functions[0]["Timeout"] = 0
    await desk.open("hello")
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: "0 s timeout" in desk.text("functionAbout"))
    aws.functions[0] |= {"Timeout": 60, "MemorySize": 256}
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: "256 MB · 60 s timeout" in desk.text("functionAbout"))
    aws.script("Invoke", faults.slow(1.4))  # more than the old timeout allows
    assert await desk.invoke() == "✔ 200 Succeeded"


async def test_a_deleted_function_is_not_invoked_but_its_log_is_read(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    desk.type_payload('{"typed": 1}')
    deleted = aws.functions.pop(0)
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: desk.text("functionAbout") == "deleted; its log can still be read")
    assert "hello" in desk.function_names()
    assert desk.text("functionCount") == "2 functions · 1 deleted"
    assert not desk.get("invokeButton").isEnabled()
    assert "the function has been deleted" in desk.text("resultStatus")
    desk.get("payloadEditor").setFocus()
    press(desk.get("payloadEditor"), Qt.Key.Key_Return, CONTROL)
    desk.turn_to("Logs")
    aws.add_events("/aws/lambda/hello", "its last words\n")
    await desk.polled()
    assert desk.get("logView").line_text(0) == "its last words"
    assert aws.requests("Invoke") == []
    aws.functions.insert(0, deleted)
    press(desk.window, Qt.Key.Key_F5)
    desk.turn_to("Invoke")
    await until(desk.get("invokeButton").isEnabled)
    assert await desk.invoke() == "✔ 200 Succeeded"
    assert aws.requests("Invoke")[0].body == b'{"typed": 1}'


async def test_a_long_description_leaves_the_name_whole(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    width = desk.window.width()
    aws.functions = [make_function("clickstream-aggregator-of-the-shop", Description="so long " * 30)]
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: desk.function_names() == ["clickstream-aggregator-of-the-shop"])
    await desk.open("clickstream-aggregator-of-the-shop")
    await turns()
    name, about = desk.get("functionName"), desk.get("functionAbout")
    assert name.width() >= name.sizeHint().width()
    assert about.width() < about.sizeHint().width()
    assert desk.window.width() == width


async def test_pages_are_reached_by_keys(desk: Desk) -> None:
    await desk.open("hello")
    pages = desk.get("pageTabs")
    for key, title in ((Qt.Key.Key_2, "Logs"), (Qt.Key.Key_3, "Charts"), (Qt.Key.Key_1, "Invoke")):
        press(desk.window, key, CONTROL)
        assert pages.tabText(pages.currentIndex()) == title
    press(desk.window, Qt.Key.Key_0, CONTROL)  # Cost, the tenth
    assert desk.get_tabs().currentIndex() == 0
    press(desk.window, Qt.Key.Key_2, CONTROL)  # of the function that was opened last
    assert desk.page.function.name == "hello"
    assert pages.tabText(pages.currentIndex()) == "Logs"


async def test_the_log_is_followed_from_the_moment_the_function_is_opened(desk: Desk, aws: FakeAws) -> None:
    aws.add_events("/aws/lambda/hello", "before\n")
    await desk.open("hello")
    await until(lambda: len(desk.tail.store) == 1)
    desk.turn_to("Logs")
    assert desk.get("logView").line_text(0) == "before"


async def test_closing_the_tab_ends_its_tail(desk: Desk, aws: FakeAws) -> None:
    page = await desk.open("hello", "Logs")
    await until(lambda: aws.requests("FilterLogEvents"))
    assert list(desk.connection.tails) == ["hello"]
    desk.get("logFilter").setFocus()
    await desk.close_tab()
    assert desk.window.focusWidget() is desk.get_tabs().tabBar()
    assert page not in desk.window.findChildren(type(page))
    assert desk.connection.tails == {}
    await until(lambda: not desk.connection.scope.is_running("tail hello"))
    assert desk.get_tabs().count() == 1


async def test_a_closed_tab_is_let_go(desk: Desk) -> None:
    page = await desk.open("hello")
    await desk.invoke()
    for title in PAGES[1:]:
        desk.turn_to(title)
        await turns()
    closed = weakref.ref(page)
    del page
    await desk.close_tab()
    await until(lambda: gc.collect() >= 0 and closed() is None)


async def test_closing_by_the_cross_closes_that_tab(desk: Desk) -> None:
    await desk.open("hello")
    await desk.open("other")
    bar = desk.get_tabs().tabBar()
    crosses = [bar.tabButton(1, side) for side in (bar.ButtonPosition.LeftSide, bar.ButtonPosition.RightSide)]
    (cross,) = filter(None, crosses)
    click(cross)
    await until(lambda: bar.count() == 2)
    assert [bar.tabText(index) for index in range(2)] == ["Cost", "other"]


async def test_a_tab_that_is_opened_again_at_once_follows_its_log(desk: Desk, aws: FakeAws) -> None:
    """Closing takes a few turns of the loop; the tail of the new page must not end with the old one."""
    aws.always("Invoke", faults.slow(30))
    await desk.open("hello")
    click(desk.get("invokeButton"))
    await until(lambda: aws.requests("Invoke"))
    tabs = desk.get_tabs()
    press(desk.window, Qt.Key.Key_W, CONTROL)
    await until(lambda: tabs.count() == 1)
    await desk.open("hello", "Logs")
    await turns()
    assert list(desk.connection.tails) == ["hello"]
    aws.add_events("/aws/lambda/hello", "line\n")
    await desk.polled()
    assert desk.get("logView").line_count() == 1


async def test_the_cost_page_stays(desk: Desk) -> None:
    await desk.listed()
    press(desk.window, Qt.Key.Key_W, CONTROL)
    await turns()
    assert desk.get_tabs().count() == 1
    assert desk.get("costTable") is not None
