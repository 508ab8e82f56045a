"""Timeline: the invocations of one function by execution environment. Imported late, since numpy is slow to.

One log stream is one execution environment, so a stream is a lane. All times are epoch milliseconds.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from heapq import heappop, heappush
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lambdadesk.core.deploys import Deploy
from lambdadesk.core.types import Invocation, Outcome

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNKNOWN_ENVIRONMENT: Final = "environment not known"
SLACK_MS: Final = 2.0  # START lines come to the millisecond: what overlaps by less ran one after the other
SHORTEST_MS: Final = 0.01  # of a run that takes no time by the clock of the log
LEAST_FOR_RATE_MS: Final = 5 * 60_000  # "per hour" of less time than this says nothing
_SHORT_ID: Final = 8
_HOUR_MS: Final = 3_600_000
# "2025/08/31/[$LATEST]3893…", or in a group of one's own "2025/08/31/name[7][3893…]".
_STREAM: Final = re.compile(r"(?:\d{4}/\d\d/\d\d/)?[^\[\]]*\[(\$LATEST|\d+)\]\[?([^\[\]]*)\]?")
_COLUMNS: Final = (
    *("start", "environment", "version", "outcome", "error_type", "duration_ms", "init_ms", "restore_ms"),
    *("billed_ms", "memory_mb", "max_memory_mb", "cost", "currency", "cost_is_exact", "request_id"),
)
# What a spreadsheet would take for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Kind(IntEnum):
    """How a run is drawn; the larger covers the smaller where they share a pixel."""

    RUNNING = 0
    OK = 1
    UNKNOWN = 2  # sent, but how it ended, or whether it ran, is not known
    ERROR = 3
    TIMEOUT = 4
    OUT_OF_MEMORY = 5


_KINDS: Final = {
    Outcome.RUNNING: Kind.RUNNING,
    Outcome.OK: Kind.OK,
    Outcome.ERROR: Kind.ERROR,
    Outcome.TIMEOUT: Kind.TIMEOUT,
    Outcome.OUT_OF_MEMORY: Kind.OUT_OF_MEMORY,
    Outcome.QUEUED: Kind.UNKNOWN,
    Outcome.UNKNOWN: Kind.UNKNOWN,
}


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


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment that may have changed the function's behaviour."""

    at_ms: float
    text: str


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of the runs in a span of time; None is for what they can't tell.

    environments: lanes with a run in the span. cold_rate: share of cold starts among the runs with a report.
    per_hour: environments that began in the span, in an hour. reuse: runs of an environment, mean and most.
    peak: how many ran at once. idle_ms: the longest time an environment waited between two runs.
    """

    invocations: int = 0
    failed: int = 0
    running: int = 0
    environments: int = 0
    cold_starts: int = 0
    cold_rate: float | None = None
    per_hour: float | None = None
    reuse_mean: float | None = None
    reuse_most: int = 0
    peak: int = 0
    idle_ms: float | None = None


@dataclass(frozen=True, slots=True)
class _Laid:
    """The columns of one lane, in the order of their starts."""

    facts: list[tuple[object, ...]]
    runs: list[Invocation]
    begins: Floats
    starts: Floats
    ends: Floats
    kinds: NDArray[np.int8]
    rows: NDArray[np.int32]
    colds: NDArray[np.bool_]
    depth: int


class Timeline:
    """Lanes, columns and the concurrency curve of what is known of one function.

    `runs` and the columns have an entry per invocation, lane by lane and in a lane by start:
    begins: init or restore, else the same as `starts`, where the handler starts; ends: infinite while
    it runs; kinds: a `Kind`; lane_of: index of its lane; rows: its row in there; colds: has init or restore.
    curve_ms, curve: from each moment on so many run at once, init and restore included; starts empty.

    The result depends on what is known, not on its order nor on how often it was updated.
    """

    def __init__(self) -> None:
        self._laid: dict[str, _Laid] = {}
        self._join()

    def __len__(self) -> int:
        return len(self.runs)

    @property
    def span(self) -> tuple[float, float]:
        """From the first begin to the last end known, (0, 0) where there is nothing."""
        if not self.lanes:
            return 0.0, 0.0
        return min(lane.began_ms for lane in self.lanes), max(lane.last_ms for lane in self.lanes)

    def update(self, known: Iterable[Invocation]) -> bool:
        """Show these invocations from now on; only lanes that changed are laid out anew. True: any did."""
        by_stream: defaultdict[str, list[tuple[tuple[object, ...], Invocation]]] = defaultdict(list)
        for run in known:
            # The records go on changing as more is known; with its address, another one is not the same.
            times = (run.started_ms, run.ended_ms)
            facts = (id(run), *times, run.request_id, run.outcome, run.version, run.report)
            by_stream[run.stream].append((facts, run))
        laid: dict[str, _Laid] = {}
        for stream, pairs in by_stream.items():
            before = self._laid.get(stream)
            is_same = before is not None and before.facts == [facts for facts, _ in pairs]
            laid[stream] = before if before is not None and is_same else _lay_out(stream, pairs)
        if laid.keys() == self._laid.keys() and all(laid[each] is self._laid[each] for each in laid):
            return False
        self._laid = laid
        self._join()
        return True

    def lane_at(self, run: int) -> Lane:
        return self.lanes[int(self.lane_of[run])]

    def marks(self, deploys: Iterable[Deploy] = ()) -> list[Mark]:
        """The deploys, and when each further version that is not among them was first seen to run."""
        deploys = list(deploys)
        marks = [Mark(deploy.at_ms, deploy.text) for deploy in deploys]
        published = {deploy.version for deploy in deploys}
        first: dict[str, float] = {}
        for lane in self.lanes:
            if lane.stream:
                first[lane.version] = min(lane.began_ms, first.get(lane.version, np.inf))
        for version, at_ms in sorted(first.items(), key=lambda each: each[1])[1:]:
            if version not in published:
                marks.append(Mark(at_ms, f"first run of {name_version(version)}"))
        return sorted(marks, key=lambda mark: mark.at_ms)

    def in_span(self, left_ms: float, right_ms: float) -> NDArray[np.bool_]:
        """Which runs have any part in the span."""
        found: NDArray[np.bool_] = (self.begins <= right_ms) & (self.ends >= left_ms)
        return found

    def summary(self, left_ms: float = -np.inf, right_ms: float = np.inf) -> Summary:
        """The figures of a span of time; of everything without one."""
        chosen = self.in_span(left_ms, right_ms)
        count = int(chosen.sum())
        if not count:
            return Summary()
        kinds, lanes = self.kinds[chosen], self.lane_of[chosen]
        reported = sum(1 for at in np.flatnonzero(chosen) if self.runs[at].report is not None)
        cold = int(self.colds[chosen].sum())
        per_lane = np.bincount(lanes, minlength=len(self.lanes))
        known = np.array([bool(lane.stream) for lane in self.lanes])
        reuse = per_lane[known & (per_lane > 0)]
        first, last = self.span
        left, right = max(left_ms, first), min(right_ms, last)
        born = sum(1 for lane in self.lanes if lane.stream and left <= lane.began_ms <= right)
        idles = [lane.idle_ms for at, lane in enumerate(self.lanes) if known[at] and per_lane[at] > 1]
        return Summary(
            invocations=count,
            failed=int((kinds >= Kind.ERROR).sum()),
            running=int((kinds == Kind.RUNNING).sum()),
            environments=len(reuse),
            cold_starts=cold,
            cold_rate=cold / reported if reported else None,
            per_hour=born * _HOUR_MS / (right - left) if right - left >= LEAST_FOR_RATE_MS else None,
            reuse_mean=float(reuse.mean()) if len(reuse) else None,
            reuse_most=int(reuse.max()) if len(reuse) else 0,
            peak=self.peak(left, right),
            idle_ms=max(idles, default=None),
        )

    def peak(self, left_ms: float, right_ms: float) -> int:
        """How many ran at once, at most, in the span."""
        first = max(0, int(np.searchsorted(self.curve_ms, left_ms, "right")) - 1)
        end = int(np.searchsorted(self.curve_ms, right_ms, "right"))
        return int(self.curve[first:end].max(initial=0))

    def _join(self) -> None:
        """Put the lanes one below the other: by their begin, the one that is none last."""
        order = sorted(self._laid, key=lambda each: (not each, float(self._laid[each].begins[0]), each))
        parts = [self._laid[stream] for stream in order]
        self.lanes: list[Lane] = []
        self.runs: list[Invocation] = []
        for stream, part in zip(order, parts, strict=True):
            self.lanes.append(_lane(stream, part, len(self.runs)))
            self.runs += part.runs
        nothing = np.empty(0)  # so that there is something to concatenate
        self.begins = np.concatenate([nothing, *(part.begins for part in parts)])
        self.starts = np.concatenate([nothing, *(part.starts for part in parts)])
        self.ends = np.concatenate([nothing, *(part.ends for part in parts)])
        self.kinds = np.concatenate([np.empty(0, np.int8), *(part.kinds for part in parts)])
        self.rows = np.concatenate([np.empty(0, np.int32), *(part.rows for part in parts)])
        self.colds = np.concatenate([np.empty(0, np.bool_), *(part.colds for part in parts)])
        self.lane_of = np.repeat(np.arange(len(parts)), [len(part.runs) for part in parts])
        self.curve_ms, self.curve = _curve(self.begins, self.ends, self.kinds != Kind.UNKNOWN)


def _order(run: Invocation) -> tuple[int, float, str]:
    return run.started_ms, np.inf if run.ended_ms is None else run.ended_ms, run.request_id


def _lay_out(stream: str, pairs: Sequence[tuple[tuple[object, ...], Invocation]]) -> _Laid:
    """Give each run its times, and the first row that is free by then."""
    runs = sorted((run for _, run in pairs), key=_order)
    begins, starts, ends, rows, colds = [], [], [], [], []
    free_at: list[float] = []  # when each row is free again
    busy: list[tuple[float, int]] = []
    free: list[int] = []
    for run in runs:
        boot_ms, begin = _boot_ms(run), float(run.started_ms)
        while busy and busy[0][0] < begin + SLACK_MS:
            heappush(free, heappop(busy)[1])
        if free:
            row = heappop(free)
        else:
            row = len(free_at)
            free_at.append(-np.inf)
        if stream:
            # The log tells when the handler started; init or restore was before.
            start = max(begin, free_at[row])
            begin = max(start - boot_ms, free_at[row])
            end = start + _length_ms(run)
        else:
            # From here one sees when it was sent and answered; init or restore is in between.
            begin = max(begin, free_at[row])
            end = begin + _length_ms(run)
            start = min(begin + boot_ms, end)
        free_at[row] = end
        heappush(busy, (end, row))
        begins.append(begin)
        starts.append(start)
        ends.append(end)
        rows.append(row)
        colds.append(_is_cold(run))
    return _Laid(
        facts=[facts for facts, _ in pairs],
        runs=runs,
        begins=np.array(begins),
        starts=np.array(starts),
        ends=np.array(ends),
        kinds=np.array([_KINDS[run.outcome] for run in runs], np.int8),
        rows=np.array(rows, np.int32),
        colds=np.array(colds, np.bool_),
        depth=len(free_at),
    )


def _is_cold(run: Invocation) -> bool:
    report = run.report
    return report is not None and (report.init_ms is not None or report.restore_ms is not None)


def _boot_ms(run: Invocation) -> float:
    if run.report is None:
        return 0.0
    return float((run.report.init_ms or 0) + (run.report.restore_ms or 0))


def _length_ms(run: Invocation) -> float:
    if run.outcome is Outcome.RUNNING:
        return np.inf
    if run.stream and run.report is not None:
        return max(SHORTEST_MS, float(run.report.duration_ms))
    ended_ms = run.started_ms if run.ended_ms is None else run.ended_ms
    return max(SHORTEST_MS, float(ended_ms - run.started_ms))


def _lane(stream: str, part: _Laid, first: int) -> Lane:
    lasts = np.where(np.isfinite(part.ends), part.ends, part.starts)
    waits = part.begins[1:] - np.maximum.accumulate(part.ends)[:-1]
    version, short_id = name_stream(stream, part.runs[0].version)
    return Lane(
        stream=stream,
        version=version,
        short_id=short_id,
        first=first,
        end=first + len(part.runs),
        depth=part.depth,
        began_ms=float(part.begins.min()),
        last_ms=float(lasts.max()),
        is_start_seen=bool(stream) and bool(part.colds.any()),
        idle_ms=float(waits.max(initial=0.0)) if stream else 0.0,
    )


def name_version(version: str) -> str:
    """ "v7" for version 7, else the name as it is."""
    return f"v{version}" if version.isdigit() else version


def name_stream(stream: str, version: str) -> tuple[str, str]:
    """The version that runs in a log stream, and its name in short; `version` where the name has none."""
    match = _STREAM.fullmatch(stream)
    if match is None:
        return version, stream.rpartition("/")[2][-_SHORT_ID:]
    return match[1], match[2][:_SHORT_ID]


def _curve(begins: Floats, ends: Floats, counted: NDArray[np.bool_]) -> tuple[Floats, Ints]:
    """The moments at which the number of runs changes, and the number from then on."""
    is_over = counted & np.isfinite(ends)
    times = np.concatenate([begins[counted], ends[is_over]])
    steps = np.concatenate([np.ones(int(counted.sum()), np.int64), -np.ones(int(is_over.sum()), np.int64)])
    order = np.argsort(times, kind="stable")
    times, counts = times[order], np.cumsum(steps[order])
    is_last = np.append(times[1:] != times[:-1], True)[: len(times)]
    return times[is_last], counts[is_last]


def to_csv(timeline: Timeline, chosen: Iterable[int]) -> bytes:
    """These runs (indexes), a row each. Text that a spreadsheet would run as a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for at in chosen:
        run, report, cost = timeline.runs[at], timeline.runs[at].report, timeline.runs[at].cost
        row = [
            datetime.fromtimestamp(run.started_ms / 1000, UTC).isoformat(timespec="milliseconds"),
            run.stream,
            timeline.lane_at(at).version if run.stream else run.version,
            str(run.outcome),
            run.error_type,
            f"{report.duration_ms:f}" if report else None,
            f"{report.init_ms:f}" if report and report.init_ms is not None else None,
            f"{report.restore_ms:f}" if report and report.restore_ms is not None else None,
            report.billed_ms if report else None,
            report.memory_mb if report else None,
            report.max_memory_mb if report else None,
            f"{cost.amount:f}" if cost else None,
            cost.currency if cost else None,
            cost.exact if cost else None,
            run.request_id,
        ]
        writer.writerow([_harmless(value) for value in row])
    return out.getvalue().encode()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
