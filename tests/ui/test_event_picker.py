"""The picker is driven by keys and clicks; every section says on its own how it is."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QWidget

from lambdadesk.core.connections import Guard
from lambdadesk.core.saved_events import SHARED
from lambdadesk.core.types import FunctionInfo, InvocationType, InvokeRequest
from lambdadesk.desk.event_sources import Choice, Part
from lambdadesk.ui import theme
from lambdadesk.ui.models.event_tree import Note
from lambdadesk.ui.widgets.event_picker import NARROWEST_PX, EventPicker
from tests.aws.test_shared_events import Sam
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.servers.fake_mappings import make_mapping
from tests.servers.fake_services import FakeServices, to_policy
from tests.ui.desk import CONTROL, Desk, click, press, turns, until, visible_words
from tests.ui.test_accessibility import nameless

ACCOUNT = "000000000000"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:hello"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders"
UUID = "11111111-0000-4000-8000-000000000000"
HELLO = FunctionInfo("hello", ARN)
PAYLOAD = '{"typed": 1.0}'


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    """The function hello, which a queue with a filter starts."""
    with FakeServices() as server:
        server.functions = [make_function("hello")]
        pattern = {"Filters": [{"Pattern": '{"body": {"status": ["paid"]}}'}]}
        server.mappings = [make_mapping(UUID, ARN, QUEUE, FilterCriteria=pattern)]
        server.answers["GetPolicy"] = to_policy()
        server.answers["GetQueueUrl"] = {"QueueUrl": f"{server.url}/{ACCOUNT}/orders"}
        server.answers["GetQueueAttributes"] = {"Attributes": {"QueueArn": QUEUE}}
        message = {"MessageId": "m-1", "Body": '{"status": "open"}', "Attributes": {}}
        server.answers["ReceiveMessage"] = {"Messages": [message]}
        yield server


class Pane:
    """A picker in a window of its own, and what it said."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.picker = EventPicker(
            desk.console, desk.connection, HELLO, lambda: (PAYLOAD, InvocationType.EVENT)
        )
        self.chosen: list[tuple[Any, ...]] = []
        self.writes: list[tuple[str, Any]] = []
        self.closed: list[None] = []
        self.picker.chosen.connect(lambda *event: self.chosen.append(event))
        self.picker.write_requested.connect(lambda verb, do: self.writes.append((verb, do)))
        self.picker.closed.connect(lambda: self.closed.append(None))
        self.picker.resize(300, 700)

    async def open(self) -> None:
        self.picker.show()
        self.picker.activateWindow()
        await until(self.picker.isActiveWindow)
        await self.loaded(Part.SAVED)
        await self.loaded(Part.RECENT)
        await self.loaded(Part.TRIGGERS)

    async def loaded(self, *parts: Part) -> None:
        for part in parts:
            await until(lambda part=part: not self.picker.scope.is_running(f"refresh {part.name}"))

    async def close(self) -> None:
        await self.picker.close_panel()
        self.picker.hide()
        self.picker.deleteLater()

    def get(self, name: str) -> Any:
        (found,) = self.picker.findChildren(QWidget, name)
        return found

    def rows(self, part: Part) -> list[str]:
        """What a section shows, its notes in angle brackets."""
        model = self.picker.model
        found = []
        for index in model.list_indexes():
            row = model.row_at(index)
            if row is not None and model.part_at(index) is part:
                found.append(f"<{row.text}>" if isinstance(row, Note) else row.title)
        return found

    def search(self, text: str) -> None:
        self.picker.search.setFocus()
        QTest.keyClicks(self.picker.search, text)

    def choose(self, part: Part, place: int = 0) -> None:
        """Click on an event of a section."""
        self._click(part, Choice, place)

    def choose_note(self, part: Part) -> None:
        """Click on the first thing that a section says of itself."""
        self._click(part, Note, 0)

    def _click(self, part: Part, kind: type, place: int) -> None:
        model, tree = self.picker.model, self.picker.tree
        found = [i for i in model.list_indexes() if model.part_at(i) is part]
        index = [i for i in found if isinstance(model.row_at(i), kind)][place]
        tree.scrollTo(index)
        click(tree.viewport(), tree.visualRect(index).center())

    async def preview(self) -> str:
        await turns(2)
        await until(lambda: not self.picker.scope.is_running("preview"))
        return str(self.picker.view.toPlainText())

    async def kept(self) -> str:
        is_running = self.picker.scope.is_running
        await until(lambda: not is_running("keep") and not is_running("kept"))
        return str(self.picker.note.text())


@asynccontextmanager
async def opened(desk: Desk) -> AsyncIterator[Pane]:
    await until(lambda: desk.console.connection is not None)
    pane = Pane(desk)
    try:
        await pane.open()
        yield pane
    finally:
        await pane.close()


async def test_each_section_says_how_it_is_when_the_pane_is_opened(desk: Desk, aws: FakeAws) -> None:
    async with opened(desk) as pane:
        assert pane.rows(Part.TRIGGERS)[-2:] == ["SQS orders", "Last event in the log"]
        assert len(aws.requests("ListRuleNamesByTarget")) == 1  # one scan
        assert pane.rows(Part.SAVED) == ["<None yet; Ctrl+S saves>"]
        assert pane.rows(Part.SHARED) == ["<Press Enter to look>"]
        assert pane.rows(Part.RECENT) == ["<No run yet>"]
        assert len(pane.rows(Part.TEMPLATES)) > 100
        assert aws.requests("DescribeSchema") == []
        assert aws.requests("ReceiveMessage") == []
        assert nameless(pane.picker) == []
        assert pane.get("eventLoad").isEnabled() is False


async def test_a_template_is_found_and_loaded_by_keys_alone(desk: Desk) -> None:
    async with opened(desk) as pane:
        pane.search("fifo")
        assert pane.rows(Part.TEMPLATES) == ["SQS: message of a FIFO queue"]
        text = await pane.preview()
        assert '"aws:sqs"' in text
        press(pane.picker.search, Qt.Key.Key_Return)
        ((loaded, origin, key, kind),) = pane.chosen
        assert loaded == text
        assert (origin, key, kind) == ("template SQS: message of a FIFO queue", "sqs-fifo", None)
        press(pane.picker.search, Qt.Key.Key_Escape)
        assert pane.picker.search.text() == ""
        press(pane.picker.search, Qt.Key.Key_Escape)
        assert pane.closed == [None]


async def test_arrows_move_through_what_was_found_while_one_types(desk: Desk) -> None:
    async with opened(desk) as pane:
        pane.search("kinesis")
        first = await pane.preview()
        press(pane.picker.search, Qt.Key.Key_Down)
        second = await pane.preview()
        assert second != first
        press(pane.picker.search, Qt.Key.Key_Up)
        assert pane.picker.search.hasFocus()
        QTest.keyClicks(pane.picker.search, " nothing like this")
        assert pane.picker.model.rowCount() == 0
        assert await pane.preview() == ""
        assert pane.get("eventNote").text() == "No event matches “kinesis nothing like this”."
        press(pane.picker.search, Qt.Key.Key_Escape)
        assert pane.picker.model.rowCount() > 0
        assert "aws:kinesis" in await pane.preview()
        assert "No event matches" not in pane.get("eventNote").text()


async def test_the_tree_has_the_room_until_an_event_is_chosen(desk: Desk) -> None:
    async with opened(desk) as pane:
        tree, view = pane.picker.tree, pane.picker.view
        await turns()
        assert not view.isVisible()
        assert not pane.get("eventRename").isVisible()
        whole_px = tree.height()
        assert whole_px > 0.8 * pane.picker.height()
        pane.choose_note(Part.SHARED)
        await turns()
        assert pane.get("eventNote").text() == "Not looked up yet. Enter asks EventBridge for them."
        pane.choose(Part.TRIGGERS)
        assert "orders" in await pane.preview()
        await turns()
        assert view.isVisible()
        assert 0.4 * whole_px < tree.height() < 0.8 * whole_px
        current = tree.visualRect(tree.currentIndex())
        assert tree.viewport().rect().contains(current.center())


async def test_a_double_click_comes_down_on_one_row(desk: Desk, request: pytest.FixtureRequest) -> None:
    """The preview, which takes room of the list, waits until it can be no double click any more."""
    before_ms = QApplication.doubleClickInterval()
    request.addfinalizer(lambda: QApplication.setDoubleClickInterval(before_ms))
    QApplication.setDoubleClickInterval(60_000)
    async with opened(desk) as pane:
        tree = pane.picker.tree
        pane.choose(Part.TRIGGERS)
        place = tree.visualRect(tree.currentIndex())
        await turns()
        assert not pane.picker.view.isVisible()
        assert tree.visualRect(tree.currentIndex()) == place
        QTest.mouseDClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=place.center())
        await until(lambda: pane.chosen)
        assert "orders" in pane.chosen[0][0]


async def test_what_a_section_says_of_itself_has_room(desk: Desk) -> None:
    async with opened(desk) as pane:
        pane.picker.resize(NARROWEST_PX, 700)
        await turns()
        model, tree = pane.picker.model, pane.picker.tree
        told = 0
        for index in model.list_indexes():
            row = model.row_at(index)
            if isinstance(row, Note) and row.more:
                told += 1
                needed = tree.fontMetrics().horizontalAdvance(row.text) + theme.TIGHT * 2 + 24
                assert needed <= tree.visualRect(index).width(), row.text
        assert told == 3


async def test_triggers_are_looked_up_at_once_and_tell_their_filter(desk: Desk, aws: FakeServices) -> None:
    async with opened(desk) as pane:
        assert pane.rows(Part.TRIGGERS)[-2:] == ["SQS orders", "Last event in the log"]
        pane.choose(Part.TRIGGERS)
        assert "orders" in await pane.preview()
        assert pane.get("eventVerdict").text() == "✔ This event gets through the filter."
        click(pane.get("eventLoad"))
        assert pane.chosen[0][1:] == ("trigger SQS orders", "sqs-message", None)
        # What is in the queue would not.
        click(pane.get("eventLive"))
        assert "It calls sqs:GetQueueAttributes" in visible_words(pane.picker)
        assert aws.requests("ReceiveMessage") == []
        click(pane.get("eventLiveOk"))
        await until(lambda: "m-1" in pane.picker.view.toPlainText())
        assert pane.get("eventVerdict").text().startswith("▲ This event would be filtered out: Record 1")
        pane.picker.resize(300, 420)
        await turns()
        verdict = pane.get("eventVerdict")
        assert verdict.height() >= verdict.heightForWidth(verdict.width())  # all of it is seen
        assert "Asked sqs:GetQueueUrl" in pane.get("eventNote").text()
        click(pane.get("eventLoad"))
        assert pane.chosen[1][1] == "live data of SQS orders"
        assert json.loads(pane.chosen[1][0])["Records"][0]["messageId"] == "m-1"


async def test_a_peek_that_costs_a_receive_is_asked_about_once_more(desk: Desk, aws: FakeServices) -> None:
    redrive = json.dumps({"deadLetterTargetArn": f"{QUEUE}-dead", "maxReceiveCount": 3})
    aws.answers["GetQueueAttributes"] = {"Attributes": {"QueueArn": QUEUE, "RedrivePolicy": redrive}}
    async with opened(desk) as pane:
        pane.picker.refresh_all()
        await pane.loaded(Part.TRIGGERS)
        pane.choose(Part.TRIGGERS)
        await pane.preview()
        click(pane.get("eventLive"))
        click(pane.get("eventLiveOk"))
        await until(lambda: pane.picker.findChildren(QWidget, "eventPeekOk"))
        assert "moves a message to orders-dead after 3 receives" in visible_words(pane.picker)
        assert aws.requests("ReceiveMessage") == []
        click(pane.get("eventPeekOk"))
        await until(lambda: "m-1" in pane.picker.view.toPlainText())
        assert len(aws.requests("ReceiveMessage")) == 1


async def test_denied_and_failed_sections_say_so_and_can_be_looked_at_again(desk: Desk, aws: FakeAws) -> None:
    aws.always("DescribeSchema", faults.error(403, "ForbiddenException", "no"))
    async with opened(desk) as pane:
        pane.picker.refresh_all()
        await pane.loaded(Part.SHARED, Part.TRIGGERS)
        assert pane.rows(Part.SHARED) == [
            "<Access denied: the permission schemas:DescribeSchema is missing.>"
        ]
        aws.always("DescribeSchema", faults.error(500, "InternalServerErrorException", "no"))
        pane.choose_note(Part.SHARED)
        press(pane.picker.tree, Qt.Key.Key_Return)
        await pane.loaded(Part.SHARED)
        (failed,) = pane.rows(Part.SHARED)
        assert failed.startswith("<✖ The service could not answer DescribeSchema")
        aws.always("DescribeSchema", None)
        pane.choose_note(Part.SHARED)
        press(pane.picker.tree, Qt.Key.Key_F5)
        await pane.loaded(Part.SHARED)
        empty, private = pane.rows(Part.SHARED)
        assert empty == "<None is shared yet>"
        assert private.startswith("<Private test events of the AWS console can't be read")


async def test_ctrl_s_keeps_the_payload_under_a_name(desk: Desk) -> None:
    async with opened(desk) as pane:
        press(pane.picker.search, Qt.Key.Key_S, CONTROL)
        name = pane.get("eventName")
        assert name.hasFocus()
        QTest.keyClicks(name, "what?")
        press(name, Qt.Key.Key_Return)
        assert "can't have ? in it" in pane.get("eventNote").text()
        click(pane.get("eventSave"))
        QTest.keyClicks(pane.get("eventName"), "first")
        press(pane.get("eventName"), Qt.Key.Key_Return)
        assert await pane.kept() == "✔ first is saved."
        assert pane.rows(Part.SAVED) == ["first"]
        path = desk.paths.data_dir / "events" / "hello" / "first.json"
        assert path.read_text() == PAYLOAD
        assert pane.picker.view.toPlainText() == '{\n  "typed": 1.0\n}'
        # Somebody else changes the file.
        path.write_text("[9]")
        click(pane.get("eventSave"))
        assert pane.get("eventName").text() == "first"
        click(pane.get("eventSaveOk"))
        await until(lambda: pane.picker.findChildren(QWidget, "eventAgain"))
        assert path.read_text() == "[9]"
        click(pane.get("eventAgain"))
        await until(lambda: path.read_text() == PAYLOAD)
        await pane.kept()


async def test_renames_duplicates_and_deletes_saved_events(desk: Desk) -> None:
    await desk.console.saved_events.save("hello", "a", "1", version="")
    await desk.console.saved_events.save(SHARED, "b", "2", version="")
    async with opened(desk) as pane:
        assert pane.rows(Part.SAVED) == ["a", "b"]
        pane.choose(Part.SAVED)
        await pane.preview()
        press(pane.picker.tree, Qt.Key.Key_F2)
        pane.get("eventName").selectAll()
        QTest.keyClicks(pane.get("eventName"), "c")
        press(pane.get("eventName"), Qt.Key.Key_Return)
        assert await pane.kept() == "✔ It is called c now."
        click(pane.get("eventDuplicate"))
        await pane.kept()
        assert pane.rows(Part.SAVED) == ["c", "c copy", "b"]
        pane.choose(Part.SAVED, 2)
        await pane.preview()
        press(pane.picker.tree, Qt.Key.Key_Delete)
        click(pane.get("askRefuse"))
        assert pane.rows(Part.SAVED) == ["c", "c copy", "b"]
        press(pane.picker.tree, Qt.Key.Key_Delete)
        click(pane.get("eventDeleteOk"))
        assert await pane.kept() == "✔ b is deleted."
        assert pane.rows(Part.SAVED) == ["c", "c copy"]


async def test_shares_the_payload_with_its_invocation_type(desk: Desk, aws: FakeAws) -> None:
    sam = Sam(aws.url)
    sam.put("hello", "theirs", {"n": 1}, "Event")
    async with opened(desk) as pane:
        pane.picker.refresh_all()
        await pane.loaded(Part.SHARED)
        pane.choose(Part.SHARED)
        assert await pane.preview() == '{\n  "n": 1\n}'
        press(pane.picker.tree, Qt.Key.Key_Return)
        assert pane.chosen[0][1:] == ("shareable test event theirs", "", InvocationType.EVENT)
        click(pane.get("eventSave"))
        pane.get("eventName").selectAll()
        QTest.keyClicks(pane.get("eventName"), "ours")
        assert pane.get("eventPlace").currentText() == "As shareable test event"
        click(pane.get("eventSaveOk"))
        assert await pane.kept() == "✔ ours is shared."
        assert sam.get("hello", "ours") == ({"typed": 1.0}, "Event")
        sam.put("hello", "ours", 5)
        click(pane.get("eventDelete"))
        assert "It is gone for everybody." in visible_words(pane.picker)
        click(pane.get("eventDeleteOk"))
        await until(lambda: pane.picker.findChildren(QWidget, "eventAgain"))
        assert "Somebody else changed" in visible_words(pane.picker)
        click(pane.get("askRefuse"))
        assert sam.names("hello") == ["theirs", "ours"]
    sam.client.close()


async def test_writes_in_production_wait_to_be_confirmed(desk: Desk, aws: FakeServices) -> None:
    async with opened(desk) as pane:
        connection = desk.connection
        connection.info = replace(connection.info, guard=Guard.PRODUCTION)
        connection.gateway.guard = Guard.PRODUCTION
        pane.picker.refresh_all()
        await pane.loaded(Part.TRIGGERS, Part.SHARED)
        pane.choose(Part.TRIGGERS)
        await pane.preview()
        click(pane.get("eventLive"))
        click(pane.get("eventLiveOk"))
        ((verb, do),) = pane.writes
        assert verb == "Receive a message of the queue"
        await turns()
        assert aws.requests("ReceiveMessage") == []
        do()
        await until(lambda: len(aws.requests("ReceiveMessage")) == 1)
        # A file on this computer is nobody's production.
        click(pane.get("eventSave"))
        QTest.keyClicks(pane.get("eventName"), "local")
        press(pane.get("eventName"), Qt.Key.Key_Return)
        assert await pane.kept() == "✔ local is saved."
        assert len(pane.writes) == 1


async def test_a_file_that_can_not_be_used_is_told_in_its_row(desk: Desk) -> None:
    folder = desk.paths.data_dir / "events" / "hello"
    folder.mkdir(parents=True)
    (folder / "latin.json").write_bytes(b"\xff")
    (folder / "<b>good.json").write_text("1")
    async with opened(desk) as pane:
        assert pane.rows(Part.SAVED) == ["<b>good", "latin"]
        pane.choose(Part.SAVED, 1)
        await pane.preview()
        assert pane.get("eventNote").text() == "✖ The file is not text in UTF-8 (byte 1)."
        assert not pane.get("eventLoad").isEnabled()
        press(pane.picker.tree, Qt.Key.Key_Return)
        assert pane.chosen == []
        pane.choose(Part.SAVED, 0)
        assert await pane.preview() == "1"


async def test_recent_runs_are_there_and_new_ones_come(desk: Desk) -> None:
    async with opened(desk) as pane:
        await desk.connection.invoker.invoke(InvokeRequest(HELLO, b'{"run": 1}', InvocationType.EVENT))
        await desk.connection.invoker.flush()
        await until(lambda: "<" not in pane.rows(Part.RECENT)[0])
        pane.choose(Part.RECENT)
        assert '"run": 1' in await pane.preview()
        press(pane.picker.tree, Qt.Key.Key_Return)
        assert (pane.chosen[0][0], pane.chosen[0][3]) == ('{"run": 1}', InvocationType.EVENT)


async def test_the_folder_of_saved_events_can_be_another(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "repository" / "hello").mkdir(parents=True)
    (tmp_path / "repository" / "hello" / "there.json").write_text("1")
    async with opened(desk) as pane:
        pane.picker._take_folder(str(tmp_path / "repository"))
        await until(lambda: pane.rows(Part.SAVED) == ["there"])
        assert desk.console.settings.events_folder == str(tmp_path / "repository")


async def test_its_keys_are_its_own_where_the_window_has_the_same(desk: Desk, aws: FakeAws) -> None:
    async with opened(desk) as pane:
        taken: list[None] = []
        for keys in ("F5", "Ctrl+S"):
            QShortcut(QKeySequence(keys), pane.picker).activated.connect(lambda: taken.append(None))
        pane.choose_note(Part.SHARED)
        press(pane.picker.tree, Qt.Key.Key_F5)
        await pane.loaded(Part.SHARED)
        assert len(aws.requests("DescribeSchema")) == 1
        for widget in (pane.picker.tree, pane.picker.view, pane.picker.search):
            widget.setFocus()
            press(widget, Qt.Key.Key_S, CONTROL)
            assert pane.get("eventName").hasFocus()
            press(pane.get("eventName"), Qt.Key.Key_Escape)
            assert not pane.picker.ask.is_asking
        assert taken == []


async def test_the_menu_has_what_the_buttons_have(desk: Desk) -> None:
    await desk.console.saved_events.save("hello", "a", "1", version="")
    async with opened(desk) as pane:
        pane.choose(Part.SAVED)
        await pane.preview()
        tree = pane.picker.tree
        tree.customContextMenuRequested.emit(tree.visualRect(tree.currentIndex()).center())
        (menu,) = pane.picker.findChildren(QMenu)
        texts = [action.text() for action in menu.actions() if action.text()]
        assert texts == [
            "Load",
            "Rename…",
            "Duplicate",
            "Delete…",
            "Save the payload…",
            "Look again",
            "Folder of saved events…",
        ]
        menu.close()


@pytest.mark.parametrize("width_px", [280, 420])
async def test_nothing_is_cut_off_where_it_is_narrow(desk: Desk, width_px: int) -> None:
    async with opened(desk) as pane:
        for mode in ("light", "dark"):
            theme.apply(desk.app, mode)
            pane.picker.resize(width_px, 700)
            await turns()
            assert pane.picker.width() == width_px
            for button in pane.picker.findChildren(QPushButton):
                if button.isVisible():
                    assert button.width() >= button.sizeHint().width()
                    right = button.mapTo(pane.picker, QPoint(button.width(), 0)).x()
                    assert right <= width_px
