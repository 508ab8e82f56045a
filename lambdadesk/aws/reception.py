"""Reception, a streamed response while it comes."""

import asyncio
import threading
from collections.abc import Callable
from typing import Final

KEPT_BYTES: Final = 6 * 1024 * 1024  # of a response that may have 200 MB; as much as a plain one may have
_BATCH_S: Final = 0.05

OnChunk = Callable[[bytes, int], None]


class Reception:
    """Takes the chunks of one response from the thread that reads them, and tells of them on the loop.

    on_chunk: called on the loop, at most 20 times a second, with what came since (bytes that are kept) and
    with how many bytes came in all. sink: called in the thread with every chunk, kept or not; never raises.
    Memory is bounded: the first KEPT_BYTES are kept, the others counted. Made on the loop, unless nobody is
    told.
    """

    def __init__(self, on_chunk: OnChunk | None = None, sink: Callable[[bytes], None] | None = None) -> None:
        self.request_id = ""
        self.content_type = ""
        self.executed_version = ""
        self.status_code = 0  # 0: no answer yet
        self.is_stopped = False  # nobody waits any more
        self.total_bytes = 0
        self._on_chunk = on_chunk
        self._sink = sink
        self._kept = bytearray()
        self._told_bytes = 0
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop() if on_chunk is not None else None
        self._is_due = False

    @property
    def kept(self) -> bytes:
        """What is kept of the response so far."""
        with self._lock:
            return bytes(self._kept)

    def take(self, chunk: bytes) -> None:
        """Add a chunk; called in the thread."""
        with self._lock:
            self.total_bytes += len(chunk)
            self._kept += chunk[: KEPT_BYTES - len(self._kept)]
            must_call, self._is_due = not self._is_due, True
        if must_call and self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._loop.call_later, _BATCH_S, self.tell)
            except RuntimeError:
                self.is_stopped = True  # the loop has gone
        if self._sink is not None:
            self._sink(chunk)

    def tell(self) -> None:
        """Tell what came since the last time; called on the loop."""
        with self._lock:
            self._is_due = False
            if self._told_bytes == self.total_bytes:
                return
            fresh = bytes(self._kept[min(self._told_bytes, KEPT_BYTES) :])
            self._told_bytes = total_bytes = self.total_bytes
        if self._on_chunk is not None:
            self._on_chunk(fresh, total_bytes)

    def close(self) -> None:
        """Tell the rest and nothing more; a thread that still reads ends at its next chunk."""
        self.tell()
        self.is_stopped = True
        self._on_chunk = None
