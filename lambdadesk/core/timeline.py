"""Timeline: the invocations of one function by execution environment. Imported late, since numpy is slow to.

One log stream is one execution environment, so a stream is a lane. All times are epoch milliseconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from lambdadesk.core.deploys import Deploy
from lambdadesk.core.invocation_columns import OUTCOMES, InvocationColumns
from lambdadesk.core.timeline_lanes import (
    Flags,
    Floats,
    Ints,
    Lane,
    Runs,
    lay_out,
    make_lanes,
    name_version,
)
from lambdadesk.core.types import Invocation, Outcome

LEAST_FOR_RATE_MS: Final = 5 * 60_000  # "per hour" of less time than this says nothing
_HOUR_MS: Final = 3_600_000


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


class Timeline:
    """Lanes, columns and the concurrency curve of what is known of one function; never changed.

    columns: the finished invocations. open_runs: those that have not ended, as far as is known; they must not
    change any more. No object is made for a run until somebody asks for that one.

    The columns have an entry per invocation, lane by lane and in a lane by start. begins: init or restore,
    else the same as `starts`, where the handler starts; ends: infinite while it runs; kinds: a `Kind`;
    lane_of: index of its lane; rows: its row in there; colds: has init or restore; reported: has a report;
    sources: its row in `columns`, below 0 that of an open run from the end. lane_begins, lane_lasts, depths:
    those of the lanes. curve_ms, curve: from each moment on so many run at once, init and restore included;
    starts empty.
    """

    def __init__(
        self, columns: InvocationColumns | None = None, open_runs: Sequence[Invocation] = ()
    ) -> None:
        self.finished = InvocationColumns.empty() if columns is None else columns
        self.open_runs = tuple(open_runs)
        runs = _to_runs(self.finished, self.open_runs)
        laid = lay_out(runs)
        self.lanes: list[Lane] = make_lanes(runs, laid)
        chosen = laid.order
        self.sources: Ints = runs.sources[chosen]
        self.begins, self.starts, self.ends = laid.begins, laid.starts, laid.ends
        self.kinds = runs.kinds[chosen]
        self.rows, self.lane_of = laid.rows, laid.lane_of
        self.colds: Flags = runs.colds[chosen]
        self.reported: Flags = runs.reported[chosen]
        self.lane_begins = np.array([lane.began_ms for lane in self.lanes], float)
        self.lane_lasts = np.array([lane.last_ms for lane in self.lanes], float)
        self.depths = np.array([lane.depth for lane in self.lanes], np.int64)
        self.curve_ms, self.curve = _curve(self.begins, self.ends, self.kinds != Kind.UNKNOWN)

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def span(self) -> tuple[float, float]:
        """From the first begin to the last end known, (0, 0) where there is nothing."""
        if not self.lanes:
            return 0.0, 0.0
        return float(self.lane_begins.min()), float(self.lane_lasts.max())

    def run(self, at: int) -> Invocation:
        """The invocation of an index, as an object."""
        source = int(self.sources[at])
        return self.open_runs[source] if source < 0 else self.finished.invocation(source, "")

    def request_id(self, at: int) -> str:
        source = int(self.sources[at])
        return self.open_runs[source].request_id if source < 0 else self.finished.request_id(source)

    def find(self, request_id: str, near_ms: float) -> int:
        """The index of a request's attempt that began next to a moment, -1 where there is none."""
        found = np.isin(self.sources, self.finished.rows_of(request_id))
        for place, run in enumerate(self.open_runs, -len(self.open_runs)):
            if run.request_id == request_id:
                found |= self.sources == place
        indexes = np.flatnonzero(found)
        return int(indexes[np.argmin(np.abs(self.starts[indexes] - near_ms))]) if len(indexes) else -1

    def lane_at(self, run: int) -> Lane:
        return self.lanes[int(self.lane_of[run])]

    def chosen(self, indexes: Ints) -> tuple[InvocationColumns, list[Invocation]]:
        """Of these runs the finished ones, by start, and the open ones."""
        sources = np.sort(self.sources[indexes])
        is_open = sources < 0
        return self.finished.where(sources[~is_open]), [self.open_runs[at] for at in sources[is_open]]

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

    def in_span(self, left_ms: float, right_ms: float) -> Flags:
        """Which runs have any part in the span."""
        found: Flags = (self.begins <= right_ms) & (self.ends >= left_ms)
        return found

    def summary(self, left_ms: float = -np.inf, right_ms: float = np.inf) -> Summary:
        """The figures of a span of time; of everything without one."""
        chosen = self.in_span(left_ms, right_ms)
        count = int(np.count_nonzero(chosen))
        if not count:
            return Summary()
        kinds = self.kinds[chosen]
        reported = int(np.count_nonzero(chosen & self.reported))
        cold = int(np.count_nonzero(chosen & self.colds))
        per_lane = np.bincount(self.lane_of[chosen], minlength=len(self.lanes))
        known = np.array([bool(lane.stream) for lane in self.lanes])
        reuse = per_lane[known & (per_lane > 0)]
        first, last = self.span
        left, right = max(left_ms, first), min(right_ms, last)
        born = int(np.count_nonzero(known & (self.lane_begins >= left) & (self.lane_begins <= right)))
        idles = [self.lanes[at].idle_ms for at in np.flatnonzero(known & (per_lane > 1)).tolist()]
        return Summary(
            invocations=count,
            failed=int(np.count_nonzero(kinds >= Kind.ERROR)),
            running=int(np.count_nonzero(kinds == Kind.RUNNING)),
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


def _to_runs(columns: InvocationColumns, open_runs: Sequence[Invocation]) -> Runs:
    """What the lanes are made of, as columns: the finished invocations, then the open ones by start."""
    order = sorted(range(-len(open_runs), 0), key=lambda at: _order(open_runs[at]))
    opened = [open_runs[at] for at in order]
    streams = list(dict.fromkeys([*columns.streams, *(run.stream for run in opened)]))
    place = {name: at for at, name in enumerate(streams)}
    versions = [*columns.versions, *(run.version for run in opened)]
    is_logged = np.array([bool(name) for name in streams], np.bool_)
    stream = np.concatenate([columns.stream, np.array([place[run.stream] for run in opened], np.int32)])
    boots = np.stack([columns.init_ms, columns.restore_ms])
    is_reported = ~np.isnan(columns.duration_ms)
    took = np.where(columns.ended_ms < columns.started_ms, 0, columns.ended_ms - columns.started_ms)
    by_report = is_reported & is_logged[columns.stream]
    of_outcome = np.array([_KINDS[outcome] for outcome in OUTCOMES], np.int8)
    count = len(opened)
    return Runs(
        streams=streams,
        versions=versions,
        sources=np.concatenate([np.arange(len(columns)), np.array(order, np.int64)]),
        stream=stream,
        version=np.concatenate([columns.version, len(columns.versions) + np.arange(count)]),
        started=np.concatenate([columns.started_ms, [run.started_ms for run in opened]]).astype(np.float64),
        lengths=np.concatenate(
            [np.where(by_report, columns.duration_ms, took), [_open_ms(run) for run in opened]]
        ),
        boots=np.concatenate([np.nan_to_num(boots).sum(axis=0), np.zeros(count)]),
        colds=np.concatenate([columns.cold, np.zeros(count, np.bool_)]),
        reported=np.concatenate([is_reported, np.zeros(count, np.bool_)]),
        kinds=np.concatenate(
            [of_outcome[columns.outcome], np.array([_KINDS[run.outcome] for run in opened], np.int8)]
        ),
        is_logged=is_logged,
    )


def _order(run: Invocation) -> tuple[int, float, str]:
    return run.started_ms, np.inf if run.ended_ms is None else run.ended_ms, run.request_id


def _open_ms(run: Invocation) -> float:
    if run.outcome is Outcome.RUNNING:
        return np.inf
    return 0.0 if run.ended_ms is None else float(run.ended_ms - run.started_ms)


def _curve(begins: Floats, ends: Floats, counted: Flags) -> tuple[Floats, Ints]:
    """The moments at which the number of runs changes, and the number from then on."""
    is_over = counted & np.isfinite(ends)
    times = np.concatenate([begins[counted], ends[is_over]])
    steps = np.concatenate([np.ones(int(counted.sum()), np.int64), -np.ones(int(is_over.sum()), np.int64)])
    order = np.argsort(times, kind="stable")
    times, counts = times[order], np.cumsum(steps[order])
    is_last = np.append(times[1:] != times[:-1], True)[: len(times)]
    return times[is_last], counts[is_last]
