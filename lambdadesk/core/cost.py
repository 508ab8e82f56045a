"""What invocations cost at list price, with the arithmetic to show for it.

Rules and examples: https://aws.amazon.com/lambda/pricing/. The free tier belongs to an account as a whole, so
a single invocation, or a function, is never netted with it.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum

from lambdadesk.core.prices import PriceItem, PriceTable
from lambdadesk.core.types import Cost, FunctionInfo, InvocationType, Report

# A month's free tier of an account, over all regions and both architectures together.
FREE_TIER = {
    PriceItem.REQUEST: Decimal(1_000_000),
    PriceItem.DURATION: Decimal(400_000),
    PriceItem.STREAMING: Decimal(100),
}
MANAGED_INSTANCES_FEE = Decimal("0.15")  # of the EC2 on-demand price
_KB = 1024
_FREE_EPHEMERAL_MB = 512
_FREE_STREAMED_BYTES = 6 * _KB**2  # of each request
_GB = _KB**3  # as the pricing page's own examples count
_MB_MS_PER_GB_S = Decimal(1024 * 1000)  # a product of 2s and 5s: the quotient is exact in Decimal


def gb_seconds(report: Report) -> Decimal:
    """Billed GB-seconds of one invocation; 0 where the report has no billed duration or memory size."""
    if report.billed_ms is None or report.memory_mb is None:
        return Decimal(0)
    return Decimal(report.billed_ms * report.memory_mb) / _MB_MS_PER_GB_S


def billed_requests(kind: InvocationType | None, payload_bytes: int) -> int:
    """Requests that one Invoke is billed as: an asynchronous event pays 1 more per 64 KB above 256 KB."""
    if kind is not InvocationType.EVENT:
        return 1
    return 1 + max(0, -(-(payload_bytes - 256 * _KB) // (64 * _KB)))


def streamed_gb(response_bytes: int) -> Decimal:
    """GB of one streamed response that are paid for: those above its first 6 MB."""
    return Decimal(max(0, response_bytes - _FREE_STREAMED_BYTES)) / _GB


class CostBadge(StrEnum):
    """What a REPORT can't tell of an invocation's cost; the value is the badge's text."""

    PROVISIONED = "provisioned concurrency"
    UNCHECKED = "provisioned concurrency not checked"
    MANAGED_INSTANCES = "Managed Instances"
    DURABLE = "durable"
    EDGE = "Lambda@Edge"

    @property
    def words(self) -> str:
        """What that means for the figure, in a sentence or two."""
        return _BADGE_WORDS[self]


_BADGE_WORDS = {
    CostBadge.PROVISIONED: "A REPORT does not say whether provisioned concurrency served it: the price is "
    "that on demand. What the concurrency itself costs is not in any invocation.",
    CostBadge.UNCHECKED: "Whether the version or alias has provisioned concurrency could not be found out "
    "(lambda:ListProvisionedConcurrencyConfigs): the price is that on demand.",
    CostBadge.MANAGED_INSTANCES: "Billed by the hour of the instances, of which no share can be told for an "
    "invocation: only the request is counted.",
    CostBadge.DURABLE: "Durable operations, the data they write and what is kept of it are billed besides, "
    "and are in no REPORT.",
    CostBadge.EDGE: "Lambda@Edge has prices of its own, which are used; it runs and logs in the region "
    "nearest to the viewer.",
}
_EDGE_GROUP = (
    "/us-east-1."  # a replica's log group is /aws/lambda/us-east-1.NAME; no function's name has a dot
)


def cost_badges(
    function: FunctionInfo,
    report: Report | None = None,
    *,
    has_provisioned: bool | None = False,
    is_durable: bool = False,
) -> tuple[CostBadge, ...]:
    """What has to be said beside an invocation's cost. Nothing of it is ever made up as a number.

    has_provisioned: whether what was invoked has provisioned concurrency; None: that can't be told.
    """
    badges = {
        CostBadge.PROVISIONED: has_provisioned,
        CostBadge.UNCHECKED: has_provisioned is None,
        CostBadge.MANAGED_INSTANCES: function.capacity_provider or (report and report.billed_ms is None),
        CostBadge.DURABLE: is_durable or function.is_durable,
        CostBadge.EDGE: is_edge(function),
    }
    return tuple(badge for badge, holds in badges.items() if holds)


def is_edge(function: FunctionInfo) -> bool:
    """Whether it is a Lambda@Edge replica, by its log group."""
    return _EDGE_GROUP in function.log_group_name


def log_cost(text_bytes: int, region: str, prices: PriceTable) -> Cost:
    """What CloudWatch Logs takes for ingesting so many bytes of log text, at the first tier; never exact.

    text_bytes: UTF-8 bytes of the events' messages, as far as they were read.
    """
    rate = prices.rate(PriceItem.LOG_INGESTION, region, "x86_64")
    quantity = Decimal(text_bytes) / _GB
    notes = [
        "The text of the log lines that were read is counted, a GB as 1,024 MB; what CloudWatch adds for "
        "each event is not."
    ]
    if not rate.exact:
        notes.append(rate.note)
    terms = ((rate.what, quantity, PriceItem.LOG_INGESTION.words[1], rate.price),)
    return Cost(quantity * rate.price, rate.currency, False, tuple(notes), terms, (rate.source,))


def invocation_cost(
    report: Report,
    function: FunctionInfo,
    region: str,
    prices: PriceTable,
    *,
    kind: InvocationType | None = None,
    payload_bytes: int = 0,
    streamed_bytes: int = 0,
) -> Cost:
    """What one on-demand invocation costs: requests, billed duration, ephemeral storage, SnapStart restore,
    and what is streamed beyond 6 MB. Its log is apart (`log_cost`).

    Billed duration and memory are taken from the report as they stand: timeouts are capped, INIT and restore
    are already inside, and older reports were rounded differently. Prices are those of the first tier.
    """
    currency = prices.currency(region)
    amount = Decimal(0)
    notes: list[str] = []
    terms: list[tuple[str, Decimal, str, Decimal]] = []
    sources: list[str] = []
    edge = is_edge(function)

    def add(item: PriceItem, quantity: Decimal) -> None:
        nonlocal amount
        rate = prices.rate(item, region, function.architecture)
        what, unit = item.words
        if rate.currency != currency:
            notes.append(f"{what}: no price in {currency} is published here for {region}; left out.")
            return
        if not rate.exact:
            notes.append(rate.note)
        terms.append((rate.what, quantity, unit, rate.price))
        sources.append(rate.source)
        amount += quantity * rate.price

    requests = Decimal(billed_requests(kind, payload_bytes))
    add(PriceItem.EDGE_REQUEST if edge else PriceItem.REQUEST, requests)
    if report.billed_ms is None:
        notes.append(
            "The report has no billed duration, as on Managed Instances, which are billed by the hour: "
            "only the request is counted."
        )
        return Cost(amount, currency, False, tuple(notes), tuple(terms), tuple(sources))
    memory_mb = report.memory_mb
    if memory_mb is None:
        memory_mb = function.memory_mb
        notes.append("The report has no memory size; the function's present one is used.")
    duration = Decimal(report.billed_ms * memory_mb) / _MB_MS_PER_GB_S
    add(PriceItem.EDGE_DURATION if edge else PriceItem.DURATION, duration)
    if function.ephemeral_mb > _FREE_EPHEMERAL_MB:
        extra_mb = function.ephemeral_mb - _FREE_EPHEMERAL_MB
        add(PriceItem.EPHEMERAL, Decimal(report.billed_ms * extra_mb) / _MB_MS_PER_GB_S)
    if report.restore_ms is not None and not function.runtime.startswith("java"):
        add(PriceItem.SNAPSTART_RESTORE, Decimal(memory_mb) / 1024)
        if not function.runtime:
            notes.append("SnapStart restore of a container image is assumed to cost what it does for a zip.")
    if streamed_bytes > _FREE_STREAMED_BYTES:
        add(PriceItem.STREAMING, streamed_gb(streamed_bytes))
    return Cost(amount, currency, not notes, tuple(notes), tuple(terms), tuple(sources))


def estimated_cost(
    function: FunctionInfo, invocations: int, duration_ms: float, region: str, prices: PriceTable
) -> Cost:
    """What a function's invocations cost by their number and their summed duration, as metrics have them.

    Never exact: metrics leave out INIT and each invocation's rounding up, and nothing says whether memory or
    architecture changed meanwhile. Prices are those of the first tier.
    """
    notes = [
        "Estimated from CloudWatch's metrics, which leave out INIT, provisioned concurrency and SnapStart; "
        "the function's present memory and architecture are used."
    ]
    duration = Decimal(str(duration_ms))
    quantities = {PriceItem.REQUEST: Decimal(invocations)}
    if function.capacity_provider:
        notes.append("Managed Instances are billed by the hour: only the requests are counted.")
    else:
        quantities[PriceItem.DURATION] = duration * function.memory_mb / _MB_MS_PER_GB_S
        if function.ephemeral_mb > _FREE_EPHEMERAL_MB:
            extra_mb = function.ephemeral_mb - _FREE_EPHEMERAL_MB
            quantities[PriceItem.EPHEMERAL] = duration * extra_mb / _MB_MS_PER_GB_S
    cost = price_quantities(quantities, region, function.architecture, prices)
    return Cost(cost.amount, cost.currency, False, (*notes, *cost.notes), cost.terms, cost.sources)


def price_quantities(
    quantities: Mapping[PriceItem, Decimal], region: str, architecture: str, prices: PriceTable
) -> Cost:
    """What these quantities, each in its item's unit, cost at the prices of the first tier."""
    currency = prices.currency(region)
    notes: list[str] = []
    terms: list[tuple[str, Decimal, str, Decimal]] = []
    sources: list[str] = []
    for item, quantity in quantities.items():
        rate = prices.rate(item, region, architecture)
        what, unit = item.words
        if rate.currency != currency:
            notes.append(f"{what}: no price in {currency} is published here for {region}; left out.")
            continue
        if not rate.exact:
            notes.append(rate.note)
        terms.append((rate.what, quantity, unit, rate.price))
        sources.append(rate.source)
    amount = sum((quantity * price for _, quantity, _, price in terms), Decimal(0))
    return Cost(amount, currency, not notes, tuple(notes), tuple(terms), tuple(sources))


def sum_costs(costs: Iterable[Cost]) -> Cost:
    """The sum of costs of one currency (ValueError otherwise); equal terms and notes are joined."""
    amount = Decimal(0)
    currency = ""
    exact = True
    notes: dict[str, None] = {}
    terms: dict[tuple[str, str, Decimal], Decimal] = {}
    sources: dict[tuple[str, str, Decimal], str] = {}
    for cost in costs:
        if currency and cost.currency != currency:
            raise ValueError(f"{cost.currency} can't be added to {currency}")
        currency = cost.currency
        amount += cost.amount
        exact = exact and cost.exact
        notes.update(dict.fromkeys(cost.notes))
        costs_sources = cost.sources or ("",) * len(cost.terms)
        for (what, quantity, unit, price), source in zip(cost.terms, costs_sources, strict=True):
            key = (what, unit, price)
            terms[key] = terms.get(key, Decimal(0)) + quantity
            sources.setdefault(key, source)
    rows = tuple((what, quantity, unit, price) for (what, unit, price), quantity in terms.items())
    return Cost(amount, currency or "USD", exact, tuple(notes), rows, tuple(sources.values()))


def cost_per_million(total: Decimal, invocations: int) -> Decimal:
    """What a million invocations like these would cost; 0 where there were none."""
    return total * 1_000_000 / invocations if invocations else Decimal(0)


def monthly_cost(
    usage: Mapping[PriceItem, Decimal],
    region: str,
    architecture: str,
    prices: PriceTable,
    *,
    free_tier: bool = False,
) -> Cost:
    """What a month's use of one account costs, tier by tier; quantities are in each item's unit."""
    costs = []
    for item, quantity in usage.items():
        free = FREE_TIER.get(item, Decimal(0)) if free_tier else Decimal(0)
        costs.append(prices.cost(item, max(Decimal(0), quantity - free), region, architecture))
    return sum_costs(costs)


def managed_instances_cost(
    requests: int, ec2_charge: Decimal, ec2_on_demand: Decimal, region: str, prices: PriceTable
) -> Cost:
    """A month on Managed Instances: requests, what EC2 charges, and the fee on its on-demand price."""
    cost = prices.cost(PriceItem.REQUEST, Decimal(requests), region, "x86_64")
    terms = (
        *cost.terms,
        ("EC2 instances", Decimal(1), "month", ec2_charge),
        ("Managed Instances fee on EC2 on-demand", ec2_on_demand, cost.currency, MANAGED_INSTANCES_FEE),
    )
    sources = (*cost.sources, "as given", "as given; the fee is that of the pricing page")
    amount = cost.amount + ec2_charge + ec2_on_demand * MANAGED_INSTANCES_FEE
    return Cost(amount, cost.currency, cost.exact, cost.notes, terms, sources)
