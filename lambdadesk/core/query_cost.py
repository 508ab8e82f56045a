"""What a query of Logs Insights costs, which is by the bytes that it scans, and how many those may be."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import Final

from lambdadesk.core.insights import LogGroupInfo
from lambdadesk.core.prices import PriceItem, PriceTable
from lambdadesk.core.types import Cost

GB: Final = 1_000_000_000  # bytes; AWS does not say which GB it bills, and this one never says too little
ASK_FROM_BYTES: Final = 10 * GB  # a query that may scan so much asks first
_DAY_S: Final = 86_400


def get_price(bytes_scanned: int, prices: PriceTable, region: str) -> Cost:
    """What scanning so many bytes costs at list price."""
    cost = prices.cost(PriceItem.LOG_INSIGHTS, Decimal(bytes_scanned) / GB, region, "x86_64")
    notes = tuple(
        f"No price of Logs Insights is known for {region}; the one of us-east-1 is used." for _ in cost.notes
    )
    return replace(cost, notes=notes)


def format_bytes(count: int) -> str:
    """ "812 bytes", "3.4 MB", "1.2 GB"; never rounded to nothing."""
    if count < 1_000:
        return f"{count} byte" + ("" if count == 1 else "s")
    for unit, size in (("kB", 1_000), ("MB", 1_000_000), ("GB", GB), ("TB", 1_000 * GB)):
        if count < 1_000 * size or unit == "TB":
            return f"{count / size:,.1f} {unit}"
    raise AssertionError("the last unit takes all")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a query may scan: what is stored, spread evenly over the time that it is kept for.

    A busy stretch scans more, and stored bytes are hours behind. unknown: groups of which nothing is known.
    """

    bytes_scanned: int
    unknown: tuple[str, ...] = ()


def estimate(
    groups: Iterable[str], infos: Iterable[LogGroupInfo], start_s: int, end_s: int, now_s: float
) -> Estimate:
    """How many bytes a query over these groups and seconds scans, about."""
    known = {info.name: info for info in infos}
    names = list(groups)
    total = sum(
        (_get_share(known[name], start_s, end_s, now_s) for name in names if name in known), Decimal(0)
    )
    return Estimate(
        int(total.to_integral_value(ROUND_CEILING)), tuple(name for name in names if name not in known)
    )


def _get_share(info: LogGroupInfo, start_s: int, end_s: int, now_s: float) -> Decimal:
    begins = [now_s - info.retention_days * _DAY_S] if info.retention_days else []
    begins += [info.created_ms / 1000] if info.created_ms else []
    if not begins:
        return Decimal(info.stored_bytes)  # since when is not known: it may all be within
    first_s = max(begins)
    kept_s = max(1.0, now_s - first_s)
    within_s = min(float(end_s) + 1, now_s) - max(float(start_s), first_s)
    return info.stored_bytes * Decimal(max(0.0, min(within_s, kept_s))) / Decimal(kept_s)
