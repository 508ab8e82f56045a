"""A month of many functions: periods by UTC, sums by group, change, forecast, bills of accounts, CSV."""

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from lambdadesk.core.month_cost import DAYS, CountedDays, cost_days
from lambdadesk.core.month_csv import to_csv
from lambdadesk.core.month_view import (
    STACK_TAG,
    Grouping,
    MonthFunction,
    MonthRow,
    forecast,
    get_group,
    get_tag_names,
    last_days,
    make_bills,
    month_so_far,
    sum_rows,
)
from lambdadesk.core.month_words import Gone, get_group_words, get_note, get_why, has_words, say_change
from lambdadesk.core.prices import PriceItem, load_prices
from lambdadesk.core.types import FunctionInfo

PRICES = load_prices()
REQUEST, GB_S = Decimal("0.0000002"), Decimal("0.0000166667")
TODAY = date(2026, 11, 27)  # a Friday
ONE, TWO = "000000000000", "123456789012"


def make(
    name: str,
    requests: Mapping[date, int],
    *,
    account: str = ONE,
    region: str = "us-east-1",
    tags: Mapping[str, str] | None = None,
    today: date = TODAY,
    duration_ms: Mapping[date, float] | None = None,
    **fields: str,
) -> MonthFunction:
    function = FunctionInfo(name, memory_mb=1024, runtime=fields.get("runtime", "python3.13"))
    sums = CountedDays(
        {day.toordinal(): count for day, count in requests.items()},
        {},
        {day.toordinal(): each for day, each in (duration_ms or {}).items()},
    )
    last = today.toordinal()
    days = cost_days(function, sums, region, PRICES, range(last - DAYS + 1, last + 1))
    return MonthFunction(f"c/{account}/{region}", "c", "", account, region, function, tags, days)


def ago(count: int, today: date = TODAY) -> date:
    return today - timedelta(days=count)


def only(rows: list[MonthRow]) -> MonthRow:
    (row,) = rows
    return row


@pytest.mark.parametrize(
    ("today", "first", "before", "compared"),
    [
        ((2026, 11, 27), (2026, 11, 1), (2026, 10, 1), 26),
        ((2026, 3, 31), (2026, 3, 1), (2026, 2, 1), 28),  # February has no more
        ((2026, 1, 1), (2026, 1, 1), (2025, 12, 1), 0),
        ((2026, 8, 31), (2026, 8, 1), (2026, 7, 1), 30),
    ],
)
def test_a_month_is_compared_with_the_same_days_of_the_month_before(
    today: tuple[int, int, int], first: tuple[int, int, int], before: tuple[int, int, int], compared: int
) -> None:
    period = month_so_far(date(*today))
    assert (period.first, period.last) == (date(*first), date(*today))
    assert (period.before, period.compared) == (date(*before), compared)
    assert (period.last - period.before).days < DAYS


def test_30_days_are_compared_with_as_many_full_ones() -> None:
    period = last_days(TODAY)
    assert period.first == date(2026, 10, 29)
    assert period.before == date(2026, 9, 30)
    assert period.compared == 29
    assert period.compared_words == (
        "2026-10-29 to 2026-11-26, against 2026-09-30 to 2026-10-28: full days, by UTC."
    )
    assert month_so_far(date(2026, 11, 1)).compared_words == "No full day to compare yet."


def test_sums_of_a_period_and_its_change() -> None:
    function = make("f", {TODAY: 5, ago(1): 30, ago(29): 10, ago(30): 8, ago(58): 12, ago(59): 100})
    row = only(sum_rows([function], last_days(TODAY)))
    assert row.requests == 45
    assert row.cost == 45 * REQUEST
    assert (row.full, row.before) == (40 * REQUEST, 20 * REQUEST)
    assert row.change == 1
    assert row.costs[0] == 10 * REQUEST
    assert row.costs[-1] == 5 * REQUEST
    assert row.per_million == Decimal("0.2")
    assert (row.used_mb, row.headroom, row.cold_cost, row.log_cost) == (0, None, None, None)
    month = only(sum_rows([function], month_so_far(TODAY)))
    assert month.requests == 35
    assert month.change is None  # nothing from 1 to 26 October
    idle = only(sum_rows([make("idle", {})], last_days(TODAY)))
    assert (idle.cost, idle.change, idle.per_million, idle.is_exact) == (0, None, None, True)


def test_the_first_moment_of_a_month_is_in_it_and_the_last_of_the_one_before_is_not() -> None:
    function = make("f", {date(2026, 11, 1): 1, date(2026, 10, 31): 10})
    assert only(sum_rows([function], month_so_far(TODAY))).requests == 1


def test_groups() -> None:
    functions = [
        make("a", {TODAY: 1}, tags={"team": "one", STACK_TAG: "shop"}),
        make("b", {TODAY: 2}, tags={"team": "two"}, runtime=""),
        make("c", {TODAY: 4}, account=TWO, region="eu-central-1"),
    ]

    def get(by: Grouping, tag: str = "") -> dict[str, int]:
        rows = sum_rows(functions, last_days(TODAY), by, tag)
        return {row.title: row.requests for row in rows}

    assert get(Grouping.FUNCTION) == {"a": 1, "b": 2, "c": 4}
    assert get(Grouping.ACCOUNT) == {ONE: 3, TWO: 4}
    assert get(Grouping.REGION) == {"us-east-1": 3, "eu-central-1": 4}
    assert get(Grouping.RUNTIME) == {"python3.13": 5, "container image": 2}
    assert get(Grouping.STACK) == {"shop": 1, "no stack": 2, "tags not known": 4}
    assert get(Grouping.TAG, "team") == {"one": 1, "two": 2, "tags not known": 4}
    assert get(Grouping.TAG, "stage") == {"no tag stage": 3, "tags not known": 4}
    assert get_tag_names(functions) == ["team"]


def test_a_name_of_two_places_is_two_rows_and_currencies_are_never_added() -> None:
    twins = [make("f", {TODAY: 1}), make("f", {TODAY: 2}, region="cn-north-1")]
    assert len(sum_rows(twins, last_days(TODAY))) == 2
    rows = sum_rows(twins, last_days(TODAY), Grouping.RUNTIME)
    assert {row.currency: row.requests for row in rows} == {"USD": 1, "CNY": 2}


def test_the_forecast_takes_each_weekday_of_the_last_four_weeks() -> None:
    # Fridays 10, 20, 30, 40; Saturdays 4; nothing else. November has three days after this Friday.
    requests = {ago(7): 10, ago(14): 20, ago(21): 30, ago(28): 40, TODAY: 1}
    requests |= {ago(6): 4, ago(13): 4, ago(20): 4, ago(27): 4, ago(35): 1_000}
    seen = forecast([make("f", requests)], TODAY, "USD")
    before = sum(count for day, count in requests.items() if day.month == 11 and day < TODAY)
    assert seen.amount == (before + 25 + 4) * REQUEST
    assert seen.low == (before + 10 + 4) * REQUEST
    assert seen.high == (before + 40 + 4) * REQUEST
    assert [middle / REQUEST for middle, _, _ in seen.days] == [25, 4, 0, 0]


def test_today_costs_at_least_what_it_has_so_far() -> None:
    seen = forecast([make("f", {TODAY: 100, ago(7): 10})], TODAY, "USD")
    assert seen.days[0] == (100 * REQUEST, 100 * REQUEST, 100 * REQUEST)


def test_a_forecast_goes_to_the_end_of_a_long_month() -> None:
    today = date(2026, 12, 1)
    seen = forecast([make("f", {ago(n, today): 1 for n in range(1, 29)}, today=today)], today, "USD")
    assert len(seen.days) == 31
    assert seen.amount == seen.low == seen.high == 31 * REQUEST


def test_without_any_cost_there_is_no_forecast() -> None:
    assert not forecast([make("f", {ago(40): 5})], TODAY, "USD").is_known
    assert not forecast([make("f", {ago(4): 5})], TODAY, "CNY").is_known


def test_the_free_tier_is_one_for_the_account_and_tiers_are_its_regions() -> None:
    functions = [
        make("a", {TODAY: 1_500_000}, duration_ms={TODAY: 1e12 * 5}),
        make("b", {TODAY: 500_000, date(2026, 10, 31): 7}, duration_ms={TODAY: 1e12 * 5}),
        make("c", {TODAY: 400_000}, region="eu-central-1"),
        make("d", {TODAY: 250_000}, account=TWO),
    ]
    bills = {
        each.account: each for each in make_bills(functions, TODAY, PRICES, lambda account: account == ONE)
    }
    one = bills[ONE]
    # 10 billion GB-s together: 6 at the first tier's price, 4 at the second's
    duration = 6_000_000_000 * GB_S + 4_000_000_000 * Decimal("0.0000150000")
    assert one.bill.gross.amount == duration + 2_400_000 * REQUEST
    assert one.bill.free_tier.amount == -(1_000_000 * REQUEST + 400_000 * Decimal("0.0000150000"))
    assert one.free_used[PriceItem.REQUEST] == Decimal("2.4")
    two = bills[TWO]
    assert (two.has_free_tier, two.bill.free_tier.amount) == (False, 0)
    assert two.free_used == {PriceItem.REQUEST: Decimal("0.25"), PriceItem.DURATION: 0}


def test_csv_has_every_digit_and_no_formula() -> None:
    functions = [make("=f", {TODAY: 3}), make("idle", {})]
    period = last_days(TODAY)
    rows = list(csv.DictReader(io.StringIO(to_csv(sum_rows(functions, period), period).decode())))
    assert rows[0]["name"] == "'=f"
    assert rows[0]["cost"] == "0.0000006"
    assert rows[0]["2026-11-27"] == "0.0000006"
    assert rows[0]["2026-10-29"] == "0"
    assert rows[0]["basis"] == "estimate"
    assert rows[0]["cost_of_cold_starts"] == ""
    assert "leaves out INIT" in rows[0]["notes"]
    assert (rows[1]["basis"], rows[1]["cost_per_million"]) == ("exact", "")


@pytest.mark.parametrize(
    ("by", "tag", "title", "words"),
    [
        (Grouping.TAG, "team", "one", "team=one"),
        (Grouping.TAG, "team", "no tag team", ""),
        (Grouping.STACK, "", "shop", "aws:cloudformation:stack-name=shop"),
        (Grouping.STACK, "", "no stack", ""),
        (Grouping.TAG, "team", "tags not known", ""),
        (Grouping.RUNTIME, "", "container image", "container image"),
        (Grouping.REGION, "", "us-east-1", "us-east-1"),
    ],
)
def test_a_group_is_looked_into_by_words(by: Grouping, tag: str, title: str, words: str) -> None:
    assert get_group_words(by, tag, title) == words
    functions = [
        make("a", {TODAY: 1}, tags={"team": "one", STACK_TAG: "shop"}, runtime=""),
        make("b", {TODAY: 1}, tags={}, region="eu-west-1"),
    ]
    if words:
        found = [each.function.name for each in functions if has_words(each, words.casefold().split())]
        assert found == ["a"]


def test_what_figures_cover() -> None:
    at_ms = 1_795_000_000_000
    note = get_note(5, 10, 12, (at_ms, at_ms + 3_600_000), ["Local AWS"], Gone())
    assert note.startswith("5 of 10 functions shown · 2 not read yet · read 2026-")
    assert note.count(" to 2026-") == 1
    assert note.endswith("log ingestion is not offered by Local AWS")
    assert "functions that were deleted are not in it yet" in note
    assert "read" not in get_note(10, 10, 10, None, [], Gone())
    deleted = get_note(10, 10, 10, None, [], Gone(3, 1, 7, is_listed=True))
    assert "3 deleted besides, of 1 of them only the requests · 7 deleted still to be" in deleted
    assert "none that was deleted · CloudWatch did not list all" in Gone(is_listed=False).words


def test_what_was_deleted_costs_nothing_to_come_and_is_least_where_its_memory_is_not_known() -> None:
    days = {ago(back): 1_000_000 for back in range(1, 29)}
    there, gone = make("there", days), replace(make("gone", days), is_deleted=True)
    both, one = (forecast(each, TODAY, "USD") for each in ([there, gone], [there]))
    assert both.days == one.days
    so_far = sum(gone.days.costs[-TODAY.day :])
    assert both.amount == one.amount + so_far
    unknown = cost_days(
        FunctionInfo("gone", memory_mb=0, package_type=""),
        CountedDays({TODAY.toordinal(): 10}, {}, {TODAY.toordinal(): 90_000.0}),
        "us-east-1",
        PRICES,
        range(TODAY.toordinal() - DAYS + 1, TODAY.toordinal() + 1),
        assumed="Its memory is not known",
    )
    function = FunctionInfo("gone", memory_mb=0, package_type="")
    other = replace(gone, function=function, days=unknown)
    assert get_group(other, Grouping.RUNTIME) == "runtime not known"
    (row,) = sum_rows([other], last_days(TODAY))
    assert (row.cost, row.basis, row.is_deleted) == (10 * REQUEST, "at least", True)
    assert get_why(row) == (
        "gone (deleted): at least this. Its memory is not known: only its requests are counted, not its "
        "duration of 90.0 s in 62 days."
    )
    assert has_words(other, ["deleted"])
    assert not has_words(there, ["deleted"])
    (group,) = sum_rows([there, other], last_days(TODAY), Grouping.REGION)
    assert (group.basis, group.functions, group.is_deleted) == ("at least", 2, False)
    assert " gone: Its memory is not known: only" in get_why(group)
    (line,) = csv.DictReader(io.StringIO(to_csv([row], last_days(TODAY)).decode()))
    assert (line["basis"], line["state"]) == ("at least", "deleted")


def test_why_a_row_is_what_it_is() -> None:
    (row,) = sum_rows([make("f", {TODAY: 1})], last_days(TODAY))
    assert get_why(row).startswith("f: an estimate. CloudWatch's Duration leaves out")
    many = replace(row, notes=tuple(f"Note {number}." for number in range(9)))
    assert get_why(many) == "f: an estimate. Note 0. Note 1. Note 2. Note 3. And 5 more reasons."
    exact = replace(row, is_exact=True, notes=())
    assert get_why(exact) == "f: exact: the REPORT lines of all invocations were summed."
    assert get_why(replace(exact, requests=0)) == "f: CloudWatch counted nothing."


def test_a_change_has_its_sign() -> None:
    assert [say_change(percent) for percent in (1_192, 0, -7)] == ["+1,192 %", "±0 %", "-7 %"]
