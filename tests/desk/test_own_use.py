"""The meter at the gateway's door: what is counted, kept over restarts and months, and held to a budget."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.metrics import fetch_figures
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.own_cost import OwnUse
from lambdadesk.core.prices import load_prices
from lambdadesk.core.types import FunctionInfo, Identity, InvokeRequest, Target
from lambdadesk.desk.console import Console
from lambdadesk.desk.own_use import OwnUseMeter
from lambdadesk.desk.price_book import PriceBook
from lambdadesk.store.history import History
from lambdadesk.store.own_use import OwnUseStore
from lambdadesk.store.paths import Paths
from lambdadesk.store.price_cache import PriceCache
from lambdadesk.store.settings import Settings
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.servers.fake_tls import make_tls

ACCOUNT = "123456789012"


class Rig:
    """A meter with its files, and a gateway to a FakeAws that tells it of its calls."""

    def __init__(self, home: Path, aws: FakeAws) -> None:
        self.home, self.aws = home, aws
        self.day = "2026-11-27"
        self.settings = Settings(home / "settings.json")
        self.restart()

    def restart(self) -> None:
        book = PriceBook(PriceCache(self.home / "prices"), self.settings)
        store = OwnUseStore(self.home / "own-use.sqlite")
        self.meter = OwnUseMeter(store, self.settings, book, lambda: self.day)

    def open(self, account: str = ACCOUNT) -> Gateway:
        gateway = Gateway(Target("us-east-1", endpoint_url=self.aws.url))
        if account:
            gateway.source.owner.identity = Identity(account, f"arn:aws:iam::{account}:root")
        gateway.meter = self.meter.for_gateway(gateway)
        return gateway

    def terms(self, since: str = "day", account: str | None = None) -> dict[str, Decimal]:
        cost = self.meter.of_today(account) if since == "day" else self.meter.of_month(account)
        return {what: quantity for what, quantity, _, _ in cost.terms}


@pytest.fixture
def rig(tmp_path: Path, aws: FakeAws) -> Rig:
    aws.functions = [make_function("f")]
    return Rig(tmp_path, aws)


async def ask_figures(gateway: Gateway, count: int = 3) -> None:
    functions = [FunctionInfo(f"f{number}") for number in range(count)]
    async for _part in fetch_figures(gateway, functions, load_prices()):
        pass


async def test_metrics_queries_and_invokes_are_counted_at_the_door(rig: Rig) -> None:
    gateway = rig.open()
    changes: list[bool] = []
    rig.meter.changed.connect(lambda: changes.append(True))
    await ask_figures(gateway, 3)  # two metrics each; none ran
    await gateway.invoke(InvokeRequest(FunctionInfo("f"), b"{}"))
    await gateway.call("lambda", "ListFunctions")
    assert rig.terms() == {"Metrics requested": 6, "Requests": 1}
    assert rig.meter.of_today().amount == 6 * Decimal("0.00001") + Decimal("0.0000002")
    assert len(changes) == 2
    await gateway.close()


async def test_a_query_is_counted_once_however_often_it_is_asked_for(rig: Rig) -> None:
    gateway = rig.open()
    gb = 1024**3
    for query, scanned in (("a", 0), ("a", gb), ("a", 3 * gb), ("a", 3 * gb), ("b", gb)):
        rig.aws.script(
            "GetQueryResults",
            faults.reply(
                200, {"results": [], "status": "Running", "statistics": {"bytesScanned": float(scanned)}}
            ),
        )
        await gateway.call("logs", "GetQueryResults", queryId=query)
    assert rig.terms() == {"Logs scanned by Insights": 4}
    await gateway.close()


async def test_a_call_that_fails_is_not_counted_but_an_invoke_is(rig: Rig, quick: Limits) -> None:
    gateway = Gateway(Target("us-east-1", endpoint_url=rig.aws.url), quick)
    gateway.meter = rig.meter.for_gateway(gateway)
    rig.aws.script("GetMetricData", faults.error(403, "AccessDeniedException", "no"))
    with pytest.raises(UserError):
        await ask_figures(gateway)
    assert rig.terms() == {}
    rig.aws.script("Invoke", faults.reset)
    with pytest.raises(UserError):
        await gateway.invoke(InvokeRequest(FunctionInfo("f"), b"{}"))
    assert rig.terms() == {"Requests": 1}
    await gateway.close()


async def test_live_tail_is_counted_by_its_time(rig: Rig) -> None:
    gateway = rig.open()
    meter = rig.meter.for_gateway(gateway)
    meter.note_live_tail(90)
    meter.note_live_tail(30)
    assert rig.terms() == {"Live Tail": 2}


async def test_what_was_counted_is_there_after_a_restart(rig: Rig) -> None:
    gateway = rig.open()
    await ask_figures(gateway)
    assert rig.meter.has_unsaved
    await rig.meter.flush()
    assert not rig.meter.has_unsaved
    assert rig.terms() == {"Metrics requested": 6}
    rig.restart()
    assert rig.terms() == {}
    await rig.meter.load()
    assert rig.terms() == rig.terms("month") == {"Metrics requested": 6}
    assert rig.meter.accounts == [ACCOUNT]
    gateway.meter = rig.meter.for_gateway(gateway)
    await ask_figures(gateway)
    assert rig.terms() == {"Metrics requested": 12}
    await gateway.close()


async def test_a_new_day_and_a_new_month_begin_with_nothing(rig: Rig) -> None:
    gateway = rig.open()
    rig.day = "2026-11-30"
    await ask_figures(gateway)
    rig.day = "2026-12-01"
    assert rig.terms() == rig.terms("month") == {}
    await ask_figures(gateway)
    await rig.meter.flush()  # both months are written, each to its own day
    assert rig.terms("month") == {"Metrics requested": 6}
    rig.day = "2026-12-02"
    assert rig.terms() == {}
    assert rig.terms("month") == {"Metrics requested": 6}
    rig.day = "2026-11-30"
    await rig.meter.load()
    assert rig.terms() == {"Metrics requested": 6}
    await gateway.close()


async def test_a_disk_that_is_full_loses_nothing(rig: Rig) -> None:
    gateway = rig.open()
    await ask_figures(gateway)
    blocked = rig.home / "own-use.sqlite"
    blocked.mkdir()
    with pytest.raises(UserError) as caught:
        await rig.meter.flush()
    assert caught.value.kind is ErrorKind.STORAGE
    assert rig.terms() == {"Metrics requested": 6}
    blocked.rmdir()
    await rig.meter.flush()
    assert rig.terms() == {"Metrics requested": 6}
    await gateway.close()


async def test_a_spent_budget_stops_paid_refreshes_of_that_account_alone(rig: Rig) -> None:
    gateway, other = rig.open(), rig.open("000000000000")
    rig.settings.own_budget = Decimal("0.0001")
    await ask_figures(gateway, 5)
    asked = len(rig.aws.requests("GetMetricData"))
    with pytest.raises(UserError) as caught:
        await ask_figures(gateway)
    error = caught.value
    assert error.kind is ErrorKind.DENIED
    assert error.message.startswith("CloudWatch's metrics were not asked for: LambdaDesk's own budget of ")
    assert "Raise the budget" in error.hint
    with pytest.raises(UserError, match="The query was not started"):
        await gateway.call("logs", "StartQuery")
    assert len(rig.aws.requests("GetMetricData")) == asked
    assert rig.aws.requests("StartQuery") == []
    # What the user asks for goes on, and so does the other account.
    await gateway.invoke(InvokeRequest(FunctionInfo("f"), b"{}"))
    await gateway.call("lambda", "ListFunctions")
    await ask_figures(other)
    rig.day = "2026-12-01"
    await ask_figures(gateway)
    rig.day = "2026-11-27"
    rig.settings.own_budget = Decimal(0)  # none
    await ask_figures(gateway)
    await gateway.close()
    await other.close()


@pytest.mark.parametrize(("budget", "words"), [("5", "$5.00"), ("0.5", "$0.50")])
async def test_the_budget_is_named_to_the_cent(rig: Rig, budget: str, words: str) -> None:
    rig.settings.own_budget = Decimal(budget)
    rig.meter.count(rig.meter.for_gateway(rig.open()), {OwnUse.METRICS: 600_000})
    with pytest.raises(UserError, match=r"used up \(\$6\.00 so far\)") as caught:
        rig.meter.check(ACCOUNT, "cloudwatch", "GetMetricData")
    assert f"budget of {words} for this month" in caught.value.message


async def test_an_account_that_is_not_known_has_a_line_of_its_own(rig: Rig) -> None:
    gateway = rig.open("")
    await ask_figures(gateway)
    assert rig.meter.accounts == [""]
    gateway.source.owner.identity = Identity(ACCOUNT, "arn")  # known before it was written
    assert rig.meter.accounts == [ACCOUNT]
    await gateway.close()


async def test_only_calls_to_aws_itself_are_metered(
    aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.functions = [make_function("f")]
    aws.tls, certificate = make_tls(tmp_path)
    for name, value in {
        "HTTPS_PROXY": aws.url,
        "NO_PROXY": "127.0.0.1",
        "AWS_CA_BUNDLE": str(certificate),
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }.items():
        monkeypatch.setenv(name, value)
    paths = Paths(tmp_path / "home")
    failures: list[Any] = []
    for _time in range(2):
        settings = Settings(paths.settings_file)
        console = Console(paths, settings, History(paths.history_file))
        console.failed.connect(lambda name, error: failures.append((name, error)))
        await console.open_history()
        elsewhere = await console.open(Target("us-east-1", endpoint_url=aws.url))
        assert elsewhere.gateway.meter is None
        connection = await console.open(Target("us-east-1", is_environment=True))
        await connection.gateway.call("sts", "GetCallerIdentity")
        await ask_figures(connection.gateway)
        await console.scope.wait("load own use")
        await console.own_use.flush()
        total = {what: quantity for what, quantity, _, _ in console.own_use.of_today().terms}
        await console.close()
        assert failures == []
        assert total == {"Metrics requested": 6 * (1 + _time)}
