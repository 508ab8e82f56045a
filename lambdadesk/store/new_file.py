"""NewFile, a file that is written piece by piece and is there only once it is whole."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path


class NewFile:
    """Replaces a file in one step when it is finished; until then the old one stays (blocking, OSError).

    The file is readable by the owner only (0600).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        descriptor, self._name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        self._file = os.fdopen(descriptor, "wb")

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def finish(self) -> None:
        """Put it in its place."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(self._name, self.path)

    def abandon(self) -> None:
        """Leave nothing behind; harmless after `finish`."""
        with suppress(OSError):  # a full disk can't be flushed to
            self._file.close()
        with suppress(FileNotFoundError):
            os.unlink(self._name)
