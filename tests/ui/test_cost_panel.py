"""The Cost page sums what the ledger holds, to the last digit, and says what it could not read."""

import html
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QPushButton

from lambdadesk.core.cost import cost_per_million, gb_seconds, invocation_cost
from lambdadesk.core.money import format_money
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import FunctionInfo, InvocationType, Outcome, Report, Target
from lambdadesk.desk.connection import READ_UNASKED
from lambdadesk.store.catalog_cache import CatalogCache
from lambdadesk.store.history import History
from lambdadesk.ui.dialogs.sizing.dialog import SizingDialog
from lambdadesk.ui.dialogs.text_dialog import TextDialog
from lambdadesk.ui.panels.cost_panel import CostPanel
from lambdadesk.ui.widgets.empty_state import State, StateView
from tests.desk.test_connection import make_connection
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.servers.faults import Reply, error_reply
from tests.ui.desk import REGION, Desk, click, press, rows, turns, until, visible_words


def run_elsewhere(
    aws: FakeAws, function: str, number: int, billed_ms: int, *lines: str, max_memory_mb: int = 40
) -> Report:
    """An invocation of which only the log tells; returns its report."""
    (memory_mb,) = [each["MemorySize"] for each in aws.functions if each["FunctionName"] == function]
    request_id = f"{function:<8}-0000-4000-8000-{number:012}".replace(" ", "0").replace("o", "0")
    request_id = "".join(each if each in "0123456789abcdef-" else "a" for each in request_id)
    aws.add_events(
        f"/aws/lambda/{function}",
        f"START RequestId: {request_id} Version: $LATEST\n",
        *lines,
        f"REPORT RequestId: {request_id}\tDuration: {billed_ms - 1}.50 ms\tBilled Duration: {billed_ms} ms\t"
        f"Memory Size: {memory_mb} MB\tMax Memory Used: {max_memory_mb} MB\t\n",
    )
    return Report("", Decimal(billed_ms), billed_ms=billed_ms, memory_mb=memory_mb)


def deny_group(aws: FakeAws, *functions: str) -> None:
    """Deny the logs of some functions only."""
    answer = aws.logs_filter

    def filtered(params: dict[str, Any]) -> Reply:
        if params["logGroupName"].rpartition("/")[2] in functions:
            text = "User is not authorized to perform: logs:FilterLogEvents on resource: *"
            return error_reply(400, "AccessDeniedException", text)
        return answer(params)

    aws.logs_filter = filtered  # type: ignore[method-assign]  # of this server alone


def table(desk: Desk) -> list[list[str]]:
    return rows(desk.get("costTable"))


def picture(desk: Desk) -> StateView:
    return desk.window.cost.findChildren(StateView)[0]


async def read(desk: Desk, functions: int = 3) -> None:
    """Wait until the logs of all functions have been read."""
    await until(
        lambda: (
            len(desk.connection.dashboard.readings) == functions
            and desk.text("costScope").count("all logs read") == 1
        ),
        lambda: desk.text("costScope"),
    )


async def test_sums_are_exact_and_those_of_the_ledger(desk: Desk, aws: FakeAws) -> None:
    reports = {
        "hello": [run_elsewhere(aws, "hello", 0, 13), run_elsewhere(aws, "hello", 1, 200)],
        "other": [run_elsewhere(aws, "other", 2, 5_000, "[ERROR] ValueError: no\n")],
    }
    await desk.listed()
    desk.turn_to_cost()
    await read(desk)
    await until(lambda: len(table(desk)) == 2)
    prices, total = load_prices(), Decimal(0)
    expected = []
    for name, memory_mb, runtime in (("other", 512, "nodejs22.x"), ("hello", 128, "python3.13")):
        function = FunctionInfo(name, memory_mb=memory_mb, runtime=runtime)
        cost = sum(
            (invocation_cost(report, function, REGION, prices).amount for report in reports[name]), Decimal(0)
        )
        million = cost_per_million(cost, len(reports[name]))
        total += cost
        expected.append(
            [
                name,
                format_money(cost),
                f"${million:,.2f}",
                str(len(reports[name])),
                "1" if name == "other" else "0",
                f"{sum(map(gb_seconds, reports[name])):,.3f}",
                "—",
            ]
        )
    assert table(desk) == expected  # dearest first
    assert desk.text("costTotal") == format_money(total)
    ledger = desk.connection.ledger
    assert total == sum((ledger.totals(name).cost for name in ledger.functions()), Decimal(0))
    note = desk.text("costScope")
    assert note.startswith("3 invocations since ")
    assert f"list prices of {REGION}" in note
    assert "before free tier and discounts" in note


async def test_a_sum_opens_its_arithmetic(desk: Desk, aws: FakeAws) -> None:
    run_elsewhere(aws, "hello", 1, 100)
    run_elsewhere(aws, "hello", 2, 300)
    await desk.listed()
    desk.turn_to_cost()
    await until(lambda: table(desk) and table(desk)[0][3] == "2")
    index = desk.get("costTable").model().index(0, 3)
    told = html.unescape(index.data(Qt.ItemDataRole.ToolTipRole))
    assert "2 requests x 0.0000002 = $0.000000400" in told
    assert "0.05 GB-s x 0.0000166667 = $0.000000833" in told
    assert "Total" in told
    assert index.data() in told
    assert "Prices of " in told
    assert "Ephemeral storage" not in told


async def test_what_is_invoked_here_is_counted_once(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    await desk.invoke()
    desk.turn_to_cost()
    await until(lambda: table(desk) and table(desk)[0][3] == "1")
    await read(desk)
    await turns()
    (row,) = table(desk)
    assert [row[0], *row[3:5]] == ["hello", "1", "0"]
    cost = Decimal("0.0000002") + Decimal("0.0000166667") * 13 * 128 / 1024 / 1000
    assert row[1] == desk.text("costTotal") == format_money(cost)


async def test_an_invocation_without_a_price_yet_is_said(desk: Desk, aws: FakeAws) -> None:
    aws.always("FilterLogEvents", faults.denied("logs:FilterLogEvents"))
    aws.always("Invoke", faults.reply(200, {"no": "report"}))
    await desk.open("hello")
    await desk.invoke()
    desk.turn_to_cost()
    await until(lambda: table(desk))
    assert "1 without a price yet" in desk.text("costScope")
    assert desk.text("costTotal") == ""  # an unknown cost is not a cost of nothing
    assert [table(desk)[0][at] for at in (1, 2, 5)] == ["—", "—", "—"]


async def test_where_no_price_is_published_the_sum_is_an_estimate(desk: Desk, aws: FakeAws) -> None:
    run_elsewhere(aws, "hello", 0, 100)
    desk.window.places.open_target("", "eu-isoe-west-1", aws.url)
    await until(lambda: desk.console.connection and desk.connection.target.region == "eu-isoe-west-1")
    desk.turn_to_cost()
    await until(lambda: table(desk))
    assert desk.text("costTotal").startswith("≈ $0.0000")
    assert table(desk)[0][1].startswith("≈ ")
    assert table(desk)[0][2].startswith("≈ ")


async def test_a_denied_log_names_its_function_and_the_rest_is_summed(desk: Desk, aws: FakeAws) -> None:
    run_elsewhere(aws, "hello", 0, 100)
    run_elsewhere(aws, "other", 1, 100)
    deny_group(aws, "other")
    await desk.listed()
    desk.turn_to_cost()
    await until(lambda: desk.get("costTrouble").isVisible())
    assert desk.text("costTrouble") == (
        "▲ Logs not read: other. These credentials are not allowed to call logs:FilterLogEvents. "
        "Ask for a policy that allows logs:FilterLogEvents, then retry."
    )
    assert [row[0] for row in table(desk)] == ["hello"]
    await until(lambda: "logs read of 2 of 3 functions" in desk.text("costScope"))


async def test_logs_that_are_all_denied_are_another_picture_than_none(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    desk.turn_to_cost()
    await until(lambda: picture(desk).state is State.EMPTY and picture(desk).isVisible())
    await read(desk)
    assert "No invocation in the last hour" in visible_words(desk.window.cost)
    deny_group(aws, "hello", "other", "third")
    await desk.connection.dashboard.read()
    await until(lambda: picture(desk).state is State.DENIED)
    words = visible_words(desk.window.cost)
    assert "Access denied" in words
    assert "logs:FilterLogEvents" in words


async def test_an_account_without_functions_is_not_waited_for(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    aws.functions = []
    desk.window.places.open_target("", "eu-west-1", aws.url)
    desk.turn_to_cost()
    await until(lambda: "No functions here" in visible_words(desk.window.cost))
    assert picture(desk).state is State.EMPTY


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        (faults.denied("lambda:ListFunctions"), State.DENIED, "Access denied"),
        (faults.reset, State.FAILED, "The connection broke before the answer was complete."),
        (faults.slow(30), State.LOADING, "Waiting for the REPORT lines of the last hour…"),
    ],
    ids=["denied", "failed", "slow"],
)
async def test_without_the_list_the_page_says_why(
    desk: Desk, aws: FakeAws, fault: faults.Fault, state: State, words: str
) -> None:
    await desk.listed()
    aws.always("ListFunctions", fault)
    desk.window.places.open_target("", "eu-west-1", aws.url)
    desk.turn_to_cost()
    await until(lambda: words in visible_words(desk.window.cost), lambda: visible_words(desk.window.cost))
    assert picture(desk).state is state


async def test_enter_on_a_row_opens_the_function(desk: Desk, aws: FakeAws) -> None:
    run_elsewhere(aws, "other", 0, 100)
    await desk.listed()
    desk.turn_to_cost()
    await until(lambda: table(desk))
    view = desk.get("costTable")
    view.setFocus()
    press(view, Qt.Key.Key_Down)
    press(view, Qt.Key.Key_Return)
    assert desk.page.function.name == "other"


async def test_names_can_be_read_in_a_narrow_window(desk: Desk, aws: FakeAws) -> None:
    name = "orders-api-production"
    aws.functions.append(make_function(name))
    run_elsewhere(aws, name, 0, 100)
    await desk.listed()
    await until(lambda: name in desk.function_names())
    desk.window.resize(760, 600)
    desk.turn_to_cost()
    view = desk.get("costTable")
    await until(lambda: table(desk) and view.isVisible())
    cell = view.visualRect(view.model().index(0, 0))
    assert view.fontMetrics().horizontalAdvance(name) < cell.width() <= view.viewport().width()
    assert view.horizontalScrollBar().maximum() > 0  # what does not fit is scrolled
    desk.window.resize(1_900, 600)
    await until(lambda: view.horizontalScrollBar().maximum() == 0)
    shown = [each for each in range(view.model().columnCount()) if not view.isColumnHidden(each)]
    assert sum(map(view.columnWidth, shown)) == view.viewport().width()


async def test_denied_logs_are_read_again_on_a_click(desk: Desk, aws: FakeAws) -> None:
    run_elsewhere(aws, "hello", 0, 100)
    aws.always("FilterLogEvents", faults.denied("logs:FilterLogEvents"))
    await desk.listed()
    desk.turn_to_cost()
    await until(lambda: picture(desk).state is State.DENIED)
    (retry,) = [each for each in picture(desk).findChildren(QPushButton) if each.text() == "Retry"]
    aws.always("FilterLogEvents", None)
    click(retry)
    await until(lambda: [row[0] for row in table(desk)] == ["hello"])
    deny_group(aws, "other")
    await desk.connection.dashboard.read()
    await until(lambda: desk.get("costTrouble").isVisible())
    del aws.logs_filter
    click(desk.get("costRetry"))
    await until(lambda: not desk.get("costTrouble").isVisible())
    assert not desk.get("costRetry").isVisible()


async def test_the_logs_of_many_functions_can_be_read_once_something_ran(
    qapp: QApplication, tmp_path: Path
) -> None:
    cache = CatalogCache(tmp_path / "cache")
    target = Target(REGION)  # AWS itself, which is never called here
    cache.save(target.key, [FunctionInfo(f"f{number}") for number in range(READ_UNASKED + 1)])
    connection = make_connection(target, History(tmp_path / "history.sqlite"), cache, lambda *_: None)
    connection.catalog.load_cached()
    report = Report("1", Decimal(12), billed_ms=12, memory_mb=128, max_memory_mb=40)
    connection.ledger.add_here(
        "f1", InvocationType.REQUEST_RESPONSE, "", "1", 1_000, 2_000, report, outcome=Outcome.OK
    )
    panel = CostPanel()
    asked: list[bool] = []
    panel.read_requested.connect(lambda: asked.append(True))
    panel.show_connections([connection])
    assert [row[0] for row in rows(panel.table)] == ["f1"]
    assert not panel.trouble.isHidden()
    assert panel.trouble.text().startswith("Only what ran from here or was followed is in it.")
    assert panel.retry.text() == "Read them"
    click(panel.retry)
    assert asked == [True]
    connection.may_read_all = True
    panel.show_connections([connection])
    assert panel.trouble.isHidden()
    assert panel.retry.isHidden()
    await panel.close_panel()
    await connection.close()


async def test_a_function_near_its_memory_is_hinted_at_and_sized_from_its_row(
    desk: Desk, aws: FakeAws
) -> None:
    run_elsewhere(aws, "hello", 0, 100, max_memory_mb=120)
    run_elsewhere(aws, "other", 1, 100)
    await desk.listed()
    desk.turn_to_cost()
    await until(lambda: len(table(desk)) == 2)
    await until(lambda: {row[0]: row[6] for row in table(desk)}["hello"] != "—", lambda: table(desk))
    assert {row[0]: row[6] for row in table(desk)} == {"hello": "too little: 192 MB?", "other": "—"}
    view = desk.get("costTable")
    row = [each[0] for each in table(desk)].index("hello")
    model = view.model()
    assert "used up to 120 of 128 MB" in html.unescape(model.index(row, 8).data(Qt.ItemDataRole.ToolTipRole))
    assert "Only 1 run was seen" in html.unescape(model.index(1 - row, 8).data(Qt.ItemDataRole.ToolTipRole))
    view.setFocus()
    view.setCurrentIndex(model.index(row, 0))
    middle = view.viewport().rect().center()  # where Qt takes the key to be, which is no row of the table
    QApplication.sendEvent(
        view, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, middle, view.mapToGlobal(middle))
    )
    menu = desk.get("costTableMenu")
    titles = ["Open", "What if…", "Power sweep…", "How the cost came about…"]
    assert [each.text() for each in menu.actions()] == titles
    menu.actions()[3].trigger()
    (told,) = desk.window.findChildren(TextDialog)
    assert "Requests\n    1 request x 0.0000002 = " in told.findChild(QPlainTextEdit).toPlainText()
    menu.actions()[2].trigger()
    assert desk.page.function.name == "hello"
    (dialog,) = desk.window.findChildren(SizingDialog)
    assert dialog.tabs.currentWidget() is dialog.sweep


async def test_logs_are_read_only_while_the_page_is_seen(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    assert desk.connection.scope.is_running("read costs")  # the page is what one sees first
    await desk.open("hello")
    await until(lambda: not desk.connection.scope.is_running("read costs"))
    before = len(aws.requests("FilterLogEvents"))
    for _poll in range(3):
        await desk.polled()
    groups = {request.params["logGroupName"] for request in aws.requests("FilterLogEvents")[before:]}
    assert groups == {"/aws/lambda/hello"}
    desk.turn_to_cost()
    await read(desk)
    assert desk.connection.scope.is_running("read costs")
    await desk.open("hello")
    await until(lambda: not desk.connection.scope.is_running("read costs"))


async def test_lines_without_end_do_not_stop_the_sums(desk: Desk, aws: FakeAws) -> None:
    aws.functions.append(make_function("busy"))
    for number in range(300):
        run_elsewhere(aws, "busy", number, 10 + number)
    aws.log_page_events = 100
    press(desk.window, Qt.Key.Key_F5)
    await desk.listed()
    await until(lambda: "busy" in desk.function_names())
    desk.turn_to_cost()
    await until(lambda: table(desk) and table(desk)[0][3] == "300")
    assert table(desk)[0][4] == "0"
