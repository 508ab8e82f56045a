"""InvocationLedger, the invocations of one connection, each counted once."""

import asyncio
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count

from lambdadesk.core.cost import gb_seconds, streamed_gb
from lambdadesk.core.event import Event
from lambdadesk.core.types import Cost, Invocation, InvocationType, Outcome, Report

# What one invocation costs: (function, report, how it was invoked if known, payload bytes), None if unknown.
# For one that streamed more to here than is free it is called with `streamed_bytes` besides.
Pricer = Callable[..., Cost | None]

_GRAVITY = {
    Outcome.OK: 0,
    Outcome.ERROR: 1,
    Outcome.TIMEOUT: 2,
    Outcome.OUT_OF_MEMORY: 3,
}  # the final outcomes
_SLACK_MS = 50  # between the clock of the log and that of the answer
_START_WITHIN_MS = 60_000  # of an asynchronous event
_PRICED_AT_ONCE = 200  # invocations; some milliseconds
_LONGEST_WAIT_MS = 1_000_000  # no answer takes longer: functions run for 900 s at most


@dataclass(frozen=True, slots=True)
class Totals:
    """The finished invocations of a function. `unknown_cost` of them are missing from the cost."""

    invocations: int = 0
    errors: int = 0
    gb_seconds: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    exact: bool = True
    unknown_cost: int = 0


class InvocationLedger:
    """Merges what the logs show with what was invoked here, function by function.

    The result depends on what was added, not on its order, and adding the same again changes nothing.
    An invocation made here and one in the log are the same if their request ids agree. With `match_by_time`,
    for endpoints whose answers carry another id than their logs, times decide where no id agrees.

    `changed` is emitted with the function's name after every change, `here_changed` before it with the
    records of invocations made here of which more, or other, is known than before.
    """

    def __init__(self, pricer: Pricer, *, match_by_time: bool = False) -> None:
        self.changed: Event[str] = Event()
        self.here_changed: Event[list[Invocation]] = Event()
        self._pricer = pricer
        self._match_by_time = match_by_time
        self._books: dict[str, _Book] = {}

    def functions(self) -> list[str]:
        """The functions with any invocation, in the order in which they appeared."""
        return list(self._books)

    def of(self, function: str) -> Sequence[Invocation]:
        """The function's invocations in the order in which they became known; not for changing."""
        book = self._books.get(function)
        return [entry.shown for entry in book.entries.values()] if book is not None else []

    def find(self, invocation: Invocation) -> Invocation | None:
        """The record, with its cost, of an invocation that a log shows; None while it has not ended."""
        book = self._books.get(invocation.function)
        return None if book is None else book.find(invocation)

    def totals(self, function: str) -> Totals:
        """The sums over the function's finished invocations."""
        book = self._books.get(function)
        if book is None:
            return Totals()
        tally = book.tally
        return Totals(
            tally.invocations,
            tally.errors,
            tally.gb_seconds,
            tally.cost,
            not tally.inexact,
            tally.unknown_cost,
        )

    def add_seen(self, function: str, *invocations: Invocation) -> None:
        """Add invocations that a log shows; those without a REPORT yet are passed over: add them again."""
        book = self._book(function)
        if book.add_seen(invocations):
            self._tell(book)

    def add_here(
        self,
        function: str,
        kind: InvocationType,
        qualifier: str,
        request_id: str,
        sent_ms: int,
        received_ms: int,
        report: Report | None = None,
        *,
        outcome: Outcome,
        error_type: str = "",
        payload_bytes: int = 0,
        streamed_bytes: int = 0,
        match_later: bool = False,
    ) -> Invocation:
        """Add an invocation made here; times are epoch milliseconds of this machine's clock.

        `outcome` is QUEUED for an asynchronous event, UNKNOWN where no answer came; the log decides then.
        streamed_bytes: of an answer that came as a stream.
        match_later: it is joined with the log when more of that is seen, or by `match`: one of a thousand
        runs doesn't have to go through all others.
        Returns the record, which goes on changing as the log tells more. A dry run is no invocation.
        """
        if kind is InvocationType.DRY_RUN:
            raise ValueError("a dry run is not an invocation")
        facts = Invocation(
            function,
            request_id,
            sent_ms,
            ended_ms=received_ms,
            version=qualifier,
            outcome=outcome,
            error_type=error_type,
            report=report,
            here=True,
        )
        book = self._book(function)
        record, is_changed = book.add_here(facts, kind, payload_bytes, streamed_bytes, match_later)
        if is_changed:
            self._tell(book)
        return record

    def take_changes(self, function: str) -> list[Invocation]:
        """The records that became known, or other than before, since this was last asked for."""
        book = self._books.get(function)
        if book is None:
            return []
        changed, book.changed = book.changed, {}
        return list(changed.values())

    async def price_anew(self) -> None:
        """Ask the pricer again for everything, since its prices are others; the loop turns meanwhile."""
        for book in list(self._books.values()):
            for number, entry in enumerate(list(book.entries.values())):
                book.price_anew(entry)
                if number % _PRICED_AT_ONCE == 0:
                    await asyncio.sleep(0)
            self._tell(book)

    def match(self, function: str) -> None:
        """Join what was to be matched later with what the log has shown."""
        if book := self._books.get(function):
            book.match()
            if book.touched:
                self._tell(book)

    def _tell(self, book: "_Book") -> None:
        touched, book.touched = book.touched, {}
        if touched:
            self.here_changed.emit(list(touched.values()))
        self.changed.emit(book.function)

    def _book(self, function: str) -> "_Book":
        book = self._books.get(function)
        if book is None:
            book = self._books[function] = _Book(function, self._pricer, self._match_by_time)
        return book


@dataclass(slots=True, eq=False)
class _Entry:
    born: int
    shown: Invocation
    seen: "_Seen | None" = None
    here: "_Here | None" = None
    is_counted: bool = False


@dataclass(slots=True, eq=False)
class _Seen:
    facts: Invocation
    entry: _Entry

    @property
    def order(self) -> tuple[int, int, str, str]:
        facts = self.facts
        return facts.started_ms, facts.ended_ms or 0, facts.stream, facts.request_id


@dataclass(slots=True, eq=False)
class _Here:
    facts: Invocation
    kind: InvocationType
    payload_bytes: int
    streamed_bytes: int
    entry: _Entry
    has_id_match: bool = False

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
        if self.facts.outcome in _GRAVITY:
            return (self.facts.ended_ms or self.facts.started_ms) + _SLACK_MS
        return self.facts.started_ms + _START_WITHIN_MS

    def distance_ms(self, seen: Invocation) -> int | None:
        """How far the seen invocation is from this one in time, None where it can't be the same."""
        late_ms = seen.started_ms - self.facts.started_ms
        if late_ms < -_SLACK_MS or seen.started_ms > self.latest_start_ms:
            return None
        if self.facts.outcome not in _GRAVITY:
            return abs(late_ms)
        early_ms = (self.facts.ended_ms or 0) - (seen.ended_ms or 0)
        return abs(late_ms) + abs(early_ms) if early_ms >= -_SLACK_MS else None


@dataclass(slots=True)
class _Tally:
    invocations: int = 0
    errors: int = 0
    gb_seconds: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    inexact: int = 0
    unknown_cost: int = 0

    def count(self, invocation: Invocation, sign: int) -> None:
        """Add (sign 1) or take back (-1) one finished invocation."""
        self.invocations += sign
        self.errors += sign * (invocation.outcome is not Outcome.OK)
        if invocation.report is not None:
            self.gb_seconds += sign * gb_seconds(invocation.report)
        cost = invocation.cost
        if cost is None:
            self.unknown_cost += sign
        else:
            self.cost += sign * cost.amount
            self.inexact += sign * (not cost.exact)


@dataclass(slots=True, eq=False)
class _Book:
    """The ledger's page for one function.

    Whatever was seen or made here has an entry; where two are the same invocation, they share one.
    """

    function: str
    pricer: Pricer
    match_by_time: bool
    entries: dict[int, _Entry] = field(default_factory=dict)
    tally: _Tally = field(default_factory=_Tally)
    touched: dict[int, Invocation] = field(
        default_factory=dict
    )  # records of here that changed, by their id()
    changed: dict[int, Invocation] = field(default_factory=dict)  # since they were last taken, by `born`
    _seen: dict[tuple[str, str, int], _Seen] = field(default_factory=dict)
    _seen_by_id: dict[str, list[_Seen]] = field(default_factory=dict)
    _seen_by_time: list[_Seen] = field(default_factory=list)
    _heres: dict[tuple[str, int], _Here] = field(default_factory=dict)
    _heres_by_time: list[_Here] = field(default_factory=list)
    _ids_here: set[str] = field(default_factory=set)
    _births: "count[int]" = field(default_factory=count)

    def find(self, invocation: Invocation) -> Invocation | None:
        if invocation.ended_ms is None:
            return None
        seen = self._seen.get((invocation.stream, invocation.request_id, invocation.ended_ms))
        return None if seen is None else seen.entry.shown

    def add_seen(self, invocations: Sequence[Invocation]) -> bool:
        """Whether anything changed."""
        added = [seen for each in invocations if (seen := self._add_seen(each)) is not None]
        entries = [seen.entry for seen in added]
        # Once for all of them: it goes through everything that was made here.
        if any(seen.entry.here is not None or self._may_be_here(seen) for seen in added):
            self.match()
        for seen, entry in zip(added, entries, strict=True):
            if seen.entry is entry:
                self._refresh(entry)
        return bool(added)

    def _add_seen(self, invocation: Invocation) -> _Seen | None:
        """What the invocation is here; None where it says nothing new."""
        if invocation.outcome not in _GRAVITY or invocation.ended_ms is None:
            return None
        key = (invocation.stream, invocation.request_id, invocation.ended_ms)
        seen = self._seen.get(key)
        if seen is None:
            facts = replace(invocation, cost=None)
            seen = self._seen[key] = _Seen(facts, self._new_entry(facts))
            seen.entry.seen = seen
            self._seen_by_id.setdefault(invocation.request_id, []).append(seen)
        else:
            merged = _merge(seen.facts, invocation)
            if merged == seen.facts:
                return None
            self._seen_by_time.remove(seen)
            seen.facts = merged
        insort(self._seen_by_time, seen, key=lambda each: each.order)
        return seen

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
            here = self._heres[key] = _Here(
                facts, kind, payload_bytes, streamed_bytes, self._new_entry(facts)
            )
            here.entry.here = here
            insort(self._heres_by_time, here, key=lambda each: each.order)
        elif here.facts == facts:
            return here.entry.shown, False
        else:
            here.facts, here.payload_bytes, here.streamed_bytes = facts, payload_bytes, streamed_bytes
        self._ids_here.update(here.ids)
        if not match_later and (here.entry.seen is not None or self._may_be_seen(here)):
            self.match()
        self._refresh(here.entry)
        return here.entry.shown, True

    def _may_be_here(self, seen: _Seen) -> bool:
        if seen.facts.request_id in self._ids_here:
            return True
        if not self.match_by_time:
            return False
        started_ms = seen.facts.started_ms
        first = bisect_left(self._heres_by_time, started_ms - _LONGEST_WAIT_MS, key=_sent_ms)
        last = bisect_right(self._heres_by_time, started_ms + _SLACK_MS, key=_sent_ms)
        return any(
            not here.has_id_match and here.distance_ms(seen.facts) is not None
            for here in self._heres_by_time[first:last]
        )

    def _may_be_seen(self, here: _Here) -> bool:
        if any(each in self._seen_by_id for each in here.ids):
            return True
        if not self.match_by_time:
            return False
        first = bisect_left(self._seen_by_time, here.facts.started_ms - _SLACK_MS, key=_started_ms)
        last = bisect_right(self._seen_by_time, here.latest_start_ms, key=_started_ms)
        return any(here.distance_ms(seen.facts) is not None for seen in self._seen_by_time[first:last])

    def match(self) -> None:
        """Join what is the same and part what turned out not to be.

        Always worked out anew from all that is known, so that the order of arrival makes no difference.
        """
        pairs = self._pairs()
        for here, partner in pairs:
            if here.entry.seen is not None and here.entry.seen is not partner:
                self._part(here.entry, here.entry.seen)
        for here, partner in pairs:
            if partner is not None and here.entry is not partner.entry:
                self._join(here, partner)

    def _pairs(self) -> list[tuple[_Here, _Seen | None]]:
        taken: dict[_Seen, _Here] = {}
        partners: dict[_Here, _Seen] = {}
        for here in self._heres_by_time:
            same_id = [
                seen for each in here.ids for seen in self._seen_by_id.get(each, ()) if seen not in taken
            ]
            here.has_id_match = bool(same_id)
            if same_id:  # of the attempts at one request the first
                partners[here] = first = min(same_id, key=lambda seen: seen.order)
                taken[first] = here
        if self.match_by_time:
            near = []
            for here in self._heres_by_time:
                if here.has_id_match:
                    continue
                sent_ms = here.facts.started_ms
                first_at = bisect_left(self._seen_by_time, sent_ms - _SLACK_MS, key=_started_ms)
                last_at = bisect_right(self._seen_by_time, here.latest_start_ms, key=_started_ms)
                for seen in self._seen_by_time[first_at:last_at]:
                    distance_ms = here.distance_ms(seen.facts)
                    if distance_ms is not None:
                        near.append((distance_ms, here.order, seen.order, here, seen))
            for _, _, _, here, seen in sorted(near, key=lambda row: row[:3]):
                if here not in partners and seen not in taken:
                    partners[here] = seen
                    taken[seen] = here
        return [(here, partners.get(here)) for here in self._heres_by_time]

    def _new_entry(self, facts: Invocation) -> _Entry:
        entry = _Entry(next(self._births), replace(facts))
        self.entries[entry.born] = entry
        return entry

    def _part(self, entry: _Entry, seen: _Seen) -> None:
        entry.seen = None
        seen.entry = self._new_entry(seen.facts)
        seen.entry.seen = seen
        self._refresh(seen.entry)
        self._refresh(entry)

    def _join(self, here: _Here, seen: _Seen) -> None:
        kept, dropped = sorted((here.entry, seen.entry), key=lambda entry: entry.born)
        self._uncount(dropped)
        self._uncount(kept)
        kept.shown = here.entry.shown  # which somebody holds
        del self.entries[dropped.born]
        self.changed.pop(dropped.born, None)
        kept.here, kept.seen = here, seen
        here.entry = seen.entry = kept
        self._refresh(kept)

    def price_anew(self, entry: _Entry) -> None:
        if entry.born in self.entries:  # it may have been joined to another meanwhile
            self._uncount(entry)
            entry.shown.cost = None
            self._refresh(entry)

    def _uncount(self, entry: _Entry) -> None:
        if entry.is_counted:
            self.tally.count(entry.shown, -1)
            entry.is_counted = False

    def _refresh(self, entry: _Entry) -> None:
        """Bring the record that is shown, and the totals, in line with the facts."""
        self._uncount(entry)
        facts = _facts_of(entry)
        shown, here = entry.shown, entry.here
        self.changed[entry.born] = shown
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
        if shown.outcome in _GRAVITY:
            self.tally.count(shown, 1)
            entry.is_counted = True


def _sent_ms(here: _Here) -> int:
    return here.facts.started_ms


def _started_ms(seen: _Seen) -> int:
    return seen.facts.started_ms


def _merge(one: Invocation, other: Invocation) -> Invocation:
    """Two readings of one invocation: one reader may have missed its START or an error line."""
    worse = max(one, other, key=lambda each: (_GRAVITY[each.outcome], each.error_type))
    version = next((each.version for each in (one, other) if each.version != "$LATEST"), "$LATEST")
    return replace(
        one,
        started_ms=min(one.started_ms, other.started_ms),
        version=version,
        outcome=worse.outcome,
        error_type=worse.error_type,
    )


def _facts_of(entry: _Entry) -> Invocation:
    """What is known of an invocation from both sides. The log knows times best, the answer the outcome."""
    if entry.seen is None or entry.here is None:
        side = entry.seen or entry.here
        return side.facts if side is not None else entry.shown
    seen, here = entry.seen.facts, entry.here.facts
    if here.outcome is Outcome.OK or _GRAVITY.get(here.outcome, -1) >= _GRAVITY[seen.outcome]:
        outcome, error_type = here.outcome, here.error_type or seen.error_type
    else:
        outcome, error_type = seen.outcome, seen.error_type or here.error_type
    return replace(seen, outcome=outcome, error_type="" if outcome is Outcome.OK else error_type, here=True)
