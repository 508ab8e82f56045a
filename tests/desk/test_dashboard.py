"""The dashboard reads every function's REPORT lines once, and says of which it could not."""

import threading
import time

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind
from lambdadesk.core.ledger import InvocationLedger
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Outcome, Target
from lambdadesk.desk.catalog import Catalog
from lambdadesk.desk.dashboard import SWEEP_EVERY, Dashboard
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.store.catalog_cache import CatalogCache
from tests.conftest import threads_named
from tests.desk.waiting import until
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function

MINUTE_MS = 60_000


@pytest.fixture
def dashboard(aws: FakeAws, cache: CatalogCache, quick: Limits) -> Dashboard:
    gateway = Gateway(Target("us-east-1", endpoint_url=aws.url), quick)
    return Dashboard(gateway, Catalog(gateway, cache), InvocationLedger(lambda *_: None))


async def list_functions(dashboard: Dashboard, aws: FakeAws, *names: str) -> None:
    aws.functions = [make_function(name) for name in names]
    await dashboard._catalog.refresh()


def add_run(aws: FakeAws, function: str, number: int, *, ago_ms: int = 1_000, hidden: bool = False) -> None:
    request_id = f"11111111-2222-4333-8444-{number:012d}"
    aws.add_events(
        f"/aws/lambda/{function}",
        f"START RequestId: {request_id} Version: $LATEST\n",
        f"END RequestId: {request_id}\n",
        f"REPORT RequestId: {request_id}\tDuration: 12.34 ms\tBilled Duration: 13 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 40 MB\t\n",
        timestamp_ms=time.time_ns() // 1_000_000 - ago_ms,
        hidden=hidden,
    )


def count(dashboard: Dashboard, function: str) -> int:
    return dashboard._ledger.totals(function).invocations


async def test_reads_the_last_hour_of_every_function(dashboard: Dashboard, aws: FakeAws) -> None:
    await list_functions(dashboard, aws, "one", "two", "never-ran")
    for number in range(15):  # more than a page
        add_run(aws, "one", number, ago_ms=50 * MINUTE_MS + number)
    add_run(aws, "one", 99, ago_ms=70 * MINUTE_MS)
    add_run(aws, "two", 1)
    aws.add_events("/aws/lambda/two", "[ERROR] ValueError: no")
    changes: list[None] = []
    dashboard.changed.connect(lambda: changes.append(None))
    await dashboard.read()
    assert (count(dashboard, "one"), count(dashboard, "two"), count(dashboard, "never-ran")) == (15, 1, 0)
    assert {invocation.outcome for invocation in dashboard._ledger.of("one")} == {Outcome.OK}
    assert len(changes) >= 3
    assert [reading.error for reading in dashboard.readings.values()] == [None] * 3
    now_ms = time.time() * 1000
    for reading in dashboard.readings.values():
        assert reading.read_to_ms is not None
        assert abs(reading.read_to_ms - now_ms) < 10_000


async def test_reads_on_from_where_it_was_and_counts_nothing_twice(
    dashboard: Dashboard, aws: FakeAws
) -> None:
    await list_functions(dashboard, aws, "one")
    add_run(aws, "one", 1, ago_ms=30 * MINUTE_MS)
    await dashboard.read()
    add_run(aws, "one", 2)
    await dashboard.read()
    await dashboard.read()
    assert count(dashboard, "one") == 2
    first, second, third = (request.params["startTime"] for request in aws.requests("FilterLogEvents")[-3:])
    assert second - first > 30 * MINUTE_MS
    assert third >= second


async def test_a_function_that_fails_does_not_stop_the_others(dashboard: Dashboard, aws: FakeAws) -> None:
    await list_functions(dashboard, aws, "one", "two")
    add_run(aws, "one", 1)
    add_run(aws, "two", 1)
    aws.script("FilterLogEvents", faults.denied("logs:FilterLogEvents"))
    await dashboard.read()
    (failed,) = [name for name, reading in dashboard.readings.items() if reading.error]
    (read,) = {"one", "two"} - {failed}
    error = dashboard.readings[failed].error
    assert error is not None
    assert error.kind is ErrorKind.DENIED
    assert dashboard.readings[failed].read_to_ms is None
    assert (count(dashboard, failed), count(dashboard, read)) == (0, 1)
    await dashboard.read()
    assert dashboard.readings[failed].error is None
    assert (count(dashboard, failed), count(dashboard, read)) == (1, 1)


async def test_what_was_not_read_to_its_end_is_read_again(dashboard: Dashboard, aws: FakeAws) -> None:
    await list_functions(dashboard, aws, "one")
    add_run(aws, "one", 1, ago_ms=30 * MINUTE_MS)
    circle = faults.reply(200, {"events": [], "nextToken": "7"})
    aws.script("FilterLogEvents", circle, circle)
    await dashboard.read()
    assert dashboard.readings["one"].read_to_ms is None
    await dashboard.read()
    assert count(dashboard, "one") == 1
    assert dashboard.readings["one"].read_to_ms is not None


async def test_lines_that_come_late_are_swept_up(dashboard: Dashboard, aws: FakeAws) -> None:
    await list_functions(dashboard, aws, "one")
    add_run(aws, "one", 1, ago_ms=10 * MINUTE_MS, hidden=True)
    await dashboard.read()
    aws.show_late_events("/aws/lambda/one")
    for _ in range(SWEEP_EVERY):
        await dashboard.read()
    assert count(dashboard, "one") == 1


async def test_a_function_that_is_gone_is_not_read_any_more(dashboard: Dashboard, aws: FakeAws) -> None:
    await list_functions(dashboard, aws, "one", "two")
    await dashboard.read()
    await list_functions(dashboard, aws, "two")
    asked = len(aws.requests("FilterLogEvents"))
    await dashboard.read()
    assert len(aws.requests("FilterLogEvents")) == asked + 1
    assert set(dashboard.readings) == {"two"}


async def test_reads_again_and_again_until_it_is_cancelled(dashboard: Dashboard, aws: FakeAws) -> None:
    await list_functions(dashboard, aws, "one")
    add_run(aws, "one", 1)
    failures: list[Exception] = []
    scope = TaskScope(lambda _name, error: failures.append(error))
    scope.start("costs", dashboard.run, 0.01)
    await until(dashboard.changed, lambda: count(dashboard, "one") == 1, "the first run")
    add_run(aws, "one", 2)
    await until(dashboard.changed, lambda: count(dashboard, "one") == 2, "the second run")
    is_asked = threading.Event()

    def hang(exchange: faults.Exchange) -> None:
        is_asked.set()
        faults.hang(exchange)

    aws.always("FilterLogEvents", hang)
    await in_thread(is_asked.wait, 30)
    await scope.close()
    assert threads_named("in_thread")  # the answer has not come, and is not waited for
    assert failures == []
