"""What starts a function, with its evidence, and what could not be checked."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from tests.servers import faults
from tests.servers.fake_services import FakeServices, to_policy
from tests.ui.desk import Desk, click, press, rows, until, visible_words
from tests.ui.triggers_rig import (
    ELSEWHERE,
    QUEUE,
    UUID,
    allow,
    choose,
    have_nothing,
    named_button,
    open_page,
    refresh,
    serve,
    shown,
)


@pytest.fixture
def aws() -> Iterator[FakeServices]:
    with serve() as server:
        yield server


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


async def test_all_denied_is_a_denied_page(desk: Desk, aws: FakeServices) -> None:
    await desk.listed()
    aws.always("*", faults.denied("lambda:ListAliases"))
    await open_page(desk)
    assert "Access denied" in visible_words(desk.page)
    assert shown(desk) == []


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
