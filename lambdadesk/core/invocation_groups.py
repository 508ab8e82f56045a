"""Groups of a function's invocations, by version or by when it was changed, and what tells them apart.

Imported late, since numpy is slow to.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lambdadesk.core.invocation_columns import Floats, InvocationColumns

MOST_GROUPS: Final = 8  # that can be told apart by colour and shape
_OTHERS: Final = "all others"


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """codes: the group of each row, a place in names."""

    names: tuple[str, ...]
    codes: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """What a group's invocations were like; None is for what they can't tell.

    durations: the 50th, 90th and 99th percentile of the handler's milliseconds: the smallest that so many per
    cent do not exceed. cost: of all of them, per_million of a million such.
    """

    name: str
    invocations: int
    errors: int
    cold_starts: int
    p50_ms: float | None
    p90_ms: float | None
    p99_ms: float | None
    cost: Decimal
    per_million: Decimal | None
    currency: str
    is_exact: bool


def group_by_version(columns: InvocationColumns, aliases: Mapping[str, str] | None = None) -> Groups:
    """By the version that ran, the newest last; those beyond the seven that ran last are one group.

    aliases: what each is called beside its number ("live").
    """
    last = np.full(len(columns.versions), -np.inf)
    np.maximum.at(last, columns.version, columns.started_ms.astype(np.float64))
    used = [place for place in range(len(columns.versions)) if math.isfinite(last[place])]
    used.sort(key=lambda place: _order(columns.versions[place]))
    shown = used
    if len(used) > MOST_GROUPS:
        newest = sorted(used, key=lambda place: last[place])[-(MOST_GROUPS - 1) :]
        shown = [place for place in used if place in newest]
    codes = np.full(len(columns.versions), len(shown), np.int16)
    for code, place in enumerate(shown):
        codes[place] = code
    names = [_name(columns.versions[place], aliases or {}) for place in shown]
    if len(shown) < len(used):
        names.append(_OTHERS)
    return Groups(tuple(names), codes[columns.version])


def group_by_change(columns: InvocationColumns, at_ms: float, what: str) -> Groups:
    """Those that started before a moment, and since."""
    codes = (columns.started_ms >= at_ms).astype(np.int16)
    return Groups((f"before: {what}", f"since: {what}"), codes)


def measure_groups(columns: InvocationColumns, groups: Groups) -> list[GroupFigures]:
    """A row for each group that has any invocation here, in the order of the names."""
    found = []
    for code, name in enumerate(groups.names):
        own = columns.where(np.flatnonzero(groups.codes == code))
        if not len(own):
            continue
        totals = own.totals()
        priced = totals.invocations - totals.unknown_cost
        durations = own.duration_ms[~np.isnan(own.duration_ms)]
        p50, p90, p99 = (percentile(durations, share) for share in (50, 90, 99))
        currency = own.currencies[int(own.currency[own.cost_nano >= 0][-1])] if priced else ""
        found.append(
            GroupFigures(
                name,
                totals.invocations,
                totals.errors,
                int(own.cold.sum()),
                p50,
                p90,
                p99,
                totals.cost,
                totals.cost * 1_000_000 / priced if priced else None,
                currency or "USD",
                totals.exact and not totals.unknown_cost,
            )
        )
    return found


def percentile(values: Floats, share: int) -> float | None:
    """The smallest value that so many per cent do not exceed; None of none."""
    if not len(values):
        return None
    rank = max(0, math.ceil(len(values) * share / 100) - 1)
    return float(np.partition(values, rank)[rank])


def alias_names(qualifiers: Mapping[str, str]) -> dict[str, str]:
    """What each version is also called, from what Connection.qualifiers tells of aliases."""
    names: dict[str, list[str]] = {}
    for alias, versions in qualifiers.items():
        for part in versions.split(","):
            version = part.split()[0] if part.split() else ""
            if version:
                names.setdefault(version, []).append(alias)
    return {version: ", ".join(found) for version, found in names.items()}


def _order(version: str) -> tuple[int, int, str]:
    """Numbers by size, then names, and $LATEST at the end."""
    if version.isdecimal():
        return 0, int(version), ""
    return (2, 0, "") if version == "$LATEST" else (1, 0, version)


def _name(version: str, aliases: Mapping[str, str]) -> str:
    title = f"v{version}" if version.isdecimal() else version
    return f"{title} ({aliases[version]})" if version in aliases else title
