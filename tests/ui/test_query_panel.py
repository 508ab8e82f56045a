"""The Query page: what is asked and what it costs, the rows, their chart, and the lines around one."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QDate, QPoint, Qt, QTime
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMenu, QWidget

from lambdadesk.core.insights import MAX_GROUPS
from lambdadesk.core.query_table import get_time_ms
from lambdadesk.ui import theme
from lambdadesk.ui.panels.query_panel import QueryPanel
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.servers.fake_insights import QueryScript
from tests.ui.desk import CONTROL, Desk, click, move, press, rows, until, visible_words

GROUP = "/aws/lambda/hello"
STREAM = "2026/01/02/[$LATEST]0123456789abcdef"
TIMES = ["2026-01-02 03:04:05.000", "2026-01-02 03:05:05.000", "2026-01-02 03:06:05.250"]
LINES = [
    {"@timestamp": TIMES[0], "@duration": "9.5", "@logStream": STREAM, "@message": '{"n": 1}', "@ptr": "a"},
    {"@timestamp": TIMES[1], "@duration": "30", "@logStream": STREAM, "@message": "<b>two</b>", "@ptr": "b"},
    {"@timestamp": TIMES[2], "@logStream": STREAM, "@message": "three", "@ptr": "c"},
]
BINS = [{"bin(5m)": at, "@log": f"1:{GROUP}", "lines": str(n)} for n, at in enumerate(TIMES, 1)]


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    with FakeAws() as server:
        server.functions = [
            make_function("hello"),
            make_function("json", LoggingConfig={"LogFormat": "JSON", "LogGroup": "/shared"}),
        ]
        server.log_settings = {GROUP: {"storedBytes": 7_000_000, "retentionInDays": 7, "creationTime": 1}}
        server.add_events(GROUP, "a line\n")
        server.query_scripts = [QueryScript(LINES, ["Complete"], 3_000_000)]
        yield server


async def open_query(desk: Desk, function: str = "hello") -> QueryPanel:
    page = await desk.open(function, "Query")
    (panel,) = page.findChildren(QueryPanel)
    return panel


async def run(desk: Desk) -> str:
    """Click on Run and wait for the end; returns what is said of it."""
    click(desk.get("queryRun"))
    await until(lambda: desk.get("queryRun").isEnabled(), lambda: visible_words(desk.page))
    return desk.text("queryStatus")


def set_query(desk: Desk, text: str) -> None:
    editor = desk.get("queryText")
    editor.setFocus()
    press(editor, Qt.Key.Key_A, CONTROL)
    QTest.keyClicks(editor, text)


async def dialog(name: str) -> QDialog:
    def find() -> QDialog | None:
        shown = [each for each in QApplication.topLevelWidgets() if each.isVisible()]
        return next((each for each in shown if each.objectName() == name), None)  # type: ignore[return-value]

    return await until(find, lambda: name)


def choose(desk: Desk, title: str) -> None:
    """Choose an entry of the menu of queries."""
    menu = desk.get("queryMenu")
    menu.aboutToShow.emit()
    (action,) = [each for each in menu.actions() if each.text() == title]
    action.trigger()


async def test_nothing_runs_unasked_and_prices_are_said_before(desk: Desk, aws: FakeAws) -> None:
    await open_query(desk)
    assert desk.get("querySource").text() == GROUP
    assert "Task timed out" in desk.get("queryText").toPlainText()
    assert "0.005 USD per GB" in visible_words(desk.page)
    await until(
        lambda: "to scan, less than $0.01" in desk.text("queryEstimate"), lambda: desk.text("queryEstimate")
    )
    assert desk.text("queryEstimate").startswith("About 41.7 kB to scan")
    assert aws.queries == []


async def test_a_query_is_run_by_the_button_and_shown_as_a_table(desk: Desk, aws: FakeAws) -> None:
    await open_query(desk)
    set_query(desk, "fields @message | limit 3")
    said = await run(desk)
    params = aws.queries[0].params
    assert (params["queryString"], params["logGroupNames"]) == ("fields @message | limit 3", [GROUP])
    assert params["endTime"] - params["startTime"] == 3_600
    assert said.startswith("3 rows in ")
    assert "30 records and 3.0 MB scanned · $0.0000150" in said
    desk.get("queryUtc").click()
    table = desk.get("queryTable")
    assert [table.model().headerData(n, Qt.Orientation.Horizontal) for n in range(4)] == [*LINES[0]][:4]
    assert rows(table)[0] == [TIMES[0], "9.5", STREAM, '{"n": 1}']
    assert rows(table)[2][1] == "—"


async def test_control_enter_runs_it_and_the_query_is_there_again(desk: Desk, aws: FakeAws) -> None:
    panel = await open_query(desk)
    set_query(desk, "limit 3")
    press(desk.get("queryText"), Qt.Key.Key_Return, CONTROL)
    await until(lambda: panel.query.has_run)
    assert aws.queries[0].params["queryString"] == "limit 3"
    assert len(aws.requests("Invoke")) == 0
    await desk.close_tab()
    await open_query(desk)
    assert desk.get("queryText").toPlainText() == "limit 3"


async def test_control_enter_runs_it_from_the_row_of_tabs_and_not_while_it_is_hidden(
    desk: Desk, aws: FakeAws
) -> None:
    panel = await open_query(desk)
    bar = desk.page.pages.tabBar()
    bar.setFocus()
    press(bar, Qt.Key.Key_Return, CONTROL)
    await until(lambda: panel.query.has_run)
    assert len(aws.queries) == 1
    desk.page.show_page("History")
    bar.setFocus()
    press(bar, Qt.Key.Key_Return, CONTROL)
    await asyncio.sleep(0)
    assert len(aws.queries) == 1
    assert len(aws.requests("Invoke")) == 0


async def test_numbers_sort_as_such_and_the_third_click_gives_back_the_order(desk: Desk) -> None:
    await open_query(desk)
    await run(desk)
    table = desk.get("queryTable")
    header = table.horizontalHeader()
    messages = []
    for _click in range(3):
        place = QPoint(header.sectionViewportPosition(1) + 5, header.height() // 2)
        click(header.viewport(), place)
        messages.append([row[3] for row in rows(table)])
    one, two, three = '{"n": 1}', "<b>two</b>", "three"
    assert messages == [[one, two, three], [two, one, three], [one, two, three]]


async def test_a_row_is_shown_as_a_tree_and_copied_as_a_table(desk: Desk) -> None:
    await open_query(desk)
    await run(desk)
    tree = desk.get("queryRow")
    top = tree.model().index(0, 0)
    keys = [tree.model().index(row, 0, top).data() for row in range(tree.model().rowCount(top))]
    assert keys == [*LINES[0]][:4]
    message = tree.model().index(3, 0, top)
    assert tree.model().index(0, 0, message).data() == "n"
    table = desk.get("queryTable")
    table.setFocus()
    press(table, Qt.Key.Key_C, CONTROL)
    assert QGuiApplication.clipboard().text().splitlines() == [
        "@timestamp\t@duration\t@logStream\t@message",
        f'{TIMES[0]}\t9.5\t{STREAM}\t{{"n": 1}}',
    ]
    click(desk.get("queryCopy"))
    assert len(QGuiApplication.clipboard().text().splitlines()) in (2, 4)


async def test_progress_and_price_are_told_and_cancel_stops_the_query(desk: Desk, aws: FakeAws) -> None:
    aws.query_scripts = [QueryScript(LINES, ["Running"] * 100, 200 * 10**9)]
    await open_query(desk)
    desk.get("queryRun").setFocus()
    click(desk.get("queryRun"))
    await until(lambda: "Running" in desk.text("queryStatus"), lambda: visible_words(desk.page))
    assert "2.0 GB scanned · $0.010000" in desk.text("queryStatus")
    assert not desk.get("queryRun").isEnabled()
    assert desk.get("queryCancel").hasFocus()
    click(desk.get("queryCancel"))
    await until(lambda: desk.get("queryRun").isEnabled(), lambda: visible_words(desk.page))
    assert desk.get("queryRun").hasFocus()  # and not the first field of the window
    assert aws.queries[0].was_stopped
    assert not desk.get("queryCancel").isVisible()
    assert "Cancelled" in visible_words(desk.page)


async def test_closing_the_tab_stops_the_query(desk: Desk, aws: FakeAws) -> None:
    aws.query_scripts = [QueryScript(LINES, ["Running"] * 100)]
    await open_query(desk)
    click(desk.get("queryRun"))
    await until(lambda: aws.queries)
    await desk.close_tab()
    assert aws.queries[0].was_stopped


async def test_a_large_scan_asks_first(desk: Desk, aws: FakeAws) -> None:
    aws.log_settings[GROUP] = {"storedBytes": 24 * 168 * 10**9, "retentionInDays": 7, "creationTime": 1}
    await open_query(desk)
    click(desk.get("queryRun"))
    await until(lambda: desk.page.findChild(QWidget, "askQuestion"))
    question = desk.text("askQuestion")
    assert question.startswith("The query may scan about 24.0 GB, which costs about $0.12. Run it?")
    click(desk.get("askRefuse"))
    assert aws.queries == []
    click(desk.get("queryRun"))
    await until(lambda: desk.page.findChild(QWidget, "queryRunAnyway"))
    click(desk.get("queryRunAnyway"))
    await until(lambda: aws.queries)
    await until(lambda: desk.get("queryRun").isEnabled())


async def test_a_mistake_is_marked_at_its_place(desk: Desk, aws: FakeAws) -> None:
    problem = {"message": "unexpected |", "location": {"startCharOffset": 11, "endCharOffset": 13}}
    aws.script("StartQuery", faults.error(400, "MalformedQueryException", "x", queryCompileError=problem))
    await open_query(desk)
    editor = desk.get("queryText")
    editor.setPlainText("# \U0001f600 note\n| | limit 1")
    await run(desk)
    assert desk.text("queryProblem").startswith("✖ The query can't be understood: unexpected |")
    assert editor.error_line == 2
    (mark,) = editor.extraSelections()
    assert mark.cursor.selectedText() == "| "
    QTest.keyClicks(editor, "x")
    assert (editor.error_line, editor.extraSelections()) == (0, [])


async def test_denied_empty_and_not_offered_are_told_apart(desk: Desk, aws: FakeAws) -> None:
    aws.script("StartQuery", faults.denied("logs:StartQuery"), faults.error(400, "UnknownOperationException"))
    await open_query(desk)
    await run(desk)
    assert "The permission logs:StartQuery is missing." in visible_words(desk.page)
    await run(desk)
    assert "not offered by this endpoint" in visible_words(desk.page)
    aws.query_scripts = [QueryScript([], ["Complete"])]
    await run(desk)
    assert "No rows" in visible_words(desk.page)
    desk.get("querySource").setText("")
    await run(desk)
    assert "No log group is chosen." in desk.text("queryProblem")


async def test_an_estimate_that_is_denied_holds_nothing_up(desk: Desk, aws: FakeAws) -> None:
    aws.always("DescribeLogGroups", faults.denied("logs:DescribeLogGroups"))
    await open_query(desk)
    await until(lambda: "can't be estimated" in desk.text("queryEstimate"))
    assert "3 rows" in await run(desk)


async def test_rows_that_are_not_all_say_so(desk: Desk, aws: FakeAws) -> None:
    aws.query_scripts = [QueryScript(LINES, ["Running", "Timeout"])]
    await open_query(desk)
    said = await run(desk)
    assert said.startswith("▲ These are not all rows. The query ran for an hour")


async def test_a_chart_over_time_is_pointed_at_by_keys(desk: Desk, aws: FakeAws) -> None:
    aws.query_scripts = [QueryScript(BINS, ["Complete"])]
    await open_query(desk)
    await run(desk)
    tabs = desk.get("queryTabs")
    click(tabs.tabBar(), tabs.tabBar().tabRect(1).center())
    chart = desk.get("queryChart")
    assert chart.point_count() == 3
    assert "lines, 3 points, min 1, max 3" in chart.text_summary()
    desk.get("queryUtc").click()
    chart.setFocus()
    press(chart, Qt.Key.Key_Left)
    assert chart.point_text().splitlines()[1:] == ["2026-01-02 03:06:05", "lines 3"]
    assert not chart.grab().isNull()


async def test_a_result_without_numbers_has_no_chart(desk: Desk, aws: FakeAws) -> None:
    aws.query_scripts = [QueryScript([{"@message": "x"}], ["Complete"])]
    await open_query(desk)
    await run(desk)
    assert not desk.get("queryTabs").isTabEnabled(1)
    assert not desk.get("queryAround").isEnabled()


@pytest.mark.parametrize("suffix", ["ndjson", "csv", "json"])
async def test_rows_are_exported(desk: Desk, tmp_path: Path, suffix: str) -> None:
    await open_query(desk)
    await run(desk)
    click(desk.get("queryExport"))
    (chooser,) = desk.page.findChildren(QFileDialog)
    path = tmp_path / f"rows.{suffix}"
    chooser.fileSelected.emit(str(path))
    chooser.close()
    await until(lambda: "written to" in desk.text("queryStatus"))
    assert "3 rows" in desk.text("queryStatus")
    assert path.read_text().count("<b>two</b>") == 1


async def test_written_queries_fit_the_function_and_undo_brings_the_text_back(desk: Desk) -> None:
    await open_query(desk, "json")
    editor = desk.get("queryText")
    assert editor.toPlainText().split("\n")[1] == 'filter @logStream like "/json["'
    choose(desk, "Cost and GB-seconds")
    text = editor.toPlainText()
    assert "record.metrics.billedDurationMs" in text
    assert 'filter @logStream like "/json["' in text
    editor.undo()
    assert "level in" in editor.toPlainText()


async def test_a_query_is_saved_chosen_and_deleted(desk: Desk) -> None:
    await open_query(desk)
    set_query(desk, "limit 7")
    choose(desk, "Save this query…")
    field = desk.get("queryName")
    QTest.keyClicks(field, "mine & yours")
    press(field, Qt.Key.Key_Return)
    assert desk.console.settings.saved_queries == (("mine & yours", "limit 7"),)
    choose(desk, "Errors")
    choose(desk, "mine && yours")
    assert desk.get("queryText").toPlainText() == "limit 7"
    (deletes,) = [menu for menu in desk.page.findChildren(QMenu) if menu.title() == "Delete"]
    deletes.actions()[0].trigger()
    assert desk.console.settings.saved_queries == ()


async def test_log_groups_are_chosen_from_those_that_exist(desk: Desk, aws: FakeAws) -> None:
    aws.log_settings |= {f"/aws/lambda/orders-{number:02d}": {} for number in range(60)}
    await open_query(desk)
    click(desk.get("queryChoose"))
    groups = await dialog("logGroupsDialog")
    found = groups.list  # type: ignore[attr-defined]
    await until(lambda: found.count() == 61)
    QTest.keyClicks(groups.filter, "orders-0*")  # type: ignore[attr-defined]
    await until(lambda: found.count() == 1)  # a pattern fits the whole name
    QTest.keyClicks(groups.filter, "")  # type: ignore[attr-defined]
    groups.filter.setText("orders-0")  # type: ignore[attr-defined]
    await until(lambda: found.count() == 11)
    for row in (3, 4):
        found.item(row).setCheckState(Qt.CheckState.Checked)
    click(groups.use)  # type: ignore[attr-defined]
    names = f"{GROUP} /aws/lambda/orders-02 /aws/lambda/orders-03"
    assert desk.get("querySource").text() == names
    await run(desk)
    # the fake has no events of these, so that it takes them for groups that don't exist
    assert "does not exist" in visible_words(desk.page)


async def test_patterns_among_the_groups_are_expanded_within_the_limit(desk: Desk, aws: FakeAws) -> None:
    for number in range(MAX_GROUPS + 1):
        aws.add_events(f"/aws/lambda/orders-{number:02d}", "x")
    await open_query(desk)
    desk.get("querySource").setText("/aws/lambda/orders-0*, /aws/lambda/hello")
    await run(desk)
    assert len(aws.queries[0].params["logGroupNames"]) == 11
    desk.get("querySource").setText("/aws/lambda/orders-*")
    await run(desk)
    assert "at most 50 log groups; these are 51" in desk.text("queryProblem")


async def test_a_range_between_two_moments_is_the_same_in_utc(desk: Desk, aws: FakeAws) -> None:
    await open_query(desk)
    await desk.choose("queryRange", "From … to …")
    desk.get("queryUtc").click()
    start, end = desk.get("queryFrom"), desk.get("queryTo")
    start.setDate(QDate(1800, 1, 1))
    assert start.date() == QDate(1970, 1, 2)  # AWS takes none before 1970
    for edit, hour in ((start, 3), (end, 4)):
        edit.setDate(QDate(2026, 1, 2))
        edit.setTime(QTime(hour, 0))
    desk.get("queryUtc").click()
    await run(desk)
    params = aws.queries[0].params
    wanted = [datetime(2026, 1, 2, hour, tzinfo=UTC).timestamp() for hour in (3, 4)]
    assert [params["startTime"], params["endTime"]] == wanted


async def test_the_lines_around_a_row_are_read_of_its_stream_alone(desk: Desk, aws: FakeAws) -> None:
    at_ms = get_time_ms(TIMES[1]) or 0
    aws.add_events(GROUP, "long before", timestamp_ms=at_ms - 121_000, stream=STREAM)
    aws.add_events(GROUP, "before", "just before", timestamp_ms=at_ms - 100_000, stream=STREAM)
    aws.add_events(GROUP, "<b>two</b>", "after", timestamp_ms=at_ms, stream=STREAM)
    aws.add_events(GROUP, "of another stream", timestamp_ms=at_ms, stream=f"{STREAM}0")
    await open_query(desk)
    await run(desk)
    desk.get("queryTable").selectRow(1)
    click(desk.get("queryAround"))
    shown: Any = await dialog("linesAroundDialog")
    await until(lambda: shown.model.rowCount() == 4, lambda: rows(shown.table))
    await until(lambda: shown.table.currentIndex().row() == 2)
    assert [row[1] for row in rows(shown.table)] == ["before", "just before", "<b>two</b>", "after"]
    assert shown.text.toPlainText() == "<b>two</b>"
    asked = json.loads(aws.requests("FilterLogEvents")[-1].body)
    assert (asked["logStreamNamePrefix"], asked["startTime"]) == (STREAM, at_ms - 120_000)
    shown.close()


async def test_lines_that_may_not_be_read_say_so(desk: Desk, aws: FakeAws) -> None:
    await open_query(desk)
    await run(desk)
    aws.always("FilterLogEvents", faults.denied("logs:FilterLogEvents"))
    click(desk.get("queryAround"))
    shown = await dialog("linesAroundDialog")
    await until(lambda: "logs:FilterLogEvents is missing" in visible_words(shown))
    aws.always("FilterLogEvents", None)
    shown.close()


async def test_ten_thousand_rows_are_sorted_and_repainted(desk: Desk, aws: FakeAws) -> None:
    many = [{"n": str(number * 7919 % 10_007), "@message": f"line {number}"} for number in range(10_000)]
    aws.query_scripts = [QueryScript(many, ["Complete"])]
    await open_query(desk)
    assert "there may be more: the limit is reached" in await run(desk)
    table = desk.get("queryTable")
    assert table.model().rowCount() == 10_000
    table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    shown = [int(table.model().index(row, 0).data()) for row in range(10_000)]
    assert shown == sorted(shown, reverse=True)


@pytest.mark.parametrize("mode", ["light", "dark"])
async def test_it_is_painted_in_both_themes(desk: Desk, aws: FakeAws, mode: str, qapp: QApplication) -> None:
    theme.apply(qapp, mode)
    aws.query_scripts = [QueryScript(BINS, ["Complete"])]
    await open_query(desk)
    await run(desk)
    desk.get("queryTabs").setCurrentIndex(1)
    assert not desk.window.grab().isNull()


async def test_the_mouse_points_at_the_nearest_point(desk: Desk, aws: FakeAws) -> None:
    bins = [
        {"bin(1s)": f"2026-01-02 {n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}.000", "n": str(n % 97)}
        for n in range(5_000)
    ]
    aws.query_scripts = [QueryScript([*bins, {"bin(1s)": TIMES[0], "n": "-5"}], ["Complete"])]
    await open_query(desk)
    await run(desk)
    desk.get("queryTabs").setCurrentIndex(1)
    chart = desk.get("queryChart")
    assert not chart.grab().isNull()
    places = chart._places(0)
    assert len(places) == 5_001
    move(chart, places[2_500].toPoint())
    await until(lambda: chart.pointed is not None)
    near = places[chart.pointed[1]]
    assert abs(near.x() - places[2_500].x()) <= 2
    assert min(place.y() for place in places) >= 0
    assert max(place.y() for place in places) <= chart.height()
