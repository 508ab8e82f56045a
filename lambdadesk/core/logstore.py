"""LogStore, the lines of one log tail in order, small enough to hold a million."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from itertools import accumulate, compress
from operator import eq, gt, itemgetter
from typing import NamedTuple

from lambdadesk.core.event import Event
from lambdadesk.core.log_block import Block, make_block, with_lines
from lambdadesk.core.log_piece import TYPECODES, LogPiece
from lambdadesk.core.many_numbers import picked, put_in
from lambdadesk.core.request_ids import RequestIds

CAP_LINES = 1_000_000
CAP_CHARACTERS = 256_000_000
BLOCK_LINES = 4_096
BLOCK_CHARACTERS = 1_000_000


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


def _are_in_order(timestamps_ms: Sequence[int], ingestions_ms: Sequence[int]) -> bool:
    next_ms = timestamps_ms[1:]
    if any(map(gt, timestamps_ms, next_ms)):
        return False
    equal = map(eq, timestamps_ms, next_ms)
    return not any(compress(map(gt, ingestions_ms, ingestions_ms[1:]), equal))


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
        # Called with the oldest lines when they are dropped, and with None when all are forgotten.
        self.keep: Callable[[LogPiece | None], None] | None = None
        self._reset()

    def _reset(self) -> None:
        self.first = 0  # lines dropped so far, and so the number of the oldest one kept
        self._columns: tuple[array[int], ...] = tuple(map(array, TYPECODES))
        self._timestamps, self._ingestions, self._streams, *rest = self._columns
        self._kinds, self._levels, self._invocations, self._lates = rest
        self._stream_names: list[str] = []
        self._stream_numbers: dict[str, int] = {}
        self._request_ids = RequestIds()  # by invocation
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

        Rows that are newer than all others are appended; the blocks that late ones fall into are made anew.
        """
        if not rows:
            return self.end
        rows = sorted(rows, key=_by_time)
        changed = end = self.end
        places = []  # of the late rows, as the lines are numbered before
        for row in rows:
            place = self._place(row.timestamp_ms, row.ingestion_ms)
            if place == end:
                break
            places.append(place)
        if places:
            changed = places[0]
            self._insert(places, rows[: len(places)])
        if len(places) < len(rows):
            self._append(rows[len(places) :])
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
        # An array takes an array, or what a list becomes one from, in half the time that a list takes.
        self._timestamps.extend(array("q", timestamps_ms))
        self._ingestions.extend(array("q", ingestions_ms))
        self._streams.extend(array("I", self._get_numbers(streams)))
        self._kinds.frombytes(kinds)
        self._levels.frombytes(levels)
        self._invocations.extend(array("i", invocations))
        self._lates.frombytes(lates)
        self._request_ids.put(request_ids.items())
        self._append_texts(messages)
        self._drop_oldest()
        self.changed.emit(max(changed, self.first))
        return max(changed, self.first)

    def clear(self) -> None:
        """Forget every line; the next one has number 0."""
        self._reset()
        if self.keep is not None:
            self.keep(None)
        self.changed.emit(0)

    def snapshot(self) -> "LogStore":
        """The store as it is now, for another thread to read; the blocks of text are shared."""
        frozen = LogStore(self.cap, self.cap_characters)
        frozen.first = self.first
        for mine, theirs in zip(self._columns, frozen._columns, strict=True):
            theirs.extend(mine)
        frozen._stream_names = list(self._stream_names)
        frozen._request_ids = self._request_ids.copy()
        frozen._blocks, frozen._starts = list(self._blocks), list(self._starts)
        frozen._open = list(self._open)
        return frozen

    @classmethod
    def of_piece(cls, piece: LogPiece) -> "LogStore":
        """A store of these lines alone, with the numbers that they had."""
        store = cls(max(1, piece.line_count), CAP_CHARACTERS)
        store.first = piece.first
        for mine, theirs in zip(store._columns, piece.columns, strict=True):
            mine.extend(theirs)
        store._stream_names = piece.stream_names
        store._request_ids.put(piece.request_ids.items())
        store._blocks, store._starts = [piece.block], [piece.first]
        return store

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
        return self._blocks[block_number].line(number - self._starts[block_number])

    def timestamp(self, number: int) -> int:
        """Epoch milliseconds, as the function's clock had it."""
        return self._timestamps[self._at(number)]

    def ingestion(self, number: int) -> int:
        """Epoch milliseconds at which CloudWatch had the line; 0 where that isn't known."""
        return self._ingestions[self._at(number)]

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

    def invocations_of(self, numbers: "array[int]") -> Sequence[int]:
        """The invocations of these lines, whose numbers ascend."""
        if not numbers:
            return ()
        low, high = numbers[0], numbers[-1]
        if high - low + 1 == len(numbers):
            return self.invocations(low, high + 1)
        return picked(self._invocations, numbers, self.first)

    def streams(self, start: int, stop: int) -> "array[int]":
        """Where in `stream_names` those of the lines from number start to stop (exclusive) are."""
        return self._streams[start - self.first : stop - self.first]

    @property
    def stream_names(self) -> Sequence[str]:
        return self._stream_names

    def number_at(self, timestamp_ms: int) -> int:
        """The number of the first line at that time or later, `end` if there is none."""
        return self.first + bisect_left(self._timestamps, timestamp_ms)

    def error_count(self, start: int, stop: int) -> int:
        """How many of the lines from number start to stop (exclusive) are errors."""
        return self._levels[start - self.first : stop - self.first].tobytes().count(Level.ERROR)

    def get_request_id(self, invocation: int) -> str:
        """The request id of an invocation, empty where it isn't known."""
        return self._request_ids.get(invocation)

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

    def _insert(self, places: Sequence[int], rows: Sequence[LogRow]) -> None:
        """Put late rows before the lines with these (ascending) numbers; only their blocks are made anew."""
        cuts = [place - self.first for place in places]
        for column, values in zip(self._columns, self._values_of(rows), strict=True):
            put_in(column, cuts, values)
        stop = len(places)
        open_start = self._starts[-1] + self._blocks[-1].line_count if self._blocks else self.first
        while stop and places[stop - 1] >= open_start:
            stop -= 1
        for place, row in zip(reversed(places[stop:]), reversed(rows[stop:]), strict=True):
            self._open.insert(place - open_start, row.message)
            self._open_characters += len(row.message)
        self._characters += sum(len(row.message) for row in rows)
        while stop:
            number = bisect_right(self._starts, places[stop - 1]) - 1
            start = bisect_left(places, self._starts[number], 0, stop)
            first = self._starts[number]
            block = with_lines(
                self._blocks[number],
                [place - first for place in places[start:stop]],
                [row.message for row in rows[start:stop]],
            )
            is_large = block.line_count >= 2 * self._block_lines or block.offsets[-1] >= 2 * BLOCK_CHARACTERS
            self._blocks[number : number + 1] = self._blocks_of(block.lines()) if is_large else [block]
            stop = start
        counts = (block.line_count for block in self._blocks)
        self._starts = list(accumulate(counts, initial=self.first))[:-1]
        self._close_full()

    def _blocks_of(self, lines: list[str]) -> list[Block]:
        """One block, or several where the lines have become twice as many as one has."""
        if len(lines) < 2 * self._block_lines and sum(map(len, lines)) < 2 * BLOCK_CHARACTERS:
            return [make_block(lines)]
        if len(lines) == 1:
            return [make_block(lines)]
        middle = len(lines) // 2
        return [*self._blocks_of(lines[:middle]), *self._blocks_of(lines[middle:])]

    def _values_of(self, rows: Sequence[LogRow]) -> tuple[Sequence[int], ...]:
        """The columns of new rows; their streams and request ids are noted."""
        timestamps, ingestions, streams, _texts, kinds, levels, invocations, lates, request_ids = zip(
            *rows, strict=True
        )
        self._request_ids.put(set(zip(invocations, request_ids, strict=True)))
        return timestamps, ingestions, self._get_numbers(streams), kinds, levels, invocations, lates

    def _get_numbers(self, streams: Sequence[str]) -> list[int]:
        for name in set(streams).difference(self._stream_numbers):
            self._stream_numbers[name] = len(self._stream_names)
            self._stream_names.append(name)
        return list(map(self._stream_numbers.__getitem__, streams))

    def _append(self, rows: Sequence[LogRow]) -> None:
        for column, values in zip(self._columns, self._values_of(rows), strict=True):
            column.extend(values)
        self._append_texts([row.message for row in rows])

    def _append_texts(self, messages: Sequence[str]) -> None:
        characters = sum(map(len, messages))
        self._characters += characters
        if self._open_characters + characters < BLOCK_CHARACTERS:  # then lines alone fill blocks
            start = 0
            while start < len(messages):
                stop = start + max(1, self._block_lines - len(self._open))
                added = messages[start:stop]
                self._open += added
                self._open_characters += sum(map(len, added))
                start = stop
                self._close_full()
            return
        for message in messages:
            self._open.append(message)
            self._open_characters += len(message)
            self._close_full()

    def _close_full(self) -> None:
        if len(self._open) >= self._block_lines or self._open_characters >= BLOCK_CHARACTERS:
            self._close_block()

    def _close_block(self) -> None:
        start = self._starts[-1] + self._blocks[-1].line_count if self._blocks else self.first
        self._blocks.append(make_block(self._open))
        self._starts.append(start)
        self._open = []
        self._open_characters = 0

    def _drop_oldest(self) -> None:
        """Drop the oldest blocks until lines and characters are below their caps."""
        blocks = lines = characters = 0
        for block in self._blocks:
            if len(self) - lines <= self.cap and self._characters - characters <= self.cap_characters:
                break
            if self.keep is not None:
                self.keep(self._piece(lines, block))
            blocks += 1
            lines += block.line_count
            characters += block.offsets[-1] - block.line_count
        if not lines:
            return
        del self._blocks[:blocks], self._starts[:blocks]
        for column in self._columns:
            del column[:lines]
        self._characters -= characters
        self.first += lines
        if len(self._request_ids) > 2 * len(self) + BLOCK_LINES:
            kept = min((each for each in self._invocations if each >= 0), default=0)
            self._request_ids.forget(kept)

    def _piece(self, at: int, block: Block) -> LogPiece:
        columns = tuple(column[at : at + block.line_count] for column in self._columns)
        runs = set(columns[-2])
        ids = {run: name for run in runs if (name := self.get_request_id(run))}
        return LogPiece(self.first + at, block, columns, self._stream_names, ids)
