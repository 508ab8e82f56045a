"""The Configuration page: groups and rows, secrets masked, failures in place, and the ways out."""

import pytest
from PySide6.QtCore import QModelIndex, QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton

from lambdadesk.core.types import Target
from lambdadesk.ui.dialogs.sizing.dialog import SizingDialog
from lambdadesk.ui.panels.configuration_panel import ConfigurationPanel
from lambdadesk.ui.widgets.wrapping_row import WrappingRow
from tests.aws.test_details import make_everything
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.ui.desk import CONTROL, Desk, click, press, turns, until, visible_words


def read_tree(desk: Desk) -> dict[str, dict[str, str]]:
    """Title of each group -> its rows."""
    model = desk.get("configurationView").model()
    groups = {}
    for row in range(model.rowCount()):
        group = model.index(row, 0)
        groups[str(group.data())] = {
            str(model.index(one, 0, group).data()): str(model.index(one, 1, group).data())
            for one in range(model.rowCount(group))
        }
    return groups


def find_row(desk: Desk, group: str, name: str) -> QModelIndex:
    model = desk.get("configurationView").model()
    for row in range(model.rowCount()):
        parent = model.index(row, 0)
        for one in range(model.rowCount(parent)):
            if (parent.data(), model.index(one, 0, parent).data()) == (group, name):
                return model.index(one, 0, parent)
    raise AssertionError(f"no row {group}: {name}")


def click_setting(desk: Desk, group: str, name: str) -> None:
    tree = desk.get("configurationView")
    index = find_row(desk, group, name)
    tree.scrollTo(index)
    click(tree.viewport(), tree.visualRect(index).center())


async def open_page(desk: Desk, name: str = "hello") -> None:
    await desk.open(name, "Configuration")
    await until(lambda: read_tree(desk), lambda: visible_words(desk.window))


async def refresh(desk: Desk) -> None:
    button = desk.get("configurationRefresh")
    click(button)
    await until(lambda: not button.isEnabled())
    await until(button.isEnabled)


async def open_everything(desk: Desk, aws: FakeAws) -> None:
    make_everything(aws)
    await desk.listed()
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: desk.function_names() == ["orders"])
    await open_page(desk, "orders")


async def test_groups_are_in_reading_order_and_unfolded(desk: Desk) -> None:
    await open_page(desk)
    tree = desk.get("configurationView")
    assert list(read_tree(desk))[:4] == ["General", "Environment", "VPC", "Storage"]
    assert read_tree(desk)["General"]["Description"] == "says hello"
    assert all(tree.isExpanded(tree.model().index(row, 0)) for row in range(tree.model().rowCount()))
    assert not desk.get("configurationTrouble").isVisible()
    assert desk.text("configurationFoot").startswith("read at ")


async def test_nothing_is_asked_before_the_page_is_shown(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    looked_at = len(aws.functions)  # for the function table, once each
    await until(lambda: len(aws.requests("GetFunction")) == looked_at)
    await desk.open("hello")
    await turns()
    assert len(aws.requests("GetFunction")) == looked_at
    desk.turn_to("Configuration")
    await until(lambda: read_tree(desk))
    assert len(aws.requests("GetFunction")) == looked_at + 1
    desk.turn_to("Invoke")
    desk.turn_to("Configuration")
    await turns()
    assert len(aws.requests("GetFunction")) == looked_at + 1


async def test_values_of_the_environment_are_masked_until_asked_for_and_again_when_the_page_is_left(
    desk: Desk, aws: FakeAws
) -> None:
    await open_everything(desk, aws)
    assert read_tree(desk)["Environment"] == {"DEBUG": "•••", "TOKEN": "•••"}
    assert "canary" not in visible_words(desk.window)
    click(desk.get("showValues"))
    assert read_tree(desk)["Environment"] == {"DEBUG": "", "TOKEN": "canary"}
    desk.turn_to("Invoke")
    desk.turn_to("Configuration")
    assert read_tree(desk)["Environment"] == {"DEBUG": "•••", "TOKEN": "•••"}
    assert not desk.get("showValues").isChecked()


async def test_a_masked_value_is_not_copied_nor_found(desk: Desk, aws: FakeAws) -> None:
    await open_everything(desk, aws)
    clipboard = QGuiApplication.clipboard()
    clipboard.setText("before")
    click_setting(desk, "Environment", "TOKEN")
    assert not desk.get("copyValue").isEnabled()
    press(desk.get("configurationView"), Qt.Key.Key_C, CONTROL)
    assert clipboard.text() == "before"
    QTest.keyClicks(desk.get("configurationFilter"), "canary")
    assert read_tree(desk) == {}
    assert "No setting matches" in visible_words(desk.page)
    click(desk.get("showValues"))
    assert read_tree(desk) == {"Environment": {"TOKEN": "canary"}}
    click_setting(desk, "Environment", "TOKEN")
    click(desk.get("copyValue"))
    assert clipboard.text() == "canary"
    assert desk.text("configurationFoot") == "Copied the value; the clipboard is cleared in a minute."
    assert clipboard.mimeData().data("x-kde-passwordManagerHint") == b"secret"


async def test_find_narrows_and_esc_brings_all_back(desk: Desk) -> None:
    await open_page(desk)
    whole = read_tree(desk)
    desk.get("configurationView").setFocus()
    press(desk.get("configurationView"), Qt.Key.Key_F, CONTROL)
    assert QApplication.focusWidget() is desk.get("configurationFilter")
    QTest.keyClicks(desk.get("configurationFilter"), "general MEM")
    assert read_tree(desk) == {"General": {"Memory": "128 MB"}}
    press(desk.get("configurationFilter"), Qt.Key.Key_Escape)
    assert read_tree(desk) == whole


async def test_the_selected_setting_is_told_in_full(desk: Desk, aws: FakeAws) -> None:
    await open_everything(desk, aws)
    click_setting(desk, "Concurrency", "Reserved")
    assert desk.text("configurationDetail") == "0: switched off"
    assert desk.text("configurationHint") == "Every invocation is throttled."
    press(desk.get("configurationView"), Qt.Key.Key_C, CONTROL)
    assert QGuiApplication.clipboard().text() == "0: switched off"


async def test_a_denied_part_is_named_and_the_rest_is_there(desk: Desk, aws: FakeAws) -> None:
    aws.always("ListAliases", faults.denied("lambda:ListAliases"))
    aws.always("DescribeLogGroups", faults.denied("logs:DescribeLogGroups"))
    await open_page(desk)
    trouble = desk.text("configurationTrouble")
    assert desk.get("configurationTrouble").isVisible()
    assert "the log group (logs:DescribeLogGroups is denied)" in trouble
    assert "the aliases (lambda:ListAliases is denied)" in trouble
    groups = read_tree(desk)
    assert groups["Versions and aliases"]["Aliases"] == "not known (denied: lambda:ListAliases)"
    assert groups["General"]["Memory"] == "128 MB"
    assert desk.window.notices.keys() == []


async def test_a_page_that_is_denied_names_the_action_and_tries_again(desk: Desk, aws: FakeAws) -> None:
    for operation in ("GetFunction", "GetFunctionConfiguration"):
        aws.always(operation, faults.denied(f"lambda:{operation}"))
    await desk.open("hello", "Configuration")
    await until(lambda: "Access denied" in visible_words(desk.page))
    assert "The permission lambda:GetFunction is missing." in visible_words(desk.page)
    for operation in ("GetFunction", "GetFunctionConfiguration"):
        aws.always(operation, None)
    await refresh(desk)
    assert read_tree(desk)["General"]["Name"] == "hello"


async def test_a_refresh_that_fails_keeps_what_is_shown_and_says_so(desk: Desk, aws: FakeAws) -> None:
    await open_page(desk)
    before = read_tree(desk)
    aws.always("GetFunction", faults.throttled())
    await refresh(desk)
    assert read_tree(desk) == before
    assert desk.text("configurationTrouble").startswith("✖ AWS asks for fewer GetFunction requests.")
    aws.always("GetFunction", None)
    await refresh(desk)
    assert not desk.get("configurationTrouble").isVisible()


async def test_a_refresh_keeps_what_is_selected_folded_and_in_sight(desk: Desk, aws: FakeAws) -> None:
    await open_everything(desk, aws)
    tree = desk.get("configurationView")
    tree.collapse(tree.model().index(1, 0))
    click_setting(desk, "Tags", "team")
    place = tree.verticalScrollBar().value()
    assert place > 0
    aws.details["GetFunction", "orders"]["Tags"] = {"owner": "x", "team": "core"}
    await refresh(desk)
    assert read_tree(desk)["Tags"] == {"owner": "x", "team": "core"}
    assert tree.currentIndex() == find_row(desk, "Tags", "team")
    assert not tree.isExpanded(tree.model().index(1, 0))
    assert tree.isExpanded(tree.model().index(0, 0))
    assert tree.verticalScrollBar().value() == place


async def test_a_change_of_the_function_is_read_with_the_list(desk: Desk, aws: FakeAws) -> None:
    await open_page(desk)
    aws.functions[0] |= {"MemorySize": 256}
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: read_tree(desk)["General"]["Memory"] == "256 MB")
    aws.functions.pop(0)
    await refresh(desk)
    assert "The function hello does not exist." in desk.text("configurationTrouble")
    assert read_tree(desk)["General"]["Memory"] == "256 MB"


async def test_loading_can_be_stopped(desk: Desk, aws: FakeAws) -> None:
    aws.always("GetFunction", faults.hang)
    await desk.open("hello", "Configuration")

    def find_cancel() -> QPushButton | None:
        buttons = desk.page.findChildren(QPushButton)
        return next((each for each in buttons if each.text() == "Cancel" and each.isVisible()), None)

    cancel = await until(find_cancel)
    assert "Waiting for the configuration…" in visible_words(desk.page)
    click(cancel)
    await until(lambda: "Stopped waiting for the configuration." in visible_words(desk.page))


async def test_names_are_copied_and_the_console_is_for_aws_alone(desk: Desk, aws: FakeAws) -> None:
    await open_page(desk)
    clipboard = QGuiApplication.clipboard()
    for button, text in (
        ("copyArn", "arn:aws:lambda:us-east-1:000000000000:function:hello"),
        ("copyName", "hello"),
    ):
        click(desk.get(button))
        assert clipboard.text() == text
    click(desk.get("copyCli"))
    keys = "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test"
    assert clipboard.text().startswith(f"{keys} AWS_MAX_ATTEMPTS=1 aws lambda invoke ")
    assert f"--endpoint-url {aws.url}" in clipboard.text()
    assert not desk.get("openConsole").isEnabled()


class Browser(QObject):
    """What the desktop is asked to open."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(url.toString())


async def test_the_console_is_opened_at_the_function(desk: Desk) -> None:
    await open_page(desk)
    desk.connection.target = Target("us-east-1")  # as if AWS itself were asked
    await refresh(desk)
    browser = Browser()
    QDesktopServices.setUrlHandler("https", browser, "open")
    try:
        click(desk.get("openConsole"))
    finally:
        QDesktopServices.unsetUrlHandler("https")
    url = "https://us-east-1.console.aws.amazon.com/lambda/home?region=us-east-1#/functions/hello"
    assert browser.opened == [url]
    assert desk.get("openConsole").toolTip() == url


async def test_text_from_outside_stays_text(desk: Desk, aws: FakeAws) -> None:
    aws.functions = [make_function("hello", Description="<b>bold</b>\u202e", Handler="x\ny")]
    await desk.listed()
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: desk.function_names() == ["hello"])
    await open_page(desk)
    general = read_tree(desk)["General"]
    assert general["Description"] == "<b>bold</b><U+202E>"
    assert general["Handler"] == "x ⏎ y"
    index = find_row(desk, "General", "Description").siblingAtColumn(1)
    assert "<b>" not in index.data(Qt.ItemDataRole.ToolTipRole)


@pytest.mark.parametrize("page", ["Configuration", "History"])
async def test_no_page_takes_its_width_from_the_list_of_functions(desk: Desk, page: str) -> None:
    await desk.open("hello", "Invoke")
    desk.window.resize(760, 520)
    await turns()
    width = desk.window.functions.width()
    desk.turn_to(page)
    await turns()
    assert desk.window.functions.width() == width
    buttons = [each for each in desk.page.findChildren(QPushButton) if each.isVisible()]
    assert all(each.width() >= each.sizeHint().width() for each in buttons)
    desk.window.resize(1280, 800)
    await turns()
    (row,) = [each for each in desk.page.findChildren(WrappingRow) if each.isVisible()]
    assert len({each.y() for each in row.findChildren(QPushButton)}) == 1


async def test_memory_leads_to_sizing(desk: Desk) -> None:
    await open_page(desk)
    panel, tree = desk.page.findChildren(ConfigurationPanel)[0], desk.get("configurationView")
    for name, titles in (
        ("Description", ["Copy value"]),
        ("Memory", ["Copy value", "", "What if…", "Power sweep…"]),
    ):
        click_setting(desk, "General", name)
        tree.customContextMenuRequested.emit(tree.visualRect(find_row(desk, "General", name)).center())
        menu = panel.findChildren(QMenu)[-1]
        assert [each.text() for each in menu.actions()] == titles
        if name == "Memory":
            menu.actions()[2].trigger()
        menu.close()
    (dialog,) = desk.window.findChildren(SizingDialog)
    assert dialog.tabs.currentWidget() is dialog.what_if
