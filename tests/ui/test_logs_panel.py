"""A log is followed, filtered and accounted for, and says why where it can't be."""

import asyncio
import re
import time
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton

from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.ui.desk import CONTROL, Desk, click, move, press, turns, until, visible_words

GROUP = "/aws/lambda/hello"
IDS = [f"0a1b2c3d-0000-4000-8000-00000000000{number}" for number in range(3)]
LEDGER = re.compile(
    r"received (\d+), late (\d+), duplicates (\d+), gaps (\d+), complete to \d\d:\d\d:\d\d( · .*)?"
)


def lines(desk: Desk) -> list[str]:
    view = desk.get("logView")
    return [view.line_text(row) for row in range(view.line_count())]


def ledger(desk: Desk) -> tuple[int, ...]:
    """Received, late, duplicates and gaps."""
    found = LEDGER.fullmatch(desk.text("logLedger"))
    assert found, desk.text("logLedger")
    return tuple(map(int, found.groups()[:4]))


async def filter_by(desk: Desk, text: str) -> None:
    field = desk.get("logFilter")
    field.setFocus()
    press(field, Qt.Key.Key_A, CONTROL)
    press(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)
    press(field, Qt.Key.Key_Return)
    await until(lambda: not desk.get("logView").is_scanning)


# --- lines ---


async def test_lines_appear_as_they_are_written(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello", "Logs")
    await desk.polled()
    assert lines(desk) == []
    aws.add_events(GROUP, "one\n", "two\n")
    await desk.polled()
    assert lines(desk) == ["one", "two"]
    assert desk.text("logCount") == "2 lines"
    aws.add_events(GROUP, "three\n")
    await desk.polled()
    assert lines(desk) == ["one", "two", "three"]
    assert ledger(desk) == (3, 0, 0, 0)


async def test_an_invocation_made_here_shows_its_lines_at_once(desk: Desk) -> None:
    await desk.open("hello")
    await desk.invoke()
    desk.turn_to("Logs")
    await until(lambda: len(lines(desk)) == 3)  # the page asks for them by itself
    assert [line.split()[0] for line in lines(desk)] == ["START", "END", "REPORT"]


async def test_the_tab_of_another_function_has_the_lines_of_that_one(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(GROUP, "of hello\n")
    aws.add_events("/aws/lambda/other", "of other\n")
    await desk.open("hello", "Logs")
    await desk.polled()
    await desk.open("other", "Logs")
    await desk.polled()
    assert lines(desk) == ["of other"]
    await desk.open("hello", "Logs")
    assert lines(desk) == ["of hello"]


async def test_text_from_a_log_is_plain_and_comes_back_as_it_was(desk: Desk, aws: FakeAws) -> None:
    hostile = "<b>bold</b> \u202eevil \x1b[31mred \x00 &amp;"
    aws.add_events(GROUP, hostile + "\n")
    await desk.open("hello", "Logs")
    await desk.polled()
    assert lines(desk) == [hostile]
    cell = desk.get("logView").table.model().index(0, 3).data()
    assert cell == "<b>bold</b> <U+202E>evil red <U+0000> &amp;"
    assert "\u202e" not in visible_words(desk.page)


# --- the filter ---


async def test_the_filter_is_used_while_typing(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(GROUP, "apple\n", "Banana\n", "cherry\n")
    await desk.open("hello", "Logs")
    await desk.polled()
    QTest.keyClicks(desk.get("logFilter"), "an")
    await until(lambda: lines(desk) == ["Banana"])  # no Enter was pressed
    assert desk.text("logCount") == "1 of 3 lines"
    assert desk.get("logView").matching_count() == 1
    aws.add_events(GROUP, "mango\n", "plum\n")
    await desk.polled()
    assert lines(desk) == ["Banana", "mango"]
    assert desk.text("logCount") == "2 of 5 lines"
    await filter_by(desk, "-an")
    assert lines(desk) == ["apple", "cherry", "plum"]
    await filter_by(desk, "")
    assert len(lines(desk)) == 5


@pytest.mark.parametrize(
    ("wrong", "column"), [("/an(/", 4), ("ok /[/", 5), ("level:loud", 7), ("/(a+)+/", 6)]
)
async def test_a_filter_that_cannot_be_used_keeps_the_lines_and_names_the_place(
    desk: Desk, aws: FakeAws, wrong: str, column: int
) -> None:
    aws.add_events(GROUP, "apple\n", "Banana\n", "mango\n")
    await desk.open("hello", "Logs")
    await desk.polled()
    await filter_by(desk, "an")
    assert not desk.get("logProblem").isVisible()
    await filter_by(desk, wrong)
    assert lines(desk) == ["Banana", "mango"]
    problem = desk.text("logProblem")
    assert desk.get("logProblem").isVisible()
    assert problem.startswith(f"✖ Column {column}: ")
    assert problem.endswith("The last working filter stays in use.")
    aws.add_events(GROUP, "an orange\n")  # the log goes on
    await desk.polled()
    assert lines(desk) == ["Banana", "mango", "an orange"]
    assert desk.get("logProblem").isVisible()
    await filter_by(desk, "apple")
    assert lines(desk) == ["apple"]
    assert not desk.get("logProblem").isVisible()


async def test_every_line_belongs_to_its_invocation(desk: Desk, aws: FakeAws) -> None:
    now_ms = int(time.time() * 1000)
    for number, request_id in enumerate(IDS):
        aws.add_events(
            GROUP,
            f"START RequestId: {request_id} Version: $LATEST\n",
            f"an own line of {request_id[-1]}\n",  # names no request
            f"END RequestId: {request_id}\n",
            f"REPORT RequestId: {request_id}\tDuration: 1.00 ms\tBilled Duration: 1 ms\t"
            "Memory Size: 128 MB\tMax Memory Used: 30 MB\t\n",
            timestamp_ms=now_ms - 1_000 + 100 * number,
        )
    await desk.open("hello", "Logs")
    await desk.polled()
    assert len(lines(desk)) == 12
    for request_id in IDS:
        await filter_by(desk, f"req:{request_id}")
        assert [line.split()[0] for line in lines(desk)] == ["START", "an", "END", "REPORT"]
        assert lines(desk)[1] == f"an own line of {request_id[-1]}"
    # The same by the menu of a line.
    await filter_by(desk, "")
    view = desk.get("logView")
    view.menu_actions(5)[2].trigger()
    assert desk.get("logFilter").text() == f"req:{IDS[1]}"
    await until(lambda: len(lines(desk)) == 4)


async def test_keys_of_the_log(desk: Desk) -> None:
    await desk.open("hello", "Logs")
    view, field, follow = desk.get("logView"), desk.get("logFilter"), desk.get("logFollow")
    view.table.setFocus()
    press(view.table, Qt.Key.Key_F, CONTROL)
    assert QApplication.focusWidget() is desk.get("logFind")
    press(desk.get("logFind"), Qt.Key.Key_F, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert QApplication.focusWidget() is field
    assert follow.isChecked()
    press(field, Qt.Key.Key_T, CONTROL)
    assert not follow.isChecked()
    assert not view.is_following
    press(field, Qt.Key.Key_T, CONTROL)
    assert view.is_following


# --- follow ---


async def test_scrolling_up_stops_following_and_the_box_starts_it_again(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(GROUP, *(f"line {number}\n" for number in range(300)))
    await desk.open("hello", "Logs")
    await desk.polled()
    view, follow = desk.get("logView"), desk.get("logFollow")
    bar = view.table.verticalScrollBar()
    assert follow.isChecked()
    assert bar.value() == bar.maximum() > 0
    view.table.setFocus()
    press(view.table, Qt.Key.Key_Home)
    press(view.table, Qt.Key.Key_Escape)  # the line in full is not what this is about
    assert not follow.isChecked()
    assert view.table.rowAt(0) == 0
    aws.add_events(GROUP, *(f"new {number}\n" for number in range(50)))
    await desk.polled()
    assert view.table.rowAt(0) == 0  # what is read stays in place
    assert view.line_count() == 350
    press(follow, Qt.Key.Key_Space)
    assert view.is_following
    assert bar.value() == bar.maximum()
    aws.add_events(GROUP, "the last\n")
    await desk.polled()
    assert bar.value() == bar.maximum()


# --- the ledger ---


async def test_before_the_first_answer_nothing_is_claimed(desk: Desk, aws: FakeAws) -> None:
    aws.always("FilterLogEvents", faults.slow(30))
    await desk.open("hello", "Logs")
    assert desk.text("logLedger") == "received 0, late 0, duplicates 0, gaps 0, not read yet · " + GROUP
    assert placeholder(desk) == "Reading the log of the last 10 minutes…"


async def test_late_events_take_their_place_and_are_counted(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello", "Logs")
    aws.add_events(GROUP, "early\n")
    at_ms = aws.log_groups[GROUP].events[0].timestamp_ms
    aws.add_events(GROUP, "late\n", timestamp_ms=at_ms - 30_000, hidden=True)
    await desk.polled()
    assert lines(desk) == ["early"]
    aws.show_late_events(GROUP)
    await desk.polled()
    assert lines(desk) == ["late", "early"]
    assert ledger(desk) == (2, 1, 0, 0)
    delay = re.search(r" · largest delay (\d+)\.\d s · ", desk.text("logLedger"))
    assert delay is not None
    assert int(delay[1]) >= 30  # and what the test itself took


async def test_duplicates_are_dropped_and_counted(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(GROUP, "one\n", "two\n")
    events = aws.log_groups[GROUP].events
    events.append(replace(events[0]))  # delivered twice under one id
    await desk.open("hello", "Logs")
    await until(lambda: desk.tail.state == "following")
    assert lines(desk) == ["one", "two"]
    assert ledger(desk) == (2, 0, 1, 0)


async def test_equal_lines_are_not_duplicates(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(GROUP, "same\n", timestamp_ms=None)
    at_ms = aws.log_groups[GROUP].events[0].timestamp_ms
    aws.add_events(GROUP, "same\n", timestamp_ms=at_ms)
    await desk.open("hello", "Logs")
    await desk.polled()
    await desk.polled()
    assert lines(desk) == ["same", "same"]
    assert ledger(desk) == (2, 0, 0, 0)


async def test_a_gap_stands_until_it_is_read(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(GROUP, "zero\n")
    await desk.open("hello", "Logs")
    await desk.polled()
    page: dict[str, Any] = {"events": [], "nextToken": "round and round"}
    aws.always("FilterLogEvents", faults.reply(200, page))
    await desk.polled()
    assert ledger(desk)[3] == 1
    aws.always("FilterLogEvents", None)
    aws.add_events(GROUP, "one\n")
    await desk.polled()
    assert ledger(desk) == (2, 0, 0, 0)


async def test_an_interruption_is_told_with_its_reason_and_what_was_found_after_it(
    desk: Desk, aws: FakeAws
) -> None:
    await desk.open("hello", "Logs")
    aws.add_events(GROUP, "before")
    await desk.polled()
    aws.always("FilterLogEvents", faults.error(500, "ServiceUnavailableException"))
    await desk.polled()
    aws.add_events(GROUP, "meanwhile")
    assert ledger(desk)[3] == 1
    told = re.search(r" · interrupted since [\d:]{8}: (.*?) (Retry in|Trying again)", desk.text("logLedger"))
    assert told is not None
    assert "could not answer" in told[1]
    aws.always("FilterLogEvents", None)
    await desk.polled()
    assert ledger(desk) == (2, 0, 0, 0)
    assert " · recovered 1 after an interruption · " in desk.text("logLedger")
    assert re.search(r" · recovered at [\d:]{8}, was interrupted since [\d:]{8} · ", desk.text("logLedger"))
    assert "gap " not in desk.text("logLedger")


async def test_the_wait_in_an_outage_is_counted_by_the_second(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(GROUP, "before")
    await desk.open("hello", "Logs")
    await desk.polled()
    aws.always("FilterLogEvents", faults.error(500, "ServiceUnavailableException"))
    changes: list[None] = []
    disconnect = desk.tail.changed.connect(lambda: changes.append(None))
    seen: set[tuple[int, str]] = set()

    def is_counted() -> bool:
        """Whether another text came while nothing of the tail had changed."""
        seen.add((len(changes), desk.text("logLedger")))
        return len({count for count, _text in seen}) < len(seen)

    await until(is_counted, lambda: seen)
    disconnect()
    said = "\n".join(text for _count, text in seen)
    assert re.search(r" · interrupted since [\d:]{8}: .* Retry in \d+ s · ", said), said


async def test_many_lines_come_whole(desk: Desk, aws: FakeAws) -> None:
    aws.log_page_events = 700
    aws.add_events(GROUP, *(f"line {number}\n" for number in range(2_500)), timestamp_ms=None)
    await desk.open("hello", "Logs")
    await desk.polled()
    assert desk.get("logView").line_count() == 2_500
    assert ledger(desk) == (2_500, 0, 0, 0)
    assert desk.text("logCount") == "2,500 lines"


# --- why there is nothing ---


def placeholder(desk: Desk) -> str:
    return str(desk.get("logView").table.empty_text)


async def test_a_function_that_never_ran_has_no_log_yet(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello", "Logs")
    await desk.polled()
    assert placeholder(desk) == "No log group yet: the function's first invocation creates it."
    assert not desk.get("logProblem").isVisible()
    aws.add_events(GROUP, "first\n")
    await desk.polled()
    assert lines(desk) == ["first"]


async def test_a_quiet_log_says_so(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(GROUP, "long ago\n", timestamp_ms=1_000)
    await desk.open("hello", "Logs")
    await desk.polled()
    assert lines(desk) == []
    assert placeholder(desk).startswith("No line in the last 10 minutes.")


async def test_a_log_that_may_not_be_read_names_the_permission(desk: Desk, aws: FakeAws) -> None:
    aws.always("FilterLogEvents", faults.denied("logs:FilterLogEvents"))
    await desk.open("hello", "Logs")
    await desk.polled()
    assert desk.text("logProblem") == (
        "✖ These credentials are not allowed to call logs:FilterLogEvents. "
        "Ask for a policy that allows logs:FilterLogEvents, then retry."
    )
    assert placeholder(desk) == "The log may not be read."
    desk.turn_to("Invoke")
    assert await desk.invoke() == "✔ 200 Succeeded"  # denied is this one call only
    aws.always("FilterLogEvents", None)
    desk.turn_to("Logs")
    await desk.polled()
    assert len(lines(desk)) == 3
    assert not desk.get("logProblem").isVisible()


async def test_trouble_keeps_the_lines_and_says_that_it_is_tried_again(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(GROUP, "one\n")
    await desk.open("hello", "Logs")
    await desk.polled()
    aws.always("FilterLogEvents", faults.reset)
    await desk.polled()
    assert lines(desk) == ["one"]
    assert desk.text("logProblem") == (
        "✖ The connection broke before the answer was complete. Retry. "
        "Lines already here stay; it is tried again."
    )
    aws.add_events(GROUP, "meanwhile\n")
    aws.always("FilterLogEvents", None)
    await desk.polled()
    assert lines(desk) == ["one", "meanwhile"]
    assert not desk.get("logProblem").isVisible()


# --- clear ---


async def test_clear_forgets_the_lines_shown_and_only_those(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(GROUP, "one\n", "two\n")
    await desk.open("hello", "Logs")
    await desk.polled()
    (clear,) = [each for each in desk.page.findChildren(QPushButton) if each.text() == "Clear"]
    click(clear)
    assert lines(desk) == []
    assert desk.text("logCount") == "0 lines"
    await desk.polled()
    await turns()
    assert lines(desk) == []  # what was cleared does not come back
    assert placeholder(desk) == "Cleared. New lines appear here as they come."
    aws.add_events(GROUP, "three\n")
    await desk.polled()
    assert lines(desk) == ["three"]
    assert ledger(desk)[0] == 3
    assert len(aws.log_groups[GROUP].events) == 3


# --- switches, rate, search, export ---


async def test_levels_are_switched_on_and_off(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(GROUP, "[ERROR] boom\n", "plain\n", '{"level":"DEBUG","message":"d"}\n')
    await desk.open("hello", "Logs")
    await desk.polled()
    click(desk.get("logLevelInfo"))
    assert [line[:8] for line in lines(desk)] == ["[ERROR] ", '{"level"']
    click(desk.get("logLevelDebug"))
    assert lines(desk) == ["[ERROR] boom"]
    await filter_by(desk, "plain")
    assert lines(desk) == []
    click(desk.get("logLevelInfo"))
    assert lines(desk) == ["plain"]


async def test_a_stretch_of_time_is_dragged_and_taken_back(desk: Desk, aws: FakeAws) -> None:
    now_ms = int(time.time() * 1000)
    for at in range(60):
        aws.add_events(GROUP, f"line {at}\n", timestamp_ms=now_ms - 120_000 + at * 1_000)
    await desk.open("hello", "Logs")
    await desk.polled()
    histogram = desk.get("logHistogram")
    await until(lambda: sum(histogram.rate.totals) == 60)
    assert histogram.accessibleDescription().startswith("60 lines from ")
    first, last = histogram.bin_rect(10).center().toPoint(), histogram.bin_rect(19).center().toPoint()
    QTest.mousePress(histogram, Qt.MouseButton.LeftButton, pos=first)
    move(histogram, last, Qt.MouseButton.LeftButton)
    QTest.mouseRelease(histogram, Qt.MouseButton.LeftButton, pos=last)
    rate = histogram.rate
    expected = sum(rate.totals[10:20])
    assert 0 < len(lines(desk)) == expected < 60
    chip = desk.get("logRange")
    assert chip.isVisible()
    assert " to " in chip.text()
    await until(lambda: sum(histogram.rate.matches) == expected)
    histogram.setFocus()
    press(histogram, Qt.Key.Key_Escape)
    assert len(lines(desk)) == 60
    assert not chip.isVisible()
    press(histogram, Qt.Key.Key_Right)
    assert len(lines(desk)) == rate.totals[0]
    press(histogram, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert len(lines(desk)) == sum(rate.totals[:2])
    click(chip)
    assert len(lines(desk)) == 60


async def test_a_search_counts_and_steps(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(GROUP, *(f"line {number}\n" for number in range(30)))
    await desk.open("hello", "Logs")
    await desk.polled()
    view = desk.get("logView")
    view.table.verticalScrollBar().setValue(0)  # a search begins with what is in sight
    press(view.table, Qt.Key.Key_F, CONTROL)
    field = desk.get("logFind")
    QTest.keyClicks(field, "line 2")
    press(field, Qt.Key.Key_Return)
    assert desk.text("logFindCount") == "1 of 11"
    press(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert desk.text("logFindCount") == "11 of 11"
    assert [view.store.text(number) for number in view.selected_numbers()] == ["line 29\n"]
    view.table.setFocus()
    press(view.table, Qt.Key.Key_F3)
    assert desk.text("logFindCount") == "1 of 11"
    press(field, Qt.Key.Key_A, CONTROL)
    QTest.keyClicks(field, "/(/")
    press(field, Qt.Key.Key_Return)
    assert "regular expression" in desk.text("logFindCount")
    press(field, Qt.Key.Key_Escape)  # clears it first
    press(field, Qt.Key.Key_Escape)
    assert not desk.get("logFindBar").isVisible()
    assert len(lines(desk)) == 30


async def test_grouping_is_remembered(desk: Desk) -> None:
    await desk.open("hello", "Logs")
    assert desk.get("logView").is_grouped
    click(desk.get("logGroup"))
    assert not desk.get("logView").is_grouped
    assert desk.window.console.settings.groups_log_lines is False
    await desk.open("other", "Logs")
    assert not desk.get("logView").is_grouped


async def test_an_invocation_made_here_leads_back_to_its_payload(desk: Desk) -> None:
    await desk.open("hello")
    desk.get("payloadEditor").setPlainText('{"mine": 1}')
    await desk.invoke()
    desk.get("payloadEditor").setPlainText("{}")
    desk.turn_to("Logs")
    await until(lambda: len(lines(desk)) == 3)
    view = desk.get("logView")
    assert view.table.model().index(0, 1).data() == "✔ ok"
    assert "billed" in view.table.model().index(0, 3).data()
    payload, chart, _cost = view.invocation_actions(0)[2:]
    chart.trigger()
    assert desk.get("pageTabs").currentIndex() == 2
    payload.trigger()
    await until(lambda: desk.get("payloadEditor").toPlainText() == '{"mine": 1}')
    assert desk.get("pageTabs").currentIndex() == 0


async def test_the_cost_of_an_invocation_opens_its_arithmetic(desk: Desk, aws: FakeAws) -> None:
    configs = [{"FunctionArn": f"{make_function('hello')['FunctionArn']}:live", "Status": "READY"}]
    aws.details["ListProvisionedConcurrencyConfigs", "hello"] = {"ProvisionedConcurrencyConfigs": configs}
    request_id = "0a1b2c3d-0000-4000-8000-000000000001"
    aws.add_events(
        GROUP,
        f"START RequestId: {request_id} Version: 7\n",
        f"REPORT RequestId: {request_id}\tDuration: 1.50 ms\tBilled Duration: 2 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 40 MB\t\n",
        stream="2026/11/27/[7]0123456789abcdef",
    )
    await desk.open("hello", "Logs")
    await until(lambda: len(lines(desk)) == 2)
    view = desk.get("logView")
    view.invocation_actions(0)[-1].trigger()
    await until(lambda: "Total" in view.detail.text.toPlainText(), view.detail.text.toPlainText)
    text = view.detail.text.toPlainText()
    assert view.detail.isVisible()
    assert "1 request x 0.0000002 = $0.000000200" in text
    assert "Prices of " in text
    # An alias may have stood for the version, and only its configuration tells.
    assert "Provisioned concurrency: A REPORT does not say" in text
    click(view.detail.cost)
    assert view.detail.text.toPlainText().startswith("START RequestId")


@pytest.mark.parametrize(("action", "count"), [("Export the lines shown…", 1), ("Export all lines…", 3)])
async def test_lines_are_exported(desk: Desk, aws: FakeAws, tmp_path: Any, action: str, count: int) -> None:
    aws.add_events(GROUP, "apple\n", "Banana\n")
    await desk.open("hello", "Logs")
    await desk.polled()
    await filter_by(desk, "banana")
    (wanted,) = [each for each in desk.get("logTools").menu.actions() if each.text() == action]
    wanted.trigger()
    (dialog,) = desk.page.findChildren(QFileDialog, "logExportDialog")
    aws.add_events(GROUP, "came late\n", timestamp_ms=desk.get("logView").store.timestamp(0) - 1)
    await desk.polled()  # the numbers of the lines after it are others now
    target = tmp_path / "out.log"
    dialog.fileSelected.emit(str(target))
    dialog.reject()
    await until(lambda: "written to" in desk.text("logExport"))
    written = target.read_text().splitlines()
    assert len(written) == count
    assert written[-1].endswith(" Banana")
    assert not desk.get("logExportCancel").isVisible()
    click(desk.get("logExportClose"))
    assert not desk.get("logExport").isVisible()


async def test_an_export_that_fails_says_why(desk: Desk, aws: FakeAws, tmp_path: Any) -> None:
    aws.add_events(GROUP, "apple\n")
    await desk.open("hello", "Logs")
    await desk.polled()
    desk.get("logTools").export_requested.emit(True)
    (dialog,) = desk.page.findChildren(QFileDialog, "logExportDialog")
    dialog.fileSelected.emit(str(tmp_path / "missing" / "out.log"))
    dialog.reject()
    await until(lambda: desk.text("logExport").startswith("✖ The lines could not be exported"))


async def test_an_export_that_is_cancelled_leaves_no_file(desk: Desk, aws: FakeAws, tmp_path: Any) -> None:
    aws.add_events(GROUP, "apple\n")
    await desk.open("hello", "Logs")
    await desk.polled()
    desk.get("logTools").export_requested.emit(False)
    (dialog,) = desk.page.findChildren(QFileDialog, "logExportDialog")
    before = set(tmp_path.iterdir())
    dialog.fileSelected.emit(str(tmp_path / "out.csv"))
    dialog.reject()
    await asyncio.sleep(0)  # it has begun, and comes back from its first thread with another turn at best
    cancel = desk.get("logExportCancel")
    assert cancel.isVisible()
    assert not desk.get("logExportClose").isVisible()
    click(cancel)
    await until(lambda: desk.text("logExport") == "Nothing was written.")
    assert not cancel.isVisible()
    assert set(tmp_path.iterdir()) == before
