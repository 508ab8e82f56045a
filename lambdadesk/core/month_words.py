"""The figures of a month in words, as they stand above and below its table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from lambdadesk.core.money import format_amount, format_rough
from lambdadesk.core.month_view import (
    NO_STACK,
    NO_TAG,
    STACK_TAG,
    TAGS_UNKNOWN,
    AccountMonth,
    Forecast,
    Grouping,
    MonthFunction,
    MonthRow,
    Period,
)
from lambdadesk.core.prices import PriceItem

_BILLS_NAMED = 3
_NOTES_SHOWN = 4
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure under its title. hint: how it came about."""

    title: str
    text: str
    hint: str = ""


class _Sum:
    """The rows of a currency together."""

    def __init__(self, rows: Iterable[MonthRow], currency: str) -> None:
        mine = [row for row in rows if row.currency == currency]
        self.currency = currency
        self.is_exact = all(row.is_exact for row in mine)
        self.cost = sum((row.cost for row in mine), _ZERO)
        self.full = sum((row.full for row in mine), _ZERO)
        self.before = sum((row.before for row in mine), _ZERO)
        self.error_cost = sum((row.error_cost for row in mine), _ZERO)
        self.log_cost = sum((row.log_cost or _ZERO for row in mine), _ZERO)
        self.log_of = sum(row.log_of for row in mine)

    def money(self, amount: Decimal) -> str:
        return f"{'' if self.is_exact or not amount else '≈ '}{format_amount(amount, self.currency)}"


def get_main_currency(functions: Iterable[MonthFunction]) -> str:
    """The one that most functions are billed in; only its amounts are added up."""
    currencies = [each.days.currency for each in functions]
    return max(sorted(set(currencies)), key=currencies.count, default="USD")


def get_figures(
    functions: Sequence[MonthFunction],
    month_rows: Iterable[MonthRow],
    rows: Iterable[MonthRow],
    period: Period,
    coming: Forecast,
    currency: str,
) -> list[Figure]:
    """Month so far, forecast, change, errors' cost and log ingestion.

    month_rows, rows: those of the functions for the month so far, and for the period.
    """
    month = _Sum(month_rows, currency)
    shown = _Sum(rows, currency)
    others = sorted({each.days.currency for each in functions} - {currency})
    also = f" Functions billed in {', '.join(others)} are in the table alone." if others else ""
    hint = f"Of the functions that are shown, by UTC days, before free tier.{also}"
    figures = [Figure("Month so far", month.money(month.cost), hint)]
    if coming.is_known:
        low, middle, high = (
            format_rough(each, currency) for each in (coming.low, coming.amount, coming.high)
        )
        title = f"Forecast, {period.last:%B}"
        figures.append(Figure(title, f"≈ {middle} ({low} to {high})", coming.text))
    else:
        figures.append(Figure("Forecast", "not known", coming.text))
    title = "Change to last month" if period.is_month else f"Change to {period.compared} days before"
    if not period.compared:
        words = "not known"
    elif not shown.before:
        words = "nothing before"
    else:
        words = say_change(round(100 * (shown.full - shown.before) / shown.before))
    figures.append(Figure(title, words, period.compared_words))
    share = f" ({100 * shown.error_cost / shown.cost:.1f} %)" if shown.error_cost else ""
    hint = f"What invocations that failed cost, {period.words}."
    figures.append(Figure("Errors' cost", f"{shown.money(shown.error_cost)}{share}", hint))
    if shown.log_of:
        hint = f"What CloudWatch Logs takes, {period.words}, at the first tier's price; not part of the cost."
        figures.append(Figure("Log ingestion", f"≈ {format_amount(shown.log_cost, currency)}", hint))
    else:
        hint = "Not offered by this endpoint: it does not tell how much was logged."
        figures.append(Figure("Log ingestion", "not offered", hint))
    return figures


def get_free_tier(bills: Sequence[AccountMonth]) -> Figure:
    """How much of the free tier is used, of the account that used most of it."""
    if not bills:
        return Figure("Free tier used", "not known")
    used = {
        each.account: f"requests {_get_part(each.free_used[PriceItem.REQUEST])}, "
        f"GB-s {_get_part(each.free_used[PriceItem.DURATION])}"
        for each in bills
    }
    most = max(bills, key=lambda each: max(each.free_used.values()))
    title = "Free tier used" if len(bills) == 1 else "Free tier used, at most"
    hint = "\n".join(f"{account}: {text} of this month's free tier" for account, text in used.items())
    return Figure(title, used[most.account], hint)


def _get_part(used: Decimal) -> str:
    return "all" if used >= 1 else f"{100 * used:.0f} %"


def get_bills(bills: Sequence[AccountMonth], today: date) -> tuple[str, str]:
    """The bills in a line, and all that is to be said of them."""
    words = [_get_bill(each) for each in bills]
    more = f" · and {len(words) - _BILLS_NAMED:,} more accounts" if len(words) > _BILLS_NAMED else ""
    notes = [note for each in bills for note in (*each.bill.gross.notes, *each.bill.free_tier.notes)]
    line = f"{today:%B} so far by account, with tiers: {' · '.join(words[:_BILLS_NAMED])}{more}"
    return line, "\n".join(dict.fromkeys((*words, *notes)))


def _get_bill(month: AccountMonth) -> str:
    bill, currency = month.bill, month.currency
    gross = f"{month.account} ≈ {format_amount(bill.gross.amount, currency)}"
    if not month.has_free_tier:
        return f"{gross}, free tier not taken off (File, Prices and costs)"
    free, total = (format_amount(each.amount, currency) for each in (bill.free_tier, bill.total))
    return f"{gross}, free tier {free}, to pay {total}"


@dataclass(frozen=True, slots=True)
class Gone:
    """Functions that were deleted: that are in the figures, of how many of them only requests are, and that
    were not read yet. is_listed: whether CloudWatch listed all; None: it was not asked.
    """

    count: int = 0
    least: int = 0
    unread: int = 0
    is_listed: bool | None = None

    @property
    def words(self) -> str:
        if self.is_listed is None and not self.count:
            return "functions that were deleted are not in it yet"
        of = "them" if self.least == self.count else f"{self.least:,} of them"
        least = f", of {of} only the requests" if self.least else ""
        parts = []
        if self.count or not self.unread:
            parts.append(f"{self.count:,} deleted besides{least}" if self.count else "none that was deleted")
        if self.unread:
            parts.append(f"{self.unread:,} deleted still to be read")
        if self.is_listed:
            parts.append("CloudWatch lists deleted ones for two weeks after they ran")
        else:
            parts.append("CloudWatch did not list all that ran, so that deleted ones may be missing")
        return " · ".join(parts)


def get_note(
    shown: int,
    known: int,
    total: int,
    read_ms: tuple[int, int] | None,
    without_logs: Sequence[str],
    gone: Gone,
) -> str:
    """What the figures cover: functions that are shown, that have figures, and that there are."""
    parts = [f"{shown:,} of {known:,} functions shown" if shown < known else f"{known:,} functions"]
    if known < total:
        parts.append(f"{total - known:,} not read yet")
    if read_ms:
        first, last = (
            f"{datetime.fromtimestamp(each / 1000, UTC).astimezone():%Y-%m-%d %H:%M}" for each in read_ms
        )
        parts.append(f"read {first}" if first == last else f"read {first} to {last}")
    parts.append("days are UTC's, as on the bill")
    parts.append("list prices before free tier and tiers")
    parts.append(gone.words)
    if without_logs:
        parts.append(f"log ingestion is not offered by {', '.join(without_logs)}")
    return " · ".join(parts)


def say_change(percent: int) -> str:
    """A change with its sign: "+51 %", "±0 %"."""
    return f"{'+' if percent > 0 else '-' if percent < 0 else '±'}{abs(percent):,} %"


def get_why(row: MonthRow) -> str:
    """How the figures of a row came about."""
    estimate = "at least this" if row.is_least else "an estimate"
    basis = estimate if not row.is_exact else "exact: the REPORT lines of all invocations were summed"
    if not row.requests and row.is_exact:
        basis = "CloudWatch counted nothing"
    notes = row.notes[:_NOTES_SHOWN]
    more = f"And {len(row.notes) - len(notes):,} more reasons." if len(row.notes) > len(notes) else ""
    return " ".join(filter(None, (f"{row.name}: {basis}.", *notes, more)))


def get_group_words(by: Grouping, tag: str, title: str) -> str:
    """What to filter by for the functions of a group; empty where that is what they lack."""
    match by:
        case Grouping.TAG | Grouping.STACK if title in (NO_STACK, TAGS_UNKNOWN, f"{NO_TAG} {tag}"):
            return ""
        case Grouping.TAG:
            return f"{tag}={title}"
        case Grouping.STACK:
            return f"{STACK_TAG}={title}"
        case _:
            return title


def has_words(function: MonthFunction, words: Iterable[str]) -> bool:
    """Whether name, place, runtime or a tag ("team=one") of the function has all these words (lower case)."""
    text = " ".join(
        (
            function.function.name,
            function.connection,
            function.account,
            function.region,
            function.runtime,
            "deleted" if function.is_deleted else "",
            *(f"{name}={value}" for name, value in (function.tags or {}).items()),
        )
    ).casefold()
    return all(word in text for word in words)
