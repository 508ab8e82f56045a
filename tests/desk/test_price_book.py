"""The prices in use: bundled, downloaded, overridden; old ones are looked for once a week at most."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.connections import get_unsaved_info
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.prices import PriceItem
from lambdadesk.core.types import Invocation, Outcome, Report, Target
from lambdadesk.desk.connection import Connection
from lambdadesk.desk.price_book import PriceBook
from lambdadesk.store.catalog_cache import CatalogCache
from lambdadesk.store.drafts import DraftStore
from lambdadesk.store.history import History
from lambdadesk.store.price_cache import PriceCache
from lambdadesk.store.settings import Settings
from tests.servers.fake_aws import FakeAws, make_function
from tests.servers.price_list import PriceListServer

REGION = "eu-south-2"
DAY = date(2026, 11, 27)


@pytest.fixture
def server() -> Iterator[PriceListServer]:
    with PriceListServer() as server:
        server.add_region(REGION)
        yield server


class Shelf:
    """A book with its files, opened anew by `restart`."""

    def __init__(self, home: Path, server: PriceListServer) -> None:
        self.home, self.server = home, server
        self.day, self.now_s = DAY, 0.0
        self.restart()

    def restart(self) -> None:
        self.settings = Settings(self.home / "settings.json")
        assert self.settings.load() is None
        self.settings.price_list_url = self.server.url
        self.book = PriceBook(
            PriceCache(self.home / "prices"), self.settings, today=lambda: self.day, clock=lambda: self.now_s
        )


@pytest.fixture
def shelf(tmp_path: Path, server: PriceListServer) -> Shelf:
    return Shelf(tmp_path, server)


async def test_bundled_prices_are_the_default_and_nobody_is_asked(shelf: Shelf) -> None:
    own = shelf.book.get_region("us-east-1")
    assert own.own is not None
    assert "published 2026-09-19, bundled with LambdaDesk" in own.words
    assert not own.is_old
    other = shelf.book.get_region(REGION)
    assert other.own is None
    assert other.words.startswith("estimated with those of us-east-1, published 2026-09-19")
    shelf.day = date(2027, 6, 1)
    assert shelf.book.get_region(REGION).is_old
    assert shelf.server.paths == []


async def test_downloaded_prices_hold_at_once_and_after_a_restart(shelf: Shelf) -> None:
    changes: list[bool] = []
    shelf.book.changed.connect(lambda: changes.append(True))
    heard: list[int] = []
    assert await shelf.book.download(REGION, heard.append) == ()
    assert changes == [True]
    assert heard
    for _time in range(2):
        found = shelf.book.get_region(REGION)
        assert found.own is not None
        assert found.own.publication == "2026-10-01T12:00:00Z"
        assert "downloaded 20" in found.words
        assert shelf.book.table.rate(PriceItem.DURATION, REGION, "arm64").price == Decimal("0.000015")
        shelf.restart()


async def test_a_failed_download_leaves_the_prices_as_they_were(shelf: Shelf) -> None:
    await shelf.book.download(REGION)
    shelf.server.files.clear()
    with pytest.raises(UserError) as caught:
        await shelf.book.download(REGION)
    assert caught.value.kind is ErrorKind.NOT_FOUND
    assert shelf.book.table.rate(PriceItem.DURATION, REGION, "arm64").price == Decimal("0.000015")


async def test_prices_that_cannot_be_kept_are_used_all_the_same(shelf: Shelf) -> None:
    (shelf.home / "prices").write_text("a file in the way")
    with pytest.raises(UserError) as caught:
        await shelf.book.download(REGION)
    assert caught.value.kind is ErrorKind.STORAGE
    assert shelf.book.get_region(REGION).own is not None


async def test_nothing_is_downloaded_unasked_unless_wanted(shelf: Shelf) -> None:
    await shelf.book.download_due([REGION])
    assert shelf.server.paths == []
    shelf.settings.downloads_prices_weekly = True
    await shelf.book.download_due([REGION, REGION])
    assert len(shelf.server.paths) == 2
    await shelf.book.download_due([REGION])
    assert len(shelf.server.paths) == 2
    shelf.now_s += 8 * 24 * 3600
    shelf.day = date.fromordinal(date.today().toordinal() + 8)  # noqa: DTZ011  the download has its real date
    await shelf.book.download_due([REGION])
    assert len(shelf.server.paths) == 4


async def test_a_download_that_nobody_asked_for_fails_silently_and_not_at_once_again(shelf: Shelf) -> None:
    shelf.settings.downloads_prices_weekly = True
    shelf.server.files.clear()
    await shelf.book.download_due([REGION])
    await shelf.book.download_due([REGION])
    assert len(shelf.server.paths) == 1
    shelf.now_s += 6 * 3600
    await shelf.book.download_due([REGION])
    assert len(shelf.server.paths) == 2


async def test_overrides_are_settings_and_hold_at_once(shelf: Shelf) -> None:
    shelf.settings.price_discount_percent = Decimal("7.5")
    shelf.book.set_savings_plan("us-east-1", "arm64", PriceItem.DURATION, Decimal("0.0000117"))
    shelf.book.set_free_tier("123456789012", True)
    await shelf.settings.save()
    shelf.restart()
    rate = shelf.book.table.rate(PriceItem.DURATION, "us-east-1", "arm64")
    assert (rate.price, rate.what) == (Decimal("0.0000117"), "Duration, Savings Plan rate")
    assert shelf.book.table.rate(PriceItem.REQUEST, "us-east-1", "arm64").what == "Requests, less 7.5 %"
    assert shelf.book.has_free_tier("123456789012")
    assert not shelf.book.has_free_tier("000000000000")
    shelf.book.set_free_tier("123456789012", False)
    shelf.book.set_savings_plan("us-east-1", "arm64", PriceItem.DURATION, None)
    shelf.settings.price_discount_percent = Decimal(0)
    assert shelf.book.get_savings_plan("us-east-1", "arm64", PriceItem.DURATION) is None
    assert shelf.book.table.rate(PriceItem.DURATION, "us-east-1", "arm64").what == "Duration"
    assert not shelf.book.has_free_tier("123456789012")


async def test_nonsense_in_the_settings_is_passed_over(shelf: Shelf) -> None:
    path = shelf.home / "settings.json"
    path.write_text(
        '{"price_discount_percent": "101", "savings_plan_rates": {"a": "1", "us-east-1/arm64/request": "1"},'
        ' "own_budget": "-1", "free_tier_accounts": 5}'
    )
    shelf.restart()
    assert shelf.settings.price_discount_percent == 0
    assert shelf.settings.own_budget == 5
    assert shelf.settings.free_tier_accounts == ()
    assert shelf.book.table.overrides.savings_plan == {}
    path.write_text('{"savings_plan_rates": {"us-east-1/arm64/duration": "NaN"}}')
    shelf.restart()
    assert shelf.book.table.overrides.savings_plan == {}


async def test_what_was_priced_before_is_priced_anew(shelf: Shelf, aws: FakeAws, tmp_path: Path) -> None:
    aws.functions = [make_function("f", Architectures=["arm64"])]
    target = Target(REGION, endpoint_url=aws.url)
    connection = Connection(
        get_unsaved_info(target), Gateway(target), History(tmp_path / "h.sqlite"), CatalogCache(tmp_path),
        lambda name, error: pytest.fail(f"{name}: {error}"), DraftStore(tmp_path), None, shelf.book,
    )  # fmt: skip
    await connection.catalog.refresh()
    run = Invocation("f", "id", 1, "s", 2, outcome=Outcome.OK, report=Report("id", Decimal(1), 1000, 1024))
    connection.ledger.add_seen("f", run)
    assert connection.ledger.totals("f").cost == Decimal("0.0000002") + Decimal("0.0000133334")
    assert connection.price_date == "2026-09-19"
    await shelf.book.download(REGION)
    await connection.scope.wait("price anew")
    assert connection.ledger.totals("f").cost == Decimal("0.00000024") + Decimal("0.000015")
    assert connection.ledger.totals("f").invocations == 1
    assert connection.has_own_prices
    assert connection.price_date == "2026-10-01"
    await connection.close()
