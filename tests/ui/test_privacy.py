"""What the history keeps is the user's choice, offered once, and deleting leaves nothing."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QPushButton, QWidget

from lambdadesk.store.history_entry import HistoryKeeps
from lambdadesk.ui.dialogs.privacy_dialog import PrivacyDialog
from lambdadesk.ui.widgets.plain import PlainLabel
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import Desk, click, press, rows, turns, until, visible_words
from tests.ui.test_accessibility import nameless

PAYLOAD = '{"name": "canary-in"}'


async def open_dialog(desk: Desk) -> PrivacyDialog:
    desk.action("History and privacy").trigger()
    (dialog,) = await until(lambda: desk.window.findChildren(PrivacyDialog))
    await until(dialog.isVisible)
    return dialog


def find(dialog: QDialog, name: str) -> QWidget:
    (found,) = dialog.findChildren(QWidget, name)
    return found


def read_history(desk: Desk) -> bytes:
    return b"".join(path.read_bytes() for path in desk.paths.data_dir.iterdir())


def history_rows(desk: Desk) -> list[list[str]]:
    return rows(desk.get("historyTable"))


async def choose(dialog: PrivacyDialog, title: str) -> None:
    box = dialog.keeps
    box.setFocus()
    press(box, Qt.Key.Key_Home)
    while box.currentText() != title:
        press(box, Qt.Key.Key_Down)


async def test_the_first_invocation_says_once_what_is_kept(desk: Desk, aws: FakeAws) -> None:
    aws.log_settings["/aws/lambda/hello"] = {"retentionInDays": 7}  # else the head has a line for it
    desk.console.settings.history_was_offered = False
    desk.window.places.open_target("", "eu-west-1", aws.url)
    await until(lambda: desk.console.connection is not None and desk.connection.target.region == "eu-west-1")
    await desk.open("hello")
    desk.window.resize(1280, 800)
    await turns()
    assert desk.window.findChild(QWidget, "historyChoice") is None
    editor = desk.get("payloadEditor")
    before = editor.mapTo(desk.window, editor.rect().topLeft()), editor.size()
    await desk.invoke(PAYLOAD)
    notice = desk.get("historyChoice")
    assert f"Payloads and answers are kept in {desk.paths.history_file}." in visible_words(notice)
    for size in ((760, 500), (1280, 800)):
        desk.window.resize(*size)
        await turns()
        assert notice.geometry().bottomLeft() == desk.window.frame.rect().bottomLeft()
        for label in notice.findChildren(PlainLabel):
            assert label.visibleRegion().boundingRect().height() >= label.heightForWidth(label.width())
    assert (editor.mapTo(desk.window, editor.rect().topLeft()), editor.size()) == before  # nothing moved
    (change,) = notice.findChildren(QPushButton, "noticeRetry")
    click(change)
    (dialog,) = await until(lambda: desk.window.findChildren(PrivacyDialog))
    await until(dialog.isVisible)
    assert not notice.isVisible()
    dialog.close()
    await desk.invoke(PAYLOAD)
    assert not desk.get("historyChoice").isVisible()
    assert desk.console.settings.history_was_offered


async def test_the_choice_holds_at_once_and_is_remembered(desk: Desk) -> None:
    await desk.open("hello")
    dialog = await open_dialog(desk)
    assert dialog.objectName() == "privacyDialog"
    assert not dialog.isModal()
    assert nameless(dialog) == []
    assert str(desk.paths.history_file) in visible_words(dialog)
    assert f"Saved events are files of their own in {desk.paths.events_dir}" in visible_words(dialog)
    await choose(dialog, "Only what happened")
    assert "Payloads, answers and log tails are gone" in visible_words(dialog)
    days = find(dialog, "historyDays")
    days.setFocus()
    press(days, Qt.Key.Key_Up)
    assert desk.console.settings.history_days == 1
    assert desk.history.keeps is HistoryKeeps.METADATA
    press(dialog, Qt.Key.Key_Escape)
    await until(lambda: not desk.window.findChildren(PrivacyDialog))
    desk.console.settings.save_now()
    text = desk.paths.settings_file.read_text()
    assert '"history_keeps": "metadata"' in text
    assert '"history_days": 1' in text
    dialog = await open_dialog(desk)
    assert dialog.keeps.currentText() == "Only what happened"
    assert dialog.days.value() == 1


async def test_with_metadata_alone_the_session_has_all_and_the_disk_no_payload(desk: Desk) -> None:
    desk.aws.handlers["hello"] = lambda _payload: b'"canary-out"'
    desk.console.settings.history_keeps = "metadata"
    await desk.open("hello")
    await desk.invoke(PAYLOAD)
    assert len(history_rows(desk)) == 1
    assert b"canary" not in read_history(desk)
    desk.type_payload("{}")
    await desk.invoke()
    table = desk.get("historyTable")
    table.activated.emit(table.model().index(1, 0))
    await until(lambda: desk.get("payloadEditor").toPlainText() == PAYLOAD)
    assert "canary-out" in visible_words(desk.page)
    await desk.close()
    again = Desk(desk.app, desk.aws, desk.paths.home)
    async with again:
        await again.open("hello")
        assert len(history_rows(again)) == 2
        typed = again.get("payloadEditor").toPlainText()
        table = again.get("historyTable")
        table.activated.emit(table.model().index(0, 0))
        await until(lambda: "payload and answer were not kept" in visible_words(again.page))
        assert again.get("payloadEditor").toPlainText() == typed


async def test_a_history_that_is_off_lists_the_session_alone(desk: Desk) -> None:
    desk.console.settings.history_keeps = "off"
    await desk.open("hello")
    await desk.invoke(PAYLOAD)
    assert len(history_rows(desk)) == 1
    assert b"canary" not in read_history(desk)
    assert await desk.console.history.recent(desk.connection.target.key) == []
    assert not desk.get("noticeBar").isVisible()  # it is no failure


async def test_deleting_asks_in_place_and_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    await desk.open("hello")
    await desk.invoke(PAYLOAD)
    assert b"canary" in read_history(desk)
    dialog = await open_dialog(desk)
    button = find(dialog, "historyDeleteAll")
    click(button)
    assert "Delete all that was ever invoked from here" in visible_words(dialog)
    press(find(dialog, "askRefuse"), Qt.Key.Key_Space)
    await turns()
    assert b"canary" in read_history(desk)
    click(button)
    click(find(dialog, "confirmDeleteHistory"))
    await until(lambda: "✔ The history is deleted." in visible_words(dialog))
    assert history_rows(desk) == []
    files = {path.name: path for path in desk.paths.data_dir.iterdir()}
    assert {"history.sqlite", "history.sqlite-wal", "history.sqlite-shm"} <= set(files)
    assert not [name for name, path in files.items() if b"canary" in path.read_bytes()]
    assert {path.stat().st_mode & 0o777 for path in files.values()} == {0o600}
    assert desk.paths.data_dir.stat().st_mode & 0o777 == 0o700
    await desk.invoke("{}")
    assert len(history_rows(desk)) == 1


async def test_what_cannot_be_deleted_is_said_in_the_dialog(desk: Desk) -> None:
    await desk.open("hello")
    dialog = await open_dialog(desk)
    await desk.history.close()
    click(find(dialog, "historyDeleteAll"))
    click(find(dialog, "confirmDeleteHistory"))
    await until(lambda: "The history could not be deleted completely." in visible_words(dialog))
    assert find(dialog, "historyDeleteAll").isEnabled()


async def test_days_are_typed_too(desk: Desk) -> None:
    dialog = await open_dialog(desk)
    days = find(dialog, "historyDays")
    days.setFocus()
    days.selectAll()
    QTest.keyClicks(days, "30")
    assert desk.console.settings.history_days == 30
