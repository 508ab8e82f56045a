"""Headroom: how much of its memory a function has used, and what that says of its size. Imported late: numpy.

"Max Memory Used" of a REPORT is the most that its execution environment ever used, not this run alone. So the
number of environments counts, too, and percentiles are of what environments had reached by then.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from lambdadesk.core.invocation_columns import OUTCOMES, UNKNOWN, InvocationColumns
from lambdadesk.core.invocation_stats import spread
from lambdadesk.core.types import Outcome

MARGIN: Final = 0.2  # on top of the most that was used
STEP_MB: Final = 64
LEAST_MB, MOST_MB = 128, 10_240
NEAR: Final = 0.9  # of the memory size: any more may be out of memory tomorrow
LEAST_RUNS: Final = 100
LEAST_DAYS: Final = 7
_AFTER_A_KILL: Final = 1.5  # times the size, since nobody knows what it would have used
_DAY_MS: Final = 24 * 3600 * 1000
_KILLED: Final = OUTCOMES.index(Outcome.OUT_OF_MEMORY)


class Verdict(StrEnum):
    """What the memory that was used says of the size."""

    UNKNOWN = "not known"
    FITS = "fits"
    TOO_MUCH = "more than needed"
    TOO_LITTLE = "too little"


@dataclass(frozen=True, slots=True)
class Headroom:
    """The memory of a function, in MB; None is for what is not known.

    memory_mb: its size. runs: those of this size whose memory is known; other_runs: those that were of
    another size, which are left out; unreported: those without these figures. environments: how many log
    streams the runs are from. first_ms, last_ms: when the first and last of them started. killed: for want
    of memory.
    used_most_mb, used_p99_mb: see above. suggested_mb: the size to take, the same as now where it fits.
    notes: what has to be known of the suggestion, or why there is none, a sentence each.
    """

    memory_mb: int | None
    runs: int
    other_runs: int
    unreported: int
    environments: int
    first_ms: int | None
    last_ms: int | None
    killed: int
    used_most_mb: int | None
    used_p99_mb: int | None
    verdict: Verdict
    suggested_mb: int | None
    notes: tuple[str, ...]

    @property
    def peak_share(self) -> float | None:
        """The most that was used, as a share of the size."""
        return self.used_most_mb / self.memory_mb if self.used_most_mb and self.memory_mb else None

    @property
    def spare_mb(self) -> int | None:
        """What was never used."""
        if self.memory_mb is None or self.used_most_mb is None:
            return None
        return max(0, self.memory_mb - self.used_most_mb)

    @property
    def observed_ms(self) -> int:
        """From the first start of these runs to the last."""
        return 0 if self.first_ms is None or self.last_ms is None else self.last_ms - self.first_ms


def headroom(columns: InvocationColumns, memory_mb: int | None = None) -> Headroom:
    """The headroom of a function, or of one version of it.

    memory_mb: its size now; without it that of the last report counts.
    """
    is_reported = (columns.max_memory_mb != UNKNOWN) & (columns.memory_mb != UNKNOWN)
    if memory_mb is None and is_reported.any():
        memory_mb = int(columns.memory_mb[is_reported][-1])
    chosen = is_reported & (columns.memory_mb == (UNKNOWN if memory_mb is None else memory_mb))
    used = columns.max_memory_mb[chosen]
    started_ms = columns.started_ms[chosen]
    streams = np.unique(columns.stream[chosen])
    killed = int(np.count_nonzero(columns.outcome[chosen] == _KILLED))
    known = spread(used)
    most = None if known is None else int(known.most)
    environments = sum(columns.streams[place] != "" for place in streams.tolist())
    found = Headroom(
        memory_mb=memory_mb,
        runs=len(used),
        other_runs=int(np.count_nonzero(is_reported)) - len(used),
        unreported=int(np.count_nonzero(~is_reported)),
        environments=environments,
        first_ms=int(started_ms[0]) if len(used) else None,
        last_ms=int(started_ms[-1]) if len(used) else None,
        killed=killed,
        used_most_mb=most,
        used_p99_mb=None if known is None else int(known.p99),
        verdict=Verdict.UNKNOWN,
        suggested_mb=None,
        notes=(),
    )
    return _judged(found)


def with_margin(used_mb: float) -> int:
    """The smallest size in steps of STEP_MB that leaves MARGIN above what was used."""
    steps = -(-used_mb * (1 + MARGIN) // STEP_MB)
    return int(min(MOST_MB, max(LEAST_MB, steps * STEP_MB)))


def _judged(found: Headroom) -> Headroom:
    memory_mb, most, share = found.memory_mb, found.used_most_mb, found.peak_share
    if memory_mb is None or most is None or share is None:
        return _with(found, Verdict.UNKNOWN, None, ["No report tells how much memory was used."])
    notes = []
    if found.killed:
        notes.append(f"{_runs(found.killed)} killed for want of memory: how much is needed is not known.")
        wanted = max(with_margin(most), with_margin(memory_mb * _AFTER_A_KILL / (1 + MARGIN)))
        return _with(found, Verdict.TOO_LITTLE, wanted, notes)
    if share >= NEAR:
        return _with(found, Verdict.TOO_LITTLE, max(memory_mb, with_margin(most)), notes)
    if found.runs < LEAST_RUNS:
        notes.append(f"Only {_runs(found.runs)} seen; it takes {LEAST_RUNS} to suggest a smaller size.")
        return _with(found, Verdict.UNKNOWN, None, notes)
    if with_margin(most) >= memory_mb:
        return _with(found, Verdict.FITS, memory_mb, notes)
    if found.observed_ms < LEAST_DAYS * _DAY_MS:
        notes.append(f"They are of less than {LEAST_DAYS} days: rarer and larger events may be missing.")
    if found.environments <= 1:
        notes.append("They are of one execution environment at most.")
    notes.append("The CPU shrinks with the memory: it may run longer, and then cost no less.")
    return _with(found, Verdict.TOO_MUCH, with_margin(most), notes)


def _with(found: Headroom, verdict: Verdict, suggested_mb: int | None, notes: list[str]) -> Headroom:
    if found.other_runs:
        notes.append(f"{_runs(found.other_runs)} of another memory size: left out.")
    if found.unreported:
        notes.append(f"{_runs(found.unreported)} without a report of their memory.")
    if verdict is Verdict.TOO_LITTLE and found.memory_mb is not None and found.memory_mb >= MOST_MB:
        notes.append(f"{MOST_MB:,} MB is the most that Lambda gives.")
    return replace(found, verdict=verdict, suggested_mb=suggested_mb, notes=tuple(notes))


def _runs(count: int) -> str:
    return "1 run was" if count == 1 else f"{count:,} runs were"
