"""What LambdaDesk itself uses of what AWS takes money for, and what that costs.

Prices: https://aws.amazon.com/cloudwatch/pricing/ and https://aws.amazon.com/lambda/pricing/. Figures are
gross: what an account has free each month is not taken off, since others use it, too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from lambdadesk.core.cost import billed_requests, sum_costs
from lambdadesk.core.prices import PriceItem, PriceTable
from lambdadesk.core.types import Cost, InvokeRequest

_GB = 1024**3


class OwnUse(StrEnum):
    """What is counted; each amount is a whole number of the unit in the name."""

    METRICS = "metrics"  # requested by GetMetricData
    CLOUDWATCH_REQUESTS = "cloudwatch_requests"  # all others of CloudWatch: ListMetrics
    QUERY_BYTES = "query_bytes"  # scanned by Logs Insights
    LIVE_TAIL_S = "live_tail_s"
    REQUESTS = "requests"  # of Invoke; what the functions then cost is on the Cost page

    @property
    def item(self) -> PriceItem:
        return _ITEMS[self][0]

    def to_quantity(self, amount: int) -> Decimal:
        """The amount in the unit that its price is for."""
        return Decimal(amount) / _ITEMS[self][1]


_ITEMS = {
    OwnUse.METRICS: (PriceItem.METRICS_REQUESTED, 1),
    OwnUse.CLOUDWATCH_REQUESTS: (PriceItem.CLOUDWATCH_REQUEST, 1),
    OwnUse.QUERY_BYTES: (PriceItem.LOG_INSIGHTS, _GB),
    OwnUse.LIVE_TAIL_S: (PriceItem.LIVE_TAIL, 60),
    OwnUse.REQUESTS: (PriceItem.REQUEST, 1),
}

# What a refresh or a look costs money by; an Invoke is what the user asked for, and is never held back.
_PAID = {
    ("cloudwatch", "GetMetricData"): "CloudWatch's metrics were not asked for",
    ("cloudwatch", "ListMetrics"): "CloudWatch's metrics were not asked for",
    ("logs", "StartQuery"): "The query was not started",
    ("logs", "StartLiveTail"): "Live Tail was not started",
}


def held_back(service: str, operation: str) -> str:
    """The beginning of the sentence where a budget stops the operation; empty where it stops nothing."""
    return _PAID.get((service, operation), "")


def count_call(
    service: str, operation: str, params: Mapping[str, Any], reply: Mapping[str, Any]
) -> dict[OwnUse, int]:
    """What one answered call is billed by, at most.

    GetMetricData: every metric of each page asked for, as if a further page were billed like the first; a
    query by expression counts the metrics that came. Other calls of CloudWatch: a request each.
    GetQueryResults: bytes scanned so far by the query.
    """
    if (service, operation) == ("cloudwatch", "GetMetricData"):
        queries = params.get("MetricDataQueries") or ()
        asked = sum("MetricStat" in query for query in queries)
        searched = 0 if asked == len(queries) else len(reply.get("MetricDataResults") or ())
        return {OwnUse.METRICS: max(asked, searched)}
    if service == "cloudwatch":
        return {OwnUse.CLOUDWATCH_REQUESTS: 1}
    if (service, operation) == ("logs", "GetQueryResults"):
        scanned = (reply.get("statistics") or {}).get("bytesScanned") or 0
        return {OwnUse.QUERY_BYTES: int(scanned)}
    return {}


def count_invoke(request: InvokeRequest) -> dict[OwnUse, int]:
    """Requests that one Invoke is billed as; the function's duration is not in it."""
    if request.kind.value == "DryRun":
        return {}
    return {OwnUse.REQUESTS: billed_requests(request.kind, len(request.payload))}


class CallMeter(Protocol):
    """What a gateway tells of its calls."""

    def check(self, service: str, operation: str) -> None:
        """Raise UserError where the budget is used up and the call is a paid refresh."""
        ...

    def note(self, service: str, operation: str, params: Mapping[str, Any], reply: Mapping[str, Any]) -> None:
        """A call was answered."""
        ...

    def note_invoke(self, request: InvokeRequest) -> None:
        """An Invoke was sent."""
        ...

    def note_live_tail(self, seconds: int) -> None:
        """A Live Tail session went on for so long."""
        ...


@dataclass(frozen=True, slots=True)
class UseRow:
    """What was used on a day (UTC, "2026-11-27") in an account's region; account: empty while not known."""

    day: str
    account: str
    region: str
    use: OwnUse
    amount: int


def own_cost(rows: Iterable[UseRow], prices: PriceTable, currency: str = "USD") -> Cost:
    """What the rows cost at the first tier's prices; a price in another currency is left out and said."""
    costs: list[Cost] = [Cost(Decimal(0), currency)]
    for row in rows:
        item = row.use.item
        rate = prices.rate(item, row.region, "x86_64")
        what, unit = item.words
        if rate.currency != currency:
            note = f"{what}: no price in {currency} is published here for {row.region}; left out."
            costs.append(Cost(Decimal(0), currency, False, (note,)))
            continue
        quantity = row.use.to_quantity(row.amount)
        notes = (rate.note,) if rate.note else ()
        term = (rate.what, quantity, unit, rate.price)
        costs.append(Cost(quantity * rate.price, currency, rate.exact, notes, (term,), (rate.source,)))
    return sum_costs(costs)
