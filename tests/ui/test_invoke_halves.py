"""Payload and result above, runs and tools below: each has room, also in a low window."""

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QTabWidget

from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import Desk, click, turns, until

LOW, WIDE = (760, 500), (1280, 800)


def tab_titles(desk: Desk) -> list[str]:
    bar = desk.get("bottomTabs").tabBar()
    return [bar.tabText(each) for each in range(bar.count()) if bar.isTabVisible(each)]


def turn_to(desk: Desk, title: str) -> None:
    tabs: QTabWidget = desk.get("bottomTabs")
    bar = tabs.tabBar()
    (index,) = [each for each in range(bar.count()) if bar.tabText(each) == title]
    click(bar, bar.tabRect(index).center())


async def opened(desk: Desk, size: tuple[int, int]) -> None:
    await desk.open("hello")
    desk.window.resize(*size)
    await turns()


def is_in_sight(desk: Desk, name: str) -> bool:
    """Whether the whole of it is seen."""
    widget = desk.get(name)
    return bool(widget.isVisible() and widget.visibleRegion().boundingRect() == widget.rect())


async def test_a_tool_gets_room_and_the_runs_give_it_back(desk: Desk, aws: FakeAws) -> None:
    await opened(desk, WIDE)
    halves = desk.get("historySplitter")
    before = halves.sizes()
    state = halves.saveState()
    turn_to(desk, "Cases")
    await turns()
    assert desk.get("bottomTabs").height() >= 270 > before[1]
    assert desk.get("payloadEditor").height() >= 100
    assert halves.saveState() == state  # the next start begins with the runs
    wide = halves.sizes()
    for size in (LOW, WIDE):
        desk.window.resize(*size)
        await turns()
    assert halves.sizes() == wide
    turn_to(desk, "Runs")
    await turns()
    assert halves.sizes() == before


async def test_in_a_low_window_payload_and_result_are_a_tab(desk: Desk, aws: FakeAws) -> None:
    await opened(desk, WIDE)
    assert tab_titles(desk) == ["Runs", "Series", "Versions", "Cases"]
    desk.window.resize(*LOW)
    await turns()
    assert tab_titles(desk) == ["Payload and result", "Runs", "Series", "Versions", "Cases"]
    assert await desk.invoke('{"n": 7}') == "✔ 200 Succeeded"
    summary = desk.get("resultSummary")
    await until(lambda: "cost" in summary.text())
    await turns()
    assert summary.height() >= summary.heightForWidth(summary.width()) > summary.fontMetrics().height()
    assert desk.get("responseView").height() >= 3 * desk.get("responseView").fontMetrics().lineSpacing()
    turn_to(desk, "Series")
    await turns()
    assert not desk.get("payloadEditor").isVisible()
    assert desk.get("bottomTabs").height() >= 200
    await desk.invoke()  # by its button, which is there all the time
    assert summary.isVisible()
    turn_to(desk, "Runs")
    await turns()
    click(desk.get("historyTable").viewport(), QPoint(20, 10))
    await until(summary.isVisible)
    turn_to(desk, "Runs")
    click(desk.get("eventsButton"))
    await turns()
    assert desk.get("eventTree").isVisible()
    desk.window.resize(*WIDE)
    await turns()
    assert tab_titles(desk) == ["Runs", "Series", "Versions", "Cases"]
    editor, runs = desk.get("payloadEditor"), desk.get("historyTable")
    assert editor.mapTo(desk.window, editor.rect().bottomLeft()).y() < runs.mapTo(desk.window, QPoint()).y()


async def test_the_sizes_beside_the_runs_survive_a_low_window(desk: Desk, aws: FakeAws) -> None:
    await opened(desk, WIDE)
    halves = desk.get("historySplitter")
    halves.setSizes([250, 250])
    wanted = halves.sizes()
    state = halves.saveState()
    desk.window.resize(*LOW)
    await turns()
    assert halves.saveState() == state
    halves.restoreState(state)  # as a page does that is built in a low window
    desk.window.resize(*WIDE)
    await turns()
    assert halves.sizes() == wanted


async def test_what_was_not_sent_has_no_answer_of_another_run(desk: Desk, aws: FakeAws) -> None:
    await opened(desk, WIDE)
    desk.type_payload("{oh no}")
    assert (await desk.invoke()).startswith("✖ Not sent: ")
    assert desk.text("resultSummary") == ""
    await desk.invoke('{"n": 7}')
    figures = desk.text("resultSummary")
    desk.type_payload("{oh no}")
    assert (await desk.invoke()).startswith("✖ Not sent: ")
    sent_at = desk.get("historyTable").model().index(0, 0).data()
    assert desk.text("resultSummary") == f"Below is an earlier run, of {sent_at}: Succeeded."
    await desk.polled()  # what the log tells of that run does not hide why this one was not sent
    assert desk.text("resultStatus").startswith("✖ Not sent: ")
    desk.type_payload('{"n": 7}')
    await until(lambda: desk.text("resultSummary") == figures)


async def test_the_figures_of_a_series_are_in_sight_as_it_ends(desk: Desk, aws: FakeAws) -> None:
    await opened(desk, LOW)
    turn_to(desk, "Series")
    area, start = desk.get("scrollSeries"), desk.get("seriesStart")
    await until(start.isEnabled)
    await turns()
    assert not desk.get("seriesExport").isVisible()  # there is nothing to export
    assert desk.get("seriesErrors").visibleRegion().boundingRect() == desk.get("seriesErrors").rect()
    for count, size in enumerate((LOW, WIDE, LOW), 1):
        desk.window.resize(*size)
        await turns()
        click(start)
        await until(lambda count=count: len(aws.requests("Invoke")) == 10 * count)
        await until(lambda: all(is_in_sight(desk, name) for name in ("seriesExport", "seriesFigures")))
        assert is_in_sight(desk, "seriesStatus")
        assert not area.horizontalScrollBar().isVisible()
        assert start.isEnabled()


async def test_no_attempt_moves_the_border_of_the_runs(desk: Desk, aws: FakeAws) -> None:
    aws.script("Invoke", faults.reply(202, b""))
    await opened(desk, WIDE)
    halves = desk.get("historySplitter")
    halves.setSizes([220, 250])
    before = halves.sizes()
    await desk.choose("invocationType", "Event (asynchronous)")
    await desk.invoke()
    request_id = desk.page.invoke.entry.request_id
    for attempt in range(3):
        aws.add_events(
            "/aws/lambda/hello",
            f"START RequestId: {request_id} Version: $LATEST\n",
            f"REPORT RequestId: {request_id}\tDuration: 400.50 ms\tBilled Duration: 401 ms\t"
            "Memory Size: 128 MB\tMax Memory Used: 40 MB\tStatus: error\tError Type: ValueError\t\n",
            timestamp_ms=desk.page.invoke.entry.sent_ms + 20 * attempt,
            stream=f"2026/01/02/[$LATEST]{attempt:032x}",
        )
    desk.connection.tails["hello"].poll_now()
    await until(lambda: desk.text("resultSummary").startswith("3 "), lambda: desk.text("resultSummary"))
    assert desk.text("resultSummary").startswith("3 attempts together: duration 1,201.5 ms")
    assert desk.text("resultSummary").endswith(" · billed 1,203 ms · cost $0.00000311")
    assert desk.get("costArithmetic").toPlainText().startswith("3 attempts together: ")
    assert abs(halves.sizes()[0] - before[0]) < 10  # an alert makes the window's status bar a bit higher
    views = desk.get("resultTabs")
    desk.window.resize(*LOW)
    await turns()
    fate = desk.get("fateView")
    assert fate.height() >= 3 * fate.fontMetrics().lineSpacing()
    summary = desk.get("resultSummary")
    assert summary.height() >= summary.heightForWidth(summary.width()) > summary.fontMetrics().height()
    assert views.height() >= views.minimumSizeHint().height()  # nothing lies over another
