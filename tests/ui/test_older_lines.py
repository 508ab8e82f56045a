"""Lines that no longer fit into memory are told of, looked at and filtered."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from lambdadesk.ui.dialogs.older_lines_dialog import OlderLinesDialog
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import Desk, click, press, until

GROUP = "/aws/lambda/hello"


def texts(dialog: OlderLinesDialog) -> list[str]:
    return [dialog.view.line_text(row) for row in range(dialog.view.line_count())]


async def test_older_lines_are_looked_at_filtered_and_paged(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello", "Logs")
    await desk.polled()
    assert not desk.get("logOlder").isVisible()
    desk.tail.store.cap = 1_000
    aws.add_events(GROUP, *(f"line {number} of many\n" for number in range(9_000)))
    await until(lambda: desk.get("logOlder").text() == "8,192 older on disk", lambda: desk.text("logCount"))
    await until(lambda: desk.text("logCount") == "808 lines", lambda: desk.text("logCount"))
    click(desk.get("logOlder"))
    dialog = desk.window.findChild(OlderLinesDialog)
    assert dialog is not None
    await until(lambda: dialog.status.text() == "8,192 of 8,192 older lines.", dialog.status.text)
    await until(lambda: texts(dialog)[::8_191] == ["line 0 of many", "line 8191 of many"])  # the view scans
    assert not dialog.older.isEnabled()
    assert not dialog.newer.isEnabled()
    dialog.filter.setFocus()
    QTest.keyClicks(dialog.filter, "/line 70[12]\\d /")
    press(dialog.filter, Qt.Key.Key_Return)
    await until(lambda: dialog.status.text() == "20 found in 8,192 older lines.", dialog.status.text)
    await until(lambda: texts(dialog) == [f"line {number} of many" for number in range(7_010, 7_030)])
    QTest.keyClicks(dialog.filter, " /(/")
    press(dialog.filter, Qt.Key.Key_Return)
    await until(lambda: dialog.status.text().startswith("✖ Column "), dialog.status.text)
    assert len(texts(dialog)) == 20
    dialog.page_lines = 5_000
    for wanted, is_found in (("many", "found in"), ("", "of")):
        dialog.filter.setText(wanted)
        press(dialog.filter, Qt.Key.Key_Return)
        head = f"5,000 of 8,192 {is_found} 8,192" if wanted else "5,000 of 8,192"
        await until(lambda head=head: dialog.status.text().startswith(head), dialog.status.text)
        await until(lambda: texts(dialog)[:1] == ["line 3192 of many"])
        click(dialog.older)
        await until(lambda: texts(dialog)[:1] == ["line 0 of many"] and len(texts(dialog)) == 3_192)
        assert not dialog.older.isEnabled()
        click(dialog.newer)
        await until(lambda: texts(dialog)[:1] == ["line 3192 of many"])
        assert not dialog.newer.isEnabled()
    dialog.close()
    await until(lambda: desk.window.findChild(OlderLinesDialog) is None)
