"""The sums of a function's invocations in a sentence's parts. Imported late, since numpy is slow to."""

from datetime import datetime

from lambdadesk.core.invocation_columns import UNKNOWN, InvocationColumns, Source
from lambdadesk.core.money import format_money


def summarise(seen: InvocationColumns, of_all: int) -> str:
    """How many, since when, known from where, how many failed, and what they took and cost to the last digit.

    of_all: how many there are, where not all are looked at.
    """
    lead = "" if len(seen) == of_all else f"In sight, of {of_all:,} in all: "
    if not len(seen):
        return f"{lead}no invocation"
    totals = seen.totals()
    elsewhere = seen.source[~seen.here]
    past, kept = (int((elsewhere == each).sum()) for each in (Source.PAST, Source.KEPT))
    counted = (
        (len(seen) - len(elsewhere), "made here"),
        (len(elsewhere) - past - kept, "seen in the log"),
        (past, "from a past range"),
        (kept, "kept from before"),
    )
    sources = [f"{count:,} {words}" for count, words in counted if count]
    parts = [
        f"{lead}{_count(len(seen), 'invocation')} since {_clock(int(seen.started_ms[0]))}, "
        + ", ".join(sources),
        f"{totals.errors:,} failed",
    ]
    if colds := int(seen.cold.sum()):
        parts.append(_count(colds, "cold start"))
    parts.append(f"{totals.gb_seconds:,.6f} GB-s")
    if totals.unknown_cost < totals.invocations:
        currency = seen.currencies[int(seen.currency[seen.cost_nano != UNKNOWN][-1])]
        parts.append(("" if totals.exact else "≈ ") + format_money(totals.cost, currency))
    if totals.unknown_cost:
        parts.append(f"{totals.unknown_cost:,} without a known cost")
    if as_ran := int(seen.as_ran.sum()):
        parts.append(f"{as_ran:,} priced as of when {'it' if as_ran == 1 else 'they'} ran")
    return " · ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _clock(at_ms: int) -> str:
    """The time, and the day where it is not today."""
    at = datetime.fromtimestamp(at_ms / 1000).astimezone()
    is_today = at.date() == datetime.now().astimezone().date()
    return f"{at:%H:%M:%S}" if is_today else f"{at:%Y-%m-%d %H:%M}"
