"""LogArchive, the lines that a tail no longer holds in memory: on disk, and still filtered."""

import asyncio
import errno
import os
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.event import Event
from lambdadesk.core.log_piece import LogPiece
from lambdadesk.core.logfilter import Filter, TimeTerm
from lambdadesk.core.logstore import LogStore
from lambdadesk.core.threads import in_thread
from lambdadesk.store.files import storage_error
from lambdadesk.store.rolling_file import Record, RollingFile

T = TypeVar("T")

CAP_LINES = 10_000_000
CAP_BYTES = 3_000_000_000  # as they are on disk, a quarter of their text
MOST_WAITING = 64  # pieces: what a disk that is too slow may hold up in memory
_PATIENCE_S = 5.0
_AT_ONCE = 8  # pieces looked at before anybody is told


@dataclass(slots=True, eq=False)
class _Kept:
    """A piece: in memory until it is written."""

    first: int
    count: int
    first_ms: int
    last_ms: int
    piece: LogPiece | None
    record: Record | None = None


class Tally:
    """How many of an archive's lines a filter leaves, by what was counted of it (see `LogArchive.count`).

    looked_at: how many lines were looked at; found: how many of these are wanted. Lines that have gone
    meanwhile are taken off by the next count.
    """

    def __init__(self, wanted: Filter) -> None:
        self.wanted = wanted
        self.looked_at = 0
        self.found = 0
        self._counts: dict[_Kept, int] = {}  # by piece

    def is_without(self, kept: _Kept) -> bool:
        """Whether nothing that is wanted is in a piece, as far as is known."""
        return self._counts.get(kept) == 0

    def left_of(self, every: Iterable[_Kept]) -> list[_Kept]:
        """The pieces that are not counted yet, the newest first; forgets those that are not among these."""
        here = dict.fromkeys(every)
        for kept in [kept for kept in self._counts if kept not in here]:
            self.looked_at -= kept.count
            self.found -= self._counts.pop(kept)
        return [kept for kept in reversed(here) if kept not in self._counts]

    def add(self, part: Sequence[_Kept], counts: Sequence[int]) -> None:
        self._counts.update(zip(part, counts, strict=True))
        self.looked_at += sum(kept.count for kept in part)
        self.found += sum(counts)


class LogArchive:
    """Takes in what a store drops to stay below its cap, oldest first; bounded itself.

    Line numbers are those that the store had; between two that are here others may be missing (see `lost`).

    lost, lost_to_ms: how many older lines are gone for good, and up to when: there were too many, or the disk
    did not take them. error: why the disk takes none at the moment.
    folder: where the file is; it has no name, so that nothing of it is left however the process ends.

    Event changed: after any of these, or the number of lines, changed.
    """

    def __init__(
        self, store: LogStore, folder: Path, *, cap_lines: int = CAP_LINES, cap_bytes: int = CAP_BYTES
    ) -> None:
        self.changed: Event[[]] = Event()
        self.lost = 0
        self.lost_to_ms = 0
        self.error: UserError | None = None
        self._folder = folder
        self._file = RollingFile(folder)
        self._cap_lines = cap_lines
        self._cap_bytes = cap_bytes
        self._kept: deque[_Kept] = deque()
        self._waiting: deque[_Kept] = deque()
        self._count = 0
        self._woken = asyncio.Event()
        self._written = asyncio.Event()
        self._store = store
        store.keep = self._take

    def __len__(self) -> int:
        """How many lines are here."""
        return self._count

    @property
    def from_ms(self) -> int:
        """The timestamp of the oldest line here; 0 where there is none."""
        return self._kept[0].first_ms if self._kept else 0

    @property
    def to_ms(self) -> int:
        """The timestamp of the newest line here; 0 where there is none."""
        return self._kept[-1].last_ms if self._kept else 0

    @property
    def is_settled(self) -> bool:
        """Whether nothing waits to be written."""
        return not self._waiting

    async def run(self) -> None:
        """Write what comes until cancelled; then nothing of it is left on disk."""
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                while self._waiting:
                    await self._write(self._waiting[0])
        finally:
            self._store.keep = None
            self._kept.clear()
            self._waiting.clear()
            self._file.close()

    async def make_room(self) -> None:
        """Wait while much is still to be written; for a disk that does not answer not for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                while len(self._waiting) > MOST_WAITING // 2:
                    self._written.clear()
                    await self._written.wait()

    async def count(self, tally: Tally, tell: Callable[[], None] = lambda: None) -> None:
        """Count what the tally does not know yet, the newest lines first; in a thread.

        tell: called from time to time. It may be cancelled at any time, and called again: what was counted
        stays. UserError (STORAGE).
        """
        while part := tally.left_of(self._kept)[:_AT_ONCE]:
            tally.add(part, await self._read(_count, tally.wanted, part))
            tell()
        tell()

    async def find(
        self,
        wanted: Filter,
        tell: Callable[[int, int], None] = lambda _looked_at, _found: None,
        tally: Tally | None = None,
    ) -> "array[int]":
        """The numbers of the lines here that the filter leaves, ascending; looked at in a thread.

        tell: how many lines were looked at, and how many of them are wanted, from time to time. It may be
        cancelled at any time. tally: what is known of the same filter saves looking. UserError (STORAGE).
        """
        numbers: array[int] = array("q")
        looked_at = 0
        kept = list(self._kept)
        known = tally if tally is not None and tally.wanted == wanted else Tally(wanted)
        for start in range(0, len(kept), _AT_ONCE):
            part = kept[start : start + _AT_ONCE]
            if rest := [each for each in part if not known.is_without(each)]:
                numbers.extend(await self._read(_find, wanted, rest))
            looked_at += sum(each.count for each in part)
            tell(looked_at, len(numbers))
        return numbers

    async def load(self, numbers: Sequence[int]) -> LogStore:
        """A store with these lines (ascending), as far as they are still here. UserError (STORAGE)."""
        kept = list(self._kept)
        starts = [each.first for each in kept]
        parts: list[tuple[_Kept, Sequence[int]]] = []
        at = 0
        while at < len(numbers):
            place = bisect_right(starts, numbers[at]) - 1
            stop = bisect_left(numbers, starts[place + 1], at) if place + 1 < len(kept) else len(numbers)
            if place >= 0:
                parts.append((kept[place], numbers[at:stop]))
            at = stop
        return await self._read(_load, parts)

    def numbers_before(self, number: int, count: int) -> "array[int]":
        """The last `count` lines here before a number, ascending."""
        numbers: list[int] = []
        for each in reversed(self._kept):
            stop = min(number, each.first + each.count)
            if stop > each.first:
                numbers[:0] = range(max(each.first, stop - count + len(numbers)), stop)
            if len(numbers) >= count:
                break
        return array("q", numbers)

    def numbers_from(self, number: int, count: int) -> "array[int]":
        """The first `count` lines here from a number on, ascending."""
        numbers: list[int] = []
        for each in self._kept:
            start = max(number, each.first)
            numbers += range(start, min(each.first + each.count, start + count - len(numbers)))
            if len(numbers) >= count:
                break
        return array("q", numbers)

    # -- what comes and goes

    def _take(self, piece: LogPiece | None) -> None:
        """Called by the store: with what it drops, and with None when it forgets all."""
        if piece is None:
            self._forget()
            return
        times = piece.columns[0]
        kept = _Kept(piece.first, piece.line_count, times[0], times[-1], piece)
        self._kept.append(kept)
        self._waiting.append(kept)
        self._count += kept.count
        while len(self._waiting) > MOST_WAITING:  # the first one is being written
            late = self._waiting[1]
            del self._waiting[1]
            self._lose(late)
        self._woken.set()
        self.changed.emit()

    def _forget(self) -> None:
        self._kept.clear()
        self._waiting.clear()
        self._written.set()
        self._file.close()
        self._file = RollingFile(self._folder)
        self._count = self.lost = self.lost_to_ms = 0
        self.changed.emit()

    def _lose(self, kept: _Kept) -> None:
        self._kept.remove(kept)
        self._count -= kept.count
        self.lost += kept.count
        self.lost_to_ms = max(self.lost_to_ms, kept.last_ms)

    async def _write(self, kept: _Kept) -> None:
        file, piece = self._file, kept.piece
        if piece is None:
            return
        try:
            record = await in_thread(_append, file, piece)
        except OSError as error:
            failure: UserError | None = storage_error("Older log lines", error, self._folder)
            record = None
        else:
            failure = None
        if not self._waiting or self._waiting[0] is not kept:  # they were forgotten meanwhile
            return
        self._waiting.popleft()
        self._written.set()
        self.error = failure
        if record is None:
            self._lose(kept)
        else:
            kept.record, kept.piece = record, None
            self._drop_oldest()
        self.changed.emit()

    def _drop_oldest(self) -> None:
        """Stay below the caps, by whole files."""
        while len(self._kept) > 1 and (self._count > self._cap_lines or self._file.bytes > self._cap_bytes):
            before = self._file.first_segment
            self._file.drop_oldest()
            if self._file.first_segment == before:
                return
            while self._kept and (record := self._kept[0].record) and record.segment == before:
                self._lose(self._kept[0])

    async def _read(self, call: Callable[..., T], *args: object) -> T:
        try:
            return await in_thread(call, self._file, *args)
        except OSError as error:
            raise UserError(
                f"Older log lines can't be read from the disk: {error.strerror or error}.",
                "Try it again; newer lines are in memory.",
                kind=ErrorKind.STORAGE,
                details=str(self._folder),
            ) from error


def _append(file: RollingFile, piece: LogPiece) -> Record:
    return file.append(piece.to_bytes())


def _store_of(file: RollingFile, kept: _Kept) -> LogStore | None:
    """The lines of a piece, None where it has gone meanwhile."""
    piece, record = kept.piece, kept.record
    if piece is None and record is not None and (data := file.read(record)):
        try:
            piece = LogPiece.from_bytes(data)
        except ValueError as error:  # the disk does not give what it was given
            raise OSError(errno.EIO, os.strerror(errno.EIO)) from error
    return None if piece is None else LogStore.of_piece(piece)


def _find(file: RollingFile, wanted: Filter, part: Sequence[_Kept]) -> list[int]:
    found: list[int] = []
    for kept in part:
        found.extend(_find_in(file, wanted, kept))
    return found


def _count(file: RollingFile, wanted: Filter, part: Sequence[_Kept]) -> list[int]:
    return [len(_find_in(file, wanted, kept)) for kept in part]


def _find_in(file: RollingFile, wanted: Filter, kept: _Kept) -> Sequence[int]:
    for term in wanted.terms:
        if isinstance(term, TimeTerm) and not (kept.first_ms < term.end_ms and term.start_ms <= kept.last_ms):
            return ()
    store = _store_of(file, kept)
    return () if store is None else wanted.find(store, store.first, store.end)


def _load(file: RollingFile, parts: Sequence[tuple[_Kept, Sequence[int]]]) -> LogStore:
    count = sum(len(numbers) for _, numbers in parts)
    loaded = LogStore(max(1, count))
    for kept, numbers in parts:
        store = _store_of(file, kept)
        if store is not None:
            stop = store.end
            loaded.add([store.row(number) for number in numbers if number < stop])
    return loaded
