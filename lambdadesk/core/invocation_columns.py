"""InvocationColumns, the finished invocations of a function as numbers. Imported late: numpy is slow to.

An object for each of a million invocations takes a gigabyte; columns take about a tenth of a kilobyte a row.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from decimal import Context, Decimal
from enum import IntEnum
from itertools import repeat
from sys import getsizeof
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from lambdadesk.core.invocation_keys import first_of_each, logged_elsewhere, moments, order
from lambdadesk.core.ledger import Totals
from lambdadesk.core.types import Cost, Invocation, Outcome, Report

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Counts = NDArray[np.int32]
Flags = NDArray[np.bool_]
Codes = NDArray[np.uint8]
Words = NDArray[np.uint64]

# The code of an outcome is its place here, so that what is above 0 failed. Stored in files: append only.
OUTCOMES: Final = (Outcome.OK, Outcome.ERROR, Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY)
UNKNOWN: Final = -1  # a whole number that the report does not have, or a cost that is not known
_CODES: Final = {outcome: code for code, outcome in enumerate(OUTCOMES)}
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LOW: Final = (1 << 64) - 1
_REST: Final = 10**18
_LIMB: Final = 10**9
_LONGEST_MS: Final = 1_000_000  # functions run for 900 s at most
_EXACT: Final = Context(prec=60)
_MB_MS_PER_GB_S: Final = Decimal(1024 * 1000)


class Source(IntEnum):
    """Where an invocation is known from. Stored in files: never change a number."""

    LIVE = 0  # a log that was followed here
    HERE = 1  # only the answer to an Invoke made here: no log of it was read
    PAST = 2  # a past range of the log, read or queried
    KEPT = 3  # what was kept of earlier times


@dataclass(frozen=True, slots=True, eq=False)
class InvocationColumns:
    """Arrays with an entry for each finished invocation, by start, end and request id; never changed.

    started_ms, ended_ms: epoch milliseconds, ended_ms that of the REPORT, or UNKNOWN.
    duration_ms, init_ms, restore_ms: NaN where there is none. billed_ms, billed_restore_ms, memory_mb,
    max_memory_mb: UNKNOWN where there is none. outcome: a place in OUTCOMES. source: a `Source`.
    version, stream, error_type, currency: places in versions, streams, error_types, currencies; a stream,
    or an error type, that is not known is "".
    request_hi, request_lo: the halves of a UUID; for another request id 0 and its place in request_texts.
    cost_nano, cost_rest: the cost, whole billionths and what is left in units of 1e-27, so that sums are
    exact as the ledger's are: a billed GB-second has 13 decimals at most, and a price about as many.
    UNKNOWN in cost_nano: not known. exact: nothing of the cost had to be assumed. as_ran: the cost is by the
    prices of when it ran, since it can't be told what it is by those of now.
    """

    started_ms: Ints
    ended_ms: Ints
    duration_ms: Floats
    init_ms: Floats
    restore_ms: Floats
    billed_ms: Counts
    billed_restore_ms: Counts
    memory_mb: Counts
    max_memory_mb: Counts
    cost_nano: Ints
    cost_rest: Ints
    request_hi: Words
    request_lo: Words
    version: Counts
    stream: Counts
    error_type: Counts
    currency: Codes
    outcome: Codes
    source: Codes
    exact: Flags
    here: Flags
    as_ran: Flags
    versions: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    error_types: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    request_texts: tuple[str, ...] = ()

    @classmethod
    def empty(cls) -> Self:
        arrays: dict[str, Any] = {name: np.empty(0, dtype) for name, dtype in _ARRAYS.items()}
        return cls(**arrays)

    @classmethod
    def from_invocations(cls, invocations: Iterable[Invocation], source: Source = Source.LIVE) -> Self:
        """The finished ones of these, each counted once; `source` is that of those that a log shows."""
        runs = [run for run in invocations if run.outcome in _CODES]
        reports = [run.report or _NO_REPORT for run in runs]
        costs = [run.cost for run in runs]
        amounts = [_to_units(cost) for cost in costs]
        versions, version = _index(run.version for run in runs)
        streams, stream = _index(run.stream for run in runs)
        error_types, error_type = _index(run.error_type for run in runs)
        currencies, currency = _index(cost.currency if cost else "" for cost in costs)
        requests: dict[str, int] = {}
        halves = [_to_halves(run.request_id, requests) for run in runs]
        built = cls(
            started_ms=np.array([run.started_ms for run in runs], np.int64),
            ended_ms=np.array([_whole(run.ended_ms) for run in runs], np.int64),
            duration_ms=np.array([_real(each.duration_ms) for each in reports], np.float64),
            init_ms=np.array([_real(each.init_ms) for each in reports], np.float64),
            restore_ms=np.array([_real(each.restore_ms) for each in reports], np.float64),
            billed_ms=np.array([_whole(each.billed_ms) for each in reports], np.int32),
            billed_restore_ms=np.array([_whole(each.billed_restore_ms) for each in reports], np.int32),
            memory_mb=np.array([_whole(each.memory_mb) for each in reports], np.int32),
            max_memory_mb=np.array([_whole(each.max_memory_mb) for each in reports], np.int32),
            cost_nano=np.array([nano for nano, _ in amounts], np.int64),
            cost_rest=np.array([rest for _, rest in amounts], np.int64),
            request_hi=np.array([hi for hi, _ in halves], np.uint64),
            request_lo=np.array([lo for _, lo in halves], np.uint64),
            version=np.array(version, np.int32),
            stream=np.array(stream, np.int32),
            error_type=np.array(error_type, np.int32),
            currency=np.array(currency, np.uint8),
            outcome=np.array([_CODES[run.outcome] for run in runs], np.uint8),
            source=np.array(
                [source if run.stream or not run.here else Source.HERE for run in runs], np.uint8
            ),
            exact=np.array([cost is not None and cost.exact for cost in costs], np.bool_),
            here=np.array([run.here for run in runs], np.bool_),
            as_ran=np.zeros(len(runs), np.bool_),
            versions=versions,
            streams=streams,
            error_types=error_types,
            currencies=currencies,
            request_texts=tuple(requests),
        )
        return cls.merged([built])

    @classmethod
    def merged(cls, parts: Sequence[Self]) -> Self:
        """All of them in order, each invocation once: of two rows for it that of the earlier part is kept.

        The same are, as in the ledger, an attempt at one request in one stream with one end; and a run made
        here of which no log is known with any attempt at its request that a log shows.
        """
        joined: Self = _joined(cls, [part for part in parts if len(part)] or [cls.empty()])
        kept = first_of_each(joined.request_hi, joined.request_lo, joined.ended_ms, joined.stream)
        if "" in joined.streams:
            unlogged = joined.stream == joined.streams.index("")
            kept &= ~logged_elsewhere(joined.request_hi, joined.request_lo, unlogged)
        if not kept.all():
            joined = joined.where(kept)
        when = moments(joined.started_ms, joined.ended_ms)
        if (when[:-1] < when[1:]).all():
            return joined
        return joined.where(order(when, joined.request_hi, joined.request_lo))

    def extended(self, more: Self) -> Self:
        """These and more; what `more` has of an invocation that is here, too, is the newer."""
        if not len(more):
            return self
        if not len(self):
            return more
        # What ended before any of `more` began is none of them. A run without a log has no such end.
        first = 0 if "" in (*self.streams, *more.streams) else int(more.started_ms[0]) - _LONGEST_MS
        place = int(np.searchsorted(self.started_ms, first))
        tail = self.merged([more, self.where(slice(place, None))])
        columns: Self = _joined(type(self), [self.where(slice(place)), tail]) if place else tail
        return columns

    def __len__(self) -> int:
        return len(self.started_ms)

    def where(self, rows: Any) -> Self:
        """The rows of a mask, an array of places in order, or a slice (then without a copy)."""
        columns: dict[str, Any] = {name: getattr(self, name)[rows] for name in _ARRAYS}
        return type(self)(**columns, **{name: getattr(self, name) for name in _NAMES})

    def between(self, start_ms: float, end_ms: float) -> Self:
        """Those that started in the span, its end left out; without a copy."""
        first, end = np.searchsorted(self.started_ms, [start_ms, end_ms])
        return self.where(slice(int(first), int(end)))

    def of_version(self, version: str) -> Self:
        """Those that ran a version, "$LATEST" or "7"; empty where none did."""
        place = self.versions.index(version) if version in self.versions else -1
        return self.where(self.version == place)

    @property
    def cold(self) -> Flags:
        """Which were cold starts: they report an init or a restore."""
        is_cold: Flags = ~(np.isnan(self.init_ms) & np.isnan(self.restore_ms))
        return is_cold

    @property
    def failed(self) -> Flags:
        is_failed: Flags = self.outcome > 0
        return is_failed

    @property
    def cost(self) -> Floats:
        """The costs as they are drawn, NaN where not known; sums are those of `totals`."""
        amounts: Floats = self.cost_nano * 1e-9 + self.cost_rest * 1e-27
        return np.where(self.cost_nano == UNKNOWN, np.nan, amounts)

    @property
    def bytes_per_row(self) -> float:
        """The memory that all of it takes, for each row."""
        names = (text for name in _NAMES for text in getattr(self, name))
        size = sum(getattr(self, name).nbytes for name in _ARRAYS) + sum(
            getsizeof(text) + 8 for text in names
        )
        return float(size / max(1, len(self)))

    @property
    def priced(self) -> tuple[Flags, str]:
        """Which costs can be added up, and their currency: that of the last one known."""
        known: Flags = self.cost_nano != UNKNOWN
        if not known.any():
            return known, ""
        last = self.currency[len(known) - 1 - int(np.argmax(known[::-1]))]
        if len(self.currencies) > 1:
            known &= self.currency == last
        return known, self.currencies[last]

    def totals(self) -> Totals:
        """The same sums, to the last digit, as the ledger has of these invocations.

        A cost in another currency than the last one's counts as not known.
        """
        known, _currency = self.priced
        has_size = (self.billed_ms != UNKNOWN) & (self.memory_mb != UNKNOWN)
        mb_ms = int((self.billed_ms[has_size].astype(np.int64) * self.memory_mb[has_size]).sum())
        return Totals(
            invocations=len(self),
            errors=int(np.count_nonzero(self.outcome)),
            gb_seconds=Decimal(mb_ms) / _MB_MS_PER_GB_S,
            cost=to_amount(*(int(each.sum()) for each in limbs_of(self.cost_nano, self.cost_rest, known))),
            exact=bool(self.exact[known].all()),
            unknown_cost=int(np.count_nonzero(~known)),
        )

    def request_id(self, row: int) -> str:
        hi, lo = int(self.request_hi[row]), int(self.request_lo[row])
        if not hi:
            return self.request_texts[lo]
        text = f"{hi:016x}{lo:016x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def find(self, request_id: str) -> int:
        """The row of the last attempt at a request, -1 where there is none."""
        rows = self.rows_of(request_id)
        return int(rows[-1]) if len(rows) else -1

    def rows_of(self, request_id: str) -> Ints:
        """The rows of all attempts at a request."""
        texts = {text: place for place, text in enumerate(self.request_texts)}
        count = len(texts)
        hi, lo = _to_halves(request_id, texts)
        if not hi and lo >= count:
            return np.empty(0, np.int64)
        rows: Ints = np.flatnonzero((self.request_lo == lo) & (self.request_hi == hi))
        return rows

    def cost_at(self, row: int) -> Decimal | None:
        """What the invocation cost, in currencies[currency[row]]; None where that is not known."""
        nano, rest = int(self.cost_nano[row]), int(self.cost_rest[row])
        return None if nano == UNKNOWN else to_amount(nano, 0, rest)

    def invocation(self, row: int, function: str) -> Invocation:
        """The row as an object. Terms of its cost, trace id and the report's status are not in columns."""
        cost, ended_ms = self.cost_at(row), int(self.ended_ms[row])
        error_type = self.error_types[self.error_type[row]]
        request_id = self.request_id(row)
        report = None
        if not np.isnan(self.duration_ms[row]):
            report = Report(
                request_id,
                Decimal(repr(float(self.duration_ms[row]))),
                billed_ms=_known(self.billed_ms[row]),
                memory_mb=_known(self.memory_mb[row]),
                max_memory_mb=_known(self.max_memory_mb[row]),
                init_ms=_known_real(self.init_ms[row]),
                restore_ms=_known_real(self.restore_ms[row]),
                billed_restore_ms=_known(self.billed_restore_ms[row]),
                error_type=error_type,
            )
        return Invocation(
            function,
            request_id,
            int(self.started_ms[row]),
            self.streams[self.stream[row]],
            None if ended_ms == UNKNOWN else ended_ms,
            self.versions[self.version[row]],
            OUTCOMES[self.outcome[row]],
            error_type,
            report,
            None if cost is None else Cost(cost, self.currencies[self.currency[row]], bool(self.exact[row])),
            bool(self.here[row]),
        )

    def invocations(self, function: str) -> Iterator[Invocation]:
        """All rows as objects, for who needs few of them."""
        return map(self.invocation, range(len(self)), repeat(function))


def limbs_of(nano: Ints, rest: Ints, counted: Flags) -> tuple[Ints, Ints, Ints]:
    """Of each cost its whole 1e-9, 1e-18 and 1e-27, so small that billions of rows can be added up.

    0 where a row is not counted.
    """
    rest = np.where(counted, rest, 0)
    return np.where(counted, nano, 0), rest // _LIMB, rest % _LIMB


def to_amount(nano: int, middle: int, rest: int) -> Decimal:
    """The amount of so many 1e-9, 1e-18 and 1e-27: sums of limbs."""
    units = (nano * _LIMB + middle) * _LIMB + rest
    return Decimal(units).scaleb(-27, _EXACT).normalize(_EXACT)


# A report's duration is never missing, so that here it stands for a report that is.
_NO_REPORT: Final = Report("", Decimal("NaN"))
_NAMED: Final = {
    "version": "versions",
    "stream": "streams",
    "error_type": "error_types",
    "currency": "currencies",
}
_DTYPES: Final[dict[Any, Any]] = {
    Floats: np.float64,
    Ints: np.int64,
    Counts: np.int32,
    Flags: np.bool_,
    Codes: np.uint8,
    Words: np.uint64,
}
_NAMES: Final = (*_NAMED.values(), "request_texts")
_ARRAYS: Final = {
    field.name: dtype for field in fields(InvocationColumns) if (dtype := _DTYPES.get(field.type)) is not None
}


def _whole(value: int | None) -> int:
    return UNKNOWN if value is None else value


def _real(value: Decimal | None) -> float:
    return np.nan if value is None else float(value)


def _known(value: Any) -> int | None:
    return None if value == UNKNOWN else int(value)


def _known_real(value: Any) -> Decimal | None:
    return None if np.isnan(value) else Decimal(repr(float(value)))


def _to_units(cost: Cost | None) -> tuple[int, int]:
    if cost is None:
        return UNKNOWN, 0
    return divmod(int(cost.amount.scaleb(27, _EXACT)), _REST)


def _to_halves(request_id: str, texts: dict[str, int]) -> tuple[int, int]:
    if _UUID.fullmatch(request_id):
        number = int(request_id.replace("-", ""), 16)
        if number > _LOW:
            return number >> 64, number & _LOW
    return 0, texts.setdefault(request_id, len(texts))


def _index(names: Iterable[str]) -> tuple[tuple[str, ...], list[int]]:
    """The different names, and the place of each in them."""
    places: dict[str, int] = {}
    found = [places.setdefault(name, len(places)) for name in names]
    return tuple(places), found


def _joined(cls: type[InvocationColumns], parts: Sequence[Any]) -> Any:
    """The parts one behind the other, with common names."""
    if len(parts) == 1:
        return parts[0]
    arrays = {name: [getattr(part, name) for part in parts] for name in _ARRAYS}
    names: dict[str, Any] = {}
    for column, listed in [*_NAMED.items(), ("request_lo", "request_texts")]:
        places: dict[str, int] = {}
        for at, part in enumerate(parts):
            new = [places.setdefault(name, len(places)) for name in getattr(part, listed)]
            old = arrays[column][at]
            if new == list(range(len(new))):
                continue
            moved = np.array(new, old.dtype)
            if column != "request_lo":
                arrays[column][at] = moved[old]
                continue
            is_text = part.request_hi == 0
            arrays[column][at] = old.copy()
            arrays[column][at][is_text] = moved[old[is_text].astype(np.int64)]
        names[listed] = tuple(places)
    columns: dict[str, Any] = {name: np.concatenate(each) for name, each in arrays.items()}
    return cls(**columns, **names)
