"""One point per finished invocation, wherever it was seen, and the way from a point to its log."""

import json
import time
from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible

from lambdadesk.core.cost import invocation_cost
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import FunctionInfo, Report
from lambdadesk.ui.widgets.chart import Chart, Kind
from lambdadesk.ui.widgets.chart_plot import Plot
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import REGION, Desk, click, press, turns, until, visible_words

GROUP = "/aws/lambda/hello"


def request_id(number: int) -> str:
    return f"0a1b2c3d-0000-4000-8000-{number:012}"


def run_elsewhere(
    aws: FakeAws, number: int, *, more: str = "", lines: tuple[str, ...] = (), group: str = GROUP
) -> None:
    """An invocation of which only the log tells; each 10 s after the one before it."""
    at_ms = int(time.time() * 1000) - 300_000 + 10_000 * number
    aws.add_events(group, f"START RequestId: {request_id(number)} Version: $LATEST\n", timestamp_ms=at_ms)
    report = (
        f"REPORT RequestId: {request_id(number)}\tDuration: {100 * (number + 1)}.50 ms\t"
        f"Billed Duration: {100 * (number + 1) + 1} ms\tMemory Size: 128 MB\tMax Memory Used: 77 MB\t{more}\n"
    )
    aws.add_events(group, *lines, report, timestamp_ms=at_ms + 100 * (number + 1))


def counts(desk: Desk) -> tuple[int, int, int]:
    return tuple(desk.get(name).point_count() for name in ("durationChart", "memoryChart", "costChart"))  # type: ignore[return-value]  # three


async def counted(desk: Desk, count: int) -> None:
    await until(lambda: counts(desk) == (count,) * 3, lambda: (counts(desk), desk.text("chartSummary")))


async def drawn(chart: Chart) -> None:
    await until(lambda: any(plot.isVisible() for plot in chart.findChildren(Plot)))
    await turns()  # laid out and painted


async def test_points_are_the_finished_invocations_each_once(desk: Desk, aws: FakeAws) -> None:
    for number in range(3):
        run_elsewhere(aws, number)
    aws.add_events(GROUP, "START RequestId: 99999999-0000-4000-8000-000000000000 Version: $LATEST\n")
    await desk.open("hello", "Charts")
    await counted(desk, 3)
    desk.turn_to("Invoke")
    await desk.invoke()
    await desk.invoke()
    desk.turn_to("Charts")
    await counted(desk, 5)  # by their answers alone
    assert "5 invocations since " in desk.text("chartSummary")
    await desk.polled()  # the log tells of the same two
    await turns()
    assert counts(desk) == (5, 5, 5)
    assert ", 2 made here, 3 seen in the log · 0 failed · " in desk.text("chartSummary")
    assert desk.connection.ledger.totals("hello").invocations == 5


async def test_figures_are_those_of_the_report_and_the_price_table(desk: Desk, aws: FakeAws) -> None:
    run_elsewhere(aws, 0)
    run_elsewhere(aws, 1, more="Init Duration: 250.00 ms\t")
    await desk.open("hello", "Charts")
    await counted(desk, 2)
    duration, memory, cost = (desk.get(name) for name in ("durationChart", "memoryChart", "costChart"))
    assert list(duration.points.values) == [100.5, 200.5]
    assert list(duration.points.inits) == [0, 250]
    assert list(duration.points.colds) == [False, True]
    assert list(memory.points.values) == [77, 77]
    assert list(memory.points.ceilings) == [128, 128]
    report = Report("", Decimal("100.50"), billed_ms=101, memory_mb=128)
    amount = invocation_cost(report, FunctionInfo("hello"), REGION, load_prices()).amount
    assert cost.points.values[0] == pytest.approx(float(amount))
    assert duration.point_text(0).endswith(request_id(0))
    assert "100.50 ms, billed 101 ms" in duration.point_text(0)


async def test_an_invocation_is_drawn_while_one_looks(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello", "Charts")
    assert counts(desk) == (0, 0, 0)
    await until(lambda: "Or load a past range." in visible_words(desk.page))
    assert "No finished invocation is known yet." in desk.text("chartSummary")
    run_elsewhere(aws, 0)
    await desk.polled()
    await counted(desk, 1)
    assert desk.text("chartSummary").startswith("1 invocation since ")
    await drawn(desk.get("durationChart"))


async def test_failures_are_marked_and_counted(desk: Desk, aws: FakeAws) -> None:
    run_elsewhere(aws, 0)
    failed = f"2026-01-02T03:04:05.678Z {request_id(1)} Task timed out after 3.00 seconds\n\n"
    run_elsewhere(aws, 1, lines=(failed,))
    run_elsewhere(aws, 2, lines=("[ERROR] ValueError: no\n",))
    aws.function_errors["hello"] = "Unhandled"
    await desk.open("hello")
    await desk.invoke()
    desk.turn_to("Charts")
    await counted(desk, 4)
    kinds = desk.get("durationChart").points.kinds
    assert sorted(kinds) == [Kind.OK, Kind.ERROR, Kind.ERROR, Kind.TIMEOUT]
    assert " · 3 failed · " in desk.text("chartSummary")
    assert {"succeeded", "error", "timed out"} <= set(desk.get("chartLegend").words)
    assert "timed out" in desk.get("durationChart").point_text(1)
    assert "ValueError" in desk.get("durationChart").point_text(2)


async def test_reports_in_json_count_too(desk: Desk, aws: FakeAws) -> None:
    aws.functions[0]["LoggingConfig"] = {"LogFormat": "JSON", "LogGroup": GROUP}
    record = {
        "requestId": request_id(0),
        "status": "success",
        "metrics": {"durationMs": 1.25, "billedDurationMs": 2, "memorySizeMB": 128, "maxMemoryUsedMB": 36},
    }
    line = {"time": "2026-01-02T03:04:05.678Z", "type": "platform.report", "record": record}
    aws.add_events(GROUP, json.dumps(line))
    await desk.open("hello", "Charts")
    await counted(desk, 1)
    assert list(desk.get("durationChart").points.values) == [1.25]


async def test_what_a_report_does_not_say_has_no_point(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(GROUP, f"REPORT RequestId: {request_id(0)}\tDuration: 5.00 ms\t\n")  # Managed Instances
    await desk.open("hello", "Charts")
    await until(lambda: counts(desk) == (1, 0, 1))
    assert "billed — ms" in desk.get("durationChart").point_text(0)
    assert "≈ $" in desk.get("costChart").point_text(0)


async def test_a_click_on_a_point_leads_to_the_log_of_its_request(desk: Desk, aws: FakeAws) -> None:
    for number in range(3):
        run_elsewhere(aws, number)
    await desk.open("hello", "Charts")
    await counted(desk, 3)
    chart: Chart = desk.get("durationChart")
    await drawn(chart)
    click(chart.findChildren(Plot)[0].viewport(), place_of(chart, 1))
    pages = desk.get("pageTabs")
    await until(lambda: pages.tabText(pages.currentIndex()) == "Logs")
    assert desk.get("logFilter").text() == f"req:{request_id(1)}"
    view = desk.get("logView")
    await until(lambda: view.line_count() == 2)
    assert all(request_id(1) in view.line_text(row) for row in range(2))


def place_of(chart: Chart, index: int) -> QPoint:
    """Where a point is, in the plot's viewport."""
    plot = chart.findChildren(Plot)[0]
    assert chart.points is not None
    at = QPointF(chart.points.times_s[index], chart.points.values[index])
    return plot.mapFromScene(plot.getPlotItem().vb.mapViewToScene(at))


async def test_the_same_by_the_keyboard(desk: Desk, aws: FakeAws) -> None:
    for number in range(3):
        run_elsewhere(aws, number)
    await desk.open("hello", "Charts")
    await counted(desk, 3)
    chart = desk.get("memoryChart")
    await drawn(chart)
    chart.setFocus()
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Return):
        press(chart, key)
    assert desk.get("logFilter").text() == f"req:{request_id(2)}"


async def test_a_chart_can_be_heard(desk: Desk, aws: FakeAws) -> None:
    run_elsewhere(aws, 0)
    await desk.open("hello", "Charts")
    await counted(desk, 1)
    heard = QAccessible.queryAccessibleInterface(desk.get("durationChart"))
    assert heard.text(QAccessible.Text.Name) == "Duration"
    assert heard.text(QAccessible.Text.Description).startswith("scatter, 1 point, min 100 ms")


async def test_another_function_has_its_own_points(desk: Desk, aws: FakeAws) -> None:
    run_elsewhere(aws, 0)
    run_elsewhere(aws, 1, group="/aws/lambda/other")
    await desk.open("hello", "Charts")
    await desk.open("other", "Charts")
    await counted(desk, 1)
    assert list(desk.get("durationChart").points.values) == [200.5]
