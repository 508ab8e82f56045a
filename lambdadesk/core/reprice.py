"""Kept invocations at the prices of now, all in arrays. Imported late, with numpy."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

import numpy as np

from lambdadesk.core.invocation_columns import UNKNOWN, Flags, Ints, InvocationColumns, Source
from lambdadesk.core.kept_prices import WIDE, Pricing, find_share
from lambdadesk.core.types import Report

_LIMB: Final = 10**9
_LIMBS: Final = 4  # 1e-9, 1e-18, 1e-27 and 1e-36, of which the last is only carried
_TRIED: Final = 16  # rows of which it is asked what share of the list price they are


def reprice(columns: InvocationColumns, pricings: Sequence[tuple[Pricing, Pricing]]) -> InvocationColumns:
    """The same with what each costs now, where its cost tells what was billed; see core/kept_prices.py.

    pricings: ways to price it (at list price, now); none: nothing is known. All else keeps its cost, and is
    `as_ran`.
    """
    known: Flags = columns.cost_nano != UNKNOWN
    if not known.any():
        return columns
    work = _Work(columns, known)
    restored = ~np.isnan(columns.restore_ms)
    kinds = columns.memory_mb.astype(np.int64) * 4 + 2 * restored + (columns.billed_ms != UNKNOWN)
    for kind in np.unique(kinds[known]).tolist() if pricings else ():
        memory_mb = None if kind >> 2 == UNKNOWN else kind >> 2
        rows = known & (kinds == kind)
        for is_list in (False, True):
            for listed, now in pricings:
                lines = [_line(each, memory_mb, bool(kind & 2), bool(kind & 1)) for each in (listed, now)]
                if rows.any():
                    work.price(rows, *lines, is_list=is_list)
                    rows &= work.waiting
    return work.result()


def reprice_past(
    columns: InvocationColumns, pricings: Sequence[tuple[Pricing, Pricing]]
) -> InvocationColumns:
    """The same of what only a past range told: the ledger prices all else."""
    is_past = columns.source == Source.PAST
    if not is_past.any():
        return columns
    return columns.where(~is_past).extended(reprice(columns.where(is_past), pricings))


class _Line:
    """What invocations of one kind cost: so much, and so much more for each billed millisecond."""

    def __init__(self, base: Decimal, slope: Decimal, currency: str, exact: bool) -> None:
        self.base, self.slope, self.currency, self.exact = base, slope, currency, exact

    def times(self, share: Decimal) -> "_Line":
        base, slope = WIDE.multiply(self.base, share), WIDE.multiply(self.slope, share)
        return _Line(base, slope, self.currency, self.exact)

    def at(self, billed_ms: int) -> Decimal:
        return WIDE.add(self.base, WIDE.multiply(self.slope, Decimal(billed_ms)))

    def amounts(self, billed_ms: Ints) -> tuple[Ints, Ints]:
        """As columns have them, to the last digit."""
        carry: Ints = np.zeros(len(billed_ms), np.int64)
        limbs: list[Ints] = []
        for base, slope in zip(_limbs_of(self.base), _limbs_of(self.slope), strict=True):
            total = base + slope * billed_ms + carry
            carry = total // _LIMB
            limbs.append(total % _LIMB if len(limbs) < _LIMBS - 1 else total)
        return limbs[3], limbs[2] * _LIMB + limbs[1]


def _limbs_of(amount: Decimal) -> list[int]:
    """The least first; what is left in the last is whole."""
    units, limbs = int(amount.scaleb(9 * _LIMBS, WIDE)), []
    for _ in range(_LIMBS - 1):
        units, limb = divmod(units, _LIMB)
        limbs.append(limb)
    return [*limbs, units]


def _line(pricing: Pricing, memory_mb: int | None, is_restored: bool, is_billed: bool) -> _Line:
    restore_ms = Decimal(0) if is_restored else None
    none, one = (
        pricing(Report("", Decimal(0), billed_ms, memory_mb, restore_ms=restore_ms))
        for billed_ms in ((0, 1) if is_billed else (None, None))
    )
    return _Line(none.amount, WIDE.subtract(one.amount, none.amount), none.currency, none.exact)


class _Work:
    def __init__(self, columns: InvocationColumns, known: Flags) -> None:
        self._columns = columns
        self._currencies = dict.fromkeys(columns.currencies)
        self._nano, self._rest = columns.cost_nano, columns.cost_rest
        self._exact, self._currency = columns.exact, columns.currency
        self.waiting = known.copy()

    def price(self, rows: Flags, listed: _Line, now: _Line, *, is_list: bool) -> None:
        """Price those of the rows whose cost is by one of these lines: by that of now, or else at list."""
        columns = self._columns
        if not is_list:
            self._match(np.flatnonzero(rows), now, None)
            return
        tried: set[Decimal] = set()
        places = self._left(rows, listed)
        for at in places[np.linspace(0, len(places) - 1, min(_TRIED, len(places))).astype(np.int64)].tolist():
            cost = columns.cost_at(at)
            share = find_share(cost, listed.at(max(0, int(columns.billed_ms[at])))) if cost else None
            if share is not None and share not in tried:
                tried.add(share)
                self._match(self._left(rows, listed), listed.times(share), now)

    def _left(self, rows: Flags, line: _Line) -> Ints:
        code = list(self._currencies).index(line.currency) if line.currency in self._currencies else -1
        places: Ints = np.flatnonzero(rows & self.waiting & (self._columns.currency == code))
        return places

    def _match(self, places: Ints, was: _Line, now: _Line | None) -> None:
        """Take what costs what it was; now: what it costs now, None: the same."""
        columns = self._columns
        if was.currency not in columns.currencies:
            return
        billed_ms = np.maximum(0, columns.billed_ms[places]).astype(np.int64)
        nano, rest = was.amounts(billed_ms)
        is_it = (columns.cost_nano[places] == nano) & (columns.cost_rest[places] == rest)
        is_it &= columns.currency[places] == columns.currencies.index(was.currency)
        found = places[is_it]
        self.waiting[found] = False
        if now is None or not len(found):
            return
        if self._nano is columns.cost_nano:
            self._nano, self._rest = columns.cost_nano.copy(), columns.cost_rest.copy()
            self._exact, self._currency = columns.exact.copy(), columns.currency.copy()
        self._nano[found], self._rest[found] = now.amounts(billed_ms[is_it])
        self._exact[found] = now.exact
        self._currencies.setdefault(now.currency)
        self._currency[found] = list(self._currencies).index(now.currency)

    def result(self) -> InvocationColumns:
        columns = self._columns
        if self._nano is columns.cost_nano and not (self.waiting.any() or columns.as_ran.any()):
            return columns
        return replace(
            columns,
            cost_nano=self._nano,
            cost_rest=self._rest,
            exact=self._exact,
            currency=self._currency,
            currencies=tuple(self._currencies),
            as_ran=self.waiting,
        )
