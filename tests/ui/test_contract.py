"""Every widget of the contract is found by its name, once, and has a name for people."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QLabel,  # noqa: TID251  to look for, not to show
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QWidget,
)

from lambdadesk.ui.pages import PAGES
from tests.ui.desk import Desk, until

FRAME = {
    "connectionBox": QComboBox,
    "regionBox": QComboBox,
    "statusMessage": QLabel,
    "noticeBar": QWidget,
    "functionFilter": QLineEdit,
    "functionTable": QAbstractItemView,
    "functionTabs": QTabWidget,
    "costTable": QAbstractItemView,
    "costTotal": QLabel,
}
PAGE = {
    "pageTabs": QTabWidget,
    "payloadEditor": QPlainTextEdit,
    "payloadProblem": QLabel,
    "invocationType": QComboBox,
    "qualifierBox": QComboBox,
    "invokeButton": QPushButton,
    "stopWaitingButton": QPushButton,
    "resultStatus": QLabel,
    "resultSummary": QLabel,
    "responseView": QPlainTextEdit,
    "resultLog": QPlainTextEdit,
    "historyTable": QAbstractItemView,
    "logView": QWidget,
    "logFilter": QLineEdit,
    "logFollow": QCheckBox,
    "logLedger": QLabel,
    "durationChart": QWidget,
    "memoryChart": QWidget,
    "costChart": QWidget,
    "timelineView": QWidget,
    "triggerTable": QAbstractItemView,
    "configurationView": QAbstractItemView,
    "roleView": QPlainTextEdit,
    "querySource": QLineEdit,
    "queryText": QPlainTextEdit,
    "queryRun": QPushButton,
    "queryTable": QAbstractItemView,
}


async def open_all_pages(desk: Desk, function: str) -> None:
    await desk.open(function)
    for page in (*PAGES[1:], "Invoke"):
        desk.turn_to(page)


async def test_the_frame_has_its_widgets_once_and_named_for_people(desk: Desk) -> None:
    await open_all_pages(desk, "hello")
    await open_all_pages(desk, "other")
    assert desk.window.objectName() == "mainWindow"
    assert desk.window.accessibleName()
    for name, kind in FRAME.items():
        (widget,) = desk.window.findChildren(QWidget, name)
        assert isinstance(widget, kind), name
        assert widget.accessibleName().strip(), f"{name} has no accessible name"


async def test_a_page_has_its_widgets_once_and_named_for_people(desk: Desk) -> None:
    await open_all_pages(desk, "hello")
    await open_all_pages(desk, "other")
    for function in ("hello", "other"):
        page = await desk.open(function)
        for name, kind in PAGE.items():
            (widget,) = page.findChildren(QWidget, name)
            assert isinstance(widget, kind), name
            assert widget.accessibleName().strip(), f"{name} has no accessible name"
        own = [each.objectName() for each in page.findChildren(QWidget)]
        own = [name for name in own if name and not name.startswith("qt_") and name not in SHARED]
        assert sorted(own) == sorted(set(own))


# Parts of widgets that occur several times on a page.
SHARED = {"details", "detailsButton", "ScrollLeftButton", "ScrollRightButton"}


async def test_pages_and_tabs_have_their_titles(desk: Desk) -> None:
    await desk.open("hello")
    tabs, pages = desk.get("functionTabs"), desk.get("pageTabs")
    assert [pages.tabText(index) for index in range(pages.count())] == [*PAGES]
    assert PAGES == (
        "Invoke",
        "Logs",
        "Charts",
        "Timeline",
        "Triggers",
        "Configuration",
        "Role",
        "History",
        "Query",
    )
    assert [tabs.tabText(index) for index in range(tabs.count())] == ["Cost", "hello"]


async def test_lists_begin_with_the_name(desk: Desk) -> None:
    await desk.open("hello")
    await desk.invoke()
    desk.turn_to("Triggers")
    titles = [desk.get("triggerTable").model().headerData(n, Qt.Orientation.Horizontal) for n in range(5)]
    assert titles == ["Source", "Name", "Mode", "State", "Verdict"]
    desk.turn_to_cost()
    for name, first in (("functionTable", "Function"), ("costTable", "Function")):
        table = desk.get(name)
        assert table.model().headerData(0, Qt.Orientation.Horizontal) == first
    await until(lambda: desk.get("costTable").model().rowCount() == 1)
    assert desk.get("costTable").model().index(0, 0).data() == "hello"
    assert desk.function_names() == ["hello", "other", "third"]


async def test_editor_and_views_give_back_their_text(desk: Desk) -> None:
    await desk.open("hello")
    editor = desk.get("payloadEditor")
    editor.setPlainText('{"n": 1}')
    assert editor.toPlainText() == '{"n": 1}'
    assert desk.text("payloadProblem") != ""
    assert "Succeeded" in await desk.invoke()
    assert desk.get("responseView").toPlainText() == '{\n  "n": 1\n}'
    assert "REPORT RequestId" in desk.get("resultLog").toPlainText()


async def test_log_and_charts_answer_for_their_figures(desk: Desk) -> None:
    await desk.open("hello", "Logs")
    view = desk.get("logView")
    desk.aws.add_events("/aws/lambda/hello", "one\n", "two\n")
    await desk.polled()
    assert (view.line_count(), view.matching_count()) == (2, 2)
    assert [view.line_text(row) for row in range(2)] == ["one", "two"]
    desk.turn_to("Charts")
    for name in ("durationChart", "memoryChart", "costChart"):
        assert desk.get(name).point_count() == 0
    desk.turn_to("Timeline")
    assert desk.get("timelineView").point_count() == 0


@pytest.mark.parametrize(
    "page",
    ["invoke", "logs", "charts", "timeline", "triggers", "configuration", "role", "cost", "history", "query"],
)
async def test_pages_of_the_command_line_are_shown(desk: Desk, page: str) -> None:
    desk.window.want("hello", page)
    await desk.listed()
    if page == "cost":
        await until(lambda: desk.get("costTable").parentWidget().isVisible())
        return
    pages = desk.get("pageTabs")
    assert pages.tabText(pages.currentIndex()) == page.capitalize()
