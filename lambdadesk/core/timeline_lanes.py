"""How the runs of a timeline are laid out: each in the lane of its environment, in the row that is free."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

UNKNOWN_ENVIRONMENT: Final = "environment not known"
SLACK_MS: Final = 2.0  # START lines come to the millisecond: what overlaps by less ran one after the other
SHORTEST_MS: Final = 0.01  # of a run that takes no time by the clock of the log
_SHORT_ID: Final = 8
# "2025/08/31/[$LATEST]3893…", or in a group of one's own "2025/08/31/name[7][3893…]".
_STREAM: Final = re.compile(r"(?:\d{4}/\d\d/\d\d/)?[^\[\]]*\[(\$LATEST|\d+)\]\[?([^\[\]]*)\]?")


@dataclass(frozen=True, slots=True)
class Lane:
    """One execution environment, or with an empty `stream` all runs whose environment is not known.

    first, end: its runs are `first:end` of the timeline's columns. depth: how many rows they need, more than
    one where requests interleave. began_ms: when its init or restore began, else its first run.
    last_ms: when its last run ended (began, where one is running still). is_start_seen: an init or a restore
    was reported. idle_ms: the longest time between two runs.
    """

    stream: str
    version: str
    short_id: str
    first: int
    end: int
    depth: int
    began_ms: float
    last_ms: float
    is_start_seen: bool
    idle_ms: float

    @property
    def title(self) -> str:
        if not self.stream:
            return UNKNOWN_ENVIRONMENT
        return f"{name_version(self.version)} · {self.short_id}"


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Columns of what is laid out, in the order of starts (the open ones, by start, behind the others).

    stream, version: places in streams, versions. started: of the handler, by the log, or when it was sent.
    lengths: infinite while it runs; boots: of init and restore; in milliseconds. is_logged: by stream.
    sources, kinds, colds, reported: see Timeline.
    """

    streams: Sequence[str]
    versions: Sequence[str]
    sources: Ints
    stream: NDArray[np.int32]
    version: Ints
    started: Floats
    lengths: Floats
    boots: Floats
    colds: Flags
    reported: Flags
    kinds: NDArray[np.int8]
    is_logged: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Where the runs are.

    order: which run is where, lane by lane; the columns of runs are in this order. firsts: where each lane
    begins, and the end of the last; streams: of the lanes. waits: from the end of all before it in its lane.
    """

    order: Ints
    firsts: Ints
    streams: Ints
    lane_of: Ints
    begins: Floats
    starts: Floats
    ends: Floats
    rows: NDArray[np.int32]
    waits: Floats


def lay_out(runs: Runs) -> Laid:
    """Give each run its times, and the first row that is free by then; lanes by begin, the one that is none
    last. Nearly all lanes have one row, and are done together."""
    order: Ints = np.lexsort((runs.started, runs.stream))
    firsts, streams = _parts(runs.stream[order])
    begins, starts, ends, rows, waits = _place(runs, order, firsts, streams)
    # Now that it is known when lanes begin.
    named = [runs.streams[stream] for stream in streams.tolist()]
    begun = begins[firsts[:-1]].tolist()
    ranked = sorted(range(len(named)), key=lambda lane: (not named[lane], begun[lane], named[lane]))
    counts = np.diff(firsts)[ranked]
    new_firsts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    lane_of = np.repeat(np.arange(len(ranked)), counts)
    moved = np.arange(len(order)) + np.repeat(firsts[:-1][ranked] - new_firsts[:-1], counts)
    return Laid(
        order[moved],
        new_firsts,
        streams[ranked],
        lane_of,
        begins[moved],
        starts[moved],
        ends[moved],
        rows[moved],
        waits[moved],
    )


def make_lanes(runs: Runs, laid: Laid) -> list[Lane]:
    """The lanes, in their order."""
    if not len(laid.order):
        return []
    firsts = laid.firsts[:-1]
    lasts = np.maximum.reduceat(np.where(np.isfinite(laid.ends), laid.ends, laid.starts), firsts)
    columns: list[list[Any]] = [
        laid.streams.tolist(),
        runs.version[laid.order[firsts]].tolist(),
        firsts.tolist(),
        laid.firsts[1:].tolist(),
        (np.maximum.reduceat(laid.rows, firsts) + 1).tolist(),
        np.minimum.reduceat(laid.begins, firsts).tolist(),
        lasts.tolist(),
        np.logical_or.reduceat(runs.colds[laid.order], firsts).tolist(),
        np.maximum.reduceat(laid.waits, firsts).tolist(),
    ]
    lanes = []
    for at, version, first, end, depth, began, last, has_cold, idle in zip(*columns, strict=True):
        stream = runs.streams[at]
        named = name_stream(stream, runs.versions[version])
        is_start_seen, idle = bool(stream) and has_cold, idle if stream else 0.0
        lanes.append(Lane(stream, *named, first, end, depth, began, last, is_start_seen, idle))
    return lanes


def name_version(version: str) -> str:
    """ "v7" for version 7, else the name as it is."""
    return f"v{version}" if version.isdigit() else version


@lru_cache(10_000)
def name_stream(stream: str, version: str) -> tuple[str, str]:
    """The version that runs in a log stream, and its name in short; `version` where the name has none."""
    match = _STREAM.fullmatch(stream)
    if match is None:
        return version, stream.rpartition("/")[2][-_SHORT_ID:]
    return match[1], match[2][:_SHORT_ID]


def _parts(stream: NDArray[np.int32]) -> tuple[Ints, Ints]:
    """Where each lane begins, and the end of the last; and their streams."""
    is_first = np.ones(len(stream), np.bool_)
    is_first[1:] = stream[1:] != stream[:-1]
    firsts = np.flatnonzero(is_first)
    return np.append(firsts, len(stream)), stream[firsts].astype(np.int64)


def _place(
    runs: Runs, order: Ints, firsts: Ints, streams: Ints
) -> tuple[Floats, Floats, Floats, NDArray[np.int32], Floats]:
    """Begins, starts, ends, rows and waits, in the order given."""
    started, boots = runs.started[order], runs.boots[order]
    lengths = np.maximum(SHORTEST_MS, runs.lengths[order])
    lane_of = np.repeat(np.arange(len(streams)), np.diff(firsts))
    is_logged = runs.is_logged[streams][lane_of]
    sent, ends, is_deep = _follow(started, lengths, lane_of)
    before = np.concatenate([[-np.inf], ends[:-1]])[: len(ends)]
    before[firsts[:-1]] = -np.inf
    rows = np.zeros(len(order), np.int32)
    until = before.copy()  # when all that was before it in its lane was over
    for lane in np.flatnonzero(is_deep).tolist():
        part = slice(int(firsts[lane]), int(firsts[lane + 1]))
        sent[part], ends[part], before[part], rows[part] = _stack(started[part], lengths[part])
        until[part.start + 1 : part.stop] = np.maximum.accumulate(ends[part])[:-1]
    # The log tells when the handler started; init or restore was before. Of what has no log one sees when it
    # was sent and answered; init or restore is in between.
    begins = np.where(is_logged, np.maximum(sent - boots, before), sent)
    starts = np.where(is_logged, sent, np.minimum(sent + boots, ends))
    waits = np.maximum(0.0, np.where(np.isinf(until), 0.0, begins - until))
    return begins, starts, ends, rows, waits


def _follow(started: Floats, lengths: Floats, lane_of: Ints) -> tuple[Floats, Floats, Flags]:
    """When runs that go one after the other start and end, and in which lanes they don't.

    A run starts no sooner than the one before it has ended; where that moves it, the next may have to move.
    """
    sent, ends = started.copy(), started + lengths
    is_deep = np.zeros(int(lane_of[-1]) + 1 if len(lane_of) else 0, np.bool_)
    late = 1 + np.flatnonzero((lane_of[1:] == lane_of[:-1]) & (ends[:-1] > sent[1:]))
    while len(late):
        is_deep[lane_of[late[ends[late - 1] >= started[late] + SLACK_MS]]] = True
        late = late[~is_deep[lane_of[late]]]
        sent[late] = ends[late - 1]
        ends[late] = sent[late] + lengths[late]
        late = late[late + 1 < len(ends)] + 1
        late = late[(lane_of[late] == lane_of[late - 1]) & (ends[late - 1] > sent[late])]
    return sent, ends, is_deep


def _stack(started: Floats, lengths: Floats) -> tuple[Floats, Floats, Floats, Ints]:
    """When the runs of a lane with many rows start and end, when their rows were free, and which they are."""
    sent, ends, before, rows = [], [], [], []
    free_at: list[float] = []  # when each row is free again
    busy: list[tuple[float, int]] = []
    free: list[int] = []
    for at_ms, length in zip(started.tolist(), lengths.tolist(), strict=True):
        while busy and busy[0][0] < at_ms + SLACK_MS:
            heappush(free, heappop(busy)[1])
        if free:
            row = heappop(free)
        else:
            row = len(free_at)
            free_at.append(-np.inf)
        begin = max(at_ms, free_at[row])
        before.append(free_at[row])
        free_at[row] = begin + length
        heappush(busy, (free_at[row], row))
        sent.append(begin)
        ends.append(free_at[row])
        rows.append(row)
    return np.array(sent), np.array(ends), np.array(before), np.array(rows)
