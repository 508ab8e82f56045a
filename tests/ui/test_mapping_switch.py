"""Event source mappings are switched and edited on the Triggers page, behind the guard."""

import json
from collections import deque
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from lambdadesk.core.connections import Guard
from tests.servers import faults
from tests.servers.fake_services import FakeServices
from tests.ui.desk import Desk, click, press, rows, turns, until
from tests.ui.test_places import endpoint, part, show, store
from tests.ui.triggers_rig import (
    UUID,
    choose,
    open_page,
    serve,
    shown,
)


@pytest.fixture
def aws() -> Iterator[FakeServices]:
    with serve() as server:
        yield server


def state_of(desk: Desk, name: str) -> str:
    return next(row[3] for row in shown(desk) if row[1] == name)


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
