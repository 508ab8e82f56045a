"""A log page follows what its user chooses: other functions and groups, from a moment on, paused, live."""

import time
from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QListWidget, QPlainTextEdit, QWidget

from lambdadesk.desk.tailer import TailState
from lambdadesk.ui.models.log_table import SOURCE
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_live import pulse, session, update
from tests.ui.desk import CONTROL, Desk, click, press, until

HELLO, OTHER = "/aws/lambda/hello", "/aws/lambda/other"
ARN = f"arn:aws:logs:us-east-1:000000000000:log-group:{HELLO}"


def now_ms() -> int:
    return int(time.time() * 1000)


def nudge(desk: Desk) -> None:
    """Poll now, since two seconds are long in a test."""
    for tail in desk.connection.all_tails:
        tail.poll_now()


def lines(desk: Desk) -> list[str]:
    view = desk.get("logView")
    return [view.line_text(row) for row in range(view.line_count())]


def dialog_of(desk: Desk, name: str) -> QDialog:
    (dialog,) = [each for each in desk.window.findChildren(QDialog, name) if each.isVisible()]
    return dialog


def part_of(dialog: QDialog, name: str) -> QWidget:
    (found,) = dialog.findChildren(QWidget, name)
    return found


def tick(dialog: QDialog, *names: str) -> None:
    """Tick the rows that begin with these names by mouse and the space key."""
    (rows,) = dialog.findChildren(QListWidget)
    for name in names:
        (item,) = [each for each in rows.findItems(name, Qt.MatchFlag.MatchStartsWith)]
        click(rows.viewport(), rows.visualItemRect(item).center())
        press(rows, Qt.Key.Key_Space)


async def choose(desk: Desk, *names: str, patterns: str = "") -> None:
    """Open the dialog, tick these besides what is ticked, and follow them."""
    click(desk.get("logChoose"))
    dialog = dialog_of(desk, "logChoiceDialog")
    await until(lambda: "Looking" not in part_of(dialog, "logChoiceSaid").text())  # type: ignore[attr-defined]
    tick(dialog, *names)
    part_of(dialog, "logChoicePatterns").setFocus()
    QTest.keyClicks(part_of(dialog, "logChoicePatterns"), patterns)
    click(part_of(dialog, "logChoiceUse"))


def start_from(desk: Desk, index: int) -> None:
    """Choose where to begin from the opened list."""
    box = desk.get("logStart")
    box.setFocus()
    press(box, Qt.Key.Key_Space)
    press(box.view(), Qt.Key.Key_Home)
    for _step in range(index):
        press(box.view(), Qt.Key.Key_Down)
    press(box.view(), Qt.Key.Key_Return)


async def test_several_logs_are_read_as_one(desk: Desk, aws: FakeAws) -> None:
    at_ms = now_ms() - 10_000
    aws.add_events(HELLO, "one", timestamp_ms=at_ms)
    aws.add_events(OTHER, "two", timestamp_ms=at_ms + 1, stream="b")
    aws.add_events("/my/app", "three", timestamp_ms=at_ms + 2, stream="c")
    await desk.open("hello", "Logs")
    await until(lambda: lines(desk) == ["one"])
    view = desk.get("logView")
    assert view.table.isColumnHidden(SOURCE)
    assert not desk.get("logLegend").isVisible()
    await choose(desk, "other", patterns="/my/*")
    await until(lambda: lines(desk) == ["one", "two", "three"])
    assert desk.get("logChoose").text() == "2 functions, 1 pattern"
    model = view.table.model()
    assert [model.index(row, SOURCE).data() for row in range(3)] == ["hello", "other", "/my/app"]
    marks = [model.index(row, SOURCE).data(Qt.ItemDataRole.DecorationRole).cacheKey() for row in range(3)]
    assert len(set(marks)) == 3
    assert not view.table.isColumnHidden(SOURCE)
    assert desk.get("logLegend").shown_words() == ["hello", "other", "/my/app"]
    assert desk.get("logLegend").accessibleDescription() == "hello, other, /my/app"
    assert "/my/* fits 1 log group; new ones are taken in within a minute." in desk.text("logLedger")
    account = "received 3, late 0, duplicates 0, gaps 0, complete to "
    await until(lambda: desk.text("logLedger").startswith(account), lambda: desk.text("logLedger"))
    # One of them alone: by its name in the legend, by the menu of a line, and back.
    legend = desk.get("logLegend")
    click(legend, legend._layout()[1][0].center())
    await until(lambda: lines(desk) == ["two"])
    assert desk.get("logOnly").text() == "Only other"
    click(legend, legend._layout()[1][0].center())
    await until(lambda: len(lines(desk)) == 3)
    view.menu_actions(2)[3].trigger()
    await until(lambda: lines(desk) == ["three"])
    aws.add_events(OTHER, "four", stream="b")
    aws.add_events("/my/app", "five", stream="new")
    nudge(desk)
    await until(lambda: lines(desk) == ["three", "five"])
    click(desk.get("logOnly"))
    await until(lambda: len(lines(desk)) == 5)
    assert not desk.get("logOnly").isVisible()
    # The function's own tail goes on for the other pages.
    assert len(desk.connection.all_tails) == 2
    click(desk.get("logChoose"))
    click(part_of(dialog_of(desk, "logChoiceDialog"), "logChoiceReset"))
    await until(lambda: lines(desk) == ["one"])
    assert len(desk.connection.all_tails) == 1
    assert view.table.isColumnHidden(SOURCE)


async def test_another_log_is_chosen_by_keys_alone(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello", "Logs")
    press(desk.get("logChoose"), Qt.Key.Key_Space)
    dialog = dialog_of(desk, "logChoiceDialog")
    field = part_of(dialog, "logChoiceFilter")
    (rows,) = dialog.findChildren(QListWidget)
    QTest.keyClicks(field, "oth")
    press(field, Qt.Key.Key_Down)
    assert dialog.focusWidget() is rows
    assert rows.currentItem().text().startswith("other")
    press(rows, Qt.Key.Key_Space)
    press(part_of(dialog, "logChoiceUse"), Qt.Key.Key_Space)
    await until(lambda: desk.get("logChoose").text() == "2 functions")


async def test_what_was_followed_is_followed_again_in_a_new_tab(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(OTHER, "two")
    await desk.open("hello", "Logs")
    await choose(desk, "other")
    await until(lambda: lines(desk) == ["two"])
    await until(lambda: desk.get("logLegend").shown_words() == ["hello (no log yet)", "other"])
    desk.window.activateWindow()
    await until(desk.window.isActiveWindow)
    await desk.close_tab()
    assert desk.connection.all_tails == []
    await desk.open("hello", "Logs")
    await until(lambda: lines(desk) == ["two"])


async def test_a_wrong_choice_is_refused_and_one_that_fits_nothing_waits(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(HELLO, "one")
    await desk.open("hello", "Logs")
    await until(lambda: lines(desk) == ["one"])
    click(desk.get("logChoose"))
    dialog = dialog_of(desk, "logChoiceDialog")
    said, use = part_of(dialog, "logChoiceSaid"), part_of(dialog, "logChoiceUse")
    tick(dialog, "hello")
    assert said.text().startswith("Choose a function or a log group")  # type: ignore[attr-defined]
    assert not use.isEnabled()
    patterns = part_of(dialog, "logChoicePatterns")
    patterns.setFocus()
    QTest.keyClicks(patterns, "*")
    assert "would follow every log group" in said.text()  # type: ignore[attr-defined]
    assert not use.isEnabled()
    QTest.keyClicks(patterns, "nowhere")
    assert use.isEnabled()
    click(use)
    view = desk.get("logView")
    words = "No log group matches *nowhere yet; looked again every "
    await until(lambda: view.table.empty_text.startswith(words), lambda: view.table.empty_text)
    assert not desk.get("logProblem").isVisible()
    assert lines(desk) == []
    assert words in desk.text("logLedger")


async def test_a_log_that_is_left_is_hidden_and_others_go_on(desk: Desk, aws: FakeAws) -> None:
    for group, line in ((HELLO, "one"), (OTHER, "two"), ("/my/app", "three")):
        aws.add_events(group, line, stream=line, timestamp_ms=now_ms() - 10_000)
    await desk.open("hello", "Logs")
    await choose(desk, "other")
    await until(lambda: sorted(lines(desk)) == ["one", "two"])
    tail = desk.page.logs._tail  # type: ignore[union-attr]
    await choose(desk, "other", patterns="/my/app")  # which is ticked, and so goes
    await until(lambda: sorted(lines(desk)) == ["one", "three"], lambda: lines(desk))
    assert desk.page.logs._tail is tail  # type: ignore[union-attr]
    assert desk.get("logHidden").text() == "Hidden: 1 no longer followed"
    assert desk.get("logLegend").shown_words() == ["hello", "other (no longer followed)", "/my/app"]
    said = "No longer followed: /aws/lambda/other; lines read of it that stay here: 1."
    assert said in desk.text("logLedger")
    account = "received 2, late 0, duplicates 0, gaps 0, complete to "
    await until(lambda: desk.text("logLedger").startswith(account), lambda: desk.text("logLedger"))
    legend = desk.get("logLegend")
    click(legend, legend._layout()[1][0].center())  # it alone
    await until(lambda: lines(desk) == ["two"])
    click(desk.get("logOnly"))
    await until(lambda: sorted(lines(desk)) == ["one", "three"])
    click(desk.get("logHidden"))
    await until(lambda: len(lines(desk)) == 3)
    assert not desk.get("logHidden").isVisible()
    await choose(desk, "other")
    await until(lambda: desk.get("logLegend").shown_words() == ["hello", "other", "/my/app"])
    assert len(lines(desk)) == 3


async def test_groups_that_cannot_be_listed_are_told_in_the_dialog(desk: Desk, aws: FakeAws) -> None:
    aws.always("DescribeLogGroups", faults.denied("logs:DescribeLogGroups"))
    await desk.open("hello", "Logs")
    click(desk.get("logChoose"))
    dialog = dialog_of(desk, "logChoiceDialog")
    said = part_of(dialog, "logChoiceSaid")
    await until(lambda: "logs:DescribeLogGroups" in said.text())  # type: ignore[attr-defined]
    tick(dialog, "other")  # functions need no list
    click(part_of(dialog, "logChoiceUse"))
    await until(lambda: desk.get("logLegend").isVisible())


async def test_it_begins_where_one_chooses(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(HELLO, "half an hour ago", timestamp_ms=now_ms() - 1_800_000)
    aws.add_events(HELLO, "a minute ago", timestamp_ms=now_ms() - 60_000)
    await desk.open("hello", "Logs")
    await until(lambda: lines(desk) == ["a minute ago"])
    start_from(desk, 2)
    await until(lambda: lines(desk) == ["half an hour ago", "a minute ago"])
    start_from(desk, 0)
    await until(lambda: desk.page.logs is not None and lines(desk) == [])
    view = desk.get("logView")
    await until(lambda: view.table.empty_text == "No line so far. New lines appear here as they come.")
    aws.add_events(HELLO, "new")
    nudge(desk)
    await until(lambda: lines(desk) == ["new"])
    start_from(desk, 3)
    edit = desk.get("logMoment")
    edit.setDateTime(edit.dateTime().addYears(1))
    click(desk.get("logMomentUse"))
    assert desk.text("askQuestion").startswith("That is in the future.")
    edit = desk.get("logMoment")
    press(edit, Qt.Key.Key_Escape)
    assert lines(desk) == ["new"]
    start_from(desk, 3)
    edit = desk.get("logMoment")  # an hour ago, at first
    words = edit.dateTime().toString("yyyy-MM-dd HH:mm:ss")
    press(edit.lineEdit(), Qt.Key.Key_Return)
    await until(lambda: lines(desk) == ["half an hour ago", "a minute ago", "new"])
    assert desk.get("logStart").currentText() == f"From {words}"
    datetime.strptime(words, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  the form is what counts
    start_from(desk, 1)
    await until(lambda: lines(desk) == ["a minute ago", "new"])


async def test_arrow_keys_on_the_closed_box_begin_nothing_until_enter(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(HELLO, "half an hour ago", timestamp_ms=now_ms() - 1_800_000)
    await desk.open("hello", "Logs")
    view = desk.get("logView")
    await until(lambda: view.table.empty_text.startswith("No line in the last 10 minutes"))
    store, box = view.store, desk.get("logStart")
    box.setFocus()
    press(box, Qt.Key.Key_Up)
    press(box, Qt.Key.Key_Down)
    press(box, Qt.Key.Key_Down)
    assert view.store is store
    press(box, Qt.Key.Key_Return)
    await until(lambda: lines(desk) == ["half an hour ago"])
    press(box, Qt.Key.Key_Down)  # a date and time
    view.table.setFocus()
    assert box.currentText() == "From 1 hour ago"
    box.setFocus()
    press(box, Qt.Key.Key_Down)
    assert not desk.page.findChildren(QWidget, "logMoment")
    press(box, Qt.Key.Key_Return)
    assert desk.get("logMoment").isVisible()


async def test_a_pause_loses_nothing(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(HELLO, "one")
    await desk.open("hello", "Logs")
    await until(lambda: lines(desk) == ["one"])
    click(desk.get("logPause"))
    assert desk.tail.state is TailState.PAUSED
    assert desk.get("logPause").text() == "Resume"
    assert " · paused · " in desk.text("logLedger")
    aws.add_events(HELLO, "two", "three")
    click(desk.get("logPause"))
    await until(lambda: lines(desk) == ["one", "two", "three"])
    assert desk.get("logPause").text() == "Pause"
    await until(lambda: desk.text("logLedger").startswith("received 3, late 0, duplicates 0, gaps 0, "))
    # Another choice does not leave the function's own log paused, which other pages read.
    click(desk.get("logPause"))
    own = desk.tail
    start_from(desk, 2)
    await until(lambda: len(desk.connection.all_tails) == 2)
    assert own.state is not TailState.PAUSED


async def test_live_tail_asks_shows_provisional_lines_and_ends(desk: Desk, aws: FakeAws) -> None:
    at_ms = now_ms()
    aws.log_settings[HELLO] = {"logGroupArn": ARN}
    aws.add_events(HELLO, "read by a poll", timestamp_ms=at_ms - 5_000)
    frames = (update("first", "second", timestamp_ms=at_ms), update(sampled=True))
    aws.script("StartLiveTail", session(*frames, end=pulse))
    await desk.open("hello", "Logs")
    await until(lambda: lines(desk) == ["read by a poll"])
    live = desk.get("logLive")
    click(live)
    assert not live.isChecked()  # nothing has begun
    assert "costs nothing here" in desk.text("askQuestion")
    press(desk.get("logLiveMinutes"), Qt.Key.Key_Escape)
    assert aws.requests("StartLiveTail") == []
    click(live)
    click(desk.get("logLiveStart"))
    (strip,) = desk.page.findChildren(QWidget, "logProvisional")
    panel = desk.page.logs
    assert panel is not None
    assert panel.following is not None
    await until(lambda: panel.following.live.line_texts() == ["first", "second"])  # type: ignore[union-attr]
    assert live.isChecked()
    assert strip.isVisible()
    await until(lambda: "▲ sampled" in desk.text("logLiveStatus"))
    assert "2 provisional lines" in desk.text("logLiveStatus")
    assert lines(desk) == ["read by a poll"]
    aws.add_events(HELLO, "first", timestamp_ms=at_ms, stream="s")
    nudge(desk)
    await until(lambda: panel.following.live.line_texts() == ["second"])  # type: ignore[union-attr]
    assert lines(desk) == ["read by a poll", "first"]
    QTest.keyClicks(desk.get("logFilter"), "first")  # the filter holds for both
    await until(lambda: lines(desk) == ["first"])
    desk.turn_to("Charts")  # a page that nobody sees costs nothing
    await until(lambda: not panel.scope.is_running("live"))
    desk.turn_to("Logs")
    assert desk.text("logLiveStatus").startswith("Live Tail has ended: its page was left. It took 0:0")
    assert not live.isChecked()
    assert not strip.isVisible()
    click(desk.get("logLiveStop"))
    assert not desk.get("logLiveStatus").isVisible()


async def test_live_tail_of_too_many_groups_is_refused_before_it_is_asked(desk: Desk, aws: FakeAws) -> None:
    for number in range(11):
        aws.add_events(f"/app/{number:02d}", "line")
    await desk.open("hello", "Logs")
    desk.page.logs.export.say("✔ 1 line written.", "ok")  # type: ignore[union-attr]
    await choose(desk, patterns="/app/*")
    await until(lambda: len(lines(desk)) == 11)
    assert not desk.get("logExport").isVisible()  # it was of the log before
    click(desk.get("logLive"))
    assert "10 log groups at most, and 12 are followed here" in desk.text("askQuestion")
    assert desk.page.findChild(QWidget, "logLiveStart") is None
    click(desk.get("askRefuse"))
    assert aws.requests("StartLiveTail") == []


async def test_an_endpoint_without_live_tail_says_so(desk: Desk, aws: FakeAws) -> None:
    aws.log_settings[HELLO] = {"logGroupArn": ARN}
    aws.add_events(HELLO, "one")
    await desk.open("hello", "Logs")
    click(desk.get("logLive"))
    click(desk.get("logLiveStart"))
    await until(lambda: desk.text("logLiveStatus").startswith("✖ Live Tail is not offered by this endpoint."))
    assert not desk.get("logLive").isChecked()


async def test_the_account_explains_each_gap(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello", "Logs")
    await choose(desk, "other")
    aws.add_events(HELLO, "one")
    aws.add_events(OTHER, "two")
    await until(lambda: len(lines(desk)) == 2)
    aws.script("FilterLogEvents", *[faults.error(500, "ServiceUnavailableException")] * 3)
    nudge(desk)
    await until(lambda: "could not answer" in desk.get("logLedger").toolTip())
    click(desk.get("logAccount"))
    dialog = dialog_of(desk, "logAccountDialog")
    (view,) = dialog.findChildren(QPlainTextEdit)
    nudge(desk)
    words = ("Read since", f"{HELLO}\n    followed", f"{OTHER}\n    followed", "received 1, late 0")
    await until(lambda: all(each in view.toPlainText() for each in words), view.toPlainText)
    assert "Events that reach CloudWatch more than 15 minutes late are missed." in view.toPlainText()
    click(desk.get("logAccount"))
    assert dialog_of(desk, "logAccountDialog") is dialog
    dialog.close()


async def test_switches_are_remembered(desk: Desk) -> None:
    await desk.open("hello", "Logs")
    tools = desk.get("logTools")
    (utc,) = [each for each in tools.menu.actions() if each.text() == "Times in UTC"]
    utc.trigger()
    await desk.open("other", "Logs")
    assert desk.get("logView").is_utc
    assert desk.get("logTools").switches == ("utc", "wrap")


async def test_a_low_page_keeps_its_room_for_lines(desk: Desk, aws: FakeAws) -> None:
    aws.add_events(HELLO, *(f"line {number}" for number in range(100)))
    await desk.open("hello", "Logs")
    await until(lambda: len(lines(desk)) == 100)
    assert desk.get("logHistogram").isVisible()
    desk.window.resize(760, 500)
    await until(lambda: not desk.get("logHistogram").isVisible())
    view = desk.get("logView")
    await until(lambda: view.table.viewport().height() >= 5 * view.table.rowHeight(0))
    view.table.setFocus()
    press(view.table, Qt.Key.Key_F, CONTROL)
    assert desk.get("logFind").isVisible()
    assert not desk.get("logFilter").isVisible()  # the search takes its place
    view.table.selectRow(50)
    assert view.detail.isVisible()
    await until(lambda: view.table.viewport().height() >= 5 * view.table.rowHeight(0))
    assert view.detail.text.height() >= 2 * view.detail.text.fontMetrics().height()
    assert view.table.viewport().rect().contains(view.table.visualRect(view.table.currentIndex()))
    press(view.table, Qt.Key.Key_F, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert desk.get("logFilter").hasFocus()
    assert not desk.get("logFind").isVisible()
    desk.window.resize(1280, 800)
    await until(lambda: desk.get("logHistogram").isVisible())
    await until(lambda: view.detail.height() > view.height() // 4)
    splitter = view.table.parentWidget()
    splitter.setSizes([100, 400])  # as the user likes it
    size = view.detail.height()
    desk.get("logLevelDebug").click()
    assert view.detail.height() == size
