"""The page of the invocation ledger for one function: who is who, packed where that is all."""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from lambdadesk.core.cost import streamed_gb
from lambdadesk.core.ledger_entry import GRAVITY, SLACK_MS, Entry, Here, Seen
from lambdadesk.core.packed_invocations import PackedInvocations
from lambdadesk.core.tally import Tally
from lambdadesk.core.types import Cost, Invocation, InvocationType, Outcome, Report

# What one invocation costs: (function, report, how it was invoked if known, payload bytes), None if unknown.
# For one that streamed more to here than is free it is called with `streamed_bytes` besides.
Pricer = Callable[..., Cost | None]

_LONGEST_WAIT_MS = 1_000_000  # no answer takes longer: functions run for 900 s at most


@dataclass(slots=True, eq=False)
class Book:
    """The ledger's page for one function.

    Whatever was seen or made here has an entry; where two are the same invocation, they share one. Nearly all
    were only seen, and can't be what was made here: they are packed, and born is their row. Where times
    decide, none is, since any may turn out to be what was made here.
    """

    function: str
    pricer: Pricer
    match_by_time: bool
    entries: dict[int, Entry] = field(default_factory=dict)  # by born: those that are not packed
    tally: Tally = field(default_factory=Tally)
    touched: dict[int, Invocation] = field(
        default_factory=dict
    )  # records of here that changed, by their id()
    changed: set[int] | None = None  # by born, since they were last taken; None: nobody ever did
    count: int = 0  # of all that were ever born
    _packed: PackedInvocations = field(default_factory=PackedInvocations)
    _is_packed: bytearray = field(default_factory=bytearray)  # by born
    _cost_of: "array[int]" = field(default_factory=lambda: array("I"))  # by born: its place in the costs
    _costs: list[Cost | None] = field(default_factory=lambda: [None])
    _cost_numbers: dict[tuple[object, ...], int] = field(default_factory=dict)
    _seen: dict[tuple[str, str, int], Seen] = field(default_factory=dict)
    _seen_by_id: dict[str, list[Seen]] = field(default_factory=dict)
    _seen_by_time: list[Seen] = field(default_factory=list)
    _heres: dict[tuple[str, int], Here] = field(default_factory=dict)
    _heres_by_time: list[Here] = field(default_factory=list)
    _heres_by_id: dict[str, list[Here]] = field(default_factory=dict)
    _open_by_time: list[Here] = field(default_factory=list)  # of these, those that are not settled

    def find(self, invocation: Invocation) -> Invocation | None:
        if invocation.ended_ms is None:
            return None
        seen = self._seen.get((invocation.stream, invocation.request_id, invocation.ended_ms))
        if seen is not None:
            return seen.entry.shown
        born = self._find_packed(invocation)
        return None if born is None else self._unpacked(born)

    def between(self, start_ms: int, end_ms: int) -> list[Invocation]:
        borns = {born for born in self._packed.started_between(start_ms, end_ms) if self._is_packed[born]}
        borns |= {
            born for born, entry in self.entries.items() if start_ms <= entry.shown.started_ms <= end_ms
        }
        return self._records(sorted(borns))

    def each(self) -> Iterator[Invocation]:
        for born in range(self.count):
            yield from self._records((born,))

    def count_waiting(self) -> int:
        return sum(entry.shown.report is None for entry in self.entries.values())

    def unfinished(self) -> list[Invocation]:
        borns = [born for born, entry in self.entries.items() if entry.shown.outcome not in GRAVITY]
        return [self.entries[born].shown for born in sorted(borns)]

    def take_changes(self, most: int) -> list[Invocation]:
        if self.changed is None:
            self.changed = set(range(self.count))
        found: list[Invocation] = []
        while self.changed and not found:
            some = [self.changed.pop() for _ in range(min(most, len(self.changed)))]
            found = self._records(sorted(some))
        return found

    def _records(self, borns: Iterable[int]) -> list[Invocation]:
        found = []
        for born in borns:
            if self._is_packed[born]:
                found.append(self._unpacked(born))
            elif (entry := self.entries.get(born)) is not None:
                found.append(entry.shown)
        return found

    def made_here(self) -> list[Invocation]:
        return [entry.shown for _born, entry in sorted(self.entries.items()) if entry.shown.here]

    def newest(self, count: int) -> list[Invocation]:
        start = max(0, self.count - count)
        while len(found := self._records(range(start, self.count))) < count and start:
            start = max(0, start - count)
        return found[-count:]

    def of_request(self, request_id: str) -> list[Invocation]:
        found = {born: self._unpacked(born) for born in self._packed_rows(request_id)}
        if request_id in self._seen_by_id or request_id in self._heres_by_id:
            found |= {
                born: entry.shown
                for born, entry in self.entries.items()
                if entry.shown.request_id == request_id
            }
        return [found[born] for born in sorted(found)]

    def add_seen(self, invocations: Sequence[Invocation]) -> bool:
        """Whether anything changed."""
        is_changed = False
        added = []
        for invocation in invocations:
            if invocation.outcome not in GRAVITY or invocation.ended_ms is None:
                continue
            if self.match_by_time or invocation.request_id in self._heres_by_id:
                seen = self._add_seen(invocation, invocation.ended_ms)
                if seen is not None:
                    added.append(seen)
            elif self._add_packed(invocation):
                is_changed = True
        entries = [seen.entry for seen in added]
        # Once for all of them: it goes through everything that was made here.
        if any(seen.entry.here is not None or self._may_be_here(seen) for seen in added):
            self.match()
        for seen, entry in zip(added, entries, strict=True):
            if seen.entry is entry:
                self._refresh(entry)
        return bool(added) or is_changed

    def _add_seen(self, invocation: Invocation, ended_ms: int) -> Seen | None:
        """What the invocation is here; None where it says nothing new."""
        key = (invocation.stream, invocation.request_id, ended_ms)
        seen = self._seen.get(key)
        if seen is None:
            facts = replace(invocation, cost=None)
            return self._note_seen(facts, ended_ms, self._new_entry(facts))
        merged = _merge(seen.facts, invocation)
        if merged == seen.facts:
            return None
        self._seen_by_time.remove(seen)
        seen.facts = merged
        insort(self._seen_by_time, seen, key=lambda each: each.order)
        return seen

    def _note_seen(self, facts: Invocation, ended_ms: int, entry: Entry) -> Seen:
        seen = self._seen[facts.stream, facts.request_id, ended_ms] = Seen(facts, entry)
        entry.seen = seen
        self._seen_by_id.setdefault(facts.request_id, []).append(seen)
        self._unsettle(self._heres_by_id.get(facts.request_id, ()))
        insort(self._seen_by_time, seen, key=lambda each: each.order)
        return seen

    # -- those that are packed

    def _add_packed(self, invocation: Invocation) -> bool:
        """Whether it says anything new."""
        born = self._find_packed(invocation)
        if born is None:
            born = self._be_born()
            facts = invocation
        else:
            known = self._packed.get(born)
            facts = _merge(known, invocation)
            if facts == known:
                return False
            cost = self._costs[self._cost_of[born]]
            self.tally.count(known, cost, -1)
            if known.report == facts.report:
                self._count_packed(born, facts, cost)
                return True
        self._is_packed[born] = 1
        self._count_packed(born, facts, self._price_seen(facts))
        return True

    def _price_seen(self, facts: Invocation) -> Cost | None:
        return None if facts.report is None else self.pricer(self.function, facts.report, None, 0)

    def _count_packed(self, born: int, facts: Invocation, cost: Cost | None) -> None:
        """Keep the facts and the cost, and count them."""
        self._packed.put(born, facts)
        self._cost_of[born] = self._number_of(cost, facts.report)
        self.tally.count(facts, cost, 1)
        if self.changed is not None:
            self.changed.add(born)

    def _number_of(self, cost: Cost | None, report: Report | None) -> int:
        """Where the cost is among the costs: those of runs that were billed alike are one."""
        if cost is None:
            return 0
        key = (cost.amount, cost.exact, *(report[2:4] if report is not None else ()))
        number = self._cost_numbers.get(key)
        if number is None or self._costs[number] != cost:
            number = self._cost_numbers[key] = len(self._costs)
            self._costs.append(cost)
        return number

    def _packed_rows(self, request_id: str, stream: str | None = None) -> Iterator[int]:
        return (born for born in self._packed.rows_of(request_id, stream) if self._is_packed[born])

    def _find_packed(self, invocation: Invocation) -> int | None:
        for born in self._packed_rows(invocation.request_id, invocation.stream):
            if self._packed.ended_of(born) == invocation.ended_ms:
                return born
        return None

    def _unpacked(self, born: int) -> Invocation:
        """The record of a packed one, with its cost."""
        record = self._packed.get(born)
        record.cost = self._costs[self._cost_of[born]]
        return record

    def _unpack(self, request_id: str) -> None:
        """Make objects of what was seen of a request, since it was made here."""
        for born in list(self._packed_rows(request_id)):
            facts = self._packed.get(born)
            self._is_packed[born] = 0
            entry = self.entries[born] = Entry(born, self._unpacked(born), is_counted=True)
            assert facts.ended_ms is not None  # noqa: S101  only those that ended are packed
            self._note_seen(facts, facts.ended_ms, entry)

    def add_here(
        self,
        facts: Invocation,
        kind: InvocationType,
        payload_bytes: int,
        streamed_bytes: int,
        match_later: bool,
    ) -> tuple[Invocation, bool]:
        """The record, and whether anything changed."""
        key = (facts.request_id, facts.started_ms)
        here = self._heres.get(key)
        if here is None:
            here = self._heres[key] = Here(facts, kind, payload_bytes, streamed_bytes, self._new_entry(facts))
            here.entry.here = here
            insort(self._heres_by_time, here, key=_order)
            insort(self._open_by_time, here, key=_order)
        elif here.facts == facts:
            return here.entry.shown, False
        else:
            here.facts, here.payload_bytes, here.streamed_bytes = facts, payload_bytes, streamed_bytes
            self._unsettle([here])
        for each in here.ids:
            self._unsettle(self._heres_by_id.get(each, ()))
            if each not in self._heres_by_id:
                self._heres_by_id[each] = []
                self._unpack(each)
            if here not in self._heres_by_id[each]:
                self._heres_by_id[each].append(here)
        if not match_later and (here.entry.seen is not None or self._may_be_seen(here)):
            self.match()
        self._refresh(here.entry)
        return here.entry.shown, True

    def _may_be_here(self, seen: Seen) -> bool:
        if seen.facts.request_id in self._heres_by_id:
            return True
        if not self.match_by_time:
            return False
        started_ms = seen.facts.started_ms
        first = bisect_left(self._heres_by_time, started_ms - _LONGEST_WAIT_MS, key=_sent_ms)
        last = bisect_right(self._heres_by_time, started_ms + SLACK_MS, key=_sent_ms)
        return any(
            not here.has_id_match and here.distance_ms(seen.facts) is not None
            for here in self._heres_by_time[first:last]
        )

    def _may_be_seen(self, here: Here) -> bool:
        if any(each in self._seen_by_id for each in here.ids):
            return True
        if not self.match_by_time:
            return False
        first = bisect_left(self._seen_by_time, here.facts.started_ms - SLACK_MS, key=_started_ms)
        last = bisect_right(self._seen_by_time, here.latest_start_ms, key=_started_ms)
        return any(here.distance_ms(seen.facts) is not None for seen in self._seen_by_time[first:last])

    def match(self) -> None:
        """Join what is the same and part what turned out not to be.

        Worked out anew from all that is not settled, so that the order of arrival makes no difference.
        """
        pairs = self._pairs()
        for here, partner in pairs:
            if here.entry.seen is not None and here.entry.seen is not partner:
                self._part(here.entry, here.entry.seen)
        for here, partner in pairs:
            if partner is not None and here.entry is not partner.entry:
                self._join(here, partner)
        for here, partner in pairs:
            here.settled = partner if partner is not None and self._is_sure(here) else None
            if here.settled is not None:
                here.settled.is_settled = True
        self._open_by_time = [here for here in self._open_by_time if here.settled is None]

    def _is_sure(self, here: Here) -> bool:
        """Whether but one was seen of its id, which nothing else made here has: until more of it is added."""
        ids = here.ids
        return sum(len(self._seen_by_id.get(each, ())) for each in ids) == 1 and all(
            self._heres_by_id[each] == [here] for each in ids
        )

    def _unsettle(self, heres: Iterable[Here]) -> None:
        """What they are is open again, since more of their ids is added."""
        for here in heres:
            if here.settled is not None:
                here.settled.is_settled = False
                here.settled = None
                insort(self._open_by_time, here, key=_order)

    def _pairs(self) -> list[tuple[Here, Seen | None]]:
        taken: dict[Seen, Here] = {}
        partners: dict[Here, Seen] = {}
        for here in self._open_by_time:
            same_id = [
                seen for each in here.ids for seen in self._seen_by_id.get(each, ()) if seen not in taken
            ]
            here.has_id_match = bool(same_id)
            if same_id:  # of the attempts at one request the first
                partners[here] = first = min(same_id, key=lambda seen: seen.order)
                taken[first] = here
        if self.match_by_time:
            near = []
            for here in self._open_by_time:
                if here.has_id_match:
                    continue
                sent_ms = here.facts.started_ms
                first_at = bisect_left(self._seen_by_time, sent_ms - SLACK_MS, key=_started_ms)
                last_at = bisect_right(self._seen_by_time, here.latest_start_ms, key=_started_ms)
                for seen in self._seen_by_time[first_at:last_at]:
                    if seen.is_settled:
                        continue
                    distance_ms = here.distance_ms(seen.facts)
                    if distance_ms is not None:
                        near.append((distance_ms, here.order, seen.order, here, seen))
            for _, _, _, here, seen in sorted(near, key=lambda row: row[:3]):
                if here not in partners and seen not in taken:
                    partners[here] = seen
                    taken[seen] = here
        return [(here, partners.get(here)) for here in self._open_by_time]

    def _new_entry(self, facts: Invocation) -> Entry:
        entry = Entry(self._be_born(), replace(facts))
        self.entries[entry.born] = entry
        return entry

    def _be_born(self) -> int:
        born = self.count
        self.count += 1
        self._is_packed.append(0)
        self._cost_of.append(0)
        return born

    def _part(self, entry: Entry, seen: Seen) -> None:
        entry.seen = None
        seen.entry = self._new_entry(seen.facts)
        seen.entry.seen = seen
        self._refresh(seen.entry)
        self._refresh(entry)

    def _join(self, here: Here, seen: Seen) -> None:
        kept, dropped = sorted((here.entry, seen.entry), key=lambda entry: entry.born)
        self._uncount(dropped)
        self._uncount(kept)
        kept.shown = here.entry.shown  # which somebody holds
        del self.entries[dropped.born]
        kept.here, kept.seen = here, seen
        here.entry = seen.entry = kept
        self._refresh(kept)

    def price_anew(self, born: int) -> None:
        if self._is_packed[born]:
            known = self._unpacked(born)
            self.tally.count(known, known.cost, -1)
            self._count_packed(born, replace(known, cost=None), self._price_seen(known))
        elif (entry := self.entries.get(born)) is not None:  # it may have been joined to another
            self._uncount(entry)
            entry.shown.cost = None
            self._refresh(entry)

    def _uncount(self, entry: Entry) -> None:
        if entry.is_counted:
            self.tally.count(entry.shown, entry.shown.cost, -1)
            entry.is_counted = False

    def _refresh(self, entry: Entry) -> None:
        """Bring the record that is shown, and the totals, in line with the facts."""
        self._uncount(entry)
        facts = _facts_of(entry)
        shown, here = entry.shown, entry.here
        if self.changed is not None:
            self.changed.add(entry.born)
        if here is not None:
            self.touched[id(shown)] = shown
        is_priced = shown.report == facts.report and shown.cost is not None and shown.here == facts.here
        for name in ("request_id", "stream", "started_ms", "ended_ms", "version", "outcome", "error_type"):
            setattr(shown, name, getattr(facts, name))
        shown.report, shown.here = facts.report, facts.here
        if shown.report is None:
            shown.cost = None
        elif not is_priced:
            kind, payload_bytes = (None, 0) if here is None else (here.kind, here.payload_bytes)
            streamed_bytes = 0 if here is None else here.streamed_bytes
            more = {"streamed_bytes": streamed_bytes} if streamed_gb(streamed_bytes) else {}
            shown.cost = self.pricer(self.function, shown.report, kind, payload_bytes, **more)
        if shown.outcome in GRAVITY:
            self.tally.count(shown, shown.cost, 1)
            entry.is_counted = True


def _order(here: Here) -> tuple[int, str]:
    return here.order


def _sent_ms(here: Here) -> int:
    return here.facts.started_ms


def _started_ms(seen: Seen) -> int:
    return seen.facts.started_ms


def _merge(one: Invocation, other: Invocation) -> Invocation:
    """Two readings of one invocation: one reader may have missed its START or an error line."""
    worse = max(one, other, key=lambda each: (GRAVITY[each.outcome], each.error_type))
    version = next((each.version for each in (one, other) if each.version != "$LATEST"), "$LATEST")
    return replace(
        one,
        started_ms=min(one.started_ms, other.started_ms),
        version=version,
        outcome=worse.outcome,
        error_type=worse.error_type,
    )


def _facts_of(entry: Entry) -> Invocation:
    """What is known of an invocation from both sides. The log knows times best, the answer the outcome."""
    if entry.seen is None or entry.here is None:
        side = entry.seen or entry.here
        return side.facts if side is not None else entry.shown
    seen, here = entry.seen.facts, entry.here.facts
    if here.outcome is Outcome.OK or GRAVITY.get(here.outcome, -1) >= GRAVITY[seen.outcome]:
        outcome, error_type = here.outcome, here.error_type or seen.error_type
    else:
        outcome, error_type = seen.outcome, seen.error_type or here.error_type
    return replace(seen, outcome=outcome, error_type="" if outcome is Outcome.OK else error_type, here=True)
