"""SeenEvents, which tells the events that a tail has not had yet from those that it has."""

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from lambdadesk.core.types import LogColumns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MINUTE_MS = 60_000
_MANY = 50_000  # hashes; fewer are not worth the import of numpy
_SLICE = 20_000  # taken in one go, while the event loop waits for the interpreter


class SeenEvents:
    """Knows events by the 64-bit hash of their id, minute by minute, so that forgetting is cheap.

    An id takes half the memory that way, and two of a busy minute's 300,000 events are taken for one about
    once in 800 years. Without an id, equal lines of one millisecond are told apart by their order in a poll.
    Between polls they can be packed, into a tenth of the memory: `pack` where `is_large`.
    """

    def __init__(self) -> None:
        self._minutes: defaultdict[int, set[int]] = defaultdict(set)
        self._packed: dict[int, NDArray[np.int64]] = {}  # by minute, sorted; what came since is in the sets
        self._new: set[int] = set()  # in this poll, with an id
        self._news: list[list[int]] = []  # the same, not yet put together
        self._delivered: dict[int, int] = {}  # in this poll, without one

    def __len__(self) -> int:
        return sum(map(len, self._minutes.values())) + sum(map(len, self._packed.values()))

    @property
    def is_large(self) -> bool:
        """Whether there is something to pack."""
        return sum(map(len, self._minutes.values())) > _MANY

    def pack(self) -> None:
        """Pack all that is known by now. Takes a while: for a thread, between two polls."""
        import numpy as np

        for minute, keys in list(self._minutes.items()):
            rest = iter(keys)
            parts = [self._packed[minute]] if minute in self._packed else []
            for start in range(0, len(keys), _SLICE):
                count = min(_SLICE, len(keys) - start)
                parts.append(np.fromiter(islice(rest, count), np.int64, count))
            self._packed[minute] = np.sort(np.concatenate(parts))
            del self._minutes[minute]

    def _find_packed(self, events: LogColumns, keys: list[int]) -> "NDArray[np.bool_]":
        """Which of the events are among those that are packed."""
        import numpy as np

        wanted = np.array(keys, np.int64)
        minutes = np.array(events.timestamps_ms, np.int64) // _MINUTE_MS
        found = np.zeros(len(keys), np.bool_)
        for minute in set(minutes.tolist()) & self._packed.keys():
            packed = self._packed[minute]
            places = np.minimum(np.searchsorted(packed, wanted), len(packed) - 1)
            found |= (packed[places] == wanted) & (minutes == minute)
        return found

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
        if not self._packed.keys().isdisjoint(minutes):
            is_new = (~self._find_packed(events, keys)).tolist()
            rest = events.where(is_new)
            return self._take(rest, list(map(hash, rest.event_ids))) if len(rest) else (rest, 0)
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
        return self._take(events, keys)

    def _take(self, events: LogColumns, keys: list[int]) -> tuple[LogColumns, int]:
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
        for minutes in (self._minutes, self._packed):
            for minute in [each for each in minutes if each < before]:
                del minutes[minute]

    def clear(self) -> None:
        self._minutes.clear()
        self._packed.clear()
        self.begin_poll()

    def _take_one_by_one(self, events: LogColumns) -> tuple[LogColumns, int]:
        keys: list[int] = []
        for timestamp_ms, message, stream, ingestion_ms, event_id in events:
            if event_id:
                keys.append(hash(event_id))
                continue
            key = hash((stream, timestamp_ms, ingestion_ms, message))
            copies = self._delivered.get(key, 0)
            self._delivered[key] = copies + 1
            keys.append(hash((key, copies)) if copies else key)
        is_packed = self._find_packed(events, keys).tolist() if self._packed else [False] * len(keys)
        is_new = []
        duplicates = 0
        new = self._get_new()
        for at_ms, key, event_id, was_packed in zip(
            events.timestamps_ms, keys, events.event_ids, is_packed, strict=True
        ):
            known = self._minutes[at_ms // _MINUTE_MS]
            is_new.append(not was_packed and key not in known)
            if is_new[-1]:
                known.add(key)
                if event_id:
                    new.add(key)
            elif event_id:
                duplicates += key in new
        return events.where(is_new), duplicates
