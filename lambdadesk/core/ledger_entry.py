"""An entry of the invocation ledger, and its two sides: what a log showed, and what was made here."""

from dataclasses import dataclass

from lambdadesk.core.types import Invocation, InvocationType, Outcome

GRAVITY = {
    Outcome.OK: 0,
    Outcome.ERROR: 1,
    Outcome.TIMEOUT: 2,
    Outcome.OUT_OF_MEMORY: 3,
}  # the final outcomes
SLACK_MS = 50  # between the clock of the log and that of the answer
_START_WITHIN_MS = 60_000  # of an asynchronous event


@dataclass(slots=True, eq=False)
class Entry:
    born: int
    shown: Invocation
    seen: "Seen | None" = None
    here: "Here | None" = None
    is_counted: bool = False


@dataclass(slots=True, eq=False)
class Seen:
    facts: Invocation
    entry: Entry
    is_settled: bool = False  # some Here is settled to be this

    @property
    def order(self) -> tuple[int, int, str, str]:
        facts = self.facts
        return facts.started_ms, facts.ended_ms or 0, facts.stream, facts.request_id


@dataclass(slots=True, eq=False)
class Here:
    facts: Invocation
    kind: InvocationType
    payload_bytes: int
    streamed_bytes: int
    entry: Entry
    has_id_match: bool = False
    settled: Seen | None = None  # what was seen of it, where nothing but more of its id could change that

    @property
    def order(self) -> tuple[int, str]:
        return self.facts.started_ms, self.facts.request_id

    @property
    def ids(self) -> list[str]:
        report = self.facts.report
        ids = {self.facts.request_id, report.request_id if report is not None else ""}
        return sorted(ids - {""})

    @property
    def latest_start_ms(self) -> int:
        """By when its line in the log must have begun. A known outcome means that it has ended, too."""
        if self.facts.outcome in GRAVITY:
            return (self.facts.ended_ms or self.facts.started_ms) + SLACK_MS
        return self.facts.started_ms + _START_WITHIN_MS

    def distance_ms(self, seen: Invocation) -> int | None:
        """How far the seen invocation is from this one in time, None where it can't be the same."""
        late_ms = seen.started_ms - self.facts.started_ms
        if late_ms < -SLACK_MS or seen.started_ms > self.latest_start_ms:
            return None
        if self.facts.outcome not in GRAVITY:
            return abs(late_ms)
        early_ms = (self.facts.ended_ms or 0) - (seen.ended_ms or 0)
        return abs(late_ms) + abs(early_ms) if early_ms >= -SLACK_MS else None
