"""Which rows of columns are the same invocation, and in which order they are. Imported late, with numpy."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint64]

_TOOK_BITS: Final = 20  # more milliseconds than an invocation can take
# Odd numbers without a pattern, to mix the parts of a key with; what comes out wraps around.
_ODD: Final = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5], np.uint64
)


def moments(started_ms: Ints, ended_ms: Ints) -> Ints:
    """Numbers that are in order where starts, and for the same start ends, are."""
    took_ms = np.clip(ended_ms - started_ms, 0, (1 << _TOOK_BITS) - 1)
    packed: Ints = (started_ms << _TOOK_BITS) | took_ms
    return packed


def order(moments: Ints, hi: Words, lo: Words) -> Ints:
    """The places of the rows by moment and request. Much quicker than to sort by all keys at once."""
    places: Ints = np.argsort(moments, kind="stable")
    ordered = moments[places]
    is_tie = np.zeros(len(places) + 1, np.bool_)
    is_tie[1:-1] = ordered[1:] == ordered[:-1]
    ties = np.flatnonzero(is_tie[1:] | is_tie[:-1])
    tied = places[ties]
    places[ties] = tied[np.lexsort((lo[tied], hi[tied], moments[tied]))]
    return places


def first_of_each(hi: Words, lo: Words, ended_ms: Ints, stream: NDArray[np.int32]) -> Flags:
    """Which rows are the first with their request, end and stream."""
    kept = np.ones(len(hi), np.bool_)
    # Only rows with the same digest can be the same, and of these there are few.
    digests = lo * _ODD[0] + hi * _ODD[1]
    digests += ended_ms.astype(np.uint64) * _ODD[2] + stream.astype(np.uint64) * _ODD[3]
    few = np.flatnonzero(_is_in(digests, _repeated(digests)))
    columns: Sequence[NDArray[np.generic]] = [column[few] for column in (stream, lo, hi, ended_ms)]
    places = np.lexsort(columns)  # stable, so that of the same the earlier comes first
    is_same = np.ones(max(0, len(few) - 1), np.bool_)
    for column in columns:
        ordered = column[places]
        is_same &= ordered[1:] == ordered[:-1]
    kept[few[places[1:][is_same]]] = False
    return kept


def logged_elsewhere(hi: Words, lo: Words, unlogged: Flags) -> Flags:
    """Which of the runs without a log share their request with a row that has one."""
    found = np.zeros(len(hi), np.bool_)
    others = np.flatnonzero(_is_in(lo, np.unique(lo[unlogged])) & ~unlogged)
    logged = set(zip(hi[others].tolist(), lo[others].tolist(), strict=True))
    places = np.flatnonzero(unlogged)
    pairs = zip(hi[places].tolist(), lo[places].tolist(), strict=True)
    found[places] = [pair in logged for pair in pairs]
    return found


def _repeated(values: Words) -> Words:
    """The values that are there more than once, in order."""
    ordered = np.sort(values)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


def _is_in(values: Words, ordered: Words) -> Flags:
    """Which of the values are in the other, of few and in order. np.isin would sort all."""
    if not len(ordered):
        return np.zeros(len(values), np.bool_)
    places = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    is_in: Flags = ordered[places] == values
    return is_in
