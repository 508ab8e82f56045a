"""Logs Insights on the Local AWS: what it understands, and that what it passes over is noticed."""

import time

from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.insights import QueryRequest
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import FunctionInfo, InvokeRequest, Target
from lambdadesk.desk.query import Query
from lambdadesk.local.account import SeededAccount
from lambdadesk.local.clients import REGION

GROUP = "/aws/lambda/hello"


async def test_rows_come_of_real_lines_and_ignored_commands_are_named(
    url: str, account: SeededAccount
) -> None:
    gateway = Gateway(Target(REGION, endpoint_url=url))
    query = Query(gateway, load_prices())
    await gateway.invoke(InvokeRequest(FunctionInfo("hello"), b"{}"))
    now_s = int(time.time())

    async def ask(text: str) -> None:
        await query.run(QueryRequest(text, (GROUP,), now_s - 3_600, now_s + 60))
        assert query.error is None

    await ask("fields @timestamp, @logStream, @message | filter @message like /REPORT/ | limit 5")
    assert [column.name for column in query.table.columns] == ["@timestamp", "@logStream", "@message"]
    assert "REPORT RequestId" in query.table.get(0, "@message")
    assert (query.is_whole, query.ignored) == (True, "")
    assert query.statistics.bytes_scanned > 0
    await ask("fields @message | stats count(*) by bin(1m)")
    assert query.ignored == "stats"
    await query.run(QueryRequest("limit 1", ("/nothing",), 1, 2))
    assert query.error is not None
    assert query.error.message == "The log group /nothing does not exist."
    await gateway.close()
