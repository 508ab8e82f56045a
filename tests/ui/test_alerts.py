"""Alerts in the window: a quiet number, the list behind it, mutes, and the way to the function."""

import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from lambdadesk.ui.dialogs.alerts_dialog import AlertsDialog
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import Desk, click, press, rows, turns, until, visible_words
from tests.ui.test_accessibility import nameless

GROUP = "/aws/lambda/hello"


def request_id(number: int) -> str:
    return f"0a1b2c3d-0000-4000-8000-{number:012}"


def fail(aws: FakeAws, *numbers: int, used_mb: int = 40) -> None:
    """Invocations from elsewhere, each of which failed."""
    for number in numbers:
        aws.add_events(
            GROUP,
            f"START RequestId: {request_id(number)} Version: $LATEST\n",
            "[ERROR] KeyError: 'no'\n",
            f"REPORT RequestId: {request_id(number)}\tDuration: 1.50 ms\tBilled Duration: 2 ms\t"
            f"Memory Size: 128 MB\tMax Memory Used: {used_mb} MB\t\n",
            timestamp_ms=int(time.time() * 1000) - 1_000 * (10 - number),
        )


async def raised(desk: Desk, aws: FakeAws, *numbers: int, used_mb: int = 40) -> QWidget:
    """The button, once the log has told and the window's clock has turned."""
    fail(aws, *numbers, used_mb=used_mb)
    await desk.open("hello")
    await desk.polled()
    desk.window._clock.timeout.emit()
    button: QWidget = desk.get("alertsButton")
    await until(button.isVisible)
    return button


async def opened(desk: Desk) -> AlertsDialog:
    (dialog,) = await until(lambda: desk.window.findChildren(AlertsDialog))
    await until(dialog.isActiveWindow)
    return dialog


def find(dialog: AlertsDialog, name: str) -> Any:
    (found,) = dialog.findChildren(QWidget, name)
    return found


async def test_nothing_is_shown_while_nothing_is_wrong(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    await desk.invoke()
    desk.window._clock.timeout.emit()
    assert not desk.get("alertsButton").isVisible()
    desk.action("Alerts").trigger()
    dialog = await opened(desk)
    assert not dialog.isModal()
    assert "Nothing wants a look" in visible_words(dialog)
    assert nameless(dialog) == []


async def test_failures_are_counted_and_lead_to_the_log(desk: Desk, aws: FakeAws) -> None:
    button = await raised(desk, aws, 1, 2, 3, used_mb=127)
    assert button.text() == "2 alerts"  # type: ignore[attr-defined]
    assert QApplication.activeModalWidget() is None
    assert "3 of 3 invocations failed, 100 %." in button.toolTip()
    click(button)
    dialog = await opened(desk)
    table = find(dialog, "alertTable")
    assert [row[:3] for row in rows(table)] == [
        ["Error rate", "hello", "3 of 3 invocations failed, 100 %."],
        ["Near memory size", "hello", "3 of 3 invocations used 90 % or more of the memory size."],
    ]
    evidence = find(dialog, "alertEvidence")
    assert "By type: 3 KeyError." in evidence.text()
    assert evidence.text().endswith("Counted.")
    table.setFocus()
    press(table, Qt.Key.Key_Down)
    assert "The most was 127 of 128 MB." in evidence.text()
    press(table, Qt.Key.Key_Up)
    assert nameless(dialog) == []
    press(table, Qt.Key.Key_Return)
    pages = desk.get("pageTabs")
    assert pages.tabText(pages.currentIndex()) == "Logs"
    assert desk.get("logFilter").text() == f"req:{request_id(3)}"
    await until(lambda: not desk.window.findChildren(AlertsDialog))  # it would lie over the log
    click(button)
    dialog = await opened(desk)
    click(find(dialog, "alertCharts"))
    assert pages.tabText(pages.currentIndex()) == "Charts"


async def test_a_mute_holds_over_a_restart_and_can_be_taken_back(
    desk: Desk, aws: FakeAws, qapp: QApplication, tmp_path: Path
) -> None:
    button = await raised(desk, aws, 1, 2, 3)
    click(button)
    dialog = await opened(desk)
    menu = find(dialog, "alertMuteMenu")
    (ever,) = [action for action in menu.actions() if action.text() == "For ever"]
    ever.trigger()
    assert not button.isVisible()
    assert "Nothing wants a look" in visible_words(dialog)
    dialog.tabs.setCurrentIndex(1)
    await turns()
    assert [row[:3] for row in rows(find(dialog, "muteTable"))] == [["Error rate", "hello", "for ever"]]
    await desk.window._save_settings()
    await desk.close()
    again = Desk(qapp, aws, tmp_path / "home")
    async with again:
        await again.open("hello")
        await again.polled()
        again.window._clock.timeout.emit()
        assert not again.get("alertsButton").isVisible()
        again.action("Alerts").trigger()
        dialog = await opened(again)
        dialog.tabs.setCurrentIndex(1)
        await until(find(dialog, "alertUnmute").isVisible)
        click(find(dialog, "alertUnmute"))
        assert again.get("alertsButton").isVisible()
        assert "Nothing is muted." in visible_words(dialog)


async def test_the_list_follows_what_comes(desk: Desk, aws: FakeAws) -> None:
    desk.action("Alerts").trigger()
    dialog = await opened(desk)
    desk.window.activateWindow()
    await raised(desk, aws, 1, 2, 3)
    assert len(rows(find(dialog, "alertTable"))) == 1
    assert dialog.tabs.tabText(0) == "Alerts (1)"
    press(dialog, Qt.Key.Key_Escape)
    await until(lambda: not desk.window.findChildren(AlertsDialog))
    click(desk.get("alertsButton"))
    await opened(desk)
