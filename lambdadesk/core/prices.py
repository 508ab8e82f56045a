"""The bundled table of Lambda list prices, and what a quantity costs by it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Any

from lambdadesk.core.resources import read_text
from lambdadesk.core.types import Cost

FALLBACK_REGION = "us-east-1"


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
    LOG_INSIGHTS = "log_insights"

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
}


@dataclass(frozen=True, slots=True)
class Rate:
    """A unit price of the first tier. `note` says in words why it is not exact; empty when it is."""

    price: Decimal
    currency: str
    exact: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Tier:
    up_to: Decimal | None
    price: Decimal


class PriceTable:
    """List prices per region and architecture, as published on `publication` by `source`.

    A price that is not published here is never made up: `rate` falls back to us-east-1 and says so.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.publication: str = data["publication"]
        self.source: str = data["source"]
        self._currencies: dict[str, str] = {}
        self._tiers: dict[tuple[str, str, str], tuple[_Tier, ...]] = {}
        for region, entry in data["regions"].items():
            for key, value in entry.items():
                if key == "currency":
                    self._currencies[region] = value
                else:
                    for item, prices in value.items():
                        self._tiers[PriceItem(item), region, key] = _tiers(prices)
        self._found: dict[tuple[PriceItem, str, str], tuple[Rate, tuple[_Tier, ...]]] = {}

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
                terms.append((what, upper - lower, unit, tier.price))
                lower = upper
        if quantity > lower:
            terms.append((what, quantity - lower, unit, tiers[-1].price))
            notes.append(f"{what} above {lower:,f} {unit} is at the last published price of {region}.")
        amount = sum((part * price for _, part, _, price in terms), Decimal(0))
        return Cost(amount, rate.currency, not notes, tuple(notes), tuple(terms))

    def duration_cost(self, gb_seconds: Decimal, region: str, architecture: str) -> Cost:
        """What a month's on-demand GB-seconds of one account, region and architecture cost."""
        return self.cost(PriceItem.DURATION, gb_seconds, region, architecture)

    def _find(self, item: PriceItem, region: str, architecture: str) -> tuple[Rate, tuple[_Tier, ...]]:
        key = (item, region, architecture)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._search(*key)
        return found

    def _search(self, item: PriceItem, region: str, architecture: str) -> tuple[Rate, tuple[_Tier, ...]]:
        tiers = self._tiers.get((item, region, architecture))
        if tiers is not None:
            return Rate(tiers[0].price, self.currency(region)), tiers
        source = architecture if (item, FALLBACK_REGION, architecture) in self._tiers else "x86_64"
        tiers = self._tiers[item, FALLBACK_REGION, source]
        note = (
            f"{item.words[0]}: no price is published here for {region} ({architecture}); "
            f"the price of {FALLBACK_REGION} ({source}) is used."
        )
        return Rate(tiers[0].price, self.currency(FALLBACK_REGION), exact=False, note=note), tiers


def load_prices() -> PriceTable:
    """The table that comes with LambdaDesk."""
    return PriceTable(json.loads(read_text("prices/lambda.json")))


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
