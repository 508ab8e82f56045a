"""What a function cost day by day, by CloudWatch's daily sums, and by REPORT lines where all are there.

Days are UTC's, as on the bill, each given by its ordinal (`date.toordinal`). Rules: see core/cost.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil

from lambdadesk.core.bill import provisioned_gb_s
from lambdadesk.core.cost import CostBadge, cost_badges, is_edge
from lambdadesk.core.day_sums import DaySums
from lambdadesk.core.prices import PriceItem, PriceTable
from lambdadesk.core.types import FunctionInfo, Invocation, Outcome

DAYS = 62  # today and what two months to compare take: the longest are July and August
DAY_MS = 86_400_000
EPOCH = 719_163  # the ordinal of 1970-01-01
FEW_REPORTS = 10  # with less nothing is told of invocations that no REPORT was read of
_FREE_EPHEMERAL_MB = 512
_GB = 1024**3
_MB_MS_PER_GB_S = Decimal(1024 * 1000)
_ZERO = Decimal(0)


def day_of(at_ms: int) -> int:
    """The UTC day of a moment in epoch milliseconds."""
    return at_ms // DAY_MS + EPOCH


@dataclass(frozen=True, slots=True)
class Provisioned:
    """Provisioned concurrency of a version or an alias.

    concurrency: what is configured now, 0 where it was taken away. hours: in how many of a day's hours
    CloudWatch saw it. invocations: how many it served.
    """

    qualifier: str
    concurrency: int
    hours: Mapping[int, int]
    invocations: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class CountedDays:
    """CloudWatch's sums of one function by day; a day that is absent has none.

    duration_ms: without INIT. log_bytes: of its log group's share; None: not told. provisioned: None: not
    told. is_complete: False where CloudWatch gave only a part.
    """

    invocations: Mapping[int, int] = field(default_factory=dict)
    errors: Mapping[int, int] = field(default_factory=dict)
    duration_ms: Mapping[int, float] = field(default_factory=dict)
    log_bytes: Mapping[int, int] | None = None
    provisioned: tuple[Provisioned, ...] | None = ()
    is_complete: bool = True


class _Sums:
    """Adds up finished invocations."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(_COUNTS, 0)
        self.duration_ms = 0.0
        self.cost = self.errors_cost = _ZERO
        self.currency = ""
        self.memory = (0, 0)

    def add(self, invocation: Invocation) -> None:
        report, cost, counts = invocation.report, invocation.cost, self.counts
        failed = invocation.outcome in _FAILED
        counts["invocations"] += 1
        counts["errors"] += failed
        if cost is None:
            counts["unknown_cost"] += 1
        else:
            self.currency = cost.currency
            self.cost += cost.amount
            self.errors_cost += cost.amount if failed else _ZERO
            counts["inexact"] += not cost.exact
        if report is None or report.billed_ms is None or report.memory_mb is None:
            return
        self.duration_ms += float(report.duration_ms)
        counts["mb_ms"] += report.billed_ms * report.memory_mb
        if report.init_ms is not None or report.restore_ms is not None:
            counts["cold_starts"] += 1
            cold_ms = max(0, report.billed_ms - ceil(report.duration_ms))
            counts["cold_mb_ms"] += cold_ms * report.memory_mb
        most = max(self.memory[1], report.max_memory_mb or 0)
        self.memory = (max(self.memory[0], report.memory_mb), most)

    def to_sums(self) -> DaySums:
        return DaySums(
            **self.counts,
            duration_ms=self.duration_ms,
            cost=self.cost,
            errors_cost=self.errors_cost,
            currency=self.currency,
            memory_mb=self.memory[0],
            max_memory_mb=self.memory[1],
        )


_COUNTS = ("invocations", "errors", "cold_starts", "mb_ms", "cold_mb_ms", "inexact", "unknown_cost")
_FAILED = frozenset((Outcome.ERROR, Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY))
_FINISHED = _FAILED | {Outcome.OK}


def sum_reports(invocations: Iterable[Invocation]) -> dict[int, DaySums]:
    """The finished invocations, summed by the day on which each began."""
    days: dict[int, _Sums] = {}
    for each in invocations:
        if each.outcome in _FINISHED:
            days.setdefault(day_of(each.started_ms), _Sums()).add(each)
    return {day: sums.to_sums() for day, sums in days.items()}


def join_reports(one: Mapping[int, DaySums], other: Mapping[int, DaySums]) -> dict[int, DaySums]:
    """Of two sums of the same invocations, day by day, those that know of more."""
    return {
        day: max((each[day] for each in (one, other) if day in each), key=lambda sums: sums.invocations)
        for day in sorted({*one, *other})
    }


@dataclass(frozen=True, slots=True)
class FunctionDays:
    """What one function cost; each tuple has one entry a day, from `first_day` on.

    quantities: what was used, by item in its unit. costs: of Lambda. log_costs: of log ingestion, which is
    never in `costs`; None: not known. exact_days: days all of whose invocations are summed by their REPORTs.
    error_costs: of invocations that failed. cold_share: of the GB-seconds, billed for INIT and restore; None:
    known. notes: why this is an estimate. badges: what is not in the figures. is_least: there was duration
    of which it is not known what it cost. as_ran: of how many invocations, by day, the cost is
    by the prices of when they ran.
    """

    first_day: int
    currency: str
    requests: tuple[int, ...]
    errors: tuple[int, ...]
    gb_seconds: tuple[Decimal, ...]
    costs: tuple[Decimal, ...]
    error_costs: tuple[Decimal, ...]
    log_costs: tuple[Decimal, ...] | None
    quantities: Mapping[PriceItem, tuple[Decimal, ...]]
    exact_days: frozenset[int]
    reports: DaySums
    cold_share: Decimal | None
    notes: tuple[str, ...]
    badges: tuple[CostBadge, ...] = ()
    is_least: bool = False
    as_ran: Mapping[int, int] = field(default_factory=dict)


PRESENT = "the function's present memory and architecture are used for all days"


def cost_days(
    function: FunctionInfo,
    sums: CountedDays,
    region: str,
    prices: PriceTable,
    days: range,
    reports: Mapping[int, DaySums] | None = None,
    assumed: str = PRESENT,
) -> FunctionDays:
    """What a function cost on each of the days (ordinals), at the first tier's list prices.

    A day of which no fewer REPORT lines were read than CloudWatch counted invocations is summed by them;
    where they are as many, that is exact. All others are estimated: requests and duration as CloudWatch
    counted them, the duration scaled as the REPORTs were billed, if FEW_REPORTS of them were read.
    assumed: what is said of the memory. Where the function has none, duration is left out, and said.
    """
    return _Costing(function, sums, region, prices, days, reports or {}, assumed).run()


class _Costing:
    def __init__(
        self,
        function: FunctionInfo,
        sums: CountedDays,
        region: str,
        prices: PriceTable,
        days: range,
        reports: Mapping[int, DaySums],
        assumed: str,
    ) -> None:
        self._assumed = assumed
        self._function, self._sums, self._days, self._reports = function, sums, days, reports
        self._currency = prices.currency(region)
        self._notes: dict[str, None] = {}
        edge = is_edge(function)
        self._request = PriceItem.EDGE_REQUEST if edge else PriceItem.REQUEST
        self._duration = PriceItem.EDGE_DURATION if edge else PriceItem.DURATION
        self._prices = {
            item: self._rate(prices, item, region)
            for item in (
                self._request,
                self._duration,
                *((PriceItem.EPHEMERAL,) if function.ephemeral_mb > _FREE_EPHEMERAL_MB else ()),
                *((PriceItem.PROVISIONED, PriceItem.PROVISIONED_DURATION) if sums.provisioned else ()),
            )
        }
        self._nothing = dict.fromkeys(self._prices, _ZERO)
        self._gb = Decimal(function.memory_mb) / _MB_MS_PER_GB_S  # exact: the divisor is 2s and 5s
        self._extra_gb = Decimal(function.ephemeral_mb - _FREE_EPHEMERAL_MB) / _MB_MS_PER_GB_S
        self._log_price = prices.rate(PriceItem.LOG_INGESTION, region, "x86_64")

    def _rate(self, prices: PriceTable, item: PriceItem, region: str) -> Decimal:
        rate = prices.rate(item, region, self._function.architecture)
        if rate.currency != self._currency:
            self._notes[f"{item.words[0]}: no price in {self._currency} is published here; left out."] = None
            return _ZERO
        if rate.note:
            self._notes[rate.note] = None
        return rate.price

    def run(self) -> FunctionDays:
        sums = self._sums
        priced_notes = bool(self._notes)
        every = DaySums()
        for each in self._reports.values():
            every = every.plus(each)
        factor = self._get_factor(every)
        quantities: dict[PriceItem, list[Decimal]] = {item: [] for item in self._prices}
        requests: list[int] = []
        errors: list[int] = []
        costs: list[Decimal] = []
        error_costs: list[Decimal] = []
        exact: set[int] = set()
        as_ran: dict[int, int] = {}
        for day in self._days:
            counted = sums.invocations.get(day, 0)
            read = self._reports.get(day)
            if read is not None and (read.invocations < counted or read.currency not in ("", self._currency)):
                read = None
            invocations = read.invocations if read else counted
            requests.append(invocations)
            # Not each error is in a REPORT line, and not each endpoint counts errors.
            errors.append(max(sums.errors.get(day, 0), read.errors if read else 0))
            if not invocations and not sums.provisioned:
                if sums.is_complete:
                    exact.add(day)
                for quantity in quantities.values():
                    quantity.append(_ZERO)
                costs.append(_ZERO)
                error_costs.append(_ZERO)
                continue
            used = self._use_of(day, invocations, read, factor)
            cost = _ZERO
            for item, price in self._prices.items():
                quantities[item].append(used[item])
                cost += used[item] * price
            failed = sums.errors.get(day, 0)
            error_cost = cost * failed / invocations if failed and invocations else _ZERO
            if read is not None:
                kept = used.get(PriceItem.PROVISIONED, _ZERO) * self._prices.get(PriceItem.PROVISIONED, _ZERO)
                if not read.unknown_cost:  # else the sums of what the REPORTs tell are priced, as above
                    cost, error_cost = read.cost + kept, read.errors_cost
                    as_ran |= {day: read.as_ran} if read.as_ran else {}
                is_all = read.invocations == counted and sums.is_complete
                is_known = not (read.inexact or read.unknown_cost)
                if is_all and is_known and not sums.provisioned and not priced_notes:
                    exact.add(day)
            elif not invocations and not cost and sums.is_complete:
                exact.add(day)
            costs.append(cost)
            error_costs.append(error_cost)
        is_exact = len(exact) == len(self._days)
        if not is_exact:
            self._say_why(every, factor)
        tells = bool(every.gb_seconds) and (is_exact or every.invocations >= FEW_REPORTS)
        return FunctionDays(
            self._days.start,
            self._currency,
            tuple(requests),
            tuple(errors),
            self._sum_gb_seconds(quantities),
            tuple(costs),
            tuple(error_costs),
            self._get_log_costs(),
            {item: tuple(each) for item, each in quantities.items()},
            frozenset(exact),
            every,
            every.cold_gb_seconds / every.gb_seconds if tells else None,
            tuple(self._notes),
            cost_badges(
                self._function,
                has_provisioned=bool(sums.provisioned),
                is_durable=self._function.is_durable,
            ),
            not self._function.memory_mb and not is_exact and any(sums.duration_ms.values()),
            as_ran,
        )

    def _get_factor(self, every: DaySums) -> Decimal:
        """Billed duration by duration, as the REPORTs have it; as if memory had always been its largest."""
        if every.invocations < FEW_REPORTS or not every.duration_ms or not every.memory_mb:
            return Decimal(1)
        return Decimal(every.mb_ms) / every.memory_mb / Decimal(repr(every.duration_ms))

    def _use_of(
        self, day: int, invocations: int, read: DaySums | None, factor: Decimal
    ) -> dict[PriceItem, Decimal]:
        """What was used on a day, by item; read: the REPORTs of all its invocations."""
        function = self._function
        used = self._nothing.copy()
        if PriceItem.PROVISIONED in used:
            used[PriceItem.PROVISIONED] = self._provisioned_gb_s(day)
        if not invocations:
            return used
        used[self._request] = Decimal(invocations)
        if function.capacity_provider:
            return used
        if read is not None:
            billed_ms, duration = Decimal(read.mb_ms) / (read.memory_mb or 1), read.gb_seconds
        else:
            billed_ms = Decimal(repr(self._sums.duration_ms.get(day, 0.0))) * factor
            duration = billed_ms * self._gb
        if PriceItem.EPHEMERAL in used:
            used[PriceItem.EPHEMERAL] = billed_ms * self._extra_gb
        if PriceItem.PROVISIONED in used:
            served = sum(each.invocations.get(day, 0) for each in self._sums.provisioned or ())
            share = min(Decimal(1), Decimal(served) / invocations)
            used[PriceItem.PROVISIONED_DURATION] = duration * share
            duration -= duration * share
        used[self._duration] = duration
        return used

    def _provisioned_gb_s(self, day: int) -> Decimal:
        return sum(
            (
                provisioned_gb_s(each.concurrency, self._function.memory_mb, each.hours.get(day, 0) * 3600)
                for each in self._sums.provisioned or ()
            ),
            _ZERO,
        )

    def _sum_gb_seconds(self, quantities: Mapping[PriceItem, Sequence[Decimal]]) -> tuple[Decimal, ...]:
        """Of duration, whatever served it."""
        by_provisioned = quantities.get(PriceItem.PROVISIONED_DURATION)
        if by_provisioned is None:
            return tuple(quantities[self._duration])
        return tuple(map(sum, zip(quantities[self._duration], by_provisioned, strict=True)))  # type: ignore[arg-type]

    def _get_log_costs(self) -> tuple[Decimal, ...] | None:
        log_bytes, rate = self._sums.log_bytes, self._log_price
        if log_bytes is None or rate.currency != self._currency:
            return None
        return tuple(Decimal(log_bytes.get(day, 0)) * rate.price / _GB for day in self._days)

    def _say_why(self, every: DaySums, factor: Decimal) -> None:
        notes = self._notes
        if self._function.capacity_provider:
            notes["Managed Instances are billed by the hour: only the requests are counted."] = None
            return
        if not self._function.memory_mb:
            seconds = sum(self._sums.duration_ms.values()) / 1000
            left_out = f"not its duration of {seconds:,.1f} s in {len(self._days)} days"
            counted = f": only its requests are counted, {left_out}" if seconds else ""
            notes[f"{self._assumed}{counted}."] = None
            return
        scaled = (
            f"CloudWatch's Duration is scaled by {factor:.3f}, as the {every.invocations:,} invocations were "
            "billed whose REPORT lines were read"
            if factor != 1
            else "CloudWatch's Duration leaves out INIT and the rounding up of each invocation to 1 ms, both "
            "of which are billed"
        )
        notes[f"{scaled}; {self._assumed}."] = None
        if any(each.invocations > self._sums.invocations.get(day, 0) for day, each in self._reports.items()):
            notes[
                "On some days REPORT lines of more invocations were read than CloudWatch had counted when it "
                "was asked: there, those are summed."
            ] = None
        if self._function.snap_start:
            notes["What SnapStart takes for cached snapshots and restores is not known to CloudWatch."] = None
        if self._sums.provisioned is None:
            notes["Whether provisioned concurrency served it could not be read."] = None
        elif self._sums.provisioned:
            notes[
                "Provisioned concurrency: what is configured now, for the hours in which CloudWatch saw it; "
                "its share of the duration is that of the invocations that it served."
            ] = None
        if not self._sums.is_complete:
            notes["CloudWatch gave only a part of its figures: at least this much."] = None
