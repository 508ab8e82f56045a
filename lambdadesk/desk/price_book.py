"""PriceBook, the prices in use: bundled, downloaded over them, and what the account pays instead."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from lambdadesk.core.errors import UserError
from lambdadesk.core.event import Event
from lambdadesk.core.prices import (
    FALLBACK_REGION,
    SAVINGS_PLAN_ITEMS,
    Overrides,
    PriceItem,
    PriceSource,
    PriceTable,
    load_prices,
)
from lambdadesk.core.threads import in_thread
from lambdadesk.store.price_cache import PriceCache
from lambdadesk.store.settings import Settings

WEEK_S = 7 * 24 * 3600.0
_RETRY_S = 6 * 3600.0  # after a download that nobody asked for has failed
_ARCHITECTURES = ("x86_64", "arm64")


@dataclass(frozen=True, slots=True)
class RegionPrices:
    """Where the prices of a region are from. `own` is None where those of us-east-1 have to do."""

    region: str
    currency: str
    own: PriceSource | None
    used: PriceSource
    is_old: bool

    @property
    def words(self) -> str:
        if self.own is None:
            return f"estimated with those of {FALLBACK_REGION}, {self.used.words}"
        return self.used.words


class PriceBook:
    """One for the whole application; nothing is read before a price is asked for, nothing downloaded unasked
    unless the user wants it once a week.

    Event changed: other prices hold from now on.
    """

    def __init__(
        self,
        cache: PriceCache,
        settings: Settings,
        *,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.changed: Event[[]] = Event()
        self._cache = cache
        self._settings = settings
        self._today = today
        self._clock = clock
        self._table: PriceTable | None = None
        self._tried: dict[str, float] = {}  # when a region was last asked for, by the clock
        self._disconnect = settings.changed.connect(self._on_setting)

    @property
    def table(self) -> PriceTable:
        """The prices that hold now. The first look reads some small files."""
        if self._table is None:
            self._table = load_prices(self._cache.load(), self._overrides())
        return self._table

    def get_region(self, region: str) -> RegionPrices:
        """What is known of a region's prices, by that of duration on x86_64."""
        table = self.table
        own = table.source_of(PriceItem.DURATION, region, "x86_64")
        used = own or table.fallback_source(PriceItem.DURATION)
        return RegionPrices(region, table.currency(region), own, used, used.is_old(self._today()))

    async def download(self, region: str, progress: Callable[[int], None] | None = None) -> tuple[str, ...]:
        """Download a region's prices and use them from now on; what they replace stays until all came.

        Returns in words what was left out since it could not be understood. progress: see fetch_prices.
        Raises UserError; the prices at hand then stay in use. STORAGE: they are used, but not kept.
        """
        from lambdadesk.aws.price_list import PRICE_LIST_URL, fetch_prices, today

        self._tried[region] = self._clock()
        found = await fetch_prices(region, self._settings.price_list_url or PRICE_LIST_URL, progress=progress)
        layers = [offer.to_layer(today()) for offer in found]
        self._table = self.table.with_layers(*layers)
        self.changed.emit()
        await in_thread(self._cache.save, region, layers)
        return tuple(text for offer in found for text in offer.left_out)

    async def download_due(self, regions: Iterable[str]) -> None:
        """Download what is older than a week, if the user wants that; failures wait for the next look."""
        for region in dict.fromkeys(regions):
            if self._is_due(region):
                try:
                    await self.download(region)
                except UserError:
                    continue  # nobody asked for it; the dialog tells how old the prices are

    def _is_due(self, region: str) -> bool:
        if not self._settings.downloads_prices_weekly:
            return False
        tried = self._tried.get(region)
        if tried is not None and self._clock() - tried < _RETRY_S:
            return False
        own = self.get_region(region).own
        if own is None or not own.fetched:
            return True
        fetched = datetime.fromisoformat(own.fetched).date()
        return (self._today() - fetched).total_seconds() >= WEEK_S

    def has_free_tier(self, account: str) -> bool:
        """Whether the free tier is to be taken off the account's month."""
        return account in self._settings.free_tier_accounts

    def set_free_tier(self, account: str, has_it: bool) -> None:
        others = tuple(each for each in self._settings.free_tier_accounts if each != account)
        self._settings.free_tier_accounts = (*others, account) if has_it else others

    def get_savings_plan(self, region: str, architecture: str, item: PriceItem) -> Decimal | None:
        """The rate that the user gave for what a Savings Plan covers."""
        return self.table.overrides.savings_plan.get((region, architecture, item))

    def set_savings_plan(self, region: str, architecture: str, item: PriceItem, rate: Decimal | None) -> None:
        rates = dict(self._settings.savings_plan_rates)
        key = f"{region}/{architecture}/{item.value}"
        rates.pop(key, None)
        if rate is not None:
            rates[key] = rate
        self._settings.savings_plan_rates = rates

    def close(self) -> None:
        self._disconnect()

    def _overrides(self) -> Overrides:
        plan = {}
        for key, rate in self._settings.savings_plan_rates.items():
            region, _, rest = key.partition("/")
            architecture, _, item = rest.partition("/")
            if architecture in _ARCHITECTURES and item in {each.value for each in SAVINGS_PLAN_ITEMS}:
                plan[region, architecture, PriceItem(item)] = rate
        return Overrides(self._settings.price_discount_percent, plan)

    def _on_setting(self, name: str) -> None:
        if name in ("price_discount_percent", "savings_plan_rates"):
            if self._table is not None:
                self._table = self._table.with_overrides(self._overrides())
            self.changed.emit()
