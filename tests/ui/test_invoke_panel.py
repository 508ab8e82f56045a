"""One click is one request, and every outcome is told truly."""

import sqlite3
import threading
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit, QPushButton

from lambdadesk.core.cost import invocation_cost
from lambdadesk.core.money import format_money
from lambdadesk.core.payload import ASYNC_LIMIT
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import FunctionInfo, Report
from lambdadesk.ui.widgets.once_key import OnceKey
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.ui.desk import CONTROL, REGION, Desk, click, click_again, press, rows, turns, until, visible_words

HELD_S = 30.0  # longer than any test: the server lets go when it ends


def sent(desk: Desk) -> list[bytes]:
    """The payloads of all Invoke requests that reached the server."""
    return [request.body for request in desk.aws.requests("Invoke")]


async def arrived(desk: Desk, count: int = 1) -> None:
    await until(lambda: len(sent(desk)) >= count, lambda: desk.text("resultStatus"))


def history(desk: Desk) -> list[list[str]]:
    return rows(desk.get("historyTable"))


# --- one click, one request ---


async def test_a_click_sends_the_payload_once_byte_for_byte(desk: Desk) -> None:
    await desk.open("hello")
    assert await desk.invoke('{"n":1e300, "text": "\u00e9\U0001f600", "n":  1.0}') == "✔ 200 Succeeded"
    assert sent(desk) == ['{"n":1e300, "text": "\u00e9\U0001f600", "n":  1.0}'.encode()]


async def test_clicks_and_keys_while_it_runs_send_nothing_more(desk: Desk) -> None:
    desk.aws.always("Invoke", faults.slow(HELD_S))
    await desk.open("hello")
    button, editor = desk.get("invokeButton"), desk.get("payloadEditor")
    click(button)
    click_again(button)
    await arrived(desk)
    for _ in range(5):
        click(button)
        press(editor, Qt.Key.Key_Return, CONTROL)
        press(editor, Qt.Key.Key_Enter, CONTROL | Qt.KeyboardModifier.KeypadModifier)
        await turns(2)
    assert not button.isEnabled()
    assert desk.text("resultStatus").startswith("Running… ")
    assert len(sent(desk)) == 1


async def test_ctrl_enter_sends_once_however_long_it_is_held(desk: Desk) -> None:
    await desk.open("hello")
    desk.get("payloadEditor").setFocus()
    press(desk.get("payloadEditor"), Qt.Key.Key_Return, CONTROL)
    assert await desk.outcome() == "✔ 200 Succeeded"
    assert len(sent(desk)) == 1
    # Some X servers repeat it as a release and a press, which nothing tells from those of a finger.
    key = desk.page.findChild(OnceKey)
    await until(lambda: not key.is_held)
    editor = desk.get("payloadEditor")
    QTest.keyPress(editor, Qt.Key.Key_Return, CONTROL)
    assert await desk.outcome() == "✔ 200 Succeeded"
    for _ in range(3):
        QTest.keyRelease(editor, Qt.Key.Key_Return, CONTROL)
        QTest.keyPress(editor, Qt.Key.Key_Return, CONTROL)
        await desk.outcome()
    assert len(sent(desk)) == 2
    QTest.keyRelease(editor, Qt.Key.Key_Return, CONTROL)
    await until(lambda: not key.is_held)
    # What the shortcut does not take, the editor would write as the end of a line.
    keys = [each for each in desk.page.findChildren(QShortcut) if "Ctrl+" in each.key().toString()]
    invoking = [each for each in keys if each.key().toString() in ("Ctrl+Return", "Ctrl+Enter")]
    assert len(invoking) == 2
    assert all(each.autoRepeat() for each in invoking)


async def test_the_second_half_of_a_double_click_sends_nothing_though_the_answer_is_there(desk: Desk) -> None:
    await desk.open("hello")
    button = desk.get("invokeButton")
    await desk.invoke()
    click_again(button)
    await turns()
    await desk.outcome()
    assert len(sent(desk)) == 1


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (faults.hang, "▲ Outcome unknown: No answer came in time."),
        (faults.reset, "▲ Outcome unknown: The connection broke before the answer was complete."),
        (faults.cut, "▲ Outcome unknown: The connection broke before the answer was complete."),
        (faults.error(500, "ServiceException"), "▲ Outcome unknown: Lambda could not answer (HTTP 500)."),
        (
            faults.throttled("ReservedFunctionConcurrentInvocationLimitExceeded"),
            "✖ Not run: Lambda did not run hello: the function's reserved concurrency is used up.",
        ),
        (
            faults.denied("lambda:InvokeFunction"),
            "✖ Not run: These credentials are not allowed to call lambda:InvokeFunction.",
        ),
    ],
    ids=["no answer", "reset", "cut", "500", "429", "denied"],
)
@pytest.mark.usefixtures("impatient")
async def test_a_failure_sends_once_and_says_not_run_only_where_that_is_so(
    desk: Desk, fault: faults.Fault, status: str
) -> None:
    desk.aws.functions[0]["Timeout"] = 0
    desk.aws.always("Invoke", fault)
    desk.aws.always("FilterLogEvents", faults.denied("logs:FilterLogEvents"))  # which would tell more
    await desk.open("hello")
    assert await desk.invoke('{"typed": true}') == status
    await turns()
    assert len(sent(desk)) == 1
    unknown = status.startswith("▲")
    assert [row[2] for row in history(desk)] == ["Unknown" if unknown else "Not run"]
    assert ("look at its logs before you invoke again" in desk.text("resultSummary")) == unknown
    assert "lambda:Invoke" in desk.get("resultLog").toPlainText()  # the details
    assert desk.get("responseView").toPlainText() == ""
    assert desk.get("payloadEditor").toPlainText() == '{"typed": true}'
    assert not desk.get("stopWaitingButton").isVisible()
    # The page goes on working.
    desk.aws.always("Invoke", None)
    assert await desk.invoke() == "✔ 200 Succeeded"
    assert len(sent(desk)) == 2


async def test_a_function_that_is_gone_was_not_run(desk: Desk) -> None:
    await desk.open("hello")
    del desk.aws.functions[0]
    assert await desk.invoke() == "✖ Not run: The function hello ($LATEST) does not exist."
    assert "refresh the list" in desk.text("resultSummary")


async def test_an_endpoint_that_is_gone_was_sent_nothing(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    aws._server.shutdown()
    aws._server.server_close()
    for connection in tuple(aws._connections):
        connection.close()
    status = await desk.invoke()
    assert status == "✖ Not run: The endpoint can't be reached, so the function was not invoked."
    assert sent(desk) == []


async def test_a_mistake_of_our_own_after_the_answer_is_never_not_run(desk: Desk) -> None:
    def fail(_entry: object) -> None:
        disconnect()  # once: whatever else reads the log tells of the same invocation
        raise RuntimeError("a mistake of our own")

    await desk.open("hello")
    disconnect = desk.connection.invoker.updated.connect(fail)
    status = await desk.invoke()
    assert len(sent(desk)) == 1
    assert "Not run" not in status
    assert "Outcome unknown" in status
    (crash,) = desk.crashes
    assert str(crash) == "a mistake of our own"
    desk.crashes.clear()


# --- what is not sent ---


@pytest.mark.parametrize(
    ("payload", "place", "position"),
    [
        ('{"a": 1,\n"b": tru}', "Line 2, column 6: ", 14),
        ("{'a': 1}", "Line 1, column 2: strings take double quotes", 1),
        ('{"😀": nope}', "Line 1, column 7: ", 7),  # the cursor counts an emoji as two
        ("", "The payload is empty", 0),
    ],
)
async def test_invalid_json_is_not_sent_and_the_cursor_goes_to_the_problem(
    desk: Desk, payload: str, place: str, position: int
) -> None:
    await desk.open("hello")
    editor = desk.get("payloadEditor")
    editor.setPlainText(payload)
    await until(lambda: desk.text("payloadProblem").startswith("✖ "))
    assert place in desk.text("payloadProblem")
    status = await desk.invoke()
    assert status.startswith("✖ Not sent: the payload is not valid JSON. ")
    assert place in status
    assert editor.textCursor().position() == position
    assert editor.hasFocus()
    await turns()
    assert sent(desk) == []
    assert history(desk) == []


async def test_the_name_of_a_file_is_not_sent(desk: Desk) -> None:
    await desk.open("hello")
    status = await desk.invoke("@/tmp/payload.json")
    assert status == "✖ Not sent: the payload names a file. Open it to send its text."
    assert sent(desk) == []


async def test_the_problem_is_said_while_typing_and_goes_when_it_is_mended(desk: Desk) -> None:
    await desk.open("hello")
    desk.type_payload('{"a": 1')
    await until(lambda: desk.text("payloadProblem").startswith("✖ Line 1, column 8: "))
    QTest.keyClicks(desk.get("payloadEditor"), "}")
    await until(lambda: desk.text("payloadProblem") == "Valid JSON")
    assert desk.text("payloadSize") == "8 bytes of 6 MB"
    desk.type_payload("{oh no}")  # with a problem marked, all is deleted and typed anew
    await until(lambda: desk.text("payloadProblem").startswith("✖ Line 1, column 2: "))
    desk.type_payload('{"a": 1, "a": 2}')
    await until(lambda: desk.text("payloadProblem").startswith("▲ Line 1, column 10: "))
    assert await desk.invoke() == "✔ 200 Succeeded"  # a warning keeps nothing from being sent


async def test_a_payload_that_lambda_refuses_for_its_size_is_not_sent(desk: Desk) -> None:
    await desk.open("hello")
    text = "[\n" + '"' + "x" * 997 + '",\n' * 1 + ('"' + "x" * 997 + '",\n') * 1100 + "0]"
    desk.get("payloadEditor").setPlainText(text)
    await desk.choose("invocationType", "Event (asynchronous)")
    status = await desk.invoke()
    assert status.startswith(f"✖ Not sent: The payload has {len(text):,} bytes (1.0")
    assert status.endswith("an asynchronous invocation takes 1 MB at most")
    assert sent(desk) == []
    await desk.choose("invocationType", "Request / response")
    assert await desk.invoke() == "✔ 200 Succeeded"


async def test_one_line_of_the_most_that_fits_is_sent(desk: Desk) -> None:
    await desk.open("hello")
    await desk.choose("invocationType", "Event (asynchronous)")
    text = '"' + "x" * (ASYNC_LIMIT - 2) + '"'
    desk.get("payloadEditor").setPlainText(text)
    assert (await desk.invoke()).startswith("✔ ")  # queued, or already seen in the log
    desk.get("payloadEditor").setPlainText(f"{text} ")
    assert (await desk.invoke()).startswith("✖ Not sent: The payload has 1,048,577 bytes")


# --- stop waiting ---


@pytest.mark.parametrize("how", ["button", "escape in the editor", "escape elsewhere"])
async def test_stop_waiting_says_that_the_function_goes_on(desk: Desk, how: str) -> None:
    desk.aws.script("Invoke", faults.slow(HELD_S))
    await desk.open("hello")
    editor, button = desk.get("payloadEditor"), desk.get("stopWaitingButton")
    assert not button.isVisible()
    editor.setFocus()
    press(editor, Qt.Key.Key_Return, CONTROL)
    await arrived(desk)
    assert history(desk)[0][2] == "Running…"
    if how == "button":
        click(button)
    elif how == "escape in the editor":
        press(editor, Qt.Key.Key_Escape)
    else:
        press(desk.get("historyTable"), Qt.Key.Key_Escape)
    status = await desk.outcome()
    assert status == "▲ Stopped waiting. The function goes on; its log shows how it ends."
    assert "before you invoke again" in desk.text("resultSummary")
    assert [row[2] for row in history(desk)] == ["Unknown"]
    assert not button.isVisible()
    assert len(sent(desk)) == 1
    # It stands in the file, too.
    await until(lambda: not desk.connection.scope.is_running("save history"))
    (entry,) = await desk.connection.recent("hello")
    assert (entry.outcome, entry.error) == ("unknown", "Stopped waiting; the function goes on.")
    assert await desk.invoke() == "✔ 200 Succeeded"


async def test_keys_of_the_page_do_nothing_elsewhere(desk: Desk) -> None:
    desk.aws.always("Invoke", faults.slow(HELD_S))
    await desk.open("hello")
    field = desk.get("functionFilter")
    field.setFocus()
    desk.turn_to("Logs")
    press(field, Qt.Key.Key_Return, CONTROL)
    await turns()
    assert sent(desk) == []
    await desk.open("other")
    desk.get("payloadEditor").setFocus()
    press(desk.get("payloadEditor"), Qt.Key.Key_Return, CONTROL)
    await arrived(desk)
    field.setFocus()
    QTest.keyClicks(field, "oth")
    press(field, Qt.Key.Key_Escape)
    assert field.text() == ""
    await turns()
    assert desk.text("resultStatus").startswith("Running… ")
    (request,) = desk.aws.requests("Invoke")
    assert request.path.endswith("/other/invocations")


async def test_the_keys_invoke_what_is_in_sight_from_the_list_too(desk: Desk) -> None:
    await desk.open("hello")
    table = desk.get("functionTable")
    table.setFocus()
    press(table, Qt.Key.Key_Return, CONTROL)
    await until(lambda: desk.text("resultStatus") == "✔ 200 Succeeded")
    assert len(sent(desk)) == 1


async def test_closing_the_tab_while_it_runs_leaves_the_outcome_unknown(desk: Desk) -> None:
    desk.aws.script("Invoke", faults.slow(HELD_S))
    await desk.open("hello")
    click(desk.get("invokeButton"))
    await arrived(desk)
    await desk.close_tab()
    await desk.open("hello")
    assert [row[2] for row in history(desk)] == ["Unknown"]
    assert len(sent(desk)) == 1


async def test_two_functions_run_side_by_side(desk: Desk) -> None:
    desk.aws.script("Invoke", faults.slow(HELD_S))
    await desk.open("hello")
    click(desk.get("invokeButton"))
    await arrived(desk)
    await desk.open("other")
    assert await desk.invoke() == "✔ 200 Succeeded"
    await desk.open("hello", "Logs")
    desk.turn_to("Invoke")
    assert desk.text("resultStatus").startswith("Running… ")
    assert len(sent(desk)) == 2


# --- what is told of an outcome ---


async def test_success_with_figures_response_log_and_cost(desk: Desk, aws: FakeAws) -> None:
    aws.handlers["hello"] = lambda _payload: b'{"statusCode": 200, "body": "<b>hi</b>"}'
    await desk.open("hello")
    assert await desk.invoke('{"who": "you"}') == "✔ 200 Succeeded"
    report = Report("", Decimal("12.34"), billed_ms=13, memory_mb=128, max_memory_mb=40)
    cost = invocation_cost(report, FunctionInfo("hello"), REGION, load_prices())
    assert cost.amount == Decimal("0.0000002") + Decimal("0.0000166667") * 13 * 128 / 1024 / 1000
    request = desk.text("resultRequest")
    assert desk.text("resultSummary") == (
        f"Duration 12.34 ms · billed 13 ms · memory 40 of 128 MB · cost {format_money(cost.amount)}"
    )
    assert request.startswith("Request ")
    assert desk.get("responseView").toPlainText() == '{\n  "statusCode": 200,\n  "body": "<b>hi</b>"\n}'
    log = desk.get("resultLog").toPlainText()
    assert log.startswith("START RequestId: ")
    assert request.removeprefix("Request ") in log
    arithmetic = desk.get("costArithmetic").toPlainText()
    assert "Requests\n    1 request x 0.0000002 = $0.000000200" in arithmetic
    assert (
        "Duration\n    13 ms billed x 128 MB / (1,000 x 1,024) = 0.001625 GB-s\n    0.001625 GB-s x"
        in arithmetic
    )
    assert f"Total\n    {format_money(cost.amount)}" in arithmetic
    (row,) = history(desk)
    assert row[1:7] == ["Sync", "Succeeded", "12.34 ms", "13 ms", "40 / 128 MB", format_money(cost.amount)]
    assert row[7] == request.removeprefix("Request ")


@pytest.mark.parametrize(
    ("handled", "answer", "status", "row"),
    [
        (
            "Unhandled",
            b'{"errorType": "ValueError", "errorMessage": "no"}',
            "✖ 200 Function error: Unhandled",
            "Error",
        ),
        (
            "Unhandled",
            b'{"errorMessage": "2026-01-01 Task timed out after 3.00 seconds"}',
            "✖ 200 Function error: timed out",
            "Timed out",
        ),
    ],
)
async def test_a_function_error_shows_what_the_function_said(
    desk: Desk, aws: FakeAws, handled: str, answer: bytes, status: str, row: str
) -> None:
    aws.function_errors["hello"] = handled
    aws.handlers["hello"] = lambda _payload: answer
    await desk.open("hello")
    assert await desk.invoke() == status
    assert "errorMessage" in desk.get("responseView").toPlainText()
    assert "billed 13 ms" in desk.text("resultSummary")  # it is billed all the same
    assert history(desk)[0][2] == row


async def test_an_event_is_queued_and_its_cost_comes_with_the_log(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    await desk.choose("invocationType", "Event (asynchronous)")
    assert await desk.invoke() == "✔ 202 Queued for asynchronous execution"
    assert aws.requests("Invoke")[0].headers["x-amz-invocation-type"] == "Event"
    assert history(desk)[0][1] == "Async"
    # The page asks for the log by itself.
    await until(lambda: "cost $0.000000" in desk.text("resultSummary"), lambda: desk.text("resultSummary"))
    assert desk.text("resultStatus") == "✔ Ran and succeeded, as its log shows"
    assert "REPORT RequestId" in desk.get("resultLog").toPlainText()
    assert history(desk)[0][2:4] == ["Succeeded", "12.34 ms"]
    await until(lambda: not desk.connection.scope.is_running("save history"))
    (entry,) = await desk.connection.recent("hello")
    assert entry.cost == Decimal("0.0000002") + Decimal("0.0000166667") * 13 * 128 / 1024 / 1000


async def test_an_attempt_that_failed_is_not_the_end_of_an_event(desk: Desk, aws: FakeAws) -> None:
    aws.script("Invoke", faults.reply(202, {}))
    await desk.open("hello")
    await desk.choose("invocationType", "Event (asynchronous)")
    await desk.invoke()
    request_id = "0a1b2c3d-0000-4000-8000-000000000000"
    aws.add_events(
        "/aws/lambda/hello",
        f"START RequestId: {request_id} Version: $LATEST\n",
        f"REPORT RequestId: {request_id}\tDuration: 0.40 ms\tBilled Duration: 1 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 40 MB\tStatus: error\tError Type: ValueError\t\n",
        timestamp_ms=desk.page.invoke.entry.received_ms,
    )
    desk.connection.tails["hello"].poll_now()
    wanted = "▲ Attempt 1 failed; the next try follows in a moment."
    await until(lambda: desk.text("resultStatus") == wanted, lambda: desk.text("resultStatus"))
    assert history(desk)[0][2] == "Retrying…"


async def test_an_answer_without_a_log_gets_its_figures_from_the_log_by_time(
    desk: Desk, aws: FakeAws
) -> None:
    """Emulators give the answer another request id than the log."""
    await desk.open("hello")
    aws.script("Invoke", faults.reply(200, {"answer": 42}))
    assert await desk.invoke() == "✔ 200 Succeeded"
    assert "follow with the REPORT line" in desk.text("resultSummary")
    assert desk.get("costArithmetic").toPlainText() == "The cost follows with the REPORT line."
    request_id = "0a1b2c3d-0000-4000-8000-000000000000"
    aws.add_events(
        "/aws/lambda/hello",
        f"START RequestId: {request_id} Version: $LATEST\n",
        f"REPORT RequestId: {request_id}\tDuration: 0.40 ms\tBilled Duration: 1 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 40 MB\t\n",
        timestamp_ms=desk.page.invoke.entry.received_ms - 1,
    )
    await desk.polled()
    summary = desk.text("resultSummary")
    cost = format_money(Decimal("0.0000002") + Decimal("0.0000166667") * 128 / 1024 / 1000)
    assert f"Duration 0.4 ms · billed 1 ms · memory 40 of 128 MB · cost {cost}" in summary
    assert history(desk)[0][6] == cost
    assert request_id in desk.get("resultLog").toPlainText()


async def test_a_dry_run_runs_and_costs_nothing(desk: Desk) -> None:
    await desk.open("hello")
    await desk.choose("invocationType", "Dry run")
    assert await desk.invoke() == "✔ 204 Dry run: permitted, parameters accepted, not run"
    assert "cost" not in desk.text("resultSummary")
    assert desk.get("costArithmetic").toPlainText() == "A dry run costs nothing."
    assert history(desk)[0][1] == "Dry run"
    assert desk.connection.ledger.functions() == []


async def test_where_no_report_comes_nothing_is_made_up(desk: Desk, aws: FakeAws) -> None:
    aws.always("FilterLogEvents", faults.denied("logs:FilterLogEvents"))
    await desk.open("hello")
    await until(lambda: desk.tail.state == "denied")
    await desk.choose("invocationType", "Event (asynchronous)")
    await desk.invoke()
    assert desk.text("resultSummary").endswith("which may not be read")
    assert [history(desk)[0][column] for column in (3, 4, 5, 6)] == ["—"] * 4


async def test_the_whole_log_takes_the_place_of_its_last_four_kilobytes(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    await desk.invoke()
    request_id = history(desk)[0][7]
    group = aws.log_groups["/aws/lambda/hello"].events
    aws.add_events(
        "/aws/lambda/hello",
        f"2026-01-01T00:00:00.000Z\t{request_id}\tINFO\tbeyond the tail\n",
        timestamp_ms=group[0].timestamp_ms + 1,
    )
    await desk.polled()
    click_history(desk, 0)
    await until(lambda: "beyond the tail" in desk.get("resultLog").toPlainText())


def click_history(desk: Desk, row: int) -> None:
    table = desk.get("historyTable")
    click(table.viewport(), table.visualRect(table.model().index(row, 0)).center())


async def test_a_qualifier_is_offered_and_sent(desk: Desk, aws: FakeAws) -> None:
    aws.aliases["hello"] = ["live"]
    aws.versions["hello"] = ["1", "2"]
    await desk.open("hello")
    box = desk.get("qualifierBox")
    await until(lambda: box.count() > 1)
    assert [box.itemText(index) for index in range(box.count())] == ["$LATEST", "live", "2", "1"]
    await desk.choose("qualifierBox", "live")
    await desk.invoke()
    assert aws.requests("Invoke")[0].params == {"Qualifier": "live"}


@pytest.mark.parametrize(
    ("qualifier", "is_denied", "words"),
    [
        ("live", False, "Provisioned concurrency: A REPORT does not say"),
        ("2", False, ""),
        ("2", True, "Provisioned concurrency not checked: "),
    ],
)
async def test_provisioned_concurrency_is_a_badge_beside_the_cost(
    desk: Desk, aws: FakeAws, qualifier: str, is_denied: bool, words: str
) -> None:
    operation = "ListProvisionedConcurrencyConfigs"
    configs = [{"FunctionArn": f"{make_function('hello')['FunctionArn']}:live", "Status": "READY"}]
    aws.details[operation, "hello"] = {"ProvisionedConcurrencyConfigs": configs}
    if is_denied:
        aws.always(operation, faults.denied(f"lambda:{operation}"))
    aws.aliases["hello"], aws.versions["hello"] = ["live"], ["2"]
    await desk.open("hello")
    await desk.invoke()
    assert aws.requests(operation) == []  # $LATEST has none, so that nobody is asked
    assert "rovisioned" not in desk.get("costArithmetic").toPlainText()
    await desk.choose("qualifierBox", qualifier)
    await desk.invoke()
    await until(lambda: len(aws.requests(operation)) == 1)
    await until(lambda: not desk.page.invoke.scope.is_running("provisioned"))
    text = desk.get("costArithmetic").toPlainText()
    assert (words in text) if words else ("rovisioned" not in text)
    desk.turn_to("History")
    table = desk.get("historyTable")
    await until(lambda: table.model().rowCount() == 2)
    click(table.viewport(), table.visualRect(table.model().index(0, 0)).center())
    await until(lambda: "Total" in desk.get("notebookCostArithmetic").toPlainText())
    text = desk.get("notebookCostArithmetic").toPlainText()
    assert (words in text) if words else ("rovisioned" not in text)
    assert len(aws.requests(operation)) == 1  # once


async def test_qualifiers_that_may_not_be_listed_leave_latest(desk: Desk, aws: FakeAws) -> None:
    aws.always("ListAliases", faults.denied("lambda:ListAliases"))
    await desk.open("hello")
    box = desk.get("qualifierBox")
    assert box.count() == 1
    assert "lambda:ListAliases" in box.toolTip()
    assert await desk.invoke() == "✔ 200 Succeeded"


# --- what was typed and sent before ---


async def test_typed_text_survives_its_tab(desk: Desk) -> None:
    await desk.open("hello")
    desk.type_payload('{"draft": 1')  # not even valid
    await desk.close_tab()
    await desk.open("hello")
    assert desk.get("payloadEditor").toPlainText() == '{"draft": 1'


async def test_typed_text_survives_a_failed_invocation_and_its_tab(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    aws.script("Invoke", faults.throttled())
    assert (await desk.invoke('{"draft": 3}')).startswith("✖ Not run: ")
    await desk.close_tab()
    await desk.open("hello")
    assert desk.get("payloadEditor").toPlainText() == '{"draft": 3}'


async def test_typed_text_survives_another_region(desk: Desk) -> None:
    await desk.open("hello")
    desk.type_payload('{"draft": 2}')
    await desk.choose("regionBox", "us-east-2")
    await until(lambda: desk.console.connection and desk.connection.target.region == "us-east-2")
    await desk.open("hello")
    assert desk.get("payloadEditor").toPlainText() == "{}"
    await desk.choose("regionBox", "us-east-1")
    await until(lambda: desk.console.connection and desk.connection.target.region == "us-east-1")
    await desk.open("hello")
    assert desk.get("payloadEditor").toPlainText() == '{"draft": 2}'


async def test_what_is_typed_while_it_runs_survives_the_answer_and_the_tab(desk: Desk, aws: FakeAws) -> None:
    may_answer = threading.Event()

    def handler(payload: bytes) -> bytes:
        assert may_answer.wait(30)
        return payload

    aws.handlers["hello"] = handler
    await desk.open("hello")
    desk.type_payload('{"sent": 1}')
    click(desk.get("invokeButton"))
    await arrived(desk)
    desk.type_payload('{"next": 2}')
    may_answer.set()
    assert await desk.outcome() == "✔ 200 Succeeded"
    await desk.close_tab()
    await desk.open("hello")
    assert desk.get("payloadEditor").toPlainText() == '{"next": 2}'


async def test_what_was_sent_last_is_there_again(desk: Desk) -> None:
    await desk.open("hello")
    await desk.invoke('{"n": 1}')
    await desk.invoke('{"n": 2}')
    await desk.close_tab()
    await desk.open("hello")
    assert desk.get("payloadEditor").toPlainText() == '{"n": 2}'
    assert [row[2] for row in history(desk)] == ["Succeeded"] * 2


async def test_a_history_row_shows_its_result_and_gives_its_payload_back(desk: Desk) -> None:
    await desk.open("hello")
    await desk.invoke('{"n": 1}')
    await desk.invoke('{"n": 2}')
    await desk.invoke('{"n": 3}')
    click_history(desk, 2)
    await until(lambda: desk.get("responseView").toPlainText() == '{\n  "n": 1\n}')
    assert desk.get("payloadEditor").toPlainText() == '{"n": 3}'
    table = desk.get("historyTable")
    table.setFocus()
    press(table, Qt.Key.Key_Up)
    press(table, Qt.Key.Key_Return)
    await until(lambda: desk.get("payloadEditor").toPlainText() == '{"n": 2}')
    assert desk.get("responseView").toPlainText() == '{\n  "n": 2\n}'


async def test_the_history_of_a_function_holds_nothing_of_another(desk: Desk) -> None:
    await desk.open("hello")
    await desk.invoke('{"n": 1}')
    await desk.open("other")
    assert history(desk) == []
    assert desk.get("payloadEditor").toPlainText() == "{}"


# --- trouble with the disk ---


async def test_a_history_that_cannot_be_written_is_a_notice_and_hinders_nothing(desk: Desk) -> None:
    await desk.open("hello")
    lock = sqlite3.connect(desk.paths.history_file)
    lock.execute("BEGIN EXCLUSIVE")
    try:
        assert await desk.invoke('{"kept": "here"}') == "✔ 200 Succeeded"
        assert "The history can't be saved." in desk.notices()
        assert await desk.invoke() == "✔ 200 Succeeded"
        assert len(sent(desk)) == 2
        assert [row[2] for row in history(desk)] == ["Succeeded"] * 2
        await desk.close_tab()
    finally:
        lock.close()
    await desk.open("hello")
    assert desk.get("payloadEditor").toPlainText() == '{"kept": "here"}'


# --- hostile answers ---


async def test_an_answer_is_shown_as_text(desk: Desk, aws: FakeAws, tmp_path: Path) -> None:
    hostile = '"<img src=x> \u202eevil \x00 \x1b[31mred"'
    aws.handlers["hello"] = lambda _payload: hostile.encode()
    aws.functions.append(make_function("x"))
    await desk.open("hello")
    await desk.invoke()
    shown = desk.get("responseView").toPlainText()
    assert shown == '"<img src=x> <U+202E>evil <U+0000> red"'
    assert not any(character in visible_words(desk.page) for character in "\u202e\x00\x1b")


async def test_format_lays_the_payload_out(desk: Desk) -> None:
    await desk.open("hello")
    editor = desk.get("payloadEditor")
    desk.type_payload('{"a":[1,2]}')
    press(editor, Qt.Key.Key_I, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert editor.toPlainText() == '{\n  "a": [\n    1,\n    2\n  ]\n}'
    press(editor, Qt.Key.Key_Z, CONTROL)
    assert editor.toPlainText() == '{"a":[1,2]}'
    (button,) = [each for each in desk.page.findChildren(QPushButton) if each.text() == "Format"]
    click(button)
    assert editor.toPlainText().count("\n") == 5
    assert isinstance(editor, QPlainTextEdit)
