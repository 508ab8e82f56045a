"""ProvisionalLines, what a live session has shown and no poll has brought yet."""

from collections import Counter
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

    def forget(self, before_ms: int) -> int:
        """Give up on lines before a moment; returns how many no poll ever brought."""
        self._polled = Counter(
            {key: count for key, count in self._polled.items() if count > 0 and key[1] >= before_ms}
        )
        old = [key for key in self._shown if key[1] < before_ms]
        return sum(len(self._shown.pop(key)) for key in old)


def _get_key(event: LogEvent) -> _Key:
    return event.stream, event.timestamp_ms, event.message
