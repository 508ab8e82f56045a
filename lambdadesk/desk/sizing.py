"""What was observed of a function, and what it would have cost set up otherwise; worked out in a thread."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from lambdadesk.core.concurrency import (
    Concurrency,
    Hours,
    ProvisionedOption,
    compare_provisioned,
    observed_concurrency,
)
from lambdadesk.core.observed import Period, Sample, as_it_was, to_samples
from lambdadesk.core.prices import PriceTable
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Cost, FunctionInfo
from lambdadesk.core.what_if import (
    SIZES,
    TIMEOUTS_S,
    Option,
    TimeoutOption,
    break_even,
    compare_architectures,
    compare_sizes,
    compare_timeouts,
)
from lambdadesk.desk.connection import Connection

if TYPE_CHECKING:  # imported in a thread, since numpy is slow to
    from lambdadesk.core.invocation_columns import InvocationColumns

MOST_RUNS = 10_000  # the newest are taken: more tell no more, and take long


@dataclass(frozen=True, slots=True)
class WhatIf:
    """All comparisons of one period. is_cut: there may be more runs before it.

    break_even: how many times as long runs may take on the other architecture before they cost more.
    """

    period: Period
    cost: Cost
    sizes: tuple[Option, ...]
    architectures: tuple[Option, ...]
    break_even: Decimal | None
    timeouts: tuple[TimeoutOption, ...]
    concurrency: Concurrency
    provisioned: tuple[ProvisionedOption, ...]
    is_cut: bool = False


async def observe(connection: Connection, function: FunctionInfo) -> list[Sample]:
    """The newest runs of a function with a whole REPORT, in the order of their starts: this session's, and
    what is kept of earlier ones.
    """
    columns = await connection.invocations.columns(function.name)
    return await in_thread(_to_samples, columns, function.name)


def _to_samples(columns: "InvocationColumns", function: str) -> list[Sample]:
    return to_samples(columns.where(slice(max(0, len(columns) - MOST_RUNS), None)).invocations(function))


async def compare(
    connection: Connection,
    function: FunctionInfo,
    *,
    sizes: Iterable[int] = (),
    timeouts_s: Iterable[int] = (),
    units: Iterable[int] = (),
    when: Hours | None = None,
) -> WhatIf | None:
    """Compare what was observed with the usual alternatives and these besides; None: nothing was observed.

    when: at what hours units are configured; None: all the time.
    """
    samples = await observe(connection, function)
    if not samples or function.capacity_provider:
        return None
    period = Period(function, connection.target.region, samples)
    return await in_thread(
        _compare,
        period,
        connection.prices,
        (*sizes,),
        (*timeouts_s,),
        (*units,),
        when,
        len(samples) == MOST_RUNS,
    )


def _compare(
    period: Period,
    prices: PriceTable,
    sizes: tuple[int, ...],
    timeouts_s: tuple[int, ...],
    units: tuple[int, ...],
    when: Hours | None,
    is_cut: bool,
) -> WhatIf:
    architectures = compare_architectures(period, prices)
    present, other = sorted(architectures, key=lambda option: not option.is_present)
    usual = compare_provisioned(period, prices, when=when)
    more = [each for each in units if each not in {option.units for option in usual}]
    if more:
        usual = sorted(
            (*usual, *compare_provisioned(period, prices, more, when)), key=lambda each: each.units
        )
    return WhatIf(
        period,
        as_it_was(period, prices),
        tuple(compare_sizes(period, prices, {*SIZES, *sizes})),
        tuple(architectures),
        break_even(present.low, other.low),
        tuple(compare_timeouts(period, prices, {*TIMEOUTS_S, *timeouts_s})),
        observed_concurrency(period),
        tuple(usual),
        is_cut,
    )
