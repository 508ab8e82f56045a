"""ResponseFile, where a streamed response is saved while it comes, however large it is."""

import threading
from pathlib import Path
from typing import BinaryIO


class ResponseFile:
    """Made anew with the first bytes; a failure ends the saving, not the run.

    `write` is called in the thread that reads the response, `close` from elsewhere.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.saved_bytes = 0
        self.error = ""
        self._file: BinaryIO | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        """Add bytes; never raises."""
        with self._lock:
            if self._is_closed or self.error:
                return
            try:
                if self._file is None:
                    self._file = self.path.open("wb")
                self._file.write(data)
            except OSError as error:
                self.error = error.strerror or str(error)
            else:
                self.saved_bytes += len(data)

    def close(self) -> None:
        """Write the rest and close the file; what comes later is dropped. Never raises."""
        with self._lock:
            self._is_closed = True
            if self._file is None:
                return
            try:
                self._file.close()
            except OSError as error:
                self.error = self.error or error.strerror or str(error)
