"""Months: nothing is asked unasked or twice, days that are over never again, and a failure loses nothing."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Self

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.month_sums import LATE_MS
from lambdadesk.core.month_view import MonthFunction, MonthRow, last_days, sum_rows
from lambdadesk.core.month_words import Gone
from lambdadesk.core.types import Identity, Invocation, Outcome, Report
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.month import WORK, Months
from lambdadesk.desk.own_use import OwnUseMeter
from lambdadesk.desk.price_book import PriceBook
from lambdadesk.store.invocations import InvocationStore
from lambdadesk.store.month_cache import MonthCache
from lambdadesk.store.own_use import OwnUseStore
from lambdadesk.store.price_cache import PriceCache
from tests.desk.rows_desk import Desk
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function

ACCOUNT, OTHER = "123456789012", "000000000000"


class Rig:
    """Months over a desk's connections, with a meter as for AWS itself."""

    def __init__(self, home: Path, desk: Desk) -> None:
        self.home, self.desk = home, desk
        self.book = PriceBook(PriceCache(home / "prices"), desk.settings)
        self.meter = OwnUseMeter(OwnUseStore(home / "own.sqlite"), desk.settings, self.book)
        self.tags: dict[tuple[str, str], dict[str, str]] = {}
        self.months = self.restart()

    async def __aenter__(self) -> Self:
        await self.desk.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.months.close()
        self.book.close()
        await self.desk.__aexit__(*exc)

    def restart(self) -> Months:
        self.months = Months(MonthCache(self.home / "cache"), self.book, self.tags.get)
        return self.months

    async def connect(self, aws: FakeAws, region: str = "us-east-1", account: str = ACCOUNT) -> Connection:
        connection = self.desk.connect(aws, region)
        connection.gateway.meter = self.meter.for_gateway(connection.gateway)
        connection.identity = Identity(account, f"arn:aws:iam::{account}:root")
        connection.gateway.source.owner.identity = connection.identity
        await connection.catalog.refresh()
        return connection

    async def show(self, *connections: Connection) -> None:
        self.months.show(connections)
        for each in connections:
            await each.scope.wait("load month")

    async def read(self) -> None:
        self.months.read()
        for connection, _ in self.months.states:
            await connection.scope.wait(WORK)

    async def requests(self) -> dict[str, int]:
        functions = await self.months.price()
        return {each.function.name: sum(each.days.requests) for each in functions}


@pytest.fixture
def rig(desk: Desk, tmp_path: Path) -> Rig:
    return Rig(tmp_path, desk)


def ran(aws: FakeAws, name: str, count: float = 1, days_ago: float = 2) -> None:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    aws.metrics[name, "Invocations"].append((at.timestamp(), count))
    aws.metrics[name, "Duration"].append((at.timestamp(), 100.0 * count))


def metrics(aws: FakeAws) -> int:
    return sum(len(each.params["MetricDataQueries"]) for each in aws.requests("GetMetricData"))


async def test_a_cold_load_of_1000_functions_costs_at_most_5_cents_and_is_shown_before(
    rig: Rig, aws: FakeAws
) -> None:
    async with rig:
        aws.functions = [make_function(f"f{number:04}") for number in range(1_000)]
        for number in range(1_000):
            ran(aws, f"f{number:04}")
        await rig.show(await rig.connect(aws))
        count, cost = rig.months.estimate()
        assert count == 1_000
        assert Decimal("0.04") < cost.amount < Decimal("0.05")  # with some that may have been deleted
        assert rig.months.known == (0, 1_000)
        assert aws.requests("GetMetricData") == []  # nothing unasked
        await rig.read()
        assert metrics(aws) == 4_000
        assert len(aws.requests("GetMetricData")) == 8
        lists = len(aws.requests("ListMetrics"))
        assert rig.meter.of_today(ACCOUNT).amount == Decimal("0.04") + lists * Decimal("0.00001")
        assert rig.months.known == (1_000, 1_000)
        assert rig.months.estimate()[0] == 0
        await rig.read()  # a second look within the hour
        assert metrics(aws) == 4_000
        assert len(await rig.requests()) == 1_000


async def test_what_was_read_is_there_after_a_restart_and_asked_for_no_more(rig: Rig, aws: FakeAws) -> None:
    async with rig:
        aws.functions = [make_function("f"), make_function("idle")]
        ran(aws, "f", 7)
        connection = await rig.connect(aws)
        await rig.show(connection)
        await rig.read()
        asked = metrics(aws)
        assert asked == 2 + 3
        rig.months.close()
        rig.restart()
        await rig.show(connection)
        assert await rig.requests() == {"f": 7, "idle": 0}
        await rig.read()
        assert metrics(aws) == asked


async def test_after_an_hour_only_days_that_are_not_over_are_asked_for(rig: Rig, aws: FakeAws) -> None:
    async with rig:
        aws.functions = [make_function("f")]
        ran(aws, "f", 7, days_ago=40)
        connection = await rig.connect(aws)
        await rig.show(connection)
        await rig.read()
        aws.metrics.clear()  # what is over is not asked for, so that nobody sees it go
        aws.clock_ahead_s = 3_601.0
        await connection.gateway.call("lambda", "ListFunctions")  # tells the server's clock
        assert rig.months.estimate()[0] == 1
        await rig.read()
        assert await rig.requests() == {"f": 7}
        second = aws.requests("GetMetricData")[-1]
        now = datetime.now(UTC)
        first_open = datetime.fromtimestamp(now.timestamp() - LATE_MS / 1000, UTC).date()
        assert (
            second.params["StartTime"] == datetime.combine(first_open, datetime.min.time(), UTC).timestamp()
        )
        assert len(second.params["MetricDataQueries"]) == 1


async def test_a_new_function_is_asked_for_alone(rig: Rig, aws: FakeAws) -> None:
    async with rig:
        aws.functions = [make_function("f")]
        connection = await rig.connect(aws)
        await rig.show(connection)
        await rig.read()
        aws.functions.append(make_function("new"))
        ran(aws, "new", 3)
        await connection.catalog.refresh()
        assert (rig.months.known, rig.months.estimate()[0]) == ((1, 2), 1)
        await rig.read()
        assert await rig.requests() == {"f": 0, "new": 3}
        assert metrics(aws) == 1 + 4


async def test_a_denied_region_is_told_and_the_other_is_summed(rig: Rig, aws: FakeAws) -> None:
    async with rig:
        aws.functions = [make_function("f")]
        ran(aws, "f", 5)
        with FakeAws() as other:
            other.functions = [make_function("g")]
            other.always("GetMetricData", faults.denied("cloudwatch:GetMetricData"))
            connections = [await rig.connect(aws), await rig.connect(other, "eu-west-1")]
            await rig.show(*connections)
            await rig.read()
            (_, fine), (_, denied) = rig.months.states
            assert fine.error is None
            assert denied.error is not None
            assert (denied.error.kind, denied.error.action) == (ErrorKind.DENIED, "cloudwatch:GetMetricData")
            assert not denied.is_loading
            assert await rig.requests() == {"f": 5}
            assert rig.months.estimate()[0] == 1  # what is missing is still to be asked for
            other.always("GetMetricData", None)
            ran(other, "g", 2)
            await rig.read()
            assert rig.months.states[1][1].error is None
            assert await rig.requests() == {"f": 5, "g": 2}


async def test_a_spent_budget_says_so_and_what_is_kept_stays(rig: Rig, aws: FakeAws) -> None:
    async with rig:
        aws.functions = [make_function("f")]
        ran(aws, "f", 5)
        connection = await rig.connect(aws)
        await rig.show(connection)
        await rig.read()
        aws.functions.append(make_function("new"))
        await connection.catalog.refresh()
        rig.desk.settings.own_budget = Decimal("0.00001")
        before = metrics(aws)
        await rig.read()
        assert metrics(aws) == before
        error = rig.months.states[0][1].error
        assert error is not None
        assert "own budget" in error.message
        assert await rig.requests() == {"f": 5}


async def test_cancelling_keeps_what_has_come(rig: Rig, aws: FakeAws) -> None:
    async with rig:
        aws.functions = [make_function(f"f{number:04}") for number in range(600)]
        aws.script("GetMetricData", lambda exchange: exchange.send(exchange.normal()), faults.slow(30))
        connection = await rig.connect(aws)
        await rig.show(connection)
        loop = asyncio.get_running_loop()
        rig.months.changed.connect(
            lambda: loop.call_soon(rig.months.cancel) if rig.months.known[0] == 500 else None
        )
        await rig.read()
        assert rig.months.known == (500, 600)
        assert not rig.months.is_reading
        assert rig.months.states[0][1].error is None
        rig.months.close()
        rig.restart()
        await rig.show(connection)
        assert rig.months.known == (500, 600)


async def test_two_places_of_one_account_and_region_count_once(rig: Rig, aws: FakeAws) -> None:
    async with rig:
        aws.functions = [make_function("f")]
        ran(aws, "f", 5)
        one, two = await rig.connect(aws), await rig.connect(aws)
        two.target = two.target.__class__("us-east-1", profile="other", endpoint_url=aws.url)
        await rig.show(one, two)
        assert [state.twin for _, state in rig.months.states] == ["", one.target.title]
        assert rig.months.known == (0, 1)
        await rig.read()
        assert [each.connection_key for each in await rig.months.price()] == [one.target.key]
        two.identity = Identity(OTHER, f"arn:aws:iam::{OTHER}:root")
        assert [state.twin for _, state in rig.months.states] == ["", ""]


async def test_reports_of_an_earlier_session_make_a_day_exact(rig: Rig, aws: FakeAws, tmp_path: Path) -> None:
    rig.desk.open_invocations = lambda: InvocationStore(tmp_path / "invocations.sqlite")
    async with rig:
        aws.functions = [make_function("f")]
        ran(aws, "f", 2, days_ago=1)
        before = await rig.connect(aws)
        at_ms = int((datetime.now(UTC) - timedelta(days=1)).timestamp() * 1000)
        for number in range(2):
            report = Report(f"r{number}", Decimal("90.50"), 100 + number, 128, 64)
            before.ledger.add_seen(
                "f",
                Invocation(
                    *("f", f"0000000{number}-0000-4000-8000-000000000000", at_ms, "2026/11/26/[$LATEST]a"),
                    ended_ms=at_ms + 100,
                    outcome=Outcome.OK,
                    report=report,
                ),
            )
        await before.invocations.flush()
        connection = await rig.connect(aws)  # which has read no log itself
        await rig.show(connection)
        await rig.read()
        (function,) = await rig.months.price()
        row = sum_rows([function], last_days(rig.months.today))[0]
        assert (row.is_exact, row.requests) == (True, 2)
        assert row.cost == Decimal(201 * 128) / 1_024_000 * Decimal("0.0000166667") + 2 * Decimal("0.0000002")
        assert (row.used_mb, row.memory_mb) == (64, 128)


def of(functions: Iterable[MonthFunction], name: str) -> tuple[MonthFunction, MonthRow]:
    """The function of that name, and its row of 30 days."""
    (found,) = [each for each in functions if each.function.name == name]
    return found, sum_rows([found], last_days(datetime.now(UTC).date()))[0]


async def test_a_function_that_was_deleted_stays_in_the_month_as_it_was(rig: Rig, aws: FakeAws) -> None:
    async with rig:
        aws.functions = [make_function("f"), make_function("old", MemorySize=1024)]
        ran(aws, "f", 7)
        ran(aws, "old", 5)
        connection = await rig.connect(aws)
        await rig.show(connection)
        await rig.read()
        del aws.functions[1]
        ran(aws, "old", 2, days_ago=0)  # after it was read, and before it was deleted
        await connection.catalog.refresh()
        aws.clock_ahead_s = 3_601.0
        await connection.gateway.call("lambda", "ListFunctions")  # tells the server's clock
        asked = metrics(aws)
        await rig.read()
        assert metrics(aws) == asked + 1 + 1 + 3  # what ran again is asked for more
        for _ in range(2):
            functions = await rig.months.price()
            found, row = of(functions, "old")
            assert (found.is_deleted, row.is_deleted, row.is_exact, row.is_least) == (
                True,
                True,
                False,
                False,
            )
            assert row.requests == 7
            assert row.cost == 7 * (Decimal("0.0000002") + Decimal("0.1") * Decimal("0.0000166667"))
            assert "it was deleted: the memory and architecture that it had last" in row.notes[0]
            assert not of(functions, "f")[0].is_deleted
            assert rig.months.known == (1, 1)
            assert rig.months.get_gone(functions).words.startswith("1 deleted besides · CloudWatch lists")
            rig.months.close()
            rig.restart()
            await rig.show(connection)  # with what is kept
        connection.catalog.state = replace(connection.catalog.state, error=UserError("No."))
        assert len(await rig.months.price()) == 2  # a list that failed tells of nothing that it is gone
        assert metrics(aws) == asked + 5


async def test_what_was_never_seen_is_told_of_by_cloudwatch_without_its_memory(
    rig: Rig, aws: FakeAws
) -> None:
    async with rig:
        aws.functions = [make_function("f")]
        for name in ("f", "ci-job", "us-east-1.edge"):
            ran(aws, name, 10)
        ran(aws, "long-ago", 3, days_ago=20)  # CloudWatch lists it no more
        connection = await rig.connect(aws)
        await rig.show(connection)
        await rig.read()
        functions = await rig.months.price()
        assert {each.function.name for each in functions} == {"f", "ci-job"}
        _, row = of(functions, "ci-job")
        assert (row.is_least, row.cost) == (True, 10 * Decimal("0.0000002"))
        assert row.notes[0] == (
            "It was deleted, and how much memory it had is not known: only its requests are counted, not its "
            "duration of 1.0 s in 62 days."
        )
        assert rig.months.get_gone(functions) == Gone(1, 1, 0, is_listed=True)


async def test_memory_of_a_deleted_function_is_taken_from_its_report_lines(
    rig: Rig, aws: FakeAws, tmp_path: Path
) -> None:
    rig.desk.open_invocations = lambda: InvocationStore(tmp_path / "invocations.sqlite")
    async with rig:
        aws.functions = [make_function("f")]
        ran(aws, "old", 1_000, days_ago=20)  # CloudWatch lists it no more, but its runs are known here
        connection = await rig.connect(aws)
        at_ms = int((datetime.now(UTC) - timedelta(days=20)).timestamp() * 1000)
        run = Invocation(
            *("old", "00000000-0000-4000-8000-000000000000", at_ms, "2026/11/26/[$LATEST]a"),
            ended_ms=at_ms + 100,
            outcome=Outcome.OK,
            report=Report("r", Decimal("90.50"), 100, 512, 64),
        )
        connection.ledger.add_seen("old", run)
        await connection.invocations.flush()
        await rig.show(connection)
        await rig.months.price()  # reads what is kept
        await rig.read()
        _, row = of(await rig.months.price(), "old")
        assert row.cost == 1_000 * (Decimal("0.0000002") + Decimal("0.05") * Decimal("0.0000166667"))
        assert not row.is_least
        assert "the 512 MB of its REPORT lines are used, and x86_64 is assumed" in row.notes[0]


async def test_a_deleted_function_that_an_endpoint_counts_no_more_is_summed_by_its_report_lines(
    rig: Rig, aws: FakeAws
) -> None:
    async with rig:
        aws.functions = [make_function("f")]
        connection = await rig.connect(aws)
        at_ms = int(datetime.now(UTC).timestamp() * 1000)
        run = Invocation(
            *("old", "00000000-0000-4000-8000-000000000000", at_ms, "2026/11/26/[$LATEST]a"),
            ended_ms=at_ms + 100,
            outcome=Outcome.OK,
            report=Report("r", Decimal("90.50"), 100, 512, 64),
        )
        connection.ledger.add_seen("old", run)
        await rig.show(connection)
        await rig.read()
        found, row = of(await rig.months.price(), "old")
        assert (found.is_deleted, row.requests) == (True, 1)
        assert row.cost == Decimal("0.0000002") + Decimal("0.05") * Decimal("0.0000166667")


async def test_where_metrics_may_not_be_listed_the_rest_is_summed_and_it_is_said(
    rig: Rig, aws: FakeAws
) -> None:
    async with rig:
        aws.functions = [make_function("f")]
        ran(aws, "f", 5)
        ran(aws, "gone", 5)
        aws.always("ListMetrics", faults.denied("cloudwatch:ListMetrics"))
        await rig.show(await rig.connect(aws))
        await rig.read()
        functions = await rig.months.price()
        assert {each.function.name for each in functions} == {"f"}
        assert "CloudWatch did not list all that ran" in rig.months.get_gone(functions).words


async def test_many_that_were_deleted_are_read_within_the_price_that_was_told(rig: Rig, aws: FakeAws) -> None:
    async with rig:
        aws.functions = [make_function(f"f{number:04}") for number in range(1_000)]
        for number in range(1_300):
            ran(aws, f"f{number:04}")
        await rig.show(await rig.connect(aws))
        _, cost = rig.months.estimate()
        await rig.read()
        assert len(aws.requests("GetMetricData")) == -(-metrics(aws) // 500)
        spent = rig.meter.of_today(ACCOUNT).amount
        assert spent <= cost.amount <= Decimal("0.05")
        assert rig.months.get_gone(await rig.months.price()) == Gone(200, 200, 100, is_listed=True)


async def test_free_tier_is_taken_off_where_the_user_says_so(rig: Rig, aws: FakeAws) -> None:
    async with rig:
        aws.functions = [make_function("f")]
        ran(aws, "f", 2_000_000, days_ago=0)
        await rig.show(await rig.connect(aws))
        await rig.read()
        (bill,) = rig.months.make_bills(await rig.months.price())
        assert (bill.account, bill.bill.free_tier.amount) == (ACCOUNT, 0)
        rig.book.set_free_tier(ACCOUNT, True)
        (bill,) = rig.months.make_bills(await rig.months.price())
        assert bill.bill.free_tier.amount < 0


async def test_nothing_is_priced_twice(rig: Rig, aws: FakeAws) -> None:
    async with rig:
        aws.functions = [make_function("f"), make_function("g")]
        ran(aws, "f", 5)
        await rig.show(await rig.connect(aws))
        await rig.read()
        first, again = await rig.months.price(), await rig.months.price()
        assert [one.days is two.days for one, two in zip(first, again, strict=True)] == [True, True]
        rig.desk.settings.price_discount_percent = Decimal(50)
        halved = await rig.months.price()
        today = rig.months.today
        assert isinstance(today, date)

        def cost(functions: list[MonthFunction]) -> Decimal:
            return sum((row.cost for row in sum_rows(functions, last_days(today))), Decimal(0))

        # This rig's connections have prices of their own, which no setting changes.
        assert cost(halved) == cost(first)


async def test_an_endpoint_that_never_tells_bytes_is_named(rig: Rig, aws: FakeAws) -> None:
    async with rig:
        aws.functions = [make_function("f")]
        ran(aws, "f", 5)
        connection = await rig.connect(aws)
        await rig.show(connection)
        await rig.read()
        assert rig.months.lacks_logs == [connection]
        (function,) = await rig.months.price()
        assert function.days.log_costs is None
