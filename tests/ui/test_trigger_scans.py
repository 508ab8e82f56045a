"""A scan of the Triggers page: how far it is, how it is stopped, what it keeps, and when it comes anew."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from lambdadesk.ui.panels.triggers_panel import TriggersPanel
from tests.servers import faults
from tests.servers.fake_aws import make_function
from tests.servers.fake_services import FakeServices, to_policy
from tests.ui.desk import QUICK, Desk, click, press, turns, until
from tests.ui.triggers_rig import (
    ACCOUNT,
    ARN,
    DEEP_S,
    choose,
    deep_scan,
    have_nothing,
    named_button,
    open_page,
    refresh,
    scanned,
    serve,
    shown,
)


@pytest.fixture
def aws() -> Iterator[FakeServices]:
    with serve() as server:
        yield server


@pytest.fixture
def patient(desk: Desk) -> None:
    """No call is given up: a deep scan builds forty clients, each from a model of its own, and on a busy
    machine that takes longer than a call has here; and what hangs ends by Cancel alone."""
    desk.limits = replace(QUICK, read_s=DEEP_S, deadline_s=DEEP_S)


def have_machine(aws: FakeServices) -> None:
    """A state machine, which no policy names."""
    machine = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:checkout"
    aws.answers["ListStateMachines"] = {"stateMachines": [{"stateMachineArn": machine, "name": "checkout"}]}
    aws.answers["DescribeStateMachine"] = {
        "definition": json.dumps({"States": {"Go": {"Type": "Task", "Resource": ARN}}}),
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/machine",
    }


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
    await until(lambda: "1,024 MB" in desk.text("functionAbout"))
    assert looks() == before
    desk.turn_to("Triggers")
    await until(lambda: looks() > before)
    await scanned(desk)


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
