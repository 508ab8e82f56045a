"""A month, or 30 days, of many functions: sums by what they share, change, forecast, and the bill."""

import calendar
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from lambdadesk.core.bill import Bill, Usage, make_bill
from lambdadesk.core.cost import FREE_TIER, cost_per_million
from lambdadesk.core.month_cost import FunctionDays
from lambdadesk.core.prices import PriceItem, PriceTable
from lambdadesk.core.types import FunctionInfo

NO_STACK, NO_TAG, TAGS_UNKNOWN = "no stack", "no tag", "tags not known"
STACK_TAG = "aws:cloudformation:stack-name"
_ZERO = Decimal(0)
_WEEKS = 4  # whose days a forecast looks at


@dataclass(frozen=True, slots=True)
class Period:
    """Days that are shown, `first` to `last`, which is today, and those that they are compared with.

    Today is not over, so that only the full days before it are compared, with as many days before: those
    before `first`, or those that began the month before. is_month: it is a calendar month.
    """

    first: date
    last: date
    before: date
    compared: int  # full days
    is_month: bool

    @property
    def words(self) -> str:
        return "this month" if self.is_month else f"these {(self.last - self.first).days + 1} days"

    @property
    def compared_words(self) -> str:
        """What the change is against, in words."""
        if not self.compared:
            return "No full day to compare yet."
        until = self.first + timedelta(days=self.compared - 1)
        before = self.before + timedelta(days=self.compared - 1)
        return f"{_span(self.first, until)}, against {_span(self.before, before)}: full days, by UTC."


def last_days(today: date, count: int = 30) -> Period:
    """Today and the days before it."""
    first = today - timedelta(days=count - 1)
    return Period(first, today, first - timedelta(days=count - 1), count - 1, is_month=False)


def month_so_far(today: date) -> Period:
    """The calendar month up to today, which is compared with the same days of the month before.

    Where that month is shorter, both are compared as far as it goes.
    """
    first = today.replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    longest = calendar.monthrange(before.year, before.month)[1]
    return Period(first, today, before, min(today.day - 1, longest), is_month=True)


@dataclass(frozen=True, slots=True)
class MonthFunction:
    """A function of a place, with its days. tags: None where they are not known."""

    connection_key: str
    connection: str
    colour: str
    account: str
    region: str
    function: FunctionInfo
    tags: Mapping[str, str] | None
    days: FunctionDays
    is_deleted: bool = False

    @property
    def runtime(self) -> str:
        """As it is shown."""
        if not self.function.package_type:  # never seen before it was deleted
            return "runtime not known"
        return self.function.runtime or "container image"

    @property
    def key(self) -> tuple[str, str]:
        return self.connection_key, self.function.name


class Grouping(StrEnum):
    """What rows are summed by; a tag is named besides."""

    FUNCTION = "Function"
    ACCOUNT = "Account"
    REGION = "Region"
    RUNTIME = "Runtime"
    STACK = "Stack"
    TAG = "Tag"


def get_group(function: MonthFunction, by: Grouping, tag: str = "") -> str:
    """The name of the group that a function is in, as it is shown."""
    match by:
        case Grouping.ACCOUNT:
            return function.account or f"{function.connection} (account not known)"
        case Grouping.REGION:
            return function.region
        case Grouping.RUNTIME:
            return function.runtime
        case Grouping.STACK | Grouping.TAG:
            if function.tags is None:
                return TAGS_UNKNOWN
            name = STACK_TAG if by is Grouping.STACK else tag
            return function.tags.get(name) or (NO_STACK if by is Grouping.STACK else f"{NO_TAG} {name}")
        case _:
            return function.function.name


def get_tag_names(functions: Iterable[MonthFunction]) -> list[str]:
    """The tags that functions have, without those of AWS itself."""
    names = {name for each in functions for name in each.tags or ()}
    return sorted(name for name in names if not name.startswith("aws:"))


@dataclass(frozen=True, slots=True)
class MonthRow:
    """Sums of a function, or of a group, over a period, in one currency.

    costs: by day of the period. full, before: costs of the full days that are compared, and of those before.
    cold_cost, log_cost: None where nothing is known; *_of: of how many functions they are known.
    used_mb, memory_mb: of the run that used most, 0 where no REPORT was read. is_least: a part of the cost
    can't be known.
    """

    key: tuple[str, str]
    title: str
    currency: str
    functions: int
    requests: int
    errors: int
    gb_seconds: Decimal
    cost: Decimal
    full: Decimal
    before: Decimal
    error_cost: Decimal
    cold_cost: Decimal | None
    cold_of: int
    log_cost: Decimal | None
    log_of: int
    used_mb: int
    memory_mb: int
    is_exact: bool
    notes: tuple[str, ...]
    costs: tuple[Decimal, ...]
    connection: str = ""
    region: str = ""
    colour: str = ""
    is_deleted: bool = False
    is_least: bool = False

    @property
    def per_million(self) -> Decimal | None:
        return cost_per_million(self.cost, self.requests) if self.requests else None

    @property
    def change(self) -> Decimal | None:
        """Of the full days against those before, as a part of these; None where nothing was before."""
        return (self.full - self.before) / self.before if self.before else None

    @property
    def basis(self) -> str:
        """How well the cost is known, in a word or two."""
        return "exact" if self.is_exact else "at least" if self.is_least else "estimate"

    @property
    def sign(self) -> str:
        """What stands before an amount."""
        return "" if self.is_exact else "≥ " if self.is_least else "≈ "

    @property
    def name(self) -> str:
        """The title, with what became of it."""
        return f"{self.title} (deleted)" if self.is_deleted else self.title

    @property
    def headroom(self) -> Decimal | None:
        """The part of the memory that no run used."""
        return 1 - Decimal(self.used_mb) / self.memory_mb if self.memory_mb else None


KnownRows = dict[tuple[tuple[str, str], Period], tuple[MonthFunction, MonthRow]]


def sum_rows(
    functions: Iterable[MonthFunction],
    period: Period,
    by: Grouping = Grouping.FUNCTION,
    tag: str = "",
    known: KnownRows | None = None,
) -> list[MonthRow]:
    """A row for each function, or for each group and currency, in no order.

    known: rows of functions from earlier calls; one of which nothing has changed is not summed again.
    """
    rows = [(each, _get_row(each, period, {} if known is None else known)) for each in functions]
    if by is Grouping.FUNCTION:
        return [row for _, row in rows]
    groups: dict[tuple[str, str], list[MonthRow]] = {}
    for each, row in rows:
        groups.setdefault((row.currency, get_group(each, by, tag)), []).append(row)
    return [_join(key, members) for key, members in groups.items()]


def _get_row(function: MonthFunction, period: Period, known: KnownRows) -> MonthRow:
    place = (function.key, period)
    if place in known:
        was, row = known[place]
        if was.days is function.days and (was.connection, was.colour) == (
            function.connection,
            function.colour,
        ):
            return row
    row = _sum(function, period)
    known[place] = (function, row)
    return row


def _sum(function: MonthFunction, period: Period) -> MonthRow:
    days = function.days
    length = (period.last - period.first).days + 1
    start = period.first.toordinal() - days.first_day
    stop = start + length
    earlier = period.before.toordinal() - days.first_day
    costs = days.costs[start:stop]
    cost = sum(costs, _ZERO)
    is_exact = days.exact_days.issuperset(range(period.first.toordinal(), period.last.toordinal() + 1))
    return MonthRow(
        function.key,
        function.function.name,
        days.currency,
        1,
        sum(days.requests[start:stop]),
        sum(days.errors[start:stop]),
        sum(days.gb_seconds[start:stop], _ZERO),
        cost,
        sum(costs[: period.compared], _ZERO),
        sum(days.costs[earlier : earlier + period.compared], _ZERO),
        sum(days.error_costs[start:stop], _ZERO),
        None if days.cold_share is None else cost * days.cold_share,
        int(days.cold_share is not None),
        None if days.log_costs is None else sum(days.log_costs[start:stop], _ZERO),
        int(days.log_costs is not None),
        days.reports.max_memory_mb,
        days.reports.memory_mb,
        is_exact,
        (
            *_say_as_ran(days, period),
            *(() if is_exact else days.notes),
            *(badge.words for badge in days.badges),
        ),
        costs,
        function.connection,
        function.region,
        function.colour,
        function.is_deleted,
        days.is_least and not is_exact,
    )


def _say_as_ran(days: FunctionDays, period: Period) -> tuple[str, ...]:
    span = range(period.first.toordinal(), period.last.toordinal() + 1)
    count = sum(number for day, number in days.as_ran.items() if day in span)
    them, ran = ("invocation", "it") if count == 1 else ("invocations", "they")
    note = f"{count:,} kept {them} of earlier: priced as of when {ran} ran, not by the prices of now."
    return (note,) if count else ()


def _get_notes(row: MonthRow) -> tuple[str, ...]:
    """Its notes for those of a group; what holds for one function that was deleted is told with its name."""
    return tuple(f"{row.title}: {note}" for note in row.notes) if row.is_deleted else row.notes


def _join(key: tuple[str, str], rows: Sequence[MonthRow]) -> MonthRow:
    """The rows of a group as one; key: currency and title."""
    fullest = min(rows, key=lambda row: 2 if row.headroom is None else row.headroom)
    cold = [row.cold_cost for row in rows if row.cold_cost is not None]
    logs = [row.log_cost for row in rows if row.log_cost is not None]
    return MonthRow(
        key,
        key[1],
        key[0],
        len(rows),
        sum(row.requests for row in rows),
        sum(row.errors for row in rows),
        sum((row.gb_seconds for row in rows), _ZERO),
        sum((row.cost for row in rows), _ZERO),
        sum((row.full for row in rows), _ZERO),
        sum((row.before for row in rows), _ZERO),
        sum((row.error_cost for row in rows), _ZERO),
        sum(cold, _ZERO) if cold else None,
        len(cold),
        sum(logs, _ZERO) if logs else None,
        len(logs),
        fullest.used_mb,
        fullest.memory_mb,
        all(row.is_exact for row in rows),
        tuple(dict.fromkeys(note for row in rows for note in _get_notes(row))),
        tuple(sum(day, _ZERO) for day in zip(*(row.costs for row in rows), strict=True)),
        is_least=any(row.is_least for row in rows),
    )


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a month will have cost at its end, with its band; `days` are those still to come, today included.

    days: (middle, low, high) a day. text: how it was made, or why there is none (then all are 0).
    """

    amount: Decimal
    low: Decimal
    high: Decimal
    days: tuple[tuple[Decimal, Decimal, Decimal], ...]
    text: str
    is_known: bool = True


def forecast(functions: Iterable[MonthFunction], today: date, currency: str) -> Forecast:
    """To the end of today's month: each day to come costs what the same weekday did in the last four weeks.

    The middle is their mean, the band goes from the cheapest to the dearest of them. Today costs at
    least what it has so far. A function that is younger, or was idle, counts with what
    it cost, which is nothing; one that was deleted costs nothing any more.
    """
    chosen = [each for each in functions if each.days.currency == currency]
    first = today.toordinal() - 7 * _WEEKS
    daily: dict[int, Decimal] = dict.fromkeys(range(first, today.toordinal()), _ZERO)
    month = [_ZERO] * today.day
    begin = today.toordinal() - today.day + 1
    for each in chosen:
        days = each.days
        for number in () if each.is_deleted else daily:
            daily[number] += days.costs[number - days.first_day]
        for at in range(today.day):
            month[at] += days.costs[begin + at - days.first_day]
    so_far = sum(month, _ZERO)
    if not any(daily.values()):
        text = "No forecast: nothing cost anything in the last four weeks."
        return Forecast(so_far, so_far, so_far, (), text, is_known=False)
    rest = []
    for ahead in range(calendar.monthrange(today.year, today.month)[1] - today.day + 1):
        day = today.toordinal() + ahead
        last = day - 7 * (ahead // 7 + 1)  # the last one of this weekday that is over
        same = [daily[last - 7 * week] for week in range(_WEEKS) if last - 7 * week in daily]
        least = month[-1] if ahead == 0 else _ZERO
        middle = sum(same, _ZERO) / len(same)
        rest.append((max(middle, least), max(min(same), least), max(*same, least)))
    over = so_far - month[-1]
    middle, low, high = (over + sum((day[part] for day in rest), _ZERO) for part in range(3))
    text = (
        f"What {calendar.month_name[today.month]} has cost before today, and for each day from today on the "
        "mean of the same weekdays of the last four weeks. The band: the cheapest and the dearest of these."
    )
    return Forecast(middle, low, high, tuple(rest), text)


@dataclass(frozen=True, slots=True)
class AccountMonth:
    """The month so far of an account: with tiers, and the free tier as a line of its own.

    free_used: parts of the free tier that are used up, by item, as far as it is known here.
    """

    account: str
    currency: str
    bill: Bill
    has_free_tier: bool
    free_used: Mapping[PriceItem, Decimal]


def make_bills(
    functions: Iterable[MonthFunction],
    today: date,
    prices: PriceTable,
    has_free_tier: Callable[[str], bool],
) -> list[AccountMonth]:
    """The month so far of each account and currency. An account that is not known has its place's name."""
    used: dict[tuple[str, str], dict[tuple[str, str], dict[PriceItem, Decimal]]] = {}
    accounts: dict[str, str] = {}
    for each in functions:
        owner = each.account or each.connection
        accounts[owner] = each.account
        usages = used.setdefault((owner, each.days.currency), {})
        items = usages.setdefault((each.region, each.function.architecture), {})
        stop = today.toordinal() - each.days.first_day + 1
        for item, quantities in each.days.quantities.items():
            items[item] = items.get(item, _ZERO) + sum(quantities[stop - today.day : stop], _ZERO)
    found = []
    for (owner, currency), usages in used.items():
        parts = [
            Usage(region, architecture, {item: each for item, each in items.items() if each})
            for (region, architecture), items in usages.items()
        ]
        has_it = has_free_tier(accounts[owner])
        bill = make_bill(parts, prices, free_tier=has_it)
        totals: dict[PriceItem, Decimal] = {
            item: sum((part.quantities.get(item, _ZERO) for part in parts), _ZERO) / free
            for item, free in FREE_TIER.items()
            if item is not PriceItem.STREAMING
        }
        found.append(AccountMonth(owner, currency, bill, has_it, totals))
    return found


def _span(first: date, last: date) -> str:
    return f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
