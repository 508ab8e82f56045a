"""RollingFile, records on disk of which the oldest go first."""

import errno
import os
import tempfile
import threading
from collections import deque
from pathlib import Path
from typing import IO, NamedTuple

from lambdadesk.store.files import make_private

SEGMENT_BYTES = 16_000_000


class Record(NamedTuple):
    """Where a record is: in which segment (they count from 0), where in it, and how many bytes."""

    segment: int
    offset: int
    size: int


class RollingFile:
    """Files without a name in a private folder: they are gone with the process, however it ends.

    All calls block; they may come from several threads. OSError: the disk is full or gone; then what was
    written before can still be read, and the next record may go better.
    """

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._segments: deque[IO[bytes]] = deque()
        self._dropped = 0  # segments
        self._size = 0  # of the last segment
        self._is_closed = False
        self._lock = threading.Lock()
        self.bytes = 0  # on disk

    @property
    def first_segment(self) -> int:
        """The oldest one that is still there."""
        return self._dropped

    def append(self, data: bytes) -> Record:
        with self._lock:
            if self._is_closed:  # meanwhile, by another thread: a file that is opened now would not be closed
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            if not self._segments or self._size >= self._segment_bytes:
                self._segments.append(self._open())
                self._size = 0
            file, offset = self._segments[-1], self._size
            try:
                file.seek(offset)
                rest = memoryview(data)
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                file.truncate(offset)
                raise
            self._size += len(data)
            self.bytes += len(data)
            return Record(self._dropped + len(self._segments) - 1, offset, len(data))

    def _open(self) -> IO[bytes]:
        make_private(self._folder)
        return tempfile.TemporaryFile(buffering=0, dir=self._folder)

    def read(self, record: Record) -> bytes:
        """The record's bytes; empty where it was dropped meanwhile."""
        with self._lock:
            at = record.segment - self._dropped
            if not 0 <= at < len(self._segments):
                return b""
            file = self._segments[at]
            file.seek(record.offset)
            data = file.read(record.size)
        if len(data) != record.size:  # else what is lost would be taken for what was dropped
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return data

    def drop_oldest(self) -> None:
        """Give up the oldest segment, but never the one that is written to."""
        with self._lock:
            if len(self._segments) < 2:
                return
            file = self._segments.popleft()
            self._dropped += 1
            self.bytes -= os.fstat(file.fileno()).st_size
            file.close()

    def close(self) -> None:
        """Give up everything."""
        with self._lock:
            self._is_closed = True
            for file in self._segments:
                file.close()
            self._dropped += len(self._segments)
            self._segments.clear()
            self.bytes = 0
