"""What starts a function, with its evidence; mappings are switched behind the guard."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QWidget

from lambdadesk.core.connections import Guard
from lambdadesk.core.triggers import Answer, Evidence, Mode, Trigger
from lambdadesk.ui import theme
from lambdadesk.ui.panels.triggers_panel import TriggersPanel
from lambdadesk.ui.widgets.trigger_picture import TriggerPicture
from tests.servers import faults
from tests.servers.fake_aws import make_function
from tests.servers.fake_mappings import make_mapping
from tests.servers.fake_services import FakeServices, to_policy
from tests.ui.desk import QUICK, Desk, click, click_row, move, press, rows, turns, until, visible_words
from tests.ui.test_places import endpoint, part, show, store

ACCOUNT = "000000000000"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:hello"
UUID = "11111111-0000-4000-8000-000000000000"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders"
S3_DENIED = faults.reply(403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
DEEP_S = 60.0
ELSEWHERE = "arn:aws:sns:eu-west-1:123456789012:post-commits"


@pytest.fixture
def aws() -> Iterator[FakeServices]:
    """The function hello: a queue, a bucket that may not be looked at, a topic of another account."""
    with FakeServices() as server:
        server.functions = [make_function("hello"), make_function("other")]
        server.mappings = [
            make_mapping(
                UUID, ARN, QUEUE, DestinationConfig={"OnFailure": {"Destination": f"{QUEUE}-failed"}}
            )
        ]
        server.answers["GetQueueUrl"] = {"QueueUrl": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/orders"}
        server.answers["GetQueueAttributes"] = {"Attributes": {"QueueArn": QUEUE}}
        server.answers["GetPolicy"] = lambda _params: to_policy(
            allow("s3", "arn:aws:s3:::pictures"), allow("sns", ELSEWHERE)
        )
        server.always("GetBucketNotificationConfiguration", S3_DENIED)
        yield server


@pytest.fixture
def patient(desk: Desk) -> None:
    """No call is given up: a deep scan builds forty clients, each from a model of its own, and on a busy
    machine that takes longer than a call has here; and what hangs ends by Cancel alone."""
    desk.limits = replace(QUICK, read_s=DEEP_S, deadline_s=DEEP_S)


def allow(service: str, source: str) -> dict[str, object]:
    return {
        "Sid": service,
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": ARN,
        "Condition": {"ArnLike": {"AWS:SourceArn": source}},
    }


def have_nothing(aws: FakeServices) -> None:
    aws.mappings = []
    aws.answers["GetPolicy"] = to_policy()


async def open_page(desk: Desk, function: str = "hello") -> None:
    await desk.open(function, "Triggers")
    await scanned(desk)


async def scanned(desk: Desk, within_s: float = 30.0) -> None:
    await until(desk.get("triggersRefresh").isEnabled, lambda: visible_words(desk.page), within_s)


async def deep_scan(desk: Desk) -> None:
    click(desk.get("triggersDeepScan"))
    await scanned(desk, DEEP_S)


async def refresh(desk: Desk) -> None:
    click(desk.get("triggersRefresh"))
    await scanned(desk)


def shown(desk: Desk) -> list[tuple[str, ...]]:
    """Source, name, mode, state and verdict of each row."""
    return [tuple(row[:5]) for row in rows(desk.get("triggerTable"))]


def choose(desk: Desk, name: str) -> str:
    """Click on the row with this name and return its evidence."""
    names = [row[1] for row in rows(desk.get("triggerTable"))]
    click_row(desk.get("triggerTable"), names.index(name))
    return str(desk.get("triggerEvidence").toPlainText())


def state_of(desk: Desk, name: str) -> str:
    return next(row[3] for row in shown(desk) if row[1] == name)


async def test_rows_say_source_mode_state_and_verdict(desk: Desk) -> None:
    await open_page(desk)
    assert shown(desk) == [
        ("SNS", "post-commits", "push async", "—", "permitted only (source elsewhere)"),
        ("S3", "pictures", "push async", "—", "not checked (denied: s3:GetBucketNotification)"),
        ("SQS", "orders", "polled", "Enabled", "confirmed"),
    ]
    assert rows(desk.get("triggerTable"))[2][5:] == ["OK", "10", "—", "—"]
    assert desk.text("triggersSummary") == "3 triggers: 1 permitted only, 1 not checked, 1 confirmed"
    assert "more looks by a deep scan, which makes many calls" in desk.text("triggersFoot")


async def test_verdicts_are_spoken_and_have_icons(desk: Desk) -> None:
    await open_page(desk)
    model = desk.get("triggerTable").model()
    for row in range(3):
        assert not model.index(row, 4).data(Qt.ItemDataRole.DecorationRole).isNull()
        spoken = [model.index(row, column).data(Qt.ItemDataRole.AccessibleTextRole) for column in range(9)]
        assert all(spoken)
        assert "—" not in spoken


async def test_evidence_tells_each_call_and_its_answer(desk: Desk) -> None:
    await open_page(desk)
    text = choose(desk, "orders")
    assert text.startswith("SQS orders: confirmed\n✔ lambda:ListEventSourceMappings: ok\n")
    assert f"Mapping {UUID} connects it to this function." in text
    assert f"ARN: {QUEUE}" in text
    assert "Batches, on failure: orders-failed" in text
    text = choose(desk, "pictures")
    assert "✔ lambda:GetPolicy: ok\n    Statement s3" in text
    assert "✖ s3:GetBucketNotificationConfiguration: denied\n" in text
    view = desk.get("triggerEvidence")
    view.setFocus()
    view.selectAll()
    press(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == text


async def test_what_was_not_checked_is_a_line_with_details(desk: Desk) -> None:
    await open_page(desk)
    assert desk.text("triggersUnchecked") == "Not checked: 1 look (s3:GetBucketNotification denied)"
    details = desk.get("uncheckedDetails")
    assert not details.isVisible()
    click(desk.get("uncheckedButton"))
    assert details.isVisible()
    assert details.toPlainText().startswith("S3, buckets: denied. These credentials are not allowed")


async def test_selection_and_place_stay_while_rows_come_and_go(desk: Desk, aws: FakeServices) -> None:
    await open_page(desk)
    choose(desk, "orders")
    aws.answers["GetPolicy"] = to_policy(allow("sns", ELSEWHERE), allow("sns", f"{ELSEWHERE}-2"))
    await refresh(desk)
    assert [row[1] for row in shown(desk)] == ["post-commits", "post-commits-2", "orders"]
    assert desk.get("triggerTable").currentIndex().row() == 2
    assert desk.get("triggerEvidence").toPlainText().startswith("SQS orders")
    assert not desk.get("triggersUnchecked").isVisible()


async def test_nothing_starts_it_and_what_that_rests_on(desk: Desk, aws: FakeServices) -> None:
    have_nothing(aws)
    await open_page(desk)
    words = visible_words(desk.page)
    assert "Nothing was found that starts this function" in words
    assert "Looked at: aliases and versions, resource policies, event source mappings" in words
    assert "A deep scan also looks at: " in words
    assert not desk.get("triggerTable").isVisible()
    assert not desk.get("triggerEvidence").isVisible()
    aws.always("ListPipes", faults.hang)
    click(named_button(desk, "Deep scan", besides=desk.get("triggersDeepScan")))
    await until(lambda: desk.text("triggersSummary").startswith("Deep scan: "))


async def test_nothing_found_is_not_nothing_there(desk: Desk, aws: FakeServices) -> None:
    have_nothing(aws)
    aws.always("ListPipes", faults.denied("pipes:ListPipes"))
    await open_page(desk)
    words = visible_words(desk.page)
    assert "Nothing was found, but not everything could be checked" in words
    assert "Nothing was found that starts" not in words


def named_button(desk: Desk, text: str, *, besides: QWidget) -> QPushButton:
    """The one visible button of the page with this text that is not `besides`."""
    buttons = [each for each in desk.page.findChildren(QPushButton) if each.text() == text]
    (found,) = [each for each in buttons if each.isVisible() and each is not besides]
    return found


@pytest.mark.usefixtures("patient")
async def test_the_keyboard_stays_on_the_page_while_a_scan_runs(desk: Desk, aws: FakeServices) -> None:
    have_nothing(aws)
    await open_page(desk)
    aws.always("ListPipes", faults.hang)
    deep, cancel = desk.get("triggersDeepScan"), desk.get("triggersCancel")
    for start in (deep, desk.get("triggersRefresh")):
        start.setFocus()
        before = len(aws.requests("ListPipes"))
        press(start, Qt.Key.Key_Space)
        assert cancel.hasFocus()
        await until(lambda before=before: len(aws.requests("ListPipes")) > before, within_s=DEEP_S)
        press(cancel, Qt.Key.Key_Escape)
        await scanned(desk)
        assert start.hasFocus()
        assert not cancel.isVisible()
    again = named_button(desk, "Scan again", besides=deep)
    again.setFocus()
    press(again, Qt.Key.Key_Space)
    assert cancel.hasFocus()
    aws.always("ListPipes", None)
    await scanned(desk)
    assert desk.get("triggersRefresh").hasFocus()


async def test_a_scan_that_finds_out_nothing_says_why_and_tries_again(desk: Desk, aws: FakeServices) -> None:
    await desk.listed()
    aws.always("*", faults.expired())
    await open_page(desk)
    (retry,) = [
        each
        for each in desk.page.findChildren(type(desk.get("triggersRefresh")))
        if each.text() == "Retry" and each.isVisible()
    ]
    aws.always("*", None)
    click(retry)
    await until(lambda: len(shown(desk)) == 3)


async def test_rows_stay_where_a_later_scan_fails(desk: Desk, aws: FakeServices) -> None:
    await open_page(desk)
    before = shown(desk)
    aws.always("*", faults.expired())
    await refresh(desk)
    assert shown(desk) == before
    assert "✖ " in desk.text("triggersTrouble")
    assert "What was known before is shown." in desk.text("triggersTrouble")
    aws.always("*", None)
    await refresh(desk)
    assert not desk.get("triggersTrouble").isVisible()


async def test_all_denied_is_a_denied_page(desk: Desk, aws: FakeServices) -> None:
    await desk.listed()
    aws.always("*", faults.denied("lambda:ListAliases"))
    await open_page(desk)
    assert "Access denied" in visible_words(desk.page)
    assert shown(desk) == []


def have_machine(aws: FakeServices) -> None:
    """A state machine, which no policy names."""
    machine = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:checkout"
    aws.answers["ListStateMachines"] = {"stateMachines": [{"stateMachineArn": machine, "name": "checkout"}]}
    aws.answers["DescribeStateMachine"] = {
        "definition": json.dumps({"States": {"Go": {"Type": "Task", "Resource": ARN}}}),
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/machine",
    }


@pytest.mark.usefixtures("patient")
async def test_a_deep_scan_finds_more_tells_how_far_and_can_be_stopped(desk: Desk, aws: FakeServices) -> None:
    have_machine(aws)
    await open_page(desk)
    assert not desk.get("triggersCancel").isVisible()
    aws.script("DescribeStateMachine", faults.hang)
    told: list[str] = []

    def tells(words: str) -> bool:
        told.append(desk.text("triggersSummary"))
        return words in told[-1]

    click(desk.get("triggersDeepScan"))
    await until(lambda: tells("Step Functions"), lambda: told[-1], DEEP_S)
    assert any(text.startswith("Deep scan: ") and " of " in text for text in told)
    await until(lambda: aws.requests("DescribeStateMachine"), within_s=DEEP_S)
    assert not desk.get("triggersDeepScan").isEnabled()
    assert len(shown(desk)) == 3
    click(desk.get("triggersCancel"))
    await scanned(desk)
    assert desk.text("triggersFoot").startswith("The deep scan was stopped at ")
    assert len(shown(desk)) == 3
    await deep_scan(desk)
    assert "Step Functions" in [row[0] for row in shown(desk)]
    assert desk.text("triggersFoot").startswith("deep scan of ")
    assert "more looks" not in desk.text("triggersFoot")


@pytest.mark.usefixtures("patient")
async def test_a_refresh_keeps_what_only_a_deep_scan_finds_and_says_its_age(
    desk: Desk, aws: FakeServices
) -> None:
    have_machine(aws)
    await open_page(desk)
    await deep_scan(desk)
    fresh = next(row for row in shown(desk) if row[0] == "Step Functions")
    assert desk.get("triggersDeepScan").text() == "Deep scan"
    aws.mappings = []
    await refresh(desk)
    old = next(row for row in shown(desk) if row[0] == "Step Functions")
    assert old[4].startswith(f"{fresh[4]}, as of ")
    assert "SQS" not in [row[0] for row in shown(desk)]
    assert "As of the deep scan at " in choose(desk, old[1])
    assert "what only a deep scan finds is as of " in desk.text("triggersFoot")
    assert desk.get("triggersDeepScan").text() == "Deep scan again"
    assert len(aws.requests("DescribeStateMachine")) == 1
    aws.answers["ListStateMachines"] = {"stateMachines": []}
    await deep_scan(desk)
    assert "Step Functions" not in [row[0] for row in shown(desk)]
    await refresh(desk)
    assert "Step Functions" not in [row[0] for row in shown(desk)]


async def test_a_function_that_was_changed_is_looked_at_again_once_it_is_seen(
    desk: Desk, aws: FakeServices
) -> None:
    def looks() -> int:
        return len(aws.requests("ListRuleNamesByTarget"))  # which nothing but a scan asks

    await open_page(desk)
    assert (before := looks()) > 0
    press(desk.window, Qt.Key.Key_F5)
    await desk.listed()
    await turns()
    assert looks() == before  # nothing is otherwise than it was
    aws.functions = [make_function("hello", MemorySize=512), make_function("other")]
    aws.answers["GetPolicy"] = to_policy()
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: len(shown(desk)) == 1)
    await scanned(desk)
    desk.turn_to("Invoke")
    before = looks()
    aws.functions = [make_function("hello", MemorySize=1024), make_function("other")]
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: "1024 MB" in desk.text("functionAbout"))
    assert looks() == before
    desk.turn_to("Triggers")
    await until(lambda: looks() > before)
    await scanned(desk)


async def test_the_picture_says_the_same_and_selects(desk: Desk) -> None:
    await open_page(desk)
    picture = desk.get("triggerPicture")
    assert picture.isVisible()
    assert picture.accessibleDescription() == (
        "Sources: post-commits · SNS (permitted only), pictures · S3 (not checked), "
        "orders · SQS (confirmed). Function: hello. "
        "Destinations: orders-failed · on failure of SQS orders."
    )
    choose(desk, "post-commits")
    sources = [(rect, node) for rect, node in picture._place().sources]
    rect = next(rect for rect, node in sources if node.title == "orders")
    click(picture, rect.center().toPoint())
    assert desk.get("triggerEvidence").toPlainText().startswith("SQS orders")
    move(picture, rect.center().toPoint() + QPoint(3, 1))
    assert picture.toolTip() == "orders · SQS"


def test_lines_differ_by_verdict(qapp: QApplication) -> None:
    """Told by the legend of a picture with that one verdict: solid, dashed, dotted."""
    strokes = []
    for answer in (Answer.OK, Answer.GONE, Answer.DENIED):
        picture = TriggerPicture()
        evidence = (Evidence("sqs:GetQueueUrl", answer, "So it is."),)
        picture.show_triggers("f", [Trigger("k", "SQS", "orders", Mode.POLLED, evidence)], [])
        picture.resize(360, 160)
        image = picture.grab().toImage()
        y = picture.height() - theme.SPACE - picture.fontMetrics().lineSpacing() // 2
        inked = [
            image.pixelColor(x, y) != image.pixelColor(1, y) for x in range(theme.SPACE, theme.SPACE + 28)
        ]
        strokes.append(sum(now and not before for before, now in pairwise([False, *inked])))
    solid, dashed, dotted = strokes
    assert solid == 1
    assert 1 < dashed < dotted


async def test_many_sources_are_counted(desk: Desk, aws: FakeServices) -> None:
    aws.answers["GetPolicy"] = to_policy(*(allow("sns", f"{ELSEWHERE}-{n:02}") for n in range(20)))
    desk.window.resize(1700, 1000)
    await open_page(desk)
    assert len(shown(desk)) == 21
    picture = desk.get("triggerPicture")
    sources = picture._place().sources
    assert len(sources) == 8
    assert sources[-1][1].title == "+14 more"
    assert "post-commits-19" in picture.accessibleDescription()


async def test_the_picture_gives_way_where_it_is_narrow(desk: Desk) -> None:
    await open_page(desk)
    parts = desk.get("triggersSplitter").parentWidget()
    picture = desk.get("triggerPicture")
    desk.window.resize(1700, 900)
    await until(lambda: picture.parentWidget() is parts)
    desk.window.resize(1280, 800)
    await until(lambda: picture.parentWidget() is not parts)
    assert picture.isVisible()
    desk.window.resize(800, 600)
    await until(lambda: not picture.isVisible())
    assert desk.get("triggerEvidence").isVisible()


async def test_a_mapping_is_disabled_and_followed_until_it_settles(desk: Desk, aws: FakeServices) -> None:
    aws.coming[UUID] = deque(["Disabling", "Disabled"])
    await open_page(desk)
    choose(desk, "post-commits")
    assert not desk.get("mappingSwitch").isVisible()
    choose(desk, "orders")
    assert desk.get("mappingSwitch").text() == "Disable"
    click(desk.get("mappingSwitch"))
    await until(lambda: state_of(desk, "orders") == "Disabling")
    assert not desk.get("mappingSwitch").isEnabled()
    await until(lambda: state_of(desk, "orders") == "Disabled")
    await until(desk.get("mappingSwitch").isEnabled)
    assert desk.get("mappingSwitch").text() == "Enable"
    assert [json.loads(each.body) for each in aws.requests("UpdateEventSourceMapping")] == [
        {"Enabled": False}
    ]
    aws.coming[UUID] = deque(["Enabled"])
    click(desk.get("mappingSwitch"))
    await until(lambda: state_of(desk, "orders") == "Enabled")


async def test_batch_size_and_window_are_edited_in_place(desk: Desk, aws: FakeServices) -> None:
    aws.coming[UUID] = deque(["Enabled"])
    await open_page(desk)
    choose(desk, "orders")
    click(desk.get("mappingEdit"))
    size = desk.get("mappingBatchSize")
    assert size.value() == 10
    press(size, Qt.Key.Key_Escape)
    assert not desk.get("mappingEditor").isVisible()
    assert desk.get("mappingEdit").hasFocus()
    click(desk.get("mappingEdit"))
    await until(size.hasFocus)
    QTest.keyClicks(size, "50")
    press(desk.get("mappingWindow"), Qt.Key.Key_Up)
    press(size, Qt.Key.Key_Return)
    assert not desk.get("mappingEditor").isVisible()
    await until(lambda: rows(desk.get("triggerTable"))[2][6] == "50, or after 1 s")
    (sent,) = aws.requests("UpdateEventSourceMapping")
    assert json.loads(sent.body) == {"BatchSize": 50, "MaximumBatchingWindowInSeconds": 1}
    await until(desk.get("mappingEdit").isEnabled)
    click(desk.get("mappingEdit"))
    click(desk.get("mappingSave"))  # nothing was changed, so nothing is sent
    await turns()
    assert len(aws.requests("UpdateEventSourceMapping")) == 1


async def test_a_change_that_is_refused_is_told_in_place(desk: Desk, aws: FakeServices) -> None:
    aws.always("UpdateEventSourceMapping", faults.denied("lambda:UpdateEventSourceMapping"))
    await open_page(desk)
    choose(desk, "orders")
    click(desk.get("mappingSwitch"))
    await until(lambda: "lambda:UpdateEventSourceMapping" in desk.text("triggersTrouble"))
    assert desk.text("triggersTrouble").startswith("✖ orders: ")
    assert state_of(desk, "orders") == "Enabled"
    assert desk.get("mappingSwitch").isEnabled()
    assert desk.window.notices.keys() == []


async def test_a_read_only_connection_changes_nothing(desk: Desk, aws: FakeServices) -> None:
    one = endpoint("one", aws, "us-east-1", guard=Guard.READ_ONLY)
    await store(desk, one)
    await show(desk, (one, "us-east-1"))
    await open_page(desk)
    choose(desk, "orders")
    click(desk.get("mappingSwitch"))
    await until(lambda: "This connection is read-only." in desk.text("triggersTrouble"))
    assert aws.requests("UpdateEventSourceMapping") == []


async def test_production_wants_the_name_typed(desk: Desk, aws: FakeServices) -> None:
    aws.coming[UUID] = deque(["Disabled"])
    one = endpoint("one", aws, "us-east-1", guard=Guard.PRODUCTION, colour="#c0392b")
    await store(desk, one)
    await show(desk, (one, "us-east-1"))
    await open_page(desk)
    choose(desk, "orders")
    click(desk.get("mappingSwitch"))
    name = await until(lambda: part(desk, "confirmName"))
    assert part(desk, "confirmInvoke").text() == "Disable the event source mapping"
    press(name, Qt.Key.Key_Escape)
    await until(desk.get("triggersTrouble").isVisible)
    assert desk.text("triggersTrouble") == "orders: you did not confirm it. Nothing was changed."
    assert aws.requests("UpdateEventSourceMapping") == []
    click(desk.get("mappingSwitch"))
    name = await until(lambda: part(desk, "confirmName"))
    QTest.keyClicks(name, "hello")
    press(part(desk, "confirmUnlock"), Qt.Key.Key_Space)
    click(part(desk, "confirmInvoke"))
    await until(lambda: state_of(desk, "orders") == "Disabled")
    await until(desk.get("mappingSwitch").isEnabled)
    aws.coming[UUID] = deque(["Enabled"])
    click(desk.get("mappingSwitch"))  # for ten minutes nothing more is asked
    await until(lambda: state_of(desk, "orders") == "Enabled")


async def test_the_arn_is_copied_by_button_and_menu(desk: Desk) -> None:
    await open_page(desk)
    choose(desk, "orders")
    click(desk.get("copySourceArn"))
    assert QGuiApplication.clipboard().text() == QUEUE
    assert desk.text("triggersFoot") == "Copied the ARN of orders."
    table = desk.get("triggerTable")
    table.customContextMenuRequested.emit(table.visualRect(table.currentIndex()).center())
    (menu,) = desk.page.findChildren(QMenu)
    assert [action.text() for action in menu.actions()] == ["Copy ARN", "Disable", "Edit batch size…"]
    menu.close()


async def test_text_from_outside_stays_text(desk: Desk, aws: FakeServices) -> None:
    aws.answers["GetPolicy"] = to_policy(allow("sns", f"{ELSEWHERE}-<b>bold\u202e"))
    await open_page(desk)
    assert "post-commits-<b>bold<U+202E>" in [row[1] for row in shown(desk)]
    assert "<U+202E>" in choose(desk, "post-commits-<b>bold<U+202E>")
    assert desk.get("triggerPicture").grab().width() > 0


@pytest.mark.usefixtures("patient")
async def test_closing_the_tab_ends_the_scan(desk: Desk, aws: FakeServices) -> None:
    await desk.listed()
    aws.always("ListEventSourceMappings", faults.hang)
    await desk.open("hello", "Triggers")
    (panel,) = desk.page.findChildren(TriggersPanel)
    scan = panel.scan
    await until(
        lambda: any("FunctionName" in each.params for each in aws.requests("ListEventSourceMappings"))
    )
    assert scan.is_running
    await desk.close_tab()
    assert not scan.is_running
    assert scan.was_stopped
