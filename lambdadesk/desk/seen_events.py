"""SeenEvents, which tells the events that a tail has not had yet from those that it has."""

from collections import defaultdict

from lambdadesk.core.types import LogColumns

_MINUTE_MS = 60_000


class SeenEvents:
    """Knows events by the 64-bit hash of their id, minute by minute, so that forgetting is cheap.

    An id takes half the memory that way, and two of a busy minute's 300,000 events are taken for one about
    once in 800 years. Without an id, equal lines of one millisecond are told apart by their order in a poll.
    """

    def __init__(self) -> None:
        self._minutes: defaultdict[int, set[int]] = defaultdict(set)
        self._new: set[int] = set()  # in this poll, with an id
        self._news: list[list[int]] = []  # the same, not yet put together
        self._delivered: dict[int, int] = {}  # in this poll, without one

    def __len__(self) -> int:
        return sum(map(len, self._minutes.values()))

    def begin_poll(self) -> None:
        self._new = set()
        self._news = []
        self._delivered = {}

    def take(self, events: LogColumns) -> tuple[LogColumns, int]:
        """The events that are new, and how many of this poll's new ones were delivered once more."""
        if not all(events.event_ids):
            return self._take_one_by_one(events)
        keys = list(map(hash, events.event_ids))
        minutes = {at_ms // _MINUTE_MS for at_ms in events.timestamps_ms}
        if len(minutes) == 1:
            known = self._minutes[minutes.pop()]
            if known.isdisjoint(keys):
                count = len(known) + len(keys)
                known.update(keys)
                if len(known) == count:
                    self._news.append(keys)
                    return events, 0
                known.difference_update(keys)  # one comes twice in here
            elif known.issuperset(keys) and self._get_new().isdisjoint(keys):
                return events.between(0, 0), 0
        new = self._get_new()
        is_new = []
        duplicates = 0
        for at_ms, key in zip(events.timestamps_ms, keys, strict=True):
            known = self._minutes[at_ms // _MINUTE_MS]
            is_new.append(key not in known)
            if key not in known:
                known.add(key)
                new.add(key)
            elif key in new:
                duplicates += 1
        return events.where(is_new), duplicates

    def _get_new(self) -> set[int]:
        """What this poll has brought, with an id; put together only where something is known already."""
        self._new.update(*self._news)
        self._news.clear()
        return self._new

    def forget(self, before_ms: int) -> None:
        """Forget events before a moment; none of them may be read again."""
        before = before_ms // _MINUTE_MS
        for minute in [minute for minute in self._minutes if minute < before]:
            del self._minutes[minute]

    def clear(self) -> None:
        self._minutes.clear()
        self.begin_poll()

    def _take_one_by_one(self, events: LogColumns) -> tuple[LogColumns, int]:
        is_new = []
        duplicates = 0
        new = self._get_new()
        for timestamp_ms, message, stream, ingestion_ms, event_id in events:
            if event_id:
                key = hash(event_id)
                duplicates += key in new
            else:
                key = hash((stream, timestamp_ms, ingestion_ms, message))
                copies = self._delivered.get(key, 0)
                self._delivered[key] = copies + 1
                if copies:
                    key = hash((key, copies))
            known = self._minutes[timestamp_ms // _MINUTE_MS]
            is_new.append(key not in known)
            if key not in known:
                known.add(key)
                if event_id:
                    new.add(key)
        return events.where(is_new), duplicates
