"""LogStore, the lines of one log tail in order, small enough to hold a million."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from enum import IntEnum
from itertools import accumulate, compress
from operator import eq, gt, itemgetter
from typing import NamedTuple

from lambdadesk.core.event import Event

CAP_LINES = 200_000
CAP_CHARACTERS = 256_000_000
BLOCK_LINES = 4_096
BLOCK_CHARACTERS = 1_000_000
SEPARATOR = "\n"  # between the lines of a block; a line may hold it too, so only the offsets tell lines apart


class LineKind(IntEnum):
    """What a line is to its invocation."""

    APP = 0
    START = 1
    END = 2
    REPORT = 3
    PLATFORM = 4  # any other line that Lambda itself writes
    NOTE = 5  # written by the tail, not by the function: a gap, say


class Level(IntEnum):
    """How severe a line says it is; NONE where it doesn't say."""

    NONE = 0
    DEBUG = 1
    INFO = 2
    WARN = 3
    ERROR = 4


class LogRow(NamedTuple):
    """One line as it is stored. `invocation` is -1 where the line belongs to none that is known."""

    timestamp_ms: int
    ingestion_ms: int
    stream: str
    message: str
    kind: int = LineKind.APP
    level: int = Level.NONE
    invocation: int = -1
    late: bool = False  # came after later lines had been shown
    request_id: str = ""


class Block(NamedTuple):
    """Closed lines in one string: line i of the block is text[offsets[i] : offsets[i + 1] - 1]."""

    text: str
    offsets: "array[int]"

    @property
    def line_count(self) -> int:
        return len(self.offsets) - 1

    def lines(self) -> list[str]:
        ends = self.offsets[1:]
        return [self.text[start : end - 1] for start, end in zip(self.offsets, ends, strict=False)]


_by_time = itemgetter(0, 1)


class LogStore:
    """Lines in order of timestamp, ingestion and arrival.

    Line numbers count from the first line ever stored: the kept ones are `first` to `end` (exclusive), so
    that dropping the oldest lines renumbers nothing. A late line moves the lines after it up.
    """

    def __init__(self, cap: int = CAP_LINES, cap_characters: int = CAP_CHARACTERS) -> None:
        self.cap = cap
        self._block_lines = min(BLOCK_LINES, max(1, cap // 16))
        self.cap_characters = cap_characters
        self.changed: Event[int] = Event()  # the first changed line number, once the store is up to date
        self._reset()

    def _reset(self) -> None:
        self.first = 0  # lines dropped so far, and so the number of the oldest one kept
        self._timestamps = array("q")
        self._ingestions = array("q")
        self._streams = array("I")
        self._kinds = array("B")
        self._levels = array("B")
        self._invocations = array("i")
        self._lates = array("B")
        self._columns: tuple[array[int], ...] = (
            *(self._timestamps, self._ingestions, self._streams, self._kinds, self._levels),
            *(self._invocations, self._lates),
        )
        self._stream_names: list[str] = []
        self._stream_numbers: dict[str, int] = {}
        self._request_ids: dict[int, str] = {}  # by invocation
        self._blocks: list[Block] = []
        self._starts: list[int] = []  # the number of each block's first line
        self._open: list[str] = []  # the lines after the last block
        self._open_characters = 0
        self._characters = 0

    def __len__(self) -> int:
        return len(self._timestamps)

    @property
    def dropped(self) -> int:
        """How many of the oldest lines were dropped to stay below the cap."""
        return self.first

    @property
    def end(self) -> int:
        """The number after the newest line's."""
        return self.first + len(self._timestamps)

    @property
    def character_count(self) -> int:
        return self._characters

    def add(self, rows: Sequence[LogRow]) -> int:
        """Put the rows in their places; returns the first changed line number.

        Rows that are newer than all others are appended; for a late row its block is written anew.
        """
        if not rows:
            return self.end
        rows = sorted(rows, key=_by_time)
        changed = self._place(rows[0].timestamp_ms, rows[0].ingestion_ms)
        places = [self._place(*row[:2]) for row in rows] if changed < self.end else []
        late = bisect_left(places, self.end)
        if late:
            self._insert(rows[:late], places[:late])
        if late < len(rows):
            self._append(rows[late:])
        self._drop_oldest()
        changed = max(changed, self.first)
        self.changed.emit(changed)
        return changed

    def add_columns(
        self,
        timestamps_ms: Sequence[int],
        ingestions_ms: Sequence[int],
        streams: Sequence[str],
        messages: Sequence[str],
        kinds: bytes,
        levels: bytes,
        invocations: Sequence[int],
        lates: bytes,
        request_ids: Mapping[int, str],
    ) -> int:
        """The same as `add`, field by field, in half the time where the lines are in order and the newest.

        kinds, levels, lates: one byte for each line; request_ids: by invocation.
        """
        if not timestamps_ms:
            return self.end
        newest = (self._timestamps[-1], self._ingestions[-1]) if self._timestamps else (0, 0)
        is_late = (timestamps_ms[0], ingestions_ms[0]) < newest
        if is_late or not _are_in_order(timestamps_ms, ingestions_ms):
            times = (timestamps_ms, ingestions_ms)
            ids = [request_ids.get(invocation, "") for invocation in invocations]
            rest = (streams, messages, kinds, levels, invocations, map(bool, lates), ids)
            return self.add(list(map(LogRow._make, zip(*times, *rest, strict=True))))
        changed = self.end
        self._timestamps.extend(timestamps_ms)
        self._ingestions.extend(ingestions_ms)
        self._kinds.frombytes(kinds)
        self._levels.frombytes(levels)
        self._invocations.extend(invocations)
        self._lates.frombytes(lates)
        self._request_ids.update((key, name) for key, name in request_ids.items() if name and key >= 0)
        self._append_texts(streams, messages)
        self._drop_oldest()
        self.changed.emit(max(changed, self.first))
        return max(changed, self.first)

    def clear(self) -> None:
        """Forget every line; the next one has number 0."""
        self._reset()
        self.changed.emit(0)

    def row(self, number: int) -> LogRow:
        at = self._at(number)
        invocation = self._invocations[at]
        return LogRow(
            self._timestamps[at],
            self._ingestions[at],
            self._stream_names[self._streams[at]],
            self.text(number),
            self._kinds[at],
            self._levels[at],
            invocation,
            bool(self._lates[at]),
            self.get_request_id(invocation),
        )

    def text(self, number: int) -> str:
        """The message as it was received."""
        self._at(number)
        in_open = number - self._open_start
        if in_open >= 0:
            return self._open[in_open]
        block_number = bisect_right(self._starts, number) - 1
        text, offsets = self._blocks[block_number]
        in_block = number - self._starts[block_number]
        return text[offsets[in_block] : offsets[in_block + 1] - 1]

    def timestamp(self, number: int) -> int:
        """Epoch milliseconds, as the function's clock had it."""
        return self._timestamps[self._at(number)]

    def stream(self, number: int) -> str:
        return self._stream_names[self._streams[self._at(number)]]

    def kind(self, number: int) -> int:
        return self._kinds[self._at(number)]

    def level(self, number: int) -> int:
        return self._levels[self._at(number)]

    def invocation(self, number: int) -> int:
        return self._invocations[self._at(number)]

    def request_id(self, number: int) -> str:
        """The request the line belongs to, empty where that isn't known."""
        return self.get_request_id(self._invocations[self._at(number)])

    def levels(self, start: int, stop: int) -> "array[int]":
        """The levels of the lines from number start to stop (exclusive)."""
        return self._levels[start - self.first : stop - self.first]

    def invocations(self, start: int, stop: int) -> "array[int]":
        """The invocations of the lines from number start to stop (exclusive)."""
        return self._invocations[start - self.first : stop - self.first]

    def get_request_id(self, invocation: int) -> str:
        """The request id of an invocation, empty where it isn't known."""
        return self._request_ids.get(invocation, "")

    def is_late(self, number: int) -> bool:
        return bool(self._lates[self._at(number)])

    def chunk(self, number: int) -> tuple[int, Block | None, list[str]]:
        """The stored unit that holds a line: its first line number, and its block or the loose lines."""
        self._at(number)
        if number >= self._open_start:
            return self._open_start, None, self._open
        block_number = bisect_right(self._starts, number) - 1
        return self._starts[block_number], self._blocks[block_number], []

    @property
    def _open_start(self) -> int:
        return self.end - len(self._open)

    def _at(self, number: int) -> int:
        at = number - self.first
        if not 0 <= at < len(self._timestamps):
            raise IndexError(f"line {number} is not stored; {self.first} to {self.end - 1} are")
        return at

    def _place(self, timestamp_ms: int, ingestion_ms: int) -> int:
        """The number a row would have: after all that are not later."""
        low = bisect_left(self._timestamps, timestamp_ms)
        high = bisect_right(self._timestamps, timestamp_ms, low)
        return self.first + bisect_right(self._ingestions, ingestion_ms, low, high)

    def _insert(self, rows: Sequence[LogRow], places: Sequence[int]) -> None:
        """Put each row before the line that has the number of its place; both ascend."""
        timestamps, ingestions, names, messages, kinds, levels, invocations, lates, _ids = zip(
            *rows, strict=True
        )
        added = (timestamps, ingestions, self._get_numbers(names), kinds, levels, invocations, lates)
        for column, values in zip(self._columns, added, strict=True):
            _insert_values(column, values, [place - self.first for place in places])
        self._note_requests(rows)
        self._insert_texts(messages, places)
        self._characters += sum(map(len, messages))

    def _insert_texts(self, messages: Sequence[str], places: Sequence[int]) -> None:
        open_start = self._starts[-1] + self._blocks[-1].line_count if self._blocks else self.first
        end = bisect_left(places, open_start)
        for at in range(len(places) - 1, end - 1, -1):
            self._open.insert(places[at] - open_start, messages[at])
            self._open_characters += len(messages[at])
        while end > 0:
            block_number = bisect_right(self._starts, places[end - 1]) - 1
            first = self._starts[block_number]
            start = bisect_left(places, first, 0, end)
            lines = self._blocks[block_number].lines()
            for at in range(end - 1, start - 1, -1):
                lines.insert(places[at] - first, messages[at])
            halves = [lines]
            if len(lines) > 2 * self._block_lines:
                halves = [lines[: self._block_lines], lines[self._block_lines :]]
            self._blocks[block_number : block_number + 1] = map(_make_block, halves)
            end = start
        counts = (block.line_count for block in self._blocks)
        self._starts = list(accumulate(counts, initial=self.first))[:-1]

    def _note_requests(self, rows: Sequence[LogRow]) -> None:
        self._request_ids.update(
            (row.invocation, row.request_id) for row in rows if row.request_id and row.invocation >= 0
        )

    def _get_numbers(self, streams: Sequence[str]) -> list[int]:
        for name in set(streams).difference(self._stream_numbers):
            self._stream_numbers[name] = len(self._stream_names)
            self._stream_names.append(name)
        return list(map(self._stream_numbers.__getitem__, streams))

    def _append(self, rows: Sequence[LogRow]) -> None:
        timestamps, ingestions, streams, messages, kinds, levels, invocations, lates, _ids = zip(
            *rows, strict=True
        )
        self._note_requests(rows)
        self._timestamps.extend(timestamps)
        self._ingestions.extend(ingestions)
        self._kinds.extend(kinds)
        self._levels.extend(levels)
        self._invocations.extend(invocations)
        self._lates.extend(lates)
        self._append_texts(streams, messages)

    def _append_texts(self, streams: Sequence[str], messages: Sequence[str]) -> None:
        self._streams.extend(self._get_numbers(streams))
        characters = sum(map(len, messages))
        self._characters += characters
        if self._open_characters + characters < BLOCK_CHARACTERS:  # then lines alone fill blocks
            start = 0
            while start < len(messages):
                stop = start + max(0, self._block_lines - len(self._open))  # late lines may be in it, too
                self._open += messages[start:stop]
                start = stop
                if len(self._open) >= self._block_lines:
                    self._close_block()
            self._open_characters = sum(map(len, self._open))
            return
        for message in messages:
            self._open.append(message)
            self._open_characters += len(message)
            if len(self._open) >= self._block_lines or self._open_characters >= BLOCK_CHARACTERS:
                self._close_block()

    def _close_block(self) -> None:
        start = self._starts[-1] + self._blocks[-1].line_count if self._blocks else self.first
        self._blocks.append(_make_block(self._open))
        self._starts.append(start)
        self._open = []
        self._open_characters = 0

    def _drop_oldest(self) -> None:
        """Drop the oldest blocks until lines and characters are below their caps."""
        blocks = lines = characters = 0
        for block in self._blocks:
            if len(self) - lines <= self.cap and self._characters - characters <= self.cap_characters:
                break
            blocks += 1
            lines += block.line_count
            characters += len(block.text) - block.line_count + 1
        if not lines:
            return
        del self._blocks[:blocks], self._starts[:blocks]
        for column in self._columns:
            del column[:lines]
        self._characters -= characters
        self.first += lines
        if len(self._request_ids) > 2 * len(self) + BLOCK_LINES:
            kept = set(self._invocations)
            self._request_ids = {key: value for key, value in self._request_ids.items() if key in kept}


def _are_in_order(timestamps_ms: Sequence[int], ingestions_ms: Sequence[int]) -> bool:
    next_ms = timestamps_ms[1:]
    if any(map(gt, timestamps_ms, next_ms)):
        return False
    equal = map(eq, timestamps_ms, next_ms)
    return not any(compress(map(gt, ingestions_ms, ingestions_ms[1:]), equal))


def _make_block(lines: Sequence[str]) -> Block:
    offsets = array("I", accumulate([len(line) + 1 for line in lines], initial=0))
    return Block(SEPARATOR.join(lines), offsets)


def _insert_values(column: "array[int]", values: Sequence[int], places: Sequence[int]) -> None:
    """Put each value before the one at its place; places are those before any is inserted, and ascend."""
    start = done = places[0]
    tail = column[start:]
    del column[start:]
    for value, place in zip(values, places, strict=True):
        if place > done:
            column.extend(tail[done - start : place - start])
            done = place
        column.append(value)
    column.extend(tail[done - start :])
