"""Series, versions and cases as they are on the Invoke page."""

import json
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QTabWidget

from lambdadesk.core.connections import Guard
from lambdadesk.core.expectations import Case
from lambdadesk.store.saved_cases import SavedCases
from lambdadesk.ui.dialogs.confirm_invoke_dialog import ConfirmInvokeDialog
from lambdadesk.ui.dialogs.diff_dialog import DiffDialog
from tests.servers.fake_aws import FakeAws
from tests.servers.faults import Exchange
from tests.ui.desk import CONTROL, Desk, click, click_row, press, rows, turns, until


def turn_to(desk: Desk, title: str) -> None:
    tabs: QTabWidget = desk.get("bottomTabs")
    bar = tabs.tabBar()
    (index,) = [each for each in range(bar.count()) if bar.tabText(each) == title]
    click(bar, bar.tabRect(index).center())


async def test_a_series_sends_what_is_typed_so_many_times(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    desk.type_payload('{"n": 7}')
    turn_to(desk, "Series")
    start = desk.get("seriesStart")
    await until(start.isEnabled, lambda: desk.text("seriesEstimate"))
    click(start)
    await until(lambda: len(aws.requests("Invoke")) == 10)
    await until(lambda: "10" in desk.text("seriesStatus"))
    assert {request.body for request in aws.requests("Invoke")} == {b'{"n": 7}'}


async def test_each_run_of_a_series_has_its_own_uuid(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    desk.type_payload('{"id": "{{uuid}}", "n": 1.0}')
    turn_to(desk, "Series")
    start = desk.get("seriesStart")
    await until(start.isEnabled, lambda: desk.text("seriesEstimate"))
    click(start)
    await until(lambda: len(aws.requests("Invoke")) == 10)
    bodies = [request.body for request in aws.requests("Invoke")]
    assert len({json.loads(body)["id"] for body in bodies}) == 10
    assert all(body.endswith(b'", "n": 1.0}') for body in bodies)


async def test_an_error_of_the_payload_is_said_in_the_series_and_goes_with_it(
    desk: Desk, aws: FakeAws
) -> None:
    await desk.open("hello")
    turn_to(desk, "Series")
    await until(lambda: desk.text("seriesEstimate").startswith("Estimate"))
    desk.type_payload('{"n": 7,}')
    await until(
        lambda: desk.text("seriesEstimate").startswith("✖ Can't be sent: the payload is not valid JSON."),
        lambda: desk.text("seriesEstimate"),
    )
    assert desk.text("resultStatus") == "Not invoked yet"  # nobody clicked anything
    assert not desk.get("seriesStart").isEnabled()
    desk.type_payload('{"n": 7}')
    await until(lambda: desk.text("seriesEstimate").startswith("Estimate"))
    assert desk.get("seriesStart").isEnabled()
    assert aws.requests("Invoke") == []


async def test_no_answer_moves_the_border_of_the_payload(desk: Desk, aws: FakeAws) -> None:
    aws.handlers["hello"] = lambda _payload: b'{"statusCode": 200, "body": "<b>hi</b>"}'
    await desk.open("hello")
    desk.get("eventsButton").click()
    desk.window.resize(1400, 800)
    await turns()
    editor = desk.get("payloadEditor")
    before = editor.width()
    await desk.invoke('{"n": 7}')
    desk.get("responseView").setFocus()
    await turns()
    assert len(desk.text("resultRequest")) > 40
    assert editor.width() == before
    desk.type_payload('{"n": 7,}')
    await turns()
    assert editor.width() == before


async def test_where_it_is_narrow_the_events_are_in_place_of_the_result(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    desk.window.resize(760, 520)
    await turns()
    click(desk.get("eventsButton"))
    await turns()
    assert desk.get("eventTree").isVisible()
    assert not desk.get("resultStatus").isVisible()
    panes = [desk.get(name) for name in ("eventTree", "payloadEditor")]
    left, right = (pane.mapTo(desk.window, pane.rect().topLeft()).x() for pane in panes)
    assert left + panes[0].width() <= right
    assert right + panes[1].width() <= desk.window.width()
    await desk.invoke('{"n": 7}')
    assert desk.get("resultStatus").isVisible()
    assert not desk.get("eventTree").isVisible()


async def test_the_pane_of_events_takes_the_keys_and_gives_them_back(desk: Desk) -> None:
    await desk.open("hello")
    editor = desk.get("payloadEditor")
    editor.setFocus()
    for _ in range(2):
        press(editor, Qt.Key.Key_E, CONTROL)
        search = desk.get("eventSearch")
        assert search.hasFocus()
        press(search, Qt.Key.Key_Escape)
        assert not search.isVisible()
        assert editor.hasFocus()


async def test_a_version_that_answers_otherwise_is_compared(desk: Desk, aws: FakeAws) -> None:
    def answer(exchange: Exchange) -> None:
        reply = exchange.normal()
        qualifier = aws.requests("Invoke")[-1].params["Qualifier"]
        reply.body = b'{"version": "%s"}' % qualifier.encode()
        exchange.send(reply)

    aws.always("Invoke", answer)
    aws.versions["hello"] = ["1"]
    await desk.open("hello")
    turn_to(desk, "Versions")
    box = desk.get("versionsList")
    await until(lambda: box.count() == 2)
    for row in range(box.count()):
        if box.item(row).checkState() != Qt.CheckState.Checked:
            box.setFocus()
            box.setCurrentRow(row)
            press(box, Qt.Key.Key_Space)
    start = desk.get("versionsStart")
    await until(start.isEnabled)
    click(start)
    table = desk.get("versionsTable")
    await until(lambda: "differs" in [row[2] for row in rows(table)])
    click_row(table, [row[2] for row in rows(table)].index("differs"))
    dialog = await until(lambda: desk.window.findChild(DiffDialog))
    await until(lambda: dialog.responses.model.rowCount() == 1)
    assert rows(dialog.responses.table)[0][1] == "version"
    dialog.close()


async def test_a_case_is_looked_at_without_its_payload(desk: Desk) -> None:
    await SavedCases(desk.console.saved_events.folder).save("hello", Case("first", '{"case": 1}'))
    await desk.open("hello")
    desk.type_payload('{"typed": 1}')
    turn_to(desk, "Cases")
    await until(lambda: len(rows(desk.get("casesTable"))) == 1)
    click(desk.get("casesRunAll"))
    await until(lambda: rows(desk.get("casesTable"))[0][1] == "Passed")
    click_row(desk.get("casesTable"), 0)
    await until(lambda: desk.get("responseView").toPlainText() == '{\n  "case": 1\n}')
    assert desk.get("payloadEditor").toPlainText() == '{"typed": 1}'
    assert desk.page.invoke.draft() == '{"typed": 1}'


async def test_a_series_in_production_is_confirmed_once_and_can_be_declined(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    connection = desk.connection
    connection.info = replace(connection.info, guard=Guard.PRODUCTION)
    connection.gateway.guard = Guard.PRODUCTION
    turn_to(desk, "Series")
    start = desk.get("seriesStart")
    await until(start.isEnabled)
    click(start)
    dialog = await until(lambda: desk.window.findChild(ConfirmInvokeDialog))
    dialog.reject()
    await until(lambda: "did not confirm" in desk.text("resultStatus"))
    assert aws.requests("Invoke") == []
    click(start)
    dialog = await until(
        lambda: next(
            (each for each in desk.window.findChildren(ConfirmInvokeDialog) if each.isVisible()), None
        )
    )
    QTest.keyClicks(dialog.findChild(QLineEdit, "confirmName"), "hello")
    click(dialog.findChild(QPushButton, "confirmInvoke"))
    await until(lambda: len(aws.requests("Invoke")) == 10)


async def test_a_read_only_connection_says_so_where_one_clicks(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    connection = desk.connection
    connection.info = replace(connection.info, guard=Guard.READ_ONLY)
    connection.gateway.guard = Guard.READ_ONLY
    status = await desk.invoke('{"n": 7}')
    assert status == "✖ Not run: This connection is read-only."
    assert desk.text("resultSummary") == "Edit the connection to allow it, or use another one."
    assert desk.get("payloadEditor").toPlainText() == '{"n": 7}'
    turn_to(desk, "Series")
    start = desk.get("seriesStart")
    await until(start.isEnabled)
    click(start)
    await until(lambda: "This connection is read-only." in desk.text("seriesStatus"))
    assert "9 were not sent." in desk.text("seriesStatus")
    assert aws.requests("Invoke") == []
