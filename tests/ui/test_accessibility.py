"""Everything that takes the keyboard has a name, can be reached, and can be left again."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QPushButton, QTabBar, QWidget

from lambdadesk.core.errors import UserError
from lambdadesk.ui.dialogs.text_dialog import TextDialog
from lambdadesk.ui.pages import PAGES
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_mappings import make_mapping
from tests.ui.desk import CONTROL, Desk, click, press, turns, until


def nameless(top: QWidget) -> list[str]:
    """The widgets in sight that take the focus, or a click, and that a screen reader has no name for."""
    found = []
    for widget in top.findChildren(QWidget):
        takes_focus = widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        if not widget.isVisible() or not (takes_focus or isinstance(widget, QAbstractButton)):
            continue
        if isinstance(widget.parent(), QTabBar):
            continue  # scroll arrows and crosses: Ctrl+W and the arrow keys do the same
        heard = QAccessible.queryAccessibleInterface(widget)
        if heard is None or not heard.text(QAccessible.Text.Name).strip():
            found.append(f"{type(widget).__name__} {widget.objectName()} in {widget.parent()}")
    return found


async def test_every_widget_that_takes_the_keyboard_has_a_name(desk: Desk, aws: FakeAws) -> None:
    aws.add_events("/aws/lambda/hello", "one\n", "two\n")
    await desk.open("hello")
    for page in PAGES:
        desk.turn_to(page)
        await turns()
        assert nameless(desk.window) == []
    await desk.polled()
    desk.turn_to("Logs")
    desk.get("logView").table.selectRow(0)  # the line in full
    await until(lambda: desk.get("logView").detail.isVisible())
    assert nameless(desk.window) == []
    desk.turn_to("Invoke")
    await desk.invoke()
    for index in range(3):
        desk.get("resultTabs").setCurrentIndex(index)
        assert nameless(desk.window) == []
    await until(lambda: desk.get("historyTable").model().rowCount() == 1)
    desk.turn_to_cost()
    await until(lambda: desk.get("costTable").isVisible())
    assert nameless(desk.window) == []
    press(desk.get("costMonth"), Qt.Key.Key_Space)
    await until(lambda: desk.get("monthTable").isVisible() and desk.get("monthTable").model().rowCount())
    for picture in ("By day", "Treemap"):
        await desk.choose("monthPicture", picture)
        press(desk.get("monthPicture"), Qt.Key.Key_Return)
        assert nameless(desk.window) == []
    seen = await walk(desk, desk.get("costMonth"))
    parts = (
        "monthPeriod",
        "monthBy",
        "monthPicture",
        "monthFilter",
        "monthRead",
        "monthExport",
        "monthTable",
    )
    assert {*parts, "monthTreemap"} <= seen


async def test_failures_and_notices_have_names_too(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    aws.always("*", faults.denied("lambda:ListFunctions"))
    desk.window.places.open_target("", "eu-west-1", aws.url)
    await until(lambda: "Retry" in [each.text() for each in desk.window.findChildren(QPushButton)])
    for kind in ("one", "two"):
        desk.window.notices.show_error(UserError(f"Failure {kind}.", "Do.", details="x"), lambda: None)
    await turns()
    assert nameless(desk.window) == []


async def test_running_has_a_named_way_out(desk: Desk, aws: FakeAws) -> None:
    aws.script("Invoke", faults.slow(30))
    await desk.open("hello")
    desk.get("payloadEditor").setFocus()
    press(desk.get("payloadEditor"), Qt.Key.Key_Return, CONTROL)
    await until(lambda: desk.get("stopWaitingButton").isVisible())
    assert nameless(desk.window) == []


async def test_a_dialog_has_names(desk: Desk) -> None:
    await desk.listed()
    press(desk.window, Qt.Key.Key_F1)
    (dialog,) = desk.window.findChildren(TextDialog)
    await until(dialog.isVisible)
    assert nameless(dialog) == []
    assert dialog.accessibleName() == "Keyboard shortcuts"


async def walk(desk: Desk, start: QWidget) -> set[str]:
    """The names of what Tab leads to, from here on."""
    desk.window.activateWindow()  # a list that was open may have been the active one
    await until(lambda: QApplication.activeWindow() is desk.window)
    start.setFocus()
    seen: set[str] = set()
    for _step in range(60):
        focused = QApplication.focusWidget()
        assert focused is not None
        seen |= {focused.objectName(), focused.accessibleName()}
        # The editor keeps Tab for itself; Ctrl+Tab leaves it.
        in_editor = focused.objectName() == "payloadEditor"
        QTest.keyClick(focused, Qt.Key.Key_Tab, CONTROL if in_editor else Qt.KeyboardModifier.NoModifier)
        assert QApplication.focusWidget() is not focused, f"{focused.objectName()} can't be left"
    return seen


async def test_the_keyboard_reaches_everything_and_is_caught_nowhere(desk: Desk, aws: FakeAws) -> None:
    aws.add_events("/aws/lambda/hello", "one\n", "two\n")
    await desk.open("hello")
    await desk.invoke()
    await until(desk.get("regionBox").isEnabled)
    frame = {"connectionBox", "regionBox", "refreshButton", "functionFilter", "functionTable"}
    seen = await walk(desk, desk.get("functionFilter"))
    assert frame <= seen
    assert {
        "invocationType",
        "qualifierBox",
        "invokeButton",
        "payloadEditor",
        "responseView",
        "historyTable",
    } <= seen
    desk.turn_to("Logs")
    await turns()
    assert {"logFilter", "logFollow"} <= await walk(desk, desk.get("logFilter"))
    table = desk.get("logView").table
    table.setFocus()
    press(table, Qt.Key.Key_Home)
    await until(lambda: desk.get("logView").detail.isVisible())
    assert "Text of the selected line" in await walk(desk, table)
    desk.turn_to("Charts")
    await turns()
    charts = {"durationChart", "memoryChart", "costChart"}
    assert charts <= await walk(desk, desk.get("durationChart"))
    desk.turn_to("Timeline")
    await turns()
    page = {"timelineRange", "timelineAll", "timelineEveryLane", "timelineExport", "timelineView"}
    assert page <= await walk(desk, desk.get("timelineRange"))


async def test_the_triggers_page_is_used_by_the_keyboard(desk: Desk, aws: FakeAws) -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:hello"
    aws.mappings = [make_mapping("11111111-0000-4000-8000-000000000000", arn, f"{arn}:queue")]
    await desk.open("hello", "Triggers")
    await until(desk.get("triggersRefresh").isEnabled)
    assert nameless(desk.window) == []
    press(desk.get("mappingEdit"), Qt.Key.Key_Space)
    click(desk.get("uncheckedButton"))
    assert nameless(desk.window) == []
    seen = await walk(desk, desk.get("triggersRefresh"))
    assert {
        "triggerTable",
        "copySourceArn",
        "mappingSwitch",
        "mappingEdit",
        "mappingBatchSize",
        "mappingWindow",
        "mappingSave",
        "triggerEvidence",
        "uncheckedButton",
        "uncheckedDetails",
        "triggersDeepScan",
    } <= seen


async def test_rows_are_spoken_in_words(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    await desk.invoke()
    model = desk.get("historyTable").model()
    spoken = [model.index(0, column).data(Qt.ItemDataRole.AccessibleTextRole) for column in range(8)]
    assert spoken[2] == "Succeeded"
    assert spoken[5] == "40 of 128 MB"
    heard = QAccessible.queryAccessibleInterface(desk.get("functionTable"))
    children = [heard.child(number) for number in range(heard.childCount())]
    assert "other" in [child.text(QAccessible.Text.Name) for child in children if child is not None]
