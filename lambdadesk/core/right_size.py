"""What a function would save with the memory that its headroom suggests. Imported late: numpy."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from lambdadesk.core.cost import price_quantities
from lambdadesk.core.headroom import Headroom, headroom
from lambdadesk.core.invocation_columns import UNKNOWN, InvocationColumns
from lambdadesk.core.prices import PriceItem, PriceTable
from lambdadesk.core.types import FunctionInfo
from lambdadesk.core.what_if import ONE_CPU_MB, Span

_MB_MS_PER_GB_S = Decimal(1024 * 1000)


@dataclass(frozen=True, slots=True)
class RightSize:
    """One function: its headroom, and what its runs of the present size cost for their duration.

    saving: what the suggested size would have saved of that, by the model of `core.what_if`: below 0 it costs
    more; None where none is suggested, or where it is not billed by memory.
    """

    function: FunctionInfo
    headroom: Headroom
    cost: Decimal | None
    saving: Span | None
    currency: str


def right_size(
    function: FunctionInfo, columns: InvocationColumns, region: str, prices: PriceTable
) -> RightSize:
    """What the runs of a function say of its memory, and what another size would have saved."""
    found = headroom(columns, function.memory_mb)
    currency = prices.currency(region)
    chosen = (columns.memory_mb == function.memory_mb) & (columns.billed_ms != UNKNOWN)
    billed_ms = columns.billed_ms[chosen].astype(np.int64)
    if function.capacity_provider or not len(billed_ms):
        return RightSize(function, found, None, None, currency)

    def cost(total_ms: int, size: int) -> Decimal:
        gb_s = Decimal(total_ms * size) / _MB_MS_PER_GB_S
        return price_quantities({PriceItem.DURATION: gb_s}, region, function.architecture, prices).amount

    total_ms = int(billed_ms.sum())
    present = cost(total_ms, function.memory_mb)
    size = found.suggested_mb
    if size is None or size == function.memory_mb:
        return RightSize(function, found, present, None, currency)
    share, other = min(function.memory_mb, ONE_CPU_MB), min(size, ONE_CPU_MB)
    bound_ms = int((-(-billed_ms * share // other)).sum())
    saving = Span.of(present - cost(total_ms, size), present - cost(bound_ms, size))
    return RightSize(function, found, present, saving, currency)
