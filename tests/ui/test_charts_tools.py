"""What one chooses above the charts: a range, a comparison, metrics, a table, a file; and what is marked."""

import csv
import time
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QPushButton

from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import Desk, click, press, rows, turns, until, visible_words
from tests.ui.test_charts_panel import GROUP, counted, drawn, request_id, run_elsewhere

CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


async def opened(desk: Desk, aws: FakeAws, count: int = 3) -> None:
    for number in range(count):
        run_elsewhere(aws, number)
    await desk.open("hello", "Charts")
    await counted(desk, count)
    await drawn(desk.get("durationChart"))


def run_of_version(aws: FakeAws, number: int, version: str) -> None:
    at_ms = int(time.time() * 1000) - 200_000 + 1_000 * number
    stream = f"2026/11/27/[{version}]{number:032x}"
    aws.add_events(
        GROUP,
        f"START RequestId: {request_id(number)} Version: {version}\n",
        f"REPORT RequestId: {request_id(number)}\tDuration: {10 * (number + 1)}.00 ms\t"
        f"Billed Duration: {10 * (number + 1)} ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\t\n",
        timestamp_ms=at_ms,
        stream=stream,
    )


async def test_a_summary_follows_what_is_in_sight(desk: Desk, aws: FakeAws) -> None:
    await opened(desk, aws)
    assert desk.text("chartSummary").startswith("3 invocations since ")
    span = desk.page.charts.span
    middle = desk.get("durationChart").points.times_s[1]
    span.move(middle - 2, middle + 2)
    await until(lambda: desk.text("chartSummary").startswith("In sight, of 3 in all: 1 invocation since "))
    assert desk.get("chartRange").currentText() == "By hand"
    click(desk.get("chartAll"))
    await until(lambda: desk.text("chartSummary").startswith("3 invocations since "))
    assert desk.get("chartRange").currentText() == "All"


async def test_a_live_range_moves_on_with_the_clock(desk: Desk, aws: FakeAws) -> None:
    await opened(desk, aws)
    await desk.choose("chartRange", "Live: last minute")
    desk.get("chartRange").activated.emit(desk.get("chartRange").currentIndex())
    span = desk.page.charts.span
    assert span.right_s - span.left_s == pytest.approx(60)
    before = span.right_s
    await until(lambda: span.right_s > before)
    await until(lambda: "no invocation" in desk.text("chartSummary"))


async def test_versions_are_compared_in_a_table_and_by_their_signs(desk: Desk, aws: FakeAws) -> None:
    for number in range(4):
        run_of_version(aws, number, "7" if number < 2 else "8")
    await desk.open("hello", "Charts")
    await counted(desk, 4)
    await desk.choose("chartCompare", "Compare versions")
    desk.get("chartCompare").activated.emit(1)
    table = desk.get("chartGroups")
    assert table.isVisible()
    found = rows(table)
    assert [row[:4] for row in found] == [["v7", "2", "0", "0"], ["v8", "2", "0", "0"]]
    assert [row[4:6] for row in found] == [["10 ms", "20 ms"], ["30 ms", "40 ms"]]
    assert [row[8] for row in found] == ["$0.23", "$0.27"]
    assert table.columnWidth(0) > table.fontMetrics().horizontalAdvance("before: function changed")
    assert [word for word in desk.get("chartLegend").words if word.startswith("v")] == ["v7", "v8"]
    assert list(desk.get("durationChart").points.groups) == [0, 0, 1, 1]
    await desk.choose("chartCompare", "Compare nothing")
    desk.get("chartCompare").activated.emit(0)
    assert not table.isVisible()
    assert desk.get("durationChart").points.groups is None


async def test_before_and_after_a_deploy(desk: Desk, aws: FakeAws) -> None:
    for number in range(4):
        run_of_version(aws, number, "$LATEST")
    at_s = int(time.time()) - 200 + 2  # between the second and the third
    aws.functions[0]["LastModified"] = datetime.fromtimestamp(at_s, UTC).strftime(
        "%Y-%m-%dT%H:%M:%S.000+0000"
    )
    await desk.open("hello", "Charts")
    await counted(desk, 4)
    assert desk.get("durationChart").marks == [(at_s, "function changed")]
    await desk.choose("chartCompare", "Before and after")
    desk.get("chartCompare").activated.emit(2)
    found = rows(desk.get("chartGroups"))
    assert [row[0] for row in found] == ["before: function changed", "since: function changed"]
    assert sum(int(row[1]) for row in found) == 4
    assert not desk.get("chartChange").isVisible()  # there is one to choose
    await until(lambda: "deploy" in desk.get("chartLegend").words)


async def test_the_latest_deploy_is_compared_until_another_is_chosen(desk: Desk, aws: FakeAws) -> None:
    for number in range(4):
        run_of_version(aws, number, "$LATEST")
    aws.functions[0]["LastModified"] = "2026-01-02T03:04:05.678+0000"
    published = [("1", 200 - 1), ("2", 200 - 2)]  # before the second, and before the third
    aws.versions["hello"] = [
        {
            "Version": version,
            "LastModified": f"{datetime.fromtimestamp(time.time() - ago_s, UTC):%FT%T}.000+0000",
        }
        for version, ago_s in published
    ]
    await desk.open("hello", "Charts")
    await counted(desk, 4)
    await until(lambda: desk.get("chartChange").count() == 3)
    await desk.choose("chartCompare", "Before and after")
    desk.get("chartCompare").activated.emit(2)
    assert desk.get("chartChange").currentText() == "v2 published"
    await desk.choose("chartChange", "function changed")
    desk.get("chartChange").activated.emit(0)
    assert [row[0] for row in rows(desk.get("chartGroups"))] == ["since: function changed"]


async def test_the_table_has_what_is_in_sight_and_leads_to_the_log(desk: Desk, aws: FakeAws) -> None:
    await opened(desk, aws)
    desk.get("durationChart").setFocus()
    press(desk.get("durationChart"), Qt.Key.Key_T, CONTROL_SHIFT)
    table = desk.get("chartPoints")
    await until(table.isVisible)
    assert desk.get("chartTable").text() == "View as charts"
    found = rows(table)
    assert [row[3] for row in found] == ["100.50 ms", "200.50 ms", "300.50 ms"]
    assert found[0][-1] == request_id(0)
    assert found[0][9].startswith("$0.000000")
    span = desk.page.charts.span
    last = desk.get("durationChart").points.times_s[-1]
    span.move(last - 2, last + 2)
    await until(lambda: len(rows(table)) == 1)
    table.setCurrentIndex(table.model().index(0, 0))
    press(table, Qt.Key.Key_Return)
    assert desk.get("logFilter").text() == f"req:{request_id(2)}"


async def test_percentiles_and_the_log_scale_are_switched(desk: Desk, aws: FakeAws) -> None:
    await opened(desk, aws, 24)
    words = desk.get("chartLegend").words
    assert [word for word in words if word.startswith("p")] == ["p50", "p90", "p99"]
    click(desk.get("chartBands"))
    assert "p50" not in desk.get("chartLegend").words
    chart = desk.get("durationChart")
    before = chart.plot.layer.fit(chart.span.left_s, chart.span.right_s)
    click(desk.get("chartLog"))
    await until(lambda: chart.plot.layer.fit(chart.span.left_s, chart.span.right_s) != before)
    assert not desk.get("memoryChart").is_log


async def test_cloudwatch_is_asked_when_one_says_so_and_drawn_as_a_line(desk: Desk, aws: FakeAws) -> None:
    await opened(desk, aws)
    for at_s in desk.get("durationChart").points.times_s:
        aws.metrics["hello", "Invocations"].append((at_s, 1.0))
        aws.metrics["hello", "Duration"].append((at_s, 150.0))
    before = len(aws.requests("GetMetricData"))
    await turns()
    assert len(aws.requests("GetMetricData")) == before  # not by itself
    click(desk.get("chartMetrics"))
    await until(
        lambda: "CloudWatch counts" in desk.text("chartMetricsSaid"), lambda: desk.text("chartMetricsSaid")
    )
    assert "3 invocations and 0 errors" in desk.text("chartMetricsSaid")
    assert "3 are drawn as points" in desk.text("chartMetricsSaid")
    assert len(aws.requests("GetMetricData")) == before + 1
    assert desk.get("durationChart").point_count() == 3  # never as points
    assert desk.get("durationChart").aggregate.middle[0] == 150
    await until(lambda: any("CloudWatch" in word for word in desk.get("chartLegend").words))
    click(desk.get("chartMetrics"))
    assert desk.get("durationChart").aggregate is None
    assert not desk.get("chartMetricsSaid").isVisible()


async def test_metrics_that_are_refused_are_said_where_they_would_be(desk: Desk, aws: FakeAws) -> None:
    await opened(desk, aws)
    # The function list may ask for figures just then, too.
    aws.always("GetMetricData", faults.denied("cloudwatch:GetMetricData"))
    click(desk.get("chartMetrics"))
    await until(lambda: desk.text("chartMetricsSaid").startswith("✖ "))
    assert desk.get("durationChart").point_count() == 3


async def test_a_past_range_is_added_and_each_invocation_counted_once(desk: Desk, aws: FakeAws) -> None:
    hour_s = 3_600
    old_ms = int(time.time() * 1000) - 2 * hour_s * 1000
    aws.add_events(
        GROUP,
        f"START RequestId: {request_id(77)} Version: $LATEST\n",
        f"REPORT RequestId: {request_id(77)}\tDuration: 7.00 ms\tBilled Duration: 7 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 60 MB\t\n",
        timestamp_ms=old_ms,
    )
    await opened(desk, aws)
    await desk.choose("chartRange", "A past range…")
    desk.get("chartRange").activated.emit(desk.get("chartRange").currentIndex())
    await until(desk.get("chartPastLoad").isVisible)
    await desk.choose("chartPastRange", "Last 3 hours")
    click(desk.get("chartPastLoad"))
    await until(lambda: desk.get("durationChart").point_count() == 4, lambda: desk.text("chartPastStatus"))
    assert "1 from a past range" in desk.text("chartSummary")
    assert "3 seen in the log" in desk.text("chartSummary")
    assert min(desk.get("durationChart").points.values) == 7


async def test_the_point_of_a_request_is_marked_and_brought_into_sight(desk: Desk, aws: FakeAws) -> None:
    await opened(desk, aws)
    panel = desk.page.charts
    panel.span.move(panel.span.right_s + 100, panel.span.right_s + 130)
    desk.turn_to("Logs")
    await turns()
    desk.page.logs.chart_requested.emit(request_id(1))
    assert desk.get("pageTabs").currentIndex() == 2
    assert panel.span.marked == 1
    assert panel.span.left_s <= desk.get("durationChart").points.times_s[1] <= panel.span.right_s
    run_elsewhere(aws, 5)
    await desk.polled()
    await counted(desk, 4)
    assert panel.columns.request_id(panel.span.marked) == request_id(1)


async def test_a_request_that_is_not_known_yet_is_marked_when_it_is(desk: Desk, aws: FakeAws) -> None:
    await opened(desk, aws)
    panel = desk.page.charts
    panel.mark(request_id(3))
    assert "marked once it is" in visible_words(panel)
    assert panel.span.marked == -1
    run_elsewhere(aws, 3)
    await desk.polled()
    await until(lambda: panel.span.marked == 3)


async def save_as(desk: Desk, path: Path) -> None:
    click(desk.get("chartExport"))
    dialog = await until(lambda: desk.window.findChild(QFileDialog))
    name = dialog.findChild(QLineEdit)
    name.setText(str(path))
    (button,) = [each for each in dialog.findChildren(QPushButton) if each.text() == "&Save"]
    click(button)
    await until(lambda: f"saved to {path}" in visible_words(desk.page), lambda: visible_words(desk.page))


async def test_what_is_in_sight_is_exported(desk: Desk, aws: FakeAws, tmp_path: Path) -> None:
    await opened(desk, aws)
    await save_as(desk, tmp_path / "charts.csv")
    found = list(csv.DictReader((tmp_path / "charts.csv").read_text().splitlines()))
    assert [row["duration_ms"] for row in found] == ["100.5", "200.5", "300.5"]
    assert sum(float(row["cost"]) for row in found) == pytest.approx(
        float(desk.connection.ledger.totals("hello").cost)
    )
    await save_as(desk, tmp_path / "charts.svg")
    drawing = (tmp_path / "charts.svg").read_text()
    root = ET.fromstring(drawing)  # noqa: S314
    assert root.tag.endswith("svg")
    assert "Charts of hello" in drawing
    assert "<image" not in drawing  # lines, not a picture of them
    await save_as(desk, tmp_path / "charts.png")
    picture = QImage(str(tmp_path / "charts.png"))
    assert picture.width() >= 2 * desk.get("durationChart").width()


async def test_all_of_it_is_reached_by_the_keyboard(desk: Desk, aws: FakeAws) -> None:
    await opened(desk, aws)
    wanted = {
        "chartAll",
        "chartCompare",
        "chartBands",
        "chartLog",
        "chartMetrics",
        "chartTable",
        "chartExport",
    }
    desk.get("chartRange").setFocus()
    seen = set()
    for _step in range(40):
        QTest.keyClick(desk.window, Qt.Key.Key_Tab)
        widget = QApplication.focusWidget()
        seen.add(widget.objectName() if widget else "")
    assert wanted | {"durationChart", "memoryChart", "costChart"} <= seen
