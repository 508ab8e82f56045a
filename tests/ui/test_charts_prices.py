"""Other prices hold at once for what is only kept; what they can't be applied to is counted."""

from dataclasses import replace
from decimal import Decimal

from lambdadesk.core.cost import invocation_cost
from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.money import format_money
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import Cost, FunctionInfo, Invocation, Outcome, Report
from lambdadesk.store.invocations import InvocationStore
from lambdadesk.ui.panels.charts_panel import ChartsPanel
from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import REGION, Desk, until
from tests.ui.test_charts_panel import request_id


async def test_what_is_kept_is_shown_at_the_prices_of_now(desk: Desk, aws: FakeAws) -> None:
    aws.always("FilterLogEvents", faults.denied("logs:FilterLogEvents"))  # so that all else is silent
    await desk.open("hello", "Invoke")
    at_ms = desk.connection.gateway.server_now_ms - 3_600_000
    report = Report(request_id(1), Decimal("99.50"), 100, 128, 64)
    listed = invocation_cost(report, FunctionInfo("hello"), REGION, load_prices()).amount
    kept = Invocation(
        *("hello", request_id(1), at_ms, "2026/11/26/[$LATEST]a"),
        ended_ms=at_ms + 100,
        outcome=Outcome.OK,
        report=report,
        cost=Cost(listed),
    )
    of_then = Cost(listed + Decimal("0.0000004"))  # it was billed as more requests, or prices were higher
    other = replace(
        kept,
        request_id=request_id(2),
        report=report._replace(request_id=request_id(2)),
        started_ms=at_ms + 1,
        cost=of_then,
    )
    store = InvocationStore(desk.paths.invocations_file)
    store.write(desk.connection.target.key, [("hello", InvocationColumns.from_invocations([kept, other]))])
    desk.connection.invocations.forget_kept()
    desk.turn_to("Charts")
    for percent in (0, 50):
        desk.console.settings.price_discount_percent = Decimal(percent)
        total = format_money(listed * (100 - percent) / 100 + of_then.amount, "USD")
        words = f" · {total} · 1 priced as of when it ran"
        await until(lambda: desk.text("chartSummary").endswith(words), lambda: desk.text("chartSummary"))  # noqa: B023
        await desk.page.findChild(ChartsPanel).scope.wait("read")  # which reads twice in the beginning
