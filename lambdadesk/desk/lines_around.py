"""LinesAround, what one log stream says shortly before and after a moment."""

from bisect import bisect_left
from collections.abc import Iterator

from lambdadesk.aws.gateway import Gateway
from lambdadesk.aws.logs import fetch_events
from lambdadesk.core.errors import UserError
from lambdadesk.core.event import Event
from lambdadesk.core.types import LogEvent
from lambdadesk.desk.tailer import Tailer

AROUND_MS = 120_000  # to either side
MOST_LINES = 10_000


class LinesAround:
    """Lines of a stream from two minutes before a moment to two minutes after it.

    They come from a tail that holds them all, else CloudWatch Logs is asked. The owner's TaskScope runs
    `load`. A failure is in `error`, not raised.

    Event changed: after any of the attributes changed.
    """

    def __init__(
        self, gateway: Gateway, group: str, stream: str, at_ms: int, tail: Tailer | None = None
    ) -> None:
        self.changed: Event[[]] = Event()
        self.group, self.stream, self.at_ms = group, stream, at_ms
        self.lines: list[LogEvent] = []
        self.is_loading = False
        self.is_cut = False  # there are more than MOST_LINES
        self.error: UserError | None = None
        self._gateway = gateway
        self._tail = tail if tail is not None and tail.function.log_group_name == group else None

    @property
    def nearest(self) -> int:
        """The line at the moment, or else the first after it, or else the last; -1 where there are none."""
        after = bisect_left(self.lines, self.at_ms, key=lambda line: line.timestamp_ms)
        return min(after, len(self.lines) - 1)

    async def load(self) -> None:
        if self._is_held():
            self.lines = list(self._find_held())
            self.changed.emit()
            return
        self.is_loading, self.error, self.lines = True, None, []
        self.changed.emit()
        try:
            pages = fetch_events(
                self._gateway,
                self.group,
                self.at_ms - AROUND_MS,
                self.at_ms + AROUND_MS,
                stream_prefix=self.stream,
            )
            async for page in pages:
                self.lines += [event for event in page.events if event.stream == self.stream]
                if len(self.lines) >= MOST_LINES:
                    self.is_cut = True
                    break
                self.changed.emit()
        except UserError as error:
            self.error = error
        finally:
            self.is_loading = False
            self.changed.emit()

    def _is_held(self) -> bool:
        tail = self._tail
        if tail is None or not len(tail.store) or tail.counts.gaps:
            return False
        first_ms = tail.store.timestamp(tail.store.first)
        complete_ms = tail.counts.complete_to_ms or 0
        return first_ms <= self.at_ms - AROUND_MS and self.at_ms + AROUND_MS <= complete_ms

    def _find_held(self) -> Iterator[LogEvent]:
        assert self._tail is not None  # noqa: S101  it holds them
        store = self._tail.store
        numbers = range(store.first, store.end)
        start = bisect_left(numbers, self.at_ms - AROUND_MS, key=store.timestamp)
        for number in numbers[start:]:
            row = store.row(number)
            if row.timestamp_ms > self.at_ms + AROUND_MS:
                return
            if row.stream == self.stream:
                yield LogEvent(row.timestamp_ms, row.message, row.stream, row.ingestion_ms)
