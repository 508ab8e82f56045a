"""The account of a log tail: what came, how, and what is missing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class GapState(StrEnum):
    OPEN = "open"  # being read, or waiting to be
    CLOSED = "closed"  # read since, to its end
    LOST = "lost"  # nothing can read it any more


@dataclass(slots=True)
class Gap:
    """A stretch of log time that could not be read when it came; times are the server's, epoch ms.

    why:       one sentence.
    recovered: events of it that were found afterwards.
    closed_ms: when it had been read to its end, 0 before.
    """

    from_ms: int
    to_ms: int
    why: str
    state: GapState = GapState.OPEN
    recovered: int = 0
    closed_ms: int = 0


@dataclass(slots=True)
class TailCounts:
    """The ledger of a tail.

    late: came although an earlier poll had already covered their time; kept in their place.
    largest_delay_ms: the longest time that an event took from the function into the log.
    recovered: came during an interruption (outage, throttling, sleep, expiry) and were found after it.
    duplicates: delivered twice under one event id within a poll, and dropped.
    interruptions: the stretches that could not be read at once, oldest first, closed ones included.
    complete_to_ms: every event up to here that had been ingested is shown (server clock), None: nothing yet.
    """

    received: int = 0
    late: int = 0
    largest_delay_ms: int = 0
    recovered: int = 0
    duplicates: int = 0
    interruptions: list[Gap] = field(default_factory=list)
    complete_to_ms: int | None = None

    @property
    def gaps(self) -> int:
        """How many stretches are missing: not read yet, or lost."""
        return sum(gap.state is not GapState.CLOSED for gap in self.interruptions)

    @property
    def open_gap(self) -> Gap | None:
        last = self.interruptions[-1] if self.interruptions else None
        return last if last is not None and last.state is GapState.OPEN else None


def add_up(counts: Iterable[TailCounts]) -> TailCounts:
    """The account of several tails as one: sums, the largest delay, and what all are complete to."""
    every = list(counts)
    moments = [each.complete_to_ms for each in every]
    complete = [moment for moment in moments if moment is not None]
    return TailCounts(
        received=sum(each.received for each in every),
        late=sum(each.late for each in every),
        largest_delay_ms=max((each.largest_delay_ms for each in every), default=0),
        recovered=sum(each.recovered for each in every),
        duplicates=sum(each.duplicates for each in every),
        interruptions=sorted(
            (gap for each in every for gap in each.interruptions), key=lambda gap: (gap.from_ms, gap.to_ms)
        ),
        complete_to_ms=min(complete) if complete and len(complete) == len(moments) else None,
    )
