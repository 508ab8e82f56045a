"""Kept costs are those of the prices of now where what was billed can be told, else they say so."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from lambdadesk.core.cost import invocation_cost
from lambdadesk.core.day_sums import DaySums
from lambdadesk.core.invocation_columns import InvocationColumns, Source
from lambdadesk.core.invocation_summary import summarise
from lambdadesk.core.kept_prices import get_pricings, reprice_days
from lambdadesk.core.month_cost import CountedDays, cost_days, day_of, sum_reports
from lambdadesk.core.prices import Overrides, PriceItem, PriceTable, load_prices
from lambdadesk.core.reprice import reprice, reprice_past
from lambdadesk.core.types import FunctionInfo, Invocation, InvocationType, Outcome, Report
from tests.core.test_invocation_columns import START_MS, STREAM, request

REGION = "eu-central-1"
LIST = load_prices()
PLAN = {(REGION, "x86_64", PriceItem.DURATION): Decimal("0.0000123")}
LESS, MORE, PLANNED = (
    LIST.with_overrides(each)
    for each in (
        Overrides(Decimal("12.5")),
        Overrides(Decimal("33.33")),
        Overrides(Decimal(3), savings_plan=PLAN),
    )
)
FUNCTION = FunctionInfo("f", memory_mb=512, runtime="python3.13", ephemeral_mb=1024)
OF_ARM = replace(FUNCTION, architecture="arm64")
REPORTS = [
    Report(request(0), Decimal("15.74"), 16, 128, 56),
    Report(request(1), Decimal("899999.5"), 900_000, 10_240, 56),
    Report(request(2), Decimal("3016.78"), 3101, 512, 31, Decimal("84.00")),
    Report(request(3), Decimal("99.1"), 133, 512, 31, restore_ms=Decimal("33.2"), billed_restore_ms=33),
    Report(request(4), Decimal("99.1"), None, 512, 31),
    Report(request(5), Decimal("99.1"), 100, None, 31),
]


def runs(prices: PriceTable, function: FunctionInfo = FUNCTION, **more: object) -> list[Invocation]:
    return [
        Invocation(
            *("f", report.request_id, START_MS + 1000 * at, STREAM),
            ended_ms=START_MS + 1000 * at + 500,
            outcome=Outcome.OK,
            report=report,
            cost=invocation_cost(report, function, REGION, prices, **more),  # type: ignore[arg-type]
            here=bool(more),
        )
        for at, report in enumerate(REPORTS)
    ]


def columns(each: list[Invocation]) -> InvocationColumns:
    return InvocationColumns.from_invocations(each)


def costs(of: InvocationColumns) -> list[tuple[Decimal | None, str, bool]]:
    return [(of.cost_at(row), of.currencies[of.currency[row]], bool(of.exact[row])) for row in range(len(of))]


@pytest.mark.parametrize("now", [LIST, LESS, MORE, PLANNED])
@pytest.mark.parametrize("was", [LIST, LESS, MORE])
@pytest.mark.parametrize("ran_on", [FUNCTION, OF_ARM])
def test_what_was_at_list_price_or_a_share_of_it_costs_what_it_does_now(
    was: PriceTable, now: PriceTable, ran_on: FunctionInfo
) -> None:
    anew = reprice(columns(runs(was, ran_on)), get_pricings(FUNCTION, REGION, now))
    assert costs(anew) == costs(columns(runs(now, ran_on)))
    assert not anew.as_ran.any()


def test_what_costs_what_it_does_now_stays_the_same_object() -> None:
    kept = columns(runs(PLANNED))
    assert reprice(kept, get_pricings(FUNCTION, REGION, PLANNED)) is kept


def test_what_cannot_be_told_keeps_its_cost_and_says_so() -> None:
    big = {"kind": InvocationType.EVENT, "payload_bytes": 1_000_000}
    for kept in (columns(runs(LIST, **big)), columns(runs(PLANNED))):
        anew = reprice(kept, get_pricings(FUNCTION, REGION, MORE))
        is_billed = anew.as_ran[kept.billed_ms > 0]
        assert is_billed.all()
        assert np.array_equal(anew.cost_nano[anew.as_ran], kept.cost_nano[anew.as_ran])
        assert np.array_equal(anew.cost_rest[anew.as_ran], kept.cost_rest[anew.as_ran])
        assert f"{int(anew.as_ran.sum()):,} priced as of when they ran" in summarise(anew, len(anew))
    gone = reprice(kept, [])
    assert costs(gone) == costs(kept)
    assert gone.as_ran.all()


def test_of_a_past_range_only_what_it_alone_told_is_priced() -> None:
    live, past = runs(LIST)[:2], runs(LIST)[2:]
    both = columns(live).extended(InvocationColumns.from_invocations(past, Source.PAST))
    anew = reprice_past(both, get_pricings(FUNCTION, REGION, LESS))
    assert costs(anew) == costs(columns(runs(LIST)[:2] + runs(LESS)[2:]))


def test_a_kept_day_is_summed_at_the_prices_of_now_too() -> None:
    day = day_of(START_MS)
    plain = replace(FUNCTION, ephemeral_mb=512)

    def sums(prices: PriceTable, *more: int) -> dict[int, DaySums]:
        some = [each for each in runs(prices, plain) if each.report in REPORTS[:3]]
        some += [replace(each, outcome=Outcome.ERROR) for each in some[: len(more)]]
        return sum_reports(some)

    for was in (LIST, LESS, MORE):
        assert reprice_days(sums(was, 1), plain, REGION, MORE)[day].cost == sums(MORE, 1)[day].cost
        assert reprice_days(sums(was, 1), plain, REGION, MORE)[day].errors_cost == (
            sums(MORE, 1)[day].errors_cost
        )
    told = reprice_days(sums(PLANNED), plain, REGION, LIST)[day]
    assert told == replace(sums(PLANNED)[day], as_ran=3)
    counted = CountedDays({day: 3}, {}, {day: 903_000.0})
    days = cost_days(plain, counted, REGION, LIST, range(day, day + 1), {day: told})
    assert (days.as_ran, days.costs) == ({day: 3}, (told.cost,))
    assert reprice_days(sums(PLANNED), plain, REGION, PLANNED) == sums(PLANNED)
