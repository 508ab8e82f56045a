"""Reading a region's offer file of the AWS Price List into prices.

Products are matched by region and by their exact group (AWSLambda) or usage type (AmazonCloudWatch): a part
of a name would also catch Duration-Provisioned, Edge-Duration and the pollers. Tiers are those of
beginRange and endRange.
Source: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html and files
published at https://pricing.us-east-1.amazonaws.com.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from lambdadesk.core.prices import PriceItem

LAMBDA_OFFER: Final = "AWSLambda"
CLOUDWATCH_OFFER: Final = "AmazonCloudWatch"
OFFERS: Final = (LAMBDA_OFFER, CLOUDWATCH_OFFER)

_X86, _ARM = "x86_64", "arm64"
_BOTH = (_X86, _ARM)
# With "-ARM" at the end it is arm64's.
_GROUPS_OF_ARCHITECTURES: Final = {
    "AWS-Lambda-Requests": PriceItem.REQUEST,
    "AWS-Lambda-Duration": PriceItem.DURATION,
    "AWS-Lambda-Storage-Duration": PriceItem.EPHEMERAL,
    "AWS-Lambda-Provisioned-Concurrency": PriceItem.PROVISIONED,
    "AWS-Lambda-Duration-Provisioned": PriceItem.PROVISIONED_DURATION,
    "AWS-Lambda-Processed-Bytes": PriceItem.STREAMING,
}
_GROUPS: Final = {
    **{group: (item, (_X86,)) for group, item in _GROUPS_OF_ARCHITECTURES.items()},
    **{f"{group}-ARM": (item, (_ARM,)) for group, item in _GROUPS_OF_ARCHITECTURES.items()},
    "AWS-Lambda-Edge-Requests": (PriceItem.EDGE_REQUEST, _BOTH),
    "AWS-Lambda-Edge-Duration": (PriceItem.EDGE_DURATION, _BOTH),
    "AWS-Lambda-Durable-Execution-Operations": (PriceItem.DURABLE_OPERATION, _BOTH),
    "AWS-Lambda-Durable-Execution-Written-Bytes": (PriceItem.DURABLE_WRITTEN, _BOTH),
    "AWS-Lambda-Durable-Execution-TimedStorage-ByteHrs": (PriceItem.DURABLE_RETAINED, _BOTH),
    "AWS-Lambda-Event-Poller-Unit-Duration": (PriceItem.KAFKA_POLLER, _BOTH),
    "AWS-Lambda-SQS-Event-Poller-Unit-Duration": (PriceItem.SQS_POLLER, _BOTH),
}
# Where the name of the group is not known, words of its description have to do: all of them.
_DESCRIPTIONS: Final = (
    (("snapshot", "cach"), PriceItem.SNAPSTART_CACHE),
    (("snapshot", "restor"), PriceItem.SNAPSTART_RESTORE),
    (("tenant",), PriceItem.TENANT_ENVIRONMENT),
)
_USAGE_TYPES: Final = {
    "VendedLog-Bytes": PriceItem.LOG_INGESTION,  # Lambda's own logs; -CFLogs and -WAFLogs are others'
    "DataScanned-Bytes": PriceItem.LOG_INSIGHTS,
    "Logs-LiveTail": PriceItem.LIVE_TAIL,
    "CW:GMD-Metrics": PriceItem.METRICS_REQUESTED,
    "CW:Requests": PriceItem.CLOUDWATCH_REQUEST,
}
_PLACE = re.compile(r"\A[A-Z]{2,5}[0-9]{0,2}-")  # "EUC1-" of a usage type; us-east-1 has none, or "USE1-"
_OTHERS = ("Lambda-Managed-Instances", "Global-")  # in the usage type: other products, and the free tier
_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")

_Tiers = list[dict[str, str | None]]


@dataclass(frozen=True, slots=True)
class OfferPrices:
    """The prices of one region in one offer. `left_out` says in words which products were not understood."""

    offer: str
    region: str
    publication: str
    currency: str
    items: Mapping[str, Mapping[str, _Tiers]]  # by architecture and PriceItem
    left_out: tuple[str, ...] = ()

    def to_layer(self, fetched: str) -> dict[str, Any]:
        """A layer of a PriceTable; `fetched` is when it was downloaded, ISO 8601."""
        return {
            "publication": self.publication,
            "fetched": fetched,
            "source": f"AWS Price List, offer {self.offer}",
            "regions": {self.region: {"currency": self.currency, **self.items}},
        }


def read_offer(document: Any, region: str) -> OfferPrices:
    """The prices of a region. Raises ValueError where it is no offer file, or has no prices of the region.

    A product whose price can't be understood is left out, and so is one that stands there twice with
    different prices: what is not certain is not a price. A free first tier (a free amount of the account) is
    passed over.
    """
    try:
        offer, publication = document["offerCode"], document["publicationDate"]
        products, terms = document["products"], document["terms"]["OnDemand"]
        found = [
            (sku, item, architectures)
            for sku, product in products.items()
            for item, architectures in _match(product["attributes"], offer, region)
        ]
        if not all(isinstance(text, str) for text in (offer, publication)):
            raise TypeError("offerCode")
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not an offer file: {error}") from None
    items: dict[str, dict[str, _Tiers]] = {}
    left_out: list[str] = []
    currencies: set[str] = set()
    unclear: set[tuple[str, str]] = set()
    for sku, item, architectures in found:
        try:
            currency, tiers = _read_terms(terms[sku])
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            left_out.append(f"{item.words[0]} ({sku}): {error}")
            continue
        currencies.add(currency)
        for architecture in architectures:
            known = items.setdefault(architecture, {}).setdefault(item.value, tiers)
            if known != tiers:
                unclear.add((architecture, item.value))
    for architecture, key in sorted(unclear):
        del items[architecture][key]
        left_out.append(f"{PriceItem(key).words[0]} ({architecture}): two different prices")
    if len(currencies) != 1:
        raise ValueError(
            f"prices in {len(currencies)} currencies" if currencies else "no prices of the region"
        )
    return OfferPrices(offer, region, publication, currencies.pop(), items, tuple(left_out))


def _match(
    attributes: Mapping[str, Any], offer: str, region: str
) -> Iterator[tuple[PriceItem, tuple[str, ...]]]:
    if attributes.get("regionCode") != region:
        return
    usage_type = str(attributes.get("usagetype", ""))
    if offer == CLOUDWATCH_OFFER:
        item = _USAGE_TYPES.get(_PLACE.sub("", usage_type, count=1))
        if item is not None:
            yield item, _BOTH
        return
    description = str(attributes.get("groupDescription", "")).lower()
    if any(other in usage_type for other in _OTHERS) or "free tier" in description:
        return
    if known := _GROUPS.get(str(attributes.get("group", ""))):
        yield known
        return
    for words, item in _DESCRIPTIONS:
        if all(word in description for word in words):
            yield item, ((_ARM if usage_type.endswith("-ARM") else _X86),)
            return


def _read_terms(terms: Mapping[str, Any]) -> tuple[str, _Tiers]:
    """Currency and tiers of a product's newest offer term."""
    newest = max(terms.values(), key=lambda term: str(term.get("effectiveDate", "")))
    dimensions = list(newest["priceDimensions"].values())
    (currency,) = {currency for dimension in dimensions for currency in dimension["pricePerUnit"]}
    ordered = sorted(dimensions, key=lambda dimension: _number(dimension["beginRange"]))
    tiers = list(_read_tiers(ordered, currency))
    if len(tiers) > 1 and Decimal(str(tiers[0]["price"])) == 0:
        del tiers[0]
    return currency, tiers


def _read_tiers(dimensions: Iterable[Mapping[str, Any]], currency: str) -> Iterator[dict[str, str | None]]:
    end: str = "0"
    for dimension in dimensions:
        if end == "Inf" or _number(dimension["beginRange"]) != _number(end):
            raise ValueError("tiers that do not follow each other")
        end = dimension["endRange"]
        price = dimension["pricePerUnit"][currency]
        _number(price)
        yield {"up_to": None if end == "Inf" else f"{_number(end):f}", "price": price}
    if end != "Inf":
        raise ValueError("tiers without an end")


def _number(text: Any) -> Decimal:
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise ValueError(f"{str(text)[:40]!r} is no number")
    return Decimal(text)
