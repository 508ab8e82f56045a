"""ProvisionalLines, what a live session has shown and no poll has brought yet."""

from collections import Counter, deque
from collections.abc import Iterable

from lambdadesk.core.types import LogEvent

_Key = tuple[str, int, str]


class ProvisionalLines:
    """Holds each line that came by one way alone: its own, of the live session, are to be shown for now.

    Live events carry no id, so lines are matched by stream, time and text, and counted: two equal lines of
    one millisecond are legal. Which way is the first does not matter.
    """

    def __init__(self) -> None:
        self._shown: dict[_Key, list[LogEvent]] = {}
        self._polled: Counter[_Key] = Counter()  # what a poll brought before the live session
        self._arrivals: deque[tuple[int, _Key]] = deque()  # of those: when, about in that order

    def __len__(self) -> int:
        return sum(map(len, self._shown.values()))

    def lines(self) -> list[LogEvent]:
        """In the order of timestamp and ingestion, as the log shows them."""
        every = [event for events in self._shown.values() for event in events]
        return sorted(every, key=lambda event: (event.timestamp_ms, event.ingestion_ms))

    def add_live(self, events: Iterable[LogEvent]) -> None:
        for event in events:
            key = _get_key(event)
            if self._polled[key] > 0:
                self._polled[key] -= 1
            else:
                self._shown.setdefault(key, []).append(event)

    def add_polled(self, events: Iterable[LogEvent]) -> None:
        """What is in the log now, and need not be shown twice."""
        for event in events:
            key = _get_key(event)
            if shown := self._shown.get(key):
                shown.pop(0)
                if not shown:
                    del self._shown[key]
            else:
                self._polled[key] += 1
                self._arrivals.append((_get_moment(event), key))

    def forget(self, before_ms: int) -> int:
        """Give up on lines that were written, and came, before a moment; returns how many no poll brought."""
        while self._arrivals and self._arrivals[0][0] < before_ms:
            _, key = self._arrivals.popleft()
            self._polled[key] -= 1
            if self._polled[key] <= 0:
                del self._polled[key]
        count = 0
        for key, events in list(self._shown.items()):
            kept = [event for event in events if _get_moment(event) >= before_ms]
            count += len(events) - len(kept)
            if kept:
                self._shown[key] = kept
            else:
                del self._shown[key]
        return count


def _get_key(event: LogEvent) -> _Key:
    return event.stream, event.timestamp_ms, event.message


def _get_moment(event: LogEvent) -> int:
    """From when on polls may find it, which for a late one is when it came."""
    return max(event.timestamp_ms, event.ingestion_ms)
