"""The History page: runs are found, compared, repeated, marked and thrown away."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit, QTableView, QWidget

from lambdadesk.ui.dialogs.diff_dialog import DiffDialog
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import CONTROL, Desk, click, click_row, press, rows, turns, until

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
STATUS, NOTE = 3, 6  # among the columns in sight, all but the function's name


async def open_history(desk: Desk, *payloads: str) -> QTableView:
    await desk.open("hello")
    for payload in payloads:
        await desk.invoke(payload)
    desk.turn_to("History")
    table = desk.get("historyTable")
    await until(lambda: table.model().rowCount() == len(payloads))
    return table  # type: ignore[no-any-return]


async def test_runs_are_there_newest_first_with_their_bodies(desk: Desk, aws: FakeAws) -> None:
    table = await open_history(desk, '{"n": 1}', '{"n": 2}')
    assert [row[STATUS] for row in rows(table)] == ["Succeeded", "Succeeded"]
    await until(lambda: desk.get("notebookPayload").data == b'{"n": 2}')
    click_row(table, 1)
    await until(lambda: desk.get("notebookPayload").data == b'{"n": 1}')
    assert "Succeeded" in desk.text("notebookResultStatus")


async def test_nothing_yet_is_said(desk: Desk, aws: FakeAws) -> None:
    await open_history(desk)
    await until(lambda: desk.page.findChild(QTableView, "historyTable").isHidden())


async def test_a_run_made_meanwhile_appears(desk: Desk, aws: FakeAws) -> None:
    table = await open_history(desk, '{"n": 1}')
    desk.turn_to("Invoke")
    await desk.invoke('{"n": 2}')
    desk.turn_to("History")
    await until(lambda: table.model().rowCount() == 2)


async def test_typing_finds_runs(desk: Desk, aws: FakeAws) -> None:
    table = await open_history(desk, '{"city": "Bern"}', '{"city": "Rome"}')
    edit = desk.get("historyFilter")
    edit.setText("rome")
    await until(lambda: table.model().rowCount() == 1)
    await until(lambda: desk.get("notebookPayload").data == b'{"city": "Rome"}')
    edit.setText("nowhere")
    await until(lambda: table.isHidden() or table.parentWidget().currentWidget() is not table)
    edit.clear()
    await until(lambda: table.model().rowCount() == 2)


async def test_a_star_and_a_note_stay(desk: Desk, aws: FakeAws) -> None:
    table = await open_history(desk, '{"n": 1}', '{"n": 2}')
    table.setFocus()
    press(table, Qt.Key.Key_S)
    await until(lambda: rows(table)[0][0] == "★")
    press(table, Qt.Key.Key_N)
    field = desk.page.findChild(QLineEdit, "historyNoteText")
    field.setText("<b>slow</b>")
    press(field, Qt.Key.Key_Return)
    await until(lambda: rows(table)[0][NOTE] == "<b>slow</b>")
    click(desk.get("historyStarredOnly"))
    await until(lambda: table.model().rowCount() == 1)
    table.setFocus()
    press(table, Qt.Key.Key_S)
    await until(lambda: rows(table)[0][0] == "")


async def test_deleting_asks_first(desk: Desk, aws: FakeAws) -> None:
    table = await open_history(desk, '{"n": 1}', '{"n": 2}')
    click(desk.get("historyDelete"))
    click(desk.get("askRefuse"))
    assert table.model().rowCount() == 2
    click(desk.get("historyDelete"))
    click(desk.get("historyDeleteNow"))
    await until(lambda: table.model().rowCount() == 1)
    desk.turn_to("Invoke")
    assert len(rows(desk.page.invoke.history)) == 1


async def test_a_question_about_deleting_goes_with_what_it_asks_about(desk: Desk, aws: FakeAws) -> None:
    table = await open_history(desk, '{"a": 1}', '{"b": 2}')
    click_row(table, 0)
    click(desk.get("historyDelete"))
    await until(lambda: desk.get("historyDeleteNow").isVisible())
    click_row(table, 1)
    await until(lambda: not desk.page.findChildren(QWidget, "historyDeleteNow"))
    click(desk.get("historyStar"))
    await until(lambda: desk.get("historyStar").text() == "Unstar")


async def test_loading_brings_the_payload_back_and_running_again_sends_it_once(
    desk: Desk, aws: FakeAws
) -> None:
    table = await open_history(desk, '{"n": 1}', '{"n": 2}')
    click_row(table, 1)
    click(desk.get("historyLoad"))
    await until(lambda: desk.get("payloadEditor").toPlainText() == '{"n": 1}')
    sent = len(aws.requests("Invoke"))
    desk.turn_to("History")
    click(desk.get("historyRerun"))
    await until(lambda: len(aws.requests("Invoke")) == sent + 1)
    await desk.outcome()
    assert len(aws.requests("Invoke")) == sent + 1


async def test_two_runs_are_compared(desk: Desk, aws: FakeAws) -> None:
    table = await open_history(desk, '{"n": 1, "same": true}', '{"n": 2, "same": true}')
    assert not desk.get("historyCompare").isEnabled()
    press(table, Qt.Key.Key_A, CONTROL)
    click(desk.get("historyCompare"))
    dialog = await until(lambda: desk.window.findChild(DiffDialog))
    await until(lambda: dialog.payloads.model.rowCount() == 1)
    assert rows(dialog.payloads.table)[0] == ["changed", "n", "1", "2"]
    assert any(row[0] == "Request id" for row in rows(dialog.figures))
    dialog.close()


async def test_an_export_says_where_it_is(desk: Desk, aws: FakeAws, tmp_path: Path) -> None:
    table = await open_history(desk, '{"n": 1}', '{"n": 2}')
    press(table, Qt.Key.Key_A, CONTROL)
    click(desk.get("historyExport"))
    dialog = await until(lambda: desk.window.findChild(QFileDialog))
    dialog.selectFile(str(tmp_path / "runs.ndjson"))
    dialog.accept()
    await until(lambda: "2 runs written" in desk.text("historySaid"))
    assert (tmp_path / "runs.ndjson").read_text().count('"payload":') == 2


async def test_a_payload_that_was_not_kept_cannot_be_sent_again(desk: Desk, aws: FakeAws) -> None:
    await open_history(desk, '{"n": 1}')
    await desk.history.delete([1])
    click(desk.get("historyRerun"))
    await until(lambda: "not kept" in desk.text("historySaid"))
    assert len(aws.requests("Invoke")) == 1


async def test_in_a_narrow_window_the_buttons_take_one_row(desk: Desk, aws: FakeAws) -> None:
    await open_history(desk, '{"n": 1}')
    names = ("Load", "Rerun", "Compare", "Star", "Note", "Export", "Delete")
    buttons = [desk.get(f"history{name}") for name in names]
    for size, has_icons in (((1280, 800), True), ((760, 500), False), ((1280, 800), True)):
        desk.window.resize(*size)
        await turns()
        assert desk.get("historyRerun").icon().isNull() is not has_icons
        assert len({button.y() for button in buttons}) == 1
        assert all(button.width() >= button.minimumSizeHint().width() for button in buttons)
