"""Options, response streams, what becomes of queued and lost runs, and what is kept for the next start."""

import base64
import json
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QPushButton, QTabWidget

from lambdadesk.store.drafts import DraftStore
from lambdadesk.store.history_entry import HistoryKeeps
from lambdadesk.ui.invoke.live_run import PROBABLY
from lambdadesk.ui.widgets.event_picker import EventPicker
from tests.keyring_session import KeyringSession
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_streams import streaming
from tests.servers.notifications import notification_service
from tests.ui.desk import CONTROL, Desk, click, click_again, press, rows, turns, until, visible_words

STREAM = "InvokeWithResponseStream"
EVENT = "Event (asynchronous)"
HELD_S = 30.0


def fate(desk: Desk) -> str:
    return visible_words(desk.get("fateView")) if desk.get("fateView").isVisible() else ""


# --- one click, one request ---


@pytest.mark.parametrize(
    ("kind", "operation", "fault"),
    [
        ("Response stream", STREAM, faults.hang),
        ("Response stream", STREAM, faults.reset),
        ("Response stream", STREAM, faults.error(500, "ServiceException")),
        ("Response stream", STREAM, streaming([b"half"], is_whole=False)),
        (EVENT, "Invoke", faults.hang),
        (EVENT, "Invoke", faults.reset),
        (EVENT, "Invoke", faults.throttled()),
    ],
)
@pytest.mark.usefixtures("impatient")
async def test_every_kind_is_sent_once_whatever_happens(
    desk: Desk, kind: str, operation: str, fault: faults.Fault
) -> None:
    desk.aws.functions[0]["Timeout"] = 0
    desk.aws.always(operation, fault)
    await desk.open("hello")
    await desk.choose("invocationType", kind)
    button = desk.get("invokeButton")
    click(button)
    click_again(button)
    press(desk.get("payloadEditor"), Qt.Key.Key_Return, CONTROL)
    press(desk.get("payloadEditor"), Qt.Key.Key_Return, CONTROL)
    status = await desk.outcome()
    await turns()
    assert len(desk.aws.requests(operation)) == 1
    assert len(desk.aws.requests("Invoke") + desk.aws.requests(STREAM)) == 1
    assert status.startswith(("▲ Outcome unknown", "✖ Not run"))


@pytest.mark.usefixtures("impatient")
async def test_a_stream_that_hangs_is_sent_once(desk: Desk) -> None:
    desk.aws.functions[0]["Timeout"] = 0
    desk.aws.always(STREAM, streaming([b"half"], is_whole=False, then=faults.hang))
    await desk.open("hello")
    await desk.choose("invocationType", "Response stream")
    click(desk.get("invokeButton"))
    assert (await desk.outcome()).startswith("▲ Outcome unknown")
    assert len(desk.aws.requests(STREAM)) == 1


# --- response streams ---


async def test_a_stream_is_seen_while_it_comes(desk: Desk, aws: FakeAws) -> None:
    may_go_on = threading.Event()

    def chunks() -> Iterator[bytes]:
        yield "first <b>é".encode()[:-1]  # a character that is split
        yield "é".encode()[1:] + b"\n"
        assert may_go_on.wait(30)
        yield b"second"

    aws.script(STREAM, streaming(chunks()))
    await desk.open("hello")
    await desk.choose("invocationType", "Response stream")
    click(desk.get("invokeButton"))
    await until(lambda: "first <b>é\n" in desk.get("responseView").toPlainText())
    assert desk.text("resultStatus").startswith("Running… ")
    assert desk.text("resultStatus").endswith(" · 12 bytes came")
    assert desk.get("runProgress").isVisible()
    may_go_on.set()
    assert await desk.outcome() == "✔ 200 Succeeded"
    assert desk.get("responseView").toPlainText() == "first <b>é\nsecond"
    assert not desk.get("runProgress").isVisible()
    assert rows(desk.get("historyTable"))[0][1] == "Stream"
    assert await desk.invoke('{"n": 1}') == "✔ 200 Succeeded"  # nothing of the first one is left
    assert desk.get("responseView").toPlainText() == '{\n  "n": 1\n}'


async def test_a_stream_is_saved_whole_while_only_its_beginning_is_shown(
    desk: Desk, aws: FakeAws, tmp_path: Path
) -> None:
    part = b"0123456789abcdef" * 65_536
    aws.functions[0]["Timeout"] = 30
    aws.script(STREAM, streaming([part] * 7))
    await desk.open("hello")
    await desk.choose("invocationType", "Response stream")
    click(desk.get("runOptions"))
    click(desk.get("streamToFile"))
    dialog = await until(lambda: desk.page.findChildren(QFileDialog))
    dialog[0].fileSelected.emit(str(tmp_path / "saved"))  # the platform's own dialog can't be typed into
    dialog[0].close()
    assert await desk.invoke() == "✔ 200 Succeeded"
    assert (tmp_path / "saved").stat().st_size == 7 * len(part)
    assert desk.text("saveOutcome") == f"✔ Saved 7 MB to {tmp_path / 'saved'}."
    assert await desk.invoke() == "✔ 200 Succeeded"  # the next one is not
    assert not desk.get("saveOutcome").isVisible()
    assert (tmp_path / "saved").stat().st_size == 7 * len(part)


async def test_a_stream_that_breaks_keeps_what_came_and_is_looked_for(desk: Desk, aws: FakeAws) -> None:
    aws.script(STREAM, streaming([b"half of it"], is_whole=False))
    await desk.open("hello")
    await desk.choose("invocationType", "Response stream")
    assert await desk.invoke() == "▲ Outcome unknown"
    assert "The stream broke after 10 bytes. The function may go on." in desk.text("resultSummary")
    assert desk.get("responseView").toPlainText() == "half of it"
    await until(lambda: "Looking for it in the log" in fate(desk))
    assert rows(desk.get("historyTable"))[0][2] == "Unknown"


async def test_a_stream_that_broke_is_no_success_once_its_log_is_read(desk: Desk, aws: FakeAws) -> None:
    aws.script(STREAM, faults.cut)
    await desk.open("hello")
    await desk.choose("invocationType", "Response stream")
    await desk.invoke('{"n": 1}')
    await until(lambda: "as its log shows" in desk.text("resultStatus"), lambda: desk.text("resultStatus"))
    assert desk.text("resultStatus") == "▲ Ran and succeeded, as its log shows; the response is not whole"
    assert "The stream broke after 8 bytes." in desk.text("resultSummary")
    assert "may go on" not in desk.text("resultSummary")


# --- options ---


async def test_options_are_sent_and_come_back(desk: Desk, aws: FakeAws) -> None:
    aws.functions[0]["TenancyConfig"] = {"TenantIsolationMode": "PER_TENANT"}
    aws.functions[0]["DurableConfig"] = {"ExecutionTimeout": 60}
    await desk.open("hello")
    assert "a tenant id is needed" in desk.text("runNote")
    click(desk.get("runOptions"))
    for name, text in (
        ("clientContext", '{"custom": {}}'),
        ("tenantId", "tenant-1"),
        ("durableName", "order-1"),
    ):
        desk.get(name).setFocus()
        QTest.keyClicks(desk.get(name), text)
    await desk.invoke()
    (request,) = aws.requests("Invoke")
    assert base64.b64decode(request.headers["x-amz-client-context"]) == b'{"custom": {}}'
    assert request.headers["x-amz-tenant-id"] == "tenant-1"
    assert request.headers["x-amz-durable-execution-name"] == "order-1"
    await desk.choose("invocationType", EVENT)
    await desk.close_tab()
    await desk.open("hello")
    assert desk.get("invocationType").currentText() == EVENT
    assert desk.text("runNote") == "client context, tenant tenant-1, durable order-1"


async def test_only_what_the_function_has_a_use_for_is_offered(desk: Desk) -> None:
    await desk.open("hello")
    click(desk.get("runOptions"))
    assert desk.get("clientContext").isVisible()
    assert not desk.get("tenantId").isVisible()
    assert not desk.get("durableName").isVisible()
    await desk.choose("invocationType", EVENT)
    assert not desk.get("clientContext").isVisible()


async def test_a_wrong_option_is_not_sent_and_is_shown(desk: Desk) -> None:
    await desk.open("hello")
    click(desk.get("runOptions"))
    desk.get("clientContext").setFocus()
    QTest.keyClicks(desk.get("clientContext"), "{")
    click(desk.get("runOptions"))
    assert await desk.invoke() == ("✖ Not sent: The client context is not valid JSON. Correct or clear it.")
    assert desk.get("clientContext").isVisible()
    assert desk.aws.requests("Invoke") == []
    QTest.keyClick(desk.get("clientContext"), Qt.Key.Key_Backspace)
    assert desk.text("resultStatus") == "Not invoked yet"


async def test_an_alias_says_what_it_means(desk: Desk, aws: FakeAws) -> None:
    weights = {"AdditionalVersionWeights": {"8": 0.1}}
    aws.aliases["hello"] = [{"Name": "live", "FunctionVersion": "7", "RoutingConfig": weights}]
    await desk.open("hello")
    await desk.choose("qualifierBox", "live")
    assert desk.text("runNote") == "→ 7 90 %, 8 10 %"
    assert desk.get("qualifierBox").toolTip() == "live → 7 90 %, 8 10 %"


# --- what becomes of a run ---


async def test_a_queued_run_is_followed_and_what_became_of_it_kept(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    await desk.choose("invocationType", EVENT)
    assert await desk.invoke() == "✔ 202 Queued for asynchronous execution"
    await until(lambda: "Queued" in fate(desk))
    await until(lambda: "Attempt 1 succeeded" in fate(desk) and "No record" in fate(desk))
    assert desk.text("resultStatus") == "✔ Ran and succeeded, as its log shows"
    await desk.connection.invoker.flush()
    (entry,) = await desk.connection.recent("hello")
    assert entry.fate == "Succeeded."
    await desk.close_tab()
    await desk.open("hello")
    table = desk.get("historyTable")
    click(table.viewport(), table.visualRect(table.model().index(0, 0)).center())
    await until(lambda: "Succeeded." in fate(desk))


async def test_a_lost_answer_is_looked_for_and_found(desk: Desk, aws: FakeAws) -> None:
    aws.functions[0]["Timeout"] = 0

    def run_and_drop(exchange: faults.Exchange) -> None:
        exchange.normal()
        exchange.drop()

    aws.script("Invoke", run_and_drop)
    await desk.open("hello")
    await desk.invoke()
    await until(lambda: "Found in the log: it succeeded" in fate(desk), lambda: fate(desk))
    assert desk.text("resultStatus") == "✔ Ran and succeeded, as its log shows"


async def test_closing_the_tab_ends_the_follow_up(desk: Desk, aws: FakeAws) -> None:
    aws.always("FilterLogEvents", faults.slow(HELD_S))
    await desk.open("hello")
    await desk.choose("invocationType", EVENT)
    await desk.invoke()
    await until(lambda: "Waits for its first attempt" in fate(desk))
    await desk.close_tab()  # the test fails if a task is left


async def test_the_log_is_seen_while_the_run_goes_on(desk: Desk, aws: FakeAws) -> None:
    def run(exchange: faults.Exchange) -> None:
        reply = exchange.normal()  # its log is there, its answer not yet
        assert may_answer.wait(30)
        exchange.send(reply)

    may_answer = threading.Event()
    aws.script("Invoke", run)
    await desk.open("hello")
    click(desk.get("invokeButton"))
    try:
        desk.tail.poll_now()
        await until(lambda: "START RequestId" in desk.get("resultLog").toPlainText())
        assert desk.get("resultLog").toPlainText().startswith(PROBABLY)
    finally:
        may_answer.set()
    await desk.outcome()
    await until(lambda: PROBABLY not in desk.get("resultLog").toPlainText())


# --- what others put into the page ---


async def test_a_bottom_tab_is_built_when_it_is_first_shown(desk: Desk) -> None:
    await desk.open("hello")
    built: list[QPushButton] = []

    def build() -> QPushButton:
        built.append(QPushButton("a series"))
        return built[-1]

    panel = desk.page.invoke
    panel.add_bottom_tab("One more", build)
    assert built == []
    panel.show_bottom_tab("One more")
    (button,) = built
    await until(button.isVisible)
    panel.show_bottom_tab("Runs")
    panel.show_bottom_tab("One more")
    assert len(built) == 1
    assert isinstance(desk.get("bottomTabs"), QTabWidget)


async def test_the_picker_of_events_is_built_when_it_is_wanted_and_loads_into_the_payload(desk: Desk) -> None:
    await desk.open("hello")
    assert desk.page.findChild(EventPicker) is None
    click(desk.get("eventsButton"))
    picker = await until(lambda: desk.page.findChild(EventPicker))
    assert picker.isVisible()
    QTest.keyClicks(picker.search, "fifo")
    await until(lambda: '"aws:sqs"' in desk.get("eventPreview").toPlainText())
    press(picker.search, Qt.Key.Key_Return)
    await until(lambda: '"aws:sqs"' in desk.get("payloadEditor").toPlainText())
    await desk.invoke()
    (entry,) = await desk.connection.recent("hello")
    assert entry.origin == "template SQS: message of a FIFO queue"
    # The template's own keys are offered while one types.
    editor = desk.get("payloadEditor")
    desk.type_payload('{"eventSourceA')
    press(editor, Qt.Key.Key_Space, CONTROL)
    press(editor, Qt.Key.Key_Return)
    assert "eventSourceARN" in editor.toPlainText()
    editor.setFocus()
    press(editor, Qt.Key.Key_E, CONTROL)
    assert not picker.isVisible()
    press(editor, Qt.Key.Key_E, CONTROL)
    assert picker.isVisible()
    assert desk.page.findChild(EventPicker) is picker


async def test_variables_are_filled_in_as_it_is_sent(
    desk: Desk, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGE", 'a "quoted" one')
    await desk.open("hello")
    desk.type_payload('{"id": "{{uuid}}", "stage": "{{env:STAGE}}", "word": "{{other}}"}')
    await until(lambda: "{{env:STAGE}}, {{uuid}}" in desk.text("payloadNote"))
    await desk.invoke()
    sent = json.loads(aws.requests("Invoke")[-1].body)
    assert uuid.UUID(sent["id"])
    assert (sent["stage"], sent["word"]) == ('a "quoted" one', "{{other}}")
    (entry,) = await desk.connection.recent("hello")
    assert entry.origin == "variables filled in"
    assert desk.page.invoke.draft() is None  # it was sent, though what was typed reads otherwise
    for name in ("AWS_SECRET_ACCESS_KEY", "MY_TOKEN", "NOWHERE_TO_BE_FOUND"):
        desk.type_payload(f'{{"x": "{{{{env:{name}}}}}"}}')
        click(desk.get("invokeButton"))
        assert name in desk.text("resultStatus")
    assert len(aws.requests("Invoke")) == 1


async def test_a_run_is_copied_as_others_would_make_it(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    await desk.invoke('{"n": 1}')

    def copy(title: str) -> None:
        click(desk.get("copyResult"))
        (menu,) = [each for each in desk.get("resultTabs").window().findChildren(QMenu) if each.isVisible()]
        next(action for action in menu.actions() if action.text() == title).trigger()
        menu.close()

    copy("AWS CLI command")
    command = QApplication.clipboard().text()
    assert "lambda invoke --function-name hello" in command
    assert """'{"n": 1}'""" in command
    copy("Python (boto3)")
    assert "'{\"n\": 1}'.encode()" in QApplication.clipboard().text()
    copy("curl for the function URL")
    await until(lambda: "has no function URL" in desk.text("saveOutcome"))
    assert desk.text("resultStatus") == "✔ 200 Succeeded"


async def test_a_loaded_payload_can_be_undone_and_says_where_it_is_from(desk: Desk) -> None:
    await desk.open("hello")
    desk.type_payload('{"typed": 1}')
    panel = desk.page.invoke
    panel.load_payload('{"loaded": 1}', "saved event order")
    assert panel.draft() == '{"loaded": 1}'
    assert desk.get("payloadEditor").textCursor().atStart()  # and so its beginning is in sight
    await desk.invoke()
    (entry,) = await desk.connection.recent("hello")
    assert entry.origin == "saved event order"
    press(desk.get("payloadEditor"), Qt.Key.Key_Z, CONTROL)
    assert desk.get("payloadEditor").toPlainText() == '{"typed": 1}'
    await desk.invoke()
    newest, _ = await desk.connection.recent("hello")
    assert newest.origin == ""


async def test_typed_text_is_one_undo_away_when_an_earlier_run_is_put_back(desk: Desk) -> None:
    await desk.open("hello")
    await desk.invoke('{"sent": 1}')
    desk.type_payload('{"typed": 1}')
    table, editor = desk.get("historyTable"), desk.get("payloadEditor")
    table.setFocus()
    press(table, Qt.Key.Key_Down)
    press(table, Qt.Key.Key_Return)
    await until(lambda: editor.toPlainText() == '{"sent": 1}')
    assert desk.text("payloadNote") == "Undo brings back what you had typed."
    assert desk.page.invoke.draft() is None
    press(editor, Qt.Key.Key_Z, CONTROL)
    assert editor.toPlainText() == '{"typed": 1}'
    assert desk.page.invoke.draft() == '{"typed": 1}'


# --- drafts ---


async def test_what_is_typed_is_on_the_disk_within_seconds(desk: Desk) -> None:
    await desk.open("hello")
    await desk.choose("invocationType", "Dry run")
    desk.type_payload('{"typed": ')
    key = desk.page.key

    await until(lambda: any(b"typed" in path.read_bytes() for path in files(desk.paths.drafts_dir)))
    await until(lambda: not desk.page.invoke.scope.is_running("draft"))
    found = await DraftStore(desk.paths.drafts_dir).load(key)
    assert found is not None
    assert found.kind == "DryRun"
    assert found.payload is not None
    assert found.payload.startswith('{"typed"')


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []


async def test_where_payloads_are_not_kept_drafts_are_not_either(desk: Desk) -> None:
    await desk.open("hello")
    desk.type_payload('{"canary": 1}')
    await desk.close_tab()
    assert len(files(desk.paths.drafts_dir)) == 1
    desk.console.settings.history_keeps = HistoryKeeps.METADATA.value
    await until(lambda: files(desk.paths.drafts_dir) == [])
    await desk.open("hello")
    desk.type_payload('{"canary": 2}')
    await desk.close_tab()
    assert files(desk.paths.drafts_dir) == []
    await desk.open("hello")
    assert desk.get("payloadEditor").toPlainText() == '{"canary": 2}'


async def test_deleting_the_history_deletes_the_drafts(desk: Desk) -> None:
    await desk.open("hello")
    desk.type_payload('{"canary": 1}')
    await desk.close_tab()
    assert len(files(desk.paths.drafts_dir)) == 1
    await desk.console.delete_history()
    assert files(desk.paths.drafts_dir) == []


async def test_the_desktop_is_told_of_a_long_run_while_the_window_is_behind(
    bus: KeyringSession, desk: Desk
) -> None:
    await desk.open("hello")
    desk.page.invoke._side.live.long_run_s = 0
    with notification_service(bus.address) as told:
        await desk.invoke()
        assert not desk.page.invoke.scope.is_running("tell the desktop")  # it is in sight
        other = QPushButton("another application")
        other.show()
        other.activateWindow()
        await until(lambda: not desk.window.isActiveWindow())
        desk.page.invoke.invoke()
        await until(lambda: told)
        other.close()
        other.deleteLater()
        await desk.outcome()
    ((_, body),) = told
    assert body[3] == "hello: Succeeded"
