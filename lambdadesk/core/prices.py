"""Tables of list prices, bundled or downloaded, and what a quantity costs by them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Any

from lambdadesk.core.resources import read_text
from lambdadesk.core.types import Cost

FALLBACK_REGION = "us-east-1"
OLD_AFTER_DAYS = 183  # half a year; from then on a table carries a warning


class PriceItem(StrEnum):
    """What has a price; the values are the keys of the table."""

    REQUEST = "request"
    DURATION = "duration"
    EPHEMERAL = "ephemeral"
    PROVISIONED = "provisioned"
    PROVISIONED_DURATION = "provisioned_duration"
    SNAPSTART_CACHE = "snapstart_cache"
    SNAPSTART_RESTORE = "snapstart_restore"
    STREAMING = "streaming"
    EDGE_REQUEST = "edge_request"
    EDGE_DURATION = "edge_duration"
    DURABLE_OPERATION = "durable_operation"
    DURABLE_WRITTEN = "durable_written"
    DURABLE_RETAINED = "durable_retained"
    TENANT_ENVIRONMENT = "tenant_environment"
    KAFKA_POLLER = "kafka_poller"
    SQS_POLLER = "sqs_poller"
    LOG_INGESTION = "log_ingestion"
    LOG_INSIGHTS = "log_insights"  # bytes that queries scanned
    LIVE_TAIL = "live_tail"
    METRICS_REQUESTED = "metrics_requested"  # by GetMetricData
    CLOUDWATCH_REQUEST = "cloudwatch_request"  # any other: ListMetrics

    @property
    def words(self) -> tuple[str, str]:
        """What it is in words, and the unit that its price is for."""
        return _WORDS[self]


_WORDS = {
    PriceItem.REQUEST: ("Requests", "requests"),
    PriceItem.DURATION: ("Duration", "GB-s"),
    PriceItem.EPHEMERAL: ("Ephemeral storage over 512 MB", "GB-s"),
    PriceItem.PROVISIONED: ("Provisioned concurrency", "GB-s"),
    PriceItem.PROVISIONED_DURATION: ("Duration on provisioned concurrency", "GB-s"),
    PriceItem.SNAPSTART_CACHE: ("SnapStart cache", "GB-s"),
    PriceItem.SNAPSTART_RESTORE: ("SnapStart restore", "GB"),
    PriceItem.STREAMING: ("Response streaming", "GB"),
    PriceItem.EDGE_REQUEST: ("Lambda@Edge requests", "requests"),
    PriceItem.EDGE_DURATION: ("Lambda@Edge duration", "GB-s"),
    PriceItem.DURABLE_OPERATION: ("Durable operations", "operations"),
    PriceItem.DURABLE_WRITTEN: ("Durable data written", "GB"),
    PriceItem.DURABLE_RETAINED: ("Durable data retained", "GB-months"),
    PriceItem.TENANT_ENVIRONMENT: ("New tenant environments", "GB"),
    PriceItem.KAFKA_POLLER: ("Kafka event pollers", "EPU-hours"),
    PriceItem.SQS_POLLER: ("SQS event pollers", "EPU-hours"),
    PriceItem.LOG_INGESTION: ("Logs ingested", "GB"),
    PriceItem.LOG_INSIGHTS: ("Logs scanned by Insights", "GB"),
    PriceItem.LIVE_TAIL: ("Live Tail", "minutes"),
    PriceItem.METRICS_REQUESTED: ("Metrics requested", "metrics"),
    PriceItem.CLOUDWATCH_REQUEST: ("Requests to CloudWatch", "requests"),
}


@dataclass(frozen=True, slots=True)
class Rate:
    """A unit price of the first tier.

    `note` says in words why it is not exact; empty when it is. `source` says where it is from, of which date.
    `what` is the item in words, with what was done to its list price ("Duration, less 10 %").
    """

    price: Decimal
    currency: str
    exact: bool = True
    note: str = ""
    source: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class _Tier:
    up_to: Decimal | None
    price: Decimal


@dataclass(frozen=True, slots=True)
class PriceSource:
    """Where prices of a region are from. Dates are ISO 8601; `fetched` is empty for the bundled table."""

    title: str
    publication: str
    fetched: str = ""

    @property
    def words(self) -> str:
        got = f"downloaded {self.fetched[:10]}" if self.fetched else "bundled with LambdaDesk"
        return f"published {self.publication[:10]}, {got} ({self.title})"

    def is_old(self, today: date) -> bool:
        """Whether a newer table is likely to exist: by when it was last looked for, else by its own date."""
        try:
            then = date.fromisoformat((self.fetched or self.publication)[:10])
        except ValueError:
            return True
        return (today - then).days > OLD_AFTER_DAYS


@dataclass(frozen=True, slots=True)
class Overrides:
    """What an account pays instead of the list price.

    discount_percent: off every list price (a private agreement), but not off a Savings Plan's rates.
    savings_plan: rate per unit by (region, architecture, item), for what a Compute Savings Plan covers.
    """

    discount_percent: Decimal = Decimal(0)
    savings_plan: Mapping[tuple[str, str, PriceItem], Decimal] = field(default_factory=dict)


# What a Compute Savings Plan covers. Source: https://aws.amazon.com/lambda/pricing/.
SAVINGS_PLAN_ITEMS = (PriceItem.DURATION, PriceItem.PROVISIONED, PriceItem.PROVISIONED_DURATION)
_Found = tuple[Rate, tuple[_Tier, ...]]


class PriceTable:
    """List prices per region and architecture.

    layers: tables in the shape of `resources/prices/lambda.json`; a later one's prices replace those of the
    earlier ones, item by item. `publication` and `source` are those of the first.
    overrides: what is paid instead; every term that they touch says so.

    A price that is not published here is never made up: `rate` falls back to us-east-1 and says so.
    """

    def __init__(self, *layers: Mapping[str, Any], overrides: Overrides | None = None) -> None:
        self.publication: str = layers[0]["publication"]
        self.source: str = layers[0]["source"]
        self.overrides = overrides or Overrides()
        self._layers = layers
        self._currencies: dict[str, str] = {}
        self._tiers: dict[tuple[str, str, str], tuple[_Tier, ...]] = {}
        self._sources: dict[tuple[str, str, str], PriceSource] = {}
        self._found: dict[tuple[PriceItem, str, str], _Found] = {}
        for layer in layers:
            self._add(layer)

    def _add(self, layer: Mapping[str, Any]) -> None:
        source = PriceSource(layer["source"], layer["publication"], layer.get("fetched", ""))
        for region, entry in layer["regions"].items():
            currency = entry.get("currency", "USD")
            if self._currencies.setdefault(region, currency) != currency:
                raise ValueError(f"prices of {region} in two currencies")
            for architecture, items in entry.items():
                if architecture == "currency":
                    continue
                for item, prices in items.items():
                    key = (PriceItem(item), region, architecture)
                    self._tiers[key] = _tiers(prices)
                    self._sources[key] = source

    def with_overrides(self, overrides: Overrides) -> "PriceTable":
        """The same list prices, but something else is paid instead."""
        return PriceTable(*self._layers, overrides=overrides)

    @cached_property
    def at_list(self) -> "PriceTable":
        """The list prices alone."""
        return self if self.overrides == Overrides() else self.with_overrides(Overrides())

    def with_layers(self, *layers: Mapping[str, Any]) -> "PriceTable":
        """With newer prices over these."""
        return PriceTable(*self._layers, *layers, overrides=self.overrides)

    def source_of(self, item: PriceItem, region: str, architecture: str) -> PriceSource | None:
        """Where the item's price of this very region is from; None: it is that of us-east-1."""
        return self._sources.get((item, region, architecture))

    def fallback_source(self, item: PriceItem) -> PriceSource:
        """Where the price of us-east-1 is from, which every item has."""
        return self._sources[item, FALLBACK_REGION, "x86_64"]

    def currency(self, region: str) -> str:
        """The currency that AWS bills the region in."""
        return self._currencies.get(region, "USD")

    def rate(self, item: PriceItem, region: str, architecture: str) -> Rate:
        """The unit price of the item, first tier; see PriceTable for prices that are not published."""
        return self._find(item, region, architecture)[0]

    def cost(self, item: PriceItem, quantity: Decimal, region: str, architecture: str) -> Cost:
        """What a month's quantity costs, tier by tier, in the item's unit (requests, GB-s, GB...)."""
        rate, tiers = self._find(item, region, architecture)
        what, unit = item.words
        terms: list[tuple[str, Decimal, str, Decimal]] = []
        notes = [rate.note] if rate.note else []
        lower = Decimal(0)
        for tier in tiers:
            upper = quantity if tier.up_to is None else min(quantity, tier.up_to)
            if upper > lower:
                terms.append((rate.what, upper - lower, unit, tier.price))
                lower = upper
        if quantity > lower:
            terms.append((rate.what, quantity - lower, unit, tiers[-1].price))
            notes.append(f"{what} above {lower:,f} {unit} is at the last published price of {region}.")
        amount = sum((part * price for _, part, _, price in terms), Decimal(0))
        sources = (rate.source,) * len(terms)
        return Cost(amount, rate.currency, not notes, tuple(notes), tuple(terms), sources)

    def duration_cost(self, gb_seconds: Decimal, region: str, architecture: str) -> Cost:
        """What a month's on-demand GB-seconds of one account, region and architecture cost."""
        return self.cost(PriceItem.DURATION, gb_seconds, region, architecture)

    def _find(self, item: PriceItem, region: str, architecture: str) -> _Found:
        key = (item, region, architecture)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._override(*key, *self._search(*key))
        return found

    def _search(self, item: PriceItem, region: str, architecture: str) -> _Found:
        what = item.words[0]
        tiers = self._tiers.get((item, region, architecture))
        if tiers is not None:
            source = f"{region}: {self._sources[item, region, architecture].words}"
            return Rate(tiers[0].price, self.currency(region), source=source, what=what), tiers
        own = architecture if (item, FALLBACK_REGION, architecture) in self._tiers else "x86_64"
        tiers = self._tiers[item, FALLBACK_REGION, own]
        note = (
            f"{what}: no price is published here for {region} ({architecture}); "
            f"the price of {FALLBACK_REGION} ({own}) is used."
        )
        source = f"{FALLBACK_REGION}: {self._sources[item, FALLBACK_REGION, own].words}"
        currency = self.currency(FALLBACK_REGION)
        return Rate(tiers[0].price, currency, exact=False, note=note, source=source, what=what), tiers

    def _override(
        self, item: PriceItem, region: str, architecture: str, rate: Rate, tiers: tuple[_Tier, ...]
    ) -> _Found:
        planned = self.overrides.savings_plan.get((region, architecture, item))
        percent = self.overrides.discount_percent
        if planned is not None:
            what = f"{rate.what}, Savings Plan rate"
            source = "your Savings Plan, as entered under Prices"
            return Rate(planned, self.currency(region), source=source, what=what), (_Tier(None, planned),)
        if not percent:
            return rate, tiers
        share = 1 - percent / 100
        source = f"{rate.source}, list price {rate.price:f} less your discount of {percent:f} %"
        rate = replace(rate, price=rate.price * share, source=source, what=f"{rate.what}, less {percent:f} %")
        return rate, tuple(_Tier(tier.up_to, tier.price * share) for tier in tiers)


def load_prices(
    downloaded: Iterable[Mapping[str, Any]] = (), overrides: Overrides | None = None
) -> PriceTable:
    """The table that comes with LambdaDesk, with what was downloaded over it, later ones last."""
    return PriceTable(json.loads(read_text("prices/lambda.json")), *downloaded, overrides=overrides)


def _tiers(prices: str | list[dict[str, Any]]) -> tuple[_Tier, ...]:
    if isinstance(prices, str):
        return (_Tier(None, Decimal(prices)),)
    tiers = tuple(
        _Tier(None if tier["up_to"] is None else Decimal(tier["up_to"]), Decimal(tier["price"]))
        for tier in prices
    )
    for lower, upper in pairwise(tiers):
        if lower.up_to is None or (upper.up_to is not None and upper.up_to <= lower.up_to):
            raise ValueError("tiers are not in ascending order")
    return tiers
