"""The Timeline page: environments from logs and answers, live, with the way to the log and to a file."""

import csv
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QDateTime, Qt
from PySide6.QtGui import QAccessible, QImage
from PySide6.QtWidgets import QFileDialog

from lambdadesk.core.timeline import Kind, Summary
from lambdadesk.core.timeline_lanes import UNKNOWN_ENVIRONMENT
from lambdadesk.ui.widgets.empty_state import State, StateView
from lambdadesk.ui.widgets.plain import PlainLabel
from lambdadesk.ui.widgets.timeline_words import summary_text
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_insights import QueryScript
from tests.ui.desk import Desk, click, move, press, turns, until, visible_words

GROUP = "/aws/lambda/hello"
FIRST, SECOND = (f"2026/11/27/[{version}]{version * 8}aaaa" for version in ("7", "8"))


def request_id(number: int) -> str:
    return f"0a1b2c3d-0000-4000-8000-{number:012}"


def begin(aws: FakeAws, number: int, stream: str, ago_ms: int) -> int:
    at_ms = int(time.time() * 1000) - ago_ms
    version = stream.partition("[")[2].partition("]")[0]
    start = f"START RequestId: {request_id(number)} Version: {version}\n"
    aws.add_events(GROUP, start, timestamp_ms=at_ms, stream=stream)
    return at_ms


def run_elsewhere(
    aws: FakeAws, number: int, stream: str = FIRST, *, ago_ms: int, more: str = "", length_ms: int = 100
) -> None:
    """An invocation of which only the log tells."""
    at_ms = begin(aws, number, stream, ago_ms)
    report = (
        f"REPORT RequestId: {request_id(number)}\tDuration: {length_ms}.50 ms\t"
        f"Billed Duration: {length_ms + 1} ms\tMemory Size: 128 MB\tMax Memory Used: 77 MB\t{more}\n"
    )
    aws.add_events(GROUP, report, timestamp_ms=at_ms + length_ms, stream=stream)


def some(aws: FakeAws) -> None:
    run_elsewhere(aws, 0, ago_ms=300_000, more="Init Duration: 250.00 ms\t")
    run_elsewhere(aws, 1, ago_ms=200_000)
    run_elsewhere(aws, 2, SECOND, ago_ms=100_000, more="Init Duration: 90.00 ms\tStatus: timeout\t")


async def counted(desk: Desk, count: int) -> None:
    view = desk.get("timelineView")
    await until(
        lambda: view.point_count() == count, lambda: (view.point_count(), desk.text("timelineSummary"))
    )


def lanes(desk: Desk) -> list[str]:
    return [lane.title for lane in desk.get("timelineView").timeline.lanes]


def state(desk: Desk) -> StateView:
    (found,) = desk.get("timelineView").parent().parent().findChildren(StateView)
    assert isinstance(found, StateView)
    return found


async def test_a_stream_is_a_lane(desk: Desk, aws: FakeAws) -> None:
    some(aws)
    await desk.open("hello", "Timeline")
    await counted(desk, 3)
    assert lanes(desk) == ["v7 · 77777777", "v8 · 88888888"]
    await until(lambda: desk.text("timelineSummary").startswith("3 invocations in 2 environments"))
    summary = desk.text("timelineSummary")
    assert "1 failed · 2 cold starts (66.7 %)" in summary
    assert "each environment used 1.5 times, 2 at most · at most 1 at once" in summary
    heard = QAccessible.queryAccessibleInterface(desk.get("timelineView"))
    assert heard.text(QAccessible.Text.Name) == "Timeline of the execution environments"
    assert heard.text(QAccessible.Text.Description).startswith(summary)


async def test_runs_made_here_join_their_environment_once_the_log_tells(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    await desk.invoke()
    desk.turn_to("Timeline")
    await counted(desk, 1)
    await desk.polled()
    await until(lambda: UNKNOWN_ENVIRONMENT not in lanes(desk), lambda: lanes(desk))
    assert desk.get("timelineView").point_count() == 1


async def test_it_goes_on_while_one_looks(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello", "Timeline")
    await until(lambda: state(desk).state is State.EMPTY and state(desk).isVisible())
    assert "No invocation is known yet." in state(desk).text
    run_elsewhere(aws, 0, ago_ms=5_000)
    await desk.polled()
    await counted(desk, 1)
    assert desk.get("timelineView").isVisible()
    begin(aws, 1, FIRST, 1_000)
    await desk.polled()
    await counted(desk, 2)
    view = desk.get("timelineView")
    assert view.timeline.kinds.tolist() == [Kind.OK, Kind.RUNNING]
    until_ms = view.right_ms
    await until(lambda: view.right_ms > until_ms)  # it grows by itself
    await until(lambda: "1 running" in desk.text("timelineSummary"))


async def test_a_denied_log_is_said_and_what_was_made_here_stays(desk: Desk, aws: FakeAws) -> None:
    aws.always("FilterLogEvents", faults.denied("logs:FilterLogEvents"))
    await desk.open("hello", "Timeline")
    await until(lambda: state(desk).state is State.DENIED)
    assert "logs:FilterLogEvents" in state(desk).text
    desk.turn_to("Invoke")
    await desk.invoke()
    desk.turn_to("Timeline")
    await counted(desk, 1)
    await until(lambda: desk.get("timelineTrouble").isVisible())
    assert "made here before stays" in desk.text("timelineTrouble")


async def test_a_click_and_the_keyboard_lead_to_the_log(desk: Desk, aws: FakeAws) -> None:
    some(aws)
    await desk.open("hello", "Timeline")
    await counted(desk, 3)
    await turns()
    view, pages = desk.get("timelineView"), desk.get("pageTabs")
    click(view.viewport(), view.make_frame().bar(view.timeline, 1).center().toPoint())
    await until(lambda: pages.tabText(pages.currentIndex()) == "Logs")
    assert desk.get("logFilter").text() == f"req:{request_id(1)}"
    desk.turn_to("Timeline")
    view.setFocus()
    for key in (Qt.Key.Key_End, Qt.Key.Key_Return):
        press(view, key)
    assert pages.tabText(pages.currentIndex()) == "Logs"
    assert desk.get("logFilter").text() == f"req:{request_id(2)}"


async def test_the_log_is_read_from_where_an_old_run_began(desk: Desk, aws: FakeAws) -> None:
    run_elsewhere(aws, 5, ago_ms=5 * 3_600_000)
    await desk.open("hello", "Timeline")
    choose_past(desk)
    enter_past(desk, 6 * 3_600, 4 * 3_600)
    click(desk.get("timelinePastLoad"))
    await counted(desk, 1)
    await turns()
    view = desk.get("timelineView")
    click(view.viewport(), view.make_frame().bar(view.timeline, 0).center().toPoint())
    await until(lambda: desk.get("logView").isVisible())
    await until(lambda: desk.get("logView").line_count() == 2, lambda: desk.text("logCount"))


async def test_a_run_without_a_request_id_has_no_log_to_go_to(desk: Desk, aws: FakeAws) -> None:
    aws.script("Invoke", faults.reset)
    await desk.open("hello")
    await desk.invoke()
    desk.turn_to("Timeline")
    await counted(desk, 1)
    await until(desk.get("timelineView").isVisible)
    view, pages = desk.get("timelineView"), desk.get("pageTabs")
    view.setFocus()
    for key in (Qt.Key.Key_End, Qt.Key.Key_Return):
        press(view, key)
    assert "its log can't be found" in desk.text("timelineSaid")
    assert pages.tabText(pages.currentIndex()) == "Timeline"


async def test_ranges_follow_until_one_moves_by_hand(desk: Desk, aws: FakeAws) -> None:
    some(aws)
    await desk.open("hello", "Timeline")
    await counted(desk, 3)
    view = desk.get("timelineView")
    await desk.choose("timelineRange", "Last 15 minutes")
    assert view.right_ms - view.left_ms == pytest.approx(15 * 60_000)
    await desk.choose("timelineRange", "Live: last minute")
    await until(lambda: "In view, of 3 in all: no invocation" in desk.text("timelineSummary"))
    left_ms = view.left_ms
    await until(lambda: view.left_ms > left_ms)
    view.setFocus()
    press(view, Qt.Key.Key_Minus)
    assert desk.get("timelineRange").currentText() == "By hand"
    left_ms = view.left_ms
    run_elsewhere(aws, 3, ago_ms=50)
    await desk.polled()
    await counted(desk, 4)
    assert view.left_ms == left_ms
    click(desk.get("timelineAll"))
    assert desk.get("timelineRange").currentText() == "All"
    await until(lambda: desk.text("timelineSummary").startswith("4 invocations"))


async def test_all_environments_can_be_kept_in_sight(desk: Desk, aws: FakeAws) -> None:
    some(aws)
    await desk.open("hello", "Timeline")
    await counted(desk, 3)
    view = desk.get("timelineView")
    await desk.choose("timelineRange", "Live: last minute")
    assert [view.lane_rect(lane).height() > 0 for lane in range(2)] == [False, False]
    desk.get("timelineEveryLane").setFocus()
    press(desk.get("timelineEveryLane"), Qt.Key.Key_Space)
    assert [view.lane_rect(lane).height() > 0 for lane in range(2)] == [True, True]


@pytest.mark.parametrize("suffix", ["png", "svg", "csv"])
async def test_what_is_in_view_is_exported(desk: Desk, aws: FakeAws, tmp_path: Path, suffix: str) -> None:
    some(aws)
    await desk.open("hello", "Timeline")
    await counted(desk, 3)
    await turns()
    path, size = tmp_path / f"out.{suffix}", desk.get("timelineView").size()
    click(desk.get("timelineExport"))
    dialog = await until(lambda: desk.window.findChild(QFileDialog))
    dialog.selectFile(str(path))
    dialog.accept()
    await until(lambda: f"saved to {path}." in desk.text("timelineSaid"))
    if suffix == "png":
        assert QImage(str(path)).width() >= 2 * size.width()
    elif suffix == "svg":
        drawn = path.read_text(encoding="utf-8")
        assert "<title>Timeline of hello</title>" in drawn
        assert "v7 · 77777777" in drawn
        assert "3 invocations in 2 environments" in drawn
        assert "outcome unknown" in drawn  # the legend
        assert "wheel" not in drawn
    else:
        assert "3 invocations saved" in desk.text("timelineSaid")
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        assert [(row["log_stream"], row["outcome"], row["init_ms"]) for row in rows] == [
            (FIRST, "ok", "250.0"),
            (FIRST, "ok", ""),
            (SECOND, "timeout", "90.0"),
        ]
        assert all(float(row["cost"]) > 0 for row in rows)


async def test_the_name_of_the_file_goes_with_its_format(desk: Desk, aws: FakeAws) -> None:
    some(aws)
    await desk.open("hello", "Timeline")
    await counted(desk, 3)
    click(desk.get("timelineExport"))
    dialog = await until(lambda: desk.window.findChild(QFileDialog))
    for ending in ("svg", "csv", "png"):
        (wanted,) = [name for name in dialog.nameFilters() if f"*.{ending}" in name]
        dialog.filterSelected.emit(wanted)
        assert Path(dialog.selectedFiles()[0]).name == f"hello-timeline.{ending}"


async def test_a_file_that_cannot_be_written_is_said_in_place(
    desk: Desk, aws: FakeAws, tmp_path: Path
) -> None:
    some(aws)
    await desk.open("hello", "Timeline")
    await counted(desk, 3)
    (tmp_path / "file").write_text("", encoding="utf-8")
    click(desk.get("timelineExport"))
    dialog = await until(lambda: desk.window.findChild(QFileDialog))
    for name, words in (("file/out.csv", "could not be exported"), ("out.pdf", "no export as “.pdf”")):
        dialog.fileSelected.emit(str(tmp_path / name))
        await until(lambda words=words: words in desk.text("timelineSaid"), lambda: desk.text("timelineSaid"))
    dialog.reject()


async def test_hostile_request_ids_are_shown_as_they_are(desk: Desk, aws: FakeAws) -> None:
    bad = "<b>bold</b>"
    record = {"requestId": bad, "status": "success", "metrics": {"durationMs": 1.25}}
    aws.add_events(GROUP, json.dumps({"time": "", "type": "platform.report", "record": record}), stream=bad)
    await desk.open("hello", "Timeline")
    await counted(desk, 1)
    view = desk.get("timelineView")
    await until(view.isVisible)
    view.setFocus()
    press(view, Qt.Key.Key_End)
    assert bad in visible_words(view).split("\n")


async def test_another_function_has_its_own_lanes(desk: Desk, aws: FakeAws) -> None:
    some(aws)
    await desk.open("hello", "Timeline")
    await counted(desk, 3)
    await desk.open("other", "Timeline")
    await turns()
    assert desk.get("timelineView").point_count() == 0


async def test_hovering_shows_a_card(desk: Desk, aws: FakeAws) -> None:
    some(aws)
    await desk.open("hello", "Timeline")
    await counted(desk, 3)
    await turns()
    view = desk.get("timelineView")
    move(view.viewport(), view.make_frame().bar(view.timeline, 2).center().toPoint())
    card = view.findChild(PlainLabel, "timelineCard")
    await until(card.isVisible)
    assert card.text().split("\n")[0].endswith("timed out")
    assert card.text().endswith(request_id(2))


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        (Summary(), "no invocation"),
        (
            Summary(1, environments=1, cold_starts=1, cold_rate=1.0, reuse_mean=1.0, reuse_most=1, peak=1),
            "1 invocation in 1 environment · 0 failed · 1 cold start (100.0 %) · no environment used twice"
            " · at most 1 at once",
        ),
        (
            Summary(2_000, 3, 1, 4, 0, 0.0, 12.34, 500.0, 900, 6, 90_000.0),
            "2,000 invocations in 4 environments · 1 running · 3 failed · no cold start seen"
            " · 12.3 new environments an hour · each environment used 500 times, 900 at most"
            " · at most 6 at once · longest idle 1.5 min",
        ),
    ],
)
def test_figures_are_said_in_words(summary: Summary, text: str) -> None:
    assert summary_text(summary) == text


def choose_past(desk: Desk) -> None:
    """Choose the past range in the list, by keys."""
    chosen = desk.get("timelineRange")
    chosen.setFocus()
    press(chosen, Qt.Key.Key_End)
    chosen.activated.emit(chosen.currentIndex())


def enter_past(desk: Desk, start_ago_s: int, end_ago_s: int) -> None:
    last = desk.get("timelinePastRange")
    last.setFocus()
    press(last, Qt.Key.Key_End)
    for name, ago_s in (("timelinePastFrom", start_ago_s), ("timelinePastTo", end_ago_s)):
        at = datetime.fromtimestamp(time.time() - ago_s, UTC).astimezone()
        desk.get(name).setDateTime(QDateTime(at.year, at.month, at.day, at.hour, at.minute, at.second))


async def test_a_past_range_takes_the_place_of_what_is_live(desk: Desk, aws: FakeAws) -> None:
    some(aws)
    run_elsewhere(aws, 8, SECOND, ago_ms=5 * 3_600_000, more="Init Duration: 90.00 ms\t")
    await desk.open("hello", "Timeline")
    await counted(desk, 3)
    choose_past(desk)
    await until(lambda: desk.get("timelinePastLoad").isVisible())
    assert "No past range is loaded yet." in state(desk).text
    assert not desk.get("timelineExport").isEnabled()
    await until(lambda: "costs nothing" in desk.text("timelinePastStatus"))
    enter_past(desk, 6 * 3_600, 4 * 3_600)
    click(desk.get("timelinePastLoad"))
    await counted(desk, 1)
    assert lanes(desk) == ["v8 · 88888888"]
    assert desk.text("timelinePastStatus") == "1 invocation, from the log itself."
    run_elsewhere(aws, 9, ago_ms=5_000)  # goes on meanwhile, and is not of that time
    await desk.polled()
    await turns()
    assert desk.get("timelineView").point_count() == 1
    click(desk.get("timelineAll"))
    assert desk.get("timelineRange").currentText() == "Past range…"
    chosen = desk.get("timelineRange")
    press(chosen, Qt.Key.Key_Home)
    chosen.activated.emit(chosen.currentIndex())
    await counted(desk, 4)
    assert not desk.get("timelinePastLoad").isVisible()
    choose_past(desk)
    await counted(desk, 1)  # what was loaded is still there


async def test_a_past_range_that_is_none_is_said(desk: Desk, aws: FakeAws) -> None:
    some(aws)
    await desk.open("hello", "Timeline")
    await counted(desk, 3)
    choose_past(desk)
    enter_past(desk, 3_600, 7_200)
    click(desk.get("timelinePastLoad"))
    await until(lambda: "ends before it begins" in desk.text("timelinePastStatus"))
    enter_past(desk, 7_200, 3_600)
    click(desk.get("timelinePastLoad"))
    await until(lambda: "No invocation, from the log itself." in desk.text("timelinePastStatus"))
    await until(lambda: "Nothing ran in this time." in state(desk).text)


async def test_a_query_of_the_past_can_be_cancelled_and_says_its_price(desk: Desk, aws: FakeAws) -> None:
    some(aws)
    aws.query_scripts = [QueryScript([], ["Running"] * 50, 2 * 10**9)]
    await desk.open("hello", "Timeline")
    choose_past(desk)
    source = desk.get("timelinePastSource")
    source.setFocus()
    press(source, Qt.Key.Key_Home)
    press(source, Qt.Key.Key_Down)
    assert source.currentText() == "Logs Insights (paid)"
    click(desk.get("timelinePastLoad"))
    await until(lambda: "Logs Insights: Running." in desk.text("timelinePastStatus"))
    assert desk.get("timelinePastCancel").hasFocus()
    click(desk.get("timelinePastCancel"))
    await until(lambda: desk.text("timelinePastStatus").startswith("▲ Not all"))
    assert desk.get("timelinePastLoad").hasFocus()
    assert "the query cost $" in desk.text("timelinePastStatus")
    assert "GB x 0.005" in desk.get("timelinePastStatus").toolTip()
    assert aws.queries[0].was_stopped


async def test_published_versions_are_marked(desk: Desk, aws: FakeAws) -> None:
    some(aws)
    at = datetime.fromtimestamp(time.time() - 150, UTC)
    aws.versions["hello"] = [
        {"Version": "8", "LastModified": f"{at:%Y-%m-%dT%H:%M:%S}.000+0000", "Description": "new"}
    ]
    await desk.open("hello", "Timeline")
    await counted(desk, 3)
    view = desk.get("timelineView")
    await until(lambda: "v8 published (new)" in [mark.text for mark in view._marks])
    assert "first run of v8" not in [mark.text for mark in view._marks]
